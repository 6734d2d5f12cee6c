"""Endless training scenes for the finder: photos at every scale, faces pasted in, covers drawn on.

Each scene is a function of its number alone: a stopped training goes on with exactly the scenes it missed.
Covers that the data hardly holds (balaclavas, helmets with visors, scarves, hands, printed masks) are drawn
from the landmarks; coarse ones, since the finder must only learn that a covered head is still a face.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.common import Grey
from models.training.find.camera import as_a_camera
from models.training.find.covers import cover_face
from models.training.find.data import (
    BARE,
    COVERED,
    FACE,
    IGNORED,
    Boxes,
    Marks,
    Picture,
    may_hide_a_face,
    overlap,
)
from models.training.find.net import HEIGHT, WIDTH
from models.training.find.patterns import blend, pattern, soft_edge

_PHOTOS = 0.36
"""Share of scenes that show a whole photo or scene picture."""

_SWAP = np.array([2, 3, 0, 1, 4, 5, 8, 9, 6, 7])
"""Landmark columns after a left-right flip."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A grey picture, and of each face in it box, landmarks and cover."""

    grey: Grey
    boxes: Boxes
    marks: Marks
    covers: NDArray[np.int8]


class Scenes:
    """Scenes from the given pictures. `scene(n)` is 240 x 320 grey with boxes, landmarks and covers."""

    def __init__(self, pictures: Sequence[Picture], seed: int, hard: Sequence[Picture] = ()) -> None:
        self._hard = list(hard)
        self._seed = seed
        self._photos = [p for p in pictures if p.kind == "photo" and (p.covers != IGNORED).any()]
        self._seen = [p for p in pictures if p.kind == "scene" and (p.covers != IGNORED).any()]
        self._backs = [p for p in pictures if p.kind == "negative" and not len(p.boxes)]
        self._backs += [p for p in pictures if p.kind == "scene" and (len(p.boxes) or not may_hide_a_face(p))]
        tiles = [
            p for p in pictures if p.kind in ("crop", "identity") and len(p.boxes) and p.covers[0] != IGNORED
        ]
        bare = [
            p for p in tiles if p.label in ("uncovered", "helmet_open") and not np.isnan(p.marks[:1]).any()
        ]
        self._bare = [p for p in bare if p.kind == "crop"]
        self._people = [p for p in bare if p.kind == "identity"]
        rare = ("helmet_full", "scarf_other", "hand", "mask_improper")
        self._masked = [p for p in tiles if p.label in ("mask", "synthetic_mask")]
        self._dark = [p for p in tiles if p.label == "sunglasses"]
        self._rare = [p for p in tiles if p.label in rare]

    def scene(self, number: int) -> Scene:
        """Scene `number` of this seed."""
        rng = np.random.default_rng((self._seed, number))
        kind = rng.random()
        if kind < 0.30 and self._photos:
            made = self._from_photo(rng, self._photos)
        elif kind < _PHOTOS and self._seen:
            made = self._from_photo(rng, self._seen)
        elif kind < 0.51:
            made = self._alone(rng)
        elif kind < 0.68:
            made = self._free_alone(rng)
        elif kind < 0.88:
            made = self._pasted(rng)
        else:
            made = self._background(rng, clutter=True)
        if kind < _PHOTOS and made.grey.shape == (HEIGHT, WIDTH) and rng.random() < 0.4:
            made = self._paste(made, int(rng.integers(1, 5)), rng)
        boxes, marks, covers = _clipped(made.boxes, made.marks, made.covers)
        seen = np.zeros((HEIGHT, WIDTH), np.uint8)
        height, width = made.grey.shape
        seen[:height, :width] = made.grey
        seen = as_a_camera(seen, rng)
        # No camera's noise lies on what is beside the picture.
        seen[height:] = 0
        seen[:, width:] = 0
        return Scene(seen, boxes, marks, covers)

    def _from_photo(self, rng: np.random.Generator, photos: list[Picture]) -> Scene:
        photo = photos[rng.integers(len(photos))]
        faces = np.flatnonzero(photo.covers != IGNORED)
        i = faces[rng.integers(len(faces))]
        if rng.random() < 0.25:
            i = faces[np.argmax(photo.boxes[faces, 2] * photo.boxes[faces, 3])]
        x, y, w, h = photo.boxes[i]
        wanted = _size(rng)
        k = float(np.clip(wanted / np.sqrt(w * h), 0.12, 3.5 if photo.kind == "photo" else 2.2))
        angle = _turn(rng)
        stretch = np.exp(rng.normal(0, 0.05))
        cos, sin = np.cos(angle) * k, np.sin(angle) * k
        matrix = np.array([[cos * stretch, -sin, 0.0], [sin, cos / stretch, 0.0]], np.float64)
        flip = rng.random() < 0.5
        if flip:
            matrix = matrix @ np.array([[-1.0, 0, photo.grey.shape[1] - 1.0], [0, 1, 0], [0, 0, 1]])
        centre = matrix[:, :2] @ np.array([x + w / 2, y + h / 2]) + matrix[:, 2]
        # Anywhere, also cut by the edge; most faces stand fully inside.
        margin = -0.15 * wanted if rng.random() < 0.15 else min(0.5 * wanted, 100.0)
        to = np.array([rng.uniform(margin, WIDTH - margin), rng.uniform(margin, HEIGHT - margin)])
        matrix[:, 2] += to - centre
        if rng.random() < 0.6:
            back = self._background(rng, clutter=False, faces=False)
            grey, back_boxes, back_marks, back_covers = back.grey, back.boxes, back.marks, back.covers
        else:
            grey = np.full((HEIGHT, WIDTH), rng.integers(0, 256) if rng.random() < 0.6 else 0, np.uint8)
            back_boxes, back_marks, back_covers = _nothing()
        source = photo.grey
        if k < 0.6:
            # Area first: a plain warp down would alias as no camera does.
            small = cv2.resize(source, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
            matrix_small = matrix.copy()
            matrix_small[:, 0] *= source.shape[1] / small.shape[1]
            matrix_small[:, 1] *= source.shape[0] / small.shape[0]
            source, warp = np.asarray(small, np.uint8), matrix_small
        else:
            warp = matrix
        laid = cv2.warpAffine(
            source, warp, (WIDTH, HEIGHT), dst=grey, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT
        )
        grey = np.asarray(laid, np.uint8)
        boxes, marks = _moved(photo.boxes, photo.marks, matrix, flip)
        covers = photo.covers.copy()
        for j in np.flatnonzero((covers == BARE) | (covers == FACE)):
            if rng.random() < 0.3 and not np.isnan(marks[j]).any() and boxes[j, 2] > 12:
                cover_face(grey, boxes[j], marks[j], rng)
                covers[j] = COVERED
        # What lies under the photo is hidden by it: keep only the background outside.
        corners = np.array(
            [[0, 0], [photo.grey.shape[1], 0], [*photo.grey.shape[::-1]], [0, photo.grey.shape[0]]]
        )
        outline = (corners @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
        free = [
            cv2.pointPolygonTest(outline, (float(b[0] + b[2] / 2), float(b[1] + b[3] / 2)), False) < 0
            for b in back_boxes
        ]
        keep = np.array(free, bool)
        return Scene(
            grey,
            np.concatenate([boxes, back_boxes[keep]]),
            np.concatenate([marks, back_marks[keep]]),
            np.concatenate([covers, back_covers[keep]]),
        )

    def _alone(self, rng: np.random.Generator) -> Scene:
        """A cut about one face as the still path scales it, mostly with hardly any surroundings.

        Half of them were 24 px or a little more before.
        """
        picture = self._tile(rng)
        if self._photos and rng.random() < 0.3:
            picture = self._photos[rng.integers(len(self._photos))]
        faces = np.flatnonzero(picture.covers != IGNORED)
        i = faces[rng.integers(len(faces))]
        x, y, w, h = (float(v) for v in picture.boxes[i])
        height, width = picture.grey.shape
        near = rng.uniform(-0.06, 0.45, 4) if rng.random() < 0.8 else rng.uniform(0.3, 1.5, 4)
        left, top = int(max(0.0, x - near[0] * w)), int(max(0.0, y - near[1] * h))
        right, bottom = int(min(width, x + (1 + near[2]) * w)), int(min(height, y + (1 + near[3]) * h))
        if right - left < 8 or bottom - top < 8:
            return self._pasted(rng)
        part = picture.grey[top:bottom, left:right].copy()
        boxes = picture.boxes - np.array([left, top, 0, 0], np.float32)
        marks = picture.marks - np.tile(np.array([left, top], np.float32), 5)
        covers = picture.covers.copy()
        j = int(i)
        if covers[j] in (BARE, FACE) and not np.isnan(marks[j]).any() and rng.random() < 0.45:
            cover_face(part, boxes[j], marks[j], rng)
            covers[j] = COVERED
        part, boxes, marks = _fitted(part, boxes, marks, rng)
        boxes, marks, covers = _clipped(boxes, marks, covers, part.shape[1], part.shape[0])
        return Scene(part, boxes, marks, covers)

    def _free_alone(self, rng: np.random.Generator) -> Scene:
        """A picture without a face, or a cut of one, shown like `_alone`: else all that lies so is a face."""
        draw = rng.random()
        if draw < 0.1:
            part = pattern(rng)
        else:
            for _ in range(8):
                hard = bool(self._hard) and draw < 0.6
                pool = self._hard if hard else self._backs
                back = pool[rng.integers(len(pool))]
                height, width = back.grey.shape
                side = min(height, width) * rng.uniform(0.8 if hard else 0.3, 1.0)
                h, w = height, width
                if rng.random() < 0.5:
                    h, w = int(min(height, side)), int(min(width, side * rng.uniform(0.6, 1.2)))
                top, left = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
                cut = np.array([[left, top, w, h]], np.float32)
                if not len(back.boxes) or overlap(cut, back.boxes).max() <= 0:
                    break
            else:
                return self._background(rng, clutter=True)
            part = back.grey[top : top + h, left : left + w].copy()
        boxes, marks, covers = _nothing()
        part, boxes, marks = _fitted(part, boxes, marks, rng)
        return Scene(part, boxes, marks, covers)

    def _tile(self, rng: np.random.Generator) -> Picture:
        draw = rng.random()
        if draw < 0.26:
            pool = self._people
        elif draw < 0.46:
            pool = self._bare
        elif draw < 0.72:
            pool = self._masked
        elif draw < 0.84:
            pool = self._dark
        else:
            pool = self._rare
        pool = pool or self._people or self._bare or self._masked
        return pool[rng.integers(len(pool))]

    def _pasted(self, rng: np.random.Generator) -> Scene:
        scene = self._background(rng, clutter=rng.random() < 0.3, faces=False)
        return self._paste(
            scene, int(rng.choice([1, 2, 4, 6, 9, 14], p=[0.22, 0.2, 0.2, 0.15, 0.13, 0.1])), rng
        )

    def _paste(self, scene: Scene, count: int, rng: np.random.Generator) -> Scene:
        """`count` faces (fewer where there is no room) over the scene, clear of the faces it has."""
        grey, boxes, marks, covers = scene.grey, scene.boxes, scene.marks, scene.covers
        all_boxes, all_marks, all_covers = [boxes.copy()], [marks], [covers]
        taken = [
            (float(b[0] + b[2] / 2), float(b[1] + b[3] / 2), 0.7 * float(max(b[2:])), 0.0)
            for b, c in zip(boxes, covers, strict=True)
            if c != IGNORED
        ]
        for _ in range(count):
            tile = self._tile(rng)
            x, y, w, h = tile.boxes[0]
            wanted = _size(rng) if count == 1 else min(_size(rng), 420.0 / np.sqrt(count))
            k = wanted / np.sqrt(max(w * h, 1.0))
            th, tw = tile.grey.shape
            side = 0.5 * k * max(th, tw)
            margin = -0.15 * wanted if rng.random() < 0.15 else min(0.5 * wanted, 110.0)
            for _ in range(6):
                cx, cy = rng.uniform(margin, WIDTH - margin), rng.uniform(margin, HEIGHT - margin)
                if all(max(abs(cx - a) - b, abs(cy - c) - b) > 0.75 * side for a, c, b, _ in taken):
                    break
            else:
                continue
            taken.append((cx, cy, 0.75 * side, 0.0))
            source = tile.grey
            tile_marks, tile_covers = tile.marks, tile.covers.copy()
            if tile_covers[0] == BARE and not np.isnan(tile_marks[0]).any() and rng.random() < 0.35:
                source = source.copy()
                cover_face(source, tile.boxes[0], tile_marks[0], rng)
                tile_covers[0] = COVERED
            angle = _turn(rng)
            stretch = np.exp(rng.normal(0, 0.05))
            cos, sin = np.cos(angle) * k, np.sin(angle) * k
            matrix = np.array([[cos * stretch, -sin, 0.0], [sin, cos / stretch, 0.0]], np.float64)
            flip = rng.random() < 0.5
            if flip:
                matrix = matrix @ np.array([[-1.0, 0, tw - 1.0], [0, 1, 0], [0, 0, 1]])
            centre = matrix[:, :2] @ np.array([x + w / 2, y + h / 2]) + matrix[:, 2]
            matrix[:, 2] += np.array([cx, cy]) - centre
            if k < 0.7:
                small = cv2.resize(source, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
                warp = matrix.copy()
                warp[:, 0] *= tw / small.shape[1]
                warp[:, 1] *= th / small.shape[0]
                source = np.asarray(small, np.uint8)
            else:
                warp = matrix
            mask = soft_edge(source.shape[0], source.shape[1], rng)
            corners = np.array([[0, 0], [tw, 0], [tw, th], [0, th]]) @ matrix[:, :2].T + matrix[:, 2]
            x0, y0 = np.maximum(np.floor(corners.min(0)), 0).astype(int)
            x1, y1 = np.minimum(np.ceil(corners.max(0)), (WIDTH, HEIGHT)).astype(int)
            if x1 <= x0 or y1 <= y0:
                continue
            warp = warp - np.array([[0, 0, x0], [0, 0, y0]])
            moved = cv2.warpAffine(source, warp, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR)
            alpha = cv2.warpAffine(mask, warp, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR)
            grey[y0:y1, x0:x1] = blend(
                np.asarray(moved, np.uint8), grey[y0:y1, x0:x1], np.asarray(alpha, np.uint8)
            )
            boxes, marks = _moved(tile.boxes, tile_marks, matrix, flip)
            # The background's ignored heads under the tile are gone with it.
            for old in range(len(all_boxes[0])):
                bx, by, bw, bh = all_boxes[0][old]
                if abs(bx + bw / 2 - cx) < 0.5 * side and abs(by + bh / 2 - cy) < 0.5 * side:
                    all_boxes[0][old, 2:] = 0.0
            all_boxes.append(boxes)
            all_marks.append(marks)
            all_covers.append(tile_covers)
        return Scene(grey, np.concatenate(all_boxes), np.concatenate(all_marks), np.concatenate(all_covers))

    def _background(self, rng: np.random.Generator, clutter: bool, faces: bool = True) -> Scene:
        if rng.random() < 0.12:
            grey = pattern(rng)
            boxes, marks, covers = _nothing()
        else:
            for _ in range(8):
                pool = self._hard if self._hard and rng.random() < 0.3 else self._backs
                back = pool[rng.integers(len(pool))]
                if faces or not (back.covers != IGNORED).any():
                    break
            height, width = back.grey.shape
            least = max(WIDTH / width, HEIGHT / height)
            k = least * float(np.exp(rng.uniform(0.0, 1.0 if clutter else 0.6)))
            if rng.random() < 0.3:
                k = least
            left, top = rng.uniform(0, width - WIDTH / k + 1e-3), rng.uniform(0, height - HEIGHT / k + 1e-3)
            flip = rng.random() < 0.5
            matrix = np.array([[k, 0, -left * k], [0, k, -top * k]])
            if flip:
                matrix = np.array([[-k, 0, WIDTH - 1 + left * k], [0, k, -top * k]])
            source, warp = back.grey, matrix
            if k < 0.7:
                smaller = cv2.resize(back.grey, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
                source = np.asarray(smaller, np.uint8)
                warp = matrix.copy()
                warp[:, 0] *= width / source.shape[1]
                warp[:, 1] *= height / source.shape[0]
            moved = cv2.warpAffine(
                source, warp, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
            )
            grey = np.asarray(moved, np.uint8)
            boxes, marks = _moved(back.boxes, back.marks, matrix, flip)
            covers = back.covers
        if clutter:
            for _ in range(rng.integers(0, 6)):
                self._decoy(grey, boxes, rng)
        return Scene(grey, boxes, marks, covers)

    def _decoy(self, grey: Grey, boxes: Boxes, rng: np.random.Generator) -> None:
        """Something face-sized that is none: a scrambled face, a pattern, a piece of another picture."""
        size = int(_size(rng) * rng.uniform(0.8, 1.4))
        w, h = max(8, int(size * np.exp(rng.normal(0, 0.25)))), max(8, size)
        x, y = int(rng.integers(-w // 3, WIDTH - w // 2)), int(rng.integers(-h // 3, HEIGHT - h // 2))
        for bx, by, bw, bh in boxes:
            if x < bx + bw and bx < x + w and y < by + bh and by < y + h:
                return
        draw = rng.random()
        if draw < 0.12:
            # Small pieces only: a half of a face in the wrong place still looks like one cut by an edge.
            patch = self._tile(rng).grey
            ph, pw = patch.shape[0] // 4, patch.shape[1] // 4
            if ph < 3 or pw < 3:
                return
            pieces = [patch[i * ph : (i + 1) * ph, j * pw : (j + 1) * pw] for i in range(4) for j in range(4)]
            order = rng.permutation(16)
            patch = np.vstack([np.hstack([pieces[order[i * 4 + j]] for j in range(4)]) for i in range(4)])
        elif draw < 0.5:
            patch = pattern(rng)
        else:
            pool = self._hard if self._hard and rng.random() < 0.5 else self._backs
            back = pool[rng.integers(len(pool))]
            bh, bw = back.grey.shape
            cut_h, cut_w = int(bh * rng.uniform(0.2, 0.8)), int(bw * rng.uniform(0.2, 0.8))
            top, left = rng.integers(0, bh - cut_h), rng.integers(0, bw - cut_w)
            cut = np.array([[left, top, cut_w, cut_h]], np.float32)
            if len(back.boxes) and overlap(cut, back.boxes).max() > 0:
                return
            patch = back.grey[top : top + cut_h, left : left + cut_w]
        patch = np.asarray(cv2.resize(patch, (w, h), interpolation=cv2.INTER_AREA), np.uint8)
        x0, y0, x1, y1 = max(0, x), max(0, y), min(WIDTH, x + w), min(HEIGHT, y + h)
        if x1 <= x0 or y1 <= y0:
            return
        mask = soft_edge(h, w, rng)[y0 - y : y1 - y, x0 - x : x1 - x]
        grey[y0:y1, x0:x1] = blend(patch[y0 - y : y1 - y, x0 - x : x1 - x], grey[y0:y1, x0:x1], mask)


def _size(rng: np.random.Generator) -> float:
    """Face size in pixels: log-uniform, so that every octave is learnt alike."""
    return float(np.exp(rng.uniform(np.log(13.0), np.log(250.0))))


def _turn(rng: np.random.Generator) -> float:
    """Radians by which a head leans; one in five leans far."""
    return float(np.deg2rad(rng.normal(0, 26.0 if rng.random() < 0.2 else 8.0)))


def _fitted(part: Grey, boxes: Boxes, marks: Marks, rng: np.random.Generator) -> tuple[Grey, Boxes, Marks]:
    """The picture, half of the time made small first, scaled to fit the network's input or smaller."""
    longest = max(part.shape)
    if longest > 32 and rng.random() < 0.5:
        k = float(np.exp(rng.uniform(np.log(24.0 / longest), 0.0)))
        part = np.asarray(cv2.resize(part, None, fx=k, fy=k, interpolation=cv2.INTER_AREA), np.uint8)
        boxes, marks = boxes * np.float32(k), marks * np.float32(k)
    k = min(WIDTH / part.shape[1], HEIGHT / part.shape[0], 3.0)
    if rng.random() < 0.35:
        k *= float(rng.uniform(0.35, 1.0))
    method = cv2.INTER_AREA if k < 1 else cv2.INTER_LINEAR
    size = (min(WIDTH, max(1, round(part.shape[1] * k))), min(HEIGHT, max(1, round(part.shape[0] * k))))
    part = np.asarray(cv2.resize(part, size, interpolation=method), np.uint8)
    boxes, marks = boxes * np.float32(k), marks * np.float32(k)
    if rng.random() < 0.5:
        matrix = np.array([[-1.0, 0, part.shape[1] - 1.0], [0, 1, 0]])
        part = np.ascontiguousarray(part[:, ::-1])
        boxes, marks = _moved(boxes, marks, matrix, flip=True)
    return part, boxes, marks


def _nothing() -> tuple[Boxes, Marks, NDArray[np.int8]]:
    return np.zeros((0, 4), np.float32), np.zeros((0, 10), np.float32), np.zeros(0, np.int8)


def _moved(boxes: Boxes, marks: Marks, matrix: NDArray[np.float64], flip: bool) -> tuple[Boxes, Marks]:
    """Boxes (through their centres and sizes: small turns do not blow them up) and landmarks after a warp."""
    if not len(boxes):
        return boxes.copy(), marks.copy()
    centres = boxes[:, :2] + boxes[:, 2:] / 2
    centres = centres @ matrix[:, :2].T + matrix[:, 2]
    sizes = boxes[:, 2:] * np.array([np.hypot(*matrix[:, 0]), np.hypot(*matrix[:, 1])])
    points = marks.reshape(-1, 5, 2) @ matrix[:, :2].T + matrix[:, 2]
    moved = points.reshape(-1, 10).astype(np.float32)
    if flip:
        moved = moved[:, _SWAP]
    return np.concatenate([centres - sizes / 2, sizes], axis=1).astype(np.float32), moved


def _clipped(
    boxes: Boxes, marks: Marks, covers: NDArray[np.int8], width: int = WIDTH, height: int = HEIGHT
) -> _Clip:
    """Boxes cut by the picture's edge; what is less than 45 % inside is not learnt."""
    left, top = np.maximum(boxes[:, 0], 0), np.maximum(boxes[:, 1], 0)
    right = np.minimum(boxes[:, 0] + boxes[:, 2], width)
    bottom = np.minimum(boxes[:, 1] + boxes[:, 3], height)
    area = boxes[:, 2] * boxes[:, 3]
    seen = np.clip(right - left, 0, None) * np.clip(bottom - top, 0, None) / np.maximum(area, 1e-3)
    keep = (seen > 0.05) & (area > 1.0)
    covers = np.where(seen < 0.45, IGNORED, covers).astype(np.int8)
    cut = np.stack([left, top, right - left, bottom - top], axis=1).astype(np.float32)
    return cut[keep], marks[keep], covers[keep]


_Clip = tuple[Boxes, Marks, NDArray[np.int8]]

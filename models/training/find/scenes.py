"""Endless training scenes for the finder: photos at every scale, faces pasted in, covers drawn on.

Each scene is a function of its number alone: a stopped training goes on with exactly the scenes it missed.
Covers that the data hardly holds (balaclavas, helmets with visors, scarves, hands, printed masks) are drawn
from the landmarks; coarse ones, since the finder must only learn that a covered head is still a face.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.common import Grey
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

_PHOTOS = 0.36
"""Share of scenes that show a whole photo or scene picture."""

_SWAP = np.array([2, 3, 0, 1, 4, 5, 8, 9, 6, 7])
"""Landmark columns after a left-right flip."""


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

    def scene(self, number: int) -> tuple[Grey, Boxes, Marks, NDArray[np.int8]]:
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
        grey, boxes, marks, covers = made
        if kind < _PHOTOS and grey.shape == (HEIGHT, WIDTH) and rng.random() < 0.4:
            grey, boxes, marks, covers = self._paste(
                (grey, boxes, marks, covers), int(rng.integers(1, 5)), rng
            )
        boxes, marks, covers = _clipped(boxes, marks, covers)
        seen = np.zeros((HEIGHT, WIDTH), np.uint8)
        height, width = grey.shape
        seen[:height, :width] = grey
        seen = _camera(seen, rng)
        # No camera's noise lies on what is beside the picture.
        seen[height:] = 0
        seen[:, width:] = 0
        return seen, boxes, marks, covers

    def _from_photo(self, rng: np.random.Generator, photos: list[Picture]) -> _Scene:
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
        # Anywhere, also cut by the edge; most faces stand wholly inside.
        margin = -0.15 * wanted if rng.random() < 0.15 else min(0.5 * wanted, 100.0)
        to = np.array([rng.uniform(margin, WIDTH - margin), rng.uniform(margin, HEIGHT - margin)])
        matrix[:, 2] += to - centre
        if rng.random() < 0.6:
            grey, back_boxes, back_marks, back_covers = self._background(rng, clutter=False, faces=False)
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
            source, warp = small, matrix_small
        else:
            warp = matrix
        grey = cv2.warpAffine(
            source, warp, (WIDTH, HEIGHT), dst=grey, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT
        )
        boxes, marks = _moved(photo.boxes, photo.marks, matrix, flip)
        covers = photo.covers.copy()
        for j in np.flatnonzero((covers == BARE) | (covers == FACE)):
            if rng.random() < 0.3 and not np.isnan(marks[j]).any() and boxes[j, 2] > 12:
                _cover(grey, boxes[j], marks[j], rng)
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
        return (
            grey,
            np.concatenate([boxes, back_boxes[keep]]),
            np.concatenate([marks, back_marks[keep]]),
            np.concatenate([covers, back_covers[keep]]),
        )

    def _alone(self, rng: np.random.Generator) -> _Scene:
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
            _cover(part, boxes[j], marks[j], rng)
            covers[j] = COVERED
        part, boxes, marks = _fitted(part, boxes, marks, rng)
        boxes, marks, covers = _clipped(boxes, marks, covers, part.shape[1], part.shape[0])
        return part, boxes, marks, covers

    def _free_alone(self, rng: np.random.Generator) -> _Scene:
        """A picture without a face, or a cut of one, shown like `_alone`: else all that lies so is a face."""
        draw = rng.random()
        if draw < 0.1:
            part = _pattern(rng)
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
        part, _, _ = _fitted(part, *_nothing()[:2], rng)
        return part, *_nothing()

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

    def _pasted(self, rng: np.random.Generator) -> _Scene:
        scene = self._background(rng, clutter=rng.random() < 0.3, faces=False)
        return self._paste(
            scene, int(rng.choice([1, 2, 4, 6, 9, 14], p=[0.22, 0.2, 0.2, 0.15, 0.13, 0.1])), rng
        )

    def _paste(self, scene: _Scene, count: int, rng: np.random.Generator) -> _Scene:
        """`count` faces (fewer where there is no room) over the scene, clear of the faces it has."""
        grey, boxes, marks, covers = scene
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
                _cover(source, tile.boxes[0], tile_marks[0], rng)
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
                source = small
            else:
                warp = matrix
            mask = _soft_edge(source.shape[0], source.shape[1], rng)
            corners = np.array([[0, 0], [tw, 0], [tw, th], [0, th]]) @ matrix[:, :2].T + matrix[:, 2]
            x0, y0 = np.maximum(np.floor(corners.min(0)), 0).astype(int)
            x1, y1 = np.minimum(np.ceil(corners.max(0)), (WIDTH, HEIGHT)).astype(int)
            if x1 <= x0 or y1 <= y0:
                continue
            warp = warp - np.array([[0, 0, x0], [0, 0, y0]])
            moved = cv2.warpAffine(source, warp, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR)
            alpha = cv2.warpAffine(mask, warp, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR)
            grey[y0:y1, x0:x1] = _blend(moved, grey[y0:y1, x0:x1], alpha)
            boxes, marks = _moved(tile.boxes, tile_marks, matrix, flip)
            # The background's ignored heads under the tile are gone with it.
            for old in range(len(all_boxes[0])):
                bx, by, bw, bh = all_boxes[0][old]
                if abs(bx + bw / 2 - cx) < 0.5 * side and abs(by + bh / 2 - cy) < 0.5 * side:
                    all_boxes[0][old, 2:] = 0.0
            all_boxes.append(boxes)
            all_marks.append(marks)
            all_covers.append(tile_covers)
        return grey, np.concatenate(all_boxes), np.concatenate(all_marks), np.concatenate(all_covers)

    def _background(self, rng: np.random.Generator, clutter: bool, faces: bool = True) -> _Scene:
        if rng.random() < 0.12:
            grey = _pattern(rng)
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
                source = cv2.resize(back.grey, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
                warp = matrix.copy()
                warp[:, 0] *= width / source.shape[1]
                warp[:, 1] *= height / source.shape[0]
            grey = cv2.warpAffine(
                source, warp, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
            )
            boxes, marks = _moved(back.boxes, back.marks, matrix, flip)
            covers = back.covers
        if clutter:
            for _ in range(rng.integers(0, 6)):
                self._decoy(grey, boxes, rng)
        return grey, boxes, marks, covers

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
            patch = _pattern(rng)
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
        patch = cv2.resize(patch, (w, h), interpolation=cv2.INTER_AREA)
        x0, y0, x1, y1 = max(0, x), max(0, y), min(WIDTH, x + w), min(HEIGHT, y + h)
        if x1 <= x0 or y1 <= y0:
            return
        mask = _soft_edge(h, w, rng)[y0 - y : y1 - y, x0 - x : x1 - x]
        grey[y0:y1, x0:x1] = _blend(patch[y0 - y : y1 - y, x0 - x : x1 - x], grey[y0:y1, x0:x1], mask)


_Scene = tuple[Grey, Boxes, Marks, NDArray[np.int8]]


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
        part = cv2.resize(part, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
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


def _soft_edge(height: int, width: int, rng: np.random.Generator) -> Grey:
    """How much of a tile covers its background: an oval, a soft rectangle or a hard one."""
    mask = np.zeros((height, width), np.uint8)
    draw = rng.random()
    if draw < 0.45:
        axes = (max(1, int(width * rng.uniform(0.44, 0.52))), max(1, int(height * rng.uniform(0.46, 0.54))))
        cv2.ellipse(mask, (width // 2, height // 2), axes, 0, 0, 360, 255, -1)
    elif draw < 0.8:
        edge = int(0.06 * min(height, width))
        mask[edge : height - edge, edge : width - edge] = 255
    else:
        mask[:] = 255
        return mask
    soft = int(min(height, width) * rng.uniform(0.02, 0.12)) * 2 + 1
    return cv2.blur(mask, (soft, soft))


def _blend(over: Grey, under: Grey, alpha: Grey) -> Grey:
    a = alpha.astype(np.uint16)
    mixed = over.astype(np.uint16) * a + under.astype(np.uint16) * (255 - a)
    return ((mixed + 127) // 255).astype(np.uint8)


def _pattern(rng: np.random.Generator) -> Grey:
    """One of 400 patterns; drawing each anew would take a third of a scene's time."""
    return _drawn_pattern(int(rng.integers(400))).copy()


@lru_cache(maxsize=400)
def _drawn_pattern(number: int) -> Grey:
    """Print, guilloche, stripes, discs, checks, noise: posters, banknotes, tiles and bags in grey."""
    rng = np.random.default_rng((20, number))
    h, w = HEIGHT, WIDTH
    base, ink = int(rng.integers(0, 256)), int(rng.integers(0, 256))
    grey = np.full((h, w), base, np.uint8)
    draw = rng.integers(0, 6)
    if draw == 0:
        y, x = np.mgrid[:h, :w].astype(np.float32)
        wave = np.zeros((h, w), np.float32)
        for _ in range(rng.integers(1, 4)):
            fx, fy = rng.normal(0, 0.25, 2)
            bend = rng.uniform(0, 12) * np.sin(x * rng.uniform(0.01, 0.1) + y * rng.uniform(0.01, 0.1))
            wave += np.sin(fx * x + fy * y + bend)
        grey = (base + (ink - base) * (0.5 + 0.25 * wave)).clip(0, 255).astype(np.uint8)
    elif draw == 1:
        letters = "ABEHKMORSTXZ0123456789$%&?"
        for _ in range(rng.integers(10, 60)):
            text = "".join(rng.choice(list(letters), rng.integers(1, 9)))
            at = (int(rng.integers(-40, w)), int(rng.integers(0, h)))
            cv2.putText(
                grey, text, at, int(rng.integers(0, 8)), float(rng.uniform(0.3, 2.5)),
                int(rng.integers(0, 256)), int(rng.integers(1, 5)), cv2.LINE_AA,
            )  # fmt: skip
    elif draw == 2:
        for _ in range(rng.integers(4, 70)):
            at = (int(rng.integers(0, w)), int(rng.integers(0, h)))
            axes = (int(rng.integers(2, 60)), int(rng.integers(2, 60)))
            thick = int(rng.choice([-1, 1, 2, 4]))
            cv2.ellipse(
                grey,
                at,
                axes,
                float(rng.uniform(0, 180)),
                0,
                360,
                int(rng.integers(0, 256)),
                thick,
                cv2.LINE_AA,
            )
    elif draw == 3:
        a, b = int(rng.integers(3, 40)), int(rng.integers(3, 40))
        y, x = np.mgrid[:h, :w]
        if rng.random() < 0.5:
            grey[((x // a + y // b) % 2) == 0] = ink
        else:
            grey[(x % a < max(1, a // 6)) | (y % b < max(1, b // 6))] = ink
    elif draw == 4:
        cell = int(rng.choice([2, 4, 8, 16, 32]))
        noise = rng.integers(0, 256, (h // cell + 2, w // cell + 2), dtype=np.uint8)
        grey = cv2.resize(noise, (w, h), interpolation=int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_NEAREST])))
    else:
        for _ in range(rng.integers(4, 40)):
            a = (int(rng.integers(-20, w)), int(rng.integers(-20, h)))
            b = (a[0] + int(rng.integers(4, 120)), a[1] + int(rng.integers(4, 120)))
            cv2.rectangle(grey, a, b, int(rng.integers(0, 256)), int(rng.choice([-1, -1, 1, 3])))
    return grey


def _fill(grey: Grey, outline: NDArray[np.float64], rng: np.random.Generator, dark: bool = False) -> None:
    """A piece of cloth, plastic or glass over `outline`: a tone, a shade across it, sometimes a print."""
    points = np.round(outline).astype(np.int32)
    x0, y0 = np.maximum(points.min(0), 0)
    x1, y1 = np.minimum(points.max(0) + 1, grey.shape[::-1])
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    region = grey[y0:y1, x0:x1]
    mask = np.zeros(region.shape, np.uint8)
    cv2.fillPoly(mask, [points - np.array([x0, y0], np.int32)], 255, cv2.LINE_AA)
    tone = rng.uniform(5, 70) if dark else rng.uniform(10, 245)
    slope = np.linspace(-1, 1, region.shape[1], dtype=np.float32)[None] * rng.normal(0, 22)
    fall = np.linspace(-1, 1, region.shape[0], dtype=np.float32)[:, None] * rng.normal(0, 22)
    cloth = np.full(region.shape, tone, np.float32) + slope + fall
    if not dark and rng.random() < 0.3:
        print_ = cv2.resize(_pattern(rng), region.shape[::-1], interpolation=cv2.INTER_AREA).astype(
            np.float32
        )
        cloth += (print_ - print_.mean()) * rng.uniform(0.2, 0.8)
    cloth += rng.normal(0, 4.0, region.shape).astype(np.float32)
    grey[y0:y1, x0:x1] = _blend(cloth.clip(0, 255).astype(np.uint8), region, mask)


def _cover(
    grey: Grey, box: NDArray[np.float32], marks: NDArray[np.float32], rng: np.random.Generator
) -> None:
    """Draws one cover onto the face, in place."""
    p = marks.reshape(5, 2).astype(np.float64)
    x, y, w, h = (float(v) for v in box)
    eyes, mouth = (p[0] + p[1]) / 2, (p[3] + p[4]) / 2
    down = mouth - eyes
    length = float(np.hypot(*down))
    if length < 3:
        return
    down /= length
    across = np.array([down[1], -down[0]])
    if across[0] < 0:
        across = -across
    middle = eyes + down * length * 0.5
    half = 0.52 * w

    def at(right: float, below: float) -> NDArray[np.float64]:
        """Half face widths right of, and eye-to-mouth lengths below, the eyes' middle, on the face's axes."""
        shift = np.dot(middle - np.array([x + w / 2, y + h / 2]), across)
        return eyes + across * (right * half - 0.6 * shift) + down * below * length

    def oval(
        right: float, below: float, rx: float, ry: float, start: float = 0, end: float = 360
    ) -> NDArray[np.float64]:
        t = np.deg2rad(np.linspace(start, end, 28))
        return np.array([at(right + rx * np.cos(a), below + ry * np.sin(a)) for a in t])

    kind = rng.choice(["mask", "nose", "glasses", "both", "balaclava", "helmet", "scarf", "hand"],
                      p=[0.26, 0.06, 0.16, 0.10, 0.14, 0.12, 0.10, 0.06])  # fmt: skip
    j = rng.normal(0, 0.05, 4)
    if kind in ("mask", "nose", "both", "scarf"):
        top = {"mask": 0.28, "both": 0.28, "nose": 0.72, "scarf": 0.30}[str(kind)] + j[0]
        deep = 1.75 + j[1] if kind != "scarf" else 2.6
        wide = 0.98 if kind != "scarf" else 1.2
        upper = [(-wide, top + 0.15), (-0.3, top), (0, top - 0.08), (0.3, top), (wide, top + 0.15)]
        lower = [(wide * 0.95, 1.1), (0.5, deep), (0, deep + 0.12), (-0.5, deep), (-wide * 0.95, 1.1)]
        _fill(grey, np.array([at(*where) for where in upper + lower]), rng)
    if kind in ("glasses", "both"):
        for side in (-1, 1):
            _fill(grey, oval(side * 0.45, 0.06 + j[2], 0.36, 0.30 + j[3]), rng, dark=True)
        _fill(
            grey,
            np.array([at(-0.95, -0.12), at(0.95, -0.12), at(0.95, -0.02), at(-0.95, -0.02)]),
            rng,
            dark=True,
        )
    if kind == "balaclava":
        eyes_seen = grey.copy()
        _fill(grey, oval(0, 0.45, 1.15, 1.85), rng, dark=rng.random() < 0.7)
        strip = np.zeros(grey.shape, np.uint8)
        if rng.random() < 0.6:
            hole = oval(0, 0.0 + j[0], 0.85, 0.30)
            cv2.fillPoly(strip, [np.round(hole).astype(np.int32)], 255, cv2.LINE_AA)
        else:
            for side in (-1, 1):
                cv2.fillPoly(
                    strip, [np.round(oval(side * 0.45, 0.0, 0.25, 0.2)).astype(np.int32)], 255, cv2.LINE_AA
                )
        if rng.random() < 0.85:
            grey[:] = _blend(eyes_seen, grey, strip)
    if kind == "helmet":
        _fill(grey, oval(0, 0.30, 1.35, 2.1), rng)
        visor = [(-1.05, -0.75), (1.05, -0.75), (1.1, 0.75), (0.5, 1.0), (-0.5, 1.0), (-1.1, 0.75)]
        _fill(grey, np.array([at(*where) for where in visor]), rng, dark=rng.random() < 0.8)
    if kind == "hand":
        skin = grey[max(0, int(y)) : max(0, int(y + h)) + 1, max(0, int(x)) : max(0, int(x + w)) + 1]
        tone = float(np.median(skin)) if skin.size else 128.0
        for finger in range(4):
            right = -0.6 + 0.38 * finger + j[0]
            top = rng.uniform(0.0, 0.5)
            shape = np.array(
                [at(right - 0.17, top), at(right + 0.17, top), at(right + 0.2, 1.9), at(right - 0.2, 1.9)]
            )
            points = np.round(shape).astype(np.int32)
            cv2.fillPoly(grey, [points], float(np.clip(tone + rng.normal(8, 10), 0, 255)), cv2.LINE_AA)
            cv2.polylines(grey, [points], True, float(np.clip(tone - 35, 0, 255)), 1, cv2.LINE_AA)


_DOWN = np.linspace(-1, 1, HEIGHT, dtype=np.float32)[:, None]
_ACROSS = np.linspace(-1, 1, WIDTH, dtype=np.float32)[None]
_NOISE = np.random.default_rng(21).standard_normal((2 * HEIGHT, 2 * WIDTH), dtype=np.float32)


def _camera(grey: Grey, rng: np.random.Generator) -> Grey:
    """Light, lens and sensor of a cabin camera: gain, gamma, infrared fall-off, blur, noise, compression."""
    out = grey
    if rng.random() < 0.25:
        k = rng.uniform(0.35, 0.8)
        small = cv2.resize(out, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
        out = cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.15:
        if rng.random() < 0.5:
            out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.6))
        else:
            n = int(rng.integers(2, 7))
            kernel = np.zeros((n, n), np.float32)
            cv2.line(kernel, (0, int(rng.integers(0, n))), (n - 1, int(rng.integers(0, n))), 1.0)
            out = cv2.filter2D(out, -1, kernel / max(float(kernel.sum()), 1.0))
    draw = rng.random()
    real = out.astype(np.float32)
    if draw < 0.5:
        table = np.arange(256, dtype=np.float32) / 255
        table = table ** np.exp(rng.normal(0, 0.28))
        gain, lift = np.exp(rng.normal(0, 0.25)), rng.normal(0, 0.07)
        if rng.random() < 0.2:
            gain *= rng.uniform(0.12, 0.4)  # low light
        table = ((table - 0.5) * gain + 0.5 * min(gain, 1.0) + lift) * 255
        real = table[out]
    if rng.random() < 0.2:
        y, x = _DOWN, _ACROSS
        if rng.random() < 0.4:  # infrared lamp beside the lens
            fall = np.exp(
                -((x - rng.normal(0, 0.3)) ** 2 + (y - rng.normal(0, 0.3)) ** 2) * rng.uniform(0.3, 1.3)
            )
            real = real * (0.35 + 0.9 * fall)
        else:
            real = real * (1 + rng.normal(0, 0.3) * x + rng.normal(0, 0.3) * y)
    if rng.random() < 0.3:
        strength = abs(rng.normal(0, 6.0))
        top, left = rng.integers(0, HEIGHT), rng.integers(0, WIDTH)
        real = real + np.float32(strength) * _NOISE[top : top + HEIGHT, left : left + WIDTH]
    out = np.clip(real, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        coded = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 80))])[1]
        out = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)
    return out

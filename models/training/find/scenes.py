"""Endless training scenes for the finder: photos at every scale, faces pasted in, covers drawn on.

Each scene is a function of its number alone: a stopped training goes on with exactly the scenes it missed.
Covers that the data hardly holds (balaclavas, helmets with visors, scarves, hands, printed masks) are drawn
from the landmarks; coarse ones, since the finder must only learn that a covered head is still a face.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from models.training.find.camera import as_a_camera
from models.training.find.covers import cover_face
from models.training.find.data import (
    BARE,
    COVERED,
    FACE,
    IGNORED,
    Picture,
)
from models.training.find.grounds import Grounds, Scene
from models.training.find.net import HEIGHT, WIDTH
from models.training.find.patterns import blend, soft_edge
from models.training.find.placing import clipped, fitted, mirror, moved, nothing, pose, size, turned

_SHARES = {
    "photo": 0.21,
    "seen": 0.10,
    "alone": 0.14,
    "free alone": 0.15,
    "filling": 0.06,
    "near": 0.14,
    "pasted": 0.12,
    "background": 0.08,
}
"""Kinds of scenes; of what a data folder lacks, pasted ones are made instead."""

_NEAR_PX = 100.0
"""The longer side of a face looked at a second time, as in `edge.vision.face.find`."""

_LEAST_SPREAD = 2.5
"""Grey levels: a face as flat as this shows nothing, no matter what drew it there."""


class Scenes:
    """Scenes from the given pictures. `scene(n)` is 240 x 320 grey with boxes, landmarks and covers."""

    def __init__(self, pictures: Sequence[Picture], seed: int, hard: Sequence[Picture] = ()) -> None:
        self._grounds = Grounds(pictures, hard, self._tile)
        self._seed = seed
        self._photos = [p for p in pictures if p.kind == "photo" and (p.covers != IGNORED).any()]
        self._seen = [p for p in pictures if p.kind == "scene" and (p.covers != IGNORED).any()]
        self._worn = [p for p in self._seen if (p.covers == COVERED).any()]
        self._clips = [p for p in pictures if p.kind == "clip"]
        tiles = [
            p for p in pictures if p.kind in ("crop", "identity") and len(p.boxes) and p.covers[0] != IGNORED
        ]
        bare = [
            p for p in tiles if p.label in ("uncovered", "helmet_open") and not np.isnan(p.marks[:1]).any()
        ]
        self._bare = [p for p in bare if p.kind == "crop"]
        self._people = [p for p in bare if p.kind == "identity"]
        rare = ("scarf_other", "hand", "mask_improper")
        self._masked = [p for p in tiles if p.label in ("mask", "synthetic_mask")]
        self._dark = [p for p in tiles if p.label == "sunglasses"]
        self._rare = [p for p in tiles if p.label in rare]
        self._helmets = [p for p in tiles if p.label == "helmet_full"]
        self._turned = [p for p in pictures if p.kind == "turned"]

    def scene(self, number: int) -> Scene:
        """Scene `number` of this seed."""
        rng = np.random.default_rng((self._seed, number))
        kind = str(rng.choice(list(_SHARES), p=list(_SHARES.values())))
        if kind == "near":
            return self._near(rng)
        return self._taken(self._made(kind, rng), rng)

    def _made(self, kind: str, rng: np.random.Generator) -> Scene:
        if kind == "photo" and self._photos:
            return self._and_pasted(self._from_photo(rng, self._photos), rng)
        if kind == "seen" and (self._seen or self._clips):
            draw = rng.random()
            pools = [self._worn] if draw < 0.35 else [self._clips] if draw < 0.7 else [self._seen]
            pool = pools[0] or self._seen or self._clips
            return self._and_pasted(self._from_photo(rng, pool), rng)
        if kind == "alone":
            return self._alone(rng)
        if kind == "free alone":
            return self._grounds.alone(rng)
        if kind == "filling":
            return self._filling(rng)
        if kind == "background":
            return self._grounds.background(rng, clutter=True)
        return self._pasted(rng)

    def _and_pasted(self, scene: Scene, rng: np.random.Generator) -> Scene:
        return self._paste(scene, int(rng.integers(1, 5)), rng) if rng.random() < 0.4 else scene

    def _taken(self, made: Scene, rng: np.random.Generator) -> Scene:
        """The scene as a camera gives it, cut to the network's input."""
        boxes, marks, covers = clipped(made.boxes, made.marks, made.covers)
        seen = np.zeros((HEIGHT, WIDTH), np.uint8)
        height, width = made.grey.shape
        seen[:height, :width] = made.grey
        seen = as_a_camera(seen, rng)
        # No camera's noise lies on what is beside the picture.
        seen[height:] = 0
        seen[:, width:] = 0
        for j, (x, y, w, h) in enumerate(boxes.astype(int)):
            if seen[y : y + h, x : x + w].std() < _LEAST_SPREAD:
                covers[j] = IGNORED  # nobody could see it
        return Scene(seen, boxes, marks, covers, (height, width))

    def _near(self, rng: np.random.Generator) -> Scene:
        """What the second look at a small face, or at none, sees: a few coarse pixels made large."""
        whole = self._taken(self._made(str(rng.choice(["photo", "seen", "pasted", "background"])), rng), rng)
        sides = whole.boxes[:, 2:].max(axis=1) if len(whole.boxes) else np.zeros(0, np.float32)
        small = np.flatnonzero((whole.covers != IGNORED) & (sides > 15) & (sides < 70))
        side, x, y = (
            float(np.exp(rng.uniform(np.log(16), np.log(70)))),
            rng.uniform(0, WIDTH),
            rng.uniform(0, HEIGHT),
        )
        if len(small) and rng.random() < 0.7:
            chosen = whole.boxes[small[rng.integers(len(small))]]
            side = float(max(chosen[2:])) * float(np.exp(rng.normal(0, 0.15)))
            x, y = chosen[:2] + chosen[2:] / 2 + rng.normal(0, 0.12 * side, 2)
        half = np.array([WIDTH, HEIGHT]) / _NEAR_PX * side / 2
        left, top = np.maximum(0, np.round(np.array([x, y]) - half)).astype(int)
        right, bottom = np.minimum([WIDTH, HEIGHT], np.round(np.array([x, y]) + half)).astype(int)
        part = whole.grey[top:bottom, left:right]
        if min(part.shape) < 12:
            return whole
        k = float(min(_NEAR_PX / side, WIDTH / part.shape[1], HEIGHT / part.shape[0]))
        wide, high = min(WIDTH, round(part.shape[1] * k)), min(HEIGHT, round(part.shape[0] * k))
        seen = np.zeros((HEIGHT, WIDTH), np.uint8)
        seen[:high, :wide] = cv2.resize(part, (wide, high), interpolation=cv2.INTER_LINEAR)
        boxes = (whole.boxes - np.array([left, top, 0, 0], np.float32)) * np.float32(k)
        marks = (whole.marks - np.tile(np.array([left, top], np.float32), 5)) * np.float32(k)
        return Scene(seen, *clipped(boxes, marks, whole.covers, wide, high), (high, wide))

    def _filling(self, rng: np.random.Generator) -> Scene:
        """One face as large as the picture or larger, anywhere in it, mostly cut by its edge."""
        back = self._grounds.background(rng, clutter=False, faces=False)
        return self._paste(back, 1, rng, filling=True)

    def _from_photo(self, rng: np.random.Generator, photos: list[Picture]) -> Scene:
        photo = photos[rng.integers(len(photos))]
        faces = np.flatnonzero(photo.covers != IGNORED)
        i = faces[rng.integers(len(faces))]
        if rng.random() < 0.25:
            i = faces[np.argmax(photo.boxes[faces, 2] * photo.boxes[faces, 3])]
        x, y, w, h = photo.boxes[i]
        wanted = size(rng)
        k = float(np.clip(wanted / np.sqrt(w * h), 0.12, 3.5 if photo.kind == "photo" else 2.2))
        matrix = np.concatenate([pose(k, rng), np.zeros((2, 1))], axis=1)
        flip = rng.random() < 0.5
        if flip:
            matrix = matrix @ mirror(photo.grey.shape[1])
        centre = matrix[:, :2] @ np.array([x + w / 2, y + h / 2]) + matrix[:, 2]
        # Anywhere, also cut by the edge; most faces stand fully inside.
        margin = -0.15 * wanted if rng.random() < 0.15 else min(0.5 * wanted, 100.0)
        to = np.array([rng.uniform(margin, WIDTH - margin), rng.uniform(margin, HEIGHT - margin)])
        matrix[:, 2] += to - centre
        if rng.random() < 0.6:
            back = self._grounds.background(rng, clutter=False, faces=False)
            grey, back_boxes, back_marks, back_covers = back.grey, back.boxes, back.marks, back.covers
        else:
            grey = np.full((HEIGHT, WIDTH), rng.integers(0, 256) if rng.random() < 0.6 else 0, np.uint8)
            back_boxes, back_marks, back_covers = nothing()
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
        boxes, marks = moved(photo.boxes, photo.marks, matrix, flip)
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
        if rng.random() < 0.2:
            near[rng.integers(4)] = rng.uniform(-0.4, 0.0)  # cut by an edge
        grey, moved_boxes, moved_marks = picture.grey, picture.boxes, picture.marks
        if rng.random() < 0.5:
            grey, moved_boxes, moved_marks = turned(grey, moved_boxes, moved_marks, int(i), rng)
        left, top = int(max(0.0, x - near[0] * w)), int(max(0.0, y - near[1] * h))
        right, bottom = int(min(width, x + (1 + near[2]) * w)), int(min(height, y + (1 + near[3]) * h))
        if right - left < 8 or bottom - top < 8:
            return self._pasted(rng)
        part = grey[top:bottom, left:right].copy()
        boxes = moved_boxes - np.array([left, top, 0, 0], np.float32)
        marks = moved_marks - np.tile(np.array([left, top], np.float32), 5)
        covers = picture.covers.copy()
        j = int(i)
        if covers[j] in (BARE, FACE) and not np.isnan(marks[j]).any() and rng.random() < 0.45:
            cover_face(part, boxes[j], marks[j], rng)
            covers[j] = COVERED
        part, boxes, marks = fitted(part, boxes, marks, rng)
        boxes, marks, covers = clipped(boxes, marks, covers, part.shape[1], part.shape[0])
        return Scene(part, boxes, marks, covers)

    def _tile(self, rng: np.random.Generator) -> Picture:
        pools = (self._people, self._bare, self._masked, self._dark, self._rare, self._helmets, self._turned)
        pool = pools[int(rng.choice(7, p=[0.22, 0.21, 0.23, 0.09, 0.06, 0.10, 0.09]))]
        pool = pool or self._people or self._bare or self._masked or self._turned
        return pool[rng.integers(len(pool))]

    def _pasted(self, rng: np.random.Generator) -> Scene:
        scene = self._grounds.background(rng, clutter=rng.random() < 0.3, faces=False)
        return self._paste(
            scene, int(rng.choice([1, 2, 4, 6, 9, 14], p=[0.22, 0.2, 0.2, 0.15, 0.13, 0.1])), rng
        )

    def _paste(self, scene: Scene, count: int, rng: np.random.Generator, filling: bool = False) -> Scene:
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
            wanted = size(rng) if count == 1 else min(size(rng), 420.0 / np.sqrt(count))
            if filling:
                wanted = float(np.exp(rng.uniform(np.log(130.0), np.log(380.0))))
            k = wanted / np.sqrt(max(w * h, 1.0))
            th, tw = tile.grey.shape
            side = 0.5 * k * max(th, tw)
            margin = -0.15 * wanted if rng.random() < 0.15 else min(0.5 * wanted, 110.0)
            if filling:
                margin = 0.0
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
            matrix = np.concatenate([pose(k, rng), np.zeros((2, 1))], axis=1)
            flip = rng.random() < 0.5
            if flip:
                matrix = matrix @ mirror(tw)
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
            laid = cv2.warpAffine(source, warp, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR)
            alpha = cv2.warpAffine(mask, warp, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR)
            grey[y0:y1, x0:x1] = blend(
                np.asarray(laid, np.uint8), grey[y0:y1, x0:x1], np.asarray(alpha, np.uint8)
            )
            boxes, marks = moved(tile.boxes, tile_marks, matrix, flip)
            # The background's ignored heads under the tile are gone with it.
            for old in range(len(all_boxes[0])):
                bx, by, bw, bh = all_boxes[0][old]
                if abs(bx + bw / 2 - cx) < 0.5 * side and abs(by + bh / 2 - cy) < 0.5 * side:
                    all_boxes[0][old, 2:] = 0.0
            all_boxes.append(boxes)
            all_marks.append(marks)
            all_covers.append(tile_covers)
        return Scene(grey, np.concatenate(all_boxes), np.concatenate(all_marks), np.concatenate(all_covers))

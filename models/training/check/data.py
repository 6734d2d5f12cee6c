"""Turns a folder of labelled faces into a cache of upright colour cuts that the face check is trained on.

    python -m models.training.check.data --data ../shared/data/faces --cache CACHE

The cache holds cuts of 160 pixels, two face sizes wide, made with the runtime's own `frame_of`, so the
trainer can move, turn and cover them freely; and grey pictures of rooms, for lenses to mirror. Nothing of it
is ever committed.
"""

from __future__ import annotations

import argparse
import csv
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.face.align import Frame, frame_of, matrix_of
from edge.vision.face.check import COVERS, LABELS
from models.training.files import new_array, read_picture

COVERED = np.array([label in COVERS for label in LABELS])
CACHE_PX = 160
CACHE_EXTENT = 2.0
SCENE_PX = 96
LABELS_CSV = Path(__file__).with_name("labels.csv")

TO_CLASS = {
    "uncovered": "bare",
    "helmet_open": "open_helmet",
    "mask": "mask",
    "synthetic_mask": "mask",
    "mask_improper": "mask_under_nose",
    "sunglasses": "glasses",
    "helmet_full": "helmet",
    "scarf_other": "scarf",
    "hand": "hand",
}
"""Manifest label to network class; `labels.csv` overrides single pictures, `skip` drops them."""

SUB_TO_CLASS = {"Mask_Mouth_Chin": "mask_under_nose", "Mask_Chin": "bare"}
"""Pasted masks are named by what they cover: mouth and chin is under the nose, the chin alone is bare."""

# Mean places in a YuNet box, as fractions of it, where a covered face has no landmarks of its own.
TYPICAL = np.array([[0.31, 0.40], [0.69, 0.40], [0.5, 0.58], [0.35, 0.77], [0.65, 0.77]])

# A generic head in units of the distance between the eyes' centres; x right, y down, z towards the camera.
HEAD = np.array(
    [[-0.5, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.553, 0.45], [-0.425, 0.98, 0.06], [0.425, 0.98, 0.06]]
)


@dataclass(frozen=True)
class Cache:
    """Parallel arrays over faces; `box` and `marks` in pixels of the cut, `pose` yaw and pitch in degrees."""

    cuts: NDArray[np.uint8]
    edge: NDArray[np.float32]
    box: NDArray[np.float32]
    marks: NDArray[np.float32]
    marks_real: NDArray[np.bool_]
    pose: NDArray[np.float32]
    label: NDArray[np.int64]
    raw: NDArray[np.str_]
    path: NDArray[np.str_]
    source: NDArray[np.str_]
    group: NDArray[np.str_]
    person: NDArray[np.str_]
    kind: NDArray[np.str_]
    size: NDArray[np.float32]

    @property
    def covered(self) -> NDArray[np.bool_]:
        """Which faces count as covered where a site says nothing else."""
        return COVERED[self.label]


def load(folder: Path) -> Cache:
    """The cache in `folder`; the cuts are memory-mapped."""
    with np.load(folder / "faces.npz") as stored:
        rest = {name: stored[name] for name in stored.files}
    return Cache(cuts=np.load(folder / "cuts.npy", mmap_mode="r"), **rest)


def pose_of(marks: NDArray[np.float64]) -> tuple[float, float]:
    """Yaw and pitch in degrees from five upright landmarks (5, 2): the generic head in weak perspective.

    Positive yaw: nose to the picture's right; positive pitch: nose up. Two rows of a scaled rotation by least
    squares, as the first step of POSIT (DeMenthon & Davis, 1995); the ratio of depth to width or height in
    each row is the tangent.
    """
    across, down = np.linalg.lstsq(HEAD - HEAD.mean(0), marks - marks.mean(0), rcond=None)[0].T
    yaw = np.degrees(np.arctan2(across[2], max(across[0], 1e-3)))
    pitch = np.degrees(np.arctan2(-down[2], max(down[1], 1e-3)))
    return float(yaw), float(pitch)


def main() -> None:
    """Reads the manifest, cuts every usable face, prints counts by source and class."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data/faces"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, default=Path("../shared/data/teachers/yunet_2023mar.onnx"))
    args = parser.parse_args()
    args.cache.mkdir(parents=True, exist_ok=True)
    corrections = read_corrections()
    finder = cv2.FaceDetectorYN.create(str(args.teacher), "", (160, 160), 0.3, 0.3, 10)
    with (args.data / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    faces = [face for row in rows for face in _faces(args.data, row, corrections, finder)]
    cuts = new_array(args.cache / "cuts.npy", np.uint8, (len(faces), CACHE_PX, CACHE_PX, 3))
    for i, face in enumerate(faces):
        cuts[i] = face["cut"]
    del cuts  # written to the end
    np.save(args.cache / "scenes.npy", _scenes(args.data, rows))
    columns = {
        "edge": np.float32,
        "box": np.float32,
        "marks": np.float32,
        "marks_real": np.bool_,
        "pose": np.float32,
        "label": np.int64,
        "raw": np.str_,
        "path": np.str_,
        "source": np.str_,
        "group": np.str_,
        "person": np.str_,
        "kind": np.str_,
        "size": np.float32,
    }
    np.savez(args.cache / "faces.npz", **{n: np.array([f[n] for f in faces], t) for n, t in columns.items()})
    counts: dict[tuple[str, str], int] = {}
    for face in faces:
        key = (str(face["source"]).split("/")[0], LABELS[int(str(face["label"]))])
        counts[key] = counts.get(key, 0) + 1
    for key, n in sorted(counts.items()):
        print(f"{key[0]:16s} {key[1]:16s} {n:6d}")


def read_corrections() -> dict[tuple[str, int], str]:
    """Path and place of the face in its manifest row to corrected class (or `skip`), as found by eye."""
    if not LABELS_CSV.exists():
        return {}
    with LABELS_CSV.open(newline="") as file:
        return {(row["path"], int(row["face"])): row["label"] for row in csv.DictReader(file)}


def _scenes(data: Path, rows: list[dict[str, str]]) -> NDArray[np.uint8]:
    """Grey pictures (n, 96, 96) of sources that hold no face, so that no run has to leave them out."""
    with_faces = {row["source"] for row in rows if row["kind"] != "negative"}
    paths = [row["path"] for row in rows if row["source"] not in with_faces]
    greys = [read_picture(data / path, cv2.IMREAD_GRAYSCALE) for path in paths]
    side = (SCENE_PX, SCENE_PX)
    small = [cv2.resize(grey, side, interpolation=cv2.INTER_AREA) for grey in greys if grey is not None]
    return np.stack(small) if small else np.zeros((0, *side), np.uint8)


def class_of(row: dict[str, str], name: str) -> str:
    """The network's class for a manifest label, `skip` for what is none."""
    return SUB_TO_CLASS.get(row["sub"]) or TO_CLASS.get(name, "skip")


def _faces(
    data: Path, row: dict[str, str], corrections: dict[tuple[str, int], str], finder: cv2.FaceDetectorYN
) -> list[dict[str, object]]:
    boxes = json.loads(row["boxes"] or "[]")
    marks = json.loads(row["landmarks"] or "[]")
    if row["kind"] in ("crop", "identity"):
        wanted = [(0, boxes[0] if len(boxes) == 1 else None, row["label"])]
    elif row["kind"] == "photo":
        # Photos hold the sources of many crops; their small faces are all that is new.
        wanted = [(n, b, b[4]) for n, b in enumerate(boxes) if 20 <= b[2] < 36]
    else:
        return []
    kept = [(b, corrections.get((row["path"], n)) or class_of(row, name)) for n, b, name in wanted]
    kept = [(b, n) for b, n in kept if n != "skip"]
    if not kept:
        return []
    picture = read_picture(data / row["path"])
    if picture is None:
        return []
    found = []
    for box, name in kept:
        if box is None:
            # A crop has 30 % of margin round its face.
            h, w = picture.shape[:2]
            box = [w * 0.19, h * 0.19, w * 0.62, h * 0.62]
        points = np.array(marks, np.float64).reshape(5, 2) if marks and row["kind"] != "photo" else None
        if points is None:
            box, points = _look_again(picture, [float(v) for v in box[:4]], finder)
        found.append(_face(picture, row, [float(v) for v in box[:4]], points, LABELS.index(name)))
    return found


def _look_again(
    picture: NDArray[np.uint8], box: list[float], finder: cv2.FaceDetectorYN
) -> tuple[list[float], NDArray[np.float64] | None]:
    """The teacher's box and landmarks near `box` in an enlarged view; the given box where it sees none."""
    x, y, w, h = box
    reach = 1.2 * max(w, h)
    scale = 160.0 / (2 * reach)
    cx, cy = x + w / 2, y + h / 2
    m = np.array([[scale, 0, 80 - scale * cx], [0, scale, 80 - scale * cy]])
    view = cv2.warpAffine(picture, m, (160, 160), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    rows: object = finder.detect(view)[1]
    best, found = 0.3, None
    for face in np.zeros((0, 15), np.float32) if rows is None else np.asarray(rows, np.float32):
        fx, fy = (face[0] - m[0, 2]) / scale, (face[1] - m[1, 2]) / scale
        fw, fh = face[2] / scale, face[3] / scale
        over = max(0.0, min(x + w, fx + fw) - max(x, fx)) * max(0.0, min(y + h, fy + fh) - max(y, fy))
        share = over / min(w * h, fw * fh)
        if share > 0.6 and fw > 0.4 * w and face[14] > best:
            best, found = face[14], (fx, fy, fw, fh, face)
    if found is None:
        return box, None
    points = (found[4][4:14].reshape(5, 2).astype(np.float64) - m[:, 2]) / scale
    return [float(v) for v in found[:4]], points


def _face(
    picture: NDArray[np.uint8],
    row: dict[str, str],
    box: list[float],
    points: NDArray[np.float64] | None,
    label: int,
) -> dict[str, object]:
    x, y, w, h = box
    marks = None
    if points is not None:
        # The teacher writes the picture's left first, except on strongly turned or wrong faces.
        eye_l, eye_r, nose, mouth_l, mouth_r = ((float(px), float(py)) for px, py in points)
        marks = (eye_l, eye_r, nose, mouth_l, mouth_r)
    # As the finder does: no box reaches beyond the picture.
    x0, y0 = max(0.0, x), max(0.0, y)
    x1, y1 = min(float(picture.shape[1]), x + w), min(float(picture.shape[0]), y + h)
    frame = frame_of((x0, y0, x1 - x0, y1 - y0), marks)
    m = matrix_of(Frame(frame.x, frame.y, frame.size, frame.roll_rad), CACHE_PX, CACHE_EXTENT)
    cut = cv2.warpAffine(
        picture, m, (CACHE_PX, CACHE_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )

    def there(p: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(p @ m[:, :2].T + m[:, 2], np.float64)

    typical = np.array([[x, y]]) + TYPICAL * np.array([[w, h]])
    placed = there(points if points is not None else typical)
    centre = there(np.array([[x + w / 2, y + h / 2]]))[0]
    scale = CACHE_PX / (CACHE_EXTENT * frame.size)
    height, width = picture.shape[:2]
    corners = there(np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]]))
    yaw, pitch = pose_of(placed) if points is not None else (np.nan, np.nan)
    return {
        "cut": cut,
        "edge": corners.astype(np.float32),
        "label": label,
        "raw": row["label"],
        "box": np.array(
            [centre[0] - w * scale / 2, centre[1] - h * scale / 2, w * scale, h * scale], np.float32
        ),
        "marks": placed.astype(np.float32),
        "marks_real": points is not None,
        "pose": np.array([yaw, pitch]),
        "path": row["path"],
        "source": row["source"],
        "group": row["group"],
        "person": row["person"],
        "kind": row["kind"],
        "size": np.sqrt(w * h),
    }


if __name__ == "__main__":
    main()

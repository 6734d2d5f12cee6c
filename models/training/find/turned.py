"""Faces that look aside, up and down, turned in space from pictures that look ahead, by `check.turned`.

    python -m models.training.check.turned --cache CHECK-CACHE --pictures DIR       # makes the folder

Photos of faces that look far up or down are few. The folder holds small colour pictures with the face and
its landmarks as the mesh has them, also where the head hides them.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.find.data import BARE, COVERED, Picture

KIND = "turned"


def turned_pictures(folder: Path) -> list[Picture]:
    """What `pictures.npy` and `pictures.npz` of the folder hold."""
    colours: NDArray[np.uint8] = np.load(folder / "pictures.npy", mmap_mode="r")
    kept = np.load(folder / "pictures.npz")
    sources, groups = kept["source"], kept["group"]
    boxes, marks, covered = kept["box"].astype(np.float32), kept["marks"].astype(np.float32), kept["covered"]
    made = []
    for n in range(len(colours)):
        grey = np.asarray(cv2.cvtColor(np.array(colours[n]), cv2.COLOR_BGR2GRAY), np.uint8)
        cover = np.array([BARE if covered[n] == 0 else COVERED], np.int8)
        label = "uncovered" if covered[n] == 0 else "covered"
        path, source, group = f"{KIND}/{n}", str(sources[n]), str(groups[n])
        made.append(
            Picture(grey, KIND, source, group, path, label, boxes[n][None], marks[n].reshape(1, 10), cover)
        )
    return made

"""The teacher as a whole in int8: `face_embed.tflite` with its contract.

Ranges come from faces as a kiosk cuts them, of the half of the people that limits are chosen on, each third
grey and each third in less light. The operating points of the contract are kept; `points` chooses them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from edge.vision.face.embed import SIZE_PX
from edge.vision.network import ModelFault, read_contract
from models.training.common import Exported, Promise, export_int8, to_input
from models.training.embed.data import People
from models.training.embed.teacher import Teacher

NAME: Final = "face_embed"
VERSION: Final = "1.0.0"
_PICTURES: Final = 300
UNCHOSEN: Final[Mapping[str, float]] = {
    "same": 0.46,
    "another": 0.2,
    "duplicate": 0.5,
    "min_face_px": 40.0,
    "yaw_deg": 25.0,
    "pitch_deg": 20.0,
    "covered_logit": -2.0,
    "min_dark": 30.0,
    "max_bright": 120.0,
    "min_sharpness": 0.04,
}
"""What the contract says before anything was chosen."""


def chosen_on(person: str) -> bool:
    """Whether limits are chosen on this person; they are judged on the others. The same in every run."""
    return hashlib.sha256(f"owner/{person}".encode()).digest()[0] % 2 == 0


def halves(persons: NDArray[np.str_]) -> NDArray[np.bool_]:
    """`chosen_on` for each picture."""
    kept = {str(name): chosen_on(str(name)) for name in np.unique(persons)}
    return np.array([kept[str(name)] for name in persons])


def examples(people: People, count: int = _PICTURES, seed: int = 1) -> NDArray[np.uint8]:
    """`count` cuts as a kiosk sees them."""
    rng = np.random.default_rng(seed)
    usable = np.flatnonzero(people.proper & halves(people.person))
    cuts = people.found[np.sort(rng.choice(usable, count, replace=False))]
    for n, cut in enumerate(cuts):
        if n % 3 == 1:
            cut[:] = greyed(cut)
        elif n % 3 == 2:
            cut[:] = np.clip(cut * rng.uniform(0.3, 0.8), 0, 255).astype(np.uint8)
    return np.asarray(cuts, np.uint8)


def greyed(cut: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Three equal planes, as of a picture without colours. `cut` is ... x 3, blue, green, red."""
    grey = np.rint(cut @ np.array((0.114, 0.587, 0.299))).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)


def convert(teachers: Path, people: People, models: Path, scratch: Path) -> Exported:
    """Writes `models/face_embed.tflite` and `.json`, and the float twin in `scratch`."""
    teacher = Teacher(teachers).eval()
    cuts = examples(people)
    real = torch.from_numpy(np.stack([to_input(cut) for cut in cuts]).transpose(0, 3, 1, 2))
    before = teacher(real[:8]).detach()
    teacher.equalise(real)
    off = float((teacher(real[:8]).detach() - before).abs().max())
    print(f"channels brought to one range: answers moved by {off:.1e} at most", flush=True)
    points = {**UNCHOSEN, **points_in(models)}
    promise = Promise(NAME, VERSION, (1, SIZE_PX, SIZE_PX, 3), ("template",), (), points)
    return export_int8(teacher, (cut[None] for cut in cuts), promise, models, scratch)


def points_in(models: Path) -> dict[str, float]:
    """The operating points that the contract has now; none where there is no contract."""
    try:
        return read_contract(models / f"{NAME}.json").operating_points
    except ModelFault:
        return {}

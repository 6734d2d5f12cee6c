"""`learn --normal`: what is normal in this cabin, from its camera or from recordings of it, a dictionary a
state.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge.bench.terminal import escapes_wanted
from edge.service.plans import behind_masks, camera_name, open_fitted
from edge.settings.places import model_dir
from edge.settings.schema import Settings
from edge.terms.observation import FACE_CAMERA, CabinState
from edge.terms.printing import printable
from edge.vision.look import Look
from edge.vision.opening import Wanted, open_to_learn
from edge.vision.scene import reference
from edge.vision.scene.conformal import limit_of
from edge.vision.scene.normal_file import FOLDER, Learnt, write_learnt
from edge.vision.scene.normal_learning import NormalLearner, watch
from edge.vision.scene.patches import Patches
from edge.vision.seers import Role
from hw.bench import ClipCamera
from hw.camera.port import Camera, Frame

FOR_S: Final = 600.0
"""Of a live camera."""

_HIGH: Final = 10.0
"""A plain box on a wall is some tens of spreads away."""


def learn_normal(args: argparse.Namespace, settings: Settings) -> int:
    """One camera's footage into its dictionaries. Raises `FaultError`; then nothing is kept."""
    state = None if args.state is None else CabinState(args.state)
    patches = Patches(model_dir(settings))
    folder = Path(settings.paths.data) / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    learnt: list[Learnt] = []
    if args.files:
        camera = args.camera or FACE_CAMERA
        clip = behind_masks(settings, ClipCamera(args.files, settings.camera.fps), camera)
        learnt += _learnt(clip, camera, NormalLearner(patches, folder, state), settings, args.for_s)
    else:
        for fitted in (settings.camera, settings.overview):
            camera = camera_name(fitted.role)
            if fitted.source == "none" or args.camera not in (None, camera):
                continue
            learner = NormalLearner(patches, folder, state)
            learnt += _learnt(open_fitted(settings, fitted), camera, learner, settings, args.for_s or FOR_S)
    for one in learnt:
        size = write_learnt(folder, one)
        print(printable(_words(one, size, settings.normal.false_alarms_a_day)))
    return 0


def _learnt(
    camera: Camera, name: str, learner: NormalLearner, settings: Settings, for_s: float | None
) -> tuple[Learnt, ...]:
    references = Path(settings.paths.data) / reference.FOLDER
    wanted = Wanted(model_dir(settings), frozenset(Role), settings.face.covers, references, name)
    seers = open_to_learn(wanted, learner)
    look = Look(seers.seers, references=seers.references, camera=name)
    shown = _Shown(learner)
    try:
        watch(_frames(camera), look, for_s, shown)
        return learner.finish(name, time.time())
    finally:
        shown.end()
        learner.close()
        camera.close()


def _frames(camera: Camera) -> Iterator[Frame]:
    while (frame := camera.read()) is not None:
        yield frame


class _Shown:
    """How far it is, on a terminal."""

    def __init__(self, learner: NormalLearner) -> None:
        self._learner = learner
        self._wanted = escapes_wanted(sys.stderr)
        self._due_s = 0.0

    def __call__(self, at_s: float) -> None:
        if not self._wanted or at_s < self._due_s:
            return
        self._due_s = at_s + 5.0
        minutes, seconds = divmod(int(at_s), 60)
        seen = ", ".join(f"{state.value} {looks}" for state, (looks, _) in self._learner.seen.items())
        print(
            f"\r\x1b[K{minutes}:{seconds:02} of footage; looks: {seen}", end="", file=sys.stderr, flush=True
        )

    def end(self) -> None:
        if self._wanted:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _words(one: Learnt, size: int, false_alarms_a_day: float) -> str:
    limit = limit_of(one.largest, false_alarms_a_day)
    how = "by ranks" if limit.assured else "by the tail of the scores: too short to be sure of so few"
    if limit.score > _HIGH:
        how += "; so high a limit finds little: give it more footage"
    return (
        f"{one.camera}: {one.state.value}, {one.looks} looks, {len(one.cells) // 2} vectors, "
        f"{size / 1e6:.2f} MB; limit {limit.score:.2f} from {len(one.largest)} blocks, {how}"
    )

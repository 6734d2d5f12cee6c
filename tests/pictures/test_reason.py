"""The picture that shows a reason: drawn near its frame, kept, hashed and limited like the others."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.pictures import files, sheet
from edge.pictures.check import check_pictures
from edge.pictures.drawing import ALARM, THING, picture_with
from edge.pictures.files import PICTURE_NAME, is_reason, pictures
from edge.pictures.keeper import Evidence
from edge.pictures.kept import EvidenceTrouble, PicturesKept
from edge.pictures.ring import RingPicture
from edge.pictures.sheet import NotDrawnError, Sheet, drawn_apart, drawn_here, sheet_of
from edge.pictures.store import EvidenceLimits, Start
from edge.pictures.writing import Handling
from edge.terms.observation import CameraHealth, Observation, Thing, ThingKind
from edge.terms.reason import Ground, Mark, Measure, Number, Reason, because
from tests.worlds.hand_clock import HandClock

WALL_S = 1_772_339_400.0  # 2026-03-01 04:30 UTC
SEEN = Observation(7, 1005.1, (320, 240), (), 0.0, CameraHealth.OK)
GUN = Thing(ThingKind.HANDGUN, (80.0, 60.0, 60.0, 40.0), 0.91)
WHY = because(Ground.WEAPON_SEEN, SEEN, Number(Measure.LOOKS, 4, 3), marks=[GUN])
LIMITS = EvidenceLimits(reserve_mb=0)


def jpeg(grey: int = 120) -> bytes:
    return cv2.imencode(".jpg", np.full((240, 320, 3), grey, np.uint8))[1].tobytes()


class Pictures:
    """A ring that holds what is put into it."""

    def __init__(self, *at_s: float) -> None:
        self.found = [RingPicture(n, at, jpeg(100 + n)) for n, at in enumerate(at_s, 1)]

    def between(self, from_s: float, to_s: float) -> Iterable[RingPicture]:
        return [picture for picture in self.found if from_s < picture.at_s <= to_s]

    def close(self) -> None:
        pass


class Scene:
    """Evidence in step with the caller's clock, over one ring."""

    def __init__(
        self, folder: Path, ring: Pictures, limits: EvidenceLimits = LIMITS, draw: sheet.Draw = drawn_here
    ) -> None:
        self.clock = HandClock(1005.2, WALL_S + 0.1)
        self.folder = folder / "evidence"
        self.evidence = Evidence(
            self.folder, {"face": ring}, self.clock, Start(3), limits, None, Handling(draw)
        )

    def keep(self, reason: Reason | None = WHY, why: str = "weapon") -> None:
        self.evidence.keep(12, self.clock.mono_s, why, reason)

    def run(self, seconds: float) -> list[PicturesKept | EvidenceTrouble]:
        told: list[PicturesKept | EvidenceTrouble] = []
        for _ in range(round(seconds * 2)):
            self.clock.mono_s += 0.5
            self.evidence.poll(self.clock.mono_s)
            told += [a for a in self.evidence.answers() if isinstance(a, PicturesKept | EvidenceTrouble)]
        return told

    def drawn(self) -> list[Path]:
        return [path for path in pictures(self.folder, 12) if is_reason(path.name)]


def troubles(told: Sequence[PicturesKept | EvidenceTrouble]) -> list[tuple[str, bool]]:
    return [(answer.code, answer.active) for answer in told if isinstance(answer, EvidenceTrouble)]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def test_it_is_drawn_on_the_picture_that_is_nearest_and_kept_with_its_hash(tmp_path: Path) -> None:
    scene = Scene(tmp_path, Pictures(1004.0, 1005.0, 1005.9))
    scene.keep()
    told = scene.run(40)
    [path] = scene.drawn()
    assert path.name == "00003-000001005000-face-weapon.jpg"
    assert PICTURE_NAME.fullmatch(path.name)
    assert path.stat().st_mode & 0o777 == 0o600
    kept = [answer for answer in told if isinstance(answer, PicturesKept)]
    hashes = {name: known for answer in kept for name, known in answer.files}
    assert hashes[path.name] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(hashes) == len(pictures(scene.folder, 12)) == 4
    lines = [answer.entry() for answer in kept]
    assert check_pictures(scene.folder, lines) == ()
    path.write_bytes(jpeg())
    assert [fault.code for fault in check_pictures(scene.folder, lines)] == ["evidence_changed"]


def test_it_has_the_boxes_and_room_for_the_words(tmp_path: Path) -> None:
    scene = Scene(tmp_path, Pictures(1005.0))
    scene.keep()
    scene.run(2)
    picture = cv2.imread(str(scene.drawn()[0]))
    assert picture is not None
    height, width = picture.shape[:2]
    assert (width, height > 360) == (480, True)  # 320 x 240 made larger, and lines below it
    edge, inside = picture[round(80 * 1.5), round(80 * 1.5)], picture[round(80 * 1.5), round(110 * 1.5)]
    assert np.abs(edge.astype(int) - ALARM).max() < 60
    assert np.abs(inside.astype(int) - 101).max() < 20
    assert (picture[365:] > 200).sum() > 500, "no words"


@pytest.mark.parametrize("late_s", [0.5, 1.5])
def test_a_picture_that_comes_a_moment_later_serves_too(tmp_path: Path, late_s: float) -> None:
    ring = Pictures()
    scene = Scene(tmp_path, ring)
    scene.keep()
    scene.run(late_s)
    assert not scene.drawn()
    ring.found = Pictures(1005.2).found
    scene.run(1)
    assert len(scene.drawn()) == 1


def test_without_any_picture_near_it_there_is_none_and_nothing_waits_for_it(tmp_path: Path) -> None:
    scene = Scene(tmp_path, Pictures(1001.0))
    scene.keep()
    scene.keep(replace(WHY, camera="overview"))
    scene.run(40)
    assert not scene.drawn()
    assert scene.evidence.orders == 0


def test_two_reasons_of_one_frame_are_two_pictures_and_the_same_again_is_one(tmp_path: Path) -> None:
    scene = Scene(tmp_path, Pictures(1005.0))
    for why in ("weapon", "robbery", "weapon"):
        scene.keep(why=why)
    scene.run(2)
    assert [path.stem.split("-")[3] for path in scene.drawn()] == ["robbery", "weapon"]


def test_it_counts_in_the_limits_of_the_incident(tmp_path: Path) -> None:
    scene = Scene(tmp_path, Pictures(1005.0), replace(LIMITS, incident_mb=len(jpeg()) * 1.5 / 1e6))
    scene.keep()
    told = scene.run(2)
    assert not scene.drawn()
    assert sum(answer.left_out for answer in told if isinstance(answer, PicturesKept)) == 1
    assert len(pictures(scene.folder, 12)) == 1, "the picture itself has its room"


def test_a_drawing_that_fails_is_a_fault_by_name_and_costs_no_other_picture(tmp_path: Path) -> None:
    broken = True

    def draw(content: bytes, wanted: Sheet) -> bytes:
        if broken:
            raise NotDrawnError("as on a bad day")
        return drawn_here(content, wanted)

    scene = Scene(tmp_path, Pictures(1005.0), draw=draw)
    scene.keep()
    told = scene.run(2)
    assert troubles(told) == [("evidence_not_drawn", True)]
    assert len(pictures(scene.folder, 12)) == 1
    broken = False
    scene.keep(why="robbery")
    told = scene.run(2)
    assert troubles(told) == [("evidence_not_drawn", False)]
    assert len(scene.drawn()) == 1


def test_what_is_no_picture_is_not_drawn_on() -> None:
    wanted = sheet_of(12, "weapon", WHY, WALL_S)
    for content in (b"", b"\xff\xd8 no picture"):
        with pytest.raises(NotDrawnError):
            drawn_here(content, wanted)


# --- the words ---------------------------------------------------------------------------------------


def test_the_sheet_names_the_incident_the_rule_the_numbers_and_the_frame() -> None:
    wanted = sheet_of(12, "weapon", WHY, WALL_S)
    assert wanted.title == "Incident 12: weapon"
    assert wanted.lines == (
        "Why: Several looks in a short time saw a weapon in somebody's hands.",
        "looks that saw it 4 (limit 3)",
        "Camera face, frame 7, 2026-03-01 04:30:00 UTC",
    )
    assert "1005.1 s after the start" in sheet_of(12, "weapon", WHY, 0.0).lines[-1]


@pytest.mark.slow
@pytest.mark.parametrize("ground", Ground)
def test_every_rule_can_be_drawn_with_the_letters_that_there_are(ground: Ground) -> None:
    numbers = tuple(Number(measure, 12.5, 10) for measure in Measure)
    wanted = sheet_of(1, "object_left", replace(WHY, ground=ground, numbers=numbers), WALL_S)
    assert all(line.isascii() for line in wanted.lines)
    assert picture_with(np.zeros((240, 320, 3), np.uint8), wanted).shape[0] > 360 + 20 * len(numbers)


@pytest.mark.parametrize("size", [(1, 1), (32, 500), (320, 240), (4000, 300)])
def test_boxes_outside_the_picture_and_odd_sizes_are_drawn_somehow(size: tuple[int, int]) -> None:
    width, height = size
    marks = [
        Mark((-500, -500, 20, 20), "bag", 0.5),
        Mark((0, 0, 9e3, 9e3), "x" * 60),
        Mark((3, 3, 0, 0), "é"),
    ]
    wanted = Sheet(size, tuple(marks), ((-9, -9), (9e4, 9e4)), "title", ("line",))
    assert picture_with(np.zeros((height, width, 3), np.uint8), wanted).shape[1] == max(480, min(width, 1280))


def test_labels_of_boxes_in_one_place_stand_below_each_other() -> None:
    black = np.zeros((480, 640, 3), np.uint8)
    marks = tuple(Mark((100, 100, 80, 80), "bag", score) for score in (0.9, 0.8, 0.7))
    one = picture_with(black, Sheet((640, 480), marks[:1], (), "", ()))
    three = picture_with(black, Sheet((640, 480), marks, (), "", ()))
    rows = [
        int((np.abs(picture[:, 102:104].astype(int) - THING).max(axis=(1, 2)) < 12).sum())
        for picture in (one, three)
    ]
    assert rows[1] >= rows[0] + 30


# --- in a process of its own -------------------------------------------------------------------------


@pytest.mark.slow
def test_another_process_draws_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "DRAW_S", 90.0)  # the machine of a test may be busy
    wanted = sheet_of(12, "weapon", WHY, WALL_S)
    assert drawn_apart(jpeg(), wanted) == drawn_here(jpeg(), wanted)
    with pytest.raises(NotDrawnError, match="status 1"):
        drawn_apart(b"no picture", wanted)


def test_a_process_that_hangs_or_cannot_start_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = tmp_path / "python"
    hangs.write_text("#!/bin/sh\nexec sleep 60\n")
    hangs.chmod(0o755)
    monkeypatch.setattr(sheet, "DRAW_S", 0.3)
    monkeypatch.setattr(sys, "executable", str(hangs))
    with pytest.raises(NotDrawnError, match="not done within"):
        drawn_apart(jpeg(), sheet_of(12, "weapon", WHY, WALL_S))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
    with pytest.raises(NotDrawnError, match="No such file"):
        drawn_apart(jpeg(), sheet_of(12, "weapon", WHY, WALL_S))


@pytest.mark.slow
def test_the_process_of_the_loop_needs_no_library_that_sees() -> None:
    program = "import edge.pictures.keeper, edge.service.build, sys; print('cv2' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=90
    )
    assert done.stdout.strip() == "False"


def test_names_of_pictures_are_told_apart() -> None:
    plain = files.picture_name(3, 1.5, "overview")
    shown = files.reason_name(3, 1.5, "overview", "object_left")
    assert not is_reason(plain)
    assert is_reason(shown)
    assert all(PICTURE_NAME.fullmatch(name) for name in (plain, shown))

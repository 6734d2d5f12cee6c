"""`learn --normal` to the end: learnt from a recording, replayed with a change, shown as a heat picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.__main__ import main
from edge.bench.desk import StoryClock
from edge.terms.observation import CabinState
from edge.vision.scene.normal_file import FOLDER, check_learnt
from hw.camera.port import ColourPicture
from hw.camera.staged import StagedCabin

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

LEFT, TOP, SIDE = 80, 200, 50
FPS = 1.0
"""As often as the normal cabin is looked at."""


def clip(path: Path, for_s: float, change_s: float | None = None) -> ColourPicture:
    """The staged cabin, vacant; from `change_s` on something hangs on its wall. Its last picture."""
    clock = StoryClock()
    stage = StagedCabin(clock)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FPS, (640, 480))
    picture = np.zeros((480, 640, 3), np.uint8)
    for number in range(int(for_s * FPS)):
        clock.move_to(number / FPS)
        colour = stage.read().colour
        assert colour is not None
        picture = colour.copy()
        if change_s is not None and number / FPS >= change_s:
            cv2.rectangle(picture, (LEFT, TOP), (LEFT + SIDE, TOP + SIDE), (60, 90, 160), -1)
        writer.write(picture)
    writer.release()
    return picture


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("normal")
    clip(folder / "normal.mp4", 265.0)
    where = f"paths.data={folder}"
    assert main(["learn", "--normal", "--from", str(folder / "normal.mp4"), "--set", where]) == 0
    return folder


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(data: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: str | Path, folder: Path = data) -> tuple[int, str, str]:
        try:
            code = main([*map(str, words), "--set", f"paths.data={folder}"])
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def unusual(out: str) -> list[dict[str, object]]:
    facts = [json.loads(line) for line in out.splitlines()]
    return [fact for fact in facts if fact["kind"] == "fact" and fact["name"] == "unusual_scene"]


def test_a_change_is_told_with_its_place_and_the_same_cabin_is_not(data: Path, run: Run) -> None:
    [learnt] = check_learnt(data / FOLDER)
    assert (learnt.camera, learnt.state) == ("face", CabinState.VACANT_DAY)
    clip(data / "same.mp4", 40.0)
    assert unusual(run("replay", data / "same.mp4", "--json")[1]) == []
    clip(data / "changed.mp4", 40.0, change_s=15.0)
    [fact] = unusual(run("replay", data / "changed.mp4", "--json")[1])
    at_s, unlikeness, boxes = fact["t"], fact["unlikeness"], fact["boxes"]
    assert isinstance(at_s, float)
    assert 15.0 <= at_s <= 26.0
    assert isinstance(unlikeness, float)
    assert unlikeness > 1.0
    assert isinstance(boxes, list)
    left, top, width, height = boxes[0]["box"]
    assert left <= LEFT + SIDE / 2 <= left + width
    assert top <= TOP + SIDE / 2 <= top + height


def test_a_still_picture_becomes_a_heat_picture_and_numbers(data: Path, run: Run) -> None:
    for name, change_s in (("same", None), ("changed", 0.0)):
        cv2.imwrite(str(data / f"{name}.png"), clip(data / "short.mp4", 1.0, change_s))
    code, out, _ = run("look", data / "same.png", data / "changed.png", "--json", "--heat", data / "heat")
    assert code == 0
    same, changed = (json.loads(line)["normal"] for line in out.splitlines())
    assert same["learnt"]
    assert changed["unlikeness"] > 2.0 * same["unlikeness"]
    drawn = cv2.imread(str(data / "heat" / "changed-heat.jpg"))
    assert drawn is not None
    warm = drawn[TOP : TOP + SIDE, LEFT : LEFT + SIDE].reshape(-1, 3).mean(axis=0)
    cool = drawn[20:60, 500:600].reshape(-1, 3).mean(axis=0)
    assert warm[2] - warm[0] > cool[2] - cool[0] + 40.0, "red where it changed"


def test_too_little_footage_is_refused_by_name_and_keeps_what_there_was(data: Path, run: Run) -> None:
    before = check_learnt(data / FOLDER)
    clip(data / "short.mp4", 20.0)
    code, out, err = run("learn", "--normal", "--from", data / "short.mp4")
    assert (code, out) == (3, "")
    assert err.startswith("fault:  normal_too_short\n")
    assert check_learnt(data / FOLDER) == before


def test_without_a_dictionary_heat_says_so(tmp_path: Path, run: Run) -> None:
    cv2.imwrite(str(tmp_path / "x.png"), np.full((480, 640, 3), 90, np.uint8))
    code, _, err = run("look", tmp_path / "x.png", "--heat", tmp_path / "heat", folder=tmp_path)
    assert code == 3
    assert err.startswith("fault:  normal_not_learnt\n")

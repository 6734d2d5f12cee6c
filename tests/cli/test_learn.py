"""`learn --empty`: what is sound and empty is kept, all else is refused by name and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.__main__ import main
from edge.bench.desk import StoryClock
from edge.vision.scene.reference import FOLDER, read_references
from hw.camera.port import ColourPicture
from hw.camera.staged import StagedCabin

Learn = Callable[..., tuple[int, str, str]]


def staged(*actions: str, at_s: float = 5.0) -> ColourPicture:
    clock = StoryClock()
    stage = StagedCabin(clock)
    for action in actions:
        stage.do(action, 0.0)
    clock.move_to(at_s)
    colour = stage.read().colour
    assert colour is not None
    return colour


def clip(path: Path, enter_s: float | None = None, for_s: float = 7.5) -> Path:
    clock = StoryClock()
    stage = StagedCabin(clock)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 3.0, (640, 480))
    for number in range(int(for_s * 3)):
        clock.move_to(number / 3)
        if enter_s is not None and number == int(enter_s * 3):
            stage.do("enter anna with helmet", clock.now_s())
        colour = stage.read().colour
        assert colour is not None
        writer.write(colour)
    writer.release()
    return path


@pytest.fixture
def learn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Learn:
    def call(*words: str | Path) -> tuple[int, str, str]:
        try:
            code = main(["learn", "--empty", *map(str, words), "--set", f"paths.data={tmp_path}"])
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.mark.slow
def test_a_picture_is_learnt_with_its_hour_and_light(learn: Learn, tmp_path: Path) -> None:
    day, night = tmp_path / "day.png", tmp_path / "night.png"
    cv2.imwrite(str(day), staged())
    grey = cv2.cvtColor(staged("lights dim"), cv2.COLOR_BGR2GRAY)
    cv2.imwrite(str(night), grey)
    assert learn("--from", day, "--at", "14:30") == (
        0,
        "face: the empty cabin at 14:30, 640x480, visible light\n",
        "",
    )
    assert learn("--from", night, "--at", "23:05")[1].endswith("23:05, 640x480, infrared light\n")
    found = read_references(tmp_path / FOLDER, "face")
    assert [(one.minute_of_day, one.infrared) for one in found] == [(870, False), (1385, True)]
    assert found[0].picture.shape == (480, 640)


@pytest.mark.slow
def test_a_clip_of_the_empty_cabin_is_learnt_and_one_with_somebody_is_not(
    learn: Learn, tmp_path: Path
) -> None:
    assert learn("--from", clip(tmp_path / "empty.mp4"), "--camera", "overview")[0] == 0
    assert len(read_references(tmp_path / FOLDER, "overview")) == 1
    code, out, err = learn("--from", clip(tmp_path / "somebody.mp4", enter_s=3.0), "--camera", "overview")
    assert (code, out) == (3, "")
    assert err.startswith("fault:  cabin_not_empty\n")
    assert len(read_references(tmp_path / FOLDER, "overview")) == 1, "nothing is changed by what is refused"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("actions", "fault"),
    [
        (("enter anna",), "fault:  cabin_not_empty\ncause:"),
        (("lights off",), "fault:  picture_unsound\ncause:"),
        (("camera covered",), "fault:  picture_unsound\ncause:"),
    ],
)
def test_what_is_not_sound_or_not_empty_is_refused(
    learn: Learn, tmp_path: Path, actions: tuple[str, ...], fault: str
) -> None:
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    cv2.imwrite(str(good), staged())
    cv2.imwrite(str(bad), staged(*actions))
    code, out, err = learn("--from", good, bad)
    assert (code, out) == (3, "")
    assert err.startswith(fault)
    assert not (tmp_path / FOLDER).exists(), "neither of them is kept"


def test_a_file_that_is_no_picture_is_named(learn: Learn, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(np.zeros(50, np.uint8).tobytes())
    code, _, err = learn("--from", tmp_path / "x.png")
    assert code == 3
    assert err.startswith("fault:  clip_unreadable\n")
    assert learn("--from", tmp_path / "x.png", "--at", "25:00")[0] == 2

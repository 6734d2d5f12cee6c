"""`learn --front`: regions and pictures are kept whole, or refused by name with nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.__main__ import main
from edge.vision.scene.fronts import FOLDER, read_front
from tests.worlds.drawn_front import lit, machine

Learn = Callable[..., tuple[int, str, str]]


@pytest.fixture
def learn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Learn:
    def call(*words: str | Path) -> tuple[int, str, str]:
        try:
            code = main(["learn", "--front", *map(str, words), "--set", f"paths.data={tmp_path}"])
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def picture(path: Path, level: float = 1.0, factor: int = 1) -> Path:
    grey = cv2.resize(lit(machine(), level, 2), None, fx=factor, fy=factor)
    cv2.imwrite(str(path), grey)
    return path


@pytest.mark.slow
def test_pictures_over_the_day_are_kept_with_their_regions(learn: Learn, tmp_path: Path) -> None:
    """A larger picture than the eyes get: its regions are taken down with it."""
    noon = picture(tmp_path / "noon.png", factor=4)
    regions = ["slot=720,280,240,120", "keypad=360,560,280,240", "screen=320,160,320,240"]
    code, out, err = learn(noon, "--at", "12:00", "--regions", *regions, "--wide", "keypad=14")
    assert (code, err) == (0, "")
    assert "12:00" in out
    assert "slot 120x60" in out
    assert "1.0 cm" in out
    dusk = picture(tmp_path / "dusk.png", 0.5, factor=4)
    assert learn(dusk, "--at", "19:30")[0] == 0
    front = read_front(tmp_path / FOLDER, "face")
    assert front is not None
    assert [one.minute_of_day for one in front.pictures] == [720, 1170]
    assert [region.name for region in front.regions] == ["slot", "keypad", "screen"]
    assert front.px_per_cm == 10.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--regions", "slot=300,70,60,30"], "reaches out of the picture"),
        (["--regions", "slot=180,70,60,8"], "16 each way are needed"),
        (["--regions", "lid=180,70,60,30"], "a region is one of slot, keypad"),
        (["--regions", "slot=180,70,60,30", "--from", "x.png"], "--from goes with the others"),
        ([], "no front is taught yet"),
        (["--regions", "slot=180,70,60,30", "--wide", "slot=x"], "width in centimetres"),
        (["--regions", "slot=180,70,60,30", "--camera", "overview"], "sees the whole cabin: face"),
    ],
)
def test_what_cannot_be_taught_is_refused(learn: Learn, tmp_path: Path, words: list[str], why: str) -> None:
    code, _, err = learn(picture(tmp_path / "noon.png"), *words)
    assert code != 0
    assert "front_refused" in err
    assert why in err
    assert not (tmp_path / FOLDER).exists()


@pytest.mark.slow
def test_a_dark_picture_is_refused(learn: Learn, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "dark.png"), np.full((240, 320), 5, np.uint8))
    _, _, err = learn(tmp_path / "dark.png", "--regions", "slot=180,70,60,30")
    assert "picture_unsound" in err

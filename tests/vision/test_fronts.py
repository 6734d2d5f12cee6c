"""What was taught of the front is kept whole, read with what is sound, and refused where it is poor."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import numpy as np
import pytest

from edge.faults.fault import FaultError
from edge.vision.scene.fronts import (
    MANIFEST,
    PICTURES_MAX,
    RegionKind,
    Taught,
    check_fronts,
    read_front,
    write_front,
)
from edge.vision.scene.reference import Reference
from edge.vision.scene.teaching import region_from, scale_of, scaled, teach
from tests.worlds.drawn_front import KEYPAD, REGIONS, SLOT, lit, machine, region


def taken(seed: int = 0, level: float = 1.0) -> Reference:
    return Reference(lit(machine(), level, seed), "face", 1_800_000_000.0 + seed, 600 + seed, infrared=False)


def taught(pictures: int = 2, camera: str = "face") -> Taught:
    return teach([taken(n, 1.0 - 0.1 * n) for n in range(pictures)], camera, REGIONS, 5.0)


def test_what_was_taught_is_read_again_for_its_own_camera(tmp_path: Path) -> None:
    assert read_front(tmp_path, "face") is None
    write_front(tmp_path, taught())
    write_front(tmp_path, taught(1, "overview"))
    found = read_front(tmp_path, "face")
    assert found is not None
    assert (found.regions, found.px_per_cm) == (REGIONS, 5.0)
    assert [one.minute_of_day for one in found.pictures] == [600, 601]
    assert np.array_equal(found.pictures[0].picture, taken().picture)
    assert len(check_fronts(tmp_path)) == 2
    write_front(tmp_path, taught(1))
    assert len(list(tmp_path.glob("*.png"))) == 2, "what no manifest names is gone"


@pytest.mark.parametrize(
    "harm", ["cut", "gone", "bit", "manifest bit", "manifest gone", "manifest cut", "region"]
)
def test_damage_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: str) -> None:
    write_front(tmp_path, taught())
    manifest = tmp_path / MANIFEST
    names = re.findall(r'"file": "([^"]+)"', manifest.read_text())
    picture = tmp_path / names[0]
    match harm:
        case "cut":
            picture.write_bytes(picture.read_bytes()[:1000])
        case "gone":
            picture.unlink()
        case "bit":
            content = bytearray(picture.read_bytes())
            content[900] ^= 4
            picture.write_bytes(content)
        case "manifest gone":
            manifest.unlink()
        case "manifest cut":
            manifest.write_bytes(manifest.read_bytes()[:200])
        case "manifest bit":
            manifest.write_text(manifest.read_text().replace("180.0", "190.0"))
        case "region":
            manifest.write_text(manifest.read_text().replace('"keypad"', '"screen"'))
        case _:
            raise ValueError(harm)
    with pytest.raises(FaultError, match="front_damaged"):
        check_fronts(tmp_path)
    if "manifest" in harm or harm == "region":
        with pytest.raises(FaultError, match="front_damaged"):
            read_front(tmp_path, "face")
        write_front(tmp_path, taught(1))
        assert read_front(tmp_path, "face") is not None, "taught again"
        return
    with caplog.at_level(logging.WARNING):
        left = read_front(tmp_path, "face")
    assert left is not None
    assert [one.minute_of_day for one in left.pictures] == [601], "looked at with what is sound"
    assert names[0] in caplog.text
    (tmp_path / names[1]).unlink()
    with pytest.raises(FaultError, match="no picture of the front is sound"):
        read_front(tmp_path, "face")


@pytest.mark.slow
def test_other_hours_are_added_and_the_first_picture_stays() -> None:
    front = taught(1)
    for hour in range(10):
        front = teach([taken(20 + hour, 0.6)], "face", (), None, front)
    assert len(front.pictures) == PICTURES_MAX
    assert [one.minute_of_day for one in front.pictures] == [600, *range(600 + 23, 600 + 30)]
    assert front.px_per_cm == 5.0


def test_regions_are_boxes_or_polygons_in_the_pixels_of_the_picture() -> None:
    assert region_from("slot=180,70,60,30") == region("slot", SLOT)
    polygon = region_from("keypad-2=10,10,50,12,30,60")
    assert (polygon.kind, polygon.box) == (RegionKind.KEYPAD, (10, 10, 40, 50))
    assert scaled([region("slot", SLOT)], 2.0)[0].box == (360, 140, 120, 60)
    assert scale_of(REGIONS, "keypad=14") == KEYPAD[2] / 14


@pytest.mark.parametrize(
    "text", ["slot", "slot=1,2,3", "slot=1,2,3,x", "lid=1,2,30,40", "slot=1,2,-3,40", "slot=1,2,nan,4"]
)
def test_what_is_no_region_is_refused(text: str) -> None:
    with pytest.raises(FaultError, match="front_refused"):
        region_from(text)


@pytest.mark.parametrize(
    ("regions", "why"),
    [
        ([region("slot", (300, 70, 60, 30))], "reaches out of the picture of 320x240"),
        ([region("slot", (180, 70, 60, 10))], "60x10 pixels, .* smallest change that is seen .*2.0 cm"),
        ([region("screen", SLOT)], "a screen alone"),
        ([region("slot", SLOT), region("slot", KEYPAD)], "named twice"),
        ([], "no front is taught yet"),
    ],
)
def test_what_cannot_be_watched_is_refused(regions: list[object], why: str) -> None:
    with pytest.raises(FaultError, match=why):
        teach([taken()], "face", regions, 5.0)  # type: ignore[arg-type]


def test_pictures_of_something_else_are_refused() -> None:
    other = Reference(np.ascontiguousarray(taken().picture[:, ::-1]), "face", 0.0, 0, infrared=False)
    with pytest.raises(FaultError, match="picture 2 does not fit on the first one"):
        teach([taken(), other], "face", REGIONS, None)
    plain = Reference(np.full((240, 320), 99, np.uint8), "face", 0.0, 0, infrared=False)
    with pytest.raises(FaultError, match="corners"):
        teach([plain], "face", REGIONS, None)

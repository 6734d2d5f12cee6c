"""The empty cabin's pictures: written whole, read with whatever is sound, damage named and never fatal."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from edge.faults.fault import FaultError
from edge.vision.scene.reference import (
    KEPT,
    MANIFEST,
    Reference,
    add_references,
    check_references,
    is_infrared,
    read_references,
)


def reference(camera: str = "face", taken_wall_s: float = 1_800_000_000.0, seed: int = 0) -> Reference:
    picture = np.random.default_rng(seed).integers(0, 255, (120, 160), dtype=np.uint8)
    return Reference(picture, camera, taken_wall_s, minute_of_day=600 + seed, infrared=bool(seed % 2))


def test_what_was_written_is_read_again_for_its_own_camera(tmp_path: Path) -> None:
    day, night = reference(seed=0), reference(taken_wall_s=1_800_040_000.0, seed=1)
    add_references(tmp_path, [night, day, reference("overview", seed=2)])
    found = read_references(tmp_path, "face")
    assert [(one.minute_of_day, one.infrared, one.taken_wall_s) for one in found] == [
        (600, False, 1_800_000_000.0),
        (601, True, 1_800_040_000.0),
    ]
    assert np.array_equal(found[0].picture, day.picture)
    assert len(read_references(tmp_path, "overview")) == 1
    assert read_references(tmp_path, "ceiling") == ()


def test_a_second_taking_stands_beside_the_first_and_anew_replaces_this_cameras(tmp_path: Path) -> None:
    add_references(tmp_path, [reference(), reference("overview", seed=5)])
    add_references(tmp_path, [reference(taken_wall_s=1_800_000_001.0, seed=1)])
    assert len(read_references(tmp_path, "face")) == 2
    add_references(tmp_path, [reference(taken_wall_s=1_800_000_002.0, seed=2)], fresh=True)
    assert [one.minute_of_day for one in read_references(tmp_path, "face")] == [602]
    assert len(read_references(tmp_path, "overview")) == 1
    assert len(list(tmp_path.glob("*.png"))) == 2, "what no manifest names is gone"


def test_the_oldest_go_when_there_are_too_many(tmp_path: Path) -> None:
    for seed in range(KEPT + 3):
        add_references(tmp_path, [reference(taken_wall_s=1_800_000_000.0 + seed, seed=seed)])
    assert [one.minute_of_day for one in read_references(tmp_path, "face")] == [
        600 + seed for seed in range(3, KEPT + 3)
    ]


def test_nothing_learnt_is_nothing_wrong(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read_references(tmp_path / "never", "face") == ()
    assert check_references(tmp_path / "never") == ()
    assert not caplog.records


@pytest.mark.parametrize(
    "harm", ["cut", "gone", "bit", "no picture", "manifest cut", "manifest gone", "path", "binary"]
)
def test_damage_is_named_and_the_rest_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: str
) -> None:
    add_references(tmp_path, [reference(), reference(taken_wall_s=1_800_000_001.0, seed=1)])
    first = sorted(tmp_path.glob("*.png"))[0]
    manifest = tmp_path / MANIFEST
    content = first.read_bytes()
    match harm:
        case "cut":
            first.write_bytes(content[: len(content) // 2])
        case "gone":
            first.unlink()
        case "bit":
            first.write_bytes(content[:-20] + bytes([content[-20] ^ 1]) + content[-19:])
        case "no picture":
            first.write_bytes(b"hello")
        case "manifest cut":
            manifest.write_bytes(manifest.read_bytes()[:-30])
        case "manifest gone":
            manifest.unlink()
        case "path":
            manifest.write_text(manifest.read_text().replace(first.name, "../../etc/shadow"))
        case "binary":
            manifest.write_bytes(bytes(range(256)))
        case _:
            raise AssertionError(harm)
    with caplog.at_level(logging.WARNING):
        found = read_references(tmp_path, "face")
    assert len(found) == (0 if harm in ("manifest cut", "manifest gone", "binary") else 1)
    assert [record.getMessage().split(" (")[0][:25] for record in caplog.records] == [
        "fault: reference_damaged:"
    ]
    with pytest.raises(FaultError, match="reference_damaged"):
        check_references(tmp_path)


def test_a_disk_that_takes_nothing_leaves_the_old_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_references(tmp_path, [reference()])

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="No space"):
        add_references(tmp_path, [reference(taken_wall_s=1_800_000_009.0, seed=3)], fresh=True)
    monkeypatch.undo()
    assert [one.minute_of_day for one in read_references(tmp_path, "face")] == [600]
    assert not list(tmp_path.glob(".*.part"))


def test_infrared_light_leaves_no_colours() -> None:
    grey = np.repeat(np.random.default_rng(0).integers(0, 255, (60, 80, 1), dtype=np.uint8), 3, axis=2)
    assert is_infrared(grey)
    warm = grey.copy()
    warm[:, :, 0] //= 2
    assert not is_infrared(warm)
    assert not is_infrared(None)

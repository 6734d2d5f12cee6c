"""The dictionaries on disk: whole or not at all, and damage costs the state that it is in and no other."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge.faults.fault import FaultError
from edge.terms.observation import CabinState
from edge.vision.scene.normal_file import (
    MOST_BYTES,
    Learnt,
    check_learnt,
    has_any,
    name_of,
    read_learnt,
    write_learnt,
)


def learnt(state: CabinState = CabinState.VACANT_DAY, camera: str = "face", network: str = "1") -> Learnt:
    places = np.zeros(6, "<f4").tobytes()
    return Learnt(
        camera=camera,
        state=state,
        network=network,
        rows=2,
        columns=3,
        channels=4,
        taken_wall_s=1.8e9,
        looks=300,
        vectors=np.arange(20, dtype=np.int8).tobytes(),
        cells=np.array([0, 0, 2, 3, 5], "<u2").tobytes(),
        reach=places,
        spread=places,
        largest=(1.0, 1.1, 0.9, 1.2),
    )


def test_what_was_written_is_read_by_its_own_camera(tmp_path: Path) -> None:
    for one in (learnt(), learnt(CabinState.CUSTOMER), learnt(camera="overview")):
        assert write_learnt(tmp_path, one) == (tmp_path / name_of(one.camera, one.state)).stat().st_size
    found, faults = read_learnt(tmp_path, "face", "1")
    assert found == (learnt(CabinState.CUSTOMER), learnt())
    assert faults == ()
    assert len(check_learnt(tmp_path)) == 3
    write_learnt(tmp_path, msgspec.structs.replace(learnt(), looks=9))
    assert [one.looks for one in read_learnt(tmp_path, "face", "1")[0]] == [300, 9]


def test_nothing_learnt_is_nothing_wrong(tmp_path: Path) -> None:
    assert read_learnt(tmp_path / "never", "face", "1") == ((), ())
    assert not has_any(tmp_path, "face")
    assert check_learnt(tmp_path) == ()


@pytest.mark.parametrize("harm", ["cut", "bit", "empty", "format", "renamed", "no dictionary", "unordered"])
def test_damage_is_named_set_aside_and_the_rest_is_read(tmp_path: Path, harm: str) -> None:
    write_learnt(tmp_path, learnt())
    write_learnt(tmp_path, learnt(CabinState.CUSTOMER))
    path = tmp_path / name_of("face", CabinState.CUSTOMER)
    content = path.read_bytes()
    match harm:
        case "cut":
            path.write_bytes(content[:-9])
        case "bit":
            path.write_bytes(content[:90] + bytes([content[90] ^ 4]) + content[91:])
        case "empty":
            path.write_bytes(b"")
        case "format":
            path.write_bytes(content.replace(b"normal-1", b"normal-9"))
        case "renamed":
            path.write_bytes((tmp_path / name_of("face", CabinState.VACANT_DAY)).read_bytes())
        case "no dictionary":
            write_learnt(tmp_path, msgspec.structs.replace(learnt(CabinState.CUSTOMER), vectors=b"12345678"))
        case _:
            cells = np.array([5, 0, 2, 3, 5], "<u2").tobytes()
            write_learnt(tmp_path, msgspec.structs.replace(learnt(CabinState.CUSTOMER), cells=cells))
    with pytest.raises(FaultError, match="normal_damaged"):
        check_learnt(tmp_path)
    for _ in range(2):
        assert len(read_learnt(tmp_path, "face", "1")[1]) == 1, "a reader takes nothing away"
    found, faults = read_learnt(tmp_path, "face", "1", set_aside=True)
    assert found == (learnt(),)
    assert [fault.code for fault in faults] == ["normal_damaged"]
    assert path.with_name(path.name + ".damaged").exists()
    assert read_learnt(tmp_path, "face", "1") == ((learnt(),), ()), "told once"


def test_another_network_asks_to_learn_again_and_nothing_is_set_aside(tmp_path: Path) -> None:
    write_learnt(tmp_path, learnt(network="1"))
    for _ in range(2):
        found, faults = read_learnt(tmp_path, "face", "2")
        assert found == ()
        assert [fault.code for fault in faults] == ["normal_outdated"]


def test_a_disk_that_fails_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_learnt(tmp_path, learnt())

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_learnt(tmp_path, msgspec.structs.replace(learnt(), looks=9))
    assert read_learnt(tmp_path, "face", "1")[0][0].looks == 300
    assert [path.name for path in tmp_path.iterdir()] == [name_of("face", CabinState.VACANT_DAY)]


def test_more_than_the_bound_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too many"):
        write_learnt(tmp_path, msgspec.structs.replace(learnt(), vectors=bytes(MOST_BYTES)))

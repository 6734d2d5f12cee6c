"""Keeping up: slowly, out of quarantine, never what leads up to an alarm, never far from commissioning."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge.terms.observation import CabinState, NormalSeen
from edge.vision.scene.conformal import LEAST_BLOCKS
from edge.vision.scene.dictionary import as_units
from edge.vision.scene.normal import Known
from edge.vision.scene.normal_file import Learnt, read_taken, write_learnt, write_taken
from edge.vision.scene.normal_keeping import (
    EVERY_S,
    MOST_A_DAY,
    MOST_BYTES,
    Compared,
    Keeping,
    Taken,
    with_taken,
)

DAY = CabinState.VACANT_DAY
HOUR_S = 3600.0
ROWS, COLUMNS, CHANNELS = 2, 3, 8


class Kiosk:
    """Says how many incidents it has counted, or nothing."""

    incidents: int | None = 4

    def __call__(self) -> int | None:
        return self.incidents


@pytest.fixture
def kiosk() -> Kiosk:
    return Kiosk()


def look(score: float = 1.0, far: float = 0.2, unlike: float = 1.0, seed: int = 0) -> Compared:
    """A look at the limit of 2, all of whose places are as far from what is known."""
    vectors = np.random.default_rng(seed).normal(size=(ROWS, COLUMNS, CHANNELS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    busy = np.zeros((ROWS, COLUMNS), np.bool_)
    busy[0, 0] = True
    places = np.ones((ROWS, COLUMNS), np.float32)
    return Compared(vectors, busy, far * places, unlike * places, score, 2.0)


def shown(keeping: Keeping, seen: Compared, at_s: float) -> tuple[CabinState, Taken] | None:
    """As the eye shows it a look."""
    said = NormalSeen(DAY, seen.score, seen.limit, 0.5, 0.0, (), 1.0)
    return keeping.offer(DAY, seen, at_s) if keeping.wants(DAY, said, at_s) else None


def days(keeping: Keeping, count: float, seen: Compared, begin_s: float = 0.0) -> list[tuple[float, Taken]]:
    """What comes out of quarantine, and when."""
    out = []
    for number in range(round(count * 24 * HOUR_S / EVERY_S)):
        at_s = begin_s + number * EVERY_S
        found = shown(keeping, seen, at_s)
        if found is not None:
            assert found[0] is DAY
            out.append((at_s, found[1]))
    return out


def test_what_is_new_comes_out_after_the_quarantine_and_what_somebody_hid_does_not(kiosk: Kiosk) -> None:
    seen = look()
    out = days(Keeping(kiosk, 24 * HOUR_S), 1.1, seen)
    assert out[0][0] == 24 * HOUR_S
    assert sorted(out[0][1].cells) == [1, 2, 3, 4, 5], "not the place where somebody stood"
    flat = seen.vectors.reshape(-1, CHANNELS)[out[0][1].cells]
    assert (as_units(out[0][1].vectors) * flat).sum(axis=1).min() > 0.999


@pytest.mark.parametrize("trouble", ["unusual", "incident", "silent"])
def test_what_led_up_to_trouble_is_never_learnt(kiosk: Kiosk, trouble: str) -> None:
    keeping = Keeping(kiosk, 24 * HOUR_S)
    assert days(keeping, 0.99, look()) == []
    assert keeping.waiting > 100
    at_s = 0.99 * 24 * HOUR_S
    match trouble:
        case "unusual":
            shown(keeping, look(score=2.1), at_s + 1.0)
        case "incident":
            kiosk.incidents = 5
        case _:
            kiosk.incidents = None
    out = days(keeping, 0.9, look(), at_s + EVERY_S)
    assert out == []
    if trouble == "silent":
        assert keeping.waiting > 100, (
            "what waits is released once the kiosk says that nothing was counted since"
        )
        kiosk.incidents = 4
        assert days(keeping, 0.1, look(), at_s + 24 * HOUR_S)


@pytest.mark.parametrize("seen", [look(score=1.9), look(far=0.01), look(unlike=3.1)])
def test_nothing_is_offered_by_what_is_nearly_unusual_well_known_or_too_far_away(
    kiosk: Kiosk, seen: Compared
) -> None:
    keeping = Keeping(kiosk, 24 * HOUR_S)
    assert days(keeping, 3.0, seen) == []
    assert keeping.waiting == 0


def test_a_day_takes_in_a_little(kiosk: Kiosk) -> None:
    out = days(Keeping(kiosk, HOUR_S), 1.0, look())
    assert sum(len(taken.cells) for _, taken in out) == MOST_A_DAY


def test_the_oldest_go_and_the_size_is_bounded() -> None:
    taken: Taken | None = None
    for number in range(3000):
        cells = np.full(40, number % 6, np.uint16)
        taken = with_taken(taken, Taken(cells, np.full((40, 8), number % 100, np.int8)))
    assert taken is not None
    assert taken.vectors.nbytes + taken.cells.nbytes <= MOST_BYTES
    assert int(taken.vectors[-1, 0]) == 2999 % 100


def learnt() -> Learnt:
    vectors = np.eye(CHANNELS, dtype=np.int8)[:6] * 127
    return Learnt(
        camera="face",
        state=DAY,
        network="1",
        rows=ROWS,
        columns=COLUMNS,
        channels=CHANNELS,
        taken_wall_s=0.0,
        looks=9,
        vectors=vectors.tobytes(),
        cells=np.arange(6, dtype="<u2").tobytes(),
        reach=np.zeros(6, "<f4").tobytes(),
        spread=np.full(6, 0.1, "<f4").tobytes(),
        largest=(1.0,) * LEAST_BLOCKS,
    )


def test_what_was_taken_in_is_known_from_then_on_and_after_a_restart(tmp_path: Path) -> None:
    write_learnt(tmp_path, learnt())
    known = Known(learnt(), 1.0)
    seen = look(seed=3)
    first = known.distances(seen.vectors)
    assert first.max() > 0.2
    flat = seen.vectors.reshape(-1, CHANNELS)
    known.take_in(Taken(np.arange(6, dtype=np.uint16), np.rint(flat * 127).astype(np.int8)))
    assert known.taken is not None
    write_taken(tmp_path, learnt(), known.taken)
    again = Known(learnt(), 1.0, read_taken(tmp_path, learnt()))
    for one in (known, again):
        assert one.distances(seen.vectors).max() < 0.01
        commissioned = one.from_commissioning(seen.vectors)
        assert np.array_equal(commissioned, first), "how far it wandered is measured from commissioning"
        assert one.limit == Known(learnt(), 1.0).limit


def test_what_another_dictionary_took_in_and_what_is_damaged_count_for_nothing(tmp_path: Path) -> None:
    taken = Taken(np.zeros(1, np.uint16), np.ones((1, CHANNELS), np.int8))
    assert read_taken(tmp_path, learnt()) is None
    write_taken(tmp_path, learnt(), taken)
    assert read_taken(tmp_path, learnt()) is not None
    other = msgspec.structs.replace(learnt(), network="2")
    assert read_taken(tmp_path, other) is None
    path = tmp_path / "face-vacant_day.taken"
    path.write_bytes(path.read_bytes()[:-2])
    assert read_taken(tmp_path, learnt()) is None

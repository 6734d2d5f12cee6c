"""The table does in every corner, at every event and with time alone, what is written down."""

from __future__ import annotations

import pytest

from tests.cabin.every_step import paragraph_of, written
from tests.worlds.cabin_places import CORNERS, MAKERS

WRITTEN = written()


def test_every_place_is_written_down() -> None:
    assert list(WRITTEN) == [*MAKERS, *CORNERS]


@pytest.mark.parametrize("place", [*MAKERS, *CORNERS])
def test_it_does_what_is_written_down(place: str) -> None:
    """A change that was meant is written down with `python -m tests.cabin.every_step --write`."""
    is_now, was = paragraph_of(place).splitlines(), WRITTEN[place].splitlines()
    new = [line for line in is_now if line not in was]
    gone = [line for line in was if line not in is_now]
    assert is_now == was, "\n".join(["no more:", *gone, "now:", *new])

"""One view for all who look: anyone who had it made, everybody is told at once."""

from __future__ import annotations

import asyncio

import pytest

from edge.web import hub
from edge.web.exchange import Live
from edge.web.hub import Board

WITHIN_S = 100.0


class View:
    """A view that changes when it is told to."""

    def __init__(self) -> None:
        self.number = 1
        self.board = Board(lambda: Live("x", parts={"a": str(self.number)}), "boot", lambda _, html: html)

    def change(self) -> None:
        self.number += 1
        self.board.forget()


@pytest.fixture(autouse=True)
def _no_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was not woken gets nothing."""
    monkeypatch.setattr(hub, "BEAT_S", 10 * WITHIN_S)


async def follow(view: View, change: str) -> None:
    stream = view.board.listen("", b"hello")
    try:
        assert await anext(stream) == b"hello"
        for number in range(1, 6):
            piece = await asyncio.wait_for(anext(stream), WITHIN_S)
            assert f'"a":"{number}"'.encode() in piece
            view.change()
            if change == "by a request":
                view.board.current()
            else:
                view.board.nudge()
                await asyncio.sleep(0.3)  # it is made, and told, before anybody asks for it
    finally:
        await stream.aclose()  # type: ignore[attr-defined]
        view.board.close()


@pytest.mark.slow
@pytest.mark.parametrize("change", ["by a request", "before it is asked for"])
def test_everybody_is_told_of_what_was_made(change: str) -> None:
    asyncio.run(follow(View(), change))

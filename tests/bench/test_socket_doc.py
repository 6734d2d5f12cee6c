"""The page about the bench's socket: every example is played, every name stands in it, and no other."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Final, get_args

import msgspec
import pytest

from edge.bench.socket import ask_bench
from edge.bench.wire import (
    VERSION,
    Acted,
    BenchReply,
    BenchRequest,
    BenchView,
    NotAnswered,
    Plug,
    Stories,
    StoryAsk,
    WordForms,
)
from edge.cabin.deadlines import Wait
from edge.cabin.ways import Because, Way
from tests.worlds.bench_world import answered, scripted_cabin

DOC: Final = (Path(__file__).parents[2] / "edge" / "docs" / "bench-socket.md").read_text()
BLOCKS: Final = re.findall(r"```json\n(.*?)```", DOC, re.DOTALL)


def _lines(block: int) -> list[str]:
    return [line for line in BLOCKS[block].splitlines() if line]


def _table(name: str) -> list[str]:
    """The first words in ticks of each row between these two comments."""
    inside = DOC.split(f"<!-- {name}:begin -->")[1].split(f"<!-- {name}:end -->")[0]
    rows = [re.match(r"\| `(\w+)`", row) for row in inside.splitlines()[2:]]
    return [row[1] for row in rows if row is not None]


def test_every_request_of_the_page_is_answered(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("d")
    tags: set[str] = set()
    with scripted_cabin(folder / "data") as cabin, answered(folder, cabin.act, cabin.view):
        for line in _lines(0):
            request = msgspec.json.decode(line, type=BenchRequest)
            tags.add(msgspec.json.decode(line)["verb"])
            reply = ask_bench(folder, request)
            assert reply.version == VERSION
            if isinstance(request, Plug | StoryAsk):  # the keeper's; the cabin alone has neither
                assert isinstance(reply, NotAnswered)
            else:
                assert isinstance(reply, Acted | BenchView | WordForms), line
                assert not isinstance(reply, Acted) or reply.done, reply
    assert tags == {kind.__struct_config__.tag for kind in get_args(BenchRequest)} == set(_table("verbs"))


def test_the_replies_of_the_page_are_replies() -> None:
    replies = [msgspec.json.decode(line, type=BenchReply) for line in _lines(1)]
    assert [reply.done for reply in replies if isinstance(reply, Acted)] == [True, False]


def test_every_member_of_the_view_is_on_the_page() -> None:
    table = DOC.split("## `view`")[1].split("###")[0]
    named = set(re.findall(r"`(\w+)`", table))
    missing = {name for name in BenchView.__struct_fields__ if name != "version"} - named
    assert not missing


def test_every_story_verb_is_on_the_page() -> None:
    (row,) = (line for line in DOC.splitlines() if line.startswith("| `story` | `do`"))
    (literal,) = (f.type for f in msgspec.structs.fields(StoryAsk) if f.name == "do")
    assert set(get_args(literal)) <= set(re.findall(r"`(\w+)`", row))
    assert Stories(stories=()).version == VERSION


@pytest.mark.parametrize(("name", "names"), [("waits", Wait), ("ways", Way), ("because", Because)])
def test_every_name_is_on_the_page_and_no_other(name: str, names: type[StrEnum]) -> None:
    assert _table(name) == [member.value for member in names]

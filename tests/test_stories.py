"""Every built-in story: in the staged cabin with the real networks, and with scripted eyes."""

from __future__ import annotations

from pathlib import Path

import pytest
from desk_world import play_scripted

from edge.app import Happening
from edge.bench import play_story
from edge.desk import scratch
from edge.faults import FaultError
from edge.settings import load
from edge.story import built_in, find, parse

STORIES = tuple(built_in())
WANTED = {
    "proper-face",
    "mask-off",
    "never-shown",
    "three-wrong",
    "fire",
    "exit-button",
    "power-cut",
    "modem-dead",
    "camera-dies",
    "two-persons",
    "leaves",
}


def told(heard: list[Happening]) -> str:
    return "\n".join(f"{h.at_s:8.2f} {h.kind} {dict(h.data)}" for h in heard[-60:])


def test_the_stories_are_there() -> None:
    assert set(STORIES) == WANTED
    assert all(story.title != name for name, story in built_in().items())


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", STORIES)
def test_story_in_the_staged_cabin(name: str) -> None:
    story = find(name)
    heard: list[Happening] = []
    outcome = play_story(story, load(None, list(story.settings)), heard.append)
    assert outcome.ok, f"{outcome.failure}\n{told(heard)}"


@pytest.mark.parametrize("name", STORIES)
def test_story_with_scripted_eyes(name: str) -> None:
    heard: list[Happening] = []
    with scratch("test") as folder:
        outcome = play_scripted(name, Path(folder), heard.append)
    assert outcome.ok, f"{outcome.failure}\n{told(heard)}"


def test_a_story_is_the_same_every_time() -> None:
    runs = []
    for _ in range(2):
        heard: list[Happening] = []
        with scratch("test") as folder:
            play_scripted("three-wrong", Path(folder), heard.append)
        runs.append(heard)
    assert runs[0] == runs[1]


@pytest.mark.parametrize(
    ("lines", "failure"),
    [
        ("+1 enter anna with mask\nby +5 see state cleared", "line 2: state cleared: not seen by"),
        ("+1 enter anna\nby +10 see state cleared\nnever see permit on", "line 3: permit on was seen at"),
        ("+1 leave anna", "line 1: leave anna: cannot be done"),
        ("+1 power on", "line 1: power on: cannot be done"),
        ("+1 power off\n+1 power off", "line 2: power off: cannot be done"),
    ],
)
def test_a_story_that_does_not_come_true_says_where(lines: str, failure: str) -> None:
    with scratch("test") as folder:
        outcome = play_scripted(parse("mine", lines), Path(folder))
    assert outcome.failure.startswith(failure)
    assert not outcome.ok


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("enter anna", "line 1: a line begins with a time"),
        ("+x enter anna", "line 1: a line begins with a time"),
        ("+nan enter anna", "line 1: a line begins with a time"),
        ("-3 enter anna", "line 1: a line begins with a time"),
        ("+1", "line 1: 'nothing' is not known here"),
        ("+1 dance", "line 1: 'dance' is not known here"),
        ("by +1 state locked", "line 1: 'see' is missing"),
        ("by +1 see", "line 1: 'nothing' is not known here"),
        ("by +1 see weather fine", "line 1: 'weather' is not known here"),
        ("never see state", "line 1: which state?"),
        ("never see state lokced", "line 1: 'lokced' is no state"),
        ("by 3 see door open", "line 1: 'open' is no door"),
        ("by 3 see permit yes", "line 1: 'yes' is no permit"),
        ("by 3 see sms guard", "line 1: 'guard' is no sms"),
        ("# title alone", "mine: nothing happens in it"),
    ],
)
def test_a_story_that_cannot_be_understood_is_refused(line: str, why: str) -> None:
    with pytest.raises(FaultError) as caught:
        parse("mine", line)
    assert caught.value.code == "story_wrong"
    assert caught.value.detail.startswith(why)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("fire maybe", "'maybe' is neither on nor off"),
        ("fire", "words are missing"),
        ("modem unheard_of on", "'unheard_of' is not known here"),
        ("wire kitchen cut", "'kitchen' is not a valid Input"),
        ("keys 12x", "'x' is not known here"),
        ("leave anna", ""),
    ],
)
def test_an_action_that_cannot_be_done_says_why(words: str, why: str) -> None:
    with scratch("test") as folder:
        outcome = play_scripted(parse("mine", f"+1 {words}"), Path(folder))
    assert outcome.failure.startswith(f"line 1: {words}: cannot be done: {why}")

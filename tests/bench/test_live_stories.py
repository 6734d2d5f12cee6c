"""Stories on a live bench, part by part: played at a pace and line by line, recorded, found by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.bench.above import ORDERS, complete_order, order_of
from edge.bench.acting import CannotDo, act
from edge.bench.desk import Desk
from edge.bench.folder_run import _cases
from edge.bench.junit import Case, write
from edge.bench.performing import Performance, written
from edge.bench.recording import FiledNotebook, in_the_way, standing
from edge.bench.seeing import Watcher
from edge.bench.shelf import Shelf, built_in_texts
from edge.bench.story import built_in, parse
from edge.bench.wire import FolderCase, Plug, StoryAsk
from edge.faults.fault import FaultError
from edge.loop.happening import Happening
from tests.worlds.desk_world import scripted_desk

TALE = """title A tale
+1     case on                 # somebody opens it
by +2  see command tell and see event input_moved
repeat 2
+1     case off
end
never see state locked
"""


def performance(folder: Path, text: str, pace: float = 0.0) -> tuple[Performance, Desk]:
    watcher = Watcher()
    desk, _ = scripted_desk(folder, watcher.hear)
    return Performance(parse("tale", text), desk, watcher, pace), desk


def play(one: Performance) -> None:
    while not one.over and not one.seen.paused:
        one.turn()


# --- played ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_story_stands_still_goes_on_and_steps_from_line_to_line(tmp_path: Path) -> None:
    one, desk = performance(tmp_path, TALE)
    assert one.ask(StoryAsk("pause")).said == "done: story pause"
    one.turn()
    assert desk.clock.now_s() == 0.0
    lines: list[int] = []
    for _ in range(4):
        assert one.ask(StoryAsk("step")).done
        play(one)
        lines.append(one.seen.line)
    assert lines == [2, 3, 4, 5]
    seen = one.seen
    assert [(line.words, line.came) for line in seen.around] == [
        ("+1 case on", "done"),
        ("by +2 see command tell and see event input_moved", "done"),
        ("+1 case off (1 of 2)", "done"),
        ("+1 case off (2 of 2)", "done"),
        ("never see state locked", "counted"),
    ]
    assert seen.around[0].at_s == pytest.approx(1.0)
    assert one.ask(StoryAsk("play", "other")).said.startswith("not done: a story is being played")
    assert one.ask(StoryAsk("go")).done
    play(one)
    assert (one.over, one.seen.ended, one.seen.failed, one.seen.title) == (True, True, "", "A tale")
    desk.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "failed", "came"),
    [
        (
            "+0.5 case on\nby +1 see state locked\n+1 case off\n",
            "line 2: state locked: not seen by 1.5 s",
            ["done", "failed", "ahead"],
        ),
        (
            "+0.5 case on\nnever see event input_moved\n",
            "line 2: event input_moved was seen at 0.6 s",
            ["done", "failed"],
        ),
        ("+1 code\n", "line 1: code: cannot be done: ", ["failed"]),
    ],
)
def test_the_line_that_fails_is_shown(tmp_path: Path, text: str, failed: str, came: list[str]) -> None:
    one, desk = performance(tmp_path, text)
    play(one)
    assert one.seen.failed.startswith(failed)
    assert [line.came for line in one.seen.around] == came
    desk.close()


def test_a_stopped_story_is_over_and_said_to_be(tmp_path: Path) -> None:
    one, desk = performance(tmp_path, TALE)
    assert one.ask(StoryAsk("stop")).done
    one.turn()
    assert (one.over, one.seen.failed) == (True, "stopped")
    desk.close()


@pytest.mark.slow
def test_a_story_goes_no_faster_than_its_pace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0
    monkeypatch.setattr("edge.bench.performing.time.monotonic", lambda: now_s)
    one, desk = performance(tmp_path, "+60 case on\n", pace=5.0)
    one.turn()
    assert desk.clock.now_s() == 0.0
    for _ in range(20):
        now_s += 0.5
        for _ in range(100):
            one.turn()
        assert 5.0 * (now_s - 100.0) <= desk.clock.now_s() <= 5.0 * (now_s - 100.0) + 1.0
    one.ask(StoryAsk("pause"))
    rested_s, now_s = desk.clock.now_s(), now_s + 3600.0
    one.ask(StoryAsk("go"))
    one.turn()
    assert desk.clock.now_s() - rested_s <= 1.0, "a rest is no debt"
    desk.close()


def test_a_line_is_shown_as_a_story_has_it() -> None:
    for name, story in built_in().items():
        text = "\n".join(written(line) for line in story.lines if not line.turn)
        again = parse(name, text or "+0 wait")
        plain = [line for line in story.lines if not line.turn]
        assert [(one.verb, one.words, one.at_s, one.least, one.most) for one in again.lines] == [
            (one.verb, one.words, one.at_s, one.least, one.most) for one in plain
        ], name


# --- recorded --------------------------------------------------------------------------------------


def test_a_recording_goes_on_in_another_process(tmp_path: Path) -> None:
    first = FiledNotebook(tmp_path)
    first.did(1.0, ["fire", "on"])
    assert first.recorded is None
    with pytest.raises(ValueError, match="nothing was recorded"):
        first.recording()
    first.begin(10.0, [("enter", "anna"), ("wire", "panic", "cut")], "")
    first.did(11.0, ["mask", "on"])
    first.hear(Happening(12.0, "state", {"name": "checking", "from": "cleared"}))
    first.did(13.0, ["mask", "on", "nobody"])
    first.undo()
    second = FiledNotebook(tmp_path)
    second.did(14.5, ["power", "off"])
    assert second.recorded is not None
    assert (second.recorded.goes_on, second.recorded.lines) == (True, 5)
    second.end()
    second.did(20.0, ["fire", "off"])
    third = FiledNotebook(tmp_path)
    text = third.recording().text("A recording", [], None, [])
    assert [line.split() for line in text.splitlines()[1:]] == [
        ["+0.00", "enter", "anna"],
        ["+0.00", "wire", "panic", "cut"],
        ["+1.00", "mask", "on"],
        ["by", "+5", "see", "state", "checking"],
        ["+2.50", "power", "off"],
    ]
    assert parse("mine", text).title == "A recording"
    with pytest.raises(ValueError, match="nothing is being recorded"):
        third.end()


@pytest.mark.slow
def test_a_recording_begins_with_what_lasts(tmp_path: Path) -> None:
    desk, _ = scripted_desk(tmp_path)
    done = (
        "set flow.siren_s=61",
        "enter anna with mask",
        "wire panic cut",
        "case on",
        "modem late on",
        "case off",
        "key 7 stuck",
    )
    for line in done:
        act(desk, line.split())
    desk.run_to(3.0)
    assert [" ".join(words) for words in standing(desk)] == [
        "set flow.siren_s=61",
        "enter anna with mask",
        "wire panic cut",
        "case off",
        "key 7 stuck",
        "modem late on",
    ]
    assert in_the_way(desk) == ""
    act(desk, ["fire", "on"])
    desk.run_to(4.0)
    assert in_the_way(desk) == "the cabin is emergency now, and the story begins with one that is not"
    desk.close()


# --- found -----------------------------------------------------------------------------------------


def test_own_stories_are_found_by_name_and_never_overwritten(tmp_path: Path) -> None:
    own = tmp_path / "own"
    shelf = Shelf(own)
    assert shelf.stories().own == ()
    assert dict(shelf.stories().stories) == {name: story.title for name, story in built_in().items()}
    path = shelf.new_path("my-story_2")
    own.mkdir()
    path.write_text("# a remark\ntitle Mine and mine alone   # not said\n+1 case on\n")
    assert shelf.stories().own == (("my-story_2", "Mine and mine alone"),)
    assert shelf.find("my-story_2", 5.0).text == path.read_text()
    (own / "link.story").symlink_to("/nowhere")
    for taken in ("my-story_2", "link", "fire"):
        with pytest.raises(ValueError, match="is there already"):
            shelf.new_path(taken)
    for bad in ("", ".", "../x", "a/b", "-x", ".x", "x" * 61, "a b", "a\n", "/etc/passwd"):
        with pytest.raises(ValueError, match="is no name for a story"):
            shelf.new_path(bad)
        with pytest.raises(FaultError, match="story_unknown"):
            shelf.find(bad, 1.0)
    (own / "large.story").write_bytes(b"#" * 1_000_001)
    (own / "strange.story").write_bytes(b"\xff\xfe")
    for name in ("large", "strange"):
        with pytest.raises(FaultError, match="story_wrong"):
            shelf.find(name, 1.0)


def test_a_name_of_ones_own_comes_before_one_that_is_built_in(tmp_path: Path) -> None:
    (tmp_path / "fire.story").write_text("title Mine\n+1 fire on\n")
    assert "title Mine" in Shelf(tmp_path).find("fire", 1.0).text
    assert Shelf(tmp_path / "none").find("fire", 1.0).text == built_in_texts()["fire"]


def test_how_far_a_folder_is_stands_in_its_report(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    assert _cases(report) == ()
    cases = [
        Case("d/a.story", 1.0),
        Case("d/b.story", 1.0, failure="line 2: state locked: not seen by 1.5 s"),
        Case("d/c.story", 0.0, error="d/c.story, line 1: 'maybe' does not fit"),
        Case("d/d.story", 0.0, error="not played: the run was ended"),
    ]
    write(report, cases, 0.0)
    assert [path.name for path in tmp_path.iterdir()] == ["report.xml"]
    assert _cases(report) == (
        FolderCase("a", "well"),
        FolderCase("b", "failed", "line 2: state locked: not seen by 1.5 s"),
        FolderCase("c", "wrong", "d/c.story, line 1: 'maybe' does not fit"),
        FolderCase("d", "waiting", "not played: the run was ended"),
    )


# --- the words for the keeper ----------------------------------------------------------------------


def test_the_words_for_the_keeper_are_understood() -> None:
    assert order_of(["plug", "out"]) == Plug("out")
    assert order_of(["story", "play", "fire"]) == StoryAsk("play", "fire", 1.0)
    assert order_of(["story", "play", "fire", "0"]) == StoryAsk("play", "fire", 0.0)
    assert order_of(["story", "folder"]) == StoryAsk("folder")
    assert order_of(["story", "save", "mine"]) == StoryAsk("save", "mine")
    for do in ("list", "pause", "step", "go", "stop", "record", "end"):
        assert order_of(["story", do]).do == do  # type: ignore[union-attr]
    for wrong in ("plug", "plug up", "story", "story play", "story play fire fast", "story save", "story x"):
        with pytest.raises(CannotDo, match=r"right is|words are missing"):
            order_of(wrong.split())
    assert complete_order(["plug"], "") == ["out", "in"]
    assert "fire" in complete_order(["story", "play"], "f")
    assert {form.split()[0] for form in ORDERS} == {"plug", "story"}

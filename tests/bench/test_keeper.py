"""The processes of a live bench: the plug, who ends when, what is left, and stories on it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from edge.bench.socket import look
from edge.bench.wire import BenchView, Stories, StoryAsk
from edge.journal import reader as journal
from tests.worlds.live_bench import (
    GENEROUS_S,
    LiveBench,
    alive,
    children_of,
    kill,
    live_bench,
    wait_for,
)
from tests.worlds.plug_child import world_of
from tests.worlds.ports import free_port
from tests.worlds.terminal_world import Terminal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


# --- the plug --------------------------------------------------------------------------------------


def _pulled(bench: LiveBench, wanted: BenchView) -> BenchView:
    """Out and in again: a new process, the same world; what it shows when it has power."""
    before = bench.cabin()
    assert bench.plug("out") == "done: plug out"
    assert not alive(before)
    dead = look(bench.runtime)
    assert (dead.powered, dead.plugged, dead.outputs.locked) == (False, False, False)
    assert bench.plug("out") == "not done: the plug is out"
    there = bench.up()
    assert world_of(there) == world_of(wanted)
    assert not there.powered
    assert bench.plug("in") == "done: plug in"
    assert bench.cabin() != before
    back = bench.until("power", lambda view: view.powered)
    assert back.plugged
    assert back.state != "locked"
    assert bench.plug("in") == "not done: the plug is in"
    return back


def test_a_plug_that_is_pulled_while_somebody_is_locked_in(repo: Path) -> None:
    """Warned, locked, and with a code on its way: each comes back by the flow's rules."""
    with live_bench(repo) as bench:
        bench.until("power", lambda view: view.powered)
        assert bench.do("wire vibration cut") == "done: wire vibration cut"
        assert bench.do("enter anna with mask") == "done: enter anna with mask"
        warned = bench.until("a warning", lambda view: view.state == "warned")
        _pulled(bench, warned)
        bench.do("wait 6")  # not as far as the lock: no text of it may be on its way yet
        locked = bench.until("a lock", lambda view: view.outputs.locked)
        assert bench.do("modem late on") == "done: modem late on"
        back = _pulled(bench, look(bench.runtime))
        assert back.time_s > locked.time_s
        bench.do("wait 12")
        again = bench.until("a lock", lambda view: view.outputs.locked)
        texts = {one.who: one.texts for one in again.phones}
        first = {one.who: one.texts for one in locked.phones}
        for who, before in first.items():
            assert texts[who][: len(before)] == before, f"{who} lost a text"
        assert bench.plug("out") == "done: plug out"
        assert bench.do("mask off") == "done: mask off"
        assert bench.do("sms from watchman STATUS") == "done: sms from watchman STATUS"
        assert bench.do("keys 417") == "done: keys 417; the power is off: the keys were lost"
        assert bench.do("modem late off") == "done: modem late off"
        assert bench.plug("in") == "done: plug in"
        bench.until("a bare face", lambda view: view.state in ("released", "cleared"))
        bench.until(
            "an answer to the text that waited",
            lambda view: any(
                text.received and "STATUS" not in text.text and text.at_s > again.time_s
                for one in view.phones
                if one.who == "watchman"
                for text in one.texts
            ),
        )
        record = journal.verify(bench.home / "record" / "journal.db")
        assert record.ok, record.problem


# --- who ends when ---------------------------------------------------------------------------------


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_whatever_ends_the_keeper(repo: Path, signum: signal.Signals) -> None:
    with live_bench(repo, f"panel.port={free_port()}", page=True) as bench:
        bench.up()
        home, children = bench.home, children_of(bench.process.pid)
        assert len(children) == 3, "the cabin, its page, and a shell that tidies up"
        assert home.is_dir()
        bench.process.send_signal(signum)
        code = bench.process.wait(GENEROUS_S)
        assert code == (-signum if signum is signal.SIGKILL else 128 + signum)
        wait_for("the folder stays", lambda: not home.exists())
        wait_for("a process stays", lambda: not any(alive(pid) for pid in children))
        if signum is not signal.SIGKILL:
            assert list(bench.runtime.iterdir()) == []


def test_a_cabin_or_a_page_that_dies_ends_what_has_no_use_any_more(repo: Path) -> None:
    with live_bench(repo, f"panel.port={free_port()}", page=True) as bench:
        bench.up()
        home, page = bench.home, bench.page()
        kill(bench.cabin())
        assert bench.process.wait(GENEROUS_S) == 128 + signal.SIGKILL
        assert not alive(page)
        wait_for("the folder stays", lambda: not home.exists())
    with live_bench(repo, f"panel.port={free_port()}", page=True) as bench:
        bench.up()
        cabin = bench.cabin()
        kill(bench.page())
        assert bench.process.wait(GENEROUS_S) == 3, "nobody could reach the cabin any more"
        assert not alive(cabin)


# --- the terminal ----------------------------------------------------------------------------------


def test_a_terminal_keeps_its_manners_through_a_pulled_plug(repo: Path) -> None:
    terminal = Terminal(repo, "xterm-256color", "--set", f"panel.port={free_port()}", NO_COLOR="1")
    terminal.until("cabin> ")
    assert termios.tcgetattr(terminal.fd)[3] != terminal.manners[3], "the prompt edits the line itself"
    terminal.type("enter anna\r")
    terminal.until("done: enter anna")
    terminal.type("plug out\r")
    terminal.until("The plug is out")
    terminal.until("cabin> ")
    terminal.type("\r")
    terminal.until("the power is off")
    terminal.type("plug in\r")
    terminal.until("done: plug in")
    terminal.type("\r")
    terminal.until("inside anna")
    terminal.until("cabin> ")
    terminal.type("\x1b[A\x1b[A\x1b[A\r")  # before plug in and plug out, in the process that was killed
    terminal.until("not done: anna is here already")
    [cabin] = [pid for pid in children_of(terminal.pid) if _is_cabin(pid)]
    kill(cabin)
    assert terminal.end() == 128 + signal.SIGKILL
    assert "ended by SIGKILL" in terminal.shown
    assert termios.tcgetattr(terminal.fd) == terminal.manners
    os.close(terminal.fd)


def _is_cabin(pid: int) -> bool:
    return "--part" in (Path("/proc") / str(pid) / "cmdline").read_text().split("\0")


def test_ctrl_c_and_quit_end_all_of_it(repo: Path) -> None:
    for keys, code in (("\x03", 130), ("quit\r", 0)):
        terminal = Terminal(repo, "xterm-256color", "--set", f"panel.port={free_port()}", NO_COLOR="1")
        terminal.until("cabin> ")
        children = children_of(terminal.pid)
        terminal.type(keys)
        assert terminal.end() == code
        wait_for("a process stays", lambda: not any(alive(pid) for pid in children))  # noqa: B023
        assert termios.tcgetattr(terminal.fd) == terminal.manners
        os.close(terminal.fd)


def test_lines_of_a_pipe_reach_the_process_that_they_are_for(repo: Path) -> None:
    """Typed ahead of a plug: what comes after it is not swallowed by the process that is killed."""
    typed = "enter anna\nplug out\ncase on\nplug in\nwait 1\nstatus\nquit\nfire on\n"
    words = ["--page", "--set", f"panel.port={free_port()}"]
    done = subprocess.run(
        [sys.executable, "-m", "edge", "bench", *words],
        cwd=repo,
        input=typed,
        capture_output=True,
        text=True,
        timeout=GENEROUS_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = [line.split("typed", 1)[1].strip() for line in done.stdout.splitlines() if " typed " in line]
    assert [line for line in said if line.startswith(("done", "not"))] == [
        "done: enter anna",
        "done: case on",
        "done: power on",
        "done: plug in",
        "done: wait 1",
    ]
    assert "inside anna" in said[-1]


# --- stories ---------------------------------------------------------------------------------------


def test_stories_are_played_stepped_recorded_and_run_by_the_folder(repo: Path, tmp_path: Path) -> None:
    own = tmp_path / "stories"
    with live_bench(repo, stories=own) as bench:
        bench.until("power", lambda view: view.powered)
        listed = bench.ask(StoryAsk("list"))
        assert isinstance(listed, Stories)
        assert {"fire", "leaves"} <= dict(listed.stories).keys()
        assert (listed.own, listed.folder) == ((), str(own))
        _record_through_a_plug(bench, own)
        _play_by_steps(bench)
        _fail_by_line(bench, own)


def _record_through_a_plug(bench: LiveBench, own: Path) -> None:
    assert bench.story(StoryAsk("save", "early")) == "not done: nothing was recorded; story record begins it"
    assert bench.story(StoryAsk("record")) == "done: story record"
    bench.do("enter anna")
    bench.until("a face", lambda view: view.state == "cleared")
    bench.plug("out")
    bench.do("wire vibration cut")
    bench.plug("in")
    bench.until("a face", lambda view: view.state == "cleared")
    recorded = look(bench.runtime).recorded
    assert recorded is not None
    assert recorded.goes_on
    assert bench.story(StoryAsk("end")) == "done: story end"
    assert bench.story(StoryAsk("save", "mine")).startswith(f"saved: {own}/mine.story; ")
    for name, why in (("mine", "overwritten"), ("../mine", "is no name"), ("fire", "overwritten")):
        assert why in bench.story(StoryAsk("save", name)), name
    text = " ".join((own / "mine.story").read_text().split())
    for words in ("enter anna", "see state cleared", "power off", "wire vibration cut", "power on"):
        assert words in text, text
    assert bench.story(StoryAsk("play", "mine", 0.0)).startswith("done: story play mine")
    done = bench.until("its end", lambda view: view.story is not None and view.story.ended)
    assert done.story is not None
    assert (done.story.name, done.story.failed) == ("mine", "")
    back = bench.until("the live cabin", lambda view: view.powered and not view.booting)
    assert [one.name for one in back.stage.people] == ["anna"], "the live cabin is as it was"


def _play_by_steps(bench: LiveBench) -> None:
    assert bench.story(StoryAsk("pause")) == "not done: no story is being played"
    assert bench.story(StoryAsk("play", "nowhere")) == "not done: no story is called 'nowhere'"
    bench.story(StoryAsk("play", "leaves", 2.0))
    bench.until("the story", lambda view: view.story is not None and view.story.name == "leaves")
    assert bench.story(StoryAsk("pause")) == "done: story pause"
    rests = look(bench.runtime)
    assert bench.story(StoryAsk("play", "fire")).startswith("not done: a story is being played")
    assert bench.plug("out").startswith("not done: a story is being played")
    again = look(bench.runtime)
    assert again.time_s == rests.time_s
    assert rests.story is not None
    line = rests.story.line
    assert bench.story(StoryAsk("step")) == "done: story step"
    stepped = bench.until("the next line", lambda view: view.story is not None and view.story.line > line)
    bench.until("a rest", lambda view: view.story is not None and view.story.paused)
    assert stepped.story is not None
    assert stepped.story.around[line - 1].came == "done"
    assert bench.story(StoryAsk("stop")) == "done: story stop"
    ended = bench.until("its end", lambda view: view.story is not None and view.story.ended)
    assert ended.story is not None
    assert ended.story.failed == "stopped"
    bench.until("the live cabin", lambda view: view.powered and not view.booting)


def _fail_by_line(bench: LiveBench, own: Path) -> None:
    (own / "bad.story").write_text("+0.5 case on\nby +1 see state locked\n")
    (own / "wrong.story").write_text("+1 case maybe\n")
    assert bench.story(StoryAsk("folder")) == "done: story folder"
    assert bench.story(StoryAsk("folder")).startswith("not done: a folder is being played")
    over = bench.until("the folder", lambda view: view.folder is not None and not view.folder.goes_on)
    assert over.folder is not None
    came = {case.name: (case.came, case.why) for case in over.folder.cases}
    assert came["mine"] == ("well", "")
    assert came["bad"] == ("failed", "line 2: state locked: not seen by 1.5 s")
    assert came["wrong"][0] == "wrong"
    assert "'maybe' does not fit after 'case'" in came["wrong"][1]
    bench.story(StoryAsk("play", "bad", 0.0))
    played = bench.until(
        "its end", lambda view: view.story is not None and view.story.name == "bad" and view.story.ended
    )
    assert played.story is not None
    assert played.story.failed == "line 2: state locked: not seen by 1.5 s"
    assert [one.came for one in played.story.around] == ["done", "failed"]

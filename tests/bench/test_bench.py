"""The bench as its user has it: typed lines, a pipe, stories and their report, and what it leaves behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from edge.__main__ import main
from edge.bench import acting, junit, live
from edge.bench.acting import ACTIONS
from edge.bench.asked import BenchOptions
from edge.bench.desk import StoryClock
from edge.bench.leaving import scratch
from edge.bench.notebook import Notebook
from edge.bench.part import KeeperOrder, keeper_order
from edge.bench.printer import Printer
from edge.bench.seeing import Watcher
from edge.bench.story import looks_like_story, parse, play
from edge.bench.terminal import colours_wanted, escapes_wanted
from edge.faults.catalogue import CATALOGUE
from edge.loop.happening import Happening
from edge.settings.load import load
from tests.worlds.desk_world import scripted_desk
from tests.worlds.ports import free_port
from tests.worlds.terminal_world import Terminal

GENEROUS_S = 250.0
pytestmark = pytest.mark.timeout(600)
WELL = "title Well & <good>\n+0.5 case on\nby +1 see command tell\n"
SOON = ("flow.adjust_after_s=2", "flow.lock_after_s=4", "flow.prompt_lead_s=1")
"""Those who wait for a lock in real time need not wait for 20 s of it."""
FAILS = "+0.5 case on\nby +1 see state locked\n"
UNREADABLE = "+0.5 case maybe\n"


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "edge", "bench", *words]


def piped(repo: Path, text: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words),
        cwd=repo,
        env={**os.environ, **environment},
        input=text,
        capture_output=True,
        text=True,
        timeout=GENEROUS_S,
        check=False,
    )


# --- several stories, and their report -------------------------------------------------------------


@pytest.fixture
def stories(tmp_path: Path) -> Path:
    folder = tmp_path / "stories"
    folder.mkdir()
    for name, text in {"a": WELL, "b": FAILS, "c": UNREADABLE}.items():
        (folder / f"{name}.story").write_text(text)
    (folder / "notes.txt").write_text("no story")
    return folder


@pytest.mark.slow
def test_every_story_that_is_named_is_played(stories: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = str(stories / "a.story")
    assert main(["bench", "--story", one, "--story", one, one]) == 0
    out = capsys.readouterr().out
    assert out.count("a: as it should be") == 3
    assert "3 stories, 17 s of story: 3 as they should be, 0 failed, 0 not understood" in out


@pytest.mark.slow
def test_a_folder_is_played_by_name_and_summed_up(stories: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--story", str(stories)]) == 3
    out, err = capsys.readouterr()
    assert "3 stories, 7 s of story: 1 as they should be, 1 failed, 1 not understood\n" in out
    assert f"  {stories}/b.story: line 2: state locked: not seen by 1.5 s" in out
    assert f"  {stories}/c.story: line 1: 'maybe' does not fit after 'case'" in out
    assert "c.story, line 1: 'maybe' does not fit after 'case'; there are on, off" in err
    (stories / "c.story").unlink()
    assert main(["bench", "--story", str(stories)]) == 1
    assert main(["bench", "--json", "--story", str(stories)]) == 1
    out, err = capsys.readouterr()
    json.loads(out.splitlines()[-1])
    assert "1 as they should be, 1 failed, 0 not understood" in err


@pytest.mark.slow
def test_a_folder_without_stories_and_a_name_without_one_are_refused(
    stories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "--story", str(tmp_path)]) == 3
    assert f"no file in the folder {tmp_path} is called NAME.story" in capsys.readouterr().err
    assert main(["bench", "--story", str(stories / "a.story"), "--story", "nowhere"]) == 3
    assert "no story and no file is called 'nowhere'" in capsys.readouterr().err


@pytest.mark.slow
def test_the_report_is_what_build_servers_read(stories: Path, tmp_path: Path) -> None:
    """Attributes and order that the schemas of Ant and of Jenkins both ask for."""
    report = tmp_path / "out.xml"
    assert main(["bench", "--story", str(stories), "--junit", str(report)]) == 3
    suites = Xml.parse(report).getroot()
    assert (suites.tag, suites.attrib, [one.tag for one in suites]) == ("testsuites", {}, ["testsuite"])
    (suite,) = suites
    counted = {key: suite.attrib[key] for key in ("id", "tests", "failures", "errors")}
    assert counted == {"id": "0", "tests": "3", "failures": "1", "errors": "1"}
    assert suite.attrib.keys() == counted.keys() | {"name", "package", "timestamp", "hostname", "time"}
    assert all(suite.attrib.values())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
    assert re.fullmatch(r"\d+\.\d{3}", suite.attrib["time"])
    tags = [one.tag for one in suite]
    assert tags == ["properties", *["testcase"] * 3, "system-out", "system-err"]
    for name, case, inside in zip(
        "abc", suite.findall("testcase"), ([], ["failure"], ["error"]), strict=True
    ):
        assert case.attrib.keys() == {"classname", "name", "time"}
        assert case.attrib["name"] == f"{stories}/{name}.story"
        assert re.fullmatch(r"\d+\.\d{3}", case.attrib["time"])
        assert [one.tag for one in case] == inside
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.attrib == {
        "type": "not_as_it_should_be",
        "message": "line 2: state locked: not seen by 1.5 s",
    }
    assert "input moved input case active True" in str(failure.text)


@pytest.mark.slow
def test_a_run_that_is_ended_leaves_no_good_report(stories: Path, tmp_path: Path, repo: Path) -> None:
    report = tmp_path / "out.xml"
    report.write_text("<testsuites/>")
    long = tmp_path / "long.story"
    long.write_text("+1 case on\n+600 case off\n")
    words = ("--real-time", "--story", str(stories / "a.story"), str(long), "--junit", str(report))
    process = subprocess.Popen(command(*words), cwd=repo, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        while "long:" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()
    suite = Xml.parse(report).getroot()[0]
    assert (suite.attrib["tests"], suite.attrib["errors"]) == ("2", "1"), (
        "the one that was not played to its end"
    )


def test_the_report_bears_what_xml_cannot(tmp_path: Path) -> None:
    report = tmp_path / "out.xml"
    junit.write(report, [junit.Case("\x1b[31mred\x00", 0.1, "a < b & \x07 \ud800", "", "heard\x1b")], 0.0)
    case = Xml.parse(report).getroot().find("testsuite/testcase")
    assert case is not None
    assert case.attrib["name"] == "\ufffd[31mred\ufffd"
    assert case[0].attrib["message"] == "a < b & \ufffd \ufffd"


def test_a_report_that_cannot_be_written_is_named(
    stories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["bench", "--story", str(stories / "a.story"), "--junit", str(tmp_path / "no" / "x.xml")]) == 3
    )
    assert "file_unusable" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("--junit", "x.xml"),
        ("--story", "leaves", "--save", "x.story"),
        ("--camera", "webcam:0", "--save", "x.story"),
        ("--story", "leaves", "--page"),
        ("--story", "leaves", "--stories", "x"),
        ("--save", str(Path(__file__))),
    ],
)
def test_options_that_cannot_go_together_are_refused(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", *words]) == 2
    assert "cabinguard: " in capsys.readouterr().err


class _Became(Exception):
    """The process went on as another program."""


@pytest.mark.parametrize(
    ("words", "tty", "typed"),
    [
        ((), True, True),
        (("--page",), False, True),
        (("--page-only",), True, False),
        (("--page-only", "--stories", "mine"), False, False),
        (("--no-page",), True, None),
        ((), False, None),
        (("--panel",), False, None),
    ],
)
def test_a_page_is_there_at_a_terminal_and_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], tty: bool, typed: bool | None
) -> None:
    """`typed`: whether the keeper's cabin listens to standard input; None: no keeper, one process as ever."""
    became: list[KeeperOrder] = []

    def become(program: str, command: list[str]) -> None:
        assert command[:3] == [program, "-m", "edge.bench.keeper"]
        became.append(keeper_order(command[3]))
        raise _Became

    monkeypatch.setattr("edge.cli.bench.os.execv", become)
    monkeypatch.setattr("edge.cli.bench.live", lambda *_: 0)
    monkeypatch.setattr("edge.cli.bench.from_pipe", lambda *_: 0)
    monkeypatch.setattr(sys, "stdin", _Tty(tty))
    with contextlib.suppress(_Became):
        assert main(["bench", "--set", "flow.siren_s=60", *words]) == 0
    assert [order.typed for order in became] == ([] if typed is None else [typed])
    for order in became:
        assert order.page
        assert order.overrides == ("flow.siren_s=60",)
        assert order.stories == ("mine" if "mine" in words else None)


# --- the words of the prompt -----------------------------------------------------------------------


def test_help_names_every_word_that_works_and_no_other() -> None:
    named = {line.split()[0] for line in live.help_lines()}
    assert named == {*ACTIONS, "help", "status", "save", "quit", "417", "plug", "story"}
    for word, action in ACTIONS.items():
        for form in action.forms:
            assert any(line.startswith(f"{word} {form}".strip()) for line in live.help_lines())


def test_every_form_of_help_is_understood() -> None:
    """One example made of each form, with the first known word of each kind."""
    own = {"KEYS": "417", "SECONDS": "3", "JUMP": "+60", "TEXT": "STATUS", "SETTING": "flow.siren_s=60"}
    for word, action in ACTIONS.items():
        for form in action.forms:
            words = [word]
            for part in form.replace("[", "").replace("]", "").replace("...", "").split():
                kind = acting.KINDS.get(part)
                words.append(
                    part.split("|")[0] if kind is None else own.get(part, "") or next(iter(kind.known()))
                )
            acting.check(words)


def test_completion_offers_what_fits() -> None:
    assert live.complete([], "sta") == ["stand", "status"]
    assert live.complete(["enter", "anna"], "") == ["with"]
    assert live.complete(["enter", "anna", "with"], "ma") == ["mask"]
    assert live.complete(["enter", "anna", "with", "mask"], "gl") == ["glasses"]
    assert live.complete(["camera"], "c") == ["comes", "clear", "covered"]
    assert live.complete(["modem"], "re") == ["reboot_loop"]
    assert live.complete(["modem", "mute"], "o") == ["on", "off"]
    assert "flow.siren_s=" in live.complete(["set"], "flow.si")
    assert live.complete(["help"], "qu") == ["quit"]
    assert live.complete(["fire", "on"], "") == []
    assert live.complete(["nonsense"], "") == []


@pytest.mark.parametrize(
    ("line", "story"),
    [
        ("title X", True),
        ("by 3 see state locked", True),
        ("never see state locked", True),
        ("+1 enter anna", True),
        ("12 enter anna", True),
        ("+1 dance", True),
        ("repeat 3", True),
        ("enter anna", False),
        ("417", False),
        ("4 1 7", False),
        ("help", False),
        ("dance", False),
        ("", None),
        ("# a remark", None),
        ("set flow.siren_s=60", None),
    ],
)
def test_a_story_in_the_pipe_is_told_from_typed_lines(line: str, story: bool | None) -> None:
    assert looks_like_story(line) is story


# --- a pipe ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_lines_from_a_pipe_are_obeyed_and_answered_each(repo: Path) -> None:
    typed = "status\nmask\nfire maybe\nwat\n417\nmask on\nhelp fire\nhelp me\nsave\nwait 1\nrelease\nwait x\n"
    done = piped(repo, typed)
    assert done.returncode == 1, "something could not be done"
    said = [line.split("typed", 1)[1].strip() for line in done.stdout.splitlines() if " typed " in line]
    assert said == [
        "VACANT · door unlocked · machine off · camera ok",
        "not done: words are missing: after 'mask' comes on or off; right is: mask on|off [NAME]",
        "not done: 'maybe' does not fit after 'fire'; there are on, off, press; right is: fire on|off|press",
        "not done: 'wat' is not known here; did you mean wait?",
        "done: keys 417",
        "not done: nobody is in the cabin",
        "done: help fire",
        "not done: 'me' is no word here; help alone shows all",
        "not done: words are missing: right is: save FILE",
        "done: wait 1",
        "not done: nothing is locked",
        "not done: 'x' is no number of seconds; right is: wait [SECONDS]",
    ]
    assert "fire on|off" in done.stdout
    assert [line for line in done.stderr.splitlines() if not line.startswith("INFO: ")] == []  # LiteRT's own


@pytest.mark.slow
def test_what_a_pipe_begins_goes_on_for_a_while(repo: Path) -> None:
    done = piped(repo, "\n# somebody comes\nenter anna\nwait 3", "--json")
    assert done.returncode == 0, done.stdout
    heard = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"name": "cleared"}.items() <= [one for one in heard if one["kind"] == "state"][-1].items()
    assert heard[-1]["t"] <= 8.5
    assert [one["said"] for one in heard if one["kind"] == "typed"][-1] == "done: wait 3"


@pytest.mark.slow
def test_no_standard_input_at_all_is_no_traceback(repo: Path) -> None:
    words = ["sh", "-c", 'exec "$0" -m edge bench --camera webcam:7 <&-', sys.executable]
    done = subprocess.run(words, cwd=repo, capture_output=True, text=True, timeout=GENEROUS_S, check=False)
    assert done.returncode == 3, done.stderr
    assert "camera_" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_quit_ends_it_at_once(repo: Path) -> None:
    done = piped(repo, "case on\nquit\nfire on\n")
    assert (done.returncode, "done: fire" in done.stdout) == (0, False)


@pytest.mark.slow
def test_a_story_from_a_pipe_is_played_as_a_story(repo: Path) -> None:
    done = piped(repo, WELL)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "standard-input: as it should be (6 s of story)"
    done = piped(repo, FAILS, "--story", "-")
    assert done.returncode == 1
    assert "standard input, line 2: state locked: not seen by 1.5 s" in done.stdout
    done = piped(repo, f"# a remark\nset flow.siren_s=60\n\n{UNREADABLE}")
    assert done.returncode == 3
    assert "standard input, line 4: 'maybe' does not fit" in done.stderr


# --- a session as a story --------------------------------------------------------------------------


@pytest.mark.slow
def test_a_session_is_written_as_a_story_that_passes(repo: Path, tmp_path: Path) -> None:
    path = tmp_path / "session.story"
    typed = "enter anna with mask\nwait 13\nkeys WRONG\nwait 2\nkeys CODE\nwait 3\nleave\nwait 7\nmask on\n"
    soon = [word for one in ("flow.siren_s=60", *SOON) for word in ("--set", one)]
    done = piped(repo, typed, "--save", str(path), *soon)
    assert done.returncode == 1, "nobody was there any more to put a mask on"
    text = path.read_text()
    assert "set flow.siren_s=60\n" in text
    for words in (
        "enter anna with mask",
        "state locked",
        "keys WRONG",
        "keys CODE",
        "state released",
        "leave",
    ):
        assert words in text, text
    assert "mask on" not in text, "that could not be done"
    assert main(["bench", "--story", str(path)]) == 0


@pytest.mark.slow
def test_typed_codes_are_written_as_what_they_were() -> None:
    with scratch("test") as folder:
        watcher = Watcher()
        desk, _ = scripted_desk(Path(folder), watcher.hear)
        story = parse(
            "mine",
            "+1 enter anna with mask\nby +40 see sms watchman code 1 of 5\n+1 keys WRONG\n+2 keys WRONG\n"
            "+2 keys WRONG\nby +120 see sms watchman code 2 of 5",
        )
        assert play(story, desk, watcher).ok
        first, second = desk.codes()
        other = f"{(int(second) + 1) % 1000:03d}" if f"{(int(second) + 1) % 1000:03d}" != first else "000"
        for typed, written in (
            (second, "CODE"),
            (f"{second}#", "CODE#"),
            (first, "PREVIOUS"),
            (other, "WRONG"),
            (other[:2], other[:2]),
            ("*", "*"),
        ):
            assert live.as_written(desk, ["keys", typed]) == ["keys", written]
        desk.close()


def test_a_brief_state_is_not_waited_for_and_a_failed_line_not_written() -> None:
    notebook = Notebook()
    notebook.did(1.0, ["enter", "anna"])
    notebook.did(1.5, ["mask", "off", "george"])
    notebook.undo()
    for at_s, name in ((2.0, "checking"), (3.0, "cleared"), (3.4, "checking"), (4.0, "cleared")):
        notebook.hear(Happening(at_s, "state", {"name": name, "from": ""}))
    notebook.hear(Happening(4.0, "command", {"name": "set_permit", "permit": "on"}))
    notebook.hear(Happening(4.1, "fact", {"name": "face_proper"}))
    text = notebook.text("A session", [], None, ["a remark"])
    assert parse("mine", text).title == "A session"
    assert [line.split(maxsplit=1)[1] for line in text.splitlines()[2:]] == [
        "enter anna",
        "+5 see   state checking",
        "+6 see   state cleared",
        "+4 see   permit on",
    ]


# --- where the record stays ------------------------------------------------------------------------


@contextmanager
def running(repo: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A bench with an open pipe to type into."""
    process = subprocess.Popen(
        command("--json", *words), cwd=repo, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.stdout.close()


def tell(process: subprocess.Popen[str], line: str, until: Callable[[dict[str, object]], bool]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    for heard in process.stdout:
        if until(json.loads(heard)):
            return
    raise AssertionError("it ended")


@pytest.mark.slow
def test_a_record_that_is_kept_can_be_asked_and_the_door_released(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    here = ("--set", f"paths.data={data}")
    there = ("--set", f"paths.runtime={data}")
    with running(repo, *here, *(word for one in SOON for word in ("--set", one))) as process:
        tell(process, "enter anna with mask", lambda one: one.get("said") == "done: enter anna with mask")
        tell(process, "wait 12", lambda one: one.get("door") == "locked")
        tell(process, "status", lambda one: "LOCKED" in str(one.get("said")))
        assert main(["status", "--json", *there]) == 0
        assert json.loads(capsys.readouterr().out)["state"] == "locked"
        assert main(["bench", "--story", "leaves", *here]) == 3
        assert "bench_folder" in capsys.readouterr().err
        assert main(["release", "--incident", "9", *there]) == 3
        assert "nothing_locked" in capsys.readouterr().err
        assert main(["release", *there]) == 0
        tell(process, "", lambda one: "RELEASED" in str(one.get("said")))
        assert main(["events", "--verify", *here]) == 0
        capsys.readouterr()
        assert main(["events", "--json", *here]) == 0
        assert "release_ordered" in capsys.readouterr().out
    # What was there goes on at the next start, for anyone who types; a story begins without a record.
    done = piped(repo, "status\n", *here)
    assert "incident 1" in done.stdout
    assert main(["bench", "--story", "leaves", *here]) == 3
    assert "has a record already" in capsys.readouterr().err


@pytest.mark.slow
def test_status_is_in_words_and_the_ring_lies_where_the_page_looks(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    with running(
        repo, "--set", f"paths.data={tmp_path / 'data'}", "--set", f"paths.runtime={run}"
    ) as process:
        tell(process, "wait 2", lambda one: one.get("said") == "done: wait 2")
        assert (run / "ring-face").is_file()
        tell(process, "status", lambda one: "VACANT" in str(one.get("said")))
        assert main(["status", "--set", f"paths.runtime={run}"]) == 0
        assert process.stdin is not None
        process.stdin.write("quit\n")
        process.stdin.flush()
        process.wait(GENEROUS_S)
    assert not (run / "ring-face").exists()
    said = dict(line.split("  ", 1) for line in capsys.readouterr().out.splitlines() if "  " in line)
    assert said["locks in s"].strip() == "-"
    assert said["anomalies"].strip() == "none"


def test_the_hints_can_be_pasted_where_a_path_has_a_blank(tmp_path: Path) -> None:
    data, run = tmp_path / "the data", tmp_path / "the run"
    options = BenchOptions(
        settings=tmp_path / "my kiosk.toml",
        overrides=(f"paths.data={data}", "identity.enabled=true", "kiosk.name=by the lake"),
    )
    settings = load(None, ["people.watchman=+15551234"])
    shown = live.greeting(options, settings, data, run)
    pasted = [shlex.split(line) for line in shown if line.startswith("  ")]
    there, record = ["--set", f"paths.runtime={run}"], ["--set", f"paths.data={data}"]
    same = ["--settings", str(tmp_path / "my kiosk.toml")]
    for one in ("identity.enabled=true", "kiosk.name=by the lake"):
        same += ["--set", one]
    same += ["--set", "people.watchman2=+15550101", "--set", "people.control_room=+15550102"]
    assert [words[1:] for words in pasted] == [
        ["status", *there],
        ["release", *there],
        ["events", *record],
        ["panel", "--commission", *same, *there, *record],
    ]


def test_a_bench_with_its_page_alone_tells_of_no_prompt(tmp_path: Path) -> None:
    said = live.greeting(BenchOptions(), load(None), tmp_path, tmp_path, typed=False)
    assert "Try" not in " ".join(said)
    assert "page" in said[-1]


def test_a_bench_whose_alerts_leave_for_people_outside_says_so() -> None:
    assert live.goes_out(load(None)) == []
    (line,) = live.goes_out(load(None, ["webhook.url=http://localhost:9/alerts"]))
    assert line == "Alerts really go out by webhook (http://localhost:9/alerts): these settings say so."


def test_a_folder_that_is_not_the_benchs_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "journal.db").write_text("a kiosk's")
    story = tmp_path.parent / "well.story"
    story.write_text(WELL)
    assert main(["bench", "--story", str(story), "--set", f"paths.data={tmp_path}"]) == 3
    err = capsys.readouterr().err
    assert "bench_folder" in err
    assert "holds what is no bench's" in err
    assert [path.name for path in tmp_path.iterdir()] == ["journal.db"]
    assert "bench_folder" in CATALOGUE


@pytest.mark.slow
def test_several_stories_keep_a_record_each(stories: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    names = [str(stories / "a.story"), str(stories / "b.story")]
    assert main(["bench", "--story", *names, "--set", f"paths.data={data}"]) == 1
    for name in ("a", "b"):
        assert main(["events", "--verify", "--set", f"paths.data={data / name}"]) == 0


# --- what is left when it ends ---------------------------------------------------------------------


def _wait(what: str, until: Callable[[], bool]) -> None:
    end_s = time.monotonic() + GENEROUS_S
    while not until():
        assert time.monotonic() < end_s, what
        time.sleep(0.1)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        try:
            if (
                entry.name.isdigit()
                and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid
            ):
                found.append(int(entry.name))
        except (OSError, IndexError):
            continue
    return found


def _alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGHUP, signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_of_a_bench_that_is_ended(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signum: int
) -> None:
    """No folder in memory, no page, no shell; whatever ended it."""
    if not os.access("/dev/shm", os.W_OK):
        monkeypatch.setenv("TMPDIR", str(tmp_path))
    with running(repo, "--panel", "--set", f"panel.port={free_port()}") as process:
        tell(process, "case on", lambda one: one.get("said") == "done: case on")
        children = _children(process.pid)
        assert len(children) >= 3, "the page, and a shell for it and for the folder"
        folders = {
            word
            for pid in children
            for word in (Path("/proc") / str(pid) / "cmdline").read_text().split("\0")
            if re.fullmatch(r"/.*/cabinguard-bench-[0-9a-f]{8}", word)
        }
        assert len(folders) == 1
        folder = Path(folders.pop())
        assert folder.is_dir()
        process.send_signal(signum)
        process.wait(GENEROUS_S)
        _wait("the folder stays", lambda: not folder.exists())
        _wait("a process stays", lambda: not any(_alive(pid) for pid in children))


@pytest.mark.slow
def test_a_bench_under_nohup_does_not_mind_a_hangup(repo: Path) -> None:
    program = (
        "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    words = ["-m", "edge", "bench", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-c", program, *words],
        cwd=repo,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        tell(process, "case on", lambda one: one.get("said") == "done: case on")
        process.send_signal(signal.SIGHUP)
        tell(process, "case off", lambda one: one.get("said") == "done: case off")
    finally:
        process.kill()
        process.communicate()


# --- a terminal ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_terminal_has_history_and_completion(repo: Path) -> None:
    terminal = Terminal(repo, "xterm-256color", "--no-page", NO_COLOR="")
    assert "Nothing outside this terminal moves" in terminal.until("cabin> ")
    terminal.type("enter anna wi\tma\t\r")
    terminal.until("done: enter anna with mask")
    terminal.type("mask\r")
    terminal.until("not done: words are missing")
    terminal.until("cabin> ")
    terminal.type("\x1b[A\x1b[A\r")  # twice up
    terminal.until("not done: anna is here already")
    terminal.until("cabin> ")
    terminal.type("nonsense\x01\x0bcase on\r")  # to the line's begin, away with all of it
    terminal.until("done: case on")
    terminal.type("\r")
    terminal.until("inside anna")
    terminal.type("quit\r")
    assert terminal.close() == 0


@pytest.mark.slow
def test_what_happens_while_one_types_stands_above_the_line(repo: Path) -> None:
    terminal = Terminal(repo, "xterm-256color", "--no-page")
    terminal.until("cabin> ")
    terminal.type("enter anna with mask\r")
    terminal.until("done: enter anna with mask")
    terminal.until("cabin> ")
    terminal.type("stat")
    assert "\r\x1b[K" in terminal.until("WARNED")
    terminal.until("cabin> stat")
    terminal.type("us\r")
    terminal.until("inside anna")
    terminal.until("cabin> ")
    terminal.type("\x04")  # the end of the input
    assert terminal.close() == 0


@pytest.mark.slow
def test_a_dumb_terminal_gets_no_escapes(repo: Path) -> None:
    terminal = Terminal(repo, "dumb", "--no-page")
    terminal.until("quit ends.")
    terminal.type("enter anna with mask\n")
    terminal.until("done: enter anna with mask")
    terminal.type("status\n")
    shown = terminal.until("inside anna")
    terminal.type("quit\n")
    assert terminal.close() == 0
    assert "\x1b" not in shown + terminal.shown


@pytest.mark.slow
def test_no_color_means_none(repo: Path) -> None:
    coloured = re.compile(r"\x1b\[[0-9;]*m")
    terminal = Terminal(repo, "xterm-256color", "--no-page", NO_COLOR="1")
    terminal.until("cabin> ")
    terminal.type("status\r")
    shown = terminal.until("door unlocked")
    terminal.type("\x03")
    assert terminal.close() == 130
    assert not coloured.search(shown)
    terminal = Terminal(repo, "xterm-256color", "--no-page", NO_COLOR="")
    terminal.until("cabin> ")
    terminal.type("status\r")
    shown = terminal.until("door unlocked")
    terminal.type("quit\r")
    assert terminal.close() == 0
    assert coloured.search(shown)


class _Tty:
    def __init__(self, tty: bool) -> None:
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty


@pytest.mark.parametrize(
    ("tty", "term", "no_color", "escapes", "colours"),
    [
        (True, "xterm", "", True, True),
        (True, "xterm", "1", True, False),
        (True, "xterm", "0", True, False),
        (True, "dumb", "", False, False),
        (True, "", "", False, False),
        (False, "xterm", "", False, False),
    ],
)
def test_what_a_terminal_can_show(
    monkeypatch: pytest.MonkeyPatch, tty: bool, term: str, no_color: str, escapes: bool, colours: bool
) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("NO_COLOR", no_color)
    assert escapes_wanted(_Tty(tty)) is escapes
    assert colours_wanted(_Tty(tty)) is colours


def test_a_printer_writes_where_it_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []
    Printer(as_json=False, write=lines.append).show(
        Happening(1.0, "state", {"name": "vacant", "from": "warned"})
    )
    assert lines == ["     1.0 s  state    warned → VACANT"]
    assert capsys.readouterr().out == ""


def test_the_clock_of_a_story_jumps_for_people_alone() -> None:
    clock = StoryClock()
    before_s = clock.wall_s()
    clock.jump(-3600.0)
    assert (clock.now_s(), clock.wall_s()) == (0.0, before_s - 3600.0)

"""The log: never raises, never waits, says how urgent it is, and nothing that must stay secret."""

from __future__ import annotations

import ast
import contextlib
import errno
import io
import logging
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.__main__ import main
from edge.bench.desk import BENCH_NUMBERS
from edge.bench.leaving import scratch
from edge.cabin.state import Mode
from edge.faults.log import ErrorHandler, install_log
from edge.loop.happening import Happening
from edge.service.log import log_happening
from edge.settings.load import load
from edge.terms.record import Recipient
from hw.ports import Input
from tests.worlds.desk_world import scripted_desk

log = logging.getLogger("edge.test")
CODE = re.compile(r"CODE (\d{8})")
DIGITS = "84712069"


@pytest.fixture(autouse=True)
def _only_here() -> Iterator[None]:
    root = logging.getLogger()
    kept = [*root.handlers]
    levels = {name: logging.getLogger(name).level for name in ("edge", "hw")}
    install_log()
    yield
    root.handlers = kept
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def _reader_gone() -> int:
    read, write = os.pipe()
    os.close(read)
    return write


def _reader_stands_still() -> int:
    read, write = os.pipe()
    os.set_blocking(write, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write, b"x" * 4096)
    os.set_blocking(write, True)
    _KEPT.append(read)
    return write


_KEPT: list[int] = []


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(_reader_gone, id="EPIPE"),
        pytest.param(_reader_stands_still, id="the reader stands still"),
        pytest.param(lambda: os.open("/dev/full", os.O_WRONLY), id="ENOSPC"),
        pytest.param(lambda: os.open("/dev/null", os.O_RDONLY), id="EBADF"),
    ],
)
def test_a_log_that_takes_no_line_neither_raises_nor_waits_and_says_later_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], broken: Callable[[], int]
) -> None:
    number = broken()
    stream = os.fdopen(number, "w", closefd=False)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        began_s = time.monotonic()
        for _ in range(3):
            log.info("state: locked")
        assert time.monotonic() - began_s < 20.0
    os.close(number)
    log.info("state: vacant")
    said = capfd.readouterr().err
    assert "(3 messages before this one could not be written)" in said
    assert said.endswith("state: vacant\n")


@pytest.mark.parametrize("gone", ["closed", "none"])
def test_a_log_that_is_not_there_is_not_missed(monkeypatch: pytest.MonkeyPatch, gone: str) -> None:
    stream = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    stream.close()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream if gone == "closed" else None)
        log.info("state: locked")


def test_a_long_line_is_cut_to_what_a_pipe_takes_at_once(capfd: pytest.CaptureFixture[str]) -> None:
    log.info("ä" * 10_000)
    assert len(capfd.readouterr().err.encode()) <= 4096


def test_a_line_with_a_mistake_in_it_is_one_line_less(capfd: pytest.CaptureFixture[str]) -> None:
    handler = ErrorHandler()  # alone: pytest's own fails loudly
    for words, value in (("%d percent", "many"), ("state: %s", "vacant")):
        handler.handle(logging.LogRecord("edge.test", logging.INFO, __file__, 1, words, (value,), None))
    said = capfd.readouterr().err
    assert said == "(1 messages before this one could not be written)\nstate: vacant\n"


# --- how urgent ------------------------------------------------------------------------------------


def _journal(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under systemd: it names the very file that standard error is."""
    found = os.fstat(sys.stderr.fileno())
    monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")


def test_every_line_to_the_journal_begins_with_its_priority(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    install_log(verbose=True)
    _journal(monkeypatch)
    log.debug("command tell")
    log.info("state: locked")
    log.warning("fault: disk_slow")
    log.error("fault:  gpio_busy\ncause:  it is held")
    log.critical("the end")
    assert capfd.readouterr().err.splitlines() == [
        "<7>command tell",
        "<6>state: locked",
        "<4>fault: disk_slow",
        "<3>fault:  gpio_busy",
        "<3>cause:  it is held",
        "<3>the end",
    ]


@pytest.mark.parametrize("stream", ["", "1:2", "nonsense"])
def test_what_does_not_go_to_the_journal_is_plain_text(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], stream: str
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", stream)
    log.warning("fault: disk_slow")
    assert capfd.readouterr().err == "fault: disk_slow\n"


def test_a_closed_standard_error_is_no_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    _journal(monkeypatch)
    stream = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    stream.close()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        log.info("state: locked")


def test_libraries_are_heard_when_they_warn_and_we_from_what_is_wanted(
    capfd: pytest.CaptureFixture[str],
) -> None:
    library = logging.getLogger("a_library")
    library.info("hello")
    library.warning("careful")
    log.debug("everything")
    log.info("state: vacant")
    assert capfd.readouterr().err == "careful\nstate: vacant\n"
    install_log(verbose=True)
    library.info("hello")
    log.debug("everything")
    assert capfd.readouterr().err == "everything\n"


def test_installed_twice_a_line_is_written_once(capfd: pytest.CaptureFixture[str]) -> None:
    install_log()
    log.info("state: vacant")
    assert capfd.readouterr().err == "state: vacant\n"
    assert sum(isinstance(one, ErrorHandler) for one in logging.getLogger().handlers) == 1


@pytest.mark.parametrize(("words", "level"), [([], logging.INFO), (["--verbose"], logging.DEBUG)])
def test_the_command_line_installs_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], level: int
) -> None:
    logging.getLogger().handlers = []
    assert main(["run", *words, "--settings", str(tmp_path / "none.toml")]) == 3
    assert [type(one) for one in logging.getLogger().handlers] == [ErrorHandler]
    assert logging.getLogger("edge").level == logging.getLogger("hw").level == level


QUIET = (
    "service/control service/log service/threads service/plans panel/page panel/sources web/server web/hub"
    " vision/eyes/child vision/eyes/supervisor loop/kiosk loop/watching"
)


@pytest.mark.parametrize("name", QUIET.split())
def test_what_runs_in_service_prints_nothing_past_the_log(repo: Path, name: str) -> None:
    tree = ast.parse((repo / "edge" / f"{name}.py").read_text("utf-8"))
    calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert not {"print", "sys.stderr.write", "sys.stdout.write"} & set(calls)


# --- what is never in it ---------------------------------------------------------------------------


def test_the_words_of_an_error_and_a_telephone_number_stay_out(capfd: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError("the code is 123456")
    except ValueError:
        log.exception("panel: while answering")
    logging.getLogger("a_library").warning("sent to +15550100 and 0041791234567")
    said = capfd.readouterr().err
    assert said == "panel: while answering: ValueError\nsent to … and …\n"


QUICK = (
    "flow.code_digits=8",  # long enough never to stand anywhere by chance
    "flow.adjust_after_s=1",
    "flow.lock_after_s=3",
    "flow.prompt_lead_s=1",
    "flow.gone_after_s=1",
)
ACTIONS = st.sampled_from(
    [
        "keys WRONG",
        "keys CODE",
        f"keys {DIGITS}",
        f"keys {DIGITS[:5]}",
        "exit",
        "panic",
        "disk",
        "mute",
        "text",
    ]
)


@pytest.mark.slow
@pytest.mark.timeout(600)
@settings(max_examples=15)
@given(actions=st.lists(st.tuples(ACTIONS, st.sampled_from([0.7, 7.0, 25.0])), max_size=8))
def test_no_line_of_a_verbose_kiosk_has_a_code_a_digit_typed_a_number_or_a_password(
    actions: list[tuple[str, float]],
) -> None:
    def hear(happening: Happening) -> None:
        if happening.kind != "sms":  # the bench's own view of its phones; a kiosk has none
            log_happening(happening, verbose=True)

    install_log(verbose=True)
    said = io.StringIO()
    with contextlib.redirect_stderr(said), scratch("test") as name:
        desk, _ = scripted_desk(Path(name), hear, settings=load(None, QUICK), every_s=0.4)
        desk.stage("enter anna with mask")
        desk.run_to(16.0)
        assert desk.kiosk.state.mode is Mode.LOCKED
        passwords = set()
        on: set[str] = set()
        for action, wait_s in actions:
            fresh = action not in on
            on.symmetric_difference_update({action})
            match action.split():
                case ["keys", keys]:
                    desk.type_keys(keys)
                case ["exit" | "panic" as moved]:
                    desk.move_input(Input(moved), fresh)
                case ["disk"]:
                    desk.fail_disk(errno.ENOSPC if fresh else 0)
                case _:
                    passwords.add(DIGITS[::-1])
                    number = BENCH_NUMBERS[Recipient.CONTROL_ROOM]
                    desk.text_in(number, f"RELEASE {desk.kiosk.state.incident} {DIGITS[::-1]}")
            desk.run_to(desk.clock.now_s() + wait_s)
        desk.fail_disk(0)
        desk.run_to(desk.clock.now_s() + 20.0)
        codes = {found for text in desk.phone.texts for found in CODE.findall(text.text)}
        desk.close()
    whole = said.getvalue()
    assert "state name=locked" in whole, "nothing was said"
    assert codes
    numbers = {number.removeprefix("+") for number in BENCH_NUMBERS.values()}
    for secret in codes | numbers | passwords | {DIGITS, DIGITS[:5]}:
        assert secret not in whole

"""`cabinguard metrics`, and what its settings may be."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from edge.cli.main import main
from edge.metrics.scrapes import Scrapes
from edge.metrics.textfile import NAME, write
from edge.settings.load import SettingsError, load
from tests.worlds.ports import free_port


def run(*words: str) -> int:
    return main(["metrics", *(part for word in words for part in ("--set", word))])


def test_it_prints_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, b"cabinguard_door_locked 0.0\n")
    assert run(f"metrics.textfile_folder={tmp_path}") == 0
    assert capsys.readouterr().out == "cabinguard_door_locked 0.0\n"


def test_a_file_that_nobody_writes_any_more_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, b"cabinguard_door_locked 0.0\n")
    old_s = time.time() - 100
    os.utime(tmp_path / NAME, (old_s, old_s))
    assert run(f"metrics.textfile_folder={tmp_path}") == 1
    assert "was written 100 s ago; every 15 s was asked for" in capsys.readouterr().err


def test_it_asks_the_port(capsys: pytest.CaptureFixture[str]) -> None:
    scrapes, ended = Scrapes("127.0.0.1", 0, "text/plain"), threading.Event()

    def serve() -> None:
        while not ended.is_set():
            scrapes.turn(0.05, time.monotonic(), b"cabinguard_door_locked 1.0\n")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        assert run(f"metrics.port={scrapes.port}") == 0
    finally:
        ended.set()
        thread.join()
        scrapes.close()
    assert capsys.readouterr().out == "cabinguard_door_locked 1.0\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), "metrics_off"),
        (("metrics.textfile_folder=/nowhere/at/all",), "metrics_missing"),
        (("metrics.port=PORT",), "metrics_missing"),
    ],
)
def test_where_there_are_none_it_says_why(
    words: tuple[str, ...], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*(word.replace("PORT", str(free_port())) for word in words)) == 3
    assert code in capsys.readouterr().err


@pytest.mark.parametrize(
    ("override", "code"),
    [
        ("metrics.host=0.0.0.0", "settings_conflict"),
        ("metrics.host=192.168.1.5", "settings_conflict"),
        ("metrics.host=kiosk.example", "settings_conflict"),
        ("metrics.port=80", "settings_out_of_bounds"),
        ("metrics.port=8088", "settings_conflict"),
        ("metrics.every_s=0.1", "settings_out_of_bounds"),
    ],
)
def test_no_port_that_others_reach(override: str, code: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(None, [override])
    assert [problem.code for problem in refused.value.problems] == [code]


def test_it_is_off_and_each_of_both_turns_it_on() -> None:
    assert not load(None, []).metrics.wanted
    assert load(None, ["metrics.port=9101"]).metrics.wanted
    assert load(None, ["metrics.textfile_folder=/run/x", "metrics.host=::1"]).metrics.wanted

"""Names and messages from outside, as every command prints them: readable, and harmless to the terminal."""

from __future__ import annotations

import contextlib
import json
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.__main__ import main
from edge.faults.explain import explain
from edge.terms.printing import printable

RED = "\x1b[31m\x07\x9b2J\r\u202e\u2028"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ärger in Köln, दरवाज़ा, 門", "Ärger in Köln, दरवाज़ा, 門"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x9b\x7f\x00", "\\x9b\\x7f\\x00"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        (os.fsdecode(b"a\xff.png"), "a\\xff.png"),
        ("क्\u200dष", "क्\u200dष"),
    ],
)
def test_what_prints_stays_and_what_does_not_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_nothing_that_moves_a_cursor_is_ever_printed(text: str) -> None:
    allowed = {"\u200c", "\u200d", "\u00a0"}
    assert not [
        c for c in printable(text) if unicodedata.category(c)[0] in "CZ" and c != " " and c not in allowed
    ]
    assert printable(printable(text)) == printable(text)


def test_a_fault_has_four_lines_whatever_its_detail_says() -> None:
    assert len(explain("disk_full", f"x\ny{RED}").splitlines()) == 4


def picture(folder: Path) -> Path:
    path = folder / f"a{RED}\n.png"
    path.write_bytes(cv2.imencode(".png", np.full((64, 64, 3), 120, np.uint8))[1].tobytes())
    return path


COMMANDS: dict[str, Callable[[Path], list[str]]] = {
    "look": lambda folder: ["look", str(picture(folder))],
    "look at nothing": lambda folder: ["look", str(folder / f"none{RED}.png")],
    "look into a folder": lambda folder: ["look", str(picture(folder).parent)],
    "replay": lambda folder: ["replay", str(folder / f"none{RED}.mp4")],
    "replay into its own recording": lambda folder: [
        "replay",
        str(picture(folder)),
        "--video",
        str(picture(folder)),
    ],
    "bench": lambda folder: ["bench", "--story", f"none{RED}"],
    "settings": lambda folder: ["settings", "--check", "--settings", str(folder / f"none{RED}.toml")],
    "set": lambda folder: ["settings", "--show", "--set", f"cabin{RED}=1"],
    "an unknown option": lambda folder: ["look", f"--none{RED}", "x"],
    "an unknown command": lambda folder: [f"none{RED}"],
}


@pytest.mark.parametrize("command", list(COMMANDS))
def test_no_command_prints_a_name_raw(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    with contextlib.suppress(SystemExit):
        main(COMMANDS[command](tmp_path))
    said = capsys.readouterr()
    whole = said.out + said.err
    assert "x1b" in whole, "the name is not said at all"
    assert not [c for c in whole if unicodedata.category(c)[0] == "C" and c != "\n"]
    assert "\u2028" not in whole


def test_a_program_gets_the_name_as_json_writes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = picture(tmp_path)
    main(["look", "--json", str(path)])
    assert json.loads(capsys.readouterr().out)["path"] == str(path)

"""What happens in a run, as lines: words for a person or JSON for a program."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from edge.bench.terminal import colours_wanted
from edge.loop.happening import Happening
from edge.terms.printing import printable

_TERMINAL: Final = {"state": "1;36", "sms": "33", "prompt": "32", "fault": "31", "command": "2", "typed": "1"}
_QUIET_COMMANDS: Final = frozenset(
    {"say", "clear_entry", "set_sound", "set_lights", "tell", "send_code", "note", "answer_machine"}
)


class Printer:
    """Writes happenings to standard output: JSON objects, or words for a person.

    `write` prints a line somewhere else.
    """

    def __init__(self, *, as_json: bool, write: Callable[[str], None] | None = None) -> None:
        self._json = as_json
        self._colour = not as_json and colours_wanted(sys.stdout)
        self._write = write or _print

    def show(self, happening: Happening) -> None:
        if self._json:
            kind = "event" if happening.kind == "fault" else happening.kind
            line = {"t": round(happening.at_s, 3), "kind": kind, **happening.data}
            self._write(msgspec.json.encode(line).decode())
            return
        words = in_words(happening)
        if words is None:
            return
        line_text = f"{happening.at_s:8.1f} s  {happening.kind:<8} {printable(words)}"
        if self._colour:
            line_text = f"\x1b[{_TERMINAL.get(happening.kind, '0')}m{line_text}\x1b[0m"
        self._write(line_text)


def _print(line: str) -> None:
    print(line, flush=True)


def in_words(happening: Happening) -> str | None:
    """One line for a person; None for what only a program wants to know."""
    data = happening.data
    match happening.kind:
        case "state":
            return f"{data['from']} → {str(data['name']).upper()}"
        case "typed":
            return str(data["said"])
        case "sms":
            return f"to the {str(data['to']).replace('_', ' ')}: {data['text']}"
        case "prompt":
            return f"“{data['text']}”" if data["text"] else None
        case "command":
            if data["name"] in _QUIET_COMMANDS:
                return None
            level = data.get("door") or data.get("permit")
            said = str(data["name"]).replace("_", " ").removeprefix("set ")
            return f"{said} {level}" if level else said
        case _:
            rest = [
                f"{key} {value}"
                for key, value in data.items()
                if key not in ("name", "anomaly", "health") and not isinstance(value, Mapping | list)
            ]
            return " ".join([str(data.get("name", "")).replace("_", " "), *rest])

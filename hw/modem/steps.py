"""What a script of the engine waits for, what it gets, and how it gives up."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from hw.modem import codes
from hw.ports import ModemTrouble

COMMAND_S: Final = 3.0
ESCAPE: Final = b"\x1b"
"""Ends a text that was left half sent."""


class Outcome(StrEnum):
    OK = "ok"
    PROMPT = "prompt"
    ERROR = "error"
    TIMEOUT = "timeout"


@dataclass(slots=True)
class Answer:
    outcome: Outcome
    lines: list[str] = field(default_factory=list)
    family: str = ""
    code: int | None = None

    @property
    def ok(self) -> bool:
        return self.outcome is Outcome.OK

    @property
    def meaning(self) -> codes.Meaning:
        return codes.meaning(self.family, self.code)


@dataclass(slots=True, repr=False)
class Ask:
    """Write `data` and wait for what ends the answer.

    `info` is the prefix of the line that must come; `many`: there may be any number of them, each with a
    payload line after it, and `wait_s` counts from the last byte; `free`: a line without prefix; `prompt`:
    it ends with `>`; `at_once`: written without settling.
    """

    data: bytes
    wait_s: float
    info: str = ""
    many: bool = False
    free: bool = False
    prompt: bool = False
    at_once: bool = False


@dataclass(slots=True)
class Pause:
    wait_s: float


Step = Ask | Pause
Script = Generator[Step, Answer, None]


class Broken(Exception):
    """The modem does not do its part: climb the ladder.

    `look`: bringing it up would show the fault, so that is tried once more before a rough rung.
    """

    def __init__(
        self, trouble: ModemTrouble, detail: str, *, restarted: bool = False, look: bool = True
    ) -> None:
        super().__init__(detail)
        self.trouble = trouble
        self.detail = detail
        self.restarted = restarted
        self.look = look


class Unusable(Exception):
    """The modem is fine, the card or its PIN is not: look again later."""

    def __init__(self, trouble: ModemTrouble, detail: str) -> None:
        super().__init__(detail)
        self.trouble = trouble
        self.detail = detail


# --- asking ----------------------------------------------------------------------------------------


def ask(command: str, wait_s: float = COMMAND_S, *, info: str = "") -> Generator[Step, Answer, Answer]:
    """A command that may be repeated: asked twice, then the modem counts as mute."""
    for _ in range(2):
        answer = yield Ask(command.encode("ascii") + b"\r", wait_s, info=info)
        if answer.outcome is not Outcome.TIMEOUT:
            return answer
    raise Broken(ModemTrouble.MUTE, f"no answer to {command.split('=')[0]}")


def wonder(
    command: str, wait_s: float = COMMAND_S, *, info: str = "", free: bool = False
) -> Generator[Step, Answer, str | None]:
    """The first line of an answer that we can do without, None where there is none."""
    answer = yield Ask(command.encode("ascii") + b"\r", wait_s, info=info, free=free)
    return answer.lines[0] if answer.ok and answer.lines else None

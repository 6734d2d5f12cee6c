"""What a script of the engine waits for, what it gets, and how it gives up."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from enum import StrEnum

from hw.modem import codes
from hw.ports import ModemTrouble


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
    payload line after it; `free`: a line without prefix; `prompt`: it ends with `>`; `at_once`: written
    without settling.
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
    """The modem does not do its part: climb the ladder."""

    def __init__(self, trouble: ModemTrouble, detail: str, *, restarted: bool = False) -> None:
        super().__init__(detail)
        self.trouble = trouble
        self.detail = detail
        self.restarted = restarted


class Unusable(Exception):
    """The modem is fine, the card or its PIN is not: look again later."""

    def __init__(self, trouble: ModemTrouble, detail: str) -> None:
        super().__init__(detail)
        self.trouble = trouble
        self.detail = detail

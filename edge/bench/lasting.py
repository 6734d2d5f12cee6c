"""What a pulled plug does not touch: a row for every word of the bench, saying where it stays and under what
name.

The world of a desk is put together from it (`world.py`): some of what was done is kept as the words that did
it, the last ones of each key; the rest lies in things that keep themselves: the stage, the modem with card,
network and telephones, the machines, the clock, the folder of the record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hw.bench import COVERS
from hw.ports import Input

Words = tuple[str, ...]


class Where(StrEnum):
    """Where it stays what a word did."""

    NOWHERE = "nowhere"
    """It is over at once: a key was touched, a card put in."""
    WORDS = "words"
    """The words are said again to the cabin that starts, before it gets power."""
    STAGE = "stage"
    """Who is before the camera, and the light."""
    PHONES = "phones"
    """Modem, card, network, telephones."""
    MACHINES = "machines"
    """The machines beside the kiosk, which have a supply of their own."""
    CLOCK = "clock"
    """The time of the bench and of its people."""
    FOLDER = "folder"
    """A file beside the record."""
    PLUG = "plug"
    """It is the power itself."""


@dataclass(frozen=True, slots=True)
class Lasting:
    """`where` it stays; with `WORDS` `key` gives the name under which the words after this one replace those
    before, empty for words of which nothing stays. `ends` are keys that are over with it.
    """

    where: Where
    key: Callable[[Sequence[str]], str] = lambda words: ""
    ends: tuple[str, ...] = ()


def _always(name: str) -> Callable[[Sequence[str]], str]:
    return lambda words: name


def _of_first(name: str) -> Callable[[Sequence[str]], str]:
    """One for each thing that the first word names."""
    return lambda words: f"{name} {words[0]}"


def _of_setting(words: Sequence[str]) -> str:
    return f"set {words[0].partition('=')[0]}"


def _of_contact(name: str) -> Callable[[Sequence[str]], str]:
    """A contact that is held; one that was pressed is let go of by itself."""
    return lambda words: "" if words[0] == "press" else name


def _of_camera(words: Sequence[str]) -> str:
    match words[0]:
        case "dies" | "comes":
            return "camera"
        case "from":
            return "camera from"
        case _:
            return ""


def _of_keypad(words: Sequence[str]) -> str:
    return "keypad inside" if words[0] == "inside" else "keypad"


def _of_clock(words: Sequence[str]) -> str:
    return "clock" if words[0] in ("set", "unset") else ""


_PASSES: Final = Lasting(Where.NOWHERE)
_STAGED: Final = Lasting(Where.STAGE)
_DOORWAY: Final = Lasting(Where.STAGE, ends=(Input.DOOR.value,))
"""Who goes through the door has shut it behind them."""
_MODEM: Final = Lasting(Where.PHONES)
_MACHINE: Final = Lasting(Where.MACHINES)

LASTING: Final[dict[str, Lasting]] = {
    "enter": _DOORWAY,
    "leave": _DOORWAY,
    **dict.fromkeys(COVERS, _STAGED),
    "photo": _STAGED,
    "turn": _STAGED,
    "crouch": _STAGED,
    "stand": _STAGED,
    "lights": _STAGED,
    "keys": _PASSES,
    "claim": _PASSES,
    "code": _PASSES,
    "end": _PASSES,
    "pad": _PASSES,
    "machine": _MACHINE,
    "ails": _MACHINE,
    "card": Lasting(Where.FOLDER),
    "key": Lasting(Where.WORDS, _of_first("key")),
    **{name.value: Lasting(Where.WORDS, _of_contact(name.value), ends=(name.value,)) for name in Input},
    "wire": Lasting(Where.WORDS, _of_first("wire")),
    "relay": Lasting(Where.WORDS, _of_first("relay")),
    "keypad": Lasting(Where.WORDS, _of_keypad),
    "buzzer": Lasting(Where.WORDS, _always("buzzer")),
    "prompt": Lasting(Where.WORDS, _always("prompt")),
    "modem": _MODEM,
    "broker": Lasting(Where.WORDS, _always("broker")),
    "sms": _MODEM,
    "camera": Lasting(Where.WORDS, _of_camera),
    "front": _STAGED,
    "power": Lasting(Where.PLUG),
    "set": Lasting(Where.WORDS, _of_setting),
    "restart": _PASSES,
    "clock": Lasting(Where.WORDS, _of_clock),
    "thread": _PASSES,
    "disk": Lasting(Where.WORDS, _always("disk")),
    "release": _PASSES,
    "wait": Lasting(Where.CLOCK),
}


class Acts:
    """What was done and stays, as the words that did it."""

    def __init__(self) -> None:
        self._by_key: dict[str, Words] = {}

    def did(self, words: Sequence[str]) -> None:
        """Call when these words of `LASTING` were done."""
        row = LASTING[words[0]]
        for key in (row.key(words[1:]), *row.ends):
            self._by_key.pop(key, None)
        key = row.key(words[1:])
        if key:
            self._by_key[key] = tuple(words)

    @property
    def words(self) -> tuple[Words, ...]:
        """The words of each key, in the order in which they were done."""
        return tuple(self._by_key.values())

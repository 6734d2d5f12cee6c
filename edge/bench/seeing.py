"""What can be seen of a simulated cabin, and whether a name that a story looks for can come at all.

A `never` with a slip of the pen would hold for ever, so every name is taken from the types that make it:
events and commands from their unions, faults from the catalogue, words of texts from the texts.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Final, Union, get_args, get_origin, get_type_hints

from edge.bench.forms import Kind, completions, hint, misfit
from edge.cabin import commands, events
from edge.cabin.claim import REFUSED
from edge.cabin.commands import PromptCause, PromptKey
from edge.cabin.state import Mode
from edge.cabin.table import TABLE
from edge.codes.release import Refusal
from edge.faults.catalogue import CATALOGUE
from edge.fleet.payloads import BROKER_KINDS
from edge.fleet.topics import Stream
from edge.identity.limits import OwnerRefusal
from edge.identity.person import Act
from edge.loop.facts import fact_names
from edge.loop.happening import Happening, describe
from edge.messages.prompts import prompt_text
from edge.messages.texts import ALERT_KINDS, code_in, sms_words
from edge.messages.urgency import REPORTS
from edge.settings.schema import Settings
from edge.terms.identity import CheckFailed, ClaimEnd, NoOwnerCode
from edge.terms.record import Recipient
from hw.ports import Light, Sound

Seen = Callable[[Happening, Sequence[str]], bool]


class CannotBe(ValueError):
    """Something that is looked for and can never come; the text names the word and what would be right."""


@dataclass(frozen=True, slots=True)
class Thing:
    forms: tuple[str, ...]
    meaning: str
    seen: Seen


_WORD: Final = r"[^\W\d_]+"

REMARKS: Final = (
    *("wrong_code", "superseded_code", "keypad_closed", "entry_refused", "verdict_without_entry"),
    *("release_of_another_incident", "release_refused", "text_ignored", "modem_recovery"),
    *("clock_jumped", "exit_input_recovered", "views_again"),
    *("no_such_claim", "claim_refused", "claim_ended_by_restart", "owner_code_right", *CheckFailed),
    *("card_not_enrolled", *Act, "owner_code_asked", "owner_code_tried"),
    *("enrolment_began", "enrolment_ended", "restart_asked"),
    *("request_taken", "request_refused", "commissioned"),
)
"""Remarks that the table and the loop make by name, besides the refusals of the table's own rows."""


_CLAIMS: Final = (events.ClaimMade, events.OwnerCodeWanted, events.OwnerEntryCompleted)

# --- names, from the types that make them ----------------------------------------------------------


def samples(kind: object) -> tuple[object, ...]:
    """Values of a type: all there are where they can be counted, else one."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(kind)
    if kind is bool:
        return (False, True)
    origin, inside = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return tuple(itertools.chain.from_iterable(samples(one) for one in inside))
    if origin in (tuple, frozenset):
        return tuple(origin((one,)) for one in samples(inside[0]))
    return ({int: 0, float: 0.0, str: ""}.get(kind) if isinstance(kind, type) else None,)


def _described(union: object) -> Iterable[tuple[str, set[str]]]:
    """Every name that a member of the union is shown under, with the words that may stand beside it."""
    for member in get_args(union):
        hints = get_type_hints(member)
        fields = [field.name for field in dataclasses.fields(member)]
        for values in itertools.product(*(samples(hints[name]) for name in fields)):
            data = describe(member(*values))
            yield str(data["name"]), set(_values(data)) | _open_words(data)


def _values(data: Mapping[str, object]) -> Iterable[str]:
    """The words of one happening, besides its name, that a story may ask for."""
    for key, value in data.items():
        if isinstance(value, bool):
            yield "on" if value else "off"
        elif isinstance(value, str) and key != "name" and value:
            yield value
        elif isinstance(value, list | tuple):
            yield from (str(one) for one in value)


def _open_words(data: Mapping[str, object]) -> set[str]:
    """Fields that are plain text in their type and have a list of their own: fault codes and alerts."""
    words: set[str] = set()
    if "code" in data:
        words.update(CATALOGUE)
    if "alert" in data:
        words.update(ALERT_KINDS)
        words.update(CATALOGUE)  # the reason of a fault
    return words


def _gathered(named: Iterable[tuple[str, set[str]]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name, words in named:
        found.setdefault(name, set()).update(words)
    return {name: frozenset(words) for name, words in found.items()}


@cache
def event_names() -> dict[str, frozenset[str]]:
    """Everything that `see event` can meet: events, facts, faults, remarks."""
    named = _gathered(_described(events.Event))
    del named["ticked"]  # a deadline is no happening
    refusals = {cell.refusal for row in TABLE.values() for cell in row.values() if cell.refusal}
    facts = [name + end for name in fact_names() for end in ("", "_ended")]
    plain = {*REMARKS, *Refusal, *refusals, *facts, *CATALOGUE, *(f"{code}_ended" for code in CATALOGUE)}
    return {name: named.get(name, frozenset()) for name in sorted(named.keys() | {str(one) for one in plain})}


@cache
def command_names() -> dict[str, frozenset[str]]:
    named = _gathered(_described(commands.Command))
    del named[""]  # a remark is shown as the event that it names
    return dict(sorted(named.items()))


# --- what is seen ----------------------------------------------------------------------------------


def _command(happening: Happening, words: Sequence[str]) -> bool:
    data = happening.data
    return happening.kind == "command" and data["name"] == words[0] and set(words[1:]) <= set(_values(data))


def _state(happening: Happening, words: Sequence[str]) -> bool:
    return happening.kind == "state" and happening.data["name"] == words[0]


def _event(happening: Happening, words: Sequence[str]) -> bool:
    """By its name, or by the code of the fault that it tells."""
    data = happening.data
    if happening.kind not in ("event", "fact", "fault") or words[0] not in (
        data.get("name"),
        data.get("code"),
    ):
        return False
    return set(words[1:]) <= set(_values(data))


def _output(name: str, key: str) -> Seen:
    def seen(happening: Happening, words: Sequence[str]) -> bool:
        data = happening.data
        return happening.kind == "command" and data["name"] == name and data.get(key) == words[0]

    return seen


def _lamps(happening: Happening, words: Sequence[str]) -> bool:
    data = happening.data
    wanted = sorted(set(words) - {"off"})
    return happening.kind == "command" and data["name"] == "set_lights" and data["lit"] == wanted


def _sms(happening: Happening, words: Sequence[str]) -> bool:
    if happening.kind != "sms" or happening.data["to"] != words[0]:
        return False
    return " ".join(words[1:]).lower() in str(happening.data["text"]).lower()


def _broker(happening: Happening, words: Sequence[str]) -> bool:
    """A message by its stream and kind; `repeat` asks for one that is marked as such."""
    data = happening.data
    if happening.kind != "broker":
        return False
    if words[0] in ("online", "offline"):
        return data.get("online") is (words[0] == "online")
    return [data.get("stream"), data.get("kind")] == list(words[:2]) and (
        len(words) < 3 or data.get("repeat") is True
    )


def _machine(happening: Happening, words: Sequence[str]) -> bool:
    said = str(happening.data["said"]).split() if happening.kind == "machine" else []
    return bool(said) and said[: len(words)] == list(words)


def _said(happening: Happening, words: Sequence[str]) -> bool:
    return happening.kind == "prompt" and " ".join(words).lower() in str(happening.data["text"]).lower()


@cache
def _reasons() -> frozenset[str]:
    """Every word behind a permit or a refusal: the table's, the claim's, the code's."""
    refusals = {cell.refusal for kind in _CLAIMS for cell in TABLE[kind].values() if cell.refusal}
    answers = {*ClaimEnd, *NoOwnerCode, *CheckFailed, *OwnerRefusal, *REFUSED}
    return frozenset({*Mode, "verified", "claim_wanted", "another_machine", *answers, *refusals})


KINDS: Final[Mapping[str, Kind]] = {
    "STATE": Kind("state", lambda: tuple(Mode)),
    "SOUND": Kind("sound", lambda: tuple(Sound)),
    "LAMP": Kind("lamp", lambda: (*Light, "off")),
    "PERSON": Kind("receiver of an SMS", lambda: tuple(Recipient)),
    "TEXT": Kind("text", tuple, lambda word: True),
    "EVENT": Kind("event", lambda: tuple(event_names())),
    "COMMAND": Kind("command", lambda: tuple(command_names())),
    "STREAM": Kind("stream of a broker", lambda: tuple(Stream)),
    "MESSAGE": Kind("kind of a message", lambda: (*ALERT_KINDS, *sorted(BROKER_KINDS | REPORTS))),
    "REASON": Kind("reason that a machine is told", lambda: tuple(sorted(_reasons()))),
    "VALUE": Kind("value", tuple, lambda word: True),
}

SEEN: Final[Mapping[str, Thing]] = {
    "state": Thing(("STATE",), "the cabin comes into a state", _state),
    "door": Thing(("locked|unlocked",), "the door's relay is switched", _output("set_door", "door")),
    "permit": Thing(("on|off",), "the machine is opened or closed", _output("set_permit", "permit")),
    "sound": Thing(("SOUND",), "the siren or the beeps begin, or end", _output("set_sound", "sound")),
    "lamps": Thing(("LAMP...",), "exactly these lamps are lit", _lamps),
    "sms": Thing(("PERSON [TEXT...]",), "a phone gets a text with these words in it", _sms),
    "broker": Thing(
        ("STREAM MESSAGE [repeat]", "online|offline"),
        "the broker takes a message of a stream, or the status of the kiosk",
        _broker,
    ),
    "machine": Thing(
        ("permit on|off [REASON]", "ask face|code", "refused REASON"),
        "a machine is told this",
        _machine,
    ),
    "prompt": Thing(("TEXT...",), "the person is told something with these words in it", _said),
    "event": Thing(("EVENT [VALUE...]",), "an event, a fact, or a fault by its code", _event),
    "command": Thing(("COMMAND [VALUE...]",), "an order of the table", _command),
}


def check(words: Sequence[str]) -> None:
    """Raises `CannotBe` for what can never be seen, naming the word and what would be right."""
    if not words:
        raise CannotBe(f"words are missing: after 'see' comes {' or '.join(SEEN)}")
    thing = SEEN.get(words[0])
    if thing is None:
        raise CannotBe(f"{words[0]!r} is nothing that can be seen{hint(words[0], (*SEEN,))}")
    wrong = misfit(words[0], thing.forms, words[1:], KINDS)
    if wrong is not None:
        raise CannotBe(wrong.why)
    names = {"event": event_names, "command": command_names}.get(words[0])
    if names is None:
        return
    known = names()[words[1]]
    for word in words[2:]:
        if word not in known:
            there = hint(word, sorted(known)) or "; it stands alone"
            raise CannotBe(f"{words[1]!r} never has {word!r}{there}")


def check_words(words: Sequence[str], settings: Settings) -> None:
    """Raises `CannotBe` for words of a text or a prompt that this cabin never uses. `words` fit a form."""
    if words[0] == "prompt":
        piece = _fold(" ".join(words[1:]))
        if not any(piece in text for text in _prompts(settings.cabin.language)):
            raise CannotBe(f"no prompt says {' '.join(words[1:])!r}")
    elif words[0] == "sms":
        cabin = settings.cabin
        known = f"{sms_words(cabin.language)} {cabin.name} {cabin.address} {' '.join(_states())}".lower()
        there = set(re.findall(_WORD, known))
        wanted = re.findall(_WORD, " ".join(words[2:]).lower())
        for at, word in enumerate(wanted):
            # What is looked for is a piece of the text: its ends may be pieces of words.
            first, last = at == 0, at == len(wanted) - 1
            if not any(
                word == one
                or (first and one.endswith(word))
                or (last and one.startswith(word))
                or (first and last and word in one)
                for one in there
            ):
                raise CannotBe(f"no SMS says {word!r}")


@cache
def _states() -> frozenset[str]:
    """The words that a status may hold."""
    return frozenset(itertools.chain.from_iterable(event_names().values())) | {*Mode, "blind", "lockout"}


@cache
def _prompts(language: str) -> frozenset[str]:
    """Every prompt there is; for whatever number of seconds."""
    return frozenset(
        _fold(prompt_text(key.value, cause.value, left_s, language))
        for key in PromptKey
        for cause in PromptCause
        for left_s in (0, 1)
    )


def _fold(text: str) -> str:
    return re.sub(r"\d+", "0", text.lower())


def matches(happening: Happening, words: Sequence[str]) -> bool:
    return SEEN[words[0]].seen(happening, words[1:])


def explained() -> list[str]:
    """A line for everything that can be seen."""
    return [f"{f'{word} {form}':<36} {thing.meaning}" for word, thing in SEEN.items() for form in thing.forms]


def worth_waiting_for(happening: Happening) -> tuple[str, ...] | None:
    """What a written session waits for: states, door, permit, and each code that reaches a phone."""
    data = happening.data
    if happening.kind == "state":
        return ("state", str(data["name"]))
    if happening.kind == "sms":
        known = data["to"] in list(Recipient) and code_in(str(data["text"])) is not None
        return ("sms", str(data["to"]), "code") if known else None
    if happening.kind == "command":
        for key in ("door", "permit"):
            if key in data:
                return (key, str(data[key]))
    return None


# --- watching --------------------------------------------------------------------------------------


class Watcher:
    """Remembers what happened and finds what a line waits for. Give its `hear` to the desk as listener."""

    def __init__(self) -> None:
        self._heard: list[Happening] = []
        self._used: set[int] = set()
        self._from = 0

    def hear(self, happening: Happening) -> None:
        self._heard.append(happening)

    def came(self, *things: Sequence[str]) -> bool:
        """Whether all these were seen, in any order, at or after the moment of what was found last.

        What is found is used up. What happens at one moment has no order.
        """
        found: list[int] = []
        for words in things:
            at = self._find(words, found)
            if at is None:
                return False
            found.append(at)
        self._used.update(found)
        last_s = max(self._heard[at].at_s for at in found)
        while self._heard[self._from].at_s < last_s:
            self._from += 1
        return True

    def _find(self, words: Sequence[str], taken: Sequence[int]) -> int | None:
        for at in range(self._from, len(self._heard)):
            if at not in self._used and at not in taken and matches(self._heard[at], words):
                return at
        return None

    def times_s(self, words: Sequence[str]) -> list[float]:
        """When it was seen, from the beginning of the story."""
        return [happening.at_s for happening in self._heard if matches(happening, words)]

    def last(self, kind: str) -> str:
        """What was seen last of this kind, for anyone who waited for something else of it."""
        for happening in reversed(self._heard):
            for words in _shown_as(kind, happening):
                return f"; last was {kind} {words} at {happening.at_s:.1f} s"
        return ""


def _shown_as(kind: str, happening: Happening) -> Iterable[str]:
    data = happening.data
    key = {"state": "name", "door": "door", "permit": "permit", "sound": "sound"}.get(kind)
    if kind == "state" and happening.kind == "state":
        yield str(data["name"])
    elif kind in ("sms", "prompt") and happening.kind == kind and data["text"]:
        yield f"{data.get('to', '')} {data['text']}".strip()
    elif key is not None and kind != "state" and happening.kind == "command" and key in data:
        yield str(data[key])


def complete(words: Sequence[str], begun: str) -> list[str]:
    """What may come next after `see`."""
    if not words:
        return [word for word in SEEN if word.startswith(begun)]
    thing = SEEN.get(words[0])
    return [] if thing is None else completions(thing.forms, words[1:], begun, KINDS)

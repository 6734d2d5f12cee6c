"""A cabin in every mode and every corner of it: where a test begins that asks for everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from edge.cabin.events import (
    CodeAccepted,
    CodeDenied,
    Device,
    EntryCompleted,
    Event,
    OwnerEntryCompleted,
)
from edge.cabin.state import State
from edge.terms.record import Recipient
from tests.worlds.cabin_world import Cabin, claimed, rules

MAKERS: dict[str, Callable[[], Cabin]] = {
    "vacant": lambda: Cabin(),
    "vacant, door open": lambda: Cabin().wire("door", True),
    "vacant, lock tried": lambda: Cabin().tries("lock").wait(1),
    "vacant, permit tried": lambda: Cabin().tries("permit").wait(1),
    "vacant, words tried": lambda: Cabin().tries("prompt").wait(1),
    "vacant, lock was tried": lambda: Cabin().tries("lock").wait(6),
    "vacant, case open": lambda: Cabin().begins("case_opened"),
    "checking": lambda: Cabin().comes(),
    "checking, masked": lambda: Cabin().comes("masked").wait(3),
    "checking, blind": lambda: Cabin().comes("masked").camera("covered"),
    "checking, two": lambda: Cabin().comes("bare").several().wait(20),
    "cleared": lambda: Cabin().comes("bare"),
    "cleared, door open": lambda: Cabin().comes("bare").wire("door", True),
    "cleared after a release": lambda: Cabin().locked().types("right").shows("bare").wait(4),
    "cleared after a fire": lambda: Cabin().wire("fire", True).wire("fire", False).wait(4).comes("bare"),
    "warned": lambda: Cabin().comes("masked").wait(10),
    "warned, complete evidence": lambda: Cabin().wire("door", True).comes("masked").wait(100),
    "warned, weapon": lambda: Cabin().comes("masked").wait(10).begins("weapon"),
    "warned, about to lock": lambda: Cabin().comes("masked").wait(19.999),
    "locked, waiting for its record": lambda: _without_card().comes("masked").wait(20.2),
    "locked": lambda: Cabin().locked().wait(5),
    "locked, nobody seen": lambda: Cabin().locked().wait(5).leaves(),
    "locked, entry pending": lambda: _pending(Cabin().locked().wait(5)),
    "locked, lockout": lambda: Cabin().locked().types("wrong").types("wrong").types("wrong"),
    "locked, codes used up": lambda: Cabin().locked().wait(1520),
    "locked, denied": lambda: Cabin().locked().hear(CodeDenied(1, 1, Recipient.WATCHMAN)),
    "locked, keypad broken": lambda: Cabin().locked().fails("keypad"),
    "warned, a lock comes back": lambda: Cabin().locked().wait(5).dies_and_starts().shows("masked").wait(1),
    "locked again": lambda: Cabin().locked().wait(5).dies_and_starts().shows("masked").wait(11),
    "locked again, waiting for its record": lambda: _returns_without_card(),
    "warned, cleared before": lambda: Cabin().comes("bare").shows("masked").wait(10),
    "warned, door open": lambda: Cabin().comes("masked").wait(10).wire("door", True),
    "locked, unreached": lambda: _without_phones().comes("masked").wait(100),
    "released, forced": lambda: Cabin().locked().wait(5).wire("door", True),
    "locked, blind": lambda: Cabin().locked().camera("gone"),
    "released": lambda: Cabin().locked().types("right"),
    "released, empty": lambda: Cabin().locked().types("right").leaves(),
    "released, after a fire": lambda: Cabin().locked().wire("fire", True).wire("fire", False).wait(3),
    "emergency, fire": lambda: Cabin().comes("masked").wire("fire", True),
    "emergency, exit": lambda: Cabin().locked().wire("exit", True),
    "emergency, exit held": lambda: Cabin().locked().wire("exit", True).wire("exit", False),
    "emergency, nobody": lambda: Cabin().wire("exit", True).wait(100),
    "cleared, the owner asked for": lambda: claimed().wait(5),
    "cleared, not the owner": lambda: claimed().owner("another"),
    "cleared, owner's code being sent": lambda: _being_sent(claimed()),
    "cleared, owner's code asked for": lambda: claimed().owner("another").asks_for_code().wait(5),
    "cleared, owner's face known": lambda: claimed().owner("same"),
    "cleared, owner's code right": lambda: (
        claimed().owner("another").asks_for_code().types_owner("right").wait(5)
    ),
}
"""A cabin in every mode and every corner of it, made when a test asks for it."""


def _without_card() -> Cabin:
    c = Cabin()
    c.card = False
    return c


def _returns_without_card() -> Cabin:
    c = Cabin().locked().wait(5).dies_and_starts().shows("masked").wait(9)
    c.card = False
    return c.wait(1.2)


def _without_phones() -> Cabin:
    c = Cabin()
    c.phones = set()
    return c


def _pending(c: Cabin) -> Cabin:
    c.unanswered(EntryCompleted())
    return c


def _mute() -> Cabin:
    c = Cabin()
    c.speaker = False
    return c


def _no_contact() -> Cabin:
    return Cabin(rules(door_contact=False))


def _unheard(c: Cabin, *events: Event) -> Cabin:
    """These happen and nothing answers."""
    for event in events:
        c.unanswered(event)
    return c


def _being_sent(c: Cabin) -> Cabin:
    c.owner_phone = False
    return c.owner("another").asks_for_code().wait(5)


def _with_code(c: Cabin) -> Cabin:
    return c.owner("another").asks_for_code()


def _owner_entry(c: Cabin) -> Cabin:
    """An entry whose verdict has not come."""
    _with_code(c).types_owner("wrong").unanswered(OwnerEntryCompleted())
    return c


CORNERS: dict[str, Callable[[], Cabin]] = {
    "vacant, several anomalies told": lambda: Cabin().begins("object_left").begins("loitering"),
    "vacant, told recently": lambda: Cabin().wire("case", True).wait(30).wire("case", False).wait(35),
    "vacant, told long ago": lambda: Cabin().wire("case", True).wait(30).wire("case", False).wait(580),
    "vacant, siren": lambda: Cabin().wire("vibration", True).wire("vibration", False).wait(50),
    "vacant, just left": lambda: Cabin().comes("bare").leaves().wait(29),
    "vacant, blind": lambda: Cabin().camera("gone"),
    "vacant, upside down": lambda: Cabin().camera("upside_down"),
    "vacant, door held open": lambda: Cabin().wire("door", True).wait(61),
    "vacant, everything broken": lambda: _everything_broken(Cabin()),
    "vacant, panic over": lambda: Cabin().wire("panic", True).wire("panic", False).wait(5),
    "checking, helmeted": lambda: Cabin().comes("helmeted").wait(5.5),
    "checking, unclear": lambda: Cabin().comes("unclear").wait(2),
    "checking, held twice": lambda: _held(Cabin().comes("masked"), 2),
    "checking, front changed": lambda: Cabin().begins("front_changed").comes("bare"),
    "checking, weapon over": lambda: Cabin().comes("masked").begins("weapon").ends("weapon").wait(10),
    "checking, a bag left before": lambda: (
        Cabin().comes("bare").begins("object_left").leaves().comes("masked")
    ),
    "checking, door just opened": lambda: Cabin().comes("bare").wait(5).wire("door", True).wait(0.5),
    "checking, contact broken": lambda: Cabin().fails("door_contact").wire("door", True).comes("masked"),
    "checking, no contact": lambda: _no_contact().wire("door", True).comes("masked").wait(4),
    "checking, disk broken": lambda: Cabin().fails("disk").comes("masked").wait(5),
    "checking, after a restart": lambda: Cabin().comes("bare").wait(5).dies_and_starts(),
    "cleared, loitering": lambda: Cabin().comes("bare").begins("loitering").wait(100),
    "cleared, still picture": lambda: Cabin().comes("bare").begins("still_picture").wait(2),
    "cleared, turned": lambda: Cabin().comes("bare").shows("turned").wait(2),
    "cleared, inputs broken before": lambda: Cabin().fails("inputs").recovers("inputs").comes("bare"),
    "warned, nothing heard": lambda: _mute().comes("masked").wait(8),
    "warned, unclear": lambda: Cabin().comes("masked").wait(8).shows("unclear").wait(1),
    "warned, two": lambda: Cabin().comes("masked").wait(8).several().wait(12),
    "warned, two, one left": lambda: Cabin().comes("masked").wait(8).several().several(False).wait(3),
    "warned, blind": lambda: Cabin().comes("masked").wait(8).camera("gone").wait(5),
    "warned, blind no more": lambda: Cabin().comes("masked").wait(8).camera("gone").camera("ok").wait(5),
    "warned, prompt broken": lambda: Cabin().fails("prompt").comes("masked").wait(15),
    "warned, withheld": lambda: Cabin().fails("disk").comes("masked").wait(25),
    "warned, front changed": lambda: Cabin().comes("masked").wait(8).begins("front_changed").shows("bare"),
    "warned, person down": lambda: Cabin().comes("masked").wait(8).begins("person_down"),
    "warned, hushed and over": lambda: Cabin().comes("masked").wait(8).begins("fight").ends("fight").wait(5),
    "warned, door opened twice": lambda: _opened(Cabin().comes("masked").wait(10), 2),
    "warned, held twice": lambda: _held(Cabin().comes("masked").wait(10), 2),
    "warned, no contact": lambda: _no_contact().wire("door", True).comes("masked").wait(12),
    "warned, taken back": lambda: _without_card().comes("masked").wait(20.2).several(),
    "warned, several and loitering": lambda: Cabin().comes("masked").several().wait(20).begins("loitering"),
    "locked, second watchman told": lambda: Cabin().locked().wait(121),
    "locked, key touched": lambda: Cabin().locked().wait(5).touches_a_key(),
    "locked, failed over": lambda: _without_phones().comes("masked").wait(85),
    "locked, failed over, then taken": lambda: _unheard(
        _without_phones().comes("masked").wait(85), CodeAccepted(1, 1, Recipient.WATCHMAN)
    ),
    "locked, withdrawn": lambda: _without_phones().comes("masked").wait(145),
    "locked, two tries": lambda: Cabin().locked().types("wrong").types("wrong"),
    "locked, last try pending": lambda: _pending(Cabin().locked().types("wrong").types("wrong")),
    "locked, last try pending, code refused": lambda: _pending(
        _without_phones().comes("masked").wait(20).types("wrong").types("wrong").wait(118)
    ),
    "locked, second lockout": lambda: _locked_out_twice(),
    "locked, expired and old entry": lambda: _pending(Cabin().locked().wait(301)),
    "locked, verdict due for a replaced code": lambda: _pending(Cabin().locked().wait(299)).wait(2),
    "locked, weapon": lambda: Cabin().locked().wait(5).begins("weapon"),
    "locked, weapon over": lambda: Cabin().locked().wait(5).begins("weapon").ends("weapon").wait(3),
    "locked, case opened": lambda: Cabin().locked().wait(130).wire("case", True),
    "locked, bare": lambda: Cabin().locked().shows("bare"),
    "locked, two": lambda: Cabin().locked().several().wait(5),
    "locked, loitering": lambda: Cabin().locked().begins("loitering"),
    "locked, nobody, blind": lambda: Cabin().locked().leaves().camera("covered").wait(5),
    "locked, no contact": lambda: _no_contact().comes("masked").wait(30),
    "locked, keypad back": lambda: Cabin().locked().fails("keypad").wait(50).recovers("keypad"),
    "locked, disk broken": lambda: Cabin().locked().fails("disk"),
    "locked, near its end": lambda: Cabin(rules(code_ttl_s=1800)).locked().wait(1790),
    "comes back, not looked yet": lambda: Cabin().locked().wait(35).dies_and_starts(),
    "comes back, dark for long": lambda: Cabin().locked().dies_and_starts(150),
    "comes back, masked, heard": lambda: Cabin().locked().dies_and_starts().shows("masked").wait(9.9),
    "comes back, disk broken": lambda: (
        Cabin().locked().dies_and_starts().fails("disk").shows("masked").wait(15)
    ),
    "comes back, from a lockout": lambda: _lockout().wait(40).dies_and_starts().shows("masked").wait(2),
    "comes back, codes used up": lambda: (
        Cabin().locked().wait(1520).dies_and_starts().shows("masked").wait(9)
    ),
    "comes back, tries counted": lambda: _pending(Cabin().locked().types("wrong")).dies_and_starts(),
    "comes back, blind": lambda: Cabin().locked().dies_and_starts().camera("gone"),
    "comes back, weapon": lambda: Cabin().locked().dies_and_starts().begins("weapon"),
    "comes back, near its end": lambda: Cabin().locked().wait(1500).dies_and_starts(170).wait(100),
    "released, still there": lambda: Cabin().locked().types("right").wait(10),
    "released, bare, not yet": lambda: Cabin().locked().shows("bare").types("right").wait(1),
    "released, unreachable": lambda: _without_phones().comes("masked").wait(205),
    "released, two": lambda: Cabin().locked().types("right").wait(5).several().wait(2),
    "released, blind, nobody": lambda: Cabin().locked().types("right").leaves().camera("gone").wait(10),
    "released, stuck": lambda: Cabin().comes("masked").wait(10).stuck().wait(10),
    "released, forced and shut": lambda: Cabin().locked().wire("door", True).wait(5).wire("door", False),
    "released, forced for long": lambda: Cabin().locked().wire("door", True).wait(70),
    "released, panic": lambda: Cabin().locked().wire("panic", True).wait(5),
    "released, panic over": lambda: Cabin().locked().wire("panic", True).wire("panic", False).wait(5),
    "released, fire, door open": lambda: (
        Cabin().wire("fire", True).wire("fire", False).wire("door", True).wait(5)
    ),
    "released, fire, door cycled": lambda: _after_fire().wait(100),
    "released, fire, almost over": lambda: _after_fire().wait(599),
    "released, fire, no contact": lambda: _no_contact().wire("fire", True).wire("fire", False).wait(599),
    "released, fire, next visit": lambda: _after_fire().wait(50).comes("masked").wait(5),
    "released, contact broken": lambda: Cabin().comes("masked").fails("door_contact").wait(5),
    "emergency, both": lambda: Cabin().locked().wire("fire", True).wire("exit", True),
    "emergency, fire over, exit stuck": lambda: (
        Cabin().wire("fire", True).wire("exit", True).wire("fire", False).wait(70)
    ),
    "emergency, fire, door open": lambda: Cabin().locked().wire("fire", True).wire("door", True),
    "emergency, from a lock that came back": lambda: Cabin().locked().dies_and_starts().wire("exit", True),
    "emergency, bare": lambda: Cabin().comes("bare").wire("exit", True).wire("exit", False).wait(14.9),
    "emergency, nobody, exit over": lambda: Cabin().wire("exit", True).wait(20).wire("exit", False),
    "emergency, someone came": lambda: Cabin().wire("fire", True).comes("masked"),
    "checking, a claim made": lambda: claimed("unclear"),
    "checking, the owner masked": lambda: claimed().wait(5).shows("masked"),
    "checking, owner's code asked for": lambda: _with_code(claimed()).shows("masked"),
    "checking, owner's code being sent": lambda: _being_sent(claimed()).shows("masked"),
    "checking, owner's code right": lambda: _with_code(claimed()).types_owner("right").shows("masked"),
    "checking, owner's verdict due": lambda: _owner_entry(claimed()).shows("masked"),
    "cleared, no claim": lambda: claimed("bare").owner("same").leaves().comes("bare"),
    "cleared, owner's verdict due": lambda: _owner_entry(claimed()),
    "cleared, owner's code right, door open": lambda: (
        claimed().leaves().wire("door", True).comes("bare").claims(2).owner("same")
    ),
    "cleared, the owner or a picture": lambda: claimed().begins("still_picture").wait(2),
    "warned, a claim made": lambda: claimed("masked").wait(10),
    "warned, owner's code asked for": lambda: _with_code(claimed()).shows("masked").wait(10),
    "warned, owner's code being sent": lambda: _being_sent(claimed()).shows("masked").wait(7),
    "warned, owner's verdict due": lambda: _owner_entry(claimed()).shows("masked").wait(7),
    "warned, owner's code right": lambda: _with_code(claimed()).types_owner("right").shows("masked").wait(7),
    "released, a claim made": lambda: claimed("masked").wait(10).stuck(),
    "emergency, several": lambda: Cabin().comes("masked").several().wait(12).wire("exit", True),
}
"""More of them: what a person, a wire, a card or a telephone can make of each mode."""


def _everything_broken(c: Cabin) -> Cabin:
    for device in Device:
        c.fails(device.value)
    return c


def _held(c: Cabin, times: int) -> Cabin:
    for _ in range(times):
        c.shows("unclear").wait(0.5).shows("masked").wait(0.5)
    return c


def _opened(c: Cabin, times: int) -> Cabin:
    for _ in range(times):
        c.wire("door", True).wait(2).wire("door", False).shows("masked").wait(1)
    return c


def _lockout() -> Cabin:
    return Cabin().locked().types("wrong").types("wrong").types("wrong")


def _locked_out_twice() -> Cabin:
    return _lockout().wait(90).types("wrong").types("wrong").types("wrong")


def _after_fire() -> Cabin:
    c = Cabin().wire("fire", True).wait(2).wire("fire", False).wait(1)
    return c.wire("door", True).wait(5).wire("door", False)


class Places(Mapping[str, tuple[State, float]]):
    """State and time of each place. Nothing of the table runs before a test does."""

    def __getitem__(self, name: str) -> tuple[State, float]:
        c = MAKERS[name]()
        return c.state, c.now_s

    def __iter__(self) -> Iterator[str]:
        return iter(MAKERS)

    def __len__(self) -> int:
        return len(MAKERS)


PLACES = Places()

"""What there is to see of a simulated cabin at one moment, from the pins, the telephones and the stage.

Outputs are read where the wires end, never from what the program believes of them.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from edge.bench.desk import Desk
from edge.bench.printer import in_words
from edge.bench.switches import switches
from edge.bench.telephones import everybody
from edge.bench.wire import (
    BenchView,
    ContactSeen,
    Countdown,
    KeypadSeen,
    Line,
    MachineSeen,
    OutputsSeen,
    PersonSeen,
    PhoneSeen,
    StageSeen,
    TextSeen,
    TrialSeen,
    WayOut,
    WordsSaid,
)
from edge.cabin.deadlines import countdowns
from edge.cabin.outputs import tried
from edge.cabin.state import State
from edge.cabin.ways import Means, openings
from edge.loop.happening import Happening
from edge.settings.secrets import Secret, read_secret
from edge.terms.printing import printable
from edge.terms.record import Recipient
from hw.ports import Input, Light, Sound

LINES: Final = 60
"""So many of the last lines are shown."""

TEXTS: Final = 50
"""So many of the last texts of a telephone are shown."""

OFF: Final = "off"
"""The name of the state without power."""


class Diary:
    """What happened, in words, numbered from 1; the last lines are kept."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque(maxlen=LINES)
        self._number = 0

    def hear(self, happening: Happening) -> None:
        words = in_words(happening)
        if words is not None:
            self._number += 1
            self._lines.append(Line(self._number, happening.at_s, happening.kind, printable(words)))

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(self._lines)


def view_of(desk: Desk, diary: Diary) -> BenchView:
    """All that the page draws. Reads only; costs the desk nothing but this call."""
    now_s = desk.clock.now_s()
    faults = switches(desk)
    stage, contacts = _stage(desk), _contacts(desk)
    deadlines: tuple[Countdown, ...] = ()
    ways: tuple[WayOut, ...] = ()
    trial: TrialSeen | None = None
    mode = OFF
    if desk.powered:
        state, mode = desk.kiosk.state, desk.kiosk.state.mode.value
        rules = desk.kiosk.rules
        deadlines = tuple(Countdown(c.what, c.in_s, c.of_s, c.runs) for c in countdowns(state, now_s, rules))
        trial = _trial(state, now_s)
        found = openings(state, now_s, rules, means_of(desk))
        ways = tuple(WayOut(way.way, way.opens, way.because, way.in_s) for way in found)
    return BenchView(
        time_s=now_s,
        wall_s=desk.clock.wall_s(),
        powered=desk.powered,
        state=desk.kiosk.name if desk.powered else OFF,
        mode=mode,
        stage=stage,
        outputs=_outputs(desk, now_s),
        contacts=contacts,
        keypad=_keypad(desk),
        machines=tuple(MachineSeen(one.name, tuple(sorted(one.faults))) for one in desk.cards.machines),
        phones=_phones(desk),
        faults=faults,
        deadlines=deadlines,
        ways=ways,
        happenings=diary.lines,
        trial=trial,
    )


def _trial(state: State, now_s: float) -> TrialSeen | None:
    output, until_s = tried(state), state.trial.until_s
    if output is None or until_s is None:
        return None
    return TrialSeen(output, max(0.0, until_s - now_s))


def means_of(desk: Desk) -> Means:
    """What this cabin has that the table does not know."""
    wiring = desk.settings.wiring
    by_text = bool(desk.numbers.get(Recipient.CONTROL_ROOM)) and (
        read_secret(desk.settings, Secret.HOTP) is not None
    )
    return Means(frozenset(name for name in Input if wiring.contact(name).fitted), by_text)


def _stage(desk: Desk) -> StageSeen:
    scene = desk.mount.scene
    people = () if scene is None else scene.people
    return StageSeen(
        source=desk.mount.source.words,
        directed=scene is not None,
        alive=desk.camera_alive,
        ended=desk.next_frame_s() is None,
        people=tuple(
            PersonSeen(one.name, tuple(sorted(one.covers)), one.turned, one.crouching, one.photo, one.leaving)
            for one in people
        ),
        light="" if scene is None else scene.lights,
        lens="" if scene is None else scene.lens,
        front="" if scene is None else scene.front,
    )


def _outputs(desk: Desk, now_s: float) -> OutputsSeen:
    if not desk.powered:
        off = Sound.OFF.value
        return OutputsSeen(
            locked=False,
            permit=False,
            pattern=off,
            sounding=False,
            green=False,
            amber=False,
            red=False,
            said=None,
        )
    hands = desk.hands
    lit = hands.lights
    return OutputsSeen(
        locked=hands.lock_on,
        permit=hands.permit_on,
        pattern=hands.heard(now_s).value,
        sounding=hands.sounding,
        green=Light.GREEN in lit,
        amber=Light.AMBER in lit,
        red=Light.RED in lit,
        said=_said(desk, now_s),
    )


def _said(desk: Desk, now_s: float) -> WordsSaid | None:
    said = desk.hands.said
    if not said:
        return None
    last = said[-1]
    files = tuple(f"{name}.wav" for name in last.clips)
    return WordsSaid(last.text, files, now_s - last.at_s, desk.hands.speaking)


def _contacts(desk: Desk) -> tuple[ContactSeen, ...]:
    work, wiring = desk.handiwork, desk.settings.wiring
    found: list[ContactSeen] = []
    for name in Input:
        wire = "cut" if f"wire {name}" in work.broken else ""
        wire = "unreadable" if f"pin {name}" in work.broken else wire
        found.append(ContactSeen(name.value, wiring.contact(name).fitted, name in work.held, wire))
    return tuple(found)


def _keypad(desk: Desk) -> KeypadSeen:
    stuck = tuple(key for key in desk.keys if f"key {key}" in desk.handiwork.broken)
    return KeypadSeen(desk.keys, stuck, desk.customer_keys)


def _phones(desk: Desk) -> tuple[PhoneSeen, ...]:
    known = everybody(desk.numbers, owners=desk.settings.identity.enabled)
    texts: dict[str, list[TextSeen]] = {number: [] for number in known.values()}
    for text in desk.telephones.texts:
        if text.number in texts:
            texts[text.number].append(TextSeen(text.at_s, text.wall_s, text.received, text.text))
    return tuple(PhoneSeen(who, number, tuple(texts[number][-TEXTS:])) for who, number in known.items())

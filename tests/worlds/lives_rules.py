"""What must hold in every life of a cabin: judged from the truth and what came out, not from the program.

Each rule stands under the sentence of the cabin flow that it comes from. A rule sees a `Life`: who was
really inside and how they looked, doors, power and faults, and beside it relays, words and texts. Where
the machine cannot know better (no door contact, somebody out of the picture) a rule says nothing.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, NamedTuple

from edge.cabin.rules import Flow

# --- honest reaction times -------------------------------------------------------------------------

DROP_S: Final = 0.1
"""The input path: 50 ms, and a contact that bounces."""
SETTLE_S: Final = 1.5
"""A slower contact, a device found broken, a typed code compared: until the relay follows."""
JUDGE_S: Final = 3.0
"""Until a look that changed is a judgement; looks are taken twice a second here."""
SEVERAL_S: Final = 3.0
BLIND_S: Final = 6.0
"""Until a camera that gives nothing counts as blind: the eyes may be silent for 5 s."""
GONE_S: Final = 3.0
"""On top of `gone_after_s`: the last frames of somebody who left."""
FORCED_S: Final = 3.0
PLAYER_S: Final = 15.0
"""A player that hangs is found out by the length of the words."""
TEXT_S: Final = 30.0
"""A well modem has given a text to the network."""


class Kind(StrEnum):
    """What an entry of a life is about: the first group is truth, the second came out of the cabin."""

    CAME = "came"
    WENT = "went"
    LOOK = "look"
    GLASS = "glass"
    DOOR = "door"
    CONTACT = "contact"
    INPUT = "input"
    DANGER = "danger"
    POWER = "power"
    CAMERA = "camera"
    DEVICE = "device"
    TYPED = "typed"
    ORDERED = "ordered"

    LOCK = "lock"
    PERMIT = "permit"
    WORDS = "words"
    TEXT = "text"
    SOUND = "sound"
    """The buzzer was heard while a danger or panic lasted."""


class Looks(StrEnum):
    """How somebody in the cabin looks to the camera."""

    BARE = "bare"
    COVERED = "covered"
    TURNED = "turned"
    UNCLEAR = "unclear"
    DOWN = "down"
    """A body and no face: crouching, or with the back to the camera."""
    UNSEEN = "unseen"
    """Out of the picture, inside all the same."""


FACES: Final = frozenset({Looks.BARE, Looks.COVERED, Looks.TURNED, Looks.UNCLEAR})
HIDDEN: Final = frozenset({Looks.COVERED, Looks.TURNED, Looks.DOWN, Looks.UNSEEN})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a life: when, what about, who or which, and what."""

    at_s: float
    kind: Kind
    who: str = ""
    what: str = ""

    def __str__(self) -> str:
        minutes, seconds = divmod(self.at_s, 60)
        return f"{minutes:4.0f}:{seconds:05.2f} {self.kind:8} {self.who:12} {self.what}".rstrip()


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything that is so from `at_s` to the next moment."""

    at_s: float
    looks: dict[str, Looks] = field(default_factory=dict)
    glass: str = ""
    door_open: bool = False
    contact: str = "fine"
    active: frozenset[str] = frozenset()
    danger: frozenset[str] = frozenset()
    power: bool = True
    sees: bool = True
    broken: frozenset[str] = frozenset()
    lock: bool = False
    permit: bool = False

    @property
    def inside(self) -> frozenset[str]:
        return frozenset(self.looks)

    @property
    def faces(self) -> frozenset[str]:
        return frozenset(who for who, look in self.looks.items() if look in FACES)

    @property
    def visible(self) -> frozenset[str]:
        return frozenset(who for who, look in self.looks.items() if look is not Looks.UNSEEN)

    @property
    def life_input(self) -> bool:
        return bool(self.active & {"fire", "exit", "exit_wire"})

    @property
    def reads_open(self) -> bool:
        """What the contact tells, as far as it tells anything."""
        return self.contact == "stuck_open" or (self.contact == "fine" and self.door_open)


@dataclass(frozen=True, slots=True)
class Violation:
    rule: str
    at_s: float
    detail: str

    def __str__(self) -> str:
        return f"{self.rule} at {self.at_s:.2f} s: {self.detail}"


class Spell(NamedTuple):
    """From when until when something held."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Words:
    """What was said, and whether it came to its end."""

    text: str
    from_s: float
    until_s: float
    whole: bool

    @property
    def threat_s(self) -> int | None:
        """The seconds that it promises until the lock; 0 for a threat without a number, None for none."""
        found = re.search(r"will lock(?: in (\d+) s)?", self.text)
        return None if found is None else int(found.group(1) or 0)


class Life:
    """The entries of one life, in order, made into moments. `said_per_s`: spoken characters a second."""

    def __init__(
        self, entries: Sequence[Entry], flow: Flow, said_per_s: float, second_watchman: bool = False
    ) -> None:
        self.second_watchman = second_watchman
        self.entries = tuple(sorted(entries, key=lambda entry: entry.at_s))
        self.flow = flow
        self.moments = tuple(_moments(self.entries))
        self._times_s = [moment.at_s for moment in self.moments]
        self.end_s = self.entries[-1].at_s if self.entries else 0.0
        self.words = tuple(_words(self, said_per_s))
        self.locks = tuple(self.spells(lambda moment: moment.lock))
        self.ons = tuple(e.at_s for e in self.entries if e.kind is Kind.POWER and e.what == "on")
        self.openings = tuple(e.at_s for e in self.entries if e.kind is Kind.DOOR and e.what == "open")

    def spells(self, holds: Callable[[Moment], bool]) -> Iterator[Spell]:
        """From when until when something held without a break."""
        since_s: float | None = None
        for moment in self.moments:
            if holds(moment):
                since_s = moment.at_s if since_s is None else since_s
            elif since_s is not None:
                yield Spell(since_s, moment.at_s)
                since_s = None
        if since_s is not None:
            yield Spell(since_s, self.end_s)

    def at(self, at_s: float) -> Moment:
        """What was so just before: outputs of an instant do not explain themselves."""
        return self.moments[max(0, bisect.bisect_left(self._times_s, at_s) - 1)]

    def between(self, from_s: float, until_s: float) -> Iterator[tuple[Moment, float]]:
        """The moments of a time, each with how long it lasted in it."""
        for index in range(max(0, bisect.bisect_right(self._times_s, from_s) - 1), len(self.moments)):
            moment = self.moments[index]
            if moment.at_s >= until_s:
                break
            next_s = self._times_s[index + 1] if index + 1 < len(self.moments) else self.end_s
            lasted_s = min(next_s, until_s) - max(moment.at_s, from_s)
            if lasted_s > 0:
                yield moment, lasted_s

    def always(self, holds: Callable[[Moment], bool], from_s: float, until_s: float) -> bool:
        return all(holds(moment) for moment, _ in self.between(from_s, until_s))

    def ever(self, holds: Callable[[Moment], bool], from_s: float, until_s: float) -> bool:
        return any(holds(moment) for moment, _ in self.between(from_s, until_s))

    def of(self, kind: Kind, from_s: float, until_s: float) -> Iterator[Entry]:
        return (e for e in self.entries if e.kind is kind and from_s <= e.at_s <= until_s)

    def texts(self, who: str = "") -> Iterator[Entry]:
        return (e for e in self.entries if e.kind is Kind.TEXT and who in ("", e.who))

    def last_on_s(self, at_s: float) -> float:
        return max((on_s for on_s in self.ons if on_s < at_s), default=0.0)

    def told_open(self, from_s: float, until_s: float) -> bool:
        """Whether the board could know that the door opened."""
        return any(
            from_s <= open_s <= until_s and self.at(open_s).power and self.at(open_s).contact == "fine"
            for open_s in self.openings
        )

    def contact_fine(self, until_s: float, from_s: float = 0.0) -> bool:
        """A fitted contact that never lied, nor was rightly doubted for somebody long behind the glass."""
        if not self.always(lambda moment: moment.contact == "fine", from_s, until_s):
            return False
        doubt_s = self.flow.contact_doubt_s - 10.0
        return not any(
            min(end_s, until_s) - max(start_s, from_s) > doubt_s
            for start_s, end_s in self.spells(lambda moment: bool(moment.glass))
        )

    def maybe_empty(self, from_s: float, until_s: float) -> bool:
        """Whether a healthy camera may have seen nobody for `gone_after_s`, and no latch held."""
        enough_s = self.flow.gone_after_s - 1.0
        for start_s, end_s in self.spells(lambda m: m.power and m.sees and not m.visible):
            first_s, last_s = max(start_s, from_s), min(end_s, until_s)
            if last_s - first_s < enough_s:
                continue
            opened = any(start_s <= open_s <= end_s for open_s in self.openings)
            if opened or self.ever(lambda m: not m.inside or m.contact != "fine", first_s, last_s):
                return True
        return False

    def surely_empty_before(self, at_s: float) -> float | None:
        """The beginning of the last time that a healthy camera saw nobody for long enough.

        A face behind the glass right after somebody left, or at a start, may be of somebody inside.
        """

        def nobody(moment: Moment) -> bool:
            return moment.power and moment.sees and not moment.inside and not moment.glass

        enough_s = self.flow.gone_after_s + GONE_S
        for start_s, end_s in reversed(tuple(self.spells(nobody))):
            left_s = max(e.at_s for e in self.entries if _begins_to_be_empty(e) and e.at_s <= start_s)
            alone = self.always(lambda m: not m.glass and m.sees and m.power, left_s, start_s)
            if end_s <= at_s and end_s - start_s >= enough_s and alone:
                return start_s
        return None


def _begins_to_be_empty(entry: Entry) -> bool:
    return entry.kind is Kind.WENT or (entry.kind is Kind.POWER and entry.what == "on")


def _moments(entries: Sequence[Entry]) -> Iterator[Moment]:
    now = Moment(0.0)
    for index, entry in enumerate(entries):
        now = replace(_after(now, entry), at_s=entry.at_s)
        if index + 1 == len(entries) or entries[index + 1].at_s > entry.at_s:
            yield now


def _after(now: Moment, entry: Entry) -> Moment:
    who, what = entry.who, entry.what
    match entry.kind:
        case Kind.CAME | Kind.LOOK:
            return replace(now, looks={**now.looks, who: Looks(what)})
        case Kind.WENT:
            return replace(now, looks={name: look for name, look in now.looks.items() if name != who})
        case Kind.GLASS:
            return replace(now, glass=what)
        case Kind.DOOR:
            return replace(now, door_open=what == "open")
        case Kind.CONTACT:
            return replace(now, contact=what)
        case Kind.INPUT:
            return replace(now, active=_with(now.active, who, what == "on"))
        case Kind.DANGER:
            return replace(now, danger=_with(now.danger, who, what == "on"))
        case Kind.POWER:
            return replace(now, power=what == "on")
        case Kind.CAMERA:
            return replace(now, sees=what == "sees")
        case Kind.DEVICE:
            return replace(now, broken=_with(now.broken, who, what == "broken"))
        case Kind.LOCK:
            return replace(now, lock=what == "on")
        case Kind.PERMIT:
            return replace(now, permit=what == "on")
        case _:
            return now


def _with(names: frozenset[str], name: str, there: bool) -> frozenset[str]:
    return names | {name} if there else names - {name}


def _words(life: Life, said_per_s: float) -> Iterator[Words]:
    said = [entry for entry in life.entries if entry.kind is Kind.WORDS]
    for index, entry in enumerate(said):
        ends_s = entry.at_s + len(entry.what) / said_per_s
        replaced = index + 1 < len(said) and said[index + 1].at_s < ends_s
        well = life.always(lambda moment: moment.power and "prompt" not in moment.broken, entry.at_s, ends_s)
        yield Words(entry.what, entry.at_s, ends_s, well and not replaced)


def _has(who: str) -> Callable[[Moment], bool]:
    return lambda moment: who in moment.inside


def _lacks(device: str) -> Callable[[Moment], bool]:
    return lambda moment: device in moment.broken


def _with_permit(holds: Callable[[Moment], bool]) -> Callable[[Moment], bool]:
    return lambda moment: moment.permit and holds(moment)


# --- who may be locked in --------------------------------------------------------------------------


def is_relock(life: Life, at_s: float) -> bool:
    """A lock that the power had ended, with no *empty* since."""
    ended_s = [lock.end_s for lock in life.locks if lock.end_s <= at_s and lock.start_s < at_s][-1:]
    return any(end_s <= life.last_on_s(at_s) and not life.maybe_empty(end_s, at_s) for end_s in ended_s)


def epoch_s(life: Life, at_s: float) -> float:
    """*this person*: since the door last opened, or the program last started."""
    opened = [open_s for open_s in life.openings if open_s < at_s]
    return max([life.last_on_s(at_s), *opened])


def heard_the_threat(life: Life) -> Iterator[Violation]:
    """The warning heard to its end by this person, at least `prompt_lead_s` (10) ago."""
    for at_s, _ in life.locks:
        since_s = epoch_s(life, at_s)
        if not life.contact_fine(at_s, since_s - 1.0) and since_s != life.last_on_s(at_s):
            continue
        lead_s = life.flow.prompt_lead_s - 0.3
        threats = [w for w in life.words if w.threat_s is not None and w.whole and w.until_s <= at_s - lead_s]
        for who in life.at(at_s).inside:
            if not any(w.from_s >= since_s and life.always(_has(who), w.from_s, w.until_s) for w in threats):
                yield Violation(
                    "heard_the_threat", at_s, f"{who} heard no whole threat {lead_s:.0f} s before"
                )


def own_deeds(life: Life) -> Iterator[Violation]:
    """`lock_after_s` (20) of evidence runs only while exactly one person is present and that face is
    covered, turned away or hidden. What was held against one person never counts against the next."""
    for at_s, _ in life.locks:
        since_s = epoch_s(life, at_s)
        inside = life.at(at_s).inside
        if not inside or not (life.contact_fine(at_s, since_s - 1.0) or since_s == life.last_on_s(at_s)):
            continue
        wanted_s = life.flow.relock_after_s if is_relock(life, at_s) else life.flow.lock_after_s
        had_s, changes = _hidden_s(life, since_s, at_s)
        if had_s < wanted_s - JUDGE_S * (1 + changes / 2):
            yield Violation(
                "own_deeds", at_s, f"{', '.join(sorted(inside))} hidden for {had_s:.1f} of {wanted_s:.0f} s"
            )


def _hidden_s(life: Life, from_s: float, until_s: float) -> tuple[float, int]:
    """How long one hidden person alone was seen, outside of what holds the clock; how often that changed."""
    total_s, changes, was = 0.0, 0, True
    halts = tuple(_halts(life))
    for moment, lasted_s in life.between(from_s, until_s):
        start_s = max(moment.at_s, from_s)
        halted = any(a <= start_s and start_s + lasted_s <= b for a, b in halts)
        one = (
            len(moment.faces) <= 1
            and moment.inside
            and all(moment.looks[who] in HIDDEN for who in moment.faces)
        )
        runs = bool(one) and moment.power and moment.sees and not halted
        changes += runs is not was
        was = runs
        total_s += lasted_s if runs else 0.0
    return total_s, changes


def _halts(life: Life) -> Iterator[Spell]:
    """It stands still while several persons, weapon, fight, person down or panic hold, and for 30 s after."""

    def holds(moment: Moment) -> bool:
        several = moment.sees and len(moment.faces) > 1
        return moment.power and bool(moment.danger or "panic" in moment.active or several)

    for start_s, end_s in life.spells(holds):
        if end_s - start_s > 2 * SEVERAL_S:
            yield Spell(start_s + SEVERAL_S, end_s + life.flow.hold_after_s - JUDGE_S)


def never_after_cleared(life: Life) -> Iterator[Violation]:
    """Who has been cleared is on record: this person is asked again, but never locked, until the door
    opens."""
    cleared: list[tuple[float, str]] = []
    for start_s, _ in life.spells(lambda moment: moment.permit):
        before = life.at(start_s)
        cleared += [(start_s, who) for who in before.faces if before.faces == before.visible == {who}]
    threats = [(w.from_s, "threatened") for w in life.words if w.threat_s is not None]
    for at_s, what in [*((start_s, "locked in") for start_s, _ in life.locks), *threats]:
        for cleared_s, who in cleared:
            here = cleared_s < at_s and life.always(_has(who), cleared_s, at_s)
            others = what == "threatened" and len(life.at(at_s).inside) > 1
            # A contact that chatters says that the door opened, and nobody can tell that it did not.
            lied = life.ever(lambda m: m.contact in ("chatter", "stuck_open"), cleared_s, at_s)
            opened = any(cleared_s <= open_s < at_s for open_s in life.openings)
            # Without a contact anyone who comes after *empty* is another.
            if here and not (others or lied or opened or life.maybe_empty(cleared_s, at_s)):
                yield Violation("never_after_cleared", at_s, f"{who} is {what}, cleared at {cleared_s:.1f} s")


def one_hidden_person_now(life: Life) -> Iterator[Violation]:
    """This one person present and its face hidden now. Several persons never lead to a lock."""
    for at_s, _ in life.locks:
        if life.always(lambda m: len(m.faces) > 1, at_s - SEVERAL_S, at_s) and at_s > SEVERAL_S:
            yield Violation("one_hidden_person_now", at_s, "several faces are to be seen")

        def proper(moment: Moment) -> bool:
            return len(moment.faces) == 1 and all(moment.looks[who] is Looks.BARE for who in moment.faces)

        if at_s > JUDGE_S and life.always(proper, at_s - JUDGE_S, at_s):
            yield Violation("one_hidden_person_now", at_s, "a proper face is shown")


def nobody_there_no_lock(life: Life) -> Iterator[Violation]:
    """A face behind the glass is nobody: a visit begins only after the door has opened since the last
    *empty*."""
    threats = [words.from_s for words in life.words if words.threat_s is not None]
    for what, times in (("lock", [s for s, _ in life.locks]), ("threat", threats)):
        for at_s in times:
            if not life.at(at_s).inside and not _may_be_let_in(life, at_s):
                yield Violation("nobody_there_no_lock", at_s, f"{what} with nobody inside")


def _may_be_let_in(life: Life, at_s: float) -> bool:
    """Whether the board may believe that the person who is seen came in since nobody was there."""
    empty_s = life.surely_empty_before(at_s)
    if empty_s is None or life.last_on_s(at_s) > empty_s:
        return True  # or at a start
    noticed_s = empty_s + life.flow.gone_after_s
    if life.ever(lambda m: m.door_open and m.contact == "fine", noticed_s, at_s):
        return True
    if not life.always(lambda m: m.contact in ("fine", "stuck_shut"), empty_s, at_s):
        return True
    if life.at(at_s).contact == "stuck_shut":
        noticed_s = 0.0  # somebody was gone from behind a door that never opened: its fault, and known
    seen = [a for a, _ in life.spells(lambda m: bool(m.visible or m.glass)) if a >= noticed_s]
    return bool(seen) and at_s - seen[0] > life.flow.contact_doubt_s - 5.0


def never_blind(life: Life) -> Iterator[Violation]:
    """An unhealthy camera never leads to a lock."""
    for at_s, _ in life.locks:
        if life.always(lambda m: not m.sees, at_s - BLIND_S, at_s):
            yield Violation("never_blind", at_s, f"the camera has seen nothing for {BLIND_S:.0f} s")


def all_in_order(life: Life) -> Iterator[Violation]:
    """Door shut; camera, inputs, keypad, prompt and record all in order."""
    for at_s, _ in life.locks:
        # A prompt is found broken by the words that it does not say.
        said_s = max((w.from_s for w in life.words if w.text and w.from_s < at_s - PLAYER_S), default=at_s)
        for device, from_s in (
            ("keypad", at_s - SETTLE_S),
            ("disk", at_s - SETTLE_S),
            ("prompt", min(said_s, at_s - PLAYER_S)),
        ):
            if (device != "prompt" or said_s < at_s) and life.always(_lacks(device), from_s, at_s):
                yield Violation("all_in_order", at_s, f"the {device} is out of order")
        if life.always(lambda m: m.reads_open, at_s - SETTLE_S, at_s):
            yield Violation("all_in_order", at_s, "the door is open")


def never_in_danger(life: Life) -> Iterator[Violation]:
    """Weapon, fight, person down, panic switch: never; while locked, panic or person down releases."""
    for start_s, end_s in life.spells(lambda m: m.lock and bool(m.danger or "panic" in m.active)):
        moment = life.at(start_s + 0.001)
        if not life.at(start_s).lock and life.at(start_s).danger | (life.at(start_s).active & {"panic"}):
            yield Violation("never_in_danger", start_s, f"locked in spite of {sorted(moment.danger)}")
        releasing = "person_down" in moment.danger or "panic" in moment.active
        if releasing and end_s - start_s > SETTLE_S:
            yield Violation("never_in_danger", start_s, "panic or person down does not release")


def once_between_empties(life: Life) -> Iterator[Violation]:
    """At most one lock between two *empty* moments; after any release nothing leads to warned or locked again
    until *empty*."""
    for index, (_, end_s) in enumerate(life.locks):
        if not life.at(end_s + 0.001).power:
            continue
        again = [s for s, _ in life.locks[index + 1 :]]
        threats = [w.from_s for w in life.words if w.threat_s is not None and w.from_s > end_s + SETTLE_S]
        for what, times in (("lock", again), ("threat", threats)):
            for at_s in times[:1]:
                if not life.maybe_empty(end_s, at_s):
                    yield Violation(
                        "once_between_empties", at_s, f"{what} after the release at {end_s:.1f} s"
                    )


def not_after_fire(life: Life) -> Iterator[Violation]:
    """After fire also: the door has opened and closed, and `fire_clear_s` (600)."""
    for start_s, end_s in life.spells(lambda m: "fire" in m.active):
        if not life.ever(lambda m: m.power, start_s, start_s + DROP_S):
            continue
        for at_s, _ in life.locks:
            if start_s + DROP_S < at_s < end_s + life.flow.fire_clear_s - 1.0:
                yield Violation("not_after_fire", at_s, f"fire was over at {end_s:.1f} s")


def promised_seconds(life: Life) -> Iterator[Violation]:
    """Spoken seconds never promise more than there are."""
    for at_s, _ in life.locks:
        threats = [w for w in life.words if w.threat_s is not None and w.from_s <= at_s]
        if threats and threats[-1].threat_s and at_s < threats[-1].from_s + threats[-1].threat_s - 0.1:
            yield Violation(
                "promised_seconds",
                at_s,
                f"{threats[-1].threat_s} s promised, {at_s - threats[-1].from_s:.1f} s given",
            )


# --- a lock that comes back ------------------------------------------------------------------------


def comes_back_rightly(life: Life) -> Iterator[Violation]:
    """A proper face, several persons, nobody, fire, exit, panic, an open door, or more than `relock_max_s`
    (180) without power (or a clock that cannot say): *released*."""
    for at_s, _ in life.locks:
        if not is_relock(life, at_s):
            continue
        cut_s = [end_s for _, end_s in life.locks if end_s < at_s][-1]
        on_s = life.last_on_s(at_s)
        off_s = sum(b - a for a, b in life.spells(lambda m: not m.power) if a >= cut_s - 0.01 and b <= at_s)
        why = ""
        unsure = any(e.who == "unsure" for e in life.of(Kind.POWER, cut_s, at_s) if e.what == "on")
        if off_s > life.flow.relock_max_s + SETTLE_S:
            why = f"{off_s:.0f} s without power"
        elif unsure:
            why = "no clock can say how long the power was off"
        elif life.ever(lambda m: m.life_input or "panic" in m.active, on_s + SETTLE_S, at_s):
            why = "fire, exit or panic since the start"
        elif life.told_open(on_s, at_s):
            why = "the door opened since the start"
        elif _longest(life, lambda m: len(m.faces) > 1 and m.sees, on_s, at_s) > 2 * SEVERAL_S:
            why = "several persons since the start"
        elif _longest(life, _one_bare, on_s, at_s) > 2 * JUDGE_S:
            why = "a proper face since the start"
        if why:
            yield Violation("comes_back_rightly", at_s, why)


def _one_bare(moment: Moment) -> bool:
    return (
        moment.sees and len(moment.faces) == 1 and Looks.BARE in {moment.looks[who] for who in moment.faces}
    )


def _longest(life: Life, holds: Callable[[Moment], bool], from_s: float, until_s: float) -> float:
    return max((min(b, until_s) - max(a, from_s) for a, b in life.spells(holds)), default=0.0)


def unlocked_without_power(life: Life) -> Iterator[Violation]:
    """The relay rests unlocked: at boot (no pulse), after a crash, at power loss."""
    for start_s, _ in life.spells(lambda m: m.lock and not m.power):
        yield Violation("unlocked_without_power", start_s, "the relay is on without power")
    for at_s, _ in life.locks:
        on_s = life.last_on_s(at_s)
        if on_s and at_s < on_s + life.flow.relock_after_s - 0.3:
            yield Violation("unlocked_without_power", at_s, f"locked {at_s - on_s:.1f} s after a start")


# --- how a lock ends -------------------------------------------------------------------------------


def incidents(life: Life) -> list[list[Spell]]:
    """The spells of each lock: those that came back belong to the one before."""
    found: list[list[Spell]] = []
    for spell in life.locks:
        if found and is_relock(life, spell.start_s):
            found[-1].append(spell)
        else:
            found.append([spell])
    return found


def drops_at_once(life: Life) -> Iterator[Violation]:
    """While fire or exit is active the door is never commanded locked. A press counts for `exit_hold_s`."""
    for start_s, end_s in life.spells(lambda m: m.lock and m.life_input):
        if end_s - start_s > DROP_S:
            yield Violation("drops_at_once", start_s, f"the relay stayed on for {end_s - start_s:.2f} s")
        if not life.at(start_s).lock and life.at(start_s).life_input:
            yield Violation("drops_at_once", start_s, "the relay came on while fire or exit was active")
    for entry in life.of(Kind.INPUT, 0.0, life.end_s):
        if entry.who == "exit" and entry.what == "on" and life.at(entry.at_s).power:
            until_s = entry.at_s + life.flow.exit_hold_s
            for at_s, _ in life.locks:
                if entry.at_s + DROP_S < at_s < until_s:
                    yield Violation("drops_at_once", at_s, f"exit was pressed at {entry.at_s:.1f} s")


def ends_by_itself(life: Life) -> Iterator[Violation]:
    """`max_lock_s` (1800): a lock ends by itself; it goes on over a restart."""
    for spells in incidents(life):
        on_s = sum(end_s - start_s for start_s, end_s in spells)
        if on_s > life.flow.max_lock_s + SETTLE_S:
            yield Violation("ends_by_itself", spells[-1].end_s, f"locked for {on_s:.0f} s")


def forced_is_released(life: Life) -> Iterator[Violation]:
    """The door opens all the same (forced): told, and *released*, since the lock holds nobody any more."""
    for start_s, end_s in life.spells(lambda m: m.lock and m.contact == "fine" and m.door_open):
        if end_s - start_s > FORCED_S:
            yield Violation(
                "forced_is_released", start_s, f"locked with an open door for {end_s - start_s:.1f} s"
            )


def empty_is_released(life: Life) -> Iterator[Violation]:
    """Nobody seen for `locked_empty_s` (30) by a healthy camera and no latch: *released*."""
    if not life.always(lambda m: m.contact == "absent", 0.0, life.end_s):
        return
    most_s = life.flow.locked_empty_s + life.flow.gone_after_s + GONE_S
    for start_s, end_s in life.spells(lambda m: m.lock and m.sees and not m.visible and not m.glass):
        if end_s - start_s > most_s:
            yield Violation("empty_is_released", start_s, f"locked and empty for {end_s - start_s:.0f} s")


_CODE: Final = re.compile(r"Incident (\d+): CODE (\d+)")


@dataclass(frozen=True, slots=True)
class Known:
    """A code as a phone shows it: from when, and until when at the latest it opens."""

    incident: str
    code: str
    from_s: float
    until_s: float


def codes(life: Life) -> list[Known]:
    """Every code at its first coming to a phone, void with the next, after its time or with the power."""
    found: list[Known] = []
    for entry in life.texts():
        match = _CODE.search(entry.what)
        if match is None or (found and found[-1].code == match.group(2)):
            continue
        if found:
            found[-1] = replace(found[-1], until_s=min(found[-1].until_s, entry.at_s))
        cut_s = min((a for a, _ in life.spells(lambda m: not m.power) if a > entry.at_s), default=life.end_s)
        until_s = min(entry.at_s + life.flow.code_ttl_s, cut_s)
        found.append(Known(match.group(1), match.group(2), entry.at_s, until_s))
    return found


def closed_spells(life: Life) -> list[Spell]:
    """When the keypad is closed for wrong tries, as far as phones and fingers tell."""
    found: list[Spell] = []
    wrong, lock_s, length_s = 0, 0.0, life.flow.keypad_lockout_s
    issue: Known | None = None
    known = codes(life)
    for entry in life.of(Kind.TYPED, 0.0, life.end_s):
        begun = [s for s, _ in life.locks if s <= entry.at_s and not is_relock(life, s)]
        live = [c for c in known if c.from_s <= entry.at_s]
        whole = life.always(lambda m: m.lock, entry.at_s - SETTLE_S, entry.at_s)  # no key of it before
        if not begun or not live or not whole:
            continue
        if begun[-1] != lock_s:
            lock_s, wrong, length_s = begun[-1], 0, life.flow.keypad_lockout_s
        if issue is None or live[-1] != issue:
            # Its tries go on after a restart, whose code is new only because nothing kept the old one.
            wrong = wrong if issue is not None and life.last_on_s(live[-1].from_s) > issue.from_s else 0
            issue = live[-1]
        kept_s = max(life.last_on_s(entry.at_s), lock_s - 1.0)
        remembered = {c.code for c in live if c.from_s >= kept_s}
        if len(entry.what) < len(live[-1].code) or "*" in entry.what or entry.what in remembered:
            continue
        if found and entry.at_s < found[-1].end_s:
            continue
        wrong += 1
        if wrong == life.flow.code_tries:
            found.append(Spell(entry.at_s, entry.at_s + length_s))
            length_s, wrong = min(2 * length_s, life.flow.keypad_lockout_max_s), 0
    return found


def never_unreachable(life: Life) -> Iterator[Violation]:
    """**Nobody can open**: after `unreachable_release_s` (180) of that, added up over the lock, the door
    releases."""
    known, closed = codes(life), closed_spells(life)
    # A late or lost answer of the network makes the code live for longer than a phone can tell.
    unsure_s = life.flow.code_accept_s if life.ever(lambda m: "modem" in m.broken, 0.0, life.end_s) else 2.0

    def can_open(moment: Moment, at_s: float) -> bool:
        if any(a - 1.0 <= at_s <= b + SETTLE_S for a, b in closed):
            return True  # does not count
        void = any(a >= c.from_s for a, _ in closed for c in known[-1:] if a <= at_s)
        live = any(c.from_s <= at_s <= c.until_s + unsure_s for c in known)
        return "keypad" not in moment.broken and live and not void

    for spells in incidents(life):
        total_s = 0.0
        for start_s, end_s in spells:
            step_s = 1.0
            at_s = start_s + SETTLE_S
            while at_s < end_s:
                total_s += 0.0 if can_open(life.at(at_s), at_s) else step_s
                at_s += step_s
        if total_s > life.flow.unreachable_release_s + 3 * SETTLE_S + 5.0:
            yield Violation("never_unreachable", spells[-1].end_s, f"nobody could open for {total_s:.0f} s")


def release_reason(life: Life, lock: Spell) -> str:
    """Why the relay fell, by the truth; empty where nothing explains it."""
    start_s, end_s = lock
    if end_s >= life.end_s:
        return "end of the life"
    near = (end_s - SETTLE_S, end_s + 0.001)
    if not life.at(end_s + 0.001).power:
        return "power"
    if life.ever(lambda m: m.life_input, *near):
        return "exit or fire"
    if life.ever(lambda m: "panic" in m.active or "person_down" in m.danger, *near):
        return "panic or person down"
    if any(True for _ in life.of(Kind.ORDERED, *near)):
        return "ordered"
    if life.ever(lambda m: m.contact == "fine" and m.door_open, end_s - FORCED_S, end_s):
        return "door forced"
    if life.ever(lambda m: m.contact not in ("fine", "absent"), end_s - FORCED_S, end_s) and (
        life.ever(lambda m: m.reads_open or m.contact == "chatter", end_s - FORCED_S, end_s)
    ):
        return "contact reads open"
    typed = {e.what for e in life.of(Kind.TYPED, end_s - SETTLE_S, end_s)}
    live = [c for c in codes(life) if c.from_s <= end_s]
    closed = any(a < end_s <= b for a, b in closed_spells(life))
    if typed and live and live[-1].code in typed and not closed:
        return "code"
    on_s = sum(b - a for spells in incidents(life) if lock in spells for a, b in spells)
    restarts = sum(start_s - 3600 < a <= start_s for a in life.ons)
    if on_s >= life.flow.max_lock_s - 20.0 * (1 + restarts):
        return "longest time"
    if life.ever(lambda m: not m.visible and m.sees, end_s - life.flow.locked_empty_s, end_s) and life.always(
        lambda m: not m.visible or not m.sees, end_s - life.flow.locked_empty_s + JUDGE_S, end_s
    ):
        return "nobody there"
    troubled = life.ever(lambda m: bool(m.broken & {"modem", "keypad"}), start_s - 60, end_s)
    tries = any(a <= end_s for a, _ in closed_spells(life)) or bool(restarts)
    if on_s >= life.flow.unreachable_release_s - 20.0 * (1 + restarts) and (troubled or tries):
        return "nobody can open"
    if life.ever(lambda m: bool(m.broken & {"inputs", "disk"}), *near):
        return "broken device"
    return ""


def released_for_a_reason(life: Life) -> Iterator[Violation]:
    """From locked, the door opens only by: the live code, exit, fire, panic or person down, the maximum time,
    nobody can open, nobody there, the door forced, a restart, or the control room. A code opens never after
    its time, its tries or its replacement."""
    for lock in life.locks:
        if not release_reason(life, lock):
            typed = [e.what for e in life.of(Kind.TYPED, lock.end_s - SETTLE_S, lock.end_s)]
            yield Violation(
                "released_for_a_reason", lock.end_s, f"nothing explains it; typed just before: {typed}"
            )


def right_code_opens(life: Life) -> Iterator[Violation]:
    """The watchman types the code. Right: *released*."""
    known, closed = codes(life), closed_spells(life)
    for entry in life.of(Kind.TYPED, 0.0, life.end_s - SETTLE_S):
        live = [c for c in known if c.from_s <= entry.at_s]
        if not live or live[-1].code != entry.what or entry.at_s > live[-1].until_s - 2.0:
            continue
        lock = next((s for s in life.locks if s.start_s <= entry.at_s - 2.0 and entry.at_s < s.end_s), None)
        troubled = life.ever(
            lambda m: bool(m.broken & {"modem", "keypad", "disk"}), live[-1].from_s - 60, entry.at_s
        )
        if lock is None or troubled or any(live[-1].from_s <= a <= entry.at_s <= b for a, b in closed):
            continue
        if any(live[-1].from_s <= a for a, _ in closed if a <= entry.at_s):
            continue  # void by its tries
        if lock.end_s > entry.at_s + SETTLE_S:
            yield Violation("right_code_opens", entry.at_s, "the live code was typed and nothing opened")


# --- what is reported ----------------------------------------------------------------------------------


def codes_counted(life: Life) -> Iterator[Violation]:
    """At most `codes_per_incident` (5); restarts issue a fresh one that does not count."""
    if life.ever(lambda m: "modem" in m.broken, 0.0, life.end_s):
        return  # what no network is known to have taken is not counted
    most = life.flow.codes_per_incident + len(life.ons)
    known = codes(life)
    for incident in {code.incident for code in known}:
        count = sum(code.incident == incident for code in known)
        if count > most:
            yield Violation("codes_counted", life.end_s, f"{count} codes for incident {incident}")


def code_is_sent(life: Life) -> Iterator[Violation]:
    """*locked*: a code of 3 digits goes to the watchman by SMS, an alert to the control room."""
    for start_s, end_s in life.locks:
        well = life.always(lambda m: m.power and "modem" not in m.broken, start_s - 60, start_s + TEXT_S)
        if not well or end_s - start_s < TEXT_S or is_relock(life, start_s):
            continue
        sent = [e for e in life.texts() if start_s <= e.at_s <= start_s + TEXT_S]
        if not any(e.who == "watchman" and _CODE.search(e.what) for e in sent):
            yield Violation("code_is_sent", start_s, "the watchman got no code")
        if not any(e.who == "control_room" for e in sent):
            yield Violation("code_is_sent", start_s, "the control room was not told")


def code_texts_belong_to_a_lock(life: Life) -> Iterator[Violation]:
    """A code goes out for a lock, and for nothing else."""
    for code in codes(life):
        if not any(start_s - 1.0 <= code.from_s for start_s, _ in life.locks):
            yield Violation("code_texts_belong_to_a_lock", code.from_s, "a code without a lock")


def well_told(life: Life, from_s: float, until_s: float) -> bool:
    """Whether whatever is reported in this time can have reached a phone."""
    ends_s = until_s + TEXT_S
    return ends_s <= life.end_s and life.always(
        lambda m: m.power and not m.broken & {"modem", "disk"}, max(0.0, from_s - 60.0), ends_s
    )


def _told(life: Life, who: str, from_s: float, until_s: float) -> bool:
    return any(from_s <= entry.at_s <= until_s + TEXT_S for entry in life.texts(who))


def release_is_told(life: Life) -> Iterator[Violation]:
    """Forced, the longest time, nobody there, nobody can open: told."""
    for start_s, end_s in life.locks:
        if well_told(life, start_s, end_s) and not _told(life, "control_room", end_s - 0.1, end_s):
            yield Violation("release_is_told", end_s, "the control room heard of no release")


def exit_is_told(life: Life) -> Iterator[Violation]:
    """Exit pressed by somebody who has not shown the face is reported to the control room. Stuck for 60 s is
    a fault."""
    for start_s, end_s in life.spells(lambda m: bool(m.active & {"exit", "exit_wire"})):
        stuck = end_s - start_s > life.flow.exit_stuck_s + SETTLE_S and well_told(life, start_s, end_s)
        if stuck and not _told(life, "control_room", start_s + life.flow.exit_stuck_s - 1.0, end_s):
            yield Violation("exit_is_told", start_s, "a stuck exit button is reported to nobody")
        if "exit" not in life.at(start_s + 0.001).active:
            continue
        came_s = max((e.at_s for e in life.of(Kind.CAME, 0.0, start_s)), default=start_s)
        hidden = life.always(
            lambda m: m.sees and len(m.inside) == 1 and _only(m, Looks.COVERED) and not m.door_open,
            start_s - 2 * JUDGE_S,
            start_s,
        )
        fresh = life.always(lambda m: not m.permit and not m.lock and not m.active, came_s, start_s)
        asked = hidden and fresh and came_s > life.last_on_s(start_s) and life.contact_fine(start_s)
        empty_s = life.surely_empty_before(came_s + 0.001)
        asked = asked and empty_s is not None and not any(empty_s <= a <= start_s for a, _ in life.locks)
        asked = asked and calm(life, start_s - 2 * JUDGE_S, start_s) and well_told(life, start_s, start_s)
        if asked and not _told(life, "control_room", start_s, start_s):
            yield Violation("exit_is_told", start_s, "exit of a hidden person is not told")


def second_watchman_is_called(life: Life) -> Iterator[Violation]:
    """No key touched for 120 s after acceptance: the same code also goes to the second watchman."""
    if not life.second_watchman:
        return
    for code in codes(life):
        until_s = code.from_s + life.flow.second_watchman_s
        lock = next((s for s in life.locks if s.start_s - 1.0 <= code.from_s < s.end_s), None)
        touched = any(True for _ in life.of(Kind.TYPED, code.from_s, until_s + 2.0))
        if lock is None or lock.end_s < until_s + TEXT_S or code.until_s < until_s + TEXT_S or touched:
            continue
        if not well_told(life, code.from_s, until_s) or "keypad" in life.at(until_s).broken:
            continue
        if not any(code.code in e.what and "CODE" in e.what for e in life.texts("watchman2")):
            yield Violation("second_watchman_is_called", until_s, f"only one watchman has {code.code}")


def fresh_code_follows(life: Life) -> Iterator[Violation]:
    """Expired unused: a new one at once. After too many wrong: the new code goes out when the pause ends."""
    known, ended = codes(life), closed_spells(life)
    for code in known:
        until_s = code.from_s + life.flow.code_ttl_s
        if not any(code.from_s <= from_s <= until_s for from_s, _ in ended):  # not void by its tries before
            ended = [*ended, Spell(code.from_s, until_s)]
    for from_s, until_s in ended:
        lock = next((s for s in life.locks if s.start_s - 1.0 <= from_s < s.end_s), None)
        if lock is None or lock.end_s < until_s + TEXT_S or not well_told(life, from_s, until_s):
            continue
        begun_s = next(spells[0].start_s for spells in incidents(life) if lock in spells)
        had = sum(c.from_s >= begun_s - 1.0 for c in known if c.from_s <= until_s)
        if had < life.flow.codes_per_incident and not any(
            from_s + 1.0 < c.from_s <= until_s + TEXT_S for c in known
        ):
            yield Violation("fresh_code_follows", until_s, "no fresh code came")


def lock_is_explained(life: Life) -> Iterator[Violation]:
    """*locked*: the prompt says why and how to leave."""
    for start_s, end_s in life.locks:
        near = [w.text for w in life.words if start_s - SETTLE_S <= w.from_s <= start_s + SETTLE_S]
        if end_s - start_s > SETTLE_S and not any("locked" in text and "exit" in text for text in near):
            yield Violation("lock_is_explained", start_s, "the person is not told why and how to leave")


def crowd_is_told(life: Life) -> Iterator[Violation]:
    """Several persons: control room after `crowd_s` (10); told once an incident, then every `remind_s`."""
    for start_s, end_s in life.spells(lambda m: m.sees and m.power and len(m.faces) > 1):
        until_s = start_s + life.flow.crowd_s + 2 * SEVERAL_S
        if end_s < until_s or not well_told(life, start_s, until_s) or not life.contact_fine(until_s):
            continue
        if life.ever(lambda m: not m.sees or not m.power, 0.0, until_s):
            continue
        if not _told(life, "control_room", start_s - life.flow.remind_s, until_s):
            yield Violation("crowd_is_told", until_s, "the control room heard of no crowd")


def danger_is_silent(life: Life) -> Iterator[Violation]:
    """Weapon, fight, person down, panic switch: control room at once, **silent**; beeps and siren muted."""

    def silent(moment: Moment) -> bool:
        return bool(moment.danger or "panic" in moment.active) and not moment.life_input and moment.power

    for start_s, end_s in life.spells(silent):
        began_s = max(start_s, life.last_on_s(start_s))
        for entry in life.of(Kind.SOUND, began_s + SETTLE_S, end_s):
            keys = any(True for _ in life.of(Kind.TYPED, entry.at_s - 1.5, entry.at_s + 2.0))
            if not keys:
                yield Violation("danger_is_silent", entry.at_s, "a sound is heard")
                break
        if any(w.text for w in life.words if began_s + SETTLE_S < w.from_s < end_s):
            yield Violation("danger_is_silent", start_s, "words are heard")
        asked = well_told(life, start_s, start_s) and end_s - start_s > SETTLE_S
        if asked and not _told(life, "control_room", start_s - life.flow.remind_s, start_s):
            yield Violation("danger_is_silent", start_s, "the control room was not told")


# --- the permit ------------------------------------------------------------------------------------


def permit_only_while_cleared(life: Life) -> Iterator[Violation]:
    """Permit is on only while cleared. Covered or hidden afterwards, or somebody joins: permit off."""
    wrong: tuple[tuple[str, Callable[[Moment], bool], float], ...] = (
        ("the power is off", lambda m: not m.power, 0.0),
        ("the door is locked", lambda m: m.lock, DROP_S),
        ("fire or exit", lambda m: m.life_input, SETTLE_S),
        ("danger", lambda m: bool(m.danger or "panic" in m.active), SETTLE_S),
        ("the camera is blind", lambda m: not m.sees, BLIND_S),
        ("several faces", lambda m: m.sees and len(m.faces) > 1, 2 * SEVERAL_S),
        ("a covered face", lambda m: m.sees and _only(m, Looks.COVERED), 2 * JUDGE_S),
        ("a hidden face", lambda m: m.sees and not m.glass and _only(m, Looks.DOWN), 2 * JUDGE_S),
        (
            "nobody there",
            lambda m: m.sees and not m.inside and not m.glass,
            life.flow.gone_after_s + GONE_S,
        ),
    )
    for why, holds, most_s in wrong:
        for start_s, end_s in life.spells(_with_permit(holds)):
            if end_s - start_s > most_s:
                yield Violation("permit_only_while_cleared", start_s, f"{why} for {end_s - start_s:.1f} s")


def _only(moment: Moment, look: Looks) -> bool:
    return len(moment.inside) == 1 and look in moment.looks.values()


def let_in_by_the_door(life: Life) -> Iterator[Violation]:
    """Nobody is cleared whom the door did not let in (where a contact is fitted)."""
    for at_s, _ in life.spells(lambda m: m.permit):
        if not _may_be_let_in(life, at_s):
            yield Violation("let_in_by_the_door", at_s, "the door has not opened since nobody was there")


# --- that it works at all --------------------------------------------------------------------------


def calm(life: Life, from_s: float, until_s: float) -> bool:
    """Nothing is broken, nothing is on, and nothing was for a good while before."""

    def well(moment: Moment) -> bool:
        return moment.power and moment.sees and not (moment.broken or moment.danger or moment.active)

    early_s = min(life.flow.fire_clear_s, from_s)
    return (
        life.always(well, from_s - early_s, until_s)
        and life.contact_fine(until_s, max(0.0, from_s - 300.0))
        and not life.ever(lambda m: len(m.inside) > 1 or bool(m.glass), from_s - 60.0, until_s)
        and not any(from_s < open_s <= until_s for open_s in life.openings)
        and not life.ever(lambda m: m.door_open, from_s, until_s)
        and not life.ever(lambda m: Looks.UNSEEN in m.looks.values(), from_s - 60.0, until_s)
    )


def proper_face_is_served(life: Life) -> Iterator[Violation]:
    """A proper face, by the judge: *cleared*, permit on."""

    def bare(moment: Moment) -> bool:
        return _only(moment, Looks.BARE) and not moment.door_open and not moment.lock

    for start_s, end_s in life.spells(bare):
        for begin_s, until_s in life.spells(lambda m: bare(m) and not m.permit):
            if not (start_s <= begin_s and until_s <= end_s) or until_s - begin_s < 4 * JUDGE_S:
                continue
            if calm(life, begin_s, until_s) and not _released_lately(life, begin_s):
                yield Violation(
                    "proper_face_is_served", begin_s, f"no permit in {until_s - begin_s:.0f} s of a bare face"
                )


def _released_lately(life: Life, at_s: float) -> bool:
    return any(end_s <= at_s and not life.maybe_empty(end_s, at_s) for _, end_s in life.locks)


def hidden_face_is_locked(life: Life) -> Iterator[Violation]:
    """The main path (the reason the product exists): not shown in spite of the warning, *locked*."""

    def hidden(moment: Moment) -> bool:
        return (_only(moment, Looks.COVERED) or _only(moment, Looks.TURNED)) and not moment.door_open

    lead_s = life.flow.adjust_after_s + life.flow.prompt_lead_s + 20.0
    most_s = max(life.flow.lock_after_s, lead_s) + 3 * JUDGE_S
    for start_s, end_s in life.spells(hidden):
        before = life.at(start_s)
        fresh = (
            not any(life.at(start_s - back_s).inside for back_s in (1.0, 2.0, 4.0, 6.0)) or before.door_open
        )
        if end_s - start_s < most_s or not fresh or not calm(life, start_s, start_s + most_s):
            continue
        cleared = life.ever(lambda m: m.permit, start_s, start_s + most_s)
        empty_s = life.surely_empty_before(start_s)
        if cleared or empty_s is None or any(empty_s <= s <= start_s for s, _ in life.locks):
            continue
        if not any(start_s <= s <= start_s + most_s for s, _ in life.locks):
            yield Violation("hidden_face_is_locked", start_s, f"hidden for {most_s:.0f} s and not locked")


Rule = Callable[[Life], Iterator[Violation]]

RULES: Final[tuple[Rule, ...]] = (
    heard_the_threat,
    own_deeds,
    never_after_cleared,
    one_hidden_person_now,
    nobody_there_no_lock,
    never_blind,
    all_in_order,
    never_in_danger,
    once_between_empties,
    not_after_fire,
    promised_seconds,
    comes_back_rightly,
    unlocked_without_power,
    drops_at_once,
    ends_by_itself,
    forced_is_released,
    empty_is_released,
    never_unreachable,
    released_for_a_reason,
    right_code_opens,
    codes_counted,
    code_is_sent,
    code_texts_belong_to_a_lock,
    release_is_told,
    exit_is_told,
    second_watchman_is_called,
    fresh_code_follows,
    lock_is_explained,
    crowd_is_told,
    danger_is_silent,
    permit_only_while_cleared,
    let_in_by_the_door,
    proper_face_is_served,
    hidden_face_is_locked,
)


def check(life: Life) -> list[Violation]:
    """Everything that was wrong in this life, in order."""
    found = [violation for rule in RULES for violation in rule(life)]
    return sorted(found, key=lambda violation: violation.at_s)

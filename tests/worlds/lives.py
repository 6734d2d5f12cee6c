"""Random lives of a whole simulated cabin, each the same for its number, judged by `lives_rules`.

People come, tailgate, hide and leave, stand behind the glass, press and force; the watchman types or does
not; devices fail, the power goes and comes. `python -m tests.worlds.lives --lives 1000` prints the counts,
`python -m tests.worlds.lives --life 12 -v` the whole story of one.
"""

from __future__ import annotations

import argparse
import heapq
import random
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge.bench.desk import Desk, StoryClock, scratch
from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.cabin.rules import Flow
from edge.loop.kiosk import Happening
from edge.settings.load import load
from edge.settings.schema import Settings
from edge.terms.observation import CameraHealth, Cover, Face, FaceVerdict, Observation
from edge.vision.look import Look
from hw.camera.port import Frame
from hw.ports import Input
from hw.prompt.fake import CHARACTERS_S, PromptFault
from tests.worlds.desk_world import NoiseCamera
from tests.worlds.lives_rules import (
    FACES,
    Entry,
    Kind,
    Life,
    Looks,
    Violation,
    check,
    is_relock,
    release_reason,
)

FRAME_S: Final = 0.4
"""Shorter than a lock waits for its record: whatever the disk answers is heard with the next picture."""

Act = Generator[float, None, None]
"""Somebody or something that acts, and says how long it waits before it goes on."""

_BASE: Final = (
    "evidence.before_s=1",
    "evidence.after_s=1",
    "evidence.fps=0.5",
    "evidence.ring_mb=2",
    "people.watchman=+15550100",
    "people.control_room=+15550102",
)


class LifeClock(StoryClock):
    """A machine without a clock of its own: after a boot the time may be wrong, and then nobody says so."""

    def __init__(self) -> None:
        super().__init__()
        self._boots = 1
        self._behind_s = 0.0
        self._true = True

    @property
    def boot(self) -> str:
        return f"boot-{self._boots}"

    def wall_s(self) -> float:
        return super().wall_s() - self._behind_s

    def wall_true(self) -> bool:
        return self._true

    def booted(self, wall_true: bool, off_s: float) -> None:
        """The machine, not only the program, was started; an unset clock goes on from where it stopped."""
        self._boots += 1
        self._behind_s = 0.0 if wall_true else self._behind_s + off_s
        self._true = wall_true


class Sight(Look):
    """The eyes: what a camera would see of those who are there."""

    def __init__(self, world: World) -> None:
        super().__init__(None)
        self._world = world

    def __call__(self, frame: Frame) -> Observation:
        world = self._world
        height, width = frame.grey.shape
        faces = [self._face(place, look) for place, look in enumerate(world.looks.values()) if look in FACES]
        if world.glass:
            faces.append(self._face(3, Looks(world.glass)))
        body = any(look is not Looks.UNSEEN for look in world.looks.values())
        seen = world.health is CameraHealth.OK
        return Observation(
            frame.number,
            frame.at_s,
            (width, height),
            tuple(faces) if seen else (),
            0.2 if body and seen else 0.0,
            world.health,
            motion=1.0,
        )

    def _face(self, place: int, look: Looks) -> Face:
        jitter = self._world.jitter
        x, y = 60.0 + 110 * place + jitter.gauss(0, 0.7), 70.0 + jitter.gauss(0, 0.7)
        marks = ((x + 15, y + 20), (x + 45, y + 20), (x + 30, y + 38), (x + 18, y + 52), (x + 42, y + 52))
        verdict = FaceVerdict.PROPER if look is Looks.BARE else FaceVerdict(look.value)
        return Face(
            box=(x, y, 60.0, 72.0),
            score=0.95,
            landmarks=marks,
            verdict=verdict,
            cover=Cover.MASK if look is Looks.COVERED else Cover.NONE,
            covered_logit=5.0 if look is Looks.COVERED else -5.0,
            turned_logit=6.0 if look is Looks.TURNED else -6.0,
            yaw_deg=60.0 if look is Looks.TURNED else 0.0,
            pitch_deg=0.0,
            unclear_why="dark" if look is Looks.UNCLEAR else "",
        )


class World:
    """One life: the cabin with its truth, and everybody who acts in it."""

    def __init__(self, number: int, folder: Path) -> None:
        self.random = random.Random(number)
        self.jitter = random.Random(number + 1)
        self.entries: list[Entry] = []
        self.remarks: list[tuple[float, str]] = []
        self.looks: dict[str, Looks] = {}
        self.glass = ""
        self.health = CameraHealth.OK
        self.broken: set[str] = set()
        self._danger: set[Anomaly] = set()
        self._blind: set[str] = set()
        self._cut = False
        self.how = PromptFault.ABSENT
        self._panic = False
        self._people = 0
        self._door_hands = 0
        self._turn = 0
        self._acts: list[tuple[float, int, Act]] = []
        self._was = (False, False)
        self.contact = self._pick(
            ("fine", 60), ("absent", 14), ("stuck_shut", 9), ("stuck_open", 4), ("chatter", 13)
        )
        if self.contact == "chatter":  # fine until it begins
            self.later_contact = "chatter"
            self.contact = "fine"
        else:
            self.later_contact = (
                self._pick(("", 85), ("stuck_shut", 10), ("stuck_open", 5)) if self.contact == "fine" else ""
            )
        self.clock = LifeClock()
        self.settings = self._settings()
        self.desk = Desk(
            self.settings,
            NoiseCamera(self.clock),
            None,
            folder,
            self._hear,
            self.clock,
            seed=number,
            profile=self._pick(("sim800", 4), ("sim7600", 1), ("quectel", 1), ("huawei", 1), ("generic", 1)),
            frame_every_s=FRAME_S,
            look=lambda: Sight(self),
        )
        self._enter(Kind.POWER, "sure", "on")
        self._enter(Kind.CONTACT, "", self.contact)
        if self.contact == "stuck_open":
            self.desk.move_input(Input.DOOR, True)

    def _settings(self) -> Settings:
        given = list(_BASE)
        if self.contact == "absent":
            given.append("wiring.door.fitted=false")
        if self.random.random() < 0.4:
            given.append("people.watchman2=+15550101")
        if self.random.random() < 0.3:
            given.append(f"flow.max_lock_s={self.random.choice((200, 260, 400))}")
        if self.random.random() < 0.15:
            given += ["flow.lock_after_s=35", "flow.adjust_after_s=4"]
        if self.random.random() < 0.2:
            given.append(f"flow.code_ttl_s={self.random.choice((130, 200))}")
        return load(None, given)

    @property
    def flow(self) -> Flow:
        return self.settings.flow

    @property
    def now_s(self) -> float:
        return self.clock.now_s()

    @property
    def locked(self) -> bool:
        return self.desk.powered and self.desk.hands.lock_on

    def _pick(self, *weighted: tuple[str, float]) -> str:
        return self.random.choices([name for name, _ in weighted], [weight for _, weight in weighted])[0]

    def _enter(self, kind: Kind, who: str = "", what: str = "") -> None:
        self.entries.append(Entry(self.now_s, kind, who, what))

    def _hear(self, happening: Happening) -> None:
        data = happening.data
        match happening.kind:
            case "prompt" if data["text"]:
                self.entries.append(Entry(happening.at_s, Kind.WORDS, "", str(data["text"])))
            case "sms":
                self.entries.append(Entry(happening.at_s, Kind.TEXT, str(data["to"]), str(data["text"])))
            case "prompt":
                self.entries.append(Entry(happening.at_s, Kind.WORDS))
            case kind:
                words = " ".join(f"{key}={value}" for key, value in data.items())
                self.remarks.append((happening.at_s, f"{kind} {words}"))

    # --- time --------------------------------------------------------------------------------------

    def begin(self, act: Act, after_s: float = 0.0) -> None:
        self._turn += 1
        heapq.heappush(self._acts, (self.now_s + after_s, self._turn, act))

    def run_to(self, until_s: float) -> None:
        while self._acts and self._acts[0][0] <= until_s:
            at_s, _, act = heapq.heappop(self._acts)
            self._let_pass(at_s)
            for wait_s in act:
                if wait_s > 0.0:
                    self.begin(act, wait_s)
                    break
            self._look_at_relays()
        self._let_pass(until_s)

    def _let_pass(self, until_s: float) -> None:
        if until_s <= self.now_s:
            return
        if not self.desk.powered:
            self.clock.move_to(until_s)  # nothing of the cabin lives; phones and people do not mind
            return
        for _ in self.desk.steps_to(until_s):
            self._look_at_relays()

    def _look_at_relays(self) -> None:
        desk = self.desk
        now = (desk.hands.lock_on, desk.hands.permit_on) if desk.powered else (False, False)
        for kind, was, on in zip((Kind.LOCK, Kind.PERMIT), self._was, now, strict=True):
            if was is not on:
                self._enter(kind, "", "on" if on else "off")
        self._was = now
        if (self._danger or self._panic) and desk.powered and desk.hands.sounding:
            self._enter(Kind.SOUND)

    # --- what can be done --------------------------------------------------------------------------

    def come(self, look: Looks) -> str:
        self._people += 1
        name = f"person{self._people}"
        self.looks[name] = look
        self._enter(Kind.CAME, name, look.value)
        return name

    def look(self, name: str, look: Looks) -> None:
        if self.looks[name] is not look:
            self.looks[name] = look
            self._enter(Kind.LOOK, name, look.value)

    def go(self, name: str) -> None:
        del self.looks[name]
        self._enter(Kind.WENT, name)

    def show_glass(self, look: str) -> None:
        self.glass = look
        self._enter(Kind.GLASS, "", look)

    def open_door(self) -> None:
        self._door_hands += 1
        if self._door_hands == 1:
            self._enter(Kind.DOOR, "", "open")
            if self.contact == "fine":
                self.desk.move_input(Input.DOOR, True)

    def shut_door(self) -> None:
        self._door_hands -= 1
        if self._door_hands == 0:
            self._enter(Kind.DOOR, "", "shut")
            if self.contact == "fine":
                self.desk.move_input(Input.DOOR, False)

    def set_contact(self, condition: str) -> None:
        self.contact = condition
        self._enter(Kind.CONTACT, "", condition)
        if condition != "stuck_shut" and condition != "chatter":
            self.desk.move_input(Input.DOOR, condition == "stuck_open" or self._door_hands > 0)
        if condition == "stuck_shut":
            self.desk.move_input(Input.DOOR, False)

    def press(self, name: Input, active: bool) -> None:
        self._enter(Kind.INPUT, name.value, "on" if active else "off")
        self._panic = active if name is Input.PANIC else self._panic
        self.desk.move_input(name, active)

    def break_device(self, name: str, broken: bool) -> None:
        (self.broken.add if broken else self.broken.discard)(name)
        self._enter(Kind.DEVICE, name, "broken" if broken else "well")
        self._apply(name, broken)

    def _apply(self, name: str, broken: bool) -> None:
        if name == "disk":
            self.desk.fail_disk(broken)
        elif self.desk.powered and name == "keypad":
            self.desk.hands.fail_keypad(broken)
        elif self.desk.powered and name == "prompt":
            self.desk.hands.fail_prompt(broken, self.how)
        elif self.desk.powered and name == "sounder":
            self.desk.hands.fail_sounder(broken)

    def cut_wire(self, broken: bool) -> None:
        """A cut wire of the exit button reads as pressed."""
        self._cut = broken
        self._enter(Kind.INPUT, "exit_wire", "on" if broken else "off")
        if self.desk.powered:
            self.desk.hands.break_wire(Input.EXIT, broken)

    def blind(self, how: str, blind: bool) -> None:
        sees = not self._blind
        (self._blind.add if blind else self._blind.discard)(how)
        if sees is bool(self._blind):
            self._enter(Kind.CAMERA, how, "blind" if blind else "sees")
        self.desk.camera_alive = "gone" not in self._blind
        self.health = CameraHealth(max(self._blind - {"gone"}, default="ok"))

    def endanger(self, anomaly: Anomaly, there: bool) -> None:
        if there is (anomaly in self._danger) or not self.desk.powered:
            return
        (self._danger.add if there else self._danger.discard)(anomaly)
        self._enter(Kind.DANGER, anomaly.value, "on" if there else "off")
        self.desk.kiosk.handle(AnomalyBegan(anomaly) if there else AnomalyEnded(anomaly), self.now_s)

    def cut_power(self) -> None:
        self.desk.power_off()
        self._look_at_relays()
        for anomaly in self._danger:  # nobody looks any more, and what was seen is said anew
            self._enter(Kind.DANGER, anomaly.value, "off")
        self._danger.clear()
        self._enter(Kind.POWER, "", "off")

    def give_power(self, off_s: float, boot: bool, wall_true: bool) -> None:
        could_say = self.clock.wall_true()
        if boot:
            self.clock.booted(wall_true, off_s)
        sure = not boot or (wall_true and could_say)
        self._enter(Kind.POWER, "sure" if sure else "unsure", "on")
        self.desk.power_on()
        for name in self.broken:
            self._apply(name, True)
        if self._cut:
            self.desk.hands.break_wire(Input.EXIT)
        self._look_at_relays()

    def order_release(self) -> None:
        if self.desk.powered:
            self._enter(Kind.ORDERED)
            self.desk.release()

    def phone_codes(self) -> list[str]:
        """The codes that the watchmen have got, the newest last."""
        words = [
            e.what.partition("CODE ")[2] for e in self.entries if e.kind is Kind.TEXT and "CODE " in e.what
        ]
        return [word.split(".")[0] for word in words if word]

    # --- who acts ----------------------------------------------------------------------------------

    def type_in(self, digits: str) -> Act:
        if self.desk.powered:
            self.desk.hands.type(digits, self.now_s)
            yield 0.3 * (len(digits) - 1)
            self._enter(Kind.TYPED, "", digits)
            yield 2.0

    def through_door(self, pass_it: Callable[[], None]) -> Act:
        """Somebody opens, passes, and lets it fall shut; now and then somebody slips in along."""
        chance = self.random.random
        self.open_door()
        yield 0.2 + chance()
        slips, first = chance() < 0.12, chance() < 0.5
        if slips and first:
            self.begin(self.inside(self.come(self._first_look())))
            yield 0.3 + chance()
        pass_it()
        yield 0.2 + 2 * chance()
        if slips and not first:
            self.begin(self.inside(self.come(self._first_look())))
            yield 0.2 + chance()
        if chance() < 0.05:
            yield 60 * chance()
        self.shut_door()

    def _first_look(self) -> Looks:
        return Looks(self._pick(("covered", 45), ("bare", 35), ("turned", 8), ("down", 8), ("unclear", 4)))

    def visitor(self) -> Act:
        for _ in range(60):
            if not self.locked:
                break
            yield 3.0
        else:
            return
        names: list[str] = []
        how_many = 2 if self.random.random() < 0.1 else 1

        def come() -> None:
            names.extend(self.come(self._first_look()) for _ in range(how_many))

        yield from self.through_door(come)
        for name in names[1:]:
            self.begin(self.inside(name))
        yield from self.inside(names[0])

    def inside(self, name: str) -> Act:
        """What somebody does in the cabin, until they are out."""
        chance = self.random.random
        kind = self._pick(
            ("stubborn", 44),
            ("complies", 16),
            ("customer", 14),
            ("rider", 10),
            ("restless", 14),
            ("hides", 10),
        )
        plan: list[tuple[str, float]] = []
        match kind:
            case "stubborn":
                plan = [(self.looks[name].value, 20 + 15 * chance()), ("covered", 30 + 250 * chance() ** 2)]
            case "complies":
                plan = [("covered", 3 + 22 * chance()), ("bare", 8 + 30 * chance())]
            case "customer":
                plan = [("bare", 10 + 50 * chance())]
            case "rider":
                plan = [("bare", 8 + 10 * chance()), ("covered", 10 + 60 * chance())]
            case "restless":
                looks = [look.value for look in Looks]
                plan = [(self.random.choice(looks), 1 + 12 * chance() ** 2) for _ in range(12)]
            case _:
                plan = [
                    ("covered", 4 + 25 * chance()),
                    ("down", 30 * chance()),
                    ("unseen", 70 * chance() ** 2),
                ]
        for look, for_s in plan:
            self.look(name, Looks(look))
            if chance() < 0.04:
                yield chance() * for_s
                yield from self.push_exit()
            yield for_s
        for _ in range(400):
            if not self.locked:
                break
            match self._pick(("wait", 970), ("exit", 14), ("force", 6), ("panic", 3), ("change", 20)):
                case "exit":
                    yield from self.push_exit()
                case "force":
                    break
                case "panic":
                    self.press(Input.PANIC, True)
                    yield 1 + 5 * chance()
                    self.press(Input.PANIC, False)
                case "change":
                    self.look(name, self.random.choice(list(Looks)))
            yield 5.0
        else:
            yield from self.push_exit()
            yield 1.0
        if chance() < 0.5:  # did not notice, or has time
            yield 60 * chance() ** 2
        yield from self.through_door(lambda: self.go(name))

    def push_exit(self) -> Act:
        for_s = self.random.choice((0.2, 0.5, 2.0, 2.0, 20.0, 80.0))
        self.press(Input.EXIT, True)
        yield for_s
        self.press(Input.EXIT, False)

    def street(self, until_s: float) -> Act:
        chance = self.random.random
        yield 4.0 + 4.0 * chance() if chance() < 0.9 else 0.1
        while self.now_s < until_s:
            match self._pick(("visitor", 80), ("glass", 20)):
                case "visitor":
                    yield from self.visitor()
                    yield 0.5 + 12 * chance() ** 2
                case _:
                    self.show_glass(self._pick(("covered", 1), ("bare", 1)))
                    yield 1.0 + 45 * chance() ** 3
                    self.show_glass("")
                    yield 2.0 + 5 * chance()

    def more_people(self, until_s: float) -> Act:
        """A second street: whoever does not care that somebody is inside."""
        while self.now_s < until_s:
            yield 20 + 200 * self.random.random()
            yield from self.visitor()

    def passers(self, until_s: float) -> Act:
        """Faces behind the glass whoever is inside."""
        while self.now_s < until_s:
            yield 5 + 60 * self.random.random()
            if not self.glass:
                self.show_glass(self._pick(("covered", 1), ("bare", 1)))
                yield 1.0 + 8 * self.random.random()
                self.show_glass("")

    def watchman(self) -> Act:
        mood = self._pick(("good", 50), ("late", 12), ("wrong", 14), ("guesses", 10), ("never", 14))
        handled = 0
        while mood != "never":
            yield 2.0
            known = self.phone_codes()
            if len(known) == handled:
                continue
            handled = len(known)
            slow_s = self.random.uniform(150, 280) if mood == "late" else self.random.uniform(4, 90)
            yield slow_s
            known = self.phone_codes()
            newest, wrong = known[-1], f"{(int(known[-1]) + 1 + self.random.randrange(900)) % 1000:03d}"
            entries = {"good": [newest], "late": [newest], "wrong": [wrong, newest]}.get(mood)
            if entries is None:
                entries = [
                    self.random.choice((wrong, known[0], newest[:2] + "*", wrong)) for _ in range(4)
                ] + [newest]
            for digits in entries:
                yield from self.type_in(digits)
                yield self.random.uniform(0.5, 15)

    def trouble(self, until_s: float) -> Act:
        """One device that fails and may come back; with luck in the middle of a lock."""
        chance = self.random.random
        if chance() < 0.5:
            for _ in range(200):
                if self.locked:
                    break
                yield 1.0
            yield chance() ** 2 * 20.0
        else:
            yield chance() * until_s
        for_s = self.random.choice((1.0, 5.0, 20.0, 100.0, 400.0, 900.0)) * (0.5 + chance())
        what = self._pick(
            ("modem", 36),
            ("keypad", 16),
            ("prompt", 12),
            ("disk", 10),
            ("camera", 14),
            ("sounder", 3),
            ("danger", 9),
            ("exit_wire", 5),
        )
        match what:
            case "modem":
                yield from self.modem_trouble(for_s)
            case "camera":
                how = self._pick(
                    ("gone", 3), ("black", 2), ("covered", 2), ("frozen", 1), ("out_of_focus", 1)
                )
                self.blind(how, True)
                yield for_s
                self.blind(how, False)
            case "danger":
                which = self.random.choice((Anomaly.WEAPON, Anomaly.FIGHT, Anomaly.PERSON_DOWN))
                self.endanger(which, True)
                yield min(for_s, 60.0)
                self.endanger(which, False)
            case "exit_wire":
                self.cut_wire(True)
                yield for_s
                self.cut_wire(False)
            case device:
                self.how = self.random.choice(list(PromptFault))
                if device not in self.broken:
                    self.break_device(device, True)
                    yield for_s
                    self.break_device(device, False)

    def nobody_hears(self) -> Act:
        """Just when the door is locked, no text gets out any more, or no key is read."""
        for _ in range(300):
            if self.locked:
                break
            yield 1.0
        yield 30.0 * self.random.random() ** 3
        if self.random.random() < 0.7:
            yield from self.modem_trouble(700.0)
        elif "keypad" not in self.broken:
            self.break_device("keypad", True)
            yield 700.0
            self.break_device("keypad", False)

    def modem_trouble(self, for_s: float) -> Act:
        if "modem" in self.broken:
            return
        faults = (
            "mute",
            "absent",
            "unregistered",
            "denied",
            "undelivered",
            "undelivered",
            "no_credit",
            "late",
            "slow",
        )
        name = self.random.choice((*faults, "unsaid", "noise", "drop", "cms:500", "brown_out", "no_sim"))
        self.break_device("modem", True)
        self.remarks.append((self.now_s, f"modem {name}"))
        self.desk.phone.fault(name)
        yield for_s
        self.desk.phone.fault(name, on=False)
        self.break_device("modem", False)

    def contact_trouble(self, until_s: float) -> Act:
        yield until_s * self.random.random()
        if self.later_contact != "chatter":
            self.set_contact(self.later_contact)
            return
        self.set_contact("chatter")
        for _ in range(self.random.randrange(5, 60)):
            self.desk.move_input(Input.DOOR, self.random.random() < 0.5)
            yield 0.1 + 0.8 * self.random.random()
        self.set_contact("fine")

    def alarms(self, until_s: float) -> Act:
        yield until_s * self.random.random()
        which = Input.FIRE if self.random.random() < 0.5 else Input.PANIC
        self.press(which, True)
        yield 0.5 + 40 * self.random.random() ** 2
        self.press(which, False)

    def power(self, until_s: float) -> Act:
        chance = self.random.random
        for _ in range(self.random.randrange(1, 4)):
            if chance() < 0.85:
                for _ in range(200):
                    if self.locked:
                        break
                    yield 1.0
                yield 25.0 * chance() ** 2
            else:
                yield until_s * chance()
            if not self.desk.powered:
                return
            off_s = self.random.choice(
                (0.1, 1.0, 2.0, 6.0, 15.0, 30.0, 100.0, 170.0, 190.0, 600.0, 36000.0)
            ) * (0.9 + 0.1 * chance())
            self.cut_power()
            if chance() < 0.3:
                self.begin(self.visitor(), off_s * chance())
            yield off_s
            boot = off_s > 3.0 and chance() < 0.85
            self.give_power(off_s, boot, chance() < 0.85)
            yield 40.0 * chance()

    def control_room(self) -> Act:
        for _ in range(300):
            yield 2.0
            if self.locked and self.random.random() < 0.03:
                self.order_release()


@dataclass(frozen=True, slots=True)
class Lived:
    """What became of one life."""

    number: int
    life: Life
    violations: tuple[Violation, ...]
    remarks: tuple[tuple[float, str], ...]


def live(number: int) -> Lived:
    """Play and judge the life of this number."""
    with scratch("life") as folder:
        world = World(number, Path(folder))
        try:
            _play(world)
        finally:
            world.desk.close()
    world.entries.append(Entry(world.now_s, Kind.CONTACT, "", world.contact))  # so that the life has an end
    life = Life(world.entries, world.flow, CHARACTERS_S, bool(world.settings.people.watchman2))
    return Lived(number, life, tuple(check(life)), tuple(world.remarks))


def _play(world: World) -> None:
    chance = world.random.random
    length_s = 120.0 + 300.0 * chance()
    world.begin(world.street(length_s))
    world.begin(world.watchman())
    if chance() < 0.3:
        world.begin(world.more_people(length_s))
    if chance() < 0.2:
        world.begin(world.passers(length_s))
    if chance() < 0.35:
        for _ in range(world.random.randrange(1, 4)):
            world.begin(world.trouble(length_s))
    if world.later_contact:
        world.begin(world.contact_trouble(length_s))
    if chance() < 0.1:
        world.begin(world.alarms(length_s))
    if chance() < 0.45:
        world.begin(world.power(length_s))
    if chance() < 0.06:
        world.begin(world.control_room())
    if chance() < 0.12:
        world.begin(world.nobody_hears())
    world.run_to(length_s)
    if world.random.random() < 0.8:
        for _ in range(40):  # a lock is watched to its end, for longer than any may last
            if not world.locked and world.desk.powered:
                break
            world.run_to(world.now_s + 50.0)


# --- counts ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Counts:
    """What many lives came to."""

    lives: int = 0
    locks: int = 0
    relocks: int = 0
    empty: int = 0
    """Locks of a cabin in which nobody was, for all that the camera saw: they shut nobody in."""
    permits: int = 0
    threats: int = 0
    restarts: int = 0
    releases: Counter[str] = field(default_factory=Counter)
    violations: Counter[str] = field(default_factory=Counter)

    def add(self, lived: Lived) -> None:
        life = lived.life
        relocks = sum(is_relock(life, start_s) for start_s, _ in life.locks)
        self.lives += 1
        self.relocks += relocks
        self.locks += len(life.locks) - relocks
        self.empty += sum(not life.at(start_s).inside for start_s, _ in life.locks)
        self.permits += sum(1 for _ in life.spells(lambda moment: moment.permit))
        self.threats += sum(words.threat_s is not None for words in life.words)
        self.restarts += len(life.ons) - 1
        self.releases.update(release_reason(life, lock) or "UNEXPLAINED" for lock in life.locks)
        self.violations.update(violation.rule for violation in lived.violations)

    def __str__(self) -> str:
        lines = [
            f"lives {self.lives}, restarts {self.restarts}, permits {self.permits}, threats {self.threats}",
            f"locks {self.locks}, relocks {self.relocks}, of these with nobody inside {self.empty}",
            "releases: " + ", ".join(f"{name} {count}" for name, count in self.releases.most_common()),
            f"violations {self.violations.total()}"
            + "".join(f"\n  {name} {count}" for name, count in self.violations.most_common()),
        ]
        return "\n".join(lines)


def live_many(numbers: Iterable[int], tell: Callable[[str], None] = lambda _: None) -> Counts:
    """Many lives; `tell` gets a line for each violation."""
    counts = Counts()
    for number in numbers:
        lived = live(number)
        counts.add(lived)
        for violation in lived.violations:
            tell(f"life {number}: {violation}")
    return counts


def timeline(lived: Lived, verbose: bool) -> str:
    """The story of a life, a line for each entry; `verbose` with what the program says of itself."""
    lines = [(entry.at_s, str(entry)) for entry in lived.life.entries]
    if verbose:
        lines += [
            (at_s, f"{at_s // 60:4.0f}:{at_s % 60:05.2f}            . {words}")
            for at_s, words in lived.remarks
        ]
    lines += [(v.at_s, f"*** {v}") for v in lived.violations]
    return "\n".join(line for _, line in sorted(lines, key=lambda line: line[0]))


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.worlds.lives", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--lives", type=int, default=100, metavar="N", help="how many lives")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the number of the first")
    parser.add_argument("--life", type=int, metavar="N", help="only this one, with its story")
    parser.add_argument("-v", "--verbose", action="store_true", help="with what the program says of itself")
    asked = parser.parse_args(arguments)
    if asked.life is not None:
        lived = live(asked.life)
        print(timeline(lived, asked.verbose))
        return 1 if lived.violations else 0
    counts = live_many(range(asked.first, asked.first + asked.lives), lambda line: print(line, flush=True))
    print(counts)
    return 1 if counts.violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

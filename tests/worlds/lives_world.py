"""The simulated cabin of a random life: its truth, and what can be done to it."""

from __future__ import annotations

import errno
import heapq
import random
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge.bench.desk import Desk, Props, StoryClock
from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.cabin.rules import Flow
from edge.loop.happening import Happening
from edge.settings.load import load
from edge.settings.schema import Settings
from edge.terms.observation import CameraHealth, Cover, Face, FaceVerdict, Observation, Unclear
from edge.vision.look import Look
from hw.camera.port import Frame
from hw.ports import Input
from hw.prompt.fake import PromptFault
from tests.worlds.desk_world import NoiseCamera
from tests.worlds.lives_rules import (
    FACES,
    Entry,
    Kind,
    Looks,
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
        super().__init__()
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
            unclear_why=Unclear.DARK if look is Looks.UNCLEAR else Unclear.NONE,
        )


@dataclass(order=True, slots=True)
class _Due:
    """An act that goes on at a time; of two, the one that began first."""

    at_s: float
    turn: int
    act: Act = field(compare=False)


class World:
    """One life: the cabin with its truth, and what can be done to it."""

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
        self._acts: list[_Due] = []
        self._was = (False, False)
        self.contact = self.pick(
            ("fine", 60), ("absent", 14), ("stuck_shut", 9), ("stuck_open", 4), ("chatter", 13)
        )
        if self.contact == "chatter":  # fine until it begins
            self.later_contact = "chatter"
            self.contact = "fine"
        else:
            self.later_contact = (
                self.pick(("", 85), ("stuck_shut", 10), ("stuck_open", 5)) if self.contact == "fine" else ""
            )
        self.clock = LifeClock()
        self.settings = self._settings()
        modem = self.pick(("sim800", 4), ("sim7600", 1), ("quectel", 1), ("huawei", 1), ("generic", 1))
        self.desk = Desk(
            self.settings,
            Props(NoiseCamera(self.clock), lambda: Sight(self), FRAME_S, modem=modem),
            folder,
            self._hear,
            self.clock,
            seed=number,
        )
        self.enter(Kind.POWER, "sure", "on")
        self.enter(Kind.CONTACT, "", self.contact)
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

    def pick(self, *weighted: tuple[str, float]) -> str:
        return self.random.choices([name for name, _ in weighted], [weight for _, weight in weighted])[0]

    def enter(self, kind: Kind, who: str = "", what: str = "") -> None:
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
        heapq.heappush(self._acts, _Due(self.now_s + after_s, self._turn, act))

    def run_to(self, until_s: float) -> None:
        while self._acts and self._acts[0].at_s <= until_s:
            due = heapq.heappop(self._acts)
            self._let_pass(due.at_s)
            for wait_s in due.act:
                if wait_s > 0.0:
                    self.begin(due.act, wait_s)
                    break
            self.look_at_relays()
        self._let_pass(until_s)

    def _let_pass(self, until_s: float) -> None:
        if until_s <= self.now_s:
            return
        if not self.desk.powered:
            self.clock.move_to(until_s)  # nothing of the cabin lives; phones and people do not mind
            return
        for _ in self.desk.steps_to(until_s):
            self.look_at_relays()

    def relays(self) -> tuple[bool, bool]:
        """What the relays show: of the lock, of the permit."""
        desk = self.desk
        return (desk.hands.lock_on, desk.hands.permit_on) if desk.powered else (False, False)

    def look_at_relays(self) -> None:
        """Write down what moved."""
        desk, now = self.desk, self.relays()
        for kind, was, on in zip((Kind.LOCK, Kind.PERMIT), self._was, now, strict=True):
            if was is not on:
                self.enter(kind, "", "on" if on else "off")
        self._was = now
        if (self._danger or self._panic) and desk.powered and desk.hands.sounding:
            self.enter(Kind.SOUND)

    # --- what can be done --------------------------------------------------------------------------

    def come(self, look: Looks) -> str:
        self._people += 1
        name = f"person{self._people}"
        self.looks[name] = look
        self.enter(Kind.CAME, name, look.value)
        return name

    def look(self, name: str, look: Looks) -> None:
        if self.looks[name] is not look:
            self.looks[name] = look
            self.enter(Kind.LOOK, name, look.value)

    def go(self, name: str) -> None:
        del self.looks[name]
        self.enter(Kind.WENT, name)

    def show_glass(self, look: str) -> None:
        self.glass = look
        self.enter(Kind.GLASS, "", look)

    def open_door(self) -> None:
        self._door_hands += 1
        if self._door_hands == 1:
            self.enter(Kind.DOOR, "", "open")
            if self.contact == "fine":
                self.desk.move_input(Input.DOOR, True)

    def shut_door(self) -> None:
        self._door_hands -= 1
        if self._door_hands == 0:
            self.enter(Kind.DOOR, "", "shut")
            if self.contact == "fine":
                self.desk.move_input(Input.DOOR, False)

    def set_contact(self, condition: str) -> None:
        self.contact = condition
        self.enter(Kind.CONTACT, "", condition)
        if condition != "stuck_shut" and condition != "chatter":
            self.desk.move_input(Input.DOOR, condition == "stuck_open" or self._door_hands > 0)
        if condition == "stuck_shut":
            self.desk.move_input(Input.DOOR, False)

    def press(self, name: Input, active: bool) -> None:
        self.enter(Kind.INPUT, name.value, "on" if active else "off")
        self._panic = active if name is Input.PANIC else self._panic
        self.desk.move_input(name, active)

    def break_device(self, name: str, broken: bool) -> None:
        (self.broken.add if broken else self.broken.discard)(name)
        self.enter(Kind.DEVICE, name, "broken" if broken else "well")
        self._apply(name, broken)

    def _apply(self, name: str, broken: bool) -> None:
        if name == "disk":
            self.desk.fail_disk(errno.ENOSPC if broken else 0)
        elif self.desk.powered and name == "keypad":
            self.desk.hands.fail_keypad(broken)
        elif self.desk.powered and name == "prompt":
            self.desk.hands.fail_prompt(broken, self.how)
        elif self.desk.powered and name == "sounder":
            self.desk.hands.fail_sounder(broken)

    def cut_wire(self, broken: bool) -> None:
        """A cut wire of the exit button reads as pressed."""
        self._cut = broken
        self.enter(Kind.INPUT, "exit_wire", "on" if broken else "off")
        if self.desk.powered:
            self.desk.hands.break_wire(Input.EXIT, broken)

    def blind(self, how: str, blind: bool) -> None:
        sees = not self._blind
        (self._blind.add if blind else self._blind.discard)(how)
        if sees is bool(self._blind):
            self.enter(Kind.CAMERA, how, "blind" if blind else "sees")
        self.desk.camera_alive = "gone" not in self._blind
        self.health = CameraHealth(max(self._blind - {"gone"}, default="ok"))

    def endanger(self, anomaly: Anomaly, there: bool) -> None:
        if there is (anomaly in self._danger) or not self.desk.powered:
            return
        (self._danger.add if there else self._danger.discard)(anomaly)
        self.enter(Kind.DANGER, anomaly.value, "on" if there else "off")
        self.desk.kiosk.handle(AnomalyBegan(anomaly) if there else AnomalyEnded(anomaly), self.now_s)

    def cut_power(self) -> None:
        self.desk.power_off()
        self.look_at_relays()
        for anomaly in self._danger:  # nobody looks any more, and what was seen is said again
            self.enter(Kind.DANGER, anomaly.value, "off")
        self._danger.clear()
        self.enter(Kind.POWER, "", "off")

    def give_power(self, off_s: float, boot: bool, wall_true: bool) -> None:
        could_say = self.clock.wall_true()
        if boot:
            self.clock.booted(wall_true, off_s)
        sure = not boot or (wall_true and could_say)
        self.enter(Kind.POWER, "sure" if sure else "unsure", "on")
        self.desk.power_on()
        for name in self.broken:
            self._apply(name, True)
        if self._cut:
            self.desk.hands.break_wire(Input.EXIT)
        self.look_at_relays()

    def order_release(self) -> None:
        if self.desk.powered:
            self.enter(Kind.ORDERED)
            self.desk.release()

    def phone_codes(self) -> list[str]:
        """The codes that the watchmen have got, the newest last."""
        words = [
            e.what.partition("CODE ")[2] for e in self.entries if e.kind is Kind.TEXT and "CODE " in e.what
        ]
        return [word.split(".")[0] for word in words if word]

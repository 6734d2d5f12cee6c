"""Everybody and everything that acts in a random life: visitors, passers, the watchman, faults, the power."""

from __future__ import annotations

from collections.abc import Callable

from edge.cabin.events import Anomaly
from hw.ports import Input
from hw.prompt.fake import PromptFault
from tests.worlds.lives_rules import (
    Kind,
    Looks,
)
from tests.worlds.lives_world import Act, World


class Actors:
    """Those who act in one world; each act says how long it waits before it goes on."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random

    def type_in(self, digits: str) -> Act:
        if self._world.desk.powered:
            self._world.desk.hands.type(digits, self._world.now_s)
            yield 0.3 * (len(digits) - 1)
            self._world.enter(Kind.TYPED, "", digits)
            yield 2.0

    def through_door(self, pass_it: Callable[[], None]) -> Act:
        """Somebody opens, passes, and lets it fall shut; now and then somebody slips in along."""
        chance = self._random.random
        self._world.open_door()
        yield 0.2 + chance()
        slips, first = chance() < 0.12, chance() < 0.5
        if slips and first:
            self._world.begin(self.inside(self._world.come(self._first_look())))
            yield 0.3 + chance()
        pass_it()
        yield 0.2 + 2 * chance()
        if slips and not first:
            self._world.begin(self.inside(self._world.come(self._first_look())))
            yield 0.2 + chance()
        if chance() < 0.05:
            yield 60 * chance()
        self._world.shut_door()

    def _first_look(self) -> Looks:
        return Looks(
            self._world.pick(("covered", 45), ("bare", 35), ("turned", 8), ("down", 8), ("unclear", 4))
        )

    def visitor(self) -> Act:
        for _ in range(60):
            if not self._world.locked:
                break
            yield 3.0
        else:
            return
        names: list[str] = []
        how_many = 2 if self._random.random() < 0.1 else 1

        def come() -> None:
            names.extend(self._world.come(self._first_look()) for _ in range(how_many))

        yield from self.through_door(come)
        for name in names[1:]:
            self._world.begin(self.inside(name))
        yield from self.inside(names[0])

    def inside(self, name: str) -> Act:
        """What somebody does in the cabin, until they are out."""
        chance = self._random.random
        kind = self._world.pick(
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
                plan = [
                    (self._world.looks[name].value, 20 + 15 * chance()),
                    ("covered", 30 + 250 * chance() ** 2),
                ]
            case "complies":
                plan = [("covered", 3 + 22 * chance()), ("bare", 8 + 30 * chance())]
            case "customer":
                plan = [("bare", 10 + 50 * chance())]
            case "rider":
                plan = [("bare", 8 + 10 * chance()), ("covered", 10 + 60 * chance())]
            case "restless":
                looks = [look.value for look in Looks]
                plan = [(self._random.choice(looks), 1 + 12 * chance() ** 2) for _ in range(12)]
            case _:
                plan = [
                    ("covered", 4 + 25 * chance()),
                    ("down", 30 * chance()),
                    ("unseen", 70 * chance() ** 2),
                ]
        for look, for_s in plan:
            self._world.look(name, Looks(look))
            if chance() < 0.04:
                yield chance() * for_s
                yield from self.push_exit()
            yield for_s
        for _ in range(400):
            if not self._world.locked:
                break
            match self._world.pick(("wait", 970), ("exit", 14), ("force", 6), ("panic", 3), ("change", 20)):
                case "exit":
                    yield from self.push_exit()
                case "force":
                    break
                case "panic":
                    self._world.press(Input.PANIC, True)
                    yield 1 + 5 * chance()
                    self._world.press(Input.PANIC, False)
                case "change":
                    self._world.look(name, self._random.choice(list(Looks)))
                case _:
                    pass  # waits
            yield 5.0
        else:
            yield from self.push_exit()
            yield 1.0
        if chance() < 0.5:  # did not notice, or has time
            yield 60 * chance() ** 2
        yield from self.through_door(lambda: self._world.go(name))

    def push_exit(self) -> Act:
        for_s = self._random.choice((0.2, 0.5, 2.0, 2.0, 20.0, 80.0))
        self._world.press(Input.EXIT, True)
        yield for_s
        self._world.press(Input.EXIT, False)

    def street(self, until_s: float) -> Act:
        chance = self._random.random
        yield 4.0 + 4.0 * chance() if chance() < 0.9 else 0.1
        while self._world.now_s < until_s:
            match self._world.pick(("visitor", 80), ("glass", 20)):
                case "visitor":
                    yield from self.visitor()
                    yield 0.5 + 12 * chance() ** 2
                case _:
                    self._world.show_glass(self._world.pick(("covered", 1), ("bare", 1)))
                    yield 1.0 + 45 * chance() ** 3
                    self._world.show_glass("")
                    yield 2.0 + 5 * chance()

    def more_people(self, until_s: float) -> Act:
        """A second street: anyone who does not care that somebody is inside."""
        while self._world.now_s < until_s:
            yield 20 + 200 * self._random.random()
            yield from self.visitor()

    def passers(self, until_s: float) -> Act:
        """Faces behind the glass no matter who is inside."""
        while self._world.now_s < until_s:
            yield 5 + 60 * self._random.random()
            if not self._world.glass:
                self._world.show_glass(self._world.pick(("covered", 1), ("bare", 1)))
                yield 1.0 + 8 * self._random.random()
                self._world.show_glass("")

    def watchman(self) -> Act:
        mood = self._world.pick(("good", 50), ("late", 12), ("wrong", 14), ("guesses", 10), ("never", 14))
        handled = 0
        while mood != "never":
            yield 2.0
            known = self._world.phone_codes()
            if len(known) == handled:
                continue
            handled = len(known)
            slow_s = self._random.uniform(150, 280) if mood == "late" else self._random.uniform(4, 90)
            yield slow_s
            known = self._world.phone_codes()
            newest, wrong = (
                known[-1],
                f"{(int(known[-1]) + 1 + self._random.randrange(900)) % 1000:03d}",
            )
            entries = {"good": [newest], "late": [newest], "wrong": [wrong, newest]}.get(mood)
            if entries is None:
                entries = [
                    self._random.choice((wrong, known[0], newest[:2] + "*", wrong)) for _ in range(4)
                ] + [newest]
            for digits in entries:
                yield from self.type_in(digits)
                yield self._random.uniform(0.5, 15)

    def trouble(self, until_s: float) -> Act:
        """One device that fails and may come back; with luck in the middle of a lock."""
        chance = self._random.random
        if chance() < 0.5:
            for _ in range(200):
                if self._world.locked:
                    break
                yield 1.0
            yield chance() ** 2 * 20.0
        else:
            yield chance() * until_s
        for_s = self._random.choice((1.0, 5.0, 20.0, 100.0, 400.0, 900.0)) * (0.5 + chance())
        what = self._world.pick(
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
                how = self._world.pick(
                    ("gone", 3), ("dark", 2), ("covered", 2), ("frozen", 1), ("defocused", 1)
                )
                self._world.blind(how, True)
                yield for_s
                self._world.blind(how, False)
            case "danger":
                which = self._random.choice(
                    (Anomaly.WEAPON, Anomaly.FIGHT, Anomaly.ROBBERY, Anomaly.PERSON_DOWN)
                )
                self._world.endanger(which, True)
                yield min(for_s, 60.0)
                self._world.endanger(which, False)
            case "exit_wire":
                self._world.cut_wire(True)
                yield for_s
                self._world.cut_wire(False)
            case device:
                self._world.how = self._random.choice(list(PromptFault))
                if device not in self._world.broken:
                    self._world.break_device(device, True)
                    yield for_s
                    self._world.break_device(device, False)

    def nobody_hears(self) -> Act:
        """Just when the door is locked, no text gets out any more, or no key is read."""
        for _ in range(300):
            if self._world.locked:
                break
            yield 1.0
        yield 30.0 * self._random.random() ** 3
        if self._random.random() < 0.7:
            yield from self.modem_trouble(700.0)
        elif "keypad" not in self._world.broken:
            self._world.break_device("keypad", True)
            yield 700.0
            self._world.break_device("keypad", False)

    def modem_trouble(self, for_s: float) -> Act:
        if "modem" in self._world.broken:
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
        name = self._random.choice((*faults, "unsaid", "noise", "drop", "cms:500", "brown_out", "no_sim"))
        self._world.break_device("modem", True)
        self._world.remarks.append((self._world.now_s, f"modem {name}"))
        self._world.desk.phone.fault(name)
        yield for_s
        self._world.desk.phone.fault(name, on=False)
        self._world.break_device("modem", False)

    def contact_trouble(self, until_s: float) -> Act:
        yield until_s * self._random.random()
        if self._world.later_contact != "chatter":
            self._world.set_contact(self._world.later_contact)
            return
        self._world.set_contact("chatter")
        for _ in range(self._random.randrange(5, 60)):
            self._world.desk.move_input(Input.DOOR, self._random.random() < 0.5)
            yield 0.1 + 0.8 * self._random.random()
        self._world.set_contact("fine")

    def alarms(self, until_s: float) -> Act:
        yield until_s * self._random.random()
        which = Input.FIRE if self._random.random() < 0.5 else Input.PANIC
        self._world.press(which, True)
        yield 0.5 + 40 * self._random.random() ** 2
        self._world.press(which, False)

    def power(self, until_s: float) -> Act:
        chance = self._random.random
        for _ in range(self._random.randrange(1, 4)):
            if chance() < 0.85:
                for _ in range(200):
                    if self._world.locked:
                        break
                    yield 1.0
                yield 25.0 * chance() ** 2
            else:
                yield until_s * chance()
            if not self._world.desk.powered:
                return
            off_s = self._random.choice(
                (0.1, 1.0, 2.0, 6.0, 15.0, 30.0, 100.0, 170.0, 190.0, 600.0, 36000.0)
            ) * (0.9 + 0.1 * chance())
            self._world.cut_power()
            if chance() < 0.3:
                self._world.begin(self.visitor(), off_s * chance())
            yield off_s
            boot = off_s > 3.0 and chance() < 0.85
            self._world.give_power(off_s, boot, chance() < 0.85)
            yield 40.0 * chance()

    def control_room(self) -> Act:
        for _ in range(300):
            yield 2.0
            if self._world.locked and self._random.random() < 0.03:
                self._world.order_release()

"""The cabin's process of a live bench with scripted eyes: it goes on with its world, and is killed at any
instant.

It plays visits, moves what hands can move, and prints one JSON line for each act before it is done, for the
world after it, for every text and lock, and every half second of its own clock.
"""

from __future__ import annotations

import functools
import os
import random
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import msgspec

from edge.bench.acting import CannotDo, act
from edge.bench.desk import Desk, Props
from edge.bench.showing import Diary, view_of
from edge.bench.wire import BenchView
from edge.bench.world import Returning
from edge.cabin.state import Mode
from edge.loop.happening import Happening
from edge.settings.load import load
from edge.settings.schema import Settings
from edge.terms.observation import Cover, Face
from hw.bench import StagedCabin
from hw.camera.port import GreyPicture
from tests.worlds.desk_world import ScriptedLook, ScriptedPeople
from tests.worlds.kiosk_child import say

SOON: Final = ("flow.adjust_after_s=2", "flow.lock_after_s=8", "flow.prompt_lead_s=3")

HANDS: Final = (
    ("wire vibration cut", "wire vibration whole"),
    ("wire panic unreadable", "wire panic whole"),
    ("key D stuck", "key D free"),
    ("lights dim", "lights on"),
    ("front skimmer", "front whole"),
    ("case on", "case off"),
    ("buzzer broken", "buzzer well"),
    ("prompt fails", "prompt well"),
    ("modem undelivered on", "modem undelivered off"),
    ("modem late on", "modem late off"),
    ("clock +60", "clock -60"),
    ("glasses on", "glasses off"),
    ("sms from watchman STATUS", "sms from stranger hello"),
)
"""What hands do between the visits, and back."""


class SeenOnStage(ScriptedPeople):
    """Eyes that see who stands in the staged cabin, without a network: covers as they are worn."""

    def __init__(self, stage: StagedCabin) -> None:
        super().__init__()
        self._stage = stage

    def faces(self, grey: GreyPicture) -> tuple[Face, ...]:
        here = [one for one in self._stage.scene.people if not one.leaving]
        self.people = {one.name: Cover.MASK if one.covers else Cover.NONE for one in here}
        return super().faces(grey)


def staged_desk(
    settings: Settings, data: Path, returns: Returning, hear: Callable[[Happening], None]
) -> Desk:
    """A desk without power, whose eyes see the staged cabin by script; then given its world."""
    clock = returns.clock()
    stage = StagedCabin(clock)
    look = functools.partial(ScriptedLook, SeenOnStage(stage))
    props = Props(stage, look, 0.4, stage, plugged=False)
    desk = Desk(settings, props, data, hear, clock, seed=returns.starts)
    returns.give(desk)
    return desk


def world_of(view: BenchView) -> dict[str, object]:
    """What of a view no loss of power may change; the door left out, which those who walk through it move."""
    contacts = [(one.name, one.active and one.name != "door", one.wire) for one in view.contacts]
    stage = msgspec.structs.replace(
        view.stage, people=tuple(one for one in view.stage.people if not one.leaving), ended=False
    )
    phones = {one.who: [(text.received, text.text) for text in one.texts] for one in view.phones}
    world = {
        "stage": stage,
        "contacts": contacts,
        "stuck": view.keypad.stuck,
        "machines": view.machines,
        "phones": phones,
        "faults": [one.begin for one in view.faults if one.on],
    }
    plain: dict[str, object] = msgspec.to_builtins(world)
    return plain


def whole_world(desk: Desk) -> dict[str, object]:
    """The same with every text that the telephones have; a view shows the last of them."""
    world = world_of(view_of(desk, Diary()))
    phones: dict[str, list[tuple[bool, str]]] = {}
    for text in desk.telephones.texts:
        phones.setdefault(text.number, []).append((text.received, text.text))
    return {**world, "phones": phones}


def hear(happening: Happening) -> None:
    data = happening.data
    if happening.kind == "sms":
        say("sms", data["text"])
    elif "door" in data and happening.kind == "command":
        say("door", [data["door"], happening.at_s])
    elif data.get("verdict") == "right":
        say("opened", True)


def live(home: Path, data: Path, seed: int, out: Connection, errors: Path) -> None:
    """The life of a process: lines into `out`, complaints into `errors`."""
    os.dup2(out.fileno(), 1)
    os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT), 2)
    returns = Returning(home, plugged=True)
    desk = staged_desk(load(None, SOON), data, returns, hear)
    say("world", whole_world(desk))
    say("booted", desk.clock.now_s())
    _visits(desk, random.Random(seed))


def _visits(desk: Desk, choose: random.Random) -> None:
    visit_s = key_s = desk.clock.now_s() - 100.0
    typed = 0
    while True:
        now_s = desk.clock.now_s()
        state = desk.kiosk.state
        say("kiosk", [state.mode.value, state.incident])
        here = [one.name for one in view_of(desk, Diary()).stage.people if not one.leaving]
        if state.mode is Mode.VACANT and not here and now_s > visit_s + 8.0:
            visit_s, typed = now_s, 0
            _do(desk, "enter anna with mask")
        elif state.code.live and desk.codes() and now_s > key_s + 3.0:
            key_s, typed = now_s, typed + 1
            _do(desk, "keys WRONG" if typed == 2 else "keys CODE")
        elif state.mode is Mode.RELEASED and here:
            _do(desk, "leave")
        elif choose.random() < 0.25:
            _do(desk, choose.choice(choose.choice(HANDS)))
        act(desk, ["wait", "0.5"])
        say("at_s", desk.clock.now_s())


def _do(desk: Desk, words: str) -> None:
    say("doing", words)
    try:
        act(desk, words.split())
    except CannotDo as error:
        say("refused", str(error))
    say("world", whole_world(desk))

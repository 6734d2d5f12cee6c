"""A kiosk in a process of its own that plays one visit on a folder, and is killed at any instant.

It carries on what the folder remembers, prints one JSON line for every text that a phone received, every
lock or release and every half second of its own clock, and begins again when the cabin is empty.
"""

from __future__ import annotations

import json
import os
from multiprocessing.connection import Connection
from pathlib import Path

from edge.cabin.state import Mode
from edge.loop.happening import Happening
from edge.settings.load import load
from hw.ports import Input
from tests.worlds.desk_world import scripted_desk


def say(what: str, value: object) -> None:
    """One line for anyone who started this."""
    print(json.dumps({what: value}), flush=True)


def hear(happening: Happening) -> None:
    data = happening.data
    if happening.kind == "sms":
        say("sms", data["text"])
    elif "door" in data and happening.kind == "command":
        say("door", data["door"])
    elif data.get("verdict") == "right":
        say("opened", True)


def live(folder: Path, seed: int, out: Connection, errors: Path) -> None:
    """The life of a process: lines into `out`, complaints into `errors`."""
    os.dup2(out.fileno(), 1)
    os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT), 2)
    _visits(folder, seed)


def _visits(folder: Path, seed: int) -> None:
    soon = ["flow.adjust_after_s=2", "flow.lock_after_s=8", "flow.prompt_lead_s=3"]
    desk, people = scripted_desk(folder, hear, settings=load(None, soon), seed=seed, every_s=0.4)
    say("booted", True)
    visit_s = key_s = 0.0
    typed = 0
    while True:
        now_s = desk.clock.now_s()
        state = desk.kiosk.state
        if state.mode is Mode.VACANT and not people.people and now_s > visit_s + 8.0:
            visit_s, typed = now_s, 0
            people.do("enter anna with mask", now_s)
            desk.move_input(Input.DOOR, True)
            desk.after(1.5, lambda: desk.move_input(Input.DOOR, False))
        elif state.locked_at_s is not None and not people.people:
            people.do("enter anna with mask", now_s)  # remembered as locked in: she is still there
        elif (
            state.code.live
            and state.code.accepted_at_s is not None
            and desk.last_code() is not None  # without a text of this life the keys would be a guess
            and now_s > key_s + 3.0
        ):
            key_s, typed = now_s, typed + 1
            keys = "WRONG" if typed == 1 else "CODE"
            say("typed", keys)
            desk.type_keys(keys)
        elif state.mode is Mode.RELEASED and people.people:
            people.people.clear()
            desk.move_input(Input.DOOR, True)
            desk.after(2.0, lambda: desk.move_input(Input.DOOR, False))
        elif state.mode is Mode.RELEASED and now_s > visit_s + 200.0:
            visit_s = now_s
            desk.move_input(Input.DOOR, True)
            desk.after(2.0, lambda: desk.move_input(Input.DOOR, False))
        desk.run_to(now_s + 0.5)
        say("at_s", desk.clock.now_s())

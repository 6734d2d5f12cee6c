"""Whatever happens: no code, no typed digit, no telephone number where it does not belong."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.bench.desk import BENCH_NUMBERS, Desk
from edge.bench.leaving import scratch
from edge.cabin.state import Mode
from edge.loop.happening import Happening
from edge.settings.load import load
from edge.terms.observation import Cover
from hw.ports import Input
from tests.worlds.desk_world import scripted_desk

QUICK = (
    "flow.code_digits=8",  # long enough never to stand anywhere by chance
    "flow.adjust_after_s=1",
    "flow.lock_after_s=3",
    "flow.prompt_lead_s=1",
    "flow.gone_after_s=1",
)
HEXADECIMAL = re.compile(rb"[0-9a-f]{16,}")
CODE = re.compile(r"CODE (\d{8})")
DIGITS = "84712069"

EXAMPLES = settings().max_examples // 10
"""Each takes a second: few by default, many in a long run."""

ACTIONS = st.sampled_from(
    [
        "wait",
        "wait",
        "lock in",
        "lock in",
        "keys WRONG",
        "keys CODE",
        f"keys {DIGITS}",
        f"keys {DIGITS[:5]}",
        "exit",
        "fire",
        "panic",
        "leave",
        "disk",
        "prompt",
        "mute",
        "power",
    ]
)


def _do(desk: Desk, people: dict[str, Cover], action: str, on: set[str]) -> None:
    now_s = desk.clock.now_s()
    verb, _, rest = action.partition(" ")
    fresh = action not in on
    on.symmetric_difference_update({action})
    match verb:
        case "lock":
            if not people:
                desk.stage("enter anna with mask")
        case "keys":
            desk.type_keys(rest)
        case "exit" | "fire" | "panic":
            desk.move_input(Input(verb), fresh)
        case "leave":
            people.clear()
            desk.move_input(Input.DOOR, fresh)
        case "disk":
            desk.fail_disk(errno.ENOSPC if fresh else 0)
        case "prompt":
            desk.hands.fail_prompt(fresh)
        case "mute":
            desk.phone.fault("mute", fresh)
        case "power":
            desk.power_off()
            desk.run_to(now_s + 3.0)
            desk.power_on()
        case _:
            pass


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(max_examples=EXAMPLES)
@given(actions=st.lists(st.tuples(ACTIONS, st.sampled_from([0.7, 3.0, 7.0, 25.0])), max_size=12))
def test_secrets_stay_where_they_belong(actions: list[tuple[str, float]]) -> None:
    heard: list[Happening] = []
    with scratch("test") as name:
        folder = Path(name)
        desk, people = scripted_desk(folder, heard.append, settings=load(None, QUICK), every_s=0.4)
        on: set[str] = set()
        desk.stage("enter anna with mask")
        desk.run_to(16.0)
        assert desk.kiosk.state.mode is Mode.LOCKED
        for action, wait_s in actions:
            _do(desk, people.people, action, on)
            desk.run_to(desk.clock.now_s() + wait_s)
            state, hands = desk.kiosk.state, desk.hands
            if hands.lock_on:
                assert state.mode is Mode.LOCKED
                assert not state.fire
                assert not state.exit
            assert not hands.permit_on or state.mode is Mode.CLEARED
        shown = repr((desk.kiosk, desk.phone, desk.kiosk.state))
        desk.fail_disk(0)
        desk.run_to(desk.clock.now_s() + 20.0)
        desk.close()
        files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".jpg"]
        stored = b"".join(path.read_bytes() for path in files if path.name.startswith("journal"))
        assert stored
        stored = HEXADECIMAL.sub(b"", stored)  # in so many digests any five digits stand somewhere
    secrets = {found for text in desk.phone.texts for found in CODE.findall(text.text)}
    assert secrets
    secrets |= {DIGITS, DIGITS[:5]}
    secrets |= {"".join(str((int(digit) + 1) % 10) for digit in code) for code in secrets if len(code) == 8}
    numbers = {number.removeprefix("+") for number in BENCH_NUMBERS.values()}
    public = shown + repr([h for h in heard if h.kind != "sms"])
    for secret in secrets | numbers:
        assert secret.encode() not in stored, "in the record"
        assert secret not in public, "shown"

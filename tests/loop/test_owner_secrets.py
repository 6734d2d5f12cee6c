"""Whatever happens: the owner's code, what was typed and the owner's number stand in no other place."""

from __future__ import annotations

import copy
import errno
import pickle
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.bench.leaving import scratch
from edge.messages.texts import code_in
from tests.worlds.owner_world import OWNER, OwnerWorld

HEXADECIMAL = re.compile(rb"[0-9a-f]{16,}")
OTHER = "+15550188"
TYPED = "847120"

ACTIONS = st.sampled_from(
    [
        *("ask", "ask", "right", "wrong", f"type {TYPED}", f"keys {TYPED[:5]}", "keys #", "given 12ab"),
        *("begin 7", "begin 8", "begin nobody", "end", "no", "disk", "mute", "undelivered", "power", "wait"),
    ]
)


class Life:
    """One folder over all its power cuts, and all that could be seen of it."""

    def __init__(self, folder: Path) -> None:
        self.world = OwnerWorld(folder)
        self.claims = 0
        self.on: set[str] = set()
        self.seen: list[str] = []

    def do(self, action: str) -> None:
        world, now_s = self.world, self.world.clock.now_s()
        verb, _, rest = action.partition(" ")
        fresh = action not in self.on
        match verb:
            case "begin":
                self.claims += 1
                phone = {"7": OWNER, "8": OTHER}.get(rest, "")
                world.begin(self.claims, int(rest) if rest.isdigit() else 9, phone)
            case "ask":
                world.codes.given("", now_s)
            case "right":
                world.codes.given(self.codes()[-1] if self.codes() else TYPED, now_s)
            case "wrong" | "type" | "given":
                world.codes.given(rest or TYPED[::-1], now_s)
            case "keys":
                for key in rest:
                    world.codes.key(key, now_s)
            case "end":
                world.codes.end(now_s)
            case "no":
                world.phone.modem.incoming(OWNER, "NO")
            case "disk":
                self.on.symmetric_difference_update({action})
                world.disk_error = OSError(errno.ENOSPC, "no space") if fresh else None
            case "mute" | "undelivered":
                self.on.symmetric_difference_update({action})
                world.phone.modem.fault(verb, fresh)
            case "power":
                self.look()
                self.world = world.cut()
            case _:
                pass

    def codes(self) -> list[str]:
        """Every code that a telephone received."""
        found = [code_in(text) for number in (OWNER, OTHER) for text in self.world.phone.texts(number)]
        return [code for code in found if code is not None]

    def look(self) -> None:
        """Everything that prints."""
        world = self.world
        parts = (world.codes, world.desk, world.book, world.outbox, world.post, world.situation.state)
        self.seen.append(repr((parts, [vars(world.codes)], world.heard, world.shown, world.phone)))


@pytest.mark.slow
@settings(max_examples=40)
@given(st.lists(st.tuples(ACTIONS, st.sampled_from([0.3, 2.0, 20.0])), min_size=4, max_size=24))
def test_secrets_stay_where_they_belong(actions: list[tuple[str, float]]) -> None:
    with scratch("test") as name:
        life = Life(Path(name))
        for action, wait_s in [("begin 7", 1.0), ("ask", 4.0), *actions]:
            life.do(action)
            life.world.run(wait_s)
        life.look()
        life.world.disk_error = None
        life.world.run(20.0, 1.0)
        life.world.journal.close(0)
        files = [path for path in Path(name).rglob("*") if path.is_file()]
        stored = HEXADECIMAL.sub(b"", b"".join(path.read_bytes() for path in files))
    assert b"owner_code" in stored
    codes = set(life.codes())
    assert codes
    for secret in {*codes, TYPED, TYPED[:5], TYPED[::-1], OWNER[1:], OTHER[1:]}:
        assert secret.encode() not in stored, "in the record"
        assert secret not in "".join(life.seen), "shown"


def test_nothing_of_a_code_leaves_the_process(tmp_path: Path) -> None:
    world = OwnerWorld(tmp_path)
    world.begin()
    world.ask()
    code = world.phone.code()
    for key in code[:4]:
        world.codes.key(key, world.clock.now_s())
    for one, leaks in (
        (world.desk, (pickle.dumps, copy.copy, copy.deepcopy)),
        (world.book, (pickle.dumps, copy.copy, copy.deepcopy)),
        (world.codes, (pickle.dumps, copy.deepcopy)),
    ):
        assert code not in repr(one)
        for leak in leaks:
            with pytest.raises(TypeError) as raised:
                leak(one)
            assert code not in str(raised.value)
            assert code[:4] not in repr(raised.value)

"""What a pulled plug leaves as it was: word by word of the table, and by kills at any instant."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.bench import acting
from edge.bench.acting import ACTIONS, CannotDo, act
from edge.bench.desk import Desk
from edge.bench.lasting import LASTING, Acts
from edge.bench.leaving import scratch
from edge.bench.showing import Diary, view_of
from edge.bench.world import NAME, Returning, World, read_world
from edge.cabin.state import Mode
from edge.faults.fault import FaultError
from edge.journal import reader as journal
from edge.settings.load import load
from hw.bench import FakeModem, KeptMachine
from tests.worlds.killed import FORKS, killed
from tests.worlds.plug_child import SOON, live, staged_desk, world_of

FORKS.set_forkserver_preload(["tests.worlds.plug_child"])
_CODE = re.compile(r"Incident (\d+): CODE (\d+).*#(\d+)", re.S)


# --- the table -------------------------------------------------------------------------------------


def test_every_word_says_where_it_stays_what_it_did() -> None:
    assert LASTING.keys() == ACTIONS.keys()
    for word, row in LASTING.items():
        assert all(key in LASTING for key in row.ends), word


def test_the_last_words_of_each_key_stay() -> None:
    acts = Acts()
    for line in (
        "fire on",
        "wire panic cut",
        "set flow.siren_s=60",
        "wire fire cut",
        "keys 417",
        "wire panic whole",
        "set flow.siren_s=90",
        "door open",
        "camera dies",
        "camera covered",
        "fire off",
        "enter anna",
    ):
        acts.did(line.split())
    assert [" ".join(words) for words in acts.words] == [
        "wire fire cut",
        "wire panic whole",
        "set flow.siren_s=90",
        "camera dies",
        "fire off",
    ]


# --- word by word ----------------------------------------------------------------------------------

EXAMPLES = {
    "KEYS": "417",
    "SECONDS": "3",
    "JUMP": "+3600",
    "TEXT": "STATUS",
    "SETTING": "flow.siren_s=61",
    "NAME": "anna",
    "KEY": "7",
    "DIGITS": "417",
    "SOURCE": "staged",
}
LEFT_OUT = ("power", "restart")
"""They need the power that this cabin does not get, and are the plug's own kind."""


def _examples() -> Iterator[str]:
    """Words of each form of the table: every choice of a fixed word, and a first example of each kind."""
    for word, action in ACTIONS.items():
        for form in action.forms:
            lines = [word]
            for part in form.replace("[", "").replace("]", "").replace("...", "").split():
                kind = acting.KINDS.get(part)
                if kind is None:
                    choices = part.split("|")
                else:
                    choices = [EXAMPLES.get(part, "") or next(iter(kind.known()))]
                lines = [f"{line} {choice}" for line in lines for choice in choices]
            yield from lines


class _Bench:
    """One cabin after another over the same folder, none of them ended in order."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "record").mkdir()
        machine = World(ahead_s=-time.monotonic(), machines=(KeptMachine("machine"),))
        (home / NAME).write_bytes(msgspec.json.encode(machine))
        self.desk = self._start()

    def _start(self) -> Desk:
        settings = load(None, [*SOON, "identity.enabled=true"])
        return staged_desk(
            settings, self.home / "record", Returning(self.home, plugged=False), lambda _: None
        )

    @property
    def world(self) -> dict[str, object]:
        return world_of(view_of(self.desk, Diary()))

    def killed(self) -> None:
        """Nothing is said goodbye to: what was not written down is gone."""
        self.desk.close()  # only so that this process lets go of the record
        self.desk = self._start()


@pytest.mark.slow
def test_the_world_is_the_same_after_each_word_of_the_table() -> None:
    """Without power throughout, so that nothing but hands moves anything."""
    told: set[str] = set()
    with scratch("test") as folder:
        bench = _Bench(Path(folder))
        act(bench.desk, ["enter", "george", "with", "mask"])
        for line in _examples():
            words = line.split()
            if words[0] in LEFT_OUT:
                continue
            if (words[0] == "enter") is ("anna" in bench.desk.inside):
                act(bench.desk, ["leave" if words[0] == "enter" else "enter", "anna"])
                act(bench.desk, ["wait", "3"])
            try:
                act(bench.desk, words)
            except CannotDo:
                continue  # it needs power, or is not to be done now; then nothing may have changed
            act(bench.desk, ["wait", "3"])  # the door is shut behind them
            before, before_s = bench.world, bench.desk.clock.now_s()
            before_wall_s = bench.desk.clock.wall_s()
            settings, disk = bench.desk.settings, bench.desk.disk_fault
            bench.killed()
            assert bench.world == before, line
            assert bench.desk.settings.flow == settings.flow, line
            assert bench.desk.disk_fault == disk, line
            gone_s = bench.desk.clock.now_s() - before_s
            assert gone_s >= 0.0, line
            assert abs(bench.desk.clock.wall_s() - before_wall_s - gone_s) < 0.05, line
            told.add(words[0])
        assert ACTIONS.keys() - told - set(LEFT_OUT) == {"pad", "card", "release", "thread"}


@pytest.mark.slow
def test_what_hands_did_without_power_is_there_when_it_comes(tmp_path: Path) -> None:
    bench = _Bench(tmp_path)
    for line in ("fire on", "wire panic cut", "sms from watchman STATUS", "keys 417", "set flow.siren_s=61"):
        act(bench.desk, line.split())
    bench.killed()
    desk = bench.desk
    assert desk.phone.stores.backlog, "a text waits in the network of a modem without power"
    act(desk, ["power", "on"])
    desk.run_to(desk.clock.now_s() + 3.0)
    view = view_of(desk, Diary())
    assert view.state == "emergency", "fire is held: the first levels that it reads have it"
    assert not desk.phone.stores.backlog
    assert desk.settings.flow.siren_s == 61.0
    desk.close()


@pytest.mark.slow
def test_time_without_power_counts(tmp_path: Path) -> None:
    """A lock comes back as a warning; after too long without power nobody is locked in any more."""
    for number, (out_s, mode) in enumerate([(5, Mode.WARNED), (200, Mode.RELEASED)]):
        home = tmp_path / str(number)
        home.mkdir()
        bench = _Bench(home)
        for line in ("power on", "enter anna with mask"):
            act(bench.desk, line.split())
        while bench.desk.kiosk.state.mode is not Mode.LOCKED:
            act(bench.desk, ["wait", "0.5"])
            assert bench.desk.clock.now_s() < 100.0
        incident, codes = bench.desk.kiosk.state.incident, bench.desk.codes()
        bench.killed()
        assert bench.desk.codes() == codes, "the telephones have what they received"
        act(bench.desk, ["wait", str(out_s)])
        bench.killed()
        act(bench.desk, ["power", "on"])
        act(bench.desk, ["wait", "1"])
        assert bench.desk.kiosk.state.mode is mode
        assert bench.desk.kiosk.state.incident == incident
        bench.desk.close()


def test_a_world_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    for content in ('{"version":1,"acts":[["fire"', '{"version":99}', "[]"):
        (tmp_path / NAME).write_text(content)
        with pytest.raises(FaultError, match="bench_world"):
            read_world(tmp_path)


def test_a_modem_goes_on_where_it_was() -> None:
    """Card, network and phones; what it was told since it was switched on is gone."""
    first = FakeModem(network_utc_s=1e9)
    first.incoming("+15550100", "one")
    first.poll(1.0)
    first.incoming("+15550100", "two")
    first.fault("undelivered")
    first.feed(b"AT+CMGF=1\rATE0\r", 2.0)
    kept = msgspec.convert(msgspec.to_builtins(first.kept(), str_keys=True), type(first.kept()), strict=False)
    second = FakeModem(network_utc_s=5.0)
    second.restore(kept, 100.0)
    assert second.kept() == first.kept()
    assert second.network.utc_s == 1e9 + 100.0
    second.poll(101.0)
    assert len(second.stores.by_name["SM"]) == 2
    assert second.stores.backlog == []


# --- kills at any instant --------------------------------------------------------------------------


class _Watch:
    """What must hold from life to life."""

    def __init__(self) -> None:
        self.modes: set[str] = set()
        self.compared = 0
        self._last: list[dict[str, object]] = []
        self._by_number: dict[str, str] = {}

    def take(self, said: list[dict[str, object]]) -> None:
        self._world_stayed(said)
        self._flow_held(said)
        self._last = said
        self.modes |= {mode for mode, _ in _kiosks(said[-3:])}

    def _world_stayed(self, said: list[dict[str, object]]) -> None:
        new = next(one["world"] for one in said if "world" in one)
        at = next((at for at in range(len(self._last) - 1, -1, -1) if "world" in self._last[at]), None)
        if at is None:
            return
        old, after = self._last[at]["world"], self._last[at + 1 :]
        assert isinstance(old, dict)
        assert isinstance(new, dict)
        old_texts, new_texts = old["phones"], new["phones"]
        for who, texts in old_texts.items():
            assert new_texts[who][: len(texts)] == texts, f"{who} lost a text"
        everybody = [text for texts in new_texts.values() for _, text in texts]
        for one in after:
            assert "sms" not in one or one["sms"] in everybody, "a text that a phone had is gone"
        if not any("doing" in one for one in after):  # else it may be done, or not yet
            assert {**new, "phones": None} == {**old, "phones": None}
            self.compared += 1

    def _flow_held(self, said: list[dict[str, object]]) -> None:
        begun = next(at for at, one in enumerate(said) if "booted" in one)
        booted_s = said[begun]["booted"]
        assert isinstance(booted_s, float)
        doors = [msgspec.convert(one["door"], tuple[str, float]) for one in said if "door" in one]
        for level, at_s in doors:
            assert level == "unlocked" or at_s > booted_s + 2.5, "locked by memory alone"
        before, now = _kiosks(self._last), _kiosks(said)
        if before and now:
            assert now[0][1] >= before[-1][1], "an incident is forgotten"
            assert now[0][0] != "locked"
        newest = ""
        for one in said:
            found = _CODE.search(str(one.get("sms", "")))
            if found:
                assert self._by_number.setdefault(found[3], found[2]) == found[2]
                newest = found[2]
            if "opened" in one:
                assert newest, "a code from before the kill opened"
                newest = ""


def _kiosks(said: list[dict[str, object]]) -> list[tuple[str, int]]:
    """Mode and incident, as often as they were said."""
    return [msgspec.convert(one["kiosk"], tuple[str, int]) for one in said if "kiosk" in one]


def _kills(home: Path, count: int, seed: int) -> _Watch:
    choose = random.Random(seed)
    (home / "record").mkdir()
    watch = _Watch()
    for life in range(count):
        lines_wanted, more_s = choose.randrange(3, 260), choose.uniform(0.0, 0.05)
        given = (home, home / "record", seed * 1000 + life)
        said, _ = killed(
            live,
            given,
            home / "errors",
            lambda said: len(said) >= lines_wanted,  # noqa: B023
            more_s,
        )
        watch.take(said)
        result = journal.verify(home / "record" / "journal.db")
        assert result.ok, result.problem
    return watch


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_kills_lose_nothing_of_the_world_and_lock_nobody_in(full: bool) -> None:
    """Fourteen of them, forty in the long run."""
    kills = 40 if full else 14
    with scratch("test") as folder:
        watch = _kills(Path(folder), kills, 1)
        assert watch.compared >= kills * 3 // 8
        assert {"warned", "locked"} <= watch.modes, watch.modes

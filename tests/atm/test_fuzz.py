"""Whatever is put on the wire, nothing is taken but what a machine wrote now: by chance, and by a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import settings, stateful
from hypothesis import strategies as st

from hw.atm import protocol
from hw.atm.exchange import Exchange, MachineKey
from hw.atm.protocol import PACE, LineRefusal, SessionKeys, fields_of, hello_key, sealed, unsealed
from hw.ports import Claimed
from tests.atm.fuzz import KEYS, Fuzz, report
from tests.worlds.atm_line import counted_nonces


def test_twenty_thousand_bytes() -> None:
    fuzz = Fuzz(seed=1)
    fuzz.run(20_000)
    assert (fuzz.wrong, fuzz.raised) == ([], [])
    assert fuzz.accepted > 5
    assert set(fuzz.refused) >= {"forged", "no_mac", "replayed"}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_million_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    fuzz = Fuzz(seed=2)
    fuzz.run(1_000_000)
    with capsys.disabled():
        print("\n" + report(fuzz))
    assert (fuzz.wrong, fuzz.raised) == ([], [])
    assert fuzz.accepted > 500
    assert fuzz.lives > 20
    assert set(fuzz.refused) == {refusal.value for refusal in LineRefusal} - {"too_many", "wrong_version"}


def _takes_all_counters(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(protocol.Window, "take", lambda window, counter: None)


def _takes_any_mac(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(protocol.Sealed, "fits", lambda found, key: True)


def _keys_without_the_kiosks_number(patch: pytest.MonkeyPatch) -> None:
    whole = SessionKeys.of

    def of(key: bytes, machine: str, machine_nonce: str, kiosk_nonce: str) -> SessionKeys:
        return whole(key, machine, "", "")

    patch.setattr(SessionKeys, "of", of)


@pytest.mark.parametrize("weaken", [_takes_all_counters, _takes_any_mac, _keys_without_the_kiosks_number])
def test_it_would_find_a_weakness(
    weaken: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    weaken(monkeypatch)
    fuzz = Fuzz(seed=3)
    fuzz.run(50_000)
    assert fuzz.wrong


# --- against a model ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Line:
    """A line that was written: by whom, in which session, with which counter."""

    data: bytes
    machine: str
    session: int
    counter: int
    token: str


@dataclass
class _Known:
    """The model of one machine's line: the session that stands, and the highest counter taken in it."""

    session: int = 0
    highest: int = 0
    heard_s: float = 0.0
    keys: SessionKeys | None = None
    written: int = 0
    tokens: list[str] = field(default_factory=list)


class Wire(stateful.RuleBasedStateMachine):
    """Two machines, their two wires, and somebody who keeps, repeats and bends every line of theirs."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 100.0
        self.nonces = counted_nonces()
        self.sessions = 0
        self.lines: list[_Line] = []
        self.known = {name: _Known() for name in KEYS}
        self.kiosk_starts()

    @stateful.rule()
    def kiosk_starts(self) -> None:
        machines = [MachineKey(name, key) for name, key in KEYS.items()]
        self.exchange = Exchange(machines, self.now_s, self.nonces)
        for link, name in enumerate(KEYS):
            self.exchange.opened(link, self.now_s, stays=True)
            self.known[name] = _Known()

    @stateful.rule(name=st.sampled_from(sorted(KEYS)))
    def machine_starts(self, name: str) -> None:
        link = list(KEYS).index(name)
        self.exchange.take_output(link)
        nonce = self.nonces().hex()
        fields: dict[str, object] = {"type": "hello", "version": 1, "machine": name, "nonce": nonce}
        self._feed(link, sealed(hello_key(KEYS[name], name), fields))
        found = unsealed(self.exchange.take_output(link).splitlines()[0])
        assert not isinstance(found, LineRefusal)
        welcome = fields_of(found.body)
        assert isinstance(welcome, dict)
        self.sessions += 1
        keys = SessionKeys.of(KEYS[name], name, nonce, str(welcome["nonce"]))
        self.known[name] = _Known(self.sessions, 1, self.now_s, keys, 1)
        self._feed(link, sealed(keys.up, {"type": "beat", "n": 1, "seen": 0}))

    @stateful.rule(name=st.sampled_from(sorted(KEYS)), skip=st.integers(1, 3))
    def line_is_written(self, name: str, skip: int) -> None:
        """It may arrive, late, twice, or never."""
        known = self.known[name]
        if known.keys is None:
            return
        known.written += skip
        token = f"t{len(self.lines)}"
        fields: dict[str, object] = {"type": "claim", "n": known.written, "token": token}
        data = sealed(known.keys.up, fields)
        self.lines.append(_Line(data, name, known.session, known.written, token))

    @stateful.rule(back=st.integers(1, 12), on=st.sampled_from(sorted(KEYS)))
    def line_arrives(self, back: int, on: str) -> None:
        """Any line of any time, on any wire: the newest one is 1 back."""
        if not self.lines:
            return
        line = self.lines[-min(back, len(self.lines))]
        known = self.known[on]
        fits = (line.machine, line.session) == (on, known.session)
        wanted = [Claimed(on, line.token)] if fits and line.counter > known.highest else []
        assert self._feed(list(KEYS).index(on), line.data) == wanted
        if wanted:
            known.highest, known.heard_s = line.counter, self.now_s

    @stateful.rule(at=st.integers(0, 10_000), bit=st.integers(0, 7), back=st.integers(1, 5))
    def line_is_bent(self, at: int, bit: int, back: int) -> None:
        if not self.lines:
            return
        line = self.lines[-min(back, len(self.lines))]
        data = bytearray(line.data[:-1])
        data[at % len(data)] ^= 1 << bit
        assert self._feed(list(KEYS).index(line.machine), bytes(data) + b"\n") == []

    @stateful.rule(seconds=st.sampled_from([0.5, 2.0, 5.0]))
    def time_passes(self, seconds: float) -> None:
        self.now_s += seconds
        self.exchange.poll(self.now_s)
        self.exchange.take_events()
        for known in self.known.values():
            if self.now_s >= known.heard_s + PACE.lost_s:
                known.session, known.keys = 0, None

    def _feed(self, link: int, data: bytes) -> list[Claimed]:
        self.now_s += 0.05
        self.exchange.feed(link, data, self.now_s)
        return [event for event in self.exchange.take_events() if isinstance(event, Claimed)]


TestWire = pytest.mark.slow(Wire.TestCase)
TestWire.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)

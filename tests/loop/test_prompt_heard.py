"""The whole program and its words: only what was heard counts, on the bench's prompt and the real driver.

The real driver's player is a stub on the story's clock that takes as long as the clips that it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from edge.bench.desk import Desk, StoryClock
from edge.bench.leaving import scratch
from edge.loop.happening import Happening
from edge.messages.prompts import clip_texts
from edge.settings.load import load
from edge.terms.observation import Cover
from hw.bench import SteppedAtm
from hw.board import BenchHands, bench_board
from hw.ports import Board, Clock, Input, Modem
from hw.prompt.fake import CHARACTERS_S, FAILS_AFTER_S, PromptFault
from hw.prompt.real import CabinPrompt, clip_length_s
from hw.wiring import WiringSettings
from tests.worlds.clips import wav
from tests.worlds.desk_world import ScriptedPeople, scripted_desk


class Cabin:
    """A desk with one of the two prompts, and everything that was heard of it."""

    def __init__(self, folder: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._kind, self._monkeypatch = folder, kind, monkeypatch
        self._clock = StoryClock()
        self._fault: PromptFault | None = None
        self._missing = Path()
        self.heard: list[Happening] = []
        self.desk: Desk
        self.people: ScriptedPeople

    def open(self, *settings: str) -> None:
        if self._kind == "real":
            for name, text in clip_texts("en").items():
                wav(self._folder / "clips" / f"{name}.wav", max(0.3, len(text) / CHARACTERS_S))
            self._missing = self._folder / "clips" / "lock_in.wav"
            prompt = CabinPrompt(self._folder / "clips", ("player",), None, start=self._play)

            def with_the_real_one(
                clock: Clock, modem: Modem, wiring: WiringSettings, *, atm: SteppedAtm | None, seed: int
            ) -> tuple[Board, BenchHands]:
                board, hands = bench_board(clock, modem, wiring, atm=atm, seed=seed)
                return replace(board, prompt=prompt), hands

            self._monkeypatch.setattr("edge.bench.desk.bench_board", with_the_real_one)
        self.desk, self.people = scripted_desk(
            self._folder, self.heard.append, clock=self._clock, settings=load(None, list(settings))
        )

    def break_by(self, fault: PromptFault | None) -> None:
        self._fault = fault
        if self._kind == "bench":
            self.desk.hands.fail_prompt(fault is not None, fault or PromptFault.ABSENT)
            return
        for name, text in clip_texts("en").items():
            path = self._folder / "clips" / f"{name}.wav"
            if fault is PromptFault.CLIPS:
                path.write_bytes(path.read_bytes()[:-2])
            else:
                wav(path, max(0.3, len(text) / CHARACTERS_S))

    def _play(self, command: Sequence[str]) -> StoryPlayer:
        if self._fault is PromptFault.ABSENT:
            raise FileNotFoundError(2, "No such file or directory")
        now_s = self._clock.now_s()
        length_s = sum(clip_length_s(Path(file)) for file in command[1:])
        match self._fault:
            case PromptFault.FAILS:
                return StoryPlayer(now_s + FAILS_AFTER_S, 1)
            case PromptFault.ENDS:
                return StoryPlayer(now_s, 0)
            case PromptFault.HANGS:
                return StoryPlayer(float("inf"), 0)
            case _:
                return StoryPlayer(now_s + length_s, 0)

    def names(self, *wanted: str) -> list[str]:
        return [str(h.data["name"]) for h in self.heard if h.data.get("name") in wanted]

    def at_s(self, name: str) -> list[float]:
        return [h.at_s for h in self.heard if h.data.get("name") == name]

    @property
    def alerts(self) -> list[object]:
        return [h.data["reason"] for h in self.heard if h.data.get("alert") in ("fault", "lock_withheld")]

    @property
    def locked(self) -> list[float]:
        return [h.at_s for h in self.heard if h.kind == "command" and h.data.get("door") == "locked"]


class StoryPlayer:
    def __init__(self, until_s: float, status: int) -> None:
        self._until_s, self._status = until_s, status

    def poll(self, now_s: float) -> int | None:
        return self._status if now_s >= self._until_s else None

    def kill(self) -> None:
        self._until_s, self._status = float("-inf"), -9

    def close(self) -> None:
        pass


Make = Callable[[], Cabin]


@pytest.fixture(params=["bench", "real"])
def cabin(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cabin]:
    with scratch("test") as folder:
        cabin = Cabin(Path(folder), request.param, monkeypatch)
        yield cabin
        cabin.desk.close()


def test_whoever_complies_sends_no_fault(cabin: Cabin) -> None:
    """Warned, the mask comes off in the middle of the words: silence is ordered, and is nothing."""
    cabin.open()
    cabin.desk.move_input(Input.DOOR, True)
    cabin.people.do("enter anna with mask", 0.0)
    cabin.desk.run_to(1.0)
    cabin.desk.move_input(Input.DOOR, False)
    cabin.desk.run_to(9.0)
    assert cabin.desk.kiosk.name == "warned"
    cabin.people.people = {"anna": Cover.NONE}
    cabin.desk.run_to(20.0)
    assert cabin.desk.kiosk.name == "cleared"
    assert not cabin.names("device_failed", "prompt_given")
    assert not [h for h in cabin.heard if h.kind == "sms"]


@pytest.mark.slow
@pytest.mark.parametrize("lock_after_s", [12, 13, 20])
def test_words_that_newer_ones_replace_are_no_fault_and_take_no_lock_back(
    cabin: Cabin, lock_after_s: int
) -> None:
    """In the middle of them, as what covers her face changes, and at the lock, as they are being repeated."""
    cabin.open(f"flow.lock_after_s={lock_after_s}")
    cabin.people.do("enter anna with mask", 0.0)
    cabin.desk.run_to(9.0)
    cabin.people.people = {"anna": Cover.SCARF}
    cabin.desk.run_to(80.0)
    assert not cabin.names("device_failed")
    assert not cabin.alerts
    assert len(cabin.at_s("record_lock")) == len(cabin.locked) == 1
    heard_s = [at_s for at_s in cabin.at_s("prompt_given") if at_s < cabin.locked[0]]
    assert heard_s
    assert cabin.locked[0] >= heard_s[0] + 10.0


@pytest.mark.slow
@pytest.mark.parametrize("fault", list(PromptFault))
def test_whose_words_fail_locks_nobody_tells_it_once_and_works_again(
    cabin: Cabin, fault: PromptFault
) -> None:
    cabin.open()
    cabin.break_by(fault)
    cabin.people.do("enter anna with mask", 0.0)
    cabin.desk.run_to(90.0)
    code = "prompt_clip_missing" if fault is PromptFault.CLIPS else "prompt_failed"
    assert not cabin.locked
    assert not cabin.names("prompt_given", "device_recovered")
    assert [h.data["code"] for h in cabin.heard if h.data.get("name") == "device_failed"] == [code]
    assert code in cabin.alerts
    cabin.break_by(None)
    cabin.desk.run_to(140.0)
    assert cabin.names("device_failed", "device_recovered") == ["device_failed", "device_recovered"]
    assert len(cabin.locked) == 1
    (mended_s,) = cabin.at_s("device_recovered")
    heard_s = [at_s for at_s in cabin.at_s("prompt_given") if mended_s < at_s < cabin.locked[0]]
    assert cabin.locked[0] >= heard_s[0] + 10.0, "what was said while it was broken threatened nothing"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lock_after_s", "lead_s", "adjust_s"),
    [(20, 10, 6), (15, 15, 3), (14, 3, 6), (31.5, 10, 4.3), (75, 10, 6), (25, 0, 7)],
)
def test_the_seconds_said_are_there(
    cabin: Cabin, lock_after_s: float, lead_s: float, adjust_s: float
) -> None:
    """From the end of the words to the lock, for every warning that names a number."""
    flow = {"lock_after_s": lock_after_s, "prompt_lead_s": lead_s, "adjust_after_s": adjust_s}
    cabin.open(*(f"flow.{name}={value}" for name, value in flow.items()))
    prompt = cabin.desk.kiosk.board.prompt
    promised: list[tuple[float, int]] = []
    say = prompt.say

    def listen(ticket: int, clips: Sequence[str], text: str, now_s: float) -> None:
        say(ticket, clips, text, now_s)
        numbers = [int(name.removeprefix("number_")) for name in clips if name.startswith("number_")]
        numbers += [60 for name in clips if name == "lock_in_minute"]
        if numbers:
            promised.append((now_s + prompt.spoken_s(clips, text), numbers[0]))

    cabin.desk.kiosk.board.prompt.say = listen  # type: ignore[method-assign]
    cabin.people.do("enter anna with mask", 0.0)
    cabin.desk.run_to(120.0)
    (locked_s,) = cabin.locked
    assert promised
    for at_s, seconds in promised:
        assert seconds <= locked_s - at_s

"""Prompts: heard at their end or failed, one contract for speech, display and bench; nothing waited for."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import wave
from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path
from typing import Protocol

import pytest

from hw.ports import HardwareError, Prompt, PromptResult
from hw.prompt.fake import CHARACTERS_S, FAILS_AFTER_S, BenchPrompt, PromptFault, Said
from hw.prompt.real import (
    READ_CHARACTERS_S,
    READ_S,
    CabinPrompt,
    Player,
    alsa_player,
    clip_length_s,
    make_clips,
)
from hw.prompt.speech import LATE_S, LET_GO_S, LOOK_S, shortest_s
from tests.worlds.clips import CLIP_S, wav

LENGTH_S = 2 * CLIP_S
"""Of every text that the contract says: two clips."""


def _script(folder: Path, name: str, body: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def _clips(folder: Path, *names: str) -> Path:
    clips = folder / "clips"
    clips.mkdir(exist_ok=True)
    for name in names:
        wav(clips / f"{name}.wav")
    return clips


# --- the contract: the real driver with stub players, a display, the bench ---------------------------


class World(Protocol):
    """A prompt on the test's clock, with somebody behind it who fails as he is told."""

    @property
    def prompt(self) -> Prompt: ...

    def break_by(self, fault: PromptFault | None) -> None: ...

    def settle(self, now_s: float) -> None:
        """See to it that what is to have happened by now has happened."""
        ...


class BenchWorld:
    def __init__(self, folder: Path) -> None:
        self.prompt = BenchPrompt()

    def break_by(self, fault: PromptFault | None) -> None:
        self.prompt.fault = fault

    def settle(self, now_s: float) -> None:
        pass


class PlayerWorld:
    """The real driver. Its player is a process that ends when the test's clock has come to its end."""

    def __init__(self, folder: Path) -> None:
        self._fault: PromptFault | None = None
        self._now_s = 0.0
        self._living: list[_Started] = []
        self._clips = _clips(folder, "mask", "lock")
        self._script = _script(
            folder, "player", 'while [ ! -e "$0.$$" ]; do sleep 0.02; done; exit "$(cat "$0.$$")"'
        )
        self.prompt = CabinPrompt(self._clips, (str(self._script),), None, start=self._start)

    def break_by(self, fault: PromptFault | None) -> None:
        self._fault = fault
        self._script.chmod(0o644 if fault is PromptFault.ABSENT else 0o755)
        if fault is PromptFault.CLIPS:
            (self._clips / "lock.wav").write_bytes(b"hello " * 9000)
        else:
            wav(self._clips / "lock.wav")

    def settle(self, now_s: float) -> None:
        self._now_s = now_s
        for player in [p for p in self._living if p.killed or p.ends_s <= now_s]:
            if not player.killed:
                said = self._script.with_name(f"player.{player.pid}.part")
                said.write_text(f"{player.status}\n")
                said.rename(said.with_suffix(""))
            with contextlib.suppress(ChildProcessError):  # the driver was quicker to take note of its end
                os.waitid(os.P_PID, player.pid, os.WEXITED | os.WNOWAIT)
            self._living.remove(player)

    def _start(self, command: Sequence[str]) -> _Started:
        after_s, status = {
            PromptFault.FAILS: (FAILS_AFTER_S, 1),
            PromptFault.ENDS: (0.0, 0),
            PromptFault.HANGS: (inf, 0),
            None: (LENGTH_S, 0),
        }.get(self._fault, (0.0, 0))
        player = _Started(command, self._now_s + after_s, status)
        self._living.append(player)
        return player


class _Started(Player):
    def __init__(self, command: Sequence[str], ends_s: float, status: int) -> None:
        super().__init__(command)
        self.ends_s, self.status = ends_s, status
        self.killed = False

    def kill(self) -> None:
        super().kill()
        self.killed = True


class DisplayWorld:
    """A display that somebody holds, or nobody: it knows no other faults."""

    def __init__(self, folder: Path) -> None:
        self._line = folder / "line"
        os.mkfifo(self._line)
        self._reader: int | None = os.open(self._line, os.O_RDONLY | os.O_NONBLOCK)
        self.prompt = CabinPrompt(None, (), self._line)

    def break_by(self, fault: PromptFault | None) -> None:
        if fault is not None and self._reader is not None:
            os.close(self._reader)
            self._reader = None
        elif fault is None and self._reader is None:
            self._reader = os.open(self._line, os.O_RDONLY | os.O_NONBLOCK)

    def settle(self, now_s: float) -> None:
        pass


MakeWorld = Callable[[Path], World]
TALKERS: tuple[MakeWorld, ...] = (BenchWorld, PlayerWorld)
TEXT = "x" * int(LENGTH_S * CHARACTERS_S)
READ_TEXT = "x" * int((LENGTH_S - READ_S) * READ_CHARACTERS_S)


@pytest.fixture(params=[BenchWorld, PlayerWorld, DisplayWorld])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    make: MakeWorld = request.param
    return make(tmp_path)


def say(world: World, ticket: int, now_s: float) -> None:
    world.settle(now_s)
    text = READ_TEXT if isinstance(world, DisplayWorld) else TEXT
    world.prompt.say(ticket, ["mask", "lock"], text, now_s)


def run(world: World, now_s: float, until_s: float) -> list[tuple[float, PromptResult]]:
    """Poll as a story's clock does, when it is asked to; each result with its time."""
    found: list[tuple[float, PromptResult]] = []
    while now_s <= until_s:
        world.settle(now_s)
        found += [(now_s, result) for result in world.prompt.poll(now_s)]
        wake_s = world.prompt.next_wake_s()
        now_s = max(now_s + 0.001, until_s + 1.0 if wake_s is None else wake_s)
    return found


def outcome(found: list[tuple[float, PromptResult]]) -> list[tuple[int, bool, str]]:
    return [(result.ticket, result.ok, result.code) for _, result in found]


HEARD_BY_S = LENGTH_S + 3 * LOOK_S


def test_words_are_heard_at_their_end_and_not_before(world: World) -> None:
    assert run(world, 0.0, 1.0) == []
    assert world.prompt.next_wake_s() is None
    for start_s, ticket in ((10.0, 1), (20.0, 2)):
        say(world, ticket, start_s)
        ((at_s, result),) = run(world, start_s, start_s + 9.0)
        assert result == PromptResult(ticket, True)
        assert shortest_s(LENGTH_S) <= at_s - start_s <= HEARD_BY_S
    world.prompt.close()


def test_what_they_take_is_known_before(world: World) -> None:
    text = READ_TEXT if isinstance(world, DisplayWorld) else TEXT
    assert world.prompt.spoken_s(["mask", "lock"], text) == pytest.approx(LENGTH_S, abs=0.1)


def test_replaced_words_are_neither_heard_nor_failed(world: World) -> None:
    """At once, in the middle of them, and just before their end; the ones that replaced them are heard."""
    for number, after_s in enumerate((0.0, 0.2, 1.0, LENGTH_S - 0.5)):
        start_s = 100.0 * number
        say(world, 1, start_s)
        assert run(world, start_s, start_s + after_s) == []
        say(world, 2, start_s + after_s)
        assert outcome(run(world, start_s + after_s, start_s + 20.0)) == [(2, True, "")]
    world.prompt.close()


def test_words_that_ended_just_before_the_next_were_heard(world: World) -> None:
    say(world, 1, 0.0)
    assert run(world, 0.0, LENGTH_S - LOOK_S) == []
    say(world, 2, LENGTH_S + 0.05)
    assert outcome(run(world, LENGTH_S + 0.05, 30.0)) == [(1, True, ""), (2, True, "")]
    world.prompt.close()


def test_silence_is_no_failure_and_ends_the_words(world: World) -> None:
    for broken in (False, True):
        world.break_by(PromptFault.ABSENT if broken else None)
        world.prompt.say(1, (), "", 0.0)
        assert run(world, 0.0, 9.0) == []
    world.break_by(None)
    say(world, 2, 10.0)
    assert run(world, 10.0, 11.0) == []
    world.prompt.say(3, (), "", 11.0)
    assert run(world, 11.0, 40.0) == []
    world.prompt.close()


@pytest.mark.slow
@pytest.mark.parametrize("make", TALKERS)
@pytest.mark.parametrize(
    ("fault", "code", "by_s"),
    [
        (PromptFault.ABSENT, "prompt_failed", 0.0),
        (PromptFault.CLIPS, "prompt_clip_missing", 0.0),
        (PromptFault.FAILS, "prompt_failed", FAILS_AFTER_S + 2 * LOOK_S),
        (PromptFault.ENDS, "prompt_failed", 2 * LOOK_S),
        (PromptFault.HANGS, "prompt_failed", LENGTH_S + LATE_S + 2 * LOOK_S),
    ],
)
def test_each_fault_of_a_player_fails_the_prompt_once_and_the_next_is_heard(
    make: MakeWorld,
    fault: PromptFault,
    code: str,
    by_s: float,
    tmp_path: Path,
) -> None:
    world = make(tmp_path)
    world.break_by(fault)
    say(world, 1, 0.0)
    found = run(world, 0.0, 20.0)
    assert outcome(found) == [(1, False, code)]
    assert found[0][0] <= by_s
    assert found[0][1].detail
    world.break_by(None)
    say(world, 2, 30.0)
    assert outcome(run(world, 30.0, 50.0)) == [(2, True, "")]
    world.prompt.close()


def test_a_display_that_nobody_looks_at_fails_at_once_or_at_the_end(
    tmp_path: Path,
) -> None:
    world = DisplayWorld(tmp_path)
    world.break_by(PromptFault.ABSENT)
    say(world, 1, 0.0)
    assert outcome(run(world, 0.0, 9.0)) == [(1, False, "prompt_failed")]
    world.break_by(None)
    say(world, 2, 10.0)
    assert run(world, 10.0, 11.0) == []
    world.break_by(PromptFault.ABSENT)
    assert outcome(run(world, 11.0, 20.0)) == [(2, False, "prompt_failed")]


@pytest.mark.parametrize("make", TALKERS)
def test_a_player_that_broke_while_the_loop_was_late_was_not_heard(make: MakeWorld, tmp_path: Path) -> None:
    world = make(tmp_path)
    world.break_by(PromptFault.ENDS)
    say(world, 1, 0.0)
    world.settle(LENGTH_S)
    assert [result.ok for result in world.prompt.poll(LENGTH_S)] == [False], "nobody saw it go on"
    world.prompt.close()


# --- the real driver ---------------------------------------------------------------------------------


def _wait_for(prompt: Prompt, now_s: float) -> tuple[PromptResult, ...]:
    """The answer at this time of the driver's clock, however long a process takes for it."""
    for _ in range(6000):
        results = prompt.poll(now_s)
        if results:
            return results
        time.sleep(0.01)
    return ()


def test_the_clips_are_played_in_order_and_the_display_gets_one_line(tmp_path: Path) -> None:
    player = _script(tmp_path, "player", 'echo "$@" > "$0.part"; mv "$0.part" "$0.played"; exec sleep 100')
    prompt = CabinPrompt(_clips(tmp_path, "mask", "lock"), (str(player), "-q"), tmp_path / "display")
    prompt.say(1, ["mask", "lock"], "Take it\noff\x1b[2J, please.", 0.0)
    while not (tmp_path / "player.played").exists():
        time.sleep(0.01)
    played = (tmp_path / "player.played").read_text().split()
    assert played[0] == "-q"
    assert [Path(word).name for word in played[1:]] == ["mask.wav", "lock.wav"]
    assert (tmp_path / "display").read_text() == "Take it off [2J, please.\n"
    prompt.say(2, (), "", 0.5)
    assert (tmp_path / "display").read_text() == "\n"
    prompt.close()


def test_a_player_that_hangs_is_ended_and_never_waited_for(tmp_path: Path) -> None:
    player = _script(tmp_path, "player", 'echo $$ > "$0.part"; mv "$0.part" "$0.pid"; exec sleep 1000')
    prompt = CabinPrompt(_clips(tmp_path, "mask"), (str(player),), None)
    prompt.say(1, ["mask"], "words", 0.0)
    while not (tmp_path / "player.pid").exists():
        time.sleep(0.01)
    assert prompt.poll(CLIP_S + LATE_S) == ()
    assert [result.ok for result in prompt.poll(CLIP_S + LATE_S + 0.1)] == [False]
    prompt.close()
    pid = int((tmp_path / "player.pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_next_words_wait_until_the_loudspeaker_is_free_but_not_for_ever(
    tmp_path: Path,
) -> None:
    """A killed player needs a moment to let go; a busy device would refuse the next one."""
    started: list[float] = []

    class Clinging:
        """Hangs in the kernel: even killed it does not end."""

        def __init__(self, command: Sequence[str]) -> None:
            started.append(now_s)

        def poll(self, now_s: float) -> int | None:
            return None

        def kill(self) -> None:
            pass

        def close(self) -> None:
            pass

    prompt = CabinPrompt(_clips(tmp_path, "mask"), ("player",), None, start=Clinging)
    now_s = 0.0
    prompt.say(1, ["mask"], "words", now_s)
    now_s = 1.0
    prompt.say(2, ["mask"], "words", now_s)
    while now_s < 3.0:
        assert prompt.poll(now_s) == ()
        now_s += 0.05
    assert started[0] == 0.0
    assert started[1] == pytest.approx(1.0 + LET_GO_S, abs=0.06)
    assert len(started) == 2


@pytest.mark.parametrize(
    ("clips", "player", "code", "words"),
    [
        (["gone"], "exit 0", "prompt_clip_missing", "gone.wav"),
        ([], "exit 0", "prompt_clip_missing", "no clip named"),
        (["mask"], "exit 1", "prompt_failed", "ended with 1"),
        (["mask"], "kill -9 $$", "prompt_failed", "ended with -9"),
        (["mask"], "exit 0", "prompt_failed", "of words"),
        (["mask"], None, "prompt_failed", "no-player"),
    ],
)
def test_what_goes_wrong_is_answered_by_name(
    clips: list[str], player: str | None, code: str, words: str, tmp_path: Path
) -> None:
    command = tmp_path / "no-player" if player is None else _script(tmp_path, "player", player)
    prompt = CabinPrompt(_clips(tmp_path, "mask"), (str(command),), tmp_path / "display")
    prompt.say(3, clips, "words", 0.0)
    (result,) = _wait_for(prompt, 0.1)
    assert (result.ticket, result.ok, result.code) == (3, False, code), "a display does not stand in"
    assert words in result.detail
    assert (tmp_path / "display").read_text() == "words\n", "but it shows the words"


def test_neither_loudspeaker_nor_display_reaches_anybody() -> None:
    prompt = CabinPrompt(None, (), None)
    prompt.say(1, ["mask"], "words", 0.0)
    (result,) = prompt.poll(0.0)
    assert (result.ok, result.code) == (False, "prompt_failed")


def test_a_folder_without_clips_is_named(tmp_path: Path) -> None:
    prompt = CabinPrompt(tmp_path / "none", ("true",), None)
    prompt.say(1, ["mask"], "words", 0.0)
    (result,) = prompt.poll(0.0)
    assert (result.ok, result.code) == (False, "prompt_clip_missing")


def test_a_file_shows_the_newest_line_but_reaches_nobody(tmp_path: Path) -> None:
    prompt = CabinPrompt(None, (), tmp_path / "line")
    for ticket in (1, 2):
        prompt.say(ticket, [], f"words {ticket}", 0.0)
        (result,) = prompt.poll(0.0)
        assert not result.ok, "nobody may be locked in for words in a file"
    assert (tmp_path / "line").read_text() == "words 2\n"


def test_a_clip_that_is_damaged_or_made_later_is_noticed_by_the_next_words(tmp_path: Path) -> None:
    clips = _clips(tmp_path)
    prompt = CabinPrompt(clips, ("true",), None)
    assert prompt.spoken_s(["mask"], "words") == pytest.approx(5 / 9), "a guess"
    wav(clips / "mask.wav", 2.0)
    assert prompt.spoken_s(["mask"], "words") == pytest.approx(2.0)
    wav(clips / "mask.wav", 1.0)
    assert prompt.spoken_s(["mask", "mask"], "words") == pytest.approx(2.0)
    (clips / "mask.wav").write_bytes(b"hello")
    prompt.say(1, ["mask"], "words", 0.0)
    (result,) = prompt.poll(0.0)
    assert result.code == "prompt_clip_missing"


def test_the_bench_remembers_and_echoes() -> None:
    heard: list[str] = []
    prompt = BenchPrompt(heard.append)
    prompt.say(1, ["mask"], "one", 5.0)
    prompt.fault = PromptFault.ABSENT
    prompt.say(2, ["mask"], "two", 9.0)
    assert heard == ["one"]
    assert list(prompt.said) == [Said(1, ("mask",), "one", 5.0)]


def test_player_command_refuses_to_wait_for_a_busy_device() -> None:
    assert alsa_player() == ("aplay", "-q", "-N")
    assert alsa_player("plughw:1") == ("aplay", "-q", "-N", "-D", "plughw:1")


# --- clips -------------------------------------------------------------------------------------------


def test_a_whole_clip_has_a_length(tmp_path: Path) -> None:
    assert clip_length_s(wav(tmp_path / "a.wav", 1.25, 22050)) == pytest.approx(1.25, abs=0.001)


def test_a_clip_cut_off_anywhere_is_no_clip(tmp_path: Path) -> None:
    whole = wav(tmp_path / "whole.wav", 0.2).read_bytes()
    for size in (*range(200), *range(200, len(whole), 97), len(whole) - 1):
        (tmp_path / "cut.wav").write_bytes(whole[:size])
        with pytest.raises(HardwareError, match=r"cut\.wav") as caught:
            clip_length_s(tmp_path / "cut.wav")
        assert caught.value.code == "prompt_clip_missing"


def test_a_damaged_header_is_told_or_harmless(tmp_path: Path) -> None:
    whole = wav(tmp_path / "whole.wav", 0.3).read_bytes()
    for place in range(44):
        for value in (0, 0x7F, 0xFF):
            (tmp_path / "a.wav").write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
            with contextlib.suppress(HardwareError):
                assert 0.1 <= clip_length_s(tmp_path / "a.wav") <= 60.0


def _silent(path: Path) -> None:
    with wave.open(str(path), "wb") as clip:
        clip.setparams((1, 2, 8000, 0, "NONE", ""))
        clip.writeframes(bytes(16000))


def _nothing(path: Path) -> None:
    with wave.open(str(path), "wb") as clip:
        clip.setparams((1, 2, 8000, 0, "NONE", ""))


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _link_to_nothing(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_text("hello " * 9000),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(bytes(100_000)),
        lambda path: path.write_bytes(b"ID3" + os.urandom(20_000)),
        lambda path: wav(path, 0.02),
        lambda path: wav(path, 61.0),
        lambda path: path.mkdir(),
        _silent,
        _nothing,
        _pipe,
        _link_to_nothing,
    ],
)
def test_what_is_no_phrase_is_no_clip(make: Callable[[Path], object], tmp_path: Path) -> None:
    make(tmp_path / "a.wav")
    with pytest.raises(HardwareError, match=r"a\.wav") as caught:
        clip_length_s(tmp_path / "a.wav")
    assert caught.value.code == "prompt_clip_missing"


def _speaker(folder: Path, made: Path) -> Path:
    """A program that is called as eSpeak and writes a clip that is there already."""
    find = 'cat > "$0.heard"; while [ "$1" != -w ]; do shift; done; '
    return _script(folder, "speak", f'{find} cp "{made}" "$2"')


def test_clips_are_made_from_text_and_on_the_disk_before_they_take_their_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = _speaker(tmp_path, wav(tmp_path / "said.wav"))
    synced: list[str] = []
    sync = os.fsync

    def note(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        sync(handle)

    monkeypatch.setattr(os, "fsync", note)
    made = make_clips({"mask": "Take off the mask", "lock-in": "-v"}, "en", tmp_path / "out", str(program))
    assert synced == [".mask.wav.part", "out", ".lock-in.wav.part", "out"]
    assert [path.name for path in made] == ["mask.wav", "lock-in.wav"]
    assert clip_length_s(made[0]) == pytest.approx(CLIP_S)
    assert (tmp_path / "speak.heard").read_text() == "-v"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["lock-in.wav", "mask.wav"]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("exit 1", "mask"),
        (None, "mask"),
        (": > /dev/null", "mask"),
        ('while [ "$1" != -w ]; do shift; done; head -c 9000 /dev/zero > "$2"', "mask"),
        ('while [ "$1" != -w ]; do shift; done; head -c 9000 "$0.wav" > "$2"', "mask"),
        ('while [ "$1" != -w ]; do shift; done; cp "$0.wav" "$2"', "../mask"),
    ],
)
def test_a_clip_that_cannot_be_made_is_named_and_the_old_one_stays(
    body: str | None, name: str, tmp_path: Path
) -> None:
    wav(tmp_path / "speak.wav", 2.0)
    program = tmp_path / "no-such-program" if body is None else _script(tmp_path, "speak", body)
    out = _clips(tmp_path, "mask")
    before = (out / "mask.wav").read_bytes()
    with pytest.raises(HardwareError, match="mask") as caught:
        make_clips({name: "words"}, "en", out, str(program))
    assert caught.value.code == "prompt_clip_missing"
    assert (out / "mask.wav").read_bytes() == before
    assert len(list(out.iterdir())) == 1


def test_a_folder_that_cannot_be_made_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(HardwareError, match="mask") as caught:
        make_clips({"mask": "words"}, "en", tmp_path / "out", "true")
    assert caught.value.code == "prompt_clip_missing"


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="no espeak-ng here")
def test_espeak_makes_a_wav(tmp_path: Path) -> None:
    (clip,) = make_clips({"mask": "Please take off your mask."}, "en", tmp_path)
    assert 0.5 < clip_length_s(clip) < 10

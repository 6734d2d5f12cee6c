"""Prompts: one contract for speech and bench, failures answered rather than raised, nothing waited for."""

from __future__ import annotations

import os
import shutil
import time
import wave
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from hw.ports import HardwareError, Prompt, PromptResult
from hw.prompt.fake import BenchPrompt
from hw.prompt.real import STARTED_S, CabinPrompt, alsa_player, make_clips


def _script(folder: Path, name: str, body: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def _clips(folder: Path, *names: str) -> Path:
    clips = folder / "clips"
    clips.mkdir(exist_ok=True)
    for name in names:
        (clips / f"{name}.wav").write_bytes(b"RIFF")
    return clips


def _speech(folder: Path) -> Prompt:
    player = _script(folder, "player", 'echo "$@" >> "$(dirname "$0")/played"; exec sleep 0.01')
    return CabinPrompt(_clips(folder, "mask", "lock"), (str(player), "-q"), folder / "display")


def _display(folder: Path) -> Prompt:
    os.mkfifo(folder / "line")
    reader = os.open(folder / "line", os.O_RDONLY | os.O_NONBLOCK)
    prompt = CabinPrompt(None, (), folder / "line")
    weakref.finalize(prompt, os.close, reader)
    return prompt


def _answers(prompt: Prompt, start_s: float = 0.0) -> tuple[PromptResult, ...]:
    """Poll as the loop would; the story's time reaches STARTED_S only after two seconds of real time."""
    for index in range(200):
        results = prompt.poll(start_s + STARTED_S * index / 199)
        if results:
            return results
        time.sleep(0.01)
    return ()


@pytest.mark.parametrize("make", [_speech, _display, lambda _: BenchPrompt()])
def test_contract(make: Callable[[Path], Prompt], tmp_path: Path) -> None:
    prompt = make(tmp_path)
    assert prompt.poll(0.0) == ()
    prompt.say(1, ["mask", "lock"], "Please take off the mask.", 0.0)
    assert _answers(prompt) == (PromptResult(1, True),)
    assert prompt.poll(9.0) == (), "answered once"
    prompt.say(2, ["lock"], "The door will lock.", 10.0)
    assert _answers(prompt, 10.0) == (PromptResult(2, True),)
    prompt.close()


def test_the_clips_are_played_in_order_and_the_display_gets_one_line(tmp_path: Path) -> None:
    prompt = _speech(tmp_path)
    prompt.say(1, ["mask", "lock"], "Take it\noff\x1b[2J, please.", 0.0)
    assert _answers(prompt)[0].ok
    played = (tmp_path / "played").read_text().split()
    assert played[0] == "-q"
    assert [Path(word).name for word in played[1:]] == ["mask.wav", "lock.wav"]
    assert (tmp_path / "display").read_text() == "Take it off [2J, please.\n"
    prompt.close()


def test_a_player_that_goes_on_counts_as_started_and_is_never_waited_for(tmp_path: Path) -> None:
    player = _script(tmp_path, "player", "exec sleep 60")
    prompt = CabinPrompt(_clips(tmp_path, "mask"), (str(player),), None)
    began_s = time.monotonic()
    prompt.say(1, ["mask"], "", 0.0)
    assert prompt.poll(STARTED_S / 2) == ()
    assert prompt.poll(STARTED_S) == (PromptResult(1, True),)
    prompt.say(2, ["mask"], "", 5.0)
    assert prompt.poll(6.0) == (PromptResult(2, True),)
    prompt.close()
    assert time.monotonic() - began_s < 30


def test_a_replaced_prompt_is_answered_too(tmp_path: Path) -> None:
    player = _script(tmp_path, "player", "exec sleep 60")
    prompt = CabinPrompt(_clips(tmp_path, "mask"), (str(player),), None)
    prompt.say(1, ["mask"], "", 0.0)
    prompt.say(2, ["mask"], "", 0.1)
    assert [(result.ticket, result.ok) for result in prompt.poll(0.1)] == [(1, False)]
    assert prompt.poll(1.0) == (PromptResult(2, True),)
    prompt.close()


@pytest.mark.parametrize(
    ("clips", "player", "words"),
    [
        (["gone"], "exit 0", "prompt_clip_missing: gone.wav"),
        ([], "exit 0", "prompt_clip_missing"),
        (["mask"], "exit 1", "ended with 1"),
        (["mask"], None, "no-player"),
    ],
)
def test_what_goes_wrong_is_answered_by_name(
    clips: list[str], player: str | None, words: str, tmp_path: Path
) -> None:
    command = tmp_path / "no-player" if player is None else _script(tmp_path, "player", player)
    prompt = CabinPrompt(_clips(tmp_path, "mask"), (str(command),), tmp_path / "display")
    prompt.say(3, clips, "words", 0.0)
    (result,) = _answers(prompt)
    assert (result.ticket, result.ok) == (3, False), "a display does not stand in for a broken loudspeaker"
    assert words in result.detail
    assert (tmp_path / "display").read_text() == "words\n", "but it shows the words"


def test_a_display_alone_that_fails_is_answered(tmp_path: Path) -> None:
    prompt = CabinPrompt(None, (), tmp_path / "no" / "display")
    prompt.say(1, [], "words", 0.0)
    (result,) = prompt.poll(0.0)
    assert not result.ok
    assert "prompt_failed" in result.detail


def test_neither_loudspeaker_nor_display_reaches_anybody() -> None:
    prompt = CabinPrompt(None, (), None)
    prompt.say(1, ["mask"], "words", 0.0)
    assert [result.ok for result in prompt.poll(0.0)] == [False]


def test_a_file_shows_the_newest_line_but_reaches_nobody(tmp_path: Path) -> None:
    prompt = CabinPrompt(None, (), tmp_path / "line")
    for ticket in (1, 2):
        prompt.say(ticket, [], f"words {ticket}", 0.0)
        (result,) = prompt.poll(0.0)
        assert not result.ok, "nobody may be locked in for words in a file"
    assert (tmp_path / "line").read_text() == "words 2\n"


def test_a_display_that_nobody_reads_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "line")
    prompt = CabinPrompt(None, (), tmp_path / "line")
    prompt.say(1, [], "words", 0.0)
    assert [result.ok for result in prompt.poll(0.0)] == [False]


def test_the_bench_remembers_echoes_and_fails_on_request() -> None:
    heard: list[str] = []
    prompt = BenchPrompt(heard.append)
    prompt.say(1, ["mask"], "one", 5.0)
    prompt.failing = True
    prompt.say(2, ["mask"], "two", 6.0)
    assert [(result.ticket, result.ok) for result in prompt.poll(6.0)] == [(1, True), (2, False)]
    assert heard == ["one"]
    assert [(said.text, said.at_s) for said in prompt.said] == [("one", 5.0)]


def test_player_command_refuses_to_wait_for_a_busy_device() -> None:
    assert alsa_player() == ("aplay", "-q", "-N")
    assert alsa_player("plughw:1") == ("aplay", "-q", "-N", "-D", "plughw:1")


_SPEAKER = 'while [ "$1" != -w ]; do shift; done; { head -c 44 /dev/zero; cat; } > "$2"'


def test_clips_are_made_from_text(tmp_path: Path) -> None:
    program = _script(tmp_path, "speak", _SPEAKER)
    made = make_clips({"mask": "Take off the mask", "lock-in": "-v"}, "en", tmp_path / "out", str(program))
    assert [path.name for path in made] == ["mask.wav", "lock-in.wav"]
    assert made[0].read_bytes()[44:] == b"Take off the mask"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["lock-in.wav", "mask.wav"]


@pytest.mark.parametrize(
    ("body", "name"), [("exit 1", "mask"), (None, "mask"), (": > /dev/null", "mask"), (_SPEAKER, "../mask")]
)
def test_a_clip_that_cannot_be_made_is_named_and_the_old_one_stays(
    body: str | None, name: str, tmp_path: Path
) -> None:
    program = tmp_path / "no-such-program" if body is None else _script(tmp_path, "speak", body)
    out = _clips(tmp_path, "mask")
    with pytest.raises(HardwareError, match="mask") as caught:
        make_clips({name: "words"}, "en", out, str(program))
    assert caught.value.code == "prompt_clip_missing"
    assert (out / "mask.wav").read_bytes() == b"RIFF"
    assert len(list(out.iterdir())) == 1


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="no espeak-ng here")
def test_espeak_makes_a_wav(tmp_path: Path) -> None:
    (clip,) = make_clips({"mask": "Please take off your mask."}, "en", tmp_path)
    with wave.open(str(clip)) as sound:
        assert 0.5 < sound.getnframes() / sound.getframerate() < 10

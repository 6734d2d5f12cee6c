"""Words in the cabin: recorded clips through ALSA's player, and a line of text for a display.

The clips are made from text once, when the kiosk is installed, so that speaking needs no more than playing a
file. The player is a child process that is looked at when polled and never waited for.
"""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hw.ports import HardwareError
from hw.prompt.speech import Mouth, Saying, Speech

CLOSE_S: Final = 1.0
"""How long `close` waits for a killed player; one that hangs in the kernel is left to the system."""

MAKE_TIMEOUT_S: Final = 30.0

SHORTEST_CLIP_S: Final = 0.1
LONGEST_CLIP_S: Final = 60.0
"""No phrase is shorter or longer: the recording or its header is damaged."""

READ_S: Final = 1.0
READ_CHARACTERS_S: Final = 12.0
"""A line on a display counts as read after a moment to find it, and so many characters a second: slower than
subtitles."""


Start = Callable[[Sequence[str]], Saying]
"""Begins a command; OSError where it cannot be started."""


class CabinPrompt(Speech):
    """Speech, a display, or both. Where there is speech it decides whether a prompt reached the person.

    `clips_dir` holds NAME.wav for every clip, None where there is no loudspeaker; `player` is the command
    that plays the files named after it, begun by `start`; `display` takes a line of text: a terminal or pipe
    with something at its other end, or a plain file, which then holds the newest line but has reached nobody.
    """

    def __init__(
        self,
        clips_dir: Path | None,
        player: Sequence[str],
        display: Path | None,
        *,
        start: Start | None = None,
    ) -> None:
        self._display = None if display is None else _Display(display)
        mouth: Mouth = _Nothing()
        if clips_dir is not None:
            mouth = _Loudspeaker(clips_dir, player, start or Player)
        elif self._display is not None:
            mouth = self._display
        super().__init__(mouth)

    def say(self, ticket: int, clips: Sequence[str], text: str, now_s: float) -> None:
        """Begin to say it; the answer comes from `poll`. Never raises: a prompt that fails is answered so."""
        if self._display is not None:
            self._display.show(text)
        super().say(ticket, clips, text, now_s)


class _Nothing:
    """Neither loudspeaker nor display."""

    def length_s(self, clips: Sequence[str], text: str) -> float:
        raise HardwareError("prompt_failed", "neither loudspeaker nor display")

    def begin(self, clips: Sequence[str], text: str, now_s: float) -> Saying:
        raise HardwareError("prompt_failed", "neither loudspeaker nor display")


# --- speech ----------------------------------------------------------------------------------------


class _Loudspeaker:
    """Plays the clips of a folder. A clip is read once, and again when its file changes."""

    def __init__(self, clips_dir: Path, player: Sequence[str], start: Start) -> None:
        self._clips_dir = clips_dir
        self._player = tuple(player)
        self._start = start
        self._clips: dict[str, _Clip] = {}

    def length_s(self, clips: Sequence[str], text: str) -> float:
        if not clips:
            raise HardwareError("prompt_clip_missing", "no clip named")
        return sum(self._length_s(name) for name in clips)

    def begin(self, clips: Sequence[str], text: str, now_s: float) -> Saying:
        files = [str(self._clips_dir / f"{name}.wav") for name in clips]
        try:
            return self._start([*self._player, *files])
        except OSError as error:
            raise HardwareError("prompt_failed", f"{self._player[0]}: {error.strerror}") from error

    def _length_s(self, name: str) -> float:
        path = self._clips_dir / f"{name}.wav"
        try:
            found = path.stat()
        except OSError as error:
            raise HardwareError("prompt_clip_missing", f"{path.name}: {error.strerror}") from error
        file = (found.st_ino, found.st_mtime_ns, found.st_size)
        known = self._clips.get(name)
        if known is None or known.file != file:
            known = self._clips[name] = _Clip(file, clip_length_s(path))
        return known.length_s


@dataclass(frozen=True, slots=True)
class _Clip:
    """A recording that was read: which file it was, and its length."""

    file: tuple[int, int, int]
    length_s: float


class Player:
    """A player's process. OSError where it cannot be started."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.pid = self._process.pid

    def poll(self, now_s: float) -> int | None:
        return self._process.poll()

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(CLOSE_S)


def alsa_player(device: str = "") -> tuple[str, ...]:
    """The command for ALSA's player on `device` (default when empty); a busy one is an error, not a wait."""
    return ("aplay", "-q", "-N", *(("-D", device) if device else ()))


# --- a display -------------------------------------------------------------------------------------


class _Display:
    """Takes one line of text at a time. Without a loudspeaker the words are heard when they can be read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._why_not = ""

    def show(self, text: str) -> None:
        """Write the line. Why it reached nobody is for `begin` to tell."""
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        try:
            handle = self._open()
            try:
                os.write(handle, f"{line}\n".encode())
                # Words that perhaps nobody shows must not count: without a prompt nobody is locked in.
                plain = stat.S_ISREG(os.fstat(handle).st_mode)
            finally:
                os.close(handle)
        except OSError as error:
            self._why_not = f"{self._path.name}: {error.strerror}"
        else:
            self._why_not = "no loudspeaker, and the display is only a file" if plain else ""

    def still_there(self) -> bool:
        try:
            os.close(self._open())
        except OSError:
            return False
        return True

    def length_s(self, clips: Sequence[str], text: str) -> float:
        return READ_S + len(text) / READ_CHARACTERS_S

    def begin(self, clips: Sequence[str], text: str, now_s: float) -> Saying:
        if self._why_not:
            raise HardwareError("prompt_failed", self._why_not)
        return _Reading(self, now_s + self.length_s(clips, text))

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_TRUNC | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        if not self._path.is_relative_to("/dev") or self._path.is_relative_to("/dev/shm"):
            flags |= os.O_CREAT  # a terminal that is unplugged must not become a file
        return os.open(self._path, flags, 0o640)


class _Reading:
    """A line that stands on the display until it can have been read."""

    def __init__(self, display: _Display, until_s: float) -> None:
        self._display = display
        self._until_s = until_s

    def poll(self, now_s: float) -> int | None:
        if now_s < self._until_s:
            return None
        return 0 if self._display.still_there() else 1

    def kill(self) -> None:
        self._until_s = float("-inf")

    def close(self) -> None:
        pass


# --- clips -----------------------------------------------------------------------------------------


def clip_length_s(path: Path) -> float:
    """How long a recorded phrase takes.

    HardwareError `prompt_clip_missing` unless the file is whole and something is said in it.
    """
    try:
        if not path.is_file():
            raise HardwareError("prompt_clip_missing", f"{path.name}: no such file")
        with wave.open(str(path)) as clip:
            count, rate = clip.getnframes(), clip.getframerate()
            length_s = count / rate if rate > 0 else 0.0
            if not SHORTEST_CLIP_S <= length_s <= LONGEST_CLIP_S:
                raise HardwareError("prompt_clip_missing", f"{path.name}: {length_s:.2f} s is no phrase")
            samples = clip.readframes(count)
            if len(samples) < count * clip.getnchannels() * clip.getsampwidth():
                raise HardwareError("prompt_clip_missing", f"{path.name}: cut off")
    except (wave.Error, EOFError, RuntimeError) as error:  # the last from a chunk beyond the file's end
        raise HardwareError("prompt_clip_missing", f"{path.name}: no WAV file: {error}") from error
    except OSError as error:
        raise HardwareError("prompt_clip_missing", f"{path.name}: {error.strerror}") from error
    if samples.count(samples[:1]) == len(samples):
        raise HardwareError("prompt_clip_missing", f"{path.name}: nothing is said in it")
    return length_s


def make_clips(
    texts: Mapping[str, str], language: str, out_dir: Path, program: str = "espeak-ng"
) -> list[Path]:
    """Speak every text into `out_dir`/NAME.wav with eSpeak NG's voice `language`; the files made.

    For the installer: it waits. HardwareError `prompt_clip_missing` names the clip that could not be made;
    those made before stay, and a clip that was there is never left half written: each is checked and on the
    disk before it takes its name.
    """
    made: list[Path] = []
    for name, text in texts.items():
        if not name.replace("-", "").replace("_", "").isalnum():
            raise HardwareError("prompt_clip_missing", f"{name!r} is no name for a clip")
        target = out_dir / f"{name}.wav"
        part = out_dir / f".{name}.wav.part"
        try:
            out_dir.mkdir(parents=True, exist_ok=True)
            subprocess.run(
                [program, "-v", language, "-s", "150", "-w", str(part), "--stdin"],
                input=text.encode(),
                check=True,
                capture_output=True,
                timeout=MAKE_TIMEOUT_S,
                # It looks for a sound server even so, and leaves a link for it in the home, the data folder.
                env={**os.environ, "PULSE_SERVER": "none"},
            )
            clip_length_s(part)
            _sync(part)
            part.replace(target)
            _sync(out_dir)
        except HardwareError as error:
            raise HardwareError(error.code, f"{name}: {program} made no phrase: {error.detail}") from error
        except (OSError, subprocess.SubprocessError) as error:
            raise HardwareError("prompt_clip_missing", f"{name}: {error}") from error
        finally:
            with contextlib.suppress(OSError):
                part.unlink()
        made.append(target)
    return made


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

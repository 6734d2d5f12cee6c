"""Words in the cabin: recorded clips through ALSA's player, and a line of text for a display.

The clips are made from text once, when the kiosk is installed, so that speaking needs no more than playing a
file. The player is a child process that is looked at when polled and never waited for.
"""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hw.ports import HardwareError, PromptResult

STARTED_S = 0.3
"""A player that still runs after this long has opened the loudspeaker; without one it ends at once."""

CLOSE_S = 1.0
"""How long `close` waits for a killed player; one that hangs in the kernel is left to the system."""

MAKE_TIMEOUT_S = 30.0


@dataclass(slots=True)
class _Playing:
    ticket: int
    process: subprocess.Popen[bytes]
    since_s: float
    answered: bool = False


class CabinPrompt:
    """Speech, a display, or both. Where there is speech it decides whether a prompt reached the person.

    `clips_dir` holds NAME.wav for every clip, None where there is no loudspeaker; `player` is the command
    that plays the files named after it; `display` takes a line of text: a terminal or pipe with something
    at its other end, or a plain file, which then holds the newest line but has reached nobody.
    """

    def __init__(self, clips_dir: Path | None, player: Sequence[str], display: Path | None) -> None:
        self._clips_dir = clips_dir
        self._player = tuple(player)
        self._display = display
        self._playing: _Playing | None = None
        self._ending: list[subprocess.Popen[bytes]] = []
        self._results: list[PromptResult] = []

    def say(self, ticket: int, clips: Sequence[str], text: str, now_s: float) -> None:
        """Begin to say it; the answer comes from `poll`. Never raises: a prompt that fails is answered so."""
        self._stop("replaced by the next prompt")
        shown = self._show(text)
        if self._clips_dir is None:
            if self._display is None:
                shown = "prompt_failed: neither loudspeaker nor display"
            self._results.append(PromptResult(ticket, not shown, shown))
            return
        files = [self._clips_dir / f"{name}.wav" for name in clips]
        missing = next((file for file in files if not file.is_file()), None)
        if not files or missing is not None:
            detail = (
                f"prompt_clip_missing: {missing.name}" if missing else "prompt_clip_missing: no clip named"
            )
            self._results.append(PromptResult(ticket, False, detail))
            return
        try:
            process = subprocess.Popen(
                [*self._player, *(str(file) for file in files)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            self._results.append(
                PromptResult(ticket, False, f"prompt_failed: {self._player[0]}: {error.strerror}")
            )
            return
        self._playing = _Playing(ticket, process, now_s)

    def poll(self, now_s: float) -> tuple[PromptResult, ...]:
        playing = self._playing
        if playing is not None:
            status = playing.process.poll()
            if not playing.answered and (status is not None or now_s - playing.since_s >= STARTED_S):
                ok = not status
                detail = "" if ok else f"prompt_failed: {self._player[0]} ended with {status}"
                self._results.append(PromptResult(playing.ticket, ok, detail))
                playing.answered = True
            if status is not None:
                self._playing = None
        self._ending = [process for process in self._ending if process.poll() is None]
        results, self._results = tuple(self._results), []
        return results

    def close(self) -> None:
        self._stop("closed")
        for process in self._ending:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(CLOSE_S)
        self._ending = []

    def _stop(self, why: str) -> None:
        playing, self._playing = self._playing, None
        if playing is None:
            return
        if not playing.answered:
            self._results.append(PromptResult(playing.ticket, False, why))
        if playing.process.poll() is None:
            playing.process.kill()
            self._ending.append(playing.process)

    def _show(self, text: str) -> str:
        """Write a line to the display; why it reached nobody, empty when it did (or there is none)."""
        if self._display is None:
            return ""
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        flags = os.O_WRONLY | os.O_TRUNC | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        if not self._display.is_relative_to("/dev"):
            flags |= os.O_CREAT  # a terminal that is unplugged must not become a file
        try:
            handle = os.open(self._display, flags, 0o640)
        except OSError as error:
            return f"prompt_failed: {self._display.name}: {error.strerror}"
        try:
            os.write(handle, f"{line}\n".encode())
            if stat.S_ISREG(os.fstat(handle).st_mode):
                # Words that perhaps nobody shows must not count: without a prompt nobody is locked in.
                return "prompt_failed: no loudspeaker, and the display is only a file"
        except OSError as error:
            return f"prompt_failed: {self._display.name}: {error.strerror}"
        finally:
            os.close(handle)
        return ""


def alsa_player(device: str = "") -> tuple[str, ...]:
    """The command for ALSA's player on `device` (default when empty); a busy one is an error, not a wait."""
    return ("aplay", "-q", "-N", *(("-D", device) if device else ()))


def make_clips(
    texts: Mapping[str, str], language: str, out_dir: Path, program: str = "espeak-ng"
) -> list[Path]:
    """Speak every text into `out_dir`/NAME.wav with eSpeak NG's voice `language`; the files made.

    For the installer: it waits. HardwareError `prompt_clip_missing` names the clip that could not be made;
    those made before stay, and a clip that was there is never left half written.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    made: list[Path] = []
    for name, text in texts.items():
        if not name.replace("-", "").replace("_", "").isalnum():
            raise HardwareError("prompt_clip_missing", f"{name!r} is no name for a clip")
        target = out_dir / f"{name}.wav"
        part = out_dir / f".{name}.wav.part"
        try:
            subprocess.run(
                [program, "-v", language, "-s", "150", "-w", str(part), "--stdin"],
                input=text.encode(),
                check=True,
                capture_output=True,
                timeout=MAKE_TIMEOUT_S,
                # It looks for a sound server even so, and leaves a link for it in the home, the data folder.
                env={**os.environ, "PULSE_SERVER": "none"},
            )
            if part.stat().st_size <= 44:  # no longer than a WAV header: nothing was said
                raise HardwareError("prompt_clip_missing", f"{name}: {program} made an empty file")
            part.replace(target)
        except (OSError, subprocess.SubprocessError) as error:
            raise HardwareError("prompt_clip_missing", f"{name}: {error}") from error
        finally:
            with contextlib.suppress(OSError):
                part.unlink()
        made.append(target)
    return made

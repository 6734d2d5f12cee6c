"""What the kiosk needs of its machine and cannot see from inside: clock, watchdog, sound. For the self-test.

Each function answers in words what it found and raises `FaultError` for what is wrong. They read and ask;
only `loudspeaker` makes a noise.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from edge.faults.fault import FaultError
from edge.journal import writer as journal
from edge.messages.prompts import clip_texts
from edge.messages.texts import CLOCK_SET_S
from hw.board import clip_length_s, shortest_s
from hw.ports import HardwareError

ASK_WITHIN_S: Final = 5.0
PLAY_WITHIN_S: Final = 15.0
BEHIND_S: Final = 60.0
"""A clock so far behind the newest line of the record was set back, or forgot the time."""

PHRASE: Final = "exit_always"
"""What the self-test says: it is true at any time."""

_ROOT: Final = Path("/")
_CARD: Final = re.compile(r"\s*(\d+) \[(\S+)\s*\]: .*? - (.*)")
_OVERLAYROOT: Final = re.compile(r"""\s*overlayroot=["']?([^"'#\s]*)""")


class NotFitted(Exception):
    """This machine has no such device, and that is no fault."""


def clock(record: Path, root: Path = _ROOT) -> str:
    """The wall clock: set, not behind the record, and kept by a network or a clock module."""
    wall_s = time.time()
    shown = datetime.fromtimestamp(wall_s, UTC).strftime("%Y-%m-%d %H:%M UTC")
    if wall_s < CLOCK_SET_S:
        raise FaultError("clock_wrong", f"it shows {shown}: nothing has ever set it")
    if record.exists():
        for line in journal.newest(record, 1, 0).lines:
            if wall_s < line.wall_s - BEHIND_S:
                last = datetime.fromtimestamp(line.wall_s, UTC).strftime("%Y-%m-%d %H:%M UTC")
                raise FaultError("clock_wrong", f"it shows {shown}, and the record goes on to {last}")
    module = "clock module fitted" if (root / "sys/class/rtc/rtc0").exists() else "no clock module"
    answer = _ask("timedatectl", "show", "-p", "NTPSynchronized", "--value")
    if answer is None:
        return f"{shown}, {module}"
    if answer == "yes":
        return f"{shown}, set by a network, {module}"
    if module.startswith("no"):
        raise FaultError("clock_wrong", f"it shows {shown}: neither a network nor a clock module keeps it")
    return f"{shown}, no network has set it since the start, {module}"


def watchdog(root: Path = _ROOT) -> str:
    """The hardware watchdog: there, and fed by systemd."""
    # Not by its node: a service without devices sees none.
    if not (root / "sys/class/watchdog/watchdog0").exists():
        if _is_pi(root):
            raise FaultError("watchdog_missing", "the kernel has none")
        raise NotFitted("a hung machine would not restart by itself")
    wanted = ("RuntimeWatchdogUSec", "WatchdogLastPingTimestampMonotonic")
    answer = _ask("systemctl", "show", *(word for name in wanted for word in ("-p", name)))
    if answer is None:
        raise FaultError("watchdog_missing", "systemd does not say whether it feeds it")
    said = dict(line.partition("=")[::2] for line in answer.splitlines())
    if said.get(wanted[0], "0") in ("0", "infinity"):
        raise FaultError("watchdog_missing", "systemd is not told to feed it (RuntimeWatchdogSec)")
    if said.get(wanted[1], "0") in ("", "0"):
        raise FaultError(
            "watchdog_missing", "systemd was told to feed it and has not: something else holds it"
        )
    return f"fed by systemd, resets the board after {said[wanted[0]]}"


def phrases(folder: Path, language: str) -> str:
    """Every phrase of the language has its recording in the folder, whole."""
    wanted = clip_texts(language)
    wrong: list[str] = []
    for name in wanted:
        try:
            clip_length_s(folder / f"{name}.wav")
        except HardwareError as error:
            wrong.append(error.detail)
    if wrong:
        detail = f"{len(wrong)} of {len(wanted)} missing or damaged in {folder}: {wrong[0]}"
        raise FaultError("prompt_clip_missing", detail)
    return f"{len(wanted)} phrases, {language}"


class _Card(NamedTuple):
    number: str
    id: str
    name: str
    plays: bool


def sound_card(root: Path = _ROOT, device: str = "") -> str:
    """The card of the loudspeaker is there and can play (whether it is heard only an ear can prove).

    `device` as in the settings; empty: the first card, which is ALSA's default where nothing says otherwise.
    """
    cards = _cards(root / "proc/asound")
    playing = [card for card in cards if card.plays]
    if not cards:
        raise FaultError("prompt_failed", "no sound card")
    if not playing:
        names = ", ".join(card.name for card in cards)
        raise FaultError("prompt_failed", f"no card that can play: {names} can only record")
    wanted, why = _card_of(device), "prompt.device names"
    if not device and not (root / "etc/asound.conf").exists():
        wanted, why = cards[0].number, "ALSA's default is"
    if wanted is None:  # a name that ALSA's own files explain
        return ", ".join(card.name for card in playing)
    others = ", ".join(f"plughw:CARD={card.id} ({card.name})" for card in playing if wanted not in card[:2])
    card = next((card for card in cards if wanted in card[:2]), None)
    if card is None:
        raise FaultError("prompt_failed", f"{why} card {wanted}, which is not here; here is {others}")
    if not card.plays:
        raise FaultError("prompt_failed", f"{why} {card.name}, which can only record; here is {others}")
    return f"{card.name}; for prompt.device also here: {others}" if others else card.name


def _cards(asound: Path) -> list[_Card]:
    """The sound cards as the kernel lists them; one that plays has a folder for it."""
    try:
        lines = (asound / "cards").read_text(errors="replace").splitlines()
    except OSError:
        return []
    found = [match for line in lines if (match := _CARD.match(line))]
    return [_Card(m[1], m[2], m[3], any((asound / f"card{m[1]}").glob("pcm*p"))) for m in found]


def _card_of(device: str) -> str | None:
    """Number or id of the card in an ALSA device's name: `hw:1,0`, `plughw:CARD=Headphones,DEV=0`."""
    arguments = device.partition(":")[2].split(",")
    named = dict(argument.partition("=")[::2] for argument in arguments if "=" in argument)
    return named.get("CARD") or (arguments[0] if arguments[0] and "=" not in arguments[0] else None)


def read_only_root(root: Path = _ROOT) -> str:
    """The root file system is read-only, where somebody has asked for that: in overlayroot's files, or on the
    kernel's command line, which has the last word."""
    wanted = ""
    for name in ("overlayroot.conf", "overlayroot.local.conf"):
        with contextlib.suppress(OSError):
            for line in (root / "etc" / name).read_text(errors="replace").splitlines():
                if match := _OVERLAYROOT.match(line):
                    wanted = match[1]
    with contextlib.suppress(OSError):
        for word in (root / "proc/cmdline").read_text(errors="replace").split():
            if match := _OVERLAYROOT.match(word):
                wanted = match[1]
    if wanted in ("", "disabled"):
        raise NotFitted("nobody has asked for a read-only one")
    mounted = ""
    with contextlib.suppress(OSError):
        for line in (root / "proc/mounts").read_text(errors="replace").splitlines():
            _, where, kind, *_ = line.split(" ")
            mounted = kind if where == "/" else mounted
    if mounted != "overlay":
        raise FaultError("root_writable", f"overlayroot asks for {wanted}, / is {mounted or 'no overlay'}")
    return "read-only: what is written to it is gone at the next start"


def loudspeaker(folder: Path, player: Sequence[str]) -> str:
    """Say one phrase to its end."""
    phrase = folder / f"{PHRASE}.wav"
    command = [*player, str(phrase)]
    began_s = time.monotonic()
    try:
        length_s = clip_length_s(phrase)
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PLAY_WITHIN_S,
        )
    except subprocess.TimeoutExpired as error:
        raise FaultError("prompt_failed", f"{command[0]} does not come to an end") from error
    except HardwareError as error:
        raise FaultError(error.code, error.detail) from error
    except OSError as error:
        raise FaultError("prompt_failed", f"{command[0]}: {error.strerror}") from error
    took_s = time.monotonic() - began_s
    if done.returncode:
        words = done.stderr.strip().splitlines() or [f"{command[0]} ended with {done.returncode}"]
        raise FaultError("prompt_failed", words[-1])
    if took_s < shortest_s(length_s):
        detail = f"{command[0]} ended after {took_s:.1f} s of a phrase of {length_s:.1f} s"
        raise FaultError("prompt_failed", detail)
    return "said a phrase; did you hear it?"


def _is_pi(root: Path) -> bool:
    try:
        return "Raspberry Pi" in (root / "proc/device-tree/model").read_text(errors="replace")
    except OSError:
        return False


def _ask(*command: str) -> str | None:
    """What a program of the system answers; None where it is not here or does not answer."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=ASK_WITHIN_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None

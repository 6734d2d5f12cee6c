"""One version in the place of another, and back: what `cabinguard update --apply` does after the download.

Up to the link nothing that the kiosk uses is touched. From then on the machine goes back by itself at any
start (`systemd/versions.sh`) until the new version was found healthy: a power cut at any point ends with one
whole version.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from edge.faults.fault import FaultError
from edge.updates.machine import Vitals

LOOK_S: Final = 2.0
STEADY_S: Final = 10.0
"""Healthy is who is so twice, so long after each other."""

LOCK_MOST_S: Final = 1800.0
"""A lock ends by itself within this; a way back waits for it."""


class Ground(Protocol):
    """What a change needs of `edge.updates.machine.Machine`."""

    @property
    def versions(self) -> Path: ...
    def current(self) -> str: ...
    def pending(self) -> str: ...
    def forget(self, release: str) -> None: ...
    def install(self, tree: Path, step: str, *more: str) -> str: ...
    def command(self, release: str, *arguments: str, within_s: float = ...) -> str: ...
    def service(self, verb: str) -> bool: ...
    def mute(self, *, on: bool) -> None: ...
    def may_change(self, *, restart: bool) -> None: ...
    def is_locked(self) -> bool: ...
    def vitals(self, *, tried: bool) -> Vitals: ...


def stage(machine: Ground, tree: Path, wheels: Path) -> str:
    """The tree beside the version that runs; its id. Raises `FaultError`."""
    printed = machine.install(tree, "--stage", "--offline", str(wheels))
    return printed.splitlines()[-1] if printed else ""


def try_settings(machine: Ground, release: str) -> None:
    """Whether the new version can use the kiosk's settings as they are. Raises `FaultError`."""
    try:
        machine.command(release, "settings", "--check")
    except FaultError as error:
        raise FaultError("update_settings", error.detail) from error


def change(
    machine: Ground,
    release: str,
    health_s: float,
    failed: Callable[[str], None],
    pause: Callable[[float], None],
) -> None:
    """Let a staged release take over; back by itself where it is not healthy. Raises `FaultError`.

    `failed` is told why before the way back begins, so that a release that cuts the power is remembered too.
    """
    before = machine.vitals(tried=True)
    machine.may_change(restart=False)
    home, old = machine.versions / release, machine.current()
    machine.command(old, "update", "--keep-record")
    machine.mute(on=True)
    try:
        try:
            machine.install(home, "--take")
            machine.may_change(restart=True)
        except FaultError:
            if machine.pending():
                _settle(machine, old)
            raise
        why = _unwell(machine, release, before, health_s, pause)
        if not why:
            machine.install(home, "--keep")
            machine.command(release, "update", "--forget-record")
            return
        failed(why)
        go_back(machine, pause)
        machine.forget(release)
        raise FaultError("update_undone", f"{release}: {why}")
    finally:
        machine.mute(on=False)


def go_back(machine: Ground, pause: Callable[[float], None]) -> None:
    """To the version before, with the kiosk stopped; a lock is waited for. Raises `FaultError`."""
    old = machine.pending()
    if not old:
        return
    waited_s = 0.0
    while machine.is_locked() and waited_s < LOCK_MOST_S:
        pause(LOOK_S)
        waited_s += LOOK_S
    machine.service("stop")
    _settle(machine, old)
    machine.service("reset-failed")
    machine.service("start")


def _settle(machine: Ground, old: str) -> None:
    machine.install(machine.versions / old, "--settle")


def _unwell(
    machine: Ground, release: str, before: Vitals, health_s: float, pause: Callable[[float], None]
) -> str:
    """Why it is not healthy when its time is over; empty as soon as it is.

    Healthy: it is this version that answers, its cameras give pictures, it tells no fault and its self-test
    finds none that the version before did not have. An unreadable record is one of these faults.
    """
    end_s = time.monotonic() + health_s
    while True:
        why = _look(machine, release, before, tried=False) or _look(machine, release, before, tried=True)
        if not why:
            pause(STEADY_S)
            why = _look(machine, release, before, tried=False)
        if not why or time.monotonic() >= end_s:
            return why
        pause(LOOK_S)


def _look(machine: Ground, release: str, before: Vitals, *, tried: bool) -> str:
    """What is wrong with it now; empty where nothing is."""
    try:
        now = machine.vitals(tried=tried)
    except FaultError as error:
        return f"{error.code} {error.detail}".strip()
    return now.worse_than(before) if now.release == release else f"{now.release} answers"

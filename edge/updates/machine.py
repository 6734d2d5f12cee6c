"""This machine as an update sees it: its installer, its service, the running kiosk. Runs as root."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from edge.faults.fault import FaultError
from edge.service.asks import Panel, Reply, Request, Status, Update
from edge.service.control import ask, done

ROOT_VARIABLE: Final = "CABINGUARD_ROOT"
"""A folder that is installed to in the place of this system: for tests, as the installer knows it."""

SERVICE: Final = "cabinguard.service"
UPGRADING: Final = "run/cabinguard-upgrade"
"""While it is there nobody is told that the kiosk is out of service (`cabinguard-failed.service`)."""

OF_THE_END: Final = frozenset({"state_unrecorded"})
"""What a start tells of how the program before it ended: no fault of the new one."""

INSTALL_WITHIN_S: Final = 3600.0
COMMAND_WITHIN_S: Final = 300.0
FRAME_FRESH_S: Final = 5.0

_STOPPED: Final = re.compile(r"\[✗\] ([a-z0-9-]+): (.*)")
_CAUSE: Final = re.compile(r"^cause: +(.*)$", re.MULTILINE)
"""The line of a fault as the command line prints it."""

_NAMES: Final = {
    "no-space": "update_disk_full",
    "read-only-root": "update_root_lost",
    "busy": "update_busy",
    "wrong-system": "update_other_board",
    "32-bit": "update_other_board",
    "settings-wrong": "update_settings",
    "not-root": "not_root",
}


@dataclass(frozen=True, slots=True)
class Vitals:
    """How well a kiosk is. `faults` are codes that it tells, `seeing` whether its cameras give pictures."""

    release: str
    seeing: bool
    faults: frozenset[str]
    findings: frozenset[str]

    def worse_than(self, before: Vitals) -> str:
        """What is wrong now and was not; empty where nothing is."""
        new = (self.faults - before.faults - OF_THE_END) | (self.findings - before.findings)
        if new:
            return f"new faults: {', '.join(sorted(new))}"
        return "no pictures" if before.seeing and not self.seeing else ""


class Machine:
    """`runtime` is the folder of the control socket, `settings` the file of the kiosk's settings."""

    def __init__(self, root: Path, runtime: Path, settings: Path) -> None:
        self.root = root
        self.settings = settings
        self._runtime = runtime

    # --- versions ----------------------------------------------------------------------------------

    @property
    def versions(self) -> Path:
        return self.root / "opt/cabinguard/versions"

    def current(self) -> str:
        """The id of the version that the link leads to; empty for none."""
        return self._led("current")

    def pending(self) -> str:
        """The version to go back to; empty while no change is in the middle."""
        return self._led("pending")

    def _led(self, link: str) -> str:
        try:
            return (self.root / "opt/cabinguard" / link).readlink().name
        except OSError:
            return ""

    def others(self) -> tuple[str, ...]:
        """Every whole version but the current one, newest first."""
        current = self.current()
        whole = [home for home in self.versions.glob("*") if (home / "complete").exists()]
        whole.sort(key=lambda home: (home / "complete").stat().st_mtime, reverse=True)
        return tuple(home.name for home in whole if home.name != current)

    def is_staged(self, release: str) -> bool:
        return (self.versions / release / "complete").exists()

    def need_lasting_root(self) -> None:
        """What is written over an overlay is gone with the next start. Raises `FaultError`."""
        with contextlib.suppress(OSError):
            mounts = (line.split() for line in (self.root / "proc/mounts").read_text().splitlines())
            kinds = [fields[2] for fields in mounts if len(fields) > 2 and fields[1] == "/"]
            if kinds[-1:] == ["overlay"]:
                raise FaultError("update_root_lost")

    def forget(self, release: str) -> None:
        """Make room: a version that is not tried again."""
        if release and release not in (self.current(), self.pending()):
            shutil.rmtree(self.versions / release, ignore_errors=True)

    def install(self, tree: Path, step: str, *more: str) -> str:
        """One step of a tree's own installer; what it prints. Raises `FaultError`."""
        command = ["bash", str(tree / "install.sh"), "kiosk", step, *more]
        return self._run(command, INSTALL_WITHIN_S, "update_install")

    def command(self, release: str, *arguments: str, within_s: float = COMMAND_WITHIN_S) -> str:
        """A command of an installed version; what it prints. Raises `FaultError`."""
        program = self.versions / release / "bin" / "cabinguard"
        options = ["--settings", str(self.settings)]
        return self._run([str(program), *arguments, *options], within_s, "update_package")

    def _run(self, command: Sequence[str], within_s: float, code: str) -> str:
        keep = ("PATH", "LANG", "LC_ALL", "HOME", ROOT_VARIABLE, "CABINGUARD_PYTHON")
        own = {name: value for name, value in os.environ.items() if name in keep or name.startswith("STUB_")}
        try:
            ended = subprocess.run(
                command,
                env={"PYTHONDONTWRITEBYTECODE": "1", **own},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=within_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise FaultError(code, f"not done within {within_s:.0f} s") from error
        except OSError as error:
            raise FaultError(code, f"{command[0]}: {error.strerror}") from error
        if ended.returncode:
            raise _why(ended.stderr or ended.stdout, code)
        return ended.stdout.strip()

    # --- the service -------------------------------------------------------------------------------

    def service(self, verb: str) -> bool:
        """Whether systemd has done so with the kiosk's service."""
        command = ["systemctl", verb, SERVICE]
        return (
            subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False).returncode
            == 0
        )

    def mute(self, *, on: bool) -> None:
        """No text that the kiosk is out of service while it is restarted on purpose."""
        flag = self.root / UPGRADING
        if on:
            flag.parent.mkdir(parents=True, exist_ok=True)
            flag.touch()
        else:
            flag.unlink(missing_ok=True)

    # --- the running kiosk -------------------------------------------------------------------------

    def ask(self, request: Request) -> Reply:
        """Raises `FaultError`."""
        return done(ask(self._runtime, request))

    def may_change(self, *, restart: bool) -> None:
        """Raises `FaultError`: why not, by name. With `restart` the kiosk has ended when this returns."""
        try:
            self.ask(Update(restart=restart))
        except FaultError as error:
            if error.code == "not_now":
                raise FaultError("update_in_use", error.detail) from error
            raise

    def is_locked(self) -> bool:
        """Whether somebody may be behind a locked door; a kiosk that does not answer holds nobody."""
        try:
            return self.ask(Status()).get("door") == "locked"
        except FaultError:
            return False

    def vitals(self, *, tried: bool) -> Vitals:
        """`tried`: with the self-test, which takes long. Raises `FaultError` where no kiosk answers."""
        status, panel = self.ask(Status()), self.ask(Panel())
        release = str(status.get("release", ""))
        faults = panel.get("faults")
        codes = frozenset(map(str, faults.values())) if isinstance(faults, dict) else frozenset()
        return Vitals(
            release, _seeing(panel), codes, self._findings(self.current()) if tried else frozenset()
        )

    def _findings(self, release: str) -> frozenset[str]:
        """The codes that the version's own self-test finds; it leaves the devices to the running kiosk."""
        program = self.versions / release / "bin" / "cabinguard"
        options = ["--json", "--no-hardware", "--read-only", "--settings", str(self.settings)]
        command = [str(program), "selftest", *options]
        try:
            ended = subprocess.run(
                command, capture_output=True, stdin=subprocess.DEVNULL, timeout=COMMAND_WITHIN_S, check=False
            )
            found = [msgspec.json.decode(line, type=dict[str, object]) for line in ended.stdout.splitlines()]
        except (OSError, subprocess.TimeoutExpired, msgspec.DecodeError) as error:
            return frozenset({f"selftest_failed {type(error).__name__}"})
        if not found:
            return frozenset({"selftest_failed"})
        return frozenset(str(one["code"]) for one in found if one.get("code"))


def _seeing(panel: Reply) -> bool:
    """Whether every camera has given a picture just now."""
    seen = panel.get("seen")
    views = list(seen.values()) if isinstance(seen, dict) else []
    ages = [view.get("ago_s") for view in views if isinstance(view, dict)]
    return bool(ages) and all(isinstance(age, int | float) and age < FRAME_FRESH_S for age in ages)


def _why(words: str, code: str) -> FaultError:
    """What the installer stopped for, in its words."""
    if found := _STOPPED.findall(words):
        name, cause = found[-1]
        return FaultError(_NAMES.get(name, code), f"{name}: {cause}"[:300])
    lines = _CAUSE.findall(words) or words.strip().splitlines()[-2:]
    return FaultError(code, " ".join(lines)[:300])

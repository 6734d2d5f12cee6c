"""What a support engineer asks for, in one file: never a code, a telephone number, a password or a picture.

Each part is made by itself: one that fails is named in the file and keeps none of the others out. What is not
the program's own word is left out or hidden: every value goes through `Hiding`, every line of a log too.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import platform
import secrets
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

import msgspec

from edge.faults.fault import FaultError
from edge.journal import reader as journal
from edge.journal.limits import JournalLimits
from edge.loop.watching import View
from edge.selftest.finding import Finding
from edge.selftest.hiding import Hiding, hidden_settings, known_secrets
from edge.service.asks import Drift, Panel
from edge.service.control import ask
from edge.settings.places import model_dir
from edge.settings.schema import Settings
from edge.settings.show import shown
from edge.settings.version import program_version
from hw.ports import HardwareError

LINES: Final = 5000
"""So many of the record's last lines."""

LOG_LINES: Final = 2000
SELFTEST_WITHIN_S: Final = 150.0
ASK_WITHIN_S: Final = 30.0

_FOLDER: Final = "cabinguard-debug"
_UNIT_FACTS: Final = (
    *("Id", "LoadState", "ActiveState", "SubState", "UnitFileState", "Result", "NRestarts"),
    *("MainPID", "ExecMainCode", "ExecMainStatus", "ActiveEnterTimestamp", "InactiveEnterTimestamp"),
)
_MEMORY: Final = ("MemTotal", "MemAvailable", "SwapTotal", "SwapFree")
_PROCESS: Final = ("VmRSS", "VmHWM", "VmSwap")


class Missing(Exception):
    """A part that this machine does not give, and why; the words are the program's own."""


@dataclass(frozen=True, slots=True)
class Part:
    """One member of the bundle: `make` gives a JSON value, or a whole text."""

    name: str
    make: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Target:
    """The kiosk to be looked at. `options` name its settings on a command line, `text` is its file's.

    `problems` say why `settings` are the defaults and not those of the file. `root` is this machine's.
    """

    settings: Settings
    options: tuple[str, ...] = ()
    text: str = ""
    problems: tuple[FaultError, ...] = ()
    root: Path = Path("/")

    @property
    def record(self) -> Path:
        return Path(self.settings.paths.data) / "journal.db"


@dataclass(frozen=True, slots=True)
class Bundle:
    """The file's content, and which parts are not in it, with the reason."""

    content: bytes
    parts: int
    missing: dict[str, str]


def write(path: Path, content: bytes) -> None:
    """A whole file for its owner alone, or none. Raises `FaultError` where one is there already, OSError."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        try:
            os.link(part, path)
        except FileExistsError as error:
            raise there_already(path) from error
        except OSError:  # a stick's file system knows no links
            if os.path.lexists(path):
                raise there_already(path) from None
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def there_already(path: Path) -> FaultError:
    return FaultError("file_unusable", f"{path} is there already; debug-bundle overwrites nothing")


def collect(target: Target) -> Bundle:
    """Everything that can be had of a kiosk that runs, is stopped or is broken."""
    hiding = Hiding(known_secrets(target.settings, target.text))
    made: dict[str, bytes] = {}
    missing: dict[str, str] = {}
    took_s: dict[str, float] = {}
    parts = tuple(_parts(target, hiding))
    for part in parts:
        began_s = time.monotonic()
        try:
            made[part.name] = _encoded(part.make(), hiding)
        except Exception as error:  # whatever it is: the other parts are wanted all the same
            missing[part.name] = hiding.text(_why(error))
        took_s[part.name] = round(time.monotonic() - began_s, 2)
    about = {
        "made_at": _iso(time.time()),
        "program": program_version(),
        "missing": missing,
        "took_s": took_s,
    }
    made = {"about.json": _encoded(about, hiding), **made}
    return Bundle(_packed(made), len(parts) - len(missing), missing)


def _why(error: Exception) -> str:
    """Its words only where they are the program's own."""
    match error:
        case FaultError() | HardwareError():
            return f"{error.code}: {error.detail}" if error.detail else error.code
        case Missing():
            return str(error)
        case OSError(strerror=str(words)):
            return words
        case _:
            return type(error).__name__


def _encoded(value: object, hiding: Hiding) -> bytes:
    if isinstance(value, str):
        return value.encode(errors="replace")
    return msgspec.json.format(msgspec.json.encode(hiding.value(value)), indent=1) + b"\n"


def _packed(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(f"{_FOLDER}/{name}")
            info.size, info.mode, info.mtime = len(content), 0o600, int(time.time())
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def _parts(target: Target, hiding: Hiding) -> Iterator[Part]:
    yield Part("versions.json", lambda: _versions(target))
    yield Part("settings.json", lambda: _settings(target))
    yield Part("now.json", lambda: _now(target))
    yield Part("drift.json", lambda: ask(Path(target.settings.paths.runtime), Drift()))
    yield Part("events.jsonl", lambda: _events(target, hiding))
    yield Part("faults.json", lambda: _faults(target, hiding))
    yield Part("record.json", lambda: _verified(target))
    yield Part("selftest.json", lambda: _selftest(target))
    yield Part("machine.json", lambda: _machine(target))
    yield Part("units.json", _units)
    yield Part("log.txt", lambda: _log(hiding))


# --- the program and its settings ------------------------------------------------------------------


def _versions(target: Target) -> object:
    packages = {one.metadata["Name"]: one.version for one in distributions()}
    return {
        "program": program_version(),
        "python": sys.version.split()[0],
        "packages": dict(sorted(packages.items())),
        "os": _first_line(target.root / "etc/os-release", "PRETTY_NAME="),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "board": _text_of(target.root / "proc/device-tree/model").rstrip("\0"),
        "models": [_model(path) for path in sorted(model_dir(target.settings).glob("*.tflite"))],
    }


def _model(path: Path) -> object:
    contract: object = None
    with contextlib.suppress(OSError, ValueError):
        contract = msgspec.json.decode(path.with_suffix(".json").read_bytes())
    return {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "contract": contract,
    }


def _settings(target: Target) -> object:
    problems = [{"code": one.code, "detail": one.detail} for one in target.problems]
    return {"problems": problems, "defaults": bool(problems), **hidden_settings(shown(target.settings))}


# --- the kiosk -------------------------------------------------------------------------------------


def _now(target: Target) -> object:
    """What the running kiosk says of itself, without what it said to people."""
    reply = ask(Path(target.settings.paths.runtime), Panel())
    try:
        view = msgspec.convert(reply, View)
    except msgspec.ValidationError:
        raise Missing("another version of the program answers") from None
    return msgspec.to_builtins(msgspec.structs.replace(view, said=""))


def _lines(target: Target) -> Sequence[journal.Line]:
    return journal.newest(target.record, LINES, 0).lines[::-1]


def _events(target: Target, hiding: Hiding) -> str:
    """One JSON object a line, oldest first."""
    return "".join(msgspec.json.encode(_line(line, hiding)).decode() + "\n" for line in _lines(target))


def _line(line: journal.Line, hiding: Hiding) -> dict[str, object]:
    """Names and times: what somebody typed, sent or was reported is not among them."""
    try:
        data: object = msgspec.json.decode(line.data)
    except msgspec.DecodeError:
        data = None
    return {
        "seq": line.seq,
        "at": _iso(line.wall_s),
        "boot": line.boot,
        "mono_s": round(line.mono_s, 3),
        "incident": line.incident,
        "kind": hiding.names(line.kind),
        "name": hiding.names(line.name),
        "data": hiding.names(data),
    }


def _faults(target: Target, hiding: Hiding) -> object:
    """Each fault of these lines: how often, first, last."""
    found: dict[str, dict[str, object]] = {}
    counts: dict[str, int] = {}
    for line in _lines(target):
        if line.kind != "fault" and line.name not in ("device_failed", "device_recovered"):
            continue
        said = _line(line, hiding)
        data = said["data"]
        code = data.get("code") if line.kind != "fault" and isinstance(data, dict) else None
        name = " ".join(str(word) for word in (said["name"], code) if word)
        counts[name] = counts.get(name, 0) + 1
        found[name] = {"first": said["at"], **found.get(name, {}), "last": said["at"], "count": counts[name]}
    return found


def _verified(target: Target) -> object:
    kept = target.settings.journal
    result = journal.verify(target.record, limits=JournalLimits(kept.keep_days, kept.keep_mb))
    return {
        "ok": result.ok,
        "lines": result.lines,
        "pruned": result.pruned,
        "head": str(result.head),
        "problem": result.problem,
        "size_mb": round(target.record.stat().st_size / 1e6, 2),
    }


def _selftest(target: Target) -> object:
    """In a process of its own, which goes on as the user of the kiosk where root has called."""
    command = [sys.executable, "-m", "edge", "selftest", "--no-hardware", "--read-only", "--json"]
    said = _output([*command, *target.options], SELFTEST_WITHIN_S, cwd=Path(__file__).parents[2])
    found = [msgspec.json.decode(line, type=Finding) for line in said.splitlines()]
    if not found:
        raise Missing("the self-test found nothing that it could try: see the settings' problems")
    return msgspec.to_builtins(found)


# --- the machine -----------------------------------------------------------------------------------


def _machine(target: Target) -> object:
    root, paths = target.root, target.settings.paths
    return {
        "uptime_s": float(_text_of(root / "proc/uptime").split()[0]),
        "load": _text_of(root / "proc/loadavg").split()[:3],
        "memory_mb": _megabytes(root / "proc/meminfo", _MEMORY),
        "temperatures_mdeg": [
            int(_text_of(path)) for path in sorted(root.glob("sys/class/thermal/thermal_zone*/temp"))
        ],
        "disks": {name: _disk(Path(where)) for name, where in _folders(paths.data, paths.runtime)},
        "evidence": _evidence(Path(paths.data) / "evidence"),
        "process": _process(root),
    }


def _folders(data: str, runtime: str) -> tuple[tuple[str, str], ...]:
    return (("root", "/"), ("data", data), ("runtime", runtime))


def _disk(folder: Path) -> object:
    try:
        usage = shutil.disk_usage(folder)
    except OSError as error:
        return error.strerror
    return {"total_mb": round(usage.total / 1e6), "free_mb": round(usage.free / 1e6)}


def _evidence(folder: Path) -> object:
    """How much there is, and no name of it."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return {"files": len(sizes), "mb": round(sum(sizes) / 1e6, 1)}


def _process(root: Path) -> object:
    """The kiosk's own: memory, and its threads by name."""
    try:
        pid = _output(["systemctl", "show", "-p", "MainPID", "--value", "cabinguard.service"]).strip()
    except Missing as error:
        return str(error)
    if pid in ("", "0"):
        return "not running"
    folder = root / "proc" / pid
    names = sorted(_text_of(path).strip() for path in folder.glob("task/*/comm"))
    return {"memory_mb": _megabytes(folder / "status", _PROCESS), "threads": names}


def _units() -> object:
    said = _output(["systemctl", "show", "-p", ",".join(_UNIT_FACTS), "cabinguard*", "--all"])
    blocks = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in said.split("\n\n")]
    found = [block for block in blocks if block.get("LoadState", "not-found") != "not-found"]
    if not found:
        raise Missing("systemctl knows no unit of this program")
    return found


class _Logged(msgspec.Struct):
    """A line of `journalctl -o json`; what is no UTF-8 comes as a list of bytes."""

    at_us: str = msgspec.field(name="__REALTIME_TIMESTAMP", default="0")
    priority: str = msgspec.field(name="PRIORITY", default="")
    unit: str = msgspec.field(name="_SYSTEMD_UNIT", default="")
    said: str | list[int] | None = msgspec.field(name="MESSAGE", default=None)


def _log(hiding: Hiding) -> str:
    command = ["journalctl", "-u", "cabinguard*", "-n", str(LOG_LINES), "-o", "json", "--no-pager", "-q"]
    found = [msgspec.json.decode(line, type=_Logged) for line in _output(command).splitlines()]
    if not found:
        raise Missing("journalctl shows no line to this user")
    return "".join(
        f"{_iso(int(one.at_us) / 1e6)} <{one.priority}> {_unit(one.unit)} {hiding.log_line(_said(one))}\n"
        for one in found
    )


def _unit(name: str) -> str:
    return name.removesuffix(".service") if name.startswith("cabinguard") else "system"


def _said(one: _Logged) -> str:
    said = bytes(one.said).decode("utf-8", "replace") if isinstance(one.said, list) else one.said or ""
    return "".join(sign if sign.isprintable() else " " for sign in said)


# --- asking ----------------------------------------------------------------------------------------


def _output(command: Sequence[str], within_s: float = ASK_WITHIN_S, *, cwd: Path | None = None) -> str:
    """What a program prints. Raises `Missing` where it is not here or does not come to an end."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=within_s,
            check=False,
        )
    except FileNotFoundError as error:
        raise Missing(f"{Path(command[0]).name} is not here") from error
    except subprocess.TimeoutExpired as error:
        raise Missing(f"{Path(command[0]).name} did not end within {within_s:.0f} s") from error
    return done.stdout.decode("utf-8", "replace")


def _text_of(path: Path) -> str:
    """What a small file of the system says; empty where it is not there."""
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _first_line(path: Path, key: str) -> str:
    lines = _text_of(path).splitlines()
    return next((line.removeprefix(key).strip('"') for line in lines if line.startswith(key)), "")


def _megabytes(path: Path, wanted: Sequence[str]) -> dict[str, int]:
    """Lines `Name: 123 kB` of a file under /proc."""
    found = dict(line.partition(":")[::2] for line in _text_of(path).splitlines())
    return {name: int(found[name].split()[0]) // 1024 for name in wanted if name in found}


def _iso(wall_s: float) -> str:
    return datetime.fromtimestamp(wall_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

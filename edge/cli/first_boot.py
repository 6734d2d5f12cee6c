"""`first-boot`: a new kiosk's settings from a file on the boot partition, where any computer can put it.

The file is a piece of kiosk.toml with what differs on this kiosk, and may hold a table of its own:

    [first_boot]
    sim_pin = "1234"        # goes into a file of its own, for the service alone (edge/settings/handed.py)
    ssh_key = "ssh-ed25519 AAAA... name"    # who may log in as technician

Everything is checked as a whole before anything is written. Taken over, the file is overwritten and removed:
it holds telephone numbers and the PIN, and anyone who holds the card could read it. What is wrong stands in
PROBLEM beside it and on the board's screen, and the file stays for correction; so does a kiosk whose settings
are not complete and that was given no file. Done twice, as after a power cut, it comes out the same.
"""

from __future__ import annotations

import argparse
import contextlib
import grp
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from edge.cli.options import Commands
from edge.disk.files import sync, wipe
from edge.faults.explain import explain
from edge.faults.fault import FaultError
from edge.pictures.recipients import parse_recipients
from edge.settings.first_boot import LARGEST, read_first_boot
from edge.settings.handed import HANDED, SSH_KEY
from edge.settings.load import SettingsError, load
from edge.settings.places import SETTINGS_FILE
from edge.settings.schema import as_toml
from edge.terms.printing import printable

PROBLEM: Final = "cabinguard-problem.txt"
GROUP: Final = "cabinguard"
SSH_KEYS: Final = Path("/etc/ssh/technician_keys")
SCREEN: Final = Path("/run/cabinguard-notice/screen")
"""What getty shows above its login, through a link in /etc/issue.d."""
SCREEN_PROBLEMS: Final = 2
"""A screen has 25 lines."""


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "first-boot", help="take settings over from a file on the boot partition, then wipe it"
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a piece of kiosk.toml")
    parser.add_argument("--settings", type=Path, metavar="FILE", default=SETTINGS_FILE, help="where they go")
    parser.add_argument("--ssh-keys", type=Path, metavar="FILE", default=SSH_KEYS, help=argparse.SUPPRESS)
    parser.add_argument("--screen", type=Path, metavar="FILE", default=SCREEN, help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    given = args.file.exists()
    try:
        if given:
            changed = take_over(args.file, args.settings, args.ssh_keys)
        else:
            load(args.settings, kiosk=True)
    except (SettingsError, OSError) as error:
        _tell(args.file, args.screen, given, _explained(error))
        raise
    for notice in (args.file.with_name(PROBLEM), args.screen):
        with contextlib.suppress(OSError):
            notice.unlink(missing_ok=True)
    if given:
        print(printable(f"{changed} settings taken over into {args.settings}; {args.file.name} is wiped"))
    else:
        print(printable(f"no {args.file.name} to take over; the settings are complete"))
    return 0


def _explained(error: SettingsError | OSError) -> list[str]:
    if isinstance(error, OSError):
        return [explain("file_unusable", f"{error.filename}: {error.strerror}")]
    return [explain(one.code, one.detail) for one in error.problems]


def _tell(file: Path, screen: Path, given: bool, problems: list[str]) -> None:
    """The problems beside the file and on the screen; a place that takes no writes is left to the log."""
    if given:
        head = f"{file.name} on this card's first partition was not taken over."
        remedy = f"correct {file.name} on its first partition"
    else:
        head = f"There is no {file.name} on this card's first partition, and the settings are not complete."
        remedy = f"copy cabinguard.example.toml on its first partition to {file.name} there, fill it in"
    head = f"CabinGuard is not in service; the door rests unlocked.\n{head}"
    remedy = (
        f"What to do: switch off, put the card into any computer,\n{remedy},\nput it back, switch on."
        " Who may log in over the network can also correct the\nkiosk's own file:"
        " sudo nano /etc/cabinguard/kiosk.toml, then sudo reboot."
    )
    with contextlib.suppress(OSError):
        words = "\n\n".join([head, *problems, remedy])
        file.with_name(PROBLEM).write_text(words + "\n", encoding="utf-8")
    first = [
        "\n".join(line for line in problem.splitlines() if not line.startswith("door:"))
        for problem in problems[:SCREEN_PROBLEMS]
    ]
    if len(problems) > SCREEN_PROBLEMS:
        first.append(f"{len(problems) - SCREEN_PROBLEMS} more stand in {PROBLEM} on that partition.")
    words = "\n\n".join([head, *first, remedy])
    # getty reads backslashes as orders, and the terminal control characters.
    words = "".join(sign if sign.isprintable() or sign == "\n" else "?" for sign in words)
    with contextlib.suppress(OSError):
        screen.write_text(words.replace("\\", "\\\\") + "\n\n", encoding="utf-8")


def take_over(file: Path, target: Path, ssh_keys: Path) -> int:
    """Move what `file` says into the settings file `target`; how many settings that changed.

    Raises `SettingsError` with every problem, and has changed nothing then; OSError where the disk fails.
    """
    first = read_first_boot(_read(file), file.name, target.parent, parse_recipients)
    given, own = first.piece, first.own
    handed = {name: row for name, row in HANDED.items() if name in own}
    policy = msgspec.to_builtins(given.over(target).policy)
    leaves = list(_leaves(given.table, ""))
    text = target.read_text("utf-8")
    for section, key, value in leaves:
        if section == "policy":  # a row stands on one line, with what the piece does not say
            value = policy[key]
        text = _with_value(text, section, key, value)
    candidate = target.with_name(f".{target.name}.first-boot")
    write_whole(candidate, text.encode(), 0o640)
    try:
        load(candidate, kiosk=True)
    except SettingsError:
        candidate.unlink()
        raise
    for name, row in handed.items():
        own_file = target.parent / row.file
        _make_folder(own_file.parent)
        write_whole(own_file, f"{str(own[name]).rstrip()}\n".encode(), 0o644 if row.public else 0o640)
    if SSH_KEY in own:
        write_whole(ssh_keys, f"{own[SSH_KEY]}\n".encode(), 0o644, group="root")
    candidate.replace(target)
    sync(target.parent)
    wipe(file)
    return len(leaves)


def _read(file: Path) -> bytes:
    """Its beginning, longer than any that is taken."""
    try:
        with file.open("rb") as source:
            return source.read(LARGEST + 1)
    except OSError as error:
        raise SettingsError([FaultError("settings_unreadable", f"{file.name}: {error.strerror}")]) from error


def _make_folder(folder: Path) -> None:
    """Root's; the service reads in it."""
    folder.mkdir(mode=0o750, exist_ok=True)
    with contextlib.suppress(KeyError, PermissionError):
        os.chown(folder, -1, grp.getgrnam(GROUP).gr_gid)


def _leaves(table: Mapping[str, object], prefix: str) -> Iterator[tuple[str, str, object]]:
    """Every value with its section and key; inline tables of [policy] count as values."""
    for key, value in table.items():
        if isinstance(value, dict) and prefix != "policy":
            yield from _leaves(value, f"{prefix}.{key}" if prefix else key)
        else:
            yield prefix, key, value


def _with_value(text: str, section: str, key: str, value: object) -> str:
    """The settings file's text with one value changed and every comment kept."""
    setting = f"{key} = {as_toml(value)}"
    lines = text.removesuffix("\n").split("\n")
    try:
        begin = lines.index(f"[{section}]") + 1 if section else 0
    except ValueError:
        return "\n".join([*lines, "", f"[{section}]", setting]) + "\n"
    for at in range(begin, len(lines)):
        if lines[at].startswith("["):
            break
        if re.match(rf"{re.escape(key)}\s*=", lines[at]):
            lines[at] = setting + _comment(lines[at])
            return "\n".join(lines) + "\n"
    lines.insert(begin, setting)
    return "\n".join(lines) + "\n"


def _comment(line: str) -> str:
    """The comment at the end of a line that sets something, with the spaces before it; empty for none."""
    for sign in re.finditer(r"\s+#", line):
        with contextlib.suppress(tomllib.TOMLDecodeError):  # that one stands inside a text
            tomllib.loads(line[: sign.start()])
            return line[sign.start() :]
    return ""


def write_whole(path: Path, content: bytes, mode: int, group: str = GROUP) -> None:
    """A whole file or none, readable by its group alone before anything stands in it."""
    part = path.with_name(f".{path.name}.new")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        with contextlib.suppress(KeyError, PermissionError):  # a bench has neither the group nor the right
            os.fchown(handle, -1, grp.getgrnam(group).gr_gid)
        os.fchmod(handle, mode)
        file.write(content)
        file.flush()
        os.fsync(handle)
    part.replace(path)

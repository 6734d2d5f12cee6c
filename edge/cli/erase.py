"""`erase`: wipe keys, pictures, record and settings of a kiosk that leaves service."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from edge.cli.options import Commands, add_settings_options, load_settings, settings_path
from edge.faults.fault import FaultError
from edge.service.erasing import Erased, erase, would_go
from edge.settings.schema import Settings
from edge.settings.version import program_version
from edge.terms.printing import printable


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("erase", help="wipe all that a kiosk has kept, before it leaves service")
    parser.add_argument("--confirm", metavar="NAME", help="the cabin's name, as the settings have it")
    parser.add_argument(
        "--holds-copied", action="store_true", help="the pictures under a legal hold are safe elsewhere"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the proof of it goes, too, as JSON")
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    path = settings_path(args)
    if args.confirm != settings.cabin.name:
        raise FaultError("erase_not_confirmed", f'say --confirm "{settings.cabin.name}"')
    out: Path | None = args.out
    if out is not None and would_go(settings, path, out):
        raise FaultError("file_unusable", f"{out}: it would be wiped with the rest; name a place outside")
    with _proof_file(out) as file:
        done = erase(settings, path, holds_copied=args.holds_copied)
    # All is gone: whatever happens from here on, the proof is printed.
    proof = json.dumps(_proof(settings, done), indent=1, ensure_ascii=False)
    try:
        _write(file, proof + "\n")
    except OSError as error:
        raise FaultError("file_unusable", f"{out}: {error.strerror}; the proof was printed") from error
    finally:
        print("\n".join(map(printable, proof.split("\n"))))
        for line in (
            printable(f"{done.files} files wiped, {done.keys} of them named by the settings"),
            "left: credentials in /etc/credstore, the technician's key in /etc/ssh, the system's own log",
            "a card keeps old blocks: discard it (blkdiscard) or destroy it where pictures were not sealed",
        ):
            print(line, file=sys.stderr)
        sys.stdout.flush()
    return 0


@contextlib.contextmanager
def _proof_file(path: Path | None) -> Iterator[TextIO | None]:
    """Open before the first byte is wiped; an earlier one stays until there is a new one. OSError."""
    if path is None:
        yield None
        return
    is_new = not path.exists()
    file = path.open("a", encoding="utf-8")
    try:
        yield file
    except BaseException:
        file.close()
        if is_new:
            path.unlink(missing_ok=True)
        raise


def _write(file: TextIO | None, text: str) -> None:
    """On the disk or stick when this returns. OSError."""
    if file is None:
        return
    with file:
        regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
        if regular:
            file.truncate(0)
        file.write(text)
        file.flush()
        if regular:
            os.fsync(file.fileno())


def _proof(settings: Settings, done: Erased) -> dict[str, object]:
    head = done.head
    return {
        "cabin": settings.cabin.name,
        "erased": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "by": f"cabinguard {program_version()}",
        "keys": done.keys,
        "files": done.files,
        "bytes": done.bytes,
        "record_ended_at": None if head is None else f"{head.seq}:{head.hash}",
    }

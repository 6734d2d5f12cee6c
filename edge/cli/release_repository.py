"""`release-repository`: the publisher's side of `update`, on the publisher's machine."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from edge.cli.options import Commands, text_in
from edge.faults.fault import FaultError
from edge.terms.printing import printable

if TYPE_CHECKING:  # python-tuf, for this command alone
    from edge.updates.publish import Publisher

DONE: Final = 0


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("release-repository", help="publish signed releases for many kiosks")
    steps = parser.add_subparsers(title="steps", metavar="STEP", required=True)

    def step(name: str, say: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        one = steps.add_parser(name, help=say)
        one.add_argument("repository", type=Path, metavar="DIR", help="the folder that the server hands out")
        one.add_argument(
            "--keys",
            type=Path,
            action="append",
            required=True,
            metavar="DIR",
            help="where keys are; may be several",
        )
        one.add_argument("--passphrase-file", type=Path, metavar="FILE", help="of the keys")
        one.set_defaults(run=run)
        return one

    first = step("init", "new keys and first lists", _init)
    first.add_argument("--root-keys", type=int, default=3, metavar="N", help="so many (default 3)")
    first.add_argument(
        "--root-signers", type=int, default=2, metavar="N", help="so many must sign (default 2)"
    )
    add = step("add", "one release more, from a tree of the program and its wheels", _add)
    add.add_argument("--tree", type=Path, required=True, metavar="DIR", help="the program's sources")
    add.add_argument("--wheels", type=Path, required=True, metavar="DIR", help="made by ./install.sh fetch")
    add.add_argument("--machine", default="aarch64", help="processor (default aarch64)")
    add.add_argument(
        "--boards", default="any", metavar="A,B", help="pi3, pi4, pi5, zero2, other; default any"
    )
    add.add_argument("--python", default="3.11-3.13", metavar="A-B", help="for these (default 3.11-3.13)")
    add.add_argument("--without-inventory", action="store_true", help="without the list of what is in it")
    add.add_argument("--percent", type=int, default=0, metavar="N", help="handed out to so many of a hundred")
    promote = step("promote", "hand a release out to more kiosks", _promote)
    promote.add_argument("version")
    promote.add_argument("--percent", type=int, required=True, metavar="N")
    promote.add_argument("--at", metavar="TIME", help="from 2026-12-01T02:00Z on; default now")
    halt = step("halt", "hand a release out no more", _halt)
    halt.add_argument("version")
    halt.add_argument("--why", default="halted by the publisher")
    judge = step("judge", "halt releases that failed on too many kiosks", _judge)
    judge.add_argument(
        "--counts", type=Path, required=True, metavar="FILE", help='{"ID": {"ok": 90, "failed": 3}}'
    )
    judge.add_argument(
        "--limit", type=float, default=2.0, metavar="PERCENT", help="more than this (default 2)"
    )
    judge.add_argument("--least", type=int, default=20, metavar="N", help="of at least so many (default 20)")
    renew = step("renew", "the same list with a new end of its time", _renew)
    renew.add_argument("role", choices=("timestamp", "snapshot", "targets", "root"))
    rotate = step("rotate", "replace keys of a role", _rotate)
    rotate.add_argument("role", choices=("timestamp", "snapshot", "targets", "root"))
    rotate.add_argument("--out", action="append", default=[], metavar="KEYID", help="to be taken out")
    rotate.add_argument(
        "--new", action="append", default=[], metavar="NAME", help="to be made, in the first --keys"
    )
    step("list", "releases, stages and halts", _list)


def _publisher(args: argparse.Namespace) -> Publisher:
    from edge.updates.keys import read_keys
    from edge.updates.publish import Publisher

    return Publisher(args.repository, read_keys(args.keys, _passphrase(args)))


def _passphrase(args: argparse.Namespace) -> str:
    file: Path | None = args.passphrase_file
    return "" if file is None else text_in(file).strip()


def _init(args: argparse.Namespace) -> int:
    from edge.updates.publish import Publisher, Thresholds

    base = Thresholds()
    thresholds = Thresholds(
        {**base.keys, "root": args.root_keys}, {**base.signers, "root": args.root_signers}
    )
    Publisher(args.repository, {}).begin(args.keys[0], _passphrase(args), thresholds)
    print(printable(f"keys in {args.keys[0]}; take those of root and targets to their safes"))
    print(printable(f"for the kiosks: {args.repository}/metadata/1.root.json as update.root_file"))
    return DONE


def _add(args: argparse.Namespace) -> int:
    from edge.inventory.cyclonedx import document
    from edge.inventory.wheels import wheels_inventory
    from edge.updates import package
    from edge.updates.putting_back import FORM
    from edge.updates.release import Release, Stage

    python_min, _, python_max = args.python.partition("-")
    release_id = package.program_id(args.tree)
    with tempfile.TemporaryDirectory(dir=args.repository) as folder:
        archive = Path(folder) / "release.tar"
        inventory = (
            b"" if args.without_inventory else document(wheels_inventory(args.wheels, args.tree / "models"))
        )
        size = package.pack(args.tree, args.wheels, archive, inventory)
        try:
            release = msgspec.convert(
                {
                    "version": release_id.partition("-")[0],
                    "id": release_id,
                    "machine": args.machine,
                    "python_min": python_min,
                    "python_max": python_max or python_min,
                    "record": FORM,
                    "unpacked_mb": size // package.MB + 1,
                    "boards": tuple(args.boards.split(",")),
                    "stages": (Stage(int(time.time()), args.percent),),
                },
                Release,
            )
        except msgspec.ValidationError as error:
            raise FaultError("update_unreadable", str(error)) from error
        print(printable(_publisher(args).add(archive, release)))
    return DONE


def _promote(args: argparse.Namespace) -> int:
    begins = int(time.time()) if args.at is None else _time(args.at)
    _publisher(args).promote(args.version, args.percent, begins)
    return DONE


def _time(text: str) -> int:
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise FaultError("update_unreadable", f"{text} is no time such as 2026-12-01T02:00Z") from error
    return int(when.replace(tzinfo=when.tzinfo or UTC).timestamp())


def _halt(args: argparse.Namespace) -> int:
    _publisher(args).halt(args.version, args.why)
    return DONE


def _judge(args: argparse.Namespace) -> int:
    from edge.updates.publish import Count

    try:
        counts = msgspec.json.decode(args.counts.read_bytes(), type=dict[str, Count])
    except msgspec.DecodeError as error:
        raise FaultError("update_unreadable", f"{args.counts}: {error}") from error
    halted = _publisher(args).judge(counts, args.limit, args.least)
    for line in halted:
        print(printable(f"halted {line}"))
    return 1 if halted else DONE


def _renew(args: argparse.Namespace) -> int:
    _publisher(args).renew(args.role)
    return DONE


def _rotate(args: argparse.Namespace) -> int:
    from edge.updates.keys import new_keys

    publisher = _publisher(args)
    made = new_keys(args.keys[0], args.new, _passphrase(args))
    publisher.rotate(args.role, args.out, [key.signer for key in made], made)
    print("\n".join(publisher.keyids(args.role)))
    return DONE


def _list(args: argparse.Namespace) -> int:
    for release in _publisher(args).releases():
        state = f"halted: {release.halted}" if release.halted else f"{release.percent(time.time())} %"
        print(printable(f"{release.id} {release.machine} {','.join(release.boards)} {state}"))
    return DONE

"""`update`: looks for a newer signed release, takes it over, says how it ended. `edge/docs/updates.md`."""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from pathlib import Path
from typing import Final

import msgspec

from edge.cli.options import Commands, add_settings_options, as_the_kiosk, load_settings, settings_path
from edge.faults.explain import explain
from edge.faults.fault import FaultError
from edge.journal import way_back
from edge.settings.load import SettingsError, load
from edge.settings.places import SETTINGS_FILE
from edge.settings.schema import Settings
from edge.terms.printing import printable
from edge.updates.machine import ROOT_VARIABLE, Machine

DONE: Final = 0


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("update", help="look for a newer signed release, and take it over")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true", help="say which release this kiosk may take now")
    what.add_argument("--apply", action="store_true", help="take it, in an empty and unlocked cabin")
    what.add_argument("--status", action="store_true", help="what was found and done last")
    what.add_argument("--settle", action="store_true", help="undo an update that was ended in the middle")
    what.add_argument(
        "--nightly", action="store_true", help="for the timer: --apply, quiet where it has to wait"
    )
    # Steps that one version's installer or updater asks of another's; not for people.
    for step in ("--keep-record", "--forget-record", "--put-back", "--record-put-back"):
        what.add_argument(step, action="store_true", help=argparse.SUPPRESS)
    what.add_argument("--record-back", type=int, metavar="FORM", help=argparse.SUPPRESS)
    parser.add_argument("--from", dest="stick", type=Path, metavar="DIR", help="a repository on a stick")
    parser.add_argument("--now", action="store_true", help="with --apply: whatever update.window says")
    parser.add_argument("--json", action="store_true", help="with --status: one JSON object")
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = _settings(args)
    root = Path(os.environ.get(ROOT_VARIABLE) or "/")
    file = settings_path(args) or SETTINGS_FILE
    machine = Machine(root, Path(settings.paths.runtime), file.absolute())
    if args.keep_record or args.forget_record or args.put_back or args.record_put_back:
        return _step(args, settings, machine)
    if args.record_back is not None:
        as_the_kiosk(settings)
        way_back.take_back(Path(settings.paths.data), args.record_back, time.time())
        return DONE
    return _asked(args, settings, machine)


def _asked(args: argparse.Namespace, settings: Settings, machine: Machine) -> int:
    from edge.updates.job import LATER, NOTHING, Job  # python-tuf, for these commands alone

    if os.geteuid() != 0 and not os.environ.get(ROOT_VARIABLE):
        raise FaultError("not_root")
    url = settings.update.url if args.stick is None else str(args.stick.absolute())
    job = Job(settings, machine, Path(url).as_uri() if url.startswith("/") else url)
    if args.status:
        return _status(job.status(), as_json=args.json)
    if args.settle:
        job.settle()
        print(f"{machine.current()} runs")
        return DONE
    if args.check:
        offer = job.check()
        print(printable(f"{offer.release.id} may be taken ({offer.length // 1_000_000} MB)"))
        return DONE
    if args.nightly and not (settings.update.automatic and (job.in_window() or machine.pending())):
        return DONE
    try:
        release = job.apply(any_time=args.now)
    except FaultError as error:
        if args.nightly and error.code in LATER | NOTHING:
            print(printable(f"{error.code} {error.detail}"))
            return DONE
        raise
    print(f"{release} runs, healthy")
    return DONE


def _status(kept: msgspec.Struct, *, as_json: bool) -> int:
    if as_json:
        print(msgspec.json.encode(kept).decode())
        return DONE
    plain: dict[str, object] = msgspec.to_builtins(kept)
    last = plain.pop("last")
    rows = {**plain, **(last if isinstance(last, dict) else {})}
    for key, value in rows.items():
        print(f"{key.replace('_', ' '):<12} {printable(str(value or '-'))}")
    if code := rows.get("code"):
        print(explain(str(code)))
    return DONE


def _step(args: argparse.Namespace, settings: Settings, machine: Machine) -> int:
    from edge.updates import putting_back

    data = Path(settings.paths.data)
    folder = machine.root / settings.update.folder.lstrip("/")
    if args.keep_record:
        putting_back.keep_settings(machine, folder)
        as_the_kiosk(settings)
        way_back.keep_copy(data)
    elif args.forget_record:
        as_the_kiosk(settings)
        way_back.forget_copy(data)
    elif args.record_put_back:
        as_the_kiosk(settings)
        print(putting_back.put_record_back(machine, settings))
    else:
        return _put_back(machine, folder)
    return DONE


def _put_back(machine: Machine, folder: Path) -> int:
    from edge.updates import putting_back
    from edge.updates.job import Job

    if putting_back.put_settings_back(machine, folder):
        print(f"the settings of before are back; those of the newer version are {machine.settings}.newer")
    settings = load(machine.settings)
    with contextlib.suppress(FaultError):  # what cannot be remembered keeps nobody from going back
        Job(settings, machine, "").broken_off()
    print(machine.command(machine.current(), "update", "--record-put-back"))
    return DONE


def _settings(args: argparse.Namespace) -> Settings:
    """Those of the kiosk; while going back the defaults do where they cannot be read."""
    try:
        return load_settings(args)
    except SettingsError:
        if not args.put_back:
            raise
        return load(None)

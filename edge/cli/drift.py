"""`drift`: how good the view of each camera was in the last days; `--again` starts the comparison again."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import msgspec

from edge.cli.options import Commands, add_settings_options, as_the_kiosk, load_settings
from edge.faults.fault import FaultError
from edge.judge.drift import DriftJudge, Memory
from edge.loop.views import NAME, ViewsFile
from edge.service.asks import Drift, DriftAgain
from edge.service.control import ask
from edge.service.views import basis_of
from edge.settings.schema import Settings
from edge.terms.printing import printable

_NOT_RUNNING: Final = "kiosk_not_running"


class _Seen(msgspec.Struct, frozen=True):
    """One camera of the reply."""

    days_learnt: int
    days_wanted: int
    worse: tuple[str, ...]
    last_days: dict[str, tuple[float | None, ...]]


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("drift", help="how good the cameras' views were in the last days")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument(
        "--again",
        action="store_true",
        help="the lens was cleaned, the camera set, or the light changed for good: learn the views again",
    )
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    if args.again:
        _start_again(settings)
        print("the views are learnt again; what gets worse is told again after seven days")
        return 0
    reply = _asked(settings)
    if args.json:
        print(msgspec.json.encode(reply).decode())
        return 0
    for name, seen in msgspec.convert(reply, dict[str, _Seen]).items():
        worse = ", ".join(seen.worse) or "nothing"
        print(
            printable(
                f"{name}: {seen.days_learnt} days learnt of {seen.days_wanted} at least; worse: {worse}"
            )
        )
        for gauge, values in seen.last_days.items():
            days = " ".join("       -" if value is None else f"{value:8.3f}" for value in values)
            print(printable(f"  {gauge:<16}{days}"))
    if not reply:
        print("nothing was learnt yet")
    return 0


def _asked(settings: Settings) -> dict[str, object]:
    """The running kiosk's answer; of one that is stopped what it kept."""
    try:
        views = ask(Path(settings.paths.runtime), Drift()).get("views")
        return views if isinstance(views, dict) else {}
    except FaultError as error:
        if error.code != _NOT_RUNNING:
            raise
    as_the_kiosk(settings)
    found = _file(settings).read(set_aside=False)
    if found.damaged:
        raise FaultError("views_unreadable", found.damaged)
    return DriftJudge(memory=found.memory).report()


def _start_again(settings: Settings) -> None:
    try:
        reply = ask(Path(settings.paths.runtime), DriftAgain())
    except FaultError as error:
        if error.code != _NOT_RUNNING:
            raise
        as_the_kiosk(settings)
        _file(settings).keep(Memory())
        return
    if "error" in reply:
        raise FaultError("not_root", "root or the kiosk's own user alone may start it again")


def _file(settings: Settings) -> ViewsFile:
    data = Path(settings.paths.data)
    return ViewsFile(data / NAME, basis_of(settings, data), threaded=False)

"""`events`: reads the record of a kiosk, running or not, and proves that nobody has changed it."""

from __future__ import annotations

import argparse
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from edge.cli.options import Commands, add_settings_options, incident_number, load_settings, who_asks
from edge.faults.explain import explain
from edge.faults.fault import FaultError
from edge.journal import reader as journal
from edge.journal.chain import SHORT, Head
from edge.journal.file import NAME
from edge.journal.limits import JournalLimits
from edge.journal.marking import put_mark
from edge.pictures.about import mark_about
from edge.pictures.check import check_pictures
from edge.pictures.files import FOLDER
from edge.pictures.kept import KEYS, OPENED
from edge.service.asks import MarkIncident
from edge.service.control import ask, done
from edge.terms.marks import BY_MOST, NOTE_MOST, Mark, Marked, plain_words
from edge.terms.printing import printable
from hw.clock import SystemClock

_UNITS_S: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("events", help="read the record")
    parser.add_argument(
        "--since", type=_since, metavar="WHEN", help="2026-01-31T08:00 (UTC), or 90m, 24h, 7d ago"
    )
    parser.add_argument("--incident", type=incident_number, metavar="N", help="one incident alone")
    parser.add_argument(
        "--verify", action="store_true", help="follow the chain of hashes through the whole record"
    )
    parser.add_argument(
        "--head",
        metavar="SEQ:HASH",
        type=_head,
        help="with --verify: a head that was sent out, whole or as a text has it",
    )
    parser.add_argument("--journal", type=Path, metavar="FILE", help="another record than the settings' own")
    parser.add_argument("--json", action="store_true", help="one JSON object a line of the record")
    add_settings_options(parser)
    parser.set_defaults(run=run)
    more = parser.add_subparsers(metavar="mark", title="more")
    marks = more.add_parser("mark", help="say whether an incident was a false alarm")
    marks.add_argument("number", type=incident_number, metavar="N", help="the incident")
    marks.add_argument("mark", type=Mark, choices=list(Mark), help="what it was")
    marks.add_argument("--by", default="", metavar="NAME", help="who says so; else the user of this command")
    marks.add_argument("--note", default="", help="a few words; telephone numbers are left out")
    add_settings_options(marks)
    marks.set_defaults(run=mark)


def journal_file(args: argparse.Namespace) -> Path:
    named: Path | None = args.journal
    return named if named is not None else Path(load_settings(args).paths.data) / NAME


def run(args: argparse.Namespace) -> int:
    if args.head is not None and not args.verify:
        print("cabinguard: --head is compared by --verify alone", file=sys.stderr)
        return 2
    path = journal_file(args)
    if args.verify:
        kept = load_settings(args).journal
        limits = JournalLimits(kept.keep_days, kept.keep_mb)
        return _verify(path, args.head, limits, as_json=args.json)
    found = False
    for line in journal.lines(path, since_wall_s=args.since, incident=args.incident):
        found = True
        print(_json(line) if args.json else _words(line))
    if found:
        return 0
    which = "" if args.incident is None else f" of incident {args.incident}"
    print(f"the record has no line{which}{'' if args.since is None else ' since then'}", file=sys.stderr)
    return 0 if args.incident is None else 1


def mark(args: argparse.Namespace) -> int:
    """By the running kiosk; where none runs, straight into the record."""
    settings = load_settings(args)
    by = plain_words(args.by or who_asks(), BY_MOST) or "-"
    note = plain_words(args.note, NOTE_MOST)
    marked = Marked(args.number, args.mark, by, note)
    asked = MarkIncident(incident=args.number, mark=args.mark, by=by, note=note)
    try:
        done(ask(Path(settings.paths.runtime), asked))
    except FaultError as fault:
        if fault.code != "kiosk_not_running":
            raise
        data = Path(settings.paths.data)
        put_mark(data / NAME, marked, SystemClock())
        mark_about(data / FOLDER / str(marked.incident), marked.mark)
    said = {Mark.FALSE: "a false alarm", Mark.TRUE: "a true alarm"}[args.mark]
    print(printable(f"incident {args.number} is marked as {said} by {by}"))
    return 0


def _verify(path: Path, sent: Head | None, limits: JournalLimits, *, as_json: bool) -> int:
    result = journal.verify(path, sent, limits)
    changed = check_pictures(path.parent / FOLDER, journal.lines(path))
    ok = result.ok and not changed
    if as_json:
        whole = msgspec.to_builtins(result) | {"ok": ok, "pictures": [problem.detail for problem in changed]}
        print(msgspec.json.encode(whole).decode())
        return 0 if ok else 1
    if result.ok:
        print(f"the chain fits: {result.lines} lines, head {result.head}")
    else:
        print(f"the record does not fit: {result.problem}")
    if result.ok and result.pruned:
        print(f"the first {result.pruned} lines were removed by age or size")
    if result.ok and sent is None:
        print("whether all of it was rewritten only a head that was sent out can tell: --head")
    for problem in changed:
        print(explain(problem.code, problem.detail), file=sys.stderr)
    return 0 if ok else 1


def _json(line: journal.Line) -> str:
    whole = {
        "seq": line.seq,
        "at": _iso(line.wall_s),
        "boot": line.boot,
        "mono_s": round(line.mono_s, 3),
        "incident": line.incident,
        "kind": line.kind,
        "name": line.name,
        "data": _data(line),
        "hash": line.hash,
    }
    return msgspec.json.encode(whole).decode()


def _data(line: journal.Line) -> object:
    """What the line adds; as it stands there, where something else than this program wrote it."""
    try:
        return msgspec.json.decode(line.data)
    except msgspec.DecodeError:
        return line.data


def _words(line: journal.Line) -> str:
    incident = f"#{line.incident}" if line.incident else ""
    said = _data(line)
    if isinstance(said, dict):
        said.pop("name", None)  # it stands before, as does the incident
        if said.get("incident") == line.incident:
            del said["incident"]
        if isinstance(files := said.get("files"), dict):
            said["files"] = len(files)  # names and hashes are for --json and --verify
            said = {name: value for name, value in said.items() if name not in (OPENED, KEYS)}
    kind, name = _plain(line.kind), _plain(line.name)
    return f"{_iso(line.wall_s)}  {incident:<6} {kind:<8} {name:<22} {_said(said)}".rstrip()


def _said(value: object) -> str:
    """A value for people: no JSON."""
    match value:
        case bool():
            return "yes" if value else "no"
        case dict():
            words = (f"{_plain(str(name))} {_said(inner)}".strip() for name, inner in value.items())
            return ", ".join(word for word in words if word)
        case list():
            return " and ".join(map(_said, value)) or "none"
        case None:
            return "-"
        case float():
            return f"{value:g}"
        case _:
            return _plain(str(value))


def _plain(name: str) -> str:
    """Names of the program as words; what a stranger wrote sends no control characters to the terminal."""
    return printable(name.replace("_", " ") if name.isidentifier() else name)


def _iso(wall_s: float) -> str:
    return datetime.fromtimestamp(wall_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _since(text: str) -> float:
    ago = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    if ago is not None:
        return time.time() - float(ago[1]) * _UNITS_S[ago[2]]
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a time such as 2026-01-31T08:00 nor 24h"
        ) from error
    return (when if when.tzinfo is not None else when.replace(tzinfo=UTC)).timestamp()


def _head(text: str) -> Head:
    match = re.fullmatch(rf"(\d{{1,12}}):([0-9a-f]{{{SHORT},64}})", text.strip().lower(), re.ASCII)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not SEQ:HASH as a message or --verify has it")
    return Head(int(match[1]), match[2])

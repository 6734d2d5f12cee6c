"""The command line: one parser, and a module for each command that is more than a few lines.

Exit codes, the same for every command: 0 done; 1 done, and something was found wrong (a picture that cannot
be read, a story that fails, a device that does not answer); 2 the command line is wrong; 3 a named
fault stopped it; 130 interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import signal
import sys
import tomllib
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import FrameType
from typing import NoReturn

import msgspec

from edge.cli import bench, first_boot, replay
from edge.cli import events as records
from edge.cli import look as looking
from edge.cli import modem as modem_cli
from edge.cli.options import Commands, add_settings_options, as_the_kiosk, load_settings, settings_path
from edge.faults.explain import explain
from edge.faults.fault import FaultError
from edge.messages.ways.open import release_desk
from edge.panel import server as panel
from edge.selftest import findings as selftest
from edge.service import control
from edge.service import service as kiosk
from edge.settings.load import SettingsError
from edge.settings.schema import EXAMPLE, Settings
from edge.settings.secrets import secret_problems
from edge.settings.show import remarks, show, shown
from edge.terms.printing import printable
from hw.ports import HardwareError

DONE, FAULT, INTERRUPTED = 0, 3, 130
EXIT_CODES = (
    "exit codes: 0 done, 1 found something wrong, 2 wrong command line, 3 stopped by a fault, 130 interrupted"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. Prints faults as four lines, never as a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal cannot show stops nothing
            stream.reconfigure(errors="backslashreplace")
    args = _parser().parse_args(argv)
    with contextlib.suppress(ValueError):  # not in the main thread: whoever calls has handlers of their own
        signal.signal(signal.SIGTERM, _end)  # `run` has its own
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except SettingsError as error:
        for problem in error.problems:
            print(explain(problem.code, problem.detail), file=sys.stderr)
        return FAULT
    except (FaultError, HardwareError) as error:
        print(explain(error.code, error.detail), file=sys.stderr)
        return FAULT
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # `cabinguard events | head`
        _drop_output()
        return DONE
    except OSError as error:  # a file or folder that a user named and that no command expected to fail
        if error.filename is None:
            _drop_output()  # it may be the output itself, on a full disk
        named = error.strerror or str(error)
        print(explain("file_unusable", f"{error.filename or 'the output'}: {named}"), file=sys.stderr)
        return FAULT
    return code


def _end(signum: int, frame: FrameType | None) -> NoReturn:
    """Ended from outside: tidy up on the way, as after Ctrl-C."""
    raise SystemExit(128 + signum)


def _drop_output() -> None:
    """What is still to be written goes nowhere, so that the end of the program does not fail over it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _version() -> str:
    try:
        return version("cabinguard")
    except PackageNotFoundError:  # run from the checkout
        project = Path(__file__).resolve().parent.parent / "pyproject.toml"
        return str(tomllib.loads(project.read_text("utf-8"))["project"]["version"])


class _Parser(argparse.ArgumentParser):
    """Prints what it does not understand; every command's own parser is of this kind, too."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="cabinguard",
        description="Guards one ATM cabin: show your face, or the door locks.",
        epilog=EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"cabinguard {_version()}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    bench.add_parser(commands)
    replay.add_parser(commands)
    looking.add_parser(commands)
    kiosk.add_parser(commands)
    selftest.add_parser(commands)
    control.add_parsers(commands)
    records.add_parser(commands)
    modem_cli.add_parser(commands)
    panel.add_parser(commands)
    first_boot.add_parser(commands)
    _add_settings(commands)
    for command in commands.choices.values():
        command.epilog = EXIT_CODES
    return parser


def _add_settings(commands: Commands) -> None:
    parser = commands.add_parser("settings", help="check or show the settings")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true", help="say what is wrong with the file, or nothing")
    what.add_argument("--show", action="store_true", help="the effective settings, secrets hidden")
    what.add_argument(
        "--example", action="store_true", help="every setting with its meaning, unit and bounds"
    )
    parser.add_argument("--json", action="store_true", help="with --show: one JSON object")
    add_settings_options(parser)
    parser.set_defaults(run=_settings)


def _settings(args: argparse.Namespace) -> int:
    if args.example:
        sys.stdout.write(EXAMPLE.read_text("utf-8"))
        return DONE
    path = settings_path(args)
    settings = load_settings(args, kiosk=args.check and path is not None)
    if args.check:
        _check_files(args, settings)
    if args.show and args.json:
        print(msgspec.json.encode(shown(settings)).decode())
    elif args.show:
        print(show(settings))
    elif path is None:
        print("no file: the defaults, enough for the bench and not for a kiosk: nothing wrong")
    else:
        minded = list(remarks(settings))
        print("\n".join([*minded, f"{printable(path)}: nothing wrong" + (", only that" if minded else "")]))
    return DONE


def _check_files(args: argparse.Namespace, settings: Settings) -> None:
    """Read every secret that the settings name, as `run` will. Raises `SettingsError` with all problems."""
    if as_the_kiosk(settings):
        load_settings(args)  # that user has to read them too
    problems = list(secret_problems(settings))
    try:
        release_desk(settings)
    except FaultError as error:
        if not any(error.detail == known.detail for known in problems):
            problems.append(error)
    if problems:
        raise SettingsError(problems)


if __name__ == "__main__":
    sys.exit(main())

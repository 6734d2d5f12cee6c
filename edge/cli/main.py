"""The command line: one parser, and a module for each command that is more than a few lines.

Exit codes, the same for every command: 0 done; 1 done, and something was found wrong (a picture that cannot
be read, a story that fails, a device that does not answer); 2 the command line is wrong; 3 a named
fault stopped it; 130 interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Final, NoReturn, cast

from edge.cli.options import Commands
from edge.faults.explain import explain
from edge.faults.fault import FaultError
from edge.faults.log import install_log
from edge.settings.load import SettingsError
from edge.settings.version import program_version
from edge.terms.printing import printable
from hw.ports import HardwareError

MODULES: Final = (
    *("bench", "replay", "look", "learn", "enrol", "run", "prompts", "distress", "drift", "selftest"),
    *("control", "events", "evidence", "report", "modem", "panel", "first_boot", "debug_bundle", "settings"),
    *("certificate", "duress", "fleet", "metrics", "update", "release_repository", "sbom", "vulnerability"),
    "erase",
)
"""The files of the commands, in the order in which the help names them."""

_SEVERAL: Final = frozenset({"control"})

DONE: Final = 0
FAULT: Final = 3
INTERRUPTED: Final = 130
EXIT_CODES: Final = (
    "exit codes: 0 done, 1 found something wrong, 2 wrong command line, 3 stopped by a fault, 130 interrupted"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. Prints faults as four lines, never as a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal cannot show stops nothing
            stream.reconfigure(errors="backslashreplace")
    words = sys.argv[1:] if argv is None else argv
    args = parser(next(iter(words), "")).parse_args(words)
    install_log(verbose=getattr(args, "verbose", False))
    # not in the main thread: anyone who calls has handlers of their own
    with contextlib.suppress(ValueError):
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


class _Parser(argparse.ArgumentParser):
    """Prints what it does not understand; every command's own parser is of this kind, too."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def parser(word: str = "") -> argparse.ArgumentParser:
    """The whole command line; where `word` is a command with a file of its own, that one alone.

    So no command carries what another one imports: the page's process stays small.
    """
    whole = _Parser(
        prog="cabinguard",
        description="Guards one ATM cabin: show your face, or the door locks.",
        epilog=EXIT_CODES,
    )
    whole.add_argument("--version", action="version", version=f"cabinguard {program_version()}")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in (word,) if word in MODULES and word not in _SEVERAL else MODULES:
        module = importlib.import_module(f"edge.cli.{name}")
        several = name in _SEVERAL
        add = cast(Callable[[Commands], None], module.add_parsers if several else module.add_parser)
        add(commands)
    for command in commands.choices.values():
        command.epilog = EXIT_CODES
    return whole

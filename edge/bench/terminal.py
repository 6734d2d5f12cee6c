"""Lines from anyone who types, or from a pipe, while the program goes on; and what a terminal can show."""

from __future__ import annotations

import contextlib
import ctypes
import os
import queue
import select
import sys
import termios
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

PROMPT: Final = "cabin> "


def escapes_wanted(stream: object) -> bool:
    """Whether this output is a terminal that understands escape sequences."""
    isatty = getattr(stream, "isatty", None)
    return bool(isatty is not None and isatty()) and os.environ.get("TERM", "") not in ("", "dumb")


def colours_wanted(stream: object) -> bool:
    """As https://no-color.org asks: NO_COLOR, set to anything, means none."""
    return escapes_wanted(stream) and not os.environ.get("NO_COLOR")


class Lines(Protocol):
    """Where lines come from."""

    ended: bool

    def take(self, within_s: float) -> list[str]:
        """The lines that came, after this long at the latest. After the last one `ended` is True."""
        ...

    def show(self, text: str) -> None:
        """Print a line."""
        ...

    def close(self) -> None: ...


_INPUT: Final = 0
"""The descriptor of what is typed or piped."""


class Piped:
    """Lines from a pipe, a file, or a terminal without any manners: as they come.

    `one_by_one`: no more is taken from the pipe than one line, so that a process which is killed has not
    taken what is meant for the next.
    """

    def __init__(self, *, one_by_one: bool = False) -> None:
        self.ended = False
        self._most = 1 if one_by_one else 65536
        self._rest = b""

    def take(self, within_s: float) -> list[str]:
        if self.ended:
            return []
        readable, _, _ = select.select([_INPUT], [], [], within_s)
        if not readable:
            return []
        data = b""
        with contextlib.suppress(OSError):  # the terminal is gone
            data = os.read(_INPUT, self._most)
            while self._most == 1 and data and not data.endswith(b"\n"):
                more = os.read(_INPUT, 1)
                if not more:
                    break
                data += more
        self.ended = not data
        *lines, self._rest = (self._rest + data).split(b"\n")
        if self.ended and self._rest:
            lines.append(self._rest)
        return [line.decode("utf-8", "replace") for line in lines]

    def show(self, text: str) -> None:
        print(text, flush=True)

    def close(self) -> None:
        pass


class Unspoken:
    """No lines at all: nobody types, and who listens reads them one below the other."""

    ended = False

    def take(self, within_s: float) -> list[str]:
        time.sleep(within_s)
        return []

    def show(self, text: str) -> None:
        print(text, flush=True)

    def close(self) -> None:
        pass


class Keyboard:
    """A terminal with history, completion and a prompt; what is printed meanwhile stands above the prompt.

    `complete` gets the words before and what is begun of the next one. `history` is a file for the lines, so
    that another process goes on with them. Readline waits in a thread of its
    own; it rests while a line is being obeyed.
    """

    def __init__(
        self, complete: Callable[[Sequence[str], str], list[str]], history: Path | None = None
    ) -> None:
        import readline  # a terminal alone needs it, and it writes to standard output when it is loaded

        self.ended = False
        self._readline = readline
        self._history = history
        if history is not None:
            history.touch(mode=0o600)
            readline.read_history_file(history)
        self._complete = complete
        self._found: list[str] = []
        self._manners = termios.tcgetattr(sys.stdin)
        readline.set_completer_delims(" ")
        readline.set_completer(self._completion)
        for order in ("tab: complete", "set enable-bracketed-paste off", "set show-all-if-ambiguous on"):
            readline.parse_and_bind(order)
        self._redraw = _redraw_of(readline)
        self._typed: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._may_ask = threading.Event()
        self._begun = False
        self._at_prompt = False
        threading.Thread(target=self._ask, name="keyboard", daemon=True).start()

    def take(self, within_s: float) -> list[str]:
        if not self._begun:
            self._begun = True
            self._may_ask.set()
        try:
            line = self._typed.get(timeout=within_s)
        except queue.Empty:
            return []
        self._begun = False
        self.ended = line is None
        if line and self._history is not None:
            with contextlib.suppress(OSError):
                self._readline.append_history_file(1, self._history)
        return [] if line is None else [line]

    def show(self, text: str) -> None:
        if not self._at_prompt:
            print(text, flush=True)
            return
        sys.stdout.write(f"\r\x1b[K{text}\n")
        sys.stdout.flush()
        self._redraw()

    def close(self) -> None:
        """Leave the terminal as it was, also in the middle of a line."""
        with contextlib.suppress(OSError, termios.error):  # it may be gone
            if self._at_prompt:
                print(flush=True)
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._manners)

    def _ask(self) -> None:
        while True:
            self._may_ask.wait()
            self._may_ask.clear()
            self._at_prompt = True
            try:
                line: str | None = input(PROMPT)
            except (EOFError, OSError, ValueError):
                line = None
            self._at_prompt = False
            self._typed.put(line)
            if line is None:
                return

    def _completion(self, begun: str, number: int) -> str | None:
        if number == 0:
            before = self._readline.get_line_buffer()[: self._readline.get_begidx()].split()
            self._found = self._complete(before, begun)
        if number >= len(self._found):
            return None
        word = self._found[number]
        return word if word.endswith("=") else f"{word} "


def _redraw_of(readline: object) -> Callable[[], object]:
    """What draws prompt and line again: the library behind the module knows it, the module does not tell."""
    try:
        redraw: Callable[[], object] = ctypes.CDLL(
            getattr(readline, "__file__", None)
        ).rl_forced_update_display
    except (OSError, AttributeError):
        return _nothing
    return redraw


def _nothing() -> None:
    """Without that, the line being typed is seen again at the next key."""


def open_lines(
    complete: Callable[[Sequence[str], str], list[str]], *, plain: bool, history: Path | None = None
) -> Lines:
    """A keyboard where both ends are a terminal with manners; else the lines as they come.

    `history`: a file for the lines of a keyboard, where one process follows another.
    """
    if not plain and sys.stdin.isatty() and escapes_wanted(sys.stdout):
        with contextlib.suppress(ImportError):  # a Python that was built without readline
            return Keyboard(complete, history)
    return Piped(one_by_one=history is not None)

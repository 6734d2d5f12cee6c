"""Stories: short texts that say who comes, what is typed and moved, and what must be seen by when.

A story is read line by line; `#` after a blank begins a comment. A line begins with a time in seconds: `12`
from the beginning, `+3` after the line before was done. `bench --list` shows every word.

    title The mask comes off
    set flow.siren_s=60           a setting of the whole story
    +1    enter anna with mask    an action: somebody comes in, the door opens and closes
    by 10 see state warned        wait for it, at most until then; the story fails if it does not come
    by +9 see sms watchman code and see sms control_room locked      in either order
    +2    mask off
    repeat 3                      these lines three times
    +1    exit on
    +20   exit off
    end
    never see state locked        anywhere in the story; so are the next
    exactly 1 see sms watchman code
    at least 2 see event exit
    at most 2 see sound siren

Where `clip FILE` stands, that recording is the camera, and nobody can be directed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Final

from edge.bench import acting, seeing
from edge.bench.acting import CannotDo, act
from edge.bench.desk import Desk
from edge.bench.forms import hint
from edge.bench.seeing import CannotBe, Watcher
from edge.faults.fault import FaultError
from edge.settings.schema import Settings

LONGEST_S: Final = 1e6
SETTLE_S: Final = 5.0
"""A story is played on for this long after its last line, so that `never` has time to be broken."""

REPEATS_MAX: Final = 1000
LINES_MAX: Final = 20_000
SUFFIX: Final = ".story"

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `relative`: `at_s` counts from the end of the line before.

    `verb` is `do`, with one action; `see`, with all that must come by then; or `count`, with one thing that
    must be seen `least` to `most` times in the whole story, however that was said.
    """

    number: int
    verb: str
    words: tuple[Words, ...]
    at_s: float = 0.0
    relative: bool = True
    least: int = 0
    most: int | None = 0
    bound: str = ""
    turn: str = ""

    def __str__(self) -> str:
        return f"line {self.number}{self.turn}: {' and '.join(' '.join(words) for words in self.words)}"


@dataclass(frozen=True, slots=True)
class Story:
    """A story. `settings` are overrides as on the command line; `source` is where it was read."""

    name: str
    title: str
    settings: tuple[str, ...]
    lines: tuple[Line, ...]
    source: str = ""
    clip: Path | None = None

    @property
    def moves_door(self) -> bool:
        """Whether it says anything of the door: else a recording's cabin has no door contact."""
        return any(
            line.verb == "do" and line.words[0][0] in ("door", "enter", "leave") for line in self.lines
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a story ended: `failure` empty when everything was seen."""

    name: str
    ended_s: float
    failure: str = ""

    @property
    def ok(self) -> bool:
        return not self.failure


# --- reading ---------------------------------------------------------------------------------------

_COMMENT: Final = re.compile(r"(?:^|(?<=\s))#.*")
_HEADS: Final = ("title", "set", "clip", "repeat", "end", "by", "never", "exactly", "at")


class _Wrong(Exception):
    """What is wrong with one line."""


@dataclass(frozen=True, slots=True)
class _Repeat:
    """One that was begun: at which line, how often, and where its lines begin."""

    number: int
    times: int
    lines_from: int


def parse(name: str, text: str, source: str = "") -> Story:
    """A story from its text; `source` names its file in a fault. Raises `FaultError` for its first fault."""
    return _Reader(name, source or name).read(text)


class _Reader:
    def __init__(self, name: str, source: str) -> None:
        self._name = name
        self._source = source
        self._title = name
        self._settings: list[str] = []
        self._clip: Path | None = None
        self._lines: list[Line] = []
        self._open: list[_Repeat] = []
        self._earliest_s = 0.0
        """No line from here on can happen before this time."""
        self._named_s = 0.0
        """The last time that was counted from the beginning."""

    def read(self, text: str) -> Story:
        number = 0
        try:
            for number, raw in enumerate(text.splitlines(), 1):
                words = _COMMENT.sub("", raw).split()
                if words:
                    self._take(number, words)
            if self._open:
                number = self._open[-1].number
                raise _Wrong("this repeat has no end; write: end")
        except (_Wrong, CannotDo, CannotBe) as error:
            raise FaultError("story_wrong", f"{self._source}, line {number}: {error}") from error
        if not self._lines:
            raise FaultError("story_wrong", f"{self._source}: nothing happens in it")
        return Story(
            self._name, self._title, tuple(self._settings), tuple(self._lines), self._source, self._clip
        )

    def _take(self, number: int, words: list[str]) -> None:
        head, rest = words[0], words[1:]
        if head != "title" and (quoted := [w for w in words for sign in "\"'“”" if sign in w]):
            raise _Wrong(f"{quoted[0]!r}: words stand without quotes")
        match head:
            case "title":
                self._title = " ".join(rest) or self._name
            case "set":
                self._before_all("+0 set KEY=VALUE, and +0 restart")
                self._settings.append(" ".join(rest))
            case "clip":
                self._before_all("no other place")
                self._clip = self._recording(rest)
            case "repeat":
                self._open.append(_Repeat(number, _count(rest, "repeat 3", REPEATS_MAX), len(self._lines)))
            case "end":
                self._end(rest)
            case "by":
                at_s, relative = self._time(rest, "by 10 see state locked")
                self._add(Line(number, "see", _things(rest[1:]), at_s, relative))
            case "never" | "exactly" | "at":
                self._add(_counted(number, words))
            case _:
                at_s, relative = self._time(words, "+3 enter anna")
                acting.check(rest)
                self._add(Line(number, "do", (tuple(rest),), at_s, relative))

    def _add(self, line: Line) -> None:
        if len(self._lines) >= LINES_MAX:
            raise _Wrong(f"a story has {LINES_MAX} lines at most, repeats counted")
        self._lines.append(line)

    def _before_all(self, later: str) -> None:
        if self._lines or self._open:
            raise _Wrong(f"this stands before everything that happens; later: {later}")

    def _recording(self, words: Sequence[str]) -> Path:
        if not words:
            raise _Wrong("words are missing: after 'clip' comes the name of a recording")
        return Path(self._source).parent / " ".join(words)

    def _end(self, words: Sequence[str]) -> None:
        if words:
            raise _Wrong(f"{words[0]!r} is one word too many; right is: end")
        if not self._open:
            raise _Wrong("nothing was begun that could end; write before it: repeat 3")
        begun = self._open.pop()
        block = self._lines[begun.lines_from :]
        del self._lines[begun.lines_from :]
        steps = [line for line in block if line.verb != "count"]
        self._lines += [line for line in block if line.verb == "count"]
        for turn in range(1, begun.times + 1):
            for line in steps:
                self._add(replace(line, turn=f"{line.turn} ({turn} of {begun.times})"))
        self._earliest_s += (begun.times - 1) * sum(line.at_s for line in steps if line.verb == "do")

    def _time(self, words: Sequence[str], example: str) -> tuple[float, bool]:
        """The time at the head of a line, which may not go back."""
        said = words[0] if words else ""
        try:
            at_s = float(said)
        except ValueError:
            at_s = -1.0
        if not 0.0 <= at_s < LONGEST_S:
            if said in acting.ACTIONS or said == "see":
                why = f"a time is missing before {said!r}"
            else:
                why = f"{said!r} is no time{hint(said, _HEADS) if said else ''}"
            raise _Wrong(f"a line begins with a time such as 12 or +3: {why}; right is: {example}")
        relative = said.startswith("+")
        if not relative:
            if self._open:
                raise _Wrong(f"{said!r}: within a repeat times count from the line before, such as +3")
            floor_s = max(self._earliest_s, self._named_s)
            if at_s < floor_s:
                raise _Wrong(
                    f"{said!r} goes back: the lines before have come to {floor_s:g} s; such as +3 counts on"
                )
            self._named_s = at_s
        if example.startswith("+"):  # an action: it is that late when it is done
            self._earliest_s = self._earliest_s + at_s if relative else at_s
        return at_s, relative


def _count(words: Sequence[str], example: str, most: int) -> int:
    if not words:
        raise _Wrong(f"words are missing: how often? right is: {example}")
    number = int(words[0]) if re.fullmatch(r"\d{1,6}", words[0], re.ASCII) else 0
    if not 1 <= number <= most and not (words[0] == "0" and example.startswith("exactly")):
        raise _Wrong(f"{words[0]!r} is no number from 1 to {most}; right is: {example}")
    if example.startswith("repeat") and len(words) > 1:
        raise _Wrong(f"{words[1]!r} is one word too many; right is: {example}")
    return number


def _counted(number: int, words: Sequence[str]) -> Line:
    """`never see …`, `exactly 2 see …`, `at least 2 see …`, `at most 2 see …`."""
    if words[0] == "never":
        return Line(number, "count", _things(words[1:], one=True), bound="never")
    if words[0] == "at" and words[1:2] not in (["least"], ["most"]):
        said = repr(words[1]) if len(words) > 1 else "nothing"
        raise _Wrong(f"{said} does not fit after 'at'; right is: at least 2 see … or at most 2 see …")
    place = 2 if words[0] == "at" else 1
    bound = " ".join(words[:place])
    times = _count(words[place:], f"{bound} 2 see event wrong_code", LINES_MAX)
    things = _things(words[place + 1 :], one=True)
    least = 0 if bound == "at most" else times
    most = None if bound == "at least" else times
    return Line(number, "count", things, least=least, most=most, bound=f"{bound} {times}")


def _things(words: Sequence[str], *, one: bool = False) -> tuple[Words, ...]:
    """`see KIND WORDS`, and more of them after `and`."""
    things: list[list[str]] = []
    for at, word in enumerate(words):
        if word == "see" and (not at or words[at - 1] == "and"):
            if things:
                things[-1].pop()
            things.append([])
        elif not things:
            raise _Wrong(f"'see' is missing before {word!r}; right is: see state locked")
        else:
            things[-1].append(word)
    if not things:
        raise _Wrong("'see' is missing; right is: see state locked")
    if one and len(things) > 1:
        raise _Wrong("one thing alone can be counted in a line; write a line for each")
    for thing in things:
        seeing.check(thing)
    return tuple(tuple(thing) for thing in things)


def looks_like_story(line: str) -> bool | None:
    """Whether a line is one of a story rather than typed at the prompt; None where it may be either."""
    words = _COMMENT.sub("", line).split()
    if not words or words[0] == "set":
        return None
    if words[0] in _HEADS:
        return True
    timed = re.fullmatch(r"\+?\d+(\.\d+)?", words[0]) is not None
    return timed and len(words) > 1 and (words[1] in acting.ACTIONS or words[0].startswith("+"))


# --- finding ---------------------------------------------------------------------------------------


def built_in() -> dict[str, Story]:
    """The stories that come with the program, by name."""
    folder = resources.files("edge.bench") / "stories"
    texts = {f.name.removesuffix(SUFFIX): f.read_text("utf-8") for f in folder.iterdir()}
    return {name: parse(name, texts[name]) for name in sorted(texts)}


def find(name: str) -> Story:
    """A built-in story by name, or one from a file. Raises `FaultError`."""
    known = built_in()
    return known[name] if name in known else _from_file(Path(name))


def find_all(name: str) -> Iterator[tuple[str, Story | FaultError]]:
    """The stories that a name, a file or a folder stands for, by name; or what is wrong with each.

    Raises `FaultError` where there is none.
    """
    folder = Path(name)
    if not folder.is_dir():
        yield name, _or_fault(lambda: find(name))
        return
    files = sorted(folder.glob(f"*{SUFFIX}"))
    if not files:
        raise FaultError("story_unknown", f"no file in the folder {name} is called NAME{SUFFIX}")
    for file in files:
        yield str(file), _or_fault(lambda path=file: _from_file(path))  # type: ignore[misc]


def _or_fault(read: Callable[[], Story]) -> Story | FaultError:
    try:
        return read()
    except FaultError as error:
        return error


def _from_file(path: Path) -> Story:
    if not path.exists():
        known = ", ".join(built_in())
        raise FaultError("story_unknown", f"no story and no file is called {str(path)!r}; there are {known}")
    try:
        if not path.is_file():
            raise FaultError("story_wrong", f"{path}: no regular file")
        return parse(path.stem, path.read_text("utf-8-sig"), str(path))
    except OSError as error:
        raise FaultError("story_wrong", f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FaultError("story_wrong", f"{path}: byte {error.start} is not UTF-8 text") from error


# --- playing ---------------------------------------------------------------------------------------


def check_words(story: Story, settings: Settings) -> None:
    """Refuse lines that can never be broken, because no text of this cabin has their words. `FaultError`."""
    for line in story.lines:
        if line.verb == "count" and line.most is not None:
            try:
                seeing.check_words(line.words[0], settings)
            except CannotBe as error:
                raise FaultError("story_wrong", f"{story.source}, line {line.number}: {error}") from error


def play(story: Story, desk: Desk, watcher: Watcher, pace: Callable[[float], None] | None = None) -> Outcome:
    """Play a story to its end. `pace` is called with the story time of every moment (to wait for it)."""
    failure = _run(moments(story, desk, watcher), pace)
    return Outcome(story.name, desk.clock.now_s(), failure or miscounted(story, watcher))


def miscounted(story: Story, watcher: Watcher) -> str:
    """At the end of a story: what was seen too often or not often enough; empty for nothing."""
    for line in story.lines:
        if line.verb == "count":
            failure = _miscounted(line, watcher.times_s(line.words[0]))
            if failure:
                return failure
    return ""


def _miscounted(line: Line, times_s: Sequence[float]) -> str:
    seen = len(times_s)
    if seen >= line.least and (line.most is None or seen <= line.most):
        return ""
    if line.most == 0:
        return f"{line} was seen at {times_s[0]:.1f} s"
    when = f", at {', '.join(f'{at_s:.1f}' for at_s in times_s[:5])} s" if times_s else ""
    return f"{line} was seen {seen} times{when}, and {line.bound} was wanted"


def _run(steps: Generator[float, None, str], pace: Callable[[float], None] | None) -> str:
    while True:
        try:
            now_s = next(steps)
        except StopIteration as end:
            return str(end.value)
        if pace is not None:
            pace(now_s)


def moments(
    story: Story, desk: Desk, watcher: Watcher, begun: Callable[[int], None] = lambda at: None
) -> Generator[float, None, str]:
    """The moments of a story, each as the time by its clock; returns why it failed, or nothing.

    `begun` is called with the place of each line when its turn comes, and with their number at the end.
    """
    done_s = desk.clock.now_s()
    for at, line in enumerate(story.lines):
        if line.verb == "count":
            continue
        begun(at)
        at_s = done_s + line.at_s if line.relative else line.at_s
        if at_s < done_s - 1e-9:
            return f"{line}: its time is {at_s:g} s, and it is {done_s:.1f} s already; such as +3 counts on"
        if line.verb == "do":
            yield from desk.steps_to(at_s)
            action = line.words[0]
            try:
                if action[0] == "wait" and len(action) > 1:
                    yield from desk.steps_to(at_s + float(action[1]))
                else:
                    act(desk, action)
            except CannotDo as error:
                return f"{line}: cannot be done: {error}"
        else:
            steps = desk.steps_to(at_s)
            while not watcher.came(*line.words):
                if next(steps, None) is None:
                    missing = [words for words in line.words if not watcher.came(words)]
                    last = watcher.last(missing[0][0]) if missing else ""
                    which = "" if len(line.words) == 1 else f" ({' and '.join(map(' '.join, missing))})"
                    return f"{line}: not seen by {at_s:.1f} s{which}{last}"
                yield desk.clock.now_s()
        done_s = desk.clock.now_s()
    begun(len(story.lines))
    yield from desk.steps_to(done_s + SETTLE_S)
    return ""

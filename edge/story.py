"""Stories: short texts that say who comes, what is typed and moved, and what must be seen by when.

A story is read line by line; `#` begins a comment. Each line begins with a time in seconds: `12` from the
beginning, `+3` after the line before was done.

    title The mask comes off
    +1    enter anna with mask     somebody comes in, the door opens and closes
    by 10 see state warned         wait for it, at most until then; the story fails if it does not come
    +2    mask off                 an action
    by +5 see permit on
    never see state locked         anywhere in the story

Actions and things to see are in `ACTIONS` and `SEEN`, with the words that `bench --list` shows.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from edge.app import Happening
from edge.desk import Desk
from edge.faults import FaultError
from edge.record import Recipient
from edge.state import Mode
from hw.ports import HardwareError, Input
from hw.prompt.fake import PromptFault

LONGEST_S: Final = 1e6
SETTLE_S: Final = 5.0
"""A story is played on for this long after its last line, so that `never` has time to be broken."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `relative`: `at_s` counts from the end of the line before. `verb` is `do`, `see`, `never`."""

    number: int
    verb: str
    at_s: float
    relative: bool
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"line {self.number}: {' '.join(self.words)}"


@dataclass(frozen=True, slots=True)
class Story:
    """A story. `settings` are overrides as on the command line."""

    name: str
    title: str
    settings: tuple[str, ...]
    lines: tuple[Line, ...]


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


def parse(name: str, text: str) -> Story:
    """A story from its text. Raises `FaultError`."""
    title, settings, lines = name, [], []
    for number, raw in enumerate(text.splitlines(), 1):
        words = raw.split("#")[0].split()
        if not words:
            continue
        if words[0] != "title" and any(sign in word for word in words for sign in "\"'“”"):
            raise FaultError("story_wrong", f"line {number}: words stand without quotes")
        head, rest = words[0], words[1:]
        if head == "title":
            title = " ".join(rest)
        elif head == "set":
            settings.append("".join(rest))
        elif head == "never":
            lines.append(Line(number, "never", 0.0, True, _thing(number, rest)))
        elif head == "by":
            at_s, relative = _time(number, rest[:1])
            lines.append(Line(number, "see", at_s, relative, _thing(number, rest[1:])))
        else:
            at_s, relative = _time(number, [head])
            lines.append(Line(number, "do", at_s, relative, _checked(number, rest, ACTIONS)))
    if not lines:
        raise FaultError("story_wrong", f"{name}: nothing happens in it")
    return Story(name, title, tuple(settings), tuple(lines))


def _time(number: int, words: Sequence[str]) -> tuple[float, bool]:
    try:
        at_s = float(words[0])
    except (IndexError, ValueError):
        at_s = -1.0
    if not 0.0 <= at_s < LONGEST_S:
        raise FaultError("story_wrong", f"line {number}: a line begins with a time such as 12 or +3")
    return at_s, words[0].startswith("+")


def _thing(number: int, words: Sequence[str]) -> tuple[str, ...]:
    """`see KIND WORDS`, with at least one word."""
    if words[:1] != ["see"]:
        raise FaultError("story_wrong", f"line {number}: 'see' is missing")
    thing = _checked(number, words[1:], SEEN)
    if len(thing) < 2:
        raise FaultError("story_wrong", f"line {number}: which {thing[0]}?")
    known = _VALUES.get(thing[0])
    if known is not None and thing[1] not in known:
        raise FaultError(
            "story_wrong", f"line {number}: {thing[1]!r} is no {thing[0]}; there are {', '.join(known)}"
        )
    return thing


def _checked(number: int, words: Sequence[str], known: Mapping[str, object]) -> tuple[str, ...]:
    if not words or words[0] not in known:
        said = words[0] if words else "nothing"
        raise FaultError(
            "story_wrong", f"line {number}: {said!r} is not known here; known are {', '.join(known)}"
        )
    return tuple(words)


def built_in() -> dict[str, Story]:
    """The stories that come with the program, by name."""
    folder = resources.files("edge") / "stories"
    texts = {f.name.removesuffix(".story"): f.read_text("utf-8") for f in folder.iterdir()}
    return {name: parse(name, texts[name]) for name in sorted(texts)}


def find(name: str) -> Story:
    """A built-in story by name, or one from a file. Raises `FaultError`."""
    known = built_in()
    if name in known:
        return known[name]
    path = Path(name)
    if path.is_file():
        try:
            return parse(path.stem, path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise FaultError("story_wrong", f"{path}: it cannot be read as text") from error
    raise FaultError(
        "story_unknown", f"no story and no file is called {name!r}; there are {', '.join(known)}"
    )


# --- what can be done ------------------------------------------------------------------------------


def _person(verb: str) -> Callable[[Desk, Sequence[str]], None]:
    def act(desk: Desk, words: Sequence[str]) -> None:
        desk.stage(" ".join([verb, *words]))

    return act


def _enter(desk: Desk, words: Sequence[str]) -> None:
    """Through the door, as people come."""
    desk.stage(" ".join(["enter", *words]))  # first: whoever cannot come opens no door
    desk.move_input(Input.DOOR, True)
    desk.after(1.0, lambda: desk.move_input(Input.DOOR, False))


def _leave(desk: Desk, words: Sequence[str]) -> None:
    desk.stage(" ".join(["leave", *words]))
    desk.move_input(Input.DOOR, True)
    desk.after(2.0, lambda: desk.move_input(Input.DOOR, False))


def _keys(desk: Desk, words: Sequence[str]) -> None:
    desk.type_keys("".join(words))


def _input(name: Input) -> Callable[[Desk, Sequence[str]], None]:
    def act(desk: Desk, words: Sequence[str]) -> None:
        desk.move_input(name, _on(words[0]))

    return act


def _on(word: str) -> bool:
    if word in ("on", "open", "cut", "full", "broken"):
        return True
    if word in ("off", "closed", "whole", "well"):
        return False
    raise ValueError(f"{word!r} is neither on nor off")


def _modem(desk: Desk, words: Sequence[str]) -> None:
    """`modem mute on`: any fault of the fake modem, on or off."""
    desk.phone.fault(words[0], _on(words[1]))


def _camera(desk: Desk, words: Sequence[str]) -> None:
    """`camera dies`, `camera comes back`, or a word for the staged lens."""
    if words[0] in ("dies", "comes"):
        desk.camera_alive = words[0] == "comes"
    else:
        desk.stage(" ".join(["camera", *words]))


def _power(desk: Desk, words: Sequence[str]) -> None:
    if _on(words[0]):
        desk.power_on()
    else:
        desk.power_off()


def _disk(desk: Desk, words: Sequence[str]) -> None:
    """`disk full`, `disk well`."""
    desk.fail_disk(_on(words[0]))


def _wire(desk: Desk, words: Sequence[str]) -> None:
    """`wire exit cut`, `wire exit whole`."""
    desk.hands.break_wire(Input(words[0]), _on(words[1]))


def _prompt(desk: Desk, words: Sequence[str]) -> None:
    """`prompt broken`, `prompt well`; `prompt fails`, `ends`, `hangs` or `clips`: how it is broken."""
    how = next((fault for fault in PromptFault if fault.value == words[0]), None)
    if how is None:
        desk.hands.fail_prompt(_on(words[0]))
    else:
        desk.hands.fail_prompt(how=how)


def _wait(desk: Desk, words: Sequence[str]) -> None:
    """Only time passes."""


def _release(desk: Desk, words: Sequence[str]) -> None:
    """`release`: somebody entitled opens the door on the spot."""
    desk.release()


ACTIONS: Final[Mapping[str, Callable[[Desk, Sequence[str]], None]]] = {
    "enter": _enter,
    "leave": _leave,
    "mask": _person("mask"),
    "helmet": _person("helmet"),
    "glasses": _person("glasses"),
    "scarf": _person("scarf"),
    "hand": _person("hand"),
    "turn": _person("turn"),
    "crouch": _person("crouch"),
    "stand": _person("stand"),
    "lights": _person("lights"),
    "keys": _keys,
    "door": _input(Input.DOOR),
    "exit": _input(Input.EXIT),
    "fire": _input(Input.FIRE),
    "panic": _input(Input.PANIC),
    "case": _input(Input.CASE),
    "vibration": _input(Input.VIBRATION),
    "wire": _wire,
    "modem": _modem,
    "camera": _camera,
    "power": _power,
    "disk": _disk,
    "prompt": _prompt,
    "release": _release,
    "wait": _wait,
}


def act(desk: Desk, words: Sequence[str]) -> None:
    """Do one of the actions. ValueError, saying why, where it cannot be done; FaultError, HardwareError."""
    try:
        ACTIONS[words[0]](desk, words[1:])
    except IndexError as error:
        raise ValueError("words are missing") from error
    except KeyError as error:
        raise ValueError(f"{error.args[0]!r} is not known here") from error


# --- what can be seen ------------------------------------------------------------------------------


def _kind(kind: str, key: str) -> Callable[[Happening, Sequence[str]], bool]:
    def seen(happening: Happening, words: Sequence[str]) -> bool:
        return happening.kind == kind and happening.data.get(key) == words[0]

    return seen


def _sms(happening: Happening, words: Sequence[str]) -> bool:
    if happening.kind != "sms" or happening.data["to"] != words[0]:
        return False
    return " ".join(words[1:]).lower() in str(happening.data["text"]).lower()


def _said(happening: Happening, words: Sequence[str]) -> bool:
    return happening.kind == "prompt" and " ".join(words).lower() in str(happening.data["text"]).lower()


def _any_event(happening: Happening, words: Sequence[str]) -> bool:
    return happening.kind in ("event", "fact", "fault") and happening.data.get("name") == words[0]


def _command(happening: Happening, words: Sequence[str]) -> bool:
    return happening.kind == "command" and happening.data.get("name") == words[0]


SEEN: Final[Mapping[str, Callable[[Happening, Sequence[str]], bool]]] = {
    "state": _kind("state", "name"),
    "door": _kind("command", "door"),
    "permit": _kind("command", "permit"),
    "sms": _sms,
    "prompt": _said,
    "event": _any_event,
    "command": _command,
}


_VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "state": tuple(Mode),
    "door": ("locked", "unlocked"),
    "permit": ("on", "off"),
    "sms": tuple(Recipient),
}
"""What some of them can be, so that a slip of the pen is no `never` that always holds."""


# --- playing ---------------------------------------------------------------------------------------


class Watcher:
    """Remembers what happened and finds what a line waits for. Give its `hear` to the desk as listener."""

    def __init__(self) -> None:
        self._heard: list[Happening] = []
        self._from = 0

    def hear(self, happening: Happening) -> None:
        self._heard.append(happening)

    def came(self, words: Sequence[str]) -> bool:
        """Whether the thing was seen after the last thing that was found; what was found is used up."""
        for index in range(self._from, len(self._heard)):
            if SEEN[words[0]](self._heard[index], words[1:]):
                self._from = index + 1
                return True
        return False

    def ever(self, words: Sequence[str]) -> Happening | None:
        return next((h for h in self._heard if SEEN[words[0]](h, words[1:])), None)


def play(story: Story, desk: Desk, watcher: Watcher, pace: Callable[[float], None] | None = None) -> Outcome:
    """Play a story to its end. `pace` is called with the story time of every moment (to wait for it)."""
    failure = _run(_steps(story, desk, watcher), pace)
    for line in story.lines:
        if line.verb == "never" and not failure:
            broken = watcher.ever(line.words)
            if broken is not None:
                failure = f"{line} was seen at {broken.at_s:.1f} s"
    return Outcome(story.name, desk.clock.now_s(), failure)


def _run(steps: Generator[float, None, str], pace: Callable[[float], None] | None) -> str:
    while True:
        try:
            now_s = next(steps)
        except StopIteration as end:
            return str(end.value)
        if pace is not None:
            pace(now_s)


def _steps(story: Story, desk: Desk, watcher: Watcher) -> Generator[float, None, str]:
    """The moments of a story; returns why it failed, or nothing."""
    done_s = desk.clock.now_s()
    for line in story.lines:
        if line.verb == "never":
            continue
        at_s = done_s + line.at_s if line.relative else line.at_s
        if line.verb == "do":
            yield from desk.steps_to(at_s)
            try:
                act(desk, line.words)
            except (FaultError, HardwareError, ValueError) as error:
                return f"{line}: cannot be done: {error}"
        else:
            steps = desk.steps_to(at_s)
            while not watcher.came(line.words):
                if next(steps, None) is None:
                    return f"{line}: not seen by {at_s:.1f} s"
                yield desk.clock.now_s()
        done_s = desk.clock.now_s()
    yield from desk.steps_to(done_s + SETTLE_S)
    return ""

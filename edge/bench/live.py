"""Anyone who types is in the cabin: the prompt on a terminal, lines from a pipe, or a recording to its
end."""

from __future__ import annotations

import contextlib
import functools
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from edge.bench import acting
from edge.bench.above import ORDERS, Above, complete_order, order_of
from edge.bench.acting import ACTIONS, CannotDo, act
from edge.bench.answering import Control, Hands, Page
from edge.bench.asked import OK, USAGE, WRONG, BenchOptions
from edge.bench.cameras import STAGED, open_source
from edge.bench.desk import BENCH_NUMBERS, Desk, Props, StoryClock
from edge.bench.keeping import folder_for, make_runtime, with_secret
from edge.bench.notebook import Notebook
from edge.bench.part import INSIDE
from edge.bench.playing import parsed, play_all, play_found
from edge.bench.printer import Printer
from edge.bench.recording import FiledNotebook, in_the_way, standing
from edge.bench.showing import Diary, view_of
from edge.bench.story import SETTLE_S, looks_like_story
from edge.bench.terminal import Lines, Piped, open_lines
from edge.bench.turns import RealTime, Turns
from edge.bench.wire import Acted, BenchView, StoryAsk
from edge.bench.world import Returning
from edge.cabin.state import Mode, returning
from edge.faults.explain import explain
from edge.faults.fault import FaultError
from edge.loop.happening import Happening, Listener
from edge.pictures.clear import in_memory
from edge.pictures.recipients import read_recipients
from edge.pictures.ring import ring_name
from edge.service.plans import look_of
from edge.service.threads import Part
from edge.settings.schema import Settings
from edge.terms.observation import FACE_CAMERA
from edge.vision.scene.fronts import FOLDER

_UNATTENDED: Final = "never-shown"
_PIPE_WAIT_S: Final = 2.0
_FOLDERS: Final = ("paths.data", "paths.runtime", "data", "runtime")
"""The settings that name where this one bench keeps its things."""

_WORDS: Final = {
    "help [WORD]": "all words, or those of one",
    "status": "one line: state, door, permit, who is here, the last code",
    "save FILE": "write what was done and seen so far as a story",
    "quit": "end; so does the end of the input",
    "417": "digits, * and # alone are typed at the keypad",
    **ORDERS,
}
"""What the prompt knows besides the actions."""

_OWN: Final = tuple(dict.fromkeys(form.split()[0] for form in _WORDS if form[0].isalpha()))


def from_pipe(options: BenchOptions) -> int:
    """Play what comes through the pipe: a story, or lines as one would type them."""
    lines = Piped()
    lines.ended = sys.stdin is None  # closed by the one who started this
    first: list[str] = []
    clip = options.camera is not None and options.camera != "staged"
    give_up_s = time.monotonic() + (_PIPE_WAIT_S if clip else float("inf"))
    story: bool | None = None
    while not lines.ended and story is None and time.monotonic() < give_up_s:
        for line in lines.take(_PIPE_WAIT_S):
            first.append(line)
            if story is None:
                story = looks_like_story(line)
    if story:
        while not lines.ended:
            first += lines.take(_PIPE_WAIT_S)
        return play_found(options, [("-", parsed("\n".join(first)))])
    if any(line.strip() for line in first):
        return live(options, lines, first)
    if clip:
        return _unattended(options)
    print(f"no terminal to type at: playing the story {_UNATTENDED}", file=sys.stderr)
    return play_all(options, [_UNATTENDED])


def live(options: BenchOptions, piped: Piped | None, first: Sequence[str] = ()) -> int:
    """Anyone who types is in the cabin, in real time; from a pipe the same."""
    settings = options.load(options.doorless)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(folder_for(options, settings, fresh=False))
        runtime = Path(settings.paths.runtime) if options.names("runtime") else folder
        make_runtime(runtime)
        lines = piped or open_lines(complete, plain=options.as_json)
        stack.callback(lines.close)
        if piped is None:
            for line in [*greeting(options, settings, folder, runtime), *goes_out(settings)]:
                tell(options, lines, line)
        go_on = seated(stack, options, settings, lines, Where(folder, runtime))
        if options.panel:
            stack.enter_context(Page(options, options.doorless).shown(folder, runtime))
        return go_on(first)


@dataclass(frozen=True, slots=True)
class Where:
    """Where a sitting keeps its record, and where ring and control socket lie.

    With a keeper, `home` is its folder, and `returns` the world that the process before left behind.
    """

    data: Path
    runtime: Path
    home: Path | None = None
    returns: Returning | None = None


def seated(
    stack: contextlib.ExitStack, options: BenchOptions, settings: Settings, lines: Lines, where: Where
) -> Callable[[Sequence[str]], int]:
    """A sitting that begins: camera, desk, sockets, and all that ends with `stack`.

    What comes back goes on with it, from these first lines to its end, and gives the exit code.
    """
    clock = StoryClock(wall_s=time.time()) if where.returns is None else where.returns.clock()
    source = open_source(options.camera or STAGED, clock)
    stack.callback(source.camera.close)
    printer = Printer(as_json=options.as_json, write=lines.show)
    notebook = Notebook() if where.home is None else FiledNotebook(where.home)
    diary = Diary()

    def show(happening: Happening) -> None:
        diary.hear(happening)
        printer.show(happening)

    def hear(happening: Happening) -> None:
        notebook.hear(happening)
        show(happening)

    settings = with_secret(settings, where.data)
    fronts = where.data / FOLDER
    props = Props(
        source.camera,
        lambda: look_of(settings, fronts=fronts),
        every_s=source.every_s,
        stage=source.stage,
        plugged=where.returns is None,
        camera_from=source.words,
    )
    seed = 0 if where.returns is None else where.returns.starts  # each start draws codes of its own
    desk = Desk(settings, props, where.data, hear, clock, seed=seed, runtime=where.runtime)
    if where.runtime != where.data:
        stack.callback((where.runtime / ring_name(FACE_CAMERA)).unlink, missing_ok=True)
    stack.callback(desk.close)
    if where.returns is not None:
        where.returns.give(desk)
    above = None if where.home is None else Above(where.runtime)
    session = Session(options, desk, lines, show, notebook, above)
    if where.returns is not None and not desk.powered:
        notebook.did(where.returns.pulled_s, ["power", "off"])
    if options.save is not None:
        stack.callback(session.save, options.save)
    control = stack.enter_context(contextlib.closing(Control(desk, where.runtime, session.released)))

    def view() -> BenchView:
        recorded = notebook.recorded if isinstance(notebook, FiledNotebook) else None
        return msgspec.structs.replace(view_of(desk, diary), recorded=recorded)

    folder = where.runtime if where.home is None else where.home / INSIDE
    tale = session.tale if isinstance(notebook, FiledNotebook) else None
    hands = stack.enter_context(contextlib.closing(Hands(folder, session.obey, view, tale)))
    return functools.partial(session.go_on, control, hands, RealTime(desk, clock))


def greeting(
    options: BenchOptions, settings: Settings, folder: Path, runtime: Path, *, typed: bool = True
) -> list[str]:
    """What a bench begins with; commands for another terminal where the record is in a named folder.

    `typed`: there is a prompt, and not the page alone.
    """
    hint = "Try: enter anna with mask. help shows every word, Tab completes, quit ends."
    said = [
        "The simulated cabin is running. Nothing outside this terminal moves.",
        hint if typed else "All of it is done on its page; Ctrl-C ends it.",
        *kept_sealed(settings, runtime),
    ]
    if options.names("data"):
        program, asked = _program(), shlex.quote(f"paths.runtime={runtime.absolute()}")
        record = shlex.quote(f"paths.data={folder.absolute()}")
        said += [
            "Meanwhile, in another terminal:",
            f"  {program} status --set {asked}",
            f"  {program} release --set {asked}",
            f"  {program} events --set {record}",
            f"  {program} panel --commission {_same(options, settings)}--set {asked} --set {record}",
        ]
    return said


def _same(options: BenchOptions, settings: Settings) -> str:
    """The options with which another program has this bench's settings and people; a blank follows each."""
    words = [] if options.settings is None else ["--settings", str(options.settings.absolute())]
    kept = [o for o in options.overrides if o.partition("=")[0].strip() not in _FOLDERS]
    lacking = [to for to in BENCH_NUMBERS if not settings.people.number(to)]
    for override in (*kept, *(f"people.{to}={BENCH_NUMBERS[to]}" for to in lacking)):
        words += ["--set", override]
    return "".join(f"{shlex.quote(word)} " for word in words)


def goes_out(settings: Settings) -> list[str]:
    """A line for each way by which alerts of this simulated cabin leave for people outside."""
    to = {"e-mail": settings.email.host, "webhook": settings.webhook.url}
    return [
        f"Alerts really go out by {way} ({where}): these settings say so."
        for way, where in to.items()
        if where
    ]


def kept_sealed(settings: Settings, runtime: Path) -> list[str]:
    """Whom the pictures of this cabin are sealed to, and whether its pages can show them for a while."""
    kept = settings.evidence
    if not kept.recipients_file:
        return []
    try:
        to = read_recipients(Path(kept.recipients_file), kept.open_needs)
    except FaultError as fault:
        return [f"No picture is kept: {fault.code} ({fault.detail})"]
    shown = f"pages show open copies for {kept.clear_copy_s:g} s"
    if not in_memory(runtime):
        shown = "pages show none of them, nor the live picture: paths.runtime of this bench is not in memory"
    return [f"Pictures are sealed to {to.words}; {shown}."]


def _program() -> str:
    """How a shell in any folder starts this program."""
    beside = Path(sys.executable).with_name("cabinguard")
    return shlex.quote(str(beside)) if beside.exists() else "cabinguard"


def tell(options: BenchOptions, lines: Lines, text: str) -> None:
    """For a person; beside the objects for a program."""
    if options.as_json:
        print(text, file=sys.stderr, flush=True)
    else:
        lines.show(text)


class Session:
    """One sitting at the prompt."""

    def __init__(
        self,
        options: BenchOptions,
        desk: Desk,
        lines: Lines,
        tell: Listener,
        notebook: Notebook,
        above: Above | None = None,
    ) -> None:
        self._options = options
        self._desk = desk
        self._lines = lines
        self._tell = tell
        self._notebook = notebook
        self._above = above
        self._refused = 0
        self._left = False

    def go_on(self, control: Control, hands: Hands, turns: Turns, first: Sequence[str]) -> int:
        """Until `quit`, the end of the input or of what is played; the exit code."""
        waiting = list(first)
        while not turns.over:
            turns.turn()
            control.rest(0.0)
            hands.serve()
            if self._above is not None:
                for said in self._above.heard():
                    self._say(said, ok=not said.startswith("not done"))
            if self._above is not None and self._above.waiting:
                time.sleep(turns.rest_s)  # the next line may be for another process
                continue
            for line in (*waiting, *self._lines.take(turns.rest_s if not waiting else 0.0)):
                self._obey(line)
                if self._left:
                    return WRONG if self._refused and isinstance(self._lines, Piped) else OK
            waiting.clear()
            if self._lines.ended:
                break
        if isinstance(self._lines, Piped) and not turns.over:
            self._play_out()
            return WRONG if self._refused else OK
        return OK

    def _play_out(self) -> None:
        """After the last line of a pipe: a recording to its end, and time for what was begun."""
        desk = self._desk
        if self._options.clip is not None:
            while (frame_s := desk.next_frame_s()) is not None:
                desk.run_to(frame_s)
        desk.run_to(desk.clock.now_s() + SETTLE_S)

    def tale(self, request: StoryAsk) -> Acted:
        """Record what is done here, and write it as a story to the file `name`."""
        notebook = self._notebook
        assert isinstance(notebook, FiledNotebook)
        try:
            match request.do:
                case "record":
                    note = in_the_way(self._desk)
                    notebook.begin(self._desk.clock.now_s(), standing(self._desk), note)
                    return self._answer(Acted(done=True, said=f"done: story record{note and f'; {note}'}"))
                case "end":
                    notebook.end()
                    return self._answer(Acted(done=True, said="done: story end"))
                case "save":
                    return self._answer(self._written(Path(request.name), notebook.recording()))
                case _:
                    return Acted(done=False, said="not done: no story is being played")
        except ValueError as error:
            return Acted(done=False, said=f"not done: {error}")

    def released(self) -> None:
        """Somebody released the door from outside."""
        self._notebook.did(self._desk.clock.now_s(), ["release"])

    def save(self, path: Path) -> None:
        acted = self._written(path, self._notebook)
        self._say(acted.said, ok=acted.done)

    def _written(self, path: Path, notebook: Notebook) -> Acted:
        settings = [o for o in self._options.overrides if o.partition("=")[0].strip() not in _FOLDERS]
        remarks = ["written by cabinguard bench"]
        if self._options.settings is not None:
            remarks.append(f"play it with --settings {self._options.settings}")
        title = f"A session of {datetime.now():%Y-%m-%d %H:%M}"
        text = notebook.text(title, settings, self._options.clip, remarks)
        try:
            path.parent.mkdir(exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            return Acted(done=False, said=f"not saved: {path}: {error.strerror}")
        return Acted(done=True, said=f"saved: {path}; play it with bench --story {path}")

    def _obey(self, line: str) -> None:
        words = line.split()
        match words:
            case ["#", _, *_]:
                pass  # a remark in a file of lines; # alone is a key
            case [] | ["status"]:
                self._say(status_line(self._desk))
            case ["quit"]:
                self._left = True
            case ["help", *rest]:
                self._help(rest)
            case ["save", *rest]:
                if len(rest) == 1:
                    self.save(Path(rest[0]))
                else:
                    self._say("not done: words are missing: right is: save FILE", ok=False)
            case [("plug" | "story"), *_]:
                self._order(words)
            case _:
                self._act(typed_words(line))

    def _order(self, words: list[str]) -> None:
        """What the keeper of this bench does; its answer is shown when it comes."""
        try:
            request = order_of(words)
            if self._above is None:
                raise CannotDo("there is no plug and no page to play stories on; start without --no-page")
        except CannotDo as error:
            self._say(f"not done: {error}", ok=False)
        else:
            self._above.order(request)

    def obey(self, line: str) -> Acted:
        """Do what somebody at the page clicked or typed, as if it were typed here; what came of it.

        The prompt shows it too. What only a prompt has (`status`, `help`, `save`, `quit`) is refused.
        """
        words = typed_words(line)
        try:
            self._do(words, ())
        except CannotDo as error:
            return self._answer(Acted(done=False, said=f"not done: {error}"))
        return self._answer(Acted(done=True, said=self._done(words)))

    def _done(self, words: Sequence[str]) -> str:
        lost = words[0] == "keys" and not self._desk.powered
        return f"done: {' '.join(words)}{'; the power is off: the keys were lost' if lost else ''}"

    def _answer(self, acted: Acted) -> Acted:
        name = "done" if acted.done else "not_done"
        self._tell(Happening(self._desk.clock.now_s(), "typed", {"name": name, "said": acted.said}))
        return acted

    def _act(self, words: list[str]) -> None:
        try:
            self._do(words, _OWN)
        except CannotDo as error:
            self._say(f"not done: {str(error).replace('bench --list has', 'help shows')}", ok=False)
        else:
            self._say(self._done(words))

    def _do(self, words: list[str], also: Sequence[str]) -> None:
        """Raises `CannotDo`; `also` are words that are known besides the actions."""
        desk = self._desk
        acting.check(words, also)
        if words[0] == "wait":
            if len(words) > 1 and self._options.webcam:
                raise CannotDo("time cannot be skipped before a webcam")
            act(desk, words)
            return
        if words[0] == "release" and _nothing_to_release(desk):
            raise CannotDo("nothing is locked")
        self._notebook.did(desk.clock.now_s(), as_written(desk, words))
        try:
            act(desk, words)
        except CannotDo:
            self._notebook.undo()
            raise

    def _help(self, words: Sequence[str]) -> None:
        lines = help_lines()
        found = [line for line in lines if not words or line.split()[0] == words[0]]
        if not found:
            self._say(f"not done: {words[0]!r} is no word here; help alone shows all", ok=False)
            return
        for line in found:
            tell(self._options, self._lines, f"  {line}")
        self._say(f"done: {' '.join(['help', *words])}")

    def _say(self, said: str, *, ok: bool = True) -> None:
        self._refused += not ok
        data = {"name": "done" if ok else "not_done", "said": said}
        self._tell(Happening(self._desk.clock.now_s(), "typed", data))


def _nothing_to_release(desk: Desk) -> bool:
    """Who is asked would say so; without power or its socket nobody answers."""
    if not desk.powered or not desk.threads.works(Part.CONTROL):
        return False
    state = desk.kiosk.state
    return state.mode is not Mode.LOCKED and not returning(state) and not desk.hands.lock_on


def typed_words(line: str) -> list[str]:
    """The words of a line; digits, * and # alone are typed at the keypad."""
    words = line.split()
    return ["keys", *words] if words and all(key in "0123456789*#" for key in words[0]) else words


def help_lines() -> list[str]:
    """A line for every form of every word of the prompt, from the tables that read them."""
    return [*acting.explained(), *(f"{form:<36} {meaning}" for form, meaning in _WORDS.items())]


def complete(words: Sequence[str], begun: str) -> list[str]:
    if not words or words == ["help"]:
        return [word for word in (*ACTIONS, *_OWN) if word.startswith(begun)]
    return complete_order(words, begun) or acting.complete(words, begun)


def status_line(desk: Desk) -> str:
    """State, door and what else one wants to know, in one line."""
    if not desk.powered:
        return "the power is off"
    status = desk.kiosk.status(desk.clock.now_s())
    left_s = status["locks_in_s"]
    parts = [
        str(status["state"]).upper() + ("" if left_s is None else f", locks in {left_s} s"),
        f"door {status['door']}",
        f"machine {status['permit']}",
        f"camera {status['camera']}",
    ]
    if status["incident"]:
        parts.append(f"incident {status['incident']}")
    for key in ("anomalies", "faults"):
        found = status[key]
        if isinstance(found, list) and found:
            parts.append(f"{key} {', '.join(map(str, found))}")
    if desk.inside:
        parts.append(f"inside {', '.join(desk.inside)}")
    code = desk.last_code()
    if code is not None:
        parts.append(f"last code {code}")
    return " · ".join(parts)


def as_written(desk: Desk, words: Sequence[str]) -> list[str]:
    """Words as they mean the same in another play, which has codes of its own."""
    match words:
        case ["keys", *rest]:
            return ["keys", _key_word("".join(rest), desk.codes())]
        case ["sms", "from", sender, release, incident, password] if (
            release.upper() == "RELEASE" and desk.powered
        ):
            here = str(desk.kiosk.state.incident)
            right = password == desk.release_password()
            return [
                *("sms", "from", sender, release),
                "INCIDENT" if incident == here else incident,
                "HOTP" if right else password,
            ]
        case _:
            return list(words)


def _key_word(typed: str, codes: Sequence[str]) -> str:
    bare = typed.rstrip("#")
    tail = typed[len(bare) :]
    if codes and bare == codes[-1]:
        return f"CODE{tail}"
    if len(codes) > 1 and bare == codes[-2]:
        return f"PREVIOUS{tail}"
    if codes and bare.isdigit() and len(bare) == len(codes[-1]):
        return f"WRONG{tail}"
    return typed


def _unattended(options: BenchOptions) -> int:
    """A recording to its end, for lack of a terminal; a camera that has no end is not begun."""
    clock = StoryClock()
    source = open_source(options.camera or STAGED, clock)
    camera = source.camera
    try:
        if source.every_s is not None:
            print("cabinguard: without a terminal a webcam would never end", file=sys.stderr)
            return USAGE
        settings = options.load(["wiring.door.fitted=false"])
        with folder_for(options, settings, fresh=True) as folder:
            show = Printer(as_json=options.as_json).show
            desk = Desk(settings, Props(camera, lambda: look_of(settings)), folder, show, clock)
            while (frame_s := desk.next_frame_s()) is not None:
                desk.run_to(frame_s)
            desk.close()
    finally:
        camera.close()
    if desk.broke_off is not None:
        print(explain(desk.broke_off.code, desk.broke_off.detail), file=sys.stderr)
        return WRONG
    return OK

"""What is said over the simulated cabin's own socket: one tagged union of requests, one of replies.

A kiosk's socket knows none of it. Every reply carries `version`; what is not understood is refused by name.
`edge/docs/bench-socket.md` has an example of each.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec

from edge.cabin.deadlines import Wait
from edge.cabin.ways import Because, Way
from edge.terms.commission import Tried

VERSION: Final = 1

WORDS_MAX: Final = 1000
"""The longest line of words: as long as a long SMS, and nobody types more."""

_Text = Annotated[str, msgspec.Meta(max_length=WORDS_MAX)]


# --- requests --------------------------------------------------------------------------------------


class _Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="verb"):
    """`version`: who asks in another one is refused, so that nobody half understands a reply."""

    version: int = VERSION


class Act(_Ask, frozen=True, tag="act"):
    """Do what these words say, as if they were typed at the prompt: `enter anna with mask`."""

    words: Annotated[str, msgspec.Meta(min_length=1, max_length=WORDS_MAX)]


class Look(_Ask, frozen=True, tag="view"):
    """All that there is to see now."""


class Explain(_Ask, frozen=True, tag="explain"):
    """Which words there are."""


class Plug(_Ask, frozen=True, tag="plug"):
    """Pull the plug (a kill that nothing can catch), or put it in again."""

    to: Literal["out", "in"]


class StoryAsk(_Ask, frozen=True, tag="story"):
    """What is to become of stories. `name` is the story to `play`, the name to `save` what was recorded
    under, or the `folder` to play in a process of its own (empty: the bench's own).

    `record` begins a recording, `end` ends it, `stop` ends what is being played. `pace`: so many times as
    fast as life; 0 as fast as it goes.
    """

    do: Literal["list", "play", "pause", "step", "go", "stop", "record", "end", "save", "folder"]
    name: _Text = ""
    pace: Annotated[float, msgspec.Meta(ge=0.0, le=1000.0)] = 1.0


BenchRequest = Act | Look | Explain | Plug | StoryAsk


# --- parts of what is seen -------------------------------------------------------------------------


class _Part(msgspec.Struct, frozen=True):
    pass


class PersonSeen(_Part, frozen=True):
    """Somebody on stage. `turned`: `front`, `away`, `left`, `right`, `up`, `down`; `photo`: a print before
    the face, `off`, `on` (quite still) or `held` (in a hand).
    """

    name: str
    covers: tuple[str, ...]
    turned: str
    crouching: bool
    photo: str
    leaving: bool


class StageSeen(_Part, frozen=True):
    """What the camera looks at. `source` is `staged`, `webcam:N` or `clip:PATH`; only the staged cabin can be
    directed (`directed`), and only there people, light, lens and front are known. `ended`: a recording is
    over, or the camera failed. `alive`: its wire gives pictures.
    """

    source: str
    directed: bool
    alive: bool
    ended: bool
    people: tuple[PersonSeen, ...]
    light: str
    lens: str
    front: str


class WordsSaid(_Part, frozen=True):
    """The last words of the loudspeaker: its clips in order, `NAME.wav` each; `speaking`: not ended yet."""

    text: str
    files: tuple[str, ...]
    ago_s: float
    speaking: bool


class OutputsSeen(_Part, frozen=True):
    """The outputs at the pins. `locked`, `permit`: the relay is pulled in; `pattern`: what the sounder plays
    (`off`, `beeps`, `siren`), `sounding`: its pin is on at this moment. `said` None: nothing yet.
    """

    locked: bool
    permit: bool
    pattern: str
    sounding: bool
    green: bool
    amber: bool
    red: bool
    said: WordsSaid | None


class ContactSeen(_Part, frozen=True):
    """A contact and what is the matter with its wire: `""`, `cut` or `unreadable`."""

    name: str
    fitted: bool
    active: bool
    wire: str


class KeypadSeen(_Part, frozen=True):
    """Which keys there are, which are stuck down; `inside` is the customer's keypad, empty where none is."""

    keys: tuple[str, ...]
    stuck: tuple[str, ...]
    inside: tuple[str, ...]


class TextSeen(_Part, frozen=True):
    """A text on a telephone: `received` from the kiosk, or sent to it; `wall_s` seconds since 1970."""

    at_s: float
    wall_s: float
    received: bool
    text: str


class PhoneSeen(_Part, frozen=True):
    """Somebody's telephone; `who` is what `sms from` calls them. Texts in the order in which they came."""

    who: str
    number: str
    texts: tuple[TextSeen, ...]


class FaultGroup(StrEnum):
    """What a fault is the matter with."""

    MODEM = "modem"
    CAMERA = "camera"
    DISK = "disk"
    CLOCK = "clock"
    PROMPT = "prompt"
    THREADS = "threads"
    WIRES = "wires"
    RELAYS = "relays"
    KEYPAD = "keypad"
    SOUNDER = "sounder"
    MACHINE = "machine"


class FaultSwitch(_Part, frozen=True):
    """One fault and the words that switch it, `begin` and `end`; `name` is unique in its group."""

    group: FaultGroup
    name: str
    meaning: str
    on: bool
    begin: str
    end: str


class Countdown(_Part, frozen=True):
    """A time that the table waits for: seconds left of how many. `runs` False: its clock stands still."""

    what: Wait
    in_s: float
    of_s: float
    runs: bool


class WayOut(_Part, frozen=True):
    """One way in which a locked door opens. `opens`: it would, if it happened now; `because` is why, or what
    is missing. `in_s`: it comes by itself in so many seconds if nothing changes.
    """

    way: Way
    opens: bool
    because: Because
    in_s: float | None


class Line(_Part, frozen=True):
    """Something that happened, in words. `number` counts from 1 over the whole run."""

    number: int
    at_s: float
    kind: str
    words: str


class MachineSeen(_Part, frozen=True):
    """A machine that says whose card it has; `faults` are what ails it."""

    name: str
    faults: tuple[str, ...]


class StoryLine(_Part, frozen=True):
    """A line of a story. `number` is that of its file; `came`: `done` (it was done, or seen in time), `now`
    (it is waited for), `ahead`, `failed`, or `counted` (at the end). `at_s`: when it was done or seen, in
    seconds of the story.
    """

    number: int
    words: str
    came: Literal["done", "now", "ahead", "failed", "counted"]
    at_s: float | None = None


class StorySeen(_Part, frozen=True):
    """How far a story has come. `line` counts from 1; `failed` says why it did, empty for as it should be.

    `around` are the lines about the present one; `pace` as in `StoryAsk`.
    """

    name: str
    title: str
    line: int
    lines: int
    words: str
    paused: bool
    ended: bool
    failed: str
    pace: float = 1.0
    at_s: float = 0.0
    around: tuple[StoryLine, ...] = ()


class Recorded(_Part, frozen=True):
    """What is being recorded, or was and is not saved: so many lines. `note`: what may come out otherwise."""

    goes_on: bool
    lines: int
    note: str = ""


class FolderCase(_Part, frozen=True):
    """A story of a folder: `waiting`, `well`, `failed` (and `why`, with the line) or `wrong` (not played)."""

    name: str
    came: Literal["waiting", "well", "failed", "wrong"]
    why: str = ""


class FolderSeen(_Part, frozen=True):
    """A folder of stories that is, or was, played in a process of its own."""

    name: str
    goes_on: bool
    cases: tuple[FolderCase, ...] = ()
    failed: str = ""


# --- replies ---------------------------------------------------------------------------------------


class _Answer(msgspec.Struct, frozen=True, kw_only=True, tag_field="answer"):
    version: int = VERSION


class Acted(_Answer, frozen=True, tag="acted", kw_only=True):
    """Whether it was done; `said` is the sentence with the reason, `done: …` or `not done: …`."""

    done: bool
    said: str


class TrialSeen(msgspec.Struct, frozen=True):
    """An output that is being tried by anyone who commissions, and the seconds that are left."""

    output: Tried
    left_s: float


class BenchView(_Answer, frozen=True, tag="view", kw_only=True):
    """All that the page draws. `state` is the name for people (`lockout` and `blind` too), `mode` the state
    of the diagram; both `off` without power. `happenings`: the last lines, the newest last. `plugged` False:
    the plug was pulled; `booting`: the cabin's process is being started, and this was seen last.
    """

    time_s: float
    wall_s: float
    powered: bool
    state: str
    mode: str
    stage: StageSeen
    outputs: OutputsSeen
    contacts: tuple[ContactSeen, ...]
    keypad: KeypadSeen
    machines: tuple[MachineSeen, ...]
    phones: tuple[PhoneSeen, ...]
    faults: tuple[FaultSwitch, ...]
    deadlines: tuple[Countdown, ...]
    ways: tuple[WayOut, ...]
    happenings: tuple[Line, ...]
    story: StorySeen | None = None
    plugged: bool = True
    booting: bool = False
    recorded: Recorded | None = None
    folder: FolderSeen | None = None
    trial: TrialSeen | None = None


class WordForms(_Answer, frozen=True, tag="words", kw_only=True):
    """`words`: (word, its forms, what it means); `kinds`: (capital word of a form, what may stand there)."""

    words: tuple[tuple[str, tuple[str, ...], str], ...]
    kinds: tuple[tuple[str, tuple[str, ...]], ...]


class Stories(_Answer, frozen=True, tag="stories", kw_only=True):
    """Every story that can be played: (name, title); `own` are those of `folder`, the bench's own."""

    stories: tuple[tuple[str, str], ...]
    own: tuple[tuple[str, str], ...] = ()
    folder: str = ""


class NotAnswered(_Answer, frozen=True, tag="error", kw_only=True):
    """`error`: `not_understood`, `other_version`, `not_allowed`, `loop_late` or `kiosk_not_running`."""

    error: str
    detail: str = ""


BenchReply = Acted | BenchView | WordForms | Stories | NotAnswered

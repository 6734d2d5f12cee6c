"""Reads `kiosk.toml` into frozen, checked values: what is unknown, wrong or out of bounds is refused by name.

Every key is in `kiosk.example.toml` with its meaning, unit and bounds. Secrets never stand in the settings:
they come from files of their own or from systemd credentials, and neither they nor whole telephone numbers
are shown again.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence, Set
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Annotated, Final, Literal, assert_never, cast
from urllib.parse import urlsplit

import msgspec

from edge.cabin.rules import Flow, Policy
from edge.faults.catalogue import FaultError
from edge.settings.zones import find_zone, nearest_zone, zones_missing
from edge.terms.record import Channel, Recipient
from hw.wiring import WiringSettings

EXAMPLE: Final = Path(__file__).with_name("kiosk.example.toml")
"""The commented example; every key stands in it with its default."""

Number = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A(\+[1-9][0-9]{6,14})?\Z", description='"+" and 7 to 15 digits (E.164), or empty'
    ),
]
"""A telephone number as ITU-T E.164 writes it internationally: at most 15 digits, no blanks; empty: none."""

Address = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A([^@\s,<>]+@[^@\s,<>]+)?\Z", max_length=254, description="one e-mail address, or empty"
    ),
]

_LINE: Final = r"\A[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\Z"

_Word = Annotated[str, msgspec.Meta(max_length=200, pattern=_LINE, description="one line of text")]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Cabin(_Section, frozen=True):
    name: Annotated[
        str, msgspec.Meta(min_length=1, max_length=24, pattern=_LINE, description="1 to 24 signs")
    ] = "Cabin 1"
    address: Annotated[str, msgspec.Meta(max_length=60, pattern=_LINE, description="at most 60 signs")] = ""
    language: Annotated[
        str, msgspec.Meta(pattern=r"\A[a-z]{2,3}\Z", description='a language code such as "en"')
    ] = "en"
    timezone: Annotated[
        str, msgspec.Meta(min_length=1, max_length=60, description='a time zone such as "Asia/Kolkata"')
    ] = "UTC"


class People(_Section, frozen=True):
    watchman: Number = ""
    watchman2: Number = ""
    control_room: Number = ""
    hotp_secret_file: _Word = ""

    def number(self, to: Recipient) -> str:
        """Empty where none is set."""
        match to:
            case Recipient.WATCHMAN:
                return self.watchman
            case Recipient.WATCHMAN2:
                return self.watchman2
            case Recipient.CONTROL_ROOM:
                return self.control_room
            case _:
                assert_never(to)


class Camera(_Section, frozen=True):
    source: Literal["none", "picamera2", "usb", "clip", "staged"] = "staged"
    device: _Word = "0"
    clip: _Word = ""
    width: Annotated[int, msgspec.Meta(ge=160, le=2592)] = 640
    height: Annotated[int, msgspec.Meta(ge=120, le=1944)] = 480
    fps: Annotated[int, msgspec.Meta(ge=1, le=15)] = 15
    rotate: Literal[0, 90, 180, 270] = 0
    role: Literal["face", "overview"] = "face"


CoverName = Literal["mask", "mask_under_nose", "glasses", "helmet", "scarf", "hand", "object", "open_helmet"]
"""What the face check can tell from a bare face, by its own names."""


class FaceSettings(_Section, frozen=True):
    covers: Annotated[tuple[CoverName, ...], msgspec.Meta(min_length=1, max_length=8)] = (
        "mask",
        "mask_under_nose",
        "glasses",
        "helmet",
        "scarf",
        "hand",
        "object",
    )


class ModemSettings(_Section, frozen=True):
    port: _Word = "/dev/cabinguard-modem"
    profile: Literal["generic", "generic_text", "sim800", "sim7600", "quectel", "huawei"] = "generic"
    baud: Literal[0, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600] = 0
    pin_file: _Word = ""
    smsc: Number = ""
    delivery_reports: bool = True
    balance_ussd: Annotated[
        str, msgspec.Meta(pattern=r"\A([*#][0-9*#]{1,30})?\Z", description='such as "*123#", or empty')
    ] = ""


class PromptSettings(_Section, frozen=True):
    device: Annotated[
        str,
        msgspec.Meta(
            pattern=r"\A([A-Za-z0-9_][A-Za-z0-9_:=,.-]*)?\Z",
            max_length=100,
            description='an ALSA device such as "plughw:CARD=Headphones", or empty',
        ),
    ] = ""


class Email(_Section, frozen=True):
    host: _Word = ""
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: _Word = ""
    password_file: _Word = ""
    sender: Address = ""
    control_room: Address = ""
    picture: bool = True


class Webhook(_Section, frozen=True):
    url: Annotated[
        str,
        msgspec.Meta(
            pattern=r"\A(https://[^\s]+|http://(localhost|127\.0\.0\.1|\[::1\])[:/][^\s]*)?\Z",
            description="https://…, http:// on this machine alone, or empty",
        ),
    ] = ""
    secret_file: _Word = ""
    timeout_s: Annotated[float, msgspec.Meta(ge=1, le=60)] = 10.0


class EvidenceSettings(_Section, frozen=True):
    before_s: Annotated[float, msgspec.Meta(ge=0, le=60)] = 10.0
    after_s: Annotated[float, msgspec.Meta(ge=0, le=120)] = 20.0
    fps: Annotated[float, msgspec.Meta(ge=0.5, le=15)] = 5.0
    keep_days: Annotated[float, msgspec.Meta(ge=1, le=3650)] = 30.0
    keep_mb: Annotated[float, msgspec.Meta(ge=10, le=1000000)] = 2000.0
    incident_mb: Annotated[float, msgspec.Meta(ge=1, le=10000)] = 50.0
    reserve_mb: Annotated[float, msgspec.Meta(ge=10, le=100000)] = 200.0
    ring_mb: Annotated[float, msgspec.Meta(ge=2, le=256)] = 16.0


class JournalSettings(_Section, frozen=True):
    keep_days: Annotated[float, msgspec.Meta(ge=7, le=36500)] = 365.0
    keep_mb: Annotated[float, msgspec.Meta(ge=5, le=1000)] = 64.0


class Paths(_Section, frozen=True):
    data: _Word = "/var/lib/cabinguard"
    runtime: _Word = "/run/cabinguard"
    models: _Word = ""


class PanelSettings(_Section, frozen=True):
    host: _Word = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1024, le=65535)] = 8088
    password_file: _Word = ""
    live: bool = False
    pictures: bool = False


class WatchdogSettings(_Section, frozen=True):
    eyes_start_s: Annotated[float, msgspec.Meta(ge=10, le=600)] = 60.0
    eyes_silence_s: Annotated[float, msgspec.Meta(ge=1, le=60)] = 5.0
    clock_jump_s: Annotated[float, msgspec.Meta(ge=1, le=3600)] = 5.0


class Settings(_Section, frozen=True):
    """Everything that can be set. `Settings()` is the example: enough for the bench, not for a kiosk."""

    cabin: Cabin = Cabin()
    people: People = People()
    flow: Flow = Flow()
    policy: Policy = Policy()
    camera: Camera = Camera()
    overview: Camera = Camera(source="none", device="1", role="overview")
    face: FaceSettings = FaceSettings()
    modem: ModemSettings = ModemSettings()
    prompt: PromptSettings = PromptSettings()
    email: Email = Email()
    webhook: Webhook = Webhook()
    evidence: EvidenceSettings = EvidenceSettings()
    journal: JournalSettings = JournalSettings()
    paths: Paths = Paths()
    wiring: WiringSettings = WiringSettings()
    panel: PanelSettings = PanelSettings()
    watchdog: WatchdogSettings = WatchdogSettings()


_DEFAULTS: Final = Settings()


class SettingsError(FaultError):
    """The settings cannot be used. Code and detail are those of the first of `problems`."""

    def __init__(self, problems: Sequence[FaultError]) -> None:
        first = problems[0]
        more = f"; and {len(problems) - 1} more" if len(problems) > 1 else ""
        super().__init__(first.code, first.detail + more)
        self.problems = tuple(problems)


def load(path: Path | None, overrides: Sequence[str] = (), *, kiosk: bool = False) -> Settings:
    """The settings of the file (None: the defaults), then of the overrides, checked as a whole.

    An override is `section.key=value`, or `key=value` where only one section has that key; a value is
    written as in the file, a text needs no quotes. `kiosk` also asks for what only a kiosk needs.
    Raises `SettingsError` with every problem found.
    """
    text = "" if path is None else read_text(path)
    found = _Found()
    places = _Places(text, "" if path is None else path.name)
    raw = _parse(text, places, found)
    return _settle(raw, places, found, overrides, kiosk=kiosk)


def changed(settings: Settings, override: str) -> Settings:
    """The same settings with one override more. Raises `SettingsError`."""
    return _settle({}, _Places("", ""), _Found(), [override], base=settings)


class Piece:
    """A piece of a settings file, to be laid over a whole one; what is wrong is told of both at once."""

    def __init__(self, text: str, name: str) -> None:
        """Raises `SettingsError` where nothing of the text can be read."""
        self._text = text
        self._name = name
        self._found = _Found()
        self._places = _Places(text, name)
        self.table = _parse(text, self._places, self._found)

    def refuse(self, code: str, detail: str, key: str) -> None:
        """One more problem, with the line of `key`."""
        self._found.add(code, detail + self._places.of(key), key)

    def over(self, base: Path) -> Settings:
        """The settings of a kiosk with this piece over the file `base`. Raises `SettingsError`."""
        below = read_text(base)
        under = _parse(below, _Places(below, base.name), self._found)
        places = _Places(self._text, self._name, _Places(below, base.name))
        return _settle(_merged(under, self.table), places, self._found, (), kiosk=True)


def _settle(
    raw: Mapping[str, object],
    places: _Places,
    found: _Found,
    overrides: Sequence[str],
    *,
    kiosk: bool = False,
    base: Settings = _DEFAULTS,
) -> Settings:
    """What was read over `base`, checked as a whole; also what else is wrong where something is already."""
    over = dict(raw)
    _check_table(Settings, over, "", places, found)
    for override in overrides:
        _override(over, override, places, found)
    merged = _merged(cast(dict[str, object], msgspec.to_builtins(base)), _without(over, found.broken, ""))
    settings = msgspec.convert(merged, Settings)
    for keys, problem in chain(_conflicts(settings), _incomplete(settings) if kiosk else ()):
        if not any(found.spoils(key) for key in keys):  # what is wrong in itself is no contradiction as well
            missing = problem.code == "settings_incomplete"
            where = "" if missing and not places.has(*keys) else places.of(*keys)
            found.problems.append(FaultError(problem.code, problem.detail + where))
    if found.problems:
        raise SettingsError(found.problems)
    return settings


class _Found:
    """The problems, and the keys whose values are none because of them."""

    def __init__(self) -> None:
        self.problems: list[FaultError] = []
        self.broken: set[str] = set()

    def add(self, code: str, detail: str, key: str = "") -> None:
        self.problems.append(FaultError(code, detail))
        self.broken.add(key)

    def spoils(self, key: str) -> bool:
        """Whether the key, or a section that it stands in, is broken."""
        parts = key.split(".")
        return any(".".join(parts[:count]) in self.broken for count in range(1, len(parts) + 1))


def _without(table: Mapping[str, object], broken: Set[str], prefix: str) -> dict[str, object]:
    """What is left of the table when the broken keys are out."""
    return {
        name: _without(value, broken, f"{prefix}{name}.") if isinstance(value, dict) else value
        for name, value in table.items()
        if prefix + name not in broken
    }


# --- reading ---------------------------------------------------------------------------------------


def read_text(path: Path) -> str:
    """The text of a settings file. Raises `SettingsError`."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise SettingsError([FaultError("settings_missing", str(path))]) from error
    except OSError as error:
        raise SettingsError([FaultError("settings_unreadable", f"{path}: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        where = f"byte {error.start} is not UTF-8"
        raise SettingsError([FaultError("settings_unreadable", f"{path}: {where}")]) from error


_HEADER: Final = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?\Z")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_.\-\"']+(?:\s*\.\s*[A-Za-z0-9_\-\"']+)*)\s*=")
_AT: Final = re.compile(r"\(at line (\d+),")
_DIGITS: Final = re.compile(r"[0-9_]{4000}")
"""So long that Python makes no number of it (sys.set_int_max_str_digits)."""

_WRONG_LINES: Final = 20


class _Places:
    """Where each key stands: enough for a message; tomllib itself forgets the lines.

    `below`: of the file that this one is laid over.
    """

    def __init__(self, text: str, name: str, below: _Places | None = None) -> None:
        self.name = name
        self.lines = text.split("\n")
        self.below = below
        self._at: dict[str, int] = {}
        section = ""
        for number, line in enumerate(self.lines, start=1):
            if header := _HEADER.match(line.rstrip("\r")):
                section = re.sub(r"[\s\"']", "", header[1])
                self._at.setdefault(section, number)
            elif key := _KEY.match(line):
                leaf = re.sub(r"[\s\"']", "", key[1])
                self._at.setdefault(f"{section}.{leaf}" if section else leaf, number)

    def of(self, *keys: str) -> str:
        """` (kiosk.toml line 12)`, by the nearest enclosing key that has a line; empty where none has."""
        exact = {self._at[key] for key in keys if key in self._at}
        if found := sorted(exact or {number for key in keys if (number := self._line_of(key))}):
            lines = "line " + str(found[0]) if len(found) == 1 else "lines " + ", ".join(map(str, found))
            return f" ({self.name} {lines})"
        return "" if self.below is None else self.below.of(*keys)

    def has(self, *keys: str) -> bool:
        """Whether one of the keys, or a section of one, stands in this file itself."""
        return any(self._line_of(key) for key in keys)

    def key_in(self, number: int) -> str:
        """The key that a line sets; empty for none."""
        return next((key for key, at in self._at.items() if at == number), "")

    def forget(self, key: str) -> None:
        """It stands elsewhere now."""
        self._at.pop(key, None)

    def _line_of(self, key: str) -> int:
        while key and key not in self._at:
            key = key.rpartition(".")[0]
        return self._at.get(key, 0)


def _parse(text: str, places: _Places, found: _Found) -> dict[str, object]:
    """What the file says. Of lines that are no TOML all are told, and the rest is read without them.

    Raises `SettingsError` where nothing can be said of the rest.
    """
    lines = list(places.lines)
    for _ in range(_WRONG_LINES):
        try:
            return tomllib.loads("\n".join(lines))
        except RecursionError:
            number, why = 0, "nested too deeply"
        except tomllib.TOMLDecodeError as error:
            at = _AT.search(str(error))
            number, why = int(at[1]) if at else 0, str(error)
        except ValueError:
            number = next((n for n, line in enumerate(lines, start=1) if _DIGITS.search(line)), 0)
            why = f"a number of more digits than can be read (at line {number})"
        found.add("settings_syntax", f"{places.name}: {why}", places.key_in(number))
        wrong = lines[number - 1].strip() if 0 < number <= len(lines) else ""
        if not wrong or wrong.startswith("["):
            break  # a heading, or the end of something longer: what follows would be misread
        lines[number - 1] = ""
    raise SettingsError(found.problems)


# --- checking one value ----------------------------------------------------------------------------


def _fields(struct: type[msgspec.Struct]) -> dict[str, object]:
    """Name to type of each field."""
    return {field.name: field.type for field in msgspec.structs.fields(struct)}


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _leaves(struct: type[msgspec.Struct], prefix: str = "") -> Iterator[tuple[str, object]]:
    """The dotted name and the type of every single setting."""
    for name, kind in _fields(struct).items():
        if _is_struct(kind):
            yield from _leaves(cast(type[msgspec.Struct], kind), f"{prefix}{name}.")
        else:
            yield prefix + name, kind


KEYS: Final[Mapping[str, object]] = dict(_leaves(Settings))
"""The dotted name of every setting and its annotated type."""


def _check_table(
    struct: type[msgspec.Struct],
    table: Mapping[str, object],
    prefix: str,
    places: _Places,
    found: _Found,
) -> None:
    known = _fields(struct)
    for name, value in table.items():
        key = prefix + name
        if name not in known:
            said = "".join(sign if sign.isprintable() else "?" for sign in key[:80])
            found.add("settings_unknown_key", f"{said}{places.of(key)}{_nearest(key)}", key)
        elif not _is_struct(known[name]):
            problem = _check_leaf(key, known[name], value)
            if problem is not None:
                found.add(problem.code, problem.detail + places.of(key), key)
        elif isinstance(value, dict):
            _check_table(cast(type[msgspec.Struct], known[name]), value, f"{key}.", places, found)
        else:
            found.add("settings_wrong_type", f"{key} is a section, [{key}]{places.of(key)}", key)


def _nearest(key: str) -> str:
    """`; did you mean …?` for the nearest known name: of that section first, then of any."""
    section, _, leaf = key.rpartition(".")
    start = f"{section}." if section else ""
    siblings = list(dict.fromkeys(k.removeprefix(start).split(".")[0] for k in KEYS if k.startswith(start)))
    if leaf in siblings:
        return ""
    if near := difflib.get_close_matches(leaf, siblings, 1, 0.6):
        return f"; did you mean {start}{near[0]}?"
    elsewhere = {k.rpartition(".")[2]: k for k in reversed(list(KEYS))}
    if near := difflib.get_close_matches(leaf, list(elsewhere), 1, 0.75):
        return f"; did you mean {elsewhere[near[0]]}?"
    return ""


_UNITS: Final = {
    "s": "seconds",
    "ms": "milliseconds",
    "days": "days",
    "mb": "MB",
    "fps": "pictures a second",
    "width": "pixels",
    "height": "pixels",
}


def unit(key: str) -> str:
    """The unit that a setting's name ends in, as a word; empty where it has none."""
    return _UNITS.get(key.rpartition(".")[2].rpartition("_")[2], "")


def _check_leaf(key: str, kind: object, value: object) -> FaultError | None:
    try:
        msgspec.convert(value, cast(type[object], kind))
    except msgspec.ValidationError as error:
        wrong_kind = ", got `" in str(error)
        code = "settings_wrong_type" if wrong_kind else "settings_out_of_bounds"
        # A text is not said again, nor a number in its place: it may be a telephone number or a secret.
        number = isinstance(value, int | float) and not isinstance(_bare(kind), msgspec.inspect.StrType)
        short = isinstance(value, float) or (isinstance(value, int) and abs(value) < 1 << 63)
        said = f" = {as_toml(value)}" if number and short else ""
        return FaultError(code, f"{key}{said} must be {allowed(key)}")
    return None


def _bare(kind: object) -> msgspec.inspect.Type:
    """The type under its bounds and descriptions."""
    info = msgspec.inspect.type_info(kind)
    while isinstance(info, msgspec.inspect.Metadata):
        info = info.type
    return info


def allowed(key: str) -> str:
    """In words: what a setting may be, with its unit."""
    info = msgspec.inspect.type_info(KEYS[key])
    if isinstance(info, msgspec.inspect.Metadata) and info.extra_json_schema:
        return str(info.extra_json_schema["description"])
    return _allowed(_bare(KEYS[key]), unit(key))


def _allowed(info: msgspec.inspect.Type, in_unit: str) -> str:
    match info:
        case msgspec.inspect.BoolType():
            return "true or false"
        case msgspec.inspect.IntType(ge=low, le=high) | msgspec.inspect.FloatType(ge=low, le=high):
            whole = "a whole number, " if isinstance(info, msgspec.inspect.IntType) else ""
            bounds = f"{low:g} to {high:.10g}" if low is not None and high is not None else "a number"
            return f"{whole}{bounds} {in_unit}".rstrip()
        case msgspec.inspect.LiteralType(values=values):
            return "one of " + ", ".join(as_toml(v) for v in values)
        case msgspec.inspect.EnumType(cls=cls):
            return "one of " + ", ".join(as_toml(str(member.value)) for member in cls)
        case msgspec.inspect.VarTupleType(item_type=item, min_length=least, max_length=most):
            bare = item.type if isinstance(item, msgspec.inspect.Metadata) else item
            count = "" if least is None else f" of {least}" if least == most else f" of {least} to {most}"
            return f"a list{count}, each {_allowed(bare, in_unit)}"
        case msgspec.inspect.UnionType(types=types):
            return " or ".join(_allowed(t, in_unit) for t in types)
        case _:
            return "a text in quotes"


# --- overrides -------------------------------------------------------------------------------------


def _override(raw: dict[str, object], override: str, places: _Places, found: _Found) -> None:
    name, equals, text = override.partition("=")
    name = name.strip()
    if not equals:
        found.add("settings_override", f"--set {name}: write it as key=value{_nearest(name)}", name)
        return
    key = _whole_key(name, found)
    if key is None:
        return
    value = _override_value(KEYS[key], text.strip())
    problem = _check_leaf(key, KEYS[key], value)
    if problem is not None:
        found.add(problem.code, f"{problem.detail} (--set)", key)
        return
    table = raw
    *sections, leaf = key.split(".")
    for section in sections:
        inner = table.setdefault(section, {})
        if not isinstance(inner, dict):  # the file had a value where a section belongs: already a problem
            return
        table = inner
    table[leaf] = value
    places.forget(key)


def _whole_key(name: str, found: _Found) -> str | None:
    if name in KEYS:
        return name
    same = [key for key in KEYS if key.endswith(f".{name}")]
    if len(same) == 1:
        return same[0]
    which = f": say which, {' or '.join(same)}" if same else _nearest(name)
    found.add("settings_unknown_key", f"--set {name}{which}", name)
    return None


def _override_value(kind: object, text: str) -> object:
    info = _bare(kind)
    texts = isinstance(info, msgspec.inspect.StrType | msgspec.inspect.EnumType) or (
        isinstance(info, msgspec.inspect.LiteralType) and all(isinstance(v, str) for v in info.values)
    )
    if texts and not text.startswith(('"', "'")):
        return text
    try:
        return cast(object, tomllib.loads(f"value = {text}")["value"])
    except (ValueError, RecursionError):  # no TOML, a number of too many digits, or nested too deeply
        return text


def _merged(base: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    result = dict(base)
    for name, value in over.items():
        below = result.get(name)
        if isinstance(below, dict) and isinstance(value, dict):
            result[name] = _merged(below, value)
        else:
            result[name] = value
    return result


# --- checking the whole ----------------------------------------------------------------------------


_Problem = tuple[tuple[str, ...], FaultError]
"""The keys that it is about, and what is wrong with them."""

GUESSES_PERCENT: Final = 2
"""The chance to guess a code in one incident is at most this."""


def _conflicts(s: Settings) -> Iterator[_Problem]:
    for low, high in (
        ("flow.exit_hold_s", "flow.exit_stuck_s"),
        ("flow.adjust_after_s", "flow.lock_after_s"),
        ("flow.lock_after_s", "flow.presence_max_s"),
        *([("flow.second_watchman_s", "flow.code_ttl_s")] if s.people.watchman2 else []),
    ):
        if not _number(s, low) < _number(s, high):
            yield _conflict(
                f"{low} = {_number(s, low):g} must be less than {high} = {_number(s, high):g}", low, high
            )
    for low, high in (
        ("flow.prompt_lead_s", "flow.lock_after_s"),
        ("flow.unreachable_release_s", "flow.max_lock_s"),
        ("flow.keypad_lockout_s", "flow.keypad_lockout_max_s"),
        ("evidence.incident_mb", "evidence.keep_mb"),
    ):
        if _number(s, low) > _number(s, high):
            yield _conflict(
                f"{low} = {_number(s, low):g} must not be more than {high} = {_number(s, high):g}", low, high
            )
    yield from _guesses(s.flow)
    numbers = [n for n in (s.people.watchman, s.people.watchman2) if n]
    both = ("people.watchman", "people.watchman2")
    if len(numbers) != len(set(numbers)):
        yield _conflict("people.watchman2 must differ from people.watchman, or be empty", *both)
    if s.people.watchman2 and not s.people.watchman:
        yield _conflict("people.watchman2 is set, so people.watchman must be", *both)
    for name, camera in (("camera", s.camera), ("overview", s.overview)):
        if camera.source == "clip" and not camera.clip:
            yield _conflict(f'{name}.source = "clip" needs {name}.clip', f"{name}.source", f"{name}.clip")
    if s.camera.source == "none" and s.overview.source == "none":
        both = ("camera.source", "overview.source")
        yield _conflict('camera.source and overview.source cannot both be "none"', *both)
    if s.email.host and not (s.email.sender and s.email.control_room):
        needed = "email.sender", "email.control_room"
        yield _conflict(f"email.host needs {' and '.join(needed)}", "email.host", *needed)
    if s.email.user and s.email.security == "none":
        both = ("email.user", "email.security")
        yield _conflict('email.user would go unprotected with email.security = "none"', *both)
    for problem in s.wiring.problems():
        yield _conflict(problem, *re.findall(r"wiring\.[a-z_.]+", problem))
    if find_zone(s.cabin.timezone) is None and not zones_missing():
        near = nearest_zone(s.cabin.timezone)
        hint = f"; did you mean {near}?" if near else ""
        detail = f"cabin.timezone must be {allowed('cabin.timezone')}{hint}"
        yield ("cabin.timezone",), FaultError("settings_out_of_bounds", detail)


def _conflict(detail: str, *keys: str) -> _Problem:
    return keys, FaultError("settings_conflict", detail)


def _guesses(flow: Flow) -> Iterator[_Problem]:
    """Every try of every code of one incident, against so many codes that there are."""
    tries = flow.code_tries * flow.codes_per_incident

    def too_many(digits: int) -> bool:
        return tries * 100 > GUESSES_PERCENT * int(10**digits)

    if too_many(flow.code_digits):
        enough = next(digits for digits in range(flow.code_digits, 9) if not too_many(digits))
        percent = tries * 100 / 10**flow.code_digits
        yield _conflict(
            f"flow.code_tries = {flow.code_tries} for each of flow.codes_per_incident = "
            f"{flow.codes_per_incident} codes of flow.code_digits = {flow.code_digits} is a chance of "
            f"{percent:g} % to guess one in an incident; {GUESSES_PERCENT} % at most, so {enough} digits",
            "flow.code_tries",
            "flow.codes_per_incident",
            "flow.code_digits",
        )


def _number(settings: Settings, key: str) -> float:
    section, _, leaf = key.partition(".")
    return float(getattr(getattr(settings, section), leaf))


_WHOLE_PATHS: Final = (
    *(
        "paths.data",
        "paths.runtime",
        "paths.models",
        "people.hotp_secret_file",
        "modem.port",
        "modem.pin_file",
    ),
    *("email.password_file", "webhook.secret_file", "panel.password_file"),
)


def _incomplete(s: Settings) -> Iterator[_Problem]:
    """What the bench can do without and a kiosk cannot."""

    def missing(key: str, why: str) -> _Problem:
        return (key,), FaultError("settings_incomplete", f"{key}: {why}")

    if not s.people.watchman:
        yield missing("people.watchman", "without it no code reaches anybody")
    if s.camera.source not in ("picamera2", "usb"):
        yield missing("camera.source", 'a kiosk needs "picamera2" or "usb"')
    if not s.wiring.exit.fitted:
        yield missing("wiring.exit.fitted", "a kiosk has an exit button")
    if not s.modem.port:
        yield missing("modem.port", "without a modem no code reaches anybody")
    for key in _WHOLE_PATHS:
        section, _, leaf = key.partition(".")
        path = str(getattr(getattr(s, section), leaf))
        if path and not path.startswith("/"):
            detail = (
                f'{key} must be a whole path, beginning with "/": a service has a working folder of its own'
            )
            yield (key,), FaultError("settings_out_of_bounds", detail)


def remarks(s: Settings) -> Iterator[str]:
    """What a kiosk can be run with and is seldom meant, a sentence each."""
    if not s.people.control_room:
        others = list(_other_ways(s))
        only = (
            f"alerts go by {' and '.join(others)} alone"
            if others
            else "nobody gets the alerts (panic, fire, faults)"
        )
        yield f"people.control_room is empty: {only}, and no RELEASE by text is possible"
    elif read_secret(s, Secret.HOTP) is None:
        yield "people.hotp_secret_file is empty: the control room cannot open the door by text"
    if not is_loopback(s.panel.host) and read_secret(s, Secret.PANEL) is None:
        yield (
            f"panel.host = {s.panel.host} without panel.password_file: "
            "cabinguard panel will not start (panel_unprotected)"
        )
    if s.webhook.url and not s.webhook.secret_file:
        yield "webhook.secret_file is empty: run stops unless systemd gives it the credential webhook_secret"


def _other_ways(s: Settings) -> Iterator[str]:
    """The channels beside SMS that are set up, in words."""
    for channel in Channel:
        match channel:
            case Channel.SMS:
                pass
            case Channel.EMAIL:
                if s.email.host:
                    yield "e-mail"
            case Channel.WEBHOOK:
                if s.webhook.url:
                    yield "webhook"
            case _:
                assert_never(channel)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server there."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


# --- secrets ---------------------------------------------------------------------------------------


class Secret(StrEnum):
    """A secret, under the name of its systemd credential."""

    SIM_PIN = "sim_pin"
    HOTP = "hotp_secret"
    SMTP_PASSWORD = "smtp_password"
    WEBHOOK = "webhook_secret"
    PANEL = "panel_password"


def read_secret(settings: Settings, secret: Secret) -> str | None:
    """The secret, from the file that the settings name or from systemd's credentials; None where neither is.

    Surrounding blanks and the line's end do not belong to it. Raises `FaultError` where the file is
    missing, empty or open to others.
    """
    named = _secret_file(settings, secret)
    if named:
        return _secret_in(Path(named), check_rights=True)
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder and (Path(folder) / secret.value).exists():
        # systemd itself guards this folder (systemd.exec(5), "Credentials").
        return _secret_in(Path(folder) / secret.value, check_rights=False)
    return None


def _secret_file(settings: Settings, secret: Secret) -> str:
    match secret:
        case Secret.SIM_PIN:
            return settings.modem.pin_file
        case Secret.HOTP:
            return settings.people.hotp_secret_file
        case Secret.SMTP_PASSWORD:
            return settings.email.password_file
        case Secret.WEBHOOK:
            return settings.webhook.secret_file
        case Secret.PANEL:
            return settings.panel.password_file
        case _:
            assert_never(secret)


def secret_problems(settings: Settings) -> Iterator[FaultError]:
    """What is wrong with each secret that the settings name; whoever needs one stops for the same."""
    for secret in Secret:
        try:
            read_secret(settings, secret)
        except FaultError as error:
            yield error


def _secret_in(path: Path, *, check_rights: bool) -> str:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(4096).decode().strip()
    except OSError as error:
        raise FaultError("secret_missing", f"{path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise FaultError("secret_missing", f"{path}: not text") from None  # the error would carry its bytes
    if check_rights and mode & 0o027:
        # Group reading is allowed: root:cabinguard 0640 is how a service gets a file that it cannot change.
        raise FaultError("secret_exposed", f"{path} has mode {mode & 0o777:03o}")
    if not content:
        raise FaultError("secret_missing", f"{path}: empty")
    return content


# --- showing ---------------------------------------------------------------------------------------


def hidden_number(number: str) -> str:
    """A telephone number as it may be shown: `+…23`; empty for none."""
    return f"+…{number[-2:]}" if number else ""


def shown(settings: Settings) -> dict[str, object]:
    """The effective settings as plain tables, telephone numbers and the webhook's path hidden."""
    tables = cast(dict[str, dict[str, object]], msgspec.to_builtins(settings))
    for name in ("watchman", "watchman2", "control_room"):
        tables["people"][name] = hidden_number(str(tables["people"][name]))
    url = urlsplit(settings.webhook.url)
    if url.netloc:
        # Gateways put tokens into the path, the query or before the host.
        tables["webhook"]["url"] = f"{url.scheme}://{url.hostname}/…"
    return cast(dict[str, object], tables)


def show(settings: Settings) -> str:
    """The effective settings as TOML, hidden as in `shown`."""
    return "\n".join(_render(shown(settings), "")).lstrip("\n") + "\n"


def _render(table: Mapping[str, object], prefix: str) -> Iterator[str]:
    for name, value in table.items():
        if not isinstance(value, dict):
            yield f"{name} = {as_toml(value)}"
    for name, value in table.items():
        if isinstance(value, dict):
            yield f"\n[{prefix}{name}]"
            yield from _render(value, f"{prefix}{name}.")


def as_toml(value: object) -> str:
    """A value as it stands behind the = in a TOML file; a table becomes an inline one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(as_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {as_toml(item)}" for name, item in value.items()) + " }"
    # A JSON text is a TOML basic string (toml.io/en/v1.0.0#string), but for DEL, which JSON leaves bare.
    return msgspec.json.encode(str(value)).decode().replace("\x7f", "\\u007f")

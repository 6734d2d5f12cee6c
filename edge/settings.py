"""Reads `kiosk.toml` into frozen, checked values: what is unknown, wrong or out of bounds is refused by name.

Every key is in `kiosk.example.toml` with its meaning, unit and bounds. Secrets never stand in the settings:
they come from files of their own or from systemd credentials, and neither they nor whole telephone numbers
are shown again.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from edge.faults import FaultError
from edge.flow import Flow, Policy
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

_LINE: Final = r"\A[^\x00-\x1f\x7f]*\Z"

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
    email: Email = Email()
    webhook: Webhook = Webhook()
    evidence: EvidenceSettings = EvidenceSettings()
    journal: JournalSettings = JournalSettings()
    paths: Paths = Paths()
    wiring: WiringSettings = WiringSettings()
    panel: PanelSettings = PanelSettings()
    watchdog: WatchdogSettings = WatchdogSettings()


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
    text = "" if path is None else _read(path)
    name = "" if path is None else path.name
    raw = _parse(text, name)
    problems: list[FaultError] = []
    _check_table(Settings, raw, "", _Places(text, name), problems)
    for override in overrides:
        _override(raw, override, problems)
    if problems:
        raise SettingsError(problems)
    return _whole(Settings(), raw, kiosk=kiosk)


def changed(settings: Settings, override: str) -> Settings:
    """The same settings with one override more. Raises `SettingsError`."""
    raw: dict[str, object] = {}
    problems: list[FaultError] = []
    _override(raw, override, problems)
    if problems:
        raise SettingsError(problems)
    return _whole(settings, raw)


def _whole(base: Settings, raw: Mapping[str, object], *, kiosk: bool = False) -> Settings:
    settings = msgspec.convert(_merged(cast(dict[str, object], msgspec.to_builtins(base)), raw), Settings)
    problems = list(_conflicts(settings))
    if kiosk:
        problems.extend(_incomplete(settings))
    if problems:
        raise SettingsError(problems)
    return settings


# --- reading ---------------------------------------------------------------------------------------


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise SettingsError([FaultError("settings_missing", str(path))]) from error
    except OSError as error:
        raise SettingsError([FaultError("settings_unreadable", f"{path}: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        where = f"byte {error.start} is not UTF-8"
        raise SettingsError([FaultError("settings_unreadable", f"{path}: {where}")]) from error


def _parse(text: str, name: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([FaultError("settings_syntax", f"{name}: {error}")]) from error
    except RecursionError as error:
        raise SettingsError([FaultError("settings_syntax", f"{name}: nested too deeply")]) from error


_HEADER: Final = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?\Z")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_.\-\"']+(?:\s*\.\s*[A-Za-z0-9_\-\"']+)*)\s*=")


class _Places:
    """Where each key stands: enough for a message; tomllib itself forgets the lines."""

    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._lines: dict[str, int] = {}
        section = ""
        for number, line in enumerate(text.splitlines(), start=1):
            if header := _HEADER.match(line):
                section = re.sub(r"[\s\"']", "", header[1])
                self._lines.setdefault(section, number)
            elif key := _KEY.match(line):
                leaf = re.sub(r"[\s\"']", "", key[1])
                self._lines.setdefault(f"{section}.{leaf}" if section else leaf, number)

    def of(self, key: str) -> str:
        """` (kiosk.toml line 12)`, by the nearest enclosing key that has a line; empty where none has."""
        at = key
        while at:
            if at in self._lines:
                return f" ({self._name} line {self._lines[at]})"
            at = at.rpartition(".")[0]
        return ""


class _Nowhere(_Places):
    def __init__(self) -> None:
        super().__init__("", "")


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
    problems: list[FaultError],
) -> None:
    known = _fields(struct)
    for name, value in table.items():
        key = prefix + name
        if name not in known:
            problems.append(FaultError("settings_unknown_key", f"{key}{places.of(key)}{_nearest(key)}"))
        elif not _is_struct(known[name]):
            problem = _check_leaf(key, known[name], value, places)
            if problem is not None:
                problems.append(problem)
        elif isinstance(value, dict):
            _check_table(cast(type[msgspec.Struct], known[name]), value, f"{key}.", places, problems)
        else:
            problems.append(FaultError("settings_wrong_type", f"{key} is a section, [{key}]{places.of(key)}"))


def _nearest(key: str) -> str:
    """`; did you mean …?` for the nearest known name: of that section first, then of any."""
    section, _, leaf = key.rpartition(".")
    start = f"{section}." if section else ""
    siblings = list(dict.fromkeys(k.removeprefix(start).split(".")[0] for k in KEYS if k.startswith(start)))
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


def _check_leaf(key: str, kind: object, value: object, places: _Places) -> FaultError | None:
    try:
        msgspec.convert(value, cast(type[object], kind))
    except msgspec.ValidationError as error:
        wrong_kind = ", got `" in str(error)
        code = "settings_wrong_type" if wrong_kind else "settings_out_of_bounds"
        # A text is not said again, nor a number in its place: it may be a telephone number or a secret.
        number = isinstance(value, int | float) and not isinstance(_bare(kind), msgspec.inspect.StrType)
        said = f" = {as_toml(value)}" if number else ""
        return FaultError(code, f"{key}{said} must be {allowed(key)}{places.of(key)}")
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


def _override(raw: dict[str, object], override: str, problems: list[FaultError]) -> None:
    name, equals, text = override.partition("=")
    name = name.strip()
    if not equals:
        problems.append(FaultError("settings_syntax", f"--set {name}: write it as key=value"))
        return
    key = _whole_key(name, problems)
    if key is None:
        return
    value = _override_value(KEYS[key], text.strip())
    problem = _check_leaf(key, KEYS[key], value, _Nowhere())
    if problem is not None:
        problems.append(FaultError(problem.code, f"{problem.detail} (--set)"))
        return
    table = raw
    *sections, leaf = key.split(".")
    for section in sections:
        inner = table.setdefault(section, {})
        if not isinstance(inner, dict):  # the file had a value where a section belongs: already a problem
            return
        table = inner
    table[leaf] = value


def _whole_key(name: str, problems: list[FaultError]) -> str | None:
    if name in KEYS:
        return name
    found = [key for key in KEYS if key.endswith(f".{name}")]
    if len(found) == 1:
        return found[0]
    if found:
        problems.append(FaultError("settings_unknown_key", f"--set {name}: say which, {' or '.join(found)}"))
    else:
        problems.append(FaultError("settings_unknown_key", f"--set {name}{_nearest(name)}"))
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
    except tomllib.TOMLDecodeError:
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


def _conflicts(s: Settings) -> Iterator[FaultError]:
    low, high = "flow.exit_hold_s", "flow.exit_stuck_s"
    if not _number(s, low) < _number(s, high):
        yield FaultError(
            "settings_conflict",
            f"{low} = {_number(s, low):g} must be less than {high} = {_number(s, high):g}",
        )
    for low, high in (
        ("flow.keypad_lockout_s", "flow.keypad_lockout_max_s"),
        ("evidence.incident_mb", "evidence.keep_mb"),
    ):
        if _number(s, low) > _number(s, high):
            yield FaultError(
                "settings_conflict",
                f"{low} = {_number(s, low):g} must not be more than {high} = {_number(s, high):g}",
            )
    numbers = [n for n in (s.people.watchman, s.people.watchman2) if n]
    if len(numbers) != len(set(numbers)):
        yield FaultError(
            "settings_conflict", "people.watchman2 must differ from people.watchman, or be empty"
        )
    if s.people.watchman2 and not s.people.watchman:
        yield FaultError("settings_conflict", "people.watchman2 is set, so people.watchman must be")
    for name, camera in (("camera", s.camera), ("overview", s.overview)):
        if camera.source == "clip" and not camera.clip:
            yield FaultError("settings_conflict", f'{name}.source = "clip" needs {name}.clip')
    if s.camera.source == "none" and s.overview.source == "none":
        yield FaultError("settings_conflict", 'camera.source and overview.source cannot both be "none"')
    if s.email.host and not (s.email.sender and s.email.control_room):
        yield FaultError("settings_conflict", "email.host needs email.sender and email.control_room")
    if s.email.user and s.email.security == "none":
        yield FaultError("settings_conflict", 'email.user would go unprotected with email.security = "none"')
    for problem in s.wiring.problems():
        yield FaultError("settings_conflict", problem)
    try:
        ZoneInfo(s.cabin.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield FaultError("settings_out_of_bounds", f"cabin.timezone must be {allowed('cabin.timezone')}")


def _number(settings: Settings, key: str) -> float:
    section, _, leaf = key.partition(".")
    return float(getattr(getattr(settings, section), leaf))


def _incomplete(s: Settings) -> Iterator[FaultError]:
    """What the bench can do without and a kiosk cannot."""
    if not s.people.watchman:
        yield FaultError("settings_incomplete", "people.watchman: without it no code reaches anybody")
    if s.camera.source not in ("picamera2", "usb"):
        yield FaultError("settings_incomplete", 'camera.source: a kiosk needs "picamera2" or "usb"')
    if not s.wiring.exit.fitted:
        yield FaultError("settings_incomplete", "wiring.exit.fitted: a kiosk has an exit button")
    if not s.modem.port:
        yield FaultError("settings_incomplete", "modem.port: without a modem no code reaches anybody")


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
    named = {
        Secret.SIM_PIN: settings.modem.pin_file,
        Secret.HOTP: settings.people.hotp_secret_file,
        Secret.SMTP_PASSWORD: settings.email.password_file,
        Secret.WEBHOOK: settings.webhook.secret_file,
        Secret.PANEL: settings.panel.password_file,
    }[secret]
    if named:
        return _secret_in(Path(named), check_rights=True)
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder and (Path(folder) / secret.value).exists():
        # systemd itself guards this folder (systemd.exec(5), "Credentials").
        return _secret_in(Path(folder) / secret.value, check_rights=False)
    return None


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

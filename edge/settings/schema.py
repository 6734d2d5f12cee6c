"""What can be set: every section and key with its default and its bounds, and in words what each may be.

Every key is in `kiosk.example.toml` with its meaning, unit and bounds.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal, assert_never, cast

import msgspec

from edge.cabin.anomalies import Policy
from edge.cabin.rules import Flow
from edge.settings.certificate import CertificateSettings
from edge.settings.fleet import MqttSettings
from edge.settings.updating import UpdateSettings
from edge.terms.chain import ChainSettings
from edge.terms.ground import Marks, Mask, Zone
from edge.terms.record import Recipient
from edge.words.language import LanguageName
from hw.wiring import WiringSettings

EXAMPLE: Final = Path(__file__).with_name("kiosk.example.toml")
"""The commented example; every key stands in it with its default."""

Number = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A(\+[1-9][0-9]{6,14})?\Z", description='"+" and 7 to 15 digits (E.164), or empty'
    ),
]
"""A telephone number as ITU-T E.164 writes it internationally: at most 15 digits, no spaces; empty: none."""

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
        str, msgspec.Meta(min_length=1, max_length=24, pattern=_LINE, description="1 to 24 characters")
    ] = "Cabin 1"
    address: Annotated[
        str, msgspec.Meta(max_length=60, pattern=_LINE, description="at most 60 characters")
    ] = ""
    language: LanguageName = LanguageName.EN
    timezone: Annotated[
        str, msgspec.Meta(min_length=1, max_length=60, description='a time zone such as "Asia/Kolkata"')
    ] = "UTC"


class People(_Section, frozen=True):
    watchman: Number = ""
    watchman2: Number = ""
    control_room: Number = ""
    hotp_secret_file: _Word = ""
    control_room_key: Annotated[
        str,
        msgspec.Meta(
            pattern=r"\A([0-9a-f]{64})?\Z",
            description="64 hexadecimal digits (cabinguard duress key), or empty",
        ),
    ] = ""

    def number(self, to: Recipient) -> str:
        """Empty where none is set; a card owner's is in the gallery."""
        match to:
            case Recipient.WATCHMAN:
                return self.watchman
            case Recipient.WATCHMAN2:
                return self.watchman2
            case Recipient.CONTROL_ROOM:
                return self.control_room
            case Recipient.OWNER:
                return ""
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
    role: Literal["face", "overview", "both"] = "face"


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


class NormalSettings(_Section, frozen=True):
    false_alarms_a_day: Annotated[float, msgspec.Meta(ge=0.01, le=100)] = 1.0
    service_hours: Annotated[
        str,
        msgspec.Meta(
            pattern=r"\A(([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9])?\Z",
            description='such as "06:00-06:30", or empty',
        ),
    ] = ""
    keep_up: bool = True
    quarantine_h: Annotated[float, msgspec.Meta(ge=1, le=720)] = 24.0


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


MachineName = Annotated[
    str, msgspec.Meta(pattern=r"\A[a-z0-9][a-z0-9_-]{0,23}\Z", description="small letters, digits, - and _")
]


class AtmSettings(_Section, frozen=True):
    transport: Literal["none", "serial", "tcp"] = "none"
    machines: Annotated[tuple[MachineName, ...], msgspec.Meta(min_length=1, max_length=4)] = ("machine",)
    keys_file: _Word = ""
    serial_port: _Word = "/dev/cabinguard-machine"
    baud: Literal[9600, 19200, 38400, 57600, 115200] = 115200
    host: Annotated[
        str, msgspec.Meta(max_length=45, pattern=_LINE, description="an IP address of this machine")
    ] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1024, le=65535)] = 8790


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
    profile: Literal["none", "europe", "germany", "india"] = "none"
    keep_mb: Annotated[float, msgspec.Meta(ge=10, le=1000000)] = 2000.0
    incident_mb: Annotated[float, msgspec.Meta(ge=1, le=10000)] = 50.0
    reserve_mb: Annotated[float, msgspec.Meta(ge=10, le=100000)] = 200.0
    ring_mb: Annotated[float, msgspec.Meta(ge=2, le=256)] = 16.0
    recipients_file: _Word = ""
    open_needs: Annotated[int, msgspec.Meta(ge=1, le=2)] = 1
    clear_copy_s: Annotated[float, msgspec.Meta(ge=0, le=86400)] = 900.0
    clear_copy_mb: Annotated[float, msgspec.Meta(ge=1, le=512)] = 32.0


class JournalSettings(_Section, frozen=True):
    keep_days: Annotated[float, msgspec.Meta(ge=7, le=36500)] = 365.0
    keep_mb: Annotated[float, msgspec.Meta(ge=5, le=1000)] = 64.0


class IdentitySettings(_Section, frozen=True):
    enabled: bool = False
    key_file: _Word = ""
    verify_s: Annotated[float, msgspec.Meta(ge=5, le=120)] = 20.0
    tell_after: Annotated[int, msgspec.Meta(ge=1, le=10)] = 2
    code_by: Literal["sms", "webhook"] = "sms"
    owner_code_ttl_s: Annotated[float, msgspec.Meta(ge=30, le=900)] = 180.0
    owner_send_s: Annotated[float, msgspec.Meta(ge=10, le=300)] = 60.0
    owner_tries: Annotated[int, msgspec.Meta(ge=1, le=5)] = 3
    owner_rest_s: Annotated[float, msgspec.Meta(ge=60, le=86400)] = 600.0
    owner_rest_max_s: Annotated[float, msgspec.Meta(ge=60, le=604800)] = 14400.0
    owner_codes_per_hour: Annotated[int, msgspec.Meta(ge=1, le=10)] = 3


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


class MetricsSettings(_Section, frozen=True):
    textfile_folder: _Word = ""
    host: _Word = "127.0.0.1"
    port: Annotated[
        int, msgspec.Meta(ge=0, le=65535, description="0 for none, or a whole number, 1024 to 65535")
    ] = 0
    every_s: Annotated[float, msgspec.Meta(ge=1, le=60)] = 15.0

    @property
    def wanted(self) -> bool:
        """Whether anybody is to see the numbers."""
        return bool(self.textfile_folder or self.port)


class SupportSettings(_Section, frozen=True):
    contact: Annotated[
        str,
        msgspec.Meta(
            pattern=r"\A((mailto:|https://|tel:)[^\s<>\"]+)?\Z",
            max_length=200,
            description="mailto:…, https://… or tel:…, or empty",
        ),
    ] = ""
    until: Annotated[
        str,
        msgspec.Meta(
            pattern=r"\A(2[0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]))?\Z",
            description="a day such as 2031-12-31, or empty",
        ),
    ] = ""


class WatchdogSettings(_Section, frozen=True):
    eyes_start_s: Annotated[float, msgspec.Meta(ge=10, le=600)] = 60.0
    eyes_silence_s: Annotated[float, msgspec.Meta(ge=1, le=60)] = 5.0
    clock_jump_s: Annotated[float, msgspec.Meta(ge=1, le=3600)] = 5.0


Zones = Annotated[
    tuple[Zone, ...],
    msgspec.Meta(max_length=16, description="at most 16 tables [[zone]] with name, purpose and polygon"),
]

Masks = Annotated[
    tuple[Mask, ...],
    msgspec.Meta(max_length=8, description="at most 8 tables [[mask]] with name and polygon"),
]


class Settings(_Section, frozen=True):
    """Everything that can be set. `Settings()` is the example: enough for the bench, not for a kiosk."""

    cabin: Cabin = Cabin()
    people: People = People()
    flow: Flow = Flow()
    policy: Policy = Policy()
    zone: Zones = ()
    mask: Masks = ()
    floor: Marks = Marks()
    camera: Camera = Camera()
    overview: Camera = Camera(source="none", device="1", role="overview")
    face: FaceSettings = FaceSettings()
    normal: NormalSettings = NormalSettings()
    vision: ChainSettings = ChainSettings()
    modem: ModemSettings = ModemSettings()
    atm: AtmSettings = AtmSettings()
    prompt: PromptSettings = PromptSettings()
    email: Email = Email()
    webhook: Webhook = Webhook()
    mqtt: MqttSettings = MqttSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    journal: JournalSettings = JournalSettings()
    identity: IdentitySettings = IdentitySettings()
    certificate: CertificateSettings = CertificateSettings()
    paths: Paths = Paths()
    wiring: WiringSettings = WiringSettings()
    panel: PanelSettings = PanelSettings()
    metrics: MetricsSettings = MetricsSettings()
    update: UpdateSettings = UpdateSettings()
    support: SupportSettings = SupportSettings()
    watchdog: WatchdogSettings = WatchdogSettings()

    @property
    def line_wanted(self) -> bool:
        """Whether there is a line to the machine: nothing else than a claim would ever come over it."""
        return self.identity.enabled and self.atm.transport != "none"


@cache
def fields_of(struct: type[msgspec.Struct]) -> dict[str, object]:
    """Name to type of each field."""
    return {field.name: field.type for field in msgspec.structs.fields(struct)}


def is_section(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _leaves(struct: type[msgspec.Struct], prefix: str = "") -> Iterator[tuple[str, object]]:
    """The dotted name and the type of every single setting."""
    for name, kind in fields_of(struct).items():
        if is_section(kind):
            yield from _leaves(cast(type[msgspec.Struct], kind), f"{prefix}{name}.")
        else:
            yield prefix + name, kind


KEYS: Final[Mapping[str, object]] = dict(_leaves(Settings))
"""The dotted name of every setting and its annotated type."""


@cache
def rows_of(kind: object) -> type[msgspec.Struct] | None:
    """The struct of each row of a list of tables, such as [[zone]]; None for any other kind."""
    info = bare(kind)
    if isinstance(info, msgspec.inspect.VarTupleType) and isinstance(
        info.item_type, msgspec.inspect.StructType
    ):
        cls = info.item_type.cls
        return None if cls.__struct_config__.array_like else cls
    return None


_UNITS: Final = {
    "s": "seconds",
    "h": "hours",
    "ms": "milliseconds",
    "days": "days",
    "mb": "MB",
    "cm": "centimetres",
    "level": "grey levels",
    "levels": "grey levels",
    "fps": "pictures a second",
    "width": "pixels",
    "height": "pixels",
}


def unit(key: str) -> str:
    """The unit that a setting's name ends in, as a word; empty where it has none."""
    return _UNITS.get(key.rpartition(".")[2].rpartition("_")[2], "")


def bare(kind: object) -> msgspec.inspect.Type:
    """The type under its bounds and descriptions."""
    info = msgspec.inspect.type_info(kind)
    while isinstance(info, msgspec.inspect.Metadata):
        info = info.type
    return info


def allowed(key: str) -> str:
    """In words: what a setting may be, with its unit."""
    return allowed_of(KEYS[key], unit(key))


def allowed_of(kind: object, in_unit: str = "") -> str:
    """In words: what a value of this annotated type may be."""
    info = msgspec.inspect.type_info(kind)
    if isinstance(info, msgspec.inspect.Metadata) and info.extra_json_schema:
        return str(info.extra_json_schema["description"])
    return _allowed(bare(kind), in_unit)


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
            inner = item.type if isinstance(item, msgspec.inspect.Metadata) else item
            count = "" if least is None else f" of {least}" if least == most else f" of {least} to {most}"
            return f"a list{count}, each {_allowed(inner, in_unit)}"
        case msgspec.inspect.UnionType(types=types):
            return " or ".join(_allowed(t, in_unit) for t in types)
        case _:
            return "a text in quotes"


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


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server there."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

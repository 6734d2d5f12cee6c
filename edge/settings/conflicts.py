"""What contradicts itself in a whole set of settings, and what a kiosk lacks and the bench can do without."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from typing import Final, assert_never

from edge.cabin.rules import Flow
from edge.faults.fault import FaultError
from edge.settings.areas import marks_problem, masked_problem, polygon_problems, zone_problems
from edge.settings.schema import Settings, allowed, is_loopback
from edge.settings.zones import find_zone, nearest_zone, zones_missing
from edge.terms.ground import Mask, Zone

_Problem = tuple[tuple[str, ...], FaultError]
"""The keys that it is about, and what is wrong with them."""

GUESSES_PERCENT: Final = 2
"""The chance to guess a code in one incident is at most this."""


def conflicts(s: Settings) -> Iterator[_Problem]:
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
        ("identity.owner_rest_s", "identity.owner_rest_max_s"),
    ):
        if _number(s, low) > _number(s, high):
            yield _conflict(
                f"{low} = {_number(s, low):g} must not be more than {high} = {_number(s, high):g}", low, high
            )
    yield from _guesses(s.flow)
    yield from _duress(s)
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
    if "none" not in (s.camera.source, s.overview.source) and (s.camera.role == "overview") == (
        s.overview.role == "overview"
    ):
        both = ("camera.role", "overview.role")
        yield _conflict('of camera.role and overview.role exactly one must be "overview"', *both)
    yield from ground_conflicts(s)
    if s.email.host and not (s.email.sender and s.email.control_room):
        needed = "email.sender", "email.control_room"
        yield _conflict(f"email.host needs {' and '.join(needed)}", "email.host", *needed)
    if s.email.user and s.email.security == "none":
        both = ("email.user", "email.security")
        yield _conflict('email.user would go unprotected with email.security = "none"', *both)
    if s.identity.code_by == "webhook" and not s.webhook.url:
        yield _conflict('identity.code_by = "webhook" needs webhook.url', "identity.code_by", "webhook.url")
    yield from _machine_line(s)
    yield from _broker(s)
    yield from _certificate(s)
    yield from _metrics(s)
    for problem in s.wiring.problems():
        yield _conflict(problem, *re.findall(r"wiring\.[a-z_.]+", problem))
    if find_zone(s.cabin.timezone) is None and not zones_missing():
        near = nearest_zone(s.cabin.timezone)
        hint = f"; did you mean {near}?" if near else ""
        detail = f"cabin.timezone must be {allowed('cabin.timezone')}{hint}"
        yield ("cabin.timezone",), FaultError("settings_out_of_bounds", detail)


def _machine_line(s: Settings) -> Iterator[_Problem]:
    """The line to the machine: names of its own, and an address and a port that are nobody else's."""
    line = s.atm
    if len(set(line.machines)) < len(line.machines):
        yield _conflict("atm.machines has a name twice", "atm.machines")
    try:
        address = ipaddress.ip_address(line.host)
    except ValueError:
        yield ("atm.host",), FaultError("settings_out_of_bounds", f"atm.host must be {allowed('atm.host')}")
    else:
        if address.is_unspecified or address.is_multicast:
            yield _conflict(f"atm.host = {line.host} is no one interface: name the machine's", "atm.host")
    if line.transport == "serial":
        if len(line.machines) > 1:
            yield _conflict('atm.transport = "serial" has one machine', "atm.transport", "atm.machines")
        if line.serial_port == s.modem.port:
            yield _conflict("atm.serial_port is modem.port", "atm.serial_port", "modem.port")
    if line.transport == "tcp" and line.port == s.panel.port:
        yield _conflict("atm.port is panel.port", "atm.port", "panel.port")


def _broker(s: Settings) -> Iterator[_Problem]:
    """The broker: who we are there, and that nobody on the way reads or changes what is said."""
    broker = s.mqtt
    if not broker.host:
        if broker.home_assistant:
            yield _conflict("mqtt.home_assistant needs mqtt.host", "mqtt.home_assistant", "mqtt.host")
        return
    for leaf in ("site", "kiosk_id"):
        if not getattr(broker, leaf):
            yield _conflict(f"mqtt.host needs mqtt.{leaf}", "mqtt.host", f"mqtt.{leaf}")
    if not broker.tls and not is_loopback(broker.host):
        detail = f"mqtt.tls = false is for a broker on this machine; mqtt.host = {broker.host} is not"
        yield _conflict(detail, "mqtt.tls", "mqtt.host")
    if broker.port in (s.panel.port, s.atm.port) and is_loopback(broker.host):
        yield _conflict(f"mqtt.port = {broker.port} is another server's here", "mqtt.port")


def _certificate(s: Settings) -> Iterator[_Problem]:
    """Somebody else looks after both files of a pair or after none."""
    own = s.certificate
    both = ("certificate.key_file", "certificate.certificate_file")
    if bool(own.key_file) != bool(own.certificate_file):
        yield _conflict(f"{' and '.join(both)} go together", *both)
    for key, value in (("certificate.key_uri", own.key_uri), ("certificate.est_url", own.est_url)):
        if value and own.key_file:
            yield _conflict(f"{key} needs a key of the kiosk's own: leave {both[0]} empty", key, both[0])
    if own.key_uri and not own.token_module:
        module = "certificate.token_module"
        yield _conflict(f"certificate.key_uri needs {module}", "certificate.key_uri", module)
    if own.est_token_file and not own.est_user:
        user = "certificate.est_user"
        yield _conflict(f"certificate.est_token_file needs {user}", "certificate.est_token_file", user)


def _metrics(s: Settings) -> Iterator[_Problem]:
    """The port of the numbers has no password, so that nobody but this machine may ever reach it."""
    host, port = s.metrics.host, s.metrics.port
    if not is_loopback(host):
        yield _conflict(
            f"metrics.host = {host} can be reached from elsewhere: this machine alone", "metrics.host"
        )
    if 0 < port < 1024:
        detail = f"metrics.port must be {allowed('metrics.port')}"
        yield ("metrics.port",), FaultError("settings_out_of_bounds", detail)
    taken = {"panel.port": s.panel.port} | ({"atm.port": s.atm.port} if s.atm.transport == "tcp" else {})
    for key in (key for key, other in taken.items() if port == other):
        yield _conflict(f"metrics.port is {key}", "metrics.port", key)


def ground_conflicts(s: Settings) -> Iterator[_Problem]:
    """Zones, masks and marks: their shapes, their hours, and whether their camera is fitted."""
    sources = {"face": s.camera.source, "overview": s.overview.source}
    drawn: tuple[tuple[str, Sequence[Zone | Mask]], ...] = (("zone", s.zone), ("mask", s.mask))
    for kind, polygons in drawn:
        names: dict[str, str] = {}
        for number, one in enumerate(polygons, start=1):
            key = f"{kind}.{number}"
            if isinstance(one, Zone):
                found = zone_problems(one, key)
            else:
                found = polygon_problems(one.polygon, f"{key}.polygon")
            for at, detail in found:
                yield (at,), FaultError("settings_out_of_bounds", detail)
            if sources[one.camera] == "none":
                yield _conflict(f"{key}.camera = {one.camera} is not fitted", f"{key}.camera")
            if one.name in names:
                yield _conflict(f"{key}.name is that of {names[one.name]}, too", f"{key}.name")
            names[one.name] = key
    for camera in sources:
        numbers = [number for number, one in enumerate(s.mask, start=1) if one.camera == camera]
        if problem := masked_problem([s.mask[number - 1].polygon for number in numbers], camera):
            yield (f"mask.{numbers[-1]}.polygon",), FaultError("settings_out_of_bounds", problem)
    if problem := marks_problem(s.floor):
        yield ("floor.corners",), FaultError("settings_out_of_bounds", problem)
    if s.floor.corners and sources[s.floor.camera] == "none":
        yield _conflict(f"floor.camera = {s.floor.camera} is not fitted", "floor.camera")


def _conflict(detail: str, *keys: str) -> _Problem:
    return keys, FaultError("settings_conflict", detail)


def guess_percent(flow: Flow, digits: int) -> float:
    """The chance to guess a code of so many digits in one incident, in percent: every try of every code.

    Where a duress form opens as the code does, both count. `last_plus_one`: an entry is right for two codes,
    and a fresh code is none of the three that an earlier one rules out. `prefix`: who guesses behind the
    prefix needs only the digits that follow it.
    """
    tries = flow.code_tries * flow.codes_per_incident
    earlier = flow.codes_per_incident - 1
    match flow.duress:
        case "off":
            return float(tries * 100 / 10**digits)
        case "last_plus_one":
            return float(tries * 200 / (10**digits - 3 * earlier))
        case "prefix":
            behind = digits - len(flow.duress_prefix)
            return 100.0 if behind < 1 else float(tries * 100 / max(1, 10**behind - earlier))
        case _:
            assert_never(flow.duress)


def _guesses(flow: Flow) -> Iterator[_Problem]:
    """No setting gives a better chance than `GUESSES_PERCENT`."""
    percent = guess_percent(flow, flow.code_digits)
    if percent > GUESSES_PERCENT:
        more = range(flow.code_digits, 9)
        enough = next((n for n in more if guess_percent(flow, n) <= GUESSES_PERCENT), None)
        both = "" if flow.duress == "off" else f', of which flow.duress = "{flow.duress}" opens too,'
        yield _conflict(
            f"flow.code_tries = {flow.code_tries} for each of flow.codes_per_incident = "
            f"{flow.codes_per_incident} codes of flow.code_digits = {flow.code_digits}{both} is a chance of "
            f"{percent:.4g} % to guess one in an incident; {GUESSES_PERCENT} % at most, so "
            + (f"{enough} digits" if enough is not None else "fewer tries, or fewer codes"),
            "flow.code_tries",
            "flow.codes_per_incident",
            "flow.code_digits",
        )


def _duress(s: Settings) -> Iterator[_Problem]:
    """A duress form that would be the code itself, or that nobody could learn of."""
    flow = s.flow
    if flow.duress == "off":
        return
    if flow.duress == "prefix" and len(flow.duress_prefix) >= flow.code_digits:
        yield _conflict(
            f'flow.duress_prefix = "{flow.duress_prefix}" must be shorter than flow.code_digits = '
            f"{flow.code_digits}: it stands in the place of the code's first digits, and the rest is typed",
            "flow.duress_prefix",
            "flow.code_digits",
        )
    if not s.people.control_room_key:
        yield _conflict(
            f'flow.duress = "{flow.duress}" needs people.control_room_key: the record shows a duress code '
            "to the control room alone",
            "flow.duress",
            "people.control_room_key",
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
    *("email.password_file", "webhook.secret_file", "panel.password_file", "mqtt.request_keys_file"),
    *("identity.key_file", "evidence.recipients_file"),
    *("atm.keys_file", "atm.serial_port"),
    *("certificate.key_file", "certificate.certificate_file", "certificate.ca_file"),
    *("certificate.token_module", "certificate.pin_file"),
    *("certificate.est_token_file", "certificate.est_ca_file"),
    "metrics.textfile_folder",
)


def incomplete(s: Settings) -> Iterator[_Problem]:
    """What the bench can do without and a kiosk cannot."""

    def missing(key: str, why: str) -> _Problem:
        return (key,), FaultError("settings_incomplete", f"{key}: {why}")

    if not s.people.watchman:
        yield missing("people.watchman", "without it no code reaches anybody")
    if s.flow.duress != "off" and not (s.people.control_room or s.email.control_room or s.webhook.url):
        yield missing("people.control_room", "without any way to the control room no duress code reaches it")
    if s.camera.source not in ("picamera2", "usb"):
        yield missing("camera.source", 'a kiosk needs "picamera2" or "usb"')
    if not s.wiring.exit.fitted:
        yield missing("wiring.exit.fitted", "a kiosk has an exit button")
    if not s.modem.port:
        yield missing("modem.port", "without a modem no code reaches anybody")
    if s.identity.enabled and s.atm.transport == "none":
        yield missing("atm.transport", "without a line to the machine nobody says whose card it is")
    for key in _WHOLE_PATHS:
        section, _, leaf = key.partition(".")
        path = str(getattr(getattr(s, section), leaf))
        if path and not path.startswith("/"):
            detail = (
                f'{key} must be a whole path, beginning with "/": a service has a working folder of its own'
            )
            yield (key,), FaultError("settings_out_of_bounds", detail)

"""What may be asked over the broker, why something is refused, and the limits of both. Plain values.

No verb that moves a door may ever be added here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from edge.fleet.payloads import VERSION

REQUEST_BYTES: Final = 8_192
ID_MOST: Final = 10**12 - 1
"""The highest `id`: what the record takes for a counter. Hundredths of a second since 1970 fit."""

LIFE_S: Final = 86_400.0
"""A request is good for a day at most: what waits at a broker for longer is not meant any more."""

AHEAD_S: Final = 300.0
"""So far the clock of who asks may be ahead of ours."""

BURST: Final = 10
EVERY_S: Final = 2.0
"""So many at once, then one in so long; what comes faster is not even looked at."""

PICTURES_ASKED_MOST: Final = 50


class Verb(StrEnum):
    """What can be asked."""

    REPORT = "report"
    SELFTEST = "selftest"
    EVIDENCE = "evidence"


class NotDone(StrEnum):
    """Why something that arrived is not done."""

    WRONG_TOPIC = "wrong_topic"
    RETAINED = "retained"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    NO_KEYS = "no_keys"
    NOT_A_REQUEST = "not_a_request"
    WRONG_VERSION = "wrong_version"
    WRONG_KEY = "wrong_key"
    OTHER_KIOSK = "other_kiosk"
    UNKNOWN_VERB = "unknown_verb"
    CLOCK_UNSET = "clock_unset"
    NOT_YET = "not_yet"
    TOO_OLD = "too_old"
    GOOD_TOO_LONG = "good_too_long"
    REPLAYED = "replayed"
    NOT_RECORDED = "not_recorded"
    BUSY = "busy"


def meaning(refusal: NotDone) -> str:
    """What it means, for the one who asked; as the table in `edge/docs/mqtt.md` has it."""
    match refusal:
        case NotDone.WRONG_TOPIC:
            return "it came on a topic that the kiosk does not read"
        case NotDone.RETAINED:
            return "it was kept by the broker (retain): a request is published without"
        case NotDone.TOO_LARGE:
            return f"it has more than {REQUEST_BYTES} bytes"
        case NotDone.TOO_MANY:
            return f"more than {BURST} at once, or than one in {EVERY_S:.0f} s, came: it was not read"
        case NotDone.NO_KEYS:
            return "the kiosk has no key to check it with: mqtt.request_keys_file"
        case NotDone.NOT_A_REQUEST:
            return "it is not the JSON that a request is"
        case NotDone.WRONG_VERSION:
            return f"its version is not {VERSION}"
        case NotDone.WRONG_KEY:
            return "no key of the kiosk made its signature, or it was changed on the way"
        case NotDone.OTHER_KIOSK:
            return "it was made for another kiosk"
        case NotDone.UNKNOWN_VERB:
            return "it asks for something that no kiosk does over the broker"
        case NotDone.CLOCK_UNSET:
            return "nobody has set the kiosk's clock: how old it is cannot be said"
        case NotDone.NOT_YET:
            return f"it was made more than {AHEAD_S:.0f} s from now: one of the clocks is wrong"
        case NotDone.TOO_OLD:
            return "the time for which it was good is over"
        case NotDone.GOOD_TOO_LONG:
            return f"it would be good for more than {LIFE_S / 3600:.0f} h, or ends before it begins"
        case NotDone.REPLAYED:
            return "its id is not higher than the last one's: it was heard before, or came too late"
        case NotDone.NOT_RECORDED:
            return "the record cannot take it, so after a restart it could be done again"
        case NotDone.BUSY:
            return "the one before is still under way"
        case _:
            assert_never(refusal)


@dataclass(frozen=True, slots=True)
class Request:
    """A request that may be done, once."""

    id: int
    verb: Verb
    incident: int
    pictures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that arrived and is not done; `id` and `verb` as far as a known key has signed them."""

    refusal: NotDone
    id: int = 0
    verb: str = ""


@dataclass(frozen=True, slots=True)
class Came:
    """What arrived, as the broker handed it over."""

    topic: str
    payload: bytes
    retained: bool

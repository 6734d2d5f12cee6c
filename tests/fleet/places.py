"""Who may do what at a broker: the whole table, held against the real Mosquitto and against EMQX's rules."""

from __future__ import annotations

from enum import Enum
from typing import Final, assert_never

from edge.fleet.topics import Stream, Topics

KIOSK: Final = "kiosk-1"
SITE: Final = "north"


class Who(Enum):
    """By the common name of the certificate."""

    KIOSK = KIOSK
    OTHER_KIOSK = "kiosk-2"
    CONTROL_ROOM = "control-room"
    HOME_ASSISTANT = "home-assistant"


class Place(Enum):
    """A topic of the kiosk, or one that is nobody's."""

    STATUS = "status"
    EMERGENCY = "emergency"
    ALERT = "alert"
    REPORT = "report"
    REPLY = "reply"
    EVIDENCE = "evidence"
    REQUEST = "request"
    DISCOVERY = "discovery"
    ELSEWHERE = "elsewhere"
    """A topic in the kiosk's own folder that no version knows."""
    BELOW = "below"
    """A topic below one of its own."""
    FOLDER = "folder"
    VERSION_2 = "version_2"
    FOREIGN = "foreign"


class Act(Enum):
    PUBLISH = "publish"
    RETAIN = "retain"
    READ = "read"


def topic(place: Place, kiosk: str = KIOSK) -> str:
    topics = Topics(SITE, kiosk)
    match place:
        case Place.STATUS:
            return topics.status
        case Place.EMERGENCY:
            return topics.events(Stream.EMERGENCY)
        case Place.ALERT:
            return topics.events(Stream.ALERT)
        case Place.REPORT:
            return topics.events(Stream.REPORT)
        case Place.REPLY:
            return topics.reply
        case Place.EVIDENCE:
            return topics.evidence
        case Place.REQUEST:
            return topics.request
        case Place.DISCOVERY:
            return topics.discovery
        case Place.ELSEWHERE:
            return f"{topics.folder}/door"
        case Place.BELOW:
            return f"{topics.status}/more"
        case Place.FOLDER:
            return topics.folder
        case Place.VERSION_2:
            return topics.status.replace("/v1/", "/v2/")
        case Place.FOREIGN:
            return "bank/branches/north"
        case _:
            assert_never(place)


def may(who: Who, act: Act, place: Place) -> bool:
    """As it should be at every broker."""
    match act:
        case Act.PUBLISH:
            return _may_publish(who, place)
        case Act.RETAIN:
            return _may_publish(who, place) and place in (Place.STATUS, Place.DISCOVERY)
        case Act.READ:
            return _may_read(who, place)
        case _:
            assert_never(act)


def _may_publish(who: Who, place: Place) -> bool:
    match place:
        case (
            Place.STATUS
            | Place.EMERGENCY
            | Place.ALERT
            | Place.REPORT
            | Place.REPLY
            | Place.EVIDENCE
            | Place.DISCOVERY
        ):
            return who is Who.KIOSK
        case Place.REQUEST:
            return who is Who.CONTROL_ROOM
        case Place.ELSEWHERE | Place.BELOW | Place.FOLDER | Place.VERSION_2 | Place.FOREIGN:
            return False
        case _:
            assert_never(place)


def _may_read(who: Who, place: Place) -> bool:
    match who:
        case Who.KIOSK:
            return place is Place.REQUEST
        case Who.OTHER_KIOSK:
            return False
        case Who.HOME_ASSISTANT:
            return place in (Place.STATUS, Place.DISCOVERY)
        case Who.CONTROL_ROOM:
            return place not in (Place.DISCOVERY, Place.VERSION_2, Place.FOREIGN)
        case _:
            assert_never(who)

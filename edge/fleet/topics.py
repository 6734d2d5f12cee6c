"""Where everything stands at the broker: one folder of topics a kiosk, with the version in the name.

`cabinguard/v1/SITE/KIOSK/…`. A kiosk writes to its own folder alone and reads one topic of it, so that a
broker's rules can name each leaf (`systemd/fleet/`). A later version of the messages that an old reader would
misread gets a root of its own, `cabinguard/v2`; new fields do not (`edge/docs/mqtt.md`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from edge.terms.alerts import Urgency

ROOT: Final = "cabinguard/v1"
HOME_ASSISTANT: Final = "homeassistant"
"""The prefix under which Home Assistant looks for devices unless it is told otherwise."""


class Stream(StrEnum):
    """A row of messages that are counted from 1: a reader sees what is missing and what came twice."""

    EMERGENCY = "emergency"
    ALERT = "alert"
    REPORT = "report"


def stream_of(urgency: Urgency) -> Stream | None:
    """The stream of a message; None for one with a code, which never goes to a broker."""
    match urgency:
        case Urgency.CODE:
            return None
        case Urgency.EMERGENCY:
            return Stream.EMERGENCY
        case Urgency.ALERT:
            return Stream.ALERT
        case Urgency.REPORT:
            return Stream.REPORT
        case _:
            assert_never(urgency)


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one kiosk. `site` and `kiosk` are small letters, digits and `-`."""

    site: str
    kiosk: str

    @property
    def folder(self) -> str:
        return f"{ROOT}/{self.site}/{self.kiosk}"

    @property
    def status(self) -> str:
        """Retained: how the kiosk is, or that it is gone (its last will)."""
        return f"{self.folder}/status"

    def events(self, stream: Stream) -> str:
        return f"{self.folder}/events/{stream.value}"

    @property
    def request(self) -> str:
        """The only topic that a kiosk reads."""
        return f"{self.folder}/request"

    @property
    def reply(self) -> str:
        return f"{self.folder}/reply"

    @property
    def evidence(self) -> str:
        """A picture that was asked for, in pieces. One topic: nobody can leave thousands at the broker."""
        return f"{self.folder}/evidence"

    @property
    def discovery(self) -> str:
        """Retained: what Home Assistant reads of a device."""
        return f"{HOME_ASSISTANT}/device/{self.kiosk}/config"

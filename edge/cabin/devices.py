"""The one list of devices: whether a lock needs each of them, and who hears of its failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from edge.cabin.events import Device
from edge.terms.record import Recipient


@dataclass(frozen=True, slots=True)
class Row:
    """All that is decided by the name of a device that failed.

    `lock_needs`: no lock begins while it is broken: nobody is locked unprompted, unrecorded or unseen.
    """

    lock_needs: bool
    told: tuple[Recipient, ...]


_ALL: Final = (Recipient.CONTROL_ROOM, Recipient.WATCHMAN)

# fmt: off
DEVICES: Final[Mapping[Device, Row]] = {
    #                           needed by a lock, told
    Device.LOCK:            Row(True,  _ALL),
    Device.PERMIT:          Row(False, _ALL),
    Device.INPUTS:          Row(True,  _ALL),
    Device.EXIT_INPUT:      Row(True,  _ALL),
    Device.KEYPAD:          Row(True,  _ALL),
    Device.CUSTOMER_KEYPAD: Row(False, (Recipient.CONTROL_ROOM,)),
    Device.PROMPT:          Row(True,  _ALL),
    Device.SOUNDER:         Row(False, _ALL),
    Device.LIGHTS:          Row(False, _ALL),
    Device.MODEM:           Row(False, (Recipient.CONTROL_ROOM,)),
    Device.MODEM_DRIVER:    Row(True,  _ALL),
    Device.ATM:             Row(False, (Recipient.CONTROL_ROOM,)),
    Device.DISK:            Row(True,  _ALL),
    Device.EVIDENCE:        Row(True,  _ALL),
    Device.CONTROL:         Row(True,  _ALL),
    Device.EYES:            Row(True,  _ALL),
    Device.CLOCK:           Row(False, _ALL),
    Device.DOOR_CONTACT:    Row(False, _ALL),
}
# fmt: on

LOCK_NEEDS: Final = frozenset(device for device in Device if DEVICES[device].lock_needs)

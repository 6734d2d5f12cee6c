"""Whether the cabin can be empty: somebody was seen in it and then gone, and nobody can have come in unseen.

A picture without anybody is no proof: somebody may stand behind a mask or in a dead corner. So a relay is
tried only after one person alone came, was seen and went out. What was remembered over a restart was not seen
by this program, two who are seen may leave one behind, and nobody goes through a door that did not open.
"""

from __future__ import annotations

from typing import Final

from edge.cabin.draft import FLICKER_S
from edge.cabin.events import Device
from edge.cabin.state import State
from edge.terms.observation import CameraHealth

SHUTS_S: Final = 15.0
"""So long the door may take to close behind the one who went; one left open lets others in."""


class Gone:
    """Follows the table's steps. `door_contact`: one is fitted. Times are monotonic, in s."""

    def __init__(self, door_contact: bool) -> None:
        self._contact = door_contact
        self._seen = False
        self._alone = False
        self._went_out = False
        self._came_s: float | None = None
        self._gone_s = 0.0

    @property
    def seen(self) -> bool:
        """Somebody was seen to go, and since then nobody can have come in unseen."""
        return self._seen

    def stepped(self, before: State, after: State, now_s: float) -> None:
        """One step of the table."""
        if after.present and not before.present:
            self._came_s, self._alone, self._went_out = now_s, True, False
        if after.several:
            self._alone = False
        if after.door_open is not before.door_open:
            self._door_moved(before, after, now_s)
        if before.present and not after.present:
            through_the_door = not self._contact or self._went_out or _stood_open(after, now_s)
            self._seen = self._came_s is not None and self._alone and through_the_door
            self._came_s, self._gone_s = None, now_s
        if self._unwatched(after):
            self._seen = self._alone = False

    def _door_moved(self, before: State, after: State, now_s: float) -> None:
        opened_s = before.door_open_since_s
        if before.present:
            while_there = self._came_s is not None and opened_s is not None and opened_s >= self._came_s
            self._went_out = self._went_out or (while_there and _stood_open(before, now_s))
        elif after.door_open or now_s > self._gone_s + SHUTS_S:
            self._seen = False

    def _unwatched(self, state: State) -> bool:
        """Anybody may come in now, and neither the door nor a picture would say so."""
        if self._contact and state.failed & {Device.DOOR_CONTACT, Device.INPUTS}:
            return True
        blind = state.health is not CameraHealth.OK or Device.EYES in state.failed
        return blind and (state.door_open or not self._contact)


def _stood_open(state: State, now_s: float) -> bool:
    """The door is open for longer than a contact that chatters says so."""
    since_s = state.door_open_since_s
    return state.door_open and since_s is not None and now_s >= since_s + FLICKER_S

"""Whether somebody is in the cabin: comes at once, goes only when a sound picture and the door agree.

Somebody is seen by a face, by a body or a head (anyone who crouches or turns away is somebody, a coat that
always hung there is nobody), or by a foreground region larger than `presence_area`. Where a door contact is
fitted, a visit begins only after the door has opened since the cabin was last empty (or at a start): a face
behind the glass is nobody. Somebody seen while the door is closed (a face; or a body or a region for longer
than a ghost lasts) is latched: standing still, crouching or hiding does not make the cabin empty before the
door has opened. A contact that contradicts the picture for `contact_doubt_s` is at fault, and until it
moves again it counts as not fitted. An unsound picture says nothing either way.

What a scene network says in somebody's favour always counts; what it says against anybody counts in one
case alone. A region that stands still, of which each look has for `THING_S` been confident that nobody is
there, is a thing (a chair that was carried in) in a visit in which neither face nor body was ever seen: it
does not keep that visit, and does not latch. A visit that showed a face or a body once is held by its
region as before, whatever the network says: nobody is locked who was not seen so, so nobody who is locked
is thought gone because it misses them. The permit needs a face that is shown now, so it is not on for a
region that is nobody.
"""

from __future__ import annotations

from typing import Final

from edge.cabin.events import Appeared, Device, DeviceFailed, DeviceRecovered, Emptied, PresenceStuck
from edge.judge.bodies import UNFITTED, Bodies
from edge.judge.sums import Held
from edge.terms.observation import Box, CameraHealth, Observation

_GLIMPSE: Final = 4.0
"""A glimpse of somebody outweighs four times as long of nobody: who is seen now and then has not left."""

_MAYBE_LEFT_S: Final = 1.0
"""Nobody in the picture for so long after the door opened: a face after that may be behind the glass."""

_NO_GHOST_S: Final = 10.0
"""A region without a face latches after this long: where somebody stood when the background was learnt, a
ghost remains for about 8 s after they left, and a closed door must not hold it."""

THING_S: Final = 10.0
"""Twenty looks that all say nobody, of something that does not move: nobody holds so still unseen."""

_MOSTLY: Final = 0.5

CONTACT_FAULT: Final = "door_contact_doubtful"

PresenceFact = Appeared | Emptied | PresenceStuck | DeviceFailed | DeviceRecovered


class PresenceJudge:
    """Observations and the door into `Appeared`, `Emptied`, `PresenceStuck` and a doubted contact. Pure.

    Bounds: somebody let in and seen in every frame has appeared after `presence_confirm_s` (two frames at
    least, three from nothing); nobody seen in every frame of a sound camera, and no latch, is empty after
    `gone_after_s`.
    """

    def __init__(
        self,
        presence_confirm_s: float,
        gone_after_s: float,
        presence_area: float,
        presence_max_s: float,
        door_fitted: bool,
        contact_doubt_s: float = 60.0,
    ) -> None:
        self._area = presence_area
        self._max_s = presence_max_s
        self._door_fitted = door_fitted
        self._came = Held(presence_confirm_s)
        self._went = Held(gone_after_s, _GLIMPSE)
        self._face_inside = Held(presence_confirm_s)
        self._inside = Held(_NO_GHOST_S)
        self._door_open = False
        self._latched = False
        self._doubted = False
        self._let_in = True
        self._opened = False
        self._may_have_left = self._left = False
        self._gap = Held(_MAYBE_LEFT_S)
        self._outside = Held(contact_doubt_s, _GLIMPSE)
        self._unseen = Held(contact_doubt_s, _GLIMPSE)
        self._since_s: float | None = None
        self._stuck = False
        self._last_s: float | None = None
        self._seen = False
        self._person = False

    @property
    def present(self) -> bool:
        """Somebody is in the cabin, as far as can be said."""
        return self._since_s is not None

    @property
    def since_s(self) -> float | None:
        """When the present visit began, None while the cabin is empty."""
        return self._since_s

    @property
    def latched(self) -> bool:
        return self._latched

    def update(
        self, observation: Observation, now_s: float, bodies: Bodies = UNFITTED, elsewhere: bool = False
    ) -> tuple[PresenceFact, ...]:
        """One frame of the face camera. The time counted is that between frames that could be believed.

        `bodies` is what the scene networks say now; `elsewhere`: another camera of the same cabin shows a
        face or a region of somebody.
        """
        if observation.health is not CameraHealth.OK:
            return self.stale(now_s)
        last_s, self._last_s = self._last_s, now_s
        dt_s = 0.0 if last_s is None else max(now_s - last_s, 0.0)
        person = bool(observation.faces) or bodies.seen is True
        self._seen = elsewhere or person or self.shows_region(observation, bodies)
        self._person = self._person or person
        came = self._came.update(self._seen, dt_s)
        went = self._went.update(not self._seen, dt_s)
        self._left = self._left or (self._may_have_left and self._gap.update(not self._seen, dt_s))
        if self._contact and not self._door_open and not self._left:
            face = self._face_inside.update(bool(observation.faces), dt_s)
            # A chair that was carried in may not hold a visit: while bodies are looked for, one must be seen.
            holds = person or (self._seen and bodies.seen is None)
            self._latched = self._inside.update(holds, dt_s) or face or self._latched
        if self._since_s is None:
            return self._nobody_yet(came and self._seen, went, dt_s, now_s)
        doubted = self._left_unnoticed(dt_s)
        if went and not self._seen and not self._latched:
            self._forget()
            return (*doubted, Emptied())
        return (*doubted, *self.tick(now_s))

    def shows_region(self, observation: Observation, bodies: Bodies) -> bool:
        """Whether a sound frame of any camera shows a region as large as a person's that may be one."""
        if observation.foreground <= self._area:
            return False
        thing = bodies.nobody_for_s >= THING_S and not self._person
        return not (thing and stands_still(observation))

    @property
    def _contact(self) -> bool:
        """A contact is fitted and believed."""
        return self._door_fitted and not self._doubted

    def _nobody_yet(self, came: bool, went: bool, dt_s: float, now_s: float) -> tuple[PresenceFact, ...]:
        """The cabin was empty: anyone who is seen has come if the door let them in."""
        let_in = self._let_in or not self._contact
        if went:
            self._person = False
        if went and not self._door_open:
            self._let_in = False  # empty: the door has to open once more
        doubted = self._outside.update(self._seen and not let_in, dt_s)
        if not came or not (let_in or doubted):
            return ()
        self._since_s = now_s
        self._went.clear()
        self._unseen.clear()
        self._outside.clear()
        return (Appeared(),) if let_in else (Appeared(), self._doubt())

    def _left_unnoticed(self, dt_s: float) -> tuple[PresenceFact, ...]:
        """Somebody is gone from behind a door that never opened, neither before nor since they were seen."""
        gone = self._unseen.update(not self._seen, dt_s)
        if not gone or not self._latched or self._opened or not self._contact:
            return ()
        return (self._doubt(),)

    def _doubt(self) -> DeviceFailed:
        self._doubted = True
        self._latched = False
        return DeviceFailed(Device.DOOR_CONTACT, CONTACT_FAULT)

    def door(self, open_: bool, now_s: float) -> tuple[PresenceFact, ...]:
        """The door contact moved. Open: the one who was latched may have left."""
        if not self._door_fitted:
            return ()
        moved = open_ is not self._door_open
        self._door_open = open_
        self._inside.clear()
        self._face_inside.clear()
        self._outside.clear()
        self._unseen.clear()
        self._gap.clear()
        if open_ or self._since_s is None:
            self._went.clear()  # who hides, or was let in, may take a moment to be seen
        if open_:
            self._latched = False
            self._let_in = self._opened = True
            self._may_have_left, self._left = self._since_s is not None, False
        trusted: tuple[PresenceFact, ...] = ()
        if moved and self._doubted:
            self._doubted = False
            trusted = (DeviceRecovered(Device.DOOR_CONTACT),)
        return (*trusted, *self.tick(now_s))

    def stale(self, now_s: float) -> tuple[PresenceFact, ...]:
        """No picture to believe: nothing counts, nothing is forgotten."""
        self._last_s = None
        return self.tick(now_s)

    def tick(self, now_s: float) -> tuple[PresenceFact, ...]:
        """Time went on. Says once a visit that it has lasted `presence_max_s`."""
        if self._since_s is None or self._stuck or now_s - self._since_s < self._max_s:
            return ()
        self._stuck = True
        return (PresenceStuck(),)

    def next_wake_s(self) -> float | None:
        """When `tick` will have something to say, None for never."""
        return None if self._since_s is None or self._stuck else self._since_s + self._max_s

    def resume(self, now_s: float) -> None:
        """After a restart in the middle of a visit: somebody is held present until seen to be gone.

        Without a latch: who left while the power was off must not be locked in as a ghost.
        """
        if self._since_s is None:
            self._since_s = now_s
            self._person = True

    def _forget(self) -> None:
        self._since_s = None
        self._person = False
        self._let_in = self._opened = self._door_open
        self._may_have_left = self._left = False
        self._gap.clear()
        self._stuck = False
        self._came.clear()
        self._inside.clear()
        self._face_inside.clear()


def stands_still(observation: Observation) -> bool:
    """Whether the largest region of a frame is a thing that has stood still for `THING_S`."""
    return observation.foreground_box is not None and any(
        region.added
        and observation.at_s - region.since_s >= THING_S
        and _share(observation.foreground_box, region.box) >= _MOSTLY
        for region in observation.still
    )


def _share(of: Box, inside: Box) -> float:
    """How much of a box lies inside another."""
    wide = min(of[0] + of[2], inside[0] + inside[2]) - max(of[0], inside[0])
    high = min(of[1] + of[3], inside[1] + inside[3]) - max(of[1], inside[1])
    return max(wide, 0.0) * max(high, 0.0) / (of[2] * of[3]) if of[2] * of[3] > 0.0 else 0.0

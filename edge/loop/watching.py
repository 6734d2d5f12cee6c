"""The kiosk's side of the page: remembers what was last seen, touched and said, and puts it into one reply.

It hears what the loop tells its listener and is asked over the control socket. What it keeps is named here
one by one, so that no code and no typed digit can get in: a key is a moment, a message is not heard at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from edge.faults.catalogue import CATALOGUE
from edge.loop.commission_view import TrialView
from edge.loop.happening import Happening
from edge.terms.observation import Observation
from hw.ports import Input

if TYPE_CHECKING:  # the page's process knows the reply and not the loop
    from edge.loop.kiosk import Kiosk

MOST_FACES: Final = 12
"""Faces of one picture that are reported at most: the reply stays small."""

_ENDED: Final = "_ended"


class _Part(msgspec.Struct, frozen=True):
    pass


class InputView(_Part, frozen=True):
    """One contact; `moved_ago_s` None: it has not moved since the start."""

    fitted: bool
    active: bool
    moved_ago_s: float | None


class ModemView(_Part, frozen=True):
    """The modem; `trouble` empty where it works. `registration` by kind of network, in words."""

    ready: bool
    trouble: str
    model: str
    operator: str
    signal_dbm: int | None
    registration: dict[str, str]
    supply_mv: int | None


class FaceView(_Part, frozen=True):
    """One face; `box` is left, top, width, height in pixels of the picture that was looked at."""

    box: tuple[float, float, float, float]
    verdict: str
    cover: str
    unclear_why: str


class SeenView(_Part, frozen=True):
    """The newest picture of one camera as the eyes saw it; `at_s` is on the kiosk's monotonic clock."""

    at_s: float
    ago_s: float
    size: tuple[int, int]
    health: str
    foreground: float
    faces: tuple[FaceView, ...]


class CodeView(_Part, frozen=True):
    """The standing code without its digits: its number, whether a network took it, the wrong tries."""

    issue: int
    live: bool
    taken: bool
    tries: int


class View(_Part, frozen=True):
    """All that the page shows of the running kiosk. Times in seconds; `faults` by device or part.

    `claim` says how far the check of a card's owner has come, never whose; empty where nobody is asked for.
    """

    state: str
    state_for_s: float
    door: str
    permit: str
    claim: str
    sound: str
    camera: str
    somebody_present: bool
    locks_in_s: float | None
    lock_after_s: float
    lockout_left_s: float | None
    incident: int
    anomalies: tuple[str, ...]
    faults: dict[str, str]
    messages_waiting: int
    code: CodeView
    code_tries: int
    inputs: dict[str, InputView]
    key_ago_s: float | None
    modem: ModemView
    seen: dict[str, SeenView]
    said: str
    said_ago_s: float | None
    commission_left_s: float = 0.0
    """How long a commissioning still runs; 0 for none."""
    trial: TrialView = TrialView()
    restart_wanted: bool = False
    """Something was drawn that takes effect at the next start."""


class Watching:
    """What the page needs and the table does not keep. Belongs to the loop; nothing in it waits."""

    def __init__(self) -> None:
        self._moved_s: dict[str, float] = {}
        self._key_s: float | None = None
        self._said = ""
        self._said_s: float | None = None
        self._faults: dict[str, str] = {}
        self._seen: dict[str, Observation] = {}

    def hear(self, happening: Happening) -> None:
        """For the loop's listener."""
        data, name = happening.data, str(happening.data.get("name", ""))
        match happening.kind, name:
            case "event", "input_moved":
                self._moved_s[str(data["input"])] = happening.at_s
            case "event", "key_touched":
                self._key_s = happening.at_s
            case "event", "device_failed":
                self._faults[str(data["device"])] = str(data["code"])
            case "event", "device_recovered":
                self._faults.pop(str(data["device"]), None)
            case "fault", _ if name in CATALOGUE:
                self._faults[name] = name
            case "fault", _ if name.endswith(_ENDED):
                self._faults.pop(name.removesuffix(_ENDED), None)
            case "prompt", _:
                self._said, self._said_s = str(data["text"]), happening.at_s
            case _:
                pass

    def see(self, observation: Observation) -> None:
        """The newest observation of a camera."""
        self._seen[observation.camera] = observation

    def reply(self, kiosk: Kiosk, now_s: float) -> dict[str, object]:
        """A `View` as plain JSON values."""
        state, code, status = kiosk.state, kiosk.state.code, kiosk.board.modem.status
        lockout_s = code.lockout_until_s
        view = View(
            state=kiosk.name,
            state_for_s=now_s - state.since_s,
            door="locked" if kiosk.door_locked else "unlocked",
            permit="on" if kiosk.permit_on else "off",
            claim="" if kiosk.rules.owner is None else state.claim.stage.value,
            sound=state.playing.value,
            camera=state.health.value,
            somebody_present=state.present,
            locks_in_s=kiosk.countdown_s(now_s),
            lock_after_s=kiosk.rules.flow.lock_after_s,
            lockout_left_s=None if lockout_s is None or lockout_s <= now_s else lockout_s - now_s,
            incident=state.incident,
            anomalies=tuple(sorted(anomaly.value for anomaly in state.active)),
            faults=self.standing(kiosk),
            messages_waiting=kiosk.messages_waiting,
            code=CodeView(code.issue, code.live, code.accepted_at_s is not None, code.tries),
            code_tries=kiosk.rules.flow.code_tries,
            inputs={name.value: self._input(kiosk, name, now_s) for name in Input},
            key_ago_s=None if self._key_s is None else now_s - self._key_s,
            modem=ModemView(
                ready=status.ready,
                trouble="" if status.trouble is None else status.trouble.value,
                model=status.model,
                operator=status.operator,
                signal_dbm=status.signal_dbm,
                registration=dict(status.registration),
                supply_mv=status.supply_mv,
            ),
            seen={camera: _seen(seen, now_s) for camera, seen in self._seen.items()},
            said=self._said,
            said_ago_s=None if self._said_s is None else now_s - self._said_s,
            commission_left_s=kiosk.commission.left_s(now_s),
            trial=kiosk.commission.trial(now_s),
        )
        reply: dict[str, object] = msgspec.to_builtins(view)
        return reply

    def standing(self, kiosk: Kiosk) -> dict[str, str]:
        """What is broken now: the table's devices, with the code that each failed with, and the camera."""
        devices = {device.value for device in kiosk.state.failed}
        known = {key: code for key, code in self._faults.items() if key == code or key in devices}
        known |= dict.fromkeys(devices - set(known), "")
        if (health := kiosk.state.health.value) != "ok":
            known["camera"] = f"camera_{health}"
        return known

    def frame_ages_s(self, now_s: float) -> dict[str, float]:
        """Since the newest picture of each camera was taken."""
        return {camera: max(0.0, now_s - seen.at_s) for camera, seen in self._seen.items()}

    def _input(self, kiosk: Kiosk, name: Input, now_s: float) -> InputView:
        inputs, moved_s = kiosk.board.inputs, self._moved_s.get(name.value)
        return InputView(
            inputs.fitted(name), inputs.active(name), None if moved_s is None else now_s - moved_s
        )


def _seen(seen: Observation, now_s: float) -> SeenView:
    faces = tuple(
        FaceView(face.box, face.verdict.value, face.cover.value, face.unclear_why)
        for face in seen.faces[:MOST_FACES]
    )
    return SeenView(seen.at_s, now_s - seen.at_s, seen.size, seen.health.value, seen.foreground, faces)

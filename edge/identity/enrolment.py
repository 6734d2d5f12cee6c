"""What makes a good set of pictures of one person: looks in, guidance and templates out. Pure.

Ten good looks over at least three poses: a set that has only one pose fails on the first day that its owner
looks at the keypad. Each look is taken for the pose that it shows, whichever was asked for, and every one
that is not taken has its reason. Poses are told against the person's own straight look, so a camera that
hangs high or low asks for nothing odd.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final, assert_never

from edge.identity.person import Pose, Sample
from edge.terms.identity import NoTemplate, Template

WANTED: Final = 10
POSES_LEAST: Final = 3
SHARES: Final = MappingProxyType({Pose.STRAIGHT: 4, Pose.LEFT: 2, Pose.RIGHT: 2, Pose.UP: 1, Pose.DOWN: 1})
"""How the ten are divided; most looks at a machine are straight ones."""

OF_ONE_POSE_MOST: Final = 5
"""Of pictures from a folder, so that twenty of one pose do not stand for a set."""

PATIENCE_LOOKS: Final = 40
"""So many looks without the pose that was asked for, and another one has to do: not everybody can nod."""

_STRAIGHT_YAW_DEG: Final = 12.0
_STRAIGHT_PITCH_DEG: Final = 15.0
_TURNED_DEG: Final = 8.0
_NODDED_DEG: Final = 6.0
"""Against the person's own straight look; what is less is straight. A look may be turned by 25 degrees."""
_OTHERS_MOST: Final = 6
"""So many looks on end that are not like the first few: those few were of somebody else."""
_FEW: Final = 3


class Life(StrEnum):
    """Whether what stands there has shown that it lives."""

    UNKNOWN = "unknown"
    LIVES = "lives"
    PICTURE = "picture"


class NotTaken(StrEnum):
    """Why a look was not taken: those of `NoTemplate`, and what only a set can say."""

    NO_FACE = "no_face"
    SEVERAL = "several"
    COVERED = "covered"
    TURNED = "turned"
    CUT = "cut"
    SMALL = "small"
    BLURRED = "blurred"
    DARK = "dark"
    BRIGHT = "bright"
    UNCLEAR = "unclear"
    SAME_POSE = "same_pose"
    SAME_PICTURE = "same_picture"
    ANOTHER_PERSON = "another_person"
    HELD_UP = "held_up"
    NOT_ALIVE_YET = "not_alive_yet"


class Guidance(StrEnum):
    """What the person is asked to do next; every language has words for each."""

    STRAIGHT = "straight"
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    SHOW_FACE = "show_face"
    ALONE = "alone"
    UNCOVER = "uncover"
    CLOSER = "closer"
    MIDDLE = "middle"
    HOLD_STILL = "hold_still"
    MORE_LIGHT = "more_light"
    LESS_LIGHT = "less_light"
    TURN_LESS = "turn_less"
    BLINK = "blink"
    SAME_PERSON = "same_person"
    NO_PICTURE = "no_picture"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class EnrolLook:
    """One look at somebody who is being enrolled. Yaw is positive to the person's own left, pitch upwards."""

    template: Template | None = None
    missing: NoTemplate | None = None
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    life: Life = Life.LIVES


Alike = Callable[[Template, Sequence[Template]], bool]
"""Whether a template is of the person that the others are of."""


@dataclass(frozen=True, slots=True)
class Session:
    """What was taken so far. `straight_deg` is the person's own straight look, yaw and pitch."""

    taken: tuple[Sample, ...] = ()
    straight_deg: tuple[float, float] | None = None
    asked: Pose = Pose.STRAIGHT
    looks_in_vain: int = 0
    others_on_end: int = 0
    given_up: frozenset[Pose] = field(default=frozenset())

    @property
    def poses(self) -> Counter[Pose]:
        return Counter(sample.pose for sample in self.taken)

    @property
    def done(self) -> bool:
        return len(self.taken) >= WANTED and len(self.poses) >= POSES_LEAST

    @property
    def failed(self) -> bool:
        """So many poses were given up that the rest can never make a set."""
        return len(set(Pose) - self.given_up) < POSES_LEAST


@dataclass(frozen=True, slots=True)
class Turn:
    """What one look led to. Exactly one of `taken` and `refused` is there."""

    session: Session
    taken: Pose | None
    refused: NotTaken | None
    guidance: Guidance


def step(session: Session, look: EnrolLook, alike: Alike) -> Turn:
    """One look. Total: every look is taken or refused by name."""
    refused, pose = _judged(session, look, alike)
    if refused is not None or pose is None or look.template is None:
        after = _in_vain(session, refused)
        why = refused or NotTaken.UNCLEAR
        guidance = _asks(after.asked) if why is NotTaken.SAME_POSE else _answer(why)
        return Turn(after, None, why, guidance)
    taken = (*session.taken, Sample(look.template.numbers, pose))
    after = replace(
        session,
        taken=taken,
        straight_deg=_straight(session, look) if pose is Pose.STRAIGHT else session.straight_deg,
        looks_in_vain=0,
        others_on_end=0,
    )
    if after.done:
        return Turn(after, pose, None, Guidance.DONE)
    after = replace(after, asked=next_pose(after))
    return Turn(after, pose, None, _asks(after.asked))


def share(session: Session, pose: Pose) -> int:
    """How many looks of a pose are wanted: its share, and of those given up a part."""
    if pose in session.given_up:
        return session.poses[pose]
    left = [one for one in SHARES if one not in session.given_up]
    missing = sum(SHARES[one] - session.poses[one] for one in session.given_up)
    more, rest = divmod(max(missing, 0), len(left)) if left else (0, 0)
    return SHARES[pose] + more + (1 if left.index(pose) < rest else 0)


def next_pose(session: Session) -> Pose:
    """The pose that still lacks most; a straight look begins."""
    if session.straight_deg is None:
        return Pose.STRAIGHT
    counts = session.poses
    lacks = {pose: share(session, pose) - counts[pose] for pose in Pose}
    return max(Pose, key=lambda pose: (lacks[pose], -list(Pose).index(pose)))


def pose_of(yaw_deg: float, pitch_deg: float, straight_deg: tuple[float, float] | None) -> Pose | None:
    """The pose of a look; None for a first one that is not straight enough to measure others against."""
    if straight_deg is None:
        near = abs(yaw_deg) <= _STRAIGHT_YAW_DEG and abs(pitch_deg) <= _STRAIGHT_PITCH_DEG
        return Pose.STRAIGHT if near else None
    yaw, pitch = yaw_deg - straight_deg[0], pitch_deg - straight_deg[1]
    if abs(yaw) >= _TURNED_DEG and abs(yaw) / _TURNED_DEG >= abs(pitch) / _NODDED_DEG:
        return Pose.LEFT if yaw > 0 else Pose.RIGHT
    if abs(pitch) >= _NODDED_DEG:
        return Pose.UP if pitch > 0 else Pose.DOWN
    return Pose.STRAIGHT


def pose_asked(guidance: Guidance) -> Pose | None:
    """The pose that this asks for; None where something else has to be put right first."""
    return next((pose for pose in Pose if pose.value == guidance.value), None)


def _judged(session: Session, look: EnrolLook, alike: Alike) -> tuple[NotTaken | None, Pose | None]:
    if look.template is None:
        return NotTaken((look.missing or NoTemplate.UNCLEAR).value), None
    match look.life:
        case Life.PICTURE:
            return NotTaken.HELD_UP, None
        case Life.UNKNOWN:
            return NotTaken.NOT_ALIVE_YET, None
        case Life.LIVES:
            pass
        case _:
            assert_never(look.life)
    before = [Template(sample.numbers) for sample in session.taken]
    if look.template in before:
        return NotTaken.SAME_PICTURE, None
    if before and not alike(look.template, before):
        return NotTaken.ANOTHER_PERSON, None
    pose = pose_of(look.yaw_deg, look.pitch_deg, session.straight_deg)
    if pose is None:
        return NotTaken.TURNED, None
    if session.poses[pose] >= share(session, pose):
        return NotTaken.SAME_POSE, None
    return None, pose


def _in_vain(session: Session, refused: NotTaken | None) -> Session:
    """A look that was not taken. A pose that never comes is given up, a wrong first person forgotten."""
    others = session.others_on_end + 1 if refused is NotTaken.ANOTHER_PERSON else 0
    if others >= _OTHERS_MOST and len(session.taken) <= _FEW:
        return Session()
    # A look at which nothing was wrong but its pose is one at which the person did not follow.
    vain = session.looks_in_vain + (1 if refused in (NotTaken.SAME_POSE, NotTaken.TURNED) else 0)
    after = replace(session, looks_in_vain=vain, others_on_end=others)
    if vain < PATIENCE_LOOKS or session.asked is Pose.STRAIGHT:
        return after
    after = replace(after, looks_in_vain=0, given_up=after.given_up | {after.asked})
    return replace(after, asked=next_pose(after))


def _straight(session: Session, look: EnrolLook) -> tuple[float, float]:
    """The mean of the straight looks so far."""
    if session.straight_deg is None:
        return look.yaw_deg, look.pitch_deg
    n = session.poses[Pose.STRAIGHT]
    yaw, pitch = session.straight_deg
    return (yaw * n + look.yaw_deg) / (n + 1), (pitch * n + look.pitch_deg) / (n + 1)


def _asks(pose: Pose) -> Guidance:
    return Guidance(pose.value)


def _answer(refused: NotTaken) -> Guidance:
    match refused:
        case NotTaken.NO_FACE | NotTaken.UNCLEAR:
            return Guidance.SHOW_FACE
        case NotTaken.SEVERAL:
            return Guidance.ALONE
        case NotTaken.COVERED:
            return Guidance.UNCOVER
        case NotTaken.TURNED:
            return Guidance.TURN_LESS
        case NotTaken.CUT:
            return Guidance.MIDDLE
        case NotTaken.SMALL:
            return Guidance.CLOSER
        case NotTaken.BLURRED | NotTaken.SAME_PICTURE:
            return Guidance.HOLD_STILL
        case NotTaken.DARK:
            return Guidance.MORE_LIGHT
        case NotTaken.BRIGHT:
            return Guidance.LESS_LIGHT
        case NotTaken.SAME_POSE:
            return Guidance.STRAIGHT
        case NotTaken.ANOTHER_PERSON:
            return Guidance.SAME_PERSON
        case NotTaken.HELD_UP:
            return Guidance.NO_PICTURE
        case NotTaken.NOT_ALIVE_YET:
            return Guidance.BLINK
        case _:
            assert_never(refused)


# --- pictures that are there already ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was made of a folder: the samples, and for each look why it is not among them (None: it is)."""

    samples: tuple[Sample, ...]
    refused: tuple[NotTaken | None, ...]
    places: tuple[int, ...]

    @property
    def enough(self) -> bool:
        return len(self.samples) >= WANTED and self.poses >= POSES_LEAST

    @property
    def poses(self) -> int:
        return len({sample.pose for sample in self.samples})


def choose(looks: Sequence[EnrolLook], alike: Alike) -> Chosen:
    """The looks of a folder that make a set, in their order. The person is the one whom most of them show."""
    refused: list[NotTaken | None] = [
        None if look.template is not None else NotTaken((look.missing or NoTemplate.UNCLEAR).value)
        for look in looks
    ]
    good = [(place, look, look.template) for place, look in enumerate(looks) if look.template is not None]
    seen: list[Template] = []
    for place, _, template in good:
        if template in seen:
            refused[place] = NotTaken.SAME_PICTURE
        seen.append(template)
    left = [one for one in good if refused[one[0]] is None]
    middle = _most_alike([template for _, _, template in left], alike)
    for place, _, template in left:
        if middle is not None and template != middle and not alike(template, [middle]):
            refused[place] = NotTaken.ANOTHER_PERSON
    left = [one for one in left if refused[one[0]] is None]
    straight = _own_straight([look for _, look, _ in left])
    samples: list[Sample] = []
    places: list[int] = []
    for place, look, template in left:
        pose = pose_of(look.yaw_deg, look.pitch_deg, straight)
        if pose is None:
            refused[place] = NotTaken.TURNED
        elif sum(sample.pose is pose for sample in samples) >= OF_ONE_POSE_MOST:
            refused[place] = NotTaken.SAME_POSE
        else:
            samples.append(Sample(template.numbers, pose))
            places.append(place)
    return Chosen(tuple(samples), tuple(refused), tuple(places))


def _most_alike(templates: Sequence[Template], alike: Alike) -> Template | None:
    """The one that most of the others are alike; of two the earlier."""
    if not templates:
        return None
    counts = [sum(alike(one, [other]) for other in templates if other is not one) for one in templates]
    return templates[counts.index(max(counts))]


def _own_straight(looks: Sequence[EnrolLook]) -> tuple[float, float] | None:
    """The middle of the looks that any camera would call straight."""
    near = [look for look in looks if pose_of(look.yaw_deg, look.pitch_deg, None) is Pose.STRAIGHT]
    if not near:
        return None
    yaws, pitches = sorted(look.yaw_deg for look in near), sorted(look.pitch_deg for look in near)
    return yaws[len(near) // 2], pitches[len(near) // 2]

"""Who is enrolled, as it stands inside the encryption: name, card, telephone, templates, consent."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import msgspec

from edge.terms.identity import TEMPLATE_NUMBERS, Template
from edge.words.language import LanguageName

NAME_MOST: Final = 80


TOKEN: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""A card's pseudonym, as the machine's line takes it; nothing that could be the number on a card."""

_CARD_NUMBER: Final = re.compile(r"[0-9]{12,19}")
_BETWEEN: Final = str.maketrans("", "", "._-")

PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
"""E.164."""


def is_card_number(token: str) -> bool:
    """Whether it is as long as the number on a card (ISO/IEC 7812), however its digits are set apart."""
    return _CARD_NUMBER.fullmatch(token.translate(_BETWEEN)) is not None


class Pose(StrEnum):
    """How a head is held, as its owner would say it: left is the person's own left."""

    STRAIGHT = "straight"
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"


class Act(StrEnum):
    """What was done to the gallery; the record knows it by these words."""

    ENROLLED = "person_enrolled"
    RENEWED = "person_renewed"
    CHANGED = "person_changed"
    REMOVED = "person_removed"
    EXPORTED = "person_exported"
    KEY_ROTATED = "gallery_key_rotated"
    RESTORED = "gallery_restored"


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Prints nothing of what it holds."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(hidden)"


class Sample(_Kept, frozen=True):
    """One template and the pose that it was taken in."""

    numbers: bytes
    pose: Pose

    def __post_init__(self) -> None:
        if len(self.numbers) != TEMPLATE_NUMBERS:
            raise ValueError(f"a template has {TEMPLATE_NUMBERS} numbers")


class Consent(_Kept, frozen=True):
    """Who agreed to what: which words, in which language, when, and who wrote it down.

    `sha256` is that of the very words, `given_utc` an ISO 8601 time in UTC. `how`: `typed` at the kiosk, or
    `option`: anyone who enrols says to hold a signed paper.
    """

    version: str
    language: LanguageName
    sha256: str
    given_utc: str
    recorded_by: str
    how: str


class Pictures(_Kept, frozen=True):
    """The pictures that were asked to be kept: the name of their file, and the key of that file alone."""

    file: str
    key: bytes
    count: int


class Person(_Kept, frozen=True):
    """One enrolled person. `network` names the embedding network that made the templates."""

    number: int
    name: str
    token: str
    phone: str
    language: LanguageName
    network: str
    samples: tuple[Sample, ...]
    consent: Consent
    enrolled_utc: str
    renewed_utc: str = ""
    pictures: Pictures | None = None

    @property
    def templates(self) -> tuple[Template, ...]:
        return tuple(Template(sample.numbers) for sample in self.samples)


class Done(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of the gallery's own list of what was done: `number` counts them, `by` is a user of the machine.

    `person` is 0 where it concerns nobody in particular. It goes into the kiosk's record as well.
    """

    number: int
    act: Act
    person: int
    at_utc: str
    by: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a claim needs of a person: nothing of a name."""

    person: int
    templates: tuple[Template, ...]
    phone: str = field(repr=False)
    language: LanguageName


def enrolled(person: Person) -> Enrolled:
    return Enrolled(person.number, person.templates, person.phone, person.language)

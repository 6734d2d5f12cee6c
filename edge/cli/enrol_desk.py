"""What the commands of `enrol` share: the gallery, its keys, who asks, and how a person is named."""

from __future__ import annotations

import contextlib
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.cli.options import as_owner, who_asks
from edge.faults.fault import FaultError
from edge.identity.keeper import DONE, GIVEN
from edge.identity.key import KeyRing, read_keys
from edge.identity.person import Person
from edge.identity.register import Register
from edge.identity.sealed import Contents
from edge.identity.store import GalleryFolder, Numbers
from edge.journal.file import NAME
from edge.journal.reader import recall
from edge.settings.schema import Settings
from edge.settings.show import hidden_number
from edge.terms.printing import printable

_TOKEN_SHOWN: Final = 4


@dataclass(frozen=True, slots=True)
class Desk:
    """The gallery of one site, its keys read before any right is given up."""

    settings: Settings
    folder: GalleryFolder
    ring: KeyRing
    by: str

    def read(self) -> Contents:
        """Raises `FaultError`."""
        with as_owner(self.settings):
            return self.folder.read(self.ring)

    @contextlib.contextmanager
    def changing(self) -> Iterator[Register]:
        """One change of the gallery, its files the kiosk's own. Raises `FaultError`, OSError."""
        with as_owner(self.settings), self.folder.writing():
            yield Register(self.folder, self.ring, self.by, least=recorded(self.settings))


def desk_of(settings: Settings, *, needs_identity: bool = False) -> Desk:
    """Raises `FaultError`. Where identity is off nothing may be added; what is there can still be removed."""
    if needs_identity and not settings.identity.enabled:
        raise FaultError("identity_off", "identity.enabled = false")
    return Desk(settings, GalleryFolder(Path(settings.paths.data)), read_keys(settings), who_asks())


def recorded(settings: Settings) -> Numbers:
    """What the kiosk's record knows of the gallery's numbers; nothing where it cannot be read."""
    try:
        counters = dict(recall(Path(settings.paths.data) / NAME).counters)
    except FaultError:
        return Numbers()
    return Numbers(next_person=counters.get(GIVEN, 0) + 1, done=counters.get(DONE, 0))


def person_of(people: Sequence[Person], who: str) -> Person:
    """By number, or by the whole name. FaultError where it is nobody, or more than one."""
    if who.isascii() and who.isdigit():
        found = [person for person in people if person.number == int(who)]
    else:
        found = [person for person in people if person.name.casefold() == who.strip().casefold()]
    if len(found) == 1:
        return found[0]
    if not found:
        raise FaultError("person_unknown", f"nobody is enrolled as {who}")
    numbers = ", ".join(str(person.number) for person in found)
    raise FaultError("person_unknown", f"{who} is the name of the persons {numbers}")


def shown_token(token: str) -> str:
    """The end of a card's pseudonym; nothing of a short one."""
    return f"…{token[-_TOKEN_SHOWN:]}" if len(token) > 2 * _TOKEN_SHOWN else "…"


def described(person: Person) -> dict[str, object]:
    """What may be shown of a person: no whole number, no card, no template."""
    poses: dict[str, int] = {}
    for sample in person.samples:
        poses[sample.pose.value] = poses.get(sample.pose.value, 0) + 1
    return {
        "person": person.number,
        "name": person.name,
        "card": shown_token(person.token),
        "phone": hidden_number(person.phone),
        "language": person.language.value,
        "templates": len(person.samples),
        "poses": poses,
        "network": person.network,
        "pictures": 0 if person.pictures is None else person.pictures.count,
        "enrolled": person.enrolled_utc,
        "renewed": person.renewed_utc or None,
        "consent": {
            "version": person.consent.version,
            "language": person.consent.language.value,
            "given": person.consent.given_utc,
            "recorded_by": person.consent.recorded_by,
            "how": person.consent.how,
            "sha256": person.consent.sha256,
        },
    }


def print_words(text: str) -> None:
    """A long text for a person to read."""
    for line in textwrap.wrap(text, 78):
        print(printable(line))


def asked_yes(question: str) -> bool:
    """Whether somebody at a terminal types yes. False where nobody can be asked."""
    if not sys.stdin.isatty():
        return False
    print(f"{question} Type yes: ", end="", flush=True)
    return sys.stdin.readline().strip().lower() == "yes"

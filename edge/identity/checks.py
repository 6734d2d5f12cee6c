"""What is refused before anybody is enrolled, by whichever way: a wrong card, a taken one, a face twice."""

from __future__ import annotations

from collections.abc import Sequence

from edge.faults.fault import FaultError
from edge.identity.likeness import Points, duplicates
from edge.identity.person import NAME_MOST, PHONE, TOKEN, Consent, Person, is_card_number
from edge.identity.register import Card, Taken
from edge.terms.identity import Template
from edge.words.consent import consent_sha256, consent_versions
from edge.words.language import LanguageName


def card_of(name: str, token: str, phone: str, language: LanguageName) -> Card:
    """The card's data, checked. Raises `FaultError` `enrol_refused`."""
    name = " ".join(name.split())
    if not name or len(name) > NAME_MOST or not name.isprintable():
        raise FaultError("enrol_refused", f"a name has 1 to {NAME_MOST} letters")
    if name.isdigit():
        raise FaultError("enrol_refused", "a name of digits alone would be taken for a person's number")
    if is_card_number(token):
        raise FaultError(
            "enrol_refused", "the card looks like the number on a card; give the machine's token"
        )
    if not TOKEN.fullmatch(token):
        raise FaultError("enrol_refused", "the card is 1 to 64 of A-Z, a-z, 0-9, dot, hyphen and underscore")
    if not PHONE.fullmatch(phone):
        raise FaultError("enrol_refused", 'a phone is "+", country and number, 7 to 15 digits, no spaces')
    return Card(name, token, phone, language)


def check_free(people: Sequence[Person], card: Card, but: Person | None, *, anyway: bool) -> None:
    """One card is one person's. A telephone may be shared where that is meant.

    Raises `FaultError` `enrolled_already`.
    """
    others = [person for person in people if but is None or person.number != but.number]
    for person in others:
        if person.token == card.token:
            raise FaultError("enrolled_already", f"that card is person {person.number}'s, and nobody else's")
    for person in others:
        if person.phone == card.phone and not anyway:
            raise FaultError("enrolled_already", f"that telephone is person {person.number}'s")


def check_new(
    people: Sequence[Person], taken: Taken, but: Person | None, points: Points, *, anyway: bool
) -> None:
    """Nobody is enrolled twice without a word. Raises `FaultError` `enrolled_already`."""
    if anyway:
        return
    among = {
        person.number: person.templates
        for person in people
        if person.network == taken.network and (but is None or person.number != but.number)
    }
    templates = [Template(sample.numbers) for sample in taken.samples]
    for number, alike in duplicates(templates, among, points):
        raise FaultError("enrolled_already", f"this face is person {number}'s (likeness {alike:.2f})")


def consent_to(
    version: str, language: LanguageName, given_utc: str, by: str, how: str, *, pictures: bool
) -> Consent:
    """What was agreed to, by whom it was written down, and how. Raises `FaultError` `consent_missing`."""
    if version not in consent_versions():
        known = ", ".join(consent_versions())
        raise FaultError("consent_missing", f"there is no version {version} of the words; there is {known}")
    sha256 = consent_sha256(version, language, pictures=pictures)
    return Consent(version, language, sha256, given_utc, by, how)

"""`enrol add`, `renew` and `change`: consent, ten good looks, nobody twice, and only then the gallery."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge.bench.terminal import escapes_wanted
from edge.cli.enrol_desk import asked_yes, desk_of, person_of, print_words
from edge.cli.look import Unreadable, pictures, read, shown_path
from edge.cli.options import as_the_kiosk, load_settings
from edge.faults.fault import FaultError
from edge.identity.checks import card_of, check_free, check_new, consent_to
from edge.identity.enrolment import POSES_LEAST, WANTED, Guidance, NotTaken, Turn, choose
from edge.identity.person import Consent, Person
from edge.identity.progress import Progress, end_progress, show_progress
from edge.identity.register import Card, Taken, utc
from edge.service.control import answers
from edge.service.enrolling import (
    Directed,
    Enrolment,
    LiveEye,
    Looked,
    Networks,
    camera_of,
    direct,
    enrol_live,
)
from edge.service.guiding import Guide
from edge.service.plans import open_fitted
from edge.settings.schema import Settings
from edge.terms.identity import Template
from edge.terms.marks import NAME_MOST, plain_words
from edge.terms.printing import printable
from edge.words.consent import NEWEST, consent_text
from edge.words.language import LanguageName
from edge.words.languages import words_of
from hw.board import decoded_picture

WITHIN_S = 180.0


def add(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    desk = desk_of(settings, needs_identity=True)
    card = _card(args, settings, None)
    check_free(desk.read().people, card, None, anyway=args.anyway)
    _check_camera(args, settings)
    consent = _consent(args, card.language, desk.by)
    networks = Networks(settings)
    taken = _taken(args, settings, networks)
    with desk.changing() as register:
        check_free(register.people, card, None, anyway=args.anyway)
        check_new(register.people, taken, None, networks.points, anyway=args.anyway)
        person = register.enrol(card, taken, consent)
    print(printable(f"enrolled: person {person.number}, {_counted(person)}"))
    return 0


def renew(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    desk = desk_of(settings, needs_identity=True)
    before = person_of(desk.read().people, args.who)
    args.name, args.language = before.name, args.language or before.language.value
    _check_camera(args, settings)
    consent = before.consent
    if args.consent is not None or (args.keep_pictures and before.pictures is None):
        consent = _consent(args, before.language, desk.by)
    networks = Networks(settings)
    if args.kept:
        with desk.changing() as register:
            kept = register.pictures(before)
        taken = _from_kept(kept, networks)
    else:
        taken = _taken(args, settings, networks)
    with desk.changing() as register:
        before = person_of(register.people, str(before.number))
        _check_same(before, taken, networks, anyway=args.anyway)
        check_new(register.people, taken, before, networks.points, anyway=args.anyway)
        person = register.renew(before, taken, consent)
    print(printable(f"renewed: person {person.number}, {_counted(person)}"))
    return 0


def change(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    if not any((args.name, args.card, args.phone, args.language)):
        raise FaultError("enrol_refused", "say what to change: --name, --card, --phone or --language")
    desk = desk_of(settings, needs_identity=True)
    with desk.changing() as register:
        before = person_of(register.people, args.who)
        card = _card(args, settings, before)
        check_free(register.people, card, before, anyway=args.anyway)
        person = register.change(before, card)
    print(printable(f"changed: person {person.number}"))
    return 0


# --- what is given on the command line --------------------------------------------------------------


def _card(args: argparse.Namespace, settings: Settings, before: Person | None) -> Card:
    """The card's data, checked; what is left out stays as it was."""
    name = args.name if args.name is not None else (before.name if before else "")
    token = args.card if args.card is not None else (before.token if before else "")
    phone = args.phone if args.phone is not None else (before.phone if before else "")
    language = args.language or (before.language.value if before else settings.cabin.language)
    return card_of(name, token, phone, LanguageName(language))


def _check_same(before: Person, taken: Taken, networks: Networks, *, anyway: bool) -> None:
    """Who is renewed is who was enrolled, as far as templates of one network can say."""
    if anyway or before.network != taken.network:
        return
    alike = sum(networks.alike(template, before.templates) for template in _templates(taken))
    if 2 * alike < len(taken.samples):
        raise FaultError(
            "enrol_refused", f"these looks are not like person {before.number}; --anyway if meant"
        )


def _templates(taken: Taken) -> list[Template]:
    return [Template(sample.numbers) for sample in taken.samples]


def _check_camera(args: argparse.Namespace, settings: Settings) -> None:
    live = not args.files and not getattr(args, "kept", False)
    if live and answers(Path(settings.paths.runtime)):
        raise FaultError("camera_in_use", f"a kiosk runs in {settings.paths.runtime}")


def _consent(args: argparse.Namespace, language: LanguageName, by: str) -> Consent:
    """Typed at the kiosk after the words were shown, or the version of a paper that was signed."""
    pictures = bool(args.keep_pictures)
    version, how = args.consent, "option"
    if version is None:
        version, how = NEWEST, "typed"
        print_words(consent_text(NEWEST, language, pictures=pictures))
        if not asked_yes("\nDoes the person agree?"):
            raise FaultError("consent_missing", "nobody agreed")
    by = plain_words(args.by or by, NAME_MOST)
    return consent_to(version, language, utc(time.time()), by, how, pictures=pictures)


# --- looks ------------------------------------------------------------------------------------------


def _taken(args: argparse.Namespace, settings: Settings, networks: Networks) -> Taken:
    """From the pictures that were named, else from the camera."""
    if args.files:
        return _from_files(args.files, networks, keep=args.keep_pictures)
    enrolment = _live(args, settings, networks)
    if not enrolment.session.done:
        raise FaultError("enrol_refused", enrolment.ended)
    kept = enrolment.pictures if args.keep_pictures else ()
    return Taken(networks.name, enrolment.session.taken, kept)


@dataclass(frozen=True, slots=True)
class _One:
    name: str
    looked: Looked


def _from_files(files: Sequence[Path], networks: Networks, *, keep: bool) -> Taken:
    """Every picture is looked at, and each that is not taken is named with its reason."""
    seen: list[_One] = []
    bad = 0
    for path, trouble in pictures(files):
        try:
            if trouble:
                raise Unreadable(trouble)
            seen.append(_One(shown_path(path), networks.look_at(read(path))))
        except Unreadable as error:
            bad += 1
            print(printable(f"{shown_path(path)}: cannot be read: {error}"), file=sys.stderr)
    return _chosen(seen, networks, keep=keep)


def _from_kept(kept: Sequence[bytes], networks: Networks) -> Taken:
    """New templates of pictures that were kept, after a new network was installed."""
    if not kept:
        raise FaultError("enrol_refused", "no pictures of this person were kept; renew from the camera")
    seen = [
        _One(f"kept picture {number}", networks.look_at(decoded_picture(jpeg)))
        for number, jpeg in enumerate(kept, start=1)
    ]
    taken = _chosen(seen, networks, keep=False)
    return replace(taken, pictures=tuple(kept))


def _chosen(seen: Sequence[_One], networks: Networks, *, keep: bool) -> Taken:
    chosen = choose([one.looked.look for one in seen], networks.alike)
    for one, why in zip(seen, chosen.refused, strict=True):
        if why is not None:
            print(printable(f"{one.name}: {REFUSED[why]}"), file=sys.stderr)
    if not chosen.enough:
        raise FaultError(
            "enrol_refused",
            f"{len(chosen.samples)} good pictures in {chosen.poses} poses; "
            f"it takes {WANTED} in {POSES_LEAST} at least",
        )
    kept = tuple(seen[place].looked.jpeg for place in chosen.places) if keep else ()
    return Taken(networks.name, chosen.samples, kept)


REFUSED = {
    NotTaken.NO_FACE: "no face",
    NotTaken.SEVERAL: "several persons",
    NotTaken.COVERED: "the face is covered",
    NotTaken.TURNED: "turned too far",
    NotTaken.CUT: "the face is cut by the edge of the picture",
    NotTaken.SMALL: "the face is too small",
    NotTaken.BLURRED: "blurred",
    NotTaken.DARK: "too dark",
    NotTaken.BRIGHT: "too bright",
    NotTaken.UNCLEAR: "the face cannot be judged",
    NotTaken.SAME_POSE: "enough of this pose are there",
    NotTaken.SAME_PICTURE: "the same picture again",
    NotTaken.ANOTHER_PERSON: "not the person whom the others show",
    NotTaken.HELD_UP: "a picture held up, not a face",
    NotTaken.NOT_ALIVE_YET: "no sign of life yet",
}
"""Why a look was not taken, for the one who enrols."""


def _live(args: argparse.Namespace, settings: Settings, networks: Networks) -> Enrolment:
    """In front of the camera: words on the terminal and through the loudspeaker, progress, reasons."""
    language = LanguageName(args.language or settings.cabin.language)
    camera_settings = camera_of(settings)
    as_the_kiosk(settings)
    camera = open_fitted(settings, camera_settings)
    guide = Guide(settings, language)
    runtime = Path(settings.paths.runtime)
    shown = _Shown(language)
    eye = LiveEye(camera, networks)
    try:
        if isinstance(camera, Directed) and not camera_settings.clip:
            camera.do(f"enter {(args.name or 'somebody').split()[0].lower()}", time.monotonic())

        def hear(turn: Turn) -> None:
            direct(camera, turn.guidance, time.monotonic())
            guide.say(turn.guidance, time.monotonic())
            show_progress(runtime, Progress(len(turn.session.taken), turn.guidance))
            shown(turn)

        guide.say(Guidance.STRAIGHT, time.monotonic())

        def look() -> tuple[Looked, float] | None:
            looked = eye.next()
            return None if looked is None else (looked, eye.at_s)

        return enrol_live(look, networks.alike, hear, args.within)
    finally:
        end_progress(runtime)
        guide.close()
        camera.close()


class _Shown:
    """Progress on the terminal: a line a look that was taken or, once, why one was not."""

    def __init__(self, language: LanguageName) -> None:
        self._words = words_of(language).enrolling
        self._bar = escapes_wanted(sys.stderr)
        self._last: tuple[NotTaken | None, Guidance] | None = None

    def __call__(self, turn: Turn) -> None:
        count = len(turn.session.taken)
        if turn.taken is not None:
            self._print(f"{count}/{WANTED} {turn.taken.value}")
            self._last = None
        said = (turn.refused, turn.guidance)
        if said == self._last:
            return
        self._last = said
        why = "" if turn.refused is None else f"   not taken: {REFUSED[turn.refused]}"
        if why:
            self._print(why)
        self._print(f"→ {self._words.of(turn.guidance.value)}")

    def _print(self, line: str) -> None:
        print(printable(line), flush=True)


def _counted(person: Person) -> str:
    poses = len({sample.pose for sample in person.samples})
    kept = f", {person.pictures.count} pictures kept" if person.pictures is not None else ""
    return f"{len(person.samples)} templates in {poses} poses{kept}; telephone +…{person.phone[-2:]}"

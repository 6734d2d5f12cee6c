"""`enrol`: who is enrolled at this site. What is done to one person touches no other.

Off by default (`[identity] enabled`); what was enrolled can be looked at and removed all the same.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import sys
import zipfile
from pathlib import Path
from typing import Final

import msgspec

from edge.cli import enrol_add, enrol_key
from edge.cli.enrol_desk import asked_yes, described, desk_of, person_of, print_words
from edge.cli.options import (
    Commands,
    Make,
    actions_of,
    as_owner,
    load_settings,
    seconds,
)
from edge.faults.fault import FaultError
from edge.identity.person import Done, Person
from edge.identity.register import kept_pictures
from edge.terms.printing import printable
from edge.words.consent import NEWEST, consent_sha256, consent_text, consent_versions
from edge.words.language import LanguageName

_EXPORT_MODE: Final = 0o600


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "enrol", help="who is enrolled: cards' owners, their templates, their consent"
    )
    make = actions_of(parser)
    _changing(make)
    _reading(make)
    _keys(make)


def _changing(make: Make) -> None:
    added = make("add", "enrol somebody, from the camera or from pictures", enrol_add.add)
    added.add_argument("name", metavar="NAME")
    added.add_argument(
        "--card", required=True, metavar="TOKEN", help="the card's pseudonym as the machine says it"
    )
    added.add_argument("--phone", required=True, metavar="+NUMBER", help="where the owner's code goes")
    _looks(added)
    renewed = make("renew", "take new pictures of somebody who is enrolled", enrol_add.renew)
    renewed.add_argument("who", metavar="WHO", help="number or whole name")
    _looks(renewed)
    renewed.add_argument(
        "--kept", action="store_true", help="from the pictures that were kept, after a new network"
    )
    renewed.set_defaults(name=None)
    changed = make(
        "change", "another name, card, telephone or language; the templates stay", enrol_add.change
    )
    changed.add_argument("who", metavar="WHO", help="number or whole name")
    changed.add_argument("--name")
    changed.add_argument("--card", metavar="TOKEN")
    changed.add_argument("--phone", metavar="+NUMBER")
    changed.add_argument("--language", choices=[one.value for one in LanguageName])
    changed.add_argument(
        "--anyway", action="store_true", help="though that telephone is somebody else's, too"
    )
    removed = make("remove", "forget somebody: templates, name, number and pictures", _remove)
    removed.add_argument("who", nargs="*", metavar="WHO", help="numbers or whole names")
    removed.add_argument("--all", action="store_true", help="everybody")
    removed.add_argument("--yes", action="store_true", help="do not ask")


def _looks(action: argparse.ArgumentParser) -> None:
    action.add_argument(
        "--from",
        dest="files",
        nargs="+",
        type=Path,
        default=[],
        metavar="PATH",
        help="pictures or folders of them instead of the camera",
    )
    action.add_argument("--keep-pictures", action="store_true", help="store the pictures as well, encrypted")
    action.add_argument(
        "--consent", metavar="VERSION", help="the version of the words that the person has signed on paper"
    )
    action.add_argument("--by", help="who records the consent; else the user of this machine")
    action.add_argument("--language", choices=[one.value for one in LanguageName], help="the person's own")
    action.add_argument(
        "--anyway", action="store_true", help="though somebody is enrolled with that face or phone"
    )
    action.add_argument(
        "--within",
        type=seconds,
        default=enrol_add.WITHIN_S,
        metavar="SECONDS",
        help="before the camera so long at most",
    )


def _reading(make: Make) -> None:
    listed = make("list", "everybody who is enrolled; numbers and cards hidden", _list)
    listed.add_argument("--json", action="store_true", help="one JSON object a person")
    shown = make("show", "one person, numbers and card hidden, and what was done when", _show)
    shown.add_argument("who", metavar="WHO", help="number or whole name")
    shown.add_argument("--json", action="store_true", help="one JSON object")
    exported = make(
        "export", "all that is stored of a person, for that person, to a file for you alone", _export
    )
    exported.add_argument("who", metavar="WHO", help="number or whole name")
    exported.add_argument("file", type=Path, metavar="FILE", help="FILE.json, or FILE.zip with pictures")
    agreed = make("consent", "the words that are agreed to; or what somebody agreed to", _consent)
    agreed.add_argument("who", nargs="?", metavar="WHO", help="number or whole name")
    agreed.add_argument("--version", choices=consent_versions(), default=NEWEST)
    agreed.add_argument("--language", choices=[one.value for one in LanguageName])
    agreed.add_argument("--pictures", action="store_true", help="with the words on kept pictures")
    agreed.add_argument("--json", action="store_true", help="one JSON object")


def _keys(make: Make) -> None:
    key = make(
        "key", "the key of the gallery: which it is and whether it opens, or a fresh one", enrol_key.key
    )
    key.add_argument("--make", action="store_true", help="make one, in a file that is not there yet")
    key.add_argument("file", nargs="?", type=Path, metavar="FILE", help="with --make; else identity.key_file")
    make("rotate-key", "seal everything again with a fresh key", enrol_key.rotate)
    restored = make("restore", "take up a backup of the gallery, or begin again", enrol_key.restored)
    restored.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a copy of gallery/people")
    restored.add_argument("--empty", action="store_true", help="nobody is enrolled any more")
    restored.add_argument("--yes", action="store_true", help="do not ask")


# --- looking ----------------------------------------------------------------------------------------


def _list(args: argparse.Namespace) -> int:
    people = desk_of(load_settings(args)).read().people
    for person in people:
        about = described(person)
        if args.json:
            print(msgspec.json.encode(about).decode())
            continue
        pictures = f", {about['pictures']} pictures" if about["pictures"] else ""
        print(
            printable(
                f"{person.number:>5}  {person.name:<28} card {about['card']:<6} {about['phone']:<5} "
                f"{about['templates']} templates{pictures}, since {person.enrolled_utc[:10]}"
            )
        )
    if not people and not args.json:
        print("nobody is enrolled")
    return 0


def _show(args: argparse.Namespace) -> int:
    contents = desk_of(load_settings(args)).read()
    person = person_of(contents.people, args.who)
    about = described(person)
    about["done"] = [_done(one) for one in contents.done if one.person == person.number]
    if args.json:
        print(msgspec.json.encode(about).decode())
        return 0
    for name, value in about.items():
        print(f"{name:<12} {printable(_words(value))}")
    return 0


def _words(value: object) -> str:
    match value:
        case None:
            return "-"
        case dict():
            return ", ".join(f"{name} {_words(one)}" for name, one in value.items())
        case list():
            return "; ".join(_words(one) for one in value) or "none"
        case _:
            return str(value)


def _done(one: Done) -> dict[str, object]:
    return {"what": one.act.value, "at": one.at_utc, "by": one.by}


def _consent(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    if args.who is None:
        language = LanguageName(args.language or settings.cabin.language)
        text = consent_text(args.version, language, pictures=args.pictures)
        sha256 = consent_sha256(args.version, language, pictures=args.pictures)
        if args.json:
            whole = {"version": args.version, "language": language.value, "sha256": sha256, "text": text}
            print(msgspec.json.encode(whole).decode())
        else:
            print_words(text)
            print(f"\nversion {args.version} ({language.value}), SHA-256 {sha256}")
        return 0
    person = person_of(desk_of(settings).read().people, args.who)
    about: dict[str, object] = {**_consent_of(person), "text": _agreed(person)}
    if args.json:
        print(msgspec.json.encode(about).decode())
        return 0
    agreed = about.pop("text")
    for name, value in about.items():
        print(f"{name:<12} {printable(str(value))}")
    print()
    print_words(str(agreed) or "the words are of another version of this program")
    return 0


def _consent_of(person: Person) -> dict[str, object]:
    given = described(person)["consent"]
    assert isinstance(given, dict)
    return {"person": person.number, **given}


def _agreed(person: Person) -> str:
    """The words that the recorded hash is of; empty where this program does not have them."""
    given = person.consent
    if given.version in consent_versions():
        for pictures in (False, True):
            if consent_sha256(given.version, given.language, pictures=pictures) == given.sha256:
                return consent_text(given.version, given.language, pictures=pictures)
    return ""


# --- a person's own data ----------------------------------------------------------------------------


def _export(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    desk = desk_of(settings)
    contents = desk.read()
    person = person_of(contents.people, args.who)
    with as_owner(settings):
        pictures = kept_pictures(desk.folder, person)
    if pictures and args.file.suffix != ".zip":
        raise FaultError("enrol_refused", f"there are {len(pictures)} pictures, too: name a FILE.zip")
    data = msgspec.json.format(msgspec.json.encode(_own(person, contents.done, len(pictures))), indent=2)
    content = data + b"\n"
    if args.file.suffix == ".zip":
        content = _zipped(content, pictures)
    made = os.open(args.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _EXPORT_MODE)
    try:
        with os.fdopen(made, "wb") as file:
            file.write(content)
    except OSError as error:
        args.file.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(args.file)) from error
    with desk.changing() as register:
        register.note_export(person)
    print(printable(f"person {person.number}: {len(content)} bytes in {args.file}, for you alone (mode 600)"))
    return 0


def _own(person: Person, done: tuple[Done, ...], pictures: int) -> dict[str, object]:
    """Everything that is stored of a person, in whole."""
    return {
        **described(person),
        "card": person.token,
        "phone": person.phone,
        "templates": [
            {"pose": one.pose.value, "numbers": base64.b64encode(one.numbers).decode()}
            for one in person.samples
        ],
        "pictures": pictures,
        "consent": {**_consent_of(person), "text": _agreed(person)},
        "done": [_done(one) for one in done if one.person == person.number],
    }


def _zipped(data: bytes, pictures: tuple[bytes, ...]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("person.json", data)
        for number, jpeg in enumerate(pictures, start=1):
            archive.writestr(f"pictures/{number:02d}.jpg", jpeg)
    return whole.getvalue()


def _remove(args: argparse.Namespace) -> int:
    desk = desk_of(load_settings(args))
    people = desk.read().people
    found = people if args.all else tuple(person_of(people, who) for who in args.who)
    numbers = sorted({person.number for person in found})
    if not numbers:
        raise FaultError("person_unknown", "nobody was named" if people else "nobody is enrolled")
    names = ", ".join(f"{number}" for number in numbers)
    if not args.yes and not asked_yes(f"Remove person {names} for good?"):
        print("nobody was removed; --yes where nobody can be asked", file=sys.stderr)
        return 1
    with desk.changing() as register:
        register.remove(numbers)
    left = {person.number for person in desk.read().people}
    assert left.isdisjoint(numbers)
    print(
        f"removed: person {names}. Templates, name, card, telephone and pictures are gone from the gallery; "
        "that, when and by whom it was done is kept under the number.\n"
        "Copies that were made of the gallery still hold them: enrol rotate-key makes those worthless, once "
        "the old key is destroyed."
    )
    return 0

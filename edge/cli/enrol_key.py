"""`enrol key`, `rotate-key` and `restore`: the gallery's key, a fresh one, and a backup taken up."""

from __future__ import annotations

import argparse
import contextlib
import grp
import os
import sys
import time
from pathlib import Path

from edge.cli.enrol_desk import asked_yes, desk_of, recorded
from edge.cli.options import as_owner, load_settings, who_asks
from edge.faults.fault import FaultError
from edge.identity.key import keys_in, new_key, read_keys, write_key_file
from edge.identity.register import Register, Restorer, restore
from edge.identity.sealed import EMPTY
from edge.identity.store import GalleryFolder
from edge.settings.schema import Settings
from edge.settings.secrets import Secret, secret_file
from edge.terms.printing import printable

_GROUP = "cabinguard"


def key(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    if args.make:
        return _make(args.file or _named(settings))
    if args.file is not None:
        raise FaultError("enrol_refused", "FILE goes with --make; else identity.key_file or the credential")
    ring = read_keys(settings)
    print(printable(f"key {ring.current.name}, from {secret_file(settings, Secret.GALLERY)}"))
    if len(ring.names) > 1:
        print("a rotation of the key was cut off: say enrol rotate-key again")
    with as_owner(settings):
        people = GalleryFolder(Path(settings.paths.data)).read(ring).people
    print(f"it opens the gallery: {len(people)} enrolled")
    return 0


def _named(settings: Settings) -> Path:
    if not settings.identity.key_file:
        raise FaultError("enrol_refused", "where to? name a FILE, or set identity.key_file")
    return Path(settings.identity.key_file)


def _make(file: Path) -> int:
    """A file of root's that the kiosk may read and not change, as for every secret."""
    fresh = new_key()
    try:
        write_key_file(file, fresh, fresh=True)
    except FileExistsError:
        raise FaultError(
            "enrol_refused", f"{file} is there already, and a key is never overwritten"
        ) from None
    if os.geteuid() == 0:
        with contextlib.suppress(KeyError):
            os.chown(file, 0, grp.getgrnam(_GROUP).gr_gid)
            file.chmod(0o640)
    print(printable(f"key {fresh.name} in {file}. Keep a copy elsewhere: without it the gallery is lost."))
    print("On the same card as the gallery it guards against nothing but a copy of the gallery alone.")
    return 0


def rotate(args: argparse.Namespace) -> int:
    """Both keys into the file, the gallery under the new one, then the new one alone.

    Cut off anywhere, the file has a key that opens the gallery, and the same command ends it.
    """
    settings = load_settings(args)
    file = _named(settings)
    ring = read_keys(settings)
    folder = GalleryFolder(Path(settings.paths.data))
    by = who_asks()
    with as_owner(settings):
        folder.read(ring)
    fresh = ring.current if len(ring.names) > 1 else new_key()
    if len(ring.names) == 1:
        write_key_file(file, fresh, ring.current, fresh=False)
    ring = keys_in(file.read_text("ascii"))
    with as_owner(settings), folder.writing():
        Register(folder, ring, by).rotate(fresh)
    write_key_file(file, fresh, fresh=False)
    print(printable(f"the gallery is sealed with key {fresh.name}, in {file}"))
    print("A running kiosk takes it up by itself from a file; given as a credential, restart the kiosk.")
    print("Make a backup now: those made before open with the old key alone.")
    return 0


def restored(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    if (args.file is None) is not args.empty:
        raise FaultError("enrol_refused", "name the FILE of a backup, or say --empty")
    desk = desk_of(settings)
    backup = EMPTY if args.file is None else desk.folder.opened(args.file.read_bytes(), desk.ring)
    what = "nobody" if args.file is None else f"{len(backup.blocks)} people"
    if not args.yes and not asked_yes(f"Replace the gallery by one of {what}?"):
        print("nothing was changed; --yes where nobody can be asked", file=sys.stderr)
        return 1
    with as_owner(settings), desk.folder.writing():
        by = Restorer(desk.by, time.time(), recorded(settings))
        taken, lost = restore(desk.folder, backup, desk.ring, by)
    print(f"the gallery now has {taken} people; what was there before is set aside")
    if lost:
        print(f"{lost} who were removed since that backup stay removed")
    return 0

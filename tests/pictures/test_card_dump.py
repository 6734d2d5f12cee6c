"""A stolen card gives no face: a staged kiosk lives on a card, which is dumped whole and carved.

The same life without the bank's keys leaves faces everywhere: so the search would have found them.
"""

from __future__ import annotations

import base64
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.journal import reader as journal
from edge.journal.file import NAME
from edge.pictures import age, files
from edge.pictures.check import check_pictures
from edge.pictures.kept import REMOVED
from edge.pictures.opening import open_all
from edge.pictures.recorded import said_in_record
from edge.pictures.secret_keys import SecretKey
from edge.vision.face.find import Finder
from tests.worlds.carving import Carved, Grey, carve

CARD_MB = 48

pytestmark = pytest.mark.timeout(1800)
"""A busy machine carves slowly."""


def lived(folder: Path, finder: Finder, *overrides: str) -> Carved:
    """A life in `folder`; the dump of its card, carved. What lay on it is in `kept` there."""
    image, mount, keep = folder / "card.img", folder / "card", folder / "kept"
    mount.mkdir(parents=True)
    apart = _card_in(image)
    words = [str(image) if apart else "", str(mount), str(keep), *overrides]
    done = subprocess.run(
        [*apart, sys.executable, "-m", "tests.worlds.card_life", *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(entry or "." for entry in sys.path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    removed = [line for line in journal.lines(keep / NAME) if line.name == REMOVED]
    assert removed
    found = carve(image.read_bytes() if apart else _all_in(mount), finder)
    print(f"\n{'sealed' if overrides else 'open'}, {'card' if apart else 'files'}: {found.words}")
    return found


def _card_in(image: Path) -> list[str]:
    """Make an ext4; the words before a command that may mount it, none where nobody may."""
    mkfs, unshare = shutil.which("mkfs.ext4", path=f"{os.environ['PATH']}:/usr/sbin"), shutil.which("unshare")
    if os.geteuid() != 0 or mkfs is None or unshare is None:
        return []
    apart = [unshare, "--mount", "--propagation", "private"]
    image.write_bytes(b"")
    os.truncate(image, CARD_MB * 1_000_000)
    subprocess.run([mkfs, "-q", "-F", str(image)], check=True)
    trial = f"mount -o loop {shlex.quote(str(image))} {shlex.quote(str(image.parent / 'card'))}"
    return apart if subprocess.run([*apart, "sh", "-c", trial], capture_output=True).returncode == 0 else []


def _all_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.mark.slow
def test_a_dump_of_a_sealed_card_has_no_face_and_of_an_open_one_has_many(tmp_path: Path, repo: Path) -> None:
    finder = Finder(repo / "models")
    secrets, lines = {}, ""
    for name in ("anna", "bela", "chad"):
        secrets[name], public = age.new_key()
        lines += f"# name: {name}\n{public}\n"
    (tmp_path / "bank.keys").write_text(lines)
    sealing = f"evidence.recipients_file={tmp_path / 'bank.keys'}"

    open_card = lived(tmp_path / "open", finder)
    assert open_card.with_face > 20

    for needs, keys in ((1, ("bela",)), (2, ("chad", "anna"))):
        folder = tmp_path / f"sealed{needs}"
        kept = folder / "kept"
        sealed = lived(folder, finder, sealing, f"evidence.open_needs={needs}")
        assert (sealed.with_face, sealed.raw_with_face) == (0, 0)
        # There were faces: the bank opens them, all as the record says.
        assert not check_pictures(kept / files.FOLDER, journal.lines(kept / NAME))
        given = [SecretKey(name, secrets[name]) for name in keys]
        opened = open_all(kept / files.FOLDER, given, folder / "opened", said_in_record(kept / NAME))
        assert not opened.problems
        assert opened.compared == len(opened.opened) > 20
        faces = sum(bool(finder.find(_grey(path))) for path in opened.opened)
        print(f"{needs} of 3: the bank opens {len(opened.opened)} pictures, {faces} show a face")
        assert faces > 10


@pytest.mark.slow
def test_what_is_carved_is_found_however_it_lies_there(repo: Path) -> None:
    """One face at odd places of random bytes: encoded, in Base64, and raw."""
    finder = Finder(repo / "models")
    face = cv2.imread(str(repo / "hw/camera/people/collins.jpg"), cv2.IMREAD_COLOR)
    assert face is not None
    whole = cv2.resize(face, (640, 480))
    random = np.random.default_rng(5)
    grey = cv2.cvtColor(whole, cv2.COLOR_BGR2GRAY)
    jpeg = cv2.imencode(".jpg", whole)[1].tobytes()
    ways = {
        "jpeg": jpeg,
        "base64": base64.b64encode(jpeg),
        "png": cv2.imencode(".png", whole)[1].tobytes(),
        "webp": cv2.imencode(".webp", whole)[1].tobytes(),
        "grey": grey.tobytes(),
        "colour": whole.tobytes(),
        "small": cv2.resize(grey, (320, 240)).tobytes(),
    }
    for way, content in ways.items():
        noise = random.integers(0, 256, 2_000_000, np.uint8).tobytes()
        assert not _faces(carve(noise, finder)), "random bytes have none"
        at = int(random.integers(0, 1_000_000))
        found = carve(noise[:at] + content + noise[at:], finder)
        print(f"{way} at {at}: {found.words}")
        assert _faces(found), way


def _grey(path: Path) -> Grey:
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return np.asarray(picture, np.uint8)


def _faces(found: Carved) -> int:
    return found.with_face + found.raw_with_face

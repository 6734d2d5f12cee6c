"""A stolen card gives no face: a staged kiosk lives on a card, which is dumped whole and carved.

The same life without the bank's keys leaves faces everywhere: so the search would have found them.
"""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.bench.desk import Desk, Props, StoryClock
from edge.cli.main import main
from edge.journal import reader as journal
from edge.journal.file import NAME
from edge.pictures import age, files
from edge.pictures.check import check_pictures
from edge.pictures.kept import REMOVED
from edge.pictures.opening import open_all
from edge.pictures.recorded import said_in_record
from edge.pictures.secret_keys import SecretKey
from edge.service.plans import look_of
from edge.settings.load import load
from edge.vision.face.find import Finder
from hw.bench import StagedCabin
from hw.ports import Input
from tests.worlds.carving import Carved, Grey, carve

CARD_MB = 48

pytestmark = pytest.mark.timeout(1800)
"""A busy machine carves slowly."""


class Life:
    """A kiosk on a card: incidents with real faces, pictures removed, the power cut, reports."""

    def __init__(self, card: Path, *overrides: str) -> None:
        self.card = card
        memory = "/dev/shm"
        self.runtime = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None))
        words = (f"paths.data={card}", f"paths.runtime={self.runtime}", "evidence.fps=1")
        self.overrides = [*words, "evidence.reserve_mb=10", "flow.crowd_s=3", *overrides]
        settings = load(None, self.overrides)
        self.clock = StoryClock()
        self.stage = StagedCabin(self.clock)
        props = Props(self.stage, lambda: look_of(settings), every_s=1.0, stage=self.stage)
        self.desk = Desk(settings, props, card, lambda _: None, self.clock, runtime=self.runtime)

    def run(self, for_s: float) -> None:
        self.desk.run_to(self.clock.now_s() + for_s)

    def incident(self, *people: str) -> None:
        """Somebody comes, the panic switch is pressed, everybody leaves."""
        self.desk.move_input(Input.DOOR, True)
        self.run(1)
        for name in people:
            self.stage.do(f"enter {name}", self.clock.now_s())
        self.desk.move_input(Input.DOOR, False)
        self.run(6)
        self.desk.move_input(Input.PANIC, True)
        self.run(1)
        self.desk.move_input(Input.PANIC, False)
        self.run(22)
        self.desk.move_input(Input.DOOR, True)
        for name in people:
            self.stage.do(f"leave {name}", self.clock.now_s())
        self.run(2)
        self.desk.move_input(Input.DOOR, False)
        self.run(40)

    def live(self) -> None:
        self.run(2)
        self.incident("anna")
        self.incident("anna", "george")
        self.desk.power_off()
        # As the kiosk removes them, and the power goes before the record has it: the bytes stay on the card.
        files.empty(self.card / files.FOLDER / "1")
        self.desk.power_on()
        self.incident("george")
        options = [word for one in self.overrides for word in ("--set", one)]
        for number in ("2", "3"):
            main(["report", "--incident", number, "--out", str(self.card / f"{number}.html"), *options])
        self.desk.close()
        shutil.rmtree(self.runtime)


@contextlib.contextmanager
def a_card(folder: Path) -> Iterator[tuple[Path, Path | None]]:
    """A real ext4 on an image, where loop devices work; else a folder. Gives it and the image."""
    image, mount = folder / "card.img", folder / "card"
    mount.mkdir()
    mkfs = shutil.which("mkfs.ext4") or "/usr/sbin/mkfs.ext4"
    mounted = False
    if os.geteuid() == 0 and Path(mkfs).exists():
        with image.open("wb") as file:
            file.truncate(CARD_MB * 1_000_000)
        subprocess.run([mkfs, "-q", "-F", str(image)], check=True)
        done = subprocess.run(["mount", "-o", "loop", str(image), str(mount)], capture_output=True)
        mounted = done.returncode == 0
    try:
        yield mount, image if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", str(mount)], check=True)


def dump_of(folder: Path, image: Path | None) -> bytes:
    """The card byte by byte; where there is no image, every file that is on it."""
    if image is not None:
        subprocess.run(["sync", "-f", str(folder)], check=True)
        return image.read_bytes()
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def lived(tmp_path: Path, finder: Finder, keep: Path, *overrides: str) -> Carved:
    with a_card(tmp_path) as (card, image):
        Life(card, *overrides).live()
        shutil.copytree(card, keep)
        dump = dump_of(card, image)
    removed = [line for line in journal.lines(keep / NAME) if line.name == REMOVED]
    print(f"\n{len(removed)} incidents' pictures were removed")
    assert removed
    found = carve(dump, finder)
    print(f"{'sealed' if overrides else 'open'}, {'card' if image else 'files'}: {found.words}")
    return found


@pytest.mark.slow
def test_a_dump_of_a_sealed_card_has_no_face_and_of_an_open_one_has_many(tmp_path: Path, repo: Path) -> None:
    finder = Finder(repo / "models")
    secrets, lines = {}, ""
    for name in ("anna", "bela", "chad"):
        secrets[name], public = age.new_key()
        lines += f"# name: {name}\n{public}\n"
    (tmp_path / "bank.keys").write_text(lines)
    sealing = f"evidence.recipients_file={tmp_path / 'bank.keys'}"

    (tmp_path / "open").mkdir()
    open_card = lived(tmp_path / "open", finder, tmp_path / "open" / "kept")
    assert open_card.with_face > 50

    for needs, keys in ((1, ("bela",)), (2, ("chad", "anna"))):
        folder = tmp_path / f"sealed{needs}"
        folder.mkdir()
        kept = folder / "kept"
        sealed = lived(folder, finder, kept, sealing, f"evidence.open_needs={needs}")
        assert (sealed.with_face, sealed.raw_with_face) == (0, 0)
        # There were faces: the bank opens them, all as the record says.
        assert not check_pictures(kept / files.FOLDER, journal.lines(kept / NAME))
        given = [SecretKey(name, secrets[name]) for name in keys]
        opened = open_all(kept / files.FOLDER, given, folder / "opened", said_in_record(kept / NAME))
        assert not opened.problems
        assert opened.compared == len(opened.opened) > 40
        faces = sum(bool(finder.find(_grey(path))) for path in opened.opened)
        print(f"{needs} of 3: the bank opens {len(opened.opened)} pictures, {faces} show a face")
        assert faces > 20


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

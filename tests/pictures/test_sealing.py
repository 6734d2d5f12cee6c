"""Pictures sealed to the bank: nothing open reaches the disk, and what was kept opens with its keys alone."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.disk import files as disk
from edge.faults.fault import FaultError
from edge.pictures import age, files
from edge.pictures.check import check_pictures
from edge.pictures.clear import ClearCopies, in_memory, shown_picture
from edge.pictures.keeper import Evidence
from edge.pictures.kept import EvidenceTrouble, PicturesKept
from edge.pictures.opening import What, open_all
from edge.pictures.recipients import parse_recipients, read_recipients
from edge.pictures.recorded import Recorded
from edge.pictures.ring import RingReader, RingWriter
from edge.pictures.sealing import Sealer
from edge.pictures.secret_keys import SecretKey
from edge.pictures.store import EvidenceLimits, Start
from edge.pictures.writing import Handling, Sealing
from edge.service.build import sealing_of
from edge.settings.load import load
from edge.terms.record import Entry
from tests.worlds.hand_clock import HandClock

START = Start(3)

needs_age = pytest.mark.skipif(shutil.which("age") is None, reason="Debian's age is not installed")


@dataclass
class Bank:
    """Keys by name, and their list."""

    secrets: dict[str, str]
    lines: str

    def keys(self, *names: str) -> list[SecretKey]:
        return [SecretKey(name, self.secrets[name]) for name in names]


def bank(*names: str) -> Bank:
    made = {name: age.new_key() for name in names}
    lines = "".join(f"# name: {name}\n{public}\n" for name, (_, public) in made.items())
    return Bank({name: secret for name, (secret, _) in made.items()}, lines)


def jpeg(number: float) -> bytes:
    return b"\xff\xd8\xff\xe0" + f"{number:020.3f}".encode() + bytes(70_000) + b"\xff\xd9"


class Sealed:
    """Evidence that is sealed; the camera gives four pictures a second."""

    def __init__(self, tmp_path: Path, lines: str, needs: int = 1, start: Start = START) -> None:
        self.list = tmp_path / "bank.keys"
        self.list.write_text(lines)
        self.folder, self.runtime = tmp_path / "evidence", tmp_path / "run"
        self.clock = HandClock(1000.0, time.time())
        ring = tmp_path / "ring"
        self.writer = RingWriter(ring, 128, 16.0, 4.0)
        copies = ClearCopies(self.runtime, 60.0, 2.0, memory=lambda folder: True)
        self.evidence = Evidence(
            self.folder,
            {"face": RingReader(ring)},
            self.clock,
            start,
            EvidenceLimits(2.0, 3.0, reserve_mb=0),
            handling=Handling(sealing=Sealing(Sealer(self.list, needs), copies)),
        )
        self.answers: list[object] = []

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 4)):
            self.clock.mono_s += 0.25
            self.writer.put(self.clock.mono_s, jpeg(self.clock.mono_s))
            self.evidence.poll(self.clock.mono_s)
            self.answers += self.evidence.answers()

    def incident(self, number: int) -> None:
        self.run(3)
        self.evidence.keep(number, self.clock.mono_s, "locked")
        self.run(5)

    def entries(self) -> list[Entry]:
        return [answer.entry() for answer in self.answers if isinstance(answer, PicturesKept)]

    def recorded(self) -> Recorded:
        said = Recorded()
        for entry in self.entries():
            said.add(entry.kind, entry.name, entry.incident, entry.data.encode())
        return said

    def troubles(self) -> list[tuple[str, bool]]:
        return [(one.code, one.active) for one in self.answers if isinstance(one, EvidenceTrouble)]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.mark.slow
def test_what_is_kept_opens_with_the_banks_key_and_is_what_the_record_names(tmp_path: Path) -> None:
    whose = bank("anna", "bela")
    kiosk = Sealed(tmp_path, whose.lines)
    kiosk.incident(7)
    kept = files.pictures(kiosk.folder, 7)
    assert len(kept) == 20
    assert all(path.name.endswith(".jpg.age") for path in kept)
    assert not check_pictures(kiosk.folder, kiosk.entries())
    for name in ("anna", "bela"):
        opened = open_all(kiosk.folder, whose.keys(name), tmp_path / name, kiosk.recorded())
        assert not opened.problems
        assert (len(opened.opened), opened.compared) == (20, 20)
        assert {path.read_bytes() for path in opened.opened} == {jpeg(999.25 + 2 + n / 4) for n in range(20)}
        assert opened.opened[0].parent.name == "7"
    said = json.loads(kiosk.entries()[0].data)
    assert said["list"] == parse_recipients(whose.lines, 1).short
    assert set(said["opened"]) == set(said["files"])
    # Anyone who has an open picture can show that it is the recorded one, without any key.
    assert hashlib.sha256(opened.opened[0].read_bytes()).hexdigest() in said["opened"].values()


def test_no_open_byte_reaches_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is ever written below the folder, looked at as it is written."""
    seen: list[bytes] = []
    write = disk._write

    def spied(path: Path, content: bytes, mode: int) -> None:
        if tmp_path / "evidence" in path.parents:
            seen.append(content)
        write(path, content, mode)

    monkeypatch.setattr(disk, "_write", spied)
    kiosk = Sealed(tmp_path, bank("anna", "bela").lines, needs=2)
    kiosk.incident(1)
    assert len(seen) == 23, "20 pictures, two keys, and what the folder is about"
    assert not any(b"\xff\xd8\xff" in content[:200] or bytes(100) in content for content in seen)
    assert not any(b"AGE-SECRET-KEY" in content for content in seen)


@pytest.mark.slow
def test_two_of_three_open_it_and_one_alone_does_not(tmp_path: Path) -> None:
    whose = bank("anna", "bela", "chad")
    kiosk = Sealed(tmp_path, whose.lines, needs=2)
    kiosk.incident(7)
    assert not check_pictures(kiosk.folder, kiosk.entries())
    for pair in (("anna", "bela"), ("chad", "anna"), ("bela", "chad")):
        opened = open_all(kiosk.folder / "7", whose.keys(*pair), tmp_path / "-".join(pair), kiosk.recorded())
        assert not opened.problems
        assert opened.compared == 20
    for alone in ("anna", "bela", "chad"):
        none = open_all(kiosk.folder, whose.keys(alone), tmp_path / "none")
        assert {problem.what for problem in none.problems} == {What.ONE_MISSING}
        assert "anna+bela" in none.problems[0].detail
    other = bank("dora")
    half = open_all(kiosk.folder, [*whose.keys("chad"), *other.keys("dora")], tmp_path / "none")
    assert {problem.what for problem in half.problems} == {What.ONE_MISSING}
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_another_start_and_an_emptied_folder_get_a_key_of_their_own(tmp_path: Path) -> None:
    whose = bank("anna", "bela")
    first = Sealed(tmp_path, whose.lines, needs=2)
    first.incident(7)
    second = Sealed(tmp_path, whose.lines, needs=2, start=Start(4))
    second.incident(7)
    keys = {path.name[:14] for path in (first.folder / "7").iterdir() if ".key." in path.name}
    assert {name[:5] for name in keys} == {"00003", "00004"}
    assert not open_all(first.folder, whose.keys("anna", "bela"), tmp_path / "both").problems
    shutil.rmtree(second.folder / "7")  # for lack of room, or by hand, while the incident goes on
    second.evidence.keep(7, second.clock.mono_s, "locked")
    second.run(5)
    opened = open_all(first.folder, whose.keys("anna", "bela"), tmp_path / "after")
    assert opened.opened
    assert not opened.problems


@pytest.mark.slow
def test_one_copy_of_a_wrapped_key_is_enough(tmp_path: Path) -> None:
    whose = bank("anna", "bela")
    kiosk = Sealed(tmp_path, whose.lines, needs=2)
    kiosk.incident(7)
    one, two = sorted(path for path in (kiosk.folder / "7").iterdir() if ".key." in path.name)
    assert files.wrapped_keys(kiosk.folder, 7) == (one,)
    assert files.wrapped_keys(kiosk.folder, 8) == ()
    one.write_bytes(one.read_bytes()[:300])
    assert not open_all(kiosk.folder, whose.keys("anna", "bela"), tmp_path / "a").problems
    assert [problem.detail for problem in check_pictures(kiosk.folder, kiosk.entries())] == [
        f"7/{one.name} was changed"
    ]
    two.write_bytes(b"")
    lost = open_all(kiosk.folder, whose.keys("anna", "bela"), tmp_path / "b")
    assert lost.problems[0].what is What.KEY_DAMAGED
    assert not lost.opened


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda content: b"", What.CUT_SHORT),
        (lambda content: content[:100], What.CUT_SHORT),
        (lambda content: content[: content.find(b"\n--- ") + 50], What.CUT_SHORT),
        (lambda content: content[:-1], What.DAMAGED),
        (lambda content: content[:40_000], What.DAMAGED),
        (lambda content: content + b"x", What.DAMAGED),
        (lambda content: content[:5000] + bytes([content[5000] ^ 1]) + content[5001:], What.DAMAGED),
        (lambda content: jpeg(1), What.NOT_SEALED),
        (lambda content: b"hello", What.NOT_SEALED),
        (lambda content: content[:22] + b"-> X25519 AAAA\nAAAA\n" * 9000 + content[22:], What.DAMAGED),
    ],
)
def test_what_is_wrong_with_a_file_has_a_name(
    tmp_path: Path, spoil: Callable[[bytes], bytes], what: What
) -> None:
    whose = bank("anna")
    path = tmp_path / "00001-000000001000.jpg.age"
    path.write_bytes(spoil(age.seal(jpeg(1), [age.public_of(whose.secrets["anna"])])))
    opened = open_all(path, whose.keys("anna"), tmp_path / "to")
    assert [problem.what for problem in opened.problems] == [what]
    assert not (tmp_path / "to").exists()


@pytest.mark.slow
def test_wrong_keys_other_files_and_what_is_in_the_way(tmp_path: Path) -> None:
    whose, other = bank("anna"), bank("mallory")
    kiosk = Sealed(tmp_path, whose.lines)
    kiosk.incident(7)
    wrong = open_all(kiosk.folder, other.keys("mallory"), tmp_path / "no")
    assert {problem.what for problem in wrong.problems} == {What.WRONG_KEY}
    kept, said = files.pictures(kiosk.folder, 7), kiosk.recorded()
    # Anybody can seal to the bank; the record tells that it was not the kiosk.
    to = [age.public_of(whose.secrets["anna"])]
    kept[0].write_bytes(age.seal(jpeg(5), to))
    (kept[1].parent / "00009-000000000001.jpg.age").write_bytes(age.seal(jpeg(6), to))
    kept[2].unlink()
    (kept[1].parent / "00009-000000000002.jpg.age").write_bytes(age.seal(b"hello", to))
    (kept[1].parent / "00009-000000000003.jpg.age").symlink_to("/etc/passwd")
    there = tmp_path / "to" / "7" / files.clear_name(kept[3].name)
    there.parent.mkdir(parents=True)
    there.write_bytes(b"another")
    opened = open_all(kiosk.folder, whose.keys("anna"), tmp_path / "to", said)
    assert sorted((problem.path.name, problem.what) for problem in opened.problems) == sorted(
        [
            (kept[0].name, What.CHANGED),
            ("00009-000000000001.jpg.age", What.NOT_RECORDED),
            (kept[2].name, What.MISSING),
            ("00009-000000000002.jpg.age", What.NO_PICTURE),
            ("00009-000000000003.jpg.age", What.UNREADABLE),
            (there.name, What.EXISTS),
        ]
    )
    assert there.read_bytes() == b"another"
    again = open_all(kiosk.folder, whose.keys("anna"), tmp_path / "to", said)
    assert len(again.opened) == len(opened.opened) == 18


@pytest.mark.parametrize(
    ("spoil", "needs", "says"),
    [
        (lambda lines, secret: "", 1, "0 keys"),
        (lambda lines, secret: lines, 2, "1 keys, and evidence.open_needs = 2"),
        (lambda lines, secret: lines[:-3] + "q\n", 1, "line 2: not a public key"),
        (lambda lines, secret: lines + "# name: anna\nage1x\n", 1, "line 3: the name anna is there twice"),
        (lambda lines, secret: lines.split("\n", 1)[1], 1, "line 1: the line above a key must say its name"),
        (lambda lines, secret: lines.replace("anna", "Anna B"), 1, "line 1: a name has"),
        (lambda lines, secret: lines.replace("anna", "a") + lines, 1, "is there twice"),
        (lambda lines, secret: f"# name: x\n{secret}\n", 1, "line 2: a secret key"),
        (lambda lines, secret: lines + "# name: bela\n", 1, "the name bela has no key"),
        (lambda lines, secret: "\x00" * 70_000, 1, "too long"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_by_line(
    tmp_path: Path, spoil: Callable[[str, str], str], needs: int, says: str
) -> None:
    whose, path = bank("anna"), tmp_path / "list"
    path.write_text(spoil(whose.lines, whose.secrets["anna"]))
    with pytest.raises(FaultError, match=r"evidence_keys_unusable") as caught:
        read_recipients(path, needs)
    assert says in caught.value.detail
    assert whose.secrets["anna"] not in caught.value.detail


@pytest.mark.slow
def test_without_a_usable_list_nothing_is_kept_open_and_a_mended_one_needs_no_restart(tmp_path: Path) -> None:
    whose = bank("anna")
    kiosk = Sealed(tmp_path, "age1nonsense\n")
    kiosk.run(1)
    assert kiosk.troubles() == [("evidence_keys_unusable", True)]  # before any incident
    kiosk.incident(7)
    assert not files.pictures(kiosk.folder, 7)
    assert not list(tmp_path.rglob("*.jpg"))
    done = [one for one in kiosk.answers if isinstance(one, PicturesKept)][-1]
    assert done.done
    assert done.left_out == 20
    kiosk.list.write_text(whose.lines)
    kiosk.run(61)
    assert kiosk.troubles()[-1] == ("evidence_keys_unusable", False)
    kiosk.incident(8)
    assert len(files.pictures(kiosk.folder, 8)) == 20


def test_open_copies_are_in_memory_alone_for_a_while_and_in_limits(tmp_path: Path) -> None:
    whose = bank("anna")
    kiosk = Sealed(tmp_path, whose.lines)
    kiosk.incident(7)
    kept = files.pictures(kiosk.folder, 7)

    def shown(name: str) -> bytes | None:
        return shown_picture(kiosk.folder, kiosk.runtime, 7, name)

    assert shown(kept[-1].name) == shown(files.clear_name(kept[-1].name)) == jpeg(1006.0)
    assert kept[-1].stat().st_mode & 0o777 == 0o600
    kiosk.run(61)
    assert shown(kept[-1].name) is None
    assert not list((kiosk.runtime / "clear").iterdir())
    copies = ClearCopies(tmp_path / "few", 60.0, 0.15, memory=lambda folder: True)
    for number in range(4):
        copies.put(number, f"00001-{number:012d}.jpg.age", jpeg(number), float(number))
    assert len(list((tmp_path / "few").rglob("*.jpg"))) == 2
    copies.tidy(5.0, lambda incident: incident == 3)  # the others' pictures were removed
    assert [path.parent.name for path in (tmp_path / "few").rglob("*.jpg")] == ["3"]
    ClearCopies(tmp_path / "few", 60.0, 1.0)  # the next start
    assert not list((tmp_path / "few").rglob("*"))


def test_a_folder_on_the_card_gets_no_open_copy(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    device = tmp_path.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    line = "36 35 {} / / rw,relatime shared:1 - {} /dev/root rw\n"
    for kind, is_memory in (("ext4", False), ("tmpfs", True), ("overlay", False)):
        mounts.write_text(line.format(number, kind))
        assert in_memory(tmp_path / "not" / "there", mounts) is is_memory
    assert not in_memory(tmp_path, tmp_path / "none")
    copies = ClearCopies(tmp_path / "run", 60.0, 1.0, memory=lambda folder: False)
    copies.put(1, "00001-000000001000.jpg.age", jpeg(1), 0.0)
    assert not (tmp_path / "run").exists()


@needs_age
def test_debians_age_opens_one_key(tmp_path: Path) -> None:
    whose = bank("anna", "bela")
    kiosk = Sealed(tmp_path, whose.lines)
    kiosk.incident(7)
    (tmp_path / "bela.key").write_text(whose.secrets["bela"] + "\n")
    kept = files.pictures(kiosk.folder, 7)[0]
    done = subprocess.run(
        ["age", "-d", "-i", str(tmp_path / "bela.key"), str(kept)], capture_output=True, check=True
    )
    assert done.stdout == jpeg(1001.25)


@needs_age
def test_debians_age_opens_two_of_two_and_what_it_seals_opens_here(tmp_path: Path) -> None:
    whose = bank("anna", "bela")
    kiosk = Sealed(tmp_path, whose.lines, needs=2)
    kiosk.incident(7)
    for name, secret in whose.secrets.items():
        (tmp_path / f"{name}.key").write_text(f"{secret}\n")
    wrapped = next(path for path in (kiosk.folder / "7").iterdir() if ".key." in path.name)
    kept = files.pictures(kiosk.folder, 7)[0]
    command = (
        f"age -d -i bela.key {wrapped} | age -d -i anna.key > incident.key && age -d -i incident.key {kept}"
    )
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout == jpeg(1001.25)
    # And the other way: the list is one that age itself takes.
    path = tmp_path / "00001-000000001000.jpg.age"
    subprocess.run(["age", "-R", str(kiosk.list), "-o", str(path)], input=jpeg(9), check=True)
    assert not open_all(path, whose.keys("anna"), tmp_path / "to").problems


def test_copies_of_an_earlier_start_go_even_where_nothing_is_sealed_any_more(tmp_path: Path) -> None:
    left = tmp_path / "clear" / "7" / "00001-000000001000.jpg"
    left.parent.mkdir(parents=True)
    left.write_bytes(jpeg(1))
    assert sealing_of(load(None, [f"paths.runtime={tmp_path}"])) is None
    assert not left.exists()


@pytest.mark.slow
def test_a_kiosk_that_seals_nothing_does_not_carry_the_library() -> None:
    program = "import sys, edge.service.service, edge.cli.run; print('pyrage' in sys.modules)"
    path = os.pathsep.join(entry or "." for entry in sys.path)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"

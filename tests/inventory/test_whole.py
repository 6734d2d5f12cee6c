"""The program against the lists it was installed with: what was changed, removed or added is named."""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode
from hashlib import sha256, sha512
from pathlib import Path
from typing import IO

import pytest

from edge.faults.catalogue import CATALOGUE
from edge.inventory import whole
from edge.inventory.whole import Compared, compare, installed
from edge.selftest.findings import findings
from edge.selftest.program import program
from edge.settings.load import load

OURS, THEIRS = "cabinguard-1.0.dist-info", "eyes-2.0.dist-info"


def hashed(path: Path) -> str:
    return "sha256=" + urlsafe_b64encode(sha256(path.read_bytes()).digest()).rstrip(b"=").decode()


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


class Environment:
    """An installed program, as pip leaves it: two packages, a command, and what Python compiled."""

    def __init__(self, root: Path) -> None:
        self.root, self.folder = root, root / "lib/python3.11/site-packages"
        files = {
            OURS: ("edge/__init__.py", "edge/door.py", "models/face.tflite", "../../../bin/cabinguard"),
            THEIRS: ("eyes/__init__.py", "eyes/iris, left.so"),
        }
        for package, names in files.items():
            for name in (*names, f"{package}/METADATA"):
                write(self.path(name), f"{name} as it was".encode() * 100)
            write(self.path("edge/__pycache__/door.cpython-311.pyc"), b"compiled")
            lines = [f'"{name}",{hashed(self.path(name))},1700' for name in (*names, f"{package}/METADATA")]
            lines += [f"{package}/RECORD,,", "edge/__pycache__/door.cpython-311.pyc,,"]
            write(self.path(f"{package}/RECORD"), "\r\n".join(lines).encode())

    def path(self, name: str) -> Path:
        return Path(os.path.normpath(self.folder / name))

    def compared(self) -> Compared:
        return compare(self.folder, self.root)


@pytest.fixture
def there(tmp_path: Path) -> Environment:
    return Environment(tmp_path)


def test_a_whole_program_has_nothing_to_tell(there: Environment) -> None:
    assert there.compared() == Compared(8, "")
    write(there.path("edge/__pycache__/new.cpython-311.pyc"), b"compiled later")
    there.path("edge/__pycache__/door.cpython-311.pyc").unlink()
    assert there.compared() == Compared(8, "")
    found = program(there.folder, there.root)
    assert (found.mark, found.detail) == ("✓", "8 files as they were installed")


@pytest.mark.parametrize(
    "name",
    ["edge/door.py", "models/face.tflite", "../../../bin/cabinguard", "eyes/iris, left.so"],
)
def test_one_bit_is_told_wherever_it_is(there: Environment, name: str) -> None:
    content = bytearray(there.path(name).read_bytes())
    content[-1] ^= 1
    write(there.path(name), bytes(content))
    assert there.compared().words == f"{name} changed"
    found = program(there.folder, there.root)
    assert (found.mark, found.code, found.detail) == ("✗", "program_changed", f"{name} changed")
    assert found.code in CATALOGUE


def test_what_is_gone_is_told(there: Environment) -> None:
    there.path("edge/door.py").unlink()
    assert there.compared().words == "edge/door.py missing"


@pytest.mark.parametrize(
    "name", ["edge/also.py", "hand.pth", "sitecustomize.py", "eyes/more.so", "edge/left.pyc"]
)
def test_what_no_list_names_is_told(there: Environment, name: str) -> None:
    write(there.path(name), b"import os")
    assert there.compared().words == f"{name} added"


def test_a_link_to_a_folder_is_a_file_that_was_added(there: Environment, tmp_path: Path) -> None:
    there.path("edge/more").symlink_to(tmp_path, target_is_directory=True)
    assert there.compared().words == "edge/more added"


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(there: Environment) -> None:
    there.path("edge/door.py").unlink()
    os.mkfifo(there.path("edge/door.py"))
    assert there.compared().words == "edge/door.py missing"


def test_a_file_that_the_card_cannot_read_is_told(
    there: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.open

    def opened(path: Path, mode: str = "r") -> IO[bytes] | IO[str]:
        if path.name == "door.py":
            raise OSError(5, "Input/output error")
        return real(path, mode)

    monkeypatch.setattr(Path, "open", opened)
    monkeypatch.setattr(whole, "_rows", lambda record: [["edge/door.py", "sha256=0000", "1"]])
    assert there.compared().words.startswith("edge/door.py unreadable")


def test_a_list_that_is_gone_is_told_first_and_so_are_all_its_files(there: Environment) -> None:
    there.path(f"{OURS}/RECORD").unlink()
    words = there.compared().words
    assert words.startswith(f"{OURS}/RECORD missing, {OURS}/METADATA added, edge/__init__.py added, and ")


def test_with_all_lists_gone_nothing_is_believed(there: Environment) -> None:
    for package in (OURS, THEIRS):
        for path in there.path(package).iterdir():
            path.unlink()
        there.path(package).rmdir()
    found = there.compared()
    assert found.files == 0
    assert found.words.startswith("every *.dist-info missing, edge/__init__.py added")


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (b"\xff\xfe\x00", f"{OURS}/RECORD unreadable"),
        (b'"edge/door.py,sha256=x,1', f"{OURS}/RECORD unreadable"),
        (b"edge/door.py,sha256=0000,1\r\n", "edge/door.py changed"),
        (b"edge/door.py,md9=0000,1\r\n", "edge/door.py changed"),
        (b"edge/door.py,=,1\r\n", "edge/door.py changed"),
        (b"edge/window.py,sha256=0000,1\r\n", "edge/window.py missing"),
        (b"../../../../other/secret,sha256=0000,1\r\n", f"{OURS}/RECORD names ../../../../other/secret"),
        (b"/dev/zero,sha256=0000,1\r\n", f"{OURS}/RECORD names /dev/zero"),
        (b"/dev/zero\r\n", f"{OURS}/RECORD names /dev/zero"),
        (b"edge/d\x00r,sha256=0000,1\r\n", f"{OURS}/RECORD "),
        (b"edge/\x1b[2Jr,sha256=0000,1\r\n", r"edge/\x1b[2Jr missing"),
    ],
    ids=[
        "no-text",
        "open-quote",
        "hash",
        "kind",
        "none",
        "file",
        "above",
        "device",
        "bare",
        "zero",
        "escape",
    ],
)
def test_a_list_that_lies_is_told_and_never_followed(there: Environment, record: bytes, says: str) -> None:
    lines = there.path(f"{OURS}/RECORD").read_bytes().splitlines(keepends=True)
    write(there.path(f"{OURS}/RECORD"), record + b"".join(lines[2:]))
    assert says in there.compared().words


def test_a_longer_hash_serves_and_one_of_two_that_share_a_file_may_fit(there: Environment) -> None:
    door, record = there.path("edge/door.py"), there.path(f"{THEIRS}/RECORD")
    long = urlsafe_b64encode(sha512(door.read_bytes()).digest()).rstrip(b"=").decode()
    content = there.path(f"{OURS}/RECORD").read_text().replace(hashed(door), f"sha512={long}")
    write(there.path(f"{OURS}/RECORD"), content.encode())
    assert there.compared().words == ""
    write(record, b"edge/door.py,sha256=0000,1\r\n" + record.read_bytes())
    assert there.compared().words == ""


def test_only_the_first_few_are_named(there: Environment) -> None:
    for number in range(9):
        write(there.path(f"edge/x{number}.py"), b"")
    assert there.compared().words == "edge/x0.py added, edge/x1.py added, edge/x2.py added, and 6 more"


def test_a_name_that_is_no_text_can_be_said(there: Environment) -> None:
    write(there.folder / os.fsdecode(b"edge/\xff\n.py"), b"")
    assert there.compared().words == r"edge/\xff\n.py added"


def test_a_program_run_from_its_sources_says_so_and_has_no_fault(tmp_path: Path) -> None:
    assert installed() is None
    settings = load(None, [f"paths.data={tmp_path}", f"paths.runtime={tmp_path}"])
    (found,) = (one for one in findings(settings, hardware=False) if one.name == "program")
    assert (found.mark, found.code) == ("-", "")
    assert found.detail.startswith("runs from its sources")

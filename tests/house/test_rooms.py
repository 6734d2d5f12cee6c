"""The rules of the house: who may import whom, how large a thing may be, and the drawing of the rooms."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import rooms
from tests.house.sources import sources

OPEN_TO_EDGE = {
    *("hw.ports", "hw.board", "hw.bench", "hw.wiring", "hw.clock", "hw.scan", "hw.watched"),
    *("hw.camera.port", "hw.camera.masked"),
}
"""What edge may know of hardware: what can be asked of it, and who hands it out. No driver, real or fake."""

CLASS_LINES, PARAMETERS = 400, 7

PROGRAM = ("edge", "hw", "models/training")


@pytest.mark.slow
def test_the_import_contracts_are_kept(repo: Path) -> None:
    """Layers, and anyone who does no I/O; the contracts stand in pyproject.toml."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=repo, capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]


def test_no_driver_is_imported_but_through_the_board() -> None:
    found = {
        f"{module} imports {target}"
        for module, targets in rooms.imports().items()
        if module.startswith("edge")
        for target in targets
        if target.startswith("hw.") and target not in OPEN_TO_EDGE
    }
    assert not found


def test_every_folder_is_a_room_with_a_floor_and_a_promise() -> None:
    placed = [room for floor in rooms.floors() for room in floor]
    assert sorted(placed) == sorted(rooms.rooms())
    folders = {path.name for path in (rooms.ROOT / "edge").iterdir() if path.is_dir()} - {
        "__pycache__",
        "docs",
    }
    assert folders == rooms.rooms()
    for room in placed:
        assert rooms.promise(room), f"edge/{room}/__init__.py says nothing"


@pytest.mark.slow
def test_arrows_go_down() -> None:
    floor_of = {room: number for number, floor in enumerate(rooms.floors()) for room in floor}
    up = [(a, b) for a, below in rooms.arrows().items() for b in below if floor_of[b] <= floor_of[a]]
    assert not up


@pytest.mark.slow
def test_the_drawing_is_fresh(repo: Path) -> None:
    text = (repo / "edge" / "README.md").read_text("utf-8")
    assert text == rooms.renewed(text), "run python -m tests.rooms --write edge/README.md"


def test_the_walks_lead_through_files_that_are_there(repo: Path) -> None:
    text = (repo / "edge" / "README.md").read_text("utf-8")
    walks = re.findall(r"^\*\*From .*?\*\*: (\d+) files.*?\n\n", text, re.M | re.S)
    parts = re.findall(r"^\*\*From .*?\n\n", text, re.M | re.S)
    assert len(parts) == len(walks) == 3
    for part, count in zip(parts, walks, strict=True):
        files = re.findall(r"`([^`]+\.py)`", part)
        assert len(files) == len(set(files)) == int(count)
        assert not [name for name in files if not (repo / "edge" / name).is_file()]


def test_nothing_lies_beside_the_rooms(repo: Path) -> None:
    beside = {path.name for path in (repo / "edge").iterdir() if path.is_file()}
    assert beside == {"__init__.py", "__main__.py", "README.md"}


def test_the_table_is_imported_without_numpy() -> None:
    """Anyone who only asks the table needs no library that computes with pictures."""
    heavy = "{'numpy', 'cv2', 'gpiozero', 'serial'}"
    script = f"import sys, edge.cabin.table; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.slow
def test_no_class_is_too_long() -> None:
    found = [
        f"{name}:{node.lineno}: {node.name}"
        for name, tree in sources(*PROGRAM)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and (node.end_lineno or 0) - node.lineno >= CLASS_LINES
    ]
    assert not found


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    arguments = function.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return [name for name in names if name not in ("self", "cls")]


@pytest.mark.slow
def test_no_parameter_list_is_too_long() -> None:
    found = [
        f"{name}:{node.lineno}: {node.name}, {len(_parameters(node))} parameters"
        for name, tree in sources(*PROGRAM)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and len(_parameters(node)) > PARAMETERS
    ]
    assert not found


@pytest.mark.slow
def test_every_parameter_has_a_type_that_says_something() -> None:
    """No `**changes: object`, which takes a misspelt name, and no `Any`."""
    found = []
    for name, tree in sources(*PROGRAM):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.args.kwarg is not None:
                said = node.args.kwarg.annotation
                theirs = node.name == "create_video_configuration"  # picamera2 takes them so
                if said is not None and ast.unparse(said) == "object" and not theirs:
                    found.append(f"{name}:{node.lineno}: **{node.args.kwarg.arg}: object")
            if isinstance(node, ast.ImportFrom) and any(alias.name == "Any" for alias in node.names):
                found.append(f"{name}:{node.lineno}: Any")
    assert not found


@pytest.mark.slow
def test_tests_have_one_import_path(repo: Path) -> None:
    """A helper imported as `x` and as `tests.x` is loaded twice, and its classes differ from themselves."""
    inside = {path.stem for path in (repo / "tests").rglob("*.py")} - {"__init__"}
    some = [path for path in sorted((repo / "tests").rglob("*.py")) if _may_stray(path, inside)]
    stray = [
        f"{path.name}:{node.lineno}"
        for path in some
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if (isinstance(node, ast.ImportFrom) and (node.level or (node.module or "") in inside))
        or (isinstance(node, ast.Import) and any(alias.name in inside - _LIBRARIES for alias in node.names))
    ]
    assert not stray


def _may_stray(path: Path, inside: set[str]) -> bool:
    """Whether a line looks as if: to parse all tests takes seconds."""
    for source, names in _IMPORT.findall(path.read_text("utf-8")):
        if source.startswith(".") or source in inside:
            return True
        if any(name.split()[:1] and name.split()[0] in inside - _LIBRARIES for name in names.split(",")):
            return True
    return False


_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+(.+))", re.M)
_LIBRARIES = set(sys.stdlib_module_names)


@pytest.mark.parametrize("place", ["edge", "hw", "tests"])
def test_every_folder_with_a_program_is_a_package(repo: Path, place: str) -> None:
    folders = {path.parent for path in (repo / place).rglob("*.py")} - {repo / "hw" / "camera" / "people"}
    assert not [folder for folder in folders if not (folder / "__init__.py").exists()]

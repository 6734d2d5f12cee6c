"""What can be known about the sources without running them: style, types, shell scripts."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import parsed


def _clean(command: list[str], repo: Path) -> None:
    done = subprocess.run(command, cwd=repo, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-8000:]}{done.stderr[-2000:]}"


@pytest.mark.slow
def test_ruff(repo: Path) -> None:
    _clean([sys.executable, "-m", "ruff", "check", "--output-format=concise"], repo)


@pytest.mark.slow
def test_the_formatter_finds_nothing_to_do(repo: Path) -> None:
    _clean([sys.executable, "-m", "ruff", "format", "--check"], repo)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_types_are_strict(repo: Path) -> None:
    """Everything; where numpy is 2, whose own types differ, all but the training, which numpy 1 serves."""
    major, minor = sys.version_info[:2]
    words = [f"--python-version={major}.{minor}"]
    if (major, minor) >= (3, 12):
        words += ["edge", "hw", "tests", "--exclude", "^tests/training/"]
    _clean([sys.executable, "-m", "mypy", *words], repo)


@pytest.mark.slow
def test_no_connection_is_left_to_the_garbage_collector() -> None:
    """`with sqlite3.connect(...)` ends a transaction, and closes nothing: `closing` does."""
    found = [
        f"{name}:{node.lineno}"
        for folder in ("edge", "hw", "models", "systemd", "tests")
        for name, tree in parsed(folder)
        for node in ast.walk(tree)
        if isinstance(node, ast.With)
        and any(ast.unparse(item.context_expr).startswith("sqlite3.connect(") for item in node.items)
    ]
    assert not found


def shell_scripts(repo: Path) -> list[Path]:
    """Every file of the project that a shell reads: by name, or by its first line."""
    places = [repo / "install.sh", *(repo / ".ci").iterdir(), *(repo / "systemd").rglob("*")]
    found = [path for path in places if path.is_file() and _is_shell(path)]
    assert repo / "install.sh" in found
    assert repo / ".ci" / "run" in found
    return found


def _is_shell(path: Path) -> bool:
    with path.open("rb") as file:
        first = file.readline(100)
    return path.suffix == ".sh" or (first.startswith(b"#!") and first.rstrip().endswith((b"sh", b"bash")))


@pytest.mark.slow
def test_shell_scripts_are_clean(repo: Path) -> None:
    beside = Path(sys.executable).with_name("shellcheck")
    checker = str(beside) if beside.exists() else shutil.which("shellcheck")
    if checker is None:
        pytest.skip("no shellcheck here: apt install shellcheck")
    _clean([checker, "--external-sources", *map(str, shell_scripts(repo))], repo)

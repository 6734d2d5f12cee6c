"""The benchmark of other face finders: it runs, measures what is here, and names what is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def bench(repo: Path, *words: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench_peers", "--rounds", "1", *words],
        cwd=repo,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.slow
def test_ours_is_measured_beside_another(repo: Path) -> None:
    head, _, ours, haar = bench(repo, "--only", "ours", "haar")
    assert head.split(" | ")[1:3] == ["CPU ms a picture", "times ours"]
    assert ours.startswith("| CabinGuard: find and check")
    assert ours.split(" | ")[2] == "1.0"
    assert ours.endswith("| 10 of 10 |")
    assert float(haar.split(" | ")[1]) > 0
    assert float(haar.split(" | ")[6]) > 10, "megabytes"


@pytest.mark.slow
def test_a_peer_that_is_not_there_is_named(repo: Path, tmp_path: Path) -> None:
    lines = bench(repo, "--only", "ours", "hog", "--peers", str(tmp_path / "no python"))
    assert lines[-1].startswith("left out: face_recognition, HOG: ")

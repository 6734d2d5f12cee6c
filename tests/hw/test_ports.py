"""The ports that the table needs load without what a camera needs."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("module", ["hw.ports", "edge.cabin.table"])
def test_the_door_needs_no_numpy(module: str, repo: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print(sorted({{'numpy', 'cv2'}} & set(sys.modules)))"],
        capture_output=True,
        text=True,
        cwd=repo,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "[]"

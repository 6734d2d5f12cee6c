"""A copy of the installer to try, with a stub for Python that writes down what it was asked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

STUB_PYTHON = r"""#!/bin/bash
# Stands in for Python: $STUB_JUDGED is what it says of itself, $STUB_PIP what its pip does.
echo "$*" >>"$STUB_LOG"
case "$1" in
    -c) case "$2" in
            *ensurepip*) echo "${STUB_JUDGED:-311 64 whole}" ;;
            *) echo "${STUB_VERSION:-3.11.2 (stub)}" ;;
        esac ;;
    -V) echo "Python 3.11.2" ;;
    -m) case "$2" in
            venv)
                [ -z "${STUB_VENV_FAILS:-}" ] || { echo "ensurepip is not available"; exit 1; }
                venv=${@: -1}
                mkdir -p "$venv/bin" "$venv/lib/python3.11/site-packages"
                cp "$0" "$venv/bin/python"
                : >"$venv/pyvenv.cfg" ;;
            pip)
                case "$3" in wheel) : >"${@: -1}/cabinguard-0-py3-none-any.whl" ;; esac
                sleep "${STUB_PIP_TAKES:-0}"
                [ -z "${STUB_PIP:-}" ] || { echo "$STUB_PIP"; exit 1; } ;;
            pytest) echo "9 passed in 0.01s" ;;
        esac ;;
    -P) case "$2" in
            -c) exit 0 ;;
            -) shift; PYTHONPATH=$STUB_REPO exec "$STUB_REAL" "$@" ;;
        esac
        echo "bench started: $*"; exit "${STUB_BENCH:-0}" ;;
esac
"""


class Sandbox:
    """A copy of the installer in a folder with spaces in its name, and a PATH with a stub Python first."""

    def __init__(self, folder: Path, repo: Path) -> None:
        self.repo = repo
        self.tree = folder / "a copy of the firmware"
        self.tools = folder / "tools"
        self.log = folder / "python.log"
        self.tree.mkdir()
        self.tools.mkdir()
        shutil.copy(repo / "install.sh", self.tree)
        shutil.copytree(repo / ".ci", self.tree / ".ci")
        shutil.copytree(repo / "systemd", self.tree / "systemd")
        self.tool("python3", STUB_PYTHON)

    def tool(self, name: str, text: str) -> Path:
        path = self.tools / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def environment(self, **extra: str) -> dict[str, str]:
        inherited = {"PATH": f"{self.tools}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.tools.parent)}
        stub = {"STUB_LOG": str(self.log), "STUB_REPO": str(self.repo), "STUB_REAL": sys.executable}
        return {**inherited, **stub, "LC_ALL": "C.UTF-8", **extra}

    def run(self, *command: str, **extra: str) -> subprocess.CompletedProcess[str]:
        """The installer from another folder; its standard input says nothing and never ends."""
        silent, unused = os.pipe()
        try:
            return subprocess.run(
                [str(self.tree / "install.sh"), *command],
                cwd=self.tools,
                env=self.environment(**extra),
                stdin=silent,
                capture_output=True,
                text=True,
                timeout=60,
            )
        finally:
            os.close(silent)
            os.close(unused)

    def call(self, script: str, **extra: str) -> subprocess.CompletedProcess[str]:
        """A few lines of shell that have the installer's functions."""
        whole = f'. "$INSTALLER"\n{script}'
        environment = self.environment(INSTALLER=str(self.tree / "install.sh"), **extra)
        return subprocess.run(
            ["bash", "-c", whole], env=environment, capture_output=True, text=True, timeout=60
        )

    def pip_calls(self) -> list[str]:
        return [line for line in self.calls() if line.startswith("-m pip")]

    def calls(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


def named(done: subprocess.CompletedProcess[str], name: str) -> None:
    """It stopped for this reason, and said what to do about it."""
    assert done.returncode == 3, done.stderr
    assert f"[✗] {name}: " in done.stderr
    assert "what to do: " in done.stderr

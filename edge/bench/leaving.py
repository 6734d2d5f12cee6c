"""What is tidied up when a bench ends, also by a kill that nothing can catch: folders in memory, processes.

A shell of its own waits for the end of a pipe that only the process itself holds open, and then does it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_SHM: Final = Path("/dev/shm")
_SHM_FREE_BYTES: Final = 1_000_000_000

_AFTER_ALL: Final = """
pids=
while read -r line; do pids=$line; done
[ -z "$pids" ] || kill $pids
tries=0
while [ -n "$pids" ] && [ $tries -lt 50 ]; do
    left=
    for pid in $pids; do
        read -r _ _ state _ 2>/dev/null <"/proc/$pid/stat" && [ "$state" != Z ] && left="$left $pid"
    done
    pids=$left
    [ -z "$pids" ] || sleep 0.1
    tries=$((tries + 1))
done
[ -z "$pids" ] || kill -KILL $pids
rm -rf -- "$1"
"""
"""Each line that comes names all processes of now; they get 5 s to end by themselves."""


@contextlib.contextmanager
def scratch(name: str) -> Iterator[str]:
    """A folder for one run, in memory where there is plenty: nobody waits for a disk that nothing needs.

    It goes with this process, however that ends.
    """
    folder = _new_folder(name)
    with afterwards('rm -rf -- "$1"', str(folder)):
        folder.mkdir(mode=0o700)
        yield str(folder)


def _new_folder(name: str) -> Path:
    in_memory = os.access(_SHM, os.W_OK) and shutil.disk_usage(_SHM).free > _SHM_FREE_BYTES
    inside = _SHM if in_memory else Path(tempfile.gettempdir())
    return inside / f"cabinguard-{name}-{secrets.token_hex(4)}"


@contextlib.contextmanager
def afterwards(script: str, *words: str) -> Iterator[None]:
    """A line for the shell that is run when this block is left, also by a kill that nothing can catch."""
    shell = _shell(f"read -r _; {script}", *words)
    try:
        yield
    finally:
        shell.communicate()


class Left:
    """A folder of its own in memory and processes, of which nothing is left when this process is gone.

    Close it when all processes have ended.
    """

    def __init__(self, name: str) -> None:
        self.folder = _new_folder(name)
        self._pids: list[int] = []
        self._lock = threading.Lock()
        self._shell = _shell(_AFTER_ALL, str(self.folder))
        self.folder.mkdir(mode=0o700)

    def add(self, pid: int) -> None:
        """Call at once after a process was started. Any thread may call."""
        with self._lock:
            self._pids.append(pid)
            self._tell()

    def remove(self, pid: int) -> None:
        """Call before a process that ended is waited for: afterwards another one may have its number."""
        with self._lock:
            if pid in self._pids:
                self._pids.remove(pid)
                self._tell()

    def close(self) -> None:
        self._shell.communicate()

    def _tell(self) -> None:
        assert self._shell.stdin is not None
        self._shell.stdin.write(f"{' '.join(map(str, self._pids))}\n".encode())
        self._shell.stdin.flush()


def _shell(script: str, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", f"trap '' HUP INT TERM; {script}", "sh", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )

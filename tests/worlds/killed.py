"""A child that plays in a process of its own until it is killed, at any instant."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

FORKS = multiprocessing.get_context("forkserver")
"""A process that has imported all once and knows no test: each life is forked from it."""


def killed(
    live: Callable[..., None],
    given: tuple[object, ...],
    errors: Path,
    enough: Callable[[list[str]], bool],
    more_s: float,
) -> tuple[list[dict[str, object]], str]:
    """Start `live(*given, out, errors)`, kill it `more_s` of real time after it said `enough`.

    What it said, and its complaints. All is read through the one buffer: whatever goes past that
    (`communicate`) loses what lies in it. The last line may be half of one.
    """
    said: list[str] = []
    reader, writer = FORKS.Pipe(duplex=False)
    child = FORKS.Process(target=live, args=(*given, writer, errors))
    child.start()
    writer.close()
    with reader, open(reader.fileno(), closefd=False) as lines:
        try:
            for line in lines:
                said.append(line)
                if enough(said):
                    break
            time.sleep(more_s)
            early = child.exitcode
        finally:
            child.kill()
        said += lines
    child.join()
    child.close()
    complaints = errors.read_text() if errors.exists() else ""
    errors.unlink(missing_ok=True)
    assert early is None, f"it ended by itself ({early}):\n{complaints[-3000:]}"
    return [
        msgspec.json.decode(line, type=dict[str, object]) for line in said if line.endswith("\n")
    ], complaints

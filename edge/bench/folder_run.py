"""A folder of stories, played in a process of its own beside the live cabin."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as Xml

from edge.bench.children import Child
from edge.bench.leaving import Left
from edge.bench.part import KeeperOrder
from edge.bench.wire import FolderCase, FolderSeen

_NOT_PLAYED: Final = "not played: "
_ELSEWHERE: Final = ("paths.data", "paths.runtime", "data", "runtime")
"""Settings of the live bench that are not for the stories beside it."""


class FolderRun(Child):
    """`bench --story FOLDER`, whose report is read while it grows. `seen` is how far it is."""

    def __init__(
        self, order: KeeperOrder, folder: Path, report: Path, left: Left, ended: Callable[[Child], None]
    ) -> None:
        self._name = str(folder)
        self._report = report
        self._code: int | None = None
        report.unlink(missing_ok=True)
        words = [sys.executable, "-m", "edge", "bench", "--story", str(folder), "--junit", str(report)]
        if order.settings is not None:
            words += ["--settings", order.settings]
        for override in order.overrides:
            if override.partition("=")[0].strip() not in _ELSEWHERE:
                words += ["--set", override]
        self._said = report.with_suffix(".log")
        with self._said.open("wb") as said:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
            )
        super().__init__(process, left, ended)

    def over(self) -> None:
        """Call when it has ended."""
        self._code = self.wait()

    @property
    def seen(self) -> FolderSeen:
        cases = _cases(self._report)
        goes_on = self._code is None
        failed = ""
        if not goes_on and not cases:
            failed = self._said.read_text("utf-8", "replace").strip()[-500:] or "it ended at once"
        return FolderSeen(self._name, goes_on, cases, failed)


def _cases(report: Path) -> tuple[FolderCase, ...]:
    try:
        found = Xml.parse(report).getroot().iter("testcase")
        return tuple(_case(case) for case in found)
    except (OSError, Xml.ParseError):  # there is none yet
        return ()


def _case(case: Xml.Element) -> FolderCase:
    name = Path(case.get("name", "")).stem
    error, failure = case.find("error"), case.find("failure")
    if error is not None:
        why = error.get("message", "")
        return FolderCase(name, "waiting" if why.startswith(_NOT_PLAYED) else "wrong", why)
    if failure is not None:
        return FolderCase(name, "failed", failure.get("message", ""))
    return FolderCase(name, "well")

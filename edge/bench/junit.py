"""A JUnit report of stories, as build servers read it (the formats of Ant and of Jenkins at once)."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as Xml

from edge.faults.fault import FaultError

# What XML 1.0 cannot hold at all, written or escaped (a terminal's escapes in a name, a lone surrogate).
_UNWRITABLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SUITE: Final = "cabinguard.stories"


@dataclass(frozen=True, slots=True)
class Case:
    """One story: where it stands, how long it took, what failed or is wrong, what was heard."""

    source: str
    took_s: float
    failure: str = ""
    error: str = ""
    heard: str = ""

    @property
    def ok(self) -> bool:
        return not self.failure and not self.error


def write(path: Path, cases: Sequence[Case], began_wall_s: float) -> None:
    """Write the report. Raises `FaultError("file_unusable")`."""
    suite = Xml.Element(
        "testsuite",
        name=_SUITE,
        package="cabinguard",
        id="0",
        timestamp=datetime.fromtimestamp(began_wall_s, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        hostname=_text(socket.gethostname()).strip() or "localhost",
        tests=str(len(cases)),
        failures=str(sum(bool(case.failure) for case in cases)),
        errors=str(sum(bool(case.error) for case in cases)),
        time=f"{sum(case.took_s for case in cases):.3f}",
    )
    Xml.SubElement(suite, "properties")
    for case in cases:
        one = Xml.SubElement(
            suite,
            "testcase",
            classname=_SUITE,
            name=_text(case.source),
            time=f"{case.took_s:.3f}",
        )
        if case.error:
            told = Xml.SubElement(one, "error", type="not_played", message=_text(case.error))
            told.text = _text(case.error)
        elif case.failure:
            told = Xml.SubElement(one, "failure", type="not_as_it_should_be", message=_text(case.failure))
            told.text = _text(f"{case.failure}\n\n{case.heard}")
    Xml.SubElement(suite, "system-out").text = ""
    Xml.SubElement(suite, "system-err").text = ""
    whole = Xml.Element("testsuites")
    whole.append(suite)
    Xml.indent(whole)
    try:
        draft = path.with_name(f"{path.name}.new")
        draft.write_bytes(Xml.tostring(whole, encoding="utf-8", xml_declaration=True) + b"\n")
        draft.replace(path)
    except OSError as error:
        raise FaultError("file_unusable", f"{path}: {error.strerror}") from error


def _text(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)

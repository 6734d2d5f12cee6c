"""Under which terms a Python package stands, as its own metadata say it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from email.message import Message
from pathlib import Path
from typing import Final

SPDX: Final = frozenset(
    (
        *(
            "0BSD",
            "Apache-2.0",
            "BSD-2-Clause",
            "BSD-3-Clause",
            "BSL-1.0",
            "CC0-1.0",
            "EPL-2.0",
            "ISC",
            "MIT",
        ),
        *("MIT-0", "MPL-2.0", "OpenSSL", "PSF-2.0", "Unicode-3.0", "Unicode-DFS-2016", "Unlicense", "Zlib"),
    )
)
"""Identifiers of https://spdx.org/licenses that parts of this program state alone."""

_SAME: Final = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "unlicense.org": "Unlicense",
    "Python Software Foundation License": "PSF-2.0",
}
"""What packages write, and the one identifier that it can mean. "BSD" alone may be several: it stays."""

_QUOTED: Final = {"The MIT License (MIT)": "MIT", "MIT License": "MIT"}
"""The first line of a licence's text."""


def licence_files(folder: Path) -> Iterator[tuple[str, str]]:
    """The licence files of a package's `.dist-info`: their names and their text."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and is_licence(path.name):
            yield path.name, path.read_text("utf-8", "replace")


def is_licence(name: str) -> bool:
    return name.upper().startswith("LICEN")


def stated_licences(fields: Message, texts: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """From a wheel's METADATA and, where those say nothing, from the licence files beside them."""
    expression = fields["License-Expression"]
    if expression:
        return (expression,)
    stated = fields["License"] or ""
    if 0 < len(stated) < 80 and "\n" not in stated:  # some put the whole text there
        return (_SAME.get(stated, stated),)
    classified = [line for line in fields.get_all("Classifier", []) if line.startswith("License ::")]
    if classified:
        names = [line.rpartition(" :: ")[2] for line in classified]
        return tuple(_SAME.get(name, name) for name in names)
    return tuple(_of_file(name, text, str(fields["Name"])) for name, text in texts) or ("not stated",)


def _of_file(name: str, text: str, package: str) -> str:
    first = text.lstrip().partition("\n")[0].strip()
    return _QUOTED.get(first, f"as stated in {name} of {package}")

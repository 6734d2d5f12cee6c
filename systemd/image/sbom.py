"""What is in an image, under which terms: a CycloneDX 1.6 list of Debian's packages, Python's, the networks.

    sbom.py ROOT VERSION > image.cdx.json

Read from the finished root file system, so nothing that is in it can be forgotten and nothing else is named.
Terms are what each part states of itself: Debian's copyright files, the wheels' metadata, the model cards.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from email.parser import HeaderParser
from pathlib import Path
from urllib.parse import quote

# Run by the building machine's Python, which has nothing installed: these four modules need no library.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from edge.inventory.component import Component, Inventory, PartKind
from edge.inventory.cyclonedx import carried, document
from edge.inventory.licences import licence_files, stated_licences
from edge.inventory.networks import networks

SITE = "opt/cabinguard/versions/*/lib/python3*/site-packages"

QUOTED = {
    "Permission is hereby granted, free of charge": "MIT",
    "Permission to use, copy, modify, distribute, and sell this software": "HPND-sell-variant",
    "PYTHON SOFTWARE FOUNDATION LICENSE": "PSF",
    "Lesser General Public License": "LGPL",
}
"""What a copyright file in prose quotes, and the licence that this is."""


def debian(root: Path) -> Iterator[Component]:
    release = _os_release(root)
    for block in (root / "var/lib/dpkg/status").read_text("utf-8").split("\n\n"):
        fields = HeaderParser().parsestr(block)
        if not (fields["Status"] or "").endswith(" installed"):
            continue
        name, version, machine = fields["Package"], fields["Version"], fields["Architecture"]
        source = re.sub(r"^(\S+)(?: \((\S+)\))?.*$", r"\1@\2", fields["Source"] or "").rstrip("@")
        built = f"&upstream={quote(source)}" if source else ""  # what Debian's advisories name
        yield Component(
            PartKind.SYSTEM if name == "base-files" else PartKind.LIBRARY,
            name,
            version,
            f"pkg:deb/debian/{name}@{quote(version)}?arch={machine}&distro=debian-{release}{built}",
            tuple(_debian_licences(root, name)),
        )


def _debian_licences(root: Path, package: str) -> list[str]:
    """Each licence that the package's copyright file names; of one in prose, what it quotes or points at."""
    file = f"/usr/share/doc/{package}/copyright"
    try:
        text = (root / file.lstrip("/")).read_text("utf-8", "replace")
    except OSError:
        return ["not stated"]
    if text.lstrip().startswith("Format"):
        found = re.findall(r"^License:[ \t]*(?:License:)?[ \t]*(\S.*)$", text, re.MULTILINE)
    else:
        found = re.findall(r"/usr/share/common-licenses/([A-Za-z0-9.-]*[A-Za-z0-9])", text)
        found += [name for words, name in QUOTED.items() if not found and words in " ".join(text.split())]
    return sorted(set(map(str.strip, found))) or [f"as stated in {file}"]


def python(root: Path) -> Iterator[Component]:
    for metadata in sorted(root.glob(f"{SITE}/*.dist-info/METADATA")):
        fields = HeaderParser().parsestr(metadata.read_text("utf-8"))
        name, version = re.sub(r"[-_.]+", "-", fields["Name"]).lower(), fields["Version"]
        part = Component(
            PartKind.LIBRARY,
            name,
            version,
            f"pkg:pypi/{name}@{version}",
            stated_licences(fields, licence_files(metadata.parent)),
        )
        yield part
        for path in sorted(metadata.parent.glob("sboms/*.json")):
            yield from carried(path.read_bytes(), part)


def _os_release(root: Path) -> str:
    for line in (root / "etc/os-release").read_text("utf-8").splitlines():
        if line.startswith("VERSION_ID="):
            return line.partition("=")[2].strip('"')
    return ""


def listed(root: Path, version: str) -> bytes:
    """The whole list. OSError where `root` is no Debian system with the program in it."""
    parts = [*debian(root), *python(root)]
    for models in sorted(root.glob(f"{SITE}/models")):
        parts += networks(models)
    address = f"pkg:generic/cabinguard-image@{version}"
    image = Component(PartKind.PROGRAM, "cabinguard-image", version, address, ("as its parts",))
    needs = tuple(part.ref for part in parts if part.shipped and not part.inside)
    return document(Inventory(replace(image, needs=needs), tuple(parts)))


if __name__ == "__main__":
    sys.stdout.buffer.write(listed(Path(sys.argv[1]), sys.argv[2]))

"""What is in an image, under which terms: a CycloneDX 1.5 list of Debian's packages, Python's, the networks.

    sbom.py ROOT VERSION > image.cdx.json

Read from the finished root file system, so nothing that is in it can be forgotten and nothing else is named.
Terms are what each part states of itself: Debian's copyright files, the wheels' metadata, the model cards.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from urllib.parse import quote

Component = dict[str, object]

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
        component: Component = {
            "type": "operating-system" if name == "base-files" else "library",
            "name": name,
            "version": version,
            "purl": f"pkg:deb/debian/{name}@{quote(version)}?arch={machine}&distro=debian-{release}",
            "licenses": _licences(_debian_licences(root, name)),
        }
        yield component


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
    for metadata in sorted(
        (root / "opt/cabinguard/versions").glob("*/lib/python3*/site-packages/*.dist-info/METADATA")
    ):
        fields = HeaderParser().parsestr(metadata.read_text("utf-8"))
        name, version = fields["Name"], fields["Version"]
        component: Component = {
            "type": "library",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{version}",
            "licenses": _licences(_wheel_licences(metadata, fields)),
        }
        yield component


def _wheel_licences(metadata: Path, fields: Message) -> list[str]:
    stated = fields["License-Expression"] or fields["License"] or ""
    if 0 < len(stated) < 80 and "\n" not in stated:  # some put the whole text there
        return [stated]
    classified = [line for line in fields.get_all("Classifier", []) if line.startswith("License ::")]
    if classified:
        return [line.rpartition(" :: ")[2] for line in classified]
    files = sorted(
        path
        for path in metadata.parent.rglob("*")
        if path.is_file() and path.name.upper().startswith("LICEN")
    )
    return [f"as stated in {path.name} of {metadata.parent.name}" for path in files] or ["not stated"]


def networks(root: Path) -> Iterator[Component]:
    for model in sorted(
        (root / "opt/cabinguard/versions").glob("*/lib/python3*/site-packages/models/*.tflite")
    ):
        digest = hashlib.sha256(model.read_bytes()).hexdigest()
        contract = json.loads(model.with_suffix(".json").read_text("utf-8"))
        card = model.with_suffix(".md").read_text("utf-8")
        terms = card.partition("\n## Data and terms\n\n")[2].partition("\n\n")[0]
        if not terms:
            raise SystemExit(f"{model.stem}.md says nothing of data and terms")
        component: Component = {
            "type": "machine-learning-model",
            "name": model.name,
            "version": contract["version"],
            "licenses": _licences([" ".join(terms.split())]),
            "hashes": [{"alg": "SHA-256", "content": digest}],
        }
        yield component


def _licences(names: list[str]) -> list[dict[str, dict[str, str]]]:
    return [{"license": {"name": name}} for name in names]


def _os_release(root: Path) -> str:
    for line in (root / "etc/os-release").read_text("utf-8").splitlines():
        if line.startswith("VERSION_ID="):
            return line.partition("=")[2].strip('"')
    return ""


def listed(root: Path, version: str) -> dict[str, object]:
    """The whole list. OSError where `root` is no Debian system with the program in it."""
    components = [*debian(root), *python(root), *networks(root)]
    for number, component in enumerate(components):
        component["bom-ref"] = f"{number}"
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "firmware", "name": "cabinguard", "version": version}},
        "components": components,
    }


if __name__ == "__main__":
    json.dump(listed(Path(sys.argv[1]), sys.argv[2]), sys.stdout, indent=1)

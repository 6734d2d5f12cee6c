"""What is in an image, as a CycloneDX 1.5 list: Debian's packages, Python's packages, the networks.

    sbom.py ROOT VERSION > image.cdx.json

Read from the finished root file system, so nothing that is in it can be forgotten and nothing else is named.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path
from urllib.parse import quote

Component = dict[str, object]


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
        }
        yield component


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
        }
        licence = fields["License-Expression"] or fields["License"]
        if licence and len(licence) < 80:
            component["licenses"] = [{"license": {"name": " ".join(licence.split())}}]
        yield component


def networks(root: Path) -> Iterator[Component]:
    for model in sorted(
        (root / "opt/cabinguard/versions").glob("*/lib/python3*/site-packages/models/*.tflite")
    ):
        digest = hashlib.sha256(model.read_bytes()).hexdigest()
        component: Component = {
            "type": "machine-learning-model",
            "name": model.name,
            "hashes": [{"alg": "SHA-256", "content": digest}],
        }
        yield component


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

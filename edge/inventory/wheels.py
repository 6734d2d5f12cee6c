"""What a release is made of, from the very files that it carries: each wheel with its own hash."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from edge.faults.fault import FaultError
from edge.inventory.component import Component, Inventory, PartKind
from edge.inventory.cyclonedx import carried
from edge.inventory.environment import own_demands, the_program
from edge.inventory.licences import is_licence, stated_licences
from edge.inventory.networks import networks
from edge.settings.places import MODELS


@dataclass(frozen=True, slots=True)
class _Wheel:
    part: Component
    asks: tuple[str, ...]
    inside: tuple[Component, ...]


def wheels_inventory(wheels: Path, models: Path = MODELS) -> Inventory:
    """This version with each wheel of a folder made by `install.sh fetch`.

    A package may be there in several versions and files, for several Pythons; each file is a part of its own.
    Raises FaultError `inventory_incomplete` where a file is no wheel or one that is asked for is missing.
    """
    found = [_wheel(path) for path in sorted(wheels.glob("*.whl"))]
    there: dict[str, list[str]] = {}
    for one in found:
        there.setdefault(one.part.name, []).append(one.part.ref)
    lacking = [name for name in _names(own_demands()) if name not in there and name not in _ELSEWHERE]
    if lacking:
        raise FaultError("inventory_incomplete", f"{wheels} has no {', '.join(lacking)}")
    parts = [replace(one.part, needs=tuple(_refs(one.asks, there))) for one in found]
    seen = tuple(networks(models))
    program = the_program(_refs(_names(own_demands()), there), seen)
    return Inventory(program, (*parts, *(inner for one in found for inner in one.inside), *seen))


_ELSEWHERE = frozenset({"lgpio", "tflite-runtime", "ai-edge-litert"})
"""Asked for on some Pythons alone; a release for others lacks them."""


def _refs(names: Iterable[str], there: dict[str, list[str]]) -> Iterator[str]:
    for name in names:
        yield from there.get(name, ())


def _names(demands: Iterable[str]) -> tuple[str, ...]:
    """What is asked for on any machine, but for extras."""
    asked = [Requirement(demand) for demand in demands]
    return tuple(
        dict.fromkeys(
            canonicalize_name(one.name)
            for one in asked
            if one.marker is None or "extra" not in str(one.marker)
        )
    )


def _wheel(path: Path) -> _Wheel:
    try:
        with zipfile.ZipFile(path) as archive:
            info = {
                PurePosixPath(name)
                for name in archive.namelist()
                if ".dist-info/" in name and name[-1] != "/"
            }
            (metadata,) = (name for name in info if name.name == "METADATA" and len(name.parts) == 2)
            fields = HeaderParser().parsestr(archive.read(str(metadata)).decode("utf-8"))
            texts = [
                (name.name, archive.read(str(name)).decode("utf-8", "replace"))
                for name in sorted(info)
                if is_licence(name.name)
            ]
            part = _part(path, fields, texts)
            lists = [name for name in sorted(info) if name.parent.name == "sboms" and name.suffix == ".json"]
            inside = tuple(one for name in lists for one in carried(archive.read(str(name)), part))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise FaultError("inventory_incomplete", f"{path.name} is no wheel: {error}") from error
    return _Wheel(part, _names(fields.get_all("Requires-Dist", [])), inside)


def _part(path: Path, fields: Message, texts: list[tuple[str, str]]) -> Component:
    name, version = canonicalize_name(str(fields["Name"])), str(fields["Version"])
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    address = f"pkg:pypi/{name}@{version}?file_name={path.name}"
    return Component(PartKind.LIBRARY, name, version, address, stated_licences(fields, texts), (digest,))

"""An inventory as a CycloneDX 1.6 list in JSON, and back. The same parts give the same bytes.

The format is ECMA-424; its fields are described at https://cyclonedx.org/docs/1.6/json/.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, cast

from edge.inventory.component import Component, Inventory, PartKind
from edge.inventory.licences import SPDX

SPEC: Final = "1.6"

Value = dict[str, object]


def document(inventory: Inventory) -> bytes:
    """The list as it is written to a file."""
    parts = sorted({part.ref: part for part in inventory.parts}.values(), key=lambda part: part.ref)
    body: Value = {
        "metadata": {"component": _component(inventory.program)},
        "components": [_component(part) for part in parts],
        "dependencies": [_needs(part) for part in (inventory.program, *parts)],
    }
    name = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(body, sort_keys=True))
    head: Value = {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPEC}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPEC,
        "serialNumber": f"urn:uuid:{name}",
        "version": 1,
    }
    return (json.dumps({**head, **body}, indent=1, ensure_ascii=False) + "\n").encode()


def _component(part: Component) -> Value:
    value: Value = {"type": part.kind.value, "bom-ref": part.ref, "name": part.name, "version": part.version}
    value["licenses"] = _licences(part.licences)
    if part.purl:
        value["purl"] = part.purl
    if part.kind is PartKind.DATA:
        value["data"] = [{"type": "dataset", "name": part.name}]
    if not part.shipped:
        value["scope"] = "excluded"
    hashes = [{"alg": "SHA-256", "content": one} for one in part.sha256]
    if len(hashes) == 1:
        value["hashes"] = hashes
    elif hashes:  # a package has several files, and an environment has one of them
        page = f"https://pypi.org/project/{part.name}/{part.version}/#files"
        value["externalReferences"] = [{"type": "distribution", "url": page, "hashes": hashes}]
    if part.inside:
        value["properties"] = [{"name": "cabinguard:compiled-into", "value": part.inside}]
    return value


def _licences(stated: Sequence[str]) -> list[Value]:
    """CycloneDX takes one SPDX expression, or any number of licences by identifier or in words."""
    if len(stated) == 1 and _is_expression(stated[0]):
        return [{"expression": stated[0]}]
    return [{"license": {"id" if one in SPDX else "name": one}} for one in stated]


def _is_expression(stated: str) -> bool:
    """Identifiers with AND, OR or WITH between them; one identifier alone is none."""
    words = re.sub(r"[()]", " ", stated).split()
    joined = words[1::2]
    return bool(joined) and len(words) % 2 == 1 and all(word in ("AND", "OR", "WITH") for word in joined)


def _needs(part: Component) -> Value:
    return {"ref": part.ref, "dependsOn": sorted(set(part.needs))}


def parts_of(content: bytes) -> tuple[Component, ...]:
    """The parts of a list that any program wrote, the program itself among them, nested ones too.

    ValueError where it is no CycloneDX list in JSON.
    """
    whole = json.loads(content)
    if not isinstance(whole, dict) or whole.get("bomFormat") != "CycloneDX":
        raise ValueError("it is no CycloneDX list")
    meta = whole.get("metadata")
    first = meta.get("component") if isinstance(meta, dict) else None
    found: list[Component] = []
    _collect([first, *_list(whole.get("components"))], found)
    return tuple(found)


def carried(content: bytes, part: Component) -> Iterator[Component]:
    """What is compiled into a package, from the list that it carries (PEP 770: `.dist-info/sboms`)."""
    for one in parts_of(content):
        address = one.purl.partition("?")[0]
        name, _, version = address.partition("@")
        if version == one.version and version and name.rpartition("/")[2] != part.name:
            yield replace(one, kind=PartKind.LIBRARY, purl=address, inside=part.ref)


def _collect(values: Sequence[object], found: list[Component]) -> None:
    for value in values:
        if not isinstance(value, dict):
            continue
        one = cast(Mapping[str, object], value)
        found.append(
            Component(
                _kind(str(one.get("type"))),
                str(one.get("name", "")),
                str(one.get("version", "")),
                str(one.get("purl", "")),
                tuple(_stated(one)),
                tuple(_sha256(one)),
            )
        )
        _collect(_list(one.get("components")), found)


def _kind(name: str) -> PartKind:
    return PartKind(name) if name in set(PartKind) else PartKind.LIBRARY


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _stated(one: Mapping[str, object]) -> list[str]:
    found = []
    for choice in _list(one.get("licenses")):
        if isinstance(choice, dict):
            licence = choice.get("license")
            inner = licence if isinstance(licence, dict) else choice
            found += [str(inner[key]) for key in ("expression", "id", "name") if key in inner]
    return found


def _sha256(one: Mapping[str, object]) -> list[str]:
    hashes = [each for each in _list(one.get("hashes")) if isinstance(each, dict)]
    return [str(each.get("content")) for each in hashes if each.get("alg") == "SHA-256"]

"""The list of what a version is made of: whole, valid by CycloneDX's own schema, and the same each time."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from edge.cli.main import main
from edge.faults.fault import FaultError
from edge.inventory.component import Component, Inventory, PartKind
from edge.inventory.cyclonedx import document, parts_of
from edge.inventory.environment import LOCK, inventory, own_demands
from edge.inventory.wheels import wheels_inventory
from tests.inventory.valid import check_valid


@pytest.fixture(scope="module")
def listed() -> Inventory:
    return inventory()


@pytest.mark.slow
def test_the_command_writes_a_valid_list_and_the_same_each_time(tmp_path: Path) -> None:
    wheel = tmp_path / "cabinguard.whl"
    wheel.write_bytes(b"a wheel")
    contents = []
    for name in ("one", "two"):
        out = tmp_path / f"{name}.cdx.json"
        assert main(["sbom", "--out", str(out), "--wheel", str(wheel)]) == 0
        contents.append(out.read_text("utf-8"))
    assert contents[0] == contents[1]
    check_valid(contents[0])
    whole = json.loads(contents[0])
    assert whole["metadata"]["component"]["hashes"] == [
        {"alg": "SHA-256", "content": hashlib.sha256(b"a wheel").hexdigest()}
    ]
    assert str(tmp_path) not in contents[0]


@pytest.mark.slow
def test_a_list_that_is_not_valid_would_be_noticed() -> None:
    with pytest.raises(AssertionError):
        check_valid('{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": "x"}]}')


def test_each_package_of_the_lock_for_this_python_stands_in_it(listed: Inventory) -> None:
    from packaging.markers import Marker

    wanted = set()
    for name, version, marker in re.findall(
        r"^([a-z0-9.-]+)==(\S+) ; (.*?) \\$", LOCK.read_text("utf-8"), re.M
    ):
        if Marker(marker).evaluate():
            wanted.add(f"pkg:pypi/{name}@{version}")
    found = {part.purl for part in listed.parts if part.purl.startswith("pkg:pypi/")}
    assert found == wanted
    for part in listed.parts:
        if part.purl.startswith("pkg:pypi/"):
            assert part.sha256, f"{part.name} has no hash"
            assert part.licences != ("not stated",), part.name
            assert not part.inside


def test_what_is_compiled_into_a_wheel_is_named_with_the_wheel(listed: Inventory) -> None:
    """The age library is Rust: a weakness in one of its crates must be found, too."""
    crates = {part.name: part for part in listed.parts if part.inside.startswith("pkg:pypi/pyrage@")}
    assert crates["age"].purl == f"pkg:cargo/age@{crates['age'].version}"
    assert len(crates) > 50
    assert all(part.licences for part in crates.values())


def test_each_network_has_its_hash_and_the_terms_of_what_it_learnt_from(
    listed: Inventory, repo: Path
) -> None:
    found = {part.name: part for part in listed.parts if part.kind is PartKind.NETWORK}
    files = {path.name for path in (repo / "models").glob("*.tflite")}
    assert set(found) == files | {"unusual.json"}
    for name, part in found.items():
        assert part.sha256 == (hashlib.sha256((repo / "models" / name).read_bytes()).hexdigest(),)
    data = {part.name: part for part in listed.parts if part.kind is PartKind.DATA}
    assert data["aghamohammadi94 (hijabs) (face_check)"].licences == ("as the repository says",)
    assert not any(part.shipped for part in data.values())
    assert set(found["fight.tflite"].needs) == {
        part.ref for name, part in data.items() if name.endswith("(fight)")
    }


def test_every_reference_is_there_and_once(listed: Inventory) -> None:
    whole: dict[str, Any] = json.loads(document(listed))
    names = [one["bom-ref"] for one in (whole["metadata"]["component"], *whole["components"])]
    assert len(names) == len(set(names))
    assert [one["ref"] for one in whole["dependencies"]] == names
    assert {name for one in whole["dependencies"] for name in one["dependsOn"]} <= set(names)


def test_what_is_written_is_read_back(listed: Inventory) -> None:
    back = {part.purl: part for part in parts_of(document(listed)) if part.purl.startswith("pkg:pypi/")}
    for part in listed.parts:
        if part.purl in back:
            assert (back[part.purl].name, back[part.purl].version) == (part.name, part.version)
            assert back[part.purl].licences == part.licences
    for wrong in (b"{}", b"[]", b"no json"):
        with pytest.raises(ValueError, match=r"no CycloneDX list|Expecting value"):
            parts_of(wrong)


def test_another_part_is_another_list(listed: Inventory) -> None:
    part = Component(PartKind.LIBRARY, "extra", "1", "pkg:pypi/extra@1", ("MIT", "a term in words"))
    few = replace(listed, program=replace(listed.program, needs=()), parts=())
    other = replace(few, parts=(part,))
    assert json.loads(document(other))["serialNumber"] != json.loads(document(few))["serialNumber"]
    check_valid(document(other).decode())


@pytest.mark.slow
def test_a_package_that_is_not_the_locks_is_refused_by_name(tmp_path: Path) -> None:
    lock = tmp_path / "runtime.lock"
    text = LOCK.read_text("utf-8")
    lock.write_text(re.sub(r"^pyserial==\S+", "pyserial==3.4", text, flags=re.M), "utf-8")
    with pytest.raises(FaultError, match="inventory_incomplete: pyserial"):
        inventory(lock=lock)
    bare = inventory(lock=tmp_path / "none")
    assert not any(part.sha256 for part in bare.parts if part.purl.startswith("pkg:pypi/"))


def wheel(folder: Path, name: str, version: str, *lines: str) -> Path:
    path = folder / f"{name}-{version}-py3-none-any.whl"
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        info = f"{name}-{version}.dist-info"
        archive.writestr(
            f"{info}/METADATA", "\n".join((f"Name: {name}", f"Version: {version}", *lines, "", ""))
        )
        archive.writestr(f"{info}/licenses/LICENSE", "MIT License\n")
        if name == "pyrage":
            crate = {"name": "ring", "version": "1", "purl": "pkg:cargo/ring@1", "licenses": []}
            inner = {"bomFormat": "CycloneDX", "components": [crate]}
            archive.writestr(f"{info}/sboms/x.cdx.json", json.dumps(inner))
    return path


@pytest.mark.slow
def test_a_release_is_listed_by_the_files_that_it_carries(tmp_path: Path) -> None:
    for demand in own_demands():
        name = canonicalize_name(Requirement(demand).name)
        wheel(tmp_path / "wheels", name.replace("-", "_"), "1", "Requires-Dist: cffi; python_version > '3'")
    file = wheel(
        tmp_path / "wheels", "cffi", "2", "License-Expression: MIT-0", "Requires-Dist: x; extra == 'y'"
    )
    found = wheels_inventory(tmp_path / "wheels")
    check_valid(document(found).decode())
    parts = {part.name: part for part in found.parts}
    assert parts["cffi"].sha256 == (hashlib.sha256(file.read_bytes()).hexdigest(),)
    assert parts["cffi"].licences == ("MIT-0",)
    assert parts["tuf"].licences == ("MIT",)
    assert parts["tuf"].needs == (parts["cffi"].ref,)
    assert parts["ring"].inside == parts["pyrage"].ref
    assert parts["pyrage"].ref in found.program.needs
    (tmp_path / "wheels" / "tuf-1-py3-none-any.whl").write_bytes(b"no wheel")
    with pytest.raises(FaultError, match="is no wheel"):
        wheels_inventory(tmp_path / "wheels")
    (tmp_path / "wheels" / "tuf-1-py3-none-any.whl").unlink()
    with pytest.raises(FaultError, match="has no tuf"):
        wheels_inventory(tmp_path / "wheels")

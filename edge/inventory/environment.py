"""What this version is made of in the environment where it runs: its own demands, followed to the end."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from email.parser import HeaderParser
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from edge.faults.fault import FaultError
from edge.inventory.component import Component, Inventory, PartKind
from edge.inventory.cyclonedx import carried
from edge.inventory.licences import licence_files, stated_licences
from edge.inventory.networks import networks
from edge.settings.places import MODELS
from edge.settings.version import program_version

_ROOT: Final = Path(__file__).resolve().parents[2]
LOCK: Final = _ROOT / ".ci" / "runtime.lock"
"""Every package with the hashes of its files; there in a checkout, not in an installed kiosk."""


Locked = Mapping[str, Mapping[str, tuple[str, ...]]]
Asked = tuple[str, frozenset[str]]


def inventory(lock: Path | None = LOCK, wheel: str = "") -> Inventory:
    """All parts of this version, with the hashes of `lock` where that file is there.

    `wheel` is the SHA-256 of the program's own file, where the caller knows it. Raises FaultError
    `inventory_incomplete` where a package that is asked for is missing or is another version than the lock's.
    """
    locked = _locked(lock.read_text("utf-8")) if lock is not None and lock.is_file() else None
    found: dict[str, Component] = {}
    carried: list[Component] = []
    first = _asked(own_demands(), frozenset())
    waiting = list(first)
    while waiting:
        name, extras = waiting.pop()
        if name not in found:
            package = _installed(name)
            asked = _asked(package.requires or [], extras)
            found[name] = _component(name, package, _hashes(name, package.version, locked), asked)
            carried += _carried(package, found[name])
            waiting += asked
    seen = tuple(networks(MODELS))
    program = the_program((found[name].ref for name, _ in first), seen, (wheel,) if wheel else ())
    return Inventory(program, (*found.values(), *carried, *seen))


def the_program(
    libraries: Iterable[str], seen: Iterable[Component], sha256: tuple[str, ...] = ()
) -> Component:
    """This version as a part of its own. It needs these libraries (refs), and the networks among `seen`."""
    version = program_version()
    return Component(
        PartKind.PROGRAM,
        "cabinguard",
        version,
        f"pkg:generic/cabinguard@{version}",
        ("Apache-2.0",),
        sha256,
        (*libraries, *(one.ref for one in seen if one.kind is PartKind.NETWORK)),
    )


def _installed(name: str) -> Distribution:
    try:
        return importlib.metadata.distribution(name)
    except PackageNotFoundError as error:
        raise FaultError("inventory_incomplete", f"{name} is asked for and not installed") from error


def _component(
    name: str, package: Distribution, hashes: tuple[str, ...], asked: Iterable[Asked]
) -> Component:
    folder = (
        Path(str(package.locate_file("")))
        / f"{package.metadata['Name'].replace('-', '_')}-{package.version}.dist-info"
    )
    fields = HeaderParser().parsestr(package.read_text("METADATA") or "")
    return Component(
        PartKind.LIBRARY,
        name,
        package.version,
        f"pkg:pypi/{name}@{package.version}",
        stated_licences(fields, licence_files(folder)),
        hashes,
        tuple(f"pkg:pypi/{one}@{_installed(one).version}" for one, _ in asked),
    )


def _carried(package: Distribution, part: Component) -> Iterator[Component]:
    for path in package.files or []:
        if path.parent.name == "sboms" and path.suffix == ".json":
            yield from carried(path.read_binary(), part)


def own_demands() -> list[str]:
    """What this version asks for, as packages write it."""
    try:
        return importlib.metadata.requires("cabinguard") or []
    except PackageNotFoundError:  # run from the checkout
        project = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        return [str(one) for one in project["dependencies"]]


def _asked(demands: Iterable[str], extras: frozenset[str]) -> list[Asked]:
    """The packages that are asked for on this machine and this Python."""
    found: list[Asked] = []
    for demand in map(Requirement, demands):
        where = demand.marker
        if where is None or any(where.evaluate({"extra": extra}) for extra in (extras or {""})):
            found.append((canonicalize_name(demand.name), frozenset(demand.extras)))
    return found


def _locked(text: str) -> Locked:
    """Package, version and the hashes of each of its files, of a lock as pip reads it."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for block in re.split(r"\n(?=[a-z0-9])", text.replace("\\\n", " ")):
        named = re.match(r"([a-z0-9.-]+)==(\S+)", block)
        if named:
            hashes = tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})", block))
            found.setdefault(named[1], {})[named[2]] = hashes
    return found


def _hashes(name: str, version: str, locked: Locked | None) -> tuple[str, ...]:
    if locked is None:
        return ()
    try:
        return locked[name][version]
    except KeyError as error:
        raise FaultError("inventory_incomplete", f"{name} {version} is not what the lock names") from error

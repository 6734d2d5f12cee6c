"""Which parts of a version a published weakness hits, by package address and version alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from edge.inventory.advisory import Advisory, Affected, Package, package_of
from edge.inventory.component import Component
from edge.inventory.versions import NotComparedError


@dataclass(frozen=True, slots=True)
class Hit:
    """A part that has the weakness. `unsure`: why versions could not be compared; somebody must look."""

    advisory: Advisory
    part: Component
    fixed: tuple[str, ...]
    unsure: str = ""


def hits(parts: Iterable[Component], told: Iterable[Advisory]) -> tuple[Hit, ...]:
    """Every part of these that one of these advisories names in its version, in the order of the parts."""
    known = tuple(told)
    found: dict[tuple[str, str], Hit] = {}
    for part in parts:
        for hit in _of_part(part, known):
            before = found.setdefault((hit.advisory.id, part.ref), hit)
            if before.unsure and not hit.unsure:
                found[hit.advisory.id, part.ref] = hit
    return tuple(found.values())


def _of_part(part: Component, told: tuple[Advisory, ...]) -> Iterator[Hit]:
    names = tuple(_named(part.purl))
    for advisory in told:
        for affected in advisory.affected:
            for package, version, release in names:
                if affected.package == package and _same_release(affected, release):
                    hit = _judged(advisory, part, affected, version)
                    if hit is not None:
                        yield hit


def _named(purl: str) -> Iterator[tuple[Package, str, str]]:
    """The package, and for Debian's also the source that it was built from: advisories name that one."""
    parsed = package_of(purl)
    if parsed is None:
        return
    package, version, words = parsed
    release = words.get("distro", "").removeprefix("debian-")
    yield package, version, release
    source, _, source_version = words.get("upstream", "").partition("@")
    if source:
        yield Package(package.kind, source), source_version or version, release


def _same_release(affected: Affected, release: str) -> bool:
    return not affected.release or not release or affected.release == release


def _judged(advisory: Advisory, part: Component, affected: Affected, version: str) -> Hit | None:
    try:
        if affected.holds(version):
            return Hit(advisory, part, affected.fixed)
    except NotComparedError as error:
        return Hit(advisory, part, affected.fixed, str(error))
    return None

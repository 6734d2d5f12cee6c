"""Published weaknesses as files: OSV (ossf.github.io/osv-schema) and CSAF 2.0 (OASIS) in JSON.

A file may say that a package is hit from one version to another, in versions that it names, or in all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Final, cast
from urllib.parse import unquote

from edge.inventory.versions import compare

_KINDS: Final = {"pypi": "pypi", "crates.io": "cargo", "debian": "deb", "npm": "npm", "go": "golang"}
"""OSV's ecosystems and purl's names for them."""

_HIT: Final = ("known_affected", "first_affected", "last_affected", "under_investigation")
"""The states of CSAF in which a product has to be looked at."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package's name in its index, without a version: purl's type, and the name as that index writes it."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Turn:
    """From this version on it is hit (`begins`), or no more; `after`: only what comes after that version."""

    version: str
    begins: bool
    after: bool = False


@dataclass(frozen=True, slots=True)
class Affected:
    """What of a package is hit. `release`: of Debian's release alone, where one is named."""

    package: Package
    turns: tuple[Turn, ...] = ()
    versions: frozenset[str] = frozenset()
    all_versions: bool = False
    release: str = ""

    @property
    def fixed(self) -> tuple[str, ...]:
        """The versions in which it is repaired."""
        return tuple(turn.version for turn in self.turns if not turn.begins and not turn.after)

    def holds(self, version: str) -> bool:
        """Whether this version is hit. Raises `NotComparedError`."""
        if self.all_versions or version in self.versions:
            return True
        kind = self.package.kind

        def order(one: Turn, other: Turn) -> int:
            if "0" in (one.version, other.version):  # OSV's word for: before any version
                return (one.version != "0") - (other.version != "0")
            return compare(kind, one.version, other.version)

        hit = False
        for turn in sorted(self.turns, key=cmp_to_key(order)):
            gone = 1 if turn.version == "0" else compare(kind, version, turn.version)
            if gone > 0 or (gone == 0 and not turn.after):
                hit = turn.begins
        return hit


@dataclass(frozen=True, slots=True)
class Advisory:
    """One published weakness. `severity` as its file says it, a CVSS vector or a word; empty: not said."""

    id: str
    aliases: tuple[str, ...]
    summary: str
    severity: str
    affected: tuple[Affected, ...]


def package_of(purl: str) -> tuple[Package, str, Mapping[str, str]] | None:
    """A purl's package, version and qualifiers; None where it is none."""
    match = re.fullmatch(r"pkg:([a-z.+-]+)/([^@?#]+)(?:@([^?#]+))?(?:\?([^#]*))?(?:#.*)?", purl)
    if match is None:
        return None
    qualifiers = dict(pair.partition("=")[::2] for pair in (match[4] or "").split("&") if pair)
    name = unquote(match[2])
    kind = match[1]
    if kind == "deb":
        name = name.removeprefix("debian/")
    if kind == "pypi":
        name = re.sub(r"[-_.]+", "-", name).lower()
    words = {key: unquote(value) for key, value in qualifiers.items()}
    return Package(kind, name), unquote(match[3] or ""), words


def advisories(content: bytes) -> tuple[Advisory, ...]:
    """What one file tells. ValueError where it is neither OSV nor CSAF 2."""
    whole = json.loads(content)
    if isinstance(whole, dict) and "vulnerabilities" in whole and "document" in whole:
        return tuple(_csaf(whole))
    if isinstance(whole, dict) and isinstance(whole.get("id"), str) and "affected" in whole:
        return () if whole.get("withdrawn") else (_osv(whole),)
    raise ValueError("it is neither an OSV nor a CSAF 2 file")


# --- OSV ---------------------------------------------------------------------------------------------


def _osv(whole: Mapping[str, object]) -> Advisory:
    stated = [str(one.get("score", "")) for one in _dicts(whole.get("severity"))]
    own = whole.get("database_specific")
    if isinstance(own, dict) and not stated:
        stated = [str(own.get("severity", ""))]
    return Advisory(
        str(whole["id"]),
        tuple(map(str, _list(whole.get("aliases")))),
        str(whole.get("summary") or whole.get("details") or "")[:400],
        next(iter(stated), ""),
        tuple(one for entry in _dicts(whole.get("affected")) for one in _osv_affected(entry)),
    )


def _osv_affected(entry: Mapping[str, object]) -> Iterator[Affected]:
    package = entry.get("package")
    if not isinstance(package, dict):
        return
    system, _, release = str(package.get("ecosystem", "")).partition(":")
    name = str(package.get("name", ""))
    kind = _KINDS.get(system.lower(), system.lower())
    parsed = package_of(f"pkg:{kind}/{name}")
    if parsed is None:
        return
    versions = frozenset(map(str, _list(entry.get("versions"))))
    ranges = [one for one in _dicts(entry.get("ranges")) if one.get("type") in ("ECOSYSTEM", "SEMVER")]
    for one in ranges:
        turns = [turn for event in _dicts(one.get("events")) for turn in _osv_turn(event)]
        yield Affected(parsed[0], tuple(turns), versions, release=release)
    if versions and not ranges:
        yield Affected(parsed[0], versions=versions, release=release)


def _osv_turn(event: Mapping[str, object]) -> Iterator[Turn]:
    for key, value in event.items():
        if key == "introduced":
            yield Turn(str(value), begins=True)
        elif key == "fixed":
            yield Turn(str(value), begins=False)
        elif key == "last_affected":
            yield Turn(str(value), begins=False, after=True)


# --- CSAF --------------------------------------------------------------------------------------------


def _csaf(whole: Mapping[str, object]) -> Iterator[Advisory]:
    products: dict[str, list[Affected]] = {}
    tree = whole.get("product_tree")
    if isinstance(tree, dict):
        _branches(tree, "", products)
        for one in _dicts(tree.get("full_product_names")):
            _product(one, "", products)
        for one in _dicts(tree.get("relationships")):
            whole_product = one.get("full_product_name")
            if isinstance(whole_product, dict):
                name = str(whole_product.get("product_id"))
                products.setdefault(name, []).extend(products.get(str(one.get("product_reference")), []))
    document = whole.get("document")
    tracking = document.get("tracking") if isinstance(document, dict) else None
    title = str(document.get("title", "")) if isinstance(document, dict) else ""
    number = str(tracking.get("id", "")) if isinstance(tracking, dict) else ""
    for one in _dicts(whole.get("vulnerabilities")):
        status = one.get("product_status")
        named = (
            [] if not isinstance(status, dict) else [str(p) for key in _HIT for p in _list(status.get(key))]
        )
        affected = [each for name in dict.fromkeys(named) for each in products.get(name, [])]
        cve = str(one.get("cve", ""))
        yield Advisory(
            cve or number,
            tuple(filter(None, (number if cve else "",))),
            str(one.get("title") or title),
            _csaf_severity(one),
            tuple(affected),
        )


def _csaf_severity(one: Mapping[str, object]) -> str:
    for score in _dicts(one.get("scores")):
        for key in ("cvss_v3", "cvss_v2"):
            told = score.get(key)
            if isinstance(told, dict):
                return str(told.get("vectorString", ""))
    return ""


def _branches(node: Mapping[str, object], span: str, products: dict[str, list[Affected]]) -> None:
    for branch in _dicts(node.get("branches")):
        name = str(branch.get("name", ""))
        here = name if branch.get("category") == "product_version_range" else span
        product = branch.get("product")
        if isinstance(product, dict):
            _product(product, here, products)
        _branches(branch, here, products)


def _product(one: Mapping[str, object], span: str, products: dict[str, list[Affected]]) -> None:
    helper = one.get("product_identification_helper")
    if not isinstance(helper, dict):
        return
    for purl in [helper.get("purl"), *_list(helper.get("purls"))]:
        parsed = package_of(str(purl))
        if parsed is not None:
            affected = _csaf_affected(parsed[0], parsed[1], span)
            products.setdefault(str(one.get("product_id")), []).append(affected)


def _csaf_affected(package: Package, version: str, span: str) -> Affected:
    if version:
        return Affected(package, versions=frozenset({version}))
    if not span.startswith("vers:"):
        return Affected(package, all_versions=True)
    turns: list[Turn] = []
    exact: set[str] = set()
    for part in span.partition("/")[2].split("|"):
        match = re.fullmatch(r"\s*(>=|<=|>|<|=|\*)?\s*(.*?)\s*", part)
        if match is None:
            continue
        sign, value = match[1] or "=", unquote(match[2])
        if sign == "*":
            return Affected(package, all_versions=True)
        if sign == "=":
            exact.add(value)
            continue
        if sign in ("<", "<=") and not any(turn.begins for turn in turns):
            turns.append(Turn("0", begins=True))
        turns.append(Turn(value, begins=sign in (">", ">="), after=sign in (">", "<=")))
    return Affected(package, tuple(turns), frozenset(exact))


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _dicts(value: object) -> list[Mapping[str, object]]:
    return [cast(Mapping[str, object], one) for one in _list(value) if isinstance(one, dict)]

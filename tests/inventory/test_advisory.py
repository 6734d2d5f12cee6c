"""A published weakness hits the parts that it names, in the versions that it names, and no others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from edge.cli.main import main
from edge.inventory.advisory import advisories, package_of
from edge.inventory.component import Component, PartKind
from edge.inventory.match import Hit, hits
from edge.inventory.versions import NotComparedError, compare


def part(purl: str, inside: str = "") -> Component:
    parsed = package_of(purl)
    assert parsed is not None
    return Component(PartKind.LIBRARY, parsed[0].name, parsed[1], purl, ("MIT",), inside=inside)


def osv(system: str, name: str, *events: dict[str, str], versions: tuple[str, ...] = ()) -> bytes:
    affected = {
        "package": {"ecosystem": system, "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": list(events)}] if events else [],
        "versions": list(versions),
    }
    told = {"id": "GHSA-1", "aliases": ["CVE-1"], "summary": "a hole", "affected": [affected]}
    return json.dumps(told).encode()


def found(purl: str, content: bytes) -> tuple[Hit, ...]:
    return hits([part(purl)], advisories(content))


def test_a_range_begins_with_its_first_version_and_ends_before_the_repaired_one() -> None:
    content = osv("PyPI", "Paho.MQTT", {"introduced": "2.0"}, {"fixed": "2.2.0"})
    assert [
        bool(found(f"pkg:pypi/paho-mqtt@{one}", content)) for one in ("1.9", "2.0", "2.1.5", "2.2.0")
    ] == [
        *(False, True, True, False),
    ]
    assert found("pkg:pypi/paho-mqtt@2.1", content)[0].fixed == ("2.2.0",)
    assert not found("pkg:pypi/paho@2.1", content)
    assert not found("pkg:cargo/paho-mqtt@2.1", content), (
        "a package of the same name elsewhere is another one"
    )
    last = osv(
        "PyPI", "x", {"introduced": "0"}, {"last_affected": "1.4"}, {"introduced": "2"}, versions=("1.9",)
    )
    assert [
        bool(found(f"pkg:pypi/x@{one}", last)) for one in ("0.1", "1.4", "1.5", "1.9", "2.0rc1", "3")
    ] == [
        *(True, True, False, True, False, True),
    ]


releases = st.builds("{}.{}".format, st.integers(0, 3), st.integers(0, 3))


@pytest.mark.slow
@settings(max_examples=60)
@given(st.lists(st.tuples(releases, releases), max_size=3), releases)
def test_ranges_are_what_comparing_one_by_one_gives(pairs: list[tuple[str, str]], version: str) -> None:
    """Pairs that do not overlap, told in any order."""
    ordered = sorted({one for pair in pairs for one in pair}, key=Version)
    spans = list(zip(ordered[::2], ordered[1::2], strict=False))
    told = [{"introduced": a} for a, _ in spans] + [{"fixed": b} for _, b in spans]
    wanted = any(Version(a) <= Version(version) < Version(b) for a, b in spans)
    assert bool(found(f"pkg:pypi/x@{version}", osv("PyPI", "x", *reversed(told)))) is wanted


def test_what_is_compiled_in_is_found_with_where_it_is() -> None:
    crate = part("pkg:cargo/ring@0.17.5", "pkg:pypi/pyrage@1.4.0")
    told = advisories(osv("crates.io", "ring", {"introduced": "0"}, {"fixed": "0.17.12"}))
    (hit,) = hits([crate, part("pkg:pypi/ring@0.17.5")], told)
    assert hit.part.inside == "pkg:pypi/pyrage@1.4.0"


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="no dpkg here")
def test_debians_advisories_name_the_source_and_the_release() -> None:
    told = osv("Debian:12", "openssl", {"introduced": "0"}, {"fixed": "3.0.15-1~deb12u1"})
    purl = "pkg:deb/debian/libssl3@{}?arch=arm64&distro=debian-{}&upstream=openssl"
    assert found(purl.format("3.0.14-1~deb12u2", 12), told)
    assert not found(purl.format("3.0.15-1~deb12u1", 12), told)
    assert not found(purl.format("3.0.14-1~deb12u2", 13), told), "another release has another repair"
    other = "pkg:deb/debian/libssl3@9?distro=debian-12&upstream=openssl%403.0.14"
    assert found(other, told), "the version of the source counts, not the package's own"


def test_what_cannot_be_compared_is_said_and_not_passed_over() -> None:
    (hit,) = found("pkg:pypi/x@not-a-version", osv("PyPI", "x", {"introduced": "0"}, {"fixed": "2"}))
    assert "no order" in hit.unsure
    with pytest.raises(NotComparedError):
        compare("pypi", "1", "two")


def csaf(*products: dict[str, object], affected: tuple[str, ...] = ("p",)) -> bytes:
    status = {"known_affected": list(affected), "fixed": ["q"]}
    told = {
        "document": {"title": "An advisory", "tracking": {"id": "BSI-1"}},
        "product_tree": {"branches": [{"category": "vendor", "name": "v", "branches": list(products)}]},
        "vulnerabilities": [{"cve": "CVE-2", "title": "a hole", "product_status": status}],
    }
    return json.dumps(told).encode()


def product(name: str, purl: str, span: str = "") -> dict[str, object]:
    helper = {"product_identification_helper": {"purl": purl}}
    category = "product_version_range" if span else "product_version"
    return {"category": category, "name": span or "1", "product": {"product_id": name, **helper}}


def test_csaf_names_one_version_a_range_or_all() -> None:
    exact = csaf(product("p", "pkg:pypi/x@1.5"), product("q", "pkg:pypi/x@1.6"))
    assert [bool(found(f"pkg:pypi/x@{one}", exact)) for one in ("1.4", "1.5", "1.6")] == [False, True, False]
    span = csaf(product("p", "pkg:pypi/x", "vers:pypi/<1.2|>=2.0|<=2.3|3.1"))
    answers = [bool(found(f"pkg:pypi/x@{one}", span)) for one in ("1.1", "1.2", "2.0", "2.3", "2.4", "3.1")]
    assert answers == [True, False, True, True, False, True]
    assert found("pkg:pypi/x@77", csaf(product("p", "pkg:pypi/x")))
    assert not found("pkg:pypi/x@77", csaf(product("q", "pkg:pypi/x")))
    assert found("pkg:pypi/x@1.5", exact)[0].advisory.aliases == ("BSI-1",)


def test_what_was_withdrawn_hits_nothing_and_odd_files_are_refused() -> None:
    told = json.loads(osv("PyPI", "x", {"introduced": "0"}))
    assert found("pkg:pypi/x@1", json.dumps(told).encode())
    assert not advisories(json.dumps({**told, "withdrawn": "2026-01-01T00:00:00Z"}).encode())
    for odd in (b"{}", b"[1]", b'{"id": 1, "affected": []}'):
        with pytest.raises(ValueError, match="neither"):
            advisories(odd)


def nested(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)


@pytest.mark.slow
@settings(max_examples=40)
@given(st.recursive(st.none() | st.text(max_size=4), nested, max_leaves=6))
def test_a_file_of_any_shape_is_read_or_refused(value: object) -> None:
    for told in (
        {"id": "A", "affected": value},
        {"document": value, "vulnerabilities": value, "product_tree": value},
    ):
        hits([part("pkg:pypi/x@1")], advisories(json.dumps(told).encode()))


@pytest.mark.slow
def test_the_command_says_which_parts_of_this_version_are_hit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from importlib.metadata import version

    here = version("cryptography")
    file = tmp_path / "one.json"
    file.write_bytes(osv("PyPI", "cryptography", {"introduced": "40"}, {"fixed": f"{here}.post1"}))
    assert main(["vulnerability", "check", str(file)]) == 1
    said = capsys.readouterr().out
    assert f"GHSA-1 CVE-1: pkg:pypi/cryptography@{here}, repaired in {here}.post1: a hole" in said
    file.write_bytes(osv("PyPI", "cryptography", {"introduced": "40"}, {"fixed": here}))
    assert main(["vulnerability", "check", str(file)]) == 0
    out = tmp_path / "list.json"
    assert main(["sbom", "--out", str(out)]) == 0
    file.write_bytes(osv("crates.io", "age", {"introduced": "0"}))
    capsys.readouterr()
    assert main(["vulnerability", "check", str(file), "--sbom", str(out), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["purl"].startswith("pkg:cargo/age@")
    file.write_text("{}")
    assert main(["vulnerability", "check", str(file)]) == 3
    assert "advisory_unreadable" in capsys.readouterr().err

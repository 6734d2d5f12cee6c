"""The fault catalogue: complete in both directions, short, and readable when things go wrong."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.faults.catalogue import CATALOGUE
from edge.faults.explain import explain, fault, troubleshooting
from edge.faults.fault import FaultError
from edge.fleet.link import Trouble
from edge.service.fleet import code_of
from edge.terms.observation import CameraHealth
from hw.ports import KeypadFault, ModemTrouble

# Which argument of these calls is a code.
_RAISERS = {
    "FaultError": 0,
    "HardwareError": 0,
    "ModelFault": 0,
    "explain": 0,
    "fault": 0,
    "trouble_beside": 0,
    "NotWritten": 1,
    "DeviceFailed": 1,
}

_BY_ENUM = (
    {code_of(trouble) for trouble in Trouble}
    | {f"modem_{trouble}" for trouble in ModemTrouble}
    | {f"camera_{health}" for health in CameraHealth if health is not CameraHealth.OK}
    | {f"{pad}_{trouble}" for trouble in KeypadFault for pad in ("keypad", "customer_keypad")}
)


def _sources(repo: Path) -> Iterator[tuple[Path, ast.Module]]:
    for room in ("edge", "hw"):
        for path in sorted((repo / room).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"), str(path))


def _codes_in_calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        place = _RAISERS.get(name)
        candidates = [kw.value for kw in node.keywords if kw.arg == "code"]
        if place is not None and len(node.args) > place:
            candidates.append(node.args[place])
        for value in candidates:
            for constant in ast.walk(value):
                if (
                    isinstance(constant, ast.Constant)
                    and isinstance(constant.value, str)
                    and re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)+", constant.value)
                ):
                    yield node.lineno, constant.value


def _texts(tree: ast.Module) -> set[str]:
    return {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


@pytest.mark.slow
def test_every_code_that_the_program_names_is_in_the_catalogue(repo: Path) -> None:
    unknown = [
        f"{path.relative_to(repo)}:{line} {code}"
        for path, tree in _sources(repo)
        for line, code in _codes_in_calls(tree)
        if code not in CATALOGUE
    ]
    assert not unknown, "not in edge/faults/catalogue.py: " + "; ".join(unknown)


def test_every_code_of_an_enumeration_is_in_the_catalogue() -> None:
    assert set(CATALOGUE) >= _BY_ENUM


@pytest.mark.slow
def test_every_fault_in_the_catalogue_is_named_by_the_program(repo: Path) -> None:
    named = set(_BY_ENUM)
    for path, tree in _sources(repo):
        if path.name != "catalogue.py":
            named |= _texts(tree)
    assert not [code for code in CATALOGUE if code not in named], "nothing raises these"


def test_the_search_finds_a_code_that_is_missing() -> None:
    tree = ast.parse("raise FaultError('no_such_fault' if x else 'disk_full', 'detail')")
    assert {code for _, code in _codes_in_calls(tree)} == {"no_such_fault", "disk_full"}


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_a_fault_says_all_four_things_briefly(code: str) -> None:
    entry = fault(code)
    assert entry.code == code
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)+", code)
    for text in (entry.cause, entry.door, entry.remedy):
        assert 10 <= len(text) <= 110, text
        assert text[0].isupper() or text.startswith("chmod"), text
        assert text.endswith("."), text
    lines = explain(code, "port /dev/ttyS0").splitlines()
    assert [line.split(":")[0] for line in lines] == ["fault", "cause", "door", "remedy"]
    assert code in lines[0]
    assert "(port /dev/ttyS0)" in lines[1]


def test_an_unknown_code_is_still_explained() -> None:
    assert explain("never_heard_of", "x").startswith(
        "fault:  never_heard_of\ncause:  An unforeseen fault. (x)\n"
    )


def test_the_error_carries_code_and_detail() -> None:
    error = FaultError("disk_full", "12 kB free")
    assert (error.code, error.detail, str(error)) == ("disk_full", "12 kB free", "disk_full: 12 kB free")
    assert str(FaultError("disk_full")) == "disk_full"


def test_the_troubleshooting_table_has_a_row_for_each_and_no_stray_bar() -> None:
    lines = troubleshooting().splitlines()
    assert len(lines) == len(CATALOGUE) + 2
    for line in lines:
        assert line.replace("\\|", "").count("|") == 5
    assert "| `disk_full` |" in troubleshooting()

"""Cosines of templates, the limits from the contract, and duplicates among a thousand people."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

from edge.faults.catalogue import CATALOGUE
from edge.identity.likeness import (
    BEST_OF,
    CONTRACT,
    Known,
    Points,
    PointsFault,
    between,
    duplicates,
    likeness,
    read_points,
)
from edge.terms.identity import TEMPLATE_NUMBERS, Template
from tests.worlds.owner_looks import OWNER, template_at

POINTS = Points(0.45, 0.2, 0.6)


@pytest.mark.parametrize("cosine", [1.0, 0.7, 0.3, 0.0, -0.5, -1.0])
def test_a_likeness_is_the_cosine(cosine: float) -> None:
    assert likeness(template_at(cosine), [OWNER]) == pytest.approx(cosine, abs=0.01)
    assert between(template_at(cosine), OWNER) == pytest.approx(cosine, abs=0.01)


def test_a_look_is_as_like_as_the_likest_of_a_persons_templates() -> None:
    many = [template_at(c) for c in (0.9, 0.8, 0.7, -0.9, -0.8)]
    assert BEST_OF == 3
    assert likeness(OWNER, many) == pytest.approx(0.8, abs=0.01)
    assert likeness(OWNER, many[:2]) == pytest.approx(0.85, abs=0.01)


@pytest.mark.parametrize("numbers", [b"", b"\x01" * 255, bytes(TEMPLATE_NUMBERS)])
def test_what_is_no_template_is_refused(numbers: bytes) -> None:
    with pytest.raises(ValueError, match="template"):
        likeness(Template(numbers), [OWNER])
    with pytest.raises(ValueError, match="template"):
        Known([Template(numbers)])


def test_a_template_is_not_printed() -> None:
    assert repr(OWNER) == "Template()"


def test_the_delivered_limits_are_in_order(repo: Path) -> None:
    points = read_points(repo / "models")
    assert 0.0 < points.another < points.same <= points.duplicate < 1.0


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "model_missing"),
        (b"{", "model_damaged"),
        (b"\xff\xfe", "model_damaged"),
        (json.dumps({"operating_points": {"same": 0.4}}).encode(), "model_damaged"),
        (
            json.dumps({"operating_points": {"same": 0.2, "another": 0.3, "duplicate": 0.5}}).encode(),
            "model_damaged",
        ),
        (
            json.dumps({"operating_points": {"same": 2.0, "another": 0.3, "duplicate": 3.0}}).encode(),
            "model_damaged",
        ),
    ],
)
def test_limits_that_cannot_be_right_are_a_fault_by_name(
    tmp_path: Path, content: bytes | None, code: str
) -> None:
    if content is not None:
        (tmp_path / CONTRACT).write_bytes(content)
    with pytest.raises(PointsFault) as raised:
        read_points(tmp_path)
    assert raised.value.code == code
    assert code in CATALOGUE


def test_a_duplicate_is_found_among_a_thousand_people_and_nobody_else() -> None:
    rng = np.random.default_rng(3)
    people = rng.normal(size=(1000, TEMPLATE_NUMBERS))

    def looks(person: int, count: int) -> list[Template]:
        rows = people[person] + 0.6 * rng.normal(size=(count, TEMPLATE_NUMBERS))
        return [Template(np.clip(np.rint(row * 30), -127, 127).astype(np.int8).tobytes()) for row in rows]

    among = {person: looks(person, 10) for person in range(1000)}
    begun_s = time.process_time()
    found = duplicates(looks(417, 10), among, POINTS)
    assert time.process_time() - begun_s < 1.0
    assert [person for person, _ in found] == [417]
    assert duplicates(looks(417, 10), {n: t for n, t in among.items() if n != 417}, POINTS) == ()
    assert duplicates([], among, POINTS) == duplicates(looks(1, 1), {}, POINTS) == ()

"""The page on compliance: no clause without an answer, no answer without something that shows it."""

from __future__ import annotations

import pytest

from tests.clauses import CLAUSES
from tests.compliance import PAGE, problems

TEXT = PAGE.read_text("utf-8")


def test_every_clause_of_every_list_has_one_answer() -> None:
    assert not list(problems(TEXT))


def test_the_lists_are_as_long_as_their_texts() -> None:
    """Counted once by hand: table B.1 has 78 provisions, an embedded device 51 requirements beside four."""
    assert {title: len(clauses) for title, clauses in CLAUSES.items()} == {
        "EU Cyber Resilience Act: Annex I": 22,
        "EU Cyber Resilience Act: Articles 13 and 14": 35,
        "ETSI EN 303 645": 78,
        "IEC 62443-4-2": 55,
        "IEC 62676-4": 24,
        "EN 50131-1, event recording": 20,
        "GDPR": 33,
        "DPDP Act": 21,
        "RBI": 12,
        "PCI": 30,
    }
    assert all(len(set(clauses)) == len(clauses) for clauses in CLAUSES.values())


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("| 5.4-3 |", "| 5.4-33 |", "5.4-3 is missing"),
        ("| 5.4-3 |", "| 5.4-2 |", "stands there twice"),
        ("| CR 3.7 | errors say no more than they must | shown |", "| CR 3.7 | x | done |", "no answer"),
        ("::test_an_older_release`", "::test_an_older_relief`", "no test test_an_older_relief"),
        ("missing: signed boot", "signed boot", "what is missing"),
        ("(attacks.md)", "(attack.md)", "no page attack.md"),
        ("`cabinguard erase`", "`cabinguard erasing`", "no command erasing"),
        ("| 14(1) | an exploited", "| 14(1) | | an exploited", "14(1) is missing"),
        ("| IEC 62443-4-2 | ", "| IEC 62443-4-2 | 1", "counts are old"),
    ],
)
def test_what_is_wrong_would_be_noticed(was: str, now: str, said: str) -> None:
    assert was in TEXT
    found = list(problems(TEXT.replace(was, now, 1)))
    assert any(said in one for one in found), found

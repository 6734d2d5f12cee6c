"""The table of recoveries: every fault is outlived, and the README's copy is the one measured today."""

from __future__ import annotations

from pathlib import Path

import pytest

from hw.modem.fake import FAULTS
from tests.modem_recovery import FAULTS as MEASURED
from tests.modem_recovery import LASTS_S, measure, table

README = Path(__file__).resolve().parent.parent / "hw" / "modem" / "README.md"


def test_every_fault_is_in_the_table() -> None:
    measured = {fault.partition(":")[0] for fault, _, _ in MEASURED}
    assert measured == {*FAULTS, "cms"} - {"undelivered", "wrong_pin"}


@pytest.mark.parametrize(("fault", "cure", "words"), MEASURED)
def test_an_alert_outlives_every_fault(fault: str, cure: str, words: str) -> None:
    found = measure(fault, cure, words)
    assert found.accepted_s is not None
    assert found.accepted_s < max(found.ends_s, LASTS_S) + 60
    if cure:
        assert found.ends_s <= LASTS_S


def test_the_readme_has_today_s_table() -> None:
    """Run `python -m tests.modem_recovery` and put its output there."""
    text = README.read_text("utf-8")
    shown = text.partition("<!-- recovery -->\n")[2].partition("<!-- /recovery -->")[0]
    assert shown == table()

"""The table of recoveries: every fault is outlived, and the README's copy is the one measured today."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.journal import reader as journal
from edge.loop.happening import Happening
from hw.modem.fake.profiles import FAULTS
from tests.modem_recovery import FAULTS as MEASURED
from tests.modem_recovery import LASTS_S, measure, table
from tests.worlds.desk_world import scripted_desk

README = Path(__file__).resolve().parents[2] / "hw" / "modem" / "README.md"


def test_every_fault_is_in_the_table() -> None:
    measured = {fault.partition(":")[0] for fault, _, _ in MEASURED}
    assert measured == {*FAULTS, "cms"} - {"undelivered", "wrong_pin"}


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "cure", "words"), MEASURED)
def test_an_alert_outlives_every_fault(fault: str, cure: str, words: str) -> None:
    found = measure(fault, cure, words)
    assert found.accepted_s is not None
    assert found.accepted_s < max(found.ends_s, LASTS_S) + 60
    if cure:
        assert found.ends_s <= LASTS_S + 20


@pytest.mark.slow
def test_each_rung_is_kept_in_the_record(tmp_path: Path) -> None:
    heard: list[Happening] = []
    desk, _ = scripted_desk(tmp_path, heard.append)
    desk.run_to(5.0)
    desk.phone.fault("mute", cure="reopen")
    desk.run_to(120.0)
    desk.close()
    assert not desk.phone.faults
    told = [h.data for h in heard if h.data.get("name") == "modem_recovery"]
    assert [(data["rung"], data["worked"]) for data in told] == [
        ("soft reset", False),
        ("modem reset", False),
        ("port reopened", True),
    ]
    assert all(data["for"] == "mute" for data in told)
    assert all(isinstance(data["took_s"], float) and data["took_s"] > 1 for data in told)
    kept = [line for line in journal.lines(tmp_path / "journal.db") if line.name == "modem_recovery"]
    assert [json.loads(line.data)["rung"] for line in kept] == [data["rung"] for data in told]


@pytest.mark.slow
def test_a_modem_that_fails_in_another_way_is_told_anew(tmp_path: Path) -> None:
    heard: list[Happening] = []
    desk, _ = scripted_desk(tmp_path, heard.append)
    desk.run_to(5.0)
    desk.phone.fault("mute")
    desk.run_to(60.0)
    desk.phone.fault("no_sim")
    desk.phone.fault("mute", on=False)
    desk.run_to(200.0)
    desk.phone.fault("no_sim", on=False)
    desk.run_to(300.0)
    desk.close()
    told = [h.data for h in heard if h.data.get("name") in ("device_failed", "device_recovered")]
    assert [data.get("code") for data in told] == ["modem_mute", None, "modem_no_sim", None]
    texts = [text.text for text in desk.phone.texts]
    assert any("modem_no_sim" in text for text in texts), "told when there is a way again"


@pytest.mark.slow
def test_the_readme_has_today_s_table() -> None:
    """Run `python -m tests.modem_recovery` and put its output there."""
    text = README.read_text("utf-8")
    shown = text.partition("<!-- recovery -->\n")[2].partition("<!-- /recovery -->")[0]
    assert shown == table()

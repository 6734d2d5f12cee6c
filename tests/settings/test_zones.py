"""Time zones without files, under retired names and while the clocks are set; no command stops for one."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edge.messages.texts import Context, make_text
from edge.settings.zones import find_zone, nearest_zone, zone_of, zones_missing
from edge.terms.record import Channel, OutboxRow, Recipient
from edge.words.language import LanguageName
from hw.modem import pdu

SHIPPED = "import zoneinfo\nzoneinfo.reset_tzpath(())\n"
"""A machine without time zone files of its own."""
NOTHING = "import sys\nsys.modules['tzdata'] = None\n"
"""And without the package."""


def _said(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["UTC", "Asia/Kolkata", "Asia/Calcutta", "US/Eastern", "Asia/Katmandu", "GB"]
)
def test_right_and_retired_names_need_no_file_of_the_system(name: str) -> None:
    load = f"from edge.settings.load import load\nprint(load(None, ['cabin.timezone={name}']).cabin.timezone)"
    assert _said(SHIPPED + load) == name
    here = datetime(2026, 7, 1, tzinfo=UTC).astimezone(zone_of(name)).strftime("%H:%M")
    time = "from datetime import *\nfrom edge.settings.zones import zone_of\n"
    time += f"print(datetime(2026, 7, 1, tzinfo=UTC).astimezone(zone_of('{name}')).strftime('%H:%M'))"
    assert _said(SHIPPED + time) == here


@pytest.mark.slow
def test_utc_needs_nothing_at_all_and_any_other_is_read_as_utc_then() -> None:
    script = "from edge.settings.load import load\nfrom edge.messages.texts import Context\n"
    for name in ("UTC", "Asia/Kolkata", "Europe/Berlin"):
        say = f"print(Context.of(load(None, ['cabin.timezone={name}'])).zone)"
        assert _said(SHIPPED + NOTHING + script + say) == "UTC"


@pytest.mark.slow
def test_the_program_starts_without_time_zone_files(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "edge", "settings", "--check", "--set", "cabin.timezone=Asia/Calcutta"],
        env={**os.environ, "PYTHONTZPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["Mars/Olympus", "../../etc/passwd", "Asia", "/etc/passwd", "Asia/\0"])
def test_what_is_no_zone(name: str) -> None:
    assert find_zone(name) is None
    assert zone_of(name) is UTC
    assert not zones_missing(), "so it is the name that is wrong"


def test_the_nearest_name() -> None:
    assert nearest_zone("Asia/Kolkatta") == "Asia/Kolkata"
    assert nearest_zone("Berlin/Europe/x/y/z/0123456789") == ""


# --- the hour in which the clocks are set ---------------------------------------------------------


def _code_text(zone: str, at: datetime, language: str = "en", ttl_s: float = 300.0) -> str:
    wall_s = at.timestamp()
    row = OutboxRow(37, 12, "code", 2, Recipient.WATCHMAN, Channel.SMS, wall_s, ttl_s, "2 of 5", tries=1)
    context = Context("Cabin 1", "Main Road 5, Pune", language, ZoneInfo(zone))
    return make_text(row, context, wall_s, code="417", until_wall_s=wall_s + ttl_s)


def _utc(month: int, day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "at", "said"),
    [
        ("Europe/Berlin", _utc(10, 25, 0, 58), "for 5 min"),  # 02:58, it would be "until 02:03"
        ("Europe/Berlin", _utc(10, 25, 0, 10), "for 5 min"),  # 02:10, which comes again in an hour
        ("Europe/Berlin", _utc(10, 25, 1, 10), "for 5 min"),  # 02:10 again
        ("Europe/Berlin", _utc(10, 24, 23, 58), "for 5 min"),  # ends in the hour that comes twice
        ("Europe/Berlin", _utc(3, 29, 0, 58), "for 5 min"),  # 01:58, it would be "until 03:03"
        ("America/New_York", _utc(11, 1, 5, 58), "for 5 min"),
        ("Australia/Lord_Howe", _utc(4, 4, 14, 58), "for 5 min"),  # back by half an hour
        ("Europe/Berlin", _utc(10, 25, 2, 10), "until 03:15"),
        ("Europe/Berlin", _utc(10, 24, 22, 10), "until 00:15"),
        ("Asia/Kolkata", _utc(10, 25, 0, 58), "until 06:33"),
    ],
)
def test_a_codes_end_cannot_be_taken_for_past(zone: str, at: datetime, said: str) -> None:
    assert f", {said}, earlier ones void" in _code_text(zone, at)


@pytest.mark.parametrize("language", LanguageName)
def test_it_is_said_in_every_language_and_fits(language: str) -> None:
    usual = _code_text("Europe/Berlin", _utc(10, 24, 12, 0), language, 1800.0)
    twice = _code_text("Europe/Berlin", _utc(10, 25, 0, 58), language, 1800.0)
    assert ":" in usual.partition("CODE")[2]
    assert ":" not in twice.partition("CODE")[2]
    assert "30" in twice
    assert len(pdu.split(twice)) <= len(pdu.split(usual))


def test_minutes_are_never_more_than_there_are() -> None:
    for ttl_s in (60, 119, 120, 299, 301):
        text = _code_text("Europe/Berlin", _utc(10, 25, 0, 58), ttl_s=float(ttl_s))
        assert f"for {ttl_s // 60} min" in text


def test_an_alert_in_the_hour_that_comes_twice_says_which() -> None:
    for at, said in ((_utc(10, 25, 0, 30), "02:30 CEST"), (_utc(10, 25, 1, 30), "02:30 CET")):
        row = OutboxRow(38, 12, "locked", 0, Recipient.CONTROL_ROOM, Channel.SMS, at.timestamp(), 9.0, "mask")
        text = make_text(row, Context("Cabin 1", "", "en", ZoneInfo("Europe/Berlin")), at.timestamp())
        assert said in text

"""Makes the reports that people look at: stories played on a story clock, a month of visits made of them.

python -m tests.make_reports FOLDER            # incident, day and month, as HTML and PDF
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final

from edge.bench.playing import play_story
from edge.bench.story import find
from edge.reports.document import Maker
from edge.reports.listing import Incidents, Wanted
from edge.reports.of_incident import incident_report
from edge.reports.of_period import day_report, month_report
from edge.reports.pdf import browser, to_pdf
from edge.settings.load import load
from edge.settings.zones import zone_of
from edge.words.language import LanguageName
from tests.worlds.month_world import Month, Played, played

STORIES: Final = (
    ("proper-face", 70.0),
    ("mask-off", 14.0),
    ("leaves", 5.0),
    ("three-wrong", 3.0),
    ("exit-button", 2.0),
    ("never-shown", 2.0),
    ("two-persons", 3.0),
)
FIRST: Final = date(2026, 1, 1)
_CHECKED: Final = ("aim", "zones", "masks", "outputs", "keys", "contacts", "texts", "self_test")
_SIGNED: Final = dict.fromkeys(_CHECKED, "ok") | {"enrolment": "skipped"}


def play_all(folder: Path, stories: Sequence[tuple[str, float]] = STORIES) -> list[tuple[Played, float]]:
    """Each story once, with its weight; one whose record is in the folder already is not played again."""
    found = []
    for name, weight in stories:
        story, where = find(name), folder / name
        if not (where / "journal.db").exists():
            where.mkdir(parents=True)
            settings = load(None, list(story.settings))
            outcome = play_story(story, settings, lambda happening: None, folder=where)
            assert outcome.ok, (name, outcome)
        found.append((played(where, name), weight))
    return found


def make_month(folder: Path, stories: list[tuple[Played, float]]) -> Maker:
    """The record of January 2026, signed for on its first morning."""
    settings = load(
        None,
        [
            f"paths.data={folder}",
            "cabin.name=Cabin 14",
            "cabin.address=Station Road 3",
            "cabin.timezone=Asia/Kolkata",
        ],
    )
    zone = zone_of(settings.cabin.timezone)
    month = Month(folder, datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=zone).timestamp())
    for number in range(31):
        if number == 0:
            month.sign("R. Sharma", _SIGNED)
        month.day(stories, 26 + 5 * (number % 4), pictures=number == 13)
        if number in (6, 19):
            month.clock.mono_s -= 8 * 3600.0
            month.fault("modem", "modem_not_registered", 400.0)
            month.clock.mono_s += 8 * 3600.0 - 400.0
    made_wall_s = month.clock.wall_s() + 3600.0
    month.close()
    return Maker.of(settings, LanguageName.EN, True, made_wall_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    maker = make_month(folder / "month", play_all(folder / "stories"))
    day = date(2026, 1, 14)
    incidents = Incidents(maker.record, zone_of(maker.settings.cabin.timezone))
    locked = next(one for one in incidents.all_of(Wanted(day=day)) if one.locked_s is not None)
    reports = {
        "day": day_report(maker, day),
        "month": month_report(maker, 2026, 1),
        "incident": incident_report(maker, locked.incident) or "",
    }
    for name, html in reports.items():
        (folder / f"{name}.html").write_text(html)
        if browser() is not None:
            (folder / f"{name}.pdf").write_bytes(to_pdf(html))
        print(f"{name}: {len(html) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()

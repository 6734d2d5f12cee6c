"""How long a report takes from a full record, and how much memory it and the page's list of incidents need.

    python -m tests.bench_report FOLDER --stories FOLDER [--mb 64]

FOLDER gets a record of that size, made of the stories' lines (`tests.make_reports` plays them); one that is
there already is used again. Each measurement is a process of its own; times are of the processor, so that
nothing else that runs counts, and memory is the most that the process had.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from edge.journal.file import NAME
from edge.settings.zones import zone_of
from tests.make_reports import FIRST, play_all
from tests.worlds.month_world import Month, Played

_MEASURE: Final = """
import time
began = time.process_time()
{imports}
imported = time.process_time()
{work}
done = time.process_time()
status = open("/proc/self/status").read()
most_kb = int(status.split("VmHWM:")[1].split()[0])
print(f"{{imported - began:.2f}} {{done - imported:.2f}} {{most_kb / 1024:.0f}}")
"""

_SETTINGS: Final = """
from pathlib import Path
from edge.settings.load import load
settings = load(None, ["paths.data=FOLDER", "cabin.timezone=Asia/Kolkata"])
"""

_WORK: Final = {
    "import of reports alone": ("from edge.reports import of_incident, of_period", "pass"),
    "list of incidents, first time": (
        "from edge.reports.listing import Incidents, Wanted\nfrom edge.settings.zones import zone_of",
        "found = Incidents(Path('FOLDER') / 'journal.db', zone_of('Asia/Kolkata'))\n"
        "assert found.page(Wanted()).of",
    ),
    "list of incidents, again": (
        "from edge.reports.listing import Incidents, Wanted\nfrom edge.settings.zones import zone_of\n"
        "found = Incidents(Path('FOLDER') / 'journal.db', zone_of('Asia/Kolkata'))\nfound.page(Wanted())",
        "assert found.page(Wanted()).of",
    ),
    "report --incident": ("MAKER", "assert incident_report(maker, NEWEST)"),
    "report --day": ("MAKER", "assert day_report(maker, date(2026, 1, 14))"),
    "report --month": ("MAKER", "assert month_report(maker, 2026, 1)"),
    "page of the list and an incident": ("VIEWS", "assert list_page() and incident_page()"),
    "matplotlib, its import alone": ("import matplotlib.pyplot", "pass"),
}

_MAKER: Final = """
from datetime import date
from edge.reports.document import Maker
from edge.reports.of_incident import incident_report
from edge.reports.of_period import day_report, month_report
from edge.words.language import LanguageName
maker = Maker.of(settings, LanguageName.EN, True, 1.8e9)
"""


_VIEWS: Final = """
from edge.panel.app import panel_site
from edge.panel.incidents.views import add_incidents
from edge.panel.sources import Sources
from edge.web.exchange import PageRequest
from edge.web.site import Caller
site = panel_site(settings)
add_incidents(site, Sources(settings))
routes = {route.path: route for route in site.routes}
def list_page():
    return routes["/incidents"].serve(PageRequest("/incidents"), Caller()).body
def incident_page():
    asked = PageRequest("/incidents/NEWEST", args={"number": "NEWEST"})
    return routes["/incidents/{number}"].serve(asked, Caller()).body
"""


def fill(folder: Path, stories: Sequence[tuple[Played, float]], mb: float) -> int:
    """A record of that size; how many incidents it has."""
    zone = zone_of("Asia/Kolkata")
    month = Month(folder, datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=zone).timestamp())
    day = 0
    while (folder / NAME).stat().st_size < mb * 1e6:
        month.day(stories, 26 + 5 * (day % 4))
        day += 1
    month.close()
    return month.incidents


def measure(folder: Path, imports: str, work: str, newest: int) -> str:
    """Seconds of the processor to import and to work, MiB at the most."""
    whole = _SETTINGS + imports.replace("MAKER", _MAKER).replace("VIEWS", _VIEWS)
    script = _MEASURE.format(imports=whole, work=work)
    script = script.replace("FOLDER", str(folder)).replace("NEWEST", str(newest))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--stories", type=Path, required=True)
    parser.add_argument("--mb", type=float, default=64.0)
    args = parser.parse_args()
    folder: Path = args.folder
    count = folder / "incidents"
    if not count.exists():
        count.parent.mkdir(parents=True, exist_ok=True)
        count.write_text(str(fill(folder, play_all(args.stories), args.mb)))
    newest = int(count.read_text())
    size = (folder / NAME).stat().st_size / 1e6
    print(f"a record of {size:.0f} MB with {newest} incidents; import s, work s, MiB at most:")
    for name, (imports, work) in _WORK.items():
        print(f"{name:<32} {measure(folder, imports, work, newest)}")


if __name__ == "__main__":
    main()

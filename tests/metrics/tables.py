"""The tables of `edge/docs/metrics.md`: every metric, every alert, and what a run of injected faults gave.

`python -m tests.metrics.tables --write edge/docs/metrics.md` renews the first two; with the `faults.json` of
a run (`tests.metrics.fault_run`) behind `--faults` the third too.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec

from edge.metrics.alerts import ALERTS
from edge.metrics.families import FAMILIES
from tests.metrics.fault_run import Came, report


def metrics() -> str:
    lines = ["| metric | kind | labels | meaning |", "|---|---|---|---|"]
    for family in FAMILIES:
        labels = "; ".join(f"{name}: {values}" for name, values in family.labels.items()) or "-"
        lines.append(f"| `{family.name}` | {family.kind.value} | {labels} | {family.meaning} |")
    return "\n".join(lines) + "\n"


def alerts() -> str:
    lines = ["| alert | severity | after | when | for the door | what to do |", "|---|---|---|---|---|---|"]
    for alert in ALERTS:
        expr = alert.expr.replace("|", "\\|")
        lasts = "at once" if alert.lasts == "0m" else alert.lasts
        cells = [f"`{alert.name}`", alert.severity.value, lasts, f"`{expr}`"]
        lines.append(f"| {' | '.join([*cells, alert.words.door, alert.words.remedy])} |")
    return "\n".join(lines) + "\n"


def renewed(text: str, name: str, table: str) -> str:
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    head, rest = text.split(begin)
    return f"{head}{begin}\n{table.strip()}\n{end}{rest.split(end)[1]}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, metavar="FILE", required=True)
    parser.add_argument("--faults", type=Path, metavar="JSON")
    args = parser.parse_args()
    file: Path = args.write
    text = renewed(renewed(file.read_text("utf-8"), "metrics", metrics()), "alerts", alerts())
    if args.faults is not None:
        came = msgspec.json.decode(args.faults.read_bytes(), type=tuple[Came, ...])
        text = renewed(text, "faults", report(came))
    file.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

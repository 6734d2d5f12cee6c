"""Error rates by view and by group, and which band is worst."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Final

import numpy as np

from models.training.faces.cases import Case, sample
from models.training.faces.groups import SEEN, TONES, reliability, seen_by_eye, tone_of, tones
from models.training.faces.joint import Judged
from models.training.faces.judged import Judge, Said
from models.training.faces.tally import Tally, percent
from models.training.faces.views import BANDS
from models.training.shares import wilson

YAWS: Final = ((0, 15), (15, 25), (25, 35), (35, 50), (50, 90))
PITCHES: Final = ((-90, -25), (-25, -15), (-15, 15), (15, 25), (25, 90))
TOGETHER: Final = "together"
"""Name of the line that adds a group's bands up."""
_TWICE: Final = 2.0
"""No band may be wrongly covered more than so many times as often as the mean."""


@dataclass(frozen=True, slots=True)
class Line:
    """One band: what was said of bare faces in it, and of covered ones."""

    group: str
    name: str
    bare: Tally
    covered: Tally
    hides: bool = False


def of_views(judge: Judge, among: Sequence[Case], most: int) -> Iterator[Line]:
    """Every view of `views.BANDS`, of bare faces from ahead and of covered ones: at most so many each."""
    single = [c for c in among if c.kind != "photo"]
    bare = sample([c for c in single if not c.covered and c.frontal], most)
    covered = sample([c for c in single if c.covered], most)
    for group, bands in BANDS.items():
        lines = []
        for name, band in bands.items():
            said = [judge.ask(cases, name, band.change) for cases in (bare, covered)]
            plain, worn = (
                Tally.of((of, s) for s in one) for of, one in zip((False, True), said, strict=True)
            )
            lines.append(Line(group, name, plain, worn, band.hides))
        yield from lines
        if len(lines) > 1:
            bare_sum, covered_sum = sum_of(one.bare for one in lines), sum_of(one.covered for one in lines)
            yield Line(group, TOGETHER, bare_sum, covered_sum, lines[0].hides)


def sum_of(tallies: Iterable[Tally]) -> Tally:
    """All together."""
    return reduce(add, tallies)


def of_pose(judged: Judged) -> Iterator[Line]:
    """By the pose that the faces have, as they are."""
    posed = [(c, s, c.pose_deg) for c, s in judged if c.kind != "photo"]
    known = [(c, s, p) for c, s, p in posed if p is not None]
    for low, high in YAWS:
        here = [(c, s) for c, s, p in known if low <= abs(p[0]) < high]
        yield _line("yaw", f"{low} to {high} degrees", here)
    for low, high in PITCHES:
        near = [(c, s) for c, s, p in known if abs(p[0]) < 35 and low <= p[1] < high]
        yield _line("pitch (up is more)", f"{low} to {high} degrees", near)


def of_people(judged: Judged, data: Path) -> Iterator[Line]:
    """By what was seen by eye, where it was looked at, and by the data's own word of hijabs."""
    seen = seen_by_eye()
    looked = [(c, s, seen.get(str(c.path.relative_to(data / "faces")))) for c, s in judged if not c.covered]
    known = [(c, s, what) for c, s, what in looked if what is not None]
    for word in SEEN:
        yield _line("seen by eye", word, [(c, s) for c, s, what in known if word in what])
    plain = {"beard", "moustache", "glasses", "hat", "hijab", "open helmet"}
    yield _line("seen by eye", "none of these", [(c, s) for c, s, what in known if not what & plain])
    yield _line("hijab, by the data", "hijab", [(c, s) for c, s in judged if c.sub == "hijab"])


def tone_bands(portraits: Iterable[Case]) -> tuple[Mapping[str, str], float]:
    """Person to band of skin tone, and how reliable one picture's angle is."""
    angles = tones(c for c in portraits if not c.covered and c.person)
    return {who: tone_of(float(np.median(found))) for who, found in angles.items()}, reliability(angles)


def of_tone(judged: Judged, band: Mapping[str, str]) -> list[Line]:
    """By the tone of each person's skin, portraits alone."""
    portraits = [(c, s) for c, s in judged if c.kind == "identity" and not c.covered and c.person]
    lines = []
    for name, low, high in TONES:
        here = [(c, s) for c, s in portraits if band.get(c.person) == name]
        span = (
            f"over {low:.0f}"
            if high > 180
            else f"under {high:.0f}"
            if low < -180
            else f"{low:.0f} to {high:.0f}"
        )
        lines.append(_line("skin, typology angle", f"{name} ({span})", here))
    return lines


def _line(group: str, name: str, judged: Sequence[tuple[Case, Said]]) -> Line:
    return Line(
        group,
        name,
        Tally.of((c.covered, s) for c, s in judged if not c.covered),
        Tally.of((c.covered, s) for c, s in judged if c.covered),
    )


def table(lines: Sequence[Line]) -> str:
    """Bare faces: covered with an interval, turned, unclear, not found; covered ones: proper, not found."""
    head = (
        "| | band | bare faces | called covered | turned | unclear | proper | not found "
        "| covered faces | passed as proper | not found |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    )
    out, group = [head], ""
    for line in lines:
        shown = "" if line.group == group else line.group
        group = line.group
        out.append(f"| {shown} | {line.name} | {_cells(line)} |")
    return "\n".join(out)


def _cells(line: Line) -> str:
    bare, covered = line.bare, line.covered
    cells = [str(bare.total)] if bare.total else [""] * 6
    if bare.total:
        cells.append(percent(bare.covered, bare.total))
        cells += [
            f"{100 * n / bare.total:.1f} %" for n in (bare.turned, bare.unclear, bare.proper, bare.missed)
        ]
    cells += [str(covered.total), percent(covered.proper, covered.total)] if covered.total else ["", ""]
    cells.append(f"{100 * covered.missed / covered.total:.1f} %" if covered.total else "")
    return " | ".join(cells)


def worst(lines: Sequence[Line]) -> str:
    """The bands of plain faces that are called covered most often, beside the mean of all of these bands.

    A band is named over the limit only where its interval leaves no doubt (the lower end is above it).
    """
    plain = [one for one in lines if not one.hides and one.bare.total >= 20 and one.name != TOGETHER]
    if not plain:
        return ""
    mean = sum(line.bare.covered / line.bare.total for line in plain) / len(plain)
    ordered = sorted(plain, key=lambda line: -line.bare.covered / line.bare.total)
    over = [line for line in ordered if wilson(line.bare.covered, line.bare.total)[0] > _TWICE * mean]
    named = "; ".join(
        f"{line.group} {line.name} {percent(line.bare.covered, line.bare.total)}" for line in ordered[:4]
    )
    surely = ", ".join(f"{line.group} {line.name}" for line in over) or "none"
    return (
        f"Mean of {len(plain)} bands: {100 * mean:.2f} % of bare faces called covered. Worst: {named}. "
        f"Surely above twice the mean: {surely}."
    )

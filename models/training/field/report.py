"""The tables and the heat sheet of the card, from what `measure.py` left.

    python -m models.training.field.report --work WORK --card models/field.md \
        --set TEXTURES --sheet models/field_heat.jpg

The tables stand between the marks of the card. Only a sheet of textures that are free of rights comes into
the project; a set with other terms is looked at with `--sheet` elsewhere.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.scene.patches import Patches
from models.training.field.areas import Area, drawn_area, mean_area
from models.training.field.bank import Floats, spread
from models.training.field.kiosk import KioskDictionary
from models.training.field.measure import KIOSK, LARGER, NETWORK, Result, load
from models.training.field.sets import CHOOSING, Class, Shot, read_set
from models.training.shares import share

Results = Mapping[str, Mapping[str, Result]]
"""By class, then by method."""
Colour = NDArray[np.uint8]

MEAN_OF: Final = ("solar, mono", "solar, poly", "brick", "grass")
"""Classes of the mean; `solar, both` holds two of them again."""
BEGIN, END = "<!-- field -->", "<!-- /field -->"
_FALSE_ALARMS: Final = 0.1
"""The share of normal pictures above the point at which what is missed is counted."""
_TILE: Final = (160, 120)


def read_results(work: Path) -> dict[str, dict[str, Result]]:
    """All that was measured."""
    found: dict[str, dict[str, Result]] = {}
    for path in sorted(work.glob("*--*.npz")):
        cls, method = path.stem.split("--")
        found.setdefault(cls, {})[method] = load(path)
    return found


def tables(results: Results) -> Iterator[str]:
    """Line by line."""
    classes = [name for name in (*MEAN_OF[:2], "solar, both", *MEAN_OF[2:]) if name in results]
    classes += sorted(name for name in results if name not in classes and name not in CHOOSING)
    methods = _in_order(results)
    areas = {
        (cls, method): drawn_area(r.score, r.abnormal, seed=classes.index(cls))
        for cls in classes for method, r in results[cls].items()
    }  # fmt: skip
    yield f"| method | {' | '.join(classes)} | mean of {len(_meant(classes))} |"
    yield f"|---|{'---|' * (len(classes) + 1)}"
    sizes = (f"{len(r.abnormal)} ({int(r.abnormal.sum())})" for r in (results[cls][KIOSK] for cls in classes))
    yield f"| pictures judged (abnormal) | {' | '.join(sizes)} | |"
    for method in methods:
        row = [areas.get((cls, method)) for cls in classes]
        yield f"| {method} | {' | '.join(map(_text, row))} | {_text(_mean(areas, classes, method))} |"
    yield ""
    yield "Less the kiosk's dictionary, on the same draws:"
    yield ""
    yield f"| method | {' | '.join(classes)} |"
    yield f"|---|{'---|' * len(classes)}"
    for method in methods[1:]:
        off = [areas[cls, method] - areas[cls, KIOSK] if (cls, method) in areas else None for cls in classes]
        yield f"| {method} | {' | '.join(map(_text, off))} |"
    yield ""
    yield from _costs(results, classes, methods)


def _costs(results: Results, classes: Sequence[str], methods: Sequence[str]) -> Iterator[str]:
    masked = [cls for cls in classes if not np.isnan(results[cls][KIOSK].pixels)]
    first = classes[0]
    pixels_of = " | ".join(f"pixels, {cls}" for cls in masked)
    yield f"| method | {pixels_of} | kept, KB | network, ms | search, ms |"
    yield f"|---|{'---|' * (len(masked) + 3)}"
    for method in methods:
        pixels = [
            f"{results[cls][method].pixels:.3f}"
            if method in results[cls] and not np.isnan(results[cls][method].pixels)
            else "-"
            for cls in masked
        ]
        own = results[first].get(method)
        cost = "- | - | -" if own is None else (
            f"{own.size_bytes / 1000:.0f} | {own.embed_ms:.0f} | {own.look_ms:.1f}"
        )  # fmt: skip
        yield f"| {method} | {' | '.join(pixels)} | {cost} |"


def missed(results: Results) -> Iterator[str]:
    """What the dictionary finds of each kind where a tenth of the normal pictures is above the limit."""
    yield "| class | kind | above the limit |"
    yield "|---|---|---|"
    for cls, of in results.items():
        if cls in CHOOSING:
            continue
        own = of[KIOSK]
        limit = float(np.quantile(own.score[~own.abnormal], 1.0 - _FALSE_ALARMS))
        for kind in dict.fromkeys(own.kind.tolist()):
            here = own.kind == kind
            yield f"| {cls} | {kind} | {share(int((own.score[here] > limit).sum()), int(here.sum()))} |"


def _in_order(results: Results) -> list[str]:
    return sorted(
        {method for of in results.values() for method in of},
        key=lambda name: (
            name != KIOSK,
            name != LARGER,
            "kiosk" not in name,
            not name.startswith("Patch"),
            name,
        ),
    )


def _meant(classes: Sequence[str]) -> list[str]:
    return [cls for cls in classes if cls in MEAN_OF] or list(classes)


def _mean(areas: Mapping[tuple[str, str], Area], classes: Sequence[str], method: str) -> Area | None:
    wanted = _meant(classes)
    found = [areas[cls, method] for cls in wanted if (cls, method) in areas]
    return mean_area(found) if len(found) == len(wanted) else None


def _text(found: Area | None) -> str:
    return "-" if found is None else str(found)


def sheet(cls: Class, dictionary: KioskDictionary, rows: int = 2) -> Colour:
    """Of each kind of defect: the picture with the mask's edge, and what the dictionary says of it. Dark
    red is above the most unlike place of nine in ten normal pictures."""
    normal = [dictionary.look(shot.picture)[0] for shot in cls.test if not shot.abnormal]
    limit = float(np.quantile(normal, 1.0 - _FALSE_ALARMS))
    kinds = list(dict.fromkeys(shot.kind for shot in cls.test))
    lines = []
    for number in range(rows):
        shots = [[s for s in cls.test if s.kind == kind][number] for kind in kinds]
        lines += [
            np.hstack([_outlined(s) for s in shots]),
            np.hstack([_heat(s, dictionary, limit) for s in shots]),
        ]
    return np.asarray(np.vstack(lines), np.uint8)


def _outlined(shot: Shot) -> Colour:
    drawn = cv2.cvtColor(cv2.resize(shot.picture, _TILE), cv2.COLOR_GRAY2BGR)
    if shot.mask is not None:
        mask = cv2.resize(shot.mask.astype(np.uint8), _TILE, interpolation=cv2.INTER_NEAREST)
        found, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(drawn, found, -1, (0, 200, 255), 1)
    return np.asarray(drawn, np.uint8)


def _heat(shot: Shot, dictionary: KioskDictionary, limit: float) -> Colour:
    """Blue is as unlike as a usual place, red is above the limit."""
    heat: Floats = spread(dictionary.look(shot.picture)[1], (_TILE[1], _TILE[0]))
    levels = np.clip(heat / max(limit, 1e-6) * 200.0, 0, 255).astype(np.uint8)
    return np.asarray(cv2.applyColorMap(levels, cv2.COLORMAP_JET), np.uint8)


def write_between(card: Path, text: str) -> None:
    """Renews what stands between the marks, or begins a card. ValueError where a card has no marks."""
    old = card.read_text("utf-8") if card.exists() else f"{BEGIN}\n{END}\n"
    if BEGIN not in old or END not in old:
        raise ValueError(f"{card} has no {BEGIN} ... {END}")
    head, rest = old.split(BEGIN, 1)
    card.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.split(END, 1)[1]}", "utf-8")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--card", type=Path, help="the card whose tables are renewed; printed in any case")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--set", type=Path, help="the set of the sheet")
    parser.add_argument("--only", nargs="*", default=(), metavar="CLASS", help="classes of the sheet")
    parser.add_argument("--sheet", type=Path)
    arguments = parser.parse_args()
    results = read_results(arguments.work)
    network = (arguments.work / NETWORK).read_text()
    measured = f"Measured with the `patches.tflite` whose hash begins with `{network}`."
    text = "\n".join((*tables(results), "", *missed(results), "", measured))
    print(text)
    if arguments.card is not None:
        write_between(arguments.card, text)
    if arguments.sheet is not None and arguments.set is not None:
        patches = Patches(arguments.models)
        parts = []
        for cls in read_set(arguments.set):
            if arguments.only and cls.name not in arguments.only:
                continue
            dictionary = KioskDictionary(lambda picture: patches.embed(picture).vectors)
            dictionary.learn(cls.learn)
            parts.append(sheet(cls, dictionary))
        width = max(part.shape[1] for part in parts)
        parts = [np.pad(p, ((0, 6), (0, width - p.shape[1]), (0, 0)), constant_values=255) for p in parts]
        cv2.imwrite(str(arguments.sheet), np.vstack(parts), [cv2.IMWRITE_JPEG_QUALITY, 70])


if __name__ == "__main__":
    main()

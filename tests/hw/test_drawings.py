"""The wiring in hw/README.md and its drawings is the default wiring, and every word of it can be read."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import pytest

from hw.ports import Input
from hw.wiring import WiringSettings
from tests.make_drawings import DRAWINGS, HEADER, draw

SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Box:
    """What a line of text covers, a little less than its letters so that touching is no overlap."""

    words: str
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, left: float, top: float, right: float, bottom: float) -> bool:
        return left < self.right and right > self.left and top < self.bottom and bottom > self.top


def _texts(picture: ET.Element) -> list[Box]:
    boxes = []
    for text in picture.iter(f"{SVG}text"):
        for line in text.iter(f"{SVG}tspan"):
            words = line.text or ""
            size = float(text.get("font-size", 0))
            x, y = float(line.get("x", 0)), float(text.get("y", 0)) + float(line.get("dy", 0))
            # Arial's letters are half as wide as high on the average; measured against a browser's rendering.
            wide = 0.5 * size * len(words)
            left = {"start": x, "middle": x - wide / 2, "end": x - wide}[text.get("text-anchor", "start")]
            boxes.append(Box(words, left, y - 0.7 * size, left + wide, y - 0.05 * size))
    return boxes


def _lines(picture: ET.Element) -> list[tuple[float, float, float, float]]:
    """Left, top, right, bottom of every straight piece of wire and symbol."""
    strokes = []
    for shape in (*picture.iter(f"{SVG}polyline"), *picture.iter(f"{SVG}polygon")):
        places = shape.get("points", "").split()
        strokes.append([*places, places[0]] if shape.tag.endswith("polygon") else places)
    for path in picture.iter(f"{SVG}path"):
        strokes += [stroke.split(" L ") for stroke in re.findall(r"M ([^MA]+?)(?= M|$)", path.get("d", ""))]
    pieces = []
    for stroke in strokes:
        at = [
            tuple(map(float, place.split(",")))
            for place in stroke
            if re.fullmatch(r"[^ ]+,[^ ]+", place.strip())
        ]
        for (x, y), (to_x, to_y) in itertools.pairwise(at):
            if x == to_x or y == to_y:
                pieces.append((min(x, to_x), min(y, to_y), max(x, to_x), max(y, to_y)))
    return pieces


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return draw(tmp_path_factory.mktemp("drawings"))


def test_the_drawings_are_those_of_the_default_wiring(repo: Path, drawn: list[Path]) -> None:
    assert len(drawn) == len(DRAWINGS)
    for path in drawn:
        kept = repo / "hw" / "docs" / path.name
        assert kept.read_text() == path.read_text(), f"python -m tests.make_drawings draws {path.name} again"


def test_no_word_lies_over_another_or_over_a_wire(drawn: list[Path]) -> None:
    for path in drawn:
        picture = ET.parse(path).getroot()
        texts, wires = _texts(picture), _lines(picture)
        assert len(texts) > 5
        assert len(wires) > 5
        for one, other in itertools.combinations(texts, 2):
            assert not one.meets(other.left, other.top, other.right, other.bottom), (path.name, one, other)
        for text in texts:
            assert not [wire for wire in wires if text.meets(*wire)], (path.name, text)


def test_the_page_shows_every_drawing(repo: Path) -> None:
    page = (repo / "hw" / "README.md").read_text()
    for name in DRAWINGS:
        assert f"(docs/wiring-{name}.svg)" in page


def test_the_table_of_pins_is_the_default_wiring(repo: Path) -> None:
    page = (repo / "hw" / "README.md").read_text()
    table = {}
    for setting, pins, header in re.findall(
        r"^\| [^|]+ \| `([a-z_.]+)` \| ([0-9, ]+) \| ([0-9, ]+) \|", page, re.M
    ):
        table[setting] = [int(pin) for pin in pins.split(",")]
        assert [HEADER[pin] for pin in table[setting]] == [int(pin) for pin in header.split(",")], setting
    wanted: dict[str, list[int]] = {}
    for key, pin in WiringSettings().pins():
        wanted.setdefault(key.partition("[")[0], []).append(pin)
    assert table == wanted
    resting = {
        name.value: "closed" if WiringSettings().contact(name).contact == "normally_closed" else "open"
        for name in Input
    }
    for name, rest in resting.items():
        assert re.search(rf"`{name}\.pin` \|[^|]+\|[^|]+\| {rest}", page), name

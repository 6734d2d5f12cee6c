"""Draws the wiring from the default settings: `python -m tests.make_drawings` writes hw/docs/*.svg.

Pins come from `WiringSettings`, so a drawing cannot disagree with what the firmware drives. Places are in
schemdraw's units (36 points), x to the right, y upwards.
"""

from __future__ import annotations

import argparse
import itertools
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import schemdraw
import schemdraw.elements as elm

from hw.ports import Input
from hw.wiring import KeypadWiring, WiringSettings

DOCS: Final = Path(__file__).resolve().parent.parent / "hw" / "docs"

_ODD: Final = (0, 2, 3, 4, 0, 17, 27, 22, 0, 10, 9, 11, 0, 0, 5, 6, 13, 19, 26, 0)
_EVEN: Final = (0, 0, 0, 14, 15, 18, 0, 23, 24, 0, 25, 8, 7, 1, 0, 12, 0, 16, 20, 21)
HEADER: Final = {
    **{bcm: 2 * place + 1 for place, bcm in enumerate(_ODD) if bcm},
    **{bcm: 2 * place + 2 for place, bcm in enumerate(_EVEN) if bcm},
}
"""BCM number to the pin of the 40-pin header: its two rows as they lie, 0 for supply and ground."""

LETTER: Final = 11
LINE: Final = 0.36
"""From line to line."""
Place = tuple[float, float]
Side = Literal["left", "center", "right"]

# schemdraw has no types for these.
a_fuse: Final[Callable[[], elm.Element]] = elm.FuseIEC
a_resistor: Final[Callable[[], elm.Element]] = elm.RBox
a_suppressor: Final[Callable[[], elm.Element]] = elm.DiodeTVS
a_lamp: Final[Callable[[], elm.Element]] = elm.Lamp2
a_battery: Final[Callable[[], elm.Element]] = elm.Battery


def bcm(pin: int) -> str:
    return f"BCM {pin}, pin {HEADER[pin]}"


class Sheet:
    """One drawing; everything is put where it is said."""

    def __init__(self, drawing: schemdraw.Drawing) -> None:
        self._drawing = drawing

    def part(self, element: elm.Element, start: Place, end: Place) -> None:
        across, up = end[0] - start[0], end[1] - start[1]
        self._drawing += (
            element.at(start).theta(math.degrees(math.atan2(up, across))).length(math.hypot(across, up))
        )

    def wire(self, *places: Place, dashed: bool = False) -> None:
        for start, end in itertools.pairwise(places):
            self._drawing += elm.Line(ls="--" if dashed else "-").at(start).to(end)

    def dot(self, *places: Place) -> None:
        for place in places:
            self._drawing += elm.Dot().at(place)

    def end(self, place: Place, words: str, align: Side = "right") -> None:
        """A terminal with its name beside it."""
        self._drawing += elm.Dot(open=True).at(place)
        self.text((place[0] + (-0.25 if align == "right" else 0.25), place[1]), words, align, "center")

    def text(self, place: Place, words: str, align: Side = "center", valign: str = "bottom") -> None:
        """Words whose lines lie above, below or (`center`) on both sides of a place."""
        lines = words.split("\n")
        above = {"bottom": len(lines) - 1.0, "center": len(lines) / 2 - 1.0, "top": -1.4}[valign]
        for number, line in enumerate(lines):
            at = (place[0], place[1] + (above - number) * LINE)
            label = elm.Label().at(at).theta(0)
            self._drawing += label.label(line, ofst=0, halign=align, valign="bottom", fontsize=LETTER)

    def box(self, corner: Place, width: float, height: float, words: str) -> None:
        """A box from its lower left corner."""
        x, y = corner
        self._drawing += elm.Rect((0, 0), (width, height)).at(corner).theta(0)
        self.text((x + width / 2, y + height / 2), words, "center", "center")

    def ground(self, place: Place) -> None:
        self._drawing += elm.GroundSignal().at(place).theta(0)


def closed() -> elm.Element:
    return elm.Switch(nc=True)


def opened() -> elm.Element:
    return elm.Switch()


@contextmanager
def _sheet(path: Path) -> Iterator[Sheet]:
    schemdraw.use("svg")
    schemdraw.svgconfig.text = "text"
    schemdraw.svgconfig.useBatik = True  # baselines that every viewer puts at the same height
    drawing = schemdraw.Drawing(show=False, margin=0.4)
    drawing.config(fontsize=LETTER, unit=2, font="Arial, Helvetica, sans-serif", lw=1.4, bgcolor="white")
    yield Sheet(drawing)
    picture = drawing.get_imagedata("svg").decode()
    # A background of its own: some viewers leave out the style of the whole picture.
    left, top, width, height = re.search(r'viewBox="(\S+) (\S+) (\S+) (\S+)"', picture).groups()  # type: ignore[union-attr]
    ground = f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="white" />'
    whole = picture.replace(">", f">{ground}", 1).replace("><", ">\n<") + "\n"
    # The last digits differ from one processor to the next.
    path.write_text(re.sub(r"-?\d+\.\d+|-0\b", lambda number: f"{round(float(number[0]), 2) + 0.0:g}", whole))


def lock(sheet: Sheet, wiring: WiringSettings) -> None:
    """The lock's supply: everything that opens the door lies in one line."""
    sheet.end((0, 0), "+12 V")
    sheet.part(a_fuse(), (0.1, 0), (2.4, 0))
    sheet.text((1.25, 0.45), "F1\n1 A slow")
    sheet.part(closed(), (2.4, 0), (5.6, 0))
    sheet.text((4.0, 0.45), "S3 key switch\noutside, for\nwho comes to help")
    sheet.part(closed(), (5.6, 0), (8.8, 0))
    sheet.text((7.2, 0.45), "S2 fire contact\nof the fire panel,\nopens on alarm")
    sheet.part(elm.Button(nc=True), (8.8, 0), (12.0, 0))
    sheet.text((10.4, 0.75), "S1 exit button\ninside, opens\nwhen pressed")
    sheet.dot((12.0, 0))
    sheet.text((12.0, 0.3), "A")
    sheet.part(opened(), (12.0, 0), (15.4, 0))
    sheet.text((13.8, 0.75), "K3 time relay,\ncloses 15 s after\nA is live again")
    sheet.part(opened(), (15.4, 0), (18.8, 0))
    sheet.text((17.1, 0.75), "K1 lock relay,\nnormally open,\ndriven by " + bcm(wiring.lock.pin))
    sheet.wire((18.8, 0), (21.4, 0))

    sheet.wire((12.0, 0), (12.0, -1.5))
    sheet.part(a_resistor(), (12.0, -1.5), (12.0, -3.7))
    sheet.wire((12.0, -3.7), (12.0, -5.4))
    sheet.text((12.5, -2.6), "K3 coil: delay on\noperate, set to 15 s", "left", "center")
    sheet.wire((18.8, 0), (18.8, -1.5))
    sheet.part(a_resistor(), (18.8, -1.5), (18.8, -3.7))
    sheet.wire((18.8, -3.7), (18.8, -5.4))
    sheet.text((18.3, -2.6), "Y1 lock,\nopen without\ncurrent", "right", "center")
    sheet.wire((21.4, 0), (21.4, -1.5))
    sheet.part(a_suppressor(), (21.4, -1.5), (21.4, -3.7))
    sheet.wire((21.4, -3.7), (21.4, -5.4))
    sheet.text((20.9, -2.6), "V1", "right", "center")
    sheet.dot((18.8, 0), (12.0, -5.4), (18.8, -5.4))
    sheet.wire((0.1, -5.4), (21.4, -5.4))
    sheet.end((0, -5.4), "0 V")

    for left, name, wired in ((5.6, "S2", wiring.fire), (8.8, "S1", wiring.exit)):
        middle = left + 1.6
        sheet.part(closed(), (left + 0.5, -2.6), (left + 2.3, -2.6))
        sheet.wire((middle, -0.3), (middle, -2.3), dashed=True)
        sheet.wire((left + 0.5, -2.6), (left + 0.5, -3.1))
        sheet.ground((left + 0.5, -3.1))
        sheet.wire((left + 2.3, -2.6), (left + 2.3, -3.1))
        sheet.text((left + 2.3, -3.2), bcm(wired.pin).replace(", ", ",\n"), "center", "top")
        sheet.text((middle - 0.3, -1.5), f"{name}, second\ncontact", "right", "center")


def outputs(sheet: Sheet, wiring: WiringSettings) -> None:
    """What the pins drive: two relays that rest off, buzzer and lamps through a driver."""
    sheet.box((0, -11.2), 3.4, 12.0, "Raspberry\nPi")
    sheet.box((8.6, -2.6), 4.6, 3.4, "relay board, two\nchannels, on at a\nhigh level,\nopto-coupled")
    rows = ((0.0, wiring.lock.pin, "K1"), (-1.8, wiring.permit.pin, "K2"))
    for y, pin, name in rows:
        sheet.wire((3.4, y), (8.6, y))
        sheet.text((3.6, y + 0.1), bcm(pin), "left")
        sheet.part(opened(), (13.2, y), (16.4, y))
        sheet.text((13.5, y + 0.15), name, "left")
    sheet.text((16.7, 0.0), "to the lock's supply\n(first drawing)", "left", "center")
    sheet.text((16.7, -1.8), "machine's enable input:\nclosed = may be used", "left", "center")
    for x, y in ((6.6, 0.0), (7.8, -1.8)):
        sheet.dot((x, y))
        sheet.wire((x, y), (x, -2.6))
        sheet.part(a_resistor(), (x, -2.6), (x, -4.2))
        sheet.ground((x, -4.2))
    sheet.text((6.1, -3.4), "2 x 10 kΩ", "right", "center")
    sheet.wire((10.9, -2.6), (10.9, -3.2))
    sheet.text((10.9, -3.3), "12 V for the coils (F4), and 0 V", "center", "top")

    lights = wiring.lights
    driven = (
        (wiring.sounder.pin, "buzzer, with its own tone"),
        (lights.green_pin, "green lamp"),
        (lights.amber_pin, "amber lamp"),
        (lights.red_pin, "red lamp"),
    )
    sheet.box((8.6, -11.2), 3.0, 5.2, "ULN2803A\ndriver")
    for index, (pin, words) in enumerate(driven):
        y = -6.6 - 1.2 * index
        sheet.wire((3.4, y), (8.6, y))
        sheet.text((3.6, y + 0.1), bcm(pin), "left")
        load = a_lamp() if index else a_resistor()
        sheet.wire((11.6, y), (12.2, y))
        sheet.part(load, (12.2, y), (14.4, y))
        sheet.wire((14.4, y), (15.4, y))
        sheet.text((15.7, y), words, "left", "center")
        sheet.dot((15.4, y))
    sheet.wire((15.4, -10.2), (15.4, -5.4), (10.1, -5.4), (10.1, -6.0))
    sheet.dot((15.4, -5.4))
    sheet.wire((15.4, -5.4), (16.4, -5.4))
    sheet.text((10.3, -5.3), "COM", "left")
    sheet.end((16.4, -5.4), "+12 V (F4)", "left")
    sheet.wire((10.1, -11.2), (10.1, -11.6))
    sheet.ground((10.1, -11.6))


def contact(sheet: Sheet, wiring: WiringSettings) -> None:
    """One wired contact; all of them are alike."""
    sheet.box((0, -4.6), 3.0, 5.6, "Raspberry\nPi")
    sheet.wire((3.0, 0.4), (6.0, 0.4))
    sheet.text((3.15, 0.5), "3.3 V, pin 17", "left")
    sheet.part(a_resistor(), (6.0, 0.4), (6.0, -1.8))
    sheet.text((6.5, -0.7), "4.7 kΩ", "left", "center")
    sheet.wire((3.0, -1.8), (4.0, -1.8))
    sheet.part(a_resistor(), (4.0, -1.8), (6.0, -1.8))
    sheet.text((5.0, -1.45), "1 kΩ")
    sheet.text((3.15, -1.7), "its pin", "left")
    sheet.wire((6.0, -1.8), (10.0, -1.8))
    sheet.dot((6.0, -1.8), (7.6, -1.8), (9.2, -1.8))
    sheet.part(elm.Capacitor(), (7.6, -1.8), (7.6, -3.8))
    sheet.text((7.1, -2.8), "100 nF", "right", "center")
    sheet.part(a_suppressor(), (9.2, -1.8), (9.2, -3.8))
    sheet.text((9.65, -2.8), "TVS\n3.3 V", "left", "center")
    sheet.wire((3.0, -3.8), (10.0, -3.8))
    sheet.dot((7.6, -3.8), (9.2, -3.8))
    sheet.text((3.15, -3.7), "GND", "left")
    sheet.wire((10.0, -1.8), (14.0, -1.8), dashed=True)
    sheet.wire((10.0, -3.8), (14.0, -3.8), dashed=True)
    sheet.text((12.0, -1.6), "cable, a pair of its own")
    sheet.part(closed(), (14.0, -1.8), (14.0, -3.8))
    lines = []
    for name in Input:
        one = wiring.contact(name)
        lines.append(f"{name.value}: {bcm(one.pin)}, {one.contact.value.replace('_', ' ')}")
    sheet.text((14.9, -2.8), "\n".join(lines), "left", "center")


def keypad(sheet: Sheet, wiring: WiringSettings) -> None:
    """The matrix: rows driven low in turn, columns pulled up."""
    _matrix(sheet, wiring.keypad)


def customer_keypad(sheet: Sheet, wiring: WiringSettings) -> None:
    """The second matrix, inside, on the pins that are else kept free."""
    _matrix(sheet, wiring.customer_keypad)


def _matrix(sheet: Sheet, pad: KeypadWiring) -> None:
    legend = ("123", "456", "789", "*0#")
    columns = [4.4 + 2.4 * index for index in range(len(pad.columns))]
    for row, pin in enumerate(pad.rows):
        y = -1.7 * row
        sheet.end((0, y), f"row {row + 1}: {bcm(pin)}")
        sheet.wire((0.1, y), (columns[-1] - 1.6, y))
        for key, x in zip(legend[row], columns, strict=True):
            sheet.dot((x - 1.6, y), (x, y - 0.7))
            sheet.wire((x - 1.6, y), (x - 1.6, y - 0.7))
            sheet.part(elm.Switch(), (x - 1.6, y - 0.7), (x, y - 0.7))
            sheet.text((x - 0.8, y - 0.8), key, "center", "top")
    bottom = -1.7 * len(pad.rows) - 0.4
    for index, (x, pin) in enumerate(zip(columns, pad.columns, strict=True)):
        sheet.wire((x, 0.3), (x, bottom - 0.5 * index))
        sheet.wire((x, bottom - 0.5 * index), (columns[-1] + 1.2, bottom - 0.5 * index))
        sheet.end((columns[-1] + 1.2, bottom - 0.5 * index), f"column {index + 1}: {bcm(pin)}", "left")


def power(sheet: Sheet, wiring: WiringSettings) -> None:
    """From the mains to four fused branches."""
    sheet.end((-0.9, 0), "mains")
    sheet.part(a_fuse(), (-0.8, 0), (2.2, 0))
    sheet.text((0.7, 0.45), "F0, residual-\ncurrent device")
    sheet.box((2.2, -1.2), 3.6, 2.4, "charger with\n13.8 V, 5 A,\nlow-voltage cut-off")
    sheet.wire((4.0, -1.2), (4.0, -2.0))
    sheet.part(a_fuse(), (4.0, -2.0), (4.0, -3.8))
    sheet.text((4.5, -2.9), "F5, 7.5 A,\nat the battery", "left", "center")
    sheet.part(a_battery(), (4.0, -3.8), (4.0, -5.2))
    sheet.text((4.7, -4.5), "12 V, 7 Ah", "left", "center")
    sheet.ground((4.0, -5.2))
    sheet.wire((5.8, 0), (8.0, 0))
    sheet.text((6.9, 0.15), "12 V")
    sheet.wire((8.0, 2.0), (8.0, -4.6))
    branches = (
        (2.0, "F1\n1 A slow", "lock's supply (first drawing)", ""),
        (-0.2, "F2\n3 A slow", "5.1 V, 5 A\nconverter", "Pi: USB-C, or pins 2 and 4 (5 V) and 6 (GND)"),
        (-2.4, "F3\n2 A slow", "converter for\nthe modem", "module: 4.0 V, 2 A peak; a USB modem needs none"),
        (-4.6, "F4\n1 A slow", "relay coils, lamps,\nbuzzer, loudspeaker", ""),
    )
    for y, fuse, first, then in branches:
        sheet.part(a_fuse(), (8.0, y), (10.4, y))
        sheet.text((9.2, y + 0.4), fuse)
        width = 3.8 if then else 5.0
        sheet.box((10.4, y - 0.75), width, 1.5, first)
        if then:
            sheet.wire((14.2, y), (15.0, y))
            sheet.text((15.2, y), then.replace("; ", ";\n").replace(", or ", ", or\n"), "left", "center")
    sheet.dot((8.0, 0), (8.0, -0.2), (8.0, -2.4))


def modem(sheet: Sheet, wiring: WiringSettings) -> None:
    """A modem module on the serial port: levels, supply, common ground."""
    sheet.box((0, -5.4), 3.2, 6.2, "Raspberry\nPi")
    sheet.box((11.4, -5.4), 3.6, 6.2, "modem module,\n2.8 V levels")
    sheet.text((3.4, 0.1), f"TX, {bcm(14)}", "left")
    sheet.wire((3.2, 0), (7.2, 0))
    sheet.part(a_resistor(), (7.2, 0), (9.2, 0))
    sheet.text((8.2, 0.4), "1 kΩ")
    sheet.wire((9.2, 0), (11.4, 0))
    sheet.dot((9.6, 0))
    sheet.part(a_resistor(), (9.6, 0), (9.6, -1.8))
    sheet.text((9.1, -0.9), "5.6 kΩ", "right", "center")
    sheet.ground((9.6, -1.8))
    sheet.text((11.6, 0), "RXD", "left", "center")
    sheet.wire((3.2, -3.0), (11.4, -3.0))
    sheet.text((3.4, -2.9), f"RX, {bcm(15)}", "left")
    sheet.text((11.6, -3.0), "TXD", "left", "center")
    sheet.wire((3.2, -4.6), (11.4, -4.6))
    sheet.text((3.4, -4.5), "GND, pin 6", "left")
    sheet.text((11.6, -4.6), "GND", "left", "center")
    sheet.text((14.8, 0), "VBAT", "right", "center")
    sheet.text((14.8, -4.6), "GND", "right", "center")
    sheet.wire((15.0, 0), (20.2, 0))
    sheet.wire((15.0, -4.6), (20.2, -4.6))
    for x, words, polar in ((16.2, "1000 µF,\nlow ESR", True), (18.6, "100 nF", False)):
        sheet.dot((x, 0), (x, -4.6))
        sheet.wire((x, 0), (x, -1.3))
        sheet.part(elm.Capacitor(polar=polar), (x, -1.3), (x, -3.3))
        sheet.wire((x, -3.3), (x, -4.6))
        sheet.text((x + 0.55, -2.3), words, "left", "center")
    sheet.end((20.2, 0), "4.0 V of the\nconverter (F3)", "left")
    sheet.end((20.2, -4.6), "0 V", "left")


DRAWINGS: Final[dict[str, Callable[[Sheet, WiringSettings], None]]] = {
    "lock": lock,
    "outputs": outputs,
    "contact": contact,
    "keypad": keypad,
    "customer-keypad": customer_keypad,
    "power": power,
    "modem": modem,
}


def draw(folder: Path) -> list[Path]:
    """Draw all into a folder; the files made."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, drawer in DRAWINGS.items():
        path = folder / f"wiring-{name}.svg"
        with _sheet(path) as sheet:
            drawer(sheet, WiringSettings())
        made.append(path)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DOCS)
    for path in draw(parser.parse_args().folder):
        print(path)


if __name__ == "__main__":
    main()

"""Measuring on the floor: what the kiosk answers, and in a real Chromium with mouse and keyboard."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.panel.commission.draw import editor
from edge.panel.commission.floor import floor_check
from edge.panel.commission.link import DrawnView, InEffect
from edge.settings.drawn import Drawn
from edge.terms.ground import Marks
from edge.web.exchange import Answer, Live, PageRequest, done
from edge.web.shell import part
from edge.web.site import Site
from edge.words.language import LanguageName
from edge.words.pages.commission_draw import draw_words
from tests.judge.test_left import SIZE, Pinhole
from tests.worlds.browser import Browser, axe, chromium
from tests.worlds.commission_world import Bench, Commissioning
from tests.worlds.drawing_hands import click_at, press, write
from tests.worlds.site_world import served

BOARD = ".canvas svg"
CAMERA = Pinhole(240.0, 45.0, 430.0)
MARKS = CAMERA.marks(-40.0, 210.0, 80.0, 60.0)


def percent(x_cm: float, y_cm: float) -> tuple[str, str]:
    """Where the camera sees a point of the floor, as the form has it."""
    ((x, y),) = CAMERA([(x_cm, y_cm, 0.0)])
    return f"{100 * x / SIZE[0]:.1f}", f"{100 * y / SIZE[1]:.1f}"


Ends = tuple[float, float]


def line(a: Ends, b: Ends, true_cm: str = "", marks: Marks = MARKS) -> dict[str, str]:
    (ax, ay), (bx, by) = percent(*a), percent(*b)
    return {"marks": json.dumps(encoded(marks)), "ax": ax, "ay": ay, "bx": bx, "by": by, "true_cm": true_cm}


def encoded(marks: Marks) -> dict[str, object]:
    return {
        "camera": marks.camera,
        "corners": [[one.x, one.y] for one in marks.corners],
        "width_cm": marks.width_cm,
        "depth_cm": marks.depth_cm,
        "camera_height_cm": marks.camera_height_cm,
    }


def test_a_line_of_known_length_says_how_good_the_marks_are(tmp_path: Path) -> None:
    with Bench(tmp_path) as bench, Commissioning(bench) as walk:
        walk.enter()

        def measured(form: dict[str, str]) -> tuple[int, str]:
            return walk.page.post("/commission/measure", form)

        status, said = measured(line((-20.0, 200.0), (30.0, 260.0), "78.1"))
        assert status == 200
        found = re.match(r"By the marks this line is ([\d.]+) cm long\. That is ([\d.]+) % (more|less)", said)
        assert found, said
        assert float(found[1]) == pytest.approx(78.1, rel=0.03)
        assert said.endswith("The floor is right.")
        assert measured(line((-20.0, 200.0), (30.0, 260.0), "73"))[1].endswith("would give better sizes.")
        _, said = measured(line((-20.0, 200.0), (30.0, 260.0), "60"))
        assert "more than the 60 cm that you measured. Too far off" in said
        _, said = measured(line((-20.0, 260.0), (20.0, 210.0)))
        assert re.search(r"fills the box between the two points is \d+ cm wide", said), said
        assert measured(line((0.0, 200.0), (0.0, 260.0), marks=Marks()))[1].startswith("Draw the floor first")
        low = Pinhole(200.0, 20.0, 430.0).marks(-40.0, 450.0, 80.0, 60.0)
        status, said = measured(line((0.0, 200.0), (0.0, 260.0), marks=low) | {"ay": "0"})
        assert (status, said.split(" does ")[0]) == (409, "One of the two points")
        crossed = Marks(corners=(MARKS.corners[0], MARKS.corners[2], MARKS.corners[1], MARKS.corners[3]))
        status, said = measured(line((0.0, 200.0), (0.0, 260.0), marks=crossed))
        assert status == 409
        assert "corners of no rectangle" in said
        for wrong in (
            {"ax": "101"},
            {"ax": "nan"},
            {"ax": "x"},
            {"true_cm": "-1"},
            {"marks": "{"},
            {"marks": "[]"},
        ):
            assert measured(line((0.0, 200.0), (0.0, 260.0)) | wrong)[0] == 409, wrong


class Board:
    """The editor and the form below it, alone on a page; `posted` is what the form sent."""

    def __init__(self, language: LanguageName = LanguageName.EN) -> None:
        self.posted: list[dict[str, str]] = []
        drawn = {"zone": [], "mask": [], "region": [], "floor": encoded(MARKS)}
        view = DrawnView(Drawn(), InEffect(floor=MARKS), {}, False)
        frame = editor(drawn, ("face", "overview"), SIZE, draw_words(language))
        inner = f"<h2>Draw</h2>{frame}{floor_check(view, language)}"
        jpeg = cv2.imencode(".jpg", np.full((SIZE[1], SIZE[0], 3), 90, np.uint8))[1].tobytes()
        self.site = Site("Cabin", language)
        self.site.static("edge.panel.commission")
        self.site.view(
            "/commission",
            lambda: Live("Draw", parts={"rail": "", "draw": inner}),
            "commission",
            modules=("commission.js", "commission-floor.js", "commission.css", "commission-floor.css"),
            frame=lambda made: (
                f'<div id="rail"></div><div class="steps cards">{part("draw", made["draw"])}</div>'
            ),
        )
        self.site.get("/commission/picture/{file}", lambda asked: Answer(jpeg, "image/jpeg"))
        self.site.post("/commission/measure", self._measure)

    def _measure(self, asked: PageRequest) -> Answer:
        self.posted.append(dict(asked.form))
        return done("This line is 80 cm long.")


def says(browser: Browser, words: str) -> None:
    browser.wait(f"document.querySelector('.picking').textContent.startsWith({words!r})")


def form(browser: Browser, name: str) -> object:
    return browser.ask(f"document.querySelector('#floor-check').elements.{name}.value")


@pytest.mark.slow
@pytest.mark.skipif(chromium() is None, reason="no Chromium here: apt install chromium")
@pytest.mark.timeout(300)
def test_two_ends_are_chosen_on_the_picture_or_typed(browser: Browser) -> None:
    board = Board()
    shapes = "document.getElementById('editor').editor.shapes"
    with served(board.site) as page:
        browser.be(1280, 1000)
        browser.go(f"{page.address}/commission")
        browser.wait("document.querySelector('[data-pick]')?.hidden === false")
        browser.click("[data-pick]")
        says(browser, "Press on the first end")
        click_at(browser, BOARD, (0.25, 0.75))
        says(browser, "Now press")
        click_at(browser, BOARD, (0.75, 0.5))
        says(browser, "Both ends")
        assert browser.ask("document.activeElement.name") == "true_cm"
        assert browser.ask("document.querySelectorAll('.measured line').length") == 3
        assert browser.ask(f"{shapes}.length") == 1, "the editor has not taken the presses for its own"
        assert browser.ask("document.getElementById('editor').editor.changed") is False
        write(browser, "#floor-true", "82")
        browser.click("#floor-check .actions button")
        browser.wait("document.getElementById('toasts').textContent.includes('This line is 80 cm long.')")
        (sent,) = board.posted
        chosen = [float(sent[name]) for name in ("ax", "ay", "bx", "by")]
        assert chosen == pytest.approx([25.0, 75.0, 75.0, 50.0], abs=0.5)
        assert sent["true_cm"] == "82"
        assert json.loads(sent["marks"])["width_cm"] == 80

        # What is drawn and not saved counts, and the line follows what is typed.
        browser.ask(f"{shapes}[0].width_cm = 84")
        write(browser, "#floor-check [name=bx]", "50")
        browser.wait("document.querySelector('.measured line').getAttribute('x2') === '0.5'")
        press(browser, "Enter")
        end_s = time.monotonic() + 30.0
        while len(board.posted) < 2:
            assert time.monotonic() < end_s
            time.sleep(0.05)
        assert (json.loads(board.posted[1]["marks"])["width_cm"], board.posted[1]["bx"]) == (84, "50")

        # Escape ends choosing; then the picture is the editor's again.
        browser.click("[data-pick]")
        says(browser, "Press on the first end")
        press(browser, "Escape")
        browser.wait("document.querySelector('.picking').textContent === ''")
        click_at(browser, BOARD, (0.05, 0.05))
        assert form(browser, "bx") == "50"


@pytest.mark.slow
@pytest.mark.skipif(chromium() is None or axe() is None, reason="no Chromium or no axe-core here")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("language", [LanguageName.DE, LanguageName.HI])
def test_axe_finds_nothing_wide_narrow_and_dark(browser: Browser, language: LanguageName) -> None:
    with served(Board(language).site) as page:
        for width, dark in ((320, False), (1280, True)):
            browser.be(width, dark=dark)
            browser.go(f"{page.address}/commission")
            browser.wait("document.querySelector('[data-pick]')?.hidden === false")
            browser.click("[data-pick]")
            assert browser.findings() == {}, width
            assert browser.ask("document.documentElement.scrollWidth <= document.documentElement.clientWidth")

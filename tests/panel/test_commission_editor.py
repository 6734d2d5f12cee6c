"""Drawing on the picture, in a real Chromium: with mouse, finger and keyboard, by the settings' rules."""

from __future__ import annotations

import json
import random
from typing import cast

import cv2
import msgspec
import numpy as np
import pytest

from edge.panel.commission.acts import Posted
from edge.panel.commission.draw import editor
from edge.settings.areas import marks_problem, share_inside, zone_problems
from edge.terms.ground import Marks, Purpose, Spot, Zone
from edge.web.exchange import Answer, Live, PageRequest, done, refused
from edge.web.shell import part
from edge.web.site import Site
from edge.words.language import LanguageName
from edge.words.pages.commission_draw import draw_words
from tests.worlds.browser import Browser, axe, chromium
from tests.worlds.drawing_hands import CONTROL, SHIFT, Point, click_at, drag, press, swipe, write
from tests.worlds.site_world import Served, served

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="no Chromium here: apt install chromium"),
    pytest.mark.timeout(900),
]

BOARD = ".canvas svg"
NOTHING: dict[str, object] = {"zone": [], "mask": [], "region": [], "floor": None}


class Board:
    """The editor alone on a page; `posted` is what it saved, `refuses` what the kiosk says against it."""

    def __init__(self, drawn: dict[str, object], language: LanguageName = LanguageName.EN) -> None:
        self.posted: list[Posted] = []
        self.refuses = ""
        jpeg = cv2.imencode(".jpg", np.full((480, 640, 3), 90, np.uint8))[1].tobytes()
        words = draw_words(language)
        parts = {"rail": "", "draw": f"<h2>Draw</h2>{editor(drawn, ('face', 'overview'), (640, 480), words)}"}
        self.site = Site("Cabin", language)
        self.site.static("edge.panel.commission")
        self.site.view(
            "/commission",
            lambda: Live("Draw", parts=parts),
            "commission",
            modules=("commission.js", "commission.css"),
            frame=lambda made: (
                f'<div id="rail"></div><div class="steps cards">{part("draw", made["draw"])}</div>'
            ),
        )
        self.site.get("/commission/picture/{file}", lambda asked: Answer(jpeg, "image/jpeg"))
        self.site.post("/commission/draw", self._draw)

    def _draw(self, asked: PageRequest) -> Answer:
        if self.refuses:
            return refused(self.refuses)
        self.posted.append(msgspec.json.decode(asked.form["drawn"], type=Posted))
        return done("Saved.")


@pytest.fixture
def browser(browser: Browser) -> Browser:
    browser.be(1280, 900)
    return browser


def opened(browser: Browser, page: Served) -> None:
    browser.go(f"{page.address}/commission")
    browser.wait("document.querySelector('.canvas svg').viewBox.baseVal.width === 640")
    browser.wait("document.querySelector('.canvas img').complete")


def said(browser: Browser) -> str:
    return str(browser.ask("document.querySelector('.say').textContent"))


def saved(browser: Browser, board: Board) -> Posted:
    count = len(board.posted)
    browser.click("[data-do=save]")
    browser.wait("document.querySelector('.say').textContent === 'Saved.'")
    assert len(board.posted) == count + 1
    return board.posted[-1]


def near(points: tuple[Spot, ...], wanted: list[Point]) -> bool:
    pairs = zip(points, wanted, strict=True)
    return all(abs(spot.x - x) < 0.004 and abs(spot.y - y) < 0.004 for spot, (x, y) in pairs)


def test_masks_that_hide_too_much_are_refused_while_they_are_drawn(browser: Browser) -> None:
    """By the share that the kiosk counts; one that is small enough goes out."""
    board = Board(NOTHING)
    with served(board.site) as page:
        opened(browser, page)
        browser.click("[data-do=mask]")
        for point in ((0.1, 0.1), (0.9, 0.1), (0.9, 0.7)):
            click_at(browser, BOARD, point)
        assert "The masks cover 24 %" in str(browser.ask("document.querySelector('.masked').textContent"))
        assert "refused" not in said(browser)
        click_at(browser, BOARD, (0.1, 0.7))
        assert "More than 25 % is refused" in said(browser)
        assert browser.ask("document.querySelector('.masked.bad').textContent.includes('48 %')")
        press(browser, "Escape")
        browser.click("[data-do=save]")
        assert "More than 25 % is refused" in said(browser)
        assert not board.posted, "it is not even sent"
        browser.click("[data-do=undo]")
        square = [Spot(0.1, 0.1), Spot(0.9, 0.1), Spot(0.9, 0.7)]
        assert abs(share_inside([square]) - 0.24) < 0.02
        assert len(saved(browser, board).mask) == 1


def test_a_zone_with_the_mouse_and_a_mask_with_the_keyboard(browser: Browser) -> None:
    board = Board(NOTHING)
    square: list[Point] = [(0.3, 0.3), (0.6, 0.3), (0.6, 0.7), (0.3, 0.7)]
    with served(board.site) as page:
        opened(browser, page)
        browser.click("[data-do=zone]")
        for point in (*square, square[0]):  # the first one again closes it
            click_at(browser, BOARD, point)
        assert said(browser) == "Closed. Move its points until it fits, then save."
        drag(browser, BOARD, [square[0], (0.4, 0.6), (0.45, 0.9)])
        assert "crosses itself" in said(browser)
        assert browser.ask("document.querySelectorAll('.canvas .wrong').length") == 2
        assert browser.ask("document.querySelector('.fields .problems').textContent")
        browser.click("[data-do=save]")
        assert "crosses itself" in said(browser)
        assert not board.posted, "what is wrong is not even sent"
        press(browser, "z", modifiers=CONTROL)  # the focus is on the button: this undoes nothing
        browser.click("[data-do=undo]")
        assert browser.ask("document.querySelectorAll('.canvas .wrong').length") == 0
        write(browser, "#field-name", "Behind the machine")
        write(browser, "#field-hours", "22:00-6:00")
        press(browser, "Tab")
        assert browser.ask("document.querySelector('.fields .problems').textContent.includes('22:00-06:00')")
        write(browser, "#field-hours", "22:00-06:00")
        press(browser, "Tab")

        browser.ask("document.querySelector('[data-do=mask]').focus()")
        press(browser, "Enter")
        press(browser, *["ArrowLeft"] * 5, "Enter")
        press(browser, "ArrowRight", "ArrowRight", "Enter", modifiers=SHIFT)
        press(browser, *["ArrowDown"] * 8, "Enter")
        press(browser, *["ArrowLeft"] * 10, " ", "Escape")
        assert browser.ask("document.activeElement.dataset.point") == "0"
        press(browser, "ArrowUp")
        assert said(browser) == "45.0 % from the left, 49.0 % from the top"
        press(browser, "z", modifiers=CONTROL)
        press(browser, "z", modifiers=CONTROL | SHIFT)

        posted = saved(browser, board)
    zone, mask = posted.zone[0], posted.mask[0]
    assert (zone.name, zone.purpose, zone.hours) == ("Behind the machine", Purpose.FORBIDDEN, "22:00-06:00")
    assert near(zone.polygon, square)
    assert mask.name == "PIN pad 1"
    assert near(mask.polygon, [(0.45, 0.49), (0.55, 0.5), (0.55, 0.58), (0.45, 0.58)])


def test_numbers_a_finger_and_what_is_not_saved_yet(browser: Browser) -> None:
    """The floor by its number fields, a point moved by a finger; a reload keeps all of it."""
    board = Board(NOTHING)
    with served(board.site) as page:
        opened(browser, page)
        browser.click("[data-do=floor]")
        for point in ((0.3, 0.9), (0.6, 0.9), (0.55, 0.7), (0.35, 0.7)):
            click_at(browser, BOARD, point)  # the fourth one closes it
        write(browser, "#field-width_cm", "80")
        write(browser, "#point-0-x", "31.5")
        press(browser, "Tab")
        browser.order("Emulation.setTouchEmulationEnabled", {"enabled": True})
        swipe(browser, BOARD, [(0.6, 0.9), (0.62, 0.92), (0.65, 0.95)])
        browser.order("Emulation.setTouchEmulationEnabled", {"enabled": False})
        assert browser.ask("document.querySelector('.unsaved').hidden") is False
        opened(browser, page)
        assert browser.ask("document.querySelector('.unsaved').hidden") is False, "a reload loses nothing"
        posted = saved(browser, board)
        assert browser.ask("document.querySelector('.unsaved').hidden") is True
    assert posted.floor is not None
    assert posted.floor.width_cm == 80
    assert near(posted.floor.corners, [(0.315, 0.9), (0.65, 0.95), (0.55, 0.7), (0.35, 0.7)])


FOCUSED = "document.activeElement.id || document.activeElement.dataset.do + document.activeElement.dataset.at"


def test_a_field_keeps_focus_and_half_typed_words_while_pictures_come(browser: Browser) -> None:
    """And what is clicked or tabbed to right after typing is still there."""
    zone = {"name": "a", "purpose": "loiter", "polygon": [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]}
    board = Board({**NOTHING, "zone": [zone, {**zone, "name": "b"}]})
    with served(board.site) as page:
        opened(browser, page)
        browser.click("[data-do=choose][data-at='0']")
        assert browser.ask(FOCUSED) == "choose0"
        browser.ask(
            "(() => { const field = document.querySelector('#field-name'); field.focus();"
            " field.select(); window.field = field; })()"
        )
        browser.order("Input.insertText", {"text": "Va"})
        browser.ask(
            "window.shown = 0; document.querySelector('.canvas img')"
            ".addEventListener('load', () => { window.shown += 1; })"
        )
        browser.wait("window.shown >= 2")
        browser.order("Input.insertText", {"text": "ult"})
        assert browser.ask("window.field.value") == "Vault", "what was typed goes on where it was"
        press(browser, "Tab")
        assert browser.ask(FOCUSED) == "field-purpose"
        write(browser, "#field-hours", "22:00-06:00")
        browser.click("[data-do=choose][data-at='1']")
        assert browser.ask("document.querySelector('#field-name').value") == "b"
        assert browser.ask(FOCUSED) == "choose1"
        write(browser, "#point-0-x", "25")
        browser.click("[data-do=drop][data-at='3']")
        assert said(browser) == "Point removed."
        first, second = saved(browser, board).zone
    assert (first.name, first.hours) == ("Vault", "22:00-06:00")
    assert near(second.polygon, [(0.25, 0.2), (0.8, 0.2), (0.8, 0.8)])


def test_a_double_click_closes_and_makes_one_point(browser: Browser) -> None:
    board = Board(NOTHING)
    with served(board.site) as page:
        opened(browser, page)
        browser.click("[data-do=mask]")
        for point in ((0.1, 0.1), (0.2, 0.1)):
            click_at(browser, BOARD, point)
        click_at(browser, BOARD, (0.2, 0.25), times=2)
        assert said(browser) == "Closed. Move its points until it fits, then save."
        [mask] = saved(browser, board).mask
    assert near(mask.polygon, [(0.1, 0.1), (0.2, 0.1), (0.2, 0.25)])


def test_points_are_added_and_removed_and_a_refusal_is_said(browser: Browser) -> None:
    zone = {"name": "a", "purpose": "loiter", "polygon": [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]}
    board = Board({**NOTHING, "zone": [zone]})
    with served(board.site) as page:
        opened(browser, page)
        click_at(browser, BOARD, (0.5, 0.4))
        assert browser.ask("document.querySelectorAll('.canvas .handle').length") == 4
        drag(browser, BOARD, [(0.5, 0.2), (0.5, 0.15), (0.5, 0.1)])  # from the middle of a side: a new point
        assert browser.ask("document.querySelectorAll('.canvas .handle').length") == 5
        drag(browser, BOARD, [(0.5, 0.5), (0.52, 0.5), (0.55, 0.5)])  # the whole
        click_at(browser, BOARD, (0.85, 0.8))
        press(browser, "Delete")
        board.refuses = "The kiosk has no room."
        browser.click("[data-do=save]")
        browser.wait("document.querySelector('.say').textContent === 'The kiosk has no room.'")
        board.refuses = ""
        first = saved(browser, board).zone[0]
        assert near(first.polygon, [(0.25, 0.2), (0.55, 0.1), (0.85, 0.2), (0.25, 0.8)])
        browser.click("[data-do=remove]")
        assert saved(browser, board).zone == ()


@pytest.mark.skipif(axe() is None, reason="no axe-core here: npm install -g axe-core")
@pytest.mark.parametrize("language", [LanguageName.EN, LanguageName.DE])
def test_axe_finds_nothing_while_something_is_drawn(browser: Browser, language: LanguageName) -> None:
    zone = {"name": "a", "purpose": "loiter", "polygon": [[0.2, 0.2], [0.8, 0.8], [0.8, 0.2], [0.2, 0.8]]}
    mask = {"name": "b", "polygon": [[0.2, 0.2], [0.3, 0.2], [0.3, 0.3]]}
    board = Board({**NOTHING, "zone": [zone], "mask": [mask]}, language)
    with served(board.site) as page:
        for width, dark in ((320, False), (1280, True)):
            browser.be(width, dark=dark)
            opened(browser, page)
            click_at(browser, BOARD, (0.5, 0.25))
            assert browser.findings() == {}, width
            wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            assert browser.ask(wide), width


def test_the_script_and_the_settings_find_the_same_wrong(browser: Browser) -> None:
    """Random outlines: what the browser refuses is what the kiosk refuses, and nothing else."""
    rng = random.Random(7)
    outlines = [
        [(rng.randint(0, 20) / 20, rng.randint(0, 20) / 20) for _ in range(rng.choice((2, 3, 4, 4, 5, 7)))]
        for _ in range(600)
    ]
    with served(Board(NOTHING).site) as page:
        opened(browser, page)
        found = browser.ask(
            "import('/static/commission-shapes.js').then(({ problems }) =>"
            f" {json.dumps(outlines)}.map((points) =>"
            " [problems({kind: 'zone', name: 'a', hours: '', points}),"
            " problems({kind: 'floor', points})].map((one) => one.length > 0)))"
        )
    wrong = cast(list[list[bool]], found)
    for outline, (zone_wrong, floor_wrong) in zip(outlines, wrong, strict=True):
        spots = tuple(Spot(x, y) for x, y in outline)
        zone = Zone("a", Purpose.LOITER, spots)
        assert zone_wrong == bool(list(zone_problems(zone, "zone.1"))), outline
        assert floor_wrong == bool(marks_problem(Marks(corners=spots))), outline
    assert 100 < sum(zone for zone, _ in wrong) < 500

"""The incidents in a real Chromium: the film plays and follows; everybody can read and reach all of it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from edge.reports.document import Maker
from edge.reports.of_incident import incident_report
from edge.reports.of_period import day_report, month_report
from edge.words.language import LanguageName
from tests.reports.test_reports import DAY
from tests.reports.test_timeline import DAY_WALL_S
from tests.worlds.browser import Browser, axe, chromium
from tests.worlds.incident_world import IncidentWorld
from tests.worlds.panel_world import Window

pytestmark = [
    pytest.mark.skipif(chromium() is None, reason="no Chromium here: apt install chromium"),
    pytest.mark.timeout(400),
    pytest.mark.slow,
]

NO_AXE = pytest.mark.skipif(axe() is None, reason="no axe-core here: npm install -g axe-core")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> IncidentWorld:
    world = IncidentWorld(tmp_path_factory.mktemp("played"))
    world.run(5.0)
    world.lock_and_open()
    world.text("control_room", "FALSE 1")
    world.run(45.0)
    world.close()
    return world


def press(browser: Browser, key: str) -> None:
    for kind in ("keyDown", "keyUp"):
        text = {"text": key} if key == " " else {}
        code = "Space" if key == " " else key
        browser.order("Input.dispatchKeyEvent", {"type": kind, "key": key, "code": code, **text})


def cut_off(browser: Browser) -> object:
    """What reaches over the window's edge or is longer than its own box."""
    return browser.ask(
        """(() => {
        const wide = document.documentElement.clientWidth;
        const kinds = ["td", "dd", "dt", "h1", "h2", "p", "li", "button"].map((one) => `main ${one}`);
        return [...document.querySelectorAll(kinds.join())]
          .filter((one) => one.getClientRects().length && !one.closest(".unseen, .narrow"))
          .filter((one) => one.getBoundingClientRect().right > wide + 1)
          .map((one) => one.outerHTML.slice(0, 120));
        })()"""
    )


FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def test_the_film_plays_stops_scrubs_and_the_story_follows(played: IncidentWorld, browser: Browser) -> None:
    position = "Number(document.querySelector('#position').value)"
    now = "document.querySelector('#moments .now')?.textContent ?? ''"
    with Window(played.folder, ["panel.pictures=true"]) as window:
        browser.be(1280, 900)
        browser.go(f"http://127.0.0.1:{window.port}/incidents")
        browser.click("table a")
        browser.wait("location.pathname === '/incidents/1' && document.querySelector('#play') !== null")
        browser.wait("document.querySelector('#moments [data-at]')?.hidden === false")
        browser.wait("document.querySelector('#frame').naturalWidth > 0")
        last = int(str(browser.ask("Number(document.querySelector('#position').max)")))
        assert last > 20

        browser.ask("(() => { const one = document.querySelector('#speed'); one.value = '8'; })()")
        browser.click("#play")
        browser.wait(f"{position} >= 3")
        assert browser.ask("document.querySelector('#play').textContent") == "Pause"
        browser.click("#play")
        stood = browser.ask(position)
        time.sleep(0.4)
        assert browser.ask(position) == stood, "it stands where it was stopped"

        browser.click("#on")
        assert browser.ask(position) == int(str(stood)) + 1
        press(browser, "End")
        assert browser.ask(position) == last
        press(browser, "ArrowLeft")
        assert browser.ask(position) == last - 1
        press(browser, "Home")
        assert browser.ask(position) == 0

        moments = "[...document.querySelectorAll('#moments > li')]"
        locked = f"{moments}.find((one) => one.textContent.includes('The door is locked'))"
        browser.ask(f"{locked}.querySelector('button').id = 'jump'")
        browser.click("#jump")
        browser.wait(f"{position} > 0")
        shown = browser.ask("document.querySelector('#caption').textContent")
        since = float(str(browser.ask(f"{locked}.dataset.since")))
        at = float(str(browser.ask(f"document.querySelector('#shots').children[{position}].dataset.since")))
        assert at <= since + 0.1 <= at + 1.5, (shown, since)
        assert "Keys are touched" not in str(browser.ask(now))

        browser.ask("document.querySelector('#play').focus()")
        press(browser, " ")
        browser.wait("document.querySelector('#play').textContent === 'Pause'")
        browser.wait(f"{position} === {last} && document.querySelector('#play').textContent === 'Play'")
        assert browser.ask("document.querySelector('#moments .now').getAttribute('aria-current')") == "true"


def test_without_a_script_the_story_stands_there_with_some_pictures(
    played: IncidentWorld, browser: Browser
) -> None:
    with Window(played.folder, ["panel.pictures=true"]) as window:
        browser.order("Emulation.setScriptExecutionDisabled", {"value": True})
        browser.be(900)
        browser.go(f"http://127.0.0.1:{window.port}/incidents/1")
        assert browser.ask("document.querySelector('#play').getClientRects().length") == 0
        assert int(str(browser.ask("document.querySelectorAll('noscript img').length"))) >= 4
        assert browser.ask("document.querySelector('form') === null")
        browser.go(f"http://127.0.0.1:{window.port}/incidents?kind=locked")
        assert browser.ask("document.querySelectorAll('tbody tr').length") == 1


@NO_AXE
@pytest.mark.parametrize("language", [LanguageName.EN, LanguageName.DE, LanguageName.HI])
def test_everybody_can_read_it_at_every_width(
    played: IncidentWorld, browser: Browser, language: LanguageName
) -> None:
    with Window(played.folder, ["panel.pictures=true", f"cabin.language={language}"]) as window:
        for width, dark in ((1280, language is LanguageName.DE), (320, language is not LanguageName.DE)):
            browser.be(width, dark=dark)
            for path in ("/incidents", "/incidents/1", "/incidents?q=nothing+fits"):
                browser.go(f"http://127.0.0.1:{window.port}{path}")
                assert browser.findings() == {}, (path, width, dark)
                assert cut_off(browser) == [], (path, width)
                assert browser.ask(
                    "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
                )


@NO_AXE
def test_a_report_is_read_by_everybody_and_fetches_nothing(
    played: IncidentWorld, browser: Browser, tmp_path: Path
) -> None:
    for language in (LanguageName.EN, LanguageName.DE):
        maker = Maker.of(played.settings, language, True, DAY_WALL_S + 7200.0)
        pages = {
            "incident": incident_report(maker, 1) or "",
            "day": day_report(maker, DAY),
            "month": month_report(maker, 2026, 1),
        }
        for name, html in pages.items():
            file = tmp_path / f"{name}.html"
            file.write_text(html)
            for width in (1000, 360):
                browser.be(width)
                browser.go(file.as_uri())
                fetched = browser.ask(
                    "performance.getEntriesByType('resource').map((one) => one.name.slice(0, 60))"
                    ".filter((one) => !one.startsWith('data:'))"
                )
                assert fetched == [], (name, json.dumps(fetched))
                images = "[...document.images].filter((one) => one.loading !== 'lazy')"
                assert browser.ask(f"{images}.filter((one) => !one.naturalWidth).length") == 0
                browser.order("Page.setBypassCSP", {"enabled": True})
                assert browser.findings() == {}, (name, language, width)
                assert browser.ask(
                    "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
                )

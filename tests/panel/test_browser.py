"""The page in a real Chromium: its one button works when clicked, and everybody can read and reach all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from edge.panel import sources
from edge.selftest.finding import Finding
from edge.words.language import LanguageName
from edge.words.languages import words_of
from tests.worlds.browser import Browser, axe, chromium
from tests.worlds.panel_world import Cabin, Window

pytestmark = [
    pytest.mark.skipif(chromium() is None, reason="no Chromium here: apt install chromium"),
    pytest.mark.timeout(900),
]

WIDTHS = (320, 360, 412, 600, 900, 1280)


@pytest.fixture
def cabin(tmp_path: Path) -> Iterator[Cabin]:
    with Cabin(tmp_path, ["panel.live=true", "panel.pictures=true", "vision.chain=true"]) as cabin:
        yield cabin


def until_run(window: Window) -> None:
    """The self-test that was begun has ended."""
    end_s = time.monotonic() + 60.0
    while window.sources.tests.running:
        assert time.monotonic() < end_s
        time.sleep(0.01)


def full_page(cabin: Cabin) -> str:
    """A lock, a fault, messages of every outcome, pictures; the page's address."""
    cabin.people.do("enter anna with mask", cabin.desk.clock.now_s())
    cabin.run(14.0)
    for _ in range(10):  # the same words take longer in another language
        if not cabin.desk.hands.lock_on:
            cabin.run(1.0)
    assert cabin.desk.hands.lock_on
    cabin.desk.hands.fail_keypad()
    cabin.run(6.0)
    page = cabin.page()
    outcome = words_of(cabin.sources.settings.cabin.language).page.outcome
    assert unescape(page).count(f'data-name="{outcome}"') >= 2
    assert '<article class="fault">' in page
    return f"http://127.0.0.1:{cabin.port}/"


@pytest.mark.slow
@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_click_on_the_button_begins_the_self_test_and_says_so(
    cabin: Cabin, browser: Browser, script: bool
) -> None:
    cabin.sources.self_test = lambda: sources.Tests(ran_wall_s=1.8e9)
    browser.be(1280)
    browser.order("Emulation.setScriptExecutionDisabled", {"value": not script})
    browser.go(f"http://127.0.0.1:{cabin.port}/")
    browser.click("form button", script=script)
    browser.wait("document.querySelector('.toast') !== null && document.readyState === 'complete'")
    assert "It runs" in str(browser.ask("document.querySelector('.toast').textContent"))
    assert browser.ask("document.querySelector('h1') !== null"), "the page again, and no bare 403"
    assert browser.ask("location.hash") == ("" if script else "#record")
    until_run(cabin)
    assert cabin.sources.tests.ran_wall_s == 1.8e9


@pytest.mark.slow
def test_a_page_from_elsewhere_begins_none_and_reads_nothing(cabin: Cabin, browser: Browser) -> None:
    """The same form in a page of nobody: the browser names its origin `null`, and its site as another."""
    cabin.sources.self_test = lambda: sources.Tests(ran_wall_s=1.8e9)
    own = f"http://127.0.0.1:{cabin.port}"
    token = f"<input name=_token value={cabin.server.site.token}>"
    form = f"<form method=post action={own}/selftest>{token}<button>x</button></form>"
    framed = f"<iframe src={own}/></iframe><img src={own}/static/icon.svg>"
    browser.go(f"data:text/html,{form}{framed}")
    browser.wait("document.readyState === 'complete'")
    assert browser.ask("document.querySelector('img').naturalWidth") == 0, "not even a picture"
    read = browser.ask(f"fetch('{own}/now').then(() => 'read', () => 'refused')")
    assert read == "refused"
    stream = f"new EventSource('{own}/live')"
    assert browser.ask(f"new Promise((done) => {{ {stream}.onerror = () => done('closed'); }})") == "closed"
    assert cabin.server.streams == 0, "a page from elsewhere takes no place either"
    browser.click("form button")
    browser.wait("location.href.endsWith('/selftest') && document.readyState === 'complete'")
    assert browser.ask("document.body.textContent.startsWith('403')")
    assert not cabin.sources.tests.running
    assert cabin.sources.tests.ran_wall_s is None


@pytest.mark.slow
@pytest.mark.parametrize("language", LanguageName)
def test_nothing_is_cut_off_at_any_width(tmp_path: Path, browser: Browser, language: str) -> None:
    words = [f"cabin.language={language}", "panel.live=true", "panel.pictures=true", "vision.chain=true"]
    with Cabin(tmp_path, words) as cabin:
        cabin.people.do("enter anna with mask", 0.0)
        cabin.run(20.0)  # the longest words of the three have been said
        for width in WIDTHS:
            browser.be(width)
            browser.go(f"http://127.0.0.1:{cabin.port}/")
            cut = browser.ask(
                """(() => {
                const wide = document.documentElement.clientWidth;
                const all = [...document.querySelectorAll("td, dd, dt, h1, h2, p, li, button")];
                return all.filter((one) => one.getClientRects().length && !one.closest(".unseen"))
                  .filter((one) => one.getBoundingClientRect().right > wide + 1 ||
                    one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== "inline")
                  .map((one) => one.outerHTML.slice(0, 120));
                })()"""
            )
            assert cut == [], width
            assert browser.ask("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
            outcome = browser.ask(
                "(() => { const box = document.querySelector('#messages tr:last-child td:last-child')"
                ".getBoundingClientRect(); return box.width > 20 && box.right <= innerWidth; })()"
            )
            assert outcome is True, f"what became of a message is seen at {width}"


@pytest.mark.slow
@pytest.mark.skipif(axe() is None, reason="no axe-core here: npm install -g axe-core")
@pytest.mark.parametrize(("language", "dark"), [("en", False), ("de", True), ("hi", False)])
def test_axe_finds_nothing_at_any_width(
    tmp_path: Path, browser: Browser, language: str, dark: bool, full: bool
) -> None:
    """With a lock, a fault, messages and an incident, on every page that the navigation names."""
    words = [f"cabin.language={language}", "panel.live=true", "panel.pictures=true", "vision.chain=true"]
    with Cabin(tmp_path, words) as cabin:
        address = full_page(cabin)
        browser.be(1280, dark=dark)
        browser.go(address)
        links = browser.ask("[...document.querySelectorAll('nav a')].map((one) => one.href)")
        assert isinstance(links, list)
        assert len(links) >= 2
        for width in WIDTHS if full else (320, 1280):
            browser.be(width, dark=dark)
            for link in links:
                browser.go(str(link))
                assert browser.findings() == {}, (width, link)


@pytest.mark.slow
@pytest.mark.skipif(axe() is None, reason="no axe-core here: npm install -g axe-core")
def test_axe_finds_nothing_while_the_kiosk_is_down_and_its_self_test_found_much(
    tmp_path: Path, browser: Browser
) -> None:
    with Window(tmp_path) as window:
        found = (Finding("modem", "modem_mute", "no answer"), Finding("disk", "ok", "1 GB free"))
        window.sources.self_test = lambda: sources.Tests(ran_wall_s=1.8e9, findings=found)
        window.sources.run_tests()
        until_run(window)
        for width in (320, 1280):
            browser.be(width)
            browser.go(f"http://127.0.0.1:{window.port}/")
            assert browser.ask("document.querySelectorAll('.tests li').length") == 2
            assert browser.findings() == {}, width


@pytest.mark.slow
@pytest.mark.skipif(axe() is None, reason="no axe-core here: npm install -g axe-core")
def test_axe_would_have_found_a_region_that_no_key_reaches(cabin: Cabin, browser: Browser) -> None:
    browser.be(360)
    browser.go(full_page(cabin))
    browser.ask(
        "(() => { const one = document.createElement('pre'); one.textContent = 'x'.repeat(2000);"
        " const around = document.createElement('div');"
        " Object.assign(around.style, {overflowX: 'auto'});"
        " around.append(one); document.querySelector('.parts').append(around); })()"
    )
    assert list(browser.findings()) == ["scrollable-region-focusable"]

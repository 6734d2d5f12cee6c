"""The bench page in a real Chromium over views of every kind: readable, reachable, whole, and its script."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from edge.bench.wire import Act, Acted, BenchView
from edge.faults.fault import FaultError
from edge.words.language import LanguageName
from tests.worlds.bench_page import LOCKED, VACANT, PageOver
from tests.worlds.browser import WITHIN_S, Browser, Chromium, axe, chromium

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="no Chromium here: apt install chromium"),
    pytest.mark.timeout(900),
]

OFF = msgspec.structs.replace(LOCKED, powered=False, state="off", mode="off", deadlines=(), ways=())


@pytest.fixture(scope="module")
def browser(shared_chromium: Callable[[], Chromium]) -> Iterator[Browser]:
    with Browser(shared_chromium()) as browser:
        yield browser


def open_all(browser: Browser) -> None:
    browser.ask("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


@pytest.mark.skipif(axe() is None, reason="no axe-core here: npm install -g axe-core")
def test_axe_finds_nothing_in_any_state(tmp_path: Path, browser: Browser, full: bool) -> None:
    silent = FaultError("kiosk_not_running", "")
    looks: dict[LanguageName, list[tuple[BenchView | FaultError, int, bool]]] = {
        LanguageName.EN: [
            (VACANT, 1440, False),
            (LOCKED, 1440, False),
            (OFF, 320, True),
            (silent, 320, False),
        ],
        LanguageName.DE: [(LOCKED, 320, True), (VACANT, 768, False)],
        LanguageName.HI: [(LOCKED, 768, False)],
    }
    if full:
        looks[LanguageName.DE].append((LOCKED, 1440, True))
    for language, shown in looks.items():
        with PageOver(tmp_path, [f"cabin.language={language}"]) as page:
            for number, (view, width, dark) in enumerate(shown):
                page.view = view
                page.site.forget()
                browser.be(width, dark=dark)
                browser.go(f"{page.address}?look={language}{number}")
                open_all(browser)
                assert browser.findings() == {}, (language, width, dark)


@pytest.mark.parametrize("language", LanguageName)
def test_nothing_is_cut_off_at_any_width(tmp_path: Path, browser: Browser, language: LanguageName) -> None:
    with PageOver(tmp_path, [f"cabin.language={language}"]) as page:
        page.view = LOCKED
        for width in (320, 412, 768, 1280, 1920):
            browser.be(width)
            browser.go(page.address)
            open_all(browser)
            cut = browser.ask(
                """(() => {
                const wide = document.documentElement.clientWidth;
                const kinds = "button, dd, dt, h1, h2, h3, p, li";
                const all = [...document.querySelectorAll(`${kinds}, input, select`)];
                return all.filter((one) => one.getClientRects().length && !one.closest(".unseen"))
                  .filter((one) => one.getBoundingClientRect().right > wide + 1 ||
                    one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== "inline" &&
                    one.matches(kinds))
                  .map((one) => one.outerHTML.slice(0, 160));
                })()"""
            )
            assert cut == [], width
            assert browser.ask("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_the_script_of_the_page_does_its_work(tmp_path: Path, browser: Browser) -> None:
    """Keys typed and held, deadlines that go down, the search, sections that stay as they were folded."""
    with PageOver(tmp_path) as page:
        page.view = LOCKED
        browser.be(1440, 1000)
        browser.go(page.address)

        browser.ask("document.querySelector('[data-keypad]').focus()")
        for key in "4*#":
            for kind in ("keyDown", "keyUp"):
                browser.order("Input.dispatchKeyEvent", {"type": kind, "key": key, "text": key})
        wait_for(page, [Act("keys 4"), Act("keys *"), Act("keys #")])

        hold(browser, "[data-key='7']", page)
        browser.click("[data-key='1']")
        wait_for(page, [Act("key 7 stuck"), Act("key 7 free"), Act("keys 1")])  # 7 was not typed as well

        finger(browser, "down", "7")
        finger(browser, "down", "8")
        acted(page, 1)
        finger(browser, "up", "7")
        wait_for(page, [Act("key 7 stuck"), Act("key 7 free")])  # none stays stuck behind a second finger

        sound = "document.querySelector('.sound-switch')"
        browser.click(".sound-switch")
        assert browser.ask(f"{sound}.getAttribute('aria-pressed') + {sound}.textContent") == "trueSound off"
        browser.click(".sound-switch")
        assert browser.ask(f"{sound}.getAttribute('aria-pressed') + {sound}.textContent") == "falseSound on"

        left = "Number.parseFloat(document.querySelector('.wait-siren .left').textContent)"
        first = browser.ask(left)
        assert isinstance(first, float | int)
        browser.wait(f"{left} < {first}")
        stands = browser.ask("document.querySelector('.stands .left').textContent")
        assert stands == "120 s"

        browser.click("#fault-search")
        browser.order("Input.insertText", {"text": "Nothing is answered"})
        shown = "[...document.querySelectorAll('[data-fault]')].filter((one) => one.checkVisibility())"
        browser.wait(f"{shown}.length === 1")
        assert browser.ask(f"{shown}[0].querySelector('button').value") == "modem mute off"
        browser.order("Input.insertText", {"text": " never"})
        browser.wait("!document.getElementById('fault-none').hidden")

        browser.click("#phones-card summary")
        browser.wait("!document.querySelector('#phones-card details').open")
        browser.go(page.address)
        assert browser.ask("document.querySelector('#phones-card details').open") is False

        page.view = VACANT
        browser.wait("document.body.dataset.state === 'vacant'")
        assert browser.ask("document.querySelector('#phones-card details').open") is False


def test_what_comes_next_is_open_on_a_phone_while_a_door_is_locked(tmp_path: Path, browser: Browser) -> None:
    is_open = "document.querySelector('#coming-card > details').open"
    with PageOver(tmp_path) as page:
        page.view = VACANT
        browser.be(412)
        browser.go(page.address)
        browser.ask("sessionStorage.clear()")
        browser.go(page.address)
        browser.wait(f"!{is_open}")
        page.view = LOCKED
        page.site.forget()
        browser.wait(is_open)
        browser.ask("document.querySelector('#coming-card summary').click()")
        browser.wait(f"!{is_open}")
        browser.ask("sessionStorage.clear()")


def test_all_of_it_acts_without_a_script_too(tmp_path: Path, browser: Browser) -> None:
    with PageOver(tmp_path) as page:
        browser.be(1440, 1000)
        browser.order("Emulation.setScriptExecutionDisabled", {"value": True})
        try:
            browser.go(page.address)
            browser.click("#enter input[name='with_mask']", script=False)
            browser.click("#enter button.primary", script=False)
            wait_for(page, [Act("enter anna with mask")])
            browser.wait("location.hash === '#enter' && document.readyState === 'complete'")
            page.reply = Acted(done=False, said="not done: nobody is locked in")
            browser.click("#contacts button[value='fire on']", script=False)
            wait_for(page, [Act("fire on")])
            browser.wait("document.querySelector('.toast.bad')?.textContent.includes('nobody is locked in')")
        finally:
            browser.order("Emulation.setScriptExecutionDisabled", {"value": False})


def wait_for(page: PageOver, acts: list[Act]) -> None:
    end_s = time.monotonic() + WITHIN_S
    while page.asked != acts:
        assert time.monotonic() < end_s, page.asked
        time.sleep(0.02)
    page.asked.clear()


def hold(browser: Browser, selector: str, page: PageOver) -> None:
    """Press the mouse on something until the page has acted, then let go."""
    left, top, width, height = browser.box(selector)
    mouse = {"x": left + width / 2, "y": top + height / 2, "button": "left", "clickCount": 1}
    browser.order("Input.dispatchMouseEvent", {"type": "mousePressed", **mouse})
    acted(page, 1)
    browser.order("Input.dispatchMouseEvent", {"type": "mouseReleased", **mouse})
    acted(page, 2)


def finger(browser: Browser, move: str, key: str) -> None:
    """A finger on a key of the keypad, or off it."""
    browser.ask(
        f"document.querySelector('[data-key=\"{key}\"]').dispatchEvent("
        f"new PointerEvent('pointer{move}', {{ bubbles: true, button: 0 }}))"
    )


def acted(page: PageOver, times: int) -> None:
    end_s = time.monotonic() + WITHIN_S
    while len(page.asked) < times:
        assert time.monotonic() < end_s, page.asked
        time.sleep(0.02)

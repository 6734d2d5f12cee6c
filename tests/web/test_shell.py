"""The script of every page in a real Chromium: nothing under the finger is lost, acts are asked and said."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from edge.web.exchange import Answer, Live, PageRequest, done, refused
from edge.web.gate import Gate
from edge.web.server import STREAMS, Server
from edge.web.site import Site, seen_at
from edge.words.language import LanguageName
from tests.worlds.browser import WITHIN_S, Browser, axe, chromium
from tests.worlds.site_world import Served, served

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="no Chromium here: apt install chromium"),
    pytest.mark.timeout(900),
]


class Bench:
    """A page with everything that can be lost: a field, buttons, an open fold."""

    def __init__(self, language: LanguageName = LanguageName.EN) -> None:
        self.turn = 0
        self.gone = False
        self.done: list[dict[str, str]] = []
        self.slow = threading.Event()
        self.slow.set()
        self.site = Site("Cabin 1", language, footer="A page for tests.")
        self.site.view("/", self.now, "bench", "Bench")
        self.site.view("/two", lambda: Live("Two", parts={"a": "<p>Two</p>"}), "two", "Two")
        self.site.post("/act", self.act)
        self.site.post("/no", lambda asked: refused("Not while somebody is there."))
        self.site.post("/go", lambda asked: seen_at("/two"))

    def now(self) -> Live:
        self.turn += 1
        rows = "".join(f"<li>{number}</li>" for number in range(self.turn % 3))
        gone = "" if self.gone else '<button name="key" value="1" id="one">1</button>'
        return Live(
            f"Turn {self.turn}",
            "vacant",
            "Vacant.",
            {
                "head": f'<div class="banner"><h1>Turn <span id="turn">{self.turn}</span></h1></div>',
                "form": (
                    f"<h2>Form</h2><p>{self.turn}</p><ul>{rows}</ul>"
                    '<form method="post" action="/act" data-clear>'
                    '<label for="text">Text</label><input id="text" name="text" value="">'
                    f'<button id="send">Send</button></form>'
                    f'<details><summary>More</summary><p id="more">{self.turn}</p></details>'
                ),
                "keys": (
                    f'<h2>Keys {self.turn}</h2><form method="post" action="/act">{gone}'
                    '<button name="key" value="2" id="two">2</button></form>'
                ),
                "acts": (
                    '<h2>Acts</h2><form method="post" action="/act" data-confirm="It is heard outside.">'
                    '<button name="siren" value="on" id="siren" class="danger">Siren</button></form>'
                    '<form method="post" action="/no"><button id="no">No</button></form>'
                    '<form method="post" action="/go"><button id="go">Go</button></form>'
                ),
            },
        )

    def act(self, asked: PageRequest) -> Answer:
        self.slow.wait(10.0)
        self.done.append(dict(asked.form))
        return done(f"Done: {len(self.done)}.")


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def page(bench: Bench) -> Iterator[Served]:
    with served(bench.site) as page:
        yield page


def turns(browser: Browser, count: int = 2) -> None:
    """The page was renewed so many times."""
    before = browser.ask("+document.getElementById('turn').textContent")
    assert isinstance(before, int)
    browser.wait(f"+document.getElementById('turn').textContent >= {before + count}")


def keys(browser: Browser, *names: str) -> None:
    codes = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32}
    for name in names:
        text = {"Enter": "\r", " ": " "}.get(name, "")
        press = {"key": name, "code": name, "windowsVirtualKeyCode": codes[name]}
        down = "keyDown" if text else "rawKeyDown"
        browser.order("Input.dispatchKeyEvent", {"type": down, "text": text, **press})
        browser.order("Input.dispatchKeyEvent", {"type": "keyUp", **press})


def test_nothing_under_the_finger_is_lost(bench: Bench, page: Served, browser: Browser) -> None:
    browser.be(900)
    browser.go(page.address)
    turns(browser)
    # Half typed, and the place in it.
    browser.click("#text")
    browser.order("Input.insertText", {"text": "half"})
    browser.ask("document.getElementById('text').setSelectionRange(2, 2)")
    browser.click("summary")
    turns(browser)
    assert browser.ask("document.getElementById('text').value") == "half"
    assert browser.ask("document.querySelector('details').open")
    assert browser.ask("document.getElementById('more').textContent !== '1'"), "what is open is renewed too"
    browser.ask("document.getElementById('text').focus()")
    turns(browser)
    assert browser.ask("document.activeElement.id") == "text"
    assert browser.ask("document.getElementById('text').selectionStart") == 2
    # A button that has the focus keeps it, and its part is renewed all the same.
    browser.ask("document.getElementById('two').focus()")
    before = browser.ask("document.querySelector('#keys h2').textContent")
    turns(browser)
    assert browser.ask("document.activeElement.id") == "two"
    assert browser.ask("document.querySelector('#keys h2').textContent") != before
    # What is held down stays where it is until it is let go.
    left, top, _, _ = browser.box("#one")
    mouse = {"x": left + 9, "y": top + 9, "button": "left", "clickCount": 1}
    browser.order("Input.dispatchMouseEvent", {"type": "mousePressed", **mouse})
    bench.gone = True
    turns(browser, 1)
    browser.order("Input.dispatchMouseEvent", {"type": "mouseReleased", **mouse})
    browser.wait("document.querySelector('.toast') !== null")
    assert bench.done == [{"key": "1"}]
    browser.wait("document.getElementById('one') === null")
    # And nothing else moves for as long as a click takes.
    still = browser.ask(
        "(() => { document.documentElement.dispatchEvent(new PointerEvent('pointerdown', {bubbles: true}));"
        " const turn = () => document.getElementById('turn').textContent; const before = turn();"
        " return new Promise((told) => setTimeout(() => told(turn() === before), 700)); })()"
    )
    assert still is True
    turns(browser)


def test_a_part_that_changes_while_another_waits_for_its_picture_shows_the_newest(browser: Browser) -> None:
    """The older words of it may not take the place of those that came meanwhile, and stay."""
    shown = {"title": "Door", "sight": "<p>No picture</p>", "door": "<p>open</p>"}
    asked, ready = threading.Event(), threading.Event()

    def picture(request: PageRequest) -> Answer:
        asked.set()
        ready.wait(WITHIN_S)
        return Answer(b"", "image/jpeg")

    site = Site("Cabin 1", LanguageName.EN)
    names = ("sight", "door")
    site.view("/", lambda: Live(shown["title"], parts={name: shown[name] for name in names}), "door", "Door")
    site.get("/picture.jpg", picture)
    with served(site) as page:
        browser.be(900)
        browser.go(page.address)
        shown.update(title="First", sight='<p><img src="/picture.jpg" alt=""></p>', door="<p>shut</p>")
        assert asked.wait(WITHIN_S)
        shown.update(title="Second", door="<p>locked</p>")
        browser.wait("document.title === 'Second'")
        ready.set()
        browser.wait("document.querySelector('#sight img') !== null")
        browser.wait("document.getElementById('door').textContent === 'locked'")


def test_acts_are_sent_in_order_said_and_asked_before(bench: Bench, page: Served, browser: Browser) -> None:
    browser.be(900)
    browser.go(page.address)
    turns(browser)
    bench.slow.clear()
    for key in ("#one", "#two", "#two", "#one"):
        browser.click(key)
    bench.slow.set()
    browser.wait("[...document.querySelectorAll('.toast')].some((one) => one.textContent === 'Done: 4.')")
    assert [act["key"] for act in bench.done] == ["1", "2", "2", "1"]
    assert browser.ask("document.getElementById('toasts').getAttribute('role')") == "status"
    # A text is sent by the Enter key, and its field is free again.
    browser.click("#text")
    browser.order("Input.insertText", {"text": "hello <b>"})
    keys(browser, "Enter")
    browser.wait("document.getElementById('text').value === ''")
    assert bench.done[-1] == {"text": "hello <b>"}
    # Refused: said, and nothing else.
    browser.click("#no")
    browser.wait("document.querySelector('.toast.bad')?.textContent === 'Not while somebody is there.'")
    # Asked before: Escape and the first button do nothing, the focus comes back to where it was.
    count = len(bench.done)
    for way in ("escape", "cancel"):
        browser.ask("document.getElementById('siren').focus()")
        keys(browser, "Enter")
        browser.wait("document.getElementById('ask').open")
        assert browser.ask("document.getElementById('ask-what').textContent") == "It is heard outside."
        assert browser.ask("document.activeElement.value") == "no", "the safe answer is at hand"
        keys(browser, "Escape" if way == "escape" else "Enter")
        browser.wait("!document.getElementById('ask').open")
        assert browser.ask("document.activeElement.id") == "siren"
    assert len(bench.done) == count
    # Asked again at once: that the first question was closed is told late, and is no answer to the second.
    assert browser.ask(
        "new Promise((still) => { const siren = document.getElementById('siren'); siren.click();"
        " document.querySelector('#ask [value=no]').click(); siren.click();"
        " setTimeout(() => still(document.getElementById('ask').open), 300); })"
    )
    browser.click("#ask [value=yes]")
    browser.wait(
        f"[...document.querySelectorAll('.toast')].some((one) => one.textContent === 'Done: {count + 1}.')"
    )
    assert bench.done[-1] == {"siren": "on"}
    browser.click("#go")
    browser.wait("location.pathname === '/two'")
    assert browser.ask("document.querySelector('nav [aria-current]').textContent") == "Two"


def test_without_a_script_it_is_asked_all_the_same(bench: Bench, page: Served, browser: Browser) -> None:
    browser.be(400)
    browser.order("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.go(page.address)
    browser.click("#siren", script=False)
    browser.wait("document.querySelector('h1')?.textContent === 'Are you sure?'")
    assert not bench.done
    assert browser.ask("document.querySelector('#message p').textContent") == "It is heard outside."
    browser.click("#message .danger", script=False)
    browser.wait("document.querySelector('.toast')?.textContent === 'Done: 1.'")
    assert bench.done == [{"siren": "on"}]


def test_a_link_enters_once_and_is_in_no_address_afterwards(browser: Browser) -> None:
    gate = Gate(1800.0, "/closed")
    site = Site("Cabin 1", LanguageName.DE)
    site.view("/", lambda: Live("Offen", parts={"a": "<p>x</p>"}), "open", "Offen")
    site.view("/closed", lambda: Live("Drinnen", parts={"a": "<p>x</p>"}), "closed", "Drinnen")
    site.close_behind(gate, "/closed")
    with served(site) as page:
        browser.be(320, dark=True)
        link = gate.link(page.address)
        for path in ("/enter", "/closed", "/nothing"):
            browser.go(page.address + path)
            check_axe(browser)
        browser.order("Page.navigate", {"url": link})
        browser.wait("document.title === 'Drinnen'")
        assert browser.ask("location.pathname + location.hash") == "/closed"
        assert link.partition("#")[2].encode() not in b"".join(page.heard)
        assert browser.ask("document.cookie") == "", "no script reads it"
        check_axe(browser)
        browser.order("Network.clearBrowserCookies", {})
        browser.order("Page.navigate", {"url": link})
        browser.wait("document.title === 'Geschlossen'")
        assert browser.ask("document.querySelector('#message').textContent.includes('wurde benutzt')")


def check_axe(browser: Browser) -> None:
    if axe() is None:
        return
    browser.wait("document.readyState === 'complete'")
    assert browser.findings() == {}


def test_a_program_that_starts_again_is_found_and_takes_acts(bench: Bench, browser: Browser) -> None:
    with served(bench.site) as page:
        port = page.port
        browser.be(900)
        browser.go(page.address)
        turns(browser)
        browser.click("#text")
        browser.order("Input.insertText", {"text": "half"})
    browser.wait("!document.getElementById('stale').hidden")
    again = Bench()
    with Served(Server(again.site, "127.0.0.1", port)):
        browser.wait("document.getElementById('stale').hidden")
        assert browser.ask("document.getElementById('text').value") == "half", "not thrown away"
        browser.click("#send")
        browser.wait("document.querySelector('.toast')?.textContent === 'Done: 1.'")
        assert again.done == [{"text": "half"}]


def test_one_browser_more_than_streams_asks_instead(
    bench: Bench, page: Served, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.web.server.STREAMS", 0)
    assert STREAMS > 0
    browser.be(900)
    browser.go(page.address)
    turns(browser, 2)
    assert page.server.streams == 0
    assert browser.ask("document.getElementById('stale').hidden")
    monkeypatch.setattr("edge.web.server.STREAMS", 20)
    browser.go(f"{page.address}/two")
    until_streams(page, 1)


def until_streams(page: Served, count: int) -> None:
    end_s = time.monotonic() + 60.0
    while page.server.streams != count:
        assert time.monotonic() < end_s
        time.sleep(0.05)


def test_a_page_that_the_browser_had_kept_lives_again(page: Served, browser: Browser) -> None:
    browser.be(900)
    browser.go(page.address)
    turns(browser)
    browser.ask("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    until_streams(page, 0)
    browser.ask("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    until_streams(page, 1)
    turns(browser)


def test_axe_finds_nothing_and_nothing_is_cut_off(browser: Browser) -> None:
    for language, width, dark in ((LanguageName.EN, 1920, False), ("de", 320, True), ("hi", 640, False)):
        with served(Bench(LanguageName(language)).site) as page:
            browser.be(width, dark=dark)
            browser.go(page.address)
            browser.ask("document.querySelector('#siren').click()")
            browser.wait("document.getElementById('ask').open")
            check_axe(browser)
            browser.click("#ask [value=no]")
            browser.click("#no")
            browser.wait("document.querySelector('.toast.bad') !== null")
            check_axe(browser)
            wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            assert browser.ask(wide), (language, width)

"""A live bench as a tester has it: keeper, cabin and page in processes of their own, hands on the page."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.worlds.browser import Browser
from tests.worlds.closing import Closing
from tests.worlds.ports import free_port

QUICK: Final = (
    "flow.adjust_after_s=1",
    "flow.lock_after_s=3",
    "flow.prompt_lead_s=1",
    "flow.gone_after_s=1",
    "flow.relock_after_s=3",
    "flow.exit_hold_s=5",
    "flow.fire_clear_s=0",
    "flow.unreachable_release_s=8",
)
BEGINS_WITHIN_S: Final = 200.0


class LiveBench(Closing):
    """The page's address is known once it listens; `said` has every line of the processes."""

    def __init__(self, overrides: Sequence[str] = (), stories: Path | None = None) -> None:
        self.said: list[str] = []
        words = [*QUICK, f"panel.port={free_port()}", *overrides]
        command = [sys.executable, "-m", "edge", "bench", "--page-only"]
        for word in words:
            command += ["--set", word]
        if stories is not None:
            command += ["--stories", str(stories)]
        self._process = subprocess.Popen(
            command,
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._address: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.address = self._address.get(timeout=BEGINS_WITHIN_S)
            assert self.address, self.said
        except BaseException:
            self.close()
            raise

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said.append(line.rstrip())
            name, _, address = line.partition(": ")
            if name == "page":
                self._address.put(address.strip())
        self._address.put("")

    def close(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(5.0)
        assert self._process.stdout is not None
        self._process.stdout.close()


class Hands:
    """A tester with a mouse and a keyboard before the bench page, and nothing else."""

    def __init__(self, browser: Browser, address: str = "") -> None:
        """With an address: before a wide window of it."""
        self.browser = browser
        if address:
            browser.be(1440, 1000)
            browser.go(address)

    # --- doing -------------------------------------------------------------------------------------

    def click(self, words: str) -> None:
        """The button that does these words."""
        self.sees(f'button[name="words"][value="{words}"]')
        self.browser.click(f'button[name="words"][value="{words}"]')

    def click_on(self, selector: str) -> None:
        self.sees(selector)
        self.browser.click(selector)

    def write(self, field: str, text: str) -> None:
        """Click a field, take away what stands in it, type a text and the return key."""
        self.browser.click(field)
        self.browser.ask(f"document.querySelector({json.dumps(field)}).select()")
        self.browser.order("Input.insertText", {"text": text})
        self._key("Enter", "\r", 13)

    def pass_s(self, seconds: float) -> None:
        """Let time pass at once, in the words of the prompt."""
        self.write("#prompt-words", f"wait {seconds:g}")

    def type_keys(self, keys: str) -> None:
        """Click into the keypad's field and type on the keyboard."""
        self.browser.ask("document.querySelector('[data-keypad]').focus()")
        for key in keys:
            self._key(key, key, ord(key))

    def _key(self, key: str, text: str, number: int) -> None:
        for kind in ("keyDown", "keyUp"):
            what: dict[str, object] = {"type": kind, "key": key, "windowsVirtualKeyCode": number}
            self.browser.order("Input.dispatchKeyEvent", {**what, "text": text if kind == "keyDown" else ""})

    def choose(self, field: str, begins: str) -> None:
        """Type the first letters of an option of a list."""
        self.browser.ask(f"document.querySelector({json.dumps(field)}).focus()")
        for letter in begins:
            self._key(letter, letter, ord(letter.upper()))

    def enter(self, name: str, *covers: str) -> None:
        for cover in covers:
            box = f'#enter input[name="with_{cover}"]'
            if self.browser.ask(f"document.querySelector({json.dumps(box)}).checked") is False:
                self.browser.click(box)
        self.write("#enter-name", name)
        self.browser.wait(f"document.querySelector('#cabin svg').textContent.includes({json.dumps(name)})")

    def lock_in(self, name: str = "anna", *, at_once: bool = True) -> None:
        """Somebody comes masked, does not show the face, and is locked in; `at_once`: time is let pass."""
        self.enter(name, "mask")
        self.sees_state("warned")
        tries = 6 if at_once else 0
        while tries and self.browser.ask("document.body.dataset.state") != "locked":
            # On a busy machine the camera may miss its time, which holds the lock clock for a while.
            self.pass_s(11)
            self._settled()
            tries -= 1
        self.sees_state("locked")
        self.sees("#cabin .lock.lit")

    def leave(self, name: str = "anna") -> None:
        """Everybody is out again, and the cabin vacant."""
        self.click(f"leave {name}")
        self.pass_s(4)
        self.sees_state("vacant")

    # --- seeing ------------------------------------------------------------------------------------

    def sees_state(self, *states: str) -> None:
        self.browser.wait(f"{json.dumps(states)}.includes(document.body.dataset.state)")

    def _settled(self) -> None:
        """What was asked for has been answered, and the page shows what came of it."""
        self.browser.wait("document.querySelector('form[aria-busy]') === null")
        self.browser.wait("document.querySelector('#head .trouble') === null")
        self.browser.ask("new Promise((shown) => setTimeout(shown, 1500))")

    def sees(self, selector: str) -> None:
        self.browser.wait(f"document.querySelector({json.dumps(selector)}) !== null")

    def sees_not(self, selector: str) -> None:
        self.browser.wait(f"document.querySelector({json.dumps(selector)}) === null")

    def reads(self, selector: str, text: str) -> None:
        there = f"document.querySelector({json.dumps(selector)})?.textContent"
        self.browser.wait(f"{there}?.includes({json.dumps(text)}) ?? false")

    def code_of(self, who: str) -> str:
        """The digits on the button beside the newest code of this telephone."""
        self.sees(f"#phone-{who} .type-code")
        found = self.browser.ask(f"document.querySelector('#phone-{who} .type-code').value")
        assert isinstance(found, str)
        return found.split()[1]

"""A real Chromium for the page's tests, over the DevTools protocol's pipe: no driver, no other library."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import cast

WITHIN_S = 200.0
"""For any answer: a test machine may be busy with much else."""


@cache
def chromium() -> str | None:
    return next(
        (
            found
            for name in ("chromium", "chromium-browser", "google-chrome")
            if (found := shutil.which(name))
        ),
        None,
    )


@cache
def axe() -> Path | None:
    """axe-core's script, where `npm install -g axe-core` puts it.

    Most often beside npm itself; npm is asked only where it is not, for that takes half a second.
    """
    npm = shutil.which("npm")
    if npm is None:
        return None
    beside = Path(npm).resolve().parents[2] / "axe-core" / "axe.min.js"
    if beside.is_file():
        return beside
    done = subprocess.run([npm, "root", "-g"], capture_output=True, text=True, check=False)
    file = Path(done.stdout.strip()) / "axe-core" / "axe.min.js"
    return file if file.is_file() else None


class NavigatedError(Exception):
    """The page was left while it was asked something."""


class Chromium:
    """The program, which several windows after one another share. `folder` takes its profile."""

    def __init__(self, folder: Path) -> None:
        to_read, self._out = os.pipe()
        self._in, to_write = os.pipe()
        flags = ["--headless=new", "--remote-debugging-pipe", f"--user-data-dir={folder}"]
        flags += ["--no-sandbox"] if os.geteuid() == 0 else []  # it refuses root otherwise
        flags += ["--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions"]
        flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
        program = chromium()
        assert program is not None
        # Chromium reads its orders from 3 and answers on 4.
        command = [
            "bash",
            "-c",
            f'exec "$@" 3<&{to_read} 4>&{to_write}',
            "bash",
            program,
            *flags,
            "about:blank",
        ]
        self._process = subprocess.Popen(
            command,
            pass_fds=(to_read, to_write),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "HOME": str(folder)},
        )
        os.close(to_read)
        os.close(to_write)
        self._heard = b""
        self._numbers = itertools.count(1)

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        os.close(self._out)
        os.close(self._in)
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def order(self, method: str, params: Mapping[str, object], session: str = "") -> dict[str, object]:
        """One order and its answer."""
        number = next(self._numbers)
        words: dict[str, object] = {"id": number, "method": method, "params": params}
        if session:
            words["sessionId"] = session
        os.write(self._out, json.dumps(words).encode() + b"\0")
        end_s = time.monotonic() + WITHIN_S
        while True:
            answer = self._answer(end_s)
            if answer.get("id") == number:
                if "navigated" in str(answer.get("error", "")):
                    raise NavigatedError
                assert "error" not in answer, answer
                return cast(dict[str, object], answer["result"])

    def _answer(self, end_s: float) -> dict[str, object]:
        while b"\0" not in self._heard:
            assert select.select([self._in], [], [], max(0.0, end_s - time.monotonic()))[0], "no answer"
            more = os.read(self._in, 1 << 16)
            assert more, "the browser ended"
            self._heard += more
        line, _, self._heard = self._heard.partition(b"\0")
        return cast(dict[str, object], json.loads(line))


class Browser:
    """One window, which knows nothing of any other: no cookie, nothing kept.

    `place` is the folder of a program of its own, or the program that it shares with other tests.
    """

    def __init__(self, place: Path | Chromium) -> None:
        self._own = Chromium(place) if isinstance(place, Path) else None
        self._program = place if isinstance(place, Chromium) else cast(Chromium, self._own)
        context = self._program.order("Target.createBrowserContext", {})["browserContextId"]
        self._context = {"browserContextId": context}
        target = self._program.order("Target.createTarget", {"url": "about:blank", **self._context})
        attached = self._program.order(
            "Target.attachToTarget", {"targetId": target["targetId"], "flatten": True}
        )
        self._session = str(attached["sessionId"])
        # As the window in front, whatever other windows the program has.
        self.order("Emulation.setFocusEmulationEnabled", {"enabled": True})

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._own is not None:
            self._own.close()
        elif self._program.runs:
            self._program.order("Target.disposeBrowserContext", self._context)

    def order(self, method: str, params: Mapping[str, object]) -> dict[str, object]:
        """One order to this window and its answer."""
        return self._program.order(method, params, self._session)

    def be(self, width: int, height: int = 800, *, dark: bool = False) -> None:
        """The size of the window in CSS pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.order("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.order("Emulation.setEmulatedMedia", {"features": [scheme]})

    def go(self, address: str) -> None:
        self.order("Page.navigate", {"url": address})
        self.wait(f"document.readyState === 'complete' && location.href.startsWith({json.dumps(address)})")

    def ask(self, script: str) -> object:
        """What an expression gives; a promise is waited for."""
        asked = {"expression": script, "awaitPromise": True, "returnByValue": True}
        answer = self.order("Runtime.evaluate", asked)
        assert "exceptionDetails" not in answer, answer
        return cast(dict[str, object], answer["result"]).get("value")

    def findings(self) -> dict[str, list[str]]:
        """What axe finds wrong with the page as it stands, and where; each page gets its script once."""
        script = axe()
        assert script is not None
        if self.ask("typeof axe") == "undefined":
            self.ask(f"{script.read_text('utf-8')};0")
        found = self.ask(
            "axe.run(document, {resultTypes: ['violations']}).then((all) => Object.fromEntries("
            "all.violations.map((one) => [one.id, one.nodes.map((node) => node.html.slice(0, 160))])))"
        )
        return cast(dict[str, list[str]], found)

    def wait(self, script: str) -> None:
        end_s = time.monotonic() + WITHIN_S
        while True:
            with contextlib.suppress(NavigatedError):
                if self.ask(script) is True:
                    return
            assert time.monotonic() < end_s, script
            time.sleep(0.05)

    def box(self, selector: str) -> tuple[float, float, float, float]:
        """Left, top, width and height in the window of the first element that matches, scrolled into it.

        The page takes it for the beginning of a press, so that for a second nothing moves away from there:
        who clicks looks where it is, which an order for the box and one for the mouse cannot do at once.
        """
        press = "document.documentElement.dispatchEvent(new PointerEvent('pointerdown', {bubbles: true}));"
        found = self.ask(
            f"(() => {{ {press} const one = document.querySelector({json.dumps(selector)});"
            " one.scrollIntoView({block: 'center'}); const box = one.getBoundingClientRect();"
            " return [box.left, box.top, box.width, box.height]; })()"
        )
        left, top, width, height = cast(list[float], found)
        return left, top, width, height

    def click(self, selector: str, *, script: bool = True) -> None:
        """With the mouse, in the middle of the first element that matches, once the window shows it.

        `script` False: the page has none that could say when it is shown, so its picture is waited for.
        """
        if script:
            shown = "requestAnimationFrame(() => requestAnimationFrame(() => shown(0)))"
            self.ask(f"new Promise((shown) => {shown})")
        else:  # before a page is drawn Chromium throws away what is pressed on it
            self.order("Page.captureScreenshot", {"format": "jpeg", "quality": 1})
        left, top, width, height = self.box(selector)
        x, y = left + width / 2, top + height / 2
        for kind in ("mousePressed", "mouseReleased"):
            mouse = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
            self.order("Input.dispatchMouseEvent", mouse)

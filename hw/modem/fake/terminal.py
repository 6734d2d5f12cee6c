"""A fake modem behind a pseudo-terminal, which the real driver opens."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import threading
import time
import tty
from pathlib import Path

from hw.modem.fake.modem import FakeModem


class PtyModem:
    """A fake modem behind a pseudo-terminal, served by a thread of its own in real time.

    `port` is the path to open; with `link` it is a symbolic link that survives a new pseudo-terminal, as
    a udev name does. `speed` lets the fake's clock run faster than the wall's.
    """

    def __init__(
        self, fake: FakeModem | None = None, *, link: Path | None = None, speed: float = 1.0
    ) -> None:
        self.fake = fake if fake is not None else FakeModem(instant=False)
        self.lock = threading.Lock()
        self._link = link
        self._speed = speed
        self._started_s = time.monotonic()
        self._wake_read, self._wake_write = os.pipe()
        self._master = -1
        self._slave = -1
        self.port = ""
        self._stopping = False
        self._plug()
        self._thread = threading.Thread(target=self._serve, name="fake-modem", daemon=True)
        self._thread.start()

    def fault(self, name: str, on: bool = True, *, cure: str = "") -> None:
        """As `FakeModem.fault`; `absent` takes the pseudo-terminal away and brings another one back."""
        with self.lock:
            was_absent = "absent" in self.fake.faults
            self.fake.fault(name, on, cure=cure)
            is_absent = "absent" in self.fake.faults
            if is_absent and not was_absent:
                self._unplug()
            elif was_absent and not is_absent:
                self._plug()
        self._nudge()

    def incoming(self, number: str, text: str) -> None:
        with self.lock:
            self.fake.incoming(number, text)
        self._nudge()

    def supply(self, on: bool) -> None:
        """As `FakeModem.supply`."""
        with self.lock:
            self.fake.supply(on)
        self._nudge()

    def key(self, down: bool) -> None:
        """As `FakeModem.key`."""
        with self.lock:
            self.fake.key(down)
        self._nudge()

    def close(self) -> None:
        self._stopping = True
        self._nudge()
        self._thread.join(5.0)
        with self.lock:
            self._unplug()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _nudge(self) -> None:
        os.write(self._wake_write, b"x")

    def _now(self) -> float:
        return (time.monotonic() - self._started_s) * self._speed

    def _plug(self) -> None:
        if self._link is not None and self._link.exists() and not self._link.is_symlink():
            raise FileExistsError(errno.EEXIST, "is not a link, so it is not replaced", str(self._link))
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.port = os.ttyname(self._slave)
        if self._link is not None:
            with contextlib.suppress(FileNotFoundError):
                self._link.unlink()
            self._link.symlink_to(self.port)
            self.port = str(self._link)

    def _unplug(self) -> None:
        if self._master < 0:
            return
        if self._link is not None:
            with contextlib.suppress(FileNotFoundError):
                self._link.unlink()
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1

    def _serve(self) -> None:
        pending = b""
        while not self._stopping:
            with self.lock:
                master = self._master
                wake_s = self.fake.next_wake_s()
            timeout_s = 0.5 if wake_s is None else min(0.5, max(0.0, (wake_s - self._now()) / self._speed))
            watched = [self._wake_read] if master < 0 else [self._wake_read, master]
            try:
                readable, _, _ = select.select(
                    watched, [master] if pending and master >= 0 else [], [], timeout_s
                )
            except (OSError, ValueError):
                continue
            if self._wake_read in readable:
                os.read(self._wake_read, 4096)
            with self.lock:
                if self._master != master or master < 0:
                    pending = b""
                    continue
                data = b""
                if master in readable:
                    with contextlib.suppress(OSError):
                        data = os.read(master, 4096)
                if data:
                    self.fake.feed(data, self._now())
                self.fake.poll(self._now())
                pending += self.fake.take_output()
                if pending:
                    with contextlib.suppress(BlockingIOError):
                        pending = pending[os.write(master, pending) :]

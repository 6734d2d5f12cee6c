"""Inside the guest: the whole kiosk on the kernel's own GPIO lines, moved and watched from their other side.

Nothing of the kiosk is replaced but its camera: the service, gpiozero, lgpio, /dev/gpiochip0, ALSA, a serial
port. What hangs on them is simulated: gpio-sim's lines with the contacts and the key matrix soldered between
them, a sound card without a loudspeaker, a modem behind a pseudo-terminal, a drawn cabin.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from edge.messages.texts import code_in
from edge.settings.schema import Settings
from hw.keypad.real import LEGEND
from hw.modem.fake.modem import FakeModem
from hw.modem.fake.network import FakeText
from hw.modem.fake.terminal import PtyModem
from hw.ports import Input

WORK = Path("/run/cabinguard-proof")
CONFIG = Path("/sys/kernel/config/gpio-sim/pi")
WIRES = Path("/sys/module/gpio_sim/parameters/wires")
KEEPS = Path("/sys/module/gpio_sim/parameters/keeps")
LABEL = "pinctrl-bcm2835"
STOP_STEP = Path(__file__).parents[2] / "hw" / "rest_pins.py"
STOP_LIMIT_S = 0.5
"""A tenth of TimeoutStopSec. The guest reads Python itself over a slow file system."""
SPOKEN = Path(__file__).with_name("prompts")
"""Made by pins.sh: speaking under emulation takes minutes."""
LINES = 54
WATCHMAN, CONTROL = "+15550100", "+15550102"
SETTINGS = Settings()
WIRING = SETTINGS.wiring
HOLD_S, PAUSE_S = 0.15, 0.2


def step(words: str) -> None:
    print(f"\n== {words}", flush=True)


def tick(words: str) -> None:
    print(f"[✓] {words}", flush=True)


def need(met: bool, words: str) -> None:
    if not met:
        raise SystemExit(f"[✗] {words}")
    tick(words)


def until(met: Callable[[], bool], within_s: float, words: str, every_s: float = 0.02) -> float:
    """Seconds until it is so; ends the proof when it never is."""
    began = time.monotonic()
    while not met():
        if time.monotonic() - began > within_s:
            raise SystemExit(f"[✗] {words}: not within {within_s:g} s")
        time.sleep(every_s)
    return time.monotonic() - began


class Bank:
    """A chip of simulated lines: what the kiosk drives, and what is soldered between the lines."""

    def __init__(self) -> None:
        bank = CONFIG / "bank0"
        bank.mkdir(parents=True)
        (bank / "num_lines").write_text(str(LINES))
        (bank / "label").write_text(LABEL)
        (CONFIG / "live").write_text("1")
        device = (CONFIG / "dev_name").read_text().strip()
        self.chip = (bank / "chip_name").read_text().strip()
        self._lines = Path("/sys/devices/platform") / device / self.chip
        self._open: set[Input] = {name for name in Input if WIRING.contact(name).contact == "normally_open"}
        self._pressed: str = ""
        self._solder()

    def level(self, line: int) -> bool:
        return (self._lines / f"sim_gpio{line}" / "value").read_text().strip() == "1"

    def move(self, name: Input, is_open: bool) -> None:
        (self._open.add if is_open else self._open.discard)(name)
        self._solder()

    def press(self, key: str) -> None:
        self._pressed = key
        self._solder()
        time.sleep(HOLD_S)
        self._pressed = ""
        self._solder()
        time.sleep(PAUSE_S)

    def _solder(self) -> None:
        ties = [f"{WIRING.contact(name).pin}-gnd" for name in Input if name not in self._open]
        if self._pressed:
            legend = LEGEND[len(WIRING.keypad.columns)]
            row = next(index for index, keys in enumerate(legend) if self._pressed in keys)
            column = legend[row].index(self._pressed)
            ties.append(f"{WIRING.keypad.rows[row]}-{WIRING.keypad.columns[column]}")
        WIRES.write_text(" ".join(ties))


class Kiosk:
    """The kiosk as systemd starts it, with a fresh record unless `keep`."""

    def __init__(self, name: str, modem: PtyModem) -> None:
        self._folder = WORK / name
        self._folder.mkdir(exist_ok=True)
        self._settings = self._folder / "kiosk.toml"
        flow = "adjust_after_s = 0.5\nlock_after_s = 2\nprompt_lead_s = 0\n"
        self._settings.write_text(
            f'[people]\nwatchman = "{WATCHMAN}"\ncontrol_room = "{CONTROL}"\n[flow]\n{flow}'
            f'[modem]\nport = "{modem.port}"\nprofile = "sim800"\n'
            f'[paths]\ndata = "{self._folder}/data"\nruntime = "{self._folder}/run"\n'
        )
        for made in ("data", "run"):
            (self._folder / made).mkdir(exist_ok=True)
        if not (self._folder / "data/prompts").exists():
            shutil.copytree(SPOKEN, self._folder / "data/prompts")
        address = str(self._folder / "notify")
        Path(address).unlink(missing_ok=True)
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(address)
        self._notify.setblocking(False)
        self._ready = False
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("staged_run.py")), str(self._settings)],
            env={**os.environ, "NOTIFY_SOCKET": address, "LG_WD": str(self._folder / "run")},
            stderr=(self._folder / "log").open("a"),
            cwd=self._folder / "run",
        )

    def stop_step(self) -> float:
        """What the unit runs after any death; the seconds that it took."""
        began = time.monotonic()
        pins = self._folder / "run" / "rest-pins"
        words = ["/usr/bin/python3", "-I", "-S", str(STOP_STEP), str(pins), str(self._settings)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"[✗] the stop step: {done.stderr}")
        return time.monotonic() - began

    def ready(self) -> bool:
        try:
            while not self._ready:
                self._ready = b"READY=1" in self._notify.recv(4096)
        except BlockingIOError:
            if self.process.poll() is not None:
                raise SystemExit("[✗] the kiosk ended:\n" + (self._folder / "log").read_text()) from None
        return self._ready

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)


def gpio_table() -> str:
    """The kernel's own list of who holds which line, and how it is driven."""
    rows = Path("/sys/kernel/debug/gpio").read_text().splitlines()
    return "\n".join(row for row in rows if "|" in row or row.startswith("gpiochip"))


def main() -> int:
    WORK.mkdir(parents=True, exist_ok=True)
    lock, permit = WIRING.lock.pin, WIRING.permit.pin
    step("simulated lines in a real kernel")
    bank = Bank()
    print(os.uname().release, bank.chip)
    need(bank.chip == "gpiochip0", "54 lines, contacts closed to ground, nothing pressed")

    fake = FakeModem("sim800", instant=False)
    modem = PtyModem(fake)

    def texts() -> list[FakeText]:
        return [text for text in fake.texts if text.number == WATCHMAN and code_in(text.text)]

    step("the kiosk in service: somebody with a mask, and 2 s of patience instead of 20")
    kiosk = Kiosk("story", modem)
    took = until(kiosk.ready, 60, "ready")
    tick(f"the kiosk reports ready after {took:.1f} s")
    print(gpio_table())
    need(
        not bank.level(lock) and not bank.level(permit),
        f"lock relay (line {lock}) and permit relay (line {permit}) rest",
    )
    took = until(lambda: bank.level(lock), 60, "the lock relay's line goes high")
    tick(f"the lock relay's line goes high {took:.1f} s later")
    took = until(lambda: bool(texts()), 30, "the code comes")
    code = code_in(texts()[-1].text) or ""
    tick(f"the modem has sent the watchman a code of {len(code)} digits, {took:.1f} s after that")
    before = kiosk.cpu_s()
    time.sleep(5.0)
    tick(
        f"the loop's process, locked: {(kiosk.cpu_s() - before) / 5.0:.1%} of a core of 1,000 million "
        "instructions/s, the kernel's share included"
    )

    step("keys, through the matrix between the lines")
    for key in "".join(str((int(digit) + 1) % 10) for digit in code):
        bank.press(key)
    time.sleep(1.0)
    need(bank.level(lock), "a wrong code: the lock stays on")
    time.sleep(1.5)
    for key in code[:-1]:
        bank.press(key)
    began = time.monotonic()
    bank.press(code[-1])
    until(lambda: not bank.level(lock), 3, "the right code: the lock relay's line goes low")
    tick(f"the right code: the lock relay's line is low, {time.monotonic() - began:.2f} s after the last key")
    kiosk.stop()
    print(gpio_table())
    need(not bank.level(lock), "after an orderly end the line is low")

    step("killed while the door is locked, on a kernel that keeps driving a dead process's lines")
    KEEPS.write_text("1")
    seen = len(texts())
    kiosk = Kiosk("killed", modem)
    until(kiosk.ready, 60, "ready")
    until(lambda: bank.level(lock), 60, "locked")
    until(lambda: len(texts()) > seen, 30, "a code has come")
    kiosk.process.kill()
    kiosk.process.wait()
    time.sleep(0.5)
    need(bank.level(lock), "half a second after SIGKILL the line is still high")
    took = kiosk.stop_step()
    need(not bank.level(lock), f"the stop step has brought it low, after {took * 1000:.0f} ms")
    need(took < STOP_LIMIT_S, f"within {STOP_LIMIT_S:g} s")
    KEEPS.write_text("0")

    step("fire contact against a locked door: contact opened to line low")
    kiosk = Kiosk("fire", modem)
    until(kiosk.ready, 60, "ready")
    until(lambda: bank.level(lock), 60, "locked")
    bank.move(Input.FIRE, is_open=True)
    took = until(lambda: not bank.level(lock), 1, "fire opens the door", 0.0002)
    tick(f"{took * 1000:.1f} ms")
    kiosk.stop()
    modem.close()
    step("gpiozero and lgpio on a real kernel's lines: all of it as it should be")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Around the emulated Pi: its switch, its modem, a view of its pins from outside, hands at its console.

Run by card.sh, which has prepared the folder named on the command line. What the emulator lacks is said last.
"""

from __future__ import annotations

import contextlib
import mmap
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from edge.messages.texts import code_in
from edge.settings.schema import Settings
from hw.keypad.real import LEGEND
from hw.modem.fake.modem import FakeModem
from hw.ports import Input

WIRING = Settings().wiring
WATCHMAN = "+15550100"
GPIO = 0x3F200000
SET0, CLEAR0, LEVEL0 = GPIO + 0x1C, GPIO + 0x28, GPIO + 0x34
OUTPUT, ALT0 = 1, 4
SERIAL = (14, 15)
"""The modem's lines, on header pins 8 and 10."""
STOP_LIMIT_S = 2.5
"""Half of TimeoutStopSec."""
SCREEN = "fold -w 80 /dev/vcs1 | grep -v '^ *$'"
"""What stands on the board's screen."""
HOLD, PAUSE = 8, 8
"""Scans of the keypad for which a key is held, and is not."""
TYPE_AGAIN_S = 120.0
"""A shell that is started again while somebody types has not read it."""
LONG_S = 1800.0
"""Seconds for anything: the board is slow, and slower still on a busy machine."""


def step(words: str) -> None:
    print(f"\n== {words}", flush=True)


def tick(words: str) -> None:
    print(f"[✓] {words}", flush=True)


def need(met: bool, words: str) -> None:
    if not met:
        raise SystemExit(f"[✗] {words}")
    tick(words)


class Pi:
    """One power-on of the emulated board over the card. The same card and the same phone live on."""

    def __init__(self, folder: Path, phone: FakeModem) -> None:
        self._folder = folder
        self._phone = phone
        self._off = threading.Event()
        self._level_lock = threading.Lock()
        self._open: set[Input] = {n for n in Input if WIRING.contact(n).contact == "normally_open"}
        self._key: tuple[int, int] | None = None
        self._key_up = self._column_low = self._row_was_driven = False
        self._scans = 0
        for name in ("modem", "console", "qtest", "hand"):
            (folder / name).unlink(missing_ok=True)
        (folder / "armed").write_bytes(b"\0")
        with (folder / "armed").open("r+b") as file:
            self._armed = mmap.mmap(file.fileno(), 1)
        waiting = socket.socket(socket.AF_UNIX)
        waiting.bind(str(folder / "hand"))
        waiting.listen(1)
        words = (folder / "cmdline.txt").read_text().strip()
        words = re.sub(r"console=\S+ ?", "", words)
        self._qemu = subprocess.Popen(
            [
                "nice", "-n", "5", "qemu-system-aarch64", "-M", "raspi3b",
                "-kernel", str(folder / "kernel"), "-initrd", str(folder / "initramfs"),
                "-dtb", str(folder / "bcm2837-rpi-3-b.dtb"),
                "-drive", f"if=sd,format=raw,file={folder / 'card.img'}",
                "-append", f"{words} console=ttyS1,115200 loglevel=4 systemd.debug_shell=ttyS1"
                " systemd.mask=serial-getty@ttyS1.service systemd.show_status=0"
                " modprobe.blacklist=bcm2835_wdt,vchiq"
                " modules_load=softdog,snd-aloop",
                "-serial", f"unix:{folder / 'modem'},server=on,wait=off",
                "-serial", f"unix:{folder / 'console'},server=on,wait=off",
                "-qtest", f"unix:{folder / 'qtest'},server=on,wait=off", "-qtest-log", "/dev/null",
                "-plugin", f"{folder / 'follow.so'},hand={folder / 'hand'},armed={folder / 'armed'}",
                "-display", "none", "-monitor", "none", "-nodefaults",
            ],
            stderr=(folder / "qemu.log").open("a"),
        )  # fmt: skip
        self._qtest = self._connect("qtest")
        self._modem = self._connect("modem")
        self._console = self._connect("console")
        self._hand, _ = waiting.accept()
        waiting.close()
        self._seen = bytearray()
        self._log = (folder / "console.log").open("ab")
        self.wire()
        self._threads = [
            threading.Thread(target=work, daemon=True)
            for work in (self._be_modem, self._listen, self._be_hand)
        ]
        for thread in self._threads:
            thread.start()

    def _connect(self, name: str) -> socket.socket:
        path = self._folder / name
        for _ in range(600):
            with contextlib.suppress(OSError):
                link = socket.socket(socket.AF_UNIX)
                link.connect(str(path))
                return link
            time.sleep(0.1)
        raise SystemExit(f"[✗] QEMU did not start: {(self._folder / 'qemu.log').read_text()}")

    # --- pins --------------------------------------------------------------------------------------

    def _ask(self, words: str) -> str:
        with self._level_lock:
            self._qtest.sendall(f"{words}\n".encode())
            answer = b""
            while not answer.endswith(b"\n"):
                answer += self._qtest.recv(4096)
        return answer.decode().splitlines()[-1].strip()

    def level(self, line: int) -> bool:
        return bool(int(self._ask(f"readl {LEVEL0:#x}").split()[1], 16) >> line & 1)

    def function(self, line: int) -> int:
        """What the line is: an input, an output, or one of a device's."""
        functions = int(self._ask(f"readl {GPIO + line // 10 * 4:#x}").split()[1], 16)
        return functions >> line % 10 * 3 & 7

    def pull_up(self, line: int) -> None:
        """Somebody outside holds a line high that nobody here drives."""
        self._ask(f"writel {SET0:#x} {1 << line:#x}")

    def wire(self) -> None:
        """Contacts closed to ground or open, no key pressed: what the board's pull-ups make of it."""
        high = [*WIRING.keypad.columns, *(WIRING.contact(name).pin for name in self._open)]
        low = [WIRING.contact(name).pin for name in Input if name not in self._open]
        self._ask(f"writel {SET0:#x} {sum(1 << line for line in high):#x}")
        self._ask(f"writel {CLEAR0:#x} {sum(1 << line for line in low):#x}")

    def move(self, name: Input, is_open: bool) -> None:
        (self._open.add if is_open else self._open.discard)(name)
        self.wire()

    # --- keypad ------------------------------------------------------------------------------------

    def press(self, key: str) -> None:
        """Hold a key, let it go; each for some scans of the keypad, however slow these are."""
        legend = LEGEND[len(WIRING.keypad.columns)]
        row = next(index for index, keys in enumerate(legend) if key in keys)
        self._key = (WIRING.keypad.rows[row], WIRING.keypad.columns[legend[row].index(key)])
        self._armed[0] = 1
        self._wait_scans(HOLD)
        self._key_up = True
        self._wait_scans(PAUSE)
        self._armed[0] = 0
        self._key_up = False
        self.wire()

    def _wait_scans(self, count: int) -> None:
        upto, end = self._scans + count, time.monotonic() + 60.0
        while self._scans < upto:
            if time.monotonic() > end:
                raise SystemExit("[✗] nobody scans the keypad")
            time.sleep(0.005)

    def _be_hand(self) -> None:
        """The guest has written to a device and stands still: what is wired to its pins follows them."""
        with contextlib.suppress(OSError):
            while self._hand.recv(1):
                if self._key is not None:
                    self._follow(*self._key)
                self._hand.sendall(b"g")

    def _follow(self, row: int, column: int) -> None:
        """A key joins its row and its column while it is down."""
        driven = self.function(row) == OUTPUT and not self.level(row)
        self._scans += driven and not self._row_was_driven
        self._row_was_driven = driven
        low = driven and not self._key_up
        if low is not self._column_low:
            self._column_low = low
            self._ask(f"writel {CLEAR0 if low else SET0:#x} {1 << column:#x}")

    # --- serial lines ------------------------------------------------------------------------------

    def _be_modem(self) -> None:
        self._modem.settimeout(0.02)
        with contextlib.suppress(OSError):
            while not self._off.is_set():
                try:
                    data = self._modem.recv(4096)
                    if not data:
                        return
                    self._phone.feed(data, time.monotonic())
                except TimeoutError:
                    pass
                self._phone.poll(time.monotonic())
                if reply := self._phone.take_output():
                    self._modem.sendall(reply)

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._console.recv(4096):
                self._seen += data
                self._log.write(data)
                self._log.flush()

    def shell(self, command: str, within_s: float = LONG_S) -> str:
        """Types a command at the root shell on the console; what it printed."""
        mark = f"{time.monotonic_ns():x}"
        began = len(self._seen)
        end = time.monotonic() + within_s
        typed = float("-inf")
        while mark.encode() not in self._seen[began:]:
            if time.monotonic() > end:
                raise TimeoutError(command)
            if time.monotonic() > typed + TYPE_AGAIN_S:
                typed = time.monotonic()
                self._console.sendall(f"{command}; echo {mark[:4]}''{mark[4:]}\n".encode())
            time.sleep(0.2)
        text = self._seen[began:].decode(errors="replace").replace("\r", "")
        return text.partition(mark)[0].partition("\n")[2].rstrip("\n")

    def login(self) -> None:
        """Waits for the shell: early in the boot nobody answers yet."""
        end = time.monotonic() + LONG_S
        while time.monotonic() < end:
            with contextlib.suppress(TimeoutError):
                self.shell("stty -echo; PS1=; dmesg -n 1", 30.0)
                return
        raise SystemExit("[✗] no shell on the console")

    def uptime_s(self) -> float:
        return float(self.shell("cut -d' ' -f1 /proc/uptime").split()[-1])

    def until(self, met: Callable[[], bool], words: str, every_s: float = 0.5) -> float:
        """Waits; the guest's uptime then."""
        end = time.monotonic() + LONG_S
        while not met():
            if time.monotonic() > end or self._qemu.poll() is not None:
                raise SystemExit(f"[✗] {words}")
            time.sleep(every_s)
        return self.uptime_s()

    def ready(self) -> bool:
        return self.shell("systemctl is-active cabinguard.service").split()[-1:] == ["active"]

    def cut_power(self) -> None:
        self._off.set()
        self._qemu.kill()
        self._qemu.wait()
        for link in (self._console, self._modem, self._qtest):
            link.close()


def main_pid(pi: Pi) -> str:
    return pi.shell("systemctl show -p MainPID cabinguard.service")


def main() -> int:
    folder = Path(sys.argv[1])
    phone = FakeModem("sim800", instant=True)
    lock = WIRING.lock.pin

    def codes() -> list[str]:
        return [code for text in phone.texts if text.number == WATCHMAN and (code := code_in(text.text))]

    step("a card without settings")
    pi = Pi(folder, phone)
    try:
        pi.login()
        pi.until(
            lambda: "failed" in pi.shell("systemctl is-active cabinguard-notice.service"),
            "the notice is written",
        )
        pi.until(lambda: "login:" in pi.shell(SCREEN), "a login at the screen")
        print(screen := pi.shell(SCREEN))
        print(pi.shell("systemctl status cabinguard-notice.service --no-pager | tail -n 12"))
        need("not in service" in screen, "the screen says that it is not in service")
        need("no cabinguard.toml" in screen and "What to do" in screen, "why, and what to do")
        told = pi.shell("cat /boot/firmware/cabinguard-problem.txt")
        need("no cabinguard.toml" in told, "so does cabinguard-problem.txt")
        print(pi.shell("resolvectl llmnr; ss -Hlun | grep 5355; cat /etc/hosts; ls -l /etc/ssh/*_key; sync"))
        pi.cut_power()
        card = f"{folder / 'card.img'}@@{sys.argv[2]}"
        subprocess.run(["mcopy", "-i", card, folder / "cabinguard.toml", "::cabinguard.toml"], check=True)

        step("first start with settings")
        pi = Pi(folder, phone)
        pi.login()
        print(
            pi.shell("uname -srm; tr -d '\\0' </proc/device-tree/model; echo; systemctl --version | head -1")
        )
        at_s = pi.until(pi.ready, "the service reports ready")
        tick(f"the service reports ready, {at_s:.0f} s after power on by the guest's clock")
        print(pi.shell("systemctl status cabinguard.service --no-pager -n 0 | head -12"))
        print(pi.shell("ls /boot/firmware | grep -i cabinguard; cat /etc/cabinguard/secrets/sim_pin | wc -c"))
        need(
            "toml" not in pi.shell("ls /boot/firmware/cabinguard.toml 2>/dev/null"),
            "first-boot settings wiped",
        )
        need("problem" not in pi.shell("ls /boot/firmware"), "the problem is gone")
        need("Emulated Pi" in pi.shell("cabinguard settings --show | grep name"), "and taken over")
        need(
            [pi.function(line) for line in SERIAL] == [ALT0, ALT0],
            f"seen from outside, GPIO {SERIAL[0]} and {SERIAL[1]} (pins 8 and 10) are the serial port's",
        )
        print(pi.shell("grep -E 'pin (14|15|32|33) ' /sys/kernel/debug/pinctrl/*pinctrl-bcm2835/pinmux-pins"))
        print(pi.shell("findmnt -no SIZE /; ls /dev/gpiochip*; readlink /dev/cabinguard-modem"))
        need(not pi.level(lock), f"seen from outside, the lock relay's pin (GPIO {lock}) is low")
        at_s = pi.until(lambda: pi.level(lock), "the lock relay's pin goes high")
        tick(f"somebody with a mask is in the cabin: the pin goes high at {at_s:.0f} s")
        at_s = pi.until(lambda: bool(codes()), "a code by SMS over the serial port")
        tick(f"a code of {len(codes()[-1])} digits has come over the first serial port, at {at_s:.0f} s")

        step("killed while locked")
        seen = len(codes())
        pi.shell("kill -KILL $(systemctl show --no-pager -p MainPID --value cabinguard.service)")
        pi.until(lambda: not pi.level(lock), "the pin goes low")
        at_s = pi.until(lambda: pi.level(lock), "locked again")
        tick(f"it came back as a warning and is locked again at {at_s:.0f} s: the same person, the same boot")
        pi.until(lambda: len(codes()) > seen, "a new code by SMS")
        tick("the watchman has a new code")
        print(pi.shell("cabinguard events --since 1h | tail -5; cabinguard events --verify"))

        step("keys")
        code = codes()[-1]
        for key in "".join(str((int(digit) + 1) % 10) for digit in code):
            pi.press(key)
        time.sleep(5.0)
        need(pi.level(lock), "a wrong code: the pin stays high")
        for key in code:
            pi.press(key)
        pi.until(lambda: not pi.level(lock), "the right code drops the pin", 0.02)
        tick("the right code, key by key: the pin is low")

        step("power cut while locked, in a new visit")
        pi.shell("systemctl stop cabinguard.service; rm -f /var/lib/cabinguard/journal.db*")
        pi.shell("systemctl start --no-block cabinguard.service")
        pi.until(lambda: pi.level(lock), "locked in a new visit")
        pi.cut_power()
        seen = len(phone.texts)
        pi = Pi(folder, phone)
        pi.login()
        pi.until(pi.ready, "ready again")
        pi.until(
            lambda: any("by a restart" in text.text for text in phone.texts[seen:]),
            "told that the lock is over",
        )
        need(not pi.level(lock), "no clock says how long the power was away: the lock is over, and told")
        print(pi.shell("cabinguard events --since 1h | tail -4"))

        step("the stop step, on a line that somebody else holds high when it begins")
        pi.shell("systemctl stop cabinguard.service")
        need(not pi.level(lock), "after an orderly end the pin is low")
        pi.pull_up(lock)
        need(pi.level(lock), "held high from outside")
        unit = pi.shell("systemctl show --no-pager -p ExecStopPost --value cabinguard.service")
        command = unit.partition("argv[]=")[2].partition(" ;")[0]
        need(command.startswith("/usr/bin/python3 "), f"the unit's stop step: {command}")
        timed = f"s=$(date +%s%N); runuser -u cabinguard -- {command}; echo $(($(date +%s%N) - s))"
        took_s = int(pi.shell(timed).split()[-1]) / 1e9
        need(not pi.level(lock), f"the pin is low, after {took_s:.2f} s by the guest's clock")
        need(took_s < STOP_LIMIT_S, f"within {STOP_LIMIT_S:g} s, half of its limit, on this slow board")

        pi.shell("systemctl start --no-block cabinguard.service")
        pi.until(pi.ready, "ready again")

        step("a kiosk that hangs, and a system that hangs")
        before = main_pid(pi)
        pi.shell("kill -STOP $(systemctl show -p MainPID --value cabinguard.service)")
        pi.until(
            lambda: main_pid(pi) != before and pi.ready(),
            "a new kiosk",
        )
        tick("a stopped kiosk is killed and started again by systemd's watchdog")
        print(pi.shell("dmesg | grep -i -E 'softdog|watchdog' | tail -3; ls /dev/watchdog*"))
        print(pi.shell("systemctl show -p RuntimeWatchdogUSec"))
        boot = pi.shell("cat /proc/sys/kernel/random/boot_id").split()[-1]
        # The soft one does not reset by itself: it asks the kernel to, and that needs the board's driver.
        pi.shell("modprobe bcm2835_wdt; echo -1 >/proc/sys/kernel/sched_rt_runtime_us; sync")
        # These never give a processor away: systemd gets no more time to feed the watchdog.
        hogs = "for n in 0 1 2 3; do taskset -c $n chrt -f 99 sh -c 'while :; do :; done' & done"
        with contextlib.suppress(TimeoutError):
            pi.shell(f"({hogs}); sleep 60", 5.0)
        pi.login()
        again = pi.shell("cat /proc/sys/kernel/random/boot_id").split()[-1]
        need(again != boot, "the (soft) watchdog has reset a hung system")
        pi.wire()
        pi.until(pi.ready, "ready again")
        tick("and the kiosk is ready again")

        step("exit button, in a new visit")
        pi.shell("systemctl stop cabinguard.service; rm -f /var/lib/cabinguard/journal.db*")
        pi.shell("systemctl start --no-block cabinguard.service")
        pi.until(lambda: pi.level(lock), "locked again")
        pi.move(Input.EXIT, is_open=True)
        began = time.monotonic()
        while pi.level(lock):
            if time.monotonic() > began + 10.0:
                raise SystemExit("[✗] the exit contact opens and the pin stays high")
        tick(f"the exit contact opens: the pin is low {(time.monotonic() - began) * 1000:.0f} ms later")
    finally:
        pi.cut_power()
    step("the card image starts and guards")
    print(
        "Not shown, for lack of an emulator that has it: the firmware's first stage, a camera, the hardware"
    )
    print("watchdog (the kernel's soft one stands in for it), speed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The stop step: which lines it rests and how it asks a kernel that takes nothing malformed."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edge.faults.catalogue import CATALOGUE
from edge.settings.schema import EXAMPLE
from hw.board import resting_lines
from hw.pins import rest_pins
from hw.wiring import ModemPowerWiring, RelayWiring, WiringSettings
from tests.benchmark import BenchService


class _Attribute(ctypes.Structure):
    _fields_ = (
        ("id", ctypes.c_uint32),
        ("padding", ctypes.c_uint32),
        ("values", ctypes.c_uint64),
        ("mask", ctypes.c_uint64),
    )


class _Request(ctypes.Structure):
    """struct gpio_v2_line_request of include/uapi/linux/gpio.h, its config and attributes inside."""

    _fields_ = (
        ("offsets", ctypes.c_uint32 * 64),
        ("consumer", ctypes.c_char * 32),
        ("flags", ctypes.c_uint64),
        ("num_attrs", ctypes.c_uint32),
        ("config_padding", ctypes.c_uint32 * 5),
        ("attrs", _Attribute * 10),
        ("num_lines", ctypes.c_uint32),
        ("event_buffer_size", ctypes.c_uint32),
        ("padding", ctypes.c_uint32 * 5),
        ("fd", ctypes.c_int32),
    )


def _iowr(number: int, size: int, directions: int = 3) -> int:
    return directions << 30 | size << 16 | 0xB4 << 8 | number


class Kernel:
    """The chips of one board behind their device files: labels, levels, lines that somebody holds."""

    def __init__(self, folder: Path, *labels: str) -> None:
        self.labels: dict[str, str] = {}
        for number, label in enumerate(labels):
            name = f"gpiochip{number}"
            (folder / name).write_text("")
            self.labels[name] = label
        self.level: dict[tuple[str, int], int] = {}
        self.busy: dict[int, int] = {}
        """Line to how many more requests find it held."""
        self.stuck: set[int] = set()
        """Lines that stay high whatever is driven."""
        self._held: dict[int, tuple[str, int]] = {}

    def ioctl(self, handle: int, order: int, buffer: bytearray) -> int:
        if order == _iowr(1, 68, 2):
            label = self.labels[Path(f"/proc/self/fd/{handle}").readlink().name]
            buffer[32 : 32 + len(label)] = label.encode()
        elif order == _iowr(7, ctypes.sizeof(_Request)):
            self._request(Path(f"/proc/self/fd/{handle}").readlink().name, _Request.from_buffer(buffer))
        elif order == _iowr(0xE, 16):
            assert buffer[8:] == (1).to_bytes(8, sys.byteorder)
            buffer[0] = self.level[self._held[handle]]
        else:
            raise OSError(errno.ENOTTY, "no such order")
        return 0

    def _request(self, chip: str, request: _Request) -> None:
        line = request.offsets[0]
        rests = [*request.config_padding, *request.padding, request.event_buffer_size, *request.offsets[1:]]
        attribute = request.attrs[0]
        if any(rests) or request.num_lines != 1 or request.num_attrs != 1 or request.flags != 8:
            raise OSError(errno.EINVAL, "malformed")
        if attribute.id != 2 or attribute.padding or attribute.mask != 1 or attribute.values > 1:
            raise OSError(errno.EINVAL, "malformed attribute")
        if self.busy.get(line, 0) > 0:
            self.busy[line] -= 1
            raise OSError(errno.EBUSY, "Device or resource busy")
        self.level[chip, line] = 1 if line in self.stuck else attribute.values
        request.fd = os.open("/dev/null", os.O_RDONLY)
        self._held[request.fd] = (chip, line)


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Kernel:
    """A Pi whose header is the second of two chips, with both relays pulled in by a kiosk that died."""
    devices = tmp_path / "dev"
    devices.mkdir()
    kernel = Kernel(devices, "raspberrypi-exp-gpio", "pinctrl-bcm2835")
    kernel.level = {("gpiochip1", 17): 1, ("gpiochip1", 27): 1}
    monkeypatch.setattr(rest_pins, "DEVICES", str(devices))
    monkeypatch.setattr("fcntl.ioctl", kernel.ioctl)
    monkeypatch.setattr(rest_pins, "PATIENCE_S", 0.3)
    return kernel


def _run(folder: Path, pins: str | None, settings: str | None) -> int:
    for name, text in (("rest-pins", pins), ("kiosk.toml", settings)):
        if text is not None:
            (folder / name).write_text(text, "utf-8")
    return rest_pins.main(str(folder / "rest-pins"), str(folder / "kiosk.toml"))


def test_what_the_kiosk_left_is_rested_and_on_the_headers_chip_alone(board: Kernel, tmp_path: Path) -> None:
    assert _run(tmp_path, "17 0\n27 0\n", None) == 0
    assert board.level == {("gpiochip1", 17): 0, ("gpiochip1", 27): 0}


@pytest.mark.parametrize("label", ["pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835"])
def test_the_chip_is_found_by_its_label_whatever_its_number(
    board: Kernel, tmp_path: Path, label: str
) -> None:
    board.labels = {"gpiochip0": label, "gpiochip1": "gpio-brcmstb"}
    assert _run(tmp_path, "17 0\n", None) == 0
    assert board.level["gpiochip0", 17] == 0
    assert board.level["gpiochip1", 17] == 1, "another chip's line of that number is not touched"


def test_the_default_is_the_default_wirings() -> None:
    rows = [row.split() for row in resting_lines(WiringSettings()).splitlines()]
    assert {int(line): int(level) for line, level in rows} == rest_pins.DEFAULT


@pytest.mark.parametrize(
    ("settings", "rested"),
    [
        (None, {17: 0, 27: 0}),
        ("[flow\n", {17: 0, 27: 0}),
        (EXAMPLE.read_text("utf-8"), {17: 0, 27: 0}),
        ("[wiring.lock]\npin = 22\nactive_high = false\n", {22: 1, 27: 0}),
        ("wiring.lock = { pin = 22 }\nwiring.permit.pin = 23\n", {22: 0, 23: 0}),
        ("[wiring]\nlock.pin = 22 # first\n[people]\nwatchman = 'x'\n", {22: 0, 27: 0}),
        ("[ wiring . modem_power ]\nfitted = true\npin = 19\n", {17: 0, 27: 0, 19: 0}),
        ('[cabin]\nname = """\n[wiring.lock]\npin = 4\n"""\n', {17: 0, 27: 0}),
        ("[wiring.lock]\npin = 99\n[wiring.permit]\npin = 22\n", {17: 0, 22: 0}),
        ("[wiring.lock]\npin = true\nactive_high = 'no'\n", {17: 0, 27: 0}),
        ("wiring = 1\n", {17: 0, 27: 0}),
    ],
)
def test_at_boot_the_settings_say_which(
    board: Kernel, tmp_path: Path, settings: str | None, rested: dict[int, int]
) -> None:
    board.level.clear()
    assert _run(tmp_path, None, settings) == 0
    assert board.level == {("gpiochip1", line): level for line, level in rested.items()}


@pytest.mark.parametrize("pins", ["", "17\n", "seventeen 0\n", "\0\0\0\0", "1717 0\n", "17 2\n"])
def test_a_torn_file_of_the_kiosk_leaves_it_to_the_settings(board: Kernel, tmp_path: Path, pins: str) -> None:
    assert _run(tmp_path, pins, "[wiring.lock]\npin = 22\n") == 0
    assert (board.level["gpiochip1", 22], board.level["gpiochip1", 27]) == (0, 0)


@pytest.mark.slow
def test_a_line_that_a_dying_process_still_holds_is_waited_for(board: Kernel, tmp_path: Path) -> None:
    board.busy = {17: 3}
    assert _run(tmp_path, "17 0\n27 0\n", None) == 0
    assert board.level["gpiochip1", 17] == 0


@pytest.mark.slow
def test_a_relay_that_cannot_be_rested_is_named_and_the_other_rests(
    board: Kernel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board.busy = {17: 10**6}
    assert _run(tmp_path, "17 0\n27 0\n", None) == 1
    assert board.level == {("gpiochip1", 17): 1, ("gpiochip1", 27): 0}
    said = capsys.readouterr().err
    assert said.startswith("gpio_busy: BCM 17: ")
    assert "exit, fire, key open by wire" in said
    assert "27" not in said


@pytest.mark.slow
def test_a_line_that_does_not_follow_is_told(
    board: Kernel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board.stuck = {27}
    assert _run(tmp_path, "17 0\n27 0\n", None) == 1
    assert capsys.readouterr().err.startswith("gpio_failed: BCM 27: ")


@pytest.mark.slow
def test_a_board_without_the_chip_is_told(
    board: Kernel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board.labels["gpiochip1"] = "other"
    assert _run(tmp_path, "17 0\n", None) == 1
    assert capsys.readouterr().err.startswith("gpio_missing: BCM 17: ")
    assert board.level["gpiochip1", 17] == 1


def test_its_codes_stand_in_the_catalogue(repo: Path) -> None:
    codes = set(
        re.findall(r'"((?:gpio|settings)_[a-z_]+)"', (repo / "hw" / "pins" / "rest_pins.py").read_text())
    )
    assert "gpio_busy" in codes
    assert codes <= CATALOGUE.keys()


@pytest.mark.slow
def test_it_needs_nothing_of_the_program(repo: Path, tmp_path: Path) -> None:
    """Each import costs time in which a locked door stays locked: their number stays as measured."""
    (tmp_path / "rest-pins").write_text("17 0\n27 0\n")
    script = tmp_path / "rest_pins.py"
    script.write_bytes((repo / "hw" / "pins" / "rest_pins.py").read_bytes())
    script.write_text(script.read_text().replace('DEVICES = "/dev"', f'DEVICES = "{tmp_path}"'))
    words = [sys.executable, "-I", "-S", "-X", "importtime", str(script), str(tmp_path / "rest-pins"), "/x"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1, "there is no chip in that folder"
    assert "gpio_missing: BCM 17" in done.stderr
    modules = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "|" in line}
    assert "fcntl" in modules or "fcntl" in sys.builtin_module_names
    assert not modules & {"site", "re", "tomllib", "pathlib", "typing", "lgpio", "gpiozero", "hw", "edge"}
    assert len(modules) < 30


@pytest.mark.slow
def test_the_kiosk_leaves_its_lines_before_it_touches_one(tmp_path: Path) -> None:
    kiosk = BenchService(tmp_path)
    try:
        assert (tmp_path / "run" / "rest-pins").read_text() == "17 0\n27 0\n"
    finally:
        kiosk.close()


def test_the_lines_of_a_kiosk_wired_otherwise() -> None:
    wiring = WiringSettings(
        lock=RelayWiring(pin=6, active_high=False),
        modem_power=ModemPowerWiring(fitted=True, pin=21, active_high=False),
    )
    assert resting_lines(wiring) == "6 1\n27 0\n21 1\n"

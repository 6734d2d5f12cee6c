"""The real pins over a pretended lgpio: one request for an output, nothing floats, every failure by name."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import gpiozero.pins.local
import pytest

from hw.board import Voice, open_board
from hw.pins.gpio import NoHeaderChip, _chip_error, open_lgpio
from hw.ports import Board, HardwareError, Input, KeyPress, ModemSwitch
from hw.wiring import ModemPowerWiring, RelayWiring, WiringSettings
from tests.worlds.hw_story import NoModem, StoryClock

LOCK, PERMIT = 17, 27


class LgpioError(Exception):
    """As lgpio.error: the text is all there is."""


class PretendedLgpio(types.ModuleType):
    """lgpio 0.2.2.0 as far as the kiosk uses it, on lines that remember what they showed.

    As the real one: a claim of a line that is an output already changes nothing, a claim without flags leaves
    the pull, and a write to a line that the kernel has taken away reports no failure.
    """

    SET_PULL_UP, SET_PULL_DOWN, SET_PULL_NONE = 32, 64, 128
    RISING_EDGE, FALLING_EDGE, BOTH_EDGES = 1, 2, 3
    error = LgpioError

    def __init__(self) -> None:
        super().__init__("lgpio")
        self.mode = dict.fromkeys(range(54), "")
        self.level = dict.fromkeys(range(54), 0)
        self.pull = {line: "up" if line < 9 else "down" for line in range(54)}
        self.driven: dict[int, list[int | None]] = {line: [] for line in range(54)}
        self.pulls: dict[int, list[str]] = {line: [] for line in range(54)}
        self.busy: set[int] = set()
        self.lost: set[int] = set()
        self.chips = {0: "pinctrl-bcm2835"}
        self.open: set[int] = set()
        self.pressed: set[tuple[int, int]] = set()

    def gpiochip_open(self, chip: int) -> int:
        if chip not in self.chips:
            raise LgpioError("can not open gpiochip")
        self.open.add(chip)
        return chip << 16

    def gpiochip_close(self, handle: int) -> None:
        assert not self.chips[handle >> 16].startswith("pinctrl-"), "it would float the relays"
        self.open.remove(handle >> 16)

    def gpio_get_chip_info(self, handle: int) -> list[int | str]:
        chip = handle >> 16
        assert chip in self.open
        return [0, 54, f"gpiochip{chip}", self.chips[chip]]

    def gpio_claim_input(self, handle: int, line: int, flags: int = 0) -> int:
        assert self.chips[handle >> 16].startswith("pinctrl-"), "another chip's line"
        if line in self.busy:
            raise LgpioError("GPIO busy")
        if self.mode[line] != "in":
            self.mode[line] = "in"
            self.driven[line].append(None)
            self._pull(line, flags)
        return 0

    def gpio_claim_output(self, handle: int, line: int, level: int = 0, flags: int = 0) -> int:
        if line in self.busy:
            raise LgpioError("GPIO busy")
        if self.mode[line] != "out":
            self.mode[line] = "out"
            self.level[line] = level
            self.driven[line].append(level)
            self._pull(line, flags)
        return 0

    def gpio_free(self, handle: int, line: int) -> int:
        self.mode[line] = ""
        return 0

    def gpio_write(self, handle: int, line: int, level: int) -> int:
        assert self.mode[line] == "out"
        if line not in self.lost and self.level[line] != level:
            self.level[line] = int(level)
            self.driven[line].append(int(level))
        return 0

    def gpio_read(self, handle: int, line: int) -> int:
        if self.mode[line] == "out":
            return self.level[line]
        for row, column in self.pressed:
            if line == column and self.mode[row] == "out" and self.level[row] == 0:
                return 0
        return int(self.pull[line] == "up")

    def gpio_get_mode(self, handle: int, line: int) -> int:
        bias = {"up": 1 << 5, "down": 1 << 6, "none": 1 << 7}[self.pull[line]]
        return (1 << 1 if self.mode[line] == "out" else 0) | bias

    def _pull(self, line: int, flags: int) -> None:
        for flag, pull in ((32, "up"), (64, "down"), (128, "none")):
            if flags & flag:
                self.pull[line] = pull
                self.pulls[line].append(pull)


@pytest.fixture
def lgpio(monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendedLgpio]:
    pretended = PretendedLgpio()
    depend_on_it = ("gpiozero.pins.lgpio", "hw.pins.lgpio_pins")
    for name in depend_on_it:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "lgpio", pretended)
    monkeypatch.setattr(gpiozero.pins.local, "get_pi_revision", lambda: 0xA02082)
    monkeypatch.setattr(gpiozero.pins.local.LocalPiFactory, "pins", {})
    yield pretended
    for name in depend_on_it:
        sys.modules.pop(name, None)


def _open(tmp_path: Path, wiring: WiringSettings | None = None) -> Board:
    return open_board(
        wiring or WiringSettings(),
        clock=StoryClock(),
        modem=lambda _: NoModem(),
        voice=Voice(None),
        work_dir=tmp_path,
    )


@pytest.mark.parametrize("active_high", [True, False])
def test_relays_show_nothing_but_rest_until_switched(
    lgpio: PretendedLgpio, tmp_path: Path, active_high: bool
) -> None:
    lock, permit = RelayWiring(pin=LOCK, active_high=active_high), RelayWiring(pin=PERMIT)
    board = _open(tmp_path, WiringSettings(lock=lock, permit=permit))
    rest = int(not active_high)
    assert lgpio.driven[LOCK] == [None, rest], "an input, then an output at rest: nothing between"
    assert lgpio.pulls[LOCK] == [], "the pull of the boot stays on until the pin drives"
    board.lock.hold("unread", False)
    board.lock.on()
    assert lgpio.level[LOCK] == int(active_high)
    assert board.lock.is_on
    board.lock.close()
    assert lgpio.driven[LOCK] == [None, rest, int(active_high), rest]
    assert lgpio.mode[LOCK] == "out", "still driven after closing"


def test_a_modems_power_switch_rests_from_the_start(lgpio: PretendedLgpio, tmp_path: Path) -> None:
    wiring = WiringSettings(modem_power=ModemPowerWiring(fitted=True, pin=21))
    given: list[ModemSwitch | None] = []

    def modem(switch: ModemSwitch | None) -> NoModem:
        given.append(switch)
        return NoModem()

    open_board(wiring, clock=StoryClock(), modem=modem, voice=Voice(None), work_dir=tmp_path)
    (switch,) = given
    assert switch is not None
    assert lgpio.driven[21] == [None, 0]
    switch.pull(100.0)
    assert lgpio.level[21] == 1
    switch.poll(102.9)
    assert lgpio.level[21] == 1
    switch.poll(103.0)
    assert lgpio.level[21] == 0


def test_a_modems_power_switch_that_cannot_be_had_stops_no_kiosk(
    lgpio: PretendedLgpio, tmp_path: Path
) -> None:
    wiring = WiringSettings(modem_power=ModemPowerWiring(fitted=True, pin=21))
    lgpio.busy = {21}
    given: list[ModemSwitch | None] = []

    def modem(switch: ModemSwitch | None) -> NoModem:
        given.append(switch)
        return NoModem()

    board = open_board(
        wiring, clock=StoryClock(), modem=modem, voice=Voice(None), work_dir=tmp_path, strict=False
    )
    assert not board.lock.is_on
    assert given[0] is not None
    with pytest.raises(HardwareError, match="BCM 21"):
        given[0].pull(100.0)
    with pytest.raises(HardwareError, match="BCM 21"):
        _open(tmp_path, wiring)


def test_a_write_that_lgpio_swallowed_is_found(lgpio: PretendedLgpio, tmp_path: Path) -> None:
    board = _open(tmp_path)
    board.lock.hold("unread", False)
    lgpio.lost.add(LOCK)
    with pytest.raises(HardwareError) as caught:
        board.lock.on()
    assert caught.value.code == "relay_mismatch"


def test_inputs_are_pulled_up_and_open_loops_are_active(lgpio: PretendedLgpio, tmp_path: Path) -> None:
    board = _open(tmp_path)
    board.inputs.sample(0.0)
    assert board.inputs.active(Input.FIRE), "nothing is wired to it"
    assert all(lgpio.pull[number] == "up" for number in (5, 6, 12, 13, 16, 26))
    lgpio.pull[12] = "down"  # the loop, closed to ground
    for index in range(3):
        board.inputs.sample(index / 100)
    assert not board.inputs.active(Input.FIRE)


def test_the_keypad_is_read_with_one_row_at_a_time(lgpio: PretendedLgpio, tmp_path: Path) -> None:
    board = _open(tmp_path)
    lgpio.pressed = {(7, 20)}
    events = [event for index in range(5) for event in board.keypad.scan(index / 100)]
    assert [event.key for event in events if isinstance(event, KeyPress)] == ["6"]
    rows = WiringSettings().keypad.rows
    assert all(lgpio.mode[row] == "in" for row in rows)
    assert all(set(lgpio.driven[row]) == {None, 0} for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize("number", [number for _, number in WiringSettings().pins()])
def test_a_busy_line_is_named(lgpio: PretendedLgpio, tmp_path: Path, number: int) -> None:
    lgpio.busy = {number}
    with pytest.raises(HardwareError, match=f"BCM {number}") as caught:
        _open(tmp_path)
    assert caught.value.code == "gpio_busy"


def test_the_empty_lgpio_is_known_by_what_it_lacks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "lgpio", types.ModuleType("lgpio"))
    with pytest.raises(HardwareError, match=r"0\.0\.0\.2") as caught:
        open_lgpio(tmp_path)
    assert caught.value.code == "gpio_library_missing"


def test_a_missing_lgpio_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "lgpio", None)
    with pytest.raises(HardwareError) as caught:
        open_lgpio(tmp_path)
    assert caught.value.code == "gpio_library_missing"


def test_a_working_folder_that_is_gone_is_named(lgpio: PretendedLgpio, tmp_path: Path) -> None:
    with pytest.raises(HardwareError, match="gone") as caught:
        open_lgpio(tmp_path / "gone")
    assert caught.value.code == "gpio_denied"


def test_the_working_directory_of_the_program_is_left_alone(lgpio: PretendedLgpio, tmp_path: Path) -> None:
    before = Path.cwd()
    open_lgpio(tmp_path)
    assert Path.cwd() == before


SOC = "gpio-brcmstb@107d508500"


@pytest.mark.parametrize(
    ("chips", "header"),
    [
        ({0: "pinctrl-bcm2835"}, 0),
        ({0: "pinctrl-bcm2711", 1: "raspberrypi-exp-gpio"}, 0),
        ({0: SOC, 4: "pinctrl-rp1"}, 4),
        ({0: "pinctrl-rp1", 10: SOC}, 0),
        ({0: SOC, 10: "pinctrl-rp1"}, 10),
        ({11: "pinctrl-rp1", 12: SOC, 13: SOC}, 11),
        ({0: "mcp23017", 1: SOC, 15: "pinctrl-bcm2711"}, 15),
    ],
)
def test_the_chip_of_the_header_is_known_by_its_label(
    lgpio: PretendedLgpio, tmp_path: Path, chips: dict[int, str], header: int
) -> None:
    lgpio.chips = chips
    factory = open_lgpio(tmp_path)
    factory.pin(LOCK).output_with_state(False)
    assert lgpio.driven[LOCK] == [None, 0]
    assert lgpio.open == {header}, "every other chip is closed again"


@pytest.mark.parametrize("chips", [{0: SOC}, {3: "mcp23017", 12: SOC}, {}])
def test_a_machine_without_the_headers_chip_names_what_it_has(
    lgpio: PretendedLgpio, tmp_path: Path, chips: dict[int, str]
) -> None:
    lgpio.chips = chips
    with pytest.raises(HardwareError) as caught:
        open_lgpio(tmp_path)
    assert caught.value.code == "gpio_missing"
    for number, label in chips.items():
        assert f"gpiochip{number} ({label})" in caught.value.detail
    assert chips or "no gpiochip at all" in caught.value.detail


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_a_chip_without_access_is_denied(tmp_path: Path) -> None:
    (tmp_path / "gpiochip0").touch(mode=0o000)
    assert _chip_error(NoHeaderChip(), tmp_path).code == "gpio_denied"


def test_a_machine_without_chips_is_told_so(tmp_path: Path) -> None:
    assert _chip_error(NoHeaderChip(), tmp_path).code == "gpio_missing"

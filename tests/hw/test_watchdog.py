"""The watchdog speaks systemd's protocol to a real socket, the bench's knows when it would reset the
machine."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from hw.ports import HardwareError
from hw.watchdog.fake import BenchWatchdog
from hw.watchdog.real import SystemdWatchdog
from tests.worlds.hw_story import StoryClock


@pytest.mark.parametrize("abstract", [False, True])
def test_everything_reaches_the_service_manager(abstract: bool, tmp_path: Path) -> None:
    name = f"@cabinguard-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name[1:] if abstract else name)
        manager.settimeout(5)
        watchdog = SystemdWatchdog({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "10000000"})
        assert watchdog.period_s == 5.0
        watchdog.ready("in service")
        watchdog.feed()
        watchdog.status("one\nREADY=0 two")
        watchdog.close()
        told = [manager.recv(200).decode() for _ in range(4)]
    assert told == ["READY=1\nSTATUS=in service", "WATCHDOG=1", "STATUS=one READY=0 two", "STOPPING=1"]


def test_run_by_hand_there_is_nothing_to_feed() -> None:
    watchdog = SystemdWatchdog({})
    assert watchdog.period_s is None
    watchdog.ready("")
    watchdog.feed()
    watchdog.close()
    watchdog.feed()


def test_a_manager_that_is_gone_is_named(tmp_path: Path) -> None:
    watchdog = SystemdWatchdog({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    with pytest.raises(HardwareError) as caught:
        watchdog.feed()
    assert caught.value.code == "watchdog_missing"
    watchdog.close()


def test_a_manager_that_does_not_read_never_blocks_the_loop(tmp_path: Path) -> None:
    name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name)
        watchdog = SystemdWatchdog({"NOTIFY_SOCKET": name})

        def feed_on() -> None:
            for _ in range(100_000):
                watchdog.feed()

        with pytest.raises(HardwareError):
            feed_on()
        watchdog.close()


def test_the_bench_watchdog_knows_when_it_would_have_bitten() -> None:
    clock = StoryClock()
    watchdog = BenchWatchdog(clock)
    for _ in range(5):
        watchdog.feed()
        clock.at_s += 4
    assert not watchdog.would_bite(5)
    clock.at_s += 4
    watchdog.feed()
    assert watchdog.would_bite(5)
    assert watchdog.feeds == 6
    watchdog.ready("in service")
    watchdog.status("locked")
    watchdog.close()
    assert (watchdog.is_ready, watchdog.last_status, watchdog.closed) == (True, "locked", True)

"""What every test may rely on: no real GPIO, no caller's settings, and long runs only when asked for."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.worlds.browser import Browser, Chromium

FULL_VARIABLE = "CABINGUARD_FULL"


def _hypothesis_profiles() -> None:
    """`default` looks a little at each commit, `full` long and with fresh examples every time.

    A loaded machine may take long over one example without anything being wrong, so no deadline; the
    default profile is the same on every run, so that a check cannot fail by bad luck.
    """
    slow_is_fine = [HealthCheck.too_slow, HealthCheck.data_too_large]
    settings.register_profile(
        "default", deadline=None, derandomize=True, database=None, suppress_health_check=slow_is_fine
    )
    settings.register_profile(
        "full", deadline=None, max_examples=2000, print_blob=True, suppress_health_check=slow_is_fine
    )


_hypothesis_profiles()


def pytest_addoption(parser: pytest.Parser) -> None:
    words = f"also the long runs ({FULL_VARIABLE}=1 does the same)"
    parser.addoption("--full", action="store_true", default=False, help=words)
    fast = "only what is quick: less than a minute on two processors"
    parser.addoption("--fast", action="store_true", default=False, help=fast)


def wants_full(config: pytest.Config) -> bool:
    return bool(config.getoption("--full")) or os.environ.get(FULL_VARIABLE, "") not in ("", "0")


MEMORY = Path("/dev/shm")
MEMORY_FREE_BYTES = 6_000_000_000


def _folders_in_memory() -> None:
    """Where there is plenty: each sync of a record takes a disk milliseconds, and no test's power
    is really cut. A folder that is named (`TMPDIR`, `--basetemp`) is taken."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    if shutil.disk_usage(MEMORY).free >= MEMORY_FREE_BYTES:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # it remembers what it found before


_BEGAN_S = pytest.StashKey[float]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_BEGAN_S] = time.monotonic()
    _folders_in_memory()
    # Begun in the background or by nohup: a program that a test starts would not hear these either.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    settings.load_profile("full" if wants_full(config) else "default")


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """What collecting makes stays to the end: to search it again and again for garbage gains nothing."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what was not asked for, counted as deselected: `full`, and with --fast `slow`."""
    left_out = set() if wants_full(config) else {"full"}
    if config.getoption("--fast"):
        left_out |= {"full", "slow"}
    out = [item for item in items if any(item.get_closest_marker(mark) for mark in left_out)]
    if out:
        config.hook.pytest_deselected(items=out)
        kept = set(map(id, items)) - set(map(id, out))
        items[:] = [item for item in items if id(item) in kept]


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """The closing line once more where something was skipped, with the reasons: nobody scrolls up."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput") or not reporter.stats.get("skipped"):
        return
    skipped = [str(report.longrepr[2]) for report in reporter.stats["skipped"]]
    reasons = Counter(reason.removeprefix("Skipped: ") for reason in skipped)
    line = ", ".join(part for part, _ in reporter.build_summary_stats_line()[0])
    took_s = time.monotonic() - config.stash[_BEGAN_S]
    why = "; ".join(f"{reason} ({count})" for reason, count in reasons.most_common())
    print(f"{line} in {took_s:.2f}s; skipped: {why}")


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    """Whether this run has time: for a test that is short by default and long on request."""
    return wants_full(request.config)


@pytest.fixture(autouse=True, scope="session")
def _only_our_surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing of the caller reaches a test, nothing of a test reaches the caller or a real pin.

    Once for all: a test changes them by `monkeypatch` alone, which puts back what was here.
    """
    with pytest.MonkeyPatch.context() as monkeypatch:
        _clean(monkeypatch)
        home = tmp_path_factory.getbasetemp() / "home"
        home.mkdir(exist_ok=True)
        monkeypatch.setenv("HOME", str(home))
        yield


def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CABINGUARD_") and name != FULL_VARIABLE]:
        monkeypatch.delenv(name)
    of_systemd = (
        "NOTIFY_SOCKET",
        "WATCHDOG_USEC",
        "WATCHDOG_PID",
        "CREDENTIALS_DIRECTORY",
        "STATE_DIRECTORY",
    )
    for name in of_systemd:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture(scope="session")
def shared_chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Chromium]]:
    """One program for all tests of a worker; another where that one ended."""
    running: list[Chromium] = []

    def get() -> Chromium:
        if not running or not running[-1].runs:
            running.append(Chromium(tmp_path_factory.mktemp("chromium")))
        return running[-1]

    yield get
    for one in running:
        one.close()


@pytest.fixture
def browser(shared_chromium: Callable[[], Chromium]) -> Iterator[Browser]:
    """A window of its own."""
    with Browser(shared_chromium()) as browser:
        yield browser


@pytest.fixture(scope="session")
def repo() -> Path:
    """The top of the checkout."""
    return Path(__file__).resolve().parents[1]

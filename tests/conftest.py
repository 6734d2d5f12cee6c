"""What every test may rely on: no real GPIO, no caller's settings, and long runs only when asked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

FULL_VARIABLE = "CABINGUARD_FULL"


def _hypothesis_profiles() -> None:
    """`default` looks a little at each commit, `full` long and with fresh examples every time.

    A loaded machine may take long over one example without anything being wrong, hence no deadline; the
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


def wants_full(config: pytest.Config) -> bool:
    return bool(config.getoption("--full")) or os.environ.get(FULL_VARIABLE, "") not in ("", "0")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("full" if wants_full(config) else "default")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests marked `full` out, counted as deselected, unless they were asked for."""
    if wants_full(config):
        return
    long_runs = [item for item in items if item.get_closest_marker("full")]
    if long_runs:
        config.hook.pytest_deselected(items=long_runs)
        items[:] = [item for item in items if not item.get_closest_marker("full")]


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    """Whether this run has time: for a test that is short by default and long on request."""
    return wants_full(request.config)


@pytest.fixture(autouse=True)
def _only_our_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing of the caller reaches a test, nothing of a test reaches the caller or a real pin."""
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
    home = tmp_path_factory.getbasetemp() / "home"
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("HOME", str(home))


@pytest.fixture(scope="session")
def repo() -> Path:
    """The top of the checkout."""
    return Path(__file__).resolve().parents[1]

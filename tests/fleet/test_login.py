"""Which certificate is shown at the broker, and the self-test that is made beside a kiosk that runs."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path

import pytest

from edge.fleet import login as module
from edge.fleet import pairs
from edge.fleet.link import LinkFault, Trouble
from edge.fleet.login import Login
from edge.service.apart import selftest
from edge.settings.load import load


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which pair was asked for, and `worked` where the one before was let go of."""
    found: list[str] = []

    def context(settings: object, *, clock_set: bool, previous: bool) -> ssl.SSLContext:
        found.append(f"{'previous' if previous else 'current'}{'' if clock_set else ', no dates'}")
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    monkeypatch.setattr(module, "client_context", context)
    monkeypatch.setattr(pairs, "has_previous", lambda settings: True)
    monkeypatch.setattr(pairs, "worked", lambda settings: found.append("worked"))
    return found


def test_each_connection_asks_for_the_pair_in_use_and_a_good_one_lets_the_old_go(shown: list[str]) -> None:
    login = Login(load(None), lambda: True)
    login.context()
    login.heard(Trouble.UNREACHABLE)
    login.context()
    login.heard(None)
    assert shown == ["current", "current", "worked"]


def test_a_pair_that_is_refused_gives_way_to_the_one_before_and_is_tried_again(shown: list[str]) -> None:
    login = Login(load(None), lambda: False)
    for heard in (Trouble.REFUSED, Trouble.REFUSED, Trouble.REFUSED):
        login.context()
        login.heard(heard)
    login.context()
    login.heard(None)  # with the one before: the new one has not worked yet
    assert shown == [
        "current, no dates",
        "previous, no dates",
        "current, no dates",
        "previous, no dates",
    ]


def test_a_certificate_that_cannot_be_used_has_the_name_of_its_fault(tmp_path: Path) -> None:
    with pytest.raises(LinkFault, match="certificate_missing") as caught:
        Login(load(None, [f"paths.data={tmp_path}"]), lambda: True).context()
    assert caught.value.trouble is Trouble.NO_CERTIFICATE


@pytest.mark.slow
def test_the_self_test_of_another_process_tells_the_codes_of_what_failed() -> None:
    lines = '{"name":"record","code":""}\\n{"name":"clock","code":"clock_wrong"}\\nnoise'
    assert selftest([sys.executable, "-c", f"print('{lines}'); raise SystemExit(1)"]) == ("clock_wrong",)
    with pytest.raises(ValueError, match="said nothing"):
        selftest([sys.executable, "-c", ""])

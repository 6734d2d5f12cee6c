"""The socket of a running kiosk: whoever says nothing keeps nobody waiting."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge import control
from edge.control import Asked, ControlServer, Request, ask
from edge.faults import FaultError


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[queue.SimpleQueue[Asked | None]]:
    """Requests as they come to the loop of a kiosk in `tmp_path`, each answered by its verb."""
    seen: queue.SimpleQueue[Asked | None] = queue.SimpleQueue()
    server = ControlServer(tmp_path, seen.put)

    def loop() -> None:
        while (one := seen.get()) is not None:
            one.answer({"did": one.request.verb, "uid": one.uid})

    thread = threading.Thread(target=loop)
    thread.start()
    yield seen
    seen.put(None)
    thread.join()
    server.close()


def test_those_who_say_nothing_keep_nobody_waiting(
    asked: queue.SimpleQueue[Asked | None], tmp_path: Path
) -> None:
    idle = []
    for _ in range(12):
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        peer.connect(str(tmp_path / control.SOCKET))
        peer.sendall(b"{")
        idle.append(peer)
    began_s = time.monotonic()
    assert ask(tmp_path, Request("release"))["did"] == "release"
    assert time.monotonic() - began_s < control.READ_WITHIN_S
    for peer in idle:
        peer.settimeout(10.0)
        assert peer.recv(100) == b"", "a request that does not come is not waited for"
        peer.close()


def test_guests_are_limited(
    asked: queue.SimpleQueue[Asked | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is no root comes ninth in vain; root is let in past them all."""
    uids = iter([1000] * (control.GUESTS_MAX + 1) + [0])
    monkeypatch.setattr(control, "peer_uid", lambda peer: next(uids))
    idle = []
    for _ in range(control.GUESTS_MAX + 1):
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        peer.connect(str(tmp_path / control.SOCKET))
        peer.settimeout(control.READ_WITHIN_S / 2)
        idle.append(peer)
    assert idle[-1].recv(100) == b""
    assert ask(tmp_path, Request("release"))["uid"] == 0
    for peer in idle:
        peer.close()


def test_no_answer_is_not_no_kiosk(tmp_path: Path) -> None:
    server = ControlServer(tmp_path, lambda one: None)
    try:
        with pytest.raises(FaultError) as caught:
            ask(tmp_path, Request("status"), within_s=0.2)
        assert caught.value.code == "loop_late"
    finally:
        server.close()
    with pytest.raises(FaultError) as caught:
        ask(tmp_path, Request("status"))
    assert caught.value.code == "kiosk_not_running"

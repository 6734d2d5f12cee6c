"""The socket of a running kiosk: anyone who says nothing keeps nobody waiting."""

from __future__ import annotations

import os
import queue
import resource
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.faults.fault import FaultError
from edge.service import control
from edge.service.asks import Release, Status
from edge.service.control import Asked, ControlServer, ask
from tests.worlds.verbs import verb_of


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[queue.SimpleQueue[Asked | None]]:
    """Requests as they come to the loop of a kiosk in `tmp_path`, each answered by its verb."""
    seen: queue.SimpleQueue[Asked | None] = queue.SimpleQueue()
    server = ControlServer(tmp_path, seen.put)

    def loop() -> None:
        while (one := seen.get()) is not None:
            one.answer({"did": verb_of(one.request), "uid": one.uid})

    thread = threading.Thread(target=loop)
    thread.start()
    yield seen
    seen.put(None)
    thread.join()
    server.close()


@pytest.mark.slow
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
    assert ask(tmp_path, Release())["did"] == "release"
    assert time.monotonic() - began_s < control.READ_WITHIN_S
    for peer in idle:
        peer.settimeout(10.0)
        assert peer.recv(100) == b"", "a request that does not come is not waited for"
        peer.close()


def test_guests_are_limited(
    asked: queue.SimpleQueue[Asked | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anyone who is no root comes ninth in vain; root is let in past them all."""
    uids = iter([1000] * (control.GUESTS_MAX + 1) + [0])
    monkeypatch.setattr(control, "peer_uid", lambda peer: next(uids))
    idle = []
    for _ in range(control.GUESTS_MAX + 1):
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        peer.connect(str(tmp_path / control.SOCKET))
        peer.settimeout(control.READ_WITHIN_S / 2)
        idle.append(peer)
    assert idle[-1].recv(100) == b""
    assert ask(tmp_path, Release())["uid"] == 0
    for peer in idle:
        peer.close()


@pytest.mark.slow
def test_no_answer_is_not_no_kiosk(tmp_path: Path) -> None:
    server = ControlServer(tmp_path, lambda one: None)
    try:
        with pytest.raises(FaultError) as caught:
            ask(tmp_path, Status(), within_s=0.2)
        assert caught.value.code == "loop_late"
    finally:
        server.close()
    with pytest.raises(FaultError) as caught:
        ask(tmp_path, Status())
    assert caught.value.code == "kiosk_not_running"


def _no_thread(thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_root_is_served_where_the_system_gives_no_thread(
    asked: queue.SimpleQueue[Asked | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "peer_uid", lambda peer: 0)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", _no_thread)
        assert ask(tmp_path, Release())["did"] == "release"
    assert ask(tmp_path, Release())["did"] == "release"


def test_guests_who_got_no_thread_leave_their_places_free(
    asked: queue.SimpleQueue[Asked | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "peer_uid", lambda peer: 1000)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", _no_thread)
        for _ in range(control.GUESTS_MAX + 2):
            with pytest.raises(FaultError, match="kiosk_not_running"):
                ask(tmp_path, Status())
    assert ask(tmp_path, Status())["did"] == "status"


@pytest.mark.slow
def test_who_calls_while_no_file_is_to_be_had_is_served_when_there_is_one(
    asked: queue.SimpleQueue[Asked | None], tmp_path: Path
) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    with socket.socket(socket.AF_UNIX) as peer, socket.socket(socket.AF_UNIX) as other:
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, before[1]))
        try:
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            pass
        try:
            for one in (peer, other):
                one.connect(str(tmp_path / control.SOCKET))
            time.sleep(0.3)
        finally:
            for number in taken:
                os.close(number)
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for one in (peer, other):
            one.settimeout(10.0)
            one.sendall(b'{"verb":"status"}\n')
            assert b"status" in one.recv(4096)


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["shut", "removed", "replaced"])
def test_a_socket_that_broke_or_cannot_be_found_is_made_anew(
    asked: queue.SimpleQueue[Asked | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    monkeypatch.setattr(control, "LOOK_S", 0.05)
    path = tmp_path / "other"
    path.mkdir()
    server = ControlServer(path, lambda one: one.answer({"did": verb_of(one.request)}))
    try:
        assert ask(path, Status())["did"] == "status"
        if harm == "shut":
            assert server.listening is not None
            server.listening.shutdown(socket.SHUT_RDWR)
        else:
            (path / control.SOCKET).unlink()
        if harm == "replaced":
            (path / control.SOCKET).write_text("")
        end_s = time.monotonic() + 30.0
        while True:
            try:
                assert ask(path, Release())["did"] == "release"
                break
            except FaultError:
                assert time.monotonic() < end_s
                time.sleep(0.02)
        assert server.thread.alive
    finally:
        server.close()


def test_a_folder_that_is_gone_ends_the_thread_by_name_and_a_new_one_serves_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    server = ControlServer(folder, lambda one: one.answer({"did": verb_of(one.request)}))
    server.thread.join(10.0)
    assert server.thread.died
    assert server.thread.why.startswith("FileNotFoundError")
    folder.mkdir()
    server.thread.start()
    try:
        end_s = time.monotonic() + 30.0
        while not control.answers(folder):  # its name is there a moment before it listens
            assert time.monotonic() < end_s
            time.sleep(0.01)
        assert ask(folder, Status())["did"] == "status"
    finally:
        server.close()

"""The bench's own socket: who is answered, what is refused, and that the next one is answered after it."""

from __future__ import annotations

import contextlib
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.bench import socket as bench_socket
from edge.bench.answering import Hands
from edge.bench.socket import CALLERS_MAX, SOCKET, BenchServer, act, ask_bench, explain, look
from edge.bench.wire import (
    VERSION,
    Act,
    Acted,
    BenchView,
    Explain,
    Look,
    NotAnswered,
    Plug,
    StoryAsk,
    WordForms,
)
from edge.faults.fault import FaultError
from edge.service.asks import Request
from tests.worlds.bench_world import answered, scripted_cabin


def _obey(words: str) -> Acted:
    return Acted(done=words != "dance", said=f"heard {words}")


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("b")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> BenchView:
    with scripted_cabin(tmp_path_factory.mktemp("seen")) as cabin:
        return cabin.run_to(1.0).view()


@pytest.fixture
def served(folder: Path, seen: BenchView) -> Iterator[Path]:
    with answered(folder, _obey, lambda: seen):
        yield folder


def _raw(folder: Path, said: bytes) -> bytes:
    """What comes back for these bytes, up to the end of the connection."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(10.0)
        peer.connect(str(folder / SOCKET))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            peer.sendall(said)
        pieces: list[bytes] = []
        with contextlib.suppress(ConnectionResetError):
            while more := peer.recv(65536):
                pieces.append(more)
    return b"".join(pieces)


def test_only_its_own_user_can_open_it(served: Path) -> None:
    found = (served / SOCKET).stat()
    assert stat.S_ISSOCK(found.st_mode)
    assert stat.S_IMODE(found.st_mode) == 0o600


def test_each_request_has_its_own_reply(served: Path, seen: BenchView) -> None:
    assert act(served, "enter anna") == Acted(done=True, said="heard enter anna")
    assert not act(served, "dance").done
    assert look(served) == seen
    assert isinstance(explain(served), WordForms)
    for request in (Plug("out"), StoryAsk("list")):
        reply = ask_bench(served, request)
        assert isinstance(reply, NotAnswered), "the desk alone has neither plug nor stories"
        assert reply.error == "not_understood"


def test_every_reply_carries_the_version(served: Path) -> None:
    for request in (Act("x"), Look(), Explain(), Plug("in"), StoryAsk("list")):
        raw = msgspec.json.decode(_raw(served, msgspec.json.encode(request) + b"\n"))
        assert raw["version"] == VERSION
        assert raw["answer"] in ("acted", "view", "words", "error")


STRANGE = (
    b"\n",
    b"\xff\xfe\n",
    b"enter anna\n",
    b"[]\n",
    b'{"verb":"dance"}\n',
    b'{"verb":"act"}\n',
    b'{"verb":"act","words":""}\n',
    b'{"verb":"act","words":7}\n',
    b'{"verb":"act","words":"x","also":"y"}\n',
    b'{"verb":"plug","to":"wall"}\n',
    b'{"verb":"view"\n',
    b'{"verb":"release"}\n',
    b'{"verb":"act","words":"' + b"x" * 1001 + b'"}\n',
    b'{"verb":"act","words":"' + b"x" * 200_000,
    b"\x00" * 100_000,
)


def test_what_is_not_understood_is_refused_and_the_next_is_answered(served: Path) -> None:
    for said in STRANGE:
        raw = _raw(served, said)
        assert not raw or msgspec.json.decode(raw)["error"] == "not_understood", said[:40]
        assert raw or len(said) > 50_000, "a line that is too long may end with its connection"
    assert act(served, "still there").done


def test_another_version_is_refused_by_name(served: Path) -> None:
    raw = msgspec.json.decode(_raw(served, b'{"verb":"view","version":2}\n'))
    assert (raw["error"], raw["version"]) == ("other_version", VERSION)


def test_another_user_is_refused(served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_socket, "peer_uid", lambda peer: 4711)
    reply = ask_bench(served, Act("fire on"))
    assert isinstance(reply, NotAnswered)
    assert reply.error == "not_allowed"
    with pytest.raises(FaultError, match="not_allowed"):
        act(served, "fire on")


def test_those_who_say_nothing_keep_nobody_out_for_long(
    folder: Path, seen: BenchView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_socket, "READ_WITHIN_S", 0.2)
    with answered(folder, _obey, lambda: seen), contextlib.ExitStack() as stack:
        silent = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(CALLERS_MAX)]
        for peer in silent:
            peer.settimeout(10.0)
            peer.connect(str(folder / SOCKET))
        assert all(peer.recv(1) == b"" for peer in silent), "each was let go of after its time"
        assert act(folder, "now me").done


def test_a_desk_that_never_turns_is_named(
    folder: Path, seen: BenchView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_socket, "ANSWER_WITHIN_S", 0.05)
    with contextlib.closing(Hands(folder, _obey, lambda: seen)), pytest.raises(FaultError) as late:
        act(folder, "enter anna")
    assert late.value.code == "loop_late"


def test_nobody_there_is_named(folder: Path) -> None:
    with pytest.raises(FaultError) as nobody:
        look(folder)
    assert nobody.value.code == "kiosk_not_running"


def test_an_answer_of_another_version_is_named(folder: Path) -> None:
    for said in (b'{"answer":"later","version":2}', b"no JSON"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            listening.bind(str(folder / SOCKET))
            listening.listen()
            strange = threading.Thread(target=_answers_once, args=(listening, said))
            strange.start()
            with pytest.raises(FaultError) as other:
                look(folder)
            strange.join()
        (folder / SOCKET).unlink()
        assert other.value.code == "bench_answer"


def _answers_once(listening: socket.socket, said: bytes) -> None:
    peer, _ = listening.accept()
    with peer:
        peer.recv(65536)  # else the caller hears that its request was not read
        peer.sendall(said + b"\n")


def test_a_path_that_is_too_long_for_a_socket_is_named(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 90)
    deep.mkdir()
    with pytest.raises(FaultError) as long:
        BenchServer(deep, lambda asked: None)
    assert long.value.code == "bench_folder"


def test_the_socket_goes_with_its_bench(folder: Path, seen: BenchView) -> None:
    with answered(folder, _obey, lambda: seen):
        assert (folder / SOCKET).exists()
    assert not (folder / SOCKET).exists()


def test_a_kiosk_knows_none_of_it() -> None:
    for asked in (Act("fire on"), Look(), Explain(), Plug("out"), StoryAsk("list")):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(msgspec.json.encode(asked), type=Request)


@pytest.mark.slow
def test_what_a_kiosk_runs_has_nothing_of_the_bench() -> None:
    program = (
        "import edge.service.service, edge.service.control, edge.panel.app, edge.panel.commission, sys;"
        "found = [name for name in sys.modules if name.startswith('edge.bench')];"
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_the_view_on_the_wire_is_the_view(served: Path, seen: BenchView) -> None:
    raw = _raw(served, b'{"verb":"view"}\n')
    assert msgspec.json.decode(raw, type=BenchView) == seen

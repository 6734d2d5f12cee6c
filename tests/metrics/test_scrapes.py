"""The port of the numbers: answers who asks properly, and outlives who does not."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from edge.metrics.scrapes import A_SECOND, CLIENT_S, HEAD_BYTES, PLACES, Scrapes

TEXT = b"cabinguard_up 1\n" * 20_000


class Served:
    """Stepped by hand: `now_s` goes on as the test says."""

    def __init__(self) -> None:
        self.scrapes = Scrapes("127.0.0.1", 0, "text/plain; version=0.0.4")
        self.now_s = 100.0

    def connect(self) -> socket.socket:
        link = socket.create_connection(("127.0.0.1", self.scrapes.port))
        link.settimeout(10.0)
        return link

    def turn(self, times: int = 20) -> None:
        for _ in range(times):
            self.scrapes.turn(0.0, self.now_s, TEXT)

    def ask(self, request: bytes) -> bytes:
        with self.connect() as link:
            link.sendall(request)
            link.setblocking(False)
            got, end_s = b"", time.monotonic() + 10.0
            while time.monotonic() < end_s:
                self.now_s += 0.2
                self.turn(4)
                try:
                    piece = link.recv(1 << 20)
                except BlockingIOError:
                    continue
                except ConnectionResetError:
                    return got
                if not piece:
                    return got
                got += piece
        raise AssertionError("no end")


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served()
    yield served
    served.scrapes.close()


def get(path: str = "/metrics", host: str = "127.0.0.1:9000") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def test_a_scrape_is_whole_and_says_its_kind(served: Served) -> None:
    head, _, body = served.ask(get()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4")
    assert body == TEXT


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (get("/"), 404),
        (get("/metrics/../x"), 404),
        (get(host="evil.example"), 421),
        (b"POST /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"GET /metrics\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400),
        (b"\xff\xfe" * 40 + b"\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nX: " + b"a" * HEAD_BYTES, 400),
    ],
)
def test_what_is_no_scrape_is_refused(served: Served, request_: bytes, status: int) -> None:
    assert served.ask(request_).startswith(f"HTTP/1.0 {status} ".encode())


def test_a_head_alone_has_no_body(served: Served) -> None:
    answer = served.ask(b"HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 200 ")
    assert answer.endswith(b"\r\n\r\n")


def test_one_who_says_nothing_is_sent_away(served: Served) -> None:
    with served.connect() as link:
        served.turn()
        served.now_s += CLIENT_S + 0.1
        served.turn()
        assert link.recv(10) == b""


def test_one_who_takes_nothing_is_sent_away_and_costs_one_text(served: Served) -> None:
    with socket.socket() as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        link.connect(("127.0.0.1", served.scrapes.port))
        link.sendall(get())
        served.turn()
        served.now_s += CLIENT_S + 0.1
        served.turn()
        assert not served.scrapes.guests


def test_where_all_places_are_taken_the_oldest_gives_way(served: Served) -> None:
    links = []
    for _ in range(PLACES + 2):
        links.append(served.connect())
        served.now_s += 0.15
        served.turn(1)
    assert served.scrapes.guests == PLACES
    served.now_s += 0.5
    assert served.ask(get()).startswith(b"HTTP/1.0 200 ")
    for link in links:
        link.close()


def test_no_more_than_so_many_are_let_in_within_a_second(served: Served) -> None:
    links = [served.connect() for _ in range(PLACES)]
    served.turn(40)
    for link in links:
        link.close()
    served.turn(10)
    links = [served.connect() for _ in range(PLACES)]
    served.turn(40)
    assert served.scrapes.guests == A_SECOND - PLACES
    served.now_s += 1.1
    served.turn(40)
    assert served.scrapes.guests == PLACES
    for link in links:
        link.close()

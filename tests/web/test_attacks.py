"""What somebody hostile may try against any page: each attempt by its name, and what it gains."""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest

from edge.web import server as server_module
from edge.web.exchange import Answer, Live, PageRequest, done
from edge.web.gate import Gate
from edge.web.places import AT_ONCE, MOST
from edge.web.reading import HEAD_BYTES
from edge.web.server import STREAMS
from edge.web.site import FORM_BYTES, Site, seen_at
from edge.words.language import LanguageName
from tests.worlds.site_world import WITHIN_S, Served, served

pytestmark = pytest.mark.timeout(300)

BAD = "</p><script>x('&\""


class Acts:
    """A site with one of everything; `done` keeps the acts that got through."""

    def __init__(self) -> None:
        self.done: list[PageRequest] = []
        self.number = 0
        self.gate = Gate(1800.0, "/closed")
        self.site = Site("Cabin 1", LanguageName.EN, footer="foot")
        self.site.view("/", self.now, "one", "One")
        self.site.view("/closed", self.now, "closed", "Closed")
        self.site.page(
            "/page/{name}", lambda asked: Live(asked.args["name"], parts={"a": "<p>x</p>"}), "page"
        )
        self.site.get("/fails", self.fail)
        self.site.get("/splits", lambda asked: seen_at(f"/{asked.query['to']}"))
        self.site.post("/act", self.act)
        self.site.post("/picture", self.act, most_bytes=1_000_000)
        self.site.post("/closed/act", self.act)
        self.site.close_behind(self.gate, "/closed")

    def now(self) -> Live:
        self.number += 1
        form = '<form method="post" action="/act" data-confirm="Sure?"><button>x</button></form>'
        return Live("Title", "vacant", "told", {"head": "<h1>Title</h1>", "act": form, "n": str(self.number)})

    def act(self, asked: PageRequest) -> Answer:
        self.done.append(asked)
        return done("did it")

    def fail(self, asked: PageRequest) -> Answer:
        raise ZeroDivisionError("a secret: 123456")


@pytest.fixture(autouse=True)
def _guesses_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "WRONG_S", 0.02)


@pytest.fixture
def acts() -> Acts:
    return Acts()


@pytest.fixture
def page(acts: Acts) -> Iterator[Served]:
    with served(acts.site) as page:
        yield page


def raw(page: Served, request: bytes) -> bytes:
    """The whole answer to exactly these bytes."""
    with socket.create_connection(("127.0.0.1", page.port), timeout=WITHIN_S) as link:
        link.sendall(request)
        return b"".join(iter(lambda: link.recv(65536), b""))


def get(page: Served, path: str = "/", *heads: str) -> bytes:
    return "\r\n".join((f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{page.port}", *heads, "", "")).encode()


def status_of(answer: bytes) -> int:
    found = re.match(rb"HTTP/1\.0 (\d{3}) ", answer)
    return int(found[1]) if found else 0


def until_true(what: Callable[[], bool]) -> None:
    end_s = time.monotonic() + WITHIN_S
    while not what():
        assert time.monotonic() < end_s
        time.sleep(0.02)


# --- acts from elsewhere ---------------------------------------------------------------------------


def test_an_act_of_the_pages_own_form_and_script_is_done(acts: Acts, page: Served) -> None:
    assert page.post("/act", {"a": "1"}) == (200, "did it")
    assert page.post("/act", {"a": "1"}, script=False)[0] == 303
    head = {"Origin": page.address, "X-CabinGuard-Token": page.site.token, "X-CabinGuard": "act"}
    assert page.ask("/picture", "POST", b"\xff\xd8\x00", **head, Content_Type="image/jpeg")[0] == 200
    assert [asked.form for asked in acts.done] == [{"a": "1"}, {"a": "1"}, {}]
    assert acts.done[-1].body == b"\xff\xd8\x00"
    head["Content-Type"] = "application/x-www-form-urlencoded"
    assert page.ask("/act", "POST", b"a&b=&c=1&c=2&%64=e+f", **head)[0] == 200
    assert acts.done[-1].form == {"a": "", "b": "", "c": "1", "d": "e f"}


def test_an_act_from_another_origin_is_not_done(acts: Acts, page: Served) -> None:
    for origin in ("http://evil.example", "null", "", "http://127.0.0.1", "http://[::1"):
        for site in ("", "cross-site", "same-site", "none"):
            heads = {"Origin": origin, "X-CabinGuard-Token": page.site.token}
            if site:
                heads["Sec-Fetch-Site"] = site
            status, _, body = page.ask("/act", "POST", **heads)
            assert (status, body) == (403, b"403 Forbidden\n"), (origin, site)
    assert not acts.done


def test_an_act_without_the_token_is_not_done(acts: Acts, page: Served) -> None:
    heads = {"Origin": page.address, "Content-Type": "application/x-www-form-urlencoded"}
    for token in ("", "x", "x" * 32, "\xff", page.site.token[:-1], f"{page.site.token}x", "x" * 5000):
        assert page.ask("/act", "POST", f"_token={token}".encode("latin-1"), **heads)[0] in (400, 403)
        assert page.ask("/act", "POST", Origin=page.address, X_CabinGuard_Token=token)[0] == 403
    assert page.ask("/act", "POST", Origin=page.address)[0] == 403
    assert not acts.done


def test_each_program_has_a_token_of_its_own(acts: Acts) -> None:
    assert acts.site.token != Acts().site.token
    assert len(acts.site.token) >= 32


def test_another_method_does_nothing(acts: Acts, page: Served) -> None:
    heads = {"Origin": page.address, "X-CabinGuard-Token": page.site.token}
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get"):
        status = page.ask("/act", method, **heads, X_HTTP_Method_Override="POST")[0]
        assert status in (400, 404, 501), method
    assert not acts.done
    assert page.ask("/", "POST", **heads)[0] == 404
    assert page.ask("/act?_method=POST", "GET", **heads)[0] == 404


def test_a_page_from_elsewhere_may_link_here_and_load_nothing(page: Served) -> None:
    for path in ("/now", "/live", "/static/shell.js", "/"):
        assert page.ask(path, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors")[0] == 403, path
        assert page.ask(path, Sec_Fetch_Site="same-site", Sec_Fetch_Mode="cors")[0] == 403, path
    assert page.ask("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")[0] == 200
    assert page.ask("/now", Sec_Fetch_Site="same-origin", Sec_Fetch_Mode="cors")[0] == 200
    assert page.server.streams == 0


def test_a_name_that_somebody_elses_dns_points_here_is_refused(page: Served) -> None:
    for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "x@127.0.0.1.evil", ""):
        for path in ("/", "/now", "/live", "/static/shell.js"):
            assert page.ask(path, Host=host)[0] == 421, host
    assert page.ask("/act", "POST", Host="evil.example", Origin="http://evil.example")[0] == 421


# --- what comes over the wire ----------------------------------------------------------------------


NO_HTTP = (
    (b"GET / HTTP/1.1\r\n\r\n", 421),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 421),
    (b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 400),
    (b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"GET /#part HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nX : y\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: y\r\n folded: z\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nX:" + b" " * 15_000 + b"\x00\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", 400),
    (b"POST /act HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
    (b"POST /act HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1e3\r\n\r\n", 400),
    (b"POST /act HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    (b"POST /act HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
    (b"GET /now?from=%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"GET /now?from=%ff%fe HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
    (b"\r\n\r\n", 400),
)
"""Requests, and the status each is answered with."""


def test_what_is_not_exactly_http_is_refused(acts: Acts, page: Served) -> None:
    for request, status in NO_HTTP:
        answer = raw(page, request)
        assert status_of(answer) == status, (request, answer[:200])
        assert b"icrodot" not in answer
        assert b"Traceback" not in answer
    assert not acts.done
    assert status_of(raw(page, get(page))) == 200


NO_PATHS = (
    *("/../../etc/passwd", "/%2e%2e/etc/passwd", "//etc/passwd", "/static/../site.py"),
    *("/static/..%2fsite.py", "/static/%2e%2e%2fsite.py", "/static/....//site.py", "/static/site.py"),
    *("/static/", "/static/.", "/page/..", "/page/%2e%2e", "/page/a/b", "/page/", "/page/a%00"),
    *("/page/a;b", "/page/a\\b", "/closed/../now/"),
)


def test_no_path_leads_anywhere_else(page: Served) -> None:
    for path in NO_PATHS:
        answer = raw(page, get(page, path))
        assert status_of(answer) == 404, (path, answer[:100])
        assert b"root:" not in answer
        assert b"import" not in answer


def test_a_head_of_any_size_is_cut(page: Served) -> None:
    for heads in (["X: " + "y" * HEAD_BYTES], [f"X{number}: y" for number in range(5000)]):
        answer = raw(page, get(page, "/", *heads))
        assert status_of(answer) in (0, 431), answer[:100]
    assert status_of(raw(page, get(page, "/" + "x" * 5000))) == 400
    assert status_of(raw(page, get(page))) == 200


def test_a_body_of_any_size_is_cut(acts: Acts, page: Served) -> None:
    heads = {"Origin": page.address, "X-CabinGuard-Token": page.site.token}
    for size in (FORM_BYTES + 1, 999_999_999):
        assert page.ask("/act", "POST", **heads, Content_Length=str(size))[0] == 413
    assert page.ask("/act", "POST", b"a=" + b"x" * FORM_BYTES, **heads)[0] == 413
    assert page.ask("/nothing", "POST", b"x" * (FORM_BYTES + 1), **heads)[0] == 413
    assert not acts.done
    assert page.ask("/act", "POST", b"x" * FORM_BYTES, **heads)[0] == 303
    assert page.ask("/picture", "POST", b"x" * 900_000, **heads)[0] == 303
    heads["X-CabinGuard-Token"] = "x"
    assert page.ask("/picture", "POST", b"x" * 900_000, **heads)[0] == 413, "a long one only with the token"


def test_no_value_becomes_a_header(page: Served) -> None:
    for value in ("x%0d%0aSet-Cookie:%20a=b", "x%0aX:%20y", "x%0d"):
        status, heads, _ = page.ask(f"/splits?to={value}")
        assert status == 500
        assert "Set-Cookie" not in heads
    assert page.ask("/splits?to=now")[0] == 303


def test_a_form_comes_back_to_this_page_alone(page: Served) -> None:
    heads = {"Origin": page.address, "Content-Type": "application/x-www-form-urlencoded"}
    for back in ("http://evil.example/", "//evil.example/", "/\\evil", "javascript:x", "/a\r\nX: y"):
        form = {"_token": page.site.token, "_back": back}
        status, got, _ = page.ask("/act", "POST", urlencode(form).encode(), **heads)
        assert status == 303
        assert re.fullmatch(r"/\?said=[0-9a-f]{16}", got["Location"]), back


def test_what_was_said_is_shown_once_and_nothing_can_be_put_there(page: Served) -> None:
    form = f"_token={page.site.token}".encode()
    heads = {"Origin": page.address, "Content-Type": "application/x-www-form-urlencoded"}
    _, got, _ = page.ask("/act", "POST", form, **heads)
    assert "did it" in page.ask(got["Location"])[2].decode()
    assert "did it" not in page.ask(got["Location"])[2].decode()
    assert "evil" not in page.ask("/?said=evil")[2].decode()


def test_no_value_becomes_markup() -> None:
    site = Site(BAD, LanguageName.EN, footer=BAD)
    site.view("/", lambda: Live(BAD, BAD, BAD), BAD, BAD)
    site.view("/two", lambda: Live(BAD), "two", BAD)
    site.post("/act", lambda asked: done(BAD))
    with served(site) as page:
        text = page.ask("/")[2].decode()
        assert text.count("<script") == 1, "the page's own"
        assert text.count("&lt;script&gt;") >= 8
        form = {"_ask": BAD, "_back": "/", BAD: BAD}
        asked = page.post("/act", form, script=False)[1]
        assert asked.count("<script") == 1
        assert asked.count("&lt;script&gt;") >= 3
        status, said = page.post("/act", form)
        assert (status, said) == (200, BAD), "as plain text, which no browser takes for a page"
    assert page.heard[-1].count(b"text/plain; charset=utf-8") == 1


def test_an_error_of_ours_is_one_line_in_the_log_and_none_on_the_page(
    page: Served, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.ERROR, "edge.web"):
        status, _, body = page.ask("/fails")
    assert status == 500
    assert [record.getMessage() for record in caplog.records] == [
        "page: ZeroDivisionError while answering /fails"
    ]
    for word in (b"Zero", b"123456", b"microdot", b"Traceback", b"3.11"):
        assert word not in body
    assert "Traceback" not in "".join(capfd.readouterr())


def test_every_answer_says_what_a_browser_may_do_with_it(page: Served) -> None:
    for path in ("/", "/now", "/static/style.css", "/nothing", "/fails", "/closed", "/enter", "/splits?to=x"):
        _, heads, _ = page.ask(path)
        policy = heads["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert heads["X-Frame-Options"] == "DENY"
        assert heads["X-Content-Type-Options"] == "nosniff"
        assert heads["Cache-Control"] == "no-store"
        assert heads["Referrer-Policy"] == "same-origin"
        assert heads["Permissions-Policy"] == "camera=(), microphone=(), geolocation=()"
        assert heads["Server"] == "CabinGuard"
        assert "Access-Control-Allow-Origin" not in heads


# --- slow ones, and many of them ---------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "CLIENT_S", 0.5)


def ends(link: socket.socket, drip: bytes) -> bool:
    """Whether the other side ended the connection, however it is dripped on."""
    with contextlib.suppress(BlockingIOError):
        try:
            link.send(drip)
            return link.recv(100) == b""
        except ConnectionError:
            return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize(
    "begin",
    [b"", b"GET / HTTP/1.1\r\n", b"POST /act HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000\r\n\r\n"],
    ids=["nothing", "head", "body"],
)
@pytest.mark.usefixtures("quick")
def test_who_drips_is_ended_in_time(acts: Acts, page: Served, begin: bytes) -> None:
    host = f"127.0.0.1:{page.port}".encode()
    origin = f"Host: {host.decode()}\r\nOrigin: {page.address}\r\n".encode()
    with socket.create_connection(("127.0.0.1", page.port), timeout=WITHIN_S) as link:
        link.sendall(begin.replace(b"Host: 127.0.0.1\r\n", origin))
        link.setblocking(False)
        began_s = time.monotonic()
        while not ends(link, b"x" if b"POST" in begin else b"X: y\r\n"):
            assert time.monotonic() < began_s + WITHIN_S
            time.sleep(0.05)
        assert time.monotonic() - began_s > 0.3
    assert not acts.done
    assert status_of(raw(page, get(page))) == 200


@pytest.mark.slow
def test_many_who_say_nothing_keep_nobody_out(page: Served) -> None:
    links = [socket.create_connection(("127.0.0.1", page.port), timeout=WITHIN_S) for _ in range(MOST + 20)]
    try:
        for _ in range(5):
            assert status_of(raw(page, get(page, "/now"))) == 200
    finally:
        for link in links:
            link.close()


@pytest.mark.slow
def test_many_who_take_nothing_keep_nobody_out() -> None:
    site = Site("Cabin 1", LanguageName.EN)
    site.get("/large", lambda asked: Answer(b"x" * 8_000_000))
    site.get("/small", lambda asked: Answer(b"y"))
    with served(site) as page:
        links = [socket.create_connection(("127.0.0.1", page.port), timeout=WITHIN_S) for _ in range(AT_ONCE)]
        try:
            for link in links:
                link.sendall(get(page, "/large"))
            until_true(lambda: status_of(raw(page, get(page, "/small"))) == 200)
        finally:
            for link in links:
                link.close()


def test_streams_have_places_of_their_own_and_one_more_may_ask_instead(page: Served) -> None:
    links = []
    try:
        for _ in range(STREAMS):
            link = socket.create_connection(("127.0.0.1", page.port), timeout=WITHIN_S)
            links.append(link)
            link.sendall(get(page, "/live"))
            assert link.recv(1000).startswith(b"HTTP/1.0 200 ")
        until_true(lambda: page.server.streams == STREAMS)
        status, heads, _ = page.ask("/live")
        assert (status, heads["Retry-After"]) == (503, "15")
        assert page.ask("/now")[0] == 200
        assert page.post("/act") == (200, "did it")
        links.pop().close()
        until_true(lambda: page.server.streams == STREAMS - 1)
    finally:
        for link in links:
            link.close()
    until_true(lambda: page.server.streams == 0)


def test_a_page_that_ends_while_browsers_look_has_nothing_to_complain_about(
    acts: Acts, caplog: pytest.LogCaptureFixture
) -> None:
    with served(acts.site) as page, socket.create_connection(("127.0.0.1", page.port)) as link:
        link.sendall(get(page, "/live"))
        until_true(lambda: page.server.streams == 1)
    assert caplog.records == []


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_who_reads_no_stream_is_dropped_and_delays_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    number = iter(range(1_000_000))
    site = Site("Cabin 1", LanguageName.EN)
    site.view("/", lambda: Live("x", parts={"a": f"{next(number)}{'y' * 300_000}"}), "a")
    with served(site) as page, socket.create_connection(("127.0.0.1", page.port), timeout=WITHIN_S) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(get(page, "/live"))
        until_true(lambda: page.server.streams == 1)
        assert page.ask("/")[0] == 200
        until_true(lambda: page.server.streams == 0)


@pytest.mark.usefixtures("quick")
def test_many_guesses_keep_the_right_one_waiting_for_nothing(acts: Acts) -> None:
    over = threading.Event()
    with served(acts.site) as page:

        def guess() -> None:
            while not over.is_set():
                with contextlib.suppress(OSError, AssertionError):
                    page.ask("/act", "POST", Origin=page.address, X_CabinGuard_Token="x")
                    page.ask("/enter", "POST", b"secret=x", Origin=page.address)

        guessers = [threading.Thread(target=guess) for _ in range(30)]
        for guesser in guessers:
            guesser.start()
        try:
            for _ in range(10):
                assert page.post("/act")[0] == 200
            secret = acts.gate.link("http://x").partition("#")[2]
            assert page.post("/enter", {"secret": secret}, script=False)[0] == 303
        finally:
            over.set()
            for guesser in guessers:
                guesser.join()
        assert len(acts.done) == 10
        assert page.ask("/closed")[0] == 200


# --- the gate ----------------------------------------------------------------------------------------


def test_a_link_opens_once_and_its_session_is_of_this_browser_alone(acts: Acts, page: Served) -> None:
    for path in ("/closed", "/closed/now", "/closed/live"):
        assert page.ask(path)[0] == 403
    assert page.post("/closed/act")[0] == 403
    link = acts.gate.link(page.address)
    path, _, secret = link.removeprefix(page.address).partition("#")
    assert path == "/enter"
    assert len(secret) >= 43
    status, heads, body = page.ask(path)
    assert (status, "Set-Cookie" in heads) == (200, False)
    assert secret.encode() not in body
    assert page.post("/enter", {"secret": secret}, script=False)[0] == 303
    cookie = page.cookie
    assert re.fullmatch(rf"cabinguard_{page.port}=[0-9A-Za-z_-]{{43}}", cookie)
    flags = re.findall(r"'Set-Cookie', '([^']+)'", page.heard[-1].decode())[0].split("; ")[1:]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(flags)
    assert page.ask("/closed")[0] == 200
    assert page.post("/closed/act") == (200, "did it")
    page.cookie = ""
    assert page.post("/enter", {"secret": secret}, script=False)[0] == 403, "used once"
    for wrong in ("", "x=y", f"{cookie}x", cookie[:-1], cookie.replace("cabinguard_", "cabinguard_1")):
        assert page.ask("/closed", Cookie=wrong or "a=b")[0] == 403, wrong
    assert page.ask("/closed", Cookie=f"other=1; {cookie}")[0] == 200
    acts.gate.end()
    assert page.ask("/closed", Cookie=cookie)[0] == 403
    assert page.ask("/")[0] == 200, "what only looks stays"


def test_a_guessed_link_opens_nothing_and_voids_nothing(acts: Acts, page: Served) -> None:
    for secret in ("", "x", "x" * 43, "ä" * 43, "x" * 10_000):
        assert page.post("/enter", {"secret": secret}, script=False)[0] == 403
        assert page.cookie == ""
        assert not acts.gate.used
    right = acts.gate.link(page.address).partition("#")[2]
    assert page.post("/enter", {"secret": right}, script=False)[0] == 303


def test_a_link_and_its_session_end_with_their_time() -> None:
    now_s = [0.0]
    gate = Gate(60.0, "/x", lambda: now_s[0])
    late = gate.link("http://x/").partition("#")[2]
    now_s[0] = 60.0
    assert gate.enter(late) is None
    assert gate.used
    now_s[0] = 0.0
    session = gate.enter(late)
    assert session is not None
    now_s[0] = 59.9
    assert gate.knows(session)
    now_s[0] = 60.1
    assert not gate.knows(session)
    assert gate.left_s == 0.0


def test_nothing_opens_without_a_gate(page: Served) -> None:
    with served(Site("x", LanguageName.EN)) as other:
        assert other.ask("/enter")[0] == 404
    assert page.ask("/closedness")[0] == 404
    assert page.ask("/closed/nothing")[0] in (403, 404)

"""Serves a site over HTTP, with limits on size, time and number; microdot routes, this file guards.

Anyone who connects is let in: where all places are taken, one gives way that guesses, else the oldest that
has not said what it wants (`places`). A request comes whole within `CLIENT_S`, each piece of an answer is
taken within it. Streams have places of their own; for one more, a browser asks now and then instead. Nobody
waits for anybody else: one event loop moves bytes, a few threads make pages (`workers`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
from asyncio.trsock import TransportSocket
from collections.abc import AsyncIterator, Mapping
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self

from microdot.microdot import Microdot, NoCaseDict, Request, Response

from edge.web import guards
from edge.web.exchange import Answer, PageRequest
from edge.web.places import Doing, Guest, Places
from edge.web.reading import HEAD_BYTES, METHODS, Head, RefusedError, read_body, read_head
from edge.web.shell import TOKEN
from edge.web.site import FORM_BYTES, Caller, Entered, Route, Site, Stream
from edge.web.workers import BusyError, Workers

_log = logging.getLogger(__name__)

CLIENT_S: Final = 5.0
"""A whole request comes within this, however it drips, and each piece of an answer is taken within it."""

STREAMS: Final = 20
"""Streams at the same time. Who comes later is told so, and its script asks now and then instead."""

PIECE_BYTES: Final = 64 * 1024
WRONG_S: Final = 0.5
"""A wrong password, token or link waits this long for its answer, and is the first to give its place."""

_NAMED: Final = r"<re:[0-9A-Za-z_-][0-9A-Za-z_.-]*:\1>"


class Server:
    """One site, listening. `password` None: none is asked for, which only a loopback address may have.

    Raises OSError where it cannot listen, RuntimeError where the system gives no threads.
    """

    def __init__(self, site: Site, host: str, port: int, password: str | None = None) -> None:
        self.site = site
        self.host = host
        self._password = password
        self._places = Places()
        self._streams: set[asyncio.Task[None]] = set()
        self._app = self._routed()
        self._roomy = {route.path: route.most_bytes for route in site.routes if route.method == "POST"}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._ended = False
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=128)
        self.port = int(self._socket.getsockname()[1])
        self._cookie = f"cabinguard_{self.port}"  # cookies do not know ports
        self._workers = Workers()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def streams(self) -> int:
        """Browsers that are being kept up to date."""
        return len(self._streams)

    def close(self) -> None:
        """After `serve_forever` has returned, or instead of it."""
        self._socket.close()
        self._workers.close()
        self.site.close()

    def shutdown(self) -> None:
        """Have `serve_forever` return; from any thread or a signal's handler, also before it was called."""
        # No lock: a signal's handler would wait for its own thread. `_run` sets and reads in the other order.
        self._ended = True
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # it is closed already
                loop.call_soon_threadsafe(self._stop.set)

    def serve_forever(self) -> None:
        """Serve until `shutdown`."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_one_line)
        self._loop = loop
        if self._ended:
            return
        server = await asyncio.start_server(self._serve, sock=self._socket, limit=HEAD_BYTES)
        await self._stop.wait()
        server.close()

    # --- a connection ------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer: object = writer.get_extra_info("peername")
        address = str(peer[0]) if isinstance(peer, tuple) and peer else ""
        guest = Guest(address, writer.transport.abort)
        if not self._places.take(guest):
            writer.transport.abort()
            return
        # What is not taken yet stays here and not in a buffer, so that a piece's time can be measured.
        writer.transport.set_write_buffer_limits(high=0)
        try:
            await self._talk(reader, writer, guest)
            await _leave(reader, writer)
        except (OSError, EOFError, TimeoutError):  # a browser that went away or is slow is nobody's fault
            pass
        except Exception as error:
            _log.error("page: %s while answering", type(error).__name__)
        finally:
            self._places.leave(guest)
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, guest: Guest) -> None:
        only_head = False
        try:
            async with asyncio.timeout(CLIENT_S):
                head = await read_head(reader)
                only_head = head.method == "HEAD"
                refused = self._refused(head)
                body = b"" if refused is not None else await read_body(reader, head, self._most_bytes(head))
            if refused is not None:
                answer = refused
            else:
                guest.doing = Doing.BEING_ANSWERED
                answer = await self._answer(head, body, guest)
        except RefusedError as error:
            answer = _plain(error.status)
        if answer.status_code in (401, 403):
            guest.doing = Doing.GUESSING
            await asyncio.sleep(WRONG_S)
        if isinstance(answer, _Streaming):
            await _write(writer, _head_of(answer, self.site.camera, None))
            if not only_head:
                self._places.leave(guest)
                await self._keep_telling(reader, writer, answer.pieces)
            return
        content = answer.body
        assert isinstance(content, bytes)
        guest.doing = Doing.TAKING
        await _write(writer, _head_of(answer, self.site.camera, len(content)))
        for at in range(0, 0 if only_head else len(content), PIECE_BYTES):
            await _write(writer, content[at : at + PIECE_BYTES])

    async def _keep_telling(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pieces: AsyncIterator[bytes]
    ) -> None:
        """A stream, until the browser goes away or does not take a piece in time."""
        link: object = writer.get_extra_info("socket")
        if isinstance(link, TransportSocket):
            link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, PIECE_BYTES)
        task = asyncio.get_running_loop().create_task(_tell(writer, pieces))
        self._streams.add(task)
        gone = asyncio.get_running_loop().create_task(_until_gone(reader))
        try:
            await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._streams.discard(task)
            for one in (task, gone):
                one.cancel()
            await asyncio.gather(task, gone, return_exceptions=True)

    # --- who may ask -------------------------------------------------------------------------------

    def _refused(self, head: Head) -> Response | None:
        """The answer to what is not even looked at."""
        headers = head.headers
        if not guards.is_our_host(headers.get("host", ""), self.host):
            return _plain(HTTPStatus.MISDIRECTED_REQUEST)
        given = headers.get("authorization", "")
        if self._password is not None and not guards.knows_password(given, self._password):
            refused = _plain(HTTPStatus.UNAUTHORIZED)
            refused.headers["WWW-Authenticate"] = 'Basic realm="CabinGuard"'
            return refused
        if head.method not in METHODS:
            return _plain(HTTPStatus.NOT_IMPLEMENTED)
        if not (guards.is_from_our_page(headers) if head.method == "POST" else guards.may_read(headers)):
            return _plain(HTTPStatus.FORBIDDEN)
        return None

    def _most_bytes(self, head: Head) -> int:
        """How long a body may be; one that is longer than a form's is taken only with the token before it."""
        most_bytes = self._roomy.get(head.path, FORM_BYTES)
        known = guards.is_secret(head.headers.get("x-cabinguard-token", ""), self.site.token)
        return most_bytes if known else min(most_bytes, FORM_BYTES)

    # --- what there is -----------------------------------------------------------------------------

    async def _answer(self, head: Head, body: bytes, guest: Guest) -> Response:
        try:
            request = _Request(
                self._app,
                (guest.address, 0),
                head.method,
                head.target,
                head.version,
                NoCaseDict(dict(head.headers)),
                body,
            )
        except ValueError:  # what stands behind the `?` is coded wrongly
            return _plain(HTTPStatus.BAD_REQUEST)
        try:
            answer: Response = await self._app.dispatch_request(request)
        except Exception as error:
            _log.error("page: %s while answering %s", type(error).__name__, head.path)
            return _response(self.site.failed(HTTPStatus.INTERNAL_SERVER_ERROR, self._caller_of(request)))
        return answer

    def _caller_of(self, request: Request) -> Caller:
        session = request.cookies.get(self._cookie, "")
        return Caller(session, "X-CabinGuard" in request.headers, request.headers.get("Last-Event-ID", ""))

    def _routed(self) -> Microdot:
        app = Microdot()
        for route in self.site.routes:
            app.route(_pattern(route.path), methods=[route.method])(partial(self._run_route, route))
        for status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
            app.errorhandler(status.value)(self._not_found)
        return app

    async def _run_route(self, route: Route, request: Request, **args: str) -> Response:
        caller = self._caller_of(request)
        try:
            form = _first(request.form)
            query = _first(request.args)
        except ValueError:  # coded wrongly, or not in UTF-8
            return _plain(HTTPStatus.BAD_REQUEST)
        if route.method == "POST":
            given = request.headers.get("X-CabinGuard-Token", form.get(TOKEN, ""))
            if not guards.is_secret(given, self.site.token):
                return _response(self.site.failed(HTTPStatus.FORBIDDEN, caller))
        body = b"" if form else request.body or b""
        asked = PageRequest(request.path, args, query, form, body)
        try:
            answer = await self._workers.run(lambda: _checked(route.serve(asked, caller)))
        except BusyError:
            return _response(self.site.failed(HTTPStatus.SERVICE_UNAVAILABLE, caller))
        except Exception as error:
            _log.error("page: %s while answering %s", type(error).__name__, request.path)
            return _response(self.site.failed(HTTPStatus.INTERNAL_SERVER_ERROR, caller))
        if isinstance(answer, Stream):
            return self._stream(answer, caller)
        if isinstance(answer, Entered):
            response = _response(answer.answer)
            flags = "Path=/; HttpOnly; SameSite=Strict"
            response.headers["Set-Cookie"] = (
                f"{self._cookie}={answer.session}; Max-Age={answer.for_s:.0f}; {flags}"
            )
            return response
        return _response(answer)

    def _stream(self, stream: Stream, caller: Caller) -> Response:
        if len(self._streams) >= STREAMS:
            busy = _response(self.site.failed(HTTPStatus.SERVICE_UNAVAILABLE, caller))
            busy.headers["Retry-After"] = "15"
            return busy
        return _Streaming(stream.pieces())

    async def _not_found(self, request: Request) -> Response:
        return _response(self.site.failed(HTTPStatus.NOT_FOUND, self._caller_of(request)))


class _Request(Request):
    """Of any size: it was limited before."""

    max_content_length = 1 << 31


class _Streaming(Response):
    """Goes on until the browser leaves."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        super().__init__(b"", headers={"Content-Type": "text/event-stream; charset=utf-8"})
        self.pieces = pieces


def _pattern(path: str) -> str:
    """The site's `{name}` as microdot's route has it."""
    return re.sub(r"\{(\w+)\}", _NAMED, path)


def _first(fields: Mapping[str, str] | None) -> dict[str, str]:
    """Of a field that came twice the first counts; microdot gives one without `=` no text."""
    return {} if fields is None else {str(name): str(fields[name] or "") for name in fields}


def _checked(answer: Answer | Stream | Entered) -> Answer | Stream | Entered:
    """Raises ValueError for a header that would be two."""
    plain = answer.answer if isinstance(answer, Entered) else answer
    if isinstance(plain, Answer):
        for text in (plain.kind, *plain.headers, *plain.headers.values()):
            if not (text.isascii() and text.isprintable()):
                raise ValueError("a header with what none may have")
    return answer


def _plain(status: HTTPStatus) -> Response:
    return Response(
        f"{status.value} {status.phrase}\n".encode(), status.value, {"Content-Type": "text/plain"}
    )


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status.value, {"Content-Type": answer.kind, **answer.headers})


def _head_of(response: Response, camera: bool, length: int | None) -> bytes:
    """The head of an answer."""
    status = HTTPStatus(response.status_code)
    headers = {
        **{str(name): str(value) for name, value in response.headers.items()},
        **guards.SECURITY,
        "Permissions-Policy": f"camera=({'self' if camera else ''}), microphone=(), geolocation=()",
        "Server": "CabinGuard",
    }
    if length is not None:
        headers["Content-Length"] = str(length)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.0 {status.value} {status.phrase}\r\n{lines}\r\n".encode("latin-1")


async def _write(writer: asyncio.StreamWriter, piece: bytes) -> None:
    """Until the system has taken all of it. Raises TimeoutError."""
    writer.write(piece)
    async with asyncio.timeout(CLIENT_S):
        await writer.drain()


async def _tell(writer: asyncio.StreamWriter, pieces: AsyncIterator[bytes]) -> None:
    async for piece in pieces:
        await _write(writer, piece)


async def _until_gone(reader: asyncio.StreamReader) -> None:
    while await reader.read(1024):
        pass


async def _leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close so that the last answer is read: what still comes is thrown away for a moment."""
    writer.write_eof()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1.0):
            await _until_gone(reader)


def _one_line(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """What asyncio itself has to complain about; a connection that ends with the program is no complaint."""
    error = context.get("exception")
    if not isinstance(error, OSError | asyncio.CancelledError):
        _log.error("page: %s in the server", type(error).__name__)

"""What a program serves: views, pages, acts, files, and what is closed behind a gate.

    site = Site("Cabin 1", LanguageName.EN, footer="This page only looks.")
    site.view("/", page.now, "panel", "Cabin")                  # document, /live, /now; page.now() -> Live
    site.view("/bench", stand.now, "bench", "Bench", modules=("bench.js",), frame=stand.frame)
    site.page("/incidents/{number}", make, "incident", within="/incidents")  # make(PageRequest)
    site.get("/live/{camera}/{file}", picture)                  # PageRequest.args["camera"]
    site.post("/act", act)                                      # origin and token are checked before
    site.static("edge.bench.page")                              # edge/bench/page/static/x.js -> /static/x.js
    site.close_behind(gate, "/commission")                      # everything there needs the gate's session
    with Server(site, "127.0.0.1", 8088) as server:             # edge.web.server
        server.serve_forever()

A named part of a path is letters, digits, `_`, `-`, and dots that are not the first; it never holds a `/`.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from importlib import resources
from typing import Final

import msgspec

from edge.web.exchange import Answer, Handler, Live, Now, PageRequest, html_answer
from edge.web.gate import ENTER, Gate
from edge.web.hub import Board
from edge.web.shell import ASK, BACK, TOKEN, Entry, Frame, Sheet, Shell
from edge.words.language import LanguageName
from edge.words.pages.shell import shell_words

FORM_BYTES: Final = 64 * 1024
SAID: Final = "said"
_SAID_KEPT: Final = 32

_KINDS: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".wav": "audio/wav",
}
_BACK: Final = re.compile(r"/[0-9A-Za-z_./-]*(\?[0-9A-Za-z_.=&%+-]*)?(#[0-9A-Za-z_-]*)?")
_TAKEN: Final = frozenset({TOKEN, BACK, ASK})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: its session, whether the page's script asks, and what it has of a stream already."""

    session: str = ""
    script: bool = False
    last_event: str = ""


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer that goes on: pieces as they come."""

    pieces: Callable[[], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True)
class Entered:
    """An answer that begins a session."""

    answer: Answer
    session: str
    for_s: float


Serve = Callable[[PageRequest, Caller], Answer | Stream | Entered]


@dataclass(frozen=True, slots=True)
class Route:
    """One method and path; `most_bytes` of a body are taken."""

    method: str
    path: str
    serve: Serve
    most_bytes: int = FORM_BYTES


@dataclass(slots=True)
class _Closed:
    gate: Gate
    prefix: str


@dataclass(slots=True)
class _Said:
    """What acts without a script had to say, until the page they come back to shows it; the newest few."""

    kept: OrderedDict[str, tuple[str, bool]] = field(default_factory=OrderedDict)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, text: str, bad: bool) -> str:
        key = secrets.token_hex(8)
        with self.guard:
            self.kept[key] = (text, bad)
            while len(self.kept) > _SAID_KEPT:
                self.kept.popitem(last=False)
        return key

    def take(self, key: str) -> tuple[str, bool]:
        with self.guard:
            return self.kept.pop(key, ("", False))


class Site:
    """All that one program serves. `camera`: its pages may ask for the looker's own camera."""

    def __init__(self, brand: str, language: LanguageName, *, footer: str = "", camera: bool = False) -> None:
        self.boot = secrets.token_hex(6)
        self.token = secrets.token_urlsafe(24)
        self.words = shell_words(language)
        self.shell = Shell(language.value, brand, self.token, footer, self.words)
        self.camera = camera
        self.routes: list[Route] = []
        self.boards: dict[str, Board] = {}
        self._entries: list[Entry] = []
        self._files: dict[str, Answer] = {}
        self._closed: _Closed | None = None
        self._said = _Said()
        self.static("edge.web")
        self._route("GET", "/static/{file}", self._file)

    # --- what is registered ------------------------------------------------------------------------

    def view(
        self,
        path: str,
        now: Now,
        name: str,
        label: str = "",
        *,
        modules: tuple[str, ...] = (),
        frame: Frame | None = None,
    ) -> None:
        """A live page: its document at `path`, its stream at `path/live`, its parts as JSON at `path/now`.

        `name` is in the body's class (`view-name`); an empty `label` keeps it out of the navigation.
        `modules` are static files of its own: scripts (`.js`) and style sheets (`.css`).
        """
        board = Board(now, self.boot, partial(self.shell.prepared, path))
        self.boards[path] = board
        sheet = Sheet(path, name, modules, frame, live=True)
        below = "" if path == "/" else path
        if label:
            self._entries.append(Entry(path, label))
        self._route("GET", path, partial(self._document, board, sheet))
        self._route("GET", f"{below}/now", partial(self._parts, board))
        self._route("GET", f"{below}/live", partial(self._stream, board))

    def page(
        self,
        path: str,
        make: Callable[[PageRequest], Live | Answer],
        name: str,
        *,
        label: str = "",
        within: str = "",
        modules: tuple[str, ...] = (),
    ) -> None:
        """A page that is made once and does not move; `within` is the path of the view it belongs to."""

        def serve(request: PageRequest, caller: Caller) -> Answer:
            made = make(request)
            if isinstance(made, Answer):
                return made
            return self._framed(made, Sheet(request.path, name, modules, within=within), request)

        if label:
            self._entries.append(Entry(path, label))
        self._route("GET", path, serve)

    def get(self, path: str, handler: Handler) -> None:
        """Anything else that is read: a picture, a download."""
        self._route("GET", path, lambda request, caller: handler(request))

    def post(self, path: str, handler: Handler, most_bytes: int = FORM_BYTES) -> None:
        """An act. Host, origin and token are right when `handler` is asked.

        `done` and `refused` are shown as a toast; an answer that is a redirect (`seen_at`) is followed.
        """
        self._route("POST", path, partial(self._act, handler), most_bytes)

    def static(self, package: str) -> None:
        """Serves the files of the package's folder `static` at `/static/`; names are one for all packages."""
        for file in resources.files(package).joinpath("static").iterdir():
            kind = _KINDS.get(f".{file.name.rpartition('.')[2]}")
            if kind is None:
                continue
            assert file.name not in self._files, f"two packages have a static file {file.name}"
            self._files[file.name] = Answer(file.read_bytes(), kind)

    def close_behind(self, gate: Gate, prefix: str) -> None:
        """From now on everything at and below `prefix` needs the session that the gate's link begins."""
        self._closed = _Closed(gate, prefix.rstrip("/"))
        self._route("GET", ENTER, self._ask_secret)
        self._route("POST", ENTER, self._enter)

    @property
    def gate(self) -> Gate | None:
        return None if self._closed is None else self._closed.gate

    def forget(self) -> None:
        """Have every view made again when it is wanted next."""
        for board in self.boards.values():
            board.forget()

    def close(self) -> None:
        """Make no view any more."""
        for board in self.boards.values():
            board.close()

    # --- what is served ----------------------------------------------------------------------------

    def _route(self, method: str, path: str, serve: Serve, most_bytes: int = FORM_BYTES) -> None:
        def checked(request: PageRequest, caller: Caller) -> Answer | Stream | Entered:
            if self._is_shut(request.path, caller):
                return self._failed(HTTPStatus.FORBIDDEN, self.words.shut_title, self.words.shut, caller)
            return serve(request, caller)

        self.routes.append(Route(method, path, checked, most_bytes))

    def _is_shut(self, path: str, caller: Caller) -> bool:
        closed = self._closed
        if closed is None or not f"{path}/".startswith(f"{closed.prefix}/"):
            return False
        return not closed.gate.knows(caller.session)

    def failed(self, status: HTTPStatus, caller: Caller) -> Answer:
        """The page of what cannot be answered."""
        w = self.words
        match status:
            case HTTPStatus.NOT_FOUND:
                said = w.not_found
            case HTTPStatus.FORBIDDEN:
                said = w.old_form
            case HTTPStatus.SERVICE_UNAVAILABLE | HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                said = w.too_much
            case _:
                said = w.failed
        return self._failed(status, str(status.value), said, caller)

    def _failed(self, status: HTTPStatus, title: str, said: str, caller: Caller) -> Answer:
        if caller.script:
            return Answer(said.encode(), status=status)
        more = f'<p><a class="button" href="/">{self.words.back}</a></p>'
        page = self.shell.message(title, said, more)
        return replace(html_answer(page), status=status)

    def _framed(self, live: Live, sheet: Sheet, request: PageRequest) -> Answer:
        said, bad = self._said.take(request.query.get(SAID, ""))
        sheet = replace(sheet, said=said, said_bad=bad)
        entries = self._entries if len(self._entries) > 1 else ()
        return html_answer(self.shell.document(live, sheet, entries))

    def _document(self, board: Board, sheet: Sheet, request: PageRequest, caller: Caller) -> Answer:
        made = board.current()
        return self._framed(made.live, replace(sheet, mark=board.mark(made)), request)

    def _parts(self, board: Board, request: PageRequest, caller: Caller) -> Answer:
        made = board.current()
        return Answer(board.since(board.version_of(request.query.get("from", "")), made), "application/json")

    def _stream(self, board: Board, request: PageRequest, caller: Caller) -> Stream:
        mark = caller.last_event or request.query.get("from", "")
        hello = msgspec.json.encode({"boot": self.boot, "token": self.token})
        return Stream(lambda: board.listen(mark, b"event: hello\ndata: %s\n\n" % hello))

    def _file(self, request: PageRequest, caller: Caller) -> Answer:
        found = self._files.get(request.args["file"])
        return self.failed(HTTPStatus.NOT_FOUND, caller) if found is None else found

    # --- acts --------------------------------------------------------------------------------------

    def _act(self, handler: Handler, request: PageRequest, caller: Caller) -> Answer:
        form = request.form
        back = form.get(BACK, "/")
        back = back if _BACK.fullmatch(back) and not back.startswith("//") else "/"
        if not caller.script and form.get(ASK):
            again = [(TOKEN, self.token), (BACK, back)]
            fields = [(name, value) for name, value in form.items() if name not in _TAKEN]
            return html_answer(self.shell.question(form[ASK], request.path, [*again, *fields], back))
        answer = handler(replace(request, form={k: v for k, v in form.items() if k not in _TAKEN}))
        for board in self.boards.values():
            board.nudge()
        if caller.script:
            if answer.status is HTTPStatus.SEE_OTHER:
                return Answer(answer.body, headers={"X-Go": answer.headers["Location"]})
            return answer
        if answer.status in (HTTPStatus.OK, HTTPStatus.CONFLICT) and answer.kind.startswith("text/plain"):
            return self._back(back, answer)
        return answer

    def _back(self, back: str, answer: Answer) -> Answer:
        """For a form without a script: the page it came from, which says what became of it."""
        said = answer.body.decode()
        path, hash_, part = back.partition("#")
        if said:
            key = self._said.keep(said, answer.status is not HTTPStatus.OK)
            path = f"{path.partition('?')[0]}?{SAID}={key}"
        return Answer(status=HTTPStatus.SEE_OTHER, headers={"Location": f"{path}{hash_}{part}"})

    # --- the gate ----------------------------------------------------------------------------------

    def _ask_secret(self, request: PageRequest, caller: Caller) -> Answer:
        w = self.words
        form = (
            f'<p>{w.enter_how}</p><form method="post" action="{ENTER}" id="enter" class="stack">'
            f'<label for="secret">{w.enter_field}</label>'
            '<input id="secret" name="secret" type="text" autocomplete="off" spellcheck="false" required>'
            f'<p class="actions"><button class="primary">{w.enter_button}</button></p></form>'
        )
        live = Live(w.enter_title, parts={"message": form})
        return self._framed(live, Sheet(ENTER, "enter", ("enter.js",)), PageRequest(ENTER))

    def _enter(self, request: PageRequest, caller: Caller) -> Answer | Entered:
        gate = self.gate
        assert gate is not None
        session = gate.enter(request.form.get("secret", "").strip())
        if session is None:
            return self._failed(HTTPStatus.FORBIDDEN, self.words.shut_title, self.words.enter_wrong, caller)
        go = Answer(status=HTTPStatus.SEE_OTHER, headers={"Location": gate.home})
        return Entered(go, session, gate.left_s)


def seen_at(path: str) -> Answer:
    """An act was done, and what came of it is seen on another page."""
    return Answer(status=HTTPStatus.SEE_OTHER, headers={"Location": path})

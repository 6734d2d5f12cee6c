"""A request as a page gets it, and its answer: all that a page has to know of HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A request that host, origin and token were found right for.

    `args` are the named parts of the path, `query` what stands behind `?`, `form` the fields of a POST;
    of a field that came twice the first one counts. `body` is what a POST carried that is no form.
    """

    path: str
    args: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. `kind` is the media type; the security headers are added to every answer."""

    body: bytes = b""
    kind: str = "text/plain; charset=utf-8"
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Live:
    """A page as it is now: `parts` are pieces of HTML by the id of their element, every value escaped.

    `state` stands in the body's `data-state` and colours the page; `told` is read out by a screen reader
    when it changes. Only the parts that changed are sent to a browser.
    """

    title: str
    state: str = ""
    told: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[PageRequest], Answer]
"""Answers one request; runs in a thread of its own and may wait for some seconds."""

Now = Callable[[], Live]
"""Makes a page as it is now; asked at most every half second, however many browsers look."""


def html_answer(text: str) -> Answer:
    """A whole page or a piece of one."""
    return Answer(text.encode(), "text/html; charset=utf-8")


def done(said: str = "") -> Answer:
    """An act was done; `said` is shown for some seconds and read out."""
    return Answer(said.encode())


def refused(said: str) -> Answer:
    """An act was understood and not done; `said` names why and what would be right."""
    return Answer(said.encode(), status=HTTPStatus.CONFLICT)

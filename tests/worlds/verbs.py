"""The requests of the control socket by the word that each has on the wire."""

from __future__ import annotations

from edge.service.asks import Request


def verb_of(request: Request | type[Request]) -> str:
    """The word on the wire."""
    return str(request.__struct_config__.tag)

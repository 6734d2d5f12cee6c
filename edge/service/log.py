"""What the log says of what happens: states and faults, or everything where somebody wants it."""

from __future__ import annotations

import logging
from typing import Final

from edge.loop.happening import Happening
from edge.terms.printing import printable

_log = logging.getLogger(__name__)

_LEVELS: Final = {"fault": logging.WARNING, "state": logging.INFO}


def log_happening(happening: Happening, *, verbose: bool) -> None:
    """One line, or none. No happening of a kiosk has a code, a typed digit or a telephone number in it."""
    level = _LEVELS.get(happening.kind, logging.DEBUG)
    if verbose:
        data = " ".join(f"{key}={value}" for key, value in happening.data.items())
        _log.log(level, "%s %s", happening.kind, printable(data))
    elif level > logging.DEBUG:
        _log.log(level, "%s: %s", happening.kind, happening.data["name"])

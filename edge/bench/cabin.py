"""The cabin's process on a live bench: the desk with its prompt, started, killed and started again by the
keeper."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

from edge.bench.live import Where, complete, goes_out, greeting, seated, tell
from edge.bench.part import INSIDE, Part
from edge.bench.terminal import Lines, Unspoken, open_lines
from edge.bench.world import Returning

_OUT: Final = "The plug is out: the kiosk is dead, all else goes on. plug in gives it power."


def take_part(part: Part) -> int:
    """Be the cabin until `quit`, the end of the input or a kill; the exit code. Raises `FaultError`."""
    order, options = part.order, part.order.options
    home, data, runtime = Path(part.home), Path(part.data), Path(part.runtime)
    settings = order.load()
    with contextlib.ExitStack() as stack:
        lines: Lines = open_lines(complete, plain=order.as_json) if order.typed else Unspoken()
        stack.callback(lines.close)
        if part.greets:
            for line in [*greeting(options, data, runtime), *goes_out(settings)]:
                tell(options, lines, line)
        if not part.plugged:
            tell(options, lines, _OUT)
        where = Where(data, runtime, home / INSIDE, Returning(home, plugged=part.plugged))
        return seated(stack, options, settings, lines, where)(())

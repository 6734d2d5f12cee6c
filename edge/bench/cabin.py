"""The cabin's process on a live bench: the desk with its prompt, started, killed and started again by the
keeper."""

from __future__ import annotations

import contextlib
from pathlib import Path

from edge.bench.answering import Control
from edge.bench.live import Where, complete, doorless, goes_out, greeting, seated, tell
from edge.bench.part import Part
from edge.bench.terminal import Lines, Unspoken, open_lines
from edge.bench.world import Returning

_OUT = "The plug is out: the kiosk is dead. plug in gives it power; people, contacts and telephones go on."


def take_part(part: Part) -> int:
    """Be the cabin until `quit`, the end of the input or a kill; the exit code. Raises `FaultError`."""
    options = part.order.options
    home, data, runtime = Path(part.home), Path(part.data), Path(part.runtime)
    settings = options.load(doorless(options))
    with contextlib.ExitStack() as stack:
        lines: Lines = open_lines(complete, plain=options.as_json) if part.order.typed else Unspoken()
        stack.callback(lines.close)
        said = [*greeting(options, data, runtime), *goes_out(settings)] if part.greets else []
        for line in said if part.plugged else [_OUT]:
            tell(options, lines, line)
        returns = Returning(home, plugged=part.plugged)
        session = seated(stack, options, settings, lines, Where(data, runtime, returns))
        control = stack.enter_context(contextlib.closing(Control(session.desk, runtime, session.released)))
        return session.go_on(control, ())

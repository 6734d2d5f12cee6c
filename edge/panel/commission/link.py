"""What this page asks of the running kiosk, over the control socket and with root's grant."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from edge.faults.fault import FaultError
from edge.loop.commission import CommissionView
from edge.panel.sources import Kept
from edge.service.asks import (
    CheckItem,
    Commission,
    CommissionEnd,
    Request,
    Restart,
    SendTestText,
    Sign,
    TryOutput,
    Untry,
)
from edge.service.control import Reply, ask, done
from edge.terms.commission import Tried

ASKED_EVERY_S: Final = 0.5
SLOW_S: Final = 2.5
SIGNED_WITHIN_S: Final = 15.0
"""A signature is answered when it is on the card."""

Asks = Callable[[Request], Reply]
T = TypeVar("T")


@dataclass(slots=True)
class Link:
    """One kiosk and the grant for it. Every method may raise `FaultError`, by the kiosk's own names.

    `standing` is asked at most twice a second, however often it is called.
    """

    runtime: Path
    grant: str = field(repr=False)
    standing: Kept[CommissionView | FaultError] = field(init=False)

    def __post_init__(self) -> None:
        self.standing = Kept(self._stands, ASKED_EVERY_S)

    def _stands(self) -> CommissionView | FaultError:
        try:
            return self.shaped(Commission(grant=self.grant), CommissionView)
        except FaultError as fault:
            return fault

    def shaped(self, request: Request, kind: type[T]) -> T:
        """The reply as a value of this type."""
        try:
            return msgspec.convert(self.asked(request), kind)
        except msgspec.ValidationError as error:
            raise FaultError("kiosk_not_running", "another version of the program answers") from error

    def asked(self, request: Request, within_s: float = SLOW_S) -> Reply:
        """The reply to a request that was not refused."""
        return done(ask(self.runtime, request, within_s))

    # --- outputs -----------------------------------------------------------------------------------

    def try_output(self, output: Tried, seconds: float) -> None:
        self.asked(TryOutput(grant=self.grant, output=output, seconds=seconds))
        self.standing.forget()

    def untry(self) -> None:
        """Nothing is asked before, and no grant is needed."""
        self.asked(Untry())
        self.standing.forget()

    # --- the rest ----------------------------------------------------------------------------------

    def send_test(self, to: str) -> int:
        """The number of the text."""
        reply = self.asked(
            msgspec.convert({"grant": self.grant, "to": to, "verb": "test_text"}, SendTestText)
        )
        self.standing.forget()
        return int(str(reply["number"]))

    def restart(self) -> None:
        self.asked(Restart(grant=self.grant))
        self.standing.forget()

    def sign(self, who: str, items: tuple[CheckItem, ...]) -> str:
        """The head of the record behind the signature: `SEQ:HASH`."""
        return str(self.asked(Sign(grant=self.grant, who=who, items=items), SIGNED_WITHIN_S)["head"])

    def end(self) -> None:
        self.asked(CommissionEnd(grant=self.grant))


def wait_for(link: Link, within_s: float) -> bool:
    """Whether the kiosk answers again, after a restart, before the time is over."""
    end_s = time.monotonic() + within_s
    while time.monotonic() < end_s:
        link.standing.forget()
        if isinstance(link.standing(), CommissionView):
            return True
        time.sleep(0.2)
    return False

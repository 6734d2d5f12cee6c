"""Speaks to a GSM modem: bytes and time go in, bytes and events come out; no port or thread is in here.

Promises. Every text that `send` takes is answered by its deadline, whatever the modem says or does not
say in between. Only a line that a command asked for counts as its answer; everything else a modem likes to
throw in (rings, signal reports, boot banners, noise, answers that come too late) is dropped or recorded. A
PIN is tried once. What a modem refuses now it may take in a minute: it is asked again before it is
restarted, and no remedy cuts off what it waits for. Between two steps there is always a pause, so a modem in
any state costs next to nothing.

How: one script (a generator) runs at a time: get ready and look after the modem's health (`ready`), send a
text (`sending`), read the inbox (`storage`), recover (`recovering`). A script yields what it waits for;
`feed` and `poll` answer it, through `talk`. Command names and replies: 3GPP TS 27.005 (texts) and TS 27.007
(the rest).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hw.modem.card import Subscription
from hw.modem.hearing import REBOOTED, Heard
from hw.modem.ladder import Ladder
from hw.modem.models import ModemProfile
from hw.modem.news import News
from hw.modem.owed import Owed, Text
from hw.modem.ready import Ready
from hw.modem.receiving import Receiving
from hw.modem.recovering import Recovering, Request
from hw.modem.sending import Sending
from hw.modem.status import Status
from hw.modem.steps import Broken, Script, Unusable
from hw.modem.storage import Storage
from hw.modem.talk import Talk
from hw.ports import ModemEvent, ModemTrouble

_UNUSABLE_S: Final = 30.0
_SETTLED: Final = frozenset(("SMS Ready", "SMS READY", "SMS DONE", "+QIND: SMS DONE"))


class Engine:
    """The conversation with one modem.

    The holder of the port calls `port_opened` and `port_lost`, feeds what it reads, writes what
    `take_output` gives, does what `take_requests` asks, and polls at `next_wake_s`. Anyone who reopens the
    port does so at the next of the ladder's line rates.
    """

    def __init__(
        self,
        profile: ModemProfile,
        subscription: Subscription | None = None,
        ladder: Ladder | None = None,
    ) -> None:
        subscription = subscription or Subscription()
        self.profile = profile
        self.status = Status()
        self._ladder = ladder or Ladder()
        self._news = News(self.status)
        self._talk = Talk(self._text_waits)
        self._storage = Storage(profile, self.status, self._news.tell, self._text_waits)
        self._owed = Owed(self._news, references_move=profile.references_move)
        self._sending = Sending(
            profile, self._talk, self._news, self._ladder, self._owed, reports=subscription.reports
        )
        self._receiving = Receiving(self._talk.hearing, self._news, self._storage)
        self._ready = Ready(
            profile, subscription, self._talk, self._news, self._ladder, self._storage, self._owed
        )
        self._recovering = Recovering(profile, self._talk, self._news, self._ladder, self._ready)

    def _text_waits(self) -> bool:
        return self._sending.text is not None

    # --- for the holder of the port -------------------------------------------------------------

    @property
    def ready(self) -> bool:
        return self.status.ready

    @property
    def idle(self) -> bool:
        """True when a text may be handed over."""
        return self.status.ready and self._sending.text is None and not self._sending.draining

    def send(
        self,
        ticket: int,
        number: str,
        text: str,
        deadline_s: float,
        now_s: float,
        validity_s: float = 86_400.0,
    ) -> None:
        """Take a text; answered by `TextAccepted` or `TextFailed` at the latest when polled at `deadline_s`.

        A text that the network takes after its deadline is reported by a late `TextAccepted`. RuntimeError
        when another text is in hand.
        """
        if self._text_waits():
            raise RuntimeError("the modem has a text in hand")
        self._talk.at(now_s)
        self._sending.text = Text(ticket, number, text, deadline_s, validity_s)
        self._advance()

    def port_opened(self, now_s: float) -> None:
        """The port is open and the modem's state unknown."""
        self._talk.at(now_s)
        self._talk.opened(is_open=True)
        self._talk.start(self._ready.get(self._ready.boot_s if self._ladder.restarting else None))
        self._advance()

    def port_lost(self, now_s: float, detail: str, trouble: ModemTrouble = ModemTrouble.ABSENT) -> None:
        """The port is gone or could not be opened; called again for every failed attempt."""
        self._talk.at(now_s)
        self._talk.opened(is_open=False)
        self._stop("the port was lost")
        self._news.down(trouble, detail)
        self._advance()

    def switch_failed(self, now_s: float, detail: str) -> None:
        """The power switch did not obey; told with what the modem suffers from."""
        self._talk.at(now_s)
        trouble = self._ladder.trouble or ModemTrouble.MUTE
        self._news.down(trouble, f"the modem's power switch failed ({detail})")

    def port_closed(self, now_s: float) -> None:
        """The port was closed on purpose, as `Request` asked; `port_opened` or `port_lost` follows."""
        self._talk.at(now_s)
        self._talk.opened(is_open=False)
        self._advance()

    def feed(self, data: bytes, now_s: float) -> None:
        """What the modem sent, in pieces of any size."""
        self._talk.at(now_s)
        if not self._talk.is_open or not data:
            return
        for heard, line in self._talk.hear(data):
            if heard is Heard.ANSWERED:
                self._go_on(self._talk.answered)
            elif heard is Heard.PDU:
                self._receiving.take_pdu(line)
            else:
                self._take_unasked(line)
        self._advance()

    def poll(self, now_s: float) -> None:
        """Let time pass. Cheap when nothing is due."""
        self._talk.at(now_s)
        self._advance()

    def next_wake_s(self) -> float | None:
        """When to poll next if nothing is heard; None while the port is closed and no text waits."""
        times: list[float] = []
        if self._sending.text is not None:
            times.append(self._sending.text.deadline_s)
        if self._talk.is_open:
            step_s = self._talk.next_wake_s()
            times.append(self._next_script_s() if step_s is None else step_s)
        return min(times) if times else None

    def take_output(self) -> bytes:
        return self._talk.take_output()

    def take_events(self) -> tuple[ModemEvent, ...]:
        return self._news.take()

    def take_requests(self) -> tuple[Request, ...]:
        return self._recovering.take_requests()

    # --- what the modem says by itself ------------------------------------------------------------

    def _take_unasked(self, line: str) -> None:
        if line.startswith("+CMGS:"):
            self._owed.take_late(line[6:].strip())
        elif line in _SETTLED:
            self._ready.look_soon()
        elif line in REBOOTED or line.startswith("*ATREADY"):
            self._rebooted(line)
        else:
            self._receiving.take(line)

    def _rebooted(self, line: str) -> None:
        """The modem was restarted: nothing that was set or asked still holds."""
        if line.startswith("UNDER-VOLTAGE"):
            self._news.supply_low("the modem switched itself off")
        if not self._ready.awake:
            self._owed.forget()
            return
        self.status.reboots += 1
        self._stop("the modem restarted")
        self._owed.forget()
        restarted = Broken(ModemTrouble.MUTE, "the modem restarted by itself", restarted=True)
        self._talk.start(self._recovering.climb(restarted))

    # --- running scripts ------------------------------------------------------------------------

    def _advance(self) -> None:
        """Do all that is due now."""
        moving = True
        while moving:
            if self._sending.late():
                self._sending.fail_late()
            if not self._talk.is_open:
                return
            if not self._talk.scripted:
                script = self._next_script()
                if script is None:
                    return
                self._talk.start(script)
            moving = self._go_on(self._talk.turn)

    def _go_on(self, go_on: Callable[[], bool]) -> bool:
        """Let the script go on; one that gives up is followed by the ladder, or by a rest."""
        try:
            return go_on()
        except Broken as broken:
            was_ready = self.status.ready
            self._sending.set_back(broken.trouble, broken.detail)
            self._stop(broken.detail)
            self._talk.start(self._recovering.climb(broken, was_ready=was_ready))
        except Unusable as unusable:
            self._stop(unusable.detail)
            again_s = self._talk.now_s + _UNUSABLE_S
            self._news.down(unusable.trouble, unusable.detail, again_s=again_s)
        return True

    def _stop(self, why: str) -> None:
        """No script, no step, nothing in the air."""
        self._talk.stop()
        self._ready.awake = False
        self.status.ready = False
        self._sending.cut_off(why)

    def _next_script(self) -> Script | None:
        if self._talk.now_s < self._next_script_s():
            return None
        if not self.status.ready:
            return self._ready.get()
        if self._sending.text is not None:
            return self._sending.send(self._sending.text)
        if self._storage.due:
            return self._storage.read()
        return self._ready.check()

    def _next_script_s(self) -> float:
        if not self.status.ready:
            return self._news.not_before_s
        if self._text_waits() or self._storage.due:
            return self._talk.now_s
        return self._ready.health_due_s

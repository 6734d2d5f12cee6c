"""Gets a modem back that does not do its part: one rung of the ladder, then everything from the beginning."""

from __future__ import annotations

from enum import StrEnum

from hw.modem.ladder import Ladder
from hw.modem.models import ModemProfile
from hw.modem.news import News
from hw.modem.ready import WAKE_SOFT_S, Ready
from hw.modem.steps import ESCAPE, Ask, Broken, Pause, Script, Unusable
from hw.modem.talk import Talk
from hw.ports import ModemTrouble, Rung


class Request(StrEnum):
    """What the engine asks of the one who holds the port."""

    REOPEN = "reopen"
    PULL_SWITCH = "pull_switch"
    """Close the port, pull the power switch, let go of it in its time, open the port again."""


class Recovering:
    def __init__(self, profile: ModemProfile, talk: Talk, news: News, ladder: Ladder, ready: Ready) -> None:
        self._profile = profile
        self._talk = talk
        self._news = news
        self._ladder = ladder
        self._ready = ready
        self._requests: list[Request] = []

    def take_requests(self) -> tuple[Request, ...]:
        requests = tuple(self._requests)
        self._requests.clear()
        return requests

    def climb(self, broken: Broken, *, was_ready: bool = False) -> Script:
        """One rung, then everything from the beginning. The rungs get rougher, the pauses longer.

        Before a rung that could restart what a modem is just about to end, it is looked at once more.
        """
        status = self._news.status
        self._ready.climbed(worked=False)
        rung, pause_s = self._ladder.climb(broken, self._talk.now_s)
        # Each rung is reported the first time round; a modem that stays dead for days does not fill the
        # record.
        words = rung.value if self._ladder.first_round else "still recovering"
        self._news.down(broken.trouble, f"{broken.detail}; {words}")
        status.doing = words
        yield Pause(pause_s)
        just_seen = was_ready or broken.trouble is ModemTrouble.MUTE
        look = broken.look and not broken.restarted and rung is not Rung.SOFT
        if look and pause_s > (1.0 if just_seen else 0.0):
            try:
                yield from self._ready.get(hurry=True)
                return
            except Unusable:
                self._ladder.spared()
                raise
            except Broken:
                status.doing = words
        if rung is Rung.SOFT:
            yield Ask(ESCAPE, 0.2)
        elif rung is Rung.RESET:
            yield Ask(ESCAPE, 0.2)
            yield Ask(self._profile.reset.encode("ascii") + b"\r", 2.0)
            yield Pause(2.0)
        else:
            self._requests.append(Request.REOPEN if rung is Rung.REOPEN else Request.PULL_SWITCH)
            yield Pause(3.0)
        yield from self._ready.get(WAKE_SOFT_S if rung is Rung.SOFT else self._ready.boot_s)

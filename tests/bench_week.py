"""A kiosk a week without its broker, then drained: `python -m tests.bench_week`.

Prints what was decided, in which order it came, how long it took, and what was lost or came twice without a
mark: both have to be 0. With `--keep` less than a week's messages: what was given up, each by a notice.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from edge.fleet.payloads import Event, encoded
from edge.fleet.reading import ReadAs
from edge.fleet.reading import Stream as Numbered
from edge.fleet.topics import Stream, Topics
from tests.worlds.broker import WITHIN_S, Broker, context_of
from tests.worlds.broker_client import BrokerClient
from tests.worlds.fleet_parts import Desk
from tests.worlds.hand_clock import HandClock
from tests.worlds.week_offline import BEGAN_WALL_S, DAY_S, OfflineKiosk, Setup, Truth, drain, live_offline


@dataclass(frozen=True, slots=True)
class Week:
    """What came of it. `order`: the streams as their messages came for the first time, each run as one."""

    truth: Truth
    waited: int
    read: dict[str, int]
    order: tuple[str, ...]
    repeated: int
    unmarked: int
    missing: int
    given_up: dict[str, int]
    in_order: bool
    drain_s: float


def week(
    folder: Path, seed: int = 1, *, keep_most: int = 5000, keep_days: float = 14.0, cuts_in_drain: int = 0
) -> Week:
    """A week offline, then the broker; the plug is pulled so often while it drains."""
    clock = HandClock(1000.0, BEGAN_WALL_S)
    with Broker(folder / "broker") as broker:
        address = (broker.host, broker.port)
        desk = Desk(broker.certificate("control-room"), address)
        desk.order = []
        _until_it_reads(broker, desk)
        broker.stop()
        (folder / "card").mkdir()
        setup = Setup(broker.certificate("kiosk-1"), address, keep_most, keep_days * DAY_S)
        kiosk = OfflineKiosk(folder / "card", setup, clock, seed)
        live_offline(kiosk, clock, seed)
        waited = kiosk.waiting
        broker.start()
        left = cuts_in_drain

        def turn() -> None:
            nonlocal left
            if left and kiosk.waiting < waited * left / (cuts_in_drain + 1):
                left -= 1
                kiosk.cut_next = "before"

        took_s = drain(kiosk, desk, clock, lambda: not kiosk.waiting and _has_all(desk, kiosk.truth), turn)
        kiosk.close()
        desk.close()
        return _sums(desk, kiosk.truth, waited, took_s)


def _until_it_reads(broker: Broker, desk: Desk) -> None:
    """A message of another kiosk has an answer once somebody reads it: from then on the broker keeps."""
    end_s = time.monotonic() + WITHIN_S
    with BrokerClient(broker, context_of(broker.certificate("kiosk-0")), "kiosk-0") as probe:
        said = Event(
            kiosk="kiosk-0",
            epoch="0" * 10,
            stream=Stream.REPORT,
            sequence=1,
            number=1,
            incident=0,
            kind="daily",
            reason="",
            text="",
            created=0.0,
            repeat=False,
            record_head="",
        )
        while probe.publish(Topics("north", "kiosk-0").events(Stream.REPORT), encoded(said)) != "Success":
            assert time.monotonic() < end_s, "nobody reads"
            desk.turn(time.monotonic(), True, True)
    while not desk.order:
        assert time.monotonic() < end_s, "it does not read"
        desk.turn(time.monotonic(), True, True)
    desk.order.clear()
    desk.counts.clear()


def _mine(desk: Desk) -> list[Numbered]:
    return [one for one in desk.reading.streams if one.kiosk == "kiosk-1"]


def _has_all(desk: Desk, truth: Truth) -> bool:
    """Whether every number of the card has come or is explained."""
    mine = _mine(desk)
    known = sum(desk.reading.highest(one) for one in mine)
    return known == truth.total and not any(desk.reading.missing(one) for one in mine)


def _sums(desk: Desk, truth: Truth, waited: int, took_s: float) -> Week:
    mine = _mine(desk)
    assert len({one.epoch for one in mine}) == 1, "one record, one epoch"
    # The broker may send the first message, another kiosk's, again: it stopped before its answer came.
    first: dict[tuple[str, int], None] = {}
    for stream, sequence, _ in desk.order or []:
        if stream in mine:
            first.setdefault((stream.name, sequence), None)
    ascending = all(
        numbers == sorted(numbers)
        for numbers in ([n for name, n in first if name == stream.value] for stream in Stream)
    )
    return Week(
        truth=truth,
        waited=waited,
        read={one.name: sum(name == one.name for name, _ in first) for one in mine},
        order=tuple(name for name, _ in groupby(name for name, _ in first)),
        repeated=desk.counts[ReadAs.REPEATED],
        unmarked=desk.counts[ReadAs.REPEATED_UNMARKED],
        missing=sum(len(span) for one in mine for span in desk.reading.missing(one)),
        given_up={one.name: sum(map(len, desk.reading.given_up(one))) for one in mine},
        in_order=ascending,
        drain_s=took_s,
    )


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench_week", description=__doc__)
    parser.add_argument("--keep", type=int, default=5000, help="messages that the kiosk keeps")
    parser.add_argument("--keep-days", type=float, default=14.0, help="days that it keeps them for")
    parser.add_argument("--cuts", type=int, default=0, help="power cuts while it drains")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(given)
    with tempfile.TemporaryDirectory(prefix="week-") as folder:
        out = week(
            Path(folder),
            asked.seed,
            keep_most=asked.keep,
            keep_days=asked.keep_days,
            cuts_in_drain=asked.cuts,
        )
    decided = {stream: len(numbers) for stream, numbers in sorted(out.truth.decided.items())}
    print(f"decided in 7 days         {out.truth.total}: {decided}")
    print(f"restarts, power cuts      {out.truth.restarts}, {out.truth.cuts}")
    print(f"waited in the end         {out.waited}")
    print(f"came                      {sum(out.read.values())}: {dict(sorted(out.read.items()))}")
    print(f"in this order             {', '.join(out.order)}; each stream in order: {out.in_order}")
    print(f"given up, by notices      {sum(out.given_up.values())}: {dict(sorted(out.given_up.items()))}")
    print(f"lost without a word       {out.missing}")
    print(f"repeats                   {out.repeated} marked, {out.unmarked} unmarked")
    rate = sum(out.read.values()) / out.drain_s
    print(f"drained in                {out.drain_s:.1f} s, {rate:.0f} messages a second")
    return 0 if out.missing == 0 and out.unmarked == 0 and out.in_order else 1


if __name__ == "__main__":
    raise SystemExit(main())

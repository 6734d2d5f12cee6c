"""The messages' own numbers: `python -m tests.benchmark_messages`. Not a test: it judges nothing.

From "code issued" (the row is in the outbox) to "accepted" with a modem that answers at once, and the bytes
that the engine reads in a second, each with what it is compared with.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time

from edge.messages.outbox import MessageAccepted, Outbox
from edge.terms.record import Channel, OutboxRow, Recipient
from hw.clock import SystemClock
from hw.modem.at import Engine
from hw.modem.fake.ports import FakeModem, PtyModem, SteppedModem
from hw.modem.models import PROFILES
from hw.modem.real import open_serial
from hw.ports import Modem
from tests.modem_recovery import table

NUMBERS = {Recipient.WATCHMAN: "+15550100"}
TEXT = "Cabin 1, Main Road 5. Incident 12: CODE 417. Code 1 of 5, until 14:32, earlier ones void. #37"
LOOP_S = 0.02
"""How often the kiosk's loop comes by at the latest."""
LINE_BYTES_S = 11_520.0
"""What a serial line of 115,200 baud can carry."""


def code_row(number: int) -> OutboxRow:
    return OutboxRow(number, 1, "code", 1, Recipient.WATCHMAN, Channel.SMS, 0.0, 120.0, "1 of 5")


def in_real_time(count: int, loop_s: float) -> list[float]:
    """Seconds from the row to its acceptance through a pseudo-terminal, pyserial and the driver's thread."""
    pty = PtyModem(FakeModem("sim800", instant=True))
    modem = open_serial(pty.port, "sim800", SystemClock())
    outbox = Outbox(NUMBERS, random=random.Random(1))
    took: list[float] = []
    try:
        while not modem.idle:
            outbox.poll(time.monotonic(), 0.0, modem, lambda row: TEXT)
            time.sleep(0.01)
        for number in range(count):
            time.sleep(0.05)
            took.append(_one(outbox, modem, number, loop_s))
    finally:
        modem.close()
        pty.close()
    return took


def _one(outbox: Outbox, modem: Modem, number: int, loop_s: float) -> float:
    started_s = time.monotonic()
    outbox.add(code_row(number))
    while True:
        step = outbox.poll(time.monotonic(), 0.0, modem, lambda row: TEXT)
        if any(isinstance(event, MessageAccepted) for event in step.events):
            return time.monotonic() - started_s
        time.sleep(loop_s)


def in_story_time(count: int) -> tuple[float, float]:
    """Story seconds and processor seconds of one code, stepped in memory."""
    modem = SteppedModem(FakeModem("sim800"))
    outbox = Outbox(NUMBERS, random=random.Random(1))
    now_s = 0.0
    while not modem.idle:
        modem.poll(now_s)
        now_s = max(now_s, modem.next_wake_s() or now_s)
    story_s, processor_s = 0.0, time.process_time()
    for number in range(count):
        now_s += 1.0
        began_s = now_s
        outbox.add(code_row(number))
        while True:
            step = outbox.poll(now_s, 0.0, modem, lambda row: TEXT)
            if any(isinstance(event, MessageAccepted) for event in step.events):
                break
            now_s = max(now_s, modem.next_wake_s() or now_s)
        story_s += now_s - began_s
    return story_s / count, (time.process_time() - processor_s) / count


def bytes_a_second(chunk: int, size: int = 1_000_000) -> float:
    """How fast the engine reads lines that nobody asked for, in pieces of `chunk` bytes."""
    lines = b'\r\n+CREG: 5,"1A2B","01C3D4E5",7\r\n\r\n^RSSI:18\r\n\r\n+CMTI: "SM",3\r\nRING\r\n'
    data = (lines * (size // len(lines) + 1))[:size]
    engine = Engine(PROFILES["generic"])
    engine.port_opened(0.0)
    began_s = time.process_time()
    for start in range(0, size, chunk):
        engine.feed(data[start : start + chunk], 0.0)
    return size / (time.process_time() - began_s)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--recovery", action="store_true", help="also the table of faults and recoveries")
    args = parser.parse_args()
    count = 20 if args.quick else 200
    print(f"{'code issued to accepted':34} {'median':>10} {'p99':>10}   compared with")
    for name, loop_s in (("real driver, polled at once", 0.001), ("real driver, loop of 20 ms", LOOP_S)):
        took = sorted(in_real_time(count, loop_s))
        median_s, p99_s = statistics.median(took), took[int(len(took) * 0.99) - 1]
        network = f"a network's 2.5 s is {2.5 / median_s:.0f} x as long"
        print(f"{name:34} {median_s * 1e3:7.1f} ms {p99_s * 1e3:7.1f} ms   {network}")
    story_s, processor_s = in_story_time(count)
    print(f"{'stepped, story time':34} {story_s * 1e3:7.1f} ms {'':>10}")
    print(f"{'stepped, processor':34} {processor_s * 1e3:7.2f} ms {'':>10}")
    print()
    print(f"{'engine reads':34} {'bytes/s':>10}   compared with")
    for chunk in (1, 64, 4096):
        rate = bytes_a_second(chunk, 200_000 if args.quick else 1_000_000)
        print(f"in pieces of {chunk:<21} {rate:10,.0f}   {rate / LINE_BYTES_S:.0f} x a line of 115,200 baud")
    if args.recovery:
        print()
        print(table(), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

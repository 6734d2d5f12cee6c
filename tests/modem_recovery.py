"""The table of faults and recoveries, measured in virtual time: `python -m tests.modem_recovery` prints it.

Each fault begins while the modem is idle, together with an alert that the outbox has to place, and ends
after a minute, or when the rung of the ladder that cures it is reached.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from edge.messages.outbox import MessageAccepted, MessageFailed, Outbox
from edge.terms.record import Channel, OutboxRow, Recipient
from hw.board import modem_switch
from hw.modem.fake.ports import FakeModem, FakeSwitch, SteppedModem
from hw.modem.power import PowerSwitch
from hw.pins.bench_pins import BenchFactory
from hw.ports import ModemDown, ModemReady, PowerKind
from hw.wiring import ModemPowerWiring
from tests.worlds.hw_story import StoryClock

LASTS_S = 60.0
GIVE_UP_S = 1200.0

FAULTS: tuple[tuple[str, str, str], ...] = (
    ("absent", "", "port gone"),
    ("mute", "", "answers nothing"),
    ("mute", "reset", "answers nothing until it is reset"),
    ("mute", "reopen", "answers nothing until the port is reopened"),
    ("mute", "power", "answers nothing until its supply is cut"),
    ("mute", "key", "hangs until its power key was pressed twice"),
    ("off", "", "switched off"),
    ("off", "key", "switched off, with a power key wired"),
    ("reboot_loop", "", "restarts every 30 s"),
    ("silent_reboot", "", "restarts at every text, unannounced"),
    ("brown_out", "", "supply breaks down when it sends"),
    ("no_sim", "", "no SIM card"),
    ("sim_busy", "", "SIM card busy"),
    ("unregistered", "", "no network"),
    ("denied", "", "network refuses the card"),
    ("no_smsc", "", "no number of an SMS centre"),
    ("no_credit", "", "no credit"),
    ("cms:38", "", "network out of order (CMS 38)"),
    ("late", "", "network answers after 45 s"),
    ("unsaid", "", "answer to the text lost"),
    ("no_prompt", "", "does not ask for the text"),
    ("wrong_reply", "", "answers the command before"),
    ("slow", "", "2 s late, network 12 s"),
    ("drop", "", "loses three lines in ten"),
    ("half_line", "", "breaks off every third answer"),
    ("noise", "", "noise between the lines"),
    ("duplicate", "", "says everything twice"),
    ("no_ok", "", "leaves the OK out"),
    ("echo", "", "echoes whatever is set"),
    ("storage_full", "", "message storage full"),
    ("slow_start", "", "takes no text for 40 s after each start"),
    ("late_network", "", "no network, and takes no text, for 60 s after each start"),
    ("verbose", "", "errors in words"),
    ("e0_refused", "", "refuses ATE0Q0V1"),
    ("radio_off", "", "its radio is off"),
    ("asleep", "", "all of it is off (CFUN 0)"),
    ("slow_list", "", "lists stored texts slowly"),
    ("no_notice", "", "takes neither CNMI nor CPMS"),
    ("other_storage", "", "puts texts into other storages"),
    ("no_delete", "", "deletes no stored text"),
    ("damaged", "", "19 stored texts damaged"),
    ("very_late", "", "network answers after 90 s, among other answers"),
    ("stale_report", "", "reports of old texts"),
    ("pin2", "", "card wants its second PIN"),
    ("net_locked", "", "locked to another network"),
    ("no_ucs2", "", "refuses UCS2 (text mode alone needs it)"),
)


@dataclass(frozen=True)
class Recovered:
    """Seconds since the fault began; None for what did not happen. `ends_s`: when the fault was gone."""

    fault: str
    cure: str
    words: str
    told_s: float | None
    trouble: str
    ends_s: float
    accepted_s: float | None
    rungs: str


def wired(fake: FakeModem, kind: PowerKind, clock: StoryClock) -> PowerSwitch:
    """The power switch as it hangs on a (mock) pin, with the modem at the other end of the wire."""
    wiring = ModemPowerWiring(fitted=True, switches=kind)
    factory = BenchFactory(clock)
    switch = modem_switch(factory, wiring)
    assert switch is not None
    far_end = FakeSwitch(fake, kind)
    factory.pin(wiring.pin).watch = lambda at_s, level: far_end.on() if level else far_end.off()
    return switch


def measure(fault: str, cure: str, words: str) -> Recovered:
    """One fault from its beginning until the alert is placed and the modem well again."""
    fake = FakeModem("sim800", instant=False, chatter=True, seed=5)
    clock = StoryClock()
    kind = PowerKind.KEY if cure == "key" else PowerKind.SUPPLY
    modem = SteppedModem(fake, switch=wired(fake, kind, clock))
    outbox = Outbox({Recipient.CONTROL_ROOM: "+15550102"}, random=random.Random(5))
    now_s = 0.0
    begun_s: float | None = None
    ends_s = told_s = accepted_s = None
    trouble = ""
    while now_s < GIVE_UP_S:
        clock.at_s = now_s
        if begun_s is None and modem.idle:
            begun_s = now_s
            modem.fake.fault(fault, cure=cure)
            row = OutboxRow(1, 1, "locked", 0, Recipient.CONTROL_ROOM, Channel.SMS, 0.0, GIVE_UP_S)
            outbox.add(row)
        if begun_s is not None and ends_s is None:
            if not cure and now_s >= begun_s + LASTS_S:
                modem.fake.fault(fault, on=False)
            if fault not in modem.fake.faults:
                ends_s = now_s - begun_s
        step = outbox.poll(now_s, now_s, modem, lambda row: "Cabin 1. Door locked. #1")
        if begun_s is not None:
            for event in (*step.modem, *step.events):
                failed = isinstance(event, ModemDown | MessageFailed) and event.trouble is not None
                if failed and told_s is None and not isinstance(event, ModemReady | MessageAccepted):
                    told_s, trouble = now_s - begun_s, str(getattr(event, "trouble", ""))
                if isinstance(event, MessageAccepted) and accepted_s is None:
                    accepted_s = now_s - begun_s
            if ends_s is not None and accepted_s is not None and modem.idle:
                break
        wakes = [modem.next_wake_s(), outbox.next_wake_s()]
        if begun_s is not None and not cure and ends_s is None:
            wakes.append(begun_s + LASTS_S)
        now_s = max(now_s + 0.001, min((at_s for at_s in wakes if at_s is not None), default=now_s + 1))
    rungs = [recovery.rung.value for recovery in modem.status.recoveries]
    shown = ", ".join(dict.fromkeys(rungs))
    return Recovered(fault, cure, words, told_s, trouble, ends_s or GIVE_UP_S, accepted_s, shown)


def table() -> str:
    """The whole table as Markdown."""
    lines = [
        "| fault of the modem | told as | after | fault over | alert accepted | rungs used |",
        "|---|---|--:|--:|--:|---|",
    ]
    for one in FAULTS:
        found = measure(*one)
        told = "-" if found.told_s is None else f"{found.told_s:.1f} s"
        accepted = "never" if found.accepted_s is None else f"{found.accepted_s:.1f} s"
        lines.append(
            f"| {found.words} | {found.trouble or '-'} | {told} | {found.ends_s:.0f} s | {accepted}"
            f" | {found.rungs or '-'} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(), end="")

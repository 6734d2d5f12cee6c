"""Injected faults: a real kiosk fails in many ways, a real Prometheus reads it, an alert fires for each.

`python -m tests.metrics.fault_run --folder FOLDER` prints the table and leaves `faults.json` there, and what
the dashboard's panels show of the run in `panels.json`. As root it mounts a disk of its own for the data, in
a mount namespace that ends with it; else the rows of the disk are left out, by name.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge.terms.marks import Mark
from edge.terms.update import UpdateState
from tests.metrics.dashboard import panels_over
from tests.metrics.faulty_kiosk import BROKEN, FULL, NAME, RESERVE_MB, FaultyKiosk, nothing
from tests.worlds.authority import Authority
from tests.worlds.broker import Broker, context_of, free_port, mosquitto
from tests.worlds.prometheus import GENEROUS_S, Found, Prometheus, Target, node_exporter

EXPORTED: Final = "kiosk-1-file"
"""The same kiosk as the node exporter has it, from the file."""

DISK_MB: Final = 256

STAYS_S: Final = 2.5
"""An alert is over when it was not seen for so long."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Injected:
    """`what` is done by `begin` and undone by what that gives back; `alert` has to fire meanwhile."""

    what: str
    alert: str
    begin: Callable[[], Callable[[], None]]
    instance: str = NAME
    labels: Mapping[str, str] = field(default_factory=dict)


class Came(msgspec.Struct, frozen=True):
    """`fired_s` and `over_s`: after the fault began and after it ended. None: it did not come. `already`: the
    alert fired before, on a machine that is too slow for the run, or since the kiosk had ended."""

    what: str
    alert: str
    severity: str
    summary: str
    fired_s: float | None
    over_s: float | None
    already: bool
    beside: tuple[str, ...]
    """What else fired that had not before."""


def faults(kiosk: FaultyKiosk, broker: Broker | None, mounted: bool, exported: bool) -> Iterator[Injected]:
    """In this order: a lock needs a kiosk in order, and the last of them ends it."""
    yield Injected("the words of the warning cannot be played", "CabinGuardPrompt", lambda: kiosk.hear_again)
    yield Injected(
        "a masked person is locked in and stays",
        "CabinGuardLockedLong",
        lambda: kiosk.type_code,
    )
    yield Injected(
        "the lock's relay is welded when the right code is typed",
        "CabinGuardRelay",
        lambda: lambda: kiosk.hands.weld_relay("lock", welded=False),
    )
    yield Injected(
        "the camera's process is killed again and again",
        "CabinGuardCameraFails",
        undone(kiosk.camera_dies, kiosk.camera_lives),
    )
    yield Injected("the modem is unplugged", "CabinGuardModemDead", modem(kiosk, 0))
    yield Injected(
        "the modem is unplugged, and reports are due",
        "CabinGuardMessagesWait",
        modem(kiosk, 8),
        labels={"channel": "sms"},
    )
    yield Injected("the disk answers EIO to each sync", "CabinGuardRecordFails", disk(kiosk, BROKEN))
    yield Injected("the disk answers ENOSPC to each sync", "CabinGuardDiskFull", disk(kiosk, FULL))
    if mounted:
        yield Injected(
            "other files leave 11 MB of the data's disk",
            "CabinGuardDiskFills",
            undone(lambda: kiosk.fill_disk(1.1 * RESERVE_MB), kiosk.empty_disk),
        )
    yield Injected("the disk hangs in a sync", "CabinGuardThreadStuck", kiosk.disk_hangs)
    yield Injected("each sync takes 1.5 s", "CabinGuardRecordSlow", slow_disk(kiosk))
    yield Injected("no step of the input path goes well", "CabinGuardInputPath", kiosk.inputs_break)
    yield Injected("a key is stuck", "CabinGuardKeypad", key(kiosk))
    yield Injected(
        "the board is at 86 degrees",
        "CabinGuardHot",
        undone(lambda: kiosk.heat(86.0), lambda: kiosk.heat(51.0)),
    )
    yield Injected(
        "the firmware reports low voltage",
        "CabinGuardThrottled",
        undone(lambda: kiosk.throttle(0x50005), lambda: kiosk.throttle(0)),
    )
    yield Injected(
        "the clock is set an hour ahead",
        "CabinGuardClockWrong",
        undone(lambda: kiosk.clock_off_by(3600.0), lambda: kiosk.clock_off_by(0.0)),
    )
    yield Injected(
        "nobody has set the clock",
        "CabinGuardClockUnset",
        undone(lambda: kiosk.clock_set(False), lambda: kiosk.clock_set(True)),
    )
    yield Injected(
        "the certificate ends in ten days",
        "CabinGuardCertificateEnds",
        undone(lambda: kiosk.certify(10.0), lambda: kiosk.certify(90.0)),
    )
    yield Injected(
        "the certificate ended yesterday",
        "CabinGuardCertificateEnded",
        undone(lambda: kiosk.certify(-1.0), lambda: kiosk.certify(90.0)),
    )
    if broker is not None:
        yield Injected("the broker is killed", "CabinGuardBrokerAway", undone(broker.kill, broker.start))
    yield Injected(
        "an update is undone",
        "CabinGuardUpdateFailed",
        undone(lambda: kiosk.update_is(UpdateState.UNDONE), lambda: kiosk.update_is(UpdateState.TAKEN)),
    )
    yield Injected("false alarms rise", "CabinGuardFalseAlarmsRise", false_alarms(kiosk))
    yield Injected(
        "each turn of the loop takes 0.3 s more",
        "CabinGuardLoopSlow",
        undone(lambda: kiosk.loop_takes_s(0.3), lambda: kiosk.loop_takes_s(0.0)),
    )
    yield Injected(
        "the modem is unplugged: the fault by its name",
        "CabinGuardFault",
        modem(kiosk, 0),
        labels={"code": "modem_absent"},
    )
    yield Injected("the loop hangs", "CabinGuardSilent", kiosk.loop_hangs)
    if exported:
        yield Injected("the kiosk ends; its machine goes on", "CabinGuardSilent", ended(kiosk), EXPORTED)
    yield Injected("the kiosk ends, and its port with it", "CabinGuardUnreachable", ended(kiosk))


def undone(begin: Callable[[], None], end: Callable[[], None]) -> Callable[[], Callable[[], None]]:
    def go() -> Callable[[], None]:
        begin()
        return end

    return go


def modem(kiosk: FaultyKiosk, messages: int) -> Callable[[], Callable[[], None]]:
    def go() -> Callable[[], None]:
        kiosk.pty.fault("absent")
        kiosk.messages(messages)
        return lambda: kiosk.pty.fault("absent", on=False)

    return go


def disk(kiosk: FaultyKiosk, error: int) -> Callable[[], Callable[[], None]]:
    return undone(lambda: kiosk.disk_says(error), lambda: kiosk.disk_says(0))


def slow_disk(kiosk: FaultyKiosk) -> Callable[[], Callable[[], None]]:
    def go() -> Callable[[], None]:
        kiosk.disk_takes_s(1.5)
        for _ in range(6):
            kiosk.write_something()
            time.sleep(1.6)
        return lambda: kiosk.disk_takes_s(0.0)

    return go


def key(kiosk: FaultyKiosk) -> Callable[[], Callable[[], None]]:
    def go() -> Callable[[], None]:
        kiosk.hands.stick_key("5", True, time.monotonic())
        return lambda: kiosk.hands.stick_key("5", False, time.monotonic())

    return go


def false_alarms(kiosk: FaultyKiosk) -> Callable[[], Callable[[], None]]:
    """A while of true ones, then mostly false ones. The week of the rule is half a minute here."""

    def go() -> Callable[[], None]:
        for _ in range(20):
            kiosk.mark(Mark.TRUE, 1)
            time.sleep(2.0)
        for _ in range(12):
            kiosk.mark(Mark.FALSE, 1)
            time.sleep(1.0)
        return nothing

    return go


def ended(kiosk: FaultyKiosk) -> Callable[[], Callable[[], None]]:
    def go() -> Callable[[], None]:
        kiosk.close()
        return nothing

    return go


class Run:
    """One run over all of it."""

    def __init__(self, kiosk: FaultyKiosk, prometheus: Prometheus) -> None:
        self._kiosk = kiosk
        self._prometheus = prometheus

    def inject(self, one: Injected) -> Came:
        """Let it fail, wait for the alert, heal it, wait until the alert is over."""
        already = self._of(one) is not None
        before = {alert.labels["alertname"] for alert in self._prometheus.firing()}
        began_s = time.monotonic()
        end = one.begin()
        fired = self._until(lambda: self._of(one))
        fired_s = time.monotonic() - began_s
        beside = {alert.labels["alertname"] for alert in self._prometheus.firing()} - before - {one.alert}
        healed_s = time.monotonic()
        end()
        over_at_s = self._until(lambda: self._gone_s(one)) if self._heals(one) else None
        return Came(
            one.what,
            one.alert,
            "" if fired is None else fired.labels["severity"],
            "" if fired is None else fired.annotations["summary"],
            None if fired is None else round(fired_s, 1),
            None if over_at_s is None else round(max(0.0, over_at_s - healed_s), 1),
            already,
            tuple(sorted(beside)),
        )

    def _gone_s(self, one: Injected) -> float | None:
        """When the alert was over, where it has stayed so: one that only blinks is not."""
        since_s = time.monotonic()
        while time.monotonic() < since_s + STAYS_S:
            if self._of(one) is not None:
                return None
            time.sleep(0.25)
        return since_s

    def _heals(self, one: Injected) -> bool:
        return "the kiosk ends" not in one.what

    def _of(self, one: Injected) -> Found | None:
        for alert in self._prometheus.firing():
            wanted = {"alertname": one.alert, "instance": one.instance, **one.labels}
            if wanted.items() <= alert.labels.items():
                return alert
        return None

    def _until(self, come: Callable[[], _T | None]) -> _T | None:
        end_s = time.monotonic() + GENEROUS_S
        while time.monotonic() < end_s:
            if (found := come()) is not None:
                return found
            time.sleep(0.25)
        return None


def report(came: Sequence[Came]) -> str:
    """The table, as the docs have it."""
    lines = [
        "| injected | alert | severity | fired after | over after | beside it |",
        "|---|---|---|---|---|---|",
    ]
    for one in came:
        fired = (
            "never" if one.fired_s is None else "it did already" if one.already else f"{one.fired_s:.0f} s"
        )
        over = "-" if one.over_s is None else f"{one.over_s:.0f} s"
        beside = ", ".join(f"`{name}`" for name in one.beside) or "-"
        lines.append(f"| {one.what} | `{one.alert}` | {one.severity} | {fired} | {over} | {beside} |")
    return "\n".join(lines) + "\n"


def run(folder: Path, mounted: bool, only: frozenset[str]) -> tuple[Came, ...]:
    """All of it, or the alerts that are named. What is left out is printed, with the reason."""
    came: list[Came] = []
    with contextlib.ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        authority = Authority(folder / "authority")
        broker = None
        if mosquitto() is not None:
            broker = stack.enter_context(Broker(folder / "broker", authority=authority))
            stack.enter_context(reading(broker))
        else:
            print("left out: mosquitto is not installed", flush=True)
        port = free_port() if broker is None else broker.port
        kiosk = stack.enter_context(FaultyKiosk(folder / "kiosk", port, authority, patch))
        targets = [Target(kiosk.port, NAME)]
        exporter = node_exporter()
        if exporter is None:
            print("left out: the node exporter is not installed", flush=True)
        else:
            targets.append(Target(stack.enter_context(exporting(exporter, kiosk.textfile)), EXPORTED))
        prometheus = stack.enter_context(Prometheus(folder / "prometheus", *targets))
        began_s = time.time()
        runner = Run(kiosk, prometheus)
        for one in faults(kiosk, broker, mounted, exporter is not None):
            if not only or one.alert in only:
                came.append(runner.inject(one))
                print(came[-1], flush=True)
        (folder / "faults.json").write_bytes(msgspec.json.encode(came))
        (folder / "panels.json").write_bytes(msgspec.json.encode(panels_over(prometheus, began_s)))
    return tuple(came)


@contextlib.contextmanager
def reading(broker: Broker) -> Iterator[None]:
    """A control room that takes what comes: without a reader the broker keeps nothing for anybody."""
    room = paho.Client(CallbackAPIVersion.VERSION2, client_id="control-room", protocol=paho.MQTTv5)
    room.tls_set_context(context_of(broker.certificate("control-room")))
    room.on_connect = lambda client, *_: client.subscribe("cabinguard/v1/#", 1)
    room.connect_async(broker.host, broker.port)
    room.loop_start()
    try:
        yield
    finally:
        room.loop_stop()


@contextlib.contextmanager
def exporting(program: str, textfile: Path) -> Iterator[int]:
    """A node exporter with nothing but its textfile collector; its port."""
    port = free_port()
    words = [
        program,
        f"--web.listen-address=127.0.0.1:{port}",
        "--collector.disable-defaults",
        "--collector.textfile",
        f"--collector.textfile.directory={textfile}",
    ]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(words, stdin=quiet, stdout=quiet, stderr=quiet) as process:
        try:
            yield port
        finally:
            process.kill()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--only", action="append", default=[], metavar="ALERT")
    parser.add_argument("--mounted", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    folder: Path = args.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    unshare = shutil.which("unshare")
    if os.geteuid() == 0 and unshare is not None and not args.mounted:
        words = [sys.executable, "-m", "tests.metrics.fault_run", "--mounted", "--folder", str(folder)]
        words += [word for alert in args.only for word in ("--only", alert)]
        return subprocess.run(
            [unshare, "--mount", "--propagation", "private", *words], check=False
        ).returncode
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that nothing that was started stays
    if args.mounted:
        data = folder / "kiosk" / "data"
        data.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "none", str(data)], check=True)
    else:
        print("left out: mounting a disk needs root", flush=True)
    came = run(folder, args.mounted, frozenset(args.only))
    print(report(came))
    lacking = [one.what for one in came if one.fired_s is None]
    if lacking:
        print(f"no alert for: {'; '.join(lacking)}")
    return 1 if lacking else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""For each alert: numbers under which it fires, and numbers as like them as can be under which it does not.

`python -m tests.metrics.alert_cases --write systemd/fleet` writes them down for promtool. What needs days is
in a file of its own, whose rules are looked at once an hour: promtool looks at all rules at every step.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge.metrics.alerts import ALERTS, Alert

KIOSK = 'instance="kiosk-1"'
RUNS = {f"cabinguard_loop_turn_seconds_count{{{KIOSK}}}": "0+1200x100"}
UP = {'up{instance="kiosk-1",job="cabinguard"}': "1x100"}


@dataclass(frozen=True)
class Case:
    """`fires` and `quiet` are series by name, in promtool's short form; `at` when they are looked at.

    `labels` are what the alert has besides the kiosk and its severity; `value` is what its summary shows.
    """

    alert: str
    fires: Mapping[str, str]
    quiet: Mapping[str, str]
    at: str = "30m"
    labels: Mapping[str, str] = field(default_factory=dict)
    value: str = ""
    interval: str = "1m"


def one(name: str, values: str, **labels: str) -> dict[str, str]:
    """A series of the kiosk."""
    said = "".join(f',{key}="{value}"' for key, value in labels.items())
    return {f"cabinguard_{name}{{{KIOSK}{said}}}": values}


def fault(code: str) -> dict[str, str]:
    return one("fault_active", "1x100", code=code)


def of_fault(alert: str, code: str, quiet: Mapping[str, str] | None = None, at: str = "30m") -> Case:
    """While the fault is there it fires; once it is over, or by `quiet`, it does not."""
    over = one("fault_active", "1x5 stale", code=code)
    return Case(alert, fault(code), over if quiet is None else quiet, at, {"code": code})


def steps(name: str, slow: bool, edges: Sequence[str], middle: str) -> dict[str, str]:
    """A histogram whose durations all lie just above (`slow`) or just below its edge `middle`."""
    at = edges.index(middle)
    series: dict[str, str] = {}
    for index, edge in enumerate((*edges, "+Inf")):
        grows = index > at if slow else index >= at
        series |= one(f"{name}_bucket", "0+60x100" if grows else "0x100", le=edge)
    return series


HOUR = "0+3600x100"
NOW_S = 1800.0
"""promtool's clock begins with 0 in 1970; the cases look at it after half an hour."""

CASES: tuple[Case, ...] = (
    Case(
        "CabinGuardUnreachable",
        {'up{instance="kiosk-1",job="cabinguard"}': "0x100"},
        UP,
        labels={"job": "cabinguard"},
    ),
    Case(
        "CabinGuardSilent",
        UP | {next(iter(RUNS)): "1200x100"},
        UP | RUNS,
        labels={"job": "cabinguard"},
    ),
    Case("CabinGuardSilent", UP, UP | RUNS, labels={"job": "cabinguard"}),
    Case(
        "CabinGuardRestarts",
        one("uptime_seconds", "0+60x5 0+60x5 0+60x5 0+60x20"),
        one("uptime_seconds", "0+60x10 0+60x30"),
    ),
    Case("CabinGuardCameraFails", one("camera_ok", "0x100"), one("camera_ok", "1x10 0x1 1x30")),
    Case(
        "CabinGuardCameraFails",
        one("frame_age_seconds", "0+60x100", camera="overview"),
        one("frame_age_seconds", "0.2x100", camera="overview"),
        labels={"camera": "overview"},
    ),
    Case(
        "CabinGuardFewPictures",
        one("frames_total", "0+60x100", camera="face"),
        one("frames_total", "0+300x100", camera="face"),
        labels={"camera": "face"},
    ),
    Case(
        "CabinGuardFacesUnclear",
        one("verdicts_total", "0+60x200", verdict="unclear")
        | one("verdicts_total", "0+30x200", verdict="proper")
        | one("verdicts_total", "0+600x200", verdict="none"),
        one("verdicts_total", "0+60x200", verdict="unclear")
        | one("verdicts_total", "0+70x200", verdict="proper")
        | one("verdicts_total", "0+600x200", verdict="none"),
        at="2h",
    ),
    of_fault("CabinGuardInputPath", "input_path_stopped"),
    of_fault("CabinGuardRelay", "relay_mismatch", fault("modem_mute")),
    Case(
        "CabinGuardThreadStuck",
        one("thread_silent_seconds", "0+60x100", thread="journal")
        | one("thread_limit_seconds", "10x100", thread="journal"),
        one("thread_silent_seconds", "0x10 11 0x100", thread="journal")
        | one("thread_limit_seconds", "10x100", thread="journal"),
        labels={"thread": "journal"},
    ),
    Case(
        "CabinGuardThreadStuck",
        one("thread_up", "0x100", thread="modem"),
        one("thread_up", "1x100", thread="modem"),
        labels={"thread": "modem"},
    ),
    of_fault("CabinGuardPrompt", "prompt_failed"),
    Case(
        "CabinGuardLockedLong",
        one("lock_age_seconds", "0+60x100") | one("lock_limit_seconds", "1800x100"),
        one("lock_age_seconds", "0+60x10 0x100") | one("lock_limit_seconds", "1800x100"),
        at="20m",
    ),
    of_fault("CabinGuardKeypad", "keypad_stuck"),
    of_fault("CabinGuardRecordFails", "disk_read_only"),
    Case("CabinGuardRecordFails", one("record_waiting", "0+10x100"), one("record_waiting", "3x100")),
    of_fault("CabinGuardDiskFull", "disk_full"),
    Case(
        "CabinGuardDiskFills",
        one("data_free_bytes", "210000000x200") | one("data_reserve_bytes", "200000000x200"),
        one("data_free_bytes", "900000000x200") | one("data_reserve_bytes", "200000000x200"),
        at="1h",
    ),
    Case(
        "CabinGuardDiskFills",
        one("data_free_bytes", "2000000000-3000000x200") | one("data_reserve_bytes", "200000000x200"),
        one("data_free_bytes", "2000000000-300000x200") | one("data_reserve_bytes", "200000000x200"),
        at="2h",
    ),
    of_fault("CabinGuardPicturesFail", "evidence_write_failed"),
    Case(
        "CabinGuardHoldsFillUp",
        one("pictures_bytes", "1900x200") | one("pictures_limit_bytes", "2000x200") | one("holds", "2x200"),
        one("pictures_bytes", "1900x200") | one("pictures_limit_bytes", "2000x200") | one("holds", "0x200"),
        at="2h",
    ),
    Case(
        "CabinGuardRecordSlow",
        steps("record_write_seconds", True, ("0.5", "1", "2.5"), "1"),
        steps("record_write_seconds", False, ("0.5", "1", "2.5"), "0.5"),
        at="90m",
    ),
    Case("CabinGuardModemDead", one("modem_ready", "0x100"), one("modem_ready", "0x5 1 0x5 1x100")),
    Case(
        "CabinGuardModemWeak",
        one("modem_signal_dbm", "-109x100"),
        one("modem_signal_dbm", "-109x5 -80x100"),
        at="80m",
    ),
    Case(
        "CabinGuardCodesSlow",
        steps("code_accept_seconds", True, ("30", "60", "120"), "60"),
        steps("code_accept_seconds", False, ("30", "60", "120"), "60"),
    ),
    Case(
        "CabinGuardMessagesWait",
        one("outbox_messages", "5x100", channel="sms", state="queued")
        | one("outbox_messages", "1x100", channel="sms", state="sending"),
        one("outbox_messages", "4x100", channel="sms", state="queued")
        | one("outbox_messages", "1x100", channel="email", state="queued")
        | one("outbox_messages", "1x100", channel="sms", state="sending"),
        labels={"channel": "sms"},
    ),
    Case(
        "CabinGuardBrokerAway", one("broker_connected", "0x100"), one("broker_connected", "0x10 1 0x10 1x100")
    ),
    Case(
        "CabinGuardCertificateEnds",
        one("certificate_end_timestamp_seconds", f"{13 * 86400}x200"),
        one("certificate_end_timestamp_seconds", f"{15 * 86400}x200"),
        at="2h",
    ),
    Case(
        "CabinGuardCertificateEnded",
        one("certificate_end_timestamp_seconds", f"{NOW_S - 60:.0f}x100"),
        one("certificate_end_timestamp_seconds", f"{NOW_S + 60:.0f}x100"),
    ),
    of_fault("CabinGuardClockWrong", "clock_wrong"),
    Case(
        "CabinGuardClockWrong",
        RUNS | one("taken_timestamp_seconds", "3600+60x100"),
        RUNS | one("taken_timestamp_seconds", "0+60x100"),
    ),
    Case(
        "CabinGuardClockUnset",
        one("clock_synchronised", "0x200"),
        one("clock_synchronised", "0x30 1x200"),
        at="2h",
    ),
    Case(
        "CabinGuardHot",
        one("board_temperature_celsius", "83.5x100"),
        one("board_temperature_celsius", "79x100"),
        value="83.5",
    ),
    Case("CabinGuardThrottled", one("cpu_throttled", "1x100"), one("cpu_throttled", "1x5 0x100")),
    Case(
        "CabinGuardLoopSlow",
        steps("loop_turn_seconds", True, ("0.1", "0.25", "0.5"), "0.25"),
        steps("loop_turn_seconds", False, ("0.1", "0.25", "0.5"), "0.25"),
    ),
    Case(
        "CabinGuardSeesLate",
        steps("frame_to_table_seconds", True, ("0.4", "0.8", "1.6"), "0.8"),
        steps("frame_to_table_seconds", False, ("0.4", "0.8", "1.6"), "0.8"),
    ),
    Case(
        "CabinGuardMemory",
        one("process_resident_bytes", "300000000x100", process="loop")
        | one("process_resident_bytes", "450000000x100", process="children"),
        one("process_resident_bytes", "100000000x100", process="loop")
        | one("process_resident_bytes", "450000000x100", process="children"),
        at="40m",
    ),
    Case("CabinGuardUpdateFailed", one("update_failed", "1x100"), one("update_failed", "0x100")),
    Case(
        "CabinGuardFalseAlarmsRise",
        # one mark in ten is false for two days, then one in two
        one("incident_marks_total", "0+1x8 12+4x30", mark="false")
        | one("incident_marks_total", "0+9x8 76+4x30", mark="true"),
        one("incident_marks_total", "0+4x38", mark="false")
        | one("incident_marks_total", "0+6x38", mark="true"),
        at="9d",
        interval="6h",
        value="50%",
    ),
    of_fault("CabinGuardFault", "lights_failed", at="40m"),
)


FILES = {"alerts_test.yml": "1m", "alerts_days_test.yml": "1h"}
"""How often the rules are looked at in each."""


def text(name: str, only: Sequence[Alert] = ALERTS) -> str:
    """The content of one of the files; of these alerts alone."""
    lines = [
        "# Each alert fires, and does not fire. Made by",
        "# python -m tests.metrics.alert_cases --write systemd/fleet",
        f"# and run by: promtool test rules {name}",
        "rule_files:",
        "  - alerts.yml",
        f"evaluation_interval: {FILES[name]}",
        "group_eval_order: [cabinguard_shares, cabinguard]",
        "tests:",
    ]
    rules = {alert.name: alert for alert in only}
    for case in CASES:
        if case.at.endswith("d") is ("days" in name) and case.alert in rules:
            lines += _test(case, rules[case.alert], fires=True)
            lines += _test(case, rules[case.alert], fires=False)
    return "\n".join(lines) + "\n"


def _test(case: Case, alert: Alert, *, fires: bool) -> Iterator[str]:
    yield f"  - name: {case.alert} {'fires' if fires else 'is quiet'}"
    yield f"    interval: {case.interval}"
    yield "    input_series:"
    for series, values in (case.fires if fires else case.quiet).items():
        yield f"      - series: {json.dumps(series)}"
        yield f"        values: {json.dumps(values)}"
    yield "    alert_rule_test:"
    yield f"      - eval_time: {case.at}"
    yield f"        alertname: {case.alert}"
    if not fires:
        yield "        exp_alerts: []"
        return
    labels = {"instance": "kiosk-1", **case.labels}
    yield "        exp_alerts:"
    yield "          - exp_labels:"
    for key, value in {"severity": alert.severity.value, **labels}.items():
        yield f"              {key}: {json.dumps(value)}"
    yield "            exp_annotations:"
    yield f"              summary: {json.dumps(_filled(alert.summary, labels, case.value))}"
    yield f"              door: {json.dumps(alert.words.door)}"
    yield f"              remedy: {json.dumps(alert.words.remedy)}"


def _filled(summary: str, labels: Mapping[str, str], value: str) -> str:
    """The summary as Prometheus' templates fill it."""
    found = re.sub(
        r"\{\{ with \$labels\.(\w+) \}\}(.*?)\{\{ end \}\}",
        lambda part: part[2].replace("{{ . }}", labels[part[1]]) if part[1] in labels else "",
        summary,
    )
    found = re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda part: labels[part[1]], found)
    return re.sub(r"\{\{ \$value.*?\}\}", value, found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, metavar="FOLDER", required=True)
    folder: Path = parser.parse_args().write
    for name in FILES:
        (folder / name).write_text(text(name), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

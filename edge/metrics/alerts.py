"""What a control room must know of its kiosks: the alert rules for Prometheus, written to a file for it.

`python -m edge.metrics.alerts --write systemd/fleet/alerts.yml` renews it. What an alert means for the door,
and what to do, stand in the fault catalogue; only what no kiosk can say of itself has words of its own here.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from edge.faults.catalogue import CATALOGUE, KEEPS
from edge.metrics.families import PREFIX


class Severity(StrEnum):
    """How soon somebody has to look: at once, today, or when next somebody goes there."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Words:
    """For an alert that is no fault of the catalogue: `door` as there, `remedy` what to do about it."""

    door: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule. `lasts` is how long `expr` has to hold, in Prometheus' words; `said` a code of the catalogue,
    or words of its own."""

    name: str
    expr: str
    lasts: str
    severity: Severity
    summary: str
    said: str | Words

    @property
    def words(self) -> Words:
        """What it means for the door, and what to do."""
        if isinstance(self.said, Words):
            return self.said
        fault = CATALOGUE[self.said]
        return Words(fault.door, fault.remedy)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A number that others are made from."""

    name: str
    expr: str


_AT: Final = "{{ $labels.instance }}"


def _fault(*codes: str) -> str:
    return f'{PREFIX}fault_active{{code=~"{"|".join(codes)}"}} == 1'


def _codes(prefix: str) -> tuple[str, ...]:
    return tuple(code for code in CATALOGUE if code.startswith(prefix))


RECORDED: Final = (
    Recorded(
        "cabinguard:false_alarms:share_7d",
        'sum without (mark) (increase(cabinguard_incident_marks_total{mark="false"}[7d]))'
        " / (sum without (mark) (increase(cabinguard_incident_marks_total[7d])) >= 4)",
    ),
    Recorded(
        "cabinguard:false_alarms:share_28d",
        'sum without (mark) (increase(cabinguard_incident_marks_total{mark="false"}[28d]))'
        " / (sum without (mark) (increase(cabinguard_incident_marks_total[28d])) > 0)",
    ),
)

_FACES_1H: Final = 'sum without (verdict) (increase(cabinguard_verdicts_total{verdict!="none"}[1h]))'

ALERTS: Final[tuple[Alert, ...]] = (
    # --- nobody hears of the kiosk -----------------------------------------------------------------
    Alert(
        "CabinGuardUnreachable",
        'up{job="cabinguard"} == 0',
        "5m",
        Severity.CRITICAL,
        f"{_AT} cannot be scraped: its power, its network or its exporter is away.",
        Words(
            "Without power it rests unlocked; without network alone it keeps its rules and texts as ever.",
            "Call the watchman; look at power, router and the node exporter.",
        ),
    ),
    Alert(
        "CabinGuardSilent",
        '(up{job="cabinguard"} == 1)'
        " unless on (instance) (changes(cabinguard_loop_turn_seconds_count[5m]) > 0)",
        "5m",
        Severity.CRITICAL,
        f"{_AT} is there, but its kiosk says nothing: it does not run, hangs, or writes no numbers.",
        Words(
            "A kiosk that does not run rests unlocked; one that hangs is restarted by its watchdog.",
            "systemctl status cabinguard, then cabinguard status; the journal says why it ended.",
        ),
    ),
    Alert(
        "CabinGuardRestarts",
        "resets(cabinguard_uptime_seconds[1h]) >= 3",
        "0m",
        Severity.WARNING,
        f"{_AT}: the program was started again three times within the hour.",
        Words(
            "Each start rests the door unlocked for some seconds; after six in ten minutes it stays so.",
            "journalctl -u cabinguard; look for memory, voltage and the card.",
        ),
    ),
    # --- it cannot guard ---------------------------------------------------------------------------
    Alert(
        "CabinGuardCameraFails",
        "cabinguard_camera_ok == 0 or cabinguard_frame_age_seconds > 30",
        "2m",
        Severity.CRITICAL,
        f"{_AT}: the cabin is blind.",
        "camera_gone",
    ),
    Alert(
        "CabinGuardFewPictures",
        "rate(cabinguard_frames_total[5m]) < 2",
        "10m",
        Severity.WARNING,
        f"{_AT}: camera {{{{ $labels.camera }}}} gives fewer than two pictures a second.",
        "seer_behind",
    ),
    Alert(
        "CabinGuardFacesUnclear",
        'sum without (verdict) (increase(cabinguard_verdicts_total{verdict="unclear"}[1h]))'
        f" / ({_FACES_1H} > 200) > 0.5",
        "30m",
        Severity.WARNING,
        f"{_AT}: more than half of the faces of the last hour could not be judged.",
        "view_degrading",
    ),
    Alert(
        "CabinGuardInputPath",
        _fault("input_path_stopped", "input_failed"),
        "1m",
        Severity.CRITICAL,
        f"{_AT}: fire, exit and keypad are not read ({{{{ $labels.code }}}}).",
        "input_path_stopped",
    ),
    Alert(
        "CabinGuardRelay",
        _fault("relay_write_failed", "relay_mismatch", "gpio_failed"),
        "1m",
        Severity.CRITICAL,
        f"{_AT}: a relay does not do what it is told ({{{{ $labels.code }}}}).",
        "relay_mismatch",
    ),
    Alert(
        "CabinGuardThreadStuck",
        "cabinguard_thread_silent_seconds > cabinguard_thread_limit_seconds or cabinguard_thread_up == 0",
        "1m",
        Severity.CRITICAL,
        f"{_AT}: the thread {{{{ $labels.thread }}}} hangs or has died.",
        Words(
            "No new lock begins without a thread that it needs; without the input path it is unlocked.",
            "One that died is started again by itself; one that hangs waits for a disk or a device: dmesg.",
        ),
    ),
    Alert(
        "CabinGuardPrompt",
        _fault("prompt_failed", "prompt_clip_missing"),
        "10m",
        Severity.WARNING,
        f"{_AT}: nobody can be warned aloud.",
        "prompt_failed",
    ),
    # --- the door ----------------------------------------------------------------------------------
    Alert(
        "CabinGuardLockedLong",
        "cabinguard_lock_age_seconds > 0.5 * cabinguard_lock_limit_seconds",
        "0m",
        Severity.CRITICAL,
        f"{_AT}: somebody has been locked in for more than half of the longest time.",
        Words(
            "It opens by itself at flow.max_lock_s; exit and fire open at once.",
            "Call the watchman; open it with RELEASE by text, or cabinguard release on the spot.",
        ),
    ),
    Alert(
        "CabinGuardKeypad",
        _fault("keypad_stuck", "keypad_ghost", "keypad_failed"),
        "10m",
        Severity.WARNING,
        f"{_AT}: codes cannot be typed as they should ({{{{ $labels.code }}}}).",
        "keypad_failed",
    ),
    # --- the record and the disk -------------------------------------------------------------------
    Alert(
        "CabinGuardRecordFails",
        _fault("disk_read_only", "disk_error", "record_stopped", *_codes("journal_"))
        + " or cabinguard_record_waiting > 20",
        "1m",
        Severity.CRITICAL,
        f"{_AT}: the record takes nothing{{{{ with $labels.code }}}} ({{{{ . }}}}){{{{ end }}}}.",
        "disk_error",
    ),
    Alert(
        "CabinGuardDiskFull",
        _fault("disk_full"),
        "0m",
        Severity.CRITICAL,
        f"{_AT}: the disk of the record is full.",
        "disk_full",
    ),
    Alert(
        "CabinGuardDiskFills",
        "cabinguard_data_free_bytes < 1.2 * cabinguard_data_reserve_bytes"
        " or predict_linear(cabinguard_data_free_bytes[6h], 86400) < cabinguard_data_reserve_bytes",
        "30m",
        Severity.WARNING,
        f"{_AT}: the disk of the data is nearly full, or will be within a day.",
        "evidence_disk_low",
    ),
    Alert(
        "CabinGuardPicturesFail",
        _fault(
            "evidence_write_failed",
            "evidence_ring_failed",
            "evidence_stuck",
            "evidence_changed",
            "pictures_stopped",
        ),
        "10m",
        Severity.WARNING,
        f"{_AT}: pictures of incidents are not kept as they should be ({{{{ $labels.code }}}}).",
        "evidence_write_failed",
    ),
    Alert(
        "CabinGuardHoldsFillUp",
        "cabinguard_pictures_bytes > 0.9 * cabinguard_pictures_limit_bytes and cabinguard_holds > 0",
        "1h",
        Severity.WARNING,
        f"{_AT}: pictures nearly fill their room, and some may not be removed (legal hold).",
        Words(KEEPS, "Take the held incidents to another place and free them, or raise evidence.keep_mb."),
    ),
    Alert(
        "CabinGuardRecordSlow",
        "histogram_quantile(0.95, rate(cabinguard_record_write_seconds_bucket[30m])) > 1",
        "30m",
        Severity.WARNING,
        f"{_AT}: the card takes more than a second for a record.",
        "disk_slow",
    ),
    # --- messages ----------------------------------------------------------------------------------
    Alert(
        "CabinGuardModemDead",
        "cabinguard_modem_ready == 0",
        "10m",
        Severity.CRITICAL,
        f"{_AT}: no text goes out.",
        "modem_mute",
    ),
    Alert(
        "CabinGuardModemWeak",
        "avg_over_time(cabinguard_modem_signal_dbm[30m]) < -105",
        "30m",
        Severity.WARNING,
        f"{_AT}: the modem hardly hears its network.",
        "modem_not_registered",
    ),
    Alert(
        "CabinGuardCodesSlow",
        "histogram_quantile(0.9, increase(cabinguard_code_accept_seconds_bucket[1d])) > 60",
        "0m",
        Severity.WARNING,
        f"{_AT}: the network takes codes later than a minute after they were issued.",
        Words(
            "Somebody waits locked in for so long; nobody longer than unreachable_release_s without a code.",
            "Look at the signal and at the operator's delays; another operator's card may do better.",
        ),
    ),
    Alert(
        "CabinGuardMessagesWait",
        "sum without (state) (cabinguard_outbox_messages) > 5",
        "15m",
        Severity.WARNING,
        f"{_AT}: more than five messages wait for {{{{ $labels.channel }}}}.",
        Words(KEEPS, "Look whether that channel works: the modem, the mail server, the webhook, the broker."),
    ),
    Alert(
        "CabinGuardBrokerAway",
        "cabinguard_broker_connected == 0",
        "15m",
        Severity.WARNING,
        f"{_AT} has not reached the broker for a quarter of an hour.",
        "broker_unreachable",
    ),
    Alert(
        "CabinGuardCertificateEnds",
        "0 < (cabinguard_certificate_end_timestamp_seconds - time()) < 14 * 86400",
        "1h",
        Severity.WARNING,
        f"{_AT}: its certificate ends within two weeks.",
        "certificate_ends_soon",
    ),
    Alert(
        "CabinGuardCertificateEnded",
        "cabinguard_certificate_end_timestamp_seconds - time() <= 0",
        "0m",
        Severity.CRITICAL,
        f"{_AT}: its certificate has ended.",
        "certificate_ended",
    ),
    # --- the machine -------------------------------------------------------------------------------
    Alert(
        "CabinGuardClockWrong",
        _fault("clock_wrong")
        + " or (abs(cabinguard_taken_timestamp_seconds - timestamp(cabinguard_taken_timestamp_seconds)) > 600"
        " and changes(cabinguard_loop_turn_seconds_count[5m]) > 0)",
        "5m",
        Severity.WARNING,
        f"{_AT}: its clock is wrong.",
        "clock_wrong",
    ),
    Alert(
        "CabinGuardClockUnset",
        "cabinguard_clock_synchronised == 0",
        "1h",
        Severity.INFO,
        f"{_AT}: nobody has set its clock for an hour.",
        "clock_wrong",
    ),
    Alert(
        "CabinGuardHot",
        "cabinguard_board_temperature_celsius > 80",
        "10m",
        Severity.WARNING,
        f"{_AT}: the board is at {{{{ $value }}}} degrees.",
        Words(
            "The door keeps its rules; from 85 degrees on the processor is held back and sees less often.",
            "Look for sun on the case, dust and a fan that stands still.",
        ),
    ),
    Alert(
        "CabinGuardThrottled",
        "max_over_time(cabinguard_cpu_throttled[5m]) == 1 or max_over_time(cabinguard_supply_low[5m]) == 1",
        "15m",
        Severity.WARNING,
        f"{_AT}: the firmware holds the processor back, for heat or low voltage.",
        Words(
            "The door keeps its rules; a supply that gives way may restart the machine.",
            "vcgencmd get_throttled; measure the supply at the board under load.",
        ),
    ),
    Alert(
        "CabinGuardLoopSlow",
        "histogram_quantile(0.99, rate(cabinguard_loop_turn_seconds_bucket[10m])) > 0.25",
        "10m",
        Severity.WARNING,
        f"{_AT}: the loop takes more than a quarter of a second for a turn.",
        "loop_late",
    ),
    Alert(
        "CabinGuardSeesLate",
        "histogram_quantile(0.95, rate(cabinguard_frame_to_table_seconds_bucket[10m])) > 0.8",
        "10m",
        Severity.WARNING,
        f"{_AT}: what it sees is nearly a second old when it is judged.",
        "seer_behind",
    ),
    Alert(
        "CabinGuardMemory",
        "sum without (process) (cabinguard_process_resident_bytes) > 700e6",
        "30m",
        Severity.WARNING,
        f"{_AT}: the program takes more than 700 MB.",
        Words(
            "The door keeps its rules; eyes that outgrow the memory are killed and started again.",
            "Make a debug bundle, then systemctl restart cabinguard while the cabin is empty.",
        ),
    ),
    # --- the fleet ---------------------------------------------------------------------------------
    Alert(
        "CabinGuardUpdateFailed",
        "cabinguard_update_failed == 1",
        "0m",
        Severity.WARNING,
        f"{_AT}: an update was refused or did not work, and the version of before runs.",
        Words(
            "The door keeps its rules, but for the seconds of a restart, in which it is unlocked.",
            "cabinguard update --status says why, by its code; a release that failed is not tried again.",
        ),
    ),
    Alert(
        "CabinGuardFalseAlarmsRise",
        "cabinguard:false_alarms:share_7d > 0.3"
        " and cabinguard:false_alarms:share_7d > 1.5 * (cabinguard:false_alarms:share_28d offset 7d)",
        "0m",
        Severity.WARNING,
        f"{_AT}: false alarms rose to {{{{ $value | humanizePercentage }}}} of the week's marks.",
        Words(
            KEEPS,
            "cabinguard report says which rule they come from: see to lens, light, zones and its policy.",
        ),
    ),
    Alert(
        "CabinGuardFault",
        "cabinguard_fault_active == 1",
        "30m",
        Severity.INFO,
        f"{_AT}: {{{{ $labels.code }}}} lasts.",
        Words(
            "It depends on the fault: the table of faults in the README says it for each code.",
            "The same table has the remedy; cabinguard selftest on the spot names it too.",
        ),
    ),
)


def text(alerts: Sequence[Alert] = ALERTS) -> str:
    """The rules as Prometheus reads them. A JSON text is a YAML one (yaml.org/spec/1.2.2)."""
    lines = [
        "# Alert rules for Prometheus: what a control room must know of its kiosks. Made by",
        "# python -m edge.metrics.alerts --write systemd/fleet/alerts.yml",
        "groups:",
        "  - name: cabinguard_shares",
        "    interval: 5m",
        "    rules:",
    ]
    for recorded in RECORDED:
        lines += [f"      - record: {recorded.name}", f"        expr: {json.dumps(recorded.expr)}"]
    lines += ["  - name: cabinguard", "    rules:"]
    for alert in alerts:
        lines += _rule(alert)
    return "\n".join(lines) + "\n"


def _rule(alert: Alert) -> Iterator[str]:
    yield f"      - alert: {alert.name}"
    yield f"        expr: {json.dumps(alert.expr)}"
    yield f"        for: {alert.lasts}"
    yield "        labels:"
    yield f"          severity: {alert.severity.value}"
    yield "        annotations:"
    yield f"          summary: {json.dumps(alert.summary)}"
    yield f"          door: {json.dumps(alert.words.door)}"
    yield f"          remedy: {json.dumps(alert.words.remedy)}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, metavar="FILE", required=True)
    file: Path = parser.parse_args().write
    file.write_text(text(), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

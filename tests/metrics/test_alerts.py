"""The alert rules: whole, fresh, of metrics that exist; and each fires and does not, as promtool says."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.faults.catalogue import CATALOGUE
from edge.metrics.alerts import ALERTS, RECORDED, Words, text
from edge.metrics.families import FAMILIES, MetricKind
from tests.metrics import alert_cases
from tests.metrics.scene import Scene

FLEET = Path(__file__).resolve().parents[2] / "systemd" / "fleet"
PARTS = 5
"""promtool looks at each rule at each step of each case: a few rules and their own cases at a time."""

PROMTOOL = shutil.which("promtool")

needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (./install.sh tools)")


def promtool(*words: str | Path, given: str = "") -> subprocess.CompletedProcess[str]:
    assert PROMTOOL is not None
    return subprocess.run(
        [PROMTOOL, *map(str, words)], input=given, capture_output=True, text=True, check=False, timeout=600
    )


def exported() -> set[str]:
    """Every name of a sample that a kiosk can have."""
    names: set[str] = set()
    for family in FAMILIES:
        if family.kind is MetricKind.HISTOGRAM:
            names |= {f"{family.name}_{end}" for end in ("bucket", "count", "sum")}
        else:
            names.add(family.name)
    return names


def test_the_files_are_fresh() -> None:
    assert (FLEET / "alerts.yml").read_text() == text()
    for name in alert_cases.FILES:
        assert (FLEET / name).read_text() == alert_cases.text(name)


def test_every_alert_has_a_case() -> None:
    assert {case.alert for case in alert_cases.CASES} == {alert.name for alert in ALERTS}


def test_they_ask_for_what_a_kiosk_says() -> None:
    asked = " ".join([*(alert.expr for alert in ALERTS), *(recorded.expr for recorded in RECORDED)])
    assert set(re.findall(r"\bcabinguard_\w+", asked)) <= exported()
    codes = {code for group in re.findall(r'code=~"([^"]+)"', asked) for code in group.split("|")}
    assert codes <= set(CATALOGUE)
    made = {recorded.name for recorded in RECORDED}
    assert set(re.findall(r"\bcabinguard:[\w:]+", asked)) == made


def test_every_alert_says_what_it_means_for_the_door_and_what_to_do() -> None:
    for alert in ALERTS:
        assert len(alert.words.door) > 10
        assert len(alert.words.remedy) > 10
        assert isinstance(alert.said, Words) or alert.said in CATALOGUE


@needs_promtool
@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", alert_cases.FILES)
def test_each_fires_and_does_not(name: str, part: int, tmp_path: Path) -> None:
    some = ALERTS[part::PARTS]
    (tmp_path / "alerts.yml").write_text(text(some))
    (tmp_path / name).write_text(alert_cases.text(name, some))
    done = promtool("test", "rules", tmp_path / name)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
@pytest.mark.full
@pytest.mark.parametrize("name", alert_cases.FILES)
def test_the_files_as_they_are_shipped(name: str) -> None:
    done = promtool("test", "rules", FLEET / name)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        ("cabinguard_camera_ok == 0", "cabinguard_camera_ok == 2"),
        ("cabinguard_camera_ok == 0", "cabinguard_camera_ok <= 1"),
        ("for: 2m", "for: 2h"),
    ],
)
def test_a_rule_that_is_wrong_would_be_found(tmp_path: Path, rule: str, broken: str) -> None:
    """The first and the last never fire any more, the second where it should not."""
    some = [alert for alert in ALERTS if alert.name == "CabinGuardCameraFails"]
    rules = text(some)
    assert rule in rules
    cases = tmp_path / "alerts_test.yml"
    cases.write_text(alert_cases.text("alerts_test.yml", some))
    for content, right in ((rules, True), (rules.replace(rule, broken), False)):
        (tmp_path / "alerts.yml").write_text(content)
        assert (promtool("test", "rules", cases).returncode == 0) is right


@needs_promtool
def test_the_rules_and_the_configuration_are_sound(tmp_path: Path) -> None:
    assert promtool("check", "rules", FLEET / "alerts.yml").returncode == 0
    for name in ("kiosks-ca.pem", "reader.pem", "reader-key.pem"):
        (tmp_path / name).write_text("")
    config = (FLEET / "prometheus.yml").read_text().replace("/etc/prometheus", str(tmp_path))
    (tmp_path / "prometheus.yml").write_text(config)
    shutil.copy(FLEET / "alerts.yml", tmp_path)
    done = promtool("check", "config", tmp_path / "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_a_kiosks_own_text_is_as_prometheus_wants_it(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.desk.fail_disk(28)
    scene.desk.kiosk.views_again(0.0)
    scene.desk.run_to(5.0)
    assert "fault_active{" in scene.text
    done = promtool("check", "metrics", given=scene.text)
    scene.desk.close()
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout + done.stderr == ""

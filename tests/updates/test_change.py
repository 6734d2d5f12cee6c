"""A whole update with the real installer: taken over when healthy, undone when not, nothing lost."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.journal.reader import lines, verify
from edge.terms.update import UpdateShown, UpdateState
from edge.updates.state import read
from tests.worlds.update_world import Answering, Kiosk, UpdateWorld

pytestmark = pytest.mark.slow


class Site(UpdateWorld):
    """An installed card and its kiosk."""

    def __init__(self, folder: Path, repo: Path) -> None:
        super().__init__(folder, repo)
        self.old = self.install()
        self.kiosk = Kiosk(self.pi.root)

    def shown(self) -> UpdateShown:
        return msgspec.json.decode(self.pi.path("/run/update.json").read_bytes(), type=UpdateShown)

    def units(self) -> set[str]:
        return {path.name for path in self.pi.path("/etc/systemd/system").glob("cabinguard*")}

    def refused(self, done: subprocess.CompletedProcess[str], code: str) -> None:
        assert done.returncode == 3, done.stdout + done.stderr
        assert f"fault    {code}" in done.stderr or code in done.stderr, done.stderr
        assert self.shown().failed_code == code

    def is_old(self) -> None:
        """Whole, running, with its own units, settings example and record."""
        assert self.pi.version() == self.old
        assert self.kiosk.runs.read_text().strip() == self.old
        assert not self.pi.path("/opt/cabinguard/pending").is_symlink()
        assert "cabinguard-extra.service" not in self.units()
        assert "# the new one" not in self.pi.text("/etc/systemd/system/cabinguard.service")
        assert "# the new one" not in self.pi.text("/etc/cabinguard/kiosk.example.toml")
        assert verify(self.journal).problem == ""
        assert not self.pi.path("/run/cabinguard-upgrade").exists()


@pytest.fixture
def site(tmp_path: Path, repo: Path) -> Iterator[Site]:
    site = Site(tmp_path, repo)
    with Answering(site.kiosk):
        yield site


def test_a_healthy_release_takes_over(site: Site) -> None:
    release = site.publish()
    checked = site.update("--check")
    assert release.id in checked.stdout, checked.stderr
    done = site.update("--apply", "--now")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip() == f"{release.id} runs, healthy"
    assert site.pi.version() == release.id == site.kiosk.runs.read_text().strip()
    assert "cabinguard-extra.service" in site.units()
    assert not site.pi.path("/opt/cabinguard/pending").is_symlink()
    kept = {path.name for path in site.pi.path("/opt/cabinguard/versions").iterdir()}
    assert kept == {site.old, release.id}
    shown = site.shown()
    assert (shown.state, shown.release, shown.failed) == (UpdateState.TAKEN, release.id, ())
    assert not site.pi.path("/var/lib/cabinguard/before-update").exists()
    site.refused(site.update("--apply", "--now"), "update_none")
    assert "newest" in site.update("--status").stdout


@pytest.mark.parametrize("why", ["dead", "blind", "sick", "selftest"])
def test_one_that_is_not_healthy_is_undone_and_not_tried_again(site: Site, why: str) -> None:
    findings = '{"name":"networks","code":"network_damaged"}\n' if why == "selftest" else "[]"
    release = site.publish(findings=findings)
    if why == "dead":
        site.kiosk.dead.add(release.id)
    if why == "blind":
        site.kiosk.blind.add(release.id)
    if why == "sick":
        site.kiosk.sick[release.id] = {"journal": "journal_damaged"}
    done = site.update("--apply", "--now", UPDATE_HEALTH_S="0.3")
    site.refused(done, "update_undone")
    site.is_old()
    assert site.shown().failed == (release.id,)
    assert not (site.pi.path("/opt/cabinguard/versions") / release.id).exists()
    site.refused(site.update("--apply", "--now"), "update_failed_here")
    site.is_old()


def test_a_fault_that_was_there_before_is_not_held_against_it(site: Site) -> None:
    release = site.publish()
    for one in (site.old, release.id):
        site.kiosk.sick[one] = {"modem": "modem_silent"}
    site.kiosk.sick[release.id] = {
        "modem": "modem_silent",
        "state": "state_unrecorded",
    }  # of the old one's end
    assert site.update("--apply", "--now").returncode == 0
    assert site.pi.version() == release.id


def test_somebody_who_comes_in_at_the_last_moment(site: Site) -> None:
    """Between the question and the restart: everything is as before, and the release is tried again."""
    release = site.publish()
    site.kiosk.refuses_restart = "update_somebody"
    site.refused(site.update("--apply", "--now"), "update_somebody")
    site.is_old()
    assert site.shown().failed == ()
    site.kiosk.refuses_restart = ""
    assert site.update("--apply", "--now").returncode == 0
    assert site.pi.version() == release.id


def test_settings_that_the_new_one_cannot_use_keep_the_old_one(site: Site) -> None:
    site.publish(check="flow.gone_s: no such setting\n")
    site.refused(site.update("--apply", "--now"), "update_settings")
    site.is_old()


def test_an_installer_that_fails_leaves_the_old_one(site: Site) -> None:
    site.publish()
    site.refused(
        site.update("--apply", "--now", STUB_PIP="OSError: [Errno 28] No space left on device"),
        "update_disk_full",
    )
    site.is_old()


def test_the_timer_waits_quietly(site: Site) -> None:
    site.publish()
    site.kiosk.refuses = "update_door_locked"
    done = site.update("--nightly", "--set", "update.window=00:00-23:59")
    assert (done.returncode, done.stdout.strip()) == (0, "update_door_locked")
    site.is_old()
    assert site.shown().state is UpdateState.WAITING


def test_what_happened_under_the_new_version_is_in_the_record_of_the_old(site: Site) -> None:
    release = site.publish()
    site.kiosk.blind.add(release.id)
    site.record("before")
    assert site.update("--apply", "--now", UPDATE_HEALTH_S="0.3").returncode == 3
    site.record("after")
    names = [line.name for line in lines(site.journal)]
    assert [name for name in names if name in ("before", "after")] == ["before", "after"]


# --- ended in the middle ----------------------------------------------------------------------------


def _ended(site: Site) -> None:
    """An update that is killed with all of its processes while the new version is being watched."""
    child = subprocess.Popen(
        site.command("--apply", "--now"),
        env=site.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    end_s = time.monotonic() + 120.0
    while site.kiosk.runs.read_text().strip() == site.old:
        assert time.monotonic() < end_s
        assert child.poll() is None
        time.sleep(0.01)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert site.pi.path("/opt/cabinguard/pending").is_symlink()


def _start(site: Site) -> None:
    done = site.settle()
    assert done.returncode == 0, done.stderr
    site.start()
    site.is_old()


def test_one_that_power_ended_is_tried_again_and_twice_is_enough(site: Site) -> None:
    release = site.publish()
    site.kiosk.blind.add(release.id)
    for often in (1, 2):
        _ended(site)
        _start(site)
        kept = read(site.pi.path("/var/lib/cabinguard-update"))
        assert kept.broken_off == {release.id: often}
        assert site.shown().failed_code == "update_broken_off"
    assert kept.failed == {release.id: "broken off twice"}
    site.refused(site.update("--apply", "--now"), "update_failed_here")


def test_what_was_ended_is_not_undone_over_somebodys_head(site: Site) -> None:
    release = site.publish()
    site.kiosk.blind.add(release.id)
    _ended(site)
    site.kiosk.refuses = "update_somebody"
    site.refused(site.update("--apply", "--now"), "update_somebody")
    assert site.kiosk.runs.read_text().strip() == release.id
    site.kiosk.refuses = ""
    site.kiosk.blind.clear()
    assert site.update("--apply", "--now").returncode == 0
    assert site.pi.version() == release.id


def test_the_command_settles_without_a_restart(site: Site) -> None:
    release = site.publish()
    site.kiosk.blind.add(release.id)
    _ended(site)
    done = site.update("--settle")
    assert (done.returncode, done.stdout.strip()) == (0, f"{site.old} runs")
    site.is_old()


def test_settings_and_record_of_a_newer_version_are_put_back(site: Site) -> None:
    """Written meanwhile as only the newer one can read them, and it cannot be asked any more."""
    release = site.publish()
    site.kiosk.blind.add(release.id)
    settings, before = site.pi.path("/etc/cabinguard/kiosk.toml"), site.pi.text("/etc/cabinguard/kiosk.toml")
    _ended(site)
    newer = before + "[brand_new]\nlevel = 3\n"
    settings.write_text(newer)
    site.record("under_the_new")
    with contextlib.closing(sqlite3.connect(site.journal)) as db:
        db.execute("PRAGMA user_version = 99")
    _start(site)
    assert settings.read_text() == before
    assert settings.with_name("kiosk.toml.newer").read_text() == newer
    names = [line.name for line in lines(site.journal)]
    assert "record_from_copy" in names
    assert "under_the_new" not in names
    assert site.journal.with_name("journal.db.damaged-1").exists()
    site.record("on")
    assert verify(site.journal).problem == ""

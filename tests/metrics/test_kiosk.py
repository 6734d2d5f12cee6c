"""What a kiosk's life looks like in its numbers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.cabin.state import Mode
from edge.faults.catalogue import CATALOGUE
from edge.metrics.families import FAMILIES, PREFIX
from edge.terms.marks import Mark, Marked
from tests.metrics.scene import Scene, read
from tests.worlds.duress_world import SETTINGS


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    yield scene
    scene.desk.close()


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Somebody was locked in, and people have said what it was. Not to be changed."""
    scene = Scene(tmp_path_factory.mktemp("locked"))
    scene.lock_in()
    for mark in (Mark.FALSE, Mark.TRUE, Mark.FALSE):
        scene.desk.kiosk.mark(Marked(1, mark, "Mrs Miller", "told us"), scene.desk.clock.now_s())
    scene.desk.run_to(scene.desk.clock.now_s() + 2.0)
    yield scene
    scene.desk.close()


@pytest.mark.slow
def test_a_lock_stands(locked: Scene) -> None:
    assert locked.number("door_locked") == 1
    assert locked.number("state", state="locked") == 1
    assert sum(locked.number("state", state=mode.value) for mode in Mode) == 1
    assert locked.number("incidents_total", kind="lock") == 1
    assert locked.number("lock_age_seconds") > 1
    assert locked.number("code_accept_seconds_count") == 1
    assert locked.number("permit_on") == 0


def test_marks_are_counted_apart(locked: Scene) -> None:
    assert locked.number("incident_marks_total", mark="false") == 2
    assert locked.number("incident_marks_total", mark="true") == 1


def test_no_name_number_or_code_is_in_the_text(locked: Scene) -> None:
    told = [
        locked.desk.last_code(),
        *locked.desk.numbers.values(),
        locked.settings.cabin.name,
        "Miller",
        "anna",
    ]
    words = {word for (_, labels) in read(locked.text) for _, word in labels}
    for needle in filter(None, told):
        assert needle not in words
        assert len(needle) < 4 or needle not in locked.text


def test_the_labels_come_from_lists(locked: Scene) -> None:
    """So that no kiosk can have more series than these."""
    names = {family.name: set(family.labels) for family in FAMILIES}
    for name, labels in read(locked.text):
        stem = name
        for end in ("_bucket", "_count", "_sum"):
            stem = stem if stem in names else stem.removesuffix(end)
        assert stem.startswith(PREFIX)
        assert {key for key, _ in labels} - {"le"} == names[stem], name
    assert len(read(locked.text)) < 250


@pytest.mark.slow
def test_the_right_code_opens_and_a_restart_begins_the_counters_again(scene: Scene) -> None:
    scene.lock_in()
    scene.desk.type_keys("CODE")
    scene.desk.run_to(scene.desk.clock.now_s() + 5.0)
    assert scene.number("door_locked") == 0
    assert scene.number("lock_age_seconds") == 0
    assert scene.number("key_to_relay_seconds_count") == 1
    assert scene.number("key_to_relay_seconds_sum") < 0.5
    lines = scene.number("record_lines")
    scene.desk.restart()
    scene.desk.run_to(scene.desk.clock.now_s() + 2.0)
    assert scene.number("incidents_total", kind="lock") == 0
    assert scene.number("record_incidents") == 1
    assert scene.number("record_lines") >= lines
    assert scene.number("uptime_seconds") < 5


@pytest.mark.slow
def test_a_release_on_the_spot_is_no_key(scene: Scene) -> None:
    scene.lock_in()
    scene.desk.type_keys("WRONG")
    scene.desk.run_to(scene.desk.clock.now_s() + 3.0)
    scene.desk.release()
    scene.desk.run_to(scene.desk.clock.now_s() + 3.0)
    assert scene.number("door_locked") == 0
    assert scene.number("key_to_relay_seconds_count") == 0


@pytest.mark.slow
def test_pictures_count_by_what_they_say(scene: Scene) -> None:
    scene.people.do("enter anna", scene.desk.clock.now_s())
    scene.desk.run_to(10.0)
    scene.people.do("mask on", scene.desk.clock.now_s())
    scene.desk.run_to(20.0)
    proper, covered = (scene.number("verdicts_total", verdict=word) for word in ("proper", "covered"))
    assert proper > 20
    assert covered > 20
    assert scene.number("frames_total", camera="face") >= proper + covered
    assert scene.number("frame_to_table_seconds_count") == scene.number("frames_total", camera="face")


def test_a_fault_is_there_by_its_code_and_goes(scene: Scene) -> None:
    scene.desk.run_to(2.0)
    assert scene.number("faults_active") == 0
    scene.desk.fail_disk(28)
    scene.desk.kiosk.views_again(scene.desk.clock.now_s())
    scene.desk.run_to(5.0)
    assert scene.number("fault_active", code="disk_full") == 1
    assert scene.number("record_waiting") > 0
    scene.desk.fail_disk(0)
    scene.desk.run_to(40.0)
    assert scene.number("faults_active") == 0
    assert scene.number("record_waiting") == 0
    assert "disk_full" not in scene.text


def test_the_end_of_the_kiosk_takes_its_numbers_away(scene: Scene) -> None:
    scene.desk.run_to(2.0)
    assert scene.text
    scene.desk.power_off()
    assert list(scene.folder.iterdir()) == []


@pytest.mark.slow
def test_every_fault_that_is_shown_is_in_the_catalogue(scene: Scene) -> None:
    scene.desk.fail_disk(5)
    scene.desk.camera_alive = False
    scene.desk.kiosk.aside_fault("metrics_unwritable", True, "", scene.desk.clock.now_s())
    scene.desk.run_to(90.0)
    codes = {dict(labels)["code"] for name, labels in read(scene.text) if name == f"{PREFIX}fault_active"}
    assert codes > {"metrics_unwritable"}
    assert codes <= set(CATALOGUE)


@pytest.mark.slow
def test_without_the_setting_nothing_of_it_is_imported(repo: Path) -> None:
    code = (
        "import sys, tempfile; from pathlib import Path; from edge.settings.load import load\n"
        "import edge.service.service\n"
        "from tests.worlds.desk_world import scripted_desk\n"
        "with tempfile.TemporaryDirectory() as folder:\n"
        "    desk, _ = scripted_desk(Path(folder), lambda h: None, settings=load(None, []))\n"
        "    desk.run_to(2.0)\n"
        "    assert desk.built.measuring is None\n"
        "print([name for name in sys.modules if 'prometheus' in name or name.startswith('edge.metrics')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=repo, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


_OF_THE_MACHINE = ("data_free_bytes", "process_resident_bytes", "loop_turn_seconds")
"""What has nothing to do with the visit."""


@pytest.mark.slow
def test_a_watchman_who_is_forced_is_in_no_number(tmp_path: Path) -> None:
    """The same visit, opened by the code and by its duress form: every number is the same."""
    texts = []
    for entry in ("CODE", "DURESS"):
        folder = tmp_path / entry
        folder.mkdir()
        scene = Scene(folder, *SETTINGS)
        scene.lock_in()
        scene.desk.type_keys(entry)
        scene.desk.run_to(scene.desk.clock.now_s() + 20.0)
        assert scene.number("door_locked") == 0
        texts.append({key: value for key, value in read(scene.text).items() if _is_of_the_visit(key[0])})
        scene.desk.close()
    right, forced = texts
    assert len(right) > 100
    assert right == forced


def _is_of_the_visit(name: str) -> bool:
    return not any(part in name for part in _OF_THE_MACHINE)

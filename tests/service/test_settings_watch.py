"""A start with other settings than the one before is a line of the record: names, no telling value."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest

from edge.journal.reader import lines
from edge.service import service as service_module
from edge.service.service import Service
from edge.service.settings_watch import CHANGED, FIRST, NAMED_MOST, SettingsWatch
from edge.settings.changed import NAME, changed, keep_seen, look, read_seen
from edge.settings.load import load
from edge.settings.schema import Settings
from hw.board import bench_board
from hw.ports import Board, Clock
from tests.worlds.hw_story import NoModem

PHONE = "people.watchman=+15550100"
SECRET_URL = "webhook.url=https://desk.example.org/hook/7f3a-token"


class Kiosk:
    """Starts with settings; hears what the record is told. `written`: the card takes what it is given."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.told: list[tuple[str, Mapping[str, object]]] = []
        self.written = True

    def start(self, *words: str) -> list[tuple[str, Mapping[str, object]]]:
        self.told.clear()
        watch = SettingsWatch(load(None, list(words)), self.data, _at_once, self._note, lambda: self.written)
        for now_s in range(5):
            watch.poll(float(now_s))
        return list(self.told)

    def _note(self, name: str, data: Mapping[str, object], now_s: float) -> None:
        self.told.append((name, data))


def _at_once(do: Callable[[], None]) -> None:
    do()


@pytest.fixture
def kiosk(tmp_path: Path) -> Kiosk:
    return Kiosk(tmp_path)


def test_the_first_start_and_the_same_settings_again(kiosk: Kiosk) -> None:
    ((name, data),) = kiosk.start(PHONE)
    assert name == FIRST
    assert data == {"settings": len(look(load(None, [])).marks)}
    assert kiosk.start(PHONE) == []


def test_what_was_changed_is_named_once_and_no_text_is_said(kiosk: Kiosk) -> None:
    kiosk.start(PHONE)
    words = ("people.watchman=+15550199", SECRET_URL, "flow.siren_s=90")
    ((name, data),) = kiosk.start(*words)
    assert name == CHANGED
    assert data == {"count": 3, "changed": "people.watchman flow.siren_s=90.0 webhook.url"}
    assert kiosk.start(*words) == []
    ((_, back),) = kiosk.start(PHONE)
    assert back["count"] == 3


def test_a_card_that_has_not_taken_the_line_is_told_again(kiosk: Kiosk) -> None:
    kiosk.start()
    kiosk.written = False
    assert len(kiosk.start("flow.siren_s=90")) == 1
    kiosk.written = True
    assert len(kiosk.start("flow.siren_s=90")) == 1
    assert kiosk.start("flow.siren_s=90") == []


SPOILT = (b"", b"{", b"[]", b"\xff\xfe", b'{"key":"zz","marks":{}}', b'{"key":"","marks":{}}')


@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_list_that_is_none_is_as_none(kiosk: Kiosk, spoilt: bytes) -> None:
    kiosk.start()
    (kiosk.data / NAME).write_bytes(spoilt)
    assert [name for name, _ in kiosk.start()] == [FIRST]
    assert kiosk.start() == []


def test_a_disk_that_takes_nothing_costs_nothing_but_the_list(kiosk: Kiosk) -> None:
    (kiosk.data / f".{NAME}.part").mkdir()
    assert [name for name, _ in kiosk.start()] == [FIRST]
    assert [name for name, _ in kiosk.start()] == [FIRST]


def test_another_version_with_more_or_fewer_settings_has_changed_none(tmp_path: Path) -> None:
    settings = load(None, [PHONE])
    seen = look(settings)
    fewer = {name: mark for name, mark in seen.marks.items() if not name.startswith("mqtt.")}
    keep_seen(tmp_path, msgspec.structs.replace(seen, marks={**fewer, "gone.setting": "00"}))
    before = read_seen(tmp_path)
    assert before is not None
    assert changed(before, settings) == ()


@pytest.mark.slow
def test_every_setting_is_noticed() -> None:
    """One after the other is given another mark: each is named."""
    settings = load(None, [])
    seen = look(settings)
    for name in seen.marks:
        other = msgspec.structs.replace(seen, marks={**seen.marks, name: "00"})
        (said,) = changed(other, settings)
        assert said.partition("=")[0] == name


def test_many_are_counted(kiosk: Kiosk) -> None:
    kiosk.start()
    seen = read_seen(kiosk.data)
    assert seen is not None
    keep_seen(kiosk.data, msgspec.structs.replace(seen, marks=dict.fromkeys(seen.marks, "00")))
    ((_, data),) = kiosk.start()
    assert data["count"] == len(seen.marks)
    assert len(str(data["changed"]).split()) == NAMED_MOST


def test_the_file_says_no_value_and_is_its_owners_alone(kiosk: Kiosk) -> None:
    kiosk.start(PHONE, SECRET_URL)
    file = kiosk.data / NAME
    assert file.stat().st_mode & 0o777 == 0o600
    content = file.read_bytes()
    assert b"15550100" not in content
    assert b"7f3a-token" not in content
    one, other = look(load(None, [PHONE])), look(load(None, [PHONE]))
    assert one.marks["people.watchman"] != other.marks["people.watchman"], "each file has a key of its own"


@pytest.mark.slow
def test_a_kiosk_that_starts_with_another_file_has_it_in_its_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "eyes_plans", lambda settings: ())
    _live(tmp_path)
    _live(tmp_path, "flow.siren_s=90")
    _live(tmp_path, "flow.siren_s=90")
    found = [line for line in lines(tmp_path / "data" / "journal.db") if line.name in (FIRST, CHANGED)]
    assert [line.name for line in found] == [FIRST, CHANGED]
    assert '"changed":"flow.siren_s=90.0"' in found[1].data


def _live(folder: Path, *words: str) -> None:
    """A kiosk that runs until it has kept its list of settings."""
    settings = load(None, [f"paths.data={folder}/data", f"paths.runtime={folder}/run", *words])
    with contextlib.ExitStack() as stack:
        service = Service(settings, stack, open_parts=_bench)
        wanted = look(settings).marks.keys()
        end_s = time.monotonic() + 60.0
        while time.monotonic() < end_s:
            service.turn()
            seen = read_seen(folder / "data")
            if seen is not None and seen.marks.keys() == wanted and changed(seen, settings) == ():
                return
        pytest.fail("no list was kept within a minute")


def _bench(settings: Settings, clock: Clock) -> Board:
    return bench_board(clock, NoModem(), settings.wiring, strict=False)[0]

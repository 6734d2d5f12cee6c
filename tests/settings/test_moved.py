"""A settings file of the version before is read as it stands, and one of today wins where both are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.settings import load as module
from edge.settings.load import SettingsError, load
from edge.settings.moved import MOVED
from edge.settings.schema import KEYS

BEFORE = {"door.lock_delay_s": "flow.lock_after_s", "flow.ask_after_s": "flow.adjust_after_s"}


def _load(folder: Path, text: str) -> tuple[float, float]:
    path = folder / "kiosk.toml"
    path.write_text(text)
    flow = load(path).flow
    assert path.read_text() == text
    return flow.lock_after_s, flow.adjust_after_s


def test_names_of_before_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOVED", BEFORE)
    assert _load(tmp_path, "[door]\nlock_delay_s = 33\n[flow]\nask_after_s = 9\n") == (33, 9)
    assert _load(tmp_path, "[door]\nlock_delay_s = 33\n[flow]\nlock_after_s = 44\n") == (44, 6)


def test_what_else_stands_in_a_section_that_is_gone_is_still_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOVED", BEFORE)
    with pytest.raises(SettingsError, match="door"):
        _load(tmp_path, "[door]\nlock_delay_s = 33\nother = 1\n")
    with pytest.raises(SettingsError, match="lock_after_s"):
        _load(tmp_path, "[door]\nlock_delay_s = 1000000\n")


def test_every_name_of_today_is_a_setting_and_no_name_of_before_is() -> None:
    assert set(MOVED.values()) <= KEYS.keys()
    assert not MOVED.keys() & KEYS.keys()

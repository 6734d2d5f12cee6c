"""What was learnt of the views: the file through damage and power cuts, and the whole way to a telephone."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.bench.desk import Desk
from edge.judge.drift import Memory, Standing
from edge.judge.gauges import Gauge
from edge.judge.learnt import Day
from edge.loop.happening import Happening
from edge.loop.views import NAME, ViewsFile, decode, encode
from edge.messages.texts import Context, make_text
from edge.service.asks import Status
from edge.settings.load import load
from edge.terms.observation import FACE_CAMERA, CameraHealth, Observation, PictureFigures
from edge.terms.record import Channel, OutboxRow, Recipient
from tests.worlds.desk_world import scripted_desk

DAY_S = 86400.0
FIGURES = PictureFigures(light=90.0, detail=-1.0, contrast=-2.0, noise=1.5)


def memory(days: int = 3) -> Memory:
    random = np.random.default_rng(3)
    made = []
    for number in range(days):
        day = Day(20_000 + number, clean=number != 1)
        day.mean[:] = random.normal(0.0, 1.0, day.mean.shape)
        day.count[:] = random.integers(0, 9, day.count.shape)
        made.append(day)
    return Memory({FACE_CAMERA: tuple(made)}, {FACE_CAMERA: Standing((Gauge.DETAIL,), 480_012)})


def same(one: Memory, other: Memory) -> bool:
    return one.standing == other.standing and all(
        a.number == b.number
        and a.clean == b.clean
        and (a.mean == b.mean).all()
        and (a.count == b.count).all()
        for name in one.days.keys() | other.days.keys()
        for a, b in zip(one.days[name], other.days[name], strict=True)
    )


def test_what_is_kept_is_read_again_and_only_for_the_same_cameras(tmp_path: Path) -> None:
    file = ViewsFile(tmp_path / NAME, "one", threaded=False)
    file.keep(memory())
    found = file.read()
    assert not found.damaged
    assert same(found.memory, memory())
    assert ViewsFile(tmp_path / NAME, "other", threaded=False).read().memory == Memory()
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_two_cameras_with_all_their_days_are_a_small_file() -> None:
    whole = memory(46)
    content = encode(replace(whole, days={"face": whole.days["face"], "overview": whole.days["face"]}), "b")
    assert len(content) < 500_000
    assert same(decode(encode(whole, "b"), "b"), whole)


@pytest.mark.parametrize("damage", ["cut", "flipped", "other", "empty"])
def test_a_damaged_file_is_set_aside_and_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / NAME
    content = encode(memory(), "b")
    changed = {
        "cut": content[:-20],
        "flipped": content[:200] + bytes([content[200] ^ 1]) + content[201:],
        "other": b"{}\n" * 9,
        "empty": b"",
    }
    path.write_bytes(changed[damage])
    found = ViewsFile(path, "b", threaded=False).read()
    assert found.damaged
    assert found.memory == Memory()
    assert [one.name for one in tmp_path.iterdir()] == [f"{NAME}.damaged"]


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 300))
def test_no_bytes_raise_more_than_the_named_errors(content: bytes, at: int) -> None:
    good = encode(memory(1), "b")
    for tried in (content, good[:at] + content, good[:64] + content):
        ViewsFile(Path("/nowhere"), "b", threaded=False).read()
        with pytest.raises(ValueError, match="hash"):
            decode(tried, "b")


def test_a_folder_that_is_not_there_stops_nobody(tmp_path: Path) -> None:
    file = ViewsFile(tmp_path / "no" / NAME, "b", threaded=False)
    file.keep(memory())
    assert file.read().memory == Memory()


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "view_degrading. The camera has moved little by little, shift of the picture 6.2 px."),
        ("de", "view_degrading. Die Kamera hat sich nach und nach verschoben, "),
        ("hi", "view_degrading. कैमरा धीरे-धीरे खिसक गया है, "),
    ],
)
def test_the_text_says_what_changed_in_the_words_of_the_cabin(language: str, said: str) -> None:
    reason = "view_degrading view_shifted moved_px=6.2"
    row = OutboxRow(41, 0, "fault", 0, Recipient.CONTROL_ROOM, Channel.SMS, 0.0, 60.0, reason)
    assert said in make_text(row, Context("cabin 12", "", language, UTC), 0.0)


# --- the whole way -----------------------------------------------------------------------------------


def pass_days(desk: Desk, days: int, figures: PictureFigures) -> None:
    """Days of an empty cabin, a few pictures an hour."""
    for _ in range(days * 24):
        begins_s = desk.clock.now_s()
        for number in range(6):
            now_s = begins_s + 31.0 * (number + 1)
            desk.clock.move_to(now_s)
            seen = Observation(number, now_s, (640, 480), (), 0.0, CameraHealth.OK, picture=figures)
            desk.kiosk.observe(seen, now_s)
        desk.kiosk.poll(desk.clock.now_s())
        desk.clock.move_to(begins_s + 3600.0)


@pytest.mark.slow
def test_a_lens_that_gets_dirty_is_texted_recorded_shown_and_over_when_it_is_clean(tmp_path: Path) -> None:
    heard: list[Happening] = []
    german = load(None, ['people.control_room="+15550102"', 'cabin.language="de"'])
    desk, _ = scripted_desk(tmp_path, heard.append, settings=german)
    dirty = replace(FIGURES, contrast=FIGURES.contrast - 0.6)

    def faults() -> object:
        return desk.answer(Status())["faults"]

    def told() -> list[str]:
        """Texts to the control room of a view that gets worse, up to half a minute from now."""
        desk.run_to(desk.clock.now_s() + 30.0)
        room = desk.numbers[Recipient.CONTROL_ROOM]
        return [one.text for one in desk.phone.texts if one.number == room and "view_degrading" in one.text]

    with closing(desk):
        pass_days(desk, 9, FIGURES)
        desk.restart()
        assert faults() == []
        pass_days(desk, 2, dirty)
        assert "view_degrading" in str(faults())
        assert not desk.kiosk.door_locked
        texts = told()
        assert "Das Bild ist blass geworden" in texts[0]
        assert "vorher 100 %" in texts[0]
        desk.restart()  # what stands is shown again, and texted no second time before its day is over
        assert told() == texts
        assert "view_degrading" in str(faults())
        pass_days(desk, 2, FIGURES)
        assert "view_degrading" not in str(faults())
    ended = [one for one in heard if one.data.get("name") == "view_degrading_ended"]
    assert len(ended) == 1

"""What a commissioning has come to, through reloads and a second link."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge.loop.watching import InputView
from edge.panel.commission import walk as walks
from edge.panel.commission.walk import (
    Attempt,
    Judged,
    Mark,
    Region,
    Seen,
    Signed,
    Walk,
    WalkStep,
    contacts_after,
)
from edge.terms.ground import Spot
from edge.terms.marks import NOTE_MOST
from tests.panel.commission_views import quiet_view


def test_all_of_a_walk_is_there_again_for_a_second_link(tmp_path: Path) -> None:
    walk = Walk(tmp_path, lambda: 1000.0)
    walk.mark(WalkStep.AIM, Judged.OK, "  two\n  lines ")
    walk.tried("siren")
    walk.tried("siren")
    walk.worked("siren", True)
    walk.keys_touched(("5", "0"))
    walk.keys_touched(("5",))
    walk.regions((Region("keypad", (Spot(0, 0), Spot(1, 0), Spot(1, 1))),))
    walk.sign(Signed("A. Kumar", 1001.0, 12, "ab", {"aim": Mark(Judged.OK)}))
    again = Walk(tmp_path, lambda: 2000.0).kept
    assert again == walk.kept
    assert again.marks == {"aim": Mark(Judged.OK, "two lines")}
    assert again.outputs == {"siren": Attempt(2, True)}
    assert again.keys == ("0", "5")
    assert (tmp_path / walks.NAME).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"began_wall_s": 0}', b"x" * 70_000])
def test_what_is_damaged_or_old_begins_again(tmp_path: Path, content: bytes) -> None:
    (tmp_path / walks.NAME).write_bytes(content)
    kept = Walk(tmp_path, lambda: 1e6).kept
    assert kept.began_wall_s == 1e6
    assert not kept.marks


def test_a_note_is_one_short_line(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    walk.mark(WalkStep.KEYS, Judged.FAILED, "x" * 1000)
    assert len(walk.kept.marks["keys"].note) == NOTE_MOST
    assert msgspec.json.decode((tmp_path / walks.NAME).read_bytes(), type=walks.Kept) == walk.kept


def test_a_note_has_no_telephone_number(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    walk.mark(WalkStep.KEYS, Judged.FAILED, "call +49 151 12345678")
    assert walk.kept.marks["keys"].note == "call …"


def test_a_walk_goes_on_where_nothing_can_be_written(tmp_path: Path) -> None:
    walk = Walk(tmp_path / "none")
    walk.mark(WalkStep.AIM, Judged.OK)
    assert walk.kept.marks["aim"].judged is Judged.OK


# --- the contacts ----------------------------------------------------------------------------------


def door(active: bool, moved_ago_s: float | None = None) -> dict[str, InputView]:
    return {"door": InputView(True, active, moved_ago_s)}


def test_a_contact_is_seen_in_both_positions_by_and_by() -> None:
    first = contacts_after({}, quiet_view(inputs=door(False)), None)
    assert first == {"door": Seen(active=False, quiet=True)}
    second = contacts_after(first, quiet_view(inputs=door(True, 0.1)), 0.5)
    assert second["door"].both


def test_a_touch_between_two_views_counts() -> None:
    before = contacts_after({}, quiet_view(inputs=door(False)), None)
    assert contacts_after(before, quiet_view(inputs=door(False, 0.2)), 0.5)["door"].both


@pytest.mark.parametrize("apart_s", [None, walks.VIEWS_APART_S, 60.0])
def test_a_start_of_the_kiosk_is_no_move(apart_s: float | None) -> None:
    """It calls every active contact moved: that of a cut wire as well, which never comes back."""
    before = contacts_after({}, quiet_view(inputs=door(True)), None)
    assert not contacts_after(before, quiet_view(inputs=door(True, 0.1)), apart_s)["door"].both


def test_an_old_move_is_none_of_this_walk() -> None:
    before = contacts_after({}, quiet_view(inputs=door(True, 30.0)), None)
    assert not contacts_after(before, quiet_view(inputs=door(True, 30.5)), 0.5)["door"].both


def test_what_is_not_fitted_is_not_watched() -> None:
    assert contacts_after({}, quiet_view(inputs={"panic": InputView(False, True, None)}), 0.5) == {}


def test_after_a_kiosk_that_was_away_nothing_is_taken_for_a_move(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    walk.watch(quiet_view(inputs=door(True)), 10.0)
    walk.watch(None, 10.4)
    walk.watch(quiet_view(inputs=door(True, 0.1)), 10.8)
    assert not walk.kept.contacts["door"].both
    walk.watch(quiet_view(inputs=door(True, 0.1)), 11.2)
    assert walk.kept.contacts["door"].both

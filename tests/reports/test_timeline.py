"""An incident as a story: every step, who was told, pictures in their places; and a record of any kind."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edge.journal.file import NAME
from edge.journal.writer import Journal
from edge.reports import timeline
from edge.reports.listing import PAGE, Incidents, Phase, Wanted
from edge.reports.moments import Kind
from edge.reports.pieces import Pieces
from edge.reports.telling import Teller
from edge.reports.timeline import OFF, Lack, Milestone, Story, story
from edge.terms.marks import MARKED
from edge.terms.record import Channel, Entry, OutboxRow, Recipient, Record, RowState
from edge.words.language import LanguageName
from edge.words.pages.incidents import incidents_words
from tests.worlds.hand_clock import HandClock
from tests.worlds.incident_world import IncidentWorld

DAY_WALL_S = 1_767_254_400.0  # 2026-01-01 08:00 UTC


class Written:
    """A record written line by line, as one version or another would have."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.clock = HandClock(0.0, DAY_WALL_S)
        self._journal = Journal(self.path, self.clock, threaded=False)
        self._journal.open()
        self._number = 0

    def put(
        self,
        *entries: Entry,
        rows: tuple[OutboxRow, ...] = (),
        counters: tuple[tuple[str, int], ...] = (),
        after_s: float = 1.0,
    ) -> None:
        self.clock.mono_s += after_s
        self._number += 1
        times = (self.clock.now_s(), self.clock.wall_s())
        self._journal.submit(Record(self._number, *times, entries, rows=rows, counters=counters))
        self._journal.answers()

    def line(self, kind: str, name: str, incident: int, after_s: float = 1.0, **data: object) -> None:
        self.put(Entry(kind, name, incident, json.dumps({"name": name, **data})), after_s=after_s)

    def state(self, name: str, before: str, incident: int = 1, after_s: float = 1.0) -> None:
        self.put(Entry("state", name, incident, json.dumps({"from": before})), after_s=after_s)

    def visit(self, incident: int) -> None:
        """A short incident, from the first look to the empty cabin."""
        self.line("fact", "appeared", 0)
        self.state("checking", "vacant", 0)
        self.state("warned", "checking", incident, 6.0)
        self.line("command", "tell", incident, alert="loitering", recipients=["control_room"], reason="")
        self.state("vacant", "warned", incident, 10.0)
        self.line("command", "close_incident", incident)

    def close(self) -> None:
        self._journal.close(1.0)


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Written]:
    written = Written(tmp_path)
    yield written
    written.close()


def told(path: Path, incident: int = 1) -> Story:
    found = story(path, incident)
    assert found is not None
    return found


@pytest.mark.slow
def test_a_played_incident_is_told_from_the_first_look_to_the_empty_cabin(tmp_path: Path) -> None:
    world = IncidentWorld(tmp_path)
    world.run(5.0)
    world.lock_and_open()
    found = told(world.record)
    world.close()
    steps = [reached.step for reached in found.steps]
    off = (Milestone.POWER_LOST, Milestone.LOCKED_AGAIN)
    assert steps == [step for step in Milestone if step not in off], "each step, in its order"
    assert all(reached.took_s >= 0 for reached in found.steps)
    locked = next(one for one in found.steps if one.step is Milestone.LOCKED)
    assert 4.0 <= locked.took_s <= 15.0, "lock_after_s less adjust_after_s, and the words have to be said"
    key = next(one for one in found.steps if one.step is Milestone.RELEASED)
    assert found.locked_s == pytest.approx(key.since_s - locked.since_s)
    assert found.released == "code"
    assert not found.is_open
    assert found.lacks == ()

    kinds = {moment.kind for moment in found.moments}
    assert {Kind.STATE, Kind.FACT, Kind.MESSAGE, Kind.PROMPT, Kind.KEY, Kind.DOOR, Kind.SIREN} <= kinds
    assert [band.level for band in found.door] == ["unlocked", "locked", "unlocked"]
    assert "siren" in [band.level for band in found.siren]
    assert found.shots == tuple(sorted(found.shots, key=lambda shot: shot.since_s))
    assert found.shots[0].since_s < 0 < found.shots[-1].since_s, "from before and after it began"
    names = {path.name for path in (tmp_path / "evidence" / "1").iterdir() if path.name[0] != "."}
    assert {shot.name for shot in found.shots} == names

    [code] = [one for one in found.messages if one.kind == "code"]
    assert (code.to, code.channel, code.state) == ("watchman", "sms", "delivered")
    taken = code.reached(RowState.ACCEPTED, RowState.DELIVERED)
    assert taken is not None
    assert 0.0 <= taken.after_s < 2.0

    for language in LanguageName:
        teller = Teller(language, ZoneInfo("Asia/Kolkata"))
        lines = [teller.moment(moment) for moment in found.moments]
        assert all(line.strip() for line in lines)
        assert not any("_" in line or "{" in line for line in lines), lines
    english = "\n".join(Teller("en", ZoneInfo("UTC")).moment(moment) for moment in found.moments)
    assert "Please take off your mask. The door will lock in" in english
    code_text = re.search(r"CODE (\d{8})", world.desk.phone.texts[0].text)
    assert code_text is not None
    assert code_text[1] not in english


def test_each_message_says_how_far_it_came_and_how_long_it_took(written: Written) -> None:
    written.state("warned", "checking", 1)
    written.line("command", "tell", 1, alert="loitering", recipients=["watchman", "control_room"], reason="")
    for name, to, by, after_s in (
        ("sending", "watchman", "sms", 0.5),
        ("accepted", "watchman", "sms", 2.0),
        ("sending", "control_room", "email", 1.0),
        ("failed", "control_room", "email", 1.0),
        ("delivered", "watchman", "sms", 30.0),
    ):
        number = 7 if to == "watchman" else 8
        data = {"number": number, "to": to, "kind": "loitering", "by": by, "cause": "smtp 550"}
        written.put(Entry("sms", name, 1, json.dumps(data)), after_s=after_s)
    watchman, control = told(written.path).messages
    assert (watchman.number, watchman.state, watchman.channel) == (7, "delivered", "sms")
    accepted = watchman.reached(RowState.ACCEPTED)
    assert accepted is not None
    assert accepted.after_s == pytest.approx(2.5)
    assert (control.number, control.state, control.channel, control.cause) == (
        8,
        "failed",
        "email",
        "smtp 550",
    )
    assert control.reached(RowState.DELIVERED) is None


def test_lines_of_an_earlier_version_do_not_name_the_channel(written: Written) -> None:
    """Their rows do, where the record still has them."""
    row = OutboxRow(3, 1, "loitering", 0, Recipient.WATCHMAN, Channel.SMS, DAY_WALL_S, 60.0, tries=2)
    written.state("warned", "checking", 1)
    written.put(Entry("sms", "sending", 1, '{"number":3,"to":"watchman","kind":"loitering"}'), rows=(row,))
    [message] = told(written.path).messages
    assert (message.channel, message.tries, message.state) == ("sms", 2, "sending")


ODD_LINES: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("fact", "levitation", {"height_cm": 40}),
    ("gossip", "overheard", {"what": "<script>alert(1)</script>"}),
    ("state", "asleep", {"from": "vacant"}),
    ("event", "entry_judged", {"verdict": "perhaps"}),
    ("event", "incident_marked", {"mark": "maybe"}),
    ("fact", "loitering", {"reason": {"ground": "of another version"}}),
    ("sms", "teleported", {"number": "seven"}),
    ("evidence", "pictures_kept", {"files": {"../../etc/passwd": "x", "00001-000000001000.jpg": "aa"}}),
    ("evidence", "pictures_kept", {"files": "all of them"}),
    ("command", "say", {"prompt": "sing", "cause": "joy", "threat": True, "lock_in_s": 3}),
    ("command", "set_door", {}),
)


def test_lines_that_nobody_expects_are_told_by_their_names_and_stop_nothing(written: Written) -> None:
    written.state("warned", "checking", 1)
    for kind, name, data in ODD_LINES:
        written.put(Entry(kind, name, 1, json.dumps(data)))
    for odd in ("", "[1, 2]", "no json at all", "null"):
        written.put(Entry("event", "strange", 1, odd))
    found = told(written.path)
    assert Lack.UNKNOWN_LINES in found.lacks
    assert Lack.NOT_CLOSED in found.lacks
    assert found.marks == ()
    assert [shot.name for shot in found.shots] == ["00001-000000001000.jpg"]
    teller = Teller("en", ZoneInfo("UTC"))
    lines = [teller.moment(moment) for moment in found.moments]
    assert {"levitation", "overheard", "asleep", "teleported", "strange"} <= set(lines)


def test_another_start_is_told_by_the_wall_clock(tmp_path: Path) -> None:
    first = Written(tmp_path)
    first.state("warned", "checking", 1)
    first.close()
    second = Written(tmp_path)
    second.clock.mono_s += 100.0
    second.line("event", "restarted", 1, 0.0)
    second.close()
    found = told(second.path)
    assert Lack.RESTARTED in found.lacks
    assert found.moments[-1].boot == found.moments[0].boot + 1
    assert found.moments[-1].since_s == pytest.approx(99.0)


def test_without_power_the_door_counts_as_open_and_the_siren_as_silent(tmp_path: Path) -> None:
    """The last line before the power went was written at 12 s, the kiosk started again at 112 s."""
    first = Written(tmp_path)
    first.state("warned", "checking", 1)
    first.line("command", "set_door", 1, 1.0, door="locked")
    first.line("command", "set_sound", 1, 0.0, sound="siren")
    first.line("event", "device_failed", 1, 10.0, device="modem", code="modem_mute")
    first.close()
    second = Written(tmp_path)
    second.clock.mono_s = 112.0
    second.line("event", "restarted", 1, 0.0, off_s=100.0)
    second.line("command", "set_door", 1, 0.0, door="unlocked")
    second.line("command", "set_sound", 1, 0.0, sound="off")
    second.line("command", "set_door", 1, 8.0, door="locked")
    second.state("released", "locked", 1, 5.0)
    second.line("command", "set_door", 1, 0.0, door="unlocked")
    second.close()
    found = told(second.path)
    assert [(band.level, band.from_s) for band in found.door] == [
        ("unlocked", 0.0),
        ("locked", pytest.approx(1.0)),
        (OFF, pytest.approx(11.0)),
        ("unlocked", pytest.approx(111.0)),
        ("locked", pytest.approx(119.0)),
        ("unlocked", pytest.approx(124.0)),
    ]
    assert [band.level for band in found.siren] == ["off", "siren", OFF, "off"]
    assert found.locked_s == pytest.approx(15.0)
    assert [(one.step, one.since_s) for one in found.steps] == [
        (Milestone.WARNED, 0.0),
        (Milestone.LOCKED, pytest.approx(1.0)),
        (Milestone.POWER_LOST, pytest.approx(11.0)),
        (Milestone.LOCKED_AGAIN, pytest.approx(119.0)),
        (Milestone.RELEASED, pytest.approx(124.0)),
    ]
    [listed] = Incidents(second.path, ZoneInfo("UTC")).page(Wanted()).incidents
    assert listed.locked_s == pytest.approx(15.0), "the list and the report's table count the same"
    for language in LanguageName:
        pieces = Pieces(Teller(language, ZoneInfo("UTC")))
        assert incidents_words(language).kiosk_off in pieces.bands(found)
        assert incidents_words(language).steps.power_lost in pieces.steps(found)


def test_a_cabin_that_was_seen_empty_is_not_called_unseen(written: Written) -> None:
    written.state("emergency", "vacant", 1)
    written.line("fact", "emptied", 1)
    found = told(written.path)
    assert Lack.EMPTY_NOT_CLOSED in found.lacks
    assert Lack.NOT_CLOSED not in found.lacks
    written.line("fact", "appeared", 1)
    assert Lack.NOT_CLOSED in told(written.path).lacks


def test_a_long_incident_is_told_by_its_ends(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "MOMENTS_MOST", 20)
    written.state("warned", "checking", 1)
    for _ in range(60):
        written.line("event", "device_failed", 1, device="modem", code="modem_mute")
    written.state("vacant", "warned", 1)
    found = told(written.path)
    assert Lack.TOO_LONG in found.lacks
    assert len(found.moments) == 20
    assert (found.moments[0].name, found.moments[-1].name) == ("warned", "vacant")


def test_what_comes_after_the_end_belongs_to_others(written: Written) -> None:
    """A mark long after, and the lines of other visits between: these are not its own."""
    written.visit(1)
    written.visit(2)
    written.line("event", "incident_marked", 1, mark="false", by="control_room", note="")
    found = told(written.path)
    assert found.marks[0].by == "control_room"
    assert [moment.name for moment in found.moments if moment.name == "appeared"] == ["appeared"]
    assert found.lasted_s == pytest.approx(12.0)
    second = told(written.path, 2)
    assert [moment.name for moment in second.moments] == ["appeared", "checking", "warned", "tell", "vacant"]
    assert second.steps[0].since_s == pytest.approx(-7.0)
    for number in range(3, 9):
        written.visit(number)
    written.line("event", "incident_marked", 1, mark="true", by="Asha", note="")
    assert [mark.by for mark in told(written.path).marks] == ["control_room", "Asha"]
    assert story(written.path, 99) is None


def test_the_list_is_searched_sifted_and_paged(written: Written) -> None:
    for number in range(1, PAGE + 4):
        written.visit(number)
    written.state("warned", "checking", PAGE + 4)
    incidents = Incidents(written.path, ZoneInfo("Asia/Kolkata"))
    whole = incidents.page(Wanted())
    assert (whole.of, whole.pages, len(whole.incidents)) == (PAGE + 4, 2, PAGE)
    assert whole.incidents[0].incident == PAGE + 4, "the newest first"
    assert [one.incident for one in incidents.page(Wanted(), 2).incidents] == [4, 3, 2, 1]
    assert incidents.page(Wanted(), 99).number == 2
    assert incidents.page(Wanted(phase=Phase.OPEN)).of == 1
    assert incidents.page(Wanted(kind="loitering")).of == PAGE + 3
    assert incidents.page(Wanted(words="#7")).of == 1
    assert incidents.page(Wanted(words="stays long"), named={"loitering": "Stays long"}).of == PAGE + 3
    assert incidents.page(Wanted(day=date(2026, 1, 1))).of == PAGE + 4
    assert incidents.page(Wanted(day=date(2025, 12, 31))).of == 0
    assert incidents.neighbours(2) == (1, 3)
    written.visit(PAGE + 5)
    assert incidents.page(Wanted()).of == PAGE + 5, "new lines are read on their own"


def test_the_list_forgets_a_record_that_was_replaced(tmp_path: Path) -> None:
    first = Written(tmp_path)
    first.visit(1)
    first.visit(2)
    first.close()
    incidents = Incidents(first.path, ZoneInfo("UTC"))
    assert incidents.page(Wanted()).of == 2
    first.path.rename(tmp_path / "old")
    second = Written(tmp_path)
    second.visit(7)
    for number in range(20):
        second.line("event", "status_asked", 0, to=str(number))
    second.close()
    assert [one.incident for one in incidents.page(Wanted()).incidents] == [7]


def test_one_that_a_power_cut_left_open_ends_where_the_next_begins(written: Written) -> None:
    """Its own lines alone are told, not those of the visits that came after."""
    written.state("warned", "checking", 1)
    written.line("event", "device_failed", 0, device="modem", code="modem_mute")
    written.visit(2)
    written.line("event", "incident_marked", 1, mark="true", by="Asha", note="")
    found = told(written.path)
    assert Lack.NOT_CLOSED in found.lacks
    names = [moment.name for moment in found.moments]
    assert names == ["warned", "device_failed", "appeared", "checking", MARKED]
    incidents = Incidents(written.path, ZoneInfo("UTC"))
    assert [one.closed for one in incidents.page(Wanted()).incidents] == [True, True]

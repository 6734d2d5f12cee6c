"""False alarms as the control room judges them: recorded, answered, and without any other effect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.journal.reader import lines, verify
from edge.messages.inbox import ANSWERS, ANSWERS_WITHIN_S, Ignored, Inbox, MarkAsked
from edge.pictures.keeper import Evidence
from edge.reports.listing import Incidents, Marking, Wanted
from edge.reports.timeline import story
from edge.service.asks import MarkIncident
from edge.settings.zones import zone_of
from edge.terms.marks import MARKED, Mark, Marked, plain_words
from edge.terms.record import Recipient
from hw.ports import TextReceived
from tests.worlds.incident_world import IncidentWorld

NUMBERS = {Recipient.WATCHMAN: "+919876543210", Recipient.CONTROL_ROOM: "+912212345678"}
WATCHMAN, CONTROL = NUMBERS.values()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[IncidentWorld]:
    world = IncidentWorld(tmp_path)
    yield world
    world.close()


def read(number: str, text: str) -> object:
    return Inbox(NUMBERS).read(TextReceived(number, text), 0.0)


@pytest.mark.parametrize("text", ["FALSE 12", "false 12", " False  #12. ", "FALSE 12!"])
def test_the_control_room_judges(text: str) -> None:
    assert read(CONTROL, text) == MarkAsked(Recipient.CONTROL_ROOM, 12, Mark.FALSE)
    asked = read(CONTROL, text.upper().replace("FALSE", "TRUE"))
    assert asked == MarkAsked(Recipient.CONTROL_ROOM, 12, Mark.TRUE)


def test_nobody_elses_word_counts() -> None:
    assert read(WATCHMAN, "FALSE 12") == Ignored(Recipient.WATCHMAN, "mark_by_another")
    assert read("+4915112345678", "FALSE 12") == Ignored(None, "stranger")


def test_a_mark_counts_only_where_it_is_answered() -> None:
    inbox = Inbox(NUMBERS)
    texts = [f"{'FALSE' if number % 2 else 'TRUE'} 2" for number in range(ANSWERS + 2)]
    asked = [inbox.read(TextReceived(CONTROL, text), 0.0) for text in texts]
    assert [type(one) for one in asked] == [MarkAsked] * ANSWERS + [Ignored] * 2
    assert asked[-1] == Ignored(Recipient.CONTROL_ROOM, "too_many")
    later = inbox.read(TextReceived(CONTROL, "TRUE 2"), ANSWERS_WITHIN_S)
    assert later == MarkAsked(Recipient.CONTROL_ROOM, 2, Mark.TRUE)


@pytest.mark.slow
def test_marks_by_text_are_recorded_and_answered_and_change_nothing_else(
    world: IncidentWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = world.desk.phone.texts

    def heard(sender: str, text: str) -> list[str]:
        before = len(texts)
        world.text(sender, text)
        return [one.text for one in texts[before:]]

    world.run(5.0)
    [unknown] = heard("control_room", "FALSE 417")
    assert "There is no such incident" in unknown
    assert all(line.name != MARKED and "417" not in line.data for line in lines(world.record))

    world.lock()
    told: list[tuple[int, Mark]] = []
    monkeypatch.setattr(Evidence, "mark", lambda evidence, incident, mark: told.append((incident, mark)))
    [answer] = heard("control_room", "FALSE 1")
    assert answer.startswith("Cabin 1. Noted as a false alarm; the cabin works as before. Incident 1, ")
    assert world.desk.hands.lock_on, "the door is where it was"
    world.open_and_leave()

    asked = MarkIncident(incident=1, mark=Mark.TRUE, by="Asha\t9876543210", note="call +91 98765 43210")
    assert world.desk.answer(asked, uid=4_000_000)["error"] == "not_root", "any user of the machine may not"
    nobody = MarkIncident(incident=99, mark=Mark.TRUE, by="Asha")
    assert world.desk.answer(nobody)["error"] == "incident_unknown"
    assert world.desk.answer(asked)["marked"] == "true"

    before = world.desk.kiosk.state
    heard("control_room", "FALSE 1")
    heard("control_room", "FALSE 1")  # the same word again is no second line
    heard("control_room", "TRUE 1")
    assert heard("watchman", "FALSE 1") == []
    assert world.desk.kiosk.state == before
    assert told == [(1, Mark.TRUE)], "a text, which may be forged, says nothing about how long pictures stay"
    ignored = [line for line in lines(world.record) if line.name == "text_ignored"]
    assert '"mark_by_another"' in ignored[-1].data

    found = story(world.record, 1)
    assert found is not None
    assert found.marks == (
        Marked(1, Mark.FALSE, "control_room"),
        Marked(1, Mark.TRUE, "Asha …", "call …"),
        Marked(1, Mark.FALSE, "control_room"),
        Marked(1, Mark.TRUE, "control_room"),
    ), "the earlier ones stay"
    assert found.mark == found.marks[-1], "the later one counts"
    incidents = Incidents(world.record, zone_of("UTC"))
    assert [one.incident for one in incidents.all_of(Wanted(marking=Marking.TRUE))] == [1]
    assert incidents.all_of(Wanted(marking=Marking.FALSE)) == ()
    world.desk.close()
    assert verify(world.record).ok


def test_a_note_holds_no_telephone_number_and_no_control_character() -> None:
    assert plain_words("call +91 98765-43210\nnow\x1b[31m", 200) == "call … now[31m"
    for number in (
        "+49 (0) 171 1234567",
        "0171 - 12 - 34 - 56",
        "98765 \u2013 43210",
        "98\u201176\u201154",
        "98_76_54",
    ):
        assert plain_words(f"call {number} now", 200) == "call … now"
    assert plain_words("ticket 4711, 2026-01-02", 200) == "ticket 4711, …"
    assert len(plain_words("x" * 500, 200)) == 200

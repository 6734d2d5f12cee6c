"""The owner's code over the real record, outbox, inbox and modem: sent, compared, refused, void."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from edge.cabin.events import EntryVerdict
from edge.identity.desk import CodeJudged, CodeNotSent, CodeRefused, CodeSent, OwnerSaidNo
from edge.identity.limits import CodeRules, OwnerRefusal
from edge.journal.reader import lines, outbox, recall, verify
from edge.messages.inbox import NO_AFTER_S
from edge.terms.record import OWNER_CODE_KIND, Channel, OwnerTries, Recipient, RowState
from edge.words.language import LanguageName
from tests.worlds.owner_world import ANNA, NUMBERS, OWNER, OwnerWorld, WorldClock

FULL = OSError(errno.ENOSPC, "no space")


@pytest.fixture
def world(tmp_path: Path) -> OwnerWorld:
    world = OwnerWorld(tmp_path)
    world.run(1.0)
    world.begin()
    return world


def account(world: OwnerWorld, person: int = ANNA) -> OwnerTries:
    """What is on the card."""
    found = [row for row in recall(world.folder / "journal.db").owners if row.person == person]
    return found[0] if found else OwnerTries(person)


def refused(why: OwnerRefusal, wait_s: float = 0.0) -> CodeRefused:
    return CodeRefused(1, why, wait_s)


# --- the way of a code -----------------------------------------------------------------------------


def test_the_owners_code_opens_once(world: OwnerWorld) -> None:
    world.ask()
    assert world.last() == CodeSent(1)
    assert world.phone.texts() == [
        f"Cabin 1, Main Road 5: CODE {world.phone.code()} for your card, until 08:03. Not you? Answer NO. #1"
    ]
    assert world.type(world.phone.code()) == CodeJudged(1, EntryVerdict.RIGHT, 3)
    assert world.type(world.phone.code()) == refused(OwnerRefusal.NO_CODE)
    assert (account(world).tries, account(world).rests) == (0, 0)


def test_the_text_is_in_the_owners_language(world: OwnerWorld) -> None:
    world.codes.begin(2, ANNA, OWNER, world.clock.now_s(), LanguageName.DE)
    world.ask()
    assert "für Ihre Karte" in world.phone.texts()[-1]
    world.begin(3)
    world.ask()
    assert "for your card" in world.phone.texts()[-1]


def test_three_wrong_ones_rest_the_card_and_the_right_one_is_void(world: OwnerWorld) -> None:
    world.ask()
    right, wrong = world.phone.code(), world.wrong()
    for left in (2, 1):
        assert world.type(wrong) == CodeJudged(1, EntryVerdict.WRONG, left)
    last = world.type(wrong)
    assert isinstance(last, CodeJudged)
    assert (last.verdict, last.tries_left) == (EntryVerdict.WRONG, 0)
    assert last.rest_s == pytest.approx(600.0, abs=1.0)
    assert world.type(right) == refused(OwnerRefusal.NO_CODE)
    world.ask()
    again = world.last()
    assert isinstance(again, CodeRefused)
    assert again.why is OwnerRefusal.CARD_RESTS
    world.run(601.0, 10.0)
    world.ask()
    assert world.last() == CodeSent(1)
    assert world.type(world.phone.code()) == CodeJudged(1, EntryVerdict.RIGHT, 3)


def test_a_new_code_gives_no_try_back_and_the_one_before_it_is_void(world: OwnerWorld) -> None:
    world.ask()
    first = world.phone.code()
    world.type(world.wrong())
    world.ask()
    assert world.type(first) == CodeJudged(1, EntryVerdict.SUPERSEDED, 1)
    last = world.type(world.wrong())
    assert isinstance(last, CodeJudged)
    assert last.rest_s > 0


def test_three_codes_an_hour_and_one_more_when_the_first_is_an_hour_old(world: OwnerWorld) -> None:
    for _ in range(3):
        world.ask()
        assert world.last() == CodeSent(1)
    world.ask()
    no = world.last()
    assert isinstance(no, CodeRefused)
    assert no.why is OwnerRefusal.TOO_MANY
    world.run(no.wait_s + 1.0, 60.0)
    world.ask()
    assert world.last() == CodeSent(1)
    assert len(world.phone.texts()) == 4


def test_a_code_is_good_for_its_time_from_when_the_network_took_it(world: OwnerWorld) -> None:
    world.ask()
    world.run(178.0, 1.0)
    assert world.type("12") == refused(OwnerRefusal.INCOMPLETE)
    world.run(2.0)
    assert world.type(world.phone.code()) == refused(OwnerRefusal.NO_CODE)
    assert account(world).tries == 0


def test_the_keys_of_the_customers_keypad_do_the_same(world: OwnerWorld) -> None:
    def press(keys: str) -> None:
        for key in keys:
            world.codes.key(key, world.clock.now_s())
        world.run(4.0)

    press("#")
    press(f"12*{world.phone.code()}")
    assert world.last() == CodeJudged(1, EntryVerdict.RIGHT, 3)


def test_an_entry_that_nobody_wanted_does_not_stay_at_the_keypad(world: OwnerWorld) -> None:
    world.ask()
    world.decides = False
    for key in "123456":
        world.codes.key(key, world.clock.now_s())
    world.forget()
    world.decides = True
    for key in world.phone.code():
        world.codes.key(key, world.clock.now_s())
    world.run(1.0)
    assert world.last() == CodeJudged(1, EntryVerdict.RIGHT, 3)


def test_nobody_without_a_claim_gets_anything(world: OwnerWorld) -> None:
    world.codes.end(world.clock.now_s())
    world.codes.issue(world.clock.now_s())
    world.codes.compare(world.clock.now_s())
    world.run(5.0)
    assert world.phone.texts() == []
    assert account(world) == OwnerTries(ANNA)


def test_without_a_number_on_file_nothing_is_sent_or_counted(world: OwnerWorld) -> None:
    world.begin(2, phone="")
    world.ask()
    assert world.last() == CodeRefused(2, OwnerRefusal.NOT_SENT)
    assert account(world).codes_left_s == ()


def test_the_code_is_never_the_watchmans_live_one(tmp_path: Path) -> None:
    drawn = iter(["111111", "111111", "222222", "222222", "333333"])
    world = OwnerWorld(tmp_path, choose=lambda digits: next(drawn))
    world.watchman.issue(1)
    world.begin()
    world.ask()
    assert world.phone.code() == "222222"
    world.watchman.issue(2)
    assert world.watchman.text() == "333333"


# --- a claim ends ----------------------------------------------------------------------------------


def test_the_end_of_a_claim_voids_its_code_and_takes_its_number_away(world: OwnerWorld) -> None:
    world.phone.modem.fault("mute")
    world.codes.given("", world.clock.now_s())
    world.run(2.0)
    world.codes.end(world.clock.now_s())
    world.run(1.0)
    [row] = [row for row in outbox(world.folder / "journal.db") if row.kind == OWNER_CODE_KIND]
    assert not row.state.is_open or row.tries  # in the modem's hand just now, or superseded
    world.phone.modem.fault("mute", False)
    world.begin(2, person=8, phone="+15550188")
    world.run(120.0, 0.5)
    assert world.phone.texts() == []
    assert world.phone.texts("+15550188") == []
    [row] = [row for row in outbox(world.folder / "journal.db") if row.kind == OWNER_CODE_KIND]
    assert row.state is RowState.SUPERSEDED


def test_a_code_of_one_claim_opens_no_other(world: OwnerWorld) -> None:
    world.ask()
    code = world.phone.code()
    world.begin(2)
    assert world.type(code) == CodeRefused(2, OwnerRefusal.NO_CODE)
    world.begin(3, person=8, phone="+15550188")
    world.ask()
    other = world.type(code)
    assert isinstance(other, CodeJudged)
    assert other.verdict is EntryVerdict.WRONG
    assert account(world).tries == 0
    assert account(world, 8).tries == 1


def test_a_claim_that_ends_while_its_try_waits_is_not_compared(world: OwnerWorld) -> None:
    world.ask()
    code = world.phone.code()
    world.codes.given(code, world.clock.now_s())
    world.codes.compare(world.clock.now_s())  # counted, not answered yet
    world.begin(2)
    world.run(2.0)
    assert not [news for news in world.heard if isinstance(news, CodeJudged)]
    assert account(world).tries == 1


# --- what does not reach the card ------------------------------------------------------------------


def test_a_try_that_is_not_on_the_card_is_never_compared(world: OwnerWorld) -> None:
    world.ask()
    code = world.phone.code()
    world.disk_error = FULL
    assert world.type(code) == refused(OwnerRefusal.NOT_ON_RECORD)
    assert world.type(code) == refused(OwnerRefusal.NOT_ON_RECORD)
    world.disk_error = None
    world.run(20.0)  # the disk takes again what waited
    assert account(world).tries == 2, "a try that was not compared is not given back either"
    assert world.type(code) == CodeJudged(1, EntryVerdict.RIGHT, 3)


def test_an_attacker_who_fills_the_disk_gets_no_guess_for_it(world: OwnerWorld) -> None:
    world.ask()
    code = world.phone.code()
    world.disk_error = FULL
    for _ in range(3):
        assert world.type(code) == refused(OwnerRefusal.NOT_ON_RECORD)
    rests = world.type(code)
    assert isinstance(rests, CodeRefused)
    assert rests.why is OwnerRefusal.CARD_RESTS
    again = world.cut()
    again.begin()
    again.ask()
    assert again.type(code) == CodeJudged(1, EntryVerdict.WRONG, 2)
    assert account(again).tries == 1


def test_a_code_that_is_not_counted_on_the_card_is_not_sent(world: OwnerWorld) -> None:
    world.disk_error = FULL
    world.ask()
    assert world.last() == refused(OwnerRefusal.NOT_ON_RECORD)
    world.disk_error = None
    world.run(30.0)
    assert world.phone.texts() == []
    assert len(account(world).codes_left_s) == 1
    [row] = outbox(world.folder / "journal.db")
    assert row.state is RowState.SUPERSEDED


def test_a_disk_that_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    world = OwnerWorld(tmp_path)
    world.begin()
    world.ask()
    code = world.phone.code()
    answers, world.on_record.answers = world.on_record.answers, lambda: iter(())  # type: ignore[method-assign]
    assert world.type(code) == refused(OwnerRefusal.NOT_ON_RECORD)
    world.on_record.answers = answers  # type: ignore[method-assign]
    world.run(1.0)  # the word that came too late
    assert world.last() == refused(OwnerRefusal.NOT_ON_RECORD)


# --- power cuts and clocks -------------------------------------------------------------------------


def test_a_power_cut_between_code_and_entry_voids_the_code_and_keeps_the_tries(world: OwnerWorld) -> None:
    world.ask()
    code = world.phone.code()
    world.type(world.wrong())
    again = world.cut()
    again.begin()
    assert again.type(code) == refused(OwnerRefusal.NO_CODE)
    again.ask()
    assert again.type(code) == CodeJudged(1, EntryVerdict.WRONG, 1)
    last = again.type(code)
    assert isinstance(last, CodeJudged)
    assert last.rest_s > 0


def test_a_message_with_a_code_of_before_a_restart_never_goes_out(world: OwnerWorld) -> None:
    world.phone.modem.fault("mute")
    world.codes.given("", world.clock.now_s())
    world.run(2.0)
    world.phone.modem.fault("mute", False)
    again = world.cut()
    again.begin()
    again.run(30.0)
    assert again.phone.texts() == []


@pytest.mark.parametrize(
    ("change", "left_s"),
    [
        ({"mono_s": 1400.0}, 200),  # the same boot: 400 s later, whatever the wall clock says
        ({"mono_s": 1400.0, "ahead_s": 9e9}, 200),
        ({"mono_s": 5.0, "boot": "second", "ahead_s": 1_767_254_400.0 + 400.0 - 5.0}, 200),
        ({"mono_s": 5.0, "boot": "second", "ahead_s": 9e9, "true": False}, 600),
        ({"mono_s": 5.0, "boot": "second", "ahead_s": 0.0}, 600),
    ],
)
def test_a_rest_outlives_a_power_cut_as_far_as_a_clock_can_say(
    tmp_path: Path, change: dict[str, object], left_s: float
) -> None:
    world = OwnerWorld(tmp_path, WorldClock())
    world.begin()
    world.ask()
    for _ in range(3):
        world.type(world.wrong())
    world.clock.mono_s = 1000.0 + 0.0  # on the clock of the rows below
    world.journal.let_go()
    clock = WorldClock()
    for name, value in change.items():
        setattr(clock, name, value)
    again = OwnerWorld(tmp_path, clock, world.phone)
    again.begin()
    again.ask()
    no = again.last()
    assert isinstance(no, CodeRefused)
    assert no.wait_s == pytest.approx(left_s, abs=15.0)


def test_a_lost_record_rests_every_card_once_and_over_more_starts(world: OwnerWorld) -> None:
    world.ask()
    world.type(world.wrong())
    world.journal.let_go()
    for path in tmp_files(world):
        path.write_bytes(b"not a record" * 400)
    again = OwnerWorld(world.folder, world.clock, world.phone)
    assert [code for code, _ in again.remembered.faults] == ["journal_damaged"]
    again.begin(person=99)  # never had an account
    again.ask()
    assert isinstance(again.last(), CodeRefused)
    third = again.cut()
    assert third.remembered.faults == ()
    third.begin()
    third.ask()
    no = third.last()
    assert isinstance(no, CodeRefused)
    assert no.why is OwnerRefusal.CARD_RESTS
    third.run(601.0, 20.0)
    third.ask()
    assert third.last() == CodeSent(1)


def test_where_no_owner_is_asked_for_a_lost_record_leaves_no_account(tmp_path: Path) -> None:
    class Off(OwnerWorld):
        in_use = False

    (tmp_path / "journal.db").write_bytes(b"not a record" * 400)
    world = Off(tmp_path)
    assert [code for code, _ in world.remembered.faults] == ["journal_damaged"]
    world.run(1.0)
    assert recall(tmp_path / "journal.db").owners == ()
    assert not any(line.name.startswith("owner") for line in lines(tmp_path / "journal.db"))


def tmp_files(world: OwnerWorld) -> list[Path]:
    return [path for path in world.folder.iterdir() if path.name.startswith("journal.db")]


def test_the_accounts_of_removed_persons_leave_the_record(world: OwnerWorld) -> None:
    world.ask()
    world.type(world.wrong())
    assert account(world).tries == 1
    world.codes.keep_only({8, 9}, world.clock.now_s())
    world.run(1.0)
    assert recall(world.folder / "journal.db").owners == ()
    assert verify(world.folder / "journal.db").ok
    assert world.cut().desk.row(ANNA).tries == 0


def test_an_account_that_says_nothing_any_more_goes_at_the_next_start(world: OwnerWorld) -> None:
    world.ask()
    world.type(world.phone.code())
    again = world.cut()
    assert again.remembered.owners != ()
    world.clock.mono_s += 3601.0
    again.cut()
    assert recall(world.folder / "journal.db").owners == ()
    assert verify(world.folder / "journal.db").ok


# --- the modem is dead -----------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["mute", "absent", "unregistered"])
def test_a_dead_modem_is_told_within_its_time_and_voids_the_code(world: OwnerWorld, fault: str) -> None:
    world.phone.modem.fault(fault)
    begun_s = world.clock.now_s()
    world.ask()
    assert world.last() == CodeNotSent(1)
    assert world.clock.now_s() - begun_s <= 66.0
    world.phone.modem.fault(fault, False)
    world.run(120.0, 0.5)
    texts = world.phone.texts()
    assert texts == [] or world.type(world.phone.code()) == refused(OwnerRefusal.NO_CODE)


def test_a_text_that_is_not_delivered_voids_its_code(world: OwnerWorld) -> None:
    world.phone.modem.fault("undelivered")
    world.ask()
    world.run(60.0, 0.5)
    assert world.last() == CodeNotSent(1)


# --- the owner answers -----------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["NO", "no", "No.", "NEIN!", "nahi", "नहीं", "  no, that is not me"])
def test_a_no_of_the_owner_stops_the_code_and_rests_the_card(world: OwnerWorld, words: str) -> None:
    world.ask()
    world.phone.modem.incoming(OWNER, words)
    world.run(3.0)
    assert world.last() == OwnerSaidNo(1)
    assert world.type(world.phone.code()) == refused(OwnerRefusal.NO_CODE)
    assert account(world).rests == 1
    world.ask()
    assert isinstance(world.last(), CodeRefused)


def test_a_no_is_heard_for_a_while_after_the_claim_and_then_it_is_a_strangers(world: OwnerWorld) -> None:
    world.ask()
    world.codes.end(world.clock.now_s())
    world.run(NO_AFTER_S - 5.0, 5.0)
    world.phone.modem.incoming(OWNER, "NO")
    world.run(3.0)
    assert world.last() == OwnerSaidNo(1)
    world.begin(2)
    world.codes.end(world.clock.now_s())
    world.run(NO_AFTER_S + 1.0, 5.0)
    count = len(world.heard)
    world.phone.modem.incoming(OWNER, "NO")
    world.run(3.0)
    assert len(world.heard) == count


@pytest.mark.parametrize("number", ["+15550199", NUMBERS[Recipient.CONTROL_ROOM]])
def test_a_no_of_anybody_else_is_nothing(world: OwnerWorld, number: str) -> None:
    world.ask()
    world.phone.modem.incoming(number, "NO")
    world.run(3.0)
    assert world.last() == CodeSent(1)


def test_only_the_first_no_of_a_claim_counts(world: OwnerWorld) -> None:
    for _ in range(5):
        world.phone.modem.incoming(OWNER, "NO")
        world.run(2.0)
    assert world.heard == [OwnerSaidNo(1)]
    assert account(world).rests == 1


def test_one_telephone_may_be_the_watchmans_and_the_owners(world: OwnerWorld) -> None:
    number = NUMBERS[Recipient.WATCHMAN]
    world.begin(2, phone=number)
    world.ask()
    assert world.last() == CodeSent(2)
    world.phone.modem.incoming(number, "STATUS")
    world.run(5.0)
    assert "state vacant" in world.phone.texts(number)[-1]
    world.phone.modem.incoming(number, "NO")
    world.run(3.0)
    assert world.last() == OwnerSaidNo(2)


def test_nothing_else_that_an_owner_texts_is_answered(world: OwnerWorld) -> None:
    world.phone.modem.incoming(OWNER, "STATUS")
    world.run(5.0)
    assert world.phone.texts() == []
    assert [h.data["why"] for h in world.shown if h.data.get("name") == "text_ignored"] == [
        "owner_said_other"
    ]


def test_the_record_says_what_happened_and_nothing_that_identifies(world: OwnerWorld) -> None:
    world.ask()
    world.type(world.wrong())
    world.type(world.phone.code())
    path = world.folder / "journal.db"
    events = [(line.name, line.data) for line in lines(path) if line.kind == "event"]
    assert events == [
        ("owner_code_asked", '{"claim":1,"number":1}'),
        ("owner_code_tried", '{"claim":1,"tries":1}'),
        ("owner_code_tried", '{"claim":1,"tries":2}'),
        ("owner_code_right", '{"claim":1}'),
    ]
    assert verify(path).ok


def test_the_settings_choose_the_way_out(tmp_path: Path) -> None:
    world = OwnerWorld(tmp_path, rules=CodeRules(channel=Channel.WEBHOOK))
    world.begin()
    world.ask()
    assert world.last() == CodeNotSent(1), "no webhook is set up here"
    assert world.phone.texts() == []

"""The words: lengths in SMS, what each text must name, and that only a code text has a code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from edge.cabin.commands import PromptCause, PromptKey
from edge.cabin.events import Anomaly
from edge.messages.prompts import clip_texts, longest_warning_s, prompt_clips, prompt_text
from edge.messages.texts import ALERT_KINDS, Context, code_in, help_text, make_text, status_text
from edge.terms.reason import Ground, Measure, Number, Reason
from edge.terms.record import Channel, OutboxRow, Recipient
from edge.words.grounds import brief_in
from edge.words.language import LanguageName
from edge.words.languages import reason_words, words_of
from hw.modem import gsm7, pdu

WALL_S = 1_772_339_400.0  # 2026-03-01 04:30 UTC
KOLKATA = ZoneInfo("Asia/Kolkata")
SHORT = Context("Cabin 1", "", "en", KOLKATA)
LONGEST = Context("C" * 24, "A" * 60, "en", KOLKATA)

CODE_ROW = OutboxRow(37, 12, "code", 2, Recipient.WATCHMAN, Channel.SMS, WALL_S, 120.0, "2 of 5", tries=1)
ALERT_ROW = OutboxRow(
    38, 12, "locked", 0, Recipient.CONTROL_ROOM, Channel.SMS, WALL_S, 3600.0, "mask", tries=1
)


def code_text(context: Context = SHORT, row: OutboxRow = CODE_ROW) -> str:
    return make_text(row, context, WALL_S, code="417", until_wall_s=WALL_S + 300)


def test_a_code_text_says_all_that_the_watchman_needs() -> None:
    text = code_text(replace(LONGEST, cabin="Cabin 1", address="Main Road 5"))
    for wanted in (
        "Cabin 1",
        "Main Road 5",
        "Incident 12",
        "CODE 417",
        "2 of 5",
        "until 10:05",
        "earlier ones void",
    ):
        assert wanted in text
    assert text.endswith("#37")
    assert code_in(text) == "417"


def test_a_repeat_has_the_same_short_number_and_says_so() -> None:
    assert code_text(row=replace(CODE_ROW, tries=2)).endswith("#37 repeat")


def test_without_a_set_clock_no_time_is_named() -> None:
    text = make_text(CODE_ROW, SHORT, 1000.0, code="417", until_wall_s=1300.0)
    assert not re.search(r"\d\d:\d\d", text)
    assert "earlier ones void" in text
    assert not re.search(r"\d\d:\d\d", make_text(replace(ALERT_ROW, created_wall_s=5.0), SHORT, 9.0))


def test_a_code_row_without_its_code_makes_no_text() -> None:
    with pytest.raises(ValueError, match="code row"):
        make_text(CODE_ROW, SHORT, WALL_S)


@pytest.mark.parametrize("language", LanguageName)
@pytest.mark.parametrize("digits", ["417", "41700417"])
def test_the_code_is_found_again_in_every_language(language: str, digits: str) -> None:
    text = make_text(CODE_ROW, replace(LONGEST, language=language), WALL_S, code=digits, until_wall_s=WALL_S)
    assert code_in(text) == digits


@pytest.mark.parametrize("language", [LanguageName.EN, LanguageName.DE])
def test_the_longest_texts_of_the_latin_alphabet_fit_two_sms_and_the_usual_code_one(language: str) -> None:
    row = replace(CODE_ROW, number=99999, incident=99999, tries=3)
    longest = replace(LONGEST, language=language)
    text = make_text(row, longest, WALL_S, code="41700417", until_wall_s=WALL_S + 300)
    assert gsm7.fits(text)
    assert len(pdu.split(text)) <= 2
    usual = make_text(
        row, replace(longest, address="Main Road 5, Pune"), WALL_S, code="417", until_wall_s=WALL_S
    )
    assert len(pdu.split(usual)) == 1
    for kind in KINDS:
        text = make_text(replace(ALERT_ROW, kind=kind, number=99999, incident=99999), longest, WALL_S)
        assert gsm7.fits(text), kind
        assert len(pdu.split(text)) <= 2, kind


def test_hindi_goes_as_ucs2_in_at_most_four_parts() -> None:
    usual = Context("Cabin 1", "Main Road 5, Pune", "hi", KOLKATA)
    for context, most in ((usual, 2), (replace(LONGEST, language="hi"), 4)):
        assert not gsm7.fits(code_text(context))
        assert len(pdu.split(code_text(context))) <= most
        for kind in KINDS:
            assert len(pdu.split(make_text(replace(ALERT_ROW, kind=kind), context, WALL_S))) <= most, kind


KINDS = sorted(
    {anomaly.value for anomaly in Anomaly}
    | {"locked", "released", "codes_used_up", "code_withdrawn", "keypad_lockout", "lock_withheld"}
    | {"restarted_locked", "exit_stuck", "fire", "presence_stuck", "camera_gone", "fault"}
    | {"out_of_service", "exit_unshown", "door_opened_often", "clock_held", "release_refused"}
    | {"identity_failed", "owner_said_no", "test", "code_typed", "all_ok", "duress"}
)


WHY = Reason(
    Ground.STAYED_LONG,
    "face",
    9,
    1.0,
    (640, 480),
    (Number(Measure.STAYED_S, 181.25, 180), Number(Measure.AREA_PERCENT, 7.333)),
)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (LanguageName.EN, ": time in the cabin 181.2 s (limit 180 s). "),
        (LanguageName.DE, ": Zeit in der Kabine 181.2 s (Grenze 180 s). "),
        (LanguageName.HI, ": केबिन में समय 181.2 s (सीमा 180 s). "),
    ],
)
def test_a_text_says_the_most_telling_number_of_a_reason(language: str, said: str) -> None:
    row = replace(ALERT_ROW, kind="loitering", reason=WHY.brief())
    text = make_text(row, replace(SHORT, language=language), WALL_S)
    assert said in text
    assert "\n" not in text


@pytest.mark.parametrize("language", LanguageName)
def test_an_email_says_the_rule_and_every_number_in_the_language_of_the_cabin(language: LanguageName) -> None:
    row = replace(ALERT_ROW, kind="loitering", reason=WHY.brief(), channel=Channel.EMAIL)
    text = make_text(row, replace(SHORT, language=language), WALL_S)
    words = words_of(language)
    _, blank, rule, first, second = text.split("\n")
    assert not blank
    assert words.grounds.stayed_long in rule
    assert first.startswith(words.measures.stayed_s)
    assert second == f"{words.measures.area_percent} 7.33 %"


@pytest.mark.parametrize("ground", Ground)
def test_every_reason_fits_where_its_alert_does(ground: Ground) -> None:
    """Also the longest name of a number, in every language; and none can be taken for a code."""
    for language, most in ((LanguageName.EN, 2), (LanguageName.DE, 2), (LanguageName.HI, 4)):
        for measure in Measure:
            brief = replace(WHY, ground=ground, numbers=(Number(measure, 1234.5, 1000.25),)).brief()
            for reason in (brief, ground.value):
                row = replace(ALERT_ROW, kind="loitering", reason=reason)
                text = make_text(row, replace(SHORT, language=language), WALL_S)
                assert language is LanguageName.HI or gsm7.fits(text), text
                assert len(pdu.split(text)) <= most
                assert code_in(text) is None


def test_odds_are_said_as_the_probability_that_they_are() -> None:
    row = replace(ALERT_ROW, kind="fight", reason="fight_seen log_odds=2/0")
    assert "certainty 88.1 % (limit 50 %)" in make_text(row, SHORT, WALL_S)


def test_what_only_looks_like_a_reason_stands_as_the_record_has_it() -> None:
    for reason in ("stayed_long stayed_s=x", "stayed_long nonsense=3", "no_ground stayed_s=3"):
        assert brief_in(reason) is None
        assert reason_words(reason, words_of("en")) == reason.replace("_", " ")


def test_there_is_an_alert_of_every_kind_and_no_other() -> None:
    assert sorted(ALERT_KINDS) == KINDS


def test_no_alert_can_be_taken_for_a_code() -> None:
    for language in LanguageName:
        for kind in KINDS:
            for reason in ("", "code", "modem_mute", "anything_else"):
                row = replace(ALERT_ROW, kind=kind, reason=reason)
                assert code_in(make_text(row, replace(SHORT, language=language), WALL_S)) is None


def test_a_fault_is_told_with_its_cause_from_the_catalogue() -> None:
    text = make_text(replace(ALERT_ROW, kind="fault", reason="keypad_stuck"), SHORT, WALL_S)
    assert "keypad_stuck. A key is held down or shorted" in text


def test_a_language_that_is_not_complete_makes_no_text() -> None:
    """The settings let none through; nothing is said in another language than the one asked for."""
    with pytest.raises(ValueError, match="xx"):
        make_text(ALERT_ROW, replace(SHORT, language="xx"), WALL_S)
    with pytest.raises(ValueError, match="xx"):
        prompt_text("locked", "mask", None, "xx")


def test_answers_to_people() -> None:
    assert "RELEASE" in help_text(SHORT)
    assert len(pdu.split(help_text(LONGEST))) <= 2
    row = replace(ALERT_ROW, kind="status", tries=2)
    assert make_text(row, SHORT, WALL_S, facts={"state": "vacant"}).endswith("#38 repeat")
    assert make_text(replace(row, kind="help"), SHORT, WALL_S).startswith(help_text(SHORT))
    assert status_text(SHORT, WALL_S, {"state": "vacant", "signal": "-73 dBm"}).startswith(
        "Cabin 1. state vacant, signal"
    )


# --- prompts ---------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("language", LanguageName)
@pytest.mark.parametrize("cause", list(PromptCause))
@pytest.mark.parametrize("prompt", list(PromptKey))
def test_every_prompt_has_words_and_clips(prompt: PromptKey, cause: PromptCause, language: str) -> None:
    recorded = clip_texts(language)
    for seconds in (None, 0, 1, 14, 20, 23, 59, 60, 900):
        text = prompt_text(prompt.value, cause.value, seconds, language)
        clips = prompt_clips(prompt.value, cause.value, seconds)
        assert "{" not in text
        assert bool(text) == (prompt is not PromptKey.SILENCE)
        assert bool(clips) == (prompt is not PromptKey.SILENCE)
        for clip in clips:
            assert recorded[clip]
            assert re.fullmatch(r"[a-z0-9_]+", clip)


def test_a_warning_says_what_to_do_when_it_locks_and_how_to_leave() -> None:
    text = prompt_text("show_face", "mask", 14, "en")
    assert (
        text
        == "Please take off your mask. The door will lock in 14 s. The exit button always opens the door."
    )
    assert prompt_clips("show_face", "mask", 14) == (
        "cause_mask",
        "lock_in",
        "number_14",
        "seconds",
        "exit_always",
    )
    assert "lock" not in prompt_text("show_face", "one_at_a_time", None, "en")
    assert "about to lock" in prompt_text("show_face", "mask", 0, "en")
    assert prompt_clips("show_face", "mask", 0) == ("cause_mask", "lock_soon", "exit_always")


@pytest.mark.parametrize("language", LanguageName)
def test_no_warning_takes_longer_than_the_longest(language: str) -> None:
    def spoken_s(clips: Sequence[str], text: str) -> float:
        return sum(len(name) for name in clips) + len(text) / 100

    longest_s = longest_warning_s(language, spoken_s)
    taken = [
        spoken_s(
            prompt_clips("show_face", cause.value, seconds),
            prompt_text("show_face", cause.value, seconds, language),
        )
        for cause in PromptCause
        for seconds in (None, *range(61))
    ]
    assert max(taken) <= longest_s <= max(taken) + 1


def test_spoken_seconds_never_promise_more_time_than_there_is() -> None:
    for seconds in range(1, 60):
        number = next(
            clip for clip in prompt_clips("show_face", "mask", seconds) if clip.startswith("number_")
        )
        assert 0 < int(number.removeprefix("number_")) <= seconds


def test_whoever_is_locked_in_is_told_why_and_how_to_leave() -> None:
    for language in LanguageName:
        text = prompt_text("locked", "mask", None, language)
        assert words_of(language).prompts.exit_always in text


def test_unknown_names_are_errors() -> None:
    with pytest.raises(KeyError):
        prompt_text("no_such", "mask", None, "en")
    with pytest.raises(KeyError):
        prompt_clips("locked", "no_such", None)


# --- the card owner's code -------------------------------------------------------------------------

OWNER_ROW = OutboxRow(37, 0, "owner_code", 1, Recipient.OWNER, Channel.SMS, WALL_S, 60.0, tries=1)


def owner_text(context: Context, row: OutboxRow = OWNER_ROW, wall_s: float = WALL_S) -> str:
    return make_text(row, context, wall_s, code="041723", until_wall_s=wall_s + 180)


def test_an_owners_text_says_where_until_when_and_what_to_do() -> None:
    text = owner_text(replace(SHORT, address="Main Road 5"))
    assert text == ("Cabin 1, Main Road 5: CODE 041723 for your card, until 10:03. Not you? Answer NO. #37")
    assert code_in(text) == "041723"


@pytest.mark.parametrize("language", LanguageName)
def test_an_owners_text_is_one_sms(language: str) -> None:
    late = replace(OWNER_ROW, number=9999, tries=3)
    longest = replace(LONGEST, language=language)
    most = 2 if language == LanguageName.HI else 1  # of 70 letters the longest name takes 24
    for context, parts in ((replace(SHORT, language=language), 1), (longest, most)):
        text = owner_text(context)
        assert len(pdu.split(text)) == parts, text
        assert context.cabin in text
    usual = replace(longest, cabin="Cabin 1", address="Main Road 5, Pune")
    assert len(pdu.split(owner_text(usual, late))) == 1
    assert ("Main Road 5" in owner_text(usual)) is (language != LanguageName.HI)  # 70 letters are too few


def test_without_a_set_clock_an_owners_code_has_minutes() -> None:
    assert ", for 3 min." in owner_text(SHORT, wall_s=1000.0)


def test_an_owners_row_without_its_code_makes_no_text() -> None:
    with pytest.raises(ValueError, match="code row"):
        make_text(OWNER_ROW, SHORT, WALL_S)

"""Every built-in story: in the staged cabin with the real networks, and with scripted eyes."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args, get_type_hints

import cv2
import pytest

from edge.__main__ import main
from edge.bench import playing, seeing
from edge.bench.desk import StoryClock
from edge.bench.keeping import with_secret
from edge.bench.leaving import scratch
from edge.bench.playing import play_story
from edge.bench.story import Outcome, Story, built_in, check_words, find, parse
from edge.cabin import commands, events
from edge.faults.fault import FaultError
from edge.identity.person import Act
from edge.loop.happening import Happening, describe
from edge.settings.load import load
from edge.terms.identity import CheckFailed
from edge.terms.observation import CameraHealth
from edge.words.language import LanguageName
from hw.camera.staged import StagedCabin
from tests.worlds.desk_world import play_scripted

STORIES = tuple(built_in())
WANTED = {
    "proper-face",
    "mask-off",
    "never-shown",
    "three-wrong",
    "fire",
    "exit-button",
    "power-cut",
    "modem-dead",
    "camera-dies",
    "two-persons",
    "leaves",
    "skimmer",
    "photograph",
    "owner",
    "owner-code",
    "owner-wrong-codes",
    "owner-masked",
    "owner-several",
    "owner-photograph",
    "owner-power-cut",
    "owner-modem-dead",
    "owner-no",
    "owner-removed",
    "broker-away",
}
IN_PICTURES_ALONE = ("skimmer", "photograph")


def told(heard: list[Happening]) -> str:
    return "\n".join(f"{h.at_s:8.2f} {h.kind} {dict(h.data)}" for h in heard[-60:])


def test_the_stories_are_there() -> None:
    assert set(STORIES) == WANTED
    assert all(story.title != name for name, story in built_in().items())


WAITED_LESS = {
    "fire": ["flow.fire_clear_s=10"],
    "modem-dead": ["flow.unreachable_release_s=40"],
    "owner-modem-dead": ["identity.owner_send_s=15"],
    "owner-photograph": ["identity.verify_s=10"],
    "three-wrong": ["flow.keypad_lockout_s=15"],
}
"""Where a story waits long before the same picture: the waits as delivered are those of the long run, and of
the scripted eyes."""
SELDOM = (
    *("broker-away", "exit-button", "fire", "modem-dead", "power-cut", "skimmer", "three-wrong"),
    *("owner-modem-dead", "owner-no", "owner-power-cut", "owner-wrong-codes"),
)
"""Looked at half as often: the same masked person as in `never-shown`, the same stranger as in `owner-code`,
and eight minutes of an empty cabin whose front is looked at every two seconds."""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", STORIES)
def test_story_in_the_staged_cabin(name: str, full: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    story = find(name)
    less: list[str] = []
    if not full:
        less = WAITED_LESS.get(name, [])
        if name in SELDOM:
            monkeypatch.setattr(playing, "STORY_FPS", playing.STORY_FPS / 2)
            monkeypatch.setattr(playing, "BLINKING_FPS", playing.BLINKING_FPS / 2)
    heard: list[Happening] = []
    outcome = play_story(story, load(None, [*story.settings, *less]), heard.append)
    assert outcome.ok, f"{outcome.failure}\n{told(heard)}"


def test_somebody_else_with_the_card_and_the_owners_code() -> None:
    """The one of the stories that every run of the tests plays."""
    heard: list[Happening] = []
    with scratch("test") as folder:
        outcome = play_scripted("owner-code", Path(folder), heard.append)
    assert outcome.ok, f"{outcome.failure}\n{told(heard)}"


@pytest.mark.slow
@pytest.mark.parametrize("language", LanguageName)
@pytest.mark.parametrize("name", [name for name in STORIES if name not in IN_PICTURES_ALONE])
def test_story_with_scripted_eyes(name: str, language: LanguageName) -> None:
    heard: list[Happening] = []
    story = find(name)
    spoken = replace(story, settings=(*story.settings, f"cabin.language={language}"))
    with scratch("test") as folder:
        outcome = play_scripted(spoken, Path(folder), heard.append)
    assert outcome.ok, f"{outcome.failure}\n{told(heard)}"


@pytest.mark.slow
def test_a_story_is_the_same_every_time() -> None:
    runs = []
    for _ in range(2):
        heard: list[Happening] = []
        with scratch("test") as folder:
            play_scripted("three-wrong", Path(folder), heard.append)
        runs.append(heard)
    assert runs[0] == runs[1]


def outcome_of(lines: str) -> Outcome:
    with scratch("test") as folder:
        return play_scripted(parse("mine", lines), Path(folder))


def refused(lines: str) -> str:
    with pytest.raises(FaultError) as caught:
        parse("mine", lines)
    assert caught.value.code == "story_wrong"
    return caught.value.detail


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lines", "failure"),
    [
        (
            "+1 enter anna with mask\nby +5 see state cleared",
            "line 2: state cleared: not seen by 6.0 s; last was",
        ),
        ("+1 enter anna\nby +10 see state cleared\nnever see permit on", "line 3: permit on was seen at"),
        ("+1 leave anna", "line 1: leave anna: cannot be done"),
        ("+1 power on", "line 1: power on: cannot be done: the power is on"),
        ("+1 power off\n+1 power off", "line 2: power off: cannot be done: the power is off"),
        ("+1 keys PREVIOUS", "line 1: keys PREVIOUS: cannot be done: no code came before"),
        ("+1 keys A", "line 1: keys A: cannot be done: this keypad has no key 'A'"),
        ("+1 key D stuck", "line 1: key D stuck: cannot be done: this keypad has no key 'D'"),
        ("+1 set flow.siren=1", "line 1: set flow.siren=1: cannot be done: --set flow.siren"),
        (
            "+1 set wiring.case.fitted=false\n+0 restart\n+1 case on",
            "line 3: case on: cannot be done: no case",
        ),
    ],
)
def test_a_story_that_does_not_come_true_says_where(lines: str, failure: str) -> None:
    outcome = outcome_of(lines)
    assert outcome.failure.startswith(failure), outcome.failure
    assert not outcome.ok


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("enter anna", "a line begins with a time such as 12 or +3: a time is missing before 'enter'"),
        ("+x enter anna", "a line begins with a time such as 12 or +3: '+x' is no time"),
        ("+nan enter anna", "a line begins with a time such as 12 or +3: '+nan' is no time"),
        ("-3 enter anna", "a line begins with a time such as 12 or +3: '-3' is no time"),
        ("nevr see state locked", "a line begins with a time such as 12 or +3: 'nevr' is no time; there are"),
        ("by soon see state locked", "a line begins with a time such as 12 or +3: 'soon' is no time"),
        ("+1", "words are missing: what happens?"),
        ("+1 dance", "'dance' is not known here"),
        ("+1 enter 'anna'", "\"'anna'\": words stand without quotes"),
        ("by +1 state locked", "'see' is missing before 'state'"),
        ("by +1", "'see' is missing; right is: see state locked"),
        ("by +1 see", "words are missing: after 'see' comes state"),
        ("by +1 see state locked and see", "words are missing: after 'see' comes state"),
        ("by +1 see weather fine", "'weather' is nothing that can be seen; there are state"),
        ("never see state", "words are missing: after 'state' comes state"),
        ("never see state lokced", "'lokced' is no state; there are vacant"),
        ("by 3 see door open", "'open' does not fit after 'door'; there are locked, unlocked"),
        ("by 3 see permit yes", "'yes' does not fit after 'permit'; there are on, off"),
        ("by 3 see sms guard", "'guard' is no receiver of an SMS; there are watchman"),
        ("by 3 see sound horn", "'horn' is no sound; there are off, beeps, siren"),
        ("by 3 see lamps blue", "'blue' is no lamp; there are green, amber, red, off"),
        ("never see event TYPO", "'TYPO' is no event"),
        ("never see event wrong_cod", "'wrong_cod' is no event; did you mean wrong_code?"),
        ("never see event ticked", "'ticked' is no event"),
        ("never see event device_failed promt", "'device_failed' never has 'promt'; did you mean"),
        ("never see event wrong_code twice", "'wrong_code' never has 'twice'; it stands alone"),
        ("never see command set_dor", "'set_dor' is no command; there are"),
        ("never see command note", "'note' is no command"),
        ("never see state locked now", "'now' is one word too many"),
        ("exactly see state locked", "'see' is no number from 1"),
        ("exactly 2.5 see state locked", "'2.5' is no number from 1"),
        ("at first see state locked", "'first' does not fit after 'at'"),
        ("at least 0 see state locked", "'0' is no number from 1"),
        ("exactly 1 see state locked and see door locked", "one thing alone can be counted"),
        ("repeat\n+1 wait\nend", "words are missing: how often?"),
        ("repeat 0\n+1 wait\nend", "'0' is no number from 1 to 1000"),
        ("repeat 2 times\n+1 wait\nend", "'times' is one word too many"),
        ("repeat 1000\nrepeat 1000\n+1 wait\nend\nend", "a story has 20000 lines at most"),
        ("+1 wait\nend", "nothing was begun that could end"),
        ("repeat 2\n5 wait\nend", "'5': within a repeat times count from the line before"),
        ("repeat 2\n+1 wait", "this repeat has no end"),
        ("+1 wait\nset flow.siren_s=60", "this stands before everything that happens; later: +0 set"),
        ("clip", "words are missing: after 'clip' comes the name of a recording"),
        # --- times that go back
        ("12 wait\n5 wait", "'5' goes back: the lines before have come to 12 s"),
        ("12 wait\n+5 wait\n16 wait", "'16' goes back: the lines before have come to 17 s"),
        ("12 wait\nby 11 see state vacant", "'11' goes back: the lines before have come to 12 s"),
        ("by 20 see state vacant\n19 wait", "'19' goes back: the lines before have come to 20 s"),
        ("repeat 3\n+5 wait\nend\n14 wait", "'14' goes back: the lines before have come to 15 s"),
    ],
)
def test_a_line_that_cannot_be_understood_is_refused_by_file_line_and_word(line: str, why: str) -> None:
    wrong = {"has no end": 1, "how often": 1, "1000": 1, "'times'": 1, "within": 2}
    number = next((at for words, at in wrong.items() if words in why), line.count("\n") + 1)
    assert refused(line).startswith(f"mine, line {number}: {why}"), refused(line)


def test_a_story_in_which_nothing_happens_is_refused() -> None:
    assert refused("# title alone") == "mine: nothing happens in it"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (
            "fire maybe",
            "'maybe' does not fit after 'fire'; there are on, off, press; right is: fire on|off|press",
        ),
        ("fire", "words are missing: after 'fire' comes on or off or press; right is: fire on|off|press"),
        ("modem unheard_of on", "'unheard_of' is no fault of a modem (absent, mute,"),
        ("modem mute", "words are missing: after 'mute' comes on or off"),
        ("wire kitchen cut", "'kitchen' is no input; there are door,"),
        ("keys 12x", "'12x' is no key (0 to 9, *, #, A to D, or CODE, PREVIOUS, WRONG, DURESS)"),
        ("enter", "words are missing: after 'enter' comes name such as anna"),
        ("enter with mask", "'with' is no name such as anna"),
        ("enter anna with", "words are missing: after 'with' comes cover"),
        ("enter anna with hat", "'hat' is no cover; there are glasses,"),
        ("mask on anna now", "'now' is one word too many"),
        ("camera sleeps", "'sleeps' does not fit after 'camera'; there are dies, comes, clear,"),
        ("clock 60", "'60' is no jump in seconds, such as +3600 or -60"),
        ("sms from nobody hello", "'nobody' is no sender (watchman,"),
        ("sms from stranger", "words are missing: after 'stranger' comes text"),
        ("relay lock", "words are missing: after 'lock' comes broken or welded or well"),
    ],
)
def test_an_action_that_makes_no_sense_is_refused_by_word(words: str, why: str) -> None:
    assert refused(f"+1 {words}").startswith(f"mine, line 1: {why}"), refused(f"+1 {words}")


# --- names -----------------------------------------------------------------------------------------


def test_every_event_and_command_of_the_unions_can_be_looked_for() -> None:
    """By making one of each; `Note` is shown as the event that it names, `Ticked` never."""
    for kind, names, union, left_out in (
        ("event", seeing.event_names(), events.Event, {events.Ticked}),
        ("command", seeing.command_names(), commands.Command, {commands.Note}),
    ):
        for member in get_args(union):
            if member in left_out:
                continue
            hints = get_type_hints(member)
            one = member(*(seeing.samples(hints[field.name])[-1] for field in dataclasses.fields(member)))
            assert describe(one)["name"] in names, member
            seeing.check([kind, str(describe(one)["name"])])
    assert {f"face_{fact}" for fact in events.FaceFact} <= set(seeing.event_names())
    assert {f"camera_{health}" for health in CameraHealth} <= set(seeing.event_names())
    assert {f"{anomaly}_ended" for anomaly in events.Anomaly} <= set(seeing.event_names())
    assert "disk_full" in seeing.event_names()


def _remarks(repo: Path, saved_by: str = "") -> set[str]:
    """The names that the sources give to remarks: `Note`, `note("event", …)`, `Happening(…, "event", …)`.

    `saved_by`: and what is saved by a function of that name.
    """
    found: set[str] = set()
    for path in (repo / "edge").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            words = _texts(call.args)
            if name == "Note" or name == saved_by:
                found.update(words[:1])
            elif name == "note" and words[:1] == ["event"]:
                found.update(words[1:2])
            elif (
                name in ("Happening", "tell")
                and words[:1] == ["event"]
                and isinstance(call.args[-1], ast.Dict)
            ):
                found.update(_texts(call.args[-1].values))
    return found


def _texts(nodes: Sequence[ast.expr]) -> list[str]:
    constants = [one.value for one in nodes if isinstance(one, ast.Constant)]
    return [value for value in constants if isinstance(value, str)]


@pytest.mark.slow
def test_every_remark_of_the_sources_can_be_looked_for(repo: Path) -> None:
    missing = _remarks(repo) - set(seeing.event_names())
    assert not missing, f"add to seeing.REMARKS: {missing}"
    by_type = {*CheckFailed, *Act, *_remarks(repo, "_save")}
    gone = set(seeing.REMARKS) - _remarks(repo) - by_type
    assert not gone, f"nothing says these any more, so a 'never' of them always holds: {gone}"


@pytest.mark.slow
def test_everything_that_is_heard_in_the_built_in_stories_can_be_looked_for() -> None:
    for name in STORIES:
        heard: list[Happening] = []
        with scratch("test") as folder:
            play_scripted(name, Path(folder), heard.append)
        for one in heard:
            if one.kind in ("event", "fact", "fault"):
                assert one.data["name"] in seeing.event_names(), one
            elif one.kind == "command":
                assert one.data["name"] in seeing.command_names(), one
            elif one.kind == "state":
                seeing.check(["state", str(one.data["name"])])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("never see prompt take off your msk", "no prompt says 'take off your msk'"),
        ("at most 1 see prompt lock in 7 minutes", "no prompt says"),
        ("never see sms watchman cod 1 of 5", "no SMS says 'cod'"),
        ("exactly 2 see sms control_room kepad", "no SMS says 'kepad'"),
    ],
)
def test_words_that_no_text_has_make_no_never(line: str, why: str) -> None:
    with pytest.raises(FaultError) as caught:
        check_words(parse("mine", f"+1 wait\n{line}"), load(None))
    assert caught.value.code == "story_wrong"
    assert caught.value.detail.startswith(f"mine, line 2: {why}")


@pytest.mark.parametrize(
    "line",
    [
        "never see prompt take off your mask",
        "never see prompt lock in 14 s",
        "never see sms watchman code 1 of 5",
        "never see sms control_room keypad",
        "never see sms control_room Cabin",
        "never see sms watchman disk_full",
    ],
)
def test_words_that_texts_have_are_looked_for(line: str) -> None:
    check_words(parse("mine", f"+1 wait\n{line}"), load(None))


# --- what the format can say -----------------------------------------------------------------------

LOCKED = "+1 enter anna with mask\nby +40 see state locked\nby +1 see door locked\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "lines",
    [
        # Two things of one moment have no order; nor have things said to come in any.
        LOCKED + "+5 exit on\nby +0.1 see door unlocked\nby +0.1 see state emergency",
        LOCKED + "+5 exit on\nby +0.1 see state emergency\nby +0.1 see door unlocked",
        LOCKED + "by +10 see sms control_room locked and see sms watchman code",
        LOCKED + "by +10 see sms watchman code and see sms control_room locked",
        # Counts.
        LOCKED + "exactly 1 see sms watchman code\nat least 1 see state locked\nat most 1 see state warned",
        LOCKED + "+3 keys WRONG\n+2 keys WRONG\nby +3 see event wrong_code\nexactly 2 see event wrong_code",
        # Siren and lamps.
        "by +1 see lamps green\n" + LOCKED.replace("locked\nby +1", "locked\nby +0 see sound siren\nby +1"),
        "+1 enter anna with mask\nby +20 see sound beeps and see lamps amber",
        # Texts to the kiosk.
        "+1 sms from control_room STATUS\nby +5 see sms control_room vacant",
        "+1 sms from stranger hello\nby +5 see event text_ignored",
        "+1 sms from +491701234567 STATUS\nby +5 see event text_ignored\nnever see sms control_room vacant",
        # Keys.
        "+1 key 5 stuck\nby +40 see event device_failed keypad keypad_stuck\n+1 key 5 free\n"
        "by +5 see event device_recovered keypad",
        "+1 key 5 stuck\nby +40 see event keypad_stuck\n+1 restart\nby +40 see event keypad_stuck",
        # Wires, relays, sounder.
        "+1 keypad broken\n+1 keys 1\nby +5 see event device_failed keypad\n+1 keypad well\n"
        "by +5 see event device_recovered keypad",
        "+1 relay permit broken\n+1 enter anna\nby +10 see event device_failed permit",
        "+1 wire exit cut\nby +1 see event input_moved exit on\n+1 wire exit whole\n"
        "by +2 see event input_moved exit off",
        "+1 prompt broken\n+1 restart\n+1 enter anna with mask\nby +20 see event prompt_failed",
        # A clock that jumps.
        "+1 clock +3600\nby +2 see event clock_jumped",
        "+1 clock -86400\nby +2 see event clock_jumped\nby +60 see event clock_wrong",
        # A setting changed midway is in effect from the next start on.
        "+1 set flow.adjust_after_s=12\n+1 enter anna with mask\nby +8 see state warned\n+1 leave anna\n"
        "by +9 see state vacant\n+1 restart\n+1 enter anna with mask\nby +5 see state checking\n"
        "by +14 see state warned\nexactly 2 see state warned",
        "+1 set people.watchman=+15550177\n+0 restart\n" + LOCKED + "by +10 see sms watchman code",
        # A cabin without a contact at its door.
        "set wiring.door.fitted=false\n+1 enter anna\nby +9 see state cleared\n+1 leave anna\n"
        "by +9 see state vacant\nnever see event input_moved door",
        "+1 set wiring.door.fitted=false\n+1 enter anna\n+0.5 restart\nby +9 see state cleared",
        # Repeats.
        "repeat 3\n+1 enter anna\nby +9 see state cleared\n+2 leave anna\nby +9 see state vacant\nend\n"
        "exactly 3 see state vacant",
        "repeat 2\n+1 case on\nrepeat 3\n+1 panic on\n+1 panic off\nend\n+1 case off\nend\n"
        "exactly 6 see event input_moved panic on\nexactly 2 see event input_moved case on",
        # Comments, and the key with the same character.
        LOCKED + "by +9 see sms watchman code\n+3 keys CODE#  # and a comment\nby +3 see state released",
    ],
)
def test_a_story_can_say(lines: str) -> None:
    outcome = outcome_of(lines)
    assert outcome.ok, outcome.failure


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lines", "failure"),
    [
        (LOCKED + "exactly 2 see sms watchman code", "line 4: sms watchman code was seen 1 times, at "),
        (LOCKED + "at least 3 see state locked", "line 4: state locked was seen 1 times, at "),
        (LOCKED + "at most 1 see event code_accepted\n+400 wait", "line 4: event code_accepted was seen "),
        (
            LOCKED + "by +5 see sms watchman code and see state cleared",
            "line 4: sms watchman code and state cl",
        ),
        ("repeat 3\n+1 power off\nend", "line 2 (2 of 3): power off: cannot be done"),
        (
            "+1 enter anna with mask\nby +40 see state warned\n40 wait\nby 41 see state vacant",
            "line 4: state vac",
        ),
        (
            "+1 set flow.adjust_after_s=12\n+0 restart\n+1 enter anna with mask\nby +8 see state warned",
            "line 4: ",
        ),
    ],
)
def test_what_a_story_says_can_fail(lines: str, failure: str) -> None:
    outcome = outcome_of(lines)
    assert outcome.failure.startswith(failure), outcome.failure


def test_a_time_that_has_passed_is_refused_when_it_is_reached() -> None:
    """Nobody can know before how long a line waits."""
    outcome = outcome_of("+1 enter anna with mask\nby +30 see state warned\n2 mask off")
    assert outcome.failure.startswith("line 3: mask off: its time is 2 s, and it is ")


@pytest.mark.slow
def test_the_code_before_the_last_opens_nothing() -> None:
    """Three wrong codes bring a new one; the one before is refused by name."""
    wrong = "+3 keys WRONG\n+2 keys WRONG\n+2 keys WRONG\n"
    outcome = outcome_of(
        f"{LOCKED}by +9 see sms watchman code 1 of 5\n{wrong}by +120 see sms watchman code 2 of 5\n"
        "+3 keys PREVIOUS\nby +3 see event superseded_code\nnever see state released"
    )
    assert outcome.ok, outcome.failure


@pytest.mark.slow
def test_two_entries_are_typed_one_after_the_other() -> None:
    outcome = outcome_of(
        f"{LOCKED}by +9 see sms watchman code\n+3 keys WRONG\n+0 keys CODE\nby +4 see event wrong_code\n"
        "by +4 see state released"
    )
    assert outcome.ok, outcome.failure


@pytest.mark.slow
def test_the_control_room_releases_by_sms_with_the_right_password_alone(tmp_path: Path) -> None:
    secret = with_secret(load(None), tmp_path).people.hotp_secret_file
    outcome = outcome_of(
        f"set people.hotp_secret_file={secret}\n{LOCKED}"
        "+5 sms from control_room RELEASE INCIDENT 000000\nby +9 see event release_refused\n"
        "+70 sms from control_room RELEASE INCIDENT HOTP\nby +9 see state released",
    )
    assert outcome.ok, outcome.failure


# --- played in the staged cabin --------------------------------------------------------------------


def played(story: Story, *overrides: str) -> Outcome:
    return play_story(story, load(None, [*story.settings, *overrides]), lambda _: None)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_photo_held_up_is_noticed_and_told() -> None:
    lines = "+1 enter anna\nby +9 see state cleared\n+1 photo on\nby +20 see event still_picture\n"
    outcome = played(parse("mine", f"{lines}+2 photo off\nby +20 see event still_picture_ended"))
    assert outcome.ok, outcome.failure


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_story_plays_on_a_recording(tmp_path: Path) -> None:
    clock = StoryClock()
    stage = StagedCabin(clock)
    film = cv2.VideoWriter(str(tmp_path / "anna.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 5.0, (640, 480))
    for number in range(60):
        clock.move_to(number / 5)
        if number == 5:
            stage.do("enter anna", clock.now_s())
        colour = stage.read().colour
        assert colour is not None
        film.write(colour)
    film.release()
    path = tmp_path / "film.story"
    path.write_text("title On a recording\nclip anna.mp4\nby 10 see state cleared\nnever see state warned\n")
    assert main(["bench", "--story", str(path)]) == 0
    path.write_text("clip anna.mp4\n+1 enter george\n")
    assert main(["bench", "--story", str(path)]) == 1
    path.write_text("clip nothing.mp4\n+1 wait\n")
    assert main(["bench", "--story", str(path)]) == 3

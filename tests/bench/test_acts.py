"""Every word of the table, done by the socket's own way: at the wire, noted like a typed one, or refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from edge.bench import acting
from edge.bench.acting import ACTIONS, KINDS
from edge.bench.answering import words_known
from edge.bench.lasting import LASTING
from edge.bench.story import parse
from edge.cabin.events import Device
from edge.cabin.state import State
from edge.service.threads import LIMITS, Part
from hw.bench import COVERS, LENSES
from hw.ports import Input
from tests.worlds.bench_world import ALL_FITTED, LiveCabin, scripted_cabin, staged_cabin

EXAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "enter": ("enter anna with mask and glasses", "enter george"),
    **{cover: (f"{cover} on anna", f"{cover} off") for cover in COVERS},
    "photo": ("photo on anna", "photo held", "photo off"),
    "turn": tuple(f"turn {side} anna" for side in ("away", "left", "right", "up", "down", "front")),
    "crouch": ("crouch anna",),
    "stand": ("stand",),
    "lights": ("lights dim", "lights off", "lights on"),
    "leave": ("leave george", "leave"),
    "keys": ("keys 12*", "keys WRONG#"),
    "claim": ("claim anna", "claim anna machine"),
    "code": ("code", "code 123456"),
    "end": ("end",),
    "pad": ("pad 12", "pad ASK"),
    "machine": ("machine cut", "machine back", "machine restarts"),
    "ails": ("ails hung on", "ails hung off machine"),
    "card": ("card george removed", "card george enrolled"),
    "key": ("key 5 stuck", "key 5 free"),
    **{name.value: (f"{name} on", f"{name} off", f"{name} press") for name in Input},
    "wire": ("wire fire cut", "wire fire whole", "wire exit unreadable", "wire exit whole"),
    "relay": ("relay lock broken", "relay lock well", "relay permit welded", "relay permit well"),
    "keypad": ("keypad broken", "keypad well", "keypad inside broken", "keypad inside well"),
    "buzzer": ("buzzer broken", "buzzer well"),
    "prompt": ("prompt broken", "prompt hangs", "prompt well"),
    "modem": ("modem mute on", "modem mute off", "modem cms:500 on", "modem cms:500 off"),
    "broker": ("broker down", "broker up", "broker refuses", "broker up"),
    "sms": ("sms from watchman STATUS", "sms from owner NO", "sms from anna NO", "sms from +15550123 hello"),
    "camera": ("camera dies", "camera comes back", *(f"camera {lens}" for lens in LENSES), "camera clear"),
    "front": ("front skimmer", "front whole", "front taught"),
    "power": ("power off", "power on"),
    "set": ("set flow.siren_s=60",),
    "restart": ("restart",),
    "clock": ("clock +3600", "clock unset", "clock set"),
    "thread": ("thread journal hangs", "thread journal well", "thread modem dies"),
    "disk": ("disk full", "disk fails", "disk well"),
    "release": ("release",),
    "wait": ("wait 1",),
}
"""Words of every kind, in an order in which each can be done to the cabin that the ones before have left."""

REFUSED: Final[Mapping[str, str]] = {
    "dance": "'dance' is not known here",
    "": "words are missing",
    "enter": "words are missing: after 'enter' comes name such as anna",
    "enter anna": "anna is here already",
    "leave olga": "olga is not in the cabin",
    "mask on olga": "olga is not in the cabin",
    "camera from kitchen": "'kitchen' is no camera (staged, webcam:N, clip:PATH)",
    "camera from clip:/nowhere/at/all.mp4": "clip_unreadable",
    "thread kitchen hangs": "'kitchen' is no part of the program; there are input_path, journal, evidence",
    "thread atm hangs": "this cabin has no thread atm",
    "key X stuck": "'X' is no key",
    "keys D": "this keypad has no key 'D'",
    "keys PREVIOUS": "no code came before the last one",
    "sms from nobody hello": "'nobody' is no sender (watchman, watchman2, control_room, owner, anna, george,",
    "claim anna": "no machine says whose card it has: set identity.enabled=true",
    "set flow.siren_s=never": "flow.siren_s",
    "save /tmp/x.story": "'save' is not known here",
    "quit": "'quit' is not known here",
    "wire kitchen cut": "'kitchen' is no input",
    "pad 1": "the second keypad is not fitted",
    "keypad inside broken": "no second keypad is fitted",
}
"""Words that cannot be done with anna inside, no machine and no second keypad, and what is said of them."""


@pytest.fixture
def cabin(tmp_path: Path) -> Iterator[LiveCabin]:
    with scripted_cabin(tmp_path) as cabin:
        yield cabin


def _state(cabin: LiveCabin) -> State:
    return cabin.desk.kiosk.state


def _locked(cabin: LiveCabin) -> bool:
    return cabin.desk.hands.lock_on


def test_every_word_has_its_example() -> None:
    assert set(EXAMPLES) == set(ACTIONS) == set(LASTING)


@pytest.mark.slow
def test_every_word_can_be_done_and_is_noted_like_a_typed_one(tmp_path: Path) -> None:
    with staged_cabin(tmp_path, *ALL_FITTED) as cabin:
        done: list[str] = []
        for words in EXAMPLES.values():
            for one in words:
                acted = cabin.act(one)
                if one == "release":
                    assert acted.said == "not done: nothing is locked"
                    continue
                assert (acted.done, acted.said) == (True, f"done: {one}")
                done.append(one)
                cabin.run_to(cabin.desk.clock.now_s() + 0.1)
        typed = [line.words for line in cabin.diary.lines if line.kind == "typed"]
        told = [one for one in typed if one.startswith("done")]
        assert told == [f"done: {one}" for one in done][-len(told) :]
        story = cabin.notebook.text("All of it", [], None, [])
    lines = parse("all", story).lines
    noted = [" ".join(line.words[0]) for line in lines if line.verb == "do"]
    assert noted == [one for one in done if not one.startswith("wait")], "the clock's times stand for waiting"


@pytest.mark.slow
def test_words_that_cannot_be_done_say_why_and_are_not_noted(tmp_path: Path) -> None:
    with staged_cabin(tmp_path) as cabin:
        cabin.does("enter anna").run_to(2.0)
        for words, why in REFUSED.items():
            acted = cabin.act(words)
            assert not acted.done, words
            assert acted.said.startswith("not done: "), words
            assert why in acted.said, (words, acted.said)
    noted = parse("noted", cabin.notebook.text("x", [], None, [])).lines
    assert [line.words for line in noted if line.verb == "do"] == [(("enter", "anna"),)]


def test_digits_alone_are_typed_at_the_keypad(cabin: LiveCabin) -> None:
    cabin.does("12#")
    cabin.run_to(2.0)
    touched = [line for line in cabin.diary.lines if line.words == "key touched"]
    assert len(touched) == 3


def test_keys_without_power_are_said_to_be_lost(cabin: LiveCabin) -> None:
    cabin.does("power off")
    assert cabin.act("keys 12#").said == "done: keys 12#; the power is off: the keys were lost"
    assert cabin.act("release").said == "not done: the power is off"


def test_only_what_is_locked_can_be_released(cabin: LiveCabin) -> None:
    assert cabin.act("release").said == "not done: nothing is locked"
    cabin.does("enter anna with mask").run_to(27.0).does("release")
    assert cabin.view().state == "released"


def test_a_code_that_was_clicked_is_noted_by_its_name(cabin: LiveCabin) -> None:
    """Another play has another code, and no digits are written down."""
    cabin.does("enter anna with mask").run_to(45.0)
    code = cabin.desk.last_code()
    assert code is not None
    cabin.does(f"keys {code}#").run_to(47.0)
    assert cabin.view().state == "released"
    story = cabin.notebook.text("x", [], None, [])
    assert "keys CODE#" in story
    assert code not in story


def test_a_pressed_contact_is_let_go_of_by_itself(cabin: LiveCabin) -> None:
    cabin.does("exit press").run_to(0.2)
    assert _state(cabin).exit
    cabin.run_to(1.0)
    assert not _state(cabin).exit
    cabin.does("fire on").run_to(5.0)
    assert _state(cabin).fire
    assert cabin.desk.acts.words == (("fire", "on"),), "a press is over"


@pytest.mark.slow
def test_a_thread_that_hangs_is_met_as_the_watch_meets_it(cabin: LiveCabin) -> None:
    """After its own limit its device has failed under its own code; a while after it goes on it works."""
    cabin.does("enter anna with mask").run_to(60.0)
    assert _locked(cabin)
    hung = sorted((part for part in Part if part is not Part.ATM), key=lambda part: LIMITS[part].silent_s)
    for part in hung[1:]:
        cabin.does(f"thread {part} hangs")
    for part in hung[1:]:
        _meets(cabin, part, 60.0)
        assert _locked(cabin), "the door keeps its rules"
    for part in hung[1:]:
        cabin.does(f"thread {part} well")
    cabin.run_to(95.0)
    assert not _state(cabin).failed
    cabin.does(f"thread {hung[0]} hangs")
    _meets(cabin, hung[0], 95.0)
    assert not _locked(cabin), "nobody reads fire and exit any more"
    cabin.does(f"thread {hung[0]} well").run_to(99.0)
    assert not _state(cabin).failed


def _meets(cabin: LiveCabin, part: Part, hangs_since_s: float) -> None:
    limit = LIMITS[part]
    if cabin.desk.clock.now_s() < hangs_since_s + limit.silent_s:  # two of them have the same limit
        cabin.run_to(hangs_since_s + limit.silent_s - 0.2)
        assert limit.device not in _state(cabin).failed
    cabin.run_to(hangs_since_s + limit.silent_s + 0.2)
    assert limit.device in _state(cabin).failed
    assert limit.code in " ".join(line.words for line in cabin.diary.lines)
    assert cabin.switch("threads", part).on


def test_a_thread_that_dies_is_started_again(cabin: LiveCabin) -> None:
    cabin.does("thread journal dies").run_to(0.5)
    assert Device.DISK in _state(cabin).failed
    cabin.run_to(3.0)
    assert Device.DISK not in _state(cabin).failed


def test_what_stands_still_does_nothing(cabin: LiveCabin) -> None:
    """No key is heard, no text goes out or comes in, nothing is written, nobody is answered on the spot."""
    cabin.does("thread input_path hangs", "keys 12", "fire on").run_to(0.5)
    assert "key touched" not in [line.words for line in cabin.diary.lines]
    assert not _state(cabin).fire
    cabin.does("thread input_path well", "thread modem hangs").run_to(2.0)
    assert _state(cabin).fire, "what is held is read as soon as it goes on"
    cabin.does("fire off").run_to(5.0)
    assert not [text for text in cabin.desk.telephones.texts if text.received]
    cabin.does("thread modem well").run_to(8.0)
    assert [text for text in cabin.desk.telephones.texts if text.received]
    cabin.does("thread journal hangs", "exit press").run_to(9.0)
    assert cabin.desk.built.journal.waiting
    cabin.does("thread journal well").run_to(10.0)
    assert not cabin.desk.built.journal.waiting
    cabin.does("thread control hangs")
    assert cabin.act("release").said == "not done: the control socket does not answer"


def test_another_start_has_fresh_threads(cabin: LiveCabin) -> None:
    cabin.does("thread journal hangs").run_to(11.0)
    assert Device.DISK in _state(cabin).failed
    cabin.does("restart").run_to(12.0)
    assert not cabin.switch("threads", "journal").on
    assert Device.DISK not in _state(cabin).failed


@pytest.mark.slow
def test_another_camera_stands_in_its_place_and_the_stage_is_kept(tmp_path: Path) -> None:
    film = tmp_path / "film"
    film.mkdir()
    (tmp_path / "data").mkdir()
    with staged_cabin(tmp_path / "data") as cabin:
        cabin.does("enter anna").run_to(2.0)
        _film(cabin, film)
        cabin.does(f"camera from clip:{film}").run_to(3.0)
        stage = cabin.view().stage
        assert (stage.source, stage.directed, stage.people) == (f"clip:{film}", False, ())
        assert "people can be directed in the staged cabin only" in cabin.act("mask on").said
        shown = cabin.desk.built.watching.reply(cabin.desk.kiosk, 3.0)["seen"]
        assert isinstance(shown, dict)
        assert shown["face"]["ago_s"] < 0.3, "its pictures come"
        cabin.run_to(6.0)
        assert cabin.view().stage.ended
        cabin.does("camera from staged").run_to(7.0)
        assert [one.name for one in cabin.view().stage.people] == ["anna"]


def _film(cabin: LiveCabin, folder: Path) -> None:
    """Two seconds of what the stage shows, as pictures."""
    import cv2

    frame = cabin.desk.mount.source.camera.read()
    assert frame is not None
    for number in range(20):
        cv2.imwrite(str(folder / f"{number:03}.png"), frame.grey)


def test_explained_words_are_those_of_the_table() -> None:
    known = words_known()
    assert [word for word, _, _ in known.words] == list(ACTIONS)
    assert {name for name, _ in known.kinds} == set(KINDS)
    for word, forms, meaning in known.words:
        assert forms == ACTIONS[word].forms
        assert meaning
    assert acting.complete(["thread"], "j") == ["journal"]
    assert acting.complete(["camera", "from"], "") == ["staged", "webcam:0", "clip:"]

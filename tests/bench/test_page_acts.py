"""What the forms of the bench page ask of the cabin: words of the prompt, plug, story; what comes of it."""

from __future__ import annotations

import subprocess
import sys
from http import HTTPStatus
from pathlib import Path

import msgspec
import pytest

from edge.bench.page.cabin_asked import CabinAsked
from edge.bench.page.clips import Clips
from edge.bench.page.stand import Stand
from edge.bench.wire import (
    Act,
    Acted,
    BenchReply,
    BenchRequest,
    Look,
    NotAnswered,
    Plug,
    Stories,
    StoryAsk,
)
from edge.faults.fault import FaultError
from edge.panel.sources import Sources
from edge.settings.load import load
from edge.settings.places import prompts_folder
from edge.web.exchange import PageRequest
from tests.worlds.bench_page import LOCKED


class Asked:
    """Keeps what was asked, and answers with `reply`."""

    def __init__(self) -> None:
        self.requests: list[BenchRequest] = []
        self.reply: BenchReply | FaultError = Acted(done=True, said="done: it")
        self.now_s = 0.0

    def __call__(self, folder: Path, request: BenchRequest, within_s: float) -> BenchReply:
        self.requests.append(request)
        if isinstance(self.reply, FaultError):
            raise self.reply
        return self.reply


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def stand(tmp_path: Path, asked: Asked) -> Stand:
    settings = load(None, [f"paths.data={tmp_path}", f"paths.runtime={tmp_path}"])
    return Stand(CabinAsked(tmp_path, asked, lambda: asked.now_s), Sources(settings, []))


def form(**fields: str) -> PageRequest:
    return PageRequest("/bench/act", form=fields)


def test_words_go_as_they_stand(stand: Stand, asked: Asked) -> None:
    assert stand.act(form(words="keys 4*#")).status is HTTPStatus.OK
    assert asked.requests == [Act("keys 4*#")]


def test_why_something_was_not_done_is_said(stand: Stand, asked: Asked) -> None:
    asked.reply = Acted(done=False, said="not done: anna is here already")
    answer = stand.act(form(words="enter anna"))
    assert answer.status is HTTPStatus.CONFLICT
    assert answer.body == b"not done: anna is here already"


def test_a_cabin_that_does_not_answer_is_named(stand: Stand, asked: Asked) -> None:
    asked.reply = FaultError("loop_late", "no answer within 6 s")
    assert b"may still do it" in stand.act(form(words="restart")).body
    asked.reply = FaultError("kiosk_not_running", "")
    assert b"does not answer" in stand.act(form(words="restart")).body
    asked.reply = NotAnswered(error="not_understood", detail="another version")
    answer = stand.act(form(words="restart"))
    assert answer.status is HTTPStatus.CONFLICT
    assert b"another version" in answer.body


def test_somebody_enters_with_what_is_checked_and_no_odd_name_does(stand: Stand, asked: Asked) -> None:
    stand.enter(form(name=" Anna ", with_mask="on", with_glasses="on", with_wings="on"))
    stand.enter(form(name="george"))
    assert asked.requests == [Act("enter anna with glasses and mask"), Act("enter george")]
    for name in ("", "anna with mask", "<b>", "7", "a" * 40, "anna\nfire on"):
        assert stand.enter(form(name=name)).status is HTTPStatus.CONFLICT
    assert len(asked.requests) == 2


def test_a_text_is_one_line_from_whoever_has_the_telephone(stand: Stand, asked: Asked) -> None:
    stand.text(form(who="control_room", text="RELEASE  INCIDENT\nHOTP"))
    stand.text(form(who="anna", text="NO"))
    stand.text(form(who="anna TEXT", text="x"))
    assert asked.requests == [
        Act("sms from control_room RELEASE INCIDENT HOTP"),
        Act("sms from anna NO"),
        Act("sms from stranger x"),
    ]


def test_the_plug_is_out_or_in_and_nothing_else(stand: Stand, asked: Asked) -> None:
    stand.plug(form(plug="out"))
    stand.plug(form(plug="in"))
    assert stand.plug(form(plug="sideways")).status is HTTPStatus.CONFLICT
    assert asked.requests == [Plug("out"), Plug("in")]


def test_pictures_come_from_the_stage_a_webcam_or_a_recording(stand: Stand, asked: Asked) -> None:
    stand.source(form(kind="staged", where="x"))
    stand.source(form(kind="webcam", where=" 2 "))
    stand.source(form(kind="webcam"))
    stand.source(form(kind="clip", where="/tmp/a b.mp4"))
    assert asked.requests == [
        Act("camera from staged"),
        Act("camera from webcam:2"),
        Act("camera from webcam:0"),
        Act("camera from clip:/tmp/a b.mp4"),
    ]


def test_stories_are_asked_for_by_name_and_pace(stand: Stand, asked: Asked) -> None:
    stand.story(form(do="play", name="fire", pace="5"))
    stand.story(form(do="play", name="fire", pace="9e9"))
    for do in ("pause", "go", "step", "stop", "record", "end"):
        stand.story(form(do=do))
    stand.story(form(do="save", name="mine"))
    assert stand.story(form(do="list")).status is HTTPStatus.CONFLICT
    assert asked.requests[:2] == [StoryAsk("play", "fire", 5.0), StoryAsk("play", "fire", 1.0)]
    assert [one.do for one in asked.requests if isinstance(one, StoryAsk)][2:] == [
        *("pause", "go", "step", "stop", "record", "end", "save")
    ]


def test_what_was_seen_last_is_kept_while_nobody_answers(asked: Asked, tmp_path: Path) -> None:
    cabin = CabinAsked(tmp_path, asked, lambda: asked.now_s)
    asked.reply = FaultError("kiosk_not_running", "")
    assert cabin.sight().view is None
    asked.reply = LOCKED
    assert cabin.sight().view is LOCKED
    asked.now_s = 7.0
    asked.reply = FaultError("loop_late", "")
    sight = cabin.sight()
    assert (sight.view, sight.age_s) == (LOCKED, 7.0)
    assert sight.fault is not None
    assert sight.fault.code == "loop_late"


def test_stories_are_listed_once_until_one_is_saved(stand: Stand, asked: Asked, tmp_path: Path) -> None:
    cabin = CabinAsked(tmp_path, asked)
    asked.reply = Stories(stories=(("fire", "Fire"),))
    for _ in range(3):
        assert cabin.stories().stories == (("fire", "Fire"),)
    assert len(asked.requests) == 1
    cabin.forget_stories()
    cabin.stories()
    assert asked.requests == [StoryAsk("list"), StoryAsk("list")]


def test_a_look_asks_once(stand: Stand, asked: Asked) -> None:
    asked.reply = msgspec.structs.replace(LOCKED, story=None)
    stand.now()
    assert [one for one in asked.requests if isinstance(one, Look)] == [Look()]


def test_phrases_that_were_recorded_can_be_heard_and_no_other_file(tmp_path: Path) -> None:
    settings = load(None, [f"paths.data={tmp_path}", f"paths.runtime={tmp_path}"])
    clips = Clips(settings)
    folder = prompts_folder(settings)
    folder.mkdir(parents=True)
    (folder / "locked.wav").write_bytes(b"RIFF")
    (folder / "secret.wav").write_bytes(b"secret")
    answer = clips(PageRequest("/", args={"file": "locked.wav"}))
    assert (answer.body, answer.kind) == (b"RIFF", "audio/wav")
    for name in ("secret.wav", "locked", "locked.mp3", "..%2Fkey.wav"):
        assert clips(PageRequest("/", args={"file": name})).status is HTTPStatus.NOT_FOUND


@pytest.mark.slow
def test_the_pages_process_loads_neither_eyes_nor_drivers_nor_the_desk(repo: Path) -> None:
    look = (
        "import sys, edge.bench.page.__main__;"
        "print(sorted({'numpy', 'cv2', 'gpiozero', 'edge.bench.desk', 'hw.board'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", look], cwd=repo, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_a_kiosks_page_has_nothing_of_the_bench(repo: Path) -> None:
    """Telephones, keypad, stage and faults are the bench's by construction: its code is not even loaded."""
    look = (
        "import sys, edge.cli.panel, edge.panel.app, edge.service.service;"
        "print(sorted(m for m in sys.modules if m.startswith(('edge.bench', 'hw.bench'))))"
    )
    done = subprocess.run([sys.executable, "-c", look], cwd=repo, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

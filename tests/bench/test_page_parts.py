"""The parts of the bench page, each made from a view alone: every state, every fault, every value escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from edge.bench.acting import check
from edge.bench.cards import PHONES
from edge.bench.page import cabin_part, hand_parts, scene_parts, story_parts, time_parts
from edge.bench.page.cabin_asked import NO_STORIES, Sight
from edge.bench.page.diagram import diagram_svg, ways_out
from edge.bench.page.drawing import COVER_PATHS, cabin_svg
from edge.bench.page.frame import frame
from edge.bench.page.scene import LIGHTS, OWNERS, SIDES, Figure, Scene
from edge.bench.page.stand import expected_phones, live
from edge.bench.page.tongue import Tongue, tongue_of
from edge.bench.wire import (
    BenchView,
    FaultGroup,
    Line,
    PersonSeen,
    PhoneSeen,
    Recorded,
    Stories,
    StorySeen,
    TextSeen,
    TrialSeen,
    WayOut,
    WordsSaid,
)
from edge.cabin.diagram import edges
from edge.cabin.state import Mode
from edge.cabin.ways import LOCK_WAYS, TRIAL_WAYS, Because
from edge.faults.fault import FaultError
from edge.panel.sources import Sources
from edge.settings.load import load
from edge.terms.commission import Tried
from edge.terms.observation import Cover
from edge.words.language import LanguageName
from hw.bench import COVERS, FRONTS, LENSES
from hw.ports import Input
from tests.worlds.bench_page import LOCKED, VACANT, fault_switches

EVIL = '<img src=x onerror="alert(1)">&\''


@pytest.fixture
def tongue() -> Tongue:
    """One that is not the language of the names: what is left in English is seen."""
    return tongue_of(LanguageName.DE)


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(load(None, [f"paths.data={tmp_path}", f"paths.runtime={tmp_path}"]), [])


STORIES = Stories(stories=(("fire", "Fire while locked"),), own=(("mine", "My own"),), folder="/home/stories")


def parts_of(view: BenchView, sources: Sources, tongue: Tongue) -> dict[str, str]:
    return dict(live(Sight(view, 0.0), sources, STORIES, tongue).parts)


class _Tags(HTMLParser):
    """Every tag with its attributes; which were not closed."""

    VOID = frozenset({"input", "br", "img", "link"})
    SHAPES = frozenset({"path", "rect", "circle", "polygon"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag


def words_in(html: str) -> Iterator[str]:
    """The words of every button that acts by words."""
    for tag, attributes in _Tags(html).tags:
        if tag == "button" and attributes.get("name") == "words":
            yield unescape(attributes["value"] or "")


# --- the whole -------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LanguageName)
def test_every_tag_is_closed_and_nothing_is_run_or_styled_in_it(
    sources: Sources, language: LanguageName
) -> None:
    tongue = tongue_of(language)
    for view in (VACANT, LOCKED):
        parts = parts_of(view, sources, tongue)
        read = _Tags(parts.pop("head") + frame(parts, tongue))
        assert read.open == []
        for tag, attributes in read.tags:
            assert tag not in ("script", "style"), "the policy forbids it"
            assert "style" not in attributes
            assert not [name for name in attributes if name.startswith("on")]


def test_every_part_has_one_place_and_every_id_is_one(sources: Sources, tongue: Tongue) -> None:
    parts = parts_of(LOCKED, sources, tongue)
    parts.pop("head")
    ids = [attributes["id"] for _, attributes in _Tags(frame(parts, tongue)).tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert set(parts) <= set(ids)
    labels = [a["for"] for tag, a in _Tags(frame(parts, tongue)).tags if tag == "label" and "for" in a]
    assert set(labels) <= set(ids)
    assert len(labels) > 6


@pytest.mark.parametrize("view", [VACANT, LOCKED], ids=["vacant", "locked"])
def test_no_button_can_do_what_the_words_cannot(view: BenchView, sources: Sources) -> None:
    parts = parts_of(view, sources, tongue_of(LanguageName.EN))
    said = [words for html in parts.values() for words in words_in(html)]
    assert len(said) > 80
    for words in said:
        check(words.split())  # raises where it is none


def test_every_value_is_escaped(sources: Sources, tongue: Tongue) -> None:
    evil = msgspec.structs.replace(
        LOCKED,
        stage=msgspec.structs.replace(
            LOCKED.stage, people=(PersonSeen(EVIL, (EVIL,), EVIL, False, EVIL, False),), light=EVIL, lens=EVIL
        ),
        outputs=msgspec.structs.replace(
            LOCKED.outputs, said=WordsSaid(EVIL, (EVIL,), 0.0, True), pattern=EVIL
        ),
        contacts=tuple(msgspec.structs.replace(one, wire=EVIL) for one in LOCKED.contacts),
        phones=(PhoneSeen("watchman", EVIL, (TextSeen(1.0, 1.0, True, EVIL),)),),
        faults=tuple(
            msgspec.structs.replace(one, name=EVIL, meaning=EVIL, begin=EVIL, end=EVIL, on=True)
            for one in LOCKED.faults[:3]
        ),
        happenings=(Line(1, 1.0, EVIL, EVIL), Line(2, 1.0, "state", f"{EVIL} → {EVIL}")),
        story=StorySeen(EVIL, EVIL, 1, 2, EVIL, False, False, EVIL),
        state=EVIL,
        mode=EVIL,
    )
    shown = live(Sight(evil, 0.0), sources, Stories(stories=((EVIL, EVIL),), folder=EVIL), tongue)
    page = "".join(shown.parts.values())
    assert "<img src=x" not in page
    assert page.count("&lt;img src=x") > 20
    assert _Tags(page).open == []


def test_a_cabin_that_never_answered_leaves_a_page_that_says_so(sources: Sources, tongue: Tongue) -> None:
    for code in ("kiosk_not_running", "loop_late", "bench_answer"):
        shown = live(Sight(None, 0.0, FaultError(code, "x")), sources, NO_STORIES, tongue)
        assert shown.state == "down"
        assert tongue.own.silent in shown.parts["head"]
        expected = tongue.own.other_version if code == "bench_answer" else tongue.own.silent_means
        assert expected in unescape(shown.parts["head"])
        assert _Tags("".join(shown.parts.values())).open == []


def test_a_page_that_was_opened_before_the_cabin_answers_has_the_place_of_everything(
    tmp_path: Path, tongue: Tongue
) -> None:
    folders = [f"paths.data={tmp_path}", f"paths.runtime={tmp_path}"]
    sources = Sources(load(None, [*folders, "identity.enabled=true"]), [])
    before = live(Sight(None, 0.0, FaultError("kiosk_not_running", "")), sources, NO_STORIES, tongue)
    assert set(before.parts) == set(live(Sight(LOCKED, 0.0), sources, STORIES, tongue).parts)
    assert set(expected_phones(sources.settings)) == {phone.who for phone in LOCKED.phones}


def test_what_was_seen_last_stays_with_how_old_it_is(sources: Sources, tongue: Tongue) -> None:
    for code, age_s, said in (
        ("loop_late", 1.0, ""),
        ("loop_late", 7.4, "late"),
        ("kiosk_not_running", 3.0, "silent_means"),
        ("bench_answer", 3.0, "other_version"),
    ):
        shown = live(Sight(LOCKED, age_s, FaultError(code, "x")), sources, NO_STORIES, tongue)
        words = "" if not said else tongue.own.of(said).format(seconds="7")
        assert shown.state == "locked"
        assert ('class="trouble"' in shown.parts["head"]) is bool(said)
        assert words in unescape(shown.parts["head"])


def test_a_pulled_plug_a_restart_and_a_running_cabin_are_told_apart(sources: Sources, tongue: Tongue) -> None:
    w = tongue.own
    for powered, plugged, booting, title, plug in (
        (True, True, False, tongue.page.states.locked, "out"),
        (False, True, True, w.booting, "out"),
        (False, False, True, w.off, "in"),
        (False, False, False, w.off, "in"),
    ):
        state = "locked" if powered else "off"
        now = {"powered": powered, "plugged": plugged, "booting": booting, "state": state, "mode": state}
        view = msgspec.structs.replace(LOCKED, **now)
        shown = live(Sight(view, 0.0), sources, STORIES, tongue)
        assert f"<h1>{title}</h1>" in unescape(shown.parts["head"])
        assert f'name="plug" value="{plug}"' in shown.parts["head"]
        assert title in shown.title
        assert shown.state == ("locked" if powered else "down")


# --- the drawing -----------------------------------------------------------------------------------


def test_the_cabin_is_drawn_in_every_condition() -> None:
    scenes = [
        Scene(powered=powered, door_open=opened, sound=sound)
        for powered in (False, True)
        for opened in (False, True)
        for sound in ("off", "beeps", "siren")
    ]
    scenes += [Scene(lens=lens) for lens in LENSES if lens != "clear"] + [Scene(camera_alive=False)]
    scenes += [Scene(front=front) for front in FRONTS if front != "whole"]
    scenes += [Scene(lights=light) for light in LIGHTS if light != "on"]
    drawn = [cabin_svg(scene, "a cabin") for scene in scenes]
    assert len(set(drawn)) == len(scenes), "each of them looks different"
    for svg in drawn:
        assert _Tags(svg).open == []


def test_each_output_contact_light_and_wire_changes_the_drawing() -> None:
    scenes = [Scene(), Scene(locked=True), Scene(permit=True), Scene(speaking=True), Scene(touched=True)]
    scenes += [*(Scene(lit=frozenset({one})) for one in ("green", "amber", "red"))]
    names = sorted({name.value for name in Input} - {"door"})
    scenes += [Scene(active=frozenset({one})) for one in names]
    scenes += [Scene(dead=frozenset({one})) for one in names]
    assert len({cabin_svg(scene, "") for scene in scenes}) == len(scenes)


def test_every_cover_is_drawn_and_every_side_is_looked_to() -> None:
    assert set(COVER_PATHS) == set(COVERS)
    figures = [Figure("anna", covers=(cover,)) for cover in COVERS]
    figures += [Figure("anna", turn=side) for side in SIDES]
    figures += [Figure("anna", photo=photo) for photo in ("on", "held")]
    figures += [Figure("anna", crouching=True), Figure("anna", leaving=True), Figure("george")]
    assert len({cabin_svg(Scene(figures=(one,)), "") for one in figures}) == len(figures)


def test_the_drawing_says_in_words_what_it_shows(tongue: Tongue) -> None:
    svg = cabin_part.cabin(LOCKED, tongue)
    label = unescape(re.findall(r'aria-label="([^"]*)"', svg)[0])
    w = tongue.own
    for words in (w.door_locked, w.machine_off, w.sirens, w.red, "anna", tongue.page.covers.mask):
        assert words in label


# --- states ----------------------------------------------------------------------------------------


def test_the_diagram_lights_one_state_and_the_ways_out_of_it() -> None:
    for mode in Mode:
        svg = diagram_svg(mode, None, str, "states")
        assert svg.count("mode-") == len(Mode)
        assert re.findall(r'class="mode mode-(\w+) lit"', svg) == [mode]
        assert svg.count("from-here") == sum(source is mode for source, _ in edges())
        assert svg.count('class="way') == len(edges())
        assert [to for to, _ in ways_out(mode)] == [to for source, to in edges() if source is mode]


def test_the_last_way_is_marked_and_said(tongue: Tongue) -> None:
    html = cabin_part.states(LOCKED, tongue)
    assert html.count("gone") == 1
    states = tongue.page.states
    assert tongue.own.last_way.format(source=states.warned, to=states.locked) in unescape(html)


# --- time ------------------------------------------------------------------------------------------


def test_every_deadline_and_every_way_out_has_its_line(tongue: Tongue) -> None:
    html = time_parts.coming(LOCKED, tongue)
    assert html.count('class="tick yes"') + html.count('class="tick no"') == len(LOCK_WAYS)
    for way in LOCK_WAYS:
        assert tongue.own.table.ways.of(way) in unescape(html)
    assert html.count("data-left-s") == 3, "two deadlines that run, one way that comes by itself"
    assert tongue.own.stands_still in unescape(html)


def test_an_open_door_needs_no_way(tongue: Tongue) -> None:
    assert tongue.own.door_is_open in unescape(time_parts.coming(VACANT, tongue))
    assert tongue.own.no_deadline in unescape(time_parts.coming(VACANT, tongue))


def test_a_lock_that_is_tried_is_shown_as_that(tongue: Tongue) -> None:
    view = msgspec.structs.replace(
        VACANT,
        trial=TrialSeen(Tried.LOCK, 3.2),
        outputs=msgspec.structs.replace(VACANT.outputs, locked=True),
        ways=tuple(WayOut(way, True, Because.WORKS, None) for way in TRIAL_WAYS),
    )
    head = unescape(cabin_part.head(view, tongue))
    assert f"<h1>{tongue.own.trying.format(output=tongue.outputs.lock)}</h1>" in head
    assert 'data-left-s="3.20"' in head
    assert tongue.mode("vacant") not in head
    coming = unescape(time_parts.coming(view, tongue))
    assert tongue.own.door_is_open not in coming
    assert all(tongue.own.table.ways.of(way) in coming for way in TRIAL_WAYS)


def test_a_lock_that_is_on_is_never_called_unlocked(tongue: Tongue) -> None:
    stuck = msgspec.structs.replace(VACANT, outputs=msgspec.structs.replace(VACANT.outputs, locked=True))
    coming = unescape(time_parts.coming(stuck, tongue))
    assert tongue.own.door_is_open not in coming
    assert tongue.own.lock_is_on in coming


def test_every_fault_has_a_switch_and_those_that_are_on_stand_at_the_top(tongue: Tongue) -> None:
    on = time_parts.faults_on(LOCKED, tongue)
    assert sorted(words_in(on)) == ["disk well", "modem mute off"]
    assert '<span class="pill bad">2</span>' in on
    for group in FaultGroup:
        html = time_parts.faults_of(group, LOCKED, tongue)
        wanted = [one.end if one.on else one.begin for one in LOCKED.faults if one.group is group]
        assert list(words_in(html)) == wanted
    assert tongue.own.all_well in unescape(time_parts.faults_on(VACANT, tongue))


def test_every_fault_can_be_searched_by_name_and_meaning() -> None:
    tongue = tongue_of(LanguageName.DE)
    html = time_parts.faults_of(FaultGroup.MODEM, VACANT, tongue)
    found = [a["data-fault"] or "" for _, a in _Tags(html).tags if "data-fault" in a]
    assert len(found) == sum(one.group is FaultGroup.MODEM for one in fault_switches())
    assert any("mute" in one and "nothing is answered" in one for one in found)


def test_a_story_can_be_stepped_through(tongue: Tongue) -> None:
    wrong = "line 4: state locked did not come"
    for paused, ended, failed, state, buttons in (
        (False, False, "", "playing", {"pause", "stop"}),
        (True, False, "", "paused", {"go", "step", "stop"}),
        (False, True, "", "passed", set()),
        (False, True, wrong, "failed", set()),
    ):
        story = StorySeen("fire", "Fire", 4, 11, "+10 fire on", paused, ended, failed)
        view = msgspec.structs.replace(LOCKED, story=story, recorded=None, folder=None)
        html = story_parts.story_now(view, tongue)
        assert tongue.own.story.of(state) in unescape(html)
        assert {a["value"] for tag, a in _Tags(html).tags if tag == "button"} == buttons
        assert failed in unescape(html)


def test_a_folder_says_which_stories_failed_and_at_which_line(tongue: Tongue) -> None:
    html = unescape(story_parts.story_now(LOCKED, tongue))
    w = tongue.own.story
    for words in (
        w.recording,
        w.of_all.format(well=1, all=4),
        "line 4: state locked did not come",
        w.waiting,
    ):
        assert words in html
    done = msgspec.structs.replace(LOCKED, recorded=Recorded(False, 4), story=None, folder=None)
    assert w.recorded in unescape(story_parts.story_now(done, tongue))
    assert w.none in unescape(story_parts.story_now(VACANT, tongue))


def test_what_may_be_asked_of_stories_has_its_button(tongue: Tongue) -> None:
    html = story_parts.story_forms(STORIES, tongue) + story_parts.story_now(LOCKED, tongue)
    asked = {a["value"] for tag, a in _Tags(html).tags if tag == "button" and a.get("name") == "do"}
    assert asked == {"play", "record", "end", "save", "folder", "go", "step", "stop"}
    options = [a["value"] for tag, a in _Tags(html).tags if tag == "option"]
    assert options == ["mine", "fire", *map(str, story_parts.PACES)]


# --- hands -----------------------------------------------------------------------------------------


def test_every_key_can_be_pressed_and_a_stuck_one_let_go(tongue: Tongue) -> None:
    html = hand_parts.keypad(LOCKED, tongue)
    assert {f"keys {key}" for key in "0123456789*#"} <= set(words_in(html))
    assert {f"pad {key}" for key in "0123456789*"} | {"pad ASK"} <= set(words_in(html))
    assert "key 5 free" in words_in(html)


def test_every_contact_can_be_pressed_held_and_cut(tongue: Tongue) -> None:
    html = hand_parts.contacts(LOCKED, tongue)
    said = set(words_in(html))
    for one in LOCKED.contacts:
        names = {words.split()[1] for words in said if words.startswith(f"{one.name} ")}
        level = names & {"on", "off", "open", "closed"}
        assert bool(level) is one.fitted
        wires = {words for words in said if words.startswith(f"wire {one.name} ")}
        assert len(wires) == (3 if one.fitted else 0)
        assert (f"{one.name} press" in said) is (one.fitted and not one.active)
    assert tongue.own.not_fitted in unescape(html)


def test_a_code_that_came_last_has_a_button_that_types_it(tongue: Tongue) -> None:
    watchman, _, room, anna, *_ = LOCKED.phones
    assert list(words_in(hand_parts.bubbles(watchman, tongue))) == ["keys 417"]
    assert list(words_in(hand_parts.bubbles(room, tongue))) == []
    assert list(words_in(hand_parts.bubbles(anna, tongue))) == ["code 654321"]
    texts = tuple(TextSeen(at, at, True, f"CODE {int(at)}00") for at in (1.0, 2.0))
    assert list(words_in(hand_parts.bubbles(PhoneSeen("watchman", "", texts), tongue))) == ["keys 200"]


def test_every_telephone_writes_and_has_quick_replies(tongue: Tongue) -> None:
    for who in ("watchman", "watchman2", "control_room", "anna", "stranger"):
        html = hand_parts.writing(who, tongue)
        buttons = [attributes for tag, attributes in _Tags(html).tags if tag == "button"]
        texts = [one["value"] or "" for one in buttons if one.get("name") == "text"]
        assert texts
        for text in texts:
            check(["sms", "from", who, *text.split()])
        assert html.count(f'name="who" value="{who}"') == 2


# --- the stage -------------------------------------------------------------------------------------


def test_everybody_can_be_told_everything(tongue: Tongue) -> None:
    said = set(words_in(scene_parts.people(LOCKED, tongue)))
    for cover in COVERS:
        state = "off" if cover in ("glasses", "mask") else "on"
        assert f"{cover} {state} anna" in said
    assert {f"turn {side} anna" for side in SIDES} <= said
    assert {f"photo {how} anna" for how in ("off", "on", "held")} <= said
    assert {"crouch anna", "stand george", "leave anna"} <= said
    assert not [words for words in said if words.endswith("mia")], "who is leaving is not directed"


def test_light_lens_front_and_cards_can_be_set(tongue: Tongue) -> None:
    said = set(words_in(scene_parts.scenery(LOCKED, tongue)))
    assert {f"lights {one}" for one in LIGHTS} <= said
    assert {f"camera {one}" for one in LENSES} <= said
    assert {f"front {one}" for one in FRONTS} <= said
    assert {"claim anna machine", "end machine", "code"} <= said


def test_nobody_can_be_directed_before_a_webcam(tongue: Tongue) -> None:
    stage = msgspec.structs.replace(LOCKED.stage, source="webcam:0", directed=False, people=())
    view = msgspec.structs.replace(LOCKED, stage=stage, machines=())
    assert tongue.own.only_staged in unescape(scene_parts.people(view, tongue))
    assert {words.split()[0] for words in words_in(scene_parts.scenery(view, tongue))} == {"clock"}


def test_who_enters_may_wear_every_cover(tongue: Tongue) -> None:
    html = scene_parts.enter(tongue)
    assert {f"with_{cover}" for cover in COVERS} <= {a.get("name") for _, a in _Tags(html).tags}


def test_the_page_names_what_the_staged_cabin_has() -> None:
    from edge.bench.page import scene

    assert set(scene.COVERS) == set(COVERS)
    assert set(scene.FRONTS) == set(FRONTS)
    assert set(scene.LENSES) == set(LENSES)
    assert set(OWNERS) == set(PHONES)


# --- words -----------------------------------------------------------------------------------------


def test_every_cover_has_words(tongue: Tongue) -> None:
    assert {cover for cover in COVERS if tongue.page.covers.get(cover)} == set(COVERS) <= set(Cover)

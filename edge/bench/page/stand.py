"""The bench page: its live view, its frame, and its acts, each of which ends as words of the prompt."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from edge.bench.page import cabin_part, hand_parts, scene_parts, story_parts, time_parts
from edge.bench.page.cabin_asked import OLD_S, CabinAsked, Sight
from edge.bench.page.clips import Clips
from edge.bench.page.frame import frame
from edge.bench.page.picture_part import picture
from edge.bench.page.pieces import ACT, ENTER, PLUG, STORY, TEXT, WORDS
from edge.bench.page.scene import COVERS, OWNERS
from edge.bench.page.scene_parts import SOURCE
from edge.bench.page.tongue import Tongue, tongue_of
from edge.bench.wire import Act, BenchRequest, FaultGroup, Plug, Stories, StoryAsk
from edge.faults.fault import FaultError
from edge.panel.sources import Sources
from edge.settings.schema import Settings
from edge.settings.zones import zone_of
from edge.web.exchange import Answer, Live, PageRequest, done, refused
from edge.web.pieces import note
from edge.web.site import Site

PATH: Final = "/bench"
CLIPS: Final = "/bench/clips"
_NAME: Final = re.compile(r"[^\W\d_][\w-]{0,29}")


class Stand:
    """The page of one bench."""

    def __init__(self, cabin: CabinAsked, sources: Sources) -> None:
        self._cabin = cabin
        self._sources = sources
        cabin_of = sources.settings.cabin
        self._tongue = tongue_of(cabin_of.language, zone_of(cabin_of.timezone))
        self.title = self._tongue.own.title

    # --- what is seen ------------------------------------------------------------------------------

    def now(self) -> Live:
        """Every part as it is now."""
        return live(self._cabin.sight(), self._sources, self._cabin.stories(), self._tongue)

    def frame(self, parts: Mapping[str, str]) -> str:
        """The parts in their places."""
        return frame(parts, self._tongue)

    # --- what is done ------------------------------------------------------------------------------

    def _did(self, request: BenchRequest, *, told: bool = False) -> Answer:
        """What was done is seen, and said only where `told`; why something was not done is always said."""
        w = self._tongue.own
        try:
            acted = self._cabin.do(request)
        except FaultError as fault:
            match fault.code:
                case "loop_late":
                    return refused(w.act_late)
                case "kiosk_not_running":
                    return refused(w.silent_means)
                case _:
                    return refused(f"{w.other_version} ({fault.detail})")
        if acted.done:
            return done(acted.said if told else "")
        return refused(acted.said)

    def act(self, request: PageRequest) -> Answer:
        """Words of the prompt as they stand."""
        return self._did(Act(request.form.get(WORDS, "")))

    def enter(self, request: PageRequest) -> Answer:
        """Somebody comes in, with what is checked."""
        name = request.form.get("name", "").strip().lower()
        if not _NAME.fullmatch(name):
            return refused(f"{self._tongue.own.not_done}: {self._tongue.own.name}")
        covers = [cover for cover in COVERS if f"with_{cover}" in request.form]
        return self._did(Act(f"enter {name}{' with ' if covers else ''}{' and '.join(covers)}"))

    def text(self, request: PageRequest) -> Answer:
        """Somebody texts the kiosk."""
        who, text = request.form.get("who", ""), " ".join(request.form.get("text", "").split())
        sender = who if _NAME.fullmatch(who) else "stranger"
        return self._did(Act(f"sms from {sender} {text}"))

    def plug(self, request: PageRequest) -> Answer:
        """Pull the plug or put it in again; nobody is asked whether."""
        match request.form.get("plug"):
            case "out":
                return self._did(Plug("out"))
            case "in":
                return self._did(Plug("in"))
            case _:
                return refused(self._tongue.own.not_done)

    def source(self, request: PageRequest) -> Answer:
        """Where the camera's pictures come from."""
        where = request.form.get("where", "").strip()
        match request.form.get("kind"):
            case "webcam":
                return self._did(Act(f"camera from webcam:{where or '0'}"))
            case "clip":
                return self._did(Act(f"camera from clip:{where}"))
            case _:
                return self._did(Act("camera from staged"))

    def story(self, request: PageRequest) -> Answer:
        """What is to become of stories."""
        name = request.form.get("name", "").strip()
        match request.form.get("do"):
            case ("play" | "pause" | "step" | "go" | "stop" | "record" | "end" | "save" | "folder") as do:
                answer = self._did(StoryAsk(do, name, _pace(request.form.get("pace", ""))), told=True)
                self._cabin.forget_stories()
                return answer
            case _:
                return refused(self._tongue.own.not_done)


def _pace(given: str) -> float:
    return float(given) if given in [str(pace) for pace in story_parts.PACES] else 1.0


def live(sight: Sight, sources: Sources, stories: Stories, tongue: Tongue) -> Live:
    """The page's parts; what is known of a cabin that does not answer is said in its place."""
    w, view = tongue.own, sight.view
    trouble = trouble_of(sight, tongue)
    if view is None:
        head = (
            f'<div class="bench-head"><div><h1>{escape(w.silent)}</h1><p class="trouble" '
            f'role="alert">{escape(trouble)}</p></div></div>'
        )
        phones = expected_phones(sources.settings)
        quiet = dict.fromkeys(part_ids(phones), note(w.silent_means))
        parts = {"head": head, **quiet, **_lasting(phones, stories, tongue)}
        return Live(f"{w.title}: {w.silent}", "down", w.silent, parts)
    state = w.booting if view.booting and view.plugged else tongue.mode(view.state)
    parts = {
        "head": cabin_part.head(view, tongue, trouble),
        "cabin": cabin_part.cabin(view, tongue),
        "sounds": cabin_part.sounds(view, tongue),
        "picture": picture(sources, tongue),
        "coming": time_parts.coming(view, tongue),
        "states": cabin_part.states(view, tongue),
        "keypad": hand_parts.keypad(view, tongue),
        "contacts": hand_parts.contacts(view, tongue),
        "people": scene_parts.people(view, tongue),
        "scenery": scene_parts.scenery(view, tongue),
        "faults-on": time_parts.faults_on(view, tongue),
        "story": story_parts.story_now(view, tongue),
        "log": time_parts.log(view, tongue),
    }
    parts |= {time_parts.faults_id(group): time_parts.faults_of(group, view, tongue) for group in FaultGroup}
    parts |= {hand_parts.phone_id(phone.who): hand_parts.bubbles(phone, tongue) for phone in view.phones}
    parts |= _lasting(tuple(phone.who for phone in view.phones), stories, tongue)
    told = state if view.outputs.said is None else f"{state}. {view.outputs.said.text}"
    name = "down" if not view.powered else view.state
    return Live(f"{w.title}: {state}", name, told, parts)


def trouble_of(sight: Sight, tongue: Tongue) -> str:
    """What is the matter between page and cabin, in words; empty where nothing is."""
    w = tongue.own
    if sight.fault is None or (sight.view is not None and sight.age_s < OLD_S):
        return ""
    if sight.fault.code == "bench_answer":
        return w.other_version
    if sight.fault.code == "loop_late" and sight.view is not None:
        return w.late.format(seconds=f"{sight.age_s:.0f}")
    return w.silent_means


def _lasting(phones: Sequence[str], stories: Stories, tongue: Tongue) -> dict[str, str]:
    """Parts with fields in them: they never change while somebody writes."""
    return {
        "enter": scene_parts.enter(tongue),
        "source": scene_parts.source(tongue),
        "search": time_parts.search(tongue),
        "prompt": time_parts.prompt(tongue),
        "story-forms": story_parts.story_forms(stories, tongue),
        **{f"write-{who.replace('_', '-')}": hand_parts.writing(who, tongue) for who in phones},
    }


def expected_phones(settings: Settings) -> tuple[str, ...]:
    """Whose telephones a bench with these settings has: the page has their places before it answers."""
    owners = OWNERS if settings.identity.enabled else ()
    return ("watchman", "watchman2", "control_room", *owners, hand_parts.STRANGER)


def part_ids(phones: Sequence[str]) -> tuple[str, ...]:
    """The ids of all parts that change."""
    return (
        *("cabin", "sounds", "picture", "coming", "states", "keypad", "contacts", "people", "scenery"),
        *("faults-on", *(time_parts.faults_id(group) for group in FaultGroup), "story", "log"),
        *(hand_parts.phone_id(who) for who in phones),
    )


def add_stand(site: Site, cabin: CabinAsked, sources: Sources) -> Stand:
    """Put the bench page on a site that has the panel's views."""
    stand = Stand(cabin, sources)
    site.static("edge.bench.page")
    site.view(PATH, stand.now, "bench", stand.title, modules=("bench.js", "bench.css"), frame=stand.frame)
    site.get(f"{CLIPS}/{{file}}", Clips(sources.settings))
    for path, handler in (
        (ACT, stand.act),
        (ENTER, stand.enter),
        (TEXT, stand.text),
        (PLUG, stand.plug),
        (SOURCE, stand.source),
        (STORY, stand.story),
    ):
        site.post(path, handler)
    return stand

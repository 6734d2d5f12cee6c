"""What the commissioning page does when a button is pressed: all is asked of the kiosk, which decides."""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import msgspec

from edge.faults.catalogue import CATALOGUE
from edge.faults.fault import FaultError
from edge.panel.commission.closing import never_done
from edge.panel.commission.floor import measure
from edge.panel.commission.link import InEffect, Owner, Told, Warned
from edge.panel.commission.page import CommissionPage
from edge.panel.commission.pieces import why_not_vacant
from edge.panel.commission.scene import COMMAND
from edge.panel.commission.trying import seconds_of
from edge.panel.commission.walk import Judged, Region, Signed, WalkStep
from edge.service.asks import CheckItem
from edge.terms.commission import CheckResult, NotTried, Tried
from edge.terms.ground import Marks, Mask, Zone
from edge.terms.learning import LearnWhat
from edge.terms.marks import NAME_MOST, plain_words
from edge.web.exchange import Answer, Handler, PageRequest, done, refused
from edge.words.language import LanguageName

PICTURE_NAMES: Final = {"face.jpg": "face", "overview.jpg": "overview"}
DRAWN_BYTES: Final = 48 * 1024


class Posted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the editor sends; `floor` None: none is marked."""

    zone: tuple[Zone, ...]
    mask: tuple[Mask, ...]
    region: tuple[Region, ...]
    floor: Marks | None = None


class Acts:
    """Handlers of one page, by their names in its paths."""

    def __init__(self, page: CommissionPage) -> None:
        self._page = page
        self._link = page.link
        self._walk = page.walk
        self._tongue = page.tongue
        self.handlers: dict[str, Handler] = {
            "mark": self._guarded(self.mark),
            "draw": self._guarded(self.draw),
            "measure": self._guarded(self.measure),
            "restart": self._guarded(self.restart),
            "learn": self._guarded(self.learn),
            "learn_end": self._guarded(self.learn_end),
            "try": self._guarded(self.try_output),
            "worked": self._guarded(self.worked),
            "stop": self._guarded(self.stop),
            "text": self._guarded(self.text),
            "enrol": self._guarded(self.enrol),
            "enrol_cancel": self._guarded(self.enrol_cancel),
            "selftest": self._guarded(self.selftest),
            "sign": self._guarded(self.sign),
        }

    def _guarded(self, act: Callable[[PageRequest], Answer]) -> Handler:
        """The act, with every refusal said in words."""

        def answer(asked: PageRequest) -> Answer:
            try:
                return act(asked)
            except FaultError as fault:
                return refused(self.why(fault))
            except (ValueError, LookupError, msgspec.MsgspecError):
                return refused(self._tongue.frame.not_understood)

        return answer

    def why(self, fault: FaultError) -> str:
        """A refusal in the page's language; a fault of the catalogue is in English."""
        match fault.code:
            case "not_granted":
                return self._tongue.acts.grant_over.format(command=COMMAND)
            case "not_now":
                said = self._tongue.site.not_tried.of(fault.detail)
                if fault.detail == NotTried.NOT_VACANT:
                    said = f"{said} {why_not_vacant(self._link.standing(), self._tongue)}".strip()
                return said
            case _:
                return _english(fault)

    # --- acts --------------------------------------------------------------------------------------

    def mark(self, asked: PageRequest) -> Answer:
        step, judged = WalkStep(asked.form["step"]), Judged(asked.form["judged"])
        self._walk.mark(step, judged, asked.form.get("note", ""))
        w = self._tongue.frame
        return done(w.kept.format(step=w.steps.of(step.value), judged=w.judged.of(judged.value)))

    def draw(self, asked: PageRequest) -> Answer:
        w = self._tongue.acts
        posted = msgspec.json.decode(asked.form["drawn"], type=Posted)
        view = self._link.drawn()
        if isinstance(view, FaultError):
            raise view
        floor = Marks() if posted.floor is None else posted.floor
        drawn = view.with_only_changes(InEffect(posted.zone, floor, posted.mask))
        said = [w.drawn_saved]
        if drawn != view.drawn:
            warnings = self._link.draw(drawn)
            said = [w.restart_wanted, *(self._warned(one) for one in warnings)]
        if posted.region != self._walk.kept.regions:
            self._walk.regions(posted.region)
            said.append(w.drawn_regions)
        return done(" ".join(said))

    def _warned(self, warned: Warned) -> str:
        return self._tongue.acts.warns.of(warned.code).format(
            name=warned.name, percent=f"{warned.percent:.0f}"
        )

    def measure(self, asked: PageRequest) -> Answer:
        return measure(self._link, asked, self._tongue.language.name)

    def restart(self, asked: PageRequest) -> Answer:
        self._link.restart()
        self._walk.watch(None, time.monotonic())
        return done(self._tongue.acts.restarting.format(command=COMMAND))

    def learn(self, asked: PageRequest) -> Answer:
        what = LearnWhat(asked.form["what"])
        regions = self._walk.kept.regions if what is LearnWhat.FRONT else ()
        if what is LearnWhat.FRONT and not regions:
            return refused(self._tongue.acts.front_none)
        wide_cm = float(asked.form.get("wide_cm") or 0.0)
        self._link.learn(what, regions, asked.form.get("wide", "") if wide_cm else "", wide_cm)
        return done(self._tongue.acts.learn_begun)

    def learn_end(self, asked: PageRequest) -> Answer:
        self._link.learn_end()
        return done(self._tongue.acts.learn_ended)

    def try_output(self, asked: PageRequest) -> Answer:
        output = Tried(asked.form["output"])
        self._link.try_output(output, seconds_of(output))
        self._walk.tried(output.value)
        name = self._tongue.site.outputs.of(output.value)
        return done(self._tongue.acts.try_begun.format(output=name))

    def worked(self, asked: PageRequest) -> Answer:
        output, said = Tried(asked.form["output"]), asked.form["worked"]
        self._walk.worked(output.value, {"yes": True, "no": False}[said])
        return done()

    def stop(self, asked: PageRequest) -> Answer:
        """Never refused but by a kiosk that is gone, and then nothing is on trial."""
        self._link.untry()
        return done(self._tongue.acts.stopped)

    def text(self, asked: PageRequest) -> Answer:
        to: Told = msgspec.convert(asked.form["to"], Told)
        self._link.send_test(to)
        return done(self._tongue.acts.text_sent)

    def enrol(self, asked: PageRequest) -> Answer:
        form, w = asked.form, self._tongue.acts
        if form.get("agreed") != "yes":
            return refused(w.enrol_not_agreed)
        owner = Owner(
            name=" ".join(form["name"].split()),
            card=form["card"].strip(),
            phone=form["phone"].replace(" ", ""),
            language=LanguageName(form["language"]),
            consent=form["consent"],
            anyway=form.get("anyway") == "yes",
        )
        self._link.enrol(owner, self._page.who)
        return done(w.enrol_begun)

    def enrol_cancel(self, asked: PageRequest) -> Answer:
        self._link.enrol_cancel()
        return done(self._tongue.acts.enrol_cancelled)

    def selftest(self, asked: PageRequest) -> Answer:
        self._page.sources.run_tests()
        return done(self._tongue.language.page.selftest_runs)

    def sign(self, asked: PageRequest) -> Answer:
        w, scene = self._tongue.frame, self._page.scene()
        who = plain_words(asked.form.get("who", ""), NAME_MOST)
        if not who.strip("… "):
            return refused(w.no_name)
        if scene.still_open:
            names = ", ".join(w.steps.of(one.value) for one in scene.still_open)
            return refused(w.still_open.format(steps=names))
        marks = {one.value: scene.mark(one) for one in scene.steps}
        items = tuple(
            CheckItem(id=name, result=CheckResult(mark.judged.value), note=mark.note)
            for name, mark in marks.items()
        )
        head = self._link.sign(who, items)
        seq, _, chain = head.partition(":")
        lacks = never_done(scene, self._tongue)
        self._walk.sign(Signed(who, time.time(), int(seq), chain, marks, lacks))
        return done(w.signed.format(name=who, time=self._page.clock(time.time())))

    # --- what is read ------------------------------------------------------------------------------

    def picture(self, asked: PageRequest) -> Answer:
        """The newest picture of a camera."""
        camera = PICTURE_NAMES.get(asked.args["file"], "")
        found = self._page.pictures().get(camera)
        if found is None:
            return Answer(b"404 Not Found\n", status=HTTPStatus.NOT_FOUND)
        return Answer(found.jpeg, "image/jpeg")


def _english(fault: FaultError) -> str:
    """Cause and remedy of a fault as the catalogue has them."""
    known = CATALOGUE.get(fault.code)
    if known is None:
        return str(fault)
    return f"{known.cause}{f' ({fault.detail})' if fault.detail else ''} {known.remedy}"

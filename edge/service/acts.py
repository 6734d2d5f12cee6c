"""The one dispatch of what is asked over the control socket: who may ask it, and what answers.

The kiosk's loop and the bench's desk ask the same object, so that a page over either behaves the same. Runs
in the loop: nothing here waits, and an answer that has to wait for the card comes later.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final, assert_never

from edge.cabin.events import Orderer, ReleaseOrdered
from edge.codes.grant import Grant
from edge.faults.fault import FaultError
from edge.identity.checks import card_of, consent_to
from edge.identity.enroller import ToEnrol
from edge.identity.register import utc
from edge.loop.kiosk import Kiosk
from edge.loop.updating import may_update
from edge.loop.watching import Watching
from edge.service.asks import (
    SLOW,
    VERSION,
    Commission,
    CommissionEnd,
    CommissionOpen,
    Draw,
    Drift,
    DriftAgain,
    EnrolBegin,
    EnrolCancel,
    EnrolProgress,
    FreeIncident,
    Granted,
    HoldIncident,
    Learn,
    LearnEnd,
    MarkIncident,
    Measure,
    Panel,
    Release,
    Reply,
    Report,
    Request,
    Restart,
    SeeAim,
    SeeDrawn,
    SeeHolds,
    SeeLearning,
    SendTestText,
    Sign,
    Status,
    TryOutput,
    Undraw,
    Untry,
    Update,
)
from edge.service.site import SiteDesk
from edge.settings.version import program_version
from edge.terms.hold import Freed, Hold
from edge.terms.learning import LearnOrder, NamedRegion
from edge.terms.marks import BY_MOST, NAME_MOST, NOTE_MOST, Marked, plain_words
from edge.terms.record import Recipient

Answer = Callable[[Reply], None]

RELEASE: Final = Path(sys.prefix).resolve().name
"""The folder that this program runs from: of an installed one its version and hash."""

SiteRequest = SeeDrawn | Draw | Undraw | SeeAim | Measure | Learn | SeeLearning | LearnEnd


class May(StrEnum):
    """Who may ask."""

    ANYONE = "anyone who may open the socket"
    KIOSK = "the kiosk's own user, or root"
    ROOT = "root"
    GRANT = "anyone who has the grant"
    ROOT_OR_GRANT = "root, or anyone who has the grant"


MAY: Final[Mapping[type[Request], May]] = {
    Status: May.ANYONE,
    Panel: May.ANYONE,
    Drift: May.ANYONE,
    DriftAgain: May.KIOSK,
    Report: May.KIOSK,
    Release: May.ROOT,
    MarkIncident: May.KIOSK,
    HoldIncident: May.ROOT_OR_GRANT,
    FreeIncident: May.ROOT_OR_GRANT,
    SeeHolds: May.KIOSK,
    CommissionOpen: May.ROOT,
    CommissionEnd: May.ROOT_OR_GRANT,
    Commission: May.GRANT,
    TryOutput: May.GRANT,
    Untry: May.ANYONE,
    SendTestText: May.GRANT,
    Restart: May.GRANT,
    Update: May.ROOT,
    Sign: May.GRANT,
    EnrolBegin: May.GRANT,
    EnrolProgress: May.GRANT,
    EnrolCancel: May.GRANT,
    SeeDrawn: May.GRANT,
    Draw: May.GRANT,
    Undraw: May.GRANT,
    SeeAim: May.GRANT,
    Measure: May.GRANT,
    Learn: May.GRANT,
    SeeLearning: May.GRANT,
    LearnEnd: May.GRANT,
}
"""Every verb has its row; `edge/docs/socket.md` is compared with it."""


class Acts:
    """What may be asked of one kiosk.

    `roots` are the users who count as root (on a bench also the one who runs it), `owner` is the kiosk's own.
    """

    def __init__(
        self, kiosk: Kiosk, watching: Watching, site: SiteDesk, roots: frozenset[int], owner: int
    ) -> None:
        self._kiosk = kiosk
        self._watching = watching
        self._site = site
        self._roots = roots
        self._owner = owner
        self._version = program_version()

    def ask(self, request: Request, uid: int, answer: Answer, now_s: float) -> None:
        """Do what was asked, and answer once: now, or when the record has it. Never raises."""
        try:
            grant = self._let(request, uid, now_s)
            reply = self._do(request, uid, grant, answer, now_s)
        except FaultError as fault:
            reply = {"error": fault.code, "detail": fault.detail}
            if fault.code == "not_granted" and self._kiosk.commission.slow_s:
                reply[SLOW] = self._kiosk.commission.slow_s
        if reply is not None:
            answer({"version": VERSION, **reply})

    def _let(self, request: Request, uid: int, now_s: float) -> Grant | None:
        """The grant that the request came with, where it needs one. FaultError: who asks may not."""
        may, root = MAY[type(request)], uid in self._roots
        match may:
            case May.ANYONE:
                return None
            case May.KIOSK:
                if not root and uid != self._owner:
                    raise FaultError("not_root", may.value)
                return None
            case May.ROOT:
                if not root:
                    raise FaultError("not_root", may.value)
                return None
            case May.ROOT_OR_GRANT if root:
                return None
            case May.GRANT | May.ROOT_OR_GRANT:
                secret = request.grant if isinstance(request, Granted) else ""
                return self._kiosk.commission.granted(secret, now_s)
            case _:
                assert_never(may)

    def _do(
        self, request: Request, uid: int, grant: Grant | None, answer: Answer, now_s: float
    ) -> Reply | None:
        """The reply; None where it comes later. FaultError: refused, by name."""
        kiosk, commission = self._kiosk, self._kiosk.commission
        match request:
            case Status():
                return kiosk.status(now_s) | {"program": self._version, "release": RELEASE}
            case Panel():
                return self._watching.reply(kiosk, now_s) | {"restart_wanted": self._site.restart_wanted}
            case Drift():
                return {"views": kiosk.views()}
            case DriftAgain():
                kiosk.views_again(now_s)
                return {"again": True}
            case Report(finding=finding):
                kiosk.report(finding, now_s)
                return {"told": True}
            case Release(incident=incident):
                if not kiosk.releasable(incident):
                    raise FaultError("nothing_locked")
                kiosk.handle(ReleaseOrdered(Orderer.ON_THE_SPOT, incident), now_s)
                return {"released": True}
            case MarkIncident(incident=incident, mark=mark, by=by, note=note):
                marked = Marked(incident, mark, plain_words(by, BY_MOST), plain_words(note, NOTE_MOST))
                if not kiosk.mark(marked, now_s):
                    raise FaultError("incident_unknown", f"incident {incident}")
                return {"marked": mark.value}
            case SeeHolds():
                return {"holds": kiosk.holding.listed()}
            case HoldIncident() | FreeIncident():
                return self._hold(request, answer, now_s)
            case CommissionOpen(who=who):
                opened = commission.open(plain_words(who, NOTE_MOST), uid, now_s)
                return {"grant": opened.secret, "for_s": opened.until_s - now_s, "number": opened.number}
            case CommissionEnd():
                return {"ended": commission.end(now_s)}
            case Commission():
                return commission.reply(now_s)
            case TryOutput(output=output, seconds=seconds):
                for_s = commission.try_output(output, seconds, now_s)
                return {"trying": output.value, "for_s": for_s}
            case Untry():
                return {"stopped": commission.untry(now_s)}
            case SendTestText(to=to):
                return {"number": commission.send_test(Recipient(to), now_s)}
            case Restart():
                self._site.poll(now_s)  # what was drawn a moment ago is in the record before the end
                commission.restart(now_s)
                return {"restarting": True}
            case Update(restart=restart):
                may_update(kiosk, now_s)
                if restart:
                    commission.restart(now_s)
                return {"program": self._version, "release": RELEASE, "restarting": restart}
            case Sign():
                assert grant is not None
                signed = {
                    "who": plain_words(request.who, NAME_MOST),
                    "items": [
                        {"id": i.id, "result": i.result.value, "note": plain_words(i.note, NOTE_MOST)}
                        for i in request.items
                    ],
                    "program": self._version,
                }
                commission.sign(signed, lambda reply: answer({"version": VERSION, **reply}), now_s)
                return None
            case EnrolBegin():
                kiosk.enrol.begin(self._to_enrol(request), now_s)
                return {"begun": True}
            case EnrolProgress():
                return kiosk.enrol.reply(now_s)
            case EnrolCancel():
                return {"cancelled": kiosk.enrol.cancel(now_s)}
            case SeeDrawn() | Draw() | Undraw() | SeeAim() | Measure() | Learn() | SeeLearning() | LearnEnd():
                later: Answer = lambda reply: answer({"version": VERSION, **reply})  # noqa: E731
                return self._at_site(request, later, now_s)
            case _:
                assert_never(request)

    def _at_site(self, request: SiteRequest, later: Answer, now_s: float) -> Reply | None:
        """The same of what is drawn, measured and learnt."""
        site = self._site
        match request:
            case SeeDrawn():
                return site.drawn()
            case Draw(drawn=drawn, only_check=only_check):
                site.draw(drawn, only_check=only_check, answer=later)
                return None
            case Undraw(kinds=kinds):
                site.undraw(kinds, later)
                return None
            case SeeAim():
                return site.aim(now_s)
            case Measure(marks=marks, lines=lines, boxes=boxes):
                site.measure(marks, lines, boxes, later)
                return None
            case Learn():
                regions = tuple(
                    NamedRegion(one.name, tuple((spot.x, spot.y) for spot in one.polygon))
                    for one in request.regions
                )
                order = LearnOrder(
                    what=request.what,
                    fresh=request.fresh,
                    regions=regions,
                    wide=request.wide,
                    wide_cm=request.wide_cm,
                )
                return site.learn(order, request.camera, now_s)
            case SeeLearning():
                return site.learning()
            case LearnEnd():
                return site.learn_end()
            case _:
                assert_never(request)

    def _hold(self, request: HoldIncident | FreeIncident, answer: Answer, now_s: float) -> Reply | None:
        """Answered when the record has it. FaultError."""
        by, why = plain_words(request.by, BY_MOST), plain_words(request.why, NOTE_MOST)

        def later(reply: Reply) -> None:
            answer({"version": VERSION, **reply})

        match request:
            case HoldIncident(incident=incident, until_wall_s=until_wall_s):
                wall_s = self._kiosk.board.clock.wall_s()
                self._kiosk.holding.put(Hold(incident, by, why, wall_s, until_wall_s), later, now_s)
            case FreeIncident(incident=incident):
                self._kiosk.holding.free(Freed(incident, by, why), later, now_s)
            case _:
                assert_never(request)
        return None

    def _to_enrol(self, request: EnrolBegin) -> ToEnrol:
        """Raises `FaultError`: `enrol_refused`, `consent_missing`."""
        card = card_of(request.name, request.card, request.phone, request.language)
        if not request.agreed:
            raise FaultError("consent_missing", "nobody agreed")
        given_utc, by = utc(self._kiosk.board.clock.wall_s()), plain_words(request.by, NAME_MOST)
        consent = consent_to(request.consent, request.language, given_utc, by, "page", pictures=False)
        return ToEnrol(card, consent, by, request.anyway)

"""The kiosk at its broker, as the loop turns it: says how it is, takes requests, tells what is wrong there.

Nothing here waits, and nothing that comes from there reaches the table. What reads a file or takes long is
done in the carrier's thread or in one of its own, and answered from there.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, assert_never

import msgspec

from edge.faults.fault import FaultError
from edge.fleet.asking import PICTURES_ASKED_MOST, NotDone, Refused, Request, Verb, meaning
from edge.fleet.link import Trouble
from edge.fleet.payloads import CHUNK_BYTES, PICTURES_MOST, Chunk, Last, Picture, Reply, Status
from edge.fleet.publisher import Standing
from edge.fleet.requests import Doorkeeper
from edge.fleet.topics import Stream
from edge.loop.kiosk import Kiosk
from edge.messages.streams import Streams
from edge.messages.ways.mqtt import Mqtt
from edge.pictures import files
from edge.settings.schema import Settings
from edge.settings.version import program_version
from edge.terms.update import UPDATE_FILE, UpdateShown
from hw.ports import Clock
from hw.watched import WatchedThread

_log = logging.getLogger(__name__)

Result = dict[str, str | int | float | bool | list[str] | None]
"""What a reply holds."""

LOOK_S: Final = 0.5
"""How often the state is compared with what was said of it."""
SILENT_S: Final = 60.0
"""A turn of the broker's thread that takes longer hangs: a name that nobody resolves takes half of it."""
_START_AGAIN_S: Final = 5.0


def code_of(trouble: Trouble) -> str:
    """The fault of the catalogue that a trouble is."""
    match trouble:
        case Trouble.UNREACHABLE | Trouble.DROPPED:
            return "broker_unreachable"
        case Trouble.SILENT:
            return "broker_silent"
        case Trouble.UNTRUSTED:
            return "broker_untrusted"
        case Trouble.REFUSED:
            return "broker_refused"
        case Trouble.GARBLED:
            return "broker_garbled"
        case Trouble.TAKEN_OVER:
            return "broker_taken_over"
        case Trouble.NO_CERTIFICATE:
            return "broker_no_certificate"
        case Trouble.UNREAD:
            return "broker_unread"
        case _:
            assert_never(trouble)


@dataclass(frozen=True, slots=True)
class FleetNumbers:
    """For anyone who counts: read at any time, in the loop."""

    connected: bool
    since_s: float
    connects: int
    losses: int
    waiting: int
    uploading: int


SelfTest = Callable[[], tuple[str, ...]]
"""Tries every device that may be tried beside a kiosk that runs; the codes of what failed. May wait long."""

Apart = Callable[[Callable[[], None]], None]


@dataclass(frozen=True, slots=True)
class Aside:
    """Beside the loop: `evidence` is the folder of the pictures, `apart` runs what takes long where it may
    wait, `selftest` is one such thing. `wrong`: what was the matter with the keys of requests, told once."""

    evidence: Path
    apart: Apart
    selftest: SelfTest
    wrong: FaultError | None = None


class FleetDesk:
    """Of one kiosk with a broker. `poll` is called at every turn of the loop."""

    def __init__(
        self,
        settings: Settings,
        kiosk: Kiosk,
        carrier: Mqtt,
        streams: Streams,
        doorkeeper: Doorkeeper,
        clock: Clock,
        aside: Aside,
    ) -> None:
        self._settings = settings
        self._kiosk = kiosk
        self._carrier = carrier
        self._streams = streams
        self._doorkeeper = doorkeeper
        self._clock = clock
        self._aside = aside
        self._evidence = aside.evidence
        self._program = program_version()
        self._look_at_s = float("-inf")
        self._told = ""
        self._testing = False
        self._start_at_s: float | None = None
        self._stopped = False

    def poll(self, now_s: float) -> None:
        """Say how it is, take what came, do what may be done."""
        self._take(now_s)
        for request in self._kiosk.asked.due():
            self._do(request, now_s)
        for refused in self._kiosk.asked.refused():
            self._answer_refused(refused)
        if now_s < self._look_at_s:
            return
        if self._look_at_s < 0.0 and self._aside.wrong is not None:
            wrong = self._aside.wrong
            self._kiosk.trouble_beside(wrong.code, True, wrong.detail, now_s)
        self._look_at_s = now_s + LOOK_S
        self._mind_thread(now_s)
        self._tell_of(self._carrier.publisher.standing, now_s)
        self._carrier.show(self._status(now_s, online=True), self._status(now_s, online=False))

    @property
    def thread(self) -> WatchedThread:
        """The one that has the socket."""
        return self._carrier.thread

    def numbers(self) -> FleetNumbers:
        standing = self._carrier.publisher.standing
        return FleetNumbers(
            standing.up,
            standing.since_s,
            standing.connects,
            standing.losses,
            self._kiosk.messages_for_broker,
            self._carrier.publisher.uploading,
        )

    # --- how it is ---------------------------------------------------------------------------------

    def _status(self, now_s: float, *, online: bool) -> Status:
        said = self._kiosk.status(now_s)
        faults = said["faults"]
        last = self._streams.last
        return Status(
            kiosk=self._settings.mqtt.kiosk_id,
            online=online,
            at=round(self._clock.wall_s(), 1),
            clock_set=self._clock.wall_true(),
            cabin=self._settings.cabin.name,
            program=self._program,
            door=str(said["door"]),
            permit=str(said["permit"]),
            stage=str(said["state"]),
            camera=str(said["camera"]),
            incident=self._kiosk.state.incident,
            faults=tuple(str(fault) for fault in faults) if isinstance(faults, list) else (),
            epoch=self._streams.epoch,
            last=Last(last[Stream.EMERGENCY], last[Stream.ALERT], last[Stream.REPORT]),
            waiting=self._kiosk.messages_for_broker,
            record_head=self._kiosk.record_head,
        )

    def _tell_of(self, standing: Standing, now_s: float) -> None:
        """A trouble that lasts, once, by the name that it has then; and that it is over."""
        lasts = standing.trouble is not None and now_s >= standing.since_s + self._settings.mqtt.tell_after_s
        code = code_of(standing.trouble) if lasts and standing.trouble is not None else ""
        over = standing.up and standing.trouble is None
        if self._told and over:
            self._kiosk.trouble_beside(self._told, False, "", now_s)
            self._told = ""
        if code and not self._told:
            self._told = code
            self._kiosk.trouble_beside(code, True, standing.detail, now_s)

    def _mind_thread(self, now_s: float) -> None:
        """The broker's thread: started again where it died, a fault where it hangs; nothing waits for it."""
        thread = self._carrier.thread
        bad = thread.died or thread.silent_s(now_s) >= SILENT_S
        if bad is not self._stopped:
            self._stopped = bad
            why = thread.why or "stands still"
            self._kiosk.trouble_beside("broker_stopped", bad, why if bad else "", now_s)
        if not thread.died:
            self._start_at_s = None
        elif self._start_at_s is None:
            self._start_at_s = now_s + _START_AGAIN_S
        elif now_s >= self._start_at_s:
            self._start_at_s = None
            thread.start()

    # --- what is asked -----------------------------------------------------------------------------

    def _take(self, now_s: float) -> None:
        arrived, dropped = self._carrier.publisher.came()
        for came in arrived:
            read = self._doorkeeper.read(came, now_s, self._clock.wall_s(), self._clock.wall_true())
            self._kiosk.asked.take(read, now_s)
        if dropped:
            self._kiosk.asked.take(Refused(NotDone.TOO_MANY), now_s)

    def _answer_refused(self, refused: Refused) -> None:
        """Only to one whose key has signed it: nobody else gets an answer, or could make us send many."""
        if refused.verb:
            why: Result = {"why": meaning(refused.refusal)}
            self._reply(refused.id, refused.verb, "refused", why, refused.refusal.value)

    def _reply(
        self,
        number: int,
        verb: str,
        outcome: str,
        result: Result,
        refusal: str = "",
    ) -> None:
        kiosk = self._settings.mqtt.kiosk_id
        self._carrier.publisher.reply(
            Reply(kiosk=kiosk, id=number, verb=verb, outcome=outcome, refusal=refusal, result=result)
        )
        self._carrier.poke()

    def _do(self, request: Request, now_s: float) -> None:
        match request.verb:
            case Verb.REPORT:
                self._report(request, now_s)
            case Verb.SELFTEST:
                self._selftest(request, now_s)
            case Verb.EVIDENCE:
                self._upload(request, now_s)
            case _:
                assert_never(request.verb)

    def _report(self, request: Request, now_s: float) -> None:
        """How the kiosk is, in the reply; and the daily line to the control room, by every way."""
        self._kiosk.report("asked", now_s)
        status = self._status(now_s, online=True)
        result: Result = {
            "stage": status.stage,
            "door": status.door,
            "permit": status.permit,
            "camera": status.camera,
            "incident": status.incident,
            "faults": list(status.faults),
            "waiting": status.waiting,
            "program": status.program,
            "record_head": status.record_head,
        }
        self._reply(request.id, request.verb.value, "done", result)

    def _selftest(self, request: Request, now_s: float) -> None:
        if self._testing:
            self._kiosk.asked.refuse(request, NotDone.BUSY, now_s)
            return
        self._testing = True

        def test() -> None:
            try:
                found = list(self._aside.selftest())
                self._reply(request.id, request.verb.value, "done", {"ok": not found, "failed": found})
            except (OSError, FaultError, ValueError) as error:
                why = error.code if isinstance(error, FaultError) else type(error).__name__
                self._reply(request.id, request.verb.value, "failed", {"why": why})
            finally:
                self._testing = False

        self._aside.apart(test)

    def _upload(self, request: Request, now_s: float) -> None:
        """The pictures as they lie there, in pieces; hashed and cut in a thread of its own."""
        publisher, verb = self._carrier.publisher, request.verb.value
        if publisher.uploading or self._testing:
            self._kiosk.asked.refuse(request, NotDone.BUSY, now_s)
            return
        self._testing = True

        def cut() -> None:
            try:
                chosen = chosen_pictures(self._evidence, request)
                pieces = [piece for file in chosen for piece in cut_up(file, request, self._kiosk_id)]
                publisher.upload(tuple(pieces))
                names = [file.name for file in chosen]
                missing = [name for name in request.pictures if name not in names]
                result: Result = {
                    "pictures": names,
                    "missing": missing,
                    "pieces": len(pieces),
                }
                self._reply(request.id, verb, "done", result)
            except OSError as error:
                self._reply(request.id, verb, "failed", {"why": error.strerror or type(error).__name__})
            finally:
                self._testing = False

        self._aside.apart(cut)

    @property
    def _kiosk_id(self) -> str:
        return self._settings.mqtt.kiosk_id


def update_word(runtime: Path) -> str:
    """Where the kiosk stands with its updates: a state, and the version that is offered. Reads a file."""
    try:
        shown = msgspec.json.decode((runtime / UPDATE_FILE).read_bytes(), type=UpdateShown)
    except (OSError, msgspec.DecodeError):
        return ""
    return " ".join(word for word in (shown.state.value, shown.offered, shown.failed_code) if word)


def references(evidence: Path, incident: int) -> tuple[Picture, ...]:
    """The pictures of an incident by name and hash, the newest where there are too many. Reads files."""
    found: list[Picture] = []
    for file in files.pictures(evidence, incident)[-PICTURES_MOST:]:
        try:
            found.append(Picture(file.name, hashlib.sha256(file.read_bytes()).hexdigest()))
        except OSError:  # tidied away meanwhile
            continue
    return tuple(found)


def chosen_pictures(evidence: Path, request: Request) -> list[Path]:
    """Those that were asked for by name, or the first that there are. Never one outside the folder.

    Before them what it takes to open them, where two keys of the bank are needed.
    """
    there = files.pictures(evidence, request.incident)
    if request.pictures:
        chosen = [file for file in there if file.name in request.pictures]
    else:
        chosen = list(there[:PICTURES_ASKED_MOST])
    return [*files.wrapped_keys(evidence, request.incident), *chosen] if chosen else []


def cut_up(file: Path, request: Request, kiosk: str) -> list[Callable[[], Chunk | None]]:
    """The pieces of a picture, each read when its turn comes."""
    content = file.read_bytes()
    sha256, size = hashlib.sha256(content).hexdigest(), len(content)
    count = max(1, -(-size // CHUNK_BYTES))

    def read(number: int) -> Callable[[], Chunk | None]:
        def piece() -> Chunk | None:
            try:
                with file.open("rb") as opened:
                    opened.seek(number * CHUNK_BYTES)
                    data = opened.read(CHUNK_BYTES)
            except OSError:  # tidied away meanwhile
                return None
            return Chunk(
                kiosk=kiosk,
                id=request.id,
                incident=request.incident,
                name=file.name,
                sha256=sha256,
                size=size,
                chunk=number,
                chunks=count,
                data=data,
            )

        return piece

    return [read(number) for number in range(count)]

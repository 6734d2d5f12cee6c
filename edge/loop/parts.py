"""Everything that a kiosk is put together from; `edge.service.build` alone makes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge.cabin.rules import Rules
from edge.codes.book import CodeBook
from edge.codes.note import NoteSealer
from edge.codes.pad import EntryPad
from edge.codes.release import ReleaseDesk
from edge.identity.desk import OwnerDesk
from edge.identity.enroller import Enroller
from edge.identity.keeper import GalleryKeeper
from edge.judge.judge import Judge
from edge.judge.owner import OwnerJudge
from edge.loop.happening import Listener
from edge.loop.on_record import Journal
from edge.loop.unrecorded import Unrecorded
from edge.loop.views import ViewsFile
from edge.loop.vitals import Gauge
from edge.messages.entries import Entries
from edge.messages.inbox import Inbox
from edge.messages.outbox import Outbox
from edge.messages.streams import Streams
from edge.messages.texts import Context
from edge.pictures.keeper import Evidence
from edge.terms.hold import Hold
from hw.ports import Board


@dataclass(frozen=True, slots=True)
class IdentityParts:
    """What a claim needs. `want_owner` asks the eyes for looks at the owner, or for no more.

    `judge` None: no limits came with the network, so that no face is held for the owner's; a code may be.
    """

    keeper: GalleryKeeper
    judge: OwnerJudge | None
    want_owner: Callable[[bool], None]
    enroller: Enroller | None
    """None: nobody can be enrolled before the camera, since the network came without its limits."""


@dataclass(frozen=True, slots=True)
class DuressParts:
    """What is told and noted of each code that is typed, where a code has a duress form."""

    entries: Entries
    notes: NoteSealer


@dataclass(frozen=True, slots=True)
class Restarter:
    """`order` ends the program in order, to be started again; `after_s`: not sooner after a start.

    The service manager gives up on a program that was started too often in a while.
    """

    order: Callable[[], None]
    after_s: float


@dataclass(frozen=True, slots=True)
class Parts:
    """`streams` None: no message is counted, since there is no broker; `keep_messages_s`: how long one waits
    for it. None has a default: what one caller could leave out would be missing there without a word."""

    board: Board
    rules: Rules
    journal: Journal
    unrecorded: Unrecorded
    outbox: Outbox
    streams: Streams | None
    keep_messages_s: float
    inbox: Inbox
    release_desk: ReleaseDesk
    owner_desk: OwnerDesk
    identity: IdentityParts | None
    context: Context
    book: CodeBook
    duress: DuressParts | None
    """None: no code has a duress form, and nothing is told of one that is typed."""
    pad: EntryPad
    judge: Judge
    cameras: frozenset[str]
    evidence: Evidence
    holds_lost: tuple[Hold, ...]
    """Legal holds that a file has and the record does not know any more."""
    views: ViewsFile
    gauge: Gauge
    clock_jump_s: float
    restart: Restarter
    listener: Listener

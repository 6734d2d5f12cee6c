"""What a kiosk publishes, in its order, over one session: status, messages, replies, and pictures last.

Turned by anyone who has the socket (a thread in service, the caller on a bench); everything else may come
from another thread and returns at once. A broker keeps what it acknowledged in memory and writes it down now
and then (Mosquitto: `autosave_interval`), so after every lost connection what was taken a short while before
is published again, marked as a repeat, before anything newer of its stream.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from edge.fleet.asking import Came
from edge.fleet.link import Trouble
from edge.fleet.payloads import GAP, PICTURES, Chunk, Event, Gap, Picture, Reply, Status, encoded
from edge.fleet.session import Arrived, BrokerSession, Connected, Lost, NotTaken, Published
from edge.fleet.topics import Stream, Topics
from edge.terms.record import OutboxRow

RESENT_MOST: Final = 256
"""Messages that are kept in memory to be published again."""
REPLIES_MOST: Final = 32
CAME_MOST: Final = 16
"""What arrived and was not looked at yet; beyond it the newest is dropped, and counted."""
AGAIN_S: Final = 30.0
"""After a broker did not take a message, or nobody reads it there: so long nothing is offered."""
REFRESH_S: Final = 600.0
"""The status is published so often though it does not change: a broker may have lost what it retained."""
UNREAD: Final = "nobody reads it at the broker"
UPDATE_S: Final = 10.0
"""How often the word on updates is read."""
_SPARE: Final = 4
"""Of what may be in flight, kept free for status and replies."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks. All of these return at once, but for `pictures_of` and `update`, which read files.

    `epoch` is the record's as readers know it, `head` the newest line of the record, `update` a word on the
    newest version that is known.
    """

    kiosk: str
    epoch: str
    head: Callable[[], str]
    pictures_of: Callable[[int], tuple[Picture, ...]]
    update: Callable[[], str] = str


@dataclass(frozen=True, slots=True)
class Pace:
    """`resend_s`: how far back what was taken is published again; `status_s`: the status at most so often."""

    resend_s: float
    status_s: float


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a message that was handed over: taken, or (`cause`) to be handed over again."""

    ticket: int
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the session is. `trouble` None: up, or not tried yet; `since_s`: from when, monotonic."""

    up: bool = False
    since_s: float = 0.0
    trouble: Trouble | None = None
    detail: str = ""
    connects: int = 0
    losses: int = 0


@dataclass(frozen=True, slots=True)
class _Message:
    """Handed over: under the `ticket` of the one who did, 0 for what is published again."""

    ticket: int
    row: OutboxRow
    text: str
    taken_s: float = 0.0


def _by_stream() -> dict[Stream, deque[_Message]]:
    return {stream: deque() for stream in Stream}


@dataclass(slots=True)
class _Shared:
    """What several threads touch, under the lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    handed: dict[Stream, deque[_Message]] = field(default_factory=_by_stream)
    done: list[Done] = field(default_factory=list)
    replies: deque[Reply] = field(default_factory=deque)
    chunks: deque[Callable[[], Chunk | None]] = field(default_factory=deque)
    came: deque[Came] = field(default_factory=deque)
    dropped: int = 0
    status: Status | None = None
    standing: Standing = Standing()
    room: int = 0

    @property
    def held(self) -> int:
        """How many messages were handed over and wait."""
        return sum(len(rows) for rows in self.handed.values())

    def give_back(self) -> list[_Message]:
        """All of them, which wait no longer."""
        back = [message for rows in self.handed.values() for message in rows]
        for rows in self.handed.values():
            rows.clear()
        return back


class Publisher:
    """Of one kiosk over one session. `discovery`, retained beside the status, is for Home Assistant; `heard`
    is called with the outcome of each connection, None for one that the broker let in."""

    def __init__(
        self,
        session: BrokerSession,
        topics: Topics,
        voice: Voice,
        pace: Pace,
        discovery: bytes = b"",
        heard: Callable[[Trouble | None], None] = lambda trouble: None,
    ) -> None:
        self._session = session
        self._topics = topics
        self._voice = voice
        self._pace = pace
        self._discovery = discovery
        self._heard = heard
        self._shared = _Shared()
        self._sent: dict[int, _Message] = {}
        self._taken: deque[_Message] = deque()
        self._again = _by_stream()
        self._chunk: int | None = None
        self._status_said: Status | None = None
        self._status_due = False
        self._status_s = float("-inf")
        self._discovery_due = bool(discovery)
        self._update, self._update_s = "", float("-inf")
        self._held_until_s = float("-inf")
        self._now_s = 0.0

    # --- from any thread ---------------------------------------------------------------------------

    @property
    def room(self) -> int:
        """How many messages may be handed over now; none while there is no connection."""
        shared = self._shared
        with shared.lock:
            return shared.room - shared.held

    def hand(self, ticket: int, row: OutboxRow, text: str) -> None:
        """Publish it; answered by `done`."""
        with self._shared.lock:
            self._shared.handed[Stream(row.stream)].append(_Message(ticket, row, text))

    def done(self) -> tuple[Done, ...]:
        """What became of messages since the last call."""
        shared = self._shared
        with shared.lock:
            taken, shared.done = tuple(shared.done), []
        return taken

    def show(self, status: Status) -> None:
        """How the kiosk is now; published when it may be."""
        with self._shared.lock:
            self._shared.status = status

    def reply(self, reply: Reply) -> None:
        """Answer a request; the oldest goes where too many wait."""
        with self._shared.lock:
            self._shared.replies.append(reply)
            if len(self._shared.replies) > REPLIES_MOST:
                self._shared.replies.popleft()

    def upload(self, chunks: tuple[Callable[[], Chunk | None], ...]) -> bool:
        """Publish these pieces, when nothing else waits; False while others are under way. Each is read when
        its turn comes; one that cannot be read is left out."""
        with self._shared.lock:
            if self._shared.chunks:
                return False
            self._shared.chunks.extend(chunks)
            return True

    @property
    def uploading(self) -> int:
        """Pieces of pictures that wait."""
        with self._shared.lock:
            return len(self._shared.chunks)

    def came(self) -> tuple[tuple[Came, ...], int]:
        """What arrived since the last call, and how many more were dropped unseen."""
        shared = self._shared
        with shared.lock:
            taken, dropped = tuple(shared.came), shared.dropped
            shared.came.clear()
            shared.dropped = 0
        return taken, dropped

    @property
    def standing(self) -> Standing:
        with self._shared.lock:
            return self._shared.standing

    # --- from the one who turns it ---------------------------------------------------------------------

    @property
    def session(self) -> BrokerSession:
        return self._session

    def turn(self, now_s: float, readable: bool = True, writable: bool = True) -> bool:
        """Do what can be done; whether there is news for the loop. Never waits but for a picture's file."""
        self._now_s = now_s
        self._session.connect(now_s)
        before = self._session.is_up
        news = False
        for event in self._session.turn(now_s, readable, writable):
            news = True
            match event:
                case Connected():
                    self._connected()
                case Lost():
                    self._lost(event)
                case Published(ticket=ticket, unread=False):
                    self._published(ticket)
                case Published(ticket=ticket):
                    self._unread(ticket)
                case NotTaken(ticket=ticket, detail=detail):
                    self._not_taken(ticket, detail)
                case Arrived():
                    self._arrived(event)
        if self._session.is_up:
            self._publish()
        else:
            self._give_back()
        self._count_room()
        return news or before is not self._session.is_up

    def next_wake_s(self, now_s: float) -> float | None:
        """The latest time for the next turn, though nothing moves at the socket."""
        wakes = [self._session.next_wake_s(now_s)]
        if self._session.is_up:
            wakes.append(max(now_s, self._status_s + self._pace.status_s) if self._status_waits() else None)
            wakes.append(self._held_until_s if self._held_until_s > now_s else None)
        return min((wake_s for wake_s in wakes if wake_s is not None), default=None)

    def leave(self, reason_offline: Status | None) -> None:
        """End in order: say that we go, as far as it can be said without waiting."""
        if reason_offline is not None and self._session.is_up:
            self._session.publish(self._topics.status, encoded(reason_offline), retain=True)
            self._session.turn(self._now_s)
        self._session.close()

    # --- what the session says ---------------------------------------------------------------------

    def _connected(self) -> None:
        self._heard(None)
        self._status_due, self._discovery_due = True, bool(self._discovery)
        self._status_s = float("-inf")
        self._held_until_s = float("-inf")
        with self._shared.lock:
            known = self._shared.standing
            self._shared.standing = Standing(True, self._now_s, None, "", known.connects + 1, known.losses)

    def _lost(self, lost: Lost) -> None:
        """What was in flight goes back; what was taken shortly before anything was last heard comes again."""
        if not self._shared.standing.up:
            self._heard(lost.trouble)
        since_s = self._session.heard_s - self._pace.resend_s
        again = [one for one in self._taken if one.taken_s >= since_s and self._pace.resend_s > 0]
        waiting = [one for one in self._sent.values() if not one.ticket]
        waiting += [one for rows in self._again.values() for one in rows]
        self._again = _by_stream()
        seen = set()
        for one in (*again, *waiting):
            if one.row.key not in seen:
                seen.add(one.row.key)
                self._again[Stream(one.row.stream)].append(one)
        self._taken.clear()
        back = [one for one in self._sent.values() if one.ticket]
        self._sent.clear()
        self._chunk = None
        shared = self._shared
        with shared.lock:
            back += shared.give_back()
            shared.done += [Done(one.ticket, lost.detail) for one in back]
            known = shared.standing
            since_s = self._now_s if known.up or known.trouble is None else known.since_s
            losses = known.losses + known.up
            shared.standing = Standing(False, since_s, lost.trouble, lost.detail, known.connects, losses)

    def _published(self, ticket: int) -> None:
        if ticket == self._chunk:
            self._chunk = None
        message = self._sent.pop(ticket, None)
        if message is None:
            return
        self._taken.append(replace(message, ticket=0, taken_s=self._now_s))
        while self._taken and (
            len(self._taken) > RESENT_MOST or self._taken[0].taken_s < self._now_s - self._pace.resend_s
        ):
            self._taken.popleft()
        if message.ticket:
            with self._shared.lock:
                self._shared.done.append(Done(message.ticket))
                if self._shared.standing.trouble is not None:
                    known = self._shared.standing
                    self._shared.standing = replace(known, trouble=None, detail="", since_s=self._now_s)

    def _not_taken(self, ticket: int, detail: str) -> None:
        """The broker does not take it: nothing is offered for a while, then this one first."""
        if ticket == self._chunk:
            self._chunk = None
        message = self._sent.pop(ticket, None)
        if message is None:
            return
        self._held_until_s = self._now_s + AGAIN_S
        if not message.ticket:
            self._again[Stream(message.row.stream)].append(message)
            return
        with self._shared.lock:
            self._shared.done.append(Done(message.ticket, detail))
            known = self._shared.standing
            trouble = Trouble.UNREAD if detail == UNREAD else Trouble.REFUSED
            since_s = self._now_s if known.trouble is None else known.since_s
            self._shared.standing = replace(known, trouble=trouble, detail=detail, since_s=since_s)

    def _unread(self, ticket: int) -> None:
        """Nobody reads it, so that it is lost at the broker: only of a message does that matter."""
        if ticket in self._sent:
            self._not_taken(ticket, UNREAD)
        elif ticket == self._chunk:
            self._chunk = None

    def _arrived(self, event: Arrived) -> None:
        with self._shared.lock:
            if len(self._shared.came) >= CAME_MOST:
                self._shared.dropped += 1
                return
            self._shared.came.append(Came(event.topic, event.payload, event.retained))

    # --- what goes out -----------------------------------------------------------------------------

    def _status_waits(self) -> bool:
        with self._shared.lock:
            status = self._shared.status
        if status is None:
            return False
        return self._status_due or _essence(status) != _essence(self._status_said)

    def _publish(self) -> None:
        """As much as there is room for, in its order."""
        self._publish_status()
        while self._now_s >= self._held_until_s and self._session.is_up:
            message = self._next()
            if message is None:
                break
            if not self._send(message):
                return
        self._publish_replies()
        with self._shared.lock:
            idle = not (self._shared.held or any(self._again.values()) or self._shared.replies)
        if idle and self._chunk is None and self._now_s >= self._held_until_s:
            self._publish_chunk()

    def _look_at_update(self) -> None:
        """Now and then; another word is worth a status."""
        if self._now_s < self._update_s + UPDATE_S:
            return
        self._update_s = self._now_s
        word = self._voice.update()
        self._status_due |= word != self._update
        self._update = word

    def _publish_status(self) -> None:
        self._look_at_update()
        if self._discovery_due:
            ticket = self._session.publish(self._topics.discovery, self._discovery, retain=True)
            self._discovery_due = ticket is None
        if self._now_s < self._status_s + self._pace.status_s:
            return
        if not self._status_waits() and self._now_s < self._status_s + REFRESH_S:
            return
        with self._shared.lock:
            status = self._shared.status
        if status is None:
            return
        said = msgspec.structs.replace(status, update=self._update)
        if self._session.publish(self._topics.status, encoded(said), retain=True) is not None:
            self._status_said, self._status_due, self._status_s = status, False, self._now_s

    def _next(self) -> _Message | None:
        """Of the most urgent stream first what comes again, then what is new."""
        with self._shared.lock:
            for stream in Stream:
                for rows in (self._again[stream], self._shared.handed[stream]):
                    if rows:
                        return rows.popleft()
        return None

    def _send(self, message: _Message) -> bool:
        """Publish one; False where there is no room: it stays the next."""
        topic, payload = self._said(message)
        ticket = self._session.publish(topic, payload)
        if ticket is None:
            if message.ticket == 0:
                self._again[Stream(message.row.stream)].appendleft(message)
            else:
                with self._shared.lock:
                    self._shared.handed[Stream(message.row.stream)].appendleft(message)
            return False
        self._sent[ticket] = message
        return True

    def _said(self, message: _Message) -> tuple[str, bytes]:
        row, voice = message.row, self._voice
        pictures = voice.pictures_of(row.incident) if row.kind == PICTURES else ()
        said = message_of(row, message.text, voice.kiosk, voice.epoch, voice.head(), pictures)
        if message.ticket == 0:
            said = msgspec.structs.replace(said, repeat=True)
        return self._topics.events(said.stream), encoded(said)

    def _publish_replies(self) -> None:
        while True:
            with self._shared.lock:
                reply = self._shared.replies[0] if self._shared.replies else None
            if reply is None or self._session.publish(self._topics.reply, encoded(reply)) is None:
                return
            with self._shared.lock:
                if self._shared.replies and self._shared.replies[0] is reply:
                    self._shared.replies.popleft()

    def _publish_chunk(self) -> None:
        """One piece, and no other before it is taken."""
        with self._shared.lock:
            read = self._shared.chunks[0] if self._shared.chunks else None
        if read is None:
            return
        chunk = read()
        if chunk is not None:
            self._chunk = self._session.publish(self._topics.evidence, encoded(chunk))
            if self._chunk is None:
                return
        with self._shared.lock:
            self._shared.chunks.popleft()

    def _give_back(self) -> None:
        """What was handed over in the moment in which the connection broke."""
        with self._shared.lock:
            back = self._shared.give_back()
            self._shared.done += [Done(one.ticket, "no connection") for one in back]

    def _count_room(self) -> None:
        may = self._session.is_up and self._now_s >= self._held_until_s
        with self._shared.lock:
            spare = min(_SPARE, self._session.in_flight - 1)
            self._shared.room = max(0, self._session.room - spare) if may else 0


def message_of(
    row: OutboxRow, text: str, kiosk: str, epoch: str, head: str, pictures: tuple[Picture, ...]
) -> Event | Gap:
    """What a row says to readers. ValueError for one without a place in a stream."""
    stream, repeat = Stream(row.stream), row.tries > 1
    if row.kind == GAP:
        first, _, rest = row.reason.partition("-")
        last, _, cause = rest.partition(" ")
        return Gap(
            kiosk=kiosk,
            epoch=epoch,
            stream=stream,
            first=int(first),
            last=int(last),
            cause=cause,
            number=row.number,
            created=row.created_wall_s,
            repeat=repeat,
        )
    return Event(
        kiosk=kiosk,
        epoch=epoch,
        stream=stream,
        sequence=row.sequence,
        number=row.number,
        incident=row.incident,
        kind=row.kind,
        reason=row.reason,
        text=text,
        created=row.created_wall_s,
        repeat=repeat,
        record_head=head,
        pictures=pictures,
    )


def _essence(status: Status | None) -> bytes:
    """What of a status is worth publishing it for: its times and the record's newest line go along."""
    if status is None:
        return b""
    return msgspec.json.encode(msgspec.structs.replace(status, at=0.0, record_head="", waiting=0))

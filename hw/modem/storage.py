"""Texts that a modem stores: each is reported once and deleted; what cannot be read or deleted blocks
nothing.

Storages have names of two letters (3GPP TS 27.005, 3.1): SM the card, ME the modem, MT both, SR the reports.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Final

from hw.modem import pdu, replies
from hw.modem.models import ModemProfile
from hw.modem.status import Status, note_storage
from hw.modem.steps import Answer, Ask, Outcome, Step, ask
from hw.ports import ModemEvent, TextReceived, TextReported

LIST_S: Final = 25.0
"""The longest silence within a list; the lists of slow lines take longer altogether."""
_STORES: Final = ("SM", "ME", "MT")
_MOST_ELSEWHERE: Final = 8
_TRIES: Final = 4
"""So many ways of setting it up are tried while a text waits; and so often to reach another storage."""
_READINGS: Final = 3
"""So often an entry is read that cannot be read, before it goes: the line may be to blame."""
_MOST_KEPT: Final = 512


def from_pdu(line: str) -> ModemEvent | None:
    """What a PDU tells; None for a report that is not the last. `PduError` for one that cannot be read."""
    message = pdu.decode(line)
    if isinstance(message, pdu.Deliver):
        return TextReceived(message.number, message.text)
    if isinstance(message, pdu.StatusReport) and message.final:
        return TextReported(message.number, message.reference, message.delivered, message.sent_utc_s)
    return None


def from_report(fields: list[str]) -> ModemEvent | None:
    """A delivery report in text mode: first octet, reference, number, its type, two times, status.

    None for one that is not the last. ValueError for one that cannot be read.
    """
    if len(fields) < 7 or not _is_octet(fields[1]) or not _is_octet(fields[6]):
        raise ValueError("not a delivery report")
    status = int(fields[6])
    if 0x20 <= status <= 0x3F:
        return None
    number, sent_utc_s = replies.from_ucs2(fields[2]), replies.network_time(fields[4])
    return TextReported(number, int(fields[1]), status <= 0x1F, sent_utc_s)


def _is_octet(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 3 and int(text) <= 255


class Storage:
    """The storages of one modem. `tell` takes what was read; `busy` is True while a text waits to go out.

    `due`: there is, or may be, something to read.
    """

    def __init__(
        self,
        profile: ModemProfile,
        status: Status,
        tell: Callable[[ModemEvent], None],
        busy: Callable[[], bool],
    ) -> None:
        self._profile = profile
        self._status = status
        self._tell = tell
        self._busy = busy
        self._name = ""
        self._due: dict[str, set[str]] = {}
        self._elsewhere: dict[str, int] = {}
        self._missed = False
        self._undeleted: dict[tuple[str, ...], None] = {}
        self._damaged: dict[tuple[str, ...], int] = {}
        self._at_once = _READINGS - 1

    @property
    def due(self) -> bool:
        return bool(self._due)

    @property
    def set_up(self) -> bool:
        """The modem took a storage and tells of new texts."""
        return bool(self._name) and self._status.told_of_texts is True

    def forget_set_up(self) -> None:
        """The modem may have been restarted."""
        self._name = ""
        self._status.told_of_texts = False

    def choose(self) -> Generator[Step, Answer, None]:
        """Say where texts are to be kept, and to be told of new ones. What is refused may be asked again."""
        if not self._name:
            for tried, name in enumerate(dict.fromkeys((self._profile.storage, *_STORES))):
                if self._busy() and 2 * tried >= _TRIES:
                    break
                answer = yield from self._switch(f'"{name}","{name}","{name}"', f'"{name}"')
                if answer.ok:
                    note_storage(self._status, replies.split(answer.lines[0])[:2])
                    self._name = name
                    break
        if not self._status.told_of_texts:
            for tried, setting in enumerate(self._profile.notify):
                if self._busy() and tried >= _TRIES:
                    break
                answer = yield from ask(f"AT+CNMI={setting}")
                if answer.ok:
                    self._status.told_of_texts = True
                    break

    def note_arrival(self, fields: list[str]) -> None:
        """The modem says where it put something: not always where it was told to."""
        name, index = fields[0].upper(), fields[1] if len(fields) > 1 else ""
        if not (name.isascii() and name.isalpha() and len(name) == 2) or not self._name:
            name = self._name
        indexes = self._due.setdefault(name, set())
        if _is_index(index):
            indexes.add(index)
        if name not in (self._name, *self._elsewhere) and len(self._elsewhere) < _MOST_ELSEWHERE:
            self._elsewhere[name] = _TRIES

    def read_soon(self) -> None:
        """Look at every storage in which something was ever put."""
        for name in (self._name, *self._elsewhere):
            self._due.setdefault(name, set())

    def read_again(self) -> None:
        """Called every half a minute: not every modem tells of new texts, and what it says may get lost."""
        if self._missed:
            self.read_soon()
        self._at_once = _READINGS - 1
        self._due.setdefault(self._name, set())

    def read(self) -> Generator[Step, Answer, None]:
        """Tell and delete all that is due; stops early, with the rest still due, when a text waits."""
        due: dict[str, set[str]] = {}
        for name, indexes in self._due.items():
            # What was reported before a storage was chosen is meant for that one.
            due.setdefault(name or self._name, set()).update(indexes)
        self._due = {}
        self._missed = False
        for name in sorted(due, key=lambda name: name != self._name):
            if self._busy():
                self._due.setdefault(name, set()).update(due[name])
                continue
            if name == self._name or not self._name:
                yield from self._read_one(name, due[name])
                continue
            here = self._name
            answer = yield from self._switch(f'"{name}"', f'"{name}","{here}","{here}"')
            if not answer.ok:
                # There may be no such storage: noise on the line named it.
                self._elsewhere[name] = self._elsewhere.get(name, _TRIES) - 1
                if self._elsewhere[name] > 0:
                    self._missed = True
                else:
                    del self._elsewhere[name]
                continue
            self._elsewhere[name] = _TRIES
            yield from self._read_one(name, due[name])
            answer = yield from self._switch(f'"{here}","{here}","{here}"', f'"{here}"')
            if not answer.ok:
                self._name = ""
        if self._damaged and self._missed and self._at_once > 0:
            self._at_once -= 1
            self.read_soon()

    # --- inside ---------------------------------------------------------------------------------

    def _switch(self, *forms: str) -> Generator[Step, Answer, Answer]:
        answer = Answer(Outcome.ERROR)
        for names in forms:
            answer = yield from ask(f"AT+CPMS={names}", 10.0, info="+CPMS:")
            if answer.ok:
                break
        return answer

    def _read_one(self, name: str, indexes: set[str]) -> Generator[Step, Answer, None]:
        command = 'AT+CMGL="ALL"' if self._profile.text_mode else "AT+CMGL=4"
        answer = yield Ask(command.encode("ascii") + b"\r", LIST_S, info="+CMGL:", many=True)
        entries = list(zip(answer.lines[::2], answer.lines[1::2], strict=True))
        if not answer.ok:
            # What did come is used; the rest is for the next time.
            self._missed = True
        if not entries and indexes and not (answer.ok and name == self._name):
            # Some list nothing of some storages, but read the place that they named.
            entries = yield from self._read_places(sorted(indexes))
        there: set[tuple[str, ...]] = set()
        for at, (header, payload) in enumerate(entries):
            if self._busy():
                self._due.setdefault(name, set())
                return
            fields = replies.split(header)
            # What changes by being read, its state, is no part of what it is.
            key = (name, fields[0], *fields[2:], payload)
            if not _is_index(fields[0]) or key in there:
                continue
            there.add(key)
            yield from self._read_entry(name, fields, key, last=at == len(entries) - 1)
        if name == self._name and self._status.storage_used is not None:
            left = len(there & (self._undeleted.keys() | self._damaged.keys()))
            self._status.storage_used = max(left, self._status.storage_used - len(there))

    def _read_places(self, indexes: list[str]) -> Generator[Step, Answer, list[tuple[str, str]]]:
        entries: list[tuple[str, str]] = []
        for index in indexes:
            answer = yield Ask(f"AT+CMGR={index}\r".encode("ascii"), 5.0, info="+CMGR:", many=True)
            if answer.ok and len(answer.lines) >= 2:
                header, payload = answer.lines[:2]
                entries.append((f"{index},{header}", payload))
        return entries

    def _read_entry(
        self, name: str, fields: list[str], key: tuple[str, ...], *, last: bool
    ) -> Generator[Step, Answer, None]:
        """One entry: told if it was not yet, then deleted."""
        if key not in self._undeleted:
            try:
                event = self._understand(fields, key[-1])
            except ValueError:
                self._damaged[key] = self._damaged.get(key, 0) + 1
                if len(self._damaged) > _MOST_KEPT:
                    del self._damaged[next(iter(self._damaged))]
                    return
                if self._damaged[key] < _READINGS:
                    self._missed = True
                    return
                event = None
            # Before anything can go wrong with the deletion: it must not be reported again.
            self._undeleted[key] = None
            if len(self._undeleted) > _MOST_KEPT:
                del self._undeleted[next(iter(self._undeleted))]
            if event is not None:
                self._tell(event)
        answer = yield from ask(f"AT+CMGD={fields[0]}", 5.0)
        if not answer.ok and last:
            answer = yield from ask("AT+CMGD=1,1", 5.0)
            self._missed = self._missed or not answer.ok
        elif answer.ok:
            self._undeleted.pop(key, None)
            self._damaged.pop(key, None)

    def _understand(self, fields: list[str], payload: str) -> ModemEvent | None:
        """What an entry tells. ValueError for one that cannot be read."""
        if not self._profile.text_mode:
            return from_pdu(payload)
        if len(fields) >= 9 and _is_octet(fields[2]) and _is_octet(fields[3]):
            return from_report(fields[2:])
        if len(fields) < 3 or not fields[2] or not payload:
            raise ValueError("not a text")
        if not fields[1].startswith("REC"):
            return None
        return TextReceived(replies.from_ucs2(fields[2]), replies.from_ucs2(payload))


def _is_index(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 5

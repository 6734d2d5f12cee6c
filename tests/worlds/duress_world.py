"""One visit, played twice: the watchman types the code, or types it as somebody does who is forced to.

Everything that anybody on the spot could look at is kept as text, with what is noise by design (the mark of a
message, the sealed note, the hashes that follow from them) replaced by as many letters.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge.bench.broker import Taken
from edge.cli.events import _words
from edge.codes.duress import DuressForm, forced_by
from edge.codes.note import Note, open_note
from edge.journal import reader
from edge.loop.happening import Happening
from edge.reports.document import Maker
from edge.reports.of_incident import incident_report
from edge.service.asks import Panel, Status
from edge.service.log import log_happening
from edge.settings.load import load
from edge.terms.record import OutboxRow, Recipient
from edge.words.language import LanguageName
from hw.modem import gsm7
from hw.ports import Input
from tests.worlds.desk_world import scripted_desk

KEY = X25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes_raw().hex()

SETTINGS = (
    "flow.code_digits=4",
    "flow.duress=last_plus_one",
    f"people.control_room_key={PUBLIC}",
    "flow.adjust_after_s=2",
    "flow.lock_after_s=6",
    "flow.prompt_lead_s=1",
)

_NOTE = re.compile(r"[A-Za-z0-9+/]{150}==")
_HASH = re.compile(r"\b[0-9a-f]{16,64}\b")
_FREE = re.compile(r'(free_mb|free mb)(["\\: ]*)\d+')
_PORT = re.compile(r"127\.0\.0\.1:\d+")


def masked(text: str) -> str:
    """As long as it was, with letters in the place of noise."""
    text = _NOTE.sub(lambda m: "N" * len(m[0]), text)
    text = _FREE.sub(r"\1\2 FREE", text)  # of the disk of this machine
    return _PORT.sub("HOST", _HASH.sub(lambda m: "H" * len(m[0]), text))


@dataclass(frozen=True)
class Played:
    """What one visit left: `streams` by name, what the control room got, and its notes in the record."""

    streams: Mapping[str, str]
    control_room: tuple[str, ...]
    watchman: tuple[str, ...]
    broker: tuple[Taken, ...]
    notes: tuple[Note, ...]
    rows: tuple[OutboxRow, ...]


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {record.getMessage()}")


def play(folder: Path, *entries: str, settings: tuple[str, ...] = SETTINGS, seed: int = 3) -> Played:
    """A masked visitor is locked in, and the entries are typed one after the other, two seconds apart."""
    heard: list[Happening] = []
    log, lines = logging.getLogger("edge.service.log"), _Lines()
    level = log.level
    log.addHandler(lines)
    log.setLevel(logging.DEBUG)

    def hear(happening: Happening) -> None:
        if happening.kind == "sms":  # the bench's telephones, which stand elsewhere
            return
        heard.append(happening)
        log_happening(happening, verbose=True)

    desk, people = scripted_desk(folder, hear, settings=load(None, list(settings)), seed=seed)
    seen: list[object] = []
    try:

        def run(for_s: float) -> None:
            until_s = desk.clock.now_s() + for_s
            while desk.clock.now_s() < until_s - 1e-9:
                desk.run_to(min(until_s, desk.clock.now_s() + 0.25))
                seen.extend(desk.answer(request) for request in (Status(), Panel()))

        people.do("enter anna with mask", desk.clock.now_s())
        desk.move_input(Input.DOOR, True)
        desk.after(1.5, lambda: desk.move_input(Input.DOOR, False))
        run(30.0)
        assert desk.kiosk.door_locked
        for entry in entries:
            if "PREVIOUS" in entry:  # not before it is superseded
                run(14.0)
            form = forced_by(DuressForm(desk.settings.flow.duress), desk.settings.flow.duress_prefix)
            if entry == "PREVIOUS_DURESS" and form is not None:
                entry = form(desk.spell("PREVIOUS"))
            desk.type_keys(entry)
            run(2.0)
        run(20.0)
        people.do("leave anna", desk.clock.now_s())
        desk.move_input(Input.DOOR, True)
        desk.after(1.5, lambda: desk.move_input(Input.DOOR, False))
        run(100.0)
        list(desk.telephones.received())
        numbers = desk.numbers
        texts = [text for text in desk.telephones.texts if text.received]
        broker = tuple(desk.broker.taken)
        path = desk.journal_file
    finally:
        desk.close()
        log.removeHandler(lines)
        log.setLevel(level)
    record = list(reader.lines(path))
    rows = reader.outbox(path)
    zone_settings = load(None, [f"paths.data={folder}", *settings])
    report = incident_report(Maker.of(zone_settings, LanguageName.EN, False, 1_800_000_000.0), 1)
    notes = [json.loads(line.data)["note"] for line in record if line.name == "code_typed"]
    said = {
        "what the loop tells": [f"{h.at_s:.6f} {h.kind} {h.data}" for h in heard],
        "the daemon's log": lines.lines,
        "status, and the page's live view": [json.dumps(one, sort_keys=True) for one in seen],
        "the lines of the record": [repr(line) for line in record],
        "cabinguard events": [_words(line) for line in record],
        "the messages' rows": [msgspec.json.encode(row).decode() for row in rows],
        "the hourly line of the kiosk's health": [line.data for line in record if line.name == "vitals"],
        "the report of the incident": [report or ""],
        "what the modem is handed": [f"{t.at_s:.6f} {t.number} {_size(t.text)}" for t in texts],
        "the watchman's telephone": [t.text for t in texts if t.number == numbers[Recipient.WATCHMAN]],
        "the broker's status and sizes": [
            f"{t.topic} {len(t.payload)} {t.payload.decode() if t.topic.endswith('/status') else ''}"
            for t in broker
        ],
    }
    opened = [open_note(KEY, note) for note in notes]
    assert None not in opened
    return Played(
        {name: masked("\n".join(found)) for name, found in said.items()},
        tuple(t.text for t in texts if t.number == numbers[Recipient.CONTROL_ROOM]),
        tuple(t.text for t in texts if t.number == numbers[Recipient.WATCHMAN]),
        broker,
        tuple(note for note in opened if note is not None),
        rows,
    )


def _size(text: str) -> str:
    """How long it is on the modem's wire."""
    return f"{len(text)} letters, {'7 bit' if gsm7.fits(text) else '16 bit'}"

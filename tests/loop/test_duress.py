"""What anybody on the spot can see, read or count is the same whether a watchman was forced or not.

`CHANNELS` names every place where it could show; each is tried by itself, over the same visit played twice,
and `edge/docs/duress.md` lists the same ones. A channel that shows one line or one letter more is found: that
is tried too.
"""

from __future__ import annotations

import email
import email.policy
import functools
import itertools
import json
import re
import tempfile
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from edge.codes.duress import DuressForm, EntryMarks, forced_by
from edge.journal import reader
from edge.messages.entries import Entries
from edge.messages.entry_key import NAME as KEY_FILE
from edge.messages.entry_key import entry_key, read_entry_key
from edge.messages.texts import Context, make_text
from edge.messages.ways.mail import Content, Email, MailAccount, _EvenPolicy
from edge.settings.load import load
from edge.settings.zones import zone_of
from edge.terms.alerts import Alert, urgency
from edge.terms.record import Channel, OutboxRow, Recipient
from edge.words.language import LanguageName
from hw.modem import gsm7, pdu
from hw.ports import Input
from tests.metrics.scene import Scene
from tests.worlds.desk_world import scripted_desk
from tests.worlds.duress_world import SETTINGS, Played, masked, play
from tests.worlds.panel_world import Cabin

BROKER = ("mqtt.host=127.0.0.1", "mqtt.site=pune", "mqtt.kiosk_id=kiosk-1")

CHANNELS = (
    "what the loop tells",
    "the daemon's log",
    "status, and the page's live view",
    "the lines of the record",
    "cabinguard events",
    "the messages' rows",
    "the hourly line of the kiosk's health",
    "the report of the incident",
    "what the modem is handed",
    "the watchman's telephone",
    "the broker's status and sizes",
)
_OWN = re.compile(
    r"\d+(\.\d+)? (GB|MB)|As of [\d:]{8}|<meter [^>]*>|(data-mark=|\"boot\":)\"[^\"]*\"|\"version\":\d+"
)
"""What a page says of this server and this machine's disk and clock."""

PAGES = ("/", "/now", "/incidents", "/incidents/1")


@functools.cache
def played(*entries: str, settings: tuple[str, ...] = SETTINGS) -> Played:
    with tempfile.TemporaryDirectory() as folder:
        return play(Path(folder), *entries, settings=settings)


@pytest.mark.slow
@pytest.mark.parametrize("channel", CHANNELS)
def test_a_channel_is_the_same_for_both(channel: str) -> None:
    assert played("CODE").streams[channel] == played("DURESS").streams[channel]


@pytest.mark.slow
def test_every_stream_that_is_kept_is_a_channel_here_and_in_the_docs(repo: Path) -> None:
    assert set(played("CODE").streams) == set(CHANNELS)
    words = (repo / "edge/docs/duress.md").read_text(encoding="utf-8")
    for channel in CHANNELS:
        assert f"| {channel} |" in words, channel


@pytest.mark.slow
def test_the_control_room_is_told_and_nobody_else() -> None:
    ordinary, forced = played("CODE"), played("DURESS")
    assert [("DURESS" in text) for text in forced.control_room] == [False, True, False]
    assert not any("DURESS" in text for text in (*ordinary.control_room, *forced.watchman))
    assert len(ordinary.control_room) == len(forced.control_room)
    assert [note.forced for note in ordinary.notes] == [False]
    assert [note.forced for note in forced.notes] == [True]
    assert {row.kind for row in forced.rows} == {"code", "locked", "code_typed", "released"}
    assert forced.control_room[1].index("DURESS") < 20, "the first thing that is read"


@pytest.mark.slow
def test_a_comparison_finds_one_line_or_one_letter_more() -> None:
    """The control of all of the above: what is hidden is noise of one size and nothing else."""
    said = played("CODE").streams["the lines of the record"]
    line = next(line for line in said.split("\n") if "code_typed" in line)
    assert masked(said) == said
    assert masked(said.replace("N" * 152, "N" * 153)) != said
    assert masked(f"{said}\n{line}") != said
    note = '"note":"' + "A" * 150 + '=="'
    assert masked(note) == masked(note.replace("AAA", "zQ0")) != masked(note.replace("A", "AA", 1))


@pytest.mark.slow
def test_old_codes_typed_under_duress_are_told_too() -> None:
    """The watchman is forced to type the code of the last text but one: the door stays shut, the same way."""
    short = (*SETTINGS, "flow.code_ttl_s=10", "flow.siren_s=0", "flow.second_watchman_s=5")
    old, forced = (played(entry, settings=short) for entry in ("PREVIOUS", "PREVIOUS_DURESS"))
    for channel in CHANNELS:
        assert old.streams[channel] == forced.streams[channel], channel
    assert [note.forced for note in old.notes] == [False]
    assert [note.forced for note in forced.notes] == [True]
    assert any("DURESS" in text for text in forced.control_room)


@pytest.mark.slow
def test_a_wrong_code_tells_nobody_anything() -> None:
    wrong = played("WRONG", "CODE")
    assert [note.forced for note in wrong.notes] == [False]
    assert sum(row.kind == "code_typed" for row in wrong.rows) == 1


@pytest.mark.slow
def test_off_means_off() -> None:
    off = (*(word for word in SETTINGS if "duress" not in word and "control_room_key" not in word),)
    one = played("CODE", settings=off)
    assert {row.kind for row in one.rows} == {"code", "locked", "released"}
    assert one.notes == ()


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_the_same_for_both(page: str) -> None:
    ordinary, forced = shown("CODE"), shown("DURESS")
    assert ordinary[page] == forced[page]
    if page == "/":
        assert "code typed" in ordinary[page], "the page does list it"


@functools.cache
def shown(entry: str) -> dict[str, str]:
    """Pages of a kiosk after a visit, without what is of this server alone."""
    found = {}
    with tempfile.TemporaryDirectory() as folder, Cabin(Path(folder), SETTINGS) as cabin:
        cabin.people.do("enter anna with mask", cabin.desk.clock.now_s())
        cabin.desk.move_input(Input.DOOR, True)
        cabin.desk.after(1.5, lambda: cabin.desk.move_input(Input.DOOR, False))
        cabin.run(30.0)
        cabin.desk.type_keys(entry)
        cabin.run(10.0)
        for page in PAGES:
            cabin.forget()
            status, _, body = cabin.ask(page)
            assert status == 200, page
            text = body.decode().replace(cabin.server.site.token, "TOKEN").replace(folder, "FOLDER")
            found[page] = _OWN.sub("OWN", masked(text))
    return found


@pytest.mark.slow
def test_the_broker_gets_one_kind_or_the_other_and_never_the_rows_own() -> None:
    settings = (*SETTINGS, *BROKER)
    ordinary, forced = played("CODE", settings=settings), played("DURESS", settings=settings)
    for one, kind in ((ordinary, "all_ok"), (forced, "duress")):
        told = [json.loads(t.payload) for t in one.broker if "/events/" in t.topic]
        typed = [said for said in told if said["kind"] in ("all_ok", "duress", "code_typed")]
        assert [said["kind"] for said in typed] == [kind]
        assert not re.search(r"\b[0-9a-f]{32}\b", json.dumps(typed[0]["reason"]))
        assert "code_typed" not in json.dumps(told)
        (topic,) = {t.topic for t in one.broker if kind.encode() in t.payload and "/events/" in t.topic}
        assert topic.endswith("/emergency")
    sizes = [[(t.topic, len(t.payload)) for t in one.broker] for one in (ordinary, forced)]
    assert sizes[0] == sizes[1], "who watches the line sees as many bytes"


OF_THE_MACHINE = re.compile(
    r"^(?!\w+_count\b).*(seconds|bytes|celsius|frames|process|python|disk|free|_bucket|_sum)"
)
"""Numbers that are measured on this machine in real time; that they are there is compared. How often
something was measured is no such number."""


@functools.cache
def counted(entry: str) -> dict[str, str]:
    """The kiosk's numbers after a visit, as Prometheus reads them; the machine's without values."""
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Path(folder), *SETTINGS)
        try:
            scene.lock_in()
            scene.desk.type_keys(entry)
            scene.desk.run_to(scene.desk.clock.now_s() + 10.0)
            lines = [line.rpartition(" ") for line in scene.text.splitlines() if not line.startswith("#")]
        finally:
            scene.desk.close()
    return {masked(name): "" if OF_THE_MACHINE.search(name) else value for name, _, value in lines}


@pytest.mark.slow
def test_the_numbers_for_prometheus_are_the_same_for_both() -> None:
    ordinary, forced = counted("CODE"), counted("DURESS")
    assert ordinary == forced
    assert sum(value != "" for value in ordinary.values()) > 40
    assert any("_seconds_count" in name and value != "" for name, value in ordinary.items())
    assert not any("duress" in name or "all_ok" in name for name in ordinary)


# --- the texts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", list(LanguageName))
@pytest.mark.parametrize("channel", [Channel.SMS, Channel.EMAIL, Channel.WEBHOOK])
def test_both_texts_are_equally_long_everywhere(language: LanguageName, channel: Channel) -> None:
    entries = Entries(EntryMarks(b"\1" * 32))
    row = OutboxRow(7, 3, Alert.CODE_TYPED.value, 0, Recipient.CONTROL_ROOM, channel, 1.8e9, 60.0)
    context = Context("Cabin 1", "Main Road 5, Pune", language.value, zone_of("Asia/Kolkata"))
    told = [entries.told(entries.marked(row, forced)) for forced in (False, True)]
    texts = [make_text(one, context, 1.8e9) for one in told]
    assert texts[0] != texts[1]
    assert len(texts[0]) == len(texts[1])
    assert len(texts[0].encode()) == len(texts[1].encode())
    assert len(json.dumps(texts[0])) == len(json.dumps(texts[1]))
    assert gsm7.fits(texts[0]) == gsm7.fits(texts[1])
    assert len(pdu.split(texts[0])) == len(pdu.split(texts[1]))
    assert len(told[0].kind) == len(told[1].kind)
    assert urgency(Alert(told[0].kind)) is urgency(Alert(told[1].kind)) is urgency(Alert.CODE_TYPED)
    assert {one.reason for one in told} == {""}


ADDRESSES = ("", "Main Road 5, Pune", "शिवाजी नगर मुख्य मार्ग 12, पुणे 411005")
PICTURES: tuple[Content, ...] = (None, "sealed", b"\xff\xd8\xff\xd9")


def _shown(picture: Content, row: OutboxRow) -> Content:
    return picture


class _Posted(Email):
    """Keeps what would go over the line, as smtplib writes it."""

    def posted(self, row: OutboxRow, text: str) -> bytes:
        return self._message(row, text, "room@bank.example").as_bytes(policy=self.wire)

    wire = _EvenPolicy(linesep="\r\n")


@pytest.mark.slow
@pytest.mark.parametrize("language", list(LanguageName))
@pytest.mark.parametrize("name", ["Station", "Geldautomat Süd = 7_?", "एटीएम 5 🏧"])
def test_both_mails_are_equally_long_whole(language: LanguageName, name: str) -> None:
    """As bytes on the line, with all headers, also where a long number moves every fold."""
    entries = Entries(EntryMarks(b"\1" * 32))
    account = MailAccount("localhost", 25, "none", sender="kiosk@bank.example")
    for picture, number, address in itertools.product(PICTURES, (7, 1234567), ADDRESSES):
        context = Context(name, address, language.value, zone_of("Asia/Kolkata"))
        row = OutboxRow(
            number, number, "code_typed", 0, Recipient.CONTROL_ROOM, Channel.EMAIL, 1.8e9, 60.0, tries=2
        )
        mail = _Posted(account, name, picture_of=functools.partial(_shown, picture), sealed=f"{name}!")
        mails = []
        for forced in (False, True):
            told = entries.told(entries.marked(row, forced))
            text = make_text(told, context, 1.8e9)
            mails.append(mail.posted(told, text))
            read = email.message_from_bytes(mails[-1], policy=email.policy.default)
            assert read["Subject"] == text, "the reader's program shows all of it"
            assert isinstance(read, EmailMessage)
            body = read.get_body()
            assert body is not None
            assert body.get_content().startswith(text)
        assert len(mails[0]) == len(mails[1])
        assert max(map(len, mails[1].splitlines())) <= 998


# --- kills -----------------------------------------------------------------------------------------


def alarm_after(folder: Path, entry: str, cut_s: float) -> list[str]:
    """Type, pull the plug so long after the last key, start again; what the control room hears of it."""
    desk, people = scripted_desk(folder, settings=load(None, list(SETTINGS)), seed=3)
    try:
        people.do("enter anna with mask", desk.clock.now_s())
        desk.move_input(Input.DOOR, True)
        desk.after(1.5, lambda: desk.move_input(Input.DOOR, False))
        desk.run_to(desk.clock.now_s() + 30.0)
        assert desk.kiosk.door_locked
        up_s = desk.type_keys(entry)
        desk.run_to(up_s + cut_s)
        desk.power_off()
        desk.power_on()
        desk.run_to(desk.clock.now_s() + 60.0)
        list(desk.telephones.received())
        control_room = desk.numbers[Recipient.CONTROL_ROOM]
        texts = [t.text for t in desk.telephones.texts if t.received and t.number == control_room]
        return [text for text in texts if "code was typed" in text]
    finally:
        desk.close()


CUTS_S = (-0.09, -0.06, -0.03, 0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 3.0)
"""From before the last key counts to after the texts are out."""


@pytest.mark.slow
@pytest.mark.parametrize("cut_s", CUTS_S)
def test_the_alarm_survives_a_power_cut_at_any_moment(tmp_path: Path, cut_s: float) -> None:
    """Where an entry counts its message is there; both kinds come through, and never as the other."""
    ordinary = alarm_after(tmp_path / "a", "CODE", cut_s)
    forced = alarm_after(tmp_path / "b", "DURESS", cut_s)
    assert len(ordinary) == len(forced)
    assert len(forced) >= (1 if cut_s >= 0.0 else 0)
    assert not any("DURESS" in text for text in ordinary)
    assert all("DURESS" in text for text in forced)


@pytest.mark.slow
def test_the_message_is_in_the_transaction_of_the_attempt(tmp_path: Path) -> None:
    """So it is on the card before anything is compared, and before the door can move."""
    desk, people = scripted_desk(tmp_path, settings=load(None, list(SETTINGS)), seed=3)
    people.do("enter anna with mask", desk.clock.now_s())
    desk.move_input(Input.DOOR, True)
    desk.after(1.5, lambda: desk.move_input(Input.DOOR, False))
    desk.run_to(desk.clock.now_s() + 30.0)
    desk.type_keys("DURESS")
    desk.run_to(desk.clock.now_s() + 5.0)
    assert not desk.kiosk.door_locked
    desk.close()
    lines = list(reader.lines(tmp_path / "journal.db"))
    at = {line.name: line for line in lines if line.incident}
    assert at["code_typed"].record == at["judge_entry"].record
    assert at["judge_entry"].record < next(line.record for line in lines if line.name == "entry_judged")


def test_a_key_that_is_lost_makes_alarms_and_loses_none(tmp_path: Path) -> None:
    key, kept = entry_key(tmp_path / KEY_FILE)
    assert kept
    assert read_entry_key(tmp_path / KEY_FILE) == key == entry_key(tmp_path / KEY_FILE)[0]
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    row = OutboxRow(7, 3, "code_typed", 0, Recipient.CONTROL_ROOM, Channel.SMS, 0.0, 60.0)
    ordinary = Entries(EntryMarks(key)).marked(row, False)
    assert Entries(EntryMarks(key)).told(ordinary).kind == "all_ok"
    (tmp_path / KEY_FILE).unlink()
    again, _ = entry_key(tmp_path / KEY_FILE)
    assert Entries(EntryMarks(again)).told(ordinary).kind == "duress"
    assert Entries().told(ordinary).kind == "duress"
    assert Entries().told(replace(row, kind="locked")).kind == "locked"
    (tmp_path / KEY_FILE).write_bytes(b"short")
    assert read_entry_key(tmp_path / KEY_FILE) is None


@pytest.mark.slow
def test_the_prefix_form_ends_with_the_same_key(tmp_path: Path) -> None:
    """As many keys, and the last of them submits: also the right code waits for no other."""
    prefix = (*SETTINGS, "flow.duress=prefix", "flow.duress_prefix=9")
    ordinary, forced = played("CODE", settings=prefix), played("DURESS", settings=prefix)
    for channel in CHANNELS:
        assert ordinary.streams[channel] == forced.streams[channel], channel
    assert [note.forced for note in forced.notes] == [True]
    made = forced_by(DuressForm.PREFIX, "9")
    assert made is not None
    assert made("0123") == "9123"

"""The only place where a kiosk is put together: for `run`, `bench`, `replay` and the tests alike."""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from edge.cabin.rules import OwnerRules, Rules
from edge.codes.book import CodeBook
from edge.codes.duress import DuressForm, EntryMarks, forced_by
from edge.codes.note import NoteSealer
from edge.codes.pad import EntryPad
from edge.faults.fault import FaultError
from edge.identity.desk import OWNER_CODE_DIGITS, OwnerDesk
from edge.identity.enroller import Enroller
from edge.identity.keeper import GalleryKeeper
from edge.identity.key import read_keys
from edge.identity.likeness import PointsFault, network_name, read_points
from edge.identity.limits import CodeRules, Moment
from edge.inventory.whole import installed
from edge.journal.limits import JournalLimits
from edge.journal.writer import Journal
from edge.judge.anomalies import Place
from edge.judge.drift import DriftJudge
from edge.judge.judge import Judge
from edge.judge.owner import OwnerJudge
from edge.loop.happening import Happening, Listener
from edge.loop.kiosk import Kiosk
from edge.loop.parts import DuressParts, IdentityParts, Parts, Restarter
from edge.loop.unrecorded import Unrecorded
from edge.loop.views import NAME as VIEWS
from edge.loop.views import ViewsFile
from edge.loop.watching import Watching
from edge.messages.entries import Entries
from edge.messages.entry_key import NAME as ENTRY_KEY
from edge.messages.entry_key import entry_key, read_entry_key
from edge.messages.inbox import Inbox
from edge.messages.outbox import Outbox
from edge.messages.prompts import longest_warning_s
from edge.messages.release_counter import NAME as RELEASE_COUNTER_FILE
from edge.messages.release_counter import CounterFile
from edge.messages.streams import EPOCH_BITS, Streams, fresh_epoch
from edge.messages.texts import Context
from edge.messages.ways.carrier import Carrier
from edge.messages.ways.open import carriers, release_desk
from edge.pictures.clear import ClearCopies, shown_or_sealed
from edge.pictures.exposed import must_stay_in_memory
from edge.pictures.holds import Together, read_holds, together
from edge.pictures.keeper import Beside, Evidence, Ring
from edge.pictures.retention import Profile
from edge.pictures.sealing import Sealer
from edge.pictures.sheet import drawn_apart, drawn_here
from edge.pictures.store import EvidenceLimits, Start
from edge.pictures.writing import Handling, Sealing
from edge.service.acts import Acts
from edge.service.apart import compared
from edge.service.gauge import THERMAL, MachineGauge
from edge.service.plans import minute_of_day, overseers
from edge.service.program import ProgramWatch
from edge.service.settings_watch import SettingsWatch
from edge.service.site import EyesAside, SiteDesk
from edge.service.views import basis_of
from edge.settings.places import model_dir
from edge.settings.schema import Settings
from edge.settings.zones import find_zone
from edge.terms.record import Channel, Recipient, Remembered
from hw.ports import Board, Clock, Input
from hw.watched import in_thread

if TYPE_CHECKING:  # only where a broker is set up is any of it loaded
    from edge.fleet.link import Dial
    from edge.messages.ways.mqtt import Mqtt
    from edge.service.certificates import CertificateWatch
    from edge.service.fleet import FleetDesk
    from edge.service.measuring import Measuring

CLOSE_S: Final = 3.0
"""How long an end waits for the record, and for the pictures."""


@dataclass(frozen=True, slots=True)
class Site:
    """All in which a kiosk in service and one on a desk differ: each hands in its own.

    `threaded`: what waits for the disk has threads of its own, which call `wake` when an answer is there;
    else it works in step with the caller. `unrecorded`: a file in memory, None where memory keeps nothing.
    `spare_numbers` stand in for telephones that the settings do not name. `want_owner` asks the eyes for
    looks at the card's owner, or for no more. `roots`: the users who count as root at the control socket.
    `eyes`: those of each camera by name, there before the first request.
    """

    board: Board
    data: Path
    rings: Mapping[str, Ring]
    unrecorded: Path | None
    threaded: bool
    wake: Callable[[], None]
    before_sync: Callable[[], None]
    want_owner: Callable[[bool], None]
    journal: type[Journal]
    random: Random
    choose_code: Callable[[int], str]
    spare_numbers: Mapping[Recipient, str]
    listener: Listener
    restart: Restarter
    roots: frozenset[int]
    eyes: Mapping[str, EyesAside]
    fleet: FleetSite


@dataclass(frozen=True, slots=True)
class FleetSite:
    """Of a kiosk at a broker: `selftest` tries what may be tried beside it and names what failed (may wait
    long); `dial` is another way there than TCP, for a bench."""

    selftest: Callable[[], tuple[str, ...]]
    dial: Dial | None = None


@dataclass(frozen=True, slots=True)
class Built:
    """A kiosk that is put together and not started yet, and what its driver needs of it."""

    kiosk: Kiosk
    parts: Parts
    journal: Journal
    watching: Watching
    acts: Acts
    site: SiteDesk
    numbers: Mapping[Recipient, str]
    carriers: Mapping[Channel, Carrier]
    fleet: FleetDesk | None
    remembered: Remembered
    zone_missing: bool
    measuring: Measuring | None
    certificates: CertificateWatch | None
    settings_watch: SettingsWatch | None
    program: ProgramWatch | None

    def poll_beside(self, now_s: float) -> None:
        """What works beside the kiosk takes its turn of the loop."""
        self.site.poll(now_s)
        if self.fleet is not None:
            self.fleet.poll(now_s)
        if self.certificates is not None:
            self.certificates.poll(now_s)
        if self.settings_watch is not None:
            self.settings_watch.poll(now_s)
        if self.program is not None:
            self.program.poll(now_s)

    def start(self, now_s: float) -> None:
        """Call it after the input path has read the inputs once."""
        self.kiosk.start(self.remembered, now_s)
        if self.zone_missing:
            self.kiosk.report("zone_missing", now_s)


def build(settings: Settings, site: Site, stack: contextlib.ExitStack) -> Built:
    """Open the record and put the kiosk together; `stack` closes what was opened. Raises `FaultError`."""
    clock, watching = site.board.clock, Watching()
    journal = site.journal(
        site.data / "journal.db",
        clock,
        JournalLimits(settings.journal.keep_days, settings.journal.keep_mb),
        threaded=site.threaded,
        on_answer=site.wake,
        before_sync=site.before_sync,
    )
    remembered = journal.open()
    stack.callback(journal.close, CLOSE_S)
    measuring = _measuring(settings, site)
    zone_missing = find_zone(settings.cabin.timezone) is None
    if zone_missing:
        fault = ("zone_missing", settings.cabin.timezone)
        remembered = replace(remembered, faults=(*remembered.faults, fault))
    views = ViewsFile(site.data / VIEWS, basis_of(settings, site.data), threaded=site.threaded)
    seen_before = views.read()
    if seen_before.damaged:
        fault = ("views_unreadable", seen_before.damaged)
        remembered = replace(remembered, faults=(*remembered.faults, fault))
    counters = dict(remembered.counters)
    identity, faults = _identity(settings, site, counters.get("gallery", 0))
    remembered = replace(remembered, faults=(*remembered.faults, *faults))
    pictures = site.data / "evidence"
    holds, faults = _holds(remembered, pictures)
    remembered = replace(remembered, faults=(*remembered.faults, *faults))
    remembered = replace(remembered, faults=(*remembered.faults, *_exposed(settings, site)))
    gauge = MachineGauge(site.data, THERMAL if site.threaded else None)
    gauge.look()
    evidence = Evidence(
        pictures,
        dict(site.rings),
        clock,
        Start(remembered.boot, (counters.get("incident", 0),), remembered.wall_s, holds.holds),
        evidence_limits(settings),
        Beside(site.wake, lambda: journal.waiting > 0, gauge.look) if site.threaded else None,
        Handling(drawn_apart if site.threaded else drawn_here, sealing_of(settings)),
    )
    if site.threaded:  # without a thread nothing is under way, and a pulled plug copies nothing more
        stack.callback(evidence.close, CLOSE_S)
    read = functools.partial(shown_or_sealed, Path(settings.paths.runtime))
    streams = Streams(counters, _epoch(site)) if settings.mqtt.host else None
    broker = _broker(settings, site, streams, pictures, lambda: str(journal.head()))
    ways_out = carriers(settings, pictures, clock.wall_s, lambda: str(journal.head()), read, broker)
    for carrier in ways_out.values():
        stack.callback(carrier.close)
    duress, entries, faults = _duress(settings, site.data)
    remembered = replace(remembered, faults=(*remembered.faults, *faults))
    numbers = _numbers(settings, site.spare_numbers)
    context = Context.of(settings)
    door = site.board.inputs.fitted(Input.DOOR)
    flow, watchdog = settings.flow, settings.watchdog
    book = CodeBook(
        flow.code_digits, site.choose_code, forced_by(DuressForm(flow.duress), flow.duress_prefix)
    )
    parts = Parts(
        board=site.board,
        rules=Rules(
            flow,
            settings.policy,
            door,
            longest_warning_s(context.language, site.board.prompt.spoken_s),
            _owner_rules(settings),
        ),
        journal=journal if measuring is None else measuring.timed(journal),
        unrecorded=Unrecorded(site.unrecorded),
        outbox=Outbox(
            numbers,
            random=site.random,
            carriers=ways_out,
            backlog_most=settings.mqtt.keep_messages,
            told_as=entries.told,
        ),
        streams=streams,
        keep_messages_s=settings.mqtt.keep_days * 86400.0,
        inbox=Inbox(numbers),
        release_desk=release_desk(
            settings, counters, CounterFile(site.data / RELEASE_COUNTER_FILE, threaded=site.threaded)
        ),
        owner_desk=_owner_desk(settings, CodeBook(OWNER_CODE_DIGITS, site.choose_code), book, clock),
        identity=identity,
        context=context,
        book=book,
        duress=duress,
        pad=EntryPad(flow.code_digits, flow.key_timeout_s),
        judge=Judge(
            _place(settings, clock),
            clock.now_s(),
            door,
            watchdog.eyes_start_s,
            watchdog.eyes_silence_s,
            DriftJudge(functools.partial(_hour_now, clock), seen_before.memory),
        ),
        cameras=frozenset(site.rings),
        evidence=evidence,
        holds_lost=holds.unrecorded,
        views=views,
        gauge=gauge,
        clock_jump_s=watchdog.clock_jump_s,
        restart=site.restart,
        listener=functools.partial(_hear, watching, measuring, site.listener),
    )
    kiosk = Kiosk(parts)
    apart = in_thread if site.threaded else _here
    fleet = _fleet(settings, site, kiosk, broker, streams)
    if measuring is not None:
        measuring.open(kiosk, parts, journal, watching, fleet)
        stack.callback(measuring.close)
    did = kiosk.commission.did
    at_site = SiteDesk(settings, site.data, site.eyes, clock, apart, did)
    seen = None  # a bench begins with settings of its own each time
    if site.threaded:
        seen = SettingsWatch(settings, site.data, apart, did, lambda: journal.waiting == 0)
    return Built(
        kiosk=kiosk,
        parts=parts,
        journal=journal,
        watching=watching,
        acts=Acts(kiosk, watching, at_site, site.roots, os.getuid()),
        site=at_site,
        numbers=numbers,
        carriers=ways_out,
        fleet=fleet,
        remembered=remembered,
        zone_missing=zone_missing,
        measuring=measuring,
        certificates=_certificates(settings, site, kiosk, apart),
        settings_watch=seen,
        program=_program(site, kiosk, apart),
    )


def _duress(
    settings: Settings, data: Path
) -> tuple[DuressParts | None, Entries, tuple[tuple[str, str], ...]]:
    """What is told of typed codes, None without a duress form; the marks; and the faults of their key.

    Rows of an earlier start may wait although it was switched off since: their key is read all the same.
    """
    if settings.flow.duress == "off":
        known = read_entry_key(data / ENTRY_KEY)
        return None, Entries(None if known is None else EntryMarks(known)), ()
    key, kept = entry_key(data / ENTRY_KEY)
    entries = Entries(EntryMarks(key))
    notes = NoteSealer(bytes.fromhex(settings.people.control_room_key))
    faults = () if kept else (("entry_key_unwritable", str(data / ENTRY_KEY)),)
    return DuressParts(entries, notes), entries, faults


def _holds(remembered: Remembered, pictures: Path) -> tuple[Together, tuple[tuple[str, str], ...]]:
    """The legal holds of the record and of the file beside the pictures; and the fault of a file that says
    nothing: then the record's count, and the file is written again."""
    try:
        filed, faults = read_holds(pictures), ()
    except FaultError as fault:
        return together(remembered.holds, remembered.freed, ()), ((fault.code, fault.detail),)
    return together(remembered.holds, remembered.freed, filed), faults


def _exposed(settings: Settings, site: Site) -> tuple[tuple[str, str], ...]:
    """The fault of sealed pictures that lie open where they could reach the card; a bench's ring does not."""
    if not settings.evidence.recipients_file or not site.threaded:
        return ()
    try:
        must_stay_in_memory(Path(settings.paths.runtime))
    except FaultError as fault:
        return ((fault.code, fault.detail),)
    return ()


def _measuring(settings: Settings, site: Site) -> Measuring | None:
    """What takes the numbers; nothing of it is imported where nobody is to see them."""
    if not settings.metrics.wanted:
        return None
    from edge.service.measuring import Measuring

    return Measuring(settings, site.data, site.board.clock, threaded=site.threaded)


def _broker(
    settings: Settings, site: Site, streams: Streams | None, pictures: Path, head: Callable[[], str]
) -> Mqtt | None:
    """The carrier to the broker, None where none is set up: then nothing of it is imported."""
    if streams is None:
        return None
    from edge.service.broker import Around, open_carrier

    clock = site.board.clock
    around = Around(pictures, head, clock, site.wake, site.threaded, site.fleet.dial, site.random)
    return open_carrier(settings, streams, around)


def _fleet(
    settings: Settings, site: Site, kiosk: Kiosk, broker: Mqtt | None, streams: Streams | None
) -> FleetDesk | None:
    if broker is None or streams is None:
        return None
    from edge.service.broker import open_desk
    from edge.service.fleet import Aside

    aside = Aside(site.data / "evidence", in_thread if site.threaded else _here, site.fleet.selftest)
    return open_desk(settings, kiosk, broker, streams, site.board.clock, aside)


def _epoch(site: Site) -> Callable[[], int]:
    """A bench's epochs are drawn like its codes: the same every time."""
    return fresh_epoch if site.threaded else lambda: site.random.getrandbits(EPOCH_BITS) | 1 << EPOCH_BITS - 1


def _certificates(
    settings: Settings, site: Site, kiosk: Kiosk, apart: Callable[[Callable[[], None]], None]
) -> CertificateWatch | None:
    """What tells of a certificate that ends; nothing of it is imported where no kiosk has one."""
    if not (settings.mqtt.kiosk_id or settings.certificate.certificate_file):
        return None
    from edge.service.certificates import CertificateWatch

    clock = site.board.clock
    return CertificateWatch(settings, site.data, clock, apart, kiosk.trouble_beside, kiosk.aside_fault)


def _program(site: Site, kiosk: Kiosk, apart: Callable[[Callable[[], None]], None]) -> ProgramWatch | None:
    """What looks at the installed program's files; a bench, or a kiosk run from its sources, has no list."""
    if not site.threaded or installed() is None:
        return None
    return ProgramWatch(site.data, compared, apart, kiosk.trouble_beside, kiosk.aside_fault)


def _here(do: Callable[[], None]) -> None:
    do()


def _owner_desk(settings: Settings, book: CodeBook, watchman: CodeBook, clock: Clock) -> OwnerDesk:
    """The card owners' codes, never the same as the watchman's live one."""
    identity = settings.identity
    rules = CodeRules(
        identity.owner_code_ttl_s,
        identity.owner_tries,
        identity.owner_rest_s,
        identity.owner_rest_max_s,
        identity.owner_codes_per_hour,
        identity.owner_send_s,
        Channel(identity.code_by),
    )
    book.keep_apart(watchman)
    # A machine whose boot has no name counts each start as one: then the wall clock has to say.
    boot = clock.boot or secrets.token_hex(8)
    return OwnerDesk(rules, book, lambda: Moment(boot, clock.now_s(), clock.wall_s(), clock.wall_true()))


def _owner_rules(settings: Settings) -> OwnerRules | None:
    """What the table needs of the section `[identity]`; None where nobody is asked whose card it is."""
    identity = settings.identity
    if not identity.enabled:
        return None
    return OwnerRules(
        identity.verify_s, identity.tell_after, identity.owner_code_ttl_s, identity.owner_send_s
    )


def _identity(
    settings: Settings, site: Site, recorded: int
) -> tuple[IdentityParts | None, tuple[tuple[str, str], ...]]:
    """The gallery and the judge, None where identity is off; and the faults (code, detail) of the network."""
    if not settings.identity.enabled:
        return None, ()
    models = model_dir(settings)
    judge: OwnerJudge | None = None
    enroller: Enroller | None = None
    keys = functools.partial(read_keys, settings)
    network = ""
    faults: tuple[tuple[str, str], ...] = ()
    try:
        points, network = read_points(models), network_name(models)
        judge = OwnerJudge(points)
        enroller = Enroller(site.data, keys, network, points, threaded=site.threaded)
    except PointsFault as fault:  # then a code alone verifies anybody
        faults = ((fault.code, fault.detail),)
    keeper = GalleryKeeper(
        site.data,
        keys,
        network=network,
        recorded=recorded,
        threaded=site.threaded,
    )
    return IdentityParts(keeper, judge, site.want_owner, enroller), faults


def evidence_limits(settings: Settings) -> EvidenceLimits:
    kept = settings.evidence
    return EvidenceLimits(
        kept.before_s,
        kept.after_s,
        kept.keep_days,
        kept.keep_mb,
        kept.incident_mb,
        kept.reserve_mb,
        Profile(kept.profile),
    )


def sealing_of(settings: Settings) -> Sealing | None:
    """How pictures are sealed to the bank; None where they lie open."""
    kept = settings.evidence
    # First: those of an earlier start go in any case.
    copies = ClearCopies(Path(settings.paths.runtime), kept.clear_copy_s, kept.clear_copy_mb)
    if not kept.recipients_file:
        return None
    return Sealing(Sealer(Path(kept.recipients_file), kept.open_needs), copies)


def _place(settings: Settings, clock: Clock) -> Place:
    """What the judges go by."""
    return Place(
        settings.flow, overseers(settings), settings.zone, settings.floor, minute_of_day(settings, clock)
    )


def _hour_now(clock: Clock) -> int | None:
    """Hours since 1970 in UTC, None where nobody has set the clock."""
    return int(clock.wall_s() // 3600.0) if clock.wall_true() else None


def _hear(watching: Watching, measuring: Measuring | None, listener: Listener, happening: Happening) -> None:
    watching.hear(happening)
    if measuring is not None:
        measuring.hear(happening)
    listener(happening)


def _numbers(settings: Settings, spare: Mapping[Recipient, str]) -> dict[Recipient, str]:
    """Everybody's telephone; empty for none."""
    return {to: settings.people.number(to) or spare.get(to, "") for to in Recipient}

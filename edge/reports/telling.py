"""A moment of a story in the words of a language; what nobody has words for is said by its name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import assert_never

from edge.faults.catalogue import CATALOGUE
from edge.messages.prompts import prompt_text
from edge.pictures.kept import REMOVED
from edge.reports.moments import Kind, Moment
from edge.reports.timeline import OFF
from edge.settings.zones import is_ambiguous
from edge.terms.clock import CLOCK_SET_S
from edge.terms.marks import Mark, Marked
from edge.words.grounds import long_words
from edge.words.language import LanguageName
from edge.words.languages import anomaly_words, reason_words, words_of
from edge.words.pages.incidents import incidents_words

_ENDED = "_ended"


class Teller:
    """Says moments, times and names of the record in one language and one time zone."""

    def __init__(self, language: str, zone: tzinfo) -> None:
        self.language = words_of(language)
        self.w = incidents_words(LanguageName(language))
        self._page = self.language.page
        self._zone = zone

    # --- moments -----------------------------------------------------------------------------------

    def moment(self, moment: Moment) -> str:
        """One line for people."""
        w, page = self.w, self._page
        match moment.kind:
            case Kind.STATE:
                return w.state_is.format(state=page.states.of(moment.name))
            case Kind.FACT:
                return self._fact(moment)
            case Kind.ANOMALY:
                return self.happened(moment.name)
            case Kind.ANOMALY_ENDED:
                name = "several_persons_ended" if moment.name == "one_person" else moment.name
                return self.happened(name)
            case Kind.MESSAGE:
                return self._message(moment)
            case Kind.PROMPT:
                return self._prompt(moment)
            case Kind.KEY:
                return self._key(moment)
            case Kind.DOOR:
                return w.moments.of(f"door_{moment.word('door')}")
            case Kind.PERMIT:
                return w.moments.of(f"permit_{moment.word('permit')}")
            case Kind.SIREN:
                return w.moments.of(f"sound_{moment.word('sound')}")
            case Kind.CONTACT:
                return self._contact(moment)
            case Kind.PICTURES:
                return self._pictures(moment)
            case Kind.FAULT:
                return self._fault(moment)
            case Kind.MARK:
                return moment.name if moment.mark is None else self.mark(moment.mark)
            case Kind.OTHER:
                return w.moments.of(moment.name)
            case _:
                assert_never(moment.kind)

    def reasons(self, moment: Moment) -> tuple[str, ...]:
        """The rule and every number behind a fact, a line each."""
        if moment.reason is None:
            return ()
        return long_words(moment.reason.ground, moment.reason.numbers, self.language)

    def mark(self, mark: Marked) -> str:
        """Who judged it, and what else was said."""
        match mark.mark:
            case Mark.FALSE:
                said = self.w.marked_false
            case Mark.TRUE:
                said = self.w.marked_true
            case _:
                assert_never(mark.mark)
        by = self._page.recipients.of(mark.by)
        return said.format(by=by) + (f": {mark.note}" if mark.note else "")

    def _fact(self, moment: Moment) -> str:
        page, name = self._page, moment.name
        said = self.w.moments.get(name) or self.happened(name)
        cover, unclear = moment.word("cover"), moment.word("unclear")
        more = [page.covers.of(cover)] if cover not in ("", "none") else []
        more += [page.unclear.of(unclear)] if unclear not in ("", "none") else []
        return f"{said}: {', '.join(more)}" if more else said

    def _message(self, moment: Moment) -> str:
        w = self.w
        if moment.name == "send_code":
            return w.code_goes.format(to=self.recipient(moment.word("recipient")))
        if moment.name == "tell":
            told = moment.said.get("recipients")
            names = [self.recipient(str(one)) for one in told] if isinstance(told, list) else []
            what = self.what(moment.word("alert"), moment.word("why"))
            return w.told.format(what=what, to=", ".join(names))
        what = self.happened(moment.word("kind"))
        number = moment.number("number")
        return w.outcome.format(
            what=f"#{number} {what}" if number else what,
            to=self.recipient(moment.word("to")),
            outcome=self._page.outcomes.of(moment.name),
        )

    def _prompt(self, moment: Moment) -> str:
        said = moment.said
        threat = bool(said.get("threat"))
        lock_in_s = moment.number("lock_in_s") if threat else None
        try:
            prompt, cause = moment.word("prompt"), moment.word("cause")
            text = prompt_text(prompt, cause, lock_in_s, self.language.name)
        except KeyError:  # of another version
            text = moment.word("prompt")
        return self.w.said.format(text=text) if text else self.w.moments.sound_off

    def _key(self, moment: Moment) -> str:
        name = moment.name
        if name == "entry_judged" or name == "owner_entry_judged":
            name = f"entry_{moment.word('verdict')}"
        return self.w.moments.of(name)

    def _contact(self, moment: Moment) -> str:
        page, active = self._page, moment.said.get("active") is True
        which = moment.word("input")
        if which == "door":
            level = page.open if active else page.closed
        else:
            level = page.active if active else page.quiet
        return self.w.contact_is.format(contact=page.contacts.of(which), level=level)

    def _pictures(self, moment: Moment) -> str:
        w = self.w
        if moment.name == REMOVED:
            why = w.get(f"gone_{moment.word('why')}") or moment.word("why")
            return w.pictures_gone.format(why=why)
        return w.pictures_kept.format(count=len(moment.pictures), why=self.happened(moment.word("why")))

    def _fault(self, moment: Moment) -> str:
        """The device in the words of the language; code and cause are the technician's, in English."""
        w, code = self.w, moment.word("code")
        if moment.name in ("device_failed", "device_recovered"):
            what = self.language.devices.of(moment.word("device"))
            if moment.name == "device_recovered":
                return w.fault_ended.format(what=what)
            return w.fault_began.format(what=f"{what} ({code})" if code else what)
        name = moment.name.removesuffix(_ENDED)
        known = CATALOGUE.get(name)
        what = name if known is None else f"{known.cause} ({name})"
        return (w.fault_ended if moment.name.endswith(_ENDED) else w.fault_began).format(what=what)

    # --- names -------------------------------------------------------------------------------------

    def happened(self, name: str) -> str:
        """What the record calls `name`: a message, a state, a fact, an anomaly or its end."""
        if (anomaly := anomaly_words(name, self.language)) is not None:
            return anomaly.short
        if name.endswith(_ENDED) and (over := self.happened(name.removesuffix(_ENDED))):
            return self._page.ended.format(what=over)
        word = self._page.happened.get(name) or self._page.states.get(name)
        return word or self._page.happened.of(name)

    def what(self, kind: str, reason: str) -> str:
        """What a message told, and why."""
        why = reason_words(reason, self.language) if kind != "code" else ""
        what = self.happened(kind)
        return f"{what}: {why}" if why else what

    def recipient(self, name: str) -> str:
        return self._page.recipients.of(name)

    def channel(self, name: str) -> str:
        return self._page.channels.of(name) if name else "-"

    def outcome(self, name: str) -> str:
        return self._page.outcomes.of(name)

    def level(self, of: str, level: str) -> str:
        """What door, permit or siren does."""
        if level == OFF:
            return self.w.kiosk_off
        if of == "siren":
            return self._page.outputs.of("silent" if level == "off" else level)
        return self._page.outputs.of(level)

    def released(self, by: str) -> str:
        return reason_words(by, self.language) if by else ""

    # --- times -------------------------------------------------------------------------------------

    def clock(self, wall_s: float) -> str:
        """The time of day to the second; a dash where no clock was set."""
        return self._time(wall_s, "%H:%M:%S")

    def day(self, wall_s: float) -> str:
        return self._time(wall_s, "%Y-%m-%d")

    def day_and_time(self, wall_s: float) -> str:
        return self._time(wall_s, "%Y-%m-%d %H:%M:%S")

    def _time(self, wall_s: float, form: str) -> str:
        if wall_s < CLOCK_SET_S:
            return "-"
        local = datetime.fromtimestamp(wall_s, self._zone)
        return local.strftime(f"{form} %Z" if is_ambiguous(wall_s, self._zone) else form)

    def since(self, since_s: float) -> str:
        """`+0:31.2`: minutes and seconds from the beginning, below zero before it."""
        sign = "-" if since_s < -0.05 else "+"
        tenths = round(abs(since_s) * 10)
        minutes, rest = divmod(tenths, 600)
        hours, minutes = divmod(minutes, 60)
        seconds = f"{rest // 10:02d}.{rest % 10}"
        return f"{sign}{hours}:{minutes:02d}:{seconds}" if hours else f"{sign}{minutes}:{seconds}"

    def span(self, seconds: float) -> str:
        """A duration: `4.2 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
        page = self._page
        if seconds < 60:
            return page.span_s.format(count=f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}")
        units = ((86400, page.span_d), (3600, page.span_h), (60, page.span_min), (1, page.span_s))
        whole = round(seconds)
        return _two_units(whole, units)


def _two_units(whole: int, units: Sequence[tuple[int, str]]) -> str:
    for number, (size, words) in enumerate(units):
        if whole >= size:
            first, rest = divmod(whole, size)
            parts = [words.format(count=first)]
            if number + 1 < len(units) and (second := rest // units[number + 1][0]):
                parts.append(units[number + 1][1].format(count=second))
            return " ".join(parts)
    return units[-1][1].format(count=0)

"""The page of a kiosk as HTML: one function a part, every value escaped."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from html import escape

from edge.faults.catalogue import CATALOGUE
from edge.faults.fault import FaultError
from edge.loop.watching import SeenView, View
from edge.panel.faces import drawn, verdict
from edge.panel.sources import Incident, RecordView, Sources
from edge.pictures.ring import RingPicture
from edge.settings.zones import zone_of
from edge.terms.record import OutboxRow
from edge.web.exchange import Live
from edge.web.pieces import english, pairs, progress
from edge.words.grounds import long_words
from edge.words.languages import anomaly_words, reason_words, words_of

FRESH_KEY_S = 1.5
OLD_PICTURE_S = 5.0
_BARS_DBM = (-113, -51)
_CLAIM_MARKS = {"failed": "bad", "by_face": "good", "by_code": "good"}


class Page:
    """Makes the page of one kiosk. Reads `Sources`, keeps nothing."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._language = words_of(sources.settings.cabin.language)
        self._w = self._language.page
        self._zone = zone_of(sources.settings.cabin.timezone)

    # --- the whole ---------------------------------------------------------------------------------

    def now(self) -> Live:
        """The parts as they are now, by the ids of their elements."""
        w, view = self._w, self._sources.kiosk()
        record = self._sources.record()
        state = view.state if isinstance(view, View) else "down"
        parts = {
            "head": self._head(view),
            "faults": self._faults(view, record),
            "picture": self._picture(view),
            "inputs": self._inputs(view),
            "modem": self._modem(view),
            "messages": self._messages(record),
            "incidents": self._incidents(record),
            "record": self._record(record),
        }
        told = f"{w.states.of(state)}. {w.meanings.of(state)}"
        title = f"{self._sources.settings.cabin.name}: {w.states.of(state)}"
        return Live(title, state, told, parts)

    def frame(self, parts: Mapping[str, str]) -> str:
        """Where each part stands: what fails over the whole width, what is seen beside what is measured."""
        cards = {name: self._card(name, html) for name, html in parts.items()}
        faults = cards.pop("faults")
        right = "".join(cards.pop(name) for name in ("inputs", "modem", "record"))
        columns = "".join(f'<div class="stack">{column}</div>' for column in ("".join(cards.values()), right))
        return f'{faults}<div class="split">{columns}</div>'

    def _card(self, name: str, html: str) -> str:
        label = escape(self._w.of(name))
        return f'<section id="{name}" class="card" aria-label="{label}">{html}</section>\n'

    # --- the parts ---------------------------------------------------------------------------------

    def _head(self, view: View | FaultError) -> str:
        w = self._w
        state = view.state if isinstance(view, View) else "down"
        cabin = escape(self._sources.settings.cabin.name)
        as_of = escape(w.as_of.format(time=self._clock(time.time(), "%H:%M:%S")))
        lines = [
            f'<p class="cabin">{cabin} <span>{as_of}</span></p>',
            f"<h1>{escape(w.states.of(state))}</h1>",
            f"<p>{escape(w.meanings.of(state))}</p>",
        ]
        if (seen := self._sources.enrolling()) is not None:
            words = w.enrolling.format(count=seen.taken, most=seen.wanted)
            asked = self._language.enrolling.of(seen.guidance.value)
            lines.append(_count(f"{words}: {asked}", progress(words, seen.taken, seen.wanted)))
        if isinstance(view, FaultError):
            return _banner(lines)
        since = escape(w.lasting.format(time=self._span(view.state_for_s)))
        lines[1] = f"<h1>{escape(w.states.of(state))} <small>{since}</small></h1>"
        if view.locks_in_s is not None:
            gone_s = max(0.0, view.lock_after_s - view.locks_in_s)
            words = w.locks_in.format(seconds=f"{view.locks_in_s:.0f}")
            lines.append(_count(words, progress(words, round(gone_s, 1), view.lock_after_s)))
        if view.lockout_left_s is not None:
            lines.append(_count(w.keypad_opens_in.format(seconds=f"{view.lockout_left_s:.0f}")))
        lines.append(self._facts(view))
        if view.code.live:
            sent = w.code_sent if view.code.taken else w.code_waits
            words = sent.format(issue=view.code.issue, tries=view.code.tries, most=view.code_tries)
            lines.append(f"<p>{escape(words)}</p>")
        if view.anomalies:
            named = ", ".join(self._happened(name) for name in view.anomalies)
            lines.append(_count(f"{w.anomalies}: {named}"))
        if view.said and view.said_ago_s is not None:
            ago = escape(w.said.format(ago=self._span(view.said_ago_s)))
            lines.append(f'<p class="said">{ago}: <q>{escape(view.said)}</q></p>')
        return _banner(lines)

    def _facts(self, view: View) -> str:
        w = self._w
        facts = [
            (w.door, w.outputs.of(view.door), "bad" if view.door == "locked" else "good"),
            (w.machine, w.outputs.of(view.permit), "good" if view.permit == "on" else ""),
            *([(w.owner, w.claims.of(view.claim), _CLAIM_MARKS.get(view.claim, ""))] if view.claim else []),
            (
                w.siren,
                w.outputs.of("silent" if view.sound == "off" else view.sound),
                "" if view.sound == "off" else "bad",
            ),
            (w.camera, w.health.of(view.camera), "good" if view.camera == "ok" else "bad"),
            (w.somebody, w.yes if view.somebody_present else w.no, ""),
        ]
        shown = "".join(
            f'<div class="{mark}"><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>'
            for name, value, mark in facts
        )
        return f'<dl class="facts">{shown}</dl>'

    def _faults(self, view: View | FaultError, record: RecordView | FaultError) -> str:
        w = self._w
        found: dict[str, tuple[str, str]] = {}
        if isinstance(view, FaultError):
            found[view.code] = ("", view.detail)
        else:
            for part, code in view.faults.items():
                found.setdefault(code or part, ("" if part == code else self._language.devices.of(part), ""))
        if isinstance(record, FaultError):
            found.setdefault(record.code, (w.record, record.detail))
        if not found:
            return f"<h2>{escape(w.faults)}</h2><p>{escape(w.no_faults)}</p>"
        shown = "".join(self._fault(code, part, detail) for code, (part, detail) in found.items())
        return f'<h2>{escape(w.faults)} <span class="pill bad">{len(found)}</span></h2>{shown}'

    def _fault(self, code: str, part: str = "", detail: str = "") -> str:
        """Code, cause, meaning for the door, remedy: the catalogue's words, which are English."""
        w, known = self._w, CATALOGUE.get(code)
        named = f" ({escape(part)})" if part else ""
        head = f"<code>{escape(code)}</code>{named}"
        if known is None:
            return f'<article class="fault"><h3>{head}</h3></article>'
        more = f" ({escape(detail)})" if detail else ""
        return (
            f'<article class="fault"><h3>{head}</h3><p lang="en">{escape(known.cause)}{more}</p>'
            f'<dl><dt>{escape(w.meaning)}</dt><dd lang="en">{escape(known.door)}</dd>'
            f'<dt>{escape(w.remedy)}</dt><dd lang="en">{escape(known.remedy)}</dd></dl></article>'
        )

    def _picture(self, view: View | FaultError) -> str:
        w = self._w
        head = f"<h2>{escape(w.picture)}</h2>"
        if not self._sources.settings.panel.live:
            return f"{head}<p>{escape(w.picture_off)}</p>"
        if isinstance(view, FaultError) or not view.seen:
            return f"{head}<p>{escape(w.picture_none)}</p>"
        return head + "".join(self._camera(name, seen) for name, seen in sorted(view.seen.items()))

    def _camera(self, camera: str, seen: SeenView) -> str:
        w, picture = self._w, self._sources.live(camera, seen.at_s)
        name = w.cameras.of(camera)
        if picture is None:
            return f"<p>{escape(name)}: {escape(w.picture_none)}</p>"
        words = [verdict(face, w) for face in seen.faces]
        percent = w.foreground.format(percent=f"{seen.foreground * 100:.0f}")
        old = w.picture_old.format(ago=self._span(seen.ago_s)) if seen.ago_s > OLD_PICTURE_S else ""
        caption = f"{name}: {old}{'; '.join(words) or w.faces_none}. {percent}"
        width, height = seen.size
        boxes = "".join(drawn(face, seen.size, w) for face in seen.faces)
        # The two lie over each other; the picture has its own size, the boxes the eyes' one.
        return (
            f'<figure><div class="view"><img src="/live/{escape(camera)}/{picture.number}.jpg" '
            f'alt="{escape(caption)}" width="640" height="480">'
            f'<svg viewBox="0 0 {width} {height}" preserveAspectRatio="none" aria-hidden="true">{boxes}</svg>'
            f"</div><figcaption>{escape(caption)}</figcaption></figure>{self._stages(camera, seen, picture)}"
        )

    def _stages(self, camera: str, seen: SeenView, picture: RingPicture) -> str:
        """What the chain of filters makes of the same picture, where the settings want it shown."""
        w, shown = self._w, self._sources.stages(camera, seen, picture)
        if shown is None:
            return ""
        said = [w.stages_covered.format(percent=f"{chance * 100:.0f}") for chance in shown.covered]
        caption = f"{'; '.join([w.stages.format(level=f'{shown.level:.1f}'), *said])}. {w.stages_note}"
        fault = self._fault(shown.code, detail=shown.detail) if shown.code else ""
        return (
            f'<figure><img src="/stages/{escape(camera)}/{picture.number}.jpg" alt="{escape(caption)}" '
            f'class="sheet" width="{shown.size[0]}" height="{shown.size[1]}">'
            f"<figcaption>{escape(caption)}</figcaption></figure>{fault}"
        )

    def _inputs(self, view: View | FaultError) -> str:
        w = self._w
        head = f"<h2>{escape(w.inputs)}</h2>"
        if isinstance(view, FaultError):
            return f"{head}<p>{escape(w.states.down)}</p>"
        rows = []
        for name, one in view.inputs.items():
            if name == "door":
                level = w.open if one.active else w.closed
            else:
                level = w.active if one.active else w.quiet
            moved = (
                w.never_moved if one.moved_ago_s is None else w.moved.format(ago=self._span(one.moved_ago_s))
            )
            if not one.fitted:
                level, moved = w.not_fitted, ""
            fresh = one.moved_ago_s is not None and one.moved_ago_s < FRESH_KEY_S
            mark = f"{'on' if one.active else ''}{' fresh' if fresh else ''}"
            rows.append(self._row(w.contacts.of(name), level, moved, mark))
        key_s = view.key_ago_s
        if key_s is None:
            rows.append(self._row(w.keypad, "", w.key_never, ""))
        elif key_s < FRESH_KEY_S:
            rows.append(self._row(w.keypad, w.key_now, "", "on fresh"))
        else:
            rows.append(self._row(w.keypad, "", w.key_ago.format(ago=self._span(key_s)), ""))
        return f'{head}<table>{"".join(rows)}</table><p class="note">{escape(w.key_note)}</p>'

    @staticmethod
    def _row(name: str, level: str, more: str, mark: str) -> str:
        return (
            f'<tr class="{mark.strip()}"><th scope="row">{escape(name)}</th>'
            f"<td>{escape(level)}</td><td>{escape(more)}</td></tr>"
        )

    def _modem(self, view: View | FaultError) -> str:
        w = self._w
        head = f"<h2>{escape(w.modem)}</h2>"
        if isinstance(view, FaultError):
            return f"{head}<p>{escape(w.states.down)}</p>"
        modem = view.modem
        if modem.ready:
            state = f'<span class="pill good">{escape(w.modem_ready)}</span>'
        else:
            trouble = f"modem_{modem.trouble or 'mute'}"
            state = f'<code class="pill bad">{escape(trouble)}</code>'
        signal = escape(w.signal_none)
        if modem.signal_dbm is not None:
            low, high = _BARS_DBM
            words = f"{modem.signal_dbm} dBm"
            signal = (
                f'<meter min="{low}" max="{high}" low="-100" high="-85" optimum="-60" '
                f'value="{modem.signal_dbm}">{words}</meter> {words}'
            )
        network = ", ".join(f"{kind} {self._network(word)}" for kind, word in modem.registration.items())
        rows = [
            (w.signal, signal),
            (w.network, escape(network or "-")),
            (w.operator, escape(modem.operator or "-")),
            (w.model, escape(modem.model or "-")),
            (w.waiting, str(view.messages_waiting)),
        ]
        if modem.supply_mv is not None:
            rows.append((w.supply, f"{modem.supply_mv / 1000:.2f} V"))
        return f"<h2>{escape(w.modem)} {state}</h2>{pairs(rows)}"

    def _network(self, word: str) -> str:
        """What the modem says of a network; it says it in English."""
        return self._w.networks.get(word.replace(",", "").replace(" ", "_")) or word

    def _messages(self, record: RecordView | FaultError) -> str:
        w = self._w
        head = f"<h2>{escape(w.messages)}</h2>"
        if isinstance(record, FaultError) or not record.messages:
            return f"{head}<p>{escape(w.no_messages)}</p>"
        names = (w.number, w.when, w.what, w.to, w.by, w.outcome)
        heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
        rows = []
        for row in record.messages:
            # Why it failed is said by the modem or the server, in English.
            cause = f" ({english(row.cause)})" if row.cause else ""
            cells = (
                f"#{row.number}",
                self._clock(row.created_wall_s),
                self._what(row),
                escape(w.recipients.of(row.recipient.value)),
                escape(w.channels.of(row.channel.value)),
                escape(w.outcomes.of(row.state.value)) + cause,
            )
            inner = "".join(
                f'<td data-name="{escape(name)}"><div>{cell}</div></td>'
                for name, cell in zip(names, cells, strict=True)
            )
            rows.append(f'<tr class="{row.state.value}">{inner}</tr>')
        return f'{head}<table class="list"><tr>{heads}</tr>{"".join(rows)}</table>'

    def _what(self, row: OutboxRow) -> str:
        """What a message is about, and why, escaped; a fault by its code."""
        what = escape(self._happened(row.kind))
        if row.reason in CATALOGUE:
            return f"{what}: <code>{escape(row.reason)}</code>"
        why = reason_words(row.reason, self._language)
        return f"{what}: {escape(why)}" if why and row.kind != "code" else what

    def _happened(self, name: str) -> str:
        """What the record calls `name`: a message, a state, a fact, an anomaly or its end."""
        if (anomaly := anomaly_words(name, self._language)) is not None:
            return anomaly.short
        if (over := anomaly_words(name.removesuffix("_ended"), self._language)) is not None:
            return self._w.ended.format(what=over.short)
        return self._w.happened.of(name)

    def _incidents(self, record: RecordView | FaultError) -> str:
        w = self._w
        head = f"<h2>{escape(w.incidents)}</h2>"
        if isinstance(record, FaultError) or not record.incidents:
            return f"{head}<p>{escape(w.no_incidents)}</p>"
        return head + "".join(self._incident(one) for one in record.incidents)

    def _incident(self, one: Incident) -> str:
        w = self._w
        why = ", ".join(self._happened(name) for name in one.why)
        lines = [
            f"<h3>{escape(w.incident.format(number=one.number))} "
            f"<small>{escape(self._clock(one.began_wall_s))}</small></h3><p>{escape(why)}</p>"
        ]
        for reason in one.reasons:
            said = " ".join(long_words(reason.ground, reason.numbers, self._language))
            lines.append(f"<p>{escape(said)}</p>")
        if one.kept:
            words = w.pictures_count.format(count=one.kept)
            if not self._sources.settings.panel.pictures:
                lines.append(f"<p>{escape(words)}. {escape(w.pictures_off)}</p>")
            elif not one.pictures and not one.sealed:
                lines.append(f"<p>{escape(words)}. {escape(w.pictures_gone)}</p>")
            else:
                sealed = f". {escape(w.pictures_sealed.format(count=one.sealed))}" if one.sealed else ""
                strip = "".join(self._strip(one)) if one.pictures else ""
                lines.append(f"<p>{escape(words)}{sealed}</p>{strip}")
        return f'<article class="incident">{"".join(lines)}</article>'

    def _strip(self, one: Incident) -> Iterator[str]:
        yield '<div class="strip">'
        for index, name in enumerate(one.pictures, 1):
            path = escape(f"/incident/{one.number}/{name}")
            alt = escape(self._w.picture_alt.format(index=index, number=one.number))
            picture = f'<img src="{path}" alt="{alt}" width="160" height="120" loading="lazy">'
            yield f'<a href="{path}">{picture}</a>'
        yield "</div>"

    def _record(self, record: RecordView | FaultError) -> str:
        w, disk, tests = self._w, self._sources.disk(), self._sources.tests
        rows: list[tuple[str, str]] = []
        if isinstance(record, RecordView):
            rows.append((w.head, f"<code>{record.head.seq}:{escape(record.head.hash)}</code>"))
        else:
            rows.append((w.head, f"<code>{escape(record.code)}</code>"))
        if isinstance(disk, FaultError):
            rows.append((w.disk, f"<code>{escape(disk.code)}</code> {english(disk.detail)}"))
        else:
            used = disk.total - disk.free
            words = w.disk_free.format(free=_size(disk.free), all=_size(disk.total))
            rows.append((w.disk, f'<meter max="{disk.total}" value="{used}"></meter> {escape(words)}'))
        rows.append((w.daily, self._daily(record)))
        if tests.running:
            state = f"<p>{escape(w.selftest_runs)}</p>"
        elif tests.ran_wall_s is None:
            state = f"<p>{escape(w.selftest_never)}</p>"
        else:
            state = f"<p>{escape(w.selftest_done.format(time=self._clock(tests.ran_wall_s)))}</p>"
        found = "".join(
            f'<li class="{"good" if one.ok else "bad"}">{english(f"{one.mark} {one.name}: {one.detail}")}'
            f"{'' if one.ok else self._fault(one.code)}</li>"
            for one in tests.findings
        )
        if tests.fault is not None:
            found += f"<li>{self._fault(tests.fault.code, detail=tests.fault.detail)}</li>"
        off = " disabled" if tests.running else ""
        return (
            f"<h2>{escape(w.record)}</h2>{pairs(rows)}<h3>{escape(w.selftest)}</h3>{state}"
            f'<ul class="tests">{found}</ul><form method="post" action="/selftest">'
            f"<button{off}>{escape(w.selftest_run)}</button></form>"
        )

    def _daily(self, record: RecordView | FaultError) -> str:
        row = record.daily if isinstance(record, RecordView) else None
        if row is None:
            return escape(self._w.daily_never)
        when = self._clock(row.created_wall_s)
        said = self._w.daily_ok if row.reason in ("", "ok") else self._w.daily_bad
        return escape(said).format(code=f"<code>{escape(row.reason)}</code>", time=escape(when))

    def _clock(self, wall_s: float, form: str = "%Y-%m-%d %H:%M") -> str:
        return datetime.fromtimestamp(wall_s, self._zone).strftime(form)

    def _span(self, seconds: float) -> str:
        """`7 s`, `4 min`, `3 h`, `5 d`."""
        w = self._w
        if seconds < 120:
            return w.span_s.format(count=f"{max(0.0, seconds):.0f}")
        if seconds < 7200:
            return w.span_min.format(count=f"{seconds / 60:.0f}")
        if seconds < 172_800:
            return w.span_h.format(count=f"{seconds / 3600:.0f}")
        return w.span_d.format(count=f"{seconds / 86_400:.0f}")


def _count(words: str, bar: str = "") -> str:
    return f'<p class="count">{escape(words)}{bar}</p>'


def _banner(lines: Iterable[str]) -> str:
    return f'<div class="banner">{"".join(lines)}</div>'


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"

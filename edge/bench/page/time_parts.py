"""What time does and did: deadlines, ways out, faults that are switched, and what happened."""

from __future__ import annotations

from html import escape

from edge.bench.page.pieces import button, field, form, tick
from edge.bench.page.tongue import Tongue
from edge.bench.wire import BenchView, Countdown, FaultGroup, FaultSwitch, WayOut
from edge.web.pieces import english, note


def left(in_s: float, tongue: Tongue, *, runs: bool = True) -> str:
    """Seconds that go down in the browser between two updates; they stand where their clock does."""
    moving = f' data-left-s="{in_s:.2f}"' if runs else ""
    return f'<span class="left"{moving}>{escape(tongue.seconds(in_s))}</span>'


def coming(view: BenchView, tongue: Tongue) -> str:
    """The deadlines, then what would open the door now."""
    w = tongue.own
    waits = "".join(_deadline(one, tongue) for one in view.deadlines)
    waits = f'<ul class="deadlines">{waits}</ul>' if waits else note(w.no_deadline)
    ways = "".join(_way(one, tongue) for one in view.ways)
    if ways:
        ways = f'<ul class="ways">{ways}</ul>'
    elif view.outputs.locked:  # a relay that sticks, or one that was let go of this moment
        ways = f'<p class="bad">{tick(False, w.would_not)} {escape(w.lock_is_on)}</p>'
    else:
        ways = f'<p class="good">{tick(True, w.would_open)} {escape(w.door_is_open)}</p>'
    return f"<h3>{escape(w.deadlines)}</h3>{waits}<h3>{escape(w.door_now)}</h3>{ways}"


def _deadline(one: Countdown, tongue: Tongue) -> str:
    stands = "" if one.runs else f' <span class="note">{escape(tongue.own.stands_still)}</span>'
    return (
        f'<li class="wait-{escape(one.what.value)}{"" if one.runs else " stands"}"><span>'
        f"{escape(tongue.own.table.waits.of(one.what.value))}{stands}</span> "
        f"{left(one.in_s, tongue, runs=one.runs)}{_bar(one)}</li>"
    )


def _bar(one: Countdown) -> str:
    """How much of the time is left; the seconds beside it say the same."""
    share = min(1.0, one.in_s / one.of_s) if one.of_s > 0.0 else 0.0
    moving = f' data-of-s="{one.of_s:.2f}"' if one.runs else ""
    return (
        f'<svg class="bar-left" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{100 * share:.1f}" height="4"{moving}/></svg>'
    )


def _way(one: WayOut, tongue: Tongue) -> str:
    w = tongue.own
    by_itself = "" if one.in_s is None else f" {left(one.in_s, tongue)}"
    mark = tick(one.opens, w.would_open if one.opens else w.would_not)
    return (
        f'<li class="{"opens" if one.opens else "shut"}">{mark} '
        f"<span><strong>{escape(w.table.ways.of(one.way.value))}</strong> "
        f'<span class="note">{escape(w.table.because.of(one.because.value))}</span></span>{by_itself}</li>'
    )


# --- faults ----------------------------------------------------------------------------------------


def faults_id(group: FaultGroup) -> str:
    """The id of a group's part."""
    return f"faults-{group.value}"


def faults_on(view: BenchView, tongue: Tongue) -> str:
    """Which faults are on, each with the button that ends it."""
    w = tongue.own
    on = [one for one in view.faults if one.on]
    if not on:
        return f'<p class="good">{escape(w.all_well)}</p>'
    rows = "".join(
        f"<li><span>{escape(w.groups.of(one.group.value))}: "
        f"{english(one.name)}</span>{button(one.end, w.switch_off)}</li>"
        for one in on
    )
    return form(
        f'<h3>{escape(w.on_now)} <span class="pill bad">{len(on)}</span></h3><ul '
        f'class="faults-on">{rows}</ul>'
    )


def faults_of(group: FaultGroup, view: BenchView, tongue: Tongue) -> str:
    """The switches of one group."""
    rows = "".join(_fault(one) for one in view.faults if one.group is group)
    return form(f'<ul class="faults">{rows}</ul>') if rows else note(tongue.own.none_found)


def _fault(one: FaultSwitch) -> str:
    words = one.end if one.on else one.begin
    return (
        f'<li data-fault="{escape(f"{one.group.value} {one.name} {one.meaning}".lower())}">'
        f'<button name="words" value="{escape(words)}" aria-pressed="{"true" if one.on else "false"}" '
        f'class="switch-button" lang="en">{escape(one.name)}</button> {english(one.meaning)}</li>'
    )


def search(tongue: Tongue) -> str:
    """The field that looks for a fault; it needs the script and is hidden without."""
    w = tongue.own
    return (
        f'<label class="field" for="fault-search"><span>{escape(w.search)}</span>'
        '<input id="fault-search" type="search" autocomplete="off" spellcheck="false" data-search></label>'
        f'<p class="note" id="fault-none" hidden>{escape(w.none_found)}</p>'
    )


# --- what happened ---------------------------------------------------------------------------------


def log(view: BenchView, tongue: Tongue) -> str:
    """The newest at the top; in the words of the prompt, which are English."""
    w = tongue.own
    if not view.happenings:
        return note(w.nothing_yet)
    rows = "".join(
        f'<li class="kind-{escape(one.kind)}"><span class="when">{one.at_s:.1f}</span> '
        f'<span class="kind">{escape(one.kind)}</span> <span>{escape(one.words)}</span></li>'
        for one in reversed(view.happenings)
    )
    return (
        f'{note(w.log_note)}<ol class="log" tabindex="0" aria-label="{escape(w.log)}" lang="en">{rows}</ol>'
    )


def prompt(tongue: Tongue) -> str:
    """A line in the words of the prompt: whatever can be done can be done here."""
    w = tongue.own
    typed = field(
        "prompt-words", w.words_field, more=' maxlength="500" required placeholder="enter anna with mask"'
    )
    return form(f"{typed}<button>{escape(w.do)}</button>", kind="write", clear=True)

"""The last steps: the self-test, the checklist with its signature, and the page that is printed."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import assert_never

from edge.faults.fault import FaultError
from edge.loop.watching import View
from edge.panel.commission.pieces import ACTS, CHECKLIST_PATH, COLOURS, MARKS, PRINT_PATH, button, fault, step
from edge.panel.commission.scene import Scene, Tongue
from edge.panel.commission.trying import keypads
from edge.panel.commission.walk import Judged, Mark, Seen, Signed, WalkStep
from edge.settings.schema import Settings
from edge.settings.zones import zone_of
from edge.terms.commission import Tried
from edge.terms.learning import LearnWhat
from edge.terms.marks import NAME_MOST
from edge.web.pieces import english, note, pairs

VERIFY = "sudo cabinguard events --verify --head {head}"


def clock(settings: Settings, wall_s: float) -> str:
    """A time on the cabin's clock."""
    return datetime.fromtimestamp(wall_s, zone_of(settings.cabin.timezone)).strftime("%Y-%m-%d %H:%M")


def selftest(scene: Scene, tongue: Tongue) -> str:
    page, tests = tongue.language.page, scene.tests
    if tests.running:
        words = escape(page.selftest_runs)
        state = f'<p role="status">{words}</p><progress aria-label="{words}"></progress>'
    elif tests.ran_wall_s is None:
        state = f"<p>{escape(page.selftest_never)}</p>"
    else:
        state = f"<p>{escape(page.selftest_done.format(time=clock(scene.settings, tests.ran_wall_s)))}</p>"
    found = "".join(
        f'<li class="{"good" if one.ok else "bad"}">{english(f"{one.mark} {one.name}: {one.detail}")}'
        f"{'' if one.ok else fault(one.code)}</li>"
        for one in tests.findings
    )
    broken = "" if tests.fault is None else fault(tests.fault.code, tests.fault.detail)
    run = button("selftest", page.selftest_run, kind="primary", off=tests.running)
    return step(WalkStep.SELFTEST, scene, tongue, f'{state}<ul class="tests">{found}</ul>{broken}{run}')


def checklist(scene: Scene, tongue: Tongue, who: str) -> str:
    """`who`: the name that is offered for the signature."""
    w = tongue.frame
    content = [
        f'<h2>{escape(w.titles.checklist)}</h2><p class="lead">{escape(w.leads.checklist)}</p>',
        table({one.value: scene.mark(one) for one in scene.steps}, tongue),
    ]
    signed = scene.walk.signed
    if signed is not None:
        content.append(signature(signed, scene, tongue))
        content.append(f'<p><a class="button" href="{PRINT_PATH}">{escape(w.print)}</a></p>')
    if scene.still_open:
        names = ", ".join(w.steps.of(one.value) for one in scene.still_open)
        content.append(note(w.still_open.format(steps=names)))
    content.append(_warned(never_done(scene, tongue), tongue))
    off = " disabled" if scene.still_open else ""
    content.append(
        f'<form method="post" action="{ACTS}/sign" data-act data-confirm="{escape(w.sign_ask)}" '
        f'class="sign"><p class="stack"><label for="who">{escape(w.who)}</label>'
        f'<input id="who" name="who" type="text" maxlength="{NAME_MOST}" required autocomplete="name" '
        f'value="{escape(who)}"></p><p class="actions"><button class="primary"{off}>{escape(w.sign)}</button>'
        "</p></form>"
    )
    return "".join(content)


def never_done(scene: Scene, tongue: Tongue) -> tuple[str, ...]:
    """What is called in order and was never done, as far as the kiosk and this page have seen."""
    ok = [one for one in scene.steps if scene.mark(one).judged is Judged.OK]
    return tuple(name for one in ok for name in _not_seen(one, scene, tongue))


def _not_seen(which: WalkStep, scene: Scene, tongue: Tongue) -> list[str]:
    """What of a step was not seen done. A kiosk that does not answer now says nothing."""
    w, standing = tongue.acts, scene.standing
    done = None if isinstance(standing, FaultError) else standing.done
    match which:
        case WalkStep.REFERENCES:
            return [] if done is None or LearnWhat.EMPTY.value in done.learnt else [w.empty]
        case WalkStep.OUTPUTS:
            tried = set(Tried) if done is None else done.outputs.keys()
            return [tongue.site.outputs.of(one.value) for one in Tried if one.value not in tried]
        case WalkStep.KEYS:
            most = sum(len(row) for rows in keypads(scene).values() for row in rows)
            return (
                [] if done is None or done.keys >= most else [w.keys_seen.format(count=done.keys, most=most)]
            )
        case WalkStep.CONTACTS:
            fitted = scene.view.inputs if isinstance(scene.view, View) else {}
            return [
                tongue.language.page.contacts.of(name)
                for name, one in fitted.items()
                if one.fitted and not scene.walk.contacts.get(name, Seen()).both
            ]
        case WalkStep.PEOPLE:
            return [] if done is None or done.texts_delivered else [tongue.frame.no_text]
        case WalkStep.SELFTEST:
            never = scene.tests.ran_wall_s is None
            return [tongue.frame.steps.of(which.value)] if never else []
        case WalkStep.AIM | WalkStep.DRAW | WalkStep.ENROL:
            return []  # what is seen of these shows in their own steps
        case _:
            assert_never(which)


def _warned(lacks: tuple[str, ...], tongue: Tongue) -> str:
    if not lacks:
        return ""
    lines = "".join(f"<li>{escape(one)}</li>" for one in lacks)
    return f'<div class="lacks"><p class="bad">! {escape(tongue.frame.never_done)}</p><ul>{lines}</ul></div>'


def table(marks: dict[str, Mark], tongue: Tongue) -> str:
    """The steps with their results."""
    w = tongue.frame
    heads = "".join(f'<th scope="col">{escape(word)}</th>' for word in (w.step, w.result, w.note))
    rows = "".join(
        f'<tr data-key="mark-{escape(name)}"><th scope="row">{escape(w.titles.of(name))}</th>'
        f'<td data-name="{escape(w.result)}" class="{COLOURS[mark.judged]}">{MARKS[mark.judged]} '
        f"{escape(w.judged.of(mark.judged.value))}</td>"
        f'<td data-name="{escape(w.note)}">{escape(mark.note)}</td></tr>'
        for name, mark in marks.items()
    )
    return f'<table class="list marks"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def signature(signed: Signed, scene: Scene, tongue: Tongue) -> str:
    """Who signed and when, and where it stands in the record."""
    w = tongue.frame
    said = w.signed.format(name=signed.name, time=clock(scene.settings, signed.wall_s))
    rows = [
        (w.row, f"<code>{signed.seq}</code>"),
        (w.head, f"<code>{escape(signed.head)}</code>"),
    ]
    check = w.verify.format(command=f"\0{VERIFY.format(head=f'{signed.seq}:{signed.head}')}\0")
    before, command, after = escape(check).split("\0")
    return (
        f'<div class="signature"><p class="good">✓ {escape(said)}</p>{pairs(rows)}'
        f"<p>{before}<code>{command}</code>{after}</p></div>"
    )


def printed(scene: Scene, tongue: Tongue, signed: Signed) -> str:
    """The signed checklist on a sheet of its own."""
    w, cabin = tongue.frame, scene.settings.cabin
    rows = [(w.cabin, escape(cabin.name))]
    if cabin.address:
        rows.append((w.address, escape(cabin.address)))
    bad = [name for name, mark in signed.marks.items() if mark.judged is Judged.FAILED]
    failed = ", ".join(w.steps.of(name) for name in bad)
    more = f'<p class="bad">✕ {escape(w.judged.failed)}: {escape(failed)}</p>' if bad else ""
    return (
        f'<div class="sheet">{pairs(rows)}{table(signed.marks, tongue)}{more}'
        f"{_warned(signed.lacks, tongue)}"
        f"{signature(signed, scene, tongue)}"
        f'<p class="line">{escape(w.signature)}</p>'
        f'<p class="screen"><a class="button" href="{CHECKLIST_PATH}">{escape(w.back)}</a></p></div>'
    )

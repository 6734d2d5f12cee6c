"""The step of the people who are told, and how a number is shown."""

from __future__ import annotations

from html import escape
from typing import Final

from edge.faults.fault import FaultError
from edge.panel.commission.pieces import button, step, when_down
from edge.panel.commission.scene import Scene, Tongue
from edge.panel.commission.walk import WalkStep
from edge.terms.record import Recipient
from edge.web.pieces import english, note

ROLES: Final = (Recipient.WATCHMAN, Recipient.WATCHMAN2, Recipient.CONTROL_ROOM)
_SHOWN_DIGITS: Final = 2


def masked(number: str) -> str:
    """The last two digits of a number: enough to know it by, and useless to anybody else."""
    return number[-_SHOWN_DIGITS:]


def people(scene: Scene, tongue: Tongue) -> str:
    w, page = tongue.acts, tongue.language.page
    if isinstance(scene.standing, FaultError):
        return step(WalkStep.PEOPLE, scene, tongue, when_down(scene, tongue))
    standing = scene.standing
    rows = []
    for role in ROLES:
        name = page.recipients.of(role.value)
        number = scene.settings.people.number(role)
        texts = [text for text in standing.texts if text.to == role.value]
        newest = max((text.number for text in texts), default=0)
        states = []
        for text in texts[-3:] if newest else []:
            mark = {"delivered": "good", "failed": "bad", "expired": "bad"}.get(text.state, "")
            cause = f" ({english(text.cause)})" if text.cause else ""
            words = f"{page.channels.of(text.channel)}: {page.outcomes.of(text.state)}"
            states.append(f'<li class="{mark}">{escape(words)}{cause}</li>')
        shown = w.ends_in.format(digits=masked(number)) if number else w.no_number
        told = f'<ul class="texts">{"".join(states)}</ul>' if states else escape(w.text_never)
        act = button(
            "text",
            w.send_text,
            {"to": role.value},
            off=not number or standing.text_again_s > 0,
            name=f"{w.send_text}: {name}",
        )
        rows.append(
            f'<tr data-key="person-{role.value}"><th scope="row">{escape(name)}</th>'
            f'<td data-name="{escape(w.number)}">{escape(shown)}</td>'
            f'<td data-name="{escape(w.test_text)}"><div>{told}</div></td><td data-name="">{act}</td></tr>'
        )
    heads = "".join(f'<th scope="col">{escape(word)}</th>' for word in (w.role, w.number, w.test_text))
    wait = w.text_wait.format(seconds=f"{standing.text_again_s:.0f}") if standing.text_again_s > 0 else ""
    table = (
        f'<table class="list people"><thead><tr>{heads}<td></td></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>{note(wait) if wait else ''}"
    )
    return step(WalkStep.PEOPLE, scene, tongue, table)

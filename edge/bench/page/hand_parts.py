"""What hands do: the keypads, the contacts and their wires, the telephones."""

from __future__ import annotations

from html import escape
from typing import Final

from edge.bench.page.pieces import TEXT, button, field, form
from edge.bench.page.tongue import Tongue
from edge.bench.wire import BenchView, ContactSeen, PhoneSeen, TextSeen
from edge.messages.texts import code_in
from edge.terms.record import Recipient
from edge.web.pieces import note

STRANGER: Final = "stranger"
QUICK: Final = {
    "watchman": ("STATUS", "HELP"),
    "watchman2": ("STATUS", "HELP"),
    "control_room": ("RELEASE INCIDENT HOTP", "FALSE INCIDENT", "TRUE INCIDENT", "STATUS", "HELP"),
    STRANGER: ("RELEASE INCIDENT HOTP", "STATUS"),
}
"""What each person may want to write; INCIDENT and HOTP are filled in by the bench."""

QUICK_OF_OWNERS: Final = ("NO",)


def keypad(view: BenchView, tongue: Tongue) -> str:
    """The keypad outside, clicked and typed on, and the customer's inside where there is one."""
    w, pad = tongue.own, view.keypad
    columns = 4 if "A" in pad.keys else 3
    keys = "".join(
        f'<button name="words" value="keys {escape(key)}" data-key="{escape(key)}" '
        f'class="{"stuck" if key in pad.stuck else ""}" '
        f'aria-label="{escape(w.key.format(key=key))}">{escape(key)}</button>'
        for key in pad.keys
    )
    stuck = ""
    if pad.stuck:
        free = "".join(button(f"key {key} free", w.key_free.format(key=key)) for key in pad.stuck)
        stuck = f'<p class="bad">{escape(w.keypad_stuck.format(keys=" ".join(pad.stuck)))} {free}</p>'
    inside = ""
    if pad.inside:
        inner = "".join(
            f'<button name="words" value="pad {"ASK" if key == "#" else escape(key)}" '
            f'aria-label="{escape(w.key.format(key=key))}">{escape(key)}</button>'
            for key in pad.inside
        )
        keys_inside = f'<div class="keys" role="group" aria-label="{escape(w.pad)}">{inner}</div>'
        inside = f"<h3>{escape(w.pad)}</h3>{form(keys_inside)}"
    return (
        form(
            f'<div class="keys across-{columns}" data-keypad tabindex="0" role="group" '
            f'aria-label="{escape(w.keypad_field)}">{keys}</div>{stuck}'
        )
        + note(w.keypad_note)
        + inside
    )


def contacts(view: BenchView, tongue: Tongue) -> str:
    """Every contact: how it is, a press, a switch that stays, and its wire."""
    return form("".join(_contact(one, tongue) for one in view.contacts))


def _contact(one: ContactSeen, tongue: Tongue) -> str:
    w = tongue.own
    name = tongue.page.contacts.of(one.name)
    if not one.fitted:
        return (
            '<div class="contact-row" role="group" '
            f'aria-label="{escape(name)}"><strong>{escape(name)}</strong>'
            f'<span class="level">{escape(w.not_fitted)}</span></div>'
        )
    door = one.name == "door"
    if door:
        level = w.door_open if one.active else w.door_closed
        words = "door closed" if one.active else "door open"
        held, press = (w.close if one.active else w.open), w.open_briefly
    else:
        level = w.active if one.active else w.quiet
        words = f"{one.name} off" if one.active else f"{one.name} on"
        held, press = (w.let_go if one.active else w.hold), w.press
    wire = "".join(
        button(f"wire {one.name} {what}", label, pressed=one.wire == ("" if what == "whole" else what))
        for what, label in (("whole", w.whole_wire), ("cut", w.cut_wire), ("unreadable", w.unreadable_wire))
    )
    moves = button(f"{one.name} press", press) if not one.active else ""
    return (
        f'<div class="contact-row{" on" if one.active else ""}" role="group" aria-label="{escape(name)}">'
        f'<strong>{escape(name)}</strong><span class="level">{escape(level)}</span>'
        f'<span class="moves">{moves}{button(words, held, pressed=one.active)}</span>'
        f'<span class="choice wire" role="group" aria-label="{escape(w.wire)}">'
        f'<span class="choice-name" aria-hidden="true">{escape(w.wire)}</span><span '
        f'class="choices">{wire}</span></span></div>'
    )


# --- telephones ------------------------------------------------------------------------------------


def phone_id(who: str) -> str:
    """The id of a telephone's part."""
    return f"phone-{who.replace('_', '-')}"


def phone_name(who: str, tongue: Tongue) -> str:
    """Whose telephone it is; a card's owner by name."""
    known = tongue.own.persons.get(who)
    return tongue.own.persons.owner.format(name=who.capitalize()) if known is None else known


def bubbles(phone: PhoneSeen, tongue: Tongue) -> str:
    """What a telephone received and sent, the newest at the bottom; a code has a button that types it."""
    w = tongue.own
    if not phone.texts:
        return note(w.no_texts)
    newest = next((text for text in reversed(phone.texts) if text.received and code_in(text.text)), None)
    inner = "".join(_bubble(text, phone.who, text is newest, tongue) for text in phone.texts)
    label = escape(w.phone_of.format(who=phone_name(phone.who, tongue)))
    return form(
        f'<ol class="chat" data-bottom tabindex="0" aria-live="polite" aria-label="{label}">{inner}</ol>'
    )


def _bubble(text: TextSeen, who: str, with_code: bool, tongue: Tongue) -> str:
    w = tongue.own
    way = w.from_kiosk if text.received else w.to_kiosk
    code = code_in(text.text) if with_code else None
    typed = ""
    if code is not None:
        words = f"keys {code}" if who in list(Recipient) else f"code {code}"
        typed = button(words, w.type_code.format(code=code), kind="primary type-code")
    return (
        f'<li class="{"in" if text.received else "out"}"><p><span class="unseen">{escape(way)}: '
        f"</span>{escape(text.text)}</p>"
        f"<small>{escape(tongue.clock(text.wall_s))}</small>{typed}</li>"
    )


def writing(who: str, tongue: Tongue) -> str:
    """Field and quick replies of a telephone: they never change, so nobody is disturbed while writing."""
    w = tongue.own
    quick = "".join(
        f'<button name="text" value="{escape(text)}">{escape(text)}</button>'
        for text in QUICK.get(who, QUICK_OF_OWNERS)
    )
    hidden = f'<input type="hidden" name="who" value="{escape(who)}">'
    write = field(f"{phone_id(who)}-text", w.write, more=' maxlength="480" required')
    send = f'{hidden}{write}<button class="primary">{escape(w.send)}</button>'
    replies = f'{hidden}<span class="choices" role="group" aria-label="{escape(w.quick)}">{quick}</span>'
    return form(send, TEXT, "write", clear=True) + form(replies, TEXT, "quick")

"""The step of enrolling the owner of a card, where identity is on: consent first, then looks."""

from __future__ import annotations

from html import escape

from edge.faults.fault import FaultError
from edge.loop.commission_view import EnrolStage, EnrolView
from edge.panel.commission.pieces import ACTS, button, fault, step, when_down
from edge.panel.commission.scene import Scene, Tongue
from edge.panel.commission.walk import WalkStep
from edge.web.pieces import progress
from edge.words.consent import NEWEST, consent_text
from edge.words.language import LanguageName
from edge.words.pages.commission_site import own_name

_EXAMPLE = "+919812345678"


def enrol(scene: Scene, tongue: Tongue) -> str:
    """Empty where nobody is enrolled on this kiosk: the step is not in its rail either."""
    enrolling = scene.enrolling
    if enrolling is None:
        return ""
    if isinstance(enrolling, FaultError):
        why = when_down(scene, tongue) or fault(enrolling.code, enrolling.detail)
        return step(WalkStep.ENROL, scene, tongue, why)
    stage = EnrolStage(enrolling.stage)
    form = _cancel(stage, tongue) or _form(scene, tongue)
    return step(WalkStep.ENROL, scene, tongue, f"{_progress(stage, enrolling, tongue)}{form}")


def _cancel(stage: EnrolStage, tongue: Tongue) -> str:
    """The way out while it goes on; empty where nothing does."""
    match stage:
        case EnrolStage.READING | EnrolStage.LOOKING | EnrolStage.WRITING:
            off = stage is EnrolStage.WRITING
            return button("enrol_cancel", tongue.acts.enrol_cancel, off=off)
        case EnrolStage.NONE | EnrolStage.DONE | EnrolStage.FAILED:
            return ""


def _progress(stage: EnrolStage, view: EnrolView, tongue: Tongue) -> str:
    w = tongue.acts
    words = escape(w.enrolment.of(stage.value).format(number=view.person))
    match stage:
        case EnrolStage.NONE | EnrolStage.READING | EnrolStage.WRITING:
            return f'<p class="soft">{words}</p>'
        case EnrolStage.LOOKING:
            looks = w.enrol_looks.format(count=view.taken, most=view.wanted)
            asked = escape(tongue.language.enrolling.of(view.guidance))
            return (
                f"<p>{words} {escape(looks)} {progress(looks, view.taken, view.wanted)}</p>"
                f'<p class="big" role="status">{asked}</p>'
            )
        case EnrolStage.DONE:
            return f'<p class="good">✓ {words}</p>'
        case EnrolStage.FAILED:
            return f'<p class="bad">✕ {words}</p>{fault(view.fault, view.detail)}'


def _form(scene: Scene, tongue: Tongue) -> str:
    w = tongue.acts
    own = scene.settings.cabin.language
    fields = (
        ("name", w.enrol_name, "text", 80),
        ("card", w.enrol_card, "text", 64),
        ("phone", w.enrol_phone.format(number=_EXAMPLE), "tel", 20),
    )
    rows = "".join(
        f'<p class="field"><label for="enrol-{name}">{escape(label)}</label><input id="enrol-{name}" '
        f'name="{name}" type="{kind}" maxlength="{longest}" required autocomplete="off"></p>'
        for name, label, kind, longest in fields
    )
    languages = "".join(
        f'<label lang="{name.value}"><input type="radio" name="language" value="{name.value}"'
        f"{' checked' if name is own else ''}>{escape(own_name(name))}</label>"
        for name in LanguageName
    )
    texts = "".join(
        f'<blockquote lang="{name.value}" class="consent {name.value}">'
        f"{escape(consent_text(NEWEST, name, pictures=False))}</blockquote>"
        for name in LanguageName
    )
    return (
        f'<form method="post" action="{ACTS}/enrol" data-act data-clear class="enrol stack">'
        f'<input type="hidden" name="consent" value="{NEWEST}">{rows}'
        f'<fieldset class="choice"><legend>{escape(w.enrol_language)}</legend>{languages}</fieldset>'
        f"<h3>{escape(w.enrol_consent)}</h3>{texts}"
        f'<label class="row"><input type="checkbox" name="agreed" value="yes" required>'
        f"{escape(w.enrol_agreed)}</label>"
        f'<label class="row"><input type="checkbox" name="anyway" value="yes">'
        f"{escape(w.enrol_anyway)}</label>"
        f'<p class="actions"><button class="primary">{escape(w.enrol_begin)}</button></p></form>'
    )

"""The step of the references: what the empty cabin and the machine's front look like is learnt."""

from __future__ import annotations

from html import escape

from edge.faults.fault import FaultError
from edge.panel.commission.pieces import ACTS, button, fault, not_vacant, step, when_down
from edge.panel.commission.scene import Scene, Tongue
from edge.panel.commission.walk import WalkStep
from edge.terms.learning import Learning, LearnState, LearnWhat
from edge.web.pieces import english, note, progress


def references(scene: Scene, tongue: Tongue) -> str:
    w = tongue.acts
    down = when_down(scene, tongue)
    if isinstance(scene.learning, FaultError):
        return step(
            WalkStep.REFERENCES, scene, tongue, down or fault(scene.learning.code, scene.learning.detail)
        )
    learning = scene.learning
    runs = learning.state is LearnState.RUNNING
    names = ", ".join(tongue.draw.parts.of(one.name) for one in scene.walk.regions)
    front = w.front_how.format(parts=names) if names else w.front_none
    content = [
        not_vacant(scene, tongue),
        _one(LearnWhat.EMPTY, w.empty, w.empty_how, tongue, off=runs),
        _front(scene, tongue, front, off=runs or not names),
        _state(learning, tongue),
    ]
    return step(WalkStep.REFERENCES, scene, tongue, "".join(content))


def _one(what: LearnWhat, title: str, how: str, tongue: Tongue, *, off: bool) -> str:
    w = tongue.acts
    act = button("learn", w.learn, {"what": what.value}, kind="primary", off=off, name=f"{title}: {w.learn}")
    return f'<div class="learn"><h3>{escape(title)}</h3>{note(how)}{act}</div>'


def _front(scene: Scene, tongue: Tongue, how: str, *, off: bool) -> str:
    """With how wide one of the parts is, where somebody measured it: sizes can be told then."""
    w = tongue.acts
    choice = "".join(
        f'<option value="{escape(one.name)}">{escape(tongue.draw.parts.of(one.name))}</option>'
        for one in scene.walk.regions
    )
    wide = (
        f'<p class="row"><label for="wide">{escape(w.wide)}</label>'
        f'<select id="wide" name="wide">{choice}</select>'
        f'<label for="wide-cm">{escape(w.wide_cm)}</label><input id="wide-cm" name="wide_cm" type="number" '
        'min="0" max="300" step="0.1"></p>'
    )
    return (
        f'<form method="post" action="{ACTS}/learn" data-act class="learn">'
        f"<h3>{escape(w.front)}</h3>{note(how)}"
        f'<input type="hidden" name="what" value="{LearnWhat.FRONT.value}">{wide if choice else ""}'
        f'<p class="actions"><button class="primary" aria-label="{escape(w.front)}: {escape(w.learn)}"'
        f"{' disabled' if off else ''}>{escape(w.learn)}</button></p></form>"
    )


def _state(learning: Learning, tongue: Tongue) -> str:
    w = tongue.acts
    words = w.learning.of(learning.state.value).format(percent=f"{learning.share * 100:.0f}")
    match learning.state:
        case LearnState.NONE:
            return f'<p class="soft">{escape(words)}</p>'
        case LearnState.RUNNING:
            bar = progress(words, round(learning.share, 2), 1)
            return f"<p>{escape(words)} {bar}</p>{button('learn_end', w.learn_end)}"
        case LearnState.DONE:
            return f'<p class="good">✓ {escape(words)} {english(learning.detail)}</p>'
        case LearnState.REFUSED:
            return f'<p class="bad">✕ {escape(words)}</p>{fault(learning.code, learning.detail)}'

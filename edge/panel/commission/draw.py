"""The step of drawing: an editor over the camera's picture, and what is said of what is saved."""

from __future__ import annotations

from dataclasses import fields
from html import escape
from typing import Final

import msgspec

from edge.faults.fault import FaultError
from edge.panel.commission.floor import floor_check
from edge.panel.commission.pieces import PICTURE, button, fault, not_vacant, step, when_down
from edge.panel.commission.scene import Scene, Tongue
from edge.panel.commission.walk import WalkStep
from edge.settings.areas import MASKED_MOST
from edge.terms.ground import Purpose
from edge.words.pages.commission_draw import DrawWords, PartWords

NOT_FOR_THE_SCRIPT: Final = frozenset({"purposes", "parts", "no_script"})


def drawing(scene: Scene, tongue: Tongue) -> str:
    """The step: the editor, and whether what was saved is in effect."""
    w = tongue.acts
    if isinstance(scene.drawn, FaultError):
        down = when_down(scene, tongue) or fault(scene.drawn.code, scene.drawn.detail)
        return step(WalkStep.DRAW, scene, tongue, down)
    view = scene.drawn
    regions = msgspec.to_builtins(scene.walk.regions)
    drawn = {**msgspec.to_builtins(view.wanted), "region": regions}
    trouble = fault(view.trouble) if view.trouble else ""
    if view.restart_wanted:
        restart = button("restart", w.restart, kind="primary", ask=w.restart_ask)
        state = f'<div class="notice warn row apart"><p>{escape(w.restart_wanted)}</p>{restart}</div>'
        state += not_vacant(scene, tongue)
    else:
        state = f'<p class="soft">{escape(w.in_effect)}</p>'
    size = scene.size_of(scene.cameras[0]) if scene.cameras else (640, 480)
    frame = editor(drawn, scene.cameras or ("face",), size, tongue.draw)
    check = floor_check(view, tongue.language.name)
    return step(WalkStep.DRAW, scene, tongue, f"{when_down(scene, tongue)}{trouble}{frame}{state}{check}")


def editor(drawn: object, cameras: tuple[str, ...], size: tuple[int, int], w: DrawWords) -> str:
    """The editor's frame, which its script fills. `drawn` is what is drawn, as plain JSON values.

    `size` is of the picture in pixels, before the first one is loaded.
    """
    words = {name: w.get(name) for name in _names(DrawWords) if name not in NOT_FOR_THE_SCRIPT}
    purposes = [[one.value, w.purposes.of(one.value)] for one in Purpose]
    parts = [[name, w.parts.of(name)] for name in _names(PartWords)]
    width, height = size
    choice = "".join(
        f'<button type="button" data-do="camera" data-camera="{escape(name)}" aria-pressed="false">'
        f"{escape(w.of(f'camera_{name}'))}</button>"
        for name in cameras
    )
    cameras_row = f'<p class="tools cameras">{choice}</p>' if len(cameras) > 1 else ""
    adds = "".join(
        f'<button type="button" data-do="{kind}">+ {escape(w.of(f"add_{kind}"))}</button>'
        for kind in ("zone", "mask", "region", "floor")
    )
    changes = "".join(
        f'<button type="button" data-do="{what}" disabled>{escape(w.of(what))}</button>'
        for what in ("finish", "undo", "redo", "remove")
    )
    return (
        f'<div class="editor" id="editor" data-keep {_data("drawn", drawn)} {_data("words", words)} '
        f'{_data("purposes", purposes)} {_data("regions", parts)} data-picture="{PICTURE}/" '
        f'data-most="{MASKED_MOST}">'
        f'<noscript><p class="problem">{escape(w.no_script)}</p></noscript>'
        f'<p class="note">{escape(w.how)}</p>{cameras_row}'
        f'<div class="tools" role="group" aria-label="{escape(w.tools)}"><p>{adds}</p><p>{changes}</p></div>'
        '<div class="drawing-board"><div class="canvas">'
        f'<img src="{PICTURE}/{escape(cameras[0])}.jpg" alt="{escape(w.alt)}" '
        f'width="{width}" height="{height}">'
        f'<svg viewBox="0 0 {width} {height}" preserveAspectRatio="none" tabindex="0" role="application" '
        f'aria-label="{escape(w.canvas)}"></svg></div>'
        f'<div class="side"><h3>{escape(w.drawn)}</h3><p class="none">{escape(w.none)}</p>'
        '<ul class="shapes"></ul><div class="fields" hidden></div></div></div>'
        '<p class="say" role="status" aria-live="polite"></p>'
        f'<p class="actions"><button type="button" data-do="save" class="primary">{escape(w.save)}</button> '
        f'<span class="unsaved pill warn" hidden>{escape(w.unsaved)}</span></p></div>'
    )


def _data(name: str, value: object) -> str:
    return f'data-{name}="{escape(msgspec.json.encode(value).decode())}"'


def _names(words: type[DrawWords | PartWords]) -> list[str]:
    return [field.name for field in fields(words)]

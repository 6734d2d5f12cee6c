"""The steps that look: aiming the camera, and the references of the empty cabin and the machine's front."""

from __future__ import annotations

from html import escape
from typing import Final

from edge.panel.commission.pieces import PICTURE, step, when_down
from edge.panel.commission.scene import Scene, Tongue
from edge.panel.commission.walk import WalkStep
from edge.terms.aim import IDENTIFY_PX_PER_M, Aim, FaceAim, PixelClass
from edge.web.pieces import note, pairs

NORM: Final = "IEC 62676-4"
_GOOD: Final = (PixelClass.IDENTIFY, PixelClass.INSPECT)


def aim(scene: Scene, tongue: Tongue) -> str:
    """The picture under a grid for each camera, what is measured of it, and what to do about it."""
    w = tongue.acts
    shown = [_camera(name, scene, tongue) for name in scene.cameras]
    content = "".join(shown) or f"<p>{escape(w.no_picture)}</p>"
    return step(WalkStep.AIM, scene, tongue, when_down(scene, tongue) + content)


def _camera(name: str, scene: Scene, tongue: Tongue) -> str:
    w = tongue.acts
    camera = tongue.language.page.cameras.of(name)
    measured = scene.aims.get(name)
    width, height = scene.size_of(name)
    picture = scene.pictures.get(name)
    if picture is None:
        view = f"<p>{escape(camera)}: {escape(w.no_picture)}</p>"
    else:
        source = f"{PICTURE}/{escape(name)}.jpg?{picture.number}"
        view = (
            f'<figure><div class="view aim"><img src="{source}" width="{width}" height="{height}" '
            f'alt="{escape(w.picture_alt.format(camera=camera))}">{_grid(width, height, measured)}</div>'
            "</figure>"
        )
    numbers = f"<p>{escape(w.measuring)}</p>" if measured is None else _numbers(measured, tongue)
    return f'<div class="aiming" data-key="aim-{escape(name)}">{view}<div>{numbers}</div></div>'


def _grid(width: int, height: int, measured: Aim | None) -> str:
    """Thirds, the middle, and the face."""
    thirds = "".join(
        f"M{width * part / 3:.1f} 0V{height}M0 {height * part / 3:.1f}H{width}" for part in (1, 2)
    )
    middle = f"M{width / 2:.1f} {height / 2 - 12:.1f}v24M{width / 2 - 12:.1f} {height / 2:.1f}h24"
    face = ""
    if measured is not None and measured.face is not None:
        across, down = width / measured.size[0], height / measured.size[1]
        x, y, w, h = measured.face.box
        face = (
            f'<rect x="{x * across:.1f}" y="{y * down:.1f}" '
            f'width="{w * across:.1f}" height="{h * down:.1f}"/>'
        )
    return (
        f'<svg viewBox="0 0 {width} {height}" preserveAspectRatio="none" aria-hidden="true">'
        f'<path class="grid" d="{thirds}{middle}"/>{face}</svg>'
    )


def _numbers(measured: Aim, tongue: Tongue) -> str:
    w = tongue.acts
    rows = [
        (w.sharpness, f"{measured.sharpness * 100:.1f}"),
        (w.light, f"{measured.light / 2.55:.0f} %"),
        (w.noise, f"{measured.noise:.1f}"),
        (w.faces, str(measured.faces)),
    ]
    if measured.face is not None:
        rows.append((w.at_face, _at_face(measured.face, tongue)))
    advice = "".join(f"<li>{escape(tongue.site.advice.of(one.value))}</li>" for one in measured.advice)
    good = w.norm.format(norm=NORM, good=f"{IDENTIFY_PX_PER_M:.0f}")
    told = f'<ul class="advice">{advice}</ul>' if advice else f'<p class="good">✓ {escape(w.no_advice)}</p>'
    return f"{pairs(rows)}<h3>{escape(w.advice)}</h3>{told}{note(good)}"


def _at_face(face: FaceAim, tongue: Tongue) -> str:
    w = tongue.acts
    count = w.px_per_m.format(count=f"{face.px_per_m:.0f}")
    spread = w.px_range.format(low=f"{face.low_px_per_m:.0f}", high=f"{face.high_px_per_m:.0f}")
    mark = "good" if face.pixel_class in _GOOD else "warn"
    return (
        f'<strong>{escape(count)}</strong> <span class="pill {mark}">'
        f"{escape(tongue.site.classes.of(face.pixel_class.value))}</span> "
        f'<span class="soft">({escape(spread)})</span>'
    )

"""Faces over the live picture: the box of each, and what was judged of it in words."""

from __future__ import annotations

from html import escape

from edge.loop.watching import FaceView
from edge.words.language import Page


def verdict(face: FaceView, words: Page) -> str:
    """Such as `covered: mask`; not escaped."""
    judged = words.verdicts.of(face.verdict)
    if face.cover != "none":
        return f"{judged}: {words.covers.of(face.cover)}"
    return f"{judged}: {words.unclear.of(face.unclear_why)}" if face.unclear_why else judged


def drawn(face: FaceView, size: tuple[int, int], words: Page) -> str:
    """SVG in the pixels of a picture of `size` (width, height)."""
    x, y, wide, high = face.box
    letters = size[0] / 30
    text_y = y - letters / 3 if y > letters * 1.5 else min(y + high + letters, size[1] - 4)
    return (
        f'<g class="{escape(face.verdict)}"><rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" '
        f'height="{high:.1f}"/><text x="{max(x, 2):.1f}" y="{text_y:.1f}" font-size="{letters:.1f}">'
        f"{escape(verdict(face, words))}</text></g>"
    )

"""Recordings for the loudspeaker: a tone of a length."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

CLIP_S = 1.5


def wav(path: Path, length_s: float = CLIP_S, rate: int = 8000) -> Path:
    """A clip with a tone in it."""
    path.parent.mkdir(exist_ok=True)
    tone = b"".join(struct.pack("<h", 4000 if index // 20 % 2 else -4000) for index in range(rate // 10))
    with wave.open(str(path), "wb") as clip:
        clip.setparams((1, 2, rate, 0, "NONE", ""))
        clip.writeframes((tone * (1 + int(length_s * 10)))[: int(length_s * rate) * 2])
    return path

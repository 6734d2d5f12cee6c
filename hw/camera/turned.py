"""A photographed head turned a little to the side, up or down: what enrolment asks of a person.

The face is taken for the front of a ball: what is nearer to the camera moves further, and its outline stays.
Good for small turns; more would need what the photograph does not show.
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np

from hw.camera.covers import Layer, Marks

TURNS_DEG: Final = {
    "left": (28.0, 0.0),
    "right": (-38.0, 0.0),
    "up": (0.0, 14.0),
    "down": (0.0, -14.0),
}
"""Yaw to the person's own left and pitch upwards, by the word that directs it. As the outline stays, the face
check reads some 10 degrees of them."""

_WIDE: Final = 1.45
_TALL: Final = 2.0
"""Half of the head's width and height in face units (eyes to mouth)."""


def turn_head(person: Layer, marks: Marks, turn: str) -> Layer:
    """The same person with the head turned; KeyError for a word that is none of `TURNS_DEG`."""
    yaw, pitch = (math.radians(angle) for angle in TURNS_DEG[turn])
    eye_x, eye_y = marks.eyes
    middle = (eye_x + (marks.mouth_l[0] + marks.mouth_r[0]) / 2) / 2, eye_y + 0.4 * marks.unit
    wide, tall = _WIDE * marks.unit, _TALL * marks.unit
    rows, columns = np.mgrid[0 : person.shape[0], 0 : person.shape[1]].astype(np.float32)
    away = ((columns - middle[0]) / wide) ** 2 + ((rows - middle[1]) / tall) ** 2
    depth = np.sqrt(np.clip(1.0 - away, 0.0, None))
    # A person's own left is to the right in the picture.
    from_x = columns - depth * math.sin(yaw) * wide
    from_y = rows + depth * math.sin(pitch) * tall * 0.6
    turned = cv2.remap(
        person,
        from_x.astype(np.float32),
        from_y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(turned, np.uint8)

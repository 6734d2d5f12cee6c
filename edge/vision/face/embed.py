"""A face into a template, and only a face that is good enough to be compared: every refusal has a name.

The face is turned and scaled so that eyes, nose and mouth lie where the network learnt to find them. What is
too small, turned, blurred, too dark or bright, cut by the edge or covered is never compared: a poor picture
is the usual way to a wrong answer. No picture and no template is kept here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, assert_never

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.identity import TEMPLATE_NUMBERS, NoTemplate, OwnerLook, Template
from edge.terms.observation import Face, FaceVerdict, Unclear
from edge.vision.face.align import Landmarks
from edge.vision.face.check import PREVIOUS, quality_of
from edge.vision.face.faces import persons
from edge.vision.network import ModelFault, Network, load_or_previous
from hw.camera.port import ColourPicture, Frame

MODEL: Final = "face_embed.tflite"
SIZE_PX: Final = 128
"""Side of the network's input."""

Cut = NDArray[np.uint8]
"""`SIZE_PX` x `SIZE_PX` x 3, blue, green, red."""

PLACES: Final[NDArray[np.float64]] = float(SIZE_PX) * np.array(
    (
        (0.31556875, 0.46157410),
        (0.68262292, 0.46157410),
        (0.50026250, 0.64050536),
        (0.34947187, 0.82469196),
        (0.65343646, 0.82469196),
    ),
    np.float64,
)
"""Where eyes, nose tip and mouth corners lie in the cut: as in the documentation of the network that this one
comes from (face-reidentification-retail-0095)."""


@dataclass(frozen=True, slots=True)
class Gates:
    """What a face must be to be compared; all of it comes with the model.

    `min_face_px` is the width of the face's box; `covered_logit` what its log odds of being covered must stay
    under; dark, bright and sharpness as in `check.Quality`, on the cut.
    """

    min_face_px: float
    yaw_deg: float
    pitch_deg: float
    covered_logit: float
    min_dark: float
    max_bright: float
    min_sharpness: float


def cut_of(picture: NDArray[np.uint8], landmarks: Landmarks, factor: float = 1.0) -> Cut:
    """The face upright at its size; a grey picture becomes three equal planes.

    `picture` is height x width or height x width x 3; one pixel of the landmarks is `factor` of its own.
    The turn, scale and shift are the least-squares ones over all five points (Umeyama, 1991).
    """
    points = np.array(landmarks, np.float64) * factor
    cut = cv2.warpAffine(
        picture, _onto(points), (SIZE_PX, SIZE_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(cut if cut.ndim == 3 else cv2.cvtColor(cut, cv2.COLOR_GRAY2BGR), np.uint8)


def _onto(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 2 x 3 matrix that brings the five points nearest to `PLACES` without a mirror."""
    middle, wanted = points.mean(0), PLACES.mean(0)
    from_x, from_y = (points - middle).T
    to_x, to_y = (PLACES - wanted).T
    size = max(float((from_x**2 + from_y**2).sum()), 1e-9)
    along = float((from_x * to_x + from_y * to_y).sum()) / size
    across = float((from_x * to_y - from_y * to_x).sum()) / size
    turn = np.array(((along, -across), (across, along)))
    return np.column_stack((turn, wanted - turn @ middle))


class Embedder:
    """The network, loaded and checked. One per thread."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._output = network.contract.outputs[0]
        self._gates = _gates(network.contract.operating_points)

    @classmethod
    def open(cls, models: Path) -> Embedder:
        """The folder's network, or the one that an update replaced. Raises `ModelFault`."""
        network, _ = load_or_previous([models / MODEL, models / PREVIOUS / MODEL], labels=())
        contract = network.contract
        wanted = ((1, SIZE_PX, SIZE_PX, 3), ((1, TEMPLATE_NUMBERS),))
        if (contract.input.shape, tuple(one.shape for one in contract.outputs)) != wanted:
            raise ModelFault("model_wrong", f"{MODEL}: input or output is of another shape")
        return cls(network)

    @property
    def version(self) -> str:
        """Templates of another version of the network cannot be compared with this one's."""
        return self._network.contract.version

    @property
    def gates(self) -> Gates:
        return self._gates

    def look(self, frame: Frame, faces: Sequence[Face]) -> OwnerLook:
        """The one face of this frame as a template, or why there is none; `faces` are this very frame's."""
        counted = persons(faces)
        if not counted:
            return OwnerLook(missing=NoTemplate.NO_FACE)
        if len(counted) > 1:
            return OwnerLook(missing=NoTemplate.SEVERAL)
        (face,) = counted
        missing = _unfit(face, self._gates)
        if missing is not None:
            return OwnerLook(missing=missing)
        cut = _cut(frame, face.landmarks)
        missing = _poor(cut, self._gates)
        return OwnerLook(missing=missing) if missing is not None else OwnerLook(self.template(cut))

    def template(self, cut: Cut) -> Template:
        """The template of a cut, whatever it shows. ValueError for a cut of another shape."""
        steps = (cut.astype(np.int16) - 128).astype(np.int8)
        (said,) = self._network.run(steps[np.newaxis])
        away = said.reshape(-1).astype(np.float32) - np.float32(self._output.zero)
        # The direction alone counts: as long as a byte can hold, so that rounding turns it least.
        longest = max(float(np.abs(away).max()), 1.0)
        return Template(np.rint(away * (127.0 / longest)).astype(np.int8).tobytes())


def _cut(frame: Frame, landmarks: Landmarks) -> Cut:
    """From the colour picture, which may be larger, where there is one."""
    colour: ColourPicture | None = frame.colour
    if colour is None:
        return cut_of(frame.grey, landmarks)
    return cut_of(colour, landmarks, colour.shape[1] / frame.grey.shape[1])


def _unfit(face: Face, gates: Gates) -> NoTemplate | None:
    """What the face check says against it; the order is that in which people can put it right."""
    match face.verdict:
        case FaceVerdict.COVERED:
            return NoTemplate.COVERED
        case FaceVerdict.TURNED:
            return NoTemplate.TURNED
        case FaceVerdict.UNCLEAR:
            return _unclear(face.unclear_why)
        case FaceVerdict.PROPER:
            pass
        case _:
            assert_never(face.verdict)
    if face.covered_logit >= gates.covered_logit:
        return NoTemplate.COVERED
    if face.box[2] < gates.min_face_px:
        return NoTemplate.SMALL
    if abs(face.yaw_deg) > gates.yaw_deg or abs(face.pitch_deg) > gates.pitch_deg:
        return NoTemplate.TURNED
    return None


def _unclear(why: Unclear) -> NoTemplate:
    match why:
        case Unclear.SMALL:
            return NoTemplate.SMALL
        case Unclear.DARK:
            return NoTemplate.DARK
        case Unclear.BRIGHT:
            return NoTemplate.BRIGHT
        case Unclear.BLURRED:
            return NoTemplate.BLURRED
        case Unclear.CUT | Unclear.CUT_ASIDE:
            return NoTemplate.CUT
        case Unclear.UPSIDE_DOWN:
            return NoTemplate.TURNED
        case Unclear.UNDECIDED | Unclear.NONE:
            return NoTemplate.UNCLEAR
        case _:
            assert_never(why)


def _poor(cut: Cut, gates: Gates) -> NoTemplate | None:
    """What its light and sharpness say against the cut."""
    quality = quality_of(np.asarray(cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY), np.uint8))
    if quality.dark < gates.min_dark:
        return NoTemplate.DARK
    if quality.bright > gates.max_bright:
        return NoTemplate.BRIGHT
    return NoTemplate.BLURRED if quality.sharpness < gates.min_sharpness else None


def _gates(points: dict[str, float]) -> Gates:
    try:
        return Gates(*(points[name] for name in Gates.__dataclass_fields__))
    except KeyError as error:
        raise ModelFault("model_wrong", f"{MODEL}: its contract has no {error.args[0]}") from error

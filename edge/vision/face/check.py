"""Judges one found face: covered and by what, turned how far, too poor a picture to say, or no face at all.

The face is turned upright and cut out, its grey levels are brought to one mean and contrast (`align`), and
one int8 network gives logits. What the picture's size, light and sharpness allow is measured on the same cut
with plain arithmetic, so it can be explained.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import Box, Cover, Face, FaceVerdict, Unclear
from edge.vision.face.align import SIZE_PX, Frame, Grey, Landmarks, align, frame_of, normalise
from edge.vision.network import ModelFault, Network, load_or_previous

MODEL: Final = "face_check.tflite"
PREVIOUS: Final = "previous"
"""Subfolder of the models' folder where an update leaves what it replaced."""

LABELS: Final = (
    "bare",
    "mask",
    "mask_under_nose",
    "glasses",
    "helmet",
    "scarf",
    "hand",
    "object",
    "open_helmet",
)
"""The network's classes, in order. An open helmet hides nothing of the face and still is a class of its own,
for sites that refuse it."""

COVERS: Final = LABELS[1:8]
"""What counts as a cover unless a site says otherwise."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What a cut allows to be seen. `dark` is the grey level that 95 % of the pixels stay
    under, `bright` the one that 95 % stay above;
    `sharpness` is the share of the contrast that lies in detail finer than about a thirtieth of the face."""

    dark: float
    bright: float
    sharpness: float


def quality_of(cut: Grey) -> Quality:
    """Light and sharpness of an aligned cut."""
    levels = np.cumsum(cv2.calcHist([cut], [0], None, [256], [0, 256]).ravel())
    dark = float(np.searchsorted(levels, 0.95 * levels[-1]))
    bright = float(np.searchsorted(levels, 0.05 * levels[-1]))
    fine = cv2.subtract(cut, cv2.GaussianBlur(cut, (0, 0), 1.55), dtype=cv2.CV_16S)
    _, detail = cv2.meanStdDev(fine)
    _, contrast = cv2.meanStdDev(cut)
    return Quality(dark, bright, float(detail[0, 0]) / max(float(contrast[0, 0]), 1.0))


@dataclass(frozen=True, slots=True)
class Limits:
    """Where one verdict ends and the next begins; all of it comes with the model.

    A face beyond `yaw_deg`, `pitch_deg` or `roll_deg` is turned, whatever it seems to wear, unless a cover is
    as sure as `sure_cover` (log odds): so much a cover in profile shows, and hardly ever a bare cheek. Below
    `min_face_px` (the box's width) a picture says nothing; a dark, burnt-out or blurred one only where the
    log-odds stay within `doubt` of zero: what is plainly covered is covered in bad light, too.
    """

    min_face_px: float
    min_dark: float
    max_bright: float
    min_sharpness: float
    doubt: float
    yaw_deg: float = 35.0
    pitch_deg: float = 25.0
    roll_deg: float = 180.0
    sure_cover: float = 0.0


_COVER: Final = {
    "mask": Cover.MASK,
    "mask_under_nose": Cover.MASK,
    "glasses": Cover.GLASSES,
    "helmet": Cover.HELMET,
    "scarf": Cover.SCARF,
    "hand": Cover.HAND,
    "object": Cover.OTHER,
    "open_helmet": Cover.HELMET,
}


@dataclass(frozen=True, slots=True)
class View:
    """One way to look at a face: nearer (`zoom` under 1) or farther, mirrored or not."""

    zoom: float
    mirrored: bool


AS_IS: Final = (View(1.0, False),)
MIRRORED: Final = (View(1.0, True),)
BOTH: Final = (*AS_IS, *MIRRORED)
STILL: Final = tuple(View(zoom, mirrored) for zoom in (1.0, 0.92, 1.08) for mirrored in (False, True))
"""Views whose logits are averaged. A still picture has no next frame: on sources left out of training, six
views in place of one miss three in ten covered faces fewer at equal false alarms."""

_ASIDE, _WIDER, _HALF_SURE = 0.22, 1.25, 2.0
"""Where the whole of a half hidden face is looked for: so many face sizes to the side, in a frame so many
times as large; and the log odds of an object there from which on one hides it."""

_POINTS: Final = {
    "covered_scale",
    "covered_bias",
    "covered_cut",
    "turned_sigma_deg",
    "min_face_px",
    "min_dark",
    "max_bright",
    "min_sharpness",
    "doubt",
}
"""Operating points that every contract has; `prior_CLASS` may stand beside them."""

_LATER_POINTS: Final = {
    "turned_yaw_deg": 35.0,
    "turned_pitch_deg": 25.0,
    "turned_roll_deg": 180.0,
    "turned_sure_cover": 0.0,
    "face_cut": -math.inf,
}
"""Operating points that contracts before 3.0 lack, and what holds for these."""

_LARGEST_PRIOR: Final = 10.0
"""A factor of 22,000: whatever is more is a slip."""

_POSE_UNIT_DEG: Final = 45.0
"""The network gives yaw and pitch in this unit."""


class Checker:
    """The face check with its network; not for two threads at once.

    `covers` are the classes that count as covered, at least one of `LABELS[1:]`; a face of any other class
    counts as bare. `refused` holds the faults of a newer model that was not taken.
    """

    def __init__(self, network: Network, covers: Collection[str] = COVERS) -> None:
        self.refused: tuple[ModelFault, ...] = ()
        self._network = network
        self._covers = np.array([label in covers for label in LABELS])
        if self._covers[0] or not self._covers.any() or not set(covers) <= set(LABELS):
            raise ValueError(f"covers are some of {', '.join(LABELS[1:])}, not {', '.join(covers)}")
        names = [output.name for output in network.contract.outputs]
        if names[:2] != ["cover", "pose"]:
            raise ModelFault("model_wrong", f"{MODEL}: outputs are {', '.join(names)}, not cover, pose, face")
        # Contracts before 3.0 have no such output: every cut shows a face to them.
        self._face_at = names.index("face") if "face" in names else None
        points = {**_LATER_POINTS, **network.contract.operating_points}
        try:
            self.limits = Limits(
                min_face_px=points["min_face_px"],
                min_dark=points["min_dark"],
                max_bright=points["max_bright"],
                min_sharpness=points["min_sharpness"],
                doubt=points["doubt"],
                yaw_deg=points["turned_yaw_deg"],
                pitch_deg=points["turned_pitch_deg"],
                roll_deg=points["turned_roll_deg"],
                sure_cover=points["turned_sure_cover"],
            )
            self._face_cut = points["face_cut"]
            self._scale = points["covered_scale"]
            # Zero is the operating point for one picture and for the judge that adds them up over time.
            self._bias = points["covered_bias"] - points["covered_cut"]
            self._turned_sigma_deg = points["turned_sigma_deg"]
        except KeyError as error:
            raise ModelFault("model_wrong", f"{MODEL}: no operating point {error} in its contract") from error
        self._priors = priors_of(points)
        if unknown := set(points) - _POINTS - set(_LATER_POINTS) - {f"prior_{label}" for label in LABELS}:
            raise ModelFault("model_wrong", f"{MODEL}: unknown operating point {', '.join(sorted(unknown))}")
        if np.abs(self._priors).max() > _LARGEST_PRIOR or self._scale <= 0 or self._turned_sigma_deg <= 0:
            raise ModelFault("model_wrong", f"{MODEL}: a prior, scale or sigma of its contract is senseless")

    @classmethod
    def open(cls, model_dir: Path, covers: Collection[str] = COVERS) -> Checker:
        """The checker of `model_dir`, of its `previous` folder after a bad update. Raises `ModelFault`."""
        newest = model_dir / MODEL
        paths = [p for p in (newest, model_dir / PREVIOUS / MODEL) if p.exists()] or [newest]
        network, refused = load_or_previous(paths, labels=LABELS)
        checker = cls(network, covers)
        checker.refused = refused
        return checker

    def check(
        self, picture: Grey, box: Box, score: float, landmarks: Landmarks, views: Sequence[View] = AS_IS
    ) -> Face | None:
        """The face at `box` in a grey picture (height, width), None where the cut shows no face at all.

        The network runs once for each view.
        """
        frame = frame_of(box, landmarks)
        cut = align(picture, frame)
        reading = self.read(picture, frame, cut, views)
        if reading is None:
            return None
        why = unclear_why(box, quality_of(cut), self.limits)
        return judge_face(box, score, landmarks, reading, why, self.limits)

    def half_hidden(self, picture: Grey, face: Face) -> Face:
        """A proper face of a still picture, covered by an object where that hides one half of it.

        The finder frames the half that is left, so the whole is looked for to either side. Of 243 whole bare
        faces of groups never trained on none was taken for half hidden so, of 23 half hidden ones that had
        passed as proper 18.
        """
        if face.verdict is not FaceVerdict.PROPER:
            return face
        frame = frame_of(face.box, face.landmarks)
        right = math.cos(frame.roll_rad), math.sin(frame.roll_rad)
        for aside in (-_ASIDE * frame.size, _ASIDE * frame.size):
            x, y = frame.x + aside * right[0], frame.y + aside * right[1]
            whole = replace(frame, x=x, y=y, size=frame.size * _WIDER)
            reading = self.read(picture, whole, align(picture, whole), BOTH)
            if reading is None or reading.cover is not Cover.OTHER or reading.covered_logit <= _HALF_SURE:
                continue
            verdict, logit = FaceVerdict.COVERED, reading.covered_logit
            return replace(face, verdict=verdict, cover=Cover.OTHER, covered_logit=logit)
        return face

    def read(self, picture: Grey, frame: Frame, cut: Grey, views: Sequence[View] = AS_IS) -> Reading | None:
        """What the network says of a frame, `cut` being its aligned cut; None as in `check`."""
        seen = self._mean(picture, frame, cut, views)
        if seen.face < self._face_cut:
            return None
        covered = log_odds(seen.logits[None] + self._priors, self._covers)[0]
        # Priors say whether, not what: anyone who wears a helmet must not be told to take off a mask.
        likeliest = LABELS[int(np.argmax(np.where(self._covers, seen.logits, -np.inf)))]
        roll_deg = math.degrees(frame.roll_rad)
        return Reading(
            self._scale * float(covered) + self._bias,
            _COVER[likeliest],
            seen.yaw_deg,
            seen.pitch_deg,
            turned_logit(seen.yaw_deg, seen.pitch_deg, roll_deg, self.limits, self._turned_sigma_deg),
        )

    def _mean(self, picture: Grey, frame: Frame, cut: Grey, views: Sequence[View]) -> _Seen:
        """What the network says, averaged over `views`."""
        logits = np.zeros(len(LABELS))
        yaw = pitch = face = 0.0
        for view in views:
            seen = cut if view.zoom == 1.0 else align(picture, replace(frame, size=frame.size * view.zoom))
            if view.mirrored:
                seen = np.ascontiguousarray(seen[:, ::-1])
            outputs = self._network.run_real(normalise(seen).reshape(1, SIZE_PX, SIZE_PX, 1))
            cover, pose = outputs[:2]
            logits += cover[0]
            yaw += float(-pose[0, 0] if view.mirrored else pose[0, 0])
            pitch += float(pose[0, 1])
            face += 0.0 if self._face_at is None else float(outputs[self._face_at][0, 0])
        n = len(views)
        return _Seen(logits / n, yaw / n * _POSE_UNIT_DEG, pitch / n * _POSE_UNIT_DEG, face / n)


@dataclass(frozen=True, slots=True)
class _Seen:
    """Class logits, angles, and the logit of any face, as the network gives them."""

    logits: NDArray[np.float64]
    yaw_deg: float
    pitch_deg: float
    face: float


def priors_of(points: Mapping[str, float]) -> NDArray[np.float64]:
    """What is added to each class's logit (classes,), from a contract's operating points `prior_CLASS`.

    Training shows kinds of cover more or less evenly, cabins do not (Saerens et al., Adjusting the outputs
    of a classifier to new a priori probabilities, 2002). A class that the contract does not name gets 0.
    """
    return np.array([points.get(f"prior_{label}", 0.0) for label in LABELS])


def log_odds(
    cover: NDArray[np.float32] | NDArray[np.float64], covers: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Log-odds (n,) of any of `covers` (classes,) against all other classes, from logits (n, classes)."""
    wide = cover.astype(np.float64)
    wide = wide - wide.max(axis=1, keepdims=True)
    odds = np.log(np.exp(wide[:, covers]).sum(axis=1)) - np.log(np.exp(wide[:, ~covers]).sum(axis=1))
    return np.asarray(odds, np.float64)


def turned_logit(
    yaw_deg: float, pitch_deg: float, roll_deg: float, limits: Limits, sigma_deg: float
) -> float:
    """Log-odds that yaw, pitch or roll is beyond its limit, for angles read with an error of `sigma_deg`.

    The normal distribution as a logistic one with 1.702 times its slope (Johnson, Kotz & Balakrishnan, 1995).
    """
    beyond = max(
        abs(yaw_deg) - limits.yaw_deg, abs(pitch_deg) - limits.pitch_deg, abs(roll_deg) - limits.roll_deg
    )
    return 1.702 * beyond / sigma_deg


def unclear_why(box: Box, quality: Quality, limits: Limits) -> Unclear:
    """Small, dark, bright, blurred, or none where the picture is good enough."""
    if box[2] < limits.min_face_px:
        return Unclear.SMALL
    if quality.dark < limits.min_dark:
        return Unclear.DARK
    if quality.bright > limits.max_bright:
        return Unclear.BRIGHT
    if quality.sharpness < limits.min_sharpness:
        return Unclear.BLURRED
    return Unclear.NONE


@dataclass(frozen=True, slots=True)
class Reading:
    """What the network says of a face; `cover` is the likeliest, should it be covered."""

    covered_logit: float
    cover: Cover
    yaw_deg: float
    pitch_deg: float
    turned_logit: float


def judge_face(
    box: Box, score: float, landmarks: Landmarks, reading: Reading, why: Unclear, limits: Limits
) -> Face:
    """The verdict from the numbers: too poor a picture first, then turned, covered, else proper.

    What a turned face seems to wear counts neither for a cover nor for a bare face: its log odds are 0.
    """
    covered_logit = reading.covered_logit
    doubtful = abs(covered_logit) < limits.doubt
    sure = covered_logit > max(limits.sure_cover, 0.0)
    if why is Unclear.SMALL or (why and doubtful):
        verdict = FaceVerdict.UNCLEAR
    elif reading.turned_logit > 0.0 and not sure:
        verdict, why, covered_logit = FaceVerdict.TURNED, Unclear.NONE, 0.0
    elif covered_logit > 0.0:
        verdict, why = FaceVerdict.COVERED, Unclear.NONE
    else:
        verdict, why = FaceVerdict.PROPER, Unclear.NONE
    return Face(
        box=box,
        score=score,
        landmarks=landmarks,
        verdict=verdict,
        cover=reading.cover if verdict is FaceVerdict.COVERED else Cover.NONE,
        covered_logit=covered_logit,
        turned_logit=reading.turned_logit,
        yaw_deg=reading.yaw_deg,
        pitch_deg=reading.pitch_deg,
        unclear_why=why,
    )

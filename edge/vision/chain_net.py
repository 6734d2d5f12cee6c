"""The small network with softmax on top of the chain: what it says of one face, to be shown and no more."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.terms.chain import ChainSettings
from edge.terms.observation import Box
from edge.vision.chain import Grey, stages_of
from edge.vision.face.align import Landmarks, align, frame_of
from edge.vision.network import load

MODEL: Final = "chain.tflite"
LABELS: Final = ("bare", "covered")
"""The network's classes, in order."""

LEARNT_WITH: Final = ChainSettings()
"""The chain before the network, whatever the settings show: it has learnt from Otsu's threshold."""


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """exp(x_i) / sum exp(x_j), shape as given; the largest is taken off first, so that nothing overflows."""
    risen = np.exp(logits - logits.max())
    return np.asarray(risen / risen.sum(), np.float32)


class ChainNet:
    """The network of `model_dir`. For one thread. Raises `ModelFault`."""

    def __init__(self, model_dir: Path) -> None:
        self._network = load(model_dir / MODEL, labels=LABELS)

    def covered(self, grey: Grey, box: Box, landmarks: Landmarks | None = None) -> float:
        """The softmax's chance, 0 to 1, that the face at `box` (pixels of `grey`, height x width) is covered.

        ValueError where `grey` is no picture.
        """
        cut = stages_of(align(grey, frame_of(box, landmarks)), LEARNT_WITH).sharpened
        picture = (cut.astype(np.int16) - 128).astype(np.int8).reshape(self._network.contract.input.shape)
        return float(softmax(self._network.run_real(picture)[0][0])[LABELS.index("covered")])

"""Pictures and arrays on the disk of the one who trains; nothing of PyTorch is imported here."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

_Number = TypeVar("_Number", bound=np.generic)


def read_picture(path: Path, how: int = cv2.IMREAD_COLOR) -> NDArray[np.uint8] | None:
    """The picture, None where there is none or its levels are not of 8 bits."""
    found: object = cv2.imread(str(path), how)
    return found if isinstance(found, np.ndarray) and found.dtype == np.uint8 else None


def must_read(path: Path, how: int = cv2.IMREAD_COLOR) -> NDArray[np.uint8]:
    """The picture. ValueError where there is none."""
    picture = read_picture(path, how)
    if picture is None:
        raise ValueError(f"{path} is no picture")
    return picture


def new_array(path: Path, kind: type[_Number], shape: tuple[int, ...]) -> NDArray[_Number]:
    """An array in a new `.npy` file, written as it is filled."""
    make: object = np.lib.format.open_memmap(path, "w+", kind, shape)  # type: ignore[no-untyped-call]
    return cast(NDArray[_Number], make)

"""Recordings as a camera: clips and folders of pictures, one after the other on one running clock.

A source faster than `fps_max` is thinned out by time; a slower one comes whole. Whatever cannot be
read is refused by name before the first frame, and a recording that breaks off half-way is reported
where it breaks.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Final

# FFmpeg's own complaints on stderr would drown the one sentence that names the file.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2
import numpy as np

from hw.camera.picture import Rotation, working
from hw.ports import ColourPicture, Frame, HardwareError

PICTURE_SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm"},
)
_EARLY_END_S: Final = 1.0
_EARLY_END_SHARE: Final = 0.9
_ROUNDING_S: Final = 0.002
_FPS_CREDIBLE: Final = (0.5, 240.0)
_FPS_UNKNOWN: Final = 25.0

_Playing = Generator[tuple[float, float, ColourPicture], None, None]
"""Time from the recording's start (s), how long the picture stands (s), and the picture."""


class ClipCamera:
    """Plays recordings; a `Camera` port.

    `paths` are video files, pictures and folders of pictures (`picture_fps` of them a second, by name).
    `loop_s` repeats them all until that much has been played. Frames carry `source_s`, which runs on
    over all of them, and `at_s = start_s + source_s`. With `now_s`, a monotonic clock, `read` waits until
    a frame is due, as a live camera does; without, it is as fast as the machine.

    Raises `HardwareError("clip_unreadable")` at once for a missing, empty or unreadable file, and from
    `read` for one that breaks off before its stated length.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        fps_max: float = 15.0,
        loop_s: float | None = None,
        *,
        rotation: Rotation = 0,
        picture_fps: float = 10.0,
        start_s: float = 0.0,
        now_s: Callable[[], float] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not paths:
            raise HardwareError("clip_unreadable", "no recording was named")
        if fps_max <= 0 or picture_fps <= 0:
            raise ValueError("frames a second must be more than 0")
        self._paths = tuple(paths)
        self._loop_s = loop_s
        self._gap_s = 1.0 / fps_max
        self._rotation = rotation
        self._picture_fps = picture_fps
        self._start_s = start_s if now_s is None else now_s()
        self._now_s = now_s
        self._sleep = sleep
        self._number = 0
        self._next_due_s = 0.0
        for path in self._paths:
            with_frame = _play(path, picture_fps)
            next(with_frame)
            with_frame.close()
        self._pictures = self._all()

    def read(self) -> Frame | None:
        """The next frame, None at the end. Raises `HardwareError("clip_unreadable")`."""
        for source_s, colour in self._pictures:
            if self._loop_s is not None and source_s >= self._loop_s - 1e-6:
                return None
            # Grace for containers that round to whole milliseconds: 15 a second must stay 15.
            if source_s < self._next_due_s - _ROUNDING_S:
                continue
            self._next_due_s = max(self._next_due_s + self._gap_s, source_s)
            grey, evidence = working(colour, self._rotation)
            number = self._number
            self._number += 1
            at_s = self._start_s + source_s
            if self._now_s is not None and (early_s := at_s - self._now_s()) > 0:
                self._sleep(early_s)
            return Frame(number, at_s, grey, evidence, source_s)
        return None

    def close(self) -> None:
        self._pictures.close()

    def _all(self) -> Generator[tuple[float, ColourPicture], None, None]:
        begun_s = 0.0
        while True:
            for path in self._paths:
                end_s = 0.0
                for at_s, length_s, colour in _play(path, self._picture_fps):
                    end_s = at_s + length_s
                    yield begun_s + at_s, colour
                begun_s += end_s
            if self._loop_s is None or begun_s >= self._loop_s:
                return


def _unreadable(path: Path, why: str) -> HardwareError:
    return HardwareError("clip_unreadable", f"{path}: {why}")


def _play(path: Path, picture_fps: float) -> _Playing:
    """The pictures of one path; `HardwareError("clip_unreadable")` where they cannot be had."""
    if not path.exists():
        raise _unreadable(path, "no such file or folder")
    if path.is_dir():
        files = sorted(f for f in path.iterdir() if f.suffix.lower() in PICTURE_SUFFIXES)
        if not files:
            raise _unreadable(path, "a folder without pictures")
        yield from _play_pictures(files, picture_fps)
    elif path.stat().st_size == 0:
        raise _unreadable(path, "an empty file")
    elif path.suffix.lower() in PICTURE_SUFFIXES:
        yield from _play_pictures([path], picture_fps)
    else:
        yield from _play_video(path)


def _play_pictures(files: Sequence[Path], fps: float) -> _Playing:
    for index, file in enumerate(files):
        try:
            content = np.frombuffer(file.read_bytes(), dtype=np.uint8)
        except OSError as error:
            raise _unreadable(file, (error.strerror or "not readable").lower()) from error
        picture = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
        if picture is None:
            raise _unreadable(file, "not a picture" if content.size else "an empty file")
        yield index / fps, 1.0 / fps, np.asarray(picture, dtype=np.uint8)


def _play_video(path: Path) -> _Playing:
    # The absolute path keeps FFmpeg from reading a name such as `concat:x` as an address.
    capture = cv2.VideoCapture(str(path.resolve()), cv2.CAP_FFMPEG)
    try:
        if not capture.isOpened():
            raise _unreadable(path, "not a recording that can be decoded, or cut off before its index")
        fps = capture.get(cv2.CAP_PROP_FPS)
        stated_s = capture.get(cv2.CAP_PROP_FRAME_COUNT) / fps if fps > 0 else 0.0
        if not _FPS_CREDIBLE[0] <= fps <= _FPS_CREDIBLE[1]:
            fps = _FPS_UNKNOWN
        length_s = 1.0 / fps
        at_s = -length_s
        frames = 0
        while True:
            got, picture = capture.read()
            if not got or picture is None:
                break
            stamp_s = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0
            # Stamps that are missing, stand still or run backwards are replaced by the frame rate.
            at_s = stamp_s if stamp_s > at_s and frames else at_s + length_s
            frames += 1
            yield at_s, length_s, np.asarray(picture, dtype=np.uint8)
        if frames == 0:
            raise _unreadable(path, "no picture in it can be decoded")
        missing_s = stated_s - (at_s + length_s)
        if missing_s > _EARLY_END_S and at_s + length_s < _EARLY_END_SHARE * stated_s:
            raise _unreadable(path, f"breaks off at {at_s + length_s:.1f} s of {stated_s:.1f} s")
    finally:
        capture.release()

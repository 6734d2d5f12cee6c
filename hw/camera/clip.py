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

from hw.camera.picture import Rotation, checked_rotation, decoded, upright, working
from hw.camera.port import FOREIGN_SUFFIXES, ColourPicture, Frame
from hw.ports import HardwareError

PICTURE_SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm"},
)
_EARLY_END_S: Final = 1.0
_EARLY_END_SHARE: Final = 0.9
_ROUNDING_S: Final = 0.002
_FPS_CREDIBLE: Final = (0.5, 240.0)
_FPS_UNKNOWN: Final = 25.0
_SPLICE_S: Final = 60.0
"""Stamps that jump by more are two recordings in one file: what lies between was never recorded."""
_STANDS_S: Final = 0.5
"""A picture that stands longer comes again, so that a film of stills, or one that stores changes alone, is
not taken for a camera that gives none."""
_MJPG: Final = cv2.VideoWriter.fourcc(*"MJPG")

_Playing = Generator[tuple[float, float, ColourPicture], None, None]
"""Time from the recording's start (s), how long the picture stands (s), and the picture."""


class ClipCamera:
    """Plays recordings; a `Camera` port.

    `paths` are video files, pictures and folders of pictures (`picture_fps` of them a second, by name).
    `loop_s` repeats them all until that much has been played. Frames carry `source_s`, which runs on
    over all of them, and the same as `at_s`. With `now_s`, a monotonic clock, `at_s` counts from its time at
    the start and `read` waits until a frame is due, as a live camera does; without, it is as fast as the
    machine. Pictures and films are turned upright where their file says how they were taken.

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
        self._start_s = 0.0 if now_s is None else now_s()
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
        begun_s = last_s = 0.0
        while True:
            for path in self._paths:
                end_s = 0.0
                last: ColourPicture | None = None
                for at_s, length_s, colour in _play(path, self._picture_fps):
                    while last is not None and at_s - last_s > _STANDS_S + _ROUNDING_S:
                        last_s += _STANDS_S
                        yield begun_s + last_s, last
                    end_s = at_s + length_s
                    last, last_s = colour, at_s
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
        files = sorted(f for f in path.iterdir() if f.suffix.lower() in PICTURE_SUFFIXES | FOREIGN_SUFFIXES)
        if not files:
            raise _unreadable(path, "a folder without pictures")
        yield from _play_pictures(files, picture_fps)
    elif path.stat().st_size == 0:
        raise _unreadable(path, "an empty file")
    elif path.suffix.lower() in PICTURE_SUFFIXES | FOREIGN_SUFFIXES - {".gif"}:
        yield from _play_pictures([path], picture_fps)
    else:
        yield from _play_video(path)


def _play_pictures(files: Sequence[Path], fps: float) -> _Playing:
    for index, file in enumerate(files):
        try:
            content = file.read_bytes()
        except OSError as error:
            raise _unreadable(file, (error.strerror or "not readable").lower()) from error
        try:
            picture = decoded(content)
        except ValueError as error:
            raise _unreadable(file, str(error)) from error
        yield index / fps, 1.0 / fps, picture


def _play_video(path: Path) -> _Playing:
    # The absolute path keeps FFmpeg from reading a name such as `concat:x` as an address.
    capture = cv2.VideoCapture(str(path.resolve()), cv2.CAP_FFMPEG)
    try:
        if not capture.isOpened():
            raise _unreadable(path, "not a recording that can be decoded, or cut off before its index")
        # Every phone held upright stores its films sideways, with a flag; off unless asked for.
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1.0)
        fps = capture.get(cv2.CAP_PROP_FPS)
        stated_s = capture.get(cv2.CAP_PROP_FRAME_COUNT) / fps if fps > 0 else 0.0
        if not _FPS_CREDIBLE[0] <= fps <= _FPS_CREDIBLE[1]:
            fps = _FPS_UNKNOWN
        length_s = 1.0 / fps
        at_s, first_stamp_s, left_out_s, longest_s = 0.0, 0.0, 0.0, length_s
        frames = 0
        for stamp_s, pts, picture in _frames(path, capture):
            if frames == 0:
                first_stamp_s = stamp_s
                # A piece cut out of a longer recording: what it states as its length runs from zero.
                stated_s -= max(0.0, pts / fps - stamp_s)
            else:
                # Stamps that are missing, stand still or run backwards are replaced by the frame rate.
                gap_s = stamp_s - first_stamp_s - left_out_s - at_s
                if gap_s > _SPLICE_S:
                    left_out_s += gap_s - length_s
                elif gap_s > 0.0:
                    longest_s = max(longest_s, gap_s)
                at_s += gap_s if 0.0 < gap_s <= _SPLICE_S else length_s
            frames += 1
            yield at_s, length_s, picture
        if frames == 0:
            raise _unreadable(path, "no picture in it can be decoded")
        stated_s -= left_out_s
        missing_s = stated_s - (at_s + length_s)
        if longest_s > _STANDS_S and 0.0 < missing_s <= longest_s:
            yield stated_s - length_s, length_s, picture  # in a film of stills the last one stands, too
        elif missing_s > _EARLY_END_S and at_s + length_s < _EARLY_END_SHARE * stated_s:
            raise _unreadable(path, f"breaks off at {at_s + length_s:.1f} s of {stated_s:.1f} s")
    finally:
        capture.release()


def _frames(
    path: Path, capture: cv2.VideoCapture
) -> Generator[tuple[float, float, ColourPicture], None, None]:
    """Stamp (s), stamp in frames from the container's zero, and picture of every frame, upright.

    OpenCV scales every picture into the size and pixel format of the first and gives the last good one again
    and again where that fails. A recording of single JPEGs is therefore unpacked picture by picture, and of
    any other, one that repeats itself exactly is looked at again.
    """
    if int(capture.get(cv2.CAP_PROP_FOURCC)) == _MJPG and (yield from _jpegs(path, capture)):
        return
    last: ColourPicture | None = None
    number, doubted_at = 0, 1
    while True:
        got, picture = capture.read()
        if not got or picture is None:
            return
        stamp_s = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0
        shown = np.asarray(picture, dtype=np.uint8)
        if last is not None and number >= doubted_at and np.array_equal(shown, last):
            # Rarely, for it decodes everything up to here once more: each time twice as far on.
            doubted_at = 2 * number
            if not _stands_still(path, number, shown):
                raise _unreadable(path, f"its pictures change in size or kind at {max(stamp_s, 0.0):.1f} s")
        last = shown
        number += 1
        yield stamp_s, _pts(capture), shown


def _stands_still(path: Path, number: int, shown: ColourPicture) -> bool:
    """Whether frame `number` is this picture also for a decoder that has seen no other size before."""
    capture = cv2.VideoCapture(str(path.resolve()), cv2.CAP_FFMPEG)
    try:
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1.0)
        for _ in range(number + 1):
            if not capture.grab():
                return True
        got, fresh = capture.retrieve()
        return not got or np.array_equal(fresh, shown)
    finally:
        capture.release()


def _jpegs(path: Path, capture: cv2.VideoCapture) -> Generator[tuple[float, float, ColourPicture], None, int]:
    """As `_frames`; returns how many there were."""
    rotation = checked_rotation(int(capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 360)
    packed = cv2.VideoCapture(str(path.resolve()), cv2.CAP_FFMPEG, [cv2.CAP_PROP_FORMAT, -1])
    number = 0
    try:
        while True:
            got, packet = packed.read()
            if not got:
                return number
            # Its stub leaves None out, for what is no picture.
            picture: object = cv2.imdecode(np.asarray(packet, np.uint8).reshape(-1), cv2.IMREAD_COLOR)
            if isinstance(picture, np.ndarray):  # else a damaged one: the next may be whole
                number += 1
                shown = upright(np.asarray(picture, np.uint8), rotation)
                yield packed.get(cv2.CAP_PROP_POS_MSEC) / 1000.0, _pts(packed), shown
            elif not number:
                return 0
    finally:
        packed.release()


def _pts(capture: cv2.VideoCapture) -> float:
    return max(0.0, capture.get(cv2.CAP_PROP_PTS))

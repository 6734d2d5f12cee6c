"""Recordings as a camera: order, time, thinning out, repeating, and every way a file can be broken."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hw.camera.clip import ClipCamera
from hw.camera.picture import checked_rotation, decoded, fitted, upright, working, y_plane
from hw.camera.port import Frame
from hw.ports import HardwareError

Picture = NDArray[np.uint8]


def painted(number: int, width: int = 160, height: int = 120) -> Picture:
    """A picture whose brightness tells its number, with some texture."""
    picture = np.full((height, width, 3), 20 + 4 * (number % 50), np.uint8)
    picture[::8] = np.minimum(picture[::8].astype(int) + 20, 255).astype(np.uint8)
    return picture


@pytest.fixture
def clip(tmp_path: Path) -> Callable[..., Path]:
    def make(name: str = "a.mp4", frames: int = 30, fps: float = 15.0, codec: str = "mp4v") -> Path:
        path = tmp_path / name
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, (160, 120))
        for i in range(frames):
            writer.write(painted(i))
        writer.release()
        return path

    return make


def frames_of(camera: ClipCamera) -> list[Frame]:
    frames: list[Frame] = []
    while (frame := camera.read()) is not None:
        frames.append(frame)
    camera.close()
    return frames


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fps", "frames", "expected"),
    [(10.0, 20, 20), (15.0, 30, 30), (25.0, 50, 30), (30.0, 60, 30), (60.0, 120, 30)],
)
def test_two_seconds_of_any_rate_come_at_fifteen_a_second_at_most(
    clip: Callable[..., Path], fps: float, frames: int, expected: int
) -> None:
    seen = frames_of(ClipCamera([clip(fps=fps, frames=frames)]))
    assert abs(len(seen) - expected) <= 1
    times = [f.source_s for f in seen if f.source_s is not None]
    assert len(times) == len(seen)
    assert times == sorted(set(times))
    assert [f.number for f in seen] == list(range(len(seen)))


def test_frames_are_deterministic_and_grey_and_colour_agree(clip: Callable[..., Path]) -> None:
    path = clip()
    one, two = frames_of(ClipCamera([path])), frames_of(ClipCamera([path]))
    assert [f.source_s for f in one] == [f.source_s for f in two]
    for a, b in zip(one, two, strict=True):
        assert np.array_equal(a.grey, b.grey)
        assert a.grey.dtype == np.uint8
        assert a.grey.shape == (120, 160)
        assert a.colour is not None
        assert a.colour.shape == (120, 160, 3)


def test_several_clips_run_on_one_clock(clip: Callable[..., Path]) -> None:
    seen = frames_of(ClipCamera([clip("a.mp4"), clip("b.mp4", fps=10.0)]))
    assert len(seen) == 30 + 30
    assert seen[30].source_s == pytest.approx(2.0, abs=0.01)
    assert seen[-1].source_s == pytest.approx(2.0 + 2.9, abs=0.01)
    assert all(f.at_s == f.source_s for f in seen)


def test_a_loop_repeats_to_its_length_and_stops_in_the_middle(clip: Callable[..., Path]) -> None:
    seen = frames_of(ClipCamera([clip("a.mp4"), clip("b.mp4")], loop_s=9.0))
    assert len(seen) == 135
    assert seen[-1].source_s == pytest.approx(9.0 - 1 / 15, abs=0.01)
    assert len(frames_of(ClipCamera([clip("c.mp4")], loop_s=1.0))) == 15


def test_a_folder_of_pictures_plays_by_name(tmp_path: Path) -> None:
    for i in (2, 0, 1):
        cv2.imwrite(str(tmp_path / f"{i}.png"), painted(i * 10))
    (tmp_path / "notes.txt").write_text("no picture")
    seen = frames_of(ClipCamera([tmp_path], picture_fps=5.0))
    assert [f.source_s for f in seen] == [0.0, 0.2, 0.4]
    means = [float(f.grey.mean()) for f in seen]
    assert means == sorted(means)


def test_one_picture_can_be_held(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), painted(3))
    assert len(frames_of(ClipCamera([tmp_path / "a.png"], loop_s=2.0))) == 20


@pytest.mark.slow
def test_large_pictures_become_small_and_keep_their_shape(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "wide.png"), np.full((1080, 1920, 3), 90, np.uint8))
    cv2.imwrite(str(tmp_path / "xtall.png"), np.full((1920, 1080, 3), 90, np.uint8))
    wide, tall = frames_of(ClipCamera([tmp_path]))
    assert wide.grey.shape == (360, 640)
    assert tall.grey.shape == (640, 360)
    assert wide.colour is not None
    assert max(wide.colour.shape) == 1280


def broken_files(folder: Path, whole: Path) -> dict[str, Path]:
    def written(name: str, content: bytes) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    content = whole.read_bytes()
    (folder / "empty").mkdir()
    return {
        "missing": folder / "no such clip.mp4",
        "empty": written("empty.mp4", b""),
        "text": written("text.mp4", b"this is no film\n" * 100),
        "noise": written("noise.avi", bytes(np.random.default_rng(1).integers(0, 256, 9000, dtype=np.uint8))),
        "no index": written("cut.mp4", content[: len(content) // 2]),
        "empty folder": folder / "empty",
        "empty picture": written("zero.png", b""),
        "cut picture": written("cut.png", cv2.imencode(".png", painted(1))[1].tobytes()[:60]),
    }


@pytest.mark.parametrize(
    "kind",
    ["missing", "empty", "text", "noise", "no index", "empty folder", "empty picture", "cut picture"],
)
def test_what_cannot_be_read_is_refused_before_anything_plays(
    clip: Callable[..., Path], tmp_path: Path, kind: str
) -> None:
    whole = clip()
    path = broken_files(tmp_path, whole)[kind]
    with pytest.raises(HardwareError) as caught:
        ClipCamera([whole, path])
    assert caught.value.code == "clip_unreadable"
    assert path.name in caught.value.detail


def test_a_clip_cut_off_in_the_middle_is_named_where_it_breaks(clip: Callable[..., Path]) -> None:
    path = clip("long.avi", frames=150, codec="MJPG")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    camera = ClipCamera([path])
    with pytest.raises(HardwareError) as caught:
        frames_of(camera)
    assert caught.value.code == "clip_unreadable"
    assert "breaks off at 4" in caught.value.detail or "breaks off at 5" in caught.value.detail


def test_a_broken_picture_in_a_folder_is_named(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), painted(1))
    (tmp_path / "b.png").write_bytes(b"")
    camera = ClipCamera([tmp_path])
    assert camera.read() is not None
    with pytest.raises(HardwareError, match=r"b\.png"):
        camera.read()


def test_nothing_named_is_refused() -> None:
    with pytest.raises(HardwareError):
        ClipCamera([])


def test_on_a_live_clock_frames_come_when_they_are_due(clip: Callable[..., Path]) -> None:
    now_s = 500.0
    slept: list[float] = []

    def sleep(for_s: float) -> None:
        nonlocal now_s
        slept.append(for_s)
        now_s += for_s

    camera = ClipCamera([clip()], now_s=lambda: now_s, sleep=sleep)
    for _ in range(30):
        frame = camera.read()
        assert frame is not None
        assert frame.at_s <= now_s + 1e-6
    assert sum(slept) == pytest.approx(29 / 15, abs=0.02)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_rotation_is_clockwise(degrees: int) -> None:
    picture = np.zeros((40, 60), np.uint8)
    picture[0, 0] = 255
    turned = upright(picture, checked_rotation(degrees))
    corner = {0: (0, 0), 90: (0, -1), 180: (-1, -1), 270: (-1, 0)}[degrees]
    assert turned[corner] == 255


def test_other_rotations_are_refused() -> None:
    with pytest.raises(ValueError, match="45"):
        checked_rotation(45)


def test_the_y_plane_is_taken_without_its_padding() -> None:
    width, height, stride = 100, 60, 128
    rows = np.random.default_rng(2).integers(0, 256, (height, stride), dtype=np.uint8)
    buffer = np.concatenate([rows.reshape(-1), np.zeros(stride * height // 2, np.uint8)])
    assert np.array_equal(y_plane(buffer, width, height, stride), rows[:, :width])
    assert np.array_equal(y_plane(buffer.reshape(-1, stride), width, height, stride), rows[:, :width])
    with pytest.raises(ValueError, match="too few"):
        y_plane(buffer[:1000], width, height, stride)


def test_small_pictures_are_never_blown_up() -> None:
    picture = np.zeros((32, 32, 3), np.uint8)
    grey, colour = working(picture)
    assert grey.shape == (32, 32)
    assert colour.shape == (32, 32, 3)
    assert fitted(picture, 10, 20).shape == (10, 10, 3)


# --- recordings as people's devices make them --------------------------------------------------------------


def turned_on_its_side(path: Path, degrees: int) -> None:
    """Writes a rotation into an MP4's track header, as a telephone does that is held upright."""
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 4
    matrix_at = at + (40 if content[at] == 0 else 52)
    one = 0x10000
    a, b, c, d = {90: (0, one, -one, 0), 180: (-one, 0, 0, -one), 270: (0, -one, one, 0)}[degrees]
    content[matrix_at : matrix_at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 0x40000000)
    path.write_bytes(content)


def cornered(width: int = 160, height: int = 120) -> Picture:
    """Bright in the upper left alone."""
    picture = np.full((height, width, 3), 40, np.uint8)
    picture[: height // 3, : width // 3] = 220
    return picture


def bright_corner(grey: Picture) -> tuple[bool, bool]:
    """Whether it is the lower one, the right one."""
    h, w = grey.shape
    down, across = h // 3, w // 3
    means = [
        [float(grey[y : y + down, x : x + across].mean()) for x in (0, w - across)] for y in (0, h - down)
    ]
    lower = max(means[1]) > max(means[0])
    return lower, means[lower][1] > means[lower][0]


def written(path: Path, pictures: list[Picture], codec: str = "mp4v", fps: float = 15.0) -> Path:
    height, width = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), fps, (width, height))
    assert writer.isOpened()
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return path


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["mp4v", "mjpg"])
@pytest.mark.parametrize(
    ("degrees", "lower", "right"), [(90, False, True), (180, True, True), (270, True, False)]
)
def test_a_film_stored_on_its_side_is_seen_upright(
    tmp_path: Path, degrees: int, lower: bool, right: bool, codec: str
) -> None:
    path = written(tmp_path / "a.mp4", [cornered()] * 10, codec)
    assert bright_corner(frames_of(ClipCamera([path]))[0].grey) == (False, False)
    turned_on_its_side(path, degrees)
    seen = frames_of(ClipCamera([path]))
    assert len(seen) == 10
    for frame in seen:
        assert frame.grey.shape == ((120, 160) if degrees == 180 else (160, 120))
        assert bright_corner(frame.grey) == (lower, right)


def riff(packets: list[bytes], width: int, height: int, fps: int) -> bytes:
    """An AVI of single JPEGs, whatever their sizes: cameras go on in the same file when they switch."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    count = len(packets)
    main = struct.pack("<14I", 10**6 // fps, 0, 0, 0x10, count, 0, 1, 0, width, height, 0, 0, 0, 0)
    stream = b"vidsMJPG" + struct.pack(
        "<10I4H", 0, 0, 0, 1, fps, 0, count, 0, 0xFFFFFFFF, 0, 0, 0, width, height
    )
    form = struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, b"MJPG", width * height * 3, 0, 0, 0, 0)
    track = chunk(b"LIST", b"strl" + chunk(b"strh", stream) + chunk(b"strf", form))
    header = chunk(b"LIST", b"hdrl" + chunk(b"avih", main) + track)
    body, index, at = b"movi", b"", 4
    for packet in packets:
        index += b"00dc" + struct.pack("<III", 0x10, at, len(packet))
        part = chunk(b"00dc", packet)
        body, at = body + part, at + len(part)
    return chunk(b"RIFF", b"AVI " + header + chunk(b"LIST", body) + chunk(b"idx1", index))


def jpeg(picture: Picture, sampling: int = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420) -> bytes:
    wanted = [cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    return cv2.imencode(".jpg", picture, wanted)[1].tobytes()


@pytest.mark.parametrize("after", [(320, 240), (80, 60), (120, 160), (640, 360)])
def test_a_camera_that_switches_its_size_is_seen_in_the_new_one(
    tmp_path: Path, after: tuple[int, int]
) -> None:
    packets = [jpeg(painted(i)) for i in range(20)] + [jpeg(painted(i, *after)) for i in range(20, 40)]
    (tmp_path / "a.avi").write_bytes(riff(packets, 160, 120, 15))
    seen = frames_of(ClipCamera([tmp_path / "a.avi"]))
    assert [frame.grey.shape for frame in seen] == [(120, 160)] * 20 + [after[::-1]] * 20
    means = [float(frame.grey.mean()) for frame in seen]
    assert means == sorted(means)


def test_a_camera_that_switches_its_kind_of_colours_is_still_seen(tmp_path: Path) -> None:
    first = jpeg(painted(0), cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422)
    (tmp_path / "a.avi").write_bytes(riff([first, *(jpeg(painted(i)) for i in range(1, 20))], 160, 120, 15))
    seen = frames_of(ClipCamera([tmp_path / "a.avi"]))
    for number, frame in enumerate(seen):
        assert float(frame.grey.mean()) == pytest.approx(float(painted(number).mean()), abs=2.0)
    assert len(seen) == 20


def test_any_other_film_that_switches_its_size_is_refused_where_it_does(tmp_path: Path) -> None:
    one = written(tmp_path / "1.ts", [painted(i) for i in range(30)])
    two = written(tmp_path / "2.ts", [painted(i, 320, 240) for i in range(30, 60)])
    both = tmp_path / "both.ts"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    with pytest.raises(HardwareError, match=r"both\.ts: its pictures change in size or kind at [0-2]\.\d s"):
        frames_of(ClipCamera([both]))


def test_a_film_in_which_nothing_moves_is_a_film(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mp4", [painted(3)] * 60)
    assert len(frames_of(ClipCamera([path]))) == 60


def matroska(packets: list[tuple[int, bytes]], length_ms: float) -> bytes:
    """JPEGs in a Matroska file, each with its own stamp in milliseconds; stamps need not begin at zero."""

    def element(name: int, body: bytes) -> bytes:
        head = name.to_bytes((name.bit_length() + 7) // 8)
        return head + (0x0100000000000000 | len(body)).to_bytes(8) + body

    def number(name: int, value: int) -> bytes:
        return element(name, value.to_bytes(8))

    head = element(0x1A45DFA3, element(0x4282, b"matroska") + number(0x4287, 2) + number(0x4285, 2))
    info = element(0x1549A966, number(0x2AD7B1, 1_000_000) + element(0x4489, struct.pack(">d", length_ms)))
    video = element(0xE0, number(0xB0, 160) + number(0xBA, 120))
    entry = number(0xD7, 1) + number(0x73C5, 1) + number(0x83, 1) + element(0x86, b"V_MJPEG") + video
    tracks = element(0x1654AE6B, element(0xAE, entry + number(0x23E383, 1_000_000_000 // 15)))
    clusters = b"".join(
        element(0x1F43B675, number(0xE7, at_ms) + element(0xA3, b"\x81\0\0\x80" + packet))
        for at_ms, packet in packets
    )
    return head + element(0x18538067, info + tracks + clusters)


def stamped(count: int, begin_s: float = 0.0, fps: float = 15.0) -> list[tuple[int, bytes]]:
    return [(round(1000 * (begin_s + i / fps)), jpeg(painted(i))) for i in range(count)]


@pytest.mark.parametrize("begin_s", [0.0, 7.0, 3600.0, 80_000.0])
def test_a_piece_cut_out_of_a_days_recording_is_whole(tmp_path: Path, begin_s: float) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(matroska(stamped(60, begin_s), 1000 * (begin_s + 4.0)))
    seen = frames_of(ClipCamera([path]))
    assert len(seen) == 60
    assert seen[0].source_s == 0.0
    assert seen[-1].source_s == pytest.approx(59 / 15, abs=0.01)


def test_such_a_piece_that_breaks_off_is_still_named(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(matroska(stamped(60, 3600.0)[:30], 1000 * 3604.0))
    with pytest.raises(HardwareError, match=r"breaks off at 2\.0 s of 4\.0 s"):
        frames_of(ClipCamera([path]))


def test_stamps_of_two_recordings_in_one_file_leave_no_hole(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(matroska(stamped(30) + stamped(30, 3600.0), 1000 * 3602.0))
    seen = frames_of(ClipCamera([path]))
    assert len(seen) == 60
    assert seen[-1].source_s == pytest.approx(59 / 15, abs=0.01)


def test_stamps_that_run_back_are_replaced_by_the_rate(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(matroska(stamped(30) + stamped(30), 4000.0))
    times = [frame.source_s or 0.0 for frame in frames_of(ClipCamera([path]))]
    assert len(times) == 60
    assert times == sorted(set(times))


def test_a_rate_that_changes_is_followed_by_the_stamps(tmp_path: Path) -> None:
    slow = [(2000 + 200 * i, jpeg(painted(i))) for i in range(10)]
    path = tmp_path / "a.mkv"
    path.write_bytes(matroska(stamped(30) + slow, 4000.0))
    seen = frames_of(ClipCamera([path]))
    assert len(seen) == 40
    assert seen[-1].source_s == pytest.approx(3.8, abs=0.01)


def test_a_film_of_stills_shows_each_as_long_as_it_stands(tmp_path: Path) -> None:
    """Else a picture that stands for 5 s would be a camera that gives none."""
    path = tmp_path / "a.mkv"
    path.write_bytes(matroska([(5000 * i, jpeg(painted(10 * i))) for i in range(4)], 20_000.0))
    seen = frames_of(ClipCamera([path]))
    times = [frame.source_s or 0.0 for frame in seen]
    assert max(b - a for a, b in itertools.pairwise(times)) <= 0.51
    assert times[-1] == pytest.approx(20.0, abs=0.1)
    at_7_s = next(frame for frame in seen if (frame.source_s or 0.0) >= 7.0)
    assert float(at_7_s.grey.mean()) == pytest.approx(float(painted(10).mean()), abs=2.0)


# --- pictures as people's devices make them ----------------------------------------------------------------


def webp(picture: Picture, orientation: int, order: str = "<", prefix: bytes = b"") -> bytes:
    """A WebP with EXIF's orientation, as telephones and picture programs write it."""
    plain = cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, 95])[1].tobytes()
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entries = struct.pack(order + "HHIHH", 0x0103, 3, 1, 6, 0) + struct.pack(
        order + "HHIHH", 0x0112, 3, 1, orientation, 0
    )
    tiff = prefix + mark + struct.pack(order + "IH", 8, 2) + entries + struct.pack(order + "I", 0)
    size = struct.pack("<I", picture.shape[1] - 1)[:3] + struct.pack("<I", picture.shape[0] - 1)[:3]
    exif = b"EXIF" + struct.pack("<I", len(tiff)) + tiff + b"\0" * (len(tiff) % 2)
    body = b"WEBPVP8X" + struct.pack("<II", 10, 0x08) + size + plain[12:] + exif
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"])
@pytest.mark.parametrize(
    ("orientation", "lower", "right"),
    [
        (1, False, False), (2, False, True), (3, True, True), (4, True, False),
        (5, False, False), (6, False, True), (7, True, True), (8, True, False),
    ],
)  # fmt: skip
def test_a_webp_picture_is_turned_upright_as_a_jpeg_is(
    orientation: int, lower: bool, right: bool, order: str, prefix: bytes
) -> None:
    seen = decoded(webp(cornered(), orientation, order, prefix))
    assert seen.shape[:2] == ((120, 160) if orientation < 5 else (160, 120))
    assert bright_corner(seen[:, :, 0]) == (lower, right)
    plain = cv2.imencode(".jpg", cornered())[1].tobytes()
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    tagged = plain[:2] + b"\xff\xe1" + struct.pack(">H", 8 + len(tiff)) + b"Exif\0\0" + tiff + plain[2:]
    assert bright_corner(decoded(tagged)[:, :, 0]) == (lower, right)


@pytest.mark.slow
@given(st.binary(max_size=60))
@settings(max_examples=200)
def test_a_damaged_exif_part_turns_nothing_and_stops_nothing(tail: bytes) -> None:
    plain = cv2.imencode(".webp", cornered())[1].tobytes()
    part = plain[8:] + b"EXIF" + struct.pack("<I", len(tail)) + b"II*\0" + tail
    assert decoded(b"RIFF" + struct.pack("<I", len(part)) + part).size == 160 * 120 * 3


FOREIGN = {
    "GIF": b"GIF89a" + b"\1\0\1\0\0\0\0;" * 4,
    "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40,
    "AVIF": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1" + b"\0" * 40,
    "JPEG XL": b"\xff\x0a" + b"\0" * 40,
}


@pytest.mark.parametrize("kind", list(FOREIGN))
def test_a_picture_of_a_kind_that_is_not_read_is_named(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ValueError, match=f"a {kind} picture"):
        decoded(FOREIGN[kind])
    name = {"JPEG XL": "b.jxl"}.get(kind, f"b.{kind.lower()}")
    cv2.imwrite(str(tmp_path / "a.png"), painted(1))
    (tmp_path / name).write_bytes(FOREIGN[kind])
    camera = ClipCamera([tmp_path])
    assert camera.read() is not None
    with pytest.raises(HardwareError, match=f"{name}: a {kind} picture"):
        camera.read()

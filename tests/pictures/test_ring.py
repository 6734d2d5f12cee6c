"""The ring of pictures: whole pictures or none, whichever end dies when."""

from __future__ import annotations

import os
import random
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.faults.fault import FaultError
from edge.pictures.ring import RingReader, RingWriter, ring_slots

REPO = Path(__file__).parents[2]


def picture(number: int, size: int = 9000) -> bytes:
    """Content that tells its own number and whether it is whole."""
    return struct.pack("<Q", number) + bytes([number % 251]) * (size - 16) + struct.pack("<Q", number)


def is_whole(jpeg: bytes) -> bool:
    number = struct.unpack("<Q", jpeg[:8])[0]
    return jpeg == picture(number, len(jpeg))


def ring(path: Path, slots: int = 8, fps: float = 10.0) -> RingWriter:
    return RingWriter(path, slots, ring_mb=slots * 0.0165, fps=fps)


def test_pictures_come_back_by_time_oldest_first(tmp_path: Path) -> None:
    writer, reader = ring(tmp_path / "r"), RingReader(tmp_path / "r")
    for n in range(1, 6):
        assert writer.put(float(n), picture(n))
    found = list(reader.between(1.0, 4.0))
    assert [(p.number, p.at_s) for p in found] == [(2, 2.0), (3, 3.0), (4, 4.0)]
    assert [p.jpeg for p in found] == [picture(2), picture(3), picture(4)]
    assert (tmp_path / "r").stat().st_mode & 0o777 == 0o600


def test_the_oldest_are_overwritten(tmp_path: Path) -> None:
    writer, reader = ring(tmp_path / "r", slots=4), RingReader(tmp_path / "r")
    for n in range(1, 11):
        writer.put(float(n), picture(n, 100 + n))
    assert [p.at_s for p in reader.between(0.0, 99.0)] == [7.0, 8.0, 9.0, 10.0]


def test_only_as_many_a_second_as_wanted_and_never_one_that_is_too_large(tmp_path: Path) -> None:
    writer = ring(tmp_path / "r", fps=5.0)
    taken = [n for n in range(30) if writer.put(n / 15, picture(n))]
    assert taken == list(range(0, 30, 3))
    assert not writer.wants(29 / 15)
    assert not writer.put(9.0, b"x" * (writer.picture_bytes + 1))
    assert writer.put(9.0, b"x" * writer.picture_bytes)
    assert writer.wants(0.0)  # a clock that began again


def test_a_restarted_writer_goes_on_and_another_shape_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "r"
    reader = RingReader(path)
    with pytest.raises(FaultError, match="evidence_ring_failed"):
        list(reader.between(0.0, 9.0))
    writer = ring(path)
    writer.put(1.0, picture(1))
    writer.close()
    again = ring(path)
    again.put(2.0, picture(2))
    assert [p.number for p in reader.between(0.0, 9.0)] == [1, 2]
    other = ring(path, slots=16)
    other.put(3.0, picture(3))
    assert [p.at_s for p in reader.between(0.0, 9.0)] == [3.0]
    reader.close()


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 70_000])
def test_a_file_that_is_no_ring_is_a_fault_to_read_and_replaced_to_write(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "r"
    path.write_bytes(content)
    with pytest.raises(FaultError, match="evidence_ring_failed"):
        list(RingReader(path).between(0.0, 9.0))
    ring(path).put(1.0, picture(1))
    assert len(list(RingReader(path).between(0.0, 9.0))) == 1


def test_a_torn_slot_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "r"
    writer = ring(path)
    for n in range(1, 5):
        writer.put(float(n), picture(n))
    content = bytearray(path.read_bytes())
    random.seed(7)
    for n in (2, 3):
        start = content.index(picture(n))
        content[start + random.randrange(9000)] ^= 0x40
    path.write_bytes(content)
    assert [p.number for p in RingReader(path).between(0.0, 9.0)] == [1, 4]
    # A length beyond the slot, as noise would have it.
    slot = content.index(picture(4)) - 24
    struct.pack_into("<QdII", content, slot, 4, 4.0, 1 << 31, 0)
    path.write_bytes(content)
    assert [p.number for p in RingReader(path).between(0.0, 9.0)] == [1]


def test_a_ring_that_cannot_be_made_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(FaultError, match="too little"):
        RingWriter(tmp_path / "r", 100, 0.1, 5.0)
    (tmp_path / "file").touch()
    with pytest.raises(FaultError, match="evidence_ring_failed"):
        ring(tmp_path / "file" / "r")


def test_the_default_ring_holds_the_time_before_and_room_to_copy() -> None:
    assert ring_slots(10.0, 5.0) == 101


_WRITE_FOR_EVER = """
import sys, time
sys.path[:0] = [sys.argv[1]]
from pathlib import Path
from edge.pictures.ring import RingWriter
from tests.pictures.test_ring import picture, ring
writer = ring(Path(sys.argv[2]), fps=1e9)
n = 0
while True:
    n += 1
    assert writer.put(time.monotonic(), picture(n))
    if n == 20:
        print("going", flush=True)
"""


@pytest.mark.slow
def test_the_pictures_of_a_killed_writer_are_whole(tmp_path: Path, full: bool) -> None:
    random.seed(11)
    shm = Path("/dev/shm")
    path = (
        shm if os.access(shm, os.W_OK) else tmp_path
    ) / f"cabinguard-test-{os.getpid()}-{time.monotonic_ns()}"
    reader = RingReader(path)
    torn = 0
    try:
        for _ in range(20 if full else 3):
            child = subprocess.Popen(
                [sys.executable, "-c", _WRITE_FOR_EVER, str(REPO), str(path)],
                stdout=subprocess.PIPE,
                text=True,
            )
            assert child.stdout is not None
            assert child.stdout.readline() == "going\n"
            # Reading while it writes: what is found is whole, and newer than what was found before.
            for _ in range(20):
                began = time.monotonic()
                found = list(reader.between(0.0, began))
                assert all(is_whole(p.jpeg) for p in found)
            time.sleep(random.uniform(0.0, 0.02))
            child.send_signal(signal.SIGKILL)
            child.wait(10)
            child.stdout.close()
            left = list(reader.between(0.0, time.monotonic()))
            assert all(is_whole(p.jpeg) for p in left)
            # Eight slots; the one that was being written may be torn, never another.
            assert 7 <= len(left) <= 8
            torn += len(left) == 7
            assert [p.number for p in left] == list(range(left[0].number, left[-1].number + 1))
    finally:
        path.unlink(missing_ok=True)

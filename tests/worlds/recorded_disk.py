"""A disk that writes down every write and every flush, and gives back what a power cut would have left of it.

A file of FUSE (the kernel's protocol, linux/fuse.h 7.31, spoken directly) under a loop device: a real ext4 on
it sends its writes and its flushes here. A disk may keep what was not flushed, lose it, write it in another
order or only a sector of it: that is what `cut` makes of the notes. As ALICE and CrashMonkey do it (Pillai et
al., OSDI 2014; Mohan et al., OSDI 2018). Root only.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import random
import shutil
import signal
import stat
import struct
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

SECTOR: Final = 512
_IN: Final = struct.Struct("<IIQQIIIHH")
_OUT: Final = struct.Struct("<IiQ")
_ATTR: Final = struct.Struct("<QQQQQQIIIIIIIIII")
_NOTE: Final = struct.Struct("<QI")
_FLUSHED: Final = 0xFFFFFFFF
_ROOT, _DISK = 1, 2
_PR_SET_PDEATHSIG: Final = 1
_LOOKUP, _FORGET, _GETATTR, _SETATTR, _OPEN, _READ, _WRITE = 1, 2, 3, 4, 14, 15, 16
_STATFS, _RELEASE, _FSYNC, _FLUSH, _INIT, _OPENDIR, _READDIR, _RELEASEDIR = 17, 18, 20, 25, 26, 27, 28, 29
_ACCESS, _INTERRUPT, _DESTROY, _BATCH_FORGET = 34, 36, 38, 42


@dataclass(frozen=True, slots=True)
class Note:
    """One write, or a flush where there is no data."""

    offset: int
    data: bytes

    @property
    def is_flush(self) -> bool:
        return not self.data


def may_record() -> bool:
    """Whether this machine lets us: root, FUSE, loop devices and ext4."""
    tools = all(shutil.which(tool) for tool in ("mkfs.ext4", "losetup", "mount", "umount"))
    return os.geteuid() == 0 and tools and Path("/dev/fuse").exists() and Path("/dev/loop-control").exists()


def make_disk(image: Path, size_mb: int) -> None:
    """An empty ext4."""
    with image.open("wb") as file:
        file.truncate(size_mb << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,nodiscard", str(image)], check=True)


@contextlib.contextmanager
def mounted(image: Path, at: Path) -> Iterator[None]:
    """A plain disk, mounted."""
    at.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop,nodiscard", str(image), str(at)], check=True)
    try:
        yield
    finally:
        _umount(at)


@contextlib.contextmanager
def recorded(image: Path, at: Path, notes: Path) -> Iterator[None]:
    """The disk mounted at `at`, with `notes` of all that reaches it. The image itself stays as it is."""
    folder = notes.with_suffix(".fuse")
    folder.mkdir(exist_ok=True)
    at.mkdir(exist_ok=True)
    server = os.fork()
    if server == 0:
        with contextlib.suppress(BaseException):
            _serve(image, folder, notes)
        os._exit(0)
    try:
        _wait_for(folder / "disk")
        loop = subprocess.run(
            ["losetup", "--show", "-f", str(folder / "disk")], check=True, capture_output=True, text=True
        ).stdout.strip()
        try:
            subprocess.run(["mount", "-o", "nodiscard", loop, str(at)], check=True)
        finally:  # it goes by itself with the mount, whatever ends us
            subprocess.run(["losetup", "-d", loop], check=True)
        try:
            yield
        finally:
            _umount(at)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)


def _umount(at: Path) -> None:
    for _ in range(50):
        if subprocess.run(["umount", str(at)], check=False, capture_output=True).returncode == 0:
            return
        time.sleep(0.1)
    subprocess.run(["umount", "-l", str(at)], check=True)


def _wait_for(path: Path) -> None:
    for _ in range(300):
        if path.exists():
            return
        time.sleep(0.05)
    raise RuntimeError("the recorded disk does not come")


def read_notes(path: Path) -> list[Note]:
    """Everything that reached the disk, in order."""
    found, raw, at = [], path.read_bytes(), 0
    while at + _NOTE.size <= len(raw):
        offset, size = _NOTE.unpack_from(raw, at)
        at += _NOTE.size
        if size == _FLUSHED:
            found.append(Note(0, b""))
            continue
        found.append(Note(offset, raw[at : at + size]))
        at += size
    return found


def cut(image: Path, to: Path, notes: list[Note], point: int, seed: int | None) -> int:
    """The disk when power went after `point` notes; how many of the unflushed writes were lost or torn.

    What came before the last flush is there. Of the rest: all of it without a `seed`, else by chance each
    write is there, lost, or there in part (whole sectors, as disks write them), in any order.
    """
    flushed = max((at + 1 for at in range(point) if notes[at].is_flush), default=0)
    rest = [note for note in notes[flushed:point] if note.data]
    lost = 0
    subprocess.run(["cp", "--sparse=always", str(image), str(to)], check=True)
    with to.open("r+b") as disk:
        for note in notes[:flushed]:
            disk.seek(note.offset)
            disk.write(note.data)
        if seed is not None:
            chance = random.Random(seed)
            chance.shuffle(rest)
        for note in rest:
            data = note.data
            if seed is not None:
                fate = chance.random()
                if fate < 0.45:
                    lost += 1
                    continue
                if fate < 0.6 and len(data) > SECTOR:
                    data = data[: SECTOR * chance.randrange(1, len(data) // SECTOR)]
                    lost += 1
            disk.seek(note.offset)
            disk.write(data)
    return lost


# --- the file system of one file ------------------------------------------------------------------


def _serve(image: Path, folder: Path, notes: Path) -> None:
    fuse = os.open("/dev/fuse", os.O_RDWR)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    options = f"fd={fuse},rootmode=40000,user_id=0,group_id=0,allow_other"
    if libc.mount(b"recorded", os.fsencode(folder), b"fuse", 0, options.encode()) != 0:
        raise OSError(ctypes.get_errno(), "mount")
    disk = bytearray(image.read_bytes())
    with notes.open("wb", buffering=1 << 20) as log:
        while True:
            try:
                request = os.read(fuse, (1 << 20) + 4096)
            except OSError as error:
                if error.errno == errno.EINTR:
                    continue
                return
            answer = _answer(request, disk, log)
            if answer is not None:
                log.flush()
                os.write(fuse, answer)


def _answer(request: bytes, disk: bytearray, log: IO[bytes]) -> bytes | None:
    _, opcode, unique, node, *_ = _IN.unpack_from(request)
    body = memoryview(request)[_IN.size :]

    def reply(payload: bytes = b"", error: int = 0) -> bytes:
        return _OUT.pack(_OUT.size + len(payload), -error, unique) + payload

    if opcode in (_FORGET, _INTERRUPT, _BATCH_FORGET):
        return None
    if opcode == _INIT:
        return reply(
            struct.pack("<IIIIHHIIHHI7I", 7, 31, 65536, 1 << 5, 12, 9, 1 << 17, 1, 32, 0, 0, *([0] * 7))
        )
    if opcode == _LOOKUP:
        if bytes(body).rstrip(b"\0") != b"disk":
            return reply(error=errno.ENOENT)
        return reply(struct.pack("<QQQQII", _DISK, 0, 3600, 3600, 0, 0) + _attr(_DISK, len(disk)))
    if opcode in (_GETATTR, _SETATTR):
        return reply(struct.pack("<QII", 3600, 0, 0) + _attr(node, len(disk)))
    if opcode in (_OPEN, _OPENDIR):
        return reply(struct.pack("<QII", 1, 0, 0))
    if opcode == _READ:
        _, offset, size = struct.unpack_from("<QQI", body)
        return reply(bytes(disk[offset : offset + size]))
    if opcode == _WRITE:
        _, offset, size = struct.unpack_from("<QQI", body)
        data = bytes(body[40 : 40 + size])
        disk[offset : offset + size] = data
        log.write(_NOTE.pack(offset, size) + data)
        return reply(struct.pack("<II", size, 0))
    if opcode == _FSYNC:
        log.write(_NOTE.pack(0, _FLUSHED))
        return reply()
    if opcode in (_RELEASE, _RELEASEDIR, _FLUSH, _ACCESS, _DESTROY):
        return reply()
    if opcode == _READDIR:
        return reply()
    if opcode == _STATFS:
        return reply(
            struct.pack("<QQQQQIIII6I", 1 << 20, 1 << 20, 1 << 20, 9, 9, 4096, 255, 4096, *([0] * 7))
        )
    return reply(error=errno.ENOSYS)


def _attr(node: int, size: int) -> bytes:
    mode = stat.S_IFDIR | 0o755 if node == _ROOT else stat.S_IFREG | 0o600
    return _ATTR.pack(node, size, size // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

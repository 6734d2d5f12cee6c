"""Records what SQLite writes and syncs, and makes the files that a power cut in between would leave.

A shim over SQLite's own file layer (sqlite.org/vfs.html), reached through ctypes in the library that
Python's `sqlite3` uses: the statements, the log and the checkpoints are the real ones. Of what a file got
since its last sync a cut leaves any part, in any order, down to single sectors.
"""

from __future__ import annotations

import _sqlite3
import contextlib
import ctypes
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512

_CREATE = 0x4
_LOGS = 0x800 | 0x4000 | 0x80000
"""SQLITE_OPEN_CREATE; _MAIN_JOURNAL, _SUPER_JOURNAL, _WAL (sqlite.org/c3ref/c_open_autoproxy.html)."""

_INT = ctypes.c_int
_PTR = ctypes.c_void_p
_I64 = ctypes.c_int64


class _Vfs(ctypes.Structure):
    """sqlite3_vfs, version 3 (sqlite.org/c3ref/vfs.html)."""

    _fields_ = (
        ("version", _INT),
        ("file_size", _INT),
        ("longest_path", _INT),
        ("next", _PTR),
        ("name", ctypes.c_char_p),
        ("app_data", _PTR),
        ("open", _PTR),
        ("delete", _PTR),
        ("others", _PTR * 14),
    )


class _Methods(ctypes.Structure):
    """sqlite3_io_methods, version 3 (sqlite.org/c3ref/io_methods.html)."""

    _fields_ = (
        ("version", _INT),
        ("close", _PTR),
        ("read", _PTR),
        ("write", _PTR),
        ("truncate", _PTR),
        ("sync", _PTR),
        ("others", _PTR * 13),
    )


class _File(ctypes.Structure):
    _fields_ = (("methods", ctypes.POINTER(_Methods)),)


# A name stays a pointer: SQLite keeps it, and what stands behind it, while the file is open.
_OPEN = ctypes.CFUNCTYPE(_INT, _PTR, _PTR, ctypes.POINTER(_File), _INT, _PTR)
_DELETE = ctypes.CFUNCTYPE(_INT, _PTR, _PTR, _INT)
_WRITE = ctypes.CFUNCTYPE(_INT, _PTR, _PTR, _INT, _I64)
_TRUNCATE = ctypes.CFUNCTYPE(_INT, _PTR, _I64)
_SYNC = ctypes.CFUNCTYPE(_INT, _PTR, _INT)


@dataclass(frozen=True, slots=True)
class Op:
    """What happened: `open`, `write`, `truncate`, `sync` or `delete` of a file, or a `mark` of the test.

    `at` is the place of a write and the new size of a truncate; for a delete it is 1 where the folder was
    synced too, for an open where the file's first sync syncs the folder: SQLite does that for its logs
    (`UNIXFILE_DIRSYNC` in its os_unix.c; also seen with strace).
    """

    kind: str
    file: str
    at: int = 0
    data: bytes = b""


@dataclass
class Recording:
    ops: list[Op] = field(default_factory=list)

    def mark(self, name: str) -> None:
        self.ops.append(Op("mark", name))


def available() -> str:
    """Empty where the shim works, else why not: some Pythons carry SQLite inside, without its names."""
    try:
        ctypes.CDLL(getattr(_sqlite3, "__file__", "")).sqlite3_vfs_register  # noqa: B018
    except (OSError, AttributeError) as error:
        return str(error)
    return ""


@contextlib.contextmanager
def recording() -> Iterator[Recording]:
    """Record what SQLite does with the files of every connection opened inside; not for two at a time."""
    library = ctypes.CDLL(_sqlite3.__file__)
    library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
    library.sqlite3_vfs_find.argtypes = (ctypes.c_char_p,)
    library.sqlite3_vfs_register.argtypes = (_PTR, _INT)
    library.sqlite3_vfs_unregister.argtypes = (_PTR,)
    real_vfs = library.sqlite3_vfs_find(None)
    result = Recording()
    names: dict[int, str] = {}
    kept_alive: list[object] = []
    tables: dict[int, _Methods] = {}

    def methods_like(real: _Methods) -> _Methods:
        """The file's own methods with three of them recorded."""
        write, truncate, sync = _WRITE(real.write), _TRUNCATE(real.truncate), _SYNC(real.sync)

        def on_write(file: int, data: int, length: int, at: int) -> int:
            code: int = write(file, data, length, at)
            if code == 0:
                result.ops.append(Op("write", names[file], at, ctypes.string_at(data, length)))
            return code

        def on_truncate(file: int, size: int) -> int:
            code: int = truncate(file, size)
            if code == 0:
                result.ops.append(Op("truncate", names[file], size))
            return code

        def on_sync(file: int, flags: int) -> int:
            code: int = sync(file, flags)
            if code == 0:
                result.ops.append(Op("sync", names[file]))
            return code

        shim = _Methods.from_buffer_copy(real)
        callbacks = (_WRITE(on_write), _TRUNCATE(on_truncate), _SYNC(on_sync))
        kept_alive.extend((write, truncate, sync, *callbacks))
        shim.write, shim.truncate, shim.sync = (ctypes.cast(c, _PTR) for c in callbacks)
        return shim

    real_open, real_delete = _OPEN(real_vfs.contents.open), _DELETE(real_vfs.contents.delete)

    def on_open(vfs: int, name: int | None, file: ctypes._Pointer[_File], flags: int, out: int) -> int:
        code: int = real_open(vfs, name, file, flags, out)
        if code == 0 and name is not None:
            short = _file_name(name)
            names[ctypes.addressof(file.contents)] = short
            result.ops.append(Op("open", short, int(bool(flags & _CREATE and flags & _LOGS))))
            address = ctypes.addressof(file.contents.methods.contents)
            if address not in tables:
                tables[address] = methods_like(file.contents.methods.contents)
            file.contents.methods = ctypes.pointer(tables[address])
        return code

    def on_delete(vfs: int, name: int, sync_folder: int) -> int:
        code: int = real_delete(vfs, name, sync_folder)
        if code == 0:
            result.ops.append(Op("delete", _file_name(name), sync_folder))
        return code

    shim = _Vfs.from_buffer_copy(real_vfs.contents)
    shim.name, shim.next = b"cutting", None
    callbacks = (_OPEN(on_open), _DELETE(on_delete))
    shim.open, shim.delete = (ctypes.cast(c, _PTR) for c in callbacks)
    library.sqlite3_vfs_register(ctypes.byref(shim), 1)
    try:
        yield result
    finally:
        library.sqlite3_vfs_unregister(ctypes.byref(shim))
        library.sqlite3_vfs_register(real_vfs, 1)


def _file_name(name: int) -> str:
    return Path(ctypes.string_at(name).decode()).name


class CutDisk:
    """What is on the card and what is still on its way, file by file; fed with operations one by one."""

    def __init__(self, folder: Path | None = None) -> None:
        self.on_card: dict[str, bytearray] = {}
        self.on_its_way: dict[str, list[Op]] = {}
        self.syncs_folder: set[str] = set()
        for file in folder.iterdir() if folder else ():
            self.on_card[file.name] = bytearray(file.read_bytes())

    def apply(self, op: Op) -> None:
        if op.kind in ("write", "truncate", "delete"):
            self.on_its_way.setdefault(op.file, []).append(op)
        if op.kind == "open" and op.at:
            self.syncs_folder.add(op.file)
        if op.kind == "sync":
            for pending in self.on_its_way.pop(op.file, []):
                _do(self.on_card, pending)
        if (op.kind == "delete" and op.at) or (op.kind == "sync" and op.file in self.syncs_folder):
            self.syncs_folder.discard(op.file)
            self._sync_folder()

    def _sync_folder(self) -> None:
        """Names are on the card: what was deleted before is gone."""
        for pending in self.on_its_way.values():
            while any(op.kind == "delete" for op in pending):
                _do(self.on_card, pending.pop(0))

    def cut(self, folder: Path, chance: random.Random) -> None:
        """Make the files that are found when the power comes back."""
        left = {name: bytearray(content) for name, content in self.on_card.items()}
        for pending in self.on_its_way.values():
            for op in _what_made_it(pending, chance):
                _do(left, op)
        for name, content in left.items():
            (folder / name).write_bytes(content)


def _what_made_it(pending: list[Op], chance: random.Random) -> list[Op]:
    """A part of the writes: a prefix, or any of them in any order, whole or in sectors."""
    deleted = max((i for i, op in enumerate(pending) if op.kind == "delete"), default=-1)
    if deleted >= 0:
        # A file made again under the name has its own place, which is found only once the old one is gone.
        if chance.random() < 0.5:
            return _what_made_it(pending[:deleted], chance)
        return [pending[deleted], *_what_made_it(pending[deleted + 1 :], chance)]
    mood = chance.choice(("none", "all", "prefix", "some", "shuffled", "torn"))
    if mood == "none":
        return []
    if mood == "all":
        return pending
    if mood == "prefix":
        return pending[: chance.randint(0, len(pending))]
    made_it = [op for op in pending if chance.random() < 0.6]
    if mood == "shuffled":
        chance.shuffle(made_it)
    if mood == "torn":
        torn: list[Op] = []
        for op in made_it:
            if op.kind != "write":
                torn.append(op)
                continue
            # Sectors are counted from the beginning of the file, not of the write.
            at, end = op.at, op.at + len(op.data)
            while at < end:
                stop = min(end, (at // SECTOR + 1) * SECTOR)
                if chance.random() < 0.7:
                    torn.append(Op("write", op.file, at, op.data[at - op.at : stop - op.at]))
                at = stop
        chance.shuffle(torn)
        made_it = torn
    return made_it


def _do(files: dict[str, bytearray], op: Op) -> None:
    if op.kind == "delete":
        files.pop(op.file, None)
        return
    content = files.setdefault(op.file, bytearray())
    if op.kind == "truncate":
        del content[op.at :]
        content.extend(bytes(max(0, op.at - len(content))))
    else:
        content.extend(bytes(max(0, op.at - len(content))))
        content[op.at : op.at + len(op.data)] = op.data

"""What a card must be after an update that power, or a kill, ended anywhere: whole, and able to try again."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge.journal.reader import lines, verify
from edge.updates.state import read
from tests.worlds import recorded_disk
from tests.worlds.update_world import Answering, Kiosk, UpdateWorld

SYSCALLS = (
    "?rename,?renameat,renameat2,?unlink,unlinkat,?mkdir,mkdirat,?symlink,symlinkat,?link,linkat,"
    "fsync,fdatasync,syncfs"
)
"""What changes names, and what makes it last."""

EVERY = 3
"""Of so many of these calls one is looked at: a copy of the card takes a while."""

_NO_PART = ("run/", "var/log/")
"""Of no version, and gone at the next start or allowed to differ."""


@dataclass(slots=True)
class Tally:
    """How all the points came out; `wrong` says of which what was not whole."""

    points: int = 0
    states: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    wrong: list[str] = field(default_factory=list)

    def row(self, name: str) -> str:
        old, new = self.ended["old"], self.ended["new"]
        tried = self.ended["tried again"]
        return (
            f"{name:<34} {self.points:>6} {self.states:>7} {old:>6} {new:>6} {tried:>7}"
            f" {self.lost:>8} {len(self.wrong):>6}"
        )


HEAD = f"{'':<34} {'points':>6} {'states':>7} {'old':>6} {'new':>6} {'again':>7} {'lost wr.':>8} {'wrong':>6}"


class Bench:
    """One update, ended at many points. `root` is where the card lies each time."""

    def __init__(self, folder: Path, repo: Path, root: Path, *, healthy: bool = True) -> None:
        self.root = root
        self.folder = folder
        self.world = UpdateWorld(folder, repo, root)
        self.old = self.world.install()
        self.new = self.world.publish().id
        self.settings = self.world.pi.text("/etc/cabinguard/kiosk.toml")
        self.healthy = healthy
        self._judged: dict[str, tuple[str, str]] = {}
        self._tried: dict[str, str] = {}

    @contextlib.contextmanager
    def kiosk(self, *, healthy: bool = True) -> Iterator[Kiosk]:
        kiosk = Kiosk(self.root)
        if not healthy:
            kiosk.blind.add(self.new)
        with Answering(kiosk):
            yield kiosk

    def run(self) -> None:
        """The update, to its end."""
        with self.kiosk(healthy=self.healthy):
            done = self.world.update("--apply", "--now", UPDATE_HEALTH_S="0.3")
        assert done.returncode == (0 if self.healthy else 3), done.stdout + done.stderr

    # --- judging -----------------------------------------------------------------------------------

    def judge(self, tally: Tally, name: str) -> None:
        """Start the card as it lies there; what it came to, and what is wrong with it."""
        tally.points += 1
        before = digest(self.root)
        if before not in self._judged:
            tally.states += 1
            self._judged[before] = self._start_and_try_again()
        ended, wrong = self._judged[before]
        tally.ended[ended] += 1
        if not wrong:
            tally.ended["tried again"] += 1
        else:
            tally.wrong.append(f"{name}: {wrong}")

    def _start_and_try_again(self) -> tuple[str, str]:
        shutil.rmtree(self.root / "run", ignore_errors=True)
        (self.root / "run").mkdir()
        try:
            settled = self.world.settle()
            if settled.returncode:
                return "neither", f"settle: {settled.stderr[-300:]}"
            version = self.world.pi.version()
            ended = {self.old: "old", self.new: "new"}.get(version, "neither")
            if wrong := self.unwhole(version):
                return ended, wrong
            self.world.start()
            known = self.left()
            if known not in self._tried:
                self._tried[known] = self._try_again(version)
            return ended, self._tried[known]
        except (OSError, subprocess.TimeoutExpired, ValueError) as error:
            return "neither", f"{type(error).__name__}: {error}"

    def _try_again(self, version: str) -> str:
        kept = read(self.world.pi.path("/var/lib/cabinguard-update"))
        with self.kiosk():
            done = self.world.update("--apply", "--now")
        after = self.world.pi.version()
        if self.new in kept.failed and after == self.old and "update_failed_here" in done.stderr:
            return self.unwhole(after)
        expected = "update_none" in done.stderr if version == self.new else done.returncode == 0
        if not expected or after != self.new:
            return f"the next try: {(done.stdout + done.stderr)[-300:]}"
        return self.unwhole(after)

    def left(self) -> str:
        """What the next try finds: of what it throws away first only whether it is there."""
        thrown = [self.root / "var/lib/cabinguard-update" / name for name in ("tree", "archive.tar")]
        new = self.root / "opt/cabinguard/versions" / self.new
        if not (new / "complete").exists():
            thrown.append(new)
        there = [path.exists() for path in thrown]
        return f"{digest(self.root, thrown)} {there}"

    def unwhole(self, version: str) -> str:
        """What of a card is not that version's; empty where all of it is."""
        home = self.root / "opt/cabinguard/versions" / version
        if version not in (self.old, self.new) or not (home / "complete").exists():
            return f"{version or 'nothing'} is installed"
        if not _fits(home):
            return "the manifest does not fit"
        if (self.root / "opt/cabinguard/pending").is_symlink():
            return "a change is still in the middle"
        units = self.root / "etc/systemd/system"
        for source in (*(home / "systemd").glob("*.service"), *(home / "systemd").glob("*.timer")):
            if not _same(source, units / source.name):
                return f"{source.name} is not this version's"
        strange = {path.name for path in units.glob("cabinguard*.*") if path.is_file()}
        if strange - {path.name for path in (home / "systemd").iterdir()}:
            return "a unit of the other version is there"
        example = "etc/cabinguard/kiosk.example.toml"
        if not _same(home / "kiosk.example.toml", self.root / example):
            return "the example settings are the other version's"
        if (self.root / "etc/cabinguard/kiosk.toml").read_text() != self.settings:
            return "the settings were changed"
        if "gpio=17=op,dl" not in (self.root / "boot/firmware/config.txt").read_text():
            return "the boot lines are lost"
        return self._record()

    def _record(self) -> str:
        path = self.root / "var/lib/cabinguard/journal.db"
        names = [line.name for line in lines(path)]
        return verify(path).problem or ("" if "installed" in names else "the record lost a line")


def _fits(home: Path) -> bool:
    command = ["sha256sum", "--quiet", "--strict", "-c", "manifest"]
    done = subprocess.run(command, cwd=home, capture_output=True, check=False)
    listed = {line.split("  ", 1)[1] for line in (home / "manifest").read_text().splitlines()}
    there = {
        f"./{path.relative_to(home)}"
        for path in home.rglob("*")
        if path.is_file() and not path.is_symlink() and path.name not in ("manifest", "complete")
    }
    return done.returncode == 0 and there == listed


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes() == other.read_bytes()


def digest(root: Path, but: Sequence[Path] = ()) -> str:
    """Of every file's name, kind, rights and content; not of what is below `but`."""
    found = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if name.startswith(_NO_PART) or name == "lost+found":
            continue
        if any(path == one or one in path.parents for one in but):
            continue
        kind = path.lstat()
        found.update(f"{name} {kind.st_mode} ".encode())
        if path.is_symlink():
            found.update(str(path.readlink()).encode())
        elif path.is_file():
            content = path.read_bytes()
            if path.name == "state.json":  # but for its times
                content = re.sub(rb'"(seen_)?wall_s":[0-9.]+', b"", content)
            found.update(hashlib.sha256(content).digest())
    return found.hexdigest()


# --- power ----------------------------------------------------------------------------------------


def power_cuts(folder: Path, repo: Path, points: int, *, healthy: bool) -> Tally:
    """Cut the power at so many points of what reaches the disk, spread over the whole update."""
    image, notes_file, at = folder / "base.img", folder / "notes", folder / "disk"
    recorded_disk.make_disk(image, 48)
    with recorded_disk.mounted(image, at):
        bench = Bench(folder / "world", repo, at, healthy=healthy)
    with recorded_disk.recorded(image, at, notes_file):
        bench.run()
    notes = recorded_disk.read_notes(notes_file)
    tally, cut_image = Tally(), folder / "cut.img"
    for number in range(points):
        point = round(number * len(notes) / max(1, points - 1))
        seed = None if number % 4 == 0 else number
        tally.lost += recorded_disk.cut(image, cut_image, notes, point, seed)
        with recorded_disk.mounted(cut_image, at):
            bench.judge(tally, f"write {point} of {len(notes)}")
        _progress(number, points, tally)
    return tally


# --- kills ----------------------------------------------------------------------------------------


def kills(folder: Path, repo: Path, points: int, *, healthy: bool) -> Tally:
    """Stop the update at every call that changes the file system, and take the card as it lies then.

    That is what a SIGKILL of all of its processes at that call leaves: what they wrote is in the files.
    """
    root, shots = folder / "card", folder / "shots"
    shots.mkdir()
    bench = Bench(folder / "world", repo, root, healthy=healthy)
    whole = list(_stopped(bench, shots))
    tally = Tally()
    chosen = sorted({round(number * (len(whole) - 1) / max(1, points - 1)) for number in range(points)})
    for number in chosen:
        shutil.rmtree(root)
        subprocess.run(["cp", "-a", str(whole[number]), str(root)], check=True)
        bench.judge(tally, f"call {number} of {len(whole)}")
        _progress(tally.points, len(chosen), tally)
    return tally


def _progress(number: int, points: int, tally: Tally) -> None:
    if number % 10 == 0:
        print(
            f"  {number} of {points}: {tally.states} states, {len(tally.wrong)} wrong",
            file=sys.stderr,
            flush=True,
        )


def _stopped(bench: Bench, shots: Path) -> Iterator[Path]:
    """A copy of the card at each of these calls."""
    inject = f"inject={SYSCALLS}:signal=SIGSTOP:when=1+1"
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={SYSCALLS}", "-e", inject]
    with bench.kiosk(healthy=bench.healthy):
        update = subprocess.Popen(
            [*command, *bench.world.command("--apply", "--now")],
            env={**bench.world.environment(), "UPDATE_HEALTH_S": "0.3"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
        )
        number, stops, seen = 0, 0, ""
        while update.poll() is None:
            if halted := _halted(update.pid):
                stops += 1
                if stops % EVERY == 0:
                    now, shot = _taken(bench.root, shots / f"{number:06}", seen)
                    if now != seen:
                        yield shot
                        number, seen = number + 1, now
            for process in halted:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGCONT)
            time.sleep(0.0005)
    assert update.returncode == (0 if bench.healthy else 3)


def _taken(root: Path, to: Path, seen: str) -> tuple[str, Path]:
    """A copy of the card, unless it is as it was. One that changed meanwhile (of two processes only one may
    have been stopped) is taken again."""
    while True:
        with contextlib.suppress(FileNotFoundError):
            if (before := _stamp(root)) == seen:
                return seen, to
            shutil.rmtree(to, ignore_errors=True)
            copied = subprocess.run(["cp", "-a", str(root), str(to)], capture_output=True, check=False)
            if copied.returncode == 0 and _stamp(root) == before:
                return before, to


def _stamp(root: Path) -> str:
    """Of every file's name, size and times: quicker than `digest`, and only for one card."""
    found, waiting = hashlib.sha256(), [str(root)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                kind = entry.stat(follow_symlinks=False)
                found.update(f"{entry.path} {kind.st_size} {kind.st_mtime_ns} {kind.st_ino}".encode())
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
    return found.hexdigest()


def _halted(parent: int) -> list[int]:
    """The processes below `parent` that are stopped."""
    found = []
    waiting = [parent]
    while waiting:
        process = waiting.pop()
        with contextlib.suppress(OSError):
            for thread in Path(f"/proc/{process}/task").iterdir():
                waiting += map(int, (thread / "children").read_text().split())
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
            if process != parent and state in "Tt":
                found.append(process)
    return found


def scratch() -> Path:
    return Path(tempfile.mkdtemp(prefix="cut-updates-"))

"""What sealing costs: time, bytes and memory a picture, and whether the loop's thread feels it.

Run: python -m tests.bench_sealing
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

from edge.pictures import age
from edge.pictures.clear import ClearCopies
from edge.pictures.keeper import Evidence
from edge.pictures.ring import RingReader, RingWriter
from edge.pictures.sealing import Sealer
from edge.pictures.store import EvidenceLimits, Start
from edge.pictures.writing import Handling, Sealing
from tests.worlds.hand_clock import HandClock

PICTURE_BYTES: Final = 100_000
RATE: Final = 5.0
TICK_S: Final = 0.01
WATCHED_S: Final = 20.0
MEMORY: Final = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def jpeg() -> bytes:
    return b"\xff\xd8\xff" + os.urandom(PICTURE_BYTES - 5) + b"\xff\xd9"


def each_us(keys: int, runs: int = 300) -> tuple[float, float, int]:
    """Microseconds to seal a picture (median, 99th percentile) and the bytes that it grows by."""
    to = [age.new_key()[1] for _ in range(keys)]
    picture, took, grown = jpeg(), [], 0
    for _ in range(runs):
        began = time.perf_counter()
        sealed = age.seal(picture, to)
        took.append((time.perf_counter() - began) * 1e6)
        grown = max(grown, len(sealed) - len(picture))
    return statistics.median(took), sorted(took)[int(runs * 0.99)], grown


def memory_mb() -> float:
    """What the library adds to a process that already has the rest (resident, MB)."""
    program = (
        "import edge.pictures.writing, edge.service.build\n"
        "def kb():\n"
        "    return int(next(l for l in open('/proc/self/status') if l.startswith('VmRSS')).split()[1])\n"
        "before = kb()\n"
        "from edge.pictures import age\n"
        "to = [age.new_key()[1]]\n"
        "for _ in range(50): age.seal(bytes(100000), to)\n"
        "print((kb() - before) / 1000)\n"
    )
    path = os.pathsep.join(entry or "." for entry in sys.path)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)


def incident_ms(needs: int, folder: Path) -> tuple[float, int]:
    """CPU milliseconds for one incident of 150 pictures written to `folder`, and the bytes on the disk.

    `needs` 0: open pictures.
    """
    clock = HandClock(1000.0, time.time())
    ring = RingWriter(folder / "ring", 400, 60.0, RATE)
    handling = Handling()
    if needs:
        lines = "".join(f"# name: k{n}\n{age.new_key()[1]}\n" for n in range(3))
        (folder / "keys").write_text(lines)
        copies = ClearCopies(folder / "run", 900.0, 32.0, memory=lambda where: True)
        handling = Handling(sealing=Sealing(Sealer(folder / "keys", needs), copies))
    evidence = Evidence(
        folder / "evidence",
        {"face": RingReader(folder / "ring")},
        clock,
        Start(1),
        EvidenceLimits(reserve_mb=0),
        handling=handling,
    )
    for _ in range(50):
        clock.mono_s += 0.2
        ring.put(clock.mono_s, jpeg())
    evidence.keep(1, clock.mono_s, "locked")
    spent = 0.0
    for _ in range(110):
        clock.mono_s += 0.2
        ring.put(clock.mono_s, jpeg())
        began = time.thread_time()
        evidence.poll(clock.mono_s)
        spent += time.thread_time() - began
    sizes = [path.stat().st_size for path in (folder / "evidence" / "1").iterdir()]
    assert len(sizes) >= 145, len(sizes)
    return spent * 1000, sum(sizes)


def ticks_late_ms(seal: bool) -> tuple[float, float]:
    """How late a thread that wakes every 10 ms is (p99, worst), beside 5 pictures a second."""
    over = threading.Event()
    to, picture = [age.new_key()[1] for _ in range(3)], jpeg()

    def work() -> None:
        while not over.wait(1.0 / RATE):
            if seal:
                age.seal(picture, to)

    thread = threading.Thread(target=work)
    thread.start()
    late = []
    end_s = time.perf_counter() + WATCHED_S
    due_s = time.perf_counter() + TICK_S
    while due_s < end_s:
        time.sleep(max(0.0, due_s - time.perf_counter()))
        late.append((time.perf_counter() - due_s) * 1000)
        due_s = max(due_s + TICK_S, time.perf_counter())
    over.set()
    thread.join()
    late.sort()
    return late[int(len(late) * 0.99)], late[-1]


def main() -> None:
    for keys in (1, 2, 3, 8):
        median, worst, grown = each_us(keys)
        print(f"{keys} keys: {median:.0f} us a picture of 100 kB (p99 {worst:.0f}), {grown} bytes more")
    print(f"the library: {memory_mb():.1f} MB resident")
    before = 0.0
    for needs in (0, 1, 2):
        with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
            spent, size = incident_ms(needs, Path(folder))
        before = before or spent
        what = f"sealed, {needs} of 3" if needs else "open"
        print(f"150 pictures, {what}: {spent:.0f} ms CPU ({spent / before:.1f} x), {size / 1e6:.2f} MB")
    for seal in (False, True):
        p99, worst = ticks_late_ms(seal)
        print(
            f"loop beside it, {'sealing 5 a second' if seal else 'nothing sealed'}: "
            f"p99 {p99:.2f} ms late, worst {worst:.2f} ms"
        )


if __name__ == "__main__":
    main()

"""The shipped unit against what the program asks of the system: every priority takes effect, or is
reported."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.vision.eyes.child import NICER, stand_back
from hw.scan import NICE, Scanner, ScanThread
from tests.worlds.hw_story import bench

SYSCALLS = {
    "os.nice": "setpriority",
    "os.setpriority": "setpriority",
    "os.sched_setaffinity": "sched_setaffinity",
    "os.sched_setparam": "sched_setparam",
    "os.sched_setscheduler": "sched_setscheduler",
    "resource.setrlimit": "prlimit64",
    "resource.prlimit": "prlimit64",
}
"""What the program may call of the kind that systemd's @resources holds, and what glibc makes of it."""

NUMBERS = {
    "x86_64": {"setpriority": 141, "sched_setaffinity": 203, "sched_setscheduler": 144, "ioprio_set": 251},
    "aarch64": {"setpriority": 140, "sched_setaffinity": 122, "sched_setscheduler": 119, "ioprio_set": 30},
}

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")


def called(repo: Path) -> dict[str, str]:
    """The calls of that kind in the program, by the file that makes them."""
    found = {}
    for room in ("edge", "hw"):
        for path in (repo / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and (name := ast.unparse(node.func)) in SYSCALLS:
                    found[name] = str(path.relative_to(repo))
    return found


def _values(unit: str, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", unit, re.MULTILINE)


def _expand(name: str) -> Iterator[str]:
    if not name.startswith("@"):
        yield name
        return
    done = subprocess.run(
        ["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True
    )
    for line in done.stdout.splitlines()[1:]:
        word = line.strip()
        if word and not word.startswith("#"):
            yield from _expand(word)


def allowed(unit: str) -> set[str]:
    """What the unit's filter lets through: the first line begins it, each later one adds or takes away."""
    names: set[str] = set()
    for line in _values(unit, "SystemCallFilter"):
        words = {call for word in line.lstrip("~").split() for call in _expand(word)}
        names = names - words if line.startswith("~") else names | words
    return names


@pytest.fixture
def unit(repo: Path) -> str:
    return (repo / "systemd" / "cabinguard.service").read_text()


@pytest.mark.slow
@needs_systemd
def test_the_filter_lets_through_what_the_program_calls(repo: Path, unit: str) -> None:
    calls = called(repo)
    assert {"os.setpriority", "os.nice", "resource.setrlimit"} <= calls.keys()
    let_through = allowed(unit)
    assert len(let_through) > 100
    refused = {f"{name} ({file})" for name, file in calls.items() if SYSCALLS[name] not in let_through}
    assert refused == set()
    for never in ("mount", "setuid", "sched_setscheduler", "reboot", "chown"):
        assert never not in let_through


def test_the_limit_allows_the_niceness_that_the_input_path_asks_for(unit: str) -> None:
    assert _values(unit, "LimitNICE") == [str(NICE)]
    (nice,) = _values(unit, "Nice")
    assert NICE < int(nice) < int(nice) + NICER


CHILD = """
import ctypes, json, os, resource, struct, sys, time
sys.path[:0] = [{repo!r}]
import threading
from hw.clock import SystemClock
from hw.scan import ScanThread
from edge.vision.eyes.child import stand_back
libc = ctypes.CDLL(None, use_errno=True)
os.setpriority(os.PRIO_PROCESS, 0, {nice})
try:
    resource.setrlimit(resource.RLIMIT_NICE, (20 - {limit}, 20 - {limit}))
    may = True
except ValueError:  # a container's root without that right: its own right to set priorities stands in for it
    may = {limit} == 20
if may:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
steps = [(0x20, 0, 0, 0)]
for number in {denied}:
    steps += [(0x15, 0, 1, number), (0x06, 0, 0, 0x00050001)]
steps.append((0x06, 0, 0, 0x7FFF0000))
code = b"".join(struct.pack("HBBI", *step) for step in steps)
held = ctypes.create_string_buffer(code)
class Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
program = Program(len(steps), ctypes.addressof(held))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0
class Steps:
    nice = None
    def step(self, now_s):
        self.nice = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
steps = Steps()
scan = ScanThread(steps, SystemClock())
scan.start()
end_s = time.monotonic() + 30
while steps.nice is None and time.monotonic() < end_s:
    time.sleep(0.01)
scan.stop()
stand_back()
found = {{"scan": steps.nice, "refused": scan.priority_refused, "eyes": os.getpriority(os.PRIO_PROCESS, 0)}}
print(json.dumps(found))
"""


@pytest.mark.slow
@needs_systemd
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can begin as the service manager does")
@pytest.mark.parametrize("without", ["", "LimitNICE", "filter"])
def test_under_the_units_own_limits_both_priorities_take_effect_or_are_told(
    repo: Path, unit: str, without: str
) -> None:
    """The program's own lines, as the unit's user, with its limit and what its filter refuses."""
    numbers = NUMBERS.get(os.uname().machine)
    if numbers is None:
        pytest.skip("no numbers for this processor")
    let_through = allowed(unit) - ({"setpriority"} if without == "filter" else set())
    child = CHILD.format(
        repo=str(repo),
        nice=_values(unit, "Nice")[0],
        limit=20 if without == "LimitNICE" else _values(unit, "LimitNICE")[0],
        denied=[number for name, number in numbers.items() if name not in let_through],
    )
    where = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", child], capture_output=True, text=True, env=where, timeout=100
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    started = int(_values(unit, "Nice")[0])
    if not without:
        assert found == {"scan": NICE, "refused": "", "eyes": started + NICER}
        assert done.stderr == ""
        return
    assert found["scan"] == started
    assert found["refused"].startswith(f"input path, niceness {NICE}: ")
    if without == "filter":
        assert found["eyes"] == started
        assert "priority_refused (eyes" in done.stderr


def test_a_priority_that_is_refused_is_known_to_the_loop_and_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: int) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "setpriority", refuse)
    monkeypatch.setattr(os, "nice", refuse)
    stand_back()
    assert caplog.messages == ["fault: priority_refused (eyes, niceness +5: Permission denied)"]
    story = bench()
    thread = ScanThread(Scanner(story.board, story.events.append), story.clock)
    thread.start()
    thread.stop()
    assert thread.priority_refused == "input path, niceness -10: Permission denied"

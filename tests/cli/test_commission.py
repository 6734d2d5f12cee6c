"""`panel --commission` as a program: root's grant, root given up, a link that works once, and its ends."""

from __future__ import annotations

import contextlib
import http.client
import os
import pwd
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import msgspec
import pytest

from edge.service.asks import CommissionEnd
from edge.service.control import ask
from tests.worlds.commission_world import Bench

pytestmark = pytest.mark.slow
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has something to give up")

NOBODY = 65534
WHO = "meera" if os.geteuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
"""Only root may have been called through sudo."""

COMMAND = ("-m", "edge", "panel", "--commission")


def shared_python() -> str | None:
    """A Python of this version that every user may read: what root started has to go on without root."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for name in (sys.executable, f"/usr/bin/{version}"):
        real = Path(name).resolve()
        if real.is_file() and all(folder.stat().st_mode & 0o001 for folder in real.parents):
            return name
    return None


@pytest.fixture
def bench() -> Iterator[Bench]:
    """In a folder whose parents everybody may enter: another user than this one has to reach the socket."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, Bench(Path(folder)) as bench:
        yield bench


class Program:
    """The command at work; `link` is what it printed."""

    def __init__(self, bench: Bench, repo: Path, python: str = sys.executable) -> None:
        self.process = subprocess.Popen(
            [python, *COMMAND, *bench.options],
            cwd=repo,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "SUDO_USER": "meera", "PYTHONPATH": str(Path(msgspec.__file__).parents[1])},
        )
        assert self.process.stdout is not None
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if "ends it sooner" in line:
                break
        found = re.search(r"http://127\.0\.0\.1:(\d+)/enter#(\S{40,})", self.said)
        assert found is not None, self.said
        self.port, self.secret = int(found[1]), found[2]

    def ends(self) -> str:
        """What else it said until its end, which was in order."""
        rest, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, rest
        return str(rest)

    def status(self, *names: str) -> dict[str, str]:
        """Of /proc."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text("utf-8").splitlines()
        pairs = dict(line.split(":", 1) for line in lines)
        return {name: pairs[name].strip() for name in names}

    def ask(self, path: str, cookie: str = "", **fields: str) -> tuple[int, str, str]:
        """Status, body and the cookie that was set."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        heads = {"Origin": f"http://127.0.0.1:{self.port}", "Cookie": cookie}
        if fields:
            heads["Content-Type"] = "application/x-www-form-urlencoded"
        link.request("POST" if fields else "GET", path, urlencode(fields) if fields else None, heads)
        answer = link.getresponse()
        body = answer.read().decode()
        link.close()
        return answer.status, body, (answer.getheader("Set-Cookie") or "").partition(";")[0]

    def enter(self) -> str:
        """Use the link as a browser does; the session's cookie."""
        _, page, _ = self.ask("/enter")
        token = re.search(r'<meta name="token" content="([^"]+)"', page)
        assert token is not None
        status, _, cookie = self.ask("/enter", _token=token[1], secret=self.secret)
        assert status == 303
        return cookie


@contextlib.contextmanager
def running(bench: Bench, repo: Path, python: str = sys.executable) -> Iterator[Program]:
    program = Program(bench, repo, python)
    try:
        yield program
    finally:
        program.process.kill()
        program.process.communicate()


def test_its_link_opens_the_page_and_ctrl_c_ends_it(bench: Bench, repo: Path) -> None:
    with running(bench, repo) as program:
        assert "for 30 minutes" in program.said
        assert f"ssh -L {program.port}:127.0.0.1:{program.port} {WHO}@" in program.said
        assert program.ask("/commission")[0] == 403
        cookie = program.enter()
        status, page, _ = program.ask("/commission", cookie)
        assert status == 200
        assert f'value="{WHO}"' in page, "offered as the name to sign with"
        program.process.send_signal(signal.SIGINT)
        assert "commissioning has ended" in program.ends()
    assert ask(bench.folder, CommissionEnd())["ended"] is False, "its grant went with it"


def test_end_ends_it_from_anywhere(bench: Bench, repo: Path) -> None:
    with running(bench, repo) as program:
        done = subprocess.run(
            [sys.executable, *COMMAND, "--end", *bench.options],
            cwd=repo,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "commissioning has ended\n"
        assert "commissioning has ended" in program.ends()
    done = subprocess.run(
        [sys.executable, *COMMAND, "--end", *bench.options],
        cwd=repo,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "no commissioning ran\n"


@needs_root
@pytest.mark.skipif(shared_python() is None, reason="no Python here that another user may read")
def test_root_is_given_up_before_anything_is_served(bench: Bench, repo: Path) -> None:
    shut = [folder for folder in (repo, *repo.parents) if not folder.stat().st_mode & 0o001]
    if shut:
        pytest.skip(f"an ordinary user may not enter {shut[-1]}, so cannot run this checkout")
    for path in (bench.folder, *bench.folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    with running(bench, repo, shared_python() or "") as program:
        status = program.status("Uid", "Gid", "Groups", "NoNewPrivs", "CapEff", "CapPrm")
        assert status["Uid"].split() == [str(NOBODY)] * 4
        assert status["Gid"].split() == [str(NOBODY)] * 4
        assert status["Groups"] == ""
        assert status["NoNewPrivs"] == "1"
        assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
        cookie = program.enter()
        assert program.ask("/commission", cookie)[0] == 200
        assert ask(bench.folder, CommissionEnd())["ended"] is True
        program.ends()


def test_without_a_kiosk_nothing_is_opened(tmp_path: Path, repo: Path) -> None:
    words = ["--set", f"paths.data={tmp_path}", "--set", f"paths.runtime={tmp_path}"]
    done = subprocess.run(
        [sys.executable, *COMMAND, *words], cwd=repo, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "kiosk_not_running" in done.stderr
    assert "enter#" not in done.stdout

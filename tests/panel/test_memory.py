"""The page's process stays small, and knows nothing of the bench: what it imports, and what it takes."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench_panel import MEMORY_LIMIT_MIB, memory_mib
from tests.panel.test_panel import LONG_S, lock
from tests.worlds.panel_world import Cabin
from tests.worlds.ports import free_port

LARGE = (
    "numpy",
    "cv2",
    "multiprocessing",
    "unittest",
    "edge.loop.kiosk",
    "edge.vision",
    "edge.judge",
    "hw.board",
)
"""What would make it large, and what it has no use for."""

OF_THE_BENCH = ("edge.bench", "hw.bench", "hw.camera.staged", "hw.modem.fake")
"""The telephones, the stage and the keypad: no setting and no argument can bring them into a kiosk's page."""


def imported(repo: Path, module: str) -> set[str]:
    """The modules that a program has which imported this one alone."""
    code = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=repo, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


@pytest.mark.slow
def test_the_page_imports_neither_what_sees_nor_the_bench(repo: Path) -> None:
    known = imported(repo, "edge.cli.panel")
    assert "edge.panel.app" in known
    assert not {name for name in known for part in LARGE if name == part or name.startswith(f"{part}.")}
    assert not {name for name in known for part in OF_THE_BENCH if name.startswith(part)}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_page_of_a_locked_cabin_with_twenty_streams_stays_under_its_limit(
    tmp_path: Path, repo: Path
) -> None:
    with Cabin(tmp_path, ["panel.live=true", "panel.pictures=true"]) as cabin:
        lock(cabin)
        cabin.run(25.0)
        port = free_port()
        folders = (f"paths.data={tmp_path}", f"paths.runtime={tmp_path}", f"panel.port={port}")
        words = (*folders, "panel.live=true", "panel.pictures=true")
        options = [part for word in words for part in ("--set", word)]
        page = subprocess.Popen(
            [sys.executable, "-m", "edge", "panel", *options], cwd=repo, stdout=subprocess.PIPE, text=True
        )
        links: list[socket.socket] = []
        try:
            assert page.stdout is not None
            assert page.stdout.readline().startswith("panel: ")
            paths = ["/"]
            for path in paths:  # every view and picture that a page of it names
                text = fetch(port, path).decode("utf-8", "replace")
                named = re.findall(r'(?:href|src)="(/[^"#?]*)"', text) if not path.endswith(".jpg") else []
                paths += [one for one in dict.fromkeys(named) if one not in paths]
            assert len(paths) > 8
            for _ in range(20):
                link = socket.create_connection(("127.0.0.1", port), timeout=LONG_S)
                links.append(link)
                link.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            for link in links:
                heard = b""
                while b"event: parts" not in heard:
                    heard += link.recv(65536)
            assert memory_mib(page.pid)["VmRSS"] < MEMORY_LIMIT_MIB
        finally:
            for link in links:
                link.close()
            page.kill()
            page.wait()
            if page.stdout is not None:
                page.stdout.close()


def fetch(port: int, path: str) -> bytes:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=LONG_S)
    try:
        link.request("GET", path)
        answer = link.getresponse()
        assert answer.status == 200, path
        return answer.read()
    finally:
        link.close()

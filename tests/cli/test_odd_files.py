"""Files that people really have: odd names, pipes, links to nowhere, and a film named like its recording."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.__main__ import main


def picture(path: Path) -> None:
    coded = cv2.imencode(".png", np.full((64, 64, 3), 120, np.uint8))[1].tobytes()
    path.write_bytes(coded)


def test_a_name_that_is_no_utf8_stops_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture(tmp_path / os.fsdecode(b"a\xff.png"))
    picture(tmp_path / "b.png")
    assert main(["look", "--json", str(tmp_path)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [Path(line["path"]).name for line in lines] == ["a\\xff.png", "b.png"]


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "p.jpg")
    assert main(["look", "--json", str(tmp_path / "p.jpg")]) == 1
    assert json.loads(capsys.readouterr().out)["error"] == "not a regular file"


def test_a_film_never_overwrites_its_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "clip"
    folder.mkdir()
    picture(folder / "1.png")
    clip = folder / "1.png"
    before = clip.read_bytes()
    link = tmp_path / "film.mp4"
    link.symlink_to(clip)
    assert main(["replay", str(clip), "--video", str(link)]) == 3
    assert "video_unwritable" in capsys.readouterr().err
    assert clip.read_bytes() == before


def test_a_link_to_nowhere_in_a_folder_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture(tmp_path / "1.png")
    (tmp_path / "2.png").symlink_to(tmp_path / "nowhere")
    assert main(["replay", str(tmp_path)]) == 1
    assert "clip_unreadable" in capsys.readouterr().err


def test_whatever_in_a_folder_cannot_be_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture(tmp_path / "1.png")
    (tmp_path / "2.png").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "3.png")
    (tmp_path / "notes.txt").write_text("no picture")
    assert main(["look", "--json", str(tmp_path)]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(Path(line["path"]).name, "error" in line) for line in lines] == [
        ("1.png", False), ("2.png", True), ("3.png", True)
    ]  # fmt: skip


def test_a_folder_without_pictures_is_said_to_have_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["look", "--json", str(tmp_path)]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer == {"path": str(tmp_path), "error": "no pictures in this folder"}


@pytest.mark.slow
def test_a_picture_that_would_fill_the_memory_is_not_unpacked(repo: Path, tmp_path: Path) -> None:
    """In a process of its own, which says how much it needed: 400 MP of one colour are 1.2 GB unpacked."""
    path = tmp_path / "huge.png"
    side = 20_000
    rows = zlib.compressobj()
    data = b"".join(rows.compress(b"\0" * (side + 1)) for _ in range(side)) + rows.flush()

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b""))
    program = (
        "import re, sys; from edge.__main__ import main; code = main(sys.argv[1:]); "
        # getrusage would count what the process that started this one had, too
        "print(code, int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]) // 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "look", "--json", str(path)], cwd=repo, capture_output=True, text=True
    )
    answer, numbers = done.stdout.splitlines()
    code, used_mb = numbers.split()
    assert json.loads(answer)["error"] == "larger than 12 megapixels"
    assert code == "1"
    assert int(used_mb) < 800


@pytest.mark.slow
def test_output_to_a_full_disk_is_a_fault_and_no_traceback(repo: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "edge", "settings", "--show"],
            cwd=repo, stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert done.returncode == 3
    assert "file_unusable" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr

"""Files that people really have: odd names, pipes, links to nowhere, and a film named like its recording."""

from __future__ import annotations

import json
import os
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

"""`look --stages` writes each stage once and whole, and says by name why it cannot."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.__main__ import main
from edge.bench.desk import StoryClock
from edge.cli import stages
from edge.terms.chain import ChainSettings, ThresholdMethod
from edge.vision.chain import stages_of
from hw.camera.port import ColourPicture
from hw.camera.staged import StagedCabin

STAGES = ("1-grey", "2-median", "3-threshold", "4-sharpened", "sheet")


@pytest.fixture(scope="module")
def masked() -> ColourPicture:
    clock = StoryClock()
    stage = StagedCabin(clock)
    stage.do("enter anna with mask", 0.0)
    clock.move_to(5.0)
    colour = stage.read().colour
    assert colour is not None
    return colour


def grey(path: Path) -> ColourPicture:
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.uint8)


@pytest.mark.slow
def test_every_stage_is_written_as_the_settings_make_it(
    tmp_path: Path, masked: ColourPicture, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / "one.png"), masked)
    out = tmp_path / "new" / "folder"
    words = ["--set", "vision.chain_threshold=manual", "--set", "vision.chain_manual_level=90"]
    paths = [str(tmp_path / "a" / "one.png"), str(tmp_path / "b" / "one.png")]
    assert main(["look", "--json", "--stages", str(out), *words, *paths]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["stages"] for one in answers] == [str(out / "one-sheet.png"), str(out / "one-2-sheet.png")]
    assert all("chain" not in one for one in answers), "its network is asked only where the chain is on"
    names = [f"{base}-{stage}.png" for base in ("one", "one-2") for stage in STAGES]
    assert sorted(path.name for path in out.iterdir()) == sorted(names)
    how = ChainSettings(chain_threshold=ThresholdMethod.MANUAL, chain_manual_level=90)
    for name, picture in stages_of(masked, how).pictures().items():
        assert np.array_equal(grey(out / f"one-{name}.png"), picture)
    sheet = grey(out / "one-sheet.png")
    assert sheet.shape[1] > 900
    assert sheet.std() > 20


@pytest.mark.slow
def test_the_chain_where_it_is_on_says_its_level_and_what_its_network_thinks_of_each_face(
    tmp_path: Path, masked: ColourPicture, repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "one.png"
    cv2.imwrite(str(path), masked)
    assert main(["look", "--json", "--set", "vision.chain=true", str(path)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["chain"]["method"] == "otsu"
    assert 0 < answer["chain"]["level"] < 255
    assert len(answer["chain"]["covered"]) == len(answer["faces"]) == 1
    assert 0.0 <= answer["chain"]["covered"][0] <= 1.0
    assert main(["look", "--set", "vision.chain=true", str(path)]) == 0
    assert ", chain: level " in capsys.readouterr().out
    models = tmp_path / "models"
    shutil.copytree(repo / "models", models, ignore=shutil.ignore_patterns("chain.*", "training"))
    words = ["--set", "vision.chain=true", "--set", f"paths.models={models}"]
    assert main(["look", "--json", *words, str(path)]) == 0
    told = capsys.readouterr()
    answer = json.loads(told.out)
    assert answer["missing"] == ["chain"]
    assert "covered" not in answer["chain"]
    assert "model_missing" in told.err
    assert answer["verdict"] == "covered", "the door's networks do not mind"


def test_a_folder_that_cannot_be_is_named_before_any_picture_is_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.touch()
    for where in (file, file / "below"):
        assert main(["look", "--stages", str(where), str(tmp_path / "none.png")]) == 3
        told = capsys.readouterr()
        assert told.out == ""
        assert "file_unusable" in told.err
        assert str(file) in told.err
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert main(["look", "--stages", str(tmp_path), str(tmp_path / "none.png")]) == 3
    assert str(tmp_path) in capsys.readouterr().err


def test_a_disk_that_is_full_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    kept = stages.StageFolder(tmp_path / "out")
    with pytest.raises(OSError, match="No space left") as error:
        kept.keep(Path("x" * 250 + ".png"), stages_of(np.zeros((40, 40, 3), np.uint8), ChainSettings()))
    assert error.value.filename == str(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []

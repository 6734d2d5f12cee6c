"""`drift`: what a stopped kiosk kept is shown, a running one is asked, and both start again when told to."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from threading import Thread

import msgspec
import pytest

from edge.bench.answering import Control
from edge.cli.main import main
from edge.judge.drift import DriftJudge, Memory
from edge.judge.gauges import Gauge
from edge.judge.learnt import Day
from edge.loop.happening import Happening
from edge.loop.views import NAME, ViewsFile
from edge.service.asks import Drift
from edge.service.views import basis_of
from edge.settings.load import load
from edge.terms.observation import FACE_CAMERA, CameraHealth, Observation
from tests.worlds.desk_world import scripted_desk


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    paths = (f'paths.data="{tmp_path}"', f'paths.runtime="{tmp_path}"')
    return [word for path in paths for word in ("--set", path)]


def kept(tmp_path: Path, options: list[str]) -> ViewsFile:
    basis = basis_of(load(None, options[1::2]), tmp_path)
    file = ViewsFile(tmp_path / NAME, basis, threaded=False)
    day = Day(20_000)
    day.add(Gauge.DETAIL, 9, -1.25)
    file.keep(Memory({FACE_CAMERA: (day, Day(20_001))}))
    return file


def test_a_stopped_kiosk_shows_what_it_kept_and_forgets_it(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drift", *options]) == 0
    assert capsys.readouterr().out == "nothing was learnt yet\n"
    file = kept(tmp_path, options)
    assert main(["drift", *options]) == 0
    shown = capsys.readouterr().out
    assert "face: 1 days learnt of 7 at least; worse: nothing" in shown
    assert "-1.250" in shown
    assert main(["drift", "--json", *options]) == 0
    said = msgspec.json.decode(capsys.readouterr().out, type=dict[str, dict[str, object]])
    assert said == DriftJudge(memory=file.read().memory).report()
    assert main(["drift", "--again", *options]) == 0
    assert file.read().memory == Memory()


@pytest.mark.slow
def test_a_running_kiosk_is_asked_and_starts_again(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    heard: list[Happening] = []
    desk, _ = scripted_desk(tmp_path / "desk", heard.append)
    seen = Observation(1, 0.0, (640, 480), (), 0.0, CameraHealth.OK)
    desk.kiosk.observe(seen, 0.0)
    with closing(desk), closing(Control(desk, tmp_path)) as control:
        loop = Thread(target=control.rest, args=(1.0,))
        loop.start()
        assert main(["drift", *options]) == 0
        assert main(["drift", "--again", *options]) == 0
        loop.join()
        assert desk.answer(Drift()) == {"version": 1, "views": {}}
    assert "face: 0 days learnt of 7 at least" in capsys.readouterr().out
    assert "views_again" in [happening.data.get("name") for happening in heard]


def test_another_camera_network_or_empty_cabin_is_another_basis(tmp_path: Path) -> None:
    plain = basis_of(load(None), tmp_path)
    assert basis_of(load(None, ["camera.rotate=180"]), tmp_path) != plain
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference" / "manifest.json").write_text("{}")
    assert basis_of(load(None), tmp_path) != plain
    models = tmp_path / "models"
    models.mkdir()
    assert basis_of(load(None, [f'paths.models="{models}"']), tmp_path) != plain


def test_a_damaged_file_is_named_and_left_for_the_kiosk(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / NAME).write_bytes(b"no views at all")
    assert main(["drift", *options]) == 3
    assert "views_unreadable" in capsys.readouterr().err
    assert (tmp_path / NAME).read_bytes() == b"no views at all", "who only reads takes nothing away"

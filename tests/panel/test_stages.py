"""The chain of filters on the page: shown where the settings want it, with a sheet that is there."""

from __future__ import annotations

import os
import re
import shutil
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.panel.sheets import Stager
from edge.pictures.ring import RingPicture
from edge.settings.load import load
from edge.words.language import LanguageName
from tests.benchmark import children
from tests.worlds.browser import Browser, chromium
from tests.worlds.panel_world import Cabin

ON = ("panel.live=true", "vision.chain=true")
SHEET = re.compile(r'src="(/stages/face/\d+\.jpg)"')


def looked_at(cabin: Cabin) -> str:
    """The page's part with the live picture, a masked person in it."""
    cabin.people.do("enter anna with mask", cabin.desk.clock.now_s())
    cabin.run(4.0)
    return cabin.now()["picture"]


@pytest.mark.slow
def test_nothing_of_it_is_shown_unless_it_is_on_and_the_picture_is(tmp_path: Path) -> None:
    for number, words in enumerate((["panel.live=true"], ["vision.chain=true"])):
        (tmp_path / str(number)).mkdir()
        with Cabin(tmp_path / str(number), words) as cabin:
            assert "/stages/" not in looked_at(cabin)
            assert cabin.ask("/stages/face/1.jpg")[0] == 404


@pytest.mark.slow
@pytest.mark.parametrize("language", LanguageName)
def test_the_sheet_of_the_very_picture_and_what_the_network_says(
    tmp_path: Path, language: LanguageName
) -> None:
    with Cabin(tmp_path, [*ON, f"cabin.language={language}"]) as cabin:
        part = looked_at(cabin)
        found = SHEET.search(part)
        assert found is not None
        live = re.search(r'src="/live/face/(\d+)\.jpg"', part)
        assert live is not None
        assert found[1].endswith(f"/{live[1]}.jpg")
        caption = re.findall(r"<figcaption>(.*?)</figcaption>", part)[1]
        assert re.search(r"\d+\.\d", caption), "the level of the threshold"
        assert re.search(r"\d %", caption), "what the network says"
        status, head, jpeg = cabin.ask(found[1])
        assert (status, head["Content-Type"]) == (200, "image/jpeg")
        sheet = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        size = re.search(r'class="sheet" width="(\d+)" height="(\d+)"', part)
        assert size is not None
        assert sheet.shape[:2] == (int(size[2]), int(size[1]))
        assert cabin.ask("/stages/face/999999.jpg")[0] == 404
        assert cabin.ask("/stages/nobody/1.jpg")[0] == 404


@pytest.mark.slow
def test_a_network_that_is_missing_is_named_and_the_stages_are_shown(tmp_path: Path, repo: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(repo / "models", models, ignore=shutil.ignore_patterns("chain.*", "training"))
    (tmp_path / "cabin").mkdir()
    with Cabin(tmp_path / "cabin", [*ON, f"paths.models={models}"]) as cabin:
        part = looked_at(cabin)
        found = SHEET.search(part)
        assert found is not None
        assert "<code>model_missing</code>" in part
        assert cabin.ask(found[1])[0] == 200


@pytest.mark.slow
def test_a_maker_of_sheets_that_dies_is_started_again(tmp_path: Path) -> None:
    jpeg = cv2.imencode(".jpg", np.full((240, 320, 3), 128, np.uint8))[1].tobytes()
    stager = Stager(load(None, [*ON, f"paths.data={tmp_path}"]))
    before = set(children(os.getpid()))
    try:
        assert stager.shown("face", RingPicture(1, 0.0, jpeg), (), (320, 240)) is not None
        (maker,) = set(children(os.getpid())) - before
        os.kill(maker, signal.SIGKILL)
        assert stager.shown("face", RingPicture(2, 0.0, jpeg), (), (320, 240)) is not None
        assert stager.shown("face", RingPicture(3, 0.0, b"no picture"), (), (320, 240)) is None
    finally:
        stager.close()
    assert set(children(os.getpid())) == before
    assert stager.shown("face", RingPicture(4, 0.0, jpeg), (), (320, 240)) is None, "closed for good"


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(chromium() is None, reason="no Chromium here: apt install chromium")
def test_a_browser_shows_the_sheet_and_renews_it(tmp_path: Path, browser: Browser) -> None:
    with Cabin(tmp_path, ON) as cabin:
        looked_at(cabin)
        for width in (320, 1280):
            browser.be(width)
            browser.go(f"http://127.0.0.1:{cabin.port}/")
            browser.wait(
                "(() => { const one = document.querySelector('img.sheet'); return one.complete; })()"
            )
            assert browser.ask("document.querySelector('img.sheet').naturalWidth") == 984
            assert browser.ask(
                "document.querySelector('img.sheet').getBoundingClientRect().right <= innerWidth"
                " && document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            )
        first = browser.ask("document.querySelector('img.sheet').src")
        cabin.run(2.0)
        cabin.forget()
        browser.wait(f"document.querySelector('img.sheet').src !== {first!r}")
        browser.wait("document.querySelector('img.sheet').naturalWidth === 984")

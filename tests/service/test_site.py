"""What a technician does over the socket: draw, aim, measure, learn, on a running kiosk and by its rules."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from edge.journal.reader import newest
from edge.pictures.ring import RingReader
from edge.service.asks import (
    CommissionOpen,
    Draw,
    Learn,
    LearnEnd,
    LearnRegion,
    Measure,
    Panel,
    Reply,
    Request,
    Restart,
    SeeAim,
    SeeDrawn,
    SeeLearning,
    Undraw,
)
from edge.service.control import ask, done
from edge.settings.drawn import NAME, Drawn, drawn_sum, read_drawn
from edge.terms.aim import PixelClass
from edge.terms.ground import FloorBox, FloorLine, Marks, Mask, Purpose, Spot, Zone
from edge.terms.learning import LearnWhat
from edge.vision.scene.fronts import read_front
from edge.vision.scene.reference import read_references
from hw.camera.masked import MASKED_LEVEL
from tests.benchmark import BenchService
from tests.worlds.desk_world import scripted_desk

SQUARE = (Spot(0.4, 0.5), Spot(0.8, 0.5), Spot(0.8, 0.9), Spot(0.4, 0.9))
PAD = Mask("PIN pad", SQUARE)
CROSSED = (SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3])


class Site:
    """A desk with a commissioning that runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.desk, _ = scripted_desk(folder)
        self.run(3.0)
        self.grant = ""
        self.open()

    def run(self, for_s: float) -> None:
        self.desk.run_to(self.desk.clock.now_s() + for_s)

    def open(self) -> None:
        self.grant = str(self.desk.answer(CommissionOpen(who="R. Mehta"))["grant"])

    def ask(self, request: Request) -> Reply:
        reply = self.desk.answer(request, uid=1000)
        assert reply.pop("version") == 1
        return reply

    def draw(self, drawn: Drawn, *, only_check: bool = False) -> Reply:
        return self.ask(Draw(grant=self.grant, drawn=drawn, only_check=only_check))

    def drawn(self) -> Reply:
        return self.ask(SeeDrawn(grant=self.grant))

    def recorded(self, name: str) -> list[dict[str, object]]:
        self.run(1.0)
        lines = newest(self.folder / "journal.db", 50, 0).lines
        return [msgspec.json.decode(line.data) for line in lines if line.name == name]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.desk.close()


def test_nobody_draws_or_learns_without_the_grant(site: Site) -> None:
    for request in (
        SeeDrawn(),
        Draw(drawn=Drawn(mask=(PAD,))),
        Undraw(kinds=("mask",)),
        SeeAim(grant="00"),
        Measure(marks=Marks()),
        Learn(what=LearnWhat.EMPTY),
        SeeLearning(),
        LearnEnd(),
    ):
        assert site.ask(request)["error"] == "not_granted"
    assert read_drawn(site.folder) is None


def test_what_is_drawn_is_kept_and_in_effect_after_a_restart(site: Site) -> None:
    seen = site.drawn()
    assert (seen["drawn"], seen["restart_wanted"]) == ({}, False)
    assert seen["source"] == {"zone": "default", "floor": "default", "mask": "default"}
    reply = site.draw(Drawn(mask=(PAD,)))
    assert (reply["saved"], reply["restart_wanted"]) == (True, True)
    assert read_drawn(site.folder) == Drawn(mask=(PAD,))
    assert site.ask(Panel())["restart_wanted"] is True
    assert (_ring_picture(site) == MASKED_LEVEL).mean() < 0.05, "not before the restart"

    site.ask(Restart(grant=site.grant))
    site.run(3.0)
    site.open()
    seen = site.drawn()
    assert seen["restart_wanted"] is False
    assert site.ask(Panel())["restart_wanted"] is False
    assert seen["source"] == {"zone": "default", "floor": "default", "mask": "drawn"}
    (mask,) = site.desk.settings.mask
    assert mask == PAD
    picture = _ring_picture(site)
    height, width = picture.shape
    inside = picture[int(0.55 * height) : int(0.85 * height), int(0.45 * width) : int(0.75 * width)]
    assert np.abs(inside.astype(int) - MASKED_LEVEL).max() <= 3
    (line,) = site.recorded("drawn")
    assert (line["kinds"], line["mask"], line["commissioning"]) == ("mask", 1, 1)
    assert line["sha256"] == drawn_sum(Drawn(mask=(PAD,)))

    assert site.ask(Undraw(grant=site.grant, kinds=("mask",)))["restart_wanted"] is True
    assert not (site.folder / NAME).exists()


def _ring_picture(site: Site) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    ring = RingReader(site.folder / "ring-face")
    *_, newest = ring.between(0.0, site.desk.clock.now_s())
    ring.close()
    picture = cv2.imdecode(np.frombuffer(newest.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    return np.asarray(picture, np.uint8)


@pytest.mark.slow
def test_what_cannot_be_is_refused_by_name_and_changes_nothing(site: Site) -> None:
    site.draw(Drawn(mask=(PAD,)))
    above = Zone("z", Purpose.LOITER, SQUARE, "overview")
    reply = site.draw(Drawn(mask=(PAD, Mask("b", CROSSED)), zone=(above,)))
    assert reply["error"] == "drawn_refused"
    assert [problem["key"] for problem in reply["problems"]] == ["zone.1.camera", "mask.2.polygon"]  # type: ignore[attr-defined]
    assert site.draw(Drawn(), only_check=True) == {"saved": False, "restart_wanted": True, "warnings": []}
    assert read_drawn(site.folder) == Drawn(mask=(PAD,))


@pytest.mark.slow
def test_a_mask_that_hides_much_or_faces_is_warned_of(site: Site) -> None:
    large = Mask("large", (Spot(0.5, 0.525), Spot(1, 0.525), Spot(1, 1), Spot(0.5, 1)))
    small = Mask("small", (Spot(0, 0.9), Spot(0.1, 0.9), Spot(0.1, 1.0)))
    warnings = site.draw(Drawn(mask=(large, small)), only_check=True)["warnings"]
    assert warnings == [{"code": "large", "name": "large", "percent": 24, "region": ""}]
    site.desk.stage("enter anna")
    site.run(5.0)
    warnings = site.draw(Drawn(mask=(large, small)), only_check=True)["warnings"]
    assert {"code": "faces", "name": "large", "percent": 100, "region": ""} in warnings  # type: ignore[operator]
    assert not [one for one in warnings if one["name"] == "small"]  # type: ignore[attr-defined]


@pytest.mark.slow
def test_a_damaged_file_is_named_and_costs_the_pictures(site: Site) -> None:
    site.draw(Drawn(mask=(PAD,)))
    content = (site.folder / NAME).read_bytes()
    (site.folder / NAME).write_bytes(content.replace(b"0.5", b"0.1", 1))
    site.ask(Restart(grant=site.grant))
    site.run(1.0)
    site.open()
    assert site.drawn()["trouble"] == "drawn_damaged"
    assert site.desk.broke_off is not None
    assert site.desk.broke_off.code == "drawn_damaged"
    faults = site.ask(Panel())["faults"]
    assert faults == {"eyes": "drawn_damaged", "camera": "camera_gone"}, "the table knows that it is blind"
    site.run(3.0)
    assert any("Fault: drawn_damaged" in text.text for text in site.desk.phone.texts), "and people are told"
    assert site.draw(Drawn(mask=(PAD,)))["saved"] is True, "and it can be drawn again"
    site.ask(Restart(grant=site.grant))
    site.run(5.0)
    site.open()
    assert site.drawn()["trouble"] == ""
    assert "camera" not in site.ask(Panel())["faults"]  # type: ignore[operator]


@pytest.mark.slow
def test_aiming_measures_while_somebody_asks(site: Site) -> None:
    assert site.ask(SeeAim(grant=site.grant)) == {"cameras": {}}
    site.desk.stage("enter anna")
    site.run(4.0)
    (aim,) = site.ask(SeeAim(grant=site.grant))["cameras"].values()  # type: ignore[attr-defined]
    assert aim["faces"] == 1
    assert aim["face"]["pixel_class"] in set(PixelClass)
    site.run(11.0)
    assert site.ask(SeeAim(grant=site.grant)) == {"cameras": {}}, "nobody asked for ten seconds"


def test_the_floor_is_checked_with_a_measured_line(site: Site) -> None:
    """A square that the camera looks straight down at, so that all lengths are in proportion."""
    corners = (Spot(0.4, 0.4), Spot(0.6, 0.4), Spot(0.6, 0.4 + 0.2 * 4 / 3), Spot(0.4, 0.4 + 0.2 * 4 / 3))
    marks = Marks("face", corners, 60.0, 60.0, 220.0)
    lines = (FloorLine(corners[0], corners[1], 60.0), FloorLine(corners[0], Spot(0.5, 0.4), 33.0))
    box = FloorBox(0.4, 0.4, 0.1, 0.1)
    reply = site.ask(Measure(grant=site.grant, marks=marks, lines=lines, boxes=(box,)))
    whole, half = reply["lines"]  # type: ignore[misc]
    assert whole["cm"] == pytest.approx(60.0, rel=0.02)  # type: ignore[has-type]
    assert abs(whole["error_percent"]) < 2.0  # type: ignore[has-type]
    assert half["error_percent"] == pytest.approx(100 * (30 - 33) / 33, abs=1.0)  # type: ignore[has-type]
    assert len(reply["boxes"]) == 1  # type: ignore[arg-type]
    refused = site.ask(Measure(grant=site.grant, marks=Marks(corners=CROSSED)))
    assert refused["error"] == "floor_refused"


def test_the_empty_cabin_is_learnt_while_the_kiosk_runs(site: Site) -> None:
    assert site.ask(Learn(grant=site.grant, what=LearnWhat.EMPTY))["job"] == 1
    assert site.ask(Learn(grant=site.grant, what=LearnWhat.EMPTY))["error"] == "learn_running"
    site.run(3.0)
    learning = site.ask(SeeLearning(grant=site.grant))
    assert learning["state"] == "running"
    assert 0.2 < float(learning["share"]) < 0.7  # type: ignore[arg-type]
    site.run(6.0)
    assert site.ask(SeeLearning(grant=site.grant))["state"] == "done"
    (learnt,) = read_references(site.folder / "reference", "face")
    assert learnt.picture.shape == (60, 80)
    (line,) = site.recorded("learnt")
    assert (line["what"], line["camera"], line["result"]) == ("empty", "face", "done")
    site.run(2.0)
    assert len(read_references(site.folder / "reference", "face")) == 1, "once for one order"


def test_nothing_is_learnt_with_somebody_there(site: Site) -> None:
    site.desk.stage("enter anna")
    site.run(3.0)
    site.ask(Learn(grant=site.grant, what=LearnWhat.EMPTY))
    site.run(3.0)
    learning = site.ask(SeeLearning(grant=site.grant))
    assert (learning["state"], learning["code"]) == ("refused", "cabin_not_empty")
    assert "somebody is seen" in str(learning["detail"])
    assert read_references(site.folder / "reference", "face") == ()
    above = Learn(grant=site.grant, what=LearnWhat.EMPTY, camera="overview")
    assert site.ask(above)["error"] == "no_such_camera"


def test_learning_can_be_ended(site: Site) -> None:
    site.ask(Learn(grant=site.grant, what=LearnWhat.EMPTY))
    site.run(2.0)
    assert site.ask(LearnEnd(grant=site.grant)) == {"ended": True}
    site.run(8.0)
    assert site.ask(SeeLearning(grant=site.grant))["state"] == "none"
    assert read_references(site.folder / "reference", "face") == ()


@pytest.mark.slow
def test_a_front_is_learnt_in_the_regions_that_were_drawn_or_refused_by_its_own_rules(site: Site) -> None:
    small = LearnRegion("keypad", (Spot(0.4, 0.5), Spot(0.5, 0.5), Spot(0.5, 0.6)))
    for region, why in (
        (small, "keypad has 8x6 pixels, 16 each way are needed"),
        (LearnRegion("handle", SQUARE), "a region is one of slot, keypad"),
    ):
        site.ask(Learn(grant=site.grant, what=LearnWhat.FRONT, regions=(region,)))
        site.run(9.0)
        learning = site.ask(SeeLearning(grant=site.grant))
        assert (learning["state"], learning["code"]) == ("refused", "front_refused")
        assert why in str(learning["detail"])
    assert read_front(site.folder / "front", "face") is None

    region = LearnRegion("keypad", SQUARE)
    site.ask(Learn(grant=site.grant, what=LearnWhat.FRONT, regions=(region,), wide="keypad", wide_cm=16.0))
    site.run(9.0)
    assert site.ask(SeeLearning(grant=site.grant))["state"] == "done"
    taught = read_front(site.folder / "front", "face")
    assert taught is not None
    assert taught.regions[0].box == (32, 30, 32, 24)
    assert taught.px_per_cm == pytest.approx(2.0)

    warnings = site.draw(Drawn(mask=(PAD,)), only_check=True)["warnings"]
    assert {"code": "front", "name": "PIN pad", "percent": 100, "region": "keypad"} in warnings  # type: ignore[operator]


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root is given a grant on a kiosk")
def test_on_a_real_kiosk_with_real_eyes(tmp_path: Path) -> None:
    """Over the socket, with the eyes' own process: aim, be refused, draw, start again, learn."""
    run = tmp_path / "run"

    def until(request: Request, true: Callable[[Reply], bool]) -> Reply:
        give_up_s = time.monotonic() + 90.0
        while not true(reply := done(ask(run, request))):
            assert time.monotonic() < give_up_s, reply
            time.sleep(0.3)
        return reply

    def over(learning: Reply) -> bool:
        return learning["state"] != "running"

    def faces(aim: Reply) -> bool:
        cameras = aim["cameras"]
        return isinstance(cameras, dict) and bool(cameras) and cameras["face"]["face"] is not None

    kiosk = BenchService(tmp_path, scene="enter anna")
    try:
        grant = str(done(ask(run, CommissionOpen(who="R. Mehta")))["grant"])
        aim = until(SeeAim(grant=grant), faces)
        assert aim["cameras"]["face"]["face"]["pixel_class"] == "identify"  # type: ignore[index]
        done(ask(run, Learn(grant=grant, what=LearnWhat.EMPTY)))
        learning = until(SeeLearning(grant=grant), over)
        assert learning["code"] == "cabin_not_empty"
        assert done(ask(run, Draw(grant=grant, drawn=Drawn(mask=(PAD,)))))["restart_wanted"] is True
    finally:
        kiosk.close()

    kiosk = BenchService(tmp_path, scene="lights on")
    try:
        grant = str(done(ask(run, CommissionOpen(who="R. Mehta")))["grant"])
        assert done(ask(run, SeeDrawn(grant=grant)))["source"]["mask"] == "drawn"  # type: ignore[index]
        done(ask(run, Learn(grant=grant, what=LearnWhat.EMPTY)))
        assert until(SeeLearning(grant=grant), over)["state"] == "done"
    finally:
        kiosk.close()
    (learnt,) = read_references(tmp_path / "data" / "reference", "face")
    inside = learnt.picture[260:420, 270:500]
    assert (inside == MASKED_LEVEL).all()
    ring = RingReader(run / "ring-face")
    pictures = list(ring.between(0.0, 1e9))
    ring.close()
    assert pictures
    for one in pictures:
        shown = cv2.imdecode(np.frombuffer(one.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert np.abs(np.asarray(shown)[260:420, 270:500].astype(int) - MASKED_LEVEL).max() <= 2

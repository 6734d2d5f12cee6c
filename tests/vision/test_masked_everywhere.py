"""Two cabins that differ behind a mask alone: whatever comes out of one comes out of the other, byte by byte.

Every way in which a picture comes in is tried: the eyes' process, the desk, `look`, `learn`; and no other is
there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.__main__ import main
from edge.bench.desk import Desk, Props, StoryClock
from edge.pictures.ring import RingReader, ring_name
from edge.service.plans import eyes_plans, masks_tag, open_fitted
from edge.settings.load import load
from edge.settings.places import MODELS
from edge.settings.schema import Settings
from edge.terms.observation import CameraHealth
from edge.vision.eyes.child import jpeg_of
from edge.vision.eyes.process import EyesProcess
from edge.vision.eyes.report import decode_report
from edge.vision.face.faces import Faces
from edge.vision.look import Look
from edge.vision.scene.fronts import FrontPicture, FrontRegion, RegionKind, Taught, read_front, write_front
from edge.vision.scene.masking import mask_learnt
from edge.vision.scene.reference import Reference, add_references, read_references
from hw.bench import ClipCamera
from hw.camera.masked import MASKED_LEVEL, Masks
from hw.camera.staged import StagedCabin
from hw.ports import HardwareError
from tests.worlds.desk_world import NoiseCamera, ScriptedLook, ScriptedPeople

PAD = ((0.3, 0.75), (0.62, 0.77), (0.6, 0.97), (0.32, 0.95))
TOML = f"""
[[mask]]
name = "PIN pad"
polygon = {[list(point) for point in PAD]}
"""
Picture = NDArray[np.uint8]


def cabin(hidden_seed: int, *actions: str) -> Picture:
    """The staged cabin with noise where the PIN pad is: another one for another seed, the rest the same."""
    clock = StoryClock()
    stage = StagedCabin(clock)
    for action in actions:
        stage.do(action, 0.0)
    clock.move_to(5.0)
    picture = stage.read().colour
    assert picture is not None
    height, width = picture.shape[:2]
    inside = np.zeros((height, width), np.uint8)
    corners = np.round(np.array(PAD) * (width, height)).astype(np.int32)
    cv2.fillPoly(inside, [corners], (1,))
    inside = np.asarray(cv2.erode(inside, np.ones((3, 3), np.uint8)), np.uint8)
    noise = np.random.default_rng(hidden_seed).integers(0, 255, picture.shape, dtype=np.uint8)
    return np.where(inside[..., None] > 0, noise, picture)


@pytest.fixture
def two(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """Two files whose pictures differ behind the mask alone."""

    def make(*actions: str) -> tuple[Path, Path]:
        paths = tmp_path / "one" / "a.png", tmp_path / "other" / "a.png"
        for seed, path in enumerate(paths):
            path.parent.mkdir(exist_ok=True)
            cv2.imwrite(str(path), cabin(seed, *actions))
        assert paths[0].read_bytes() != paths[1].read_bytes()
        return paths

    return make


def settings_for(tmp_path: Path, toml: str, name: str, *more: str) -> Settings:
    path = tmp_path / "kiosk.toml"
    path.write_text(toml, encoding="utf-8")
    return load(path, [f"paths.data={tmp_path / name}", f"paths.runtime={tmp_path / name}", *more])


@pytest.mark.parametrize("toml", [TOML, ""], ids=["masked", "bare"])
def test_the_cameras_of_the_settings(
    tmp_path: Path, two: Callable[..., tuple[Path, Path]], toml: str
) -> None:
    came = []
    for path in two():
        clip = (f"camera.clip={path}", "camera.source=clip")
        settings = settings_for(tmp_path, toml, path.parent.name, *clip)
        frame = open_fitted(settings, settings.camera).read()
        assert frame is not None
        came.append((jpeg_of(frame), frame.grey.tobytes()))
    assert (came[0] == came[1]) is bool(toml), "without the mask they differ"


def test_a_camera_whose_masks_nobody_knows_gives_no_picture(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "drawn.json").write_text("{", encoding="utf-8")
    settings = settings_for(tmp_path, "", "data")
    with pytest.raises(HardwareError, match="drawn_damaged"):
        open_fitted(settings, settings.camera)


@pytest.mark.parametrize("toml", [TOML, ""], ids=["masked", "bare"])
def test_the_ring_of_the_desk(tmp_path: Path, two: Callable[..., tuple[Path, Path]], toml: str) -> None:
    """A replay and the live bench are desks; what is kept of an incident comes from the ring."""
    kept = []
    for path in two():
        folder = tmp_path / path.parent.name
        settings = settings_for(tmp_path, toml, path.parent.name)
        props = Props(ClipCamera([path]), lambda: ScriptedLook(ScriptedPeople()))
        desk = Desk(settings, props, folder, lambda _: None, StoryClock())
        desk.run_to(0.5)
        desk.close()
        kept.append([one.jpeg for one in RingReader(folder / "ring-face").between(-1.0, 9.0)])
        assert kept[-1]
    assert (kept[0] == kept[1]) is bool(toml)


@pytest.mark.slow
@pytest.mark.parametrize("toml", [TOML, ""], ids=["masked", "bare"])
def test_the_process_of_the_eyes(tmp_path: Path, two: Callable[..., tuple[Path, Path]], toml: str) -> None:
    """A real one, with its networks, as in service: its ring, and what it reports."""
    kept, reports = [], []
    for path in two("enter anna"):
        clip = (f"camera.clip={path}", "camera.source=clip")
        settings = settings_for(tmp_path, toml, path.parent.name, *clip)
        (plan,) = eyes_plans(settings)
        process = EyesProcess(plan)
        said: list[bytes] = []
        try:
            while process.exit_status() is None:
                said += process.reports()
            said += process.reports()
        finally:
            process.kill()
            process.close()
        kept.append(
            [
                one.jpeg
                for one in RingReader(Path(settings.paths.runtime) / ring_name("face")).between(0.0, 1e9)
            ]
        )
        assert kept[-1]
        seen = [decode_report(one).observation for one in said]
        reports.append([(one.faces, one.foreground, one.scene) for one in seen if one is not None])
        assert any(faces for faces, _, _ in reports[-1])
    assert (kept[0] == kept[1]) is bool(toml)
    if toml:
        assert reports[0] == reports[1]


@pytest.mark.slow
def test_look_and_the_stages_that_it_writes(
    tmp_path: Path, two: Callable[..., tuple[Path, Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    said, written = [], []
    settings_for(tmp_path, TOML, "data")
    for number, path in enumerate(two("enter anna")):
        out = tmp_path / f"stages-{number}"
        words = ["look", str(path), "--json", "--stages", str(out), "--set", "vision.chain=true"]
        assert main([*words, "--settings", str(tmp_path / "kiosk.toml")]) == 0
        said.append(capsys.readouterr().out.replace(str(path), "").replace(str(out), ""))
        written.append({one.name: one.read_bytes() for one in out.rglob("*") if one.is_file()})
    assert '"verdict"' in said[0]
    assert said[0] == said[1]
    assert written[0]
    assert written[0] == written[1]


@pytest.mark.slow
@pytest.mark.parametrize("toml", [TOML, ""], ids=["masked", "bare"])
def test_what_is_learnt_of_the_empty_cabin(
    tmp_path: Path, two: Callable[..., tuple[Path, Path]], toml: str
) -> None:
    learnt = []
    for path in two():
        settings = settings_for(tmp_path, toml, path.parent.name)
        data = f"paths.data={settings.paths.data}"
        words = ["learn", "--empty", "--from", str(path), "--at", "12:00", "--set", data]
        assert main([*words, "--settings", str(tmp_path / "kiosk.toml")]) == 0
        (one,) = read_references(Path(settings.paths.data) / "reference", "face")
        learnt.append(one.picture.tobytes())
    assert (learnt[0] == learnt[1]) is bool(toml)


def test_what_was_learnt_before_the_mask_is_masked_on_the_disk(tmp_path: Path) -> None:
    picture = cabin(1)[..., 0]
    add_references(
        tmp_path / "reference",
        [Reference(picture, "face", 1.0, 60, False), Reference(picture, "overview", 1.0, 60, False)],
    )
    region = FrontRegion("slot", RegionKind.SLOT, ((10.0, 10.0), (60.0, 10.0), (60.0, 60.0)))
    write_front(tmp_path / "front", Taught("face", (FrontPicture(picture, 1.0, 60),), (region,), 2.0))
    mask_learnt(tmp_path, "face", [PAD])
    inside = Masks([PAD]).inside(picture.shape)
    (mine,) = read_references(tmp_path / "reference", "face")
    (above,) = read_references(tmp_path / "reference", "overview")
    front = read_front(tmp_path / "front", "face")
    assert front is not None
    for masked in (mine.picture, front.pictures[0].picture):
        assert (masked[inside] == MASKED_LEVEL).all()
        assert np.array_equal(masked[~inside], picture[~inside])
    assert (front.regions, front.px_per_cm, mine.minute_of_day) == ((region,), 2.0, 60)
    assert np.array_equal(above.picture, picture), "the other camera has a mask of its own or none"
    files = sorted(path.name for path in tmp_path.rglob("*.png"))
    assert len(files) == 3, "the bare ones are gone"
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}
    mask_learnt(tmp_path, "face", [PAD])
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")} == stamps, "once is enough"


def test_a_ring_of_other_masks_is_not_continued(tmp_path: Path) -> None:
    """The seconds before the restart that a new mask needs have bare pictures in them."""

    def left(toml: str) -> int:
        """Pictures that stand in the ring when the eyes open it with these settings; then there is one."""
        settings = settings_for(tmp_path, toml, "run")
        (plan,) = eyes_plans(settings)
        assert plan.ring is not None
        put = plan.ring()
        found = list(RingReader(Path(settings.paths.runtime) / ring_name("face")).between(0.0, 9.0))
        put(1.0, b"a picture")
        return len(found)

    assert [left(toml) for toml in ("", "", TOML, TOML, "")] == [0, 1, 0, 1, 0]
    assert masks_tag(settings_for(tmp_path, TOML, "data"), "overview") == b""


@pytest.mark.slow
def test_a_face_behind_a_mask_is_not_seen() -> None:
    """That is the price, of which the page warns."""
    faces, grey = Faces(MODELS), np.ascontiguousarray(cabin(1, "enter anna")[..., 1])
    assert len(faces(grey)) == 1
    assert len(faces(Masks([PAD]).apply(grey))) == 1, "beside the mask"
    over_the_face = ((0.36, 0.36), (0.64, 0.36), (0.64, 0.64), (0.36, 0.64))
    assert faces(Masks([over_the_face]).apply(grey)) == ()


@pytest.mark.slow
def test_a_moved_camera_is_told_behind_a_mask() -> None:
    """The mask stays where it is in the picture; what is around it says that the view has moved."""
    clock = StoryClock()
    stage = StagedCabin(clock)
    masks, look = Masks([PAD]), Look()
    health = CameraHealth.OK
    for number in range(260):
        if number == 100:
            stage.do("camera moved", clock.now_s())
        clock.move_to(number / 5)
        health = look(masks.frame(stage.read())).health
        if health is not CameraHealth.OK:
            break
    assert (health, number > 100) == (CameraHealth.MOVED, True)


def test_no_other_way_leads_to_a_picture(repo: Path) -> None:
    """Anyone who opens a camera or reads a picture's file stands here, and puts it behind the masks."""
    ways = re.compile(r"(?<!def )(?<![\w.])(open_camera|[A-Z]\w*Camera|StagedCabin|decoded_picture)\(")
    found = {
        (path.relative_to(repo).as_posix(), way)
        for path in (repo / "edge").rglob("*.py")
        if path.parent.name != "bench"
        for way in ways.findall(path.read_text(encoding="utf-8"))
    }
    assert found == {
        ("edge/service/plans.py", "open_camera"),  # open_fitted, behind the masks
        ("edge/cli/learn.py", "ClipCamera"),  # behind_masks
        ("edge/cli/learn_normal.py", "ClipCamera"),  # behind_masks
        ("edge/cli/look.py", "decoded_picture"),  # masked_picture
        ("edge/cli/replay.py", "ClipCamera"),  # into a desk, which has behind_masks
        ("edge/cli/enrol_add.py", "decoded_picture"),  # portraits, and kept pictures of a face alone
    }
    # The bench has many cameras, and one place where they are looked through.
    texts = {path.name: path.read_text(encoding="utf-8") for path in (repo / "edge" / "bench").rglob("*.py")}
    looks = {name for name, text in texts.items() if re.search(r"(?<!class )\bStepEyes\(", text)}
    assert looks == {"sight.py"}
    assert "seen = behind_masks(self._settings, eye.camera, eye.name)" in texts["sight.py"]
    assert re.findall(r"(?<!class )\bStepEyes\((\w+),", texts["sight.py"]) == ["seen"]


def test_the_bare_noise_camera_of_these_tests_is_masked_by_a_desk(tmp_path: Path) -> None:
    clock = StoryClock()
    settings = settings_for(tmp_path, TOML, "desk")
    props = Props(NoiseCamera(clock), lambda: ScriptedLook(ScriptedPeople()), 0.2)
    seen: list[Picture] = []
    desk = Desk(settings, props, tmp_path / "desk", lambda _: None, clock)
    desk.watch = lambda frame, _: seen.append(frame.grey)
    desk.run_to(1.0)
    desk.close()
    assert seen
    inside = Masks([PAD]).inside(seen[0].shape)
    assert all((picture[inside] == MASKED_LEVEL).all() for picture in seen)

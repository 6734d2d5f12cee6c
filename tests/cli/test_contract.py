"""The command line as other programs use it: fields, their order, exit codes, and what goes where."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from edge.__main__ import main
from edge.bench.desk import StoryClock
from edge.terms.observation import ThingKind
from hw.camera.port import ColourPicture
from hw.camera.staged import StagedCabin

Run = Callable[..., tuple[int, str, str]]
COMMANDS = (
    *("bench", "replay", "look", "run", "selftest", "status", "events", "release"),
    *("settings", "modem", "panel", "prompts", "distress", "first-boot", "debug-bundle", "learn", "enrol"),
)
VERDICTS = {"proper", "covered", "turned", "several", "none", "unclear"}
COVERS = {"none", "mask", "glasses", "helmet", "scarf", "hand", "other"}
INPUTS = ("door", "exit", "fire", "panic", "case", "vibration")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs one command in this process: exit code, standard output, standard error."""

    def call(*words: str) -> tuple[int, str, str]:
        try:
            code = main(words)
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call


@pytest.fixture(scope="module")
def cabin(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ColourPicture]:
    """Colour pictures of the staged cabin, 480 x 640."""
    pictures = {}
    for name, action in {"anna": "enter anna", "masked": "enter anna with mask", "empty": ""}.items():
        clock = StoryClock()
        stage = StagedCabin(clock)
        if action:
            stage.do(action, 0.0)
        clock.move_to(5.0)
        colour = stage.read().colour
        assert colour is not None
        pictures[name] = colour
    return pictures


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty-six seconds: somebody comes in masked after 1 s and stays. 10 frames a second."""
    path = tmp_path_factory.mktemp("clip") / "masked.mp4"
    clock = StoryClock()
    stage = StagedCabin(clock)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 5.0, (640, 480))
    for number in range(5 * 26):
        clock.move_to(number / 5)
        if number == 5:
            stage.do("enter anna with mask", clock.now_s())
        colour = stage.read().colour
        assert colour is not None
        writer.write(colour)
    writer.release()
    return path


def objects(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def boxes(one: dict[str, object]) -> list[tuple[float, float, float, float]]:
    """The faces' boxes of a picture's object."""
    faces = msgspec.convert(one["faces"], list[dict[str, object]])
    return [msgspec.convert(face["box"], tuple[float, float, float, float]) for face in faces]


def number(value: object) -> float:
    assert isinstance(value, int | float)
    return float(value)


# --- help ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_helps_and_names_its_exit_codes(run: Run, command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert "exit codes:" in out


def test_a_wrong_command_line_is_2(run: Run) -> None:
    for words in (["dance"], [], ["look"], ["replay"], ["settings"], ["look", "--nonsense", "x"]):
        code, out, err = run(*words)
        assert (code, out) == (2, "")
        assert "usage:" in err


# --- look ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_look_says_the_agreed_fields_in_the_agreed_order(
    run: Run, cabin: dict[str, ColourPicture], tmp_path: Path
) -> None:
    for name, picture in cabin.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), picture)
    paths = [str(tmp_path / f"{name}.png") for name in ("masked", "empty", "anna")]
    code, out, _ = run("look", "--json", *paths)
    assert code == 0
    found = objects(out)
    assert [one["path"] for one in found] == paths
    for one in found:
        assert list(one) == ["path", "verdict", "people", "faces", "objects"]
        assert one["verdict"] in VERDICTS
        assert isinstance(one["faces"], list)
        for face in msgspec.convert(one["faces"], list[dict[str, object]]):
            assert list(face) == ["box", "score", "verdict", "cover"]
            assert face["verdict"] in {"proper", "covered", "turned", "unclear"}
            assert face["cover"] in COVERS
            x, y, w, h = msgspec.convert(face["box"], tuple[float, float, float, float])
            assert 0 <= x < x + w <= 640
            assert 0 <= y < y + h <= 480
            assert 0 < number(face["score"]) <= 1
        for thing in msgspec.convert(one["objects"], list[dict[str, object]]):
            assert list(thing) == ["kind", "box", "score"]
            assert thing["kind"] in list(ThingKind)
            x, y, w, h = msgspec.convert(thing["box"], tuple[float, float, float, float])
            assert 0 <= x <= x + w <= 640.1
            assert 0 <= y <= y + h <= 480.1
            assert 0 <= number(thing["score"]) <= 1
    masked, empty, anna = found
    assert (masked["verdict"], masked["people"]) == ("covered", 1)
    assert (empty["verdict"], empty["people"], empty["faces"]) == ("none", 0, [])
    assert (anna["verdict"], anna["people"]) == ("proper", 1)


@pytest.mark.slow
def test_look_takes_folders_in_order_and_goes_on_after_a_broken_picture(
    run: Run, cabin: dict[str, ColourPicture], tmp_path: Path
) -> None:
    folder = tmp_path / "some pictures"
    folder.mkdir()
    cv2.imwrite(str(folder / "b.jpg"), cabin["anna"])
    cv2.imwrite(str(folder / "a.png"), cabin["empty"])
    (folder / "c.jpg").write_bytes(b"")
    (folder / "d.jpg").write_bytes((folder / "b.jpg").read_bytes()[:300])
    (folder / "notes.txt").write_text("no picture")
    missing = tmp_path / "missing.png"
    code, out, err = run("look", "--json", str(folder), str(missing), str(folder / "notes.txt"))
    assert code == 1
    assert err == ""
    found = objects(out)
    names = [Path(str(one["path"])).name for one in found]
    assert names == ["a.png", "b.jpg", "c.jpg", "d.jpg", "missing.png", "notes.txt"]
    assert [list(one) == ["path", "error"] for one in found] == [False, False, True, True, True, True]
    assert found[2]["error"] == "the file is empty"
    assert found[4]["error"] == "no such file or directory"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["grey", "alpha", "16-bit", "grey-16-bit", "12 MP", "small"])
def test_look_takes_every_kind_of_picture(
    run: Run, cabin: dict[str, ColourPicture], tmp_path: Path, kind: str
) -> None:
    anna = cabin["anna"]
    x_scale = 1.0
    match kind:
        case "grey":
            picture = cv2.cvtColor(anna, cv2.COLOR_BGR2GRAY)
        case "alpha":
            picture = cv2.cvtColor(anna, cv2.COLOR_BGR2BGRA)
        case "16-bit":
            picture = anna.astype(np.uint16) * 257
        case "grey-16-bit":
            picture = cv2.cvtColor(anna, cv2.COLOR_BGR2GRAY).astype(np.uint16) * 257
        case "12 MP":
            picture, x_scale = cv2.resize(anna, (4000, 3000)), 4000 / 640
        case _:
            picture, x_scale = cv2.resize(anna, (160, 120), interpolation=cv2.INTER_AREA), 0.25
    path = tmp_path / "picture.png"
    cv2.imwrite(str(path), picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    code, out, _ = run("look", "--json", str(path))
    assert code == 0
    (one,) = objects(out)
    assert one["people"] == 1
    ((left, _, width, _),) = boxes(one)
    middle = (left + width / 2) / x_scale
    assert 280 < middle < 360, "boxes are in the picture's own pixels"
    if kind != "small":
        assert one["verdict"] == "proper"


@pytest.mark.slow
def test_look_turns_a_picture_as_its_camera_says(
    run: Run, cabin: dict[str, ColourPicture], tmp_path: Path
) -> None:
    lying = cv2.rotate(cabin["anna"], cv2.ROTATE_90_COUNTERCLOCKWISE)
    _, coded = cv2.imencode(".jpg", lying)
    # APP1 with one Exif entry: orientation 6, to be turned clockwise (CIPA DC-008, 4.6.4).
    tiff = b"II*\0\x08\0\0\0" + b"\x01\0" + b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" + b"\0\0\0\0"
    body = b"Exif\0\0" + tiff
    path = tmp_path / "lying.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + coded.tobytes()[2:])
    code, out, _ = run("look", "--json", str(path))
    assert code == 0
    (one,) = objects(out)
    assert one["verdict"] == "proper"
    ((_, _, width, height),) = boxes(one)
    assert height > width, "an upright face, in the upright picture's pixels"


def test_look_reads_tiny_pictures_and_refuses_smaller_ones(run: Run, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "ok.png"), np.full((32, 32, 3), 90, np.uint8))
    cv2.imwrite(str(tmp_path / "small.png"), np.full((31, 40, 3), 90, np.uint8))
    code, out, _ = run("look", "--json", str(tmp_path / "ok.png"), str(tmp_path / "small.png"))
    assert code == 1
    ok, small = objects(out)
    assert ok["verdict"] == "none"
    assert "32" in str(small["error"])


@pytest.mark.slow
def test_look_in_words(run: Run, cabin: dict[str, ColourPicture], tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), cabin["anna"])
    code, out, err = run("look", str(tmp_path / "a.png"))
    assert (code, err) == (0, "")
    assert out == f"{tmp_path / 'a.png'}: proper, people: 1\n"


# --- replay ----------------------------------------------------------------------------------------

QUICK = ("--set", "flow.lock_after_s=8", "--set", "flow.adjust_after_s=2", "--set", "flow.prompt_lead_s=3")
FIELDS = {
    "state": {"name", "from"},
    "event": {"name"},
    "fact": {"name"},
    "command": {"name"},
    "sms": {"to", "text"},
    "prompt": {"text"},
    "typed": {"name", "said"},
}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_replay_locks_and_opens_by_the_code_of_the_sms(run: Run, clip: Path, tmp_path: Path) -> None:
    film = tmp_path / "out.mp4"
    words = ("replay", "--json", str(clip), *QUICK, "--keys", "16:WRONG", "--keys", "19.5:CODE")
    code, out, err = run(*words, "--at", "24:fire on", "--at", "25:fire off", "--video", str(film))
    assert (code, err) == (0, "")
    found = objects(out)
    times = [number(one["t"]) for one in found]
    assert times == sorted(times)
    for one in found:
        assert list(one)[:2] == ["t", "kind"]
        assert set(one) >= FIELDS[str(one["kind"])]
    states = [one["name"] for one in found if one["kind"] == "state"]
    assert states == ["checking", "warned", "locked", "released", "emergency", "released"]
    doors = [one["door"] for one in found if "door" in one and one["kind"] == "command"]
    assert doors == ["unlocked", "locked", "unlocked"]
    verdicts = [one["verdict"] for one in found if one.get("name") == "entry_judged"]
    assert verdicts == ["wrong", "right"]
    sms = [one for one in found if one["kind"] == "sms"]
    assert sms[0]["to"] == "watchman"
    assert "CODE " in str(sms[0]["text"])
    assert {str(one["to"]) for one in sms} <= {"watchman", "watchman2", "control_room"}
    fire = next(number(one["t"]) for one in found if one.get("input") == "fire")
    assert 24.0 <= fire <= 24.1
    capture = cv2.VideoCapture(str(film))
    frames = 0
    while capture.read()[0]:
        frames += 1
    assert (capture.get(cv2.CAP_PROP_FPS), frames) == (15.0, 15 * 26), "as long as the recording"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_replay_prints_facts_with_camera_rule_and_end(run: Run, tmp_path: Path) -> None:
    """The lights go out and come on again."""
    random = np.random.default_rng(0)
    room = np.kron(random.integers(40, 200, (30, 40)), np.ones((8, 8)))[..., None] * np.ones(3)
    path = tmp_path / "dark.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10.0, (320, 240))
    for index in range(160):
        lit = room if not 40 <= index < 100 else np.zeros_like(room)
        writer.write(np.clip(lit + random.normal(4, 2, room.shape), 0, 255).astype(np.uint8))
    writer.release()
    code, out, _ = run("replay", "--json", str(path), "--loop", "16")
    assert code == 0
    facts = [one for one in objects(out) if one["kind"] == "fact"]
    names = [str(one["name"]) for one in facts]
    assert [name for name in names if "dark" in name or "obstructed" in name] == [
        "camera_dark",
        "camera_obstructed",
        "camera_dark_ended",
        "camera_obstructed_ended",
    ]
    dark = facts[names.index("camera_dark")]
    assert (dark["camera"], dark["rule"], dark["health"]) == ("face", "The picture is black", "dark")
    assert 4.0 < number(dark["t"]) < 9.0
    assert 10.0 < number(facts[names.index("camera_dark_ended")]["t"]) < 16.0


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_replay_is_the_same_every_time(clip: Path, repo: Path) -> None:
    """In two processes, which hash differently."""
    words = ("replay", "--json", str(clip), *QUICK, "--loop", "20", "--keys", "16:CODE", "--at", "18:exit on")
    runs = [command(repo, *words, PYTHONHASHSEED=str(seed)) for seed in (1, 2)]
    assert runs[0].returncode == 0
    assert runs[0].stdout
    assert runs[0].stdout == runs[1].stdout
    assert number(objects(runs[0].stdout)[-1]["t"]) >= 18


@pytest.mark.slow
def test_replay_plays_several_clips_on_one_clock(run: Run, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    paths = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}.mp4"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10.0, (320, 240))
        for _ in range(20):
            writer.write(random.integers(60, 180, (240, 320, 3), dtype=np.uint8))
        writer.release()
        paths.append(str(path))
    code, out, _ = run("replay", "--json", *paths, "--at", "3:case on", "--loop", "5", "--at", "4.5:case off")
    assert code == 0
    moved = [one for one in objects(out) if one.get("input") == "case"]
    assert [one["active"] for one in moved] == [True, False]
    assert [float(str(one["t"])) for one in moved] == pytest.approx([3.0, 4.5], abs=0.15)
    code, out, err = run("replay", "--json", paths[0], "--keys", "9:123")
    assert code == 1, "what never happened is no success"
    assert "the recording ended before 9 s" in err


@pytest.mark.slow
@pytest.mark.parametrize("name", INPUTS)
def test_replay_knows_every_input(run: Run, tmp_path: Path, name: str) -> None:
    path = tmp_path / "one.png"
    cv2.imwrite(str(path), np.full((240, 320, 3), 90, np.uint8))
    code, out, _ = run(
        "replay", "--json", str(path), "--loop", "1", "--at", f"0.2:{name} on", "--at", f"0.7:{name} off"
    )
    assert code == 0
    moved = [(one["active"]) for one in objects(out) if one.get("input") == name]
    assert moved == [True, False]


@pytest.mark.parametrize(
    "words",
    [
        ("--keys", "nonsense"),
        ("--keys", "5:12x"),
        ("--keys", "-1:123"),
        ("--keys", "nan:123"),
        ("--keys", "5:"),
        ("--at", "5:kitchen on"),
        ("--at", "5:fire maybe"),
        ("--at", "fire on"),
        ("--loop", "0"),
        ("--loop", "nan"),
        ("--loop", "x"),
    ],
)
def test_replay_refuses_what_it_does_not_understand(run: Run, words: tuple[str, ...]) -> None:
    code, out, err = run("replay", "clip.mp4", *words)
    assert (code, out) == (2, "")
    assert words[0] in err


# --- bench -----------------------------------------------------------------------------------------


def test_bench_lists_stories_and_words(run: Run) -> None:
    code, out, _ = run("bench", "--list")
    assert code == 0
    for word in ("proper-face", "never-shown", "two-persons", "actions:", "things to see:"):
        assert word in out


@pytest.mark.slow
def test_bench_plays_a_story_from_a_file(run: Run, tmp_path: Path) -> None:
    good = tmp_path / "good.story"
    good.write_text("title Short\n+0.5 case on\nby +1 see command tell\n")
    code, out, _ = run("bench", "--story", str(good))
    assert code == 0
    assert out.splitlines()[-1].startswith("good: as it should be")
    bad = tmp_path / "bad.story"
    bad.write_text("+0.5 case on\nby +1 see state locked\n")
    code, out, _ = run("bench", "--story", str(bad))
    assert code == 1
    assert "line 2: state locked: not seen by 1.5 s" in out
    code, out, err = run("bench", "--json", "--story", str(bad))
    assert code == 1
    assert all(one["kind"] in FIELDS for one in objects(out))
    assert "line 2: state locked" in err


# --- the rest --------------------------------------------------------------------------------------


def test_settings_are_checked_and_shown(run: Run, tmp_path: Path) -> None:
    code, out, err = run("settings", "--check", "--set", "flow.siren_s=60")
    assert (code, err) == (0, "")
    code, out, _ = run("settings", "--show", "--set", "people.watchman=+15550123")
    assert code == 0
    assert "+…23" in out
    assert "5550123" not in out


def command(repo: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """One command in a process of its own, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "edge", *words],
        cwd=repo,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_bench_without_a_terminal_plays_a_story_and_ends(repo: Path) -> None:
    done = command(repo, "bench")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "no terminal" in done.stderr
    assert "never-shown: as it should be" in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("door", "ends"), [((), "vacant"), (("--at", "0.1:door off"), "warned")])
def test_whoever_leaves_a_recording_without_a_door_has_left(
    run: Run, clip: Path, tmp_path: Path, door: tuple[str, ...], ends: str
) -> None:
    """Twelve seconds of somebody masked, then the empty cabin.

    Behind a door that never opened they are held present, but nobody is locked of whom no body is seen.
    """
    capture = cv2.VideoCapture(str(clip))
    path = tmp_path / "leaves.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 5.0, (640, 480))
    frames = [cv2.resize(capture.read()[1], (640, 480)) for _ in range(60)]
    random = np.random.default_rng(1)
    noises = [random.normal(0, 2, frames[0].shape).astype(np.float32) for _ in range(7)]
    for frame, noise in zip([*frames, *[frames[0]] * 60], cycle(noises), strict=False):
        writer.write((frame + noise).clip(0, 255).astype(np.uint8))
    writer.release()
    soon = ("--set", "flow.lock_after_s=15", "--set", "flow.adjust_after_s=3")  # warned to the end by then
    code, out, _ = run("replay", "--json", str(path), *soon, *door)
    assert code == 0
    assert [one["name"] for one in objects(out) if one["kind"] == "state"][-1] == ends

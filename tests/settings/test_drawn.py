"""What was drawn on the page: read over the settings, refused by name, and whole after any power cut."""

from __future__ import annotations

import math
import os
import resource
from pathlib import Path

import msgspec
import pytest

from edge.cli.main import main
from edge.faults.fault import FaultError
from edge.service.asks import Draw
from edge.service.control import LONGEST
from edge.settings.drawn import (
    LARGEST_BYTES,
    NAME,
    Drawn,
    drawn_problems,
    masks_of,
    read_drawn,
    usable_drawn,
    with_drawn,
    write_drawn,
)
from edge.settings.load import changed, load
from edge.settings.schema import Settings
from edge.terms.ground import Marks, Mask, Purpose, Spot, Zone

SQUARE = (Spot(0.2, 0.2), Spot(0.6, 0.2), Spot(0.6, 0.7), Spot(0.2, 0.7))
CROSSED = (Spot(0.2, 0.2), Spot(0.6, 0.7), Spot(0.6, 0.2), Spot(0.2, 0.7))
PAD = Mask("PIN pad", SQUARE)
DOOR = Zone("door", Purpose.LOITER, SQUARE)
SMALL = Drawn(mask=(Mask("pad", SQUARE[:3]),))
ALL = Drawn((DOOR,), Marks(corners=SQUARE, width_cm=84.1), (PAD,))


def _settings(tmp_path: Path, text: str = "") -> Settings:
    path = tmp_path / "kiosk.toml"
    path.write_text(f"{text}\n[paths]\ndata = '{tmp_path}'\n", encoding="utf-8")
    return load(path)


def _code(tmp_path: Path) -> str:
    with pytest.raises(FaultError) as caught:
        read_drawn(tmp_path)
    return caught.value.code


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    assert read_drawn(tmp_path) is None
    assert read_drawn(tmp_path / "nowhere") is None
    for drawn in (ALL, Drawn(mask=()), Drawn(zone=(DOOR,)), Drawn(floor=Marks())):
        write_drawn(tmp_path, drawn)
        assert read_drawn(tmp_path) == drawn
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    write_drawn(tmp_path, Drawn())
    assert list(tmp_path.iterdir()) == [], "nothing drawn leaves nothing"
    whole = Mask("whole numbers", (Spot(0, 0), Spot(1, 0), Spot(1, 1)))
    write_drawn(tmp_path, Drawn(mask=(whole,)))
    assert read_drawn(tmp_path) == Drawn(mask=(whole,))
    with pytest.raises(msgspec.ValidationError):
        write_drawn(tmp_path, Drawn(mask=(Mask("outside", (Spot(0, 0), Spot(1.5, 0), Spot(1, 1))),)))
    assert read_drawn(tmp_path) == Drawn(mask=(whole,))


def test_as_much_as_can_be_drawn_has_room(tmp_path: Path) -> None:
    """Circles of 32 points with all their digits, as many as the lists allow; in a file and in a request."""
    angles = [2.0 * math.pi * number / 32.0 for number in range(32)]
    circle = tuple(Spot(0.5 + 0.4 * math.cos(at), 0.5 + 0.4 * math.sin(at)) for at in angles)
    smaller = tuple(Spot(0.5 + 0.25 * math.cos(at), 0.5 + 0.25 * math.sin(at)) for at in angles)
    name = "ä" * 20
    most = Drawn(
        tuple(
            Zone(f"{name}{number:02}", Purpose.FORBIDDEN, circle, hours="22:00-06:00") for number in range(16)
        ),
        ALL.floor,
        tuple(Mask(f"{name}{number:02}", smaller) for number in range(8)),
    )
    assert drawn_problems(most, Settings()) == ()
    write_drawn(tmp_path, most)
    assert read_drawn(tmp_path) == most
    assert (tmp_path / NAME).stat().st_size < LARGEST_BYTES
    assert len(msgspec.json.encode(Draw(grant="0" * 64, drawn=most))) < LONGEST


TOML = """
[[mask]]
name = "own mask"
polygon = [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2]]

[[zone]]
name = "own zone"
purpose = "forbidden"
polygon = [[0, 0.2], [0.3, 0.2], [0.3, 0.9]]
"""


def test_a_drawn_list_holds_instead_of_the_files_own_as_a_whole(tmp_path: Path) -> None:
    write_drawn(tmp_path, Drawn(mask=(PAD,)))
    settings = _settings(tmp_path, TOML)
    assert settings.mask == (PAD,)
    assert [zone.name for zone in settings.zone] == ["own zone"], "of that kind nothing was drawn"
    write_drawn(tmp_path, Drawn(zone=(), mask=()))
    assert (_settings(tmp_path, TOML).zone, _settings(tmp_path, TOML).mask) == ((), ())
    write_drawn(tmp_path, Drawn())
    assert [mask.name for mask in _settings(tmp_path, TOML).mask] == ["own mask"]


def test_the_command_says_where_a_value_comes_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_drawn(tmp_path, Drawn(mask=(PAD,), floor=ALL.floor))
    _settings(tmp_path, TOML)
    assert main(["settings", "--show", "--settings", str(tmp_path / "kiosk.toml")]) == 0
    shown = capsys.readouterr().out.splitlines()
    marked = [line.split("    # ")[0] for line in shown if line.endswith("# drawn on the page")]
    assert [line[:6] for line in marked] == ["mask =", "[floor"]
    assert main(["settings", "--show", "--json", "--settings", str(tmp_path / "kiosk.toml")]) == 0
    tables = msgspec.json.decode(capsys.readouterr().out)
    assert tables["drawn"] == ["floor", "mask"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("drawn", "key", "detail"),
    [
        (Drawn(mask=(Mask("a", SQUARE[:2]),)), "mask.1.polygon", "needs three points at least, not 2"),
        (Drawn(mask=(PAD, Mask("b", CROSSED))), "mask.2.polygon", "crosses itself"),
        (Drawn(mask=(PAD, PAD)), "mask.2.name", "is that of mask.1, too"),
        (Drawn(mask=(Mask("a", SQUARE, "overview"),)), "mask.1.camera", "overview is not fitted"),
        (Drawn(zone=(Zone("a", Purpose.MACHINE, CROSSED),)), "zone.1.polygon", "crosses itself"),
        (
            Drawn(mask=(PAD, Mask("b", (Spot(0, 0), Spot(0.6, 0), Spot(0.6, 0.7), Spot(0, 0.7))))),
            "mask.2.polygon",
            "of the picture: at most 25%",
        ),
        (Drawn(floor=Marks(corners=SQUARE[:3])), "floor.corners", "needs four points or none, not 3"),
    ],
)
def test_what_cannot_be_is_refused_by_the_rules_of_the_file(
    tmp_path: Path, drawn: Drawn, key: str, detail: str
) -> None:
    (problem,) = drawn_problems(drawn, Settings())
    assert problem.key == key
    assert detail in problem.detail
    write_drawn(tmp_path, drawn)
    with pytest.raises(FaultError, match="drawn_damaged") as caught:
        usable_drawn(_settings(tmp_path))
    assert detail in caught.value.detail
    assert drawn_problems(ALL, Settings()) == ()


def test_every_changed_byte_is_noticed(tmp_path: Path) -> None:
    """No change of a byte, and no piece of the file, reads as other masks."""
    write_drawn(tmp_path, SMALL)
    path = tmp_path / NAME
    whole = path.read_bytes()
    refused: list[str] = []
    for at in range(len(whole)):
        for content in (whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], whole[:at]):
            path.write_bytes(content)
            try:
                assert read_drawn(tmp_path) == SMALL, "a blank more or less may be there"
            except FaultError as fault:
                refused.append(fault.code)
    assert set(refused) == {"drawn_damaged"}
    assert len(refused) > len(whole)


def test_a_later_version_is_refused_as_such(tmp_path: Path) -> None:
    write_drawn(tmp_path, ALL)
    path = tmp_path / NAME
    later = path.read_bytes().replace(b'"version": 1', b'"version": 2')
    path.write_bytes(later.replace(b'"drawn"', b'"painted"'))
    assert _code(tmp_path) == "drawn_newer"


def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    write_drawn(tmp_path, ALL)
    path = tmp_path / NAME
    path.chmod(0o620)
    assert _code(tmp_path) == "drawn_foreign"
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert _code(tmp_path) == "drawn_damaged", "a link is not followed"
    path.unlink()
    os.mkfifo(path)
    assert _code(tmp_path) == "drawn_foreign", "and a pipe is not waited for"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    write_drawn(tmp_path, ALL)
    os.chown(tmp_path / NAME, 65534, 65534)
    assert _code(tmp_path) == "drawn_foreign"
    os.chown(tmp_path, 65534, 65534)
    assert read_drawn(tmp_path) == ALL, "the folder's own user"
    os.chown(tmp_path / NAME, 0, 0)
    assert read_drawn(tmp_path) == ALL, "root"


def test_a_power_cut_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    """At every byte of the new file, and between it and its name."""
    old, new = Drawn(mask=()), SMALL
    write_drawn(tmp_path, new)
    content = (tmp_path / NAME).read_bytes()
    write_drawn(tmp_path, old)
    part = tmp_path / f".{NAME}.part"
    for written in range(len(content) + 1):
        part.write_bytes(content[:written])
        assert read_drawn(tmp_path) == old
    write_drawn(tmp_path, new)
    assert read_drawn(tmp_path) == new, "what a cut left is in nobody's way"
    assert not part.exists()


def test_a_disk_that_is_full_at_any_byte_leaves_the_old_file(tmp_path: Path) -> None:
    old = Drawn(mask=(PAD,))
    write_drawn(tmp_path, ALL)
    size = (tmp_path / NAME).stat().st_size
    write_drawn(tmp_path, old)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    for written in range(0, size, 3):
        resource.setrlimit(resource.RLIMIT_FSIZE, (written, before[1]))
        try:
            with pytest.raises(OSError, match="too large"):
                write_drawn(tmp_path, ALL)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert read_drawn(tmp_path) == old


def test_nothing_is_named_before_it_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    did: list[str] = []
    sync, rename = os.fsync, Path.rename

    def synced(handle: int) -> None:
        did.append("sync " + Path(f"/proc/self/fd/{handle}").readlink().name)
        sync(handle)

    def renamed(path: Path, to: Path) -> Path:
        did.append(f"rename {path.name}")
        return rename(path, to)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    write_drawn(tmp_path, ALL)
    assert did == [f"sync .{NAME}.part", f"rename .{NAME}.part", f"sync {tmp_path.name}"]


@pytest.mark.parametrize("code", ["drawn_damaged", "drawn_newer"])
def test_masks_that_cannot_be_read_cost_the_pictures(tmp_path: Path, code: str) -> None:
    content = {"drawn_damaged": b"{", "drawn_newer": b'{"version": 9}'}[code]
    (tmp_path / NAME).write_bytes(content)
    settings = _settings(tmp_path, TOML)
    for camera in ("face", "overview"):
        with pytest.raises(FaultError, match=code):
            masks_of(settings, camera)
    again = changed(settings, "flow.code_digits=4")
    with pytest.raises(FaultError, match=code):
        masks_of(again, "face")


def test_masks_are_those_of_their_own_camera(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(Settings(), mask=(PAD, Mask("above", SQUARE[:3], "overview")))
    assert masks_of(settings, "face") == (((0.2, 0.2), (0.6, 0.2), (0.6, 0.7), (0.2, 0.7)),)
    assert len(masks_of(settings, "overview")[0]) == 3
    assert with_drawn(msgspec.structs.replace(settings, paths=Settings().paths)).mask == settings.mask


def test_what_cannot_be_used_is_said_when_the_settings_are_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / NAME).write_bytes(b"[]")
    _settings(tmp_path, "[people]\nwatchman = '+4670000001'\n[camera]\nsource = 'usb'")
    assert main(["settings", "--show", "--settings", str(tmp_path / "kiosk.toml")]) == 0
    assert "fault:  drawn_damaged" in capsys.readouterr().err
    assert main(["settings", "--check", "--settings", str(tmp_path / "kiosk.toml")]) != 0
    assert "fault:  drawn_damaged" in capsys.readouterr().err

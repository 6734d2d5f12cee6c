"""Zones and marks on the floor: read as drawn, shown again, and refused by name and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.settings.areas import is_inside, share_inside
from edge.settings.load import SettingsError, load
from edge.settings.schema import EXAMPLE, Settings
from edge.settings.show import show
from edge.terms.ground import Purpose, Spot

ZONE = """
[[zone]]
name = "behind"
purpose = "forbidden"
polygon = [[0, 0.2], [0.3, 0.2], [0.3, 0.9]]
hours = "22:00-06:00"

[[zone]]
name = "machine"
purpose = "machine"
polygon = [[0.4, 0.4], [0.6, 0.4], [0.6, 0.9], [0.4, 0.9]]
"""


def _load(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "kiosk.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def _problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        _load(tmp_path, text)
    return [str(problem) for problem in caught.value.problems]


def test_zones_are_read_and_shown_as_they_were_drawn(tmp_path: Path) -> None:
    settings = _load(tmp_path, ZONE)
    assert [(zone.name, zone.purpose, zone.camera, zone.hours) for zone in settings.zone] == [
        ("behind", Purpose.FORBIDDEN, "face", "22:00-06:00"),
        ("machine", Purpose.MACHINE, "face", ""),
    ]
    assert settings.zone[0].polygon[1] == Spot(0.3, 0.2)
    assert _load(tmp_path, show(settings)).zone == settings.zone, "what is shown can be loaded"


def test_the_floor_is_read_and_shown(tmp_path: Path) -> None:
    text = "[floor]\ncorners = [[0.3, 0.9], [0.6, 0.9], [0.55, 0.7], [0.35, 0.7]]\nwidth_cm = 84.1\n"
    settings = _load(tmp_path, text)
    assert settings.floor.corners[2] == Spot(0.55, 0.7)
    assert (settings.floor.width_cm, settings.floor.camera_height_cm) == (84.1, 220)
    assert _load(tmp_path, show(settings)).floor == settings.floor


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "[[0, 0.2], [0.3, 0.2], [0.3, 0.9]]",
            "[[0, 0.2], [0.3, 0.2]]",
            "settings_out_of_bounds: zone.1.polygon needs three points at least, not 2 (kiosk.toml line 5)",
        ),
        (
            "[[0, 0.2], [0.3, 0.2], [0.3, 0.9]]",
            "[[0, 0], [0.5, 0.5], [0.5, 0], [0, 0.5]]",
            "settings_out_of_bounds: zone.1.polygon crosses itself: name its points one after the other",
        ),
        (
            "[[0, 0.2], [0.3, 0.2], [0.3, 0.9]]",
            "[[0, 0], [0.5, 0.5], [1, 1]]",
            "settings_out_of_bounds: zone.1.polygon has no inside",
        ),
        (
            "[0.3, 0.9]]",
            "[0.3, 1.2]]",
            "settings_out_of_bounds: zone.1.polygon must be 3 to 32 points [x, y], each a fraction 0 to 1",
        ),
        (
            '"22:00-06:00"',
            '"22:00-25:00"',
            'settings_out_of_bounds: zone.1.hours must be such as "22:00-06:00", or empty (kiosk.toml line',
        ),
        (
            '"22:00-06:00"',
            '"06:00-06:00"',
            "settings_out_of_bounds: zone.1.hours is no time at all: leave it empty for always",
        ),
        (
            'purpose = "machine"',
            'purpose = "fun"',
            'settings_out_of_bounds: zone.2.purpose must be one of "machine", "forbidden", "loiter", "ign'
            'ored" (kiosk.toml line 10)',
        ),
        ('purpose = "machine"\n', "", "settings_wrong_type: zone.2.purpose is missing (kiosk.toml line 8)"),
        ('name = "machine"', 'nam = "machine"', "settings_unknown_key: zone.2.nam (kiosk.toml line 9)"),
        (
            'name = "machine"',
            'name = "behind"',
            "settings_conflict: zone.2.name is that of zone.1, too (kiosk.toml line 9)",
        ),
        (
            'name = "machine"',
            'name = "machine"\ncamera = "overview"',
            "settings_conflict: zone.2.camera = overview is not fitted (kiosk.toml line 10)",
        ),
    ],
)
def test_a_zone_that_cannot_be_is_refused_by_name_and_line(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    assert old in ZONE
    assert _problems(tmp_path, ZONE.replace(old, new, 1))[0].startswith(expected)


@pytest.mark.parametrize(
    ("corners", "expected"),
    [
        ("[[0.3, 0.9], [0.6, 0.9], [0.5, 0.7]]", "floor.corners needs four points or none, not 3"),
        ("[[0.3, 0.9], [0.6, 0.9], [0.3, 0.7], [0.6, 0.7]]", "floor.corners must go around the rectangle"),
        ("[[0.3, 0.9], [0.6, 0.9], [0.55, 0.7], [0.58, 0.85]]", "floor.corners must go around"),
        ("[[0.3, 0.9], [0.32, 0.9], [0.32, 0.88], [0.3, 0.88]]", "floor.corners lie too close together"),
        ("[[0.3, 0.9], [0.6, 0.9], [0.5, 0.7], [0.4, -0.7]]", "floor.corners must be 4 points [x, y]"),
    ],
)
def test_marks_of_no_floor_are_refused(tmp_path: Path, corners: str, expected: str) -> None:
    problem = _problems(tmp_path, f"[floor]\ncorners = {corners}\n")[0]
    assert problem.startswith(f"settings_out_of_bounds: {expected}")
    assert problem.endswith("(kiosk.toml line 2)")


def test_a_zone_that_is_no_table_is_refused(tmp_path: Path) -> None:
    assert _problems(tmp_path, "zone = [3]\n") == [
        "settings_wrong_type: zone.1 is a table, [[zone]] (kiosk.toml line 1)"
    ]


def test_the_zone_of_the_example_is_one(tmp_path: Path) -> None:
    """The comment can be used as it stands: its hashes removed, it loads."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    begin = lines.index("#     [[zone]]")
    end = next(at for at in range(begin, len(lines)) if not lines[at].startswith("#"))
    text = "\n".join(
        line.removeprefix("#") for line in lines[begin:end] if "stay there (loiter_s)" not in line
    )
    assert _load(tmp_path, text).zone[0].hours == "22:00-06:00"


# --- masks -----------------------------------------------------------------------------------------

MASK = """
[[mask]]
name = "PIN pad"
polygon = [[0.4, 0.8], [0.6, 0.8], [0.6, 0.95]]

[[mask]]
name = "desk"
polygon = [[0.1, 0.1], [0.2, 0.1], [0.2, 0.3], [0.1, 0.3]]
camera = "face"
"""


def test_masks_are_read_and_shown_as_they_were_drawn(tmp_path: Path) -> None:
    settings = _load(tmp_path, MASK)
    assert [(mask.name, mask.camera, len(mask.polygon)) for mask in settings.mask] == [
        ("PIN pad", "face", 3),
        ("desk", "face", 4),
    ]
    assert _load(tmp_path, show(settings)).mask == settings.mask


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("[0.6, 0.95]]", "]", "settings_out_of_bounds: mask.1.polygon needs three points at least, not 2"),
        (
            "[0.6, 0.95]]",
            "[0.8, 0.8]]",
            "settings_out_of_bounds: mask.1.polygon has no inside (kiosk.toml li",
        ),
        ("[0.6, 0.95]]", "[0.6, 1.95]]", "settings_out_of_bounds: mask.1.polygon must be 3 to 32 points"),
        (
            'name = "desk"',
            'name = "PIN pad"',
            "settings_conflict: mask.2.name is that of mask.1, too (kiosk.",
        ),
        (
            'camera = "face"',
            'camera = "overview"',
            "settings_conflict: mask.2.camera = overview is not fitted",
        ),
        ('camera = "face"', 'camera = "back"', 'settings_out_of_bounds: mask.2.camera must be "face" or'),
        ('name = "desk"', "", "settings_wrong_type: mask.2.name is missing (kiosk.toml line 6)"),
        ('name = "desk"', 'purpose = "machine"', "settings_unknown_key: mask.2.purpose (kiosk.toml line 7)"),
    ],
)
def test_a_mask_that_cannot_be_is_refused_by_name_and_line(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    """Settings with such a mask are no settings: a kiosk does not start without its masks."""
    assert old in MASK
    assert _problems(tmp_path, MASK.replace(old, new, 1))[0].startswith(expected)


def test_the_mask_of_the_example_is_one(tmp_path: Path) -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    begin = lines.index("#     [[mask]]")
    end = next(at for at in range(begin, len(lines)) if not lines[at].startswith("#"))
    (mask,) = _load(tmp_path, "\n".join(line.removeprefix("#") for line in lines[begin:end])).mask
    assert mask.name == "PIN pad"


def test_how_much_of_the_picture_is_covered() -> None:
    left = (Spot(0, 0), Spot(0.5, 0), Spot(0.5, 1), Spot(0, 1))
    upper = (Spot(0, 0), Spot(1, 0), Spot(1, 0.5), Spot(0, 0.5))
    triangle = (Spot(0, 0), Spot(1, 0), Spot(0, 1))
    assert share_inside([left]) == pytest.approx(0.5, abs=0.02)
    assert share_inside([left, upper]) == pytest.approx(0.75, abs=0.02), "what both cover counts once"
    assert share_inside([triangle]) == pytest.approx(0.5, abs=0.02)
    assert share_inside([]) == 0.0
    assert is_inside(triangle, 0.2, 0.2)
    assert not is_inside(triangle, 0.8, 0.8)

"""The README: what is generated in it is fresh, what it links to is there, its commands are understood.

`python -m tests.house.test_readme` renews the table of faults.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge.__main__ import _parser
from edge.bench.story import parse
from edge.faults.explain import troubleshooting
from edge.settings.load import load
from hw.ports import Input
from hw.wiring import WiringSettings

README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- faults:begin -->", "<!-- faults:end -->"


def renewed(text: str) -> str:
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n{troubleshooting().strip()}\n{END}{rest.split(END)[1]}"


def test_the_table_of_faults_is_fresh() -> None:
    text = README.read_text("utf-8")
    assert renewed(text) == text, "python -m tests.house.test_readme renews it"


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README.read_text("utf-8")):
        assert target.startswith("https://") or (README.parent / target).exists(), target


@pytest.mark.parametrize(
    "line",
    re.findall(r"^(?:\.venv/bin/|sudo )?cabinguard (.+?)(?:\s{2,}#.*)?$", README.read_text("utf-8"), re.M),
)
def test_every_command_line_is_understood(line: str) -> None:
    words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', line)]
    _parser().parse_args([word for word in words if word != "--help"])


def test_the_story_can_be_played() -> None:
    blocks = re.findall(r"```\n(\+1 .*?)```", README.read_text("utf-8"), re.S)
    assert len(blocks) == 1
    assert parse("readme", blocks[0]).lines


def test_every_line_of_what_a_story_can_say_is_understood() -> None:
    (block,) = re.findall(r"```\n(title .*?)```", README.read_text("utf-8"), re.S)
    assert len(parse("readme", block).lines) > 10


def test_the_smallest_settings_are_enough_for_a_kiosk(tmp_path: Path) -> None:
    block = re.search(r"```toml\n(.*?)```", README.read_text("utf-8"), re.S)
    assert block is not None
    file = tmp_path / "kiosk.toml"
    file.write_text(block[1])
    assert load(file, kiosk=True).camera.source == "picamera2"


def test_the_wiring_is_the_default_one() -> None:
    text = README.read_text("utf-8")
    wiring = WiringSettings()
    for name, pin in (("lock relay", wiring.lock.pin), ("permit relay", wiring.permit.pin)):
        assert f"| {name} | {pin} |" in text
    assert f"| door contact | {wiring.door.pin} |" in text
    for name in (Input.EXIT, Input.FIRE):
        assert re.search(rf"\| {name}[a-z ]* \(second contact\) \| {wiring.contact(name).pin} \|", text)
    others = [name for name in Input if name not in (Input.DOOR, Input.EXIT, Input.FIRE)]
    pins = ", ".join(str(wiring.contact(name).pin) for name in others)
    assert f"| {', '.join(others)} | {pins} |" in text
    assert f"| keypad rows | {', '.join(map(str, wiring.keypad.rows))} |" in text
    assert f"| keypad columns | {', '.join(map(str, wiring.keypad.columns))} |" in text


if __name__ == "__main__":
    README.write_text(renewed(README.read_text("utf-8")), "utf-8")

"""A language that is not complete is refused by name, wherever it is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.__main__ import main
from edge.faults.catalogue import CATALOGUE
from edge.settings.load import SettingsError, load
from edge.words.language import LanguageName

REFUSED = 'cabin.language must be one of "en", "de", "hi"'

OTHERS = ["xx", "ta", "EN", "english", "", "de,hi"]


@pytest.mark.parametrize("language", LanguageName)
def test_the_complete_ones_are_taken(language: LanguageName) -> None:
    assert load(None, [f"cabin.language={language}"]).cabin.language is language


@pytest.mark.parametrize("name", OTHERS)
def test_any_other_is_refused_with_those_that_are_complete(tmp_path: Path, name: str) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text(f'[cabin]\nlanguage = "{name}"\n')
    with pytest.raises(SettingsError) as of_file:
        load(file)
    assert of_file.value.code == "settings_out_of_bounds"
    assert of_file.value.detail == f"{REFUSED} (kiosk.toml line 2)"
    with pytest.raises(SettingsError) as of_set:
        load(None, [f"cabin.language={name}"])
    assert of_set.value.detail == f"{REFUSED} (--set)"


@pytest.mark.parametrize(
    "command",
    [
        "settings --check",
        "settings --show",
        "prompts --check",
        "prompts",
        "panel",
        "run",
        "selftest",
        "bench",
    ],
)
def test_every_command_refuses_it_with_its_remedy(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command.split(), "--set", "cabin.language=xx"]) == 3
    told = capsys.readouterr().err
    assert REFUSED in told
    assert "settings_out_of_bounds" in told
    assert CATALOGUE["settings_out_of_bounds"].remedy in told


def test_the_first_start_refuses_it_and_leaves_the_file(tmp_path: Path) -> None:
    base, piece, screen = tmp_path / "kiosk.toml", tmp_path / "cabinguard.toml", tmp_path / "screen"
    base.write_text("")
    piece.write_text('[cabin]\nlanguage = "xx"\n')
    words = ["first-boot", str(piece), "--settings", str(base), "--screen", str(screen)]
    assert main([*words, "--ssh-keys", str(tmp_path / "keys")]) == 3
    assert f"{REFUSED} (cabinguard.toml line 2)" in (tmp_path / "cabinguard-problem.txt").read_text()
    assert piece.exists()
    assert base.read_text() == ""

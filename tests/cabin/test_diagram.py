"""The picture in the README is the table that runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.cabin import diagram
from edge.cabin.events import Restarted
from edge.cabin.state import Mode
from edge.cabin.table import TABLE


def test_the_readme_shows_the_table_that_runs(repo: Path) -> None:
    readme = repo / "README.md"
    if not readme.exists() or diagram.BEGIN not in readme.read_text():
        pytest.skip("README.md has no place for the table yet")
    assert diagram.main(["--check", str(readme)]) == 0, "run python -m edge.cabin.diagram --write README.md"


def test_every_transition_is_drawn_and_has_words() -> None:
    drawn = diagram.edges()
    real = {
        (mode, to)
        for event, cells in TABLE.items()
        if event is not Restarted
        for mode, cell in cells.items()
        for to in cell.to
    }
    assert set(drawn) == real
    for words in drawn.values():
        assert all(words)
        assert not set("".join(words)) & set(":;#\n"), "a character that Mermaid takes for its own"


def test_no_words_are_kept_for_arrows_that_are_gone() -> None:
    assert set(diagram._EVENTS) == set(TABLE)
    for event, source, target in diagram._EDGES:
        assert target in TABLE[event][source].to, (event, source, target)


def test_the_grid_has_a_row_for_each_event_and_a_column_for_each_mode() -> None:
    lines = diagram.grid().splitlines()
    assert len(lines) == 2 + len(TABLE)
    assert {line.count("|") for line in lines} == {len(Mode) + 2}


def test_check_and_write_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a readme.md"
    file.write_text(f"# Title\n\n{diagram.BEGIN}\nold\n{diagram.END}\n\nmore\n")
    assert diagram.main(["--check", str(file)]) == 1
    assert "--write" in capsys.readouterr().err
    assert diagram.main(["--write", str(file)]) == 0
    assert diagram.main(["--check", str(file)]) == 0
    text = file.read_text()
    assert text.startswith("# Title\n")
    assert text.endswith("\n\nmore\n")
    assert "old" not in text
    assert "stateDiagram-v2" in text


@pytest.mark.parametrize("text", ["", diagram.BEGIN, f"{diagram.END}{diagram.BEGIN}", diagram.BEGIN * 2])
def test_a_file_without_its_markers_is_named_and_left_alone(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "other.md"
    file.write_text(text)
    assert diagram.main(["--write", str(file)]) == 2
    assert "other.md" in capsys.readouterr().err
    assert file.read_text() == text
    assert diagram.main(["--check", str(tmp_path / "none.md")]) == 2


def test_it_prints_both(capsys: pytest.CaptureFixture[str]) -> None:
    assert diagram.main([]) == 0
    assert capsys.readouterr().out == diagram.section() + "\n"

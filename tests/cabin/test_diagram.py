"""The picture and the grids in the README are the table that runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.cabin import diagram
from edge.cabin.events import Anomaly, InputMoved, Restarted
from edge.cabin.moves import MOVES
from edge.cabin.state import Mode
from edge.cabin.table import TABLE


def test_the_readme_shows_the_table_that_runs(repo: Path) -> None:
    readme = repo / "README.md"
    assert diagram.main(["--check", str(readme)]) == 0, "run python -m edge.cabin.diagram --write README.md"


def test_every_transition_is_drawn_and_has_words() -> None:
    drawn = diagram.edges()
    by_events = {
        (mode, to)
        for row, cells in TABLE.items()
        if row is not Restarted
        for mode, cell in cells.items()
        for to in cell.to
    }
    by_state = {(mode, move.to) for move in MOVES for mode in move.modes if move.to is not None}
    assert set(drawn) == by_events | by_state
    for words in drawn.values():
        assert all(words)
        assert not set("".join(words)) & set(":;#/|\n"), "a character with a meaning of its own"


def test_every_event_has_words_of_its_own() -> None:
    assert set(diagram.EVENTS) == {row for row in TABLE if not isinstance(row, InputMoved)}
    words = [diagram.row_words(row) for row in TABLE]
    assert len(words) == len(set(words))


def test_every_order_of_a_row_has_words_of_its_own() -> None:
    orders = {order for move in MOVES for order in move.orders}
    words = {diagram.order_words(order) for order in orders}
    assert len(words) == len(orders)
    assert set(diagram.COMMANDS) == {order for order in orders if isinstance(order, type)} - {Anomaly}


def test_the_first_grid_has_a_row_for_each_event_and_a_column_for_each_state() -> None:
    lines = diagram.event_grid().splitlines()
    assert len(lines) == 2 + len(TABLE)
    assert {line.count("|") for line in lines} == {len(Mode) + 2}


def test_the_second_grid_has_a_row_for_each_move_and_says_what_it_does() -> None:
    lines = diagram.state_grid().splitlines()
    assert len(lines) == 2 + len(MOVES)
    assert {line.count("|") for line in lines} == {5}
    for move in MOVES:
        modes, when, leads_to, done = diagram.move_cells(move)
        assert modes
        assert when
        assert leads_to != "stays" or done, f"{when}: nothing comes of it"


def test_no_two_rows_of_one_state_have_the_same_words() -> None:
    for mode in Mode:
        words = [move.when for move in MOVES if mode in move.modes]
        assert len(words) == len(set(words))


def test_check_and_write_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a readme.md"
    file.write_text(f"# Title\n\n{diagram.BEGIN}\nstale part\n{diagram.END}\n\nmore\n")
    assert diagram.main(["--check", str(file)]) == 1
    assert "--write" in capsys.readouterr().err
    assert diagram.main(["--write", str(file)]) == 0
    assert diagram.main(["--check", str(file)]) == 0
    text = file.read_text()
    assert text.startswith("# Title\n")
    assert text.endswith("\n\nmore\n")
    assert "stale part" not in text
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


def test_it_prints_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert diagram.main([]) == 0
    assert capsys.readouterr().out == diagram.section() + "\n"

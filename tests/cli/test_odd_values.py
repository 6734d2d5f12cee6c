"""What no command can mean is refused by its own parser, before anybody is asked or anything is changed."""

from __future__ import annotations

import pytest

from edge.cli.main import main

HOLD = ("evidence", "hold", "1", "--why", "case 17", "--until")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        *(
            ((*before, number, *after), f"{number!r} is not the number of an incident")
            for before, after in (
                (("evidence", "hold"), ("--until", "freed", "--why", "x")),
                (("evidence", "free"), ("--why", "x")),
                (("events", "mark"), ("false",)),
                (("events", "--incident"), ()),
                (("release", "--incident"), ()),
                (("report", "--incident"), ()),
            )
            for number in ("0", "-1", "9999999999999", "9" * 30, "x")
        ),
        *(
            ((*HOLD, day), "after 2999 or long over")
            for day in ("9999-12-31", "3500-01-01", "3000-01-01", "0001-01-01")
        ),
        ((*HOLD, "2026-13-01"), "no date"),
        (("evidence", "hold", "1", "--until", "freed", "--why", ""), "it says nothing"),
        (("evidence", "hold", "1", "--until", "freed", "--why", " \u200b "), "it says nothing"),
        (("evidence", "free", "1", "--why", " "), "it says nothing"),
    ],
)
def test_it_is_refused_by_name_before_anybody_is_asked(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert said in capsys.readouterr().err

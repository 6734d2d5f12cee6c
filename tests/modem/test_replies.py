"""The fields of a modem's replies, also of lines that no modem should say."""

from __future__ import annotations

import pytest

from hw.modem.replies import split

LONGEST = 2048
"""A line is cut there."""


def test_fields_with_and_without_quotes() -> None:
    assert split('1, 5 ,"a, b" , ') == ["1", "5", "a, b", ""]
    assert split("") == [""]
    assert split('"half') == ["half"]
    assert split('1,x"y"') == ["1", 'x"y"']


@pytest.mark.timeout(30)
def test_a_line_of_blanks_holds_nobody_up() -> None:
    """A search that tries every way to share them out holds the interpreter, and with it the input path."""
    for line in (" " * LONGEST + 'x"y', '"' + " " * LONGEST + '"y', " ," * (LONGEST // 2) + '"x"y'):
        assert split(line)[-1].endswith("y")

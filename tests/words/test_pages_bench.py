"""The words of the bench page: complete, of one shape, used, and for every name that a cabin may send."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

import edge.bench.page
from edge.bench.page.scene import FRONTS, LENSES, LIGHTS, SIDES
from edge.bench.wire import FaultGroup
from edge.cabin.deadlines import Wait
from edge.cabin.ways import Because, Way
from edge.words.language import LanguageName
from edge.words.pages.bench import BenchWords, FaultGroups, StageWords, bench_words
from edge.words.pages.bench_table import BecauseWords, WaitWords, WayWords
from tests.words.test_complete import COMMANDS, ENGLISH_ALONE, FOREIGN, leaves, names, placeholders

ALIKE = {"{name}: {covers}", "{seconds} s", "Name"}
TYPED = COMMANDS | {"RELEASE"}


@pytest.mark.parametrize("language", FOREIGN)
def test_no_language_lacks_a_word_or_a_placeholder(language: LanguageName) -> None:
    english, other = dict(leaves(bench_words(LanguageName.EN))), dict(leaves(bench_words(language)))
    assert english.keys() == other.keys()
    assert len(english) > 200
    for place, word in english.items():
        assert placeholders(word) == placeholders(other[place]), place
        assert other[place].strip() == other[place] != "", place
        assert other[place] != word or word in ALIKE, f"{place} is English: {word}"
        latin = set(re.findall(r"[A-Za-z]+", re.sub(r"\{\w+\}", "", other[place]))) - TYPED
        if language is LanguageName.HI:
            assert not latin, f"{place}: {latin}"
            assert not re.search("[\u0958-\u095f]", other[place]), place
        else:
            assert not {one.lower() for one in latin} & ENGLISH_ALONE, f"{place}: {other[place]}"


def test_every_name_that_can_come_has_its_words() -> None:
    assert names(WaitWords) == {one.value for one in Wait}
    assert names(WayWords) == {one.value for one in Way}
    assert names(BecauseWords) == {one.value for one in Because}
    assert names(FaultGroups) == {one.value for one in FaultGroup}
    assert names(StageWords) >= {*SIDES, *LENSES, *FRONTS, *LIGHTS}


def test_the_page_uses_every_word_that_it_has() -> None:
    folder = Path(str(edge.bench.page.__file__)).parent
    source = "\n".join(path.read_text("utf-8") for path in sorted(folder.glob("*.py")))
    words = {field.name for field in fields(BenchWords)}
    assert sorted(word for word in words if not re.search(rf"\.{word}\b", source)) == []

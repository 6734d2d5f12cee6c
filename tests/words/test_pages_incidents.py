"""The words of incidents and reports: complete, of one shape, and for every name that the story knows."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from edge.reports.moments import KNOWN, Kind
from edge.reports.timeline import Lack, Milestone
from edge.words.language import LanguageName
from edge.words.pages.incidents import (
    KindWords,
    LackWords,
    MomentWords,
    StepWords,
    incidents_words,
)
from edge.words.pages.report import report_words
from tests.words.test_complete import COMMANDS, ENGLISH_ALONE, FOREIGN, leaves, names, placeholders

TYPED = COMMANDS | {"incident", "pdf", "events", "mark", "false", "report", "Home", "End"}
ALIKE = {"{state}", "{what}", "{what}; {to}: {outcome}", "{contact}: {level}", "“{text}”", "Person", "Code"}


@pytest.mark.parametrize("language", FOREIGN)
def test_no_language_lacks_a_word_or_a_placeholder(language: LanguageName) -> None:
    english, other = dict(leaves(incidents_words(LanguageName.EN))), dict(leaves(incidents_words(language)))
    assert english.keys() == other.keys()
    assert len(english) > 150
    for place, word in english.items():
        assert placeholders(word) == placeholders(other[place]), place
        assert other[place].strip() == other[place] != "", place
        assert other[place] != word or word in ALIKE, f"{place} is English: {word}"
        latin = set(re.findall(r"[A-Za-z]+", re.sub(r"\{\w+\}", "", other[place]))) - TYPED - {"SMS"}
        if language is LanguageName.HI:
            assert not latin, f"{place}: {latin}"
            assert not re.search("[\u0958-\u095f]", other[place]), place
        else:
            assert not {one.lower() for one in latin} & ENGLISH_ALONE, f"{place}: {other[place]}"


def test_every_name_of_a_story_has_its_words_and_no_other() -> None:
    assert names(KindWords) == {one.value for one in Kind}
    assert names(StepWords) == {one.value for one in Milestone}
    assert names(LackWords) == {one.value for one in Lack}
    assert {field.name for field in fields(MomentWords)} >= KNOWN


REPORT_ALIKE = {"Name", "{cabin}, {title}, record head {head}", "SHA-256"}


@pytest.mark.parametrize("language", FOREIGN)
def test_a_report_lacks_no_word_either(language: LanguageName) -> None:
    english, other = dict(leaves(report_words(LanguageName.EN))), dict(leaves(report_words(language)))
    assert english.keys() == other.keys()
    for place, word in english.items():
        assert placeholders(word) == placeholders(other[place]), place
        assert other[place].strip() == other[place] != "", place
        assert other[place] != word or word in REPORT_ALIKE, f"{place} is English: {word}"
        latin = set(re.findall(r"[A-Za-z]+", re.sub(r"\{\w+\}", "", other[place])))
        if language is LanguageName.HI:
            assert not latin - {"SHA", "dBm", "C", "MB"}, f"{place}: {latin}"
            assert not re.search("[\u0958-\u095f]", other[place]), place
        else:
            assert not {one.lower() for one in latin} & ENGLISH_ALONE, f"{place}: {other[place]}"

"""The commissioning page says all in every language, and has a word for every name it may have to say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

import edge.panel.commission
from edge.panel.commission.draw import NOT_FOR_THE_SCRIPT
from edge.panel.commission.pieces import CHECKLIST
from edge.panel.commission.walk import Judged, WalkStep
from edge.terms.aim import Advice, PixelClass
from edge.terms.commission import NotTried, NotVacant, TrialEnd, Tried
from edge.terms.ground import Purpose
from edge.terms.learning import LearnState
from edge.vision.scene.fronts import RegionKind
from edge.words.language import LanguageName, Words
from edge.words.pages.commission import JudgedWords, StepWords, commission_words
from edge.words.pages.commission_acts import LearningWords, act_words
from edge.words.pages.commission_draw import DrawWords, PartWords, PurposeWords, draw_words
from edge.words.pages.commission_floor import floor_words
from edge.words.pages.commission_site import (
    AdviceWords,
    ClassWords,
    NotTriedWords,
    NotVacantWords,
    OutputWords,
    TrialEndWords,
    site_words,
)
from tests.words.test_complete import ENGLISH_ALONE, leaves, names, placeholders

ALL = (commission_words, act_words, draw_words, site_words, floor_words)
FOREIGN = (LanguageName.DE, LanguageName.HI)
ALIKE = {"PIN", "SMS", "JavaScript", "Code"}
"""Names that stay as they are."""


def all_words(language: LanguageName) -> Iterator[tuple[str, str]]:
    for words in ALL:
        for place, word in leaves(words(language)):
            yield f"{words.__name__}.{place}", word


@pytest.mark.parametrize("language", FOREIGN)
def test_nothing_is_missing_and_nothing_is_left_in_english(language: LanguageName) -> None:
    english, other = dict(all_words(LanguageName.EN)), dict(all_words(language))
    assert english.keys() == other.keys()
    for place, word in other.items():
        assert word == word.strip()
        assert word, place
        assert placeholders(word) == placeholders(english[place]), place
        bare = re.sub(r"\{\w+\}", "", word)
        if bare.strip(" %:,.") != "":
            assert word != english[place], place
        latin = set(re.findall(r"[A-Za-z]+", bare)) - ALIKE
        if language is LanguageName.HI:
            assert not latin, f"{place}: {latin}"
            assert not re.search("[\u0958-\u095f]", word), place
        else:
            assert not {one.lower() for one in latin} & (ENGLISH_ALONE - {"not"}), f"{place}: {word}"


def test_every_name_has_its_word_and_there_are_no_others() -> None:
    pairs: tuple[tuple[type[Words], set[str]], ...] = (
        (StepWords, {one.value for one in WalkStep} | {CHECKLIST}),
        (JudgedWords, {one.value for one in Judged}),
        (LearningWords, {one.value for one in LearnState}),
        (PurposeWords, {one.value for one in Purpose}),
        (PartWords, {one.value for one in RegionKind}),
        (AdviceWords, {one.value for one in Advice}),
        (ClassWords, {one.value for one in PixelClass}),
        (OutputWords, {one.value for one in Tried}),
        (NotTriedWords, {one.value for one in NotTried}),
        (NotVacantWords, {one.value for one in NotVacant}),
        (TrialEndWords, {one.value for one in TrialEnd}),
    )
    for family, wanted in pairs:
        assert names(family) == wanted, family.__name__


def test_the_page_uses_every_word_that_it_has() -> None:
    folder = Path(str(edge.panel.commission.__file__)).parent
    source = "\n".join(
        path.read_text("utf-8") for path in (*folder.glob("*.py"), *folder.glob("static/*.js"))
    )
    for words in ALL:
        own = [field.name for field in fields(words(LanguageName.EN))]
        unused = [name for name in own if not re.search(rf"[.\"'`]{name}\b", source)]
        unused = [name for name in unused if not re.search(r"^(kind|name|camera|add|refused)_", name)]
        assert not unused, words.__name__


def test_the_script_gets_every_word_of_the_editor_but_those_of_the_server() -> None:
    assert {field.name for field in fields(DrawWords)} >= NOT_FOR_THE_SCRIPT

"""The words of the pages: one for every name that a page may have to say, and none that no page says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path

import pytest

import edge
from edge.bench.page.hand_parts import QUICK
from edge.bench.page.scene import FRONTS, LENSES, LIGHTS, SIDES
from edge.bench.wire import FaultGroup
from edge.cabin.deadlines import Wait
from edge.cabin.ways import Because, Way
from edge.loop.commission_view import EnrolStage
from edge.panel.commission.draw import NOT_FOR_THE_SCRIPT
from edge.panel.commission.pieces import CHECKLIST
from edge.panel.commission.walk import Judged, WalkStep
from edge.reports.moments import KNOWN, Kind
from edge.reports.timeline import Lack, Milestone
from edge.terms.aim import Advice, PixelClass
from edge.terms.commission import NotTried, NotVacant, TrialEnd, Tried
from edge.terms.ground import Purpose
from edge.terms.learning import LearnState
from edge.vision.scene.fronts import RegionKind
from edge.words.language import LanguageName, Words
from edge.words.pages import commission, incidents
from edge.words.pages.bench import FaultGroups, PersonWords, StageWords
from edge.words.pages.bench_table import BecauseWords, WaitWords, WayWords
from edge.words.pages.commission_acts import EnrolmentWords, LearningWords, WarnWords
from edge.words.pages.commission_draw import DrawWords, PartWords, PurposeWords
from edge.words.pages.commission_floor import FloorWords
from edge.words.pages.commission_site import (
    AdviceWords,
    ClassWords,
    NotTriedWords,
    NotVacantWords,
    OutputWords,
    TrialEndWords,
)
from tests.words.test_complete import WRITTEN, names

FAMILIES: tuple[tuple[type[Words], set[str]], ...] = (
    (FaultGroups, {one.value for one in FaultGroup}),
    (WaitWords, {one.value for one in Wait}),
    (WayWords, {one.value for one in Way}),
    (BecauseWords, {one.value for one in Because}),
    (commission.StepWords, {one.value for one in WalkStep} | {CHECKLIST}),
    (commission.JudgedWords, {one.value for one in Judged}),
    (LearningWords, {one.value for one in LearnState}),
    (EnrolmentWords, {one.value for one in EnrolStage}),
    (PurposeWords, {one.value for one in Purpose}),
    (PartWords, {one.value for one in RegionKind}),
    (AdviceWords, {one.value for one in Advice}),
    (ClassWords, {one.value for one in PixelClass}),
    (OutputWords, {one.value for one in Tried}),
    (NotTriedWords, {one.value for one in NotTried}),
    (NotVacantWords, {one.value for one in NotVacant}),
    (TrialEndWords, {one.value for one in TrialEnd}),
    (incidents.KindWords, {one.value for one in Kind}),
    (incidents.StepWords, {one.value for one in Milestone}),
    (incidents.LackWords, {one.value for one in Lack}),
)
"""Words by the names of an enum."""

OTHERS: tuple[tuple[type[Words], set[str]], ...] = (
    (StageWords, {*SIDES, *LENSES, *FRONTS, *LIGHTS, "staged", "webcam", "clip"}),
    (PersonWords, set(QUICK)),
    (WarnWords, {"large", "faces", "front"}),
    (DrawWords, names(DrawWords) - NOT_FOR_THE_SCRIPT),
    (FloorWords, {"pick_first", "pick_second", "picked"}),
    (incidents.IncidentsWords, {"gone_age", "gone_space", "gone_restart"}),
    (incidents.MomentWords, names(incidents.MomentWords)),
)
"""Words some of which are asked for by these names; the others have to stand in a source."""

PAGES = [place for place in WRITTEN if place.startswith("edge.words.pages.") and "own_name" not in place]
EDGE = Path(edge.__path__[0])


@pytest.mark.parametrize(("family", "wanted"), FAMILIES, ids=lambda one: getattr(one, "__qualname__", ""))
def test_every_name_has_its_word_and_there_are_no_others(family: type[Words], wanted: set[str]) -> None:
    assert names(family) == wanted


@pytest.mark.parametrize(("words", "wanted"), OTHERS, ids=lambda one: getattr(one, "__qualname__", ""))
def test_every_name_among_others_has_its_word(words: type[Words], wanted: set[str]) -> None:
    assert wanted <= names(words)


def test_every_moment_without_a_kind_of_its_own_has_its_words() -> None:
    assert names(incidents.MomentWords) >= KNOWN


@cache
def sources() -> dict[Path, str]:
    """Every source but those of the words."""
    found = [path for path in EDGE.rglob("*.py") if EDGE / "words" not in path.parents]
    return {path: path.read_text("utf-8") for path in found}


def users(page: str) -> str:
    """The folders that import the words of a page, and those that import from there."""
    text = sources()
    near = {path.parent for path, source in text.items() if f"from edge.words.pages.{page} import" in source}
    named = "|".join(re.escape(".".join(("edge", *one.relative_to(EDGE).parts))) for one in near)
    far = {path.parent for path, source in text.items() if re.search(rf"from ({named})[. ]", source)}
    return "\n".join(source for path, source in text.items() if path.parent in near | far)


def by_name(words: object) -> Iterator[tuple[str, str]]:
    """(class, name) of every word that no enum asks for."""
    if isinstance(words, tuple(kind for kind, _ in FAMILIES)):
        return
    assert is_dataclass(words)
    asked = {name for kind, wanted in OTHERS if isinstance(words, kind) for name in wanted}
    for field in fields(words):
        word: object = getattr(words, field.name)
        if not isinstance(word, str):
            yield from by_name(word)
        if field.name not in asked:
            yield type(words).__name__, field.name


@pytest.mark.parametrize("page", PAGES)
def test_every_word_of_a_page_stands_on_one(page: str) -> None:
    text = users(page.split(".")[3])
    english = WRITTEN[page](LanguageName.EN)
    assert [name for name in by_name(english) if not re.search(rf"\.{name[1]}\b", text)] == []

"""Every language says all that the program can say, with the same placeholders, and nothing in English.

What is held here of all words holds for each value that is written `InLanguages`, wherever it stands.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from string import Formatter

import pytest

import edge.cabin
import edge.panel.page
import edge.words
import edge.words.pages
from edge.cabin.commands import PromptCause, PromptKey
from edge.cabin.devices import LOCK_NEEDS
from edge.cabin.events import Anomaly, Device, FaceFact, Orderer
from edge.cabin.state import Mode, Stage
from edge.codes.release import Refusal
from edge.messages.prompts import SILENCE, prompt_text
from edge.messages.texts import ALERT_KINDS
from edge.terms.alerts import Alert
from edge.terms.observation import CameraHealth, Cover, FaceVerdict, Unclear
from edge.terms.reason import Ground, Measure
from edge.terms.record import Channel, Recipient, RowState
from edge.words.language import (
    Alerts,
    Anomalies,
    Causes,
    Channels,
    Claims,
    Covers,
    Devices,
    Grounds,
    Happened,
    Health,
    InLanguages,
    Inputs,
    LanguageName,
    Measures,
    Networks,
    Outcomes,
    Outputs,
    Recipients,
    Said,
    States,
    Status,
    Verdicts,
    Words,
)
from edge.words.language import Unclear as UnclearWords
from edge.words.languages import anomaly_words, reason_words, words_of
from hw.modem.replies import REGISTRATION
from hw.ports import Input, Sound

FOREIGN = [LanguageName.DE, LanguageName.HI]

TYPED = {
    *("CODE", "NO", "STATUS", "HELP", "RELEASE", "FALSE", "TRUE", "Home", "End"),
    *("cabinguard", "release", "report", "incident", "pdf", "events", "mark", "false"),
    *("panel", "live", "pictures", "true"),
}
"""What is typed as it stands, in every language."""

NAMES = {"SMS", "Pi", "JavaScript", "SHA", "MB", "dBm", "C"}
"""Names and units that are written so in every script."""

ALIKE = {
    *("{count} s", "{seconds} s", "{count} min", "{count} h", "{count} d"),
    *("blind", "Blind", "Hand", "hand", "Modem", "modem", "Name", "Person", "SHA-256"),
}
"""Units, and German words, that read the same as the English."""

ENGLISH_ALONE = frozenset(
    {
        *("the", "of", "and", "is", "are", "not", "no", "since", "ago", "with", "told", "seen", "covered"),
        *("door", "face", "machine", "camera", "exit", "button", "fire", "picture", "keypad", "press"),
        *("somebody", "nobody", "wrong", "open", "closed", "locked", "warned"),
    }
)
"""Words that stand in the English and are none of German."""


def leaves(words: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every word with its place."""
    if isinstance(words, str):
        yield path, words
        return
    assert is_dataclass(words)
    for field in fields(words):
        word: object = getattr(words, field.name)
        if not isinstance(word, LanguageName):
            yield from leaves(word, f"{path}.{field.name}".lstrip("."))


def written() -> Iterator[tuple[str, InLanguages[object]]]:
    """Everything that is written in every language, with its module and name."""
    for module in walk_packages(edge.words.__path__, "edge.words."):
        for name, value in vars(import_module(module.name)).items():
            if isinstance(value, InLanguages):
                yield f"{module.name}.{name}", value


WRITTEN = dict(written())


def in_all(language: LanguageName) -> dict[str, str]:
    """Every word of this language with its place."""
    return {
        f"{where} {place}": word
        for where, words in WRITTEN.items()
        for place, word in leaves(words(language))
    }


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def names(family: type[Words] | type[Anomalies]) -> set[str]:
    return {field.name for field in fields(family)}


# --- complete --------------------------------------------------------------------------------------


def kinds(words: object) -> Iterator[type]:
    """The class of these words and of all words in them."""
    if is_dataclass(words) and not isinstance(words, type):
        yield type(words)
        for field in fields(words):
            yield from kinds(getattr(words, field.name))


def test_nothing_of_the_pages_is_written_beside_the_languages() -> None:
    """What stands in no `InLanguages` is not looked at below."""
    found = {kind for words in WRITTEN.values() for kind in kinds(words(LanguageName.EN))}
    for module in walk_packages(edge.words.pages.__path__, "edge.words.pages."):
        own = [one for one in vars(import_module(module.name)).values() if isinstance(one, type)]
        own = [one for one in own if one.__module__ == module.name]
        assert own
        assert set(own) <= found, module.name


@pytest.mark.parametrize("language", FOREIGN)
def test_no_language_lacks_a_word_or_a_placeholder_that_english_has(language: LanguageName) -> None:
    english, other = in_all(LanguageName.EN), in_all(language)
    assert english.keys() == other.keys()
    for place, word in english.items():
        assert placeholders(word) == placeholders(other[place]), place
    assert len(english) > 1300


@pytest.mark.parametrize("language", LanguageName)
def test_no_word_is_empty_or_has_spaces_too_many(language: LanguageName) -> None:
    for place, word in in_all(language).items():
        assert word.strip(), place
        assert "  " not in word, place
        assert word == word.strip() or place.endswith(" page.picture_old"), place


@pytest.mark.parametrize("language", FOREIGN)
def test_nothing_is_left_in_english(language: LanguageName) -> None:
    english = in_all(LanguageName.EN)
    for place, word in in_all(language).items():
        bare = re.sub(r"\{\w+\}", "", word)
        said = set(re.findall(r"[^\W\d_]+", bare))
        if said:
            assert word != english[place] or word in ALIKE, f"{place} is English: {word}"
        said -= TYPED | NAMES
        if language is LanguageName.HI:
            latin = {one for one in said if one.isascii()}
            assert not latin, f"{place}: {latin}"
        else:
            assert not {one.lower() for one in said} & ENGLISH_ALONE, f"{place}: {word}"


def test_hindi_is_written_in_one_way() -> None:
    """The letters with a dot below as one letter and a dot: a word is found again however it was typed."""
    for place, word in in_all(LanguageName.HI).items():
        assert not re.search("[\u0958-\u095f]", word), place


OTHER_NAMES = {
    LanguageName.DE: ("Wachmann", "Ausgangstaste ", "Brandkontakt", "Linse"),
    LanguageName.HI: ("चौकीदार", "अभिलेख", "ख़ाली"),
}
"""What else watchman, exit button, fire contact, lens, record and *vacant* may be called."""


@pytest.mark.parametrize("language", OTHER_NAMES)
def test_one_thing_has_one_name_on_all_pages(language: LanguageName) -> None:
    for place, word in in_all(language).items():
        assert not [other for other in OTHER_NAMES[language] if other in word], place


# --- every name that the program uses ----------------------------------------------------------------


def test_every_family_has_the_names_that_the_program_uses_and_no_other() -> None:
    assert names(Anomalies) == {one.value for one in Anomaly}
    assert names(Grounds) == {one.value for one in Ground}
    assert names(Measures) == {one.value for one in Measure}
    assert names(Alerts) == {one.value for one in Alert}
    assert names(Said) | {SILENCE} == {one.value for one in PromptKey}
    assert names(Causes) == {one.value for one in PromptCause}
    assert names(States) == {one.value for one in Mode} | {"lockout", "blind", "down"}
    assert names(Health) == {one.value for one in CameraHealth}
    assert names(Verdicts) == {one.value for one in FaceVerdict}
    assert names(Covers) == {one.value for one in Cover} - {"none"}
    of_one_picture = set(Unclear) - {Unclear.NONE, Unclear.UNDECIDED}
    assert names(UnclearWords) == {one.value for one in of_one_picture}
    assert names(Inputs) == {one.value for one in Input}
    assert names(Devices) == {one.value for one in Device} | {"camera"}
    assert names(Recipients) == {one.value for one in Recipient}
    assert names(Channels) == {one.value for one in Channel}
    assert names(Outcomes) == {one.value for one in RowState}
    assert names(Networks) == {re.sub("\\W+", "_", word) for word in REGISTRATION.values()}
    assert names(Claims) == {stage.value for stage in Stage}
    assert names(Outputs) == {one.value for one in Sound} | {"on", "locked", "unlocked", "silent"}


def test_a_status_has_words_for_all_that_it_can_name() -> None:
    states = (names(States) - {"down"}) | {"lockout", "blind"}
    values = states | names(Health) | {"locked", "unlocked", "none", "ok"}
    assert names(Status) == values | {"state", "door", "camera", "faults", "selftest", "record"}


def test_the_page_has_a_word_for_every_message_and_every_fact() -> None:
    alerts = set(ALERT_KINDS) - names(Anomalies)
    facts = {f"face_{one.value}" for one in FaceFact} | {f"camera_{one.value}" for one in CameraHealth}
    states = {"warned", "locked", "released", "emergency"}
    assert names(Happened) == alerts | facts | states | {
        "code",
        "owner_code",
        "daily",
        "status",
        "help",
        "mark",
    }


def told_reasons() -> set[str]:
    """The reasons that the table gives by name."""
    found: set[str] = set()
    for path in Path(str(edge.cabin.__file__)).parent.glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.FunctionDef) and call.name in ("forbids_lock", "_code_that_follows"):
                given: list[ast.AST] = [one for one in ast.walk(call) if isinstance(one, ast.Return)]
            elif not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                continue
            elif call.func.attr in ("release", "take_back_lock"):
                given = list(call.args[:1])
            else:
                given = [word.value for word in call.keywords if word.arg == "reason"]
            for one in given:
                found |= {
                    part.value
                    for part in ast.walk(one)
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                }
    return found


@pytest.mark.slow
@pytest.mark.parametrize("language", FOREIGN)
def test_every_reason_is_said_in_the_language(language: LanguageName) -> None:
    told = told_reasons()
    assert {"max_time", "unreachable", "door_open", "new_code", "face_not_hidden"} <= told
    told |= {one.value for one in (*PromptCause, *Orderer, *LOCK_NEEDS, *Anomaly)}
    told |= {Refusal.NO_SECRET.value, Refusal.OTHER_INCIDENT.value, "ok", "counter_7", "2 of 5"}
    told -= {"", "none", "camera_upside_down"}  # said by nothing, and by the catalogue
    for reason in told:
        words = reason_words(reason, words_of(language))
        assert words, reason
        assert words != reason.replace("_", " ") or words in ALIKE, reason
    assert reason_words("none", words_of(language)) == reason_words("", words_of(language)) == ""


def test_in_english_a_reason_of_the_judges_stands_as_the_record_has_it() -> None:
    for reason in ("in the cabin for 300 s", "a face without any movement for 30 s", "3 of 5"):
        assert reason_words(reason, words_of("en")) == reason


@pytest.mark.parametrize("language", LanguageName)
def test_an_anomaly_is_found_by_its_name_alone(language: LanguageName) -> None:
    words = words_of(language)
    for anomaly in Anomaly:
        assert anomaly_words(anomaly.value, words) is words.anomalies.of(anomaly)
    assert anomaly_words("no_such", words) is None


@pytest.mark.parametrize("name", ["__doc__", "of", "get", "__class__", "no_such", "", "states"])
def test_a_name_from_elsewhere_is_said_as_it_stands(name: str) -> None:
    assert words_of("en").page.get(name) is None
    assert words_of("de").page.of(name) == name.replace("_", " ")


def test_the_page_uses_every_word_that_it_has() -> None:
    folder = Path(str(edge.panel.page.__file__)).parent
    source = "\n".join(path.read_text("utf-8") for path in sorted(folder.glob("*.py")))
    unused = [
        field.name for field in fields(words_of("en").page) if not re.search(rf"\.{field.name}\b", source)
    ]
    assert not unused


@pytest.mark.parametrize("name", ["xx", "", "EN", "english", "e n"])
def test_a_language_that_is_not_complete_has_no_words(name: str) -> None:
    with pytest.raises(ValueError, match="LanguageName"):
        words_of(name)


def test_what_is_threatened_and_where_the_way_out_is_are_said_in_one_word_each() -> None:
    """Locked and closed are not the same to somebody who stands inside."""
    for language, locks in (
        (LanguageName.EN, "lock"),
        (LanguageName.DE, "verriegelt"),
        (LanguageName.HI, "लॉक"),
    ):
        prompts = words_of(language).prompts
        threats = (prompts.lock_in, prompts.lock_soon, prompts.clip_lock_in, prompts.clip_minute)
        assert all(locks in threat for threat in (*threats, prompts.said.locked))
        for key in ("locked", "show_face", "door_open"):
            assert prompts.exit_always in prompt_text(key, "mask", 9, language)

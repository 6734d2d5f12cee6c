"""What a person in the cabin hears: the words of a prompt, and the recorded phrases that it is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from types import MappingProxyType
from typing import Final

from edge.words.language import Causes, Enrolling, Said
from edge.words.languages import words_of

_NUMBERS: Final = (*range(1, 21), 25, 30, 35, 40, 45, 50, 55)
"""The seconds that there is a recording of."""

SILENCE: Final = "silence"
"""The prompt that ends the words before; it has none itself."""

_PROMPTS: Final = (*(field.name for field in fields(Said)), SILENCE)
_PIECED: Final = ("show_face", "door_open")
"""The warnings: said in pieces, since their cause and their seconds differ."""

_WHOLE: Final = tuple(field.name for field in fields(Said) if field.name not in _PIECED)
ENROL: Final = "enrol_"
"""How the phrases begin that guide somebody who is being enrolled."""

_CAUSES: Final = tuple(field.name for field in fields(Causes))


def prompt_text(prompt: str, cause: str, lock_in_s: int | None, language: str) -> str:
    """What a person in the cabin is told: `prompt` and `cause` are values of `PromptKey` and `PromptCause`.

    `lock_in_s` is the time left before the door locks when it has been said, 0 for less than a second, None
    where none runs. KeyError for an unknown name.
    """
    if prompt not in _PROMPTS or cause not in _CAUSES:
        raise KeyError(f"{prompt}/{cause}")
    if prompt == SILENCE:
        return ""
    words = words_of(language).prompts
    lock = ""
    if lock_in_s is not None:
        lock = words.lock_in.format(seconds=lock_in_s) if lock_in_s > 0 else words.lock_soon
    said = words.said.of(prompt)
    return _whole(said.format(cause=words.causes.of(cause), lock=lock, exit=words.exit_always))


def longest_warning_s(language: str, spoken_s: Callable[[Sequence[str], str], float]) -> float:
    """The longest that a warning of any cause takes; `spoken_s` tells how long clips and text take."""
    return max(spoken_s(clips, text) for clips, text in _warnings(language))


@cache
def _warnings(language: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Clips and text of each warning of this language: every kiosk that starts asks for all of them."""
    said = (("show_face", cause, seconds) for cause in _CAUSES for seconds in (0, *_NUMBERS, 60))
    return tuple((prompt_clips(*one), prompt_text(*one, language)) for one in said)


def prompt_clips(prompt: str, cause: str, lock_in_s: int | None) -> tuple[str, ...]:
    """The recorded phrases that a prompt is made of, in order; `clip_texts` has their words.

    `lock_in_s` as in `prompt_text`. The seconds are rounded down to one of the recorded numbers: a person
    never has less time than said.
    """
    if prompt not in _PROMPTS or cause not in _CAUSES:
        raise KeyError(f"{prompt}/{cause}")
    if prompt in _PIECED:
        clips = [f"cause_{cause}"]
        if prompt == "door_open":
            clips.append("door_open")
        elif lock_in_s is not None:
            clips += _lock_clips(lock_in_s)
        return (*clips, "exit_always")
    return () if prompt == SILENCE else (prompt,)


def _lock_clips(seconds: int) -> tuple[str, ...]:
    if seconds >= 60:
        return ("lock_in_minute",)
    if seconds < 1:
        return ("lock_soon",)
    number = max(value for value in _NUMBERS if value <= seconds)
    return ("lock_in", f"number_{number}", "seconds")


def clip_texts(language: str) -> Mapping[str, str]:
    """Every recorded phrase by its name, with the words to record."""
    words = words_of(language).prompts
    clips = {f"cause_{name}": words.causes.of(name) for name in _CAUSES}
    clips |= {
        "door_open": _whole(words.said.door_open.format(cause="", exit="")),
        "exit_always": words.exit_always,
        "lock_in": words.clip_lock_in,
        "seconds": words.clip_seconds,
        "lock_in_minute": words.clip_minute,
        "lock_soon": words.lock_soon,
    }
    clips |= {f"number_{number}": str(number) for number in _NUMBERS}
    enrolling = words_of(language).enrolling
    clips |= {f"{ENROL}{field.name}": enrolling.of(field.name) for field in fields(Enrolling)}
    for name in _WHOLE:
        clips[name] = _whole(words.said.of(name).format(exit=words.exit_always))
    return MappingProxyType(clips)


def _whole(text: str) -> str:
    return " ".join(text.split())

"""Forms: what may follow a word, written down once, for reading, for help and for completion.

A form is words separated by spaces: `on|off` is one of these, `NAME` a word of that kind, `...` behind the
last one means one or more of it, and `[...]` at the end may be left out.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_ALL_NAMED: Final = 24
"""Up to so many possible words are all named when one does not fit; of more the nearest."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of word. `known` are examples, and all there are where nothing else `fits`."""

    what: str
    known: Callable[[], Iterable[str]] = tuple
    fits: Callable[[str], bool] | None = None

    def takes(self, word: str) -> bool:
        return self.fits(word) if self.fits is not None else word in self.known()


Kinds = Mapping[str, Kind]


@dataclass(frozen=True, slots=True)
class _Slot:
    """One place of a form: `words` that may stand there, or a `kind`."""

    words: tuple[str, ...]
    kind: str
    many: bool

    def takes(self, word: str, kinds: Kinds) -> bool:
        return kinds[self.kind].takes(word) if self.kind else word in self.words

    def known(self, kinds: Kinds) -> tuple[str, ...]:
        return tuple(kinds[self.kind].known()) if self.kind else self.words

    def wanted(self, kinds: Kinds) -> str:
        return kinds[self.kind].what if self.kind else " or ".join(self.words)


@dataclass(frozen=True, slots=True)
class Misfit:
    """Where words leave their form: the place of the word, and the sentence that says so."""

    at: int
    why: str


def _slots(form: str) -> tuple[tuple[_Slot, ...], int]:
    """The places of a form, and how many of them must be filled."""
    slots: list[_Slot] = []
    needed: int | None = None
    for part in form.split():
        if part.startswith("["):
            needed = len(slots)
        bare = part.strip("[]")
        word = bare.removesuffix("...")
        kind = word if word.isupper() else ""
        slots.append(_Slot(() if kind else tuple(word.split("|")), kind, bare.endswith("...")))
    return tuple(slots), len(slots) if needed is None else needed


def misfit(head: str, forms: Sequence[str], words: Sequence[str], kinds: Kinds) -> Misfit | None:
    """None where `words` fit one of the forms behind `head`; else why not, by the form that came closest."""
    found = [_misfit(head, form, words, kinds) for form in forms]
    wrong = [one for one in found if one is not None]
    if len(wrong) < len(found):
        return None
    furthest = max(wrong, key=lambda one: one.at)
    why, at = furthest.why, furthest.at
    if sum(one.at == at for one in wrong) > 1:
        before = words[at - 1] if at else head
        known = completions(forms, words[:at], "", kinds)
        why = f"words are missing: after {before!r} comes one of {', '.join(known)}"
        if at < len(words):
            why = f"{words[at]!r} does not fit after {before!r}{hint(words[at], known)}"
    right = " or ".join(f"{head} {form}".strip() for form in forms)
    return Misfit(at, f"{why}; right is: {right}")


def _misfit(head: str, form: str, words: Sequence[str], kinds: Kinds) -> Misfit | None:
    slots, needed = _slots(form)
    for at, word in enumerate(words):
        slot = _slot_at(slots, at)
        if slot is None:
            return Misfit(at, f"{word!r} is one word too many")
        if not slot.takes(word, kinds):
            return Misfit(at, _unfit(words[at - 1] if at else head, word, slot, kinds))
    given = len(words)
    if given < len(slots) and given != needed:
        last = words[-1] if words else head
        return Misfit(given, f"words are missing: after {last!r} comes {slots[given].wanted(kinds)}")
    return None


def _slot_at(slots: Sequence[_Slot], at: int) -> _Slot | None:
    if at < len(slots):
        return slots[at]
    return slots[-1] if slots and slots[-1].many else None


def _unfit(before: str, word: str, slot: _Slot, kinds: Kinds) -> str:
    if not slot.kind:
        return f"{word!r} does not fit after {before!r}{hint(word, slot.words)}"
    kind = kinds[slot.kind]
    return f"{word!r} is no {kind.what}{'' if kind.fits is not None else hint(word, tuple(kind.known()))}"


def hint(word: str, known: Sequence[str]) -> str:
    """What may have been meant, as the end of a sentence."""
    near = difflib.get_close_matches(word.lower(), [one.lower() for one in known], 3, 0.6)
    close = [one for one in known if one.lower() in near]
    if len(known) > _ALL_NAMED:
        return f"; did you mean {' or '.join(close)}?" if close else "; bench --list has all of them"
    if not known:
        return ""
    there = f"; there are {', '.join(known)}" if len(known) > 1 else f"; there is {known[0]}"
    return f"{there}; did you mean {close[0]}?" if close and len(known) > 3 else there


def completions(forms: Sequence[str], words: Sequence[str], begun: str, kinds: Kinds) -> list[str]:
    """What may come after `words` and begins with `begun`."""
    found: dict[str, None] = {}
    for form in forms:
        slots, _ = _slots(form)
        *before, slot = (_slot_at(slots, at) for at in range(len(words) + 1))
        if all(one is not None and one.takes(word, kinds) for one, word in zip(before, words, strict=True)):
            known = () if slot is None else slot.known(kinds)
            found.update(dict.fromkeys(one for one in known if one.startswith(begun)))
    return list(found)

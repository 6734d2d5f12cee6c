"""Reads `kiosk.toml` into frozen, checked values; what is unknown, wrong or out of bounds is refused."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from itertools import chain
from pathlib import Path
from typing import Final, cast

import msgspec

from edge.faults.fault import FaultError
from edge.settings.conflicts import conflicts, incomplete
from edge.settings.drawn import with_drawn
from edge.settings.moved import MOVED, with_moved
from edge.settings.schema import (
    KEYS,
    Settings,
    allowed_of,
    as_toml,
    bare,
    fields_of,
    is_section,
    rows_of,
    unit,
)

_DEFAULTS: Final = Settings()


class SettingsError(FaultError):
    """The settings cannot be used. Code and detail are those of the first of `problems`."""

    def __init__(self, problems: Sequence[FaultError]) -> None:
        first = problems[0]
        more = f"; and {len(problems) - 1} more" if len(problems) > 1 else ""
        super().__init__(first.code, first.detail + more)
        self.problems = tuple(problems)


def load(path: Path | None, overrides: Sequence[str] = (), *, kiosk: bool = False) -> Settings:
    """The settings of the file (None: the defaults), then of the overrides, checked as a whole.

    What was drawn on the page (`edge.settings.drawn`) is laid over it, last of all.

    An override is `section.key=value`, or `key=value` where only one section has that key; a value is
    written as in the file, a text needs no quotes. `kiosk` also asks for what only a kiosk needs.
    Raises `SettingsError` with every problem found.
    """
    text = "" if path is None else read_text(path)
    found = _Found()
    places = _Places(text, "" if path is None else path.name)
    raw = _parse(text, places, found)
    return with_drawn(_settle(raw, places, found, overrides, kiosk=kiosk))


def changed(settings: Settings, override: str) -> Settings:
    """The same settings with one override more. Raises `SettingsError`."""
    unknown = tuple(mask for mask in settings.mask if not mask.polygon)
    known = tuple(mask for mask in settings.mask if mask.polygon)
    base = msgspec.structs.replace(settings, mask=known)
    fresh = _settle({}, _Places("", ""), _Found(), [override], base=base)
    return msgspec.structs.replace(fresh, mask=(*fresh.mask, *unknown))


class Piece:
    """A piece of a settings file, to be laid over a whole one; what is wrong is reported of both at once."""

    def __init__(self, text: str, name: str) -> None:
        """Raises `SettingsError` where nothing of the text can be read."""
        self._text = text
        self._name = name
        self._found = _Found()
        self._places = _Places(text, name)
        self.table = _parse(text, self._places, self._found)

    def refuse(self, code: str, detail: str, key: str) -> None:
        """One more problem, with the line of `key`."""
        self._found.add(code, detail + self._places.of(key), key)

    def alone(self) -> Settings:
        """The settings of a kiosk with this piece over the defaults. Raises `SettingsError`."""
        return _settle(self.table, self._places, self._found, (), kiosk=True)

    def over(self, base: Path) -> Settings:
        """The settings of a kiosk with this piece over the file `base`. Raises `SettingsError`."""
        below = read_text(base)
        under = _parse(below, _Places(below, base.name), self._found)
        places = _Places(self._text, self._name, _Places(below, base.name))
        return _settle(_merged(under, self.table), places, self._found, (), kiosk=True)


def _settle(
    raw: Mapping[str, object],
    places: _Places,
    found: _Found,
    overrides: Sequence[str],
    *,
    kiosk: bool = False,
    base: Settings = _DEFAULTS,
) -> Settings:
    """What was read over `base`, checked as a whole; also what else is wrong where something is already."""
    over = dict(raw)
    _check_table(Settings, over, "", places, found)
    for override in overrides:
        _override(over, override, places, found)
    merged = _merged(cast(dict[str, object], msgspec.to_builtins(base)), _without(over, found.broken, ""))
    settings = msgspec.convert(merged, Settings)
    for keys, problem in chain(conflicts(settings), incomplete(settings) if kiosk else ()):
        if not any(found.spoils(key) for key in keys):  # what is wrong in itself is no contradiction as well
            missing = problem.code == "settings_incomplete"
            where = "" if missing and not places.has(*keys) else places.of(*keys)
            found.problems.append(FaultError(problem.code, problem.detail + where))
    if found.problems:
        raise SettingsError(found.problems)
    return settings


class _Found:
    """The problems, and the keys whose values are none because of them."""

    def __init__(self) -> None:
        self.problems: list[FaultError] = []
        self.broken: set[str] = set()

    def add(self, code: str, detail: str, key: str = "") -> None:
        self.problems.append(FaultError(code, detail))
        self.broken.add(key)

    def spoils(self, key: str) -> bool:
        """Whether the key, or a section that it stands in, is broken."""
        parts = key.split(".")
        return any(".".join(parts[:count]) in self.broken for count in range(1, len(parts) + 1))


def _without(table: Mapping[str, object], broken: Set[str], prefix: str) -> dict[str, object]:
    """What is left of the table when the broken keys are out."""
    return {
        name: _without(value, broken, f"{prefix}{name}.") if isinstance(value, dict) else value
        for name, value in table.items()
        if prefix + name not in broken
    }


# --- reading ---------------------------------------------------------------------------------------


def read_text(path: Path) -> str:
    """The text of a settings file. Raises `SettingsError`."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise SettingsError([FaultError("settings_missing", str(path))]) from error
    except OSError as error:
        raise SettingsError([FaultError("settings_unreadable", f"{path}: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        where = f"byte {error.start} is not UTF-8"
        raise SettingsError([FaultError("settings_unreadable", f"{path}: {where}")]) from error


_HEADER: Final = re.compile(r"\s*\[(\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?\Z")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_.\-\"']+(?:\s*\.\s*[A-Za-z0-9_\-\"']+)*)\s*=")
_AT: Final = re.compile(r"\(at line (\d+),")
_DIGITS: Final = re.compile(r"[0-9_]{4000}")
"""So long that Python makes no number of it (sys.set_int_max_str_digits)."""

_WRONG_LINES: Final = 20


class _Places:
    """Where each key stands: enough for a message; tomllib itself forgets the lines.

    `below`: of the file that this one is laid over.
    """

    def __init__(self, text: str, name: str, below: _Places | None = None) -> None:
        self.name = name
        self.lines = text.split("\n")
        self.below = below
        self._at: dict[str, int] = {}
        section = ""
        rows: Counter[str] = Counter()
        for number, line in enumerate(self.lines, start=1):
            if header := _HEADER.match(line.rstrip("\r")):
                section = re.sub(r"[\s\"']", "", header[2])
                if header[1]:  # one more table of a list of them
                    rows[section] += 1
                    section = f"{section}.{rows[section]}"
                self._at.setdefault(section, number)
            elif key := _KEY.match(line):
                leaf = re.sub(r"[\s\"']", "", key[1])
                self._at.setdefault(f"{section}.{leaf}" if section else leaf, number)

    def of(self, *keys: str) -> str:
        """` (kiosk.toml line 12)`, by the nearest enclosing key that has a line; empty where none has."""
        exact = {self._at[key] for key in keys if key in self._at}
        if found := sorted(exact or {number for key in keys if (number := self._line_of(key))}):
            lines = "line " + str(found[0]) if len(found) == 1 else "lines " + ", ".join(map(str, found))
            return f" ({self.name} {lines})"
        return "" if self.below is None else self.below.of(*keys)

    def has(self, *keys: str) -> bool:
        """Whether one of the keys, or a section of one, stands in this file itself."""
        return any(self._line_of(key) for key in keys)

    def key_in(self, number: int) -> str:
        """The key that a line sets; empty for none."""
        return next((key for key, at in self._at.items() if at == number), "")

    def forget(self, key: str) -> None:
        """It stands elsewhere now."""
        self._at.pop(key, None)

    def _line_of(self, key: str) -> int:
        while key and key not in self._at:
            key = key.rpartition(".")[0]
        return self._at.get(key, 0)


def _parse(text: str, places: _Places, found: _Found) -> dict[str, object]:
    """What the file says. Of lines that are no TOML all are reported, and the rest is read without them.

    Raises `SettingsError` where nothing can be said of the rest.
    """
    lines = list(places.lines)
    for _ in range(_WRONG_LINES):
        try:
            return with_moved(tomllib.loads("\n".join(lines)), MOVED)
        except RecursionError:
            number, why = 0, "nested too deeply"
        except tomllib.TOMLDecodeError as error:
            at = _AT.search(str(error))
            number, why = int(at[1]) if at else 0, str(error)
        except ValueError:
            number = next((n for n, line in enumerate(lines, start=1) if _DIGITS.search(line)), 0)
            why = f"a number of more digits than can be read (at line {number})"
        found.add("settings_syntax", f"{places.name}: {why}", places.key_in(number))
        wrong = lines[number - 1].strip() if 0 < number <= len(lines) else ""
        if not wrong or wrong.startswith("["):
            break  # a heading, or the end of something longer: what follows would be misread
        lines[number - 1] = ""
    raise SettingsError(found.problems)


# --- checking one value ----------------------------------------------------------------------------


def _check_table(
    struct: type[msgspec.Struct],
    table: Mapping[str, object],
    prefix: str,
    places: _Places,
    found: _Found,
) -> None:
    known = fields_of(struct)
    for name, value in table.items():
        key = prefix + name
        if name not in known:
            said = "".join(sign if sign.isprintable() else "?" for sign in key[:80])
            found.add("settings_unknown_key", f"{said}{places.of(key)}{_nearest(key)}", key)
        elif (row := rows_of(known[name])) is not None and isinstance(value, list):
            _check_rows(row, value, key, places, found)
        elif not is_section(known[name]):
            problem = _check_leaf(key, known[name], value)
            if problem is not None:
                found.add(problem.code, problem.detail + places.of(key), key)
        elif isinstance(value, dict):
            _check_table(cast(type[msgspec.Struct], known[name]), value, f"{key}.", places, found)
        else:
            found.add("settings_wrong_type", f"{key} is a section, [{key}]{places.of(key)}", key)


def _check_rows(
    struct: type[msgspec.Struct], rows: Sequence[object], key: str, places: _Places, found: _Found
) -> None:
    """Each table of a list of them; `key.2` is the second. One that is wrong breaks the whole list."""
    before = len(found.problems)
    for number, row in enumerate(rows, start=1):
        at = f"{key}.{number}"
        if not isinstance(row, dict):
            found.add("settings_wrong_type", f"{at} is a table, [[{key}]]{places.of(at)}", key)
            continue
        _check_table(struct, row, f"{at}.", places, found)
        for needed in struct.__struct_fields__[: -len(struct.__struct_defaults__) or None]:
            if needed not in row:
                found.add("settings_wrong_type", f"{at}.{needed} is missing{places.of(at)}", key)
    if len(found.problems) > before:
        found.broken.add(key)
    elif (problem := _check_leaf(key, KEYS[key], rows)) is not None:
        found.add(problem.code, problem.detail + places.of(key), key)


def _nearest(key: str) -> str:
    """`; did you mean …?` for the nearest known name: of that section first, then of any."""
    section, _, leaf = key.rpartition(".")
    start = f"{section}." if section else ""
    siblings = list(dict.fromkeys(k.removeprefix(start).split(".")[0] for k in KEYS if k.startswith(start)))
    if leaf in siblings:
        return ""
    if near := difflib.get_close_matches(leaf, siblings, 1, 0.6):
        return f"; did you mean {start}{near[0]}?"
    elsewhere = {k.rpartition(".")[2]: k for k in reversed(list(KEYS))}
    if near := difflib.get_close_matches(leaf, list(elsewhere), 1, 0.75):
        return f"; did you mean {elsewhere[near[0]]}?"
    return ""


def _check_leaf(key: str, kind: object, value: object) -> FaultError | None:
    try:
        msgspec.convert(value, cast(type[object], kind))
    except msgspec.ValidationError as error:
        wrong_kind = ", got `" in str(error)
        code = "settings_wrong_type" if wrong_kind else "settings_out_of_bounds"
        # A text is not said again, nor a number in its place: it may be a telephone number or a secret.
        number = isinstance(value, int | float) and not isinstance(bare(kind), msgspec.inspect.StrType)
        short = isinstance(value, float) or (isinstance(value, int) and abs(value) < 1 << 63)
        said = f" = {as_toml(value)}" if number and short else ""
        return FaultError(code, f"{key}{said} must be {allowed_of(kind, unit(key))}")
    return None


# --- overrides -------------------------------------------------------------------------------------


def _override(raw: dict[str, object], override: str, places: _Places, found: _Found) -> None:
    name, equals, text = override.partition("=")
    name = name.strip()
    if not equals:
        found.add("settings_override", f"--set {name}: write it as key=value{_nearest(name)}", name)
        return
    key = _whole_key(name, found)
    if key is None:
        return
    value = _override_value(KEYS[key], text.strip())
    problem = _check_leaf(key, KEYS[key], value)
    if problem is not None:
        found.add(problem.code, f"{problem.detail} (--set)", key)
        return
    table = raw
    *sections, leaf = key.split(".")
    for section in sections:
        inner = table.setdefault(section, {})
        if not isinstance(inner, dict):  # the file had a value where a section belongs: already a problem
            return
        table = inner
    table[leaf] = value
    places.forget(key)


def _whole_key(name: str, found: _Found) -> str | None:
    if name in KEYS:
        return name
    same = [key for key in KEYS if key.endswith(f".{name}")]
    if len(same) == 1:
        return same[0]
    which = f": say which, {' or '.join(same)}" if same else _nearest(name)
    found.add("settings_unknown_key", f"--set {name}{which}", name)
    return None


def value_of(key: str, text: str) -> object:
    """What a text is as a setting's value, read as behind `--set`. Raises `FaultError`, also for no key."""
    kind = KEYS.get(key)
    if kind is None:
        raise FaultError("settings_unknown_key", key + _nearest(key))
    value = _override_value(kind, text.strip())
    if (problem := _check_leaf(key, kind, value)) is not None:
        raise problem
    return value


def _override_value(kind: object, text: str) -> object:
    info = bare(kind)
    texts = isinstance(info, msgspec.inspect.StrType | msgspec.inspect.EnumType) or (
        isinstance(info, msgspec.inspect.LiteralType) and all(isinstance(v, str) for v in info.values)
    )
    if texts and not text.startswith(('"', "'")):
        return text
    try:
        return cast(object, tomllib.loads(f"value = {text}")["value"])
    except (ValueError, RecursionError):  # no TOML, a number of too many digits, or nested too deeply
        return text


def _merged(base: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    result = dict(base)
    for name, value in over.items():
        below = result.get(name)
        if isinstance(below, dict) and isinstance(value, dict):
            result[name] = _merged(below, value)
        else:
            result[name] = value
    return result

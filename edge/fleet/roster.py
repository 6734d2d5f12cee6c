"""A table of kiosks into a first-boot file for each, with its own secrets in it and nobody else's.

The table is CSV, a kiosk a line: `kiosk_id`, and a column for each setting (`cabin.name`, `people.watchman`)
or secret (`first_boot.sim_pin`) in which they differ. What is the same for all stands in a piece of
kiosk.toml. The word `make` in place of a secret has one made, for each kiosk its own. All of it is checked
before anything is written, as the kiosk will check it; made again, it keeps what was made.
"""

from __future__ import annotations

import base64
import csv
import io
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from edge.faults.fault import FaultError
from edge.settings.first_boot import Recipients, read_first_boot
from edge.settings.fleet import KIOSK_ID
from edge.settings.handed import HANDED, MAKE, SSH_KEY, TABLE, wrong_handed
from edge.settings.load import Piece, SettingsError, value_of
from edge.settings.places import SETTINGS_FILE
from edge.settings.schema import allowed, as_toml

KIOSKS_MOST: Final = 20_000
LARGEST: Final = 32 << 20
"""Bytes of the table."""
_ID: Final = "kiosk_id"
_FROM_OTHERS: Final = frozenset({"sim_pin", "smtp_password", "token_pin"})
"""Secrets that somebody else gave out: two kiosks may have the same one. Cards are sold with one PIN."""


def _base32() -> str:
    return base64.b32encode(secrets.token_bytes(20)).decode()


@dataclass(frozen=True, slots=True)
class Maker:
    """How a secret is made, and the form that each one made so has."""

    make: Callable[[], str]
    form: str


_BASE32: Final = Maker(_base32, r"[A-Z2-7]{32}")
MAKERS: Final[Mapping[str, Maker]] = MappingProxyType(
    {
        "sim_pin": Maker(lambda: f"{secrets.randbelow(10**8):08}", r"[0-9]{8}"),
        "hotp_secret": _BASE32,  # 160 bits, RFC 4226 section 4
        "webhook_secret": _BASE32,
        "panel_password": _BASE32,
        "est_token": _BASE32,
        "gallery_key": Maker(
            lambda: base64.b64encode(secrets.token_bytes(32)).decode(), r"[A-Za-z0-9+/]{43}="
        ),
    }
)
"""The secrets that can be made."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One kiosk: its line in the table, its first-boot file, and the secrets that were made for it."""

    kiosk_id: str
    line: int
    text: str
    made: Mapping[str, str] = field(repr=False)


@dataclass
class _Row:
    kiosk_id: str
    line: int
    table: dict[str, dict[str, object]]
    columns: Mapping[str, str]


Kept = Mapping[str, Mapping[str, str]]
"""The secrets that were made before, by kiosk and name."""


def planned(table: bytes, name: str, common: str, kept: Kept, recipients: Recipients) -> list[Planned]:
    """Every kiosk of the table, in its order. Raises `SettingsError` with everything that is wrong.

    `name` is the table's, for what is said of it; `common` the text that holds for all, empty for none;
    `recipients` reads the keys that pictures are sealed to, as the kiosk will.
    """
    problems: list[FaultError] = []
    shared = _common(common, problems)
    rows = list(_rows(table, name, problems))
    problems += _named_twice(rows, name)
    problems += _given_twice(rows, name)
    if problems:
        raise SettingsError(problems)
    made = [_made(row, shared, kept.get(row.kiosk_id, {})) for row in rows]
    for row, one in zip(rows, made, strict=True):
        problems += _refused(one, name, row, recipients)
    if problems:
        raise SettingsError(problems)
    return made


# --- reading the table --------------------------------------------------------------------------------------


def _rows(table: bytes, name: str, problems: list[FaultError]) -> Iterator[_Row]:
    try:
        text = table.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = table[: error.start].count(b"\n") + 1
        problems.append(_odd("not UTF-8: save it as CSV UTF-8", name, line))
        return
    head = text.partition("\n")[0]
    # Excel writes what its country takes for a separator.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True)
    count = 0
    begin = 1
    try:
        columns = [cell.strip() for cell in next(reader, [])]
        if not _columns_fit(columns, name, problems):
            return
        begin = reader.line_num + 1
        for cells in reader:
            line, begin = begin, reader.line_num + 1  # a cell may have several lines
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > KIOSKS_MOST:
                problems.append(_odd(f"more than {KIOSKS_MOST} kiosks", name, line))
                return
            yield from _row(cells, columns, name, line, problems)
    except csv.Error as error:
        problems.append(_odd(str(error), name, begin))
    if not count:
        problems.append(_odd("no kiosk is in it", name, 1))


def _columns_fit(columns: Sequence[str], name: str, problems: list[FaultError]) -> bool:
    before = len(problems)
    if _ID not in columns:
        problems.append(_odd(f"the first line has no column {_ID}", name, 1))
    for number, column in enumerate(columns, start=1):
        if columns.index(column) != number - 1:
            problems.append(_odd("this column is there twice", name, 1, column))
        if column == f"mqtt.{_ID}":
            problems.append(_odd(f"{_ID} is the column for it", name, 1, column))
        section, _, leaf = column.partition(".")
        if section == TABLE and leaf in HANDED and HANDED[leaf].setting in columns:
            detail = f"{HANDED[leaf].setting} names another file for it: leave one of the two out"
            problems.append(_odd(detail, name, 1, column))
        if column == _ID or (section == TABLE and (leaf in HANDED or leaf == SSH_KEY)):
            continue
        try:
            value_of(column, "")
        except FaultError as error:
            if error.code == "settings_unknown_key":
                detail = error.detail if column else f"column {number} has no name"
                problems.append(FaultError(error.code, f"{_shown(detail)} ({name} line 1)"))
    return len(problems) == before


def _row(
    cells: Sequence[str], columns: Sequence[str], name: str, line: int, problems: list[FaultError]
) -> Iterator[_Row]:
    if len(cells) != len(columns):
        problems.append(_odd(f"{len(cells)} cells where there are {len(columns)} columns", name, line))
        return
    given = {column: cell.strip() for column, cell in zip(columns, cells, strict=True) if cell.strip()}
    kiosk_id = given.pop(_ID, "")
    if not kiosk_id or not re.fullmatch(KIOSK_ID, kiosk_id):
        said = f"{_ID} is empty" if not kiosk_id else f"{_ID} must be {allowed(f'mqtt.{_ID}')}"
        problems.append(_odd(said, name, line, _ID))
        return
    made: dict[str, dict[str, object]] = {}
    for column, cell in given.items():
        section, _, leaf = column.rpartition(".")
        try:
            value = cell if section == TABLE else value_of(column, cell)
        except FaultError as error:
            problems.append(FaultError(error.code, f"{error.detail} ({name} line {line}, column {column})"))
            continue
        made.setdefault(section, {})[leaf] = value
    own = made.get(TABLE, {})
    problems += [
        FaultError(code, f"{detail} ({name} line {line}, column {key})")
        for key, code, detail in wrong_handed({k: v for k, v in own.items() if not _to_make(k, v)})
    ]
    yield _Row(kiosk_id, line, made, given)


def _named_twice(rows: Sequence[_Row], name: str) -> Iterator[FaultError]:
    seen: dict[str, int] = {}
    for row in rows:
        before = seen.setdefault(row.kiosk_id, row.line)
        if before != row.line:
            yield _odd(f"{_ID} {row.kiosk_id} is that of line {before}, too", name, row.line, _ID)


def _given_twice(rows: Sequence[_Row], name: str) -> Iterator[FaultError]:
    """A secret in the table is one kiosk's, but for those of others."""
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        for leaf, value in row.table.get(TABLE, {}).items():
            if not _is_secret(leaf) or leaf in _FROM_OTHERS or _to_make(leaf, value):
                continue
            before = seen.setdefault((leaf, str(value)), row.line)
            if before != row.line:
                detail = f"the same secret as in line {before}"
                yield _odd(detail, name, row.line, f"{TABLE}.{leaf}")


def _is_secret(leaf: str) -> bool:
    return leaf in HANDED and not HANDED[leaf].public


def _to_make(leaf: str, value: object) -> bool:
    return value == MAKE and leaf in MAKERS


# --- what is the same for all -------------------------------------------------------------------------------


def _common(text: str, problems: list[FaultError]) -> dict[str, object]:
    """The piece for all; its settings are checked with each kiosk's own over them."""
    if not text:
        return {}
    try:
        table = dict(Piece(text, "the common file").table)
    except SettingsError as error:
        problems += error.problems
        return {}
    own = table.get(TABLE, {})
    checked = {k: v for k, v in own.items() if not _to_make(k, v)} if isinstance(own, dict) else own
    problems += [FaultError(code, f"{detail} (the common file)") for _, code, detail in wrong_handed(checked)]
    broker = table.get("mqtt", {})
    if isinstance(broker, dict) and _ID in broker:
        problems.append(FaultError("table_odd", f"mqtt.{_ID} is each kiosk's own (the common file)"))
    for leaf, value in sorted(own.items()) if isinstance(own, dict) else ():
        if _is_secret(leaf) and not _to_make(leaf, value):
            made = f'say "{MAKE}", or ' if leaf in MAKERS else ""
            detail = f"{TABLE}.{leaf} would be the same on every kiosk: {made}give each its own in a column"
            problems.append(FaultError("table_odd", f"{detail} (the common file)"))
    return table


def _made(row: _Row, shared: Mapping[str, object], before: Mapping[str, str]) -> Planned:
    """The kiosk's own over what is the same for all; its secrets made, or those from before."""
    table: dict[str, object] = {k: dict(v) if isinstance(v, dict) else v for k, v in shared.items()}
    for path, values in row.table.items():
        _inner(table, path).update(values)
    _inner(table, "mqtt")["kiosk_id"] = row.kiosk_id
    made: dict[str, str] = {}
    own = table.get(TABLE)
    if isinstance(own, dict):
        for leaf, value in own.items():
            if _to_make(leaf, value):
                own[leaf] = made[leaf] = before.get(leaf) or MAKERS[leaf].make()
        if "est_token" in own:  # whose password it is
            _inner(table, "certificate").setdefault("est_user", row.kiosk_id)
    head = f"# First start of {row.kiosk_id}, and of no other kiosk: cabinguard.toml on its boot partition.\n"
    return Planned(row.kiosk_id, row.line, head + "\n".join(_toml(table, "")) + "\n", made)


def _inner(table: dict[str, object], path: str) -> dict[str, object]:
    """The section at a dotted path, made where there is none."""
    for part in path.split(".") if path else ():
        below = table.setdefault(part, {})
        if not isinstance(below, dict):  # the common file has a value there: told when the whole is checked
            below = table[part] = {}
        table = below
    return table


def _toml(table: Mapping[str, object], prefix: str) -> Iterator[str]:
    """As TOML: values first, then the sections; the rows of [policy] are values on one line."""
    for key, value in table.items():
        if not isinstance(value, dict) or prefix == "policy.":
            yield f"{key} = {as_toml(value)}"
    for key, value in table.items():
        if isinstance(value, dict) and prefix != "policy.":
            yield f"\n[{prefix}{key}]"
            yield from _toml(value, f"{prefix}{key}.")


def _refused(one: Planned, name: str, row: _Row, recipients: Recipients) -> Iterator[FaultError]:
    """What a kiosk would say of its file, with the line of the table."""
    folder = SETTINGS_FILE.parent
    try:
        read_first_boot(one.text.encode(), one.kiosk_id, folder, recipients).piece.alone()
    except SettingsError as error:
        for problem in error.problems:
            detail = re.sub(rf" \({re.escape(one.kiosk_id)} lines? [0-9, ]+\)\Z", "", problem.detail)
            yield FaultError(problem.code, f"{detail} ({name} line {row.line})")


def _odd(detail: str, name: str, line: int, column: str = "") -> FaultError:
    where = f", column {_shown(column)}" if column else ""
    return FaultError("table_odd", f"{_shown(detail)} ({name} line {line}{where})")


def _shown(text: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in text[:300])

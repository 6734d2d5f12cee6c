"""Every small change of the table's source: one for each comparison, number, cell, member, value and call.

A mutant is the source with one change. What is changed, and what each kind is called:

comparison  `<` to `<=` and to `>=`, `==` to `!=`, `in` to `not in`, `is` to `is not`
number      one more, one less, half as much again, nothing; each use of a number of the flow by half as much
boolean     `and` to `or`, one side left out, `not` left out, True to False, a plain condition negated
member      one member of a set, a tuple, a list or a mapping left out, one argument of a list of them
cell        a cell of the table: its act, its refusal, each of its targets left out or another one
assignment  left out; a named value (`set(field=...)`) left out or replaced
call        a call that stands alone, a `return` in the middle, a `break` or a `continue` left out
enum        a member replaced by the next one of its kind
return      the value of a condition negated, any other replaced by None
arithmetic  `+` to `-`, `*` to `/`, `|` to `-`, `&` to `|`, `min` to `max`
word        a word that is reported, noted or written down changed

Not changed: annotations (except the bounds in them), imports, docstrings, and `assert isinstance`, which
is there for the type checker.
"""

from __future__ import annotations

import ast
import copy
import importlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from types import ModuleType

KINDS = (
    "comparison",
    "number",
    "boolean",
    "member",
    "cell",
    "assignment",
    "call",
    "enum",
    "return",
    "arithmetic",
    "word",
)

NOT_THE_TABLE = {"__init__.py", "diagram.py"}
"""What only prints: its own tests compare it with the README."""

_OPPOSITES: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_SUMS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.Sub,
    ast.BitAnd: ast.BitOr,
    ast.BitXor: ast.BitOr,
}
_SWAPPED_CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}
_LISTS_BY_CALL = {"tell": 1, "do": 0, "_in": 0}
"""Calls whose arguments, from that one on, are a list of equals."""


@dataclass(frozen=True)
class Mutant:
    """One change. `where` is the outermost function that it is in, "" outside of all."""

    file: str
    where: str
    line: int
    text: str
    kind: str
    change: str
    nth: int
    in_code: bool
    """The change is in what the function does, not in what was made when its module was imported."""
    first_line: int
    """Where that function begins, its decorators too: a property has two of the same name."""
    apply: Callable[[], None]
    tree: ast.Module

    @property
    def key(self) -> str:
        return f"{self.file} | {self.where} | {self.text} | {self.change} | {self.nth}"


@dataclass(frozen=True)
class _Place:
    """Where a node hangs in its tree."""

    holder: ast.AST
    name: str
    index: int | None = None

    def put(self, *nodes: ast.AST) -> None:
        if self.index is None:
            setattr(self.holder, self.name, nodes[0])
        else:
            getattr(self.holder, self.name)[self.index : self.index + 1] = nodes


@dataclass(frozen=True)
class _Change:
    kind: str
    words: str
    apply: Callable[[], None]
    line: int


@dataclass(frozen=True)
class _Inside:
    """What surrounds a node."""

    where: str = ""
    function: ast.FunctionDef | None = None
    in_code: bool = False
    in_class: str = ""
    first_line: int = 0
    runs: bool = False
    """In a function or a lambda."""


def _short(node: ast.AST) -> str:
    words = " ".join(ast.unparse(node).split())
    return words if len(words) <= 70 else f"{words[:67]}..."


def _children(node: ast.AST) -> Iterator[tuple[ast.AST, _Place]]:
    for name, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            yield value, _Place(node, name)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, ast.AST):
                    yield item, _Place(node, name, index)


class Changes:
    """All the mutants of one file."""

    def __init__(self, file: str, source: str, module: ModuleType) -> None:
        self._file = file
        self._lines = source.splitlines()
        self._module = module
        self._tree = ast.parse(source)
        self._seen: Counter[tuple[str, str, str]] = Counter()

    def all(self) -> list[Mutant]:
        found = list(self._in_block(self._tree, _Inside()))
        found += [self._mutant(change, _Inside()) for change in self._cells()]
        return found

    def _mutant(self, change: _Change, inside: _Inside) -> Mutant:
        text = self._lines[change.line - 1].strip()
        same = (inside.where, text, change.words)
        self._seen[same] += 1
        return Mutant(
            self._file,
            inside.where,
            change.line,
            text,
            change.kind,
            change.words,
            self._seen[same],
            inside.in_code,
            inside.first_line,
            change.apply,
            self._tree,
        )

    # --- walking ------------------------------------------------------------------------------------

    def _in_block(self, node: ast.AST, inside: _Inside) -> Iterator[Mutant]:
        for child, place in _children(node):
            yield from self._walk(child, place, inside)

    def _walk(self, node: ast.AST, place: _Place, inside: _Inside) -> Iterator[Mutant]:
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Assert | ast.arg | ast.expr_context):
            return
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return  # a docstring
        if isinstance(node, ast.Subscript) and not inside.runs:
            return  # the name of a type
        if isinstance(node, ast.FunctionDef):
            yield from self._in_function(node, inside)
            return
        if isinstance(node, ast.Lambda):
            inside = replace(inside, runs=True)
        if isinstance(node, ast.ClassDef):
            within = _Inside(in_class=f"{inside.in_class}{node.name}.", where=node.name)
            for index, statement in enumerate(node.body):
                yield from self._walk(statement, _Place(node, "body", index), within)
            return
        for change in self._of(node, place, inside):
            yield self._mutant(change, inside)
        if isinstance(node, ast.AnnAssign):
            yield from self._bounds(node.annotation, inside)
            if node.value is not None:
                yield from self._walk(node.value, _Place(node, "value"), inside)
            return
        yield from self._in_block(node, inside)

    def _in_function(self, node: ast.FunctionDef, inside: _Inside) -> Iterator[Mutant]:
        if inside.function is not None:  # one inside another is made again at every call of that one
            within = replace(inside, function=node)
            defaults = within
        else:
            name = f"{inside.in_class}{node.name}"
            line = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            within = _Inside(name, node, in_code=True, first_line=line, runs=True)
            defaults = replace(within, in_code=False)
        for listed in ("defaults", "kw_defaults"):
            for index, default in enumerate(getattr(node.args, listed)):
                if default is not None:
                    yield from self._walk(default, _Place(node.args, listed, index), defaults)
        for index, statement in enumerate(node.body):
            yield from self._walk(statement, _Place(node, "body", index), within)

    def _bounds(self, annotation: ast.AST, inside: _Inside) -> Iterator[Mutant]:
        """The numbers in an annotation are what a setting is checked with."""
        for node in ast.walk(annotation):
            for child, place in _children(node):
                if isinstance(child, ast.Constant):
                    for change in self._numbers(child, place):
                        yield self._mutant(change, inside)

    # --- what is changed ----------------------------------------------------------------------------

    def _of(self, node: ast.AST, place: _Place, inside: _Inside) -> Iterator[_Change]:
        match node:
            case ast.Compare():
                yield from self._comparisons(node)
            case ast.Constant():
                yield from self._constants(node, place)
            case ast.BoolOp():
                yield from self._sides(node, place)
            case ast.UnaryOp(op=ast.Not()):
                yield self._put("boolean", place, node, node.operand)
            case ast.UnaryOp(op=ast.USub()):
                yield self._put("arithmetic", place, node, node.operand)
            case ast.BinOp():
                yield from self._sums(node, inside)
            case ast.Call():
                yield from self._calls(node)
            case ast.Attribute():
                yield from self._attributes(node, place)
            case ast.Name(id=name) if inside.runs and name.isupper():
                if name.endswith("_S") or name == "OFTEN":
                    yield self._put("number", place, node, _times(node))
            case ast.Set() | ast.Tuple() | ast.List():
                yield from self._members(node)
            case ast.Dict():
                yield from self._rows(node)
            case ast.Expr(value=ast.Call()):
                yield self._put("call", place, node, ast.Pass())
            case ast.Continue() | ast.Break():
                yield self._put("call", place, node, ast.Pass())
            case ast.Assign() | ast.AugAssign() if inside.function is not None:
                yield self._put("assignment", place, node, ast.Pass())
            case ast.Return():
                yield from self._returns(node, place, inside)
            case _:
                pass
        for name in ("test", "ifs", "values"):
            yield from self._negated(node, name)

    def _put(self, kind: str, place: _Place, old: ast.AST, new: ast.AST | None, words: str = "") -> _Change:
        said = "left out" if new is None or isinstance(new, ast.Pass) else f"→ {_short(new)}"
        nodes = () if new is None else (ast.copy_location(new, old),)
        line: int = getattr(old, "lineno", 0)
        return _Change(kind, words or f"{_short(old)} {said}", lambda: place.put(*nodes), line)

    def _comparisons(self, node: ast.Compare) -> Iterator[_Change]:
        for index, op in enumerate(node.ops):
            for other in _OPPOSITES[type(op)]:
                new = copy.deepcopy(node)
                new.ops[index] = other()
                place = _Place(node, "ops", index)
                words = f"{_short(node)} → {_short(new)}"
                op_new = other()
                yield _Change("comparison", words, _putter(place, op_new), node.lineno)

    def _constants(self, node: ast.Constant, place: _Place) -> Iterator[_Change]:
        value = node.value
        if isinstance(value, bool):
            yield self._put("boolean", place, node, ast.Constant(not value))
        elif isinstance(value, int | float):
            yield from self._numbers(node, place)
        elif isinstance(value, str):
            yield self._put("word", place, node, ast.Constant(f"{value}_x"))
        elif value is None and isinstance(place.holder, ast.keyword | ast.IfExp | ast.AnnAssign):
            yield self._put("assignment", place, node, ast.Constant(0.0))

    def _numbers(self, node: ast.Constant, place: _Place) -> Iterator[_Change]:
        value = node.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            return
        others: list[int | float] = [value + 1, value - 1, 0]
        if isinstance(value, float):
            others = [value + 1, value - 1, value * 1.5, 0.0]
        for other in dict.fromkeys(others):
            if other != value:
                yield self._put("number", place, node, ast.Constant(other))

    def _sides(self, node: ast.BoolOp, place: _Place) -> Iterator[_Change]:
        other = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        said = type(node.op).__name__.lower()
        words = f"{_short(node)}: {said} → {type(other).__name__.lower()}"
        yield _Change("boolean", words, _putter(_Place(node, "op"), other), node.lineno)
        for value in node.values:
            rest = [v for v in node.values if v is not value]
            new = rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
            words = f"{_short(node)}: without {_short(value)}"
            yield self._put("boolean", place, node, new, words)

    def _negated(self, node: ast.AST, name: str) -> Iterator[_Change]:
        """A plain condition; a comparison, `and`, `or` and `not` have changes of their own."""
        if name == "values" and not isinstance(node, ast.BoolOp):
            return
        for child, place in _children(node):
            plain = isinstance(child, ast.Name | ast.Attribute | ast.Call | ast.BinOp)
            if place.name == name and plain and isinstance(child, ast.expr):
                yield self._put("boolean", place, child, ast.UnaryOp(ast.Not(), child))

    def _sums(self, node: ast.BinOp, inside: _Inside) -> Iterator[_Change]:
        if inside.function is None and isinstance(node.op, ast.BitOr) and _only_names(node):
            return  # a union of types
        other = _SUMS[type(node.op)]()
        sets = isinstance(node.right, ast.Set) or isinstance(node.left, ast.Call)
        if isinstance(node.op, ast.Sub) and sets:
            other = ast.BitOr()
        new = copy.deepcopy(node)
        new.op = other
        words = f"{_short(node)} → {_short(new)}"
        yield _Change("arithmetic", words, _putter(_Place(node, "op"), other), node.lineno)

    def _calls(self, node: ast.Call) -> Iterator[_Change]:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if isinstance(node.func, ast.Name) and name in _SWAPPED_CALLS:
            yield self._put(
                "arithmetic", _Place(node, "func"), node.func, ast.Name(_SWAPPED_CALLS[name], ast.Load())
            )
        if name in _LISTS_BY_CALL:
            for index, argument in enumerate(node.args):
                if index >= _LISTS_BY_CALL[name]:
                    words = f"{_short(argument)} left out of {name}(...)"
                    yield self._put("member", _Place(node, "args", index), argument, None, words)
        for index, keyword in enumerate(node.keywords):
            if keyword.arg is None:
                continue
            words = f"{_short(keyword)} left out of {name}(...)"
            yield self._put("assignment", _Place(node, "keywords", index), keyword, None, words)
            if not isinstance(keyword.value, ast.Constant):
                words = f"{_short(keyword)} → {keyword.arg}=None"
                new = ast.Constant(None)
                yield self._put("assignment", _Place(keyword, "value"), keyword.value, new, words)

    def _attributes(self, node: ast.Attribute, place: _Place) -> Iterator[_Change]:
        if isinstance(node.value, ast.Name):
            kind = getattr(self._module, node.value.id, None)
            if isinstance(kind, type) and issubclass(kind, Enum) and node.attr in kind.__members__:
                names = list(kind.__members__)
                sibling = names[(names.index(node.attr) + 1) % len(names)]
                yield self._put("enum", place, node, ast.Attribute(node.value, sibling, ast.Load()))
        of_flow = _short(node.value).split(".")[-1] == "flow"
        if of_flow and node.attr.endswith(("_s", "_tries", "_incident")):
            yield self._put("number", place, node, _times(node))

    def _members(self, node: ast.Set | ast.Tuple | ast.List) -> Iterator[_Change]:
        if isinstance(getattr(node, "ctx", None), ast.Store):
            return
        for index, member in enumerate(node.elts):
            empty_set = isinstance(node, ast.Set) and len(node.elts) == 1
            words = f"{_short(member)} left out of {_short(node)}"
            new = ast.Starred(ast.Tuple([], ast.Load()), ast.Load()) if empty_set else None
            yield self._put("member", _Place(node, "elts", index), member, new, words)

    def _rows(self, node: ast.Dict) -> Iterator[_Change]:
        for index, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):
            if key is None:
                continue
            words = f"{_short(key)}: {_short(value)} left out"

            def leave_out(index: int = index) -> None:
                del node.keys[index], node.values[index]

            yield _Change("member", words, leave_out, key.lineno)

    def _returns(self, node: ast.Return, place: _Place, inside: _Inside) -> Iterator[_Change]:
        function = inside.function
        if node.value is None:
            yield self._put("call", place, node, ast.Pass(), "return left out")
            return
        gives = "" if function is None or function.returns is None else ast.unparse(function.returns)
        if gives == "bool":
            if not isinstance(node.value, ast.Compare | ast.Constant):
                new: ast.AST = ast.Return(ast.UnaryOp(ast.Not(), node.value))
                yield self._put("return", place, node, new)
        elif isinstance(node.value, ast.Constant) and node.value.value is None:
            yield self._put("return", place, node, ast.Return(ast.Constant(0.0)))
        else:
            yield self._put("return", place, node, ast.Return(ast.Constant(None)))

    # --- the table ----------------------------------------------------------------------------------

    def _cells(self) -> Iterator[_Change]:
        """Every cell of the two grids by itself, whatever the source shares between them."""
        for statement in list(self._tree.body):
            name = ast.unparse(statement.target) if isinstance(statement, ast.AnnAssign) else ""
            if name == "TABLE":
                yield from self._cells_of_events(statement)
            elif name in ("COMMON", "OWN", "CLOCKS"):
                yield from self._cells_of_moves(statement, name)

    def _cells_of_events(self, statement: ast.stmt) -> Iterator[_Change]:
        table = self._module.TABLE
        for kind, row in table.items():
            of_kind = kind.__name__ if isinstance(kind, type) else type(kind).__name__
            key = (
                kind.__name__
                if isinstance(kind, type)
                else f"{of_kind}(Input.{kind.input.name}, {kind.active})"
            )
            line = self._line_with(statement, of_kind)
            for mode, cell in row.items():
                here = f"TABLE[{key}]"
                old = f"{here}[Mode.{mode.name}]"
                made: list[tuple[str, str]] = []
                if cell.act is not None:
                    made.append(("act left out", "Cell(None)"))
                if cell.refusal:
                    made.append(("refusal left out", "Cell(None)"))
                for to in cell.to:
                    fewer = f"{{m: w for m, w in {old}.to.items() if m is not Mode.{to.name}}}"
                    made.append((f"not to {to}", f"Cell({old}.act, {fewer})"))
                    other = _another(to, [mode, *cell.to])
                    more = f"{fewer} | {{Mode.{other.name}: {cell.to[to]!r}}}"
                    made.append((f"to {other} in place of {to}", f"Cell({old}.act, {more})"))
                for words, source in made:
                    new = f"TABLE = {{**TABLE, {key}: {{**{here}, Mode.{mode.name}: {source}}}}}"
                    yield self._after(statement, new, f"{key} in {mode}: {words}", line)

    def _cells_of_moves(self, statement: ast.stmt, name: str) -> Iterator[_Change]:
        for index, move in enumerate(getattr(self._module, name)):
            line = self._line_with(statement, f'"{move.when[:30]}')
            made = [
                (f"not in {mode}", f"modes={name}[{index}].modes - {{Mode.{mode.name}}}")
                for mode in sorted(move.modes)
            ]
            if move.to is not None:
                made.append((f"to nowhere in place of {move.to}", "to=None"))
                made.append((f"to {_another(move.to, [])}", f"to=Mode.{_another(move.to, []).name}"))
            for words, source in made:
                moved = f"replace({name}[{index}], {source})"
                new = f"{name} = (*{name}[:{index}], {moved}, *{name}[{index + 1}:])"
                yield self._after(statement, new, f"{move.when}: {words}", line)

    def _line_with(self, statement: ast.stmt, words: str) -> int:
        lines = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
        return next((line for line in lines if words in self._lines[line - 1]), statement.lineno)

    def _after(self, statement: ast.stmt, source: str, words: str, line: int) -> _Change:
        at, new = self._tree.body.index(statement), ast.parse(source).body[0]
        return _Change("cell", words, self._inserter(at, new), line)

    def _inserter(self, at: int, statement: ast.stmt) -> Callable[[], None]:
        return lambda: self._tree.body.insert(at + 1, statement)


def _putter(place: _Place, node: ast.AST) -> Callable[[], None]:
    return lambda: place.put(node)


def _times(node: ast.expr) -> ast.expr:
    return ast.BinOp(node, ast.Mult(), ast.Constant(1.5))


def _only_names(node: ast.AST) -> bool:
    return all(isinstance(n, ast.BinOp | ast.Name | ast.BitOr | ast.Load) for n in ast.walk(node))


def _another(mode: Enum, but: list[Enum]) -> Enum:
    """The next one of its kind that is none of these."""
    kinds = list(type(mode))
    at = kinds.index(mode)
    return next(other for other in kinds[at + 1 :] + kinds[:at] if other not in but)


def mutants(repo: Path, only: str = "") -> list[Mutant]:
    """Every mutant of every file of the table, in the order of the source."""
    found: list[Mutant] = []
    for path in sorted((repo / "edge/cabin").rglob("*.py")):
        file = path.relative_to(repo).as_posix()
        if path.name in NOT_THE_TABLE or only not in file:
            continue
        module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
        found += Changes(file, path.read_text(), module).all()
    return found

"""Each mutant in a process of its own, forked from one that has collected and run the fast tests before.

A change inside a function replaces that function's code in the forked process. A change of what is made
at import (a constant, a set, a field, a cell), or of a function that ran at import, imports the table and
the tests again. The tests that noticed the last mutants of the same function run first, and the first that
fails ends the process. A test that runs much longer than on the table as it is counts as failed.
"""

from __future__ import annotations

import ast
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import Phase, settings

from tests.mutants.changes import Mutant

FAST_TESTS = ("tests/cabin",)
NOT_FAST = ("tests/cabin/test_search.py", "tests/cabin/test_mutants.py")
"""The search takes a minute, and what it finds the others find too; the other one would run itself."""

LONGER = 20.0
AT_LEAST_S = 20.0
"""A test that takes 20 times as long, and 20 s of the processor, hangs: the first one of a file may also do
what the others share."""

MOST_MEMORY = 3 << 30
KEPT_TESTS = 12
NOTHING = "nothing"
HANGS = "hangs: "


@dataclass(frozen=True)
class Result:
    """What became of one mutant. `noticed_by` is the test that failed, "" for none."""

    mutant: Mutant
    noticed_by: str
    seconds: float = 0.0
    """Of the processor."""


def _top(code: CodeType) -> str:
    return code.co_qualname.split(".<locals>")[0]


class Imported:
    """Which functions of the table ran while the table and its tests were imported."""

    def __init__(self, repo: Path) -> None:
        self._under = f"{repo}/edge/cabin/"
        self.ran: set[tuple[str, str]] = set()

    def watch(self) -> None:
        sys.setprofile(self._saw)

    def stop(self) -> None:
        sys.setprofile(None)

    def _saw(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(self._under):
            self.ran.add((Path(code.co_filename).name, _top(code)))


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module as the mutant has it."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        self._name = name
        self._path = path
        self._code = code

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, vars(module))


def _place(mutant: Mutant) -> str:
    return f"{mutant.file} {mutant.where or mutant.line // 10}"


class Order:
    """Which tests to try first: those that noticed mutants of the same place, then the quick and sharp."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._kills: Counter[str] = Counter()
        self._here: defaultdict[str, list[str]] = defaultdict(list)

    def learn(self, mutant: Mutant, test: str) -> None:
        self._kills[test] += 1
        here = self._here[_place(mutant)]
        if test in here:
            here.remove(test)
        here.insert(0, test)
        del here[KEPT_TESTS:]

    def likely(self, mutant: Mutant) -> list[str]:
        return self._here[_place(mutant)]

    def sort(self, mutant: Mutant, items: Iterable[pytest.Item]) -> list[pytest.Item]:
        likely = {test: rank for rank, test in enumerate(self.likely(mutant))}

        def rank(item: pytest.Item) -> tuple[int, float]:
            test = item.nodeid
            worth = (self._kills[test] + 0.05) / (self.seconds.get(test, 0.1) + 0.005)
            return (likely.get(test, KEPT_TESTS), -worth)

        return sorted(items, key=rank)


class Runner:
    """A plugin of pytest: in place of running the tests once, it runs them against every mutant."""

    def __init__(
        self,
        repo: Path,
        mutants: Sequence[Mutant],
        jobs: int,
        imported: Imported,
        order: Order,
        done: Callable[[Result], None],
    ) -> None:
        self._repo = repo
        self._mutants = mutants
        self._jobs = jobs
        self._imported = imported
        self._order = order
        self._done = done
        self.trouble = ""

    def pytest_configure(self, config: pytest.Config) -> None:
        """A failed example is enough: nobody reads the smallest one."""
        profile = settings.get_profile("default")
        settings.register_profile("default", profile, phases=(Phase.explicit, Phase.generate))
        settings.load_profile("default")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._imported.stop()
        self._session = session
        self._items = list(session.items)
        modules = (item.getparent(pytest.Module) for item in self._items)
        self._modules = {module for module in modules if module is not None}
        self._files = sorted(module.path.relative_to(self._repo).as_posix() for module in self._modules)
        self._functions = dict(_functions())
        for item in self._items:
            start_s = time.process_time()
            if failed(item):
                self.trouble = f"{item.nodeid} fails on the table as it is"
                return True
            self._order.seconds[item.nodeid] = time.process_time() - start_s
        gc.collect()
        gc.freeze()
        self._run([replace(self._mutants[0], in_code=False, apply=lambda: None)], self._nothing_is_changed)
        if not self.trouble:
            self._run(self._mutants, self._keep)
        return True

    def _nothing_is_changed(self, result: Result) -> None:
        """Imported again without any change: a test that fails now would have noticed every mutant."""
        if result.noticed_by:
            self.trouble = f"{result.noticed_by} fails on the table as it is when that is imported again"

    def _keep(self, result: Result) -> None:
        if result.noticed_by:
            self._order.learn(result.mutant, result.noticed_by.removeprefix(HANGS))
        self._done(result)

    # --- the parent ---------------------------------------------------------------------------------

    def _run(self, mutants: Sequence[Mutant], done: Callable[[Result], None]) -> None:
        waiting = list(reversed(mutants))
        running: dict[int, tuple[Mutant, int]] = {}
        while waiting or running:
            while waiting and len(running) < self._jobs:
                mutant = waiting.pop()
                read, write = os.pipe()
                child = os.fork()
                if child == 0:
                    self._be_child(mutant, write)
                os.close(write)
                running[child] = mutant, read
            child, status, used = os.wait3(0)
            mutant, read = running.pop(child)
            with os.fdopen(read, "rb") as pipe:
                said = pipe.read().decode()
            if not said:
                said = f"ended by signal {status & 127}"
            noticed_by = "" if said == NOTHING else said
            done(Result(mutant, noticed_by, used.ru_utime + used.ru_stime))

    # --- the child ----------------------------------------------------------------------------------

    def _be_child(self, mutant: Mutant, pipe: int) -> None:
        said = "the process"
        try:
            quiet = os.open(os.devnull, os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(quiet, number)
            sys.dont_write_bytecode = True
            resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
            said = next(self._notices(mutant, pipe), NOTHING)
        finally:
            os.write(pipe, said.encode())
            os._exit(0)

    def _notices(self, mutant: Mutant, pipe: int) -> Iterator[str]:
        mutant.apply()
        tree = ast.fix_missing_locations(mutant.tree)
        path = str(self._repo / mutant.file)
        code = compile(tree, path, "exec", dont_inherit=True)
        if self._changed_in_place(mutant, code):
            yield from self._failing(mutant, self._items, pipe)
            return
        module = mutant.file.removesuffix(".py").replace("/", ".")
        sys.meta_path.insert(0, _Mutated(module, path, code))
        for name in list(sys.modules):
            if name.startswith(("edge.", "tests.")) and not name.startswith(
                ("tests.mutants", "tests.conftest", "edge.terms")
            ):
                del sys.modules[name]
        likely = {test.split("::")[0] for test in self._order.likely(mutant)[:3]}
        for files in ([f for f in self._files if f in likely], [f for f in self._files if f not in likely]):
            if files:
                _limit(60.0, pipe, "import")
                items = [item for file in files for item in self._collected_anew(file)]
                if self._session.testsfailed:
                    yield "import"
                yield from self._failing(mutant, items, pipe)

    def _collected_anew(self, file: str) -> Iterator[pytest.Item]:
        old = next(module for module in self._modules if module.path == self._repo / file)
        new = pytest.Module.from_parent(old.parent, path=old.path)
        for item in self._session.genitems(new):
            if item.get_closest_marker("full") is None:
                yield item

    def _changed_in_place(self, mutant: Mutant, code: CodeType) -> bool:
        if not mutant.in_code or (Path(mutant.file).name, mutant.where) in self._imported.ran:
            return False
        name = (str(self._repo / mutant.file), mutant.where, mutant.first_line)
        function = self._functions.get(name)
        new = _find(code, mutant.where, mutant.first_line)
        if function is None or new is None or function.__code__.co_freevars != new.co_freevars:
            return False
        function.__code__ = new
        return True

    def _failing(self, mutant: Mutant, items: Iterable[pytest.Item], pipe: int) -> Iterator[str]:
        for item in self._order.sort(mutant, items):
            seconds = self._order.seconds.get(item.nodeid, 1.0)
            _limit(max(AT_LEAST_S, LONGER * seconds), pipe, item.nodeid)
            if failed(item):
                yield item.nodeid


def failed(item: pytest.Item) -> bool:
    return any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


def _limit(seconds: float, pipe: int, test: str) -> None:
    """From now on so much of the processor's time, then the process ends and says where it hung."""

    def ends(_: int, __: FrameType | None) -> None:
        os.write(pipe, f"{HANGS}{test}".encode())
        os._exit(0)

    signal.signal(signal.SIGVTALRM, ends)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)


def _functions() -> Iterator[tuple[tuple[str, str, int], FunctionType]]:
    """Every function and method of the table, by file, name and first line."""
    for name, module in list(sys.modules.items()):
        if not name.startswith("edge.cabin."):
            continue
        for thing in list(vars(module).values()):
            members = vars(thing).values() if isinstance(thing, type) else (thing,)
            for member in members:
                is_property = isinstance(member, property)
                for function in (member.fget, member.fset) if is_property else (member,):
                    plain = getattr(function, "__func__", function)
                    if isinstance(plain, FunctionType):
                        code = plain.__code__
                        yield (code.co_filename, code.co_qualname, code.co_firstlineno), plain


def _find(code: CodeType, name: str, line: int) -> CodeType | None:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            here = inner.co_qualname == name and inner.co_firstlineno == line
            found = inner if here else _find(inner, name, line)
            if found is not None:
                return found
    return None

"""Changes the table in thousands of small ways and tells which changes no fast test notices.

python -m tests.mutants                          all of them, two at a time
python -m tests.mutants --file draft --list      only print what would be changed in a file
python -m tests.mutants --sample 200 --seed 7    some of them
python -m tests.mutants --results DIR            keep what is known in DIR, and go on there the next time

Ends with status 0 when at least 99 of 100 are noticed, every other one is listed in
tests/cabin/mutants_that_do_not_matter.toml with its reason, and that list holds nothing else.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at a time")
    parser.add_argument("--file", default="", help="only files whose path has this in it")
    parser.add_argument("--where", default="", help="only in functions or classes whose name has this in it")
    parser.add_argument("--sample", type=int, default=0, help="only so many, drawn by chance")
    parser.add_argument("--seed", type=int, default=1, help="which ones these are")
    parser.add_argument("--results", type=Path, help="a folder for what is known already")
    parser.add_argument("--list", action="store_true", help="print the mutants and run nothing")
    chosen = parser.parse_args(arguments)
    os.chdir(REPO)
    if str(REPO) not in sys.path:
        sys.path.insert(0, str(REPO))

    # Before anything of the table is imported: what runs at import has to be known.
    from tests.mutants.runner import FAST_TESTS, NOT_FAST, Imported, Order, Result, Runner

    imported = Imported(REPO)
    imported.watch()
    from tests.mutants.changes import mutants
    from tests.mutants.report import Known, Progress, Unimportant, table

    found = [m for m in mutants(REPO, chosen.file) if chosen.where in m.where]
    whole = not (chosen.file or chosen.where or chosen.sample)
    if chosen.sample:
        found = random.Random(chosen.seed).sample(found, min(chosen.sample, len(found)))
    if chosen.list:
        imported.stop()
        for mutant in found:
            print(f"{mutant.file}:{mutant.line} {mutant.where} [{mutant.kind}] {mutant.change}")
        print(f"{len(found)} mutants")
        return 0

    import pytest

    known = Known(chosen.results, REPO)
    order = Order()
    results: list[Result] = []
    waiting = []
    for mutant in found:
        noticed_by = known.get(mutant)
        if noticed_by is None:
            waiting.append(mutant)
        else:
            results.append(Result(mutant, noticed_by))
            if noticed_by:
                order.learn(mutant, noticed_by)
    progress = Progress(len(waiting), known, results)
    runner = Runner(REPO, waiting, chosen.jobs, imported, order, progress.done)
    start_s = time.monotonic()
    options = ["-q", "-s", "--assert=plain", "--tb=line", "--no-header", "--no-summary"]
    options += ["-p", "no:cacheprovider", "-p", "no:xdist", "-o", "timeout=0", "-W", "default"]
    options += [f"--ignore={name}" for name in NOT_FAST]
    if waiting:
        status = pytest.main([*options, *FAST_TESTS], plugins=[runner])
        if runner.trouble or len(results) < len(found):
            print(runner.trouble or f"the tests did not run: pytest ended with {status}")
            return 2
    print(table(results, Unimportant.read(REPO)) + "\n")
    seconds = time.monotonic() - start_s
    print(f"{len(waiting)} tried in {seconds:.0f} s, {len(found) - len(waiting)} known before")
    return Unimportant.read(REPO).verdict(results, whole)


if __name__ == "__main__":
    sys.exit(main())

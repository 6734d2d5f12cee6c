"""`python -m tests.power_cut_updates`: power cuts and kills all over an update, and what each start came to.

Root only. Power: a real ext4 over a disk that writes down every write and flush; what was not flushed is
lost, torn or there by chance. Kills: at every call that changes names or waits for the card. Each card is
started as a machine starts, looked through whole, and the update is then tried again.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.worlds.cut_updates import HEAD, Tally, kills, power_cuts

APART = "CUT_UPDATES_APART"
REPO = Path(__file__).resolve().parents[1]


def apart() -> None:
    """Go on in a mount namespace of our own, so that nothing stays mounted whatever ends us."""
    if APART not in os.environ:
        os.environ[APART] = "1"
        again = [sys.executable, "-m", "tests.power_cut_updates", *sys.argv[1:]]
        os.execvp("unshare", ["unshare", "-m", "--propagation", "private", *again])


def table(power: int, killed: int, folder: Path) -> list[Tally]:
    found = []
    print(HEAD)
    for what, points, healthy in (
        ("power, release healthy", power, True),
        ("power, release not healthy", power, False),
        ("kill, release healthy", killed, True),
        ("kill, release not healthy", killed, False),
    ):
        if not points:
            continue
        place = folder / f"{what.split(',')[0]}-{int(healthy)}"
        place.mkdir()
        began_s = time.monotonic()
        tally = (power_cuts if what.startswith("power") else kills)(place, REPO, points, healthy=healthy)
        print(f"{tally.row(what)}   {time.monotonic() - began_s:.0f} s", flush=True)
        print("\n".join(tally.wrong), end="\n" if tally.wrong else "", flush=True)
        found.append(tally)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.power_cut_updates")
    parser.add_argument("--power", type=int, default=240, metavar="N", help="power cuts of each kind (240)")
    parser.add_argument("--kills", type=int, default=120, metavar="N", help="kills of each kind (120)")
    args = parser.parse_args()
    apart()
    with tempfile.TemporaryDirectory(prefix="cut-updates-") as folder:
        return 1 if any(tally.wrong for tally in table(args.power, args.kills, Path(folder))) else 0


if __name__ == "__main__":
    sys.exit(main())

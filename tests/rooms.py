"""The rooms of edge/ and who asks whom, drawn from the imports.

`python -m tests.rooms --write edge/README.md` renews the drawing. The floors are the layers of the
import contract in pyproject.toml: arrows go down, never up or in a circle.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import grimp

ROOT: Final = Path(__file__).resolve().parent.parent
BEGIN: Final = "<!-- rooms:begin -->"
END: Final = "<!-- rooms:end -->"


@cache
def imports() -> Mapping[str, frozenset[str]]:
    """Every module of edge and hw with the modules of both that it imports by itself."""
    graph = grimp.build_graph("edge", "hw", cache_dir=None)
    return {name: frozenset(graph.find_modules_directly_imported_by(name)) for name in sorted(graph.modules)}


@cache
def rooms() -> frozenset[str]:
    """The folders of edge/ that hold a program."""
    return frozenset(path.parent.name for path in (ROOT / "edge").glob("*/__init__.py"))


def room_of(module: str) -> str | None:
    """The room of a module of edge; None for one of hw and for the way in, `edge.__main__`."""
    first, _, rest = module.partition(".")
    name = rest.partition(".")[0]
    return name if first == "edge" and name in rooms() else None


def arrows() -> dict[str, set[str]]:
    """Each room with the rooms that it asks."""
    found: dict[str, set[str]] = {room: set() for room in rooms()}
    for module, targets in imports().items():
        source = room_of(module)
        for target in map(room_of, targets):
            if source is not None and target is not None and target != source:
                found[source].add(target)
    return found


def floors() -> list[list[str]]:
    """The rooms by floor, the top one first, as the import contract says."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [[part.strip() for part in layer.replace("|", ":").split(":")] for layer in layers]


def promise(room: str) -> str:
    """What the room promises: the first line of its `__init__`."""
    text = (ROOT / "edge" / room / "__init__.py").read_text("utf-8")
    return text.partition('"""')[2].partition('"""')[0].strip().splitlines()[0].rstrip(".")


def _needed(asks: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Without the arrows that a longer way also goes: else nobody could read the picture."""

    def reached(room: str) -> set[str]:
        return asks[room].union(*(reached(below) for below in asks[room]))

    return {
        room: {b for b in below if not any(b in reached(o) for o in below)} for room, below in asks.items()
    }


def section() -> str:
    """What stands between the markers."""
    lines = ["```mermaid", "flowchart TD"]
    for number, floor in enumerate(floors()):
        lines.append(f"    subgraph floor{number}[ ]")
        lines += [f"        {room}" for room in floor]
        lines.append("    end")
    for room, below in sorted(_needed(arrows()).items()):
        lines += [f"    {room} --> {target}" for target in sorted(below)]
    lines += ["```", "", "| room | promise | asks |", "|---|---|---|"]
    for floor in floors():
        for room in floor:
            asks = " ".join(f"`{target}`" for target in sorted(arrows()[room]))
            lines.append(f"| `{room}/` | {promise(room)} | {asks} |")
    return "\n".join(lines)


def renewed(text: str) -> str:
    """`text` with a fresh part between the markers."""
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}\n{section()}\n{END}{rest.partition(END)[2]}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.rooms", description="The rooms, drawn.")
    parser.add_argument("--write", type=Path, metavar="FILE", help="renew the drawing in FILE")
    path: Path | None = parser.parse_args().write
    if path is None:
        print(section())
    else:
        path.write_text(renewed(path.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

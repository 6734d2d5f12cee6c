"""The networks of a version with what they learnt from, as their contracts and cards tell it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge.inventory.component import Component, PartKind

_TERMS: Final = "\n## Data and terms\n\n"
_TABLE: Final = "| source | terms as published |"


def networks(models: Path) -> Iterator[Component]:
    """Each network of the folder, and after it the data that made it, which are not in the product.

    ValueError where a card says nothing of data and terms.
    """
    for contract in sorted(models.glob("*.json")):
        told = json.loads(contract.read_text("utf-8"))
        if not isinstance(told, dict) or "version" not in told:
            continue  # no contract of a network
        network = contract.with_suffix(".tflite")
        file = network if network.is_file() else contract  # one whose weights stand in the contract
        card = contract.with_suffix(".md").read_text("utf-8")
        terms, table = _told(card)
        if not terms and not table:
            raise ValueError(f"{contract.stem}.md says nothing of data and terms")
        data = [
            Component(
                PartKind.DATA, f"{source} ({contract.stem})", str(told["version"]), "", (said,), shipped=False
            )
            for source, said in table
        ]
        yield Component(
            PartKind.NETWORK,
            file.name,
            str(told["version"]),
            "",
            (terms or "as its data, which are listed",),
            (hashlib.sha256(file.read_bytes()).hexdigest(),),
            tuple(one.ref for one in data),
        )
        yield from data


def _told(card: str) -> tuple[str, list[tuple[str, str]]]:
    """The terms in words, and each source with its own."""
    part = card.partition(_TERMS)[2].partition("\n## ")[0]
    terms = part.partition("\n\n")[0]
    table = part.partition(_TABLE)[2].partition("\n\n")[0]
    rows = [re.split(r"(?<!\\)\|", line) for line in table.splitlines() if line.startswith("| ")]
    return "" if terms.startswith("|") else " ".join(terms.split()), [
        (cells[1].strip(), cells[2].strip() or "none stated") for cells in rows
    ]

"""One part of a version: a library, a network, the data that a network learnt from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PartKind(StrEnum):
    """What a part is, under CycloneDX's name for it."""

    PROGRAM = "firmware"
    SYSTEM = "operating-system"
    LIBRARY = "library"
    NETWORK = "machine-learning-model"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class Component:
    """A part. `needs` names the parts that it asks for itself, by their `ref`."""

    kind: PartKind
    name: str
    version: str
    purl: str
    """The package's address (package-url/purl-spec); empty where it is in no index."""
    licences: tuple[str, ...]
    """An SPDX expression each, or the terms in words."""
    sha256: tuple[str, ...] = ()
    """Of the file itself, in hexadecimal. A package has several published files, and came as one of them."""
    needs: tuple[str, ...] = ()
    inside: str = ""
    """The `ref` of the part into whose files this one is compiled; empty: it stands by itself."""
    shipped: bool = True
    """False for data that only made a network and are in no file of the product."""

    @property
    def ref(self) -> str:
        """Names it within one list, the same each time."""
        address = self.purl or f"{self.kind.value}:{self.name}@{self.version}"
        return f"{self.inside}#{address}" if self.inside else address


@dataclass(frozen=True, slots=True)
class Inventory:
    """A version and all its parts. `program.needs` are those that the version itself asks for."""

    program: Component
    parts: tuple[Component, ...]

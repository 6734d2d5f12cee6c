"""What the days of a view are worth something for: the same cameras, networks and empty cabin."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Final

import msgspec

from edge.settings.places import model_dir
from edge.settings.schema import Settings

_REFERENCES: Final = Path("reference") / "manifest.json"
_LARGEST_BYTES: Final = 200_000


def basis_of(settings: Settings, data: Path) -> str:
    """A hash that is another one where another camera, network or empty cabin is looked at or through.

    Then the comparison starts again: after `learn --empty` with a clean lens, with a new camera, with a
    release whose networks score in another way.
    """
    found = hashlib.sha256()
    for camera in (settings.camera, settings.overview):
        found.update(f"{camera.source} {camera.device} {camera.width} {camera.height} ".encode())
        found.update(f"{camera.rotate} {camera.role} ".encode())
    if settings.mask:
        found.update(msgspec.json.encode(settings.mask))
    for path in (*sorted(model_dir(settings).glob("*.json")), data / _REFERENCES):
        with contextlib.suppress(OSError), path.open("rb") as file:
            found.update(hashlib.sha256(file.read(_LARGEST_BYTES)).digest())
    return found.hexdigest()

"""The stories that a live bench can play: those that come with it, and its own in a folder."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Final

from edge.bench.part import StoryPart
from edge.bench.wire import Stories
from edge.faults.fault import FaultError

SUFFIX: Final = ".story"
"""As in `story.py`, which is too large for the keeper to load."""

_NAME: Final = re.compile(r"[^\W_][\w-]{0,59}")
_LONGEST_BYTES: Final = 1_000_000
_TITLE: Final = re.compile(r"^\s*title\s+(.*?)\s*(?:\s#.*)?$", re.MULTILINE)


class Shelf:
    """`folder` has the bench's own stories; it need not be there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def stories(self) -> Stories:
        """All of them, by name."""
        own = {path.stem: path for path in self._own()}
        return Stories(
            stories=tuple((name, _title(name, text)) for name, text in built_in_texts().items()),
            own=tuple((name, _title(name, _text(path) or "")) for name, path in sorted(own.items())),
            folder=str(self.folder),
        )

    def find(self, name: str, pace: float) -> StoryPart:
        """A story by its name: the bench's own, else one that comes with it. Raises `FaultError`."""
        path = self.folder / f"{name}{SUFFIX}"
        if _NAME.fullmatch(name) is not None and path.is_file():
            text = _text(path)
            if text is None:
                raise FaultError("story_wrong", f"{path}: no text of at most {_LONGEST_BYTES} bytes")
            return StoryPart(name, text, str(path), pace)
        known = built_in_texts()
        if name not in known:
            raise FaultError("story_unknown", f"no story is called {name!r}")
        return StoryPart(name, known[name], name, pace)

    def new_path(self, name: str) -> Path:
        """Where a new story of this name is written. ValueError for a name that is taken or will not do."""
        if _NAME.fullmatch(name) is None:
            raise ValueError(f"{name!r} is no name for a story: letters, digits and - , 60 at most")
        path = self.folder / f"{name}{SUFFIX}"
        if path.exists() or path.is_symlink() or name in built_in_texts():
            raise ValueError(f"a story {name} is there already; nothing is overwritten")
        return path

    def _own(self) -> list[Path]:
        try:
            return [path for path in self.folder.glob(f"*{SUFFIX}") if _NAME.fullmatch(path.stem)]
        except OSError:
            return []


def built_in_folder() -> Path:
    return Path(str(resources.files("edge.bench") / "stories"))


def built_in_texts() -> dict[str, str]:
    """The texts of the stories that come with the program, by name."""
    files = sorted(built_in_folder().glob(f"*{SUFFIX}"))
    return {path.stem: path.read_text("utf-8") for path in files}


def _title(name: str, text: str) -> str:
    found = _TITLE.search(text)
    return name if found is None else found.group(1)


def _text(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST_BYTES + 1)
        return data.decode("utf-8-sig") if len(data) <= _LONGEST_BYTES else None
    except (OSError, UnicodeDecodeError):
        return None

"""The spoken phrases for a browser: recorded ones of the cabin's language, else made by eSpeak NG, once."""

from __future__ import annotations

import shutil
import tempfile
import threading
from http import HTTPStatus
from pathlib import Path

from edge.messages.prompts import clip_texts
from edge.settings.places import prompts_folder
from edge.settings.schema import Settings
from edge.web.exchange import Answer, PageRequest
from hw.ports import HardwareError

_NONE = Answer(b"404 Not Found\n", "text/plain", HTTPStatus.NOT_FOUND)


class Clips:
    """Answers with a phrase as WAV, 404 for one that nobody recorded where nothing can speak."""

    def __init__(self, settings: Settings) -> None:
        self._language = settings.cabin.language
        self._folder = prompts_folder(settings)
        self._texts = clip_texts(settings.cabin.language)
        self._made: dict[str, bytes] = {}
        self._making = threading.Lock()

    def __call__(self, request: PageRequest) -> Answer:
        name = request.args["file"].removesuffix(".wav")
        if name not in self._texts or not request.args["file"].endswith(".wav"):
            return _NONE
        found = self._recorded(name) or self._spoken(name)
        return _NONE if found is None else Answer(found, "audio/wav")

    def _recorded(self, name: str) -> bytes | None:
        try:
            return (self._folder / f"{name}.wav").read_bytes()
        except OSError:
            return None

    def _spoken(self, name: str) -> bytes | None:
        if shutil.which("espeak-ng") is None:
            return None
        from hw.board import make_clips  # with all drivers behind it, which a page has no other use for

        with self._making:
            if name not in self._made:
                with tempfile.TemporaryDirectory() as folder:
                    try:
                        make_clips({name: self._texts[name]}, self._language, Path(folder))
                        self._made[name] = (Path(folder) / f"{name}.wav").read_bytes()
                    except (OSError, HardwareError):
                        return None
            return self._made[name]

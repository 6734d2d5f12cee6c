"""The voice of an enrolment: the kiosk's own recorded phrases, as long as there is a loudspeaker for them."""

from __future__ import annotations

from typing import Final

from edge.identity.enrolment import Guidance
from edge.messages.prompts import ENROL
from edge.settings.places import prompts_folder
from edge.settings.schema import Settings
from edge.words.language import LanguageName
from edge.words.languages import words_of
from hw.board import Voice, open_prompt

AGAIN_S: Final = 8.0
"""What still has to be done is said again after this."""

LEAST_S: Final = 1.5
"""Nothing cuts off what was said so recently."""


class Guide:
    """Says what to do next; where nothing can be spoken the terminal has to do."""

    def __init__(self, settings: Settings, language: LanguageName) -> None:
        self._words = words_of(language).enrolling
        folder = prompts_folder(settings).parent / language.value
        has_clips = folder.is_dir()
        self._prompt = open_prompt(Voice(folder, settings.prompt.device)) if has_clips else None
        self._said: Guidance | None = None
        self._said_s = float("-inf")
        self._ticket = 0

    def say(self, guidance: Guidance, now_s: float) -> None:
        if self._prompt is None:
            return
        self._prompt.poll(now_s)
        since_s = now_s - self._said_s
        if since_s < (AGAIN_S if guidance is self._said else LEAST_S):
            return
        self._said, self._said_s = guidance, now_s
        self._ticket += 1
        clip = f"{ENROL}{guidance.value}"
        self._prompt.say(self._ticket, [clip], self._words.of(guidance.value), now_s)

    def close(self) -> None:
        if self._prompt is not None:
            self._prompt.close()

"""The words that the parts of the bench page are made with: its own and those that every page shares."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from edge.words.language import Language, LanguageName, Page
from edge.words.languages import words_of
from edge.words.pages.bench import BenchWords, bench_words
from edge.words.pages.commission_site import OutputWords, site_words


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language; `zone` is the cabin's, for the times of texts; `outputs`: what can be tried."""

    own: BenchWords
    language: Language
    outputs: OutputWords
    zone: tzinfo = UTC

    @property
    def page(self) -> Page:
        return self.language.page

    def mode(self, name: str) -> str:
        """A state in words; without power it is that."""
        return self.own.off if name == "off" else self.page.states.of(name)

    def seconds(self, count_s: float) -> str:
        return self.own.seconds.format(seconds=f"{count_s:.1f}" if count_s < 100.0 else f"{count_s:.0f}")

    def clock(self, wall_s: float) -> str:
        return f"{datetime.fromtimestamp(wall_s, self.zone):%H:%M:%S}"


def tongue_of(language: LanguageName, zone: tzinfo = UTC) -> Tongue:
    return Tongue(bench_words(language), words_of(language), site_words(language).outputs, zone)

"""Sealed pictures on the pages: shown from memory for a while, then said to open at the bank."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.pictures import age, files
from edge.words.language import LanguageName
from edge.words.languages import words_of
from edge.words.pages.incidents import incidents_words
from tests.panel.test_panel import lock
from tests.worlds.panel_world import Cabin

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder that is in memory, as a kiosk's runtime folder is."""
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("/dev/shm cannot be written")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


@pytest.mark.slow
@pytest.mark.parametrize("language", LanguageName)
def test_shown_from_memory_for_a_while_and_then_named_in_the_cabins_language(
    memory: Path, language: LanguageName
) -> None:
    whose = memory / "bank.keys"
    whose.write_text(f"# name: anna\n{age.new_key()[1]}\n")
    sealing = (f"evidence.recipients_file={whose}", "evidence.clear_copy_s=45", "evidence.fps=2")
    with Cabin(memory, [f"cabin.language={language}", "panel.pictures=true", *sealing]) as cabin:
        lock(cabin)
        cabin.run(5.0)
        kept = files.pictures(memory / files.FOLDER, 1)
        assert kept
        assert all(files.is_sealed(path.name) for path in kept)
        name = files.clear_name(kept[0].name)
        for page in (cabin.page(), cabin.ask("/incidents/1")[2].decode()):
            assert f"/incident/1/{name}" in page
        status, headers, body = cabin.ask(f"/incident/1/{name}")
        assert (status, headers["Content-Type"], body[:2]) == (200, "image/jpeg", b"\xff\xd8")

        cabin.run(120.0)
        assert cabin.ask(f"/incident/1/{name}")[0] == 404
        assert cabin.ask(f"/incident/1/{kept[0].name}")[0] == 404, "nor is the sealed file handed out"
        kept = files.pictures(memory / files.FOLDER, 1)
        own = words_of(language).page
        assert own.pictures_sealed.format(count=len(kept)) in cabin.page()
        words = incidents_words(language)
        shown = cabin.ask("/incidents/1")[2].decode()
        assert words.film_sealed.format(count=len(kept)) in shown
        assert ".jpg" not in shown

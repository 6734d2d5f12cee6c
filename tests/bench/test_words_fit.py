"""The words fit: films of faces askew, hidden and cut, through networks, judge and table to the prompt."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.settings.load import load
from edge.vision.face.faces import Faces
from tests.words_fit.__main__ import films_of, fits, play, shared_cast
from tests.words_fit.kinds import Kind, kinds, shipped_cast
from tests.words_fit.people import shipped

SETTINGS = load(None, ("wiring.door.fitted=false",))


@pytest.fixture(scope="module")
def faces(request: pytest.FixtureRequest) -> Faces:
    return Faces(Path(request.config.rootpath) / "models")


@pytest.mark.slow
@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.name)
def test_of_one_shipped_person(faces: Faces, kind: Kind) -> None:
    ((_, film),) = films_of(kind, shipped_cast(shipped()), 1, seed=3)
    played = play(film, faces, SETTINGS)
    assert fits(kind, played), (played.said, played.facts)


@pytest.mark.full
def test_of_strangers_in_nineteen_of_twenty(faces: Faces, repo: Path) -> None:
    data = repo.parent / "shared" / "data"
    if not data.is_dir():
        pytest.skip("the pictures to measure on are not here")
    cast = shared_cast(data, 4, seed=3)
    films = [(kind, film) for kind in kinds() for _, film in films_of(kind, cast, 4, seed=3)]
    wrong = [kind.name for kind, film in films if not fits(kind, play(film, faces, SETTINGS))]
    assert len(wrong) * 20 <= len(films), wrong

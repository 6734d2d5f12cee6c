"""People for the tests of the gallery: drawn templates, made-up names and numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge.identity.key import GalleryKey, KeyRing
from edge.identity.person import Consent, Person, Pose, Sample
from edge.identity.register import Card, Register, Taken
from edge.identity.store import GalleryFolder
from edge.terms.identity import TEMPLATE_NUMBERS
from edge.words.language import LanguageName

NETWORK = "test network"
CONSENT = Consent("1", LanguageName.EN, "ab" * 32, "2026-11-29T12:00:00Z", "the tester", "typed")
POSES = (Pose.STRAIGHT, Pose.LEFT, Pose.RIGHT, Pose.UP, Pose.DOWN) * 2


def ring(seed: int = 1) -> KeyRing:
    return KeyRing(GalleryKey(bytes([seed]) * 32))


def samples(seed: int) -> tuple[Sample, ...]:
    """Ten templates near one direction, another one for each seed."""
    random = np.random.default_rng(seed)
    middle = random.normal(0, 40, TEMPLATE_NUMBERS)
    near = middle + random.normal(0, 8, (len(POSES), TEMPLATE_NUMBERS))
    rows = np.clip(near, -127, 127).astype(np.int8)
    return tuple(Sample(row.tobytes(), pose) for row, pose in zip(rows, POSES, strict=True))


def card(n: int) -> Card:
    return Card(
        f"Asha Verma-{n:04d}", f"token-{n:04d}-{n * 7919 % 10007:05d}", f"+9198765{n:05d}", LanguageName.HI
    )


def taken(n: int, pictures: tuple[bytes, ...] = (), network: str = NETWORK) -> Taken:
    return Taken(network, samples(n), pictures)


def register(folder: GalleryFolder, keys: KeyRing | None = None, now_s: float = 1.8e9) -> Register:
    return Register(folder, keys or ring(), "tester", lambda: now_s)


def enrolled_in(data: Path, *numbers: int, network: str = NETWORK) -> tuple[GalleryFolder, list[Person]]:
    """A gallery with these people."""
    folder = GalleryFolder(data)
    with folder.writing():
        book = register(folder)
        people = [book.enrol(card(n), taken(n, network=network), CONSENT) for n in numbers]
    return folder, people

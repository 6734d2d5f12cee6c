"""How long a gallery of a thousand people takes to load, and one claim's look-up in it: prints figures.

    python -m tests.bench_gallery [PEOPLE]

Each figure is the middle and the worst of several runs on this machine, whatever else it does.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from edge.identity.gallery import gallery_in, read_gallery
from edge.identity.likeness import Known, Points, duplicates
from edge.identity.person import Person, enrolled
from edge.identity.sealed import Block, Contents, encode, seal_person
from edge.identity.store import GalleryFolder
from edge.terms.identity import Template
from tests.identity.people import CONSENT, NETWORK, card, ring, samples


def made(people: int) -> Contents:
    blocks: dict[int, Block] = {}
    for number in range(1, people + 1):
        own = card(number)
        person = Person(
            number=number,
            name=own.name,
            token=own.token,
            phone=own.phone,
            language=own.language,
            network=NETWORK,
            samples=samples(number),
            consent=CONSENT,
            enrolled_utc="2026-11-29T12:00:00Z",
        )
        blocks[number] = seal_person(person, ring().current)
    return Contents(people, people + 1, blocks, ())


def timed(work: Callable[[], object], runs: int) -> str:
    took_ms = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        took_ms.append((time.perf_counter() - begun) * 1000.0)
    return f"{statistics.median(took_ms):9.3f} ms, worst of {runs} {max(took_ms):9.3f} ms"


def main(people: int) -> None:
    contents = made(people)
    content = encode(contents, ring().current)
    with tempfile.TemporaryDirectory() as name:
        folder = GalleryFolder(Path(name))
        folder.path.mkdir()
        folder.write(content)
        print(f"{people} people, {len(content) / 1e6:.2f} MB sealed")
        print(f"load from the disk           {timed(lambda: read_gallery(folder, ring()), 15)}")
        print(f"write with fsync             {timed(lambda: folder.write(content), 5)}")
    gallery = gallery_in(contents)
    token = card(people // 2).token
    found = gallery.find(token)
    assert found is not None
    known, look = Known(found.templates), Template(samples(people // 2)[0].numbers)
    print(f"find a card                  {timed(lambda: gallery.find(token), 2000)}")
    print(f"find a card nobody has       {timed(lambda: gallery.find('nobody-has-this'), 2000)}")
    print(f"find, make ready and compare {timed(lambda: Known(found.templates).likeness(look), 500)}")
    print(f"compare one more look        {timed(lambda: known.likeness(look), 500)}")
    among = {person.number: enrolled(person).templates for person in contents.people}
    points = Points(0.45, 0.2, 0.5)
    print(f"is it somebody's already     {timed(lambda: duplicates(found.templates, among, points), 5)}")
    print(f"one person as msgpack        {len(msgspec.msgpack.encode(contents.people[0]))} bytes")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)

"""The commissioning page over a bench: the way in, each step's act, and everything that is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.worlds.commission_world import Bench, Commissioning


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Bench(tmp_path) as bench:
        yield bench


@pytest.fixture
def open_page(bench: Bench) -> Iterator[Commissioning]:
    with Commissioning(bench) as page:
        page.enter()
        yield page


def test_the_link_opens_the_page_once(bench: Bench) -> None:
    with Commissioning(bench) as page:
        assert page.page.ask("/commission")[0] == 403
        page.enter()
        status, _, body = page.page.ask("/commission")
        assert status == 200
        assert b"Aim the camera" in body

"""What the pages of the panel have in common in their tests."""

from __future__ import annotations

import pytest

from edge.web import server


@pytest.fixture(autouse=True)
def _wrong_ones_are_soon_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """That they wait is shown with the attacks on the server itself."""
    monkeypatch.setattr(server, "WRONG_S", 0.02)

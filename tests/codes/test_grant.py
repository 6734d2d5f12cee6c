"""The grant: one at a time, half an hour, compared without a hint, and wrong ones shut nobody out."""

from __future__ import annotations

import hmac

import pytest

from edge.codes.grant import GRANT_S, WRONG_FREE, Grants


def test_it_fits_for_its_time_and_no_longer() -> None:
    assert GRANT_S == 30 * 60
    grants = Grants()
    grant = grants.open("R. Mehta", 0, 100.0)
    assert len(bytes.fromhex(grant.secret)) == 16
    assert grants.fits(grant.secret, 100.0)
    assert grants.fits(grant.secret, 100.0 + GRANT_S - 0.001)
    assert not grants.fits(grant.secret, 100.0 + GRANT_S)
    assert grants.now(100.0 + GRANT_S) is None
    assert grants.over(100.0 + GRANT_S) == grant
    assert grants.over(100.0 + GRANT_S) is None, "it is over once"


def test_a_new_one_ends_the_old_one() -> None:
    grants = Grants()
    old, new = grants.open("a", 0, 0.0), grants.open("b", 0, 1.0)
    assert old.secret != new.secret
    assert not grants.fits(old.secret, 2.0)
    assert grants.fits(new.secret, 2.0)
    assert (old.number, new.number) == (1, 2)


def test_nothing_fits_where_none_runs() -> None:
    grants = Grants()
    assert not grants.fits("", 0.0), "no secret is not the secret of none"
    closed = grants.open("a", 0, 0.0)
    assert grants.close() == closed
    assert not grants.fits(closed.secret, 0.0)
    assert not grants.fits("", 0.0)


def test_wrong_ones_are_slowed_and_the_right_one_never_waits() -> None:
    grants = Grants()
    grant = grants.open("a", 0, 0.0)
    for _ in range(WRONG_FREE):
        assert not grants.fits("0" * 32, 1.0)
        assert grants.slow_s == 0.0
    assert not grants.fits("0" * 32, 1.0)
    assert grants.slow_s > 0.0
    for _ in range(10_000):
        grants.fits("f" * 32, 1.0)
    assert grants.fits(grant.secret, 1.0)


def test_it_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[bytes, bytes]] = []
    really = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        seen.append((one, other))
        return really(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    grants = Grants()
    grant = grants.open("a", 0, 0.0)
    grants.fits("0" * 32, 0.0)
    grants.fits(grant.secret, GRANT_S + 1.0)
    assert seen == [(b"0" * 32, grant.secret.encode()), (grant.secret.encode(), b"")]


def test_it_prints_no_secret() -> None:
    grant = Grants().open("a", 0, 0.0)
    assert grant.secret not in repr(grant)

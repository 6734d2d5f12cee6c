"""A certificate by EST, from the first to one after an end; and every way in which a server can fail."""

from __future__ import annotations

import base64
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from edge.faults.fault import FaultError
from edge.fleet.certificate import client_context, common_name, read_certificates, server_context
from edge.fleet.enrolment import Turn, renew
from edge.fleet.est import EstServer
from edge.fleet.pairs import current_pair, has_previous
from edge.settings.load import load
from edge.settings.schema import Settings
from tests.worlds.bank_authority import NOW_S, Authority, days, fresh_key, pem
from tests.worlds.est_server import Answer, EstWorld, certs_only, est_world

ROOT = Authority()
BELOW = Authority("Bank Kiosks", above=ROOT)
DAY_S = 86400.0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[EstWorld]:
    with est_world(tmp_path, BELOW) as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path, world: EstWorld) -> Settings:
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet" / "ca.pem").write_bytes(pem(ROOT.certificate))
    (tmp_path / "token").write_text("one-time-token\n")
    (tmp_path / "token").chmod(0o640)
    return load(
        None,
        [
            f"paths.data={tmp_path}",
            f"certificate.est_url={world.url}",
            "certificate.est_user=cabin-17",
            f"certificate.est_token_file={tmp_path / 'token'}",
        ],
    )


def certificate(settings: Settings) -> list[x509.Certificate]:
    return read_certificates(current_pair(settings).certificate)


def code(settings: Settings, wall_s: float | None = NOW_S) -> str:
    with pytest.raises(FaultError) as caught:
        renew(settings, "cabin-17", wall_s, asked=True)
    return caught.value.code


def test_the_first_certificate_comes_by_a_password_and_the_next_by_the_one_before(
    settings: Settings, world: EstWorld
) -> None:
    world.times = days(1, 89)
    first = renew(settings, "cabin-17", NOW_S)
    assert first.turn is Turn.INSTALLED
    assert [(one.what, one.shown) for one in world.asked] == [("simpleenroll", ""), ("cacerts", "")]
    assert [common_name(one) for one in certificate(settings)] == ["cabin-17", "Bank Kiosks"]
    client_context(settings)
    assert not has_previous(settings)

    later = renew(settings, "cabin-17", NOW_S + 10 * DAY_S)
    assert later.turn is Turn.NOT_DUE
    assert later.next_s is not None
    assert 49 * DAY_S <= later.next_s - NOW_S <= 59 * DAY_S, "a month before, or up to ten days earlier"
    assert len(world.asked) == 2, "nobody is asked before it is due"

    before = certificate(settings)[0]
    world.times = days(-20, 149)
    assert renew(settings, "cabin-17", later.next_s).turn is Turn.INSTALLED
    assert (world.asked[2].what, world.asked[2].shown, world.asked[2].login) == (
        "simplereenroll",
        "cabin-17",
        "",
    )
    after = certificate(settings)[0]
    assert after.public_key() != before.public_key(), "a fresh key each time"
    assert has_previous(settings), "the one before stays until the new one was accepted"


def test_a_server_that_has_not_decided_gets_the_same_request_again_when_it_said(
    settings: Settings, world: EstWorld
) -> None:
    world.answers = [Answer(202, {"Retry-After": "5400"})]
    assert renew(settings, "cabin-17", NOW_S).turn is Turn.WAITING
    assert renew(settings, "cabin-17", NOW_S + 5000).turn is Turn.WAITING
    assert len(world.asked) == 1, "not before"
    assert renew(settings, "cabin-17", NOW_S + 5400).turn is Turn.INSTALLED
    assert world.asked[0].request == world.asked[1].request


def test_how_long_to_wait_may_be_a_date_and_is_bounded(settings: Settings, world: EstWorld) -> None:
    date, until = "Mon, 01 Jun 2026 00:00:00 GMT", "Mon, 01 Jun 2026 02:00:00 GMT"
    world.answers = [
        Answer(202, {"Date": date, "Retry-After": until}),
        Answer(202, {"Retry-After": "999999999"}),
    ]
    # Python's own server says a date of its own first; the first of the two counts.
    assert renew(settings, "cabin-17", NOW_S, asked=True).turn is Turn.WAITING
    ended = renew(settings, "cabin-17", NOW_S, asked=True)
    assert ended.next_s == NOW_S + 7 * DAY_S
    for said in ({}, {"Retry-After": "soon"}, {"Retry-After": "-1"}):
        world.answers = [Answer(202, said)]
        assert code(settings) == "est_answer_odd"


def test_a_certificate_that_ended_is_replaced_by_password(settings: Settings, world: EstWorld) -> None:
    world.times = days(30, 1)
    renew(settings, "cabin-17", NOW_S)
    world.times = days(0, 365)
    assert renew(settings, "cabin-17", NOW_S + 5 * DAY_S).turn is Turn.INSTALLED
    assert [one.what for one in world.asked if one.what != "cacerts"] == ["simpleenroll", "simpleenroll"]


def test_one_that_is_not_let_in_any_more_tries_its_password(settings: Settings, world: EstWorld) -> None:
    renew(settings, "cabin-17", NOW_S)
    world.answers = [Answer(403)]
    assert renew(settings, "cabin-17", NOW_S, asked=True).turn is Turn.INSTALLED
    assert [one.what for one in world.asked if one.what != "cacerts"] == [
        *("simpleenroll", "simplereenroll", "simpleenroll")
    ]


def test_no_date_is_judged_while_nobody_has_set_the_clock(settings: Settings, world: EstWorld) -> None:
    """A kiosk without a clock chip, months off: neither its own certificate nor the server's is judged."""
    world.times = days(-300, 400)
    assert renew(settings, "cabin-17", None).turn is Turn.INSTALLED
    assert renew(settings, "cabin-17", None).turn is Turn.NOT_DUE


# --- every way to fail --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(401), "est_login_refused"),
        (Answer(400, {"Content-Type": "text/plain"}, b"no such kiosk\n"), "est_refused"),
        (Answer(404), "est_refused"),
        (Answer(429, {"Retry-After": "60"}), "est_failed"),
        (Answer(500), "est_failed"),
        (Answer(503), "est_failed"),
        (Answer(204), "est_answer_odd"),
        (Answer(200, {"Content-Type": "text/html"}, b"<html>log in</html>"), "est_answer_odd"),
        (Answer(200, {"Content-Type": "application/pkcs7-mime"}, b""), "est_answer_odd"),
        (Answer(200, {"Content-Type": "application/pkcs7-mime"}, b"!!!"), "est_answer_odd"),
        (
            Answer(200, {"Content-Type": "application/pkcs7-mime"}, base64.b64encode(b"no ASN.1")),
            "est_answer_odd",
        ),
        (Answer(200, {"Content-Type": "application/pkcs7-mime"}, b"A" * (1 << 21)), "est_answer_odd"),
        (Answer(302, {"Location": "https://example.org/.well-known/est/simpleenroll"}), "est_answer_odd"),
        (Answer(302), "est_answer_odd"),
    ],
)
def test_what_is_no_certificate_is_refused_by_name(
    settings: Settings, world: EstWorld, answer: Answer, expected: str
) -> None:
    world.answers = [answer]
    assert code(settings) == expected
    assert not current_pair(settings).certificate.exists()
    assert renew(settings, "cabin-17", NOW_S).turn is Turn.INSTALLED, "and the next turn comes through"
    assert world.asked[0].request == world.asked[1].request


def test_the_server_s_words_are_shown_and_no_password(settings: Settings, world: EstWorld) -> None:
    world.answers = [Answer(400, {"Content-Type": "text/plain"}, b"cabin-17\x1b[2J is \xffunknown\nmore")]
    with pytest.raises(FaultError) as caught:
        renew(settings, "cabin-17", NOW_S)
    assert caught.value.detail == "HTTP 400, cabin-17?[2J is �unknown"


def test_sent_on_within_the_same_server_it_goes_there(settings: Settings, world: EstWorld) -> None:
    world.answers = [Answer(307, {"Location": "/.well-known/est/label/simpleenroll"})]
    assert renew(settings, "cabin-17", NOW_S).turn is Turn.INSTALLED
    world.answers = [Answer(307, {"Location": "/again"}) for _ in range(9)]
    assert code(settings) == "est_answer_odd"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("signed", "expected"),
    [
        (lambda request: [BELOW.issue(fresh_key().public_key(), "cabin-17")], "certificate_other_key"),
        (lambda request: [BELOW.issue(request.public_key(), "cabin-18")], "certificate_not_ours"),
        (lambda request: [BELOW.sign(request, days(9, -1))], "certificate_ended"),
        (lambda request: [Authority("Bank Root").sign(request)], "certificate_chain_broken"),
    ],
)
def test_a_certificate_that_is_not_the_kiosks_is_not_taken(
    settings: Settings, world: EstWorld, signed: object, expected: str
) -> None:
    renew(settings, "cabin-17", NOW_S)
    before = certificate(settings)
    world.sign = signed  # type: ignore[assignment]
    assert code(settings) == expected
    assert certificate(settings) == before
    client_context(settings)


def test_a_server_of_another_authority_gets_no_password(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "other").mkdir()
    with est_world(tmp_path / "other", Authority("Somebody Else")) as other:
        overrides = load(None, [f"certificate.est_url={other.url}"]).certificate
        fooled = _with_url(settings, overrides.est_url)
        assert code(fooled) == "est_untrusted"
        assert other.asked == []


def test_a_server_of_another_name_gets_no_password(settings: Settings, world: EstWorld) -> None:
    fooled = _with_url(settings, world.url.replace("localhost", "127.0.0.2"))
    assert code(fooled) in ("est_untrusted", "est_unreachable")
    assert world.asked == []


def test_nobody_there(settings: Settings, world: EstWorld) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert code(_with_url(settings, f"https://localhost:{port}")) == "est_unreachable"
    assert code(_with_url(settings, "https://est.invalid")) == "est_unreachable"


@pytest.mark.slow
def test_an_answer_that_drips_ends_in_time(tmp_path: Path, settings: Settings, world: EstWorld) -> None:
    good = certs_only([ROOT.certificate])
    world.answers = [Answer(200, good.headers, good.body, drip_s=0.05)]
    server = EstServer(world.url, server_context(tmp_path / "fleet" / "ca.pem"), answer_s=1.0)
    began = time.monotonic()
    with pytest.raises(FaultError, match=r"est_unreachable: localhost:[0-9]+: no answer in time"):
        server.authorities()
    assert time.monotonic() - began < 20


def test_a_hello_that_never_comes_ends_in_time(tmp_path: Path, settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://localhost:{silent.getsockname()[1]}"
        server = EstServer(url, server_context(tmp_path / "fleet" / "ca.pem"), answer_s=0.2)
        with pytest.raises(FaultError, match="est_unreachable"):
            server.authorities()


def test_a_server_that_goes_away_while_it_answers(settings: Settings, world: EstWorld) -> None:
    good = certs_only([ROOT.certificate])
    world.answers = [
        Answer(200, {**good.headers, "Content-Length": "999999", "Connection": "close"}, good.body)
    ]
    assert code(settings) in ("est_answer_odd", "est_unreachable")


def test_without_a_server_in_the_settings_nobody_is_asked(tmp_path: Path) -> None:
    assert code(load(None, [f"paths.data={tmp_path}"])) == "est_off"


def _with_url(settings: Settings, url: str) -> Settings:
    own = settings.certificate
    return load(
        None,
        [
            f"paths.data={settings.paths.data}",
            f"certificate.est_url={url}",
            f"certificate.est_user={own.est_user}",
            f"certificate.est_token_file={own.est_token_file}",
        ],
    )

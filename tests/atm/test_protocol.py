"""What the exchange takes and what it refuses by name; nothing that comes over a wire makes it raise."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from hw.atm.exchange import LINES_AT_ONCE, OUTPUT_MAX_BYTES
from hw.atm.protocol import COUNTER_MAX, LINE_MAX_BYTES, PACE, sealed
from hw.ports import (
    Asked,
    AtmEvent,
    Claimed,
    ClaimEnded,
    CodeGiven,
    MachineBack,
    MachineDoubted,
    MachineLost,
)
from tests.worlds.atm_line import KEY, OTHER_KEY, Line

FRONT_LOST = MachineLost("front", "atm_line_lost", f"nothing proven was heard for {PACE.lost_s:g} s")


def _greeted() -> Line:
    line = Line()
    assert line.greet() == [MachineBack("front")]
    line.heard()
    return line


def _raw(line: Line, body: bytes) -> bytes:
    """A line with a right MAC over bytes that no JSON library would write."""
    assert line.keys is not None
    mac = hmac.new(line.keys.up, body, hashlib.sha256).hexdigest().encode()
    return body + b',"mac":"' + mac + b'"}\n'


def test_a_session_is_begun_and_the_three_messages_come_through() -> None:
    line = _greeted()
    assert line.put(line.line({"type": "claim", "token": "t-77"})) == [Claimed("front", "t-77")]
    assert line.put(line.line({"type": "code", "digits": ""})) == [CodeGiven("front", "")]
    assert line.put(line.line({"type": "code", "digits": "012345"})) == [CodeGiven("front", "012345")]
    assert line.put(line.line({"type": "end"})) == [ClaimEnded("front")]
    assert line.refused() == {}


def test_the_machine_is_told_the_permit_and_the_answers() -> None:
    line = Line()
    line.exchange.permit(False, "not_cleared", "", line.now_s)
    line.greet()
    assert line.heard() == [{"type": "permit", "on": False, "reason": "not_cleared", "n": 1}]
    line.exchange.ask("front", Asked.CODE, line.now_s)
    line.exchange.refuse("front", "code_not_sent", line.now_s)
    line.exchange.permit(True, "verified", "front", line.now_s)
    line.exchange.permit(True, "verified", "front", line.now_s)
    assert line.heard() == [
        {"type": "ask", "what": "code", "n": 2},
        {"type": "refused", "reason": "code_not_sent", "n": 3},
        {"type": "permit", "on": True, "reason": "verified", "n": 4},
    ]
    line.wait(2.0)
    assert line.heard() == [{"type": "beat", "seen": 1, "on": True, "reason": "verified", "n": 5}]


def test_only_the_machine_of_the_claim_hears_that_the_permit_is_on() -> None:
    line = _greeted()
    line.exchange.opened(2, line.now_s, stays=True)
    line.greet(2, "back", OTHER_KEY)
    line.heard(2)
    line.exchange.permit(True, "verified", "front", line.now_s)
    (told,) = line.heard(2)
    assert (told["on"], told["reason"]) == (False, "another_machine")
    assert [said["on"] for said in line.heard(1)] == [True]


BODIES = {
    "not_utf8": b'{"type":"claim","token":"\xff","n":2',
    "not_json": b'{"type":"claim","token":"a","n":2,',
    "duplicate_key": b'{"type":"claim","token":"a","token":"b","n":2',
    "not_a_number": b'{"type":"beat","seen":NaN,"n":2',
    "unknown_type": b'{"type":"open_door","n":2',
    "wrong_fields": b'{"type":"claim","token":"a","n":2,"door":"open"',
    "bad_value": b'{"type":"claim","token":"a b","n":2',
    "card_number": b'{"type":"claim","token":"4111111111111111","n":2',
}


@pytest.mark.parametrize("name", BODIES)
def test_a_line_of_one_who_has_the_key_is_refused_by_name_and_answered(name: str) -> None:
    line = _greeted()
    assert line.put(_raw(line, BODIES[name])) == []
    assert line.refused() == {name: 1}
    assert [(said["type"], said["reason"]) for said in line.heard()] == [("refused", name)]
    assert line.put(line.line({"type": "claim", "token": "b"})) == [Claimed("front", "b")]


@pytest.mark.parametrize(
    "body",
    [
        b'{"type":"beat","seen":Infinity,"n":2',
        b'{"type":"beat","seen":1e999,"n":2',
        b'{"type":"beat","seen":0,"n":2.0',
        b'{"type":"beat","seen":0,"n":true',
        b'{"type":"beat","seen":0,"n":0',
        b'{"type":"beat","seen":0,"n":-1',
        b'{"type":"beat","seen":0,"n":"2"',
        b'{"type":"beat","seen":0,"n":%d' % (COUNTER_MAX + 1),
        b'{"type":"beat","seen":0,"n":' + b"9" * 390,
        b'{"type":["beat"],"seen":0,"n":2',
        b'{"type":"beat","seen":{"a":1},"n":2',
        b'{"type":"claim","token":"\\ud800","n":2',
        b'{"type":"code","digits":"12","n":2',
        b'{"type":"code","digits":"123456789","n":2',
        b'{"type":"code","digits":"\xd9\xa1\xd9\xa2\xd9\xa3","n":2',
        b"[" * 400,
        b"[1",
        b"1",
        b"\xef\xbb\xbf{",
    ],
)
def test_what_means_nothing_is_refused_whoever_wrote_it(body: bytes) -> None:
    line = _greeted()
    assert line.put(_raw(line, body)) == []
    assert sum(line.refused().values()) == 1
    assert line.put(line.line({"type": "end"}, counter=2)) == [ClaimEnded("front")]


def test_replayed_and_reordered_lines_are_told_apart_and_both_refused() -> None:
    line = _greeted()
    second = line.line({"type": "claim", "token": "a"}, counter=2)
    third = line.line({"type": "claim", "token": "b"}, counter=3)
    assert line.put(third) == [Claimed("front", "b")]
    assert line.put(second + third) == []
    assert line.refused() == {"reordered": 1, "replayed": 1}
    assert line.put(line.line({"type": "end"}, counter=COUNTER_MAX)) == [ClaimEnded("front")]
    assert line.put(line.line({"type": "end"}, counter=4)) == []
    assert line.refused() == {"replayed": 1}, "too far back to say: refused as what was there"


def test_nothing_of_an_earlier_session_is_ever_taken() -> None:
    """After a restart of the kiosk as of the machine: the keys went with the session."""
    line = _greeted()
    kept = [line.line({"type": "claim", "token": "a"}), line.line({"type": "end"})]
    line.put(b"".join(kept))
    line.greet()
    assert [line.put(one) for one in kept] == [[], []]
    again = Line(now_s=line.now_s, first_nonce=1000)  # the program restarted: nothing of it was on a disk
    again.exchange.feed(1, line.hello() + b"".join(kept), again.now_s)
    assert again.take() == []
    assert again.refused() == {"forged": 2}
    assert line.refused() == {"forged": 2}


def test_a_replayed_hello_disturbs_nobody() -> None:
    line = _greeted()
    hello = line.hello()
    assert line.put(hello * 3) == []
    assert line.put(line.line({"type": "claim", "token": "a"})) == [Claimed("front", "a")]


def test_a_machine_that_starts_again_has_no_claim_any_more() -> None:
    line = _greeted()
    line.put(line.line({"type": "claim", "token": "a"}))
    assert line.greet() == [ClaimEnded("front", cut=True), MachineBack("front")]


def test_what_the_kiosk_wrote_is_not_taken_when_it_is_sent_back() -> None:
    line = Line()
    line.put(line.hello())
    welcome = line.exchange.take_output(1)
    line.greet()
    permit = line.exchange.take_output(1)
    assert line.put(welcome + permit) == []
    assert line.refused() == {"forged": 2}


def test_the_machines_cannot_speak_for_each_other() -> None:
    line = _greeted()
    line.put(line.hello(machine="front", key=OTHER_KEY))
    line.put(sealed(OTHER_KEY, {"type": "claim", "token": "a", "n": 2}))
    line.exchange.opened(2, line.now_s, stays=True)
    assert line.put(line.line({"type": "claim", "token": "a"}), link=2) == []
    assert line.refused() == {"forged": 3}
    assert line.greet(2, "back", OTHER_KEY) == [MachineBack("back")]
    assert line.put(line.line({"type": "claim", "token": "a"}), link=1) == []
    assert line.refused() == {"forged": 1}


def test_a_line_is_lost_in_time_and_found_again() -> None:
    line = _greeted()
    line.put(line.line({"type": "claim", "token": "a"}))
    assert line.wait(PACE.lost_s - 0.5) == []
    assert line.wait(0.5) == [FRONT_LOST, MachineLost("back", FRONT_LOST.code, FRONT_LOST.detail)]
    assert line.put(line.line({"type": "claim", "token": "b"})) == [], "that session is over"
    assert line.wait(60.0)[1:] == []
    assert line.greet() == [MachineBack("front")]


def test_only_proven_lines_keep_a_line_alive() -> None:
    line = _greeted()
    beat = line.line({"type": "beat", "seen": 0})
    line.put(beat)
    found: list[AtmEvent] = []
    for _ in range(14):
        line.put(beat + line.hello() + b"noise\n")
        found += line.wait(0.5)
    assert FRONT_LOST in found


def test_a_port_that_fails_is_the_reason_that_is_told() -> None:
    line = Line()
    line.exchange.closed(1, line.now_s)
    line.exchange.port_failed("atm_port_failed", "there is no such port")
    assert line.wait(PACE.lost_s)[0] == MachineLost("front", "atm_port_failed", "there is no such port")


def test_a_connection_that_goes_ends_the_claim_at_once() -> None:
    line = Line(stays=False)
    line.greet()
    line.exchange.closed(1, line.now_s)
    assert line.take() == [ClaimEnded("front", cut=True)]


def test_a_line_too_long_is_refused_once_and_the_next_is_heard() -> None:
    line = _greeted()
    long = b"x" * (LINE_MAX_BYTES + 1)
    assert line.put(long[:300]) + line.put(long[300:]) + line.put(long * 20) == []
    assert line.refused() == {"too_long": 1}
    assert line.put(b"\n" + line.line({"type": "end"})) == [ClaimEnded("front")]
    assert line.refused() == {}


def test_lines_may_end_as_a_terminal_ends_them_and_come_byte_by_byte() -> None:
    line = _greeted()
    text = b"\r\n\n" + line.line({"type": "claim", "token": "a"})[:-1] + b"\r\n"
    found = [event for byte in text for event in line.put(bytes((byte,)))]
    assert found == [Claimed("front", "a")]
    assert line.refused() == {}


def test_a_flood_closes_a_connection_and_is_thrown_away_on_a_serial_line() -> None:
    flood = b"noise\n" * 1000
    line = Line(stays=False)
    line.put(flood)
    assert line.exchange.closing(1)
    assert line.refused() == {"no_mac": int(LINES_AT_ONCE), "too_many": 1}
    line = _greeted()
    line.put(flood)
    assert not line.exchange.closing(1)
    line.refused()
    line.now_s += 1.0
    assert line.put(line.line({"type": "end"})) == [ClaimEnded("front")], "a second later it is heard"


def test_a_connection_that_proves_nothing_is_closed() -> None:
    line = Line(stays=False)
    for _ in range(int(PACE.prove_s * 2) - 1):
        line.put(b"{")
        line.wait(0.5)
    assert not line.exchange.closing(1)
    line.wait(0.5)
    assert line.exchange.closing(1)


def test_a_machine_that_does_not_read_costs_a_bounded_memory() -> None:
    line = Line(stays=False)
    line.greet()
    for _ in range(100):
        line.exchange.refuse("front", "code_not_sent", line.now_s)
    assert line.exchange.closing(1)
    assert len(line.exchange.take_output(1)) <= OUTPUT_MAX_BYTES


def test_a_second_session_takes_the_place_of_the_first() -> None:
    line = Line(stays=False)
    line.greet()
    line.exchange.opened(2, line.now_s)
    assert line.greet(2) == [ClaimEnded("front", cut=True), MachineBack("front")]
    assert line.exchange.closing(1)
    line.exchange.closed(1, line.now_s)
    assert line.take() == []
    assert line.put(line.line({"type": "claim", "token": "a"}), 2) == [Claimed("front", "a")]


def test_refused_lines_are_told_together_and_rarely() -> None:
    line = _greeted()
    line.put(b"noise\n" * 3 + line.hello(key=OTHER_KEY))
    told = [event for event in line.wait(10.0) if isinstance(event, MachineDoubted)]
    assert told == [MachineDoubted("atm_lines_refused", "lines refused: 3 no_mac, 1 forged")]
    line.put(b"noise\n")
    told = [event for event in line.wait(PACE.doubt_every_s - 10.0) if isinstance(event, MachineDoubted)]
    assert told == []
    told = [event for event in line.wait(20.0) if isinstance(event, MachineDoubted)]
    assert [event.detail for event in told] == ["lines refused: 1 no_mac"]


def test_nothing_of_a_customer_is_printed() -> None:
    line = _greeted()
    (claimed,) = line.put(line.line({"type": "claim", "token": "t-77"}))
    (given,) = line.put(line.line({"type": "code", "digits": "417902"}))
    assert "t-77" not in repr(claimed)
    assert "417902" not in repr(given)
    assert KEY.hex() not in repr(line.exchange) + repr(line.keys)


def test_a_reason_is_a_plain_word() -> None:
    line = _greeted()
    for reason in ("", "Anna", "a b", "x" * 41, "+491701234567"):
        with pytest.raises(ValueError, match="plain word"):
            line.exchange.refuse("front", reason, line.now_s)
        with pytest.raises(ValueError, match="plain word"):
            line.exchange.permit(True, reason, "", line.now_s)

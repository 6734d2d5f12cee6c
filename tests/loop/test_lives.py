"""Random lives of the whole cabin keep every rule of the flow, and each rule sees the life that breaks it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from edge.cabin.rules import Flow
from tests.worlds.lives import live, live_many
from tests.worlds.lives_rules import RULES, Entry, Kind, Life, check, release_reason

SAID_PER_S = 11.0

THREAT = "Please take off your mask. The door will lock in {} s. The exit button always opens the door."
CODE = "Cabin 1. Incident 1: CODE {}. Code 1 of 5, until 08:04, earlier ones void."

GOOD = f"""
0 power sure on
0 contact - fine
10 door - open
10.5 came anna covered
12 door - shut
17 words - {THREAT.format(18)}
38 lock - on
38.1 words - The door is locked because your face was not shown. The exit button always opens it.
38.5 text watchman {CODE.format(123)}
39 text control_room Cabin 1. Door locked, face not shown: mask.
100 typed - 123
100.4 lock - off
100.6 text control_room Cabin 1. Door released: by the code.
110 door - open
110.5 went anna
112 door - shut
140 door - open
140.5 came ben bare
142 door - shut
143 permit - on
170 look ben covered
171 permit - off
180 door - open
181 went ben
182 door - shut
300 contact - fine
""".strip()
"""One is locked in and let out by the code, one is served."""


def read(lines: Iterable[str]) -> list[Entry]:
    entries: list[Entry] = []
    for line in lines:
        at_s, kind, who, what = (*line.split(" ", 3), "", "")[:4]
        entries.append(Entry(float(at_s), Kind(kind), "" if who == "-" else who, what))
    return entries


def life_of(without: str, added: str) -> Life:
    """The good life without the lines that begin so, and with others; apart by `|`."""
    starts = tuple(f"{start} " for start in without.split("|") if start)
    kept = [line for line in GOOD.splitlines() if not f"{line} ".startswith(starts)]
    return Life(
        read([*kept, *(line for line in added.split("|") if line)]), Flow(), SAID_PER_S, second_watchman=True
    )


ALONE = "100|100.4|100.6|110|110.5|112|140|140.5|142|143|170|171|180|181|182"
"""The lines after the lock: nobody lets anybody out, and nobody else comes."""

WRONG = [
    ("heard_the_threat", "17 words", ""),
    ("heard_the_threat", "17 words", f"35 words - {THREAT.format(0)}"),
    ("heard_the_threat", "", "20 words - Please face the camera."),
    ("heard_the_threat", "", "18 device prompt broken|37 device prompt well"),
    ("heard_the_threat", "", "30 door - open|30.5 came eve covered|30.8 went anna|31 door - shut"),
    ("own_deeds", "10.5 came", "10.5 came anna bare|30 look anna covered"),
    ("own_deeds", "", "30 door - open|30.5 came eve covered|30.8 went anna|31 door - shut"),
    ("own_deeds", "", "14 danger fight on|33 danger fight off"),
    (
        "never_after_cleared",
        "10.5 came",
        "10.5 came anna bare|12 permit - on|12.5 look anna covered|13 permit - off",
    ),
    ("never_after_cleared", "", f"175 words - {THREAT.format(20)}"),
    ("one_hidden_person_now", "", "33 look anna bare"),
    ("one_hidden_person_now", "", "33 came bob covered"),
    ("nobody_there_no_lock", "10|10.5|12|110|110.5|112", "8 glass - covered"),
    ("nobody_there_no_lock", "", f"120 glass - covered|126 words - {THREAT.format(20)}"),
    ("never_blind", "", "30 camera gone blind"),
    ("all_in_order", "", "36 device keypad broken"),
    ("all_in_order", "", "36 device disk broken"),
    ("all_in_order", "", "16 device prompt broken"),
    ("all_in_order", "", "36 door - open"),
    ("never_in_danger", "", "35 danger weapon on"),
    ("never_in_danger", "", "50 input panic on|55 input panic off"),
    ("once_between_empties", "", "104 lock - on|106 lock - off"),
    ("once_between_empties", "", f"104 words - {THREAT.format(20)}"),
    ("not_after_fire", "", "3 input fire on|4 input fire off"),
    ("promised_seconds", "17 words", f"17 words - {THREAT.format(60)}"),
    (
        "comes_back_rightly",
        ALONE,
        "60 power - off|60 lock - off|250 power sure on|260 lock - on|270 input exit on|270 lock - off",
    ),
    (
        "comes_back_rightly",
        ALONE,
        f"60 power - off|60 lock - off|90 power unsure on|92 words - {THREAT.format(20)}|112 lock - on",
    ),
    (
        "comes_back_rightly",
        ALONE,
        f"60 power - off|60 lock - off|90 power sure on|92 words - {THREAT.format(20)}|93 look anna bare|"
        "105 look anna covered|125 lock - on",
    ),
    ("unlocked_without_power", "", "60 power - off|90 power sure on"),
    (
        "unlocked_without_power",
        "100|100.4|110|110.5|112",
        "60 power - off|60 lock - off|90 power sure on|91 lock - on",
    ),
    ("drops_at_once", "", "60 input exit on|61 input exit off"),
    ("drops_at_once", "", "60 input fire on|60.2 input fire off"),
    ("drops_at_once", "", "36 input exit on|37 input exit off"),
    ("ends_by_itself", ALONE, "2000 lock - off"),
    ("forced_is_released", "", "60 door - open|75 door - shut"),
    ("empty_is_released", "0 contact", "0 contact - absent|45 went anna"),
    ("never_unreachable", "38.5|100|100.4|110|110.5|112|140|140.5|142|143|170|171|180|181|182", ""),
    (
        "never_unreachable",
        ALONE,
        "50 device keypad broken",
    ),
    ("released_for_a_reason", "100 typed", ""),
    ("released_for_a_reason", "100 typed", "100 typed - 999"),
    ("released_for_a_reason", "", f"90 text watchman {CODE.format(456)}"),
    ("released_for_a_reason", "", "60 typed - 777|61 typed - 778|62 typed - 779"),
    ("right_code_opens", "", "60 typed - 123"),
    ("codes_counted", "", "|".join(f"{50 + n} text watchman {CODE.format(200 + n)}" for n in range(6))),
    ("code_is_sent", "38.5", ""),
    ("code_is_sent", "39", ""),
    ("code_texts_belong_to_a_lock", "", f"5 text watchman {CODE.format(555)}"),
    ("release_is_told", "100.6", ""),
    ("exit_is_told", "17|38|38.1|38.5|39|100|100.4|100.6", "30 input exit on|31 input exit off"),
    ("exit_is_told", "", "200 input exit on|265 input exit off"),
    ("second_watchman_is_called", "100|100.4|100.6|110|110.5|112", ""),
    ("fresh_code_follows", ALONE, "60 typed - 777|61 typed - 778|62 typed - 779|290 lock - off"),
    ("lock_is_explained", "38.1", ""),
    ("crowd_is_told", "39|100.6|143", "141 came eve bare"),
    ("danger_is_silent", "", "200 danger weapon on|205 sound|210 danger weapon off"),
    (
        "danger_is_silent",
        "",
        "200 danger weapon on|205 words - Please take off your mask.|210 danger weapon off",
    ),
    ("danger_is_silent", "39|100.6", "200 input panic on|210 input panic off"),
    ("permit_only_while_cleared", "171", "180 permit - off"),
    ("permit_only_while_cleared", "", "150 came eve covered"),
    ("permit_only_while_cleared", "", "60 permit - on|62 permit - off"),
    ("permit_only_while_cleared", "180|181|182", "150 door - open|150.5 went ben|151 door - shut"),
    ("permit_only_while_cleared", "", "150 camera dark blind"),
    ("let_in_by_the_door", "", "125 glass - bare|130 permit - on|132 permit - off"),
    ("proper_face_is_served", "143|171", ""),
    (
        "hidden_face_is_locked",
        "17|38|38.1|38.5|39|100|100.4|143|171",
        "",
    ),
]
"""The rule that must see it, and what was wrong."""


def test_a_good_life_breaks_no_rule() -> None:
    life = life_of("", "")
    assert check(life) == []
    assert [release_reason(life, lock) for lock in life.locks] == ["code"]


@pytest.mark.parametrize(("rule", "without", "added"), WRONG)
def test_each_rule_sees_the_life_that_breaks_it(rule: str, without: str, added: str) -> None:
    assert rule in {violation.rule for violation in check(life_of(without, added))}


def test_no_rule_is_untried() -> None:
    assert {rule.__name__ for rule in RULES} == {rule for rule, _, _ in WRONG}


@pytest.mark.slow
def test_a_life_is_the_same_for_its_number() -> None:
    assert live(2).life.entries == live(2).life.entries


@pytest.mark.slow
def test_some_lives_break_no_rule() -> None:
    told: list[str] = []
    counts = live_many(range(12), told.append)
    assert told == []
    assert counts.locks
    assert counts.permits
    assert counts.restarts


@pytest.mark.full
@pytest.mark.timeout(7200)
def test_a_thousand_lives_break_no_rule(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []
    counts = live_many(range(1000), told.append)
    with capsys.disabled():
        print(f"\n{counts}")
    assert told == []
    assert counts.lives == 1000
    assert counts.locks > 300
    assert counts.relocks > 20

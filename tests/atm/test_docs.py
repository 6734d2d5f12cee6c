"""What hw/atm/README.md says is what the program does."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from edge.cabin.events import ClaimMade, OwnerCodeWanted, OwnerEntryCompleted
from edge.cabin.state import Mode
from edge.cabin.table import TABLE
from edge.identity.limits import OwnerRefusal
from edge.terms.identity import CheckFailed, ClaimEnd, NoOwnerCode
from hw.atm.exchange import LINES_A_SECOND, LINES_AT_ONCE
from hw.atm.fake.machine import FakeMachine
from hw.atm.fake.stepped import SteppedAtm
from hw.atm.protocol import KEY_BYTES, LINE_MAX_BYTES, NONCE_BYTES, PACE, LineRefusal
from hw.ports import Asked
from hw.wiring import CustomerKeypadWiring
from tests.worlds.hw_story import StoryClock

CALLS = {"_refuse", "self._refuse", "self._answer", "AnswerMachine"}


@pytest.fixture(scope="module")
def page() -> str:
    return (Path(__file__).resolve().parents[2] / "hw" / "atm" / "README.md").read_text("utf-8")


def test_every_word_that_a_machine_can_hear_is_explained(page: str) -> None:
    unheard = (ClaimEnd.MACHINE_ENDED, ClaimEnd.LINE_LOST, ClaimEnd.ANOTHER_CLAIM)
    ends = set(ClaimEnd) - set(unheard)
    words = {*LineRefusal, *CheckFailed, *OwnerRefusal, *Asked, *Mode, *NoOwnerCode, *ends}
    assert not [word.value for word in words if f"`{word.value}`" not in page]


def test_every_word_that_the_program_answers_by_itself_is_explained(repo: Path, page: str) -> None:
    """Words that stand in the sources as texts: in calls that answer, and in the table's refused cells."""
    found: set[str] = set()
    for file in ("edge/cabin/claim.py", "edge/loop/owner.py"):
        for node in ast.walk(ast.parse((repo / file).read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in CALLS:
                texts = (one for argument in node.args for one in ast.walk(argument))
                values = (one.value for one in texts if isinstance(one, ast.Constant))
                found |= {value for value in values if isinstance(value, str)}
    claims = (ClaimMade, OwnerCodeWanted, OwnerEntryCompleted)
    cells = (cell for kind, row in TABLE.items() if kind in claims for cell in row.values())
    found |= {cell.refusal for cell in cells if cell.refusal}
    assert len(found) > 3
    assert not [word for word in found if f"`{word}`" not in page]


def test_every_message_is_there_as_it_is_written(page: str) -> None:
    """Each member of each line that goes over the wire, in its own direction."""
    clock = StoryClock()
    machine = FakeMachine()
    atm = SteppedAtm([machine], clock)
    atm.poll(clock.at_s)
    machine.claim("anna")
    machine.code("417902")
    machine.end()
    atm.ask("machine", Asked.FACE)
    atm.refuse("machine", "not_enrolled")
    atm.permit(False, "vacant")
    for line in machine.sent:
        body = line.decode().partition(',"mac"')[0]
        kind = body.split('"')[3]
        assert f"`{kind}`" in page or f'"type":"{kind}"' in page
    assert {str(said["type"]) for said in machine.heard} == {"permit", "ask", "refused"}
    assert all(f"| `{said['type']}` `" in page for said in machine.heard)


def test_its_numbers_are_those_of_the_program(page: str) -> None:
    for words in (
        f"at most {LINE_MAX_BYTES} bytes",
        "32 bytes, and its name",
        f"at least every {PACE.beat_s:g} s. After {PACE.lost_s:g} s",
        f"proves nothing in {PACE.prove_s:g} s",
        f"at most {LINES_AT_ONCE:g} lines and then {LINES_A_SECOND:g} a second",
        f"told at most every {PACE.doubt_every_s / 60:g} minutes".replace("10", "ten"),
        f"{NONCE_BYTES} random bytes each",
    ):
        assert words in page, words
    assert KEY_BYTES == 32


def test_the_pins_of_the_keypad_inside_are_told(repo: Path) -> None:
    pad = CustomerKeypadWiring()
    rows, columns = (", ".join(map(str, pins)) for pins in (pad.rows, pad.columns))
    assert f"rows {rows}, columns {columns}" in (repo / "README.md").read_text("utf-8")
    assert f"{rows} and {columns} if fitted" in (repo / "hw" / "README.md").read_text("utf-8")

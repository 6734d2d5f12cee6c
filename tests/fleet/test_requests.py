"""What may be asked over the broker: three things, signed, once; everything else is refused by its name."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from edge.faults.fault import FaultError
from edge.fleet import asking
from edge.fleet.asking import (
    AHEAD_S,
    BURST,
    EVERY_S,
    LIFE_S,
    REQUEST_BYTES,
    Came,
    NotDone,
    Refused,
    Request,
    Verb,
    meaning,
)
from edge.fleet.requests import Doorkeeper, read_keys
from tests.fleet.fleet_world import KIOSK, TOPICS, key_files, signed

WALL_S = 1_767_254_400.0
KEY = Ed25519PrivateKey.generate()
OTHER = Ed25519PrivateKey.generate()
GOOD: dict[str, object] = {
    "kiosk": KIOSK,
    "id": 7,
    "verb": "report",
    "issued": WALL_S - 5,
    "good_until": WALL_S + 60,
}
EVIDENCE = GOOD | {"verb": "evidence", "incident": 3}


def doorkeeper(*keys: Ed25519PrivateKey) -> Doorkeeper:
    return Doorkeeper(KIOSK, TOPICS.request, [key.public_key() for key in keys])


def read(
    payload: bytes, *, keeper: Doorkeeper | None = None, now_s: float = 0.0, wall_true: bool = True
) -> Request | Refused:
    found = keeper or doorkeeper(OTHER, KEY)
    return found.read(Came(TOPICS.request, payload, retained=False), now_s, WALL_S, wall_true)


def changed(**fields: object) -> bytes:
    return signed(KEY, **(GOOD | fields))


def test_each_verb_is_taken_as_it_was_signed_by_any_of_the_keys() -> None:
    assert read(changed()) == Request(7, Verb.REPORT, 0, ())
    assert read(signed(OTHER, **GOOD)) == Request(7, Verb.REPORT, 0, ())
    assert read(changed(verb="selftest")) == Request(7, Verb.SELFTEST, 0, ())
    assert read(signed(KEY, **EVIDENCE, pictures=["a.jpg"])) == Request(7, Verb.EVIDENCE, 3, ("a.jpg",))


def _envelope(**fields: object) -> bytes:
    return json.dumps(json.loads(changed()) | fields).encode()


REFUSED: dict[NotDone, list[Callable[[], Request | Refused]]] = {
    NotDone.WRONG_TOPIC: [
        lambda: doorkeeper(KEY).read(Came(f"{TOPICS.folder}/open", changed(), False), 0.0, WALL_S, True),
        lambda: doorkeeper(KEY).read(
            Came("cabinguard/v1/town/kiosk-2/request", changed(), False), 0, 0, True
        ),
    ],
    NotDone.RETAINED: [
        lambda: doorkeeper(KEY).read(Came(TOPICS.request, changed(), True), 0.0, WALL_S, True)
    ],
    NotDone.TOO_LARGE: [lambda: read(changed(verb="x" * REQUEST_BYTES))],
    NotDone.TOO_MANY: [
        lambda: [read(b"", keeper=k) for k in [doorkeeper(KEY)] for _ in range(BURST + 1)][-1]
    ],
    NotDone.NO_KEYS: [lambda: read(changed(), keeper=doorkeeper())],
    NotDone.NOT_A_REQUEST: [
        lambda: read(b""),
        lambda: read(b"\xff\xfe"),
        lambda: read(b"[" * 4000),
        lambda: read(b"open the door"),
        lambda: read(b'{"version": 1}'),
        lambda: read(_envelope(signature="no base64!")),
        lambda: read(_envelope(more=1)),
        lambda: read(changed(door="unlocked")),
        lambda: read(changed(id=0)),
        lambda: read(changed(id="8")),
        lambda: read(changed(id=asking.ID_MOST + 1)),
        lambda: read(changed(incident=3)),
        lambda: read(changed(verb="evidence")),
        lambda: read(signed(KEY, **EVIDENCE, pictures=["x"] * 51)),
    ],
    NotDone.WRONG_VERSION: [lambda: read(signed(KEY, version=2, **GOOD)), lambda: read(b'{"version": 0}')],
    NotDone.WRONG_KEY: [
        lambda: read(signed(Ed25519PrivateKey.generate(), **GOOD)),
        lambda: read(_envelope(signature="")),
        lambda: read(_envelope(request=json.dumps(GOOD | {"id": 8}))),
        lambda: read(  # a signature over the bare text is made for something else
            json.dumps(
                {
                    "version": 1,
                    "request": json.dumps(GOOD),
                    "signature": base64.b64encode(KEY.sign(json.dumps(GOOD).encode())).decode(),
                }
            ).encode()
        ),
    ],
    NotDone.OTHER_KIOSK: [lambda: read(changed(kiosk="kiosk-2")), lambda: read(changed(kiosk=""))],
    NotDone.UNKNOWN_VERB: [
        partial(lambda verb: read(changed(verb=verb)), verb)
        for verb in ("open", "release", "unlock", "lock", "REPORT", "")
    ],
    NotDone.CLOCK_UNSET: [lambda: read(changed(), wall_true=False)],
    NotDone.NOT_YET: [
        lambda: read(changed(issued=WALL_S + AHEAD_S + 1, good_until=WALL_S + AHEAD_S + 2)),
    ],
    NotDone.TOO_OLD: [lambda: read(changed(good_until=WALL_S - 1))],
    NotDone.GOOD_TOO_LONG: [
        lambda: read(changed(good_until=WALL_S + LIFE_S)),
        lambda: read(changed(good_until=WALL_S - 6)),
        lambda: read(changed(good_until=1e300)),
    ],
}
"""By the doorkeeper; the other three are the record's and the desk's, below and in `test_kiosk.py`."""

SIGNED_ONES = {
    NotDone.OTHER_KIOSK,
    NotDone.UNKNOWN_VERB,
    NotDone.CLOCK_UNSET,
    NotDone.NOT_YET,
    NotDone.TOO_OLD,
    NotDone.GOOD_TOO_LONG,
    NotDone.NOT_A_REQUEST,  # whole, and signed, and yet without sense
}

BESIDE = {NotDone.REPLAYED, NotDone.NOT_RECORDED, NotDone.BUSY}


@pytest.mark.parametrize("refusal", NotDone)
def test_whatever_is_wrong_is_refused_by_its_name(refusal: NotDone) -> None:
    assert (refusal in REFUSED) is not (refusal in BESIDE)
    for attempt in REFUSED.get(refusal, []):
        found = attempt()
        assert isinstance(found, Refused)
        assert found.refusal is refusal, found
    assert meaning(refusal)


def test_only_what_a_known_key_has_signed_is_named_back() -> None:
    """Nobody else learns anything, or could make the kiosk answer."""
    for refusal, attempts in REFUSED.items():
        for attempt in attempts:
            found = attempt()
            assert isinstance(found, Refused)
            if found.verb or found.id:
                assert refusal in SIGNED_ONES


def test_the_rate_fills_up_again() -> None:
    keeper = doorkeeper(KEY)
    for _ in range(BURST):
        assert isinstance(read(changed(), keeper=keeper), Request)
    assert read(changed(), keeper=keeper) == Refused(NotDone.TOO_MANY)
    assert isinstance(read(changed(), keeper=keeper, now_s=EVERY_S), Request)
    assert read(changed(), keeper=keeper, now_s=EVERY_S) == Refused(NotDone.TOO_MANY)


@pytest.mark.parametrize("seed", range(4))
def test_no_change_of_a_signed_request_is_taken(seed: int) -> None:
    random = Random(seed)
    good = changed()
    for _ in range(200):
        at = random.randrange(len(good))
        bad = good[:at] + random.randbytes(1) + good[at + random.randrange(2) :]
        found = read(bad)
        if isinstance(found, Request):  # spaces, an escape of the same letter
            assert found == read(good)


def test_keys_are_read_from_a_file_of_several(tmp_path: Path) -> None:
    key, file = key_files(tmp_path)
    path = Path(file)
    pem = OTHER.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path.write_bytes(b"# the desk's\n" + path.read_bytes() + b"# the spare\n" + pem)
    keeper = Doorkeeper(KIOSK, TOPICS.request, read_keys(file))
    for one in (key, OTHER):
        assert isinstance(read(signed(one, **GOOD), keeper=keeper), Request)
    assert read_keys("") == ()


@pytest.mark.parametrize(
    "content", [None, b"", b"hello", b"-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----\n"]
)
def test_a_file_without_keys_has_a_name(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "keys.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(FaultError, match="request_keys_unreadable"):
        read_keys(str(file))


def test_another_kind_of_key_has_a_name(tmp_path: Path) -> None:
    file = tmp_path / "keys.pem"
    public = generate_private_key(SECP256R1()).public_key()
    file.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(FaultError, match="request_keys_unreadable"):
        read_keys(str(file))


def test_the_documents_name_every_refusal_with_its_meaning() -> None:
    text = (Path(asking.__file__).parents[1] / "docs" / "mqtt.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|$", text, re.M))
    assert {name: rows.get(name.value) for name in NotDone} == {name: meaning(name) for name in NotDone}


def test_a_request_is_plain_and_has_no_room_for_more() -> None:
    """A verb that moves a door would have to be added here, in the open."""
    assert [verb.value for verb in Verb] == ["report", "selftest", "evidence"]
    assert replace(Request(1, Verb.REPORT, 0, ()), id=2) == Request(2, Verb.REPORT, 0, ())


@pytest.mark.slow
def test_the_script_of_the_docs_makes_a_request_that_a_kiosk_takes(repo: Path, tmp_path: Path) -> None:
    text = (repo / "edge/docs/mqtt.md").read_text("utf-8")
    script, key = tmp_path / "request.py", tmp_path / "desk.pem"
    script.write_text(text.split("```python\n")[1].split("```")[0])
    key.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for more in (["report"], ["selftest"], ["evidence", "3", "a.jpg"]):
        asked = [sys.executable, str(script), str(key), KIOSK, *more]
        made = subprocess.run(asked, capture_output=True, timeout=60, check=True).stdout
        came = Came(TOPICS.request, made, retained=False)
        taken = doorkeeper(OTHER, KEY).read(came, 0.0, time.time(), wall_true=True)
        assert isinstance(taken, Request), taken
        assert (taken.verb.value, taken.incident, taken.pictures) == (
            more[0],
            int(more[1]) if more[1:] else 0,
            tuple(more[2:]),
        )
        assert isinstance(doorkeeper(OTHER).read(came, 0.0, time.time(), wall_true=True), Refused)

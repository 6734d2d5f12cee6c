"""What a kiosk says over the broker has the schema that its documents name."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from edge.fleet import payloads
from edge.fleet.topics import Stream, Topics, stream_of
from edge.terms.alerts import Urgency
from tests.fleet.fits import check_schema, misfit

SCHEMA = Path(payloads.__file__).parents[1] / "docs" / "mqtt.schema.json"


def test_the_schema_beside_the_documents_is_the_types() -> None:
    """`python -c 'from edge.fleet.payloads import schema; …write_bytes(schema())'` renews it."""
    assert SCHEMA.read_bytes() == payloads.schema()


@pytest.mark.slow
def test_the_schema_is_one() -> None:
    check_schema(json.loads(payloads.schema()))
    with pytest.raises(AssertionError):
        check_schema({"type": "anything"})


SAMPLES = (
    payloads.Event(
        kiosk="kiosk-1",
        epoch="40000000ab",
        stream=Stream.ALERT,
        sequence=7,
        number=12,
        incident=3,
        kind="locked",
        reason="mask",
        text="Cabin 1. Door locked",
        created=1_767_254_400.0,
        repeat=False,
        record_head="",
        pictures=(payloads.Picture("00001-000000000200.jpg", "a" * 64),),
    ),
    payloads.Gap(
        kiosk="kiosk-1",
        epoch="40000000ab",
        stream=Stream.REPORT,
        first=2,
        last=9,
        cause="too_old",
        number=13,
        created=1_767_254_400.0,
        repeat=True,
    ),
    payloads.Status(kiosk="kiosk-1", online=False),
    payloads.Reply(kiosk="kiosk-1", id=4, verb="report", outcome="done", result={"door": "unlocked"}),
    payloads.Chunk(
        kiosk="kiosk-1",
        id=4,
        incident=3,
        name="00001-000000000200.jpg.age",
        sha256="b" * 64,
        size=3,
        chunk=0,
        chunks=1,
        data=b"age",
    ),
)


@pytest.mark.slow
def test_every_kind_of_message_fits_its_schema_and_no_other() -> None:
    assert {type(one) for one in SAMPLES} == set(payloads.SAID)
    whole = json.loads(payloads.schema())
    for one in SAMPLES:
        said = json.loads(payloads.encoded(one))
        assert not misfit(said, {**whole, "anyOf": [{"$ref": f"#/$defs/{type(one).__name__}"}]})
        assert msgspec.json.decode(payloads.encoded(one), type=type(one)) == one


@pytest.mark.slow
@pytest.mark.parametrize(
    "change", [{"sequence": 0}, {"epoch": "x"}, {"stream": "code"}, {"created": "now"}, {"pictures": [1]}]
)
def test_the_schema_refuses_what_no_kiosk_says(change: dict[str, object]) -> None:
    said = json.loads(payloads.encoded(SAMPLES[0])) | change
    assert misfit(said, json.loads(payloads.schema()))


def test_a_code_has_no_stream_and_all_else_has_one() -> None:
    assert [stream_of(urgency) for urgency in Urgency] == [None, *Stream]


def test_a_kiosk_writes_to_its_own_folder_alone() -> None:
    topics = Topics("town", "kiosk-1")
    own = [topics.status, topics.request, topics.reply, topics.evidence, *map(topics.events, Stream)]
    assert all(topic.startswith("cabinguard/v1/town/kiosk-1/") for topic in own)
    assert len(set(own)) == len(own)
    assert topics.discovery == "homeassistant/device/kiosk-1/config"

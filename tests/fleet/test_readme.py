"""What is told to a bank: links lead somewhere, the example runs, the numbers are those of the files."""

from __future__ import annotations

import re
import textwrap
from types import SimpleNamespace

from edge.fleet.reading import Reading, Span, Stream
from edge.settings.fleet import MqttSettings
from tests.worlds.broker import FILES

README = (FILES / "README.md").read_text()
LIMITS = dict(
    line.split(" ", 1) for line in (FILES / "mosquitto.conf").read_text().splitlines() if " " in line
)


def test_every_link_leads_somewhere() -> None:
    found = [to for to in re.findall(r"\]\(([^)\s]+)\)", README) if "://" not in to]
    assert len(found) > 5
    assert not [to for to in found if not (FILES / to).exists()]


def test_every_file_of_the_brokers_is_named() -> None:
    for name in ("mosquitto.conf", "mosquitto.acl", "emqx.conf", "emqx-acl.conf"):
        assert f"[{name}]({name})" in README


def test_the_example_of_a_reader_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    acted: list[object] = []
    told = {"kiosk": "kiosk-1", "epoch": "e", "stream": "alert", "kind": "locked", "repeat": False}
    names: dict[str, object] = {
        "Reading": Reading,
        "Stream": Stream,
        "Span": Span,
        "event": told | {"sequence": 3},
        "message": SimpleNamespace(dup=False, retain=False),
        "act_on": acted.append,
    }
    exec(textwrap.dedent(code), names)
    assert len(acted) == 1
    reading = names["reading"]
    assert isinstance(reading, Reading)
    assert reading.missing(Stream("kiosk-1", "e", "alert")) == (Span(1, 2),)
    names["event"] = told | {"kind": "gap", "first": 1, "last": 2}
    exec(textwrap.dedent(code), names)
    assert names["lost"] == (Span(1, 2),)


def test_what_a_broker_forgets_a_kiosk_sends_again() -> None:
    """Mosquitto saves more often than a kiosk forgets, and the README says both numbers."""
    saved_s, resend_s = int(LIMITS["autosave_interval"]), MqttSettings().resend_s
    assert 2 * saved_s <= resend_s
    assert f"`autosave_interval {saved_s}`" in README
    assert f"`mqtt.resend_s` ({resend_s:g} s)" in README
    assert f"{int(LIMITS['max_queued_messages']):,} messages wait" in README

"""The section `[mqtt]`: what does not go together is refused by name before anything starts."""

from __future__ import annotations

import pytest

from edge.settings.load import SettingsError, load
from edge.settings.show import remarks, show

GOOD = ("mqtt.host=broker.example", "mqtt.site=pune", "mqtt.kiosk_id=pune-0042")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (("mqtt.host=broker.example", "mqtt.kiosk_id=a"), "mqtt.host needs mqtt.site"),
        (("mqtt.host=broker.example", "mqtt.site=a"), "mqtt.host needs mqtt.kiosk_id"),
        ((*GOOD, "mqtt.tls=false"), "mqtt.tls = false is for a broker on this machine"),
        (("mqtt.home_assistant=true",), "mqtt.home_assistant needs mqtt.host"),
        ((*GOOD, "mqtt.host=127.0.0.1", "mqtt.port=8088"), "mqtt.port = 8088 is another server's here"),
        ((*GOOD, "mqtt.site=a/b"), "mqtt.site must be at most 40 small letters, digits and -"),
        ((*GOOD, "mqtt.kiosk_id=#"), "mqtt.kiosk_id must be at most 40 small letters, digits and -"),
        ((*GOOD, "mqtt.host=a b"), "mqtt.host must be a name or an IP address"),
        ((*GOOD, "mqtt.keep_messages=5"), "mqtt.keep_messages = 5 must be a whole number, 100 to 50000"),
    ],
)
def test_what_does_not_go_together_is_named(settings: tuple[str, ...], words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(None, settings)
    assert any(words in problem.detail for problem in caught.value.problems), caught.value.problems


def test_a_broker_is_set_up_by_three_words_and_one_here_may_go_without_tls() -> None:
    assert load(None, GOOD).mqtt.tls
    assert not load(None, [*GOOD, "mqtt.host=localhost", "mqtt.tls=false"]).mqtt.tls
    assert 'kiosk_id = "pune-0042"' in show(load(None, GOOD))


def test_a_control_room_without_a_telephone_has_the_broker() -> None:
    assert any("alerts go by MQTT alone" in one for one in remarks(load(None, GOOD)))

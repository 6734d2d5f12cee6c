"""What Home Assistant reads to find a kiosk by itself: one retained message, the whole device.

As its documentation on MQTT discovery has it (device discovery, since 2024.11), on the topic
`homeassistant/device/ID/config`, with components that all read the retained status. Nothing here can be
pressed: the door, the lock and the permit are shown and no more, and no command topic is named.
"""

from __future__ import annotations

import msgspec

from edge.fleet.topics import Topics


def discovery(topics: Topics, cabin: str, program: str) -> bytes:
    """The message for `topics.discovery`."""
    kiosk = topics.kiosk
    message = {
        "device": {
            "identifiers": [f"cabinguard_{kiosk}"],
            "name": cabin,
            "manufacturer": "CabinGuard",
            "sw_version": program,
        },
        "origin": {"name": "CabinGuard", "sw_version": program},
        "state_topic": topics.status,
        "qos": 1,
        "components": _components(kiosk),
    }
    return msgspec.json.encode(message)


def _components(kiosk: str) -> dict[str, dict[str, str]]:
    """What is shown, by name. A lock that could be opened there would need a command topic: there is none."""

    def shown(platform: str, name: str, label: str, template: str, **more: str) -> tuple[str, dict[str, str]]:
        return name, {
            "platform": platform,
            "unique_id": f"cabinguard_{kiosk}_{name}",
            "object_id": f"cabinguard_{kiosk}_{name}",
            "name": label,
            "value_template": template,
            **more,
        }

    return dict(
        [
            shown(
                "binary_sensor",
                "online",
                "Online",
                "{{ 'ON' if value_json.online else 'OFF' }}",
                device_class="connectivity",
                entity_category="diagnostic",
            ),
            shown(
                "binary_sensor",
                "door",
                "Door lock",
                "{{ 'OFF' if value_json.door == 'locked' else 'ON' }}",
                device_class="lock",
            ),
            shown("binary_sensor", "permit", "Permit", "{{ 'ON' if value_json.permit == 'on' else 'OFF' }}"),
            shown("sensor", "stage", "Stage", "{{ value_json.stage }}"),
            shown("sensor", "camera", "Camera", "{{ value_json.camera }}"),
            shown("sensor", "incident", "Incident", "{{ value_json.incident }}"),
            shown(
                "sensor",
                "faults",
                "Faults",
                "{{ (value_json.faults | join(', '))[:255] or 'none' }}",
                entity_category="diagnostic",
            ),
            shown(
                "sensor",
                "waiting",
                "Messages that wait",
                "{{ value_json.waiting }}",
                entity_category="diagnostic",
                state_class="measurement",
            ),
        ]
    )

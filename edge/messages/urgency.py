"""How soon a message goes out before others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from edge.cabin.anomalies import ANOMALIES
from edge.cabin.events import Anomaly
from edge.fleet.payloads import INCIDENT_BEGAN, INCIDENT_ENDED, PICTURES
from edge.terms.alerts import Alert, Urgency, urgency
from edge.terms.record import CODE_KINDS

REPORTS: Final = frozenset({"daily", "status", "help", "mark"})
_URGENCY: Final[Mapping[str, Urgency]] = {
    **dict.fromkeys(CODE_KINDS, Urgency.CODE),
    **{anomaly.value: ANOMALIES[anomaly].urgency for anomaly in Anomaly},
    **{alert.value: urgency(alert) for alert in Alert},
    **dict.fromkeys(REPORTS, Urgency.REPORT),
    PICTURES: Urgency.REPORT,
    **dict.fromkeys((INCIDENT_BEGAN, INCIDENT_ENDED), Urgency.ALERT),
}


def urgency_of(kind: str) -> Urgency:
    """How soon a message goes out. A row of another version may be of a kind that is not known here."""
    return _URGENCY.get(kind, Urgency.ALERT)

"""The parts of a kiosk from its settings."""

from __future__ import annotations

from edge.pictures.keeper import EvidenceLimits
from edge.settings.schema import Settings


def evidence_limits(settings: Settings) -> EvidenceLimits:
    kept = settings.evidence
    return EvidenceLimits(
        kept.before_s, kept.after_s, kept.keep_days, kept.keep_mb, kept.incident_mb, kept.reserve_mb
    )

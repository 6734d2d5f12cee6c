"""CycloneDX's own judge of a list, with the schema that its library carries."""

from __future__ import annotations

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


def check_valid(content: str) -> None:
    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(content)
    assert found is None, found

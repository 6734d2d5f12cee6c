"""CycloneDX's own judge of a list, with the schema that its library carries."""

from __future__ import annotations


def check_valid(content: str) -> None:
    # Here, not above: its grammars of addresses take two seconds, and every worker collects every test.
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(content)
    assert found is None, found

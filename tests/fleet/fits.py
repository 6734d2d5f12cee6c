"""The judge of a JSON schema, and whether a message fits one.

Each use imports for itself: the grammars of addresses in `jsonschema` take two seconds, and every worker
collects every test.
"""

from __future__ import annotations

from collections.abc import Mapping


def check_schema(schema: Mapping[str, object]) -> None:
    """AssertionError where it is no schema of the draft 2020-12."""
    import jsonschema

    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise AssertionError(error.message) from None


def misfit(said: object, schema: Mapping[str, object]) -> str:
    """What of a message its schema refuses, empty where it fits."""
    import jsonschema

    found = [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(said)]
    return "; ".join(found)

"""Formats in a user's document: held against values in every version, the ones of OpenAPI for numbers and bytes as well."""

from typing import Any

import pytest
from foreign import contract

VALUES: dict[str, tuple[list[Any], list[Any]]] = {
    "int32": ([1, -(2**31), 2**31 - 1, 1.5, "text"], [2**31, -(2**31) - 1]),
    "int64": ([2**63 - 1, -(2**63), "9223372036854775808"], [2**63, -(2**63) - 1]),
    "float": ([1.5, 1], []),
    "double": ([1e300], []),
    "byte": (["", "YQ==", "YWJj", "YWJj\r\nYWJj", 5], ["YQ", "YQ=", "***", "YQ==YQ==x"]),
    "binary": (["\x00"], []),
    "date": (["2024-02-29"], ["2023-02-29", "2024-2-9"]),
    "date-time": (["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5+02:00"], ["2026-01-01", "2026-01-01T25:00:00Z"]),
    "time": (["00:00:00Z"], ["25:00:00Z"]),
    "duration": (["P1DT2H"], ["1 day"]),
    "email": (["a@b.example"], ["a"]),
    "hostname": (["a.example"], ["a b"]),
    "ipv4": (["127.0.0.1"], ["127.0.0", "256.0.0.1"]),
    "ipv6": (["::1"], [":::1"]),
    "uri": (["https://a.example/b?c#d"], ["/b", "https://a b"]),
    "uri-reference": (["/b"], ["a b"]),
    "uuid": (["019b76da-a800-7000-8001-1daff20b3913"], ["019b76da"]),
    "weather": (["rain"], []),
}


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0", "3.2.0"])
@pytest.mark.parametrize("name", VALUES)
def test_format_is_held_against_values(name: str, version: str) -> None:
    answers = {"responses": {"default": {"description": "Any."}}}
    schemas = {"S": {"format": name}, "Here": {"$ref": "#/components/schemas/S"}}
    document = {"openapi": version, "info": {}, "paths": {"/x": {"get": answers}}, "components": {"schemas": schemas}}
    judging = contract(document)
    right, wrong = VALUES[name]
    assert [value for value in right if not judging.allows(("components", "schemas", "Here"), value)] == []
    assert [value for value in wrong if judging.allows(("components", "schemas", "Here"), value)] == []


def test_limit_that_is_narrower_than_its_format_stays() -> None:
    schema = {"type": "integer", "format": "int32", "minimum": 0, "maximum": 2**40}
    answers = {"responses": {"default": {"description": "Any."}}}
    document = {"openapi": "3.1.0", "info": {}, "paths": {"/x": {"get": answers}}, "components": {"schemas": {"S": schema}}}
    judging = contract(document)
    assert [judging.allows(("components", "schemas", "S"), value) for value in (-1, 0, 2**31 - 1, 2**31)] == [False, True, True, False]

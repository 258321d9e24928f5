"""References in a schema are followed as JSON Schema has it, or refused with their place."""

import pytest

from runflow_mock.domain.documents import Json
from runflow_mock.openapi.schemas import EXPLAINED_MAX, Schema, SchemaError, TooManyErrors, check_schema, compile_schema

PARTS: Schema = {"$defs": {"a b": {"type": "string"}, "a/b": {"type": "string"}, "100%": {"type": "string"}}, "allOf": [{"type": "object"}]}


@pytest.mark.parametrize("reference", ["#/$defs/a%20b", "#/$defs/a~1b", "#/$defs/100%25"])
def test_reference_finds_a_part_by_its_name_as_references_escape_it(reference: str) -> None:
    schema: Schema = {**PARTS, "properties": {"x": {"$ref": reference}}}
    check_schema(schema)
    compiled = compile_schema(schema)
    assert (compiled.is_valid({"x": "text"}), compiled.is_valid({"x": 1})) == (True, False)


@pytest.mark.parametrize("reference", ["#/$defs/gone", "#/allOf/1", "#/allOf/x", "#gone"])
def test_reference_that_leads_to_nothing_is_refused_with_its_place(reference: str) -> None:
    with pytest.raises(SchemaError, match=r"^properties\.x\.\$ref: there is no "):
        check_schema({**PARTS, "properties": {"x": {"$ref": reference}}})


@pytest.mark.slow(is_covering=True)
def test_bound_of_what_is_explained_holds_whatever_a_value_is_called() -> None:
    names: list[Json] = [f"n{each}" for each in range(60)]
    schema = compile_schema({"additionalProperties": {"required": names}})
    for name in ("a", "%61", "a/b", "a~b"):
        with pytest.raises(TooManyErrors):
            schema.explained({name: {"v": [0] * (EXPLAINED_MAX // 50)}})

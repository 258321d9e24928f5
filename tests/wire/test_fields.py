"""Our checks against `jsonschema`, the reference implementation: whatever the catalog's schemas see, both must agree on validity."""

from functools import partial
from typing import Any, cast

import jsonschema
import pytest
from costs import lines_run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from worlds import catalog

from runflow_mock.domain.documents import Json, read_object
from runflow_mock.openapi.beginnings import weight_of
from runflow_mock.wire.fields import EVALUATED_MAX, Checker
from runflow_mock.wire.problems import FieldError

MODELS = [model.id for model in catalog().models]

urls = st.sampled_from(["https://a.example/b", "data:x", "runflow://assets/1", "HTTPS://a", " https://a"])
numbers = st.integers(-3, 5000) | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([1.0, 16.0, 0.5])
scalars: st.SearchStrategy[Any] = st.none() | st.booleans() | numbers | st.text("ab:é", max_size=6) | urls
anything: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3), max_leaves=5
)


def likely(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values near a schema: those it shows as examples, those of the right kind at its limits, and now and then anything."""
    known = [*schema.get("examples", ()), *schema.get("enum", ()), *([schema["default"]] if "default" in schema else [])]
    limits = [schema[name] + step for name in ("minimum", "maximum") if name in schema for step in (-1, 0, 1)]
    parts = [st.sampled_from(pool) for pool in (known, limits) if pool]
    if "properties" in schema:
        parts.append(st.fixed_dictionaries({}, optional={name: likely(part) for name, part in schema["properties"].items()}))
    if "items" in schema:
        parts.append(st.lists(likely(schema["items"]), max_size=4))
    parts += [likely(part) for part in schema.get("anyOf", ()) if "type" in part]
    return st.one_of(*parts, anything)


@pytest.mark.parametrize("model_id", MODELS)
def test_checker_agrees_with_the_reference_on_every_schema_of_the_catalog(model_id: str) -> None:
    model = next(model for model in catalog().models if model.id == model_id)
    schema = cast(dict[str, Any], read_object(model.input_schema))
    ours, reference = Checker(schema), jsonschema.Draft202012Validator(schema)

    @settings(max_examples=12, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(value=likely(schema))
    def agree(value: Any) -> None:
        errors = ours.errors(value, ("body", "input"))
        assert (not errors) == reference.is_valid(value), (value, errors)
        assert all(error.loc[:2] == ("body", "input") for error in errors)

    agree()


@pytest.mark.parametrize("model_id", MODELS)
def test_examples_of_the_catalog_are_valid(model_id: str) -> None:
    model = next(model for model in catalog().models if model.id == model_id)
    schema = cast(dict[str, Any], read_object(model.input_schema))
    for name, part in schema["properties"].items():
        for example in part["examples"]:
            assert Checker(part).errors(example, ()) == [], name


@pytest.mark.parametrize(
    ("schema", "value", "error"),
    [
        ({"required": ["a"]}, {}, FieldError(("x", "a"), "field required", "missing")),
        ({"type": "string"}, 7, FieldError(("x",), "Input should be a valid string", "string_type")),
        ({"type": "integer"}, "7", FieldError(("x",), "Input should be a valid integer", "int_type")),
        ({"type": "number"}, None, FieldError(("x",), "Input should be a valid number", "float_type")),
        ({"type": "boolean"}, 1, FieldError(("x",), "Input should be a valid boolean", "bool_type")),
        ({"type": ["array", "null"]}, {}, FieldError(("x",), "Input should be a valid list", "list_type")),
        ({"type": "object"}, [], FieldError(("x",), "Input should be a valid object", "dict_type")),
        ({"type": "null"}, [], FieldError(("x",), "Input should be a valid null", "null_type")),
        ({"enum": ["a", 1]}, "b", FieldError(("x",), "Input should be one of 'a', 1", "enum")),
        ({"pattern": "^a"}, "b", FieldError(("x",), "Input should match ^a", "string_pattern_mismatch")),
        ({"minimum": 2}, 1, FieldError(("x",), "Input should be greater than or equal to 2", "greater_than_equal")),
        ({"maximum": 2}, 3, FieldError(("x",), "Input should be less than or equal to 2", "less_than_equal")),
        ({"minLength": 2}, "a", FieldError(("x",), "Input should have at least 2 characters", "string_too_short")),
        ({"maxLength": 2}, "abc", FieldError(("x",), "Input should have at most 2 characters", "string_too_long")),
        ({"minItems": 1}, [], FieldError(("x",), "Input should have at least 1 items", "too_short")),
        ({"maxItems": 1}, [1, 2], FieldError(("x",), "Input should have at most 1 items", "too_long")),
        ({"items": {"type": "string"}}, ["a", 1], FieldError(("x", 1), "Input should be a valid string", "string_type")),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, 7, FieldError(("x",), "Input fits none of the allowed forms", "union_error")),
        (
            {"anyOf": [{"required": ["a"]}, {"required": ["b", "c"]}]},
            {},
            FieldError(("x", "a"), "field required: a or b with c", "missing"),
        ),
    ],
)
def test_error_is_told_in_the_words_of_the_api(schema: dict[str, Any], value: Any, error: FieldError) -> None:
    assert Checker(schema).errors(value, ("x",)) == [error]


def test_other_rules_are_told_too() -> None:
    (error,) = Checker({"multipleOf": 16}).errors(17, ("x",))
    assert (error.loc, error.type) == (("x",), "value_error")


def test_every_error_is_told() -> None:
    checker = Checker({"properties": {"a": {"type": "string"}, "b": {"minimum": 0}}, "required": ["c"]})
    assert {error.loc for error in checker.errors({"a": 1, "b": -1}, ())} == {("a",), ("b",), ("c",)}


def rules_broken(schema: dict[str, Any], value: Any) -> list[FieldError]:
    return Checker(schema).errors(value, ("body",))


def test_value_of_usual_size_is_told_whole() -> None:
    schema = {"properties": {"a": {"items": {"type": "string"}}}, "required": ["b"]}
    found = rules_broken(schema, {"a": [0] * 2_000})
    assert len(found) == 2_001


LARGE: dict[str, tuple[dict[str, Any], Any, set[Any]]] = {
    "entries": ({"properties": {"a": {"items": {"type": "string"}}}, "required": ["b"]}, {"a": [0] * 50_000}, {"b", 0, 1}),
    "names": ({"propertyNames": {"maxLength": 1}, "required": ["b"]}, {f"a{n}": 0 for n in range(30_000)}, {"b"}),
    "a text beside": ({"properties": {"a": {"minLength": 9_000_000}, "b": {"type": "string"}}}, {"a": "x" * 8_000_000, "b": 1}, {"b"}),
    "many rules": ({"properties": {"a": {"allOf": [{"minItems": 60_000 + n} for n in range(900)]}}}, {"a": [0] * 50_000}, {"body"}),
    "a name that was cut": ({"minProperties": 120_002, "required": ["a119999"]}, {f"a{n}": 0 for n in range(120_000)}, {"body"}),
    "a condition that was cut": (
        {"if": {"properties": {"a": {"minItems": 9}}}, "then": {"maxProperties": 0}, "else": {"required": ["b"]}},
        {"a": [0] * 90_000},
        {"body"},
    ),
    "a condition in what is referred to, which was cut": (
        {
            "properties": {"a": {"items": {"type": "string"}}, "b": {"if": {"required": ["mask"]}, "else": {"$ref": "#/$defs/no-mask"}}},
            "$defs": {"no-mask": {"required": ["a119999"]}},
        },
        {"a": [1] * 200_000, "b": {"mask": "m"}},
        {0},
    ),
    "a field that is called as a condition is": (
        {"properties": {"a": {"items": {"type": "string"}}, "then": {"type": "string"}}},
        {"then": 5, "a": [1] * 200_000},
        {"then", 0},
    ),
}


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(("schema", "value", "told"), LARGE.values(), ids=LARGE)
def test_of_a_large_value_the_beginning_is_told_and_nothing_that_is_not_so(schema: dict[str, Any], value: Any, told: set[Any]) -> None:
    found = rules_broken(schema, value)
    assert told <= {error.loc[-1] for error in found}
    assert len(found) < 500
    if told == {"body"}:
        assert found == [FieldError(("body",), "Input is not as its schema says, and too large to say where", "value_error")]
    assert not any(error.loc[-1] == "a119999" for error in found)


@pytest.mark.parametrize("value", [[0] * 5_000, {str(number): 0 for number in range(5_000)}], ids=["list", "object"])
def test_weight_is_counted_up_to_where_it_decides_and_no_further(value: Any) -> None:
    assert (weight_of(value, 10_000), weight_of(value, 5_001), weight_of(value, 5_000)) == (5_001,) * 3
    assert 100 < weight_of(["x" * 25_600, value], 100) <= 5_001
    assert lines_run(lambda: weight_of([value], 5_000)) < 50


@pytest.mark.parametrize("value", [[[0] * 30, "x" * 1_000, {"a": [0] * 30}], {"a": [{}] * 20, "b": [[[]]] * 20}], ids=["list", "object"])
def test_weight_is_beyond_a_bound_exactly_where_its_parts_are(value: Any) -> None:
    whole = weight_of(value, 10**6)
    assert [weight_of(value, most) > most for most in range(2 * whole)] == [whole > most for most in range(2 * whole)]
    assert [weight_of(value, most) for most in (whole, whole + 1)] == [whole, whole]


@pytest.mark.slow(is_covering=True)
def test_part_beyond_those_that_are_evaluated_costs_no_step() -> None:
    checker = Checker({"type": "string"})
    found, lines = list[list[FieldError]](), list[int]()
    for count in (2 * EVALUATED_MAX, 4 * EVALUATED_MAX):
        value: list[Json] = [0] * count
        found.append(checker.errors(value, ()))
        lines.append(lines_run(partial(checker.errors, value, ())))
    assert found[0] == found[1]
    assert lines[0] == lines[1]


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("parts", [EVALUATED_MAX - 1, EVALUATED_MAX, EVALUATED_MAX + 1])
def test_around_the_most_parts_that_are_evaluated_the_same_is_told(parts: int) -> None:
    of_all = FieldError(("body",), "Input should be a valid string", "string_type")
    of_field = FieldError(("body", "a"), "Input should be a valid string", "string_type")
    assert rules_broken({"type": "string"}, [0] * (parts - 1)) == [of_all]
    assert rules_broken({"properties": {"a": {"type": "string"}}}, {"a": [0] * (parts - 2)}) == [of_field]


def test_little_that_is_wrong_beside_much_of_which_the_schema_says_little_is_told() -> None:
    """A wrong input beside a graph of 130 nodes was refused as too large to say where, by a schema that only asks for a graph."""
    field = {"properties": {f"f{number}": {"type": "string"} for number in range(50)}, "required": ["name"]}
    schema = {"properties": {"graph": {"type": "object"}, "inputs": {"items": field}}, "required": ["graph"]}
    node = {"inputs": {f"n{number}": number for number in range(12)}, "class": "K", "at": ["4", 0]}
    for count in (130, 1_000):
        found = rules_broken(schema, {"graph": {str(number): node for number in range(count)}, "inputs": [{"name": "a"}, {"f3": 4}]})
        assert {error.loc for error in found} == {("body", "inputs", 1, "name"), ("body", "inputs", 1, "f3")}


def test_what_a_schema_says_by_another_name_is_counted_too() -> None:
    for reference, anchor in (("$ref", "$anchor"), ("$dynamicRef", "$dynamicAnchor")):
        schema: dict[str, Any] = {reference: "#dear", "$defs": {"d": {anchor: "dear", "propertyNames": {"maxLength": 1}}}}
        assert len(rules_broken(schema, {f"a{number}": 0 for number in range(3_000)})) < 500

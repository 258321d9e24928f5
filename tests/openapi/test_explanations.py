"""What is wrong with a value is told where it is wrong, in bounded time, and of the form that is meant."""

from typing import Any

import pytest
from foreign import contract
from hypothesis import given, settings
from hypothesis import strategies as st

from runflow_mock.domain.findings import Location
from runflow_mock.openapi.directions import Direction
from runflow_mock.openapi.explanations import COPIES_MAX, FINDINGS_MAX, schema_findings

T = ("components", "schemas", "T")
MANY = {f"other{number}": number for number in range(4_000)}
BRANCHES = [
    {"properties": {"items": {"items": {"properties": {"n": {"type": "integer"}, "s": {"maxLength": 0}}}}, "kind": {"const": kind}}}
    for kind in range(10)
]


NONE_FITS = "the value is not valid under any of the schemas listed in the 'anyOf' keyword"
SEVERAL = "the value has more than one of the forms that exclude each other"


def told(schema: Any, value: Any, **schemas: Any) -> list[tuple[Location, str, str]]:
    """What is told of a value, without the place of the whole."""
    judging = contract({"openapi": "3.1.0", "paths": {"/x": {"get": {}}}, "components": {"schemas": {"T": schema, **schemas}}})
    return [(found.loc[1:], found.rule, found.message) for found in schema_findings(judging, T, value, ("body",))]


def places(schema: Any, value: Any, **schemas: Any) -> list[tuple[Location, str]]:
    return [(loc, rule) for loc, rule, _ in told(schema, value, **schemas)]


def names(count: int) -> list[str]:
    return [f"name{number}" for number in range(count)]


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("count", [26, 400])
def test_each_missing_name_beside_thousands_of_values_is_told(count: int) -> None:
    """Each error of the validator holds a copy of its value: 3,000 names beside 20,000 values took 38 seconds and ten gigabytes."""
    expected = [((name,), "required") for name in names(min(count, FINDINGS_MAX))]
    assert places({"required": names(count)}, MANY) == expected
    assert places({"dependentRequired": {"other1": names(count), "gone": ["z"]}}, MANY) == expected
    assert places({"allOf": [{"required": [name]} for name in names(count)]}, MANY) == expected
    assert places({"$ref": "#/components/schemas/R"}, MANY, R={"required": names(count)}) == expected
    assert places({"if": {"type": "object"}, "then": {"required": names(count)}, "else": False}, MANY) == expected
    assert places({"if": {"type": "array"}, "then": False, "else": {"required": names(count)}}, MANY) == expected
    assert places({"if": {"type": "object"}, "else": False, "required": names(count)}, MANY) == expected


@pytest.mark.slow(is_covering=True)
def test_each_field_of_a_large_value_is_told_where_it_is() -> None:
    dear = {"required": names(300)}
    value = {"a": MANY, "b1": MANY, "c": [MANY, MANY], "d": MANY, **MANY}
    assert places({"properties": {"a": dear, "x": dear}}, value)[0] == (("a", "name0"), "required")
    assert places({"patternProperties": {"^b[0-9]$": dear}}, value)[0] == (("b1", "name0"), "required")
    assert places({"properties": {"c": {"items": dear}}}, value)[0] == (("c", 0, "name0"), "required")
    assert places({"properties": {"c": {"prefixItems": [{}, dear]}}}, value)[0] == (("c", 1, "name0"), "required")
    assert places({"dependentSchemas": {"a": dear, "x": dear}}, value)[0] == (("name0",), "required")
    rest = {"additionalProperties": dear, "patternProperties": {"^(other|b|c)": {}}, "properties": {"a": {}}}
    assert places(rest, value)[0] == (("d", "name0"), "required")


@pytest.mark.slow(is_covering=True)
def test_what_a_large_value_is_by_itself_is_told_beside_what_is_in_it() -> None:
    dear = {"required": names(300), "type": "object", "maxProperties": 7, "additionalProperties": False, "patternProperties": {"^o": {}}}
    assert ((), "maxProperties") in places({**dear, "required": names(60)}, MANY)
    odd = places({"propertyNames": {"maxLength": 3}}, MANY)
    assert (len(odd), odd[0]) == (FINDINGS_MAX, (("other0",), "propertyNames"))
    many = list(range(1_000))
    dear_items = {"items": {"enum": [str(number) for number in range(5_000)]}}
    assert places({**dear_items, "contains": {"type": "string"}}, many)[-1] == ((99,), "enum")
    assert places({"not": {"type": "object"}, "anyOf": [{"required": [name]} for name in names(300)]}, MANY) == [
        ((), "anyOf"),
        ((), "not"),
    ]


@pytest.mark.slow(is_covering=True)
def test_what_only_the_whole_of_a_schema_says_of_a_large_value_is_told_of_the_whole() -> None:
    dear = {"anyOf": [{"required": [name]} for name in ("other0", *names(300))], "unevaluatedProperties": False}
    assert told(dear, MANY) == [((), "schema", "it is not as its schema says; it is too large to tell where")]


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("word", ["oneOf", "anyOf", "allOf"])
def test_errors_of_all_forms_of_a_large_value_are_bounded(word: str) -> None:
    count = 2_000
    found = places({word: BRANCHES}, {"items": [{"n": "x", "s": "x"} for _ in range(count)]})
    every = {(("items", at, name), rule) for at in range(count) for name, rule in (("n", "type"), ("s", "maxLength"))}
    if word == "allOf":
        assert len(found) == len(every)
        assert set(found) == every
    else:
        assert found == [((), word)]


def test_what_a_deeply_nested_value_is_by_itself_is_told_beside_what_is_in_it() -> None:
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    schema = {"maxProperties": 1, "properties": {"b": {"type": "integer"}}}
    judging = contract({"openapi": "3.1.0", "paths": {"/x": {"get": {}}}, "components": {"schemas": {"T": schema}}})
    found = [(each.loc[1:], each.message) for each in schema_findings(judging, T, {"a": deep, "b": "no"}, ("body",), copies_max=-1)]
    assert found[0] == ((), "it is not as its schema says; it is nested too deeply to tell where")
    assert [loc for loc, _ in found] == [(), ("b",)]


@pytest.mark.slow(is_covering=True)
def test_a_large_value_has_too_many_forms() -> None:
    dear = {"oneOf": [{"type": "object"}, {"maxProperties": 9_000}, *({"required": [name]} for name in names(300))]}
    assert told(dear, MANY) == [((), "oneOf", SEVERAL)]


@pytest.mark.slow(is_covering=True)
def test_thousands_of_errors_about_small_values_are_told_one_by_one() -> None:
    found = places({"items": {"type": "integer"}}, ["x"] * 5_000)
    assert (len(found), found[-1]) == (5_000, ((4_999,), "type"))


@pytest.mark.parametrize(
    ("schema", "value", "says"),
    [
        ({"contains": {"type": "string"}}, [1], "0 of its items are as some must be; at least 1 have to"),
        ({"contains": {"type": "string"}, "minContains": 2}, ["a"], "1 of its items are as some must be; at least 2 have to"),
        ({"contains": {"type": "string"}, "maxContains": 1}, ["a", "b"], "2 of its items are as some must be; exactly 1 have to"),
        (
            {"contains": {"type": "string"}, "minContains": 2.0, "maxContains": 3},
            ["a"],
            "1 of its items are as some must be; 2 to 3 have to",
        ),
        ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, "its name is not as its schema says: maxLength"),
        ({"propertyNames": False}, {"ab": 1}, "no name is allowed here"),
        ({"properties": {"a": False}}, {"a": 1}, "nothing is allowed here"),
        ({"properties": {"propertyNames": False}}, {"propertyNames": 1}, "nothing is allowed here"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "x", "the value is of none of the types integer, null"),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {}, "needs a or b"),
        ({"anyOf": [{"properties": {"a": {}}, "not": {"type": "string"}}, {"type": "null"}]}, "x", NONE_FITS),
        ({"oneOf": [{}, True]}, {}, SEVERAL),
        ({"oneOf": [{}, {"required": ["a"]}, True]}, {}, SEVERAL),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}, {"type": "string"}]}, 3, SEVERAL),
    ],
)
def test_message_says_what_would_be_right(schema: Any, value: Any, says: str) -> None:
    assert [message for _, _, message in told(schema, value)] == [says]


def test_value_that_has_two_of_three_forms_is_told_whatever_its_discriminator_says() -> None:
    """In the one that the discriminator names nothing is wrong, and so nothing was told of a value that the schema refuses."""
    forms = {
        "A": {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "A"}}},
        "B": {"type": "object", "required": ["kind"]},
        "C": {"type": "object", "required": ["zz"]},
    }
    schema = {"oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in forms], "discriminator": {"propertyName": "kind"}}
    assert told(schema, {"kind": "A"}, **forms) == [((), "oneOf", SEVERAL)]
    assert told({"oneOf": list(forms.values())}, {"kind": "A"}) == [((), "oneOf", SEVERAL)]


def test_pattern_that_takes_too_long_is_told_and_blames_nobody() -> None:
    pattern = {"pattern": r"^(a|aa)+\1b$"}
    judging = contract({"openapi": "3.1.0", "paths": {"/x": {"get": {}}}, "components": {"schemas": {"T": pattern}}})
    (found,) = schema_findings(judging, T, "a" * 60 + "!", ("body",))
    assert (found.rule, found.severity) == ("too-much-to-judge", "note")


FIELDS = st.sampled_from(["a", "b", "kind"])
SCALARS: st.SearchStrategy[Any] = st.sampled_from([0, 1, 2.0, "x", "A", "B", None, True])
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=3), max_leaves=6
)
KINDS = {name: {"type": "object", "required": ["kind"], "properties": {"kind": {"const": name}}} for name in ("A", "B")}
NAMED: dict[str, Any] = {**KINDS, "Any": {"type": "object", "required": ["kind"]}, "Far": {"type": "object", "required": ["b"]}}
NAMES = st.lists(st.sampled_from(list(NAMED)), min_size=1, max_size=3, unique=True)


def choices(names: list[str], word: str) -> dict[str, Any]:
    return {word: [{"$ref": f"#/components/schemas/{name}"} for name in names], "discriminator": {"propertyName": "kind"}}


def schemas_of(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas of one to three words, with others inside."""
    several, fields = st.lists(inner, min_size=1, max_size=3), st.dictionaries(FIELDS, inner, min_size=1, max_size=2)
    words: dict[str, st.SearchStrategy[Any]] = {
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), several),
        **dict.fromkeys(("not", "if", "then", "else", "items", "contains", "additionalProperties", "unevaluatedProperties"), inner),
        **dict.fromkeys(("properties", "dependentSchemas"), fields),
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "b|k"]), inner, min_size=1),
        "propertyNames": st.sampled_from([False, {"maxLength": 1}]),
        "required": st.lists(FIELDS, min_size=1, max_size=2, unique=True),
        "dependentRequired": st.dictionaries(FIELDS, st.lists(FIELDS, max_size=2, unique=True), min_size=1),
        "maxContains": st.integers(0, 1),
        "minContains": st.integers(0, 2),
        "maxProperties": st.integers(0, 1),
        "uniqueItems": st.just(True),
    }
    made = st.lists(st.sampled_from(list(words)), min_size=1, max_size=3, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: words[name] for name in names})
    )
    return made | st.builds(choices, NAMES, st.sampled_from(["oneOf", "anyOf"]))


SIMPLE: st.SearchStrategy[Any] = (
    st.booleans()
    | st.sampled_from(["object", "array", "string", "integer", ["object", "null"]]).map(lambda name: {"type": name})
    | SCALARS.map(lambda value: {"const": value})
    | SCALARS.map(lambda value: {"enum": [value]})
)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("copies_max", [-1, COPIES_MAX], ids=["in parts", "whole"])
def test_something_is_told_of_a_value_exactly_when_its_schema_refuses_it(copies_max: int) -> None:
    @settings(max_examples=150, derandomize=True, deadline=None)
    @given(schema=st.recursive(SIMPLE, schemas_of, max_leaves=6), values=st.lists(VALUES, min_size=3, max_size=6))
    def tell(schema: Any, values: list[Any]) -> None:
        document = {"openapi": "3.1.0", "paths": {"/x": {"get": {}}}, "components": {"schemas": {"T": schema, **NAMED}}}
        judging = contract(document)
        for value in values:
            found = list(schema_findings(judging, T, value, ("body",), copies_max=copies_max))
            assert bool(found) is not judging.allows(T, value, Direction.ANSWER), (schema, value, found)

    tell()


def test_error_weighs_more_than_the_value_that_it_copies() -> None:
    """190 forms for each of 1,000 entries were 190,000 errors about one value each: half a gigabyte."""
    judging = contract(
        {"openapi": "3.1.0", "paths": {"/x": {"get": {}}}, "components": {"schemas": {"T": {"anyOf": [{"const": 1}, {"const": 2}]}}}}
    )
    in_parts, whole = ([found.message for found in schema_findings(judging, T, 3, (), copies_max=most)] for most in (30, 100))
    assert (in_parts, whole) == (["the value has none of the forms to choose from"], [NONE_FITS])

"""What a value costs is known before it is held against a schema: the load of that for each part of it, and never less."""

from bisect import bisect_left
from collections.abc import Callable
from functools import partial
from math import ceil
from typing import Any

import pytest
from costs import lines_run
from hypothesis import given
from hypothesis import strategies as st

from runflow_mock.domain.documents import Json, write_document
from runflow_mock.openapi.combinations import Copies
from runflow_mock.openapi.comparisons import COMPARED, LONG_COMPARED, WHOLE_INSIDE, Levels
from runflow_mock.openapi.loads import (
    FRACTION,
    LONG_BOUND,
    LONG_FRACTION,
    LONG_TYPE,
    LONG_WHOLE,
    PAIR,
    PATTERN,
    PIECE,
    WHOLE,
    Load,
    bytes_never_too_much,
    is_too_much,
    load_of,
    weight_of,
)

RULES = {"minimum": 0}
WORDS: dict[str, tuple[dict[str, Any], Levels]] = {
    "nothing": ({}, (0,)),
    "rules of its own": ({"type": "integer", **RULES}, (2,)),
    "names and values": ({"required": ["a", "b"], "enum": [1, 2, 3]}, (7,)),
    "values in listed ones": ({"enum": ["a", ["b", {"c": "d"}], [["e"]]], "const": []}, (5, 2, 2)),
    "fields": ({"properties": {"a": {}, "b": {}}}, (3, 0)),
    "the field with most rules": ({"properties": {"a": RULES, "b": {"allOf": [RULES] * 9}, "c": {"items": RULES}}}, (4, 10, 1)),
    "alternatives": ({"anyOf": [RULES, RULES, {"oneOf": [RULES]}]}, (5,)),
    "conditions": ({"if": RULES, "then": RULES, "else": RULES, "not": RULES}, (8,)),
    "what stands beside a field": ({"dependentSchemas": {"a": RULES}, "dependentRequired": {"a": ["b", "c"]}}, (5,)),
    "what earlier drafts say there": ({"dependencies": {"a": {"allOf": [RULES] * 3}, "b": ["c", "d"]}}, (7,)),
    "a reference": ({"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [RULES] * 5}}}, (8,)),
    "a name for references": ({"items": {"$dynamicRef": "#a"}, "$defs": {"a": {"$dynamicAnchor": "a", "allOf": [RULES] * 5}}}, (2, 8)),
    "each item": ({"items": {"allOf": [RULES] * 9}, "contains": RULES, "prefixItems": [RULES, RULES]}, (3, 12)),
    "names that fit": ({"patternProperties": {"^a": RULES, "^b": RULES}}, (1, 2 * PATTERN + 2)),
    "what nobody speaks of": ({"allOf": [RULES] * 9, "unevaluatedItems": False}, (11, 11)),
    "a pattern": ({"pattern": "a"}, (PATTERN + 1,)),
    "a whole divisor": ({"multipleOf": 16.0}, (WHOLE + 1,)),
    "a whole divisor without a point": ({"multipleOf": 16}, (WHOLE + 1,)),
    "a divisor that is none": ({"multipleOf": "16"}, (1,)),
    "a fraction": ({"multipleOf": 0.01}, (FRACTION + 1,)),
    "a fraction of many digits": ({"multipleOf": 1e-300}, (LONG_FRACTION + 1,)),
    "no schema": ({"allOf": 1, "properties": [], "required": "a"}, (3,)),
}


@pytest.mark.parametrize(("schema", "load"), WORDS.values(), ids=WORDS)
def test_load_is_how_many_rules_meet_one_value_at_each_depth(schema: dict[str, Any], load: Levels) -> None:
    found = _padded(load_of(schema).rules, load)
    assert (found[: len(load)], any(found[len(load) :])) == (load, False)


def _padded(found: Levels, like: Levels) -> Levels:
    """Depths at which nothing is asked are left out."""
    return (*found, *[0] * (len(like) - len(found)))


def _load(rules: Levels, *others: Levels, compares_items: bool = False) -> Load:
    readers, long_numbers, whole_numbers, fractions = (_padded(each, rules) for each in (*others, (), (), (), ())[:4])
    return Load(rules, readers, long_numbers, whole_numbers, fractions, compares_items)


def test_depth_at_which_nothing_is_asked_is_none() -> None:
    assert load_of({"properties": {"a": {"items": {}}}}) == _load((2, 1))
    assert load_of({}) == _load(())
    assert not is_too_much(load_of({}), [1], 0)


READERS: dict[str, tuple[dict[str, Any], Levels]] = {
    "words that read nothing": ({"type": "string", "enum": ["a"] * 9, "minLength": 1, "maxLength": 2, "multipleOf": 0.1}, ()),
    "patterns and formats": ({"pattern": "a", "format": "uri", "anyOf": [{"pattern": "a"}, RULES]}, (3,)),
    "another field": ({"properties": {"a": {"type": "string"}, "b": {"format": "uri"}, "c": {"items": {"pattern": "a"}}}}, (0, 1, 1)),
    "names": ({"patternProperties": {"^a": {}, "^b": {"pattern": "a"}}, "propertyNames": {"pattern": "a"}}, (0, 4)),
    "items that differ": ({"uniqueItems": True, "items": {"pattern": "a"}}, (0, 2)),
    "what nobody speaks of": ({"allOf": [{"patternProperties": {"^a": {}}}], "unevaluatedProperties": {"pattern": "a"}}, (0, 2)),
}


@pytest.mark.parametrize(("schema", "readers"), READERS.values(), ids=READERS)
def test_what_reads_texts_and_names_is_counted_apart(schema: dict[str, Any], readers: Levels) -> None:
    found = _padded(load_of(schema).readers, readers)
    assert (found[: len(readers)], any(found[len(readers) :])) == (tuple(PATTERN * each for each in readers), False)


@pytest.mark.parametrize(
    ("value", "rules"),
    [
        (1, 100),
        ([1, [2, 3]], 122),
        ({"a": {"b": 1}}, 111),
        ([[[[1, 2, 3]]]], 111),
        ("x" * PIECE, 107),
        (["x" * (PIECE // 2)] * 2, 125),
        ({"x" * PIECE: ["x" * 3 * PIECE]}, 122),
    ],
)
def test_each_value_meets_the_rules_of_its_depth_and_each_piece_of_a_text_those_that_read_it(value: Json, rules: int) -> None:
    load = _load((100, 10, 1), (7, 5, 2))
    assert (is_too_much(load, value, rules - 1), is_too_much(load, value, rules)) == (True, False)


@pytest.mark.parametrize(
    ("number", "is_long"),
    [
        (1.25, False),
        (0, False),
        (-99.99, False),
        (None, False),
        (True, False),
        (1e18, False),
        (1e22, True),
        (2**64, True),
        (1e308, True),
        (-1e308, True),
        (1e-300, True),
        (10**300, True),
    ],
)
@pytest.mark.parametrize(
    ("schema", "rules", "more"),
    [
        ({"multipleOf": 0.01}, FRACTION + 1, LONG_FRACTION),
        ({"multipleOf": 16}, WHOLE + 1, LONG_WHOLE),
        ({"minimum": 0, "exclusiveMaximum": 9}, 2, 2 * LONG_BOUND),
        ({"type": ["integer", "null"]}, 1, LONG_TYPE),
        ({"type": "string"}, 1, 0),
    ],
)
def test_number_of_many_digits_takes_more(number: Json, is_long: bool, schema: dict[str, Any], rules: int, more: int) -> None:
    load = load_of({"items": schema})
    assert weight_of(load, [number] * 10, 10**6) == 1 + 10 * (rules + more if is_long else rules)


@pytest.mark.parametrize("around", [lambda number: number, lambda number: {"a": [{"b": number}]}], ids=["plain", "far inside"])
@pytest.mark.parametrize(("number", "pairs"), [(2**63, 100), (-(2**63) - 1, 100), (2**63 - 1, 0), (1e300, 0), ("a", 0)])
def test_items_that_differ_are_compared_in_pairs_where_they_have_whole_numbers_of_many_digits(
    number: Json, pairs: int, around: Callable[[Json], Json]
) -> None:
    value = [around(number) for _ in range(10)]
    alike, free = load_of({"uniqueItems": True}), load_of({"uniqueItems": False})
    assert weight_of(alike, value, 10**6) - weight_of(free, value, 10**6) == PAIR * pairs


LISTED: dict[str, tuple[dict[str, Any], Json, int]] = {
    "fractions": ({"enum": [0.5, 1.5, "a", None]}, 1.5, 2 * COMPARED),
    "one fraction": ({"const": 0.5}, 1.5, COMPARED),
    "a whole number with fractions": ({"enum": [0.5, 1.5]}, 7, 2 * COMPARED),
    "a fraction with whole numbers": ({"enum": [1, 2, 3]}, 0.5, 3 * COMPARED),
    "whole numbers": ({"enum": [1, 2, 3]}, 2, 0),
    "texts": ({"enum": [0.5, "a", "b"]}, "a", 0),
    "truth": ({"enum": [0.5, True]}, True, 0),
    "a long number": ({"enum": [1, 2]}, 2**64, 2 * LONG_COMPARED),
    "a number with long ones": ({"enum": [2**64, 1e-300]}, 2, 2 * LONG_COMPARED),
    "a fraction of many digits": ({"enum": [0.5, "a"]}, 1e-300, COMPARED + LONG_COMPARED),
    "fractions in lists": ({"enum": [[0.5, 1], [1.5], [["a"]]]}, [0.5, 0.5], 2 * 2 * COMPARED + 2 * 3),
    "whole numbers in lists": ({"enum": [[1, 2], [3]]}, [1, 2, 3], 3 * 2 * (WHOLE_INSIDE + 1)),
    "fractions far inside": ({"const": {"a": [0.5]}}, {"a": [0.5] * 9}, 1 + 9 * (COMPARED + 1)),
    "texts in lists": ({"enum": [[0.5], ["a"]]}, ["a"] * 9, 9 * 2),
}


@pytest.mark.parametrize(("schema", "value", "more"), LISTED.values(), ids=LISTED)
def test_number_that_is_compared_with_listed_ones_takes_as_long_as_all_comparisons(schema: dict[str, Any], value: Json, more: int) -> None:
    of_its_own = len(schema) + len(schema.get("enum", ()))
    assert weight_of(load_of(schema), value, 10**6) == of_its_own + more


def test_no_line_runs_for_a_number_that_takes_no_longer_than_others() -> None:
    load = load_of({"properties": {"a": {"type": "array", "items": {"type": "string"}}}})
    assert lines_run(lambda: is_too_much(load, {"a": [1.5] * 1_000}, 10_000)) == lines_run(lambda: is_too_much(load, {"a": [1.5]}, 10_000))


@pytest.mark.parametrize(
    "value",
    [
        0,
        [0] * 99,
        [[[0, {"a": 0}] * 9] * 9],
        "x" * 3 * PIECE,
        {"x" * PIECE: "x" * PIECE},
        [1e99] * 99,
        [[1e-99, "x" * PIECE] * 9],
        [2**63] * 99,
    ],
    ids=["a number", "a list", "lists in lists", "a text", "a name", "long numbers", "of everything", "long whole numbers"],
)
@pytest.mark.parametrize(
    "load",
    [
        _load((9, 5, 3), (0, 1, 7), (0, 1_000, 500)),
        _load((1, 8), (8, 0)),
        _load((1, 8), (), (), (7, 9), (9, 500)),
        _load(()),
        _load((9, 5), compares_items=True),
    ],
)
def test_what_was_sent_in_few_bytes_is_never_too_much(load: Load, value: Json) -> None:
    sent_bytes = len(write_document(value))
    most = bisect_left(range(1_000_000_000), sent_bytes, key=partial(bytes_never_too_much, load))
    assert not is_too_much(load, value, most)


LEAVES = st.sampled_from([{}, {"type": "object"}, {"minimum": 0}, {"enum": [1, 2]}, {"required": ["a", "b"]}])


def _around(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    some = st.lists(inner, min_size=1, max_size=3)
    lists = st.tuples(st.sampled_from(["allOf", "anyOf", "oneOf", "prefixItems"]), some)
    alone = st.tuples(st.sampled_from(["not", "if", "then", "items", "contains", "additionalProperties", "unevaluatedProperties"]), inner)
    named = st.tuples(
        st.sampled_from(["properties", "patternProperties", "dependentSchemas", "dependencies"]),
        st.dictionaries(st.sampled_from("ab"), inner, min_size=1),
    )
    return st.lists(st.one_of(lists, alone, named), max_size=3).map(dict)


VALUES = st.recursive(st.integers(0, 3), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner))


@pytest.mark.slow(is_covering=True)
@given(schema=st.recursive(LEAVES, _around, max_leaves=12), value=VALUES)
def test_no_value_meets_more_rules_than_the_load_says(schema: dict[str, Any], value: Json) -> None:
    met = Copies(schema, 0, error_size=1).most(schema, value) / 2
    assert met == 0 or is_too_much(load_of(schema), value, ceil(met) - 1)


@pytest.mark.parametrize("part", [1.5, "a", {"a": 1}, [1]], ids=["number", "text", "object", "list"])
def test_no_line_runs_for_a_part_of_what_is_too_much_by_the_number_of_its_parts(part: Json) -> None:
    """A list of a million numbers was looked through for long ones although a rule for each of them was too much by itself."""
    load = load_of({"items": {"type": "number", "multipleOf": 0.5, "pattern": "a", "properties": {"a": {"maxLength": 3}}}})
    lines = list[int]()
    for count in (100, 400):
        value: list[Json] = [part] * count
        assert is_too_much(load, value, 100)
        lines.append(lines_run(partial(is_too_much, load, value, 100)))
    assert lines[0] == lines[1]

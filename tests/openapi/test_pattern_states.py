"""What a text costs by a pattern is known before it is read."""

from math import inf

import pytest

from runflow_mock.domain.documents import Json
from runflow_mock.openapi.parts import Part
from runflow_mock.openapi.pattern_states import LETTERS_MAX, READ_MAX, states_of
from runflow_mock.openapi.readings import TOLD_MAX, Readings
from runflow_mock.openapi.schemas import Schema

MANY = "[ab]*a[ab]{500}x"


@pytest.mark.parametrize(
    ("pattern", "states", "at_once"),
    [
        ("^a+b*$", 2, 2),
        ("a{3}$", 3, 1),
        ("a{0,9}$", 9, 1),
        ("a{9,}$", 9, 1),
        ("(ab){5}$", 5, 1),
        ("((a{9}){9}){9}$", 729, 1),
        ("[a-z{9}]{2}$", 2, 1),
        (r"\p{L}{2}$", 2, 1),
        (r"\{9}$", 1, 1),
        ("^(?:[ab]|cd){3}$", 6, 6),
        ("^[ab]?[ab]{9}$", 10, 3),
        ("a{999999999}$", 10**6, 1),
        ("a" * LETTERS_MAX, 1, 1),
        ("a" * (LETTERS_MAX + 2), 3, 1),
        (MANY, 503, 503),
        ("[ab]*a" + "[ab]" * 500 + "x", 503, 503),
        ("a)b(c", 2, 1),
        # Where nothing follows, the last repeat ends as soon as it may.
        (".{1,8192}", 1, 1),
        ("a.*", 1, 1),
    ],
)
def test_repeats_are_written_out_to_states(pattern: str, states: int, at_once: int) -> None:
    found = states_of(pattern)
    assert (found.states, found.at_once) == (states, at_once)


def test_pattern_of_nested_repeats_has_a_bounded_number_of_states_however_deep_they_are() -> None:
    assert states_of("(" * 500 + "a" + "{999999})" * 500).states <= 10**12


@pytest.mark.parametrize(
    "pattern",
    [
        r"^data:image/(png|jpeg);base64,[A-Za-z0-9+/=]{100,}$",
        r"^data:image\/(?:png|jpe?g|gif|webp|svg\+xml|bmp);base64,[A-Za-z0-9+\/]+={0,2}$",
        "^(?:https?://|data:|runflow://)",
        "^.{1,8192}$",
        "data:image/png;base64,.*",
        "^[a-z0-9]+(?:-[a-z0-9]+)*$",
        # What begins with a character that is not in what stands before it begins at one place.
        "^[a-z]*@[a-z]{1,100}$",
        r"^[^:]+:\d{1,500}$",
        r"^\w*[\s-]\w{2,300}$",
        "^[!-~]+ [a-f]{1,99}$",
        "^(?:[a-z]*,){20}[a-z]{1,99}$",
    ],
)
def test_long_text_costs_nothing_by_a_pattern_that_is_in_few_states(pattern: str) -> None:
    assert states_of(pattern).cost(10_000_000) < READ_MAX


@pytest.mark.parametrize(
    "pattern",
    [
        MANY,
        f"^{MANY}",
        "[01]{17}x",
        "[01]*1" + "[01]" * 16,
        "(?x)[ab]*a[ab] {500}",
        "^a|[ab]*a[ab]{500}x",
        "(?i)^[a-z]*A[a-z]{500}x",
        "^(?i)[a-z]*A[a-z]{500}x",
        r"^\w*é?[ab]{500}x",
        "^.*@.{500}x",
        r"^(?s:.*)\n[ab]{500}x",
        r"^[^a]*\p{L}[b-z]{500}x",
        "^[a-z]*(?:@|a)[a-z]{500}x",
        "^[a-z]*@?[a-z]{500}x",
    ],
)
def test_long_text_costs_much_by_a_pattern_that_is_in_many_states(pattern: str) -> None:
    assert states_of(pattern).cost(1_000_000) > READ_MAX


def test_anchored_pattern_that_takes_little_costs_no_more_than_that() -> None:
    found = states_of("^(?:a|bc){0,100}$")
    assert found.cost(10_000_000) == found.cost(1_000) < READ_MAX < inf


def test_pattern_that_looks_around_is_tried_anew_from_each_character() -> None:
    """A text of 1,000 took two seconds."""
    assert states_of(f"(?!z){MANY}").cost(1_000) > READ_MAX > states_of(f"(?!z){MANY}").cost(100)


def costly(schema: Schema, value: Json) -> list[tuple[str | int, ...]]:
    return Readings(schema, Part.SCHEMA).costly(schema, value)


TEXT = "ab" * 2_000
PLACES: dict[str, tuple[Schema, Json, list[tuple[str | int, ...]]]] = {
    "beside": ({"properties": {"a": {"pattern": MANY}, "b": {"pattern": "^data:"}}}, {"a": TEXT, "b": TEXT * 99}, [("a",)]),
    "short": ({"properties": {"a": {"pattern": MANY}}}, {"a": TEXT[:2_000], "b": TEXT * 99}, []),
    "together": ({"items": {"pattern": MANY}}, [TEXT[:1_000], TEXT[:1_500], TEXT[:1_001]], [(1,)]),
    "names": ({"patternProperties": {MANY: {}}}, {"a": {TEXT: 0}, TEXT: 0}, [()]),
    "names of all": ({"properties": {"a": {"propertyNames": {"allOf": [{"pattern": MANY}]}}}}, {"a": {TEXT: 0}}, [("a",)]),
    "names elsewhere": (
        {
            "propertyNames": {"$ref": "#/$defs/A"},
            "$defs": {"A": {"anyOf": [{"$ref": "#/$defs/B"}]}, "B": {"$ref": "#/$defs/A", "pattern": MANY}},
        },
        {TEXT: 0},
        [()],
    ),
    "names behind a name": ({"propertyNames": {"$ref": "#n"}, "$defs": {"A": {"$anchor": "n", "pattern": MANY}}}, {TEXT: 0}, [()]),
    "no schema": ({"properties": {"a": {"x-ui": {"pattern": MANY}}}}, {"a": TEXT}, []),
    "earlier drafts": ({"dependencies": {"a": {"properties": {"b": {"pattern": MANY}}}}}, {"a": 1, "b": TEXT}, [("b",)]),
}


@pytest.mark.parametrize(("schema", "value", "places"), PLACES.values(), ids=PLACES.keys())
def test_texts_cost_together_and_only_by_what_they_are_held_against(
    schema: Schema, value: Json, places: list[tuple[str | int, ...]]
) -> None:
    assert costly(schema, value) == places


@pytest.mark.slow(is_covering=True)
def test_where_it_takes_too_long_to_find_out_all_texts_count_and_some_are_told() -> None:
    assert len(costly({"items": {"pattern": MANY}}, [f"{number:0100}" for number in range(250_000)])) == TOLD_MAX

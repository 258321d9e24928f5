"""Patterns that stand for much are refused before anything is compiled that is too large."""

import tracemalloc
from collections.abc import Callable

import pytest
from foreign import contract

from runflow_mock.domain.documents import Json
from runflow_mock.openapi.matched_schemas import check_patterns
from runflow_mock.openapi.pattern_sizes import DOCUMENT_SIZES_MAX, MODEL_SIZE_MAX, DocumentSizes
from runflow_mock.openapi.patterns import as_matched, is_too_large, size_of
from runflow_mock.openapi.schemas import SIZE_MAX, Schema, SchemaError

LARGE = "(a{0,1000}){0,90}"
TOO_LARGE = "too large once"
WAYS: list[Callable[[str], Schema]] = [lambda pattern: {"pattern": pattern}, lambda pattern: {"patternProperties": {pattern: {}}}]
T = ("components", "schemas", "T")


@pytest.mark.parametrize("where", WAYS)
@pytest.mark.parametrize("pattern", [LARGE, ".{9000}", "[^]{9000}", r"[\p{L}]{200}", r"\pL{9000}", r"(?=a)\S{9000}"])
def test_pattern_of_a_model_that_is_too_large_written_out_is_refused_with_its_place(pattern: str, where: Callable[[str], Schema]) -> None:
    with pytest.raises(SchemaError, match=rf"^properties\.a\.pattern\w*: it is {TOO_LARGE}"):
        check_patterns({"properties": {"a": where(pattern)}})


@pytest.mark.parametrize("pattern", ["^.{1,1000}$", "^[a-z]{1,9000}$", r"^\w{2,64}$", r"^\p{L}{1,50}$", r"^(?!.*nsfw).{1,500}$", "[^]{9}"])
def test_ordinary_repeats_are_taken(pattern: str) -> None:
    check_patterns({"properties": {"a": {"pattern": pattern}}})
    assert size_of(as_matched(pattern), MODEL_SIZE_MAX) is not None


def test_patterns_of_a_model_are_refused_that_are_too_large_together() -> None:
    parts: list[Schema] = [{"pattern": rf"[\p{{L}}]{{20}}{number}"} for number in range(6)]
    check_patterns({"allOf": parts[:5]})
    with pytest.raises(SchemaError, match=r"^allOf\.\d\.pattern: with this one"):
        check_patterns({"allOf": parts})


def test_pattern_where_no_schema_is_refuses_nothing() -> None:
    check_patterns({"properties": {"a": {"x-ui": {"pattern": LARGE}, "const": {"pattern": LARGE}}}})


@pytest.mark.parametrize("pattern", ["a" * 30_001, "a" * 30_000 + "*" * 900_000])
def test_pattern_of_too_many_characters_is_too_large_before_it_is_compiled(pattern: str) -> None:
    """Each attempt took a fifth of a second."""
    assert (size_of(pattern), is_too_large(pattern, SIZE_MAX)) == (None, True)
    with pytest.raises(SchemaError, match=TOO_LARGE):
        check_patterns({"pattern": pattern})


def test_what_is_no_pattern_is_not_called_too_large() -> None:
    check_patterns({"pattern": "("})
    assert not is_too_large("(a{9000}", SIZE_MAX)


def test_pattern_of_a_document_that_is_too_large_is_told_and_the_rest_is_judged() -> None:
    schema = {"properties": {"a": {"pattern": f"({LARGE}){{9}}"}, "b": {"type": "integer"}}, "patternProperties": {LARGE * 9: {}}}
    judging = contract({"openapi": "3.1.0", "paths": {"/x": {"get": {}}}, "components": {"schemas": {"T": schema}}})
    assert sorted(problem.says[-43:] for problem in judging.problems) == ["is too large once its repeats are written out"[-43:]] * 2
    values: list[Json] = [{"a": "x"}, {"b": "x"}]
    assert [judging.allows(T, value) for value in values] == [True, False]


def test_equal_patterns_of_a_document_count_once() -> None:
    sizes = DocumentSizes()
    assert {sizes.refusal("^.{1,2000}$") for _ in range(100)} == {None}


@pytest.mark.slow
def test_patterns_of_a_document_are_too_large_together() -> None:
    sizes = DocumentSizes()
    refusals = [sizes.refusal(f"{LARGE}x{number}") for number in range(2 + DOCUMENT_SIZES_MAX // SIZE_MAX)]
    assert (refusals[0], refusals[-1]) == (None, "is too large beside the others, once its repeats are written out")
    assert sizes.refusal("^[a-z]{1,20}$") is None


def test_sizes_of_long_patterns_are_not_kept() -> None:
    """Each refused `PUT` left a megabyte behind."""
    size_of("a" * 1_000)
    tracemalloc.start()
    for number in range(5):
        size_of("a" * 100_000 + f"({number}")
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 100_000

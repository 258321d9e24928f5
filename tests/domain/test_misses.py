from collections.abc import Iterable, Iterator

import pytest
from costs import lines_run
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from runflow_mock.domain.documents import Json, contains, write_document
from runflow_mock.domain.misses import (
    DIFFERENCES_MAX,
    FIELD_CHARACTERS_MAX,
    PARTS_MAX,
    RANKED_MAX,
    SHOWN_MAX,
    VALUE_BYTES_MAX,
    Difference,
    NearestMiss,
    candidates,
    differences,
    nearest,
)
from runflow_mock.domain.places import Subject, Where, fits

SHIRT = Subject(operation="create_run", client_ref="sku-1", input=write_document({"image_url": "shirt", "size": {"w": 1, "h": 2}}))


def nearest_of(where: Where, subjects: Iterable[tuple[str, Subject]]) -> NearestMiss | None:
    return nearest(candidates(where, subjects))


def test_what_fits_differs_in_nothing() -> None:
    where = Where(operation="create_run", input=write_document({"size": {"w": 1}}))
    assert (fits(where, SHIRT), differences(where, SHIRT)) == (True, ())


def test_difference_names_field_and_both_values() -> None:
    where = Where(operation="get_run", client_ref="sku-2")
    assert differences(where, SHIRT) == (Difference("operation", "get_run", "create_run"), Difference("client_ref", "sku-2", "sku-1"))


def test_difference_in_a_document_names_the_part() -> None:
    where = Where(input=write_document({"image_url": "shirt", "size": {"w": 9, "d": 1}}))
    assert differences(where, SHIRT) == (Difference("input.size.w", 9, 1), Difference("input.size.d", 1, None))


def test_missing_document_differs_as_a_whole() -> None:
    assert differences(Where(metadata=write_document({"a": 1})), SHIRT) == (Difference("metadata", {"a": 1}, None),)


def test_what_never_passes_at_an_edge_comes_nowhere_near_it() -> None:
    subjects = [("creation", SHIRT), ("third", Subject(edges=("on_poll[3]",))), ("usual", Subject())]
    assert nearest_of(Where(edge="on_poll[7]"), subjects) == NearestMiss("third", (Difference("edge", "on_poll[7]", "on_poll[3]"),))
    assert nearest_of(Where(edge="batch.item[0]"), subjects) is None


def test_of_the_edges_of_a_moment_those_of_the_same_name_are_seen() -> None:
    subject = Subject(edges=("run.running->failed", "batch.item[2]"), is_usual=False)
    assert differences(Where(edge="batch.item[9]"), subject) == (Difference("edge", "batch.item[9]", "batch.item[2]"),)
    assert differences(Where(), subject) == (Difference("edge", None, "run.running->failed, batch.item[2]"),)


def test_edge_at_which_nothing_passed_is_a_difference() -> None:
    assert differences(Where(edge="on_poll[3]"), SHIRT) == (Difference("edge", "on_poll[3]", None),)


def test_nearest_differs_in_the_fewest_fields() -> None:
    subjects = [("far", Subject(operation="x", client_ref="sku-9")), ("near", Subject(operation="create_run", client_ref="other"))]
    miss = nearest_of(Where(operation="create_run", client_ref="sku-9x"), subjects)
    assert miss is not None
    assert (miss.id, [found.field for found in miss.differences]) == ("near", ["client_ref"])


def test_of_equals_the_one_that_looks_most_alike_is_nearest() -> None:
    subjects = [(label, Subject(client_ref=label)) for label in ("shoe", "sku-1", "hat")]
    miss = nearest_of(Where(client_ref="sku-2"), [*subjects, ("none", Subject())])
    assert miss is not None
    assert miss.id == "sku-1"


def test_of_the_same_the_latest_is_nearest() -> None:
    miss = nearest_of(Where(client_ref="a"), [(str(number), Subject(client_ref="b")) for number in range(3)])
    assert miss is not None
    assert miss.id == "2"


@pytest.mark.parametrize(
    "subject", [Subject(client_ref="zzz"), Subject(client_ref="zzz", input=write_document({"a": True}))], ids=["text", "document"]
)
def test_many_that_say_the_same_hide_none_that_is_nearer(subject: Subject) -> None:
    """Three hundred that were equally far filled up what is ranked, and the one before them was never looked at."""
    where = Where(client_ref="sku-12345", input=write_document({"a": 1}))
    near = replace(subject, client_ref="sku-12354")
    miss = nearest_of(where, [("near", near), *((str(number), subject) for number in range(300))])
    assert miss is not None
    assert miss.id == "near"


def test_of_many_that_say_something_else_the_latest_are_looked_at() -> None:
    others = [(str(number), Subject(client_ref=f"far {number}")) for number in range(RANKED_MAX)]
    miss = nearest_of(Where(client_ref="sku-2"), [("sku-1", Subject(client_ref="sku-1")), *others])
    assert miss is not None
    assert miss.id != "sku-1"


def test_of_a_long_value_no_more_is_written_than_is_compared() -> None:
    """Two hundred documents of half a megabyte each were written as a whole to compare how they begin."""
    written = list[int]()

    class Part(list[Json]):
        def __repr__(self) -> str:
            written.append(1)
            return super().__repr__()

        def __iter__(self) -> Iterator[Json]:
            written.append(1)
            return super().__iter__()

    parts: list[Json] = [Part([number]) for number in range(10 * SHOWN_MAX)]
    miss = nearest([("x", (Difference("input.a", [1], parts),)), ("y", (Difference("input.a", [1], [2]),))])
    assert miss is not None
    assert (miss.id, 0 < len(written) <= SHOWN_MAX) == ("y", True)


def test_nothing_is_nearest_to_nothing() -> None:
    assert nearest_of(Where(client_ref="a"), []) is None


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("x" * VALUE_BYTES_MAX, f"(a text of {VALUE_BYTES_MAX}, {VALUE_BYTES_MAX + 2} bytes of JSON)"),
        (["x" * VALUE_BYTES_MAX], f"(a list of 1, {VALUE_BYTES_MAX + 4} bytes of JSON)"),
        ({"a": 1, "b": "x" * VALUE_BYTES_MAX}, f"(an object of 2, {VALUE_BYTES_MAX + 14} bytes of JSON)"),
        ("x" * (VALUE_BYTES_MAX - 2), "x" * (VALUE_BYTES_MAX - 2)),
    ],
    ids=["text", "list", "object", "as long as may be"],
)
def test_long_value_of_a_miss_is_told_by_what_it_is(value: Json, told: Json) -> None:
    """A thousand rules that came near the same long input showed it each."""
    short, long = write_document({"a": 1}), write_document({"a": value})
    miss = nearest_of(Where(input=short), [("x", Subject(input=long))])
    assert miss == NearestMiss("x", (Difference("input.a", 1, told),))
    turned = nearest_of(Where(input=long), [("x", Subject(input=short))])
    assert turned == NearestMiss("x", (Difference("input.a", told, 1),))


def test_of_many_differences_some_are_told_and_how_many_more() -> None:
    wanted = dict[str, Json]({f"a{number}": number for number in range(DIFFERENCES_MAX + 7)})
    miss = nearest_of(Where(input=write_document(wanted)), [("x", Subject(input=write_document({})))])
    assert miss is not None
    assert (len(miss.differences), miss.more) == (DIFFERENCES_MAX, 7)


@pytest.mark.parametrize("levels", [1, 250], ids=["long name", "deep"])
def test_long_name_is_not_repeated_by_each_part_within(levels: int) -> None:
    """Ten thousand parts of a clause, each named by the whole way to it, took the memory of the machine."""
    wanted, seen = dict[str, Json]({f"a{number}": 1 for number in range(50)}), dict[str, Json]()
    for _ in range(levels):
        name = "k" * (5_000 // levels)
        wanted, seen = {name: wanted}, {name: seen}
    found = differences(Where(input=write_document(wanted)), Subject(input=write_document(seen)))
    assert len(found) == 50
    assert max(len(each.field) for each in found) <= FIELD_CHARACTERS_MAX
    assert all(each.field.startswith("input.") for each in found)


def test_document_of_a_place_is_read_once_for_all_moments() -> None:
    """A clause of 100 kB beside a hundred requests held everybody for 0.6 s: it was read again for each of them."""
    where = Where(input=write_document({"a": [1] * 50}))
    first, second = (differences(where, Subject(input=write_document({"a": number})))[0].wanted for number in range(2))
    assert first is second


def test_no_more_parts_are_told_apart_than_make_a_document_far() -> None:
    def lines(parts: int) -> int:
        where = Where(input=write_document({f"a{number}": number for number in range(parts)}))
        return lines_run(lambda: nearest_of(where, [("x", SHIRT)]))

    lines(1)
    assert lines(4 * PARTS_MAX) <= lines(2 * PARTS_MAX)


@pytest.mark.parametrize(("wanted", "seen"), [("a" * SHOWN_MAX, "ab" * (SHOWN_MAX // 2)), ("aab" * 66, "aba" * 66)])
def test_texts_that_repeat_themselves_cost_no_more_than_others(wanted: str, seen: str) -> None:
    """Two references of 200 letters took half a second to compare, and two hundred were compared in one step."""

    def lines(wanted: str, seen: str) -> int:
        return lines_run(lambda: nearest_of(Where(client_ref=wanted), [("x", Subject(client_ref=seen))]))

    lines("warm", "up")
    assert lines(wanted, seen) <= lines("-".join(map(str, range(70))), "+".join(map(str, range(70))))


NAMES = st.sampled_from(["a", "b", ""])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=5,
)


@pytest.mark.slow(is_covering=True)
@given(st.dictionaries(NAMES, VALUES), st.dictionaries(NAMES, VALUES))
def test_document_differs_exactly_when_it_does_not_fit(wanted: dict[str, Json], seen: dict[str, Json]) -> None:
    found = differences(Where(input=write_document(wanted)), Subject(input=write_document(seen)))
    assert bool(found) is not contains(seen, wanted)
    assert all(difference.field.startswith("input") for difference in found)

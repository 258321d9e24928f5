from functools import cmp_to_key

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import FIELDS, VALUES, Row, rows_of

from runflow_mock.domain.filters import Predicate, QueryError, parse_filter
from runflow_mock.domain.pages import RECORDS_AT_ONCE, Cursor, Page, Query, edge, parse_order, select, select_in_steps

MANY = 3 * RECORDS_AT_ONCE
Order = tuple[tuple[str, bool], ...]
VALUES_LIST = st.lists(VALUES, max_size=10)
ORDERS = st.lists(st.tuples(st.sampled_from(sorted(FIELDS)), st.booleans()), min_size=1, max_size=3).map(tuple)
NEWEST_FIRST: Order = (("created_at", True),)


def _page(
    rows: list[Row],
    order: Order,
    limit: int,
    cursor: Cursor | None = None,
    *,
    backwards: bool = False,
    predicate: Predicate[Row] | None = None,
) -> Page[Row]:
    return select(rows, FIELDS, Query(predicate=predicate, order=order, limit=limit, cursor=cursor, backwards=backwards))


def _walk(rows: list[Row], order: Order, limit: int, *, backwards: bool = False, meanwhile: list[Row] | None = None) -> list[Row]:
    """Joins all pages in list order; one of the rows of `meanwhile` is created after each page."""
    found: list[Row] = []
    rows, coming = list(rows), list(meanwhile or ())
    page = _page(rows, order, limit, backwards=backwards)
    for _ in range(len(rows) + len(coming) + 1):
        assert len(page.records) <= limit
        found = [*page.records, *found] if backwards else [*found, *page.records]
        if not (page.has_previous if backwards else page.has_next):
            return found
        rows.extend(coming[:1])
        del coming[:1]
        cursor = edge(page.records[0 if backwards else -1], FIELDS, order)
        page = _page(rows, order, limit, cursor, backwards=backwards)
    pytest.fail("there are more pages than records")


def _sorted(rows: list[Row], order: Order) -> list[Row]:
    """The rows in order by pairwise comparison: nothing sorts first, ties go by id in the direction of the last field."""

    def compare(one: Row, other: Row) -> int:
        for name, descending in order:
            here, there = FIELDS[name].get(one), FIELDS[name].get(other)
            if here != there:
                less = here is None or (there is not None and here < there)  # type: ignore[operator]
                return -1 if less != descending else 1
        return -1 if (one.id < other.id) != order[-1][1] else 1

    return sorted(rows, key=cmp_to_key(compare))


@pytest.mark.slow(is_covering=True)
@given(VALUES_LIST, ORDERS, st.integers(1, 4), st.booleans())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_pages_joined_give_the_list_each_record_once(
    values: list[tuple[str, str | None, float | None, bool | None, int]], order: Order, limit: int, backwards: bool
) -> None:
    rows = rows_of(values)
    assert _walk(rows, order, limit, backwards=backwards) == _sorted(rows, order)


@pytest.mark.slow(is_covering=True)
@given(VALUES_LIST, VALUES_LIST, ORDERS, st.integers(1, 4), st.booleans())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_records_created_between_pages_shift_nothing(
    values: list[tuple[str, str | None, float | None, bool | None, int]],
    later: list[tuple[str, str | None, float | None, bool | None, int]],
    order: Order,
    limit: int,
    backwards: bool,
) -> None:
    rows = rows_of(values)
    found = _walk(rows, order, limit, backwards=backwards, meanwhile=rows_of(later, first=len(rows)))
    assert [row for row in found if row in rows] == _sorted(rows, order)
    assert found == _sorted(found, order)
    assert len({row.id for row in found}) == len(found)


@pytest.mark.parametrize("name", sorted(FIELDS))
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
def test_every_field_sorts_with_nothing_and_ties(name: str, descending: bool, backwards: bool) -> None:
    values = [("b", None, 0.5, True, 1), ("a", "x", None, None, 0), ("b", None, 0.5, True, 0), ("a", "", 2.0, False, 1)]
    rows = rows_of(values)
    order = ((name, descending),)
    assert _walk(rows, order, 1, backwards=backwards) == _sorted(rows, order)


def _ids(page: Page[Row]) -> tuple[str, bool, bool]:
    return " ".join(row.id.lstrip("0") or "0" for row in page.records), page.has_previous, page.has_next


def test_page_tells_what_lies_on_either_side() -> None:
    rows = rows_of([("queued", None, None, None, 1)] * 5)
    first = _page(rows, NEWEST_FIRST, 2)
    second = _page(rows, NEWEST_FIRST, 2, edge(first.records[-1], FIELDS, NEWEST_FIRST))
    third = _page(rows, NEWEST_FIRST, 2, edge(second.records[-1], FIELDS, NEWEST_FIRST))
    back = _page(rows, NEWEST_FIRST, 2, edge(third.records[0], FIELDS, NEWEST_FIRST), backwards=True)
    assert [_ids(page) for page in (first, second, third)] == [("4 3", False, True), ("2 1", True, True), ("0", True, False)]
    assert _ids(back) == ("2 1", True, True)


def test_page_that_is_exactly_full_is_the_last() -> None:
    rows = rows_of([("queued", None, None, None, 1)] * 2)
    assert _ids(_page(rows, NEWEST_FIRST, 2)) == ("1 0", False, False)


@pytest.mark.parametrize("order", [NEWEST_FIRST, (("status", False),)])
def test_cursor_before_the_first_record_opens_the_first_page(order: Order) -> None:
    rows = rows_of([("queued", None, None, None, 1)] * 3)
    assert _ids(_page(rows, order, 2, Cursor())) == _ids(_page(rows, order, 2))


def test_filter_applies_before_the_limit() -> None:
    rows = rows_of([("queued" if number % 2 else "failed", None, None, None, 1) for number in range(6)])
    predicate = parse_filter("status:failed", FIELDS)
    assert _ids(_page(rows, NEWEST_FIRST, 2, predicate=predicate)) == ("4 2", False, True)


def test_empty_list_has_one_empty_page() -> None:
    assert _ids(_page([], NEWEST_FIRST, 10)) == ("", False, False)


@pytest.mark.parametrize("order", [NEWEST_FIRST, (("status", False),)])
def test_cursor_of_a_record_that_is_gone_still_finds_its_place(order: Order) -> None:
    rows = rows_of([("queued", None, None, None, 1)] * 4)
    cursor = edge(rows[2], FIELDS, order)
    expected = "1 0" if order is NEWEST_FIRST else "3"
    assert _ids(_page([*rows[:2], rows[3]], order, 5, cursor))[0] == expected


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("created_at", (("created_at", False),)),
        ("created_at:desc", (("created_at", True),)),
        ("status:ASC, cost:DESC", (("status", False), ("cost", True))),
    ],
)
def test_order_is_read_from_text(text: str, order: Order) -> None:
    assert parse_order(text, FIELDS) == order


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("nope", "unknown field 'nope'; known are cost, created_at, flag, id, ref, status"),
        ("", "unknown field ''"),
        ("status,", "unknown field ''"),
        ("status:up", "unknown direction 'up'; write asc or desc"),
        ("status desc", "unknown field 'status desc'"),
        ("status:desc:asc", "unknown direction 'desc:asc'"),
    ],
)
def test_order_that_cannot_be_read_names_its_part(text: str, evidence: str) -> None:
    with pytest.raises(QueryError, match=evidence) as caught:
        parse_order(text, FIELDS)
    assert caught.value.parameter == "sort_by"


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(
    ("order", "wanted", "steps"),
    [
        ((("cost", True),), None, 3),
        ((("status", False), ("cost", True)), None, 3),
        (NEWEST_FIRST, None, 0),
        (NEWEST_FIRST, "no such status", 3),
    ],
    ids=str,
)
def test_search_among_many_can_be_interrupted_and_finds_the_same(order: Order, wanted: str | None, steps: int) -> None:
    rows = rows_of([("queued", None, float(number * 7_919 % 10_007), None, 0) for number in range(MANY)])
    predicate = None if wanted is None else lambda row: row.status == wanted
    query = Query[Row](predicate=predicate, order=order, limit=5, cursor=None, backwards=False)
    taken, found = 0, None
    searching = select_in_steps(rows, FIELDS, query)
    while found is None:
        try:
            next(searching)
            taken += 1
            # What is made meanwhile is not on the page.
            rows.append(Row(id="9999", status="a", cost=1e9))
        except StopIteration as end:
            found = end.value
    assert taken == steps
    assert list(found.records) == ([] if wanted else _sorted(rows[:MANY], order)[:5])
    assert select(iter(rows[:MANY]), FIELDS, query).records == found.records

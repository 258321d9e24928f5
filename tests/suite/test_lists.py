"""What a list promises is held to it however long it is, page by page, and to what can be known where it is too long to be read."""

import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

import pytest

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.lists import LONG_PAGES_MAX, WHOLE, first_page, list_is_kept
from runflow_mock.kit.suite.readings import Unexpected
from runflow_mock.kit.suite.suite_tenants import Pace, Target

PATH = "/v1/models"
TERM = re.compile(r"(NOT )?id(?:\.EQ)?:'([^']*)'")
LONG, TOO_LONG = WHOLE * 2 + 10, WHOLE * (LONG_PAGES_MAX + 1)
Told = Callable[[Mapping[str, str], list[str]], list[str]]


class Shelf:
    """Serves one list of records that are nothing but their ids; `told` says what comes of those on a page."""

    url = "http://shelf.test"

    def __init__(self, size: int, told: Told = lambda query, ids: ids, *, empty_pages: int = 0) -> None:
        self._ids = [f"{number:06}" for number in range(size)]
        self._told = told
        self._empty_pages = empty_pages

    def carry(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Returns the answer to a request."""
        path, _, text = target.partition("?")
        query = dict(parse_qsl(text))
        content = self._page(query) if path == PATH and query.get("sort_by", "id:asc").startswith("id:") else None
        raw = json.dumps(content or {"code": "VALIDATION_ERROR"}).encode()
        return Answer(method, target, 422 if content is None else 200, {}, raw)

    def close(self) -> None:
        """Does nothing."""

    def _page(self, query: Mapping[str, str]) -> object:
        terms = TERM.findall(query.get("q", ""))
        fits = any if " OR " in query.get("q", "") else all
        ids = [each for each in self._ids if fits((each != named) if negated else (each == named) for negated, named in terms)]
        ids = ids[::-1] if query.get("sort_by") == "id:desc" else ids
        size, start = int(query["limit"]), int(query.get("pq", "0"))
        start -= size if "from_prev" in query else 0
        end = start + size
        follows = end < len(ids) + self._empty_pages * size
        items = [{"id": each} for each in self._told(query, ids[start:end])]
        return {"items": items, "first": "0" if start else None, "next": str(end) if follows else None, "previous": str(start)}


def says(shelf: Shelf) -> list[str]:
    tenant = Target(shelf, "key", pace=Pace(1e9, 0.0)).open()
    return list(list_is_kept(tenant, PATH, first_page(tenant, PATH)))


def skipping(page: str) -> Told:
    """Leaves out a record in the middle of a page, of the list that is sorted up alone."""
    return lambda query, ids: ids[:7] + ids[8:] if query.get("sort_by") == "id:asc" and query.get("pq", "0") == page else ids


@pytest.mark.parametrize("size", [3, *(pytest.param(size, marks=pytest.mark.slow) for size in (WHOLE, LONG, TOO_LONG))])
def test_list_that_keeps_its_promises_is_not_accused(size: int) -> None:
    assert says(Shelf(size)) == []


@pytest.mark.parametrize(
    ("size", "page"), [(20, "0"), *(pytest.param(LONG, str(page * WHOLE), marks=pytest.mark.slow) for page in range(3))]
)
def test_order_is_held_on_every_page_of_a_long_list(size: int, page: str) -> None:
    assert says(Shelf(size, skipping(page))) == [
        f"{PATH} sorted by id has other records",
        f"{PATH} sorted by id up is not the list sorted down, turned round",
    ]


@pytest.mark.slow
def test_order_of_a_list_that_is_too_long_is_held_as_far_as_it_is_known() -> None:
    assert says(Shelf(TOO_LONG, skipping("0"))) == [f"{PATH} sorted by id:asc has no 000007, and goes on to 000499"]


@pytest.mark.parametrize("empty_pages", [1, 3])
def test_pages_without_records_may_follow_the_last_one(empty_pages: int) -> None:
    tenant = Target(Shelf(3, empty_pages=empty_pages), "key", pace=Pace(1e9, 0.0)).open()
    assert first_page(tenant, PATH).is_all


def test_page_that_had_room_for_what_follows_is_told() -> None:
    def two_and_one(query: Mapping[str, str], ids: list[str]) -> list[str]:
        return ids[:2] if "pq" not in query else ["000002"]

    tenant = Target(Shelf(3, two_and_one, empty_pages=1), "key", pace=Pace(1e9, 0.0)).open()
    with pytest.raises(Unexpected, match="2 records on a page of 500 are not all"):
        first_page(tenant, PATH)

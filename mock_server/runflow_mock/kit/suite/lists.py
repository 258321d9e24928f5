"""Lists: what every list of the contract promises, tried on one of them with what stands in it."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from operator import gt, lt
from typing import Any
from urllib.parse import quote

import msgspec

from runflow_mock.kit.suite.agreements import RELATED
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.instants import grain_between, instant
from runflow_mock.kit.suite.laws_of_lists import ORDERED
from runflow_mock.kit.suite.memories import packaged_walk
from runflow_mock.kit.suite.readings import Unexpected, expect
from runflow_mock.kit.suite.schema_walks import Described
from runflow_mock.kit.suite.seeds import ABSENT
from runflow_mock.kit.suite.suite_tenants import SuiteTenant
from runflow_mock.openapi.contracts import packaged_contract

WHOLE = 500
# Fields in which several records are often equal, those first that have few values.
EQUAL = ("status_code", "is_current", "mime_type", "category_code", "variable_type_code", "level_code", "event_type_code", "org_id")
PAGES_MAX = 50
# Of a longer list this many pages are read in each order: a server that is no fake is asked twice in a second.
LONG_PAGES_MAX = 10
# A text that is sought as it stands; an address that is signed may be another one at the next reading.
SOUGHT = re.compile(r"[\w./:@ -]{1,80}")
Record = dict[str, Any]


def key_of(record: Mapping[str, Any]) -> str:
    """Returns the field that tells a record from the others of its list."""
    return "id" if "id" in record else "code"


class Page(msgspec.Struct, frozen=True):
    """The first page of a list, as large as can be: its records, and whether the list has no others."""

    items: list[Record]
    is_all: bool = True


def pages_of(tenant: SuiteTenant, target: str, pages_max: int = PAGES_MAX, *, first: Answer | None = None) -> Iterator[Any]:
    """Yields the pages of a list one after the other, as their cursors lead; `target` has a query, whose answer may be there already.

    Raises:
        Unexpected: a page is none.
    """
    answer = tenant.get(target) if first is None else first
    for number in range(1, pages_max + 1):
        page = expect(answer, 200)
        yield page
        if page.get("next") is None or number == pages_max:
            return
        answer = tenant.get(f"{target}&pq={quote(page['next'], safe='')}")


def first_page(tenant: SuiteTenant, path: str) -> Page:
    """Returns the first page of a list, which has all records that there are, or `WHOLE` of them.

    Raises:
        Unexpected: the page has room for records that follow.
    """
    target = f"{path}?limit={WHOLE}"
    answer = tenant.get(target)
    page = expect(answer, 200)
    items: list[Record] = page["items"]
    if len(items) >= WHOLE:
        return Page(items, is_all=page.get("next") is None)
    # A server that has not looked further may say that a page follows which turns out to have nothing.
    if any(following["items"] for following in islice(pages_of(tenant, target, first=answer), 1, None)):
        raise Unexpected(f"{len(items)} records on a page of {WHOLE} are not all: {answer.evidence}")
    return Page(items)


def list_is_kept(tenant: SuiteTenant, path: str, page: Page) -> Iterator[str]:
    """Yields what a list does not keep of its promises; one that is longer than its first page is read page by page for some of them."""
    items = page.items
    if not items:
        return
    key = key_of(items[0])
    keys = [str(item[key]) for item in items]
    yield from _pages(tenant, path, key, keys, is_all=page.is_all)
    whole = items if page.is_all else _whole(tenant, path)
    yield from _orders(tenant, path, whole) if whole else _order_begins(tenant, path, key, keys)
    yield from _pages_among_equals(tenant, path, key, whole)
    yield from _filters(tenant, path, key, keys, is_all=page.is_all)
    yield from _filters_on_pages(tenant, path, key, keys, is_all=page.is_all)
    yield from _filters_by_field(tenant, path, page)
    yield from _comparisons(tenant, path, page)
    if page.is_all:
        yield from _orders_by_field(tenant, path, items)
    # A server may show more than the contract knows, and not take it as the name of a field.
    some = sorted(items[0].keys() & set(_fields(path)))[:2]
    cut = expect(tenant.get(f"{path}?limit={WHOLE}&fields={','.join([key, *(name for name in some if name != key)])}"), 200)["items"]
    if [item.get(key) for item in cut] != keys:
        yield f"{path} with fields has {len(cut)} records of {len(keys)}, or others"


def ask_for_every_field(tenant: SuiteTenant, path: str) -> None:
    """Asks a list for all that the contract knows of its records, by name; the laws look at what comes."""
    tenant.get(f"{path}?limit={WHOLE}&fields={','.join(_fields(path))}")


def _fields(path: str) -> list[str]:
    """Returns the fields of a list's records, as the contract has them, without related records."""
    contract, walk = packaged_contract(), packaged_walk()
    addressed = contract.address(path)
    declared = None if addressed is None else contract.operation(addressed.path, "GET")
    pointer = None if declared is None else declared.responses["200"].get("application/json")
    listed = None if pointer is None else walk.described(pointer).properties.get("items")
    items = None if listed is None else walk.described(listed).items
    described = Described() if items is None else walk.described(items)
    related = {name for kind in described.names for name in RELATED.get(kind, ())}
    return sorted(described.properties.keys() - related)


def _pages(tenant: SuiteTenant, path: str, key: str, keys: list[str], *, is_all: bool) -> Iterator[str]:
    """Forwards and backwards the pages are the one page, cut; where that is not all, they go on behind it."""
    size = max(1, -(-len(keys) // 3))
    answers: list[Any] = []
    for page in pages_of(tenant, f"{path}?limit={size}"):
        answers.append(page)
        if not is_all and sum(len(page["items"]) for page in answers) >= len(keys):
            break
    pages = [[str(item[key]) for item in page["items"]] for page in answers]
    told = [each for page in pages for each in page]
    if (told if is_all else told[: len(keys)]) != keys:
        yield f"{path} in pages of {size} is {[len(page) for page in pages]} records, and not the {len(keys)} of one page in their order"
        return
    if len(answers) < 2:
        return
    # The last page, and the second, which may have others on both sides.
    for number in sorted({1, len(answers) - 1}):
        back, first = (
            expect(tenant.get(f"{path}?limit={size}{way}&pq={quote(str(answers[number][name]), safe='')}"), 200)
            for name, way in (("previous", "&from_prev=true"), ("first", ""))
        )
        if [str(item[key]) for item in back["items"]] != pages[number - 1]:
            yield f"{path}: the page before page {number + 1} of {len(pages)} is another than on the way there"
        if [str(item[key]) for item in first["items"]] != pages[0]:
            yield f"{path}: the cursor of the first page leads to another page from page {number + 1} of {len(pages)}"


def _whole(tenant: SuiteTenant, path: str) -> list[Record]:
    """Returns all records of a list that is longer than a page, or none where it is longer than `LONG_PAGES_MAX` of them."""
    pages = list(pages_of(tenant, f"{path}?limit={WHOLE}", LONG_PAGES_MAX))
    return [item for page in pages for item in page["items"]] if pages[-1].get("next") is None else []


def _orders(tenant: SuiteTenant, path: str, whole: list[Record]) -> Iterator[str]:
    """Up and down, page by page, are the same records, turned round; the laws look at the order itself."""
    key = key_of(whole[0])
    names = [key, *(name for name in ("created_at", "sort_order", "sequence_index") if name in whole[0] and name in ORDERED)]
    for name in names:
        targets = [f"{path}?limit={WHOLE}&sort_by={name}:{word}" for word in ("asc", "desc")]
        firsts = [tenant.get(target) for target in targets]
        if name != key and firsts[0].status == 422:
            continue
        ups, downs = (
            [str(item[key]) for page in pages_of(tenant, target, LONG_PAGES_MAX + 1, first=first) for item in page["items"]]
            for target, first in zip(targets, firsts, strict=True)
        )
        if sorted(ups) != sorted(str(item[key]) for item in whole):
            yield f"{path} sorted by {name} has other records"
        if name == key and ups != downs[::-1]:
            yield f"{path} sorted by {name} up is not the list sorted down, turned round"


def _order_begins(tenant: SuiteTenant, path: str, key: str, keys: list[str]) -> Iterator[str]:
    """Of a list that is too long to be read, what is known to come before the end of a page stands on it."""
    if key not in ORDERED:
        return
    for word, comes_before in (("asc", lt), ("desc", gt)):
        page = [str(item[key]) for item in expect(tenant.get(f"{path}?limit={WHOLE}&sort_by={key}:{word}"), 200)["items"]]
        left_out = [each for each in keys if page and comes_before(each, page[-1]) and each not in page]
        yield from (f"{path} sorted by {key}:{word} has no {each}, and goes on to {page[-1]}" for each in left_out[:1])


def _pages_among_equals(tenant: SuiteTenant, path: str, key: str, items: list[Record]) -> Iterator[str]:
    """Where many are equal in what a list is sorted by, its pages still have every record, and each once."""
    kinds = {name: {str(item.get(name)) for item in items} for name in _fields(path) if items and isinstance(items[0].get(name), str | int)}
    equal = [name for name in EQUAL if name in kinds and len(kinds[name]) < len(items)]
    size = min(WHOLE, max(1, -(-len(items) // 3)))
    for name in equal[:1]:
        target = f"{path}?limit={size}&sort_by={name}:asc"
        first = tenant.get(target)
        # Which fields a list can be sorted by is the server's own.
        if first.status == 422:
            continue
        found = [str(item[key]) for page in pages_of(tenant, target, first=first) for item in page["items"]]
        if sorted(found) != sorted(str(item[key]) for item in items):
            yield f"{path} sorted by {name} in pages of {size} has {len(set(found))} of {len(items)} records, and {len(found)} in all"
        yield from _orders_among_equals(tenant, path, key, name)


def _orders_among_equals(tenant: SuiteTenant, path: str, key: str, name: str) -> Iterator[str]:
    """Where records are equal in the first field of an order, the second one counts."""
    if key not in ORDERED:
        return
    for word in ("asc", "desc"):
        answer = tenant.get(f"{path}?limit={WHOLE}&sort_by={name}:asc,{key}:{word}")
        if answer.status == 422:
            continue
        groups: dict[str, list[str]] = {}
        for item in expect(answer, 200)["items"]:
            groups.setdefault(str(item.get(name)), []).append(str(item[key]))
        yield from (
            f"{path} sorted by {name} and then by {key}:{word} has where {name} is {value} {ids[:4]}"
            for value, ids in groups.items()
            if ids != sorted(ids, reverse=word == "desc")
        )


def _filters(tenant: SuiteTenant, path: str, key: str, keys: list[str], *, is_all: bool) -> Iterator[str]:
    """A filter finds exactly what it says; what it leaves has room on a page for records that did not stand there."""
    for sought, wanted, are_all in (
        (f"{key}.EQ:'{keys[-1]}'", [keys[-1]], True),
        (f"NOT {key}:'{keys[0]}'", keys[1:], is_all),
        (f"{key}:'{keys[0]}' OR {key}:'{keys[-1]}'", [each for each in keys if each in (keys[0], keys[-1])], True),
        (f"{key}.EQ:'{keys[0]}' AND NOT {key}.EQ:'{keys[0]}'", [], True),
    ):
        found = [str(item[key]) for item in expect(tenant.get(f"{path}?limit={WHOLE}&q={quote(sought)}"), 200)["items"]]
        if (found if are_all else found[: len(wanted)]) != wanted:
            yield f"{path}?q={sought} finds {len(found)} records, and {len(wanted)} fit"


def _filters_on_pages(tenant: SuiteTenant, path: str, key: str, keys: list[str], *, is_all: bool) -> Iterator[str]:
    """A filter counts on every page, beside an order, and on the way back."""
    if len(keys) < 4 or not is_all:
        return
    wanted, size = keys[1:], max(1, (len(keys) - 1) // 2)
    sought = quote(f"NOT {key}:'{keys[0]}'")
    for order in ("", f"&sort_by={key}:desc"):
        target = f"{path}?limit={size}&q={sought}{order}"
        first = tenant.get(target)
        if first.status == 422:
            continue
        pages = list(pages_of(tenant, target, first=first))
        found = [str(item[key]) for page in pages for item in page["items"]]
        expected = sorted(wanted, reverse=True) if order else wanted
        if (sorted(found, reverse=True) if order else found) != expected:
            yield f"{target} has on {len(pages)} pages {len(found)} records, and {len(wanted)} fit, or in another order"


def _comparisons(tenant: SuiteTenant, path: str, page: Page) -> Iterator[str]:
    """What is compared with an instant is found before or after it; what lies closer than instants are told may be either."""
    key = key_of(page.items[0])
    moments = {str(item[key]): moment for item in page.items if (moment := instant(item.get("created_at"))) is not None}
    if len(moments) < len(page.items):
        return
    middle = sorted(page.items, key=lambda item: moments[str(item[key])])[len(page.items) // 2]
    pivot, grain = moments[str(middle[key])], grain_between(*(item["created_at"] for item in page.items))
    for sign, comes in ((">", gt), ("<", lt)):
        sought = f"created_at{sign}'{middle['created_at']}'"
        answer = tenant.get(f"{path}?limit={WHOLE}&fields={key}&q={quote(sought)}")
        if answer.status == 422:
            return
        found = {str(item[key]) for item in expect(answer, 200)["items"]}
        far = {each for each, moment in moments.items() if abs(moment - pivot) > grain}
        fitting = {each for each in far if comes(moments[each], pivot)}
        if found & far != fitting:
            yield f"{path}?q={sought} finds {len(found)} records, and {len(fitting)} fit, or others"


def _filters_by_field(tenant: SuiteTenant, path: str, page: Page) -> Iterator[str]:
    """A filter by any field finds the records that have the value, alone and beside another one; by which a list is filtered is its own."""
    key = key_of(page.items[0])
    for name in _fields(path):
        value = _rarest(item.get(name) for item in page.items)
        # An instant may be kept more exactly than it is told.
        if value is None or name == key or instant(value) is not None:
            continue
        wanted = [str(item[key]) for item in page.items if item.get(name) == value]
        term, but_one = f"{name}.EQ:'{_written(value)}'", f"NOT {key}.EQ:'{wanted[0]}'"
        for sought, fitting in ((term, wanted), (f"{term} AND {but_one}", wanted[1:]), (f"{but_one} AND {term}", wanted[1:])):
            answer = tenant.get(f"{path}?limit={WHOLE}&fields={key}&q={quote(sought)}")
            if answer.status == 422:
                break
            found = [str(item[key]) for item in expect(answer, 200)["items"]]
            if (found if page.is_all else found[: len(fitting)]) != fitting:
                yield f"{path}?q={sought} finds {len(found)} records, and {len(fitting)} fit, or others"


def _rarest(values: Iterator[Any]) -> Any:
    """Returns the value that the fewest have, of those that can be sought, or nothing."""
    counted = Counter(
        each
        for each in values
        if isinstance(each, bool | int) or (isinstance(each, str) and SOUGHT.fullmatch(each) and each == each.strip())
    )
    return min(counted, key=lambda each: counted[each], default=None)


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _orders_by_field(tenant: SuiteTenant, path: str, items: list[Record]) -> Iterator[str]:
    """By whatever field a list is sorted, what is the same stands together, and up is not down; how texts are compared is its own."""
    key = key_of(items[0])
    for name in _fields(path):
        values = {_written(item[name]).casefold() for item in items if isinstance(item.get(name), str | int)}
        if len(values) < 2 or name == key:
            continue
        ways: list[list[str]] = []
        for word in ("asc", "desc"):
            answer = tenant.get(f"{path}?limit={WHOLE}&fields={key},{name}&sort_by={name}:{word}")
            if answer.status == 422:
                break
            found = (item.get(name) for item in expect(answer, 200)["items"])
            ways.append([_written(each) for each in found if isinstance(each, str | int)])
        yield from (f"{path} sorted by {name} has what is the same at several places: {told[:6]}" for told in ways if _is_scattered(told))
        if len(ways) == 2 and ways[0] == ways[1]:
            yield f"{path} sorted by {name} stands up as it stands down: {ways[0][:6]}"


def _is_scattered(told: list[str]) -> bool:
    """Tells whether something else lies between two that are the same; who reads no capitals may have them among small letters."""
    for each in set(told):
        first, last = told.index(each), len(told) - told[::-1].index(each)
        if any(other.casefold() != each.casefold() for other in told[first:last]):
            return True
    return False


def refuses_nonsense(tenant: SuiteTenant, path: str) -> Iterator[str]:
    """Yields where a list takes what none can mean."""
    known = _fields(path)[0]
    for query in (
        *("limit=0", "limit=501", "limit=x", "pq=x", "q=(((", "sort_by=nonsense", "fields=nonsense", f"q=nonsense.EQ:'{ABSENT}'"),
        *(f"sort_by={known}:up", f"fields={known},nonsense"),
    ):
        answer: Answer = tenant.get(f"{path}?{query}")
        if answer.status != 422:
            yield f"GET {path}?{query} is answered {answer.status}"

"""Lists: what every list of the contract promises, tried on one of them with what stands in it."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from runflow_mock.kit.suite.agreements import RELATED
from runflow_mock.kit.suite.carriers import Answer
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
Record = dict[str, Any]


def key_of(record: Mapping[str, Any]) -> str:
    """Returns the field that tells a record from the others of its list."""
    return "id" if "id" in record else "code"


class Page(msgspec.Struct, frozen=True):
    """The first page of a list, as large as can be: its records, and whether the list has no others."""

    items: list[Record]
    is_all: bool = True


def first_page(tenant: SuiteTenant, path: str) -> Page:
    """Returns the first page of a list, which has all records that there are, or `WHOLE` of them.

    Raises:
        Unexpected: the page says that others follow, and has room for them.
    """
    answer = tenant.get(f"{path}?limit={WHOLE}")
    page = expect(answer, 200)
    items: list[Record] = page["items"]
    if len(items) < WHOLE and page.get("next") is not None:
        raise Unexpected(f"{len(items)} records on a page of {WHOLE} are not all: {answer.evidence}")
    return Page(items, is_all=page.get("next") is None)


def list_is_kept(tenant: SuiteTenant, path: str, page: Page) -> Iterator[str]:
    """Yields what a list does not keep of its promises; of one that is longer than its first page it is held to those about that page."""
    items = page.items
    if not items:
        return
    key = key_of(items[0])
    keys = [str(item[key]) for item in items]
    yield from _pages(tenant, path, key, keys, is_all=page.is_all)
    yield from _orders(tenant, path, key, page)
    if page.is_all:
        yield from _pages_among_equals(tenant, path, key, items)
    yield from _filters(tenant, path, key, keys, is_all=page.is_all)
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
    target = f"{path}?limit={size}"
    for _ in range(PAGES_MAX):
        answers.append(expect(tenant.get(target), 200))
        if answers[-1].get("next") is None or (not is_all and sum(len(page["items"]) for page in answers) >= len(keys)):
            break
        target = f"{path}?limit={size}&pq={quote(answers[-1]['next'], safe='')}"
    pages = [[str(item[key]) for item in page["items"]] for page in answers]
    told = [each for page in pages for each in page]
    if (told if is_all else told[: len(keys)]) != keys:
        yield f"{path} in pages of {size} is {[len(page) for page in pages]} records, and not the {len(keys)} of one page in their order"
        return
    if len(answers) < 2:
        return
    last = answers[-1]
    back = expect(tenant.get(f"{path}?limit={size}&from_prev=true&pq={quote(str(last['previous']), safe='')}"), 200)
    if [str(item[key]) for item in back["items"]] != pages[-2]:
        yield f"{path}: the page before the last one is another than on the way there"
    first = expect(tenant.get(f"{path}?limit={size}&pq={quote(str(last['first']), safe='')}"), 200)
    if [str(item[key]) for item in first["items"]] != pages[0]:
        yield f"{path}: the cursor of the first page leads to another page"


def _orders(tenant: SuiteTenant, path: str, key: str, page: Page) -> Iterator[str]:
    """Up and down are the same records, turned round; the laws look at the order itself."""
    names = [key, *(name for name in ("created_at", "sort_order", "sequence_index") if name in page.items[0] and name in ORDERED)]
    for name in names:
        up, down = (tenant.get(f"{path}?limit={WHOLE}&sort_by={name}:{word}") for word in ("asc", "desc"))
        if name != key and up.status == 422:
            continue
        ups, downs = ([item[key] for item in expect(answer, 200)["items"]] for answer in (up, down))
        # Of a longer list each order has a page of its own.
        if not page.is_all:
            continue
        if sorted(ups) != sorted(str(item[key]) for item in page.items):
            yield f"{path} sorted by {name} has other records"
        if name == key and ups != downs[::-1]:
            yield f"{path} sorted by {name} up is not the list sorted down, turned round"


def _pages_among_equals(tenant: SuiteTenant, path: str, key: str, items: list[Record]) -> Iterator[str]:
    """Where many are equal in what a list is sorted by, its pages still have every record, and each once."""
    kinds = {name: {str(item.get(name)) for item in items} for name in _fields(path) if isinstance(items[0].get(name), str | int)}
    equal = [name for name in EQUAL if name in kinds and len(kinds[name]) < len(items)]
    size = max(1, -(-len(items) // 3))
    for name in equal[:1]:
        target, found = f"{path}?limit={size}&sort_by={name}:asc", list[str]()
        answer = tenant.get(target)
        # Which fields a list can be sorted by is the server's own.
        while answer.status != 422 and len(found) <= len(items):
            page = expect(answer, 200)
            found += [str(item[key]) for item in page["items"]]
            if page.get("next") is None:
                break
            answer = tenant.get(f"{target}&pq={quote(page['next'], safe='')}")
        if answer.status != 422 and sorted(found) != sorted(str(item[key]) for item in items):
            yield f"{path} sorted by {name} in pages of {size} has {len(set(found))} of {len(items)} records, and {len(found)} in all"


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


def refuses_nonsense(tenant: SuiteTenant, path: str) -> Iterator[str]:
    """Yields where a list takes what none can mean."""
    for query in ("limit=0", "limit=501", "limit=x", "pq=x", "q=(((", "sort_by=nonsense", "fields=nonsense", f"q=nonsense.EQ:'{ABSENT}'"):
        answer: Answer = tenant.get(f"{path}?{query}")
        if answer.status != 422:
            yield f"GET {path}?{query} is answered {answer.status}"

"""Crawls: everything that can be read below a path, list by list and record by record, as the contract has it.

Whatever is read goes past the laws; that is how the same record, met in a list, by itself and inside another, is held against itself.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

from runflow_mock.kit.suite.agreements import RELATED
from runflow_mock.kit.suite.lists import Page, ask_for_every_field, first_page, key_of, list_is_kept, pages_of, refuses_nonsense
from runflow_mock.kit.suite.memories import INFERRED
from runflow_mock.kit.suite.readings import expect
from runflow_mock.kit.suite.suite_tenants import SuiteTenant
from runflow_mock.openapi.addresses import unnamed
from runflow_mock.openapi.contracts import Declared, packaged_contract

ITEMS_MAX = 4
# What some lists take along when they are asked to; those that do not know it say so.
EMBEDDABLE = frozenset(name for names in RELATED.values() for name in names)


class Crawl:
    """Reads the tree of paths below one; `known` gives the values of parameters that no list shows."""

    def __init__(self, tenant: SuiteTenant, known: Mapping[str, tuple[str, ...]] | None = None, *, items_max: int = ITEMS_MAX) -> None:
        self._tenant = tenant
        self._known = known or {}
        self._items_max = items_max
        self._tried: set[str] = set()
        self._asked: set[str] = set()

    def below(self, template: str, path: str) -> Iterator[str]:
        """Yields what is wrong at a path and below it; `template` is the contract's name for it."""
        values: tuple[str, ...] = self._known.get(template, ())
        records: dict[str, dict[str, Any]] = {}
        declared = operation_at(template)
        if declared is not None and is_served(declared, self._tenant):
            answer = self._tenant.get(path)
            content = expect(answer, 200)
            if isinstance(content, dict) and "id" not in content and content.get("items") is not None:
                page = first_page(self._tenant, path)
                records = {str(item[key_of(item)]): item for item in page.items}
                values = values or tuple(records)[: self._items_max]
                yield from self._list(template, path, page)
            elif isinstance(content, dict):
                self._ask_for_all(declared, path, content)
                yield from self._embedded(template, path, content)
                yield from self._related(template, path, content)
        for child in children_of(template):
            word = child.rpartition("/")[2]
            if not word.startswith("{"):
                yield from self.below(child, f"{path}/{word}")
            else:
                for value in values:
                    yield from self.below(child, f"{path}/{quote(value, safe='/')}")
                    yield from self._related(child, f"{path}/{quote(value, safe='/')}", records.get(value, {}))

    def _list(self, template: str, path: str, page: Page) -> Iterator[str]:
        items = page.items
        if items and template not in self._asked:
            self._asked.add(template)
            ask_for_every_field(self._tenant, path)
        # What a list promises is tried once, where something stands in it.
        if template not in self._tried and (len(items) > 1 or template.count("/") == 2):
            self._tried.add(template)
            yield from list_is_kept(self._tenant, path, page)
            yield from self._embed(template, path, items)
            yield from refuses_nonsense(self._tenant, path)

    def _related(self, template: str, path: str, record: dict[str, Any], *, is_asked: bool = False) -> Iterator[str]:
        """What is shown inside a record is what stands below it; where nobody asked for it, none may be shown as an empty list."""
        for child in parts_of(template):
            word = child.rpartition("/")[2]
            shown, declared = _shown(record, template, word.replace("-", "_")), operation_at(child)
            if (shown or is_asked) and _are_records(shown) and declared is not None and is_served(declared, self._tenant):
                page = first_page(self._tenant, f"{path}/{word}")
                below, told = ([item[key_of(item)] for item in items] for items in (page.items, shown))
                # What follows on a second page may be shown as well.
                if told != below and (page.is_all or told[: len(below)] != below):
                    yield f"{path}/{word} has {len(below)} records, and the list shows {len(shown)}, or others"

    def _embed(self, template: str, path: str, items: list[dict[str, Any]]) -> Iterator[str]:
        """Asks for related records where a list leaves them out, and holds them against those that stand below each record."""
        declared = operation_at(template)
        if declared is None or not any(parameter.name == "embed" for parameter in declared.parameters):
            return
        size = -(-len(items) // 2)
        for name in (name for name, value in items[0].items() if not value and name in EMBEDDABLE) if items else ():
            target = f"{path}?limit={size}&embed={name}"
            answer = self._tenant.get(target)
            pages = pages_of(self._tenant, target, 2, first=answer) if answer.status == 200 else ()
            for item in (item for page in pages for item in page["items"][: self._items_max // 2]):
                own, shown = f"{path}/{quote(str(item[key_of(item)]), safe='/')}", {name: item.get(name)}
                for child in children_of(template):
                    yield from self._related(child, own, shown, is_asked=True)

    def _ask_for_all(self, declared: Declared, path: str, record: dict[str, Any]) -> None:
        """Asks for the related records of one record, kind by kind; the laws hold what comes against what came without asking."""
        if any(parameter.name == "embed" for parameter in declared.parameters):
            for name in sorted(EMBEDDABLE & record.keys()):
                self._tenant.get(f"{path}?embed={name}")

    def _embedded(self, template: str, path: str, record: dict[str, Any]) -> Iterator[str]:
        """Related records that come only when they are asked for, where they also stand at paths of their own."""
        for child in children_of(template):
            word = child.rpartition("/")[2]
            if operation_at(child) is None and word in record and children_of(child):
                embedded = expect(self._tenant.get(f"{path}?embed={word}"), 200)[word]
                for each in embedded[: self._items_max]:
                    told = expect(self._tenant.get(f"{path}/{word}/{each['id']}"), 200)
                    if told != each:
                        yield f"{path}/{word}/{each['id']} is another than {word} of {path}"


def _shown(record: Mapping[str, Any], template: str, word: str) -> Any:
    """What a record shows of what stands below it: `models` of a solution may be called `solution_models`."""
    noun = template.rpartition("/{")[0].rpartition("/")[2].removesuffix("s").replace("-", "_")
    return record.get(word, record.get(f"{noun}_{word}"))


def _are_records(shown: Any) -> bool:
    """Tells whether what is shown under a name is a list of records: a server may have fields of its own."""
    return isinstance(shown, list) and all(isinstance(each, dict) and key_of(each) in each for each in shown)


def operation_at(template: str) -> Declared | None:
    """Returns what reads a path of the contract, or nothing."""
    contract = packaged_contract()
    return contract.operation(template, "GET") if template in contract.paths else None


def is_served(declared: Declared, tenant: SuiteTenant) -> bool:
    """Tells whether a tenant has an operation: a strict one has none of those that are inferred."""
    return not (tenant.is_strict and declared.evidence == INFERRED)


@cache
def parts_of(template: str) -> tuple[str, ...]:
    """Returns the paths one step below a path, whatever its parameters are called there."""
    alike = {template, *(parent for path in packaged_contract().paths if unnamed(parent := path.rpartition("/")[0]) == unnamed(template))}
    return tuple(child for each in sorted(alike) for child in children_of(each))


def children_of(template: str) -> tuple[str, ...]:
    """Returns the paths one step below a path, each once, whether something is read there or not."""
    depth = template.count("/") + 1
    below = (path for path in packaged_contract().paths if path.startswith(f"{template}/"))
    return tuple(dict.fromkeys("/".join(path.split("/")[: depth + 1]) for path in below))

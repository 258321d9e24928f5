"""Item names: the fields that the items of a list can have, as the contract states them; for lists that have no item to look at."""

from collections.abc import Iterator

from runflow_mock.domain.dialects import Dialect
from runflow_mock.domain.documents import object_of
from runflow_mock.openapi.contracts import Contract, packaged_contract
from runflow_mock.openapi.pointers import Pointer


def item_names(path: str, dialect: Dialect) -> frozenset[str]:
    """Returns the names for the list that a GET of this path answers with; none where the contract describes no list there.

    A field that only a switch adds is among them where the dialect has it so.
    """
    contract = packaged_contract()
    addressed = contract.address(path)
    declared = None if addressed is None else contract.operation(addressed.path, "GET")
    page = () if declared is None else declared.responses.get("200", {}).get("application/json", ())
    places = dict(_properties(contract, page)) if page else {}
    fields = _properties(contract, (*places["items"], "items")) if "items" in places else ()
    return frozenset(name for name, pointer in fields if _is_spoken(contract.follow(pointer)[1].get("x-switch"), dialect))


def _is_spoken(switches: object, dialect: Dialect) -> bool:
    return all(getattr(dialect, name) == value for name, value in object_of(switches).items())


def _properties(contract: Contract, schema: Pointer) -> Iterator[tuple[str, Pointer]]:
    """The properties of a schema with the way to each, those of the schemas that it is made of first."""
    pointer, part = contract.follow(schema)
    together = part.get("allOf")
    for index in range(len(together) if isinstance(together, list) else 0):
        yield from _properties(contract, (*pointer, "allOf", str(index)))
    for name in object_of(part.get("properties")):
        yield name, (*pointer, "properties", name)

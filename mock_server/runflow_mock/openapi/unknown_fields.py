"""Unknown fields: the keys of a body that a contract does not name. The API ignores them, so that a misspelt one goes unnoticed."""

from collections.abc import Iterator

from runflow_mock.domain.documents import Json, object_of
from runflow_mock.domain.findings import Location
from runflow_mock.openapi.contracts import Contract
from runflow_mock.openapi.pointers import Pointer

DEPTH_MAX = 16


def unknown_fields(contract: Contract, schema: Pointer, value: Json, loc: Location, depth: int = DEPTH_MAX) -> Iterator[Location]:
    """Returns the places of the fields that no schema for them names; an object that takes any field has none."""
    if depth == 0:
        return
    if isinstance(value, list):
        ways = [(*way, "items") for way in contract.ways(schema) if "items" in contract.at(way)]
        for index, part in enumerate(value if ways else ()):
            yield from unknown_fields(contract, ways[0], part, (*loc, index), depth - 1)
    if not isinstance(value, dict):
        return
    known, is_open = _properties(contract, schema)
    for name, part in value.items():
        if name in known:
            yield from unknown_fields(contract, known[name], part, (*loc, name), depth - 1)
        elif known and not is_open:
            yield (*loc, name[:80])


def _properties(contract: Contract, schema: Pointer) -> tuple[dict[str, Pointer], bool]:
    """Returns the ways to the schemas of all fields that an object may have, and whether it takes others as well."""
    known: dict[str, Pointer] = {}
    is_open = False
    ways = contract.ways(schema)
    # What a condition names is a field as well; how it is described elsewhere counts.
    for way in (*(asked for each in ways for asked in _conditions(contract, each)), *ways):
        part = contract.at(way)
        properties = part.get("properties")
        known |= {name: (*way, "properties", name) for name in properties} if isinstance(properties, dict) else {}
        is_open = is_open or any(part.get(word) for word in ("additionalProperties", "patternProperties", "unevaluatedProperties"))
    return known, is_open


def _conditions(contract: Contract, way: Pointer) -> Iterator[Pointer]:
    """Yields the ways to what asks something of a value that a schema speaks of, and to what then holds."""
    part = contract.at(way)
    yield from contract.ways((*way, "if")) if "if" in part else ()
    for name in object_of(part.get("dependentSchemas")):
        yield from contract.ways((*way, "dependentSchemas", name))

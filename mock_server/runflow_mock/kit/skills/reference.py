"""An OpenAPI document asked by the names that texts use: which fields a body has, which headers, statuses and values there are."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from urllib.parse import urlsplit

from runflow_mock.domain.documents import Json, object_of
from runflow_mock.kit.skills.claims import Endpoint
from runflow_mock.openapi.addresses import Addressed
from runflow_mock.openapi.contracts import Contract, Declared
from runflow_mock.openapi.parts import METHODS
from runflow_mock.openapi.pointers import Pointer

JSON = "application/json"
DEPTH_MAX = 12

_COMBINED = ("allOf", "anyOf", "oneOf")


class Reference:
    """One document, and indexes of it that are made when they are first asked for."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract

    def address(self, endpoint: Endpoint) -> Addressed | None:
        """Returns what a path leads to; where the document's paths leave out a base that its servers have, so may the text."""
        found = self.contract.address(endpoint.path)
        if found is None and self._base and endpoint.path.startswith(f"{self._base}/"):
            return self.contract.address(endpoint.path.removeprefix(self._base))
        return found

    def begins(self, path: str) -> bool:
        """Tells whether paths of the document begin like this."""
        wanted = path.rstrip("/") + "/"
        return any(f"{self._base if not known.startswith(self._base) else ''}{known}/".startswith(wanted) for known in self.contract.paths)

    def declared(self, endpoint: Endpoint | None) -> Declared | None:
        """Returns the operation of an endpoint, if there is one and it is certain which."""
        addressed = None if endpoint is None or endpoint.method is None else self.address(endpoint)
        return None if addressed is None or endpoint is None else self.contract.operation(addressed.path, endpoint.method or "")

    def request_of(self, declared: Declared) -> Pointer | None:
        """Returns the way to the schema of an operation's JSON body."""
        return declared.body.get(JSON)

    def answers_of(self, declared: Declared, first: str) -> tuple[Pointer, ...]:
        """Returns the ways to the schemas of its JSON answers whose status begins so; pages lead to what is on them as well."""
        told = [contents[JSON] for status, contents in declared.responses.items() if status.startswith(first) and contents.get(JSON)]
        inside = [way for pointer in told for way in self._elements(pointer)]
        return (*told, *inside)

    def members(self, pointer: Pointer) -> dict[str, Pointer]:
        """Returns the ways to the properties of a schema by name, those of all its alternatives included."""
        found: dict[str, Pointer] = {}
        # Beside a reference a property is only said once more, and narrower.
        for way, part in sorted(self._whole(pointer), key=lambda entry: "$ref" in entry[1]):
            for name in object_of(part.get("properties")):
                found.setdefault(name, (*way, "properties", name))
        return found

    def numbers(self, pointer: Pointer, keywords: Iterable[str]) -> frozenset[int]:
        """Returns the limits that a schema sets by some keywords."""
        values = [part.get(keyword) for _, part in self._whole(pointer) for keyword in keywords]
        return frozenset(value for value in values if isinstance(value, int))

    @cached_property
    def fields(self) -> Mapping[str, tuple[Pointer, ...]]:
        """The ways to every property and parameter of the document, by name."""
        found: dict[str, list[Pointer]] = {}
        for way, part in _objects((), self.contract.document):
            properties = part.get("properties")
            # Beside a reference a property is only said once more, and narrower.
            if isinstance(properties, dict) and "$ref" not in part:
                for name in properties:
                    found.setdefault(name, []).append((*way, "properties", name))
            if isinstance(part.get("name"), str) and isinstance(part.get("schema"), dict):
                found.setdefault(str(part["name"]), []).append((*way, "schema"))
        return {name: tuple(ways) for name, ways in found.items()}

    @cached_property
    def headers(self) -> frozenset[str]:
        """The names of all headers, in lower case."""
        found: set[str] = {"authorization"} if self.schemes else set()
        for way, part in _objects((), self.contract.document):
            if part.get("in") == "header" and isinstance(part.get("name"), str):
                found.add(str(part["name"]).lower())
            # The headers among the components are named after what they are for.
            if way[-1:] == ("headers",) and way != ("components", "headers"):
                found.update(name.lower() for name in part)
        return frozenset(found)

    @cached_property
    def schemes(self) -> frozenset[str]:
        """The schemes of `Authorization` that the document knows, in lower case."""
        known = self.contract.at(("components", "securitySchemes"))
        return frozenset(
            str(scheme.get("scheme")).lower() for scheme in known.values() if isinstance(scheme, dict) and scheme.get("type") == "http"
        )

    @cached_property
    def statuses(self) -> frozenset[str]:
        """Every status that an operation declares."""
        places = ((path, method) for path in self.contract.paths for method in METHODS)
        found = (self.contract.at(("paths", path, method, "responses")) for path, method in places)
        return frozenset(status for responses in found for status in responses)

    @cached_property
    def error_names(self) -> frozenset[str]:
        """The keys of every body with which the document answers an error."""
        declared = (self.contract.operation(path, method) for path in self.contract.paths for method in self.contract.methods_of(path))
        ways = {way for operation in declared if operation for first in "45" for way in self.answers_of(operation, first)}
        return frozenset(name for way in ways for name in self.members(way))

    @cached_property
    def _base(self) -> str:
        servers = self.contract.document.get("servers")
        first = servers[0] if isinstance(servers, list) and servers else {}
        return urlsplit(str(first.get("url", ""))).path.rstrip("/") if isinstance(first, dict) else ""

    def _whole(self, pointer: Pointer, depth: int = 0) -> Iterator[tuple[Pointer, dict[str, Json]]]:
        """Yields a schema and all that it is put together from, each with the way to it."""
        part = self.contract.at(pointer)
        yield pointer, part
        if depth > DEPTH_MAX:
            return
        if "$ref" in part:
            yield from self._whole(self.contract.follow(pointer)[0], depth + 1)
        for word in _COMBINED:
            listed = part.get(word)
            for index in range(len(listed) if isinstance(listed, list) else 0):
                yield from self._whole((*pointer, word, str(index)), depth + 1)

    def _elements(self, pointer: Pointer) -> Iterator[Pointer]:
        """Yields the ways to what is in a list, or in the lists at the top of a page."""
        for way in (pointer, *self.members(pointer).values()):
            for inner, part in self._whole(way):
                if isinstance(part.get("items"), dict):
                    yield (*inner, "items")


def _objects(way: Pointer, value: Json) -> Iterator[tuple[Pointer, dict[str, Json]]]:
    """Yields every object in a value, with the way to it."""
    if isinstance(value, dict):
        yield way, value
        for name, part in value.items():
            # What examples look like is not what the document says.
            if name not in {"example", "examples"}:
                yield from _objects((*way, name), part)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _objects((*way, str(index)), part)

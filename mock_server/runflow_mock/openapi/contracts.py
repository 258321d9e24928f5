"""Contracts: an OpenAPI document as a value that can be asked which operation a request addresses, and what its parts must be.

Any document of version 3.1 will do, the packaged one or a user's own in our form (`foreign_documents`). A parameter that is marked
`x-spans-slashes` takes several segments; of several paths that fit, the one with most fixed segments wins. Schemas are compiled when they
are first used.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache, cached_property

import jsonschema_rs
import msgspec

from runflow_mock.domain.documents import Json, object_of
from runflow_mock.domain.findings import Finding
from runflow_mock.openapi import combinations
from runflow_mock.openapi.addresses import Addressed, Addresses, Segment, why_unread
from runflow_mock.openapi.directions import Direction, towards
from runflow_mock.openapi.known_answers import KnownAnswers
from runflow_mock.openapi.parameters import ANYTHING, IGNORED_HEADERS, Parameter, Style, Wanted, read_parameter, wrong_with
from runflow_mock.openapi.parts import UNREAD, methods_in
from runflow_mock.openapi.pointers import REFERENCES_MAX, Pointer, place_of, pointer_of, reference_to, walk
from runflow_mock.openapi.problems import Problem
from runflow_mock.openapi.readings import Readings
from runflow_mock.openapi.schema_ways import ANY_TYPE, types_of, ways_of
from runflow_mock.openapi.schemas import CompiledSchema, compile_schema, refuse_to_open
from runflow_mock.openapi.security import Security, read_security
from runflow_mock.packaged import openapi_document

COMPILED_MAX = 5_000
FINDINGS_KNOWN_MAX = 2_048
"""Of how many values of parameters it is known what is wrong with them."""
LENGTHS_KNOWN_MAX = 64
"""Of how many lengths of paths it is known which routes may be near."""
DIFFERENCES_KNOWN_MAX = 4_096
"""Of how many pairs of segments it is known how much they differ."""
ITEMS = "itemSchema"
"""Leads to what each item of a sequence must be, where a body is one."""
ANY_CONTENT: Mapping[str, Pointer] = {"*/*": ANYTHING}
"""What may be in a body of which nothing is known."""

_URI = "urn:contract"
_UNUSABLE = (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError)
# What a cookie is called that is somebody's login, in the words of frameworks and of people.
_CREDENTIAL = re.compile(r"auth|credential|csrf|xsrf|jwt|key|login|pass|secret|sess|sid\b|signature|token|user", re.IGNORECASE)
_STATUS = re.compile(r"[1-5](?:[0-9]{2}|XX)|default")

Object = dict[str, Json]
KnownRoute = tuple[str, tuple[Segment, ...], int]
"""A path, its segments, and how many of these the path before has in common with it."""
Differences = KnownAnswers[tuple[str, str], float]
NOTHING_SPANS: Mapping[str, frozenset[str]] = {}


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """One operation as the document declares it. `body` and `responses` lead from media types to schemas; no schema means no content.

    `gaps` are the parts that could not be read, each with its place; nothing is held against anybody there.
    """

    id: str
    method: str
    path: str
    evidence: str
    parameters: tuple[Parameter, ...] = ()
    body: Mapping[str, Pointer] = {}
    is_body_required: bool = False
    responses: Mapping[str, Mapping[str, Pointer]] = {}
    security: Security = Security()
    gaps: tuple[Problem, ...] = ()
    is_read: bool = True


class Contract:
    """One OpenAPI document; `source` is what messages call one that is not ours.

    `spanning` names parameters, path by path, that span slashes although the document does not mark them.
    """

    def __init__(
        self,
        document: Object,
        *,
        source: str | None = None,
        spanning: Mapping[str, frozenset[str]] = NOTHING_SPANS,
        problems: Sequence[Problem] = (),
    ) -> None:
        self.document = document
        self.source = source
        self.problems = tuple(problems)
        # A path begins with a slash: what else stands there is an extension.
        items = object_of(document.get("paths")).items()
        paths = {path: item for path, item in items if path.startswith("/") and isinstance(item, dict)}
        self._methods = {path: methods_in(item) for path, item in paths.items()}
        self._spanning = {path: self._find_spanning(path) | spanning.get(path, frozenset()) for path in paths}
        # Our server takes an encoded slash for a slash; by a user's document it is a part of a value.
        self._addresses = Addresses(paths, self._methods, self._spanning, keeps_slashes=source is not None)
        operations = [self.at(("paths", path, word)) for path, words in self._methods.items() for word in words.values()]
        self._names = Counter(str(operation["operationId"]) for operation in operations if "operationId" in operation)
        self._declared: dict[tuple[str, str], Declared] = {}
        self._ways = KnownAnswers[Pointer, tuple[Pointer, ...]](COMPILED_MAX)
        self._types = KnownAnswers[Pointer, frozenset[str]](COMPILED_MAX)
        self._wanted: dict[Parameter, Wanted] = {}
        self._towards: dict[Direction, Object] = {}
        self._registries: dict[Direction, jsonschema_rs.Registry] = {}
        self._validators = KnownAnswers[tuple[Direction, Pointer], CompiledSchema | None](COMPILED_MAX)
        # Clients send the same again and again, and to say what is wrong with a value takes most of the time that judging takes.
        self.known_findings = KnownAnswers[tuple[Parameter, tuple[str, ...]], tuple[Finding, ...]](FINDINGS_KNOWN_MAX)
        self.known_routes = KnownAnswers[int, tuple[KnownRoute, ...]](LENGTHS_KNOWN_MAX)
        self.known_differences: Differences = KnownAnswers(DIFFERENCES_KNOWN_MAX)

    @cached_property
    def operations(self) -> tuple[Declared, ...]:
        """All operations, in the order of the document."""
        declared = (self.operation(path, method) for path in self.paths for method in self.methods_of(path))
        return tuple(each for each in declared if each is not None)

    @cached_property
    def cookies(self) -> frozenset[bytes] | None:
        """The names of the cookies that are parameters, as far as what they are called speaks of no credential; nothing without cookies."""
        parameters = [each for declared in self.operations for each in declared.parameters if each.place == "cookie"]
        credentials = (each for declared in self.operations for way in declared.security.ways for each in way)
        if not parameters and not any(each.place == "cookie" for each in credentials):
            return None
        names = set[str]()
        for parameter in parameters:
            wanted = self.wanted(parameter)
            names |= wanted.names | {parameter.name} if wanted.is_object else {parameter.name}
        return frozenset(name.encode() for name in names if _CREDENTIAL.search(name) is None)

    def credentials(self, place: str) -> frozenset[str]:
        """Returns the names of the credentials that are in a place of requests, in the case in which they are compared."""
        ways = (way for declared in self.operations for way in declared.security.ways)
        names = (each.name for way in ways for each in way if each.place == place)
        return frozenset(name.lower() if place == "header" else name for name in names)

    def prepare(self) -> None:
        """Gets ready to hold values against schemas, which takes seconds for a long document and would otherwise be done at first use."""
        for direction in Direction:
            with suppress(*_UNUSABLE):
                self._registry(direction)

    def check(self) -> "Contract":
        """Returns this contract with everything told that no operation can make use of, so that it is known before anything is judged."""
        known = {problem.says for problem in self.problems}
        found = [problem for declared in self.operations for problem in declared.gaps if problem.says not in known]
        for name, count in self._names.items():
            if count > 1:
                says = f"{count} operations are called {name[:80]}; each goes by its method and path"
                found.append(Problem(str(self.source), "#/paths", says))
        self.problems = tuple(dict.fromkeys((*self.problems, *found)))
        return self

    @property
    def paths(self) -> tuple[str, ...]:
        """All paths of the document, as it writes them."""
        return tuple(self._methods)

    def methods_of(self, path: str) -> tuple[str, ...]:
        """Returns the methods that the document declares for one of its paths."""
        return tuple(self._methods[path])

    def spanning_of(self, path: str) -> frozenset[str]:
        """Returns the parameters in one of the document's paths that span slashes."""
        return self._spanning[path]

    def address(self, path: str, method: str | None = None) -> Addressed | None:
        """Returns what the path of a request, percent-encoded as it was sent, leads to; of several that which takes the method."""
        return self._addresses.find(path, method)

    def unread(self, path: str) -> str | None:
        """Returns why one of the document's paths could not be read, if it could not."""
        says = self.at(("paths", path)).get(UNREAD)
        return None if says is None else str(says)

    def operation(self, path: str, method: str) -> Declared | None:
        """Returns the operation at a path of the document; HEAD is GET without the body."""
        methods = self._methods[path]
        name = "GET" if method == "HEAD" and method not in methods else method
        if name not in methods:
            return None
        known = self._declared.get((path, name))
        if known is None:
            known = self._declared[path, name] = self._declare(path, name)
        return known

    def allows(self, schema: Pointer, value: Json, direction: Direction = Direction.REQUEST) -> bool:
        """Tells whether a schema allows a value. `can_judge` says whether it could have told otherwise."""
        validator = self.validator(schema, direction)
        return validator is None or not self._can_judge(validator, schema, value) or validator.is_valid(value)

    def can_judge(self, schema: Pointer, value: Json, direction: Direction) -> bool:
        """Tells whether a value can be held against a schema in bounded time: texts may be too long, and combinations too many."""
        validator = self.validator(schema, direction)
        return validator is None or self._can_judge(validator, schema, value)

    def _can_judge(self, validator: CompiledSchema, schema: Pointer, value: Json) -> bool:
        if self.source is not None:
            part = walk(self.document, schema)
            if self._counter.is_too_much(part, value) or self._readings.costly(part, value):
                return False
        return not validator.has_long_text(value)

    def ways(self, schema: Pointer) -> tuple[Pointer, ...]:
        """Returns the ways to a schema and to all that speak of the same value."""
        return self._ways.of(schema, lambda: ways_of(self, schema))

    def types(self, schema: Pointer) -> frozenset[str]:
        """Returns the types of which a schema speaks, and all that speak of the same value; any where they speak of none."""
        return self._types.of(schema, lambda: types_of(self.at(way) for way in self.ways(schema)))

    def wanted(self, parameter: Parameter) -> Wanted:
        """Returns what the schema of a parameter speaks of; where it speaks of nothing, a text is meant."""
        found = self._wanted.get(parameter)
        if found is None:
            found = self._wanted[parameter] = self._find_wanted(parameter)
        return found

    def _find_wanted(self, parameter: Parameter) -> Wanted:
        types = self.types(parameter.schema)
        if types == ANY_TYPE or parameter.style is Style.CONTENT:
            return Wanted(is_list=False, is_object=False, is_scalar=True)
        parts = [self.at(way) for way in self.ways(parameter.schema)]
        properties = [part["properties"] for part in parts if isinstance(part.get("properties"), dict)]
        is_open = any(part.get("additionalProperties") not in (None, False) for part in parts)
        return Wanted(
            is_list="array" in types,
            is_object="object" in types,
            is_scalar=bool(types - {"array", "object", "null"}) or types == {"null"},
            names=frozenset(name for each in properties if isinstance(each, dict) for name in each),
            is_open=is_open or not properties,
        )

    @cached_property
    def _readings(self) -> Readings:
        return Readings(self.document)

    @cached_property
    def _counter(self) -> combinations.Counter:
        return combinations.Counter(self.document)

    def validator(self, schema: Pointer, direction: Direction) -> CompiledSchema | None:
        """Returns what holds values against a schema, or nothing where that is not possible."""
        if schema == ANYTHING:
            return None
        return self._validators.of((direction, schema), lambda: self._compile(schema, direction))

    def follow(self, pointer: Pointer) -> tuple[Pointer, Object]:
        """Returns a part of the document and the way to it, through the reference that stands there."""
        part, followed = self.at(pointer), 0
        while isinstance(part.get("$ref"), str) and str(part["$ref"]).startswith("#/") and followed < REFERENCES_MAX:
            pointer, followed = pointer_of(str(part["$ref"])), followed + 1
            part = self.at(pointer)
        return pointer, part

    def resolve(self, reference: str) -> Object:
        """Returns what a reference inside the document leads to, or an empty object."""
        return self.at(pointer_of(reference)) if reference.startswith("#/") else {}

    def at(self, pointer: Pointer) -> Object:
        """Returns the object at the end of a way, or an empty one."""
        part = walk(self.document, pointer)
        return part if isinstance(part, dict) else {}

    def _compile(self, schema: Pointer, direction: Direction) -> CompiledSchema | None:
        try:
            return compile_schema(
                {"$ref": f"{_URI}{reference_to(schema)}"}, registry=self._registry(direction), mask="the value", formats=True
            )
        except _UNUSABLE as error:
            if self.source is None:
                raise
            says = str(error).partition("\n")[0][:200]
            self.problems = (*self.problems, Problem(self.source, place_of(schema), says))
            return None

    def _registry(self, direction: Direction) -> jsonschema_rs.Registry:
        """Returns all schemas of the document as they are in one direction."""
        registry = self._registries.get(direction)
        if registry is None:
            document = {**self.towards(direction), "$id": _URI}
            registry = self._registries[direction] = jsonschema_rs.Registry([(_URI, document)], retriever=refuse_to_open)
        return registry

    def towards(self, direction: Direction) -> Object:
        """Returns the document as it is in one direction."""
        if direction not in self._towards:
            self._towards[direction] = towards(self.document, direction)
        return self._towards[direction]

    def _find_spanning(self, path: str) -> frozenset[str]:
        method = next(iter(self._methods[path].values()), "get")
        parameters = (self.follow(pointer)[1] for pointer in self._parameter_pointers(path, method))
        return frozenset(str(part.get("name")) for part in parameters if part.get("x-spans-slashes"))

    def _declare(self, path: str, method: str) -> Declared:
        place = ("paths", path, self._methods[path][method])
        operation = self.at(place)
        named = operation.get("operationId")
        id_ = str(named) if named and self._names[str(named)] == 1 else f"{method} {path}"
        evidence = str(operation.get("x-evidence") or "documented")
        if UNREAD in operation:
            gaps = (self._gap(place, str(operation[UNREAD])),)
            return Declared(id=id_, method=method, path=path, evidence=evidence, gaps=gaps, is_read=False)
        gaps_found: list[Problem] = []
        security = self._security(place, gaps_found)
        body, body_part = self.follow((*place, "requestBody"))
        return Declared(
            id=id_,
            method=method,
            path=path,
            evidence=evidence,
            parameters=self._parameters(path, place[2], gaps_found),
            body=self.contents_at(body) if UNREAD not in body_part else ANY_CONTENT,
            is_body_required=body_part.get("required") is True,
            responses=self._responses(place, gaps_found),
            security=security,
            gaps=(*gaps_found, *([self._gap(body, str(body_part[UNREAD]))] if UNREAD in body_part else [])),
        )

    def _security(self, place: Pointer, gaps: list[Problem]) -> Security:
        """Returns what lets a client in by a user's document; by ours the answer of the server says it."""
        if self.source is None:
            return Security()
        own = self.at(place)
        way: Pointer = (*place, "security") if "security" in own else ("security",)
        found = read_security(own.get("security", self.document.get("security")), self._scheme)
        gaps.extend(self._gap((*way, *pointer), says) for pointer, says in found.wrong)
        return found

    def _scheme(self, name: str) -> Object | None:
        schemes = self.at(("components", "securitySchemes"))
        # Since 3.2 a scheme may also be named by where it stands.
        return self.follow(("components", "securitySchemes", name))[1] if name in schemes else self.resolve(name) or None

    def _responses(self, place: Pointer, gaps: list[Problem]) -> dict[str, Mapping[str, Pointer]]:
        found: dict[str, Mapping[str, Pointer]] = {}
        for status in object_of(self.at(place).get("responses")):
            if status.startswith("x-"):
                continue
            way, part = self.follow((*place, "responses", status))
            if not _STATUS.fullmatch(status):
                gaps.append(self._gap((*place, "responses", status), "a status is written as 404, 4XX or default"))
            if UNREAD in part:
                gaps.append(self._gap(way, str(part[UNREAD])))
            found[status if status == "default" else status.upper()] = ANY_CONTENT if UNREAD in part else self.contents_at(way)
        return found

    def _gap(self, pointer: Pointer, says: str) -> Problem:
        return Problem(self.source or "the contract", place_of(pointer), says)

    def _parameter_pointers(self, path: str, method: str) -> list[Pointer]:
        places: tuple[Pointer, ...] = (("paths", path), ("paths", path, method))
        lists = ((place, self.at(place).get("parameters")) for place in places)
        return [(*place, "parameters", str(index)) for place, found in lists if isinstance(found, list) for index in range(len(found))]

    def _parameters(self, path: str, method: str, gaps: list[Problem]) -> tuple[Parameter, ...]:
        """Returns the parameters of an operation: its own take the place of those of its path."""
        found: dict[tuple[str, str], Parameter] = {}
        for pointer in self._parameter_pointers(path, method):
            way, part = self.follow(pointer)
            wrong = ("", str(part[UNREAD])) if UNREAD in part else wrong_with(part)
            if wrong is None and part["in"] == "querystring" and str(self.document.get("openapi", ""))[:3] in ("3.0", "3.1"):
                wrong = ("in", "a query is described as a whole since OpenAPI 3.2")
            if wrong is None and part["in"] == "path" and (why := why_unread(path, str(part["name"]))) is not None:
                wrong = ("name", why)
            if wrong is not None:
                gaps.append(self._gap((*way, *filter(None, wrong[:1])), wrong[1]))
                continue
            parameter = read_parameter(part, way)
            if not (parameter.place == "header" and parameter.name.lower() in IGNORED_HEADERS):
                found[parameter.key] = parameter
        return tuple(found.values())

    def contents_at(self, pointer: Pointer) -> Mapping[str, Pointer]:
        """Returns what a body at the end of a way may be: the way to its schema, or to that of its items, by media type."""
        pointer, part = self.follow(pointer)
        content = part.get("content")
        if not isinstance(content, dict):
            return {}
        ways = {name: self.follow((*pointer, "content", name)) for name in content}
        words = {name: next((word for word in ("schema", ITEMS) if word in media), None) for name, (_, media) in ways.items()}
        return {name: ANYTHING if (word := words[name]) is None else (*way, word) for name, (way, _) in ways.items()}


@cache
def packaged_contract() -> Contract:
    """Returns the contract that ships with the package; it is read once."""
    return Contract(msgspec.json.decode(openapi_document().body, type=dict))

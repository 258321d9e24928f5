"""Contracts: an OpenAPI document as a value that can be asked which operation a request addresses, and what its parts must be.

Any document of version 3.1 will do, the packaged one or a user's own. A parameter that is marked `x-spans-slashes` takes several
segments; of several paths that fit, the one with most fixed segments wins. Schemas are compiled when they are first used.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import cast
from urllib.parse import quote, unquote

import jsonschema_rs
import msgspec

from runflow_mock.domain.documents import Json
from runflow_mock.openapi.schemas import CompiledSchema, compile_schema, refuse_to_open
from runflow_mock.packaged import openapi_document

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
COMPILED_MAX = 5_000
REFERENCES_MAX = 100

_URI = "urn:contract"
_BRACES = re.compile(r"\{([^}]+)\}")

Object = dict[str, Json]
Pointer = tuple[str, ...]
"""The way to a part of the document, key by key."""
ANYTHING: Pointer = ()
"""The way to the schema of content that is not described."""
NOTHING_SPANS: Mapping[str, frozenset[str]] = {}


class Parameter(msgspec.Struct, frozen=True):
    """One parameter of an operation; `schema` leads to what its value must be."""

    name: str
    place: str
    is_required: bool
    schema: Pointer
    types: frozenset[str]


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """One operation as the document declares it. `body` and `responses` lead from media types to schemas; no schema means no content."""

    id: str
    method: str
    path: str
    evidence: str
    parameters: tuple[Parameter, ...]
    body: Mapping[str, Pointer]
    is_body_required: bool
    responses: Mapping[str, Mapping[str, Pointer]]


class Addressed(msgspec.Struct, frozen=True):
    """What a path leads to: a path of the document, its methods, and the parameters in it."""

    path: str
    methods: Mapping[str, str]
    params: Mapping[str, str]


class ContractError(ValueError):
    """A document by which nothing can be judged; the message names the part and what is wrong with it."""


class Contract:
    """One OpenAPI document; `source` is what messages call one that is not ours.

    `spanning` names parameters, path by path, that span slashes although the document does not mark them.
    """

    def __init__(self, document: Object, *, source: str | None = None, spanning: Mapping[str, frozenset[str]] = NOTHING_SPANS) -> None:
        self.document = document
        self.source = source
        self._registry = jsonschema_rs.Registry([(_URI, {**document, "$id": _URI})], retriever=refuse_to_open)
        paths = cast("Mapping[str, Object]", document.get("paths") or {})
        self._methods = {path: {word.upper(): word for word in METHODS if word in item} for path, item in paths.items()}
        self._spanning = {path: self._find_spanning(path) | spanning.get(path, frozenset()) for path in paths}
        self._forms = sorted(((path, self._form(path)) for path in paths), key=lambda form: _rank(form[0]))
        self._declared: dict[tuple[str, str], Declared] = {}
        self._validators: dict[Pointer, CompiledSchema] = {}

    @property
    def operations(self) -> tuple[Declared, ...]:
        """All operations, in the order of the document."""
        declared = (self.operation(path, method) for path in self.paths for method in self.methods_of(path))
        return tuple(each for each in declared if each is not None)

    def check(self) -> None:
        """Compiles every schema of every operation, so that what is wrong with the document is told before anything is judged by it.

        Raises:
            ContractError: a schema is none, or leads nowhere.
        """
        for declared in self.operations:
            contents = (declared.body, *declared.responses.values())
            for schema in (*(part.schema for part in declared.parameters), *(way for content in contents for way in content.values())):
                try:
                    self.errors(schema, None)
                except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
                    told = str(error).partition("\n")[0][:200]
                    raise ContractError(f"{declared.method} {declared.path}, {'/'.join(schema[3:])}: {told}") from None

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

    def address(self, path: str) -> Addressed | None:
        """Returns what the path of a request, percent-encoded as it was sent, leads to."""
        decoded = unquote(path)
        for known, form in self._forms:
            match = form.fullmatch(decoded)
            if match is not None:
                names = _BRACES.findall(known)
                return Addressed(known, self._methods[known], dict(zip(names, match.groups(), strict=True)))
        return None

    def operation(self, path: str, method: str) -> Declared | None:
        """Returns the operation at a path of the document; HEAD is GET without the body."""
        methods = self._methods[path]
        word = methods.get(method) or (methods.get("GET") if method == "HEAD" else None)
        if word is None:
            return None
        known = self._declared.get((path, word))
        if known is None:
            known = self._declared[path, word] = self._declare(path, word)
        return known

    def errors(self, schema: Pointer, value: Json) -> Iterator[jsonschema_rs.ValidationError]:
        """Returns what is wrong with a value; messages do not repeat it."""
        if schema == ANYTHING:
            return iter(())
        validator = self._validators.get(schema)
        if validator is None:
            if len(self._validators) >= COMPILED_MAX:
                self._validators.clear()
            validator = self._validators[schema] = self._compile(schema)
        # What is too long for a pattern of the document is not judged: it would take longer than its length.
        return iter(()) if validator.long_texts(value) or validator.is_valid(value) else validator.iter_errors(value)

    def follow(self, pointer: Pointer) -> tuple[Pointer, Object]:
        """Returns a part of the document and the way to it, through the reference that stands there."""
        part, followed = self.at(pointer), 0
        while isinstance(part.get("$ref"), str) and str(part["$ref"]).startswith("#/") and followed < REFERENCES_MAX:
            pointer, followed = _pointer(str(part["$ref"])), followed + 1
            part = self.at(pointer)
        return pointer, part

    def resolve(self, reference: str) -> Object:
        """Returns what a reference inside the document leads to, or an empty object."""
        return self.at(_pointer(reference)) if reference.startswith("#/") else {}

    def at(self, pointer: Pointer) -> Object:
        """Returns the object at the end of a way, or an empty one."""
        part: Json = self.document
        for word in pointer:
            part = part.get(word) if isinstance(part, dict) else part[int(word)] if isinstance(part, list) else None
        return part if isinstance(part, dict) else {}

    def _compile(self, schema: Pointer) -> CompiledSchema:
        way = "/".join(quote(word.replace("~", "~0").replace("/", "~1"), safe="") for word in schema)
        return compile_schema({"$ref": f"{_URI}#/{way}"}, registry=self._registry, mask="the value", formats=True)

    def _find_spanning(self, path: str) -> frozenset[str]:
        method = next(iter(self._methods[path].values()), "get")
        parameters = (self.follow(pointer)[1] for pointer in self._parameter_pointers(path, method))
        return frozenset(str(part.get("name")) for part in parameters if part.get("x-spans-slashes"))

    def _form(self, path: str) -> re.Pattern[str]:
        spanning, parts = self._spanning[path], _BRACES.split(path)
        texts = (re.escape(part) if index % 2 == 0 else "(.+)" if part in spanning else "([^/]+)" for index, part in enumerate(parts))
        return re.compile("".join(texts))

    def _declare(self, path: str, method: str) -> Declared:
        place = ("paths", path, method)
        operation = self.at(place)
        body, body_part = self.follow((*place, "requestBody"))
        responses = operation.get("responses")
        return Declared(
            id=str(operation.get("operationId") or f"{method.upper()} {path}"),
            method=method.upper(),
            path=path,
            evidence=str(operation.get("x-evidence") or "documented"),
            parameters=tuple(map(self._parameter, self._parameter_pointers(path, method))),
            body=self.contents_at(body),
            is_body_required=body_part.get("required") is True,
            responses={
                status: self.contents_at(self.follow((*place, "responses", status))[0])
                for status in (responses if isinstance(responses, dict) else ())
            },
        )

    def _parameter_pointers(self, path: str, method: str) -> list[Pointer]:
        places: tuple[Pointer, ...] = (("paths", path), ("paths", path, method))
        lists = ((place, self.at(place).get("parameters")) for place in places)
        return [(*place, "parameters", str(index)) for place, found in lists if isinstance(found, list) for index in range(len(found))]

    def _parameter(self, pointer: Pointer) -> Parameter:
        pointer, part = self.follow(pointer)
        types = self.follow((*pointer, "schema"))[1].get("type")
        return Parameter(
            name=str(part.get("name")),
            place=str(part.get("in")),
            is_required=part.get("required") is True,
            schema=(*pointer, "schema") if "schema" in part else ANYTHING,
            types=frozenset(str(word) for word in types) if isinstance(types, list) else frozenset((str(types),)),
        )

    def contents_at(self, pointer: Pointer) -> Mapping[str, Pointer]:
        """Returns what a body at the end of a way may be: the way to its schema, by media type."""
        pointer, part = self.follow(pointer)
        content = part.get("content")
        if not isinstance(content, dict):
            return {}
        described = {name for name, media in content.items() if isinstance(media, dict) and "schema" in media}
        return {name: (*pointer, "content", name, "schema") if name in described else ANYTHING for name in content}


@cache
def packaged_contract() -> Contract:
    """Returns the contract that ships with the package; it is read once."""
    return Contract(msgspec.json.decode(openapi_document().body, type=dict))


def _pointer(reference: str) -> Pointer:
    return tuple(unquote(word).replace("~1", "/").replace("~0", "~") for word in reference[2:].split("/"))


def _rank(path: str) -> tuple[int, int, str]:
    """Most fixed segments first, then fewest parameters."""
    segments = path.split("/")
    fixed = sum("{" not in segment for segment in segments)
    return -fixed, len(segments) - fixed, path

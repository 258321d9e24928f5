"""Parts of OpenAPI documents: of which kind each is, and of which kinds what it holds. One literal table, so that nothing is taken for a
schema or a reference that is an example, a default or an extension.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from runflow_mock.domain.documents import Json
from runflow_mock.openapi.pointers import Pointer, pointer_of, walk

# No document can have these names where they stand: fields there are fixed, or begin with x-, and no method has a parenthesis in it.
UNREAD = "(unread)"
"""The mark of a part that could not be read; it says why."""
FILES = "(files)"
"""Holds the files that a document refers to, by name."""
COPIES = "(copies)"
"""Holds the copies of schemas that mean something else on some of the ways that lead to them."""
ALSO_AT = "(also at)"
"""Lists the other paths at which a path item is, because of other servers."""
VARIANTS = "(variants)"
"""Lists the other paths at which an operation is described, with a query or a fragment behind its own path."""
BESIDE_PATHS = "(beside paths)"
"""Holds what stands among the paths and is no path."""
OTHER_METHODS = "(other methods)"
"""Says of operations with methods of other names which these are, by the field of the path item in which each is."""
NEEDED = "(needed)"
"""Holds the lists of `dependencies` of a schema: documents are compared by them, and no value is held to them."""
NEEDED_SCHEMAS = "(needed schemas)"
"""Holds the schemas of `dependencies` of a schema, in the same way."""
OURS = frozenset((UNREAD, FILES, COPIES, ALSO_AT, VARIANTS, BESIDE_PATHS, OTHER_METHODS, NEEDED, NEEDED_SCHEMAS))
"""The names of all fields that are put into a document here."""
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
"""The fields of a path item that are operations; the last is one since OpenAPI 3.2."""


class Part(StrEnum):
    """A kind of part, in words."""

    DOCUMENT = "a document"
    PATHS = "the paths"
    COMPONENTS = "the components"
    PATH_ITEM = "a path item"
    OPERATION = "an operation"
    PARAMETER = "a parameter"
    BODY = "a request body"
    RESPONSE = "a response"
    HEADER = "a header"
    MEDIA = "a media type"
    ENCODING = "an encoding"
    CALLBACK = "a callback"
    LINK = "a link"
    SCHEMA = "a schema"
    SECURITY_SCHEME = "a security scheme"


class Holds(StrEnum):
    """How many a field holds: one, a list, or one under each name."""

    ONE = "one"
    LIST = "list"
    NAMED = "named"


Fields = Mapping[str, tuple[Holds, Part]]

_SCHEMAS = {
    **dict.fromkeys(
        ("properties", "patternProperties", "dependentSchemas", "dependencies", NEEDED_SCHEMAS, "$defs", "definitions"),
        (Holds.NAMED, Part.SCHEMA),
    ),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), (Holds.LIST, Part.SCHEMA)),
    **dict.fromkeys(
        (
            *("additionalProperties", "unevaluatedProperties", "propertyNames", "items", "unevaluatedItems", "contains"),
            *("not", "if", "then", "else", "contentSchema"),
        ),
        (Holds.ONE, Part.SCHEMA),
    ),
}
_VALUE = {"schema": (Holds.ONE, Part.SCHEMA), "content": (Holds.NAMED, Part.MEDIA)}
FIELDS: Mapping[Part, Fields] = {
    Part.DOCUMENT: {
        "paths": (Holds.ONE, Part.PATHS),
        "webhooks": (Holds.NAMED, Part.PATH_ITEM),
        "components": (Holds.ONE, Part.COMPONENTS),
    },
    Part.PATHS: {},
    Part.COMPONENTS: {
        "schemas": (Holds.NAMED, Part.SCHEMA),
        "responses": (Holds.NAMED, Part.RESPONSE),
        "parameters": (Holds.NAMED, Part.PARAMETER),
        "requestBodies": (Holds.NAMED, Part.BODY),
        "headers": (Holds.NAMED, Part.HEADER),
        "callbacks": (Holds.NAMED, Part.CALLBACK),
        "links": (Holds.NAMED, Part.LINK),
        "pathItems": (Holds.NAMED, Part.PATH_ITEM),
        "mediaTypes": (Holds.NAMED, Part.MEDIA),
        "securitySchemes": (Holds.NAMED, Part.SECURITY_SCHEME),
    },
    Part.PATH_ITEM: {
        **dict.fromkeys(METHODS, (Holds.ONE, Part.OPERATION)),
        "additionalOperations": (Holds.NAMED, Part.OPERATION),
        "parameters": (Holds.LIST, Part.PARAMETER),
    },
    Part.OPERATION: {
        "parameters": (Holds.LIST, Part.PARAMETER),
        "requestBody": (Holds.ONE, Part.BODY),
        "responses": (Holds.NAMED, Part.RESPONSE),
        "callbacks": (Holds.NAMED, Part.CALLBACK),
    },
    Part.PARAMETER: _VALUE,
    Part.HEADER: _VALUE,
    Part.BODY: {"content": (Holds.NAMED, Part.MEDIA)},
    Part.RESPONSE: {
        "content": (Holds.NAMED, Part.MEDIA),
        "headers": (Holds.NAMED, Part.HEADER),
        "links": (Holds.NAMED, Part.LINK),
    },
    Part.MEDIA: {"schema": (Holds.ONE, Part.SCHEMA), "itemSchema": (Holds.ONE, Part.SCHEMA), "encoding": (Holds.NAMED, Part.ENCODING)},
    Part.ENCODING: {"headers": (Holds.NAMED, Part.HEADER)},
    Part.CALLBACK: {},
    Part.LINK: {},
    Part.SCHEMA: _SCHEMAS,
    Part.SECURITY_SCHEME: {},
}
# What holds path items under names of its own, and what begins such a name.
_ITEMS: Mapping[Part, str] = {Part.PATHS: "/", Part.CALLBACK: ""}
# Names in these maps may be extensions.
_EXTENDED = frozenset(("responses", "callbacks", "links", "webhooks"))

# What is no part by itself, so that a reference there is one of the whole.
_WHOLE = (Part.PATHS, Part.COMPONENTS)

Child = tuple[Pointer, Part, Json]


def children(kind: Part, part: Mapping[str, Json]) -> Iterator[Child]:
    """Yields the parts inside a part: the way from it to each, of which kind it should be, and what stands there."""
    if kind in _ITEMS:
        begins = _ITEMS[kind]
        yield from (
            ((name,), Part.PATH_ITEM, inner)
            for name, inner in part.items()
            if name.startswith(begins) and name[:2] != "x-" and name not in OURS
        )
        return
    for field, (holds, inside) in FIELDS[kind].items():
        if field not in part:
            continue
        held = part[field]
        if holds is Holds.ONE:
            yield (field,), inside, held
        elif holds is Holds.LIST and isinstance(held, list):
            yield from (((field, str(index)), inside, inner) for index, inner in enumerate(held))
        elif holds is Holds.NAMED and isinstance(held, dict):
            is_extended = field in _EXTENDED
            yield from (((field, name), inside, inner) for name, inner in held.items() if not (is_extended and name[:2] == "x-"))


def parts_met(document: dict[str, Json], kind_of_all: Part = Part.DOCUMENT) -> Iterator[tuple[Pointer, Part, dict[str, Json]]]:
    """Yields each part of a document once: a way to it, of which kind it is, and the part; a schema may stand for a document."""
    waiting: list[tuple[Pointer, Part, Json]] = [((), kind_of_all, document)]
    files = document.get(FILES)
    seen: set[tuple[int, Part]] = set()
    while waiting:
        pointer, kind, part = waiting.pop()
        if not isinstance(part, dict) or (id(part), kind) in seen:
            continue
        seen.add((id(part), kind))
        yield pointer, kind, part
        # What is kept in other files is only met where it is referred to.
        if isinstance(part.get("$ref"), str) and (files is not None or kind is Part.SCHEMA):
            target = pointer_of(str(part["$ref"]))
            waiting.append((target, kind, walk(document, target)))
        waiting.extend(((*pointer, *way), inside, inner) for way, inside, inner in children(kind, part))


def methods_in(item: Mapping[str, Json]) -> dict[str, str]:
    """Returns the methods of a path item in our form, each with the field in which its operation is."""
    others = item.get(OTHER_METHODS)
    named = {str(method): field for field, method in others.items()} if isinstance(others, dict) else {}
    return {**{field.upper(): field for field in METHODS if field in item}, **named}


def misplaced(kind: Part, part: Mapping[str, Json], *, is_ours: bool) -> Iterator[tuple[str, str]]:
    """Yields the fields that hold something of another form than they should, each with what it should be, and those that only a
    document in our form has: a pinned copy, which holds files already.
    """
    if not is_ours:
        yield from ((name, f"a field of {kind}") for name in OURS & part.keys())
    for field, (holds, _) in FIELDS[kind].items():
        held = part.get(field, None)
        if holds is Holds.LIST and field in part and not isinstance(held, list):
            yield field, "a list"
        elif holds is Holds.NAMED and field in part and not isinstance(held, dict):
            yield field, "an object"


def whole_references(kind: Part, part: Mapping[str, Json]) -> Iterator[str]:
    """Yields the fields that are kept elsewhere as a whole, as split documents do although no version describes it."""
    for field, (holds, inside) in FIELDS[kind].items():
        held = part.get(field)
        if isinstance(held, dict) and isinstance(held.get("$ref"), str) and (holds is not Holds.ONE or inside in _WHOLE):
            yield field

"""The public bundle: what the documentation's host serves of the contract, without operations that are not for customers.

It has the operations of eight tags, the components that they reach, and one server. Administration, ComfyUI workflows, flows and Solutions
are left out, and so are links that would lead there. A strict server leaves out of it, and of the whole contract, what is only inferred:
operations, and the fields, headers and answers that are marked `x-strict: absent`.

Source: `status.public-bundle`. Inferred: that whatever carries another tag is left out.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache

import msgspec

from runflow_mock.domain.documents import Json, list_of, object_of, parts_of
from runflow_mock.packaged import Packaged, etag_of, openapi_document

TAGS = ("Models", "Runs", "Media", "Batches", "Evaluations", "Webhooks", "Account", "Status")
METHODS = frozenset(("get", "put", "post", "patch", "delete", "head", "options", "trace"))
# Where a document names parts that can be left out.
_SECTIONS = ("properties", "headers", "responses")

Object = dict[str, Json]


@lru_cache(maxsize=32)
def public_document(server: str, *, proven: bool) -> Packaged:
    """Returns the bundle of the contract as bytes, for an API at an address."""
    whole = msgspec.json.decode(openapi_document().body, type=dict)
    return _packed(public_bundle(proven_document(whole) if proven else whole, server))


@cache
def proven_contract() -> Packaged:
    """Returns the contract without the operations that are only inferred, as bytes."""
    return _packed(proven_document(msgspec.json.decode(openapi_document().body, type=dict)))


def _packed(document: Object) -> Packaged:
    body = msgspec.json.encode(document)
    return Packaged(body, "application/json", etag_of(body))


def public_bundle(document: Mapping[str, Json], server: str) -> Object:
    """Returns the bundle of a whole document, for an API at `server`."""
    bundle = _with_operations(document, lambda operation: set(map(str, list_of(operation.get("tags")))) <= set(TAGS))
    return {
        **bundle,
        "servers": [{"url": server, "description": "The API."}],
        "tags": [tag for name in TAGS for tag in list_of(document.get("tags")) if object_of(tag).get("name") == name],
    }


def proven_document(document: Mapping[str, Json]) -> Object:
    """Returns a document without what is only inferred: operations, and parts that are marked as absent."""
    return _with_operations(object_of(_proven(document, document)), lambda operation: operation.get("x-evidence") != "inferred")


def _proven(part: Json | Mapping[str, Json], document: Mapping[str, Json]) -> Json:
    """Returns a part of a document without the properties, headers and answers that a strict server has not."""
    if isinstance(part, list):
        return [_proven(inner, document) for inner in part]
    if not isinstance(part, Mapping):
        return part
    gone = {name for section in _SECTIONS for name, inner in object_of(part.get(section)).items() if _is_absent(inner, document)}
    kept = {
        name: {key: value for key, value in inner.items() if key not in gone} if name in _SECTIONS and isinstance(inner, dict) else inner
        for name, inner in part.items()
    }
    if gone & set(object_of(part.get("properties"))):
        kept = object_of(_without_names(kept, gone))
    return {name: _proven(inner, document) for name, inner in kept.items()}


def _without_names(schema: Json, gone: set[str]) -> Json:
    """Returns a schema without the alternatives that require a property that is gone, and without examples that have it."""
    if not isinstance(schema, dict):
        return schema
    kept = {**schema}
    for name in ("allOf", "anyOf", "oneOf"):
        if name in schema:
            kept[name] = [
                _without_names(part, gone) for part in list_of(schema[name]) if not gone & set(list_of(object_of(part).get("required")))
            ]
    if "examples" in schema:
        kept["examples"] = [example for example in list_of(schema["examples"]) if not gone & set(object_of(example))]
    return kept


def _is_absent(part: Json, document: Mapping[str, Json]) -> bool:
    reference = object_of(part).get("$ref")
    if not isinstance(reference, str):
        return object_of(part).get("x-strict") == "absent"
    _, _, section, name = reference.split("/", 3)
    return "absent" in (
        object_of(part).get("x-strict"),
        object_of(object_of(object_of(document["components"])[section])[name]).get("x-strict"),
    )


def _with_operations(document: Mapping[str, Json], keeps: Callable[[Object], bool]) -> Object:
    """Returns a document with some of its operations, and with the components and links of these."""
    paths = _kept(object_of(document["paths"]), keeps)
    webhooks = _kept(object_of(document.get("webhooks")), keeps)
    known = {str(operation.get("operationId")) for item in paths.values() for _, operation in _operations(object_of(item))}
    part: Object = {**document, "paths": _without_links(paths, known), "webhooks": _without_links(webhooks, known)}
    part["components"] = _components(part, object_of(document["components"]), known)
    return part


def _kept(items: Object, keeps: Callable[[Object], bool]) -> Object:
    """Returns the path items that keep an operation, each with those alone."""
    kept: Object = {}
    for path, item in items.items():
        parts = object_of(item)
        gone = {method for method, operation in _operations(parts) if not keeps(operation)}
        if any(method not in gone for method, _ in _operations(parts)):
            kept[path] = {name: part for name, part in parts.items() if name not in gone}
    return kept


def _operations(item: Object) -> Iterator[tuple[str, Object]]:
    return ((name, object_of(part)) for name, part in item.items() if name in METHODS)


def _without_links(part: Json, known: set[str]) -> Json:
    """Returns a part of a document without the links to operations that are not in it."""
    if isinstance(part, list):
        return [_without_links(inner, known) for inner in part]
    if not isinstance(part, dict):
        return part
    whole = {name: _without_links(inner, known) for name, inner in part.items()}
    links = whole.get("links")
    if isinstance(links, dict):
        left = {name: link for name, link in links.items() if object_of(link).get("operationId") in (None, *known)}
        whole = {**whole, "links": left} if left else {name: inner for name, inner in whole.items() if name != "links"}
    return whole


def _components(bundle: Object, components: Object, known: set[str]) -> Object:
    """Returns the components that the operations reach, in the order of the whole document."""
    reached: set[tuple[str, str]] = set()
    left = [*_references({name: bundle[name] for name in ("paths", "webhooks")})]
    while left:
        place = left.pop()
        section, name = place
        if place not in reached:
            reached.add(place)
            left += _references(_without_links(object_of(components.get(section)).get(name), known))
    kept: Object = {"securitySchemes": components["securitySchemes"]} if "securitySchemes" in components else {}
    for section, parts in components.items():
        found = {name: _without_links(part, known) for name, part in object_of(parts).items() if (section, name) in reached}
        if found:
            kept[section] = found
    return kept


def _references(part: Json) -> Iterator[tuple[str, str]]:
    for inner in parts_of(part):
        reference = object_of(inner).get("$ref")
        if isinstance(reference, str) and reference.startswith("#/components/"):
            section, _, name = reference.removeprefix("#/components/").partition("/")
            yield section, name

"""Encoding drifts: in what two documents differ in how the fields of a form, or the parts of a multipart body, are written.

What a document leaves out is what OpenAPI says in its place, so that one that writes it out says nothing new.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from runflow_mock.domain.documents import object_of
from runflow_mock.kit.drift.drifts import Found
from runflow_mock.kit.drift.schema_forms import DEPTH_MAX
from runflow_mock.openapi.contracts import Contract, Object
from runflow_mock.openapi.media_types import FORM, chosen, read_media_type
from runflow_mock.openapi.parameters import Parameter, Style, read_parameter
from runflow_mock.openapi.pointers import Pointer

_JSON, _TEXT, _BYTES = "application/json", "text/plain", "application/octet-stream"


def has_encodings(media_type: str) -> bool:
    """Tells whether `encoding` means something beside a media type."""
    return media_type == FORM or media_type.startswith("multipart/")


def style_drifts(old: Contract, was: Parameter, new: Contract, now: Parameter) -> Iterator[Found]:
    """Yields how a list or an object is written otherwise as a parameter, or as a field of a form; a text as well where it is JSON."""
    # A text alone is written in the same way by all styles of a query, a header or a cookie, and a number in JSON too.
    if not any(wanted.is_list or wanted.is_object for wanted in (old.wanted(was), new.wanted(now))) and not (
        _is_json(was) is not _is_json(now) and "string" in old.types(was.schema) & new.types(now.schema)
    ):
        return
    before, after = map(_written, (was, now))
    if before != after:
        yield Found("style-changed", (), f"{before} before, {after} now")


def emptiness_drifts(old: Contract, was: Parameter, new: Contract, now: Parameter) -> Iterator[Found]:
    """Yields that a parameter of a query may no longer be there without a value, or may now, where its schema does not say so by itself."""
    takes = [
        parameter.place == "query" and (parameter.may_be_empty or contract.allows(parameter.schema, ""))
        for contract, parameter in ((old, was), (new, now))
    ]
    if was.may_be_empty is not now.may_be_empty and takes[0] is not takes[1]:
        yield Found("limit-tightened" if takes[0] else "limit-loosened", (), f"a name without a value is {'not ' * takes[0]}taken now")


def _is_json(parameter: Parameter) -> bool:
    return parameter.style is Style.CONTENT and read_media_type(parameter.media_type).is_json


def _written(parameter: Parameter) -> str:
    if parameter.style is Style.CONTENT:
        return read_media_type(parameter.media_type).spelled
    return f"{parameter.style}{'' if parameter.explodes else ', explode: false'}"


def encoding_drifts(old: Contract, was: Pointer, new: Contract, now: Pointer) -> Iterator[Found]:
    """Yields the fields that both sides have and that are written otherwise, given the ways to the schemas of two forms."""
    fields, others = _fields(old, was), _fields(new, now)
    for name in (each for each in fields if each in others):
        encodings = _encoding(old, was, name), _encoding(new, now, name)
        known, other = (_parameter(part, way) for part, way in zip(encodings, (fields[name], others[name]), strict=True))
        found = list(style_drifts(old, known, new, other))
        if not found and any("contentType" in encoding for encoding in encodings):
            types = (_content_types(*each) for each in zip((old, new), encodings, (fields[name], others[name]), strict=True))
            found = list(_of_content_types(*types))
        yield from (each._replace(where=(name,)) for each in found)


def _fields(contract: Contract, schema: Pointer) -> dict[str, Pointer]:
    ways = contract.ways(schema) if schema else ()
    return {name: (*way, "properties", name) for way in reversed(ways) for name in object_of(contract.at(way).get("properties"))}


def _encoding(contract: Contract, schema: Pointer, name: str) -> Object:
    return object_of(object_of(contract.at(schema[:-1]).get("encoding")).get(name))


def _parameter(encoding: Object, schema: Pointer) -> Parameter:
    """Returns the parameter of a query as which a field of a form is written."""
    said: Object = {"name": schema[-1], "in": "query", **{word: encoding[word] for word in encoding if word in ("style", "explode")}}
    return replace(read_parameter(said, ()), schema=schema)


def _of_content_types(old: frozenset[str], new: frozenset[str]) -> Iterator[Found]:
    """Yields how the content types of a field have moved, of which ranges cover others."""
    gone, come = (any(chosen(others, read_media_type(each)) is None for each in types) for types, others in ((old, new), (new, old)))
    change = "style-changed" if gone and come else "content-narrowed" if gone else "content-added"
    if gone or come:
        before, after = (", ".join(sorted(types))[:80] for types in (old, new))
        yield Found(change, (), f"contentType: {before} before, {after} now")


def _content_types(contract: Contract, encoding: Object, schema: Pointer) -> frozenset[str]:
    """Returns the content types that a field may have, each in its one spelling; the usual one of its type where none is named."""
    said = encoding.get("contentType")
    if not isinstance(said, str):
        return frozenset({_usual_type(contract, schema)})
    return frozenset(read_media_type(each).spelled for each in said.split(",") if each.strip())


def _usual_type(contract: Contract, schema: Pointer) -> str:
    way, part = contract.follow(schema)
    # A list is written item by item; one whose items are lists of the same kind has no end.
    for _ in range(DEPTH_MAX):
        if contract.types(way) - {"null"} != {"array"} or "items" not in part:
            break
        way, part = contract.follow((*way, "items"))
    types = contract.types(way) - {"null"}
    if types == {"object"}:
        return _JSON
    return _BYTES if types & {"array", "object"} or part.get("format") == "binary" or "contentEncoding" in part else _TEXT

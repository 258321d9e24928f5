"""Rules: what the contract demands of a request, for each of them one that breaks it and nothing else, and one that just keeps a bound."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from itertools import islice
from typing import Any
from urllib.parse import quote

import msgspec

from runflow_mock.domain.documents import list_of
from runflow_mock.kit.suite.memories import packaged_walk
from runflow_mock.kit.suite.requests import Request
from runflow_mock.kit.suite.schema_walks import Way
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.openapi.directions import Direction
from runflow_mock.openapi.parameters import ANYTHING, Parameter
from runflow_mock.openapi.pointers import Pointer
from runflow_mock.openapi.values import value_of

# Too long a list is only made where it can still be sent at once.
ITEMS_MAX = 1_000
LENGTH_MAX = 70_000
DEPTH_MAX = 4
BYTES = "x-max-bytes"
# How a server writes a value that it counts the bytes of is its own.
SPACE = 64
# Values that look right and are not; of each rule those are sent that its schema refuses.
NEAR_MISSES = ("http://app.example/hooks/runflow", "ftp://app.example/hook", "nonsense", "", "-1", " ", "a b", "\u00e9")
# Right values of every kind; of each property the first is sent that its schema allows.
OTHERS: tuple[Any, ...] = ("https://app.example/hooks/other", "other", 7, True, {"suite": "other"}, [{"suite": "other"}], ["other"])
TYPED: tuple[Any, ...] = ("text", 12345, 1.5, True, [1], {"a": 1})
KINDS: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}
# What is cut out of a header or path before it is looked at, or decides where the request goes.
LEFT_OUT = frozenset(("Idempotency-Key", "pq", "embed"))


class Breakage(msgspec.Struct, frozen=True):
    """A request that breaks one rule: the rule, where it stands, where a refusal must point, and what is sent."""

    rule: str
    place: str
    loc: Way
    path: str
    body: Any
    headers: Mapping[str, str] = {}


class Brim(msgspec.Struct, frozen=True):
    """A request that goes to a bound and not beyond it: the rule, the property, and what is sent."""

    rule: str
    name: str
    body: Any


class Liberty(msgspec.Struct, frozen=True):
    """What a request may do with a property of its body: do without it, send null, or another of the values that are listed."""

    place: Way
    value: Any = msgspec.UNSET

    def __str__(self) -> str:
        says = "left out" if self.value is msgspec.UNSET else str(msgspec.json.encode(self.value), "utf-8")
        return f"{'/'.join(map(str, self.place))} may be {says}"


class Variation(msgspec.Struct, frozen=True):
    """A request with another right value for one property of its body: its name, and what is sent."""

    name: str
    body: Any


class Rule(msgspec.Struct, frozen=True):
    """One demand on a value, and values that do not meet it."""

    name: str
    wrong: tuple[Any, ...]


def breakages(request: Request, *, is_strict: bool = False) -> Iterator[Breakage]:
    """Returns a breakage for every rule of a request that can be broken by itself; a strict server does not read what is only inferred."""
    for parameter in request.operation.parameters:
        if parameter.name not in LEFT_OUT and parameter.schema != ANYTHING:
            yield from _of_parameter(request, parameter)
    pointer = request.operation.body.get("application/json")
    if pointer is not None and isinstance(request.body, dict):
        yield Breakage("type", "body", ("body",), request.path, [1])
        for breakage in _of_object(request, pointer, (), DEPTH_MAX):
            if not (is_strict and _is_absent(pointer, breakage.loc)):
                yield breakage


def brims(request: Request, *, is_strict: bool = False) -> Iterator[Brim]:
    """Returns for each bound of a request's body the same request with the most or the least that the bound allows."""
    pointer = request.operation.body.get("application/json")
    if pointer is None or not isinstance(request.body, dict):
        return
    for name, inner in packaged_walk().described(pointer).properties.items():
        for rule, value in _at_the_bounds(name, inner, request.body.get(name)):
            if not (is_strict and _is_absent(pointer, ("body", name))):
                yield Brim(rule, name, {**request.body, name: value})


def liberties(request: Request) -> Iterator[Liberty]:
    """Returns what a request may do with each property of its body, at every depth."""
    pointer = request.operation.body.get("application/json")
    if pointer is None:
        return
    for liberty in _liberties(request.body, pointer, (), DEPTH_MAX):
        # What is optional by itself may be wanted beside something else.
        if packaged_contract().allows(pointer, with_liberty(request.body, liberty)):
            yield liberty


def with_liberty(body: Any, liberty: Liberty) -> Any:
    """Returns a body that takes a liberty."""
    return _changed(body, liberty.place, liberty.value)


def _liberties(value: Any, pointer: Pointer, way: Way, depth: int) -> Iterator[Liberty]:
    if isinstance(value, list) and value:
        items = packaged_walk().described(pointer).items
        # The last of several: who looks at the first alone takes it.
        yield from () if items is None else _liberties(value[-1], items, (*way, len(value) - 1), depth)
    if not isinstance(value, dict) or depth == 0:
        return
    for name, inner in packaged_walk().described(pointer).properties.items():
        if name not in value:
            continue
        place = (*way, name)
        if name not in required_of(pointer):
            yield Liberty(place)
        listed = list_of(packaged_contract().follow(inner)[1].get("enum"))
        yield from (Liberty(place, each) for each in dict.fromkeys((None, *listed)) if packaged_contract().allows(inner, each))
        yield from _liberties(value[name], inner, place, depth - 1)


def variations(request: Request, *, is_strict: bool = False) -> Iterator[Variation]:
    """Returns for each property of a request's body the same request with another value that its schema allows, or without it.

    A server may fill in what a schema has as the default: a request with that value is the same as one without the property.
    """
    pointer = request.operation.body.get("application/json")
    if pointer is None or not isinstance(request.body, dict):
        return
    for name, inner in packaged_walk().described(pointer).properties.items():
        if is_strict and _is_absent(pointer, ("body", name)):
            continue
        default = packaged_contract().follow(inner)[1].get("default")
        sent = request.body.get(name, default)
        allowed = (value for value in OTHERS if value != sent and packaged_contract().allows(inner, value))
        for value in islice(allowed, 1):
            yield Variation(name, {**request.body, name: value})
        if name in request.body and name not in required_of(pointer) and (default is None or sent != default):
            yield Variation(name, {each: value for each, value in request.body.items() if each != name})


def _at_the_bounds(name: str, pointer: Pointer, sent: Any) -> Iterator[tuple[str, Any]]:
    schema: Mapping[str, Any] = packaged_contract().follow(pointer)[1]
    bounds: dict[str, Any] = {rule: schema[rule] for rule in ("minimum", "maximum") if rule in schema}
    if "maxLength" in schema and schema["maxLength"] < LENGTH_MAX:
        if not schema.keys() & {"pattern", "format", "enum"}:
            # Texts of one letter, another one for each property: one may be made of the other, and must not be there twice.
            bounds["maxLength"] = name[0] * schema["maxLength"]
        elif isinstance(sent, str) and "://" in sent:
            bounds["maxLength"] = sent.ljust(schema["maxLength"], name[0])
    if "maxItems" in schema and schema["maxItems"] < ITEMS_MAX and isinstance(sent, list) and sent and not _is_named(sent[0]):
        bounds["maxItems"] = [sent[0]] * schema["maxItems"]
    if BYTES in schema:
        bounds[BYTES] = {"long": "a" * (schema[BYTES] - SPACE)}
    yield from ((rule, value) for rule, value in bounds.items() if packaged_contract().allows(pointer, value, Direction.ANSWER))


def _is_named(item: Any) -> bool:
    """Tells whether there can be one of its name only."""
    return isinstance(item, dict) and "name" in item


def _is_absent(pointer: Pointer, loc: Way) -> bool:
    """Tells whether the outermost property that a rule is about is one that a strict server has not."""
    described = packaged_walk().described(pointer).properties.get(str(loc[1])) if len(loc) > 1 else None
    return described is not None and packaged_contract().at(described).get("x-strict") == "absent"


def _of_parameter(request: Request, parameter: Parameter) -> Iterator[Breakage]:
    for rule in rules_of(parameter.schema):
        for value in rule.wrong:
            text = str(value).lower() if isinstance(value, bool) else value
            if not isinstance(text, str | int | float) or text in {"", " "}:
                continue
            if not _is_wrong_as_text(parameter, str(text)):
                continue
            loc: Way = (parameter.place, parameter.name)
            if parameter.place == "query":
                yield Breakage(rule.name, "query", loc, f"{request.path}?{parameter.name}={quote(str(text), safe='')}", request.body)
            elif parameter.place == "header" and str(text).isascii():
                yield Breakage(rule.name, "header", loc, request.path, request.body, {parameter.name: str(text)})


def _is_wrong_as_text(parameter: Parameter, text: str) -> bool:
    """A parameter travels as text: it is wrong if none of its types reads it."""
    contract = packaged_contract()
    types = contract.types(parameter.schema)
    if "boolean" in types and text in {"true", "false", "1", "0"}:
        return False
    return not contract.allows(parameter.schema, value_of(contract, parameter.schema, [text]))


def _of_object(request: Request, pointer: Pointer, way: Way, depth: int) -> Iterator[Breakage]:
    """The rules of the properties of an object in the body, and of what lies in them."""
    value = _at(request.body, way)
    if not isinstance(value, dict) or depth == 0:
        return
    for name in required_of(pointer):
        if name in value:
            yield _without(request, (*way, name))
    for name, inner in packaged_walk().described(pointer).properties.items():
        place = (*way, name)
        for rule in rules_of(inner):
            for wrong in rule.wrong:
                yield _with(request, rule.name, place, wrong)
        part = value.get(name)
        items = packaged_walk().described(inner).items
        if isinstance(part, dict):
            yield from _of_object(request, inner, place, depth - 1)
        elif isinstance(part, list) and part:
            yield from _of_list(request, inner, place, part)
            if items is not None:
                # In the last of several, so that a refusal that always points at the first is found.
                last = (*place, len(part) - 1)
                yield from (_with(request, rule.name, last, wrong) for rule in rules_of(items) for wrong in rule.wrong)
                yield from _of_object(request, items, last, depth - 1)


def _of_list(request: Request, pointer: Pointer, way: Way, part: list[Any]) -> Iterator[Breakage]:
    _, schema = packaged_contract().follow(pointer)
    most = schema.get("maxItems")
    if isinstance(most, int) and most < ITEMS_MAX:
        yield _with(request, "maxItems", way, [part[0]] * (most + 1))
    if isinstance(schema.get("minItems"), int) and schema["minItems"]:
        yield _with(request, "minItems", way, [])


@cache
def required_of(pointer: Pointer) -> tuple[str, ...]:
    """Returns the properties that an object must have, whatever else it holds."""
    pointer, schema = packaged_contract().follow(pointer)
    required = schema.get("required")
    found = [str(name) for name in required] if isinstance(required, list) else []
    parts = schema.get("allOf")
    for index in range(len(parts) if isinstance(parts, list) else 0):
        found += required_of((*pointer, "allOf", str(index)))
    return tuple(dict.fromkeys(found))


@cache
def rules_of(pointer: Pointer) -> tuple[Rule, ...]:
    """Returns the rules of a value with values that break them; each is refused by the whole schema, so that no alternative takes it."""
    _, schema = packaged_contract().follow(pointer)
    found = [
        Rule(name, tuple(value for value in wrong if not packaged_contract().allows(pointer, value, Direction.ANSWER))[:3])
        for name, wrong in _candidates(schema)
    ]
    most = schema.get(BYTES)
    if isinstance(most, int):
        # No validator knows it.
        found.append(Rule(BYTES, ({"long": "a" * most},)))
    return tuple(rule for rule in found if rule.wrong)


def _candidates(schema: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    types = schema.get("type")
    if types is None and "enum" not in schema and "anyOf" not in schema:
        return
    named = {types} if isinstance(types, str) else set(types or ())
    yield "type", tuple(value for value in (*TYPED, None) if not _is_of(value, named))
    if "enum" in schema or "const" in schema:
        yield "enum", ("nonsense",)
    for name, step in (("minimum", -1), ("maximum", 1)):
        if isinstance(schema.get(name), int | float):
            yield name, (schema[name] + step,)
    if isinstance(schema.get("minLength"), int) and schema["minLength"]:
        yield "minLength", ("",)
    if isinstance(schema.get("maxLength"), int) and schema["maxLength"] < LENGTH_MAX:
        start = "https://app.example/" if "pattern" in schema else ""
        yield "maxLength", (start + "a" * (schema["maxLength"] + 1 - len(start)),)
    if "pattern" in schema:
        yield "pattern", NEAR_MISSES
    if schema.get("format") in {"uuid", "date-time"}:
        yield "format", ("nonsense", "2026-13-01T00:00:00Z", "019b76da-a800-7000-8000")


def _is_of(value: Any, types: set[str]) -> bool:
    if value is None:
        return "null" in types
    if isinstance(value, bool):
        return "boolean" in types
    return any(isinstance(value, KINDS[name]) for name in types if name in KINDS and name != "boolean")


def _at(body: Any, way: Way) -> Any:
    for step in way:
        body = body[step]
    return body


def _with(request: Request, rule: str, way: Way, value: Any) -> Breakage:
    return Breakage(rule, "body", ("body", *way), request.path, _changed(request.body, way, value))


def _without(request: Request, way: Way) -> Breakage:
    return _with(request, "required", way, msgspec.UNSET)


def _changed(body: Any, way: Way, value: Any) -> Any:
    """Returns a body with another value at a place, or without what stands there."""
    body = deepcopy(body)
    holder = _at(body, way[:-1])
    if value is msgspec.UNSET:
        del holder[way[-1]]
    else:
        holder[way[-1]] = value
    return body

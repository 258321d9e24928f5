"""Overlays: an OpenAPI document narrowed to what exists, so that generated requests reach the operations and not only their refusals.

A path parameter takes the values that stand in known paths: nothing else gets past a 404, and ids with slashes could not be generated at
all. Filters, orders and fields take values from a small vocabulary, inputs those of a model that is known. Nothing about answers is
changed: they are judged by the document as it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any, cast
from urllib.parse import unquote

from runflow_mock.domain.identity import is_uuid
from runflow_mock.kit.suite.seeds import ABSENT, MODELS
from runflow_mock.openapi.contracts import Contract
from runflow_mock.openapi.parts import METHODS
from runflow_mock.openapi.pointers import pointer_of, walk

VALUES_MAX = 12
INLINED_MAX = 8
# Belongs to the account, and a rule of its own asks for it.
LEFT_OUT = ("X-Organization-Id",)
# Under a key that was used before, a creation answers with what it made then, which may long have changed or gone.
OLD_ANSWERS = ("Idempotency-Key",)
# Names of relations and cursors differ from list to list: what a document gives as an example fits few.
UNGUESSABLE = ("embed", "pq")
# What a generator cannot guess and every list takes; the rest of the grammar has tests of its own.
WORDS: Mapping[str, tuple[str, ...]] = {
    "q": (f"id.EQ:'{ABSENT}'", f"NOT id:'{ABSENT}'", ""),
    "sort_by": ("", "id", "id:desc"),
    "fields": ("", "id"),
}
# Image addresses as the API takes them.
MODEL_INPUT: dict[str, Any] = {
    "type": "object",
    "required": ["image_url"],
    "properties": {"image_url": {"type": "string", "pattern": "^(https?://|data:)"}},
}
WORKFLOW_INPUT: dict[str, Any] = {
    "type": "object",
    "required": ["primary_design_ref"],
    "properties": {"primary_design_ref": {"type": "string", "pattern": "^(https?://|data:)"}},
}


def narrowed(document: Mapping[str, Any], paths: Iterable[str], *, without: Sequence[str] = ()) -> dict[str, Any]:
    """Returns a copy of a document in which parameters take values that exist; `without` names some that are not to be sent at all."""
    copy = cast("dict[str, Any]", deepcopy(document))
    contract = Contract(copy)
    known = _known_values(contract, paths)
    for path, item in copy["paths"].items():
        shared = item.pop("parameters", [])
        for method in METHODS:
            if method in item:
                own = item[method].get("parameters", [])
                item[method]["parameters"] = _parameters(copy, (*shared, *own), known.get(path, {}), (*LEFT_OUT, *without))
                _narrow_body(copy, item[method], path)
    return copy


def _known_values(contract: Contract, paths: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """The values of each parameter of each path, by the paths at which something stands."""
    known: dict[str, dict[str, list[str]]] = {}
    for path in paths:
        addressed = contract.address(path)
        if addressed is None:
            continue
        for name, value in addressed.params.items():
            values = known.setdefault(addressed.path, {}).setdefault(name, [])
            if unquote(value) not in values and len(values) < VALUES_MAX:
                values.append(unquote(value))
    return known


def _parameters(document: dict[str, Any], parameters: Iterable[Any], known: Mapping[str, list[str]], left_out: Sequence[str]) -> list[Any]:
    narrow = []
    for given in parameters:
        parameter = _resolved(document, given)
        name = parameter["name"]
        if name in left_out:
            continue
        values = known.get(name) if parameter["in"] == "path" else None
        words = WORDS.get(name) if parameter["in"] == "query" else None
        if values or words:
            bare = {key: value for key, value in parameter.items() if key not in ("schema", "example", "examples")}
            absent = [ABSENT] if values and is_uuid(values[0].lower()) else []
            # The first values are those of one path together: there is always a request that finds something.
            example = {"example": values[0]} if values else {}
            parameter = {**bare, **example, "schema": {"type": "string", "enum": [*(values or words or ()), *absent]}}
        elif name in UNGUESSABLE and parameter["in"] == "query":
            parameter = {**{key: value for key, value in parameter.items() if key != "examples"}, "example": ""}
        narrow.append(parameter)
    return narrow


def _narrow_body(document: dict[str, Any], operation: dict[str, Any], path: str) -> None:
    """Makes inputs of models such as a model takes; examples with other inputs go."""
    if not path.endswith(("/runs", "/batches")) or "requestBody" not in operation:
        return
    body = deepcopy(_resolved(document, operation["requestBody"]))
    for media in body["content"].values():
        media["schema"] = _with_inputs(document, media["schema"], WORKFLOW_INPUT if "workflow" in path else MODEL_INPUT)
        media.pop("examples", None)
        media.pop("example", None)
    operation["requestBody"] = body


def _with_inputs(document: dict[str, Any], schema: Any, inputs: dict[str, Any], depth: int = INLINED_MAX) -> Any:
    """A schema with its references written out, `input` narrowed wherever it stands, and model names to those that are known."""
    if isinstance(schema, list):
        return [_with_inputs(document, part, inputs, depth) for part in schema]
    if not isinstance(schema, dict) or depth == 0:
        return schema
    if "$ref" in schema:
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return _with_inputs(document, {**_resolved(document, schema), **rest}, inputs, depth - 1)
    plain = {key: value for key, value in schema.items() if key not in ("example", "examples", "default")}
    if "properties" in plain:
        plain["properties"] = {name: _property(document, name, part, inputs, depth) for name, part in plain["properties"].items()}
    nested = ("allOf", "anyOf", "oneOf")
    return {key: _with_inputs(document, part, inputs, depth - 1) if key in nested else part for key, part in plain.items()}


def _property(document: dict[str, Any], name: str, schema: Any, inputs: dict[str, Any], depth: int) -> Any:
    plain = _resolved(document, schema)
    if name in ("model", "model_id"):
        return {"type": "string", "enum": list(MODELS)}
    if name == "input" and plain.get("type") == "array":
        return {**plain, "items": inputs}
    if name == "input":
        return inputs
    if name == "items" and plain.get("type") == "array":
        return {**plain, "items": _with_inputs(document, plain["items"], inputs, depth - 1)}
    return schema


def _resolved(document: dict[str, Any], part: Any) -> dict[str, Any]:
    while isinstance(part, dict) and "$ref" in part:
        part = walk(document, pointer_of(part["$ref"]))
    return cast("dict[str, Any]", part)

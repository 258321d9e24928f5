"""Holds answers against the contract: status, headers and body must be what `contracts/openapi.json` declares for the operation."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, cast

import httpx
import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

DOCUMENT = Path(__file__).resolve().parent.parent.parent / "contracts" / "openapi.json"
METHODS = ("get", "post", "put", "patch", "delete")


class Declared(NamedTuple):
    """One operation of the contract."""

    id: str
    method: str
    path: str
    evidence: str
    statuses: tuple[int, ...]
    is_public: bool
    takes_body: bool


@cache
def document() -> dict[str, Any]:
    """The contract."""
    return cast(dict[str, Any], json.loads(DOCUMENT.read_bytes()))


@cache
def operations() -> dict[str, Declared]:
    """Every operation of the contract by its id."""
    found = ((path, method, item[method]) for path, item in document()["paths"].items() for method in METHODS if method in item)
    return {
        stated["operationId"]: Declared(
            id=stated["operationId"],
            method=method.upper(),
            path=path,
            evidence=stated["x-evidence"],
            statuses=tuple(map(int, stated["responses"])),
            is_public="security" in stated,
            takes_body="requestBody" in stated,
        )
        for path, method, stated in found
    }


def fits(response: httpx.Response, operation_id: str) -> httpx.Response:
    """The answer, which must be as the contract says for this operation and the status it has."""
    found = violations(operation_id, response.status_code, response.headers, response.content)
    assert not found, found[:3]
    return response


def violations(operation_id: str, status: int, headers: Mapping[str, str], body: bytes, *, is_head: bool = False) -> list[str]:
    """What in an answer is not as the contract says; names of headers are in lower case."""
    stated = _response(operation_id, status)
    if stated is None:
        return [f"status {status} is not declared"]
    wrong = []
    for name, validator, is_required in _headers(operation_id, status):
        text = headers.get(name.lower())
        if text is None:
            wrong += [f"header {name} is missing"] if is_required else []
        elif not validator.is_valid(int(text) if text.isdigit() else text):
            wrong.append(f"header {name} is {text!r}")
    if "content" not in stated:
        return [*wrong, f"a body of {len(body)} bytes where none is declared"] if body else wrong
    media_type = headers.get("content-type", "").partition(";")[0]
    if media_type not in stated["content"]:
        return [*wrong, f"content type {media_type!r} is not declared"]
    if media_type != "application/json" or is_head:
        return wrong
    errors = _validator(operation_id, status).iter_errors(json.loads(body))
    return [*wrong, *(f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in errors)]


@cache
def _response(operation_id: str, status: int) -> dict[str, Any] | None:
    declared = operations()[operation_id]
    stated = document()["paths"][declared.path][declared.method.lower()]["responses"].get(str(status))
    return None if stated is None else _resolved(stated)


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    section, name = node["$ref"].split("/")[2:]
    return cast(dict[str, Any], document()["components"][section][name])


@cache
def _headers(operation_id: str, status: int) -> list[tuple[str, jsonschema.Draft202012Validator, bool]]:
    stated = _response(operation_id, status) or {}
    resolved = {name: _resolved(header) for name, header in stated.get("headers", {}).items()}
    return [(name, _validator_of(header["schema"]), header.get("required", False)) for name, header in resolved.items()]


@cache
def _validator(operation_id: str, status: int) -> jsonschema.Draft202012Validator:
    stated = _response(operation_id, status)
    assert stated is not None
    return _validator_of(stated["content"]["application/json"]["schema"])


def _validator_of(schema: Any) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(_inlined(schema), registry=_registry(), format_checker=jsonschema.FormatChecker())


@cache
def _registry() -> "Registry[Any]":
    contract: Resource[Any] = DRAFT202012.create_resource({**document(), "$id": "urn:contract"})
    return cast("Registry[Any]", Registry().with_resource("urn:contract", contract))


def _inlined(schema: Any, through: tuple[str, ...] = ()) -> Any:
    """A schema with what its references lead to in their places: to look each up for each value would be a third of the time."""
    if isinstance(schema, list):
        return [_inlined(part, through) for part in schema]
    if not isinstance(schema, dict):
        return schema
    rest = {key: _inlined(part, through) for key, part in schema.items() if key != "$ref"}
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return rest if reference is None else {**rest, "$ref": _inlined(reference, through)}
    if reference in through:
        # What leads back to itself has no end.
        return {**rest, "$ref": f"urn:contract{reference}"}
    led_to = _inlined(_resolved(schema), (*through, reference))
    return {**rest, "allOf": [led_to, *rest.get("allOf", ())]} if rest else led_to

"""The document that Prism serves: creating and reading a run, with the schemas of the contract and one example.

It is small on purpose: with all operations of the contract it is slower, and it does not find a model whose id has a slash in it.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from benchmarks.servers import ROOT

CONTRACT = ROOT / "contracts" / "openapi.json"
CALLED_BACK = "/called-back"


def document(sample: bytes) -> bytes:
    """Returns the document, with a run as example."""
    contract = msgspec.json.decode(CONTRACT.read_bytes())
    schema = {"$ref": "#/components/schemas/ModelRunCreate"}
    create = {
        **_operation("create_run", ("owner", "slug"), "201", msgspec.json.decode(sample)),
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
    }
    paths = {
        "/v1/models/{owner}/{slug}/runs": {"post": create},
        CALLED_BACK: {"post": {**create, "operationId": "create_called_back", "parameters": [], "callbacks": _callbacks()}},
        "/v1/runs/{id}": {"get": _operation("get_run", ("id",), "200", msgspec.json.decode(sample))},
    }
    schemas = _reachable(contract, paths)
    info = {"title": "Runs", "version": "1"}
    return msgspec.json.encode({"openapi": "3.1.0", "info": info, "paths": paths, "components": {"schemas": schemas}})


def _operation(name: str, parameters: tuple[str, ...], status: str, run: object) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Run"}, "example": run}}
    return {
        "operationId": name,
        "parameters": [{"name": each, "in": "path", "required": True, "schema": {"type": "string"}} for each in parameters],
        "responses": {status: {"description": "The run.", "content": content}},
    }


def _callbacks() -> dict[str, Any]:
    body = {"content": {"application/json": {"schema": {"type": "object"}, "example": {"id": "1"}}}}
    call = {"requestBody": body, "responses": {"200": {"description": "Taken."}}}
    return {"run_finished": {"{$request.body#/callback_url}": {"post": call}}}


def _reachable(contract: Any, start: object) -> dict[str, Any]:
    found: dict[str, Any] = {}
    waiting = list(_references(start))
    while waiting:
        name = waiting.pop().rpartition("/")[2]
        if name not in found:
            found[name] = contract["components"]["schemas"][name]
            waiting += _references(found[name])
    return found


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            yield reference
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _references(part)

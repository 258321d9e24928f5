"""Holds answers against the contract: each must fit the schema that `contracts/openapi.json` declares for its operation and status."""

import json
from functools import cache
from pathlib import Path
from typing import Any, cast

import httpx
import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

DOCUMENT = Path(__file__).resolve().parent.parent.parent / "contracts" / "openapi.json"


@cache
def document() -> dict[str, Any]:
    """The contract."""
    return cast(dict[str, Any], json.loads(DOCUMENT.read_bytes()))


def fits(response: httpx.Response, operation_id: str) -> httpx.Response:
    """The answer, which must be as the contract says for this operation and the status it has."""
    validator = _validator(operation_id, response.status_code)
    if validator is None:
        assert response.content == b""
        return response
    errors = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(response.json())]
    assert not errors, errors[:3]
    return response


@cache
def _validator(operation_id: str, status: int) -> jsonschema.Draft202012Validator | None:
    operations = [item for path in document()["paths"].values() for item in path.values() if isinstance(item, dict)]
    operation = next(item for item in operations if item.get("operationId") == operation_id)
    response = operation["responses"][str(status)]
    if "$ref" in response:
        response = document()["components"]["responses"][response["$ref"].rpartition("/")[2]]
    content = response.get("content")
    if content is None:
        return None
    contract: Resource[Any] = DRAFT202012.create_resource({**document(), "$id": "urn:contract"})
    schema = _anchored(content["application/json"]["schema"])
    return jsonschema.Draft202012Validator(
        schema, registry=Registry().with_resource("urn:contract", contract), format_checker=jsonschema.FormatChecker()
    )


def _anchored(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_anchored(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: f"urn:contract{part}" if key == "$ref" and part.startswith("#") else _anchored(part) for key, part in schema.items()}

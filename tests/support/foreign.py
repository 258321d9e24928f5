"""A document such as a user may have: paths of owner and slug, other names for operations and parameters, nothing of our extensions.

By it a run carries `weather`, which the fake's runs do not, and `metadata` may be anything.
"""

from typing import Any

_ERROR = {"description": "An error.", "content": {"application/json": {"schema": {"type": "object", "required": ["code"]}}}}
_KEY = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 255, "pattern": "^[!-~]*$"}}


def _named(name: str) -> dict[str, object]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _answers(status: str, schema: dict[str, object]) -> dict[str, object]:
    return {status: {"description": "Well.", "content": {"application/json": {"schema": schema}}}, "4XX": _ERROR}


OWN: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "What a user has", "version": "1"},
    "paths": {
        "/v1/models/{owner}/{slug}/runs": {
            "post": {
                "operationId": "startRun",
                "parameters": [_named("owner"), _named("slug"), _KEY],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {"type": "object", "required": ["input"], "properties": {"input": {"type": "object"}}}
                        }
                    },
                },
                "responses": _answers("201", {"type": "object", "required": ["id"]}),
            }
        },
        "/v1/runs/{run}": {
            "get": {
                "operationId": "readRun",
                "parameters": [_named("run")],
                "responses": _answers("200", {"type": "object", "required": ["id", "weather"]}),
            }
        },
    },
    "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    "security": [{"key": []}],
}

OWN_YAML = """\
openapi: 3.1.0
info: {title: What a user has, version: 2026-01-01}
servers: [{url: https://api.example.com/v1/}]
paths:
  /runs/{run}:
    $ref: '#/components/pathItems/Run'
  /models/{model}/runs:
    post:
      operationId: startRun
      requestBody:
        content:
          application/json:
            schema: {type: object, required: [input, client_ref]}
      responses:
        201:
          description: Well.
          content: {application/json: {schema: {$ref: '#/paths/~1runs~1%7Brun%7D/get/responses/200/content/application~1json/schema'}}}
components:
  pathItems:
    Run:
      get:
        operationId: readRun
        responses:
          200: {description: Well., content: {application/json: {schema: {type: object, required: [id]}}}}
"""
"""Another, in YAML: statuses are numbers, paths are below that of the server, and a model has one parameter that nothing marks."""

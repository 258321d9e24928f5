"""A document such as a user may have: paths of owner and slug, other names for operations and parameters, nothing of our extensions.

By it a run carries `weather`, which the fake's runs do not, and `metadata` may be anything.
"""

import json
from collections.abc import Mapping
from typing import Any

from runflow_mock.domain.documents import Json
from runflow_mock.openapi.contracts import Contract
from runflow_mock.openapi.foreign_documents import Foreign, in_our_form
from runflow_mock.openapi.references import SourceError
from runflow_mock.openapi.shapes import contract_of, known_shapes
from runflow_mock.openapi.texts import read_text

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


class Files:
    """Files beside a document, by name; each is given as text or as values."""

    def __init__(self, files: Mapping[str, Any] | None = None) -> None:
        self._files = files or {}

    def name_of(self, reference: str, base: str) -> str:
        """The name alone: all are in one folder."""
        return reference.removeprefix("./")

    def read(self, name: str) -> Json:
        """Its values."""
        if name not in self._files:
            raise SourceError(f"{name} cannot be read: there is none")
        found = self._files[name]
        # Read anew each time: what is read is edited in place.
        return read_text(found.encode() if isinstance(found, str) else json.dumps(found).encode())


def form_of(document: Any, name: str = "own.json", files: Mapping[str, Any] | None = None) -> Foreign:
    """A document, as text or as values, in our form."""
    return in_our_form(read_text(document.encode()) if isinstance(document, str) else document, name, Files(files), known=known_shapes())


def contract(document: Any, name: str = "own.json", files: Mapping[str, Any] | None = None) -> Contract:
    """A document, as text or as values, as what judges."""
    return contract_of(form_of(document, name, files), name)

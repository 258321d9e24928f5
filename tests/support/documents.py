"""A small OpenAPI document for tests of drift: an order is made and read, told about by callback and webhook."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from foreign import contract

from runflow_mock.kit.drift.document_drifts import DocumentComparison
from runflow_mock.kit.drift.drifts import Drift
from runflow_mock.openapi.contracts import Contract

Edit = Callable[[Any], object]


def content(name: str) -> dict[str, Any]:
    """A body that is one of the schemas."""
    return {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}


ORDER: dict[str, Any] = {
    "type": "object",
    "required": ["id", "state"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "state": {"enum": ["queued", "done"]},
        "note": {"type": ["string", "null"], "maxLength": 20, "description": "What was said."},
        "lines": {"type": "array", "maxItems": 5, "items": {"$ref": "#/components/schemas/Line"}},
    },
}
LINE: dict[str, Any] = {
    "type": "object",
    "required": ["sku"],
    "properties": {
        "sku": {"type": "string", "pattern": "^[a-z]+$"},
        "count": {"type": "integer", "minimum": 1, "default": 1},
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
    },
}
TOLD: dict[str, Any] = {"parameters": [{"$ref": "#/components/parameters/Signature"}], "requestBody": content("Told")}
PLAIN: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Orders", "version": "1"},
    "security": [{"key": []}],
    "servers": [{"url": "https://orders.example"}],
    "paths": {
        "/v1/models/{model_id}/orders": {
            "post": {
                "operationId": "create_order",
                "parameters": [
                    {"name": "model_id", "in": "path", "required": True, "schema": {"type": "string"}},
                    {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 255}},
                ],
                "requestBody": content("OrderCreate"),
                "responses": {
                    "201": {
                        "description": "The order.",
                        "headers": {"Retry-After": {"schema": {"type": "integer"}}},
                        **content("Order"),
                    },
                    "404": {"description": "There is none."},
                },
                "callbacks": {
                    "done": {
                        "{$request.body#/callback_url}": {
                            "post": {"parameters": [{"$ref": "#/components/parameters/Signature"}], "requestBody": content("Told")}
                        }
                    }
                },
            }
        },
        "/v1/orders/{order_id}": {
            "get": {
                "operationId": "read_order",
                "x-scopes": ["orders:read"],
                "parameters": [
                    {"name": "order_id", "in": "path", "required": True, "schema": {"type": "string"}},
                    {"name": "fields", "in": "query", "schema": {"type": "string"}},
                ],
                "responses": {"200": {"description": "It.", **content("Order")}},
            },
            "delete": {"operationId": "drop_order", "x-evidence": "inferred", "responses": {"204": {"description": "Gone."}}},
        },
    },
    "webhooks": {"order.done": {"post": {"requestBody": content("Told")}}},
    "components": {
        "parameters": {"Signature": {"name": "Signature", "in": "header", "schema": {"type": "string"}}},
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}, "session": {"type": "apiKey", "in": "cookie", "name": "sid"}},
        "schemas": {
            "Order": ORDER,
            "Line": LINE,
            "OrderCreate": {
                "type": "object",
                "required": ["lines"],
                "properties": {
                    "lines": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Line"}},
                    "speed": {"enum": ["slow", "fast"]},
                    "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    "target": {
                        "oneOf": [{"$ref": "#/components/schemas/Line"}, {"type": "object", "required": ["url"]}, {"type": "string"}]
                    },
                },
            },
            "Told": {"type": "object", "required": ["event"], "properties": {"event": {"enum": ["order.done"]}}},
        },
    },
}


def edited(*edits: Edit, document: dict[str, Any] = PLAIN) -> Contract:
    """The document after something was done to a copy of it."""
    copy = deepcopy(document)
    for edit in edits:
        edit(copy)
    return contract(copy, "newer.json")


def drifts(old: Contract, new: Contract) -> list[Drift]:
    """What moved from one to the other."""
    return list(DocumentComparison(old, new).drifts())

"""Differences planted singly in the document of `documents.py`: how each is made, which change it is, its grade, and where it is found."""

from collections.abc import Callable
from typing import Any

from documents import PLAIN, Edit

from runflow_mock.kit.drift.drifts import Grade, Side

ORDERS, ONE = "/v1/models/{model_id}/orders", "/v1/orders/{order_id}"
CREATE, READ, DROP = f"POST {ORDERS}", f"GET {ONE}", f"DELETE {ONE}"
BREAKING, RISKY, ADDITIVE = Grade
Place = tuple[str, Side, str]
OPERATION, ACCESS, REQUEST, RESPONSE, CALLBACK = Side.OPERATION, Side.ACCESS, Side.REQUEST, Side.RESPONSE, Side.CALLBACK


def create(document: Any) -> Any:
    return document["paths"][ORDERS]["post"]


def read(document: Any) -> Any:
    return document["paths"][ONE]["get"]


def schema(name: str, *fields: str) -> Callable[[Any], Any]:
    def find(document: Any) -> Any:
        found = document["components"]["schemas"][name]
        for field in fields:
            found = found["properties"][field]
        return found

    return find


def put(find: Callable[[Any], Any], **parts: Any) -> Edit:
    """Sets parts of what is found; a part of None is taken away."""

    def edit(document: Any) -> None:
        found = find(document)
        for name, part in parts.items():
            key = name.strip("_").replace("__", "-")
            if part is None:
                found.pop(key, None)
            else:
                found[key] = part

    return edit


def field(name: str, field_name: str, part: Any) -> Edit:
    """Sets a field of a schema; None takes it away."""

    def edit(document: Any) -> None:
        properties = schema(name)(document)["properties"]
        properties.pop(field_name, None)
        if part is not None:
            properties[field_name] = part

    return edit


def response(document: Any) -> Any:
    return create(document)["responses"]["201"]


def callback(document: Any) -> Any:
    """What a client is told when its order is done."""
    return create(document)["callbacks"]["done"][URL]["post"]


URL = "{$request.body#/callback_url}"
NEW = {"name": "X-New", "in": "header", "schema": {"type": "string"}}
LINES, SKU = ("OrderCreate", "lines"), ("Line", "sku")


def places(subject: str, side: Side) -> Callable[..., list[Place]]:
    return lambda *wheres: [(subject, side, where) for where in wheres]


def both(where: str) -> list[Place]:
    """The places of what an order is: both operations answer with one."""
    return [(CREATE, RESPONSE, f"201.{where}"), (READ, RESPONSE, f"200.{where}")]


sent, asked, told = places(CREATE, REQUEST), places(READ, REQUEST), places(CREATE, RESPONSE)
TARGETS = PLAIN["components"]["schemas"]["OrderCreate"]["properties"]["target"]["oneOf"]
# How it is planted, then the change, its grade, and the places where it must be found.
PLANTED: list[tuple[Edit, str, Grade, list[Place]]] = [
    (put(lambda d: d["paths"], **{ORDERS: None}), "operation-removed", BREAKING, [(CREATE, OPERATION, "")]),
    (put(lambda d: d["paths"][ONE], get=None), "operation-removed", BREAKING, [(READ, OPERATION, "")]),
    (put(lambda d: d["paths"][ONE], delete=None), "guess-removed", RISKY, [(DROP, OPERATION, "")]),
    (put(lambda d: d["paths"][ONE], put={"responses": {"200": {}}}), "operation-added", ADDITIVE, [(f"PUT {ONE}", OPERATION, "")]),
    (put(read, deprecated=True), "deprecated", RISKY, [(READ, OPERATION, "")]),
    (put(schema("OrderCreate"), required=["lines", "speed"]), "field-required", BREAKING, sent("body.speed")),
    (put(schema("OrderCreate"), required=[]), "field-optional", ADDITIVE, sent("body.lines")),
    (field("OrderCreate", "gift", {"type": "boolean"}), "field-added", ADDITIVE, sent("body.gift")),
    (field("OrderCreate", "note", None), "field-removed", RISKY, sent("body.note")),
    (put(schema("OrderCreate"), additionalProperties=False), "closed", BREAKING, sent("body")),
    (put(schema("OrderCreate", "speed"), enum=["slow"]), "value-removed", BREAKING, sent("body.speed")),
    (put(schema("OrderCreate", "speed"), enum=["slow", "fast", "now"]), "value-added", ADDITIVE, sent("body.speed")),
    (field("OrderCreate", "speed", {"type": "string"}), "values-free", ADDITIVE, sent("body.speed")),
    (put(schema("OrderCreate", "note"), enum=["a", None]), "values-listed", BREAKING, sent("body.note")),
    (field("OrderCreate", "note", {"type": "string"}), "null-refused", BREAKING, sent("body.note")),
    (field("OrderCreate", "note", {"type": ["integer", "null"]}), "type-changed", BREAKING, sent("body.note")),
    (field("OrderCreate", "note", {"type": ["string", "integer", "null"]}), "type-widened", ADDITIVE, sent("body.note")),
    (put(schema(*LINES), minItems=2), "limit-tightened", BREAKING, sent("body.lines")),
    (put(schema(*LINES), maxItems=9), "limit-tightened", BREAKING, sent("body.lines")),
    (put(schema(*LINES), minItems=None), "limit-loosened", ADDITIVE, sent("body.lines")),
    (put(schema("OrderCreate", "target"), oneOf=TARGETS[:2]), "form-removed", BREAKING, sent("body.target")),
    (put(schema("OrderCreate", "target"), oneOf=[*TARGETS, {"type": "array"}]), "form-added", ADDITIVE, sent("body.target")),
    (
        put(create, requestBody={"required": True, **PLAIN["paths"][ORDERS]["post"]["requestBody"]}),
        "body-required",
        BREAKING,
        sent("body"),
    ),
    (put(lambda d: create(d)["requestBody"]["content"], **{"text/csv": {}}), "content-added", ADDITIVE, sent("body")),
    (put(lambda d: read(d)["parameters"][1], required=True), "parameter-required", BREAKING, asked("query.fields")),
    (
        put(lambda d: create(d)["parameters"][1]["schema"], maxLength=9),
        "limit-tightened",
        BREAKING,
        sent("header.Idempotency-Key"),
    ),
    (lambda d: read(d)["parameters"].pop(), "parameter-removed", RISKY, asked("query.fields")),
    (lambda d: read(d)["parameters"].append({"name": "q", "in": "query"}), "parameter-added", ADDITIVE, asked("query.q")),
    (
        lambda d: read(d)["parameters"].append({"name": "q", "in": "query", "required": True}),
        "parameter-added-required",
        BREAKING,
        asked("query.q"),
    ),
    (put(lambda d: read(d)["parameters"][0]["schema"], format="uuid"), "format-added", RISKY, asked("path.order_id")),
    (
        put(schema("Order", "state"), enum=["queued", "done", "lost"]),
        "value-added",
        RISKY,
        both("body.state"),
    ),
    (
        put(schema("Order"), required=["id"]),
        "field-optional",
        RISKY,
        both("body.state"),
    ),
    (put(schema("Order"), additionalProperties=None), "opened", ADDITIVE, both("body")),
    (
        field("Order", "id", {"type": ["string", "null"], "format": "uuid"}),
        "null-possible",
        RISKY,
        both("body.id"),
    ),
    (field("Order", "note", None), "field-removed", RISKY, both("body.note")),
    (
        put(schema("Order", "note"), maxLength=99),
        "limit-loosened",
        RISKY,
        both("body.note"),
    ),
    (
        put(schema("Order", "id"), format=None),
        "format-removed",
        RISKY,
        both("body.id"),
    ),
    (
        put(schema("Order", "id"), format="uri"),
        "format-changed",
        RISKY,
        both("body.id"),
    ),
    (field("Order", "gift", {}), "field-added", ADDITIVE, both("body.gift")),
    (put(lambda d: create(d)["responses"], _201=None), "success-removed", BREAKING, told("201")),
    (put(lambda d: create(d)["responses"], _202={}), "success-added", RISKY, told("202")),
    (put(lambda d: create(d)["responses"], _404=None), "refusal-removed", RISKY, told("404")),
    (put(lambda d: create(d)["responses"], _402={}), "refusal-added", RISKY, told("402")),
    (put(response, headers={}), "header-removed", RISKY, told("201.headers.Retry-After")),
    (put(lambda d: response(d)["headers"], **{"X-New": {}}), "header-added", ADDITIVE, told("201.headers.X-New")),
    (put(response, content=None), "content-removed", BREAKING, told("201.body")),
    (
        put(schema("Told", "event"), enum=["order.done", "order.lost"]),
        "value-added",
        RISKY,
        [(CREATE, CALLBACK, "{$request.body#/callback_url}.body.event"), ("webhook order.done", CALLBACK, "body.event")],
    ),
    (put(callback, parameters=None), "header-removed", RISKY, [(CREATE, CALLBACK, f"{URL}.headers.Signature")]),
    (lambda d: callback(d)["parameters"].append(NEW), "header-added", ADDITIVE, [(CREATE, CALLBACK, f"{URL}.headers.X-New")]),
    (put(lambda d: d, webhooks=None), "callback-removed", BREAKING, [("webhook order.done", CALLBACK, "")]),
    (put(create, callbacks=None), "callback-removed", BREAKING, [(CREATE, CALLBACK, "{$request.body#/callback_url}")]),
    (put(lambda d: d["webhooks"], **{"order.lost": {"post": {}}}), "callback-added", ADDITIVE, [("webhook order.lost", CALLBACK, "")]),
    (put(read, security=[{"session": []}]), "security-tightened", BREAKING, [(READ, ACCESS, "")]),
    (put(read, security=[{"key": ["more"]}]), "security-tightened", BREAKING, [(READ, ACCESS, "")]),
    (put(read, security=[{"key": []}, {"session": []}]), "security-loosened", ADDITIVE, [(READ, ACCESS, "")]),
    (put(read, security=[]), "security-loosened", ADDITIVE, [(READ, ACCESS, "")]),
    (put(read, x__scopes=["orders:read", "orders:admin"]), "scope-added", ADDITIVE, [(READ, ACCESS, "scopes")]),
    (put(read, x__scopes=[]), "scope-removed", RISKY, [(READ, ACCESS, "scopes")]),
    (put(schema(*SKU), pattern="^[a-z]{3}$"), "pattern-changed", RISKY, sent("body.lines.[].sku", "body.target.sku")),
    (put(lambda d: d, servers=[{"url": "https://other.example"}]), "server-changed", RISKY, [("the document", OPERATION, "servers")]),
    (put(schema("OrderCreate", "note"), readOnly=True), "read-only", RISKY, sent("body.note")),
    (put(schema("OrderCreate", "note"), writeOnly=True), "write-only", ADDITIVE, sent("body.note")),
    (put(schema("OrderCreate", "note"), deprecated=True), "deprecated", RISKY, sent("body.note")),
    (put(schema("Order", "note"), readOnly=True), "read-only", ADDITIVE, both("body.note")),
    (put(schema("Order", "note"), writeOnly=True), "write-only", BREAKING, both("body.note")),
    (put(schema("Order", "note"), deprecated=True), "deprecated", RISKY, both("body.note")),
    (put(lambda d: create(d)["parameters"][1], deprecated=True), "deprecated", RISKY, sent("header.Idempotency-Key")),
    (put(schema("OrderCreate", "note"), default="x"), "default-added", ADDITIVE, sent("body.note")),
    (put(schema("Line", "count"), default=None), "default-removed", RISKY, sent("body.lines.[].count", "body.target.count")),
    (
        put(lambda d: response(d)["headers"]["Retry-After"]["schema"], type="string"),
        "type-changed",
        BREAKING,
        told("201.headers.Retry-After"),
    ),
    (put(lambda d: response(d)["headers"]["Retry-After"], required=True), "field-required", ADDITIVE, told("201.headers.Retry-After")),
    (put(schema("Line", "count"), default=2), "default-changed", RISKY, sent("body.lines.[].count", "body.target.count")),
]

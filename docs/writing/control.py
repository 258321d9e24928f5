"""The control API, from its OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from runflow_mock.wire.control_document import control_document
from writing.markdown import table
from writing.schemas import kind_of, rows_of

METHODS = ("get", "post", "put", "patch", "delete")
Document = Mapping[str, Any]


class Verb(NamedTuple):
    """One operation: its method and path, and what the document says of it."""

    method: str
    path: str
    operation: Document


def verbs() -> str:
    """Returns the verbs by their subject, each with what its body and query may hold."""
    document = json.loads(control_document())
    paths = document["paths"].items()
    found = [Verb(method.upper(), path, item[method]) for path, item in paths for method in METHODS if method in item]
    parts = []
    for tag in document["tags"]:
        rows = [_row(verb, document) for verb in found if verb.operation["tags"] == [tag["name"]]]
        head = ("verb", "what it does", "query and body", "key")
        parts.append(f"## {tag['name'].capitalize()}\n\n{tag['description'].capitalize()}.\n\n{table(head, rows)}")
    return "\n".join(parts)


def bodies() -> str:
    """Returns the bodies and parts of answers that have a name."""
    schemas = json.loads(control_document())["components"]["schemas"]
    parts = []
    for name, schema in schemas.items():
        says = f"{schema['description'].rstrip('.')}.\n\n" if "description" in schema else ""
        rows = list(rows_of(schema))
        body = table(("field", "what it is", "meaning"), rows) if rows else f"{kind_of(schema)}\n"
        parts.append(f"### {name}\n\n{says}{body}")
    return "\n".join(parts)


def _row(verb: Verb, document: Document) -> tuple[str, str, str, str]:
    taken = [*_query(verb.operation, document), *_body(verb.operation)]
    keys = [next(iter(given), "none") for given in verb.operation.get("security", ({"tenant": []},))]
    return (f"`{verb.method} {verb.path}`", str(verb.operation.get("summary", "")), "; ".join(taken), " or ".join(keys))


def _query(operation: Document, document: Document) -> Iterator[str]:
    for given in operation.get("parameters", ()):
        name = given.get("$ref", "").rpartition("/")[2]
        parameter = document["components"]["parameters"][name] if name else given
        if parameter["in"] == "query":
            yield f"`?{parameter['name']}=` {kind_of(parameter['schema'])}"


def _body(operation: Document) -> Iterator[str]:
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield kind_of(content["schema"]) + ("" if media_type == "application/json" else f" as `{media_type}`")

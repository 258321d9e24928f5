"""Foreign documents: brings an OpenAPI document that somebody else wrote into the one form that everything here reads.

Names and statuses are texts where YAML has other values, path items that are kept elsewhere stand in their place, and every path is whole:
what the address of the first server ends with begins it. What OpenAPI 3.0 says otherwise than 3.1 (`nullable`, limits that are excluded) is
said as 3.1 does.
"""

from typing import Any, cast
from urllib.parse import quote, unquote, urlsplit

from runflow_mock.domain.documents import Json

EXCLUDED = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
"""Limits of OpenAPI 3.0 that say by a truth value that another limit is excluded."""


def in_our_form(document: dict[str, Any]) -> dict[str, Any]:
    """Returns a document whose paths hold all of their operations, and are whole."""
    if str(document.get("openapi", "")).startswith("3.0"):
        document = {**_as_of_31(document), "openapi": "3.1.0"}
    return _at_the_root(_with_path_items(document))


def as_json(value: Any) -> Json:
    """Returns what YAML holds as JSON would: a status such as 200 is a name, and a date a text."""
    if isinstance(value, dict):
        return {_name(name): as_json(part) for name, part in value.items()}
    if isinstance(value, list):
        return [as_json(part) for part in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _name(name: object) -> str:
    # YAML reads `on`, `yes` and the like as truth values, which no document means by a name.
    return {True: "true", False: "false"}[name] if isinstance(name, bool) else str(name)


def _as_of_31(value: Any) -> Any:
    """Returns a part of a document of OpenAPI 3.0 as 3.1 says it."""
    if isinstance(value, list):
        return [_as_of_31(part) for part in value]
    if not isinstance(value, dict):
        return value
    found = {name: _as_of_31(part) for name, part in value.items() if not (name == "nullable" and isinstance(part, bool))}
    for excluded, limit in EXCLUDED.items():
        if found.get(excluded) is True and limit in found:
            found[excluded] = found.pop(limit)
        elif isinstance(found.get(excluded), bool):
            del found[excluded]
    return _or_null(found) if value.get("nullable") is True else found


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(schema.get("type"), str):
        return {"anyOf": [schema, {"type": "null"}]}
    values = {"enum": [*schema["enum"], None]} if isinstance(schema.get("enum"), list) else {}
    return {**schema, "type": [schema["type"], "null"], **values}


def _with_path_items(document: dict[str, Any]) -> dict[str, Any]:
    """Returns the document with the path items in place that it keeps among its components."""
    kept = {f"#/components/pathItems/{name}": item for name, item in ((document.get("components") or {}).get("pathItems") or {}).items()}
    paths = {path: {**kept.get(item.get("$ref"), {}), **item} for path, item in document["paths"].items()}
    return {**document, "paths": {path: {name: part for name, part in item.items() if name != "$ref"} for path, item in paths.items()}}


def _at_the_root(document: dict[str, Any]) -> dict[str, Any]:
    """Returns the document with whole paths, where it writes them below that of its first server, such as /v1."""
    servers = document.get("servers")
    url = str(servers[0].get("url")) if isinstance(servers, list) and servers and isinstance(servers[0], dict) else ""
    base = urlsplit(url).path.rstrip("/")
    if not base.startswith("/") or "{" in base:
        return document
    moved = {path: base + path for path in document["paths"]}
    whole = {**document, "servers": [{"url": url.removesuffix("/").removesuffix(base) or "/"}]}
    whole["paths"] = {moved[path]: item for path, item in document["paths"].items()}
    return cast("dict[str, Any]", _moved(whole, {f"#/paths/{_word(path)}": f"#/paths/{quote(_word(new))}" for path, new in moved.items()}))


def _moved(value: Any, moved: dict[str, str]) -> Any:
    """Returns a part of the document whose references lead to the new places."""
    if isinstance(value, list):
        return [_moved(part, moved) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _reference(part, moved) if name in ("$ref", "operationRef") and isinstance(part, str) else _moved(part, moved)
        for name, part in value.items()
    }


def _reference(reference: str, moved: dict[str, str]) -> str:
    words = reference.split("/")
    place = "/".join(words[:3])
    return "/".join((moved.get(unquote(place), place), *words[3:]))


def _word(path: str) -> str:
    return path.replace("~", "~0").replace("/", "~1")

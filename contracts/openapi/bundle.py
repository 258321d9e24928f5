"""Join the parts of the OpenAPI document into one file, `contracts/openapi.json`.

The parts are YAML files that refer to each other by relative path. A reference into a part that
holds components becomes a reference to `#/components/<section>/<name>`; a reference to a path
item is replaced by that path item. Keys keep the order in which they were written and files are
read in sorted order, so the same parts always give the same bytes.

    python contracts/openapi/bundle.py            write the document
    python contracts/openapi/bundle.py --check    fail if the document is not what the parts say
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PARTS = Path(__file__).resolve().parent
ROOT = PARTS / "openapi.yaml"
DOCUMENT = PARTS.parent / "openapi.json"

# Where the components of each section are written: a file, or a folder with a file for each noun.
SECTIONS = {
    "schemas": "schemas/*.yaml",
    "parameters": "parameters.yaml",
    "headers": "headers.yaml",
    "responses": "responses.yaml",
    "links": "links.yaml",
    "pathItems": "callbacks.yaml",
}
# The schema of which one asks for more: the names of its properties, and what is always there.
NARROWS = "x-narrows"
# What is always there of records beyond what the sources promise, and the word that begins the name of what they do promise.
PROMISES = PARTS / "promises.yaml"
SPARSE = "Sparse"
# What of a schema is our promise, and not the sources'.
BEYOND = "x-promised"
# Parameters with which a list shows some fields only.
SPARING = ("Fields", "CodeFields")


class PartError(Exception):
    """The parts do not fit together; the message names the file and the reference."""


@cache
def load(path: Path) -> dict[str, Any]:
    """Returns the content of one part."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise PartError(f"{path}: expected a mapping at the top, found {type(content).__name__}")
    return content


@cache
def section_of(path: Path) -> str | None:
    """Returns the components section that a part belongs to, or None if it holds path items."""
    for section, pattern in SECTIONS.items():
        if path in PARTS.glob(pattern):
            return section
    return None


def join(node: Any, part: Path) -> Any:
    """Returns a node of a part with every reference rewritten for the joined document."""
    if isinstance(node, list):
        return [join(item, part) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" not in node:
        return {key: join(value, part) for key, value in node.items()}
    file_name, _, name = node["$ref"].partition("#/")
    target = (part.parent / file_name).resolve() if file_name else part
    if not target.is_file() or name not in load(target):
        raise PartError(f"{part}: nothing to be found at {node['$ref']}")
    section = section_of(target)
    if section is None:
        return join(load(target)[name], target)
    siblings = {key: join(value, part) for key, value in node.items() if key != "$ref"}
    return {"$ref": f"#/components/{section}/{name}", **siblings}


def components() -> dict[str, dict[str, Any]]:
    """Returns every component of every part, by section and name."""
    sections: dict[str, dict[str, Any]] = {}
    for section, pattern in SECTIONS.items():
        entries = sections.setdefault(section, {})
        for part in sorted(PARTS.glob(pattern)):
            for name, entry in load(part).items():
                if name in entries:
                    raise PartError(f"{part}: {name} is defined twice among the {section}")
                entries[name] = join(entry, part)
    schemas = sections["schemas"]
    for name, schema in schemas.items():
        if NARROWS in schema:
            schemas[name] = narrowed(schema, schemas)
    sections["schemas"] = {part: schema for name in schemas for part, schema in promised(name, schemas).items()}
    return sections


def narrowed(schema: dict[str, Any], schemas: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Returns a schema with everything of the one that it narrows; written out, since generators of clients merge badly."""
    base = schemas[schema[NARROWS]]
    own = {key: value for key, value in schema.items() if key not in (NARROWS, "properties")}
    return {"type": "object", **own, "properties": {**base["properties"], **schema["properties"]}, "examples": base["examples"]}


def promised(name: str, schemas: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Returns a schema by name; where more is promised of it, that and what the sources promise."""
    promise, sources = load(PROMISES).get(name), schemas[name]
    if promise is None:
        return {name: sources}
    filled, there = promise.get("filled", []), promise.get("there", [])
    properties = {each: without_null(part, schemas) if each in filled else part for each, part in sources["properties"].items()}
    before = sources.get("required", [])
    required = [each for each in properties if each in {*before, *filled, *there}]
    beyond = {
        "required": [each for each in required if each not in before],
        "filled": [each for each in filled if properties[each] != sources["properties"][each]],
    }
    whole = {**sources, BEYOND: beyond, "required": required, "properties": properties}
    return {name: whole, SPARSE + name: sources}


def without_null(schema: dict[str, Any], schemas: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Returns a schema that allows the same but nothing."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        twin = name.removesuffix("OrNull")
        if twin in schemas and twin != name:
            return {**schema, "$ref": f"#/components/schemas/{twin}"}
        inner = without_null(schemas[name], schemas)
        own = {key: value for key, value in schema.items() if key != "$ref"}
        return schema if inner == schemas[name] else {**{key: value for key, value in inner.items() if key != "examples"}, **own}
    if isinstance(schema.get("type"), list):
        types = [each for each in schema["type"] if each != "null"]
        return {**schema, "type": types[0] if len(types) == 1 else types}
    if "anyOf" in schema:
        parts = [part for part in schema["anyOf"] if part.get("type") != "null"]
        own = {key: value for key, value in schema.items() if key != "anyOf"}
        return {**own, **parts[0]} if len(parts) == 1 else {**own, "anyOf": parts}
    return schema


def spare(document: dict[str, Any]) -> None:
    """Lets the lists that show some fields only promise no more than the sources do."""
    schemas = document["components"]["schemas"]
    for item in document["paths"].values():
        for operation in (part for part in item.values() if "responses" in part):
            parameters = {part.get("$ref", "").rpartition("/")[2] for part in operation.get("parameters", ())}
            if parameters & {*SPARING}:
                name = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                schemas[name] = spared(schemas[name], schemas)
    known = json.dumps(document)
    for name in load(PROMISES):
        if f'"#/components/schemas/{SPARSE}{name}"' not in known:
            del schemas[SPARSE + name]


def spared(node: Any, schemas: dict[str, dict[str, Any]]) -> Any:
    """Returns a part of a list with what the sources promise of its records in the place of what we do."""
    if isinstance(node, list):
        return [spared(part, schemas) for part in node]
    if not isinstance(node, dict):
        return node
    name = str(node.get("$ref", "")).rpartition("/")[2]
    if SPARSE + name in schemas and name != "ListPage":
        return {**node, "$ref": f"#/components/schemas/{SPARSE}{name}"}
    if "allOf" in schemas.get(name, {}):
        schemas[name] = {**schemas[name], "allOf": spared(schemas[name]["allOf"], schemas)}
    return {key: part if key in ("examples", "description") else spared(part, schemas) for key, part in node.items()}


def complete(node: Any, schemas: dict[str, dict[str, Any]]) -> None:
    """Gives every example of answers what is promised of it."""
    for part in node if isinstance(node, list) else node.values() if isinstance(node, dict) else ():
        complete(part, schemas)
    if isinstance(node, dict) and "schema" in node:
        if "example" in node:
            node["example"] = completed(node["example"], node["schema"], schemas)
        for example in (each for each in node.get("examples", {}).values() if "value" in each):
            example["value"] = completed(example["value"], node["schema"], schemas)


def completed(value: Any, schema: dict[str, Any], schemas: dict[str, dict[str, Any]]) -> Any:
    """Returns an example with what a schema promises of it."""
    if "$ref" in schema:
        return completed(value, schemas[schema["$ref"].rpartition("/")[2]], schemas)
    for part in (*schema.get("allOf", ()), *schema.get("anyOf", ())):
        value = completed(value, part, schemas)
    if isinstance(value, list):
        return [completed(each, schema.get("items", {}), schemas) for each in value]
    if not isinstance(value, dict):
        return value
    properties = schema.get("properties", {})
    whole = {name: completed(each, properties.get(name, {}), schemas) for name, each in value.items()}
    for name in schema["required"] if BEYOND in schema else ():
        if name not in whole or (whole[name] is None and name in schema[BEYOND]["filled"]):
            whole[name] = completed(sample(properties[name], schemas), properties[name], schemas)
    return whole


SAMPLES: dict[str, Any] = {"string": "example", "integer": 1, "number": 1.0, "boolean": True, "array": [], "object": {}}


def sample(schema: dict[str, Any], schemas: dict[str, dict[str, Any]]) -> Any:
    """Returns a value that a schema allows, for an example."""
    if "$ref" in schema:
        return sample(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if any(part.get("type") == "null" for part in schema.get("anyOf", ())):
        return None
    if "anyOf" in schema:
        return sample(schema["anyOf"][0], schemas)
    for word in ("examples", "enum"):
        if word in schema:
            return schema[word][0]
    kind = schema.get("type")
    return None if kind is None or isinstance(kind, list) else SAMPLES[kind]


def bundle() -> bytes:
    """Returns the joined document as it is written to disk."""
    document = join(load(ROOT), ROOT)
    document["components"] = {**components(), **document["components"]}
    spare(document)
    schemas = document["components"]["schemas"]
    for schema in (each for each in schemas.values() if "examples" in each):
        schema["examples"] = [completed(example, schema, schemas) for example in schema["examples"]]
    complete([document["paths"], document["components"]["responses"], document["components"]["pathItems"]], schemas)
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def main() -> int:
    """Writes the document, or with `--check` compares it; returns the exit status."""
    parser = argparse.ArgumentParser(description="Join the parts of the OpenAPI document.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    is_check = parser.parse_args().check
    content = bundle()
    if not is_check:
        DOCUMENT.write_bytes(content)
    elif not DOCUMENT.is_file() or DOCUMENT.read_bytes() != content:
        print(f"{DOCUMENT} is not what the parts say; run {Path(__file__).name}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

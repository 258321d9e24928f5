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
    return sections


def narrowed(schema: dict[str, Any], schemas: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Returns a schema with everything of the one that it narrows; written out, since generators of clients merge badly."""
    base = schemas[schema[NARROWS]]
    own = {key: value for key, value in schema.items() if key not in (NARROWS, "properties")}
    return {"type": "object", **own, "properties": {**base["properties"], **schema["properties"]}, "examples": base["examples"]}


def bundle() -> bytes:
    """Returns the joined document as it is written to disk."""
    document = join(load(ROOT), ROOT)
    document["components"] = {**components(), **document["components"]}
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

"""Keywords of schemas: says as OpenAPI 3.1 does what 3.0 says otherwise, and leaves out what no validator would understand.

Whether a keyword is understood is asked of the meta-schema of JSON Schema, and of a pattern by compiling it. Schemas are edited in place.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from runflow_mock.domain.documents import object_of
from runflow_mock.openapi.error_places import ErrorPlaces
from runflow_mock.openapi.parts import FIELDS, NEEDED, Holds, Part
from runflow_mock.openapi.pattern_sizes import DocumentSizes
from runflow_mock.openapi.pointers import Pointer, walk
from runflow_mock.openapi.schemas import CompiledSchema, compile_schema

EXCLUDED = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
"""Limits of OpenAPI 3.0 that say by a truth value that another limit is excluded."""
# What a schema says of the field that it describes: of its value it says nothing.
_OF_THE_FIELD = ("readOnly", "writeOnly", "title", "description", "example", "default", "deprecated")
# What may stand beside a reference of 3.0 although nothing counts there: tools write it, and mean it.
BESIDE_REFERENCE = frozenset(("$ref", "nullable", *_OF_THE_FIELD))
DIALECTS = ("https://json-schema.org/draft/2020-12/", "https://spec.openapis.org/oas/3.")
"""How addresses begin of the dialects in which all schemas are read."""
_COMBINED = frozenset(("allOf", "anyOf", "oneOf"))
# What is left out may show a mistake that the meta-schema hid behind it.
ROUNDS_MAX = 5

Told = Iterator[tuple[Pointer, str]]


def say_as_31(schema: dict[str, Any]) -> None:
    """Says what one schema of OpenAPI 3.0 says as 3.1 does; those inside it are not looked at."""
    if isinstance(schema.get("$ref"), str):
        for name in schema.keys() - BESIDE_REFERENCE:
            del schema[name]
    for excluded, limit in EXCLUDED.items():
        if schema.get(excluded) is True and limit in schema:
            schema[excluded] = schema.pop(limit)
        elif isinstance(schema.get(excluded), bool):
            del schema[excluded]
    if isinstance(schema.get("nullable"), bool) and schema.pop("nullable"):
        # Beside `allOf` and its like tools write a type as well, and mean null to be allowed by all of it.
        if not isinstance(schema.get("type"), str) or not _COMBINED.isdisjoint(schema):
            inner = {word: schema.pop(word) for word in tuple(schema) if word not in _OF_THE_FIELD}
            schema["anyOf"] = [inner, {"type": "null"}]
            return
        schema["type"] = [schema["type"], "null"]
        if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
            schema["enum"] = [*schema["enum"], None]


def set_apart_needed(schema: dict[str, Any]) -> None:
    """Sets apart the lists of `dependencies` of one schema, a keyword of earlier drafts by which the standard lets no value be refused."""
    older = schema.get("dependencies")
    needed = {name: each for name, each in object_of(older).items() if isinstance(each, list)}
    if needed:
        schema[NEEDED] = needed
        schema["dependencies"] = {name: each for name, each in object_of(older).items() if name not in needed}


def why_other_dialect(said: object) -> str | None:
    """Returns what is to be told of a dialect that a document or a schema names, unless it is that in which all schemas are read."""
    if isinstance(said, str) and said.startswith(DIALECTS):
        return None
    return f"schemas are read as JSON Schema 2020-12, whatever else that means by {str(said)[:80]!r}"


def drop_dialect(schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Leaves out which dialect one schema names, by which nothing is read; yields the keyword and what is to be told of another one."""
    if "$schema" in schema and (says := why_other_dialect(schema.pop("$schema"))) is not None:
        yield "$schema", says


def drop_patterns(schema: dict[str, Any], sizes: DocumentSizes) -> Iterator[tuple[str, str]]:
    """Leaves out the patterns of one schema that are too large, or no regular expressions; yields the keyword and what is wrong."""
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and (refusal := sizes.refusal(pattern)) is not None:
        del schema["pattern"]
        yield "pattern", f"pattern {pattern[:80]!r} {refusal}"
    by_pattern = schema.get("patternProperties")
    if not isinstance(by_pattern, dict):
        return
    for name in tuple(by_pattern):
        if (refusal := sizes.refusal(name)) is not None:
            del by_pattern[name]
            yield "patternProperties", f"{name[:80]!r} {refusal}"


def drop_unknown(root: dict[str, Any]) -> Told:
    """Leaves out every keyword of a schema, and of those inside it, that is not of its form; yields the way to each and what is wrong."""
    for _ in range(ROUNDS_MAX):
        if _meta_schema().is_valid(root):
            return
        places, wrong = ErrorPlaces(root), dict[Pointer, str]()
        for error in _meta_schema().iter_errors(root):
            wrong.setdefault(_keyword(tuple(map(str, places.of(error)))), error.message[:160])
        for pointer, message in wrong.items():
            if _mend_repeats(root, pointer):
                continue
            _drop(root, pointer)
            yield pointer, f"{pointer[-1] if pointer else 'schema'} is not understood: {message}"


@cache
def _meta_schema() -> CompiledSchema:
    return compile_schema({"$ref": "https://json-schema.org/draft/2020-12/schema"})


def _mend_repeats(root: dict[str, Any], pointer: Pointer) -> bool:
    """Leaves out what a list of names or values says twice, which changes nothing; tells whether that was all."""
    if not pointer or pointer[-1] not in ("required", "type"):
        return False
    part = walk(root, pointer[:-1])
    said = part.get(pointer[-1]) if isinstance(part, dict) else None
    if not isinstance(said, list) or not all(isinstance(word, str) for word in said) or len(set(said)) == len(said):
        return False
    part[pointer[-1]] = list(dict.fromkeys(said))
    return True


def _keyword(path: Pointer) -> Pointer:
    """Returns the way to the keyword in which something is wrong: the last one on the way that belongs to a schema."""
    index = 0
    while index < len(path):
        held = FIELDS[Part.SCHEMA].get(path[index])
        width = 1 if held is None or held[0] is Holds.ONE else 2
        if held is None or index + width >= len(path):
            return path[: index + 1]
        index += width
    return path


def _drop(root: dict[str, Any], pointer: Pointer) -> None:
    if not pointer:
        root.clear()
        return
    part = walk(root, pointer[:-1])
    if isinstance(part, dict):
        part.pop(pointer[-1], None)

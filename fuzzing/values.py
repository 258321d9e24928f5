"""Values that parsers and handlers trip over, and values after a schema of which a part may be such a one."""

from collections.abc import Mapping
from random import Random
from typing import Any

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, 2**64, -(2**63) - 1, 10**30, 1e30, 1e308, -0.0, 0.1,
    "", " ", "0", "-1", "1e999", "nan", "null", "a" * 300, "a" * 5_000, "\x00", "\x1b[31m", "\u2028", "\ufeff", "\U0001f389", "é",
    "../..", "/", "//", "%2F", "%00", "*", "**", "/v1/**", "/v1/*a*a*a*b", "[", "(", "^(a|aa)+\\1$", "'", '"', "\\",
    "status_code:succeeded", "id.eq:'x' OR NOT (id:y)", "mock:fail", "rf_live_mock_other", "rf_live_REAL",
    "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+23:59", "P1D", "1h",
    "99999999999999d", "1/1m",
    "http://127.0.0.1:9/x", "https://cdn.example.com/a.png", "file:///etc/hostname", "data:image/png;base64,AAAA", "data:,",
    "runflow://assets/x",
    [], {}, [[]], {"": ""}, [None] * 20, {"$ref": "http://127.0.0.1:9/x"}, {"$ref": "#"}, {"a": {"a": {"a": {}}}},
)  # fmt: skip
DEPTH_MAX = 6


class Maker:
    """Makes values after the schemas of a document; `known` are texts that answers have shown, such as ids."""

    def __init__(self, random: Random, document: Mapping[str, Any], known: list[str]) -> None:
        self._random = random
        self._document = document
        self._known = known

    def odd(self) -> Any:
        """Returns something odd, or something that was seen before."""
        if self._known and self._random.random() < 0.2:
            return self._random.choice(self._known)
        return self._random.choice(ODD)

    def resolved(self, part: Any) -> Mapping[str, Any]:
        """Returns a part of the document, through the reference that stands there."""
        while isinstance(part, dict) and isinstance(part.get("$ref"), str):
            found: Any = self._document
            for word in part["$ref"].removeprefix("#/").split("/"):
                found = found[word.replace("~1", "/").replace("~0", "~")]
            part = found
        return part if isinstance(part, dict) else {}

    def value(self, schema: Any, depth: int = 0, *, odd: float = 0.1) -> Any:
        """Returns a value that fits a schema, unless it is odd."""
        schema = self.resolved(schema)
        if depth > DEPTH_MAX or self._random.random() < odd:
            return self.odd()
        if "const" in schema:
            return schema["const"]
        for word in ("enum", "examples"):
            if schema.get(word):
                return self._random.choice(schema[word])
        for word in ("oneOf", "anyOf", "allOf"):
            if schema.get(word):
                return self.value(self._random.choice(schema[word]), depth + 1, odd=odd)
        types = schema.get("type", "object" if "properties" in schema else "string")
        kind = self._random.choice(types) if isinstance(types, list) else types
        return self._typed(kind, schema, depth, odd)

    def _typed(self, kind: str, schema: Mapping[str, Any], depth: int, odd: float) -> Any:
        random = self._random
        if kind == "object":
            needed = set(schema.get("required", ()))
            properties = schema.get("properties", {})
            made = {
                name: self.value(part, depth + 1, odd=odd) for name, part in properties.items() if name in needed or random.random() < 0.3
            }
            if random.random() < odd:
                made[str(self.odd())[:50]] = self.odd()
            return made
        if kind == "array":
            return [self.value(schema.get("items", {}), depth + 1, odd=odd) for _ in range(random.choice((0, 1, 1, 2, 5)))]
        if kind in ("integer", "number"):
            low = schema.get("minimum", 0)
            return random.choice((low, low + 1, schema.get("maximum", 10), random.randint(0, 100)))
        if kind == "boolean":
            return random.random() < 0.5
        if kind == "null":
            return None
        return self._text(schema)

    def _text(self, schema: Mapping[str, Any]) -> str:
        if schema.get("format") == "uuid" and self._known:
            return self._random.choice(self._known)
        usual = ("https://cdn.example.com/a.png", "runflow/background-removal", "x", "2026-01-01T00:00:00Z", "10m", "1.00")
        return self._random.choice((*usual, *self._known[-3:]))

"""Schema rules: what a schema says beside types, values, limits and fields, each rule as a text that is the same for equal rules.

Such a rule is a condition, or says what a text holds. Whether another one allows less or more nobody can tell from its words: it is only
known to be new, gone or another one. What allows everything is no rule, and what can be said in two ways is read in one.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256

import msgspec

from runflow_mock.domain.documents import Json, list_of, object_of
from runflow_mock.openapi.contracts import Contract, Object
from runflow_mock.openapi.parts import FIELDS, NEEDED, NEEDED_SCHEMAS, Holds, Part

DEPTH_MAX, REFERENCES_MAX = 8, 24
"""How deep a rule is read, and how many references are followed to what they mean. What is beyond says nothing."""

RULES: Mapping[str, tuple[str, ...]] = {
    "not": ("not",),
    "if": ("if", "then", "else"),
    "contains": ("contains", "minContains", "maxContains"),
    "propertyNames": ("propertyNames",),
    "dependentRequired": ("dependentRequired",),
    "dependentSchemas": ("dependentSchemas",),
    "unevaluatedItems": ("unevaluatedItems",),
    "contentEncoding": ("contentEncoding",),
    "contentMediaType": ("contentMediaType",),
    "contentSchema": ("contentSchema",),
}
"""Each rule, and the keywords that say it together."""
ANNOTATIONS = frozenset(("contentEncoding", "contentMediaType", "contentSchema"))
"""Rules by which no value is refused: they say what a text holds, as a format does."""

_OLDER = ("dependencies", NEEDED, NEEDED_SCHEMAS)
_WORDS = frozenset((*_OLDER, *(word for words in RULES.values() for word in words)))
_SILENT = frozenset(
    (
        *("title", "description", "example", "examples", "deprecated", "externalDocs", "xml", "default"),
        *("$comment", "$schema", "$id", "$anchor", "$defs", "definitions"),
    )
)
_SETS = frozenset(("required", "type", "enum"))
_CHOICES = ("allOf", "anyOf", "oneOf")
_SCHEMAS = FIELDS[Part.SCHEMA]
_AFTERWARDS = {"unevaluatedItems": "items", "unevaluatedProperties": "additionalProperties"}
# Beside these a value may have been looked at elsewhere.
_APPLYING = frozenset(("$ref", "allOf", "anyOf", "oneOf", "if", "then", "else", "contains", "dependentSchemas", *_OLDER))
_IDLE: Mapping[str, Json] = {
    **dict.fromkeys(("then", "else", "propertyNames", "unevaluatedItems", "unevaluatedProperties", "contentSchema"), True),
    **dict.fromkeys(("minLength", "minItems", "minProperties"), 0),
    "not": False,
    "uniqueItems": False,
    "minContains": 1,
    "required": [],
    "allOf": [],
    "dependentRequired": {},
    "dependentSchemas": {},
}
"""What each keyword says where it allows everything, or what goes without saying."""
_BESIDE = {"if": ("then", "else"), "then": ("if",), "else": ("if",), "minContains": ("contains",), "maxContains": ("contains",)}
"""Keywords that say nothing but beside one of others."""


class RuleReading:
    """Reads the rules of the schemas of a contract, each with what it refers to in its place.

    A schema is read once at each depth, however many ways lead to it, so that all rules together cost no more than the document is long.
    """

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._known: dict[tuple[int, int], tuple[Object, bool | str]] = {}

    def rules(self, schema: Object) -> Mapping[str, str]:
        """Returns the rules of a schema by their names."""
        own = {word: schema[word] for word in schema if word in _WORDS}
        said = self._said(own, 0) if own else {}
        return {name: written({word: said[word] for word in words if word in said}) for name, words in RULES.items() if name in said}

    def counted(self, schema: Object, depth: int = 0) -> Object:
        """Returns a schema in which a `contains` that every item is as is what it then says: how many items there are."""
        if "contains" not in schema or self._read(schema["contains"], depth + 1) is not True:
            return schema
        found = {word: said for word, said in schema.items() if word not in RULES["contains"]}
        for limit, count, tighter in (("minItems", schema.get("minContains", 1), max), ("maxItems", schema.get("maxContains"), min)):
            own = schema.get(limit, count)
            if isinstance(count, int | float) and isinstance(own, int | float) and (count or limit == "maxItems"):
                found[limit] = tighter(count, own)
        return found

    def _read(self, schema: Json, depth: int) -> bool | str:
        """Returns what a schema says as a short text that is the same for equal ones, or whether it allows all or nothing."""
        schema = referred(self.contract, schema)
        if not isinstance(schema, dict) or depth > DEPTH_MAX:
            return schema is not False
        key = (id(schema), depth)
        known = self._known.get(key)
        if known is None:
            # The schema is kept beside what it says, so that its identity stays its own.
            known = self._known[key] = (schema, _digest(self._said(schema, depth)))
        return known[1]

    def _said(self, schema: Object, depth: int) -> Object:
        said = dict(self._words(_in_one_form(self.counted(schema, depth)), depth + 1))
        # What allows everything says nothing.
        found = {word: value for word, value in said.items() if word not in _IDLE or value != _IDLE[word]}
        if found.get("minContains") == 0 and "maxContains" not in found:
            found.pop("contains", None)
        return {word: value for word, value in found.items() if word not in _BESIDE or any(other in found for other in _BESIDE[word])}

    def _words(self, schema: Object, depth: int) -> Iterator[tuple[str, Json]]:
        for word, said in schema.items():
            holds = _SCHEMAS.get(word, (None, None))[0]
            if word == "propertyNames":
                yield word, self._of_names(said, depth)
            elif holds is Holds.NAMED:
                read = {name: self._read(inner, depth) for name, inner in object_of(said).items()}
                yield word, {name: inner for name, inner in read.items() if inner is not True or word != "dependentSchemas"}
            elif holds is Holds.LIST:
                forms = [self._read(inner, depth) for inner in list_of(said)]
                yield word, _in_order([form for form in forms if form is not True or word != "allOf"]) if word in _CHOICES else [*forms]
            elif holds is Holds.ONE:
                yield word, self._read(said, depth)
            elif word == "dependentRequired":
                yield word, {name: _in_order(list_of(names)) for name, names in object_of(said).items() if names}
            else:
                yield word, _in_order(said) if word in _SETS and isinstance(said, list) else said

    def _of_names(self, schema: Json, depth: int) -> bool | str:
        """Returns what a schema says of names, which are texts whether it says so or not."""
        schema = referred(self.contract, schema)
        if isinstance(schema, dict) and "string" in (schema.get("type"), *list_of(schema.get("type"))):
            schema = {word: said for word, said in schema.items() if word != "type"}
        return self._read(schema, depth)


def referred(contract: Contract, schema: Json) -> Json:
    """Returns the schema that a mere reference means, so that what is referred to from many places is looked at once."""
    for _ in range(REFERENCES_MAX):
        if not (isinstance(schema, dict) and isinstance(schema.get("$ref"), str) and all(map(_is_silent, schema.keys() - {"$ref"}))):
            break
        schema = contract.resolve(str(schema["$ref"]))
    return schema


def evaluated(schema: Object) -> Object:
    """Returns a schema in which what is said of whatever nothing has looked at is said of all the rest, where that is the same."""
    if not _AFTERWARDS.keys() & schema.keys() or _APPLYING & schema.keys():
        return schema
    found = dict(schema)
    for word, plain in _AFTERWARDS.items():
        if word in found:
            found.setdefault(plain, found.pop(word))
    return found


def unfolded(schema: Object) -> tuple[Object, list[Json]]:
    """Returns a schema without words that only put others beside it, and those: a denial denied, a condition that always holds or never."""
    denied, condition = schema.get("not"), schema.get("if")
    others, idle = list[Json](), set[str]()
    if isinstance(denied, dict) and _words_of(denied) == {"not"}:
        others.append(denied["not"])
        idle.add("not")
    if isinstance(condition, bool) or (isinstance(condition, dict) and not _words_of(condition)):
        others.append(schema.get("else" if condition is False else "then", True))
        idle.update(("if", "then", "else"))
    return ({word: said for word, said in schema.items() if word not in idle} if idle else schema), others


def written(value: Json) -> str:
    """Returns a value as a text that is the same for equal values: to JSON Schema, 1 and 1.0 are one number."""
    return msgspec.json.encode(_with_plain_numbers(value), order="sorted").decode()


def _is_silent(word: str) -> bool:
    return word in _SILENT or word.startswith("x-")


def _words_of(schema: Object) -> set[str]:
    return {word for word in schema if not _is_silent(word)}


def _in_one_form(schema: Object) -> Object:
    """Returns a schema without what says nothing, and in the words of today in the place of those that say the same."""
    found = {word: said for word, said in evaluated(schema).items() if not _is_silent(word)}
    if isinstance(found.get("$ref"), str):
        found["allOf"] = [*list_of(found.get("allOf")), {"$ref": found.pop("$ref")}]
    if "const" in found and "enum" not in found:
        found["enum"] = [found.pop("const")]
    is_nullable = found.pop("nullable", None) is True
    if "type" in found:
        types = {str(each) for each in (list_of(found["type"]) or [found["type"]])} | ({"null"} if is_nullable else set())
        found["type"] = list[Json](sorted(types - {"integer"} if "number" in types else types))
    older = [pair for word in (*_OLDER, "dependentSchemas") for pair in object_of(found.pop(word, None)).items()]
    for name, asked in older:
        # A schema that only requires fields is the older way to name them.
        needed = (list_of(asked["required"]) if isinstance(asked, dict) and _words_of(asked) == {"required"} else []) or asked
        word = "dependentRequired" if isinstance(needed, list) else "dependentSchemas"
        others = object_of(found.get(word))
        both: Json = [*needed, *list_of(others.get(name))] if isinstance(needed, list) else {"allOf": [needed, others.get(name, True)]}
        found[word] = {**others, name: both if name in others else needed}
    return found


def _digest(said: Object) -> bool | str:
    if not said:
        return True
    # One of one form is that form.
    forms = list_of(said[next(iter(said))]) if len(said) == 1 and next(iter(said)) in _CHOICES else []
    only = forms[0] if len(forms) == 1 else None
    return only if isinstance(only, bool | str) else sha256(written(said).encode()).hexdigest()


def _in_order(values: list[Json]) -> list[Json]:
    return [value for _, value in sorted({written(value): value for value in values}.items())]


def _with_plain_numbers(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _with_plain_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_plain_numbers(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value

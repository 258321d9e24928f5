"""Schema forms: what a schema says of a value, whatever way it is written down in.

References are followed, `allOf` is one form, a choice with `null` is a form that may be null, and the `nullable` of OpenAPI 3.0 is the
same. Titles, descriptions, examples and extensions say nothing. What a schema leaves out follows from the rest: one with properties is an
object.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache, reduce
from typing import cast

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.documents import Json, list_of, object_of
from runflow_mock.kit.drift.schema_limits import limits_of, limits_of_both
from runflow_mock.kit.drift.schema_rules import RuleReading, evaluated, referred, unfolded, written
from runflow_mock.openapi.contracts import Contract, Object
from runflow_mock.openapi.patterns import as_written, is_pattern
from runflow_mock.openapi.schemas import CompiledSchema, compile_schema

# What only values of a type can have; a schema with one of them and without a type means this type.
IMPLIED: Mapping[str, str] = {
    "properties": "object",
    "additionalProperties": "object",
    "items": "array",
    "minItems": "array",
    "maxItems": "array",
    "pattern": "string",
    "minLength": "string",
    "maxLength": "string",
    "minimum": "number",
    "maximum": "number",
}
CLOSING = ("additionalProperties", "unevaluatedProperties")
DEPTH_MAX = 24
FORMS_MAX = 500
"""How many forms of a choice those of inner choices are put in the place of."""
MARKS = ("readOnly", "writeOnly", "deprecated")
"""What a schema says of the field that it describes, and not of its value."""

_NULL = "null"
# What 3.0 calls so has a keyword of its own in 3.1.
_BYTES = "byte"
_AS_BYTES = {"contentEncoding": written({"contentEncoding": "base64"})}
_CHOICES = ("anyOf", "oneOf")
# Patterns that every text matches.
_EVERY_TEXT = frozenset(("", "^", "$", ".*", "^.*", ".*$"))
# The end of a line, which `.` does not take, is in no name.
_EVERY_NAME = _EVERY_TEXT | {"^.*$"}
_TRUTH_VALUES = frozenset(("true", "false"))
_TYPES: Mapping[str, Callable[[Json], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
"""The types of values but for null, and how each is known."""


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What a value may be. No `types` and no `values` means any; null stands in neither, but in `is_nullable`."""

    types: frozenset[str] | None = None
    is_implied: bool = False
    """Whether no types are named, so that they follow from the rest and rule out nothing."""
    values: frozenset[str] | None = None
    is_nullable: bool = True
    limits: Mapping[str, float] = {}
    patterns: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    default: str | None = None
    marks: frozenset[str] = frozenset()
    properties: Mapping[str, Json] = {}
    required: frozenset[str] = frozenset()
    items: Json = None
    first: tuple[Json, ...] = ()
    extra: Json = None
    by_pattern: Mapping[str, Json] = {}
    rules: Mapping[str, str] = {}
    discriminator: str | None = None
    is_closed: bool = False
    choices: tuple[tuple[Json, ...], ...] = ()

    @property
    def is_object(self) -> bool:
        """Whether a value may be an object, as far as its types say."""
        return self.types is not None and "object" in self.types

    def item(self, index: int) -> Json:
        """Returns the schema of an item of a list by its place."""
        return self.first[index] if index < len(self.first) else self.items


ANYTHING = Form()
NOTHING = Form(types=frozenset(), is_nullable=False)


class FormReading:
    """Reads what the schemas of a contract say.

    A schema is read once at each depth, and what keeps to the same schemas is one schema, however many ways lead to it.
    """

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._rules = RuleReading(contract)
        # Schemas are kept beside what is known of them, so that their identity stays their own.
        self._known: dict[tuple[int, int], tuple[Json, Form]] = {}
        self._parts: dict[int, tuple[Json, list[Json]]] = {}
        self._joined: dict[frozenset[int], Json] = {}
        self._typed: dict[tuple[frozenset[str], bool], Json] = {}

    def form(self, schema: Json, depth: int = 0) -> Form:
        """Returns what a schema says; what lies too deep says nothing."""
        if schema is False:
            return NOTHING
        if not isinstance(schema, dict) or depth > DEPTH_MAX:
            return ANYTHING
        key = (id(schema), depth)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = (schema, self._read(schema, depth))
        return known[1]

    def field(self, form: Form, name: str) -> Json:
        """Returns the schema of a field by its name, or else by the patterns that its name matches; nothing where there is none."""
        if name in form.properties:
            return True if form.properties[name] is None else form.properties[name]
        schemas = [schema for pattern, schema in form.by_pattern.items() if is_pattern(pattern) and _matcher(pattern).is_valid(name)]
        return reduce(self._all_of, schemas, None)

    def _read(self, schema: Object, depth: int) -> Form:
        schema, others = unfolded(schema)
        form = self._plain(schema)
        others.extend(list_of(schema.get("allOf")))
        if isinstance(schema.get("$ref"), str):
            others.append(self.contract.resolve(str(schema["$ref"])))
        for other in others:
            form = self._both(form, self.form(other, depth + 1))
        for word in _CHOICES:
            if isinstance(schema.get(word), list):
                form = self._both(form, self._choice(self._flat(schema, word), depth + 1))
        return self._distributed(form, depth) if form.choices and form.types is not None else form

    def _flat(self, schema: Object, word: str) -> list[Json]:
        """Returns the forms of a choice, each once, with those of a choice among them in its place."""
        found: list[Json] = []
        left, seen = list_of(schema[word])[::-1], {id(schema)}
        while left:
            form = left.pop()
            meant = referred(self.contract, form)
            if id(meant) in seen:
                continue
            seen.add(id(meant))
            inner = next((object_of(meant)[word] for word in _CHOICES if isinstance(meant, dict) and meant.keys() == {word}), None)
            if inner is None or len(found) + len(left) > FORMS_MAX:
                found.append(form)
            else:
                left.extend(list_of(inner)[::-1])
        # A choice of nothing but itself says what its depth says.
        return found or list_of(schema[word])

    def _distributed(self, form: Form, depth: int) -> Form:
        """Returns a choice each of whose forms says which types it may have, whether a type stands beside the choice or in each."""
        types = frozenset(form.types or ())
        own = self._typed.setdefault((types, form.is_nullable), {"type": [*sorted(types), *([_NULL] if form.is_nullable else [])]})

        def typed(each: Json) -> Json:
            found = self.form(each, depth + 1).types
            return each if found is not None and found <= types else self._all_of(each, own)

        return replace(form, choices=tuple(tuple(map(typed, forms)) for forms in form.choices))

    def _plain(self, schema: Object) -> Form:
        """Returns what stands in the schema itself."""
        schema = self._rules.counted(evaluated(schema))
        types = _types(schema)
        # What a schema means by its other words rules out nothing that it says.
        named = types if "type" in schema else None
        values = _values(schema, named)
        is_nullable = (types is None or _NULL in types) and (values is None or _NULL in values)
        types, named = (None if each is None or each >= _TYPES.keys() else each - {_NULL} for each in (types, named))
        by_pattern, items = object_of(schema.get("patternProperties")), schema.get("items")
        extra = schema.get("additionalProperties", schema.get("unevaluatedProperties"))
        if (every := next((pattern for pattern in by_pattern if as_written(pattern) in _EVERY_NAME), None)) is not None and extra in (
            None,
            True,
            {},
        ):
            extra, by_pattern = by_pattern[every], {name: by_pattern[name] for name in by_pattern if name != every}
        said = object_of(schema.get("discriminator"))
        names = list[Json](sorted(object_of(said.get("mapping"))))
        return Form(
            types=types,
            is_implied=types is not None and named is None,
            values=None if values is None or (types == frozenset(("boolean",)) and values >= _TRUTH_VALUES) else values - {_NULL},
            is_nullable=is_nullable,
            limits=limits_of(schema, named),
            patterns=_texts(schema.get("pattern")) - _EVERY_TEXT if named is None or "string" in named else frozenset(),
            formats=_texts(schema.get("format")) - {_BYTES},
            default=written(schema["default"]) if "default" in schema else None,
            marks=frozenset(mark for mark in MARKS if schema.get(mark) is True),
            properties=cast("Object", schema.get("properties") or {}),
            required=frozenset(str(name) for name in list_of(schema.get("required"))),
            items=items if isinstance(items, dict) else None,
            first=tuple(list_of(schema.get("prefixItems"))),
            extra=extra if isinstance(extra, dict) and extra else None,
            by_pattern=by_pattern,
            rules={**(_AS_BYTES if schema.get("format") == _BYTES else {}), **self._rules.rules(schema)},
            discriminator=written([said.get("propertyName"), names]) if said else None,
            is_closed=any(schema.get(word) is False for word in CLOSING),
        )

    def _choice(self, forms: list[Json], depth: int) -> Form:
        """Returns what a choice of forms says: null makes any other nullable, and mere types or values are taken together."""
        every = [(form, self.form(form, depth)) for form in forms]
        others = [form for form, each in every if not _is_null(each)]
        offers_null = len(others) < len(forms)
        if forms and not others:
            return Form(types=frozenset(), is_nullable=True)
        read = [each for _, each in every if not _is_null(each)]
        is_nullable = offers_null or any(form.is_nullable for form in read)
        if len(read) == 1:
            return replace(read[0], is_nullable=is_nullable)
        types, values = [form.types for form in read], [form.values for form in read]
        if read == [Form(types=form.types, is_implied=form.is_implied, is_nullable=form.is_nullable) for form in read]:
            known = [each for each in types if each is not None]
            return Form(types=frozenset().union(*known) if len(known) == len(types) else None, is_nullable=is_nullable)
        listed = [each for each in values if each is not None]
        if len(listed) == len(values) and not any(form.properties for form in read):
            return Form(values=frozenset().union(*listed), is_nullable=is_nullable)
        return Form(choices=(tuple(others),), is_nullable=is_nullable)

    def _both(self, form: Form, other: Form) -> Form:
        """Returns what is left where both hold."""
        if form.is_implied is not other.is_implied and None not in (form.types, other.types):
            form, other = _with_types(form, other), _with_types(other, form)
        is_implied = form.is_implied or other.is_implied
        types = _narrowest(form.types, other.types)
        if form.is_implied and other.is_implied:
            types = frozenset((*(form.types or ()), *(other.types or ())))
        named = None if is_implied else types
        return Form(
            types=types,
            is_implied=is_implied,
            values=_among(_narrowest(form.values, other.values), named),
            is_nullable=form.is_nullable and other.is_nullable,
            limits=limits_of_both(form.limits, other.limits, named),
            patterns=form.patterns | other.patterns if named is None or "string" in named else frozenset(),
            formats=form.formats | other.formats,
            default=other.default if form.default is None else form.default,
            marks=form.marks | other.marks,
            properties=self._merged(form.properties, other.properties),
            required=form.required | other.required,
            items=self._all_of(form.items, other.items),
            first=tuple(self._all_of(form.item(index), other.item(index)) for index in range(max(len(form.first), len(other.first)))),
            extra=self._all_of(form.extra, other.extra),
            by_pattern=self._merged(form.by_pattern, other.by_pattern),
            rules={**form.rules, **{name: "".join(sorted({form.rules.get(name, said), said})) for name, said in other.rules.items()}},
            discriminator=form.discriminator or other.discriminator,
            is_closed=form.is_closed or other.is_closed,
            choices=(*form.choices, *other.choices),
        )

    def _all_of(self, schema: Json, other: Json) -> Json:
        """Returns the schema of what keeps to two, each of which may be one of what keeps to several."""
        if schema is None or other is None:
            return other if schema is None else schema
        meant = (referred(self.contract, part) for each in (schema, other) for part in self._parts_of(each))
        parts = {id(part): part for part in meant}
        if len(parts) == 1:
            return schema
        joined = self._joined.setdefault(frozenset(parts), {"allOf": [*parts.values()]})
        self._parts[id(joined)] = (joined, [*parts.values()])
        return joined

    def _parts_of(self, schema: Json) -> list[Json]:
        return self._parts[id(schema)][1] if id(schema) in self._parts else [schema]

    def _merged(self, some: Mapping[str, Json], others: Mapping[str, Json]) -> Mapping[str, Json]:
        """Returns schemas by name, those together that have one."""
        return {**some, **others, **{name: self._all_of(schema, others[name]) for name, schema in some.items() if name in others}}


def _types(schema: Object) -> frozenset[str] | None:
    word = schema.get("type")
    given = {str(each) for each in list_of(word)} if isinstance(word, list) else {str(word)} if word is not None else set()
    if not given:
        given = {IMPLIED[name] for name in schema if name in IMPLIED}
    if given and schema.get("nullable") is True:
        given.add(_NULL)
    if "number" in given and isinstance(step := schema.get("multipleOf"), int | float) and step and step % 1 == 0:
        # Multiples of a whole number are whole numbers.
        given = (given - {"number"}) | {"integer"}
    return frozenset(given | ({"integer"} if "number" in given else set())) or None


def _values(schema: Object, types: frozenset[str] | None) -> frozenset[str] | None:
    """Returns the values that a schema lists, without those that are of none of its types."""
    if "const" in schema:
        return frozenset({written(schema["const"])})
    values = schema.get("enum")
    if not isinstance(values, list):
        return None
    among = [_TYPES[each] for each in types or () if each in _TYPES]
    listed = [value for value in values if types is None or value is None or any(is_of(value) for is_of in among)]
    return frozenset(map(written, listed)) | (frozenset({_NULL}) if schema.get("nullable") is True else frozenset())


def _is_null(form: Form) -> bool:
    """Tells whether null is all that a value may be."""
    return form.is_nullable and frozenset() in (form.types, form.values)


def _with_types(form: Form, other: Form) -> Form:
    """Returns a form with the types that the other one names, where it names none itself."""
    is_nullable = other.is_nullable if form.values is None else form.is_nullable
    return replace(form, types=other.types, is_implied=False, is_nullable=is_nullable) if form.is_implied else form


def _among(values: frozenset[str] | None, types: frozenset[str] | None) -> frozenset[str] | None:
    """Returns listed values without those that are of none of the types."""
    if values is None or types is None:
        return values
    return frozenset(value for value in values if any(_TYPES[each](msgspec.json.decode(value)) for each in types if each in _TYPES))


def _narrowest(some: frozenset[str] | None, others: frozenset[str] | None) -> frozenset[str] | None:
    return others if some is None else some if others is None else some & others


@lru_cache(maxsize=256)
def _matcher(pattern: str) -> CompiledSchema:
    return compile_schema({"pattern": pattern})


def _texts(value: Json) -> frozenset[str]:
    return frozenset({value}) if isinstance(value, str) else frozenset()

"""Explanations: what is wrong with a value, told as findings.

Theory. A validator copies into each error the value that it is about: 3,000 names that are missing beside 20,000 values were 60 million
copies, ten gigabytes. So how many there may be is counted first. Where that is too much, a schema is taken apart, and each part is held
against the value, or against the part of it that it is about; only what is wrong with small parts is left to the validator.
"""

from collections.abc import Iterator
from itertools import chain, islice

import jsonschema_rs

from runflow_mock.domain.documents import Json, list_of, object_of
from runflow_mock.domain.findings import Finding, Location, note
from runflow_mock.openapi.combinations import Copies
from runflow_mock.openapi.contracts import Contract
from runflow_mock.openapi.directions import Direction
from runflow_mock.openapi.error_places import ErrorPlaces, way_in
from runflow_mock.openapi.forms import CHOICES, Forms
from runflow_mock.openapi.parameters import ANYTHING
from runflow_mock.openapi.patterns import as_written
from runflow_mock.openapi.pointers import Pointer, pointer_of, walk
from runflow_mock.openapi.schemas import ERROR_SIZE, NAMED, CompiledSchema, Schema, compile_schema
from runflow_mock.openapi.unexpected_fields import UnexpectedFields, matcher

FINDINGS_MAX = 100
COPIES_MAX = 1_000_000
"""How many values may be copied to tell what is wrong with one."""

# What says something of a value by itself, so that it can be held against the value without the schema around it.
_ALONE = (
    *("type", "enum", "const", "multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength"),
    *("pattern", "format", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
)
_NONE = "the value has none of the forms to choose from"
_NO_NAME = "no name is allowed here"
_TOO_DEEP = "it is nested too deeply to tell where"
_SEVERAL = "the value has more than one of the forms that exclude each other"

Piece = tuple[Pointer, Json, Location]


def schema_findings(
    contract: Contract,
    schema: Pointer,
    value: Json,
    loc: Location,
    direction: Direction = Direction.ANSWER,
    *,
    copies_max: int = COPIES_MAX,
) -> Iterator[Finding]:
    """Yields where a value that stands at a place is not as a schema says; of a value that is not, always something."""
    validator = contract.validator(schema, direction)
    if validator is None:
        yield from [] if schema == ANYTHING else [note(loc, "not-understood", "its schema is not understood; nothing was held against it")]
    elif not contract.can_judge(schema, value, direction):
        yield note(loc, "too-much-to-judge", "its schema stands for too many combinations; it was not judged")
    elif not validator.is_valid(value):
        yield from _once_each(_Explanation(contract, direction, value, copies_max).told(schema, value, loc))


def schema_errors(contract: Contract, schema: Pointer, value: Json) -> Iterator[Finding]:
    """Yields what the validator says is wrong with a value of an answer, in its words; messages do not repeat the value.

    `Contract.can_judge` says whether nothing means that it is right.
    """
    validator = contract.validator(schema, Direction.ANSWER)
    if validator is None or contract.allows(schema, value, Direction.ANSWER):
        return
    try:
        errors = validator.iter_errors(value)
    except RecursionError:
        yield Finding((), "schema", f"it is not as its schema says; {_TOO_DEEP}")
        return
    places = ErrorPlaces(value)
    yield from (Finding(places.of(error), error.kind.name, as_written(error.message)) for error in errors)


class _Explanation:
    """Tells what is wrong with one value, and so with the parts of it."""

    def __init__(self, contract: Contract, direction: Direction, value: Json, copies_max: int) -> None:
        self._contract = contract
        self._direction = direction
        self._document = contract.towards(direction)
        self._copies = Copies(contract.document, value, error_size=ERROR_SIZE)
        self._left: float = copies_max

    def told(self, schema: Pointer, value: Json, loc: Location) -> Iterator[Finding]:
        """Yields what is wrong with a part of the value that is not as a schema says; where nothing more is known, that it is not."""
        found, why = self._found(schema, value, loc)
        first = next(found, None)
        yield first or _untold(loc, why)
        yield from found

    def _found(self, schema: Pointer, value: Json, loc: Location) -> tuple[Iterator[Finding], str]:
        """Returns what is found to be wrong with a part of the value, and why that is nothing where it is nothing."""
        copies = self._copies.most(walk(self._contract.document, schema), value)
        validator = self._contract.validator(schema, self._direction)
        assert validator is not None
        if copies <= self._left:
            self._left -= copies
            try:
                errors = validator.iter_errors(value)
            except RecursionError:
                return iter(()), _TOO_DEEP
            told = UnexpectedFields(self._contract, self._direction, value).told(errors)
            places = ErrorPlaces(value)
            return (
                found for error, says in told for found in self._of_error(error, places, loc, says)
            ), "none of its rules alone tells why"
        return islice(_once_each(self._in_parts(schema, value, loc)), FINDINGS_MAX), "it is too large to tell where"

    def _of_error(
        self, error: jsonschema_rs.ValidationError, places: ErrorPlaces, loc: Location, says: str | None = None
    ) -> Iterator[Finding]:
        rule, details = error.kind.name, error.kind.as_dict()
        inner = details.get("error")
        steps = places.of(error)
        place: Location = (*loc, *steps)
        if inner is not None and not isinstance(inner, jsonschema_rs.ValidationError):
            yield note(place, "too-much-to-judge", "its pattern takes too long to match; it was not judged")
        elif rule == "required":
            yield Finding((*place, str(details["property"])), rule, "the field is required")
        elif inner is not None:
            yield _misnamed(place, str(inner.instance), inner.kind.name)
        elif rule in ("anyOf", "oneOf", "contains"):
            # Of the error's own copy nothing is known.
            value = places.value
            for step in steps:
                value = value[step]
            yield from self._of_several(error, value, place)
        else:
            said = _forbidden(error.evaluation_path) if rule == "falseSchema" else as_written(says or error.message)[:300]
            yield Finding(place, rule, said)

    def _of_several(self, error: jsonschema_rs.ValidationError, value: Json, loc: Location) -> Iterator[Finding]:
        """Yields what is wrong with a value by schemas of which some should allow it."""
        way = way_in(self._document, error.schema_path)
        forms = error.kind.as_dict().get("context")
        if error.kind.name == "contains":
            yield from self._contained(way[:-1], object_of(walk(self._document, way[:-1])), list_of(value), loc)
        elif forms and not all(forms):
            # In a form that it has nothing is wrong.
            yield Finding(loc, way[-1], _SEVERAL)
        else:
            yield from self._of_choice(way, value, loc, _needed(forms or []) or error.message[:300])

    def _of_choice(self, way: Pointer, value: Json, loc: Location, says: str) -> Iterator[Finding]:
        """Yields what is wrong with a value that has none of the forms which a schema gives to choose from."""
        forms = Forms(self._contract, way[:-1], way[-1], value)
        meant = forms.meant()
        if meant is not None:
            yield from self.told(meant, value, loc)
        elif (misnamed := forms.misnamed()) is not None:
            yield Finding((*loc, misnamed.name[:80]), misnamed.rule, misnamed.says)
        else:
            yield Finding(loc, way[-1], f"the value is of none of the types {', '.join(forms.types)}" if forms.types else says)

    def _in_parts(self, schema: Pointer, value: Json, loc: Location) -> Iterator[Finding]:
        """Yields what is wrong with a value by the parts of its schema, of which each takes no longer than the value is long."""
        part = object_of(walk(self._document, schema))
        if isinstance(value, dict):
            yield from self._missing(part, value, loc)
            yield from self._odd_names((*schema, "propertyNames"), value, loc) if "propertyNames" in part else ()
        alone = compile_schema(_alone(part), mask="the value", formats=True)
        if not alone.is_valid(value):
            yield from self._of_whole(alone, value, loc)
        for inner, held, place in self._pieces(schema, part, value, loc):
            if not self._allows(inner, held):
                yield from self.told(inner, held, place)
        yield from self._of_combinations(schema, part, value, loc)

    def _of_whole(self, alone: CompiledSchema, value: Json, loc: Location) -> Iterator[Finding]:
        """Yields what is wrong with a value by itself; of what is nested too deeply that it is wrong, for what lies in it is told apart."""
        try:
            errors = alone.iter_errors(value)
        except RecursionError:
            yield _untold(loc, _TOO_DEEP)
        else:
            places = ErrorPlaces(value)
            yield from (found for error in errors for found in self._of_error(error, places, loc))

    def _of_combinations(self, schema: Pointer, part: Schema, value: Json, loc: Location) -> Iterator[Finding]:
        """Yields what is wrong with a value by schemas of which some may allow it, or must not."""
        for word in part.keys() & CHOICES:
            fitting = [form for form in self._forms(schema, part, word) if self._allows(form, value)]
            if not fitting:
                yield from self._of_choice((*schema, word), value, loc, _NONE)
            elif word == "oneOf" and len(fitting) > 1:
                yield Finding(loc, word, _SEVERAL)
        if "not" in part and self._allows((*schema, "not"), value):
            yield Finding(loc, "not", "the value is as it must not be")
        if "contains" in part and isinstance(value, list):
            yield from self._contained(schema, part, value, loc)

    def _allows(self, schema: Pointer, value: Json) -> bool:
        validator = self._contract.validator(schema, self._direction)
        return validator is None or validator.is_valid(value)

    @staticmethod
    def _forms(schema: Pointer, part: Schema, word: str) -> Iterator[Pointer]:
        yield from ((*schema, word, str(index)) for index in range(len(list_of(part.get(word)))))

    @staticmethod
    def _missing(part: Schema, value: dict[str, Json], loc: Location) -> Iterator[Finding]:
        """Yields the fields that are required and missing."""
        beside = (list_of(names) for name, names in object_of(part.get("dependentRequired")).items() if name in value)
        for name in dict.fromkeys(map(str, chain(list_of(part.get("required")), *beside))):
            if name not in value:
                yield Finding((*loc, name), "required", "the field is required")

    def _odd_names(self, schema: Pointer, value: dict[str, Json], loc: Location) -> Iterator[Finding]:
        """Yields the names in a value that a schema does not allow."""
        validator = self._contract.validator(schema, self._direction)
        if validator is not None:
            yield from (_misnamed(loc, name, error.kind.name) for name in value for error in islice(validator.iter_errors(name), 1))

    def _contained(self, schema: Pointer, part: Schema, value: list[Json], loc: Location) -> Iterator[Finding]:
        count = sum(self._allows((*schema, "contains"), item) for item in value)
        least, most = part.get("minContains", 1), part.get("maxContains", count)
        if isinstance(least, int | float) and isinstance(most, int | float) and not least <= count <= most:
            allowed = f"{int(least)} to {int(most)}" if "maxContains" in part else f"at least {int(least)}"
            wanted = f"exactly {int(least)}" if least == most and "maxContains" in part else allowed
            yield Finding(loc, "contains", f"{count} of its items are as some must be; {wanted} have to")

    def _pieces(self, schema: Pointer, part: Schema, value: Json, loc: Location) -> Iterator[Piece]:
        """Yields the schemas that must all allow the value, or a part of it, for the schema to do so."""
        if isinstance(part.get("$ref"), str):
            yield pointer_of(str(part["$ref"])), value, loc
        yield from ((form, value, loc) for form in self._forms(schema, part, "allOf"))
        if "if" in part:
            branch = "then" if self._allows((*schema, "if"), value) else "else"
            yield from [((*schema, branch), value, loc)] if branch in part else []
        if isinstance(value, list):
            first = list_of(part.get("prefixItems"))
            yield from (
                ((*schema, "prefixItems", str(at)), item, (*loc, at)) for at, (item, _) in enumerate(zip(value, first, strict=False))
            )
            rest = enumerate(value) if "items" in part else ()
            yield from (((*schema, "items"), item, (*loc, at)) for at, item in islice(rest, len(first), None))
        elif isinstance(value, dict):
            yield from self._fields(schema, part, value, loc)

    def _fields(self, schema: Pointer, part: Schema, value: dict[str, Json], loc: Location) -> Iterator[Piece]:
        for name in object_of(part.get("dependentSchemas")):
            yield from [((*schema, "dependentSchemas", name), value, loc)] if name in value else []
        known, patterns = object_of(part.get("properties")), tuple(object_of(part.get("patternProperties")))
        yield from (((*schema, "properties", name), value[name], (*loc, name)) for name in known if name in value)
        is_open = isinstance(part.get("additionalProperties"), dict)
        for name, inner in value.items() if patterns or is_open else ():
            matched = [(*schema, "patternProperties", pattern) for pattern in patterns if not matcher(pattern).is_valid({name: 0})]
            others = [(*schema, "additionalProperties")] if is_open and not matched and name not in known else []
            yield from ((way, inner, (*loc, name)) for way in (*matched, *others))


def _once_each(found: Iterator[Finding]) -> Iterator[Finding]:
    """Yields findings without repeats, each as it comes."""
    seen = set[Finding]()
    for finding in found:
        if finding not in seen:
            seen.add(finding)
            yield finding


def _untold(loc: Location, why: str) -> Finding:
    return Finding(loc, "schema", f"it is not as its schema says; {why}")


def _misnamed(loc: Location, name: str, rule: str) -> Finding:
    says = _NO_NAME if rule == "falseSchema" else f"its name is not as its schema says: {rule}"
    return Finding((*loc, name[:80]), "propertyNames", says)


def _forbidden(way: list[str | int]) -> str:
    """Returns in words what a schema allows that is false, by the way to it."""
    is_of_names = way[-1:] == ["propertyNames"] and NAMED.isdisjoint(way[-2:-1])
    return _NO_NAME if is_of_names else "nothing is allowed here"


def _needed(forms: list[list[object]]) -> str | None:
    """Returns in words which fields would do, where the forms to choose from differ by the fields that they require."""
    needed = [
        [error.kind.as_dict().get("property") for error in form if isinstance(error, jsonschema_rs.ValidationError)] for form in forms
    ]
    return f"needs {' or '.join(' and '.join(map(str, names)) for names in needed)}" if all(all(names) for names in needed) else None


def _alone(part: Schema) -> Schema:
    """Returns what a schema says without those inside it."""
    said = {word: part[word] for word in _ALONE if word in part}
    if part.get("additionalProperties") is False:
        named: Schema = {word: {name: {} for name in object_of(part[word])} for word in ("properties", "patternProperties") if word in part}
        return {**said, **named, "additionalProperties": False}
    return said

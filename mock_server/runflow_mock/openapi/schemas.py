"""JSON Schemas that somebody else wrote: held against what the fake can bear, and compiled so that nothing is opened for them.

Theory. A schema is data that can ask for two things which no data may have. It can name an address, and a compiler fetches what is there:
so every reference has to stay within the schema, and our compiler has nothing to fetch with. And it can ask for work that has nothing to do
with the length of what is checked, by references that unfold to a tree without end, and by patterns that try one way after the other. So
references must not lead back to themselves, the unfolded schema has a largest size, and a pattern that is matched by trying gives up after
`BACKTRACKS_MAX` attempts. What a pattern is compiled to has a largest size (`SIZE_MAX`), and so have the texts for those of many states
(`openapi.readings`).
"""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, NoReturn, cast

from runflow_mock.domain.documents import Json, parts_of
from runflow_mock.openapi.combinations import held_against
from runflow_mock.openapi.pointers import MISSING, pointer_of, walk, way_of

# The compiler is imported where a schema is compiled: a test whose server runs elsewhere reads settings, and never compiles one.
if TYPE_CHECKING:
    import jsonschema_rs

Schema = dict[str, Json]

DEPTH_MAX = 64
UNFOLDED_DEPTH_MAX = 128
PARTS_MAX = 10_000
"""How many parts a schema may have once every reference is replaced by what it leads to."""
BACKTRACKS_MAX = 10_000
TRIED_CHARACTERS_MAX = 2_000
"""How many attempts a pattern has that looks around or back, and how long a text may be that is held against it."""
LOOKS_MAX = 20_000
"""At how many parts of a schema for how many of a value is looked to find out which long texts such a pattern is held against."""
SIZE_MAX = 10_000_000
"""How many bytes a pattern may be compiled to."""
EXPLAINED_MAX = 500_000
"""How many values may be copied to explain what is wrong: each error holds a copy of the value that it is about."""
ERROR_SIZE = 16
"""How many copied values an error costs beside its copy."""

REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
ANCHORS = ("$anchor", "$dynamicAnchor")
_KNOWN_DIALECTS = ("https://json-schema.org/draft/", "http://json-schema.org/draft-", "http://json-schema.org/schema")
NAMED = frozenset(("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"))
"""Below these the keys are names of the user's, and no words of JSON Schema."""
_DATA = frozenset(("const", "enum", "default", "example", "examples"))


_BASE64 = re.compile(r"[A-Za-z0-9+/\s]*=?\s*=?\s*")


class SchemaError(ValueError):
    """What is no schema, or a schema that asks for more than the fake does for it; the message begins with the place."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place or 'the schema'}: {message}")
        self.place = place


class TooManyErrors(Exception):
    """More is wrong with a value than is told one by one; the message says how much, and where for example."""


class CompiledSchema:
    """A schema that is ready to check values; unless it `is_linear`, its patterns are matched by trying.

    Texts may be too long for these: `long_texts` come first.
    """

    def __init__(
        self, schema: Schema, *, registry: "jsonschema_rs.Registry | None", mask: str | None, formats: bool | None, size_max: int
    ) -> None:
        import jsonschema_rs

        linear = jsonschema_rs.RegexOptions(size_limit=size_max)
        trying = jsonschema_rs.FancyRegexOptions(backtrack_limit=BACKTRACKS_MAX, size_limit=size_max)
        own = {"byte": _is_base64} if formats else None
        compiler = partial(jsonschema_rs.Draft202012Validator, schema, registry=registry, mask=mask, validate_formats=formats, formats=own)
        try:
            self._validator = compiler(retriever=refuse_to_open, pattern_options=linear)
            self.is_linear = True
        except ValueError:
            # A pattern that looks around or back is matched by trying: the number of attempts and the length of the text are bounded.
            self._validator = compiler(retriever=refuse_to_open, pattern_options=trying)
            self.is_linear = False
        self.is_valid = self._validator.is_valid
        self._schema = schema
        self._tried: dict[str, bool] = {}

    def iter_errors(self, value: Json) -> "Iterator[jsonschema_rs.ValidationError]":
        """Returns what is wrong with a value.

        Raises:
            RecursionError: it is nested too deeply to be told.
        """
        try:
            return self._validator.iter_errors(value)
        except ValueError as error:
            # Of values that came as JSON it refuses nothing else.
            raise RecursionError(str(error)) from None

    def explained(self, value: Json, copies_max: int = EXPLAINED_MAX) -> "Iterator[jsonschema_rs.ValidationError]":
        """Returns the same, where no more than `copies_max` values have to be copied for it: each form of a `oneOf` has errors of its own.

        To count them spares their number alone: thousands of errors about one large value cost as much again.

        Raises:
            RecursionError: it is nested too deeply to be told.
            TooManyErrors: there are too many errors, or they are about values that are too large.
        """
        try:
            errors = self._validator.evaluate(value).errors()
        except ValueError as error:
            raise RecursionError(str(error)) from None
        sizes: dict[str, int] = {}
        left = copies_max
        for place in (each["instanceLocation"] for each in errors):
            if place not in sizes:
                sizes[place] = ERROR_SIZE + sum(1 for _ in parts_of(walk(value, way_of(place))))
            left -= sizes[place]
            if left < 0:
                # They come in no order.
                first, rule = min((each["instanceLocation"], each["schemaLocation"].rpartition("/")[2]) for each in errors)
                told = f"for example {rule[:40]} at {first[:80] or 'its top'}"
                raise TooManyErrors(f"it breaks {len(errors)} rules, too many to tell one by one: {told}")
        return self.iter_errors(value)

    def long_texts(self, value: Json) -> list[tuple[str | int, ...]]:
        """Returns where texts stand in a value that are too long to be held against the patterns of this schema."""
        if not self.has_long_text(value):
            return []
        held = held_against(self._schema, value, self._is_too_long, LOOKS_MAX)
        return [place for place, text in _long_texts(value, ()) if held is None or id(text) in held]

    def _is_too_long(self, part: Schema, value: Json) -> bool:
        """Tells whether a part of the schema has a pattern for which the value is a text that is too long."""
        pattern = part.get("pattern")
        if not isinstance(pattern, str) or not isinstance(value, str) or len(value) <= TRIED_CHARACTERS_MAX:
            return False
        if pattern not in self._tried:
            self._tried[pattern] = not compile_schema({"pattern": pattern}).is_linear
        return self._tried[pattern]

    def has_long_text(self, value: Json) -> bool:
        """Tells whether there is one that may be, for much less than where it stands."""
        waiting = [] if self.is_linear else [value]
        while waiting:
            part = waiting.pop()
            if isinstance(part, str):
                if len(part) > TRIED_CHARACTERS_MAX:
                    return True
            elif isinstance(part, dict):
                waiting.extend(part.values())
            elif isinstance(part, list):
                waiting.extend(part)
        return False


def compile_schema(
    schema: Schema,
    *,
    registry: "jsonschema_rs.Registry | None" = None,
    mask: str | None = None,
    formats: bool | None = None,
    size_max: int = SIZE_MAX,
) -> CompiledSchema:
    """Returns a schema ready to check values; what is not in the schema or the registry cannot be reached from it.

    Raises:
        jsonschema_rs.ValidationError, ValueError: it is no schema, or a reference leads nowhere.
    """
    return CompiledSchema(schema, registry=registry, mask=mask, formats=formats, size_max=size_max)


def _is_base64(text: str) -> bool:
    """Tells whether a text is what OpenAPI calls `byte`; lines may be broken as in a letter."""
    return _BASE64.fullmatch(text) is not None and len("".join(text.split())) % 4 == 0


def parts_in(schema: Schema) -> int:
    """Returns how many parts a schema has once every reference is replaced by what it leads to.

    Raises:
        SchemaError: that has no end, or takes too long.
    """
    return _Unfolding(schema, anchors_in(schema)).size(schema, "")


def anchors_in(schema: Schema) -> dict[str, Json]:
    """Returns the parts of a schema that have a name for references.

    Raises:
        SchemaError: it is nested too deeply.
    """
    anchors = dict[str, Json]()
    for _, part in _parts(schema, "", 0):
        anchors.update((str(part[word]), part) for word in ANCHORS if isinstance(part.get(word), str))
    return anchors


def check_schema(schema: Schema) -> None:
    """Raises for a schema that cannot be used.

    Raises:
        SchemaError: see above.
    """
    import jsonschema_rs

    for place, part in _parts(schema, "", 0):
        _check_addresses(place, part)
    parts_in(schema)
    try:
        compile_schema(schema)
    except jsonschema_rs.ValidationError as error:
        raise SchemaError(".".join(map(str, error.instance_path)), error.message[:200]) from None
    except ValueError as error:
        raise SchemaError("", str(error).partition("\n")[0][:200]) from None


def refuse_to_open(address: str) -> NoReturn:
    """Takes the place of what would fetch the address that a schema names.

    Raises:
        LookupError: always.
    """
    raise LookupError(f"runflow-mock opens no address that a schema names, and {address[:200]} is not part of it")


def _parts(part: Json, place: str, depth: int) -> Iterator[tuple[str, Schema]]:
    """Returns every object that may be read as a schema, with its place."""
    if depth > DEPTH_MAX:
        raise SchemaError(place[:200], f"it is nested more than {DEPTH_MAX} levels deep")
    if isinstance(part, dict):
        yield place, part
        for word, value in part.items():
            if word in NAMED and isinstance(value, dict):
                for name, named in value.items():
                    yield from _parts(named, _at(place, word, name), depth + 1)
            elif word not in _DATA:
                yield from _parts(value, _at(place, word), depth + 1)
    elif isinstance(part, list):
        for index, each in enumerate(part):
            yield from _parts(each, f"{place}[{index}]", depth + 1)


def _check_addresses(place: str, part: Schema) -> None:
    for word in REFERENCES:
        reference = part.get(word)
        if isinstance(reference, str) and not reference.startswith("#"):
            raise SchemaError(_at(place, word), f"{reference[:200]!r} leads out of the schema, and nothing is opened for it; write it in")
    name = part.get("$id")
    if isinstance(name, str) and not name.startswith("#"):
        raise SchemaError(_at(place, "$id"), f"{name[:200]!r} would give references another base; leave it out")
    dialect = part.get("$schema")
    if isinstance(dialect, str) and not dialect.startswith(_KNOWN_DIALECTS):
        raise SchemaError(_at(place, "$schema"), f"{dialect[:200]!r} is unknown, and nothing is opened for it; leave it out")


class _Unfolding:
    """Walks through a schema as one that checks a value would, and raises where that has no end or takes too long."""

    def __init__(self, root: Schema, anchors: Mapping[str, Json]) -> None:
        self._root = root
        self._anchors = anchors
        self._sizes: dict[int, int] = {}
        self._under_way: set[int] = set()

    def size(self, part: Json, place: str) -> int:
        """Returns how many parts there are once references are replaced by what they lead to."""
        if not isinstance(part, dict | list):
            return 1
        if len(self._under_way) > UNFOLDED_DEPTH_MAX:
            raise SchemaError(place[:200], f"with its references followed it is nested more than {UNFOLDED_DEPTH_MAX} levels deep")
        if id(part) in self._under_way:
            raise SchemaError(place, "it refers back to itself: how long a value takes to check would have no bound")
        if id(part) not in self._sizes:
            self._under_way.add(id(part))
            if isinstance(part, list):
                total = 1 + sum(self.size(each, f"{place}[{index}]") for index, each in enumerate(part))
            else:
                total = 1 + sum(self._size_of(word, value, place) for word, value in part.items())
            if total > PARTS_MAX:
                raise SchemaError(place, f"with its references replaced by what they lead to it has more than {PARTS_MAX} parts")
            self._under_way.discard(id(part))
            self._sizes[id(part)] = total
        return self._sizes[id(part)]

    def _size_of(self, word: str, value: Json, place: str) -> int:
        here = _at(place, word)
        if word in REFERENCES and isinstance(value, str):
            return self.size(resolve(self._root, value, self._anchors, here), here)
        if word in NAMED and isinstance(value, dict):
            return sum(self.size(named, _at(here, name)) for name, named in value.items())
        if word in _DATA:
            return len(value) if isinstance(value, list) else 1
        return self.size(value, here)


def resolve(root: Schema, reference: str, anchors: Mapping[str, Json], place: str) -> Json:
    """Returns what a reference within a schema leads to; `place` is where it stands.

    Raises:
        SchemaError: it leads nowhere.
    """
    fragment = reference[1:]
    if fragment and not fragment.startswith("/"):
        if fragment not in anchors:
            raise SchemaError(place, f"there is no {reference[:200]!r} in the schema")
        return anchors[fragment]
    found = walk(root, pointer_of(reference))
    if found is MISSING:
        raise SchemaError(place, f"there is no {reference[:200]!r} in the schema")
    return cast("Json", found)


def _at(place: str, *words: str) -> str:
    return ".".join((*([place] if place else []), *words))


def _long_texts(value: Json, place: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        if len(value) > TRIED_CHARACTERS_MAX:
            yield place, value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _long_texts(part, (*place, name))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _long_texts(part, (*place, index))

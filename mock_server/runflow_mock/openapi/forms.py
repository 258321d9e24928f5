"""Forms: which one of several a value is meant to have, where `oneOf` or `anyOf` gives a choice and it has none of them.

A validator tries all and says that none fits. People mean one, and want to hear what is wrong with it: the one that the discriminator
names, that a field of fixed values tells from the others, or that alone takes values of this type. Nothing here decides whether a value
is right: by OpenAPI a discriminator changes no verdict.

Source: OpenAPI, "Discriminator Object".
"""

from collections.abc import Iterator
from typing import NamedTuple

from runflow_mock.domain.documents import Json, contains, list_of, object_of
from runflow_mock.openapi.contracts import Contract
from runflow_mock.openapi.parts import FILES
from runflow_mock.openapi.pointers import REFERENCES_MAX, Pointer, pointer_of
from runflow_mock.openapi.schema_ways import said_types, type_of

CHOICES = ("oneOf", "anyOf")
TOLD_MAX = 10


class Misnamed(NamedTuple):
    """A field that should say which form is meant, and does not; by which rule, and in words."""

    name: str
    rule: str
    says: str


class Forms:
    """The forms that one word of a schema gives a value to choose from, as far as they take values of its type."""

    def __init__(self, contract: Contract, schema: Pointer, word: str, value: Json) -> None:
        self._contract = contract
        self._value = value
        self.all = tuple((*schema, word, str(index)) for index in range(len(list_of(contract.at(schema).get(word)))))
        self._of_type = [form for form in self.all if _takes(contract.types(form), value)]
        self._fields = object_of(value)
        said = object_of(contract.at(schema).get("discriminator"))
        self._discriminator = said.get("propertyName") if isinstance(value, dict) else None
        self._mapping = object_of(said.get("mapping"))

    @property
    def types(self) -> tuple[str, ...]:
        """The types that any of them takes, where each says of which it is and the value is of none of these."""
        said = [said_types(map(self._contract.at, self._contract.ways(form))) for form in self.all]
        return () if self._of_type or not all(said) else tuple(sorted(frozenset[str]().union(*said)))

    def meant(self) -> Pointer | None:
        """Returns the way to the form that the value is meant to have, where that is certain."""
        if len(self._of_type) == 1:
            return self._of_type[0]
        if isinstance(self._discriminator, str):
            named = [form for form in self._of_type if self._is_named(form)]
            if named:
                return named[0] if len(named) == 1 else None
        fitting = [[form for form in self._of_type if self._takes_field(form, name)] for name in self._telling()]
        return next((forms[0] for forms in fitting if len(forms) == 1), None)

    def misnamed(self) -> Misnamed | None:
        """Returns the field that tells the forms apart, where it is missing from a value of none of them or none of them takes it."""
        name = self._discriminator
        if isinstance(name, str) and name not in self._fields:
            is_asked = all(self._requires(form, name) for form in self._of_type)
            return Misnamed(name, "required", "the field is required: it says which form is meant") if is_asked else None
        if isinstance(name, str) and not any(map(self._is_named, self._of_type)):
            known = dict.fromkeys(each for form in self._of_type for each in self._names(form, name))
            return Misnamed(name, "discriminator", f"it names none of the forms {_listed(known)}")
        for name in self._telling():
            if not any(self._takes_field(form, name) for form in self._of_type):
                known = dict.fromkeys(str(each) for form in self._of_type for each in self._fixed(form, name) or ())
                return Misnamed(name, "enum", f"no form takes this value; they take {_listed(known)}")
        return None

    def _is_named(self, form: Pointer) -> bool:
        """Tells whether the discriminator of the value means a form."""
        named = self._fields.get(str(self._discriminator))
        mapped = self._mapping.get(str(named))
        hops = tuple(self._hops(form))
        if isinstance(mapped, str):
            return any(_leads_to(mapped, hop) for hop in hops)
        return any(named in (hop[-1], hop[-1].rpartition("/")[2].partition(".")[0]) for hop in hops)

    def _names(self, form: Pointer, discriminator: str) -> Iterator[str]:
        """Yields what a value says to have a form: what the form itself takes there, what is mapped to it, or else what it is called."""
        hops = tuple(self._hops(form))
        fixed = [str(each) for each in self._fixed(form, discriminator) or ()]
        mapped = [name for name, target in self._mapping.items() if any(_leads_to(str(target), hop) for hop in hops)]
        yield from fixed or mapped or (hop[-1] for hop in hops[:1])

    def _hops(self, form: Pointer) -> Iterator[Pointer]:
        """Yields what a form refers to, and what that refers to."""
        for _ in range(REFERENCES_MAX):
            reference = self._contract.at(form).get("$ref")
            if not isinstance(reference, str):
                return
            form = pointer_of(reference)
            yield form

    def _telling(self) -> Iterator[str]:
        """Yields the fields of the value for which every form has fixed values."""
        first = self._of_type[0] if self._of_type else ()
        named = dict.fromkeys(name for way in self._contract.ways(first) for name in object_of(self._contract.at(way).get("properties")))
        for name in named:
            if name in self._fields and all(self._fixed(form, name) is not None for form in self._of_type):
                yield name

    def _fixed(self, form: Pointer, name: str) -> list[Json] | None:
        """Returns the values of a field that a form takes, where it fixes them."""
        found: list[Json] | None = None
        for way in self._contract.ways(form):
            if name in object_of(self._contract.at(way).get("properties")):
                for part in map(self._contract.at, self._contract.ways((*way, "properties", name))):
                    if "const" in part or isinstance(part.get("enum"), list):
                        found = [*(found or ()), *([part["const"]] if "const" in part else list_of(part["enum"]))]
        return found

    def _takes_field(self, form: Pointer, name: str) -> bool:
        return any(contains(self._fields[name], each) for each in self._fixed(form, name) or ())

    def _requires(self, form: Pointer, name: str) -> bool:
        return any(name in list_of(self._contract.at(way).get("required")) for way in self._contract.ways(form))


def _takes(types: frozenset[str], value: Json) -> bool:
    kind = type_of(value)
    # 1.0 is a whole number too.
    return kind in types or (kind in ("integer", "number") and bool(types & {"integer", "number"}))


def _leads_to(mapped: str, target: Pointer) -> bool:
    """Tells whether what a discriminator's mapping says, the name of a schema or a reference, leads to a schema."""
    if "/" not in mapped and "." not in mapped and "#" not in mapped:
        return target[-1] == mapped
    file, _, place = mapped.partition("#")
    # A reference without a file is seen from the file in which it stands, and what is in other files stands under their names.
    own = target[2:] if target[:1] == (FILES,) else target
    is_there = not file or (target[:1] == (FILES,) and target[1].rpartition("/")[2] == file.rpartition("/")[2])
    return is_there and pointer_of(place) == own


def _listed(names: dict[str, None]) -> str:
    more = f" and {len(names) - TOLD_MAX} more" if len(names) > TOLD_MAX else ""
    return ", ".join(name[:40] for name in tuple(names)[:TOLD_MAX]) + more

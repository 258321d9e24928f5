"""The names of fields that are known: every one that stands in what is written and shown, and none that is nowhere."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from contract import DOCUMENT, document
from msgspec.inspect import Field, StructType, multi_type_info
from sources import PACKAGE

from runflow_mock.domain import field_names
from runflow_mock.domain.snapshots import Snapshot
from runflow_mock.engine.history import Entry
from runflow_mock.wire.control_document import control_document
from runflow_mock.wire.kept import KeptTenant

pytestmark = pytest.mark.slow

CONTROL: Any = json.loads(control_document())
QUOTED = re.compile(r'"(\w+)"')
CLASS = re.compile(r"^class \w+\((.*)\):\n((?:(?: {4}.*)?\n)+)", re.MULTILINE)
FIELD = re.compile(r"^ {4}(\w+): ", re.MULTILINE)


def _properties(part: Any) -> Iterator[str]:
    """Yields the names of all properties that a part of a document declares, as long as a secret or longer."""
    if isinstance(part, dict):
        declared = part.get("properties")
        yield from (name for name in (declared if isinstance(declared, dict) else ()) if len(name) >= 8)
        part = list(part.values())
    for inner in part if isinstance(part, list) else ():
        yield from _properties(inner)


def _written(part: object, seen: set[type]) -> Iterator[str]:
    """Yields under what names the fields of records are written, of those that stand in others too."""
    match part:
        case StructType(cls=kind):
            if kind not in seen:
                seen.add(kind)
                yield from _written(part.fields, seen)
        case Field(encode_name=name):
            yield name
            yield from _written(part.type, seen)
        case tuple() | list():
            for inner in part:
                yield from _written(inner, seen)
        case msgspec.inspect.Type():
            yield from _written([getattr(part, name) for name in part.__struct_fields__], seen)
        case _:
            return


def _named_in_package() -> Iterator[str]:
    """Yields the names of the fields of each `Struct` of the package, and what stands there in quotes, as a name without a type does."""
    for path in PACKAGE.rglob("*.py"):
        if path.name != "field_names.py":
            text = path.read_text(encoding="utf-8")
            yield from QUOTED.findall(text)
            for bases, body in CLASS.findall(text):
                yield from FIELD.findall(body) if "NamedTuple" not in bases and "Protocol" not in bases else ()


@pytest.mark.parametrize("known", [document(), CONTROL], ids=["contract", "control"])
def test_every_property_of_a_document_is_the_name_of_a_field(known: Any) -> None:
    names = set(_properties(known))
    assert len(names) > 70
    assert [name for name in sorted(names) if not field_names.is_field_name(name)] == []


def test_every_field_of_what_is_kept_is_the_name_of_a_field() -> None:
    names = set(_written(multi_type_info((Snapshot, KeptTenant, Entry)), set()))
    assert len(names) > 300
    assert [name for name in sorted(names) if not field_names.is_field_name(name)] == []


def test_name_of_a_field_stands_in_a_document_or_in_the_package() -> None:
    quoted = QUOTED.findall(DOCUMENT.read_text(encoding="utf-8"))
    known = {*_properties(CONTROL), *quoted, *_named_in_package()}
    listed = re.findall(r"\w+", field_names._NAMES)
    assert [name for name in listed if name not in known] == []

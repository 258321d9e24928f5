"""Models in a scenario: what differs from the catalog, `{id, run_seconds?, price?, active?, …}`, or a model that it does not have."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from msgspec.structs import replace

from runflow_mock.decoders import convert
from runflow_mock.domain.documents import Json
from runflow_mock.domain.errors import ModelNotFound
from runflow_mock.domain.media import OutputShape
from runflow_mock.domain.models import Catalog, Model
from runflow_mock.wire.catalog import WireModel, WirePrice, check_model, check_run_seconds, read_model, read_price
from runflow_mock.wire.control import duration, refused
from runflow_mock.wire.inputs import read_input_schema
from runflow_mock.wire.paces import WirePace, read_pace


class _Part(NamedTuple):
    """A part of a model that can differ: the field of the record, its type on the wire, and how one becomes the other."""

    field: str
    type: Any
    read: Callable[[Any], object]


def _as_it_is(value: object) -> object:
    return value


def _inputs(schema: dict[str, object]) -> object:
    return read_input_schema(cast(dict[str, Json], schema))


PARTS: Mapping[str, _Part] = {
    "name": _Part("name", str, _as_it_is),
    "description": _Part("description", str, _as_it_is),
    "active": _Part("is_active", bool, _as_it_is),
    "batch": _Part("takes_batches", bool, _as_it_is),
    "run_seconds": _Part("run_seconds", tuple[float, float], _as_it_is),
    "pace": _Part("pace", WirePace, read_pace),
    "price": _Part("price", WirePrice, read_price),
    "input": _Part("input_schema", dict[str, object], _inputs),
    "output": _Part("output", OutputShape, _as_it_is),
}


def decode_override(entry: Json, catalog: Catalog) -> Model:
    """Returns the catalog's model with what an entry says about it, or the whole new model that it describes."""
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
        raise refused("a model is an object with an id such as 'runflow/background-removal'")
    known = {model.id: model for model in catalog.models}.get(str(entry["id"]))
    try:
        if known is None:
            return read_model(convert(entry, WireModel))
        parts = {name: value for name, value in entry.items() if name != "id"}
        changed = replace(known, **{_part(name).field: _read(name, value) for name, value in parts.items()})
        check_model(changed)
        return changed
    except ValueError as error:
        nearest = None if known is not None else catalog.nearest(str(entry["id"]))
        hint = "" if nearest is None else f" (a model that the catalog does not have is described in full; did you mean {nearest}?)"
        raise refused(f"{error}{hint}") from None


def decode_duration(path: str, value: Json, catalog: Catalog) -> Model:
    """Returns the catalog's model with another running time: one duration, or the range in which it falls."""
    ends = value if isinstance(value, list) else [value, value]
    if len(ends) != 2:
        raise refused(f"{path} must be a duration such as '90s', or a list of the shortest and the longest")
    low, high = (duration(end, path).total_seconds() for end in ends)
    try:
        check_run_seconds((low, high))
        return replace(catalog.get(path), run_seconds=(low, high))
    except ModelNotFound as error:
        nearest = "" if error.nearest is None else f"; did you mean {error.nearest}?"
        raise refused(f"there is no model {path[:200]!r}{nearest}") from None
    except ValueError as error:
        raise refused(f"{path}: {error}") from None


def _part(name: str) -> _Part:
    if name not in PARTS:
        raise refused(f"{name} is nothing that a scenario can change about a model; it can change {', '.join(PARTS)}")
    return PARTS[name]


def _read(name: str, value: Json) -> object:
    part = _part(name)
    try:
        return part.read(convert(value, part.type))
    except ValueError as error:
        raise refused(f"{name}: {error}") from None

"""Media fields: which inputs of a model are pictures, films, sounds or other files, at any depth of its schema, and which are left blank.

Theory. A media field is marked with `x-variable-type`, on its own or as a list. It may stand in an object, in a list of objects, or deeper.
Clients say with empty text that there is none: an optional field that is `""` counts as left out, and so does an entry `""` of an optional
list. What is required cannot be left out that way.

Source: `models.empty-media`.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from runflow_mock.domain.documents import Json

SINGLE = frozenset(("image", "file"))
LISTS = frozenset(("image_list", "file_list"))

Object = dict[str, Json]
Place = tuple[str | int, ...]


class MediaFields(NamedTuple):
    """The media fields of an object by name, those that may be left out, and the fields whose objects have some, alone or in lists."""

    names: frozenset[str]
    optional: frozenset[str]
    inside: dict[str, "MediaFields"]


def media_fields(schema: Mapping[str, Json]) -> MediaFields | None:
    """Returns the media fields of a schema of inputs, or nothing if there is none at any depth."""
    properties = schema.get("properties")
    parts = {name: part for name, part in properties.items() if isinstance(part, dict)} if isinstance(properties, dict) else {}
    names = frozenset(name for name, part in parts.items() if _is_media(part))
    inside = {name: found for name, part in parts.items() if name not in names and (found := media_fields(entry_of(part))) is not None}
    return MediaFields(names, names - required_fields(schema), inside) if names or inside else None


def required_fields(schema: Mapping[str, Json]) -> frozenset[str]:
    """Returns the names that a schema requires."""
    names = schema.get("required")
    return frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else frozenset()


def entry_of(part: Mapping[str, Json]) -> Mapping[str, Json]:
    """Returns what the schema of a list says of its entries, through lists of lists, or the schema itself."""
    items = part.get("items")
    return entry_of(items) if isinstance(items, dict) else part


def blanks(inputs: Mapping[str, Json], media: MediaFields) -> Iterator[Place]:
    """Returns where optional media, or entries of optional lists of media, are empty text."""
    for name in sorted(media.optional):
        value = inputs.get(name)
        if value == "":
            yield (name,)
        elif isinstance(value, list):
            yield from ((name, index) for index, entry in enumerate(value) if entry == "")
    for name, fields in media.inside.items():
        for place, value in _objects(inputs.get(name), (name,)):
            yield from ((*place, *inner) for inner in blanks(value, fields))


def _is_media(part: Mapping[str, Json]) -> bool:
    items = part.get("items")
    return part.get("x-variable-type") in SINGLE | LISTS or (isinstance(items, dict) and _is_media(items))


def _objects(value: Json, place: Place) -> Iterator[tuple[Place, Object]]:
    if isinstance(value, dict):
        yield place, value
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _objects(entry, (*place, index))

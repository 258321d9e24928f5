"""Parameters: one thing that an operation takes beside its body, and in which style its value is written.

Source: OpenAPI, "Parameter Object": the styles of each place and their defaults.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import cast

import msgspec

from runflow_mock.domain.documents import Json
from runflow_mock.openapi.pointers import Pointer

ANYTHING: Pointer = ()
"""The way to the schema of content that is not described."""


class Style(StrEnum):
    """How a value is written down."""

    SIMPLE = "simple"
    LABEL = "label"
    MATRIX = "matrix"
    FORM = "form"
    SPACES = "spaceDelimited"
    PIPES = "pipeDelimited"
    DEEP = "deepObject"
    COOKIE = "cookie"
    CONTENT = "content"
    """Written as its media type says."""


_QUERY = (Style.FORM, Style.SPACES, Style.PIPES, Style.DEEP)
# The first style of each place is the usual one.
STYLES_IN: Mapping[str, tuple[Style, ...]] = {
    "path": (Style.SIMPLE, Style.LABEL, Style.MATRIX),
    "query": _QUERY,
    "header": (Style.SIMPLE,),
    "cookie": (Style.FORM, Style.COOKIE),
    "querystring": (Style.CONTENT,),
}
# What a header parameter of such a name declares is ignored, as the specification has it.
IGNORED_HEADERS = frozenset(("accept", "content-type", "authorization"))


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the schema of a parameter speaks of; `names` are the fields of an object, and `is_open` says that there may be others."""

    is_list: bool
    is_object: bool
    is_scalar: bool
    names: frozenset[str] = frozenset()
    is_open: bool = False


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter of an operation; `schema` leads to what its value must be, `media_type` says how it is written under `CONTENT`."""

    name: str
    place: str
    is_required: bool
    schema: Pointer
    style: Style = Style.FORM
    explodes: bool = True
    media_type: str = ""
    may_be_empty: bool = False
    is_deprecated: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What makes it another one: a parameter of an operation takes the place of that of its path with the same key."""
        return self.place, self.name.lower() if self.place == "header" else self.name


def read_parameter(part: Mapping[str, Json], pointer: Pointer) -> Parameter:
    """Returns the parameter that a part declares; `pointer` is the way to it. What is wrong with it `wrong_with` tells."""
    place = str(part.get("in"))
    style, content = style_of(part), part.get("content")
    media_type = next(iter(content), "") if isinstance(content, dict) else ""
    schema: Pointer = (*pointer, "schema") if "schema" in part else ANYTHING
    if media_type and "schema" in cast("Mapping[str, Mapping[str, Json]]", content)[media_type]:
        schema = (*pointer, "content", media_type, "schema")
    explodes = part.get("explode")
    return Parameter(
        name=str(part.get("name")),
        place=place,
        is_required=part.get("required") is True,
        schema=schema,
        style=Style.CONTENT if media_type else style or STYLES_IN.get(place, _QUERY)[0],
        explodes=explodes if isinstance(explodes, bool) else style in (Style.FORM, Style.COOKIE),
        media_type=media_type,
        is_deprecated=part.get("deprecated") is True,
        may_be_empty=part.get("allowEmptyValue") is True,
    )


def style_of(part: Mapping[str, Json]) -> Style | None:
    """Returns the style that a parameter or an encoding says, or the usual one of its place; nothing for one that is not possible there."""
    possible = STYLES_IN.get(str(part.get("in", "query")), ())
    said = part.get("style")
    if said is None:
        return possible[0] if possible else None
    return next((style for style in possible if style == said), None)


def wrong_with(part: Mapping[str, Json]) -> tuple[str, str] | None:
    """Returns the keyword of a parameter that cannot be understood, and why."""
    place, name = part.get("in"), part.get("name")
    if not isinstance(name, str) or not name:
        return "name", "a parameter has a name"
    if not isinstance(place, str) or place not in STYLES_IN:
        return "in", f"{str(place)[:40]!r} is none of {', '.join(STYLES_IN)}"
    if place == "querystring" and not part.get("content"):
        return "content", "a query that is described as a whole has a media type"
    if style_of(part) is None:
        return "style", f"{str(part.get('style'))[:40]!r} is no style of a {place} parameter"
    return None

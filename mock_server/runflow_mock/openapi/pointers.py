"""Pointers: the ways to parts of a document, key by key, and the forms in which they are written."""

from typing import Any
from urllib.parse import quote, unquote

from runflow_mock.domain.whole_numbers import whole_number

Pointer = tuple[str, ...]
"""The way to a part of a document, key by key."""

# References that follow one another may lead in a circle.
REFERENCES_MAX = 100

MISSING = object()
"""What a way leads to that leads nowhere; it is equal to nothing else."""


def pointer_of(reference: str) -> Pointer:
    """Returns the way that a reference inside a document means, such as `#/components/schemas/Run`."""
    return tuple(_unescaped(unquote(word)) for word in reference.removeprefix("#").split("/")[1:])


def way_of(place: str) -> Pointer:
    """Returns the way that a validator tells, such as `/items/0`; a percent sign in it stands for itself."""
    return tuple(_unescaped(word) for word in place.split("/")[1:])


def reference_to(pointer: Pointer) -> str:
    """Returns the reference that means a way inside a document."""
    words = (quote(_escaped(word), safe="~!$&'()*+,;=:@") for word in pointer)
    return "#" + "".join(f"/{word}" for word in words)


def place_of(pointer: Pointer) -> str:
    """Returns a way as people read it: as a reference in which nothing is percent-encoded."""
    return "#" + "".join(f"/{_escaped(word)}" for word in pointer)


def step(part: Any, word: str) -> Any:
    """Returns what one word of a way leads to."""
    if isinstance(part, dict):
        return part.get(word, MISSING)
    index = whole_number(word) if isinstance(part, list) else None
    return MISSING if index is None or index >= len(part) else part[index]


def walk(part: Any, pointer: Pointer) -> Any:
    """Returns what a way leads to."""
    for word in pointer:
        # The usual case first: a document is walked through for each exchange that is judged.
        part = part.get(word, MISSING) if isinstance(part, dict) else step(part, word)
    return part


def _escaped(word: str) -> str:
    return word.replace("~", "~0").replace("/", "~1")


def _unescaped(word: str) -> str:
    return word.replace("~1", "/").replace("~0", "~")

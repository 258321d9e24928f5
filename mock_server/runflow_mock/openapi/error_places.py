"""Error places: where in a value a validator's error is, and by which rule of a schema.

The validator tells numbers where names consist of digits, `1` for a field `01` as well, and leaves out names without a character. So
what it tells is looked for in the value; where it means several places, the one with what the error says is there.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from runflow_mock.domain.findings import Location
from runflow_mock.openapi.pointers import Pointer

if TYPE_CHECKING:
    import jsonschema_rs

CANDIDATES_MAX = 8
"""How many places are compared with what an error says."""
_DIGITS_MAX = 20

Steps = Sequence[str | int]


class ErrorPlaces:
    """The places of all errors of one value, of which two that say the same are not at one place."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self._given: set[tuple[Location, Steps, str]] = set()

    def of(self, error: "jsonschema_rs.ValidationError") -> Location:
        """Returns the way in the value to what is wrong."""
        found = list(islice(_places(self.value, error.instance_path), CANDIDATES_MAX))
        if len(found) < 2:
            return found[0][0] if found else tuple(error.instance_path)
        said, way, message = _written(error.instance), tuple(error.evaluation_path), error.message
        alike = [place for place, part in found if _written(part) == said] or [found[0][0]]
        place = next((place for place in alike if (place, way, message) not in self._given), alike[0])
        self._given.add((place, way, message))
        return place


def place_in(value: Any, error: "jsonschema_rs.ValidationError") -> Location:
    """Returns the way in a value to what is wrong, by an error alone."""
    return ErrorPlaces(value).of(error)


def way_in(document: Any, steps: Steps) -> Pointer:
    """Returns the way in a document to the rule that was broken, given the steps that the validator tells."""
    place = next((place for place, _ in _places(document, steps)), tuple(steps))
    return tuple(map(str, place))


def _written(part: Any) -> bytes:
    # To Python 1 is True.
    return msgspec.json.encode(part, order="sorted")


def _places(whole: Any, steps: Steps) -> Iterator[tuple[Location, Any]]:
    """Yields the ways that steps may mean, the most likely first, each with what stands there; nothing recurses."""
    waiting: list[tuple[Any, int, Location]] = [(whole, 0, ())]
    while waiting:
        part, taken, before = waiting.pop()
        if taken == len(steps):
            yield before, part
        if isinstance(part, dict):
            # What is left for the end is tried last.
            if "" in part:
                waiting.append((part[""], taken, (*before, "")))
            names = _names(part, steps[taken]) if taken < len(steps) else []
            waiting.extend((part[name], taken + 1, (*before, name)) for name in reversed(names))
        elif isinstance(part, list) and taken < len(steps) and isinstance(step := steps[taken], int) and step < len(part):
            waiting.append((part[step], taken + 1, (*before, step)))


def _names(part: dict[str, Any], step: str | int) -> list[str]:
    if isinstance(step, str):
        return [step] if step in part else []
    # A long object is not searched through for each of its errors.
    spellings = dict.fromkeys(f"{sign}{step:0{digits}d}" for sign in ("", "+") for digits in range(1, _DIGITS_MAX))
    return [name for name in spellings if name in part]

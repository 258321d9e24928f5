"""Error places: where in a value a validator's error is, and by which rule of a schema.

The validator tells numbers where names consist of digits, `1` for a field `01` as well, and leaves out names without a character. So
what it tells is looked for in the value; where it means several places, the one with what the error says is there.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from runflow_mock.domain.findings import Location
from runflow_mock.openapi.pointers import Pointer

if TYPE_CHECKING:
    import jsonschema_rs

CANDIDATES_MAX = 8
"""How many places are compared with what an error says."""
_DIGITS_MAX = 20

Steps = Sequence[str | int]


def place_in(value: Any, error: "jsonschema_rs.ValidationError") -> Location:
    """Returns the way in a value to what is wrong."""
    found = list(islice(_places(value, error.instance_path), CANDIDATES_MAX))
    if len(found) > 1:
        return next((place for place, part in found if part == error.instance), found[0][0])
    return found[0][0] if found else tuple(error.instance_path)


def way_in(document: Any, steps: Steps) -> Pointer:
    """Returns the way in a document to the rule that was broken, given the steps that the validator tells."""
    place = next((place for place, _ in _places(document, steps)), tuple(steps))
    return tuple(map(str, place))


def _places(part: Any, steps: Steps, before: Location = ()) -> Iterator[tuple[Location, Any]]:
    """Yields the ways that steps may mean, the most likely first, each with what stands there."""
    if not steps:
        yield before, part
    elif isinstance(part, dict):
        for name in _names(part, steps[0]):
            yield from _places(part[name], steps[1:], (*before, name))
    elif isinstance(part, list) and isinstance(steps[0], int) and steps[0] < len(part):
        yield from _places(part[steps[0]], steps[1:], (*before, steps[0]))
    if isinstance(part, dict) and "" in part:
        yield from _places(part[""], steps, (*before, ""))


def _names(part: dict[str, Any], step: str | int) -> Iterator[str]:
    # A long object is not searched through for each of its errors.
    spellings = (f"{sign}{step:0{digits}d}" for sign in ("", "+") for digits in range(1, _DIGITS_MAX)) if isinstance(step, int) else (step,)
    yield from (name for name in dict.fromkeys(spellings) if name in part)

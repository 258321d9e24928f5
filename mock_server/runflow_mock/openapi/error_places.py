"""Error places: where in a value a validator's error is, and by which rule of a schema.

The validator tells numbers where names consist of digits, `1` for a field `01` as well, and leaves out names without a character. So
what it tells is looked for in the value; where it means several places, the one with what the error says is there.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
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
        self._chains: dict[int, _Chain] = {}

    def of(self, error: "jsonschema_rs.ValidationError") -> Location:
        """Returns the way in the value to what is wrong."""
        found = list(islice(_places(self.value, error.instance_path, self._chains), CANDIDATES_MAX))
        if len(found) < 2:
            return found[0][0] if found else tuple(error.instance_path)
        said, way, message = _written(error.instance), tuple(error.evaluation_path), error.message
        alike = [place for place, part in found if _written(part) == said] or [found[0][0]]
        place = next((place for place in alike if (place, way, message) not in self._given), alike[0])
        self._given.add((place, way, message))
        return place


def way_in(document: Any, steps: Steps) -> Pointer:
    """Returns the way in a document to the rule that was broken, given the steps that the validator tells."""
    place = next((place for place, _ in _places(document, steps, {})), tuple(steps))
    return tuple(map(str, place))


def _written(part: Any) -> bytes:
    # To Python 1 is True.
    return msgspec.json.encode(part, order="sorted")


class _Chain:
    """A part, what lies in it under names without a character, one in the other, and how deep there each name is."""

    def __init__(self, part: Any) -> None:
        self.parts = [part]
        while isinstance(self.parts[-1], dict) and "" in self.parts[-1]:
            self.parts.append(self.parts[-1][""])
        self._depths: dict[str, list[int]] = {}
        # Of one part alone its own names are looked at.
        for depth, each in enumerate(self.parts if len(self.parts) > 1 else ()):
            for name in each if isinstance(each, dict) else ():
                self._depths.setdefault(name, []).append(depth)

    def steps(self, step: str | int) -> list[tuple[int, str | int]]:
        """Returns how deep what a step may mean is, and by which name it goes there; the most likely first."""
        last = self.parts[-1]
        if len(self.parts) == 1 and isinstance(last, dict):
            return [(0, name) for name in _spellings(step) if name in last]
        found: list[tuple[int, str | int]] = [(depth, name) for name in _spellings(step) for depth in self._depths.get(name, ())]
        if isinstance(last, list) and isinstance(step, int) and step < len(last):
            found.append((len(self.parts) - 1, step))
        return sorted(found, key=itemgetter(0))


def _places(whole: Any, steps: Steps, chains: dict[int, _Chain]) -> Iterator[tuple[Location, Any]]:
    """Yields the ways that steps may mean, the most likely first, each with what stands there; nothing recurses."""
    waiting: list[tuple[Any, int, Location]] = [(whole, 0, ())]
    while waiting:
        part, taken, before = waiting.pop()
        chain = chains.get(id(part)) or chains.setdefault(id(part), _Chain(part)) if isinstance(part, dict) else _Chain(part)
        if taken == len(steps):
            yield from (((*before, *[""] * depth), each) for depth, each in enumerate(chain.parts))
        else:
            waiting.extend(
                (chain.parts[depth][name], taken + 1, (*before, *[""] * depth, name)) for depth, name in reversed(chain.steps(steps[taken]))
            )


def _spellings(step: str | int) -> Iterable[str]:
    # A long object is not searched through for each of its errors.
    return (
        (step,)
        if isinstance(step, str)
        else dict.fromkeys(f"{sign}{step:0{digits}d}" for sign in ("", "+") for digits in range(1, _DIGITS_MAX))
    )

"""Misses: what came nearest to a place that nothing fitted, and in what it differs.

The nearest is what differs in the fewest fields; among equals what looks most like it; among those the latest. Of documents those parts
are named that are not contained.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from runflow_mock.domain.documents import Json, contains, read_document
from runflow_mock.domain.places import Subject, Where, edge_name, misses, stands_at

SHOWN_MAX = 200
SUBJECTS_MAX = 2_000
# Comparing texts letter by letter is slow.
RANKED_MAX = 200
SOME_VALUE = 0.1


class Difference(msgspec.Struct, frozen=True):
    """One thing in which something differs from what was wanted: its name, and both values."""

    field: str
    wanted: Json
    seen: Json


Candidate = tuple[str, tuple[Difference, ...]]
"""What might come nearest, by its id, and in what it differs."""


class NearestMiss(msgspec.Struct, frozen=True):
    """What came nearest to what was wanted, by its id, and in what it differs."""

    id: str
    differences: tuple[Difference, ...]


def candidates(where: Where, subjects: Iterable[tuple[str, Subject]]) -> Iterator[Candidate]:
    """Yields which of the named subjects might have come nearest, one by one: to compare long documents takes a moment.

    To the seventh reading no creation comes near, but the third reading does.
    """
    return ((name, differences(where, subject)) for name, subject in subjects if where.edge is None or _near(where.edge, subject))


def nearest(given: Iterable[Candidate]) -> NearestMiss | None:
    """Returns which of the candidates differs least, if there are any; of many the latest are looked at."""
    latest = list(given)[-SUBJECTS_MAX:]
    if not latest:
        return None
    fewest = min(len(found) for _, found in latest)
    near = [(name, found) for name, found in latest if len(found) == fewest][-RANKED_MAX:]
    name, found = max(reversed(near), key=lambda candidate: sum(_ratio(each.wanted, each.seen) for each in candidate[1]))
    return NearestMiss(name, found)


def differences(where: Where, subject: Subject) -> tuple[Difference, ...]:
    """Returns in what a subject differs from a place."""
    seen = _near(where.edge, subject) if where.edge is not None else ()
    edge = () if stands_at(where, subject) else (Difference("edge", where.edge, ", ".join(seen or subject.edges) or None),)
    return (*edge, *(found for name in misses(where, subject) for found in _explain(name, getattr(where, name), getattr(subject, name))))


def _near(edge: str, subject: Subject) -> tuple[str, ...]:
    """Returns the edges of a subject that have the name of an edge, whatever their numbers."""
    return tuple(passed for passed in subject.edges if edge_name(passed) == edge_name(edge))


def _explain(name: str, wanted: str | bytes, seen: str | bytes | None) -> Iterator[Difference]:
    if isinstance(wanted, bytes):
        value = read_document(seen) if isinstance(seen, bytes) else None
        yield from _parts(name, read_document(wanted), value)
    else:
        yield Difference(name, wanted, seen.decode(errors="replace") if isinstance(seen, bytes) else seen)


def _parts(name: str, wanted: Json, seen: Json) -> Iterator[Difference]:
    if contains(seen, wanted):
        return
    if isinstance(wanted, dict) and isinstance(seen, dict):
        for key, part in wanted.items():
            if key in seen:
                yield from _parts(f"{name}.{key}", part, seen[key])
            else:
                yield Difference(f"{name}.{key}", part, None)
    else:
        yield Difference(name, wanted, seen)


def _ratio(wanted: Json, seen: Json) -> float:
    if seen is None:
        return 0.0
    # What has some other value is nearer than what has none.
    return SOME_VALUE + _likeness(str(wanted)[:SHOWN_MAX], str(seen)[:SHOWN_MAX])


@lru_cache(maxsize=RANKED_MAX)
def _likeness(wanted: str, seen: str) -> float:
    from difflib import SequenceMatcher

    return SequenceMatcher(None, wanted, seen, autojunk=False).ratio()

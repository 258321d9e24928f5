"""Misses: what came nearest to a place that nothing fitted, and in what it differs.

The nearest is what differs in the fewest fields; among equals what looks most like it; among those the latest. Of documents those parts
are named that are not contained. A value that is too long to be told is told by what it is: many rules may come near the same long
input, and each of them would show it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice, pairwise

import msgspec

from runflow_mock.domain.documents import Json, contains, write_document
from runflow_mock.domain.places import Look, Subject, Where, edge_name, plain_misses, stands_at

SHOWN_MAX = 200
DIFFERENCES_MAX = 10
VALUE_BYTES_MAX = 1_000
FIELD_CHARACTERS_MAX = 300
"""How many differences are told of a miss, and how long a value and the name of one may be."""
PARTS_MAX = 1_000
"""In how many parts of a document a difference is found; what differs in so many is near to nothing."""
SUBJECTS_MAX = 2_000
RANKED_MAX = 200
SOME_VALUE = 0.1
_KINDS = {str: "a text", list: "a list", dict: "an object"}


class Difference(msgspec.Struct, frozen=True):
    """One thing in which something differs from what was wanted: its name, and both values."""

    field: str
    wanted: Json
    seen: Json


Candidate = tuple[str, tuple[Difference, ...]]
"""What might come nearest, by its id, and in what it differs."""


class NearestMiss(msgspec.Struct, frozen=True):
    """What came nearest to what was wanted, by its id, and in what it differs: some of it, and in how many fields more."""

    id: str
    differences: tuple[Difference, ...]
    more: int = 0


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
    # Of many that say the same the latest counts. Those that share what they differ in are known by that at once.
    near = {id(candidate[1]): candidate for candidate in latest if len(candidate[1]) == fewest}
    ranked = dict[object, Candidate]()
    for candidate in (candidate for candidate in reversed(latest) if near.get(id(candidate[1])) is candidate):
        ranked.setdefault(_what_is_said(candidate[1]), candidate)
        if len(ranked) == RANKED_MAX:
            break
    texts = dict[int, str]()
    name, found = max(ranked.values(), key=lambda candidate: _closeness(candidate[1][:DIFFERENCES_MAX], texts))
    told = tuple(Difference(each.field, _told(each.wanted), _told(each.seen)) for each in found[:DIFFERENCES_MAX])
    return NearestMiss(name, told, len(found) - len(told))


def differences(where: Where, subject: Subject) -> tuple[Difference, ...]:
    """Returns in what a subject differs from a place; see `differences_seen`."""
    return differences_seen(where, Look(subject))


def differences_seen(where: Where, look: Look) -> tuple[Difference, ...]:
    """Returns in what a moment differs from a place; within a document no more is found than makes it far from everything."""
    subject = look.subject
    seen = _near(where.edge, subject) if where.edge is not None else ()
    edge = () if stands_at(where, subject) else (Difference("edge", where.edge, ", ".join(seen or subject.edges) or None),)
    plain = (Difference(name, getattr(where, name), getattr(subject, name)) for name in plain_misses(where, subject))
    parts = (islice(_parts(name, wanted, look.seen(name)), PARTS_MAX) for name, wanted in where.wanted.items())
    return (*edge, *plain, *chain.from_iterable(parts))


def _near(edge: str, subject: Subject) -> tuple[str, ...]:
    """Returns the edges of a subject that have the name of an edge, whatever their numbers."""
    return tuple(passed for passed in subject.edges if edge_name(passed) == edge_name(edge))


def _parts(name: str, wanted: Json, seen: Json) -> Iterator[Difference]:
    if isinstance(wanted, dict) and isinstance(seen, dict):
        for key, part in wanted.items():
            field = _field(name, key)
            if key in seen:
                yield from _parts(field, part, seen[key])
            else:
                yield Difference(field, part, None)
    elif not contains(seen, wanted):
        yield Difference(name, wanted, seen)


def _what_is_said(found: tuple[Difference, ...]) -> object:
    """Returns what is the same for those that differ in the same; lists and objects are compared by identity: they may be long."""
    return tuple(
        (each.field, type(each.seen), id(each.seen) if isinstance(each.seen, list | dict) else each.seen)
        for each in found[:DIFFERENCES_MAX]
    )


def _told(value: Json) -> Json:
    """Returns a value, or what it is where it is long; a text that was cut might end within a secret, and nobody would know it again."""
    if not isinstance(value, str | list | dict) or (size := len(write_document(value))) <= VALUE_BYTES_MAX:
        return value
    return f"({_KINDS[type(value)]} of {len(value)}, {size} bytes of JSON)"


def _field(name: str, key: str) -> str:
    """Returns the name of a part; each of a million parts would repeat a long one."""
    field = f"{name}.{key}" if len(key) <= FIELD_CHARACTERS_MAX else f"{name}.({len(key)} characters)"
    return field if len(field) <= FIELD_CHARACTERS_MAX else f"{name.partition('.')[0]}.(deep within)"


def _closeness(differences: Iterable[Difference], texts: dict[int, str]) -> float:
    """Returns how much what differs looks like what was wanted; `texts` are those of wanted values, which candidates have in common."""
    close = 0.0
    for each in differences:
        if each.seen is not None:
            wanted = texts.get(id(each.wanted)) or texts.setdefault(id(each.wanted), _beginning(each.wanted))
            # What has some other value is nearer than what has none.
            close += SOME_VALUE + _likeness(wanted, _beginning(each.seen))
    return close


def _beginning(value: Json) -> str:
    """Returns how the text of a value begins, without writing the rest of it."""
    # Of two parts in a row one at least is not empty.
    return "".join(islice(_written(value), 2 * SHOWN_MAX))[:SHOWN_MAX]


def _written(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        yield "{"
        for name, part in value.items():
            yield f"{name[:SHOWN_MAX]}: "
            yield from _written(part)
            yield ", "
        yield "}"
    elif isinstance(value, list):
        yield "["
        for part in value:
            yield from _written(part)
            yield ", "
        yield "]"
    else:
        yield value[:SHOWN_MAX] if isinstance(value, str) else str(value)


def _likeness(wanted: str, seen: str) -> float:
    """Returns the share of their pairs of letters that two texts have in common: the cost of other measures depends on the letters."""
    ours, theirs = Counter(pairwise(f" {wanted} ")), Counter(pairwise(f" {seen} "))
    return 2 * (ours & theirs).total() / (ours.total() + theirs.total())

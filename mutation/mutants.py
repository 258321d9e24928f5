"""Mutants: each one place and one way of being wrong there, as a value that can be listed, sampled and planted."""

from enum import StrEnum

import msgspec

from mutation.places import EACH, Place, Subject, Way


class Kind(StrEnum):
    """The ways of being wrong."""

    ABSENT = "absent"
    NULL = "null"
    OTHER = "other value"
    SWAPPED = "swapped"
    LOST = "lost"
    DOUBLED = "doubled"
    REORDERED = "reordered"
    STATUS = "other status"
    HEADER_ABSENT = "header absent"
    HEADER_OTHER = "other header"
    RULE = "rule not enforced"
    REFUSAL = "refusal left out"
    PARAMETER = "parameter ignored"
    PROMISE = "promise broken"


OF_CONTENT = frozenset((Kind.ABSENT, Kind.NULL, Kind.OTHER, Kind.SWAPPED, Kind.LOST, Kind.DOUBLED, Kind.REORDERED))


class Mutant(msgspec.Struct, frozen=True, order=True):
    """A server that is right but for this: at a place in what a subject tells, something is wrong in one way.

    `to` is the other status, the name of a header or parameter, the type of a problem, or the promise.
    """

    kind: Kind
    place: Place
    to: str = ""

    def __str__(self) -> str:
        return f"{self.kind.value}{f' {self.to}' if self.to else ''}: {self.place}"


def of_content(place: Place, value: object) -> tuple[Mutant, ...]:
    """Returns the mutants of a part of a content, of which one value was seen."""
    is_element = bool(place.way) and place.way[-1] == EACH
    kinds: list[Kind] = []
    if place.way and not is_element:
        kinds += [Kind.ABSENT, Kind.NULL, Kind.OTHER, Kind.SWAPPED]
    elif is_element and not isinstance(value, dict | list):
        kinds += [Kind.NULL, Kind.OTHER]
    if isinstance(value, list):
        kinds += [Kind.LOST, Kind.DOUBLED, Kind.REORDERED]
    return tuple(Mutant(kind, place) for kind in kinds)


STATUSES = {2: (200, 201, 202, 204), 3: (301, 302, 304), 4: (400, 401, 403, 404, 409, 422), 5: (500, 502, 503)}


def of_status(subject: Subject, declared: tuple[str, ...]) -> Mutant:
    """Returns the mutant of a status: the next of its class that is declared, or the next that there is."""
    group = {int(status) for status in declared if status.isdigit() and int(status) // 100 == subject.status // 100}
    pool = sorted({subject.status, *(group if group - {subject.status} else STATUSES[subject.status // 100])})
    return Mutant(Kind.STATUS, Place(subject), str(pool[(pool.index(subject.status) + 1) % len(pool)]))


def of_refusal(subject: Subject, loc: Way, problem: str) -> Mutant:
    """Returns the mutant of one problem at one place: whatever has it is accepted."""
    return Mutant(Kind.RULE, Place(subject, loc), problem)

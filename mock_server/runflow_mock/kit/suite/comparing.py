"""Comparing: where the fake and somebody's OpenAPI document disagree, on paper and in what the fake really answers.

Operations are matched by method and shape of the path: names of parameters do not count, and a parameter that spans slashes stands for
several.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from runflow_mock.kit.suite.catalogue import STORIES
from runflow_mock.kit.suite.flows import play_all
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.openapi.addresses import unnamed
from runflow_mock.openapi.contracts import Contract, Declared
from runflow_mock.openapi.directions import Direction
from runflow_mock.openapi.media_types import chosen, read_media_type
from runflow_mock.openapi.shapes import paired

JSON = read_media_type("application/json")
_RANGE = frozenset(("2XX", "2xx"))


class Disagreement(msgspec.Struct, frozen=True):
    """One point on which the document and the fake differ: of which kind, where, and how."""

    kind: str
    operation: str
    says: str


def compare(ours: Contract, theirs: Contract, fake: Target) -> Iterator[Disagreement]:
    """Returns every disagreement: operations that only one side has, statuses, required fields, and answers that do not fit."""
    mine, other = paired(ours, theirs)
    for shape, declared in other.items():
        if not declared.is_read:
            continue
        if shape not in mine:
            yield Disagreement("not served", _name(declared), "the document has it, the fake does not")
        else:
            yield from _differences(ours, mine[shape], theirs, declared)
    unread = {unnamed(path) for path in theirs.paths if theirs.unread(path) is not None}
    for shape, declared in mine.items():
        if shape not in other and unnamed(declared.path) not in unread:
            yield Disagreement("not in the document", _name(declared), f"the fake serves it ({declared.evidence})")
    yield from answers(theirs, fake)


def answers(theirs: Contract, fake: Target) -> Iterator[Disagreement]:
    """Plays with the fake, and returns which of its answers do not fit a document."""
    tally = play_all(STORIES, fake, theirs)
    for check, operation in sorted(tally.broken):
        if check == "answer_schema":
            says = next(breach.says for breach in tally.breaches if (breach.check, breach.operation) == (check, operation))
            yield Disagreement("answer", operation, says)


def _differences(ours: Contract, mine: Declared, theirs: Contract, other: Declared) -> Iterator[Disagreement]:
    for status in sorted(_successes(mine, other) ^ _successes(other, mine)):
        side = "the fake" if status in mine.responses else "the document"
        yield Disagreement("status", _name(other), f"only {side} declares {status}")
    here, there = _required(ours, mine), _required(theirs, other)
    for name in sorted(there - here):
        yield Disagreement("request", _name(other), f"the document requires {name}, the fake does not")
    for name in sorted(here - there):
        yield Disagreement("request", _name(other), f"the fake requires {name}, the document does not")


def _successes(declared: Declared, other: Declared) -> set[str]:
    """The statuses of success that an operation declares; where one of the two declares them as a range, there is nothing to compare."""
    is_range = bool(_RANGE & {*declared.responses, *other.responses})
    return set() if is_range else {status for status in declared.responses if status.startswith("2")}


def _required(contract: Contract, declared: Declared) -> frozenset[str]:
    """The fields that a JSON body must have."""
    key = chosen(declared.body, JSON)
    if key is None:
        return frozenset()
    validator = contract.validator(declared.body[key], Direction.REQUEST)
    errors = () if validator is None else validator.iter_errors({})
    return frozenset(str(error.kind.as_dict()["property"]) for error in errors if error.kind.name == "required")


def _name(declared: Declared) -> str:
    return f"{declared.method} {declared.path}"


def as_json(found: list[Disagreement]) -> dict[str, Any]:
    """Returns disagreements as plain values."""
    return {"agree": not found, "disagreements": [msgspec.structs.asdict(each) for each in found]}

"""Pairs: each status that an operation declares, whether the suite has seen it, and why not where it has not."""

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from runflow_mock.domain.printing import on_one_line
from runflow_mock.kit.suite.memories import INFERRED
from runflow_mock.kit.suite.suite_tenants import READING, Target
from runflow_mock.kit.suite.tallies import Tally
from runflow_mock.openapi.contracts import Declared

SHOWN_MAX = 6
OTHERWISE = "default"
NOT_CREATED = "this server is only read: what creates or changes something takes --allow-spend, or the control API of a fake"
NOT_PROVOKED = "the suite brings it about in tenants of its own, which takes the control API of a fake"
NOT_THERE = "a strict server has nothing that the contract only infers"
NOT_ANSWERED = "nothing that the suite sends or plants brought it about"


class Unseen(msgspec.Struct, frozen=True):
    """A declared pair of operation and status that no answer had, and the reason."""

    operation: str
    status: str
    why: str


def missing(tally: Tally, declared: Sequence[Declared]) -> Iterator[tuple[Declared, str]]:
    """Returns each operation with a declared status that none of its answers had; a range or the default stands for all in it."""
    for each in declared:
        statuses = tuple(each.responses)
        met = {_key(str(status), statuses) for name, status in tally.answers if name == each.id}
        yield from ((each, status) for status in statuses if status not in met)


def coverage(tally: Tally, declared: Sequence[Declared]) -> tuple[int, int]:
    """Returns how many of the declared pairs of operation and status were seen, and how many there are."""
    total = sum(len(each.responses) for each in declared)
    return total - sum(1 for _ in missing(tally, declared)), total


def unseen(tally: Tally, declared: Sequence[Declared], target: Target) -> tuple[Unseen, ...]:
    """Returns the declared pairs that were not seen, each with the reason."""
    return tuple(Unseen(each.id, status, _why(each, target)) for each, status in missing(tally, declared))


def told(pairs: Sequence[Unseen], *, shown_max: int = SHOWN_MAX) -> Iterator[str]:
    """Returns a line for each reason: how many pairs have it, and some of them."""
    for why, count in Counter(each.why for each in pairs).items():
        names = [f"{each.operation} {each.status}" for each in pairs if each.why == why]
        others = f", and {count - shown_max} others" if count > shown_max else ""
        # Operations are named by whoever wrote the document.
        yield on_one_line(f"not seen, {why}: {', '.join(names[:shown_max])}{others}")


def _key(status: str, statuses: Sequence[str]) -> str:
    """Returns under which of the declared statuses an answer falls: its own, the range that it is in, or all others."""
    return next((each for each in (status, f"{status[0]}XX") if each in statuses), OTHERWISE)


def _why(operation: Declared, target: Target) -> str:
    if target.has_control:
        return NOT_THERE if target.is_strict and operation.evidence == INFERRED else NOT_ANSWERED
    return NOT_CREATED if operation.method not in READING and not target.may_create else NOT_PROVOKED

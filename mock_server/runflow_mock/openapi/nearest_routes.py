"""The nearest route: which operation of a contract a request that leads nowhere was probably meant for.

The segments of the path are aligned with those of each path of the contract. A parameter stands for any segment, one that spans slashes for
several; a fixed segment costs as much as its beginning and its end differ from what was sent, and a segment too many or too few costs all.
"""

from collections.abc import Container, Sequence
from urllib.parse import unquote

from runflow_mock.openapi.contracts import Contract

SEGMENTS_MAX = 24
PARAMETER_COST = 0.2
SEGMENT_COST = 1.0
METHOD_COST = 0.5
# What differs by more than this is no neighbour.
COST_MAX = 1.5


def nearest_route(contract: Contract, method: str, path: str) -> str | None:
    """Returns the method and path of the operation that looks most like a request, if any looks like it at all."""
    segments = unquote(path).strip("/").split("/")[:SEGMENTS_MAX]
    costs = [
        (
            _cost(known.strip("/").split("/"), segments, contract.spanning_of(known)) + (METHOD_COST if word != method else 0.0),
            f"{word} {known}",
        )
        for known in contract.paths
        for word in contract.methods_of(known)
    ]
    cost, route = min(costs, default=(COST_MAX, ""))
    return route if cost < COST_MAX else None


def _cost(known: Sequence[str], sent: Sequence[str], spanning: Container[str]) -> float:
    """Returns what it costs to make one list of segments of the other; the usual table of an edit distance, row by row."""
    row = [index * SEGMENT_COST for index in range(len(sent) + 1)]
    for wanted in known:
        spans = wanted.strip("{}") in spanning
        following = [row[0] + SEGMENT_COST]
        for index, segment in enumerate(sent):
            change = row[index] + _difference(wanted, segment)
            # A parameter that spans slashes and has taken one segment may take the next as well.
            extra = following[index] + (PARAMETER_COST if spans and index else SEGMENT_COST)
            following.append(min(change, extra, row[index + 1] + SEGMENT_COST))
        row = following
    return row[-1]


def _difference(wanted: str, sent: str) -> float:
    if wanted == sent:
        return 0.0
    if wanted.startswith("{"):
        return PARAMETER_COST
    longest = max(len(wanted), len(sent), 1)
    same = _common(wanted, sent) + _common(wanted[::-1], sent[::-1])
    return SEGMENT_COST * (1 - min(same, longest - 1) / longest)


def _common(one: str, other: str) -> int:
    return next((index for index, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), min(len(one), len(other)))

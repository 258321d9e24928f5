"""The nearest route: which operation of a contract a request that leads nowhere was probably meant for.

The segments of the path are aligned with those of each path of the contract. A parameter stands for any segment, one that spans slashes for
several; a fixed segment costs as much as its beginning and its end differ from what was sent, and a segment too many or too few costs all.
"""

from collections.abc import Sequence
from functools import partial
from urllib.parse import unquote

from runflow_mock.openapi.addresses import Segment
from runflow_mock.openapi.contracts import Contract, Differences, KnownRoute

SEGMENTS_MAX = 24
SEGMENT_CHARACTERS_MAX = 100
# A parameter takes any segment: whoever names the segment itself is nearer. The path says more of what was meant than the method.
PARAMETER_COST = 0.2
SEGMENT_COST = 1.0
METHOD_COST = 0.5
# What differs by more than this is no neighbour.
COST_MAX = 1.5

Row = list[float]


def nearest_route(contract: Contract, method: str, path: str) -> str | None:
    """Returns the method and path of the operation that looks most like a request, if any looks like it at all.

    That is the usual table of an edit distance. Paths that begin alike have the first rows of it in common, and the smallest cost of a row
    never falls in a later one, so that most paths are given up after a row or two: this is asked for each of thousands of requests that
    lead nowhere.
    """
    segments = [segment[:SEGMENT_CHARACTERS_MAX] for segment in unquote(path).strip("/").split("/")[:SEGMENTS_MAX]]
    nearest = (COST_MAX, "")
    rows: list[Row] = [[index * SEGMENT_COST for index in range(len(segments) + 1)]]
    for known, wanted, begun in contract.known_routes.of(len(segments), lambda: _paths_of(contract, len(segments))):
        del rows[1 + begun :]
        while len(rows) <= len(wanted) and min(rows[-1]) <= nearest[0]:
            rows.append(_following(rows[-1], wanted[len(rows) - 1], segments, contract.known_differences))
        if len(rows) > len(wanted):
            routes = [(rows[-1][-1] + (METHOD_COST if word != method else 0.0), f"{word} {known}") for word in contract.methods_of(known)]
            nearest = min(nearest, *routes) if routes else nearest
    return nearest[1] or None


def _paths_of(contract: Contract, length: int) -> tuple[KnownRoute, ...]:
    """Returns the paths of a contract that may be near one of so many segments; those that begin alike follow one another."""
    found: list[tuple[str, tuple[Segment, ...]]] = []
    for path in contract.paths:
        spanning = contract.spanning_of(path)
        wanted = tuple(Segment(text, text.strip("{}") in spanning) for text in path.strip("/").split("/"))
        is_spanned = bool(spanning) and len(wanted) <= length
        if is_spanned or abs(len(wanted) - length) * SEGMENT_COST < COST_MAX:
            found.append((path, wanted))
    found.sort(key=lambda each: each[1])
    before = [(), *(wanted for _, wanted in found)]
    return tuple((path, wanted, _common(earlier, wanted)) for earlier, (path, wanted) in zip(before, found, strict=False))


def _following(row: Row, wanted: Segment, sent: Sequence[str], differences: Differences) -> Row:
    """Returns the row of a table that follows another: the costs of the segments up to `wanted` for each beginning of those sent."""
    following = [row[0] + SEGMENT_COST]
    for index, segment in enumerate(sent):
        change = row[index]
        if change < COST_MAX:
            pair = (wanted.text, segment)
            known = differences.get(pair)
            change += differences.of(pair, partial(_difference, *pair)) if known is None else known
        # A parameter that spans slashes and has taken one segment may take the next as well.
        extra = following[index] + (PARAMETER_COST if wanted.is_spanning and index else SEGMENT_COST)
        following.append(min(change, extra, row[index + 1] + SEGMENT_COST))
    return following


def _difference(wanted: str, sent: str) -> float:
    if wanted == sent:
        return 0.0
    if wanted.startswith("{"):
        return PARAMETER_COST
    longest = max(len(wanted), len(sent), 1)
    same = _common(wanted, sent) + _common(wanted[::-1], sent[::-1])
    return SEGMENT_COST * (1 - min(same, longest - 1) / longest)


def _common(one: Sequence[object], other: Sequence[object]) -> int:
    """Returns how many parts two sequences have in common at their beginning."""
    return next((index for index, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), min(len(one), len(other)))

"""The nearest route: which operation of a contract a request that leads nowhere was probably meant for.

The segments of the path are aligned with those of each path of the contract. A parameter stands for any segment, one that spans slashes for
several; a fixed segment costs as much as its beginning and its end differ from what was sent, and a segment too many or too few costs all.
"""

from collections.abc import Container, Iterator, Sequence
from urllib.parse import unquote

from runflow_mock.openapi.contracts import Contract

SEGMENTS_MAX = 24
SEGMENT_CHARACTERS_MAX = 100
# A parameter takes any segment: whoever names the segment itself is nearer. The path says more of what was meant than the method.
PARAMETER_COST = 0.2
SEGMENT_COST = 1.0
METHOD_COST = 0.5
# What differs by more than this is no neighbour.
COST_MAX = 1.5

# What it costs to make one segment of another.
Differences = dict[tuple[str, str], float]


def nearest_route(contract: Contract, method: str, path: str) -> str | None:
    """Returns the method and path of the operation that looks most like a request, if any looks like it at all."""
    segments = [segment[:SEGMENT_CHARACTERS_MAX] for segment in unquote(path).strip("/").split("/")[:SEGMENTS_MAX]]
    cost, route = min(_neighbours(contract, method, segments), default=(COST_MAX, ""))
    return route if cost < COST_MAX else None


def _neighbours(contract: Contract, method: str, segments: Sequence[str]) -> Iterator[tuple[float, str]]:
    """Yields the operations that cost less than `COST_MAX`, each with its cost."""
    differences: Differences = {}
    for known in contract.paths:
        wanted, spanning = known.strip("/").split("/"), contract.spanning_of(known)
        is_spanned = bool(spanning) and len(wanted) <= len(segments)
        if not is_spanned and abs(len(wanted) - len(segments)) * SEGMENT_COST >= COST_MAX:
            continue
        cost = _cost(wanted, segments, spanning, differences)
        if cost < COST_MAX:
            for word in contract.methods_of(known):
                yield cost + (METHOD_COST if word != method else 0.0), f"{word} {known}"


def _cost(known: Sequence[str], sent: Sequence[str], spanning: Container[str], differences: Differences) -> float:
    """Returns what it costs to make one list of segments of the other; the usual table of an edit distance, row by row.

    The smallest cost of a row never falls in a later one, so that most paths are given up after a few rows: this is asked for each of
    thousands of requests that lead nowhere.
    """
    row = [index * SEGMENT_COST for index in range(len(sent) + 1)]
    for wanted in known:
        spans = wanted.strip("{}") in spanning
        following = [row[0] + SEGMENT_COST]
        for index, segment in enumerate(sent):
            change = row[index]
            if change < COST_MAX:
                if (wanted, segment) not in differences:
                    differences[wanted, segment] = _difference(wanted, segment)
                change += differences[wanted, segment]
            # A parameter that spans slashes and has taken one segment may take the next as well.
            extra = following[index] + (PARAMETER_COST if spans and index else SEGMENT_COST)
            following.append(min(change, extra, row[index + 1] + SEGMENT_COST))
        row = following
        if min(row) >= COST_MAX:
            return COST_MAX
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

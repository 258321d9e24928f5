"""The nearest route: what looks most like a request, found without looking at everything in full."""

from functools import partial
from itertools import product

import pytest
from costs import lines_run
from hypothesis import given
from hypothesis import strategies as st

from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.openapi.nearest_routes import COST_MAX, METHOD_COST, PARAMETER_COST, SEGMENT_COST, SEGMENTS_MAX, nearest_route

CONTRACT = packaged_contract()
WORDS = sorted({word for path in CONTRACT.paths for word in path.strip("/").split("/") if not word.startswith("{")})
# Thousands of requests that lead nowhere are looked up for one report: a full table for each of them took a hundred times as much.
LINES_MAX = 5_000


def in_full(method: str, path: str) -> str | None:
    """What `nearest_route` returns, by the whole table of every operation."""
    sent = path.strip("/").split("/")[:SEGMENTS_MAX]
    costs = [
        (table(known.strip("/").split("/"), sent, CONTRACT.spanning_of(known)) + METHOD_COST * (word != method), f"{word} {known}")
        for known in CONTRACT.paths
        for word in CONTRACT.methods_of(known)
    ]
    cost, route = min(costs)
    return route if cost < COST_MAX else None


def table(known: list[str], sent: list[str], spanning: frozenset[str]) -> float:
    cost = {(0, column): column * SEGMENT_COST for column in range(len(sent) + 1)}
    cost |= {(row, 0): row * SEGMENT_COST for row in range(len(known) + 1)}
    for row, column in product(range(1, len(known) + 1), range(1, len(sent) + 1)):
        wanted, segment = known[row - 1], sent[column - 1]
        spans = wanted.strip("{}") in spanning and column > 1
        cost[row, column] = min(
            cost[row - 1, column - 1] + difference(wanted, segment),
            cost[row, column - 1] + (PARAMETER_COST if spans else SEGMENT_COST),
            cost[row - 1, column] + SEGMENT_COST,
        )
    return cost[len(known), len(sent)]


def difference(wanted: str, sent: str) -> float:
    if wanted == sent or wanted.startswith("{"):
        return 0.0 if wanted == sent else PARAMETER_COST
    longest = max(len(wanted), len(sent), 1)
    ends = [sum(all(one[:size] == other[:size] for size in range(1, at + 1)) for at in range(1, min(len(one), len(other)) + 1))
            for one, other in ((wanted, sent), (wanted[::-1], sent[::-1]))]  # fmt: skip
    return SEGMENT_COST * (1 - min(sum(ends), longest - 1) / longest)


@pytest.mark.parametrize("path", ["/v1/run", "/v1/models/a/b/c/runz", "/v1/x/y/z", "/v2/runs/statuses/x", "", "/v1/models/a/runs/batches"])
def test_some_paths_lead_where_the_whole_table_leads(path: str) -> None:
    assert nearest_route(CONTRACT, "GET", path) == in_full("GET", path)


@pytest.mark.slow(is_covering=True)
@given(
    method=st.sampled_from(["GET", "POST", "PATCH"]),
    segments=st.lists(
        st.one_of(st.sampled_from(WORDS), st.sampled_from(WORDS).map(lambda word: word[:-1] + "x"), st.just("x")), max_size=7
    ),
)
def test_whatever_was_asked_for_leads_where_the_whole_table_leads(method: str, segments: list[str]) -> None:
    path = "/" + "/".join(segments)
    assert nearest_route(CONTRACT, method, path) == in_full(method, path)


LOST = {
    "few segments": "/v1/x1/x2/x3",
    "many segments": "/v1/" + "/".join(f"x{number}" for number in range(400)),
    "long segments": "/v1/" + "/".join("x" * 600 for _ in range(24)),
    "long segments that begin as known ones": "/v1/" + "/".join("models" * 100 for _ in range(24)),
    "many known segments": "/v1/models" + "/runs/batch" * 200,
}


@pytest.mark.parametrize("path", LOST.values(), ids=LOST.keys())
def test_path_that_leads_nowhere_costs_little(path: str) -> None:
    assert first_cost(path) < LINES_MAX


def test_path_that_leads_nowhere_once_more_costs_less() -> None:
    path = "/v1/rnus/first/second"
    first = first_cost(path)
    assert lines_run(partial(nearest_route, CONTRACT, "GET", path)) < 0.7 * first


def first_cost(path: str) -> int:
    """Returns how many lines it takes to find what is nearest to a path of which no segment was seen before."""
    nearest_route(CONTRACT, "GET", "/z" * path.count("/"))  # what a length needs is made once
    CONTRACT.known_differences.clear()
    return lines_run(partial(nearest_route, CONTRACT, "GET", path))

"""Growth: what is compared, and that nothing is left out."""

import asyncio

import pytest
from benchmarks import growth
from benchmarks.effort import QUICK
from msgspec.structs import replace

SMALL = replace(QUICK, growth_runs=(2, 4), growth_tenants=(1, 2), growth_requests=3)


@pytest.mark.slow(is_covering=True)
def test_both_costs_are_told_at_each_size_and_once_more_compared() -> None:
    figures = asyncio.run(growth.measure(SMALL))
    names = [figure.name for figure in figures]
    assert names[:6] == [
        "create, 2 runs",
        "create, 4 runs",
        "poll, 2 runs",
        "poll, 4 runs",
        "create, 4 runs against 2 runs",
        "poll, 4 runs against 2 runs",
    ]
    assert names[6:] == [name.replace("2 runs", "1 tenant").replace("4 runs", "2 tenants") for name in names[:6]]
    assert [figure.target is not None for figure in figures] == [False, False, False, False, True, True] * 2
    assert all(figure.ours is not None and figure.ours > 0 for figure in figures)

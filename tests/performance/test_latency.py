"""Latency: creates beside very many runs, which are stored in batches first."""

import asyncio

import pytest
from benchmarks import latency
from benchmarks.effort import QUICK
from msgspec.structs import replace

SMALL = replace(QUICK, many_runs=latency.FILLING_ITEMS // 10, many_requests=200, latency_rounds=1)


@pytest.mark.slow
def test_creates_beside_many_runs_are_timed() -> None:
    assert asyncio.run(latency.measure_many(SMALL)) > 0

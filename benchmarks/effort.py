"""Effort: how long and how often each figure is measured."""

import msgspec


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """The sizes of one run of the benchmarks. Every rate is the median of `rounds` rounds, interleaved with those it is compared to."""

    rounds: int
    round_seconds: float
    warm_up_seconds: float
    connections: int = 16
    pairs: int
    """How often two servers whose CPU times are compared take turns."""
    polled_runs: int = 400
    stored_runs: int
    many_runs: int
    """How many runs are stored where creates must not become slower."""
    many_requests: int
    """How many creates each round beside them has: in seconds a fast machine would make more than a server is told to hold."""
    latency_rounds: int
    starts: int
    tenants: int
    http_tenants: int
    day_batches: int
    batch_items: int = 100
    callbacks: int
    callback_rounds: int
    fill_seconds: float
    """How long a server may take to store as many runs as wanted; one that would take longer is not waited for."""
    heat_seconds: float
    """How long a server that keeps none is warmed up."""
    tests: int
    fixture_rounds: int
    growth_runs: tuple[int, ...]
    growth_tenants: tuple[int, ...]
    """The sizes, smallest first, at which costs are compared."""
    growth_requests: int


FULL = Effort(
    rounds=5,
    round_seconds=2.0,
    pairs=200,
    warm_up_seconds=0.3,
    stored_runs=100_000,
    many_runs=1_000_000,
    many_requests=6_000,
    latency_rounds=5,
    starts=7,
    tenants=1_000,
    http_tenants=500,
    day_batches=1_000,
    callbacks=2_000,
    callback_rounds=5,
    fill_seconds=60.0,
    heat_seconds=8.0,
    tests=200,
    fixture_rounds=3,
    growth_runs=(1_000, 10_000, 100_000, 1_000_000),
    growth_tenants=(1, 100, 10_000),
    growth_requests=2_000,
)
QUICK = Effort(
    rounds=3,
    round_seconds=0.6,
    pairs=20,
    warm_up_seconds=0.1,
    stored_runs=10_000,
    many_runs=20_000,
    many_requests=1_000,
    latency_rounds=2,
    starts=3,
    tenants=200,
    http_tenants=100,
    day_batches=100,
    callbacks=500,
    callback_rounds=3,
    fill_seconds=15.0,
    heat_seconds=2.0,
    tests=30,
    fixture_rounds=1,
    growth_runs=(1_000, 10_000),
    growth_tenants=(1, 100),
    growth_requests=400,
)

"""Paces on the wire: `latency`, `cold_start`, `cold_after` and `queue` of a model, in a catalog, a scenario or the settings of a tenant."""

import msgspec

from runflow_mock.domain.instants import DURATION_MAX
from runflow_mock.domain.paces import COLD_AFTER, Latency, Pace
from runflow_mock.wire.times import read_duration

QUEUE_MAX = 10_000


class WireLatency(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Durations that half of the runs, and all but one in a hundred, stay within."""

    p50: str | int | float
    p99: str | int | float


class WirePace(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How long a model takes."""

    latency: WireLatency | None = None
    cold_start: str | int | float | None = None
    cold_after: str | int | float | None = None
    queue: int = 0


def read_pace(wire: WirePace) -> Pace:
    """Returns the pace in what was written.

    Raises:
        ValueError: a figure cannot be used; the message names it.
    """
    if not 0 <= wire.queue <= QUEUE_MAX:
        raise ValueError(f"queue {wire.queue} must be from 0 to {QUEUE_MAX}")
    return Pace(
        latency=None if wire.latency is None else _latency(wire.latency),
        cold_start=read_duration(wire.cold_start or 0),
        cold_after=COLD_AFTER if wire.cold_after is None else read_duration(wire.cold_after),
        queue=wire.queue,
    )


def represent_pace(pace: Pace) -> dict[str, object]:
    """Returns a pace as it is written, in seconds."""
    latency = pace.latency
    return {
        "latency": None if latency is None else {"p50": latency.p50, "p99": latency.p99},
        "cold_start": pace.cold_start.total_seconds(),
        "cold_after": pace.cold_after.total_seconds(),
        "queue": pace.queue,
    }


def _latency(wire: WireLatency) -> Latency:
    p50, p99 = (read_duration(value).total_seconds() for value in (wire.p50, wire.p99))
    if not 0 < p50 <= p99 <= DURATION_MAX.total_seconds():
        raise ValueError(f"latency: p50 {wire.p50} must be above 0, and at most p99 {wire.p99}")
    return Latency(p50, p99)

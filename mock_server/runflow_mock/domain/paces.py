"""Paces: how long a model takes beyond its usual range, so that time-outs and spinners can be tested.

Theory. A latency is a log-normal distribution, given by the times that half of the runs, and all but one in a hundred, stay within; each
run draws from it by its id, under the tenant's seed. A model is cold if no run of it was at work for a while: the first one
then waits for a start. A queue is work of others ahead, each as long as is typical of the model.

The API publishes no such figures: this is the kit's own.
"""

from datetime import datetime, timedelta
from functools import cache
from math import exp, log
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from statistics import NormalDist

COLD_AFTER = timedelta(minutes=5)
# One run in a thousand is as slow as it gets: what is drawn stays within what people think of when they write a percentile.
_FRACTION_MIN, _FRACTION_MAX = 0.001, 0.999


class Latency(msgspec.Struct, frozen=True, gc=False):
    """Seconds that half of the runs, and ninety-nine in a hundred, stay within."""

    p50: float
    p99: float

    def at(self, fraction: float) -> float:
        """Returns the seconds that this part of all runs stays within."""
        bounded = min(max(fraction, _FRACTION_MIN), _FRACTION_MAX)
        standard = _standard()
        return self.p50 * exp(log(self.p99 / self.p50) / standard.inv_cdf(0.99) * standard.inv_cdf(bounded))


@cache
def _standard() -> "NormalDist":
    # Few servers have a latency set; for the others the module, with fractions below it, is a fiftieth of their own start.
    from statistics import NormalDist

    return NormalDist()


class Pace(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is set for a model: its latency in the place of the usual range, its cold start, and how many are ahead in its queue."""

    latency: Latency | None = None
    cold_start: timedelta = timedelta()
    cold_after: timedelta = COLD_AFTER
    queue: int = 0

    def typical_seconds(self, usual: tuple[float, float]) -> float:
        """Returns how long a run typically takes."""
        return self.latency.p50 if self.latency is not None else sum(usual) / 2

    def is_cold(self, last_at_work: datetime | None, now: datetime) -> bool:
        """Tells whether a model that was last at work at that instant has to be started; one that never was has to."""
        return bool(self.cold_start) and (last_at_work is None or now - last_at_work > self.cold_after)


USUAL = Pace()
# In settings that name models it stands for each that is not named.
EVERY_OTHER = "*"

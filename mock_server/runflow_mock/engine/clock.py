"""The clock of a tenant: anchors and a rate, with the reading of the real clock as an argument.

`VirtualClock` says where a world *should* stand for a given reading; `World.now` is where it stands. Only the runtime brings the two
together. Virtual instants are exact `datetime` values; real readings are seconds of a monotonic clock.
"""

from datetime import datetime, timedelta

import msgspec

from runflow_mock.domain.instants import LATEST


class VirtualClock(msgspec.Struct, frozen=True, gc=False):
    """Virtual time `base` was at the real reading `anchor`, and passes `rate` times as fast; with rate 0 it stands.

    At `LATEST` it stands as well: there is nothing beyond.
    """

    base: datetime
    anchor: float
    rate: float

    def at(self, real: float) -> datetime:
        """Returns the virtual instant for a real reading."""
        if not self.rate:
            return self.base
        try:
            instant = self.base + timedelta(seconds=(real - self.anchor) * self.rate)
        except OverflowError:
            return LATEST
        return min(LATEST, instant)

    def jumped(self, to: datetime, real: float) -> "VirtualClock":
        """Returns the clock after it was set forward; it never goes back.

        Raises:
            ValueError: `to` lies before the present.
        """
        present = self.at(real)
        if to < present:
            raise ValueError(f"the clock stands at {present.isoformat()} and cannot go back to {to.isoformat()}")
        return VirtualClock(to, real, self.rate)

    def with_rate(self, rate: float, real: float) -> "VirtualClock":
        """Returns the clock with another rate; the present does not change by that."""
        return VirtualClock(self.at(real), real, rate)

    def real_seconds_until(self, instant: datetime, real: float) -> float | None:
        """Returns how long to wait for a virtual instant, or nothing when the clock stands and it will not come by itself."""
        # Also where the clock stands: what is due by now does not wait for it.
        if instant <= self.at(real):
            return 0.0
        if not self.rate:
            return None
        return (instant - self.at(real)).total_seconds() / self.rate

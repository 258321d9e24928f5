"""Limits: what each figure should be, the same for the table of `python -m benchmarks` and for the page on performance."""

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What a limit says of a figure."""

    RATIO_MIN = "ratio at least"
    RATIO_MAX = "ratio at most"
    MAX = "at most"
    MIN = "at least"


class Limit(msgspec.Struct, frozen=True):
    """What a figure should be; a ratio is taken against bare Starlette."""

    kind: Kind
    value: float

    @property
    def is_of_ratio(self) -> bool:
        """Whether what is held against it is a ratio."""
        return self.kind in (Kind.RATIO_MIN, Kind.RATIO_MAX)

    @property
    def is_least(self) -> bool:
        """Whether more is better."""
        return self.kind in (Kind.RATIO_MIN, Kind.MIN)

    def is_met(self, figure: float) -> bool:
        """Whether a figure, or its ratio, is as it should be."""
        return figure >= self.value if self.is_least else figure <= self.value


POLLS = Limit(Kind.RATIO_MIN, 1.0)
CREATES_STANDING = Limit(Kind.RATIO_MIN, 0.8)
CREATES_GOING_ON = Limit(Kind.RATIO_MIN, 0.5)
CREATE_P99_MS = Limit(Kind.MAX, 4.0)
START = Limit(Kind.RATIO_MAX, 1.1)
IDLE_MB = Limit(Kind.MAX, 45.0)
RUN_BYTES = Limit(Kind.MAX, 2_500.0)
DAY_SECONDS = Limit(Kind.MAX, 3.0)
CALLBACKS = Limit(Kind.MIN, 3_000.0)
GROWTH = Limit(Kind.MAX, 1.5)

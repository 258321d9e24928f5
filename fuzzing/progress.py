"""What a round has so far: told every few seconds, at a signal, and at the end, whatever ended it."""

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType

from fuzzing.findings import SHOWN_MAX, SLOW_SECONDS, Findings

TOLD_EVERY_SECONDS = 10.0
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Progress:
    """One round: how long it may take, whether somebody has stopped it, and what it says."""

    def __init__(self, where: str, seconds_max: float) -> None:
        self.findings = Findings()
        self.is_stopped = False
        self._where = where
        self._shown = 0
        self._began = self._told = monotonic()
        self._ends = self._began + seconds_max

    @property
    def is_over(self) -> bool:
        """Whether the time is up, or somebody has stopped the round."""
        return self.is_stopped or monotonic() > self._ends

    def step(self) -> None:
        """Says how far the round is, if that was long ago."""
        if monotonic() - self._told >= TOLD_EVERY_SECONDS:
            self.tell()

    def tell(self) -> None:
        """Says in a line how far the round is."""
        self._told = monotonic()
        print(f"{self._figures()} after {self._told - self._began:.0f} s", flush=True)
        for text in self.findings.wrong[self._shown : SHOWN_MAX]:
            print(f"  WRONG: {text}", flush=True)
        self._shown = len(self.findings.wrong)

    def end(self) -> None:
        """Says what was found."""
        statuses = ", ".join(f"{status}: {count}" for status, count in sorted(self.findings.statuses.items()))
        print(f"{self._figures()} ({statuses})", flush=True)
        slow = Counter(text.split(": ")[1] for text in self.findings.slow)
        if slow:
            print(f"  slow: {', '.join(f'{count} of {operation}' for operation, count in slow.most_common())}")
        for text in sorted(self.findings.slow, key=_milliseconds, reverse=True)[:3]:
            print(f"  slow: {text[:300]}")
        if self.findings.after:
            print(f"  after an answer: at most {self.findings.after_seconds * 1000:.0f} ms: {self.findings.after[:300]}")
        for text in self.findings.wrong[:SHOWN_MAX]:
            print(f"  WRONG: {text}")
        if len(self.findings.wrong) > SHOWN_MAX:
            print(f"  ... and {len(self.findings.wrong) - SHOWN_MAX} more", flush=True)

    def _figures(self) -> str:
        found = self.findings
        counts = f"{sum(found.statuses.values()):,} answers of {len(found.operations)} operations, {found.unanswered:,} without an answer"
        slow = f"{len(found.slow)} above {SLOW_SECONDS * 1000:.0f} ms"
        return f"{self._where}: {counts}, {slow}, {len(found.wrong)} wrong"


def _milliseconds(text: str) -> float:
    return float(text.partition(" ")[0])


@contextmanager
def telling(where: str, seconds_max: float) -> Iterator[Progress]:
    """A round that says what it has when it is signalled, when it ends, and when it fails; a second signal ends it at once."""
    progress = Progress(where, seconds_max)

    def stop(number: int, frame: FrameType | None) -> None:
        progress.is_stopped = True
        progress.tell()
        signal.signal(number, before[signal.Signals(number)])

    before = {each: signal.signal(each, stop) for each in SIGNALS}
    try:
        yield progress
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        progress.end()

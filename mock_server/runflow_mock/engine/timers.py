"""The one queue of a world for everything that happens by itself, ordered by (due, order of scheduling).

An owner (a run, a delivery) has at most one timer: scheduling again replaces it. A cancelled timer stays in the heap as a stale entry
that is skipped, so that cancelling is cheap and safe twice; stale entries are swept when they outnumber the live ones.
"""

import heapq
from collections.abc import Iterator
from datetime import datetime

# Fewer stale entries than this cost less than sweeping them out.
_SWEEP_MIN = 1_024


class TimerQueue:
    """Due instants of owners, earliest first; ties are first-in first-out."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, str]] = []
        self._live: dict[str, int] = {}
        self._scheduled = 0

    def __len__(self) -> int:
        return len(self._live)

    def copy(self) -> "TimerQueue":
        """Returns a queue of its own with the same timers."""
        copy = TimerQueue()
        copy._heap, copy._live, copy._scheduled = self._heap.copy(), self._live.copy(), self._scheduled
        return copy

    def schedule(self, owner: str, due: datetime) -> None:
        """Sets the owner's timer, in place of an earlier one."""
        self._scheduled += 1
        self._live[owner] = self._scheduled
        heapq.heappush(self._heap, (due, self._scheduled, owner))

    def cancel(self, owner: str) -> None:
        """Drops the owner's timer if there is one."""
        self._live.pop(owner, None)
        if len(self._heap) > _SWEEP_MIN and len(self._heap) > 2 * len(self._live):
            self._heap = [entry for entry in self._heap if self._live.get(entry[2]) == entry[1]]
            heapq.heapify(self._heap)

    def next_due(self) -> datetime | None:
        """Returns when the next timer is due, or nothing when none is set."""
        heap = self._heap
        while heap and self._live.get(heap[0][2]) != heap[0][1]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def pop(self) -> tuple[datetime, str]:
        """Removes the next timer and returns its instant and owner.

        Raises:
            IndexError: no timer is set.
        """
        while self._heap:
            due, order, owner = heapq.heappop(self._heap)
            if self._live.get(owner) == order:
                del self._live[owner]
                return due, owner
        raise IndexError("no timer is set")

    def drained(self) -> Iterator[tuple[datetime, str]]:
        """Yields all timers in the order in which they fire, and removes each."""
        # Not by `pop`: whoever writes many down would pay for the calls as much as for the order.
        heap, live = self._heap, self._live
        while heap:
            due, order, owner = heapq.heappop(heap)
            if live.get(owner) == order:
                del live[owner]
                yield due, owner

    def upcoming(self, count: int) -> list[tuple[datetime, str]]:
        """Returns the next few timers in the order in which they will fire, without sorting the rest."""
        heap, found = self._heap, list[tuple[datetime, str]]()
        # The children of an entry never come before it: what may be next is what is known, beside the children of what was taken.
        known = [(heap[0], 0)] if heap else []
        while known and len(found) < count:
            (due, order, owner), place = heapq.heappop(known)
            if self._live.get(owner) == order:
                found.append((due, owner))
            for child in range(2 * place + 1, min(2 * place + 3, len(heap))):
                heapq.heappush(known, (heap[child], child))
        return found

    def pending(self) -> list[tuple[datetime, str]]:
        """Returns all timers in the order in which they will fire."""
        return [(due, owner) for due, order, owner in sorted(self._heap) if self._live.get(owner) == order]

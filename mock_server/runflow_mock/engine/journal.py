"""The journal of a tenant: its latest exchanges, and how many it has seen in all.

An exchange is scrubbed when somebody first reads it, and so before it is shown or written anywhere: on the way of a request there is no
time for that, and a secret that the request itself brings is known only after it. Once a further secret is known, each that was scrubbed
before is scrubbed again when it is next shown, by itself: all of a journal at once would take seconds.

Whoever wants to hear of new exchanges adds a listener; a listener must be quick, because it is called on the way of a request.
"""

from collections import deque
from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heapreplace
from itertools import islice
from operator import attrgetter
from typing import Protocol
from weakref import WeakSet

from runflow_mock.domain.exchanges import Exchange, scrubbed
from runflow_mock.domain.scrubbing import Scrubber

# What a field of a head takes in memory besides its bytes, and a target that is not worth counting.
FIELD_BYTES = 120
TARGET_BYTES_USUAL = 200

# What tells exchanges of one number apart, and is never scrubbed: two requests have hardly come at one moment and taken the same time.
_MARKS = attrgetter("id", "at", "wall", "elapsed_ms", "status", "commits")


class Gauge(Protocol):
    """What shows how many bytes all journals take, and takes note when there is no room."""

    def show(self, used: int) -> None: ...

    def meet(self) -> None: ...


class JournalSpace:
    """The bytes that several journals may have together; where there is no room, the largest of them make some."""

    def __init__(self, bytes_max: int, gauge: Gauge) -> None:
        self._bytes_max = bytes_max
        self._gauge = gauge
        self._used = 0
        self._journals: WeakSet[Journal] = WeakSet()

    def join(self, journal: "Journal") -> None:
        """Lets a journal take part."""
        self._journals.add(journal)
        self.count(journal.size)

    def part(self, journal: "Journal") -> None:
        """Counts a journal that took part no more."""
        self._journals.discard(journal)
        self.count(-journal.size)

    def count(self, size: int) -> bool:
        """Counts bytes that a journal takes, or gives back; tells whether the journals take more than they may."""
        self._used += size
        self._gauge.show(self._used)
        return self._used > self._bytes_max

    def make_room(self) -> None:
        """Lets the largest journals forget until a tenth is free, so that not every exchange has to look for room."""
        self._gauge.meet()
        # A heap: to look through thousands of journals for the largest again and again would hold the loop for seconds.
        journals = list(self._journals)
        largest = [(-journal.size, place) for place, journal in enumerate(journals) if journal.size]
        heapify(largest)
        while largest and self._used * 10 > self._bytes_max * 9:
            journal = journals[largest[0][1]]
            self.count(-journal.halve())
            if journal.size:
                heapreplace(largest, (-journal.size, largest[0][1]))
            else:
                heappop(largest)


class Journal:
    """The latest exchanges, oldest first, bounded by their number and by the bytes of all that is kept of them."""

    def __init__(self, exchanges_max: int, bytes_max: int, scrubber: Scrubber | None = None, *, space: JournalSpace | None = None) -> None:
        self._scrubber = scrubber or Scrubber()
        self.total = 0
        self.clearings = 0
        self.judge_at = exchanges_max // 2
        self.listeners: list[Callable[[], None]] = []
        self.exchanges_max = exchanges_max
        self._bytes_max = bytes_max
        self._bytes = 0
        self._exchanges: deque[Exchange] = deque()
        self._sizes: deque[int] = deque()
        # Of those that somebody has read, the oldest, how many secrets were known when each was scrubbed last.
        self._lessons: deque[int] = deque()
        self._space: JournalSpace | None = None
        if space is not None:
            self.share(space)

    def __del__(self) -> None:
        self.leave()

    def share(self, space: JournalSpace) -> None:
        """Lets the journal have its bytes of a space that others have theirs of, too."""
        self.leave()
        self._space = space
        space.join(self)

    def leave(self) -> None:
        """Counts with no others any more; whoever tells of it still finds all that is in it."""
        if self._space is not None:
            self._space.part(self)
            self._space = None

    def __len__(self) -> int:
        return len(self._exchanges)

    def latest(self, count: int) -> tuple[Exchange, ...]:
        """Returns so many exchanges that were added last, oldest first, or all that are left."""
        return self.piece(count, count)

    def as_they_came(self, count: int) -> tuple[Exchange, ...]:
        """Returns so many exchanges that were added last, without a look at what is in them.

        It is for whoever knows that they are scrubbed, or scrubs what is shown of them.
        """
        return tuple(islice(self._exchanges, max(0, len(self._exchanges) - count), None))

    def as_read(self) -> tuple[Exchange, ...]:
        """Returns all exchanges, each as whoever read it first: secrets that are known since are taken out of what is shown of them."""
        self._scrub()
        return tuple(self._exchanges)

    def is_up_to_date(self, exchange: Exchange) -> bool:
        """Tells whether an exchange is here as it is given, and all secrets that are known by now were looked for in it."""
        return self._is_read(exchange) and not self._is_outdated(exchange.number)

    def up_to_date(self, exchange: Exchange) -> Exchange:
        """Returns an exchange that was here at some time without the secrets that are known by now."""
        if not self._is_read(exchange):
            return scrubbed(exchange, self._scrubber)
        return self._renewed_one(exchange)

    def oldest_after(self, number: int, count: int, bytes_max: int | None = None) -> tuple[Exchange, ...]:
        """Returns the first so many exchanges after the one of a number, and no more than take so many bytes, but one at least.

        What comes later is neither looked at nor scrubbed.
        """
        begun, count = self._next(number, count, bytes_max)
        self._scrub(begun + count - self._scrubbed_to)
        return self.piece(self.total - begun, count)

    def raw_after(self, number: int, count: int, bytes_max: int | None = None) -> tuple[Exchange, ...]:
        """Returns the same as they came, for whoever shows and keeps nothing of them: to scrub them takes as long as to answer them."""
        begun, count = self._next(number, count, bytes_max)
        first = begun - self.dropped
        return tuple(self._exchanges[place] for place in range(first, min(first + count, len(self._exchanges))))

    def look_through(self, count: int, bytes_max: int) -> bool:
        """Scrubs the first so many exchanges that nobody has read, as far as `bytes_max` allows; tells whether more are left."""
        self.oldest_after(self._scrubbed_to, count, bytes_max)
        return self._scrubbed_to < self.total

    def piece(self, behind: int, count: int) -> tuple[Exchange, ...]:
        """Returns the first so many of the exchanges that were added last, `behind` in number; no others are scrubbed for it."""
        start = min(behind, len(self._exchanges))
        found = [self._exchanges[-place] for place in range(start, max(0, start - count), -1)]
        return tuple(map(self._shown, found))

    def restore(self, exchanges: Iterable[Exchange], total: int) -> None:
        """Takes the latest exchanges of a journal that had seen `total`."""
        for exchange in exchanges:
            self.record(exchange)
        self.total = total

    @property
    def size(self) -> int:
        """How many bytes the exchanges take."""
        return self._bytes

    @property
    def dropped(self) -> int:
        """How many exchanges have made room for later ones."""
        return self.total - len(self._exchanges)

    @property
    def _scrubbed_to(self) -> int:
        """Up to which number somebody has read what is here."""
        return self.dropped + len(self._lessons)

    def holds(self, exchange: Exchange) -> bool:
        """Tells whether an exchange is here still, scrubbed or as it came; once a journal was cleared, numbers and ids come again."""
        here = self._in_place_of(exchange)
        return here is exchange or (here is not None and _MARKS(here) == _MARKS(exchange))

    @property
    def last(self) -> Exchange | None:
        """The exchange that came last, as it came."""
        return self._exchanges[-1] if self._exchanges else None

    def record(self, exchange: Exchange) -> bool:
        """Adds an exchange; the oldest make room.

        Tells whether it is time to judge what is here, before it makes room: `judge_at` says when that is, and so do the bytes.
        """
        self.total += 1
        size = size_of(exchange)
        self._exchanges.append(exchange)
        self._sizes.append(size)
        self._bytes += size
        while len(self._exchanges) > self.exchanges_max or self._bytes > self._bytes_max:
            size -= self._drop_oldest()
        if self._space is not None and self._space.count(size):
            self._space.make_room()
        for listener in self.listeners:
            listener()
        return self.total >= self.judge_at or self._bytes * 2 > self._bytes_max

    def clear(self) -> None:
        """Forgets all exchanges."""
        self.total = 0
        self.clearings += 1
        self.judge_at = self.exchanges_max // 2
        if self._space is not None:
            self._space.count(-self._bytes)
        self._bytes = 0
        self._exchanges.clear()
        self._sizes.clear()
        self._lessons.clear()

    def halve(self) -> int:
        """Forgets the older half of the exchanges, and returns how many bytes that gives back."""
        return sum(self._drop_oldest() for _ in range((len(self._exchanges) + 1) // 2))

    def _scrub(self, count_max: int | None = None) -> None:
        """Scrubs what came since the last look, the oldest first, at most so many exchanges if that is said."""
        behind = self.total - self._scrubbed_to
        count = behind if count_max is None else max(0, min(count_max, behind))
        for place in range(behind, behind - count, -1):
            known = self._scrubber.lessons
            self._exchanges[-place] = scrubbed(self._exchanges[-place], self._scrubber)
            self._lessons.append(known)

    def _shown(self, exchange: Exchange) -> Exchange:
        """Returns an exchange that is here without secrets; where nobody has read it, it stays as it came."""
        if exchange.number > self._scrubbed_to:
            return scrubbed(exchange, self._scrubber)
        return self._renewed_one(exchange)

    def _is_read(self, exchange: Exchange) -> bool:
        """Tells whether somebody has read an exchange that is here as it is given.

        That it has the number and the id of one is not enough: both come again once a journal was cleared, and one that was scrubbed again
        since is here in another form.
        """
        here = self._in_place_of(exchange)
        return exchange.number <= self._scrubbed_to and (here is exchange or here == exchange)

    def _in_place_of(self, exchange: Exchange) -> Exchange | None:
        """Returns what is here under the number of an exchange."""
        place = exchange.number - self.dropped - 1
        return self._exchanges[place] if 0 <= place < len(self._exchanges) else None

    def _is_outdated(self, number: int) -> bool:
        """Tells whether the exchange of a number, which is here, was scrubbed before the latest secret was known."""
        return self._lessons[number - self.dropped - 1] < self._scrubber.lessons

    def _renewed_one(self, exchange: Exchange) -> Exchange:
        """Returns an exchange that is here and was read; it is scrubbed of what became known since, where that is so."""
        if not self._is_outdated(exchange.number):
            return exchange
        place, known = exchange.number - self.dropped - 1, self._scrubber.lessons
        renewed = scrubbed(exchange, self._scrubber.since(self._lessons[place]))
        self._exchanges[place], self._lessons[place] = renewed, known
        return renewed

    def _next(self, number: int, count: int, bytes_max: int | None) -> tuple[int, int]:
        """Returns after which exchange those begin that come next, and how many of them are wanted."""
        begun = max(number, self.dropped)
        return begun, count if bytes_max is None else self._fitting(begun - self.dropped, count, bytes_max)

    def _fitting(self, start: int, count: int, bytes_max: int) -> int:
        """Returns how many exchanges from a place on take no more than so many bytes, or one."""
        taken = 0
        for fitting, place in enumerate(range(start, min(start + count, len(self._sizes)))):
            taken += self._sizes[place]
            if fitting and taken > bytes_max:
                return fitting
        return count

    def _drop_oldest(self) -> int:
        """Forgets an exchange, and returns how many bytes it took."""
        self._exchanges.popleft()
        if self._lessons:
            self._lessons.popleft()
        size = self._sizes.popleft()
        self._bytes -= size
        return size


def size_of(exchange: Exchange) -> int:
    """Returns how many bytes an exchange takes: bodies, heads, and a long target. What is left is bounded by the number of exchanges."""
    size = len(exchange.request_body) + len(exchange.response_body)
    for headers in (exchange.request_headers, exchange.response_headers):
        for name, value in headers:
            size += FIELD_BYTES + len(name) + len(value)
    beyond = len(exchange.target) - TARGET_BYTES_USUAL
    return size + beyond if beyond > 0 else size

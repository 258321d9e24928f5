"""Effects: how often the receiver has acted, as it tells itself, and how a probe waits until that has come to rest."""

import math
import time
from collections.abc import Callable, Iterator

import urllib3

from runflow_mock.runtime.answers import read_body
from runflow_mock.runtime.deadlines import timed_pool, within

QUIET_SECONDS = 0.25
APPEAR_SECONDS_MAX = 3.0
# So many times as long as for any other effect is waited for the first.
FIRST_OF = 4
# Whoever asks for the count again and again waits so often in the time in which it must not change.
LOOKS = 5
# An answer that takes more than so many times the shortest came when the machine had stood still.
STALL_OF = 10
# By the clock nobody waits for more than so many times as long as was meant, but for the one time that the machine stood still for longest.
CLOCK_OF = 3
LATE = "whose effect it is nobody can tell, so that nothing is said of effects; let it act sooner for this test"
SECONDS_MAX = 10.0
REST_SECONDS_MAX = 30.0
NUMBER_BYTES_MAX = 1024


class NoCount(ValueError):
    """The address for effects tells no number, or one that never comes to rest; the message says which."""


class Effects:
    """Counts the effects of a receiver, by an address that answers with their number.

    `has_acted` once there was one. Where the first genuine callback has none, or has it so `late` that nobody can tell which callback an
    effect is of, nothing `is_counted`, unless the receiver acts on another `event` in time. It may act after it has answered: a count is
    what stands there once it has not changed for `quiet_seconds`, and for twice as long as the slowest effect so far took to appear.

    A machine that stands still lets nobody act: what is waited for is not over because whoever waits was woken late. The clock says whether
    the first effect came too late, and ends what would take many times as long as was meant, as where each count takes seconds.
    """

    def __init__(
        self,
        url: str,
        *,
        quiet_seconds: float = QUIET_SECONDS,
        appear_seconds_max: float = APPEAR_SECONDS_MAX,
        rest_seconds_max: float = REST_SECONDS_MAX,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._now = now
        self._rest_seconds_max = rest_seconds_max
        self._quiet_seconds = quiet_seconds
        self._appear_seconds_max = appear_seconds_max
        self.has_acted, self.is_counted = False, True
        self.late: str | None = None
        self.event: str | None = None
        self._answered, self._took, self._shortest = 0.0, 0.0, math.inf
        self._pool = timed_pool(timeout=SECONDS_MAX)

    def count(self) -> int:
        """Returns how often the receiver has acted up to now.

        Raises:
            NoCount: the address does not answer with a number.
        """
        asked = self._now()
        count = self._ask()
        self._answered = self._now()
        self._took = self._answered - asked
        self._shortest = min(self._shortest, self._took)
        return count

    def _ask(self) -> int:
        try:
            with within(SECONDS_MAX):
                response = self._pool.request("GET", self._url, retries=urllib3.Retry(2, redirect=0), preload_content=False)
                told = read_body(response, NUMBER_BYTES_MAX + 1)
            response.release_conn()
            if len(told) > NUMBER_BYTES_MAX:
                raise ValueError(f"it answers with more than {NUMBER_BYTES_MAX} bytes")
            return int(told)
        except (urllib3.exceptions.HTTPError, ValueError, UnicodeDecodeError) as error:
            raise NoCount(f"{self._url} must answer with a number, how often the receiver has acted: {error}") from None

    def first(self, before: int, times: int = FIRST_OF) -> None:
        """Waits for the first effect since a count, so many times as long as for others: it may come through a queue."""
        sent = self._now()
        took = self._appears(before, times * self._appear_seconds_max)
        late = self._now() - sent
        self.has_acted = self.is_counted = took is not None and late <= self._appear_seconds_max
        if took is None:
            return
        if self.is_counted:
            self._quiet_seconds = max(self._quiet_seconds, 2 * took)
            self.at_rest()
        else:
            self.late = f"it acts {late:.1f} s after it was sent a callback: {LATE}"

    def at_rest(self, seconds: float = 0.0) -> int:
        """Returns the count once it has come to rest, for so many seconds at least.

        Raises:
            NoCount: it does not.
        """
        if not self.is_counted:
            return 0
        quiet_seconds = max(seconds, self._quiet_seconds)
        looks = self._looks(self._rest_seconds_max + seconds)
        count, since = next(looks)
        for later, waited in looks:
            if later != count:
                count, since = later, waited
            elif waited - since >= quiet_seconds:
                return count
        raise NoCount(
            f"{self._url} counts on and on: it must answer with how often the receiver has acted, and with nothing else, "
            "while nobody but this command sends it callbacks"
        )

    def since(self, before: int) -> int:
        """Returns how many effects there were since a count: it waits for the first one, and then until there are no more."""
        if not self.is_counted:
            return 0
        took = self._appears(before, self._appear_seconds_max)
        if took is not None:
            self._quiet_seconds = max(self._quiet_seconds, 2 * took)
        elif not self.has_acted:
            # Who has not acted on the first genuine callback is not waited for so long again.
            self._appear_seconds_max = min(self._appear_seconds_max, 2 * self._quiet_seconds)
        count = self.at_rest() - before
        self.has_acted = self.has_acted or count > 0
        return count

    def _appears(self, before: int, seconds_max: float) -> float | None:
        """How long it took until there was an effect, or nothing where there was none in so many seconds."""
        return next((waited for count, waited in self._looks(seconds_max) if count != before), None)

    def _looks(self, seconds_max: float) -> Iterator[tuple[int, float]]:
        """Yields the count again and again for so many seconds, and how long was waited by then: as was meant, however late one wakes."""
        waited, pause = 0.0, self._quiet_seconds / LOOKS
        began = last = self._now()
        longest = 0.0
        while True:
            count = self.count()
            waited += min(self._took, STALL_OF * self._shortest)
            yield count, waited
            longest, last = max(longest, self._answered - last), self._answered
            if waited >= seconds_max or last - began - longest >= CLOCK_OF * seconds_max:
                return
            time.sleep(pause)
            waited += pause

    def close(self) -> None:
        """Closes the connections."""
        self._pool.clear()

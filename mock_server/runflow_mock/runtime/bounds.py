"""Bounds of the whole server: how much of something there may be at once, how much there is, and whether somebody was turned away.

Whoever needs some takes it, and gives it back. A bound that is met is told once, and again when it is met after half of it was free.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec

MEBIBYTE = 1024 * 1024
SHARES_MAX = 1_000
"""How many tenants' shares are kept that nobody uses at the moment."""

Tell = Callable[[str], None]


class Bound:
    """One bound; `used` is how much is taken now, `peak` the most that was, `met` how often there was not enough."""

    def __init__(self, name: str, maximum: int, tell: Tell, way_out: str) -> None:
        self.name = name
        self.maximum = maximum
        self.used = 0
        self.peak = 0
        self.met = 0
        self._tell = tell
        self._way_out = way_out
        self._is_told = False

    def take(self, amount: int = 1) -> bool:
        """Takes so much, and tells whether there was as much."""
        if self.used + amount > self.maximum:
            self.meet()
            return False
        self.used += amount
        self.peak = max(self.peak, self.used)
        return True

    def give(self, amount: int = 1) -> None:
        """Gives back what was taken."""
        self.used -= amount
        assert self.used >= 0, self.name
        if self.used * 2 <= self.maximum:
            self._is_told = False

    def show(self, used: int) -> None:
        """Takes note of how much is taken, where somebody else counts."""
        self.used = used
        self.peak = max(self.peak, used)

    def meet(self) -> None:
        """Takes note that there was not enough, and tells it if nobody knows."""
        self.met += 1
        if not self._is_told:
            self._is_told = True
            self._tell(f"the bound {self.name} of {self.maximum} is met: {self._way_out}")


def take_all(bounds: Sequence[Bound], amount: int = 1) -> Bound | None:
    """Takes so much of each of several bounds, or nothing of any: returns the first that had less, or nothing."""
    for index, bound in enumerate(bounds):
        if not bound.take(amount):
            for earlier in bounds[:index]:
                earlier.give(amount)
            return bound
    return None


class BoundsMax(msgspec.Struct, frozen=True, kw_only=True):
    """How much a server may hold at once, whatever its tenants may hold each. Every field is a bound of that name.

    `connections_max` are clients' connections, `body_bytes_max` are bytes of request bodies that are being read, `journal_bytes_max`
    those of all journals together, and `callback_sockets_max` are callbacks under way. `record_bytes_max` are bytes that clients have
    sent for records, `file_bytes_max` those of assets and of files that rules give out, and `timers_max` are changes that are still to
    come, of all tenants together. `streams_max` are open streams of events. `answer_bytes_max` are bytes of answers that wait for
    clients who do not take them, and `long_answers_max` are answers of the control API that grow with what a tenant holds and are being
    made.
    """

    connections_max: int = 4_096
    body_bytes_max: int = 640 * MEBIBYTE
    journal_bytes_max: int = 512 * MEBIBYTE
    callback_sockets_max: int = 256
    record_bytes_max: int = 2_048 * MEBIBYTE
    file_bytes_max: int = 2_048 * MEBIBYTE
    timers_max: int = 2_000_000
    streams_max: int = 64
    answer_bytes_max: int = 512 * MEBIBYTE
    long_answers_max: int = 4


class Bounds:
    """The bounds of one server."""

    def __init__(self, most: BoundsMax, tell: Tell, tenants_max: int) -> None:
        self.connections = Bound("connections_max", most.connections_max, tell, "further connections are answered with 503 and closed")
        self.body_bytes = Bound("body_bytes_max", most.body_bytes_max, tell, "further bodies are answered with 503")
        self.journal_bytes = Bound("journal_bytes_max", most.journal_bytes_max, tell, "the largest journals drop their oldest exchanges")
        self.callback_sockets = Bound("callback_sockets_max", most.callback_sockets_max, tell, "further callbacks wait for their turn")
        full = "further writes are answered with 503"
        self.record_bytes = Bound("record_bytes_max", most.record_bytes_max, tell, full)
        self.file_bytes = Bound("file_bytes_max", most.file_bytes_max, tell, "further files are answered with 503")
        self.timers = Bound("timers_max", most.timers_max, tell, full)
        self.streams = Bound("streams_max", most.streams_max, tell, "further streams of events are answered with 503")
        cut = "connections whose clients take nothing are ended, the one that has waited longest first"
        self.answer_bytes = Bound("answer_bytes_max", most.answer_bytes_max, tell, cut)
        later = "further ones wait for their turn"
        self.long_answers = Bound("long_answers_max", most.long_answers_max, tell, later)
        self.tenants = Bound("tenants_max", tenants_max, tell, "further tenants are refused with 503")
        self._tell = tell
        self._shares: dict[tuple[str, str], Bound] = {}

    def bodies_of(self, tenant: str) -> Bound:
        """Returns the share that one tenant has of the bytes of bodies."""
        return self._share(self.body_bytes, tenant, "further bodies of this tenant are answered with 503")

    def streams_of(self, tenant: str) -> Bound:
        """Returns the share that one tenant has of the streams of events."""
        return self._share(self.streams, tenant, "further streams of this tenant are answered with 503")

    def long_answers_of(self, tenant: str) -> Bound:
        """Returns the share that one tenant has of the long answers that are being made."""
        return self._share(self.long_answers, tenant, "further ones of this tenant wait for their turn")

    def _share(self, whole: Bound, tenant: str, way_out: str) -> Bound:
        share = self._shares.get((whole.name, tenant))
        if share is None:
            if len(self._shares) >= SHARES_MAX:
                self._shares = {key: known for key, known in self._shares.items() if known.used}
            maximum = max(1, whole.maximum * 7 // 10)
            share = self._shares[whole.name, tenant] = Bound(f"{whole.name} of tenant {tenant}", maximum, self._tell, way_out)
        return share

    def __iter__(self) -> Iterator[Bound]:
        shared = (self.connections, self.body_bytes, self.journal_bytes, self.callback_sockets)
        return iter(
            (*shared, self.record_bytes, self.file_bytes, self.timers, self.streams, self.answer_bytes, self.long_answers, self.tenants)
        )

"""Quotas: how many requests a key may send in a window of time.

Theory. A window begins with the first request that finds none open, and ends after its length; a request beyond the quota is refused and
not counted. Where a window stands is a position on a line of elapsed time, so that nothing here knows which clock that is.

Source: `limits.busy-is-not-429`, `limits.full-headers`. Inferred: fixed windows, one for each key.
"""

from datetime import timedelta

import msgspec
from msgspec.structs import replace

REQUESTS_MAX = 1_000_000
WINDOW_MIN = timedelta(milliseconds=100)
# What the headers say where nobody has set a quota; nothing is refused then.
NOMINAL_REQUESTS = 1_000
NOMINAL_WINDOW = timedelta(minutes=1)


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """So many requests in each window, and in which form a refused client is told how long to wait: without one, the dialect's."""

    requests: int
    window: timedelta
    retry_after: str | None = None


class Window(msgspec.Struct, frozen=True):
    """An open window: where it began, and how many requests it has counted."""

    began: timedelta
    used: int = 0


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """What is left to a key: requests until the window ends, and the time until then."""

    limit: int
    remaining: int
    resets_in: timedelta
    is_exceeded: bool = False


NOMINAL = Quota(requests=NOMINAL_REQUESTS, window=NOMINAL_WINDOW)


def count(quota: Quota, window: Window | None, at: timedelta) -> tuple[Window, Allowance]:
    """Returns the window after one more request, and what that request is allowed."""
    current = _current(quota, window, at)
    is_exceeded = current.used >= quota.requests
    counted = current if is_exceeded else replace(current, used=current.used + 1)
    return counted, replace(look(quota, counted, at), is_exceeded=is_exceeded)


def look(quota: Quota, window: Window | None, at: timedelta) -> Allowance:
    """Returns what is left, without counting."""
    current = _current(quota, window, at)
    resets_in = current.began + quota.window - at
    return Allowance(limit=quota.requests, remaining=max(0, quota.requests - current.used), resets_in=resets_in)


def _current(quota: Quota, window: Window | None, at: timedelta) -> Window:
    return Window(at) if window is None or at >= window.began + quota.window else window

"""Unbelieved callbacks: receivers that answer 401 or 403 to every genuine callback, of which the log tells once."""

from collections.abc import Callable
from http import HTTPStatus

from runflow_mock.domain.signing import told_refusal

REFUSALS = frozenset((HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN))
RECEIVERS_MAX = 1000


class Unbelieved:
    """Remembers of each receiver whether it has taken a callback, or was told of already; of at most so many."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._known: set[tuple[str, str]] = set()

    def note(self, tenant: str, url: str, status: int | None, *, is_dated: bool) -> None:
        """Takes note of the answer to a genuine callback; the first refusal is told, unless one was taken before."""
        receiver = (tenant, url)
        if status is None or receiver in self._known or len(self._known) >= RECEIVERS_MAX:
            return
        if status in REFUSALS:
            self._known.add(receiver)
            self._warn(f"tenant {tenant}: {url} answers {status} to genuine callbacks: {told_refusal(is_dated=is_dated)}")
        elif 200 <= status < 300:
            self._known.add(receiver)

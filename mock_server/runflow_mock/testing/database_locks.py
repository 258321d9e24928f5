"""A database that is locked for a handler: what the test has written stands in a transaction of another connection.

As under a server, a handler is run by a thread or on an event loop that has database connections of its own.
"""

import sys

from runflow_mock.testing.applications import words_of

_OWN = "the handler has a connection of its own, and was locked out by what the test has not committed"
_IN_DJANGO = "take @pytest.mark.django_db(transaction=True), or TransactionTestCase in place of TestCase"
_ELSEWHERE = "where the test holds a transaction open, commit before the callback comes"


def way_out_of_lock(error: BaseException) -> str | None:
    """Returns what a test does about an exception of SQLite that tells of a lock, whatever library has put it into one of its own."""
    sqlite = sys.modules.get("sqlite3")
    if sqlite is None:
        return None
    kinds: set[str] = set()
    told: BaseException | None = error
    seen: set[int] = set()
    while told is not None and id(told) not in seen:
        seen.add(id(told))
        kinds.add(type(told).__module__.partition(".")[0])
        if isinstance(told, sqlite.OperationalError) and "locked" in words_of(told):
            return f"{_OWN}: {_IN_DJANGO if 'django' in kinds else _ELSEWHERE}"
        told = told.__cause__
    return None

"""Poll hygiene: how a client waits for what it has created.

Theory. Reading one run, batch or evaluation over and over is polling. It should leave the server some time, end when the record has
reached a terminal state, and not go on for a record that does not exist. Reading a finished record once more is no polling: its
addresses are signed anew.

Source: `runs.poll-intervals`, `runs.terminal-absorbs`. Inferred: the figures.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from runflow_mock.domain.documents import read_object
from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.verdicts import INTERVAL_SECONDS_MIN, Observation, interval

READS = frozenset(("get_run", "get_batch", "get_evaluation"))
TERMINAL = frozenset(("succeeded", "partial_succeeded", "failed", "cancelled", "canceled", "completed"))
POLL_SECONDS_MIN = 0.5
REREADS_MAX = 1
STANDING_POLLS_MIN = 20

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_RECORD = re.compile(r"/v1/(?:runs|batches|evaluations)/([^/]+)")


def leaves_time(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields whether there is some time between two readings of what has not ended."""
    for reads in _reads(exchanges):
        for earlier, later in pairwise(reads):
            if earlier.status != 200 or _has_ended(earlier):
                continue
            seconds, ids = interval(earlier, later), (earlier.id, later.id)
            if seconds < INTERVAL_SECONDS_MIN:
                least = round(INTERVAL_SECONDS_MIN * 1000)
                yield Observation(None, ids, f"an interval under {least} ms says nothing: the client's waiting is replaced", seconds)
            else:
                message = f"read again after {seconds:.2f} s; every few seconds is enough"
                yield Observation(seconds >= POLL_SECONDS_MIN, ids, message, round(seconds, 3))


def stops_at_the_end(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields whether a record is left alone once it has been seen in a terminal state, until the client changes it."""
    changes = _changes(exchanges)
    for reads in _reads(exchanges):
        end = next((index for index, read in enumerate(reads) if read.status == 200 and _has_ended(read)), None)
        if end is None:
            continue
        record = _RECORD.match(reads[end].path)
        changed = changes.get("" if record is None else record[1], ())
        until = next((number for number in changed if number > reads[end].number), None)
        after = [read for read in reads[end + 1 :] if until is None or read.number < until]
        ids = tuple(read.id for read in (reads[end], *after))
        yield Observation(len(after) <= REREADS_MAX, ids, f"read {len(after)} more times after it was seen to have ended")


def leaves_absent_records_alone(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields whether a record that does not exist is asked for again."""
    for reads in _reads(exchanges):
        missing = [read for read in reads if read.status == 404]
        if missing:
            ids = tuple(read.id for read in missing)
            yield Observation(len(missing) == 1, ids, f"{missing[0].path[:120]} was a 404 {len(missing)} times")


def standing_polls(exchanges: Sequence[Exchange]) -> Iterator[str]:
    """Yields the paths that were read again and again while the tenant's time stood still: whoever waits for them waits for ever."""
    for reads in _reads(exchanges):
        tail = [read for read in reads if read.at == reads[-1].at and not _has_ended(read)]
        if len(tail) >= STANDING_POLLS_MIN:
            yield reads[-1].path


def _reads(exchanges: Sequence[Exchange]) -> list[list[Exchange]]:
    """The readings of each record by the same address, in order."""
    found: dict[str, list[Exchange]] = {}
    for exchange in exchanges:
        if exchange.operation in READS and exchange.method == "GET":
            found.setdefault(exchange.target, []).append(exchange)
    return list(found.values())


def _has_ended(exchange: Exchange) -> bool:
    try:
        body = read_object(exchange.response_body or None)
    except (msgspec.MsgspecError, UnicodeError, ValueError):
        return False
    return body.get("status_code") in TERMINAL


def _changes(exchanges: Sequence[Exchange]) -> dict[str, list[int]]:
    """The numbers of the successful requests that change a record, by the ids that they name: reading it again is sensible then."""
    found: dict[str, list[int]] = {}
    for exchange in exchanges:
        if exchange.method not in ("GET", "HEAD") and exchange.status < 400:
            for record_id in _ID.findall(exchange.path + exchange.request_body.decode("latin-1")):
                found.setdefault(record_id, []).append(exchange.number)
    return found

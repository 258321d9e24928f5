"""Readings: what a client reads to see how its work is getting on, and what an answer shows of that.

A record shows its state, and so does each entry of a list. An answer of another form says nothing of how things stand: a list in a
record's place, or a state of null. A record that was asked for other fields than its state shows work, and so do entries that have none,
such as lines of a log.

Source: `runs.terminal-absorbs`. Inferred: what says nothing.
"""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from math import inf
from urllib.parse import parse_qsl

from runflow_mock.domain.documents import Json, try_document
from runflow_mock.domain.exchanges import Exchange

READS = frozenset(("get_run", "get_batch", "get_evaluation"))
# What shows how work is getting on, besides the records themselves. The catalog does not, and health is asked by whoever starts a server.
VIEWS = frozenset(
    (
        "get_balance",
        "get_batch_item",
        "list_batch_deliveries",
        "list_batch_items",
        "list_batches",
        "list_comfyui_runs",
        "list_credit_balances",
        "list_node_runs",
        "list_run_deliveries",
        "list_run_evaluations",
        "list_run_logs",
        "list_runs",
        "list_webhook_deliveries",
        "list_webhook_delivery_attempts",
    )
)
# The lists that come without a page around them.
BARE_LISTS = frozenset(("list_batch_deliveries", "list_run_deliveries"))
TERMINAL = frozenset(("succeeded", "partial_succeeded", "failed", "cancelled", "canceled", "completed"))
# A moment that is no further away stands for the present: "what has changed since I last looked".
PRESENT_SECONDS = 600

RECORD_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# All other parameters change nothing: they are there to get past a cache.
_PARAMETERS = frozenset(("add_signature", "embed", "fields", "from_prev", "pq", "q", "sort_by"))
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


def what_is_read(exchange: Exchange) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Returns what a request reads: its path, and the parameters that make a difference."""
    pairs = ((name, value) for name, value in parse_qsl(exchange.query) if name in _PARAMETERS)
    return exchange.path, tuple(sorted((name, _MOMENT.sub(lambda found: _timeless(found[0], exchange), value)) for name, value in pairs))


def is_whole(read: Exchange) -> bool:
    """Returns whether a reading has shown something: one that failed is tried again."""
    return read.status < 400 and not read.is_lost


def shows_the_end(exchange: Exchange, created: Mapping[str, float]) -> bool:
    """Returns whether a view shows all there is, that it has ended, and all that the client has created.

    A list may be one of what has ended.
    """
    body = try_document(exchange.response_body)
    if exchange.status != 200 or exchange.is_lost or not isinstance(body, dict) or body.get("next") is not None:
        return False
    shown = body.get("items", [body])
    if not isinstance(shown, list) or not shown or not all(map(_is_end, shown)):
        return False
    entries = [entry for entry in shown if isinstance(entry, dict)]
    ids, members = {str(entry.get("id")) for entry in entries}, Counter[str](str(entry.get("batch_id")) for entry in entries)
    # What stands below a record is of it, whether it says so or not; what is read by itself has ended by itself.
    below = len(entries) if "items" in body else inf
    named = dict.fromkeys(exchange.path.split("/"), below)
    return bool(created) and all(
        record_id in ids or named.get(record_id, members[record_id]) >= total for record_id, total in created.items()
    )


def shows_work(exchange: Exchange) -> bool:
    """Returns whether the answer arrived whole, and shows something that has not ended."""
    if exchange.status != 200 or exchange.is_lost:
        return False
    body = try_document(exchange.response_body)
    shown = body.get("items", [body]) if isinstance(body, dict) else body if exchange.operation in BARE_LISTS else None
    return isinstance(shown, list) and (not shown or any(map(_goes_on, shown)))


def ends_in(exchange: Exchange) -> frozenset[str]:
    """Returns the ids of what has ended by an answer: what its path names where all of it has, or some of what a list holds."""
    body = try_document(exchange.response_body)
    shown = body.get("items", [body]) if isinstance(body, dict) else []
    entries = shown if isinstance(shown, list) else []
    ended = [entry for entry in entries if isinstance(entry, dict) and _is_end(entry)]
    named = RECORD_ID.findall(exchange.path) if ended and len(ended) == len(entries) else ()
    return frozenset((*named, *(str(entry["id"]) for entry in ended if "id" in entry and exchange.operation not in READS)))


def has_ended(exchange: Exchange) -> bool:
    """Returns whether a record has reached a terminal state by an answer."""
    return _is_end(try_document(exchange.response_body))


def _is_end(record: Json) -> bool:
    return isinstance(record, dict) and record.get("status_code") in TERMINAL


def _goes_on(entry: Json) -> bool:
    """Whether an entry shows work that has not ended: in any state that is a text, also one that nobody documented, or without one."""
    return isinstance(entry, dict) and bool(entry) and isinstance(entry.get("status_code", ""), str) and not _is_end(entry)


def _timeless(moment: str, exchange: Exchange) -> str:
    """What stands for a moment in what a request reads: one of the present, by either clock, is as good as another."""
    try:
        seconds = datetime.fromisoformat(moment).timestamp()
    except (ValueError, OverflowError):
        # It looks like a moment, and there is none such: the 31st of February, or the year nought.
        return moment
    is_present = min(abs(seconds - exchange.wall), abs(seconds - exchange.at.timestamp())) <= PRESENT_SECONDS
    return "now" if is_present else moment

"""Ends: what a client was told of the end of its work, by answers and callbacks, whatever it made of that.

Theory. An answer tells of an end where it shows a terminal status beside a name of the record, or of the record that its path names; so
does the message in the history of a callback. A client may also choose what a list shows, by `q` and `fields`: where no status is left in
it, what is there and what is missing tells of an end as well, once there is one.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any
from urllib.parse import parse_qs

from runflow_mock.domain.documents import parts_of
from runflow_mock.kit.matrix.cell_faults import UNHEARD_OF
from runflow_mock.kit.matrix.cells import GENUINE, SOMEBODY
from runflow_mock.testing.diagnosis import TERMINAL
from runflow_mock.testing.records import Exchange

NO_ANSWER_WITHIN = "no answer within"
# What the sender says where somebody was there, and has not answered: a client may end as soon as it has heard.
UNANSWERED = (NO_ANSWER_WITHIN, "BrokenAnswer", "ConnectionResetError", "BrokenPipeError")
# An item that has ended tells of its run; of its batch only the message tells that names it.
NAMES, MESSAGE_NAMES = ("id", "run_id", "client_ref"), ("run_id", "batch_id")
CHOOSING = frozenset(("q", "fields"))


def saw_end(journal: Sequence[Exchange], runs: Sequence[Mapping[str, Any]]) -> bool:
    """Tells whether any answer told the client of an end."""
    return any(_shows_end(exchange) or any(_lets_know(exchange, run) for run in runs) for exchange in journal)


def saw_end_first(journal: Sequence[Exchange], runs: Sequence[Mapping[str, Any]]) -> bool:
    """Tells whether an answer told the client of an end before any showed a state that nobody documented."""
    return saw_end(tuple(takewhile(lambda exchange: not _shows_unheard_of(exchange), journal)), runs)


def untold(journal: Sequence[Exchange], deliveries: Sequence[Mapping[str, Any]], runs: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Returns the client's runs of which no answer and no callback told the end, nor that of their batch."""
    told: set[str | None] = {name for exchange in journal for name in _ended(exchange)}
    told |= {delivery.get(name) for delivery in deliveries if is_heard(delivery) for name in ("run_id", "batch_id")}
    own = [run for run in runs if run["client_ref"] != SOMEBODY]
    unnamed = [run for run in own if told.isdisjoint({run[name] for name in ("id", "batch_id", "client_ref")} - {None})]
    return tuple(run["id"] for run in unnamed if not any(_lets_know(exchange, run) for exchange in journal))


def is_genuine(attempt: Mapping[str, Any]) -> bool:
    """Tells whether an attempt carried what the service has signed."""
    return attempt["fault"] is None or attempt["fault"]["kind"] in GENUINE


def is_heard(delivery: Mapping[str, Any]) -> bool:
    """Tells whether somebody was there when a callback came: whatever it answers, it has heard it."""
    answers = [answer for attempt in delivery["attempts"] if is_genuine(attempt) for answer in (attempt, *attempt["copies"])]
    return any(answer["status_code"] is not None or str(answer["error"]).startswith(UNANSWERED) for answer in answers)


def _shows_end(exchange: Exchange) -> bool:
    """Whether an answer shows an end, of whatever: a list may show statuses alone."""
    return any(map(_is_end, _entries(exchange.response.body))) or any(_ended(exchange))


def _shows_unheard_of(exchange: Exchange) -> bool:
    return any(entry.get("status_code") == UNHEARD_OF for entry in _entries(exchange.response.body))


def _entries(body: Any) -> list[dict[str, Any]]:
    """What an answer is about: a record, or those of a list."""
    shown = body.get("items", body) if isinstance(body, dict) else body
    return [entry for entry in (shown if isinstance(shown, list) else [shown]) if isinstance(entry, dict)]


def _is_end(part: Any) -> bool:
    """Whether a part is a record that has ended, or the message that tells of it."""
    return isinstance(part, dict) and (part.get("status_code") in TERMINAL or ("event" in part and part.get("status") in TERMINAL))


def _ended(exchange: Exchange) -> Iterator[str]:
    """Yields the names of what an answer says has ended; an answer that does not name it is about what its path names."""
    if _is_end(exchange.response.body):
        yield from (exchange.request.target or "").partition("?")[0].split("/")
    part: Any
    for part in parts_of(exchange.response.body):
        if _is_end(part):
            yield from (str(part[name]) for name in (MESSAGE_NAMES if "event" in part else NAMES) if part.get(name) is not None)


def _lets_know(exchange: Exchange, run: Mapping[str, Any]) -> bool:
    """Whether an answer without statuses, to a question of the client's own, came when a run had ended."""
    body, query = exchange.response.body, (exchange.request.target or "").partition("?")[2]
    if exchange.response.status != 200 or not isinstance(body, dict) or "items" not in body or CHOOSING.isdisjoint(parse_qs(query)):
        return False
    ended = run["completed_at"]
    if ended is None or datetime.fromisoformat(ended) > datetime.fromisoformat(exchange.at):
        return False
    return not any("status_code" in entry for entry in _entries(body))

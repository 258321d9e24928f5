"""Retry hygiene: what a client does after a request has failed.

Theory. Requests that are the same call form a *series* for as long as it fails: same method and target (of a reading that has met a
transient failure the same record or list, whatever gets it past a cache), and the same body or the same Idempotency-Key; a creation that
may be tried again is also known by its client_ref, where only its metadata differs. The first answer that is no failure closes it. A
failure is *transient* when the client may try again (408, 409, 425, 429, a 5xx, no answer at all) and *final* when trying again cannot
help; it is *open* when the request may have been carried out all the same. There are two right ways out of that: the same Idempotency-Key
with the same body, or looking for the mark that the creation carries (its client_ref, or something in its metadata) and creating again only
where it was not found.

Source: `limits.backoff`, `limits.retry-after`, `limits.retry-classes`, `idempotency.replay`, `credits.admission`.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import pairwise
from operator import attrgetter
from urllib.parse import parse_qsl

from runflow_mock.domain.credential_hygiene import SIGNED_PREFIXES
from runflow_mock.domain.documents import try_document
from runflow_mock.domain.exchanges import Exchange, digest_of_key
from runflow_mock.domain.filters import Field, QueryError, parse_filter
from runflow_mock.domain.pauses import do_grow, kind_of
from runflow_mock.domain.poll_hygiene import CREATES, POLL_SECONDS_MIN
from runflow_mock.domain.readings import READS, VIEWS, what_is_read
from runflow_mock.domain.verdicts import INTERVAL_SECONDS_MIN, Observation, interval, too_short
from runflow_mock.domain.whole_numbers import whole_number

TRANSIENT = frozenset((408, 409, 425, 429))
# Where a creation shows that was made before.
LOOKUPS = frozenset(("list_runs", "list_comfyui_runs", "list_batches", "list_batch_items"))
BALANCES = frozenset(("get_balance", "list_credit_balances"))
# Of what Retry-After asks a client may fall short by this much: clocks differ, and a date has whole seconds only.
TOLERANCE = 0.05
DATE_SECONDS = 1.0
MARK_CHARACTERS_MIN = 3
# Five attempts are documented; what is asked for is an end.
ATTEMPTS_MAX = 8
# A key is for one order; these are what programs write where there is no value, where nobody waited for it, or where nothing was put in
# the place of its name: all orders have the same.
_NO_VALUES = ("undefined", "null", "None", "nil", "NaN", "<nil>", "%!s(<nil>)", "[object Object]", "[object Promise]")
_NO_UUIDS = ("00000000-0000-0000-0000-000000000000", "$(uuidgen)", "`uuidgen`", "${uuid}", "{{$guid}}", "{{$randomUUID}}", "uuid.uuid4()")
NO_KEYS = {digest_of_key(text): text for text in (*_NO_VALUES, *_NO_UUIDS)}
# What a key is answered that was used with another body.
KEY_REUSED = 409
OBEYED = True

Series = tuple[Exchange, ...]


def is_transient(exchange: Exchange) -> bool:
    """Tells whether trying again may help: the status says so, or there was no whole answer."""
    return exchange.status in TRANSIENT or is_open(exchange)


def is_open(exchange: Exchange) -> bool:
    """Tells whether the client cannot know if its request was carried out."""
    return exchange.status >= 500 or exchange.is_lost


def is_final(exchange: Exchange) -> bool:
    """Tells whether trying the same again cannot help."""
    return 400 <= exchange.status < 500 and not is_transient(exchange)


def series_of(exchanges: Sequence[Exchange]) -> list[Series]:
    """Returns the series of the same call that hold a failure, in the order in which they began."""
    found: list[list[Exchange]] = []
    open_series: dict[tuple[object, ...], list[Exchange]] = {}
    for exchange in exchanges:
        # The names of the call that a request makes: by its body, by its key if it has one, by what it creates, and by what it reads.
        by_body = (exchange.method, exchange.target, exchange.request_body)
        key = exchange.request_header("idempotency-key")
        names: list[tuple[object, ...]] = [by_body] if key is None else [(exchange.method, exchange.path, key, "key"), by_body]
        ended_names: tuple[object, ...] = ()
        if exchange.method == "GET" and exchange.operation in READS | VIEWS:
            names.append(past_cache := (exchange.method, what_is_read(exchange), exchange.request_body))
            # Only a transient failure is tried again past a cache: after a final one other words are another call.
            ended_names = (by_body if is_transient(exchange) else past_cache,)
        # Whoever changed what was refused for good has not sent the same again. Where nothing has failed, no body needs to be read.
        may_repeat = is_transient(exchange) or (bool(open_series) and not is_final(exchange))
        if may_repeat and (labelled := _labelled(exchange)) is not None:
            names.append((exchange.method, exchange.path, labelled, "label"))
        series = next((open_series[name] for name in names if name in open_series), None)
        if series is None:
            found.append(series := [])
        series.append(exchange)
        for name in names:
            if name not in ended_names and (is_transient(exchange) or is_final(exchange)):
                open_series[name] = series
            else:
                open_series.pop(name, None)
    return [tuple(series) for series in found if len(series) > 1 or is_transient(series[0]) or is_final(series[0])]


def obeys_retry_after(exchanges: Sequence[Exchange], least_seconds: float) -> Iterator[Observation]:
    """Yields whether the next request of a series came when the answer before it allowed it."""
    for earlier, later in _retries(exchanges):
        asked, waited = _retry_after(earlier), interval(earlier, later)
        if asked is None or waited is None:
            continue
        ids = (earlier.id, later.id)
        if waited < least_seconds < asked:
            yield too_short(ids, waited)
        else:
            message = f"asked to wait {asked:.2f} s after a {earlier.status}, waited {waited:.2f} s"
            yield Observation(waited >= asked * (1 - TOLERANCE), ids, message, round(waited, 3))


def backs_off(exchanges: Sequence[Exchange], least_seconds: float) -> Iterator[Observation]:
    """Yields whether the pauses of a series grow, where no answer says how long to wait."""
    for series in series_of(exchanges):
        failed = [is_transient(earlier) and _retry_after(earlier) is None for earlier in series]
        gaps = [interval(earlier, later) for (earlier, later), counts in zip(pairwise(series), failed, strict=False) if counts]
        pauses = [gap for gap in gaps if gap is not None]
        if len(pauses) < 2 or len(pauses) < len(gaps):
            continue
        ids = tuple(exchange.id for exchange in series)
        if min(pauses) < least_seconds:
            yield too_short(ids, min(pauses))
        else:
            shown = ", ".join(f"{pause:.2f}" for pause in pauses[:10])
            is_growing, kind = do_grow(pauses), kind_of(pauses)
            told = f"pauses of {shown} s between tries" if kind is None else f"{kind}: {shown} s"
            # Whoever reads on at the pace of polling leaves time enough, without pauses that grow.
            is_polling = series[0].operation in READS | VIEWS and min(pauses) >= POLL_SECONDS_MIN
            is_obeyed = None if is_polling and is_growing is False else is_growing
            rounded = tuple(round(pause, 3) for pause in pauses)
            yield Observation(is_obeyed, ids, told, rounded[-1], () if is_polling and not is_growing else rounded)


def leaves_refusals_alone(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields whether a call that was refused for good is made again although nothing has changed since."""
    changes = [exchange.number for exchange in exchanges if exchange.method not in ("GET", "HEAD") and exchange.status < 400]
    balances = [exchange.number for exchange in exchanges if exchange.operation in BALANCES]
    # What a record says of its files is signed anew, and may be the same as before where time stands.
    signed = sorted((*changes, *(exchange.number for exchange in exchanges if exchange.operation in READS and exchange.status == 200)))
    for series in series_of(exchanges):
        reasons = signed if series[0].path.startswith(SIGNED_PREFIXES) else changes
        for index, exchange in enumerate(series):
            # A reading of what is not there has a rule of its own; one beyond the end of a file is how its end is found, part by part.
            if not is_final(exchange) or (exchange.method == "GET" and (exchange.status == 404 or _finds_an_end(series, index))):
                continue
            later = series[index + 1] if index + 1 < len(series) else None
            if later is not None and _is_about_credit(exchange, later, balances):
                continue
            has_changed = later is not None and bisect_right(reasons, exchange.number) < bisect_right(reasons, later.number - 1)
            ids = (exchange.id,) if later is None else (exchange.id, later.id)
            is_repeated = later is not None and not has_changed
            told = "was sent again unchanged" if is_repeated else "was not repeated"
            yield Observation(
                not is_repeated, ids, f"{exchange.method} {exchange.path[:120]} was refused with {exchange.status} and {told}"
            )


def _finds_an_end(series: Sequence[Exchange], index: int) -> bool:
    """Whether a 416 is the end of a file that is read by parts, which nobody asks for three times in a row."""
    return series[index].status == 416 and [each.status for each in series[max(index - 1, 0) : index + 2]] != [416] * 3


def keeps_idempotency_key(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields whether a creation whose fate is unknown is tried again so that nothing is made twice: under the same Idempotency-Key, or
    after it was looked for and not found; and which keys cannot be keys, or are those of other creations.
    """
    yield from _wrong_keys(exchanges)
    for series in series_of(exchanges):
        fate_unknown: Exchange | None = None
        for earlier, later in zip(series, (*series[1:], None), strict=True):
            # That a key is busy, or the next try comes too early, says nothing of what became of the one before.
            fate_unknown = earlier if is_open(earlier) else fate_unknown if is_transient(earlier) else None
            if fate_unknown is None or fate_unknown.operation not in CREATES:
                continue
            lookup = _lookup(fate_unknown, later, exchanges)
            if later is not None:
                yield _tried_again(fate_unknown, later, lookup)
            elif lookup is not None:
                head = f"{fate_unknown.method} {fate_unknown.path[:120]} may have been carried out"
                yield Observation(OBEYED, (fate_unknown.id, lookup.id), f"{head}, and was looked for before anything else was done")


def stops_on_402(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields whether a client goes on creating after it was told that there is no credit; looking at the balance makes it a new attempt."""
    refused: Exchange | None = None
    for exchange in exchanges:
        if exchange.operation in BALANCES:
            if refused is not None:
                yield Observation(OBEYED, (refused.id, exchange.id), "after a 402 the balance was read")
            refused = None
        elif exchange.operation in CREATES:
            # What was on its way already, or about to leave from another worker, came before the client knew.
            seconds = None if refused is None or exchange.status != 402 else interval(refused, exchange)
            if refused is not None and seconds is not None and seconds >= INTERVAL_SECONDS_MIN:
                yield Observation(not OBEYED, (refused.id, exchange.id), "another creation after a 402, and without credit again")
            refused = (refused or exchange) if exchange.status == 402 else None
    if refused is not None:
        yield Observation(OBEYED, (refused.id,), "no creation after the 402")


def stops_on_402_at_once(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields where a process that does one piece of work goes on creating at once after it was told that there is no credit."""
    creations = [exchange for exchange in exchanges if exchange.operation in CREATES or exchange.operation in BALANCES]
    for refused, exchange in pairwise(creations):
        seconds = interval(refused, exchange) if refused.status == exchange.status == 402 else None
        if seconds is not None and seconds < INTERVAL_SECONDS_MIN:
            yield Observation(not OBEYED, (refused.id, exchange.id), "another creation after a 402, and without credit again")


def gives_up(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields whether a series that keeps failing comes to an end."""
    for series in series_of(exchanges):
        tries = sum(map(is_transient, series))
        if tries > 1:
            ids = tuple(exchange.id for exchange in series)
            yield Observation(tries <= ATTEMPTS_MAX, ids[: ATTEMPTS_MAX + 1], f"{tries} tries failed, of at most {ATTEMPTS_MAX}")


def _wrong_keys(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields the Idempotency-Keys that cannot be keys, and those that another creation had before."""
    made: dict[tuple[str, str], Exchange] = {}
    for exchange in exchanges:
        key = exchange.request_header("idempotency-key") if exchange.operation in CREATES else None
        if key is None:
            continue
        earlier = made.get((exchange.path, key))
        if earlier is None and exchange.status < 300 and not exchange.is_lost:
            made[exchange.path, key] = exchange
        elif earlier is not None and exchange.status == KEY_REUSED and not _say_the_same(earlier, exchange):
            told = f"{exchange.method} {exchange.path[:120]} has the key of another creation, and was refused with a {KEY_REUSED}"
            yield Observation(not OBEYED, (earlier.id, exchange.id), told)
        if key in NO_KEYS:
            told = f"{exchange.method} {exchange.path[:120]} has the key {NO_KEYS[key]!r}, which is written where a value is missing"
            yield Observation(not OBEYED, (exchange.id,), told)


def _is_about_credit(refused: Exchange, later: Exchange, balances: Sequence[int]) -> bool:
    """Whether a creation that is sent again after a 402 is judged by the rule about credit: into the next 402, or once the balance was
    looked at, which says whether there is a point in it.
    """
    if refused.status != 402 or refused.operation not in CREATES:
        return False
    return later.status == 402 or bisect_right(balances, refused.number) < bisect_right(balances, later.number)


def _tried_again(earlier: Exchange, later: Exchange, lookup: Exchange | None) -> Observation:
    """Says whether a creation that may have been carried out could be made again without making it twice."""
    first, second = earlier.request_header("idempotency-key"), later.request_header("idempotency-key")
    ids = (earlier.id, later.id) if lookup is None else (earlier.id, lookup.id, later.id)
    head = f"{earlier.method} {earlier.path[:120]} may have been carried out, and was tried again"
    if first is not None and first == second:
        if not _say_the_same(earlier, later):
            return Observation(
                not OBEYED, ids, f"{head} under the same key with another body, which is refused once the first was carried out"
            )
        return Observation(OBEYED, ids, f"{head} under the same key")
    if lookup is not None:
        text = lookup.response_body.decode("utf-8", "replace")
        is_found = any(mark in text for mark in _marks(earlier))
        return Observation(not is_found, ids, f"{head} although a look for it had found it" if is_found else f"{head} after a look for it")
    told = "without an Idempotency-Key, and without a look for its client_ref" if first is None else "under another key"
    return Observation(not OBEYED, ids, f"{head} {told}")


def _say_the_same(earlier: Exchange, later: Exchange) -> bool:
    """Whether two bodies mean the same, in other words perhaps."""
    return earlier.request_body == later.request_body or try_document(earlier.request_body) == try_document(later.request_body)


def _lookup(creation: Exchange, later: Exchange | None, exchanges: Sequence[Exchange]) -> Exchange | None:
    """Returns the last list between a creation and the next try that would have shown it: all of them do, but for those that filter."""
    if not (marks := _marks(creation)):
        return None
    found = None
    for exchange in exchanges:
        if exchange.number <= creation.number or (later is not None and exchange.number >= later.number):
            continue
        is_list = exchange.operation in LOOKUPS and exchange.method == "GET" and exchange.status == 200 and not exchange.is_lost
        if is_list and _would_show(exchange, creation, marks):
            found = exchange
    return found


def _would_show(looked: Exchange, creation: Exchange, marks: frozenset[str]) -> bool:
    """Whether the first page of a list would hold what was created: unfiltered, or by a mark of it, or by when it was created."""
    parameters = dict(parse_qsl(looked.query))
    expression = parameters.get("q")
    if "pq" in parameters:
        return False
    if expression is None or any(mark in expression for mark in marks):
        return True
    try:
        return parse_filter(expression, _BY_TIME)(creation)
    except QueryError:
        return False


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)


# All that is known of what may have been created, but for its marks.
_BY_TIME: Mapping[str, Field[Exchange]] = {"created_at": Field(attrgetter("at"), datetime, _instant)}


def _marks(creation: Exchange) -> frozenset[str]:
    """The texts by which the client can find what it has created: each client_ref, and what its metadata holds; nothing recurses."""
    marks = set[str]()
    waiting = [(try_document(creation.request_body), False)]
    while waiting:
        part, is_mark = waiting.pop()
        if isinstance(part, dict):
            waiting.extend((inner, is_mark or name in ("client_ref", "metadata")) for name, inner in part.items())
        elif isinstance(part, list):
            waiting.extend((inner, is_mark) for inner in part)
        elif is_mark and isinstance(part, str) and len(part) >= MARK_CHARACTERS_MIN:
            marks.add(part)
    return frozenset(marks)


def _labelled(exchange: Exchange) -> str | None:
    """What a creation that carries a client_ref is for, whatever its metadata says."""
    if exchange.operation not in CREATES or b'"client_ref"' not in exchange.request_body:
        return None
    body = try_document(exchange.request_body)
    return repr({**body, "metadata": None}) if isinstance(body, dict) else None


def _retries(exchanges: Sequence[Exchange]) -> Iterator[tuple[Exchange, Exchange]]:
    """Yields each transient failure with the request that tries the same again."""
    for series in series_of(exchanges):
        yield from (pair for pair in pairwise(series) if is_transient(pair[0]))


def _retry_after(exchange: Exchange) -> float | None:
    text = exchange.response_header("retry-after")
    if text is None:
        return None
    seconds = whole_number(text.strip())
    if seconds is not None:
        return seconds
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    left = (date if date.tzinfo is not None else date.replace(tzinfo=UTC)).timestamp() - exchange.wall
    return max(left - DATE_SECONDS, 0.0)

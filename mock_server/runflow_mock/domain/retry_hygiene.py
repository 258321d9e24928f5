"""Retry hygiene: what a client does after a request has failed.

Theory. Requests that are the same call form a *series* for as long as it fails: same method and target, and the same body or the same
Idempotency-Key. The first answer that is no failure closes it. A failure is *transient* when the client may try again (408, 409, 425,
429, a 5xx, no answer at all) and *final* when trying again cannot help; it is *open* when the request may have been carried out all the
same.

Source: `limits.backoff`, `limits.retry-after`, `limits.retry-classes`, `idempotency.replay`, `credits.admission`.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from itertools import pairwise

from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.verdicts import INTERVAL_SECONDS_MIN, Observation, interval

TRANSIENT = frozenset((408, 409, 425, 429))
CREATES = frozenset(("create_run", "create_comfyui_run", "create_model_batch", "create_batch", "create_evaluation"))
BALANCES = frozenset(("get_balance", "list_credit_balances"))
# Of what Retry-After asks a client may fall short by this much: clocks differ, and a date has whole seconds only.
TOLERANCE = 0.05
DATE_SECONDS = 1.0
GROWTH_MIN = 1.2
# Five attempts are documented; what is asked for is an end.
ATTEMPTS_MAX = 8
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
        names = _names(exchange)
        series = next((open_series[name] for name in names if name in open_series), None)
        if series is None:
            found.append(series := [])
        series.append(exchange)
        for name in names:
            if is_transient(exchange) or is_final(exchange):
                open_series[name] = series
            else:
                open_series.pop(name, None)
    return [tuple(series) for series in found if len(series) > 1 or is_transient(series[0]) or is_final(series[0])]


def obeys_retry_after(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields whether the next request of a series came when the answer before it allowed it."""
    for earlier, later in _retries(exchanges):
        asked = _retry_after(earlier)
        if asked is None:
            continue
        waited, ids = interval(earlier, later), (earlier.id, later.id)
        if waited < INTERVAL_SECONDS_MIN < asked:
            yield _too_short(ids, waited)
        else:
            message = f"asked to wait {asked:.2f} s after a {earlier.status}, waited {max(waited, 0):.2f} s"
            yield Observation(waited >= asked * (1 - TOLERANCE), ids, message, round(waited, 3))


def backs_off(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields whether the pauses of a series grow, where no answer says how long to wait."""
    for series in series_of(exchanges):
        failed = [earlier for earlier in series if is_transient(earlier) and _retry_after(earlier) is None]
        gaps = [interval(earlier, later) for earlier, later in pairwise(series) if earlier in failed]
        ids = tuple(exchange.id for exchange in series)
        if len(gaps) < 2:
            continue
        if min(gaps) < INTERVAL_SECONDS_MIN:
            yield _too_short(ids, min(gaps))
        else:
            shown = ", ".join(f"{gap:.2f}" for gap in gaps[:10])
            yield Observation(gaps[-1] > gaps[0] * GROWTH_MIN, ids, f"pauses of {shown} s between tries", round(gaps[-1], 3))


def leaves_refusals_alone(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields whether a call that was refused for good is made again although nothing has changed since."""
    changes = [exchange.number for exchange in exchanges if exchange.method not in ("GET", "HEAD") and exchange.status < 400]
    for series in series_of(exchanges):
        for index, exchange in enumerate(series):
            if not is_final(exchange) or (exchange.method == "GET" and exchange.status == 404):
                continue
            later = series[index + 1] if index + 1 < len(series) else None
            has_changed = later is not None and bisect_right(changes, exchange.number) < bisect_right(changes, later.number - 1)
            ids = (exchange.id,) if later is None else (exchange.id, later.id)
            is_repeated = later is not None and not has_changed
            told = "was sent again unchanged" if is_repeated else "was not repeated"
            yield Observation(
                not is_repeated, ids, f"{exchange.method} {exchange.path[:120]} was refused with {exchange.status} and {told}"
            )


def keeps_idempotency_key(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields whether a creation whose fate is unknown is tried again under the same Idempotency-Key, so that nothing is made twice."""
    for earlier, later in _retries(exchanges):
        if earlier.operation not in CREATES or not is_open(earlier):
            continue
        first, second = earlier.request_header("idempotency-key"), later.request_header("idempotency-key")
        told = "without an Idempotency-Key" if first is None else "under the same key" if first == second else "under another key"
        message = f"{earlier.method} {earlier.path[:120]} may have been carried out, and was tried again {told}"
        yield Observation(first is not None and first == second, (earlier.id, later.id), message)


def stops_on_402(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields whether a client goes on creating after it was told that there is no credit; looking at the balance makes it a new attempt."""
    refused: Exchange | None = None
    for exchange in exchanges:
        if exchange.operation in BALANCES:
            if refused is not None:
                yield Observation(OBEYED, (refused.id, exchange.id), "after a 402 the balance was read")
            refused = None
        elif exchange.operation in CREATES:
            if refused is not None and exchange.status == 402:
                yield Observation(not OBEYED, (refused.id, exchange.id), "another creation after a 402, and without credit again")
            refused = exchange if exchange.status == 402 else None
    if refused is not None:
        yield Observation(OBEYED, (refused.id,), "no creation after the 402")


def gives_up(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields whether a series that keeps failing comes to an end."""
    for series in series_of(exchanges):
        tries = sum(map(is_transient, series))
        if tries > 1:
            ids = tuple(exchange.id for exchange in series)
            yield Observation(tries <= ATTEMPTS_MAX, ids[: ATTEMPTS_MAX + 1], f"{tries} tries failed, of at most {ATTEMPTS_MAX}")


def _names(exchange: Exchange) -> tuple[tuple[object, ...], ...]:
    """The names of the call that a request makes: by its body, and by its key if it has one."""
    by_body = (exchange.method, exchange.target, exchange.request_body)
    key = exchange.request_header("idempotency-key")
    return (by_body,) if key is None else ((exchange.method, exchange.path, key, "key"), by_body)


def _retries(exchanges: Sequence[Exchange]) -> Iterator[tuple[Exchange, Exchange]]:
    """Yields each transient failure with the request that tries the same again."""
    for series in series_of(exchanges):
        yield from (pair for pair in pairwise(series) if is_transient(pair[0]))


def _retry_after(exchange: Exchange) -> float | None:
    text = exchange.response_header("retry-after")
    if text is None:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    seconds = (date if date.tzinfo is not None else date.replace(tzinfo=UTC)).timestamp() - exchange.wall
    return max(seconds - DATE_SECONDS, 0.0)


def _too_short(ids: tuple[str, ...], seconds: float) -> Observation:
    least = round(INTERVAL_SECONDS_MIN * 1000)
    return Observation(
        None, ids, f"an interval under {least} ms says nothing: the client's waiting is replaced, or it does not wait", seconds
    )

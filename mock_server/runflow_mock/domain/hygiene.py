"""Hygiene: all rules for the behaviour of clients, in one literal table from which reports and documentation follow."""

from collections.abc import Sequence

from runflow_mock.domain import poll_hygiene, retry_hygiene
from runflow_mock.domain.credential_hygiene import keeps_key_from_addresses, keeps_key_from_files, uses_addresses_in_time
from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.verdicts import Rule, Verdict, Weight, judge_rule

RULES: tuple[Rule, ...] = (
    Rule(
        id="retry-after",
        family="retry",
        weight=Weight.ERROR,
        asks="After an answer with Retry-After the same call is not tried again before that time.",
        source="limits.retry-after",
        pace_check=retry_hygiene.obeys_retry_after,
    ),
    Rule(
        id="retry-backoff",
        family="retry",
        weight=Weight.WARNING,
        asks="Where no answer says how long to wait, there are pauses between tries, and they grow.",
        source="limits.backoff",
        pace_check=retry_hygiene.backs_off,
        needs_quiet=True,
    ),
    Rule(
        id="retry-refused",
        family="retry",
        weight=Weight.ERROR,
        asks="A call that was refused with a 4xx other than 408, 409, 425 and 429 is not sent again unchanged.",
        source="limits.retry-classes",
        check=retry_hygiene.leaves_refusals_alone,
    ),
    Rule(
        id="retry-idempotency-key",
        family="retry",
        weight=Weight.WARNING,
        asks="A creation that may have been carried out is tried again under the same Idempotency-Key, or after a look for its client_ref; "
        "and no key is the text of a missing value, or that of another creation.",
        source="idempotency.replay",
        check=retry_hygiene.keeps_idempotency_key,
    ),
    Rule(
        id="retry-stops-on-402",
        family="retry",
        weight=Weight.ERROR,
        asks="After a 402 no creation runs into the next 402: the balance is looked at first, or nothing more is created.",
        source="credits.admission",
        check=retry_hygiene.stops_on_402,
        work_check=retry_hygiene.stops_on_402_at_once,
    ),
    Rule(
        id="retry-gives-up",
        family="retry",
        weight=Weight.ERROR,
        asks=f"A call that keeps failing is given up after at most {retry_hygiene.ATTEMPTS_MAX} tries.",
        source="limits.backoff",
        check=retry_hygiene.gives_up,
    ),
    Rule(
        id="poll-interval",
        family="poll",
        weight=Weight.WARNING,
        asks=f"Between two readings of what has not ended, a record or a list, there is at least {poll_hygiene.POLL_SECONDS_MIN} s.",
        source="runs.poll-intervals",
        pace_check=poll_hygiene.leaves_time,
        work_check=poll_hygiene.leaves_time_in_turns,
    ),
    Rule(
        id="poll-stops",
        family="poll",
        weight=Weight.WARNING,
        asks="A record that was seen in a terminal state is no longer polled.",
        source="runs.terminal-absorbs",
        check=poll_hygiene.stops_at_the_end,
        work_check=poll_hygiene.stops_at_the_end_of_lists,
    ),
    Rule(
        id="poll-absent",
        family="poll",
        weight=Weight.WARNING,
        asks="What was a 404 is not asked for again.",
        source="errors.absent-and-foreign",
        check=poll_hygiene.leaves_absent_records_alone,
    ),
    Rule(
        id="key-not-to-files",
        family="credential",
        weight=Weight.ERROR,
        asks="The API key is not sent to the addresses of outputs, files and uploads.",
        source="outputs.no-credential",
        check=keeps_key_from_files,
    ),
    Rule(
        id="key-not-in-address",
        family="credential",
        weight=Weight.ERROR,
        asks="The API key stands in the Authorization header; it and callback secrets never in a path, a query, a body or another header.",
        source="auth.bearer",
        check=keeps_key_from_addresses,
    ),
    Rule(
        id="address-in-time",
        family="credential",
        weight=Weight.ERROR,
        asks="A signed address is used before it expires; afterwards the record is read again for a fresh one.",
        source="outputs.lifetime",
        check=uses_addresses_in_time,
    ),
)


def judge_sequence(exchanges: Sequence[Exchange], *, is_paced: bool, real_waits: bool = False) -> tuple[Verdict, ...]:
    """Returns the verdict of every rule over exchanges in their order.

    Args:
        exchanges: what the client sent and was answered.
        is_paced: whether time passes there as it does for the client.
        real_waits: whether the client is known to be a process with a real clock, so that even no pause at all is its own.
    """
    return tuple(judge_rule(rule, exchanges, is_paced=is_paced, real_waits=real_waits) for rule in RULES)

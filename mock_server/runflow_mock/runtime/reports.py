"""Reports: puts together what is to be said about the client of a tenant, from its journal, its fault rules and its callbacks."""

from asyncio import sleep
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from math import ceil
from typing import TypeVar

from msgspec.structs import replace

from runflow_mock.domain.deliveries import Delivery, DeliveryStatus
from runflow_mock.domain.documents import try_object
from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.fault_kinds import KIND_OF, Family
from runflow_mock.domain.faults import FaultRule
from runflow_mock.domain.findings import Finding, Findings
from runflow_mock.domain.misses import SUBJECTS_MAX, Candidate, NearestMiss, candidates, nearest
from runflow_mock.domain.places import POLL_EDGE, RUN_EDGES, Subject, Where
from runflow_mock.domain.poll_hygiene import standing_polls
from runflow_mock.domain.readings import READS
from runflow_mock.domain.reports import Report, Sample, Undelivered, Unfired, Unmatched
from runflow_mock.domain.scrubbing import MARGIN
from runflow_mock.domain.subjects import run_subject
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.engine.journal import size_of
from runflow_mock.engine.store import Store
from runflow_mock.engine.subjects import callback_subject, told_by
from runflow_mock.runtime.judging import STEP_BYTES
from runflow_mock.runtime.runtime import YIELD_EVERY_TIMERS, Runtime
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.wire.journal_subjects import Complete, subjects_of

SAMPLES_MAX = 100
LISTED_MAX = 500
PATH_CHARACTERS_MAX = 1_000
ANSWER_CHARACTERS_MAX = 300
UNAUTHORIZED = 401
# After so many moments that were read, or compared with a rule, others have their turn, or sooner where documents are long.
MOMENTS_AT_ONCE = 20
MOMENT_BYTES = ceil(STEP_BYTES / MOMENTS_AT_ONCE)

COMPARED_MAX = 20_000
"""How often rules are compared with moments for one report: ten rules with all moments that there may be, more with the latest.

What rules of a family with few moments leave of it is there for the others.
"""

_MOVE = (
    'advance it (in a test runflow.clock.advance("1m"), over HTTP POST /_mock/clock/advance), or leave out clock="manual": '
    "the fixtures have the clock auto, which moves on with each poll"
)
_LEADS_NOWHERE = frozenset(("route", "method"))

Named = tuple[str, Subject]
IdT = TypeVar("IdT", bound=str)
RecordT = TypeVar("RecordT")


def report_on(runtime: Runtime, tenant: Tenant, unfired: Iterable[Unfired]) -> Report:
    """Returns the report on a tenant as far as it was judged.

    Of the rules that were found `unfired`, those are told that still are: see `unfired_rules`.
    """
    runtime.settle(tenant, YIELD_EVERY_TIMERS)
    judging = runtime.judgings.of(tenant)
    judged, counts, unjudged, waiting, verdicts = judging.so_far()
    store = tenant.world.store
    unmatched = (
        Unmatched(exchange=exchange.id, method=exchange.method, path=_short(runtime, exchange.path), nearest=findings.nearest)
        for exchange, findings in judged
        if leads_nowhere(findings)
    )
    still_unfired = {rule.id for rule in store.rules.values() if not rule.fired}
    return Report(
        tenant=tenant.settings.name,
        judged_by=judging.judge.contract.source,
        declared=tuple(declared.id for declared in judging.judge.contract.operations),
        exchanges=tenant.journal.total,
        dropped=tenant.journal.dropped,
        unjudged=unjudged,
        waiting=waiting,
        operations=counts,
        verdicts=verdicts,
        violations=_samples((exchange, findings, findings.violations) for exchange, findings in judged),
        ours=_samples((exchange, findings, findings.ours) for exchange, findings in judged),
        unfired=tuple(each for each in unfired if each.id in still_unfired),
        undelivered=tuple(islice(_undelivered(store), LISTED_MAX)),
        pending_callbacks=store.deliveries_open,
        unmatched=tuple(islice(unmatched, LISTED_MAX)),
        background_errors=tuple(_background_errors(runtime, tenant)),
        hints=(*_turned_away(runtime, tenant), *_standing(runtime, tenant, [exchange for exchange, _ in judged])),
    )


def has_complaints(runtime: Runtime, tenant: Tenant) -> bool:
    """Tells whether a report on a tenant would have anything that a test has to answer for, for much less than the report."""
    runtime.settle(tenant, YIELD_EVERY_TIMERS)
    store = tenant.world.store
    return (
        # What leads nowhere is among the violations.
        not runtime.judgings.of(tenant).acquits()
        or any(not rule.fired for rule in store.rules.values())
        or DeliveryStatus.FAILED in store.deliveries_by_status
        or any(_background_errors(runtime, tenant))
    )


def _undelivered(store: Store) -> Iterator[Undelivered]:
    if DeliveryStatus.FAILED not in store.deliveries_by_status:
        return
    for delivery in store.deliveries.values():
        if delivery.status is DeliveryStatus.FAILED:
            yield Undelivered(
                id=delivery.id,
                about=delivery.parent_id,
                url=delivery.url,
                attempts=len(delivery.attempts),
                reason=_reason(delivery),
            )


def _reason(delivery: Delivery) -> str | None:
    """Returns why a delivery was given up, and what the receiver said the last time: frameworks say there what they did not like."""
    why = delivery.failure_detail or delivery.failure_reason
    latest = delivery.attempts[-1].result if delivery.attempts else None
    said = "" if latest is None or latest.response_body is None else latest.response_body[:ANSWER_CHARACTERS_MAX]
    return f"{why}: {said!r}" if why and said else why


def _short(runtime: Runtime, path: str) -> str:
    """Returns a path as it is told; hundreds may be as long as a head, and one that was cut within a secret would show a part of it."""
    if len(path) <= PATH_CHARACTERS_MAX:
        return path
    return f"{runtime.scrubber.scrub_text(path[: PATH_CHARACTERS_MAX + MARGIN])[:PATH_CHARACTERS_MAX]}…"


def leads_nowhere(findings: Findings) -> bool:
    """Tells whether an exchange led to no operation."""
    return any(finding.rule in _LEADS_NOWHERE for finding in findings.violations)


def _samples(found: Iterator[tuple[Exchange, Findings, tuple[Finding, ...]]]) -> tuple[Sample, ...]:
    samples = (
        Sample(exchange=exchange.id, operation=findings.operation, finding=finding)
        for exchange, findings, some in found
        for finding in some
    )
    return tuple(islice(samples, SAMPLES_MAX))


async def unfired_rules(runtime: Runtime, tenant: Tenant, complete: Complete) -> list[Unfired]:
    """Returns the rules of a tenant that never fired, each with what came nearest to it where its place was not met either.

    `complete` adds to requests what the world knows. Each rule is compared with each moment: others have their turn in between.
    """
    unfired = (rule for rule in tenant.world.store.rules.values() if not rule.fired)
    return await unfired_among(runtime, tenant, tuple(islice(unfired, LISTED_MAX)), complete)


async def unfired_among(runtime: Runtime, tenant: Tenant, rules: Sequence[FaultRule], complete: Complete) -> list[Unfired]:
    """Returns rules with what came nearest to each where its place was not met; of very many, among the latest moments alone."""
    families = Counter(KIND_OF[type(rule.what)].family for rule in rules if not rule.matched)
    # Looked through for secrets first: all of a journal at once takes a second.
    exchanges = await runtime.judgings.read(tenant) if Family.EXCHANGE in families else ()
    moments = {family: await _moments(tenant, family, exchanges, complete) for family in families}
    _shorten(moments, families)
    found = list[Unfired]()
    for rule in rules:
        kind = KIND_OF[type(rule.what)]
        came_nearest = None if rule.matched else await _nearest(rule.where, moments[kind.family])
        found.append(Unfired(id=rule.id, label=rule.label, kind=kind.name, matched=rule.matched, nearest=came_nearest))
    return found


def _shorten(moments: dict[Family, list[Named]], families: Counter[Family]) -> None:
    """Leaves of the moments of each family as many of the latest as its rules may be compared with."""
    compared, rules = COMPARED_MAX, families.total()
    for family in sorted(moments, key=lambda family: len(moments[family])):
        del moments[family][: -max(compared // rules, 1)]
        compared -= len(moments[family]) * families[family]
        rules -= families[family]


async def _nearest(where: Where, moments: list[Named]) -> NearestMiss | None:
    compared, taken = list[Candidate](), 0
    for named in moments:
        if taken >= STEP_BYTES:
            await sleep(0)
            taken = 0
        compared += candidates(where, (named,))
        taken += MOMENT_BYTES + sum(len(getattr(named[1], name) or b"") for name in where.wanted)
    return nearest(compared)


async def _moments(tenant: Tenant, family: Family, exchanges: Sequence[Exchange], complete: Complete) -> list[Named]:
    """Returns the latest moments at which a rule of a family could have stood."""
    store = tenant.world.store
    if family is Family.EXCHANGE:
        read_at, found, taken = _readings(tenant, exchanges), list[list[Named]](), 0
        for exchange in reversed(exchanges):
            if taken >= STEP_BYTES:
                await sleep(0)
                taken = 0
            edges = read_at.get(exchange.id)
            subjects = subjects_of(exchange, complete)
            found.append([(exchange.id, subject if edges is None else replace(subject, edges=edges)) for subject in subjects])
            taken += size_of(exchange) + MOMENT_BYTES * max(len(subjects), 1)
        return [named for some in reversed(found) for named in some][-SUBJECTS_MAX:]
    if family is Family.RUN:
        return [(run.id, run_subject(run, RUN_EDGES[:-1])) for run in _latest(store.runs)]
    return [(delivery.id, callback_subject(store, told_by(store, delivery))) for delivery in _latest(store.deliveries)]


def _readings(tenant: Tenant, exchanges: Sequence[Exchange]) -> dict[str, tuple[str, ...]]:
    """Returns which reading of its record an exchange was, as the edge at which rules stand, where readings were counted."""
    left, found = tenant.readings.saved().counts, dict[str, tuple[str, ...]]()
    for exchange in reversed(exchanges):
        record_id = exchange.path.rpartition("/")[2].lower()
        number = left.get(record_id, 0) if exchange.operation in READS else 0
        if number:
            left[record_id] = number - 1
            found[exchange.id] = (POLL_EDGE.replace("[n]", f"[{number}]"),)
    return found


def _latest(records: dict[IdT, RecordT]) -> list[RecordT]:
    return list(islice(reversed(records.values()), SUBJECTS_MAX))[::-1]


def _background_errors(runtime: Runtime, tenant: Tenant) -> Iterator[str]:
    return (error for error in runtime.background_errors if error.startswith(f"tenant {tenant.settings.name}: "))


def _turned_away(runtime: Runtime, tenant: Tenant) -> Iterator[str]:
    """Yields that a client has come with no key of anybody's, where none has come with one of this tenant's: it may be the same."""
    if tenant.journal.total or tenant.made_at is None:
        return
    # As they came: of what others wrote nothing is told, and to look through all of it for secrets takes half a second.
    lobby = runtime.lobby.as_they_came(len(runtime.lobby))
    refused = [exchange for exchange in lobby if exchange.status == UNAUTHORIZED and exchange.wall >= tenant.made_at]
    if refused:
        # Not its path: on a server that others use too it may be theirs.
        latest = refused[-1]
        # Where keys have names, a refusal may tell one.
        said = "" if runtime.config.keys else f": {try_object(latest.response_body).get('message')}"
        yield (
            f"no request has come with a key of this tenant, but {len(refused)} without a key that this server knows, "
            f"the latest to {latest.operation or 'no operation'}{said}"
        )


def _standing(runtime: Runtime, tenant: Tenant, exchanges: Sequence[Exchange]) -> Iterator[str]:
    if tenant.settings.clock is ClockMode.MANUAL:
        for path, times in islice(standing_polls(exchanges), LISTED_MAX):
            yield f"{_short(runtime, path)} was read {times} times while the clock stood: {_MOVE}"

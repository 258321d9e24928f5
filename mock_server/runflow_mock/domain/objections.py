"""Objections: what speaks against making a world of a snapshot that somebody may have written or changed by hand.

Theory. The digest of a snapshot shows that it is whole, not that a world has ever stood so. A world is made only of records that the
state machines could have led to: each has what its status says, no more and no less; each reference leads to a record; what two records
say of one thing agrees; and every number and instant can be recorded. What remains, that the figures add up, is for `engine.invariants`
once the world is made. The rules are read from the records, and say which of them is wrong.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from itertools import chain
from typing import cast, get_type_hints

import msgspec

from runflow_mock.domain.batches import Batch
from runflow_mock.domain.deliveries import Delivery, DeliveryStatus
from runflow_mock.domain.documents import Document, read_document
from runflow_mock.domain.evaluations import Evaluation, EvaluationStatus
from runflow_mock.domain.identity import IDENTIFIERS, SEQUENCE_SPAN, is_uuid, sequence_of
from runflow_mock.domain.instants import DURATION_MAX, EARLIEST, LATEST, is_reachable
from runflow_mock.domain.records import ASSETS, COLLECTIONS, REMEMBERED
from runflow_mock.domain.runs import Run, RunStatus
from runflow_mock.domain.snapshots import Snapshot

NUMBER_MAX = 2**63 - 1
SEQUENCE_MAX = 2**48 - 1

# Timers may be due later than any clock reaches: they never fire.
_FURTHEST = LATEST.replace(year=9900)
_SUCCESSES = (RunStatus.SUCCEEDED, RunStatus.PARTIAL_SUCCEEDED)
_BEGUN = (RunStatus.DISPATCHING, RunStatus.RUNNING)


def objections(snapshot: Snapshot) -> list[str]:
    """Returns what speaks against making a world of it, in sentences; nothing is what a snapshot deserves that this program wrote."""
    # Later rules read what earlier ones have made sure of.
    for find in _RULES:
        found = list(find(snapshot))
        if found:
            return found
    return []


def _unrecordable(snapshot: Snapshot) -> Iterator[str]:
    if not (is_reachable(snapshot.started_at) and is_reachable(snapshot.now) and snapshot.started_at <= snapshot.now):
        yield f"the world stands at {snapshot.now} and began at {snapshot.started_at}"
    for name in ("sequence", "commits"):
        if not 0 <= getattr(snapshot, name) <= SEQUENCE_MAX:
            yield f"{name} {getattr(snapshot, name)} is no count"
    yield from _leaves(snapshot, "")


def _leaves(value: object, place: str) -> Iterator[str]:
    """Returns what cannot be kept among all values inside a record, at any depth."""
    if isinstance(value, msgspec.Struct):
        documents, identifiers = _fields_of(type(value), (Document,)), _fields_of(type(value), IDENTIFIERS)
        for name in value.__struct_fields__:
            part, at = getattr(value, name), f"{place}.{name}" if place else name
            if name in identifiers and isinstance(part, str) and not is_uuid(part):
                yield f"{at} {part[:80]!r} is no UUID"
            yield from _document(cast(Document, part), at) if name in documents and part is not None else _leaves(part, at)
    elif isinstance(value, tuple):
        for number, part in enumerate(value):
            yield from _leaves(part, f"{place}[{number}]")
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves(part, f"{place}.{name}")
    elif (fits := _FITS.get(type(value))) is not None and not fits(value):
        yield f"{place} {str(value)[:80]} is beyond what a world can hold"


def _document(value: Document, place: str) -> Iterator[str]:
    try:
        read_document(value)
    except (ValueError, RecursionError) as error:
        yield f"{place} is no JSON: {error}"


@cache
def _fields_of(kind: type, wanted: tuple[object, ...]) -> frozenset[str]:
    """Returns the fields of a record that are of a type, or may be."""
    hints = get_type_hints(kind)
    return frozenset(name for name, hint in hints.items() if any(part in wanted for part in (hint, *getattr(hint, "__args__", ()))))


def _is_number(number: object) -> bool:
    return abs(cast(float, number)) <= NUMBER_MAX


def _is_instant(instant: object) -> bool:
    return cast(datetime, instant).tzinfo is not None and EARLIEST <= cast(datetime, instant) <= _FURTHEST


def _is_duration(duration: object) -> bool:
    return timedelta() <= cast(timedelta, duration) <= DURATION_MAX


_FITS: Mapping[type, Callable[[object], bool]] = {int: _is_number, float: _is_number, datetime: _is_instant, timedelta: _is_duration}


def _repeated(snapshot: Snapshot) -> Iterator[str]:
    for each in (each for each in COLLECTIONS if each is not REMEMBERED):
        counts = Counter(record.id for record in getattr(snapshot, each.name))
        yield from (f"{each.name}: {found} is there {count} times" for found, count in counts.items() if count > 1)
    paths = Counter(workflow.path for workflow in snapshot.workflows if workflow.deleted_at is None)
    yield from (f"workflows: {path} leads to {count} of them" for path, count in paths.items() if count > 1)


def _future(snapshot: Snapshot) -> Iterator[str]:
    for name in (each.name for each in COLLECTIONS if each.is_dated):
        yield from (f"{name}: {each.id} comes from the future" for each in getattr(snapshot, name) if each.created_at > snapshot.now)


def _odd_runs(snapshot: Snapshot) -> Iterator[str]:
    for run in snapshot.runs:
        wrong = next((name for name, holds in _RUN_RULES.items() if not holds(run)), None)
        if wrong is not None:
            yield f"run {run.id} is {run.status.value}: {wrong}"
        if not isinstance(read_document(run.input), dict) or (
            run.metadata is not None and not isinstance(read_document(run.metadata), dict)
        ):
            yield f"run {run.id}: its input or metadata is no JSON object"


_RUN_RULES: Mapping[str, Callable[[Run], bool]] = {
    "it has ended if and only if completed_at says so": lambda run: run.is_terminal == (run.status not in (RunStatus.QUEUED, *_BEGUN)),
    "its cost is known if and only if it has ended": lambda run: (run.cost is not None) == run.is_terminal,
    "nothing is owed to a run": lambda run: run.held >= 0 and (run.cost or 0) >= 0,
    "it has an output if and only if it succeeded": lambda run: (run.output is not None) == (run.status in _SUCCESSES),
    "it has a failure if and only if it failed": lambda run: (run.failure is not None) == (run.status is RunStatus.FAILED),
    "it was dispatched before it ran": lambda run: run.dispatched_at is not None or run.status not in (*_BEGUN, *_SUCCESSES),
    "it began before it ended well": lambda run: run.started_at is not None or run.status not in (RunStatus.RUNNING, *_SUCCESSES),
    "it is due if and only if it goes on": lambda run: (
        (run.due_at is None) == (run.is_terminal or run.polls_awaited is not None) or run.is_in_line
    ),
    "it waits for polls that are still to come": lambda run: (
        run.polls >= 0 and (run.polls_awaited is None or (run.polls < run.polls_awaited and not run.is_terminal))
    ),
    "it is a member if and only if it has a place": lambda run: (run.batch_id is None) == (run.sequence_index is None),
    "members end well or not at all": lambda run: run.batch_id is None or run.status is not RunStatus.PARTIAL_SUCCEEDED,
    "members are not told about one by one": lambda run: run.batch_id is None or run.callback_url is None,
    "a model or a workflow made it": lambda run: (run.model_id is None) == (run.workflow_id is not None),
    "its instants are in order": lambda run: _in_order(run.created_at, run.dispatched_at, run.started_at, run.completed_at),
    "its work was to end after it began": lambda run: (
        run.expected_at is None or (run.started_at is not None and run.started_at <= run.expected_at)
    ),
}


def _in_order(*instants: datetime | None) -> bool:
    known = [instant for instant in instants if instant is not None]
    return known == sorted(known)


def _odd_batches(snapshot: Snapshot) -> Iterator[str]:
    runs = {run.id: run for run in snapshot.runs}
    batches = {batch.id: batch for batch in snapshot.batches}
    for run in snapshot.runs:
        if run.batch_id is not None and run.batch_id not in batches:
            yield f"run {run.id} belongs to batch {run.batch_id}, which is not there"
    for batch in snapshot.batches:
        yield from (f"batch {batch.id} has run {item.run_id}, which is not there" for item in batch.items if item.run_id not in runs)
        members = [runs[item.run_id] for item in batch.items if item.run_id in runs]
        if not _is_batch_of(batch, members):
            yield f"batch {batch.id} and its runs do not say the same of one another"
    places = Counter(run.batch_id for run in snapshot.runs if run.batch_id is not None)
    yield from (f"batch {each} has {count} runs" for each, count in places.items() if each in batches and count != len(batches[each].items))


def _is_batch_of(batch: Batch, members: list[Run]) -> bool:
    tally, waiting = batch.tally, sum(run.status is RunStatus.QUEUED for run in members)
    return (
        all(run.batch_id == batch.id and run.model == batch.model for run in members)
        and [run.sequence_index for run in members] == [item.sequence_index for item in batch.items] == list(range(len(members)))
        and (tally.total, tally.waiting) == (len(batch.items), waiting)
        and (batch.completed_at is not None) == (tally.ended == tally.total)
        and _in_order(batch.created_at, batch.started_at, batch.completed_at)
        and (batch.metadata is None or isinstance(read_document(batch.metadata), dict))
    )


def _odd_evaluations(snapshot: Snapshot) -> Iterator[str]:
    runs = {run.id for run in snapshot.runs}
    for evaluation in snapshot.evaluations:
        if evaluation.assignment.run_id is not None and evaluation.assignment.run_id not in runs:
            yield f"evaluation {evaluation.id} is about run {evaluation.assignment.run_id}, which is not there"
        wrong = next((name for name, holds in _EVALUATION_RULES.items() if not holds(evaluation)), None)
        if wrong is not None:
            yield f"evaluation {evaluation.id} is {evaluation.status.value}: {wrong}"


_ENDED = (EvaluationStatus.COMPLETED, EvaluationStatus.FAILED)
_EVALUATION_RULES: Mapping[str, Callable[[Evaluation], bool]] = {
    "it has ended if and only if completed_at says so": lambda each: each.is_terminal == (each.status in _ENDED),
    "its cost is known if and only if it has ended": lambda each: (each.cost is not None) == each.is_terminal,
    "nothing is owed to an evaluation": lambda each: each.held >= 0 and (each.cost or 0) >= 0,
    "it has a verdict if and only if it is completed": lambda each: (
        (each.verdict is not None) == (each.status is EvaluationStatus.COMPLETED)
    ),
    "it has a failure if and only if it failed": lambda each: (each.failure_code is not None) == (each.status is EvaluationStatus.FAILED),
    "it is due if and only if it goes on": lambda each: (each.due_at is None) == each.is_terminal,
    "its instants are in order": lambda each: _in_order(each.created_at, each.completed_at),
}


def _odd_deliveries(snapshot: Snapshot) -> Iterator[str]:
    ended = {record.id: record.is_terminal for kind in (snapshot.runs, snapshot.batches, snapshot.evaluations) for record in kind}
    webhooks, secrets = {webhook.id for webhook in snapshot.webhooks}, {secret.id for secret in snapshot.secrets}
    for delivery in snapshot.deliveries:
        about = [each for each in (delivery.run_id, delivery.batch_id, delivery.evaluation_id) if each is not None]
        if len(about) != 1 or not ended.get(about[0], False):
            yield f"delivery {delivery.id} is about nothing that is there and has ended"
        if delivery.webhook_id is not None and (delivery.webhook_id not in webhooks or delivery.run_id is None or not delivery.event_type):
            yield f"delivery {delivery.id} goes to webhook {delivery.webhook_id}, which is not there"
        for attempt in delivery.attempts:
            if attempt.secret_id is not None and attempt.secret_id not in secrets:
                yield f"attempt {attempt.id} is signed with secret {attempt.secret_id}, which is not there"
        wrong = next((name for name, holds in _DELIVERY_RULES.items() if not holds(delivery)), None)
        if wrong is not None:
            yield f"delivery {delivery.id} is {delivery.status.value}: {wrong}"


_CLOSED = (DeliveryStatus.SUCCEEDED, DeliveryStatus.FAILED)
_DELIVERY_RULES: Mapping[str, Callable[[Delivery], bool]] = {
    "it has ended if and only if completed_at says so": lambda each: each.is_terminal == (each.status in _CLOSED),
    "its attempts are numbered": lambda each: [attempt.number for attempt in each.attempts] == list(range(1, len(each.attempts) + 1)),
    "it has as many attempts as it may": lambda each: len(each.attempts) <= each.attempts_max,
    "something was sent before it ended": lambda each: bool(each.attempts) or each.status is DeliveryStatus.PENDING,
    "only the attempt under way has no result": lambda each: (
        [attempt.result is None for attempt in each.attempts].count(True) == (each.status is DeliveryStatus.DELIVERING)
        and (each.status is not DeliveryStatus.DELIVERING or each.attempts[-1].result is None)
    ),
    "it is due if and only if it waits": lambda each: (each.next_attempt_at is not None) == (each.status is DeliveryStatus.PENDING),
    "only what waits is held back": lambda each: not each.is_held_back or each.status is DeliveryStatus.PENDING,
}


def _odd_timers(snapshot: Snapshot) -> Iterator[str]:
    due: dict[str, datetime | None] = {}
    due |= {run.id: run.due_at for run in snapshot.runs}
    due |= {evaluation.id: evaluation.due_at for evaluation in snapshot.evaluations}
    due |= {delivery.id: delivery.next_attempt_at for delivery in snapshot.deliveries}
    timers = {timer.owner: timer.due for timer in snapshot.timers}
    if len(timers) < len(snapshot.timers):
        yield "something has two timers"
    for owner, instant in due.items():
        if timers.pop(owner, None) != instant:
            yield f"{owner} is due at {instant}, and its timer is not"
    yield from (f"a timer is set for {owner}, which is not there" for owner in timers)


def _odd_files(snapshot: Snapshot) -> Iterator[str]:
    kept = {each.sha256 for each in snapshot.kept}
    for asset in snapshot.assets:
        if asset.content.sha256 not in kept:
            yield f"asset {asset.id} has bytes that are not kept"
    for upload in snapshot.uploads:
        if upload.content is not None and upload.content.sha256 not in kept:
            yield f"upload {upload.id} has bytes that are not kept"
        if (upload.content is None) != (upload.status.value == "pending"):
            yield f"upload {upload.id} is {upload.status.value}, and its bytes are not"


def _odd_secrets(snapshot: Snapshot) -> Iterator[str]:
    current = [secret for secret in snapshot.secrets if secret.is_current]
    if len(current) > 1 or any(secret.disabled_at is not None for secret in current):
        yield "more than one secret signs, or one that was disabled"


def _odd_answers(snapshot: Snapshot) -> Iterator[str]:
    places = Counter(remembered.place for remembered in snapshot.remembered)
    yield from (f"an answer is remembered {count} times for {place[:80]}" for place, count in places.items() if count > 1)
    for remembered in snapshot.remembered:
        if not 200 <= remembered.status <= 299:
            yield f"an answer with status {remembered.status} is remembered"


def _loose_entries(snapshot: Snapshot) -> Iterator[str]:
    runs, batches = {run.id: run for run in snapshot.runs}, {batch.id for batch in snapshot.batches}
    evaluations = {evaluation.id for evaluation in snapshot.evaluations}
    for number, entry in enumerate(snapshot.accounts.entries):
        where = f"entry {number} of the ledger"
        if entry.run_id is not None and (entry.run_id not in runs or runs[entry.run_id].batch_id != entry.batch_id):
            yield f"{where} is about run {entry.run_id}, which is not there"
        elif entry.run_id is None and entry.batch_id is not None:
            known = "is there" if entry.batch_id in batches else "is not there"
            yield f"{where} is about batch {entry.batch_id}, which {known}, and about no run"
        if entry.evaluation_id is not None and entry.evaluation_id not in evaluations:
            yield f"{where} is about evaluation {entry.evaluation_id}, which is not there"
        if (entry.kind.value == "credit") != (entry.run_id is None and entry.evaluation_id is None):
            yield f"{where} is a {entry.kind.value} of nothing, or a credit of something"


def _ids_to_come(snapshot: Snapshot) -> Iterator[str]:
    """Yields the records whose ids the world would give out once more."""
    if snapshot.sequence >= SEQUENCE_SPAN:
        return
    # Assets that came inside a request are called after it.
    named = (each.name for each in COLLECTIONS if each not in (REMEMBERED, ASSETS))
    records = (record.id for name in named for record in getattr(snapshot, name))
    items = (item.id for batch in snapshot.batches for item in batch.items)
    for identifier in chain(records, items):
        if sequence_of(identifier) > snapshot.sequence:
            yield f"sequence {snapshot.sequence} is less than that of {identifier}, whose id would be given out again"


_RULES: tuple[Callable[[Snapshot], Iterator[str]], ...] = (
    _unrecordable,
    _repeated,
    _future,
    _odd_runs,
    _odd_batches,
    _odd_evaluations,
    _odd_deliveries,
    _odd_timers,
    _odd_files,
    _odd_secrets,
    _odd_answers,
    _loose_entries,
    _ids_to_come,
)

"""Rows: one line about a record, for lists that people look through; the record itself is a look away."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from runflow_mock.decoders import json_decoder
from runflow_mock.domain.batches import Batch
from runflow_mock.domain.deliveries import Delivery, describe
from runflow_mock.domain.delivery_verdicts import verdict_on
from runflow_mock.domain.fault_kinds import KIND_OF
from runflow_mock.domain.instants import milliseconds_between
from runflow_mock.domain.money import format_money
from runflow_mock.domain.runs import Run, RunStatus
from runflow_mock.wire.times import write_instant, write_optional

Row = dict[str, object]


class _Told(msgspec.Struct):
    event: Any = None


_read_told = json_decoder(_Told)


def represent_run_row(run: Run, callback: Row | None, now: datetime) -> Row:
    """Returns one line about a run as it is now; `callback` is the line about its callback."""
    return {
        "id": run.id,
        "status": run.status.value,
        "model": run.model,
        "client_ref": run.client_ref,
        "batch_id": run.batch_id,
        "sequence_index": run.sequence_index,
        "created_at": write_instant(run.created_at),
        "dispatched_at": write_optional(run.dispatched_at),
        "started_at": write_optional(run.started_at),
        "completed_at": write_optional(run.completed_at),
        "due_at": write_optional(run.due_at),
        "duration_ms": run.duration_ms,
        "held": format_money(run.held),
        "cost": None if run.cost is None else format_money(run.cost),
        "states": [{"state": state, "took_ms": took} for state, took in times_of(run, now)],
        "failure_code": None if run.failure is None else run.failure.code,
        "failure_message": None if run.failure is None else run.failure.message,
        "callback": callback,
    }


def represent_batch_row(batch: Batch, callback: Row | None) -> Row:
    """Returns one line about a batch; `callback` is the line about its callback."""
    tally = batch.tally
    return {
        "id": batch.id,
        "status": batch.status.value,
        "model": batch.model,
        "total": tally.total,
        "waiting": tally.waiting,
        "succeeded": tally.succeeded,
        "failed": tally.failed,
        "cancelled": tally.cancelled,
        "cost": format_money(tally.cost),
        "created_at": write_instant(batch.created_at),
        "completed_at": write_optional(batch.completed_at),
        "duration_ms": batch.duration_ms,
        "callback": callback,
    }


def represent_delivery_row(delivery: Delivery, about_the_same: list[Delivery]) -> Row:
    """Returns one line about a delivery; `about_the_same` are those that tell of the same record, oldest first."""
    last = delivery.attempts[-1] if delivery.attempts else None
    result = None if last is None else last.result
    return {
        "id": delivery.id,
        "state": delivery.status.value,
        "event": event_in(delivery),
        "about": represent_parent(delivery),
        "webhook_id": delivery.webhook_id,
        "url": delivery.url,
        "is_automatic": delivery.is_automatic,
        "attempts": len(delivery.attempts),
        "attempts_max": delivery.attempts_max,
        "last_at": None if last is None else write_instant(last.at),
        "last_status": None if result is None else result.status_code,
        "last_says": None if result is None else describe(result),
        "fault": None if last is None or last.fault is None else KIND_OF[type(last.fault)].name,
        "next_attempt_at": write_optional(delivery.next_attempt_at),
        "created_at": write_instant(delivery.created_at),
        "verdict": verdict_on(delivery, about_the_same),
    }


def represent_callback(latest: Delivery | None, url: str | None) -> Row | None:
    """Returns one line about the latest delivery that tells of a record, or nothing where nobody is told."""
    if latest is None:
        return None if url is None else {"id": None, "state": "due", "attempts": 0}
    return {"id": latest.id, "state": latest.status.value, "attempts": len(latest.attempts)}


def event_in(delivery: Delivery) -> str | None:
    """Returns the event that a delivery tells, as its bytes name it."""
    # The rest of what is told about a batch of thousands is passed over.
    try:
        told = _read_told.decode(delivery.payload).event
    except msgspec.ValidationError:
        return delivery.event_type
    return told if isinstance(told, str) else delivery.event_type


def times_of(run: Run, now: datetime) -> list[tuple[str, int]]:
    """Returns the states in progress that a run was in, and for how many milliseconds in each."""
    began = ((RunStatus.QUEUED, run.created_at), (RunStatus.DISPATCHING, run.dispatched_at), (RunStatus.RUNNING, run.started_at))
    known = [(status.value, at) for status, at in began if at is not None]
    ends = [*(at for _, at in known[1:]), run.completed_at or now]
    return [(state, milliseconds_between(at, max(at, end)) or 0) for (state, at), end in zip(known, ends, strict=True)]


def represent_parent(delivery: Delivery) -> Mapping[str, str]:
    """Returns what a delivery tells of."""
    noun = "run" if delivery.run_id else "batch" if delivery.batch_id else "evaluation"
    return {"kind": noun, "id": delivery.parent_id}

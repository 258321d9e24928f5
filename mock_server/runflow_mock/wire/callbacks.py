"""Callbacks on the wire: the payload that is frozen, the request of an attempt, and the history that is read.

Source: `callbacks.payload` (keys in their order; runs say `run.completed`, batches `batch.succeeded`), `callbacks.headers`,
`callbacks.signature`, `callbacks.history`. Inferred: the words for why a delivery failed, and `evaluations.callback`.
"""

import base64
from collections.abc import Mapping
from datetime import datetime

import msgspec

from runflow_mock.domain.attempt_faults import answer_without_sending, body_of, copies_of, signature_of, signed_body_of, timestamp_of
from runflow_mock.domain.batches import Batch
from runflow_mock.domain.callback_events import event_of
from runflow_mock.domain.deliveries import Attempt, AttemptResult, Delivery
from runflow_mock.domain.dialects import Dialect
from runflow_mock.domain.documents import Json, read_document
from runflow_mock.domain.evaluations import Evaluation
from runflow_mock.domain.runs import Run
from runflow_mock.domain.signing import sign_bare, sign_timestamped
from runflow_mock.wire.batches import Runs, represent_output
from runflow_mock.wire.fault_kinds import represent_what
from runflow_mock.wire.times import write_instant, write_optional


def render_run_payload(run: Run, dialect: Dialect) -> bytes:
    """Returns the bytes that tell about a finished run."""
    return msgspec.json.encode(
        {
            "event": event_of(run),
            "run_id": run.id,
            "status": dialect.status(run.status),
            "output": _run_output(run, dialect),
            "duration_ms": run.duration_ms,
            "created_at": _time(run.created_at, dialect),
            "completed_at": _time(run.completed_at, dialect),
            "metadata": None if run.metadata is None else msgspec.Raw(run.metadata),
        }
    )


def render_batch_payload(batch: Batch, runs: Runs, dialect: Dialect) -> bytes:
    """Returns the bytes that tell about a finished batch."""
    return msgspec.json.encode(
        {
            "event": event_of(batch),
            "batch_id": batch.id,
            "status": dialect.status(batch.status),
            "output": represent_output(batch, runs, dialect),
            "duration_ms": batch.duration_ms,
            "created_at": _time(batch.created_at, dialect),
            "completed_at": _time(batch.completed_at, dialect),
            "metadata": None if batch.metadata is None else msgspec.Raw(batch.metadata),
        }
    )


def render_evaluation_payload(evaluation: Evaluation, dialect: Dialect) -> bytes:
    """Returns the bytes that tell about an evaluation that has ended; a guess after the pattern of a run's."""
    return msgspec.json.encode(
        {
            "event": event_of(evaluation),
            "evaluation_id": evaluation.id,
            "status": evaluation.status.value,
            "output": _verdict(evaluation),
            "duration_ms": evaluation.duration_ms,
            "created_at": _time(evaluation.created_at, dialect),
            "completed_at": _time(evaluation.completed_at, dialect),
            "metadata": None,
        }
    )


class Posting(msgspec.Struct, frozen=True):
    """One attempt as it leaves: the headers, the exact bytes, and how often; with an `answer` it does not leave, and that is recorded."""

    headers: dict[str, str]
    body: bytes
    copies: int = 1
    answer: AttemptResult | None = None


def build_posting(delivery: Delivery, present: int, secret: str | None, dialect: Dialect) -> Posting:
    """Returns the delivery's last attempt, at `present` unix seconds: as it should be, or as its fault distorts it."""
    fault = delivery.attempts[-1].fault
    return Posting(
        headers=build_headers(delivery, timestamp_of(fault, present), secret, dialect),
        body=body_of(fault, delivery.payload),
        copies=copies_of(fault),
        answer=answer_without_sending(fault),
    )


def build_headers(delivery: Delivery, timestamp: int, secret: str | None, dialect: Dialect) -> dict[str, str]:
    """Returns the headers of the delivery's last attempt; without a secret there is no signature."""
    attempt = delivery.attempts[-1]
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Runflow-Callbacks/1.0 (runflow-mock)",
        "Runflow-Request-Id": f"{delivery.id}-{attempt.number}",
    }
    if dialect.dates_attempts:
        headers["Runflow-Timestamp"] = str(timestamp)
    if secret is not None:
        signed, is_dated = signed_body_of(attempt.fault, delivery.payload), dialect.signature == "timestamped"
        made = sign_timestamped(signed, timestamp, secret) if is_dated else sign_bare(signed, secret)
        headers["Runflow-Signature"] = signature_of(attempt.fault, made)
    return headers


def represent_delivery(delivery: Delivery) -> dict[str, object]:
    """Returns a delivery as the API's history shows it."""
    last = delivery.attempts[-1] if delivery.attempts else None
    return {
        "id": delivery.id,
        **_parent(delivery),
        "callback_url": delivery.url,
        "payload_bytes": delivery.payload.decode(),
        "payload": msgspec.Raw(delivery.payload),
        "signing_secret_id": None if last is None else last.secret_id,
        "is_automatic": delivery.is_automatic,
        "status_code": delivery.status.value,
        "failure_reason_code": delivery.failure_reason,
        "failure_detail": delivery.failure_detail,
        "attempt_count": len(delivery.attempts),
        "max_attempts": delivery.attempts_max,
        "next_attempt_at": write_optional(delivery.next_attempt_at),
        "created_at": write_instant(delivery.created_at),
        "updated_at": write_instant(delivery.updated_at),
        "completed_at": write_optional(delivery.completed_at),
        "attempts": [_attempt(delivery, attempt) for attempt in delivery.attempts],
    }


def represent_delivery_in_full(delivery: Delivery) -> dict[str, object]:
    """Returns a delivery as the control API shows it: every attempt with the headers and bytes that left."""
    webhook = {} if delivery.webhook_id is None else {"webhook_id": delivery.webhook_id, "event_type": delivery.event_type}
    return {
        "id": delivery.id,
        **_parent(delivery),
        **webhook,
        "url": delivery.url,
        "state": delivery.status.value,
        "is_automatic": delivery.is_automatic,
        "reason": delivery.failure_reason,
        "detail": delivery.failure_detail,
        "next_attempt_at": write_optional(delivery.next_attempt_at),
        "created_at": write_instant(delivery.created_at),
        "completed_at": write_optional(delivery.completed_at),
        "attempts": [_attempt_in_full(delivery, attempt) for attempt in delivery.attempts],
    }


def signed_text(attempt: Mapping[str, Json], dialect: Dialect) -> str | None:
    """Returns what the signature of an attempt was made over, given the attempt in full, or nothing where it is not signed."""
    headers, body = attempt["headers"], str(attempt["body"])
    if attempt["signature"] is None or not isinstance(headers, dict):
        return None
    return body if dialect.signature == "bare" else f"{headers.get('Runflow-Timestamp', '')}.{body}"


def _parent(delivery: Delivery) -> dict[str, str]:
    parents = {"run_id": delivery.run_id, "batch_id": delivery.batch_id, "evaluation_id": delivery.evaluation_id}
    return {name: parent_id for name, parent_id in parents.items() if parent_id is not None}


def _attempt(delivery: Delivery, attempt: Attempt) -> dict[str, object]:
    result = attempt.result
    return {
        "id": attempt.id,
        "delivery_id": delivery.id,
        "attempt_number": attempt.number,
        "status_code": None if result is None else result.status_code,
        "response_body": None if result is None else result.response_body,
        "response_time_ms": None if result is None else result.response_time_ms,
        "error_message": None if result is None else result.error,
        "created_at": write_instant(attempt.at),
    }


def _attempt_in_full(delivery: Delivery, attempt: Attempt) -> dict[str, object]:
    result = attempt.result
    headers = {} if result is None or result.headers is None else read_document(result.headers)
    body = body_of(attempt.fault, delivery.payload)
    return {
        "number": attempt.number,
        "at": write_instant(attempt.at),
        "secret_id": attempt.secret_id,
        "status_code": None if result is None else result.status_code,
        "headers": headers,
        "body": body.decode(),
        "body_base64": base64.b64encode(body).decode(),
        "signature": headers.get("Runflow-Signature") if isinstance(headers, dict) else None,
        "response_body": None if result is None else result.response_body,
        "response_time_ms": None if result is None else result.response_time_ms,
        "error": None if result is None else result.error,
        "fault": None if attempt.fault is None else represent_what(attempt.fault),
        "copies": [
            {
                "status_code": copy.status_code,
                "response_body": copy.response_body,
                "response_time_ms": copy.response_time_ms,
                "error": copy.error,
            }
            for copy in (() if result is None else result.copies)
        ],
    }


def _run_output(run: Run, dialect: Dialect) -> object:
    # What was handed over inline the run does not keep: its record has no output, and neither has a callback that is made from it later.
    if run.output is not None and not run.handed_over:
        return msgspec.Raw(run.output)
    if run.failure is not None and dialect.failure_output == "error":
        return {"code": run.failure.code, "message": run.failure.message, "stage": run.failure.stage}
    return None


def _verdict(evaluation: Evaluation) -> dict[str, object] | None:
    verdict = evaluation.verdict
    if verdict is None:
        return None
    return {
        "overall_passed": verdict.overall_passed,
        "weighted_pass_rate": verdict.weighted_pass_rate,
        "top_issues": verdict.top_issues,
        "top_strengths": verdict.top_strengths,
    }


def _time(instant: datetime | None, dialect: Dialect) -> str | None:
    if instant is None or dialect.callback_times == "z":
        return write_optional(instant)
    return instant.isoformat(timespec="milliseconds")

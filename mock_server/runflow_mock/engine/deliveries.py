"""What happens to deliveries: they are made when work ends or on request, attempted by timer, and concluded by results."""

from typing import cast

from runflow_mock.domain.batches import BatchMoved
from runflow_mock.domain.commands import RecordAttempt, RedeliverBatchCallback, RedeliverRunCallback, ResendDelivery
from runflow_mock.domain.deliveries import (
    Attempt,
    AttemptResult,
    AttemptStarted,
    Delivery,
    DeliveryCreated,
    DeliveryExhausted,
    DeliveryStatus,
    conclude,
)
from runflow_mock.domain.errors import CallbackUrlMissing, DeliveryInFlight, NotTerminal
from runflow_mock.domain.evaluations import EvaluationMoved
from runflow_mock.domain.events import Event
from runflow_mock.domain.fault_kinds import AttemptKind, PreviousSecret, Unsigned, What, WrongSecret
from runflow_mock.domain.identity import AttemptId, BatchId, DeliveryId, EvaluationId, RunId, WebhookId
from runflow_mock.domain.records import DELIVERIES
from runflow_mock.domain.runs import RunMoved
from runflow_mock.domain.secrets import CallbackSecret, SecretUsed, current_secret, previous_secret
from runflow_mock.domain.seeds import Seed
from runflow_mock.domain.webhooks import RUN_EVENT_TYPES, listeners
from runflow_mock.engine.callback_faults import fault_of_attempt
from runflow_mock.engine.moment import Moment
from runflow_mock.engine.store import Store

SWITCHED_OFF = AttemptResult(error="not sent: the webhook is disabled or deleted", reason="webhook_disabled", refused=True)


def tell_about_run(moment: Moment, event: RunMoved) -> tuple[Event, ...]:
    """Returns the one automatic delivery of a run that has just ended; runs of a batch have none of their own."""
    run = moment.store.runs[event.run_id]
    if run.callback_url is None:
        return ()
    return (_created(moment, url=run.callback_url, payload=moment.render.run(run), automatic=True, run_id=run.id),)


def tell_webhooks(moment: Moment, event: RunMoved) -> tuple[Event, ...]:
    """Returns a delivery of a run that has just ended for each webhook that wants to hear of it; runs of a batch are told as well."""
    store = moment.store
    if not store.webhooks:
        return ()
    run = store.runs[event.run_id]
    event_type = RUN_EVENT_TYPES.get(run.status)
    if event_type is None:
        return ()
    wanted = listeners(store.webhooks.values(), event_type.code)
    payload = moment.render.run(run) if wanted else b""
    return tuple(
        _created(
            moment,
            url=webhook.url,
            payload=payload,
            automatic=True,
            run_id=run.id,
            webhook_id=webhook.id,
            event_type=event_type.code,
        )
        for webhook in wanted
    )


def tell_about_evaluation(moment: Moment, event: EvaluationMoved) -> tuple[Event, ...]:
    """Returns the one automatic delivery of an evaluation that has just ended."""
    evaluation = moment.store.evaluations[event.evaluation_id]
    if evaluation.callback_url is None:
        return ()
    payload = moment.render.evaluation(evaluation)
    return (_created(moment, url=evaluation.callback_url, payload=payload, automatic=True, evaluation_id=evaluation.id),)


def tell_about_batch(moment: Moment, event: BatchMoved) -> tuple[Event, ...]:
    """Returns the one automatic delivery of a batch that has just ended."""
    batch = moment.store.batches[event.batch_id]
    if batch.callback_url is None:
        return ()
    payload = moment.render.batch(batch, moment.store)
    return (_created(moment, url=batch.callback_url, payload=payload, automatic=True, batch_id=batch.id),)


def redeliver_run(moment: Moment, command: RedeliverRunCallback) -> tuple[Event, ...]:
    """Makes a new delivery with a payload rendered now."""
    run = moment.store.run(command.run_id)
    url = _check(moment, "run", run.id, run.status, run.callback_url, ended=run.is_terminal)
    return (_created(moment, url=url, payload=moment.render.run(run), automatic=False, run_id=run.id),)


def redeliver_batch(moment: Moment, command: RedeliverBatchCallback) -> tuple[Event, ...]:
    """Makes a new delivery with a payload rendered now."""
    batch = moment.store.batch(command.batch_id)
    url = _check(moment, "batch", batch.id, batch.status, batch.callback_url, ended=batch.is_terminal)
    payload = moment.render.batch(batch, moment.store)
    return (_created(moment, url=url, payload=payload, automatic=False, batch_id=batch.id),)


def resend(moment: Moment, command: ResendDelivery) -> tuple[Event, ...]:
    """Makes a new delivery of the bytes of an earlier one, or of others; what the kit's user asks for is not refused for one in flight."""
    known = moment.store.delivery(command.delivery_id)
    moment.admit(DELIVERIES)
    created = _created(
        moment,
        url=command.url or known.url,
        payload=known.payload if command.payload is None else command.payload,
        automatic=False,
        run_id=known.run_id,
        batch_id=known.batch_id,
        evaluation_id=known.evaluation_id,
        webhook_id=known.webhook_id,
        event_type=known.event_type,
    )
    return (created,)


def continue_delivery(moment: Moment, delivery: Delivery) -> tuple[Event, ...]:
    """Returns what happens when a delivery's timer fires: an attempt, signed with the secret that is current or with the webhook's own."""
    if delivery.webhook_id is not None and not moment.store.webhooks[delivery.webhook_id].is_enabled:
        # It begins and ends in one commit: the record shows an attempt, and nothing leaves.
        started = AttemptStarted(delivery.id, moment.now, _attempt(moment, delivery, None, None))
        return (started, DeliveryExhausted(delivery.id, moment.now, SWITCHED_OFF))
    decision = fault_of_attempt(moment, delivery)
    secret = _secret(moment, delivery, decision.what)
    attempt = _attempt(moment, delivery, secret, cast("AttemptKind | None", decision.what))
    started = AttemptStarted(delivery.id, moment.now, attempt)
    used = () if secret is None else (SecretUsed(secret.id, moment.now),)
    return (*decision.met, started, *used)


def material_of(store: Store, seed: Seed, delivery: Delivery) -> str | None:
    """Returns what the last attempt of a delivery is signed with, if it is signed at all."""
    attempt = delivery.attempts[-1]
    if isinstance(attempt.fault, Unsigned):
        return None
    if isinstance(attempt.fault, WrongSecret):
        return seed.hex(48, "wrong secret", attempt.id) if attempt.fault.guess is None else attempt.fault.guess
    if delivery.webhook_id is not None:
        return store.webhooks[delivery.webhook_id].secret
    return None if attempt.secret_id is None else store.secrets[attempt.secret_id].material


def _attempt(moment: Moment, delivery: Delivery, secret: CallbackSecret | None, fault: AttemptKind | None) -> Attempt:
    return Attempt(
        id=AttemptId(moment.issue_id()),
        number=len(delivery.attempts) + 1,
        secret_id=None if secret is None else secret.id,
        at=moment.now,
        fault=fault,
    )


def _secret(moment: Moment, delivery: Delivery, fault: What | None) -> CallbackSecret | None:
    """Returns the secret of the organization that signs an attempt, unless a webhook or nobody's does."""
    if delivery.webhook_id is not None or isinstance(fault, Unsigned | WrongSecret):
        return None
    secrets = moment.store.secrets.values()
    return previous_secret(secrets) if isinstance(fault, PreviousSecret) else current_secret(secrets)


def record_attempt(moment: Moment, command: RecordAttempt) -> tuple[Event, ...]:
    """Concludes the attempt under way; a result that nobody waits for is dropped."""
    delivery = moment.store.delivery(command.delivery_id)
    if delivery.status is not DeliveryStatus.DELIVERING:
        return ()
    return (conclude(delivery, command.result, moment.settings.retries, moment.now),)


def _check(moment: Moment, noun: str, parent_id: str, status: str, url: str | None, *, ended: bool) -> str:
    if not ended:
        raise NotTerminal(noun, parent_id, status)
    if url is None:
        raise CallbackUrlMissing(noun, parent_id)
    moment.admit(DELIVERIES)
    for delivery in moment.store.deliveries_about(parent_id):
        if not delivery.is_terminal:
            raise DeliveryInFlight(noun, parent_id, delivery.id)
    return url


def _created(
    moment: Moment,
    *,
    url: str,
    payload: bytes,
    automatic: bool,
    run_id: RunId | None = None,
    batch_id: BatchId | None = None,
    evaluation_id: EvaluationId | None = None,
    webhook_id: WebhookId | None = None,
    event_type: str | None = None,
) -> DeliveryCreated:
    return DeliveryCreated(
        Delivery(
            id=DeliveryId(moment.issue_id()),
            run_id=run_id,
            batch_id=batch_id,
            evaluation_id=evaluation_id,
            webhook_id=webhook_id,
            event_type=event_type,
            url=url,
            payload=payload,
            is_automatic=automatic,
            attempts_max=moment.settings.retries.attempts_max,
            next_attempt_at=moment.now,
            created_at=moment.now,
            updated_at=moment.now,
        )
    )

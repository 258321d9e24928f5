"""Deliveries of runs and batches: their history, and telling once more."""

from collections.abc import Sequence
from typing import cast

from runflow_mock.domain.commands import RedeliverBatchCallback, RedeliverRunCallback
from runflow_mock.domain.deliveries import Delivery, DeliveryCreated
from runflow_mock.domain.identity import BatchId, RunId
from runflow_mock.web.calls import Answer, Call, Handler, answer
from runflow_mock.web.routing import Operation
from runflow_mock.wire.callbacks import represent_delivery


def list_run_deliveries(call: Call) -> Answer:
    """GET /v1/runs/{run_id}/callback: a bare array, oldest first."""
    run = call.store.run(call.uuid("run_id"))
    return _history(call, run.id, call.store.deliveries_about(run.id), is_ended=run.is_terminal)


def list_batch_deliveries(call: Call) -> Answer:
    """GET /v1/batches/{batch_id}/callback: a bare array, oldest first."""
    batch = call.store.batch(call.uuid("batch_id"))
    return _history(call, batch.id, call.store.deliveries_about(batch.id), is_ended=batch.is_terminal)


def redeliver_run_callback(call: Call) -> Answer:
    """POST /v1/runs/{run_id}/callback-redeliveries"""
    outcome = call.execute(RedeliverRunCallback(RunId(call.uuid("run_id"))))
    return answer(represent_delivery(cast(DeliveryCreated, outcome.events[0]).delivery), 201)


def redeliver_batch_callback(call: Call) -> Answer:
    """POST /v1/batches/{batch_id}/callback-redeliveries"""
    outcome = call.execute(RedeliverBatchCallback(BatchId(call.uuid("batch_id"))))
    return answer(represent_delivery(cast(DeliveryCreated, outcome.events[0]).delivery), 201)


def _history(call: Call, parent_id: str, deliveries: Sequence[Delivery], *, is_ended: bool) -> Answer:
    pending = next((delivery.id for delivery in deliveries if not delivery.is_terminal), None)
    if pending is not None or not is_ended:
        call.wait_for(pending or parent_id)
    return answer([represent_delivery(delivery) for delivery in deliveries])


OPERATIONS: tuple[Operation[Handler], ...] = (
    Operation("GET", "/v1/runs/{run_id}/callback", list_run_deliveries, scope="runs:read"),
    Operation("POST", "/v1/runs/{run_id}/callback-redeliveries", redeliver_run_callback, scope="runs:execute"),
    Operation("GET", "/v1/batches/{batch_id}/callback", list_batch_deliveries, scope="runs:read"),
    Operation("POST", "/v1/batches/{batch_id}/callback-redeliveries", redeliver_batch_callback, scope="runs:execute"),
)

"""What a tenant's world holds, as its operator sees it: ledger and deliveries; and the cancelling that customers cannot do."""

from runflow_mock.domain.commands import AddCredit, CancelBatch, CancelRun, RedeliverBatchCallback, RedeliverRunCallback
from runflow_mock.domain.deliveries import DeliveryCreated
from runflow_mock.domain.identity import BatchId, RunId
from runflow_mock.domain.money import format_money, parse_money
from runflow_mock.engine.invariants import check
from runflow_mock.web.calls import Answer, Call, answer
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.routing import Operation
from runflow_mock.web.runs import run_body
from runflow_mock.wire.batches import represent_batch
from runflow_mock.wire.billing import represent_entry
from runflow_mock.wire.callbacks import represent_delivery_in_full
from runflow_mock.wire.control import ControlError, decode_cancel, decode_credit, refused


async def get_ledger(call: Call) -> Answer:
    """GET /_mock/ledger"""
    tenant = tenant_of(call)
    call.runtime.settle(tenant)
    ledger = tenant.world.store.ledger
    return answer(
        {
            "balance": format_money(ledger.balance),
            "held": format_money(ledger.held),
            "charged": format_money(ledger.charged),
            "entries": [represent_entry(entry) for entry in ledger.entries],
            "invariants": [
                {"name": invariant.name, "held": invariant.is_held, "evidence": invariant.evidence}
                for invariant in check(tenant.world.store, tenant.settings.concurrency)
            ],
        }
    )


async def add_credit(call: Call) -> Answer:
    """POST /_mock/ledger/credits {"amount": "5.00"}: raises the balance, or lowers it with a negative amount."""
    tenant_of(call)
    try:
        amount = parse_money(decode_credit(call.body))
    except ValueError as error:
        raise refused(f"amount: {error}") from None
    call.execute(AddCredit(amount))
    return await get_ledger(call)


async def list_deliveries(call: Call) -> Answer:
    """GET /_mock/deliveries: every delivery with every attempt, its bytes and its answer."""
    tenant = tenant_of(call)
    call.runtime.settle(tenant)
    return answer({"items": [represent_delivery_in_full(delivery) for delivery in tenant.world.store.deliveries.values()]})


async def resend_delivery(call: Call) -> Answer:
    """POST /_mock/deliveries/{id}/resend: tells about the same run or batch once more, with a payload rendered now."""
    tenant = tenant_of(call)
    delivery = tenant.world.store.delivery(call.params["id"])
    if delivery.run_id is not None and delivery.webhook_id is None:
        outcome = call.execute(RedeliverRunCallback(delivery.run_id))
    elif delivery.batch_id is not None:
        outcome = call.execute(RedeliverBatchCallback(delivery.batch_id))
    else:
        raise ControlError(409, "refused", "only callbacks of runs and batches are sent again; an evaluation or a webhook is told once")
    made = next(event.delivery for event in outcome.events if isinstance(event, DeliveryCreated))
    return answer(represent_delivery_in_full(tenant.world.store.delivery(made.id)), 201)


async def cancel_run(call: Call) -> Answer:
    """POST /_mock/runs/{id}/cancel: as the service would."""
    tenant = tenant_of(call)
    run = tenant.world.store.run(call.params["id"])
    call.execute(CancelRun(RunId(run.id), decode_cancel(call.body)))
    return answer(run_body(call, tenant.world.store.run(run.id)))


async def cancel_batch(call: Call) -> Answer:
    """POST /_mock/batches/{id}/cancel: every item that has not ended."""
    tenant = tenant_of(call)
    batch = tenant.world.store.batch(call.params["id"])
    call.execute(CancelBatch(BatchId(batch.id), decode_cancel(call.body)))
    store = tenant.world.store
    return answer(represent_batch(store.batch(batch.id), store.runs, tenant.dialect))


OPERATIONS: tuple[Operation[ControlHandler], ...] = (
    Operation(id="get_ledger", method="GET", path="/_mock/ledger", handler=get_ledger),
    Operation(id="add_credit", method="POST", path="/_mock/ledger/credits", handler=add_credit),
    Operation(id="list_deliveries", method="GET", path="/_mock/deliveries", handler=list_deliveries),
    Operation(id="resend_delivery", method="POST", path="/_mock/deliveries/{id}/resend", handler=resend_delivery),
    Operation(id="cancel_run", method="POST", path="/_mock/runs/{id}/cancel", handler=cancel_run),
    Operation(id="cancel_batch", method="POST", path="/_mock/batches/{id}/cancel", handler=cancel_batch),
)

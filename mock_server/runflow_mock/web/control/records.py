"""What a tenant's world holds, as its operator sees it: the ledger; and the cancelling that customers cannot do."""

from asyncio import to_thread
from functools import partial

from runflow_mock.domain.commands import AddCredit, CancelBatch, CancelRun
from runflow_mock.domain.identity import BatchId, RunId
from runflow_mock.domain.ledger import Entry
from runflow_mock.domain.money import format_money
from runflow_mock.engine.invariants import check
from runflow_mock.web.calls import Answer, Call, answer
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.pieces import list_in_pieces, look
from runflow_mock.web.routing import Operation
from runflow_mock.web.runs import run_body
from runflow_mock.wire.batches import represent_batch
from runflow_mock.wire.billing import represent_entry
from runflow_mock.wire.control import decode_cancel, decode_credit
from runflow_mock.wire.windows import Window, read_window


async def get_ledger(call: Call) -> Answer:
    """GET /_mock/ledger: figures, every movement, and the invariants; with `limit` a window of the movements, newest first."""
    tenant_of(call)
    return answer(await _ledger(call, read_window(call.parameters, "kind", "about")))


async def _ledger(call: Call, window: Window | None) -> dict[str, object]:
    tenant = call.caller
    # All of it is about the world as it stands now; to look at a hundred thousand runs takes a moment, in which it goes on.
    standing = tenant.world.store.copy()
    ledger = standing.ledger
    entries, total = (
        (ledger.entries, len(ledger.entries)) if window is None else await look(ledger.entries, window, partial(_keeps, window))
    )
    told = {"balance": format_money(ledger.balance), "held": format_money(ledger.held), "charged": format_money(ledger.charged)}
    items = await list_in_pieces(map(represent_entry, entries))
    checked = await to_thread(check, standing, tenant.settings.concurrency)
    invariants = [{"name": each.name, "held": each.is_held, "evidence": each.evidence} for each in checked]
    return {**told, "entries": items, "total": total, "invariants": invariants}


def _keeps(window: Window, entry: Entry) -> bool:
    ids = (entry.run_id, entry.batch_id, entry.evaluation_id)
    return window.has("kind", entry.kind.value) and window.has("about", *ids) and window.finds(*ids)


async def add_credit(call: Call) -> Answer:
    """POST /_mock/ledger/credits {"amount": "5.00"}: raises the balance, or lowers it with a negative amount."""
    tenant_of(call)
    call.execute(AddCredit(decode_credit(call.body)))
    return answer(await _ledger(call, None))


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
    Operation("GET", "/_mock/ledger", get_ledger, is_long=True),
    Operation("POST", "/_mock/ledger/credits", add_credit, is_long=True),
    Operation("POST", "/_mock/runs/{id}/cancel", cancel_run),
    Operation("POST", "/_mock/batches/{id}/cancel", cancel_batch),
)

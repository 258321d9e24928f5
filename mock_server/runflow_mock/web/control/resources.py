"""The runs and batches of a tenant as the API shows them, for the test and not for its client: no poll, and nothing in the journal."""

from collections.abc import Container, Iterator

from runflow_mock.domain.batches import Batch
from runflow_mock.domain.deliveries import Delivery
from runflow_mock.domain.runs import Run
from runflow_mock.engine.store import Store
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.web.calls import Answer, Call, answer
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.pieces import answer_window, document_in_pieces, kept_in_pieces, list_in_pieces, look
from runflow_mock.web.routing import Operation
from runflow_mock.web.runs import run_body
from runflow_mock.wire.batches import represent_batch
from runflow_mock.wire.billing import represent_entry
from runflow_mock.wire.journal import represent_exchange_in_short
from runflow_mock.wire.rows import Row, represent_batch_row, represent_callback, represent_delivery_row, represent_run_row
from runflow_mock.wire.windows import Window, read_window

OPEN = "open"


async def list_runs(call: Call) -> Answer:
    """GET /_mock/runs: every run, oldest first; with `limit` a window of one line each, newest first."""
    tenant = tenant_of(call)
    window = read_window(call.parameters, "status", "batch_id")
    store = tenant.world.store
    if window is None:
        return answer({"items": await list_in_pieces(run_body(call, store.runs[run_id]) for run_id in tuple(store.runs))})
    found, total = await look(store.runs.values(), window, lambda run: _keeps_run(window, run))
    rows = (_run_row(tenant, run) for run in found)
    return await answer_window(call, rows, total)


async def get_run(call: Call) -> Answer:
    """GET /_mock/runs/{id}: a run with its requests, deliveries and movements of money."""
    tenant = tenant_of(call)
    store = tenant.world.store
    run = store.run(call.params["id"])
    told_of = run.id if run.batch_id is None else run.batch_id
    about = await _about(call, {run.id, run.request_id}, run.id)
    told = {"run": run_body(call, run), "row": _run_row(tenant, run), **about, "deliveries": _deliveries(store, told_of)}
    return answer(await document_in_pieces(told, call.runtime.scrubber.scrub))


async def list_batches(call: Call) -> Answer:
    """GET /_mock/batches: every batch, oldest first; with `limit` a window of one line each, newest first."""
    tenant = tenant_of(call)
    window = read_window(call.parameters, "status")
    store = tenant.world.store
    if window is None:
        bodies = (represent_batch(store.batches[batch_id], store.runs, tenant.dialect) for batch_id in tuple(store.batches))
        return answer({"items": await list_in_pieces(bodies)})
    found, total = await look(store.batches.values(), window, lambda batch: _keeps_batch(window, batch))
    rows = (_batch_row(store, batch) for batch in found)
    return await answer_window(call, rows, total)


async def get_batch(call: Call) -> Answer:
    """GET /_mock/batches/{id}: a batch with a line about each item, its requests, deliveries and movements of money."""
    tenant = tenant_of(call)
    store = tenant.world.store
    batch = store.batch(call.params["id"])
    runs, deliveries = {item.run_id: store.runs[item.run_id] for item in batch.items}, _deliveries(store, batch.id)
    row, members = _batch_row(store, batch), (_run_row(tenant, run) for run in runs.values())
    about = await _about(call, {batch.id, runs[batch.items[0].run_id].request_id}, batch.id)
    shown = represent_batch(batch, runs, tenant.dialect, listed=iter)
    told = {"batch": shown, "row": row, "members": members, **about, "deliveries": deliveries}
    return answer(await document_in_pieces(told, call.runtime.scrubber.scrub))


def _keeps_run(window: Window, run: Run) -> bool:
    is_wanted = window.has("status", run.status.value, None if run.is_terminal else OPEN) and window.has("batch_id", run.batch_id)
    return is_wanted and window.finds(run.id, run.model, run.client_ref, run.batch_id)


def _keeps_batch(window: Window, batch: Batch) -> bool:
    is_wanted = window.has("status", batch.status.value, None if batch.is_terminal else OPEN)
    return is_wanted and window.finds(batch.id, batch.model)


def _run_row(tenant: Tenant, run: Run) -> Row:
    store = tenant.world.store
    # A batch tells of all its runs at once.
    return represent_run_row(
        run, None if run.batch_id is not None else represent_callback(_latest(store, run.id), run.callback_url), tenant.world.now
    )


def _batch_row(store: Store, batch: Batch) -> Row:
    return represent_batch_row(batch, represent_callback(_latest(store, batch.id), batch.callback_url))


def _latest(store: Store, parent_id: str) -> Delivery | None:
    told = store.deliveries_of.get(parent_id)
    return store.deliveries[told[-1]] if told else None


def _deliveries(store: Store, parent_id: str) -> Iterator[Row]:
    told = store.deliveries_about(parent_id)
    return (represent_delivery_row(delivery, told) for delivery in told)


async def _about(call: Call, ids: Container[str], record_id: str) -> dict[str, object]:
    """Returns what else there is of a record: the exchanges that made it or named it, and the movements of money for it."""
    exchanges = [exchange for exchange in await call.runtime.judgings.read(call.caller) if exchange.id in ids or record_id in exchange.path]
    entries = tuple(call.store.ledger.entries)
    return {
        "requests": map(represent_exchange_in_short, exchanges),
        "entries": map(represent_entry, await kept_in_pieces(entries, lambda entry: record_id in (entry.run_id, entry.batch_id))),
    }


OPERATIONS: tuple[Operation[ControlHandler], ...] = (
    Operation("GET", "/_mock/runs", list_runs, is_long=True),
    Operation("GET", "/_mock/runs/{id}", get_run),
    Operation("GET", "/_mock/batches", list_batches, is_long=True),
    Operation("GET", "/_mock/batches/{id}", get_batch, is_long=True),
)

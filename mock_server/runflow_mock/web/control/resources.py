"""The runs and batches of a tenant as the API shows them, for the test and not for its client: no poll, and nothing in the journal."""

from runflow_mock.web.calls import Answer, Call, answer
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.routing import Operation
from runflow_mock.web.runs import run_body
from runflow_mock.wire.batches import represent_batch


async def list_runs(call: Call) -> Answer:
    """GET /_mock/runs: every run, oldest first."""
    tenant = tenant_of(call)
    call.runtime.settle(tenant)
    return answer({"items": [run_body(call, run) for run in tenant.world.store.runs.values()]})


async def list_batches(call: Call) -> Answer:
    """GET /_mock/batches: every batch, oldest first."""
    tenant = tenant_of(call)
    call.runtime.settle(tenant)
    store = tenant.world.store
    return answer({"items": [represent_batch(batch, store.runs, tenant.dialect) for batch in store.batches.values()]})


OPERATIONS: tuple[Operation[ControlHandler], ...] = (
    Operation(id="list_runs", method="GET", path="/_mock/runs", handler=list_runs),
    Operation(id="list_batches", method="GET", path="/_mock/batches", handler=list_batches),
)

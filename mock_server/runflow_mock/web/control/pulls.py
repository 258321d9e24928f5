"""Deliveries that a test carries itself, for receivers that are no server: the test clients of Django, Flask and others."""

from runflow_mock.domain.tenants import PULL
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.web.calls import Answer, Call, answer, no_content
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.routing import Operation
from runflow_mock.wire.control import ControlError
from runflow_mock.wire.pulls import decode_pull_answer, represent_pulled


async def pull_deliveries(call: Call) -> Answer:
    """POST /_mock/deliveries/pull: the attempts that are due, for the caller to carry; the tenant was made with `"deliveries": "pull"`."""
    tenant = _pulling(call)
    items = [
        represent_pulled(parked.delivery_id, parked.number, parked.request.url, parked.request.headers, parked.request.body)
        for parked in tenant.parked
    ]
    return answer({"items": items})


async def answer_delivery(call: Call) -> Answer:
    """POST /_mock/deliveries/{id}/answer {"status": 500}: how the receiver answered an attempt that was pulled."""
    tenant = _pulling(call)
    call.runtime.deliveries.conclude(tenant, call.params["id"], decode_pull_answer(call.body))
    return no_content()


def _pulling(call: Call) -> Tenant:
    tenant = tenant_of(call)
    if tenant.settings.deliveries != PULL:
        way_out = 'make one with "deliveries": "pull" to carry them yourself'
        raise ControlError(409, "refused", f"the deliveries of this tenant are sent; {way_out}")
    return tenant


OPERATIONS: tuple[Operation[ControlHandler], ...] = (
    Operation("POST", "/_mock/deliveries/pull", pull_deliveries),
    Operation("POST", "/_mock/deliveries/{id}/answer", answer_delivery),
)

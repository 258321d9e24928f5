"""The quota of a tenant: see it, set it, lift it. A reset brings back the one that the tenant was made with."""

from runflow_mock.web.calls import Answer, Call, answer, no_content
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.routing import Operation
from runflow_mock.wire.quotas import decode_quota, represent_allowance, represent_quota


async def get_quota(call: Call) -> Answer:
    """GET /_mock/quota: the quota in force, and what each key has used of it."""
    tenant = tenant_of(call)
    meter = call.runtime.meter(tenant)
    keys = [represent_allowance(tenant.principals[key].name, allowance) for key, allowance in meter.look().items()]
    return answer({"quota": represent_quota(meter.quota), "keys": keys})


async def set_quota(call: Call) -> Answer:
    """PUT /_mock/quota {"requests": 5, "window": "1m"}: from now on; with `retry_after` as seconds, date or absent."""
    tenant_of(call).meter.set(decode_quota(call.body))
    return await get_quota(call)


async def delete_quota(call: Call) -> Answer:
    """DELETE /_mock/quota"""
    tenant_of(call).meter.set(None)
    return no_content()


OPERATIONS: tuple[Operation[ControlHandler], ...] = (
    Operation("GET", "/_mock/quota", get_quota),
    Operation("PUT", "/_mock/quota", set_quota),
    Operation("DELETE", "/_mock/quota", delete_quota),
)

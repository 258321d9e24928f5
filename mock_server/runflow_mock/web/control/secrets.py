"""The secret that signs the callbacks of a tenant, for a test that verifies them."""

from runflow_mock.domain.secrets import current_secret
from runflow_mock.web.calls import Answer, Call, answer
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.routing import Operation
from runflow_mock.wire.secrets import decode_create_secret


async def ensure_callback_secret(call: Call) -> Answer:
    """POST /_mock/callback-secret: the secret that signs callbacks; one is made where there is none."""
    tenant = tenant_of(call)
    if current_secret(call.store.secrets.values()) is None:
        call.execute(decode_create_secret({}, tenant.dialect))
    current = current_secret(call.store.secrets.values())
    assert current is not None
    return answer({"secret": current.material})


OPERATIONS: tuple[Operation[ControlHandler], ...] = (Operation("POST", "/_mock/callback-secret", ensure_callback_secret),)

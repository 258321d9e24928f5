"""Status: is the API up; no key is needed."""

from runflow_mock.web.calls import Answer, Call, Handler, answer
from runflow_mock.web.routing import Operation


def get_health(call: Call) -> Answer:
    """GET /v1/health: both fields that clients look for."""
    return answer({"status": "ok", "ok": True})


def get_readiness(call: Call) -> Answer:
    """GET /v1/readiness. Source: the two checks are documented, their names in the body are inferred."""
    return answer({"status": "ok", "checks": {"database": "ok", "redis": "ok"}})


OPERATIONS: tuple[Operation[Handler], ...] = (
    Operation("GET", "/v1/health", get_health, is_public=True),
    Operation("GET", "/v1/readiness", get_readiness, is_public=True),
)

"""The server itself: is it ready, which version, and what can be asked of it."""

from runflow_mock import __version__
from runflow_mock.web.calls import Answer, Call, answer
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.routing import Operation


async def get_health(call: Call) -> Answer:
    """GET /_mock/health: ready, seed, clock, and errors that happened in the background."""
    runtime = call.runtime
    errors = list(runtime.background_errors)
    config = runtime.config
    return answer(
        {
            "status": "ok" if not errors else "degraded",
            "seed": config.seed,
            "clock": config.clock.value,
            "speed": config.speed,
            "tenants": len(runtime.tenants),
            "models": len(runtime.catalog),
            "background_errors": errors,
        }
    )


async def get_version(call: Call) -> Answer:
    """GET /_mock/version"""
    return answer({"name": "runflow-mock", "version": __version__})


OPERATIONS: tuple[Operation[ControlHandler], ...] = (
    Operation(id="get_health", method="GET", path="/_mock/health", handler=get_health),
    Operation(id="get_version", method="GET", path="/_mock/version", handler=get_version),
)

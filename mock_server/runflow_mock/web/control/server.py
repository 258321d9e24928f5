"""The server itself: is it ready, which version, and what can be asked of it."""

import msgspec

from runflow_mock.packaged import contract_date
from runflow_mock.runtime.certificates import ca_file
from runflow_mock.runtime.runtime import Runtime
from runflow_mock.runtime.tenant_uses import fullest
from runflow_mock.version import __version__
from runflow_mock.web.calls import Answer, Call, answer, scrubbed
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.flags import flag_in
from runflow_mock.web.routing import Operation
from runflow_mock.wire.control import ControlError
from runflow_mock.wire.control_document import control_document


async def get_health(call: Call) -> Answer:
    """GET /_mock/health: ready, seed, clock, errors in the background, how long the loop was held, and the bounds with their use.

    One of many workers tells of the others too, but with `?local=true`, which asks nobody.
    """
    cluster, own = call.runtime.cluster, await health_of(call.runtime)
    if cluster is None or flag_in(call, "local"):
        return scrubbed(call, answer(own))
    told = await cluster.ask("health")
    workers = {name: msgspec.json.decode(said, type=dict[str, object]) for name, said in sorted(told.answers.items())}
    is_well = not told.silent and all(each["status"] == "ok" for each in workers.values())
    total = len(await cluster.names())
    status = "ok" if is_well else "degraded"
    return scrubbed(call, answer({**own, "status": status, "tenants": total, "workers": workers, "silent": told.silent}))


async def health_of(runtime: Runtime) -> dict[str, object]:
    """Returns how this server is."""
    errors = list(runtime.background_errors)
    config = runtime.config
    return {
        "status": "ok" if not errors else "degraded",
        "seed": config.seed,
        "clock": config.clock.value,
        "speed": config.speed,
        "tenants": len(runtime.tenants),
        "models": len(runtime.catalog),
        "background_errors": errors,
        "log_lines_lost": runtime.observer.lost,
        "files_not_written": len(runtime.unwritten),
        "callbacks_hurried": runtime.deliveries.turns.hurried,
        "loop_held_ms_max": round(runtime.loop_watch.longest_seconds * 1000, 1),
        "bounds": {
            bound.name: {"used": bound.used, "max": bound.maximum, "peak": bound.peak, "met": bound.met} for bound in runtime.bounds
        },
        "tenant_bounds": {name: use._asdict() for name, use in (await fullest(runtime.tenants, config.limits)).items()},
    }


async def get_version(call: Call) -> Answer:
    """GET /_mock/version: the release, and the day of the contract that it was written to."""
    return answer({"name": "runflow-mock", "version": __version__, "contract": contract_date()})


async def get_ca(call: Call) -> Answer:
    """GET /_mock/ca.pem: the local CA that signed this server's certificate, for clients to trust."""
    config = call.runtime.config
    if config.tls_port is None or config.state is None:
        raise ControlError(404, "no_tls", "this server speaks no https and needs no CA; start it with --tls (RUNFLOW_MOCK_TLS=1)")
    return Answer(200, ca_file(config.state).read_bytes(), ((b"content-type", b"application/x-pem-file"),))


async def get_document(call: Call) -> Answer:
    """GET /_mock/openapi.json: this API's own OpenAPI document."""
    return Answer(200, control_document())


OPERATIONS: tuple[Operation[ControlHandler], ...] = (
    Operation("GET", "/_mock/health", get_health),
    Operation("GET", "/_mock/version", get_version),
    Operation("GET", "/_mock/openapi.json", get_document),
    Operation("GET", "/_mock/ca.pem", get_ca),
)

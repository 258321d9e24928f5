"""Tenants: what a fresh one costs, inside the server and over HTTP."""

from statistics import median
from time import perf_counter

from benchmarks import load, messages
from benchmarks.effort import Effort
from benchmarks.limits import Kind, Limit
from benchmarks.servers import fake
from benchmarks.table import Figure
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.runtime import Runtime
from runflow_mock.runtime.sender import RecordingSender
from runflow_mock.wire.catalog import load_catalog

INSIDE_MAX = Limit(Kind.MAX, 0.2)
HTTP_MAX = Limit(Kind.MAX, 0.6)


async def measure(effort: Effort) -> list[Figure]:
    """Returns the time of a fresh tenant both ways."""
    config = Config()
    tenants = Runtime(config, load_catalog(), RecordingSender()).tenants
    took = []
    for number in range(effort.tenants):
        started = perf_counter()
        tenants.create(config.tenant(f"t{number}"))
        took.append((perf_counter() - started) * 1000)
    return [
        Figure(name="fresh tenant, inside the server", unit="ms", ours=median(took), target=INSIDE_MAX),
        Figure(name="fresh tenant and its end, over HTTP", unit="ms", ours=await _over_http(effort), target=HTTP_MAX),
    ]


async def _over_http(effort: Effort) -> float:
    took = []
    with fake() as server:
        names = [f"bench_{number}" for number in range(effort.http_tenants)]
        made = [messages.post("/_mock/tenants", server.key, {"name": name}) for name in names]
        dropped = [messages.delete(f"/_mock/tenants/{name}") for name in names]
        for requests, status in ((made, 201), (dropped, 204)):
            done = await load.run_once(server.port, requests, status=status, connections=1)
            took.append(done.latencies.p50)
    return sum(took)

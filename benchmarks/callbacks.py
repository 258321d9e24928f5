"""Callbacks: how many signed ones leave per second over real HTTP.

A number of runs is brought to the point where one more step of the clock ends them all at the same instant. The time of that step is
measured: the runs end, their payloads are rendered and signed, sent to a sink in another process, and the results are recorded.
"""

from statistics import median
from time import perf_counter

from benchmarks import limits, load, messages
from benchmarks.effort import Effort
from benchmarks.machine import cores
from benchmarks.servers import Server, fake, sink
from benchmarks.table import Figure
from benchmarks.throughput import BALANCE

# At this speed every step of a run takes the shortest time there is, one millisecond.
AT_ONCE = ("--clock", "manual", "--speed", "1000000", "--callback-secret", "rf_whsec_benchmark")


async def measure(effort: Effort) -> list[Figure]:
    """Returns the rate of callbacks."""
    with sink(answer_bytes=0, core=cores()[1]) as receiver, fake(*BALANCE, *AT_ONCE) as server:
        rates = [await _storm(effort, server, f"{receiver.url}/hook") for _ in range(effort.callback_rounds)]
    return [Figure(name="signed callbacks over HTTP", unit="/s", ours=median(rates), target=limits.CALLBACKS)]


async def _storm(effort: Effort, server: Server, callback_url: str) -> float:
    requests = messages.creates(server.key, callback_url)
    await load.run_once(server.port, requests, status=201, connections=effort.connections, count=effort.callbacks)
    client = server.client()
    client.post("/_mock/clock/advance", {"by": "2ms"})
    started = perf_counter()
    timeline = client.post("/_mock/clock/advance", {"by": "1ms"})["timeline"]
    took = perf_counter() - started
    client.close()
    delivered = sum(step["kind"] == "delivery" and step["to"] == "succeeded" for step in timeline)
    if delivered != effort.callbacks:
        raise RuntimeError(f"{delivered} callbacks were delivered instead of {effort.callbacks}")
    return effort.callbacks / took

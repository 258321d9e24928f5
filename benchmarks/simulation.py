"""Simulation: a day of batches and one batch that nobody answers, in process, on a clock that only jumps."""

from datetime import timedelta
from time import perf_counter

from benchmarks import limits
from benchmarks.effort import Effort
from benchmarks.limits import Kind, Limit
from benchmarks.messages import MODEL
from benchmarks.table import Figure
from runflow_mock.domain.commands import CreateBatch, NewItem, Origin
from runflow_mock.domain.documents import write_document
from runflow_mock.domain.money import Money
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.runtime import Runtime
from runflow_mock.runtime.sender import RecordingSender
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.wire.catalog import load_catalog

DAY_BATCHES = 1_000
DAY = timedelta(days=1)
FAILURES = (500, 500, 500, 500, 500)
CALLBACK_URL = "http://127.0.0.1:9000/hook"
ORIGIN = Origin("http://127.0.0.1:8787", "019b76da-a800-7000-8000-000000000001")


async def measure(effort: Effort) -> list[Figure]:
    """Returns how long a simulated day and a failing batch take."""
    target = Limit(Kind.MAX, limits.DAY_SECONDS.value * effort.day_batches / DAY_BATCHES)
    size = f"{effort.day_batches:,} batches of {effort.batch_items}"
    return [
        Figure(name=f"simulated day, {size}", unit="s", ours=await _day(effort), target=target),
        Figure(name=f"batch of {effort.batch_items}, {len(FAILURES)} failing attempts", unit="ms", ours=await _refused(effort) * 1000),
    ]


async def _day(effort: Effort) -> float:
    sender = RecordingSender()
    runtime, tenant = _world(sender)
    pause = DAY / effort.day_batches
    started = perf_counter()
    for number in range(effort.day_batches):
        runtime.execute(tenant, _batch(effort, number))
        await runtime.advance_by(tenant, pause)
    await runtime.run_until_idle(tenant)
    took = perf_counter() - started
    _check(runtime, sender, effort.day_batches)
    return took


async def _refused(effort: Effort) -> float:
    sender = RecordingSender(*FAILURES)
    runtime, tenant = _world(sender)
    started = perf_counter()
    runtime.execute(tenant, _batch(effort, 0))
    await runtime.run_until_idle(tenant)
    took = perf_counter() - started
    _check(runtime, sender, len(FAILURES))
    return took


def _world(sender: RecordingSender) -> tuple[Runtime, Tenant]:
    config = Config(clock=ClockMode.MANUAL, speed=1.0, balance=Money(10**12), callback_secret="rf_whsec_benchmark")
    runtime = Runtime(config, load_catalog(), sender)
    return runtime, runtime.tenants.create(config.tenant("bench"))


def _batch(effort: Effort, number: int) -> CreateBatch:
    items = (
        NewItem(write_document({"image_url": f"https://cdn.example.com/{number}/{index}.jpg"}), f"sku-{number}-{index}")
        for index in range(effort.batch_items)
    )
    return CreateBatch(model=MODEL, items=tuple(items), callback_url=CALLBACK_URL, origin=ORIGIN)


def _check(runtime: Runtime, sender: RecordingSender, callbacks: int) -> None:
    signed = sum("Runflow-Signature" in request.headers for request in sender.sent)
    if signed != callbacks or runtime.background_errors:
        raise RuntimeError(f"{signed} signed callbacks instead of {callbacks}; {list(runtime.background_errors)}")

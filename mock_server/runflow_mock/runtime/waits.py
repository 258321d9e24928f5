"""Waits: whoever asks for something to come to pass is told when it has."""

import asyncio
from asyncio import sleep, timeout
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext, suppress

from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.catching_up import catch_up
from runflow_mock.runtime.polls import Poll
from runflow_mock.runtime.runtime import Runtime
from runflow_mock.runtime.tenants import Tenant


@asynccontextmanager
async def turn_to_look(runtime: Runtime, tenant: Tenant) -> AsyncIterator[None]:
    """Waits for the turn of a look at everything: of many that are due at one moment each has a turn of the loop of its own.

    They come tenant by tenant: whoever has many waits lets those of others stand behind one of them, not behind all.
    """
    async with tenant.looking, runtime.looks:
        await sleep(0)
        yield


async def until_ended(runtime: Runtime, tenant: Tenant, run_id: str, seconds: float) -> None:
    """Returns once a run has ended, or after `seconds` of real time. Under `auto` time moves on to it; see `Runtime.poll`."""
    await until(runtime, tenant, lambda: tenant.world.store.run(run_id).is_terminal, run_id, seconds)


async def until(
    runtime: Runtime, tenant: Tenant, holds: Callable[[], bool], resource_id: str | None, seconds: float, *, looks_at_requests: bool = False
) -> bool:
    """Returns whether a condition came to hold within `seconds` of real time; it is looked at whenever something has happened.

    Requests that change nothing count where it `looks_at_requests`: each look may take long then, and has a turn of its own. Whoever
    waits for a tenant that goes, or for a server that stops, waits no longer. Under `auto` time moves on, to the next change of the
    resource or else from timer to timer; see `Runtime.poll`.
    """
    changed = asyncio.Event()
    tenant.change_events.add(changed)
    listeners = tenant.journal.listeners if looks_at_requests else []
    listeners.append(changed.set)
    try:
        with suppress(TimeoutError):
            async with timeout(seconds):
                while True:
                    # Before the look: what happens while it waits for its turn is looked at next.
                    changed.clear()
                    async with turn_to_look(runtime, tenant) if looks_at_requests else nullcontext():
                        is_there = holds()
                    if is_there or runtime.is_stopping or tenant.is_dropped:
                        break
                    if tenant.settings.clock is ClockMode.AUTO:
                        async with tenant.moving:
                            await runtime.idle(tenant)
                        # What an earlier poll brings about, perhaps our own, comes first.
                        await catch_up(runtime, tenant)
                        if holds():
                            break
                        runtime.poll(tenant, Poll(tenant.world.store, resource_id, is_client=False))
                        await sleep(0)
                    await changed.wait()
        return holds()
    finally:
        tenant.change_events.discard(changed)
        listeners.remove(changed.set)

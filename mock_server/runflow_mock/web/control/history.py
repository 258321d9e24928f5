"""The history: commands and events of a world in order, as `runflow-mock replay` reads them.

Secrets are left out: they follow from the seed, or the user has them.
"""

from asyncio import to_thread
from collections.abc import Callable
from functools import partial

from runflow_mock.domain.scrubbing import Scrubber
from runflow_mock.engine.world import World
from runflow_mock.web.calls import Answer, Call
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.routing import Operation
from runflow_mock.wire.history import represent_history


async def get_history(call: Call) -> Answer:
    """GET /_mock/history: the commits of the world, in order, with all that `runflow-mock replay` needs."""
    tenant = tenant_of(call)
    return Answer(200, await to_thread(history_writer(tenant.world, call.runtime.scrubber)))


def history_writer(world: World, scrubber: Scrubber) -> Callable[[], bytes]:
    """Returns what writes the document that repeats a world as it is now; it takes long, and a thread may do it."""
    history = world.history.standing()
    return partial(
        represent_history,
        world.settings,
        world.catalog,
        ((entry.at, entry.command, entry.events) for entry in history),
        started_at=world.started_at,
        now=world.now,
        forgotten=history.forgotten,
        base=world.snapshot_before(history) if history.forgotten else None,
        scrubber=scrubber,
    )


OPERATIONS: tuple[Operation[ControlHandler], ...] = (Operation("GET", "/_mock/history", get_history, is_long=True),)

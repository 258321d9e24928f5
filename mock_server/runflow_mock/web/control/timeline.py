"""The timeline of a world: everything that happened in it, retold from its history; as a window, with the requests among it."""

from asyncio import to_thread
from collections.abc import Iterator

import msgspec

from runflow_mock.domain.faults import FaultRule
from runflow_mock.domain.identity import RuleId
from runflow_mock.domain.scrubbing import Scrubber
from runflow_mock.engine.history import Standing, retell
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.web.calls import Answer, Call, answer
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.pieces import answer_window, look
from runflow_mock.web.routing import Operation
from runflow_mock.wire.timeline import Step, represent_commits, scrubbed_steps
from runflow_mock.wire.windows import Window, read_window

_encode = msgspec.json.Encoder().encode


async def get_timeline(call: Call) -> Answer:
    """GET /_mock/timeline: what happened so far, in order; with `limit` a window, newest first, with the requests among it."""
    tenant = tenant_of(call)
    window = read_window(call.parameters, "kind")
    if window is not None:
        happenings = await call.runtime.feeds.of(call.caller).happenings.told()
        found, total = await look(happenings, window, lambda step: _keeps(window, step, call.runtime.scrubber))
        return await answer_window(call, found, total, forgotten=happenings.forgotten)
    forgotten = tenant.world.history.forgotten
    return answer({"items": await steps_of(call, tenant), "forgotten": forgotten})


async def steps_of(call: Call, tenant: Tenant) -> msgspec.Raw:
    """Returns everything that happened in a tenant's world, without secrets; rules that were taken out of force are told as they were."""
    history, rules = tenant.world.history.standing(), dict(tenant.world.store.rules)
    return await to_thread(_written, history, rules, call.runtime.scrubber)


def _written(history: Standing, rules: dict[RuleId, FaultRule], scrubber: Scrubber) -> msgspec.Raw:
    """Returns the steps as JSON. Each commit is written by itself: a thread that does all at once keeps the others from going on."""
    written = list[bytes]()
    for steps in represent_commits(retell(history), rules):
        written += [scrubber.scrub(_encode(step)) for step in steps]
    return msgspec.Raw(b"[" + b",".join(written) + b"]")


def _keeps(window: Window, step: Step, scrubber: Scrubber) -> bool:
    """Tells whether a step is looked for; what is found in a secret is not, or one could be guessed letter by letter."""
    if not (window.has("kind", str(step["kind"])) and window.finds(*_texts(step))):
        return False
    return not window.text or window.finds(*_texts(scrubbed_steps((step,), scrubber)[0]))


def _texts(step: Step) -> Iterator[str]:
    return (value for value in step.values() if isinstance(value, str))


OPERATIONS: tuple[Operation[ControlHandler], ...] = (Operation("GET", "/_mock/timeline", get_timeline, is_long=True),)

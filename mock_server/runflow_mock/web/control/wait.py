"""Wait: holds its answer until something is true of the tenant, without asking again and again; bounded, and told why it was in vain."""

import asyncio
from collections.abc import Callable, Mapping
from typing import NamedTuple

from runflow_mock.domain.clauses import JournalSubject
from runflow_mock.domain.deliveries import Delivery
from runflow_mock.domain.errors import NotFound
from runflow_mock.engine.store import Store
from runflow_mock.web.calls import Answer, Call, answer
from runflow_mock.web.control.app import STOPPED, ControlHandler
from runflow_mock.web.control.faults import names_in
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.control.verify import completion
from runflow_mock.web.routing import Operation
from runflow_mock.wire.clauses import represent_verified
from runflow_mock.wire.control import ControlError, represent_control_error
from runflow_mock.wire.journal_subjects import subject_of
from runflow_mock.wire.waits import JOURNAL, Wait, decode_wait

WAITS_MAX = 1_000


class Seen(NamedTuple):
    """A record at one look: its status, and whether it has ended."""

    id: str
    status: str
    is_terminal: bool


class Watch(NamedTuple):
    """What is waited for: whether it holds by now, whether it never can, the record whose change brings it nearer, and what there is."""

    holds: Callable[[], bool]
    is_hopeless: Callable[[], bool]
    resource_id: str | None
    state: Callable[[], object]


async def wait(call: Call) -> Answer:
    """POST /_mock/wait {"for": {"run": "<id>"}, "timeout": 5}: 200 when it holds, 409 when it never can, 408 when it took too long."""
    tenant = tenant_of(call)
    asked = decode_wait(call.body, names_in(call))
    if len(tenant.change_events) >= WAITS_MAX:
        raise ControlError(409, "limit", f"{WAITS_MAX} waits are open for this tenant already")
    call.runtime.settle(tenant)
    watch = _journal(call, asked) if asked.noun == JOURNAL else _record(call, asked)
    began = asyncio.get_running_loop().time()
    await call.runtime.until(tenant, lambda: watch.holds() or watch.is_hopeless(), watch.resource_id, asked.seconds)
    told = {"waited_seconds": round(asyncio.get_running_loop().time() - began, 3), "state": watch.state()}
    if watch.holds():
        return answer({"held": True, **told})
    error = STOPPED if call.runtime.is_stopping else _vain(asked, is_hopeless=watch.is_hopeless(), stands=tenant.clock.rate == 0)
    return answer({**represent_control_error(error), "held": False, **told}, error.status)


def _record(call: Call, asked: Wait) -> Watch:
    store = call.store
    look = _LOOKS[asked.noun]
    look(store, asked.id)  # What does not exist is told at once.

    def is_wanted(seen: Seen) -> bool:
        return seen.status in asked.statuses if asked.statuses else seen.is_terminal

    return Watch(
        holds=lambda: any(map(is_wanted, look(store, asked.id))),
        is_hopeless=lambda: bool(found := look(store, asked.id)) and all(seen.is_terminal for seen in found),
        resource_id=None if asked.noun == "delivery" else asked.id,
        state=lambda: [{"id": seen.id, "status": seen.status} for seen in look(store, asked.id)],
    )


def _journal(call: Call, asked: Wait) -> Watch:
    statement, complete = asked.statement, completion(call)
    assert statement is not None
    known: dict[str, JournalSubject] = {}

    def latest() -> list[JournalSubject]:
        nonlocal known
        known = {exchange.id: known.get(exchange.id) or subject_of(exchange, complete) for exchange in call.caller.journal}
        return list(known.values())

    return Watch(
        holds=lambda: statement.check(latest(), explains=False).holds,
        is_hopeless=lambda: False,
        resource_id=None,
        state=lambda: represent_verified(statement.check(latest())),
    )


def _vain(asked: Wait, *, is_hopeless: bool, stands: bool) -> ControlError:
    about = f"the {asked.noun} {asked.id}".strip()
    if is_hopeless:
        return ControlError(409, "not_possible", f"{about} has ended otherwise than as {' or '.join(asked.statuses)}")
    hint = "; this tenant's clock stands: POST /_mock/clock/advance, or make the tenant with the clock auto" if stands else ""
    return ControlError(408, "timeout", f"{about} did not come so far within {asked.seconds:g} s{hint}")


def _run(store: Store, run_id: str) -> list[Seen]:
    run = store.run(run_id)
    return [Seen(run.id, run.status, run.is_terminal)]


def _batch(store: Store, batch_id: str) -> list[Seen]:
    batch = store.batch(batch_id)
    return [Seen(batch.id, batch.status, batch.is_terminal)]


def _evaluation(store: Store, evaluation_id: str) -> list[Seen]:
    evaluation = store.evaluation(evaluation_id)
    return [Seen(evaluation.id, evaluation.status, evaluation.is_terminal)]


def _deliveries(store: Store, wanted: str) -> list[Seen]:
    """Returns the delivery of that id, or all that tell about the run, batch or evaluation of that id."""
    found: list[Delivery] = [delivery for delivery in store.deliveries.values() if wanted in (delivery.id, delivery.parent_id)]
    known = {*store.runs, *store.batches, *store.evaluations} if not found else frozenset[str]()
    if not found and wanted not in known:
        raise NotFound("delivery", wanted)
    return [Seen(delivery.id, delivery.status, delivery.is_terminal) for delivery in found]


_LOOKS: Mapping[str, Callable[[Store, str], list[Seen]]] = {
    "run": _run,
    "batch": _batch,
    "evaluation": _evaluation,
    "delivery": _deliveries,
}

OPERATIONS: tuple[Operation[ControlHandler], ...] = (Operation(id="wait", method="POST", path="/_mock/wait", handler=wait),)

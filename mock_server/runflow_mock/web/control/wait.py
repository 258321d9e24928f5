"""Wait: holds its answer until something is true of the tenant, without asking again and again; bounded, and told why it was in vain."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from itertools import islice
from typing import NamedTuple

import msgspec

from runflow_mock.domain.clauses import JournalSubject
from runflow_mock.domain.errors import NotFound
from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.identity import DeliveryId
from runflow_mock.domain.places import Room
from runflow_mock.engine.store import Store
from runflow_mock.runtime.judging import READ_STEP_EXCHANGES, STEP_BYTES
from runflow_mock.runtime.tenant_uses import WAITS_MAX
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.runtime.waits import turn_to_look, until
from runflow_mock.web.calls import Answer, Call, answer, scrubbed
from runflow_mock.web.control.app import STOPPED, ControlHandler
from runflow_mock.web.control.completions import completion
from runflow_mock.web.control.faults import names_in
from runflow_mock.web.control.guard import gone, tenant_of
from runflow_mock.web.control.verify import checked, subjects_in
from runflow_mock.web.routing import Operation
from runflow_mock.wire.clauses import Statement, represent_verified
from runflow_mock.wire.control import ControlError, represent_control_error
from runflow_mock.wire.journal_subjects import subject_of
from runflow_mock.wire.waits import JOURNAL, Wait, decode_wait

SUBJECTS_MAX = 64
"""How many exchanges are kept as clauses see them: those that came last, for all who wait."""

# They stay until others come, in every tenant: nothing of them is kept as it was read.
_NO_ROOM = Room(0)


class Seen(NamedTuple):
    """A record at one look: its status, and whether it has ended."""

    id: str
    status: str
    is_terminal: bool


class Watch(NamedTuple):
    """What is waited for: whether it holds by now, whether it never can, and the record whose change brings it nearer.

    `told` returns whether it held at this moment, and what there was then, however long that takes to be found out. Where much is to be
    looked at for the first time, `looks_on` looks at the next of it, and tells whether more is left.
    """

    holds: Callable[[], bool]
    is_hopeless: Callable[[], bool]
    resource_id: str | None
    told: Callable[[], Awaitable[tuple[bool, object]]]
    looks_on: Callable[[], bool]


async def wait(call: Call) -> Answer:
    """POST /_mock/wait {"for": {"run": "<id>"}, "timeout": 5}: 200 when it holds, 409 when it never can, 408 when it took too long."""
    tenant = tenant_of(call)
    asked = decode_wait(call.body, names_in(call))
    if tenant.waits_open >= WAITS_MAX:
        raise ControlError(409, "limit", f"{WAITS_MAX} waits are open for this tenant already")
    tenant.waits_open += 1
    try:
        return await _wait(call, tenant, asked)
    finally:
        tenant.waits_open -= 1


async def _wait(call: Call, tenant: Tenant, asked: Wait) -> Answer:
    watch = _journal(call, asked) if asked.noun == JOURNAL else _record(call, asked)
    began = asyncio.get_running_loop().time()
    looks_at_requests = asked.noun == JOURNAL

    def is_over() -> bool:
        return watch.holds() or watch.is_hopeless()

    is_more_left, is_told = True, False
    while is_more_left and not (call.runtime.is_stopping or tenant.is_dropped):
        async with turn_to_look(call.runtime, tenant):
            is_more_left = watch.looks_on()
            is_told = not is_more_left and is_over()
    if not is_told:
        await until(call.runtime, tenant, is_over, watch.resource_id, asked.seconds, looks_at_requests=looks_at_requests)
    waited = round(asyncio.get_running_loop().time() - began, 3)
    async with turn_to_look(call.runtime, tenant):
        telling = watch.told()
    # Behind that turn: who tells of a whole journal keeps nobody else from a look.
    is_held, state = await telling
    told = {"waited_seconds": waited, "state": state}
    if is_held:
        return answer({"held": True, **told})
    if call.runtime.is_stopping:
        error = STOPPED
    elif tenant.is_dropped:
        error = gone(tenant, f"{asked.about} came so far")
    else:
        error = _vain(asked, is_hopeless=watch.is_hopeless(), stands=tenant.clock.rate == 0)
    return answer({**represent_control_error(error), "held": False, **told}, error.status)


def _record(call: Call, asked: Wait) -> Watch:
    store = call.store
    look = _LOOKS[asked.noun]()
    look(store, asked.id)  # What does not exist is told at once.

    def is_wanted(seen: Seen) -> bool:
        return seen.status in asked.statuses if asked.statuses else seen.is_terminal

    async def told() -> tuple[bool, object]:
        found = look(store, asked.id)
        return any(map(is_wanted, found)), [{"id": seen.id, "status": seen.status} for seen in found]

    return Watch(
        holds=lambda: any(map(is_wanted, look(store, asked.id))),
        is_hopeless=lambda: bool(found := look(store, asked.id)) and all(seen.is_terminal for seen in found),
        resource_id=None if asked.noun == "delivery" else asked.id,
        told=told,
        looks_on=lambda: False,
    )


class _JournalLook:
    """Looks at the exchanges of a journal that came since the last look, each once; a journal that was cleared begins anew."""

    def __init__(self, call: Call, statement: Statement) -> None:
        self._tenant = call.caller
        self._statement = statement
        self._complete = completion(call)
        self._progress = statement.begin()
        self._clearings = self._tenant.journal.clearings
        self._number = 0

    def holds(self) -> bool:
        """Tells whether the statement is true by now."""
        while self.looks_on():
            continue
        return self._progress.holds

    def looks_on(self) -> bool:
        """Looks at the next few exchanges, and tells whether more are left."""
        journal = self._tenant.journal
        if journal.clearings != self._clearings:
            self._clearings, self._number, self._progress = journal.clearings, 0, self._statement.begin()
        few = journal.oldest_after(self._number, READ_STEP_EXCHANGES, STEP_BYTES)
        for exchange in few:
            self._progress.take(self._subject(exchange))
        self._number = few[-1].number if few else journal.total
        return self._number < journal.total

    def _subject(self, exchange: Exchange) -> JournalSubject:
        """Returns an exchange as clauses see it, which is found out once for all who wait."""
        latest = self._tenant.latest_subjects
        found = latest.get(exchange.id)
        if found is None:
            if len(latest) >= SUBJECTS_MAX:
                latest.clear()
            found = latest[exchange.id] = subject_of(exchange, self._complete, _NO_ROOM)
        return found


def _journal(call: Call, asked: Wait) -> Watch:
    statement = asked.statement
    assert statement is not None
    look = _JournalLook(call, statement)

    def told() -> Awaitable[tuple[bool, object]]:
        return verified(call.caller.journal.total)

    async def verified(total: int) -> tuple[bool, object]:
        # What comes while the journal is read was not there when somebody looked last.
        found = await checked(statement, await subjects_in(call, total))
        return found.holds, msgspec.Raw(scrubbed(call, answer(represent_verified(found))).body)

    return Watch(holds=look.holds, is_hopeless=lambda: False, resource_id=None, told=told, looks_on=look.looks_on)


def _vain(asked: Wait, *, is_hopeless: bool, stands: bool) -> ControlError:
    if is_hopeless:
        return ControlError(409, "not_possible", f"{asked.about} has ended otherwise than as {' or '.join(asked.statuses)}")
    hint = "; this tenant's clock stands: POST /_mock/clock/advance, or make the tenant with the clock auto" if stands else ""
    return ControlError(408, "timeout", f"{asked.about} did not come so far within {asked.seconds:g} s{hint}")


def _run(store: Store, run_id: str) -> list[Seen]:
    run = store.run(run_id)
    return [Seen(run.id, run.status, run.is_terminal)]


def _batch(store: Store, batch_id: str) -> list[Seen]:
    batch = store.batch(batch_id)
    return [Seen(batch.id, batch.status, batch.is_terminal)]


def _evaluation(store: Store, evaluation_id: str) -> list[Seen]:
    evaluation = store.evaluation(evaluation_id)
    return [Seen(evaluation.id, evaluation.status, evaluation.is_terminal)]


class _DeliveryLook:
    """Looks for the delivery of an id, or for all that tell about the run, batch or evaluation of that id: at each new one once."""

    def __init__(self) -> None:
        self._seen = 0
        self._found: list[DeliveryId] = []

    def __call__(self, store: Store, wanted: str) -> list[Seen]:
        """Returns what was found; raises `NotFound` where nothing of that id can ever have one."""
        known = len(store.deliveries)
        latest = islice(reversed(store.deliveries.values()), known - self._seen)
        self._found += [delivery.id for delivery in latest if wanted in (delivery.id, delivery.parent_id)][::-1]
        self._seen = known
        if not self._found and not any(wanted in records for records in (store.runs, store.batches, store.evaluations)):
            raise NotFound("delivery", wanted)
        found = [store.deliveries[delivery_id] for delivery_id in self._found]
        return [Seen(delivery.id, delivery.status, delivery.is_terminal) for delivery in found]


_LOOKS: Mapping[str, Callable[[], Callable[[Store, str], list[Seen]]]] = {
    "run": lambda: _run,
    "batch": lambda: _batch,
    "evaluation": lambda: _evaluation,
    "delivery": _DeliveryLook,
}

OPERATIONS: tuple[Operation[ControlHandler], ...] = (Operation("POST", "/_mock/wait", wait),)

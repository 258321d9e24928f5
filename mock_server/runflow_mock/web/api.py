"""The API under `/v1`: one ASGI application that takes a request through journal, key, scope and idempotency to its handler.

Everything between receiving the body and sending the answer is one synchronous call. Source of the order: a bad key is told before an
unknown route or a bad body.
"""

from asyncio import Lock
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import nullcontext, suppress
from functools import partial
from sys import maxsize
from typing import Any

from starlette.types import Receive, Scope, Send

from runflow_mock.domain.errors import DomainError
from runflow_mock.runtime.catching_up import Behind, catch_up
from runflow_mock.runtime.runtime import Runtime
from runflow_mock.web.authentication import authenticate, authorize
from runflow_mock.web.bodies import SMALL_BYTES_MAX, Bodies, BodiesFull, Disconnected, Stopped, is_large, may_have_body
from runflow_mock.web.calls import Answer, Call, Give, Handler, length_of, refusal, send_answer
from runflow_mock.web.exchanges import record_exchange
from runflow_mock.web.faults.meeting import look_ahead, meet_creation, meet_request
from runflow_mock.web.faults.sending import UNANSWERED, carry_out, plan_answer
from runflow_mock.web.idempotency import closed_afterwards, leave_open, place_of, recall, remember
from runflow_mock.web.keeping import once_written, written_first
from runflow_mock.web.pieces import to_the_end
from runflow_mock.web.quotas import admit
from runflow_mock.web.routing import Match, Operation, router_of
from runflow_mock.wire.problems import (
    Problem,
    internal_error,
    method_not_allowed,
    not_found,
    not_now,
    problem_of,
    too_large,
)

PREPARED_BYTES_MIN = 4_096
"""What is shorter is read in the turn in which it is answered: preparing it would cost more than it does."""

Hold = Callable[[Call, Answer, Receive], Awaitable[Answer]]
Answered = tuple[Operation[Handler] | None, Answer]


class Api:
    """Answers every request to the API, also those that lead nowhere; where no keys are taken, all operations have to be public."""

    def __init__(self, runtime: Runtime, operations: tuple[Operation[Handler], ...], hold: Hold, *, takes_keys: bool = True) -> None:
        self._runtime = runtime
        self._hold = hold
        self._takes_keys = takes_keys
        self._router = router_of(operations)
        self._large = Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = self._runtime.timer()
        call, bodies = Call(self._runtime, scope, b""), Bodies(self._runtime)
        try:
            answered = await self._read_and_answer(call, bodies, receive)
            await self._give(call, answered, started, (receive, send))
        except Disconnected:
            return
        finally:
            bodies.release()

    def at_once(self, scope: Scope, body: bytes, give: Give) -> None:
        """Gives the answer to a request that is here as a whole, or what goes on with it where the answer has to wait for something.

        Where all it waits for is a row in a file of this server's, it is given at the end of the tick, when that is written.
        """
        started, is_oversized = self._runtime.timer(), len(body) > self._runtime.config.body_bytes_max
        call = Call(self._runtime, scope, b"" if is_oversized else body)
        if self._preparing(call) is not None:
            give(self)
            return
        try:
            answered = self._answer_and_note(call, is_oversized=is_oversized)
        except Behind:
            give(self)
            return

        def go_on(*, is_written: bool) -> None:
            if not is_written:
                give(lambda _, receive, send: self._give(call, answered, started, (receive, send)))
                return
            try:
                complete = self._complete(call, answered, started)
            # Here no server stands behind that would answer for a bug of ours, and others may wait for the same row.
            except Exception as error:
                refused = self._refusal(call, error)
                complete = Answer(refused.status, refused.body, (*refused.headers, *length_of(refused)))
            give(complete)
            if call.waits_for:
                self._see_polls(call)

        _, given = answered
        comes_first = given.waits_for_run is not None or given.callbacks_before or given.made_later is not None
        # A rule may decide how the answer leaves.
        if comes_first or call.response_fault is not None:
            go_on(is_written=False)
        elif not _has_to_be_written(call):
            go_on(is_written=True)
        elif not once_written(call, go_on):
            go_on(is_written=False)

    async def _give(self, call: Call, answered: Answered, started: float, client: tuple[Receive, Send]) -> None:
        """Gives an answer once there is nothing left that it waits for."""
        (operation, given), asking, (receive, send) = answered, call.tenant, client
        if asking is not None:
            asking.requests_under_way += 1
        try:
            if given.made_later is not None and operation is not None:
                given = await self._make(call, operation.id, given.made_later())
            if given.waits_for_run is not None or given.callbacks_before:
                with closed_afterwards(call):
                    given = await self._hold(call, given, receive)
            if _has_to_be_written(call):
                given = await written_first(call, given)
            if call.response_fault is None:
                await send_answer(self._complete(call, (operation, given), started), call.method, send)
                return
            plan, elapsed_ms = plan_answer(call, given), (self._runtime.timer() - started) * 1000
            await carry_out(call, None if operation is None else operation.id, plan, elapsed_ms, client)
        finally:
            if asking is not None:
                asking.requests_under_way -= 1
            self._see_polls(call)

    async def _make(self, call: Call, operation_id: str, work: Coroutine[Any, Any, Answer]) -> Answer:
        try:
            return await self._runtime.loop_watch.timed(operation_id, work)
        except Exception as error:
            return self._refusal(call, error)

    def _complete(self, call: Call, answered: Answered, started: float) -> Answer:
        """Returns an answer as it leaves, and keeps it in the journal."""
        operation, given = answered
        complete = Answer(given.status, given.body, (*given.headers, *call.limits, *call.marks, *length_of(given)))
        record_exchange(call, None if operation is None else operation.id, complete, (self._runtime.timer() - started) * 1000)
        return complete

    def _see_polls(self, call: Call) -> None:
        # A poll counts once its answer is there: what it brings about must not show in it, and neither must a bug of ours in that.
        try:
            for poll in call.waits_for:
                self._runtime.poll(call.caller, poll)
        except Exception as error:
            self._runtime.report(call.tenant, error)

    async def _read_and_answer(self, call: Call, bodies: Bodies, receive: Receive) -> Answered:
        """Returns the answer; whoever may not come in gets it before the body was read, where there is much of it."""
        operation, is_oversized = None, False
        try:
            if is_large(call.scope):
                match, operation = self._route(call)
                if self._takes_keys and _takes_key(call.path, match):
                    tenant, _ = authenticate(call)
                    bodies.count(self._runtime.bounds.body_bytes, self._runtime.bounds.bodies_of(tenant.settings.name))
                    call.body, is_oversized = await bodies.receive(call.scope, receive, self._runtime.config.body_bytes_max)
            elif may_have_body(call.scope):
                call.body, is_oversized = await bodies.receive(call.scope, receive, self._runtime.config.body_bytes_max)
        except Problem as problem:
            return operation, refusal(problem)
        except (BodiesFull, Stopped) as error:
            return operation, refusal(not_now(str(error)))
        try:
            await self._prepare(call)
            return self._answer_and_note(call, is_oversized=is_oversized)
        except Behind as behind:
            await catch_up(self._runtime, behind.tenant)
            # A request waits once: what is left, where others make more of it all the while, happens before its answer.
            call.timers_max = maxsize
            return self._answer_and_note(call, is_oversized=is_oversized)
        except Exception as error:
            # A bug of ours in what prepares: nothing was done for the request.
            return self._route(call)[1], self._refusal(call, error)

    def _route(self, call: Call) -> tuple[Match[Handler] | None, Operation[Handler] | None]:
        match = self._router.match(call.path)
        return match, None if match is None else match.operations.get(call.verb)

    def _preparing(self, call: Call) -> Callable[[], Awaitable[None]] | None:
        """Returns what reads a request that is long before it is answered, where that makes a difference."""
        if len(call.body) < PREPARED_BYTES_MIN or not self._takes_keys:
            return None
        match, operation = self._route(call)
        if match is None or operation is None or operation.prepare is None:
            return None
        steps = partial(_look_at, call, operation.prepare, operation.id, match.params)
        return lambda: self._runtime.loop_watch.timed(operation.id, steps())

    async def _prepare(self, call: Call) -> None:
        """Has a long request read while others have their turn; it is not answered yet, nor has its tenant moved."""
        prepare = self._preparing(call)
        if prepare is None:
            return
        # What speaks against it does so again when its turn comes, and is told then.
        with suppress(Problem, DomainError):
            # Until all of it is read, what was parsed of a large body takes many times its length: there is one at a time.
            async with self._large if len(call.body) > SMALL_BYTES_MAX else nullcontext():
                call.tenant, _ = authenticate(call)
                await prepare()
        # By then it may be another one, or none.
        call.tenant = None

    def _answer_and_note(self, call: Call, *, is_oversized: bool) -> Answered:
        timer = self._runtime.timer
        started = timer()
        operation, given = self._answer(call, is_oversized=is_oversized)
        self._runtime.loop_watch.note(f"{call.method} {call.path[:200]}" if operation is None else operation.id, timer() - started)
        return operation, given

    def _answer(self, call: Call, *, is_oversized: bool) -> Answered:
        operation = None
        try:
            match, operation = self._route(call)
            # What leads nowhere belongs into the journal of the one who asked, if somebody says who asks.
            enters = self._takes_keys and (operation is None or not operation.is_public)
            # An operation that is not public takes a key; what the path says only matters where there is none.
            enters = enters and self._enter(call, is_asked=operation is not None or _takes_key(call.path, match))
            # Who asks decides what there is: the 404 of an inferred operation is a strict tenant's own, in its journal and under its rules.
            if call.tenant is not None and call.tenant.settings.strict:
                match = _proven(call, match)
                operation = None if match is None else match.operations.get(call.verb)
            # Before the quota: what a rule answers instead of the API does not count against it.
            if meet_request(call, None if operation is None else operation.id, {} if match is None else match.params):
                return operation, UNANSWERED
            if enters and not call.caller.meter.is_idle:
                admit(call)
            if match is None:
                raise not_found(f"There is no route {call.method} {call.path[:200]}.")
            if operation is None:
                raise method_not_allowed(call.method, sorted(match.operations))
            call.params = match.params
            if is_oversized:
                raise too_large(self._runtime.config.body_bytes_max)
            if not operation.is_public:
                authorize(call.principal, operation.scope, call.header(b"x-organization-id") if operation.takes_organization else None)
                if call.query:
                    call.check_query()
            return operation, self._handle(call, operation)
        except Exception as error:
            return operation, self._refusal(call, error)

    def _refusal(self, call: Call, error: Exception) -> Answer:
        """Returns the answer to a request for which nothing could be done; of one that has to wait for its tenant nothing was tried."""
        if isinstance(error, Behind):
            raise error
        if isinstance(error, Problem):
            return refusal(error)
        if isinstance(error, DomainError):
            return refusal(problem_of(error, call.dialect))
        self._runtime.report(call.tenant, error)
        return refusal(internal_error())

    def _enter(self, call: Call, *, is_asked: bool) -> bool:
        """Finds out who is calling; where no key is asked for, one that is missing or wrong does not matter."""
        try:
            tenant, call.principal = authenticate(call)
        except Problem:
            if is_asked:
                raise
            return False
        call.tenant = tenant
        if not self._runtime.settle(tenant, call.timers_max):
            raise Behind(tenant)
        call.is_settled = True
        call.request_id = tenant.issue_request_id(changes=call.method not in ("GET", "HEAD"))
        return True

    def _handle(self, call: Call, operation: Operation[Handler]) -> Answer:
        place = None if operation.is_public or call.method != "POST" else place_of(call)
        call.place = place
        remembered = None if place is None else recall(call, place)
        if remembered is not None:
            return remembered
        size = 0 if call.method in ("GET", "HEAD") else len(call.body)
        objection = self._runtime.holdings.objection(call.tenant, size) if size else None
        if objection is not None:
            raise not_now(objection)
        given = operation.handler(call)
        if size and call.tenant is not None and given.status < 300:
            self._runtime.holdings.keep(call.tenant, size)
        # Before rules act on the answer: whoever repeats the request gets what the API has said.
        if place is not None:
            remember(call, place, given)
        if call.is_watched:
            meet_creation(call, operation.id, given)
        if place is not None:
            leave_open(call, place, given)
        return given


async def _look_at(
    call: Call, prepare: Callable[[Call, Mapping[str, str]], Awaitable[None]], operation: str, params: Mapping[str, str]
) -> None:
    """Reads a long request, and what rules will find in it."""
    await prepare(call, params)
    await to_the_end(look_ahead(call, operation, params))


def _has_to_be_written(call: Call) -> bool:
    """Tells whether a kept tenant has gone through something for this request that is not written yet, or may have."""
    kept = None if call.tenant is None else call.tenant.kept
    return kept is not None and not (call.method == "GET" and kept.is_settled)


def _takes_key(path: str, match: Match[Handler] | None) -> bool:
    """Whether a key is asked for at a path, whatever the method: not beside the API, nor where all is public, nor under /v1/public."""
    if match is not None:
        return not all(operation.is_public for operation in match.operations.values())
    return (path == "/v1" or path.startswith("/v1/")) and not path.startswith("/v1/public/")


def _proven(call: Call, match: Match[Handler] | None) -> Match[Handler] | None:
    """Returns what a path leads to for a tenant that is strict: operations that are only inferred are not there."""
    if match is None:
        return None
    known = {method: operation for method, operation in match.operations.items() if operation.evidence != "inferred"}
    is_hidden = match.operations.get(call.verb) not in (None, *known.values())
    return Match(known, match.params) if known and not is_hidden else None

"""The control API under `/_mock`: one ASGI application, with its own errors, for those who run the test, not for the client under it."""

import asyncio
from asyncio import FIRST_COMPLETED, Event, create_task, wait
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, NamedTuple

from starlette.types import Receive, Scope, Send

from runflow_mock.domain.errors import DomainError, LimitReached, ModelNotFound, NotFound
from runflow_mock.runtime.catching_up import catch_up
from runflow_mock.runtime.keepers import Elsewhere, KeepError, Unusable
from runflow_mock.runtime.refusals import BeyondTime, ServerFull, StepsExceeded, TenantUnavailable
from runflow_mock.runtime.runtime import YIELD_EVERY_TIMERS, Runtime
from runflow_mock.web.answer_turns import AnswerTurns, Turn
from runflow_mock.web.bodies import Bodies, BodiesFull, Disconnected, Stopped, is_large
from runflow_mock.web.calls import Answer, Call, Give, answer, length_of, send_answer
from runflow_mock.web.connections import connection_of
from runflow_mock.web.control.guard import check_entry, check_origin, check_type, full, named_by_key
from runflow_mock.web.keeping import until_written
from runflow_mock.web.presence import until_gone, while_connected
from runflow_mock.web.routing import Operation, router_of
from runflow_mock.wire.control import ControlError, refused, represent_control_error
from runflow_mock.wire.problems import Problem

BODY_BYTES_MAX = 8 * 1024 * 1024
STOPPED = ControlError(503, "stopped", "the server was stopped before it came so far")
# A saved tenant holds the bytes of its assets, as base64.
LARGE_BODIES = {"/_mock/snapshot": 384 * 1024 * 1024}


class Stream(NamedTuple):
    """An answer that goes on until its pieces end, the client goes away, or the server stops; `ended` is called then."""

    headers: tuple[tuple[bytes, bytes], ...]
    pieces: AsyncIterator[bytes]
    ended: Callable[[], None]


ControlHandler = Callable[[Call], Coroutine[Any, Any, Answer | Stream]]


class ControlApi:
    """Answers every request below `/_mock`."""

    def __init__(self, runtime: Runtime, operations: tuple[Operation[ControlHandler], ...]) -> None:
        self._runtime = runtime
        self._router = router_of(operations)
        self._turns = AnswerTurns(runtime.bounds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call, bodies, turn = Call(self._runtime, scope, b""), Bodies(self._runtime), Turn(self._turns)
        try:
            given = await self._read_and_answer(call, bodies, turn, receive)
            if isinstance(given, Answer):
                await send_answer(_complete(given), call.method, send)
        except Disconnected:
            return
        finally:
            bodies.release()
            turn.end()
        if isinstance(given, Stream):
            try:
                await _send_stream(given, scope, receive, send)
            finally:
                given.ended()

    def at_once(self, scope: Scope, body: bytes, give: Give) -> None:
        """Gives the answer to a request that is here as a whole, where its operation can say it without a pause."""
        given = self._ready(scope, body)
        give(self if given is None else _complete(given))

    def _ready(self, scope: Scope, body: bytes) -> Answer | None:
        match, tenants = self._router.match(scope["path"]), self._runtime.tenants
        operation = None if match is None else match.operations.get(scope["method"])
        # What is kept has to be written first, and what others have to be asked for.
        if match is None or operation is None or operation.at_once is None or tenants.keeper is not None:
            return None
        call = Call(self._runtime, scope, body)
        call.params = match.params
        try:
            check_origin(call)
            check_type(call)
            tenant = tenants.get(named_by_key(call))
            if tenant is not None and not self._runtime.settle(tenant, YIELD_EVERY_TIMERS):
                return None
            started = self._runtime.timer()
            given: Answer | None = operation.at_once(call)
            self._runtime.loop_watch.note(operation.id, self._runtime.timer() - started)
            return given
        except Exception as error:
            return self._refusal(call, error)

    async def _read_and_answer(self, call: Call, bodies: Bodies, turn: Turn, receive: Receive) -> Answer | Stream:
        limit = LARGE_BODIES.get(call.path, BODY_BYTES_MAX)
        try:
            check_origin(call)
            if is_large(call.scope):
                whose = check_entry(call)
                bodies.count(self._runtime.bounds.body_bytes, self._runtime.bounds.bodies_of(whose))
            call.body, is_oversized = await bodies.receive(call.scope, receive, limit)
            check_type(call)
            if is_oversized:
                raise ControlError(413, "too_large", f"the body is larger than {limit} bytes")
        except ControlError as error:
            return answer(represent_control_error(error), error.status)
        except Stopped:
            return answer(represent_control_error(STOPPED), STOPPED.status)
        except BodiesFull as full:
            return answer(represent_control_error(ControlError(503, "full", str(full))), 503)
        return await self._answer(call, turn, receive)

    async def _answer(self, call: Call, turn: Turn, receive: Receive) -> Answer | Stream:
        try:
            operation = self._operation(call)
            if operation.is_long and not turn.begin(named_by_key(call)):
                await _until_come(turn, call, receive)
            tenant = self._runtime.tenants.get(named_by_key(call))
            if tenant is not None:
                # Handlers find its world at the present; those settle once more that may have waited, or set its clock, before they look.
                call.is_settled = await self._runtime.loop_watch.timed(operation.id, catch_up(self._runtime, tenant))
            given = await self._runtime.loop_watch.timed(operation.id, operation.handler(call))
            if isinstance(given, Stream):
                return given
            await until_written(call)
            return given
        except asyncio.CancelledError:
            # Whoever is still waited for when the time to stop is over.
            if not self._runtime.is_stopping:
                raise
            return answer(represent_control_error(STOPPED), STOPPED.status)
        except Disconnected:
            raise
        except Exception as error:
            return self._refusal(call, error)

    def _refusal(self, call: Call, error: Exception) -> Answer:
        """Returns the answer to a request that could not be carried out."""
        if isinstance(error, Elsewhere):
            return elsewhere(error)
        if isinstance(error, ControlError | Problem | KeepError | DomainError):
            told = refusal_of(error)
            return answer(represent_control_error(told), told.status)
        self._runtime.report(call.tenant, error)
        return answer(represent_control_error(ControlError(500, "bug", "runflow-mock has a bug: see its log")), 500)

    def _operation(self, call: Call) -> Operation[ControlHandler]:
        match = self._router.match(call.path)
        if match is None:
            raise ControlError(404, "not_found", f"there is no verb {call.path[:200]}; GET /_mock/ lists them all")
        operation = match.operations.get(call.verb)
        if operation is None:
            known = ", ".join(sorted(match.operations))
            raise ControlError(405, "method_not_allowed", f"{call.method} is not possible here, but {known}")
        call.params = match.params
        return operation


def _complete(given: Answer) -> Answer:
    """Returns an answer as it leaves: unless it says otherwise, nobody keeps it."""
    headers = (*given.headers, *length_of(given))
    if all(name != b"cache-control" for name, _ in given.headers):
        headers = (*headers, (b"cache-control", b"no-store"))
    return Answer(given.status, given.body, headers)


async def _until_come(turn: Turn, call: Call, receive: Receive) -> None:
    """Waits for the turn of a request.

    What changes something and has come as a whole is carried out, whether or not its sender waits for the answer: as it would be without
    anybody before it in the line.

    Raises:
        Disconnected: whoever only wanted to read has left.
    """
    if call.method not in ("GET", "HEAD"):
        await turn.until_come()
    elif not await while_connected(turn.until_come(), receive):
        raise Disconnected


def elsewhere(error: Elsewhere) -> Answer:
    """Returns the 503 that leads to the worker that has the tenant."""
    given = answer(represent_control_error(ControlError(503, "elsewhere", f"{error}; ask again")), 503)
    return Answer(given.status, given.body, (*given.headers, (b"retry-after", b"1")))


async def _send_stream(given: Stream, scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": (*given.headers, (b"cache-control", b"no-store"))})
    connection, stopped = connection_of(scope), Event()
    if connection is not None:
        connection.on_stop = stopped.set
    ends = [create_task(stopped.wait()), create_task(until_gone(receive))]
    if scope["method"] != "HEAD":
        ends.append(create_task(_send_pieces(given.pieces, send)))
        await wait(ends, return_when=FIRST_COMPLETED)
    for end in ends:
        end.cancel()
    await wait(ends)
    if connection is not None:
        connection.on_stop = None
    await send({"type": "http.response.body", "body": b""})


async def _send_pieces(pieces: AsyncIterator[bytes], send: Send) -> None:
    async for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})


def refusal_of(error: ControlError | Problem | KeepError | DomainError) -> ControlError:  # noqa: PLR0911 - one line for each kind of refusal
    """Returns what the control API answers to whatever it is that was not possible."""
    if isinstance(error, ControlError):
        return error
    if isinstance(error, Problem):
        return ControlError(error.status, "invalid", error.message)
    if isinstance(error, (Unusable, TenantUnavailable)):
        return ControlError(503, "unavailable", str(error))
    if isinstance(error, KeepError):
        return ControlError(507, "not_kept", f"{error}; nothing has changed")
    if isinstance(error, NotFound):
        return ControlError(404, "not_found", f"there is no {error.noun} {error.identifier[:80]!r}")
    if isinstance(error, ModelNotFound):
        nearest = f"; did you mean {error.nearest}?" if error.nearest else ""
        return ControlError(404, "not_found", f"there is no model {error.model_id[:200]!r}{nearest}")
    if isinstance(error, ServerFull):
        return full(error)
    if isinstance(error, BeyondTime):
        return refused(str(error))
    if isinstance(error, StepsExceeded | LimitReached):
        return ControlError(409, "limit", str(error))
    return ControlError(409, "refused", str(error))

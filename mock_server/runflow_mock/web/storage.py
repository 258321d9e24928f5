"""The storage beside the API: takes the bytes of uploads and gives out those of assets, at signed addresses and without a key.

The path names the tenant and is covered by the signature, and so is the instant of the tenant's clock at which the address stops working.
Refusals speak the storage's own XML, as object storages do.

Source: `assets.upload` (PUT without Authorization, may be repeated), `assets.url-lifetime`. Inferred: the XML, and any content type.
"""

from collections.abc import Callable

from msgspec.structs import replace
from starlette.types import Receive, Scope, Send

from runflow_mock.domain.assets import FILE_BYTES_MAX, content_of
from runflow_mock.domain.commands import RecordBytes
from runflow_mock.domain.errors import LimitReached, NotFound
from runflow_mock.domain.identity import AssetId
from runflow_mock.domain.outputs import media_objection
from runflow_mock.runtime.catching_up import catch_up
from runflow_mock.runtime.runtime import Runtime
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.web.bodies import Bodies, BodiesFull, Disconnected, Stopped, is_large
from runflow_mock.web.calls import Answer, Call, length_of, refusal, send_answer
from runflow_mock.web.exchanges import record_exchange
from runflow_mock.web.faults.meeting import meet_request
from runflow_mock.web.faults.sending import UNANSWERED, carry_out, plan_answer
from runflow_mock.web.files import SANDBOXED, File, answer_file
from runflow_mock.web.keeping import written_first
from runflow_mock.wire.error_forms import ErrorForm
from runflow_mock.wire.problems import Problem, tell_full

UPLOADS = "/_upload/"
FILES = "/files/"


class Storage:
    """Answers what is below `UPLOADS` and `FILES`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call, bodies = Call(self._runtime, scope, b""), Bodies(self._runtime)
        try:
            await self._serve(call, bodies, receive, send)
        finally:
            bodies.release()

    async def _serve(self, call: Call, bodies: Bodies, receive: Receive, send: Send) -> None:
        started = self._runtime.timer()
        try:
            given = await self._read_and_answer(call, bodies, receive)
        except Disconnected:
            return
        given = await written_first(call, given, ErrorForm.XML)
        elapsed_ms = (self._runtime.timer() - started) * 1000
        if call.response_fault is not None:
            await carry_out(call, None, plan_answer(call, given, ErrorForm.XML), elapsed_ms, (receive, send))
            return
        headers = (*given.headers, *length_of(given))
        told = Answer(given.status, given.body, headers)
        record_exchange(call, None, told, elapsed_ms)
        await send_answer(told, call.method, send)

    async def _read_and_answer(self, call: Call, bodies: Bodies, receive: Receive) -> Answer:
        """Returns the answer; who has no signed address gets it before the body was read, where there is much of it."""
        try:
            if is_large(call.scope):
                _handler_of(call)
                tenant, _ = _check_address(call)
                bodies.count(self._runtime.bounds.body_bytes, self._runtime.bounds.bodies_of(tenant.settings.name))
            call.body, is_oversized = await bodies.receive(call.scope, receive, FILE_BYTES_MAX)
        except Problem as problem:
            return refusal(problem, ErrorForm.XML)
        except BodiesFull as full:
            return refusal(Problem(503, "SlowDown", f"{full}."), ErrorForm.XML)
        except Stopped as stopped:
            return refusal(Problem(503, "ServiceUnavailable", f"runflow-mock: {stopped}."), ErrorForm.XML)
        return await self._answer(call, is_oversized=is_oversized)

    async def _answer(self, call: Call, *, is_oversized: bool) -> Answer:
        try:
            handler = _handler_of(call)
            tenant, asset_id = _check_address(call)
            await catch_up(self._runtime, tenant)
            if tenant.is_dropped:
                # Another may have its name by now.
                tenant, asset_id = _check_address(call)
            call.tenant, call.params = tenant, {"id": asset_id}
            call.request_id = tenant.issue_request_id(changes=call.method == "PUT")
            if meet_request(call, None, {}):
                return UNANSWERED
            if is_oversized:
                raise Problem(413, "EntityTooLarge", f"A file has at most {FILE_BYTES_MAX} bytes.")
            return handler(call)
        except Problem as problem:
            return refusal(problem, ErrorForm.XML)
        except NotFound as missing:
            return refusal(Problem(404, "NoSuchKey", str(missing)), ErrorForm.XML)
        except LimitReached as full:
            return refusal(Problem(503, "ServiceUnavailable", tell_full(full)), ErrorForm.XML)
        except Exception as error:
            self._runtime.report(call.tenant, error)
            return refusal(Problem(500, "InternalError", "The storage failed."), ErrorForm.XML)


def put_bytes(call: Call) -> Answer:
    """PUT /_upload/{tenant}/{asset_id}"""
    upload = call.store.upload(call.params["id"])
    objection = call.runtime.holdings.objection_to_files(call.caller, (call.body,))
    if objection is not None:
        raise Problem(503, "ServiceUnavailable", f"runflow-mock: {objection}.")
    content = content_of(call.body, upload.mime_type)
    call.execute(RecordBytes(upload.id, content))
    call.caller.blobs.keep(call.body)
    return Answer(200, b"", ((b"etag", f'"{content.sha256}"'.encode()),))


def get_bytes(call: Call) -> Answer:
    """GET /files/{tenant}/{asset_id}/{name}"""
    asset = call.store.asset(AssetId(call.params["id"]))
    data = call.caller.blobs.get(asset.content.sha256)
    if data is None:
        raise Problem(404, "NoSuchKey", "This world was restored from a history, which does not hold the bytes of assets.")
    given = answer_file(call, File(data, asset.content.mime_type, asset.content.sha256))
    return replace(given, headers=(*given.headers, *SANDBOXED))


_HANDLERS: dict[str, dict[str, Callable[[Call], Answer]]] = {
    UPLOADS: {"PUT": put_bytes},
    FILES: {"GET": get_bytes, "HEAD": get_bytes},
}


def _handler_of(call: Call) -> Callable[[Call], Answer]:
    handlers = _HANDLERS[UPLOADS if call.path.startswith(UPLOADS) else FILES]
    handler = handlers.get(call.method)
    if handler is None:
        raise Problem(405, "MethodNotAllowed", f"{call.method} is not possible here; {' and '.join(handlers)} are.")
    return handler


def _check_address(call: Call) -> tuple[Tenant, str]:
    """Returns the tenant and the id of the asset that the path names, and refuses what is not signed or not valid any more."""
    _, _, tenant_name, asset_id, *_ = (*call.path.split("/"), "", "")
    tenant = call.runtime.tenants.get(tenant_name)
    if tenant is None:
        raise Problem(403, "AccessDenied", "This is not an address that runflow-mock has signed.")
    given = call.parameters
    now, seed = call.runtime.now(tenant), tenant.world.seed
    objection = media_objection(call.path, given.get("expires", ""), given.get("signature", ""), now, seed)
    if objection is not None:
        raise Problem(403, "AccessDenied", objection)
    return tenant, asset_id

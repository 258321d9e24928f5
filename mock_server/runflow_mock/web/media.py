"""Output files: what the addresses in a run's output lead to, without a key.

A name is looked up among the files of the run and never becomes a path. Address and expiry are checked against the tenant's clock. Files
are made when they are first read, outside the event loop; creating runs costs nothing for them. Pictures and videos show what was sent in,
where that is an asset of the tenant; other addresses are never fetched.

Browsers must ask again before they show a file from their cache (`no-cache`), because only the tenant's clock knows what has expired.

Source: `outputs.no-credential`, `outputs.lifetime`. Inferred: `outputs.files`, `outputs.refusals`.
"""

from collections.abc import Callable

from starlette.types import Receive, Scope, Send

from runflow_mock.domain.assets import asset_addresses
from runflow_mock.domain.documents import read_document
from runflow_mock.domain.errors import DomainError, NotFound
from runflow_mock.domain.identity import AssetId
from runflow_mock.domain.media import GivenFile
from runflow_mock.domain.outputs import OutputFile, describe_file, media_objection, source_of
from runflow_mock.domain.runs import Run
from runflow_mock.engine.targets import model_of_run
from runflow_mock.runtime.catching_up import catch_up
from runflow_mock.runtime.runtime import Runtime
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.web.calls import Answer, Call, length_of, refusal, send_answer
from runflow_mock.web.exchanges import record_exchange
from runflow_mock.web.faults.meeting import meet_request
from runflow_mock.web.faults.sending import UNANSWERED, carry_out, plan_answer
from runflow_mock.web.files import File, answer_file
from runflow_mock.wire.problems import (
    Problem,
    forbidden,
    internal_error,
    method_not_allowed,
    not_found,
    problem_of,
)

METHODS = ("GET", "HEAD")
_HEADERS = ((b"cache-control", b"private, no-cache"), (b"x-content-type-options", b"nosniff"))
# A file that a user gave may be a page: a browser that opens it must not run what is in it.
_GIVEN_HEADERS = (*_HEADERS, (b"content-security-policy", b"sandbox"))


class Media:
    """Answers what is below `outputs.MEDIA_PREFIX`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = self._runtime.timer()
        call = Call(self._runtime, scope, b"")
        given = await self._answer(call)
        elapsed_ms = (self._runtime.timer() - started) * 1000
        if call.response_fault is not None:
            await carry_out(call, None, plan_answer(call, given), elapsed_ms, (receive, send))
            return
        headers = (*given.headers, *length_of(given), *call.marks)
        # What a file holds is known without the journal.
        shown = given.body if given.status >= 400 else b""
        record_exchange(call, None, Answer(given.status, shown, headers), elapsed_ms)
        await send_answer(Answer(given.status, given.body, headers), call.method, send)

    async def _answer(self, call: Call) -> Answer:
        try:
            if call.method not in METHODS:
                raise method_not_allowed(call.method, METHODS)
            run, name = await self._enter(call)
            if meet_request(call, None, {"run_id": run.id}):
                return UNANSWERED
            found = _find(call, run, name)
            parameters, world = call.parameters, call.caller.world
            expires, signature = parameters.get("expires", ""), parameters.get("signature", "")
            objection = media_objection(call.path, expires, signature, world.now, world.seed)
            if objection is not None:
                raise forbidden(objection)
            given = answer_file(call, await self._read(call, run, name, found))
            return Answer(given.status, given.body, (*given.headers, *(_GIVEN_HEADERS if run.files else _HEADERS)))
        except Problem as problem:
            return refusal(problem)
        except DomainError as error:
            return refusal(problem_of(error, call.dialect))
        except Exception as error:
            self._runtime.report(call.tenant, error)
            return refusal(internal_error())

    async def file_of(self, call: Call, run: Run, name: str) -> File:
        """Returns a file of a run by its name, as its address would give it.

        Raises:
            NotFound: the run has no such file.
        """
        return await self._read(call, run, name, _find(call, run, name))

    async def _enter(self, call: Call) -> tuple[Run, str]:
        """Returns the run and the name that a path leads to."""
        parts = call.path.split("/")
        tenant = self._runtime.tenants.get(parts[2]) if len(parts) == 5 else None
        if tenant is not None:
            await catch_up(self._runtime, tenant)
            # Another may have its name by now.
            tenant = self._runtime.tenants.get(parts[2])
        if tenant is None:
            raise not_found(f"There is no file {call.path[:200]}.")
        call.tenant = tenant
        call.request_id = tenant.issue_request_id(changes=False)
        return call.store.run(parts[3]), parts[4]

    async def _read(self, call: Call, run: Run, name: str, found: GivenFile | OutputFile) -> File:
        if isinstance(found, GivenFile):
            data = call.caller.blobs.get(found.sha256)
            if data is None:
                raise not_found("This world was restored from a history, which does not hold the bytes of files.")
            return File(data, found.media_type, found.sha256)
        made = await self._runtime.media.get(call.caller.world, run.id, name, _recipe(call.caller, run, name, found))
        return File(made.data, found.extent.media_type, made.digest)


def _find(call: Call, run: Run, name: str) -> GivenFile | OutputFile:
    """Returns what stands behind a name in a run's output.

    Raises:
        NotFound: nothing does.
    """
    found: GivenFile | OutputFile | None = None
    if run.files:
        found = next((file for file in run.files if file.name == name), None)
    elif run.output is not None:
        model = model_of_run(call.catalog, call.store, run)
        found = describe_file(model, read_document(run.input), name)
    if found is None:
        raise NotFound("file", name)
    return found


def _recipe(tenant: Tenant, run: Run, name: str, file: OutputFile) -> Callable[[], bytes]:
    """Returns how to make a file, with everything looked up that belongs to the world: a worker thread must not look into it."""
    seed = tenant.world.seed.child("media", run.id, name)
    model = model_of_run(tenant.world.catalog, tenant.world.store, run)
    asset_id = source_of(model, read_document(run.input), asset_addresses(tenant.settings.name))
    asset = None if asset_id is None else tenant.world.store.assets.get(AssetId(asset_id))
    source = None if asset is None or asset.deleted_at is not None else tenant.blobs.get(asset.content.sha256)

    def make() -> bytes:
        # What draws is loaded, like everything that takes long, in the worker thread.
        from runflow_mock.media.files import make_file

        return make_file(file, run, seed, source)

    return make

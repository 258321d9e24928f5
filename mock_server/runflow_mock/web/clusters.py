"""One worker among many: before anybody looks for a tenant, it is brought here, or the client is told to ask again.

Which tenant a request is about is said by its key, or by its path where the path is signed or names a tenant.
"""

import re

from starlette.types import Scope, Send

from runflow_mock.domain.outputs import MEDIA_PREFIX
from runflow_mock.runtime.cluster_keeping import ClusterKeeper, open_cluster
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.keepers import Elsewhere, KeepError, Unusable
from runflow_mock.runtime.revivals import Clocks
from runflow_mock.runtime.runtime import Runtime
from runflow_mock.web.authentication import key_in, not_kept
from runflow_mock.web.calls import Answer, Call, answer, headers_of, refusal, send_answer
from runflow_mock.web.control.app import elsewhere, refusal_of
from runflow_mock.web.control.cluster import answer_peer
from runflow_mock.web.storage import FILES, UPLOADS
from runflow_mock.wire.control import represent_control_error
from runflow_mock.wire.error_forms import ErrorForm

API_PREFIX = "/v1/"
_NAMED_IN_PATH = re.compile(rf"(?:{MEDIA_PREFIX}|{UPLOADS}|{FILES}|/_mock/tenants/)([a-z0-9_]{{1,64}})(?:/|$)")


class Membership:
    """This server as a worker."""

    def __init__(self, runtime: Runtime, keeper: ClusterKeeper) -> None:
        self._runtime = runtime
        self._keeper = keeper

    async def join(self) -> None:
        """Connects to the broker.

        Raises:
            ConfigError: it cannot be used.
        """
        await self._keeper.open(self._runtime.tenants, self._runtime.go_on, lambda question: answer_peer(self._runtime, question))
        self._runtime.tenants.keeper = self._keeper
        self._runtime.cluster = self._keeper

    async def leave(self) -> None:
        """Writes what is still to be written, and disconnects."""
        await self._keeper.close()

    async def bring(self, scope: Scope, send: Send) -> bool:
        """Sees to it that the tenant of a request is here, if there is one, or answers that it cannot be now; tells whether it is."""
        path: str = scope["path"]
        authorization = headers_of(scope).get(b"authorization")
        # Nearly every request is one: its path names no tenant, and that of its key is here.
        if path.startswith(API_PREFIX) and authorization is not None:
            key = key_in(authorization.decode("latin-1"))
            if key is not None and self._runtime.tenants.known(key) is not None:
                return True
        call = Call(self._runtime, scope, b"")
        try:
            for name in self._names(call):
                if self._runtime.is_stopping and self._runtime.tenants.get(name) is None:
                    raise Elsewhere("this worker is about to stop")
                await self._keeper.bring(name)
                if call.path.startswith(MEDIA_PREFIX):
                    await self._keeper.confirm(name)
        except KeepError as error:
            told = _told(call, error)
            length = (b"content-length", str(len(told.body)).encode())
            await send_answer(Answer(told.status, told.body, (*told.headers, length)), call.method, send)
            return False
        return True

    def _names(self, call: Call) -> list[str]:
        """Returns the tenants that a request is about."""
        key, path = key_in(call.header(b"authorization")), _NAMED_IN_PATH.match(call.path)
        names = (None if key is None else self._runtime.tenants.name_of(key), None if path is None else path[1])
        return [name for name in dict.fromkeys(names) if name is not None]


def membership(runtime: Runtime, config: Config, clocks: Clocks) -> Membership:
    """Returns what makes a server a worker, as it is configured."""
    return Membership(runtime, open_cluster(config, clocks, runtime.warn))


def _told(call: Call, error: KeepError) -> Answer:
    if call.path.startswith("/_mock/"):
        if not isinstance(error, Unusable):
            return elsewhere(Elsewhere(str(error)))
        told = refusal_of(error)
        return answer(represent_control_error(told), told.status)
    form = ErrorForm.XML if call.path.startswith((UPLOADS, FILES)) else ErrorForm.JSON
    return refusal(not_kept(error), form)

"""Calls and answers: one request as a handler sees it, and what it returns."""

import re
from collections.abc import Callable, Coroutine
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
from starlette.types import ASGIApp, Message, Scope, Send

from runflow_mock.domain.commands import Command
from runflow_mock.domain.dialects import Dialect, dialect_of
from runflow_mock.domain.documents import Json
from runflow_mock.domain.identity import is_uuid
from runflow_mock.domain.models import Catalog
from runflow_mock.domain.principals import Principal
from runflow_mock.engine.store import Store
from runflow_mock.engine.world import Outcome
from runflow_mock.runtime.polls import Poll
from runflow_mock.runtime.runtime import YIELD_EVERY_TIMERS, Runtime
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.web.faults.plans import ResponseFault
from runflow_mock.wire.bodies import read_body, read_optional_body
from runflow_mock.wire.error_forms import WITHOUT_BODY, ErrorForm, render_problem
from runflow_mock.wire.problems import Problem, bad_request, invalid_field
from runflow_mock.wire.sites import HOSTS, Sites, sites_of

# Far more than any operation takes: to parse a million of them would hold the event loop up.
PARAMETERS_MAX = 1000
HOST_CHARACTERS_MAX = 255

_HEADERS = "runflow_mock.headers"
_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]+")
_encoder = msgspec.json.Encoder()
_JSON_HEADERS = ((b"content-type", b"application/json"),)


class Answer(msgspec.Struct, frozen=True):
    """Status, exact body and headers of a response.

    One that is `made_later` says nothing itself yet: what takes long is done where others have their turn in between.

    Before it is given, the end of the run that `waits_for_run` names must be waited for, and the answers to the callbacks about whatever is
    `callbacks_before`.
    """

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = _JSON_HEADERS
    waits_for_run: str | None = None
    callbacks_before: tuple[str, ...] = ()
    made_later: Callable[[], Coroutine[Any, Any, "Answer"]] | None = None


Give = Callable[[Answer | ASGIApp], None]
"""Takes the answer to a request, or what goes on with the request."""
AtOnce = Callable[[Scope, bytes, Give], None]
"""Gives the answer to a request that is here as a whole, or what goes on with it."""


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    """Returns the headers of a request by name; of a repeated one the first counts."""
    # The side that answers, the size of the body and its handler all ask for some: they are read once, and kept with the request.
    headers: dict[bytes, bytes] | None = scope.get(_HEADERS)
    if headers is None:
        headers = scope[_HEADERS] = dict(reversed(scope["headers"]))
    return headers


def answer(content: object, status: int = 200) -> Answer:
    """Returns a JSON answer."""
    return Answer(status, _encoder.encode(content))


def scrubbed(call: "Call", given: Answer) -> Answer:
    """Returns an answer of the control API without the secrets in what clients and rules have said."""
    return Answer(given.status, call.runtime.scrubber.scrub(given.body), given.headers)


def refusal(problem: Problem, form: ErrorForm = ErrorForm.JSON) -> Answer:
    """Returns the answer that tells a problem."""
    reply = render_problem(problem, form)
    return Answer(reply.status, reply.body, reply.headers)


def length_of(given: Answer) -> tuple[tuple[bytes, bytes], ...]:
    """Returns the header that says how long an answer is, where an answer of its status has one."""
    return () if given.status in WITHOUT_BODY else ((b"content-length", str(len(given.body)).encode()),)


def messages_of(given: Answer, method: str) -> tuple[Message, Message]:
    """Returns the messages of an answer whose headers say all; of one to a HEAD the body stays here."""
    return (
        {"type": "http.response.start", "status": given.status, "headers": given.headers},
        {"type": "http.response.body", "body": b"" if method == "HEAD" else given.body},
    )


def in_messages(at_once: AtOnce) -> Callable[[Scope, bytes, Callable[[tuple[Message, ...] | ASGIApp], None]], None]:
    """Returns what gives the messages of an answer in the place of the answer."""

    def begin(scope: Scope, body: bytes, give: Callable[[tuple[Message, ...] | ASGIApp], None]) -> None:
        at_once(scope, body, lambda given: give(messages_of(given, scope["method"]) if isinstance(given, Answer) else given))

    return begin


async def send_answer(given: Answer, method: str, send: Send) -> None:
    """Sends an answer, message by message."""
    for message in messages_of(given, method):
        await send(message)


# A client names the same host in each of its requests.
@lru_cache(maxsize=256)
def _reads_as_host(text: str) -> bool:
    """Tells whether a text may stand for a host in an address: others read the address, and must find the host there."""
    if _HOST.fullmatch(text) is None:
        return False
    try:
        parts = urlsplit(f"//{text}")
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def no_content() -> Answer:
    """Returns a 204."""
    return Answer(204, b"", ())


class Call:
    """One request. `tenant` is nothing until a credential, or a signed address, was understood; `principal` is there from then on.

    `verb` is the method of the operation that is meant: HEAD is GET without the body.

    `place` is where the answer is remembered, for a request with an Idempotency-Key.

    `is_settled` says that the tenant's time was brought to the present for this request, `timers_max` how many timers may be fired for
    that in one step, `is_watched` that rules or magic values may act
    on it, `response_fault` what they do; `limits` are headers about its quota.
    `waits_for` are polls of the unfinished things that the client looks at; see `Runtime.poll`. `prepared` is what the
    operation has read of the request already, before anybody decided about it, and `chosen` what rules will find in it; see
    `web.faults.meeting`.
    """

    __slots__ = (
        "__weakref__",
        "_headers",
        "_parameters",
        "body",
        "chosen",
        "is_settled",
        "is_watched",
        "limits",
        "method",
        "params",
        "path",
        "place",
        "prepared",
        "principal",
        "query",
        "request_id",
        "response_fault",
        "runtime",
        "scope",
        "tenant",
        "timers_max",
        "verb",
        "waits_for",
    )

    principal: Principal

    def __init__(self, runtime: Runtime, scope: Scope, body: bytes) -> None:
        self.runtime = runtime
        self.scope = scope
        self.body = body
        self.method: str = scope["method"]
        self.verb = "GET" if self.method == "HEAD" else self.method
        self.path: str = scope["path"]
        self.query: bytes = scope["query_string"]
        self.params: dict[str, str] = {}
        self.tenant: Tenant | None = None
        self.prepared: object = None
        self.chosen: object = None
        self.is_settled = False
        self.timers_max = YIELD_EVERY_TIMERS
        self.request_id = ""
        self.place: str | None = None
        self.response_fault: ResponseFault | None = None
        self.is_watched = False
        self.limits: tuple[tuple[bytes, bytes], ...] = ()
        self.waits_for: list[Poll] = []
        self._parameters: dict[str, str] | None = None
        self._headers = headers_of(scope)

    @property
    def marks(self) -> tuple[tuple[bytes, bytes], ...]:
        """The header by which a tenant finds an answer again; no source has it, and so a strict tenant has not."""
        is_marked = self.tenant is not None and not self.tenant.settings.strict
        return ((b"x-request-id", self.request_id.encode()),) if is_marked else ()

    @property
    def target(self) -> str:
        """Path and query as they were sent."""
        raw: bytes = self.scope.get("raw_path") or self.path.encode()
        whole = raw.partition(b"?")[0] + b"?" + self.query if self.query else raw
        return whole.decode("latin-1")

    @property
    def parameters(self) -> dict[str, str]:
        """The query parameters; of a repeated one the last counts."""
        if self._parameters is None:
            self._parameters = {}
            if self.query:
                self.check_query()
                self._parameters = dict(parse_qsl(self.query.decode("latin-1"), keep_blank_values=True))
        return self._parameters

    def check_query(self) -> None:
        """Raises the 400 of a query that is too long to be read; also those who read none must not be sent one."""
        if self.query.count(b"&") >= PARAMETERS_MAX:
            raise bad_request(f"The query has more than {PARAMETERS_MAX} parameters.")

    @property
    def caller(self) -> Tenant:
        """The tenant, for handlers that are only reached once it is known."""
        assert self.tenant is not None, "a handler that needs a tenant was reached without one"
        return self.tenant

    @property
    def store(self) -> Store:
        """The records of the tenant's world, for the same handlers."""
        assert self.tenant is not None, "a handler that needs a tenant was reached without one"
        return self.tenant.world.store

    @property
    def catalog(self) -> Catalog:
        """The models that this client sees: the tenant's, or the server's where no key was needed."""
        if self.tenant is not None:
            return self.tenant.world.catalog
        return self.runtime.catalog.proven() if self.runtime.config.strict else self.runtime.catalog

    @property
    def dialect(self) -> Dialect:
        """What is spoken to this client: the tenant's dialect, or the server's where no key was needed."""
        config = self.runtime.config
        if self.tenant is not None:
            return self.tenant.dialect
        return dialect_of(config.dialect, config.switches, is_strict=config.strict)

    @property
    def base_url(self) -> str:
        """The address under which the client reached the server, without a trailing slash."""
        configured = self.runtime.config.public_url
        if configured is not None:
            return configured
        host = self.header(b"x-forwarded-host") or self.header(b"host") or ""
        # What is no host name must not get into the addresses of outputs.
        if len(host) > HOST_CHARACTERS_MAX or not _reads_as_host(host):
            server = self.scope.get("server") or ("127.0.0.1", self.runtime.config.port)
            host = f"{server[0]}:{server[1]}"
        scheme = self.header(b"x-forwarded-proto") or self.scope.get("scheme")
        return _address(host, is_secure=scheme == "https")

    @property
    def sites(self) -> Sites:
        """Where the client finds each of the service's sites."""
        return sites_of(self.base_url)

    def header(self, name: bytes) -> str | None:
        """Returns the value of a header, given in lower case."""
        value = self._headers.get(name)
        return None if value is None else value.decode("latin-1")

    def read_body(self) -> dict[str, Json]:
        """Returns the JSON object in the body, or raises a `Problem`."""
        return read_body(self.body, self.header(b"content-type"), self.header(b"content-encoding"))

    def read_optional_body(self) -> dict[str, Json]:
        """Returns the JSON object in a body that may be left out, or raises a `Problem`."""
        return read_optional_body(self.body, self.header(b"content-type"), self.header(b"content-encoding"))

    def uuid(self, name: str) -> str:
        """Returns a path parameter that is a UUID, in lower case.

        Raises:
            Problem: 422 when it is not one.
        """
        text = self.params[name].lower()
        if not is_uuid(text):
            raise invalid_field(("path", name), "Input should be a valid UUID", "uuid_parsing")
        return text

    def wait_for(self, resource_id: str | None) -> None:
        """Takes note that the client is told of something unfinished, as it stands now; nothing stands for any."""
        self.waits_for.append(Poll(self.store, resource_id))

    def execute(self, command: Command) -> Outcome:
        """Carries a command out in the tenant's world, at the instant to which the request has settled it, if it has."""
        runtime = self.runtime
        return runtime.carry_out(self.caller, command) if self.is_settled else runtime.execute(self.caller, command)


# Every run keeps the address that its client used: a hundred thousand of them share one text.
@lru_cache(maxsize=256)
def _address(host: str, *, is_secure: bool) -> str:
    # Whoever asks for the service by its own name came over https, whatever carried the request here.
    return f"{'https' if is_secure or host.lower() in HOSTS else 'http'}://{host}"


Handler = Callable[[Call], Answer]

"""Asks the fake about the claims of a text: pages are read, statuses provoked, and requests that are shown whole are sent.

It is the fake in this process, in a tenant of its own; nothing leaves the machine. What the fake does not have is *unknown*, because the
service may: a contradiction comes from a request that it refuses, and from keys that a page of its website lacks.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from runflow_mock.domain.magic import REF_PREFIX
from runflow_mock.kit.skills.claims import Endpoint, Example, Keys, Opinion, Side, Statement, Status, contradicted, held, unknown
from runflow_mock.kit.skills.endpoints import is_of_api
from runflow_mock.kit.suite.carriers import Answer, AppCarrier
from runflow_mock.kit.suite.offers import BATCHES, INPUT, MODEL, RUNS
from runflow_mock.kit.suite.seeds import ABSENT
from runflow_mock.openapi.addresses import PARAMETER
from runflow_mock.testing.in_process import InProcess, open_tenant_in
from runflow_mock.testing.runflow import Runflow
from runflow_mock.wire.sites import HOSTS

READS = ("GET", "HEAD", None)

_OWNER, _, _SLUG = MODEL.partition("/")
# What stands in place of names that texts give to the parts of a model's id.
_FILLINGS: Mapping[str, str] = {
    **dict.fromkeys(("owner", "owner_slug", "provider", "provider_slug"), _OWNER),
    **dict.fromkeys(("slug", "model", "model_slug"), _SLUG),
    "model_id": MODEL,
}


class Sandbox:
    """The fake, asked what it makes of a statement; use it as a context manager."""

    def __init__(self) -> None:
        self._app = InProcess()
        self._carrier = AppCarrier(self._app)
        # Callbacks wait to be fetched: addresses in examples are never called.
        self._tenant = self._open(balance="1000")
        self._pauper = self._open(balance="0")
        self._records: dict[str, str] = {}

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self._app.stop()

    def ask(self, says: Statement) -> Opinion | None:
        """Returns what the fake makes of a statement; nothing where there is nothing to ask."""
        judge = _JUDGES.get(type(says))
        return None if judge is None else judge(self, says)

    def read(self, endpoint: Endpoint) -> Answer | None:
        """Returns what the fake answers where an endpoint leads.

        Nothing, if a placeholder in it stands for something unknown, or if the service has a host there that the fake does not play.
        """
        path = self._filled(endpoint.path)
        if path is None or not (endpoint.host is None or endpoint.host in HOSTS):
            return None
        host = {} if endpoint.host is None else {"Host": endpoint.host}
        key = {"Authorization": f"Bearer {self._tenant.api_key}"} if is_of_api(endpoint) else {}
        return self._carrier.carry("GET", path, {**host, **key}, None)

    def send(self, method: str, path: str, body: bytes | None = None, *, tenant: Runflow | None = None, key: str | None = None) -> Answer:
        """Returns what the fake answers to a request with a tenant's key, or another one."""
        content = {} if body is None else {"Content-Type": "application/json"}
        used = key if key is not None else (tenant or self._tenant).api_key
        return self._carrier.carry(method, path, {"Authorization": f"Bearer {used}", **content}, body)

    def provoke(self, code: str) -> str | None:
        """Returns how the fake was made to answer a status, or a class of them; nothing where nobody knows how."""
        for status, (told, ask) in _PROVOCATIONS.items():
            if (code == status or (code.endswith("xx") and status[0] == code[0])) and str(ask(self).status) == status:
                return told
        return None

    @property
    def pauper(self) -> Runflow:
        """A tenant without money."""
        return self._pauper

    def _open(self, **settings: Any) -> Runflow:
        return open_tenant_in(self._app, clock="manual", deliveries="pull", **settings)

    def _filled(self, path: str) -> str | None:
        """Returns a path with something in place of each placeholder."""
        for name in PARAMETER.findall(path):
            value = _FILLINGS.get(name) or self._record(path, name)
            if value is None:
                return None
            path = path.replace(f"{{{name}}}", value)
        return path

    def _record(self, path: str, name: str) -> str | None:
        """Returns the id of a record of the kind that a path begins with."""
        kind = next((kind for kind in _SAMPLES if path.startswith(f"/v1/{kind}/{{{name}}}")), None)
        if kind is not None and kind not in self._records:
            self._records[kind] = str(self.send("POST", *_SAMPLES[kind]).json["id"])
        return None if kind is None else self._records[kind]


def _ask_endpoint(sandbox: Sandbox, says: Endpoint) -> Opinion | None:
    if says.method not in READS:
        return None
    answer = sandbox.read(says)
    if answer is None:
        return None
    if answer.status == 200:
        return held("the sandbox answers 200")
    is_elsewhere = 300 <= answer.status < 400
    return unknown(f"the sandbox leads to {answer.headers.get('location')}" if is_elsewhere else f"the sandbox answers {answer.status}")


def _ask_example(sandbox: Sandbox, says: Example) -> Opinion | None:
    if says.endpoint.method is None or not is_of_api(says.endpoint) or PARAMETER.search(says.endpoint.path):
        return None
    answer = sandbox.send(says.endpoint.method, says.endpoint.path, says.body)
    if answer.status < 300:
        return held(f"the sandbox answers {answer.status}")
    told = f"the sandbox answers {answer.status}: {_told(answer)}"
    return contradicted(told) if answer.status in {400, 422} else unknown(told)


def _ask_keys(sandbox: Sandbox, says: Keys) -> Opinion | None:
    if says.side is not Side.ANSWER or says.endpoint is None or says.endpoint.method != "GET":
        return None
    answer = sandbox.read(says.endpoint)
    value = None if answer is None or answer.status != 200 else answer.json
    seen = value[0] if isinstance(value, list) and value else value
    if not isinstance(seen, dict):
        return None
    absent = [name for name in says.names if name not in seen]
    if not absent:
        return held("the sandbox's answer has them")
    # One answer of the API need not have every field that the document has.
    return None if is_of_api(says.endpoint) else contradicted(f"the sandbox's answer has no {absent[0]}")


def _ask_status(sandbox: Sandbox, says: Status) -> Opinion | None:
    told = sandbox.provoke(says.code)
    return None if told is None else held(f"the sandbox answers so to {told}")


_JUDGES: Mapping[type, Callable[[Sandbox, Any], Opinion | None]] = {
    Endpoint: _ask_endpoint,
    Example: _ask_example,
    Keys: _ask_keys,
    Status: _ask_status,
}
_RUN = msgspec.json.encode({"input": INPUT})
# What makes a record of each kind.
_SAMPLES: Mapping[str, tuple[str, bytes]] = {"runs": (RUNS, _RUN), "batches": (BATCHES, msgspec.json.encode({"input": [INPUT]}))}


def _fault(sandbox: Sandbox, value: str) -> Answer:
    """Sends a run whose reference asks for a fault."""
    return sandbox.send("POST", RUNS, msgspec.json.encode({"input": INPUT, "client_ref": f"{REF_PREFIX}{value}"}))


# How each status is brought about, and by what in words.
_PROVOCATIONS: Mapping[str, tuple[str, Callable[[Sandbox], Answer]]] = {
    "200": ("a reading of what is there", lambda sandbox: sandbox.send("GET", "/v1/runs")),
    "201": ("the creation of a run", lambda sandbox: sandbox.send("POST", RUNS, _RUN)),
    "400": ("a body that is no JSON", lambda sandbox: sandbox.send("POST", RUNS, b"{")),
    "401": ("an unknown key", lambda sandbox: sandbox.send("GET", "/v1/runs", key="unknown")),
    "402": ("a run on an empty balance", lambda sandbox: sandbox.send("POST", RUNS, _RUN, tenant=sandbox.pauper)),
    "403": ("a key without the scope", lambda sandbox: sandbox.send("POST", f"/v1/admin/runs/{ABSENT}/cancellation")),
    "404": ("a run that is not there", lambda sandbox: sandbox.send("GET", f"/v1/runs/{ABSENT}")),
    "422": ("a body without its input", lambda sandbox: sandbox.send("POST", RUNS, b"{}")),
    "429": ("a run under a rate limit", lambda sandbox: _fault(sandbox, "429")),
    "503": ("a run in an outage", lambda sandbox: _fault(sandbox, "503")),
}


def _told(answer: Answer) -> str:
    """Returns what an error says, and of which field."""
    body = answer.json if isinstance(answer.json, dict) else {}
    problems = body.get("errors") or [{}]
    where = "/".join(map(str, problems[0].get("loc", ())))
    return f"{where + ': ' if where else ''}{problems[0].get('msg') or body.get('message', '')}"

"""Provocations: how each status that an operation declares is brought about, by the client alone where it can, else by a rule of the fake.

A table from a status to what provokes it. What a client can do is preferred, since it tries the server; what only a rule brings about
(an answer of the server's own failure, say) still shows that the answer is as the contract declares it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from runflow_mock.domain.principals import CUSTOMER_SCOPES
from runflow_mock.kit.suite.balances import exact_balance
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.requests import WRITES, Request
from runflow_mock.kit.suite.rules import variations
from runflow_mock.kit.suite.seeds import ABSENT
from runflow_mock.kit.suite.suite_tenants import SuiteTenant
from runflow_mock.openapi.contracts import packaged_contract

NOT_ALLOWED, CONFLICT, TOO_MANY, UNAVAILABLE = 405, 409, 429, 503
# Of a server error nobody asks but a rule.
SERVER_ERRORS = (500, UNAVAILABLE)
RULED = (400, 401, 402, 403, 404, NOT_ALLOWED, CONFLICT, 413, 422, TOO_MANY, *SERVER_ERRORS)
CREATING = frozenset(("create_run", "create_model_batch", "create_batch", "create_comfyui_run", "create_evaluation"))
NO_SCOPES = "bare"
# Scopes of which each is enough where the other is: a key that may not do a thing lacks both.
ALIKE = frozenset(("runs:create", "runs:execute"))
LACKING: Mapping[str, str] = {scope: re.sub("[:-]", "_", f"no_{scope}") for scope in CUSTOMER_SCOPES}
KEYS = (
    {"name": NO_SCOPES, "scopes": []},
    *(
        {"name": name, "scopes": [each for each in CUSTOMER_SCOPES if each not in (ALIKE if scope in ALIKE else (scope,))]}
        for scope, name in LACKING.items()
    ),
)
"""Keys of a tenant of which each may do less than everything."""

Provoke = Callable[[SuiteTenant, Request], Answer | None]


def without_key(tenant: SuiteTenant, request: Request) -> Answer | None:
    """Sends a request without a key."""
    return request.send(tenant, key=None)


def without_key_or_sense(tenant: SuiteTenant, request: Request) -> Answer | None:
    """Sends what would be refused for its body or its query as well: who has no key is told of that alone."""
    if request.operation.body:
        return request.send(tenant, body={}, key=None)
    takes_limit = any(parameter.name == "limit" for parameter in request.operation.parameters)
    return request.send(tenant, path=f"{request.path}?limit=0", key=None) if takes_limit else None


def without_scopes(tenant: SuiteTenant, request: Request) -> Answer | None:
    """Sends a request with a key that may do nothing."""
    needs = {parameter.name for parameter in request.operation.parameters}
    if "X-Organization-Id" not in needs or request.operation.id in OPEN_TO_EVERY_KEY:
        return None
    return request.send(tenant, key=tenant.keys[NO_SCOPES])


def with_other_scopes(tenant: SuiteTenant, request: Request) -> Answer | None:
    """Sends a request with a key that may do everything but this."""
    scopes = declared(request).get("x-scopes")
    lacking = LACKING.get(str(scopes[0])) if isinstance(scopes, list) and scopes else None
    return None if lacking is None else request.send(tenant, key=tenant.keys[lacking])


def for_another_organization(tenant: SuiteTenant, request: Request) -> Answer | None:
    """Sends a request for an organization that the key does not belong to."""
    needs = {parameter.name for parameter in request.operation.parameters}
    return request.send(tenant, headers={"X-Organization-Id": ABSENT}) if "X-Organization-Id" in needs else None


def of_what_is_absent(tenant: SuiteTenant, request: Request) -> Answer | None:
    """Asks for a record that is not there, under what is."""
    template, path = request.operation.path, request.path
    if request.operation.id == "create_batch":
        return request.send(tenant, body={**request.body, "model": "runflow/no-such-model"})
    if request.operation.id == "create_evaluation":
        return request.send(tenant, body={**request.body, "run_id": ABSENT})
    if "{" not in template:
        return None
    absent = _with_last_parameter(template, path)
    answer = request.send(tenant, path=absent)
    if request.operation.method == "GET":
        # The laws hold the head against it.
        request.send(tenant, method="HEAD", path=absent)
    return answer


def _with_last_parameter(template: str, path: str) -> str:
    """A path with another value for its last parameter."""
    before, _, after = template.rpartition("{")
    rest = after.partition("}")[2]
    head = path.removesuffix(rest) if rest else path
    if after.startswith("model_id}"):
        return f"{'/'.join(head.split('/')[: before.count('/')])}/nobody/nothing{rest}"
    if after.startswith("slug}"):
        return f"{head.rpartition('/')[0]}/nothing{rest}"
    return f"{head.rpartition('/')[0]}/{ABSENT}{rest}"


def without_sense(tenant: SuiteTenant, request: Request) -> Answer | None:
    """Sends a body that is no JSON."""
    return request.send(tenant, body=None, raw=b"{") if request.operation.body else None


def for_no_organization(tenant: SuiteTenant, request: Request) -> Answer | None:
    """Names an organization that cannot be one."""
    needs = {parameter.name for parameter in request.operation.parameters}
    if "X-Organization-Id" in needs:
        return request.send(tenant, headers={"X-Organization-Id": "nonsense"})
    return request.send(tenant, path=f"{request.path}?limit=0") if "limit" in needs else None


def without_credit(tenant: SuiteTenant, request: Request) -> Answer | None:
    """Asks for what costs on an account that has nothing."""
    if request.operation.id not in CREATING:
        return None
    balance = exact_balance(tenant)
    tenant.control.add_credit(-balance)
    answer = request.send(tenant)
    tenant.control.add_credit(balance)
    return answer


def under_a_used_key(tenant: SuiteTenant, request: Request) -> Answer | None:
    """Sends another right body under an idempotency key that was used; nothing is done by it."""
    if request.operation.method != "POST" or request.operation.id not in WRITES:
        return None
    fresh = fresh_request(tenant, request)
    headers = {"Idempotency-Key": f"suite-{next(tenant.target.numbers)}"}
    fresh.send(tenant, headers=headers)
    answer = None
    for variation in variations(fresh, is_strict=tenant.is_strict):
        answer = fresh.send(tenant, body=variation.body, headers=headers)
        # Some look at what refers to a record before they look at the key.
        if answer.status == CONFLICT:
            break
    return answer


def fresh_request(tenant: SuiteTenant, request: Request) -> Request:
    """Returns the same request about a new record, where it can be sent only once."""
    path, body = WRITES[request.operation.id](tenant)
    return Request(request.operation, path, body)


# A key that may do nothing else may still ask who it is.
OPEN_TO_EVERY_KEY = frozenset(("get_current_user",))
BY_CLIENT: Mapping[int, tuple[Provoke, ...]] = {
    400: (without_sense,),
    401: (without_key, without_key_or_sense),
    402: (without_credit,),
    403: (for_another_organization, without_scopes, with_other_scopes),
    404: (of_what_is_absent,),
    CONFLICT: (under_a_used_key,),
    422: (for_no_organization,),
}


def provoked(tenant: SuiteTenant, request: Request, status: int) -> Iterator[Answer]:
    """Returns the answers to what must bring a status about; none where neither a client nor a rule can."""
    answers = [answer for provoke in BY_CLIENT.get(status, ()) if (answer := provoke(tenant, request)) is not None]
    if not answers and status in RULED:
        answers = [by_rule(tenant, request, status)]
    yield from answers


def by_rule(tenant: SuiteTenant, request: Request, status: int) -> Answer:
    """Returns what a rule answers; it acts where no key is needed as well, since the suite sends one all the same."""
    rule = tenant.control.add_fault(what=ruled_answer(request, status), where={"operation": request.operation.id})
    tenant.provoked = status
    answer = request.send(tenant)
    tenant.provoked = None
    tenant.control.remove_fault(rule.id)
    return answer


def ruled_answer(request: Request, status: int) -> dict[str, Any]:
    """Returns what a rule does to answer a request with a status."""
    told: dict[str, Any] = {}
    if status == NOT_ALLOWED:
        told["headers"] = {"Allow": ", ".join(packaged_contract().methods_of(request.operation.path))}
    if request.operation.id == "get_readiness" and status == UNAVAILABLE:
        # Who is not ready says so in the form of one who is.
        told["body"] = {"status": "unavailable", "checks": {"database": "failed", "redis": "ok"}}
    return {"kind": "answer", "status": status, **told}


def needs_key(request: Request) -> bool:
    """Tells whether an operation belongs to a tenant, whose quota counts its calls."""
    return declared(request).get("security") != []


def declared(request: Request) -> Mapping[str, Any]:
    """Returns what the contract says of the operation that a request addresses."""
    return packaged_contract().at(("paths", request.operation.path, request.operation.method.lower()))

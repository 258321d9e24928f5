"""Flows of statuses: noun by noun, every status that an operation declares is brought about, and must come."""

from collections.abc import Iterator

from runflow_mock.domain.whole_numbers import whole_number
from runflow_mock.kit.suite.balances import balance
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.flows import Flow, Needs, Play
from runflow_mock.kit.suite.flows_of_rules import record_of
from runflow_mock.kit.suite.offers import INPUT, RUNS
from runflow_mock.kit.suite.provocations import CONFLICT, KEYS, SERVER_ERRORS, TOO_MANY, by_rule, fresh_request, needs_key, provoked
from runflow_mock.kit.suite.readings import expect
from runflow_mock.kit.suite.requests import NOUNS, WRITES, Request, right_requests
from runflow_mock.kit.suite.suite_tenants import SuiteTenant
from runflow_mock.openapi.contracts import packaged_contract

QUOTA_WINDOW, QUOTA_SECONDS = "60s", 60.0
# Why a suite's key is refused, which is somebody's whose address has been confirmed.
FORBIDDEN, CLOSED = 403, frozenset(("PERMISSION_DENIED", "ORGANIZATION_MEMBERSHIP_REQUIRED"))
# What has a price.
PAID = frozenset(("create_run", "create_model_batch", "create_batch", "create_evaluation", "create_comfyui_run", "cancel_run"))
# Where what an operation makes or changes is read; what is not here is read by nobody.
READ_AT = {
    "create_run": "/v1/runs/{id}",
    "create_comfyui_run": "/v1/runs/{id}",
    "cancel_run": "/v1/runs/{id}",
    "set_run_feedback": "/v1/runs/{id}",
    "create_model_batch": "/v1/batches/{id}",
    "create_batch": "/v1/batches/{id}",
    "create_evaluation": "/v1/evaluations/{id}",
    "set_evaluation_feedback": "/v1/evaluations/{id}",
    "set_run_evaluation_feedback": "/v1/evaluations/{id}",
    "create_callback_secret": "/v1/callback-secrets/{id}",
    "update_callback_secret": "/v1/callback-secrets/{id}",
    "confirm_asset_upload": "/v1/assets/{id}",
    "create_webhook": "/v1/webhooks/{id}",
    "update_webhook": "/v1/webhooks/{id}",
    "create_comfyui_workflow": "/v1/comfyui-workflows/{id}",
    "update_comfyui_workflow": "/v1/comfyui-workflows/{id}",
    "create_comfyui_workflow_input": "/v1/comfyui-workflows/{comfyui_workflow_id}/inputs",
    "redeliver_run_callback": "/v1/runs/{run_id}/callback",
    "redeliver_batch_callback": "/v1/batches/{batch_id}/callback",
    "update_balance": "/v1/billing/balance",
}
# Of these no path declares all.
ODD_METHODS = ("PUT", "DELETE", "PATCH", "POST")
OTHER_TAG = '"suite"'
# The key that a tenant has by itself must be named where another one is added.
SETTINGS = {"keys": list(KEYS)}


def _statuses_of(noun: str) -> Play:
    """Returns what brings about every declared status of the operations of a noun."""

    def play(tenant: SuiteTenant) -> Iterator[str]:
        # What one refusal says, all others are held to.
        tenant.get("/v1/runs", key=None)
        requests = list(right_requests(tenant, noun))
        for request in requests:
            yield from _is_right(tenant, request)
            # The head of what can be read, and a method that nobody declares: the laws look at what comes.
            if request.operation.method == "GET":
                request.send(tenant)
                request.send(tenant, method="HEAD")
            declared = packaged_contract().methods_of(request.operation.path)
            request.send(tenant, body=None, method=next(method for method in ODD_METHODS if method not in declared))
            for status in filter(None, map(whole_number, request.operation.responses)):
                if status not in SERVER_ERRORS and 400 <= status != TOO_MANY:
                    yield from _is_refused(tenant, request, status)
        yield from _errors_of_the_server(tenant, requests)
        yield from _too_many(tenant, requests)

    return play


def _is_refused(tenant: SuiteTenant, request: Request, status: int) -> Iterator[str]:
    """What is refused comes with its status and its reason, and is not done."""
    # A conflict is with something that is made for it.
    is_idle = status != CONFLICT
    before = record_of(tenant, request) if is_idle else None
    for answer in provoked(tenant, request, status):
        yield from _comes(request, answer, status)
        yield from _says_why(request, answer)
    after = record_of(tenant, request) if is_idle else None
    if after != before:
        yield f"{request.operation.id}: what was refused with {status} has changed {str(before)[:300]} to {str(after)[:300]}"


def _is_right(tenant: SuiteTenant, request: Request) -> Iterator[str]:
    """A right request is answered with the success that is declared, again with the one for what is done already."""
    declared = sorted(status for status in request.operation.responses if status.startswith("2"))
    wanted = int(declared[-1])
    fresh = fresh_request(tenant, request) if request.operation.id in WRITES else request
    before = balance(tenant)
    answer = fresh.send(tenant)
    if request.operation.id not in PAID and balance(tenant) != before:
        yield f"{request.operation.id} costs {before - balance(tenant)}, and only what is made by models costs"
    yield from _comes(request, answer, wanted)
    read_back(tenant, request, answer)
    if len(declared) > 1:
        again = fresh.send(tenant)
        yield from _comes(request, again, int(declared[0]))
        read_back(tenant, request, again)
    # That a server knows which bytes a caller has is inferred, and so a strict one does not.
    if "304" in request.operation.responses and not tenant.is_strict:
        yield from _comes(request, request.send(tenant, headers={"If-None-Match": answer.headers.get("etag", "")}), 304)
        yield from _comes(request, request.send(tenant, headers={"If-None-Match": OTHER_TAG}), wanted)


def read_back(tenant: SuiteTenant, request: Request, answer: Answer) -> None:
    """Reads what was made or changed where it stands, in the same moment; the laws hold both against each other."""
    place = READ_AT.get(request.operation.id)
    if place is not None and isinstance(answer.json, dict) and answer.status < 300:
        tenant.get(place.format_map(expect(answer, answer.status)))


def _errors_of_the_server(tenant: SuiteTenant, requests: list[Request]) -> Iterator[str]:
    for request in requests:
        for status in SERVER_ERRORS:
            if str(status) in request.operation.responses:
                for answer in provoked(tenant, request, status):
                    yield from _comes(request, answer, status)


def _too_many(tenant: SuiteTenant, requests: list[Request]) -> Iterator[str]:
    """Beyond the quota every operation is closed, and says for how long where the dialect does."""
    tenant.control.set_quota(requests=1, window=QUOTA_WINDOW)
    tenant.provoked = TOO_MANY
    for request in requests:
        if str(TOO_MANY) not in request.operation.responses or not needs_key(request):
            continue
        answer = request.send(tenant)
        if answer.status < 400:
            answer = request.send(tenant)
        yield from _comes(request, answer, TOO_MANY)
        yield from _says_when_to_come_back(tenant, request, answer)
        limit, remaining = answer.headers.get("x-ratelimit-limit"), answer.headers.get("x-ratelimit-remaining")
        if rate_limit_headers(tenant) == "full" and answer.status == TOO_MANY and (limit, remaining) != ("1", "0"):
            yield f"{request.operation.id}: of one request in a window the headers say {limit!r} and {remaining!r}"
    tenant.provoked = None
    tenant.control.lift_quota()
    for request in requests:
        # What needs no key counts in no quota.
        if str(TOO_MANY) in request.operation.responses and not needs_key(request):
            answer = by_rule(tenant, request, TOO_MANY)
            yield from _comes(request, answer, TOO_MANY)
            yield from _says_when_to_come_back(tenant, request, answer)


def _says_when_to_come_back(tenant: SuiteTenant, request: Request, answer: Answer) -> Iterator[str]:
    given = answer.headers.get("retry-after")
    is_told = 0 < (whole_number(given) or 0) <= QUOTA_SECONDS
    if rate_limit_headers(tenant) != "none" and answer.status == TOO_MANY and not is_told:
        yield f"{request.operation.id}: a 429 has Retry-After {given!r} in a window of {QUOTA_WINDOW}"


def rate_limit_headers(tenant: SuiteTenant) -> str:
    """Returns which headers about quotas the tenant sends: `retry-after`, `none` or `full`."""
    usual = "none" if tenant.settings.get("dialect") == "docs" else "retry-after"
    return str((tenant.settings.get("switches") or {}).get("rate_limit_headers", usual))


def _says_why(request: Request, answer: Answer) -> Iterator[str]:
    """Who lacks a scope or names an organization of others is told so, and not what somebody else did wrong."""
    code = answer.json.get("code") if isinstance(answer.json, dict) else None
    if answer.status == FORBIDDEN and not answer.is_provoked and code not in CLOSED:
        yield f"{request.operation.id}: a key without the scope, or an organization of others, is refused with {code!r}: {answer.evidence}"


def _comes(request: Request, answer: Answer, status: int) -> Iterator[str]:
    if answer.status != status:
        yield f"{request.operation.id}: {status} must come, and {answer.status} did: {answer.evidence}"


def _quota_is_told(tenant: SuiteTenant) -> Iterator[str]:
    """What is within the quota is answered, and what is beyond it is not, until the window has passed."""
    tenant.control.set_quota(requests=3, window=QUOTA_WINDOW)
    tenant.provoked = TOO_MANY
    answers = [tenant.get("/v1/runs") for _ in range(5)]
    if [answer.status for answer in answers] != [200, 200, 200, 429, 429]:
        yield f"of 3 requests in a window five are answered {[answer.status for answer in answers]}"
    for answer in answers[3:]:
        given = answer.headers.get("retry-after")
        if rate_limit_headers(tenant) != "none" and not 1 <= (whole_number(given) or 0) <= QUOTA_SECONDS:
            yield f"a 429 has Retry-After {given!r}"
    waits = [seconds for answer in answers[3:] if (seconds := whole_number(answer.headers.get("retry-after"))) is not None]
    # Who waits as long as it was told to is let in.
    tenant.control.advance(min(waits[-1], QUOTA_SECONDS) if waits else QUOTA_SECONDS)
    expect(tenant.get("/v1/runs"), 200)
    refused = [tenant.post(RUNS, {"input": INPUT}).status for _ in range(4)].count(429)
    tenant.control.lift_quota()
    made = len(expect(tenant.get("/v1/runs"), 200)["items"])
    if made != 4 - refused:
        yield f"of 4 requests {refused} were beyond the quota, and {made} runs were made"


FLOWS: tuple[Flow, ...] = (
    *(
        Flow(
            f"statuses_of_{noun.replace('-', '_').replace('.', '_')}",
            f"every declared status comes when it is brought about: {noun}",
            Needs.CONTROL,
            _statuses_of(noun),
            settings=SETTINGS,
        )
        for noun in NOUNS
    ),
    Flow("quota_is_told", "beyond a quota there is a 429 that says when to come back", Needs.CONTROL, _quota_is_told),
)

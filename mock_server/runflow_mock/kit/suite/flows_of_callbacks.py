"""Flows of callbacks: signature, frozen bytes, once and only once. They are carried by the suite itself, byte for byte."""

from collections.abc import Iterator
from typing import Any

from runflow_mock.domain.signing import SignatureError, sign_bare, sign_timestamped
from runflow_mock.domain.whole_numbers import whole_number
from runflow_mock.kit.suite.flows import Flow, Needs
from runflow_mock.kit.suite.flows_of_runs import create_batch, create_run
from runflow_mock.kit.suite.readings import Unexpected, content_of, expect
from runflow_mock.kit.suite.suite_tenants import FAIL, SuiteTenant
from runflow_mock.openapi.media_types import read_media_type
from runflow_mock.testing.records import Pulled

MOVES_MAX = 100


def _secret(tenant: SuiteTenant) -> str:
    made = expect(tenant.post("/v1/callback-secrets", {"label": "suite"}), 201)
    return str(made["plain_secret"])


def _next(tenant: SuiteTenant) -> list[Pulled]:
    """The next attempts that wait, once there are any."""
    for _ in range(MOVES_MAX):
        pulled = tenant.pull()
        if pulled or not tenant.control.next():
            return pulled
    return []


def _next_one(tenant: SuiteTenant) -> Pulled:
    """The next attempt that waits.

    Raises:
        Unexpected: nothing is sent.
    """
    for attempt in _next(tenant):
        return attempt
    raise Unexpected("an attempt was expected, and nothing is sent any more")


def every_attempt(tenant: SuiteTenant, status: int = 200, *, most: int = MOVES_MAX) -> list[Pulled]:
    """Returns every attempt until nothing happens any more, or the first ones, each answered with the status."""
    found: list[Pulled] = []
    for _ in range(most):
        pulled = _next(tenant)
        if not pulled:
            return found
        for attempt in pulled:
            found.append(attempt)
            tenant.control.answer_delivery(attempt.delivery_id, status)
    return found


def _headers(attempt: Pulled) -> dict[str, str]:
    return {name.lower(): value for name, value in attempt.headers.items()}


def check_signature(attempt: Pulled, secret: str) -> None:
    """Checks the signature over the raw bytes, in the form of either dialect.

    Raises:
        SignatureError: it is not that of these bytes.
    """
    headers = _headers(attempt)
    given, timestamp = headers.get("runflow-signature", ""), headers.get("runflow-timestamp")
    seconds = whole_number(timestamp)
    if timestamp is not None and seconds is None:
        raise SignatureError(f"Runflow-Timestamp is {timestamp!r}")
    right = sign_bare(attempt.body, secret) if seconds is None else sign_timestamped(attempt.body, seconds, secret)
    if given != right:
        raise SignatureError(f"the signature is {given!r}, not that of the raw body under the secret")


def _callbacks_are_signed(tenant: SuiteTenant) -> Iterator[str]:
    secret = _secret(tenant)
    run = create_run(tenant, callback_url=tenant.hook, metadata={"ümlaut": 1.50, "b": [1, 2]})
    batch = create_batch(tenant, 2, callback_url=tenant.hook)
    found = every_attempt(tenant)
    # The laws hold what was sent against what is read now.
    for path in (f"/v1/runs/{run['id']}", f"/v1/batches/{batch['id']}"):
        expect(tenant.get(path), 200)
    if len(found) != 2:
        yield f"a run and a batch sent {len(found)} callbacks"
    for attempt in found:
        try:
            check_signature(attempt, secret)
        except SignatureError as error:
            yield error.evidence
        if read_media_type(_headers(attempt).get("content-type")).name != "application/json":
            yield f"the content type is {_headers(attempt).get('content-type')!r}"


def _callbacks_say_what_is(tenant: SuiteTenant) -> Iterator[str]:
    run = create_run(tenant, callback_url=tenant.hook, client_ref="suite-callback")
    failed = create_run(tenant, callback_url=tenant.hook, client_ref=FAIL)
    told: dict[str, Any] = {}
    for attempt in every_attempt(tenant):
        content = content_of(attempt)
        told[str(content.get("run_id") or content.get("id"))] = content
    for made, ending in ((run, "succeeded"), (failed, "failed")):
        record = expect(tenant.get(f"/v1/runs/{made['id']}"), 200)
        if made["id"] not in told:
            yield f"the callback of a run that {ending} names another run: {sorted(told)}"
            continue
        content = told[made["id"]]
        if not str(content.get("event", "")).startswith("run."):
            yield f"the event is {content.get('event')!r}"
        elif content.get("client_ref") not in (None, record.get("client_ref")):
            yield f"the callback has the client_ref {content.get('client_ref')!r}"
        elif str(content.get("status") or content.get("status_code") or ending) != record["status_code"]:
            yield f"the callback says {content.get('status')!r} of a run that is {record['status_code']}"


def _retries_have_the_same_bytes(tenant: SuiteTenant) -> Iterator[str]:
    secret = _secret(tenant)
    run = create_run(tenant, callback_url=tenant.hook, metadata={"b": 1, "a": 2})
    first = _next_one(tenant)
    tenant.control.answer_delivery(first.delivery_id, 500)
    second = _next_one(tenant)
    if (second.delivery_id, second.number) != (first.delivery_id, first.number + 1):
        yield f"after attempt {first.number} of a delivery comes attempt {second.number}"
    if second.body != first.body:
        yield "the bytes of the second attempt differ from those of the first"
    ids = [_headers(attempt).get("runflow-request-id") for attempt in (first, second)]
    if ids != [f"{first.delivery_id}-{first.number}", f"{first.delivery_id}-{second.number}"]:
        yield f"two attempts have the request ids {ids}"
    try:
        check_signature(second, secret)
    except SignatureError as error:
        yield f"second attempt: {error.evidence}"
    tenant.control.answer_delivery(second.delivery_id, 200)
    expect(tenant.get(f"/v1/runs/{run['id']}"), 200)


def _callbacks_come_once(tenant: SuiteTenant) -> Iterator[str]:
    runs = [create_run(tenant, callback_url=tenant.hook) for _ in range(2)]
    batch = create_batch(tenant, 2, callback_url=tenant.hook)
    create_run(tenant)
    found = every_attempt(tenant)
    if not tenant.items("/v1/callback-secrets") and any("runflow-signature" in _headers(attempt) for attempt in found):
        yield "there is no secret, and callbacks are signed"
    keys = [(attempt.delivery_id, attempt.number) for attempt in found]
    if len(found) != 3 or len(set(keys)) != 3 or len({attempt.body for attempt in found}) != 3:
        yield f"two runs and a batch with a callback_url sent {len(found)} callbacks, {len(set(keys))} of them different"
    for path in (*(f"/v1/runs/{run['id']}" for run in runs), f"/v1/batches/{batch['id']}"):
        history = expect(tenant.get(f"{path}/callback"), 200)
        if len(history) != 1 or len(history[0].get("attempts") or [None]) != 1:
            yield f"{path}/callback tells {len(history)} deliveries"


def _deliveries_give_up(tenant: SuiteTenant) -> Iterator[str]:
    run = create_run(tenant, callback_url=tenant.hook)
    numbers = [attempt.number for attempt in every_attempt(tenant, 500)]
    if numbers != list(range(1, len(numbers) + 1)) or len(numbers) < 2:
        yield f"a receiver that always fails gets the attempts {numbers}"
    state = expect(tenant.get(f"/v1/runs/{run['id']}"), 200)["status_code"]
    if state != "succeeded":
        yield f"a run whose receiver fails is {state}"


def _cancellations_are_told(tenant: SuiteTenant) -> Iterator[str]:
    """Who waits for what was cancelled is told so: at its own address, and at each webhook that asks for it."""
    _secret(tenant)
    for event in ("run.cancelled", "run.completed"):
        webhook = {"url": f"{tenant.hook}/{event}", "secret": f"suite-{event}", "event_subscriptions": [{"event_type_code": event}]}
        expect(tenant.post("/v1/webhooks", webhook), 201)
    run = create_run(tenant, callback_url=tenant.hook)
    expect(tenant.post(f"/v1/admin/runs/{run['id']}/cancellation", {"reason": "suite"}, key=tenant.admin_key), 201)
    batch = create_batch(tenant, 1, callback_url=tenant.hook)
    tenant.control.cancel_batch(batch["id"])
    heard = [(attempt.url, content_of(attempt)) for attempt in every_attempt(tenant)]
    for path, event, url in (
        (f"/v1/runs/{run['id']}", "run.cancelled", tenant.hook),
        (f"/v1/runs/{run['id']}", "run.cancelled", f"{tenant.hook}/run.cancelled"),
        (f"/v1/batches/{batch['id']}", "batch.cancelled", tenant.hook),
    ):
        told = [
            content.get("event")
            for place, content in heard
            if place == url and path.endswith(str(content.get("run_id") or content.get("batch_id")))
        ]
        if told != [event]:
            yield f"{path} was cancelled, and {url} is told {told}"
        expect(tenant.get(path), 200)


FLOWS: tuple[Flow, ...] = (
    Flow("callback_is_signed", "the signature is that of the raw bytes under the shown secret", Needs.CONTROL, _callbacks_are_signed, 3),
    Flow("callback_says_what_is", "a callback names its run and how it ended", Needs.CONTROL, _callbacks_say_what_is, 2),
    Flow(
        "retry_has_the_same_bytes",
        "attempts of a delivery have the same bytes, numbered",
        Needs.CONTROL,
        _retries_have_the_same_bytes,
        1,
    ),
    Flow("callback_comes_once", "what was received is not sent again, and items send nothing", Needs.CONTROL, _callbacks_come_once, 5),
    Flow("cancellation_is_told", "what was cancelled tells whoever waits for it", Needs.CONTROL, _cancellations_are_told, 2),
    Flow("delivery_gives_up", "attempts are numbered, come to an end, and never change the run", Needs.CONTROL, _deliveries_give_up, 1),
)

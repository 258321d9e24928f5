"""Flows of tries: whoever is told of something is told again where it was not received, and what was refused is not done."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from runflow_mock.kit.suite.flows import Flow, Needs
from runflow_mock.kit.suite.flows_of_callbacks import every_attempt
from runflow_mock.kit.suite.flows_of_runs import create_batch, create_run, ended
from runflow_mock.kit.suite.instants import instant, is_before
from runflow_mock.kit.suite.offers import IMAGE
from runflow_mock.kit.suite.readings import expect
from runflow_mock.kit.suite.suite_tenants import FAIL, SuiteTenant
from runflow_mock.testing.records import Pulled

# How the receiver answers: it has not received, and then it has.
FAILED, RECEIVED = 500, 204
EVENTS = ("run.completed", "run.failed", "run.cancelled")


def _failed_run(tenant: SuiteTenant) -> None:
    create_run(tenant, callback_url=tenant.hook, client_ref=FAIL)


def _cancelled_run(tenant: SuiteTenant) -> None:
    tenant.control.cancel_run(create_run(tenant, callback_url=tenant.hook)["id"])


def _failed_batch(tenant: SuiteTenant) -> None:
    items = [{"input": tenant.offer.input, "client_ref": FAIL}]
    expect(tenant.post(tenant.offer.batches, {"items": items, "callback_url": tenant.hook}), 201)


def _partial_batch(tenant: SuiteTenant) -> None:
    items: list[dict[str, Any]] = [{"input": tenant.offer.input}, {"input": tenant.offer.input, "client_ref": FAIL}]
    expect(tenant.post(tenant.offer.batches, {"items": items, "callback_url": tenant.hook}), 201)


def _evaluation(tenant: SuiteTenant) -> None:
    expect(tenant.post("/v1/evaluations", {"generated_image_url": IMAGE, "task_type": "headshot", "callback_url": tenant.hook}), 202)


def _redelivery(tenant: SuiteTenant) -> None:
    run = create_run(tenant, callback_url=tenant.hook)
    every_attempt(tenant)
    expect(tenant.post(f"/v1/runs/{run['id']}/callback-redeliveries", {}), 201)


# Who sends a message, by the name of what it tells of.
SENDERS: Mapping[str, Callable[[SuiteTenant], object]] = {
    "a run": lambda tenant: create_run(tenant, callback_url=tenant.hook),
    "a run that fails": _failed_run,
    "a run that is cancelled": _cancelled_run,
    "a batch": lambda tenant: create_batch(tenant, 2, callback_url=tenant.hook),
    "a batch that fails": _failed_batch,
    "a batch of which a part fails": _partial_batch,
    "an evaluation": _evaluation,
    "a redelivery": _redelivery,
}


def _what_failed_is_tried_again(tenant: SuiteTenant) -> Iterator[str]:
    expect(tenant.post("/v1/callback-secrets", {"label": "suite"}), 201)
    for name, send in SENDERS.items():
        send(tenant)
        first, second = every_attempt(tenant, FAILED, most=1), every_attempt(tenant, RECEIVED, most=1)
        told = [[(attempt.delivery_id, attempt.number) for attempt in each] for each in (first, second)]
        if len(first) != 1 or told[1] != [(first[0].delivery_id, first[0].number + 1)]:
            yield f"what tells of {name} is answered {FAILED}, and of it were sent {told[0]} and then {told[1]}"


def _webhooks_are_tried_again(tenant: SuiteTenant) -> Iterator[str]:
    """A webhook is told again where it has not received, and lists whatever it was sent, and how that was answered."""
    subscriptions = [{"event_type_code": event} for event in EVENTS]
    body = {"url": f"{tenant.hook}/webhook", "secret": "suite-webhook", "event_subscriptions": subscriptions}
    path = f"/v1/webhooks/{expect(tenant.post('/v1/webhooks', body), 201)['id']}"
    heard: dict[str, list[tuple[Pulled, int]]] = {}
    for ref in ("fine", FAIL, "cancelled"):
        run = create_run(tenant, client_ref=ref)
        if ref == "cancelled":
            tenant.control.cancel_run(run["id"])
        for status in (FAILED, RECEIVED):
            for attempt in every_attempt(tenant, status, most=1):
                heard.setdefault(attempt.delivery_id, []).append((attempt, status))
            yield from _announces_what_follows(tenant, path, heard)
    for delivery_id, attempts in heard.items():
        if [status for _, status in attempts] != [FAILED, RECEIVED]:
            yield f"a webhook that answers {FAILED} and then {RECEIVED} gets {len(attempts)} attempts of the delivery {delivery_id}"
    listed = {item["id"]: item for item in expect(tenant.get(f"{path}/deliveries?limit=500"), 200)["items"]}
    if len(heard) != len(EVENTS) or listed.keys() != heard.keys():
        yield f"a webhook was sent {len(heard)} deliveries of {len(EVENTS)} events, and lists {len(listed)}, or others"


def _announces_what_follows(tenant: SuiteTenant, path: str, heard: Mapping[str, list[tuple[Pulled, int]]]) -> Iterator[str]:
    """Each attempt is listed as it was answered; what one announces comes then or later, and the last announces nothing."""
    for delivery_id, attempts in heard.items():
        told = expect(tenant.get(f"{path}/deliveries/{delivery_id}/attempts"), 200)["items"]
        told = sorted(told, key=lambda attempt: attempt["attempt_number"])
        seen = [(attempt["attempt_number"], attempt.get("status_code"), attempt.get("response_body") or "") for attempt in told]
        wanted = [(attempt.number, status, "") for attempt, status in attempts]
        if seen != wanted:
            yield f"the attempts {wanted} of a delivery to a webhook are listed as {seen}"
            return
        made, announced = ([attempt.get(name) for attempt in told] for name in ("created_at", "next_retry_at"))
        # When the next comes may be null; after what was received there is none.
        if attempts[-1][1] == RECEIVED and instant(announced[-1]) is not None:
            yield f"attempts that were answered {[status for _, status, _ in seen]} announce the next for {announced}"
            return
        for said, then in zip(announced, made[1:], strict=False):
            if is_before(then, said):
                yield f"an attempt was announced for {said}, and was made at {then}"


def _redeliveries_wait_their_turn(tenant: SuiteTenant) -> Iterator[str]:
    """What has not ended, has an open delivery or no address is not sent again: that is a 422, and nothing is sent."""
    for noun, create in (("runs", create_run), ("batches", lambda tenant, **more: create_batch(tenant, 1, **more))):
        path = f"/v1/{noun}/{create(tenant, callback_url=tenant.hook)['id']}"
        yield from _is_not_sent_again(tenant, path, "has not ended")
        ended(tenant, path)
        yield from _is_not_sent_again(tenant, path, "is being delivered")
        if len(every_attempt(tenant)) != 1:
            yield f"{path} is told more than once, and every redelivery was refused"
        silent = f"/v1/{noun}/{create(tenant)['id']}"
        ended(tenant, silent)
        yield from _is_not_sent_again(tenant, silent, "has no callback_url")
        for place, count in ((path, 1), (silent, 0)):
            told = expect(tenant.get(f"{place}/callback"), 200)
            if len(told) != count:
                yield f"every redelivery of {place} was refused, and it has {len(told)} deliveries"


def _is_not_sent_again(tenant: SuiteTenant, path: str, why: str) -> Iterator[str]:
    answer = tenant.post(f"{path}/callback-redeliveries", {})
    if answer.status != 422:
        yield f"{path} {why}, and a redelivery is answered {answer.evidence}"


FLOWS: tuple[Flow, ...] = (
    Flow("failure_is_tried_again", "whatever was not received is sent again", Needs.CONTROL, _what_failed_is_tried_again, 9),
    Flow("webhook_is_tried_again", "a webhook is told again, and lists what it was sent", Needs.CONTROL, _webhooks_are_tried_again, 3),
    Flow("redelivery_waits", "what is open, or has no address, is not sent again", Needs.CONTROL, _redeliveries_wait_their_turn, 4),
)

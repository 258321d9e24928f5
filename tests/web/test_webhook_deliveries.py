import json
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from contract import document, fits
from doors import AUTO, Door
from jsonschema import Draft202012Validator
from steps import ABSENT, Body, advance, callback_run, finished_batch, finished_run, ok, places, post_fault, post_run, problem
from webhooks import SECRET, URL, WEBHOOKS, change, new, read, subscriptions

from runflow_mock.domain.signing import sign_timestamped, verify_bare, verify_timestamped
from runflow_mock.runtime.sender import HttpSender, RecordingSender
from runflow_mock.testing.receiver import CallbackReceiver

EVENTS = ("run.completed", "run.failed", "run.cancelled")


def subscribed(door: Door, *codes: str, url: str = URL) -> Body:
    return new(door, url=url, event_subscriptions=subscriptions(*(codes or EVENTS)))


def deliveries(door: Door, webhook: Body | str, query: str = "") -> list[Body]:
    parent = webhook if isinstance(webhook, str) else webhook["id"]
    found: list[Body] = ok(fits(door.get(f"{WEBHOOKS}/{parent}/deliveries{query}"), "list_webhook_deliveries"))["items"]
    return found


def attempts(door: Door, delivery: Body) -> list[Body]:
    path = f"{WEBHOOKS}/any/deliveries/{delivery['id']}/attempts"
    found: list[Body] = ok(fits(door.get(path), "list_webhook_delivery_attempts"))["items"]
    return found


def test_webhook_is_sent_the_callback_of_a_run_that_names_no_url(door: Door) -> None:
    webhook = subscribed(door)
    run = finished_run(door)
    (delivery,) = deliveries(door, webhook)
    assert (delivery["webhook_id"], delivery["event_type_code"], delivery["webhook"]) == (webhook["id"], "run.completed", None)
    payload = delivery["payload"]
    assert (payload["event"], payload["run_id"], payload["output"]) == ("run.completed", run["id"], run["output"])
    schema = document()["components"]["schemas"]["RunCallbackPayload"]
    Draft202012Validator({**document(), **schema}).validate(payload)
    assert isinstance(door.sender, RecordingSender)
    assert [(request.url, json.loads(request.body)) for request in door.sender.sent] == [(URL, payload)]
    assert read(door, webhook)["last_triggered_at"] == delivery["created_at"]
    assert read(door, webhook)["updated_at"] == webhook["updated_at"]


@pytest.mark.slow(is_covering=True)
def test_each_webhook_hears_what_it_subscribes_to(door: Door) -> None:
    webhooks = {code: subscribed(door, code) for code in EVENTS}
    silent = new(door)
    finished_run(door)
    post_fault(door, {"edge": "run.running->failed"}, when={"times": 1})
    finished_run(door)
    ok(door.post(f"/_mock/runs/{post_run(door)['id']}/cancel"))
    door.settle()
    for code, webhook in webhooks.items():
        assert [delivery["event_type_code"] for delivery in deliveries(door, webhook)] == [code]
    assert deliveries(door, silent) == []
    assert [delivery["event_type_code"] for delivery in deliveries(door, "any")] == ["run.cancelled", "run.failed", "run.completed"]


def test_runs_of_a_batch_are_told_one_by_one(door: Door) -> None:
    webhook = subscribed(door)
    batch = finished_batch(door, 2)
    assert {delivery["payload"]["run_id"] for delivery in deliveries(door, webhook)} == {item["run_id"] for item in batch["items"]}


def test_history_of_a_run_has_its_callback_only(door: Door) -> None:
    webhook = subscribed(door)
    run = callback_run(door)
    door.settle()
    (own,) = door.get(f"/v1/runs/{run['id']}/callback").json()
    (heard,) = deliveries(door, webhook)
    assert own["id"] != heard["id"]
    assert own["payload"] == heard["payload"]


def test_disabled_webhook_hears_nothing_until_it_is_on_again(door: Door) -> None:
    webhook = subscribed(door)
    change(door, webhook, disabled_at="2026-01-01T00:00:00Z")
    finished_run(door)
    assert deliveries(door, webhook) == []
    change(door, webhook, disabled_at=None)
    finished_run(door)
    assert len(deliveries(door, webhook)) == 1


def test_failed_attempts_are_retried_on_the_schedule_of_callbacks() -> None:
    with Door(sender=RecordingSender(*[500] * 5)) as door:
        webhook = subscribed(door)
        finished_run(door)
        (delivery,) = deliveries(door, webhook)
        found = attempts(door, delivery)
    made = [datetime.fromisoformat(attempt["created_at"]) for attempt in found]
    assert [(later - earlier).total_seconds() for earlier, later in pairwise(made)] == [10, 60, 300, 1800]
    assert [attempt["next_retry_at"] for attempt in found] == [*(attempt["created_at"] for attempt in found[1:]), None]
    assert {(attempt["status_code"], attempt["succeeded"]) for attempt in found} == {(500, False)}
    assert [attempt["attempt_number"] for attempt in found] == [1, 2, 3, 4, 5]


def test_waiting_delivery_says_when_it_is_tried_again() -> None:
    with Door(sender=RecordingSender(500)) as door:
        webhook = subscribed(door)
        post_run(door)
        advance(door, 5)
        (delivery,) = deliveries(door, webhook)
        (attempt,) = delivery["attempts"]
        waited = datetime.fromisoformat(attempt["next_retry_at"]) - datetime.fromisoformat(attempt["created_at"])
    assert (attempt["succeeded"], waited.total_seconds()) == (False, 10)


@pytest.mark.parametrize("how", ["delete", "disable"])
def test_what_waits_is_given_up_when_the_webhook_goes(how: str) -> None:
    sender = RecordingSender(500)
    with Door(sender=sender) as door:
        webhook = subscribed(door)
        post_run(door)
        advance(door, 5)
        if how == "delete":
            door.delete(f"{WEBHOOKS}/{webhook['id']}")
        else:
            change(door, webhook, disabled_at="2026-01-01T00:00:00Z")
        door.settle()
        (delivery,) = ok(door.get("/_mock/deliveries"))["items"]
        (shown,) = deliveries(door, "any", "?embed=webhook")
    assert len(sender.sent) == 1
    assert (delivery["state"], delivery["reason"], len(delivery["attempts"])) == ("failed", "webhook_disabled", 2)
    assert shown["webhook"]["id"] == webhook["id"]


def test_operator_sees_for_whom_a_delivery_is(door: Door) -> None:
    webhook = subscribed(door)
    run = finished_run(door)
    (delivery,) = ok(door.get("/_mock/deliveries"))["items"]
    assert (delivery["run_id"], delivery["webhook_id"], delivery["event_type"]) == (run["id"], webhook["id"], "run.completed")


def test_changed_secret_signs_the_next_attempt() -> None:
    sender = RecordingSender(500, 200)
    with Door(sender=sender, callback_secret="rf_whsec_of_the_organization") as door:
        webhook = subscribed(door)
        post_run(door)
        advance(door, 5)
        change(door, webhook, secret="another")
        door.settle()
    for request, secret in zip(sender.sent, (SECRET, "another"), strict=True):
        assert request.headers["Runflow-Signature"] == sign_timestamped(request.body, int(request.headers["Runflow-Timestamp"]), secret)


def test_docs_dialect_signs_webhooks_bare() -> None:
    sender = RecordingSender()
    with Door(sender=sender, dialect="docs") as door:
        subscribed(door)
        finished_run(door)
    verify_bare(sender.sent[0].body, signature=sender.sent[0].headers["Runflow-Signature"], secret=SECRET)


def test_real_receiver_can_verify_what_it_gets_and_gets_it_again() -> None:
    with CallbackReceiver(503) as receiver, Door(sender=HttpSender()) as door:
        webhook = subscribed(door, url=receiver.url)
        run = finished_run(door)
        first, second = receiver.wait(2)
        (delivery,) = deliveries(door, webhook)
    assert first.body == second.body
    assert json.loads(first.body)["run_id"] == run["id"]
    assert [first.request_id, second.request_id] == [f"{delivery['id']}-{number}" for number in (1, 2)]
    for received in (first, second):
        verify_timestamped(received.body, signature=received.signature, timestamp=received.timestamp, secret=SECRET, now=datetime.now(UTC))
    assert [(each["status_code"], each["succeeded"]) for each in delivery["attempts"]] == [(503, False), (200, True)]


def test_deliveries_and_attempts_are_read_one_by_one(door: Door) -> None:
    webhook = subscribed(door)
    finished_run(door)
    (delivery,) = deliveries(door, webhook)
    (attempt,) = attempts(door, delivery)
    assert delivery["attempts"] == [attempt]
    for parent in (webhook["id"], "any"):
        path = f"{WEBHOOKS}/{parent}/deliveries/{delivery['id']}"
        assert ok(fits(door.get(path), "get_webhook_delivery")) == delivery
        embedded = ok(fits(door.get(f"{path}?embed=webhook"), "get_webhook_delivery"))
        assert embedded == {**delivery, "webhook": read(door, webhook)}
        assert ok(fits(door.get(f"{path}/attempts/{attempt['id']}"), "get_webhook_delivery_attempt")) == attempt
        listing = ok(fits(door.get(f"{path}/attempts?embed=delivery"), "list_webhook_delivery_attempts"))
        assert listing["items"] == [{**attempt, "delivery": delivery}]
    assert ok(door.get(f"{WEBHOOKS}/{webhook['id']}?embed=deliveries"))["deliveries"] == [delivery]


def test_other_parent_and_absent_parts_are_not_found(door: Door) -> None:
    webhook, other = subscribed(door), new(door)
    run = callback_run(door)
    door.settle()
    (delivery,) = deliveries(door, webhook)
    (callback,) = door.get(f"/v1/runs/{run['id']}/callback").json()
    for path in (
        f"{other['id']}/deliveries/{delivery['id']}",
        f"{ABSENT}/deliveries",
        f"{webhook['id']}/deliveries/{ABSENT}",
        f"any/deliveries/{callback['id']}",
        f"any/deliveries/{delivery['id']}/attempts/{ABSENT}",
    ):
        problem(door.get(f"{WEBHOOKS}/{path}"), 404, "NOT_FOUND")
    assert places(door.get(f"{WEBHOOKS}/nonsense/deliveries")) == [(["path", "webhook_id"], "uuid_parsing")]


def test_lists_take_the_parameters_of_lists(door: Door) -> None:
    webhook = subscribed(door)
    runs = [finished_run(door) for _ in range(3)]
    newest = deliveries(door, webhook, "?limit=1")
    assert [delivery["payload"]["run_id"] for delivery in newest] == [runs[-1]["id"]]
    assert deliveries(door, webhook, "?q=event_type_code:run.failed") == []
    oldest = deliveries(door, "any", f"?sort_by=created_at&limit=1&fields=id&q=webhook_id:'{webhook['id']}'")
    assert [set(each) for each in oldest] == [{"id"}]
    path = f"{WEBHOOKS}/any/deliveries/{oldest[0]['id']}/attempts"
    assert len(ok(door.get(f"{path}?q=succeeded:true AND status_code=200"))["items"]) == 1


def test_client_that_polls_deliveries_sees_them_end() -> None:
    with Door(AUTO, sender=RecordingSender(500)) as door:
        webhook = subscribed(door)
        run = post_run(door)
        while door.get(f"/v1/runs/{run['id']}").json()["status_code"] != "succeeded":
            pass
        seen = [len(deliveries(door, webhook)[0]["attempts"]) for _ in range(6)]
    assert seen[-1] == 2


def test_client_that_polls_one_delivery_sees_it_end() -> None:
    with Door(AUTO, sender=RecordingSender(500)) as door:
        webhook = subscribed(door)
        run = post_run(door)
        while door.get(f"/v1/runs/{run['id']}").json()["status_code"] != "succeeded":
            pass
        path = f"{WEBHOOKS}/any/deliveries/{deliveries(door, webhook)[0]['id']}"
        seen = [[attempt["succeeded"] for attempt in ok(door.get(path))["attempts"]] for _ in range(6)]
    assert seen[-1] == [False, True]


def test_two_worlds_with_the_same_seed_send_the_same_bytes() -> None:
    senders = RecordingSender(500, 200), RecordingSender(500, 200)
    for sender in senders:
        with Door(sender=sender, client_time="virtual") as door:
            subscribed(door)
            finished_run(door)
    assert senders[0].sent == senders[1].sent

"""Every kind of the callback family, over a real connection: the bytes that arrive at a receiver, and what is recorded of them."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from doors import Door
from hooks import SECRET, Hook, age_of, hooked, is_signed_with, statuses, told
from httpx import ASGITransport, AsyncClient, Response
from shown import Test, showing
from starlette.applications import Starlette
from steps import INPUT, RUNS, Body, advance, ok, post_batch, post_run, problem
from webhooks import WEBHOOKS, subscriptions
from worlds import CALLBACK_URL

from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.domain.fault_kinds import KINDS, Family
from runflow_mock.runtime.sender import OutgoingRequest, RecordingSender

DIALECTS = ("seed", "docs")
SHOWN: dict[str, Test] = {}
shows = showing(SHOWN)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hooked() as opened:
        yield opened


def test_without_a_rule_a_callback_arrives_once_and_signed(hook: Hook) -> None:
    delivery = hook.finish()
    (callback,) = hook.received
    assert (is_signed_with(SECRET, callback), age_of(callback) < 60, delivery["attempts"][0]["fault"]) == (True, True, None)
    assert (callback.body.decode(), statuses(delivery)) == (delivery["attempts"][0]["body"], [200])


@shows("callback.drop")
def test_dropped_callback_never_arrives_and_is_recorded_as_answered(hook: Hook) -> None:
    hook.rule("callback.drop")
    delivery = hook.finish()
    assert (hook.received, delivery["state"], statuses(delivery)) == ((), "succeeded", [200])
    assert delivery["attempts"][0]["fault"] == {"kind": "callback.drop"}
    assert delivery["attempts"][0]["signature"].startswith("v1=")


@shows("callback.duplicate")
def test_duplicates_are_equal_in_every_byte_and_the_last_answer_counts() -> None:
    with hooked(500, 200, 503, 200) as hook:
        hook.rule({"kind": "callback.duplicate", "copies": 3}, when={"times": 1})
        delivery = hook.finish()
        first, second, third, retry = hook.received
    assert first == second == third
    assert (retry.body, retry.request_id == first.request_id) == (first.body, False)
    assert (statuses(delivery), [copy["status_code"] for copy in delivery["attempts"][0]["copies"]]) == ([503, 200], [500, 200])
    assert all(is_signed_with(SECRET, callback) for callback in (first, retry))


@shows("callback.fail")
@pytest.mark.parametrize(("what", "recorded"), [({"status": 503}, 503), ({}, None)])
def test_failed_attempts_never_arrive_and_are_tried_again(hook: Hook, what: Body, recorded: int | None) -> None:
    hook.rule({"kind": "callback.fail", **what}, when={"times": 2})
    delivery = hook.finish()
    (callback,) = hook.received
    assert (statuses(delivery), delivery["state"], callback.request_id) == ([recorded, recorded, 200], "succeeded", f"{delivery['id']}-3")
    cut_off = None if recorded else "ConnectionError: the connection was cut off before an answer"
    assert [attempt["error"] for attempt in delivery["attempts"]] == [cut_off, cut_off, None]


def test_delivery_whose_attempts_all_fail_gives_up(hook: Hook) -> None:
    hook.rule("callback.fail")
    delivery = hook.finish()
    assert (hook.received, delivery["state"], delivery["reason"], len(delivery["attempts"])) == ((), "failed", "max_attempts_exhausted", 5)


@shows("callback.redirect")
def test_redirect_is_not_followed(hook: Hook) -> None:
    hook.rule({"kind": "callback.redirect", "status": 308}, when={"times": 1})
    assert statuses(hook.finish()) == [308, 200]
    assert len(hook.received) == 1


@shows("callback.unsigned")
@pytest.mark.parametrize("dialect", DIALECTS)
def test_unsigned_callback_has_no_signature(dialect: str) -> None:
    with hooked(dialect=dialect) as hook:
        hook.rule("callback.unsigned")
        delivery = hook.finish()
        (callback,) = hook.received
    assert (callback.signature, callback.timestamp is None) == (None, dialect == "docs")
    assert (delivery["attempts"][0]["secret_id"], statuses(delivery)) == (None, [200])


@shows("callback.wrong_secret")
@pytest.mark.parametrize("dialect", DIALECTS)
def test_wrong_secret_makes_a_signature_that_does_not_fit(dialect: str) -> None:
    with hooked(dialect=dialect) as hook:
        hook.rule("callback.wrong_secret")
        hook.finish()
        (callback,) = hook.received
    assert callback.signature is not None
    assert len(callback.signature) == (64 if dialect == "docs" else 67)
    assert not is_signed_with(SECRET, callback)


@pytest.mark.parametrize("guess", ["", "undefined"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_guessed_secret_signs(dialect: str, guess: str) -> None:
    with hooked(dialect=dialect) as hook:
        hook.rule({"kind": "callback.wrong_secret", "guess": guess})
        hook.finish()
        (callback,) = hook.received
    assert (is_signed_with(guess, callback), is_signed_with(SECRET, callback)) == (True, False)


@shows("callback.previous_secret")
@pytest.mark.parametrize("dialect", DIALECTS)
def test_previous_secret_signs_after_a_rotation(dialect: str) -> None:
    with hooked(dialect=dialect) as hook:
        rule = hook.rule("callback.previous_secret")
        hook.finish()
        new = rotate(hook.door)
        hook.finish()
        before, after = hook.received
        assert hook.fired(rule) == 1
    assert [is_signed_with(SECRET, before), is_signed_with(SECRET, after), is_signed_with(new, after)] == [True, True, False]


@shows("callback.stale")
def test_stale_callback_is_validly_signed_for_the_past(hook: Hook) -> None:
    hook.rule({"kind": "callback.stale", "by": "10m"})
    hook.finish()
    (callback,) = hook.received
    assert (is_signed_with(SECRET, callback), 600 <= age_of(callback) < 660) == (True, True)


@shows("callback.future")
def test_future_callback_is_validly_signed_for_the_time_to_come(hook: Hook) -> None:
    hook.rule({"kind": "callback.future", "by": "1h"})
    hook.finish()
    (callback,) = hook.received
    assert (is_signed_with(SECRET, callback), -3600 <= age_of(callback) < -3540) == (True, True)


@pytest.mark.parametrize("kind", ["callback.stale", "callback.future"])
def test_where_no_timestamp_is_sent_there_is_none_to_shift(kind: str) -> None:
    with hooked(dialect="docs") as hook:
        rule = hook.rule(kind)
        hook.finish()
        assert (hook.fired(rule), is_signed_with(SECRET, hook.received[0])) == (0, True)


@shows("callback.tamper")
@pytest.mark.parametrize("dialect", DIALECTS)
def test_tampered_body_is_json_that_lies_and_does_not_fit_its_signature(dialect: str) -> None:
    with hooked(dialect=dialect) as hook:
        hook.rule("callback.tamper")
        run = hook.run()
        delivery = hook.delivery(run)
        (callback,) = hook.received
        (shown,) = hook.door.get(f"/v1/runs/{run['id']}/callback").json()
    truth = json.loads(shown["payload_bytes"])
    assert told(callback) == {**truth, "status": "failed"}
    assert (truth["status"], is_signed_with(SECRET, callback)) == ("succeeded", False)
    assert delivery["attempts"][0]["body"] == callback.body.decode()


@shows("callback.respace")
@pytest.mark.parametrize("dialect", DIALECTS)
def test_respaced_body_says_the_same_and_does_not_fit_its_signature(dialect: str) -> None:
    with hooked(dialect=dialect) as hook:
        hook.rule("callback.respace", when={"times": 1})
        delivery = hook.finish()
        (callback,) = hook.received
    assert (callback.body[:2], delivery["attempts"][0]["body"]) == (b"{ ", callback.body.decode())
    assert (told(callback)["status"], is_signed_with(SECRET, callback)) == ("succeeded", False)


@shows("callback.line_break")
@pytest.mark.parametrize("dialect", DIALECTS)
def test_body_that_ends_with_a_line_break_fits_its_signature(dialect: str) -> None:
    with hooked(dialect=dialect) as hook:
        hook.rule("callback.line_break", when={"times": 1})
        delivery = hook.finish()
        (callback,) = hook.received
    assert (callback.body[-2:], delivery["attempts"][0]["body"]) == (b"}\n", callback.body.decode())
    assert (told(callback)["status"], is_signed_with(SECRET, callback)) == ("succeeded", True)


@shows("callback.fields")
@pytest.mark.parametrize("dialect", DIALECTS)
def test_callback_with_other_fields_fits_its_signature_and_is_frozen_without_them(dialect: str) -> None:
    fields = {"duration_ms": None, "x_unknown": {"since": "tomorrow"}}
    with hooked(dialect=dialect) as hook:
        hook.rule({"kind": "callback.fields", "fields": fields}, when={"times": 1})
        run = hook.run()
        hook.delivery(run)
        (callback,) = hook.received
        (shown,) = hook.door.get(f"/v1/runs/{run['id']}/callback").json()
    assert (told(callback), is_signed_with(SECRET, callback)) == ({**json.loads(shown["payload_bytes"]), **fields}, True)


@shows("callback.near_signature")
@pytest.mark.parametrize("dialect", DIALECTS)
def test_near_signature_is_as_long_as_the_right_one_and_does_not_fit(dialect: str) -> None:
    with hooked(500, 200, dialect=dialect) as hook:
        hook.rule("callback.near_signature", when={"times": 1})
        delivery = hook.finish()
        near, right = hook.received
    assert near.signature is not None
    assert right.signature is not None
    assert (len(near.signature), delivery["attempts"][0]["signature"]) == (len(right.signature), near.signature)
    assert (near.body, is_signed_with(SECRET, near), is_signed_with(SECRET, right)) == (right.body, False, True)


@shows("callback.delay")
def test_delayed_callback_comes_later(hook: Hook) -> None:
    hook.rule({"kind": "callback.delay", "by": "10m"})
    run = hook.run()
    arrived = []
    for by in ("9m", "2m"):
        advance(hook.door, by)
        arrived.append(len(hook.received))
    assert (arrived, statuses(hook.delivery(run))) == ([0, 1], [200])


@shows("callback.late_after_cancel")
def test_callback_about_something_cancelled_comes_late(hook: Hook) -> None:
    rule = hook.rule({"kind": "callback.late_after_cancel", "by": "10m"})
    run, other = hook.run(), hook.run()
    ok(hook.door.post(f"/_mock/runs/{run['id']}/cancel"))
    advance(hook.door, "9m")
    assert [told(callback)["run_id"] for callback in hook.received] == [other["id"]]
    advance(hook.door, "2m")
    assert told(hook.received[-1])["event"] == "run.cancelled"
    assert hook.fired(rule) == 1


@shows("callback.reorder")
def test_reordered_callback_arrives_after_the_next_one(hook: Hook) -> None:
    hook.rule("callback.reorder")
    runs = [hook.run() for _ in range(4)]
    ended = sorted((hook.delivery(run) for run in runs), key=lambda delivery: str(delivery["created_at"]))
    one, two, three, four = (delivery["run_id"] for delivery in ended)
    arrived = [told(callback)["run_id"] for callback in hook.received]
    assert arrived == [two, one, four, three]


@shows("callback.before_response")
def test_callback_arrives_before_the_answer_that_still_says_queued(hook: Hook) -> None:
    hook.rule("callback.before_response")
    run = hook.run()
    (callback,) = hook.received
    assert (run["status_code"], told(callback)["event"], told(callback)["run_id"]) == ("queued", "run.completed", run["id"])
    assert is_signed_with(SECRET, callback)
    assert ok(hook.door.get("/_mock/clock"))["now"] == "2026-01-01T00:00:00.000Z"


def test_callback_of_a_batch_arrives_before_the_answer_that_still_says_queued(hook: Hook) -> None:
    hook.rule("callback.before_response")
    batch = post_batch(hook.door, 3, callback_url=hook.receiver.url)
    (callback,) = hook.received
    assert (batch["status_code"], {item["status_code"] for item in batch["items"]}, batch["output"]) == ("queued", {"queued"}, None)
    assert (told(callback)["event"], told(callback)["batch_id"]) == ("batch.succeeded", batch["id"])


def test_every_kind_of_the_family_is_shown_here() -> None:
    assert set(SHOWN) == {kind.name for kind in KINDS if kind.family is Family.CALLBACK}


class Chaining(RecordingSender):
    """A receiver that, before it answers, reads the run it hears of and creates another one, until there are three."""

    def __init__(self) -> None:
        super().__init__()
        self.app: Starlette | None = None
        self.seen: list[str] = []

    async def send(self, request: OutgoingRequest) -> AttemptResult:
        assert self.app is not None
        run_id = json.loads(request.body)["run_id"]
        headers = {"Authorization": "Bearer rf_live_mock_test"}
        async with AsyncClient(transport=ASGITransport(app=self.app), base_url="http://127.0.0.1:8787", headers=headers) as client:
            self.seen.append((await client.get(f"/v1/runs/{run_id}")).json()["status_code"])
            if len(self.seen) < 3:
                created = await client.post(RUNS, json={"input": INPUT, "callback_url": CALLBACK_URL})
                self.seen.append(created.json()["status_code"])
        return await super().send(request)


def test_receiver_may_call_the_api_before_the_answer_is_given() -> None:
    """Were each answer to wait for whatever is in flight, a receiver that starts the next step would wait for itself."""
    receiver = Chaining()
    with Door(sender=receiver) as door:
        receiver.app = door.app
        ok(door.post("/_mock/faults", {"what": {"kind": "callback.before_response"}}), 201)
        assert post_run(door, callback_url=CALLBACK_URL)["status_code"] == "queued"
    assert receiver.seen == ["succeeded", "succeeded", "succeeded", "queued", "queued"]


class Repeating(RecordingSender):
    """A receiver that repeats the creation it hears of, under the same key, before it answers."""

    def __init__(self) -> None:
        super().__init__()
        self.repeat: Callable[[], Coroutine[Any, Any, Response]] | None = None
        self.answered: list[Response] = []

    async def send(self, request: OutgoingRequest) -> AttemptResult:
        assert self.repeat is not None
        self.answered.append(await self.repeat())
        return await super().send(request)


def test_key_of_a_creation_is_a_conflict_until_it_is_answered() -> None:
    receiver, body, key = Repeating(), {"input": INPUT, "callback_url": CALLBACK_URL}, {"Idempotency-Key": "k"}
    with Door(sender=receiver) as door:
        headers = {"Authorization": f"Bearer {door.key}", **key}

        async def repeat() -> Response:
            async with AsyncClient(transport=ASGITransport(app=door.app), base_url="http://127.0.0.1:8787", headers=headers) as client:
                return await client.post(RUNS, json=body)

        receiver.repeat = repeat
        ok(door.post("/_mock/faults", {"what": {"kind": "callback.before_response"}}), 201)
        run = ok(door.post(RUNS, body, headers=key), 201)
        (refused,) = receiver.answered
        problem(refused, 409, "CONFLICT")
        assert ok(door.post(RUNS, body, headers=key), 201) == run


class Deaf(RecordingSender):
    """A receiver that never answers."""

    async def send(self, request: OutgoingRequest) -> AttemptResult:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets the event")


def test_answer_does_not_wait_for_ever() -> None:
    with Door(sender=Deaf(), sync_seconds_max=0.01) as door:
        ok(door.post("/_mock/faults", {"what": {"kind": "callback.before_response"}}), 201)
        assert post_run(door, callback_url=CALLBACK_URL)["status_code"] == "queued"
        assert ok(door.get("/_mock/clock"))["in_flight"] == 1


def test_answer_in_sync_mode_waits_for_both() -> None:
    with hooked() as hook:
        hook.rule("callback.before_response")
        model = next(model for model in hook.door.runtime.catalog.models if model.output.sync_mode and model.is_active)
        body: dict[str, Any] = {"input": {**INPUT, "prompt": "a boat", "sync_mode": True}, "callback_url": hook.receiver.url}
        run = ok(hook.door.post(f"/v1/models/{model.id}/runs", body), 201)
        assert (run["status_code"], len(hook.received)) == ("succeeded", 1)


def test_webhooks_deliveries_are_interfered_with_as_well(hook: Hook) -> None:
    body = {"url": hook.receiver.url, "secret": "w" * 32, "event_subscriptions": subscriptions("run.completed")}
    ok(hook.door.post(WEBHOOKS, body), 201)
    hook.rule("callback.unsigned", {"callback": "run.completed"})
    post_run(hook.door)
    hook.door.settle()
    (callback,) = hook.received
    assert callback.signature is None


def test_rule_for_one_run_leaves_the_others_alone(hook: Hook) -> None:
    one, other = hook.run(), hook.run()
    hook.rule("callback.drop", {"run_id": one["id"]})
    hook.door.settle()
    assert [told(callback)["run_id"] for callback in hook.received] == [other["id"]]


def test_rule_for_one_batch_leaves_the_others_alone(hook: Hook) -> None:
    one, other = (post_batch(hook.door, 2, callback_url=hook.receiver.url) for _ in range(2))
    hook.rule("callback.duplicate", {"batch_id": one["id"]})
    hook.door.settle()
    batches = [told(callback)["batch_id"] for callback in hook.received]
    assert sorted(batches) == sorted([one["id"], one["id"], other["id"]])


def test_callback_of_an_evaluation_is_a_place(hook: Hook) -> None:
    rule = hook.rule("callback.tamper", {"callback": "evaluation.*", "client_ref": "mine"})
    evaluation = {"generated_image_url": "https://cdn.example.com/a.png", "task_type": "t2i", "client_ref": "mine"}
    ok(hook.door.post("/v1/evaluations", {**evaluation, "callback_url": hook.receiver.url}), 202)
    hook.door.settle()
    assert (hook.fired(rule), told(hook.received[0])["status"]) == (1, "failed")


def test_timeline_names_the_fault_of_an_attempt(hook: Hook) -> None:
    hook.rule("callback.drop")
    hook.run()
    steps = [step for step in hook.door.settle() if step["kind"] in {"delivery", "fault"}]
    assert [(step["kind"], step.get("to"), step.get("fault"), step.get("fired")) for step in steps] == [
        ("delivery", "pending", None, None),
        ("fault", None, None, True),
        ("delivery", "delivering", "callback.drop", None),
        ("delivery", "succeeded", None, None),
    ]


def test_two_tenants_under_opposite_faults_never_see_each_others() -> None:
    with hooked() as one, hooked() as other:
        key = ok(one.door.post("/_mock/tenants", {"name": "other"}), 201)["key"]
        one.rule("callback.drop")
        ok(one.door.post("/_mock/faults", {"what": {"kind": "callback.duplicate", "copies": 3}}, key=key), 201)
        for _ in range(2):
            one.run()
            ok(one.door.post(RUNS, {"input": INPUT, "callback_url": other.receiver.url}, key=key), 201)
        one.door.settle()
        ok(one.door.post("/_mock/clock/run-until-idle", key=key))
        assert (len(one.received), len(other.received)) == (0, 6)


@pytest.mark.slow(is_covering=True)
def test_same_seed_and_virtual_time_distort_in_the_same_way() -> None:
    arrived = []
    for _ in range(2):
        sender = RecordingSender()
        with Door(sender=sender, callback_secret=SECRET, client_time="virtual") as door:
            for kind in ("wrong_secret", "stale", "tamper", "duplicate"):
                ok(door.post("/_mock/faults", {"what": {"kind": f"callback.{kind}"}, "when": {"probability": 0.5}}), 201)
            for _ in range(4):
                post_run(door, callback_url=CALLBACK_URL)
            door.settle()
        arrived.append(sender.sent)
    assert arrived[0] == arrived[1]


def rotate(door: Door) -> str:
    """Creates a secret, promotes it, and returns its material."""
    new = ok(door.post("/v1/callback-secrets", {}), 201)
    ok(door.patch(f"/v1/callback-secrets/{new['id']}", {"is_current": True}))
    return str(new["secret"])


def test_rotation_in_the_middle_of_a_delivery() -> None:
    """A signs until B is promoted while the receiver is down; B signs the retry; then something that lagged behind still signs with A."""
    with hooked(503) as hook:
        run = hook.run()
        advance(hook.door, "5s")
        new = rotate(hook.door)
        assert statuses(hook.delivery(run)) == [503, 200]
        hook.rule("callback.previous_secret", when={"times": 1})
        hook.finish()
        hook.finish()
        signed = [(is_signed_with(SECRET, callback), is_signed_with(new, callback)) for callback in hook.received]
        listed = {secret["id"]: secret["is_current"] for secret in ok(hook.door.get("/v1/callback-secrets"))["items"]}
    assert signed == [(True, False), (False, True), (True, False), (False, True)]
    assert sorted(listed.values()) == [False, True]

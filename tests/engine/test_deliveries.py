import hashlib
import hmac
import json
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from stories import advance
from worlds import CALLBACK_URL, START, catalog, create_batch, create_run, created, make_world, renderers, run_all

from runflow_mock.domain.commands import (
    CancelRun,
    CreateSecret,
    GiveFeedback,
    RecordAttempt,
    RedeliverBatchCallback,
    RedeliverRunCallback,
    UpdateSecret,
)
from runflow_mock.domain.deliveries import AttemptResult, Delivery, DeliveryStatus, RetrySchedule
from runflow_mock.domain.dialects import BUNDLES
from runflow_mock.domain.errors import CallbackUrlMissing, DeliveryInFlight, LimitReached, NotFound, NotTerminal
from runflow_mock.domain.identity import BatchId, DeliveryId, RunId
from runflow_mock.engine.world import SendCallback, World
from runflow_mock.wire.callbacks import build_headers

OK = AttemptResult(status_code=200)
BROKEN = AttemptResult(status_code=500)
REFUSED = AttemptResult(error="not sent", reason="host_not_allowed", refused=True)
SECRET = "rf_whsec_first"


def _ended(world: World) -> RunId:
    """A run with a callback that has just ended; its delivery waits for the first attempt."""
    run_id = created(world.execute(create_run(callback_url=CALLBACK_URL))).id
    while not world.store.run(run_id).is_terminal:
        world.fire_next()
    return run_id


def _send(world: World) -> SendCallback:
    """The one effect of the timer that is next."""
    (effect,) = world.fire_next().effects
    return effect


def _deliver(world: World, results: Iterable[AttemptResult]) -> list[SendCallback]:
    """Answers one attempt after the other."""
    effects = []
    for result in results:
        effects.append(_send(world))
        world.execute(RecordAttempt(effects[-1].delivery.id, result))
    return effects


def _only(world: World) -> Delivery:
    (delivery,) = world.store.deliveries.values()
    return delivery


def _with_retries(*waits: timedelta) -> World:
    told = replace(make_world().settings, retries=RetrySchedule(waits=waits), callback_secret=SECRET)
    return World(told, catalog(), renderers(), START)


def test_run_that_ends_has_one_automatic_delivery_that_is_due_at_once() -> None:
    world = make_world()
    run_id = _ended(world)
    delivery = _only(world)
    assert (delivery.run_id, delivery.url, delivery.is_automatic, delivery.status) == (run_id, CALLBACK_URL, True, "pending")
    assert world.store.timers.next_due() == delivery.next_attempt_at == world.now


def test_run_without_callback_url_tells_nobody() -> None:
    world = make_world()
    world.execute(create_run())
    run_all(world)
    assert not world.store.deliveries


def test_cancelled_run_is_told_as_well() -> None:
    world = make_world()
    run_id = created(world.execute(create_run(callback_url=CALLBACK_URL))).id
    world.execute(CancelRun(run_id))
    payload = json.loads(_only(world).payload)
    assert (payload["event"], payload["status"], payload["output"]) == ("run.cancelled", "cancelled", None)


def test_batch_is_told_once_and_its_runs_not_at_all() -> None:
    world = make_world()
    world.execute(create_batch(3, callback_url=CALLBACK_URL))
    run_all(world)
    delivery = _only(world)
    assert (delivery.run_id, delivery.batch_id) == (None, next(iter(world.store.batches)))
    assert json.loads(delivery.payload)["event"] == "batch.succeeded"


def test_attempt_is_an_effect_and_waits_for_its_result() -> None:
    world = make_world(callback_secret=SECRET)
    _ended(world)
    effect = _send(world)
    assert effect == SendCallback(_only(world), SECRET)
    assert (effect.delivery.status, len(effect.delivery.attempts)) == (DeliveryStatus.DELIVERING, 1)
    assert world.store.timers.next_due() is None


def test_success_ends_the_delivery() -> None:
    world = make_world()
    _ended(world)
    _deliver(world, [OK])
    assert _only(world).status is DeliveryStatus.SUCCEEDED
    assert world.store.timers.next_due() is None


def test_attempts_follow_the_schedule_and_stop_at_its_end() -> None:
    world = make_world()
    _ended(world)
    first = world.now
    effects = _deliver(world, [BROKEN] * 5)
    passed = [effect.delivery.attempts[-1].at - first for effect in effects]
    waits = (timedelta(0), timedelta(seconds=10), timedelta(seconds=70), timedelta(seconds=370), timedelta(seconds=2_170))
    assert passed == list(waits)
    assert (_only(world).status, _only(world).failure_reason) == ("failed", "max_attempts_exhausted")
    assert world.store.timers.next_due() is None


def test_refused_host_is_not_tried_again() -> None:
    world = make_world()
    _ended(world)
    _deliver(world, [REFUSED])
    assert (_only(world).status, _only(world).failure_reason, len(_only(world).attempts)) == ("failed", "host_not_allowed", 1)
    assert world.store.timers.next_due() is None


def _signature(body: bytes, timestamp: str, secret: str) -> str:
    return "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


@pytest.mark.slow(is_covering=True)
@given(
    st.lists(st.integers(1, 100_000), max_size=5),
    st.lists(st.sampled_from([OK, BROKEN, AttemptResult(error="timeout", reason="timeout")]), min_size=6, max_size=6),
    st.lists(st.integers(0, 20_000), min_size=6, max_size=6),
)
@settings(max_examples=20, deadline=None, derandomize=True)
def test_every_attempt_follows_the_schedule_with_the_same_bytes_and_its_own_signature(
    waits: list[int], results: list[AttemptResult], answer_times: list[int]
) -> None:
    world = _with_retries(*(timedelta(milliseconds=wait) for wait in waits))
    _ended(world)
    due, effects = world.now, list[SendCallback]()
    for result, answer_time in zip(results, answer_times, strict=True):
        assert world.store.timers.next_due() == due
        effects.append(_send(world))
        _verify(effects, due)
        world.move_to(world.now + timedelta(milliseconds=answer_time))
        world.execute(RecordAttempt(effects[-1].delivery.id, result))
        if result.is_success or len(effects) > len(waits):
            break
        due = world.now + timedelta(milliseconds=waits[len(effects) - 1])
    assert world.store.timers.next_due() is None
    assert _only(world).status == ("succeeded" if result.is_success else "failed")
    assert len(_only(world).attempts) == len(effects) <= len(waits) + 1


def _verify(effects: list[SendCallback], due: datetime) -> None:
    """The latest attempt is on time, sends the bytes of the first, and its headers verify by the published recipe."""
    delivery, secret = effects[-1].delivery, effects[-1].secret
    assert secret == SECRET
    assert delivery.attempts[-1].at == due
    assert delivery.payload == effects[0].delivery.payload
    headers = build_headers(delivery, int(due.timestamp()), secret, BUNDLES["seed"])
    assert headers["Runflow-Signature"] == _signature(delivery.payload, headers["Runflow-Timestamp"], SECRET)
    assert headers["Runflow-Request-Id"] == f"{effects[0].delivery.id}-{len(effects)}"


def test_result_that_nobody_waits_for_is_dropped() -> None:
    world = make_world()
    _ended(world)
    delivery_id = _deliver(world, [OK])[0].delivery.id
    before = _only(world)
    assert world.execute(RecordAttempt(delivery_id, BROKEN)).events == ()
    assert _only(world) == before


def test_result_of_an_unknown_delivery_is_refused() -> None:
    with pytest.raises(NotFound, match="no delivery no"):
        make_world().execute(RecordAttempt(DeliveryId("no"), OK))


def test_attempt_is_signed_with_the_secret_that_is_current_then() -> None:
    world = make_world(callback_secret=SECRET)
    world.execute(CreateSecret("second", "rf_whsec_second"))
    first, second = world.store.secrets
    _ended(world)
    _deliver(world, [BROKEN])
    world.execute(UpdateSecret(secret_id=second, is_current=True))
    effect = _send(world)
    assert effect.secret == "rf_whsec_second"
    assert [attempt.secret_id for attempt in effect.delivery.attempts] == [first, second]
    assert world.store.secret(second).last_used_at == world.now


def test_without_a_secret_attempts_are_not_signed() -> None:
    world = make_world()
    _ended(world)
    effect = _send(world)
    assert effect.secret is None
    assert effect.delivery.attempts[0].secret_id is None


def test_redelivery_is_a_new_delivery_with_the_same_news() -> None:
    world = make_world()
    run_id = _ended(world)
    _deliver(world, [REFUSED])
    world.execute(RedeliverRunCallback(run_id))
    first, second = world.store.deliveries_about(run_id)
    assert (first.is_automatic, second.is_automatic, second.status) == (True, False, "pending")
    assert first.id != second.id
    assert first.payload == second.payload
    assert _deliver(world, [OK])[0].delivery.id == second.id


def test_redelivery_of_a_batch_is_a_new_delivery() -> None:
    world = make_world()
    world.execute(create_batch(2, callback_url=CALLBACK_URL))
    for _ in advance(world, START + timedelta(hours=1), lambda _: OK):
        pass
    (batch_id,) = world.store.batches
    world.execute(RedeliverBatchCallback(batch_id))
    assert [delivery.is_automatic for delivery in world.store.deliveries_about(batch_id)] == [True, False]


def test_frozen_bytes_do_not_change_with_the_run() -> None:
    world = make_world()
    run_id = _ended(world)
    before = _only(world).payload
    world.execute(GiveFeedback(run_id, is_positive=True, reason=None))
    assert _only(world).payload == before


@pytest.mark.parametrize("attempted", [False, True])
def test_redelivery_in_flight_is_refused(attempted: bool) -> None:
    world = make_world()
    run_id = _ended(world)
    if attempted:
        _send(world)
    with pytest.raises(DeliveryInFlight) as caught:
        world.execute(RedeliverRunCallback(run_id))
    assert (caught.value.identifier, caught.value.delivery_id) == (run_id, _only(world).id)
    assert len(world.store.deliveries) == 1


def test_redelivery_between_two_attempts_is_refused() -> None:
    world = make_world()
    run_id = _ended(world)
    _deliver(world, [BROKEN])
    with pytest.raises(DeliveryInFlight):
        world.execute(RedeliverRunCallback(run_id))


def test_redelivery_before_the_end_is_refused() -> None:
    world = make_world()
    run_id = created(world.execute(create_run(callback_url=CALLBACK_URL))).id
    world.execute(create_batch(1, callback_url=CALLBACK_URL))
    with pytest.raises(NotTerminal, match="is queued"):
        world.execute(RedeliverRunCallback(run_id))
    with pytest.raises(NotTerminal, match="is queued"):
        world.execute(RedeliverBatchCallback(next(iter(world.store.batches))))


def test_redelivery_without_callback_url_is_refused() -> None:
    world = make_world()
    run_id = created(world.execute(create_run())).id
    run_all(world)
    with pytest.raises(CallbackUrlMissing):
        world.execute(RedeliverRunCallback(run_id))


@pytest.mark.parametrize("command", [RedeliverRunCallback(RunId("no")), RedeliverBatchCallback(BatchId("no"))])
def test_redelivery_of_what_does_not_exist_is_refused(command: RedeliverRunCallback | RedeliverBatchCallback) -> None:
    with pytest.raises(NotFound):
        make_world().execute(command)


def test_number_of_redeliveries_is_limited() -> None:
    told = make_world().settings
    world = World(replace(told, limits=replace(told.limits, deliveries_max=2)), catalog(), renderers(), START)
    run_id = _ended(world)
    _deliver(world, [OK])
    world.execute(RedeliverRunCallback(run_id))
    _deliver(world, [OK])
    with pytest.raises(LimitReached, match="deliveries_max is 2"):
        world.execute(RedeliverRunCallback(run_id))

from datetime import timedelta

import pytest
from msgspec.structs import replace
from worlds import CALLBACK_URL, START, catalog, create_batch, create_run, created, make_world, renderers, run_all

from runflow_mock.domain.commands import CancelRun, CreateWebhook, DeleteWebhook, RecordAttempt, RedeliverRunCallback, UpdateWebhook
from runflow_mock.domain.deliveries import AttemptResult, Delivery, DeliveryStatus
from runflow_mock.domain.errors import LimitReached, NotFound, Outdated
from runflow_mock.domain.identity import WebhookId
from runflow_mock.domain.records import Limits, RecordChanged, RecordCreated, RecordDeleted
from runflow_mock.domain.tenants import TenantSettings
from runflow_mock.domain.webhooks import Webhook
from runflow_mock.engine.history import fold
from runflow_mock.engine.invariants import check
from runflow_mock.engine.world import SendCallback, World

ALL = ("run.completed", "run.failed", "run.cancelled")
URL = "http://127.0.0.1:9000/organization"
REFUSED = AttemptResult(status_code=500, reason="http_error")


def subscribe(world: World, *event_types: str, secret: str = "example_1") -> Webhook:
    (event,) = world.execute(CreateWebhook(url=URL, secret=secret, event_types=event_types)).events
    assert isinstance(event, RecordCreated)
    return world.store.webhook(event.record.id)


def effects(world: World) -> list[SendCallback]:
    return [effect for outcome in run_all(world) for effect in outcome.effects]


def only_delivery(world: World, webhook: Webhook) -> Delivery:
    (delivery,) = world.store.deliveries_heard_by(webhook.id)
    return delivery


def test_webhook_hears_of_a_run_that_has_no_callback_of_its_own() -> None:
    world = make_world()
    webhook = subscribe(world, *ALL)
    run = created(world.execute(create_run()))
    (effect,) = effects(world)
    assert (effect.secret, effect.delivery.url, effect.delivery.run_id, effect.delivery.event_type) == (
        "example_1",
        URL,
        run.id,
        "run.completed",
    )
    assert world.store.webhook(webhook.id).last_triggered_at == effect.delivery.created_at


def test_secret_of_the_organization_is_not_used_for_a_webhook() -> None:
    world = make_world(callback_secret="rf_whsec_current")
    webhook = subscribe(world, *ALL)
    world.execute(create_run())
    run_all(world)
    (secret,) = world.store.secrets.values()
    assert (only_delivery(world, webhook).attempts[-1].secret_id, secret.last_used_at) == (None, None)


def test_callback_and_webhook_carry_the_same_bytes_under_different_ids() -> None:
    world = make_world(callback_secret="rf_whsec_current")
    subscribe(world, *ALL)
    world.execute(create_run(callback_url=CALLBACK_URL))
    first, second = effects(world)
    assert first.delivery.payload == second.delivery.payload
    assert first.delivery.id != second.delivery.id
    assert {first.secret, second.secret} == {"rf_whsec_current", "example_1"}


def test_change_replaces_what_can_change() -> None:
    world = make_world()
    webhook = subscribe(world, "run.completed")
    change = UpdateWebhook(
        webhook_id=webhook.id, url="https://b.example", secret="new", event_types=("run.failed",), switches=True, disabled_at=START
    )
    changed = replace(webhook, url="https://b.example", secret="new", event_types=("run.failed",), updated_at=world.now, disabled_at=START)
    assert world.execute(change).events == (RecordChanged(changed),)
    assert world.store.webhook(webhook.id) == changed


def test_deletion_keeps_the_record() -> None:
    world = make_world()
    webhook = subscribe(world)
    deleted = replace(webhook, updated_at=world.now, deleted_at=world.now)
    assert world.execute(DeleteWebhook(webhook.id)).events == (RecordDeleted(deleted),)
    assert world.store.webhooks == {webhook.id: deleted}


def test_every_run_of_a_batch_is_told() -> None:
    world = make_world()
    webhook = subscribe(world, *ALL)
    world.execute(create_batch(3))
    assert len(effects(world)) == len(world.store.deliveries_heard_by(webhook.id)) == 3


def test_cancelled_run_is_told_to_those_who_want_to_know() -> None:
    world = make_world()
    wants, does_not = subscribe(world, "run.cancelled"), subscribe(world, "run.completed")
    world.execute(CancelRun(created(world.execute(create_run())).id))
    assert only_delivery(world, wants).event_type == "run.cancelled"
    assert list(world.store.deliveries_heard_by(does_not.id)) == []


@pytest.mark.slow(is_covering=True)
def test_webhook_without_subscriptions_hears_nothing() -> None:
    world = make_world()
    subscribe(world)
    world.execute(create_run())
    assert effects(world) == []


def test_retries_use_the_secret_of_the_moment() -> None:
    world = make_world()
    webhook = subscribe(world, *ALL)
    world.execute(create_run())
    (first,) = effects(world)
    world.execute(RecordAttempt(first.delivery.id, REFUSED))
    world.execute(UpdateWebhook(webhook_id=webhook.id, secret="example_2"))
    assert world.store.timers.next_due() == world.now + timedelta(seconds=10)
    (second,) = effects(world)
    assert (first.secret, second.secret) == ("example_1", "example_2")
    assert first.delivery.payload == second.delivery.payload


@pytest.mark.parametrize("how", ["disable", "delete"])
def test_switching_off_gives_up_what_waits(how: str) -> None:
    world = make_world()
    webhook = subscribe(world, *ALL)
    world.execute(create_run())
    (sent,) = effects(world)
    world.execute(RecordAttempt(sent.delivery.id, REFUSED))
    world.execute(
        DeleteWebhook(webhook.id) if how == "delete" else UpdateWebhook(webhook_id=webhook.id, switches=True, disabled_at=world.now)
    )
    assert effects(world) == []
    delivery = only_delivery(world, webhook)
    assert (delivery.status, delivery.failure_reason, len(delivery.attempts)) == (DeliveryStatus.FAILED, "webhook_disabled", 2)
    world.execute(create_run())
    assert effects(world) == []


def test_switching_on_again_lets_it_hear() -> None:
    world = make_world()
    webhook = subscribe(world, *ALL)
    world.execute(UpdateWebhook(webhook_id=webhook.id, switches=True, disabled_at=world.now))
    world.execute(UpdateWebhook(webhook_id=webhook.id, switches=True))
    world.execute(create_run())
    assert len(effects(world)) == 1


def test_webhook_in_flight_does_not_stand_in_the_way_of_a_redelivery() -> None:
    world = make_world()
    webhook = subscribe(world, *ALL)
    run = created(world.execute(create_run(callback_url=CALLBACK_URL)))
    for effect in effects(world):
        if effect.delivery.webhook_id is None:
            world.execute(RecordAttempt(effect.delivery.id, AttemptResult(status_code=200)))
    world.execute(RedeliverRunCallback(run.id))
    assert len(world.store.deliveries_about(run.id)) == 2
    assert len(world.store.deliveries_heard_by(webhook.id)) == 1


def test_change_with_another_updated_at_is_outdated() -> None:
    world = make_world()
    webhook = subscribe(world)
    stale = webhook.updated_at - timedelta(milliseconds=1)
    with pytest.raises(Outdated):
        world.execute(UpdateWebhook(webhook_id=webhook.id, updated_at=stale))
    world.execute(UpdateWebhook(webhook_id=webhook.id, updated_at=webhook.updated_at))


def test_instants_that_clients_cannot_see_do_not_count_as_changes() -> None:
    """Answers show milliseconds, a running clock has microseconds."""
    world = make_world()
    world.move_to(world.now + timedelta(microseconds=1_999))
    webhook = subscribe(world)
    shown = webhook.updated_at.replace(microsecond=1_000)
    world.execute(UpdateWebhook(webhook_id=webhook.id, updated_at=shown))
    with pytest.raises(Outdated):
        world.execute(UpdateWebhook(webhook_id=webhook.id, updated_at=shown + timedelta(milliseconds=1)))


def test_deleted_webhook_is_not_found() -> None:
    world = make_world()
    webhook = subscribe(world)
    world.execute(DeleteWebhook(webhook.id))
    for command in (DeleteWebhook(webhook.id), UpdateWebhook(webhook_id=webhook.id), DeleteWebhook(WebhookId("absent"))):
        with pytest.raises(NotFound):
            world.execute(command)


def test_full_world_takes_no_further_webhook() -> None:
    world = World(TenantSettings(name="small", limits=Limits(webhooks_max=1)), catalog(), renderers(), make_world().now)
    subscribe(world)
    with pytest.raises(LimitReached, match="webhooks_max is 1"):
        subscribe(world)


def test_history_folds_to_the_same_store_with_its_invariants() -> None:
    world = make_world()
    webhook = subscribe(world, *ALL)
    world.execute(create_batch(2, callback_url=CALLBACK_URL))
    for effect in effects(world):
        world.execute(RecordAttempt(effect.delivery.id, REFUSED))
    world.execute(DeleteWebhook(webhook.id))
    run_all(world)
    folded = fold(world.history)
    assert (folded.webhooks, folded.deliveries, folded.deliveries_of, folded.deliveries_to) == (
        world.store.webhooks,
        world.store.deliveries,
        world.store.deliveries_of,
        world.store.deliveries_to,
    )
    assert [each for each in check(world.store) if not each.is_held] == []

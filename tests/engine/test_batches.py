from datetime import timedelta

import pytest
from msgspec.structs import replace
from worlds import CALLBACK_URL, START, catalog, create_batch, make_world, renderers, run_all

from runflow_mock.domain.batches import Batch, BatchCreated, Tally
from runflow_mock.domain.commands import AddRule, CancelBatch, CancelRun
from runflow_mock.domain.errors import InsufficientCredits, LimitReached, ModelNotBatchable, NotFound
from runflow_mock.domain.fault_kinds import Fail
from runflow_mock.domain.faults import When
from runflow_mock.domain.identity import BatchId
from runflow_mock.domain.models import Catalog
from runflow_mock.domain.places import DISPATCH_EDGE, Where
from runflow_mock.engine.world import World


def _new(world: World, items: int = 3, *, callback_url: str | None = None) -> Batch:
    event = world.execute(create_batch(items, callback_url=callback_url)).events[0]
    assert isinstance(event, BatchCreated)
    return event.batch


def _kinds(world: World) -> list[str]:
    return [type(event).__name__ for entry in list(world.history)[1:] for event in entry.events]


def test_batch_is_created_with_its_runs_in_the_order_of_the_input() -> None:
    world = make_world()
    batch = _new(world)
    members = [world.store.runs[item.run_id] for item in batch.items]
    assert [(item.sequence_index, item.client_ref) for item in batch.items] == [(0, "sku-0"), (1, "sku-1"), (2, "sku-2")]
    assert [(run.batch_id, run.sequence_index, run.client_ref) for run in members] == [(batch.id, n, f"sku-{n}") for n in range(3)]
    assert batch.tally == Tally(total=3, waiting=3)
    assert world.store.ledger.held == 3 * 270_000


def test_callback_url_and_metadata_belong_to_the_batch_and_not_to_its_runs() -> None:
    world = make_world()
    batch = _new(world, callback_url=CALLBACK_URL)
    assert batch.callback_url == CALLBACK_URL
    assert {world.store.runs[item.run_id].callback_url for item in batch.items} == {None}


def test_batch_runs_and_succeeds_with_its_members() -> None:
    world = make_world()
    batch_id = _new(world).id
    run_all(world)
    batch = world.store.batch(batch_id)
    assert (batch.status, batch.tally) == ("succeeded", Tally(total=3, waiting=0, succeeded=3, cost=batch.tally.cost))
    assert batch.tally.cost == 3 * 270_000
    assert (_kinds(world).count("BatchStarted"), _kinds(world).count("BatchSucceeded")) == (1, 1)


def test_batch_ends_at_the_instant_of_its_last_member() -> None:
    world = make_world()
    batch_id = _new(world).id
    run_all(world)
    batch = world.store.batch(batch_id)
    assert batch.completed_at == max(run.completed_at for run in world.store.runs.values() if run.completed_at)
    assert batch.started_at == min(run.dispatched_at for run in world.store.runs.values() if run.dispatched_at)


@pytest.mark.parametrize(
    ("where", "status", "cost"),
    [(Where(edge="batch.item[1]"), "partial_succeeded", 540_000), (Where(), "failed", 0), (Where(edge=DISPATCH_EDGE), "failed", 0)],
)
def test_failed_members_decide_the_end_and_cost_nothing(where: Where, status: str, cost: int) -> None:
    world = make_world()
    world.execute(AddRule(where=where, what=Fail()))
    batch_id = _new(world).id
    run_all(world)
    assert (world.store.batch(batch_id).status, world.store.batch(batch_id).tally.cost) == (status, cost)
    assert world.store.ledger.charged == cost
    assert world.store.ledger.held == 0


@pytest.mark.parametrize("items", [1, 2, 3, 100])
def test_batch_of_any_size_can_be_cancelled_at_once(items: int) -> None:
    """Every member moves the batch, and the batch must have followed before the next member does."""
    world = make_world(balance="100.00")
    batch_id = _new(world, items).id
    world.execute(CancelBatch(batch_id, "audit"))
    assert world.store.batch(batch_id).status == "cancelled"
    assert world.store.batch(batch_id).tally == Tally(total=items, waiting=0, cancelled=items)
    assert world.store.timers.next_due() is None


def test_batch_follows_each_member_before_the_next_one_moves() -> None:
    world = make_world()
    batch_id = _new(world).id
    outcome = world.execute(CancelBatch(batch_id))
    assert [type(event).__name__ for event in outcome.events] == [
        "RunCancelled",
        "BatchStarted",
        "RunCancelled",
        "RunCancelled",
        "BatchCancelled",
    ]
    assert outcome.before == ("queued", "queued", "queued", "queued", "running")


def test_cancelling_leaves_members_that_have_ended() -> None:
    world = make_world()
    batch = _new(world, 2)
    while not any(run.is_terminal for run in world.store.runs.values()):
        world.fire_next()
    world.execute(CancelBatch(batch.id))
    assert sorted(run.status for run in world.store.runs.values()) == ["cancelled", "succeeded"]
    assert world.store.batch(batch.id).status == "partial_succeeded"


def test_cancelling_a_finished_batch_gives_no_events() -> None:
    world = make_world()
    batch_id = _new(world).id
    run_all(world)
    assert world.execute(CancelBatch(batch_id)).events == ()


def test_cancelling_the_only_member_cancels_the_batch() -> None:
    world = make_world()
    batch = _new(world, 1)
    world.execute(CancelRun(batch.items[0].run_id))
    assert world.store.batch(batch.id).status == "cancelled"


def test_unknown_batch_is_not_found() -> None:
    with pytest.raises(NotFound, match="no batch no"):
        make_world().execute(CancelBatch(BatchId("no")))


def test_batch_is_admitted_as_a_whole_or_not_at_all() -> None:
    world = make_world(balance="0.80")
    with pytest.raises(InsufficientCredits) as caught:
        world.execute(create_batch(3))
    assert (caught.value.projected, caught.value.available) == (810_000, 800_000)
    assert not world.store.runs
    assert not world.store.batches
    assert _new(world, 2).tally.total == 2


def test_model_that_takes_no_batches_is_refused() -> None:
    alone = replace(catalog().get("runflow/background-removal"), takes_batches=False)
    world = World(make_world().settings, Catalog((alone,)), renderers(), START)
    with pytest.raises(ModelNotBatchable, match="does not take batches"):
        world.execute(create_batch(1))


@pytest.mark.parametrize(("limit", "value"), [("batches_max", 0), ("runs_max", 2)])
def test_number_of_batches_and_of_their_runs_is_limited(limit: str, value: int) -> None:
    settings = make_world().settings
    world = World(replace(settings, limits=replace(settings.limits, **{limit: value})), catalog(), renderers(), START)
    with pytest.raises(LimitReached, match=f"{limit} is {value}"):
        world.execute(create_batch(3))
    assert not world.store.runs


def test_members_run_independently_of_each_other() -> None:
    world = make_world()
    world.execute(AddRule(where=Where(edge="batch.item[0]"), what=Fail(), when=When(times=1)))
    batch_id = _new(world).id
    run_all(world)
    statuses = [world.store.runs[item.run_id].status for item in world.store.batch(batch_id).items]
    assert statuses == ["failed", "succeeded", "succeeded"]
    assert world.now > START + timedelta(seconds=1)

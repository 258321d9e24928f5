"""Work that ends at once: everything that follows from a creation happens at its instant, whatever the model takes."""

from datetime import timedelta

from msgspec.structs import replace
from worlds import CALLBACK_URL, START, catalog, create_batch, create_run, created, make_world, renderers, run_all

from runflow_mock.domain.commands import AddRule, CreateWebhook
from runflow_mock.domain.fault_kinds import BeforeResponse, Fail, Succeed
from runflow_mock.domain.faults import When
from runflow_mock.domain.places import DISPATCH_EDGE, Where
from runflow_mock.engine.history import fold
from runflow_mock.engine.world import World


def hasty(where: Where | None = None, when: When | None = None, *, concurrency: int | None = None) -> World:
    """A world in which callbacks come before the answer to the creation."""
    settings = make_world().settings
    if concurrency is not None:
        settings = replace(settings, concurrency={"*": concurrency})
    world = World(settings, catalog(), renderers(), START)
    world.execute(AddRule(where=where or Where(), what=BeforeResponse(), when=when or When()))
    return world


def fired(world: World) -> int:
    (rule, *_) = world.store.rules.values()
    return rule.fired


def test_run_ends_and_is_told_about_at_the_instant_of_its_creation() -> None:
    world = hasty()
    run_id = created(world.execute(create_run("google/veo3.1/fast", {"prompt": "a boat", "duration": "4s"}, callback_url=CALLBACK_URL))).id
    sent = [effect.delivery for outcome in run_all(world) for effect in outcome.effects]
    assert (world.now, world.store.run(run_id).status, [delivery.run_id for delivery in sent]) == (START, "succeeded", [run_id])


def test_run_is_queued_when_it_is_created() -> None:
    world = hasty()
    outcome = world.execute(create_run(callback_url=CALLBACK_URL))
    assert (created(outcome).status, created(outcome).due_at, type(outcome.events[1]).__name__) == ("queued", START, "RuleMet")


def test_batch_ends_at_the_instant_of_its_creation() -> None:
    world = hasty()
    world.execute(create_batch(3, callback_url=CALLBACK_URL))
    run_all(world)
    (batch,) = world.store.batches.values()
    assert (world.now, batch.status, fired(world)) == (START, "succeeded", 1)


def test_other_rules_have_their_effects_at_the_same_instant() -> None:
    world = hasty()
    world.execute(AddRule(where=Where(edge=DISPATCH_EDGE), what=Fail(), when=When(times=1)))
    world.execute(AddRule(where=Where(), what=Succeed(duration=timedelta(hours=1))))
    runs = [created(world.execute(create_run(callback_url=CALLBACK_URL))).id for _ in range(2)]
    run_all(world)
    assert ([world.store.run(run_id).status for run_id in runs], world.now) == (["failed", "succeeded"], START)


def test_what_tells_nobody_is_not_met() -> None:
    world = hasty()
    world.execute(create_run())
    run_all(world)
    assert (fired(world), world.now > START) == (0, True)


def test_webhook_is_somebody_to_tell() -> None:
    world = hasty()
    world.execute(CreateWebhook(url=CALLBACK_URL, secret="s" * 20, event_types=("run.completed",)))
    world.execute(create_run())
    run_all(world)
    assert (fired(world), world.now) == (1, START)


def test_rule_looks_at_the_run() -> None:
    world = hasty(Where(model="google/veo3.1/fast"))
    world.execute(create_run(callback_url=CALLBACK_URL))
    assert fired(world) == 0


def test_run_that_has_to_wait_for_a_slot_does_not_end_at_once() -> None:
    world = hasty(when=When(after=1), concurrency=1)
    for _ in range(2):
        world.execute(create_run(callback_url=CALLBACK_URL))
    assert (fired(world), [run.ends_at_once for run in world.store.runs.values()]) == (0, [False, False])


def test_batch_beyond_its_slots_still_ends_at_once() -> None:
    world = hasty(concurrency=2)
    world.execute(create_batch(5, callback_url=CALLBACK_URL))
    run_all(world)
    assert (world.now, {run.status for run in world.store.runs.values()}) == (START, {"succeeded"})
    assert fold(world.history).runs == world.store.runs

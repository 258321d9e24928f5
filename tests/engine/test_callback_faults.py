"""When deliveries are put off and attempts interfered with; what then leaves is tested over HTTP."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stories import Step, advance, picture, play, read_story, small_world
from worlds import CALLBACK_URL, SHIRT, START, catalog, create_batch, create_run, created, make_world, renderers, run_all

from runflow_mock.domain.callback_events import CALLBACK_EVENTS
from runflow_mock.domain.commands import (
    AddRule,
    CancelRun,
    CreateSecret,
    CreateWebhook,
    DeleteSecret,
    RecordAttempt,
    RedeliverRunCallback,
    UpdateSecret,
    UpdateWebhook,
)
from runflow_mock.domain.deliveries import Attempt, AttemptResult, Delivery, DeliveryCreated
from runflow_mock.domain.documents import write_document
from runflow_mock.domain.fault_kinds import (
    KINDS,
    ActsAt,
    DelayCallback,
    Drop,
    Duplicate,
    FailAttempt,
    Family,
    Fields,
    Future,
    LateAfterCancel,
    LineBreak,
    NearSignature,
    PreviousSecret,
    Redirect,
    Reorder,
    Respace,
    Stale,
    Tamper,
    Unsigned,
    What,
    WrongSecret,
)
from runflow_mock.domain.faults import FaultRule, RuleAdded, When
from runflow_mock.domain.identity import RunId
from runflow_mock.domain.places import CALLBACK_EDGE, Where
from runflow_mock.engine.history import fold
from runflow_mock.engine.invariants import check
from runflow_mock.engine.world import Outcome, World

OK = AttemptResult(status_code=200)
ANYWHERE = Where()
ALWAYS = When()
MINUTE = timedelta(minutes=1)
WHATS: tuple[What, ...] = (
    DelayCallback(MINUTE),
    LateAfterCancel(MINUTE),
    Reorder(MINUTE),
    Drop(),
    Duplicate(3),
    FailAttempt(),
    FailAttempt(503),
    Redirect(),
    Unsigned(),
    WrongSecret(),
    WrongSecret(guess=""),
    PreviousSecret(),
    Stale(),
    Future(),
    Tamper(),
    Respace(),
    LineBreak(),
    Fields(),
    NearSignature(),
    NearSignature("last"),
    NearSignature("outer"),
    NearSignature("inner"),
    NearSignature("swapped"),
    NearSignature("longer"),
    NearSignature("shorter"),
)


def a_world() -> World:
    return make_world(callback_secret="rf_whsec_first")


def rule(world: World, what: What, where: Where = ANYWHERE, when: When = ALWAYS) -> FaultRule:
    """Puts a rule into force."""
    (event,) = world.execute(AddRule(where=where, what=what, when=when)).events
    assert isinstance(event, RuleAdded)
    return event.rule


def counts(world: World, added: FaultRule) -> tuple[int, int]:
    now = world.store.rule(added.id)
    return now.matched, now.fired


def ended_run(world: World) -> RunId:
    """Creates a run that tells about its end, and ends it."""
    run_id = created(world.execute(create_run(callback_url=CALLBACK_URL))).id
    world.execute(CancelRun(run_id))
    return run_id


def answer_all(world: World, *, hours: int = 3) -> list[str]:
    """Lets time pass with every callback answered 200 at once, and returns what was told about, in the order of sending."""
    outcomes: list[Outcome] = list(advance(world, world.now + timedelta(hours=hours), lambda delivery: OK))
    return [effect.delivery.parent_id for outcome in outcomes for effect in outcome.effects]


def delivery_of(world: World, parent_id: str) -> Delivery:
    (delivery,) = world.store.deliveries_about(parent_id)
    return delivery


def attempts_of(world: World) -> list[Attempt]:
    return [attempt for delivery in world.store.deliveries.values() for attempt in delivery.attempts]


@pytest.mark.parametrize("what", [DelayCallback(MINUTE), LateAfterCancel(MINUTE)])
def test_callback_is_put_off(what: What) -> None:
    world = a_world()
    added = rule(world, what)
    run_id = ended_run(world)
    assert delivery_of(world, run_id).next_attempt_at == START + MINUTE
    answer_all(world)
    (attempt,) = delivery_of(world, run_id).attempts
    assert (attempt.at, attempt.fault, counts(world, added)) == (START + MINUTE, None, (1, 1))


def test_late_after_cancel_does_not_meet_what_was_not_cancelled() -> None:
    world = a_world()
    added = rule(world, LateAfterCancel(MINUTE))
    world.execute(create_run(callback_url=CALLBACK_URL))
    world.execute(create_batch(2, callback_url=CALLBACK_URL))
    run_all(world)
    assert counts(world, added) == (0, 0)


def test_reordered_callback_follows_the_next_one() -> None:
    world = a_world()
    rule(world, Reorder(MINUTE), when=When(times=1))
    first, second = ended_run(world), ended_run(world)
    assert delivery_of(world, first).is_held_back
    assert answer_all(world) == [second, first]
    assert [delivery_of(world, run_id).attempts[0].at for run_id in (first, second)] == [START, START]
    assert world.store.held_back == {}


def test_neighbours_change_places_when_every_callback_is_to_be_reordered() -> None:
    world = a_world()
    rule(world, Reorder(MINUTE))
    runs, sent = [], []
    for _ in range(4):
        runs.append(ended_run(world))
        sent += answer_all(world, hours=0)
    one, two, three, four = runs
    assert sent == [two, one, four, three]


def test_reordered_callback_comes_by_itself_when_no_other_does() -> None:
    world = a_world()
    rule(world, Reorder(MINUTE))
    run_id = ended_run(world)
    assert answer_all(world) == [run_id]
    assert (delivery_of(world, run_id).attempts[0].at, delivery_of(world, run_id).is_held_back) == (START + MINUTE, False)
    assert world.store.held_back == {}


def test_retry_of_an_earlier_callback_is_not_the_next_one() -> None:
    world = a_world()
    earlier = ended_run(world)
    world.fire_next()
    world.execute(RecordAttempt(delivery_of(world, earlier).id, AttemptResult(status_code=500)))
    rule(world, Reorder(MINUTE))
    late = ended_run(world)
    answer_all(world)
    assert (delivery_of(world, earlier).attempts[1].at, delivery_of(world, late).attempts[0].at) == (START + MINUTE / 6, START + MINUTE)


def test_rule_for_one_time_holds_one_of_the_deliveries_about_a_run() -> None:
    world = a_world()
    for number in range(2):
        world.execute(CreateWebhook(url=f"{CALLBACK_URL}/{number}", secret="s" * 20, event_types=("run.cancelled",)))
    added = rule(world, DelayCallback(MINUTE), when=When(times=1))
    ended_run(world)
    assert [delivery.next_attempt_at == START for delivery in world.store.deliveries.values()] == [False, True, True]
    assert counts(world, added) == (3, 1)


@pytest.mark.parametrize(
    ("where", "met"),
    [
        (Where(edge=CALLBACK_EDGE), 1),
        (Where(callback="run.*"), 1),
        (Where(callback="run.cancelled"), 1),
        (Where(callback="batch.*"), 0),
        (Where(callback="run.completed"), 0),
        (Where(model="runflow/background-removal"), 1),
        (Where(model="google/veo3.1/fast"), 0),
        (Where(client_ref="other"), 0),
        (Where(input=write_document(SHIRT)), 1),
        (Where(run_id="other"), 0),
        (Where(batch_id="other"), 0),
    ],
)
def test_place_of_a_callback_is_looked_at(where: Where, met: int) -> None:
    world = a_world()
    added = rule(world, Drop(), where)
    ended_run(world)
    answer_all(world)
    assert counts(world, added) == (met, met)


def test_callback_of_a_batch_is_a_place() -> None:
    world = a_world()
    added = rule(world, Drop(), Where(callback="batch.succeeded", model="runflow/background-removal"))
    world.execute(create_batch(2, callback_url=CALLBACK_URL))
    world.execute(create_run(callback_url=CALLBACK_URL))
    answer_all(world)
    assert counts(world, added) == (1, 1)


def test_fault_is_kept_with_its_attempt_and_the_next_attempt_is_asked_anew() -> None:
    world = a_world()
    rule(world, Unsigned(), when=When(times=1))
    run_id = ended_run(world)
    world.fire_next()
    world.execute(RecordAttempt(delivery_of(world, run_id).id, AttemptResult(status_code=401)))
    answer_all(world)
    first, second = delivery_of(world, run_id).attempts
    assert ((first.fault, first.secret_id), second.fault, second.secret_id) == ((Unsigned(), None), None, next(iter(world.store.secrets)))


@pytest.mark.parametrize("fault", [Unsigned(), WrongSecret()])
def test_secret_that_did_not_sign_was_not_used(fault: What) -> None:
    world = a_world()
    rule(world, fault)
    ended_run(world)
    answer_all(world)
    (secret,) = world.store.secrets.values()
    assert secret.last_used_at is None


def test_wrong_secret_follows_from_the_seed() -> None:
    secrets = []
    for seed in ("0", "0", "1"):
        world = make_world(seed=seed, callback_secret="rf_whsec_first")
        rule(world, WrongSecret())
        ended_run(world)
        secrets.append(world.fire_next().effects[0].secret)
    assert secrets[0] == secrets[1] != secrets[2]
    assert "rf_whsec_first" not in secrets


def test_previous_secret_takes_two() -> None:
    world = a_world()
    added = rule(world, PreviousSecret())
    ended_run(world)
    answer_all(world)
    assert counts(world, added) == (0, 0)


@pytest.mark.parametrize("deletes", [False, True])
def test_previous_secret_is_the_one_before(deletes: bool) -> None:
    world = a_world()
    (first,) = world.store.secrets
    world.execute(CreateSecret("second"))
    _, second = world.store.secrets
    world.execute(DeleteSecret(first) if deletes else UpdateSecret(secret_id=second, is_current=True))
    rule(world, PreviousSecret())
    ended_run(world)
    (effect,) = world.fire_next().effects
    assert (effect.secret, effect.delivery.attempts[0].secret_id) == ("rf_whsec_first", first)


def test_kinds_that_cannot_act_are_not_met() -> None:
    world = make_world()
    bare = World(world.settings, catalog(), renderers("docs"), START)
    added = [rule(bare, what) for what in (Stale(), Future(), Unsigned(), PreviousSecret())]
    ended_run(bare)
    answer_all(bare)
    assert [counts(bare, each) for each in added] == [(0, 0)] * 4


def test_disabled_webhook_meets_no_rule() -> None:
    world = a_world()
    added = rule(world, Drop())
    world.execute(CreateWebhook(url=CALLBACK_URL, secret="s" * 20, event_types=("run.cancelled",)))
    world.execute(CancelRun(created(world.execute(create_run())).id))
    world.execute(UpdateWebhook(webhook_id=next(iter(world.store.webhooks)), switches=True, disabled_at=START))
    world.fire_next()
    assert counts(world, added) == (0, 0)


def test_redelivery_is_neither_late_nor_reordered() -> None:
    world = a_world()
    run_id = ended_run(world)
    answer_all(world, hours=0)
    added = [rule(world, what) for what in (LateAfterCancel(MINUTE), Reorder(MINUTE))]
    (event,) = world.execute(RedeliverRunCallback(run_id)).events
    assert isinstance(event, DeliveryCreated)
    assert [counts(world, each) for each in added] == [(0, 0)] * 2


EVENTS = (*CALLBACK_EVENTS, "run.*", "batch.*")
PLACES = st.sampled_from([Where(), Where(edge=CALLBACK_EDGE), *(Where(callback=event) for event in EVENTS)])
RULES = st.builds(
    AddRule,
    where=PLACES,
    what=st.sampled_from(WHATS),
    when=st.builds(When, times=st.none() | st.integers(1, 3), every=st.integers(1, 3), probability=st.sampled_from([1.0, 0.5])),
)


@pytest.mark.slow(is_covering=True)
@given(st.binary(min_size=40, max_size=120).map(read_story), st.lists(RULES, min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_whatever_the_rules_every_delivery_ends_once_and_the_invariants_hold(story: list[Step], rules: list[AddRule]) -> None:
    world = small_world()
    for added in rules:
        world.execute(added)
    play(world, [step for step in story if step.verb not in {"add rule", "remove rule"}])
    waiting = world.under_way()
    for effect in waiting:
        world.execute(RecordAttempt(effect.delivery.id, OK))
    for _ in advance(world, world.now + timedelta(days=2), lambda delivery: OK):
        pass
    assert all(delivery.is_terminal and not delivery.is_held_back for delivery in world.store.deliveries.values())
    assert world.store.held_back == {}
    assert all(invariant.is_held for invariant in check(world.store))
    assert picture(fold(world.history)) == picture(world.store)


def test_every_kind_of_the_family_stands_here() -> None:
    family = {kind.record for kind in KINDS if kind.family is Family.CALLBACK and kind.acts_at is not ActsAt.CREATION}
    assert {type(what) for what in WHATS} == family

"""The properties of a world, over stories of many steps; beside each stands a plain example."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from stories import LONG, Step, advance, command_of, picture, play, read_story, small_world, take, twin
from worlds import CALLBACK_URL, START, catalog, create_batch, create_run, created, make_world, renderers, run_all

from runflow_mock.domain.batches import batch_status
from runflow_mock.domain.commands import AddCredit, CancelRun
from runflow_mock.domain.deliveries import AttemptResult, Delivery
from runflow_mock.domain.errors import DomainError, InsufficientCredits
from runflow_mock.domain.ledger import CreditAdded
from runflow_mock.domain.money import Money
from runflow_mock.domain.runs import Run
from runflow_mock.engine.handlers import COMMAND_HANDLERS
from runflow_mock.engine.history import Base, Commit, Entry, History, fold
from runflow_mock.engine.invariants import check
from runflow_mock.engine.store import Store
from runflow_mock.engine.world import World

STORIES = st.binary(min_size=60, max_size=160).map(read_story)
STORY = read_story(LONG)
PROPERTY = settings(max_examples=20, deadline=None, derandomize=True)
TERMINAL = {"succeeded", "partial_succeeded", "failed", "cancelled"}


def _statuses(world: World) -> dict[str, str]:
    store = world.store
    runs: dict[str, str] = {run.id: run.status.value for run in store.runs.values()}
    batches: dict[str, str] = {batch.id: batch.status.value for batch in store.batches.values()}
    deliveries: dict[str, str] = {delivery.id: delivery.status.value for delivery in store.deliveries.values()}
    return runs | batches | deliveries


def _moody(delivery: Delivery) -> AttemptResult:
    """A receiver whose answer depends on the delivery and the attempt alone."""
    mood = (int(delivery.id[-1], 16) + len(delivery.attempts)) % 3
    return AttemptResult(status_code=(500, 503, 200)[mood])


def _started(story: list[Step]) -> World:
    """A world after the commands of a story, without any time passing."""
    world = small_world()
    for step in story:
        if not step.verb.startswith("move"):
            take(world, step)
    return world


def _replayed(world: World) -> World:
    """A fresh world that was given the recorded commands, each at its instant, and fired its own timers."""
    again = twin(world)
    for entry in list(world.history)[len(again.history) :]:
        for _ in advance(again, entry.at) if entry.command is not None else ():
            pass
        if entry.command is not None:
            again.execute(entry.command)
    # What is due at the very end has fired only where the first world was asked for something more.
    while len(again.history) < len(world.history):
        again.fire_next()
    return again


@pytest.mark.slow(is_covering=True)
def test_story_reaches_every_kind_of_command_and_event() -> None:
    world = small_world()
    play(world, STORY)
    commands = {type(entry.command) for entry in world.history if entry.command is not None}
    events = {type(event).__name__ for entry in world.history for event in entry.events}
    assert commands == set(COMMAND_HANDLERS)
    assert events >= {"RunSucceeded", "RunFailed", "RunCancelled", "BatchStarted", "BatchPartiallySucceeded", "RuleMet"}
    assert events >= {"EvaluationCompleted", "EvaluationFailed", "BytesReplaced", "RecordDeleted", "RunHeld", "RunPolled"}
    assert events >= {"AttemptSucceeded", "AttemptFailed", "DeliveryExhausted", "SecretPromoted", "SecretDemoted", "AnswerForgotten"}


@pytest.mark.slow(is_covering=True)
@given(STORIES)
@PROPERTY
def test_folding_the_history_gives_the_store(story: list[Step]) -> None:
    world = small_world()
    play(world, story)
    assert picture(fold(world.history)) == picture(world.store)


def test_folding_the_history_of_one_run_gives_the_store() -> None:
    world = make_world()
    world.execute(create_run(callback_url=CALLBACK_URL))
    run_all(world)
    assert picture(fold(world.history)) == picture(world.store)


@pytest.mark.slow(is_covering=True)
@given(STORIES)
@PROPERTY
def test_same_seed_and_commands_give_the_same_history(story: list[Step]) -> None:
    one, other = small_world(), small_world()
    play(one, story)
    play(other, story)
    assert one.history.encoded() == other.history.encoded()


@pytest.mark.slow(is_covering=True)
def test_other_seed_gives_another_history() -> None:
    one, other = small_world(seed="0"), small_world(seed="1")
    play(one, STORY)
    play(other, STORY)
    assert one.history.encoded() != other.history.encoded()


@pytest.mark.slow
@pytest.mark.parametrize("hash_seed", ["1", "4242"])
def test_same_commands_give_the_same_history_in_a_fresh_process(hash_seed: str) -> None:
    world = small_world()
    play(world, STORY)
    program = Path(__file__).parent.parent / "support" / "stories.py"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    told = subprocess.run([sys.executable, str(program), LONG.hex()], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout == world.history.encoded().hex()


@pytest.mark.slow(is_covering=True)
@given(STORIES)
@PROPERTY
def test_recorded_commands_replayed_in_a_fresh_world_give_the_same_history(story: list[Step]) -> None:
    world = small_world()
    play(world, story)
    again = _replayed(world)
    assert again.history.encoded() == world.history.encoded()
    assert picture(again.store) == picture(world.store)


def test_replay_ends_where_the_first_world_ended_also_before_what_is_due_now() -> None:
    world = small_world()
    play(world, [Step("create webhook", 0), Step("create run", 0), Step("cancel run", 1)])
    assert world.store.timers.next_due() == world.now
    assert _replayed(world).history.encoded() == world.history.encoded()


def test_replay_of_a_batch_that_is_cancelled_gives_the_same_history() -> None:
    world = small_world()
    play(world, [Step("create batch", 2), Step("move a little", 90), Step("cancel batch", 1), Step("move far", 1)])
    assert [type(entry.command).__name__ for entry in world.history if entry.command][-2:] == ["CreateBatch", "CancelBatch"]
    assert _replayed(world).history.encoded() == world.history.encoded()


@pytest.mark.slow(is_covering=True)
@given(STORIES, st.lists(st.integers(0, 10_000_000), max_size=12))
@PROPERTY
def test_one_long_advance_equals_many_short_ones(story: list[Step], cuts: list[int]) -> None:
    whole, parts = _started(story), _started(story)
    start, end = whole.now, whole.now + timedelta(hours=3)
    _exhaust(advance(whole, end, _moody))
    for microseconds in sorted(cuts):
        _exhaust(advance(parts, start + timedelta(microseconds=microseconds * 1_000), _moody))
    _exhaust(advance(parts, end, _moody))
    assert parts.history.encoded() == whole.history.encoded()
    assert parts.now == whole.now


def _exhaust(outcomes: Iterator[object]) -> None:
    for _ in outcomes:
        pass


@pytest.mark.parametrize("seconds", [12.0, 1.0, 0.25])
def test_twelve_seconds_are_the_same_in_one_step_and_in_many(seconds: float) -> None:
    whole, parts = make_world(), make_world()
    for world in (whole, parts):
        world.execute(create_batch(3, callback_url=CALLBACK_URL))
    _exhaust(advance(whole, whole.now + timedelta(seconds=12), _moody))
    for _ in range(round(12 / seconds)):
        _exhaust(advance(parts, parts.now + timedelta(seconds=seconds), _moody))
    assert parts.history.encoded() == whole.history.encoded()


@pytest.mark.slow(is_covering=True)
@given(STORIES)
@PROPERTY
def test_nothing_leaves_a_terminal_state(story: list[Step]) -> None:
    world = small_world()
    for step in story:
        before = _statuses(world)
        outcomes = take(world, step)
        after = _statuses(world)
        assert {owner: after[owner] for owner, status in before.items() if status in TERMINAL}.items() <= before.items()
        assert not TERMINAL & {status for outcome in outcomes for status in outcome.before if status}


def test_cancelling_a_finished_run_changes_nothing() -> None:
    world = make_world()
    run = created(world.execute(create_run()))
    run_all(world)
    before = picture(world.store)
    assert world.execute(CancelRun(run.id)).events == ()
    assert picture(world.store) == before


@pytest.mark.slow(is_covering=True)
@given(STORIES)
@PROPERTY
def test_batch_status_is_always_the_function_of_its_members(story: list[Step]) -> None:
    world = small_world()
    for step in story:
        take(world, step)
        for batch in world.store.batches.values():
            members = [world.store.runs[item.run_id].status.value for item in batch.items]
            assert batch.status is batch_status(batch.tally)
            assert batch.status.value == _status_of(members)


def _status_of(members: list[str]) -> str:
    found = set(members)
    if found == {"queued"}:
        return "queued"
    if not found <= TERMINAL:
        return "running"
    return found.pop() if len(found) == 1 else "partial_succeeded" if "succeeded" in found else "failed"


@pytest.mark.slow(is_covering=True)
@given(STORIES)
@PROPERTY
def test_refused_command_changes_nothing(story: list[Step]) -> None:
    world = small_world()
    for step in story:
        if step.verb.startswith("move"):
            take(world, step)
            continue
        command = command_of(world, step)
        before = (picture(world.store), repr(world), world.sequence, len(world.history), world.now)
        try:
            world.execute(command)
        except DomainError:
            assert (picture(world.store), repr(world), world.sequence, len(world.history), world.now) == before


def test_refused_batch_creates_none_of_its_runs() -> None:
    world = make_world(balance="0.50")
    before, sequence = picture(world.store), world.sequence
    with pytest.raises(InsufficientCredits):
        world.execute(create_batch(2))
    assert (picture(world.store), world.sequence, len(world.history)) == (before, sequence, 1)


@pytest.mark.slow(is_covering=True)
@given(STORIES, STORIES, st.binary(min_size=20, max_size=60))
@settings(PROPERTY, max_examples=10)
def test_two_tenants_interleaved_equal_the_two_apart(one: list[Step], other: list[Step], turns: bytes) -> None:
    apart, mixed = (small_world("a"), small_world("b")), (small_world("a"), small_world("b"))
    play(apart[0], one)
    play(apart[1], other)
    queues = (iter(one), iter(other))
    for turn in turns:
        step = next(queues[turn % 2], None)
        if step is not None:
            take(mixed[turn % 2], step)
    play(mixed[0], list(queues[0]))
    play(mixed[1], list(queues[1]))
    assert [world.history.encoded() for world in mixed] == [world.history.encoded() for world in apart]


@pytest.mark.slow(is_covering=True)
@given(STORIES)
@PROPERTY
def test_every_invariant_holds_after_every_step(story: list[Step]) -> None:
    world = small_world()
    for step in story:
        take(world, step)
        assert [found for found in check(world.store) if not found.is_held] == []


def test_ids_do_not_depend_on_the_name_of_the_tenant() -> None:
    assert created(make_world("a").execute(create_run())).id == created(make_world("b").execute(create_run())).id


def _history(entries_max: int = 10, bytes_max: int = 10_000) -> History:
    return History(Base(START, 0, Store()), entries_max, bytes_max)


def _credit(history: History, amount: int) -> None:
    store = history.base.store.copy()
    events = (CreditAdded(START, Money(amount)),)
    commit = Commit(START, AddCredit(Money(amount)), events, 0)
    commit.events += events
    history.record(commit.entry(0), START, 0, store)


def test_entry_reads_back_as_it_was_recorded() -> None:
    history = _history()
    _credit(history, 5)
    (entry,) = history
    assert entry == Entry(START, AddCredit(Money(5)), (CreditAdded(START, Money(5)),), 0)


@pytest.mark.parametrize(("more", "sequence"), [((), 0), ((CreditAdded(START, Money(7)),), 0), ((), 3)])
def test_entry_holds_what_has_followed_and_how_far_the_ids_have_got(more: tuple[CreditAdded, ...], sequence: int) -> None:
    history, decided = _history(), (CreditAdded(START, Money(5)),)
    commit = Commit(START, None, decided, 0)
    commit.events += (*decided, *more)
    history.record(commit.entry(sequence), START, sequence, history.base.store.copy())
    assert list(history) == [Entry(START, None, (*decided, *more), sequence)]


@pytest.mark.parametrize(("entries", "forgotten"), [(1, 0), (3, 0), (4, 2), (5, 2), (6, 4), (9, 6)])
def test_older_half_makes_room_and_is_counted(entries: int, forgotten: int) -> None:
    history = _history(entries_max=3)
    for amount in range(entries):
        _credit(history, amount)
    assert (len(history), history.forgotten) == (entries - forgotten, forgotten)
    assert [entry.command for entry in history] == [AddCredit(Money(amount)) for amount in range(forgotten, entries)]


@given(st.integers(1, 12), st.integers(1, 1_200), st.lists(st.integers(0, 10**18), max_size=40))
@PROPERTY
def test_history_never_exceeds_its_limits(entries_max: int, bytes_max: int, amounts: list[int]) -> None:
    history = _history(entries_max, bytes_max)
    for amount in amounts:
        _credit(history, amount)
        assert len(history) <= entries_max
        assert len(history.encoded()) <= bytes_max
    assert len(history) + history.forgotten == len(amounts)


def test_entry_beyond_the_limit_of_bytes_is_not_kept() -> None:
    single = _history()
    _credit(single, 1)
    size = len(single.encoded())
    for bytes_max, kept in ((2 * size, 1), (size, 0), (size - 1, 0)):
        history = _history(bytes_max=bytes_max)
        _credit(history, 1)
        assert (len(history), history.forgotten) == (kept, 1 - kept)


def _brief_world(entries_max: int) -> World:
    """A small world that remembers few commits."""
    world = small_world()
    return World(replace(world.settings, limits=replace(world.settings.limits, history_max=entries_max)), catalog(), renderers(), START)


@pytest.mark.slow(is_covering=True)
@given(STORIES, st.integers(1, 20))
@settings(PROPERTY, max_examples=8)
def test_folding_what_is_left_of_a_history_from_its_base_gives_the_store(story: list[Step], entries_max: int) -> None:
    world = _brief_world(entries_max)
    for step in story:
        take(world, step)
        assert picture(fold(world.history)) == picture(world.store)
    assert world.history.forgotten > 0


@pytest.mark.slow(is_covering=True)
@given(STORIES, st.integers(1, 20))
@PROPERTY
def test_what_is_left_of_a_history_is_the_end_of_the_whole(story: list[Step], entries_max: int) -> None:
    brief, whole = _brief_world(entries_max), small_world()
    play(brief, story)
    play(whole, story)
    assert list(brief.history) == list(whole.history)[brief.history.forgotten :]


@pytest.mark.slow(is_covering=True)
def test_base_stays_as_it_was_while_the_world_goes_on() -> None:
    world = _brief_world(4)
    play(world, STORY[:40])
    base, before = world.history.base, picture(world.history.base.store)
    play(world, STORY[40:])
    assert picture(base.store) == before != picture(world.store)


def test_run_is_recorded_without_what_it_has_not() -> None:
    world = make_world()
    run = created(world.execute(create_run()))
    recorded = world.history.recorded()[-1]
    assert not {name for name in Run.__struct_fields__ if getattr(run, name) is None and name.encode() in recorded}


def test_run_that_was_recorded_with_all_its_fields_is_read_as_the_same() -> None:
    world = make_world()
    run = created(world.execute(create_run()))
    whole = {name: msgspec.to_builtins(getattr(run, name), builtin_types=(datetime, bytes)) for name in Run.__struct_fields__}
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(whole), type=Run) == run

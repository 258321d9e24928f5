"""What cannot be recorded cannot happen: a commit is encoded before it is applied, and what goes wrong on the way leaves nothing behind."""

from typing import cast

import pytest
from worlds import CALLBACK_URL, START, catalog, create_batch, create_run, created, make_world, renderers, run_all

from runflow_mock.domain.commands import AddCredit, AddRule, CancelBatch
from runflow_mock.domain.fault_kinds import Fail
from runflow_mock.domain.faults import When
from runflow_mock.domain.ledger import CreditAdded
from runflow_mock.domain.money import Money
from runflow_mock.domain.places import Where
from runflow_mock.engine.history import fold
from runflow_mock.engine.moment import RenderBatch, Renderers, RenderRun
from runflow_mock.engine.world import World

UNRECORDABLE = 2**70


class RenderingFailedError(Exception):
    """A bug of ours in what follows from an event."""


def _breaking(*_: object) -> bytes:
    raise RenderingFailedError


def _interrupted(*_: object) -> bytes:
    raise KeyboardInterrupt


def _unrecordable(*_: object) -> bytes:
    return cast(bytes, "\ud800")


def _world(*, run: RenderRun | None = None, batch: RenderBatch | None = None) -> World:
    """A world in which payloads of a kind are rendered otherwise."""
    usual = renderers()
    return World(make_world().settings, catalog(), Renderers(run or usual.run, batch or usual.batch, usual.evaluation), START)


def _picture(world: World) -> object:
    return (world.now, world.sequence, len(world.history), world.history.encoded(), world.snapshot())


def _stands_where_its_history_leads(world: World) -> bool:
    folded = fold(world.history)
    return folded.runs == world.store.runs and folded.timers.pending() == world.store.timers.pending()


def test_command_that_cannot_be_recorded_changes_nothing() -> None:
    world = make_world()
    before = _picture(world)
    with pytest.raises(OverflowError):
        world.execute(AddRule(label=None, where=Where(), what=Fail(), when=When(every=UNRECORDABLE)))
    assert _picture(world) == before
    assert not world.store.rules


@pytest.mark.parametrize(
    ("render", "error"), [(_breaking, RenderingFailedError), (_unrecordable, UnicodeEncodeError), (_interrupted, KeyboardInterrupt)]
)
def test_what_fails_half_way_takes_back_what_happened_before_it(render: RenderBatch, error: type[BaseException]) -> None:
    world = _world(batch=render)
    world.execute(create_batch(3, callback_url=CALLBACK_URL))
    before = _picture(world)
    with pytest.raises(error):
        # The runs are cancelled one by one, and the last of them ends the batch, about which nothing can be told.
        world.execute(CancelBatch(next(iter(world.store.batches))))
    assert _picture(world) == before
    assert _stands_where_its_history_leads(world)
    world.execute(AddCredit(Money(1)))
    assert list(world.history)[-1].events == (CreditAdded(START, Money(1)),)


def test_timer_that_fails_has_gone_off_and_the_world_goes_on() -> None:
    world = _world(run=_breaking)
    told = created(world.execute(create_run(callback_url=CALLBACK_URL)))
    silent = created(world.execute(create_run()))
    failed = 0
    while world.store.timers.next_due() is not None:
        try:
            world.fire_next()
        except RenderingFailedError:
            failed += 1
    assert failed == 1
    assert (world.store.runs[told.id].status, world.store.runs[silent.id].status) == ("running", "succeeded")
    assert _stands_where_its_history_leads(world)


def test_entry_of_many_events_reads_back() -> None:
    world = make_world(balance="1000")
    outcome = world.execute(create_batch(40, callback_url=CALLBACK_URL))
    assert list(world.history)[-1].events == outcome.events
    for happened in run_all(world):
        assert happened.events in [entry.events for entry in world.history]

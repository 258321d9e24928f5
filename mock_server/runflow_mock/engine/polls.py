"""Polls: what a client's reading of an unfinished run or batch does where rules ask for the number of polls.

A read changes no world by itself. Where a rule of the kind `AfterPolls` looks at a run, or a run waits because of one, the runtime says so
with a command: the poll stands in the history, and a replay repeats it.
"""

from collections.abc import Sequence

from runflow_mock.domain.commands import SeePoll
from runflow_mock.domain.events import Event
from runflow_mock.domain.fault_kinds import AfterPolls
from runflow_mock.domain.faults import FaultRule
from runflow_mock.domain.identity import BatchId, RunId
from runflow_mock.domain.places import misses
from runflow_mock.domain.runs import Run, RunPolled
from runflow_mock.domain.subjects import run_subject
from runflow_mock.engine.moment import Moment
from runflow_mock.engine.store import Store


def see_poll(moment: Moment, command: SeePoll) -> tuple[Event, ...]:
    """Counts a poll for each run that it is a poll of, as far as anybody wants to know."""
    store = moment.store
    return tuple(RunPolled(run.id, moment.now) for run in _polled(store, command.record_id) if _is_counted(store, run))


def counts_poll(store: Store, record_id: str) -> bool:
    """Tells whether a poll of this run or batch has to be noted."""
    return any(_is_counted(store, run) for run in _polled(store, record_id))


def is_held(store: Store, record_id: str | None) -> bool:
    """Tells whether a run, or one of a batch, waits for polls: then time does not bring it on."""
    return record_id is not None and any(run.id in store.polls_awaited_by for run in _polled(store, record_id))


def _polled(store: Store, record_id: str) -> Sequence[Run]:
    run, batch = store.runs.get(RunId(record_id)), store.batches.get(BatchId(record_id))
    if batch is not None:
        return [store.runs[item.run_id] for item in batch.items]
    return () if run is None else (run,)


def _is_counted(store: Store, run: Run) -> bool:
    return not run.is_terminal and (run.polls_awaited is not None or any(_asks(rule, run) for rule in store.rules.values()))


def _asks(rule: FaultRule, run: Run) -> bool:
    return isinstance(rule.what, AfterPolls) and run.polls < rule.what.polls and not misses(rule.where, run_subject(run, ()))

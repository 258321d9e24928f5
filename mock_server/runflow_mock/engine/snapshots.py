"""A store as records and back: what a snapshot leaves out is found again in the records."""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Never, TypeVar, cast

from runflow_mock.domain.deployments import model_of
from runflow_mock.domain.places import place_bytes
from runflow_mock.domain.records import COLLECTIONS, WORKFLOWS
from runflow_mock.domain.runs import Run
from runflow_mock.domain.snapshots import KeptBytes, Snapshot, Timer
from runflow_mock.domain.tenants import TenantSettings
from runflow_mock.engine.history import Base
from runflow_mock.engine.store import Store

OwnerT = TypeVar("OwnerT")
MemberT = TypeVar("MemberT")


def write_snapshot(settings: TenantSettings, started_at: datetime, commits: int, base: Base, *, is_timed: bool = True) -> Snapshot:
    """Returns the world of these settings as it stands at a base, with its timers or without."""
    store = base.store
    # No type says that each name leads to a tuple of its own records: `tests/domain/test_records.py` does.
    records = cast(Mapping[str, tuple[Never, ...]], {each.name: tuple(store.records(each).values()) for each in COLLECTIONS})
    return Snapshot(
        settings=settings,
        started_at=started_at,
        now=base.now,
        sequence=base.sequence,
        commits=commits,
        kept=tuple(KeptBytes(digest, size) for digest, size in store.kept_bytes.items()),
        accounts=store.ledger.copy(),
        timers=tuple(Timer(due, owner) for due, owner in store.timers.pending()) if is_timed else (),
        **records,
    )


def read_snapshot(snapshot: Snapshot) -> Base:
    """Returns the world of a snapshot as it stood, with a store of its own."""
    store = Store()
    for collection in COLLECTIONS:
        store.records(collection).update((getattr(each, collection.key), each) for each in getattr(snapshot, collection.name))
    # What no snapshot holds, because the records say it.
    store.run_order = list(store.runs)
    store.runs_by_status = dict(Counter(run.status for run in snapshot.runs))
    store.deliveries_by_status = dict(Counter(delivery.status for delivery in snapshot.deliveries))
    store.workflow_models = {workflow.id: model_of(workflow) for workflow in snapshot.workflows}
    store.workflow_paths = {workflow.path: workflow.id for workflow in store.present(WORKFLOWS)}
    store.runs_of_workflow = _grouped((run.workflow_id, run.id) for run in snapshot.runs)
    sent = [run for run in snapshot.runs if run.dispatched_at is not None]
    store.at_work = dict(Counter(run.model for run in sent if run.completed_at is None))
    for run in sorted((run for run in sent if run.completed_at is not None), key=_end_of):
        store.last_at_work[run.model] = _end_of(run)
    for run in (run for run in snapshot.runs if not run.is_terminal):
        if run.is_in_line:
            store.lines.setdefault(run.model, OrderedDict())[run.id] = None
        if run.polls_awaited is not None:
            store.polls_awaited_by.add(run.id)
        if run.has_slot:
            store.slots_taken[run.model] = store.slots_taken.get(run.model, 0) + 1
    store.evaluations_of = _grouped((each.assignment.run_id, each.id) for each in snapshot.evaluations)
    store.held_back = {delivery.id: None for delivery in snapshot.deliveries if delivery.is_held_back}
    told = _grouped((delivery.told_under, delivery.id) for delivery in snapshot.deliveries)
    store.deliveries_of = {told_under: tuple(ids) for told_under, ids in told.items()}
    store.deliveries_to = _grouped((delivery.webhook_id, delivery.id) for delivery in snapshot.deliveries)
    store.kept_bytes = {kept.sha256: kept.size_bytes for kept in snapshot.kept}
    store.kept_total = sum(store.kept_bytes.values())
    store.remembered_bytes = sum(len(each.body) for each in snapshot.remembered)
    store.place_bytes = sum(place_bytes(rule.where) for rule in snapshot.rules)
    store.ledger = snapshot.accounts.copy()
    for timer in snapshot.timers:
        store.timers.schedule(timer.owner, timer.due)
    return Base(snapshot.now, snapshot.sequence, store)


def _end_of(run: Run) -> datetime:
    assert run.completed_at is not None
    return run.completed_at


def _grouped(pairs: Iterable[tuple[OwnerT | None, MemberT]]) -> dict[OwnerT, list[MemberT]]:
    """Returns the members of each owner, both in the order in which they come."""
    members: dict[OwnerT, list[MemberT]] = {}
    for owner, member in pairs:
        if owner is not None:
            members.setdefault(owner, []).append(member)
    return members

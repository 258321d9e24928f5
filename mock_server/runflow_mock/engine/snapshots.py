"""A store as records and back: what a snapshot leaves out is found again in the records."""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from runflow_mock.domain.deployments import model_of
from runflow_mock.domain.ledger import Ledger
from runflow_mock.domain.snapshots import Accounts, KeptBytes, Snapshot, Timer
from runflow_mock.domain.tenants import TenantSettings
from runflow_mock.engine.history import Base
from runflow_mock.engine.store import Store

OwnerT = TypeVar("OwnerT")
MemberT = TypeVar("MemberT")


def write_snapshot(settings: TenantSettings, started_at: datetime, commits: int, base: Base) -> Snapshot:
    """Returns the world of these settings as it stands at a base."""
    store, ledger = base.store, base.store.ledger
    return Snapshot(
        settings=settings,
        started_at=started_at,
        now=base.now,
        sequence=base.sequence,
        commits=commits,
        runs=tuple(store.runs.values()),
        batches=tuple(store.batches.values()),
        evaluations=tuple(store.evaluations.values()),
        webhooks=tuple(store.webhooks.values()),
        workflows=tuple(store.workflows.values()),
        deliveries=tuple(store.deliveries.values()),
        secrets=tuple(store.secrets.values()),
        uploads=tuple(store.uploads.values()),
        assets=tuple(store.assets.values()),
        kept=tuple(KeptBytes(digest, size) for digest, size in store.kept_bytes.items()),
        rules=tuple(store.rules.values()),
        remembered=tuple(store.remembered.values()),
        accounts=Accounts(
            balance=ledger.balance,
            held=ledger.held,
            charged=ledger.charged,
            threshold=ledger.threshold,
            updated_at=ledger.updated_at,
            entries=tuple(ledger.entries),
        ),
        timers=tuple(Timer(due, owner) for due, owner in store.timers.pending()),
    )


def read_snapshot(snapshot: Snapshot) -> Base:
    """Returns the world of a snapshot as it stood, with a store of its own."""
    store = Store()
    _read_runs(snapshot, store)
    _read_records(snapshot, store)
    _read_accounts(snapshot.accounts, store.ledger)
    for timer in snapshot.timers:
        store.timers.schedule(timer.owner, timer.due)
    return Base(snapshot.now, snapshot.sequence, store)


def _read_runs(snapshot: Snapshot, store: Store) -> None:
    store.runs = {run.id: run for run in snapshot.runs}
    store.run_order = list(store.runs)
    store.workflows = {workflow.id: workflow for workflow in snapshot.workflows}
    store.workflow_models = {workflow.id: model_of(workflow) for workflow in snapshot.workflows}
    store.workflow_paths = {workflow.path: workflow.id for workflow in snapshot.workflows if workflow.deleted_at is None}
    store.runs_of_workflow = _grouped((run.workflow_id, run.id) for run in snapshot.runs)
    store.batches = {batch.id: batch for batch in snapshot.batches}
    store.evaluations = {evaluation.id: evaluation for evaluation in snapshot.evaluations}
    for run in (run for run in snapshot.runs if not run.is_terminal):
        if run.due_at is None:
            store.lines.setdefault(run.model, OrderedDict())[run.id] = None
        elif run.has_slot:
            store.slots_taken[run.model] = store.slots_taken.get(run.model, 0) + 1
    store.evaluations_of = _grouped((each.assignment.run_id, each.id) for each in snapshot.evaluations)


def _read_records(snapshot: Snapshot, store: Store) -> None:
    store.webhooks = {webhook.id: webhook for webhook in snapshot.webhooks}
    store.deliveries = {delivery.id: delivery for delivery in snapshot.deliveries}
    store.held_back = {delivery.id: None for delivery in snapshot.deliveries if delivery.is_held_back}
    store.deliveries_of = _grouped((delivery.listed_under, delivery.id) for delivery in snapshot.deliveries)
    store.secrets = {secret.id: secret for secret in snapshot.secrets}
    store.uploads = {upload.id: upload for upload in snapshot.uploads}
    store.assets = {asset.id: asset for asset in snapshot.assets}
    store.kept_bytes = {kept.sha256: kept.size_bytes for kept in snapshot.kept}
    store.kept_total = sum(store.kept_bytes.values())
    store.rules = {rule.id: rule for rule in snapshot.rules}
    store.remembered = {remembered.place: remembered for remembered in snapshot.remembered}


def _read_accounts(accounts: Accounts, ledger: Ledger) -> None:
    ledger.balance, ledger.held, ledger.charged = accounts.balance, accounts.held, accounts.charged
    ledger.threshold, ledger.updated_at = accounts.threshold, accounts.updated_at
    ledger.entries = list(accounts.entries)


def _grouped(pairs: Iterable[tuple[OwnerT | None, MemberT]]) -> dict[OwnerT, list[MemberT]]:
    """Returns the members of each owner, both in the order in which they come."""
    members: dict[OwnerT, list[MemberT]] = {}
    for owner, member in pairs:
        if owner is not None:
            members.setdefault(owner, []).append(member)
    return members

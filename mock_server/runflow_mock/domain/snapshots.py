"""Snapshots: one whole world as a value, from which it can be made again.

Theory. A snapshot holds the settings, the records in the order of their creation, the timers in the order in which they will fire, and how
far the sequence of ids had got. Whatever can be found again in the records (which deliveries a run has, which path leads to which workflow)
is left out. A world that is made from a snapshot continues exactly as the first one would have.

The API knows nothing of this: it is the kit's own.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.assets import Asset, AssetUpload
from runflow_mock.domain.batches import Batch
from runflow_mock.domain.deliveries import Delivery
from runflow_mock.domain.evaluations import Evaluation
from runflow_mock.domain.faults import FaultRule
from runflow_mock.domain.idempotency import Remembered
from runflow_mock.domain.ledger import Entry
from runflow_mock.domain.money import Money
from runflow_mock.domain.outputs import readdress
from runflow_mock.domain.runs import Run
from runflow_mock.domain.secrets import CallbackSecret
from runflow_mock.domain.seeds import Seed
from runflow_mock.domain.tenants import TenantSettings
from runflow_mock.domain.webhooks import Webhook
from runflow_mock.domain.workflows import Workflow


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """The figures and entries of a ledger."""

    balance: Money
    held: Money
    charged: Money
    threshold: Money | None
    updated_at: datetime | None
    entries: tuple[Entry, ...]


class Timer(msgspec.Struct, frozen=True):
    """When the next thing happens by itself to a run, an evaluation or a delivery."""

    due: datetime
    owner: str


class KeptBytes(msgspec.Struct, frozen=True):
    """Bytes that stand beside the world, and count against its limit for as long as it lasts."""

    sha256: str
    size_bytes: int


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A world that stands at `now`; `sequence` is how many ids it has issued, `commits` how often it has changed."""

    settings: TenantSettings
    started_at: datetime
    now: datetime
    sequence: int
    commits: int
    runs: tuple[Run, ...]
    batches: tuple[Batch, ...]
    evaluations: tuple[Evaluation, ...]
    webhooks: tuple[Webhook, ...]
    workflows: tuple[Workflow, ...]
    deliveries: tuple[Delivery, ...]
    secrets: tuple[CallbackSecret, ...]
    uploads: tuple[AssetUpload, ...]
    assets: tuple[Asset, ...]
    kept: tuple[KeptBytes, ...]
    rules: tuple[FaultRule, ...]
    remembered: tuple[Remembered, ...]
    accounts: Accounts
    timers: tuple[Timer, ...]


def rename(snapshot: Snapshot, name: str) -> Snapshot:
    """Returns the snapshot for a tenant of another name: outputs and workflows name the tenant, and so lead to the new one.

    What was sent in or sent out stays as it was: inputs, the frozen payloads of deliveries, remembered answers.
    """
    old = snapshot.settings.name
    if old == name:
        return snapshot
    key = Seed.from_text(snapshot.settings.seed)
    return replace(
        snapshot,
        settings=replace(snapshot.settings, name=name),
        runs=tuple(run if run.output is None else replace(run, output=readdress(run.output, run, old, name, key)) for run in snapshot.runs),
        workflows=tuple(replace(each, owner=name) if each.owner == old else each for each in snapshot.workflows),
    )


def objections(snapshot: Snapshot) -> list[str]:
    """Returns what speaks against making a world of it: ids that are there twice, and references that lead nowhere."""
    return [found for find in (_repeated, _loose_runs, _loose_deliveries, _loose_timers) for found in find(snapshot)]


def _repeated(snapshot: Snapshot) -> Iterator[str]:
    kinds = ("runs", "batches", "evaluations", "webhooks", "workflows", "deliveries", "secrets", "uploads", "assets", "rules")
    for kind in kinds:
        counts = Counter(record.id for record in getattr(snapshot, kind))
        yield from (f"{kind}: {found} is there {count} times" for found, count in counts.items() if count > 1)


def _loose_runs(snapshot: Snapshot) -> Iterator[str]:
    runs, batches = {run.id for run in snapshot.runs}, {batch.id for batch in snapshot.batches}
    for run in snapshot.runs:
        if run.batch_id is not None and run.batch_id not in batches:
            yield f"run {run.id} belongs to batch {run.batch_id}, which is not there"
    for batch in snapshot.batches:
        yield from (f"batch {batch.id} has run {item.run_id}, which is not there" for item in batch.items if item.run_id not in runs)


def _loose_deliveries(snapshot: Snapshot) -> Iterator[str]:
    parents = {record.id for kind in (snapshot.runs, snapshot.batches, snapshot.evaluations) for record in kind}
    webhooks, secrets = {webhook.id for webhook in snapshot.webhooks}, {secret.id for secret in snapshot.secrets}
    for delivery in snapshot.deliveries:
        if not {delivery.run_id, delivery.batch_id, delivery.evaluation_id} & parents:
            yield f"delivery {delivery.id} is about nothing that is there"
        if delivery.webhook_id is not None and delivery.webhook_id not in webhooks:
            yield f"delivery {delivery.id} goes to webhook {delivery.webhook_id}, which is not there"
        for attempt in delivery.attempts:
            if attempt.secret_id is not None and attempt.secret_id not in secrets:
                yield f"attempt {attempt.id} is signed with secret {attempt.secret_id}, which is not there"


def _loose_timers(snapshot: Snapshot) -> Iterator[str]:
    due: dict[str, datetime | None] = {}
    due |= {run.id: run.due_at for run in snapshot.runs}
    due |= {evaluation.id: evaluation.due_at for evaluation in snapshot.evaluations}
    due |= {delivery.id: delivery.next_attempt_at for delivery in snapshot.deliveries}
    timers = {timer.owner: timer.due for timer in snapshot.timers}
    for owner, instant in due.items():
        if timers.pop(owner, None) != instant:
            yield f"{owner} is due at {instant}, and its timer is not"
    yield from (f"a timer is set for {owner}, which is not there" for owner in timers)

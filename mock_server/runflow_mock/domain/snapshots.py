"""Snapshots: one whole world as a value, from which it can be made again.

Theory. A snapshot holds the settings, the records in the order of their creation, the timers in the order in which they will fire, and how
far the sequence of ids had got. Whatever can be found again in the records (which deliveries a run has, which path leads to which workflow)
is left out. A world that is made from a snapshot continues exactly as the first one would have.

The API knows nothing of this: it is the kit's own.
"""

from datetime import datetime

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.ledger import Ledger
from runflow_mock.domain.outputs import readdress
from runflow_mock.domain.records import Records
from runflow_mock.domain.seeds import Seed
from runflow_mock.domain.tenants import TenantSettings


class Timer(msgspec.Struct, frozen=True):
    """When the next thing happens by itself to a run, an evaluation or a delivery."""

    due: datetime
    owner: str


class KeptBytes(msgspec.Struct, frozen=True):
    """Bytes that stand beside the world, and count against its limit for as long as it lasts."""

    sha256: str
    size_bytes: int


class Snapshot(Records, frozen=True, kw_only=True):
    """A world that stands at `now`; `sequence` is how many ids it has issued, `commits` how often it has changed."""

    settings: TenantSettings
    started_at: datetime
    now: datetime
    sequence: int
    commits: int
    kept: tuple[KeptBytes, ...]
    accounts: Ledger
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

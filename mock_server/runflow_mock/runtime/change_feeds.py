"""Change feeds: what has changed in a tenant or on the whole server, for those who watch; they say what to read again, not what is in it.

A feed numbers its changes and keeps the latest. Whoever has seen everything up to a number asks for what came after it, and is told that
there is a gap where the feed does not go back so far. Nobody is queued for: a watcher that is slow reads more at once. Feeds are made when
somebody first watches; until then a change costs one look at `is_watched`.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import NamedTuple
from weakref import WeakKeyDictionary

from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.faults import RuleAdded, RuleMet, RuleRemoved
from runflow_mock.domain.ledger import CreditAdded
from runflow_mock.engine.world import Outcome
from runflow_mock.runtime.happenings import Happenings
from runflow_mock.runtime.tenants import Tenant, WallClock
from runflow_mock.wire.timeline import Step, represent_events

CHANGES_MAX = 5_000
NOUNS: Mapping[str, str] = {
    "run": "runs",
    "batch": "batches",
    "delivery": "deliveries",
    "evaluation": "evaluations",
    "fault": "rules",
}
# These end with money set aside, charged or given back.
_PAID = frozenset(("run", "evaluation"))
_MONEY = "money"
_RULES = "rules"


class Change(NamedTuple):
    """Something to read again: one record of a noun, or whatever there is of it."""

    number: int
    noun: str
    id: str | None


class ChangeFeed:
    """The latest changes in order. `epoch` tells this feed from the one that an earlier process, or a world before a reset, had."""

    def __init__(self, epoch: str) -> None:
        self.epoch = epoch
        self.number = 0
        self.watchers: set[asyncio.Event] = set()
        self._changes: deque[Change] = deque(maxlen=CHANGES_MAX)

    def tell(self, noun: str, record_id: str | None = None) -> None:
        """Adds a change and wakes whoever watches."""
        self.number += 1
        self._changes.append(Change(self.number, noun, record_id))
        self.wake()

    def wake(self) -> None:
        """Has everybody look who watches."""
        for watcher in self.watchers:
            watcher.set()

    def since(self, number: int) -> list[Change] | None:
        """Returns what came after a number, or nothing where the feed does not reach back to it."""
        missing = self.number - number
        if not 0 <= missing <= len(self._changes):
            return None
        return [self._changes[-position] for position in range(missing, 0, -1)] if missing < 100 else list(self._changes)[-missing:]


class TenantFeed(NamedTuple):
    """What is kept for those who watch a tenant: its changes, and its happenings in one order."""

    changes: ChangeFeed
    happenings: Happenings


class ChangeFeeds:
    """All feeds of a server: one of each tenant that somebody has watched, and one that says which tenants changed."""

    def __init__(self, wall: WallClock) -> None:
        self.is_watched = False
        self._wall = wall
        self._epochs = count(1)
        self._whole: ChangeFeed | None = None
        self._tenants: WeakKeyDictionary[Tenant, TenantFeed] = WeakKeyDictionary()

    def whole(self) -> ChangeFeed:
        """Returns the feed of the server: its changes name tenants."""
        self.is_watched = True
        self._whole = self._whole or ChangeFeed(self._epoch())
        return self._whole

    def of(self, tenant: Tenant) -> TenantFeed:
        """Returns the feed of a tenant, made from its history and its journal when it is first asked for."""
        known = self._tenants.get(tenant)
        if known is None:
            self.is_watched = True
            known = self._tenants[tenant] = TenantFeed(ChangeFeed(self._epoch()), Happenings(tenant))
        return known

    def happened(self, tenant: Tenant, outcome: Outcome) -> None:
        """Takes note of what a commit has changed."""
        feed = self._tenants.get(tenant)
        if feed is not None:
            steps = list(represent_events(outcome.events, outcome.before, tenant.world.store.rules))
            feed.happenings.add_steps(steps)
            feed.changes.tell("timeline")
            for noun, record_id in (*_told_by(steps), *_silent(outcome)):
                feed.changes.tell(noun, record_id)
        self._tell_server(tenant.settings.name)

    def exchanged(self, tenant: Tenant, exchange: Exchange) -> None:
        """Takes note of a request."""
        feed = self._tenants.get(tenant)
        if feed is not None:
            feed.happenings.add_exchange(exchange)
            feed.changes.tell("requests")
        self._tell_server(tenant.settings.name)

    def moved(self, tenant: Tenant) -> None:
        """Takes note that the tenant's clock stands elsewhere or passes otherwise."""
        self.changed(tenant, "clock")

    def changed(self, tenant: Tenant, noun: str) -> None:
        """Takes note of a change of whatever there is of a noun."""
        feed = self._tenants.get(tenant)
        if feed is not None:
            feed.changes.tell(noun)
        self._tell_server(tenant.settings.name)

    def replaced(self, tenant: Tenant) -> None:
        """Takes note that a tenant is new, or gone: whoever watches it looks for the one in its place."""
        feed = self._tenants.get(tenant)
        if feed is not None:
            feed.changes.wake()
        self._tell_server(tenant.settings.name)

    def _tell_server(self, name: str) -> None:
        if self._whole is not None:
            self._whole.tell("tenants", name)

    def _epoch(self) -> str:
        return f"{int(self._wall() * 1000):x}-{next(self._epochs)}"


def gather(changes: Iterable[Change], ids_max: int) -> dict[str, list[str] | None]:
    """Returns the ids to read again by noun, each once; nothing stands for all, and so do more than `ids_max`."""
    found: dict[str, dict[str, None] | None] = {}
    for change in changes:
        ids = found.setdefault(change.noun, {})
        if ids is None:
            continue
        if change.id is None or (change.id not in ids and len(ids) >= ids_max):
            found[change.noun] = None
        else:
            ids[change.id] = None
    return {noun: None if ids is None else list(ids) for noun, ids in found.items()}


def _told_by(steps: Iterable[Step]) -> Iterator[tuple[str, str | None]]:
    for step in steps:
        kind, record_id = str(step["kind"]), step.get("id")
        if kind in _PAID:
            yield _MONEY, None
        noun = NOUNS.get(kind)
        if noun is not None and noun != _RULES:
            yield noun, str(record_id)
        batch_id = step.get("batch_id")
        if batch_id is not None:
            yield "batches", str(batch_id)


def _silent(outcome: Outcome) -> Iterator[tuple[str, str | None]]:
    """Returns what changed without a step of the timeline, or with one that does not name it."""
    for event in outcome.events:
        if isinstance(event, RuleAdded):
            yield _RULES, event.rule.id
        elif isinstance(event, RuleMet | RuleRemoved):
            yield _RULES, event.rule_id
        elif isinstance(event, CreditAdded):
            yield _MONEY, None

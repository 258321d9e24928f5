"""Holdings: what all tenants of a server hold together, so that many of them, each within its own limits, cannot fill a machine.

Journals are shared by `JournalSpace`. Of records, and of what tenants are made from, the bytes count that clients have sent for them, which
is what makes them large, of fault rules what is recorded of them and what their documents take once they are read, of assets and files of
rules their own bytes, and of what is still to happen the timers. All are given back with the tenant, and rules when they are dropped: other
records are never removed from a world.
"""

from collections.abc import Collection
from hashlib import sha256
from typing import Protocol, TypeVar

from runflow_mock.domain.faults import FaultRule
from runflow_mock.domain.identity import RuleId
from runflow_mock.domain.places import place_bytes
from runflow_mock.engine.history import encode
from runflow_mock.engine.journal import Journal, JournalSpace
from runflow_mock.engine.store import Store
from runflow_mock.engine.world import World
from runflow_mock.runtime.bounds import Bounds
from runflow_mock.runtime.refusals import FilesFull, RecordsFull, TenantsFull

READ_TIMES = 44
"""How many times its length a document takes in memory that is read: lists in lists, `[[[]]]`, are the worst that was found."""


class Held:
    """What one tenant holds."""

    def __init__(self) -> None:
        self.record_bytes = 0
        self.file_bytes = 0
        self.timers = 0
        self.rules: dict[RuleId, int] = {}


class Holder(Protocol):
    """A tenant, as far as it matters here."""

    held: Held
    is_dropped: bool
    sent: int
    journal: Journal
    world: World


HolderT = TypeVar("HolderT", bound=Holder)


class Holdings:
    """What the tenants of one server hold."""

    def __init__(self, bounds: Bounds) -> None:
        self.journals = JournalSpace(bounds.journal_bytes.maximum, bounds.journal_bytes)
        self._bounds = bounds
        self._record_share = bounds.record_bytes.maximum * 7 // 10

    def take(self, tenant: Holder) -> None:
        """Counts a tenant from now on."""
        self._bounds.tenants.show(self._bounds.tenants.used + 1)
        tenant.journal.share(self.journals)
        # What is recorded of them came with what the tenant was made from.
        tenant.held.rules = {rule.id: _read_bytes(rule) for rule in tenant.world.store.rules.values()}
        self.follow(tenant)
        self.keep(tenant, tenant.sent + sum(tenant.held.rules.values()))

    def release(self, tenant: Holder) -> None:
        """Counts a tenant no more."""
        self._bounds.tenants.show(self._bounds.tenants.used - 1)
        self._bounds.record_bytes.give(tenant.held.record_bytes)
        self._bounds.file_bytes.give(tenant.held.file_bytes)
        self._bounds.timers.give(tenant.held.timers)
        tenant.journal.leave()
        tenant.held = Held()

    def admit(self, tenant: Holder, replaced: Holder | None) -> None:
        """Raises unless there is room for a tenant, in the place of another one or of none.

        Raises:
            ServerFull: there is none.
        """
        tenants, files, records = self._bounds.tenants, self._bounds.file_bytes, self._bounds.record_bytes
        if replaced is None and tenants.used >= tenants.maximum:
            tenants.meet()
            raise TenantsFull(tenants.maximum)
        held = Held() if replaced is None else replaced.held
        free = records.maximum - records.used + held.record_bytes
        if tenant.sent and tenant.sent > min(free, self._record_share):
            records.meet()
            raise RecordsFull(records.maximum)
        if tenant.world.store.kept_total and files.used - held.file_bytes + tenant.world.store.kept_total > files.maximum:
            files.meet()
            raise FilesFull(files.maximum)

    def follow(self, tenant: Holder) -> None:
        """Takes note of how many timers a tenant has now, how many bytes of files, and which rules."""
        if tenant.is_dropped:
            return
        timers = len(tenant.world.store.timers)
        if timers != tenant.held.timers:
            bound = self._bounds.timers
            bound.show(bound.used + timers - tenant.held.timers)
            tenant.held.timers = timers
        file_bytes = tenant.world.store.kept_total
        if file_bytes != tenant.held.file_bytes:
            files = self._bounds.file_bytes
            files.show(files.used + file_bytes - tenant.held.file_bytes)
            tenant.held.file_bytes = file_bytes
        if len(tenant.world.store.rules) != len(tenant.held.rules):
            self._follow_rules(tenant)

    def keep(self, tenant: Holder, size: int) -> None:
        """Counts so many bytes as held by the records of a tenant."""
        if not tenant.is_dropped:
            bound = self._bounds.record_bytes
            bound.show(bound.used + size)
            tenant.held.record_bytes += size

    def keep_found(self, tenant: HolderT, made_from: int) -> HolderT:
        """Counts what a tenant holds that was kept by an earlier process, and returns it: nobody was asked whether there is room."""
        tenant.sent = made_from
        self.keep(tenant, made_from + _document_bytes(tenant.world.store))
        self.keep(tenant, -sum(tenant.held.rules.values()))
        tenant.held.rules.clear()
        self.follow(tenant)
        return tenant

    def _follow_rules(self, tenant: Holder) -> None:
        rules, held = tenant.world.store.rules, tenant.held.rules
        dropped = sum(held.pop(rule_id) for rule_id in held.keys() - rules.keys())
        fresh = {rule_id: len(encode(rules[rule_id])) + _read_bytes(rules[rule_id]) for rule_id in rules.keys() - held.keys()}
        held.update(fresh)
        self.keep(tenant, sum(fresh.values()) - dropped)

    def objection(self, tenant: Holder | None, size: int) -> str | None:
        """Returns why records of so many bytes more are not taken, or nothing where there is room."""
        if self._bounds.timers.used >= self._bounds.timers.maximum:
            self._bounds.timers.meet()
            return "too much is still to happen on this server; let runs end, or delete tenants"
        bound = self._bounds.record_bytes
        if bound.used + size > bound.maximum or (tenant is not None and tenant.held.record_bytes + size > self._record_share):
            bound.meet()
            return "what clients have sent takes all the room that this server has for it; reset or delete tenants"
        return None

    def objection_to_files(self, tenant: Holder, files: Collection[bytes]) -> str | None:
        """Returns why files are not taken, or nothing where there is room; one that its tenant has already needs none."""
        bound, size = self._bounds.file_bytes, sum(map(len, files))
        room = max(bound.maximum - bound.used, 0)
        # What is the same can only be told from the content, which is read where it matters.
        if size > room and _fresh_bytes(tenant, files) > room:
            bound.meet()
            return f"the files of all tenants have at most {bound.maximum} bytes on this server; reset or delete tenants"
        return None


def _read_bytes(rule: FaultRule) -> int:
    return READ_TIMES * place_bytes(rule.where)


def _fresh_bytes(tenant: Holder, files: Collection[bytes]) -> int:
    kept = tenant.world.store.kept_bytes
    return sum({digest: len(file) for file in files if (digest := sha256(file).hexdigest()) not in kept}.values())


def _document_bytes(store: Store) -> int:
    """Returns how many bytes the documents have that clients sent for the records of a world."""
    assignments = (evaluation.assignment for evaluation in store.evaluations.values())
    deployed = (workflow.definition for workflow in store.workflows.values())
    documents = (
        *((run.input, run.metadata) for run in store.runs.values()),
        *((batch.metadata,) for batch in store.batches.values()),
        *((given.input_attributes, given.reference_images) for given in assignments),
        *((each.workflow_json, each.environment, each.models, each.custom_nodes, each.graph, each.resources) for each in deployed),
    )
    return sum(len(document) for each in documents for document in each if document is not None)

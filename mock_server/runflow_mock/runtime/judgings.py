"""Judgings: the judging of each tenant, what judges loaded when it is first asked for, and in steps, so that others have their turn."""

import asyncio
from asyncio import sleep, to_thread
from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, ref

from runflow_mock.domain.errors import DomainError
from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.findings import Findings
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.domain.verdicts import Verdict
from runflow_mock.engine.journal import Journal, size_of
from runflow_mock.engine.targets import find_target
from runflow_mock.runtime.judging import READ_STEP_EXCHANGES, STEP_BYTES, Judging
from runflow_mock.runtime.judging_ahead import JudgingAhead
from runflow_mock.runtime.tenants import Tenant

if TYPE_CHECKING:
    from runflow_mock.openapi.contract_judge import FindRunnable, Runnable
    from runflow_mock.openapi.contracts import Contract

# Of so many, and of so many bytes, the verdicts take a few milliseconds.
SEQUENCE_AT_ONCE = 200
SEQUENCE_BYTES_AT_ONCE = 256 * 1024


class Judgings:
    """The judgings of all journals by one contract; each is made when it is first asked for, and goes with its journal.

    Without a contract of the user's the packaged one judges; it is read, and what judges is loaded, when somebody first asks.
    """

    def __init__(self, contract: "Contract | None" = None) -> None:
        self._contract = contract
        self.cookies: frozenset[bytes] | None = None if contract is None else contract.cookies
        """The names of cookies whose values are needed for judging; nothing where no cookie is judged at all."""
        self.secret_headers: frozenset[bytes] = frozenset(name.encode() for name in self._credentials("header"))
        self.secret_queries = self._credentials("query")
        """The names under which there are credentials, of which no value is kept."""
        self._known: WeakKeyDictionary[Journal, Judging] = WeakKeyDictionary()
        self.ahead = JudgingAhead(self.prepare_soon, self.of)
        self._preparation = Lock()
        self._is_prepared = self._is_preparing = False

    def _credentials(self, place: str) -> frozenset[str]:
        return frozenset() if self._contract is None else self._contract.credentials(place)

    @property
    def operations_of_user(self) -> frozenset[str]:
        """The names of the operations of a contract of the user's."""
        return frozenset() if self._contract is None else frozenset(declared.id for declared in self._contract.operations)

    @property
    def contract(self) -> "Contract":
        """What judges on this server."""
        from runflow_mock.openapi.contracts import packaged_contract

        return self._contract or packaged_contract()

    def of(self, tenant: Tenant) -> Judging:
        """Returns the judging of a tenant's journal."""
        known = self._known.get(tenant.journal)
        if known is None:
            from runflow_mock.openapi.contract_judge import Judge

            judge = Judge(self.contract, _way_to_models(tenant))
            is_paced = tenant.settings.clock is ClockMode.REAL
            known = Judging(judge, tenant.journal, is_paced=is_paced, real_waits=tenant.settings.real_waits)
            self._known[tenant.journal] = known
        return known

    async def caught_up(self, tenant: Tenant) -> Judging:
        """Returns the judging of a tenant's journal once it has judged all; between few exchanges others have their turn."""
        await self.prepared()
        judging = self.of(tenant)
        for _ in range(len(tenant.journal) + 1):
            if not judging.is_behind:
                break
            judging.catch_up(READ_STEP_EXCHANGES, STEP_BYTES)
            await sleep(0)
        await self.verdicts(tenant, await self.read(tenant))
        return judging

    async def read(self, tenant: Tenant) -> tuple[Exchange, ...]:
        """Returns what is in a tenant's journal, once it was looked through for secrets; between few exchanges others have their turn.

        Secrets that became known after somebody had read it are in it still: `judged` and whoever shows it take them out.
        """
        journal = tenant.journal
        for _ in range(len(journal)):
            if not journal.look_through(READ_STEP_EXCHANGES, STEP_BYTES):
                break
            await sleep(0)
        return journal.as_read()

    async def judged(self, tenant: Tenant, exchanges: Iterable[Exchange]) -> list[tuple[Exchange, Findings]]:
        """Returns exchanges as they are shown now, with what is found out about each, and judges no others.

        Between few of them others have their turn.
        """
        await self.prepared()
        judging, journal = self.of(tenant), tenant.journal
        found, taken = list[tuple[Exchange, Findings]](), 0
        for exchange in exchanges:
            if taken >= STEP_BYTES:
                await sleep(0)
                taken = 0
            if not (journal.is_up_to_date(exchange) and judging.knows(exchange)):
                taken += size_of(exchange) + STEP_BYTES // READ_STEP_EXCHANGES
            shown = journal.up_to_date(exchange)
            found.append((shown, judging.findings(shown)))
        return found

    async def verdicts(self, tenant: Tenant, exchanges: tuple[Exchange, ...]) -> tuple[Verdict, ...]:
        """Returns the verdicts on all that `read` has returned; rules look at everything together, at much of it beside the loop."""
        judging, journal = self.of(tenant), tenant.journal
        if judging.is_concluded:
            return judging.verdicts()
        if exchanges and not journal.holds(exchanges[-1]):
            # What was cleared since it was read says nothing of what is in the journal now.
            exchanges = await self.read(tenant)
        total, clearings = exchanges[-1].number if exchanges else 0, journal.clearings
        if len(exchanges) <= SEQUENCE_AT_ONCE and sum(map(size_of, exchanges)) <= SEQUENCE_BYTES_AT_ONCE:
            return judging.conclude(judging.look_at(exchanges), total, clearings)
        return judging.conclude(await to_thread(judging.look_at, exchanges), total, clearings)

    async def acquitted(self, tenant: Tenant) -> bool:
        """Tells whether nothing in a tenant's journal is a violation; between few exchanges others have their turn.

        Where requests come faster than they are looked at, nothing is acquitted.
        """
        await self.prepared()
        judging = self.of(tenant)
        for _ in range(len(tenant.journal) + 1):
            known = judging.acquits(READ_STEP_EXCHANGES, STEP_BYTES)
            if known is not None:
                return known
            await sleep(0)
        return False

    def acquits_now(self, tenant: Tenant) -> bool:
        """Tells whether a look at a few exchanges is enough to see that nothing in a tenant's journal is a violation."""
        return self._is_prepared and self.of(tenant).acquits(READ_STEP_EXCHANGES, STEP_BYTES) is True

    async def prepared(self) -> None:
        """Waits until everything is loaded that judges: a long document takes seconds, and so a thread of its own."""
        if not self._is_prepared:
            await to_thread(self._prepare)

    def prepare_soon(self) -> bool:
        """Tells whether everything is loaded that judges, and has it loaded beside the loop if not."""
        if not (self._is_prepared or self._is_preparing):
            # Once, however often one asks meanwhile: a loop that is about to end takes no more work.
            self._is_preparing = True
            asyncio.get_running_loop().run_in_executor(None, self._prepare)
        return self._is_prepared

    def _prepare(self) -> None:
        """Loads what judges. Whoever comes second waits for the first, and finds everything done."""
        with self._preparation:
            if not self._is_prepared:
                from runflow_mock.openapi import contract_judge  # noqa: F401 - the import is what takes the time

                self.contract.prepare()
                self._is_prepared = True


def _way_to_models(tenant: Tenant) -> "FindRunnable":
    from runflow_mock.openapi.contract_judge import Runnable

    catalog, reference = tenant.world.catalog, ref(tenant.world)

    def find(path: str) -> "Runnable | None":
        world = reference()
        if world is None:
            return None
        try:
            target = find_target(catalog, world.store, path)
        except DomainError:
            return None
        return Runnable(target.model, target.workflow_id is not None)

    return find

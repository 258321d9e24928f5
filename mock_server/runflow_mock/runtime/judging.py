"""Judging: what is known about the exchanges of a tenant, found out when somebody reads it, or while nothing else is to do.

Nothing of this is on the way of a request. Where exchanges are about to leave the journal unread, they are judged in small steps
whenever the tenant has been quiet for a moment, and only the counts stay. Under a load that never pauses they leave unjudged, and are
counted as that.
"""

import asyncio
from asyncio import sleep, to_thread
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import takewhile
from sys import maxsize
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary, WeakSet, ref

from runflow_mock.domain.errors import DomainError
from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.findings import Findings, Severity
from runflow_mock.domain.reports import Counts
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.domain.verdicts import Verdict, merge
from runflow_mock.engine.journal import Journal, size_of
from runflow_mock.engine.targets import find_target
from runflow_mock.runtime.tenants import Tenant

if TYPE_CHECKING:
    from runflow_mock.openapi.contract_judge import FindRunnable, Judge, Runnable
    from runflow_mock.openapi.contracts import Contract

STEP_EXCHANGES = 25
# While somebody reads, requests of others are under way.
READ_STEP_EXCHANGES = 5
# What is judged in one step takes no more bytes than this, or is one exchange: a long body costs as much as many short ones.
STEP_BYTES = 64 * 1024
# Of so many, and of so many bytes, the verdicts take a few milliseconds.
SEQUENCE_AT_ONCE = 200
SEQUENCE_BYTES_AT_ONCE = 256 * 1024
QUIET_SECONDS = 0.1
# So many requests between two looks still count as quiet: a client that polls.
QUIET_REQUESTS_MAX = 2
UNMATCHED = "no operation"
BESIDE = "beside the API"


class SoFar(NamedTuple):
    """What was found out of a journal: its exchanges that were judged, what was counted, how many have left or wait unjudged, verdicts."""

    judged: list[tuple[Exchange, Findings]]
    counts: dict[str, Counts]
    unjudged: int
    waiting: int
    verdicts: tuple[Verdict, ...]


class Judging:
    """The findings and verdicts of one journal."""

    def __init__(self, judge: "Judge", journal: Journal, *, is_paced: bool, real_waits: bool = False) -> None:
        self.judge = judge
        # The registry of judgings finds them by journal, and must not be what keeps one in memory.
        self._reference = ref(journal)
        self._is_paced = is_paced
        self._real_waits = real_waits
        self._clearings = journal.clearings
        self._counts: dict[str, Counts] = {}
        self._findings: dict[int, Findings] = {}
        self._early: dict[int, Findings] = {}
        self._verdicts: tuple[Verdict, ...] = ()
        self._seen_to = 0
        self._judged_to = 0
        self._acquitted_to = 0
        self._unjudged = 0

    @property
    def _journal(self) -> Journal:
        journal = self._reference()
        assert journal is not None, "a judging goes with its journal"
        return journal

    @property
    def is_behind(self) -> bool:
        """Whether there are exchanges that were not judged yet."""
        return self._journal.total > self._judged_to or self._clearings != self._journal.clearings

    @property
    def counts(self) -> dict[str, Counts]:
        """What was counted of each operation, those included that are in the journal no more."""
        self.catch_up()
        return self._counts

    @property
    def unjudged(self) -> int:
        """How many exchanges left the journal before they were judged."""
        self.catch_up()
        return self._unjudged

    def so_far(self) -> SoFar:
        """Returns what was found out, and judges nothing for it: a client that goes on may have made a thousand requests meanwhile."""
        self._keep_up()
        journal = self._journal
        judged = journal.oldest_after(journal.dropped, max(0, self._judged_to - journal.dropped))
        found = [(exchange, self._findings[exchange.number]) for exchange in judged]
        lost = max(journal.dropped - self._judged_to, 0)
        waiting = journal.total - self._judged_to - lost
        # Of a journal that was just cleared nothing was looked at yet.
        return SoFar(found, self._counts, self._unjudged + lost, waiting, self._verdicts or self.look_at(()))

    def count_violations(self, steps: int) -> int:
        """Returns how many violations are known, after judging at most so many exchanges more."""
        self.catch_up(steps)
        return sum(sum(counts.of(Severity.VIOLATION).values()) for counts in self._counts.values())

    def knows(self, exchange: Exchange) -> bool:
        """Tells whether an exchange was judged already."""
        self._keep_up()
        return self._journal.holds(exchange) and self._known(exchange) is not None

    def findings(self, exchange: Exchange) -> Findings:
        """Returns the findings of an exchange; no other one is judged for it, and it is counted when its turn comes."""
        self._keep_up()
        if not self._journal.holds(exchange):
            # It has left since it was read, and another one may have its number.
            return self.judge.judge(exchange)
        known = self._known(exchange)
        if known is None:
            if len(self._early) > len(self._journal):
                self._forget_early()
            known = self._early[exchange.number] = self.judge.judge(exchange)
        return known

    def acquits(self, steps: int = maxsize, bytes_max: int | None = None) -> bool | None:
        """Tells whether the exchanges in the journal are without a violation; nothing, while only the first of them were looked at.

        That takes much less than to judge them, which is left to who wants to know more. Of what they hold nothing is kept or told, so
        that they are taken as they came.
        """
        self._keep_up()
        for exchange in self._journal.raw_after(self._acquitted_to, steps, bytes_max):
            known = self._known(exchange)
            if known.violations if known is not None else not self.judge.acquits(exchange):
                return False
            self._acquitted_to = exchange.number
        return True if self._acquitted_to >= self._journal.total else None

    def verdicts(self) -> tuple[Verdict, ...]:
        """Returns the verdict of every rule; what was seen of exchanges that have left the journal is kept."""
        if not self.is_concluded:
            self.conclude(self.look_at(tuple(self._journal)), self._journal.total, self._clearings)
        return self._verdicts

    @property
    def is_concluded(self) -> bool:
        """Whether the verdicts are about everything that is in the journal."""
        self._keep_up()
        return bool(self._verdicts) and self._seen_to == self._journal.total

    def look_at(self, exchanges: Sequence[Exchange]) -> tuple[Verdict, ...]:
        """Returns the verdicts on exchanges in their order alone; a thread may do that."""
        from runflow_mock.domain.hygiene import judge_sequence

        return judge_sequence(exchanges, is_paced=self._is_paced, real_waits=self._real_waits)

    def conclude(self, latest: tuple[Verdict, ...], total: int, clearings: int) -> tuple[Verdict, ...]:
        """Takes verdicts on what was in the journal when it had seen `total`, unless it was cleared since, or somebody has looked later.

        Returns what holds then, those seen in exchanges that have left included; of a journal that was cleared, what was given.
        """
        self._keep_up()
        if clearings != self._clearings:
            return latest
        if total > self._seen_to or not self._verdicts:
            if self._journal.dropped:
                latest = tuple(merge(*pair) for pair in zip(self._verdicts or latest, latest, strict=True))
            self._verdicts, self._seen_to = latest, total
        return self._verdicts

    def catch_up(self, steps: int = maxsize, bytes_max: int | None = None) -> None:
        """Judges what was not judged yet, the oldest first, at most so many exchanges, and no more than take so many bytes, but one."""
        self._keep_up()
        if not self.is_behind:
            return
        for exchange in self._waiting(steps, bytes_max):
            early = self._early.pop(exchange.number, None)
            findings = self._findings[exchange.number] = early or self.judge.judge(exchange)
            self._judged_to = exchange.number
            name = findings.operation or exchange.operation or (UNMATCHED if findings.violations else BESIDE)
            counts = self._counts.setdefault(name, Counts())
            counts.add(exchange.status, findings.request, len(findings.ours))
        for number in tuple(takewhile(lambda number: number <= self._journal.dropped, self._findings)):
            del self._findings[number]

    def _waiting(self, count: int, bytes_max: int | None) -> tuple[Exchange, ...]:
        lost = max(self._journal.dropped - self._judged_to, 0)
        self._unjudged += lost
        self._judged_to += lost
        if lost:
            self._forget_early()
        return self._journal.oldest_after(self._judged_to, count, bytes_max)

    def _known(self, exchange: Exchange) -> Findings | None:
        """What was found out about an exchange that the journal holds, in its turn or before, if it was judged."""
        return self._findings.get(exchange.number) or self._early.get(exchange.number)

    def _forget_early(self) -> None:
        self._early = {number: found for number, found in self._early.items() if number > self._journal.dropped}

    def _keep_up(self) -> None:
        """Forgets everything when the journal was cleared."""
        if self._clearings != self._journal.clearings:
            self._clearings = self._journal.clearings
            self._counts, self._findings, self._early, self._verdicts = {}, {}, {}, ()
            self._seen_to = self._judged_to = self._acquitted_to = self._unjudged = 0


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
        self._waiting: WeakSet[Journal] = WeakSet()
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
        """Returns what is in a tenant's journal, once it was looked through for secrets; between few exchanges others have their turn."""
        journal = tenant.journal
        for _ in range(len(journal)):
            if not journal.look_through(READ_STEP_EXCHANGES, STEP_BYTES):
                break
            await sleep(0)
        return tuple(journal)

    async def judged(self, tenant: Tenant, exchanges: Iterable[Exchange]) -> list[tuple[Exchange, Findings]]:
        """Returns exchanges with what is found out about each, and judges no others; between few of them others have their turn."""
        await self.prepared()
        judging, found, taken = self.of(tenant), list[tuple[Exchange, Findings]](), 0
        for exchange in exchanges:
            if taken >= STEP_BYTES:
                await sleep(0)
                taken = 0
            if not judging.knows(exchange):
                taken += size_of(exchange) + STEP_BYTES // READ_STEP_EXCHANGES
            found.append((exchange, judging.findings(exchange)))
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

    def judge_later(self, tenant: Tenant) -> None:
        """Has the exchanges judged that are in the journal, once the tenant is quiet."""
        if tenant.journal not in self._waiting:
            self._waiting.add(tenant.journal)
            tenant.journal.judge_at = maxsize
            self._look_later(tenant)

    def look(self, tenant: Tenant, seen: int) -> None:
        """Judges the next few exchanges if the tenant has been quiet since it had made `seen`, and comes back for the rest."""
        journal = tenant.journal
        if tenant.is_dropped:
            return
        if not self._is_prepared:
            # Once, however often one looks meanwhile: a loop that is about to end takes no more work.
            if not self._is_preparing:
                self._is_preparing = True
                asyncio.get_running_loop().run_in_executor(None, self._prepare)
            self._look_later(tenant)
            return
        judging = self.of(tenant)
        if journal.total - seen <= QUIET_REQUESTS_MAX:
            judging.catch_up(STEP_EXCHANGES, STEP_BYTES)
        if judging.is_behind:
            self._look_later(tenant)
            return
        # All at once they take longer than others should wait.
        looking = asyncio.get_running_loop().run_in_executor(None, judging.look_at, tuple(journal))
        looking.add_done_callback(partial(_conclude, judging, journal, journal.total, journal.clearings))
        self._waiting.discard(journal)
        journal.judge_at = journal.total + journal.exchanges_max // 2

    def _prepare(self) -> None:
        """Loads what judges. Whoever comes second waits for the first, and finds everything done."""
        with self._preparation:
            if not self._is_prepared:
                from runflow_mock.openapi import contract_judge  # noqa: F401 - the import is what takes the time

                self.contract.prepare()
                self._is_prepared = True

    def _look_later(self, tenant: Tenant) -> None:
        asyncio.get_running_loop().call_later(QUIET_SECONDS, self.look, tenant, tenant.journal.total)


def _conclude(judging: Judging, _: Journal, total: int, clearings: int, looking: "asyncio.Future[tuple[Verdict, ...]]") -> None:
    # The journal comes along because a judging goes with it, and its tenant may be dropped meanwhile.
    judging.conclude(looking.result(), total, clearings)


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

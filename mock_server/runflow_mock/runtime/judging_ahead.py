"""Judging ahead: exchanges that are judged before anybody asks.

Two things call for it. Where a journal fills, they would leave it unjudged: so they are judged in small steps whenever the tenant has been
quiet for a moment, and only the counts stay; under a load that never pauses they leave unjudged, and are counted as that. And to tell what
is wrong with a request takes several times as long as to see that nothing is: whoever reads a report on a client that was refused again
and again would wait for all of that. So each further refusal has two of the oldest judged, once its answer has left, as long as many wait:
only small ones, because everybody else waits meanwhile, and without scrubbing what is in the journal, which is for the first reader to do.
A client that is not refused has nothing judged so, however fast it creates and polls.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from sys import maxsize
from weakref import WeakSet

from runflow_mock.domain.verdicts import Verdict
from runflow_mock.engine.journal import Journal
from runflow_mock.runtime.judging import STEP_BYTES, Judging
from runflow_mock.runtime.tenants import Tenant

QUIET_SECONDS = 0.1
# So many requests between two looks still count as quiet: a client that polls.
QUIET_REQUESTS_MAX = 2
QUIET_EXCHANGES = 25
REFUSAL_EXCHANGES = 2
"""How many exchanges are judged in a quiet moment, and after a refusal."""
REFUSAL_BYTES = 8 * 1024
"""How many bytes they may have together, heads included; of two usual ones the heads take five thousand."""
WAITING_MAX = 50
"""How many exchanges wait in any case: most tests read no report, and make fewer."""
EXPLAINED = frozenset((400, 404, 405, 413, 415, 422))
"""The statuses of requests of which there is much to say: with most others nothing was wrong but when they came."""


class JudgingAhead:
    """Has exchanges judged that nobody has asked for yet.

    `prepare` tells whether everything is loaded that judges, and has it loaded if not; `judging_of` finds the judging of a tenant.
    """

    def __init__(self, prepare: Callable[[], bool], judging_of: Callable[[Tenant], Judging]) -> None:
        self._prepare = prepare
        self._judging_of = judging_of
        self._filling: WeakSet[Journal] = WeakSet()

    def refused(self, tenant: Tenant) -> None:
        """Has a few exchanges judged if many wait: a client was refused once more."""
        if tenant.journal.total > WAITING_MAX and self._prepare():
            loop = asyncio.get_running_loop()
            # The answer leaves in the next turn (`web/gathering.py`), and must not wait for this.
            loop.call_soon(loop.call_soon, self._judge_some, tenant)

    def _judge_some(self, tenant: Tenant) -> None:
        judging = self._judging_of(tenant)
        if not tenant.is_dropped and judging.untouched > WAITING_MAX:
            judging.judge_ahead(REFUSAL_EXCHANGES, REFUSAL_BYTES)

    def filling(self, tenant: Tenant) -> None:
        """Has the exchanges judged that are in the journal, once the tenant is quiet."""
        if tenant.journal not in self._filling:
            self._filling.add(tenant.journal)
            tenant.journal.judge_at = maxsize
            self._look_later(tenant)

    def look(self, tenant: Tenant, seen: int) -> None:
        """Judges the next few exchanges if the tenant has been quiet since it had made `seen`, and comes back for the rest."""
        journal = tenant.journal
        if tenant.is_dropped:
            return
        if not self._prepare():
            self._look_later(tenant)
            return
        judging = self._judging_of(tenant)
        if journal.total - seen <= QUIET_REQUESTS_MAX:
            judging.catch_up(QUIET_EXCHANGES, STEP_BYTES)
        if judging.is_behind:
            self._look_later(tenant)
            return
        # All at once they take longer than others should wait.
        looking = asyncio.get_running_loop().run_in_executor(None, judging.look_at, journal.as_read())
        looking.add_done_callback(partial(_conclude, judging, journal, journal.total, journal.clearings))
        self._filling.discard(journal)
        journal.judge_at = journal.total + journal.exchanges_max // 2

    def _look_later(self, tenant: Tenant) -> None:
        asyncio.get_running_loop().call_later(QUIET_SECONDS, self.look, tenant, tenant.journal.total)


def _conclude(judging: Judging, _: Journal, total: int, clearings: int, looking: "asyncio.Future[tuple[Verdict, ...]]") -> None:
    # The journal comes along because a judging goes with it, and its tenant may be dropped meanwhile.
    judging.conclude(looking.result(), total, clearings)

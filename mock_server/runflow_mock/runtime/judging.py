"""Judging: what is known about the exchanges of a tenant, found out when somebody reads it, or ahead of that (`judging_ahead`).

Nothing of this is on the way of a request to its answer. What is judged ahead holds up what comes after that, and so is little.
"""

from collections.abc import Sequence
from itertools import takewhile
from sys import maxsize
from typing import TYPE_CHECKING, NamedTuple
from weakref import ref

from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.findings import Findings, Severity
from runflow_mock.domain.reports import Counts
from runflow_mock.domain.verdicts import Verdict, merge
from runflow_mock.engine.journal import Journal, size_of

if TYPE_CHECKING:
    from runflow_mock.openapi.contract_judge import Judge

# While somebody reads, requests of others are under way.
READ_STEP_EXCHANGES = 5
# What is judged in one step takes no more bytes than this, or is one exchange: a long body costs as much as many short ones.
STEP_BYTES = 64 * 1024
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
        # As they were found first. What further secrets have gone out of would be judged otherwise, and a right client be blamed: whoever
        # shows findings takes them out of those, too.
        self._findings: dict[int, Findings] = {}
        self._early: dict[int, Findings] = {}
        self._verdicts: tuple[Verdict, ...] = ()
        self._seen_to = 0
        self._judged_to = 0
        self._ahead_to = 0
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
    def waiting(self) -> int:
        """How many exchanges are in the journal that were not judged yet."""
        self._keep_up()
        return self._journal.total - max(self._judged_to, self._journal.dropped)

    @property
    def untouched(self) -> int:
        """How many of them nobody has come to ahead of their turn either."""
        return min(self.waiting, self._journal.total - self._ahead_to)

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
        """Returns what was found out, and judges nothing for it: a client that goes on may have made a thousand requests meanwhile.

        Secrets that became known after that are in it, and go out of what is shown.
        """
        self._keep_up()
        journal = self._journal
        judged = journal.raw_after(journal.dropped, max(0, self._judged_to - journal.dropped))
        found = [(exchange, self._findings[exchange.number]) for exchange in judged]
        lost = max(journal.dropped - self._judged_to, 0)
        # Of a journal that was just cleared nothing was looked at yet.
        return SoFar(found, self._counts, self._unjudged + lost, self.waiting, self._verdicts or self.look_at(()))

    def count_violations(self, steps: int) -> int:
        """Returns how many violations are known, after judging at most so many exchanges more."""
        self.catch_up(steps, STEP_BYTES)
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
            known = self.judge.judge(exchange)
            self._early[exchange.number] = known
        return known

    def judge_ahead(self, count: int, bytes_max: int) -> None:
        """Judges the next few that nobody has asked for, as they would be shown now; one that takes more bytes is left to who asks.

        In the journal they stay as they came: whoever is the first to read them may know of further secrets.
        """
        self._keep_up()
        journal = self._journal
        for exchange in journal.raw_after(max(self._ahead_to, self._judged_to), count, bytes_max):
            self._ahead_to = exchange.number
            if size_of(exchange) <= bytes_max:
                self.findings(*journal.piece(journal.total - exchange.number + 1, 1))

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
            self.conclude(self.look_at(self._journal.as_read()), self._journal.total, self._clearings)
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
            findings = self._known(exchange) or self.judge.judge(exchange)
            self._findings[exchange.number] = findings
            self._early.pop(exchange.number, None)
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
        """What was found out about an exchange that the journal holds, in its turn or before."""
        return self._findings.get(exchange.number) or self._early.get(exchange.number)

    def _forget_early(self) -> None:
        self._early = {number: found for number, found in self._early.items() if number > self._journal.dropped}

    def _keep_up(self) -> None:
        """Forgets everything when the journal was cleared."""
        if self._clearings != self._journal.clearings:
            self._clearings = self._journal.clearings
            self._counts, self._findings, self._early, self._verdicts = {}, {}, {}, ()
            self._seen_to = self._judged_to = self._ahead_to = self._acquitted_to = self._unjudged = 0

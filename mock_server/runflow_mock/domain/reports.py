"""Reports: what a tenant's journal, fault rules and callbacks say about the client that used it, in one record.

Nothing that was prepared and never used stays silent: a fault rule that never fired, a callback that nobody took, a request that led
nowhere. A callback that is not due yet is pending, which is nobody's fault.
"""

from collections.abc import Mapping

import msgspec

from runflow_mock.domain.findings import Finding, Severity
from runflow_mock.domain.misses import NearestMiss
from runflow_mock.domain.verdicts import Judgement, Verdict


class Counts(msgspec.Struct, gc=False):
    """What was counted of one operation: its exchanges by status, and the findings about them by severity and rule."""

    exchanges: int = 0
    statuses: dict[int, int] = {}
    rules: dict[tuple[str, str], int] = {}
    ours: int = 0

    def add(self, status: int, findings: tuple[Finding, ...], ours: int) -> None:
        """Counts one exchange."""
        self.exchanges += 1
        self.statuses[status] = self.statuses.get(status, 0) + 1
        for finding in findings:
            key = (finding.severity.value, finding.rule)
            self.rules[key] = self.rules.get(key, 0) + 1
        self.ours += ours

    def of(self, severity: Severity) -> dict[str, int]:
        """Returns how often each rule of a severity was found."""
        return {rule: count for (found, rule), count in self.rules.items() if found == severity}


class Unfired(msgspec.Struct, frozen=True, kw_only=True):
    """A fault rule that never fired, how often its place was met, and what came nearest to it."""

    id: str
    label: str | None
    kind: str
    matched: int
    nearest: NearestMiss | None = None


class Undelivered(msgspec.Struct, frozen=True, kw_only=True):
    """A callback that was given up."""

    id: str
    about: str
    url: str
    attempts: int
    reason: str | None


class Unmatched(msgspec.Struct, frozen=True, kw_only=True):
    """A request that led to no operation, and the operation that looks most like it."""

    exchange: str
    method: str
    path: str
    nearest: str | None


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One finding with the exchange in which it was found."""

    exchange: str
    operation: str | None
    finding: Finding


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is to be said about the client of a tenant so far. `unjudged` exchanges left the journal before anybody looked;
    those `waiting` came while the report was made, and the next one tells of them.

    `judged_by` names the document of the user's that judged, if one did, and `declared` all operations of the one that judged.
    """

    tenant: str
    judged_by: str | None
    declared: tuple[str, ...]
    exchanges: int
    dropped: int
    unjudged: int
    waiting: int
    operations: Mapping[str, Counts]
    verdicts: tuple[Verdict, ...]
    violations: tuple[Sample, ...]
    ours: tuple[Sample, ...]
    unfired: tuple[Unfired, ...]
    undelivered: tuple[Undelivered, ...]
    pending_callbacks: int
    unmatched: tuple[Unmatched, ...]
    background_errors: tuple[str, ...]
    hints: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing that a test would have to fail for: no violation, no broken rule, nothing unused, no error of ours.

        While exchanges wait to be judged, nobody knows.
        """
        is_broken = any(verdict.judgement is Judgement.BROKEN for verdict in self.verdicts)
        is_violated = any(counts.of(Severity.VIOLATION) for counts in self.operations.values())
        left = (self.ours, self.unfired, self.undelivered, self.unmatched, self.background_errors)
        return not is_broken and not is_violated and not any(left) and not self.waiting

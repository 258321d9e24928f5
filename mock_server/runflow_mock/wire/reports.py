"""The report on a client as JSON; other renderings start from the same record."""

from collections.abc import Mapping

from runflow_mock.domain.findings import Severity
from runflow_mock.domain.hygiene import RULES
from runflow_mock.domain.reports import Counts, Report, Sample, Unfired
from runflow_mock.domain.verdicts import Verdict
from runflow_mock.wire.clauses import represent_miss
from runflow_mock.wire.journal import represent_findings, represent_verdict

_RULES = {rule.id: rule for rule in RULES}


def represent_report(report: Report) -> dict[str, object]:
    """Returns the report; lists that may be long are told one by one."""
    return {
        "tenant": report.tenant,
        "judge": {"document": report.judged_by, "operations": list(report.declared)},
        "clean": report.is_clean,
        "exchanges": {
            "total": report.exchanges,
            "dropped": report.dropped,
            "unjudged": report.unjudged,
            "waiting": report.waiting,
        },
        "operations": (
            {
                "operation": name,
                "exchanges": counts.exchanges,
                "statuses": {str(status): count for status, count in sorted(counts.statuses.items())},
                "violations": counts.of(Severity.VIOLATION),
                "notes": counts.of(Severity.NOTE),
                "relies_on": counts.of(Severity.RELIANCE),
                "ours": counts.ours,
            }
            for name, counts in sorted(report.operations.items())
        ),
        "verdicts": map(_verdict, report.verdicts),
        "violations": map(_sample, report.violations),
        "ours": map(_sample, report.ours),
        "relies_on": _reliances(report.operations),
        "unfired_faults": map(represent_unfired, report.unfired),
        "undelivered_callbacks": (
            {
                "id": undelivered.id,
                "about": undelivered.about,
                "url": undelivered.url,
                "attempts": undelivered.attempts,
                "reason": undelivered.reason,
            }
            for undelivered in report.undelivered
        ),
        "pending_callbacks": report.pending_callbacks,
        "unmatched_requests": (
            {"exchange": unmatched.exchange, "method": unmatched.method, "path": unmatched.path, "nearest": unmatched.nearest}
            for unmatched in report.unmatched
        ),
        "background_errors": iter(report.background_errors),
        "hints": iter(report.hints),
    }


def _verdict(verdict: Verdict) -> dict[str, object]:
    rule = _RULES[verdict.rule]
    return {**represent_verdict(verdict), "family": rule.family, "weight": rule.weight.value, "asks": rule.asks, "source": rule.source}


def _sample(sample: Sample) -> dict[str, object]:
    return {"exchange": sample.exchange, "operation": sample.operation, **represent_findings((sample.finding,))[0]}


def _reliances(operations: Mapping[str, Counts]) -> dict[str, int]:
    """Returns how often the client relied on each point on which the sources differ."""
    found: dict[str, int] = {}
    for counts in operations.values():
        for point, count in counts.of(Severity.RELIANCE).items():
            found[point] = found.get(point, 0) + count
    return dict(sorted(found.items()))


def represent_unfired(unfired: Unfired) -> dict[str, object]:
    """Returns a rule that never fired."""
    return {
        "id": unfired.id,
        "label": unfired.label,
        "kind": unfired.kind,
        "matched": unfired.matched,
        "nearest": None if unfired.nearest is None else represent_miss(unfired.nearest),
    }

"""The report of a server, as `GET /_mock/report` tells it, as a sheet: the contract for each operation, and each rule for clients."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from runflow_mock.domain.verdicts import Judgement, Weight
from runflow_mock.kit.sheets.records import Row, Sheet

CONTRACT = "contract"
CONTRACT_ASKS = "What the client sends fits the document."
CALLBACKS_ASK = "A callback is answered with 2xx before its last attempt."
CLIENT = "client"
NOT_CALLED = "the client did not call it"

_WORDS = frozenset(Judgement)


def sheet_of(report: Mapping[str, Any], operation_of: Mapping[str, str]) -> Sheet:
    """Returns the sheet of a report.

    Args:
        report: the body of `GET /_mock/report`.
        operation_of: the operation of each exchange that is still known.
    """
    rows: tuple[Row, ...] = (
        *_contract_rows(report, report["judge"]["operations"]),
        *rule_rows(report, operation_of),
        *_callback_rows(report),
    )
    if not report["exchanges"]["total"]:
        # What came of no traffic at all says nothing, whatever it looks like.
        absent, reason = Judgement.NOT_EXERCISED, "there was no traffic"
        rows = tuple(Row(subject=row.subject, rule=row.rule, judgement=absent, asks=row.asks, reason=reason) for row in rows)
    return Sheet(
        title=f"Client of tenant {report['tenant']}: {report['exchanges']['total']} exchanges",
        rows=rows,
        errors=(*(_sample(sample) for sample in report["ours"]), *report["background_errors"]),
        notes=tuple(_notes(report)),
    )


def rule_rows(report: Mapping[str, Any], operation_of: Mapping[str, str]) -> tuple[Row, ...]:
    """Returns the rows of the rules for clients alone."""
    return tuple(
        Row(
            subject=CLIENT,
            rule=verdict["rule"],
            judgement=_judgement(verdict),
            asks=verdict["asks"],
            weight=Weight(verdict["weight"]),
            evidence=_counted(verdict["broken"], tuple(_observed(seen, operation_of) for seen in verdict["evidence"])),
            reason=verdict["reason"],
        )
        for verdict in report["verdicts"]
    )


def _judgement(verdict: Mapping[str, Any]) -> Judgement:
    """Returns what a verdict says; where its word is masked, because it is somebody's secret, its figures say the same."""
    if verdict["verdict"] in _WORDS:
        return Judgement(verdict["verdict"])
    if verdict["broken"]:
        return Judgement.BROKEN
    return Judgement.HELD if verdict["held"] else Judgement.NOT_EXERCISED


def contract_violations(report: Mapping[str, Any], excused: Collection[str] = ()) -> tuple[str, ...]:
    """Returns what the client sent against the contract, in words, but for exchanges that are excused."""
    return tuple(_sample(sample) for sample in report["violations"] if sample["exchange"] not in excused)


def _contract_rows(report: Mapping[str, Any], operations: Iterable[str]) -> Iterator[Row]:
    counted = {counts["operation"]: counts for counts in report["operations"]}
    for name in dict.fromkeys((*operations, *counted)):
        counts = counted.get(name)
        if counts is None:
            yield Row(subject=name, rule=CONTRACT, judgement=Judgement.NOT_EXERCISED, asks=CONTRACT_ASKS, reason=NOT_CALLED)
        elif counts["violations"]:
            samples = [sample for sample in report["violations"] if (sample["operation"] or "no operation") == name]
            for rule, count in counts["violations"].items():
                told = _counted(count, tuple(_sample(sample) for sample in samples if sample["rule"] == rule))
                yield Row(subject=name, rule=f"{CONTRACT}.{rule}", judgement=Judgement.BROKEN, asks=CONTRACT_ASKS, evidence=told)
        elif "undescribed" in counts["notes"]:
            reason = f"{report['judge']['document']} does not describe it"
            yield Row(subject=name, rule=CONTRACT, judgement=Judgement.NOT_EXERCISED, asks=CONTRACT_ASKS, reason=reason)
        elif name != "beside the API":
            seen = ", ".join(f"{status} ({count})" for status, count in counts["statuses"].items())
            yield Row(subject=name, rule=CONTRACT, judgement=Judgement.HELD, asks=CONTRACT_ASKS, evidence=(f"answered {seen}",))


def _callback_rows(report: Mapping[str, Any]) -> Iterator[Row]:
    given_up = report["undelivered_callbacks"]
    if given_up:
        told = tuple(f"{gone['id']} to {gone['url']}: given up after {gone['attempts']} attempts, {gone['reason']}" for gone in given_up)
        yield Row(subject="callbacks", rule="callback-taken", judgement=Judgement.BROKEN, asks=CALLBACKS_ASK, evidence=told)


def _counted(count: int, told: tuple[str, ...]) -> tuple[str, ...]:
    """Returns evidence, with how often it was so where more was counted than is kept."""
    return (f"{count} times in all", *told) if count > len(told) else told


def _observed(seen: Mapping[str, Any], operation_of: Mapping[str, str]) -> str:
    names = dict.fromkeys(operation_of[exchange] for exchange in seen["exchanges"] if exchange in operation_of)
    return f"{'/'.join(names)}{': ' if names else ''}{seen['message']} [{', '.join(seen['exchanges'][:4])}]"


def _sample(sample: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in sample["loc"])
    return f"{sample['operation'] or 'no operation'}: {where}: {sample['message']} [{sample['exchange']}]"


def _notes(report: Mapping[str, Any]) -> Iterator[str]:
    if document := report["judge"]["document"]:
        yield f"{document} judged; where the fake differs from it, that is told under errors and is not the client's"
    for unfired in report["unfired_faults"]:
        yield f"fault {unfired['label'] or unfired['id']} ({unfired['kind']}) was never met"
    misses: dict[tuple[str, str | None], list[str]] = {}
    for miss in report["unmatched_requests"]:
        # Without a nearest one each path is a mistake of its own.
        misses.setdefault((miss["method"], miss["nearest"] or miss["path"]), []).append(miss["path"])
    for (method, nearest), paths in misses.items():
        others = f" and {len(paths) - 1} other paths lead" if len(paths) > 1 else " leads"
        yield f"{method} {paths[0]}{others} to no operation{'' if nearest == paths[0] else f'; did you mean {nearest}?'}"
    if report["pending_callbacks"]:
        yield f"{report['pending_callbacks']} callbacks are still pending"
    if report["exchanges"]["unjudged"]:
        yield f"{report['exchanges']['unjudged']} exchanges left the journal before they were judged"
    if waiting := report["exchanges"]["waiting"]:
        yield f"{waiting} exchanges came while the report was made: the next report judges them"
    for point, count in report["relies_on"].items():
        yield f"relies on {point} ({count}x), on which the sources differ"
    yield from report["hints"]

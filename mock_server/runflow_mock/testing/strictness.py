"""The strict end of a test: what was prepared and never happened, what the client did against the contract, and errors of ours."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from runflow_mock.testing.client import ClientError
from runflow_mock.testing.records import End
from runflow_mock.testing.runflow import Runflow

SHOWN_MAX = 10


def complaints(runflow: Runflow, *, allow_unused: bool = False, allow_violations: bool | Iterable[str] = False) -> list[str]:
    """Returns what a test has to answer for so far, a line or a few each; nothing, when all is well. See `complaints_in`."""
    end = End(runflow.report(), _scene(runflow))
    return complaints_in(end, allow_unused=allow_unused, allow_violations=allow_violations)


def complaints_in(end: End, *, allow_unused: bool = False, allow_violations: bool | Iterable[str] = False) -> list[str]:
    """Returns what a test has to answer for at the end of its tenant.

    `allow_unused` passes over faults that never fired, scenario expectations that were not reached and callbacks that nobody took;
    `allow_violations` over requests that broke the contract: all of them, or those of the operations that it names.
    """
    report, scenario = end.report, end.scene or {}
    if report is None:
        return []
    found = [f"runflow-mock had an error of its own: {error}" for error in report["background_errors"]]
    if not allow_unused:
        found += [*([] if scenario.get("unused") == "allowed" else _unfired(report)), *_undelivered(report), *_unreached(scenario)]
    if allow_violations is not True:
        allowed = frozenset(allow_violations or ())
        lost = () if allowed else report["unmatched_requests"]
        found += [*_violations(report, allowed, {request["exchange"] for request in lost}), *_unmatched(report, lost)]
    return found


def _unfired(report: Mapping[str, Any]) -> Iterator[str]:
    for rule in report["unfired_faults"]:
        name = rule["label"] or rule["id"]
        yield f"fault {name!r} ({rule['kind']}) never fired: its place was met {rule['matched']} times{_nearest(rule.get('nearest'))}"


def _undelivered(report: Mapping[str, Any]) -> Iterator[str]:
    for delivery in report["undelivered_callbacks"]:
        why = delivery["reason"] or "no attempt succeeded"
        tried = f"{delivery['url']} in {delivery['attempts']} attempts"
        yield f"callback {delivery['id']} about {delivery['about']} never reached {tried}: {why}"


def _unreached(scenario: Mapping[str, Any]) -> Iterator[str]:
    for expectation in scenario.get("expectations", ()):
        if not expectation["held"]:
            what = f"{expectation['expected']!r}, but saw {expectation['seen']!r}"
            yield f"scenario {scenario['name']!r} expects of its {expectation['about']} that {expectation['label']!r}: {what}"


def _scene(runflow: Runflow) -> dict[str, Any] | None:
    try:
        return runflow.control.scenario()
    except ClientError as error:
        if error.status != 404:
            raise
        # The tenant was made without one.
        return None


def _violations(report: Mapping[str, Any], allowed: frozenset[str], lost: Set[str]) -> Iterator[str]:
    told = [sample for sample in report["violations"] if sample["operation"] not in allowed and sample["exchange"] not in lost]
    document = report["judge"]["document"] or "the contract"
    for sample in told[:SHOWN_MAX]:
        loc = ".".join(str(part) for part in sample["loc"])
        what = f"{sample['exchange']} ({sample['operation'] or 'no operation'})"
        yield f"request {what} broke {document}: {sample['rule']} at {loc}: {sample['message']}"
    if len(told) > SHOWN_MAX:
        yield f"and {len(told) - SHOWN_MAX} more requests that broke the contract"


def _unmatched(report: Mapping[str, Any], lost: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    # The message of the violation names the nearest operation as well, and the methods that the path takes.
    why = {sample["exchange"]: sample["message"] for sample in report["violations"]}
    for request in lost[:SHOWN_MAX]:
        nearest = f"the nearest is {request['nearest']}" if request["nearest"] else ""
        told = why.get(request["exchange"], nearest)
        yield f"request {request['method']} {request['path']} leads to no operation of the API" + (f": {told}" if told else "")


def _nearest(miss: Mapping[str, Any] | None) -> str:
    if miss is None:
        return ""
    if not miss["differences"]:
        return f"; {miss['id']} fits, and has not come to that place so far"
    differences = (f"{part['field']} was {part['seen']!r}, not {part['expected']!r}" for part in miss["differences"])
    return f"; the nearest miss was {miss['id']}: {', '.join(differences)}"

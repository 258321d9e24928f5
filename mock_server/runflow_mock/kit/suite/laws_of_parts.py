"""Laws of parts: what a run says of its steps, of its latest evaluation and of its address is what those say."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.laws_of_belonging import LEAVES_ALL
from runflow_mock.kit.suite.laws_of_lists import items_of
from runflow_mock.kit.suite.laws_of_records import SKEW, SUCCEEDED, amount, instant
from runflow_mock.kit.suite.memories import Memory, Record

STEPS, EVALUATIONS = "/v1/runs/{run_id}/node-runs", "/v1/runs/{run_id}/evaluations"
UNDER_WAY = frozenset(("queued", "pending", "dispatching", "running"))
# What a run tells of its latest evaluation, as that calls it.
SUMMARY: Mapping[str, str] = {"status_code": "status_code", "passed": "overall_passed"}


def steps_make_their_run(answer: Answer, memory: Memory) -> Iterator[str]:
    """The steps of a run happen within it; those of one that succeeded have ended, are as many as it counts, and come to its cost."""
    steps = _listed(answer, memory, STEPS)
    run = {} if steps is None else _now(answer, memory)
    for step in steps or () if run else ():
        yield from _lies_within(step, run)
    if not steps or run.get("status_code") != SUCCEEDED:
        return
    states = [step.get("state_code") for step in steps]
    if UNDER_WAY & set(states):
        yield f"run {run['id']} has succeeded, and its steps are {states}"
    done = run.get("nodes_completed")
    # How the state of a step is spelled is the server's own.
    if done is not None and run.get("nodes_total") == len(steps) and set(states) == {SUCCEEDED} and done != len(steps):
        yield f"run {run['id']} has completed {done} nodes, and its steps are {states}"
    costs, cost = [amount(step.get("cost")) for step in steps], amount(run.get("cost"))
    # That they come to the cost of the run is only inferred.
    if None not in (*costs, cost) and not memory.is_strict and sum(filter(None, costs), Decimal(0)) != cost:
        yield f"run {run['id']} costs {cost}, and its steps {list(map(str, costs))}"


def _lies_within(step: Record, run: Mapping[str, Any]) -> Iterator[str]:
    begun, ended = instant(run.get("created_at")), instant(run.get("completed_at"))
    started, completed = instant(step.get("started_at")), instant(step.get("completed_at"))
    if (begun and started and started < begun - SKEW) or (ended and completed and completed > ended + SKEW):
        told = f"from {step.get('started_at')} to {step.get('completed_at')}"
        yield f"a step goes {told}, and its run from {run.get('created_at')} to {run.get('completed_at')}"


def tells_of_its_latest_evaluation(answer: Answer, memory: Memory) -> Iterator[str]:
    """The summary of a run is that of the evaluation that its list has first, as it is at the same moment."""
    listed = _listed(answer, memory, EVALUATIONS)
    if not listed or "sort_by" in answer.query:
        return
    summary, latest = _now(answer, memory).get("current_evaluation_summary"), listed[0]
    if not isinstance(summary, dict):
        return
    for name, told in SUMMARY.items():
        if name in summary and told in latest and summary[name] != latest[told]:
            yield f"current_evaluation_summary has {name} {summary[name]!r}, and the latest evaluation {told} {latest[told]!r}"


def leads_to_itself(answer: Answer, memory: Memory) -> Iterator[str]:
    """The address that a record calls its own ends in its id."""
    for part in memory.parts:
        links, key = part.value.get("links"), part.value.get("id")
        address = links.get("self") if isinstance(links, dict) else None
        if isinstance(address, str) and isinstance(key, str) and address.partition("?")[0].rpartition("/")[2] != key:
            yield f"{part.described.name} {key} calls {address} its own"


def _listed(answer: Answer, memory: Memory, template: str) -> list[Record] | None:
    """Returns all that stands in one list of a run, or nothing where that is another list or not all of it."""
    is_there = memory.operation is not None and memory.operation.path == template and not answer.query.keys() - LEAVES_ALL
    items = items_of(answer) if is_there and "fields" not in answer.query else None
    return None if items is None or answer.json.get("next") is not None else items


def _now(answer: Answer, memory: Memory) -> Mapping[str, Any]:
    """Returns what is known of the run in the path at the moment of an answer."""
    known = memory.records.get(memory.params["run_id"])
    told = {} if known is None or answer.moment is None else known.fields
    return {name: each.value for name, each in told.items() if each.moment == answer.moment}


LAWS = {
    "steps": steps_make_their_run,
    "latest_evaluation": tells_of_its_latest_evaluation,
    "own_address": leads_to_itself,
}

"""Laws of parts: what a run says of its steps, of its latest evaluation and of its address is what those say."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from runflow_mock.domain.documents import object_of
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.instants import GRAIN, SKEW, grain_of, instant
from runflow_mock.kit.suite.laws_of_belonging import LEAVES_ALL
from runflow_mock.kit.suite.laws_of_lists import items_of
from runflow_mock.kit.suite.laws_of_records import SUCCEEDED, amount
from runflow_mock.kit.suite.machine_tables import machine_of
from runflow_mock.kit.suite.memories import Memory, Record

CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# What a record was made with or is about.
TARGETS = ("model", "flow", "comfyui_workflow")
# What stands below records that lead to it by name.
BELOW = frozenset(("logs", "node_runs", "callback", "evaluations", "items", "feedback"))
# Words of an address, of which an id may be one.
WORD = re.compile(r"[^\w-]+")
STEPS, EVALUATIONS = "/v1/runs/{run_id}/node-runs", "/v1/runs/{run_id}/evaluations"
SUMMARY, VERDICT = "current_evaluation_summary", "overall_passed"


def steps_make_their_run(answer: Answer, memory: Memory) -> Iterator[str]:
    """The steps of a run happen within it; those of one that succeeded have ended, are done as it counts them, and come to its cost."""
    # All of it is only inferred.
    steps = None if memory.is_strict else _listed(answer, memory, STEPS)
    run = {} if steps is None else _now(answer, memory)
    for step in steps or () if run else ():
        yield from _lies_within(step, run)
    if not steps or run.get("status_code") != SUCCEEDED:
        return
    states, (ways, ends) = [str(step.get("state_code")) for step in steps], machine_of("run")
    if (ways.keys() - ends).intersection(states):
        yield f"run {memory.params['run_id']} has succeeded, and its steps are {states}"
    done = run.get("nodes_completed")
    # How the state of a step is spelled is the server's own.
    if done is not None and run.get("nodes_total") == len(steps) and set(states) == {SUCCEEDED} and done != len(steps):
        yield f"run {memory.params['run_id']} has completed {done} nodes, and its steps are {states}"
    costs, cost = [amount(step.get("cost")) for step in steps], amount(run.get("cost"))
    if None not in (*costs, cost) and sum(filter(None, costs), Decimal(0)) != cost:
        yield f"run {memory.params['run_id']} costs {cost}, and its steps {list(map(str, costs))}"


def _lies_within(step: Record, run: Mapping[str, Any]) -> Iterator[str]:
    begun, ended = instant(run.get("created_at")), instant(run.get("completed_at"))
    started, completed = instant(step.get("started_at")), instant(step.get("completed_at"))
    made, lasted = instant(step.get("created_at")), amount(step.get("duration_ms"))
    grain = grain_of(step.get("created_at"), step.get("completed_at"))
    if made and completed and lasted is not None and float(lasted) > (completed - made + grain) / GRAIN:
        yield f"a step took {lasted} ms, from {step['created_at']} to {step['completed_at']}"
    if begun and made and made < begun - SKEW:
        yield f"a step was made at {step['created_at']}, and its run at {run['created_at']}"
    if (begun and started and started < begun - SKEW) or (ended and completed and completed > ended + SKEW):
        told = f"from {step.get('started_at')} to {step.get('completed_at')}"
        yield f"a step goes {told}, and its run from {run.get('created_at')} to {run.get('completed_at')}"


def tells_of_its_latest_evaluation(answer: Answer, memory: Memory) -> Iterator[str]:
    """The summary of a run has the verdict of its newest evaluation, or of the newest that has one, as that is at the same moment."""
    listed = _listed(answer, memory, EVALUATIONS)
    if not listed or "sort_by" in answer.query:
        return
    summary, verdicts = _now(answer, memory).get(SUMMARY), [each[VERDICT] for each in listed if VERDICT in each]
    if not isinstance(summary, dict) or "passed" not in summary or len(verdicts) != len(listed):
        return
    # How its status is spelled there is the server's own, and whether it shows one that has not ended.
    newest = next((verdict for verdict in verdicts if verdict is not None), None)
    if summary["passed"] not in (verdicts[0], newest):
        yield f"{SUMMARY} has passed {summary['passed']!r}, and the evaluations, the newest first, {VERDICT} {verdicts[:6]}"


def leads_to_itself(answer: Answer, memory: Memory) -> Iterator[str]:
    """The address that a record calls its own is not that of another one."""
    # That it has the id in it is only inferred, and where it stands there is the server's own.
    for part in memory.parts if not memory.is_strict else ():
        links, key = part.value.get("links"), part.value.get("id")
        address = links.get("self") if isinstance(links, dict) else None
        if not isinstance(address, str) or not isinstance(key, str) or key in address:
            continue
        kinds = {word: memory.records[word].fields["id"].kind for word in WORD.split(address) if word in memory.records}
        if part.described.name in kinds.values():
            yield f"{part.described.name} {key} calls {address} its own, which is that of another one"


def parts_name_their_record(answer: Answer, memory: Memory) -> Iterator[str]:
    """What stands inside a record, and names a record of that kind, names that one."""
    above = {part.way: part for part in memory.parts}
    for part in memory.parts:
        # In a list a part lies two steps below its record, else one.
        parent = above.get(part.way[:-2] if part.way and isinstance(part.way[-1], int) else part.way[:-1]) if part.way else None
        if parent is None or not isinstance(parent.value.get("id"), str):
            continue
        name = f"{CAPITAL.sub('_', parent.described.name).lower()}_id"
        told = part.value.get(name)
        if isinstance(told, str) and told != parent.value["id"]:
            yield f"{part.described.name} in {parent.described.name} {parent.value['id']} has {name} {told!r}"


def leads_to_its_parts(answer: Answer, memory: Memory) -> Iterator[str]:
    """An address under the name of what stands below a record is not that below another one of its kind."""
    for part in memory.parts if not memory.is_strict else ():
        links, key = object_of(part.value.get("links")), part.value.get("id")
        for name in sorted(BELOW & links.keys()):
            words = WORD.split(str(links[name]))
            others = {word for word in words if word in memory.records and memory.records[word].fields["id"].kind == part.described.name}
            if others and key not in words and words[-1].replace("-", "_") == name:
                yield f"{part.described.name} {key} has its {name} at {links[name]}, which is below another one"


def has_one_target(answer: Answer, memory: Memory) -> Iterator[str]:
    """What a record calls its target is the one kind of which it has an id."""
    for part in memory.parts:
        record, name = part.value, part.described.name
        types = {record[each] for each in ("target_type", "target_type_code") if isinstance(record.get(each), str)}
        if len(types) > 1:
            yield f"{name} {record.get('id')} has the target {' and '.join(sorted(types))}"
        kinds = [kind for kind in TARGETS if f"{kind}_id" in record]
        if name not in ("Run", "Evaluation") or len(kinds) < len(TARGETS):
            continue
        there = [kind for kind in kinds if record[f"{kind}_id"] is not None]
        told = record.get("target_type", record.get("target_type_code"))
        if len(there) > 1 or (told in TARGETS and there and [told] != there):
            yield f"{name} {record.get('id')} has the target {told!r}, and ids of {', '.join(there)}"


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
    "own_parts": parts_name_their_record,
    "addresses_of_parts": leads_to_its_parts,
    "one_target": has_one_target,
}

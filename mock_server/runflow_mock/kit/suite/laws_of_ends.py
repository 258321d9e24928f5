"""Laws of ends: what waits has not begun, what goes on has not ended, and a verdict comes with the end of what was judged."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from runflow_mock.domain.documents import list_of, object_of
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.instants import GRAIN, SKEW, grain_of, instant, is_before
from runflow_mock.kit.suite.laws_of_moments import makes_anew
from runflow_mock.kit.suite.laws_of_records import SUCCEEDED, amount
from runflow_mock.kit.suite.memories import Memory, Record, is_replay

GOING_ON = frozenset(("queued", "dispatching", "running", "pending", "delivering"))
# What a run was made with, and so what is judged.
TARGETS = ("model_id", "flow_id", "comfyui_workflow_id")
FAILED, COMPLETED = "failed", "completed"
REASONS = ("failure_code", "failure_message", "failure_stage_code", "error")


def has_begun_before_it_ended(answer: Answer, memory: Memory) -> Iterator[str]:
    """A run or batch that waits has not begun, and what has begun stays so; what goes on has no end, and a run no reason."""
    for part in memory.parts:
        record, name = part.value, part.described.name
        # What is no text is told by the schema.
        state = str(record.get("status_code"))
        # Who has lost a worker may put a run back into the queue; a strict server does not, and nobody what was only just made.
        waits = state == "queued" and (memory.is_strict or makes_anew(answer))
        if name in ("Run", "Batch", "BatchItem") and waits and record.get("started_at") is not None:
            yield f"a {name} that waits has begun at {record['started_at']}"
        if name in ("Run", "Batch", "BatchItem") and "started_at" in record and not is_replay(answer):
            yield from _stays_begun(record, name, memory)
        if name in ("Run", "Batch", "BatchItem", "Evaluation") and state in GOING_ON:
            names = ("completed_at",) if name == "Batch" else ("completed_at", "failure_code", "failure_message")
            told = {each: record[each] for each in names if record.get(each) is not None}
            if told:
                yield f"a {name} that is {state} has {told}"


def succeeds_without_a_reason(answer: Answer, memory: Memory) -> Iterator[str]:
    """What succeeded gives no reason of a failure: no code, message, stage or error."""
    for part in memory.parts:
        record, name = part.value, part.described.name
        if name in ("Run", "Batch", "BatchItem") and record.get("status_code") == SUCCEEDED:
            told = {each: record[each] for each in REASONS if record.get(each) is not None}
            if told:
                yield f"a {name} that succeeded has {told}"


def _stays_begun(record: Record, name: str, memory: Memory) -> Iterator[str]:
    """When something began may never be told, and once it was told it is known; what waits again has not begun."""
    key, began = str(record.get("id")), record["started_at"]
    if began is None and record.get("status_code") == "queued" and not memory.is_strict:
        memory.begun.pop(key, None)
    elif began is None and key in memory.begun:
        yield f"the {name} {key} began at {memory.begun[key]}, and is now told not to have begun"
    if isinstance(began, str):
        memory.begun[key] = began


def judges_at_the_end(answer: Answer, memory: Memory) -> Iterator[str]:
    """Only an evaluation that has completed has a verdict, only one that failed a reason; it adds up, and lies after its run."""
    for part in memory.parts:
        record = part.value
        if part.described.name == "Judge" and memory.params.get("id") and len(part.way) == 2:
            yield from _is_of(record, memory.params["id"])
        if part.described.name != "Evaluation":
            continue
        state, verdict, reason = record.get("status_code"), record.get("overall_passed"), record.get("failure_code")
        if verdict is not None and state != COMPLETED:
            yield f"an evaluation that is {state} has overall_passed {verdict!r}"
        if reason is not None and state != FAILED:
            yield f"an evaluation that is {state} has failure_code {reason!r}"
        yield from _adds_up(record)
        if isinstance(record.get("id"), str) and record.get("parent_evaluation_id") == record["id"]:
            yield f"the evaluation {record['id']} is its own parent"
        run = memory.known(record.get("run_id"))
        made, judged = instant(run.get("created_at")), instant(record.get("created_at"))
        if made and judged and judged < made - SKEW:
            yield f"an evaluation was made at {record['created_at']}, and its run at {run['created_at']}"
        for name in TARGETS:
            if None not in (run.get(name), record.get(name)) and run[name] != record[name]:
                yield f"an evaluation has {name} {record[name]!r}, and its run {run[name]!r}"


def _adds_up(record: Record) -> Iterator[str]:
    checks = object_of(record.get("check_summary"))
    total, passed, failed = (checks.get(name) for name in ("total", "passed", "failed"))
    if isinstance(total, int) and isinstance(passed, int) and isinstance(failed, int) and passed + failed > total:
        yield f"{passed} checks have passed and {failed} failed, of {total}"
    rate = amount(record.get("weighted_pass_rate"))
    # In between it depends on the weights.
    if rate is not None and total and passed in (0, total) and rate != (passed == total):
        yield f"{passed} of {total} checks have passed, and weighted_pass_rate is {rate}"
    judges = [judge.get("passed") for judge in list_of(record.get("judges")) if isinstance(judge, dict)]
    if isinstance(passed, int) and judges and total == len(judges) and judges.count(True) != passed:
        yield f"{passed} of {total} checks have passed, and of the judges {judges.count(True)}"
    submitted, ended, lasted = (
        instant(record.get("submitted_at")),
        instant(record.get("completed_at")),
        amount(record.get("eval_duration_ms")),
    )
    grain = grain_of(record.get("submitted_at"), record.get("completed_at"))
    if is_before(record.get("completed_at"), record.get("submitted_at")):
        yield f"an evaluation was submitted at {record['submitted_at']}, and ended at {record['completed_at']}"
    # It may be counted from when the judging began, of which nothing is told.
    elif submitted and ended and lasted is not None and float(lasted) > (ended - submitted + grain) / GRAIN:
        yield f"eval_duration_ms is {lasted} from {record['submitted_at']} to {record['completed_at']}"


def _is_of(judge: Record, evaluation_id: Any) -> Iterator[str]:
    if judge.get("evaluation_id", evaluation_id) != evaluation_id:
        yield f"a judge of the evaluation {evaluation_id} has evaluation_id {judge['evaluation_id']!r}"


def deliveries_go_on_or_end(answer: Answer, memory: Memory) -> Iterator[str]:
    """A delivery that goes on has no end; its attempts lie between its creation and its end, and further and further apart."""
    for part in memory.parts:
        record, name = part.value, part.described.name
        if not name.endswith("Delivery"):
            continue
        attempts = [each for each in list_of(record.get("attempts")) if isinstance(each, dict)]
        yield from _is_made_before_its_attempts(record, attempts)
        if name == "WebhookDelivery":
            continue
        state = record.get("status_code")
        # How an end is called is not published.
        if isinstance(state, str) and state in GOING_ON and record.get("completed_at") is not None:
            yield f"a delivery that is {state!r} has ended at {record['completed_at']}"
        made = [moment for each in attempts if (moment := instant(each.get("created_at"))) is not None]
        waits = [later - earlier for earlier, later in pairwise(sorted(made))]
        if len(waits) > 1 and waits[-1] <= waits[0]:
            yield f"between attempts lie {', '.join(map(str, waits))}, and each wait should be longer than before"
        for field in ("updated_at", "completed_at"):
            told = instant(record.get(field))
            if told and made and max(made) > told + SKEW:
                yield f"an attempt was made at {max(made).isoformat()}, and {field} of its delivery is {record[field]}"


def _is_made_before_its_attempts(delivery: Record, attempts: Iterable[Record]) -> Iterator[str]:
    made = instant(delivery.get("created_at"))
    first = min(filter(None, (instant(each.get("created_at")) for each in attempts)), default=None)
    if made and first and first < made - SKEW:
        yield f"an attempt was made at {first.isoformat()}, and its delivery at {delivery['created_at']}"


LAWS = {
    "begun_before_it_ended": has_begun_before_it_ended,
    "no_reason_without_failure": succeeds_without_a_reason,
    "judged_at_the_end": judges_at_the_end,
    "deliveries_go_on_or_end": deliveries_go_on_or_end,
}

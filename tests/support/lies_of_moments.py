"""Lies about moments and ends: what ended before it could, began never, goes on after its end, or is judged before there is a verdict."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from lies import Lie, lie
from mutants import Body, Bug, Mutant, is_granted, records, when
from signed_callbacks import told_by_callbacks, written

from runflow_mock.kit.suite.carriers import Answer

Change = Callable[[Body], None]


def told_everywhere(change: Change) -> Bug:
    """A lie in answers, in what was sent as it is kept, and in callbacks alike."""

    def kept(record: Body) -> None:
        if isinstance(record.get("payload_bytes"), str):
            sent = json.loads(record["payload_bytes"])
            before = json.dumps(sent)
            change(sent)
            if json.dumps(sent) != before:
                record["payload_bytes"] = written(sent).decode()

    told, heard = when(is_granted, lambda body: records(kept)(records(change)(body))), told_by_callbacks(change)

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        return told.spoil(mutant, heard.spoil(mutant, answer))

    return Bug(spoil)


def _of(name: str, change: Change) -> Bug:
    """A change of every record that has a field."""
    return when(is_granted, records(lambda record: change(record) if name in record else None))


def moved(text: str, **way: float) -> str:
    moment = datetime.fromisoformat(text) + timedelta(**way)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _is_told(record: Body, noun: str) -> bool:
    """Tells whether a record is one of a noun, or an item of one, or a callback about it."""
    marks = {"run": ("nodes_total", "run"), "batch": ("items_total",)}[noun]
    return any(name in record for name in marks) or ("event" in record and f"{noun}_id" in record)


def _ends_as_it_is_made(noun: str) -> Change:
    def change(record: Body) -> None:
        if _is_told(record, noun) and record.get("completed_at"):
            record["completed_at"] = record["created_at"]
            if record.get("started_at"):
                record["started_at"] = record["created_at"]
            if "duration_ms" in record:
                record["duration_ms"] = 0

    return change


def _begins_as_it_is_made(record: Body) -> None:
    if _is_told(record, "run") and record.get("started_at"):
        record["started_at"] = record["created_at"]


def _when_in(states: tuple[str, ...], mark: str, **values: Body) -> Bug:
    """What records in some states are told to have."""

    def change(record: Body) -> None:
        if record.get("status_code") in states:
            record |= {name: record["created_at"] if value == "created_at" else value for name, value in values.items() if name in record}

    return _of(mark, change)


def _more_checks(record: Body) -> None:
    if isinstance(record["check_summary"], dict) and "passed" in record["check_summary"]:
        record["check_summary"] = {**record["check_summary"], "passed": record["check_summary"]["passed"] + 1}


def _fewer_checks(record: Body) -> None:
    if isinstance(record["check_summary"], dict) and record["check_summary"].get("passed"):
        record["check_summary"] = {**record["check_summary"], "passed": record["check_summary"]["passed"] - 1}


def _lasts_longer(record: Body) -> None:
    if record.get("eval_duration_ms") is not None:
        record["eval_duration_ms"] += 500
    if "evaluation_id" in record and "event" in record:
        record["duration_ms"] += 500


def _submitted_late(record: Body) -> None:
    if record.get("completed_at"):
        record["submitted_at"] = moved(record["completed_at"], seconds=1)


def _used_later(record: Body) -> None:
    if record.get("last_used_at"):
        record["last_used_at"] = moved(record["last_used_at"], hours=1)


HAPPENS, BEGUN, JUDGED, GOES_ON = "happens_when_it_says", "begun_before_it_ended", "judged_at_the_end", "deliveries_go_on_or_end"
WAITING, GOING, OVER = ("queued",), ("dispatching", "running"), ("succeeded", "partial_succeeded")
CASES: Mapping[str, Lie] = {
    "a run ended when it was made": lie(told_everywhere(_ends_as_it_is_made("run")), HAPPENS),
    "a batch ended when it was made": lie(told_everywhere(_ends_as_it_is_made("batch")), HAPPENS, "items_of_batches"),
    "a run began when it was made": lie(told_everywhere(_begins_as_it_is_made), HAPPENS),
    "a secret is used an hour from now": lie(_of("key_prefix", _used_later), HAPPENS),
    "a run that has ended is told never to have begun": lie(_when_in(OVER, "nodes_total", started_at=None), BEGUN),
    "a batch that has ended is told never to have begun": lie(_when_in(OVER, "items_total", started_at=None), BEGUN),
    "a run that waits has begun": lie(_when_in(WAITING, "nodes_total", started_at="created_at"), BEGUN, HAPPENS),
    "a run that goes on has ended": lie(_when_in(GOING, "nodes_total", completed_at="created_at"), BEGUN),
    "a run that goes on has failed": lie(_when_in(GOING, "nodes_total", failure_code="TIMEOUT", failure_message="Late."), BEGUN),
    "an evaluation has a verdict before its end": lie(_when_in(("pending", "running"), "overall_passed", overall_passed=True), JUDGED),
    "an evaluation that has ended says why it failed": lie(_when_in(("completed",), "overall_passed", failure_code="TIMEOUT"), JUDGED),
    "more checks have passed than there were": lie(_of("check_summary", _more_checks), JUDGED),
    "fewer checks have passed than judges say": lie(_of("check_summary", _fewer_checks), JUDGED),
    "an evaluation took longer": lie(told_everywhere(_lasts_longer), JUDGED),
    "an evaluation was submitted after its end": lie(_of("submitted_at", _submitted_late), JUDGED),
    "an evaluation is of another workflow than its run": lie(
        _of("overall_passed", lambda record: record.update(comfyui_workflow_id=record["id"]) if record.get("run_id") else None), JUDGED
    ),
    "a delivery that goes on has ended": lie(_when_in(("pending",), "max_attempts", completed_at="created_at"), GOES_ON),
    "a delivery ended before its last attempt": lie(
        _of("max_attempts", lambda record: record.update(completed_at=record["completed_at"] and record["created_at"])), GOES_ON
    ),
    "a delivery is not changed by its attempts": lie(
        _of("max_attempts", lambda record: record.update(updated_at=record["created_at"])), GOES_ON
    ),
}

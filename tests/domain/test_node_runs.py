from datetime import datetime, timedelta
from typing import Any

import pytest
from records import a_run
from worlds import START, catalog

from runflow_mock.domain.documents import write_document
from runflow_mock.domain.node_runs import node_names, node_runs, nodes_completed
from runflow_mock.domain.runs import Failure, Run, RunStatus

DYVER = catalog().get("runflow/dyver-removal")
INPUT = write_document({"config": {"elements": ["background_removal", "tag_removal"]}})


def _at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def _run(status: RunStatus, **changes: Any) -> Run:
    """A run of two steps that starts after 1 s and works for 10 s, unless it ends before."""
    started = None if status in {RunStatus.QUEUED, RunStatus.DISPATCHING} else _at(1)
    due = None if status.value in {"succeeded", "failed", "cancelled"} else _at(11)
    settings: dict[str, Any] = {"model": DYVER.id, "input": INPUT, "started_at": started, "due_at": due}
    if due is None:
        settings["completed_at"] = _at(11)
    return a_run(status, **{**settings, **changes})


def _states(run: Run, seconds: float) -> list[str]:
    return [node.state.value for node in node_runs(DYVER, run, _at(seconds))]


def test_steps_are_the_stages_of_a_pipeline_in_its_order() -> None:
    assert node_names(DYVER, _run(RunStatus.QUEUED)) == ("tag_removal", "background_removal")


def test_other_model_is_one_step() -> None:
    assert node_names(catalog().get("google/nano-banana-pro/edit"), a_run(input=write_document({}))) == ("edit",)


@pytest.mark.parametrize(
    ("seconds", "states"),
    [(1, ["running", "queued"]), (5.999, ["running", "queued"]), (6, ["succeeded", "running"]), (10.999, ["succeeded", "running"])],
)
def test_steps_of_a_running_run_go_one_after_the_other(seconds: float, states: list[str]) -> None:
    assert _states(_run(RunStatus.RUNNING), seconds) == states


@pytest.mark.parametrize("status", [RunStatus.QUEUED, RunStatus.DISPATCHING])
def test_before_the_start_every_step_is_queued(status: RunStatus) -> None:
    assert _states(_run(status), 5) == ["queued", "queued"]
    assert nodes_completed(DYVER, _run(status), _at(5)) == 0


def test_after_success_every_step_has_succeeded() -> None:
    assert _states(_run(RunStatus.SUCCEEDED), 11) == ["succeeded", "succeeded"]
    assert nodes_completed(DYVER, _run(RunStatus.SUCCEEDED), _at(11)) == 2


def test_step_that_has_succeeded_stays_so_when_the_run_fails() -> None:
    failed = _run(RunStatus.FAILED, failure=Failure())
    assert _states(failed, 11) == ["succeeded", "failed"]
    assert nodes_completed(DYVER, failed, _at(11)) == 1


def test_last_step_of_a_failed_run_says_why() -> None:
    nodes = node_runs(DYVER, _run(RunStatus.FAILED, failure=Failure()), _at(11))
    assert [node.error for node in nodes] == [None, Failure().message]


def test_run_that_never_started_has_cancelled_steps() -> None:
    for status in (RunStatus.FAILED, RunStatus.CANCELLED):
        assert _states(_run(status, started_at=None, completed_at=_at(1)), 2) == ["cancelled", "cancelled"]


def test_steps_share_the_running_time_evenly() -> None:
    first, last = node_runs(DYVER, _run(RunStatus.SUCCEEDED), _at(11))
    assert (first.started_at, first.completed_at, first.duration_ms) == (_at(1), _at(6), 5_000)
    assert (last.started_at, last.completed_at, last.duration_ms) == (_at(6), _at(11), 5_000)


def test_step_that_is_not_done_shows_no_end() -> None:
    first, last = node_runs(DYVER, _run(RunStatus.RUNNING), _at(2))
    assert (first.started_at, first.completed_at, first.duration_ms) == (_at(1), None, None)
    assert (last.started_at, last.completed_at) == (None, None)


def test_instants_of_steps_are_whole_milliseconds() -> None:
    run = _run(RunStatus.SUCCEEDED, completed_at=_at(11) + timedelta(milliseconds=1))
    instants = {node.started_at for node in node_runs(DYVER, run, _at(12))}
    assert instants == {_at(1), _at(6)}


def test_ids_of_steps_are_their_own_and_do_not_change() -> None:
    before = node_runs(DYVER, _run(RunStatus.RUNNING), _at(2))
    after = node_runs(DYVER, _run(RunStatus.SUCCEEDED), _at(11))
    assert [(node.id, node.node_id) for node in before] == [(node.id, node.node_id) for node in after]
    assert len({node.id for node in before} | {node.node_id for node in before}) == 4

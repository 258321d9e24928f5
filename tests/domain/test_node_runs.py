from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import a_run
from worlds import START, catalog

from runflow_mock.domain.documents import Json, write_document
from runflow_mock.domain.money import Money, parse_money
from runflow_mock.domain.node_runs import count_nodes, node_runs
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
    run = _run(RunStatus.QUEUED)
    assert [node.name for node in node_runs(DYVER, run, _at(0))] == ["tag_removal", "background_removal"]
    assert count_nodes(DYVER, run, _at(0)) == (2, 0)


def test_other_model_is_one_step() -> None:
    model, run = catalog().get("google/nano-banana-pro/edit"), a_run(input=write_document({}))
    assert [node.name for node in node_runs(model, run, _at(0))] == ["edit"]
    assert count_nodes(model, run, _at(0)) == (1, 0)


@pytest.mark.parametrize(
    ("seconds", "states"),
    [
        (1, ["running", "queued"]),
        (9.694, ["running", "queued"]),
        (9.695, ["succeeded", "running"]),
        (10.999, ["succeeded", "running"]),
    ],
)
def test_steps_of_a_running_run_go_one_after_the_other(seconds: float, states: list[str]) -> None:
    assert _states(_run(RunStatus.RUNNING), seconds) == states


@pytest.mark.parametrize("status", [RunStatus.QUEUED, RunStatus.DISPATCHING])
def test_before_the_start_every_step_is_queued(status: RunStatus) -> None:
    assert _states(_run(status), 5) == ["queued", "queued"]
    assert count_nodes(DYVER, _run(status), _at(5)) == (2, 0)


def test_after_success_every_step_has_succeeded() -> None:
    assert _states(_run(RunStatus.SUCCEEDED), 11) == ["succeeded", "succeeded"]
    assert count_nodes(DYVER, _run(RunStatus.SUCCEEDED), _at(11)) == (2, 2)


def test_step_that_has_succeeded_stays_so_when_the_run_fails() -> None:
    failed = _run(RunStatus.FAILED, failure=Failure())
    assert _states(failed, 11) == ["succeeded", "failed"]
    assert count_nodes(DYVER, failed, _at(11)) == (2, 1)


def test_last_step_of_a_failed_run_says_why() -> None:
    nodes = node_runs(DYVER, _run(RunStatus.FAILED, failure=Failure()), _at(11))
    assert [node.error for node in nodes] == [None, Failure().message]


def test_run_that_never_started_has_cancelled_steps() -> None:
    for status in (RunStatus.FAILED, RunStatus.CANCELLED):
        assert _states(_run(status, started_at=None, completed_at=_at(1)), 2) == ["cancelled", "cancelled"]


@pytest.mark.parametrize(
    ("stopped", "states", "started"),
    [
        (1, ["cancelled", "cancelled"], [_at(1), None]),
        (5, ["cancelled", "cancelled"], [_at(1), None]),
        (10, ["succeeded", "cancelled"], [_at(1), _at(9.695)]),
    ],
)
def test_cancelled_run_keeps_the_steps_that_were_done_and_begins_none(
    stopped: float, states: list[str], started: list[datetime | None]
) -> None:
    run = _run(RunStatus.CANCELLED, completed_at=_at(stopped), expected_at=_at(11))
    nodes = node_runs(DYVER, run, _at(60))
    assert ([node.state.value for node in nodes], [node.started_at for node in nodes]) == (states, started)
    assert count_nodes(DYVER, run, _at(60)) == (2, states.count("succeeded"))
    assert [node.completed_at for node in nodes][-1] == _at(stopped)


@given(st.floats(1, 40), st.floats(1, 40), st.floats(1, 40))
def test_what_was_seen_of_the_steps_stays_true_when_the_run_is_cancelled(looked: float, stopped: float, later: float) -> None:
    looked, stopped = sorted((looked, stopped))
    due = _at(max(11, stopped + 1))
    before = node_runs(DYVER, _run(RunStatus.RUNNING, due_at=due, expected_at=_at(11)), _at(looked))
    run = _run(RunStatus.CANCELLED, completed_at=_at(stopped), expected_at=_at(11))
    for seen, ended in zip(before, node_runs(DYVER, run, _at(stopped + later)), strict=True):
        assert ended.started_at == seen.started_at or seen.started_at is None
        assert seen.state is not RunStatus.SUCCEEDED or (ended.state, ended.completed_at) == (seen.state, seen.completed_at)


def test_time_that_a_rule_adds_goes_to_the_last_step() -> None:
    delayed = _run(RunStatus.RUNNING, due_at=_at(3600), expected_at=_at(11))
    assert _states(delayed, 12) == ["succeeded", "running"]
    late = node_runs(DYVER, _run(RunStatus.SUCCEEDED, completed_at=_at(3600), expected_at=_at(11)), _at(3600))
    assert [(node.started_at, node.completed_at) for node in late] == [(_at(1), _at(9.695)), (_at(9.695), _at(3600))]


def test_run_that_waits_for_polls_goes_on_with_its_last_step() -> None:
    assert _states(_run(RunStatus.RUNNING, due_at=None, polls_awaited=3, expected_at=_at(11)), 500) == ["succeeded", "running"]


def test_steps_share_the_running_time_as_their_stages_do() -> None:
    first, last = node_runs(DYVER, _run(RunStatus.SUCCEEDED), _at(11))
    # Taking the tag off lasts 13 to 19 seconds, taking the background off 1.8 to 3.
    assert (first.started_at, first.completed_at, first.duration_ms) == (_at(1), _at(9.695), 8_695)
    assert (last.started_at, last.completed_at, last.duration_ms) == (_at(9.695), _at(11), 1_305)


def test_steps_cost_what_their_elements_do_and_together_what_the_run_did() -> None:
    nodes = node_runs(DYVER, _run(RunStatus.SUCCEEDED, cost=parse_money("0.410000")), _at(11))
    assert [node.cost for node in nodes] == [parse_money("0.14"), parse_money("0.27")]


@pytest.mark.parametrize("status", [RunStatus.SUCCEEDED, RunStatus.PARTIAL_SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED])
@given(cost=st.integers(0, 10**9), began=st.booleans())
def test_costs_of_steps_add_up_to_the_cost_of_the_run(status: RunStatus, cost: int, began: bool) -> None:
    changes: dict[str, Any] = {"cost": Money(cost), "failure": Failure() if status is RunStatus.FAILED else None}
    run = _run(status, **changes, **({} if began or status is not RunStatus.CANCELLED else {"started_at": None}))
    nodes = node_runs(DYVER, run, _at(12))
    assert sum(node.cost or 0 for node in nodes) == cost
    assert all(node.cost is not None and node.cost >= 0 for node in nodes)


def test_cost_and_output_of_a_step_are_known_when_the_run_has_ended() -> None:
    nodes = node_runs(DYVER, _run(RunStatus.RUNNING), _at(10.5))
    assert [(node.cost, node.output) for node in nodes] == [(None, None)] * 2


def test_stage_that_the_output_shows_has_its_picture() -> None:
    urls = [f"http://m/media/test/r/{name}_00001_.webp?expires=1" for name in ("tag_remover", "bg_remover", "result")]
    run = _run(RunStatus.SUCCEEDED, output=write_document({"image_urls": list[Json](urls)}))
    shown = [write_document({"image_urls": list[Json]([url])}) for url in urls[:2]]
    assert [node.output for node in node_runs(DYVER, run, _at(11))] == shown
    plain = _run(RunStatus.SUCCEEDED, output=write_document({"answer": 42}))
    assert [node.output for node in node_runs(DYVER, plain, _at(11))] == [None, None]


def test_step_that_is_not_done_shows_no_end() -> None:
    first, last = node_runs(DYVER, _run(RunStatus.RUNNING), _at(2))
    assert (first.started_at, first.completed_at, first.duration_ms) == (_at(1), None, None)
    assert (last.started_at, last.completed_at) == (None, None)


def test_instants_of_steps_are_whole_milliseconds() -> None:
    run = _run(RunStatus.SUCCEEDED, completed_at=_at(11) + timedelta(milliseconds=1))
    instants = {node.started_at for node in node_runs(DYVER, run, _at(12))}
    assert instants == {_at(1), _at(9.696)}


def test_ids_of_steps_are_their_own_and_do_not_change() -> None:
    before = node_runs(DYVER, _run(RunStatus.RUNNING), _at(2))
    after = node_runs(DYVER, _run(RunStatus.SUCCEEDED), _at(11))
    assert [(node.id, node.node_id) for node in before] == [(node.id, node.node_id) for node in after]
    assert len({node.id for node in before} | {node.node_id for node in before}) == 4

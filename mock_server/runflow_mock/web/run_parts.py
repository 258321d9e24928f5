"""What is inside a run: its logs and its node runs, each as a list and one by one; `any` as parent searches all runs."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from runflow_mock.domain.errors import NotFound
from runflow_mock.domain.logs import LogLine, log_lines
from runflow_mock.domain.node_runs import NodeRun, node_runs
from runflow_mock.domain.pages import RECORDS_AT_ONCE
from runflow_mock.domain.runs import Run
from runflow_mock.engine.targets import model_of_run
from runflow_mock.web.calls import Answer, Call, Handler, answer
from runflow_mock.web.lists import ANY, answer_list
from runflow_mock.web.pieces import Steps, answer_in_steps
from runflow_mock.web.routing import Operation
from runflow_mock.web.runs import run_body
from runflow_mock.wire.run_parts import LOG_FIELDS, NODE_RUN_FIELDS, represent_log_line, represent_node_run

PartT = TypeVar("PartT", LogLine, NodeRun)


def list_run_logs(call: Call) -> Answer:
    """GET /v1/runs/{run_id}/logs"""
    return answer_list(call, _parts(call, _logs_of), LOG_FIELDS, lambda line: _log_body(call, line), order="timestamp")


def get_run_log(call: Call) -> Answer:
    """GET /v1/runs/{run_id}/logs/{id}"""
    return answer_in_steps(_one(call, "log", _logs_of, lambda line: _log_body(call, line)))


def list_node_runs(call: Call) -> Answer:
    """GET /v1/runs/{run_id}/node-runs"""
    return answer_list(
        call, _parts(call, _nodes_of), NODE_RUN_FIELDS, lambda node: represent_node_run(node, call.caller.dialect), order="created_at"
    )


def get_node_run(call: Call) -> Answer:
    """GET /v1/runs/{run_id}/node-runs/{id}"""
    return answer_in_steps(_one(call, "node run", _nodes_of, lambda node: represent_node_run(node, call.caller.dialect)))


def _logs_of(call: Call, run: Run) -> Sequence[LogLine]:
    return log_lines(model_of_run(call.catalog, call.store, run), run, call.caller.world.now)


def _nodes_of(call: Call, run: Run) -> Sequence[NodeRun]:
    return node_runs(model_of_run(call.catalog, call.store, run), run, call.caller.world.now)


def _parts(call: Call, parts_of: Callable[[Call, Run], Sequence[PartT]]) -> Iterable[PartT]:
    if call.params["run_id"] == ANY:
        runs = tuple(call.store.runs.values())
        return (part for run in runs for part in parts_of(call, run))
    run = call.store.run(call.uuid("run_id"))
    if not run.is_terminal:
        call.wait_for(run.id)
    return parts_of(call, run)


def _one(call: Call, noun: str, parts_of: Callable[[Call, Run], Sequence[PartT]], represent: Callable[[PartT], dict[str, object]]) -> Steps:
    parts, wanted = _parts(call, parts_of), call.uuid("id")
    for number, part in enumerate(parts, 1):
        if part.id == wanted:
            return answer(represent(part))
        if number % RECORDS_AT_ONCE == 0:
            yield
    raise NotFound(noun, wanted)


def _log_body(call: Call, line: LogLine) -> dict[str, object]:
    return represent_log_line(line, run_body(call, call.store.run(line.run_id)))


OPERATIONS: tuple[Operation[Handler], ...] = (
    Operation("GET", "/v1/runs/{run_id}/logs", list_run_logs, scope="runs:read"),
    Operation("GET", "/v1/runs/{run_id}/logs/{id}", get_run_log, scope="runs:read"),
    Operation("GET", "/v1/runs/{run_id}/node-runs", list_node_runs, scope="runs:read"),
    Operation("GET", "/v1/runs/{run_id}/node-runs/{id}", get_node_run, scope="runs:read"),
)

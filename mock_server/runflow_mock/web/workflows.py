"""ComfyUI workflows: deploy, list, read, change, delete, their inputs, and their runs."""

from typing import cast

from runflow_mock.domain.commands import DeleteWorkflow
from runflow_mock.domain.identity import WorkflowId
from runflow_mock.domain.workflows import Workflow, WorkflowCreated, WorkflowInputAdded
from runflow_mock.engine.targets import Target, find_workflow, find_workflow_at, workflow_model
from runflow_mock.engine.views import InOrder
from runflow_mock.web.authentication import admit_to_beta
from runflow_mock.web.calls import Answer, Call, Handler, answer, no_content
from runflow_mock.web.lists import ANY, answer_list
from runflow_mock.web.routing import Operation
from runflow_mock.web.runs import run_body, start_run
from runflow_mock.wire.runs import RUN_FIELDS
from runflow_mock.wire.workflows import (
    WORKFLOW_FIELDS,
    WORKFLOW_INPUT_FIELDS,
    decode_add_input,
    decode_create_workflow,
    decode_update_workflow,
    represent_workflow,
    represent_workflow_input,
)


def list_comfyui_workflows(call: Call) -> Answer:
    """GET /v1/comfyui-workflows: those of the organization; what others publish is found by its path only."""
    return answer_list(call, _own(call), WORKFLOW_FIELDS, represent_workflow)


def create_comfyui_workflow(call: Call) -> Answer:
    """POST /v1/comfyui-workflows"""
    admit_to_beta(call.caller.settings)
    created = cast(WorkflowCreated, call.execute(decode_create_workflow(call.read_body())).events[0])
    return answer(represent_workflow(created.workflow), 201)


def get_comfyui_workflow(call: Call) -> Answer:
    """GET /v1/comfyui-workflows/{id}"""
    return answer(represent_workflow(find_workflow(call.catalog, call.store, call.uuid("id"))))


def get_comfyui_workflow_by_slug(call: Call) -> Answer:
    """GET /v1/comfyui-workflows/{owner}/{slug}"""
    return answer(represent_workflow(_at_path(call)))


def update_comfyui_workflow(call: Call) -> Answer:
    """PATCH /v1/comfyui-workflows/{id}"""
    workflow = find_workflow(call.catalog, call.store, call.uuid("id"))
    call.execute(decode_update_workflow(call.read_body(), workflow.id))
    return answer(represent_workflow(call.store.workflow(workflow.id)))


def delete_comfyui_workflow(call: Call) -> Answer:
    """DELETE /v1/comfyui-workflows/{id}"""
    call.execute(DeleteWorkflow(WorkflowId(call.uuid("id"))))
    return no_content()


def list_comfyui_workflow_inputs(call: Call) -> Answer:
    """GET /v1/comfyui-workflows/{comfyui_workflow_id}/inputs; `any` as parent searches all workflows of the organization."""
    if call.params["comfyui_workflow_id"] == ANY:
        found = [port for workflow in _own(call) for port in workflow.inputs]
    else:
        found = list(find_workflow(call.catalog, call.store, call.uuid("comfyui_workflow_id")).inputs)
    found.sort(key=lambda port: port.id)
    return answer_list(call, found, WORKFLOW_INPUT_FIELDS, represent_workflow_input, order="comfyui_workflow_id,sort_order")


def create_comfyui_workflow_input(call: Call) -> Answer:
    """POST /v1/comfyui-workflows/{comfyui_workflow_id}/inputs"""
    workflow = find_workflow(call.catalog, call.store, call.uuid("comfyui_workflow_id"))
    added = cast(WorkflowInputAdded, call.execute(decode_add_input(call.read_body(), workflow.id)).events[0]).added
    return answer(represent_workflow_input(added), 201)


def create_comfyui_run(call: Call) -> Answer:
    """POST /v1/comfyui-workflows/{owner}/{slug}/runs"""
    admit_to_beta(call.caller.settings)
    workflow = _at_path(call)
    return start_run(call, Target(workflow_model(call.catalog, call.store, workflow.id), workflow.id))


def list_comfyui_runs(call: Call) -> Answer:
    """GET /v1/comfyui-workflows/{owner}/{slug}/runs"""
    runs = InOrder(call.store.runs_of_workflow.get(_at_path(call).id, ()), call.store.runs)
    return answer_list(call, runs, RUN_FIELDS, lambda run: run_body(call, run), waits=lambda run: not run.is_terminal)


def _own(call: Call) -> list[Workflow]:
    return [workflow for workflow in call.store.workflows.values() if workflow.deleted_at is None]


def _at_path(call: Call) -> Workflow:
    return find_workflow_at(call.catalog, call.store, f"{call.params['owner']}/{call.params['slug']}")


_ALL, _ONE, _PATH = "/v1/comfyui-workflows", "/v1/comfyui-workflows/{id}", "/v1/comfyui-workflows/{owner}/{slug}"
_INPUTS, _RUNS = "/v1/comfyui-workflows/{comfyui_workflow_id}/inputs", f"{_PATH}/runs"
_READ, _EDIT = "comfyui-workflows:read", "comfyui-workflows:edit"

OPERATIONS: tuple[Operation[Handler], ...] = (
    Operation("GET", _ALL, list_comfyui_workflows, scope=_READ),
    Operation("POST", _ALL, create_comfyui_workflow, scope="comfyui-workflows:create"),
    Operation("GET", _ONE, get_comfyui_workflow, scope=_READ),
    Operation("PATCH", _ONE, update_comfyui_workflow, scope=_EDIT),
    Operation("DELETE", _ONE, delete_comfyui_workflow, scope="comfyui-workflows:delete"),
    Operation("GET", _PATH, get_comfyui_workflow_by_slug, scope=_READ),
    Operation("POST", _RUNS, create_comfyui_run, scope="runs:create"),
    Operation("GET", _RUNS, list_comfyui_runs, scope=_READ),
    Operation("GET", _INPUTS, list_comfyui_workflow_inputs, scope=_READ),
    Operation("POST", _INPUTS, create_comfyui_workflow_input, scope=_EDIT),
)

"""What happens to ComfyUI workflows: creation, changes, further inputs, deletion."""

from collections.abc import Iterable, Sequence

from msgspec import UNSET

from runflow_mock.domain.commands import AddWorkflowInput, CreateWorkflow, DeleteWorkflow, UpdateWorkflow
from runflow_mock.domain.documents import Document
from runflow_mock.domain.errors import ForeignRecord, LimitReached, NameTaken
from runflow_mock.domain.events import Event
from runflow_mock.domain.identity import WorkflowId
from runflow_mock.domain.records import WORKFLOWS
from runflow_mock.domain.workflows import (
    INPUT_NODES,
    OUTPUT_NODES,
    PORTS_MAX,
    Declaration,
    Port,
    Workflow,
    WorkflowChanged,
    WorkflowCreated,
    WorkflowDeleted,
    WorkflowInputAdded,
    find_declarations,
    undeclared,
)
from runflow_mock.engine.moment import Moment
from runflow_mock.engine.targets import WORKFLOW


def create_workflow(moment: Moment, command: CreateWorkflow) -> tuple[Event, ...]:
    """Deploys a graph under a slug that no other workflow of the organization has."""
    store, owner = moment.store, moment.settings.name
    moment.admit(WORKFLOWS)
    if f"{owner}/{command.slug}" in store.workflow_paths:
        raise NameTaken(WORKFLOW, command.slug)
    workflow_id = WorkflowId(moment.issue_id())
    found_inputs, found_outputs = _found(command.definition.workflow_json)
    workflow = Workflow(
        id=workflow_id,
        org_id=moment.org_id,
        owner=owner,
        slug=command.slug,
        definition=command.definition,
        inputs=_ports(moment, workflow_id, (*command.inputs, *undeclared(found_inputs, command.inputs))),
        outputs=_ports(moment, workflow_id, (*command.outputs, *undeclared(found_outputs, command.outputs))),
        created_by=moment.user_id,
        created_at=moment.now,
        updated_at=moment.now,
    )
    return (WorkflowCreated(workflow),)


def update_workflow(moment: Moment, command: UpdateWorkflow) -> tuple[Event, ...]:
    """Replaces a part of a workflow; with another graph, what nobody declares is found in it again."""
    workflow = _own(moment, command.workflow_id)
    moment.check_unchanged(WORKFLOW, workflow.updated_at, command.updated_at)
    inputs, outputs = workflow.inputs, workflow.outputs
    if command.changes.workflow_json is not UNSET:
        found_inputs, found_outputs = _found(command.changes.workflow_json)
        inputs, outputs = _found_again(moment, workflow, inputs, found_inputs), _found_again(moment, workflow, outputs, found_outputs)
    return (WorkflowChanged(workflow_id=workflow.id, at=moment.now, changes=command.changes, inputs=inputs, outputs=outputs),)


def add_workflow_input(moment: Moment, command: AddWorkflowInput) -> tuple[Event, ...]:
    """Declares one more input, under a name that no other input of the workflow has."""
    workflow = _own(moment, command.workflow_id)
    if len(workflow.inputs) >= PORTS_MAX:
        raise LimitReached("inputs of one workflow", PORTS_MAX)
    if any(port.name == command.declaration.name for port in workflow.inputs):
        raise NameTaken("input", command.declaration.name)
    (added,) = _ports(moment, workflow.id, (command.declaration,))
    return (WorkflowInputAdded(workflow.id, moment.now, added),)


def delete_workflow(moment: Moment, command: DeleteWorkflow) -> tuple[Event, ...]:
    """Takes a workflow out of service; its runs go on."""
    return (WorkflowDeleted(_own(moment, command.workflow_id).id, moment.now, moment.user_id),)


def _own(moment: Moment, workflow_id: WorkflowId) -> Workflow:
    if workflow_id in moment.catalog.workflows:
        raise ForeignRecord(WORKFLOW, workflow_id)
    return moment.store.workflow(workflow_id)


def _found(graph: Document) -> tuple[tuple[Declaration, ...], tuple[Declaration, ...]]:
    return find_declarations(graph, INPUT_NODES, "input_id"), find_declarations(graph, OUTPUT_NODES, "output_id")


def _found_again(moment: Moment, workflow: Workflow, ports: Sequence[Port], found: Sequence[Declaration]) -> tuple[Port, ...]:
    declared = tuple(port for port in ports if not port.declared.is_found)
    fresh = undeclared(found, [port.declared for port in declared])
    # What the old graph already named in the same way keeps its id.
    known = {port.declared: port for port in ports}
    kept = tuple(known[each] for each in fresh if each in known)
    return (*declared, *kept, *_ports(moment, workflow.id, (each for each in fresh if each not in known)))


def _ports(moment: Moment, workflow_id: WorkflowId, declarations: Iterable[Declaration]) -> tuple[Port, ...]:
    return tuple(Port(id=moment.issue_id(), workflow_id=workflow_id, declared=declared, created_at=moment.now) for declared in declarations)

from typing import Any

import pytest
from stories import picture
from worlds import ORIGIN, make_world, run_all

from runflow_mock.domain.commands import AddWorkflowInput, CreateRun, CreateWorkflow, DeleteWorkflow, UpdateWorkflow
from runflow_mock.domain.deployments import model_of
from runflow_mock.domain.documents import Json, write_document
from runflow_mock.domain.errors import ForeignRecord, NameTaken, NotFound
from runflow_mock.domain.identity import WorkflowId
from runflow_mock.domain.runs import RunCreated, RunStatus
from runflow_mock.domain.workflows import Changes, Declaration, Definition, Workflow, WorkflowCreated
from runflow_mock.engine.history import fold
from runflow_mock.engine.invariants import check
from runflow_mock.engine.targets import find_target
from runflow_mock.engine.world import World

LOGO: Json = {"1": {"class_type": "RunflowInputImage", "inputs": {"input_id": "logo"}}}


def deploy(world: World, slug: str = "a", graph: Json = None, **command: Any) -> Workflow:
    """Deploys a graph and returns the workflow."""
    definition = Definition(name="n", workflow_json=write_document(graph or {}))
    event = world.execute(CreateWorkflow(slug=slug, definition=definition, **command)).events[0]
    assert isinstance(event, WorkflowCreated)
    return event.workflow


def run_of(workflow: Workflow) -> CreateRun:
    """A command to run a workflow once."""
    return CreateRun(model=workflow.path, workflow_id=workflow.id, input=write_document({}), origin=ORIGIN)


def test_history_of_a_workflow_folds_into_the_same_store() -> None:
    world = make_world()
    kept, gone = deploy(world, "kept", LOGO), deploy(world, "gone")
    world.execute(run_of(kept))
    world.execute(UpdateWorkflow(workflow_id=kept.id, changes=Changes(description=None, name="m", workflow_json=write_document({}))))
    world.execute(AddWorkflowInput(kept.id, Declaration(name="b", variable_type="image", default=write_document(1))))
    world.execute(DeleteWorkflow(gone.id))
    run_all(world)
    assert picture(fold(world.history)) == picture(world.store)
    assert all(invariant.is_held for invariant in check(world.store))


def test_store_keeps_the_model_that_a_workflow_is_now() -> None:
    world = make_world()
    workflow = deploy(world)
    world.execute(UpdateWorkflow(workflow_id=workflow.id, changes=Changes(name="new")))
    assert world.store.workflow_models == {workflow.id: model_of(world.store.workflows[workflow.id])}
    assert find_target(world.catalog, world.store, "test/a").model.name == "new"


def test_own_workflow_comes_before_a_published_one_of_the_same_path() -> None:
    world = make_world("runflow-access")
    workflow = deploy(world, "brand-locked-variant-nux")
    assert find_target(world.catalog, world.store, workflow.path).workflow_id == workflow.id
    world.execute(DeleteWorkflow(workflow.id))
    assert find_target(world.catalog, world.store, workflow.path).workflow_id in world.catalog.workflows


def test_name_that_is_taken_is_refused_and_nothing_happens() -> None:
    world = make_world()
    workflow = deploy(world, "a", LOGO)
    before = world.history.encoded()
    with pytest.raises(NameTaken, match="a"):
        deploy(world, "a")
    with pytest.raises(NameTaken, match="logo"):
        world.execute(AddWorkflowInput(workflow.id, Declaration(name="logo", variable_type="string")))
    assert world.history.encoded() == before


def test_published_workflow_is_refused_to_change() -> None:
    world = make_world()
    published = next(iter(world.catalog.workflows))
    for command in (DeleteWorkflow(published), UpdateWorkflow(workflow_id=published, changes=Changes(name="mine"))):
        with pytest.raises(ForeignRecord):
            world.execute(command)


def test_deleted_or_absent_workflow_cannot_be_run_and_a_run_under_way_ends() -> None:
    world = make_world()
    workflow = deploy(world)
    event = world.execute(run_of(workflow)).events[0]
    world.execute(DeleteWorkflow(workflow.id))
    for command in (run_of(workflow), CreateRun(model="x/y", workflow_id=WorkflowId("x"), input=write_document({}), origin=ORIGIN)):
        with pytest.raises(NotFound):
            world.execute(command)
    run_all(world)
    assert isinstance(event, RunCreated)
    assert world.store.runs[event.run.id].status is RunStatus.SUCCEEDED


def test_found_input_keeps_its_id_while_the_graph_names_it_alike() -> None:
    world = make_world()
    workflow = deploy(world, "a", LOGO)
    more: Json = {**LOGO, "2": {"class_type": "RunflowInputInt", "inputs": {"input_id": "n"}}}  # type: ignore[dict-item]  # LOGO is an object
    world.execute(UpdateWorkflow(workflow_id=workflow.id, changes=Changes(workflow_json=write_document(more))))
    found = world.store.workflows[workflow.id].inputs
    assert found[0] == workflow.inputs[0]
    assert [port.name for port in found] == ["logo", "n"]

"""Targets: what a run runs, a model of the catalog or a deployed workflow in the role of one.

The one place that tells them apart by path, and that finds the model of a run which exists. A model of the catalog comes before a
workflow of the same path; a generic model, which takes any path, comes after it.
"""

import msgspec

from runflow_mock.domain.errors import NotFound
from runflow_mock.domain.identity import WorkflowId
from runflow_mock.domain.models import Catalog, Model
from runflow_mock.domain.runs import Run
from runflow_mock.domain.workflows import Workflow
from runflow_mock.engine.store import Store

WORKFLOW = "ComfyUI workflow"


class Target(msgspec.Struct, frozen=True, gc=False):
    """A model to run, and the workflow that plays it, if one does."""

    model: Model
    workflow_id: WorkflowId | None = None


def find_target(catalog: Catalog, store: Store, path: str) -> Target:
    """Returns what is run under a path.

    Raises:
        ModelNotFound: nothing is.
    """
    workflow_id = store.workflow_paths.get(path) or catalog.workflow_paths.get(path)
    if workflow_id is None or catalog.offers(path):
        return Target(catalog.get(path))
    return Target(workflow_model(catalog, store, workflow_id), workflow_id)


def model_of_run(catalog: Catalog, store: Store, run: Run) -> Model:
    """Returns the model that a run runs, also when its workflow has been deleted."""
    return catalog.get(run.model) if run.workflow_id is None else workflow_model(catalog, store, run.workflow_id)


def workflow_model(catalog: Catalog, store: Store, workflow_id: WorkflowId) -> Model:
    """Returns a workflow in the role of a model."""
    return store.workflow_models.get(workflow_id) or catalog.workflow_models[workflow_id]


def find_workflow(catalog: Catalog, store: Store, workflow_id: str) -> Workflow:
    """Returns a workflow of the organization, or one that another organization publishes.

    Raises:
        NotFound: there is none, or it was deleted.
    """
    return catalog.workflows.get(WorkflowId(workflow_id)) or store.workflow(workflow_id)


def find_workflow_at(catalog: Catalog, store: Store, path: str) -> Workflow:
    """Returns the workflow of that owner and slug.

    Raises:
        NotFound: there is none, or it was deleted.
    """
    workflow_id = store.workflow_paths.get(path) or catalog.workflow_paths.get(path)
    if workflow_id is None:
        raise NotFound(WORKFLOW, path)
    return find_workflow(catalog, store, workflow_id)

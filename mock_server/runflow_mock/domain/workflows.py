"""ComfyUI workflows: deployed graphs, which are run under the owner's slug and their own.

Theory. A workflow is a graph with named inputs and outputs. What the owner declares stands as it is; what the nodes of the graph name and
nobody declares is found in the graph, again whenever the graph is replaced. The slug never changes, and is free again once the workflow is
deleted; runs of a deleted workflow stay readable. Workflows that other organizations publish are the same records, shared by all worlds.

Source: `comfyui.record`, `comfyui.nodes` (the node classes of the plugin). Inferred: `comfyui.found-inputs`, `comfyui.slug`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import asdict, replace

from runflow_mock.domain.documents import Document, read_object
from runflow_mock.domain.identity import OrganizationId, UserId, WorkflowId
from runflow_mock.domain.money import Money

NAME_MAX = 255
PORTS_MAX = 500
ACTIVE = "active"
# A flat price in place of the seconds of a GPU, which are not modelled, and the time of a run. Source: inferred.
RUN_PRICE = Money(60_000)
RUN_SECONDS = (10.0, 40.0)

INPUT_NODES = {
    "RunflowInputString": "string",
    "RunflowInputInt": "integer",
    "RunflowInputFloat": "number",
    "RunflowInputBoolean": "boolean",
    "RunflowInputImage": "image",
    "RunflowInputFile": "file",
}
OUTPUT_NODES = {"RunflowOutputImage": "image", "RunflowOutputFile": "file"}

_NOT_SLUG = re.compile(r"[^a-z0-9._-]")


class Declaration(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is said about one input or output; `is_found` says that the graph does, and not the owner."""

    name: str
    variable_type: str
    display_name: str | None = None
    description: str | None = None
    default_behavior: str | None = None
    validator: str | None = None
    validator_attributes: Document | None = None
    is_required: bool = False
    default: Document | None = None
    sort_order: int = 0
    node_id: str | None = None
    field_name: str | None = None
    is_found: bool = False


class Port(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One input or output of a workflow."""

    id: str
    workflow_id: WorkflowId
    declared: Declaration
    created_at: datetime

    @property
    def name(self) -> str:
        """The key in the input or output of a run; may contain spaces."""
        return self.declared.name


class Definition(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the owner of a workflow can replace."""

    name: str
    workflow_json: Document
    description: str | None = None
    version: str | None = None
    is_public: bool = False
    status: str = ACTIVE
    environment: Document | None = None
    models: Document | None = None
    custom_nodes: Document | None = None
    graph: Document | None = None
    resources: Document | None = None
    category: str | None = None


class Changes(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an owner does replace; the rest is unset."""

    name: str | UnsetType = UNSET
    workflow_json: Document | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    version: str | UnsetType | None = UNSET
    is_public: bool | UnsetType = UNSET
    status: str | UnsetType = UNSET
    environment: Document | UnsetType | None = UNSET
    models: Document | UnsetType | None = UNSET
    custom_nodes: Document | UnsetType | None = UNSET
    graph: Document | UnsetType | None = UNSET
    resources: Document | UnsetType | None = UNSET
    category: str | UnsetType | None = UNSET


class Workflow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One deployed graph; `owner` is the slug of its organization."""

    id: WorkflowId
    org_id: OrganizationId
    owner: str
    slug: str
    definition: Definition
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    price: Money = RUN_PRICE
    run_seconds: tuple[float, float] = RUN_SECONDS
    created_by: UserId | None = None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
    deleted_by: UserId | None = None

    @property
    def path(self) -> str:
        """Under which it is run: the owner's slug and its own."""
        return f"{self.owner}/{self.slug}"


class WorkflowCreated(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A workflow was deployed."""

    workflow: Workflow


class WorkflowChanged(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """A workflow's definition was replaced in part; the inputs and outputs are as it says here."""

    workflow_id: WorkflowId
    at: datetime
    changes: Changes
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


class WorkflowInputAdded(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A workflow takes one more input."""

    workflow_id: WorkflowId
    at: datetime
    added: Port


class WorkflowDeleted(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A workflow can no longer be read or run."""

    workflow_id: WorkflowId
    at: datetime
    by: UserId


WorkflowMoved = WorkflowChanged | WorkflowInputAdded | WorkflowDeleted
WorkflowEvent = WorkflowCreated | WorkflowMoved


def evolve(workflow: Workflow, event: WorkflowMoved) -> Workflow:
    """Returns the workflow after the event."""
    changed = replace(workflow, updated_at=event.at)
    if isinstance(event, WorkflowDeleted):
        return replace(changed, deleted_at=event.at, deleted_by=event.by)
    if isinstance(event, WorkflowInputAdded):
        return replace(changed, inputs=(*workflow.inputs, event.added))
    given = {name: value for name, value in asdict(event.changes).items() if value is not UNSET}
    return replace(changed, definition=replace(workflow.definition, **given), inputs=event.inputs, outputs=event.outputs)


def write_slug(name: str) -> str:
    """Returns the slug of a name: lower case, spaces as hyphens, the rest left out; nothing if nothing is left."""
    return _NOT_SLUG.sub("", name.lower().replace(" ", "-")).lstrip("._-")[:NAME_MAX]


def find_declarations(graph: Document, nodes: Mapping[str, str], key: str) -> tuple[Declaration, ...]:
    """Returns what the nodes of these classes name under `key`, in the order of the graph, each name once."""
    found: dict[str, Declaration] = {}
    for node_id, node in read_object(graph).items():
        settings = node.get("inputs") if isinstance(node, dict) else None
        kind = node.get("class_type") if isinstance(node, dict) else None
        name = settings.get(key) if isinstance(settings, dict) else None
        if isinstance(kind, str) and kind in nodes and isinstance(name, str) and 0 < len(name) <= NAME_MAX:
            found.setdefault(name, Declaration(name=name, variable_type=nodes[kind], node_id=node_id, is_found=True))
    return tuple(found.values())[:PORTS_MAX]


def undeclared(found: Iterable[Declaration], declared: Sequence[Declaration]) -> tuple[Declaration, ...]:
    """Returns what was found in the graph under a name that nobody declares."""
    names = {each.name for each in declared}
    return tuple(each for each in found if each.name not in names)

"""ComfyUI workflows on the wire: the bodies that deploy and change them, their records, and the file of published ones.

Source: `comfyui.record` (all fields), `comfyui.upsert`, `comfyui.foreign-public`. Inferred: `comfyui.slug` (how a slug is made of a name),
and that a null `is_public` or `status_code` stands for the default.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

import msgspec

from runflow_mock.decoders import convert, json_decoder
from runflow_mock.domain.commands import AddWorkflowInput, CreateWorkflow, UpdateWorkflow
from runflow_mock.domain.deployments import model_of
from runflow_mock.domain.documents import Document, Json, write_document
from runflow_mock.domain.filters import Field
from runflow_mock.domain.identity import OrganizationId, WorkflowId, named_uuid
from runflow_mock.domain.models import CATALOG_SINCE, Model
from runflow_mock.domain.money import parse_money
from runflow_mock.domain.workflows import (
    NAME_MAX,
    PORTS_MAX,
    Changes,
    Declaration,
    Definition,
    Port,
    Workflow,
    write_slug,
)
from runflow_mock.resources import data_folder
from runflow_mock.wire.fields import Checker, Schema
from runflow_mock.wire.listing import flag_field, number_field, text_field, text_fields, time_field, time_fields
from runflow_mock.wire.problems import FieldError, Location, invalid, invalid_field
from runflow_mock.wire.requests import optional_instant
from runflow_mock.wire.times import write_instant, write_optional

PUBLISHED_FILE = "workflows.json"
SORT_ORDER_MAX = 2**31 - 1

_TEXT: Json = {"type": ["string", "null"]}
_OBJECT: Json = {"type": ["object", "null"]}
_FLAG: Json = {"type": ["boolean", "null"]}
_NAME: Json = {"type": "string", "minLength": 1, "maxLength": NAME_MAX}
_OUTPUT_PROPERTIES: dict[str, Json] = {
    "name": _NAME,
    "variable_type_code": {"type": "string", "minLength": 1},
    "display_name": _TEXT,
    "description": _TEXT,
    "validator_code": _TEXT,
    "validator_attrs": _OBJECT,
    "sort_order": {"type": "integer", "minimum": -SORT_ORDER_MAX, "maximum": SORT_ORDER_MAX},
    "comfyui_node_id": _TEXT,
    "comfyui_field_name": _TEXT,
}
_OUTPUT: Schema = {"type": "object", "required": ["name", "variable_type_code"], "properties": _OUTPUT_PROPERTIES}
_INPUT: Schema = {**_OUTPUT, "properties": {**_OUTPUT_PROPERTIES, "default_behavior_code": _TEXT, "is_required": _FLAG}}
_DEFINITION: dict[str, Json] = {
    "name": _NAME,
    "workflow_json": {"type": "object"},
    "description": _TEXT,
    "version": _TEXT,
    "is_public": _FLAG,
    "status_code": _TEXT,
    "environment": _OBJECT,
    "models": _OBJECT,
    "custom_nodes": _OBJECT,
    "graph": _OBJECT,
    "resources": _OBJECT,
    "category_code": _TEXT,
}
_CREATE: Schema = {
    "type": "object",
    "required": ["name", "workflow_json"],
    "properties": {
        **_DEFINITION,
        "slug": {"type": ["string", "null"], "maxLength": NAME_MAX, "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$"},
        "inputs": {"type": ["array", "null"], "maxItems": PORTS_MAX, "items": _INPUT},
        "outputs": {"type": ["array", "null"], "maxItems": PORTS_MAX, "items": _OUTPUT},
    },
}
_UPDATE: Schema = {"type": "object", "properties": {**_DEFINITION, "updated_at": {"type": "string"}}}
_create, _update, _input = Checker(_CREATE), Checker(_UPDATE), Checker(_INPUT)

# Where our words are not those of the wire.
_WORDS = {"status_code": "status", "category_code": "category"}
_DEFAULTS: Mapping[str, object] = {"is_public": False, "status_code": "active"}


def decode_create_workflow(body: dict[str, Json]) -> CreateWorkflow:
    """Returns the command in a body."""
    errors = _create.errors(body, ("body",))
    inputs, outputs = _objects(body.get("inputs")), _objects(body.get("outputs"))
    errors += (*_twice(body.get("inputs"), ("body", "inputs")), *_twice(body.get("outputs"), ("body", "outputs")))
    if errors:
        raise invalid(*errors)
    slug = cast("str | None", body.get("slug")) or write_slug(cast(str, body["name"]))
    if not slug:
        raise invalid_field(("body", "slug"), "no slug can be made of this name: send one", "missing")
    return CreateWorkflow(
        slug=slug,
        definition=convert(_stored(body), Definition),
        inputs=tuple(map(_declaration, inputs)),
        outputs=tuple(map(_declaration, outputs)),
    )


def decode_update_workflow(body: dict[str, Json], workflow_id: str) -> UpdateWorkflow:
    """Returns the command in a body; only the fields that it holds are replaced."""
    errors = _update.errors(body, ("body",))
    updated_at = optional_instant(body, "updated_at", errors)
    if errors:
        raise invalid(*errors)
    return UpdateWorkflow(workflow_id=WorkflowId(workflow_id), changes=convert(_stored(body), Changes), updated_at=updated_at)


def decode_add_input(body: dict[str, Json], workflow_id: str) -> AddWorkflowInput:
    """Returns the command in a body."""
    _input.check(body)
    return AddWorkflowInput(WorkflowId(workflow_id), _declaration(body))


def represent_workflow(workflow: Workflow) -> dict[str, object]:
    """Returns the record of a workflow with its inputs and outputs; documents are spliced in as they are stored."""
    definition = workflow.definition
    return {
        "id": workflow.id,
        "org_id": workflow.org_id,
        "slug": workflow.slug,
        "name": definition.name,
        "description": definition.description,
        "workflow_json": msgspec.Raw(definition.workflow_json),
        "version": definition.version,
        "is_public": definition.is_public,
        "status_code": definition.status,
        "created_by": workflow.created_by,
        "environment": _spliced(definition.environment),
        "models": _spliced(definition.models),
        "custom_nodes": _spliced(definition.custom_nodes),
        "graph": _spliced(definition.graph),
        "resources": _spliced(definition.resources),
        "category_code": definition.category,
        "created_at": write_instant(workflow.created_at),
        "updated_at": write_instant(workflow.updated_at),
        "deleted_at": write_optional(workflow.deleted_at),
        "deleted_by": workflow.deleted_by,
        "inputs": [represent_workflow_input(port) for port in workflow.inputs],
        "outputs": [_represent_output(port) for port in workflow.outputs],
    }


def represent_workflow_input(port: Port) -> dict[str, object]:
    """Returns one input of a workflow."""
    declared = port.declared
    return {
        **_represent_output(port),
        "default_behavior_code": declared.default_behavior,
        "is_required": declared.is_required,
        "default_value": _spliced(declared.default),
    }


def load_published() -> tuple[tuple[Workflow, Model], ...]:
    """Returns the workflows that other organizations publish, each with itself in the role of a model."""
    entries = json_decoder(_PublishedFile).decode((data_folder("fixtures") / PUBLISHED_FILE).read_bytes()).workflows
    return tuple((workflow, model_of(workflow)) for workflow in map(_published, entries))


class _Published(msgspec.Struct, kw_only=True):
    owner: str
    slug: str
    name: str
    description: str
    price: str
    run_seconds: tuple[float, float]
    inputs: list[dict[str, object]]
    outputs: list[dict[str, object]]


class _PublishedFile(msgspec.Struct):
    workflows: list[_Published]


def _published(entry: _Published) -> Workflow:
    workflow_id = WorkflowId(named_uuid("workflow", entry.owner, entry.slug))
    return Workflow(
        id=workflow_id,
        org_id=OrganizationId(named_uuid("organization", entry.owner)),
        owner=entry.owner,
        slug=entry.slug,
        definition=Definition(name=entry.name, description=entry.description, workflow_json=write_document({}), is_public=True),
        inputs=tuple(_published_ports(workflow_id, "input", entry.inputs)),
        outputs=tuple(_published_ports(workflow_id, "output", entry.outputs)),
        price=parse_money(entry.price),
        run_seconds=entry.run_seconds,
        created_at=CATALOG_SINCE,
        updated_at=CATALOG_SINCE,
    )


def _published_ports(workflow_id: WorkflowId, kind: str, bodies: Iterable[dict[str, object]]) -> Iterator[Port]:
    for number, body in enumerate(bodies):
        declared = _declaration(cast("dict[str, Json]", {"sort_order": number, **body}))
        port_id = named_uuid("workflow", kind, workflow_id, declared.name)
        yield Port(id=port_id, workflow_id=workflow_id, declared=declared, created_at=CATALOG_SINCE)


def _stored(body: dict[str, Json]) -> dict[str, object]:
    """Returns the fields of a definition that a body holds, in our words and as they are kept."""
    given = {name: body[name] for name in _DEFINITION if name in body}
    return {
        _WORDS.get(name, name): write_document(value) if isinstance(value, dict) else _DEFAULTS.get(name) if value is None else value
        for name, value in given.items()
    }


def _declaration(body: dict[str, Json]) -> Declaration:
    attributes, default = body.get("validator_attrs"), body.get("default_value")
    return Declaration(
        name=cast(str, body["name"]),
        variable_type=cast(str, body["variable_type_code"]),
        display_name=cast("str | None", body.get("display_name")),
        description=cast("str | None", body.get("description")),
        default_behavior=cast("str | None", body.get("default_behavior_code")),
        validator=cast("str | None", body.get("validator_code")),
        validator_attributes=None if attributes is None else write_document(attributes),
        is_required=cast("bool | None", body.get("is_required")) or False,
        default=None if default is None else write_document(default),
        sort_order=int(cast("int | float", body.get("sort_order", 0))),
        node_id=cast("str | None", body.get("comfyui_node_id")),
        field_name=cast("str | None", body.get("comfyui_field_name")),
    )


def _objects(value: Json) -> list[dict[str, Json]]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _twice(ports: Json, loc: Location) -> Iterator[FieldError]:
    # What is no object is counted too: the index is that of the caller's list.
    names = [port.get("name") if isinstance(port, dict) else None for port in ports] if isinstance(ports, list) else []
    for index, name in enumerate(names):
        if isinstance(name, str) and name in names[:index]:
            yield FieldError((*loc, index, "name"), f"there is already one named {name[:80]!r}", "duplicate")


def _spliced(document: Document | None) -> msgspec.Raw | None:
    return None if document is None else msgspec.Raw(document)


def _represent_output(port: Port) -> dict[str, object]:
    declared, at = port.declared, write_instant(port.created_at)
    return {
        "id": port.id,
        "comfyui_workflow_id": port.workflow_id,
        "name": declared.name,
        "display_name": declared.display_name,
        "description": declared.description,
        "variable_type_code": declared.variable_type,
        "validator_code": declared.validator,
        "validator_attrs": _spliced(declared.validator_attributes),
        "sort_order": declared.sort_order,
        "comfyui_node_id": declared.node_id,
        "comfyui_field_name": declared.field_name,
        "created_at": at,
        "updated_at": at,
    }


WORKFLOW_FIELDS: dict[str, Field[Workflow]] = {
    **text_fields("id", "org_id", "slug", "created_by"),
    **time_fields("created_at", "updated_at"),
    "name": text_field(lambda workflow: workflow.definition.name),
    "description": text_field(lambda workflow: workflow.definition.description),
    "version": text_field(lambda workflow: workflow.definition.version),
    "is_public": flag_field(lambda workflow: workflow.definition.is_public),
    "status_code": text_field(lambda workflow: workflow.definition.status),
    "category_code": text_field(lambda workflow: workflow.definition.category),
}
WORKFLOW_INPUT_FIELDS: dict[str, Field[Port]] = {
    **text_fields("id", "name"),
    **time_fields("created_at"),
    "comfyui_workflow_id": text_field(lambda port: port.workflow_id),
    "display_name": text_field(lambda port: port.declared.display_name),
    "variable_type_code": text_field(lambda port: port.declared.variable_type),
    "is_required": flag_field(lambda port: port.declared.is_required),
    "sort_order": number_field(lambda port: port.declared.sort_order),
    "updated_at": time_field(lambda port: port.created_at),
}

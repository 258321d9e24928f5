"""Flows on the wire: the packaged ones of `fixtures/flows.json`, and the records of flows, summaries, inputs and nodes.

Source: `flows.record`, `flows.nodes`, `flows.read-only`. Inferred: all codes; and that counters are zero or null, as nothing runs a flow.
"""

from collections.abc import Sequence
from functools import cache
from typing import cast

import msgspec

from runflow_mock.decoders import convert
from runflow_mock.domain.filters import Field
from runflow_mock.domain.flows import Flow, FlowInput, FlowNode, Wire, estimated_cost, flow_id, node_id
from runflow_mock.domain.identity import named_uuid
from runflow_mock.domain.models import CATALOG_SINCE, Catalog
from runflow_mock.domain.money import format_money
from runflow_mock.resources import data_folder
from runflow_mock.wire.listing import number_fields, text_field, text_fields, time_fields
from runflow_mock.wire.models import CATALOG_ORG_ID, write_code
from runflow_mock.wire.times import write_instant, write_optional

FLOW_EMBEDS = ("nodes", "inputs", "outputs")
SUMMARY_EMBEDS = ("nodes",)

Entry = dict[str, object]


@cache
def packaged_flows() -> tuple[Flow, ...]:
    """Returns the flows that ship with the package, in the order of their ids; they are read once."""
    file: dict[str, list[Entry]] = msgspec.json.decode((data_folder("fixtures") / "flows.json").read_bytes())
    return tuple(sorted(convert([_completed(flow) for flow in file["flows"]], tuple[Flow, ...]), key=lambda flow: flow.id))


def _completed(flow: Entry) -> Entry:
    """Returns what the file says of a flow, with what it leaves out because it follows: ids, owners and places."""
    slug = cast(str, flow["slug"])
    known: Entry = {"flow_id": flow_id(slug)}

    def parts(name: str) -> list[Entry]:
        return cast("list[Entry]", flow[name])

    return {
        **flow,
        "id": flow_id(slug),
        "created_at": CATALOG_SINCE,
        "updated_at": f"{flow['updated_at']}T00:00:00Z",
        "inputs": [
            {**part, **known, "id": named_uuid("flow input", slug, cast(str, part["name"])), "sort_order": place}
            for place, part in enumerate(parts("inputs"))
        ],
        "nodes": [{**node, **known, "id": node_id(slug, cast(str, node["slug"]))} for node in parts("nodes")],
        "outputs": [{**part, **known, "id": named_uuid("flow output", slug, cast(str, part["name"]))} for part in parts("outputs")],
    }


def represent_flow(flow: Flow, catalog: Catalog, embed: frozenset[str]) -> dict[str, object]:
    """Returns the record of a flow; its parts are null unless they are embedded."""
    return {
        "id": flow.id,
        "slug": flow.slug,
        "name": flow.name,
        "description": flow.description,
        "cover_url": None,
        "org_id": CATALOG_ORG_ID,
        "flow_type_code": "standard",
        "category_code": write_code(flow.category),
        "visibility_code": "public",
        "source_visibility_code": "public",
        "status_code": "active",
        "version": flow.version,
        "current_version_id": named_uuid("flow version", flow.slug, str(flow.version)),
        "estimated_cost": format_money(estimated_cost(flow, catalog)),
        "context_variables": {},
        "run_count": 0,
        "avg_duration": None,
        "cost_per_run": None,
        "featured_at": write_optional(flow.created_at if flow.is_featured else None),
        "created_by": None,
        "created_at": write_instant(flow.created_at),
        "updated_at": write_instant(flow.updated_at),
        "nodes": [represent_node(node, flow) for node in flow.nodes] if "nodes" in embed else None,
        "inputs": [represent_flow_input(part, flow) for part in flow.inputs] if "inputs" in embed else None,
        "outputs": [{"id": part.id, "flow_id": part.flow_id, "name": part.name, "source": part.source} for part in flow.outputs]
        if "outputs" in embed
        else None,
    }


def represent_summary(flow: Flow, catalog: Catalog, embed: frozenset[str]) -> dict[str, object]:
    """Returns a flow in short."""
    whole = represent_flow(flow, catalog, embed)
    short = {name: value for name, value in whole.items() if name in _SUMMARY}
    return {**short, "node_count": len(flow.nodes), "nodes": whole["nodes"]}


def represent_flow_input(part: FlowInput, flow: Flow) -> dict[str, object]:
    """Returns one input of a flow."""
    return {
        "id": part.id,
        "flow_id": part.flow_id,
        "name": part.name,
        "display_name": part.display_name,
        "description": part.description,
        "variable_type_code": part.variable_type,
        "validator_code": None,
        "validator_attrs": None,
        "is_required": part.is_required,
        "default_value": part.default,
        "sort_order": part.sort_order,
        "created_at": write_instant(flow.created_at),
        "updated_at": write_instant(flow.updated_at),
    }


def represent_node(node: FlowNode, flow: Flow, whole: dict[str, object] | None = None) -> dict[str, object]:
    """Returns one node, with the record of its flow where that is embedded."""
    return {
        "id": node.id,
        "flow_id": node.flow_id,
        "slug": node.slug,
        "label": node.label,
        "subtitle": node.subtitle,
        "type_code": _type_code(node),
        "x": node.x,
        "y": node.y,
        "width": node.width,
        "config": node.config,
        "collapsed": False,
        "model_id": None if node.model is None else named_uuid("model", node.model),
        "builtin_node_code": node.builtin,
        "comfyui_workflow_id": None,
        "sub_flow_id": None,
        "created_at": write_instant(flow.created_at),
        "updated_at": write_instant(flow.updated_at),
        "flow": whole,
        "inputs": [_represent_wire(node, flow, wire, number) for number, wire in enumerate(node.wires)],
        "outputs": [{"id": _output_id(flow, f"{node.slug}.{name}"), "name": name} for name in _outputs_used(node, flow)],
    }


def _represent_wire(node: FlowNode, flow: Flow, wire: Wire, number: int) -> dict[str, object]:
    return {
        "id": named_uuid("flow node input", flow.slug, node.slug, wire.input),
        "flow_node_id": node.id,
        "name": wire.input,
        "display_name": wire.input.replace("_", " ").capitalize(),
        "sort_order": number,
        "behavior_code": "value" if wire.source is None else "connection",
        "value": wire.value,
        "source_output_id": None if wire.source is None else _output_id(flow, wire.source),
        "connection_label": wire.source,
        "created_at": write_instant(flow.created_at),
        "updated_at": write_instant(flow.updated_at),
    }


def _outputs_used(node: FlowNode, flow: Flow) -> Sequence[str]:
    # The outputs of a node that a wire or the flow itself reads, each once, in the order of first use.
    sources = [wire.source for other in flow.nodes for wire in other.wires if wire.source] + [part.source for part in flow.outputs]
    return list(dict.fromkeys(source.partition(".")[2] for source in sources if source.partition(".")[0] == node.slug))


def _output_id(flow: Flow, source: str) -> str:
    owner, _, name = source.partition(".")
    # An input of the flow is itself what the wire starts from.
    return named_uuid("flow input", flow.slug, name) if owner == "flow" else named_uuid("flow node output", flow.slug, owner, name)


def _type_code(node: FlowNode) -> str:
    return "builtin" if node.model is None else "model"


_SUMMARY = frozenset(
    (
        *("id", "org_id", "slug", "name", "description", "status_code", "category_code", "visibility_code", "flow_type_code"),
        *("run_count", "estimated_cost", "created_at", "updated_at"),
    )
)

FLOW_FIELDS: dict[str, Field[Flow]] = {
    **text_fields("id", "slug", "name"),
    **time_fields("created_at", "updated_at"),
    "category_code": text_field(lambda flow: write_code(flow.category)),
    "status_code": text_field(lambda flow: "active"),
}
FLOW_INPUT_FIELDS: dict[str, Field[FlowInput]] = {
    **text_fields("id", "flow_id", "name"),
    **number_fields("sort_order"),
    "variable_type_code": text_field(lambda part: part.variable_type),
}
FLOW_NODE_FIELDS: dict[str, Field[FlowNode]] = {
    **text_fields("id", "flow_id", "slug", "label"),
    **number_fields("x", "y"),
    "type_code": text_field(_type_code),
    "model_id": text_field(lambda node: None if node.model is None else named_uuid("model", node.model)),
}

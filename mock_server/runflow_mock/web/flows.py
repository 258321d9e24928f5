"""Flows: list them whole or in short, and read their inputs and nodes; `any` as parent searches all flows."""

from runflow_mock.domain.errors import NotFound
from runflow_mock.domain.flows import Flow, FlowNode
from runflow_mock.web.calls import Answer, Call, Handler, answer
from runflow_mock.web.lists import ANY, BY_NAME, answer_list, find_one
from runflow_mock.web.routing import Operation
from runflow_mock.wire.accounts import decode_embed
from runflow_mock.wire.flows import (
    FLOW_EMBEDS,
    FLOW_FIELDS,
    FLOW_INPUT_FIELDS,
    FLOW_NODE_FIELDS,
    SUMMARY_EMBEDS,
    packaged_flows,
    represent_flow,
    represent_flow_input,
    represent_node,
    represent_summary,
)

NODE_EMBEDS = ("flow", "inputs", "outputs")


def list_flows(call: Call) -> Answer:
    """GET /v1/flows"""
    embed = decode_embed(call.parameters.get("embed"), FLOW_EMBEDS)
    catalog = call.catalog
    return answer_list(call, packaged_flows(), FLOW_FIELDS, lambda flow: represent_flow(flow, catalog, embed), order=BY_NAME)


def list_flow_summaries(call: Call) -> Answer:
    """GET /v1/flow-summaries"""
    embed = decode_embed(call.parameters.get("embed"), SUMMARY_EMBEDS)
    catalog = call.catalog
    return answer_list(call, packaged_flows(), FLOW_FIELDS, lambda flow: represent_summary(flow, catalog, embed), order=BY_NAME)


def list_flow_inputs(call: Call) -> Answer:
    """GET /v1/flows/{flow_id}/inputs"""
    flows = {flow.id: flow for flow in _flows(call)}
    inputs = sorted((part for flow in flows.values() for part in flow.inputs), key=lambda part: part.id)
    order = "flow_id,sort_order"
    return answer_list(call, inputs, FLOW_INPUT_FIELDS, lambda part: represent_flow_input(part, flows[part.flow_id]), order=order)


def list_flow_nodes(call: Call) -> Answer:
    """GET /v1/flows/{flow_id}/nodes: as the editor shows them, from left to right."""
    flows = {flow.id: flow for flow in _flows(call)}
    nodes = sorted((node for flow in flows.values() for node in flow.nodes), key=lambda node: node.id)
    embed = decode_embed(call.parameters.get("embed"), NODE_EMBEDS)
    represent = lambda node: _node_body(call, node, flows[node.flow_id], embed)  # noqa: E731 - a name for a line of its own
    return answer_list(call, nodes, FLOW_NODE_FIELDS, represent, order="flow_id,x,y")


def get_flow_node(call: Call) -> Answer:
    """GET /v1/flows/{flow_id}/nodes/{id}"""
    return _one_node(call, _flows(call))


def get_flow_node_by_id(call: Call) -> Answer:
    """GET /v1/flow-nodes/{id}"""
    return _one_node(call, packaged_flows())


def _flows(call: Call) -> tuple[Flow, ...]:
    if call.params["flow_id"] == ANY:
        return packaged_flows()
    return (find_one(call, "flow", packaged_flows(), "flow_id"),)


def _one_node(call: Call, flows: tuple[Flow, ...]) -> Answer:
    embed = decode_embed(call.parameters.get("embed"), NODE_EMBEDS)
    wanted = call.uuid("id")
    for flow in flows:
        for node in flow.nodes:
            if node.id == wanted:
                return answer(_node_body(call, node, flow, embed))
    raise NotFound("flow node", wanted)


def _node_body(call: Call, node: FlowNode, flow: Flow, embed: frozenset[str]) -> dict[str, object]:
    whole = represent_flow(flow, call.catalog, frozenset()) if "flow" in embed else None
    return represent_node(node, flow, whole)


OPERATIONS: tuple[Operation[Handler], ...] = (
    Operation("GET", "/v1/flows", list_flows, scope="flows:read"),
    Operation("GET", "/v1/flow-summaries", list_flow_summaries, scope="flows:read"),
    Operation("GET", "/v1/flows/{flow_id}/inputs", list_flow_inputs, scope="flows:read"),
    Operation("GET", "/v1/flows/{flow_id}/nodes", list_flow_nodes, scope="flows:read"),
    Operation("GET", "/v1/flows/{flow_id}/nodes/{id}", get_flow_node, scope="flows:read"),
    Operation("GET", "/v1/flow-nodes/{id}", get_flow_node_by_id, scope="flows:read"),
)

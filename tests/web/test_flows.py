import pytest
from contract import fits
from doors import Door
from steps import ABSENT, Body, ok, places, problem
from worlds import catalog

from runflow_mock.domain.dialects import BUNDLES
from runflow_mock.domain.flows import Flow, FlowNode, estimated_cost, models_of
from runflow_mock.domain.model_parts import inputs_of, outputs_of
from runflow_mock.domain.money import format_money
from runflow_mock.wire.flows import packaged_flows
from runflow_mock.wire.inputs import InputChecks

FLOWS = packaged_flows()
every_flow = pytest.mark.parametrize("flow", FLOWS, ids=[flow.slug for flow in FLOWS])


def items(door: Door, path: str, operation: str) -> list[Body]:
    found: list[Body] = ok(fits(door.get(path), operation))["items"]
    return found


@every_flow
def test_nodes_run_active_models_with_inputs_that_they_have(flow: Flow) -> None:
    checks = InputChecks()
    for node, model in models_of(flow, catalog()):
        wired = {wire.input for wire in node.wires}
        assert model.is_active
        assert wired <= {part.name for part in inputs_of(model)}
        assert {part.name for part in inputs_of(model) if part.is_required} <= wired
        literals = {wire.input: wire.value for wire in node.wires if wire.source is None}
        assert [error for error in checks.read(model, dict(literals), ())[1] if error.type != "missing"] == []


@every_flow
def test_wires_begin_at_inputs_of_the_flow_or_at_earlier_nodes(flow: Flow) -> None:
    known = {f"flow.{part.name}" for part in flow.inputs}
    for node in flow.nodes:
        assert {wire.source for wire in node.wires if wire.source} <= known
        known |= outputs_named(node)
    assert {part.source for part in flow.outputs} <= known


def outputs_named(node: FlowNode) -> set[str]:
    if node.model is None:
        return {f"{node.slug}.passed"}
    return {f"{node.slug}.{part.name}" for part in outputs_of(catalog().read(node.model), BUNDLES["docs"])}


def test_flows_are_listed_with_costs_of_the_catalog(door: Door) -> None:
    found = items(door, "/v1/flows", "list_flows")
    assert {item["id"]: item["estimated_cost"] for item in found} == {
        flow.id: format_money(estimated_cost(flow, catalog())) for flow in FLOWS
    }
    assert [item["nodes"] for item in found] == [None] * len(FLOWS)
    assert {item["org_id"] for item in found} == {ok(door.get("/v1/models?limit=1"))["items"][0]["org_id"]}


def test_flow_embeds_its_parts_when_asked(door: Door) -> None:
    flow = FLOWS[0]
    (item,) = items(door, f"/v1/flows?q=id.eq:'{flow.id}'&embed=nodes,inputs,outputs", "list_flows")
    assert [node["slug"] for node in item["nodes"]] == [node.slug for node in flow.nodes]
    assert [len(item["inputs"]), len(item["outputs"])] == [len(flow.inputs), len(flow.outputs)]
    assert places(door.get("/v1/flows?embed=runs")) == [(["query", "embed"], "value_error")]


def test_summaries_count_the_nodes(door: Door) -> None:
    found = items(door, "/v1/flow-summaries?embed=nodes", "list_flow_summaries")
    assert {item["id"]: item["node_count"] for item in found} == {flow.id: len(flow.nodes) for flow in FLOWS}
    assert all(len(item["nodes"]) == item["node_count"] for item in found)
    assert "version" not in found[0]


def test_inputs_are_read_of_one_flow_and_of_any(door: Door) -> None:
    flow = FLOWS[0]
    assert [part["name"] for part in items(door, f"/v1/flows/{flow.id}/inputs", "list_flow_inputs")] == [part.name for part in flow.inputs]
    assert len(items(door, "/v1/flows/any/inputs", "list_flow_inputs")) == sum(len(flow.inputs) for flow in FLOWS)


def test_node_is_the_same_wherever_it_is_read(door: Door) -> None:
    flow = FLOWS[1]
    nodes = items(door, f"/v1/flows/{flow.id}/nodes", "list_flow_nodes")
    assert [node["slug"] for node in nodes] == [node.slug for node in flow.nodes]
    first = nodes[0]
    assert ok(fits(door.get(f"/v1/flows/{flow.id}/nodes/{first['id']}"), "get_flow_node")) == first
    assert ok(fits(door.get(f"/v1/flow-nodes/{first['id']}"), "get_flow_node_by_id")) == first
    assert first in items(door, "/v1/flows/any/nodes", "list_flow_nodes")
    assert ok(door.get(f"/v1/flow-nodes/{first['id']}?embed=flow"))["flow"]["id"] == flow.id


def test_wires_lead_to_an_output_or_an_input_of_the_flow(door: Door) -> None:
    for flow in items(door, "/v1/flows?embed=nodes,inputs", "list_flows"):
        starts = {part["id"] for part in flow["inputs"]} | {output["id"] for node in flow["nodes"] for output in node["outputs"]}
        assert {wire["source_output_id"] for node in flow["nodes"] for wire in node["inputs"]} - {None} <= starts


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(
    "path",
    [f"/v1/flows/{ABSENT}/inputs", f"/v1/flows/{ABSENT}/nodes", f"/v1/flows/any/nodes/{ABSENT}", f"/v1/flow-nodes/{ABSENT}"],
)
def test_absent_flow_or_node_is_404(door: Door, path: str) -> None:
    problem(door.get(path), 404, "NOT_FOUND")


def test_node_of_another_flow_is_404_and_a_malformed_id_422(door: Door) -> None:
    problem(door.get(f"/v1/flows/{FLOWS[0].id}/nodes/{FLOWS[1].nodes[0].id}"), 404, "NOT_FOUND")
    assert places(door.get("/v1/flows/all/nodes")) == [(["path", "flow_id"], "uuid_parsing")]
    assert places(door.get("/v1/flow-nodes/x")) == [(["path", "id"], "uuid_parsing")]

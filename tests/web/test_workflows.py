from collections.abc import Callable
from typing import Any

import httpx
import pytest
from contract import fits
from doors import Door
from steps import ABSENT, Body, get_run, history_length, ok, places, problem

from runflow_mock.domain.records import Limits

ALL = "/v1/comfyui-workflows"
PUBLISHED = f"{ALL}/runflow-access/brand-locked-variant-nux"
GRAPH = {
    "1": {"class_type": "RunflowInputImage", "inputs": {"input_id": "logo"}},
    "2": {"class_type": "KSampler", "inputs": {"steps": 20}},
    "3": {"class_type": "RunflowOutputImage", "inputs": {"output_id": "image"}},
}
FIXED = {"name": "Brand variants", "workflow_json": GRAPH}


def deploy(door: Door, **body: Any) -> Body:
    """Deploys a workflow and returns its record."""
    return ok(fits(door.post(ALL, {**FIXED, **body}), "create_comfyui_workflow"), 201)


def patch(door: Door, workflow: Body, **body: Any) -> httpx.Response:
    """Changes a workflow."""
    return fits(door.patch(f"{ALL}/{workflow['id']}", body), "update_comfyui_workflow")


def run(door: Door, path: str, inputs: Body, **body: Any) -> Body:
    """Runs a workflow and returns the run."""
    return ok(fits(door.post(f"{path}/runs", {"input": inputs, **body}), "create_comfyui_run"), 201)


def input_names(workflow: Body) -> list[str]:
    """The names of a workflow's inputs."""
    return [each["name"] for each in workflow["inputs"]]


def test_deployed_workflow_is_what_is_read_by_id_and_by_path(door: Door) -> None:
    workflow = deploy(door, slug="variants", graph={"nodes": []}, models={}, version="2", resources={"gpu": "L4"})
    assert ok(fits(door.get(f"{ALL}/{workflow['id']}"), "get_comfyui_workflow")) == workflow
    assert ok(fits(door.get(f"{ALL}/test/variants"), "get_comfyui_workflow_by_slug")) == workflow
    assert (workflow["slug"], workflow["workflow_json"], workflow["graph"], workflow["version"]) == ("variants", GRAPH, {"nodes": []}, "2")
    assert (workflow["is_public"], workflow["status_code"], workflow["environment"], workflow["deleted_at"]) == (
        False,
        "active",
        None,
        None,
    )


@pytest.mark.parametrize(("name", "slug"), [("Brand Variants 2", "brand-variants-2"), ("  Größe! (v1.5) ", "gre-v1.5-"), ("a_b", "a_b")])
def test_missing_slug_is_made_of_the_name(door: Door, name: str, slug: str) -> None:
    assert deploy(door, name=name)["slug"] == slug
    assert deploy(door, name="other", slug=None)["slug"] == "other"


def test_name_without_a_slug_in_it_asks_for_one(door: Door) -> None:
    assert places(door.post(ALL, {**FIXED, "name": "版本"})) == [(["body", "slug"], "missing")]
    assert deploy(door, name="版本", slug="v2")["name"] == "版本"


def test_slug_of_a_workflow_is_taken_until_it_is_deleted(door: Door) -> None:
    first = deploy(door)
    problem(fits(door.post(ALL, FIXED), "create_comfyui_workflow"), 409, "CONFLICT")
    assert door.delete(f"{ALL}/{first['id']}").status_code == 204
    assert deploy(door)["id"] != first["id"]


def test_body_beyond_32_kib_is_stored_whole(door: Door) -> None:
    graph = {str(number): {"class_type": "Note", "inputs": {"text": "x" * 100}} for number in range(1000)}
    assert deploy(door, workflow_json=graph)["workflow_json"] == graph


def test_declared_inputs_and_outputs_are_kept_in_order_with_ids(door: Door) -> None:
    declared = {"name": "Aux Reference 1", "variable_type_code": "image", "is_required": True, "default_value": None, "sort_order": 4}
    workflow = deploy(door, inputs=[declared, {"name": "prompt", "variable_type_code": "string", "default_value": "x"}], outputs=[])
    assert input_names(workflow) == ["Aux Reference 1", "prompt", "logo"]
    assert {name: workflow["inputs"][0][name] for name in declared} == declared
    assert workflow["inputs"][1]["default_value"] == "x"
    assert {each["comfyui_workflow_id"] for each in workflow["inputs"]} == {workflow["id"]}


def test_inputs_and_outputs_that_nobody_declares_are_found_in_the_graph(door: Door) -> None:
    workflow = deploy(door)
    (found,), (output,) = workflow["inputs"], workflow["outputs"]
    assert (found["name"], found["variable_type_code"], found["is_required"], found["comfyui_node_id"]) == ("logo", "image", False, "1")
    assert (output["name"], output["variable_type_code"], output["comfyui_node_id"]) == ("image", "image", "3")


def test_another_graph_replaces_what_was_found_and_leaves_what_was_declared(door: Door) -> None:
    workflow = deploy(door, inputs=[{"name": "prompt", "variable_type_code": "string"}])
    more = {**GRAPH, "4": {"class_type": "RunflowInputInt", "inputs": {"input_id": "count"}}}
    changed = ok(patch(door, workflow, workflow_json=more))
    assert input_names(changed) == ["prompt", "logo", "count"]
    assert changed["inputs"][:2] == workflow["inputs"]
    assert input_names(ok(patch(door, workflow, workflow_json={}))) == ["prompt"]


def test_patch_replaces_what_it_names_and_never_the_slug(door: Door) -> None:
    workflow = deploy(door, description="old", version="1")
    changed = ok(patch(door, workflow, name="New", slug="other", description=None, graph={"a": 1}, is_public=True))
    assert changed == {**workflow, "name": "New", "description": None, "graph": {"a": 1}, "is_public": True}
    assert changed["slug"] == workflow["slug"]


def test_null_stands_for_the_default_where_there_is_one(door: Door) -> None:
    workflow = deploy(door, is_public=True, status_code="draft")
    changed = ok(patch(door, workflow, is_public=None, status_code=None))
    assert (changed["is_public"], changed["status_code"]) == (False, "active")


def test_change_of_an_outdated_reading_is_refused(door: Door) -> None:
    workflow = deploy(door)
    door.post("/_mock/clock/advance", {"by": 1})
    changed = ok(patch(door, workflow, name="New", updated_at=workflow["updated_at"]))
    problem(patch(door, workflow, name="Newer", updated_at=workflow["updated_at"]), 409, "CONFLICT")
    assert ok(patch(door, workflow, updated_at=changed["updated_at"]))["name"] == "New"
    assert places(patch(door, workflow, updated_at="soon")) == [(["body", "updated_at"], "datetime_parsing")]


def test_plugin_finds_a_workflow_by_its_slug(door: Door) -> None:
    deploy(door, name="a")
    workflow = deploy(door, name="b")
    found = ok(fits(door.get(f"{ALL}?q=slug.eq:'b'&limit=1"), "list_comfyui_workflows"))
    assert found["items"] == [workflow]
    assert ok(door.get(f"{ALL}?q=slug.eq:'c'&limit=1"))["items"] == []


def test_list_holds_own_workflows_newest_first(door: Door) -> None:
    first, second = deploy(door, name="a"), deploy(door, name="b")
    assert [each["id"] for each in ok(door.get(ALL))["items"]] == [second["id"], first["id"]]
    assert ok(door.get(f"{ALL}?fields=slug&sort_by=name"))["items"] == [{"slug": "a"}, {"slug": "b"}]


def test_deleted_workflow_is_gone_everywhere_and_its_runs_stay(door: Door) -> None:
    workflow = deploy(door, name="a")
    made = run(door, f"{ALL}/test/a", {})
    response = fits(door.delete(f"{ALL}/{workflow['id']}"), "delete_comfyui_workflow")
    assert (response.status_code, response.content) == (204, b"")
    gone: tuple[Callable[[], httpx.Response], ...] = (
        lambda: door.get(f"{ALL}/{workflow['id']}"),
        lambda: door.get(f"{ALL}/test/a"),
        lambda: door.delete(f"{ALL}/{workflow['id']}"),
        lambda: door.patch(f"{ALL}/{workflow['id']}", {"name": "b"}),
        lambda: door.get(f"{ALL}/{workflow['id']}/inputs"),
        lambda: door.post(f"{ALL}/{workflow['id']}/inputs", {"name": "x", "variable_type_code": "string"}),
        lambda: door.post(f"{ALL}/test/a/runs", {"input": {}}),
        lambda: door.post("/v1/models/test/a/runs", {"input": {}}),
    )
    for ask in gone:
        problem(ask(), 404, "NOT_FOUND")
    assert ok(door.get(ALL))["items"] == []
    door.settle()
    assert get_run(door, made)["status_code"] == "succeeded"
    assert door.get(f"/v1/runs/{made['id']}/logs").status_code == 200


def test_absent_workflow_is_404_and_a_malformed_id_422(door: Door) -> None:
    problem(fits(door.get(f"{ALL}/{ABSENT}"), "get_comfyui_workflow"), 404, "NOT_FOUND")
    assert places(fits(door.get(f"{ALL}/nonsense"), "get_comfyui_workflow")) == [(["path", "id"], "uuid_parsing")]
    problem(fits(door.get(f"{ALL}/nobody/nothing"), "get_comfyui_workflow_by_slug"), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, [(["body", "name"], "missing"), (["body", "workflow_json"], "missing")]),
        ({"name": "", "workflow_json": {}}, [(["body", "name"], "string_too_short")]),
        ({"name": "x" * 256, "workflow_json": {}}, [(["body", "name"], "string_too_long")]),
        ({**FIXED, "workflow_json": []}, [(["body", "workflow_json"], "dict_type")]),
        ({**FIXED, "slug": "with space"}, [(["body", "slug"], "string_pattern_mismatch")]),
        ({**FIXED, "models": []}, [(["body", "models"], "dict_type")]),
        ({**FIXED, "inputs": [{"name": "a"}]}, [(["body", "inputs", 0, "variable_type_code"], "missing")]),
        ({**FIXED, "inputs": [{"name": "a", "variable_type_code": "string"}] * 2}, [(["body", "inputs", 1, "name"], "duplicate")]),
        (
            {**FIXED, "inputs": [None, {"name": "a", "variable_type_code": "string"}, {"name": "a", "variable_type_code": "string"}]},
            [(["body", "inputs", 0], "dict_type"), (["body", "inputs", 2, "name"], "duplicate")],
        ),
        ({**FIXED, "inputs": [{"name": f"{n}", "variable_type_code": "image"} for n in range(501)]}, [(["body", "inputs"], "too_long")]),
    ],
)
def test_bad_field_is_named_and_nothing_is_deployed(door: Door, body: Body, expected: list[tuple[list[str], str]]) -> None:
    door.get(ALL)
    before = history_length(door)
    assert places(fits(door.post(ALL, body), "create_comfyui_workflow")) == expected
    assert history_length(door) == before


def test_inputs_are_listed_and_added(door: Door) -> None:
    path = f"{ALL}/{deploy(door)['id']}/inputs"
    added = ok(
        fits(door.post(path, {"name": "Aux 1", "variable_type_code": "image", "sort_order": 2}), "create_comfyui_workflow_input"), 201
    )
    listed = ok(fits(door.get(path), "list_comfyui_workflow_inputs"))["items"]
    assert [each["name"] for each in listed] == ["logo", "Aux 1"]
    assert listed[1] == added
    assert [each["name"] for each in ok(door.get(f"{path}?q=name:'Aux 1'"))["items"]] == ["Aux 1"]
    problem(door.post(path, {"name": "Aux 1", "variable_type_code": "image"}), 409, "CONFLICT")
    assert places(fits(door.post(path, {}), "create_comfyui_workflow_input")) == [
        (["body", "name"], "missing"),
        (["body", "variable_type_code"], "missing"),
    ]


def test_any_lists_the_inputs_of_all_own_workflows_and_takes_none(door: Door) -> None:
    deploy(door, name="a")
    deploy(door, name="b")
    assert [each["name"] for each in ok(door.get(f"{ALL}/any/inputs"))["items"]] == ["logo", "logo"]
    added = door.post(f"{ALL}/any/inputs", {"name": "x", "variable_type_code": "string"})
    assert places(added) == [(["path", "comfyui_workflow_id"], "uuid_parsing")]


def test_full_tenant_takes_no_further_workflow() -> None:
    with Door(limits=Limits(workflows_max=1)) as door:
        deploy(door, name="a")
        problem(fits(door.post(ALL, {**FIXED, "name": "b"}), "create_comfyui_workflow"), 503, "SERVICE_UNAVAILABLE")


@pytest.mark.slow(is_covering=True)
def test_workflow_takes_500_inputs_and_no_more(door: Door) -> None:
    inputs = [{"name": f"{number}", "variable_type_code": "string"} for number in range(500)]
    path = f"{ALL}/{deploy(door, workflow_json={}, inputs=inputs)['id']}/inputs"
    problem(door.post(path, {"name": "x", "variable_type_code": "string"}), 503, "SERVICE_UNAVAILABLE")


def test_published_workflow_of_another_organization_is_in_every_world(door: Door) -> None:
    workflow = ok(fits(door.get(PUBLISHED), "get_comfyui_workflow_by_slug"))
    assert input_names(workflow) == ["primary_design_ref", "Aux Reference 1", "Aux Reference 2", "logo", "aspect_ratio", "prompt"]
    assert workflow["is_public"]
    assert ok(door.get(f"{ALL}/{workflow['id']}")) == workflow
    listed = ok(fits(door.get(f"{ALL}/{workflow['id']}/inputs"), "list_comfyui_workflow_inputs"))["items"]
    assert [each["name"] for each in listed] == input_names(workflow)
    assert ok(door.get(ALL))["items"] == [], "the list holds the organization's own"


def test_published_workflow_of_another_organization_cannot_be_changed(door: Door) -> None:
    workflow_id = ok(door.get(PUBLISHED))["id"]
    refused = (
        fits(door.patch(f"{ALL}/{workflow_id}", {"name": "mine"}), "update_comfyui_workflow"),
        fits(door.delete(f"{ALL}/{workflow_id}"), "delete_comfyui_workflow"),
        fits(door.post(f"{ALL}/{workflow_id}/inputs", {"name": "x", "variable_type_code": "y"}), "create_comfyui_workflow_input"),
    )
    for response in refused:
        problem(response, 403, "PERMISSION_DENIED")


def test_scope_decides_who_may_read_change_and_run() -> None:
    with Door() as door:
        made = ok(door.post("/_mock/tenants", {"name": "few", "scopes": ["comfyui-workflows:read"]}), 201)
        assert door.get(PUBLISHED, key=made["key"]).status_code == 200
        problem(door.post(ALL, FIXED, key=made["key"]), 403, "PERMISSION_DENIED")
        problem(door.post(f"{PUBLISHED}/runs", {"input": {}}, key=made["key"]), 403, "PERMISSION_DENIED")

from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from contract import fits
from doors import AUTO, BASE_URL, Door
from steps import Body, get_run, ok, places, post_fault, post_run, problem
from worlds import CALLBACK_URL

from runflow_mock.domain.records import Limits

ALL = "/v1/comfyui-workflows"
PUBLISHED = f"{ALL}/runflow-access/brand-locked-variant-nux"
DESIGN = "https://cdn.example.com/design.png"
INPUT = {"primary_design_ref": DESIGN, "Aux Reference 1": DESIGN, "aspect_ratio": "4:5", "prompt": "in autumn", "made_up": 1}


def run(door: Door, path: str = PUBLISHED, inputs: Body | None = None, **body: Any) -> Body:
    """Runs a workflow and returns the run."""
    return ok(fits(door.post(f"{path}/runs", {"input": INPUT if inputs is None else inputs, **body}), "create_comfyui_run"), 201)


def deploy(door: Door, *inputs: Body, name: str = "mine") -> str:
    """Deploys a workflow with these inputs and returns its path."""
    ok(door.post(ALL, {"name": name, "workflow_json": {}, "inputs": inputs}), 201)
    return f"{ALL}/test/{name}"


def test_run_of_a_workflow_is_a_run_with_another_target(door: Door) -> None:
    made = run(door, client_ref="ad-1", metadata={"sku": "1"})
    assert (made["target_type"], made["model_id"], made["comfyui_workflow_id"]) == (
        "comfyui_workflow",
        None,
        ok(door.get(PUBLISHED))["id"],
    )
    assert (made["status_code"], made["output"], made["input"], made["client_ref"]) == ("queued", None, INPUT, "ad-1")
    assert set(made) == set(post_run(door))
    assert ok(fits(door.get(f"/v1/runs/{made['id']}"), "get_run")) == made


def test_finished_run_carries_one_picture_in_the_wanted_form_and_its_price(door: Door) -> None:
    made = run(door)
    door.settle()
    ended = get_run(door, made)
    (file,) = ended["output"]["outputs"]
    assert (file["type"], file["width"], file["height"]) == ("image", 819, 1024)
    assert "/result_00001_.png?" in file["url"]
    assert (ended["status_code"], ended["cost"], ended["cost_breakdown"]["unit"]) == ("succeeded", "0.060000", "request")
    assert 50_000 <= ended["duration_ms"] <= 91_000


def test_logs_and_steps_of_the_run_are_those_of_the_workflow(door: Door) -> None:
    made = run(door)
    door.settle()
    (node,) = ok(door.get(f"/v1/runs/{made['id']}/node-runs"))["items"]
    messages = [line["message"] for line in ok(door.get(f"/v1/runs/{made['id']}/logs"))["items"]]
    assert (node["run_id"], node["state_code"]) == (made["id"], "succeeded")
    assert messages[0] == "run accepted for runflow-access/brand-locked-variant-nux"
    assert "step brand-locked-variant-nux finished" in messages


def test_client_that_polls_gets_its_result() -> None:
    with Door(AUTO) as door:
        made = run(door)
        states = [get_run(door, made)["status_code"] for _ in range(5)]
    assert states[-1] == "succeeded"


def test_receiver_is_told(door: Door) -> None:
    made = run(door, callback_url=CALLBACK_URL)
    door.settle()
    (delivery,) = cast(list[Body], door.get(f"/v1/runs/{made['id']}/callback").json())
    assert (delivery["payload"]["event"], delivery["payload"]["output"]) == ("run.completed", get_run(door, made)["output"])


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({}, (["body", "input", "primary_design_ref"], "missing")),
        ({**INPUT, "primary_design_ref": "design.png"}, (["body", "input", "primary_design_ref"], "string_pattern_mismatch")),
        ({**INPUT, "Aux Reference 1": 7}, (["body", "input", "Aux Reference 1"], "string_type")),
        ({**INPUT, "aspect_ratio": "7:1"}, (["body", "input", "aspect_ratio"], "enum")),
    ],
)
def test_input_is_checked_against_what_the_workflow_declares(door: Door, inputs: Body, expected: tuple[list[str], str]) -> None:
    assert places(fits(door.post(f"{PUBLISHED}/runs", {"input": inputs}), "create_comfyui_run")) == [expected]


def test_optional_input_may_be_null_or_left_out(door: Door) -> None:
    assert run(door, inputs={"primary_design_ref": DESIGN, "logo": None})["status_code"] == "queued"


def test_limits_that_an_owner_declares_are_checked(door: Door) -> None:
    path = deploy(
        door,
        {"name": "steps", "variable_type_code": "integer", "validator_code": "range", "validator_attrs": {"min": 1, "max": 50}},
        {"name": "prompt", "variable_type_code": "string", "validator_code": "length", "validator_attrs": {"max": 3}},
        {"name": "mode", "variable_type_code": "string", "is_required": True, "default_value": "fast"},
        {"name": "odd", "variable_type_code": "colour", "validator_code": "pattern", "validator_attrs": {"pattern": "("}},
    )
    assert run(door, path, {"steps": 50, "prompt": "abc", "odd": [1]})["input"]["odd"] == [1]
    wrong = places(door.post(f"{path}/runs", {"input": {"steps": 51, "prompt": "abcd"}}))
    assert sorted(wrong) == [(["body", "input", "prompt"], "string_too_long"), (["body", "input", "steps"], "less_than_equal")]


def test_input_that_was_added_is_checked_from_then_on(door: Door) -> None:
    path = deploy(door)
    run(door, path, {})
    workflow = ok(door.get(path))
    ok(door.post(f"{ALL}/{workflow['id']}/inputs", {"name": "logo", "variable_type_code": "image", "is_required": True}), 201)
    assert places(door.post(f"{path}/runs", {"input": {}})) == [(["body", "input", "logo"], "missing")]


def test_own_workflow_also_answers_under_the_path_of_models(door: Door) -> None:
    deploy(door)
    made = ok(fits(door.post("/v1/models/test/mine/runs", {"input": {}}), "create_run"), 201)
    assert (made["target_type"], made["model_id"]) == ("comfyui_workflow", None)
    published = ok(door.post("/v1/models/runflow-access/brand-locked-variant-nux/runs", {"input": INPUT}), 201)
    assert published["comfyui_workflow_id"] == ok(door.get(PUBLISHED))["id"]
    problem(door.post("/v1/models/test/mine/batches", {"input": [{}]}), 404, "NOT_FOUND")


def test_model_of_the_catalog_comes_before_a_workflow_of_the_same_path() -> None:
    with Door(tenant="runflow") as door:
        ok(door.post(ALL, {"name": "background-removal", "workflow_json": {}}), 201)
        assert post_run(door)["target_type"] == "model"
        assert run(door, f"{ALL}/runflow/background-removal", {})["target_type"] == "comfyui_workflow"


def test_recent_runs_are_those_of_the_workflow_newest_first(door: Door) -> None:
    post_run(door)
    first, second = run(door), run(door)
    run(door, deploy(door), {})
    listed = ok(fits(door.get(f"{PUBLISHED}/runs"), "list_comfyui_runs"))["items"]
    assert [each["id"] for each in listed] == [second["id"], first["id"]]
    assert len(ok(door.get("/v1/runs?q=target_type:comfyui_workflow"))["items"]) == 3
    problem(fits(door.get(f"{ALL}/nobody/nothing/runs"), "list_comfyui_runs"), 404, "NOT_FOUND")


def test_run_that_the_balance_does_not_cover_is_402(door: Door) -> None:
    poor = ok(door.post("/_mock/tenants", {"name": "poor", "balance": "0.05"}), 201)
    refused = door.post(f"{PUBLISHED}/runs", {"input": INPUT}, key=poor["key"])
    problem(fits(refused, "create_comfyui_run"), 402, "INSUFFICIENT_CREDITS")


def test_fault_rule_can_name_a_workflow(door: Door) -> None:
    deploy(door)
    post_fault(door, {"model": "test/mine"})
    failing, passing = run(door, f"{ALL}/test/mine", {}), run(door)
    door.settle()
    assert [get_run(door, each)["status_code"] for each in (failing, passing)] == ["failed", "succeeded"]


def test_outside_the_beta_nothing_is_deployed_or_run_and_all_is_readable() -> None:
    with Door(comfyui_beta=False) as door:
        for response in (
            fits(door.post(ALL, {}), "create_comfyui_workflow"),
            fits(door.post(f"{PUBLISHED}/runs", {"input": INPUT}), "create_comfyui_run"),
            door.post("/v1/models/runflow-access/brand-locked-variant-nux/runs", {"input": INPUT}),
        ):
            problem(response, 403, "COMFYUI_DEPLOY_BETA_NOT_ENABLED")
        assert door.get(PUBLISHED).status_code == door.get(ALL).status_code == door.get(f"{PUBLISHED}/runs").status_code == 200
        assert post_run(door)["target_type"] == "model"


def test_beta_is_an_option_of_the_tenant(door: Door) -> None:
    closed = ok(door.post("/_mock/tenants", {"name": "closed", "comfyui_beta": False}), 201)
    assert closed["comfyui_beta"] is False
    problem(door.post(f"{PUBLISHED}/runs", {"input": INPUT}, key=closed["key"]), 403, "COMFYUI_DEPLOY_BETA_NOT_ENABLED")
    assert ok(door.post("/_mock/tenants", {"name": "open"}), 201)["comfyui_beta"] is True


def test_repeated_request_with_a_key_makes_one_run(door: Door) -> None:
    body, headers = {"input": INPUT}, {"Idempotency-Key": "once"}
    first = door.post(f"{PUBLISHED}/runs", body, headers=headers)
    assert door.post(f"{PUBLISHED}/runs", body, headers=headers).json() == ok(first, 201)
    assert len(ok(door.get(f"{PUBLISHED}/runs"))["items"]) == 1


def test_workflow_of_another_tenant_is_not_there(door: Door) -> None:
    deploy(door)
    problem(door.get(f"{ALL}/test/mine", key="rf_live_mock_other"), 404, "NOT_FOUND")


def test_successful_run_is_evaluated_by_itself_for_nothing_within_about_two_minutes(door: Door) -> None:
    made = run(door)
    door.settle()
    ended = get_run(door, made)
    (evaluation,) = ok(fits(door.get(f"/v1/runs/{made['id']}/evaluations"), "list_run_evaluations"))["items"]
    assert (evaluation["status_code"], evaluation["run_id"], evaluation["target_type_code"]) == (
        "completed",
        made["id"],
        "comfyui_workflow",
    )
    assert evaluation["generated_image_url"] == ended["output"]["outputs"][0]["url"]
    assert (evaluation["generation_prompt"], evaluation["callback_url"]) == ("in autumn", None)
    waited = datetime.fromisoformat(evaluation["completed_at"]) - datetime.fromisoformat(ended["completed_at"])
    assert timedelta(seconds=80) <= waited <= timedelta(seconds=135)
    assert ok(door.get("/v1/billing/balance"))["balance"] == "9.940000"
    assert ok(door.get(f"/v1/runs/{made['id']}"))["current_evaluation_summary"] is not None


def test_both_feedback_routes_take_a_rating_of_the_evaluation_and_take_it_back(door: Door) -> None:
    made = run(door)
    door.settle()
    (evaluation,) = ok(door.get(f"/v1/runs/{made['id']}/evaluations"))["items"]
    for path in (f"/v1/evaluations/{evaluation['id']}/feedback", f"/v1/runs/{made['id']}/evaluations/{evaluation['id']}/feedback"):
        assert ok(door.patch(path, {"is_positive": True, "reason": "good"}))["feedback_is_positive"] is True
        assert ok(door.patch(path, {"is_positive": None}))["feedback_is_positive"] is None


def test_what_made_no_image_is_not_evaluated(door: Door) -> None:
    failing, passing, model_run = run(door, client_ref="fails"), run(door, client_ref="odd"), post_run(door)
    post_fault(door, {"client_ref": "fails"})
    post_fault(door, {"client_ref": "odd"}, {"kind": "succeed", "output": {"text": "no picture"}})
    door.settle()
    for each in (failing, passing, model_run):
        assert ok(door.get(f"/v1/runs/{each['id']}/evaluations"))["items"] == []


def test_full_world_ends_the_run_without_an_evaluation() -> None:
    with Door(limits=Limits(evaluations_max=1)) as door:
        first, second = run(door), run(door)
        door.settle()
        counts = [len(ok(door.get(f"/v1/runs/{each['id']}/evaluations"))["items"]) for each in (first, second)]
    assert sorted(counts) == [0, 1]


def test_output_file_is_a_picture_of_the_size_that_the_output_says(door: Door) -> None:
    made = run(door)
    door.settle()
    (file,) = get_run(door, made)["output"]["outputs"]
    answer = door.get(file["url"].removeprefix(BASE_URL), key=None)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert [int.from_bytes(answer.content[at : at + 4], "big") for at in (16, 20)] == [file["width"], file["height"]]


def test_file_inside_the_request_is_stored_and_shown_by_its_address(door: Door) -> None:
    made = run(door, inputs={"primary_design_ref": "data:image/png;base64,iVBORw0KGgo="})
    assert made["input"]["primary_design_ref"].startswith(f"{BASE_URL}/")

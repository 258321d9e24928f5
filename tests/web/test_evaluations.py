import json
from typing import Any

import pytest
from contract import document, fits
from doors import AUTO, Door
from jsonschema import Draft202012Validator
from steps import ABSENT, Body, advance, finished_run, history_length, ok, places, post_run, problem
from uploads import DATA_URI, PNG, assets, at, reference, upload
from worlds import CALLBACK_URL

from runflow_mock.domain.signing import sign_timestamped
from runflow_mock.runtime.sender import RecordingSender

EVALUATIONS = "/v1/evaluations"
IMAGE = "https://cdn.example.com/out.png"
SUBMITTED: Body = {"generated_image_url": IMAGE, "task_type": "headshot"}
PRICE = "0.020000"


def submit(door: Door, **body: Any) -> Body:
    return ok(fits(door.post(EVALUATIONS, {**SUBMITTED, **body}), "create_evaluation"), 202)


def read(door: Door, evaluation: Body, embed: str = "") -> Body:
    return ok(fits(door.get(f"{EVALUATIONS}/{evaluation['id']}{embed and '?embed='}{embed}"), "get_evaluation"))


def finished(door: Door, **body: Any) -> Body:
    evaluation = submit(door, **body)
    door.settle()
    return read(door, evaluation)


def figures(door: Door) -> tuple[str, str, str]:
    ledger = ok(door.get("/_mock/ledger"))
    assert all(each["held"] for each in ledger["invariants"])
    return ledger["balance"], ledger["held"], ledger["charged"]


def test_submission_is_accepted_and_pending(door: Door) -> None:
    evaluation = submit(door, client_ref="sku-1", reference_images=[{"url": IMAGE, "kind": "identity"}])
    assert {name: evaluation[name] for name in ("status_code", "job_class_code", "client_ref", "cost", "overall_passed", "run_id")} == {
        "status_code": "pending",
        "job_class_code": "standard",
        "client_ref": "sku-1",
        "cost": None,
        "overall_passed": None,
        "run_id": None,
    }
    assert evaluation["reference_images"] == [{"url": IMAGE, "kind": "identity"}]


def test_evaluation_runs_and_completes_with_a_verdict(door: Door) -> None:
    evaluation = submit(door)
    steps = [(step["from"], step["to"]) for step in door.settle() if step["kind"] == "evaluation"]
    assert steps == [("pending", "running"), ("running", "completed")]
    done = read(door, evaluation)
    assert (done["status_code"], done["cost"], done["failure_code"]) == ("completed", PRICE, None)
    assert isinstance(done["overall_passed"], bool)
    assert 0 <= done["weighted_pass_rate"] <= 1
    assert done["check_summary"]["total"] == done["analysis_modules_executed"] > 0
    assert done["top_strengths"]
    assert (done["judges"], done["action"], done["gate_failures"]) == (None, None, None)


def test_relations_are_embedded_on_request(door: Door) -> None:
    evaluation = submit(door)
    assert [read(door, evaluation, "judges,action,gate_failures")[name] for name in ("judges", "action", "gate_failures")] == [[], None, []]
    door.settle()
    done = read(door, evaluation, "judges,action,gate_failures")
    assert {judge["evaluation_id"] for judge in done["judges"]} == {evaluation["id"]}
    assert sum(judge["passed"] for judge in done["judges"]) == done["check_summary"]["passed"]
    assert done["action"]["code"] == done["primary_action_code"]
    assert (read(door, evaluation, "judges")["action"], read(door, evaluation, "action")["judges"]) == (None, None)
    assert places(fits(door.get(f"{EVALUATIONS}/{evaluation['id']}?embed=jury"), "get_evaluation")) == [(["query", "embed"], "value_error")]


def test_client_that_polls_sees_it_end() -> None:
    with Door(AUTO) as door:
        evaluation = submit(door)
        seen = [read(door, evaluation)["status_code"] for _ in range(3)]
    assert seen == ["pending", "running", "completed"]


@pytest.mark.slow(is_covering=True)
def test_verdicts_differ_and_repeat_under_the_seed() -> None:
    verdicts = []
    for _ in range(2):
        with Door() as door:
            submitted = [submit(door) for _ in range(6)]
            door.settle()
            verdicts.append([read(door, evaluation, "judges") for evaluation in submitted])
    assert verdicts[0] == verdicts[1]
    assert len({evaluation["weighted_pass_rate"] for evaluation in verdicts[0]}) > 1


def test_price_is_held_and_charged_on_completion(door: Door) -> None:
    submit(door)
    assert figures(door) == ("10.000000", PRICE, "0.000000")
    door.settle()
    assert figures(door) == ("9.980000", "0.000000", PRICE)
    entries = ok(door.get("/_mock/ledger"))["entries"]
    assert [(entry["kind"], entry["run_id"]) for entry in entries if entry["evaluation_id"]] == [
        ("hold", None),
        ("release", None),
        ("charge", None),
    ]


def test_what_the_balance_does_not_cover_is_402_and_creates_nothing() -> None:
    with Door() as door:
        ok(door.post("/_mock/ledger/credits", {"amount": "-9.99"}))
        before = history_length(door)
        problem(fits(door.post(EVALUATIONS, SUBMITTED), "create_evaluation"), 402, "INSUFFICIENT_CREDITS")
        assert history_length(door) == before


def test_image_that_is_gone_makes_it_fail_for_free(door: Door) -> None:
    failed = finished(door, generated_image_url=f"runflow://assets/{ABSENT}")
    assert (failed["status_code"], failed["failure_code"], failed["cost"], failed["overall_passed"]) == (
        "failed",
        "IMAGE_UNAVAILABLE",
        None,
        None,
    )
    assert figures(door) == ("10.000000", "0.000000", "0.000000")


@pytest.mark.parametrize("url", [IMAGE, "http://127.0.0.1/a.png", "data:none", f"runflow://assets/{ABSENT}"])
def test_image_may_be_an_address_or_an_asset(door: Door, url: str) -> None:
    assert submit(door, generated_image_url=url)["generated_image_url"] == url


def test_files_become_assets_and_are_read_as_signed_addresses(door: Door) -> None:
    other = "data:image/gif;base64,R0lGODlh"
    made = submit(
        door, generated_image_url=DATA_URI, reference_images=[{"url": other}], input_attributes={"look": [DATA_URI, "data: none"]}
    )
    first, second = sorted(assets(door), key=lambda asset: str(asset["name"]))
    assert [(asset["source_type"], asset["source_id"]) for asset in (first, second)] == [("evaluation", made["id"])] * 2
    assert (made["generated_image_url"], made["reference_images"]) == (first["url"], [{"url": second["url"]}])
    assert made["input_attributes"] == {"look": [first["url"], "data: none"]}
    assert at(door, made["generated_image_url"]).content == PNG
    advance(door, "1h")
    fresh = read(door, made)["generated_image_url"]
    assert at(door, fresh).content == PNG
    assert fresh != made["generated_image_url"]


def test_uploaded_image_is_read_as_a_signed_address_and_judged(door: Door) -> None:
    asset = upload(door)
    judged = finished(door, generated_image_url=reference(asset))
    assert (judged["status_code"], at(door, judged["generated_image_url"]).content) == ("completed", PNG)
    assert judged["generated_image_url"] == ok(door.get(f"/v1/assets/{asset['id']}"))["url"]


def test_file_that_cannot_be_read_is_refused_and_nothing_is_kept(door: Door) -> None:
    assert assets(door) == []
    before = history_length(door)
    answer = fits(door.post(EVALUATIONS, {**SUBMITTED, "reference_images": [{"url": "data:image/png;base64,?"}]}), "create_evaluation")
    assert places(answer) == [(["body", "reference_images", 0, "url"], "value_error")]
    assert (assets(door), history_length(door)) == ([], before)


@pytest.mark.parametrize(
    ("change", "loc", "kind"),
    [
        ({"generated_image_url": None}, ["generated_image_url"], "string_type"),
        ({"generated_image_url": "ftp://x"}, ["generated_image_url"], "string_pattern_mismatch"),
        ({"task_type": ""}, ["task_type"], "string_too_short"),
        ({"job_class": "express"}, ["job_class"], "enum"),
        ({"run_id": "nonsense"}, ["run_id"], "uuid_parsing"),
        ({"client_ref": "x" * 256}, ["client_ref"], "string_too_long"),
        ({"callback_url": "http://elsewhere.example"}, ["callback_url"], "url_scheme"),
        ({"reference_images": [{"url": IMAGE}] * 5}, ["reference_images"], "too_long"),
        ({"reference_images": [{"kind": "identity"}]}, ["reference_images", 0, "url"], "missing"),
        ({"input_attributes": []}, ["input_attributes"], "dict_type"),
    ],
)
def test_bad_field_is_named(door: Door, change: Body, loc: list[str | int], kind: str) -> None:
    assert places(fits(door.post(EVALUATIONS, {**SUBMITTED, **change}), "create_evaluation")) == [(["body", *loc], kind)]


def test_image_and_task_are_required(door: Door) -> None:
    assert places(door.post(EVALUATIONS, {})) == [(["body", "generated_image_url"], "missing"), (["body", "task_type"], "missing")]


def test_repeated_key_replays_the_answer_and_charges_once(door: Door) -> None:
    first, second = (door.post(EVALUATIONS, SUBMITTED, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, first.content) == (202, second.content)
    assert figures(door)[1] == PRICE
    other = door.post(EVALUATIONS, {**SUBMITTED, "task_type": "other"}, headers={"Idempotency-Key": "k"})
    problem(fits(other, "create_evaluation"), 409, "CONFLICT")


def test_evaluations_of_a_run_are_listed_newest_first_and_summed_up_in_it(door: Door) -> None:
    run = finished_run(door)
    assert run["current_evaluation_summary"] is None
    first, second = (submit(door, run_id=run["id"]) for _ in range(2))
    submit(door)
    listing = ok(fits(door.get(f"/v1/runs/{run['id']}/evaluations"), "list_run_evaluations"))
    assert [item["id"] for item in listing["items"]] == [second["id"], first["id"]]
    assert (first["target_type_code"], first["model_id"]) == ("model", run["model_id"])
    summary = {"passed": None, "status_code": "pending", "score": None}
    assert ok(door.get(f"/v1/runs/{run['id']}"))["current_evaluation_summary"] == summary
    door.settle()
    done = read(door, second)
    summary = {"passed": done["overall_passed"], "status_code": "completed", "score": done["weighted_pass_rate"]}
    assert ok(fits(door.get(f"/v1/runs/{run['id']}"), "get_run"))["current_evaluation_summary"] == summary


def test_list_takes_the_parameters_of_lists(door: Door) -> None:
    run = finished_run(door)
    wanted, _ = (submit(door, run_id=run["id"], client_ref=ref) for ref in ("a", "b"))
    path = f"/v1/runs/{run['id']}/evaluations"
    found = ok(fits(door.get(f"{path}?q=client_ref.eq:'a'&fields=id,judges&embed=judges"), "list_run_evaluations"))["items"]
    assert found == [{"id": wanted["id"], "judges": []}]
    page = ok(door.get(f"{path}?limit=1&sort_by=client_ref"))
    assert [item["client_ref"] for item in page["items"]] == ["a"]
    assert [item["client_ref"] for item in ok(door.get(f"{path}?limit=1&sort_by=client_ref&pq={page['next']}"))["items"]] == ["b"]


def test_feedback_is_set_and_cleared_by_both_routes(door: Door) -> None:
    run = finished_run(door)
    evaluation = submit(door, run_id=run["id"])
    for path, operation in (
        (f"{EVALUATIONS}/{evaluation['id']}/feedback", "set_evaluation_feedback"),
        (f"/v1/runs/{run['id']}/evaluations/{evaluation['id']}/feedback", "set_run_evaluation_feedback"),
    ):
        rated = ok(fits(door.patch(path, {"is_positive": False, "reason": "blurred"}), operation))
        assert (rated["feedback_is_positive"], rated["feedback_reason"]) == (False, "blurred")
        cleared = ok(fits(door.patch(path, {"is_positive": None, "reason": "blurred"}), operation))
        assert (cleared["feedback_is_positive"], cleared["feedback_reason"]) == (None, None)
        assert places(fits(door.patch(path, {"is_positive": "no"}), operation)) == [(["body", "is_positive"], "bool_type")]
        assert places(door.patch(path, {"is_positive": True, "reason": "x" * 2001})) == [(["body", "reason"], "string_too_long")]


def test_evaluation_of_another_run_is_not_found(door: Door) -> None:
    mine, other = post_run(door), post_run(door)
    evaluation = submit(door, run_id=mine["id"])
    response = door.patch(f"/v1/runs/{other['id']}/evaluations/{evaluation['id']}/feedback", {"is_positive": True})
    problem(fits(response, "set_run_evaluation_feedback"), 404, "NOT_FOUND")


def test_absent_things_are_404_and_malformed_ids_422(door: Door) -> None:
    problem(fits(door.get(f"{EVALUATIONS}/{ABSENT}"), "get_evaluation"), 404, "NOT_FOUND")
    problem(fits(door.post(EVALUATIONS, {**SUBMITTED, "run_id": ABSENT}), "create_evaluation"), 404, "NOT_FOUND")
    problem(door.get(f"/v1/runs/{ABSENT}/evaluations"), 404, "NOT_FOUND")
    problem(door.patch(f"{EVALUATIONS}/{ABSENT}/feedback", {"is_positive": True}), 404, "NOT_FOUND")
    assert places(door.get(f"{EVALUATIONS}/nonsense")) == [(["path", "id"], "uuid_parsing")]


def test_tables_list_statuses_and_job_classes(door: Door) -> None:
    statuses = ok(fits(door.get(f"{EVALUATIONS}/statuses"), "list_evaluation_statuses"))["items"]
    assert [(each["code"], each["is_terminal"]) for each in statuses] == [
        ("pending", False),
        ("running", False),
        ("completed", True),
        ("failed", True),
    ]
    classes = ok(fits(door.get(f"{EVALUATIONS}/job-classes"), "list_evaluation_job_classes"))["items"]
    assert [(each["code"], each["price"], each["is_active"]) for each in classes] == [("standard", PRICE, True)]
    assert [each["code"] for each in ok(door.get(f"{EVALUATIONS}/statuses?q=is_terminal:true&limit=1"))["items"]] == ["completed"]


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("evaluations:create", "POST", EVALUATIONS),
        ("evaluations:read", "GET", f"{EVALUATIONS}/statuses"),
        ("evaluations:edit", "PATCH", f"{EVALUATIONS}/{ABSENT}/feedback"),
    ],
)
def test_each_verb_needs_its_scope(scope: str, method: str, path: str) -> None:
    with Door() as door:
        ok(door.post("/_mock/tenants", {"name": "narrow", "scopes": ["runs:read"]}), 201)
        problem(door.request(method, path, key="rf_live_mock_narrow", json={}), 403, "PERMISSION_DENIED")
        ok(door.post("/_mock/tenants", {"name": "wide", "scopes": [scope]}), 201)
        assert door.request(method, path, key="rf_live_mock_wide", json={}).status_code != 403


def test_end_is_told_at_the_callback_url_signed_and_as_the_contract_says() -> None:
    sender = RecordingSender(500, 200)
    secret = "rf_whsec_of_the_organization"
    with Door(sender=sender, callback_secret=secret) as door:
        evaluation = finished(door, callback_url=CALLBACK_URL)
        (delivery,) = ok(door.get("/_mock/deliveries"))["items"]
    first, again = sender.sent
    assert first.body == again.body
    assert (delivery["evaluation_id"], delivery["state"], len(delivery["attempts"])) == (evaluation["id"], "succeeded", 2)
    assert "run_id" not in delivery
    for request in sender.sent:
        assert request.headers["Runflow-Signature"] == sign_timestamped(request.body, int(request.headers["Runflow-Timestamp"]), secret)
    payload = json.loads(first.body)
    assert payload["output"]["weighted_pass_rate"] == evaluation["weighted_pass_rate"]
    check_payload(payload)


def test_failure_is_told_without_output() -> None:
    sender = RecordingSender()
    with Door(sender=sender) as door:
        finished(door, callback_url=CALLBACK_URL, generated_image_url=f"runflow://assets/{ABSENT}")
    payload = json.loads(sender.sent[0].body)
    assert (payload["event"], payload["status"], payload["output"]) == ("evaluation.failed", "failed", None)
    check_payload(payload)


def check_payload(payload: Body) -> None:
    schema = document()["components"]["schemas"]["EvaluationCallbackPayload"]
    Draft202012Validator({**document(), **schema}).validate(payload)
    assert list(payload) == schema["x-key-order"]

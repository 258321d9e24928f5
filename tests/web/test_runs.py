from typing import Any

import msgspec
import pytest
from doors import Door
from steps import (
    ABSENT,
    INPUT,
    PRICE,
    RUNS,
    Body,
    advance,
    callback_run,
    finished_run,
    get_run,
    history_length,
    ok,
    places,
    post_batch,
    post_fault,
    post_run,
    problem,
)

from runflow_mock.web.runs import RENDERED_BYTES_MAX

RECORD = {
    "id", "flow_id", "model_id", "comfyui_workflow_id", "target_type", "target_version", "org_id", "status_code", "source_code", "input",
    "output", "context", "duration_ms", "cost", "cost_breakdown", "nodes_total", "nodes_completed", "resolved_template_id", "batch_id",
    "client_ref", "jurisdiction_code", "flow_version_id", "request_id", "created_by", "created_at", "started_at", "completed_at",
    "callback_url", "metadata", "has_logs", "has_node_runs", "links", "failure_code", "failure_message", "failure_stage_code",
    "feedback_is_positive", "feedback_reason", "source_chat_message_id", "current_evaluation_summary", "node_runs", "logs", "flow",
}  # fmt: skip


def test_new_run_is_queued_and_has_every_field_of_the_record(door: Door) -> None:
    run = post_run(door)
    assert set(run) == RECORD
    assert {name: run[name] for name in ("status_code", "output", "cost", "duration_ms", "completed_at")} == {
        "status_code": "queued",
        "output": None,
        "cost": None,
        "duration_ms": None,
        "completed_at": None,
    }
    assert run["created_at"] == "2026-01-01T00:00:00.000Z"


def test_poll_is_answered_before_anything_more_comes_of_it(door: Door) -> None:
    sent = list[Body]()

    async def receive() -> Body:
        raise AssertionError("a GET that announces no body has none to wait for")

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", f"Bearer {door.key}".encode())]
    scope = {"type": "http", "method": "GET", "path": "/v1/runs", "query_string": b"", "headers": headers}
    door.run(door.app(scope, receive, send))
    assert [message.get("status") for message in sent] == [200, None]


def test_runs_share_one_text_of_the_address_that_their_client_used(door: Door) -> None:
    ids = [post_run(door)["id"] for _ in range(2)]
    tenant = door.runtime.tenants.get("test")
    assert tenant is not None
    first, second = (tenant.world.store.run(run_id).base_url for run_id in ids)
    assert first is second


def test_run_has_no_top_level_url_or_outputs(door: Door) -> None:
    """One public client takes such a field for the result."""
    assert not {"url", "outputs", "error", "model"} & set(post_run(door))


def test_created_run_is_what_is_read(door: Door) -> None:
    run = post_run(door, metadata={"sku": "1", "deep": [1, None]}, client_ref="abc")
    assert get_run(door, run) == run
    assert (run["metadata"], run["client_ref"], run["input"]) == ({"sku": "1", "deep": [1, None]}, "abc", INPUT)


def test_request_id_of_the_answer_is_in_the_record(door: Door) -> None:
    response = door.post(RUNS, {"input": INPUT})
    assert response.headers["x-request-id"] == response.json()["request_id"]


def test_run_passes_through_its_states_in_order(door: Door) -> None:
    run = post_run(door)
    steps = [(step["from"], step["to"]) for step in door.settle() if step["kind"] == "run"]
    assert steps == [("queued", "dispatching"), ("dispatching", "running"), ("running", "succeeded")]
    assert get_run(door, run)["status_code"] == "succeeded"


def test_succeeded_run_carries_output_cost_and_duration(door: Door) -> None:
    run = finished_run(door)
    assert (run["status_code"], run["cost"], run["nodes_completed"]) == ("succeeded", PRICE, 1)
    assert list(run["output"]) == ["image_urls"]
    assert run["created_at"] < run["started_at"] < run["completed_at"]
    assert run["duration_ms"] == int(run["completed_at"][-7:-1].replace(".", ""))


def test_failed_run_answers_200_with_code_and_message(door: Door) -> None:
    post_fault(door, {"edge": "run.running->failed"})
    run = finished_run(door)
    assert {name: run[name] for name in ("status_code", "failure_code", "failure_stage_code", "output", "cost")} == {
        "status_code": "failed",
        "failure_code": "UPSTREAM_FAILED",
        "failure_stage_code": "execution",
        "output": None,
        "cost": "0.000000",
    }
    assert isinstance(run["failure_message"], str)


def test_output_url_carries_the_address_that_the_creator_used(door: Door) -> None:
    headers = {"X-Forwarded-Host": "mock.example:8443", "X-Forwarded-Proto": "https"}
    run = ok(door.post(RUNS, {"input": INPUT}, headers=headers), 201)
    door.settle()
    assert get_run(door, run)["output"]["image_urls"][0].startswith("https://mock.example:8443/media/test/")


@pytest.mark.parametrize("host", ["[::1", "[no address]", "[v1]", "www.runflow.io:99999", "a:b", "a:1:2", ":80"])
def test_what_is_no_host_is_in_no_address(door: Door, host: str) -> None:
    page = door.get("/llms.txt", headers={"X-Forwarded-Host": host})
    assert (page.status_code, host in page.text) == (200, False)
    run = ok(door.post(RUNS, {"input": INPUT}, headers={"X-Forwarded-Host": host}), 201)
    door.settle()
    assert get_run(door, run)["output"]["image_urls"][0].startswith("http://127.0.0.1:8787/media/test/")


def test_public_url_replaces_the_address_of_the_request() -> None:
    with Door(public_url="http://runflow:9999") as door:
        assert finished_run(door)["output"]["image_urls"][0].startswith("http://runflow:9999/media/test/")


@pytest.mark.parametrize("explicit", ["callback_url", "metadata", "client_ref"])
def test_optional_field_may_be_null(door: Door, explicit: str) -> None:
    assert post_run(door, **{explicit: None})[explicit] is None


def test_unknown_body_key_and_unknown_input_field_are_accepted(door: Door) -> None:
    run = post_run(door, input={**INPUT, "made_up": [1]}, priority="high")
    assert run["input"] == {**INPUT, "made_up": [1]}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (["body", "input"], "missing")),
        ({"input": None}, (["body", "input"], "dict_type")),
        ({"input": []}, (["body", "input"], "dict_type")),
        ({"input": {}}, (["body", "input", "image_url"], "missing")),
        ({"input": {"image_url": None}}, (["body", "input", "image_url"], "string_type")),
        ({"input": {"image_url": 7}}, (["body", "input", "image_url"], "string_type")),
        ({"input": {"image_url": "shirt.jpg"}}, (["body", "input", "image_url"], "string_pattern_mismatch")),
        ({"input": INPUT, "callback_url": 7}, (["body", "callback_url"], "string_type")),
        ({"input": INPUT, "callback_url": "https://"}, (["body", "callback_url"], "url_parsing")),
        ({"input": INPUT, "callback_url": "ftp://you.example/"}, (["body", "callback_url"], "url_scheme")),
        ({"input": INPUT, "callback_url": "https://a.example/" + "x" * 2048}, (["body", "callback_url"], "string_too_long")),
        ({"input": INPUT, "metadata": []}, (["body", "metadata"], "dict_type")),
        ({"input": INPUT, "metadata": {"x": "y" * 16_384}}, (["body", "metadata"], "too_long")),
        ({"input": INPUT, "client_ref": "x" * 256}, (["body", "client_ref"], "string_too_long")),
        ({"input": INPUT, "client_ref": 1}, (["body", "client_ref"], "string_type")),
    ],
)
def test_bad_field_is_named_and_nothing_is_created(door: Door, body: Body, expected: tuple[list[str], str]) -> None:
    door.get("/v1/runs")
    before = history_length(door)
    assert places(door.post(RUNS, body)) == [expected]
    assert history_length(door) == before


def test_all_bad_fields_are_named_at_once(door: Door) -> None:
    found = places(door.post(RUNS, {"input": {}, "client_ref": 1, "callback_url": "http://you.example"}))
    assert {loc[-1] for loc, _ in found} == {"image_url", "client_ref", "callback_url"}


def test_limits_themselves_are_allowed(door: Door) -> None:
    url = "https://a.example/".ljust(2048, "x")
    metadata = {"x": "y" * (16_384 - len('{"x":""}'))}
    run = post_run(door, callback_url=url, metadata=metadata, client_ref="x" * 255)
    assert (run["callback_url"], run["metadata"]) == (url, metadata)


@pytest.mark.parametrize("url", ["https://a.example/x.png", "http://a.example/x"])
def test_media_may_be_at_any_web_address(door: Door, url: str) -> None:
    assert post_run(door, input={"image_url": url})["input"] == {"image_url": url}


def test_unknown_model_is_404_and_names_the_nearest(door: Door) -> None:
    response = door.post("/v1/models/runflow/background-removel/runs", {"input": INPUT})
    problem(response, 404, "NOT_FOUND")
    assert "Did you mean runflow/background-removal?" in response.json()["message"]


def test_percent_encoded_model_id_finds_the_model(door: Door) -> None:
    assert ok(door.post("/v1/models/runflow%2Fbackground-removal/runs", {"input": INPUT}), 201)["status_code"] == "queued"


def test_absent_run_is_404_and_a_malformed_id_422(door: Door) -> None:
    problem(door.get(f"/v1/runs/{ABSENT}"), 404, "NOT_FOUND")
    assert places(door.get("/v1/runs/nonsense")) == [(["path", "id"], "uuid_parsing")]


def test_run_id_is_found_in_upper_case(door: Door) -> None:
    run = post_run(door)
    assert ok(door.get(f"/v1/runs/{run['id'].upper()}")) == run


def test_head_answers_as_get_without_a_body(door: Door) -> None:
    run = post_run(door)
    response = door.request("HEAD", f"/v1/runs/{run['id']}")
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-length"] == str(len(door.get(f"/v1/runs/{run['id']}").content))


def test_feedback_is_kept_and_taken_back(door: Door) -> None:
    run = post_run(door)
    path = f"/v1/runs/{run['id']}/feedback"
    given = ok(door.patch(path, {"is_positive": False, "reason": "blurred"}))
    assert (given["feedback_is_positive"], given["feedback_reason"]) == (False, "blurred")
    assert get_run(door, run) == given
    assert ok(door.patch(path, {"is_positive": None, "reason": "ignored"})) == run


@pytest.mark.parametrize("body", [{}, {"is_positive": "yes"}, {"is_positive": 1}, {"is_positive": True, "reason": "x" * 2001}])
def test_bad_feedback_is_refused(door: Door, body: Body) -> None:
    run = post_run(door)
    places(door.patch(f"/v1/runs/{run['id']}/feedback", body))
    assert get_run(door, run) == run


def test_feedback_on_an_absent_run_is_404(door: Door) -> None:
    problem(door.patch(f"/v1/runs/{ABSENT}/feedback", {"is_positive": True}), 404, "NOT_FOUND")


def test_administrator_stops_a_run_with_201_and_finds_it_ended_with_200(door: Door) -> None:
    run = post_run(door)
    path = f"/v1/admin/runs/{run['id']}/cancellation"
    stopped = ok(door.post(path, {"reason": "duplicate"}, key=door.admin_key), 201)
    assert (stopped["status_code"], stopped["output"], stopped["cost"]) == ("cancelled", None, "0.000000")
    before = history_length(door)
    assert ok(door.post(path, key=door.admin_key), 200) == stopped
    assert history_length(door) == before + 1, "the command is kept, without an event"


def test_cancelled_run_tells_its_receiver_and_stays_cancelled(door: Door) -> None:
    run = callback_run(door)
    ok(door.post(f"/v1/admin/runs/{run['id']}/cancellation", key=door.admin_key), 201)
    door.settle()
    payload = door.get(f"/v1/runs/{run['id']}/callback").json()[0]["payload"]
    assert (payload["event"], payload["status"], payload["output"]) == ("run.cancelled", "cancelled", None)
    assert get_run(door, run)["status_code"] == "cancelled"


def test_customer_cannot_cancel(door: Door) -> None:
    run = post_run(door)
    problem(door.post(f"/v1/admin/runs/{run['id']}/cancellation"), 403, "PERMISSION_DENIED")
    problem(door.post(f"/v1/runs/{run['id']}/cancel"), 404, "NOT_FOUND")
    problem(door.delete(f"/v1/runs/{run['id']}"), 405, "METHOD_NOT_ALLOWED")
    assert get_run(door, run) == run


@pytest.mark.parametrize("reason", ["ab", "x" * 501, 7])
def test_reason_of_a_cancellation_has_3_to_500_characters(door: Door, reason: object) -> None:
    run = post_run(door)
    path = f"/v1/admin/runs/{run['id']}/cancellation"
    assert places(door.post(path, {"reason": reason}, key=door.admin_key)) == [(["body", "reason"], "string_length")]
    assert ok(door.post(path, {"reason": "abc"}, key=door.admin_key), 201)["status_code"] == "cancelled"


def test_run_of_a_batch_says_so(door: Door) -> None:
    batch = post_batch(door, 1)
    run = ok(door.get(f"/v1/runs/{batch['items'][0]['run_id']}"))
    assert (run["source_code"], run["batch_id"], run["callback_url"]) == ("batch", batch["id"], None)
    assert post_run(door)["source_code"] == "api"


def test_speed_divides_running_times_and_leaves_timestamps_honest() -> None:
    with Door() as slow, Door(speed=10.0) as fast:
        slow_ms, quick = finished_run(slow)["duration_ms"], finished_run(fast)
    assert abs(quick["duration_ms"] * 10 - slow_ms) <= 15
    assert quick["completed_at"] == f"2026-01-01T00:00:00.{quick['duration_ms']:03}Z"


def test_run_reads_alike_until_something_is_due(door: Door) -> None:
    run = post_run(door)
    assert advance(door, 0.01) == []
    assert get_run(door, run) == run


def test_run_is_written_once_for_as_long_as_it_stays_as_it_is(door: Door) -> None:
    run = post_run(door)
    first, again = (_answer_to(door, run) for _ in range(2))
    advance(door, 1)
    moved = _answer_to(door, run)
    assert first is again
    assert (msgspec.json.decode(first)["status_code"], msgspec.json.decode(moved)["status_code"]) == ("queued", "running")


def test_long_run_is_not_held_once_more_as_it_was_written(door: Door) -> None:
    run = post_run(door, input={**INPUT, "note": "x" * RENDERED_BYTES_MAX})
    door.settle()
    assert get_run(door, run) == get_run(door, run)
    tenant = door.runtime.tenants.get("test")
    assert tenant is not None
    assert not tenant.rendered


def _answer_to(door: Door, run: Body) -> bytes:
    """The very bytes with which a poll was answered, as the journal has them."""
    get_run(door, run)
    tenant = door.runtime.tenants.get("test")
    assert tenant is not None
    assert tenant.journal.last is not None
    return tenant.journal.last.response_body

import pytest
from doors import Door
from steps import ABSENT, Body, advance, finished_run, ok, places, post_fault, post_run, problem

DYVER = "/v1/models/runflow/dyver-removal/runs"
STAGES = {"image_url": "https://cdn.example.com/a.jpg", "config": {"elements": ["tag_removal", "background_removal"]}}


def items(door: Door, path: str) -> list[Body]:
    found: list[Body] = ok(door.get(path))["items"]
    return found


def test_log_grows_with_the_run(door: Door) -> None:
    run = post_run(door)
    path = f"/v1/runs/{run['id']}/logs"
    assert [line["message"] for line in items(door, path)] == ["run accepted for runflow/background-removal"]
    door.settle()
    lines = items(door, path)
    assert len(lines) == 5
    assert [line["timestamp"] for line in lines] == sorted(line["timestamp"] for line in lines)
    assert lines[-1]["message"] == "run succeeded"


def test_log_line_is_read_alone_with_its_run(door: Door) -> None:
    run = finished_run(door)
    line = items(door, f"/v1/runs/{run['id']}/logs")[0]
    assert ok(door.get(f"/v1/runs/{run['id']}/logs/{line['id']}")) == line
    assert (line["run_id"], line["run"], line["level_code"]) == (run["id"], run, "info")


def test_failed_run_logs_an_error(door: Door) -> None:
    post_fault(door, {"edge": "run.running->failed"}, {"kind": "fail", "failure_code": "TIMEOUT"})
    run = finished_run(door)
    last = items(door, f"/v1/runs/{run['id']}/logs")[-1]
    assert last["level_code"] == "error"
    assert "TIMEOUT" in last["message"]


def test_any_searches_the_parts_of_all_runs(door: Door) -> None:
    first, second = finished_run(door), finished_run(door)
    assert {line["run_id"] for line in items(door, "/v1/runs/any/logs")} == {first["id"], second["id"]}
    nodes = items(door, "/v1/runs/any/node-runs")
    assert [node["run_id"] for node in nodes] == [first["id"], second["id"]]
    assert ok(door.get(f"/v1/runs/any/node-runs/{nodes[0]['id']}")) == nodes[0]


def test_part_of_another_run_is_404(door: Door) -> None:
    first, second = finished_run(door), finished_run(door)
    line = items(door, f"/v1/runs/{first['id']}/logs")[0]
    problem(door.get(f"/v1/runs/{second['id']}/logs/{line['id']}"), 404, "NOT_FOUND")
    problem(door.get(f"/v1/runs/{first['id']}/node-runs/{ABSENT}"), 404, "NOT_FOUND")


def test_parts_of_an_absent_run_are_404_and_of_a_malformed_id_422(door: Door) -> None:
    problem(door.get(f"/v1/runs/{ABSENT}/logs"), 404, "NOT_FOUND")
    problem(door.get(f"/v1/runs/{ABSENT}/node-runs"), 404, "NOT_FOUND")
    assert places(door.get("/v1/runs/all/node-runs")) == [(["path", "run_id"], "uuid_parsing")]


@pytest.mark.slow(is_covering=True)
def test_pipeline_shows_its_stages_one_after_the_other(door: Door) -> None:
    run = ok(door.post(DYVER, {"input": STAGES}), 201)
    path = f"/v1/runs/{run['id']}/node-runs?sort_by=created_at:asc"
    assert [node["state_code"] for node in items(door, path)] == ["queued", "queued"]
    advance(door, "10s")
    assert [node["state_code"] for node in items(door, path)] == ["running", "queued"]
    # The record is the same one when the first stage is done: time alone has moved on.
    assert ok(door.get(f"/v1/runs/{run['id']}"))["nodes_completed"] == 0
    while items(door, path)[0]["state_code"] == "running":
        advance(door, "500ms")
    assert [node["state_code"] for node in items(door, path)] == ["succeeded", "running"]
    assert ok(door.get(f"/v1/runs/{run['id']}"))["nodes_completed"] == 1
    door.settle()
    finished = items(door, path)
    assert [node["state_code"] for node in finished] == ["succeeded", "succeeded"]
    total = ok(door.get(f"/v1/runs/{run['id']}"))
    assert (total["nodes_total"], total["nodes_completed"]) == (2, 2)
    assert finished[0]["completed_at"] == finished[1]["started_at"]
    assert finished[1]["completed_at"] == total["completed_at"]


def test_node_of_a_failed_run_carries_the_message(door: Door) -> None:
    post_fault(door, {"edge": "run.running->failed"}, {"kind": "fail", "failure_message": "too dark"})
    run = finished_run(door)
    (node,) = items(door, f"/v1/runs/{run['id']}/node-runs")
    assert (node["state_code"], node["error_message"]) == ("failed", "too dark")


def test_node_runs_are_filtered_by_state_in_either_spelling(door: Door) -> None:
    run = post_run(door)
    ok(door.post(f"/v1/admin/runs/{run['id']}/cancellation", key=door.admin_key), 201)
    assert len(items(door, "/v1/runs/any/node-runs?q=state_code:canceled")) == 1
    assert len(items(door, "/v1/runs/any/node-runs?q=state_code:cancelled")) == 1
    assert items(door, "/v1/runs/any/node-runs?q=state_code:succeeded") == []

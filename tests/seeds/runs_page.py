"""Page 003: what a run is, how it goes, and how its result is had."""

from checks import SERVER, UUID7, created, ended, runs, served
from doors import Door
from facts import Fact
from steps import Body, callback_run, get_run, ok, post_fault

REPLACE = "/v1/models/runflow/background-replace/runs"
EXAMPLE: Body = {"input": {"prompt": "..."}, "callback_url": SERVER}


def _created(door: Door) -> None:
    run = created(door, REPLACE, EXAMPLE)
    assert UUID7.fullmatch(run["id"])
    assert (run["status_code"], run["output"]) == ("queued", None)
    assert get_run(door, run)["id"] == run["id"]


def _parts(door: Door) -> None:
    run = ended(door, created(door, REPLACE, EXAMPLE))
    assert (run["has_logs"], run["has_node_runs"]) == (True, True)
    for part in ("logs", "node-runs"):
        assert ok(door.get(f"/v1/runs/{run['id']}/{part}"))["items"]


def _lifecycle(door: Door) -> None:
    run = created(door, REPLACE, EXAMPLE)
    seen = ["queued"]
    while seen[-1] != "succeeded":
        ok(door.post("/_mock/clock/next"))
        now = get_run(door, run)["status_code"]
        seen += [] if now == seen[-1] else [now]
    assert seen == ["queued", "dispatching", "running", "succeeded"]


def _failed(door: Door) -> None:
    post_fault(door, {"edge": "run.running->failed"}, {"kind": "fail", "failure_message": "too dark"})
    run = ended(door, created(door, REPLACE, EXAMPLE))
    assert (run["status_code"], run["failure_message"]) == ("failed", "too dark")


def _cancelled(door: Door) -> None:
    run = created(door, REPLACE, EXAMPLE)
    ok(door.post(f"/v1/admin/runs/{run['id']}/cancellation", key=door.admin_key), 201)
    assert get_run(door, run)["status_code"] == "cancelled"


def _statuses(door: Door) -> None:
    codes = [each["code"] for each in ok(door.get("/v1/runs/statuses"))["items"]]
    assert codes == ["queued", "dispatching", "running", "succeeded", "partial_succeeded", "failed", "cancelled"]


def _batch_only(door: Door) -> None:
    run = ended(door, created(door, "/v1/models/google/nano-banana-pro/runs", {"input": {"prompt": "x", "num_images": 4}}))
    assert run["status_code"] == "succeeded"


def _told(door: Door) -> None:
    run = callback_run(door)
    assert ok(door.get("/_mock/deliveries"))["items"] == []
    door.settle()
    (delivery,) = ok(door.get("/_mock/deliveries"))["items"]
    assert delivery["run_id"] == run["id"]


def _polled(door: Door) -> None:
    run = created(door, REPLACE, {"input": {"prompt": "..."}})
    ended(door, run)
    assert (get_run(door, run)["status_code"], ok(door.get("/_mock/deliveries"))["items"]) == ("succeeded", [])


def _synchronous_model(door: Door) -> None:
    held = [model for model in door.runtime.catalog.models if model.output.sync_mode]
    assert 0 < len(held) < len(door.runtime.catalog.models)
    assert not any(model.output.sync_mode for model in held if model.owner == "runflow")


def _other_reads(door: Door) -> None:
    run = created(door, REPLACE, EXAMPLE)
    assert door.get(f"/v1/runs/{run['id']}/callback").json() == []


FACTS = (
    Fact("003-01", "the documentation has an index at /llms.txt", served("/llms.txt", "text/markdown", "## Every endpoint")),
    Fact("003-02", "a model's path may be deeper than two segments", runs("bytedance/seedance/2.0/fast/text-to-video", prompt="x")),
    Fact("003-03", "POST …/background-replace/runs with a prompt and a callback address answers at once with id and queued", _created),
    Fact("003-04", "a run has logs and node runs", _parts),
    Fact("003-05", "queued, dispatching, running, succeeded", _lifecycle),
    Fact("003-06", "failed, with a failure_message", _failed),
    Fact("003-07", "cancelled", _cancelled),
    Fact("003-08", "partial_succeeded is for batches only", _batch_only),
    Fact("003-09", "every status at GET /v1/runs/statuses", _statuses),
    Fact("003-10", "a callback is sent when the run ends, and not before", _told),
    Fact("003-11", "without a callback address the run is polled", _polled),
    Fact("003-12", "sync_mode belongs to single models and is not platform-wide", _synchronous_model),
    Fact("003-13", "GET /v1/runs/{id}, and the history of its callback", _other_reads),
    Fact("003-14", "what is best, a callback or polling", None, "advice; both are here"),
)

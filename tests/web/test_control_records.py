"""What the operator can look at: journal, history, ledger, deliveries, health; none of it shows a credential or a secret."""

import base64
import json

import pytest
from doors import MANUAL, Door
from msgspec.structs import replace
from steps import ABSENT, INPUT, RUNS, callback_run, finished_run, get_run, ok, post_batch, post_fault, post_run, problem, refusal

from runflow_mock import __version__
from runflow_mock.packaged import contract_date
from runflow_mock.runtime.sender import RecordingSender


def journal(door: Door, query: str = "") -> list[dict[str, object]]:
    items: list[dict[str, object]] = ok(door.get(f"/_mock/journal{query}"))["items"]
    return items


def test_journal_keeps_request_and_answer(door: Door) -> None:
    response = door.post(RUNS, {"input": INPUT}, headers={"Idempotency-Key": "k"})
    (exchange,) = ok(door.get("/_mock/journal"))["items"]
    assert (exchange["operation"], exchange["number"], exchange["at"]) == ("create_run", 1, "2026-01-01T00:00:00.000Z")
    assert exchange["id"] == response.headers["x-request-id"]
    assert (exchange["request"]["method"], exchange["request"]["target"]) == ("POST", RUNS)
    assert exchange["request"]["body"] == {"input": INPUT}
    assert exchange["request"]["headers"]["idempotency-key"] == "sha256:8254c329a92850f6d539dd376f4816ee"
    assert exchange["response"]["status"] == 201
    assert exchange["response"]["body"] == response.json()


@pytest.mark.parametrize("target", ["/v1/nothing", "/v1/runs?limit=0", f"/v1/runs/{ABSENT}"])
def test_journal_keeps_refusals_too(door: Door, target: str) -> None:
    door.get(target)
    (exchange,) = ok(door.get("/_mock/journal"))["items"]
    assert exchange["request"]["target"] == target
    assert exchange["response"]["status"] in (404, 422)


def test_journal_keeps_a_body_that_is_no_json_as_text(door: Door) -> None:
    door.request("POST", RUNS, content=b"{oops\xff")
    (exchange,) = ok(door.get("/_mock/journal"))["items"]
    assert exchange["request"]["body"] == "{oops\ufffd"


def test_journal_shows_the_latest_oldest_first(door: Door) -> None:
    for number in range(5):
        door.get(f"/v1/runs?limit={number + 1}")
    assert [item["number"] for item in journal(door, "?limit=2")] == [4, 5]
    assert [item["number"] for item in journal(door)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("limit", ["0", "2001", "x", "-1", ""])
def test_limit_of_the_journal_is_checked(door: Door, limit: str) -> None:
    refusal(door.get(f"/_mock/journal?limit={limit}"), 422)


@pytest.mark.parametrize(("requests", "dropped"), [(3, 0), (5, 2)])
def test_journal_is_bounded_and_counts_what_it_dropped(requests: int, dropped: int) -> None:
    with Door(limits=replace(MANUAL.limits, journal_max=3)) as door:
        for _ in range(requests):
            door.get("/v1/runs")
        found = ok(door.get("/_mock/journal"))
    assert (len(found["items"]), found["total"], found["dropped"]) == (3, requests, dropped)


def test_no_key_and_no_secret_is_in_anything_the_operator_reads() -> None:
    with Door(sender=RecordingSender(500), callback_secret="rf_whsec_pre_registered") as door:
        secrets = [ok(door.post("/v1/callback-secrets", {"label": "x"}), 201)["secret"], "rf_whsec_pre_registered"]
        door.post(RUNS, {"input": INPUT, "api_key": door.key}, headers={"X-Api-Key": door.key, "Cookie": door.key})
        callback_run(door)
        door.settle()
        door.get("/v1/auth/me")
        shown = "".join(door.get(f"/_mock/{name}").text for name in ("journal", "history", "deliveries", "ledger", "health"))
    for private in (*secrets, door.key, door.admin_key):
        assert private not in shown


@pytest.mark.slow(is_covering=True)
def test_real_key_of_a_client_is_listed_in_its_records_and_snapshots_alone() -> None:
    key = "rf_live_" + "PLANTED9f8e7d6c5b4a"
    with Door() as door:
        run = callback_run(door, client_ref=key, metadata={"note": key}, input={"image_url": f"https://example.com/{key}"})
        batch = post_batch(door, metadata={"note": key})
        acts = [door.post(f"/_mock/{noun}/cancel", {}) for noun in (f"runs/{run['id']}", f"batches/{batch['id']}")]
        door.settle()
        (delivery,) = ok(door.get("/_mock/deliveries"))["items"]
        acts.append(door.post(f"/_mock/deliveries/{delivery['id']}/resend", {}))
        paths = [verb["path"] for verb in ok(door.get("/_mock/"))["verbs"] if verb["method"] == "GET" and "{" not in verb["path"]]
        lists = ("/_mock/runs", "/_mock/batches", "/_mock/deliveries")
        rows = [f"{path}?limit=9" for path in lists]
        ones = [f"/_mock/{noun}" for noun in (f"runs/{run['id']}", f"batches/{batch['id']}", f"deliveries/{delivery['id']}")]
        # The stream of events ends only with its reader.
        shown = {path for path in (*paths, *rows, *ones) if path != "/_mock/events" and key in door.get(path).text}
    assert shown == {*lists, "/_mock/snapshot"}
    assert [key in act.text for act in acts] == [True] * 3


def test_history_tells_commands_and_events_in_order(door: Door) -> None:
    run = finished_run(door)
    history = ok(door.get("/_mock/history"))
    assert (history["seed"], history["started_at"], history["forgotten"]) == ("0", "2026-01-01T00:00:00.000Z", 0)
    events = [event["type"] for entry in history["entries"] for event in entry["events"]]
    assert events == ["CreditAdded", "RunCreated", "RunDispatched", "RunStarted", "RunSucceeded"]
    assert history["entries"][1]["command"]["type"] == "CreateRun"
    assert [entry["command"] for entry in history["entries"][2:]] == [None] * 3
    assert history["now"] == run["completed_at"]


def test_history_says_how_much_it_has_forgotten() -> None:
    with Door(limits=replace(MANUAL.limits, history_max=2)) as door:
        finished_run(door)
        history = ok(door.get("/_mock/history"))
    assert (len(history["entries"]), history["forgotten"]) == (1, 4)


def test_operator_cancels_a_run(door: Door) -> None:
    run = callback_run(door)
    stopped = ok(door.post(f"/_mock/runs/{run['id']}/cancel", {"reason": "as the service would"}))
    assert stopped["status_code"] == "cancelled"
    assert ok(door.post(f"/_mock/runs/{run['id']}/cancel")) == stopped == get_run(door, run)


def test_reason_that_is_kept_with_each_item_is_a_short_text(door: Door) -> None:
    """Four megabytes of it took two gigabytes with five hundred items."""
    batch = post_batch(door)
    told = refusal(door.post(f"/_mock/batches/{batch['id']}/cancel", {"reason": "x" * 2_001}), 422)
    assert "reason has 2001 characters; 2000 are possible" in told
    stopped = ok(door.post(f"/_mock/batches/{batch['id']}/cancel", {"reason": "x" * 2_000}))
    assert stopped["status_code"] == "cancelled"


def test_operator_asks_for_what_is_not_there(door: Door) -> None:
    for path in (f"/_mock/runs/{ABSENT}/cancel", "/_mock/batches/x/cancel"):
        refusal(door.post(path), 404, "not_found")
    assert "GET /_mock/" in refusal(door.get("/_mock/nothing"), 404, "not_found")
    assert "GET" in refusal(door.delete("/_mock/clock"), 405, "method_not_allowed")


def test_deliveries_are_shown_with_their_parent(door: Door) -> None:
    run = callback_run(door)
    batch = post_batch(door, callback_url="http://127.0.0.1:9/x")
    door.settle()
    found = ok(door.get("/_mock/deliveries"))["items"]
    assert {(item.get("run_id"), item.get("batch_id"), item["url"][-2:]) for item in found} == {
        (run["id"], None, "ok"), (None, batch["id"], "/x"),
    }  # fmt: skip


def test_health_and_version_need_no_key(door: Door) -> None:
    health = ok(door.get("/_mock/health", key=None))
    assert (health["status"], health["seed"], health["clock"], health["tenants"], health["models"]) == ("ok", "0", "manual", 0, 65)
    assert ok(door.get("/_mock/version", key=None)) == {"name": "runflow-mock", "version": __version__, "contract": contract_date()}


@pytest.mark.parametrize("noun", ["health", "tenants", "timeline", "history", "scenario/export", "report", "journal", "metrics", "clock"])
def test_seed_of_the_server_that_looks_like_a_key_is_shown_nowhere(noun: str) -> None:
    with Door(seed="rf_live_PLANTED9f8e7d6c5b4a") as door:
        post_run(door)
        told = door.get(f"/_mock/{noun}")
    assert (told.status_code, "PLANTED" in told.text) == (200, False)


def test_health_tells_of_errors_in_the_background() -> None:
    with Door() as door:
        door.runtime.report(None, ValueError("something broke"))
        health = ok(door.get("/_mock/health"))
        door.runtime.background_errors.clear()
    assert health["status"] == "degraded"
    assert "ValueError: something broke" in health["background_errors"][0]


def test_page_lists_every_verb_with_what_it_does(door: Door) -> None:
    verbs = ok(door.get("/_mock/", key=None))["verbs"]
    assert {"method": "POST", "path": "/_mock/clock/next", "what": "POST /_mock/clock/next"} in verbs
    assert all(verb["what"].startswith(f"{verb['method']} {verb['path']}") for verb in verbs)


@pytest.mark.parametrize(
    "path", ["/_mock/clock", "/_mock/journal", "/_mock/ledger", "/_mock/deliveries", "/_mock/history", "/_mock/faults"]
)
def test_verb_of_a_tenant_needs_its_key(door: Door, path: str) -> None:
    refusal(door.get(path, key=None), 401, "unauthorized")
    refusal(door.get(path, key="wrong"), 401, "unauthorized")
    assert door.get(path, key=door.admin_key).status_code == 200


def test_control_api_is_not_in_the_journal_and_polls_nothing(door: Door) -> None:
    run = post_run(door)
    for path in ("clock", "ledger", "journal"):
        door.get(f"/_mock/{path}")
    assert len(journal(door)) == 1
    assert get_run(door, run) == run


@pytest.mark.parametrize(("limit", "verb"), [("runs_max", "run"), ("batches_max", "batch"), ("secrets_max", "secret")])
def test_world_at_its_cap_says_which_and_one_below_is_fine(limit: str, verb: str) -> None:
    bodies = {
        "run": (RUNS, {"input": INPUT}),
        "batch": ("/v1/models/runflow/background-removal/batches", {"input": [INPUT]}),
        "secret": ("/v1/callback-secrets", {}),
    }
    with Door(limits=replace(MANUAL.limits, **{limit: 2})) as door:
        path, body = bodies[verb]
        assert [door.post(path, body).status_code for _ in range(2)] == [201, 201]
        response = door.post(path, body)
        problem(response, 503, "SERVICE_UNAVAILABLE")
        assert f"{limit} is 2" in response.json()["message"]


def test_batch_needs_room_for_all_its_runs() -> None:
    with Door(limits=replace(MANUAL.limits, runs_max=2)) as door:
        path = "/v1/models/runflow/background-removal/batches"
        problem(door.post(path, {"input": [INPUT] * 3}), 503, "SERVICE_UNAVAILABLE")
        assert ok(door.post(path, {"input": [INPUT] * 2}), 201)["items_total"] == 2


def test_rules_are_capped() -> None:
    with Door(limits=replace(MANUAL.limits, rules_max=1)) as door:
        post_fault(door, {})
        assert "rules_max is 1" in refusal(door.post("/_mock/faults", {"where": {}, "what": {"kind": "fail"}}), 409, "limit")


def test_oldest_remembered_answer_makes_room() -> None:
    with Door(limits=replace(MANUAL.limits, remembered_max=2)) as door:
        made = [ok(door.post(RUNS, {"input": INPUT}, headers={"Idempotency-Key": key}), 201)["id"] for key in "abcba"]
    first, second, third, again, anew = made
    assert again == second
    assert len({first, second, third, anew}) == 4


def test_body_of_a_verb_is_bounded(door: Door) -> None:
    raw = json.dumps({"name": "x" * (8 * 1024 * 1024)}).encode()
    refusal(door.request("POST", "/_mock/tenants", content=raw), 413, "too_large")


def test_history_hides_a_secret_in_a_remembered_answer(door: Door) -> None:
    made = ok(door.post("/v1/callback-secrets", {"label": "x"}, headers={"Idempotency-Key": "k"}), 201)
    history = door.get("/_mock/history").text
    encoded = base64.b64encode(made["secret"].encode()).decode().rstrip("=")
    assert made["secret"] not in history
    assert encoded[4:-4] not in history
    assert "RememberAnswer" in history

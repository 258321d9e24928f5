"""When rules of the exchange family act: at which requests and moments, how often, and what that leaves behind."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from doors import AUTO, Clocks, Door
from steps import (
    ABSENT,
    BATCHES,
    INPUT,
    MODEL,
    RUNS,
    Body,
    finished_run,
    get_run,
    history_length,
    ok,
    post_batch,
    post_fault,
    post_run,
    problem,
    refusal,
)
from uploads import PNG, at, open_upload, put, upload

from runflow_mock.web.connections import ConnectionFault
from runflow_mock.web.faults.plans import GARBAGE

FAULTS = "/_mock/faults"
CREATED = {"edge": "after_create_before_response"}
ADMISSION = {"edge": "before_admission"}
BUSY: Body = {"kind": "answer", "status": 503}
EVALUATION = {"generated_image_url": "https://cdn.example.com/a.png", "task_type": "headshot"}
DESIGN = {"primary_design_ref": "https://cdn.example.com/design.png"}
WORKFLOW = "/v1/comfyui-workflows/runflow-access/brand-locked-variant-nux/runs"


def create(door: Door, *, key: str | None = None, **body: Any) -> httpx.Response:
    return door.post(RUNS, {"input": INPUT, **body}, headers={} if key is None else {"Idempotency-Key": key})


def statuses(door: Door, path: str, count: int) -> list[int]:
    return [door.get(path).status_code for _ in range(count)]


def counters(door: Door, rule: Body) -> tuple[int, int]:
    told = ok(door.get(f"{FAULTS}/{rule['id']}"))
    return told["matched"], told["fired"]


def held(door: Door) -> str:
    figure: str = ok(door.get("/_mock/ledger"))["held"]
    return figure


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (RUNS, {"input": INPUT}),
        (BATCHES, {"input": [INPUT]}),
        ("/v1/batches", {"model": MODEL, "items": [{"input": INPUT}]}),
        (WORKFLOW, {"input": DESIGN}),
        ("/v1/evaluations", EVALUATION),
    ],
)
def test_before_admission_is_every_creation_and_nothing_is_done(door: Door, path: str, body: Body) -> None:
    rule = post_fault(door, ADMISSION, BUSY)
    before = history_length(door)
    problem(door.post(path, body), 503, "SERVICE_UNAVAILABLE")
    assert (counters(door, rule), held(door), history_length(door)) == ((1, 1), "0.000000", before + 1)
    assert door.get("/v1/runs").json()["items"] == []


def test_before_admission_comes_before_the_checks_of_the_body(door: Door) -> None:
    post_fault(door, ADMISSION, BUSY)
    for body in (b"{", b"[]", b'{"input": 5}', b"\xff", b"[" * 100_000):
        answer = door.request("POST", RUNS, content=body, headers={"Content-Type": "application/json"})
        problem(answer, 503, "SERVICE_UNAVAILABLE")


def test_bad_key_is_told_before_any_rule(door: Door) -> None:
    rule = post_fault(door, {"path": "**"}, BUSY)
    problem(door.get("/v1/runs", key="rf_live_of_somebody"), 401, "UNAUTHORIZED")
    assert counters(door, rule) == (0, 0)


def test_rule_acts_on_routes_that_do_not_exist(door: Door) -> None:
    post_fault(door, {"path": "/v1/no/**"}, BUSY)
    problem(door.get("/v1/no/such/route"), 503, "SERVICE_UNAVAILABLE")
    problem(door.get("/v1/nothing"), 404, "NOT_FOUND")


def test_operation_without_a_key_follows_the_rules_of_the_key_that_comes_along(door: Door) -> None:
    rule = post_fault(door, {"operation": "get_health"}, BUSY)
    assert (door.get("/v1/health").status_code, door.get("/v1/health", key=None).status_code) == (503, 200)
    assert door.get("/v1/health", key="rf_live_mock_somebody_else").status_code == 200
    assert door.get("/_mock/journal").json()["items"][-1]["fault"] == rule["id"]


@pytest.mark.parametrize(
    "where",
    [
        {"method": "POST"},
        {"method": "post", "path": "/v1/models/**/runs"},
        {"operation": "create_run"},
        {"model": MODEL},
        {"client_ref": "sku-1"},
        {"input": {"image_url": INPUT["image_url"]}},
        {"metadata": {"team": {"id": 7}}},
        {**ADMISSION, "client_ref": "sku-1", "path": "/v1/**"},
    ],
)
def test_rule_finds_a_creation_by_what_is_asked(door: Door, where: Body) -> None:
    post_fault(door, where, BUSY)
    asked: Body = {"client_ref": "sku-1", "metadata": {"team": {"id": 7, "name": "x"}}}
    assert create(door, **asked).status_code == 503


@pytest.mark.parametrize(
    "where",
    [
        {"method": "GET"},
        {"path": "/v1/models/*/runs"},
        {"operation": "create_batch"},
        {"model": "runflow/background-replace"},
        {"client_ref": "sku-2"},
        {"input": {"image_url": "x"}},
        {"metadata": {"team": {"id": 8}}},
        {"run_id": ABSENT},
    ],
)
def test_rule_lets_other_creations_pass(door: Door, where: Body) -> None:
    rule = post_fault(door, where, BUSY)
    assert create(door, client_ref="sku-1", metadata={"team": {"id": 7}}).status_code == 201
    assert counters(door, rule) == (0, 0)


@pytest.mark.parametrize("where", [{"input": {"n": 2}}, {"client_ref": "b"}])
def test_batch_meets_a_rule_by_any_of_its_items(door: Door, where: Body) -> None:
    post_fault(door, where, BUSY)
    items = [{"input": {**INPUT, "n": number}, "client_ref": ref} for number, ref in ((1, "a"), (2, "b"))]
    assert door.post(BATCHES, {"items": items}).status_code == 503
    assert door.post(BATCHES, {"items": items[:1]}).status_code == 201


def test_model_is_known_by_its_alias_and_in_the_body(door: Door) -> None:
    rule = post_fault(door, {"model": "flux-pro/kontext"}, BUSY)
    path = f"/v1/models/{rule['where']['model'].replace('/', '%2F')}/runs"
    assert door.post(path, {"input": {"prompt": "x"}}).status_code == 503
    assert door.post("/v1/batches", {"model": "flux-pro/kontext", "items": []}).status_code == 503
    assert create(door).status_code == 201


@pytest.mark.parametrize("name", ["model", "client_ref", "run_id", "input", "metadata"])
def test_rule_finds_the_readings_of_a_stored_run(door: Door, name: str) -> None:
    run, other = (post_run(door, client_ref=ref, metadata={"n": ref}, input={**INPUT, "n": ref}) for ref in "ab")
    narrow = {"model": MODEL, "client_ref": "a", "run_id": run["id"], "input": {"n": "a"}, "metadata": {"n": "a"}}
    post_fault(door, {"operation": "get_run", name: narrow[name]}, BUSY)
    assert door.get(f"/v1/runs/{run['id'].upper()}").status_code == 503
    assert door.get(f"/v1/runs/{other['id']}").status_code == (503 if name == "model" else 200)


def test_rule_finds_the_readings_of_a_stored_batch_and_of_an_evaluation(door: Door) -> None:
    batch, run = post_batch(door), finished_run(door)
    evaluation = ok(door.post("/v1/evaluations", {**EVALUATION, "run_id": run["id"], "client_ref": "mine"}), 202)
    post_fault(door, {"batch_id": batch["id"], "method": "GET"}, BUSY)
    post_fault(door, {"client_ref": "mine", "method": "GET"}, BUSY)
    assert door.get(f"/v1/batches/{batch['id']}").status_code == door.get(f"/v1/batches/{batch['id']}/items").status_code == 503
    assert door.get(f"/v1/evaluations/{evaluation['id']}").status_code == 503
    assert get_run(door, run)["id"] == run["id"]


def test_nth_reading_is_counted_for_each_record(door: Door) -> None:
    one, other, batch = post_run(door), post_run(door), post_batch(door)
    post_fault(door, {"edge": "on_poll[2]"}, BUSY)
    assert statuses(door, f"/v1/runs/{one['id']}", 4) == [200, 503, 200, 200]
    assert statuses(door, f"/v1/batches/{batch['id']}", 3) == [200, 503, 200]
    assert statuses(door, f"/v1/runs/{other['id']}", 2) == [200, 503]


def test_readings_are_counted_from_the_first_rule_that_asks_for_a_number(door: Door) -> None:
    run = post_run(door)
    path = f"/v1/runs/{run['id']}"
    statuses(door, path, 3)
    first = post_fault(door, {"edge": "on_poll[1]"}, BUSY)
    assert statuses(door, path, 2) == [503, 200]
    door.delete(f"{FAULTS}/{first['id']}")
    post_fault(door, {"edge": "on_poll[1]", "run_id": run["id"]}, BUSY)
    assert statuses(door, path, 2) == [503, 200]


def test_only_readings_of_one_record_are_polls(door: Door) -> None:
    run = post_run(door)
    post_fault(door, {"edge": "on_poll[1]"}, BUSY)
    for path in ("/v1/runs", f"/v1/runs/{run['id']}/callback", f"/v1/runs/{ABSENT}", "/v1/runs/nonsense"):
        assert door.get(path).status_code != 503, path
    assert door.get(f"/v1/runs/{run['id']}").status_code == 503


def test_lost_answer_is_replayed_under_its_key_and_nothing_is_charged_twice(door: Door) -> None:
    rule = post_fault(door, CREATED, {"kind": "answer", "status": 500})
    problem(create(door, key="k"), 500, "INTERNAL_ERROR")
    (run,) = door.get("/v1/runs").json()["items"]
    again = ok(create(door, key="k"), 201)
    assert (again["id"], held(door), counters(door, rule)) == (run["id"], "0.270000", (1, 1))


def test_lost_answer_without_a_key_makes_and_charges_a_second_run(door: Door) -> None:
    post_fault(door, CREATED, {"kind": "reset"}, {"times": 1})
    with pytest.raises(ConnectionFault):
        create(door)
    assert create(door).status_code == 201
    assert (len(door.get("/v1/runs").json()["items"]), held(door)) == (2, "0.540000")


@pytest.mark.parametrize("kind", ["hang", "reset", "empty", "garbage", "html", "truncate", "malformed", "latency", "slow_body"])
def test_every_kind_can_follow_a_creation(kind: str) -> None:
    with Door(clocks=Clocks(sleep=at_once)) as door:
        needed = {"seconds": 1} if kind in ("latency", "slow_body") else {}
        post_fault(door, CREATED, {"kind": kind, **needed})
        with suppress(ConnectionFault):
            create(door)
        assert len(door.get("/v1/runs").json()["items"]) == 1


@pytest.mark.parametrize(("path", "body"), [(BATCHES, {"input": [INPUT]}), (WORKFLOW, {"input": DESIGN}), ("/v1/evaluations", EVALUATION)])
def test_after_create_is_the_moment_of_every_creation(door: Door, path: str, body: Body) -> None:
    rule = post_fault(door, CREATED, BUSY)
    problem(door.post(path, body), 503, "SERVICE_UNAVAILABLE")
    assert (counters(door, rule), held(door) != "0.000000") == ((1, 1), True)


def test_nothing_follows_a_creation_that_was_refused(door: Door) -> None:
    rule = post_fault(door, CREATED, BUSY)
    assert door.post(RUNS, {"input": {}}).status_code == 422
    assert counters(door, rule) == (0, 0)


def test_latency_adds_up_with_another_rule() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    with Door(clocks=Clocks(sleep=sleep)) as door:
        waits, acts = post_fault(door, {}, {"kind": "latency", "seconds": 3}), post_fault(door, {}, BUSY)
        answer = create(door)
        told = door.get("/_mock/journal").json()["items"][-1]
        assert (answer.status_code, slept, answer.headers["runflow-mock-fault"]) == (503, [3.0], acts["id"])
        assert (counters(door, waits), told["fault"], told["elapsed_ms"] >= 3000) == ((1, 1), acts["id"], True)


def test_latency_between_two_bounds_is_drawn_from_the_seed() -> None:
    def draws() -> list[float]:
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        with Door(clocks=Clocks(sleep=sleep)) as door:
            post_fault(door, {}, {"kind": "latency", "seconds": 1, "up_to": 2})
            statuses(door, "/v1/runs", 5)
        return slept

    one, other = draws(), draws()
    assert one == other
    assert len(set(one)) == 5
    assert all(1 <= seconds <= 2 for seconds in one)


def test_first_rule_that_fires_wins_and_the_rest_is_not_met(door: Door) -> None:
    first, second = post_fault(door, {}, BUSY, {"times": 1}), post_fault(door, {}, {"kind": "html"})
    assert [create(door).status_code for _ in range(2)] == [503, 502]
    assert (counters(door, first), counters(door, second)) == ((2, 1), (1, 1))


def test_what_was_met_stands_in_the_history(door: Door) -> None:
    rule = post_fault(door, {}, BUSY, {"after": 1})
    statuses(door, "/v1/runs", 2)
    entries = ok(door.get("/_mock/history"))["entries"]
    met = [entry["command"]["met"] for entry in entries if (entry["command"] or {}).get("type") == "MeetRules"]
    assert met == [{rule["id"]: False}, {rule["id"]: True}]


def test_requests_that_meet_no_rule_leave_no_trace(door: Door) -> None:
    post_fault(door, {"operation": "create_batch"}, BUSY)
    post_fault(door, {"model": MODEL})
    before = history_length(door)
    statuses(door, "/v1/runs", 3)
    assert history_length(door) == before


def test_distorted_poll_still_moves_the_time_of_a_waiting_client() -> None:
    with Door(AUTO) as door:
        run = post_run(door)
        post_fault(door, {"operation": "get_run"}, {"kind": "truncate"}, {"times": 2})
        for _ in range(2):
            with pytest.raises(ConnectionFault):
                get_run(door, run)
        assert get_run(door, run)["status_code"] == "running"


def test_head_of_a_distorted_answer_has_no_body(door: Door) -> None:
    post_fault(door, {"path": "/v1/runs/statuses"}, {"kind": "malformed"})
    answer = door.request("HEAD", "/v1/runs/statuses")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 100


def test_answer_without_a_body_is_not_sent_when_it_is_cut(door: Door) -> None:
    secret = ok(door.post("/v1/callback-secrets"), 201)
    post_fault(door, {"method": "DELETE"}, {"kind": "truncate"})
    with pytest.raises(ConnectionFault) as raised:
        door.delete(f"/v1/callback-secrets/{secret['id']}")
    assert (raised.value.kind, raised.value.sent) == ("truncate", b"")


@pytest.mark.parametrize(
    ("kind", "part"), [("reset", 0), ("empty", 0), ("hang", 0), ("truncate", 0.5), ("reset_after_headers", 0.5), ("wrong_length", 1)]
)
def test_end_of_a_connection_is_an_exception_in_process(kind: str, part: float) -> None:
    with Door(clocks=Clocks(sleep=at_once)) as door:
        whole = door.get("/v1/runs/statuses").content
        post_fault(door, {}, {"kind": kind})
        with pytest.raises(ConnectionFault) as raised:
            door.get("/v1/runs/statuses")
        assert (raised.value.kind, raised.value.sent) == (kind, whole[: int(len(whole) * part)])


def test_garbage_in_process_is_told_with_the_exception(door: Door) -> None:
    post_fault(door, {}, {"kind": "garbage"})
    with pytest.raises(ConnectionFault) as raised:
        create(door)
    assert (raised.value.kind, raised.value.sent) == ("garbage", GARBAGE)


def test_client_in_process_reads_no_further_than_declared(door: Door) -> None:
    whole = door.get("/v1/runs/statuses").content
    post_fault(door, {}, {"kind": "wrong_length", "bytes_more": -4})
    assert door.get("/v1/runs/statuses").content == whole[:-4]


@pytest.mark.parametrize("what", [{"kind": "hang"}, {"kind": "latency", "seconds": 60}, {"kind": "slow_body", "seconds": 60}])
def test_client_that_leaves_ends_the_waiting(what: Body) -> None:
    async def for_ever(seconds: float) -> None:
        await asyncio.Event().wait()

    with Door(clocks=Clocks(sleep=for_ever)) as door:
        post_fault(door, {}, what)
        sent = asyncio.run(asyncio.wait_for(leave(door), 5))
        assert [message["type"] for message in sent] == (["http.response.start"] if what["kind"] == "slow_body" else [])
        assert door.get("/_mock/journal").json()["items"][-1]["fault"] is not None


async def leave(door: Door) -> list[Body]:
    """Calls the application for a client that hangs up as soon as it has asked, and returns what was sent to it."""
    sent: list[Body] = []
    incoming: Iterator[Body] = itertools.chain([{"type": "http.request", "body": b""}], itertools.repeat({"type": "http.disconnect"}))

    async def receive() -> Body:
        return next(incoming)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", f"Bearer {door.key}".encode())]
    scope = {"type": "http", "method": "GET", "path": "/v1/runs", "query_string": b"", "headers": headers}
    await door.app(scope, receive, send)
    return sent


async def at_once(seconds: float) -> None:
    """Sleeps no time at all."""


@pytest.mark.slow(is_covering=True)
def test_output_file_is_broken_off(door: Door) -> None:
    url = finished_run(door)["output"]["image_urls"][0]
    whole = at(door, url).content
    post_fault(door, {"path": "/media/**"}, {"kind": "truncate"})
    with pytest.raises(ConnectionFault) as raised:
        at(door, url)
    assert raised.value.sent == whole[: len(whole) // 2]


@pytest.mark.slow(is_covering=True)
def test_output_file_is_unavailable_for_one_run(door: Door) -> None:
    first, second = finished_run(door), finished_run(door)
    post_fault(door, {"path": "/media/**", "run_id": first["id"]}, BUSY)
    urls = [run["output"]["image_urls"][0] for run in (first, second)]
    problem(at(door, urls[0]), 503, "SERVICE_UNAVAILABLE")
    assert at(door, urls[1]).status_code == 200


def test_storage_refuses_in_its_own_form_and_keeps_nothing(door: Door) -> None:
    post_fault(door, {"path": "/_upload/**", "method": "PUT"}, BUSY, {"times": 1})
    session = open_upload(door)
    answer = put(door, session)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/xml")
    assert "<Code>SERVICE_UNAVAILABLE</Code>" in answer.text
    assert put(door, session).status_code == 200


def test_asset_download_is_broken(door: Door) -> None:
    asset = upload(door)
    post_fault(door, {"path": "/files/**"}, {"kind": "malformed"})
    assert at(door, asset["url"]).content == PNG[:-1]


def test_usual_answers_speak_the_dialect() -> None:
    for dialect, code, header in (("seed", "INSUFFICIENT_CREDITS", "1"), ("docs", "INSUFFICIENT_CREDIT", None)):
        with Door(dialect=dialect) as door:
            post_fault(door, {}, {"kind": "answer", "status": 402}, {"times": 1})
            problem(create(door), 402, code)
            post_fault(door, {}, {"kind": "answer", "status": 429})
            answer = create(door)
            problem(answer, 429, "RATE_LIMITED")
            assert answer.headers.get("retry-after") == header


def test_answer_is_sent_as_it_is_given(door: Door) -> None:
    what = {"kind": "answer", "status": 418, "text": "short and stout", "headers": {"Content-Type": "text/tea", "X-Pot": "brown"}}
    rule = ok(door.post(FAULTS, {"label": "tea", "where": {}, "what": what}), 201)
    answer = create(door)
    assert (answer.status_code, answer.text) == (418, "short and stout")
    shown = {name: answer.headers[name] for name in ("content-type", "x-pot", "runflow-mock-fault", "runflow-mock-fault-label")}
    assert shown == {"content-type": "text/tea", "x-pot": "brown", "runflow-mock-fault": rule["id"], "runflow-mock-fault-label": "tea"}


@pytest.mark.parametrize("label", ["Störung", "two\nlines", " padded", ""])
def test_label_that_fits_no_header_is_left_out(door: Door, label: str) -> None:
    door.post(FAULTS, {"label": label, "where": {}, "what": BUSY})
    answer = create(door)
    assert answer.status_code == 503
    assert "runflow-mock-fault-label" not in answer.headers


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding"])
def test_header_that_would_break_the_framing_is_refused_with_the_way_out(door: Door, name: str) -> None:
    answer = door.post(FAULTS, {"where": {}, "what": {"kind": "answer", "status": 200, "headers": {name: "5"}}})
    assert "wrong_length" in refusal(answer, 422)


def test_tenants_under_opposite_faults_never_meet(door: Door) -> None:
    other = ok(door.post("/_mock/tenants", {"name": "other"}), 201)["key"]
    post_fault(door, {}, BUSY)
    ok(door.post(FAULTS, {"where": {}, "what": {"kind": "html"}}, key=other), 201)
    assert [(create(door).status_code, door.get("/v1/runs", key=other).status_code) for _ in range(3)] == [(503, 502)] * 3


def test_rules_of_runs_say_nothing_about_requests(door: Door) -> None:
    post_fault(door, {"model": MODEL})
    assert create(door).status_code == 201


def test_batch_that_was_created_meets_a_rule_by_any_of_its_items(door: Door) -> None:
    post_fault(door, {**CREATED, "client_ref": "b"}, BUSY)
    items = [{"input": INPUT, "client_ref": ref} for ref in "ab"]
    assert [door.post(BATCHES, {"items": each}).status_code for each in (items, items[:1])] == [503, 201]
    assert len(door.get("/v1/batches").json()["items"]) == 2


def test_rule_comes_before_the_magic_of_a_request(door: Door) -> None:
    rule = post_fault(door, {**CREATED, "client_ref": "mock:lost"}, BUSY)
    answer = create(door, client_ref="mock:lost")
    assert (answer.status_code, answer.headers["runflow-mock-fault"]) == (503, rule["id"])

"""Every point on which the sources disagree: the default, the other way, and each switch on its own."""

from collections.abc import Iterator

import pytest
from doors import Door
from steps import ABSENT, INPUT, RUNS, Body, callback_run, finished_run, ok, places, post_batch, post_fault, post_run, problem
from worlds import CALLBACK_URL

from runflow_mock.domain.money import parse_money
from runflow_mock.runtime.sender import RecordingSender


@pytest.fixture
def docs() -> Iterator[Door]:
    with Door(dialect="docs") as opened:
        yield opened


def cancelled_run(door: Door) -> Body:
    run = callback_run(door)
    ok(door.post(f"/v1/admin/runs/{run['id']}/cancellation", key=door.admin_key), 201)
    door.settle()
    return ok(door.get(f"/v1/runs/{run['id']}"))


def payload(door: Door, run: Body) -> Body:
    found: Body = door.get(f"/v1/runs/{run['id']}/callback").json()[0]["payload"]
    return found


def test_d1_both_batch_forms_in_every_dialect(docs: Door) -> None:
    body = {"items": [{"input": INPUT}]}
    assert ok(docs.post("/v1/models/runflow/background-removal/batches", body), 201)["items_total"] == 1


@pytest.mark.parametrize(("dialect", "spelling"), [("seed", "cancelled"), ("docs", "canceled")])
def test_d2_status_is_spelt_as_the_dialect_says_and_the_event_never(dialect: str, spelling: str) -> None:
    with Door(dialect=dialect) as door:
        run = cancelled_run(door)
        sent = payload(door, run)
        assert (run["status_code"], sent["status"], sent["event"]) == (spelling, spelling, "run.cancelled")
        codes = [item["code"] for item in ok(door.get("/v1/runs/statuses"))["items"]]
        assert spelling in codes


@pytest.mark.parametrize("dialect", ["seed", "docs"])
@pytest.mark.parametrize("spelling", ["cancelled", "canceled"])
def test_d2_filters_take_both_spellings(dialect: str, spelling: str) -> None:
    with Door(dialect=dialect) as door:
        run = cancelled_run(door)
        post_run(door)
        assert [item["id"] for item in ok(door.get(f"/v1/runs?q=status_code:{spelling}"))["items"]] == [run["id"]]


@pytest.mark.parametrize("dialect", ["seed", "docs"])
@pytest.mark.parametrize("spelling", ["cancelled", "canceled"])
def test_d2_table_of_statuses_is_filtered_by_both_spellings(dialect: str, spelling: str) -> None:
    with Door(dialect=dialect) as door:
        shown = {"seed": "cancelled", "docs": "canceled"}[dialect]
        assert [item["code"] for item in ok(door.get(f"/v1/runs/statuses?q=code:{spelling}"))["items"]] == [shown]


def test_d2_counters_keep_their_name(docs: Door) -> None:
    batch = post_batch(docs)
    stopped = ok(docs.post(f"/_mock/batches/{batch['id']}/cancel"))
    assert (stopped["status_code"], stopped["items_cancelled"], stopped["items"][0]["status_code"]) == ("canceled", 2, "canceled")
    assert stopped["output"]["cancelled"] == 2


@pytest.mark.parametrize(("dialect", "ending"), [("seed", "Z"), ("docs", "+00:00")])
def test_d3_callback_times_end_as_the_dialect_says_and_rest_times_in_z(dialect: str, ending: str) -> None:
    with Door(dialect=dialect) as door:
        run = finished_run(door, callback_url=CALLBACK_URL)
        sent = payload(door, run)
    assert sent["created_at"] == "2026-01-01T00:00:00.000" + ending
    assert sent["completed_at"].endswith(ending)
    assert run["completed_at"].endswith("Z")


@pytest.mark.parametrize(("dialect", "code"), [("seed", "INSUFFICIENT_CREDITS"), ("docs", "INSUFFICIENT_CREDIT")])
def test_d5_want_of_credit(dialect: str, code: str) -> None:
    with Door(dialect=dialect, balance=parse_money("0")) as door:
        problem(door.post(RUNS, {"input": INPUT}), 402, code)


@pytest.mark.parametrize(("dialect", "code"), [("seed", "NOT_FOUND"), ("docs", "RUN_NOT_FOUND")])
def test_d6_absent_run(dialect: str, code: str) -> None:
    with Door(dialect=dialect) as door:
        problem(door.get(f"/v1/runs/{ABSENT}"), 404, code)
        problem(door.get(f"/v1/batches/{ABSENT}"), 404, "NOT_FOUND")
        problem(door.get("/v1/nothing"), 404, "NOT_FOUND")


def test_d12_cursors_have_two_names_in_docs_only(docs: Door, door: Door) -> None:
    for each in (docs, door):
        post_run(each)
        post_run(each)
    page = ok(docs.get("/v1/runs?limit=1"))
    second = ok(docs.get(f"/v1/runs?limit=1&pq={page['next_pq']}"))
    assert (page["next_pq"], page["prev_pq"], second["prev_pq"]) == (page["next"], None, second["previous"])
    assert set(ok(door.get("/v1/runs?limit=1"))) == {"items", "first", "next", "previous"}


@pytest.mark.parametrize("dialect", ["seed", "docs"])
def test_d15_output_of_a_failure(dialect: str) -> None:
    expected = {"code": "TIMEOUT", "message": "too slow", "stage": "execution"} if dialect == "docs" else None
    with Door(dialect=dialect) as door:
        post_fault(door, {"edge": "run.running->failed"}, {"kind": "fail", "failure_code": "TIMEOUT", "failure_message": "too slow"})
        assert payload(door, finished_run(door, callback_url=CALLBACK_URL))["output"] == expected


@pytest.mark.parametrize("dialect", ["seed", "docs"])
def test_d15_output_of_a_cancelled_run_is_null(dialect: str) -> None:
    with Door(dialect=dialect) as door:
        assert payload(door, cancelled_run(door))["output"] is None


@pytest.mark.parametrize(
    ("dialect", "names"),
    [("seed", {"Runflow-Signature", "Runflow-Timestamp", "Runflow-Request-Id"}), ("docs", {"Runflow-Signature", "Runflow-Request-Id"})],
)
def test_d19_headers_of_a_callback(dialect: str, names: set[str]) -> None:
    sender = RecordingSender()
    with Door(dialect=dialect, sender=sender, callback_secret="rf_whsec_0123") as door:
        finished_run(door, callback_url=CALLBACK_URL)
    headers = sender.sent[0].headers
    assert {name for name in headers if name.startswith("Runflow-")} == names
    assert len(headers["Runflow-Signature"].removeprefix("v1=")) == 64


@pytest.mark.parametrize(("dialect", "prefix"), [("seed", "rf_whsec_"), ("docs", "whsec_")])
def test_d20_prefix_of_a_secret(dialect: str, prefix: str) -> None:
    with Door(dialect=dialect) as door:
        assert ok(door.post("/v1/callback-secrets", {}), 201)["plain_secret"].startswith(prefix)


def test_switch_is_set_on_its_own_for_a_server() -> None:
    with Door(switches={"status_spelling": "us"}) as door:
        assert cancelled_run(door)["status_code"] == "canceled"
        problem(door.get(f"/v1/runs/{ABSENT}"), 404, "NOT_FOUND")


def test_tenant_speaks_its_own_dialect_beside_others(door: Door) -> None:
    docs = ok(door.post("/_mock/tenants", {"dialect": "docs", "switches": {"status_spelling": "uk"}}), 201)
    problem(door.get(f"/v1/runs/{ABSENT}", key=docs["key"]), 404, "RUN_NOT_FOUND")
    assert "cancelled" in door.get("/v1/runs/statuses", key=docs["key"]).text
    problem(door.get(f"/v1/runs/{ABSENT}"), 404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/v1/batches", "/v1/callback-secrets"])
def test_strict_hides_inferred_routes(path: str) -> None:
    with Door(strict=True) as door:
        problem(door.get(path), 404, "NOT_FOUND")
    with Door() as door:
        assert ok(door.get(path))["items"] == []


@pytest.mark.parametrize(("path", "allowed"), [("/v1/batches", "POST"), (f"/v1/callback-secrets/{ABSENT}", "DELETE, GET, PATCH")])
def test_strict_allows_no_method_that_is_only_inferred(path: str, allowed: str) -> None:
    with Door(strict=True) as door:
        response = door.request("PUT", path)
        problem(response, 405, "METHOD_NOT_ALLOWED")
        assert response.headers["allow"] == allowed


def test_strict_knows_no_path_of_guesses_alone() -> None:
    with Door(strict=True) as door:
        problem(door.request("PUT", "/v1/solutions"), 404, "NOT_FOUND")
    with Door() as door:
        problem(door.request("PUT", "/v1/solutions"), 405, "METHOD_NOT_ALLOWED")


def test_strict_keeps_documented_and_named_routes() -> None:
    with Door(strict=True) as door:
        for path in ("/v1/runs", "/v1/credit-balances", "/v1/runs/statuses"):
            ok(door.get(path))
        ok(door.post("/v1/batches", {"model": "runflow/background-removal", "input": [INPUT]}), 201)


def test_strict_can_be_one_tenants_own(door: Door) -> None:
    strict = ok(door.post("/_mock/tenants", {"strict": True}), 201)["key"]
    response = door.post(RUNS, {"input": INPUT, "callback_url": CALLBACK_URL}, key=strict)
    assert places(response) == [(["body", "callback_url"], "url_scheme")]
    assert callback_run(door)["callback_url"] == CALLBACK_URL

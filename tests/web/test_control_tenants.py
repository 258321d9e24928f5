import gc
import weakref
from typing import Any

import pytest
from doors import Door
from steps import INPUT, RUNS, Body, callback_run, finished_run, get_run, ok, post_fault, post_run, problem, refusal

from runflow_mock.domain.money import parse_money
from runflow_mock.runtime.sender import RecordingSender
from runflow_mock.wire.control import MESSAGE_CHARACTERS_MAX

TENANTS = "/_mock/tenants"


def test_tenant_without_wishes_gets_a_name_and_the_servers_defaults() -> None:
    with Door(seed="7", dialect="docs", balance=parse_money("2.5")) as door:
        tenant = ok(door.post(TENANTS, key=None), 201)
    assert {
        name: tenant[name] for name in ("tenant", "key", "admin_key", "seed", "dialect", "balance", "clock", "client_time", "strict")
    } == {
        "tenant": "t1",
        "key": "rf_live_mock_t1",
        "admin_key": "rf_svc_mock_t1",
        "seed": "7",
        "dialect": "docs",
        "balance": "2.500000",
        "clock": "manual",
        "client_time": "wall",
        "strict": False,
    }
    assert "runs:create" in tenant["scopes"]
    assert "admin" not in tenant["scopes"]


def test_every_setting_is_kept_and_shown(door: Door) -> None:
    body: Body = {
        "name": "shop",
        "seed": 42,
        "clock": {"scale": 60},
        "speed": 2.5,
        "start": "2027-05-01T00:00:00Z",
        "balance": "3.5",
        "scopes": ["runs:read"],
        "keys": [{"name": "ci", "scopes": ["runs:create"]}],
        "dialect": "docs",
        "switches": {"signature": "timestamped"},
        "client_time": "virtual",
        "callback_secret": "rf_whsec_given",
        "batch_limit": 7,
        "concurrency": {"runflow/dyver-removal": 2, "*": 5},
        "strict": True,
    }
    tenant = ok(door.post(TENANTS, body), 201)
    shown = {**body, "tenant": "shop", "seed": "42", "start": "2027-05-01T00:00:00.000Z", "balance": "3.500000"}
    del shown["name"], shown["keys"], shown["callback_secret"]
    assert {name: tenant[name] for name in shown} == shown
    assert tenant["keys"] == {"default": "rf_live_mock_shop", "admin": "rf_svc_mock_shop", "ci": "rf_live_mock_shop_ci"}
    assert "rf_whsec_given" not in door.get(f"{TENANTS}/shop").text
    assert ok(door.get(f"{TENANTS}/shop")) == tenant


@pytest.mark.parametrize(
    "asked",
    [
        {"name": "of_the_other_shop"},
        {"name": "one", "seed": "x of_the_other_shop"},
        {"name": "one", "keys": [{"name": "of_the_other_shop", "scopes": []}]},
        {"name": "one", "folders": ["of_the_other_shop"]},
    ],
    ids=lambda asked: list(asked)[-1],
)
def test_secret_of_another_tenant_is_shown_nowhere_in_what_was_said_of_a_tenant(door: Door, asked: Body) -> None:
    ok(door.post(TENANTS, {"name": "two", "callback_secret": "of_the_other_shop"}), 201)
    made = door.post(TENANTS, asked)
    again = door.get(f"{TENANTS}/{asked['name']}")
    assert (made.status_code, again.status_code) == (201, 200)
    assert "of_the_other_shop" not in made.text + again.text


@pytest.mark.parametrize("secret", ["runs:create", "mock_one_shop"])
def test_key_and_scope_are_shown_also_where_another_tenant_has_made_a_secret_of_them(door: Door, secret: str) -> None:
    ok(door.post(TENANTS, {"name": "two", "callback_secret": secret}), 201)
    made = ok(door.post(TENANTS, {"name": "one_shop"}), 201)
    assert (made["key"], "runs:create" in made["scopes"]) == ("rf_live_mock_one_shop", True)
    assert ok(door.get("/v1/runs", key=made["key"]))["items"] == []


@pytest.mark.parametrize("clock", ["real", "manual", "auto"])
def test_clock_is_named(door: Door, clock: str) -> None:
    key = ok(door.post(TENANTS, {"clock": clock}), 201)["key"]
    assert ok(door.get("/_mock/clock", key=key))["mode"] == clock


def test_existing_name_is_a_conflict(door: Door) -> None:
    run = post_run(door)
    assert "'test' exists already" in refusal(door.post(TENANTS, {"name": "test"}), 409, "exists")
    assert get_run(door, run) == run


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"name": "Upper"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"clock": "sundial"}, "clock"),
        ({"clock": "scaled"}, "clock"),
        ({"clock": {"scale": 0}}, "clock.scale"),
        ({"clock": {"rate": 2}}, "rate"),
        ({"speed": 0}, "speed"),
        ({"speed": 1e-300}, "speed"),
        ({"speed": 2_000_000}, "speed"),
        ({"start": "yesterday"}, "start"),
        ({"start": "1969-12-31T23:59:59Z"}, "start"),
        ({"start": "9999-12-31T23:59:59Z"}, "start"),
        ({"balance": "much"}, "balance"),
        ({"balance": 10}, "balance"),
        ({"scopes": ["runs:destroy"]}, "runs:destroy"),
        ({"keys": [{"name": "A", "scopes": []}]}, "keys"),
        ({"keys": [{"name": "a", "scopes": ["nothing"]}]}, "nothing"),
        ({"dialect": "swiss"}, "swiss"),
        ({"switches": {"colour": "red"}}, "colour"),
        ({"switches": {"signature": "red"}}, "red"),
        ({"client_time": "lunch"}, "client_time"),
        ({"callback_secret": "short"}, "callback_secret"),
        ({"batch_limit": 0}, "batch_limit"),
        ({"batch_limit": 10_001}, "batch_limit"),
        ({"colour": "red"}, "colour"),
        ({"strict": "yes"}, "strict"),
        ([], "object"),
    ],
)
def test_bad_setting_is_named_and_makes_no_tenant(door: Door, body: Any, word: str) -> None:
    assert word in refusal(door.post(TENANTS, body, key=None), 422)
    assert len(door.runtime.tenants) == 0


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"seed": "x" * 1_001}, "seed has 1001 characters; 1000 are possible"),
        ({"keys": [{"name": f"k{n}", "scopes": []} for n in range(1_001)]}, "keys has 1001 entries; 1000 are possible"),
        ({"scopes": ["runs:read"] * 1_001}, "scopes has 1001 entries"),
        ({"keys": [{"name": "k", "scopes": ["runs:read"] * 1_001}]}, "scopes has 1001 entries"),
        ({"concurrency": {f"many/m{n}": 1 for n in range(1_001)}}, "concurrency has 1001 entries"),
        ({"paces": {f"many/m{n}": {} for n in range(1_001)}}, "paces has 1001 entries"),
        ({"dialect": "d" * 10_000}, "dialect 'ddd"),
        ({"switches": {"s" * 10_000: "x"}}, "switch 'sss"),
        ({"switches": {"signature": "x" * 10_000}}, "cannot be 'xxx"),
    ],
)
def test_setting_without_end_is_refused_in_few_words(door: Door, body: Body, word: str) -> None:
    told = refusal(door.post("/_mock/tenants", {"name": "many", **body}), 422)
    assert (word in told, len(told) < 500) == (True, True)


@pytest.mark.parametrize("secret", ["rf_live_REALLYREAL123", "rf_svc_REALLYREAL123", "rfk_REALLYREAL123"])
def test_callback_secret_that_looks_like_a_real_key_is_refused_and_not_repeated(door: Door, secret: str) -> None:
    told = refusal(door.post("/_mock/tenants", {"name": "real", "callback_secret": secret}), 422)
    assert ("looks like a real Runflow key" in told, "REALLYREAL" in told) == (True, False)
    ok(door.post("/_mock/tenants", {"name": "dummy", "callback_secret": "rf_whsec_of_the_test"}), 201)
    ok(door.post("/_mock/tenants", {"name": "key", "callback_secret": "rf_live_mock_of_the_test"}), 201)


@pytest.mark.parametrize("body", [{"x" * 100_000: 1}, {"clock": {"x" * 100_000: 1}}, {"quota": {"x" * 100_000: 1}}])
def test_name_without_end_is_not_repeated_as_a_whole(door: Door, body: Body) -> None:
    told = refusal(door.post("/_mock/tenants", body), 422)
    assert ("unknown field" in told, len(told)) == (True, MESSAGE_CHARACTERS_MAX + 1)


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ({"balnce": "1"}, "`balnce`; did you mean balance? The body takes name, seed, clock"),
        ({"colour": 1}, "`colour`; the body takes name, seed, clock"),
        ({"clock": {"scal": 2}}, "`scal` - at `$.clock`; did you mean scale? It takes scale"),
        ({"keys": [{"nam": "a", "scopes": []}]}, "`nam` - at `$.keys[0]`; did you mean name? It takes name, scopes"),
        ({"quota": {"request": 5}}, "`request` - at `$.quota`; did you mean requests? It takes requests, window"),
        ({"paces": {"a.b": {"` - at `$.x": 1}}}, "`` - at `$.x` - at `$.paces[...]`; it takes latency, cold_start"),
        ({"paces": {"runflow/x": {"b": 1}}}, "`b` - at `$.paces[...]`; it takes latency, cold_start"),
    ],
    ids=lambda given: ",".join(given) if isinstance(given, dict) else "",
)
def test_field_that_is_not_known_is_told_with_those_that_stand_there(door: Door, body: Body, hint: str) -> None:
    assert hint in refusal(door.post(TENANTS, body), 422)


def test_body_that_is_no_json_is_refused(door: Door) -> None:
    refusal(door.request("POST", TENANTS, content=b"{"), 422)


def test_deleted_tenant_is_forgotten_with_everything_in_it(door: Door) -> None:
    run = post_run(door)
    response = door.delete(f"{TENANTS}/test")
    assert (response.status_code, response.content) == (204, b"")
    refusal(door.get(f"{TENANTS}/test"), 404, "not_found")
    problem(door.get(f"/v1/runs/{run['id']}"), 404, "NOT_FOUND")


def test_tenants_are_listed_in_the_order_of_their_making(door: Door) -> None:
    door.get("/v1/runs")
    made = ok(door.post(TENANTS, {"name": "a"}), 201)
    items = ok(door.get(TENANTS, key=None))["items"]
    assert [item["tenant"] for item in items] == ["test", "a"]
    assert items[1] == made


def test_invented_names_step_over_those_taken(door: Door) -> None:
    ok(door.post(TENANTS, {"name": "t1"}), 201)
    assert ok(door.post(TENANTS, {}), 201)["tenant"] == "t2"


def test_key_of_a_deleted_tenant_makes_a_new_one_with_defaults(door: Door) -> None:
    ok(door.post(TENANTS, {"name": "shop", "scopes": []}), 201)
    problem(door.get("/v1/runs", key="rf_live_mock_shop"), 403, "PERMISSION_DENIED")
    door.delete(f"{TENANTS}/shop")
    assert ok(door.get("/v1/runs", key="rf_live_mock_shop"))["items"] == []


def test_reset_replaces_the_world_and_keeps_the_settings(door: Door) -> None:
    key = ok(door.post(TENANTS, {"name": "shop", "balance": "5", "seed": "x"}), 201)["key"]
    body = {"input": INPUT}
    first = ok(door.post(RUNS, body, key=key), 201)
    assert ok(door.post("/_mock/reset", key=key))["balance"] == "5.000000"
    assert ok(door.get("/v1/runs", key=key))["items"] == []
    assert door.get("/_mock/journal", key=key).json()["total"] == 1
    assert ok(door.post(RUNS, body, key=key), 201)["id"] == first["id"], "the same seed tells the same story"


def test_reset_of_the_journal_leaves_the_rest(door: Door) -> None:
    run = post_run(door)
    ok(door.post("/_mock/reset?what=journal"))
    assert door.get("/_mock/journal").json() == {"items": [], "total": 0, "dropped": 0, "next": None, "judge": {"document": None}}
    assert get_run(door, run) == run


def test_reset_of_the_faults_leaves_the_rest(door: Door) -> None:
    post_fault(door, {"edge": "run.running->failed"})
    run = post_run(door)
    ok(door.post("/_mock/reset?what=faults"))
    assert ok(door.get("/_mock/faults"))["items"] == []
    door.settle()
    assert get_run(door, run)["status_code"] == "succeeded"


def test_reset_of_anything_else_is_refused(door: Door) -> None:
    assert "all, journal, faults" in refusal(door.post("/_mock/reset?what=world"), 422)


def test_two_tenants_never_see_each_other(door: Door) -> None:
    other = ok(door.post(TENANTS, {"seed": "other"}), 201)["key"]
    mine = finished_run(door, callback_url="http://127.0.0.1:9/")
    ok(door.post("/v1/callback-secrets", {}), 201)
    theirs = ok(door.post(RUNS, {"input": INPUT}, key=other), 201)
    assert [run["id"] for run in ok(door.get("/v1/runs", key=other))["items"]] == [theirs["id"]]
    for path in (f"/v1/runs/{mine['id']}", f"/v1/runs/{mine['id']}/callback", f"/v1/runs/{mine['id']}/logs"):
        problem(door.get(path, key=other), 404, "NOT_FOUND")
    assert ok(door.get("/v1/callback-secrets", key=other))["items"] == []
    assert door.get("/_mock/deliveries", key=other).json() == {"items": []}
    assert ok(door.get("/v1/billing/balance", key=other))["balance"] == "10.000000"
    assert ok(door.get("/v1/runs/any/logs", key=other))["items"][0]["run_id"] == theirs["id"]


def test_foreign_run_reads_exactly_as_an_absent_one(door: Door) -> None:
    other = ok(door.post(TENANTS, {"seed": "other"}), 201)["key"]
    run = post_run(door)
    foreign = door.get(f"/v1/runs/{run['id']}", key=other)
    door.delete(f"{TENANTS}/test")
    absent = door.get(f"/v1/runs/{run['id']}")
    assert (foreign.status_code, foreign.content) == (absent.status_code, absent.content)


def test_time_of_one_tenant_moves_alone(door: Door) -> None:
    other = ok(door.post(TENANTS, {}), 201)["key"]
    run = post_run(door)
    ok(door.post("/_mock/clock/advance", {"by": "1h"}, key=other))
    assert get_run(door, run) == run


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_same_seed_gives_the_same_ids_whatever_the_name(door: Door, names: tuple[str, str]) -> None:
    stories = []
    for name in names:
        key = ok(door.post(TENANTS, {"name": name, "seed": "s"}), 201)["key"]
        run = ok(door.post(RUNS, {"input": INPUT}, key=key), 201)
        ok(door.post("/_mock/clock/run-until-idle", key=key))
        stories.append((run, door.get("/_mock/ledger", key=key).json()))
    assert stories[0] == stories[1]


def test_other_seed_gives_other_ids(door: Door) -> None:
    ids = set()
    for seed in ("1", "2"):
        key = ok(door.post(TENANTS, {"seed": seed}), 201)["key"]
        ids.add(ok(door.post(RUNS, {"input": INPUT}, key=key), 201)["id"])
    assert len(ids) == 2


def test_story_of_a_tenant_does_not_depend_on_its_neighbours() -> None:
    histories = []
    for neighbour in (False, True):
        with Door(sender=RecordingSender(500, 500), client_time="virtual") as door:
            other = ok(door.post(TENANTS, {"name": "other"}), 201)["key"]
            callback_run(door)
            if neighbour:
                door.post(RUNS, {"input": INPUT}, key=other)
                ok(door.post("/_mock/clock/advance", {"by": "1h"}, key=other))
            door.settle()
            histories.append(door.get("/_mock/history").json())
    assert histories[0] == histories[1]


@pytest.mark.parametrize("tenants", [1, 2])
def test_server_holds_so_many_tenants_and_says_so(tenants: int) -> None:
    with Door(tenants_max=tenants) as door:
        for number in range(tenants):
            ok(door.post(TENANTS, {"name": f"n{number}"}, key=None), 201)
        assert "--tenants-max" in refusal(door.post(TENANTS, {}, key=None), 503, "full")
        problem(door.get("/v1/runs"), 503, "SERVICE_UNAVAILABLE")
        refusal(door.get("/_mock/clock"), 503, "full")
        door.delete(f"{TENANTS}/n0", key=None)
        assert door.get("/v1/runs").status_code == 200


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("read", [None, "/_mock/report", "/_mock/journal", "/_mock/timeline", "/_mock/snapshot", "/_mock/history"])
def test_dropped_tenant_leaves_memory_at_once_whatever_was_read_of_it(door: Door, read: str | None) -> None:
    """The collector of `serve` comes rarely: what waits for it grows with every tenant that comes and goes."""
    post_run(door)
    door.get("/v1/runs")
    if read is not None:
        assert door.get(read).status_code == 200
    tenant = door.runtime.tenants.get("test")
    assert tenant is not None
    parts = [weakref.ref(part) for part in (tenant, tenant.world, tenant.world.store, tenant.journal)]
    del tenant
    gc.collect()
    gc.disable()
    try:
        assert door.delete("/_mock/tenants/test").status_code == 204
        assert door.get("/_mock/health").status_code == 200
        assert [part() for part in parts] == [None] * 4
    finally:
        gc.enable()


def test_tenant_that_a_key_has_made_is_seen_by_that() -> None:
    with Door(tenant="shop") as door:
        ok(door.post(TENANTS, {"name": "shop"}), 201)
        door.get("/v1/runs")
        door.get("/v1/runs", key="rf_live_mock_shpo")
        items = {item["tenant"]: item for item in ok(door.get(TENANTS))["items"]}
        assert {name: (item["made_by"], item["requests"]) for name, item in items.items()} == {"shop": ("control", 1), "shpo": ("use", 1)}
        assert ok(door.get(f"{TENANTS}/shpo"))["last_request_at"] is not None
        notes = [ok(door.get("/_mock/journal", key=f"rf_live_mock_{name}"))["items"][0]["notes"] for name in ("shop", "shpo")]
        assert notes[0] == []
        assert (notes[1][0]["rule"], "made the tenant shpo" in notes[1][0]["message"]) == ("tenant-made", True)


def test_only_tenant_of_a_server_is_no_surprise(door: Door) -> None:
    door.get("/v1/runs")
    assert ok(door.get("/_mock/journal"))["items"][0]["notes"] == []


def test_seed_that_looks_like_a_key_is_in_no_list(door: Door) -> None:
    made = door.post("/_mock/tenants", {"name": "b", "seed": "rf_live_PLANTED9f8e7d6c5b4a"})
    told = [made, *(door.get(path, key=None) for path in ("/_mock/tenants", "/_mock/tenants?limit=10", "/_mock/tenants/b"))]
    told.append(door.post("/_mock/reset", key="rf_live_mock_b"))
    assert [each.status_code for each in told] == [201, 200, 200, 200, 200]
    assert not any("PLANTED" in each.text for each in told)

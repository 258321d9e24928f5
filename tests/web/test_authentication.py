import pytest
from doors import Door
from steps import ABSENT, BATCHES, INPUT, RUNS, ok, places, post_run, problem

REAL = ("rf_live_4fA9xQ27Lm", "rf_svc_4fa9", "rfk_0123456789", "rf_live_MOCK_4f3a9c")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "rf_live_mock_test",
        "Basic dGVzdDp0ZXN0",
        "Bearer",
        "Bearer ",
        "Bearer nobody",
        "Bearer rf_live_mock_",
        "Bearer rf_live_mock_UPPER",
        "Bearer rf_live_mock_a-b",
        "Bearer rf_live_mock_a b",
        "Bearer rf_live_mock_" + "x" * 65,
        "Token rf_live_mock_test",
    ],
)
def test_unusable_credential_is_401_with_a_challenge_and_makes_no_tenant(door: Door, value: str) -> None:
    response = door.get("/v1/runs", key=None, headers={"Authorization": value})
    assert problem(response, 401, "UNAUTHORIZED") == []
    assert response.headers["www-authenticate"] == "Bearer"
    assert len(door.runtime.tenants) == 0


def test_missing_header_is_401(door: Door) -> None:
    problem(door.get("/v1/runs", key=None), 401, "UNAUTHORIZED")


@pytest.mark.parametrize("value", ["Bearer rf_live_mock_test", "bearer rf_live_mock_test", "BEARER  rf_live_mock_test "])
def test_scheme_is_read_in_any_case(door: Door, value: str) -> None:
    assert door.get("/v1/runs", key=None, headers={"Authorization": value}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/nothing"),
        ("GET", f"/v1/runs/{ABSENT}"),
        ("GET", "/v1/runs/nonsense"),
        ("POST", RUNS),
        ("DELETE", "/v1/runs"),
    ],
)
def test_401_comes_before_404_405_and_422(door: Door, method: str, path: str) -> None:
    problem(door.request(method, path, key="wrong"), 401, "UNAUTHORIZED")


@pytest.mark.parametrize("key", REAL)
def test_key_that_looks_real_is_explained_and_kept_nowhere(door: Door, key: str) -> None:
    response = door.post(RUNS, {"input": INPUT}, key=key)
    problem(response, 401, "UNAUTHORIZED")
    assert "looks like a real Runflow key" in response.json()["message"]
    assert key not in response.text
    assert len(door.runtime.lobby) == 1
    assert key not in repr(door.runtime.lobby.latest(1))
    assert key not in door.get("/_mock/journal").text


def test_key_names_its_tenant_and_makes_it(door: Door) -> None:
    assert door.get("/v1/runs", key="rf_live_mock_somebody_2").status_code == 200
    assert [tenant.settings.name for tenant in door.runtime.tenants] == ["somebody_2"]


def test_dummy_keys_of_the_configuration_belong_to_their_tenant() -> None:
    with Door(keys={"test": "demo", "sk-dummy": "demo"}) as door:
        run = ok(door.post(RUNS, {"input": INPUT}, key="test"), 201)
        for key in ("sk-dummy", "rf_live_mock_demo"):
            assert ok(door.get(f"/v1/runs/{run['id']}", key=key)) == run
        problem(door.get(f"/v1/runs/{run['id']}"), 404, "NOT_FOUND")


def test_dummy_key_works_again_after_its_tenant_was_dropped() -> None:
    with Door(keys={"test": "demo"}) as door:
        post = door.post(RUNS, {"input": INPUT}, key="test")
        door.delete("/_mock/tenants/demo")
        problem(door.get(f"/v1/runs/{post.json()['id']}", key="test"), 404, "NOT_FOUND")


NEEDS = [
    ("POST", RUNS, "runs:create"),
    ("POST", BATCHES, "runs:create"),
    ("GET", "/v1/runs", "runs:read"),
    ("GET", f"/v1/runs/{ABSENT}", "runs:read"),
    ("GET", "/v1/runs/statuses", "runs:read"),
    ("GET", f"/v1/runs/{ABSENT}/logs", "runs:read"),
    ("GET", f"/v1/batches/{ABSENT}/items", "runs:read"),
    ("POST", f"/v1/runs/{ABSENT}/callback-redeliveries", "runs:execute"),
    ("PATCH", f"/v1/runs/{ABSENT}/feedback", "runs:execute"),
    ("POST", "/v1/callback-secrets", "callback-secrets:create"),
    ("DELETE", f"/v1/callback-secrets/{ABSENT}", "callback-secrets:delete"),
    ("GET", "/v1/billing/balance", "credit_balance:read"),
    ("PATCH", "/v1/billing/balance", "credit_balance:edit"),
    ("POST", f"/v1/admin/runs/{ABSENT}/cancellation", "admin"),
]


@pytest.mark.parametrize(("method", "path", "scope"), NEEDS)
def test_key_without_the_scope_is_403_and_with_it_is_let_in(door: Door, method: str, path: str, scope: str) -> None:
    enough = ok(door.post("/_mock/tenants", {"scopes": [scope]}), 201)["key"]
    nothing = ok(door.post("/_mock/tenants", {"scopes": ["models:read"]}), 201)["key"]
    response = door.request(method, path, key=nothing)
    problem(response, 403, "PERMISSION_DENIED")
    assert scope in response.json()["message"]
    assert door.request(method, path, key=enough).status_code not in (401, 403)


@pytest.mark.parametrize(("held", "path"), [("runs:execute", RUNS), ("runs:create", f"/v1/runs/{ABSENT}/callback-redeliveries")])
def test_create_and_execute_stand_for_each_other(door: Door, held: str, path: str) -> None:
    key = ok(door.post("/_mock/tenants", {"scopes": [held]}), 201)["key"]
    assert door.post(path, {"input": INPUT}, key=key).status_code in (201, 404)


def test_account_needs_a_key_and_no_scope(door: Door) -> None:
    key = ok(door.post("/_mock/tenants", {"scopes": []}), 201)["key"]
    assert door.get("/v1/auth/me", key=key).status_code == 200


@pytest.mark.parametrize("organization", [ABSENT, "nonsense", ""])
def test_account_takes_no_organization_header(door: Door, organization: str) -> None:
    assert door.get("/v1/auth/me", headers={"X-Organization-Id": organization}).status_code == 200


def test_further_keys_of_a_tenant_have_scopes_of_their_own(door: Door) -> None:
    tenant = ok(door.post("/_mock/tenants", {"name": "shop", "keys": [{"name": "reader", "scopes": ["runs:read"]}]}), 201)
    run = ok(door.post(RUNS, {"input": INPUT}, key=tenant["key"]), 201)
    reader = tenant["keys"]["reader"]
    assert ok(door.get(f"/v1/runs/{run['id']}", key=reader)) == run
    problem(door.post(RUNS, {"input": INPUT}, key=reader), 403, "PERMISSION_DENIED")


def test_own_organization_is_let_in_in_either_case(door: Door) -> None:
    org_id = post_run(door)["org_id"]
    for value in (org_id, org_id.upper()):
        assert door.get("/v1/runs", headers={"X-Organization-Id": value}).status_code == 200


def test_foreign_organization_is_403_and_a_malformed_one_422(door: Door) -> None:
    problem(door.get("/v1/runs", headers={"X-Organization-Id": ABSENT}), 403, "ORGANIZATION_MEMBERSHIP_REQUIRED")
    for value in ("mine", ""):
        assert places(door.get("/v1/runs", headers={"X-Organization-Id": value})) == [(["header", "X-Organization-Id"], "uuid_parsing")]

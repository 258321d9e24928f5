from typing import Any

import pytest
from doors import Door
from steps import Body, finished_run, ok, places, post_run, problem

BALANCE = "/v1/billing/balance"


def test_new_tenant_has_ten_dollars(door: Door) -> None:
    balance = ok(door.get(BALANCE))
    assert set(balance) == {
        "id", "org_id", "balance", "low_balance_threshold", "low_balance_notified_at", "created_at", "updated_at",
    }  # fmt: skip
    assert (balance["balance"], balance["low_balance_threshold"]) == ("10.000000", None)


def test_balance_falls_at_the_charge_and_not_at_the_hold(door: Door) -> None:
    post_run(door)
    assert ok(door.get(BALANCE))["balance"] == "10.000000"
    door.settle()
    assert ok(door.get(BALANCE))["balance"] == "9.730000"


def test_credit_balances_show_the_same_in_a_list(door: Door) -> None:
    (item,) = ok(door.get("/v1/credit-balances"))["items"]
    assert item == {**ok(door.get(BALANCE)), "balance_usd": "10.000000"}


@pytest.mark.parametrize(("value", "shown"), [("2.5", "2.500000"), (3, "3.000000"), (0.25, "0.250000"), (None, None)])
def test_threshold_is_kept(door: Door, value: Any, shown: str | None) -> None:
    assert ok(door.patch(BALANCE, {"low_balance_threshold": value}))["low_balance_threshold"] == shown
    assert ok(door.get(BALANCE))["low_balance_threshold"] == shown


@pytest.mark.parametrize(
    "value",
    [True, [], "much", "-1", "+1", "1.", ".5", "1000000000", "0.0000001", -1, -5e-324, 1_000_000_001, 1_000_000_000.0000002, 1e300, 10**30],
)
def test_threshold_that_is_no_amount_is_refused(door: Door, value: Any) -> None:
    assert places(door.patch(BALANCE, {"low_balance_threshold": value})) == [(["body", "low_balance_threshold"], "decimal_parsing")]


def test_threshold_must_be_there(door: Door) -> None:
    assert places(door.patch(BALANCE, {})) == [(["body", "low_balance_threshold"], "missing")]


@pytest.mark.parametrize("text", ["yesterday", 7, "0001-01-01T00:00:00+14:00"])
def test_updated_at_must_be_an_instant(door: Door, text: Any) -> None:
    body = {"low_balance_threshold": "1", "updated_at": text}
    assert places(door.patch(BALANCE, body)) == [(["body", "updated_at"], "datetime_parsing")]


def test_change_of_what_was_read_is_taken(door: Door) -> None:
    read = ok(door.get(BALANCE))
    body = {"low_balance_threshold": "1", "updated_at": read["updated_at"]}
    assert ok(door.patch(BALANCE, body))["low_balance_threshold"] == "1.000000"


def test_change_of_an_outdated_record_is_a_conflict(door: Door) -> None:
    read = ok(door.get(BALANCE))
    finished_run(door)
    problem(door.patch(BALANCE, {"low_balance_threshold": "1", "updated_at": read["updated_at"]}), 409, "CONFLICT")
    assert ok(door.get(BALANCE))["low_balance_threshold"] is None


def test_account_belongs_to_the_tenant(door: Door) -> None:
    me = ok(door.get("/v1/auth/me"))
    assert me["email"] == "test@runflow-mock.invalid"
    (membership,) = me["memberships"]
    assert membership["org"]["id"] == post_run(door)["org_id"]
    assert me["id"] == post_run(door)["created_by"]
    assert "runs:create" in membership["scopes"]
    assert "admin" not in membership["scopes"]


@pytest.mark.parametrize(("embed", "key"), [("organizations", "organizations"), ("memberships,pending_invitations", "pending_invitations")])
def test_relations_are_embedded_on_request(door: Door, embed: str, key: str) -> None:
    assert key not in ok(door.get("/v1/auth/me"))
    assert key in ok(door.get(f"/v1/auth/me?embed={embed}"))


def test_unknown_relation_is_refused(door: Door) -> None:
    assert places(door.get("/v1/auth/me?embed=friends")) == [(["query", "embed"], "value_error")]


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/health", {"status": "ok", "ok": True}), ("/v1/readiness", {"status": "ok", "checks": {"database": "ok", "redis": "ok"}})],
)
def test_status_needs_no_key_and_takes_any(door: Door, path: str, body: Body) -> None:
    for key in (None, door.key, "rf_live_4f9a"):
        assert ok(door.get(path, key=key)) == body


@pytest.mark.parametrize("path", ["/v1/credit-balances", "/v1/runs/statuses"])
def test_short_lists_are_sorted_and_filtered_as_any(door: Door, path: str) -> None:
    assert door.get(f"{path}?sort_by=nonsense").status_code == 422
    assert len(ok(door.get(f"{path}?limit=1"))["items"]) == 1

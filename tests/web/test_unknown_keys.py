"""Keys that no tenant has: they make one, or are refused where a server was told so."""

import pytest
from doors import Door

BALANCE = "/v1/billing/balance"


def _key(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.mark.parametrize(("unknown_keys", "status"), [("accept", 200), ("refuse", 401)])
def test_key_that_no_tenant_has_makes_one_or_is_refused(unknown_keys: str, status: int) -> None:
    with Door(unknown_keys=unknown_keys) as door:
        assert door.get(BALANCE, headers=_key("rf_live_mock_nobody")).status_code == status
        assert door.get("/_mock/tenants/nobody").status_code == (200 if status == 200 else 404)


def test_refusal_says_what_to_do_and_takes_whom_somebody_made_or_named() -> None:
    with Door(unknown_keys="refuse", keys={"plain-key": "named"}) as door:
        refused = door.get(BALANCE, headers=_key("rf_live_mock_made"))
        assert (refused.status_code, "POST /_mock/tenants" in refused.json()["message"]) == (401, True)
        made = door.post("/_mock/tenants", json={"name": "made"}).json()
        told = [door.get(BALANCE, headers=_key(key)).status_code for key in (made["key"], "plain-key")]
        assert told == [200, 200]
        door.delete("/_mock/tenants/made")
        assert door.get(BALANCE, headers=_key(made["key"])).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/_mock/clock", None),
        ("GET", "/_mock/report", None),
        ("POST", "/_mock/faults", {"what": {"kind": "fail"}}),
        ("POST", "/_mock/reset", None),
        ("PUT", "/_mock/scenario", {"name": "partial-batch"}),
    ],
)
def test_verb_on_a_tenant_makes_none_where_keys_are_refused(method: str, path: str, body: object) -> None:
    with Door(unknown_keys="refuse") as door:
        refused = door.request(method, path, json=body, headers=_key("rf_live_mock_tpyo"))
        assert (refused.status_code, "This verb acts on the tenant of the key." in refused.text) == (401, True)
        assert "--unknown-keys refuse" in refused.text
        assert door.get(BALANCE, headers=_key("rf_live_mock_tpyo")).status_code == 401
        made = door.post("/_mock/tenants", json={"name": "made"}).json()
        assert door.get("/_mock/clock", headers=_key(made["key"])).status_code == 200


def test_real_key_is_told_to_be_one_first() -> None:
    with Door(unknown_keys="refuse") as door:
        assert "looks like a real Runflow key" in door.get(BALANCE, headers=_key("rf_live_" + "a" * 32)).text

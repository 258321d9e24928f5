"""Who may use the control API: nobody whom a web page sent, and server-wide verbs only from this machine or with the token."""

import pytest
from doors import Door
from steps import ok, refusal

HERE = "127.0.0.1:8787"


@pytest.mark.parametrize("host", [HERE, "localhost", "localhost:1", "[::1]:8787", "runflow", "runflow:80", "10.0.0.7:8787", "a.localhost"])
def test_own_host_is_let_in(door: Door, host: str) -> None:
    assert door.get("/_mock/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8787", "127.0.0.1.nip.io", "localhost.evil.example", "", "evil.example@", "[::1"]
)
def test_foreign_host_is_refused(door: Door, host: str) -> None:
    assert "RUNFLOW_MOCK_ALLOWED_HOSTS" in refusal(door.get("/_mock/health", headers={"Host": host}), 403, "foreign_host")


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1", "http://[::1]:5173"])
def test_origin_of_this_machine_is_let_in(door: Door, origin: str) -> None:
    assert door.get("/_mock/health", headers={"Origin": origin}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example", "file://", ""])
def test_foreign_origin_is_refused_and_nothing_happens(door: Door, origin: str) -> None:
    refusal(door.post("/_mock/tenants", {"name": "x"}, headers={"Origin": origin}), 403, "foreign_host")
    assert len(door.runtime.tenants) == 0


def test_named_hosts_and_the_public_one_are_let_in() -> None:
    with Door(allowed_hosts=frozenset(("mock.example",)), public_url="https://mock.test:1") as door:
        for host in ("mock.example:9", "mock.test"):
            assert door.get("/_mock/health", headers={"Host": host}).status_code == 200
        refusal(door.get("/_mock/health", headers={"Host": "other.example"}), 403, "foreign_host")


def test_api_itself_takes_any_host(door: Door) -> None:
    assert door.get("/v1/runs", headers={"Host": "api.runflow.io", "Origin": "https://a.example"}).status_code == 200


def test_api_sends_cors_headers_only_when_asked_and_the_control_api_never() -> None:
    headers = {"Origin": "http://localhost:3000"}
    with Door() as plain, Door(cors=True) as open_door:
        assert "access-control-allow-origin" not in plain.get("/v1/health", headers=headers).headers
        assert open_door.get("/v1/health", headers=headers).headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-origin" not in open_door.get("/_mock/health", headers=headers).headers


def test_server_wide_verbs_need_nothing_on_loopback(door: Door) -> None:
    assert ok(door.get("/_mock/tenants", key=None)) == {"items": []}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_server_wide_verbs_elsewhere_need_a_token_and_say_how(method: str) -> None:
    with Door(host="0.0.0.0") as door:
        assert "RUNFLOW_MOCK_ADMIN_TOKEN" in refusal(door.request(method, "/_mock/tenants"), 403, "forbidden")


@pytest.mark.parametrize("key", [None, "", "wrong", "rf_live_mock_test", "hunter"])
def test_wrong_token_is_refused(key: str | None) -> None:
    with Door(host="0.0.0.0", admin_token="hunter2") as door:
        refusal(
            door.get("/_mock/tenants", key=None, headers={} if key is None else {"Authorization": f"Bearer {key}"}), 401, "unauthorized"
        )
        assert ok(door.get("/_mock/tenants", key="hunter2")) == {"items": []}


def test_own_key_makes_reads_and_drops_its_own_tenant_without_the_token() -> None:
    with Door(host="0.0.0.0", admin_token="hunter2") as door:
        assert ok(door.post("/_mock/tenants", {"name": "test"}), 201)["tenant"] == "test"
        assert ok(door.get("/_mock/tenants/test"))["tenant"] == "test"
        refusal(door.post("/_mock/tenants", {"name": "other"}), 401, "unauthorized")
        refusal(door.delete("/_mock/tenants/other"), 401, "unauthorized")
        assert door.delete("/_mock/tenants/test").status_code == 204


def test_health_and_version_never_need_the_token() -> None:
    with Door(host="0.0.0.0", admin_token="hunter2") as door:
        for path in ("/_mock/health", "/_mock/version"):
            assert door.get(path, key=None).status_code == 200

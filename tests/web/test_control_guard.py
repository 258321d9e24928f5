"""Who may use the control API: nobody whom a web page sent, and server-wide verbs only from this machine or with the token."""

import re

import pytest
from doors import Door
from steps import ok, refusal

from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.operations import CONTROL_OPERATIONS
from runflow_mock.web.routing import Operation

HERE = "127.0.0.1:8787"
WRITES = [operation for operation in CONTROL_OPERATIONS if operation.method not in ("GET", "HEAD")]


@pytest.mark.parametrize("host", [HERE, "localhost", "localhost:1", "[::1]:8787", "runflow", "runflow:80", "10.0.0.7:8787", "a.localhost"])
def test_own_host_is_let_in(door: Door, host: str) -> None:
    assert door.get("/_mock/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8787",
        "127.0.0.1.nip.io",
        "localhost.evil.example",
        "",
        "evil.example@",
        "[::1",
        "evil@127.0.0.1",
        "[::1].evil",
        "localhost/",
        "127.0.0.1:8787, evil",
    ],
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


STRANGE_ORIGINS = [
    "http://203.0.113.5", "http://[2001:db8::1]", "http://intranet", "http://intranet:8787", "http://10.0.0.7:8787", "http://192.168.0.2",
    "chrome-extension://abcdefgh", "moz-extension://127.0.0.1", "http://2130706433", "http://0x7f000001", "http://0.0.0.0", "//localhost",
    "http://localhost@evil.example", "http://127.0.0.1:80@evil.example", "HTTP://EVIL.example",
    "http://[::1].evil", "http://localhost.", "http://localhost#@evil", "http://localhost?evil", "http://localhost/", "http://localhost:abc",
    "http://localhost\\@evil", "http://localhost, http://evil.example", "http://user@localhost", "http://127.1", "http://[::ffff:7f00:1]",
    "blob:http://localhost", "ws://localhost", "http:localhost", "http://localhost%00.evil", "https://api.runflow.io", "http://xn--localhost",
]  # fmt: skip


@pytest.mark.parametrize("origin", STRANGE_ORIGINS)
@pytest.mark.parametrize("host", [HERE, "runflow:8787", "10.0.0.7:8787"])
def test_name_that_may_be_called_is_no_name_that_may_send_pages(door: Door, origin: str, host: str) -> None:
    headers = {"Origin": origin, "Host": host, "Content-Type": "text/plain"}
    refusal(door.request("POST", "/_mock/tenants", key=None, content=b'{"name": "x"}', headers=headers), 403, "foreign_host")
    refusal(door.get("/_mock/journal", headers={"Origin": origin, "Host": host}), 403, "foreign_host")
    assert len(door.runtime.tenants) == 0


@pytest.mark.parametrize("referer", ["http://evil.example/x", "https://localhost.evil.example", "http://localhost@evil.example/"])
def test_write_that_shows_a_foreign_page_by_its_referer_alone_is_refused(door: Door, referer: str) -> None:
    refusal(door.post("/_mock/reset", headers={"Referer": referer}), 403, "foreign_host")
    assert door.get("/_mock/health", headers={"Referer": referer}).status_code == 200
    assert len(door.runtime.tenants) == 0
    assert door.post("/_mock/reset", headers={"Referer": "http://localhost:3000/page"}).status_code == 200


@pytest.mark.parametrize("origins", [("http://localhost", "http://evil.example"), ("http://evil.example", "http://localhost")])
def test_origin_that_is_sent_twice_counts_twice(door: Door, origins: tuple[str, str]) -> None:
    told = door.get("/_mock/health", headers=[("Origin", origin) for origin in origins])
    assert "evil.example" in refusal(told, 403, "foreign_host")


def test_allowed_host_may_send_pages_and_letters_have_no_case() -> None:
    with Door(allowed_hosts=frozenset(("mock.example",))) as door:
        for origin in ("https://mock.example", "http://MOCK.example:3000", "http://LOCALHOST:3000", "http://a.localhost"):
            assert door.get("/_mock/health", headers={"Origin": origin}).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "Cross-Site", "same-site", " Same-Site ", "elsewhere"])
@pytest.mark.parametrize("host", [HERE, "localhost", "10.0.0.7:8787"])
def test_request_that_the_browser_calls_foreign_is_refused_without_an_origin_too(door: Door, site: str, host: str) -> None:
    refusal(door.get("/_mock/health", headers={"Host": host, "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}), 403, "foreign_host")
    refusal(door.post("/_mock/reset", headers={"Host": host, "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}), 403, "foreign_host")
    assert len(door.runtime.tenants) == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Origin": "http://127.0.0.1:3000"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Origin": "http://localhost:3000"},
    ],
)
def test_own_page_a_link_and_the_address_bar_are_let_in(door: Door, headers: dict[str, str]) -> None:
    assert door.get("/_mock/health", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Content-Type": ""},
        {"Content-Type": "text/plain"},
        {"Content-Type": "text/plain; application/json"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=application/json"},
    ],
)
def test_body_that_a_page_may_send_without_leave_is_not_taken(door: Door, given: dict[str, str]) -> None:
    told = door.request("POST", "/_mock/tenants", content=b'{"name": "x"}', headers=given, typed=False)
    message = refusal(told, 415, "unsupported_type")
    assert message.endswith("send Content-Type: application/json")
    assert len(door.runtime.tenants) == 0


@pytest.mark.parametrize(
    "given", ["application/json", "application/json; charset=utf-8", "application/merge-patch+json", "Application/JSON"]
)
def test_json_is_taken_by_any_of_its_names(door: Door, given: str) -> None:
    made = door.request("POST", "/_mock/tenants", key=None, content=b'{"name": "x"}', headers={"Content-Type": given})
    assert ok(made, 201)["tenant"] == "x"


def test_write_without_a_body_needs_no_type(door: Door) -> None:
    assert door.request("POST", "/_mock/reset").status_code == 200
    assert door.request("DELETE", "/_mock/journal").status_code == 204


@pytest.mark.parametrize("verb", WRITES, ids=lambda verb: verb.id)
def test_no_verb_takes_a_body_without_a_type(door: Door, verb: Operation[ControlHandler]) -> None:
    path = re.sub(r"{.*?}", "x", verb.path)
    refusal(door.request(verb.method, path, content=b"{}", typed=False), 415, "unsupported_type")
    assert len(door.runtime.tenants) == 0


def test_page_from_elsewhere_makes_no_tenant_by_the_api_either() -> None:
    page = {"Origin": "https://a.example"}
    with Door(cors=True) as door:
        told = door.get("/v1/runs", headers=page)
        assert (told.status_code, told.json()["code"]) == (401, "UNAUTHORIZED")
        assert "a page from another origin makes none" in told.json()["message"]
        assert len(door.runtime.tenants) == 0
        assert door.get("/v1/runs").status_code == 200
        assert door.get("/v1/runs", headers=page).status_code == 200


@pytest.mark.parametrize("browser", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://evil.example:8787"}])
def test_name_that_was_led_here_makes_no_tenant(door: Door, browser: dict[str, str]) -> None:
    assert door.get("/v1/runs", headers={"Host": "evil.example:8787", **browser}).status_code == 401
    assert len(door.runtime.tenants) == 0
    assert door.get("/v1/runs", headers={"Host": "localhost:8787", **browser}).status_code == 200


def test_key_that_belongs_to_another_tenant_makes_none(door: Door) -> None:
    ok(door.post("/_mock/tenants", {"name": "x", "keys": [{"name": "y", "scopes": ["runs:read"]}]}), 201)
    told = door.get("/v1/runs", key="rf_svc_mock_x_y")
    assert (told.status_code, told.json()["code"]) == (401, "UNAUTHORIZED")
    assert "a key of tenant x already" in told.json()["message"]
    refusal(door.get("/_mock/journal", key="rf_svc_mock_x_y"), 401, "unauthorized")
    refusal(door.post("/_mock/tenants", {"name": "x_y"}), 409, "refused")
    assert door.get("/v1/runs", key="rf_live_mock_x_y").status_code == 200


def test_query_of_too_many_parameters_is_400_in_the_envelope(door: Door) -> None:
    assert "1000 parameters" in refusal(door.get("/_mock/journal?" + "&".join("a=1" for _ in range(1_001))), 400, "invalid")


def test_page_in_the_internet_may_ask_for_this_machine_where_cors_is_on() -> None:
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Private-Network": "true"}
    with Door(cors=True) as door:
        told = door.request("OPTIONS", "/v1/runs", key=None, headers=asked)
        assert (told.status_code, told.headers["access-control-allow-private-network"]) == (200, "true")
        assert len(door.runtime.tenants) == 0
        refused = door.request("OPTIONS", "/_mock/tenants", key=None, headers=asked)
        assert refused.status_code == 403
        assert not [name for name in refused.headers if name.startswith("access-control")]


@pytest.mark.parametrize("method", ["PROPFIND", "get", "", "x" * 300])
def test_preflight_of_an_odd_method_is_refused_in_the_envelope(method: str) -> None:
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": method}
    with Door(cors=True) as door:
        told = door.request("OPTIONS", "/v1/runs", key=None, headers=asked)
        assert (told.status_code, told.headers["content-type"], told.json()["code"]) == (400, "application/json", "BAD_REQUEST")
        assert told.json()["message"].startswith("Disallowed CORS method: ")
        assert len(told.content) < 300

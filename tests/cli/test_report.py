"""`runflow-mock report`: what a sandbox has seen of a client, on real HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import urllib3
from answers import ANSWERS
from commands import call
from foreign import OWN, contract

from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.testing.control import Control
from runflow_mock.testing.server import RunningServer, serve

RUNS = "/v1/models/runflow/background-removal/runs"


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with serve(Config(port=0, clock=ClockMode.AUTO, speed=1.0), observer=ANSWERS) as running:
        yield running


@pytest.fixture
def control(server: RunningServer) -> Iterator[Control]:
    tenant = Control(server.url).create_tenant()
    found = Control(server.url, tenant.key)
    yield found
    found.delete_tenant(tenant.tenant)
    found.close()


def _send(control: Control, method: str, path: str, body: object = None) -> int:
    with urllib3.PoolManager(retries=False) as pool:
        headers = {"Authorization": f"Bearer {_key(control)}"}
        sent = {} if body is None else {"json": body}
        return pool.request(method, control.client.url + path, headers=headers, **sent).status  # type: ignore[arg-type]  # json is a field of its own


def _key(control: Control) -> str:
    return control.client._headers["Authorization"].removeprefix("Bearer ")


def _report(control: Control, *arguments: str) -> tuple[int, dict[str, dict[str, object]]]:
    told = call("report", "--url", control.client.url, "--key", _key(control), "--json", *arguments)
    return told.code, {f"{row['subject']}:{row['rule']}": row for row in json.loads(told.out)["rows"]}


def test_operation_that_was_called_well_is_held_and_others_are_not_exercised(control: Control) -> None:
    assert _send(control, "POST", RUNS, {"input": {"image_url": "https://cdn.example.com/a.jpg"}}) == 201
    code, rows = _report(control)
    assert (code, rows["create_run:contract"]["verdict"], rows["create_run:contract"]["evidence"]) == (0, "held", ["answered 201 (1)"])
    assert (rows["get_run:contract"]["verdict"], rows["get_run:contract"]["reason"]) == ("not exercised", "the client did not call it")


@pytest.mark.slow(is_covering=True)
def test_operation_that_was_called_against_the_document_is_broken(control: Control) -> None:
    assert _send(control, "POST", RUNS, {"inputs": {}}) == 422
    told = call("report", "--url", control.client.url, "--key", _key(control))
    assert told.code == 1
    assert "broken   create_run: contract." in told.out


def test_rule_for_clients_is_broken_with_the_operation_that_shows_it(control: Control) -> None:
    for _ in range(2):
        _send(control, "GET", "/v1/runs/00000000-0000-7000-8000-000000000000")
    code, rows = _report(control)
    evidence = rows["client:poll-absent"]["evidence"]
    assert (code, rows["client:poll-absent"]["verdict"]) == (1, "broken")
    assert isinstance(evidence, list)
    assert evidence[0].startswith("get_run: ")


def test_no_traffic_is_no_pass(control: Control) -> None:
    code, rows = _report(control)
    assert (code, {row["verdict"] for row in rows.values()}) == (3, {"not exercised"})


@pytest.mark.slow(is_covering=True)
def test_reports_are_written_for_ci(control: Control, tmp_path: Path) -> None:
    _send(control, "GET", "/v1/models")
    code, rows = _report(control, "--junit", str(tmp_path / "junit.xml"), "--markdown", str(tmp_path / "report.md"))
    assert code == 0
    assert ElementTree.parse(tmp_path / "junit.xml").getroot().get("tests") == str(len(rows))
    assert "| held | list_models | contract | answered 200 (1) |" in (tmp_path / "report.md").read_text()


def test_server_that_is_not_there_is_wrong_usage() -> None:
    told = call("report", "--url", "http://127.0.0.1:9", "--key", "rf_live_mock_nobody")
    assert told.code == 2
    assert "http://127.0.0.1:9 does not answer" in told.err


def test_key_of_nobody_is_wrong_usage(server: RunningServer) -> None:
    told = call("report", "--url", server.url, "--key", "not-a-key")
    assert told.code == 2
    assert "--key takes the key of a tenant" in told.err


@pytest.mark.slow(is_covering=True)
def test_users_own_document_judges_and_what_the_fake_does_otherwise_is_no_fault_of_the_client() -> None:
    with serve(Config(port=0, clock=ClockMode.AUTO, speed=1.0), contract=contract(OWN)) as server:
        control = Control(server.url, Control(server.url).create_tenant().key)
        _send(control, "POST", RUNS, {"input": {"image_url": "https://cdn.example.com/a.jpg"}})
        (created,) = control.journal()
        _send(control, "GET", "/v1/models")
        code, rows = _report(control)
        assert (code, created.operation) == (0, "create_run")
        assert {name for name in rows if not name.startswith("client:")} == {
            "startRun:contract",
            "readRun:contract",
            "list_models:contract",
        }
        assert (rows["startRun:contract"]["verdict"], rows["list_models:contract"]["verdict"]) == ("held", "not exercised")
        assert rows["list_models:contract"]["reason"] == "own.json does not describe it"
        _send(control, "GET", f"/v1/runs/{created.response.body['id']}")
        told = call("report", "--url", server.url, "--key", _key(control))
        assert told.code == 2
        assert "readRun: response.body.weather: the fake's answer does not fit own.json: the field is required" in told.out
        assert "own.json judged" in told.out
        control.close()

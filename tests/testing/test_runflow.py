import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from steps import MODEL

from runflow_mock.testing.client import ClientError
from runflow_mock.testing.runflow import Runflow, open_tenant

INPUT = {"image_url": "https://cdn.example.com/shirt.jpg"}


def create(tenant: Runflow, **body: Any) -> dict[str, Any]:
    url = f"{tenant.base_url}/v1/models/{MODEL}/runs"
    answer = requests.post(url, json={"input": INPUT, **body}, headers=tenant.headers, timeout=5)
    created: dict[str, Any] = answer.json()
    assert answer.status_code == 201, created
    return created


def test_moves_tell_what_happened(tenant: Runflow) -> None:
    run = create(tenant)
    steps = [step for step in tenant.clock.run_until_idle() if step.kind == "run"]
    assert [(step.source, step.target) for step in steps] == [
        ("queued", "dispatching"),
        ("dispatching", "running"),
        ("running", "succeeded"),
    ]
    assert {step.id for step in steps} == {run["id"]}
    assert [step.target for step in tenant.timeline if step.kind == "run"] == ["queued", "dispatching", "running", "succeeded"]


def test_clock_is_moved_by_durations_and_to_instants(tenant: Runflow) -> None:
    tenant.clock.advance("1h")
    tenant.clock.advance_to("2026-01-01T03:00:00Z")
    assert tenant.clock.now == "2026-01-01T03:00:00.000Z"
    assert tenant.clock.next() == []


def test_short_forms_of_a_fault_name_kind_and_edge(tenant: Runflow) -> None:
    rule = tenant.faults.add(what="fail", where="run.queued->dispatching", when={"times": 1}, label="first one fails")
    create(tenant)
    tenant.clock.run_until_idle()
    assert ([rule.fired for rule in tenant.faults], tenant.runs[0]["status_code"]) == ([1], "failed")
    tenant.faults.remove(rule)
    assert len(tenant.faults) == 0


def test_bad_fault_is_told_with_the_way_out(tenant: Runflow) -> None:
    with pytest.raises(ClientError, match=r"what\.kind 'explode' does not exist; choose one of fail, succeed") as caught:
        tenant.faults.add(what="explode")
    assert caught.value.status == 422


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (
            lambda tenant: open_tenant(tenant.base_url, scopes=["run:create"]),
            "'run:create' does not exist; did you mean runs:create?",
        ),
        (
            lambda tenant: open_tenant(tenant.base_url, switches={"eror_codes": "x"}),
            "did you mean error_codes? Choose one of status",
        ),
        (
            lambda tenant: open_tenant(tenant.base_url, clock="manuel"),
            "did you mean manual? Choose one of real, manual",
        ),
        (lambda tenant: tenant.verify(operaton="create_run"), "`operaton`; did you mean operation? A clause takes method, path, operation"),
        (lambda tenant: tenant.verify(sequence=[{"statuss": 201}]), "did you mean status? A clause takes method"),
        (lambda tenant: tenant.journal.find(operaton="create_run"), "'operaton'; did you mean operation? It takes operation, method"),
        (lambda tenant: tenant.control.client.get("/_mock/tenants?limt=5"), "'limt'; did you mean limit? It takes limit, offset"),
        (lambda tenant: tenant.control.wait(**{"for": {"run": "x", "status": "suceeded"}}), "did you mean succeeded? Choose from queued"),
    ],
    ids=["scope", "switch", "clock", "clause", "clause in a sequence", "journal", "list", "wait"],
)
def test_misspelt_name_is_told_with_the_nearest(tenant: Runflow, ask: Callable[[Runflow], object], told: str) -> None:
    with pytest.raises(ClientError, match=re.escape(told)) as caught:
        ask(tenant)
    assert caught.value.status == 422


def test_operation_that_is_none_is_told_with_the_nearest(tenant: Runflow) -> None:
    with pytest.raises(ClientError, match=r"'create_bach' is none of the API's; did you mean create_batch\?; GET /v1/openapi"):
        tenant.faults.add(what="hang", where={"operation": "create_bach"})


@pytest.mark.parametrize("value", [b"10m", bytearray(b"10m"), memoryview(b"10m")], ids=lambda value: type(value).__name__)
def test_bytes_are_refused_where_text_is_meant(tenant: Runflow, value: Any) -> None:
    """As base64 they would be another text: a secret with which no signature fits."""
    with pytest.raises(TypeError, match="b'10m' is bytes, and JSON has only text: decode it"):
        tenant.clock.advance(value)
    with pytest.raises(TypeError, match="decode it"):
        tenant.control.add_fault(what={"kind": "answer", "headers": {"X-Secrets": [value]}})


def test_stub_gives_own_files(tenant: Runflow, tmp_path: Path) -> None:
    picture = tmp_path / "mine.png"
    picture.write_bytes(
        base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
    )
    tenant.stub(MODEL, input=INPUT).returns(files=[picture])
    create(tenant)
    tenant.clock.run_until_idle()
    served = requests.get(tenant.runs[0]["output"]["image_urls"][0], timeout=5)
    assert (served.content, served.headers["content-type"]) == (picture.read_bytes(), "image/png")


def test_file_of_an_unknown_type_is_refused_with_the_way_out(tenant: Runflow, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="media_type"):
        tenant.stub(MODEL).returns(files=[tmp_path / "mine.xyz"])


def test_runs_are_cancelled_as_the_service_would(tenant: Runflow) -> None:
    run = create(tenant)
    assert tenant.runs.cancel(run["id"])["status_code"] == "cancelled"
    assert tenant.ledger.held == "0.000000"
    assert all(invariant.held for invariant in tenant.ledger.invariants)


def test_reading_the_handle_is_no_request_of_the_client(tenant: Runflow) -> None:
    create(tenant)
    assert (len(tenant.runs), len(tenant.batches), len(tenant.deliveries)) == (1, 0, 0)
    assert [exchange.request.method for exchange in tenant.journal] == ["POST"]


def test_verify_passes_or_says_what_came_nearest(tenant: Runflow) -> None:
    create(tenant, client_ref="a")
    assert tenant.verify(operation="create_run", count=1)
    with pytest.raises(AssertionError, match="client_ref"):
        tenant.verify(operation="create_run", client_ref="b", count=1)


def test_tenants_are_made_and_dropped_by_themselves(url: str) -> None:
    with open_tenant(url, name="made_here", balance="3.00") as first:
        assert (first.tenant, first.ledger.balance) == ("made_here", "3.000000")
        with pytest.raises(ClientError, match="made_here"):
            open_tenant(url, name="made_here")
        first.control.delete_tenant("made_here")


def test_environment_names_key_and_address(tenant: Runflow) -> None:
    assert tenant.env == {"RUNFLOW_API_KEY": tenant.api_key, "RUNFLOW_BASE_URL": tenant.base_url, "RUNFLOW_API_BASE": tenant.base_url}

"""Credentials that a user's document names, wherever it puts them: that they came is judged, and nothing keeps what they are."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from runflow_mock.openapi.contracts import Contract
from runflow_mock.testing.control import Control
from runflow_mock.testing.in_process import BASE_URL, InProcess

KEY, SECRET = "rf_live_mock_named", "0f1e2d3c4b5a"
SCHEMES = {
    "asked": {"type": "apiKey", "in": "query", "name": "ticket"},
    "head": {"type": "apiKey", "in": "header", "name": "X-Ticket"},
    "baked": {"type": "apiKey", "in": "cookie", "name": "ticket"},
}


@pytest.fixture(scope="module")
def app() -> Iterator[InProcess]:
    operation = {"security": [{"asked": []}, {"head": []}, {"baked": []}], "responses": {"200": {"description": "Runs."}}}
    document: dict[str, Any] = {"paths": {"/v1/runs": {"get": operation}}, "components": {"securitySchemes": SCHEMES}}
    app = InProcess(contract=Contract(document, source="own.json"))
    yield app
    app.stop()


@pytest.mark.parametrize(
    ("target", "headers", "rules"),
    [
        ("/v1/runs", [], {"security"}),
        ("/v1/runs?ticket=", [(b"x-ticket", b""), (b"cookie", b"ticket=; other=1")], {"security"}),
        (f"/v1/runs?ticket={SECRET}", [], set()),
        ("/v1/runs", [(b"x-ticket", SECRET.encode())], set()),
        ("/v1/runs", [(b"cookie", f"a=b; ticket={SECRET}".encode())], set()),
    ],
)
def test_credential_is_seen_and_not_kept(app: InProcess, target: str, headers: list[tuple[bytes, bytes]], rules: set[str]) -> None:
    control = Control(BASE_URL, KEY, app)
    control.reset()
    app.call("GET", target, [(b"authorization", f"Bearer {KEY}".encode()), *headers], b"")
    told = {"report": control.report(), "har": control.har(), "journal": control.client.get("/_mock/journal")}
    assert {violation["rule"] for violation in told["report"]["violations"]} == rules
    assert SECRET not in json.dumps(told)

"""Cookies that a user's document has as parameters: judged by their values, which nothing shows."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from runflow_mock.openapi.contracts import Contract
from runflow_mock.testing.control import Control
from runflow_mock.testing.in_process import BASE_URL, InProcess

KEY = "rf_live_mock_cookies"
THEME = {"name": "theme", "in": "cookie", "required": True, "schema": {"enum": ["light", "dark"]}}
SESSION = {"name": "session", "in": "cookie", "schema": {"type": "integer"}}
DOCUMENT: dict[str, Any] = {
    "paths": {"/v1/runs": {"get": {"parameters": [THEME, SESSION], "responses": {"200": {"description": "Runs."}}}}}
}


@pytest.fixture(scope="module")
def app() -> Iterator[InProcess]:
    app = InProcess(contract=Contract(DOCUMENT, source="own.json"))
    yield app
    app.stop()


@pytest.mark.parametrize(
    ("sent", "rules"),
    [
        ("theme=dark; session=abc", set()),
        ("theme=purple; session=abc", {"enum"}),
        ("session=abc", {"required"}),
        ("theme=" + "dark" * 20, set()),
    ],
)
def test_cookie_is_judged_and_not_shown(app: InProcess, sent: str, rules: set[str]) -> None:
    control = Control(BASE_URL, KEY, app)
    control.reset()
    app.call("GET", "/v1/runs", [(b"authorization", f"Bearer {KEY}".encode()), (b"cookie", sent.encode())], b"")
    told = {"report": control.report(), "har": control.har(), "journal": control.client.get("/_mock/journal")}
    assert {violation["rule"] for violation in told["report"]["violations"]} == rules
    assert not [value for value in ("abc", "darkdark", "purple") if value in json.dumps(told)]

"""A client and a webhook handler against the sandbox in a container. Deliveries are pulled: no route leads back to the test."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import requests

SECRET = "rf_whsec_of_the_shop"
MODEL = "runflow/background-removal"
CALLBACKS = "https://shop.example/callbacks"


def begin(base_url: str, key: str) -> str:
    """The client under test: creates a run, and returns its id."""
    body = {"input": {"image_url": "https://cdn.example.com/shoe.jpg"}, "callback_url": CALLBACKS}
    headers = {"Authorization": f"Bearer {key}"}
    answer = requests.post(f"{base_url}/v1/models/{MODEL}/runs", json=body, headers=headers, timeout=10)
    answer.raise_for_status()
    return str(answer.json()["id"])


def take(headers: Mapping[str, str], body: bytes) -> int:
    """The handler under test: takes what is signed."""
    content = headers["Runflow-Timestamp"].encode() + b"." + body
    expected = "v1=" + hmac.new(SECRET.encode(), content, hashlib.sha256).hexdigest()
    return 204 if hmac.compare_digest(headers["Runflow-Signature"].encode(), expected.encode()) else 401


def test_run_is_told_by_a_signed_callback_and_paid(runflow: Any) -> None:
    begin(runflow.url, runflow.key)
    runflow.control("POST", "/clock/advance", {"by": "3h"})
    (pulled,) = runflow.control("POST", "/deliveries/pull")["items"]
    assert take(pulled["headers"], base64.b64decode(pulled["base64"])) == 204
    assert runflow.control("GET", "/ledger")["charged"] == "0.270000"


def test_forged_callback_is_refused(runflow: Any) -> None:
    runflow.control("POST", "/faults", {"what": {"kind": "callback.tamper"}})
    begin(runflow.url, runflow.key)
    runflow.control("POST", "/clock/advance", {"by": "1m"})
    (pulled,) = runflow.control("POST", "/deliveries/pull")["items"]
    assert take(pulled["headers"], base64.b64decode(pulled["base64"])) == 401

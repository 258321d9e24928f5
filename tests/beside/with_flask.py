"""Flask: its test client, and its application as a receiver without a socket."""

import json

import pytest
from flask import Flask, request
from stories import BODY, PATH, tell

ARRIVED = []


@pytest.fixture
def app():
    shop = Flask(__name__)

    @shop.post("/hooks")
    def hooks():
        ARRIVED.append(request.get_json())
        return "", 204

    return shop


def test_application(app, runflow_in_process):
    ARRIVED.clear()
    runflow_in_process.deliver_to(app, "https://shop.example/")
    body = json.dumps({**BODY, "callback_url": "https://shop.example/hooks"}).encode()
    headers = {**runflow_in_process.headers, "Content-Type": "application/json"}
    status, raw = runflow_in_process.app.exchange("POST", PATH, headers, body)
    assert status == 201
    runflow_in_process.clock.run_until_idle()
    assert [body["run_id"] for body in ARRIVED] == [json.loads(raw)["id"]]


def test_client(client, runflow, runflow_receiver):
    assert client.post("/hooks", json={}).status_code == 204
    tell(runflow, runflow_receiver)

"""Flask: its test client, its live server, and its application as a receiver without a socket."""

import json
import multiprocessing

import pytest
import requests
from flask import Flask, request
from stories import BODY, PATH, by_hand, tell

ARRIVED = []

# The live server has to be forked, which from Python 3.14 on nobody does who is not told.
multiprocessing.set_start_method("fork", force=True)


# The live server of pytest-flask is of the whole session.
@pytest.fixture(scope="session")
def app():
    shop = Flask(__name__)

    @shop.post("/hooks")
    def hooks():
        ARRIVED.append(request.get_json())
        return "", 204

    @shop.get("/arrived")
    def arrived():
        return [body["run_id"] for body in ARRIVED]

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


def test_live_server_before(live_server, runflow):
    tell_live(live_server, runflow)


def test_live_server_after(runflow, live_server):
    tell_live(live_server, runflow)


def test_live_server_with_hosts(runflow_hosts, live_server):
    tell_live(live_server, runflow_hosts)
    url = f"https://api.runflow.io{PATH.removesuffix('/runs')}"
    assert requests.get(url, headers=runflow_hosts.headers, timeout=20).status_code == 200


def tell_live(live_server, runflow):
    run = by_hand(runflow.base_url + PATH, runflow.headers, {**BODY, "callback_url": live_server.url("/hooks")})
    runflow.clock.run_until_idle()
    assert run["id"] in requests.get(live_server.url("/arrived"), timeout=20).json()


def test_client(client, runflow, runflow_receiver):
    assert client.post("/hooks", json={}).status_code == 204
    tell(runflow, runflow_receiver)

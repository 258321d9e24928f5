"""time-machine stops the clocks of Python from below."""

import json
from datetime import datetime

import httpx
import pytest
import time_machine
from stories import BODY, PATH, tell, tell_in_process

THEN = "2020-01-01T00:00:00Z"


@pytest.fixture
def frozen():
    with time_machine.travel(THEN, tick=False):
        yield


def test_tool_first(frozen, runflow, runflow_receiver):
    tell(runflow, runflow_receiver)


def test_tool_last(runflow, runflow_receiver, frozen):
    tell(runflow, runflow_receiver)


@time_machine.travel(THEN, tick=False)
def test_in_process(runflow_in_process):
    tell_in_process(runflow_in_process)


@time_machine.travel(THEN, tick=False)
def test_client_in_process(runflow_in_process):
    with httpx.Client(transport=runflow_in_process.transport) as client:
        assert client.post("http://localhost" + PATH, json=BODY, headers=runflow_in_process.headers).status_code == 201


@pytest.mark.runflow(start=THEN, client_time="virtual", callback_secret="rf_whsec_of_the_test")
@time_machine.travel(THEN, tick=False)
def test_recipe(runflow, runflow_receiver):
    tell(runflow, runflow_receiver)
    runflow_receiver.deliveries[0].verify("rf_whsec_of_the_test", datetime.fromisoformat(runflow.clock.now))


@pytest.mark.runflow(callback_secret="rf_whsec_of_the_test")
@time_machine.travel(THEN, tick=False)
def test_callback_is_of_the_same_time_as_the_test(runflow, runflow_receiver):
    tell(runflow, runflow_receiver)
    runflow_receiver.deliveries[0].verify("rf_whsec_of_the_test")


@time_machine.travel(THEN, tick=False)
def test_hosts(runflow_hosts):
    import requests

    assert requests.get("https://api.runflow.io/v1/auth/me", headers=runflow_hosts.headers, timeout=20).status_code == 200


@time_machine.travel(THEN, tick=False)
def test_error_is_still_told(runflow):
    runflow.faults.add(what="reset", label="once")
    runflow.faults.clear()
    assert json.loads(json.dumps(runflow.ledger.balance)) == "10.000000"

"""freezegun stops the clocks of Python, module by module."""

import json
from datetime import datetime

import httpx
import pytest
from freezegun import freeze_time
from stories import BODY, PATH, tell, tell_in_process

THEN = "2020-01-01T00:00:00Z"


@pytest.fixture
def frozen():
    with freeze_time(THEN):
        yield


def test_tool_first(frozen, runflow, runflow_receiver):
    tell(runflow, runflow_receiver)


def test_tool_last(runflow, runflow_receiver, frozen):
    tell(runflow, runflow_receiver)


@freeze_time(THEN)
def test_in_process(runflow_in_process):
    tell_in_process(runflow_in_process)


@freeze_time(THEN)
def test_client_in_process(runflow_in_process):
    with httpx.Client(transport=runflow_in_process.transport) as client:
        assert client.post("http://localhost" + PATH, json=BODY, headers=runflow_in_process.headers).status_code == 201


@pytest.mark.runflow(start=THEN, client_time="virtual", callback_secret="rf_whsec_of_the_test")
@freeze_time(THEN)
def test_recipe(runflow, runflow_receiver):
    tell(runflow, runflow_receiver)
    runflow_receiver.deliveries[0].verify("rf_whsec_of_the_test", datetime.fromisoformat(runflow.clock.now))


@pytest.mark.runflow(callback_secret="rf_whsec_of_the_test")
@freeze_time(THEN)
def test_without_the_recipe_the_error_says_what_to_do(runflow, runflow_receiver):
    tell(runflow, runflow_receiver)
    with pytest.raises(Exception, match="client_time"):
        runflow_receiver.deliveries[0].verify("rf_whsec_of_the_test")


@freeze_time(THEN)
def test_hosts(runflow_hosts):
    import requests

    assert requests.get("https://api.runflow.io/v1/auth/me", headers=runflow_hosts.headers, timeout=20).status_code == 200


@freeze_time(THEN)
@pytest.mark.runflow(clock="real")
@pytest.mark.parametrize("kind", ["runflow", "runflow_in_process"])
def test_clock_that_passes_is_beside_the_one_that_stands(request, kind):
    runflow = request.getfixturevalue(kind)
    with httpx.Client(transport=runflow.transport) as client:
        assert client.get(runflow.base_url + PATH, headers={"Authorization": "Bearer of nobody"}).status_code == 401
        assert client.post(runflow.base_url + PATH, headers=runflow.headers, json=BODY).status_code == 201
    # The tenant's clock is the machine's.
    assert runflow.clock.now > THEN


@freeze_time(THEN)
def test_error_is_still_told(runflow):
    runflow.faults.add(what="reset", label="once")
    runflow.faults.clear()
    assert json.loads(json.dumps(runflow.ledger.balance)) == "10.000000"

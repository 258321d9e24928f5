"""vcrpy records what goes through http.client, urllib3, requests, httpx, aiohttp and others."""

import httpx
import pytest
import requests
import vcr
from stories import BODY, PATH, tell, tell_in_process

RECORDER = vcr.VCR(record_mode="all")


@pytest.fixture
def cassette(tmp_path):
    with RECORDER.use_cassette(str(tmp_path / "own.yaml")) as tape:
        yield tape


def test_tool_first(cassette, runflow, runflow_receiver):
    tell(runflow, runflow_receiver)
    assert len(cassette) == 0


def test_tool_last(runflow, runflow_receiver, cassette):
    tell(runflow, runflow_receiver)
    assert len(cassette) == 0


def test_in_process(cassette, runflow_in_process):
    tell_in_process(runflow_in_process)
    assert len(cassette) == 0


def test_adapter_that_is_made_after_the_tool(cassette, runflow_in_process):
    with requests.Session() as session:
        session.mount("https://", runflow_in_process.adapter)
        url = "https://api.runflow.io" + PATH
        assert session.post(url, json=BODY, headers=runflow_in_process.headers, timeout=20).status_code == 201
    assert len(cassette) == 0


def test_client_is_recorded_and_nothing_else(runflow, runflow_receiver, cassette):
    tell(runflow, runflow_receiver, lambda url, headers, body: requests.post(url, headers=headers, json=body, timeout=20).json())
    assert [request.path for request in cassette.requests] == [PATH]


def test_client_is_let_through(runflow, runflow_receiver, tmp_path):
    with vcr.VCR(record_mode="none", ignore_localhost=True).use_cassette(str(tmp_path / "none.yaml")) as tape:
        tell(runflow, runflow_receiver, lambda url, headers, body: requests.post(url, headers=headers, json=body, timeout=20).json())
        assert len(tape) == 0


@pytest.mark.parametrize("post", [requests.post, httpx.post])
def test_hosts(runflow_hosts, tmp_path, post):
    with vcr.VCR(record_mode="none", ignore_hosts=["api.runflow.io"]).use_cassette(str(tmp_path / "none.yaml")) as tape:
        assert post("https://api.runflow.io" + PATH, json=BODY, headers=runflow_hosts.headers, timeout=20).status_code == 201
        assert len(tape) == 0


def test_hosts_after_the_tool(cassette, runflow_hosts):
    assert requests.post("https://api.runflow.io" + PATH, json=BODY, headers=runflow_hosts.headers, timeout=20).status_code == 201
    assert len(cassette) == 1

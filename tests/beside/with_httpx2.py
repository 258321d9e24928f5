"""httpx2 goes on from httpx under another name: its clients take the transport, and end at the fake by the service's own name."""

import asyncio

import httpx2
import pytest
from stories import BODY, PATH, tell

SERVICE = "https://api.runflow.io"
PROXY = "http://proxy.invalid:3128"


def test_over_loopback(runflow, runflow_receiver):
    tell(runflow, runflow_receiver, lambda url, headers, body: httpx2.post(url, headers=headers, json=body).json())


@pytest.mark.parametrize("proxy", [None, PROXY])
def test_hosts(runflow_hosts, proxy):
    with httpx2.Client(proxy=proxy, headers=runflow_hosts.headers) as client:
        assert client.post(SERVICE + PATH, json=BODY).status_code == 201


@pytest.mark.parametrize("proxy", [None, PROXY])
def test_hosts_of_coroutines(runflow_hosts, proxy):
    async def post():
        async with httpx2.AsyncClient(proxy=proxy, headers=runflow_hosts.headers) as client:
            return (await client.post(SERVICE + PATH, json=BODY)).status_code

    assert asyncio.run(post()) == 201


def test_hosts_with_a_proxy_of_the_environment(monkeypatch, request):
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    runflow = request.getfixturevalue("runflow_hosts")
    assert httpx2.post(SERVICE + PATH, json=BODY, headers=runflow.headers).status_code == 201


# Only a silence is waited for to its end; what comes has as long as it takes on a busy machine.
FAULTS = pytest.mark.parametrize(
    ("kind", "error", "timeout"),
    [("reset", httpx2.ReadError, 20), ("hang", httpx2.ReadTimeout, 0.2), ("truncate", httpx2.RemoteProtocolError, 20)],
)


def test_transport(runflow_in_process):
    with httpx2.Client(transport=runflow_in_process.transport, headers=runflow_in_process.headers) as client:
        assert client.post(SERVICE + PATH, json=BODY).status_code == 201


@FAULTS
def test_transport_fails_as_a_network_does(runflow_in_process, kind, error, timeout):
    runflow_in_process.faults.add(what=kind)
    client = httpx2.Client(transport=runflow_in_process.transport, headers=runflow_in_process.headers, timeout=timeout)
    with client, pytest.raises(error):
        client.post(SERVICE + PATH, json=BODY)


@FAULTS
def test_transport_of_coroutines_fails_as_a_network_does(runflow_in_process, kind, error, timeout):
    runflow_in_process.faults.add(what=kind)

    async def post():
        async with httpx2.AsyncClient(
            transport=runflow_in_process.transport, headers=runflow_in_process.headers, timeout=timeout
        ) as client:
            with pytest.raises(error):
                await client.post(SERVICE + PATH, json=BODY)

    asyncio.run(post())

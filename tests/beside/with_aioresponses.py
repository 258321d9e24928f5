"""aioresponses patches the request method of aiohttp's sessions."""

import asyncio

import aiohttp
import pytest
from aioresponses import aioresponses
from stories import BODY, PATH, BesideAPatch, tell


@pytest.fixture
def mocked():
    with aioresponses() as mock:
        mock.get("https://other.example/", payload={"is": "mocked"})
        yield mock


async def _get(url):
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.json()


def check():
    assert asyncio.run(_get("https://other.example/")) == {"is": "mocked"}


class TestFakeOfItsOwn(BesideAPatch):
    check = staticmethod(check)


def test_receiver_of_a_fake_without_a_socket(mocked, runflow_in_process):
    import json

    with runflow_in_process.receiver() as receiver:
        headers = {**runflow_in_process.headers, "Content-Type": "application/json"}
        body = json.dumps({**BODY, "callback_url": receiver.url}).encode()
        assert runflow_in_process.app.exchange("POST", PATH, headers, body)[0] == 201
        assert len(receiver.wait(1)) == 1
    check()


def test_client_passes_through(runflow, runflow_receiver):
    async def post(url, headers, body):
        async with aiohttp.ClientSession() as session, session.post(url, headers=headers, json=body) as answer:
            return await answer.json()

    with aioresponses(passthrough=["http://127.0.0.1"]):
        tell(runflow, runflow_receiver, lambda *given: asyncio.run(post(*given)))


def test_hosts(runflow_hosts):
    async def post():
        url = "https://api.runflow.io" + PATH
        async with aiohttp.ClientSession() as session, session.post(url, headers=runflow_hosts.headers, json=BODY) as answer:
            return answer.status

    with aioresponses(passthrough=["https://api.runflow.io"]):
        assert asyncio.run(post()) == 201

"""niquests: its sessions end at the fake, and fail as a network would; it puts another urllib3 in the place of all others'."""

import asyncio

import niquests
import pytest
from stories import BODY, PATH, tell

SERVICE = "https://api.runflow.io"
ME = "/v1/auth/me"


def by_session(url, headers, body):
    with niquests.Session() as session:
        answer = session.post(url, headers=headers, json=body, timeout=20)
        assert answer.status_code == 201
        return answer.json()


def by_coroutine(url, headers, body):
    async def post():
        async with niquests.AsyncSession() as session:
            answer = await session.post(url, headers=headers, json=body, timeout=20)
            assert answer.status_code == 201
            return answer.json()

    return asyncio.run(post())


CLIENTS = pytest.mark.parametrize("post", [by_session, by_coroutine])


@CLIENTS
def test_run_is_created(runflow, runflow_receiver, post):
    tell(runflow, runflow_receiver, post)


@CLIENTS
def test_service_is_the_fake(runflow_hosts, post):
    assert post(SERVICE + PATH, runflow_hosts.headers, BODY)["status_code"] == "queued"
    assert len(runflow_hosts.journal) == 1


@pytest.mark.parametrize("kind", ["reset", "empty", "truncate"])
def test_fault_is_an_error_of_niquests(runflow_hosts, kind):
    runflow_hosts.faults.add(what=kind)
    with niquests.Session() as session, pytest.raises(niquests.exceptions.RequestException):
        session.get(SERVICE + ME, headers=runflow_hosts.headers, timeout=20)


def test_adapter_of_requests_says_what_to_take(runflow_in_process):
    with niquests.Session() as session:
        session.mount("https://", runflow_in_process.adapter)
        with pytest.raises(TypeError, match="a session of niquests: take the fixture runflow_hosts"):
            session.get(SERVICE + ME, headers=runflow_in_process.headers)

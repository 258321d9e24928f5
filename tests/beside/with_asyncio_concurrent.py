"""pytest-asyncio-concurrent: tests of a group run at once, each with a tenant of its own, whose end is judged."""

import asyncio

import httpx
import pytest
from stories import BODY, PATH

pytest_plugins = ["pytester"]
SUITE = """
    import httpx
    import pytest

    MARK

    async def test_wrong(runflow):
        async with httpx.AsyncClient(base_url=runflow.base_url, headers=runflow.headers) as client:
            await client.post("/v1/models/runflow/background-removal/runs", json={"inputs": {}})

    MARK

    async def test_right(runflow):
        async with httpx.AsyncClient(base_url=runflow.base_url, headers=runflow.headers) as client:
            await client.get("/v1/auth/me")
"""
MARK = '@pytest.mark.asyncio_concurrent(group="shop")'
both_are_there = asyncio.Event()
tenants = set()


@pytest.mark.asyncio_concurrent(group="shop")
@pytest.mark.parametrize("number", [1, 2])
async def test_each_of_a_group_has_a_tenant_of_its_own(runflow, number):
    async with httpx.AsyncClient(base_url=runflow.base_url, headers=runflow.headers) as client:
        assert (await client.post(PATH, json=BODY)).status_code == 201
    tenants.add(runflow.tenant)
    if len(tenants) == 2:
        both_are_there.set()
    await asyncio.wait_for(both_are_there.wait(), 20)
    assert len(runflow.runs) == 1


def test_client_that_breaks_the_contract_fails_its_test_alone(pytester):
    pytester.makepyfile(SUITE.replace("MARK\n\n", f"{MARK}\n"))
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*broke the contract*"])

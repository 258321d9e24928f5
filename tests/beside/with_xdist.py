"""pytest-xdist: each worker has a server of its own; run with -n 2 and each --dist. Ids stay with their node ids in every mode."""

import pytest
from stories import BODY, PATH, by_hand, tell_in_process

IDS = {}


@pytest.mark.parametrize("number", range(4))
def test_each(runflow, number, record_property):
    run = by_hand(runflow.base_url + PATH, runflow.headers, BODY)
    assert [found["id"] for found in runflow.runs] == [run["id"]]
    record_property("run_id", run["id"])


@pytest.mark.xdist_group("together")
def test_in_process(runflow_in_process):
    tell_in_process(runflow_in_process)


@pytest.fixture(scope="module")
def shop(runflow_tenants):
    with runflow_tenants(balance=5) as runflow:
        yield runflow


@pytest.mark.parametrize("number", range(3))
def test_shared_tenant(shop, number):
    # Each worker has one of its own, shared by those of these tests that it runs.
    earlier = len(shop.runs)
    by_hand(shop.base_url + PATH, shop.headers, BODY)
    assert len(shop.runs) == earlier + 1

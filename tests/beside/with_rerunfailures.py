"""pytest-rerunfailures: a test that is run again has a tenant and ids of its own."""

import pytest
from stories import BODY, PATH, by_hand

SEEN = []


@pytest.mark.flaky(reruns=2)
def test_passes_at_the_third_time(runflow):
    SEEN.append(by_hand(runflow.base_url + PATH, runflow.headers, BODY)["id"])
    assert len(runflow.runs) == 1
    assert len(SEEN) == len(set(SEEN)) == 3


FAULTS = []


@pytest.mark.flaky(reruns=1)
def test_end_that_fails_is_run_again(runflow):
    FAULTS.append(1)
    if len(FAULTS) == 1:
        runflow.faults.add(what="hang", where={"client_ref": "never"})

"""pytest-timeout, by signal and by thread: a test that is ended in the middle of a verb leaves the server at work."""

import pytest
from stories import BODY, PATH, by_hand, tell


@pytest.mark.timeout(20, method="signal")
def test_by_signal(runflow, runflow_receiver):
    tell(runflow, runflow_receiver)


@pytest.mark.timeout(20, method="thread")
def test_by_thread(runflow, runflow_receiver):
    tell(runflow, runflow_receiver)


@pytest.mark.xfail(strict=True, reason="is ended by its time-out")
@pytest.mark.timeout(1, method="signal")
def test_that_waits_too_long(runflow):
    runflow.faults.add(what="hang")
    by_hand(runflow.base_url + PATH, runflow.headers, BODY)


def test_after_it(runflow, runflow_receiver):
    tell(runflow, runflow_receiver)


@pytest.mark.timeout(2, func_only=True)
def test_time_of_fixtures_is_left_out(runflow):
    assert list(runflow.runs) == []

"""A verb that was called and not awaited does nothing: the test that forgot it fails, and is told which line that was."""

import asyncio
import gc
import inspect
import re
import warnings

import pytest

from runflow_mock.testing.asynchronous import AsyncReceiver, AsyncRunflow
from runflow_mock.testing.forgotten_awaits import Awaited
from runflow_mock.testing.in_process import InProcess, open_tenant_in
from runflow_mock.testing.receiver import CallbackReceiver

pytest_plugins = ["pytester"]

OPTIONS = ("-q", "-p", "no:asyncio", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist")
SUITE = """
import asyncio
import pytest

@pytest.mark.parametrize("verb", ["advance", "deliver_to", "wait"])
def test_forgets(runflow_in_process_async, runflow_receiver_async, verb):
    async def story():
        if verb == "advance":
            runflow_in_process_async.clock.advance("10m")
        if verb == "deliver_to":
            runflow_in_process_async.deliver_to(lambda environ, start_response: [])
        if verb == "wait":
            runflow_receiver_async.wait()
    asyncio.run(story())

def test_awaits(runflow_in_process_async):
    async def story():
        now = runflow_in_process_async.clock.now()
        waiting = asyncio.create_task(runflow_in_process_async.clock.now())
        await asyncio.gather(now, waiting, runflow_in_process_async.ledger())
        await asyncio.wait_for(runflow_in_process_async.journal(), 5)
    asyncio.run(story())

def test_fails_anyway(runflow_in_process_async):
    runflow_in_process_async.verify(operation="create_run", count=1)
    assert not runflow_in_process_async.tenant

@pytest.mark.xfail(strict=True)
def test_is_expected_to_fail(runflow_in_process_async):
    runflow_in_process_async.clock.next()
"""


@pytest.mark.slow(is_covering=True)
def test_forgotten_await_fails_a_test_that_passed_and_is_told_of_one_that_failed(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_shop=SUITE)
    done = pytester.runpytest(*OPTIONS, "-W", "error")
    done.assert_outcomes(passed=4, errors=3, failed=1, xfailed=1)
    done.stdout.fnmatch_lines(
        [
            "test_shop.py:8: AsyncClock.advance() was called and not awaited, so that it did nothing; put `await` before it",
            "test_shop.py:10: AsyncRunflow.deliver_to() was called and not awaited*",
            "test_shop.py:12: AsyncReceiver.wait() was called and not awaited*",
            "*- runflow complaints -*",
            "test_shop.py:24: AsyncRunflow.verify() was called and not awaited*",
        ]
    )
    assert "never awaited" not in done.stdout.str()


@pytest.mark.slow(is_covering=True)
def test_verb_is_forgotten_until_it_is_under_way_and_told_once() -> None:
    app = InProcess()
    with open_tenant_in(app) as opened:
        clock = AsyncRunflow(opened).clock
        begun = [clock.now(), clock.now()]
        asyncio.run(begun[0])
        (line,) = opened.awaited.forgotten()
        assert re.match(r"test_forgotten_awaits.py:\d+: AsyncClock.now\(\) was called", line)
        assert opened.awaited.forgotten() == []
        begun.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            gc.collect()
    app.stop()


def test_verb_is_a_coroutine_function_with_the_signature_that_is_documented() -> None:
    assert list(inspect.signature(AsyncReceiver.wait).parameters) == ["self", "count", "seconds"]
    assert AsyncReceiver.wait.__doc__


def test_receiver_that_belongs_to_no_tenant_waits_as_well() -> None:
    with CallbackReceiver() as receiver:
        with pytest.raises(TimeoutError):
            asyncio.run(AsyncReceiver(receiver, Awaited()).wait(seconds=0.01))
        with pytest.raises(TimeoutError):
            asyncio.run(AsyncReceiver(receiver).wait(seconds=0.01))

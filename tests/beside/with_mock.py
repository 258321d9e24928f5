"""pytest-mock: what a test puts in the place of the standard library's clocks, files and chance does not reach the fake."""

import pytest
from stories import tell, tell_in_process

NAMES = [
    *("time.time", "time.monotonic", "time.sleep", "asyncio.sleep", "asyncio.timeout", "asyncio.to_thread", "asyncio.gather"),
    *("uuid.uuid4", "random.random", "os.urandom", "builtins.open", "threading.Thread"),
]


@pytest.mark.parametrize("name", NAMES)
def test_tool_first(mocker, runflow, runflow_receiver, name):
    mocker.patch(name, return_value=1.0 if name.startswith("time.") else b"")
    tell(runflow, runflow_receiver)


@pytest.mark.parametrize("name", NAMES)
def test_tool_last(mocker, request, name):
    mocker.patch(name, return_value=1.0 if name.startswith("time.") else b"")
    tell_in_process(request.getfixturevalue("runflow_in_process"))


def test_environment(runflow_env, mocker, runflow, runflow_receiver):
    mocker.patch.dict("os.environ", clear=True)
    tell(runflow, runflow_receiver)


def test_waits_of_a_client_are_counted_alone(mocker, runflow, runflow_receiver):
    slept = mocker.patch("asyncio.sleep")
    tell(runflow, runflow_receiver)
    assert slept.await_count == 0

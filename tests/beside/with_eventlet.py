"""eventlet puts green threads in the place of threads and sockets, which has to happen before anything else is loaded."""

import eventlet
import trio  # noqa: F401 - where it is installed, it must be loaded before sockets are patched

eventlet.monkey_patch()

import pytest  # noqa: E402 - nothing may be loaded before it
import requests  # noqa: E402
from stories import BODY, PATH, tell  # noqa: E402


def test_over_loopback(runflow, runflow_receiver):
    tell(runflow, runflow_receiver)


def test_green_threads_ask_at_once(runflow):
    def ask(_):
        return requests.post(runflow.base_url + PATH, json=BODY, headers=runflow.headers, timeout=20).status_code

    assert list(eventlet.GreenPool().imap(ask, range(5))) == [201] * 5


def test_hosts(runflow_hosts):
    answer = requests.post("https://api.runflow.io" + PATH, json=BODY, headers=runflow_hosts.headers, timeout=20)
    assert answer.status_code == 201


def test_without_a_socket_it_is_said_what_to_do(request):
    with pytest.raises(RuntimeError, match="runflow-mock: gevent or eventlet .* take the fixture runflow"):
        request.getfixturevalue("runflow_in_process")

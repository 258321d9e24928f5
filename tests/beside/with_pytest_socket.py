"""pytest-socket forbids sockets, or connections to other hosts than those that are allowed; run with --allow-hosts=127.0.0.1."""

import pytest
import requests
from pytest_socket import SocketConnectBlockedError
from stories import tell, tell_in_process


def test_without_any_socket(socket_disabled, runflow_in_process):
    tell_in_process(runflow_in_process)


def test_over_loopback(runflow, runflow_receiver):
    tell(runflow, runflow_receiver)


def test_in_process(runflow_in_process):
    tell_in_process(runflow_in_process)


def test_hosts(runflow_hosts):
    assert requests.get("https://api.runflow.io/v1/auth/me", headers=runflow_hosts.headers, timeout=20).status_code == 200


def test_others_stay_forbidden(runflow_hosts):
    with pytest.raises(SocketConnectBlockedError):
        requests.get("https://10.1.2.3/", timeout=20)

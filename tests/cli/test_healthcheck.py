import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import call
from doors import MANUAL
from msgspec.structs import replace
from worlds import catalog

from runflow_mock.testing.receiver import CallbackReceiver
from runflow_mock.testing.server import RunningServer, serve


@pytest.fixture(scope="module")
def server(state: Path) -> Iterator[RunningServer]:
    with serve(replace(MANUAL, port=0, tls_port=0, state=state), catalog=catalog()) as running:
        yield running


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_sandbox_that_is_up_is_healthy(server: RunningServer, state: Path, scheme: str) -> None:
    url = str({"http": server.url, "https": server.tls_url}[scheme])
    told = call("healthcheck", "--url", url, "--state", str(state), "--json")
    assert (told.code, json.loads(told.out)) == (0, {"healthy": True, "url": url, "status": "ok", "background_errors": 0})


def test_errors_in_the_background_are_told_and_no_reason_to_restart(state: Path) -> None:
    with serve(replace(MANUAL, port=0), catalog=catalog()) as running:
        running.runtime.background_errors.append("boom")
        told = call("healthcheck", "--url", running.url)
    assert told.code == 0
    assert "degraded, 1 errors in the background" in told.out


def test_nobody_there_is_unhealthy() -> None:
    with CallbackReceiver() as receiver:
        url = receiver.url.removesuffix("/callbacks")
    told = call("healthcheck", "--url", url)
    assert told.code == 1
    assert "Connection refused" in told.out
    assert "runflow-mock serve" in told.out


def test_something_else_there_is_unhealthy() -> None:
    with CallbackReceiver() as receiver:
        told = call("healthcheck", "--url", receiver.url, "--json")
    assert told.code == 1
    assert "is no sandbox's health" in json.loads(told.out)["reason"]


def test_https_without_an_authority_is_told(tmp_path: Path) -> None:
    told = call("healthcheck", "--url", "https://localhost:8443", "--state", str(tmp_path))
    assert told.code == 1
    assert f"the local CA {tmp_path}/ca/ca.pem cannot be read (No such file or directory); `runflow-mock ca` makes it" in told.out


def test_another_authority_is_not_trusted(server: RunningServer, tmp_path: Path) -> None:
    call("ca", "--state", str(tmp_path))
    told = call("healthcheck", "--url", str(server.tls_url), "--state", str(tmp_path))
    assert (told.code, "CERTIFICATE_VERIFY_FAILED" in told.out) == (1, True)


@pytest.mark.slow(is_covering=True)
def test_check_imports_no_part_of_a_server() -> None:
    check = "main(['healthcheck', '--url', 'http://127.0.0.1:1'])"
    script = f"import sys; from runflow_mock.cli import main\ntry: {check}\nfinally: print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False).stdout.split()
    assert "http.client" in loaded
    assert {"starlette", "uvicorn", "msgspec", "aiohttp", "runflow_mock.runtime"} & set(loaded) == set()

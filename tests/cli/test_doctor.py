import json
from collections.abc import Iterator

import pytest
from answers import ANSWERS
from commands import call
from doors import MANUAL
from msgspec.structs import replace
from shelves import shelf
from steps import ABSENT, INPUT, RUNS
from worlds import catalog

from runflow_mock.testing.client import Client
from runflow_mock.testing.receiver import CallbackReceiver
from runflow_mock.testing.server import RunningServer, serve

KEY = "rf_live_mock_sandbox"


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with serve(replace(MANUAL, port=0), catalog=catalog(), observer=ANSWERS) as running:
        yield running


def test_why_and_way_out_are_told_with_exit_code_1(server: RunningServer) -> None:
    run = Client(server.url, KEY).post(RUNS, {"input": INPUT})["id"]
    told = call("doctor", run, "--url", server.url)
    assert told.code == 1
    assert told.out == f"x run {run}: it was created without callback_url\n    send callback_url when you create it\n"


def test_nothing_in_the_way_is_exit_code_0(server: RunningServer) -> None:
    client = Client(server.url, KEY)
    with CallbackReceiver() as receiver:
        client.post("/v1/callback-secrets", {"label": "x"})
        client.post(RUNS, {"input": INPUT, "callback_url": receiver.url})
        client.post("/_mock/clock/run-until-idle")
        told = call("doctor", "--url", server.url)
    assert told.code == 0
    assert told.out.endswith("Nothing keeps callbacks from arriving.\n")


@pytest.mark.slow(is_covering=True)
def test_json_lists_the_findings(server: RunningServer) -> None:
    told = call("doctor", ABSENT, "--url", server.url, "--json")
    line = json.loads(told.out)
    assert (told.code, line["healthy"]) == (1, False)
    assert set(line["findings"][0]) == {"about", "says", "way_out", "is_problem"}


def test_key_that_is_none_is_told(server: RunningServer) -> None:
    told = call("doctor", "--url", server.url, "--key", "nonsense")
    assert told.code == 1
    assert "401" in told.out
    assert "with --key" in told.out


def test_sandbox_that_is_not_there_is_told() -> None:
    with CallbackReceiver() as gone:
        url = gone.url.removesuffix("/callbacks")
    told = call("doctor", "--url", url)
    assert told.code == 1
    assert "start it with `runflow-mock serve`" in told.out


@pytest.mark.parametrize("page", [b"<html>", b"[]", b"null", b'{"name": "x"}', b"\xff", b""])
@pytest.mark.parametrize("command", ["doctor", "report"])
def test_server_that_is_no_sandbox_is_told_in_one_line(command: str, page: bytes) -> None:
    with shelf({"/_mock/version": page}) as url:
        told = call(command, "--url", url, "--key", KEY)
    assert told.code in (1, 2)
    assert "no runflow-mock" in told.out + told.err

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from answers import ANSWERS
from doors import MANUAL
from msgspec.structs import replace
from steps import ABSENT, BATCHES, INPUT, RUNS

from runflow_mock.domain.tenants import ClockMode
from runflow_mock.testing.client import Client
from runflow_mock.testing.diagnosis import Finding, diagnose
from runflow_mock.testing.in_process import InProcess
from runflow_mock.testing.receiver import CallbackReceiver, Reply
from runflow_mock.testing.server import RunningServer, serve

FOREIGN = "https://app.example/hook"


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with serve(replace(MANUAL, port=0), observer=ANSWERS) as running:
        yield running


@pytest.fixture
def client(server: RunningServer) -> Iterator[Client]:
    tenant = Client(server.url, "rf_live_mock_maker").post("/_mock/tenants", {})
    opened = Client(server.url, tenant["key"])
    yield opened
    opened.close()


def create(client: Client, url: str | None, path: str = RUNS) -> str:
    """The id of a run or batch that is to be told at a URL."""
    body: dict[str, Any] = {"input": INPUT if path == RUNS else [INPUT]}
    return str(client.post(path, body if url is None else {**body, "callback_url": url})["id"])


def only(findings: list[Finding]) -> Finding:
    (finding,) = findings
    assert finding.is_problem is True
    return finding


def test_run_without_a_callback_url_is_told(client: Client) -> None:
    found = only(diagnose(client, create(client, None)))
    assert (found.says, found.way_out) == ("it was created without callback_url", "send callback_url when you create it")


@pytest.mark.parametrize("path", [RUNS, BATCHES])
def test_record_that_has_not_ended_is_told_with_the_clock_that_stands(client: Client, path: str) -> None:
    found = only(diagnose(client, create(client, FOREIGN, path)))
    assert "it has not ended: it is queued, and the clock stands at 2026-01-01T00:00:00" in found.says
    assert "POST /_mock/clock/run-until-idle" in str(found.way_out)


@pytest.mark.parametrize("mode", ["manual", "real"])
@pytest.mark.parametrize("path", [RUNS, BATCHES])
def test_record_that_waits_for_polls_is_told_to_be_polled(client: Client, path: str, mode: str) -> None:
    client.post("/_mock/faults", {"what": {"kind": "after_polls", "polls": 3}})
    record = create(client, FOREIGN, path)
    client.post("/_mock/clock/run-until-idle")
    if mode == "real":
        client.post("/_mock/clock/resume")
    found = only(diagnose(client, record))
    assert "it has not ended: it is running, and no time brings it on: a rule lets it wait for a number of polls" in found.says
    assert found.way_out == f"read it until it has ended: GET /v1/{path.rpartition('/')[2]}/{record}"
    for _ in range(4):
        client.get(f"/v1/{path.rpartition('/')[2]}/{record}")
    client.post("/_mock/clock/run-until-idle")
    assert "the sandbox calls no foreign hosts" in diagnose(client, record)[0].says


def test_clock_that_passes_says_how_long_to_wait() -> None:
    app = InProcess(replace(MANUAL, clock=ClockMode.REAL))
    client = Client("http://localhost", "rf_live_mock_real", app)
    found = only(diagnose(client, create(client, "http://127.0.0.1:9/")))
    app.stop()
    assert "the time is 20" in found.says
    assert "wait until 20" in str(found.way_out)


def test_foreign_host_is_told_with_the_options_that_allow_it(client: Client) -> None:
    run = create(client, FOREIGN)
    client.post("/_mock/clock/run-until-idle")
    found = diagnose(client, run)[0]
    assert found.is_problem
    assert "the sandbox calls no foreign hosts" in found.says
    assert "--callback-hosts app.example" in str(found.way_out)
    assert "--callback-rewrite https://app.example=http://127.0.0.1:PORT" in str(found.way_out)


def test_failing_receiver_is_told_with_its_answer_and_the_next_attempt(client: Client) -> None:
    client.post("/v1/callback-secrets", {"label": "x"})
    with CallbackReceiver(Reply(500, b"no database")) as receiver:
        run = create(client, receiver.url)
        client.post("/_mock/clock/advance", {"by": "5s"})
        found = only(diagnose(client, run))
    assert "attempt 1 was answered 500 'no database'; the next attempt is due at 2026-01-01T00:00:" in found.says
    assert "the clock stands" in found.says


def test_receiver_that_never_accepts_is_given_up_with_the_way_to_try_again(client: Client) -> None:
    client.post("/v1/callback-secrets", {"label": "x"})
    with CallbackReceiver() as gone:
        url = gone.url
    run = create(client, url)
    client.post("/_mock/clock/run-until-idle")
    found = only(diagnose(client, run))
    assert "every attempt has failed: attempt 5 got no answer (" in found.says
    assert "callback-redeliveries" in str(found.way_out)


def test_missing_signature_is_why_a_receiver_refuses(client: Client) -> None:
    with CallbackReceiver(401) as receiver:
        run = create(client, receiver.url)
        client.post("/_mock/clock/advance", {"by": "5s"})
        refused, unsigned = diagnose(client, run)
    assert "was answered 401" in refused.says
    assert "no callback secret is registered" in unsigned.says
    assert unsigned.is_problem


@pytest.mark.parametrize(
    ("dialect", "sent", "expected"),
    [
        (
            "seed",
            "it is sent `v1=` and hex digits over `timestamp.body`",
            "seems to expect bare hex digits over the body (serve --dialect docs",
        ),
        ("docs", "it is sent bare hex digits over the body", "seems to expect `v1=` and hex digits over `timestamp.body`"),
    ],
)
def test_receiver_that_believes_no_genuine_callback_is_told_both_forms(
    server: RunningServer, dialect: str, sent: str, expected: str
) -> None:
    made = Client(server.url, None).post("/_mock/tenants", {"dialect": dialect, "callback_secret": "rf_whsec_mine"})
    with closing(Client(server.url, made["key"])) as client, CallbackReceiver(401, 403) as receiver:
        run = create(client, receiver.url)
        client.post("/_mock/clock/advance", {"by": "1m"})
        for findings in (diagnose(client), diagnose(client, run)):
            (found,) = (finding for finding in findings if finding.about == f"receiver {receiver.url}")
            assert "it answers 401, 403 to every genuine callback, 2 so far" in found.says
            assert sent in found.says
            assert expected in found.says


def test_receiver_that_believes_some_callbacks_or_refuses_distorted_ones_expects_no_other_form(client: Client) -> None:
    client.post("/v1/callback-secrets", {"label": "x"})
    client.post("/_mock/faults", {"what": {"kind": "callback.wrong_secret"}, "where": {}, "when": {"times": 1}})
    with CallbackReceiver(401, 200, 401) as receiver:
        for _ in range(2):
            create(client, receiver.url)
        client.post("/_mock/clock/advance", {"by": "1m"})
        assert not [finding for finding in diagnose(client) if finding.about.startswith("receiver ")]


def test_delivered_callback_is_no_problem(client: Client) -> None:
    client.post("/v1/callback-secrets", {"label": "x"})
    with CallbackReceiver() as receiver:
        run = create(client, receiver.url)
        client.post("/_mock/clock/run-until-idle")
        (found,) = diagnose(client, run)
    assert (found.is_problem, found.says) == (False, "delivered: attempt 1 was answered 200")


def test_run_of_a_batch_leads_to_its_batch(client: Client) -> None:
    batch = create(client, FOREIGN, BATCHES)
    member = client.get(f"/v1/batches/{batch}/items")["items"][0]["run_id"]
    assert only(diagnose(client, member)).says == f"it belongs to batch {batch}, which tells of all its runs at once"


def test_unknown_record_is_told_with_the_key_in_mind(client: Client) -> None:
    found = only(diagnose(client, ABSENT))
    assert (found.about, "--key" in str(found.way_out)) == (ABSENT, True)


def test_tenant_whose_records_have_no_callback_url_is_told(client: Client) -> None:
    create(client, None)
    assert only(diagnose(client)).says == "none of 1 runs and batches has a callback_url"


def test_without_an_id_every_record_with_a_callback_url_is_looked_at(client: Client) -> None:
    create(client, None)
    runs = [create(client, FOREIGN) for _ in range(2)]
    assert [found.about for found in diagnose(client)] == [f"run {run}" for run in runs]


@pytest.mark.slow(is_covering=True)
def test_looking_moves_nothing_and_leaves_no_trace(client: Client) -> None:
    client.post("/v1/callback-secrets", {"label": "x"})
    create(client, FOREIGN)
    before = client.get("/_mock/history"), client.get("/_mock/journal"), client.get("/_mock/clock")
    diagnose(client)
    assert (client.get("/_mock/history"), client.get("/_mock/journal"), client.get("/_mock/clock")) == before


@pytest.mark.parametrize(("kind", "is_problem"), [({"kind": "callback.drop"}, True), ({"kind": "callback.duplicate", "copies": 2}, False)])
def test_rule_that_interfered_with_an_attempt_is_told(client: Client, kind: dict[str, Any], is_problem: bool) -> None:
    client.post("/v1/callback-secrets", {"label": "x"})
    client.post("/_mock/faults", {"label": "lost", "where": {"callback": "run.*"}, "what": kind})
    with CallbackReceiver() as receiver:
        run = create(client, receiver.url)
        client.post("/_mock/clock/run-until-idle")
        delivered, interfered = diagnose(client, run)
        everything = diagnose(client)
    assert delivered.says.startswith("delivered: ")
    assert (interfered.says, interfered.is_problem) == (f"a fault rule has interfered with attempt 1: {kind['kind']}", is_problem)
    assert everything[0].says == f"{kind['kind']} (lost) has interfered with callbacks 1 times"
    assert everything[0].is_problem is is_problem


def test_key_that_has_made_an_empty_tenant_is_told(server: RunningServer, client: Client) -> None:
    misspelt = Client(server.url, "rf_live_mock_shpo")
    found = diagnose(misspelt)[0]
    misspelt.close()
    assert found.says.startswith("the first use of this key has made tenant shpo, in which nothing was created; there are also ")
    assert not [finding for finding in diagnose(client) if finding.says.startswith("the first use")]

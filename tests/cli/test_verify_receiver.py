"""`runflow-mock verify-receiver`: the whole command against handlers on loopback."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from commands import Told, call
from drips import answering
from handlers import handler
from slips import PREVIOUS_SECRET, RETIRED_SECRET, SECRET

from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.testing.control import Control
from runflow_mock.testing.receiver import CallbackReceiver
from runflow_mock.testing.server import serve


@pytest.mark.parametrize(
    "command",
    [
        ("verify-receiver", "http://127.0.0.1:1/", "--secret"),
        ("verify-receiver", "http://127.0.0.1:1/", "--secret", SECRET, "--previous-secret"),
        ("verify-receiver", "http://127.0.0.1:1/", "--secret", SECRET, "--retired-secret"),
        ("trigger", "run.completed", "http://127.0.0.1:1/", "--secret"),
        ("listen", "--host", "192.0.2.1", "--secret"),  # an address of nobody, where nothing can listen
        ("verify-client", "--callback-secret"),
        ("replay", "x.json", "--callback-secret"),
    ],
)
def test_secret_that_no_tenant_can_have_is_a_wrong_use_in_one_line(command: tuple[str, ...]) -> None:
    for secret, why in (("x", "must have 8 to 256 characters"), ("rf_live_REALLYREAL123", "looks like a real Runflow key")):
        told = call(*command, secret)
        assert (told.code, f"it {why}" in told.err, "Traceback" in told.err, "REALLYREAL" in told.err) == (2, True, False, False)


@pytest.mark.slow
def test_good_handler_is_exit_code_0_with_its_options_or_without() -> None:
    with handler() as running:
        least = call("verify-receiver", running.url, "--secret", SECRET)
        options = ("--previous-secret", PREVIOUS_SECRET, "--retired-secret", RETIRED_SECRET, "--effects", running.effects_url)
        whole = call("verify-receiver", running.url, "--secret", SECRET, *options, "--json")
    assert (least.code, whole.code, json.loads(whole.out)["not_exercised"]) == (0, 0, 0)
    assert (
        "not exercised  each batch: acts-once, each evaluation: acts-once, repeats: acts-once, next attempts of every event: acts-once, "
        "ids that are alike: acts-once, "
    ) in least.out
    assert "(nobody tells how often the receiver acts" in least.out
    assert "held           genuine: takes-genuine\n" in least.err


@pytest.mark.slow
def test_bad_handler_is_exit_code_1_unless_that_is_expected(tmp_path: Path) -> None:
    expected = tmp_path / "expected.txt"
    expected.write_text("tolerates-news  # issue 7\n")
    with handler("strict fields") as running:
        told = call("verify-receiver", running.url, "--secret", SECRET)
        forgiven = call("verify-receiver", running.url, "--secret", SECRET, "--expected-failures", str(expected))
    assert (told.code, forgiven.code) == (1, 0)
    assert "broken   unknown field: tolerates-news (error)" in told.out


def test_list_with_a_name_that_fits_no_row_is_refused_before_a_probe_is_sent(tmp_path: Path) -> None:
    expected = tmp_path / "expected.txt"
    expected.write_text("tolerate-news\n")
    with CallbackReceiver() as receiver:
        told = call("verify-receiver", receiver.url, "--secret", SECRET, "--expected-failures", str(expected))
        assert not receiver.deliveries
    assert (told.code, f"{expected}: expected failure 'tolerate-news' names no rule" in told.err) == (2, True)


@pytest.mark.slow
def test_expected_failure_that_holds_is_exit_code_1(tmp_path: Path) -> None:
    expected = tmp_path / "expected.txt"
    expected.write_text("refuses-stale\n")
    with handler() as running:
        told = call("verify-receiver", running.url, "--secret", SECRET, "--expected-failures", str(expected))
    assert told.code == 1
    assert "stale    refuses-stale was expected to be broken, and held" in told.out


def test_receiver_that_takes_nothing_is_broken_and_the_rest_not_exercised() -> None:
    with CallbackReceiver(*[401] * 50) as receiver:
        told = call("verify-receiver", receiver.url, "--secret", SECRET)
        # The second one is signed in the other form.
        assert len(receiver.deliveries) == 2
    assert told.code == 1
    assert "broken   genuine: takes-genuine (error)" in told.out


@pytest.mark.slow(is_covering=True)
def test_receiver_that_is_not_there_is_wrong_usage() -> None:
    told = call("verify-receiver", "http://127.0.0.1:9/hooks", "--secret", SECRET)
    assert told.code == 2
    assert "http://127.0.0.1:9/hooks does not answer" in told.err


@pytest.mark.slow(is_covering=True)
def test_receiver_that_speaks_something_else_is_told_what_it_speaks() -> None:
    with answering(b"SSH-2.0-OpenSSH_9.6\r\n", b"") as url:
        told = call("verify-receiver", url, "--secret", SECRET)
    assert told.code == 2
    assert "is no place for callbacks: it says 'SSH-2.0-OpenSSH_9.6\\r\\n', which is no HTTP" in told.err


def test_secret_is_needed() -> None:
    told = call("verify-receiver", "http://127.0.0.1:9/hooks")
    assert told.code == 2
    assert "--secret" in told.err


def _rows(told: Told) -> dict[str, tuple[str, str]]:
    return {row["subject"]: (row["verdict"], row["reason"] or "") for row in json.loads(told.out)["rows"]}


@pytest.mark.slow
def test_receiver_of_some_events_is_probed_with_those() -> None:
    with handler("only batches") as running:
        options = ("--event", "batch.succeeded", "--event", "batch.failed", "--effects", running.effects_url, "--json")
        told = call("verify-receiver", running.url, "--secret", SECRET, *options)
    rows = _rows(told)
    assert told.code == 0
    assert (rows["genuine"][0], rows["batch.failed"][0], rows["repeats"][0]) == ("held", "held", "held")
    others = {name: rows[name] for name in ("run.completed", "batch.cancelled", "evaluation.failed", "unknown event")}
    assert set(others.values()) == {("not exercised", "it is about another event than --event names")}


def test_receiver_that_refuses_what_it_does_not_know_is_not_accused() -> None:
    with handler(known=()) as running:
        told = call("verify-receiver", running.url, "--secret", SECRET)
    assert told.code == 3
    assert "give the sandbox in which it was created, with --sandbox" in told.out


@pytest.mark.slow
def test_receiver_that_takes_what_it_does_not_know_without_acting_is_not_accused() -> None:
    with handler(known=(), unknown=204) as running:
        told = call("verify-receiver", running.url, "--secret", SECRET, "--effects", running.effects_url, "--json")
    rows = _rows(told)
    assert told.code == 0
    assert {rows[name][0] for name in ("repeats", "copies at once", "forged, without effect")} == {"not exercised"}
    assert "--sandbox" in rows["repeats"][1]


@pytest.fixture
def application() -> Iterator[tuple[str, str, list[str]]]:
    """A sandbox in which an application has created runs whose callbacks wait: its address, the key, and the ids."""
    with serve(Config(port=0, clock=ClockMode.MANUAL, speed=1.0)) as server, closing(Control(server.url)) as control:
        tenant = control.create_tenant()
        with closing(Control(server.url, tenant.key)) as mine:
            for number in range(16):
                order = {"input": {"image_url": "https://cdn.example.com/a.png"}, "metadata": {"order": number}}
                mine.client.post("/v1/models/runflow/background-removal/runs", order)
            yield server.url, tenant.key, [run["id"] for run in mine.runs()]


@pytest.mark.slow
@pytest.mark.parametrize("unknown", [409, 204])
def test_receiver_that_keeps_state_is_probed_with_what_its_application_has_created(
    application: tuple[str, str, list[str]], monkeypatch: pytest.MonkeyPatch, unknown: int
) -> None:
    sandbox, key, ids = application
    monkeypatch.setenv("RUNFLOW_API_KEY", key)
    with handler(known=ids, unknown=unknown) as running:
        options = ("--sandbox", sandbox, "--effects", running.effects_url, "--json")
        told = call("verify-receiver", running.url, "--secret", SECRET, *options)
    rows = _rows(told)
    assert told.code == 0
    held = (
        "genuine",
        "run.failed",
        "unusual bytes",
        "wrong secret",
        "repeats",
        "copies at once",
        "forged, without effect",
        "genuine after forged",
    )
    assert {name: rows[name] for name in held} == dict.fromkeys(held, ("held", ""))
    assert rows["batch.failed"] == (
        "not exercised",
        "the sandbox holds 0 batches of your application, and no further one that it could be told of as batch.failed: "
        "let it create more, and let their callbacks wait (serve --clock manual)",
    )


@pytest.mark.slow(is_covering=True)
def test_receiver_that_knows_a_run_and_refuses_it_is_broken(application: tuple[str, str, list[str]]) -> None:
    sandbox, key, _ = application
    with handler(known=()) as running:
        told = call("verify-receiver", running.url, "--secret", SECRET, "--sandbox", sandbox, "--key", key)
    assert (told.code, "broken   genuine: takes-genuine (error)" in told.out) == (1, True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "--sandbox needs the key"),
        (("--key", "rf_live_mock_nobody"), "the sandbox holds 0 runs of your application"),
        (("--key", "sk_live_1"), "refuses to tell"),
        (("--switches", "signature=none"), "switch 'signature' cannot be 'none'"),
    ],
)
def test_sandbox_that_cannot_be_used_is_wrong_usage(
    application: tuple[str, str, list[str]], monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], words: str
) -> None:
    monkeypatch.delenv("RUNFLOW_API_KEY", raising=False)
    told = call("verify-receiver", "http://127.0.0.1:9/hooks", "--secret", SECRET, "--sandbox", application[0], *options)
    assert (told.code, words in " ".join(told.err.split())) == (2, True), told.err


@pytest.mark.parametrize(("dialect", "form"), [("docs", "the timestamped signature: give --dialect seed"), ("seed", "takes nothing")])
def test_receiver_of_the_other_dialect_is_told_of_it(dialect: str, form: str) -> None:
    with handler() as running:
        told = call("verify-receiver", running.url, "--secret", SECRET if dialect == "docs" else "rf_whsec_other", "--dialect", dialect)
    assert told.code == 1
    assert (form in told.out) is (dialect == "docs")


def _own(tmp_path: Path, **fields: object) -> str:
    schema = {"type": "object", "properties": {"run_id": {"type": "string"}, **fields}}
    operation = {"requestBody": {"content": {"application/json": {"schema": schema}}}, "responses": {"200": {"description": "Taken."}}}
    file = tmp_path / "own.json"
    file.write_text(
        json.dumps({"openapi": "3.1.0", "info": {"title": "theirs", "version": "1"}, "webhooks": {"done": {"post": operation}}})
    )
    return str(file)


@pytest.mark.slow
def test_what_the_users_document_does_not_describe_may_be_refused(tmp_path: Path) -> None:
    with handler("only runs") as running:
        alone = call("verify-receiver", running.url, "--secret", SECRET, "--json")
        judged = call("verify-receiver", running.url, "--secret", SECRET, "--openapi", _own(tmp_path), "--json")
    assert (alone.code, _rows(alone)["batch.failed"][0]) == (1, "broken")
    verdict, reason = _rows(judged)["batch.failed"]
    assert (judged.code, verdict, "describes no such message" in reason) == (0, "not exercised", True)
    assert _rows(judged)["status of the answer"][0] == "held"


@pytest.mark.slow(is_covering=True)
def test_message_that_the_users_document_describes_otherwise_is_no_fault_of_the_receiver(tmp_path: Path) -> None:
    with CallbackReceiver(*[400] * 50) as receiver:
        told = call(
            "verify-receiver", receiver.url, "--secret", SECRET, "--json", "--openapi", _own(tmp_path, status={"const": "finished"})
        )
    verdict, reason = _rows(told)["genuine"]
    assert (told.code, verdict, "describes it otherwise: body/status" in reason) == (2, "not exercised", True)
    assert any("run.completed is not sent as the document has it" in error for error in json.loads(told.out)["errors"])


def test_document_that_cannot_be_read_is_wrong_usage() -> None:
    told = call("verify-receiver", "http://127.0.0.1:9/hooks", "--secret", SECRET, "--openapi", "nowhere.json")
    assert (told.code, "nowhere.json cannot be read" in told.err) == (2, True)

"""`runflow-mock verify-receiver`: the whole command against handlers on loopback."""

import json
from pathlib import Path

import pytest
from commands import call
from handlers import PREVIOUS_SECRET, SECRET, handler

from runflow_mock.testing.receiver import CallbackReceiver


@pytest.mark.slow
def test_good_handler_is_exit_code_0_with_its_options_or_without() -> None:
    with handler() as running:
        least = call("verify-receiver", running.url, "--secret", SECRET)
        options = ("--previous-secret", PREVIOUS_SECRET, "--effects", running.effects_url)
        whole = call("verify-receiver", running.url, "--secret", SECRET, *options, "--json")
    assert (least.code, whole.code, json.loads(whole.out)["not_exercised"]) == (0, 0, 0)
    assert "not exercised  repeats: acts-once (nobody tells how often the receiver acts" in least.out
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
        assert len(receiver.deliveries) == 1
    assert told.code == 1
    assert "broken   genuine: takes-genuine (error)" in told.out


def test_receiver_that_is_not_there_is_wrong_usage() -> None:
    told = call("verify-receiver", "http://127.0.0.1:9/hooks", "--secret", SECRET)
    assert told.code == 2
    assert "http://127.0.0.1:9/hooks does not answer" in told.err


def test_secret_is_needed() -> None:
    told = call("verify-receiver", "http://127.0.0.1:9/hooks")
    assert told.code == 2
    assert "--secret" in told.err

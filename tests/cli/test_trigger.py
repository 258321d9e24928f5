import json
from pathlib import Path

import pytest
from commands import call

from runflow_mock.testing.receiver import CallbackReceiver
from runflow_mock.testing.samples import EVENTS

SECRET = "rf_whsec_trigger"


def test_signed_sample_arrives_and_is_shown() -> None:
    with CallbackReceiver() as receiver:
        told = call("trigger", "batch.partial_succeeded", "--to", receiver.url, "--secret", SECRET)
        received = receiver.wait(1)[0]
    received.verify(SECRET)
    assert told.code == 0
    assert told.out.startswith(f"batch.partial_succeeded -> {receiver.url}: answered 200 in ")
    assert f"Runflow-Signature: {received.signature}\n" in told.out
    assert told.out.endswith(received.body.decode() + "\n")


def test_json_has_what_was_sent_and_answered() -> None:
    with CallbackReceiver(204) as receiver:
        record = json.loads(call("trigger", "run.succeeded", "--to", receiver.url, "--dialect", "docs", "--secret", SECRET, "--json").out)
        received = receiver.wait(1)[0]
    assert set(record) == {"event", "url", "status_code", "response_time_ms", "error", "headers", "body"}
    assert (record["event"], record["status_code"], record["body"]) == ("run.completed", 204, received.body.decode())
    assert len(str(record["headers"]["Runflow-Signature"])) == 64


def test_switches_and_profile_count_as_they_do_for_serve(tmp_path: Path) -> None:
    profile = tmp_path / "profile.toml"
    spoken = call("trigger", "run.failed", "--to", "http://127.0.0.1:1", "--switches", "signature=bare", "--secret", SECRET, "--json")
    assert len(str(json.loads(spoken.out)["headers"]["Runflow-Signature"])) == 64
    wrong = call("trigger", "run.failed", "--to", "http://127.0.0.1:1", "--switches", "signature=round")
    assert (wrong.code, "signature" in wrong.err) == (2, True)
    absent = call("trigger", "run.failed", "--to", "http://127.0.0.1:1", "--profile", str(profile))
    assert (absent.code, str(profile) in absent.err) == (2, True)


def test_each_sample_is_a_message_of_its_own() -> None:
    with CallbackReceiver() as receiver:
        for _ in range(2):
            call("trigger", "run.failed", "--to", receiver.url)
        first, second = receiver.wait(2)
    assert first.request_id != second.request_id


def test_sample_without_a_secret_says_that_it_is_not_signed() -> None:
    with CallbackReceiver() as receiver:
        assert "(not signed: give the receiver's secret with --secret)" in call("trigger", "run.failed", "--to", receiver.url).out


@pytest.mark.parametrize(("reply", "words"), [(500, "answered 500"), (302, "answered 302")])
def test_receiver_that_refuses_is_exit_code_1(reply: int, words: str) -> None:
    with CallbackReceiver(reply) as receiver:
        told = call("trigger", "run.failed", "--to", receiver.url)
        assert len(receiver.deliveries) == 1
    assert told.code == 1
    assert words in told.out


def test_receiver_that_is_not_there_is_exit_code_1() -> None:
    with CallbackReceiver() as receiver:
        url = receiver.url
    told = call("trigger", "run.failed", "--to", url)
    assert told.code == 1
    assert "Cannot connect" in told.out


def test_unknown_event_is_told_with_those_that_there_are() -> None:
    told = call("trigger", "run.exploded", "--to", "http://127.0.0.1:1")
    assert told.code == 2
    assert "'run.exploded' is not one of" in told.err
    assert all(f"'{event}'" in told.err for event in EVENTS)


@pytest.mark.parametrize("url", ["127.0.0.1:9000", "ftp://127.0.0.1", "http://"])
def test_address_that_is_none_is_named(url: str) -> None:
    told = call("trigger", "run.failed", "--to", url)
    assert (told.code, f"{url!r} is not an address" in told.err) == (2, True)


def test_help_names_every_event() -> None:
    words = {word.rstrip(".,") for word in call("trigger", "--help").out.split()}
    assert set(EVENTS) <= words


def document(tmp_path: Path, **fields: object) -> str:
    """A document with webhooks alone, such as a receiver has: its runs have these fields, and it answers with 204."""
    body = {"content": {"application/json": {"schema": {"type": "object", "properties": {"run_id": {"type": "string"}, **fields}}}}}
    webhooks = {"done": {"post": {"requestBody": body, "responses": {"204": {"description": "Taken."}}}}}
    file = tmp_path / "own.json"
    file.write_text(json.dumps({"openapi": "3.1.0", "info": {"title": "theirs", "version": "1"}, "webhooks": webhooks}))
    return str(file)


def test_users_own_document_judges_message_and_status(tmp_path: Path) -> None:
    own = document(tmp_path, status={"const": "finished"})
    with CallbackReceiver() as receiver:
        told = call("trigger", "run.completed", "--to", receiver.url, "--openapi", own, "--json")
    found = json.loads(told.out)["departures"]
    assert (told.code, len(found)) == (0, 2)
    assert found[0].startswith(f"{own}: body/status: ")
    assert found[1] == f"it was answered with 200, and {own} declares 204"
    assert f"runflow-mock: {found[1]}\n" in told.err


def test_message_as_the_document_has_it_departs_in_nothing(tmp_path: Path) -> None:
    with CallbackReceiver(204) as receiver:
        told = call("trigger", "run.completed", "--to", receiver.url, "--openapi", document(tmp_path), "--json")
    assert json.loads(told.out)["departures"] == []


def test_message_that_the_document_does_not_describe_is_told(tmp_path: Path) -> None:
    with CallbackReceiver(204) as receiver:
        told = call("trigger", "batch.failed", "--to", receiver.url, "--openapi", document(tmp_path))
    assert "describes no such message" in told.err


def test_document_without_callbacks_is_wrong_usage(tmp_path: Path) -> None:
    file = tmp_path / "own.json"
    file.write_text(json.dumps({"openapi": "3.1.0", "paths": {"/v1/health": {"get": {"responses": {"200": {"description": "Well."}}}}}}))
    told = call("trigger", "run.failed", "--to", "http://127.0.0.1:1", "--openapi", str(file))
    assert (told.code, f"{file} describes no callback" in told.err) == (2, True)
    absent = call("trigger", "run.failed", "--to", "http://127.0.0.1:1", "--openapi", "nowhere.json")
    assert (absent.code, "nowhere.json cannot be read" in absent.err) == (2, True)

"""`runflow-mock trigger EVENT --to URL`: sends the signed message of any event to a receiver that is being written."""

import gc
import json
import secrets
import sys
from datetime import UTC, datetime
from typing import Any

import click

from runflow_mock.cli.dialects import dialect_options, read_speech
from runflow_mock.cli.options import Figure, Secret, checked_url, document_option, json_option, option, tell
from runflow_mock.openapi.messages import Message, Messages
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.foreign_documents import load_messages
from runflow_mock.testing.samples import ALIASES, EVENTS, send_sample


@click.command()
@click.argument("event", type=click.Choice([*EVENTS, *ALIASES]), metavar="EVENT")
@click.option("--to", "url", required=True, callback=checked_url, help="Receiver to send to; any host, since you name it yourself.")
@option(
    "--secret",
    envvar="RUNFLOW_MOCK_CALLBACK_SECRET",
    default=None,
    type=Secret(),
    help="Secret to sign with; without one there is no signature.",
)
@dialect_options
@document_option("Document that judges the message and the answer's status.")
@option("--seed", default=None, help="Makes ids and times follow from it; without it each message is a new one.")
@option("--callback-timeout", default=10.0, type=Figure(0.01, 600), help="Seconds that the receiver may take.")
@json_option("Print one JSON line with event, url, status_code, error, headers and body.")
def command(*, event: str, url: str, secret: str | None, seed: str | None, callback_timeout: float, as_json: bool, **options: Any) -> None:
    """Send a signed sample of an event.

    The message is a real one: a small world in this process is led to the event and sends it once, as the sandbox would. EVENT is one of
    run.completed (also run.succeeded), run.partial_succeeded, run.failed, run.cancelled, batch.succeeded, batch.partial_succeeded,
    batch.failed, batch.cancelled, evaluation.completed, evaluation.failed. With a document of your own it says where the message, or the
    status of the answer, is not as that has it. Exit codes: 0 the receiver answered 2xx, 1 it did not, 2 wrong usage.
    """
    gc.enable()
    messages = load_messages(options["openapi"], tell)
    speech = read_speech(options)
    config = Config(
        seed=seed or secrets.token_hex(8),
        start=datetime.now(UTC) if seed is None else None,
        dialect=speech.dialect,
        switches=speech.switches,
        callback_secret=secret,
        callback_timeout_seconds=callback_timeout,
    )
    delivery = send_sample(event, url, config)
    attempt = delivery["attempts"][0]
    judged = {} if messages is None else {"departures": _departures(messages, attempt)}
    for line in judged.get("departures", ()):
        tell(line)
    click.echo(json.dumps({**_record(delivery, attempt), **judged}) if as_json else _lines(delivery, attempt))
    sys.exit(0 if delivery["state"] == "succeeded" else 1)


def _departures(messages: Messages, attempt: dict[str, Any]) -> list[str]:
    """Returns where message and answer are not as the document has it; that it has no such message is the only thing then."""
    message = Message(attempt["headers"], attempt["body"].encode(), attempt["status_code"])
    found = messages.departures(message)
    if found is None:
        return [f"{messages.source} describes no such message; nothing of it was judged"]
    status = messages.undeclared_status(message)
    return [*(f"{messages.source}: {each}" for each in found), *([] if status is None else [status])]


def _record(delivery: dict[str, Any], attempt: dict[str, Any]) -> dict[str, Any]:
    told = {name: attempt[name] for name in ("status_code", "response_time_ms", "error", "headers", "body")}
    return {"event": json.loads(attempt["body"])["event"], "url": delivery["url"], **told}


def _lines(delivery: dict[str, Any], attempt: dict[str, Any]) -> str:
    record = _record(delivery, attempt)
    answered = f"answered {record['status_code']} in {record['response_time_ms']} ms" if record["status_code"] else record["error"]
    headers = [f"{name}: {value}" for name, value in record["headers"].items()]
    unsigned = [] if attempt["signature"] else ["(not signed: give the receiver's secret with --secret)"]
    return "\n".join((f"{record['event']} -> {record['url']}: {answered}", *headers, *unsigned, "", record["body"]))

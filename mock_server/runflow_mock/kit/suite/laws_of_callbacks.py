"""Laws of callbacks: a message is as its schema says, its event fits its status, and it tells what the record tells."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from runflow_mock.domain.signing import sign_bare, sign_timestamped
from runflow_mock.domain.whole_numbers import whole_number
from runflow_mock.kit.suite.agreements import is_alike
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.instants import GRAIN, grain_of, instant
from runflow_mock.kit.suite.laws_of_records import amount, batch_output
from runflow_mock.kit.suite.memories import SECRET_LETTERS_MIN, Heard, Memory, Record, packaged_walk
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.openapi.explanations import schema_errors
from runflow_mock.openapi.media_types import read_media_type
from runflow_mock.openapi.pointers import Pointer

# What a message is about, by the field that names it.
SUBJECTS: Mapping[str, str] = {
    "run_id": "RunCallbackPayload",
    "batch_id": "BatchCallbackPayload",
    "evaluation_id": "EvaluationCallbackPayload",
}
PLACES: Mapping[str, str] = {"run_id": "/v1/runs", "batch_id": "/v1/batches", "evaluation_id": "/v1/evaluations"}
# How an event calls a status, where it calls it otherwise.
ENDS: Mapping[tuple[str, str], str] = {
    ("run", "succeeded"): "completed",
    ("run", "canceled"): "cancelled",
    ("batch", "canceled"): "cancelled",
}
TERMINAL = frozenset(("succeeded", "failed", "cancelled", "canceled", "partial_succeeded", "completed"))


def subject_of(content: Record) -> str | None:
    """Returns the field that names what a message is about."""
    return next((name for name in SUBJECTS if name in content), None)


def path_of(content: Record) -> Iterator[str]:
    """Yields where the record that a message is about is read, and where the history of its callbacks is."""
    subject = subject_of(content)
    if subject is None:
        return
    path = f"{PLACES[subject]}/{content[subject]}"
    yield path
    if subject != "evaluation_id":
        yield f"{path}/callback"


def departs_from_its_schema(heard: Heard, memory: Memory) -> Iterator[str]:
    """A message is as the contract declares it."""
    contract = packaged_contract()
    subject = subject_of(heard.content)
    if subject is None:
        yield f"a callback names neither {', '.join(SUBJECTS)}: {sorted(heard.content)}"
        return
    pointer = _pointer(SUBJECTS[subject])
    for error in schema_errors(contract, pointer, heard.content):
        yield f"{'/'.join(map(str, error.loc))}: {error.message}"[:400]
    order = contract.at(pointer).get("x-key-order")
    if isinstance(order, list) and [name for name in heard.content if name in order] != [name for name in order if name in heard.content]:
        yield f"the keys stand as {list(heard.content)}, not as {order}"


def contradicts_itself(heard: Heard, memory: Memory) -> Iterator[str]:
    """No part of a message denies another."""
    content = heard.content
    noun, _, end = str(content.get("event")).partition(".")
    subject, status = subject_of(content), str(content.get("status"))
    if subject is not None and noun != subject.removesuffix("_id"):
        yield f"the event is {content.get('event')!r} and the subject {subject}"
    if end != ENDS.get((noun, status), status):
        yield f"the event is {content.get('event')!r} and the status {status!r}"
    created, completed = instant(content.get("created_at")), instant(content.get("completed_at"))
    told = amount(content.get("duration_ms"))
    if created and completed and told is not None:
        lasted, grain = (completed - created) / GRAIN, grain_of(content["created_at"], content["completed_at"]) / GRAIN
        if subject != "evaluation_id" and abs(lasted - float(told)) > grain:
            yield f"duration_ms is {content['duration_ms']} from {content['created_at']} to {content['completed_at']}"
    output = content.get("output")
    if subject == "batch_id" and isinstance(output, dict) and isinstance(output.get("items"), list):
        yield from batch_output(output, None, None)


def is_sent_as_promised(heard: Heard, memory: Memory) -> Iterator[str]:
    """A message has its headers, and the signature of its bytes where a secret is known that may sign for its address."""
    headers = {name.lower(): value for name, value in heard.headers.items()}
    if read_media_type(headers.get("content-type")).name != "application/json":
        yield f"the content type is {headers.get('content-type')!r}"
    if headers.get("runflow-request-id") != f"{heard.delivery_id}-{heard.number}":
        yield f"attempt {heard.number} of {heard.delivery_id} has the Runflow-Request-Id {headers.get('runflow-request-id')!r}"
    shown = b"\n".join((heard.body, *(value.encode() for value in headers.values())))
    if any(len(secret) >= SECRET_LETTERS_MIN and secret.encode() in shown for secret in memory.secrets):
        yield f"attempt {heard.number} of {heard.delivery_id} shows a secret"
    # Until the organization has a secret, only webhooks sign, each with its own.
    secrets = memory.secrets if heard.url in memory.webhook_urls else memory.secrets_made
    if not secrets:
        return
    given, seconds = headers.get("runflow-signature", ""), whole_number(headers.get("runflow-timestamp"))
    right = (sign_bare(heard.body, each) if seconds is None else sign_timestamped(heard.body, seconds, each) for each in secrets)
    if given not in right:
        yield f"the signature {given!r} is that of no secret over these bytes"


def repeats_itself(heard: Heard, memory: Memory) -> Iterator[str]:
    """Every attempt of a delivery is the same message, and so is every message of a record.

    The bytes are frozen when the record ends: every attempt sends them, and so does every delivery to that address.
    """
    for before in memory.heard:
        if before.delivery_id == heard.delivery_id:
            if before.body != heard.body:
                yield f"attempt {heard.number} of {heard.delivery_id} has other bytes than attempt {before.number}"
            if before.url != heard.url:
                yield f"attempt {heard.number} of {heard.delivery_id} goes to {heard.url!r}, and attempt {before.number} to {before.url!r}"
        elif before.url == heard.url and _is_of_one_end(before.content, heard.content) and before.content != heard.content:
            yield f"delivery {heard.delivery_id} tells something else than {before.delivery_id} of the same end"
    last = max((before.number for before in memory.heard if before.delivery_id == heard.delivery_id), default=None)
    if last is not None and heard.number not in (last, last + 1):
        yield f"attempt {heard.number} of {heard.delivery_id} follows attempt {last}"


def _is_of_one_end(one: Record, other: Record) -> bool:
    subject = subject_of(one)
    return subject is not None and one[subject] == other.get(subject) and one.get("event") == other.get("event")


def tells_what_is(answer: Answer, memory: Memory) -> Iterator[str]:
    """What the callbacks of this tenant said of a record is what the record says now that it has ended."""
    for part in memory.parts:
        if part.described.name in ("Run", "Batch", "Evaluation") and str(part.value.get("status_code")) in TERMINAL:
            for heard in memory.heard:
                subject = subject_of(heard.content)
                if subject is not None and heard.content[subject] == part.value.get("id"):
                    yield from _departures(heard.content, part.value)
                    places = {str(part.value.get("callback_url", heard.url)), *memory.webhook_urls}
                    if heard.url not in places:
                        yield f"the callback of {part.value['id']} went to {heard.url!r}, and {sorted(places)} were asked for"


def _departures(content: Record, record: Record) -> Iterator[str]:
    for name, told in (("status", "status_code"), ("metadata", "metadata"), ("duration_ms", "duration_ms"), ("output", "output")):
        if name not in content or told not in record:
            continue
        # After a failure some speak of the reason where others say nothing.
        if name == "output" and "evaluation_id" in content:
            continue
        if name == "output" and record["status_code"] == "failed" and "run_id" in content:
            yield from _reason(content["output"], record)
        elif not is_alike(name, content[name], record[told]):
            yield f"the callback of {record.get('id')} says {name} {str(content[name])[:200]!r}, and the record {str(record[told])[:200]!r}"
    if "evaluation_id" in content:
        yield from _verdict(content, record)
    for name in ("created_at", "completed_at"):
        is_told = None not in (content.get(name), record.get(name))
        if is_told and not is_alike(name, content[name], record[name]):
            yield f"the callback of {record.get('id')} says {name} {content[name]!r}, and the record {record[name]!r}"


def _verdict(content: Record, record: Record) -> Iterator[str]:
    """An evaluation that has completed tells its verdict as the record has it; one that failed has none, and nobody gave it metadata."""
    output = content.get("output")
    if isinstance(output, dict) is not (record["status_code"] == "completed"):
        yield f"the callback of a {record['status_code']} evaluation has the output {output!r}"
    for name in packaged_walk().described((*_pointer(SUBJECTS["evaluation_id"]), "properties", "output")).properties:
        if isinstance(output, dict) and name in record and output.get(name, "absent") != record[name]:
            yield f"the callback of {record.get('id')} says {name} {output.get(name, 'absent')!r}, and the record {record[name]!r}"
    lasted = record.get("eval_duration_ms")
    if "duration_ms" in content and lasted is not None and content["duration_ms"] != lasted:
        yield f"the callback of {record.get('id')} says duration_ms {content['duration_ms']!r}, and the record {lasted!r}"
    if content.get("metadata"):
        yield f"the callback of {record.get('id')} has the metadata {content['metadata']!r}, and nobody gave it any"


def _reason(output: Any, record: Record) -> Iterator[str]:
    if output is None:
        return
    told = tuple(output.get(name) for name in ("code", "message", "stage")) if isinstance(output, dict) else output
    wanted = tuple(record.get(name) for name in ("failure_code", "failure_message", "failure_stage_code"))
    # At which stage it failed may be null in a record, as every field.
    if not isinstance(told, tuple) or any(own is not None and said != own for said, own in zip(told, wanted, strict=True)):
        yield f"the callback of {record.get('id')} gives the reason {told}, and the record {wanted}"


@cache
def _pointer(name: str) -> Pointer:
    assert packaged_contract().at(("components", "schemas", name)), f"the contract has no {name}"
    return ("components", "schemas", name)


LAWS = {"callback_tells_the_truth": tells_what_is}

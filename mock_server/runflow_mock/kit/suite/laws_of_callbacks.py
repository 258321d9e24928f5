"""Laws of callbacks: a message is as its schema says, its event fits its status, and it tells what the record tells."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from runflow_mock.domain.signing import sign_bare, sign_timestamped
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.laws_of_records import batch_output, instant
from runflow_mock.kit.suite.memories import Heard, Memory, Record
from runflow_mock.openapi.contracts import Contract, packaged_contract
from runflow_mock.openapi.pointers import Pointer

# What a message is about, by the field that names it.
SUBJECTS: Mapping[str, str] = {
    "run_id": "RunCallbackPayload",
    "batch_id": "BatchCallbackPayload",
    "evaluation_id": "EvaluationCallbackPayload",
}
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


def departs_from_its_schema(contract: Contract, heard: Heard) -> Iterator[str]:
    """Yields where a message is not as the contract declares it."""
    subject = subject_of(heard.content)
    if subject is None:
        yield f"a callback names neither {', '.join(SUBJECTS)}: {sorted(heard.content)}"
        return
    pointer = _pointer(SUBJECTS[subject])
    for error in contract.errors(pointer, heard.content):
        yield f"{'/'.join(map(str, error.instance_path))}: {error.message}"[:400]
    order = contract.at(pointer).get("x-key-order")
    if isinstance(order, list) and [name for name in heard.content if name in order] != [name for name in order if name in heard.content]:
        yield f"the keys stand as {list(heard.content)}, not as {order}"


def contradicts_itself(heard: Heard) -> Iterator[str]:
    """Yields what one part of a message denies of another."""
    content = heard.content
    noun, _, end = str(content.get("event")).partition(".")
    subject, status = subject_of(content), str(content.get("status"))
    if subject is not None and noun != subject.removesuffix("_id"):
        yield f"the event is {content.get('event')!r} and the subject {subject}"
    if end != ENDS.get((noun, status), status):
        yield f"the event is {content.get('event')!r} and the status {status!r}"
    created, completed = instant(content.get("created_at")), instant(content.get("completed_at"))
    if created and completed and content.get("duration_ms") is not None:
        lasted = (completed - created).total_seconds() * 1000
        if subject != "evaluation_id" and abs(lasted - content["duration_ms"]) > 1:
            yield f"duration_ms is {content['duration_ms']} from {content['created_at']} to {content['completed_at']}"
    output = content.get("output")
    if subject == "batch_id" and isinstance(output, dict) and isinstance(output.get("items"), list):
        yield from batch_output(output, None, None)


def is_sent_as_promised(heard: Heard, memory: Memory) -> Iterator[str]:
    """Yields what is wrong with how a message was sent: its headers, and its signature where a secret is known."""
    headers = {name.lower(): value for name, value in heard.headers.items()}
    if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        yield f"the content type is {headers.get('content-type')!r}"
    if headers.get("runflow-request-id") != f"{heard.delivery_id}-{heard.number}":
        yield f"attempt {heard.number} of {heard.delivery_id} has the Runflow-Request-Id {headers.get('runflow-request-id')!r}"
    if not memory.secrets:
        return
    given, timestamp = headers.get("runflow-signature", ""), headers.get("runflow-timestamp")
    seconds = int(timestamp) if timestamp is not None and timestamp.isdigit() else None
    right = (sign_bare(heard.body, each) if seconds is None else sign_timestamped(heard.body, seconds, each) for each in memory.secrets)
    if given not in right:
        yield f"the signature {given!r} is that of no secret over these bytes"


def tells_what_is(answer: Answer, memory: Memory) -> Iterator[str]:
    """What the callbacks on this stage said of a record is what the record says now that it has ended."""
    for part in memory.parts:
        if part.described.name in ("Run", "Batch", "Evaluation") and part.value.get("status_code") in TERMINAL:
            for heard in memory.heard:
                subject = subject_of(heard.content)
                if subject is not None and heard.content[subject] == part.value.get("id"):
                    yield from _departures(heard.content, part.value)
                    places = {part.value.get("callback_url", heard.url), *memory.webhook_urls}
                    if heard.url not in places:
                        yield f"the callback of {part.value['id']} went to {heard.url!r}, and {sorted(map(str, places))} were asked for"


def _departures(content: Record, record: Record) -> Iterator[str]:
    for name, told in (("status", "status_code"), ("metadata", "metadata"), ("duration_ms", "duration_ms"), ("output", "output")):
        if name not in content or told not in record:
            continue
        # After a failure some speak of the reason where others say nothing.
        if name == "output" and "evaluation_id" in content:
            continue
        if name == "output" and record["status_code"] == "failed" and "run_id" in content:
            yield from _reason(content["output"], record)
        elif content[name] != record[told]:
            yield f"the callback of {record.get('id')} says {name} {str(content[name])[:200]!r}, and the record {str(record[told])[:200]!r}"
    verdict = content.get("output") if "evaluation_id" in content else None
    for name, value in verdict.items() if isinstance(verdict, dict) else ():
        if name in record and record[name] != value:
            yield f"the callback of {record.get('id')} says {name} {value!r}, and the record {record[name]!r}"
    for name in ("created_at", "completed_at"):
        if name in content and name in record and instant(content[name]) != instant(record[name]):
            yield f"the callback of {record.get('id')} says {name} {content[name]!r}, and the record {record[name]!r}"


def _reason(output: Any, record: Record) -> Iterator[str]:
    if output is None:
        return
    told = tuple(output.get(name) for name in ("code", "message", "stage")) if isinstance(output, dict) else output
    wanted = tuple(record.get(name) for name in ("failure_code", "failure_message", "failure_stage_code"))
    if told != wanted:
        yield f"the callback of {record.get('id')} gives the reason {told}, and the record {wanted}"


@cache
def _pointer(name: str) -> Pointer:
    assert packaged_contract().at(("components", "schemas", name)), f"the contract has no {name}"
    return ("components", "schemas", name)


LAWS = {"callback_tells_the_truth": tells_what_is}

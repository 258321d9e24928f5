"""Callbacks: headers, events and fields by the contract, and the bodies of real samples in either dialect."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from runflow_mock.domain.deliveries import RetrySchedule
from runflow_mock.domain.dialects import BUNDLES
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.resources import data_folder
from runflow_mock.runtime.config import Config
from runflow_mock.testing.in_process import InProcess
from runflow_mock.testing.samples import EVENTS, RECEIVER_URL, SampleCallback, carry, lead_to, sample_world
from writing.markdown import block, table
from writing.schemas import Schema, kind_of

SECRET = "rf_whsec_of_this_page"  # noqa: S105 - of nobody
AT = datetime(2026, 4, 16, 10, tzinfo=UTC)
VALUE_CHARACTERS_MAX = 24
# What every HTTP message has; the contract says only what the service adds to it.
OF_HTTP: Mapping[str, str] = {
    "Content-Type": "The body is JSON in UTF-8.",
    "User-Agent": "Who sends it: here the fake, which says so.",
}
PAYLOADS: Mapping[str, str] = {
    "run": "RunCallbackPayload",
    "batch": "BatchCallbackPayload",
    "evaluation": "EvaluationCallbackPayload",
}
# Parts whose fields belong to something else: to the model, or to the caller.
LEAVES = ("RunOutput", "Metadata")


def headers() -> str:
    """Returns the headers of a callback, as they are in each dialect."""
    told = {part["name"]: str(part["description"]) for part in _document()["components"]["parameters"].values() if part["in"] == "header"}
    sent = {dialect: samples()["run.completed", dialect].headers for dialect in BUNDLES}
    names = dict.fromkeys(name for each in sent.values() for name in each)
    rows = ((f"`{name}`", *(_shown(each.get(name)) for each in sent.values()), {**told, **OF_HTTP}[name]) for name in names)
    return table(("header", *(f"in `{dialect}`" for dialect in BUNDLES), "what it is"), rows)


def events() -> str:
    """Returns the events with what their messages say in each dialect."""
    rows = []
    for event in EVENTS:
        bodies = [samples()[event, dialect].document for dialect in BUNDLES]
        payload = _document()["components"]["schemas"][PAYLOADS[event.partition(".")[0]]]
        outputs = ("an object" if body["output"] is not None else "`null`" for body in bodies)
        statuses = (f"`{body['status']}`" for body in bodies)
        rows.append((f"`{event}`", *statuses, *outputs, f"`{payload['x-evidence']}`"))
    names = [*(f"status in `{dialect}`" for dialect in BUNDLES), *(f"output in `{dialect}`" for dialect in BUNDLES)]
    return table(("event", *names, "evidence"), rows)


def fields() -> str:
    """Returns the fields of each kind of message, as the contract has them."""
    schemas = _document()["components"]["schemas"]
    parts = []
    for noun, name in PAYLOADS.items():
        rows = ((f"`{path}`", kind, says) for path, kind, says in _fields(schemas[name], ""))
        parts.append(f"### Of a {noun}\n\n{schemas[name]['description']}\n\n{table(('field', 'what it is', 'meaning'), rows)}")
    return "\n".join(parts).replace("Of a evaluation", "Of an evaluation")


def bodies() -> str:
    """Returns a real body of each event, and what differs in the other dialect."""
    first, second = BUNDLES
    parts = []
    for event in EVENTS:
        ours, theirs = (samples()[event, dialect].document for dialect in BUNDLES)
        rows = {path: (f"`{path}`", _value(left), _value(right)) for path, left, right in _differences(ours, theirs, "")}
        shown = block("json", json.dumps(ours, indent=2, ensure_ascii=False))
        other = table(("field", f"in `{first}`", f"in `{second}`"), rows.values())
        parts.append(f"### `{event}`\n\n{shown}\n{other}")
    return "\n".join(parts)


def attempts() -> str:
    """Returns when a message that is not taken is sent again."""
    rows = ((str(number), f"{wait.total_seconds():g} s") for number, wait in enumerate(RetrySchedule().waits, start=2))
    return table(("attempt", "so long after the one before it failed"), rows)


@cache
def samples() -> Mapping[tuple[str, str], SampleCallback]:
    """Returns the callback of every event in every dialect, the same ones every time."""
    return {(event, dialect): sample for dialect in BUNDLES for event, sample in _in_dialect(dialect)}


def _in_dialect(dialect: str) -> Iterator[tuple[str, SampleCallback]]:
    app = InProcess(Config(clock=ClockMode.MANUAL, speed=1.0))
    try:
        for event, sample in EVENTS.items():
            with sample_world(app, secret=SECRET, dialect=dialect, switches={}, seed=event, at=AT) as control:
                lead_to(control, sample, RECEIVER_URL)
                yield event, carry(control)
    finally:
        app.stop()


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((data_folder("contracts") / "openapi.json").read_bytes())
    return document


def _fields(schema: Schema, prefix: str) -> Iterator[tuple[str, str, str]]:
    """Yields path, kind and meaning of every field, those of named parts among them."""
    for name, given in schema.get("properties", {}).items():
        path, part, kind = f"{prefix}{name}", given, kind_of(given)
        reference = given.get("$ref", "").rpartition("/")[2]
        if reference:
            part = _document()["components"]["schemas"][reference]
            kind = kind_of(part)
        yield path, kind, str(given.get("description") or part.get("description", ""))
        if reference not in LEAVES:
            yield from _fields(part, f"{path}.")
            items = part.get("items", {}).get("$ref", "").rpartition("/")[2]
            yield from _fields(_document()["components"]["schemas"][items] if items else {}, f"{path}[].")


def _differences(ours: object, theirs: object, path: str) -> Iterator[tuple[str, object, object]]:
    """Yields the places at which two documents differ, with what each has there; nothing where it has nothing."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in dict.fromkeys((*ours, *theirs)):
            yield from _differences(ours.get(name, ...), theirs.get(name, ...), f"{path}.{name}" if path else name)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for left, right in zip(ours, theirs, strict=True):
            yield from _differences(left, right, f"{path}[]")
    elif ours != theirs:
        yield path, ours, theirs


def _value(value: object) -> str:
    return "is not there" if value is ... else f"`{json.dumps(value, ensure_ascii=False)}`"


def _shown(value: str | None) -> str:
    if value is None:
        return "is not sent"
    return f"`{value if len(value) <= VALUE_CHARACTERS_MAX else value[:VALUE_CHARACTERS_MAX] + '…'}`"

"""Known records: what an application has created in a sandbox, so that a receiver that keeps state knows what callbacks are about.

A receiver may read the record before it believes a callback. So whatever is told of a record that has ended is what the sandbox says of it,
and only a record that has not ended can be told of as any event, with an end of its own that nobody can look up.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import cycle, filterfalse
from typing import Any

import msgspec

from runflow_mock.decoders import convert
from runflow_mock.domain.dialects import dialect_of
from runflow_mock.domain.evaluations import Evaluation
from runflow_mock.domain.tenants import TenantSettings
from runflow_mock.testing.control import Control
from runflow_mock.testing.records import Exchange
from runflow_mock.wire.evaluations import represent_evaluation

ENDS: Mapping[str, str] = {
    "succeeded": "succeeded",
    "completed": "succeeded",
    "partial_succeeded": "partial_succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}
# What a failed run's output says, where there is one, and where its record has that.
FAILURE: Mapping[str, str] = {"code": "failure_code", "message": "failure_message", "stage": "failure_stage_code"}
# As many as a page of the journal has.
READINGS_MAX = 2_000
COUNTED = ("succeeded", "failed", "cancelled")

_PLURALS: Mapping[str, str] = {"run": "runs", "batch": "batches", "evaluation": "evaluations"}


class NoRecord(Exception):
    """The sandbox holds no record for a callback; the message says what to do."""


class KnownRecords:
    """The runs, batches and evaluations of a tenant of a sandbox; those that nobody was told of yet are used once.

    Raises:
        NoRecord: the sandbox is of another version, whose records cannot be read.
    """

    def __init__(self, control: Control) -> None:
        self._control = control
        sent = [delivery for delivery in control.client.get("/_mock/deliveries")["items"] if delivery["attempts"]]
        told = {delivery.get(f"{noun}_id") for delivery in sent for noun in _PLURALS}
        self._records: dict[str, list[Mapping[str, Any]]] = {
            "run": [run for run in control.runs() if run.get("batch_id") is None],
            "batch": [*control.batches()],
            "evaluation": [*_evaluations(control)],
        }
        self._fresh = {noun: [record for record in records if record["id"] not in told] for noun, records in self._records.items()}
        self._used: dict[str, list[Mapping[str, Any]]] = {noun: [] for noun in _PLURALS}
        self._latest: Mapping[str, Any] | None = None

    def pick(self, event: str, *, is_fresh: bool, is_forged: bool = False) -> Mapping[str, Any]:
        """Returns the record that a callback about an event can be about: a fresh one, or the first that was used before.

        What `is_forged` may be about a record of another end: whether it is true is no matter.

        Raises:
            NoRecord: there is none.
        """
        noun = event.partition(".")[0]
        used = [] if is_fresh else self._used[noun]
        known = next((record for record in used if _fits(record, event)), used[0] if used and is_forged else None)
        self._latest = self._take(noun, event) if known is None else known
        return self._latest

    def pick_two(self, event: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Returns two records, the first of which was created before the other.

        Raises:
            NoRecord: there are none.
        """
        noun, one = event.partition(".")[0], self.pick(event, is_fresh=False)
        others = (other for other in (*self._used[noun], *self._fresh[noun]) if _fits(other, event))
        other = next((other for other in others if other["created_at"] != one["created_at"]), None)
        if other is None:
            raise NoRecord(f"the sandbox holds no two {_PLURALS[noun]} of your application that were created at different moments")
        if other in self._fresh[noun]:
            self._fresh[noun].remove(other)
            self._used[noun].append(other)
        first, second = sorted((one, other), key=lambda record: str(record["created_at"]))
        return first, second

    def latest_reading(self) -> str | None:
        """Returns the id of the latest exchange in which somebody has read the record that was picked last, or the list in which it is.

        What an application reads of others meanwhile, as one that polls does, is none of these.
        """
        read = [exchange.id for exchange in self._control.journal(method="GET", limit=READINGS_MAX) if self._shows_latest(exchange)]
        return read[-1] if read else None

    def _shows_latest(self, exchange: Exchange) -> bool:
        path = (exchange.request.target or "").partition("?")[0]
        lists = [f"/v1/{plural}" for plural in _PLURALS.values()]
        return self._latest is not None and (self._latest["id"] in path.split("/") or path in lists)

    def close(self) -> None:
        """Closes the connections."""
        self._control.close()

    @property
    def has_latest_ended(self) -> bool:
        """Whether the record that was picked last has ended, so that whoever reads it finds what it is told."""
        return self._latest is not None and has_ended(self._latest)

    def _take(self, noun: str, event: str) -> Mapping[str, Any]:
        if not self._used[noun]:
            self._fresh[noun] = _of_one_kind(self._fresh[noun], event)
        fitting = next((record for record in self._fresh[noun] if _fits(record, event)), None)
        if fitting is None:
            count = len(self._records[noun])
            told = f"the sandbox holds {count} {_PLURALS[noun]} of your application, and no further one that it could be told of as {event}"
            raise NoRecord(f"{told}: let it create more, and let their callbacks wait (serve --clock manual)")
        self._fresh[noun].remove(fitting)
        self._used[noun].append(fitting)
        return fitting


def written_over(body: bytes, record: Mapping[str, Any]) -> bytes:
    """Returns a message that tells of another record: all that it says is true of that one.

    Of what has not ended there is an end of its own: as long after its creation as before, with the same output for each item.
    """
    message = msgspec.json.decode(body)
    noun = message["event"].partition(".")[0]
    message[f"{noun}_id"] = record["id"]
    message.update(_of_ended(message, record) if _ends_as(record, message["event"]) else _of_unended(message, record))
    return msgspec.json.encode(message)


def _evaluations(control: Control) -> Iterator[Mapping[str, Any]]:
    """The evaluations of a tenant, as the API shows them: no list tells of them, and whoever read them one by one would stand in the
    journal as the application, and meet the faults that are meant for it.
    """
    world = control.snapshot()["world"]
    try:
        settings, evaluations = convert(world["settings"], TenantSettings), convert(world["evaluations"], tuple[Evaluation, ...])
    except msgspec.ValidationError as error:
        raise NoRecord(f"the sandbox tells of evaluations otherwise than this version does ({error}): start one of this version") from None
    dialect = dialect_of(settings.dialect, settings.switches, is_strict=settings.strict)
    return (represent_evaluation(evaluation, dialect) for evaluation in evaluations)


def has_ended(record: Mapping[str, Any]) -> bool:
    """Whether a record is in a state that it keeps."""
    return record["status_code"] in ENDS


def _of_one_kind(records: Sequence[Mapping[str, Any]], event: str) -> list[Mapping[str, Any]]:
    """Those that have ended, if there are as many of them as of others and one that ended as an event says: a receiver that compares them
    with what it is told takes no others.
    """
    ended, others = [list(filter(has_ended, records)), list(filterfalse(has_ended, records))]
    return ended if len(ended) >= len(others) and any(_ends_as(record, event) for record in ended) else others or ended


def _of_ended(message: Mapping[str, Any], record: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a message says of a record that has ended as its event says."""
    instants = {name: _spelled_as(message["created_at"], record[name]) for name in ("created_at", "completed_at")}
    if message["event"].startswith("evaluation."):
        verdict = message["output"] and {name: record[name] for name in message["output"]}
        return {"output": verdict, "duration_ms": record["eval_duration_ms"], "metadata": record.get("metadata"), **instants}
    output = record["output"]
    if output is None and isinstance(message["output"], dict) and message["output"].keys() == FAILURE.keys():
        output = {name: record[field] for name, field in FAILURE.items()}
    return {"output": output, "duration_ms": record["duration_ms"], "metadata": record.get("metadata"), **instants}


def _of_unended(message: Mapping[str, Any], record: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a message says of a record whose end nobody knows: it ended as long after its creation as that of the message."""
    created = datetime.fromisoformat(record["created_at"])
    ended = created + timedelta(milliseconds=message["duration_ms"] or 0)
    output = message["output"]
    if isinstance(output, dict) and output.get("items") and record.get("items"):
        output = _of_items(output, record["items"], record["input"])
    instants = {
        name: _spelled_as(message["created_at"], f"{instant.isoformat(timespec='milliseconds')[:-6]}Z")
        for name, instant in (("created_at", created), ("completed_at", ended))
    }
    return {"output": output, "metadata": record.get("metadata"), **instants}


def _of_items(output: Mapping[str, Any], handles: Sequence[Mapping[str, Any]], inputs: Sequence[Any]) -> Mapping[str, Any]:
    """The output of a batch with other items, which end in turns as its items do."""
    items = [
        {**item, "sequence_index": index, "client_ref": handle.get("client_ref"), "input": given}
        for index, (item, handle, given) in enumerate(zip(cycle(output["items"]), handles, inputs, strict=False))
    ]
    ends = [ENDS[item["status_code"]] for item in items]
    return {**output, "items": items, **{end: ends.count(end) for end in COUNTED if end in output}, "total": len(items)}


def _spelled_as(sample: str, instant: str | None) -> str | None:
    """An instant of UTC with the offset that another one has."""
    return instant if instant is None or sample.endswith("Z") else instant.replace("Z", sample[-6:])


def _ends_as(record: Mapping[str, Any], event: str) -> bool:
    return ENDS.get(record["status_code"]) == ENDS[event.partition(".")[2]]


def _fits(record: Mapping[str, Any], event: str) -> bool:
    """Whether the record can end, or has ended, as the event says."""
    return not has_ended(record) or _ends_as(record, event)

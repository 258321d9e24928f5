"""Known records: what an application has created in a sandbox, so that a receiver that keeps state knows what callbacks are about."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from runflow_mock.testing.control import Control

ENDS: Mapping[str, str] = {
    "succeeded": "succeeded",
    "completed": "succeeded",
    "partial_succeeded": "partial_succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}


_PLURALS: Mapping[str, str] = {"run": "runs", "batch": "batches", "evaluation": "evaluations"}


class NoRecord(Exception):
    """The sandbox holds no record for a callback; the message says what to do."""


class KnownRecords:
    """The runs and batches of a tenant of a sandbox; those that nobody was told of yet are used once."""

    def __init__(self, control: Control) -> None:
        told = {delivery.run_id or delivery.batch_id for delivery in control.deliveries() if delivery.attempts}
        self._records: dict[str, list[Mapping[str, Any]]] = {
            "run": [run for run in control.runs() if run.get("batch_id") is None],
            "batch": [*control.batches()],
        }
        self._fresh = {noun: [record for record in records if record["id"] not in told] for noun, records in self._records.items()}
        self._worn: dict[str, Mapping[str, Any]] = {}

    def pick(self, event: str, *, is_fresh: bool) -> Mapping[str, Any]:
        """Returns the record that a callback about an event can be about: a fresh one, or the one that was used before.

        Raises:
            NoRecord: there is none.
        """
        noun = event.partition(".")[0]
        if not is_fresh and noun in self._worn:
            return self._worn[noun]
        fresh = self._fresh.get(noun, [])
        fitting = next((record for record in fresh if _fits(record, event)), None)
        if fitting is None:
            count = len(self._records.get(noun, ()))
            told = f"the sandbox holds {count} {_PLURALS[noun]} of your application, and no further one that it could be told of as {event}"
            raise NoRecord(f"{told}: let it create more, and let their callbacks wait (serve --clock manual)")
        fresh.remove(fitting)
        if not is_fresh:
            self._worn[noun] = fitting
        return fitting


def written_over(body: bytes, record: Mapping[str, Any]) -> bytes:
    """Returns a message that tells the same about another record: id, metadata, and the client_ref of each item are that one's."""
    message = msgspec.json.decode(body)
    noun = message["event"].partition(".")[0]
    message[f"{noun}_id"] = record["id"]
    message["metadata"] = record.get("metadata")
    items: Sequence[dict[str, Any]] = (message.get("output") or {}).get("items", ()) if noun == "batch" else ()
    for item, known in zip(items, record.get("items") or (), strict=False):
        item["client_ref"] = known.get("client_ref")
    return msgspec.json.encode(message)


def _fits(record: Mapping[str, Any], event: str) -> bool:
    """Whether the record can end, or has ended, as the event says."""
    end = ENDS.get(record["status_code"])
    return end is None or end == ENDS[event.partition(".")[2]]

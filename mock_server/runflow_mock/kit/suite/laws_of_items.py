"""Laws of items: an item of a batch is one record wherever it stands, and lies within what its batch tells of time, model and output."""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from typing import Any

from runflow_mock.domain.documents import list_of, object_of
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.instants import GRAIN, SKEW, instant, is_before
from runflow_mock.kit.suite.laws_of_lists import items_of
from runflow_mock.kit.suite.memories import Memory, Record, packaged_walk
from runflow_mock.kit.suite.schema_walks import Part

# What an entry in the output of a batch has of its item.
OF_ITEMS = ("output", "error")
MODEL = "model"
ITEMS = "/v1/batches/{batch_id}/items"
ADDRESS = re.compile(r"(?P<file>[a-z][a-z0-9+.-]*://[^?#\s]*)\?(?P<query>[^#\s]*)(?P<part>#\S*)?", re.IGNORECASE)
# What the signature of an address is called, here or there.
SIGNATURE = re.compile(r"(.*[-_])?(signature|sig|sign|token|hmac|policy|auth_?key|hdnts|hdnea|verify)", re.IGNORECASE)


def batch_has_what_its_items_have(answer: Answer, memory: Memory) -> Iterator[str]:
    """An item has one id, lies within the time of its batch, is of its model, and stands in the output of the batch as it is."""
    for part in memory.parts:
        record, name = part.value, part.described.name
        batch = memory.known(record.get("batch_id"))
        if name in ("BatchItem", "BatchItemHandle") and isinstance(record.get("run_id"), str) and isinstance(record.get("id"), str):
            item_id = memory.items.setdefault(record["run_id"], record["id"])
            if item_id != record["id"]:
                yield f"the item with the run {record['run_id']} is {item_id} at one place, and {record['id']} at another"
        if name == "BatchItem" and batch:
            yield from _lies_within(record, batch, SKEW if answer.moment is None else GRAIN)
            yield from _stands_in_the_output(part, batch)
        if name == "Run" and batch.get("target_type") == MODEL and isinstance(record.get("model_id"), str):
            target = batch.get("target_id")
            if isinstance(target, str) and target != record["model_id"]:
                yield f"run {record.get('id')} is of the model {record['model_id']}, and its batch of {target}"


def ends_with_its_last_item(answer: Answer, memory: Memory) -> Iterator[str]:
    """A batch ends when its last item does."""
    items = items_of(answer) if memory.operation is not None and memory.operation.path == ITEMS else None
    batch = memory.records.get(memory.params["batch_id"]) if items else None
    told = None if batch is None else batch.fields.get("completed_at")
    # Who has a clock of his own may take a while to see it.
    if not items or told is None or told.moment != answer.moment or answer.moment is None or batch is None:
        return
    ends = [instant(item.get("completed_at")) for item in items]
    ended, total = instant(told.value), batch.fields.get("items_total")
    if ended and None not in ends and total is not None and total.value == len(items) and ended > max(filter(None, ends)) + SKEW:
        yield f"the last item of a batch ended at {max(filter(None, ends)).isoformat()}, and the batch at {told.value}"


def _lies_within(item: Record, batch: Mapping[str, Any], skew: timedelta) -> Iterator[str]:
    for name, is_later in (("created_at", False), ("started_at", False), ("completed_at", True)):
        own, of_batch = item.get(name), batch.get(name)
        if is_before(of_batch, own, skew) if is_later else is_before(own, of_batch, skew):
            yield f"item {item.get('sequence_index')} has {name} {item[name]!r}, and its batch {batch[name]!r}"


def _stands_in_the_output(part: Part, batch: Mapping[str, Any]) -> Iterator[str]:
    item = part.value
    for entry in map(object_of, list_of(object_of(batch.get("output")).get("items"))):
        if entry.get("sequence_index") != item.get("sequence_index"):
            continue
        for name in OF_ITEMS:
            # In an output every field counts: models have their own.
            declared = packaged_walk().described(part.described.properties[name]).properties if name == "error" else ()
            told, own = (_declared(_without_nulls(unsigned(record.get(name))), declared) for record in (entry, item))
            if name in item and told != own:
                yield f"item {item['sequence_index']} has {name} {str(own)[:120]}, and the output of its batch {str(told)[:120]}"


def _declared(told: Any, names: Collection[str]) -> Any:
    """Returns what is told without fields of the server's own, which may stand at one place alone; with all where none are declared."""
    return {name: value for name, value in told.items() if name in names} if names and isinstance(told, dict) else told


def unsigned(told: Any) -> Any:
    """Returns what is told, without the queries of addresses that are signed: each reading may sign files anew."""
    if isinstance(told, dict):
        return {name: unsigned(value) for name, value in told.items()}
    if isinstance(told, list):
        return [unsigned(each) for each in told]
    address = ADDRESS.fullmatch(told) if isinstance(told, str) else None
    is_signed = address is not None and any(SIGNATURE.fullmatch(pair.partition("=")[0]) for pair in address["query"].split("&"))
    return f"{address['file']}{address['part'] or ''}" if address is not None and is_signed else told


def _without_nulls(told: Any) -> Any:
    """Returns what is told, without fields that are null: who leaves them out says the same."""
    if isinstance(told, dict):
        return {name: _without_nulls(value) for name, value in told.items() if value is not None}
    return [_without_nulls(each) for each in told] if isinstance(told, list) else told


LAWS = {"items_of_batches": batch_has_what_its_items_have, "ends_with_its_items": ends_with_its_last_item}

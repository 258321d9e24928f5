"""Batches on the wire: both bodies that create one, the record, its items and its output.

Source: `batches.create` (`input`, flat), `batches.create-items` (`items`, wrapped), `batches.record`, `batches.output`,
`batches.item-failure-message`.
"""

from collections.abc import Callable, Generator, Iterable, Mapping
from typing import cast

import msgspec

from runflow_mock.domain.batches import Batch, Item
from runflow_mock.domain.commands import CreateBatch, NewItem, Origin
from runflow_mock.domain.dialects import Dialect, read_status
from runflow_mock.domain.documents import Json, write_document
from runflow_mock.domain.filters import Field
from runflow_mock.domain.identity import RunId
from runflow_mock.domain.models import Model
from runflow_mock.domain.money import format_money
from runflow_mock.domain.runs import Run
from runflow_mock.wire.attachments import Show
from runflow_mock.wire.fields import Checker
from runflow_mock.wire.listing import number_field, text_field, text_fields, time_field, time_fields
from runflow_mock.wire.magic import check_batch_magic
from runflow_mock.wire.problems import FieldError, Location, invalid
from runflow_mock.wire.requests import (
    COMMON_PROPERTIES,
    Rules,
    label_errors,
    optional_text,
    read_metadata,
)
from runflow_mock.wire.times import write_instant, write_optional

Runs = Mapping[RunId, Run]

ERRORS_MAX = 1_000
"""After so many errors in a batch no further item is looked at."""

ITEMS_AT_ONCE = 100
BYTES_AT_ONCE = 64 * 1024
"""After so many items, or so many bytes of them, others have their turn."""

_common = Checker({"type": "object", "properties": COMMON_PROPERTIES})


def decode_create_batch(
    body: dict[str, Json], sent_bytes: int, model: Model, rules: Rules, origin: Origin
) -> Generator[None, None, CreateBatch]:
    """Reads the command in a body of either form and so many bytes step by step; places in errors use the caller's own key."""
    metadata, found = read_metadata(body, rules)
    # The items are not looked at here: whoever checks a value looks at all of it first.
    common = {name: body[name] for name in COMMON_PROPERTIES if name in body}
    errors = [*_common.errors(common, ("body",), sent_bytes), *found]
    if "input" in body and "items" in body:
        errors.append(FieldError(("body", "items"), "send input or items, not both", "value_error"))
        raise invalid(*errors)
    key = "items" if "items" in body else "input"
    elements = body.get(key)
    errors += _length_errors(key, body, rules.batch_items_max)
    items = list[NewItem]()
    since = 0
    if isinstance(elements, list) and len(elements) <= rules.batch_items_max:
        weigh = rules.inputs.together(model, len(elements), sent_bytes)
        for index, element in enumerate(elements):
            if len(errors) >= ERRORS_MAX:
                break
            if since >= BYTES_AT_ONCE or (index and index % ITEMS_AT_ONCE == 0):
                since = 0
                yield
            place: Location = ("body", key, index)
            item, found = _wrapped(element, place) if key == "items" else _flat(element, place)
            errors += found
            if item is not None:
                inputs, client_ref, place, labelled = item
                too_much = weigh(inputs)
                if too_much is not None:
                    raise invalid(FieldError(("body", key), *too_much))
                errors += label_errors(client_ref, labelled, sent_bytes)
                inputs, found = rules.inputs.read(model, inputs, place, sent_bytes)
                errors += found
                items.append(NewItem(write_document(inputs), cast("str | None", client_ref)))
                since += len(items[-1].input)
    if errors:
        raise invalid(*errors)
    command = CreateBatch(
        model=model.id,
        items=tuple(items),
        callback_url=optional_text(body, "callback_url"),
        metadata=metadata,
        origin=origin,
    )
    if rules.knows_magic:
        check_batch_magic(command, key)
    return command


def represent_batch(
    batch: Batch, runs: Runs, dialect: Dialect, show: Show = msgspec.Raw, *, listed: Callable[[Iterable[object]], object] = list
) -> dict[str, object]:
    """Returns the record of a batch with the lean handles of its items; the caller's documents as `show` says.

    What there is of each item is `listed`: in a list, or left to be made when somebody comes to it.
    """
    tally, link = batch.tally, f"/v1/batches/{batch.id}"
    return {
        "id": batch.id,
        "org_id": batch.org_id,
        "target_type": "model",
        "target_type_code": "model",
        "target_id": batch.model_id,
        "status_code": dialect.status(batch.status),
        "source_code": "api",
        "items_total": tally.total,
        "items_succeeded": tally.succeeded,
        "items_failed": tally.failed,
        "items_cancelled": tally.cancelled,
        "items": listed(represent_handle(item, runs, dialect) for item in batch.items),
        "input": listed(show(runs[item.run_id].input) for item in batch.items),
        "output": represent_output(batch, runs, dialect, show, listed=listed) if batch.is_terminal else None,
        "cost": format_money(tally.cost) if batch.is_terminal else None,
        "duration_ms": batch.duration_ms,
        "metadata": None if batch.metadata is None else show(batch.metadata),
        "callback_url": batch.callback_url,
        "resolved_template_id": None,
        "dispatch_provider_link_id": None,
        "failure_code": None,
        "failure_message": None,
        "failure_stage_code": None,
        "created_by": batch.created_by,
        "created_at": write_instant(batch.created_at),
        "started_at": write_optional(batch.started_at),
        "completed_at": write_optional(batch.completed_at),
        "links": None if dialect.is_proven else {"self": link, "items": f"{link}/items", "callback": f"{link}/callback"},
    }


def represent_handle(item: Item, runs: Runs, dialect: Dialect) -> dict[str, object]:
    """Returns the four handles of an item and where it stands."""
    return {
        "id": item.id,
        "sequence_index": item.sequence_index,
        "client_ref": item.client_ref,
        "run_id": item.run_id,
        "status_code": dialect.status(runs[item.run_id].status),
    }


def represent_output(
    batch: Batch, runs: Runs, dialect: Dialect, show: Show = msgspec.Raw, *, listed: Callable[[Iterable[object]], object] = list
) -> dict[str, object]:
    """Returns what a finished batch came to: every item in order, with its input and its output or error."""
    tally = batch.tally
    return {
        "items": listed(_result(item, runs[item.run_id], dialect, show) for item in batch.items),
        "succeeded": tally.succeeded,
        "failed": tally.failed,
        "cancelled": tally.cancelled,
        "total": tally.total,
    }


def represent_item(entry: "BatchItem", run: dict[str, object], dialect: Dialect) -> dict[str, object]:
    """Returns an item with its live state and the record of its run."""
    item, its_run = entry.item, entry.run
    return {
        "id": item.id,
        "batch_id": its_run.batch_id,
        "sequence_index": item.sequence_index,
        "run_id": item.run_id,
        "client_ref": item.client_ref,
        "status_code": dialect.status(its_run.status),
        "input": run["input"],
        "output": None if its_run.output is None else msgspec.Raw(its_run.output),
        "error": _error(its_run),
        "failure_message": None if its_run.failure is None else its_run.failure.message,
        "cost": None if its_run.cost is None else format_money(its_run.cost),
        "created_at": write_instant(its_run.created_at),
        "started_at": write_optional(its_run.started_at),
        "completed_at": write_optional(its_run.completed_at),
        "run": run,
    }


class BatchItem(msgspec.Struct, frozen=True):
    """An item and its run, as a record that can be listed."""

    item: Item
    run: Run

    @property
    def id(self) -> str:
        """The id of the item."""
        return self.item.id


def batch_items(batch: Batch, runs: Runs) -> list[BatchItem]:
    """Returns the items of a batch in order."""
    return [BatchItem(item, runs[item.run_id]) for item in batch.items]


BATCH_FIELDS: dict[str, Field[Batch]] = {
    **text_fields("id", "org_id", "callback_url"),
    **time_fields("created_at", "started_at", "completed_at"),
    "target_id": text_field(lambda batch: batch.model_id),
    "status_code": text_field(lambda batch: batch.status.value, read_status),
    "items_total": number_field(lambda batch: batch.tally.total),
    "items_succeeded": number_field(lambda batch: batch.tally.succeeded),
    "items_failed": number_field(lambda batch: batch.tally.failed),
    "items_cancelled": number_field(lambda batch: batch.tally.cancelled),
    "cost": number_field(lambda batch: batch.tally.cost / 1_000_000 if batch.is_terminal else None),
}
ITEM_FIELDS: dict[str, Field[BatchItem]] = {
    "id": text_field(lambda entry: entry.item.id),
    "run_id": text_field(lambda entry: entry.item.run_id),
    "client_ref": text_field(lambda entry: entry.item.client_ref),
    "sequence_index": number_field(lambda entry: entry.item.sequence_index),
    "status_code": text_field(lambda entry: entry.run.status.value, read_status),
    "created_at": time_field(lambda entry: entry.run.created_at),
    "completed_at": time_field(lambda entry: entry.run.completed_at),
}

# The inputs of an item and its label, and the objects in which either stands.
_Decoded = tuple[dict[str, Json], Json, Location, Location]


def _length_errors(key: str, body: dict[str, Json], items_max: int) -> Iterable[FieldError]:
    place: Location = ("body", key)
    if key not in body:
        return [FieldError(place, "field required", "missing")]
    elements = body[key]
    if not isinstance(elements, list):
        return [FieldError(place, "Input should be a valid list", "list_type")]
    if not elements:
        return [FieldError(place, "Input should have at least 1 items", "too_short")]
    if len(elements) > items_max:
        return [FieldError(place, f"Input should have at most {items_max} items", "too_long")]
    return []


def _flat(element: Json, place: Location) -> tuple[_Decoded | None, list[FieldError]]:
    if not isinstance(element, dict):
        return None, [FieldError(place, "Input should be a valid object", "dict_type")]
    inputs = {name: value for name, value in element.items() if name != "client_ref"}
    return (inputs, element.get("client_ref"), place, place), []


def _wrapped(element: Json, place: Location) -> tuple[_Decoded | None, list[FieldError]]:
    if not isinstance(element, dict):
        return None, [FieldError(place, "Input should be a valid object", "dict_type")]
    if "input" not in element:
        return None, [FieldError((*place, "input"), "field required", "missing")]
    inputs = element["input"]
    if not isinstance(inputs, dict):
        return None, [FieldError((*place, "input"), "Input should be a valid object", "dict_type")]
    # As in a run, a label beside the model's fields counts where there is no other.
    own, inside = element.get("client_ref"), (*place, "input")
    return (inputs, inputs.get("client_ref"), inside, inside) if own is None else (inputs, own, inside, place), []


def _result(item: Item, run: Run, dialect: Dialect, show: Show) -> dict[str, object]:
    result: dict[str, object] = {
        "sequence_index": item.sequence_index,
        "status_code": dialect.status(run.status),
        "client_ref": item.client_ref,
        "input": show(run.input),
    }
    if run.output is not None:
        return {**result, "output": msgspec.Raw(run.output)}
    return {**result, "error": _error(run)}


def _error(run: Run) -> dict[str, object] | None:
    if run.failure is not None:
        return {"kind": run.failure.code.lower(), "message": run.failure.message}
    if run.is_terminal and run.output is None:
        return {"kind": "cancelled", "message": "The run was cancelled."}
    return None

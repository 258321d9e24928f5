"""Batches: create, list, read, and their items."""

from collections.abc import Generator, Mapping
from typing import NamedTuple, cast

from msgspec.structs import replace

from runflow_mock.domain.batches import Batch, BatchCreated
from runflow_mock.domain.commands import CreateBatch, Origin
from runflow_mock.domain.documents import Json
from runflow_mock.domain.errors import DomainError, NotFound
from runflow_mock.domain.identity import RunId
from runflow_mock.domain.models import Catalog
from runflow_mock.domain.runs import Run, RunCreated
from runflow_mock.web.attachments import execute_with_files, show_in
from runflow_mock.web.calls import Answer, Call, Handler, answer
from runflow_mock.web.lists import answer_list
from runflow_mock.web.pieces import PIECE_BYTES, Steps, answer_in_steps, document_in_steps, in_one_step, to_the_end
from runflow_mock.web.routing import Operation
from runflow_mock.web.runs import run_body
from runflow_mock.wire.batches import (
    BATCH_FIELDS,
    ITEM_FIELDS,
    ITEMS_AT_ONCE,
    BatchItem,
    batch_items,
    decode_create_batch,
    represent_batch,
    represent_item,
)
from runflow_mock.wire.problems import Problem, invalid_field
from runflow_mock.wire.requests import Rules


class Read(NamedTuple):
    """What a body asks for, or what is wrong with it, as it was read for a catalog and by rules; and the caller's word for the items."""

    catalog: Catalog
    rules: Rules
    key: str
    asks: CreateBatch | Problem | DomainError

    def holds(self, call: Call) -> bool:
        """Whether it would be read in the same way again: a tenant may have been made anew meanwhile."""
        return self.rules is call.caller.rules and self.catalog is call.catalog


async def prepare_batch(call: Call, params: Mapping[str, str]) -> None:
    """Reads the items of a batch piece by piece: there may be thousands."""
    call.prepared = await to_the_end(_read(call, params.get("model_id")))


def create_model_batch(call: Call) -> Answer:
    """POST /v1/models/{model_id}/batches"""
    return _create(call, call.params["model_id"])


def create_batch(call: Call) -> Answer:
    """POST /v1/batches: as above, with the model in the body. Source: named by the skill page, whose body is not shown.

    That a body needs to say the model is plain; that it may be called `model_id` too is a guess, which a strict tenant does not make.
    """
    return _create(call, None)


def list_batches(call: Call) -> Answer:
    """GET /v1/batches"""
    store, dialect, show = call.store, call.caller.dialect, show_in(call)
    return answer_list(
        call,
        tuple(store.batches.values()),
        BATCH_FIELDS,
        lambda batch: represent_batch(batch, store.runs, dialect, show),
        waits=lambda batch: not batch.is_terminal,
    )


def get_batch(call: Call) -> Answer:
    """GET /v1/batches/{id}"""
    batch = call.store.batch(call.uuid("id"))
    if not batch.is_terminal:
        call.wait_for(batch.id)
    return answer_in_steps(_answer(call, batch, call.store.runs))


def list_batch_items(call: Call) -> Answer:
    """GET /v1/batches/{batch_id}/items"""
    return answer_list(call, _items(call), ITEM_FIELDS, lambda entry: _item_body(call, entry), order="sequence_index")


def get_batch_item(call: Call) -> Answer:
    """GET /v1/batches/{batch_id}/items/{id}"""
    wanted = call.uuid("id")
    found = next((entry for entry in _items(call) if entry.id == wanted), None)
    if found is None:
        raise NotFound("batch item", wanted)
    return answer(_item_body(call, found))


def _create(call: Call, model_id: str | None) -> Answer:
    """Creates a batch of a model, or of the one that the body names."""
    read, call.prepared = cast("Read | None", call.prepared), None
    if read is None or not read.holds(call):
        read = in_one_step(_read(call, model_id))
    if not isinstance(read.asks, CreateBatch):
        try:
            raise read.asks
        finally:
            # An error leads to all that its raiser holds: it must not lead to itself, or the request stays until the next collection.
            del read
    command = replace(read.asks, origin=Origin(call.base_url, call.request_id))
    events = execute_with_files(call, command, read.key).events
    # The answer tells how things stood then, whatever has happened to the runs meanwhile.
    batch, runs = cast(BatchCreated, events[0]).batch, {event.run.id: event.run for event in events if isinstance(event, RunCreated)}
    hasty = tuple(run.id for run in runs.values() if run.ends_at_once)
    steps = _answer(call, batch, runs, 201, (batch.id, *hasty) if hasty else ())
    # Where the answer is remembered, or rules look at it, it has to be there before anything else happens.
    is_wanted_now = call.is_watched or call.header(b"idempotency-key") is not None
    return in_one_step(steps) if is_wanted_now else answer_in_steps(steps)


def _answer(call: Call, batch: Batch, runs: Mapping[RunId, Run], status: int = 200, callbacks_before: tuple[str, ...] = ()) -> Steps:
    """Makes the answer that tells a batch and its runs as they stand when it begins; of a long one others have their turn in between."""
    dialect, show = call.caller.dialect, show_in(call)
    if len(batch.items) <= ITEMS_AT_ONCE:
        body = represent_batch(batch, runs, dialect, show)
    else:
        standing = {item.run_id: runs[item.run_id] for item in batch.items}
        body = yield from document_in_steps(represent_batch(batch, standing, dialect, show, listed=iter), piece_bytes=PIECE_BYTES)
    given = answer(body, status)
    return replace(given, callbacks_before=callbacks_before) if callbacks_before else given


def _read(call: Call, model_id: str | None) -> Generator[None, None, Read]:
    catalog, rules, key = call.catalog, call.caller.rules, "input"
    try:
        body = call.read_body()
        key = "items" if "items" in body else "input"
        model = catalog.get(_named_model(call, body) if model_id is None else model_id)
        asks = yield from decode_create_batch(body, len(call.body), model, rules, Origin(call.base_url, call.request_id))
    except (Problem, DomainError) as refusal:
        # Where it was found out leads to all that was parsed.
        return Read(catalog, rules, key, refusal.with_traceback(None))
    return Read(catalog, rules, key, asks)


def _named_model(call: Call, body: dict[str, Json]) -> str:
    names = ("model",) if call.dialect.is_proven else ("model", "model_id")
    model_id = next((body[name] for name in names if name in body), None)
    if model_id is None:
        raise invalid_field(("body", "model"), "field required", "missing")
    for name in names:
        if not isinstance(body.get(name, model_id), str):
            raise invalid_field(("body", name), "Input should be a valid string", "string_type")
        if body.get(name, model_id) != model_id:
            raise invalid_field(("body", name), "model and model_id name different models; send one", "value_error")
    assert isinstance(model_id, str)
    return model_id


def _items(call: Call) -> list[BatchItem]:
    batch = call.store.batch(call.uuid("batch_id"))
    if not batch.is_terminal:
        call.wait_for(batch.id)
    return batch_items(batch, call.store.runs)


def _item_body(call: Call, entry: BatchItem) -> dict[str, object]:
    return represent_item(entry, run_body(call, entry.run), call.caller.dialect)


OPERATIONS: tuple[Operation[Handler], ...] = (
    Operation("POST", "/v1/models/{model_id...}/batches", create_model_batch, spans_min=1, scope="runs:create", prepare=prepare_batch),
    Operation("POST", "/v1/batches", create_batch, scope="runs:create", evidence="named", prepare=prepare_batch),
    Operation("GET", "/v1/batches", list_batches, scope="runs:read", evidence="inferred"),
    Operation("GET", "/v1/batches/{id}", get_batch, scope="runs:read"),
    Operation("GET", "/v1/batches/{batch_id}/items", list_batch_items, scope="runs:read"),
    Operation("GET", "/v1/batches/{batch_id}/items/{id}", get_batch_item, scope="runs:read"),
)

"""What happens to batches: creation with its admission, cancellation, and catching up with their members."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from runflow_mock.domain.batches import Batch, BatchCreated, Item, Tally, announcement
from runflow_mock.domain.commands import CancelBatch, CreateBatch
from runflow_mock.domain.documents import Document
from runflow_mock.domain.errors import ModelNotBatchable
from runflow_mock.domain.events import Event
from runflow_mock.domain.identity import BatchId, ItemId, RunId
from runflow_mock.domain.magic import spelled
from runflow_mock.domain.models import Model
from runflow_mock.domain.money import ZERO, Money
from runflow_mock.domain.records import BATCHES, RUNS
from runflow_mock.domain.runs import Run, RunCreated, RunMoved
from runflow_mock.engine.assets import store_attachments
from runflow_mock.engine.creations import decide_creation, ending_at_once
from runflow_mock.engine.magic import magic_of
from runflow_mock.engine.moment import Moment
from runflow_mock.engine.runs import admit_cost, end_of_queue, new_run, project, stop
from runflow_mock.engine.slots import line_up


def create_batch(moment: Moment, command: CreateBatch) -> tuple[Event, ...]:
    """Admits a batch as a whole, or not at all, and holds the projected cost of each item."""
    model = moment.catalog.get(command.model)
    if not model.takes_batches:
        raise ModelNotBatchable(model.id)
    moment.admit(BATCHES)
    moment.admit(RUNS, len(command.items))
    projected = [project(model, item.input) for item in command.items]
    # All or nothing: a batch whose whole price the balance does not cover makes not a single run.
    admit_cost(moment, Money(sum(projected)))
    batch_id, ids = BatchId(moment.issue_id()), moment.issue_ids(2 * len(command.items))
    handles = enumerate(zip(ids[::2], ids[1::2], command.items, strict=True))
    items = tuple(Item(ItemId(item_id), index, RunId(run_id), item.client_ref) for index, (item_id, run_id, item) in handles)
    batch = Batch(
        id=batch_id,
        org_id=moment.org_id,
        model=model.id,
        model_id=model.uuid,
        items=items,
        tally=Tally(total=len(items), waiting=len(items)),
        metadata=command.metadata,
        callback_url=command.callback_url,
        created_by=moment.user_id,
        created_at=moment.now,
    )
    runs = [line_up(moment, run, ahead=index) for index, run in enumerate(_members(moment, model, command, batch, projected))]
    decision = decide_creation(moment, batch, magic_of(moment, batch))
    created = (RunCreated(ending_at_once(moment, run, decision)) for run in runs)
    stored = store_attachments(moment, command.attachments, "batch", batch.id)
    return (BatchCreated(batch), *created, *decision.met, *stored)


def _members(moment: Moment, model: Model, command: CreateBatch, batch: Batch, projected: Sequence[Money]) -> Iterator[Run]:
    """Yields the runs of a batch."""
    # All are decided on in one step, and there may be thousands: what they have in common is put together once.
    usual = new_run(moment, RunId(batch.id), model, Document(b"{}"), held=ZERO, origin=command.origin, client_ref=None, batch_id=batch.id)
    usual_magic = magic_of(moment, batch)
    for item, given, held in zip(batch.items, command.items, projected, strict=True):
        yield replace(
            usual,
            id=item.run_id,
            input=given.input,
            client_ref=given.client_ref,
            sequence_index=item.sequence_index,
            held=held,
            magic=spelled(given.client_ref, None, given.input) or usual_magic if moment.knows_magic else None,
            due_at=end_of_queue(moment, model, item.run_id),
        )


def cancel_batch(moment: Moment, command: CancelBatch) -> tuple[Event, ...]:
    """Stops every member that has not ended; a finished batch gives no events."""
    batch = moment.store.batch(command.batch_id)
    members = (moment.store.runs[item.run_id] for item in batch.items)
    # Whoever waits in line goes first, so that no slot is given to a run that is to be stopped as well.
    unfinished = sorted((run for run in members if not run.is_terminal), key=lambda run: not run.is_in_line)
    return tuple(stop(moment, run, command.reason) for run in unfinished)


def follow_member(moment: Moment, event: RunMoved) -> tuple[Event, ...]:
    """Returns the event by which a batch catches up after one of its runs moved."""
    batch_id = moment.store.runs[event.run_id].batch_id
    if batch_id is None:
        return ()
    announced = announcement(moment.store.batches[batch_id], moment.now)
    return () if announced is None else (announced,)

"""What happens to batches: creation with its admission, cancellation, and catching up with their members."""

from runflow_mock.domain.batches import Batch, BatchCreated, Item, Tally, announcement
from runflow_mock.domain.commands import CancelBatch, CreateBatch
from runflow_mock.domain.errors import ModelNotBatchable
from runflow_mock.domain.events import Event
from runflow_mock.domain.identity import BatchId, ItemId
from runflow_mock.domain.magic import spelled
from runflow_mock.domain.money import Money
from runflow_mock.domain.records import BATCHES, RUNS
from runflow_mock.domain.runs import Run, RunCreated, RunMoved
from runflow_mock.engine.assets import store_attachments
from runflow_mock.engine.creations import decide_creation, ending_at_once
from runflow_mock.engine.moment import Moment
from runflow_mock.engine.runs import admit_cost, new_run, project, stop
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
    batch_id = BatchId(moment.issue_id())
    usual_magic = spelled(None, command.metadata, None) if moment.knows_magic else None
    runs: list[Run] = []
    items: list[Item] = []
    for index, (item, held) in enumerate(zip(command.items, projected, strict=True)):
        item_id = ItemId(moment.issue_id())
        run = new_run(
            moment,
            model,
            item.input,
            held=held,
            origin=command.origin,
            client_ref=item.client_ref,
            batch_id=batch_id,
            sequence_index=index,
            usual_magic=usual_magic,
        )
        runs.append(line_up(moment, run, ahead=index))
        items.append(Item(item_id, index, run.id, item.client_ref))
    batch = Batch(
        id=batch_id,
        org_id=moment.org_id,
        model=model.id,
        model_id=model.uuid,
        items=tuple(items),
        tally=Tally(total=len(items), waiting=len(items)),
        metadata=command.metadata,
        callback_url=command.callback_url,
        created_by=moment.user_id,
        created_at=moment.now,
    )
    decision = decide_creation(moment, batch, usual_magic)
    created = (RunCreated(ending_at_once(moment, run, decision)) for run in runs)
    stored = store_attachments(moment, command.attachments, "batch", batch.id)
    return (BatchCreated(batch), *created, *decision.met, *stored)


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

"""Laws of records: what one part of a record says follows from its others, or from records that it belongs to."""

from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from runflow_mock.domain.documents import list_of, object_of, try_document
from runflow_mock.domain.whole_numbers import whole_number
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.instants import GRAIN, SKEW, grain_of, instant, is_before, latest
from runflow_mock.kit.suite.memories import Memory, Record, is_replay

# A timestamp has whole seconds.
DATE_SECONDS = 2
# What receivers are told to refuse.
STALE_SECONDS = 300
TOLD_WITHIN = timedelta(minutes=1)
# No amount has more.
DIGITS_MAX = 28
CANCELLED = ("cancelled", "canceled")
SUCCEEDED = "succeeded"
BATCH_ITEM_FACTS = ("client_ref", "status_code")
ENDS_ALL = frozenset((SUCCEEDED, "failed", "partial_succeeded", *CANCELLED))
ENDS_OF_DELIVERIES = (SUCCEEDED, "failed")
# What a record of a webhook may show of the record above it.
BELONGS_TO = {"WebhookAttempt": "delivery", "WebhookDelivery": "webhook"}
# What only an attempt can have told of a delivery.
OF_ATTEMPTS = ("signing_secret_id", "failure_reason_code", "failure_detail")
# What an item of a batch has of its run.
RUN_FACTS = (
    *("input", "output", "cost", "client_ref", "status_code", "started_at", "completed_at", "batch_id", "created_at"),
    "failure_message",
)


def lasts_as_long(answer: Answer, memory: Memory) -> Iterator[str]:
    """The duration of a run or batch, where it is told, is the time from its creation to its end."""
    for part in memory.parts:
        record = part.value
        if part.described.name not in ("Run", "Batch") or not {"duration_ms", "created_at", "completed_at"} <= record.keys():
            continue
        created, ended, lasted = instant(record["created_at"]), instant(record["completed_at"]), amount(record["duration_ms"])
        if created is None or lasted is None:
            continue
        # When it ended may be null, as every field; what has not ended has no duration.
        has_ended = record.get("status_code") in ENDS_ALL
        grain = grain_of(record["created_at"], record["completed_at"]) / GRAIN
        if (ended is None and not has_ended) or (ended is not None and abs((ended - created) / GRAIN - float(lasted)) > grain):
            yield f"duration_ms is {lasted} from {record['created_at']} to {record['completed_at']}"


def costs_what_it_says(answer: Answer, memory: Memory) -> Iterator[str]:
    """A cost is what its breakdown comes to; only what has ended costs, and what failed costs nothing."""
    for part in memory.parts:
        record, name = part.value, part.described.name
        if name == "Run":
            yield from _breakdown(record)
        if name in ("Run", "Batch", "BatchItem", "Evaluation") and "cost" in record:
            state, cost = record.get("status_code"), amount(record["cost"])
            if state in ("queued", "pending") and cost:
                yield f"a {state} {name} costs {cost}"
            if state == "failed" and name != "Batch" and cost:
                yield f"a failed {name} costs {cost}"
            # An evaluation has a cost where it is billed, and those that come by themselves need not be.
            is_unbilled = name == "Evaluation" and record["cost"] is None
            if state in (SUCCEEDED, "completed") and cost is None and not is_unbilled:
                yield f"a {state} {name} has the cost {record['cost']!r}"


def _breakdown(record: Record) -> Iterator[str]:
    told = record.get("cost_breakdown")
    if not isinstance(told, dict):
        return
    price, quantity, total = (amount(told.get(name)) for name in ("unit_price", "quantity", "total"))
    if price is not None and quantity is not None and total is not None and abs(price * quantity - total) > Decimal("0.000001"):
        yield f"cost_breakdown says {price} x {quantity} = {total}"
    if total is not None and "cost" in record and amount(record["cost"]) != total:
        yield f"cost is {record['cost']!r}, and its breakdown comes to {total}"


def batch_tells_of_its_items(answer: Answer, memory: Memory) -> Iterator[str]:
    """A batch's input, items and output tell of the same items in the same order, as its item records and runs do."""
    for part in memory.parts:
        if part.described.name == "Batch":
            yield from _batch(part.value)
        if part.described.name == "BatchItem":
            yield from _item(part.value, memory)
        if part.described.name == "Run":
            yield from _knows_its_batch(part.value, memory)
        if part.described.name == "BatchItemList" and "sort_by" not in answer.query and "pq" not in answer.query:
            indexes = [item.get("sequence_index") for item in _objects(part.value.get("items"))]
            if "q" not in answer.query and None not in indexes and indexes != list(range(len(indexes))):
                yield f"the items of a batch are listed as {indexes}"


def _batch(record: Record) -> Iterator[str]:
    handles, inputs = record.get("items"), record.get("input")
    if isinstance(handles, list):
        indexes = [handle.get("sequence_index") for handle in _objects(handles)]
        if indexes != list(range(len(handles))):
            yield f"the items of a batch have the indexes {indexes}"
        if isinstance(inputs, list) and len(inputs) != len(handles):
            yield f"a batch of {len(inputs)} inputs has {len(handles)} items"
    output = record.get("output")
    if isinstance(output, dict) and isinstance(output.get("items"), list):
        yield from batch_output(output, handles, inputs)
        told = (output.get("succeeded"), output.get("failed"), output.get("total"))
        counted = (record.get("items_succeeded"), record.get("items_failed"), record.get("items_total"))
        if None not in counted and told != counted:
            yield f"output counts {told}, and the batch {counted}"


def batch_output(output: Record, handles: Any, inputs: Any) -> Iterator[str]:
    """Yields what is wrong with the items in a batch's output, which stand in the order of its input."""
    items = _objects(output["items"])
    indexes = [item.get("sequence_index") for item in items]
    if indexes != list(range(len(indexes))):
        yield f"the items of an output have the indexes {indexes}"
        return
    for name, told in (("items", handles), ("input", inputs)):
        if isinstance(told, list) and len(told) != len(items):
            yield f"an output of {len(items)} items stands beside {name} of {len(told)}"
            return
    for number, item in enumerate(items):
        if isinstance(inputs, list) and item.get("input") != inputs[number]:
            yield f"item {number} of the output has another input than was sent: {str(item.get('input'))[:120]}"
        handle = object_of(handles[number]) if isinstance(handles, list) else {}
        for name in BATCH_ITEM_FACTS:
            if name in handle and name in item and item[name] != handle[name]:
                yield f"item {number} has {name} {item[name]!r} in the output and {handle[name]!r} among the items"
        succeeded, failed = item.get("status_code") == SUCCEEDED, item.get("status_code") == "failed"
        if succeeded != bool(item.get("output")) or (failed and not item.get("error")) or (succeeded and item.get("error")):
            yield f"item {number} is {item.get('status_code')!r} with output {bool(item.get('output'))} and error {bool(item.get('error'))}"
    states = [item.get("status_code") for item in items]
    counted = (states.count("succeeded"), states.count("failed"), sum(state in CANCELLED for state in states), len(states))
    told = tuple(output.get(name, counted[number]) for number, name in enumerate(("succeeded", "failed", "cancelled", "total")))
    if told != counted:
        yield f"the items of an output are {states}, and it counts {told}"


def _knows_its_batch(run: Record, memory: Memory) -> Iterator[str]:
    batch = memory.batches.get(str(run.get("id")))
    if batch is not None and run.get("batch_id", batch) != batch:
        yield f"run {run['id']} is that of an item of batch {batch}, and has batch_id {run['batch_id']!r}"


def _item(record: Record, memory: Memory) -> Iterator[str]:
    """An item has what its run has, and one that failed says why."""
    run = record.get("run")
    for name in ("error", "failure_message") if record.get("status_code") == "failed" else ():
        yield from _says(
            bool(record.get(name, True)), f"item {record.get('sequence_index')} failed, and its {name} is {record.get(name)!r}"
        )
    if isinstance(record.get("run_id"), str) and isinstance(record.get("batch_id"), str):
        memory.batches[record["run_id"]] = record["batch_id"]
        yield from _knows_its_batch({**memory.known(record["run_id"]), "id": record["run_id"]}, memory)
    if not isinstance(run, dict) or not run:
        return
    if "run_id" in record and run.get("id", record["run_id"]) != record["run_id"]:
        yield f"run_id is {record['run_id']!r}, and the run {run['id']!r}"
    for name in RUN_FACTS:
        if name in record and name in run and record[name] != run[name]:
            yield f"an item has {name} {str(record[name])[:120]!r}, and its run {str(run[name])[:120]!r}"


def deliveries_are_kept(answer: Answer, memory: Memory) -> Iterator[str]:
    """A delivery says what was sent, how often, and how it ended."""
    for part in memory.parts:
        record, name = part.value, part.described.name
        if name in ("RunDelivery", "BatchDelivery"):
            yield from _end_of_delivery(record, memory)
        yield from _what_was_sent(record, memory)
        if name == "WebhookAttempt" and isinstance(record.get("status_code"), int) and "succeeded" in record:
            yield from _says(record["succeeded"] == (200 <= record["status_code"] < 300), f"an attempt is {record}")
        related = BELONGS_TO.get(name, "")
        shown, wanted = record.get(related), record.get(f"{related}_id")
        if isinstance(shown, dict) and isinstance(wanted, str):
            yield from _says(shown.get("id") == wanted, f"{related}_id is {wanted!r}, and the {related} shown {str(shown)[:120]}")
        payload = record.get("payload")
        if name == "WebhookDelivery" and isinstance(payload, dict) and "event_type_code" in record:
            says = f"event_type_code is {record['event_type_code']!r}, and the payload says {payload.get('event')!r}"
            yield from _says(payload.get("event") == record["event_type_code"], says)
        attempts = record.get("attempts") if name.endswith("Delivery") else None
        if isinstance(attempts, list):
            numbers = [attempt.get("attempt_number") for attempt in _objects(attempts)]
            if None not in numbers and numbers not in (list(range(1, len(numbers) + 1)), list(range(len(numbers), 0, -1))):
                yield f"attempts are numbered {numbers}"
            for attempt in _objects(attempts):
                if "id" in record and attempt.get("delivery_id", record["id"]) != record["id"]:
                    yield f"an attempt of delivery {record['id']} has delivery_id {attempt['delivery_id']!r}"


def _end_of_delivery(record: Record, memory: Memory) -> Iterator[str]:
    attempts, state = record.get("attempts"), record.get("status_code")
    if record.get("attempt_count") is not None:
        yield from _says(record.get("attempts", ()) is not None, f"attempt_count is {record['attempt_count']}, and attempts is null")
    if isinstance(attempts, list) and record.get("attempt_count") is not None:
        yield from _says(
            record["attempt_count"] == len(attempts), f"attempt_count is {record['attempt_count']} with {len(attempts)} attempts"
        )
    if record.get("attempts") == [] or record.get("attempt_count") == 0:
        told = {name: record[name] for name in OF_ATTEMPTS if record.get(name) is not None}
        yield from _says(not told, f"a delivery of which nothing was tried has {told}")
        yield from _says(state != SUCCEEDED, f"a delivery of which nothing was tried has {state}")
    yield from _comes_when_announced(record, memory)
    reason = record.get("failure_reason_code")
    yield from _says(not isinstance(reason, str) or len(reason.split()) == 1, f"failure_reason_code is {reason!r}, and no code")
    if state not in ENDS_OF_DELIVERIES:
        return
    yield from _says(record.get("next_attempt_at") is None, f"a delivery that has {state} has a next attempt")
    reasons = [record.get("failure_reason_code"), record.get("failure_detail")]
    yield from _says(state == "failed" or reasons == [None, None], f"a delivery that has succeeded has the reasons {reasons}")
    if isinstance(attempts, list) and attempts and state == "succeeded":
        # Some tell the latest first.
        latest = max(_objects(attempts), key=lambda attempt: amount(attempt.get("attempt_number")) or 0, default={})
        yield from _says(_is_received(latest), f"a delivery that has succeeded was answered {latest.get('status_code')}")


def _comes_when_announced(record: Record, memory: Memory) -> Iterator[str]:
    """The next attempt is made when it was announced, or later, and never before."""
    key = str(record.get("id"))
    for attempt in _objects(record.get("attempts")):
        made, number = instant(attempt.get("created_at")), attempt.get("attempt_number")
        announced = memory.announced.get((key, number)) if isinstance(number, int) else None
        if made and announced and made < announced - SKEW:
            yield f"attempt {number} was announced for {announced.isoformat()}, and was made at {attempt['created_at']}"
    upcoming, count = instant(record.get("next_attempt_at")), record.get("attempt_count")
    if upcoming and isinstance(count, int):
        memory.announced[key, count + 1] = upcoming


def _what_was_sent(record: Record, memory: Memory) -> Iterator[str]:
    if not {"payload", "payload_bytes"} & record.keys():
        return
    body, payload = record.get("payload_bytes"), record.get("payload")
    readings = _readings_of(body) if isinstance(body, str) else ()
    if readings and payload is not None:
        yield from _says(any(try_document(each) == payload for each in readings), "payload is not what payload_bytes say")
    for heard in memory.heard:
        if heard.delivery_id == record.get("id"):
            yield from _says(not readings or heard.body in readings, "payload_bytes are not the bytes that were sent")
            yield from _says(payload is None or payload == heard.content, "payload is not what was sent")
            # An attempt is dated with the moment at which it was made; where the clock is moved, receivers live by the true one.
            now = memory.clock()
            dated = whole_number(next((value for name, value in heard.headers.items() if name.lower() == "runflow-timestamp"), None))
            for attempt in _objects(record.get("attempts")):
                made = instant(attempt.get("created_at")) if attempt.get("attempt_number") == heard.number else None
                if made is None or dated is None:
                    continue
                if abs(dated - made.timestamp()) > DATE_SECONDS and abs(dated - now) > STALE_SECONDS:
                    yield f"attempt {heard.number} was made at {attempt['created_at']}, and its Runflow-Timestamp is {dated}"
            yield from _says(
                record.get("callback_url", heard.url) == heard.url,
                f"callback_url is {record.get('callback_url')!r}, and the callback went to {heard.url!r}",
            )


def _readings_of(text: str) -> tuple[bytes, ...]:
    """What bytes a text may stand for: how they are encoded is not published."""
    try:
        return (text.encode(), b64decode(text, validate=True))
    except ValueError:
        return (text.encode(),)


def _says(holds: bool, says: str) -> Iterator[str]:  # noqa: FBT001 - the condition of a sentence
    if not holds:
        yield says


def _is_received(attempt: Record) -> bool:
    status = attempt.get("status_code")
    return not isinstance(status, int) or 200 <= status < 300


def redelivery_is_asked_for(answer: Answer, memory: Memory) -> Iterator[str]:
    """What was asked for is not automatic, and what was not is."""
    if answer.status >= 300:
        return
    asked_for = memory.redeliveries
    for part in memory.parts:
        record = part.value
        if part.described.name not in ("RunDelivery", "BatchDelivery") or record.get("is_automatic") is None:
            continue
        if answer.path.endswith("/callback-redeliveries"):
            asked_for.add(str(record.get("id")))
        if record["is_automatic"] and str(record.get("id")) in asked_for:
            yield f"the redelivery {record.get('id')} says is_automatic"
        first = memory.heard and not asked_for
        if first and not record["is_automatic"] and any(heard.delivery_id == record.get("id") for heard in memory.heard):
            yield f"nobody asked for the delivery {record.get('id')}, and it is not automatic"


def goes_forward(answer: Answer, memory: Memory) -> Iterator[str]:
    """What is done of a run becomes more and never less, never more than there is to do; nor is a record updated earlier than it was."""
    for part in memory.parts if not is_replay(answer) else ():
        yield from _is_updated_later(part.value, memory)
        done, total, key = part.value.get("nodes_completed"), part.value.get("nodes_total"), str(part.value.get("id"))
        if part.described.name != "Run" or not isinstance(done, int):
            continue
        if done < memory.done.get(key, 0) or (isinstance(total, int) and done > total):
            yield f"{done} of {total} nodes of run {key} are done, and {memory.done.get(key, 0)} were before"
        memory.done[key] = done


def _is_updated_later(record: Record, memory: Memory) -> Iterator[str]:
    updated, key = record.get("updated_at"), record.get("id")
    if instant(updated) is None or not isinstance(key, str):
        return
    before = memory.updated.get(key)
    if is_before(updated, before):
        yield f"{key} was updated at {before}, and is now told to have been at {updated}"
    memory.updated[key] = latest(before, updated) or ""


def happens_within_its_record(answer: Answer, memory: Memory) -> Iterator[str]:
    """A run writes its logs while it lives, and a callback is made when what it tells of has ended."""
    for part in memory.parts:
        name, record = part.described.name, part.value
        payload = record.get("payload")
        if name == "RunLog":
            run, told = memory.known(record.get("run_id")), record.get("timestamp")
            if is_before(told, run.get("created_at")) or is_before(run.get("completed_at"), told, SKEW):
                yield f"a log of {told} is that of a run from {run.get('created_at')} to {run.get('completed_at')}"
        elif name in ("RunDelivery", "BatchDelivery", "WebhookDelivery") and isinstance(payload, dict):
            ended, made = instant(payload.get("completed_at")), instant(record.get("created_at"))
            if ended and made and made < ended - SKEW:
                yield f"a delivery of {record.get('created_at')} tells of an end at {payload.get('completed_at')}"
            # Where the suite moves the clock nothing else keeps a server from telling at once.
            may_wait = answer.moment is None or record.get("is_automatic", True) is not True
            if ended and made and not may_wait and made > ended + TOLD_WITHIN:
                yield f"an end at {payload.get('completed_at')} is told by a delivery of {record.get('created_at')}"
            yield from _triggers_its_webhook(record, made, answer, memory)


def _triggers_its_webhook(record: Record, made: datetime | None, answer: Answer, memory: Memory) -> Iterator[str]:
    """A webhook was last triggered when the latest delivery to it was made, or later."""
    webhook = memory.records.get(str(record.get("webhook_id")))
    told = None if webhook is None or answer.moment is None else webhook.fields.get("last_triggered_at")
    triggered = None if told is None or told.moment != answer.moment else instant(told.value)
    if triggered and made and made > triggered + SKEW:
        yield f"a delivery was made at {record['created_at']}, and its webhook was last triggered at {triggered.isoformat()}"


def _objects(value: Any) -> list[Record]:
    """The objects in a list, or none where there is no list."""
    return [each for each in list_of(value) if isinstance(each, dict)]


def amount(value: Any) -> Decimal | None:
    """Returns an amount as a number, or nothing for what is no amount: not finite, or beyond what is reckoned with."""
    try:
        read = None if value is None or isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        return None
    return read if read is not None and read.is_finite() and abs(read.adjusted()) <= DIGITS_MAX else None


LAWS = {
    "durations": lasts_as_long,
    "costs": costs_what_it_says,
    "batch_tells_of_its_items": batch_tells_of_its_items,
    "deliveries_are_kept": deliveries_are_kept,
    "redelivery_is_asked_for": redelivery_is_asked_for,
    "progress": goes_forward,
    "in_its_time": happens_within_its_record,
}

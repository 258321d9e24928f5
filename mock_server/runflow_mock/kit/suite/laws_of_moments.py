"""Laws of moments: what is told of the past lies before what is made now, and what had not happened when it was read happened later.

Where the suite moves the clock a world has one, and every instant that a server tells is on it.
"""

from collections.abc import Iterator
from typing import Any

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.instants import instant, is_before, latest
from runflow_mock.kit.suite.memories import Memory, is_replay

# What tells of a moment that has passed, of kinds that come to be while a world is looked at: a catalogue has dates of its own.
PAST = (
    *("created_at", "submitted_at", "started_at", "completed_at", "updated_at", "last_used_at", "last_triggered_at", "timestamp"),
    *("low_balance_notified_at", "superseded_at", "deleted_at"),
)
HAPPENS = ("started_at", "completed_at")
LIVING = frozenset(
    (
        *("Run", "Batch", "BatchItem", "Evaluation", "NodeRun", "RunLog", "RunDelivery", "BatchDelivery", "DeliveryAttempt"),
        *("Webhook", "WebhookDelivery", "WebhookAttempt", "CallbackSecret", "CreditBalance"),
    )
)
# What is made by these is as old as what it was made of.
OLD = ("/confirmations", "/cancellation")


def happens_when_it_says(answer: Answer, memory: Memory) -> Iterator[str]:
    """What is told of the past lies before what is made after it was told, and what had not happened when it was read happened later."""
    if answer.moment is None or answer.status >= 300 or is_replay(answer):
        return
    made = _made_now(answer, memory)
    if memory.told_last is not None and is_before(made, memory.told_last[0]):
        yield f"created_at is {made}, and before that was told: {memory.told_last[1]}"
    memory.now = latest(memory.now, made, _changed_now(answer, memory))
    for part in memory.parts:
        if part.described.name in LIVING:
            yield from _has_happened(part.value, memory)


def _has_happened(record: dict[str, Any], memory: Memory) -> Iterator[str]:
    key = record.get("id")
    told = {name: record[name] for name in PAST if name in record}
    for name, text in told.items():
        if text is not None and latest(text, memory.told_last and memory.told_last[0]) == text:
            memory.told_last = (text, f"{name} of {key} is {text!r}")
    for name in HAPPENS if isinstance(key, str) else ():
        text, since = told.get(name), memory.not_yet.get((str(key), name))
        if is_before(text, since):
            yield f"{name} of {key} is {text!r}, and had not happened when something was made at {since}"
        if name in told and instant(text) is None and memory.now is not None:
            memory.not_yet[str(key), name] = memory.now


def makes_anew(answer: Answer) -> bool:
    """Whether what an answer shows was made by its request."""
    return answer.method == "POST" and answer.status in (201, 202) and not answer.path.endswith(OLD) and not is_replay(answer)


def _made_now(answer: Answer, memory: Memory) -> Any:
    return memory.record.get("created_at") if makes_anew(answer) and memory.record is not None else None


def _changed_now(answer: Answer, memory: Memory) -> Any:
    return memory.record.get("updated_at") if answer.method == "PATCH" and memory.record is not None else None


LAWS = {"happens_when_it_says": happens_when_it_says}

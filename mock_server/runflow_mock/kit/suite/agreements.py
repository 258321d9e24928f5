"""Agreements: laws that hold answers against each other, against the request, and against the path that was asked.

A record has one truth: whatever two answers of the same moment say of it is the same, and what is settled when it is made stays so.
What was sent comes back as it was sent, and what lies under a path belongs to the record that the path names.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import repeat
from typing import Any

from runflow_mock.domain.documents import object_of, parts_of
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.instants import grain_between, instant
from runflow_mock.kit.suite.laws_of_items import unsigned
from runflow_mock.kit.suite.laws_of_records import amount
from runflow_mock.kit.suite.memories import Known, Memory, Told, is_replay, packaged_walk
from runflow_mock.kit.suite.schema_walks import Part
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.openapi.parameters import Parameter
from runflow_mock.openapi.pointers import Pointer

CHANGES_OF_DELIVERIES = frozenset(
    (
        *("signing_secret_id", "status_code", "failure_reason_code", "failure_detail", "attempt_count", "next_attempt_at"),
        *("updated_at", "completed_at", "attempts"),
    )
)
# What changes in a record's life; everything else of these kinds stays as it was made. Kinds that are not here are the service's own.
CHANGES: Mapping[str, frozenset[str]] = {
    "Run": frozenset(
        (
            *("status_code", "output", "context", "duration_ms", "cost", "cost_breakdown", "nodes_total", "nodes_completed", "started_at"),
            *("completed_at", "has_logs", "has_node_runs", "links", "failure_code", "failure_message", "failure_stage_code", "node_runs"),
            *("feedback_is_positive", "feedback_reason", "current_evaluation_summary", "logs", "flow", "input", "error"),
        )
    ),
    "Batch": frozenset(
        (
            *("status_code", "output", "cost", "duration_ms", "items", "items_succeeded", "items_failed", "items_cancelled", "started_at"),
            *("completed_at", "failure_code", "failure_message", "failure_stage_code", "links", "input", "dispatch_provider_link_id"),
        )
    ),
    "BatchItem": frozenset(("status_code", "output", "error", "cost", "started_at", "completed_at", "run", "input")),
    "BatchItemHandle": frozenset(("status_code",)),
    "RunLog": frozenset(("run",)),
    "RunDelivery": CHANGES_OF_DELIVERIES,
    "BatchDelivery": CHANGES_OF_DELIVERIES,
    "WebhookDelivery": frozenset(("attempts", "webhook")),
    "WebhookAttempt": frozenset(("next_retry_at", "delivery", "status_code", "response_body", "response_time_ms", "succeeded")),
    "ModelPrice": frozenset(),
    "ModelCreator": frozenset(),
}
# Related records that one place shows and another leaves out, by the kind of record and the name of the field.
RELATED: Mapping[str, frozenset[str]] = {
    "RunLog": frozenset(("run",)),
    "WebhookDelivery": frozenset(("webhook", "attempts")),
    "WebhookAttempt": frozenset(("delivery",)),
    "ModelCreator": frozenset(("models",)),
    "Model": frozenset(("inputs", "outputs")),
    "PublicModel": frozenset(("inputs", "outputs")),
    "Solution": frozenset(("solution_flows", "solution_models")),
    "Flow": frozenset(("inputs", "outputs", "nodes")),
    "FlowSummary": frozenset(("inputs", "outputs", "nodes")),
    "ComfyuiWorkflow": frozenset(("inputs", "outputs")),
}
# What everybody may read has less of a record than its owner reads.
SHOWS_LESS = frozenset(("PublicModel",))
NOTHING_RELATED: frozenset[str] = frozenset()
# What has addresses of files, which each reading may sign anew.
SIGNED = frozenset(("output", "thumbnail_url", "preview_value"))
MONEY = "#/components/schemas/Money"
# What is sent under one name and comes back under another.
RENAMED: Mapping[str, str] = {
    "job_class": "job_class_code",
    "is_positive": "feedback_is_positive",
    "filename": "name",
}
# What belongs to the caller: it comes back to the last key.
FREE = frozenset(("input", "metadata", "workflow_json", "input_attributes"))
# And what was sent stays as it was.
CALLERS = FREE | {"payload"}
# The one instant that is called otherwise than the others.
LOGGED = "timestamp"
INPUT, WITHIN_INPUT, WITHIN_FREE = "input", "within an input", "within"
# A label that is sent inside an input is none of the model's.
LABEL = "client_ref"
IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def records_agree(answer: Answer, memory: Memory) -> Iterator[str]:
    """Two answers of one moment say the same of a record, and what never changes is never told differently."""
    if is_replay(answer) or answer.status >= 300:
        return
    embed = None if memory.operation is None else next((each for each in memory.operation.parameters if each.name == "embed"), None)
    asked = _embedded(answer, embed)
    # What is due at once may happen between two answers: a redelivery starts while it is answered.
    moment = None if answer.path.endswith("/callback-redeliveries") else answer.moment
    evidence = f"{answer.method} {answer.target[:120]}"
    for part in memory.parts:
        key = _key(part, answer)
        if key is None:
            continue
        known = memory.records.setdefault(key, Known(fields={}, left_out={}, alone={}))
        embedded = frozenset(name for name in asked if _is_nested(part, name))
        known.embedded |= embedded
        related = RELATED.get(part.described.name, NOTHING_RELATED) | known.embedded
        if not ("fields" in answer.query and len(part.way) <= 2) and part.described.name not in SHOWS_LESS:
            yield from _leaves_out(known, key, part, Told(None, moment, part.described.name, evidence))
        for name, said in part.value.items():
            # Where related records can be asked for, an empty list that nobody asked for says as much as null.
            value = None if said == [] and part.way and embed is not None and name in related - embedded else said
            told = Told(value, moment, part.described.name, evidence)
            if name in related - embedded and not part.way and answer.method == "GET":
                yield from _is_left_out(known, key, name, told)
            if value is not None and name in known.left_out and name not in related:
                yield from _differs(key, name, known.left_out[name], told)
            if name not in known.fields or (name in related and (value is None or known.fields[name].value is None)):
                known.fields[name] = told if name not in known.fields or value is not None else known.fields[name]
                continue
            if not is_alike(name, known.fields[name].value, value):
                yield from _differs(key, name, known.fields[name], told)
            known.fields[name] = told


def _embedded(answer: Answer, embed: Parameter | None) -> frozenset[str]:
    """Returns what was asked for by `embed`, of the names that an operation takes there."""
    if embed is None or "embed" not in answer.query:
        return NOTHING_RELATED
    return frozenset(name for name in answer.query["embed"].split(",") if packaged_contract().allows(embed.schema, name))


def _is_nested(part: Part, name: str) -> bool:
    """Tells whether a field can be a related record, or a list of them."""
    pointer = part.described.properties.get(name)
    return pointer is not None and not packaged_contract().types(pointer).isdisjoint(("object", "array"))


def _is_left_out(known: Known, key: str, name: str, told: Told) -> Iterator[str]:
    """Lists leave related records out; who reads a record by itself is shown them at each of its addresses, or at none."""
    before = known.alone.setdefault(name, told)
    if (before.value is None) is not (told.value is None) and told.moment == before.moment is not None:
        yield f"{told.kind} {key} has {name} {str(told.value)[:120]!r} here, and {str(before.value)[:120]!r} in {before.evidence}"


def _leaves_out(known: Known, key: str, part: Part, told: Told) -> Iterator[str]:
    """A record may be told without what is null, and without related records that nobody asked for; nothing else is left out."""
    related = RELATED.get(part.described.name, NOTHING_RELATED) | known.embedded
    for name in sorted(part.described.properties.keys() - part.value.keys() - related):
        known.left_out[name] = told
        if name in known.fields and known.fields[name].value is not None:
            yield from _differs(key, name, known.fields[name], told)


def is_alike(name: str, one: Any, other: Any) -> bool:
    """Tells whether two values of a field say the same: instants may be kept less exactly, amounts written otherwise."""
    if one == other or None in (one, other) or name in CALLERS | SIGNED:
        return bool(one == other or (name in SIGNED and unsigned(one) == unsigned(other)))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_alike(key, value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_alike, repeat(name), one, other))
    if name.endswith("_at") or name == LOGGED:
        moments = instant(one), instant(other)
        return moments[0] is not None and moments[1] is not None and abs(moments[0] - moments[1]) < grain_between(one, other)
    if name in names_of_amounts():
        return amount(one) is not None and amount(one) == amount(other)
    return False


@cache
def names_of_amounts() -> frozenset[str]:
    """Returns how fields are called that the contract writes as it writes money."""
    contract = packaged_contract()
    pattern = contract.resolve(MONEY)["pattern"]
    described = (object_of(object_of(part).get("properties")) for part in parts_of(contract.document))
    return frozenset(
        name for fields in described for name, schema in fields.items() if _written(object_of(schema)).get("pattern") == pattern
    )


def _written(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns a schema, or the one to which it leads."""
    reference = schema.get("$ref")
    return packaged_contract().resolve(reference) if isinstance(reference, str) else schema


def _key(part: Part, answer: Answer) -> str | None:
    """What tells a record from all others: its id, or its code in the table where it stands."""
    if isinstance(part.value.get("id"), str):
        return str(part.value["id"])
    code = part.value.get("code")
    if not isinstance(code, str):
        return None
    return f"{answer.path} {code}" if part.described.name == "CodeEntry" else f"{part.described.name} {code}"


def _differs(key: str, name: str, before: Told, now: Told) -> Iterator[str]:
    is_settled = before.kind == now.kind and now.kind in CHANGES and name not in CHANGES[now.kind]
    if is_settled or (now.moment is not None and now.moment == before.moment):
        yield f"{now.kind} {key} has {name} {str(now.value)[:120]!r} here, and {str(before.value)[:120]!r} in {before.evidence}"


def echoes(answer: Answer, memory: Memory) -> Iterator[str]:
    """What was sent to make or change a record comes back in it as it was sent; of what the contract does not know nobody has said so."""
    record, sent = memory.record, answer.sent
    if record is None or not isinstance(sent, dict) or answer.method not in ("POST", "PATCH", "PUT") or answer.status >= 300:
        return
    if is_replay(answer) or (answer.path.endswith("/confirmations") and record["id"] in memory.records):
        return
    content = None if memory.operation is None else memory.operation.body.get("application/json")
    for name, value in ({} if content is None else _declared(content, sent)).items():
        told = "feedback_reason" if name == "reason" and answer.path.endswith("/feedback") else RENAMED.get(name, name)
        if value is None or told not in record or name in ("id", "updated_at", "items"):
            continue
        if name == "reason" and sent.get("is_positive") is None:
            # Who takes a verdict back takes its reason back.
            continue
        if not _is_as_sent(name, value, record[told]):
            yield f"{name} was sent as {str(value)[:120]!r} and came back as {str(record[told])[:120]!r}"


def _declared(schema: Pointer, sent: Any) -> Any:
    """Returns what was sent without the fields that its schema has no name for, unless it names none at all; what is free stays whole."""
    described = packaged_walk().described(schema)
    if isinstance(sent, dict) and described.properties:
        known = {name: value for name, value in sent.items() if name in described.properties}
        return {name: value if name in FREE else _declared(described.properties[name], value) for name, value in known.items()}
    if isinstance(sent, list) and described.items is not None:
        return [_declared(described.items, value) for value in sent]
    return sent


def _is_as_sent(name: str, sent: Any, told: Any) -> bool:
    """Compares what was sent with what came back; amounts by value, instants as instants, stored data by what is left of it."""
    if name in COMPARED:
        return COMPARED[name](sent, told)
    if isinstance(sent, dict) and isinstance(told, dict):
        is_free, is_input = name in FREE or name in (WITHIN_FREE, WITHIN_INPUT), name in (INPUT, WITHIN_INPUT)
        if is_free and sent.keys() != told.keys() and not (name == INPUT and sent.keys() - {LABEL} == told.keys()):
            return False
        inner = WITHIN_INPUT if is_input else WITHIN_FREE if is_free else ""
        # A record may know more of a part than was sent, such as whose it is, and drop what it does not know.
        return all(_is_as_sent(inner, part, told[word]) for word, part in sent.items() if word in told and (is_free or part is not None))
    if isinstance(sent, list) and isinstance(told, list):
        return len(sent) == len(told) and all(_is_as_sent(name, one, other) for one, other in zip(sent, told, strict=True))
    if isinstance(sent, str) and isinstance(told, str):
        # The bare id of an asset may come back as where it leads.
        is_led = name == WITHIN_INPUT and IDENTIFIER.fullmatch(sent) is not None and _leads_to(sent, told)
        return sent == told or is_led or sent.lower().startswith(("data:", "runflow://"))
    return bool(sent == told)


def _leads_to(key: str, told: str) -> bool:
    """An address leads to what it names in its path, where no letter or digit stands beside it."""
    path = re.match(r"[a-z][a-z0-9+.-]*://[^/?#\s]*(/[^?#\s]*)", told, re.IGNORECASE)
    return path is not None and re.search(rf"(?<![0-9a-z]){key}(?![0-9a-z])", path[1], re.IGNORECASE) is not None


def _is_same_amount(sent: Any, told: Any) -> bool:
    return amount(sent) is not None and amount(sent) == amount(told)


def _is_same_instant(sent: Any, told: Any) -> bool:
    one, other = instant(sent), instant(told)
    return one is not None and other is not None and abs((one - other).total_seconds()) < 1


def _are_same_events(sent: Any, told: Any) -> bool:
    """In any order; what is no list of events, and was taken all the same, is compared as it stands."""
    if not isinstance(sent, list) or not isinstance(told, list):
        return bool(sent == told)
    ours, theirs = ([each.get("event_type_code") if isinstance(each, dict) else each for each in events] for events in (sent, told))
    return all(each in theirs for each in ours) and all(each in ours for each in theirs)


# What is not compared as it stands.
COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "low_balance_threshold": _is_same_amount,
    "disabled_at": _is_same_instant,
    "event_subscriptions": _are_same_events,
}


def belongs_to_its_path(answer: Answer, memory: Memory) -> Iterator[str]:
    """A record under a path is the one that the path names, or belongs to it."""
    if answer.status >= 300:
        return
    for part in memory.parts:
        if len(part.way) > 2:
            continue
        for name, value in memory.params.items():
            if name == "code" and not part.way and part.value.get(name) != value:
                yield f"{name} is {part.value.get(name)!r} under {answer.path}"
            if not IDENTIFIER.fullmatch(value) or (name == "id" and part.way):
                continue
            if name in part.value and isinstance(part.value[name], str) and part.value[name] != value.lower():
                yield f"{name} is {part.value[name]!r} under {answer.path}"
            kind = part.described.name.lower()
            if not part.way and name == f"{kind}_id" and part.value.get("id") != value.lower():
                yield f"id is {part.value.get('id')!r} under {answer.path}"


# What comes back is looked at while it is still new.
LAWS = {"echo": echoes, "records_agree": records_agree, "belongs_to_its_path": belongs_to_its_path}

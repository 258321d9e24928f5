"""Lies about items and names: an item that is another elsewhere, what is closed to its owner or open to all."""

import json
import re
from collections.abc import Callable, Mapping

from lies import Lie, lie
from lies_of_moments import moved, told_everywhere
from msgspec.structs import replace
from mutants import Body, Bug, Mutant, asked, changed, is_granted, put, records, when

from runflow_mock.kit.suite.carriers import Answer

OTHER = {"image_urls": ["https://cdn.example/other.webp"]}


def _other(text: Body) -> Body:
    return text and text[:-4] + "0000"


def _is_item(record: Body) -> bool:
    return "sequence_index" in record and "batch_id" in record


def _is_entry(record: Body) -> bool:
    return "sequence_index" in record and "input" in record and "batch_id" not in record


def _handles(record: Body) -> None:
    for handle in record["items"] or () if "items_total" in record and "items" in record else ():
        handle["id"] = _other(handle["id"])


def _where(is_so: Callable[[Body], bool], **values: Callable[[Body], Body]) -> Callable[[Body], None]:
    def change(record: Body) -> None:
        if is_so(record):
            record |= {name: value(record[name]) for name, value in values.items() if record.get(name)}

    return change


def _own_is_closed(mutant: Mutant, answer: Answer) -> Answer:
    named = {name.lower() for name in asked(mutant)[2]}
    if not is_granted(answer) or "x-organization-id" not in named:
        return answer
    refusal = {"code": "ORGANIZATION_MEMBERSHIP_REQUIRED", "message": "No.", "errors": None}
    return replace(answer.with_body(json.dumps(refusal).encode()), status=403)


def _sets_its_balance(mutant: Mutant, answer: Answer) -> Answer:
    method, _, _, body = asked(mutant)
    if answer.path == "/_mock/tenants":
        mutant.memory.pop("balance", None)
    if method == "PATCH" and answer.path == "/v1/billing/balance" and answer.status == 200 and b'"balance"' in (body or b""):
        mutant.memory["balance"] = f"{float(json.loads(body or b'')['balance']):.6f}"
    if not is_granted(answer) or "balance" not in mutant.memory:
        return answer
    return changed(answer, put("balance", lambda value: mutant.memory["balance"]))


def _read_by_name(mutant: Mutant, answer: Answer) -> Answer:
    """Whoever knows the name of a workflow reads it."""
    if answer.method != "GET" or not re.fullmatch(r"/v1/comfyui-workflows/(?![0-9a-f-]{36})[^/]+/[^/]+", answer.path):
        return answer
    if answer.status == 200:
        mutant.memory[answer.path] = answer
    known: Answer = mutant.memory.get(answer.path, answer)
    return known


def _with_a_body(mutant: Mutant, answer: Answer) -> Answer:
    return answer.with_body(b"{}") if answer.status == 304 else answer


OF_ITEMS = "items_of_batches"
CASES: Mapping[str, Lie] = {
    "a batch calls its items by other ids": lie(when(is_granted, records(_handles)), OF_ITEMS),
    "an item was made a day before its batch": lie(
        when(is_granted, records(_where(_is_item, created_at=lambda text: moved(text, days=-1)))), OF_ITEMS
    ),
    "runs of a batch are of another model": lie(
        when(is_granted, records(_where(lambda record: "nodes_total" in record and bool(record.get("batch_id")), model_id=_other))),
        OF_ITEMS,
    ),
    "a batch is of another model than its runs": lie(when(is_granted, records(_where(lambda record: True, target_id=_other))), OF_ITEMS),
    "the output of a batch shows other files": lie(told_everywhere(records(_where(_is_entry, output=lambda told: OTHER))), OF_ITEMS),
    "the output of a batch has other errors": lie(
        told_everywhere(records(_where(_is_entry, error=lambda told: {**told, "message": "Other."}))), OF_ITEMS
    ),
    "an item fails for another reason than its run": lie(
        when(is_granted, records(_where(_is_item, failure_message=lambda text: "Another."))), "batch_tells_of_its_items"
    ),
    "one's own organization is closed to who names it": lie(Bug(_own_is_closed), "organization_is_closed"),
    "who changes a warning sets the balance": lie(Bug(_sets_its_balance), "refusal_is_free"),
    "a workflow is read by whoever knows its name": lie(Bug(_read_by_name), "record_is_ones_own"),
    "a 304 has content": lie(Bug(_with_a_body), "content_length", "answer_schema"),
}

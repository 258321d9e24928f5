"""Laws of lists: the order that was asked for, the fields that were asked for, and cursors at the ends only."""

from collections.abc import Iterator, Mapping
from typing import Any

from runflow_mock.domain.documents import object_of
from runflow_mock.domain.whole_numbers import whole_number
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.instants import instant
from runflow_mock.kit.suite.machine_tables import machine_of
from runflow_mock.kit.suite.memories import Memory, Record, packaged_walk

# Fields whose order is the same under every collation: ids and instants are ASCII of one length, numbers are numbers.
ORDERED = frozenset(
    (
        *("id", "created_at", "completed_at", "started_at", "updated_at", "timestamp", "sort_order", "sequence_index", "size_bytes"),
        *("items_total", "items_succeeded", "items_failed", "items_cancelled", "duration_ms", "nodes_total", "nodes_completed"),
    )
)
CURSORS = frozenset(("first", "next", "previous"))
# Cursors that some servers tell under two names.
TWINS = {"next": "next_pq", "previous": "prev_pq"}
# What no record is without, so that nobody leaves it out as null.
NEVER_NULL = frozenset(("id", "created_at", "status_code"))
NEWEST_FIRST = frozenset(("/v1/runs",))

STATUSES = {"/v1/runs/statuses": "run", "/v1/evaluations/statuses": "evaluation"}
# Where the codes that records of a kind have in a field are listed.
TABLES = {
    ("Run", "status_code"): "/v1/runs/statuses",
    ("Evaluation", "status_code"): "/v1/evaluations/statuses",
    ("Evaluation", "job_class_code"): "/v1/evaluations/job-classes",
    ("Asset", "mime_type"): "/v1/assets/types",
    ("EventSubscription", "event_type_code"): "/v1/webhooks/event-types",
    ("WebhookDelivery", "event_type_code"): "/v1/webhooks/event-types",
}
TABLES_OF = {kind: {name: path for (whose, name), path in TABLES.items() if whose == kind} for kind, _ in TABLES}
NO_TABLES: Mapping[str, str] = {}


def items_of(answer: Answer) -> list[Record] | None:
    """Returns the records of a page, or nothing where an answer is no page."""
    body = answer.json
    items = body.get("items") if answer.method == "GET" and answer.status == 200 and isinstance(body, dict) and "id" not in body else None
    return items if isinstance(items, list) and all(isinstance(item, dict) for item in items) else None


def is_in_order(answer: Answer, memory: Memory) -> Iterator[str]:
    """A list stands in the order that was asked for, and runs without one stand newest first."""
    items = items_of(answer)
    if not items:
        return
    asked = answer.query.get("sort_by") or ("created_at:desc" if answer.path in NEWEST_FIRST else "")
    if "," in asked or not asked:
        return
    name, _, direction = asked.partition(":")
    values: list[Any] = [item.get(name) for item in items]
    if name not in ORDERED or not any(all(type(value) is kind for value in values) for kind in (str, int, float)):
        return
    # Some leave zeros of a second out, and then texts stand otherwise than the instants that they tell.
    moments = [instant(value) for value in values]
    ordered: list[Any] = values if None in moments else moments
    if ordered != sorted(ordered, reverse=direction == "desc"):
        yield f"sorted by {asked}, {name} is {values[:6]}"


def has_the_fields(answer: Answer, memory: Memory) -> Iterator[str]:
    """Exactly the fields that were asked for come back."""
    asked = {name for name in answer.query.get("fields", "").split(",") if name}
    if not asked or answer.status != 200 or memory.operation is None:
        return
    if not any(parameter.name == "fields" for parameter in memory.operation.parameters):
        return
    records = items_of(answer)
    if records is None:
        records = [answer.json] if isinstance(answer.json, dict) and "items" not in answer.json else []
    embedded = {name for name in answer.query.get("embed", "").split(",") if name}
    for record in records:
        # What is null may be left out.
        known = memory.known(record.get("id"))
        left_out = [name for name in asked - record.keys() if name in NEVER_NULL or known.get(name) is not None]
        if left_out or record.keys() - asked - embedded:
            yield f"fields {sorted(asked)} were asked for, and {sorted(record)} came back"
            return


def shows_what_is_embedded(answer: Answer, memory: Memory) -> Iterator[str]:
    """Related records that were asked for are there: an empty list where there are none, and the record whose id stands beside it."""
    asked = [name for name in answer.query.get("embed", "").split(",") if name]
    if not asked or answer.status != 200:
        return
    depth = 0 if items_of(answer) is None else 2
    for part in memory.parts:
        for name in asked if len(part.way) == depth else ():
            pointer, told = part.described.properties.get(name), part.value.get(name, "absent")
            is_list = pointer is not None and packaged_walk().described(pointer).items is not None
            wanted = part.value.get(f"{name}_id") if pointer is not None else None
            if (is_list and not isinstance(told, list)) or (isinstance(wanted, str) and object_of(told).get("id") != wanted):
                yield f"{name} was to be embedded, and is {str(told)[:120]!r}"
                return


def has_cursors(answer: Answer, memory: Memory) -> Iterator[str]:
    """The first page has no page before it; cursors under two names are the same, and a server has both names everywhere or nowhere."""
    if items_of(answer) is None:
        return
    body = answer.json
    told = CURSORS & body.keys()
    # Who leaves out what is null has no cursor that is.
    if told != CURSORS and any(body[name] is None for name in told):
        yield f"a page has the cursors {sorted(told)}, and not all of {sorted(CURSORS)}"
    # Whoever goes backwards from nowhere begins at the end.
    is_first = not answer.query.get("pq") and answer.query.get("from_prev", "").lower() not in ("true", "1")
    if is_first and (body.get("previous") is not None or body.get("first") is not None):
        yield f"the first page has the cursors first {body.get('first')!r} and previous {body.get('previous')!r}"
    twins = frozenset(TWINS.values()) & body.keys()
    # What everybody may read is not in the dialect of a tenant: neither is held against the other.
    if not answer.path.startswith("/v1/public/"):
        missing = sorted(twin for name, twin in TWINS.items() if name in body and twin not in body)
        if missing and (twins or memory.has_twins):
            yield f"a page has no {' and no '.join(missing)}, and other cursors of this server have both names"
        memory.has_twins = memory.has_twins or bool(twins)
    for name, twin in TWINS.items():
        if twin in body and body[twin] != body.get(name):
            yield f"{twin} is {body[twin]!r}, and {name} {body.get(name)!r}"
    # Who filters what it has read may find nothing on a page and something on the next; a page that follows itself has no end.
    if not body["items"] and body.get("next") is not None and body["next"] == answer.query.get("pq"):
        yield "a page without records is the page after itself"


def tells_what_ends(answer: Answer, memory: Memory) -> Iterator[str]:
    """A table of statuses says of each whether anything follows it, as the state machines do; other tables say nothing of the kind."""
    for item in items_of(answer) or () if answer.path in TABLES.values() else ():
        state, ends = ("cancelled" if item.get("code") == "canceled" else str(item.get("code"))), item.get("is_terminal")
        machine = STATUSES.get(answer.path)
        if machine is None and ends is not None:
            yield f"is_terminal of {item.get('code')} is {ends}, and that is no status"
        # A server may know more states, of which nobody else says whether they end.
        states, terminal = machine_of(machine) if machine is not None else ({}, frozenset[str]())
        if state in states and ends is not None and ends is not (state in terminal):
            yield f"is_terminal of {item.get('code')} is {ends}"


def has_every_code(answer: Answer, memory: Memory) -> Iterator[str]:
    """A code that a record has stands in the table of its kind."""
    if answer.path in TABLES.values() and not answer.query.keys() & {"q", "pq"}:
        items = items_of(answer)
        if items is not None and answer.json.get("next") is None and all("code" in item for item in items):
            memory.tables[answer.path] = frozenset(str(item["code"]) for item in items)
    for part in memory.parts:
        for name, path in TABLES_OF.get(part.described.name, NO_TABLES).items():
            if isinstance(code := part.value.get(name), str):
                memory.codes.setdefault(path, set()).add(code)
    for path, listed in memory.tables.items():
        for code in sorted(memory.codes.get(path, set()) - listed):
            yield f"{path} has no {code!r}, and a record has it"
        memory.codes.pop(path, None)


def pages_well(answer: Answer, memory: Memory) -> Iterator[str]:
    """A page has at most as many records as were asked for, and none twice."""
    items = items_of(answer)
    if items is None or "next" not in answer.json:
        return
    # How many stand on a page for which nobody asked is the server's own.
    limit = whole_number(answer.query.get("limit"))
    if limit is not None and len(items) > limit:
        yield f"{len(items)} records on a page of {limit}"
    ids = [str(item["id"]) for item in items if "id" in item]
    if len(ids) != len(set(ids)):
        yield "a record is on the page twice"


LAWS = {
    "pages": pages_well,
    "statuses": tells_what_ends,
    "every_code": has_every_code,
    "in_order": is_in_order,
    "fields": has_the_fields,
    "embedded": shows_what_is_embedded,
    "cursors": has_cursors,
}

"""Laws: what must hold of every answer, or of everything seen of one tenant, and what a schema cannot say.

A law is a function of one answer and of what was seen before; it yields what is wrong. The laws are those
of the contract's files on errors and state machines, and of the behaviours that the fake itself cites.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import combinations
from time import time
from typing import Any
from uuid import UUID

from runflow_mock.domain.documents import try_document
from runflow_mock.kit.suite import (
    agreements,
    laws_of_belonging,
    laws_of_callbacks,
    laws_of_changes,
    laws_of_ends,
    laws_of_items,
    laws_of_lists,
    laws_of_messages,
    laws_of_moments,
    laws_of_parts,
    laws_of_records,
    laws_of_refusals,
    laws_of_twins,
)
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.instants import grain_between, instant, is_before
from runflow_mock.kit.suite.laws_of_callbacks import (
    contradicts_itself,
    departs_from_its_schema,
    is_sent_as_promised,
    path_of,
    repeats_itself,
)
from runflow_mock.kit.suite.machine_tables import machine_of
from runflow_mock.kit.suite.memories import INFERRED, Heard, Law, Memory, Record, is_replay, packaged_walk
from runflow_mock.kit.suite.schema_walks import COMPONENTS, SPARSE
from runflow_mock.kit.suite.tallies import BESIDE, Breach, Tally
from runflow_mock.openapi.answers import WITHOUT_BODY
from runflow_mock.openapi.contracts import ITEMS, Contract, Declared
from runflow_mock.openapi.explanations import schema_errors
from runflow_mock.openapi.media_types import chosen, read_media_type
from runflow_mock.testing.records import Pulled

MONEY = re.compile(r"-?[0-9]+(\.[0-9]+)?")
MONEY_NAMES = frozenset(("cost", "balance", "balance_usd", "low_balance_threshold"))
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|\+00:00)", re.ASCII)
# What can only have happened to a record after it was made.
AFTER_CREATION = frozenset(("updated_at", "last_used_at", "last_triggered_at", "next_attempt_at", "next_retry_at"))
INSTANT_NAMES = frozenset(("created_at", "started_at", "completed_at", *AFTER_CREATION))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CODE = re.compile(r"[A-Z][A-Z0-9_]+")
COUNTERS = {"succeeded": "items_succeeded", "failed": "items_failed", "cancelled": "items_cancelled"}
# What never changes once a run or batch has ended.
ENDS = ("status_code", "cost", "started_at", "completed_at", "duration_ms", "failure_code")
FOUND_MAX = 5
TOO_DEEP = "it is nested too deeply to be held against anything"
ENVELOPES = frozenset(("ErrorResponse", "ValidationErrorResponse"))


class Watch:
    """Sees every answer of a tenant and puts into a tally what is broken."""

    def __init__(
        self, contract: Contract, tally: Tally, *, counts_cases: bool = True, is_strict: bool = False, clock: Callable[[], float] = time
    ) -> None:
        """Makes one; a strict server is not held to what the contract only infers, and `clock` tells the true time."""
        self._contract = contract
        self._tally = tally
        self._memory = Memory(clock=clock, is_strict=is_strict)
        self._counts_cases = counts_cases
        self._untold: dict[str, None] = {}

    @property
    def is_strict(self) -> bool:
        """Whether the server is strict; of some that is known only once there is a tenant."""
        return self._memory.is_strict

    @is_strict.setter
    def is_strict(self, is_strict: bool) -> None:
        self._memory.is_strict = is_strict

    def fork(self, tally: Tally) -> "Watch":
        """Returns a watch that has seen the same, and tells another tally: what it sees from now on is news to this one."""
        other = Watch(self._contract, tally, counts_cases=self._counts_cases)
        other._memory, other._untold = self._memory.fork(), dict(self._untold)
        return other

    def see(self, answer: Answer) -> None:
        """Holds an answer against the document and every law."""
        if not answer.path.startswith("/v1/"):
            return
        if answer.method == "GET":
            self._untold.pop(answer.target, None)
        addressed = self._contract.address(answer.path)
        declared = None if addressed is None else self._contract.operation(addressed.path, answer.method)
        # A server that does not know HEAD has nothing declared for it.
        knows_no_head = answer.method == "HEAD" and answer.status == laws_of_messages.NOT_ALLOWED
        if knows_no_head or (declared is not None and self.is_strict and declared.evidence == INFERRED):
            declared = None
        operation = BESIDE if declared is None else declared.id
        if self._counts_cases:
            self._tally.cases += 1
            self._tally.answers[operation, answer.status] += 1
        try:
            self._hold(answer, declared, operation)
        except RecursionError:
            self._report("answer_schema", operation, answer.evidence, iter((TOO_DEEP,)))

    def _hold(self, answer: Answer, declared: Declared | None, operation: str) -> None:
        self._memory.look_at(answer)
        # What a rule of the fake was asked to answer is not held against a document that does not know it.
        is_asked_for = declared is not None and answer.is_provoked and str(answer.status) not in declared.responses
        if self._counts_cases and declared is not None and not is_asked_for:
            self.hold_to_document(answer, declared)
        for name, law in LAWS.items():
            self._report(name, operation, answer.evidence, law(answer, self._memory))

    def hold_to_document(self, answer: Answer, declared: Declared) -> None:
        """Holds an answer against what the document says of it, whatever was seen before."""
        for found in (departures(self._contract, declared.responses, answer), _shortened(self._contract, answer, self._memory)):
            self._report("answer_schema", declared.id, answer.evidence, found)

    def hear(self, attempt: Pulled) -> None:
        """Holds a callback against its schema and against itself, and keeps it to be held against its record."""
        content = try_document(attempt.body)
        operation = f"callback {content.get('event') if isinstance(content, dict) else ''}".strip()
        evidence = f"delivery {attempt.delivery_id}, attempt {attempt.number}: {attempt.body[:300].decode(errors='replace')}"
        if not isinstance(content, dict):
            self._report("callback_schema", operation, evidence, iter(("the body is no JSON object",)))
            return
        heard = Heard(attempt.delivery_id, attempt.number, attempt.url, attempt.headers, attempt.body, content)
        try:
            for name, law in OF_CALLBACKS.items():
                self._report(name, operation, evidence, law(heard, self._memory))
        except RecursionError:
            self._report("callback_schema", operation, evidence, iter((TOO_DEEP,)))
        self._memory.heard.append(heard)
        self._untold.update(dict.fromkeys(path_of(content)))

    @property
    def unread(self) -> tuple[str, ...]:
        """Where the records stand of which callbacks told and that nobody has read since."""
        return tuple(self._untold)

    def _report(self, name: str, operation: str, evidence: str, found: Iterator[str]) -> None:
        self._tally.checks[name] += 1
        for number, says in enumerate(found):
            if number < FOUND_MAX:
                self._tally.broke(Breach(name, operation, says, evidence))


def departures(contract: Contract, responses: Mapping[str, Mapping[str, Any]], answer: Answer) -> Iterator[str]:
    """Where an answer is not as the document declares it."""
    keys = (str(answer.status), f"{answer.status // 100}XX", "default")
    contents = next((responses[key] for key in keys if key in responses), None)
    media_type = read_media_type(answer.headers.get("content-type"))
    key = None if contents is None else chosen(contents, media_type)
    if contents is None:
        yield f"status {answer.status} is not declared"
    elif not contents or (not answer.body and answer.status in WITHOUT_BODY):
        if answer.body:
            yield "there is a body where none is declared"
    elif key is None:
        yield f"content type {media_type.name!r} is not declared"
    elif media_type.is_json and contents[key][-1:] != (ITEMS,) and answer.method != "HEAD":
        if answer.json is None:
            yield "the body is not JSON"
        yield from (f"{'/'.join(map(str, each.loc))}: {each.message}"[:400] for each in schema_errors(contract, contents[key], answer.json))


def _shortened(contract: Contract, answer: Answer, memory: Memory) -> Iterator[str]:
    """Where a list shows less of its records than there is, although nobody asked for some fields only."""
    if "fields" in answer.query:
        return
    for part in memory.parts:
        sparse = part.described.names[0] if part.described.names else ""
        if sparse.startswith(SPARSE) and contract.at((*COMPONENTS, sparse)):
            for error in schema_errors(contract, (*COMPONENTS, sparse.removeprefix(SPARSE)), part.value):
                yield f"{part.described.name} {'/'.join(map(str, error.loc))}: {error.message}"[:400]


def _has_an_error_envelope(answer: Answer, memory: Memory) -> Iterator[str]:
    """Errors are flat and have code and message, and errors, which is a list on 422 and null or left out everywhere else."""
    if answer.status < 400 or answer.method == "HEAD" or _is_declared_otherwise(answer, memory):
        return
    body = answer.json
    if not isinstance(body, dict) or not body.keys() >= {"code", "message"}:
        yield "an error is an object that has code and message"
        return
    if not isinstance(body["code"], str) or not CODE.fullmatch(body["code"]):
        yield f"the code is {body['code']!r}"
    if not isinstance(body["message"], str) or not body["message"]:
        yield f"the message is {body['message']!r}"
    issues = body.get("errors")
    if answer.status == 422:
        if (
            not isinstance(issues, list)
            or not issues
            or not all(isinstance(each, dict) and each.keys() >= {"loc", "msg", "type"} for each in issues)
        ):
            yield "a 422 lists loc, msg and type of each problem"
    elif issues is not None:
        yield "errors is null but on 422"


def _is_declared_otherwise(answer: Answer, memory: Memory) -> bool:
    """Tells whether the contract declares a form of its own for an error: a service that is not ready says so as it says that it is."""
    contents = {} if memory.operation is None else memory.operation.responses.get(str(answer.status), {})
    pointer = contents.get("application/json")
    return pointer is not None and packaged_walk().described(pointer).name not in ENVELOPES


def _is_no_server_error(answer: Answer, memory: Memory) -> Iterator[str]:
    """No request makes the server fail."""
    if answer.status >= 500 and not answer.is_provoked:
        yield f"status {answer.status}"


def _writes_money_as_text(answer: Answer, memory: Memory) -> Iterator[str]:
    """Amounts are decimal text, so that no client rounds them."""
    for record in answer.objects:
        for name in MONEY_NAMES & record.keys():
            value = record[name]
            if value is not None and (not isinstance(value, str) or not MONEY.fullmatch(value)):
                yield f"{name} is {value!r}"


def _tells_time_in_order(answer: Answer, memory: Memory) -> Iterator[str]:
    """Instants are UTC; a record is created first, and starts before it ends; its UUIDv7 holds the instant of its creation."""
    for record in answer.objects:
        texts = {name: record[name] for name in INSTANT_NAMES & record.keys() if record[name] is not None}
        wrong = [f"{name} is {text!r}" for name, text in texts.items() if not _is_utc(text)]
        yield from wrong
        if wrong:
            continue
        order = [texts[name] for name in ("created_at", "started_at", "completed_at") if name in texts]
        if any(_is_out_of_order(*pair) for pair in combinations(order, 2)):
            yield f"created, started, completed are out of order: {order}"
        for name in sorted(AFTER_CREATION & texts.keys()):
            if is_before(texts[name], texts.get("created_at")):
                yield f"{name} is {record[name]!r}, before the creation at {record['created_at']!r}"
        if _is_run(record) or _is_batch(record):
            yield from _wrong_id(record, texts.get("created_at"))


def _is_out_of_order(one: str, other: str) -> bool:
    """What is told as exactly stands in its order to its last digit, or the millisecond; of the rest one may be kept elsewhere."""
    ahead = datetime.fromisoformat(one) - datetime.fromisoformat(other)
    return is_before(other, one) or (len(one) == len(other) and ahead >= grain_between(one, other))


def _is_utc(text: Any) -> bool:
    return isinstance(text, str) and INSTANT.fullmatch(text) is not None and instant(text) is not None


def _wrong_id(record: Record, created: str | None) -> Iterator[str]:
    text = record.get("id")
    try:
        number = UUID(str(text))
    except ValueError:
        yield f"the id {text!r} is no UUID"
        return
    if number.version != 7 or str(number) != text:
        yield f"the id {text!r} is no lower-case UUIDv7"
        return
    moment = None if created is None else datetime.fromisoformat(created)
    if moment is not None and abs(timedelta(milliseconds=number.int >> 80) - (moment - EPOCH)) > grain_between(created):
        yield f"the id {text!r} does not hold the instant of creation {created}"


def _keeps_to_the_machines(answer: Answer, memory: Memory) -> Iterator[str]:
    """Runs and batches move along the arrows of the contract; what is terminal never changes again."""
    if is_replay(answer):
        return
    for record in answer.objects:
        machine = "batch" if _is_batch(record) else "run" if _is_run(record) else None
        if machine is None:
            continue
        key, state = f"{machine} {record['id']}", _spelled(record["status_code"])
        reachable, terminal = machine_of(machine)
        if state not in reachable:
            yield f"{key} is {state!r}, which is no state"
            continue
        before = memory.states.get(key, state)
        if state != before and state not in reachable[before]:
            yield f"{key} went from {before} to {state}"
        end = {name: record[name] for name in ENDS if name in record} if state in terminal else {}
        ended = memory.ends.setdefault(key, {})
        for name in (name for name in end if not agreements.is_alike(name, ended.get(name, end[name]), end[name])):
            yield f"{key} has ended with {name} {ended[name]!r} and has now {end[name]!r}"
        ended.update(end)
        memory.states[key] = state


def _ends_as_it_says(answer: Answer, memory: Memory) -> Iterator[str]:
    """A failed run says why, a succeeded one has an output, one that has not succeeded has none and costs nothing."""
    for record in answer.objects:
        if not _is_run(record) or "output" not in record or "failure_code" not in record:
            continue
        state = _spelled(record["status_code"])
        reasons = (record["failure_code"], record.get("failure_message"))
        # At which stage it failed is null where a server does not know.
        if state == "failed" and not all(isinstance(reason, str) and reason for reason in reasons):
            yield f"a failed run has the reasons {reasons}"
        if state == "succeeded" and (record["output"] is None or reasons != (None, None)):
            yield f"a succeeded run has the reasons {reasons} and {'no ' if record['output'] is None else 'an '}output"
        if state in ("queued", "dispatching", "running", "cancelled") and record["output"] is not None:
            yield f"a {state} run has an output"


def _adds_up(answer: Answer, memory: Memory) -> Iterator[str]:
    """The counters of a batch add up to its total exactly when it has ended, and agree with its items."""
    for record in answer.objects:
        if not _is_batch(record):
            continue
        counts: dict[str, Any] = {state: record.get(name) for state, name in COUNTERS.items()}
        if not all(isinstance(count, int) for count in (*counts.values(), record.get("items_total"))):
            continue
        ended, total = sum(counts.values()), record["items_total"]
        state = _spelled(record["status_code"])
        if ended > total or (ended == total) != (state in machine_of("batch")[1]):
            yield f"{ended} of {total} items have ended and the batch is {state}"
        if state == "queued" and counts["succeeded"]:
            yield f"{counts['succeeded']} of {total} items have succeeded and the batch waits"
        if ended == total and state != _end_of(counts):
            yield f"the items ended as {counts} and the batch is {state}"
        handles = record.get("items")
        if isinstance(handles, list) and all(isinstance(handle, dict) for handle in handles):
            states = [_spelled(handle.get("status_code")) for handle in handles]
            if len(handles) != total or any(states.count(name) != count for name, count in counts.items()):
                yield f"the items are {states} and the counters {counts} of {total}"


OF_CALLBACKS: Mapping[str, Callable[[Heard, Memory], Iterator[str]]] = {
    "callback_schema": departs_from_its_schema,
    "callback_tells_the_truth": contradicts_itself,
    "callback_is_sent_as_promised": is_sent_as_promised,
    "callback_repeats_itself": repeats_itself,
}
"""What must hold of a callback as it arrives; that it also tells the truth of its record is one of the `LAWS`."""
LAWS: Mapping[str, Law] = {
    "no_server_error": _is_no_server_error,
    "error_envelope": _has_an_error_envelope,
    "money_is_text": _writes_money_as_text,
    "time_in_order": _tells_time_in_order,
    "state_machines": _keeps_to_the_machines,
    "ends_as_it_says": _ends_as_it_says,
    "counters_add_up": _adds_up,
    # A change is held against what was known before it is known.
    **laws_of_changes.LAWS,
    **agreements.LAWS,
    **laws_of_belonging.LAWS,
    **laws_of_callbacks.LAWS,
    **laws_of_ends.LAWS,
    **laws_of_items.LAWS,
    **laws_of_lists.LAWS,
    **laws_of_messages.LAWS,
    **laws_of_moments.LAWS,
    **laws_of_parts.LAWS,
    **laws_of_records.LAWS,
    **laws_of_refusals.LAWS,
    **laws_of_twins.LAWS,
}


def _is_run(record: Record) -> bool:
    return (
        "id" in record
        and isinstance(record.get("status_code"), str)
        and "cost" in record
        and "job_class_code" not in record
        and "items_total" not in record
    )


def _is_batch(record: Record) -> bool:
    return "id" in record and isinstance(record.get("status_code"), str) and "items_total" in record


def _spelled(status: Any) -> str:
    """A status as the state machines spell it."""
    return "cancelled" if status == "canceled" else str(status)


def _end_of(counts: Mapping[str, Any]) -> str:
    """How a batch ends whose items ended so."""
    ends = [state for state, count in counts.items() if count]
    if len(ends) == 1:
        return ends[0]
    return "failed" if "succeeded" not in ends and "failed" in ends else "partial_succeeded"

"""Faulting: which rules of the exchange family a request meets, and what they do to it.

A request is held against the rules twice: before anything is done for it, and once more when it has created something. What they say is
kept with the call; `web/interference.py` makes it happen. Where a tenant has no such rules, this costs a glance.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import cast

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.commands import MeetRules
from runflow_mock.domain.documents import Document, Json, read_object, write_document
from runflow_mock.domain.errors import ModelNotFound
from runflow_mock.domain.fault_kinds import ExchangeKind, Latency
from runflow_mock.domain.faults import IN_EXCHANGES, NO_DECISION, FaultRule, RuleMet, choose
from runflow_mock.domain.identity import BatchId, EvaluationId, RuleId, RunId
from runflow_mock.domain.magic import MARKERS, magic_what, spelled
from runflow_mock.domain.places import ADMISSION_EDGE, CREATED_EDGE, POLL_EDGE, Subject, edge_name, fits
from runflow_mock.engine.store import Store
from runflow_mock.engine.targets import find_target
from runflow_mock.web.authentication import key_in
from runflow_mock.web.calls import Answer, Call
from runflow_mock.wire.interference import Interference

RUN_CREATIONS = frozenset(("create_run", "create_comfyui_run"))
BATCH_CREATIONS = frozenset(("create_model_batch", "create_batch"))
EVALUATION_CREATIONS = frozenset(("create_evaluation",))
CREATIONS = RUN_CREATIONS | BATCH_CREATIONS | EVALUATION_CREATIONS
READINGS = frozenset(("get_run", "get_batch", "get_evaluation"))

WAITS = frozenset((Latency,))
ACTS = IN_EXCHANGES - WAITS

Rules = Sequence[FaultRule]

_PLAIN = Subject(edges=(ADMISSION_EDGE,))


def meet_request(call: Call, operation: str | None, params: Mapping[str, str]) -> bool:
    """Holds a request against the rules before anything is done for it; tells whether it is not to be handled at all."""
    if not hasattr(call, "tenant") and not _recognize(call):
        return False
    rules = _rules(call)
    if rules:
        _decide(call, rules, _subject(call, operation, params, rules))
    if operation in CREATIONS and _may_be_magic(call):
        _cast(call, _asked(call, operation, params, _PLAIN))
    return call.interference is not None and call.interference.is_instead


def meet_creation(call: Call, operation: str, given: Answer) -> None:
    """Holds a request that may just have created something against the rules, when all is done but the answer is not sent."""
    if operation not in CREATIONS or not 200 <= given.status < 300:
        return
    rules = _rules(call)
    if _may_be_magic(call):
        _cast(call, (replace(each, is_usual=False, edges=(CREATED_EDGE,)) for each in _asked(call, operation, call.params, _PLAIN)))
    if not rules:
        return
    created_id = read_object(given.body).get("id")
    subject = replace(_subject(call, operation, call.params, rules), edges=(CREATED_EDGE,), is_usual=False)
    if isinstance(created_id, str):
        subject = replace(subject, **{_ID_FIELDS[operation]: created_id}) if operation in _ID_FIELDS else subject
    _decide(call, rules, subject)


def _recognize(call: Call) -> bool:
    """Finds the tenant of a request that needs no key and carries one all the same; tells whether there is one that has rules."""
    key = key_in(call.header(b"authorization"))
    known = None if key is None else call.runtime.tenants.known(key)
    if known is None or not known[0].world.store.rules:
        return False
    call.tenant = known[0]
    call.runtime.settle(call.tenant)
    call.request_id = call.tenant.issue_request_id(changes=False)
    return True


def _rules(call: Call) -> Rules:
    rules = call.store.rules
    return [rule for rule in rules.values() if type(rule.what) in IN_EXCHANGES] if rules else ()


def _decide(call: Call, rules: Rules, subject: Subject) -> None:
    """Lets at most one rule that waits and one that does more act upon a call, and has counted which were met."""
    world, before = call.tenant.world, call.interference
    waits = choose(rules, WAITS, subject, world.now, world.seed) if before is None or not before.wait else NO_DECISION
    acts = choose(rules, ACTS, subject, world.now, world.seed) if before is None or before.what is None else NO_DECISION
    met = {each.rule_id: each.fired for each in (*waits.met, *acts.met) if isinstance(each, RuleMet)}
    if not met:
        return
    rule_id = acts.rule_id or waits.rule_id
    if rule_id is not None:
        rule = world.store.rules[rule_id]
        after = before or Interference(name=rule_id, label=rule.label)
        if acts.rule_id is not None:
            after = replace(after, name=rule_id, label=rule.label, what=cast(ExchangeKind, acts.what))
        if waits.rule_id is not None:
            after = replace(after, wait=_seconds(call, cast(Latency, waits.what), waits.rule_id))
        call.interference = after
    call.execute(MeetRules(met))


def _may_be_magic(call: Call) -> bool:
    return call.tenant.settings.knows_magic and any(marker in call.body for marker in MARKERS)


def _cast(call: Call, asked: Iterable[Subject]) -> None:
    """Lets the first magic value of a creation act that does anything to an exchange, unless a rule does; of a batch each item has one."""
    if call.interference is not None:
        return
    for subject in asked:
        what = magic_what(subject, IN_EXCHANGES)
        if what is not None:
            name = f"magic:{spelled(subject.client_ref, subject.metadata, subject.input)}"
            waits = Interference(name=name, wait=what.seconds) if isinstance(what, Latency) else None
            call.interference = waits or Interference(name=name, what=cast(ExchangeKind, what))
            return


def _seconds(call: Call, what: Latency, rule_id: RuleId) -> float:
    if what.up_to is None:
        return what.seconds
    world = call.tenant.world
    drawn = world.seed.fraction("latency", rule_id, world.store.rules[rule_id].matched)
    return what.seconds + (what.up_to - what.seconds) * drawn


def _subject(call: Call, operation: str | None, params: Mapping[str, str], rules: Rules) -> Subject:
    """Returns a request as rules see it."""
    plain = Subject(method=call.method, path=call.path, operation=operation)
    if operation in CREATIONS:
        asked = list(_asked(call, operation, params, replace(plain, edges=(ADMISSION_EDGE,))))
        # Of a batch the first item at which a rule stands speaks for all of them.
        return next((each for each in asked if any(fits(rule.where, each) for rule in rules)), asked[0])
    record = _record(call.store, params)
    if operation in READINGS and record:
        counting = frozenset(rule.id for rule in rules if rule.where.edge is not None and edge_name(rule.where.edge) == POLL_EDGE)
        if counting:
            number = call.tenant.readings.count(params["id"].lower(), counting)
            plain = replace(plain, edges=(POLL_EDGE.replace("[n]", f"[{number}]"),))
    return replace(plain, **record)


def _asked(call: Call, operation: str, params: Mapping[str, str], plain: Subject) -> Iterator[Subject]:
    """Returns what a creation asks for: of a batch, each of its items."""
    body = _object_in(call.body)
    subject = replace(plain, client_ref=_text(body, "client_ref"), metadata=_object(body.get("metadata")))
    if operation in EVALUATION_CREATIONS:
        yield replace(subject, run_id=_text(body, "run_id"))
        return
    path = params.get("model_id") or "/".join(params.values()) or _text(body, "model") or _text(body, "model_id")
    subject = replace(subject, model=None if path is None else _model_at(call, path))
    if operation in RUN_CREATIONS:
        yield replace(subject, input=_object(body.get("input")))
        return
    given = body.get("items", body.get("input"))
    items = given if isinstance(given, list) and given else [None]
    for item in items:
        wrapped = item if "items" in body and isinstance(item, dict) else {"input": item}
        yield replace(subject, input=_object(wrapped.get("input")), client_ref=_text(wrapped, "client_ref"))


def _record(store: Store, params: Mapping[str, str]) -> dict[str, str | Document | None]:
    """Returns what is to be said about the record that a path names, or nothing when it names none."""
    for value in params.values():
        identifier = value.lower()
        run = store.runs.get(RunId(identifier))
        if run is not None:
            about = {"model": run.model, "client_ref": run.client_ref, "input": run.input, "metadata": run.metadata}
            return {**about, "run_id": run.id, "batch_id": run.batch_id}
        batch = store.batches.get(BatchId(identifier))
        if batch is not None:
            return {"model": batch.model, "metadata": batch.metadata, "batch_id": batch.id}
        evaluation = store.evaluations.get(EvaluationId(identifier))
        if evaluation is not None:
            return {"client_ref": evaluation.assignment.client_ref, "run_id": evaluation.assignment.run_id}
    return {}


def _model_at(call: Call, path: str) -> str:
    """Returns the path under which runs keep a model, or the one that was asked for when it leads nowhere."""
    try:
        return find_target(call.runtime.catalog, call.store, path).model.id
    except ModelNotFound:
        return path


def _object_in(body: bytes) -> dict[str, Json]:
    try:
        return read_object(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        # It will be refused; until then it asks for nothing in particular.
        return {}


def _object(value: Json) -> Document | None:
    return write_document(value) if isinstance(value, dict) else None


def _text(body: Mapping[str, Json], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


_ID_FIELDS = dict.fromkeys(RUN_CREATIONS, "run_id") | dict.fromkeys(BATCH_CREATIONS, "batch_id")

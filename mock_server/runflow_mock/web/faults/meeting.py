"""Faulting: which rules of the exchange family a request meets, and what they or a magic value do to it.

A request is held against the rules twice: before anything is done for it, and once more when it has created something. What they say is
kept with the call; `web/faults/sending.py` makes it happen. Where a tenant has no such rules, nothing is read or made.
"""

from collections.abc import Generator, Mapping, Sequence, Set
from typing import NamedTuple, cast

from msgspec.structs import replace

from runflow_mock.domain.commands import MeetRules
from runflow_mock.domain.documents import mentions
from runflow_mock.domain.fault_kinds import ExchangeKind, Latency, What
from runflow_mock.domain.faults import IN_EXCHANGES, FaultRule, RuleMet, choose
from runflow_mock.domain.identity import RuleId
from runflow_mock.domain.magic import MARKERS, magic_what, spelled
from runflow_mock.domain.places import ADMISSION_EDGE, CREATED_EDGE, POLL_EDGE, Look, Subject, Where, edge_name
from runflow_mock.domain.subjects import request_subject
from runflow_mock.engine.subjects import facts_at
from runflow_mock.runtime.catching_up import Behind
from runflow_mock.web.authentication import key_in
from runflow_mock.web.calls import Answer, Call
from runflow_mock.web.faults.plans import ResponseFault
from runflow_mock.web.faults.requests import BATCH_CREATIONS, CREATIONS, READINGS, asked_for, created
from runflow_mock.web.pieces import in_one_step

WAITS = frozenset((Latency,))
ACTS = IN_EXCHANGES - WAITS
MAGIC_PREFIX = "magic:"
FITS_AT_ONCE = 2_000
"""After so many comparisons of an item with a rule others have their turn."""


class Sources(NamedTuple):
    """Where effects on a call come from: the tenant's rules of this family, and the magic values in its body, if any may be there."""

    rules: Sequence[FaultRule]
    magic: bool


class Effect(NamedTuple):
    """What is done to a call, and by whom."""

    name: str
    label: str | None
    what: What
    names_path: bool = False


class Ahead(NamedTuple):
    """Which item speaks for a long batch at each edge of its creation, as rules at these places see it."""

    places: tuple[Where, ...]
    chosen: Mapping[tuple[str, ...], Subject]


def look_ahead(call: Call, operation: str, params: Mapping[str, str]) -> Generator[None, None, None]:
    """Finds out step by step which item speaks for a long batch: thousands of them are held against as many rules.

    If the rules are others when the batch is met, it is found out again.
    """
    if operation not in BATCH_CREATIONS or not (call.store.rules or _may_be_magic(call)):
        return
    sources, chosen = _sources(call, operation), dict[tuple[str, ...], Subject]()
    for plain in (_admitted(call, operation), _created(call, operation)):
        chosen[plain.edges] = yield from _choosing(call, operation, params, sources, plain)
    call.chosen = Ahead(_places(sources), chosen)


def meet_request(call: Call, operation: str | None, params: Mapping[str, str]) -> bool:
    """Holds a request against the rules before anything is done for it; tells whether it is not to be handled at all."""
    if call.tenant is None and not _recognize(call):
        return False
    if not call.store.rules and (operation not in CREATIONS or not _may_be_magic(call)):
        return False
    sources = _sources(call, operation)
    call.is_watched = bool(sources.rules) or sources.magic
    if not call.is_watched:
        return False
    if operation in CREATIONS:
        _decide(call, sources, _chosen(call, operation, params, sources, _admitted(call, operation)))
    else:
        facts = facts_at(call.store, params.values())
        edges = _poll(call, operation, params, sources) if facts else ()
        _decide(call, sources, request_subject(call.method, call.path, operation, facts, edges=edges))
    return call.response_fault is not None and call.response_fault.is_instead


def meet_creation(call: Call, operation: str, given: Answer) -> None:
    """Holds a watched request that may just have created something against the rules, when all is done but the answer is not sent."""
    if operation not in CREATIONS or not 200 <= given.status < 300:
        return
    sources = _sources(call, operation)
    chosen = _chosen(call, operation, call.params, sources, _created(call, operation))
    _decide(call, sources, created(chosen, operation, given.body))


def _recognize(call: Call) -> bool:
    """Finds the tenant of a request that needs no key and carries one all the same; tells whether there is one that has rules."""
    key = key_in(call.header(b"authorization"))
    known = None if key is None else call.runtime.tenants.known(key)
    if known is None or not known[0].world.store.rules:
        return False
    tenant = known[0]
    if not call.runtime.settle(tenant, call.timers_max):
        raise Behind(tenant)
    call.tenant = tenant
    call.request_id = tenant.issue_request_id(changes=False)
    return True


def _may_be_magic(call: Call) -> bool:
    return call.caller.rules.knows_magic and mentions(call.body, *MARKERS)


def _sources(call: Call, operation: str | None) -> Sources:
    rules = [rule for rule in call.store.rules.values() if type(rule.what) in IN_EXCHANGES]
    return Sources(rules, operation in CREATIONS and _may_be_magic(call))


def _chosen(call: Call, operation: str, params: Mapping[str, str], sources: Sources, plain: Subject) -> Subject:
    """Returns what a creation asks for; of a batch the first item at which a rule stands, or a value works, speaks for all of them."""
    ahead = call.chosen
    if isinstance(ahead, Ahead) and ahead.places == _places(sources):
        return ahead.chosen[plain.edges]
    return in_one_step(_choosing(call, operation, params, sources, plain))


def _choosing(call: Call, operation: str, params: Mapping[str, str], sources: Sources, plain: Subject) -> Generator[None, None, Subject]:
    asked = list(asked_for(call, operation, params, plain))
    items_at_once = max(1, FITS_AT_ONCE // (1 + len(sources.rules)))
    for number, each in enumerate(asked, 1):
        if number % items_at_once == 0:
            yield
        look = Look(each)
        if any(look.fits(rule.where) for rule in sources.rules) or (sources.magic and magic_what(each, IN_EXCHANGES) is not None):
            return each
    return asked[0]


def _places(sources: Sources) -> tuple[Where, ...]:
    return tuple(rule.where for rule in sources.rules)


def _admitted(call: Call, operation: str) -> Subject:
    return request_subject(call.method, call.path, operation, edges=(ADMISSION_EDGE,))


def _created(call: Call, operation: str) -> Subject:
    return replace(request_subject(call.method, call.path, operation, edges=(CREATED_EDGE,)), is_usual=False)


def _poll(call: Call, operation: str | None, params: Mapping[str, str], sources: Sources) -> tuple[str, ...]:
    """Counts the reading of a record, where rules ask for its number, and returns the edge that it is."""
    counting = frozenset(rule.id for rule in sources.rules if rule.where.edge is not None and edge_name(rule.where.edge) == POLL_EDGE)
    if operation not in READINGS or not counting:
        return ()
    number = call.caller.readings.count(params["id"].lower(), counting)
    return (POLL_EDGE.replace("[n]", f"[{number}]"),)


def _decide(call: Call, sources: Sources, subject: Subject) -> None:
    """Lets at most one effect that waits and one that does more act upon a call, and has counted which rules were met."""
    # What a rule has begun at admission is not overruled by another once the record is there.
    before, met = call.response_fault, dict[RuleId, bool]()
    waits = _effect(call, sources, WAITS, subject, met) if before is None or not before.wait else None
    acts = _effect(call, sources, ACTS, subject, met) if before is None or before.what is None else None
    first = acts or waits
    if first is not None:
        after = before or ResponseFault(name=first.name, label=first.label)
        if acts is not None:
            what = cast(ExchangeKind, acts.what)
            after = replace(after, name=acts.name, label=acts.label, what=what, names_path=acts.names_path)
        call.response_fault = after if waits is None else replace(after, wait=_seconds(call, waits))
    if met:
        call.execute(MeetRules(met))


def _effect(call: Call, sources: Sources, kinds: Set[type], subject: Subject, met: dict[RuleId, bool]) -> Effect | None:
    world = call.caller.world
    decision = choose(sources.rules, kinds, subject, world.now, world.seed)
    told = {each.rule_id: each.fired for each in decision.met if isinstance(each, RuleMet)}
    met.update(told)
    if decision.what is not None:
        # The last one that was met has fired: none is asked after it.
        rule = world.store.rules[next(reversed(told))]
        return Effect(rule.id, rule.label, decision.what, names_path=rule.where.path is not None)
    what = magic_what(subject, kinds) if sources.magic else None
    if what is None:
        return None
    return Effect(f"{MAGIC_PREFIX}{spelled(subject.client_ref, subject.metadata, subject.input)}", None, what)


def _seconds(call: Call, waits: Effect) -> float:
    what, world = cast(Latency, waits.what), call.caller.world
    if what.up_to is None:
        return what.seconds
    drawn = world.seed.fraction("latency", waits.name, world.store.rules[RuleId(waits.name)].matched)
    return what.seconds + (what.up_to - what.seconds) * drawn

"""Fault rules: one record that says where something out of the ordinary happens, what it is, and how often.

Theory. A rule names a place (an edge of a state machine, narrowed by model, label, input or metadata), an effect, and a frequency. Rules
are asked in the order in which they were made and the first that fires wins. A rule counts how often its place was met (`matched`) and how
often it fired, so that a rule that never fired can be reported. Probability is drawn from the seed by rule and ordinal.

The API knows nothing of this: it is the kit's own vocabulary.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.documents import Document, contains, read_document
from runflow_mock.domain.identity import RuleId
from runflow_mock.domain.media import GivenFile
from runflow_mock.domain.money import Money
from runflow_mock.domain.runs import Failure, Run
from runflow_mock.domain.seeds import Seed

DISPATCH_EDGE = "run.queued->dispatching"
START_EDGE = "run.dispatching->running"
FINISH_EDGES = ("run.running->succeeded", "run.running->failed")
EDGES = (DISPATCH_EDGE, START_EDGE, *FINISH_EDGES, "batch.item[i]")

_ITEM_EDGE = re.compile(r"batch\.item\[(?:0|[1-9][0-9]{0,3})\]")


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """The place of a rule; every field that is set must fit. Without an edge it is the end of a run's work."""

    edge: str | None = None
    model: str | None = None
    client_ref: str | None = None
    input: Document | None = None
    metadata: Document | None = None
    run_id: str | None = None
    batch_id: str | None = None


class Fail(msgspec.Struct, frozen=True, tag="fail", tag_field="kind"):
    """The run fails at the edge."""

    failure: Failure = Failure()


class Succeed(msgspec.Struct, frozen=True, kw_only=True, tag="succeed", tag_field="kind"):
    """The run succeeds with the given output or files, running time and cost; what is not given is the model's own."""

    output: Document | None = None
    files: tuple[GivenFile, ...] = ()
    duration: timedelta | None = None
    cost: Money | None = None


What = Fail | Succeed


class When(msgspec.Struct, frozen=True, kw_only=True):
    """How often a rule fires: at most `times`, not before `after` matches, every n-th match, by chance, within a window of virtual time."""

    times: int | None = None
    after: int = 0
    every: int = 1
    probability: float = 1.0
    since: datetime | None = None
    until: datetime | None = None


class FaultRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, with how often it was met and fired."""

    id: RuleId
    label: str | None = None
    where: Where
    what: What
    when: When = When()
    matched: int = 0
    fired: int = 0


class RuleAdded(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A rule is in force from now on."""

    rule: FaultRule


class RuleMet(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The place of a rule was met; `fired` tells whether it had its effect."""

    rule_id: RuleId
    at: datetime
    fired: bool


class RuleRemoved(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A rule is no longer in force."""

    rule_id: RuleId


RuleEvent = RuleAdded | RuleMet | RuleRemoved


class Decision(msgspec.Struct, frozen=True):
    """What the rules say about one moment: which were met, and the effect of the one that fired."""

    met: tuple[RuleMet, ...] = ()
    what: What | None = None


NO_DECISION = Decision()


def is_edge(text: str) -> bool:
    """Tells whether the text names an edge at which a rule can stand."""
    return text in EDGES[:-1] or _ITEM_EDGE.fullmatch(text) is not None


def finish_edges(run: Run) -> tuple[str, ...]:
    """Returns the names of the edge at which a run's work ends."""
    return FINISH_EDGES if run.sequence_index is None else (*FINISH_EDGES, f"batch.item[{run.sequence_index}]")


def choose(rules: Iterable[FaultRule], run: Run, edges: Sequence[str], now: datetime, seed: Seed) -> Decision:
    """Returns what happens to a run at an edge; the caller records the rules that were met."""
    met = []
    for rule in _standing_at(rules, run, edges):
        fires = _fires(rule, now, seed)
        met.append(RuleMet(rule.id, now, fires))
        if fires:
            return Decision(tuple(met), rule.what)
    return Decision(tuple(met)) if met else NO_DECISION


def evolve(rule: FaultRule, event: RuleMet) -> FaultRule:
    """Returns the rule after its place was met."""
    return replace(rule, matched=rule.matched + 1, fired=rule.fired + event.fired)


def _standing_at(rules: Iterable[FaultRule], run: Run, edges: Sequence[str]) -> Iterator[FaultRule]:
    ends = edges[0] == FINISH_EDGES[0]
    for rule in rules:
        at_edge = rule.where.edge in edges if rule.where.edge else ends
        if at_edge and _fits(rule.where, run):
            yield rule


def _fits(where: Where, run: Run) -> bool:
    return (
        where.model in (None, run.model)
        and where.client_ref in (None, run.client_ref)
        and where.run_id in (None, run.id)
        and where.batch_id in (None, run.batch_id)
        and _includes(run.input, where.input)
        and _includes(run.metadata, where.metadata)
    )


def _includes(document: Document | None, pattern: Document | None) -> bool:
    if pattern is None:
        return True
    return document is not None and contains(read_document(document), read_document(pattern))


def _fires(rule: FaultRule, now: datetime, seed: Seed) -> bool:
    when, ordinal = rule.when, rule.matched + 1
    return (
        ordinal > when.after
        and (when.times is None or rule.fired < when.times)
        and (ordinal - when.after) % when.every == 0
        and (when.since is None or now >= when.since)
        and (when.until is None or now < when.until)
        and (when.probability >= 1 or seed.fraction("rule", rule.id, ordinal) < when.probability)
    )

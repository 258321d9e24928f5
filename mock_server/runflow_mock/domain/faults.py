"""Fault rules: one record that says where something out of the ordinary happens, what it is, and how often.

Theory. A rule names a place (`domain.places`), an effect (`domain.fault_kinds`), and a frequency. Rules are asked in the order in which
they were made and the first that fires wins. A rule counts how often its place was met (`matched`) and how often it fired, so that a rule
that never fired can be reported. Probability is drawn from the seed by rule and ordinal.

The API knows nothing of this: it is the kit's own vocabulary.
"""

from collections.abc import Iterable, Set
from datetime import datetime

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.fault_kinds import ActsAt, What, kinds_acting_at
from runflow_mock.domain.identity import RuleId
from runflow_mock.domain.magic import MagicMet
from runflow_mock.domain.places import Look, Subject, Where
from runflow_mock.domain.seeds import Seed

AT_EDGES = kinds_acting_at(ActsAt.EDGE)
IN_EXCHANGES = kinds_acting_at(ActsAt.INSTEAD, ActsAt.UPON)
AT_CREATION = kinds_acting_at(ActsAt.CREATION)
AT_ATTEMPTS = kinds_acting_at(ActsAt.ATTEMPT)


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


RuleEvent = RuleAdded | RuleMet | RuleRemoved | MagicMet


class Decision(msgspec.Struct, frozen=True):
    """What the rules say about one moment: which were met, and the effect of the one that fired, or of a magic value where none did."""

    met: tuple[RuleMet | MagicMet, ...] = ()
    what: What | None = None


NO_DECISION = Decision()


def choose(rules: Iterable[FaultRule], kinds: Set[type], subject: Subject, now: datetime, seed: Seed) -> Decision:
    """Returns what happens to the subject, of the kinds that are possible now; the caller records the rules that were met."""
    met, look = [], Look(subject)
    for rule in rules:
        if type(rule.what) not in kinds or not look.fits(rule.where):
            continue
        when, ordinal = rule.when, rule.matched + 1
        fires = (
            ordinal > when.after
            and (when.times is None or rule.fired < when.times)
            and (ordinal - when.after) % when.every == 0
            and (when.since is None or now >= when.since)
            and (when.until is None or now < when.until)
            and (when.probability >= 1 or seed.fraction("rule", rule.id, ordinal) < when.probability)
        )
        met.append(RuleMet(rule.id, now, fires))
        if fires:
            return Decision(tuple(met), rule.what)
    return Decision(tuple(met)) if met else NO_DECISION


def evolve(rule: FaultRule, event: RuleMet) -> FaultRule:
    """Returns the rule after its place was met."""
    return replace(rule, matched=rule.matched + 1, fired=rule.fired + event.fired)

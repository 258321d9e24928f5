"""Verdicts: how a client behaved over a sequence of exchanges, rule by rule.

Theory. A rule looks at a sequence and yields observations: here it was obeyed, here it was not, and here nothing can be said although
its situation came up. Its verdict is *broken* when it was not obeyed anywhere, *held* when it was obeyed wherever it came up, and *not
exercised* when it never did: a verdict never claims more than was seen. Pacing is measured in wall time, and only where the clock is
real. Where a client's waiting may have been replaced for a test, intervals under `INTERVAL_SECONDS_MIN` say nothing about it; where it
is known to be a process with a real clock, every interval counts. An interval is measured from before an answer leaves until after the
next request has arrived: a busy machine only makes it longer, so that one that is too short is certain.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.exchanges import Exchange

INTERVAL_SECONDS_MIN = 0.05
# Two clocks measure an interval, of seconds and of durations: what they differ by is no overlap.
OVERLAP_SECONDS_MIN = 0.005
# So begins what is said of tries that follow each other at once, or after two pauses in turns: no machine makes that of anything else.
WITHOUT_PAUSE = "no pauses between tries"
UP_AND_DOWN = "pauses that go up and down between tries"
# So begins what is said of tries between which a client, or the machine, has waited now longer, now shorter.
UNCLEAR_PAUSES = "pauses between tries that vary so that it cannot be told whether they grow"
EVIDENCE_MAX = 20
EXAMPLES_MAX = 3
NOT_PACED = "time does not pass by itself here: pacing can only be measured where the clock is real"
NEVER_MET = "the situation that this rule is about did not come up"


class Judgement(StrEnum):
    """What a verdict says."""

    HELD = "held"
    BROKEN = "broken"
    NOT_EXERCISED = "not exercised"


class Weight(StrEnum):
    """How much it matters that a rule is broken."""

    ERROR = "error"
    WARNING = "warning"


class Observation(msgspec.Struct, frozen=True, gc=False):
    """One place where a rule came up: obeyed or not, or nothing when that cannot be said; and the exchanges that show it.

    `pauses` are those between the tries of a call, in seconds, where a rule compares them.
    """

    is_obeyed: bool | None
    exchanges: tuple[str, ...]
    message: str
    seconds: float | None = None
    pauses: tuple[float, ...] = ()


Check = Callable[[Sequence[Exchange]], Iterator[Observation]]
# A check of pace is told the shortest interval, in seconds, that says something.
PaceCheck = Callable[[Sequence[Exchange], float], Iterator[Observation]]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule for clients: its name, what it asks in a sentence, where that is from, and how it is checked: by pace, or otherwise.

    `work_check` sees what is wrong only of a process that does one piece of work, and may be right of an application that goes on: it
    counts where the client is known to be such a process. `needs_quiet` says that a busy machine can make it look broken: it compares
    intervals, and noise lengthens some and not others.
    """

    id: str
    family: str
    weight: Weight
    asks: str
    source: str
    check: Check | None = None
    pace_check: PaceCheck | None = None
    work_check: Check | None = None
    needs_quiet: bool = False

    @property
    def is_about_pace(self) -> bool:
        """Whether the rule is about how much time a client leaves."""
        return self.pace_check is not None


class Verdict(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What was seen of one rule: how often at least it was obeyed and broken, and observations that show it.

    `pauses` are those of each call of which they were compared, also where nothing can be said of them.
    """

    rule: str
    judgement: Judgement
    held: int = 0
    broken: int = 0
    evidence: tuple[Observation, ...] = ()
    reason: str | None = None
    pauses: tuple[tuple[float, ...], ...] = ()


def judge_rule(rule: Rule, exchanges: Sequence[Exchange], *, is_paced: bool, real_waits: bool) -> Verdict:
    """Returns the verdict of one rule over exchanges in their order; see `domain.hygiene.judge_sequence`."""
    of_work = rule.work_check(exchanges) if rule.work_check is not None and real_waits else ()
    if rule.pace_check is not None:
        if not (is_paced or real_waits):
            return Verdict(rule=rule.id, judgement=Judgement.NOT_EXERCISED, reason=NOT_PACED)
        return _verdict(rule.id, (*rule.pace_check(exchanges, 0.0 if real_waits else INTERVAL_SECONDS_MIN), *of_work))
    assert rule.check is not None
    return _verdict(rule.id, (*rule.check(exchanges), *of_work))


def merge(earlier: Verdict, later: Verdict) -> Verdict:
    """Returns the verdict over two looks at one client.

    What both of them saw, as its first exchange tells, counts once and as it was seen last.
    """
    seen = {observation.exchanges[:1]: observation for observation in (*earlier.evidence, *later.evidence)}
    merged = _verdict(earlier.rule, tuple(seen.values()))
    held = max(merged.held, earlier.held, later.held)
    broken = max(merged.broken, earlier.broken, later.broken)
    return replace(
        merged,
        held=held,
        broken=broken,
        judgement=_judgement(held, broken),
        reason=None if held or broken else later.reason,
        pauses=later.pauses or earlier.pauses,
    )


def interval(earlier: Exchange, later: Exchange) -> float | None:
    """Returns the wall seconds from the answer to one request until the next request was sent, or nothing where they overlapped.

    Whoever sends the next request before the last answer has left has not waited for it: another thread, or a client that gave up.
    """
    seconds = later.began - earlier.wall
    return None if seconds < -OVERLAP_SECONDS_MIN else max(seconds, 0.0)


def too_short(exchanges: tuple[str, ...], seconds: float) -> Observation:
    """Returns the observation of an interval that says nothing, because the client's waiting may have been replaced."""
    least = round(INTERVAL_SECONDS_MIN * 1000)
    message = f"an interval under {least} ms says nothing: the client's waiting is replaced, or it does not wait"
    return Observation(None, exchanges, message, seconds)


def _verdict(rule: str, observations: Sequence[Observation]) -> Verdict:
    held = sum(observation.is_obeyed is True for observation in observations)
    broken = sum(observation.is_obeyed is False for observation in observations)
    unclear = next((observation.message for observation in observations if observation.is_obeyed is None), NEVER_MET)
    return Verdict(
        rule=rule,
        judgement=_judgement(held, broken),
        held=held,
        broken=broken,
        evidence=_first(observations, EVIDENCE_MAX, is_obeyed=False) or _first(observations, EXAMPLES_MAX, is_obeyed=True),
        reason=None if held or broken else unclear,
        pauses=tuple(observation.pauses for observation in observations if observation.pauses),
    )


def _first(observations: Iterable[Observation], at_most: int, *, is_obeyed: bool) -> tuple[Observation, ...]:
    return tuple(observation for observation in observations if observation.is_obeyed is is_obeyed)[:at_most]


def _judgement(held: int, broken: int) -> Judgement:
    return Judgement.BROKEN if broken else Judgement.HELD if held else Judgement.NOT_EXERCISED

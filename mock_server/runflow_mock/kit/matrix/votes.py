"""Votes: what several trials together say of a rule that compares pauses.

A trial says nothing where somebody who slept meanwhile was woken late. One that holds or breaks the rule may do so by chance, or because
the machine was busy in another way: that lengthens pauses, and shortens none. So the shortest pause at each place, of all calls that failed
so often, is nearest to what the client makes there: it backs off where those grow, be it late. Whoever draws pauses at random shows it by a
call whose pauses grow by more than any machine makes of pauses that are all the same. The rule is broken where two trials break it and
nothing of that kind speaks for the client, and where the pauses between creations alone, or between readings alone, are the same beyond
doubt. No pauses at all, and two pauses in turns, are certain on any machine: twice in one cell they are broken, whatever other cells say.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from runflow_mock.domain.hygiene import RULES
from runflow_mock.domain.pauses import do_grow, grow_clearly, grow_in_time, shortest_of
from runflow_mock.domain.verdicts import INTERVAL_SECONDS_MIN, NEVER_MET, NOT_PACED, UP_AND_DOWN, WITHOUT_PAUSE, Judgement
from runflow_mock.kit.matrix.trials import Trial

Found = Mapping[str, Any]

# Broken in them is broken, whatever another trial says.
CERTAIN = frozenset(rule.id for rule in RULES if rule.is_about_pace and not rule.needs_quiet)
VOTES_MAX, BROKEN_MIN, HELD_MIN = 3, 2, 2
# Four tries, and three pauses between them.
EXCHANGES_MIN = 4
# Who sleeps on a machine that is at rest is woken by a few milliseconds too late.
LATE_SECONDS_MAX = 0.05
LATE = "the machine was too busy to compare pauses"
VARIES = "its pauses vary from trial to trial, so that nothing can be said"
TOO_LONG = "what one trial shows would take too long to be tried again"


def judgement_of_all(rule: str, seen: Sequence[Trial]) -> Judgement:
    """Returns what all trials together say of a rule; what one kind of calls shows by itself beyond doubt is told apart."""
    if any(count >= BROKEN_MIN for count in _certain(rule, seen).values()):
        return Judgement.BROKEN
    said = Counter(_judgement(trial, rule) for trial in seen)
    held, broken = said[Judgement.HELD], said[Judgement.BROKEN]
    calls = _calls(rule, seen)
    shortest = shortest_of(calls)
    if grow_in_time(shortest) or (held >= broken and any(map(grow_clearly, calls))):
        return Judgement.HELD
    are_alike = _are_alike(shortest)
    if held >= HELD_MIN and held > broken and not are_alike:
        return Judgement.HELD
    if len(shortest) <= 2 and _is_late_alone(rule, seen):
        # Two pauses that are the same may be the first of more, of which the machine let nobody see anything.
        return Judgement.NOT_EXERCISED
    is_broken = _votes(rule, seen) >= BROKEN_MIN and (held == 0 or (are_alike and 2 * held < broken))
    return Judgement.BROKEN if is_broken else Judgement.NOT_EXERCISED


def to_be_tried_again(rule: str, seen: Sequence[Trial], left: float) -> Trial | None:
    """Returns the trial whose cell is to be tried again, where all of them together leave a rule open and so many seconds are left for it.

    It is one with pauses that nobody else has come to, and that grow; one that alone has broken the rule; or one that says too little.
    """
    certain = _certain(rule, seen)
    if any(count >= BROKEN_MIN for count in certain.values()):
        return None
    says = {judgement: [trial for trial in seen if _judgement(trial, rule) is judgement] for judgement in Judgement}
    if says[Judgement.HELD] and certain:
        # It pauses elsewhere, and here it did not: two draws may both have been next to nothing.
        return next((trial for trial in seen if trial.cell.name in certain and trial.seconds < left), None)
    together, unconfirmed = judgement_of_all(rule, seen), _unconfirmed(rule, seen)
    if together is Judgement.HELD or (together is Judgement.BROKEN and not unconfirmed):
        return None
    weighty = [trial for trial in says[Judgement.BROKEN] if _is_weighty(trial, rule)]
    unclear = [trial for trial in (*says[Judgement.NOT_EXERCISED], *says[Judgement.HELD]) if _says_something(trial, rule)]
    late = filter(_is_late, unclear)
    return next((trial for trial in (*unconfirmed, *weighty, *late, *reversed(unclear)) if trial.seconds < left), None)


def told_together(rule: str, seen: Sequence[Trial], again_seconds_max: float) -> Iterator[Trial]:
    """Yields a trial of each cell of which a rule says something, which says what all of them do, or leaves it open.

    Of a cell that was tried more than once the last trial speaks that says so, or the last one that says anything.
    """
    shortest = shortest_of(_calls(rule, seen))
    kinds = [[trial for trial in seen if trial.cell.refuses_readings is of_readings] for of_readings in (False, True)]
    of_kind = [Judgement.BROKEN if _are_the_same(rule, some) else judgement_of_all(rule, seen) for some in kinds]
    for name in dict.fromkeys(trial.cell.name for trial in seen if _says_something(trial, rule)):
        votes = [trial for trial in seen if trial.cell.name == name]
        together = of_kind[votes[0].cell.refuses_readings]
        saying = [vote for vote in votes if _says_something(vote, rule)]
        speaks = next((vote for vote in reversed(saying) if _judgement(vote, rule) is together), saying[-1])
        for vote in votes:
            speaks = _with_certain(speaks, vote)
        if together is not Judgement.NOT_EXERCISED and _judgement(speaks, rule) is together:
            yield speaks
        elif together is Judgement.HELD and grow_in_time(shortest) and not _is_late(speaks):
            yield _upheld(speaks, rule, shortest)
        else:
            yield _left_open(speaks, rule, VARIES if len(votes) > 1 or speaks.seconds < again_seconds_max else TOO_LONG)


def _are_the_same(rule: str, seen: Sequence[Trial]) -> bool:
    """Whether pauses between creations alone, or between readings alone, are the same beyond doubt, whatever the others are."""
    shortest = shortest_of(_calls(rule, seen), shown_by=1)
    is_held = any(_judgement(trial, rule) is Judgement.HELD for trial in seen)
    return not is_held and _votes(rule, seen) >= BROKEN_MIN and len(shortest) > 2 and _are_alike(shortest)


def _are_alike(shortest: Sequence[float]) -> bool:
    """Whether pauses are the same, or shrink; of many that were drawn from nought on the shortest are none."""
    return bool(shortest) and min(shortest) >= INTERVAL_SECONDS_MIN and do_grow(shortest) is False


def _is_late_alone(rule: str, seen: Sequence[Trial]) -> bool:
    """Whether the machine was too busy in all trials of some cell of which the rule says something."""
    saying = [trial for trial in seen if _says_something(trial, rule)]
    return bool({trial.cell.name for trial in saying} - {trial.cell.name for trial in saying if not _is_late(trial)})


def _calls(rule: str, seen: Sequence[Trial]) -> list[Sequence[float]]:
    """The pauses of each call of which a rule compares them, of all trials during which nobody was woken late."""
    found = [_verdict(trial, rule) for trial in seen if not _is_late(trial)]
    return [pauses for verdict in found if verdict is not None for pauses in verdict["pauses"]]


def _unconfirmed(rule: str, seen: Sequence[Trial]) -> list[Trial]:
    """The trial with the most pauses, where those that no other call has come to would say that the client backs off."""
    calls = _calls(rule, seen)
    if not grow_in_time(shortest_of(calls, shown_by=1)):
        return []
    longest = max(calls, key=len)
    return [trial for trial in seen if longest in _calls(rule, (trial,))]


def _certain(rule: str, seen: Sequence[Trial]) -> Mapping[str, int]:
    """Returns how often pauses are wrong for certain, by cell: where that is so twice, no pauses of another cell excuse it."""
    return Counter(trial.cell.name for trial in seen if (found := _verdict(trial, rule)) is not None and _is_certain(found))


def _votes(rule: str, seen: Sequence[Trial]) -> int:
    """Returns how many trials break a rule, each for itself; those of one cell count once where they show too little."""
    broken = [(number, trial) for number, trial in enumerate(seen) if _judgement(trial, rule) is Judgement.BROKEN]
    return len({(trial.cell.name, number if _is_weighty(trial, rule) else None) for number, trial in broken})


def _is_weighty(trial: Trial, rule: str) -> bool:
    """Whether what a trial shows can hardly be chance: two pauses that were drawn at random may be alike, and draws may be repeatable."""
    found = _verdict(trial, rule)
    return found is not None and (_is_certain(found) or any(len(seen["exchanges"]) >= EXCHANGES_MIN for seen in found["evidence"]))


def _with_certain(trial: Trial, earlier: Trial) -> Trial:
    """Returns a trial that also says what another one of the same cell has broken for certain."""
    certain = {
        found["rule"]: found for found in earlier.report["verdicts"] if found["rule"] in CERTAIN and _says(found) is Judgement.BROKEN
    }
    verdicts = [found if _says(found) is Judgement.BROKEN else certain.get(found["rule"], found) for found in trial.report["verdicts"]]
    return replace(trial, report={**trial.report, "verdicts": verdicts})


def _upheld(trial: Trial, rule: str, shortest: Sequence[float]) -> Trial:
    """Returns a trial that says of a rule what the pauses of all show, and its own do not show by themselves."""
    told = f"the shortest pauses of all that was tried grow: {', '.join(f'{pause:.2f}' for pause in shortest)} s"
    shown = {"verdict": Judgement.HELD.value, "evidence": [{"exchanges": [], "message": told, "seconds": shortest[-1]}], "reason": None}
    return _with_verdict(trial, rule, shown)


def _left_open(trial: Trial, rule: str, otherwise: str) -> Trial:
    """Returns a trial that no longer says that a rule was broken, and why; where it said nothing itself, its own reason stays."""
    found = _verdict(trial, rule)
    reason = otherwise if found is None or _says(found) is not Judgement.NOT_EXERCISED else str(found["reason"])
    late = f"{LATE}: somebody who slept meanwhile was woken {trial.late_seconds:.2f} s late"
    shown = {"verdict": Judgement.NOT_EXERCISED.value, "evidence": [], "reason": late if _is_late(trial) else reason}
    return _with_verdict(trial, rule, shown)


def _with_verdict(trial: Trial, rule: str, shown: Found) -> Trial:
    verdicts = [{**found, **shown} if found["rule"] == rule else found for found in trial.report["verdicts"]]
    return replace(trial, report={**trial.report, "verdicts": verdicts})


def _judgement(trial: Trial, rule: str) -> Judgement:
    """What a trial says of a rule that compares intervals: nothing where the machine was too busy, but for what is certain."""
    found = _verdict(trial, rule)
    if found is None or (_is_late(trial) and not _is_certain(found)):
        return Judgement.NOT_EXERCISED
    return _says(found)


def _is_certain(found: Found) -> bool:
    return any(seen["message"].startswith((WITHOUT_PAUSE, UP_AND_DOWN)) for seen in found["evidence"])


def _is_late(trial: Trial) -> bool:
    return trial.late_seconds > LATE_SECONDS_MAX


def _verdict(trial: Trial, rule: str) -> Found | None:
    return next((found for found in trial.report["verdicts"] if found["rule"] == rule), None)


def _says_something(trial: Trial, rule: str) -> bool:
    """Whether the situation came up, although it may not be possible to tell how the client behaved in it."""
    found = _verdict(trial, rule)
    return found is not None and (_says(found) is not Judgement.NOT_EXERCISED or found["reason"] not in (None, NEVER_MET, NOT_PACED))


def _says(found: Found) -> Judgement:
    return Judgement(found["verdict"])

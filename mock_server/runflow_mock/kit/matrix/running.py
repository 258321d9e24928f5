"""Running: the control first, then everything that it allows, several cells at a time, and what compares pauses last.

An interval is measured where it cannot come out shorter than it was: one that is too short is certain, whatever else the machine does. What
compares intervals is believed only of a trial during which nobody was woken late; those cells come last, two at a time, because they
mostly wait. A rule of that kind is broken where two trials break it and none holds it: who draws pauses at random looks wrong now and
then, and not always. No pauses at all, and two pauses in turns, are certain on any machine: twice in one cell they are broken, whatever
other cells say.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from msgspec.structs import replace

from runflow_mock.domain.hygiene import RULES
from runflow_mock.domain.verdicts import NEVER_MET, NOT_PACED, UP_AND_DOWN, WITHOUT_PAUSE, Judgement
from runflow_mock.kit.matrix.cells import CONTROL
from runflow_mock.kit.matrix.judging import Expected, passes_control
from runflow_mock.kit.matrix.situations import Cell
from runflow_mock.kit.matrix.trials import MatrixJob, Trial, try_cell
from runflow_mock.runtime.deadlines import OutOfTime, in_time

Tell = Callable[[Trial], None]
Found = Mapping[str, Any]

NEED_QUIET = tuple(rule.id for rule in RULES if rule.needs_quiet)
# Broken in them is broken, whatever another trial says.
CERTAIN = frozenset(rule.id for rule in RULES if rule.is_about_pace and not rule.needs_quiet)
QUIET_JOBS_MAX = 2
VOTES_MAX, BROKEN_MIN = 3, 2
# Four tries, and three pauses between them.
EXCHANGES_MIN = 4
# What is still asked of the fake when the command is ended is answered within these.
GOODBYE_SECONDS_MAX = 10.0
# Who sleeps on a machine that is at rest is woken by a few milliseconds too late.
LATE_SECONDS_MAX = 0.05
LATE = "the machine was too busy to compare pauses"
VARIES = "its pauses vary from trial to trial, so that nothing can be said"
TOO_LONG = "what one trial shows would take too long to be tried again"


def run_matrix(cells: Sequence[Cell], job: MatrixJob, expected: Expected, tell: Tell, *, jobs: int) -> Mapping[str, Trial]:
    """Returns the trials by the name of their cell; `tell` hears of each when it has ended.

    Where the client fails although nothing goes wrong, where it sends no callback URL, and where it would be stopped before it could have
    come to its end, nothing is tried that could say nothing.

    All of it happens in another thread: a signal ends this one wherever it is, maybe while it holds a lock for which others would wait for
    ever. The fake must be there until nobody asks it any more, so that they are waited for.

    Raises:
        ValueError: the command cannot be started.
    """
    over = SimpleQueue[None]()

    def run() -> Mapping[str, Trial]:
        try:
            return _run(cells, job, expected, tell, jobs)
        finally:
            over.put(None)

    try:
        return in_time(run, math.inf)
    except BaseException:
        # Whoever ends the command ends the clients: they are in sessions of their own, and hear of nothing.
        job.client.stop()
        with suppress(OutOfTime):
            in_time(over.get, GOODBYE_SECONDS_MAX)
        raise


def _run(cells: Sequence[Cell], job: MatrixJob, expected: Expected, tell: Tell, jobs: int) -> Mapping[str, Trial]:
    (control,) = _together((CONTROL,), job, 1)
    tell(control)
    trials = {CONTROL.name: control}
    fitting = [cell for cell in cells if cell is not CONTROL and 2 * cell.seconds <= job.seconds_max]
    heard = [cell for cell in fitting if control.asks_for_callback or not cell.needs_callback]
    rest = [cell for cell in heard if control.is_secure or not cell.distrusts]
    if not passes_control(control, expected):
        return trials
    loud, quiet = ([cell for cell in rest if cell.needs_quiet is needs_quiet] for needs_quiet in (False, True))
    for some, at_a_time in ((loud, jobs), (quiet, min(jobs, QUIET_JOBS_MAX))):
        for trial in _together(some, job, at_a_time):
            trials[trial.cell.name] = trial
            tell(trial)
    for rule in NEED_QUIET:
        for trial in _settled(rule, tuple(trials.values()), job, tell):
            trials[trial.cell.name] = trial
    return trials


def _together(cells: Sequence[Cell], job: MatrixJob, jobs: int) -> Iterator[Trial]:
    """The longest first: pauses are real where the clock is. When one cannot be tried, none is."""
    ordered = sorted(cells, key=lambda cell: cell.clock.stands)
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        try:
            for future in as_completed([pool.submit(try_cell, cell, job) for cell in ordered]):
                yield future.result()
        except BaseException:
            job.client.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _settled(rule: str, trials: Sequence[Trial], job: MatrixJob, tell: Tell) -> Iterator[Trial]:
    """Yields trials that say of a rule what all of them together do; where that is too little, cells are tried again, alone."""
    seen, left = list(trials), job.again_seconds_max
    for _ in range(VOTES_MAX - 1):
        again = _unsettled(rule, seen, left)
        if again is None:
            break
        job.say(f"{again.cell.name}: tried again, alone, because {rule} is not clear yet; it took {again.seconds:.0f} s")
        left -= again.seconds
        (trial,) = _together((again.cell,), job, 1)
        tell(trial)
        seen.append(trial)
    is_held = any(_judgement(trial, rule) is Judgement.HELD for trial in seen)
    is_broken = (_votes(rule, seen) >= BROKEN_MIN and not is_held) or any(count >= BROKEN_MIN for count in _certain(rule, seen).values())
    # Of a cell that was tried more than once the last trial speaks that says what all of them do, or the last one that says anything.
    for name in {trial.cell.name for trial in seen if _says_something(trial, rule)}:
        votes = [trial for trial in seen if trial.cell.name == name]
        wanted = Judgement.BROKEN if is_broken else Judgement.HELD
        last = [vote for vote in votes if _says_something(vote, rule)][-1]
        speaks = next((vote for vote in reversed(votes) if _judgement(vote, rule) is wanted), last)
        for vote in votes:
            speaks = _with_certain(speaks, vote)
        is_tried = len(votes) > 1 or speaks.seconds < job.again_seconds_max
        yield speaks if _judgement(speaks, rule) is wanted else _left_open(speaks, rule, VARIES if is_tried else TOO_LONG)


def _unsettled(rule: str, seen: Sequence[Trial], left: float) -> Trial | None:
    """Returns the trial whose cell is to be tried again, where its time is left: one that alone has broken a rule, or one that left it
    open as all did.
    """
    certain = _certain(rule, seen)
    if any(count >= BROKEN_MIN for count in certain.values()):
        return None
    says = {judgement: [trial for trial in seen if _judgement(trial, rule) is judgement] for judgement in Judgement}
    if says[Judgement.HELD] and certain:
        # It pauses elsewhere, and here it did not: two draws may both have been next to nothing.
        return next((trial for trial in seen if trial.cell.name in certain and trial.seconds < left), None)
    if says[Judgement.HELD] or _votes(rule, seen) >= BROKEN_MIN:
        return None
    weighty = [trial for trial in says[Judgement.BROKEN] if _is_weighty(trial, rule)]
    unclear = [trial for trial in says[Judgement.NOT_EXERCISED] if _says_something(trial, rule)]
    return next((trial for trial in (*weighty, *reversed(unclear)) if trial.seconds < left), None)


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


def _left_open(trial: Trial, rule: str, otherwise: str) -> Trial:
    """Returns a trial that no longer says that a rule was broken, and why; where it said nothing itself, its own reason stays."""
    late = f"{LATE}: somebody who slept meanwhile was woken {trial.late_seconds:.2f} s late"

    def why(found: Found) -> str:
        is_open = _says(found) is Judgement.NOT_EXERCISED
        return late if _is_late(trial) else str(found["reason"]) if is_open else otherwise

    verdicts = [
        {**found, "verdict": Judgement.NOT_EXERCISED.value, "evidence": [], "reason": why(found)} if found["rule"] == rule else found
        for found in trial.report["verdicts"]
    ]
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

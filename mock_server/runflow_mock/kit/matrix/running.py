"""Running: the control first, then everything that it allows, several cells at a time, and alone what compares pauses.

An interval is measured where it cannot come out shorter than it was: one that is too short is certain, whatever else the machine does. Only
what compares intervals needs a quiet machine, which lengthens none of them: those cells come last, two at a time, because they mostly wait.
A broken rule of that kind is no verdict before a trial with nothing beside it has broken it again; of three trials two decide.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

from msgspec.structs import replace

from runflow_mock.domain.hygiene import RULES
from runflow_mock.domain.verdicts import NEVER_MET, NOT_PACED, Judgement
from runflow_mock.kit.matrix.cells import CONTROL, Cell
from runflow_mock.kit.matrix.judging import Expected, passes_control
from runflow_mock.kit.matrix.trials import MatrixJob, Trial, try_cell

Tell = Callable[[Trial], None]
Found = Mapping[str, Any]

NEED_QUIET = tuple(rule.id for rule in RULES if rule.needs_quiet)
# Broken in them is broken, whatever another trial says.
CERTAIN = frozenset(rule.id for rule in RULES if rule.is_about_pace and not rule.needs_quiet)
QUIET_JOBS_MAX = 2
VOTES_MAX = 3


def run_matrix(cells: Sequence[Cell], job: MatrixJob, expected: Expected, tell: Tell, *, jobs: int) -> Mapping[str, Trial]:
    """Returns the trials by the name of their cell; `tell` hears of each when it has ended.

    Where the client fails although nothing goes wrong, and where it sends no callback URL, nothing is tried that could say nothing.

    Raises:
        ValueError: the command cannot be started.
    """
    control = try_cell(CONTROL, job)
    tell(control)
    trials = {CONTROL.name: control}
    rest = [cell for cell in cells if cell is not CONTROL and (control.asks_for_callback or not cell.needs_callback)]
    if not passes_control(control, expected):
        return trials
    loud, quiet = ([cell for cell in rest if cell.needs_quiet is needs_quiet] for needs_quiet in (False, True))
    for some, at_a_time in ((loud, jobs), (quiet, min(jobs, QUIET_JOBS_MAX))):
        for trial in _together(some, job, at_a_time):
            trials[trial.cell.name] = trial
            tell(trial)
    for rule in NEED_QUIET:
        for trial in _alone(rule, tuple(trials.values()), job, tell):
            trials[trial.cell.name] = trial
    return trials


def _together(cells: Sequence[Cell], job: MatrixJob, jobs: int) -> Iterator[Trial]:
    """The longest first: pauses are real where the clock is."""
    ordered = sorted(cells, key=lambda cell: cell.clock.stands)
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        yield from (future.result() for future in as_completed([pool.submit(try_cell, cell, job) for cell in ordered]))


def _alone(rule: str, trials: Sequence[Trial], job: MatrixJob, tell: Tell) -> Iterator[Trial]:
    """Yields again, one at a time, trials that have broken a rule, until one has for good; or the last of those that left it open."""
    broken = [trial for trial in trials if _judgement(trial, rule) is Judgement.BROKEN]
    is_held = any(_judgement(trial, rule) is Judgement.HELD for trial in trials)
    left_open = [] if broken or is_held else [trial for trial in trials if _is_open(trial, rule)][-1:]
    for trial in (*broken, *left_open):
        confirmed = _by_votes(rule, trial, job, tell)
        yield confirmed
        if _judgement(confirmed, rule) is Judgement.BROKEN:
            # The others are as they were, and what they say is no longer needed.
            return


def _by_votes(rule: str, first: Trial, job: MatrixJob, tell: Tell) -> Trial:
    """Returns the trial that speaks for a cell: one that held the rule, or the second that broke it.

    Where the situation never comes up again, nothing speaks against the first.
    """
    votes = [first]
    while len(votes) < VOTES_MAX:
        again = _with_certain(try_cell(first.cell, job), votes[-1])
        tell(again)
        votes.append(again)
        if _judgement(again, rule) is Judgement.HELD or [_judgement(vote, rule) for vote in votes].count(Judgement.BROKEN) > 1:
            return again
    return next((vote for vote in reversed(votes) if _is_open(vote, rule)), first)


def _with_certain(trial: Trial, earlier: Trial) -> Trial:
    """Returns a trial that also says what another one of the same cell has broken for certain."""
    certain = {
        found["rule"]: found for found in earlier.report["verdicts"] if found["rule"] in CERTAIN and _says(found) is Judgement.BROKEN
    }
    verdicts = [found if _says(found) is Judgement.BROKEN else certain.get(found["rule"], found) for found in trial.report["verdicts"]]
    return replace(trial, report={**trial.report, "verdicts": verdicts})


def _verdict(trial: Trial, rule: str) -> Found | None:
    return next((found for found in trial.report["verdicts"] if found["rule"] == rule), None)


def _judgement(trial: Trial, rule: str) -> Judgement:
    found = _verdict(trial, rule)
    return Judgement.NOT_EXERCISED if found is None else _says(found)


def _is_open(trial: Trial, rule: str) -> bool:
    """Whether the situation came up, and it cannot be told how the client behaved in it."""
    found = _verdict(trial, rule)
    return found is not None and _says(found) is Judgement.NOT_EXERCISED and found["reason"] not in (None, NEVER_MET, NOT_PACED)


def _says(found: Found) -> Judgement:
    return Judgement(found["verdict"])

"""Running: the control first, then everything that it allows, several cells at a time, and what compares pauses last.

An interval is measured where it cannot come out shorter than it was: one that is too short is certain, whatever else the machine does. What
compares intervals is told by several trials together; those cells come last, two at a time, because they mostly wait.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from queue import SimpleQueue

from runflow_mock.domain.hygiene import RULES
from runflow_mock.kit.matrix.cells import CONTROL
from runflow_mock.kit.matrix.judging import Expected, passes_control
from runflow_mock.kit.matrix.situations import Cell
from runflow_mock.kit.matrix.trials import MatrixJob, Trial, try_cell
from runflow_mock.kit.matrix.votes import VOTES_MAX, to_be_tried_again, told_together
from runflow_mock.runtime.deadlines import OutOfTime, in_time

Tell = Callable[[Trial], None]

NEED_QUIET = tuple(rule.id for rule in RULES if rule.needs_quiet)
QUIET_JOBS_MAX = 2
# What is still asked of the fake when the command is ended is answered within these.
GOODBYE_SECONDS_MAX = 10.0


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
        again = to_be_tried_again(rule, seen, left)
        if again is None:
            break
        job.say(f"{again.cell.name}: tried again, alone, because {rule} is not clear yet; it took {again.seconds:.0f} s")
        left -= again.seconds
        (trial,) = _together((again.cell,), job, 1)
        tell(trial)
        seen.append(trial)
    yield from told_together(rule, seen, job.again_seconds_max)

"""Running: the control first, then everything that it allows, several cells at a time, and alone what was out of step.

A pause is measured in real seconds, and a machine that is busy with the other cells lengthens some and not others. A broken rule of pace
is therefore no verdict before the same cell, with nothing beside it, has broken it again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from runflow_mock.domain.hygiene import RULES
from runflow_mock.domain.verdicts import Judgement
from runflow_mock.kit.matrix.cells import CONTROL, Cell
from runflow_mock.kit.matrix.judging import Expected, passes_control
from runflow_mock.kit.matrix.trials import MatrixJob, Trial, try_cell

Tell = Callable[[Trial], None]

PACES = frozenset(rule.id for rule in RULES if rule.is_about_pace)


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
    if passes_control(control, expected):
        for trial in _together(rest, job, jobs):
            trials[trial.cell.name] = trial
            tell(trial)
        for trial in _alone(tuple(trials.values()), job):
            trials[trial.cell.name] = trial
            tell(trial)
    return trials


def _together(cells: Sequence[Cell], job: MatrixJob, jobs: int) -> Iterator[Trial]:
    """The longest first: pauses are real where the clock is."""
    ordered = sorted(cells, key=lambda cell: cell.clock.stands)
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        yield from (future.result() for future in as_completed([pool.submit(try_cell, cell, job) for cell in ordered]))


def _alone(trials: Sequence[Trial], job: MatrixJob) -> Iterator[Trial]:
    """Tries again, one at a time, whatever broke a rule of pace that no cell has broken alone so far."""
    broken: set[str] = set()
    for trial in trials:
        if _broken_paces(trial) - broken:
            again = try_cell(trial.cell, job)
            broken |= _broken_paces(again)
            yield again


def _broken_paces(trial: Trial) -> set[str]:
    return {found["rule"] for found in trial.report["verdicts"] if found["verdict"] == Judgement.BROKEN.value} & PACES

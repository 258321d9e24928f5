from datetime import timedelta

import pytest
from records import a_run
from worlds import START, catalog

from runflow_mock.domain.documents import Document, write_document
from runflow_mock.domain.logs import LogLine, log_lines
from runflow_mock.domain.money import ZERO
from runflow_mock.domain.runs import Failure, Run, RunDispatched, RunFailed, RunMoved, RunStarted, RunSucceeded, evolve

DYVER = catalog().get("runflow/dyver-removal")
SECOND = timedelta(seconds=1)
ACCEPTED = a_run(model=DYVER.id, input=write_document({"config": {"elements": ["tag_removal", "background_removal"]}}))
END = START + 12 * SECOND
SUCCESS = RunSucceeded(ACCEPTED.id, END, Document(b"{}"), ZERO)
FAILURE = RunFailed(ACCEPTED.id, END, Failure())


def _story(end: RunMoved) -> list[Run]:
    """The run as it stands after each second, from its creation to its end."""
    dispatched = evolve(ACCEPTED, RunDispatched(ACCEPTED.id, START + SECOND, START + 2 * SECOND))
    started = evolve(dispatched, RunStarted(ACCEPTED.id, START + 2 * SECOND, END))
    return [ACCEPTED, dispatched, *[started] * 10, evolve(started, end)]


def _lines(run: Run, second: int) -> list[LogLine]:
    return list(log_lines(DYVER, run, START + second * SECOND))


def test_log_of_a_run_that_succeeds() -> None:
    lines = _lines(_story(SUCCESS)[-1], 12)
    assert [((line.at - START) // SECOND, line.level, line.message) for line in lines] == [
        (0, "info", "run accepted for runflow/dyver-removal"),
        (1, "info", "submitting to an execution provider"),
        (2, "info", "provider accepted the work"),
        (10, "info", "step tag_removal finished"),
        (12, "info", "step background_removal finished"),
        (12, "info", "run succeeded"),
    ]


def test_log_of_a_run_that_fails_ends_with_the_error() -> None:
    last = _lines(_story(FAILURE)[-1], 12)[-1]
    assert (last.level, last.message) == ("error", "run failed: UPSTREAM_FAILED, The provider could not process this input.")


@pytest.mark.parametrize("end", [SUCCESS, FAILURE])
def test_log_only_grows(end: RunMoved) -> None:
    before: list[LogLine] = []
    for second, run in enumerate(_story(end)):
        after = _lines(run, second)
        assert after[: len(before)] == before
        before = after


def test_lines_are_in_order_and_have_ids_of_their_own() -> None:
    lines = _lines(_story(SUCCESS)[-1], 12)
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert [line.id for line in lines] == sorted({line.id for line in lines})
    assert {line.run_id for line in lines} == {ACCEPTED.id}

"""Logs: the lines of a run, derived from its timestamps and steps; nothing is stored for them.

Source: `runs.logs` (fields). Inferred: which lines there are, and their wording.
"""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from runflow_mock.domain.identity import part_uuid
from runflow_mock.domain.models import Model
from runflow_mock.domain.node_runs import node_runs
from runflow_mock.domain.runs import Run, RunStatus


class LogLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of a run's log."""

    id: str
    run_id: str
    level: str
    message: str
    at: datetime


def log_lines(model: Model, run: Run, now: datetime) -> tuple[LogLine, ...]:
    """Returns what a run has logged up to `now`, oldest first."""
    return tuple(
        LogLine(id=part_uuid(run.id, "log", number), run_id=run.id, level=level, message=message, at=at)
        for number, (at, level, message) in enumerate(_happenings(model, run, now))
    )


def _happenings(model: Model, run: Run, now: datetime) -> Iterator[tuple[datetime, str, str]]:
    yield run.created_at, "info", f"run accepted for {run.model}"
    if run.dispatched_at is not None:
        yield run.dispatched_at, "info", "submitting to an execution provider"
    if run.started_at is not None:
        yield run.started_at, "info", "provider accepted the work"
    for node in node_runs(model, run, now):
        if node.state is RunStatus.SUCCEEDED and node.completed_at is not None:
            yield node.completed_at, "info", f"step {node.name} finished"
    if run.completed_at is not None:
        level = "error" if run.failure is not None else "info"
        reason = f": {run.failure.code}, {run.failure.message}" if run.failure is not None else ""
        yield run.completed_at, level, f"run {run.status}{reason}"

"""Statuses on the wire: the tables that tell a client which there are, of runs and of evaluations.

Inferred: that these tables are filtered and sorted as any list is.
"""

from collections.abc import Callable, Iterable

import msgspec

from runflow_mock.domain.dialects import read_status
from runflow_mock.domain.evaluations import EVALUATION_TRANSITIONS, EvaluationStatus
from runflow_mock.domain.filters import Field
from runflow_mock.domain.machine import StateT, Table, is_terminal
from runflow_mock.domain.runs import RUN_TRANSITIONS, RunStatus
from runflow_mock.wire.listing import flag_fields, number_field, text_field


class StatusEntry(msgspec.Struct, frozen=True):
    """A row of a table of statuses, in the order in which a record meets them; its code tells it apart in a list."""

    id: str
    place: int
    is_terminal: bool


def _entries(statuses: Iterable[StateT], transitions: Table[StateT]) -> tuple[StatusEntry, ...]:
    return tuple(StatusEntry(str(status), place, is_terminal(transitions, status)) for place, status in enumerate(statuses))


RUN_STATUS_ENTRIES = _entries(RunStatus, RUN_TRANSITIONS)
EVALUATION_STATUS_ENTRIES = _entries(EvaluationStatus, EVALUATION_TRANSITIONS)
STATUS_FIELDS: dict[str, Field[StatusEntry]] = {
    **flag_fields("is_terminal"),
    "code": text_field(lambda entry: entry.id, read_status),
    "sort_order": number_field(lambda entry: entry.place),
}


def represent_run_status(entry: StatusEntry, spell: Callable[[RunStatus], str]) -> dict[str, object]:
    """Returns a row of the table of statuses of runs, spelled as the dialect does."""
    code = spell(RunStatus(entry.id))
    return {"code": code, "label": code.replace("_", " ").capitalize(), "is_terminal": entry.is_terminal}


def represent_evaluation_status(entry: StatusEntry) -> dict[str, object]:
    """Returns a row of the table of statuses of evaluations."""
    return {"code": entry.id, "label": entry.id.capitalize(), "description": None, "is_terminal": entry.is_terminal}

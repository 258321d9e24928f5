"""Statuses of runs on the wire: the table that tells a client which there are.

Inferred: that the table is filtered and sorted as any list is.
"""

from collections.abc import Callable

import msgspec

from runflow_mock.domain.dialects import read_status
from runflow_mock.domain.filters import Field
from runflow_mock.domain.machine import is_terminal
from runflow_mock.domain.runs import RUN_TRANSITIONS, RunStatus
from runflow_mock.wire.listing import flag_field, number_field, text_field


class RunStatusEntry(msgspec.Struct, frozen=True):
    """A row of the table of statuses, in the order in which a run meets them."""

    status: RunStatus
    place: int

    @property
    def id(self) -> str:
        """The code, which tells it apart in a list."""
        return self.status.value


RUN_STATUS_ENTRIES = tuple(RunStatusEntry(status, place) for place, status in enumerate(RunStatus))
RUN_STATUS_FIELDS: dict[str, Field[RunStatusEntry]] = {
    "code": text_field(lambda entry: entry.id, read_status),
    "is_terminal": flag_field(lambda entry: is_terminal(RUN_TRANSITIONS, entry.status)),
    "sort_order": number_field(lambda entry: entry.place),
}


def represent_run_status(entry: RunStatusEntry, spell: Callable[[RunStatus], str]) -> dict[str, object]:
    """Returns a row of the table of statuses, spelled as the dialect does."""
    code = spell(entry.status)
    return {"code": code, "label": code.replace("_", " ").capitalize(), "is_terminal": is_terminal(RUN_TRANSITIONS, entry.status)}

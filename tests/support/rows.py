"""Rows for tests of filters and pages: records with a value of every kind that can be filtered and sorted by."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import strategies as st

from runflow_mock.domain.filters import Field

MIDNIGHT = datetime(2026, 4, 1, tzinfo=UTC)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A record with few fields."""

    id: str
    status: str = "queued"
    ref: str | None = None
    cost: float | None = None
    flag: bool | None = None
    created_at: datetime = MIDNIGHT


def read_time(text: str) -> datetime:
    """The instant of an ISO text; without an offset it is UTC."""
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def read_flag(text: str) -> bool:
    """The truth value of `true` or `false`."""
    if text not in {"true", "false"}:
        raise ValueError("not true or false")
    return text == "true"


FIELDS: dict[str, Field[Row]] = {
    "id": Field(lambda row: row.id),
    "status": Field(lambda row: row.status),
    "ref": Field(lambda row: row.ref),
    "cost": Field(lambda row: row.cost, float, float),
    "flag": Field(lambda row: row.flag, bool, read_flag),
    "created_at": Field(lambda row: row.created_at, datetime, read_time),
}

VALUES = st.tuples(
    st.sampled_from(["queued", "running", "failed"]),
    st.sampled_from([None, "", "a", "b"]),
    st.sampled_from([None, 0.0, 0.14, 2.0]),
    st.sampled_from([None, False, True]),
    st.integers(0, 2),
)


def rows_of(values: Sequence[tuple[str, str | None, float | None, bool | None, int]], first: int = 0) -> list[Row]:
    """Rows in the order of creation; `first` continues an earlier list. The last value is how many seconds pass before the row."""
    rows, now = [], MIDNIGHT + timedelta(hours=first)
    for number, (status, ref, cost, flag, seconds) in enumerate(values, first):
        now += timedelta(seconds=seconds)
        rows.append(Row(id=f"{number:04d}", status=status, ref=ref, cost=cost, flag=flag, created_at=now))
    return rows

"""Results: what a report was written from, as it is kept in a file."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from benchmarks.rows import Row
from benchmarks.servers import ROOT

RESULTS = ROOT / "benchmarks" / "results" / "report.json"
BARE = "bare Starlette"
"""The contender that shows what the framework gives."""


class Cell(msgspec.Struct, frozen=True, omit_defaults=True):
    """A figure, or why there is none; a figure may have a remark as well."""

    value: float | None = None
    note: str = ""


class Column(msgspec.Struct, frozen=True, omit_defaults=True):
    """A contender as it took part."""

    name: str
    version: str
    doing: str
    configuration: str
    cells: Mapping[Row, Cell]


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the report."""

    date: str
    machine: Mapping[str, str]
    is_quick: bool
    took_seconds: float
    rounds: int
    round_seconds: float
    connections: int
    starts: int
    tests: int
    stored_runs: int
    day_batches: int
    batch_items: int
    load_limit: float
    """Answers per second that the load gets from a raw sink."""
    busy: float
    """The highest load average that was seen: two processes of the run itself are at work at any time."""
    columns: tuple[Column, ...]
    fixtures: Mapping[str, float]
    """Milliseconds that a test costs, by fixture."""
    many_runs: int = 1_000_000
    many_p99: float | None = None
    """Milliseconds: the 99th percentile of creates where so many runs are stored."""
    absent: tuple[str, ...] = ()
    """What is needed for further fixtures and is not installed."""


def read(path: Path = RESULTS) -> Results:
    """Returns the results that a file keeps."""
    return msgspec.json.decode(path.read_bytes(), type=Results)


def write(results: Results, path: Path = RESULTS) -> None:
    """Keeps results in a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")

"""Summaries: what became of the mutants of each kind, in numbers, as a table for people and as a file for the documentation."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from mutation.mutants import Kind, Mutant
from mutation.survivors import Accepted, reason_for
from mutation.trials import Trial

FILE = Path(__file__).with_name("kills.json")
HEADER = ("kind", "all", "tried", "skipped", "changed", "killed", "rate", "listed", "left", "facts", "killed", "rate", "left")


class Row(msgspec.Struct, frozen=True):
    """How many mutants of one kind there are, were tried, changed an answer, were killed, are listed with a reason, and are left.

    `facts` counts those among the changed that deny a determined fact; of these some were killed, and some are left without a reason.
    `skipped` were not tried, and count nowhere else.
    """

    kind: str
    mutants: int
    tried: int
    changed: int
    killed: int
    listed: int
    left: int
    facts: int
    facts_killed: int
    facts_left: int
    skipped: int = 0


class Summary(msgspec.Struct, frozen=True):
    """The rows of one dialect, at a commit and its date."""

    dialect: str
    commit: str
    date: str
    rows: tuple[Row, ...]

    @property
    def total(self) -> Row:
        """All kinds together."""
        names = [name for name in Row.__struct_fields__ if name != "kind"]
        return Row("all", *(sum(getattr(row, name) for row in self.rows) for name in names))


def rows_of(
    trials: Iterable[Trial], all_of: Mapping[Kind, int], listed: Iterable[Accepted], determines: Callable[[Mutant], str]
) -> tuple[Row, ...]:
    """Returns the rows of some trials, those of every kind that there is."""
    known = tuple(listed)
    counts: defaultdict[Kind, Counter[str]] = defaultdict(Counter)
    for trial in trials:
        counts[trial.mutant.kind].update(_counted(trial, known, determines))
    names = [name for name in Row.__struct_fields__ if name not in ("kind", "mutants")]
    return tuple(Row(kind.value, all_of[kind], *(counts[kind][name] for name in names)) for kind in Kind if all_of.get(kind))


def _counted(trial: Trial, listed: Iterable[Accepted], determines: Callable[[Mutant], str]) -> Iterator[str]:
    """The columns in which a trial counts."""
    yield "skipped" if trial.is_skipped else "tried"
    if not trial.changes:
        return
    end = "killed" if trial.killer else "listed" if reason_for(trial.mutant, listed) else "left"
    yield from ("changed", end)
    if determines(trial.mutant):
        yield from ("facts", *(("facts_" + end,) if end != "listed" else ()))


def table(rows: Iterable[Row]) -> Iterator[str]:
    """Yields the lines of a table, its header first."""
    widths = (20, 7, 7, 8, 8, 7, 8, 7, 5, 7, 7, 8, 5)
    for cells in (HEADER, *map(cells_of, rows)):
        first, *others = (
            f"{cell:<{width}}" if not number else f"{cell:>{width}}" for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        yield "".join((first, *others))


def cells_of(row: Row) -> tuple[str, ...]:
    """Returns the cells of a row, in the order of `HEADER`."""
    counts = (row.mutants, row.tried, row.skipped, row.changed, row.killed)
    facts = (row.facts, row.facts_killed)
    return (
        row.kind,
        *map(str, counts),
        rate(row.killed, row.changed),
        *map(str, (row.listed, row.left, *facts)),
        rate(row.facts_killed, row.facts),
        str(row.facts_left),
    )


def rate(part: int, whole: int) -> str:
    """Returns a part of a whole in percent, cut and not rounded: only all of them are 100 %."""
    return f"{part * 1000 // whole / 10:.1f} %" if whole else "-"


def write_summary(summary: Summary, file: Path = FILE) -> None:
    """Puts a summary in the place of the one of the same dialect."""
    others = [each for each in read_summaries(file) if each.dialect != summary.dialect]
    told = sorted((*others, summary), key=lambda each: each.dialect, reverse=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n")


def read_summaries(file: Path = FILE) -> tuple[Summary, ...]:
    """Returns the summaries in a file, or none where there is no file."""
    return msgspec.json.decode(file.read_bytes(), type=tuple[Summary, ...]) if file.exists() else ()

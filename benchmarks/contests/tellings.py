"""What contests share: the cells they fill, and how a failure becomes one."""

import asyncio
import http.client
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from time import perf_counter

from benchmarks.contenders.contender import Contender
from benchmarks.contenders.running import NotRunning
from benchmarks.load import UnexpectedAnswer
from benchmarks.results import Cell
from benchmarks.rows import Row

FAILURES = (NotRunning, UnexpectedAnswer, OSError, http.client.HTTPException, asyncio.TimeoutError)
MEGABYTE = 1_000_000
MILLISECONDS = 1_000
REMARK_MAX = 200
_BEGAN = perf_counter()


class Cells:
    """The cells that are known so far, by contender and row; the first word on a cell is the last one."""

    def __init__(self, contenders: Sequence[Contender]) -> None:
        self._cells: dict[str, dict[Row, Cell]] = {each.name: {} for each in contenders}
        for each in contenders:
            for row, reason in each.reasons.items():
                self.put(each, row, Cell(note=reason))

    def put(self, contender: Contender, row: Row, cell: Cell) -> None:
        """Fills a cell, unless it is filled."""
        self._cells[contender.name].setdefault(row, cell)

    def put_median(self, contender: Contender, row: Row, values: Sequence[float]) -> None:
        """Fills a cell with the median of what was measured, if anything was."""
        if values:
            self.put(contender, row, Cell(median(values)))

    def remark(self, contender: Contender, row: Row, note: str) -> None:
        """Adds a remark to a figure, if there is one."""
        cell = self._cells[contender.name].get(row, Cell())
        if cell.value is not None:
            self._cells[contender.name][row] = Cell(cell.value, f"{cell.note}; {note}" if cell.note else note)

    def wants(self, contender: Contender, row: Row) -> bool:
        """Returns whether a cell is empty."""
        return row not in self._cells[contender.name]

    def fail(self, contender: Contender, rows: Sequence[Row], reason: str) -> None:
        """Fills the empty ones of some cells with a reason."""
        for row in rows:
            self.put(contender, row, Cell(note=reason))

    @contextmanager
    def guard(self, contender: Contender, rows: Sequence[Row]) -> Iterator[None]:
        """Lets a contender fail without the others: the reason stands in its cells."""
        try:
            yield
        except FAILURES as error:
            said = " ".join(str(error).split())[:REMARK_MAX] or type(error).__name__
            tell(f"{contender.name}: {said}")
            self.fail(contender, rows, f"failed: {said}")

    def of(self, contender: Contender) -> dict[Row, Cell]:
        """Returns the cells of a contender in the order of the rows."""
        cells = self._cells[contender.name]
        return {row: cells.get(row, Cell(note="not measured")) for row in Row}


def tell(text: str) -> None:
    """Says on stderr what is going on, and since when."""
    print(f"{perf_counter() - _BEGAN:5.0f} s  {text}", file=sys.stderr, flush=True)

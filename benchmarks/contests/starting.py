"""Starting: from the start of the process to its first answer, and what it weighs then; one at a time, in turns."""

from collections.abc import Sequence

from benchmarks.contenders.contender import Contender
from benchmarks.contenders.running import running
from benchmarks.contests.tellings import MEGABYTE, Cells, tell
from benchmarks.effort import Effort
from benchmarks.rows import Row

ROWS = (Row.START, Row.IDLE)


def measure(effort: Effort, contenders: Sequence[Contender], sample: bytes, cells: Cells) -> None:
    """Fills the rows; a first start does not count, so that modules are compiled and files are cached."""
    started: dict[str, list[float]] = {each.name: [] for each in contenders}
    weighed: dict[str, list[float]] = {each.name: [] for each in contenders}
    for number in range(effort.starts + 1):
        tell(f"starting each, {number} of {effort.starts}" if number else "starting each for the first time")
        for each in contenders:
            if not cells.wants(each, Row.START):
                continue
            with cells.guard(each, tuple(Row)), running(each, sample) as server:
                if number:
                    started[each.name].append(server.started_ms)
                    weighed[each.name].append((server.resident_bytes or 0) / MEGABYTE)
    for each in contenders:
        cells.put_median(each, Row.START, started[each.name])
        cells.put_median(each, Row.IDLE, weighed[each.name])

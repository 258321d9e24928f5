"""Isolating: what a test costs that begins with a clean state, creates something and asks for it, one request after another."""

from collections.abc import Sequence
from time import perf_counter

from benchmarks.contenders.running import Line, Running
from benchmarks.contests.tellings import MILLISECONDS, Cells, tell
from benchmarks.effort import Effort
from benchmarks.rows import Row

ROWS = (Row.TEST,)


def measure(effort: Effort, servers: Sequence[Running], cells: Cells) -> None:
    """Fills the row."""
    tell(f"{effort.tests} tests of each")
    for server in servers:
        if cells.wants(server.contender, Row.TEST):
            with cells.guard(server.contender, ROWS):
                line = server.line()
                cells.put_median(server.contender, Row.TEST, [_test(server, line, test) for test in range(effort.tests)])
                line.close()


def _test(server: Running, line: Line, test: int) -> float:
    contender, began = server.contender, perf_counter()
    for request in contender.before_test(test):
        line.ask(request)
    line.ask(contender.poll(line.ask(contender.create(test, test)), test))
    for request in contender.after_test(test):
        line.ask(request)
    return (perf_counter() - began) * MILLISECONDS

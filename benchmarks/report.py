"""`python -m benchmarks.report`: measures the fake beside other servers, and writes docs/performance.md with its picture.

With `--render` nothing is measured: page and picture are written anew from the results that are kept.
"""

import argparse
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter

import msgspec
import uvloop

from benchmarks import fixtures, latency, results, simulation
from benchmarks.contenders import CONTENDERS, OURS, STANDING
from benchmarks.contenders.contender import Contender
from benchmarks.contenders.installed import node
from benchmarks.contenders.running import Running, running
from benchmarks.contests import calling, isolating, serving, starting
from benchmarks.contests.tellings import Cells, tell
from benchmarks.effort import FULL, QUICK, Effort
from benchmarks.machine import cores, load_average, note, pin, said_by
from benchmarks.page import write_page
from benchmarks.plot import draw
from benchmarks.results import Cell, Column, Results
from benchmarks.rows import Row
from benchmarks.servers import ROOT, fake, sink
from benchmarks.throughput import BALANCE, prepare

ALONE = (Row.DAY, Row.IMAGE)
"""What only our fake has."""
PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "performance.svg"
IMAGE_SIZE = ROOT / "build" / "image" / "size.json"


def main() -> int:
    """Measures, writes, and returns 0: who is ahead is told, not judged."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description="Measure beside other servers, and write the page.")
    parser.add_argument("--quick", action="store_true", help="smaller numbers, to try it; page and results go to build/benchmarks/")
    parser.add_argument("--render", action="store_true", help="measure nothing: write the page from the results that are kept")
    arguments = parser.parse_args()
    if arguments.render:
        publish(results.read(), PAGE, PICTURE)
        return 0
    began = perf_counter()
    found = uvloop.run(measure(QUICK if arguments.quick else FULL))
    found = msgspec.structs.replace(found, is_quick=arguments.quick, took_seconds=round(perf_counter() - began))
    folder = ROOT / "build" / "benchmarks"
    results.write(found, folder / "report.json" if arguments.quick else results.RESULTS)
    page, picture = (folder / PAGE.name, folder / PICTURE.name) if arguments.quick else (PAGE, PICTURE)
    publish(found, page, picture)
    print(f"written: {page.relative_to(ROOT)}, {picture.relative_to(ROOT)}, after {found.took_seconds:.0f} s")
    return 0


def publish(found: Results, page: Path, picture: Path) -> None:
    """Writes page and picture."""
    page.write_text(write_page(found), encoding="utf-8")
    picture.write_text(draw(found), encoding="utf-8")


async def measure(effort: Effort) -> Results:
    """Returns everything that was measured."""
    java, node_version = said_by("java", "-version") or "no Java", said_by(str(node()), "--version") or "none"
    date, machine = datetime.now(UTC).strftime("%Y-%m-%d"), {**note(), "peers": f"Node {node_version.removeprefix('v')}, {java}"}
    busy, (server_core, load_core) = load_average(), cores()
    tell("what a test costs, by its fixture")
    costs, absent = fixtures.measure(effort.fixture_rounds)
    pin(0, server_core)
    tell("a simulated day")
    (day, _) = await simulation.measure(effort)
    pin(0, load_core)
    sample = await _sample(effort)
    cells = Cells((*CONTENDERS, STANDING))
    _put_alone(cells, day.ours)
    for each in CONTENDERS:
        if reason := each.absence():
            cells.fail(each, tuple(Row), reason)
    starting.measure(effort, CONTENDERS, sample, cells)
    limit = await _serve(effort, sample, cells)
    busy = max(busy, load_average())
    await calling.measure(effort, CONTENDERS, sample, cells)
    tell(f"creates beside {effort.many_runs:,} runs")
    many = await latency.measure_many(effort)
    return Results(
        date=date,
        machine=machine,
        is_quick=False,
        took_seconds=0,
        rounds=effort.rounds,
        round_seconds=effort.round_seconds,
        connections=effort.connections,
        starts=effort.starts,
        tests=effort.tests,
        stored_runs=effort.stored_runs,
        day_batches=effort.day_batches,
        batch_items=effort.batch_items,
        load_limit=limit,
        busy=max(busy, load_average()),
        columns=tuple(_column(each, cells) for each in CONTENDERS),
        fixtures=costs,
        many_runs=effort.many_runs,
        many_p99=many,
        absent=absent,
    )


async def _serve(effort: Effort, sample: bytes, cells: Cells) -> float:
    """Fills what is measured while all servers are up, and returns the limit of the load."""
    with ExitStack() as stack:
        raw = stack.enter_context(sink(answer_bytes=len(sample), core=cores()[0]))
        servers: list[Running] = []
        for each in (*CONTENDERS, STANDING):
            if cells.wants(each, Row.POLLS):
                with cells.guard(each, tuple(Row)):
                    servers.append(stack.enter_context(running(each, sample)))
        await serving.measure(effort, servers, cells)
        if (value := cells.of(STANDING)[Row.CREATES].value) is not None:
            cells.remark(
                OURS, Row.CREATES, f"{value:,.0f} with `--clock manual`, where no run goes on meanwhile: so it is with all the others"
            )
        isolating.measure(effort, [server for server in servers if server.contender is not STANDING], cells)
        return median([await serving.limit(effort, raw.port) for _ in range(effort.rounds)])


def _put_alone(cells: Cells, day: float | None) -> None:
    """Fills what only our fake has."""
    cells.put(OURS, Row.DAY, Cell(day))
    if IMAGE_SIZE.exists():
        cells.put(OURS, Row.IMAGE, Cell(msgspec.json.decode(IMAGE_SIZE.read_bytes(), type=dict[str, float])["compressed"] / 1e6))
    else:
        cells.put(OURS, Row.IMAGE, Cell(note="not measured: `make image` has left no figure on this machine"))


async def _sample(effort: Effort) -> bytes:
    """Returns a run that has ended, as our fake tells it: what the others answer with."""
    with fake(*BALANCE) as server:
        _, sample = await prepare(server, effort)
    return sample


def _column(contender: Contender, cells: Cells) -> Column:
    version = contender.version() if contender.absence() is None else ""
    return Column(contender.name, version, contender.doing, contender.configuration, cells.of(contender))


if __name__ == "__main__":
    sys.exit(main())

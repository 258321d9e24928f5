"""The contests: with very small numbers, on the servers that are always there, every row gets a figure or a reason."""

import asyncio
from contextlib import ExitStack

import msgspec
import pytest
from benchmarks.contenders import CONTENDERS, OURS
from benchmarks.contenders.running import running
from benchmarks.contests import calling, isolating, serving, starting
from benchmarks.contests.tellings import Cells
from benchmarks.effort import QUICK
from benchmarks.report import ALONE
from benchmarks.rows import Row

pytestmark = pytest.mark.slow

RUN = b'{"id":"019b76da-a800-7000-8000-000000000007","status_code":"queued"}'
TINY = msgspec.structs.replace(
    QUICK,
    rounds=1,
    round_seconds=0.2,
    warm_up_seconds=0.0,
    stored_runs=200,
    starts=1,
    callbacks=20,
    fill_seconds=20.0,
    heat_seconds=20.0,
    tests=3,
)
BARE = CONTENDERS[1]


async def measured(cells: Cells) -> None:
    """Fills the cells of our fake and of bare Starlette."""
    starting.measure(TINY, (OURS, BARE), RUN, cells)
    with ExitStack() as stack:
        servers = [stack.enter_context(running(each, RUN)) for each in (OURS, BARE)]
        await serving.measure(TINY, servers, cells)
        isolating.measure(TINY, servers, cells)
    await calling.measure(TINY, (OURS, BARE), RUN, cells)


def test_every_row_of_ours_gets_a_figure_and_what_bare_starlette_lacks_a_reason() -> None:
    cells = Cells((OURS, BARE))
    asyncio.run(measured(cells))
    ours, bare = cells.of(OURS), cells.of(BARE)
    assert {row for row in Row if ours[row].value is None} == set(ALONE)
    assert {row: cell.note for row, cell in bare.items() if cell.value is None} == dict(BARE.reasons)
    assert all(cell.value is None or cell.value > 0 for cell in (*ours.values(), *bare.values()))
    assert [cell.note for cell in ours.values() if cell.value is not None and cell.note] == []

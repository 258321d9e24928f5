"""Targets: what each figure should be, what it is in a run, and where it falls short what was tried for it."""

import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

from benchmarks import limits
from benchmarks.limits import Kind, Limit
from benchmarks.results import BARE, Results
from benchmarks.rows import Row

TARGETS = """\
## What was wanted, and what came of it

What is missed says what was tried; the figures of that, and what else was tried, stand further down.
"""
LOOPBACK, IN_PROCESS = "runflow (server on loopback)", "runflow_in_process (no socket)"
BYTES_OF_MEGABYTE = 1_000_000
_STANDING = re.compile(r"([\d,]+) with `--clock manual`")
NOTHING = "\N{EN DASH}"

Read = Callable[[Results], float | None]


def _nothing(_: Results) -> None:
    return None


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One target: how its figure is read from the results, and what was tried where it is missed."""

    name: str
    """What it is a figure of; the sizes that were measured are taken from the results."""
    unit: str = ""
    limit: Limit
    read: Read = _nothing
    digits: int = 1
    tried: str = ""


def target_lines(results: Results) -> Iterator[tuple[str, str, str, str]]:
    """Yields for each target its name, what was wanted, what came of it, and what there is to say where it is missed."""
    for target in _MEASURED:
        figure = target.read(results)
        measured = msgspec.structs.replace(target, name=target.name.format(results))
        yield _line(measured, () if figure is None else (figure,), f"Not measured in this run. {target.tried}")
    for target, figures in _ELSEWHERE:
        yield _line(target, figures, target.tried)


def _line(target: Target, figures: Sequence[float], unmeasured: str) -> tuple[str, str, str, str]:
    wanted = f"{'at least' if target.limit.is_least else 'at most'} {_amounts(target, target.limit.value)}"
    if not figures:
        return target.name, wanted, NOTHING, unmeasured
    if all(map(target.limit.is_met, figures)):
        return target.name, wanted, f"{_amounts(target, *figures)}: met", ""
    return target.name, wanted, f"{_amounts(target, *figures)}: missed", target.tried


def _amounts(target: Target, *figures: float) -> str:
    return " and ".join(f"{figure:,.{target.digits}f}{target.unit and f' {target.unit}'}" for figure in figures)


def _ours(row: Row) -> Read:
    return lambda results: results.columns[0].cells[row].value


def _of_bare(row: Row, read: Read) -> Read:
    """Returns what reads by how much a figure of ours exceeds that of bare Starlette."""

    def ratio(results: Results) -> float | None:
        ours = read(results)
        bare = next((column.cells[row].value for column in results.columns if column.name == BARE), None)
        return None if ours is None or not bare else ours / bare

    return ratio


def _standing_creates(results: Results) -> float | None:
    """Reads how many creates there are while time stands: that has no column, and is told with ours."""
    told = _STANDING.search(results.columns[0].cells[Row.CREATES].note)
    return None if told is None else float(told[1].replace(",", ""))


def _fixture(name: str) -> Read:
    return lambda results: results.fixtures.get(name)


def _bytes_of_run(results: Results) -> float | None:
    full, idle = (_ours(row)(results) for row in (Row.FULL, Row.IDLE))
    return None if full is None or idle is None else (full - idle) * BYTES_OF_MEGABYTE / results.stored_runs


_MEASURED = (
    Target(
        name="polls, of bare Starlette's",
        limit=limits.POLLS,
        digits=2,
        read=_of_bare(Row.POLLS, _ours(Row.POLLS)),
        tried="Bodies that are kept, fewer calls, answers without a task that leave together. Of 233 thousand instructions 196 are bare "
        "Starlette's, and the journal takes as many as the rest.",
    ),
    Target(
        name="creates, time standing, of bare Starlette's",
        limit=limits.CREATES_STANDING,
        digits=2,
        read=_of_bare(Row.CREATES, _standing_creates),
        tried="543 thousand instructions became 507, bare Starlette's are 245. What is left is flat, some 380 calls; mypyc was no gain.",
    ),
    Target(
        name="creates, runs going on, of bare Starlette's",
        limit=limits.CREATES_GOING_ON,
        digits=2,
        read=_of_bare(Row.CREATES, _ours(Row.CREATES)),
        tried="846 thousand instructions became 810. Outputs that are made when they are read would save 72 and change the history; "
        "a wheel of timers at most 12.",
    ),
    Target(
        name="create, 99th percentile, {0.stored_runs:,} runs stored",
        unit="ms",
        limit=limits.CREATE_P99_MS,
        read=_ours(Row.CREATE_P99),
        tried="Records that the garbage collector does not see, what is loaded at the start frozen, full collections rare. What is left is "
        "the rate: 16 connections wait for one another, and bare Starlette's own percentile is in the table above.",
    ),
    Target(
        name="create, 99th percentile, {0.many_runs:,} runs stored, time standing",
        unit="ms",
        limit=limits.CREATE_P99_MS,
        read=lambda results: results.many_p99,
        tried="As above: a create costs 0.97 of what it does with a thousand runs, in process.",
    ),
    Target(
        name="a test over one connection",
        unit="ms",
        limit=Limit(Kind.MAX, 0.5),
        digits=2,
        read=_ours(Row.TEST),
        tried="A tenant is made in 205 microseconds instead of 456; four requests are answered without a task each.",
    ),
    Target(
        name="a test with `runflow`",
        unit="ms",
        limit=Limit(Kind.MAX, 2.2),
        digits=2,
        read=_fixture(LOOPBACK),
        tried="A second test passes through 1,849 functions, and through 971 without a fixture. Contract, ledger and what was left unused "
        "are looked at after each, which no other fixture does.",
    ),
    Target(
        name="a test with `runflow_in_process`",
        unit="ms",
        limit=Limit(Kind.MAX, 1.2),
        digits=2,
        read=_fixture(IN_PROCESS),
        tried="As above, 1,844 functions. To answer in the thread of the test made 1.8 ms of 2.5, and was given up: a signal that came "
        "meanwhile, of a time-out or Ctrl-C, could leave the fake locked.",
    ),
    Target(
        name="start, of bare Starlette's",
        limit=limits.START,
        digits=2,
        read=_of_bare(Row.START, _ours(Row.START)),
        tried="908 million instructions became 838, bare Starlette's are 517. 279 modules of our own are loaded, of which a tenth more "
        "than bare Starlette would allow some 35.",
    ),
    Target(
        name="memory, idle",
        unit="MB",
        limit=limits.IDLE_MB,
        digits=0,
        read=_ours(Row.IDLE),
        tried="What only some servers need is imported when it is asked for.",
    ),
    Target(
        name="memory for each run, {0.stored_runs:,} stored",
        unit="bytes",
        limit=limits.RUN_BYTES,
        digits=0,
        read=_bytes_of_run,
        tried="What all runs have in common is one value for all.",
    ),
    Target(
        name="simulated day",
        unit="s",
        limit=limits.DAY_SECONDS,
        read=_ours(Row.DAY),
        tried="634 thousand instructions for each run became 408: steps of the timeline are made when they are read, lengths of time are "
        "read from the id, an entry of the history is encoded in one call. What is left is flat, and no call takes 4 %.",
    ),
    Target(
        name="runs that are created and called back, signed",
        unit="/s",
        limit=limits.CALLBACKS,
        digits=0,
        read=_ours(Row.CALLBACKS),
        tried="1,047 thousand instructions for each, without the sending, became 1,004. The target is meant for callbacks alone, as `make "
        "bench` measures them; here each has its create.",
    ),
    Target(
        name="image, compressed",
        unit="MB",
        limit=Limit(Kind.MAX, 60),
        read=_ours(Row.IMAGE),
        tried="Of its base only what a server needs is left.",
    ),
)
ELSEWHERE_MARKS = """\
1. What the processor did in one step of the event loop, on 2026-11-30 and on a machine that very many others used, which makes it more.
"""

_LOOP_HELD_MS = Limit(Kind.MAX, 50)
# What the report does not measure, and what it was when it last was looked at.
_ELSEWHERE: tuple[tuple[Target, tuple[float, ...]], ...] = (
    (Target(name="loop held at most, 20,000 runs end at once (1)", unit="ms", limit=_LOOP_HELD_MS, digits=0), (17,)),
    (Target(name="loop held at most, a journal of 2,000 exchanges is judged (1)", unit="ms", limit=_LOOP_HELD_MS, digits=0), (48,)),
    (
        Target(
            name="loop held at most, a picture of 49 MiB comes in a body (1)",
            unit="ms",
            limit=_LOOP_HELD_MS,
            digits=0,
            tried="To read it in a thread: msgspec keeps the interpreter to itself meanwhile. It was 1,850 ms before numbers were looked "
            "for beside long texts alone. Of what is left the picture unpacked takes 270, two readings of the JSON 170 and four writings "
            "of it 150, and 130 a look for padding, which is quicker since; its bytes come in another step, of 240 ms.",
        ),
        (1_520,),
    ),
    (Target(name="create and poll, a million runs against a thousand", limit=limits.GROWTH, digits=2), (0.97, 0.93)),
    (Target(name="create and poll, 10,000 tenants against one", limit=limits.GROWTH, digits=2), (1.18, 1.39)),
)

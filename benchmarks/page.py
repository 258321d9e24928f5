"""The page: docs/performance.md, written from results and from nothing else."""

from collections.abc import Iterable, Iterator

from benchmarks.results import Cell, Column, Results
from benchmarks.rows import KINDS, Row
from benchmarks.targets import ELSEWHERE_MARKS, TARGETS, target_lines
from benchmarks.wording import amount, ratio, title

LOAD_MARGIN = 1.3
BUSY_MAX = 4.0
NOTHING = "\N{EN DASH}"
INTRODUCTION = """\
# Performance and cost

<!-- Written by `make bench-report` (or `python -m benchmarks.report --render`) from benchmarks/results/report.json: do not edit. -->

What `runflow-mock serve` costs, beside a bare Starlette app and beside other servers that people run in tests. Everything was measured in
one run on one machine, in turns. Absolute figures hold for that machine only: compare within a row. The fake does all its work meanwhile:
keys, validation, ledger, journal, history.

![Bars of the figures below, by server](performance.svg)
"""
QUICK = "**This was a quick try with small numbers: its figures say little.**\n"
BUSY = "**The machine had other work meanwhile (load average {:.1f}): the figures are low and noisy, and the ratios rough.**\n"
FIXTURES = """\
A suite of 1,000 small tests (create something, read it back) less a suite of one, by the number of tests. The others do less for each test:
none checks a contract, a ledger, or that nothing that was prepared stayed unused.
"""
COMPARED = """\
Only our fake does the whole work; the others are general mock servers or fakes of other services, and each is asked for the nearest thing
that it does. A faster one among them does less: what it leaves out stands here.
"""
METHOD = """\
## How it was measured

- Every server runs as its users start it, pinned to one core. The load runs on the other one, on loopback, over {connections} connections
  that each send the next request when the last answer is complete. The load itself gets {limit} answers per second from a raw
  sink{margin}.
- Rates and percentiles are medians of {rounds} rounds of {seconds:g} s. In each round every server is measured in turn, polls first, then
  creates, while all of them are up and the others are idle.
- Starts are medians of {starts} and begin in turns too. The first one does not count: modules are compiled and files are cached by then.
- A test is the median of {tests}, its requests one after another on one connection.
- Before the rounds {stored} runs are stored, where a server keeps any and can do it in time; the others are warmed up by the same load.
- Memory is what is resident, of the process and its descendants. The JVM and Node take what their defaults let them take.
- Callbacks are counted from the first create until the last one has come to a receiver that answers 200 at once.
- The simulated day runs in process, on a clock that only jumps: callbacks are rendered and signed, and handed to a recorder.
"""
HELD = """\
## How long one keeps all others waiting

At 100,000 runs with as many deliveries, 2,000 exchanges and batches of 5,000 items the readings of both APIs, but the doctor's and the
start of a stream of events, were timed by what the processor did in one step of the event loop. Lists that sort or filter, windows,
journal, timeline, ledger, report, metrics and health come in steps, or are made in a thread, and a step took from less than one to 40
milliseconds, on a machine that others used too. Above 50 ms, or near it, were:

- a batch of 5,000 items in one request: 75 to 90 ms, 15 to 18 microseconds for each item, for deciding on it and recording it. It is
  admitted as a whole or not at all, and so nobody may come in between. Its items are read before that, 60 ms in steps of 100. Of 100 items,
  the usual maximum, all of it takes 3 ms. Since then its ids are made together, and so is what its runs have in common: by callgrind an
  item takes 73,000 instructions in that step in the place of 97,000. Its answer, some 6 ms, is written in pieces after it;
- the body of a request, parsed: one step, 70 to 130 ms for each megabyte of very many empty lists or texts (290 ms for 3.6 MB, 620 for 9).
  The items of a batch are weighed and checked after that, an item of 64 KiB or more in a step of its own, and one batch whose body is
  longer than that at a time;
- such a batch, read: 40 to 45 ms. That was one step; now it is one for each 64 KiB. A page of several leaves turns between them;
- everything at once, without `limit`: 60,000 runs (97 MB) 290 ms, 64,000 deliveries (132 MB) 380 ms, 180,000 movements 70 ms, probably
  for the copies of the finished answer; the same in windows takes 1 to 26 ms;
- a report on 220 exchanges of which nobody has read any, most of them wrong, as a fuzzer sends them: no step is long, but all together took
  130 ms, 0.6 ms for each. Since what is wrong with a value is known when it is sent again, and paths that begin alike are compared once,
  1,021 such exchanges take 0.72, 0.81 and 0.72 of the time that they took before, in three pairs of turns. Since a refusal has two others
  judged while more than 50 wait, the slowest of 579 reports among 120,000 requests of a fuzzer took 167 ms of the processor, on a very
  busy machine. For that a client which is refused again and again pays: 0.29 ms for each such request instead of 0.09, and so does
  whoever comes after it. These figures are of when exchanges of any size were judged so; two that take more than 8 KiB no longer are;
- the first thousand lines of the journal, after much has happened: 40 to 70 ms, most of it for the verdicts on 2,000 exchanges, which take
  0.4 of their time since: 0.051 ms for each instead of 0.125;
- the logs of all runs (`/v1/runs/any/logs`): steps of 36 ms, but 4 s of work for a page;
- after every 25,000 commits of a tenant references to all its records are copied, for the history, and the copy before is given up: 10 to
  13 ms at 100,000 runs. Of 20,000 creates that runs went on beside, 51 steps took longer than 2 ms: 30 of them were many runs whose time
  had come at once, one a collection of the garbage collector of 16 ms; that the others were these copies is likely, and was not measured;
- the whole history (`/_mock/history`): 65 ms in one step, and for each run 0.8 ms of work in a thread beside the loop, nearly all of it the
  look for secrets in what is written in base64;
- a request of a tenant whose clock runs and of whose runs very many are due waits until all of them are brought to the present, 100 steps
  of runs in one step of the loop, as where nobody asks: 17 ms at most, where 20,000 runs end at once.

A page of 50 ended runs takes 1.5 to 2 ms. It took 20 while bodies of more than 64 KiB were looked through for secrets before they were cut:
they are kept with a margin, and looked through when somebody reads them. The first window of a timeline, 230 to 300 ms in one step at
20,000 runs, takes less than 3.

The simulated day costs 90 microseconds of the processor for each of its runs. Counted later, on 2026-11-30, it made 224 calls of Python and
239 of C for each, 634,000 instructions by callgrind; 205 and 173 became of these, 564,000 instructions, of which none took more than 4 %.
It takes 490,000 since steps of the timeline are made when they are read: whoever moves the clock over HTTP is answered with them, and pays
for them still. Since how long a run lasts is read from its id, in the place of three draws, it takes 456,000.
An entry of the history is encoded in one call where nothing follows from what was decided, as for 98 of 100: by itself that takes 3,600
instructions in the place of 12,500. A run makes three of them; with that the day took 430,000, and since the ids of a batch are made
together, and what its runs have in common, 408,000.
A run that is called back takes 1,004,000 instead of 1,047,000, without the sending, since the address of its receiver is read once for all.
"""
GROWTH = """\
## What it costs as runs and tenants become more

Microseconds of the processor for a create and a poll in process, medians of five rounds of 2,000 requests, on 2026-11-30. Of many tenants,
of which each has 10 runs, the requests go to one after the other.

| stored | create | poll |
| --- | ---: | ---: |
| 1,000 runs | 113 | 54 |
| 10,000 runs | 114 | 52 |
| 100,000 runs | 111 | 52 |
| 1 tenant | 113 | 57 |
| 100 tenants | 111 | 65 |
| 1,000 tenants | 145 | 75 |

A million runs and 10,000 tenants were measured later, on a machine that many others used, where all figures are 1.3 to 2.2 times those
above: with a million runs a create takes 0.97 and a poll 0.93 of what they take with 1,000, and with 10,000 tenants 1.18 and 1.39 of what
they take with one. Their memory was 1.5 GB, and 0.5 GB. By default a tenant holds a million runs, and a server 10,000 tenants.
"""
TRIED = """\
## What was tried for more

Thousands of instructions by callgrind, in one process and without the system's calls, on 2026-11-30. A poll of a run that has not ended
took 296, of one that has ended 238, a create 543 where time stands and 846 where runs go on; of bare Starlette a poll takes 196, a create
245.

| tried | what came of it | in use |
| --- | --- | --- |
| the body of a run that has not ended, kept until it moves | a poll 296 to 236 | yes |
| fewer calls for what a request asks of its store, and for the size of an exchange | polls 236 to 226, and 238 to 233 | yes |
| the record of a new run, put between parts that are encoded once | with the row above a create 543 to 507, and 846 to 810 | yes |
| heads of answers that are built once | at most 6 of a poll or a create | no |
| what the journal keeps of the head of a request, made once for each connection | at most 9 of a poll | no |
| outputs that are made when they are read | at most 72 of a create where runs go on, and of 426 of a run of the day | no (1) |
| fewer calls for the form in which an output is written | 12 of 426 of a run of the day | no |
| timers in a wheel in the place of a heap | at most 12 of a create where runs go on: to take the next one | no |
| the steps of a run that nobody watches, done together | not counted | no (1) |
| a protocol that asks the application without a task | a tenth to a fifth of a poll; see below | yes (2) |
| fewer imports at the start | of 595 modules 282 are not bare Starlette's, and 279 of these are ours | no (3) |

1. The history has each output, and each step in the order of time, among those of other runs: it would be another history.
2. It is some sixty lines of `web/connections.py`, on uvicorn's own protocol for httptools. Parser, protocol and event loop alone take 95 of
   our poll and 103 of a create: what is answered in no time at all takes that.
3. One of ours takes 0.4 to 0.5 ms, on a busy machine, where all that bare Starlette needs takes 150: a tenth more is some 35 modules, and
   to answer a create needs more. To read the catalog and make the application takes 7.

So these targets are not met, by what a quiet machine showed in the same week, before the rows above that are in use: polls 0.78 of bare
Starlette's where 1.0 is wanted, creates 0.40 where time stands (0.8) and 0.26 where runs go on (0.5), a start of 255 ms where bare
Starlette takes 152 (1.1 times), a simulated day of 7.6 s (3), and 10.3 ms for the 99th percentile of creates (4). Those polls are of runs
that have ended: what they take more than bare Starlette's, 37, the journal takes by itself. The percentile is the rate seen otherwise: 16
connections wait for one another, and at 4,000 creates a second the mean is 4 ms already.

- Answering a request in the very turn in which it was read: nothing while each answer left as soon as it was ready, and a tenth to a
  fifth of a poll since the answers of a turn leave together at its end. So it is done now, where a request needs no waiting.
- Compiling 17 modules that are busiest with mypyc: equal within the noise.
- Copies of a keyed hash in the place of a new one for each draw, and the first half of an id kept from the one before: a tenth of a
  microsecond where time stands, and a loss where it goes on.
- Fewer instructions for a create, counted by callgrind in one process and without the system's calls: 625,000 became 550,000 where time
  stands, and 1,013,000 became 878,000 where runs go on; a request to bare Starlette takes 271,000. A body that is too short to hold too
  much is no longer weighed. A word is looked for in bytes with `find`: for `word in data` CPython makes and drops an exception each time,
  and 13 of them took 26,000. Figures of which a run says nothing are its model's, and where no rule stands none is asked. What is left is
  flat, some 380 calls: 39 in the parser and uvicorn, 28 for key, clock and id, 74 from the body to the command, 44 for the decision, 25 to
  record and apply it, 11 for the answer, 31 for the journal, and the rest on the way between these.
- `find` in the place of `in` where secrets are looked for in what is told: equal within the noise, the searches themselves take the time.
- The collector switched off while a day is simulated: it takes less than a hundredth of it.
- A quicker start: two fifths of what is imported are 263 modules of our own, of which none takes more than a seventieth. What only some
  servers need, such as scenarios, profiles and the control API, is imported when it is asked for. Since the table was measured, of the 56
  patterns that find secrets in what `serve` prints those are compiled that it needs: by callgrind, in one process, a start takes 838
  million instructions where it took 908, and bare Starlette 517. All our regular expressions are a twenty-fifth of the imports, all named
  tuples a fortieth. Of Starlette's application the lifespan alone is in use: without it, and 40 modules, a start takes 798 million. It
  stays, as a library that others keep well.
- A long body that is read in a thread: msgspec keeps the interpreter to itself meanwhile, so that everybody waits all the same. As raw
  parts a body of 9 MB of empty lists is looked through in a seventieth of the time, but to list its parts takes a seventh, in one step too.
- Fewer rows for creates with `--keep`: clients that have shared a row of the file wait a turn of the event loop for one another. In
  process a create with a row for eight costs 20 to 28 microseconds more than one that is not kept, and 9 to 10 with a row for sixteen.
  Over 16 connections the server's processor does 0.91 of the creates that it does without `--keep`: 0.893, 0.931, 0.914, 0.900 and 0.914
  in five series, 990 pairs of turns of a fifth of a second in all, after all that stands below; polls 0.98 and 0.99. A client alone has a
  row for each create, and got 0.6 to 0.67 before.
- Less work for each of these rows, since those figures were measured: no timer is set anew for each row (502 for 502 rows, and now one),
  the timers of a base are written without three calls for each, and the journal a tenth as often: its exchanges were two fifths of what a
  busy tenant's file took. A create in a row for sixteen makes 12 calls more than one that is not kept, not counting the journal's, where
  it made 15; the time was only taken on a busy machine, where nothing could be told.
- No zeros over what a base replaces, which SQLite as Debian builds it writes: for 19,200 creates with two bases it writes 9,300 pages
  to its write-ahead log instead of 12,600, copies 5,600 of them instead of 8,600, and reads 7,900 instead of 12,000.
- Rows that are compressed: zlib at its quickest makes 1.7 KB of 20 KB in 58 microseconds, and saves SQLite 65. Both were taken in one
  process, in turns; a dependency for less than that is not worth it.
- A row for sixteen creates, 20 KB, is 36 KB in SQLite's write-ahead log: four to five pages, of which the first of the file and the leaf
  of the table are written with every row. To look whether the file is still there takes a microsecond, and to note the row in the
  file beside it another one.
- Other pages for that file, 4 to 32 KiB: equal within the noise. Eight creates are a row of 10 KB, which SQLite writes in three or four.
- A quicker test in process: what its four requests wait for is the way from the test's thread to that of the fake and back; the work
  itself is a third of the time, by one profile on a busy machine.
"""
REPEAT = """\
## Repeat it

`make bench-report` installs the others into `.venv/peers` (`make peers`: it needs npm, Node and Java for those that are written for them),
measures for some ten minutes and writes this page. `python -m benchmarks.report --quick` tries it in two minutes and writes to
`build/benchmarks/`. `make bench` measures our own parts in more detail.
"""


def write_page(results: Results) -> str:
    """Returns the page."""
    notes = Notes()
    table = "\n".join(_table(results, notes))
    parts = [
        INTRODUCTION,
        *([QUICK] if results.is_quick else []),
        *([BUSY.format(results.busy)] if results.busy > BUSY_MAX else []),
        table + "\n",
        notes.text(),
        "## Where we are not ahead\n\n" + "\n".join(_behind(results)) + "\n",
        TARGETS + "\n" + "\n".join(_targets(results)) + "\n\n" + ELSEWHERE_MARKS,
        "## What a test costs, by its fixture\n\n" + "\n".join(_fixtures(results)) + "\n",
        "## What was compared\n\n" + "\n".join(_compared(results)) + "\n",
        HELD,
        GROWTH,
        TRIED,
        _method(results),
        REPEAT,
    ]
    return "\n".join(parts)


class Notes:
    """The footnotes of the table, each told once."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def mark(self, text: str) -> str:
        """Returns the mark of a footnote."""
        if text not in self._texts:
            self._texts.append(text)
        return f"<sup>{self._texts.index(text) + 1}</sup>"

    def text(self) -> str:
        """Returns the footnotes."""
        return "".join(f"{number}. {text[0].upper()}{text[1:]}.\n" for number, text in enumerate(self._texts, 1))


def _table(results: Results, notes: Notes) -> Iterator[str]:
    yield _line(("", *(column.name for column in results.columns)))
    yield _line(("---", *("---:" for _ in results.columns)))
    for row in Row:
        cells = (_cell(column.cells[row], row, notes) for column in results.columns)
        yield _line((f"{title(row, results)} ({KINDS[row].unit})", *cells))


def _cell(cell: Cell, row: Row, notes: Notes) -> str:
    mark = notes.mark(cell.note) if cell.note else ""
    return (NOTHING if cell.value is None else amount(cell.value, KINDS[row])) + mark


def _behind(results: Results) -> Iterator[str]:
    """Yields a line for each row in which another one is better."""
    ours, *others = results.columns
    found = False
    for row in Row:
        better = sorted(_better(ours, others, row), key=lambda each: each[1])
        if better:
            found = True
            told = ", ".join(f"{column.name} ({amount(value, KINDS[row])})" for column, _, value in better)
            value = ours.cells[row].value
            assert value is not None
            yield f"- {title(row, results)}: ours {amount(value, KINDS[row])} {KINDS[row].unit}; better: {told}."
    if not found:
        yield "In no row that was measured is another one better."


def _better(ours: Column, others: Iterable[Column], row: Row) -> Iterator[tuple[Column, float, float]]:
    mine = ours.cells[row].value
    for other in others:
        theirs = other.cells[row].value
        if mine and theirs and (factor := ratio(mine, theirs, KINDS[row])) < 1:
            yield other, factor, theirs


def _targets(results: Results) -> Iterator[str]:
    yield _line(("figure", "wanted", "this run", "where it is missed, what was tried"))
    yield _line(("---",) * 4)
    for cells in target_lines(results):
        yield _line(cells)


def _fixtures(results: Results) -> Iterator[str]:
    yield FIXTURES
    yield _line(("fixture", "ms"))
    yield _line(("---", "---:"))
    for name, cost in results.fixtures.items():
        yield _line((name, f"{cost:.2f}"))
    if results.absent:
        yield f"\nNot installed, and left out: {', '.join(results.absent)}."


def _compared(results: Results) -> Iterator[str]:
    yield COMPARED
    yield _line(("server", "version", "creates and polls", "configuration"))
    yield _line(("---",) * 4)
    for column in results.columns:
        yield _line((column.name, column.version or NOTHING, column.doing, column.configuration))


def _method(results: Results) -> str:
    limit = results.load_limit
    fastest = max((column.cells[row].value or 0.0) for column in results.columns for row in (Row.POLLS, Row.CREATES)) or limit
    margin = (
        f", {limit / fastest:.1f} times the fastest server"
        if limit >= LOAD_MARGIN * fastest
        else (f": only {limit / fastest:.1f} times the fastest server, whose figure the load may have held down")
    )
    text = METHOD.format(
        connections=results.connections,
        limit=f"{limit:,.0f}",
        margin=margin,
        rounds=results.rounds,
        seconds=results.round_seconds,
        starts=results.starts,
        tests=results.tests,
        stored=f"{results.stored_runs:,}",
    )
    machine = "".join(f"- {name}: {told}\n" for name, told in results.machine.items())
    return f"{text}\n{results.date}, in {results.took_seconds / 60:.0f} minutes:\n\n{machine}"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"

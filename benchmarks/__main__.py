"""`python -m benchmarks`: measures everything and prints the table."""

import argparse
import sys
from pathlib import Path
from time import perf_counter

import uvloop

from benchmarks import callbacks, growth, keeping, latency, simulation, startup, tenants, throughput
from benchmarks.effort import FULL, QUICK, Effort
from benchmarks.machine import cores, note, pin
from benchmarks.table import Figure, as_json, render

EXPLANATION = """\
ours: runflow-mock serve --port 0 --json --log-level warning, with a balance that does not run out
      (clock real, speed 10; all routes, keys, validation, ledger, journal and history at work)
bare: Starlette on the same settings of uvicorn, one route for each method, answers of the same size, nothing behind them"""


def main() -> int:
    """Measures, prints, and returns 0: a missed target is told, not punished."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the fake, and print the table of ratios.")
    parser.add_argument("--quick", action="store_true", help="a short run with smaller numbers, under a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write note and figures to a file as well")
    arguments = parser.parse_args()
    effort, started = QUICK if arguments.quick else FULL, perf_counter()
    told = note()
    pin(0, cores()[1])
    figures = uvloop.run(measure(effort))
    told["rounds"] = f"medians of {effort.rounds} rounds of {effort.round_seconds:g} s, in turns; {effort.connections} connections"
    told["took"] = f"{perf_counter() - started:.0f} s"
    print("\n".join(f"{name + ':':<10} {text}" for name, text in told.items()))
    print(EXPLANATION + "\n\n" + render(figures))
    if arguments.json is not None:
        arguments.json.write_bytes(as_json(told, figures))
    return 0


async def measure(effort: Effort) -> list[Figure]:
    """Returns all figures, telling on stderr what is being measured."""
    figures = []
    for part in (throughput, latency, startup, tenants, growth, keeping, simulation, callbacks):
        print(f"measuring {part.__name__.rpartition('.')[2]} ...", file=sys.stderr)
        figures += await part.measure(effort)
    return figures


if __name__ == "__main__":
    sys.exit(main())

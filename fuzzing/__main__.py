"""`python -m fuzzing`: sends requests that nobody would send, and fails for what must not happen; prints the seed that repeats it."""

import argparse
import asyncio
import sys
import time

from fuzzing import in_process, raw
from fuzzing.findings import SHOWN_MAX, SLOW_SECONDS, Findings


def main() -> int:
    """Runs a round and tells what was found."""
    parser = argparse.ArgumentParser(prog="python -m fuzzing", description=__doc__)
    parser.add_argument("--requests", type=int, default=30_000, help="how many in process")
    parser.add_argument("--raw", type=int, default=3_000, help="how many on sockets")
    parser.add_argument("--seconds", type=float, default=120.0, help="how long at most, all together")
    parser.add_argument("--seed", type=int, default=None, help="repeats a round; left out, a new one")
    given = parser.parse_args()
    seed = int(time.time()) if given.seed is None else given.seed
    print(f"seed {seed}: python -m fuzzing --seed {seed} --requests {given.requests} --raw {given.raw}", flush=True)
    found = [
        told("in process", asyncio.run(in_process.fuzz(seed, given.requests, given.seconds * 0.7))),
        told("on sockets", raw.fuzz(seed, given.raw, given.seconds * 0.3)),
    ]
    return 1 if any(found) else 0


def told(where: str, findings: Findings) -> bool:
    """Prints what was found, and tells whether something is wrong."""
    total, operations = sum(findings.statuses.values()), len(findings.operations)
    statuses = ", ".join(f"{status}: {count}" for status, count in sorted(findings.statuses.items()))
    print(f"{where}: {total} answers of {operations} operations ({statuses}); {len(findings.slow)} above {SLOW_SECONDS * 1000:.0f} ms")
    for text in sorted(findings.slow, reverse=True)[:3]:
        print(f"  slow: {text[:300]}")
    for text in findings.wrong[:SHOWN_MAX]:
        print(f"  WRONG: {text}")
    if len(findings.wrong) > SHOWN_MAX:
        print(f"  ... and {len(findings.wrong) - SHOWN_MAX} more")
    return bool(findings.wrong)


sys.exit(main())

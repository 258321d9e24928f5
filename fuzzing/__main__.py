"""`python -m fuzzing`: sends requests that nobody would send, and fails for what must not happen; prints the seed that repeats it."""

import argparse
import asyncio
import sys
import time

from fuzzing import in_process, raw
from fuzzing.progress import telling

IN_PROCESS_SHARE = 0.75


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
    began = time.monotonic()
    with telling("in process", given.seconds * IN_PROCESS_SHARE) as in_process_round:
        asyncio.run(in_process.fuzz(seed, given.requests, in_process_round))
    with telling("on sockets", given.seconds - (time.monotonic() - began)) as on_sockets:
        raw.fuzz(seed, given.raw, on_sockets)
    return 1 if in_process_round.findings.wrong or on_sockets.findings.wrong else 0


sys.exit(main())

"""What a call costs: how it grows when its input grows to four times its size, and how many lines it runs."""

import gc
import sys
from collections.abc import Callable
from time import thread_time
from types import FrameType
from typing import Any

ATTEMPTS_MAX = 6
# Four times the input is four times the work where the work is linear, and sixteen times where every part looks at every other.
GROWTH_MAX = 9.0
SECONDS_MIN = 0.002


def growth(work: Callable[[int], Callable[[], object]], size: int) -> float:
    """Returns by how much the time of this thread grows from a size to four times the size.

    `work` prepares an input of a size and returns what is to be measured. The smallest of some attempts counts: whatever else the machine
    does makes a measurement longer, never shorter. What takes no time worth mentioning has not grown.
    """
    found = float("inf")
    for _ in range(ATTEMPTS_MAX):
        small, large = _seconds(work(size)), _seconds(work(4 * size))
        found = min(found, 1.0 if large < SECONDS_MIN else large / max(small, SECONDS_MIN / 16))
        if found < GROWTH_MAX:
            break
    return found


def lines_run(call: Callable[[], object]) -> int:
    """Returns how many lines of Python a call runs: a figure that no busy machine changes. What runs in libraries of C is not seen."""
    count, earlier, collects = 0, sys.gettrace(), gc.isenabled()

    def step(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return step

    # Whoever listens to the collector, as Hypothesis does, runs lines of Python that are none of the call's.
    gc.disable()
    sys.settrace(step)
    try:
        call()
    finally:
        sys.settrace(earlier)
        if collects:
            gc.enable()
    return count


def _seconds(call: Callable[[], object]) -> float:
    started = thread_time()
    call()
    return thread_time() - started

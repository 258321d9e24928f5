"""How long the event loop is held: while one request is worked on, all others wait.

Whoever does work in one piece says when it is done, and how long it took; what holds the loop without saying so is seen by a pulse that
comes late. The longest hold is kept, and one that clients notice is told, with what was under way.
"""

from asyncio import sleep
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any, Generic, TypeVar, cast

HELD_SECONDS_TOLD = 0.25
PULSE_SECONDS = 0.1

ResultT = TypeVar("ResultT")
Timer = Callable[[], float]


class LoopWatch:
    """The longest hold so far, and what is told of long ones."""

    def __init__(self, timer: Timer, tell: Callable[[str], None]) -> None:
        self.longest_seconds = 0.0
        self._timer = timer
        self._tell = tell
        self._known = 0.0

    def note(self, name: str, seconds: float) -> None:
        """Takes note of a piece of work that was done without a pause."""
        self.longest_seconds = max(self.longest_seconds, seconds)
        if seconds >= HELD_SECONDS_TOLD:
            self._known += seconds
            self._tell(f"the event loop was held for {seconds * 1000:.0f} ms by {name}; everybody else has waited")

    async def pulse(self) -> None:
        """Looks, until it is cancelled, whether the loop comes back to it in time."""
        while True:
            started, self._known = self._timer(), 0.0
            await sleep(PULSE_SECONDS)
            self.look(self._timer() - started - PULSE_SECONDS)

    def look(self, late_seconds: float) -> None:
        """Takes note of how late the pulse was, apart from what was told already."""
        unknown = late_seconds - self._known
        self.longest_seconds = max(self.longest_seconds, unknown)
        if unknown >= HELD_SECONDS_TOLD:
            self._tell(f"the event loop was held for {unknown * 1000:.0f} ms by something that is no request, or by a busy machine")

    def timed(self, name: str, work: Coroutine[Any, Any, ResultT]) -> "Timed[ResultT]":
        """Returns the same work, of which every step is noted under a name."""
        return Timed(self, self._timer, name, work)


class Timed(Generic[ResultT]):
    """Work of several steps, each of which is noted."""

    def __init__(self, watch: LoopWatch, timer: Timer, name: str, work: Coroutine[Any, Any, ResultT]) -> None:
        self._watch = watch
        self._timer = timer
        self._name = name
        self._work = work

    def __await__(self) -> Generator[Any, Any, ResultT]:
        """Does the work, step by step."""
        steps = self._work.__await__()
        step: Callable[[], Any] = partial(next, steps)
        while True:
            started = self._timer()
            try:
                awaited = step()
            except StopIteration as end:
                return cast(ResultT, end.value)
            finally:
                self._watch.note(self._name, self._timer() - started)
            try:
                value = yield awaited
                step = partial(steps.send, value)
            except BaseException as error:
                step = partial(steps.throw, error)

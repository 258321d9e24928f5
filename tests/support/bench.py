"""The bench for clients: `clients/builds.py` in a world of its own, where waiting costs no time and every run is the same."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from datetime import datetime
from functools import partial
from importlib import import_module
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from runflow_mock.domain.verdicts import UNCLEAR_PAUSES
from runflow_mock.kit.matrix.cells import select
from runflow_mock.kit.matrix.clients import AGAIN_SECONDS, Ended, longest_seconds
from runflow_mock.kit.matrix.given_secrets import given_secrets
from runflow_mock.kit.matrix.judging import judge_trials
from runflow_mock.kit.matrix.running import run_matrix
from runflow_mock.kit.matrix.trials import MatrixJob
from runflow_mock.kit.matrix.votes import LATE, TOO_LONG, VARIES
from runflow_mock.kit.sheets.records import Sheet
from runflow_mock.runtime.config import Config
from runflow_mock.testing.control import Control
from runflow_mock.testing.in_process import BASE_URL, InProcess

SECRET = "rf_whsec_of_the_bench"
SECONDS_MAX = 80.0
STEP_SECONDS = 0.25
# Why nothing is said of pauses that came up: on a real machine a client that is right, or wrong, may find itself there.
OPEN = (LATE, VARIES, TOO_LONG, UNCLEAR_PAUSES)
_PLACES = count()
BUILDS_FILE = Path(__file__).parents[1] / "clients" / "builds.py"

sys.path.insert(0, str(BUILDS_FILE.parent))
builds: Any = import_module("builds")


class Time:
    """Seconds that only pass when somebody waits."""

    def __init__(self) -> None:
        self.seconds = 1_790_000_000.0

    def __call__(self) -> float:
        return self.seconds

    async def wait(self, seconds: float) -> None:
        """Lets them pass."""
        self.seconds += seconds


class Stopped(BaseException):
    """The client has been at work for too long."""


class VirtualWorld:
    """What a client of the bench finds around it: the fake in process, and time that is moved by waiting."""

    def __init__(self, app: InProcess, time: Time, env: Mapping[str, str], move: Callable[[], None], may_go_on: Callable[[], bool]) -> None:
        self.env = env
        self._app, self._time, self._move, self._may_go_on = app, time, move, may_go_on
        self._control = Control(BASE_URL, env["RUNFLOW_API_KEY"], app)
        # No cell sets another pace than the one that its tenant was made with.
        self._passes = self._control.clock().rate > 0
        self._until, self._at_last = time.seconds + SECONDS_MAX, time.seconds + longest_seconds(SECONDS_MAX)

    def send(self, method: str, target: str, headers: dict[str, str], body: bytes | None) -> Any:
        """One request; what is no whole answer is a `ConnectionError`."""
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        answered = self._app.call(method, target, raw, body or b"")
        if answered.error is not None or not answered.messages:
            is_cut = any(message.get("body") for message in answered.messages)
            raise ConnectionError("the answer is cut off" if is_cut else str(answered.error))
        head, *rest = answered.messages
        content = b"".join(message.get("body", b"") for message in rest)
        named = {name.decode().lower(): value.decode() for name, value in head["headers"]}
        if len(content) < int(named.get("content-length", len(content))):
            raise ConnectionError("the answer is cut off")
        return builds.Reply(head["status"], named, content)

    def sleep(self, seconds: float) -> None:
        """Lets time pass, and everything happen that is due then."""
        while seconds > 0:
            step = min(seconds, STEP_SECONDS)
            seconds -= step
            self._time.seconds += step
            self._move()
            if self._passes:
                self._control.advance(0)
            if self._time.seconds > self._until:
                if self._time.seconds > self._at_last or not self._may_go_on():
                    raise Stopped
                self._until = self._time.seconds + AGAIN_SECONDS

    def now(self) -> float:
        """The time."""
        return self._time.seconds

    def ahead(self) -> float:
        """How many seconds the clock on the wall is ahead of UTC."""
        zone = self.env.get("TZ")
        offset = None if zone is None else datetime.fromtimestamp(self._time.seconds, ZoneInfo(zone)).utcoffset()
        return 0.0 if offset is None else offset.total_seconds()

    def listen(self, take: Callable[[dict[str, str], bytes], int]) -> str:
        """Takes callbacks from now on, at the address that is returned."""

        async def app(scope: Any, receive: Any, send: Any) -> None:
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            status = take(headers, (await receive())["body"])
            await send({"type": "http.response.start", "status": status, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        # In a place of its own each time, as a process has a port.
        place = f"https://client-{next(_PLACES)}.example.com"
        self._app.unmount()
        self._app.mount(place, app)
        return f"{place}/callbacks"


class VirtualRunner:
    """Runs a client of the bench in this thread."""

    def __init__(self, app: InProcess, time: Time, build: Any, late_seconds: float = 0.0) -> None:
        self._app, self._time, self._build, self._late_seconds = app, time, build, late_seconds

    def run(self, env: Mapping[str, str], move: Callable[[], None], may_go_on: Callable[[], bool]) -> Ended:
        """Runs it with these variables."""
        told = StringIO()
        try:
            with redirect_stdout(told):
                code = builds.Client(VirtualWorld(self._app, self._time, env, move, may_go_on), self._build).main()
        except Stopped:
            return Ended(None, told.getvalue(), self._late_seconds)
        return Ended(code, told.getvalue(), self._late_seconds)

    def stop(self) -> None:
        """Does nothing: the client ends with this thread."""


@contextmanager
def fake(dialect: str) -> Iterator[tuple[InProcess, Time]]:
    """A fake in process with a time of its own."""
    time = Time()
    app = InProcess(Config(speed=1.0, dialect=dialect), seconds=time, sleep=time.wait)
    try:
        yield app, time
    finally:
        app.stop()


def verify_build(
    build: Any, *, is_full: bool = True, dialect: str = "seed", only: tuple[str, ...] = (), late_seconds: float = 0.0
) -> Sheet:
    """The sheet of a client of the bench, on a machine that wakes whoever sleeps so late."""
    cells = select(is_full=is_full, only=only)
    with fake(dialect) as (app, time):
        runner = VirtualRunner(app, time, build, late_seconds)
        job = MatrixJob(
            client=runner,
            url=BASE_URL,
            env={},
            callback_secret=SECRET,
            exchanger=app,
            seconds_max=SECONDS_MAX,
            now=time,
            given_secrets=partial(given_secrets, app.runtime),
        )
        trials = run_matrix(cells, job, {}, lambda trial: None, jobs=1)
    return judge_trials(cells, trials, {})

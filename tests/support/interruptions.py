"""One client's story, told to a server that is killed amid it and comes back each time, and told again to one that lives.

What both went through is equal byte for byte where no outside clock has a part in it: time stands but for what the client moves, attempts
carry the world's time (`--client-time virtual`), and a request whose answer was lost is asked again in both. Run as a program it kills as
often as it is told: `python tests/support/interruptions.py 100 SEED`.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import urllib3
from commands import Sandbox, sandbox

from runflow_mock.testing import CallbackReceiver

# The same address in every life of a server, wherever it really listens: it stands in the history.
HEADERS = {"Authorization": "Bearer rf_live_mock_told", "Host": "localhost:8787", "Content-Type": "application/json"}
MODEL = "/v1/models/runflow/background-removal"
INPUT = {"image_url": "https://cdn.example.com/a.png"}
START = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
STEP = timedelta(minutes=7)
NOBODY = "http://127.0.0.1:1/nobody"
REQUESTS_IN_LIFE = 12
TIME = ("--clock", "manual", "--client-time", "virtual", "--start", "2026-01-01T00:00:00Z")


class Asked(NamedTuple):
    """One request: what it asks for, as often as it is asked, or the instant to which it moves the clock."""

    number: int
    path: str
    body: dict[str, object]
    to: datetime | None = None


class Ended(NamedTuple):
    """What a server has in the end, and which callbacks have left it, by delivery id and attempt number."""

    history: bytes
    runs: bytes
    callbacks: dict[str, set[bytes]]


class Told(NamedTuple):
    """The end of the server that was killed, that of the one that was not, and in how many lives an answer was lost."""

    killed: Ended
    unkilled: Ended
    lost: int


def story(number: int, receiver: str) -> Asked:
    """Returns one request of the story: runs and batches, callbacks that arrive and such that never do, and time that moves."""
    match number % 4:
        case 0:
            return Asked(number, f"{MODEL}/batches", {"input": [INPUT, INPUT], "callback_url": receiver})
        case 1 | 2 as kind:
            ref = {"input": INPUT, "client_ref": f"told-{number}"}
            return Asked(number, f"{MODEL}/runs", {**ref, "callback_url": receiver if kind == 1 else NOBODY})
        case _:
            return Asked(number, "/_mock/clock/advance", {}, START + number * STEP)


def tell(kills: int, folder: Path, seed: str = "0") -> Told:
    """Tells the story to a server that is killed so many times, each time amid a request or right after it, and to another that is not."""
    with CallbackReceiver() as receiver:
        asked, lost = _told_to_killed(kills, folder, seed, receiver.url)
        with _life(folder) as life:
            killed = life.ended(receiver)
        receiver.received.clear()
        with _life(folder.with_name("unkilled")) as life:
            for each in asked:
                life.ask(each)
            return Told(killed, life.ended(receiver), lost)


def _told_to_killed(kills: int, folder: Path, seed: str, receiver: str) -> tuple[list[Asked], int]:
    """Returns the requests that the server has taken, in their order, and how many answers were lost."""
    asked: list[Asked] = []
    lost, number = 0, 0
    unanswered: Asked | None = None
    for kill in range(kills):
        drawn = sha256(f"{seed}:{kill}".encode()).digest()
        with _life(folder) as life:
            if unanswered is not None:
                asked += life.taken(unanswered, sum(each.to is None for each in asked))
                number, unanswered = unanswered.number, None
            last = number + drawn[0] % REQUESTS_IN_LIFE
            while number < last:
                asked.append(story(number, receiver))
                life.ask(asked[-1])
                number += 1
            each = story(number, receiver)
            if life.ask_and_kill(each, None if drawn[2] % 3 == 0 else drawn[1] / 255 * 0.006):
                asked.append(each)
                number += 1
            else:
                unanswered, lost = each, lost + 1
    if unanswered is not None:
        with _life(folder) as life:
            asked += life.taken(unanswered, sum(each.to is None for each in asked))
            life.ask(unanswered)
        asked.append(unanswered)
    return asked, lost


class _Life:
    """A server from its start to its end, and the client's connection to it."""

    def __init__(self, running: Sandbox) -> None:
        self._running = running
        self._pool = urllib3.PoolManager(retries=False, timeout=30, headers=HEADERS)

    def ask(self, asked: Asked) -> None:
        """Sends a request and takes its answer.

        Raises:
            urllib3.exceptions.HTTPError: the server ended before it had answered.
        """
        body, headers = asked.body, {**HEADERS, "Idempotency-Key": f"told-{asked.number}"}
        if asked.to is not None:
            now = datetime.fromisoformat(json.loads(self.read("/_mock/clock"))["now"])
            # Where a life before was killed while time moved, only the rest is left.
            body, headers = {"by": f"{max(0.0, (asked.to - now).total_seconds())}s"}, HEADERS
        answer = self._pool.request("POST", self._running.url + asked.path, headers=headers, body=json.dumps(body))
        assert answer.status in (200, 201, 202), (asked, answer.status, answer.data[:300])

    def ask_and_kill(self, asked: Asked, seconds: float | None) -> bool:
        """Sends a request, kills the server so much later, or as soon as there is an answer, and tells whether there was one."""
        kill = partial(os.kill, self._running.process.pid, signal.SIGKILL)
        killing = threading.Timer(seconds or 0.0, kill)
        if seconds is not None:
            killing.start()
        try:
            self.ask(asked)
        except urllib3.exceptions.HTTPError:
            return False
        else:
            return True
        finally:
            if seconds is None:
                killing.start()
            killing.join()
            assert self._running.process.wait(timeout=20) == -signal.SIGKILL

    def taken(self, asked: Asked, changes: int) -> Sequence[Asked]:
        """Returns a request whose answer was lost if the server has taken it: then it has counted one change more."""
        counted = json.loads(self.read("/_mock/snapshot"))["changes"]
        assert counted - changes in (0, 1), (counted, changes)
        return [asked] * (counted - changes)

    def read(self, path: str) -> bytes:
        """Returns the body of an answer."""
        answer = self._pool.request("GET", self._running.url + path)
        assert answer.status == 200, (path, answer.status, answer.data[:300])
        return answer.data

    def ended(self, receiver: CallbackReceiver) -> Ended:
        """Lets whatever is due happen, and looks."""
        answer = self._pool.request("POST", f"{self._running.url}/_mock/clock/run-until-idle", body="{}")
        assert answer.status == 200, answer.data[:300]
        callbacks: dict[str, set[bytes]] = {}
        for each in receiver.deliveries:
            callbacks.setdefault(str(each.request_id), set()).add(each.body)
        return Ended(self.read("/_mock/history"), self.read("/v1/runs?limit=100"), callbacks)


@contextmanager
def _life(folder: Path) -> Iterator[_Life]:
    with sandbox("--keep", str(folder), *TIME, "--balance", "100000", "--log-level", "warning") as running:
        yield _Life(running)


if __name__ == "__main__":
    with TemporaryDirectory() as place:
        found = tell(int(sys.argv[1]), Path(place) / "kept", *sys.argv[2:3])
    entries: list[Any] = json.loads(found.killed.history)["entries"]
    is_equal = found.killed == found.unkilled
    sys.stdout.write(
        f"{sys.argv[1]} kills, {found.lost} answers lost, {len(entries)} entries, {len(found.killed.callbacks)} attempts arrived: "
        f"{'equal byte for byte' if is_equal else 'DIFFERENT'}\n"
    )
    sys.exit(not is_equal)
